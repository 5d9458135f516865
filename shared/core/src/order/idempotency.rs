//! Idempotency as a rule of the order: the order itself is the record of every key that was used on
//! it.
//!
//! Without a key, an equal request after one that did nothing is another attempt of the same
//! operation, so retries during an outage do not fill the order. A payment that a person voided at
//! the gateway is not repeated under its key: it was done, and undone on purpose.

use jiff::Timestamp;
use uuid::Uuid;

use super::{Context, Intent, OperationRef, Order, Rejection, STILL_RUNNING};
use crate::order::{Cause, KeyDigest, Operation, Retry, Stage, Transaction, TransactionStatus};

/// The result of an earlier request with the same key.
pub(super) enum Prior {
    Replayed(OperationRef),
    DidNothing(OperationRef),
}

/// The operation that an intent's key began, if the response to the intent is a replay.
pub fn repeated(order: &Order, intent: &Intent, now: Timestamp) -> Result<Option<OperationRef>, Rejection> {
    let Some(key) = &intent.key else { return Ok(None) };
    Ok(match prior_of_key(order, key, intent, now)? {
        Some(Prior::Replayed(at)) => Some(at),
        Some(Prior::DidNothing(_)) | None => None,
    })
}

pub(super) fn prior_of_key(
    order: &Order,
    key: &KeyDigest,
    intent: &Intent,
    now: Timestamp,
) -> Result<Option<Prior>, Rejection> {
    let Some((transaction, operation)) =
        order.operations().find(|(t, operation)| intent.may_know(t) && operation.key.as_ref() == Some(key))
    else {
        return Ok(None);
    };
    if operation.fingerprint != intent.fingerprint {
        return Err(Rejection::KeyReused(transaction.id));
    }
    let at = OperationRef { transaction: transaction.id, operation: operation.id };
    let latest = transaction.latest_of(operation);
    // Only a newer version knows the operation's result.
    if !transaction.is_recognized() {
        return Err(Rejection::NewerVersion);
    }
    match latest.stage() {
        Stage::Pending if now.duration_since(latest.attempt.at) < STILL_RUNNING => {
            Err(Rejection::KeyInProgress(transaction.id))
        }
        Stage::NoEffect if may_be_retried(latest) => Ok(Some(Prior::DidNothing(at))),
        Stage::Pending
        | Stage::Approved
        | Stage::Declined
        | Stage::NoEffect
        | Stage::WaitsForDispute
        | Stage::Unrecognized => Ok(Some(Prior::Replayed(at))),
    }
}

/// Whether the order is as the intent's sender has seen it. A repetition of an earlier request by
/// its key saw the order before that request: its own attempts have changed the order since, and
/// nothing else may have.
pub(super) fn must_be_as_seen(
    order: &Order,
    intent: &Intent,
    again: Option<OperationRef>,
) -> Result<(), Rejection> {
    if again.is_some_and(|at| is_changed_only_by(order, at)) {
        return Ok(());
    }
    order.must_have_version(intent.seen_version)
}

impl Order {
    /// Whether it has the version that a request's sender has seen, if the request states one.
    pub fn must_have_version(&self, seen: Option<u64>) -> Result<(), Rejection> {
        match seen.filter(|seen| *seen != self.version) {
            Some(_) => Err(Rejection::VersionDiffers(self.version)),
            None => Ok(()),
        }
    }
}

/// Whether only this operation and its follow-ups changed the order since it was requested.
fn is_changed_only_by(order: &Order, at: OperationRef) -> bool {
    let Some(own) = order.operation(at) else { return false };
    let is_own = |operation: &&Operation| operation.id == own.id || operation.follows == Some(own.id);
    let (own_ones, others): (Vec<_>, Vec<_>) =
        order.operations().map(|(_, operation)| operation).partition(is_own);
    let last = own_ones.iter().map(|operation| operation.updated_at).max();
    Some(order.updated_at) <= last && others.iter().all(|other| other.updated_at < own.created_at)
}

/// An equal request without a key that is known to have done nothing: it gets another attempt, not
/// a new record.
pub(super) fn did_nothing_without_key(
    order: &Order,
    intent: &Intent,
    transaction: Option<Uuid>,
) -> Option<OperationRef> {
    if intent.key.is_some() {
        return None;
    }
    let (found, operation) = order.operations().rev().find(|(t, o)| {
        transaction.is_none_or(|id| t.id == id)
            && intent.may_know(t)
            && o.key.is_none()
            && o.cause == Cause::Requested
            && o.fingerprint == intent.fingerprint
            && may_be_retried(t.latest_of(o))
    })?;
    Some(OperationRef { transaction: found.id, operation: operation.id })
}

pub(super) fn no_equal_payment_in_progress(order: &Order, intent: &Intent) -> Result<(), Rejection> {
    let equal = |t: &&Transaction| {
        t.status() == TransactionStatus::Pending
            && intent.may_know(t)
            && t.first().is_some_and(|first| first.fingerprint == intent.fingerprint)
    };
    let found = order.transactions.iter().find(equal);
    found.map_or(Ok(()), |transaction| Err(Rejection::PaymentInProgress(transaction.id)))
}

pub(super) fn no_equal_approved(
    order: &Order,
    intent: &Intent,
    transaction: Option<Uuid>,
    context: &Context<'_>,
) -> Result<(), Rejection> {
    let equal = order.operations().rev().find(|(t, o)| {
        transaction.is_none_or(|id| t.id == id)
            && intent.may_know(t)
            && o.follows.is_none()
            && o.fingerprint == intent.fingerprint
            && o.is(Stage::Approved)
            && !t.must_not_stand()
            && context.now.duration_since(o.updated_at) < context.policy.duplicate_window
    });
    equal.map_or(Ok(()), |(transaction, _)| Err(Rejection::PossibleDuplicate(transaction.id)))
}

/// A late repetition may request a payment that was canceled a moment ago.
pub(super) fn no_equal_cancelled(
    order: &Order,
    intent: &Intent,
    context: &Context<'_>,
) -> Result<(), Rejection> {
    let is_recent = |at: Timestamp| context.now.duration_since(at) < context.policy.duplicate_window;
    let equal = |t: &&Transaction| {
        t.first().is_some_and(|first| first.fingerprint == intent.fingerprint)
            && t.cancelled_at().is_some_and(is_recent)
    };
    let found = order.transactions.iter().rev().find(equal);
    found.map_or(Ok(()), |transaction| Err(Rejection::PossibleDuplicate(transaction.id)))
}

/// Whether an operation is known to have had no effect, and may get another attempt.
fn may_be_retried(operation: &Operation) -> bool {
    operation.no_effect().is_some_and(|reason| reason.retry() != Retry::Never)
}

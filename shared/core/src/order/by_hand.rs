//! A person's decisions about operations that the gateway has no word for, and their effects.
//!
//! The decision is stored with the operation, with who made it and why; the state follows from it
//! through the same function as from the gateway's word.

use jiff::{SignedDuration, Timestamp};

use super::{Context, NextStep, OperationRef, Order, apply};
use crate::{
    order::{ByHand, HandVerdict, Kind, NoEffect, Operation, Outcome, Stage, Transaction},
    values::{Charged, TextUse, check_kept},
};

/// Before this, the gateway decides: four inquiries about a lost operation were made by then, and
/// an operation without a trace was given up long since.
pub const BY_HAND_AFTER: SignedDuration = SignedDuration::from_hours(1);

/// Decisions by hand that one order keeps, over all its operations: they are rare, and an order is
/// one item of limited size.
pub const BY_HAND_MAX: usize = 5;

/// Longest reference that is taken from a person. No gateway here has longer ones.
const REFERENCE_MAX_CHARS: usize = 14;

/// Why a person may not decide so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HandRejection {
    /// The order has no such transaction.
    #[error("the order has no such transaction")]
    TransactionNotFound,
    /// Nothing of the transaction is in doubt.
    #[error("nothing of the transaction is in doubt")]
    NothingInDoubt,
    /// An inquiry may still find the outcome. From this moment on it can be decided.
    #[error("it was sent less than an hour ago: inquiries are made until {0}")]
    TooEarly(Timestamp),
    /// Money is held or taken that was never requested.
    #[error("this money must not be kept: void or refund the payment at the gateway, then it is done")]
    MustBeGivenBack,
    /// Later operations need the gateway's reference.
    #[error("the gateway's reference is needed: later captures, refunds and voids name it")]
    ReferenceNeeded,
    /// A capture and a void have no reference of their own.
    #[error("a capture or a void has no reference of its own")]
    ReferenceNotTaken,
    /// It cannot be a reference of the gateway.
    #[error("a gateway's reference has 1 to 14 letters and digits")]
    ReferenceMalformed,
    /// Another operation of the order has this reference.
    #[error("the reference is another operation's of this order")]
    ReferenceInUse,
    /// The order keeps no more decisions.
    #[error("the order keeps {BY_HAND_MAX} decisions by hand, and has them")]
    TooMany,
}

/// Applies a person's decision to the operation of a transaction that is in doubt. Pure.
///
/// `reference` is the gateway's reference of the operation. A payment needs it, because everything
/// that follows names it, and so does a refund after which more can be refunded: a later refund's
/// look-up has to tell the two apart.
pub fn decide_by_hand(
    order: &mut Order,
    at: OperationRef,
    decision: &ByHand,
    reference: Option<&str>,
    context: &Context<'_>,
) -> Result<NextStep, HandRejection> {
    let transaction = order.transaction(at.transaction).ok_or(HandRejection::TransactionNotFound)?;
    let operation = transaction.to_decide_by_hand().filter(|operation| operation.id == at.operation);
    let operation = operation.ok_or(HandRejection::NothingInDoubt)?;
    let (until, waits) = (operation.attempt.at + BY_HAND_AFTER, operation.is(Stage::WaitsForDispute));
    if decision.at < until && !waits {
        return Err(HandRejection::TooEarly(until));
    }
    if order.operations().map(|(_, operation)| operation.by_hand.len()).sum::<usize>() >= BY_HAND_MAX {
        return Err(HandRejection::TooMany);
    }
    let mut response = operation.response().cloned().unwrap_or_default();
    let outcome = match decision.verdict {
        // No report says that a case is lost.
        HandVerdict::NotDone if waits => None,
        HandVerdict::Done => {
            may_be_done(order, transaction, operation, reference)?;
            response.reference = reference.map(str::to_owned).or(response.reference);
            let fee = transaction.fee_share(operation, context.policy).and_then(|share| share.fee());
            response.charged = Some(Charged { amount: operation.amount, fee });
            Some(Outcome::Approved(response))
        }
        HandVerdict::NotDone if operation.cause.must_succeed() => return Err(HandRejection::MustBeGivenBack),
        // A new decision is one that this version knows.
        HandVerdict::NotDone | HandVerdict::Unrecognized => {
            Some(Outcome::NoEffect(NoEffect::NeverArrived, response))
        }
    };
    let next = outcome.as_ref().map_or(NextStep::Respond, |outcome| apply(order, at, outcome, context));
    if let Some(operation) = order.operation_mut(at) {
        if outcome.is_none() {
            operation.end_by_person(context.now);
        }
        operation.by_hand.push(decision.clone());
    }
    Ok(next)
}

impl Transaction {
    /// The operation that a person may decide: the one in doubt, or else one that a dispute holds
    /// back.
    pub fn to_decide_by_hand(&self) -> Option<&Operation> {
        self.pending().or_else(|| self.operations.iter().find(|one| one.is(Stage::WaitsForDispute)))
    }
}

fn may_be_done(
    order: &Order,
    transaction: &Transaction,
    operation: &Operation,
    reference: Option<&str>,
) -> Result<(), HandRejection> {
    let needed = match operation.kind {
        Kind::Authorize | Kind::Purchase => true,
        Kind::Refund => !operation.cause.must_succeed() && transaction.refundable() > operation.amount,
        Kind::Capture | Kind::Void => {
            return if reference.is_some() { Err(HandRejection::ReferenceNotTaken) } else { Ok(()) };
        }
        Kind::Unrecognized => return Err(HandRejection::NothingInDoubt),
    };
    let Some(reference) = reference else {
        return if needed { Err(HandRejection::ReferenceNeeded) } else { Ok(()) };
    };
    let fits = (1..=REFERENCE_MAX_CHARS).contains(&reference.len())
        && reference.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && check_kept(reference, TextUse::Reference).is_ok();
    if !fits {
        return Err(HandRejection::ReferenceMalformed);
    }
    let taken = |other: &Operation| {
        let named = [other.reference.as_deref(), other.reference()];
        other.id != operation.id && named.contains(&Some(reference))
    };
    if order.operations().any(|(_, other)| taken(other)) {
        return Err(HandRejection::ReferenceInUse);
    }
    Ok(())
}

#[cfg(test)]
mod tests;

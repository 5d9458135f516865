//! The effect of a gateway's outcome on an order: the other half of [`decide`](super::decide).
//!
//! A void that must follow stays pending until it is confirmed, because a rejected partial approval
//! still holds the shopper's money. If settlement comes first, a refund replaces it. Unlike a void,
//! which returns only money that is not taken yet, each sending of that refund is held back while a
//! chargeback of the order is open.
//!
//! A void that replaces an early refund belongs to the person who requested the refund. A void that
//! a rule requires belongs to no person.

use jiff::Timestamp;
use uuid::Uuid;

use super::{Context, OperationRef, Order, waits::LAST_LOOK_AFTER};
use crate::order::{
    Cause, Decision, Doubt, Finding, GatewayResponse, Kind, Mechanism, NoEffect, Operation, Outcome,
    PaymentKind, Policy, Stage, Transaction,
};
use crate::values::RetryClass;

/// The step that is left after an outcome was applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NextStep {
    /// Nothing: save and respond.
    Respond,
    /// The order now holds a pending void that follows from the outcome: save both, then send it.
    Send(OperationRef),
}

/// Applies an outcome to the operation it belongs to. Pure, and harmless when it was applied
/// before.
pub fn apply(order: &mut Order, at: OperationRef, outcome: &Outcome, context: &Context<'_>) -> NextStep {
    let now = context.now;
    let moved = outcome.is_approval();
    let is_anothers = moved && order.takes_anothers_reference(at, outcome.response());
    let anothers = Outcome::Unknown(Doubt::AnotherOperation, GatewayResponse::default());
    let outcome = if is_anothers { &anothers } else { outcome };
    let is_closed = order.is_closed_to(at);
    let Some(transaction) = order.transaction_mut(at.transaction) else { return NextStep::Respond };
    let Some(operation) = transaction.operation_mut(at.operation) else { return NextStep::Respond };
    match operation.stage() {
        Stage::Pending => settle(operation, outcome, context),
        // The late response to an attempt that was given up.
        Stage::WaitsForDispute if moved => settle(operation, outcome, context),
        Stage::Approved | Stage::Declined | Stage::NoEffect | Stage::WaitsForDispute => {
            return NextStep::Respond;
        }
        // Only a newer version can tell the outcome's meaning for this operation. The outcome must
        // not be lost until then.
        Stage::Unrecognized => {
            if let Some(decision) = Decision::from_outcome(outcome) {
                operation.keep_unapplied(decision, now);
            }
            return NextStep::Respond;
        }
    }
    // An operation that may still turn out to be done is looked for once more.
    if operation.decision().is_some_and(Decision::may_surface) {
        operation.last_look_at = Some(now + LAST_LOOK_AFTER);
    }
    let operation = operation.clone();
    transaction.updated_at = now;
    if operation.is(Stage::Approved) {
        learn_from_approval(transaction, &operation, outcome.response(), context);
    }
    learn_from_never(transaction, &operation, outcome.response());
    record_void_elsewhere(transaction, &operation, outcome, context);
    decide_replaced(transaction, &operation, now);
    let is_to_be_refunded = void_came_too_late(&operation, outcome);
    let follow_up = if is_to_be_refunded {
        Some(refund_instead(transaction, &operation, context))
    } else {
        let cause = follow_up_cause(transaction, &operation, outcome, context.policy);
        let cause = if is_closed && operation.is(Stage::Approved) { Some(Cause::OrderClosed) } else { cause };
        cause.map(|cause| add_void(transaction, &operation, cause, context))
    };
    order.updated_at = now;
    if operation.response().is_some_and(|response| response.scheme.is_some()) {
        order.keep_scheme_texts_of(at.transaction);
    }
    order.notify_of_ending(at, now);
    let Some(follow_up) = follow_up else { return NextStep::Respond };
    let follow_up = OperationRef { transaction: at.transaction, operation: follow_up };
    if is_to_be_refunded { send_owed(order, follow_up, None, context) } else { NextStep::Send(follow_up) }
}

/// Begins the next attempt of a void or refund that a rule owes. The only place that does: a refund
/// is held back here while a chargeback of any charge of the order is open, because the bank gave
/// that money back, and a person decides which charge the cardholder meant. `refused` is the
/// decision about its last attempt.
pub(super) fn send_owed(
    order: &mut Order,
    at: OperationRef,
    refused: Option<Decision>,
    context: &Context<'_>,
) -> NextStep {
    let has_open_dispute = order.may_have_open_dispute();
    let Some(operation) = order.operation_mut(at) else { return NextStep::Respond };
    if operation.kind == Kind::Refund && has_open_dispute {
        operation.wait_for_dispute(refused, context.now);
        return NextStep::Respond;
    }
    let is_first = operation.attempt.number == 0;
    let attempt = if is_first { operation.id } else { (context.new_id)() };
    operation.attempt_again(attempt, operation.amount, refused, context.now);
    NextStep::Send(at)
}

/// A refund that a person requested in the place of one that a rule owes: if it was refused, and no
/// other is in its place, the rule's waits again. If it turns out to be done after that, the rule's
/// ends after all.
fn decide_replaced(transaction: &mut Transaction, refund: &Operation, now: Timestamp) {
    let replaced = refund.follows.filter(|_| refund.cause == Cause::Requested);
    let is_in_place = |other: &Operation| {
        other.follows == replaced
            && other.cause == Cause::Requested
            && (other.is(Stage::Approved) || other.is(Stage::Pending))
    };
    let is_replaced = transaction.operations.iter().any(is_in_place);
    let Some(owed) = replaced.and_then(|id| transaction.operation_mut(id)) else { return };
    let is_done = refund.is(Stage::Approved);
    if is_done && owed.is(Stage::WaitsForDispute) {
        owed.end_by_person(now);
    } else if !is_replaced && owed.no_effect() == Some(NoEffect::EndedByPerson) {
        owed.wait_for_dispute(None, now);
    }
}

/// A capture that meets a payment which was voided outside Tollgate: the void is recorded, so that
/// balances and status follow from it.
fn record_void_elsewhere(
    transaction: &mut Transaction,
    capture: &Operation,
    outcome: &Outcome,
    context: &Context<'_>,
) {
    let is_voided = matches!(outcome, Outcome::NoEffect(NoEffect::VoidedElsewhere, _));
    if capture.kind != Kind::Capture || !is_voided || transaction.voided().is_some() {
        return;
    }
    let id = (context.new_id)();
    let void = capture.followed_by(id, Kind::Void, transaction.amount(), context.now);
    push(transaction, Operation { cause: Cause::Elsewhere, ..void.through(Mechanism::Manual) });
}

impl Operation {
    /// Whether a refund that a rule owes may be sent after this finding: the first time, because a
    /// void came too late, or once more.
    pub(crate) fn may_lead_to_refund(&self, finding: &Finding) -> bool {
        let is_owed = self.is(Stage::Pending) && self.kind == Kind::Refund && self.cause.must_succeed();
        match finding {
            Finding::Became(outcome) => {
                void_came_too_late(self, outcome) || is_owed && !outcome.is_approval()
            }
            Finding::Absent | Finding::Duplicate(_) | Finding::TimedOut(_) | Finding::TryAgain(_) => is_owed,
            Finding::Several(_) | Finding::Undecided | Finding::UnderReview | Finding::Failed => false,
        }
    }
}

/// Whether a void that has to be done was refused because the payment was settled before: it has to
/// be refunded then.
pub(crate) fn void_came_too_late(void: &Operation, outcome: &Outcome) -> bool {
    void.kind == Kind::Void
        && void.cause.must_succeed()
        && matches!(outcome, Outcome::NoEffect(NoEffect::AlreadySettled, _))
}

fn settle(operation: &mut Operation, outcome: &Outcome, context: &Context<'_>) {
    // A payment that must not stand stays in doubt until its void, or the refund in its place, is
    // confirmed, regardless of the gateway's other responses.
    let must_succeed = operation.cause.must_succeed() && !void_came_too_late(operation, outcome);
    match Decision::from_outcome(outcome) {
        Some(decision @ Decision::Approved(_)) => operation.decide(decision, context.now),
        Some(decision) if !must_succeed => operation.decide(decision, context.now),
        _ => {
            operation.updated_at = context.now;
            if let Some(pending) = operation.pending_mut() {
                pending.response = outcome.response().to_keep();
                pending.doubt = match outcome {
                    Outcome::Unknown(doubt, _) => Some(*doubt),
                    _ => None,
                };
            }
        }
    }
}

fn learn_from_approval(
    transaction: &mut Transaction,
    operation: &Operation,
    response: &GatewayResponse,
    context: &Context<'_>,
) {
    if !operation.kind.is_payment() {
        return;
    }
    let is_to_be_stored = transaction.is_to_be_stored();
    if let Some(card) = transaction.instrument.card_mut() {
        if let Some(token) = response.token.clone() {
            card.learn_from_token(token);
        }
        if is_to_be_stored {
            card.stored.clone_from(&response.stored);
        }
    }
    if transaction.kind == PaymentKind::Authorize {
        let lifetime = context.policy.authorization_lifetime;
        transaction.authorization_expires_at = context.now.checked_add(lifetime).ok();
    }
}

/// A card that must never be tried again is known by its token from now on.
fn learn_from_never(transaction: &mut Transaction, operation: &Operation, response: &GatewayResponse) {
    let rule = operation.decline().and_then(|decline| decline.rule);
    let is_never = rule.is_some_and(|rule| rule.class == RetryClass::Never);
    if let (true, Some(card), Some(token)) =
        (is_never, transaction.instrument.card_mut(), response.token.clone())
    {
        card.learn_from_token(token);
    }
}

/// Whether a void follows from this outcome, and why.
fn follow_up_cause(
    transaction: &Transaction,
    operation: &Operation,
    outcome: &Outcome,
    policy: &Policy,
) -> Option<Cause> {
    match (operation.kind, outcome) {
        (Kind::Authorize | Kind::Purchase, Outcome::PartiallyApproved(_))
            if !policy.accept_partial_approval =>
        {
            Some(Cause::PartialApproval)
        }
        (
            Kind::Authorize | Kind::Purchase,
            Outcome::Approved(response) | Outcome::PartiallyApproved(response),
        ) => policy.decline_on.refuses(response.avs.as_ref(), response.cvv.as_ref()),
        // Only a refund of everything can become a void: a void gives back everything.
        (Kind::Refund, Outcome::NoEffect(NoEffect::NotSettled, _))
            if operation.cause == Cause::Requested
                && transaction.refunded().is_zero()
                && operation.amount == transaction.captured() =>
        {
            Some(Cause::RefundBeforeSettlement)
        }
        _ => None,
    }
}

/// Adds the void of a payment that must not stand.
pub(super) fn void_by_rule(
    order: &mut Order,
    at: OperationRef,
    cause: Cause,
    context: &Context<'_>,
) -> Option<OperationRef> {
    let origin = order.operation(at)?.clone();
    let transaction = order.transaction_mut(at.transaction)?;
    let operation = add_void(transaction, &origin, cause, context);
    Some(OperationRef { transaction: at.transaction, operation })
}

fn add_void(transaction: &mut Transaction, origin: &Operation, cause: Cause, context: &Context<'_>) -> Uuid {
    let amount = origin.approved_amount();
    let had_no_effect =
        |o: &&mut Operation| o.follows == Some(origin.id) && o.cause == cause && o.is(Stage::NoEffect);
    if let Some(void) = transaction.operations.iter_mut().find(had_no_effect) {
        void.attempt_again((context.new_id)(), amount, None, context.now);
        return void.id;
    }
    let void = Operation {
        cause,
        // It takes the place of a refund that a person requested; the others follow from a rule.
        attribution: origin.attribution.clone().filter(|_| cause == Cause::RefundBeforeSettlement),
        ..origin.followed_by((context.new_id)(), Kind::Void, amount, context.now)
    };
    push(transaction, void)
}

impl Order {
    /// Whether a payment or refund would get a reference that belongs to another one of this order.
    /// The gateway gives each its own; a capture or a void carries the reference of the operation
    /// that it acts on.
    pub(super) fn takes_anothers_reference(&self, at: OperationRef, response: &GatewayResponse) -> bool {
        let Some(reference) = response.reference.as_deref() else { return false };
        self.operation(at).is_some_and(|operation| operation.kind.has_own_record())
            && self.operations().filter(|(_, other)| other.id != at.operation).any(|(_, other)| {
                // Where an operation names one it is about a payment beside its transaction's own.
                let own =
                    other.reference().filter(|_| other.kind.has_own_record() && other.is(Stage::Approved));
                own == Some(reference) || other.reference.as_deref() == Some(reference)
            })
    }
}

/// Adds the void of a payment that exists beside the transaction's own. None for one that is no
/// other payment: the kept payment is never voided as its own duplicate.
pub(super) fn void_duplicate(
    order: &mut Order,
    at: OperationRef,
    duplicate: &GatewayResponse,
    context: &Context<'_>,
) -> Option<OperationRef> {
    let origin = order.operation(at)?.clone();
    let reference = duplicate.reference.as_deref()?;
    if origin.reference() == Some(reference) || order.takes_anothers_reference(at, duplicate) {
        return None;
    }
    let transaction = order.transaction_mut(at.transaction)?;
    let amount = duplicate.amount().unwrap_or(origin.amount);
    let void = Operation {
        cause: Cause::Duplicate,
        reference: duplicate.reference.clone(),
        ..origin.followed_by((context.new_id)(), Kind::Void, amount, context.now)
    };
    Some(OperationRef { transaction: at.transaction, operation: push(transaction, void) })
}

/// Adds the refund of a payment that must not stand and was settled before its void. It is [sent
/// next](send_owed), or waits.
fn refund_instead(transaction: &mut Transaction, void: &Operation, context: &Context<'_>) -> Uuid {
    let mut refund = Operation {
        cause: void.cause,
        follows: void.follows,
        reference: void.reference.clone(),
        ..void.followed_by((context.new_id)(), Kind::Refund, void.amount, context.now)
    };
    refund.attempt.number = 0;
    push(transaction, refund)
}

fn push(transaction: &mut Transaction, operation: Operation) -> Uuid {
    let id = operation.id;
    transaction.operations.push(operation);
    id
}

//! What a gateway's outcome makes of an order: the other half of [`decide`](super::decide).

use jiff::Timestamp;
use uuid::Uuid;

use super::{At, Order};
use crate::{
    money::Amount,
    operation::{Cause, Decline, Kind, Mechanism, NewOperation, Operation, State},
    outcome::{Answer, NotDone, Outcome},
    policy::Policy,
    transaction::{Method, Transaction},
};

/// What is left to do after an outcome was applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Nothing: save and answer.
    Answer,
    /// The order now holds a pending void that follows from the outcome: save both, then send it.
    Send(At),
}

/// Applies an outcome to the operation it belongs to. Pure, and harmless when it was applied before.
pub fn apply(
    order: &mut Order,
    at: At,
    outcome: &Outcome,
    policy: &Policy,
    now: Timestamp,
    new_id: &(dyn Fn() -> Uuid + Sync),
) -> Next {
    let Some(transaction) = order.transaction_mut(at.transaction) else { return Next::Answer };
    let Some(operation) = transaction.operations.iter_mut().find(|operation| operation.id == at.operation)
    else {
        return Next::Answer;
    };
    if !operation.is(State::Pending) {
        return Next::Answer;
    }
    settle(operation, outcome, now);
    let operation = operation.clone();
    transaction.updated_at = now;
    if operation.is(State::Approved) {
        learn_from_approval(transaction, &operation, outcome.answer(), policy, now);
    }
    let follow_up = if void_came_too_late(&operation, outcome) {
        Some(refund_instead(transaction, &operation, now, new_id()))
    } else {
        let cause = follow_up_cause(transaction, &operation, outcome, policy);
        cause.map(|cause| add_void(transaction, &operation, cause, now, new_id))
    };
    order.updated_at = now;
    follow_up.map_or(Next::Answer, |operation| Next::Send(At { transaction: at.transaction, operation }))
}

/// Whether a void that has to be done was refused because the payment was settled before: it has to be refunded then.
fn void_came_too_late(void: &Operation, outcome: &Outcome) -> bool {
    void.kind == Kind::Void
        && void.cause.must_succeed()
        && matches!(outcome, Outcome::NotDone(NotDone::AlreadySettled, _))
}

fn settle(operation: &mut Operation, outcome: &Outcome, now: Timestamp) {
    // The card's token is kept once, with the card.
    operation.answer = Some(Answer { token: None, stored: None, ..outcome.answer().clone() });
    operation.updated_at = now;
    operation.doubt = None;
    // A payment that must not stand stays in doubt until its void, or the refund in its place, is confirmed, whatever
    // else is answered.
    let must_succeed = operation.cause.must_succeed() && !void_came_too_late(operation, outcome);
    match outcome {
        Outcome::Approved(_) | Outcome::PartiallyApproved(_) => operation.state = State::Approved,
        Outcome::Unknown(doubt, _) => operation.doubt = Some(*doubt),
        Outcome::Declined(..) | Outcome::NotDone(..) if must_succeed => {}
        Outcome::Declined(_, code, advice) => {
            operation.state = State::Declined;
            operation.decline = Some(Decline { code: *code, advice: *advice });
        }
        Outcome::NotDone(reason, _) => {
            operation.state = State::NotDone;
            operation.not_done = Some(*reason);
        }
    }
    if !operation.is(State::Pending) {
        operation.next_inquiry_at = None;
    }
}

fn learn_from_approval(
    transaction: &mut Transaction,
    operation: &Operation,
    answer: &Answer,
    policy: &Policy,
    now: Timestamp,
) {
    if !operation.kind.is_payment() {
        return;
    }
    if let Some(token) = answer.token.clone() {
        transaction.card.learn_from_token(token);
    }
    if transaction.memo.as_ref().is_some_and(|memo| memo.save_card) {
        transaction.card.stored.clone_from(&answer.stored);
    }
    if transaction.method == Method::Authorize {
        transaction.authorization_expires_at = now.checked_add(policy.authorization_lifetime).ok();
    }
}

/// Whether a void follows from this outcome, and why.
fn follow_up_cause(
    transaction: &Transaction,
    operation: &Operation,
    outcome: &Outcome,
    policy: &Policy,
) -> Option<Cause> {
    let refused =
        |letter: Option<&String>, list: &[String]| letter.is_some_and(|letter| list.contains(letter));
    match (operation.kind, outcome) {
        (Kind::Authorize | Kind::Purchase, Outcome::PartiallyApproved(_))
            if !policy.accept_partial_approval =>
        {
            Some(Cause::PartialApproval)
        }
        (
            Kind::Authorize | Kind::Purchase,
            Outcome::Approved(answer) | Outcome::PartiallyApproved(answer),
        ) => {
            if refused(answer.cvv.as_ref(), &policy.decline_on.cvv) {
                Some(Cause::CvvMismatch)
            } else if refused(answer.avs.as_ref(), &policy.decline_on.avs) {
                Some(Cause::AvsMismatch)
            } else {
                None
            }
        }
        // Only a refund of everything can become a void: a void gives back everything.
        (Kind::Refund, Outcome::NotDone(NotDone::NotSettled, _))
            if operation.cause == Cause::Asked
                && transaction.returned().is_zero()
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
    at: At,
    cause: Cause,
    now: Timestamp,
    new_id: &(dyn Fn() -> Uuid + Sync),
) -> Option<At> {
    let origin = order.operation(at)?.clone();
    let transaction = order.transaction_mut(at.transaction)?;
    let operation = add_void(transaction, &origin, cause, now, new_id);
    Some(At { transaction: at.transaction, operation })
}

fn add_void(
    transaction: &mut Transaction,
    origin: &Operation,
    cause: Cause,
    now: Timestamp,
    new_id: &(dyn Fn() -> Uuid + Sync),
) -> Uuid {
    let amount =
        if cause == Cause::RefundBeforeSettlement { origin.amount } else { origin.approved_amount() };
    let may_go_on =
        |o: &&mut Operation| o.follows == Some(origin.id) && o.cause == cause && o.is(State::NotDone);
    let earlier = transaction.operations.iter_mut().find(may_go_on);
    if let Some(void) = earlier {
        void.attempt_again(new_id(), amount, now);
        return void.id;
    }
    push_void(transaction, origin, cause, amount, None, now, new_id())
}

/// Adds the void of a payment that stands beside the transaction's own.
pub(super) fn void_twin(order: &mut Order, at: At, twin: &Answer, now: Timestamp, id: Uuid) -> Option<At> {
    let origin = order.operation(at)?.clone();
    let transaction = order.transaction_mut(at.transaction)?;
    let amount = twin.amount.unwrap_or(origin.amount);
    let operation = push_void(transaction, &origin, Cause::Twin, amount, twin.retref.clone(), now, id);
    Some(At { transaction: at.transaction, operation })
}

/// Adds the refund of a payment that must not stand and was settled before its void.
fn refund_instead(transaction: &mut Transaction, void: &Operation, now: Timestamp, id: Uuid) -> Uuid {
    let new = NewOperation {
        id,
        kind: Kind::Refund,
        cause: void.cause,
        follows: void.follows,
        mechanism: Mechanism::Automatic,
        amount: void.amount,
        key: None,
        fingerprint: void.fingerprint.clone(),
        route: void.route.clone(),
        retref: void.retref.clone(),
        by: void.by,
    };
    transaction.operations.push(Operation::new(new, now));
    id
}

fn push_void(
    transaction: &mut Transaction,
    origin: &Operation,
    cause: Cause,
    amount: Amount,
    retref: Option<String>,
    now: Timestamp,
    id: Uuid,
) -> Uuid {
    let new = NewOperation {
        id,
        kind: Kind::Void,
        cause,
        follows: Some(origin.id),
        mechanism: Mechanism::Automatic,
        amount,
        key: None,
        fingerprint: origin.fingerprint.clone(),
        route: origin.route.clone(),
        retref,
        by: origin.by,
    };
    transaction.operations.push(Operation::new(new, now));
    id
}

//! The audit trail: a log line for every change of a payment's state, with who, what, when and the result. Ids, codes
//! and amounts, nothing of the card and no text from outside.

use uuid::Uuid;

use crate::{
    operation::Grant,
    order::{At, Order},
    outcome::Outcome,
    trail,
};

/// Something was put on record about an operation.
pub(super) fn change(order: &Order, at: At, what: &'static str) {
    let Some(operation) = order.operation(at) else { return };
    tracing::info!(
        audit = true,
        request_id = trail::request_id(),
        what,
        merchant = %order.merchant,
        order = %order.id,
        transaction = %at.transaction,
        operation = %at.operation,
        kind = operation.kind.as_str(),
        by = operation.by.as_str(),
        attempt = operation.attempt.number,
        gateway_order_id = operation.attempt.gateway_order_id.as_str(),
        state = operation.stage().as_str(),
        amount_minor = operation.amount.minor(),
        currency = order.currency.code(),
        "changed"
    );
}

/// What the gateway said, and the state that it left the operation in.
pub(super) fn outcome(order: &Order, at: At, outcome: &Outcome) {
    let Some(operation) = order.operation(at) else { return };
    let answer = outcome.response();
    tracing::info!(
        audit = true,
        request_id = trail::request_id(),
        what = "outcome",
        merchant = %order.merchant,
        order = %order.id,
        transaction = %at.transaction,
        operation = %at.operation,
        kind = operation.kind.as_str(),
        by = operation.by.as_str(),
        attempt = operation.attempt.number,
        gateway_order_id = operation.attempt.gateway_order_id.as_str(),
        state = operation.stage().as_str(),
        amount_minor = operation.amount.minor(),
        currency = order.currency.code(),
        outcome = outcome_name(outcome),
        respproc = answer.respproc.as_deref().unwrap_or(""),
        respcode = answer.respcode.as_deref().unwrap_or(""),
        retref = answer.retref.as_deref().unwrap_or(""),
        "changed"
    );
}

/// An order was registered, or its amount stated again.
pub(super) fn registered(order: &Order) {
    tracing::info!(
        audit = true,
        request_id = trail::request_id(),
        what = "order registered",
        by = Grant::ClientCredentials.as_str(),
        merchant = %order.merchant,
        order = %order.id,
        amount_minor = order.total.map_or(0, crate::money::Amount::minor),
        currency = order.currency.code(),
        "changed"
    );
}

/// A scheduled capture was moved, cancelled or given up.
pub(super) fn scheduled(order: &Order, transaction: Uuid, what: &'static str, by: Grant) {
    let at = order.transaction(transaction).and_then(|found| found.capture).map(|schedule| schedule.at);
    tracing::info!(
        audit = true,
        request_id = trail::request_id(),
        what,
        merchant = %order.merchant,
        order = %order.id,
        transaction = %transaction,
        by = by.as_str(),
        capture_at = at.map(tracing::field::display),
        "changed"
    );
}

/// Leaves an operation on the trail of the request that is about it.
pub(super) fn note(order: &Order, at: At, replayed: bool) {
    let Some(operation) = order.operation(at) else { return };
    trail::note(|trail| {
        trail.replayed = replayed;
        trail.transaction = Some(at.transaction);
        trail.operation = Some(at.operation);
        trail.kind = Some(operation.kind.as_str());
        trail.outcome = Some(operation.stage().as_str());
        trail.amount_minor = Some(operation.amount.minor());
        trail.currency = Some(order.currency.code());
    });
}

pub(super) fn outcome_name(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Approved(_) => "approved",
        Outcome::PartiallyApproved(_) => "partially_approved",
        Outcome::Declined(..) => "declined",
        Outcome::NoEffect(..) | Outcome::Refused(..) => "not_done",
        Outcome::Unknown(..) => "unknown",
    }
}

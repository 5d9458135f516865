//! The audit trail: every change of a payment's state, with actor, change, time and result. Ids,
//! codes and amounts, no card data; of texts from outside only actor and reason.

use uuid::Uuid;

use crate::{
    order::{Attribution, Dispute, OperationRef, Order, Outcome, Principal},
    payments::{
        SwitchChange, SwitchOf,
        trail::{self, AuditedChange, OUTCOME, Said},
    },
};

/// Something was put on record about an operation.
pub(super) fn change(order: &Order, at: OperationRef, what: &'static str) {
    record(order, at, what, None);
}

/// The outcome at the gateway, and the state in which it left the operation.
pub(super) fn outcome(order: &Order, at: OperationRef, outcome: &Outcome) {
    let response = outcome.response();
    let said = Said {
        outcome: outcome_name(outcome),
        processor: response.processor.clone(),
        code: response.code.clone(),
        reference: response.reference.clone(),
    };
    record(order, at, OUTCOME, Some(said));
}

fn record(order: &Order, at: OperationRef, what: &'static str, outcome: Option<Said>) {
    let Some((payment, operation)) = order.transaction(at.transaction).zip(order.operation(at)) else {
        return;
    };
    let change = AuditedChange {
        what,
        merchant: order.merchant.to_string(),
        order: order.id.to_string(),
        transaction: at.transaction,
        operation: at.operation,
        kind: operation.kind.as_str(),
        by: operation.by.as_str(),
        attribution: operation.attribution.clone(),
        attempt: operation.attempt.number,
        gateway_order_id: operation.attempt.gateway_order_id.clone(),
        state: operation.stage().as_str(),
        amount_minor: operation.amount.minor(),
        currency: order.currency.code(),
        ignores_scheme_advice: payment.ignores_scheme_advice && operation.kind.is_payment(),
        outcome,
    };
    // A request's changes are logged when it ends, because its own line may include them. Changes
    // without a request are logged right away.
    let request_id = trail::request_id();
    if request_id.is_empty() {
        log(&change, &request_id, &trail::principal());
    } else {
        trail::note(|trail| trail.changes.push(change));
    }
}

/// Writes the audit line of a change.
pub fn log(change: &AuditedChange, request_id: &str, principal: &str) {
    let said = change.outcome.as_ref();
    let told = change.attribution.as_deref();
    tracing::info!(
        audit = true,
        request_id,
        principal,
        what = change.what,
        merchant = change.merchant,
        order = change.order,
        transaction = %change.transaction,
        operation = %change.operation,
        kind = change.kind,
        by = change.by,
        key_name = told.and_then(|told| told.key_name.as_deref()),
        actor = told.and_then(|told| told.actor.as_deref()),
        request_reason = told.and_then(|told| told.reason.as_deref()),
        attempt = change.attempt,
        gateway_order_id = change.gateway_order_id,
        state = change.state,
        amount_minor = change.amount_minor,
        currency = change.currency,
        ignore_scheme_advice = change.ignores_scheme_advice.then_some(true),
        outcome = said.map(|said| said.outcome),
        respproc = said.and_then(|said| said.processor.as_deref()),
        respcode = said.and_then(|said| said.code.as_deref()),
        retref = said.and_then(|said| said.reference.as_deref()),
        "changed"
    );
}

/// An order was registered, or its amount stated again.
pub(super) fn registered(order: &Order) {
    tracing::info!(
        audit = true,
        request_id = trail::request_id(),
        principal = trail::principal(),
        what = "order registered",
        by = Principal::ClientCredentials.as_str(),
        key_name = trail::key_name(),
        merchant = %order.merchant,
        order = %order.id,
        amount_minor = order.total.map_or(0, crate::values::Amount::minor),
        currency = order.currency.code(),
        "changed"
    );
}

/// A scheduled capture was moved, canceled or given up.
pub(super) fn scheduled(order: &Order, transaction: Uuid, what: &'static str, by: Principal) {
    let schedule = order.transaction(transaction).and_then(|found| found.capture);
    tracing::info!(
        audit = true,
        request_id = trail::request_id(),
        principal = trail::principal(),
        what,
        merchant = %order.merchant,
        order = %order.id,
        transaction = %transaction,
        by = by.as_str(),
        key_name = trail::key_name(),
        capture_at = schedule.map(|schedule| tracing::field::display(schedule.at)),
        capture_minor = schedule.and_then(|schedule| schedule.amount).map(crate::values::Amount::minor),
        "changed"
    );
}

/// A chargeback or a reversal was put on record.
pub(super) fn disputed(order: &Order, transaction: Uuid, dispute: &Dispute) {
    tracing::info!(
        audit = true,
        request_id = trail::request_id(),
        principal = trail::principal(),
        what = "dispute recorded",
        by = Principal::Schedule.as_str(),
        merchant = %order.merchant,
        order = %order.id,
        transaction = %transaction,
        kind = dispute.kind.as_str(),
        amount_minor = dispute.amount.minor(),
        currency = order.currency.code(),
        "changed"
    );
}

/// An order's scheduled captures were paused or resumed.
pub(super) fn switched(order: &Order, what: &'static str, by: Option<&Attribution>) {
    tracing::info!(
        audit = true,
        request_id = trail::request_id(),
        principal = trail::principal(),
        what,
        by = Principal::ClientCredentials.as_str(),
        key_name = by.and_then(|by| by.key_name.as_deref()),
        actor = by.and_then(|by| by.actor.as_deref()),
        request_reason = by.and_then(|by| by.reason.as_deref()),
        merchant = %order.merchant,
        order = %order.id,
        "changed"
    );
}

/// Payments were stopped, or may go on.
pub(super) fn thrown(of: &SwitchOf, change: &SwitchChange) {
    let merchant = if let SwitchOf::Merchant(merchant) = of { Some(merchant) } else { None };
    let by = change.by.as_deref();
    tracing::info!(
        audit = true,
        request_id = trail::request_id(),
        principal = trail::principal(),
        what = if change.stopped { "payments stopped" } else { "payments started" },
        by = Principal::ClientCredentials.as_str(),
        key_name = by.and_then(|by| by.key_name.as_deref()),
        actor = by.and_then(|by| by.actor.as_deref()),
        request_reason = by.and_then(|by| by.reason.as_deref()),
        merchant = merchant.map(tracing::field::display),
        "changed"
    );
}

/// Names and e-mail addresses were deleted.
pub(super) fn forgotten(order: &Order) {
    tracing::info!(
        audit = true,
        request_id = trail::request_id(),
        principal = trail::principal(),
        what = "personal data deleted",
        by = Principal::Schedule.as_str(),
        merchant = %order.merchant,
        order = %order.id,
        "changed"
    );
}

/// Leaves an operation on the trail of the request that is about it.
pub(super) fn note(order: &Order, at: OperationRef, replayed: bool) {
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
        Outcome::NoEffect(..) | Outcome::Intermediary(..) => "not_done",
        Outcome::Unnamed(said) => outcome_name(said),
        Outcome::Unknown(..) => "unknown",
    }
}

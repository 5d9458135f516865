//! Transactions and orders as Elastic Path shows them.
//!
//! Both generations of member names are written: `transaction-type` and `meta.created_at` for
//! clients of the seeds' time, `transaction_type` and `meta.timestamps` for today's.

pub(super) mod detailed_status;
pub(super) mod error;
pub(super) mod page;
pub(super) mod single;
pub(super) mod status;

use jiff::Timestamp;
use serde_json::{Value, json};
use tollgate_core::{
    journal::{Fees, fees},
    order::{
        Attribution, BatchState, CaptureAt, CaptureMove, Cause, Decline, Dispute, GatewayResponse, Mechanism,
        NextAction, NoEffect, Operation, OperationState, Order, Pause, Principal, Transaction,
        TransactionStatus,
    },
    payments::{GatewayInfo, Merchant, Unreadable},
    values::{Amount, Brand, CardSummary, Currency, DeclineCode, Expiry, Memo, SignedAmount},
};
use tollgate_wire::{GatewayAnswer, OrNull, UnreadableItem, constant::UnreadableType};

use crate::{
    api::Failure,
    elastic_path::{
        request::capture_terms::rule_value,
        request::references,
        response::detailed_status::{VoidReason, detailed_status, reason},
        response::status::{order_status, transaction_status},
    },
};

/// The `gateway` of every transaction.
pub(super) const GATEWAY: &str = "card_connect";

/// Who a transaction is shown to, and when, and the gateway that it went through.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) principal: Principal,
    pub(super) now: Timestamp,
    pub(super) gateway: &'a dyn GatewayInfo,
}

/// An item that cannot be read, in the place of its row.
pub(super) fn bad_row(bad: &Unreadable) -> UnreadableItem {
    UnreadableItem { kind: UnreadableType, id: bad.key.clone() }
}

/// The body of a success. The value is moved into it: `json!` would copy the whole value.
pub(super) fn enveloped(data: Value) -> Value {
    Value::Object([("data".to_owned(), data)].into_iter().collect())
}

/// A transaction with its operations, as the caller may see it.
pub(super) fn transaction(order: &Order, transaction: &Transaction, view: View<'_>) -> Value {
    let currency = order.currency;
    let first = transaction.first();
    let response = first.and_then(|first| first.response());
    let kind = transaction.last_done().as_str();
    let told = response.filter(|_| view.principal == Principal::ClientCredentials);
    let letter = |pick: fn(&GatewayResponse) -> Option<&String>| told.and_then(pick);
    let mut value = json!({
        "id": transaction.id.to_string(),
        "type": "transaction",
        "reference": transaction.reference().unwrap_or_default(),
        "gateway": GATEWAY,
        "amount": transaction.amount().minor(),
        "refunded_amount": transaction.refunded().minor(),
        "currency": currency.code(),
        "transaction-type": kind,
        "transaction_type": kind,
        "status": transaction_status(transaction.status()),
        "payment_details": {
            "detailed_status": detailed_status(transaction, view.now),
            "card": card_value(transaction.card()),
            "authorization_code": letter(|response| response.authcode.as_ref()),
            "avs_result": letter(|response| response.avs.as_ref()),
            "cvv_result": letter(|response| response.cvv.as_ref()),
        },
        "next_actions": next_actions(order, transaction, view.now),
        "relationships": {"order": {"data": {"type": "order", "id": order.id.as_str()}}},
        "meta": {
            "state": transaction.word(view.now).as_str(),
            "display_price": price(currency, transaction.amount()),
            "display_captured_amount": price(currency, transaction.captured()),
            "display_refunded_amount": {"total": price(currency, transaction.refunded())},
            "created_at": milliseconds(transaction.created_at),
            "timestamps": timestamps(transaction.created_at, transaction.updated_at),
        },
        "livemode": first.is_some_and(|first| view.gateway.is_live(&first.route)),
        // Where the SDK's types have them a second time.
        "timestamps": timestamps(transaction.created_at, transaction.updated_at),
    });
    references::add(&mut value, transaction, view.principal);
    add(&mut value, "refund_mechanism", transaction.refund_mechanism().map(Mechanism::as_str));
    add(&mut value, "failure_details", failure(transaction, view.principal));
    let fees = fees(transaction);
    add(&mut value, "fee", fees.map(fees_value));
    let meta = &mut value["meta"];
    if let Some(fees) = fees {
        meta["display_fee"] = price(currency, fees.amount);
        meta["display_total"] = price(currency, Amount::sum([transaction.amount(), fees.amount]));
    }
    let expires = transaction.authorization_expires_at.filter(|_| !transaction.capturable().is_zero());
    add(meta, "authorization_expires_at", expires.map(seconds));
    // Only the merchant sees past and future operations.
    if view.principal == Principal::ClientCredentials {
        meta["version"] = order.version.into();
        let left = transaction.left(view.now);
        meta["capturable"] = price(currency, left.capturable);
        meta["refundable"] = price(currency, left.refundable);
        if let Some(schedule) = transaction.capture.filter(|_| transaction.capture_standing().is_some()) {
            meta["capture_at"] = seconds(schedule.at).into();
            let part = transaction.scheduled_amount().filter(|_| schedule.amount.is_some());
            add(meta, "capture_amount", part.map(Amount::minor));
            add(meta, "capture_failure", capture_failure(order, transaction));
            add(meta, "captures_paused", order.captures_paused().map(paused));
        }
        add(meta, "capture_moved", order.capture_moved(transaction.id).map(moved));
        add(meta, "continues", transaction.continues.map(|id| id.to_string()));
        let rest = order.continuation_of(transaction.id);
        add(meta, "continued_by", rest.map(|found| found.id.to_string()));
        meta["operations"] = transaction.operations.iter().map(|o| operation(currency, o)).collect();
        add(meta, "memo", transaction.memo.as_deref().map(memo_value));
        add_disputes(meta, currency, transaction);
    }
    value
}

fn add_disputes(meta: &mut Value, currency: Currency, transaction: &Transaction) {
    if !transaction.disputes.is_empty() {
        meta["disputed"] = signed_price(currency, transaction.disputed());
        meta["disputes"] = transaction.standing_disputes().map(dispute).collect();
    }
}

/// A chargeback or its reversal, in the words of the processor.
fn dispute(dispute: &Dispute) -> Value {
    json!({
        "type": dispute.kind.as_str(),
        "id": dispute.line.stated(),
        "case": dispute.case,
        "number": dispute.number,
        "amount": dispute.amount.minor(),
        "day": dispute.day,
        "reason_code": dispute.reason_code,
        "reason": dispute.reason,
        "acquirer_reference": dispute.acquirer_reference,
        "deposit": dispute.deposit,
        "changed_on": dispute.changed_on,
    })
}

/// Fees charged beside the amounts, in minor units. No amount contains them.
fn fees_value(fees: Fees) -> Value {
    json!({
        "kind": fees.kind.as_str(),
        "amount": fees.amount.minor(),
        "captured_amount": fees.captured.minor(),
        "refunded_amount": fees.refunded.minor(),
    })
}

/// Adds a member that is there only where it says something.
fn add(value: &mut Value, name: &str, member: Option<impl Into<Value>>) {
    if let Some(member) = member {
        value[name] = member.into();
    }
}

/// The card as far as it is stored; every member is null where the payment was made with something
/// else.
pub(super) fn card_value(card: Option<&CardSummary>) -> Value {
    json!({
        "brand": card.and_then(|card| card.brand).map(Brand::name),
        "last_four": card.and_then(|card| card.last_four.as_ref()),
        "expiry_month": card.and_then(|card| card.expiry).map(Expiry::month),
        "expiry_year": card.and_then(|card| card.expiry).map(Expiry::year),
    })
}

/// The stated texts about the payment, without missing ones.
fn memo_value(memo: &Memo) -> Value {
    let texts = [
        ("email", &memo.email),
        ("name", &memo.name),
        ("deal_type", &memo.deal_type),
        ("deal_stage", &memo.deal_stage),
        ("marketing", &memo.marketing),
        ("revenue_partner", &memo.revenue_partner),
        ("authorizer", &memo.authorizer),
    ];
    let mut value = json!({"reference": memo.reference});
    for (name, text) in texts {
        add(&mut value, name, text.as_deref());
    }
    if let Some(discount) = &memo.discount {
        let mut told = json!({"code": discount.code});
        add(&mut told, "product", discount.product.as_deref());
        told["amount"] = discount.amount.minor().into();
        value["discount"] = told;
    }
    add(&mut value, "save_card", memo.save_card.then_some(true));
    value
}

/// An order. The members that the SDK's types promise are all there; members for data that is not
/// kept here (taxes, discounts, the customer, addresses, shipping) have a value that says nothing.
/// The merchant tells whether an order without payments is live; where that is not known, no member
/// says so.
pub(super) fn order(order: &Order, merchant: Option<&Merchant>, gateway: &dyn GatewayInfo) -> Value {
    let balance = order.balance();
    let payment = order.payment();
    let currency = order.currency;
    let mut display_price = json!({
        "authorized": price(currency, balance.authorized),
        "paid": price(currency, balance.paid),
        "refunded": price(currency, balance.returned),
    });
    if let (Some(total), Some(owing)) = (order.total, order.owing()) {
        display_price["with_tax"] = price(currency, total);
        display_price["balance_owing"] = price(currency, owing);
        display_price["without_tax"] = price(currency, total);
    }
    for name in ["tax", "discount", "shipping"] {
        display_price[name] = price(currency, Amount::ZERO);
    }
    let first = order.transactions.first().and_then(Transaction::first);
    let live = first.map(|first| gateway.is_live(&first.route));
    let live = live.or_else(|| merchant.map(|merchant| gateway.is_live(&merchant.gateway.any_route())));
    let mut value = json!({
        "id": order.id.as_str(),
        "type": "order",
        "status": order_status(payment),
        "payment": payment.as_str(),
        "amount": order.total.map(Amount::minor),
        "currency": currency.code(),
        "meta": {
            "display_price": display_price,
            "version": order.version,
            "timestamps": timestamps(order.created_at, order.updated_at),
        },
        "relationships": {
            "transactions": {
                "data": order.transactions.iter()
                    .map(|t| json!({"type": "transaction", "id": t.id.to_string()}))
                    .collect::<Vec<_>>(),
            },
            "items": {"data": []},
        },
        "links": {},
        "shipping": "unfulfilled",
        "anonymized": false,
        // Without an e-mail address: a client that validates it rejects an empty one.
        "customer": {"name": ""},
        "shipping_address": no_address(&["phone_number", "instructions"]),
        "billing_address": no_address(&[]),
    });
    add(&mut value, "livemode", live);
    match &order.capture {
        None | Some(CaptureAt::Unrecognized) => {}
        Some(CaptureAt::Never) => value["capture_at"] = Value::Null,
        Some(CaptureAt::At(at)) => value["capture_at"] = seconds(*at).into(),
        Some(CaptureAt::After(rule)) => value["capture"] = rule_value(rule),
    }
    let meta = &mut value["meta"];
    add(meta, "captures_paused", order.captures_paused().map(paused));
    let resumed = order.pauses.last().and_then(|pause| pause.resumed.as_ref());
    add(meta, "captures_resumed", resumed.map(|resumed| switched(resumed.at, resumed.by.as_deref())));
    value
}

/// A pause that lasts.
fn paused(pause: &Pause) -> Value {
    switched(pause.at, pause.by.as_deref())
}

fn moved(moved: &CaptureMove) -> Value {
    switched(moved.at, moved.by.as_deref())
}

/// When scheduled captures were paused, resumed or moved, by whom and why.
fn switched(at: Timestamp, by: Option<&Attribution>) -> Value {
    let mut value = by.map_or_else(|| json!({}), who_and_why);
    value["at"] = seconds(at).into();
    value
}

/// An address that is not kept here, with the further members of its kind.
fn no_address(more: &[&str]) -> Value {
    let members = [
        "first_name",
        "last_name",
        "company_name",
        "line_1",
        "line_2",
        "city",
        "county",
        "region",
        "postcode",
        "country",
    ];
    members.iter().chain(more).map(|name| (*name, "")).collect()
}

/// The error of an operation that was refused.
pub(super) fn declined(
    order: &Order,
    transaction: &Transaction,
    operation: &Operation,
    decline: Decline,
    view: View<'_>,
) -> Failure {
    let mut failure = Failure::declined(told(decline, view.principal));
    let facts = &mut failure.facts;
    facts.transaction_id = Some(transaction.id);
    facts.order_id = Some(order.id.to_string());
    // The letters would tell a person who tries out cards how close the attempt was.
    if view.principal == Principal::ClientCredentials {
        facts.error = Some(gateway_answer(operation.response()));
        if let Some(payment) = transaction.first().and_then(|first| first.response()) {
            facts.avs_result = Some(OrNull(payment.avs.clone()));
            facts.cvv_result = Some(OrNull(payment.cvv.clone()));
        }
    }
    failure
}

/// The gateway's own words, of which there are none without a response.
fn gateway_answer(response: Option<&GatewayResponse>) -> GatewayAnswer {
    response.map_or_else(GatewayAnswer::default, |response| GatewayAnswer {
        respproc: response.processor.clone(),
        respcode: response.code.clone(),
        resptext: response.text.clone(),
        retref: response.reference.clone(),
        respstat: None,
    })
}

fn operation(currency: Currency, operation: &Operation) -> Value {
    let response = operation.response().cloned().unwrap_or_default();
    let mut value = json!({
        "id": operation.id.to_string(),
        "type": operation.kind.as_str(),
        "amount": operation.amount.minor(),
        "formatted": currency.format(operation.amount),
        "state": operation.stage().as_str(),
        "mechanism": operation.mechanism.as_str(),
        "attempts": operation.attempt.number,
        "asked_by": operation.by.as_str(),
        "timestamps": timestamps(operation.created_at, operation.updated_at),
    });
    add(&mut value, "reason", reason(operation.cause).map(VoidReason::as_str));
    add(&mut value, "request", operation.attribution.as_deref().map(who_and_why));
    // The gateway knows nothing of operations that were only recorded.
    if operation.mechanism == Mechanism::Automatic {
        value["merchid"] = operation.route.account.as_str().into();
        value["gateway_order_id"] = operation.attempt.gateway_order_id.as_str().into();
    }
    if has_outcome(operation) {
        value["gateway"] = json!(gateway_answer(Some(&response)));
        value["gateway"]["respstat"] = response.status.clone().into();
        let fee = response.charged.and_then(|charged| charged.fee);
        let fee = fee.map(|fee| json!({"amount": fee.amount.minor(), "kind": fee.kind.as_str()}));
        add(&mut value, "fee", fee);
        add(&mut value, "settlement", response.settlement_rejected.then_some("rejected"));
    }
    if let Some(decline) = operation.decline() {
        value["decline_code"] = decline.code.as_str().into();
        value["advice"] = decline.advice.as_str().into();
    }
    value
}

/// The requester and the reason, as far as stated.
pub(super) fn who_and_why(told: &Attribution) -> Value {
    let told = [
        ("key_name", &told.key_name),
        ("person", &told.person),
        ("proposed_by", &told.proposed_by),
        ("actor", &told.actor),
        ("reason", &told.reason),
    ];
    told.into_iter().filter_map(|(name, text)| Some((name, text.as_deref()?))).collect()
}

/// Whether the gateway was called and the call has an outcome, if only that no response came.
fn has_outcome(operation: &Operation) -> bool {
    operation.mechanism == Mechanism::Automatic
        && match &operation.state {
            OperationState::Pending(pending) => pending.doubt.is_some() || !pending.response.is_empty(),
            OperationState::Decided(_) => true,
            OperationState::WaitsForDispute { .. } | OperationState::Unrecognized => false,
        }
}

/// Why the last attempt of a scheduled capture failed, and when the next one is made.
fn capture_failure(order: &Order, transaction: &Transaction) -> Option<Value> {
    let attempt = transaction.scheduled_capture()?;
    let (code, reason) = match (attempt.decline(), attempt.no_effect()) {
        (Some(decline), _) => (decline.code.as_str(), decline.code.message().to_owned()),
        (None, Some(reason)) => {
            let failure = Failure::from(reason);
            (failure.code().as_str(), failure.words().to_owned())
        }
        (None, None) => return None,
    };
    Some(json!({
        "code": code,
        "reason": reason,
        "at": seconds(attempt.updated_at),
        "attempts": attempt.attempt.number,
        "next_attempt_at": order.next_capture_attempt(transaction).map(seconds),
    }))
}

/// The next steps, where nobody looked whether the payment has settled.
fn next_actions(order: &Order, transaction: &Transaction, now: Timestamp) -> Vec<&'static str> {
    let next = order.next_actions(transaction, BatchState::Unknown, now);
    next.into_iter().map(NextAction::as_str).collect()
}

/// A decline as shown. A person who tries out cards in a browser must not learn that a card is
/// reported as stolen.
fn told(decline: Decline, principal: Principal) -> Decline {
    if principal == Principal::ClientCredentials || !decline.code.is_for_the_merchant_only() {
        return decline;
    }
    Decline { code: DeclineCode::GenericDecline, advice: DeclineCode::GenericDecline.advice() }
}

fn failure(transaction: &Transaction, principal: Principal) -> Option<Value> {
    if transaction.status() != TransactionStatus::Failed {
        return None;
    }
    let voided_elsewhere =
        transaction.first().and_then(Operation::no_effect) == Some(NoEffect::VoidedElsewhere);
    let late = transaction.voided().is_some_and(|void| void.cause == Cause::LateApproval);
    let (code, reason) = match transaction.decline().map(|decline| told(decline, principal)) {
        _ if late => (
            "late_approval",
            "The payment arrived after it was given up, and the order had no room for it; it was voided.",
        ),
        Some(decline) => (decline.code.as_str(), decline.code.message()),
        None if voided_elsewhere => {
            ("voided_elsewhere", "The payment was voided at the gateway, by somebody else.")
        }
        None => ("not_processed", "The gateway did not take the payment; nothing was done."),
    };
    Some(json!({"code": code, "reason": reason}))
}

pub(super) fn price(currency: Currency, amount: Amount) -> Value {
    json!({"amount": amount.minor(), "currency": currency.code(), "formatted": currency.format(amount)})
}

/// The same of a sum that can be negative.
fn signed_price(currency: Currency, amount: SignedAmount) -> Value {
    json!({"amount": amount, "currency": currency.code(), "formatted": currency.signed_format(amount)})
}

pub(super) fn timestamps(created: Timestamp, updated: Timestamp) -> Value {
    json!({"created_at": seconds(created), "updated_at": seconds(updated)})
}

pub(super) fn seconds(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

pub(super) fn milliseconds(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

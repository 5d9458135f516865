//! An order's history in words and in JSON. Holds no card number, because none is stored, and no
//! token of a card.

use std::fmt::{self, Display, Write};

use jiff::Timestamp;
use serde_json::{Value, json};
use tollgate::{
    elastic_path::{scheme_words, transaction_status},
    lambda::GATEWAY,
};
use tollgate_core::{
    journal::{Fees, fees},
    order::{
        AtShop, Attempt, Attribution, ByHand, CaptureMove, Decision, Decline, Doubt, GatewayResponse, Kind,
        NoEffect, Operation, OperationRef, Order, Pause, RecordedDispute, ShopDifference, Stage, Superseded,
        Transaction,
    },
    values::{Amount, Fee, References, RetryScope, SchemeCode, SchemeWords},
};
use uuid::Uuid;

use crate::confirm::mode;

/// For a machine. Amounts are minor units.
pub(crate) fn value(order: &Order, only: Option<Uuid>, now: Timestamp) -> Value {
    let balance = order.balance();
    let transactions = chosen(order, only).map(|own| transaction_value(order, own, now));
    json!({
        "merchant": order.merchant,
        "order": order.id,
        "currency": order.currency,
        "total": order.total,
        "owing": order.owing(),
        "authorized": balance.authorized,
        "paid": balance.paid,
        "pending": balance.pending,
        "returned": balance.returned,
        "payment": order.payment().as_str(),
        "next_inquiry_at": order.next_inquiry_at(),
        "next_capture_at": order.next_capture_at(),
        "captures_paused": order.captures_paused().is_some(),
        "pauses": order.pauses.iter().map(pause_value).collect::<Vec<_>>(),
        "capture_moves": order.capture_moves.iter().map(move_value).collect::<Vec<_>>(),
        "version": order.version,
        "created_at": order.created_at,
        "updated_at": order.updated_at,
        "transactions": transactions.collect::<Vec<_>>(),
    })
}

fn transaction_value(order: &Order, transaction: &Transaction, now: Timestamp) -> Value {
    let schedule = transaction.capture.as_ref().map(|schedule| {
        json!({
            "at": schedule.at,
            "amount": transaction.scheduled_amount().or(schedule.amount),
            "standing": transaction.capture_standing().map(|standing| format!("{standing:?}").to_lowercase()),
            "next_attempt_at": order.next_capture_attempt(transaction),
            "lapsed_at": transaction.lapsed_at,
        })
    });
    let left = transaction.left(now);
    json!({
        "id": transaction.id,
        "method": transaction.kind.as_str(),
        "status": transaction_status(transaction.status()),
        "state": transaction.word(now).as_str(),
        "amount": transaction.amount(),
        "captured": transaction.captured(),
        "refunded": transaction.refunded(),
        "capturable": left.capturable,
        "refundable": left.refundable,
        "disputed": transaction.disputed(),
        "disputes": transaction.disputes.iter().map(dispute_value).collect::<Vec<_>>(),
        "fee": fees(transaction).map(fees_value),
        "reference": transaction.reference(),
        "custom_reference": transaction.custom_reference(),
        "continues": transaction.continues,
        "elastic_path": order.at_shop(transaction).map(at_shop_value),
        "merchant_reference": transaction.memo.as_ref().map(|memo| &memo.reference),
        "paymentmethod_name": transaction.references.name,
        "description": transaction.references.description,
        "metadata": transaction.references.metadata.members(),
        "card": transaction.card().map(|card| json!({
            "brand": card.brand.map(tollgate_core::values::Brand::name),
            "last_four": card.last_four,
            "expiry": card.expiry.map(tollgate_core::values::Expiry::mmyy),
        })),
        "by": transaction.by.as_str(),
        "authorization_expires_at": transaction.authorization_expires_at,
        "scheduled_capture": schedule,
        "created_at": transaction.created_at,
        "updated_at": transaction.updated_at,
        "operations": transaction.operations.iter().map(operation_value).collect::<Vec<_>>(),
    })
}

/// The payment as the merchant's store has it.
fn at_shop_value(at_shop: AtShop<'_>) -> Value {
    json!({
        "state": at_shop.state.as_str(),
        "reason": at_shop.difference.map(ShopDifference::as_str),
        "since": at_shop.since,
        "recorded": at_shop.step.map(Kind::as_str),
        "transaction": at_shop.id,
        "again": at_shop.can_be_told_again,
    })
}

/// A report of a chargeback or a reversal, as it was put on record.
fn dispute_value(recorded: &RecordedDispute) -> Value {
    let dispute = &recorded.dispute;
    json!({
        "type": dispute.kind.as_str(),
        "id": dispute.line.stated(),
        "case": dispute.case,
        "number": dispute.number,
        "amount": dispute.amount,
        "day": dispute.day,
        "reason_code": dispute.reason_code,
        "reason": dispute.reason,
        "acquirer_reference": dispute.acquirer_reference,
        "deposit": dispute.deposit,
        "changed_on": dispute.changed_on,
        "recorded_at": recorded.at,
    })
}

/// A pause of an order's captures, with who and why.
pub(crate) fn pause_value(pause: &Pause) -> Value {
    let resumed = pause.resumed.as_ref();
    json!({
        "paused": switch_value(pause.at, pause.by.as_deref()),
        "resumed": resumed.map(|resumed| switch_value(resumed.at, resumed.by.as_deref())),
    })
}

/// A move of a scheduled capture, with who and why.
fn move_value(moved: &CaptureMove) -> Value {
    let mut value = switch_value(moved.at, moved.by.as_deref());
    value["transaction"] = moved.transaction.to_string().into();
    value["capture_at"] = json!(moved.to);
    value
}

pub(crate) fn switch_value(at: Timestamp, by: Option<&Attribution>) -> Value {
    json!({
        "at": at,
        "key_name": by.and_then(|by| by.key_name.as_ref()),
        "person": by.and_then(|by| by.person.as_ref()),
        "actor": by.and_then(|by| by.actor.as_ref()),
        "reason": by.and_then(|by| by.reason.as_ref()),
    })
}

fn operation_value(operation: &Operation) -> Value {
    let pending = operation.pending();
    let decline = operation.decline();
    let told = operation.attribution.as_deref();
    json!({
        "id": operation.id,
        "kind": operation.kind.as_str(),
        "cause": operation.cause.as_str(),
        "follows": operation.follows,
        "mechanism": operation.mechanism.as_str(),
        "amount": operation.amount,
        "with_idempotency_key": operation.key.is_some(),
        "by": operation.by.as_str(),
        "key_name": told.and_then(|told| told.key_name.as_ref()),
        "person": told.and_then(|told| told.person.as_ref()),
        "proposed_by": told.and_then(|told| told.proposed_by.as_ref()),
        "actor": told.and_then(|told| told.actor.as_ref()),
        "reason": told.and_then(|told| told.reason.as_ref()),
        "merchid": operation.route.account,
        "base_url": operation.route.endpoint,
        "livemode": GATEWAY.is_live(&operation.route),
        "retref": operation.reference,
        "state": operation.stage().as_str(),
        "attempt": attempt_value(&operation.attempt),
        "response": operation.response().map(response_value),
        "decline": decline.map(|decline| json!({
            "code": decline.code.as_str(),
            "advice": decline.advice().as_str(),
            "scope": scope(decline).map(RetryScope::as_str),
            "rule": decline.rule.map(|rule| rule.class.as_str()),
            "retry_at": operation.retry_at(),
        })),
        "not_done": operation.no_effect().map(NoEffect::as_str),
        "doubt": pending.and_then(|pending| pending.doubt).map(Doubt::as_str),
        "inquiries": pending.map(|pending| pending.inquiries),
        "absent_since": pending.and_then(|pending| pending.absent_since),
        "next_inquiry_at": pending.map(|pending| pending.next_inquiry_at),
        "last_look_at": operation.last_look_at,
        "superseded": operation.superseded.iter().map(superseded_value).collect::<Vec<_>>(),
        "by_hand": operation.by_hand.iter().map(by_hand_value).collect::<Vec<_>>(),
        "created_at": operation.created_at,
        "updated_at": operation.updated_at,
    })
}

fn attempt_value(attempt: &Attempt) -> Value {
    json!({
        "id": attempt.id,
        "number": attempt.number,
        "at": attempt.at,
        "gateway_order_id": attempt.gateway_order_id,
    })
}

fn response_value(response: &GatewayResponse) -> Value {
    json!({
        "respstat": response.status,
        "respproc": response.processor,
        "respcode": response.code,
        "resptext": response.text,
        "retref": response.reference,
        "authcode": response.authcode,
        "avs": response.avs,
        "cvv": response.cvv,
        "scheme": response.scheme.as_deref().map(scheme_words),
        "amount": response.amount(),
        "fee": fee(response).map(|fee| json!({"kind": fee.kind.as_str(), "amount": fee.amount})),
    })
}

/// The subject of a card scheme's ban after a decline.
fn scope(decline: Decline) -> Option<RetryScope> {
    decline.rule?.class.scope()
}

/// The fee charged beside a payment's amounts, in minor units.
pub(super) fn fees_value(fees: Fees) -> Value {
    json!({
        "kind": fees.kind.as_str(),
        "amount": fees.amount,
        "captured": fees.captured,
        "refunded": fees.refunded,
    })
}

/// The fee beside a payment's amount, as it follows the amount; empty where there is none.
pub(super) fn beside(order: &Order, transaction: &Transaction) -> String {
    let fee = fees(transaction).map(|fees| fees.amount).filter(|fee| !fee.is_zero());
    fee.map_or_else(String::new, |fee| format!(" +{}", order.currency.decimal(fee)))
}

/// The fee charged beside the amount, as the gateway's own response says.
fn fee(response: &GatewayResponse) -> Option<Fee> {
    response.charged.and_then(|charged| charged.fee)
}

fn superseded_value(earlier: &Superseded) -> Value {
    json!({
        "attempt": attempt_value(&earlier.attempt),
        "amount": earlier.amount,
        "state": stage(earlier.decision.as_ref()).as_str(),
        "why": earlier.decision.as_ref().map(why),
        "response": earlier.decision.as_ref().map(|decision| response_value(decision.response())),
        "first_at": earlier.first_at,
        "at": earlier.at,
        "times": earlier.times,
    })
}

fn by_hand_value(decision: &ByHand) -> Value {
    json!({
        "as": decision.verdict.as_str(),
        "by": decision.by,
        "person": decision.person,
        "reason": decision.reason,
        "at": decision.at,
    })
}

fn stage(decision: Option<&Decision>) -> Stage {
    decision.map_or(Stage::Unrecognized, Decision::stage)
}

/// The reason of a decision, in one word; empty for an approval.
fn why(decision: &Decision) -> &'static str {
    match decision {
        Decision::Approved(_) => "",
        Decision::Declined(_, decline) => decline.code.as_str(),
        Decision::NoEffect(_, reason) => reason.as_str(),
    }
}

/// The order's history, or one transaction's, for a person.
pub(crate) fn text(order: &Order, only: Option<Uuid>, now: Timestamp) -> String {
    let mut text = String::new();
    // Writing to a text cannot fail.
    write_order(&mut text, order, only, now).unwrap_or_default();
    text
}

/// One operation of an order, for a person.
pub(crate) fn operation_text(order: &Order, at: OperationRef) -> String {
    let mut text = String::new();
    if let Some(operation) = order.operation(at) {
        write_operation(&mut text, order, operation).unwrap_or_default();
    }
    text
}

fn write_order(text: &mut String, order: &Order, only: Option<Uuid>, now: Timestamp) -> fmt::Result {
    let money = |amount: Amount| format!("{} {}", order.currency.decimal(amount), order.currency);
    let balance = order.balance();
    writeln!(text, "order {} of merchant {}, version {}", order.id, order.merchant, order.version)?;
    writeln!(
        text,
        "  {}: total {}, authorized {}, paid {}, pending {}, returned {}",
        order.payment().as_str(),
        order.total.map_or_else(|| "kept by the merchant".to_owned(), money),
        money(balance.authorized),
        money(balance.paid),
        money(balance.pending),
        money(balance.returned)
    )?;
    for pause in &order.pauses {
        write_pause(text, pause)?;
    }
    for moved in &order.capture_moves {
        write_move(text, moved)?;
    }
    chosen(order, only).try_for_each(|transaction| write_transaction(text, order, transaction, now))
}

fn write_transaction(
    text: &mut String,
    order: &Order,
    transaction: &Transaction,
    now: Timestamp,
) -> fmt::Result {
    let money = |amount: Amount| format!("{} {}", order.currency.decimal(amount), order.currency);
    writeln!(text, "\ntransaction {}", transaction.id)?;
    writeln!(
        text,
        "  {} of {}, {}: captured {}, refunded {}, {}",
        transaction.kind.as_str(),
        money(transaction.amount()),
        words(transaction.word(now).as_str()),
        money(transaction.captured()),
        money(transaction.refunded()),
        transaction
            .reference()
            .map_or_else(|| "no reference".to_owned(), |retref| format!("retref {retref}"))
    )?;
    if let Some(Fees { kind, amount, captured, refunded }) = fees(transaction) {
        writeln!(
            text,
            "  {} of {}: captured {}, refunded {}",
            words(kind.as_str()),
            money(amount),
            money(captured),
            money(refunded)
        )?;
    }
    write_disputes(text, order, transaction)?;
    write_references(text, transaction)?;
    let card = transaction.card();
    writeln!(
        text,
        "  card {} ****{}, requested by {}, {}",
        card.and_then(|card| card.brand).map_or("of unknown brand", tollgate_core::values::Brand::name),
        card.and_then(|card| card.last_four.as_deref()).unwrap_or("????"),
        words(transaction.by.as_str()),
        time(transaction.created_at)
    )?;
    if let Some(at_shop) = order.at_shop(transaction) {
        let recorded = at_shop.step.map_or_else(|| "nothing".to_owned(), |step| words(step.as_str()));
        let reason = at_shop.difference.map(|why| format!(" ({})", words(why.as_str())));
        let state = words(at_shop.state.as_str());
        write!(
            text,
            "  in Elastic Path: {state}{}, on record there: {recorded}",
            reason.unwrap_or_default()
        )?;
        writeln!(text, "{}", at_shop.id.map_or_else(String::new, |id| format!(" {id}")))?;
    }
    if let Some(continued) = transaction.continues {
        writeln!(text, "  holds the rest of {continued}")?;
    }
    if let Some(expires) = transaction.authorization_expires_at {
        writeln!(text, "  the authorization is expected to end {}", time(expires))?;
    }
    write_schedule(text, order, transaction)?;
    for (n, operation) in transaction.operations.iter().enumerate() {
        write!(text, "  {}. ", n + 1)?;
        write_operation(text, order, operation)?;
    }
    Ok(())
}

/// A line for each chargeback and reversal on record, in the order in which they came.
fn write_disputes(text: &mut String, order: &Order, transaction: &Transaction) -> fmt::Result {
    for RecordedDispute { dispute, at, .. } in &transaction.disputes {
        let amount = order.currency.decimal(dispute.amount);
        let reason = [&dispute.reason_code, &dispute.reason].into_iter().flatten();
        let reason = reason.fold(String::new(), |told, one| told + ", " + one);
        let number = dispute.number.as_deref().map_or_else(String::new, |number| format!(" number {number}"));
        writeln!(
            text,
            "  {} of {amount} {}, case {}{number}{reason}, on record {}",
            dispute.kind.as_str(),
            order.currency,
            dispute.case,
            time(*at)
        )?;
    }
    if transaction.disputes.is_empty() {
        return Ok(());
    }
    let sum = order.currency.signed_decimal(transaction.disputed());
    writeln!(text, "  disputed {sum} {}", order.currency)
}

fn write_schedule(text: &mut String, order: &Order, transaction: &Transaction) -> fmt::Result {
    let Some(schedule) = &transaction.capture else { return Ok(()) };
    let standing = transaction.capture_standing();
    let standing =
        standing.map_or_else(|| "over".to_owned(), |standing| format!("{standing:?}").to_lowercase());
    let part = transaction.scheduled_amount().filter(|_| schedule.amount.is_some());
    let part = part.map_or_else(String::new, |part| format!(" of {}", order.currency.format(part)));
    write!(text, "  capture{part} scheduled for {}: {standing}", time(schedule.at))?;
    line_end(text, ", next attempt", order.next_capture_attempt(transaction))
}

/// The references that the merchant's systems know it by, one per line.
fn write_references(text: &mut String, transaction: &Transaction) -> fmt::Result {
    let References { custom_reference: _, name, description, metadata } = &transaction.references;
    let metadata = Some(metadata.line(usize::MAX)).filter(|line| !line.is_empty());
    let lines = [
        ("custom reference", transaction.custom_reference()),
        ("payment method", name.as_deref()),
        ("description", description.as_deref()),
        ("metadata", metadata.as_deref()),
    ];
    for (name, line) in lines.into_iter().filter_map(|(name, line)| Some((name, line?))) {
        writeln!(text, "  {name}: {line}")?;
    }
    Ok(())
}

fn write_pause(text: &mut String, pause: &Pause) -> fmt::Result {
    let mut write = |what: &str, at: Timestamp, by: Option<&Attribution>| {
        writeln!(text, "  scheduled captures {what} {}{}", time(at), with(by))
    };
    write("paused", pause.at, pause.by.as_deref())?;
    match &pause.resumed {
        Some(resumed) => write("resumed", resumed.at, resumed.by.as_deref()),
        None => Ok(()),
    }
}

fn write_move(text: &mut String, moved: &CaptureMove) -> fmt::Result {
    let to = moved.to.map_or_else(|| "canceled".to_owned(), |to| format!("moved to {}", time(to)));
    let by = with(moved.by.as_deref());
    writeln!(text, "  scheduled capture of {} {to}, {}{by}", moved.transaction, time(moved.at))
}

fn with(by: Option<&Attribution>) -> String {
    by.map_or_else(String::new, |by| format!(" with {}", who_and_why(by)))
}

/// Who requested something and why, as far as it was told.
pub(crate) fn who_and_why(told: &Attribution) -> String {
    let told = [
        ("key", &told.key_name),
        ("person", &told.person),
        ("proposed by", &told.proposed_by),
        ("actor", &told.actor),
        ("reason", &told.reason),
    ];
    let told = told.into_iter().filter_map(|(name, said)| Some(format!("{name} {}", said.as_ref()?)));
    told.collect::<Vec<_>>().join(", ")
}

fn write_operation(text: &mut String, order: &Order, operation: &Operation) -> fmt::Result {
    let Attempt { number, at, gateway_order_id, .. } = &operation.attempt;
    writeln!(
        text,
        "{} of {} {}: {}",
        operation.kind.as_str(),
        order.currency.decimal(operation.amount),
        order.currency,
        words(operation.stage().as_str())
    )?;
    let plural = if *number == 1 { "" } else { "s" };
    writeln!(
        text,
        "     {} ({}), {number} attempt{plural}, first {}, last {}",
        words(operation.by.as_str()),
        words(operation.cause.as_str()),
        time(operation.created_at),
        time(*at)
    )?;
    if let Some(told) = operation.attribution.as_deref() {
        writeln!(text, "     requested with {}", who_and_why(told))?;
    }
    let mode = mode(&operation.route);
    if operation.is(Stage::WaitsForDispute) {
        writeln!(text, "     held back while a chargeback of the order is open")?;
    }
    if *number > 0 || !operation.is(Stage::WaitsForDispute) {
        writeln!(text, "     sent to {mode} MID {} as {gateway_order_id}", operation.route.account)?;
    }
    if let Some(response) = operation.response() {
        write_response(text, order, response)?;
    }
    if let Some(decline) = operation.decline() {
        write_decline(text, operation, decline)?;
    }
    if let Some(reason) = operation.no_effect() {
        writeln!(text, "     did nothing: {}", words(reason.as_str()))?;
    }
    if let Some(pending) = operation.pending() {
        let why =
            pending.doubt.map_or_else(|| "no outcome on record".to_owned(), |doubt| words(doubt.as_str()));
        write!(text, "     in doubt: {why}, the gateway has responded {} times", pending.inquiries)?;
        line_end(text, ", next inquiry", Some(pending.next_inquiry_at))?;
        if let Some(since) = pending.absent_since {
            writeln!(text, "     the gateway shows no trace of it, seen {}", time(since))?;
        }
    }
    if let Some(at) = operation.last_look_at {
        writeln!(text, "     looked for once more {}", time(at))?;
    }
    for earlier in &operation.superseded {
        let decision = earlier.decision.as_ref();
        let (stage, why) = (words(stage(decision).as_str()), words(decision.map_or("", why)));
        let times = if earlier.times == 1 { String::new() } else { format!(", {} times", earlier.times) };
        writeln!(text, "     before: {stage}, {why}{times}, {}", time(earlier.at))?;
    }
    for decision in &operation.by_hand {
        let (verdict, by, at) = (words(decision.verdict.as_str()), &decision.by, time(decision.at));
        let person = decision.person.as_ref().map(|person| format!(" ({person})")).unwrap_or_default();
        writeln!(text, "     decided by hand: {verdict}, by {by}{person}, {at}: {}", decision.reason)?;
    }
    Ok(())
}

/// The decline with its ban and the ban's end; and the words of the card's scheme.
fn write_decline(text: &mut String, operation: &Operation, decline: Decline) -> fmt::Result {
    let (code, advice) = (words(decline.code.as_str()), words(decline.advice().as_str()));
    write!(text, "     declined: {code}, {advice}")?;
    if let Some(scope) = scope(decline) {
        // All that forbids something for good advises not to retry.
        write!(text, " the {}", scope.as_str())?;
    }
    let retry_at = operation.retry_at();
    line_end(text, if retry_at.is_some() { ", not before" } else { "" }, retry_at)?;
    let scheme = operation.response().and_then(|response| response.scheme.as_deref());
    scheme.map_or(Ok(()), |scheme| write_scheme(text, scheme))
}

fn write_scheme(text: &mut String, stated: &SchemeWords) -> fmt::Result {
    let stated = [("advice", &stated.advice), ("response", &stated.response), ("category", &stated.category)];
    let parts = stated.iter().filter_map(|(name, stated)| {
        let SchemeCode { code, text } = stated.as_ref()?;
        let text = text.as_ref().map(|text| format!(" {text}")).unwrap_or_default();
        Some(format!("{name} {code}{text}"))
    });
    writeln!(text, "     scheme: {}", parts.collect::<Vec<_>>().join("; "))
}

fn write_response(text: &mut String, order: &Order, response: &GatewayResponse) -> fmt::Result {
    let amount = response.amount().map(|amount| order.currency.decimal(amount));
    let fee = fee(response).map(|fee| order.currency.decimal(fee.amount));
    let parts = [
        ("respstat", &response.status),
        ("respproc", &response.processor),
        ("respcode", &response.code),
        ("retref", &response.reference),
        ("authcode", &response.authcode),
        ("avs", &response.avs),
        ("cvv", &response.cvv),
        ("amount", &amount),
        ("fee", &fee),
        ("resptext", &response.text),
    ];
    let parts = parts.iter().filter_map(|(name, part)| Some(format!("{name} {}", part.as_ref()?)));
    let parts: Vec<_> = parts.collect();
    if parts.is_empty() { Ok(()) } else { writeln!(text, "     gateway: {}", parts.join(", ")) }
}

fn line_end(text: &mut String, before: &str, at: Option<Timestamp>) -> fmt::Result {
    match at {
        Some(at) => writeln!(text, "{before} {}", time(at)),
        None => writeln!(text),
    }
}

pub(super) fn chosen(order: &Order, only: Option<Uuid>) -> impl Iterator<Item = &Transaction> {
    order.transactions.iter().filter(move |transaction| only.is_none_or(|id| transaction.id == id))
}

/// A name in words.
pub(crate) fn words(name: &str) -> String {
    name.replace('_', " ")
}

/// Whole seconds are enough to read; JSON has all of them.
pub(crate) fn time(at: Timestamp) -> impl Display {
    at.strftime("%Y-%m-%dT%H:%M:%SZ")
}

/// An amount as it is typed and read: `25.99 USD`.
pub(crate) fn money(order: &Order, amount: Amount) -> impl Display {
    format!("{} {}", order.currency.decimal(amount), order.currency)
}

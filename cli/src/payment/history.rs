//! An order's history in words and in JSON. Holds no card number, because none is stored, and no token of a card.

use std::fmt::{self, Display, Write};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
use tollgate::{
    money::Amount,
    operation::Operation,
    order::{At, Order},
    outcome::Answer,
    transaction::Transaction,
};
use uuid::Uuid;

/// What of an operation is no use to a person: what makes equal requests, and the key's digest.
const LEFT_OUT: [&str; 2] = ["fingerprint", "key"];

/// For a machine. Amounts are minor units.
pub(crate) fn value(order: &Order, only: Option<Uuid>) -> Value {
    let balance = order.balance();
    let transactions = chosen(order, only).map(transaction_value);
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
        "version": order.version,
        "created_at": order.created_at,
        "updated_at": order.updated_at,
        "transactions": transactions.collect::<Vec<_>>(),
    })
}

fn transaction_value(transaction: &Transaction) -> Value {
    let schedule = transaction.capture.as_ref().map(|schedule| {
        json!({
            "at": schedule.at,
            "standing": transaction.capture_standing().map(|standing| format!("{standing:?}").to_lowercase()),
            "next_attempt_at": transaction.next_capture_attempt(),
            "lapsed": schedule.lapsed,
        })
    });
    json!({
        "id": transaction.id,
        "method": transaction.method,
        "status": transaction.status().as_str(),
        "amount": transaction.amount(),
        "captured": transaction.captured(),
        "refunded": transaction.refunded(),
        "reference": transaction.reference(),
        "custom_reference": transaction.custom_reference,
        "merchant_reference": transaction.memo.as_ref().map(|memo| &memo.reference),
        "card": {
            "brand": transaction.card.brand.map(tollgate::card::Brand::name),
            "last_four": transaction.card.last_four,
            "expiry": transaction.card.expiry.map(tollgate::card::Expiry::mmyy),
        },
        "by": transaction.by,
        "authorization_expires_at": transaction.authorization_expires_at,
        "scheduled_capture": schedule,
        "created_at": transaction.created_at,
        "updated_at": transaction.updated_at,
        "operations": transaction.operations.iter().map(operation_value).collect::<Vec<_>>(),
    })
}

fn operation_value(operation: &Operation) -> Value {
    let mut value = serde_json::to_value(operation).unwrap_or_default();
    if let Some(members) = value.as_object_mut() {
        for name in LEFT_OUT {
            members.shift_remove(name);
        }
        members.insert("with_idempotency_key".to_owned(), json!(operation.key.is_some()));
    }
    value
}

/// For a person.
pub(crate) fn text(order: &Order, only: Option<Uuid>) -> String {
    let mut text = String::new();
    // Writing to a text cannot fail.
    write_order(&mut text, order, only).unwrap_or_default();
    text
}

/// One operation of an order, for a person.
pub(crate) fn operation_text(order: &Order, at: At) -> String {
    let mut text = String::new();
    if let Some(operation) = order.operation(at) {
        write_operation(&mut text, order, operation).unwrap_or_default();
    }
    text
}

fn write_order(text: &mut String, order: &Order, only: Option<Uuid>) -> fmt::Result {
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
    for transaction in chosen(order, only) {
        writeln!(text, "\ntransaction {}", transaction.id)?;
        writeln!(
            text,
            "  {} of {}, {}: captured {}, refunded {}, {}",
            word(transaction.method),
            money(transaction.amount()),
            transaction.status().as_str(),
            money(transaction.captured()),
            money(transaction.refunded()),
            transaction
                .reference()
                .map_or_else(|| "no reference".to_owned(), |retref| format!("retref {retref}"))
        )?;
        let card = &transaction.card;
        writeln!(
            text,
            "  card {} ****{}, asked by {}, {}",
            card.brand.map_or("of unknown brand", tollgate::card::Brand::name),
            card.last_four.as_deref().unwrap_or("????"),
            word(transaction.by),
            time(transaction.created_at)
        )?;
        if let Some(expires) = transaction.authorization_expires_at {
            writeln!(text, "  the authorization is expected to end {}", time(expires))?;
        }
        if let Some(schedule) = &transaction.capture {
            let standing = transaction.capture_standing();
            let standing =
                standing.map_or_else(|| "over".to_owned(), |standing| format!("{standing:?}").to_lowercase());
            write!(text, "  capture scheduled for {}: {standing}", time(schedule.at))?;
            line_end(text, ", next attempt", transaction.next_capture_attempt())?;
        }
        for (n, operation) in transaction.operations.iter().enumerate() {
            write!(text, "  {}. ", n + 1)?;
            write_operation(text, order, operation)?;
        }
    }
    Ok(())
}

fn write_operation(text: &mut String, order: &Order, operation: &Operation) -> fmt::Result {
    writeln!(
        text,
        "{} of {} {}: {}",
        word(operation.kind),
        order.currency.decimal(operation.amount),
        order.currency,
        word(operation.state)
    )?;
    let plural = if operation.attempts == 1 { "" } else { "s" };
    writeln!(
        text,
        "     {} ({}), {} attempt{plural}, first {}, last {}",
        word(operation.by),
        word(operation.cause),
        operation.attempts,
        time(operation.created_at),
        time(operation.attempted_at)
    )?;
    writeln!(text, "     sent to MID {} as {}", operation.route.merchid, operation.gateway_order_id)?;
    if let Some(answer) = &operation.answer {
        write_answer(text, order, answer)?;
    }
    if let Some(decline) = operation.decline {
        writeln!(text, "     declined: {}, {}", word(decline.code), word(decline.advice))?;
    }
    if let Some(not_done) = operation.not_done {
        writeln!(text, "     did nothing: {}", word(not_done))?;
    }
    if operation.doubt.is_some() || operation.next_inquiry_at.is_some() {
        let why = operation.doubt.map_or_else(|| "no outcome on record".to_owned(), word);
        write!(text, "     in doubt: {why}, the gateway has answered {} times", operation.inquiries)?;
        line_end(text, ", asked next", operation.next_inquiry_at)?;
    }
    if let Some(since) = operation.absent_since {
        writeln!(text, "     the gateway shows no trace of it, seen {}", time(since))?;
    }
    if let Some(at) = operation.last_look_at {
        writeln!(text, "     looked for once more {}", time(at))?;
    }
    for decision in &operation.by_hand {
        let (verdict, by, at) = (word(decision.verdict), &decision.by, time(decision.at));
        writeln!(text, "     decided by hand: {verdict}, by {by}, {at}: {}", decision.reason)?;
    }
    Ok(())
}

fn write_answer(text: &mut String, order: &Order, answer: &Answer) -> fmt::Result {
    let amount = answer.amount.map(|amount| order.currency.decimal(amount));
    let parts = [
        ("respstat", &answer.respstat),
        ("respproc", &answer.respproc),
        ("respcode", &answer.respcode),
        ("retref", &answer.retref),
        ("authcode", &answer.authcode),
        ("avs", &answer.avs),
        ("cvv", &answer.cvv),
        ("amount", &amount),
        ("resptext", &answer.resptext),
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

fn chosen(order: &Order, only: Option<Uuid>) -> impl Iterator<Item = &Transaction> {
    order.transactions.iter().filter(move |transaction| only.is_none_or(|id| transaction.id == id))
}

/// The name under which a value is stored, in words.
pub(crate) fn word(value: impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(text)) => text.replace('_', " "),
        _ => String::new(),
    }
}

/// Whole seconds are enough to read; JSON has all of them.
pub(crate) fn time(at: Timestamp) -> impl Display {
    at.strftime("%Y-%m-%dT%H:%M:%SZ")
}

/// An amount as it is typed and read: `25.99 USD`.
pub(crate) fn money(order: &Order, amount: Amount) -> impl Display {
    format!("{} {}", order.currency.decimal(amount), order.currency)
}

//! A list of payments: as a table for a person, in JSON, and as CSV.

use jiff::Timestamp;
use serde_json::{Value, json};
use tollgate::{
    elastic_path::transaction_status,
    spreadsheet::{UNREADABLE, payments::codes},
};
use tollgate_core::{
    journal::{BadRow, Concern, Predicate, Row, Wanted, fees},
    values::Brand,
};

use super::history::{beside, fees_value, time, words};
use crate::{
    report::Report,
    table::{aligned, padded},
};

/// The columns of a table, and the additional one in a list of payments that need attention.
const HEADER: [&str; 9] =
    ["TIME", "STATE", "AMOUNT", "CAPTURED", "REFUNDED", "CARD", "RETREF", "ORDER", "TRANSACTION"];
const NEEDS: &str = "NEEDS";

/// As wide as most cells are.
const WIDTHS: [usize; 9] = [20, 15, 12, 8, 8, 15, 12, 36, 36];

/// Notes on a list besides its rows.
#[derive(Default)]
pub(super) struct Rest {
    /// Where the next list begins; none at the end.
    pub(super) next: Option<String>,
    /// Items that may belong to the list and cannot be read.
    pub(super) unreadable: Vec<BadRow>,
}

/// The rows found, and where the next list begins.
pub(super) fn report(wanted: &Wanted<'_>, rows: &[Row], rest: &Rest, newest: Option<Timestamp>) -> Report {
    let &Wanted { merchant, now, since, until, predicates, .. } = wanted;
    let come = journal_has_come(newest);
    let plural = if rows.len() == 1 { "" } else { "s" };
    let needs_attention = predicates.iter().any(|one| matches!(one, Predicate::NeedsAttention(_)));
    let mut text = table(rows, needs_attention, now);
    text.extend(rest.unreadable.iter().map(bad_line));
    text.push(format!("{} payment{plural}; {come}", rows.len()));
    text.extend(more(rest));
    let value = json!({
        "merchant": merchant,
        "since": since,
        "until": until,
        "newest_entry_at": newest,
        "next": rest.next,
        "unreadable": rest.unreadable.iter().map(bad_value).collect::<Vec<_>>(),
        "payments": rows.iter().filter_map(|row| value(row, now)).collect::<Vec<_>>(),
    });
    Report::new(text.join("\n"), value)
}

/// The rows, and below them the advice on each code.
fn table(rows: &[Row], needs_attention: bool, now: Timestamp) -> Vec<String> {
    let mut header: Vec<String> = HEADER.map(str::to_owned).to_vec();
    let mut there: Vec<Concern> = Vec::new();
    header.extend(needs_attention.then(|| NEEDS.to_owned()));
    let mut lines = vec![header];
    for row in rows {
        let Some(mut line) = cells(row, now) else { continue };
        if needs_attention {
            let found = row.concerns(now);
            line.push(codes(&found));
            there.extend(found);
        }
        lines.push(line);
    }
    let mut text = aligned(&lines);
    let what = Concern::ALL.iter().filter(|concern| there.contains(concern));
    text.extend(what.map(|concern| format!("{}: {}", concern.as_str(), concern.advice())));
    text
}

/// How complete the list can be.
pub(crate) fn journal_has_come(newest: Option<Timestamp>) -> String {
    newest.map_or_else(
        || "the journal has no entry".to_owned(),
        |newest| format!("the journal has come to {}", time(newest)),
    )
}

/// Where there may be more, and which items are missing.
pub(super) fn more(rest: &Rest) -> Vec<String> {
    let bad = rest.unreadable.len();
    let unreadable = (bad > 0).then(|| format!("{bad} cannot be read, and may or may not belong here"));
    let next = rest.next.as_ref().map(|next| format!("There may be more: --next '{next}'"));
    unreadable.into_iter().chain(next).collect()
}

/// An item that cannot be read, as a line.
pub(crate) fn bad_line(row: &BadRow) -> String {
    let at = row.at.map_or_else(|| "-".to_owned(), |at| time(at).to_string());
    format!("{at}  {UNREADABLE}: {}: {}", row.item.key, row.item.reason)
}

/// The same in JSON.
pub(crate) fn bad_value(row: &BadRow) -> Value {
    json!({
        "at": row.at,
        "status": UNREADABLE,
        "order": row.order,
        "transaction": row.transaction,
        "key": row.item.key,
        "reason": row.item.reason,
    })
}

fn cells(row: &Row, now: Timestamp) -> Option<Vec<String>> {
    let order = &row.order;
    let transaction = order.transaction(row.transaction)?;
    let decimal = |amount| order.currency.decimal(amount);
    let digits = transaction.card().and_then(|card| card.last_four.as_deref()).unwrap_or("????");
    let brand = transaction.card().and_then(|card| card.brand).map_or("card", Brand::name);
    Some(vec![
        time(row.at).to_string(),
        words(transaction.word(now).as_str()),
        format!("{} {}{}", decimal(transaction.amount()), order.currency, beside(order, transaction)),
        decimal(transaction.captured()),
        decimal(transaction.refunded()),
        format!("{brand} {digits}"),
        transaction.reference().unwrap_or("-").to_owned(),
        order.id.to_string(),
        transaction.id.to_string(),
    ])
}

/// A payment as one line, without knowing the lines before and after it.
pub(super) fn line(row: &Row, now: Timestamp) -> Option<String> {
    cells(row, now).map(|cells| padded(&cells, &WIDTHS))
}

/// Amounts are minor units.
pub(crate) fn value(row: &Row, now: Timestamp) -> Option<Value> {
    let order = &row.order;
    let transaction = order.transaction(row.transaction)?;
    let needs = row.concerns(now);
    let needs = needs.iter().map(|concern| json!({"code": concern.as_str(), "advice": concern.advice()}));
    let left = transaction.left(now);
    Some(json!({
        "at": row.at,
        "order": order.id,
        "transaction": transaction.id,
        "method": transaction.kind.as_str(),
        "status": transaction_status(transaction.status()),
        "state": transaction.word(now).as_str(),
        "currency": order.currency.code(),
        "amount": transaction.amount(),
        "captured": transaction.captured(),
        "refunded": transaction.refunded(),
        "capturable": left.capturable,
        "refundable": left.refundable,
        "version": order.version,
        "fee": fees(transaction).map(fees_value),
        "brand": transaction.card().and_then(|card| card.brand).map(Brand::name),
        "last_four": transaction.card().and_then(|card| card.last_four.as_ref()),
        "reference": transaction.reference(),
        "custom_reference": transaction.custom_reference(),
        "merchant_reference": transaction.memo.as_ref().map(|memo| &memo.reference),
        "authorization_expires_at": transaction.authorization_expires_at,
        "next_capture_attempt": order.next_capture_attempt(transaction),
        "needs_attention": needs.collect::<Vec<_>>(),
    }))
}

//! A total as a line of a file, and as an object with the same names.

use serde_json::{Map, Value, json};

use tollgate_core::journal::read_totals::{Dimension, Period, Selection, TotalRow};

/// The names of the columns. Columns of the journal keep their names. No name ever changes; a
/// release may add some at the end.
pub const COLUMNS: [&str; 23] = [
    "period",
    "currency",
    "operation",
    "fact",
    "mid",
    "brand",
    "decline_code",
    "count",
    "amount",
    "held",
    "paid",
    "returned",
    "at_gateway",
    "fees_at_gateway",
    "approved",
    "declined",
    "payments",
    "approval_rate",
    "decline_rate",
    "provisional",
    "disputed",
    "issuer_approved",
    "issuer_approval_rate",
];

/// A row of a report, with its period and selection.
#[derive(Clone, Copy)]
pub struct Shown<'a> {
    /// The dimensions that the report tells apart.
    pub selection: &'a Selection,
    pub period: &'a Period,
    pub row: &'a TotalRow,
    /// Whether it can still change.
    pub is_provisional: bool,
}

/// Ten-thousandths as a decimal fraction.
fn rate(share: u64) -> String {
    format!("{}.{:04}", share / 10_000, share % 10_000)
}

/// The cells of a total, one for each column. Amounts have the currency's decimals. A value that is
/// not known, not told apart, or would be the sum of different facts, is empty.
pub fn cells(shown: Shown<'_>) -> [String; COLUMNS.len()] {
    let Shown { selection, period, row, is_provisional } = shown;
    let TotalRow { line, total, approved, declined, payments, .. } = row;
    let decimal = |minor| line.currency.signed_decimal(minor);
    let value = |dimension| line.value(dimension).unwrap_or_default().to_owned();
    let of_facts = |text: String| if selection.counts_facts() { text } else { String::new() };
    let changes = total.changes;
    [
        period.name.clone(),
        line.currency.to_string(),
        value(Dimension::Operation),
        value(Dimension::Fact),
        value(Dimension::Mid),
        value(Dimension::Brand),
        value(Dimension::DeclineCode),
        of_facts(total.count.to_string()),
        of_facts(decimal(total.amount)),
        decimal(changes.held),
        decimal(changes.paid),
        decimal(changes.returned),
        decimal(changes.gateway),
        decimal(changes.fees),
        approved.to_string(),
        declined.to_string(),
        payments.to_string(),
        row.approval_rate().map(rate).unwrap_or_default(),
        row.decline_rate().map(rate).unwrap_or_default(),
        if is_provisional { "yes" } else { "no" }.to_owned(),
        decimal(changes.disputed),
        row.issuer_approved.to_string(),
        row.issuer_approval_rate().map(rate).unwrap_or_default(),
    ]
}

/// The same as an object, with when the period begins and ends. Amounts are minor units. It has the
/// dimensions that the report tells apart.
pub fn value(shown: Shown<'_>) -> Value {
    let Shown { selection, period, row, is_provisional } = shown;
    let TotalRow { line, total, approved, declined, payments, .. } = row;
    let mut value = json!({
        "period": period.name,
        "begins_at": period.begins,
        "ends_at": period.ends,
        "currency": line.currency.code(),
        "held": total.changes.held,
        "paid": total.changes.paid,
        "returned": total.changes.returned,
        "at_gateway": total.changes.gateway,
        "fees_at_gateway": total.changes.fees,
        "disputed": total.changes.disputed,
        "approved": approved,
        "declined": declined,
        "payments": payments,
        "approval_rate": row.approval_rate().map(fraction),
        "decline_rate": row.decline_rate().map(fraction),
        "issuer_approved": row.issuer_approved,
        "issuer_approval_rate": row.issuer_approval_rate().map(fraction),
        "provisional": is_provisional,
    });
    let dimensions = selection.by.iter().map(|one| (one.as_str(), json!(line.value(*one))));
    let mut more: Map<String, Value> = dimensions.map(|(name, value)| (name.to_owned(), value)).collect();
    if selection.counts_facts() {
        more.insert("count".to_owned(), total.count.into());
        more.insert("amount".to_owned(), json!(total.amount));
    }
    if let Some(members) = value.as_object_mut() {
        members.extend(more);
    }
    value
}

/// Ten-thousandths as a number.
fn fraction(share: u64) -> Value {
    rate(share).parse::<f64>().map_or(Value::Null, Value::from)
}

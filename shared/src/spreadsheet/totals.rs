//! A total as a line of a file, and as an object with the same names.

use serde_json::{Map, Value, json};

use tollgate_core::{
    journal::read_totals::{Dimension, Period, Selection, TotalRow},
    values::SignedAmount,
};

use super::{FileColumn, FileRow, column};

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

impl Shown<'_> {
    fn decimal(&self, minor: impl Into<SignedAmount>) -> String {
        self.row.line.currency.signed_decimal(minor)
    }

    fn told_apart(&self, dimension: Dimension) -> String {
        self.row.line.value(dimension).unwrap_or_default().to_owned()
    }

    /// Empty where it would be the sum of different facts.
    fn of_facts(&self, text: String) -> String {
        if self.selection.counts_facts() { text } else { String::new() }
    }
}

/// Columns of the journal keep their names.
impl FileRow for Shown<'_> {
    fn columns() -> Vec<FileColumn<Self>> {
        let columns: [FileColumn<Self>; 25] = [
            column("period", |it| it.period.name.clone()),
            column("currency", |it| it.row.line.currency.to_string()),
            column("operation", |it| it.told_apart(Dimension::Operation)),
            column("fact", |it| it.told_apart(Dimension::Fact)),
            column("mid", |it| it.told_apart(Dimension::Mid)),
            column("brand", |it| it.told_apart(Dimension::Brand)),
            column("decline_code", |it| it.told_apart(Dimension::DeclineCode)),
            column("count", |it| it.of_facts(it.row.total.count.to_string())),
            column("amount", |it| it.of_facts(it.decimal(it.row.total.amount))),
            column("held", |it| it.decimal(it.row.total.changes.held)),
            column("paid", |it| it.decimal(it.row.total.changes.paid)),
            column("returned", |it| it.decimal(it.row.total.changes.returned)),
            column("at_gateway", |it| it.decimal(it.row.total.changes.gateway)),
            column("fees_at_gateway", |it| it.decimal(it.row.total.changes.fees)),
            column("approved", |it| it.row.approved.to_string()),
            column("declined", |it| it.row.declined.to_string()),
            column("payments", |it| it.row.payments.to_string()),
            column("approval_rate", |it| it.row.approval_rate().map(rate).unwrap_or_default()),
            column("decline_rate", |it| it.row.decline_rate().map(rate).unwrap_or_default()),
            column("provisional", |it| if it.is_provisional { "yes" } else { "no" }.to_owned()),
            column("disputed", |it| it.decimal(it.row.total.changes.disputed)),
            column("issuer_approved", |it| it.row.issuer_approved.to_string()),
            column("issuer_approval_rate", |it| it.row.issuer_approval_rate().map(rate).unwrap_or_default()),
            column("approved_amount", |it| it.decimal(it.row.approved_amount)),
            column("refunds", |it| it.row.refund_count.to_string()),
        ];
        columns.into()
    }
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
        "approved_amount": row.approved_amount,
        "declined": declined,
        "payments": payments,
        "refunds": row.refund_count,
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

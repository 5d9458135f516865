//! A total as a line of a file, and as an object with the same names.

use tollgate_core::{
    journal::read_totals::{Dimension, Period, Selection, TotalRow},
    values::SignedAmount,
};
use tollgate_wire::{DeclineShare, OrNull, TotalFigures, TotalMembers, Word};

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
pub fn value(shown: Shown<'_>) -> TotalMembers {
    let Shown { selection, period, row, is_provisional } = shown;
    let TotalRow { line, total, .. } = row;
    let by = |dimension| selection.is_by(dimension).then(|| line.value(dimension));
    let counts_facts = selection.counts_facts();
    TotalMembers {
        period: period.name.clone(),
        begins_at: period.begins,
        ends_at: period.ends,
        figures: figures(row),
        provisional: is_provisional,
        operation: by(Dimension::Operation).flatten().map(Word::read),
        fact: by(Dimension::Fact).flatten().map(Word::read),
        mid: by(Dimension::Mid).flatten().map(str::to_owned),
        brand: by(Dimension::Brand).map(or_null).unwrap_or_default(),
        decline_code: by(Dimension::DeclineCode).map(or_null).unwrap_or_default(),
        count: counts_facts.then_some(total.count),
        amount: counts_facts.then_some(total.amount.into()),
    }
}

/// The declined payments of one code.
pub fn decline_share(row: &TotalRow) -> DeclineShare {
    DeclineShare {
        currency: row.line.currency.code().to_owned(),
        decline_code: row.line.decline.clone().unwrap_or_default(),
        declined: row.declined,
        decline_rate: row.decline_rate().and_then(fraction),
    }
}

/// The numbers of a row.
pub fn figures(row: &TotalRow) -> TotalFigures {
    TotalFigures {
        currency: row.line.currency.code().to_owned(),
        changes: row.total.changes.into(),
        approved: row.approved,
        approved_amount: row.approved_amount.into(),
        declined: row.declined,
        payments: row.payments,
        refund_count: row.refund_count,
        approval_rate: row.approval_rate().and_then(fraction),
        decline_rate: row.decline_rate().and_then(fraction),
        issuer_approved: row.issuer_approved,
        issuer_approval_rate: row.issuer_approval_rate().and_then(fraction),
    }
}

fn or_null(text: Option<&str>) -> OrNull<String> {
    text.map(str::to_owned).into()
}

/// Ten-thousandths as a number.
fn fraction(share: u64) -> Option<f64> {
    rate(share).parse().ok()
}

//! A list of payments: as a table for a person, in JSON, and as CSV.

use jiff::Timestamp;
use serde_json::{Value, json};
use tollgate::{
    card::Brand,
    concern::{Concern, concerns},
    listing::Row,
    order::MerchantId,
};

use super::history::{time, words};
use crate::{report::Report, table::aligned};

/// The columns of a table, and the one that it has where it is asked what needs attention.
const HEADER: [&str; 9] =
    ["TIME", "STATUS", "AMOUNT", "CAPTURED", "REFUNDED", "CARD", "RETREF", "ORDER", "TRANSACTION"];
const NEEDS: &str = "NEEDS";

/// The columns of CSV. Names are never changed.
pub(super) const CSV_HEADER: [&str; 15] = [
    "time",
    "status",
    "method",
    "currency",
    "amount",
    "captured",
    "refunded",
    "brand",
    "last_four",
    "retref",
    "custom_reference",
    "merchant_reference",
    "order",
    "transaction",
    "needs_attention",
];

/// What was found.
pub(super) struct Found<'a> {
    pub(super) now: Timestamp,
    pub(super) merchant: &'a MerchantId,
    pub(super) since: Timestamp,
    pub(super) until: Timestamp,
    pub(super) needs_attention: bool,
    pub(super) rows: Vec<Row>,
    pub(super) next: Option<String>,
    pub(super) more_in_doubt: bool,
    pub(super) newest: Option<Timestamp>,
}

impl Found<'_> {
    pub(super) fn report(&self) -> Report {
        let come = journal_has_come(self.newest);
        let plural = if self.rows.len() == 1 { "" } else { "s" };
        let mut text = self.table();
        text.push(format!("{} payment{plural}; {come}", self.rows.len()));
        text.extend(more(self.next.as_deref(), self.more_in_doubt));
        let value = json!({
            "merchant": self.merchant,
            "since": self.since,
            "until": self.until,
            "newest_entry_at": self.newest,
            "next": self.next,
            "more_in_doubt": self.more_in_doubt,
            "payments": self.rows.iter().filter_map(|row| value(row, self.now)).collect::<Vec<_>>(),
        });
        Report::new(text.join("\n"), value)
    }

    /// The rows, and below them what to do about each code.
    fn table(&self) -> Vec<String> {
        let mut header: Vec<String> = HEADER.map(str::to_owned).to_vec();
        let mut there: Vec<Concern> = Vec::new();
        header.extend(self.needs_attention.then(|| NEEDS.to_owned()));
        let mut lines = vec![header];
        for row in &self.rows {
            let Some(mut line) = cells(row) else { continue };
            if self.needs_attention {
                let found = needs(row, self.now);
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
}

/// How far what is shown can be complete.
pub(crate) fn journal_has_come(newest: Option<Timestamp>) -> String {
    newest.map_or_else(
        || "the journal has no entry of today or yesterday".to_owned(),
        |newest| format!("the journal has come to {}", time(newest)),
    )
}

/// Where there may be more.
pub(super) fn more(next: Option<&str>, more_in_doubt: bool) -> Vec<String> {
    let in_doubt = more_in_doubt.then(|| "More are in doubt: raise --limit".to_owned());
    let next = next.map(|next| format!("There may be more: --next '{next}'"));
    in_doubt.into_iter().chain(next).collect()
}

fn needs(row: &Row, now: Timestamp) -> Vec<Concern> {
    let transaction = row.order.transaction(row.transaction);
    transaction.map(|transaction| concerns(&row.order, transaction, now)).unwrap_or_default()
}

fn codes(found: &[Concern]) -> String {
    found.iter().map(|concern| concern.as_str()).collect::<Vec<_>>().join(" ")
}

fn cells(row: &Row) -> Option<Vec<String>> {
    let order = &row.order;
    let transaction = order.transaction(row.transaction)?;
    let decimal = |amount| order.currency.decimal(amount);
    let digits = transaction.card.last_four.as_deref().unwrap_or("????");
    let brand = transaction.card.brand.map_or("card", Brand::name);
    Some(vec![
        time(row.at).to_string(),
        words(transaction.status().as_str()),
        format!("{} {}", decimal(transaction.amount()), order.currency),
        decimal(transaction.captured()),
        decimal(transaction.refunded()),
        format!("{brand} {digits}"),
        transaction.reference().unwrap_or("-").to_owned(),
        order.id.to_string(),
        transaction.id.to_string(),
    ])
}

/// Amounts have the currency's decimals; what is not known is empty.
pub(super) fn csv_line(row: &Row, now: Timestamp) -> Option<Vec<String>> {
    let order = &row.order;
    let transaction = order.transaction(row.transaction)?;
    let decimal = |amount| order.currency.decimal(amount);
    let known = |text: Option<&str>| text.unwrap_or_default().to_owned();
    Some(vec![
        time(row.at).to_string(),
        transaction.status().as_str().to_owned(),
        transaction.method.as_str().to_owned(),
        order.currency.to_string(),
        decimal(transaction.amount()),
        decimal(transaction.captured()),
        decimal(transaction.refunded()),
        known(transaction.card.brand.map(Brand::name)),
        known(transaction.card.last_four.as_deref()),
        known(transaction.reference()),
        known(transaction.custom_reference.as_deref()),
        known(transaction.memo.as_ref().map(|memo| memo.reference.as_str())),
        order.id.to_string(),
        transaction.id.to_string(),
        codes(&needs(row, now)),
    ])
}

/// Amounts are minor units.
fn value(row: &Row, now: Timestamp) -> Option<Value> {
    let order = &row.order;
    let transaction = order.transaction(row.transaction)?;
    let needs = needs(row, now);
    let needs = needs.iter().map(|concern| json!({"code": concern.as_str(), "advice": concern.advice()}));
    Some(json!({
        "at": row.at,
        "order": order.id,
        "transaction": transaction.id,
        "method": transaction.method.as_str(),
        "status": transaction.status().as_str(),
        "currency": order.currency.code(),
        "amount": transaction.amount(),
        "captured": transaction.captured(),
        "refunded": transaction.refunded(),
        "brand": transaction.card.brand.map(Brand::name),
        "last_four": transaction.card.last_four,
        "reference": transaction.reference(),
        "custom_reference": transaction.custom_reference,
        "merchant_reference": transaction.memo.as_ref().map(|memo| &memo.reference),
        "authorization_expires_at": transaction.authorization_expires_at,
        "next_capture_attempt": transaction.next_capture_attempt(),
        "needs_attention": needs.collect::<Vec<_>>(),
    }))
}

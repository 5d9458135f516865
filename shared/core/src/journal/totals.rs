//! Sums over entries, by currency, operation, fact, gateway account, brand and decline code: a pure fold, the same in
//! whatever order and parts the entries come.

use std::{collections::BTreeMap, ops::AddAssign};

use jiff::Timestamp;

use super::{Changes, Entry};
use crate::values::{Amount, Brand, Currency, DeclineCode};

/// An entry, as far as totals need it. Words instead of enums: an entry of a newer version is counted under its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CountedEntry {
    /// When the fact was decided.
    pub at: Timestamp,
    /// What it is counted under.
    pub line: TotalLine,
    /// What the fact is about.
    pub amount: Amount,
    /// By how much it changes each balance.
    pub changes: Changes,
}

/// What one total is of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TotalLine {
    /// The currency of all amounts.
    pub currency: Currency,
    /// The operation's kind, such as `purchase`.
    pub operation: String,
    /// What happened, such as `approved`: what was declined is never added to what was approved.
    pub fact: String,
    /// The gateway account (MID) of the operations' route.
    pub mid: String,
    /// The card's brand, where it was known by then.
    pub brand: Option<String>,
    /// Why it was declined.
    pub decline: Option<String>,
}

/// How many, and how much, in minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Total {
    /// How many entries there are of these facts.
    pub count: u64,
    /// What their facts are about, added up.
    pub amount: i64,
    /// By how much they change each balance, added up.
    pub changes: Changes,
}

/// Totals of some entries. Adding more entries of the same lines takes no more memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals(BTreeMap<TotalLine, Total>);

impl From<&Entry> for CountedEntry {
    fn from(entry: &Entry) -> Self {
        let line = TotalLine {
            currency: entry.currency,
            operation: entry.kind.as_str().to_owned(),
            fact: entry.fact.as_str().to_owned(),
            mid: entry.account.clone(),
            brand: entry.brand.map(Brand::name).map(str::to_owned),
            decline: entry.decline.map(DeclineCode::as_str).map(str::to_owned),
        };
        Self { at: entry.at, line, amount: entry.amount, changes: entry.changes }
    }
}

impl AddAssign for Total {
    fn add_assign(&mut self, other: Self) {
        *self = Self {
            count: self.count.saturating_add(other.count),
            amount: self.amount.saturating_add(other.amount),
            changes: self.changes + other.changes,
        };
    }
}

impl Totals {
    /// Counts one more entry.
    pub fn add(&mut self, entry: CountedEntry) {
        let amount = i64::try_from(entry.amount.minor()).unwrap_or(i64::MAX);
        self.add_total(entry.line, Total { count: 1, amount, changes: entry.changes });
    }

    /// The totals of both.
    pub fn merge(&mut self, other: Self) {
        other.0.into_iter().for_each(|(line, total)| self.add_total(line, total));
    }

    fn add_total(&mut self, line: TotalLine, total: Total) {
        *self.0.entry(line).or_default() += total;
    }

    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Every total, in the order of its line.
    pub fn lines(&self) -> impl Iterator<Item = (&TotalLine, &Total)> {
        self.0.iter()
    }

    /// By how much all of them change each balance, whatever the currency.
    pub fn changes(&self) -> Changes {
        self.0.values().map(|total| total.changes).sum()
    }
}

impl FromIterator<CountedEntry> for Totals {
    fn from_iter<I: IntoIterator<Item = CountedEntry>>(entries: I) -> Self {
        let mut totals = Self::default();
        entries.into_iter().for_each(|entry| totals.add(entry));
        totals
    }
}

impl FromIterator<(TotalLine, Total)> for Totals {
    fn from_iter<I: IntoIterator<Item = (TotalLine, Total)>>(lines: I) -> Self {
        let mut totals = Self::default();
        lines.into_iter().for_each(|(line, total)| totals.add_total(line, total));
        totals
    }
}

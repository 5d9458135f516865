//! Sums over entries, by currency, operation, fact, gateway account, brand and decline code: a pure
//! fold, the same in any order and division of the entries.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Changes, Entry};
use crate::{
    payments::StoreError,
    values::{Amount, Brand, Currency, DeclineCode, SignedAmount},
};

/// An entry, as far as totals need it. Words instead of enums: an entry of a newer version is
/// counted under its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CountedEntry {
    /// When the fact was decided.
    pub at: Timestamp,
    /// The line that it is counted under.
    pub line: TotalLine,
    /// The amount that the fact is about.
    pub amount: Amount,
    /// By how much it changes each balance.
    pub changes: Changes,
}

/// The line that one total belongs to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TotalLine {
    /// The currency of all amounts.
    pub currency: Currency,
    /// The operation's kind, such as `purchase`.
    pub operation: String,
    /// The fact, such as `approved`: declined amounts are never added to approved ones.
    pub fact: String,
    /// The gateway account (MID) of the operations' route.
    pub mid: String,
    /// The card's brand, where it was known by then.
    pub brand: Option<String>,
    /// Why it was declined.
    pub decline: Option<String>,
}

/// How many, and how much.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Total {
    /// How many entries there are of these facts.
    pub count: u64,
    /// The amounts that their facts are about, added up.
    pub amount: SignedAmount,
    /// By how much they change each balance, added up.
    pub changes: Changes,
}

/// Totals of some entries. Adding more entries of the same lines takes no more memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    lines: BTreeMap<TotalLine, Total>,
    left_out: u64,
}

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

impl Total {
    /// Both together. An error if that is beyond 64 bits, which takes 92 million entries of the
    /// largest amount.
    pub(super) fn plus(self, other: Self) -> Result<Self, StoreError> {
        let sum = || {
            Some(Self {
                count: self.count.checked_add(other.count)?,
                amount: self.amount.checked_add(other.amount)?,
                changes: self.changes.checked_add(other.changes)?,
            })
        };
        sum().ok_or_else(too_large)
    }
}

/// Sums are beyond 64 bits.
pub(super) fn too_large() -> StoreError {
    StoreError::Corrupt("totals that cannot be added up".to_owned())
}

impl Totals {
    /// Those of some entries. An error if they cannot be added up.
    pub fn of(entries: impl IntoIterator<Item = CountedEntry>) -> Result<Self, StoreError> {
        let mut totals = Self::default();
        entries.into_iter().try_for_each(|entry| totals.add(entry))?;
        Ok(totals)
    }

    /// Those of others together. An error if they cannot be added up.
    pub fn merged(others: impl IntoIterator<Item = Self>) -> Result<Self, StoreError> {
        let mut totals = Self::default();
        others.into_iter().try_for_each(|other| totals.merge(other))?;
        Ok(totals)
    }

    /// Counts one more entry. An error if it cannot be added.
    pub fn add(&mut self, entry: CountedEntry) -> Result<(), StoreError> {
        self.add_total(entry.line, Total { count: 1, amount: entry.amount.into(), changes: entry.changes })
    }

    /// Adds those of others. An error if they cannot be added up.
    pub fn merge(&mut self, other: Self) -> Result<(), StoreError> {
        self.leave_out(other.left_out);
        other.lines.into_iter().try_for_each(|(line, total)| self.add_total(line, total))
    }

    /// Counts entries that cannot be read, so that no line has them.
    pub fn leave_out(&mut self, entries: u64) {
        self.left_out = self.left_out.saturating_add(entries);
    }

    /// How many entries no line has.
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    /// Adds a total. An error if it cannot be added.
    pub fn add_total(&mut self, line: TotalLine, total: Total) -> Result<(), StoreError> {
        let sum = self.lines.entry(line).or_default();
        *sum = sum.plus(total)?;
        Ok(())
    }

    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty() && self.left_out == 0
    }

    /// Every total, in the order of its line.
    pub fn lines(&self) -> impl Iterator<Item = (&TotalLine, &Total)> {
        self.lines.iter()
    }
}

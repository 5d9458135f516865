//! Where a merchant's totals are kept, by quarters of an hour: a port.
//!
//! Totals are in the journal's table, because they are derived from it and are exported and
//! restored with it. Reports read nothing else, so a day costs the same, however much the merchant
//! sells.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::{Timestamp, civil::Date};

use crate::{
    journal::Totals,
    order::MerchantId,
    payments::{StoreError, Unreadable},
    values::QuarterHour,
};

/// A sum as it was kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeptSum {
    /// 1 at first, one more with each replacement; 0 where nothing is kept.
    pub version: u64,
    /// The totals of all entries of its time, as of its last replacement; none if they cannot be
    /// read.
    pub totals: Option<Totals>,
}

/// A quarter of an hour that got an entry late.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LateQuarter {
    /// The merchant that has the entry.
    pub merchant: MerchantId,
    /// The quarter whose totals have to be summed up again.
    pub quarter: QuarterHour,
    /// Another one each time that an entry comes.
    pub mark: String,
}

/// The period of a sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SumOf {
    /// A quarter of an hour: all other sums are made of these.
    Quarter(QuarterHour),
    /// A whole UTC day, so that a year is few items.
    Day(Date),
}

/// Some sums of a merchant, as they are kept.
#[derive(Clone, Debug)]
pub struct KeptSums<T> {
    /// By quarter of an hour, or by day.
    pub sums: BTreeMap<T, KeptSum>,
    /// Those that cannot be read. Where at least the version can, the sum is above without its
    /// totals, so that its next replacement repairs it.
    pub unreadable: Vec<Unreadable>,
}

impl<T> Default for KeptSums<T> {
    fn default() -> Self {
        Self { sums: BTreeMap::new(), unreadable: Vec::new() }
    }
}

/// Some quarters that got entries late.
#[derive(Clone, Debug, Default)]
pub struct LatePage {
    /// In an order of their own.
    pub quarters: Vec<LateQuarter>,
    /// Marks that name no quarter.
    pub unreadable: Vec<Unreadable>,
    /// The sort key after which the next page begins; none at the end.
    pub next: Option<String>,
}

/// Keeps each merchant's totals between the runs that sum them up.
#[async_trait]
pub trait TotalsStore: Send + Sync {
    /// Until when all entries are in the totals, but for those that came late; none before the
    /// first run.
    async fn reached(&self) -> Result<Option<Timestamp>, StoreError>;

    /// Notes until when all entries are in the totals.
    async fn reach(&self, at: Timestamp) -> Result<(), StoreError>;

    /// The first day on which a merchant has entries, which is where sums begin.
    async fn oldest_day(&self) -> Result<Option<Date>, StoreError>;

    /// The merchants that have entries on a day, and the items among them that name none.
    async fn merchants(&self, day: Date) -> Result<(Vec<MerchantId>, Vec<Unreadable>), StoreError>;

    /// The kept sums of the quarters of a merchant's day, as they are now.
    async fn quarters(&self, merchant: &MerchantId, day: Date) -> Result<KeptSums<QuarterHour>, StoreError>;

    /// The kept sums of a merchant's days, the last one included, as they are now.
    async fn days(
        &self,
        merchant: &MerchantId,
        first: Date,
        last: Date,
    ) -> Result<KeptSums<Date>, StoreError>;

    /// Replaces a sum if its version is this one. Whether it did.
    async fn replace(
        &self,
        merchant: &MerchantId,
        of: SumOf,
        version: u64,
        totals: &Totals,
    ) -> Result<bool, StoreError>;

    /// Some quarters that got entries late, from where the page before ended.
    async fn late(&self, after: Option<&str>) -> Result<LatePage, StoreError>;

    /// Forgets that a quarter got an entry late, unless it got another one.
    async fn settle(&self, late: &LateQuarter) -> Result<(), StoreError>;

    /// The quarters of a merchant that got entries late and are not summed up anew yet, in a range
    /// of days.
    async fn late_quarters(
        &self,
        merchant: &MerchantId,
        first: Date,
        last: Date,
    ) -> Result<Vec<QuarterHour>, StoreError>;
}

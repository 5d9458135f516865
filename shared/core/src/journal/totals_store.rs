//! Where a merchant's totals are kept, by quarters of an hour: a port.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::{Timestamp, civil::Date};

use crate::{
    journal::DayTotals,
    order::MerchantId,
    payments::{StoreError, Unreadable},
    values::QuarterHour,
};

/// Totals of a quarter of an hour as they were kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeptTotals {
    /// 1 at first, one more with each replacement; 0 where nothing is kept.
    pub version: u64,
    /// The sums of all entries of the quarter, as of its last replacement.
    pub totals: DayTotals,
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

/// A merchant's totals of a day, as they are kept.
#[derive(Clone, Debug, Default)]
pub struct KeptDay {
    /// By quarter of an hour.
    pub quarters: BTreeMap<QuarterHour, KeptTotals>,
    /// Quarters that cannot be read. Where at least the version can, the quarter is above, with no sums, so that its next
    /// replacement repairs it.
    pub unreadable: Vec<Unreadable>,
}

/// Some quarters that got entries late.
#[derive(Clone, Debug, Default)]
pub struct LatePage {
    /// In an order of their own.
    pub quarters: Vec<LateQuarter>,
    /// Marks that name no quarter.
    pub unreadable: Vec<Unreadable>,
    /// What the next page begins after; none at the end.
    pub next: Option<String>,
}

/// Keeps each merchant's totals between the runs that sum them up.
#[async_trait]
pub trait TotalsStore: Send + Sync {
    /// Until when all entries are in the totals, but for those that came late; none before the first run.
    async fn reached(&self) -> Result<Option<Timestamp>, StoreError>;

    /// Notes until when all entries are in the totals.
    async fn reach(&self, at: Timestamp) -> Result<(), StoreError>;

    /// The merchants that have entries on a day, and what is among them and names none.
    async fn merchants(&self, day: Date) -> Result<(Vec<MerchantId>, Vec<Unreadable>), StoreError>;

    /// What is kept of a merchant's day, as it is now.
    async fn kept(&self, merchant: &MerchantId, day: Date) -> Result<KeptDay, StoreError>;

    /// Replaces the totals of a quarter if their version is this one. Whether it did.
    async fn replace(
        &self,
        merchant: &MerchantId,
        quarter: QuarterHour,
        version: u64,
        totals: &DayTotals,
    ) -> Result<bool, StoreError>;

    /// Some quarters that got entries late, from where the page before ended.
    async fn late(&self, after: Option<&str>) -> Result<LatePage, StoreError>;

    /// Forgets that a quarter got an entry late, unless it got another one.
    async fn settle(&self, late: &LateQuarter) -> Result<(), StoreError>;

    /// The days of a range that have quarters with late entries of a merchant.
    async fn late_days(
        &self,
        merchant: &MerchantId,
        first: Date,
        last: Date,
    ) -> Result<Vec<Date>, StoreError>;
}

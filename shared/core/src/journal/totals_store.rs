//! Where a merchant's totals are kept, by quarters of an hour: a port.
//!
//! Totals are in the journal's table, because they are derived from it and are exported and
//! restored with it. Reports read nothing else, so a day costs the same, however much the merchant
//! sells.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use jiff::{Timestamp, civil::Date};

use crate::{
    journal::{Mark, Totals},
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

/// A day on which a merchant has entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MerchantDay {
    pub merchant: MerchantId,
    /// The UTC day.
    pub day: Date,
}

/// How far a merchant's totals are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reached {
    /// When the last run began that has summed up every mark of the merchant's partition; none
    /// before the first one.
    pub counted: Option<Timestamp>,
    /// The last heartbeat that came through the orders' stream; none before the first one.
    pub passed: Option<Timestamp>,
}

/// Keeps each merchant's totals between the runs that sum them up.
#[async_trait]
pub trait TotalsStore: Send + Sync {
    /// The marks of a partition as they are now, and those that cannot be read. A merchant's marks
    /// are all in one of [`MARK_PARTITIONS`](crate::journal::MARK_PARTITIONS).
    async fn marks(&self, partition: u16) -> Result<(Vec<Mark>, Vec<Unreadable>), StoreError>;

    /// The quarters of a merchant's days that are marked now, the last day included.
    async fn marked(
        &self,
        merchant: &MerchantId,
        first: Date,
        last: Date,
    ) -> Result<Vec<QuarterHour>, StoreError>;

    /// Deletes a mark, unless it was put again.
    async fn settle(&self, mark: &Mark) -> Result<(), StoreError>;

    /// How far a merchant's totals are, and the stream that brings their entries.
    async fn reached(&self, merchant: &MerchantId) -> Result<Reached, StoreError>;

    /// Writes the heartbeat of this moment beside the orders, so that their stream carries it.
    async fn beat(&self, at: Timestamp) -> Result<(), StoreError>;

    /// Notes that a run that began then has summed up every mark of a partition.
    async fn reach(&self, partition: u16, began: Timestamp) -> Result<(), StoreError>;

    /// The merchants that have entries on some days, the last day included, and the items among
    /// them that name none.
    async fn merchants(
        &self,
        first: Date,
        last: Date,
    ) -> Result<(BTreeSet<MerchantId>, Vec<Unreadable>), StoreError>;

    /// A sample of some days, the last day included: of each partition of merchants the first one
    /// with entries.
    async fn sample(&self, first: Date, last: Date) -> Result<Vec<MerchantDay>, StoreError>;

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
}

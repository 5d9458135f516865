//! The journal as lists read it, newest entry first, and as totals do, oldest first: a port.

use async_trait::async_trait;
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use uuid::Uuid;

use crate::{
    journal::CountedEntry,
    order::{Kind, MerchantId, OrderId, OrderKey},
    payments::{StoreError, Unreadable},
    values::Currency,
};

/// Where entries are read that belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryPlace {
    /// A part of a merchant's UTC day.
    Day {
        /// The UTC day in which the entries' times are.
        day: Date,
        /// Which part of it.
        shard: u16,
    },
    /// All days of one card, as far as its last four digits tell.
    LastFour(String),
}

/// An entry, as far as a list needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedEntry {
    /// Its time and id, in the order of the times.
    pub sort: String,
    /// The same id whenever the entry is derived again from its order.
    pub id: Uuid,
    /// The order that it is about.
    pub order: OrderKey,
    /// The transaction that the fact is about.
    pub transaction: Uuid,
    /// What its operation does; what only a newer version knows is told as that.
    pub kind: Kind,
    /// The currency of its order, which does not change once there is an entry; none where it is not known here.
    pub currency: Option<Currency>,
}

/// An entry that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnreadableEntry {
    /// Its sort key, by which it has its place among the others.
    pub sort: String,
    /// The order that it is about, if it says so.
    pub order: Option<OrderId>,
    /// Its key and what is wrong with it.
    pub item: Unreadable,
}

/// Some entries, newest first.
#[derive(Clone, Debug, Default)]
pub struct EntryPage {
    /// At most as many as requested, newest first.
    pub entries: Vec<Result<LoggedEntry, UnreadableEntry>>,
    /// Whether there are older ones.
    pub more: bool,
}

/// Some entries of a part of a day, oldest first.
#[derive(Clone, Debug, Default)]
pub struct CountedPage {
    /// At most as many as requested, oldest first.
    pub entries: Vec<CountedEntry>,
    /// Those among them that cannot be counted.
    pub unreadable: Vec<Unreadable>,
    /// What the next page begins after; none at the end.
    pub next: Option<String>,
}

/// The UTC day of an entry of this moment.
pub fn day_of(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::UTC).date()
}

/// Over how many parts a day is spread, or the day as what cannot be read.
pub(super) async fn shards_or_bad_day(
    log: &dyn EntryLog,
    day: Date,
) -> Result<Result<u16, Unreadable>, StoreError> {
    match log.shards(day).await {
        Ok(shards) => Ok(Ok(shards.unwrap_or_default())),
        Err(error) => Unreadable::only(error, format!("days#{day}")).map(Err),
    }
}

/// Reads a merchant's entries by time, for lists and for totals.
#[async_trait]
pub trait EntryLog: Send + Sync {
    /// Over how many parts a day is spread; none if the day has no entry of any merchant. [`StoreError::Corrupt`] where
    /// that cannot be read: then no entry of the day can be found.
    async fn shards(&self, day: Date) -> Result<Option<u16>, StoreError>;

    /// At most so many of a merchant's entries in a place that sort before this text, newest first.
    async fn before(
        &self,
        merchant: &MerchantId,
        place: &EntryPlace,
        before: &str,
        limit: usize,
    ) -> Result<EntryPage, StoreError>;

    /// At most so many of a merchant's entries in a part of a day that sort after one text and before another, oldest
    /// first.
    async fn counted(
        &self,
        merchant: &MerchantId,
        day: Date,
        shard: u16,
        between: (&str, &str),
        limit: usize,
    ) -> Result<CountedPage, StoreError>;
}

//! The journal as it is read, by partition and time, in either order: a port.

use std::ops::RangeInclusive;

use async_trait::async_trait;
use futures_util::future::try_join_all;
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use uuid::Uuid;

use crate::{
    journal::{CountedEntry, Entry, Fact, PointedBy},
    order::{Kind, MerchantId, OrderId, OrderKey},
    payments::{StoreError, Unreadable},
    values::{Currency, ReadOrder},
};

/// Parts of a merchant's entries. An order's entries are all in one; a part takes about 1,000
/// entries a second.
pub const ENTRY_SHARDS: u8 = 4;

/// Where entries are read that belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryPartition {
    /// A part of all entries, below [`ENTRY_SHARDS`].
    Shard(u8),
    /// Those of one card, as far as its last four digits tell.
    LastFour(String),
    /// Those with this reference of the gateway.
    Reference(String),
    /// The first ones of the payments that are pointed at by this.
    Pointers(PointedBy),
    /// Those that were declined, by the issuer or by a rule. They are apart from other unusual
    /// ones, of which there are far fewer.
    Declined,
    /// Those of other [unusual](Entry::is_unusual) facts.
    Unusual,
    /// The first ones of the payments that [hold](crate::journal::Hold) money.
    Held,
    /// The same of the payments whose hold ends within these moments.
    HeldEnding(RangeInclusive<Timestamp>),
}

impl EntryPartition {
    /// The partitions that have all of a merchant's entries.
    pub fn all() -> Vec<Self> {
        (0..ENTRY_SHARDS).map(Self::Shard).collect()
    }

    /// Whether these partitions have all entries, and not only those of an index.
    pub(super) fn are_all(partitions: &[Self]) -> bool {
        matches!(partitions, [Self::Shard(_), ..])
    }
}

impl Entry {
    /// The partition in the index of unusual facts that has it, if it is one.
    pub fn unusual_partition(&self) -> Option<EntryPartition> {
        let is_decline = matches!(self.fact, Fact::Declined | Fact::DeclinedByRule);
        let partition = if is_decline { EntryPartition::Declined } else { EntryPartition::Unusual };
        self.is_unusual().then_some(partition)
    }
}

/// Which of a merchant's entries are read.
#[derive(Clone, Copy, Debug)]
pub struct EntryQuery<'a> {
    pub merchant: &'a MerchantId,
    /// They sort after the first text and before the second: entries' own [sort texts](Entry::sort)
    /// or moments ([`sort_of`](crate::values::sort_of)), before which all entries of that moment
    /// come.
    pub between: (&'a str, &'a str),
    /// Which entries come first.
    pub order: ReadOrder,
    /// At most so many of each partition.
    pub limit: usize,
}

/// An entry, as far as a list of transactions needs it. An entry of a newer version can be read so
/// far, even if its fact is not known here.
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
    /// Its operation's kind; a kind that only a newer version knows is marked as such.
    pub kind: Kind,
    /// The currency of its order, which does not change once there is an entry; none where it is
    /// not known here.
    pub currency: Option<Currency>,
}

/// An entry that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnreadableEntry {
    /// Its sort key, by which it is ordered among the others.
    pub sort: String,
    /// The order that it is about, if it says so.
    pub order: Option<OrderId>,
    /// Its key and the reason.
    pub item: Unreadable,
}

/// Some entries, in the order that was requested.
#[derive(Clone, Debug)]
pub struct EntryPage<E> {
    /// At most as many as requested, each with the text that it sorts by.
    pub entries: Vec<(String, Result<E, UnreadableEntry>)>,
    /// How far the page goes, if there are more: the next one begins there.
    pub next: Option<String>,
    /// Bytes of the items that were read.
    pub read_bytes: usize,
}

impl<E> Default for EntryPage<E> {
    fn default() -> Self {
        Self { entries: Vec::new(), next: None, read_bytes: 0 }
    }
}

/// Reads a merchant's entries: all that is known of each for rows, less for lists of transactions
/// and for totals.
#[async_trait]
pub trait EntryLog: Send + Sync {
    async fn entries(
        &self,
        partition: &EntryPartition,
        query: &EntryQuery<'_>,
    ) -> Result<EntryPage<Entry>, StoreError>;

    /// The parts of entries that lists of transactions need.
    async fn logged(
        &self,
        partition: &EntryPartition,
        query: &EntryQuery<'_>,
    ) -> Result<EntryPage<LoggedEntry>, StoreError>;

    /// The parts of entries that totals need, as of now: entries put a moment ago included.
    async fn counted(
        &self,
        partition: &EntryPartition,
        query: &EntryQuery<'_>,
    ) -> Result<EntryPage<CountedEntry>, StoreError>;
}

/// Whole entries of these partitions as one page, in the order that the query says: of each
/// partition at most as many as the query's limit says.
pub async fn read_entries(
    log: &dyn EntryLog,
    partitions: &[EntryPartition],
    query: &EntryQuery<'_>,
) -> Result<EntryPage<Entry>, StoreError> {
    let pages = try_join_all(partitions.iter().map(|partition| log.entries(partition, query))).await?;
    Ok(merged(pages, query.order))
}

/// The pages of several partitions as one, as far as each was read.
pub(super) fn merged<E>(pages: Vec<EntryPage<E>>, order: ReadOrder) -> EntryPage<E> {
    let ends = pages.iter().filter_map(|page| page.next.clone());
    let next = ends.min_by(|one, other| order.compare(one, other));
    let read_bytes = pages.iter().map(|page| page.read_bytes).sum();
    let mut entries: Vec<_> = pages.into_iter().flat_map(|page| page.entries).collect();
    entries.retain(|(sort, _)| next.as_ref().is_none_or(|next| order.compare(sort, next).is_le()));
    entries.sort_by(|(one, _), (other, _)| order.compare(one, other));
    // Two indexes can lead to the same entry.
    entries.dedup_by(|(one, _), (other, _)| one == other);
    EntryPage { entries, next, read_bytes }
}

/// The UTC day of an entry of this moment.
pub fn day_of(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::UTC).date()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(sorts: &[&str], next: Option<&str>) -> EntryPage<()> {
        let entries = sorts.iter().map(|sort| ((*sort).to_owned(), Ok(()))).collect();
        EntryPage { entries, next: next.map(str::to_owned), read_bytes: sorts.len() }
    }

    #[test]
    fn pages_of_several_places_make_one_as_far_as_the_shortest_of_them_was_read() {
        let sorts =
            |page: &EntryPage<()>| page.entries.iter().map(|(sort, _)| sort.clone()).collect::<String>();
        let newest = merged(
            vec![page(&["9", "5"], Some("5")), page(&["8", "7"], Some("7")), page(&["6", "1"], None)],
            ReadOrder::NewestFirst,
        );
        assert_eq!(
            (sorts(&newest).as_str(), newest.next.as_deref(), newest.read_bytes),
            ("987", Some("7"), 6)
        );
        let oldest = merged(
            vec![page(&["1", "4"], Some("4")), page(&["2", "3", "9"], None), page(&["3"], Some("6"))],
            ReadOrder::OldestFirst,
        );
        // An entry in two partitions is there once.
        assert_eq!((sorts(&oldest).as_str(), oldest.next.as_deref()), ("1234", Some("4")));
        // A partition of which nothing was read holds back the others.
        let held = merged(vec![page(&["9", "5"], None), page(&[], Some("8"))], ReadOrder::NewestFirst);
        assert_eq!((sorts(&held).as_str(), held.next.as_deref()), ("9", Some("8")));
        let whole = merged(vec![page(&["2"], None), page(&["1"], None)], ReadOrder::OldestFirst);
        assert_eq!((sorts(&whole).as_str(), whole.next), ("12", None));
    }
}

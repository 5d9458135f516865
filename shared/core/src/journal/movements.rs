//! Lists a merchant's movements: one row for each entry of the journal, in either order of their
//! times.
//!
//! The predicates decide the partition that is read: the index of a card, of a reference or of
//! unusual facts, or all entries of the range. The entries of one order are read off the order
//! itself, which has them sooner than the journal. So are those of payments that are found by a
//! text, one payment after the other: a refund can come long after younger payments, so a list in
//! the order of their own times could not end before all payments are read.

mod predicate;

pub use predicate::EntryPredicate;

use std::collections::BTreeSet;

use jiff::Timestamp;
use uuid::Uuid;

use self::predicate::Source;
use crate::{
    journal::{
        Entry, EntryLog, EntryPage, EntryPartition, EntryQuery, Found, LookedUp, PointedBy, UnreadableEntry,
        entries,
        entry_log::merged,
        listing::{Budget, Cursor},
        read_entries, sort_of,
    },
    order::{MerchantId, Order, OrderKey, Transaction},
    payments::{Deadline, OrderIndex, OrderStore, StoreError, Unreadable, order_of_payment},
    values::{ReadOrder, SearchKey},
};

/// Entries that are read at a time from each partition, where conditions can leave out most
/// entries.
const ENTRIES_AT_A_TIME: usize = 250;

/// The same from an index, which has their keys only: as many as one batch can have.
const INDEXED_AT_A_TIME: usize = 100;

/// A movement, or the unreadable item in its place, and the text that it sorts by.
type RowAt = (String, Result<Entry, UnreadableEntry>);

/// Which movements are looked for.
#[derive(Clone, Copy, Debug)]
pub struct WantedEntries<'a> {
    /// The merchant whose movements are listed.
    pub merchant: &'a MerchantId,
    /// Decided at this moment or after.
    pub since: Timestamp,
    /// Decided before, and not at.
    pub until: Timestamp,
    /// All have to hold.
    pub predicates: &'a [EntryPredicate],
    /// Where the movements are that one of the predicates names. A [text](EntryPredicate::Text) is
    /// found only by it.
    pub looked_up: Option<&'a LookedUp>,
    /// Which movements come first.
    pub order: ReadOrder,
    /// Where an earlier part ended.
    pub after: Option<&'a str>,
    /// Most rows of this part.
    pub limit: usize,
}

impl WantedEntries<'_> {
    /// Whether every entry of the range is read, because no index has the wanted movements.
    pub fn reads_all(&self) -> bool {
        matches!(Source::of(self), Source::Partitions(partitions) if EntryPartition::are_all(&partitions))
    }
}

/// Lists a merchant's movements.
pub struct EntryLister<'a> {
    pub log: &'a dyn EntryLog,
    /// Has the orders whose movements are read off themselves.
    pub store: &'a dyn OrderStore,
    /// Finds the order of a payment.
    pub index: &'a dyn OrderIndex,
    /// When a part ends, however much was found.
    pub deadline: Deadline,
}

impl EntryLister<'_> {
    /// The next part of a list.
    pub async fn find(&self, wanted: &WantedEntries<'_>) -> Result<Found<Entry>, StoreError> {
        let Some(cursor) = Cursor::read(wanted.after) else { return Ok(Found::default()) };
        match Source::of(wanted) {
            Source::Order(order) => {
                let key = OrderKey { merchant: wanted.merchant.clone(), order: order.clone() };
                let loaded = self.store.load(&key).await;
                of_order(wanted, key.to_string(), loaded)
            }
            Source::Payment(payment) => {
                let order = order_of_payment(self.index, self.store, wanted.merchant, payment).await;
                of_order(wanted, payment.to_string(), order)
            }
            Source::Pointers(key) => self.of_pointers(wanted, key, cursor).await,
            Source::Partitions(partitions) => self.of_partitions(wanted, &partitions).await,
        }
    }

    async fn of_partitions(
        &self,
        wanted: &WantedEntries<'_>,
        partitions: &[EntryPartition],
    ) -> Result<Found<Entry>, StoreError> {
        let (merchant, order) = (wanted.merchant, wanted.order);
        let (mut since, mut until) = (sort_of(wanted.since), sort_of(wanted.until));
        if let Some(after) = wanted.after {
            match order {
                ReadOrder::NewestFirst => until = until.min(after.to_owned()),
                ReadOrder::OldestFirst => since = since.max(after.to_owned()),
            }
        }
        let most = if EntryPartition::are_all(partitions) { ENTRIES_AT_A_TIME } else { INDEXED_AT_A_TIME };
        // Where every entry is wanted, no more are read than there is room for.
        let limit = if wanted.predicates.is_empty() { wanted.limit.min(most) } else { most };
        let (mut found, mut budget) = (Found::default(), Budget::new(self.deadline));
        loop {
            let between = (since.as_str(), until.as_str());
            let page =
                read_entries(self.log, partitions, &EntryQuery { merchant, between, order, limit }).await?;
            budget.read(page.read_bytes);
            found.read_bytes = budget.read_bytes();
            let next = page.next.clone();
            if found.take(wanted, None, page) {
                return Ok(found);
            }
            let Some(next) = next else {
                found.next = None;
                return Ok(found);
            };
            match order {
                ReadOrder::NewestFirst => until.clone_from(&next),
                ReadOrder::OldestFirst => since.clone_from(&next),
            }
            found.next = Some(next);
            if budget.is_spent() {
                return Ok(found);
            }
        }
    }

    /// Those of some of the payments that are found by a text: of as many as there is room for
    /// rows.
    async fn of_pointers(
        &self,
        wanted: &WantedEntries<'_>,
        key: SearchKey,
        cursor: Cursor<'_>,
    ) -> Result<Found<Entry>, StoreError> {
        let (merchant, order) = (wanted.merchant, wanted.order);
        let (reached, mut within) = match cursor {
            Cursor::Movement { before, within } => (Some(before), Some(within)),
            cursor => (cursor.time(), None),
        };
        // A payment of an earlier time can have movements of the range.
        let (first, last) = (sort_of(Timestamp::UNIX_EPOCH), sort_of(wanted.until));
        let (mut before, between) = match order {
            ReadOrder::NewestFirst => (reached.unwrap_or(&last), (first.as_str(), reached.unwrap_or(&last))),
            ReadOrder::OldestFirst => (reached.unwrap_or(&first), (reached.unwrap_or(&first), last.as_str())),
        };
        let query = EntryQuery { merchant, between, order, limit: wanted.limit.min(INDEXED_AT_A_TIME) };
        let page = self.log.logged(&EntryPartition::Pointers(PointedBy::Text(key)), &query).await?;
        let pointers = page.entries.iter().filter_map(|(_, pointer)| pointer.as_ref().ok());
        let orders: BTreeSet<_> = pointers.map(|pointer| pointer.order.clone()).collect();
        let loaded = self.store.load_all(&Vec::from_iter(orders)).await?;
        let read_bytes = page.read_bytes + loaded.read_bytes;
        let mut found = Found { read_bytes, ..Found::default() };
        for (n, (sort, pointer)) in page.entries.iter().enumerate() {
            let entries = match pointer {
                Err(bad) => vec![(sort.clone(), Err(bad.clone()))],
                Ok(pointer) => match loaded.orders.get(&pointer.order) {
                    Some(Ok(order)) => rows_of(wanted, order, Some(pointer.transaction)),
                    Some(Err(item)) => {
                        let (order, item) = (Some(pointer.order.order.clone()), item.clone());
                        vec![(sort.clone(), Err(UnreadableEntry { sort: sort.clone(), order, item }))]
                    }
                    None => Vec::new(),
                },
            };
            let more = page.next.clone().or_else(|| page.entries.get(n + 1).map(|(next, _)| next.clone()));
            let last = entries.last().map(|(sort, _)| sort.clone());
            if found.take(wanted, within.take(), EntryPage { entries, next: more, read_bytes: 0 }) {
                let is_whole = found.next == last;
                let cursor = |within: &str| {
                    let own = Cursor::Movement { before, within };
                    if is_whole { Cursor::Time(sort) } else { own }.to_string()
                };
                return Ok(Found { next: found.next.as_deref().map(cursor), ..found });
            }
            before = sort;
        }
        Ok(Found { next: page.next, ..found })
    }
}

impl Found<Entry> {
    /// Takes the wanted entries of a page after a cursor. Whether that made the part full before
    /// the page's end; then the part ends there.
    fn take(&mut self, wanted: &WantedEntries<'_>, after: Option<&str>, mut page: EntryPage<Entry>) -> bool {
        page.entries.retain(|(sort, _)| after.is_none_or(|after| wanted.order.compare(after, sort).is_lt()));
        let (last, more) = (page.entries.len(), page.next.is_some());
        for (n, (sort, entry)) in page.entries.into_iter().enumerate() {
            match entry {
                Ok(entry) if wanted.predicates.iter().all(|one| one.holds(&entry)) => {
                    self.rows.push(entry);
                }
                Ok(_) => continue,
                Err(bad) => self.add_bad_entry(bad),
            }
            if self.shown() >= wanted.limit {
                self.next = (more || n + 1 < last).then_some(sort);
                return true;
            }
        }
        false
    }
}

/// All movements of a wanted order, or the order as an unreadable item.
fn of_order(
    wanted: &WantedEntries<'_>,
    key: String,
    order: Result<Option<Order>, StoreError>,
) -> Result<Found<Entry>, StoreError> {
    let order = match order {
        Ok(order) => order,
        Err(error) => {
            let item = Unreadable::only(error, key)?;
            let mut found = Found::default();
            found.add_bad_order(None, item);
            return Ok(found);
        }
    };
    let mut found = Found::default();
    let rows = order.map(|order| rows_of(wanted, &order, None)).unwrap_or_default();
    found.take(wanted, wanted.after, EntryPage { entries: rows, ..EntryPage::default() });
    Ok(found)
}

/// The movements of an order, or of one of its payments, that are of the range and of a payment
/// with all texts.
fn rows_of(wanted: &WantedEntries<'_>, order: &Order, own: Option<Uuid>) -> Vec<RowAt> {
    let terms = || wanted.predicates.iter().filter_map(EntryPredicate::text);
    let has_texts = |payment: &Transaction| terms().all(|term| payment.search_terms().contains(term));
    let is_one = |entry: &Entry| {
        wanted.since <= entry.at
            && entry.at < wanted.until
            && own.is_none_or(|own| entry.transaction == own)
            && order.transaction(entry.transaction).is_none_or(has_texts)
    };
    let own = entries_of(order, wanted.order).into_iter().filter(is_one);
    own.map(|entry| (entry.sort(), Ok(entry))).collect()
}

/// All movements of an order, read off the order itself.
pub fn entries_of(order: &Order, read: ReadOrder) -> Vec<Entry> {
    let page = entries(None, order).into_iter().map(|entry| (entry.sort(), Ok(entry)));
    let page = merged(vec![EntryPage { entries: page.collect(), ..EntryPage::default() }], read);
    page.entries.into_iter().filter_map(|(_, entry)| entry.ok()).collect()
}

#[cfg(test)]
mod tests;

//! Lists a merchant's transactions, newest first: found in the journal, shown as their orders are now.
//!
//! A transaction is listed under its first fact, so it stays in its place whatever is done to it later, and a list that
//! is read in parts neither skips one nor shows one twice. What has no outcome yet has no fact and is not listed.

use std::collections::HashMap;

use futures_util::future::try_join_all;
use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};
use uuid::Uuid;

use crate::{
    entry_log::{EntryLog, EntryPage, EntryPlace, LoggedEntry},
    journal::entries,
    order::{MerchantId, Order, OrderKey},
    store::{OrderStore, StoreError},
    transaction::Transaction,
};

/// What one part of a list reads at most, whatever it finds: so that it ends in time, and its cost is known.
pub const READ_MAX_BYTES: usize = 10 * 1024 * 1024;

/// Entries that are read at a time in one place.
const ENTRIES_AT_A_TIME: usize = 250;

/// Most bytes of an entry (`docs/journal.md`), and what one is counted as.
pub(crate) const ENTRY_BYTES: usize = 1024;

/// What an operation is counted as when its order is read: more than one takes (`docs/api.md`, Limits).
const OPERATION_BYTES: usize = 1536;

/// What looking for a day is counted as: little is read, but each takes a round trip, and a part has to end in time.
pub(crate) const DAY_BYTES: usize = 64 * 1024;

/// How many days back the newest entry is looked for.
const NEWEST_WITHIN_DAYS: i64 = 2;

/// What is looked for.
pub struct Search<'a> {
    /// Whose transactions.
    pub merchant: &'a MerchantId,
    /// Not before.
    pub since: Timestamp,
    /// Before, and not at.
    pub until: Timestamp,
    /// The last four digits of the card; then an index is read and not every day.
    pub last_four: Option<&'a str>,
    /// Whether a transaction is wanted, going by its current state.
    pub wants: &'a (dyn Fn(&Order, &Transaction) -> bool + Sync),
    /// Where an earlier part ended.
    pub after: Option<&'a str>,
    /// Most transactions of this part.
    pub limit: usize,
}

/// A part of a list.
#[derive(Debug)]
pub struct Listing {
    /// What was found; fewer than the limit, or none, does not mean that there are no more.
    pub rows: Vec<Row>,
    /// Where the next part begins; none at the end.
    pub next: Option<String>,
    /// Bytes that were read at most.
    pub read_bytes: usize,
}

/// A transaction as it is now.
#[derive(Clone, Debug)]
pub struct Row {
    /// When its first fact was decided.
    pub at: Timestamp,
    /// Its order.
    pub order: Order,
    /// Which of its transactions.
    pub transaction: Uuid,
}

/// The use case.
pub struct Lister<'a> {
    /// Where entries are.
    pub log: &'a dyn EntryLog,
    /// Where orders are.
    pub store: &'a dyn OrderStore,
}

impl Lister<'_> {
    /// The next part of a list.
    pub async fn list(&self, search: &Search<'_>) -> Result<Listing, StoreError> {
        let start = sort_of(search.until);
        let after = search.after.filter(|after| **after < *start).map_or(start, str::to_owned);
        let mut part =
            Part { search, before: after, rows: Vec::new(), read_bytes: 0, orders: HashMap::new() };
        let is_done = match search.last_four {
            Some(digits) => self.places(&mut part, &[EntryPlace::LastFour(digits.to_owned())]).await?,
            None => self.days(&mut part).await?,
        };
        let next = Some(part.before).filter(|_| !is_done);
        Ok(Listing { rows: part.rows, next, read_bytes: part.read_bytes })
    }

    /// When the merchant's newest entry of the last days was decided: so far has the journal come at least.
    pub async fn newest(
        &self,
        merchant: &MerchantId,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError> {
        let before = sort_of(now + SignedDuration::from_hours(24));
        for back in 0..NEWEST_WITHIN_DAYS {
            let day = day_of(now - SignedDuration::from_hours(24 * back));
            let places = self.places_of(day).await?;
            let pages = places.iter().map(|place| self.log.before(merchant, place, &before, 1));
            let newest = try_join_all(pages).await?.into_iter().flat_map(|page| page.entries);
            if let Some(newest) = newest.map(|entry| entry.sort).max() {
                return Ok(moment_of(&newest));
            }
        }
        Ok(None)
    }

    /// Day after day, backward. Whether the range is done.
    async fn days(&self, part: &mut Part<'_>) -> Result<bool, StoreError> {
        let Some(mut day) = moment_of(&part.before).map(day_of) else { return Ok(true) };
        let first = day_of(part.search.since);
        while day >= first {
            part.read_bytes += DAY_BYTES;
            let places = self.places_of(day).await?;
            if !self.places(part, &places).await? {
                return Ok(false);
            }
            part.before = format!("{day}T00:00:00.000Z");
            let Ok(yesterday) = day.yesterday() else { return Ok(true) };
            day = yesterday;
            if part.is_full() && day >= first {
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn places_of(&self, day: Date) -> Result<Vec<EntryPlace>, StoreError> {
        let shards = self.log.shards(day).await?.unwrap_or_default();
        Ok((0..shards).map(|shard| EntryPlace::Day { day, shard }).collect())
    }

    /// All entries of these places in the order of their times, as far as this part goes. Whether that was all of them.
    async fn places(&self, part: &mut Part<'_>, places: &[EntryPlace]) -> Result<bool, StoreError> {
        loop {
            if part.is_full() {
                return Ok(false);
            }
            let before = part.before.clone();
            let pages = places
                .iter()
                .map(|place| self.log.before(part.search.merchant, place, &before, ENTRIES_AT_A_TIME));
            let pages = try_join_all(pages).await?;
            let (entries, more) = merged(pages, &mut part.read_bytes);
            for entry in entries {
                if entry.sort < sort_of(part.search.since) {
                    return Ok(true);
                }
                if part.is_full() {
                    return Ok(false);
                }
                part.before.clone_from(&entry.sort);
                if entry.is_payment {
                    self.row(part, &entry).await?;
                }
            }
            if !more {
                return Ok(true);
            }
        }
    }

    /// Adds the transaction, if this is its first fact and it is wanted.
    async fn row(&self, part: &mut Part<'_>, entry: &LoggedEntry) -> Result<(), StoreError> {
        if !part.orders.contains_key(&entry.order) {
            // Few orders have several transactions, and those were mostly made within minutes.
            part.orders.clear();
            let Some(order) = self.store.load(&entry.order).await? else { return Ok(()) };
            part.read_bytes += OPERATION_BYTES * (1 + order.operations().count());
            part.orders.insert(entry.order.clone(), order);
        }
        let Some(order) = part.orders.get(&entry.order) else { return Ok(()) };
        let Some(transaction) = order.transaction(entry.transaction) else { return Ok(()) };
        if first_fact(order, transaction).is_none_or(|first| first == entry.id)
            && (part.search.wants)(order, transaction)
            && let Some(at) = moment_of(&entry.sort)
        {
            part.rows.push(Row { at, order: order.clone(), transaction: entry.transaction });
        }
        Ok(())
    }
}

/// The part that is being read.
struct Part<'a> {
    search: &'a Search<'a>,
    /// What sorts before it is not read yet.
    before: String,
    rows: Vec<Row>,
    read_bytes: usize,
    orders: HashMap<OrderKey, Order>,
}

impl Part<'_> {
    fn is_full(&self) -> bool {
        self.rows.len() >= self.search.limit || self.read_bytes >= READ_MAX_BYTES
    }
}

/// The entries of several places as one row, newest first, as far down as each of them was read; and whether there are
/// more below.
fn merged(pages: Vec<EntryPage>, read_bytes: &mut usize) -> (Vec<LoggedEntry>, bool) {
    let ends = pages.iter().filter(|page| page.more).filter_map(|page| page.entries.last());
    let down_to = ends.map(|entry| entry.sort.clone()).max();
    let mut entries: Vec<LoggedEntry> = pages.into_iter().flat_map(|page| page.entries).collect();
    *read_bytes += entries.len() * ENTRY_BYTES;
    entries.retain(|entry| down_to.as_ref().is_none_or(|down_to| entry.sort >= *down_to));
    entries.sort_by(|one, other| other.sort.cmp(&one.sort));
    (entries, down_to.is_some())
}

/// The id of the entry that a transaction is listed under; none if only a newer version can read it.
fn first_fact(order: &Order, transaction: &Transaction) -> Option<Uuid> {
    let own = entries(None, order).into_iter();
    // What follows from a payment can have been decided in the same millisecond.
    let own = own.filter(|entry| entry.transaction == transaction.id && entry.kind.is_payment());
    own.min_by_key(|entry| (entry.at, entry.id)).map(|entry| entry.id)
}

/// Where entries of this moment begin.
pub(crate) fn sort_of(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

/// The moment of an entry, or of a place between two.
fn moment_of(sort: &str) -> Option<Timestamp> {
    sort.split('#').next()?.parse().ok()
}

pub(crate) fn day_of(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::UTC).date()
}

#[cfg(test)]
mod tests;

//! Lists a merchant's transactions, the newest or the oldest first: found in the journal, shown as their orders are now.
//!
//! A transaction is listed under its first fact, so it stays in its place whatever is done to it later, and a list that
//! is read in parts neither skips one nor shows one twice. What has no outcome yet has no fact and is not listed; what
//! should have one is found in the index of what needs attention.

mod agenda;
mod find;
mod of_order;
mod orders;

pub use agenda::{
    AgendaLister, AgendaWanted, AttentionCount, COUNTED_MAX, CaptureList, DueSum, DueSums, count_attention,
    due_sums,
};
pub use find::{Condition, Is, Wanted, is_place};
pub use orders::{FoundOrders, OrderCondition, OrderLister, WantedOrders};

use std::{borrow::Borrow, collections::HashMap, sync::Arc};

use futures_util::future::try_join_all;
use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    journal::{
        Agenda, Concern, Concerned, Entry, EntryLog, EntryPlace, EntryQuery, LoggedEntry, UnreadableEntry,
        concerned, entries, entry_log::merged, first_fact, first_of, sort_of,
    },
    order::{MerchantId, OPERATIONS_MAX, Order, OrderId, OrderKey, Transaction},
    payments::{Deadline, ORDERS_AT_ONCE, OrderStore, StoreError, Unreadable},
    values::{DeclineCode, ReadOrder},
};

/// What one part of a list reads at most, whatever it finds: so that it ends in time, and its cost is known.
pub const READ_MAX_BYTES: usize = 10 * 1024 * 1024;

/// Entries that are read at a time, over all parts of the journal.
const ENTRIES_AT_A_TIME: usize = 250;

/// Entries that are read at a time by an index, which has their keys only: as many as one batch can have.
const INDEXED_AT_A_TIME: usize = 100;

/// The same where most of what the index has may not be wanted: two batches.
const NARROWED_AT_A_TIME: usize = 2 * INDEXED_AT_A_TIME;

/// Orders that a part has room for at the least when it reads on, as large as they can be.
const ORDERS_AT_A_TIME: usize = 8;

/// What an operation is counted as when its order is read: more than one takes (`docs/reference/order-api.md`, Limits).
const OPERATION_BYTES: usize = 1536;

/// The largest order, and what one is counted as that cannot be read.
const ORDER_BYTES: usize = OPERATION_BYTES * (1 + OPERATIONS_MAX);

/// A part that has no room for so many of the largest orders is full.
const STEP_BYTES: usize = ORDERS_AT_A_TIME * ORDER_BYTES;

/// What an order is taken for before one was read: far more than nearly all have.
const USUAL_ORDER_BYTES: usize = 16 * OPERATION_BYTES;

/// Operations of the transactions in a part, after which it is full: so that what is made of it has a limit, too.
const OPERATIONS_IN_A_PART: usize = 2_500;

/// What is looked for in the journal.
struct Search<'a> {
    merchant: &'a MerchantId,
    since: Timestamp,
    /// Before, and not at.
    until: Timestamp,
    /// Where its entries are.
    places: &'a [EntryPlace],
    /// Whether an entry's transaction can be wanted, going by what never changes; its order is read only then.
    may_want: &'a (dyn Fn(&LoggedEntry) -> bool + Sync),
    /// Whether more is asked for than what its place says, so that few of its payments may be wanted.
    is_narrowed: bool,
    /// Which of its facts a transaction is listed under.
    under: Under<'a>,
    /// Whether a transaction is wanted, going by its current state.
    wants: &'a (dyn Fn(&Order, &Transaction) -> bool + Sync),
    after: Option<&'a str>,
    /// Which of them come first.
    order: ReadOrder,
    limit: usize,
}

/// Which fact a transaction is listed under.
#[derive(Clone, Copy)]
enum Under<'a> {
    /// Its first one.
    First,
    /// The newest one that has this reference of the gateway.
    Reference(&'a str),
    /// The newest one that has one of these codes, of the payment or of what was done to it.
    Decline(&'a [DeclineCode]),
    /// The newest one by which the payment itself was declined, and the first one of a payment that was not.
    OwnDecline,
}

/// A part of what was found.
#[derive(Debug, Default)]
pub struct Found {
    /// The transactions; fewer than the limit, or none, does not mean that there are no more.
    pub rows: Vec<Row>,
    /// What may belong to the list and cannot be read, in the same order. It counts toward the limit.
    pub unreadable: Vec<BadRow>,
    /// Where the next part begins; none at the end.
    pub next: Option<String>,
    /// When the newest entry of the range was decided, where this part has read its end: so far has the journal come at
    /// least.
    pub newest: Option<Timestamp>,
    /// Bytes that were read at most.
    pub read_bytes: usize,
}

/// A transaction as it is now.
#[derive(Clone, Debug)]
pub struct Row {
    /// When its first fact was decided.
    pub at: Timestamp,
    /// The order in its current state, shared by its rows in this part.
    pub order: Arc<Order>,
    /// Which of its transactions.
    pub transaction: Uuid,
}

/// What may belong to a list and cannot be shown, because its order or its entry cannot be read. No condition can be
/// checked on it, so a list has it whatever is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadRow {
    /// Where it would be listed; none for an order that is known from another index than the journal's only.
    pub at: Option<Timestamp>,
    /// The order, if it is known.
    pub order: Option<OrderId>,
    /// The transaction, if it is known.
    pub transaction: Option<Uuid>,
    /// The item that cannot be read: of the order, or of the journal's entry.
    pub item: Unreadable,
}

impl Found {
    /// Rows of both kinds.
    fn shown(&self) -> usize {
        self.rows.len() + self.unreadable.len()
    }
}

impl Row {
    /// What a person has to look at.
    pub fn concerns(&self, now: Timestamp) -> Vec<Concern> {
        self.concerned(now).into_iter().map(|one| one.concern).collect()
    }

    /// The same, each with since when.
    pub fn concerned(&self, now: Timestamp) -> Vec<Concerned> {
        let transaction = self.order.transaction(self.transaction);
        transaction.map(|transaction| concerned(&self.order, transaction, now)).unwrap_or_default()
    }
}

/// Lists a merchant's transactions: finds them by the journal's entries and shows each in its order's current state.
pub struct Lister<'a> {
    /// Finds transactions by the entries of their facts.
    pub log: &'a dyn EntryLog,
    /// Has each transaction's current state.
    pub store: &'a dyn OrderStore,
    /// Finds what needs attention, and captures to come.
    pub agenda: &'a dyn Agenda,
    /// When the caller's time is up: a part ends by then.
    pub deadline: Deadline,
}

impl Lister<'_> {
    /// The next part of a list, where so many bytes were read for it before.
    async fn list(&self, search: &Search<'_>, read_bytes: usize) -> Result<Found, StoreError> {
        let (start, _) = search.ends();
        let is_within = |after: &&str| search.order.compare(&start, after).is_lt();
        let reached = search.after.filter(is_within).map_or_else(|| start.clone(), str::to_owned);
        let (rows, unreadable, orders) = (Vec::new(), Vec::new(), HashMap::new());
        let few = if search.is_narrowed { ORDERS_AT_ONCE } else { search.limit };
        let (step, largest, deadline) = (few.min(ORDERS_AT_ONCE), USUAL_ORDER_BYTES, self.deadline);
        let mut part = Part {
            search,
            reached,
            rows,
            unreadable,
            read_bytes,
            operations: 0,
            orders,
            step,
            largest,
            deadline,
            newest: None,
        };
        let is_done = self.places(&mut part).await?;
        let next = Some(part.reached).filter(|_| !is_done);
        let Part { rows, unreadable, read_bytes, newest, .. } = part;
        Ok(Found { rows, unreadable, next, newest, read_bytes })
    }

    /// When the merchant's newest entry was decided: so far has the journal come at least.
    pub async fn newest(&self, merchant: &MerchantId) -> Result<Option<Timestamp>, StoreError> {
        let (after, before) = (sort_of(Timestamp::UNIX_EPOCH), sort_of(Timestamp::MAX));
        let query =
            EntryQuery { merchant, between: (&after, &before), order: ReadOrder::NewestFirst, limit: 1 };
        let places = EntryPlace::all();
        let pages = try_join_all(places.iter().map(|place| self.log.logged(place, &query))).await?;
        let newest = pages.iter().flat_map(|page| &page.entries).map(|(sort, _)| sort.as_str()).max();
        Ok(newest.and_then(moment_of))
    }

    /// All entries of the search in the order of their times, as far as this part goes. Whether that was all of them.
    async fn places(&self, part: &mut Part<'_>) -> Result<bool, StoreError> {
        let &Search { merchant, order, places, .. } = part.search;
        let (_, end) = part.search.ends();
        let most = match (is_whole_journal(places), part.search.is_narrowed) {
            (true, _) => ENTRIES_AT_A_TIME,
            (false, true) => NARROWED_AT_A_TIME,
            (false, false) => INDEXED_AT_A_TIME,
        };
        let limit = most / places.len().max(1);
        while order.compare(&part.reached, &end).is_lt() {
            if part.is_full() {
                return Ok(false);
            }
            let reached = part.reached.clone();
            let between: (&str, &str) = match order {
                ReadOrder::NewestFirst => (&end, &reached),
                ReadOrder::OldestFirst => (&reached, &end),
            };
            let query = EntryQuery { merchant, between, order, limit };
            let pages = try_join_all(places.iter().map(|place| self.log.logged(place, &query))).await?;
            let page = merged(pages, query.order);
            part.read_bytes += page.read_bytes;
            let is_from_the_end = order == ReadOrder::NewestFirst && part.search.after.is_none();
            let is_first = part.newest.is_none() && is_from_the_end && is_whole_journal(places);
            if let Some((sort, _)) = page.entries.first().filter(|_| is_first) {
                part.newest = moment_of(sort);
            }
            let entries: Vec<Logged> = page.entries.into_iter().map(|(_, entry)| entry).collect();
            if !self.rows(part, &entries).await? {
                return Ok(false);
            }
            let Some(next) = page.next else { break };
            part.reached = next;
        }
        Ok(true)
    }

    /// Adds the transactions that these entries are about. Whether there was room for all of them.
    async fn rows(&self, part: &mut Part<'_>, entries: &[Logged]) -> Result<bool, StoreError> {
        let mut rest = entries;
        while !rest.is_empty() {
            if part.is_full() {
                return Ok(false);
            }
            let (next, orders) = at_a_time(part.search, rest, part.orders_next());
            self.load(part, orders).await?;
            for (n, entry) in next.iter().enumerate() {
                match entry {
                    Ok(entry) => part.row(entry),
                    Err(entry) => part.bad_entry(entry),
                }
                place_of(entry).clone_into(&mut part.reached);
                // An order can have several transactions, so more than there is room for.
                if part.has_enough() {
                    return Ok(next.len() == rest.len() && n + 1 == next.len());
                }
            }
            rest = &rest[next.len()..];
        }
        Ok(true)
    }

    /// Loads these orders in one batch, and keeps no others. Few orders have several transactions, and those were mostly
    /// made within minutes.
    async fn load(&self, part: &mut Part<'_>, orders: Vec<&OrderKey>) -> Result<(), StoreError> {
        part.orders.retain(|key, _| orders.contains(&key));
        let new = orders.into_iter().filter(|key| !part.orders.contains_key(*key));
        let new: Vec<OrderKey> = new.cloned().collect();
        if new.is_empty() {
            return Ok(());
        }
        let loaded = self.store.load_all(&new).await?;
        part.read_bytes += loaded.read_bytes;
        for (key, order) in loaded.orders {
            let order = order.map(Arc::new);
            part.largest = part.largest.max(bytes_of(&order));
            part.orders.insert(key, order);
        }
        // Where few are wanted, the next batch is larger.
        part.step = (part.step * 2).min(ORDERS_AT_ONCE);
        Ok(())
    }
}

/// Whether these places have all entries, and not only those of an index.
pub(super) fn is_whole_journal(places: &[EntryPlace]) -> bool {
    matches!(places, [EntryPlace::Shard(_), ..])
}

/// An entry, or what is in the place of one.
type Logged = Result<LoggedEntry, UnreadableEntry>;

/// An order, or what is in the place of one.
type Loaded = Result<Arc<Order>, Unreadable>;

/// What an order that was read is counted as.
fn bytes_of<O: Borrow<Order>>(order: &Result<O, Unreadable>) -> usize {
    let operations = order.as_ref().map(|order| order.borrow().operations().count());
    operations.map_or(ORDER_BYTES, |operations| OPERATION_BYTES * (1 + operations))
}

/// The text that an entry sorts by.
fn place_of(entry: &Logged) -> &str {
    entry.as_ref().map_or_else(|entry| &entry.sort, |entry| &entry.sort)
}

/// The entries that are looked at next, and the orders that have to be loaded for them: so many at most.
fn at_a_time<'a>(
    search: &Search<'_>,
    entries: &'a [Logged],
    most: usize,
) -> (&'a [Logged], Vec<&'a OrderKey>) {
    let mut orders: Vec<&OrderKey> = Vec::new();
    for (n, entry) in entries.iter().enumerate() {
        let Ok(entry) = entry else { continue };
        if !search.may_be_listed(entry) || orders.contains(&&entry.order) {
            continue;
        }
        if orders.len() >= most {
            return (&entries[..n], orders);
        }
        orders.push(&entry.order);
    }
    (entries, orders)
}

impl Search<'_> {
    /// Where it begins and where it ends, in the order in which it is read.
    fn ends(&self) -> (String, String) {
        ends(self.order, self.since, self.until)
    }

    fn may_be_listed(&self, entry: &LoggedEntry) -> bool {
        let is_of_any_kind = matches!(self.under, Under::Reference(_) | Under::Decline(_));
        (is_of_any_kind || entry.kind.is_payment()) && (self.may_want)(entry)
    }
}

/// The part that is being read.
struct Part<'a> {
    search: &'a Search<'a>,
    /// What follows it is not read yet.
    reached: String,
    rows: Vec<Row>,
    unreadable: Vec<BadRow>,
    read_bytes: usize,
    /// Of the rows' transactions.
    operations: usize,
    newest: Option<Timestamp>,
    orders: HashMap<OrderKey, Loaded>,
    /// Orders of the next batch, if there is room for them.
    step: usize,
    /// Bytes of the largest order so far.
    largest: usize,
    deadline: Deadline,
}

impl Part<'_> {
    /// How many orders are read next. What is larger than all before can take a part beyond its limit.
    fn orders_next(&self) -> usize {
        let room = READ_MAX_BYTES.saturating_sub(self.read_bytes) / self.largest;
        self.step.min(room).max(1)
    }

    fn is_full(&self) -> bool {
        self.has_enough()
            || self.read_bytes + STEP_BYTES > READ_MAX_BYTES
            || !self.deadline.leaves_time_to_respond()
    }

    fn has_enough(&self) -> bool {
        self.shown() >= self.search.limit || self.operations >= OPERATIONS_IN_A_PART
    }

    /// Rows of both kinds.
    fn shown(&self) -> usize {
        self.rows.len() + self.unreadable.len()
    }

    /// Adds an entry that cannot be read.
    fn bad_entry(&mut self, entry: &UnreadableEntry) {
        let (at, order, item) = (moment_of(&entry.sort), entry.order.clone(), entry.item.clone());
        self.unreadable.push(BadRow { at, order, transaction: None, item });
    }

    /// Adds a transaction whose order cannot be read, once.
    fn bad_order(&mut self, entry: &LoggedEntry, item: Unreadable) {
        let (order, transaction) = (Some(entry.order.order.clone()), Some(entry.transaction));
        if !self.unreadable.iter().any(|row| row.order == order && row.transaction == transaction) {
            self.unreadable.push(BadRow { at: moment_of(&entry.sort), order, transaction, item });
        }
    }

    /// Adds the transaction, if this is its first fact and it is wanted.
    fn row(&mut self, entry: &LoggedEntry) {
        if !self.search.may_be_listed(entry) {
            return;
        }
        let order = match self.orders.get(&entry.order) {
            Some(Ok(order)) => order,
            Some(Err(item)) => {
                let item = item.clone();
                return self.bad_order(entry, item);
            }
            None => return,
        };
        let Some(transaction) = order.transaction(entry.transaction) else { return };
        let all = entries(None, order);
        let under = self.search.under.entry(transaction.id, &all);
        if under.is_none_or(|under| under.id == entry.id)
            && (self.search.wants)(order, transaction)
            && let Some(at) = first_of(transaction.id, &all).map(|first| first.at).or(moment_of(&entry.sort))
        {
            self.operations += transaction.operations.len();
            self.rows.push(Row { at, order: Arc::clone(order), transaction: entry.transaction });
        }
    }
}

impl Under<'_> {
    /// The entry that a transaction is listed under, among all of its order.
    fn entry(self, transaction: Uuid, entries: &[Entry]) -> Option<&Entry> {
        let newest = |is_one: &dyn Fn(&Entry) -> bool| {
            let own = entries.iter().filter(|entry| entry.transaction == transaction && is_one(entry));
            own.max_by_key(|entry| (entry.at, entry.id))
        };
        match self {
            Self::First => first_of(transaction, entries),
            Self::Reference(reference) => newest(&|entry| entry.reference.as_deref() == Some(reference)),
            Self::Decline(codes) => newest(&|entry| entry.decline.is_some_and(|code| codes.contains(&code))),
            Self::OwnDecline => newest(&|entry| {
                entry.kind.is_payment() && entry.unusual_place() == Some(EntryPlace::Declined)
            })
            .or_else(|| first_of(transaction, entries)),
        }
    }
}

/// Where a range begins and where it ends, in the order in which it is read.
fn ends(order: ReadOrder, since: Timestamp, until: Timestamp) -> (String, String) {
    match order {
        ReadOrder::NewestFirst => (sort_of(until), sort_of(since)),
        ReadOrder::OldestFirst => (sort_of(since), sort_of(until)),
    }
}

/// The moment of an entry, or of a place between two.
pub(super) fn moment_of(sort: &str) -> Option<Timestamp> {
    sort.split('#').next()?.parse().ok()
}

#[cfg(test)]
mod tests;

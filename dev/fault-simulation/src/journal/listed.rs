//! The lists of a merchant over a complete journal: payments and movements are read page after page, as people read them,
//! in both orders and with pages of any size. What they add up to is compared with the entries that were kept, whose sums
//! are compared with the totals and with the gateway's ledger elsewhere.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use async_trait::async_trait;
use jiff::Timestamp;
use tollgate_core::{
    journal::{
        Agenda, AgendaPage, AgendaQuery, Changes, CountedEntry, ENTRY_SHARDS, Entry, EntryLister, EntryLog,
        EntryPage, EntryPlace, EntryQuery, Lister, LoggedEntry, Row, Wanted, WantedEntries,
    },
    order::{ListPlace, MerchantId, Order, OrderKey},
    payments::{Deadline, DueQuery, ListedOrder, ListedPage, OrderIndex, OrderStore, Page, StoreError},
    values::ReadOrder,
};
use uuid::Uuid;

use super::signed;
use crate::rng::Rng;

/// Most rows of a page: few, so that most lists have several pages.
const PAGE_MAX: u64 = 7;

/// Longer than any list takes.
const TIME: Duration = Duration::from_hours(24);

/// A complete journal beside its orders, as lists read them.
struct Journal<'a> {
    entries: &'a [Entry],
    orders: &'a [Order],
}

impl Journal<'_> {
    fn page<E>(
        &self,
        place: &EntryPlace,
        query: &EntryQuery<'_>,
        read: impl Fn(String, &Entry) -> E,
    ) -> EntryPage<E> {
        let is_there = |entry: &&Entry| {
            let shard = entry.order.to_string().bytes().map(u64::from).sum::<u64>() % u64::from(ENTRY_SHARDS);
            entry.order.merchant == *query.merchant && *place == EntryPlace::Shard(shard.to_le_bytes()[0])
        };
        let (after, before) = query.between;
        let own = self.entries.iter().filter(is_there).map(|entry| (entry.sort(), entry));
        let mut found: Vec<_> =
            own.filter(|(sort, _)| after < sort.as_str() && sort.as_str() < before).collect();
        found.sort_by(|(one, _), (other, _)| query.order.compare(one, other));
        let more = found.len() > query.limit;
        found.truncate(query.limit);
        let next = found.last().filter(|_| more).map(|(sort, _)| sort.clone());
        let entries = found.into_iter().map(|(sort, entry)| (sort.clone(), Ok(read(sort, entry)))).collect();
        EntryPage { entries, next, read_bytes: 0 }
    }
}

#[async_trait]
impl EntryLog for Journal<'_> {
    async fn entries(
        &self,
        place: &EntryPlace,
        query: &EntryQuery<'_>,
    ) -> Result<EntryPage<Entry>, StoreError> {
        Ok(self.page(place, query, |_, entry| entry.clone()))
    }

    async fn logged(
        &self,
        place: &EntryPlace,
        query: &EntryQuery<'_>,
    ) -> Result<EntryPage<LoggedEntry>, StoreError> {
        Ok(self.page(place, query, |sort, entry| LoggedEntry {
            sort,
            id: entry.id,
            order: entry.order.clone(),
            transaction: entry.transaction,
            kind: entry.kind,
            currency: Some(entry.currency),
        }))
    }

    async fn counted(
        &self,
        place: &EntryPlace,
        query: &EntryQuery<'_>,
    ) -> Result<EntryPage<CountedEntry>, StoreError> {
        Ok(self.page(place, query, |_, entry| CountedEntry::from(entry)))
    }
}

#[async_trait]
impl OrderStore for Journal<'_> {
    async fn load(&self, key: &OrderKey) -> Result<Option<Order>, StoreError> {
        Ok(self.orders.iter().find(|order| order.key() == *key).cloned())
    }

    async fn create(&self, _: &Order) -> Result<(), StoreError> {
        Err(StoreError::Unavailable("a list writes nothing".to_owned()))
    }

    async fn save(&self, _: &Order) -> Result<(), StoreError> {
        Err(StoreError::Unavailable("a list writes nothing".to_owned()))
    }

    async fn due(&self, _: DueQuery) -> Result<Page, StoreError> {
        Err(StoreError::Unavailable("a list looks for nothing that is due".to_owned()))
    }
}

/// Lists without conditions look for nothing in it.
#[async_trait]
impl Agenda for Journal<'_> {
    async fn between(&self, _: AgendaQuery<'_>) -> Result<AgendaPage, StoreError> {
        Err(StoreError::Unavailable("not wanted".to_owned()))
    }
}

#[async_trait]
impl OrderIndex for Journal<'_> {
    async fn before(&self, _: &MerchantId, _: u16, _: &str, _: usize) -> Result<ListedPage, StoreError> {
        Err(StoreError::Unavailable("not wanted".to_owned()))
    }

    async fn at(&self, _: &MerchantId, _: &ListPlace) -> Result<Vec<ListedOrder>, StoreError> {
        Err(StoreError::Unavailable("not wanted".to_owned()))
    }
}

/// What is wrong with the lists over these entries, which are all that there are of these orders.
pub(super) async fn broken(entries: &[Entry], orders: &[Order], rng: &mut Rng) -> Vec<String> {
    let journal = Journal { entries, orders };
    let merchants: BTreeSet<&MerchantId> = entries.iter().map(|entry| &entry.order.merchant).collect();
    let mut broken = Vec::new();
    for merchant in merchants {
        let limit = usize::try_from(1 + rng.below(PAGE_MAX)).unwrap_or(1);
        for order in [ReadOrder::NewestFirst, ReadOrder::OldestFirst] {
            let wanted = WantedEntries {
                merchant,
                since: Timestamp::UNIX_EPOCH,
                until: Timestamp::MAX,
                conditions: &[],
                order,
                after: None,
                limit,
            };
            let found = match (movements(&journal, &wanted).await, payments(&journal, &wanted).await) {
                (Ok(movements), Ok(payments)) => differing(&journal, &wanted, &movements, &payments),
                (Err(error), _) | (_, Err(error)) => Some(error.to_string()),
            };
            broken.extend(found.map(|what| format!("{merchant}, {order:?}, pages of {limit}: {what}")));
        }
    }
    broken
}

/// All pages of movements.
async fn movements(journal: &Journal<'_>, first: &WantedEntries<'_>) -> Result<Vec<Entry>, StoreError> {
    let lister =
        EntryLister { log: journal, store: journal, index: journal, deadline: Deadline::after(TIME) };
    let (mut all, mut after) = (Vec::new(), None::<String>);
    loop {
        let page = lister.find(&WantedEntries { after: after.as_deref(), ..*first }).await?;
        all.extend(page.entries);
        after = page.next;
        if after.is_none() {
            return Ok(all);
        }
    }
}

/// All pages of payments.
async fn payments(journal: &Journal<'_>, first: &WantedEntries<'_>) -> Result<Vec<Row>, StoreError> {
    let lister = Lister { log: journal, store: journal, agenda: journal, deadline: Deadline::after(TIME) };
    let &WantedEntries { merchant, since, until, order, limit, .. } = first;
    let (mut all, mut after) = (Vec::new(), None::<String>);
    loop {
        let after_text = after.as_deref();
        let wanted =
            Wanted { merchant, now: until, since, until, conditions: &[], order, after: after_text, limit };
        let page = lister.find(&wanted).await?;
        all.extend(page.rows);
        after = page.next;
        if after.is_none() {
            return Ok(all);
        }
    }
}

/// What one of the lists has otherwise than the journal.
fn differing(
    journal: &Journal<'_>,
    wanted: &WantedEntries<'_>,
    movements: &[Entry],
    payments: &[Row],
) -> Option<String> {
    let own = || journal.entries.iter().filter(|entry| entry.order.merchant == *wanted.merchant);
    let mut expected: Vec<String> = own().map(Entry::sort).collect();
    expected.sort_by(|one, other| wanted.order.compare(one, other));
    let listed: Vec<String> = movements.iter().map(Entry::sort).collect();
    if listed != expected {
        return Some(format!("the movements are {listed:?}, the journal has {expected:?}"));
    }
    let decided: BTreeSet<Uuid> =
        own().filter(|entry| entry.kind.is_payment()).map(|entry| entry.transaction).collect();
    let mut sums: BTreeMap<Uuid, (i64, i64)> = BTreeMap::new();
    for row in payments {
        let Some(transaction) = row.order.transaction(row.transaction) else {
            return Some(format!("payment {} is not in its order", row.transaction));
        };
        let captured = transaction.captured();
        // As the order counts it: of a payment that took nothing, nothing was returned.
        let returned = if captured.is_zero() { 0 } else { signed(transaction.refunded().minor()) };
        let now = (signed(captured.minor()), returned);
        if sums.insert(transaction.id, now).is_some() {
            return Some(format!("payment {} is listed twice", transaction.id));
        }
    }
    let listed: BTreeSet<Uuid> = sums.keys().copied().collect();
    if listed != decided {
        return Some(format!("the payments are {listed:?}, the journal has {decided:?}"));
    }
    let mut moved: BTreeMap<Uuid, Changes> = BTreeMap::new();
    for entry in movements {
        let before = moved.remove(&entry.transaction).unwrap_or_default();
        moved.insert(entry.transaction, [before, entry.changes].into_iter().sum());
    }
    let unlike = sums.into_iter().find(|(id, now)| {
        let of = moved.get(id).copied().unwrap_or_default();
        *now != (of.paid, of.returned)
    });
    unlike.map(|(id, now)| {
        format!("payment {id} took and gave back {now:?}, its movements {:?}", moved.get(&id))
    })
}

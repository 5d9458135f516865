use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
};

use async_trait::async_trait;
use jiff::Timestamp;
use tollgate_core::{
    journal::{Agenda, AgendaKeys, AgendaList, AgendaOrder, AgendaPage, AgendaQuery},
    order::{ListKey, MerchantId, Order, OrderKey},
    payments::{
        DueCursor, DueOrder, DueQuery, Index, ListedOrder, ListedPage, LoadedOrders, OrderIndex, OrderStore,
        Page, ShopPoll, StoreError,
    },
};

use super::{
    faults::{Faults, unavailable},
    journal::JournalTable,
    locked::lock,
};

/// The orders' table with its indexes. All that is due is in the first partition.
///
/// Its ports, for [`Faults`]: `load`, `create`, `save`, `index`. An order that cannot be read is
/// named by its id, a line of the list of orders by `key of ` and the id.
#[derive(Default)]
pub struct OrderTable {
    orders: Mutex<BTreeMap<String, Order>>,
    shops: Mutex<BTreeMap<MerchantId, ShopPoll>>,
    pub faults: Arc<Faults>,
    /// Follows every change, as the table's stream does.
    journal: Option<Arc<JournalTable>>,
    /// Bytes of an order's item; none is counted without.
    size: Option<fn(&Order) -> usize>,
    reads: Mutex<Reads>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reads {
    /// Orders, each time that one was wanted.
    pub orders: usize,
    pub batches: usize,
    /// Orders of the largest batch.
    pub largest: usize,
}

impl OrderTable {
    /// An empty table with a journal that follows it.
    pub fn new(faults: Arc<Faults>, journal: Arc<JournalTable>) -> Self {
        Self { faults, journal: Some(journal), ..Self::default() }
    }

    /// Batches say how many bytes they read.
    #[must_use]
    pub fn sized(self, size: fn(&Order) -> usize) -> Self {
        Self { size: Some(size), ..self }
    }

    /// All orders, by their keys.
    pub fn all(&self) -> MutexGuard<'_, BTreeMap<String, Order>> {
        lock(&self.orders)
    }

    /// Puts an order as it is and overwrites an existing one.
    pub fn keep(&self, order: Order) {
        self.replace(&mut self.all(), order);
    }

    fn replace(&self, all: &mut BTreeMap<String, Order>, order: Order) {
        let key = order.key().to_string();
        if let Some(journal) = &self.journal {
            journal.follow(all.get(&key), &order);
        }
        all.insert(key, order);
    }

    /// Changes an order behind everybody's back: nothing follows it.
    pub fn change(&self, id: &str, change: impl FnOnce(&mut Order)) {
        change(self.all().values_mut().find(|order| order.id.as_str() == id).expect("such an order"));
    }

    /// The reads so far.
    pub fn reads(&self) -> Reads {
        *lock(&self.reads)
    }

    /// Nothing was read yet.
    pub fn forget_reads(&self) {
        *lock(&self.reads) = Reads::default();
    }

    /// One conditional write: of a new order, or of the version that was read.
    pub fn put(&self, order: &Order, new: bool) -> Result<(), StoreError> {
        self.faults.write(if new { "create" } else { "save" })?;
        let mut all = self.all();
        let stored = all.get(&order.key().to_string());
        let is_as_read = match stored {
            Some(stored) => !new && !self.faults.is_contended() && stored.version == order.version,
            None => new,
        };
        if !is_as_read {
            let stored = stored.ok_or_else(|| unavailable("there is no such order"))?;
            return Err(StoreError::Conflict(Box::new(stored.clone())));
        }
        self.replace(&mut all, Order { version: order.version + 1, ..order.clone() });
        Ok(())
    }

    fn get(&self, key: &OrderKey) -> Result<Option<Order>, StoreError> {
        if let Some(bad) = self.faults.unreadable(key.order.as_str(), key.to_string()) {
            return Err(StoreError::Corrupt(bad.reason));
        }
        Ok(self.all().get(&key.to_string()).cloned())
    }

    /// The merchant's orders in such places, newest first.
    fn listed(
        &self,
        merchant: &MerchantId,
        is_wanted: impl Fn(&ListKey) -> bool,
    ) -> Result<Vec<ListedOrder>, StoreError> {
        self.faults.works("index")?;
        let all = self.all();
        let listed = all.values().filter(|order| order.merchant == *merchant).filter_map(|order| {
            let place = order.list_key().filter(&is_wanted)?;
            let bad = self.faults.unreadable(&format!("key of {}", order.id), order.key().to_string());
            Some(ListedOrder { sort: place.sort, key: bad.map_or_else(|| Ok(order.key()), Err) })
        });
        let mut listed: Vec<_> = listed.collect();
        listed.sort_by(|one, other| other.sort.cmp(&one.sort));
        Ok(listed)
    }
}

#[async_trait]
impl OrderStore for OrderTable {
    async fn load(&self, key: &OrderKey) -> Result<Option<Order>, StoreError> {
        self.faults.works("load")?;
        lock(&self.reads).orders += 1;
        self.get(key)
    }

    async fn load_all(&self, keys: &[OrderKey]) -> Result<LoadedOrders, StoreError> {
        self.faults.works("load")?;
        {
            let mut reads = lock(&self.reads);
            reads.orders += keys.len();
            reads.batches += 1;
            reads.largest = reads.largest.max(keys.len());
        }
        let mut loaded = LoadedOrders::default();
        for key in keys {
            if let Some(bad) = self.faults.unreadable(key.order.as_str(), key.to_string()) {
                bad.note();
                loaded.orders.insert(key.clone(), Err(bad));
            } else if let Some(order) = self.get(key)? {
                loaded.read_bytes += self.size.map_or(0, |size| size(&order));
                loaded.orders.insert(key.clone(), Ok(order));
            }
        }
        Ok(loaded)
    }

    async fn create(&self, order: &Order) -> Result<(), StoreError> {
        self.put(order, true)
    }

    async fn save(&self, order: &Order) -> Result<(), StoreError> {
        self.put(order, false)
    }

    async fn note_shop(&self, merchant: &MerchantId, now: Timestamp) -> Result<(), StoreError> {
        self.faults.works("save")?;
        let new = || ShopPoll { merchant: merchant.clone(), read_from: now, next_at: now, version: 1 };
        lock(&self.shops).entry(merchant.clone()).or_insert_with(new);
        Ok(())
    }

    async fn shop_poll(&self, merchant: &MerchantId) -> Result<Option<ShopPoll>, StoreError> {
        self.faults.works("load")?;
        Ok(lock(&self.shops).get(merchant).cloned())
    }

    async fn save_shop_poll(&self, poll: &ShopPoll) -> Result<(), StoreError> {
        self.faults.works("save")?;
        let mut shops = lock(&self.shops);
        if let Some(stored) = shops.get_mut(&poll.merchant).filter(|stored| stored.version == poll.version) {
            *stored = ShopPoll { version: poll.version + 1, ..poll.clone() };
        }
        Ok(())
    }

    async fn due(&self, query: DueQuery) -> Result<Page, StoreError> {
        self.faults.works("index")?;
        let DueQuery { index, shard, until, after, limit } = query;
        let all = self.all();
        let due = all.iter().filter(|_| shard == 0).filter_map(|(key, order)| {
            let at = match index {
                Index::InDoubt | Index::Unrecorded => {
                    Index::of(order).filter(|(own, _)| *own == index).map(|(_, at)| at)
                }
                Index::CapturesDue => order.next_capture_at(),
            };
            let at = at.filter(|at| *at <= until)?;
            let needs_attention_from = order.needs_attention_from();
            let order = DueOrder { key: order.key(), at, needs_attention_from };
            Some((DueCursor { key: key.clone(), due: at.to_string() }, order))
        });
        let place = |cursor: &DueCursor| (cursor.due.clone(), cursor.key.clone());
        let mut due: Vec<_> =
            due.filter(|(at, _)| after.as_ref().is_none_or(|after| place(at) > place(after))).collect();
        due.sort_by_key(|(at, _)| place(at));
        let next = due.get(limit).map(|_| due[limit - 1].0.clone());
        due.truncate(limit);
        let has_shops = index == Index::Unrecorded && shard == 0 && after.is_none();
        let shops = lock(&self.shops);
        let shops = shops.values().filter(|poll| has_shops && poll.next_at <= until);
        let shops = shops.map(|poll| poll.merchant.clone()).collect();
        Ok(Page { orders: due.into_iter().map(|(_, order)| order).collect(), shops, next })
    }
}

#[async_trait]
impl OrderIndex for OrderTable {
    async fn before(
        &self,
        merchant: &MerchantId,
        shard: u16,
        before: &str,
        limit: usize,
    ) -> Result<ListedPage, StoreError> {
        let mut orders = self.listed(merchant, |place| place.shard == shard && *place.sort < *before)?;
        let more = orders.len() > limit;
        orders.truncate(limit);
        Ok(ListedPage { orders, more })
    }

    async fn at(&self, merchant: &MerchantId, at: &ListKey) -> Result<Vec<ListedOrder>, StoreError> {
        self.listed(merchant, |place| place.shard == at.shard && place.sort.starts_with(&at.sort))
    }
}

#[async_trait]
impl Agenda for OrderTable {
    async fn between(&self, query: AgendaQuery<'_>) -> Result<AgendaPage, StoreError> {
        self.faults.works("index")?;
        let AgendaQuery { merchant, list, part, between: (first, last), limit } = query;
        let all = self.all();
        let own = all.values().filter(|order| order.merchant == *merchant);
        let found = own.filter_map(|order| {
            let keys = AgendaKeys::of(order);
            let sort_key = match list {
                AgendaList::Attention => keys.attention,
                AgendaList::Captures => keys.captures,
            };
            let sort_key = sort_key.filter(|sort_key| {
                keys.part == part && first <= sort_key.as_str() && sort_key.as_str() <= last
            })?;
            Some(AgendaOrder { sort_key, key: Ok(order.key()) })
        });
        let mut orders: Vec<_> = found.collect();
        orders.sort_by(|one, other| one.sort_key.cmp(&other.sort_key));
        let more = orders.len() > limit;
        orders.truncate(limit);
        Ok(AgendaPage { orders, more })
    }
}

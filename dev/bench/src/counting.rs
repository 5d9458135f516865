//! A store that counts the units that DynamoDB would charge for.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use tollgate::dynamodb::{Item, item_size, orders::StoredOrder};
use tollgate_core::{
    order::{Order, OrderKey},
    payments::{DueQuery, OrderStore, Page, Shards, StoreError},
};

use crate::dynamodb::{READ_UNIT, Writes, put, units};

/// Partitions of the indexes. How many there are changes no size.
const SHARDS: Shards = Shards { in_doubt: 64, captures: 16 };

/// Units that DynamoDB says were used.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Units {
    /// Queries of an index.
    pub(crate) finding: f64,
    /// Units that reading items takes.
    pub(crate) reading: f64,
    /// Writes of items and of index entries.
    pub(crate) writes: Writes,
    /// Largest item written, in bytes.
    pub(crate) largest: usize,
}

impl Units {
    /// The units used since then.
    pub(crate) fn since(self, before: Self) -> Self {
        Self {
            finding: self.finding - before.finding,
            reading: self.reading - before.reading,
            writes: Writes {
                items: self.writes.items - before.writes.items,
                indexes: self.writes.indexes - before.writes.indexes,
            },
            largest: self.largest,
        }
    }
}

/// Counts the calls that it passes to another store.
pub(crate) struct Counting {
    store: Arc<dyn OrderStore>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    units: Units,
    /// The stored items, as far as they went through here.
    stored: HashMap<String, Item>,
}

impl Counting {
    pub(crate) fn new(store: Arc<dyn OrderStore>) -> Self {
        Self { store, state: Mutex::default() }
    }

    pub(crate) fn units(&self) -> Units {
        self.state().units
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wrote(&self, order: &Order) {
        let item = StoredOrder::next(order, SHARDS).0;
        let mut state = self.state();
        state.units.largest = state.units.largest.max(item_size(&item));
        let key = order.key().to_string();
        let writes = put(state.stored.get(&key), &item);
        state.units.writes += writes;
        state.stored.insert(key, item);
    }
}

#[async_trait]
impl OrderStore for Counting {
    async fn load(&self, key: &OrderKey) -> Result<Option<Order>, StoreError> {
        let order = self.store.load(key).await?;
        let item = order.as_ref().map(|order| StoredOrder::next(order, SHARDS).0);
        let mut state = self.state();
        state.units.reading += item.as_ref().map_or(1.0, |item| units(item_size(item), READ_UNIT));
        if let Some(item) = item {
            state.stored.insert(key.to_string(), item);
        }
        drop(state);
        Ok(order)
    }

    async fn create(&self, order: &Order) -> Result<(), StoreError> {
        self.store.create(order).await.inspect(|()| self.wrote(order))
    }

    async fn save(&self, order: &Order) -> Result<(), StoreError> {
        self.store.save(order).await.inspect(|()| self.wrote(order))
    }

    async fn due(&self, query: DueQuery) -> Result<Page, StoreError> {
        let page = self.store.due(query).await?;
        let bytes: usize = page.orders.iter().map(|order| entry_size(&order.key)).sum();
        self.state().units.finding += units(bytes, READ_UNIT) / 2.0;
        Ok(page)
    }
}

/// An entry that holds only keys: the table's key and the index's own two, names and values.
fn entry_size(key: &OrderKey) -> usize {
    let names = ["order_key", "capture_shard", "capture_due_at"].map(str::len).iter().sum::<usize>();
    names + key.to_string().len() + "00".len() + "2027-01-01T00:00:00Z".len()
}

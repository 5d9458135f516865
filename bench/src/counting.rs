//! A store that counts what DynamoDB would charge for, by DynamoDB's published rules for item sizes and units.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use tollgate::{
    order::{Order, OrderKey},
    store::{Cursor, Index, OrderStore, Page, StoreError},
};

/// Bytes of a read unit, strongly consistent; an eventually consistent read costs half.
const READ_UNIT: usize = 4 * 1024;
/// Bytes of a write unit.
const WRITE_UNIT: usize = 1024;

/// Units used.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Units {
    /// Queries of an index.
    pub(crate) finding: f64,
    /// Reads of items.
    pub(crate) reading: f64,
    /// Writes of items.
    pub(crate) writing: f64,
    /// Writes to indexes that follow from them.
    pub(crate) indexing: f64,
    /// Largest item written, in bytes.
    pub(crate) largest: usize,
}

impl Units {
    /// What was used since then.
    pub(crate) fn since(self, before: Self) -> Self {
        Self {
            finding: self.finding - before.finding,
            reading: self.reading - before.reading,
            writing: self.writing - before.writing,
            indexing: self.indexing - before.indexing,
            largest: self.largest,
        }
    }
}

/// Counts what goes through to another store.
pub(crate) struct Counting {
    store: Arc<dyn OrderStore>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    units: Units,
    /// What the indexes hold of each order, as far as it went through here.
    indexed: HashMap<String, [Option<Timestamp>; 2]>,
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
        let now = indexed(order);
        let size = item_size(order);
        let mut state = self.state();
        let before = state.indexed.insert(order.key().to_string(), now).unwrap_or_default();
        // An index entry that is added or removed is a write; one whose key changes is both.
        let changes = before.iter().zip(now).map(|(before, now)| match (before, now) {
            (Some(before), Some(now)) if *before == now => 0.0,
            (Some(_), Some(_)) => 2.0,
            (Some(_), None) | (None, Some(_)) => 1.0,
            (None, None) => 0.0,
        });
        state.units.indexing += changes.sum::<f64>();
        state.units.writing += units(size, WRITE_UNIT);
        state.units.largest = state.units.largest.max(size);
    }
}

#[async_trait]
impl OrderStore for Counting {
    async fn load(&self, key: &OrderKey) -> Result<Option<Order>, StoreError> {
        let order = self.store.load(key).await?;
        let mut state = self.state();
        state.units.reading += order.as_ref().map_or(1.0, |order| units(item_size(order), READ_UNIT));
        if let Some(order) = &order {
            state.indexed.insert(key.to_string(), indexed(order));
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

    async fn due(
        &self,
        index: Index,
        shard: u16,
        until: Timestamp,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<Page, StoreError> {
        let page = self.store.due(index, shard, until, after, limit).await?;
        let bytes: usize = page.keys.iter().map(entry_size).sum();
        self.state().units.finding += units(bytes, READ_UNIT) / 2.0;
        Ok(page)
    }
}

fn indexed(order: &Order) -> [Option<Timestamp>; 2] {
    [order.next_inquiry_at(), order.next_capture_at()]
}

/// A query or an item of nothing costs a unit, too.
#[expect(clippy::cast_precision_loss, reason = "units are far below 2^52")]
fn units(bytes: usize, unit: usize) -> f64 {
    bytes.div_ceil(unit).max(1) as f64
}

/// An entry that holds only keys: the table's key and the index's own two, names and values.
fn entry_size(key: &OrderKey) -> usize {
    let names = ["order_key", "capture_shard", "capture_due_at"].map(str::len).iter().sum::<usize>();
    names + key.to_string().len() + "00".len() + "2027-01-01T00:00:00Z".len()
}

fn item_size(order: &Order) -> usize {
    let item: HashMap<String, AttributeValue> = serde_dynamo::to_item(order).unwrap_or_default();
    let key = "order_key".len() + order.key().to_string().len();
    let attributes: usize = item.iter().map(|(name, value)| name.len() + size(value)).sum();
    let indexes = [("in_doubt_shard", "in_doubt_at"), ("capture_shard", "capture_due_at")];
    let indexes = indexed(order).into_iter().zip(indexes).filter(|(at, _)| at.is_some());
    key + attributes + indexes.map(|(_, (shard, at))| shard.len() + at.len() + 22).sum::<usize>()
}

/// DynamoDB's own rule for the size of a value.
fn size(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::N(number) => number.len().div_ceil(2) + 1,
        AttributeValue::L(list) => 3 + list.iter().map(|value| 1 + size(value)).sum::<usize>(),
        AttributeValue::M(map) => {
            3 + map.iter().map(|(name, value)| 1 + name.len() + size(value)).sum::<usize>()
        }
        _ => 1,
    }
}

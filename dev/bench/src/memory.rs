//! A store in memory that takes as long as DynamoDB does. The local stack's DynamoDB does one thing
//! at a time, so a measurement against it would measure it instead.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use jiff::Timestamp;
use tollgate_core::{
    order::{Order, OrderKey},
    payments::{DueCursor, DueOrder, DueQuery, Index, OrderStore, Page, StoreError},
};

/// Orders by key, and those with a capture due by time.
pub(crate) struct Memory {
    latency: Duration,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    orders: HashMap<String, Order>,
    due: BTreeSet<(Timestamp, String)>,
}

impl Memory {
    pub(crate) fn new(latency: Duration) -> Self {
        Self { latency, state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, order: &Order, new: bool) -> Result<(), StoreError> {
        let key = order.key().to_string();
        let mut state = self.state();
        let stored = state.orders.get(&key);
        let as_read = stored.map_or(new, |stored| !new && stored.version == order.version);
        if !as_read {
            let stored = stored.cloned().ok_or_else(|| StoreError::Unavailable("not there".to_owned()))?;
            return Err(StoreError::Conflict(Box::new(stored)));
        }
        if let Some(at) = stored.and_then(Order::next_capture_at) {
            state.due.remove(&(at, key.clone()));
        }
        if let Some(at) = order.next_capture_at() {
            state.due.insert((at, key.clone()));
        }
        state.orders.insert(key, Order { version: order.version + 1, ..order.clone() });
        Ok(())
    }
}

#[async_trait]
impl OrderStore for Memory {
    async fn load(&self, key: &OrderKey) -> Result<Option<Order>, StoreError> {
        tokio::time::sleep(self.latency).await;
        Ok(self.state().orders.get(&key.to_string()).cloned())
    }

    async fn create(&self, order: &Order) -> Result<(), StoreError> {
        tokio::time::sleep(self.latency).await;
        self.put(order, true)
    }

    async fn save(&self, order: &Order) -> Result<(), StoreError> {
        tokio::time::sleep(self.latency).await;
        self.put(order, false)
    }

    /// All captures lie in the first partition, as those of a sixteenth of a deployment's orders
    /// do.
    async fn due(&self, query: DueQuery) -> Result<Page, StoreError> {
        let DueQuery { index, shard, until, after, limit } = query;
        tokio::time::sleep(self.latency).await;
        let state = self.state();
        let after = after.and_then(|cursor| Some((cursor.due.parse::<Timestamp>().ok()?, cursor.key)));
        let rest = state.due.iter().filter(|entry| {
            index == Index::CapturesDue
                && shard == 0
                && entry.0 <= until
                && after.as_ref().is_none_or(|after| *entry > after)
        });
        let page: Vec<_> = rest.take(limit).collect();
        let next = page.last().filter(|_| page.len() == limit);
        let next = next.map(|(due, key)| DueCursor { key: key.clone(), due: due.to_string() });
        let due = |(at, key): &&(Timestamp, String)| {
            let order = state.orders.get(key)?;
            Some(DueOrder { key: order.key(), at: *at, needs_attention_from: order.needs_attention_from() })
        };
        Ok(Page { orders: page.iter().filter_map(due).collect(), next })
    }
}

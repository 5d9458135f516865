//! Orders, customers, slots and the switch.

use std::collections::btree_map::Entry as Place;

use async_trait::async_trait;
use tollgate_core::{
    journal::entries,
    order::{Order, OrderKey},
    payments::{Attempts, DueOrder, DueQuery, Index, OrderStore, Page, Slot, StoreError, Switch},
    stored_cards::{Customer, CustomerKey, CustomerStore, Written},
};

use super::{State, World};

fn unavailable() -> StoreError {
    StoreError::Unavailable("it is down".to_owned())
}

impl State {
    /// Whether a port works now.
    pub(super) fn works(&self, port: &str) -> Result<(), StoreError> {
        if self.broken.contains(port) { Err(unavailable()) } else { Ok(()) }
    }

    fn put(&mut self, order: &Order, new: bool) -> Result<(), StoreError> {
        self.works(if new { "create" } else { "save" })?;
        let next = Order { version: order.version + 1, ..order.clone() };
        let before = match self.orders.entry(order.key().to_string()) {
            Place::Vacant(place) if new => {
                place.insert(next.clone());
                None
            }
            Place::Occupied(mut place) if !new && !self.contended && place.get().version == order.version => {
                Some(place.insert(next.clone()))
            }
            Place::Occupied(place) => {
                return Err(StoreError::Conflict(Box::new(place.get().clone())));
            }
            Place::Vacant(_) => return Err(unavailable()),
        };
        self.entries.extend(entries(before.as_ref(), &next));
        Ok(())
    }
}

#[async_trait]
impl OrderStore for World {
    async fn load(&self, key: &OrderKey) -> Result<Option<Order>, StoreError> {
        let state = self.state();
        state.works("load")?;
        if state.unreadable.contains(key.order.as_str()) {
            return Err(StoreError::Corrupt("a member is missing".to_owned()));
        }
        Ok(state.orders.get(&key.to_string()).cloned())
    }

    async fn create(&self, order: &Order) -> Result<(), StoreError> {
        self.state().put(order, true)
    }

    async fn save(&self, order: &Order) -> Result<(), StoreError> {
        self.state().put(order, false)
    }

    /// All of which something is due, in the first partition and on one page.
    async fn due(&self, query: DueQuery) -> Result<Page, StoreError> {
        let state = self.state();
        state.works("index")?;
        let due = |order: &Order| {
            let at = match query.index {
                Index::InDoubt => order.next_look_at(),
                Index::CapturesDue => order.next_capture_at(),
            };
            let at = at.filter(|at| *at <= query.until)?;
            Some(DueOrder { key: order.key(), at, needs_attention: order.needs_attention() })
        };
        let orders = state.orders.values().filter(|_| query.shard == 0).filter_map(due).collect();
        Ok(Page { orders, next: None })
    }
}

#[async_trait]
impl CustomerStore for World {
    async fn load(&self, key: &CustomerKey) -> Result<Option<Customer>, StoreError> {
        let state = self.state();
        state.works("customer")?;
        Ok(state.customers.get(&key.to_string()).cloned())
    }

    async fn put(&self, customer: &Customer) -> Result<Written, StoreError> {
        let mut state = self.state();
        state.works("customer_put")?;
        let key = customer.key.to_string();
        if state.contended || state.customers.get(&key).map_or(0, |stored| stored.version) != customer.version
        {
            return Ok(Written::Changed);
        }
        state.customers.insert(key, Customer { version: customer.version + 1, ..customer.clone() });
        Ok(Written::Done)
    }
}

#[async_trait]
impl Attempts for World {
    async fn take(&self, slot: &Slot, limit: u32) -> Result<bool, StoreError> {
        let mut state = self.state();
        state.works("slots")?;
        let taken = state.slots.entry(slot.key.clone()).or_default();
        let is_free = *taken < limit;
        *taken += u32::from(is_free);
        Ok(is_free)
    }

    async fn give_back(&self, slot: &Slot) -> Result<(), StoreError> {
        let mut state = self.state();
        state.works("give_back")?;
        *state.slots.get_mut(&slot.key).expect("a slot that was taken") -= 1;
        Ok(())
    }
}

#[async_trait]
impl Switch for World {
    async fn is_stopped(&self) -> Result<bool, StoreError> {
        self.state().stopped.ok_or_else(unavailable)
    }
}

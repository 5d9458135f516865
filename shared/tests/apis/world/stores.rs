//! Orders, customers, counters and the switch.

use std::collections::btree_map::Entry as Spot;

use async_trait::async_trait;
use tollgate::dynamodb::{item_size, orders::StoredOrder};
use tollgate_core::{
    journal::{Agenda, AgendaList, AgendaOrder, AgendaPage, AgendaPlaces, AgendaQuery, entries},
    order::{ListPlace, MerchantId, Order, OrderKey},
    payments::{
        Attempts, Counts, DueOrder, DueQuery, Effect, Ended, Index, ListedOrder, ListedPage, LoadedOrders,
        OrderIndex, OrderStore, Page, Place, Shards, Stop, StoreError, Switch, SwitchOf, SwitchState,
        Switches, Unreadable,
    },
    stored_cards::{Customer, CustomerKey, CustomerStore, Written},
};

use super::{State, World};

/// What an order's item takes.
fn bytes(order: &Order) -> usize {
    item_size(&StoredOrder::next(order, Shards { in_doubt: 1, captures: 1 }).0)
}

fn unavailable() -> StoreError {
    StoreError::Unavailable("it is down".to_owned())
}

impl State {
    /// Whether a port works now.
    pub(super) fn works(&self, port: &str) -> Result<(), StoreError> {
        if self.broken.contains(port) { Err(unavailable()) } else { Ok(()) }
    }

    /// The merchant's orders in such places.
    fn listed(
        &self,
        merchant: &MerchantId,
        is_wanted: impl Fn(&ListPlace) -> bool,
    ) -> Result<Vec<ListedOrder>, StoreError> {
        self.works("index")?;
        let own = self.orders.values().filter(|order| order.merchant == *merchant);
        let listed = own.filter_map(|order| {
            let place = order.list_place().filter(&is_wanted)?;
            Some(ListedOrder { sort: place.sort, key: Ok(order.key()) })
        });
        Ok(listed.collect())
    }

    fn put(&mut self, order: &Order, new: bool) -> Result<(), StoreError> {
        self.works(if new { "create" } else { "save" })?;
        let next = Order { version: order.version + 1, ..order.clone() };
        let before = match self.orders.entry(order.key().to_string()) {
            Spot::Vacant(place) if new => {
                place.insert(next.clone());
                None
            }
            Spot::Occupied(mut place) if !new && !self.contended && place.get().version == order.version => {
                Some(place.insert(next.clone()))
            }
            Spot::Occupied(place) => {
                return Err(StoreError::Conflict(Box::new(place.get().clone())));
            }
            Spot::Vacant(_) => return Err(unavailable()),
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

    async fn load_all(&self, keys: &[OrderKey]) -> Result<LoadedOrders, StoreError> {
        let mut loaded = LoadedOrders::default();
        for key in keys {
            match OrderStore::load(self, key).await {
                Ok(order) => {
                    loaded.read_bytes += order.as_ref().map_or(0, bytes);
                    loaded.orders.extend(order.map(|order| (key.clone(), Ok(order))));
                }
                Err(error) => {
                    let item = Unreadable::only(error, key.to_string())?;
                    item.note();
                    loaded.orders.insert(key.clone(), Err(item));
                }
            }
        }
        Ok(loaded)
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
            Some(DueOrder { key: order.key(), at, needs_attention_from: order.needs_attention_from() })
        };
        let orders = state.orders.values().filter(|_| query.shard == 0).filter_map(due).collect();
        Ok(Page { orders, next: None })
    }
}

#[async_trait]
impl Agenda for World {
    async fn between(&self, query: AgendaQuery<'_>) -> Result<AgendaPage, StoreError> {
        let AgendaQuery { merchant, list, part, between: (first, last), limit } = query;
        let state = self.state();
        state.works("index")?;
        let place = |order: &Order| {
            let places = AgendaPlaces::of(order);
            let place = match list {
                AgendaList::Attention => places.attention,
                AgendaList::Captures => places.captures,
            };
            place.filter(|place| places.part == part && first <= place.as_str() && place.as_str() <= last)
        };
        let own = state.orders.values().filter(|order| order.merchant == *merchant);
        let found = own.filter_map(|order| Some(AgendaOrder { place: place(order)?, key: Ok(order.key()) }));
        let mut orders: Vec<AgendaOrder> = found.collect();
        orders.sort_by(|one, other| one.place.cmp(&other.place));
        let more = orders.len() > limit;
        orders.truncate(limit);
        Ok(AgendaPage { orders, more })
    }
}

#[async_trait]
impl OrderIndex for World {
    async fn before(
        &self,
        merchant: &MerchantId,
        shard: u16,
        before: &str,
        limit: usize,
    ) -> Result<ListedPage, StoreError> {
        let mut orders =
            self.state().listed(merchant, |place| place.shard == shard && *place.sort < *before)?;
        orders.sort_by(|one, other| other.sort.cmp(&one.sort));
        let more = orders.len() > limit;
        orders.truncate(limit);
        Ok(ListedPage { orders, more })
    }

    async fn at(&self, merchant: &MerchantId, at: &ListPlace) -> Result<Vec<ListedOrder>, StoreError> {
        self.state().listed(merchant, |place| place.shard == at.shard && place.sort.starts_with(&at.sort))
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

    async fn remove(&self, _: &Customer) -> Result<Written, StoreError> {
        unreachable!("no route deletes a customer")
    }
}

#[async_trait]
impl Attempts for World {
    async fn begin(&self, counter: &str, place: Place) -> Result<Counts, StoreError> {
        let mut state = self.state();
        state.works("begin")?;
        let counts = state.counters.entry(counter.to_owned()).or_default();
        *counts.places.entry(place.number).or_default() += 1;
        Ok(counts.clone())
    }

    async fn end(&self, counter: &str, ended: &Ended) -> Result<(), StoreError> {
        let mut state = self.state();
        state.works("end")?;
        let counts = state.counters.get_mut(counter).expect("a counter that an attempt began in");
        match &ended.effect {
            Effect::Declined => *counts.declined.entry(ended.minute).or_default() += 1,
            Effect::Nothing | Effect::Approved(_) => {
                *counts.places.entry(ended.place.number).or_default() -= 1;
            }
        }
        if let Effect::Approved(Some(card)) = &ended.effect {
            counts.approved.entry(ended.minute).or_default().insert(card.clone());
        }
        Ok(())
    }
}

#[async_trait]
impl Switch for World {
    async fn stop(&self, merchant: &MerchantId) -> Result<Stop, StoreError> {
        if self.all_stopped().await? {
            return Ok(Stop::All);
        }
        let stopped = self.state().switches.get(merchant).is_some_and(|own| own.stopped);
        Ok(if stopped { Stop::Merchant } else { Stop::None })
    }

    async fn all_stopped(&self) -> Result<bool, StoreError> {
        self.state().stopped.ok_or_else(unavailable)
    }
}

#[async_trait]
impl Switches for World {
    async fn state(&self, of: &SwitchOf) -> Result<SwitchState, StoreError> {
        let SwitchOf::Merchant(merchant) = of else { return Err(unavailable()) };
        self.state().stopped.ok_or_else(unavailable)?;
        Ok(self.state().switches.get(merchant).cloned().unwrap_or_default())
    }

    async fn save(&self, of: &SwitchOf, state: &SwitchState) -> Result<bool, StoreError> {
        let SwitchOf::Merchant(merchant) = of else { return Err(unavailable()) };
        self.state().switches.insert(merchant.clone(), state.clone());
        Ok(true)
    }
}

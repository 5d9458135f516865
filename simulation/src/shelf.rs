//! The store's twin: items in memory, as the table would hold them, and an index that lags behind.

use std::{collections::BTreeMap, time::Duration};

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::time::{Instant, sleep};
use tollgate::{
    order::{Order, OrderKey},
    store::{
        Cursor, Index, OrderStore, Page, StoreError,
        dynamodb::{Item, StoredOrder},
    },
    transaction::Transaction,
};

use crate::{
    Broken, check,
    fault::{Call, Fault},
    versions::{self, Version},
    world::{Instance, State, World},
};

/// How much the index lags behind at worst when it works as it should.
const LAG_MAX_MS: u64 = 2_000;

/// How much a stale index lags behind.
const STALE: Duration = Duration::from_secs(90);

/// Orders on a page of the index: few, so that reading goes over several pages.
const PAGE: usize = 2;

/// The stored orders.
#[derive(Default)]
pub(crate) struct Shelf {
    entries: BTreeMap<String, Entry>,
}

struct Entry {
    item: Item,
    /// The same, as the version reads it that knows all of it.
    order: Order,
    /// What the indexes were told, and when.
    indexes: Vec<(Instant, Indexed)>,
}

/// What the indexes hold of an order: the shard, and since when something is due.
#[derive(Clone, Copy)]
struct Indexed {
    in_doubt: Option<(u16, Timestamp)>,
    capture: Option<(u16, Timestamp)>,
}

impl Indexed {
    fn of(item: &Item) -> Self {
        let text = |name: &str| item.get(name)?.as_s().ok();
        let key = |shard: &str, at: &str| Some((text(shard)?.parse().ok()?, text(at)?.parse().ok()?));
        Self {
            in_doubt: key("in_doubt_shard", "in_doubt_at"),
            capture: key("capture_shard", "capture_due_at"),
        }
    }

    fn in_index(self, index: Index) -> Option<(u16, Timestamp)> {
        match index {
            Index::InDoubt => self.in_doubt,
            Index::CapturesDue => self.capture,
        }
    }
}

/// One line of an index: when it is due, as the index writes it, the key, and both as they are.
type Line = (String, String, OrderKey, Timestamp);

impl Shelf {
    pub(crate) fn orders(&self) -> impl Iterator<Item = &Order> {
        self.entries.values().map(|entry| &entry.order)
    }

    pub(crate) fn order(&self, key: &str) -> Option<&Order> {
        self.entries.get(key).map(|entry| &entry.order)
    }

    /// Whether an order says something that today's version has no words for.
    pub(crate) fn is_beyond_today(&self, key: &str) -> bool {
        self.entries.get(key).is_some_and(|entry| versions::is_beyond_today(&entry.item))
    }

    /// When an order was last written.
    pub(crate) fn written_at(&self, key: &str) -> Option<Instant> {
        self.entries.get(key)?.indexes.last().map(|(at, _)| *at)
    }

    fn put(&mut self, item: Item, order: Order) {
        let line = (Instant::now(), Indexed::of(&item));
        let key = order.key().to_string();
        match self.entries.get_mut(&key) {
            Some(entry) => {
                entry.item = item;
                entry.order = order;
                entry.indexes.push(line);
            }
            None => {
                self.entries.insert(key, Entry { item, order, indexes: vec![line] });
            }
        }
    }

    /// An order as a version reads it.
    fn read(&self, key: &str, version: Version) -> Result<Option<Order>, StoreError> {
        let Some(entry) = self.entries.get(key) else { return Ok(None) };
        StoredOrder(version.reads(entry.item.clone())).read().map(Some)
    }

    /// What one shard of an index shows, as it was `lag` ago.
    fn due(&self, index: Index, shard: u16, until: Timestamp, lag: Duration) -> Vec<Line> {
        let now = Instant::now();
        let seen = |entry: &Entry| {
            let (_, told) = entry.indexes.iter().rev().find(|(since, _)| *since + lag <= now)?;
            let (_, at) = told.in_index(index).filter(|(of, _)| *of == shard)?;
            // The index has whole seconds.
            Timestamp::from_second(at.as_second()).ok().filter(|at| *at <= until)
        };
        let mut found: Vec<Line> = self
            .entries
            .iter()
            .filter_map(|(key, entry)| {
                let at = seen(entry)?;
                Some((format!("{:020}", at.as_second()), key.clone(), entry.order.key(), at))
            })
            .collect();
        found.sort_by(|a, b| (&a.0, &a.1).cmp(&(&b.0, &b.1)));
        found
    }
}

impl World {
    /// One conditional write, as the table does it.
    fn write(&self, order: &Order, new: bool, version: Version) -> Result<(), StoreError> {
        let mut guard = self.state();
        let state = &mut *guard;
        let key = order.key().to_string();
        let stored = state.shelf.order(&key).map(|stored| stored.version);
        let as_read = match (new, stored) {
            (true, None) => true,
            (true, Some(_)) | (false, None) => false,
            (false, Some(stored)) => stored == order.version,
        };
        let unconditional = state.broken == Some(Broken::StoreWithoutCondition) && stored.is_some();
        if !as_read && !unconditional {
            let stored = state.shelf.read(&key, version)?;
            self.note(state, format_args!("  conflict on {key}"));
            return Err(match stored {
                Some(stored) => StoreError::Conflict(Box::new(stored)),
                None => StoreError::Unavailable("no such item".to_owned()),
            });
        }
        self.replace(state, order, version);
        Ok(())
    }

    fn replace(&self, state: &mut State, order: &Order, version: Version) {
        let key = order.key().to_string();
        let item = StoredOrder::next(order, state.capture_shards).0;
        let item = if state.two_versions { version.writes(item) } else { item };
        let order = match StoredOrder(Version::ToCome.reads(item.clone())).read() {
            Ok(order) => order,
            Err(error) => return self.fail(state, &format!("{key} cannot be read any more: {error}")),
        };
        if let Some(entry) = state.shelf.entries.get(&key) {
            let before = entry.item.clone();
            if versions::lost(&before, &item) {
                self.fail(state, &format!("a member that today's version does not know is gone from {key}"));
            }
            if version == Version::Today && versions::is_beyond_today(&before) {
                state.count("writes of what only a newer version can read");
            }
        }
        let before = state.shelf.order(&key);
        state.ledger.know_attempts(&order);
        let mut broken = check::written(before, &order, &state.ledger);
        let terms = state.shops.terms(order.merchant.as_str());
        broken.extend(check::schedule::written(before, &order, &terms, self.latest(state)));
        self.note(state, format_args!("  {key} v{}: {}", order.version, check::Shown(&order)));
        for rule in broken {
            self.fail(state, &rule);
        }
        for transaction in &order.transactions {
            let status = transaction.status().as_str().to_owned();
            let (captured, refunded) = (transaction.captured().minor(), transaction.refunded().minor());
            state.seen.insert((transaction.id, status, captured, refunded));
            let at = transaction.capture.filter(|_| transaction.capture_standing().is_some());
            state.schedules.insert((transaction.id, at.map(|schedule| schedule.at.as_second())));
            let attempt = |transaction: &Transaction| transaction.first().map(|first| first.attempt.id);
            let before = state.shelf.order(&key).and_then(|before| before.transaction(transaction.id));
            if before.and_then(attempt) != attempt(transaction) {
                state.sent_with.insert(transaction.id, transaction.capture.map(|schedule| schedule.at));
            }
        }
        state.shelf.put(item, order);
    }

    /// Somebody else's write, which changes nothing that matters.
    fn other_writer(&self, order: &Order) {
        let now = self.now();
        let mut guard = self.state();
        let state = &mut *guard;
        let stored = state.shelf.order(&order.key().to_string()).cloned();
        let mut other = stored.unwrap_or_else(|| Order::new(&order.key(), order.currency, order.total, now));
        other.updated_at = now;
        self.replace(state, &other, Version::ToCome);
    }
}

impl Instance {
    async fn put(&self, order: &Order, new: bool) -> Result<(), StoreError> {
        let call = if new { Call::Create } else { Call::Save };
        let fault = self.enter(call, &order.id).await;
        match fault {
            Some(Fault::Error) => return Err(unavailable()),
            Some(Fault::OtherWriter) => self.world.other_writer(order),
            Some(Fault::LateWrite) => {
                let (world, order, version) = (self.world.clone(), order.clone(), self.version);
                let delay_ms = 1 + world.state().rng.below(8_000);
                tokio::spawn(async move {
                    sleep(Duration::from_millis(delay_ms)).await;
                    world.step(format_args!("a write of {} arrives late", order.id));
                    // Whether it still fits is the condition's business.
                    world.write(&order, new, version).unwrap_or_default();
                });
                return Err(unavailable());
            }
            _ => {}
        }
        let written = self.world.write(order, new, self.version);
        self.leave(fault).await;
        match fault {
            Some(Fault::ErrorAfter) => Err(unavailable()),
            Some(Fault::OwnConflict) if written.is_ok() => {
                // By the time of the repeat somebody else may have gone on from it.
                let stored = self.world.state().shelf.read(&order.key().to_string(), self.version)?;
                Err(stored.map_or_else(unavailable, |stored| StoreError::Conflict(Box::new(stored))))
            }
            _ => written,
        }
    }
}

fn unavailable() -> StoreError {
    StoreError::Unavailable("simulated".to_owned())
}

#[async_trait]
impl OrderStore for Instance {
    async fn load(&self, key: &OrderKey) -> Result<Option<Order>, StoreError> {
        let fault = self.enter(Call::Load, &key.order).await;
        if fault == Some(Fault::Error) {
            return Err(unavailable());
        }
        let order = self.world.state().shelf.read(&key.to_string(), self.version);
        self.leave(fault).await;
        order
    }

    async fn create(&self, order: &Order) -> Result<(), StoreError> {
        self.put(order, true).await
    }

    async fn save(&self, order: &Order) -> Result<(), StoreError> {
        self.put(order, false).await
    }

    async fn due(
        &self,
        index: Index,
        shard: u16,
        until: Timestamp,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<Page, StoreError> {
        let call = match index {
            Index::InDoubt => Call::Index,
            Index::CapturesDue => Call::CaptureIndex,
        };
        let fault = self.enter(call, &shard).await;
        if fault == Some(Fault::Error) {
            return Err(unavailable());
        }
        let found = {
            let mut state = self.world.state();
            let lag = match fault {
                Some(Fault::Stale) => STALE,
                _ if state.jitter => Duration::from_millis(state.rng.below(LAG_MAX_MS)),
                _ => Duration::ZERO,
            };
            let lost = match index {
                Index::InDoubt => state.broken == Some(Broken::IndexEmpty),
                Index::CapturesDue => state.broken == Some(Broken::CaptureIndexEmpty),
            };
            if lost { Vec::new() } else { state.shelf.due(index, shard, until, lag) }
        };
        self.leave(fault).await;
        let rest = found.into_iter().filter(|(due, key, ..)| {
            after.as_ref().is_none_or(|after| (due, key) > (&after.due, &after.key))
        });
        let mut page: Vec<_> = rest.take(limit.min(PAGE) + 1).collect();
        let more = page.len() > limit.min(PAGE);
        page.truncate(limit.min(PAGE));
        let last = page.last().filter(|_| more);
        let next = last.map(|(due, key, ..)| Cursor { key: key.clone(), due: due.clone() });
        let oldest = page.first().map(|(.., at)| *at);
        Ok(Page { keys: page.into_iter().map(|(_, _, key, _)| key).collect(), oldest, next })
    }
}

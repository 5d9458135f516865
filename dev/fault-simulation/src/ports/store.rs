//! The port to the table: each write is conditional and checked, and each call may go wrong.

use std::time::Duration;

use async_trait::async_trait;
use tokio::time::sleep;
use tollgate::{dynamodb::orders::StoredOrder, elastic_path::transaction_status};
use tollgate_core::{
    order::{CaptureSchedule, Order, OrderKey, Transaction},
    payments::{DueCursor, DueQuery, Index, OrderStore, Page, Shards, StoreError},
    values::Amount,
};

use crate::{
    broken::Broken,
    check::{self, owed},
    fault::{Call, Fault},
    versions::{self, Version},
    world::{IN_DOUBT_SHARDS, Instance, State, World},
};

/// How much the index lags behind at worst when it works as it should.
const LAG_MAX_MS: u64 = 2_000;

/// How much a stale index lags behind.
const STALE: Duration = Duration::from_secs(90);

/// Orders on a page of the index: few, so that reading goes over several pages.
const PAGE: usize = 2;

/// The process that writes, and its version. Other writers have no number.
#[derive(Clone, Copy)]
struct Writer {
    number: Option<u32>,
    version: Version,
}

impl World {
    /// One conditional write, as the table does it.
    fn write(&self, order: &Order, new: bool, writer: Writer) -> Result<(), StoreError> {
        let mut guard = self.state();
        let state = &mut *guard;
        let key = order.key().to_string();
        let stored = state.fake_store.order(&key).map(|stored| stored.version);
        let as_read = match (new, stored) {
            (true, None) => true,
            (true, Some(_)) | (false, None) => false,
            (false, Some(stored)) => stored == order.version,
        };
        let unconditional = state.broken == Some(Broken::StoreWithoutCondition) && stored.is_some();
        if !as_read && !unconditional {
            let stored = state.fake_store.read(&key, writer.version)?;
            self.note(state, format_args!("  conflict on {key}"));
            return Err(match stored {
                Some(stored) => StoreError::Conflict(Box::new(stored)),
                None => StoreError::Unavailable("no such item".to_owned()),
            });
        }
        self.replace(state, order, writer);
        Ok(())
    }

    fn replace(&self, state: &mut State, order: &Order, writer: Writer) {
        let version = writer.version;
        let key = order.key().to_string();
        let shards = Shards { in_doubt: IN_DOUBT_SHARDS, captures: state.capture_shards };
        let item = StoredOrder::next(order, shards).0;
        let item = if state.two_versions { version.writes(item) } else { item };
        let order = match StoredOrder(Version::ToCome.reads(item.clone())).read() {
            Ok(order) => order,
            Err(error) => return self.fail(state, &format!("{key} cannot be read any more: {error}")),
        };
        if let Some(before) = state.fake_store.item(&key).cloned() {
            if versions::lost(&before, &item) {
                self.fail(state, &format!("a member that today's version does not know is gone from {key}"));
            }
            if version == Version::Today && versions::is_beyond_today(&before) {
                state.count("writes of what only a newer version can read");
            }
        }
        let before = state.fake_store.order(&key).cloned();
        let before = before.as_ref();
        state.ledger.know_attempts(&order);
        let mut broken = check::written(before, &order, &state.ledger);
        let mut terms = state.shops.terms(order.merchant.as_str());
        terms.paused_since = terms.paused_since.map(|since| state.last_thaw_of_what_began_before(since));
        broken.extend(check::schedule::written(before, &order, &terms, self.latest(state)));
        if let Some(number) = writer.number {
            broken.extend(owed::written(state, number, before, &order));
        }
        broken.extend(check::seen::written(state, before, &order, self.latest(state)));
        self.note(state, format_args!("  {key} v{}: {}", order.version, check::Shown(&order)));
        for rule in broken {
            self.fail(state, &rule);
        }
        for transaction in &order.transactions {
            let status = transaction_status(transaction.status()).to_owned();
            let (captured, refunded) = (transaction.captured().minor(), transaction.refunded().minor());
            state.seen.insert((transaction.id, status, captured, refunded));
            let at = transaction.capture.filter(|_| transaction.capture_standing().is_some());
            let part = |schedule: CaptureSchedule| schedule.amount.and(transaction.scheduled_amount());
            let shown = at.map(|schedule| (schedule.at.as_second(), part(schedule).map(Amount::minor)));
            state.schedules.insert((transaction.id, shown));
            let attempt = |transaction: &Transaction| transaction.first().map(|first| first.attempt.id);
            let before = state.fake_store.order(&key).and_then(|before| before.transaction(transaction.id));
            if before.and_then(attempt) != attempt(transaction) {
                state.sent_with.insert(transaction.id, transaction.capture.map(|schedule| schedule.at));
            }
        }
        state.stream.push((before.cloned(), order.clone()));
        state.written_at.push(self.now());
        state.fake_store.put(item, order);
    }

    /// Another writer's write, which changes nothing that matters.
    fn other_writer(&self, order: &Order) {
        let now = self.now();
        let mut guard = self.state();
        let state = &mut *guard;
        let stored = state.fake_store.order(&order.key().to_string()).cloned();
        let mut other = stored.unwrap_or_else(|| Order::new(&order.key(), order.currency, order.total, now));
        other.updated_at = now;
        self.replace(state, &other, Writer { number: None, version: Version::ToCome });
    }
}

impl Instance {
    async fn put(&self, order: &Order, new: bool) -> Result<(), StoreError> {
        let call = if new { Call::Create } else { Call::Save };
        let fault = self.enter(call, &order.id).await;
        let writer = Writer { number: Some(self.number), version: self.version };
        match fault {
            Some(Fault::Error) => return Err(unavailable()),
            Some(Fault::OtherWriter) => self.world.other_writer(order),
            Some(Fault::LateWrite) => {
                let (world, order) = (self.world.clone(), order.clone());
                let delay_ms = 1 + world.state().rng.below(8_000);
                tokio::spawn(async move {
                    sleep(Duration::from_millis(delay_ms)).await;
                    world.step(format_args!("a write of {} arrives late", order.id));
                    // Whether it still fits is the condition's business.
                    world.write(&order, new, writer).unwrap_or_default();
                });
                return Err(unavailable());
            }
            _ => {}
        }
        let written = self.world.write(order, new, writer);
        self.leave(fault).await;
        match fault {
            Some(Fault::ErrorAfter) => Err(unavailable()),
            Some(Fault::OwnConflict) if written.is_ok() => {
                // By the time of the repeat another request may have continued from it.
                let stored = self.world.state().fake_store.read(&order.key().to_string(), self.version)?;
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
        let order = self.world.state().fake_store.read(&key.to_string(), self.version);
        self.leave(fault).await;
        order
    }

    async fn create(&self, order: &Order) -> Result<(), StoreError> {
        self.put(order, true).await
    }

    async fn save(&self, order: &Order) -> Result<(), StoreError> {
        self.put(order, false).await
    }

    async fn due(&self, query: DueQuery) -> Result<Page, StoreError> {
        let DueQuery { index, shard, until, after, limit } = query;
        let call = match index {
            Index::InDoubt => Call::Index,
            Index::CapturesDue => Call::CaptureIndex,
            // No merchant here has its orders in a shop.
            Index::Unrecorded => return Ok(Page { orders: Vec::new(), shops: Vec::new(), next: None }),
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
                Index::Unrecorded => false,
            };
            if lost { Vec::new() } else { state.fake_store.due(index, shard, until, lag) }
        };
        self.leave(fault).await;
        let rest = found.into_iter().filter(|(due, key, ..)| {
            after.as_ref().is_none_or(|after| (due, key) > (&after.due, &after.key))
        });
        let mut page: Vec<_> = rest.take(limit.min(PAGE) + 1).collect();
        let more = page.len() > limit.min(PAGE);
        page.truncate(limit.min(PAGE));
        let last = page.last().filter(|_| more);
        let next = last.map(|(due, key, ..)| DueCursor { key: key.clone(), due: due.clone() });
        Ok(Page { orders: page.into_iter().map(|(.., order)| order).collect(), shops: Vec::new(), next })
    }
}

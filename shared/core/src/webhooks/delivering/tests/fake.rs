//! A world in which time passes only when everything waits: receivers, the table, and the received
//! messages.

use std::{
    collections::{BTreeMap, BTreeSet},
    pin::pin,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    task::{Context, Poll, Waker},
};

use uuid::Uuid;

use async_trait::async_trait;

use super::*;
use crate::{
    order::MerchantId,
    webhooks::{Event, EventBus, KnownReceiver, MessageFormat, NotTaken, Outbox, ReceiversError, Secret},
};

const EPOCH_S: i64 = 1_767_225_600;

/// The clock, and who waits for it.
pub(super) struct Time(Mutex<Waiting>);

struct Waiting {
    now: Timestamp,
    /// By the moment that they wait for, in the order in which they began.
    wakers: BTreeMap<(Timestamp, u64), Waker>,
    begun: u64,
}

impl Time {
    fn new() -> Arc<Self> {
        let now = Timestamp::from_second(EPOCH_S).unwrap();
        Arc::new(Self(Mutex::new(Waiting { now, wakers: BTreeMap::new(), begun: 0 })))
    }

    pub(super) async fn sleep_until(&self, until: Timestamp) {
        let mut own = None;
        futures_util::future::poll_fn(|context| {
            let mut state = self.0.lock().unwrap();
            if state.now >= until {
                return Poll::Ready(());
            }
            state.begun += 1;
            // One entry for each that waits, however often it is polled.
            let key = *own.get_or_insert((until, state.begun));
            state.wakers.insert(key, context.waker().clone());
            Poll::Pending
        })
        .await;
    }

    /// Runs a story to its end. Whenever nothing can go on, the clock moves to the next moment that
    /// anything waits for.
    pub(super) fn run(time: &Arc<Self>, story: impl Future<Output = ()>) {
        let mut story = pin!(story);
        while story.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending() {
            let mut state = time.0.lock().unwrap();
            let (until, _) = *state.wakers.keys().next().expect("something waits");
            state.now = state.now.max(until);
            let later = state.wakers.split_off(&(until, u64::MAX));
            let woken = std::mem::replace(&mut state.wakers, later);
            drop(state);
            woken.into_values().for_each(Waker::wake);
        }
    }
}

impl Clock for Time {
    fn now(&self) -> Timestamp {
        self.0.lock().unwrap().now
    }

    fn new_id(&self) -> Uuid {
        unreachable!("nothing here draws an id")
    }
}

/// How a receiver behaves.
#[derive(Clone, Copy)]
pub(super) enum Manner {
    Healthy,
    /// Takes everything, but for so long each.
    Slow(SignedDuration),
    /// Responds 500 to every third message.
    WrongEveryThird,
    /// Lets everything time out for this long.
    DownUntil(SignedDuration),
    /// Takes each message, and responds 500 the first time to every second one.
    TakesButFailsOnce,
    /// Wants to be left alone for this long.
    Busy(SignedDuration),
    /// Lets everything time out for this long, and is gone then.
    GoneAfter(SignedDuration),
}

/// A document of receivers, as every process reads it: the receivers that it names, and the error
/// if it cannot be used.
#[derive(Default)]
pub(super) struct Directory(Mutex<(Vec<Receiver>, Option<ReceiversError>)>, Mutex<Option<Receiver>>);

impl Directory {
    pub(super) fn remove(&self, name: &str) {
        drop(self.take(name));
    }

    pub(super) fn take(&self, name: &str) -> Receiver {
        let receivers = &mut self.0.lock().unwrap().0;
        let n = receivers.iter().position(|receiver| receiver.id.to_string() == name).unwrap();
        receivers.remove(n)
    }

    pub(super) fn put_back(&self, receiver: Receiver) {
        self.0.lock().unwrap().0.push(receiver);
    }

    /// A process that read the document before it named this receiver.
    pub(super) fn is_remembered_without(&self, name: &str) {
        let receiver = self.take(name);
        self.put_back(receiver.clone());
        *self.1.lock().unwrap() = Some(receiver);
    }

    pub(super) fn fails(&self, with: Option<ReceiversError>) {
        self.0.lock().unwrap().1 = with;
    }

    pub(super) fn disable(&self) {
        self.0.lock().unwrap().0.iter_mut().for_each(|receiver| receiver.is_disabled = true);
    }
}

#[async_trait]
impl Receivers for Directory {
    async fn receivers(&self, merchant: &MerchantId) -> Result<Arc<[Receiver]>, ReceiversError> {
        let unknown = self.1.lock().unwrap().as_ref().map(|receiver| receiver.id.clone());
        let named = self.receivers_now(merchant).await?;
        Ok(named.iter().filter(|receiver| Some(&receiver.id) != unknown.as_ref()).cloned().collect())
    }

    async fn receivers_now(&self, _: &MerchantId) -> Result<Arc<[Receiver]>, ReceiversError> {
        let (receivers, failure) = self.0.lock().unwrap().clone();
        failure.map_or_else(|| Ok(receivers.into()), Err)
    }
}

/// The messages that a receiver saw, and when.
#[derive(Default)]
struct Seen {
    attempts: u32,
    taken: Vec<(Uuid, String, Timestamp)>,
}

struct Line {
    time: Arc<Time>,
    manners: BTreeMap<String, Manner>,
    seen: Mutex<BTreeMap<String, Seen>>,
}

#[async_trait]
impl Courier for Line {
    async fn send(&self, to: &Receiver, delivery: &Delivery) -> Result<(), NotTaken> {
        let now = self.time.now();
        let name = to.id.to_string();
        let (attempt, is_first) = {
            let mut seen = self.seen.lock().unwrap();
            let seen = seen.entry(name.clone()).or_default();
            seen.attempts += 1;
            (seen.attempts, !seen.taken.iter().any(|(id, ..)| *id == delivery.event))
        };
        let since = now.duration_since(Timestamp::from_second(EPOCH_S).unwrap());
        let (took_ms, takes, result) = match self.manners[&name] {
            Manner::Slow(took) => (i64::try_from(took.as_millis()).unwrap(), true, Ok(())),
            Manner::Busy(after) => (50, false, Err(NotTaken::Busy { status: 429, after })),
            Manner::GoneAfter(from) if since >= from => (50, false, Err(NotTaken::Gone)),
            Manner::WrongEveryThird if attempt.is_multiple_of(3) => (50, false, Err(NotTaken::Status(500))),
            Manner::DownUntil(until) | Manner::GoneAfter(until) if since < until => {
                (10_000, false, Err(NotTaken::Timeout))
            }
            Manner::TakesButFailsOnce if is_first && delivery.event.as_u128() % 2 == 1 => {
                (50, true, Err(NotTaken::Status(500)))
            }
            _ => (50, true, Ok(())),
        };
        self.time.sleep_until(plus_ms(now, took_ms)).await;
        if takes {
            let mut seen = self.seen.lock().unwrap();
            let message = (delivery.event, delivery.body.clone(), self.time.now());
            seen.get_mut(&name).unwrap().taken.push(message);
        }
        result
    }
}

fn plus_ms(at: Timestamp, ms: i64) -> Timestamp {
    at.checked_add(SignedDuration::from_millis(ms)).unwrap()
}

/// A flag that tests set.
#[derive(Default)]
pub(super) struct Flag(AtomicBool);

impl Flag {
    pub(super) fn set(&self, value: bool) {
        self.0.store(value, Ordering::SeqCst);
    }
}

/// To whom, when the event happened, and its id.
type Key = (ReceiverKey, Timestamp, Uuid);

/// Deliveries and receivers' health in memory, with the failures that a test sets.
#[derive(Default)]
pub(super) struct Table {
    deliveries: Mutex<BTreeMap<Key, (Delivery, Option<DeliveryOutcome>)>>,
    health: Mutex<BTreeMap<ReceiverKey, Health>>,
    known: Mutex<BTreeMap<ReceiverKey, KnownReceiver>>,
    /// How often the notes on one merchant's receivers were read.
    pub(super) known_reads: AtomicU32,
    pub(super) refuses: Flag,
    /// Deliveries that are due and cannot be read, by their sort keys.
    pub(super) spoiled: Mutex<Vec<String>>,
    /// Receivers that failed and whose entries cannot be read.
    pub(super) bad_receivers: Mutex<Vec<String>>,
    /// Whether it cannot say which receivers failed.
    pub(super) unlisted: Flag,
}

impl Table {
    fn check(&self) -> Result<(), StoreError> {
        if self.refuses.0.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable("away".to_owned()));
        }
        Ok(())
    }

    fn count(&self, name: &str, of: impl Fn(&DeliveryOutcome) -> bool) -> usize {
        let deliveries = self.deliveries.lock().unwrap();
        let own = deliveries.iter().filter(|((key, ..), _)| key.receiver.to_string() == name);
        own.filter(|(_, (_, settled))| settled.as_ref().is_some_and(&of)).count()
    }
}

#[async_trait]
impl DeliveryStore for Table {
    async fn add(&self, delivery: &Delivery, _: Timestamp) -> Result<(), StoreError> {
        let key = (delivery.to.clone(), delivery.at, delivery.event);
        self.deliveries.lock().unwrap().entry(key).or_insert_with(|| (delivery.clone(), None));
        Ok(())
    }

    async fn health(&self, receiver: &ReceiverKey) -> Result<Health, StoreError> {
        Ok(self.health.lock().unwrap().get(receiver).copied().unwrap_or_default())
    }

    async fn put_health(&self, receiver: &ReceiverKey, health: Health) -> Result<(), StoreError> {
        self.check()?;
        self.health.lock().unwrap().insert(receiver.clone(), health);
        Ok(())
    }

    async fn failed_receivers(&self) -> Result<(Vec<(ReceiverKey, Health)>, Vec<Unreadable>), StoreError> {
        if self.unlisted.0.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable("away".to_owned()));
        }
        let health = self.health.lock().unwrap();
        let bad = self.bad_receivers.lock().unwrap();
        let bad = bad.iter().map(|key| Unreadable { key: key.clone(), reason: String::new() });
        Ok((health.iter().map(|(key, health)| (key.clone(), *health)).collect(), bad.collect()))
    }

    async fn due(
        &self,
        receiver: &ReceiverKey,
        until: Timestamp,
        limit: usize,
    ) -> Result<DueDeliveries, StoreError> {
        let mut spoiled = self.spoiled.lock().unwrap().clone();
        spoiled.truncate(limit);
        let item = |sort: &String| Unreadable { key: sort.clone(), reason: String::new() };
        let unreadable: Vec<_> = spoiled.iter().map(|sort| (sort.clone(), item(sort))).collect();
        let limit = limit - unreadable.len();
        let deliveries = self.deliveries.lock().unwrap();
        let due = |settled: &Option<DeliveryOutcome>| match settled {
            Some(DeliveryOutcome::Waits { due, .. }) if *due <= until => Some(*due),
            _ => None,
        };
        let own = deliveries.iter().filter(|((key, ..), _)| key == receiver);
        let mut all: Vec<_> =
            own.filter_map(|(_, (delivery, settled))| Some((due(settled)?, delivery.clone()))).collect();
        all.sort_by_key(|(due, delivery)| (*due, delivery.at));
        let due = all.into_iter().take(limit).map(|(_, delivery)| delivery).collect();
        Ok(DueDeliveries { deliveries: due, unreadable })
    }

    async fn set_aside(&self, _: &ReceiverKey, sort: &str, _: &str, _: Timestamp) -> Result<(), StoreError> {
        self.check()?;
        self.spoiled.lock().unwrap().retain(|spoiled| spoiled != sort);
        Ok(())
    }

    async fn known(&self, merchant: Option<&MerchantId>) -> Result<Vec<KnownReceiver>, StoreError> {
        self.known_reads.fetch_add(u32::from(merchant.is_some()), Ordering::SeqCst);
        Ok(self.known.lock().unwrap().values().cloned().collect())
    }

    async fn note(&self, known: &KnownReceiver) -> Result<(), StoreError> {
        self.check()?;
        self.known.lock().unwrap().insert(known.key.clone(), known.clone());
        Ok(())
    }

    async fn forget(&self, receiver: &ReceiverKey) -> Result<(), StoreError> {
        self.known.lock().unwrap().retain(|key, known| key != receiver || known.left_at.is_none());
        Ok(())
    }

    async fn delete_some(&self, receiver: &ReceiverKey) -> Result<usize, StoreError> {
        self.check()?;
        let mut deliveries = self.deliveries.lock().unwrap();
        let own = deliveries.keys().filter(|(key, ..)| key == receiver).take(2).cloned();
        let own: Vec<_> = own.collect();
        for key in &own {
            deliveries.remove(key);
        }
        Ok(own.len())
    }

    async fn delete_health(&self, receiver: &ReceiverKey) -> Result<(), StoreError> {
        self.check()?;
        self.health.lock().unwrap().remove(receiver);
        Ok(())
    }

    async fn settle(
        &self,
        delivery: &Delivery,
        settled: &DeliveryOutcome,
        _: Timestamp,
    ) -> Result<(), StoreError> {
        self.check()?;
        let key = (delivery.to.clone(), delivery.at, delivery.event);
        let mut deliveries = self.deliveries.lock().unwrap();
        let Some((kept, was)) = deliveries.get_mut(&key) else { return Ok(()) };
        assert!(*was != Some(DeliveryOutcome::Delivered), "what arrived is not sent again");
        if let DeliveryOutcome::Waits { failures, since, .. } = settled {
            (kept.failures, kept.since) = (*failures, Some(*since));
        }
        *was = Some(settled.clone());
        Ok(())
    }
}

fn outbox(directory: &Arc<Directory>, store: &Arc<Table>, time: &Arc<Time>) -> Outbox {
    Outbox::new(Arc::clone(directory) as _, Arc::clone(store) as _, Arc::clone(time) as _)
}

pub(super) struct World {
    pub(super) time: Arc<Time>,
    pub(super) store: Arc<Table>,
    pub(super) directory: Arc<Directory>,
    pub(super) delivering: Delivering,
    line: Arc<Line>,
    outbox: Mutex<Arc<Outbox>>,
    added: Mutex<BTreeSet<(ReceiverKey, Timestamp, Uuid)>>,
}

impl World {
    pub(super) fn new(manners: &[(&str, Manner)]) -> Self {
        let (time, store) = (Time::new(), Arc::new(Table::default()));
        let directory = Arc::new(Directory::default());
        for (name, _) in manners {
            let (id, url) = (name.parse().unwrap(), "https://example.com".to_owned());
            let format =
                MessageFormat::Standard { secrets: vec![Secret::from(vec![1; 32])], secret_key: None };
            let receiver = Receiver { id, url, format, kinds: Vec::new(), is_disabled: false };
            directory.0.lock().unwrap().0.push(receiver);
        }
        let manners = manners.iter().map(|(name, manner)| ((*name).to_owned(), *manner)).collect();
        let line = Arc::new(Line { time: Arc::clone(&time), manners, seen: Mutex::default() });
        let outbox = outbox(&directory, &store, &time);
        let delivering = Delivering {
            receivers: Arc::clone(&directory) as _,
            store: Arc::clone(&store) as _,
            courier: Arc::clone(&line) as _,
            clock: Arc::clone(&time) as _,
        };
        let (outbox, added) = (Mutex::new(Arc::new(outbox)), Mutex::default());
        Self { time, store, directory, delivering, line, outbox, added }
    }

    /// From now on events come from a process that has kept nothing.
    pub(super) fn cold_start(&self) {
        *self.outbox.lock().unwrap() = Arc::new(outbox(&self.directory, &self.store, &self.time));
    }

    /// How many items of each kind there are of a receiver: deliveries, health, notes.
    pub(super) fn left_of(&self, name: &str) -> [usize; 3] {
        let is_own = |key: &ReceiverKey| key.receiver.to_string() == name;
        [
            self.store.deliveries.lock().unwrap().keys().filter(|(key, ..)| is_own(key)).count(),
            self.store.health.lock().unwrap().keys().filter(|key| is_own(key)).count(),
            self.store.known.lock().unwrap().keys().filter(|key| is_own(key)).count(),
        ]
    }

    /// Publishes an event, twice, as a stream may, and returns the added deliveries.
    pub(super) async fn publish(&self, n: u32) -> Vec<Added> {
        let (id, at) = (Uuid::from_u128(n.into()), self.time.now());
        let body = format!("{} {}", n % 10, n / 10 + 1);
        let merchant = "m".parse().unwrap();
        let event = Event { id, kind: "order.updated", merchant, at, body };
        let outbox = Arc::clone(&self.outbox.lock().unwrap());
        for _ in 0..2 {
            outbox.publish(std::slice::from_ref(&event)).await.unwrap();
        }
        let deliveries = self.store.deliveries.lock().unwrap();
        let mut added = self.added.lock().unwrap();
        let new = deliveries.iter().filter(|((_, then, _), _)| *then == at);
        let new = new.filter(|(key, _)| added.insert((*key).clone()));
        new.map(|((key, ..), (delivery, _))| Added {
            number: format!("{n}-{}", key.receiver),
            delivery: delivery.clone(),
        })
        .collect()
    }

    /// A receiver's state of each order: the highest version.
    pub(super) fn folded(&self, name: &str) -> BTreeMap<u32, u64> {
        let mut state: BTreeMap<u32, u64> = BTreeMap::new();
        for (_, body, _) in &self.line.seen.lock().unwrap()[name].taken {
            let (order, version) = body.split_once(' ').unwrap();
            let known = state.entry(order.parse().unwrap()).or_default();
            *known = (*known).max(version.parse().unwrap());
        }
        state
    }

    /// The stored health of a receiver.
    pub(super) fn health(&self, name: &str) -> Option<Health> {
        let health = self.store.health.lock().unwrap();
        health.iter().find(|(key, _)| key.receiver.to_string() == name).map(|(_, health)| *health)
    }

    pub(super) fn waiting(&self, name: &str) -> usize {
        self.store.count(name, |settled| matches!(settled, DeliveryOutcome::Waits { .. }))
    }

    pub(super) fn parked(&self, name: &str) -> usize {
        self.store.count(name, |settled| matches!(settled, DeliveryOutcome::Parked { .. }))
    }

    pub(super) fn attempts(&self, name: &str) -> u32 {
        self.line.seen.lock().unwrap().get(name).map_or(0, |seen| seen.attempts)
    }

    /// How long each event took to a receiver.
    pub(super) fn delays(&self, name: &str) -> Vec<SignedDuration> {
        let deliveries = self.store.deliveries.lock().unwrap();
        let at: BTreeMap<Uuid, Timestamp> = deliveries.keys().map(|(_, at, event)| (*event, *at)).collect();
        let seen = self.line.seen.lock().unwrap();
        seen[name].taken.iter().map(|(id, _, taken)| taken.duration_since(at[id])).collect()
    }
}

//! The journal and the events beside the table: their consumers are stopped, told twice, told in
//! another order across orders, refused and killed at every await. The journal's entries and the
//! sums of the events are compared with the table, the journal also with the gateway's ledger.

mod listed;

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use tokio::time::{sleep, timeout};
use tollgate::{elastic_path::events, lambda::GATEWAY, publishing::publish};
use tollgate_core::{
    journal::{
        Change, Changes, CountedEntry, Entry, EntryStore, Hold, Mark, Parked, PointedBy, Pointer, Put,
        Retention, SearchKeys, Totals, entries, found_by, record, uncollected,
    },
    order::{MerchantId, Order, PaymentWord, Transaction},
    payments::StoreError,
    values::{Clock, QuarterHour, SearchKey, SearchTerm, SignedAmount},
    webhooks::{Event, EventBus},
};
use tollgate_wire::{self as wire, EventData, constant};
use uuid::Uuid;

use crate::{
    check,
    ledger::{self, Ledger},
    rng::Rng,
    world::World,
};

/// Most changes in a batch.
const BATCH_MAX: u64 = 6;

const SECOND: SignedDuration = SignedDuration::from_secs(1);
const MINUTE: SignedDuration = SignedDuration::from_mins(1);

/// A batch is killed within this time, if it is: its calls take a millisecond before and one after
/// their effect.
const KILLED_WITHIN_MS: u64 = 12;

/// The journal's table in memory, with its mistakes.
#[derive(Default)]
struct Kept {
    entries: BTreeMap<Uuid, Entry>,
    /// The keys of texts that payments are found by, and where the entries that they lead to sort.
    pointers: BTreeSet<(PointedBy, String)>,
    holds: BTreeSet<Hold>,
    differing: Option<String>,
    parked: usize,
    /// The quarters of an hour whose totals are to be summed up.
    marked: BTreeSet<(MerchantId, QuarterHour)>,
    /// The last heartbeat that came through the stream.
    passed: Option<Timestamp>,
    /// By merchant, type and id of the resource: the latest version, and its content.
    told: BTreeMap<Subject, wire::Event<EventData>>,
}

type Subject = (String, &'static str, String);

/// The journal's table, and the faults on the way to it.
struct Fake {
    kept: Mutex<Kept>,
    rng: Mutex<Rng>,
    /// When batches come.
    now: Timestamp,
}

impl Fake {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A write, which can fail before and after it is done.
    async fn write<T: Send>(&self, write: impl FnOnce(&mut Kept) -> T + Send) -> Result<T, StoreError> {
        let unavailable = || StoreError::Unavailable("simulated".to_owned());
        sleep(Duration::from_millis(1)).await;
        if self.chance(3) {
            return Err(unavailable());
        }
        let written = write(&mut self.kept());
        sleep(Duration::from_millis(1)).await;
        if self.chance(3) { Err(unavailable()) } else { Ok(written) }
    }

    fn chance(&self, percent: u64) -> bool {
        self.rng.lock().unwrap_or_else(PoisonError::into_inner).chance(percent)
    }
}

#[async_trait]
impl EntryStore for Fake {
    fn retention(&self) -> Retention {
        Retention::default()
    }

    async fn put(&self, entry: &Entry) -> Result<Put, StoreError> {
        let put = |kept: &mut Kept| match kept.entries.get(&entry.id) {
            None => {
                kept.entries.insert(entry.id, entry.clone());
                Put::New
            }
            Some(there) if there == entry => Put::Same,
            Some(there) => {
                let differing = format!("{there:?} was put again as {entry:?}");
                kept.differing.get_or_insert(differing);
                Put::Differs
            }
        };
        self.write(put).await
    }

    async fn point(&self, pointer: &Pointer) -> Result<(), StoreError> {
        let pointer = (pointer.by, pointer.sort.clone());
        self.write(|kept| _ = kept.pointers.insert(pointer)).await
    }

    async fn hold(&self, hold: &Hold) -> Result<(), StoreError> {
        self.write(|kept| _ = kept.holds.insert(hold.clone())).await
    }

    async fn release(&self, hold: &Hold) -> Result<(), StoreError> {
        self.write(|kept| _ = kept.holds.remove(hold)).await
    }

    async fn mark(&self, mark: &Mark) -> Result<(), StoreError> {
        let quarter = (mark.merchant.clone(), mark.quarter);
        self.write(|kept| _ = kept.marked.insert(quarter)).await
    }

    async fn pass(&self, heartbeat: Timestamp) -> Result<(), StoreError> {
        self.write(|kept| kept.passed = kept.passed.max(Some(heartbeat))).await
    }

    async fn park(&self, _parked: &Parked) -> Result<(), StoreError> {
        sleep(Duration::from_millis(1)).await;
        self.kept().parked += 1;
        Ok(())
    }
}

impl Clock for Fake {
    fn now(&self) -> Timestamp {
        self.now
    }

    fn new_id(&self) -> Uuid {
        Uuid::nil()
    }
}

/// The key that stands for a text: here, anybody can tell the text.
fn key_of(term: &SearchTerm) -> SearchKey {
    let fold = |key: u128, byte: u8| key.wrapping_mul(257).wrapping_add(u128::from(byte) + 1);
    SearchKey::new(term.text().bytes().chain(term.by().as_str().bytes()).fold(0, fold))
}

#[async_trait]
impl SearchKeys for Fake {
    async fn key(&self, _: &MerchantId, term: &SearchTerm) -> Result<Option<SearchKey>, StoreError> {
        if self.chance(3) {
            return Err(StoreError::Unavailable("simulated".to_owned()));
        }
        Ok(Some(key_of(term)))
    }
}

#[async_trait]
impl EventBus for Fake {
    async fn publish(&self, events: &[Event]) -> Result<(), StoreError> {
        for event in events {
            sleep(Duration::from_millis(1)).await;
            if self.chance(3) {
                return Err(StoreError::Unavailable("simulated".to_owned()));
            }
            // As docs/events.md has it.
            let mut kept = self.kept();
            let Some((key, told)) = read(event) else {
                kept.differing = Some(format!("an event cannot be read: {}", event.body));
                continue;
            };
            if kept.told.get(&key).is_none_or(|seen| seen.version <= told.version) {
                kept.told.insert(key, told);
            }
        }
        sleep(Duration::from_millis(1)).await;
        if self.chance(3) { Err(StoreError::Unavailable("simulated".to_owned())) } else { Ok(()) }
    }
}

/// An event and its subject. Its type has all members, so that writing it again changes nothing.
fn read(event: &Event) -> Option<(Subject, wire::Event<EventData>)> {
    let read: wire::Event<EventData> = serde_json::from_str(&event.body).ok()?;
    let (kind, id) = match &read.data {
        EventData::Transaction(own) => (constant::TransactionType::VALUE, own.id.to_string()),
        EventData::Order(order) => (constant::OrderType::VALUE, order.id.clone()),
    };
    let key = (read.merchant.clone(), kind, id);
    (wire::to_json(&read) == event.body).then_some((key, read))
}

/// Who reads the stream.
#[derive(Clone, Copy)]
enum Consumer {
    Journal,
    Events,
}

impl Consumer {
    /// Deals with a batch, and returns the first change that it could not deal with.
    async fn batch(self, fake: &Fake, batch: Vec<Record>) -> Option<String> {
        let heartbeat = batch.iter().filter_map(|record| record.heartbeat).max();
        let changes = batch.into_iter().filter_map(|record| record.change).collect();
        match self {
            Self::Journal => record(fake, fake, changes, heartbeat, fake).await.failed,
            Self::Events => publish(fake, GATEWAY, changes).await.failed,
        }
    }
}

/// A record of the stream: a change of an order, or a heartbeat.
#[derive(Clone)]
struct Record {
    number: String,
    change: Option<Change>,
    heartbeat: Option<Timestamp>,
}

impl Record {
    /// Its order, or the heartbeat's shard.
    fn shard(&self) -> String {
        let own = self.change.as_ref().map(|change| change.key.clone());
        own.filter(|key| !is_beside_heartbeat(key)).unwrap_or_default()
    }
}

/// The table's stream: the changes, and a heartbeat before each that follows after a minute.
fn records(stream: &[(Option<Order>, Order)], written_at: &[Timestamp]) -> Vec<Record> {
    let (mut records, mut next) = (Vec::new(), Timestamp::MIN);
    let beat = |at: Timestamp| Record { number: format!("{at}"), change: None, heartbeat: Some(at) };
    for (n, (images, at)) in stream.iter().zip(written_at).enumerate() {
        if next <= *at {
            records.push(beat(*at));
            next = *at + MINUTE;
        }
        let change = change(n, images.clone());
        records.push(Record { number: change.number.clone(), change: Some(change), heartbeat: None });
    }
    records.extend(written_at.last().map(|last| beat(*last + MINUTE)));
    records
}

/// The order keys of one shard of the stream, through which the heartbeats go.
fn is_beside_heartbeat(key: &str) -> bool {
    key.bytes().fold(0_u8, u8::wrapping_add) % 3 == 0
}

/// The entries of orders beside the heartbeat that the journal has to have: reports say that it is
/// complete.
fn lacking(kept: &Kept, stream: &[(Option<Order>, Order)], written_at: &[Timestamp]) -> Option<String> {
    let written = stream.iter().zip(written_at).filter(|(_, at)| kept.passed.is_some_and(|beat| **at < beat));
    let beside = written.filter(|((_, order), _)| is_beside_heartbeat(&order.key().to_string()));
    let mut told = beside.flat_map(|((before, order), _)| entries(before.as_ref(), order));
    let lacks = |entry: &Entry| !kept.entries.contains_key(&entry.id) || !is_summed_up(kept, entry);
    told.find(lacks).map(|entry| format!("complete until {:?}, and without {entry:?}", kept.passed))
}

/// Plays the stream of a world to the journal's consumer, in several ways, and compares.
pub(crate) async fn compare(world: &Arc<World>, seed: u64) {
    let (stream, written_at, orders): (Vec<_>, Vec<_>, Vec<Order>) = {
        // All of it, also if a run is compared twice: both times the journal begins empty.
        let state = world.state();
        (state.stream.clone(), state.written_at.clone(), state.fake_store.orders().cloned().collect())
    };
    let mut rng = Rng::new(seed ^ 0x4A0D_F0A1);
    let stops = rng.chance(30);
    let first = orders.iter().map(|order| order.created_at).min().unwrap_or_default();
    let now = first + SignedDuration::from_secs(i64::try_from(rng.below(3_600)).unwrap_or_default());
    let fake = Fake { kept: Mutex::default(), rng: Mutex::new(Rng::new(rng.next())), now };
    let records = records(&stream, &written_at);
    consume(&fake, Consumer::Events, records.clone(), false, &mut rng).await;
    consume(&fake, Consumer::Journal, records, stops, &mut rng).await;
    let lacking = lacking(&fake.kept(), &stream, &written_at);
    // Rebuilding beside a consumer or after it changes nothing, and completes the entries that a
    // stopped one has left out.
    if stops || rng.chance(30) {
        for order in &orders {
            let change = change(0, (None, order.clone()));
            while record(&fake, &fake, vec![change.clone()], None, &fake).await.failed.is_some() {}
        }
    }
    let entries: Vec<Entry> = fake.kept().entries.values().cloned().collect();
    let mut wrong = listed::broken(&entries, &orders, &mut rng).await;
    let kept = fake.kept();
    let mut guard = world.state();
    let state = &mut *guard;
    *state.counts.entry("journal entries").or_default() += kept.entries.len() as u64;
    *state.counts.entry("heartbeats in the journal").or_default() += u64::from(kept.passed.is_some());
    wrong.extend(lacking);
    wrong.extend(broken(&kept, &orders, &state.ledger, fake.now));
    wrong.extend(held_otherwise(&kept, &orders, stops));
    for rule in wrong {
        world.fail(state, &rule);
    }
}

/// Consumes all changes of the stream; or not all of them, if the consumer stops.
async fn consume(fake: &Fake, consumer: Consumer, stream: Vec<Record>, stops: bool, rng: &mut Rng) {
    // The stream keeps the order of one order's changes, and that of the heartbeat's shard.
    let mut shards: BTreeMap<String, VecDeque<Record>> = BTreeMap::new();
    let mut left = stream.len();
    for record in stream {
        shards.entry(record.shard()).or_default().push_back(record);
    }
    let stop_at = if stops { left / 2 } else { 0 };
    while left > stop_at {
        let size = 1 + rng.below(BATCH_MAX);
        let keys: Vec<String> = shards.keys().cloned().collect();
        let mut taken: BTreeMap<String, usize> = BTreeMap::new();
        let mut batch = Vec::new();
        for _ in 0..size {
            let at = usize::try_from(rng.below(keys.len() as u64)).unwrap_or_default();
            let key = &keys[at];
            let next = taken.entry(key.clone()).or_default();
            if let Some(change) = shards.get(key).and_then(|changes| changes.get(*next)) {
                batch.push(change.clone());
                *next += 1;
            }
        }
        let numbers: Vec<(String, String)> =
            batch.iter().map(|record| (record.number.clone(), record.shard())).collect();
        let failed = if rng.chance(20) {
            let within = Duration::from_millis(rng.below(KILLED_WITHIN_MS));
            timeout(within, consumer.batch(fake, batch)).await.ok()
        } else {
            Some(consumer.batch(fake, batch).await)
        };
        // A batch that was killed, or whose checkpoint was not noted, comes again.
        let Some(failed) = failed.filter(|_| !rng.chance(15)) else { continue };
        for (number, key) in numbers {
            if failed.as_ref() == Some(&number) {
                break;
            }
            if let Some(changes) = shards.get_mut(&key) {
                changes.pop_front();
                left -= 1;
                if changes.is_empty() {
                    shards.remove(&key);
                }
            }
        }
    }
}

fn change(n: usize, (old, new): (Option<Order>, Order)) -> Change {
    let (key, version) = (new.key().to_string(), Some(new.version));
    Change { number: n.to_string(), key, version, orders: Ok((old, new)) }
}

/// The mistakes of a journal that is complete.
fn broken(kept: &Kept, orders: &[Order], ledger: &Ledger, now: Timestamp) -> Vec<String> {
    let mut broken: Vec<String> = kept.differing.iter().cloned().collect();
    if kept.parked > 0 {
        broken.push(format!("{} changes were parked", kept.parked));
    }
    let rebuilt = orders.iter().flat_map(|order| entries(None, order));
    let rebuilt: BTreeMap<Uuid, Entry> = rebuilt.map(|entry| (entry.id, entry)).collect();
    for (one, other, what) in [(&kept.entries, &rebuilt, "not rebuilt"), (&rebuilt, &kept.entries, "missing")]
    {
        let missing = one.values().find(|entry| other.get(&entry.id) != Some(entry));
        broken.extend(missing.map(|entry| format!("an entry is {what}: {entry:?}")));
    }
    broken.extend(
        kept.entries
            .values()
            .find(|entry| !is_summed_up(kept, entry))
            .map(|entry| format!("totals lack an entry, and nothing says so: {entry:?}")),
    );
    // A text that is to be forgotten by now is not written any more, even where the order still has
    // it.
    let pointers = orders.iter().flat_map(|order| found_by(None, order));
    let pointers = pointers.filter(|found| found.until.is_none_or(|until| now < until));
    let mut lost = pointers.filter(|found| {
        let by = PointedBy::Text(key_of(&found.term));
        !kept.pointers.contains(&(by, found.sort.clone()))
    });
    broken.extend(lost.next().map(|found| {
        let (by, until) = (found.term.by(), found.until);
        format!("no text leads to the payment of {}, by {by:?} until {until:?}", found.sort)
    }));
    for first in orders.iter().flat_map(|order| uncollected(None, order)) {
        if !kept.pointers.contains(&(PointedBy::Uncollected, first.sort())) {
            broken.push(format!("a payment took nothing, and no pointer leads to it: {first:?}"));
        }
    }
    broken.extend(told_otherwise(kept, orders));
    broken.extend(totalled_otherwise(kept, orders, ledger));
    for order in orders {
        let own = kept.entries.values().filter(|entry| entry.order == order.key());
        let sums = Changes::sum(own.map(|entry| entry.changes)).unwrap_or_default();
        let (key, balance) = (order.key().to_string(), order.balance());
        let ours = (sums.paid, sums.returned);
        if ours != (balance.paid.into(), balance.returned.into()) {
            broken.push(format!("{key}: the journal sums up to {sums:?}, the order to {balance:?}"));
        }
        let in_doubt = order.transactions.iter().any(|transaction| transaction.pending().is_some());
        if in_doubt || ledger.is_excused(&key) {
            continue;
        }
        let theirs = at_the_gateway(order, ledger);
        let money = signed(theirs.taken) - signed(theirs.refunded);
        let fees = signed(theirs.fees_taken) - signed(theirs.fees_refunded);
        if [sums.held, sums.gateway, sums.fees] != [signed(theirs.held), money, fees].map(SignedAmount::new) {
            broken.push(format!("{key}: the journal sums up to {sums:?}, the gateway to {theirs:?}"));
        }
    }
    broken
}

/// Holds that are not found, or are found and not open. A hold whose change a stopped consumer has
/// not read is found until it expires.
fn held_otherwise(kept: &Kept, orders: &[Order], stopped: bool) -> Option<String> {
    let open: BTreeSet<Hold> = orders.iter().flat_map(Hold::all).collect();
    let is_held = |order: &Order, own: &Transaction| {
        let before_its_end = own.authorization_expires_at.and_then(|at| at.checked_sub(SECOND).ok());
        before_its_end.is_some_and(|at| own.word(at) == PaymentWord::Held)
            && !open.iter().any(|hold| hold.order == order.key())
    };
    let of_order = |order: &&Order| order.transactions.iter().any(|own| is_held(order, own));
    if let Some(order) = orders.iter().find(of_order) {
        return Some(format!("{} holds money, and no hold is open", order.key()));
    }
    if let Some(lost) = open.difference(&kept.holds).next() {
        return Some(format!("a hold is not found: {lost:?}"));
    }
    let over = kept.holds.difference(&open).next().filter(|_| !stopped);
    over.map(|hold| format!("a hold is found that is not open: {hold:?}"))
}

/// The gateway's sums of an order, as the journal counts them: an issuer releases an
/// authorization's hold at its end, of which the gateway's ledger has nothing. Orders are compared
/// with the ledger before that elsewhere.
fn at_the_gateway(order: &Order, ledger: &Ledger) -> ledger::Totals {
    let mut theirs = check::known_totals(order, ledger);
    let ended = order.transactions.iter().filter(|t| t.lapsed_at.is_some() && t.voided().is_none());
    let let_go: u64 = ended.map(|transaction| transaction.capturable().minor()).sum();
    theirs.held = theirs.held.saturating_sub(let_go);
    theirs
}

/// Whether the schedule gets to know that a total changes.
fn is_summed_up(kept: &Kept, entry: &Entry) -> bool {
    kept.marked.contains(&(entry.order.merchant.clone(), QuarterHour::of(entry.at)))
}

/// By how much all of them change each balance, in any currency.
fn changes(totals: &Totals) -> Changes {
    Changes::sum(totals.lines().map(|(_, total)| total.changes)).unwrap_or_default()
}

/// Totals that differ from the orders, or, for orders that nothing excuses, from the gateway's
/// ledger.
fn totalled_otherwise(kept: &Kept, orders: &[Order], ledger: &Ledger) -> Option<String> {
    let all = Totals::of(kept.entries.values().map(CountedEntry::from)).unwrap_or_default();
    let (sum, mut paid, mut returned) = (changes(&all), 0, 0);
    for balance in orders.iter().map(Order::balance) {
        paid += signed(balance.paid.minor());
        returned += signed(balance.returned.minor());
    }
    if [sum.paid, sum.returned] != [paid, returned].map(SignedAmount::new) {
        return Some(format!("the totals are {sum:?}, the orders paid {paid} and returned {returned}"));
    }
    let is_settled = |order: &&Order| {
        let in_doubt = order.transactions.iter().any(|transaction| transaction.pending().is_some());
        !in_doubt && !ledger.is_excused(&order.key().to_string())
    };
    let all_settled: Vec<&Order> = orders.iter().filter(is_settled).collect();
    let settled: BTreeSet<String> = all_settled.iter().map(|order| order.key().to_string()).collect();
    let of_settled = |entry: &&Entry| settled.contains(&entry.order.to_string());
    let totals =
        Totals::of(kept.entries.values().filter(of_settled).map(CountedEntry::from)).unwrap_or_default();
    let (sum, mut held, mut gateway, mut fees) = (changes(&totals), 0, 0, 0);
    for theirs in all_settled.into_iter().map(|order| at_the_gateway(order, ledger)) {
        held += signed(theirs.held);
        gateway += signed(theirs.taken) - signed(theirs.refunded);
        fees += signed(theirs.fees_taken) - signed(theirs.fees_refunded);
    }
    let differ = [sum.held, sum.gateway, sum.fees] != [held, gateway, fees].map(SignedAmount::new);
    differ.then(|| {
        format!("the totals are {sum:?}, the gateway holds {held}, and has {gateway} and {fees} in fees")
    })
}

/// A transaction or an order that is not as the events that were told of it.
fn told_otherwise(kept: &Kept, orders: &[Order]) -> Option<String> {
    for event in orders.iter().flat_map(|order| events(None, order, GATEWAY)) {
        let Some((key, wire::Event { data: shown, .. })) = read(&event) else {
            return Some(format!("an event cannot be read: {}", event.body));
        };
        let told = kept.told.get(&key).map(|told| &told.data);
        // Of an order nothing is told before something changes.
        let fine = told == Some(&shown) || (told.is_none() && key.1 == constant::OrderType::VALUE);
        if !fine {
            return Some(format!("{key:?} was told as {told:?} and is {shown:?}"));
        }
    }
    None
}

fn signed(minor: u64) -> i64 {
    i64::try_from(minor).unwrap_or(i64::MAX)
}

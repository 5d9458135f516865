//! Everything outside Tollgate: one state that outlives every process, and the processes.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use cardpointe_simulator::{Config, Merchant as Account, Processor, Simulator};
use jiff::{SignedDuration, Timestamp};
use memory::{CardNoteTable, ShopOrderTable};
use tokio::{
    sync::Notify,
    time::{Instant, sleep},
};
use tollgate::{
    abuse::{Abuse, READS},
    access::Access,
    dynamodb::settlement::LeftToReconcile,
    ports::{self, Api, Checkout, Confirm, Job, Orders},
    source::Front,
};
use tollgate_core::{
    order::{BatchState, ListKey, MerchantId, Order},
    payments::{
        Attempts, CaptureSettings, Counts, Ended, KnownDisputes, ListedOrder, ListedPage, Merchant, NoQuote,
        OrderIndex, Payments, Slot, Stop, StoreError, SurchargeQuery, SurchargeQuote, Surcharges, Switch,
        reconcile::ReconcileLimits,
    },
    settlement::Batches,
    stored_cards::PaymentMethods,
    values::Clock,
};
use uuid::Uuid;

use crate::{
    ask::{Ask, Telling},
    broken::Broken,
    card::Card,
    cases::Banks,
    customers::StoredCards,
    fake_store::FakeStore,
    fault::{Call, Fault, Plan},
    ledger::Ledger,
    merchants::{GATEWAY_PASSWORD, GATEWAY_USER, Shops, kid_key, merchids},
    rng::Rng,
    trace::Trace,
    versions::Version,
};

/// When a simulation begins on a day like any other: 2026-01-01, 12:00 UTC.
pub(crate) const EPOCH_S: i64 = 1_767_268_800;

/// Ten minutes before summer time begins in New York: 2026-03-08, 1:50 there.
pub(crate) const SPRING_S: i64 = 1_772_952_600;

/// Ten minutes before it ends there: 2026-11-01, 1:50 for the first time.
pub(crate) const FALL_S: i64 = 1_793_512_200;

/// Half an hour before the clocks of Lord Howe Island go back by half an hour: 2026-04-05, 1:30
/// there.
const HALF_AN_HOUR_S: i64 = 1_775_313_000;

/// When random simulations begin.
const EPOCHS_S: [i64; 4] = [EPOCH_S, SPRING_S, FALL_S, HALF_AN_HOUR_S];

/// How long the gateway waits for a processor, and a little.
const TIMES_OUT_MS: u64 = 32_000;

/// For how long a process is frozen at most.
const FROZEN_MS: u64 = 600_000;

/// How long any invocation goes on at most.
const LONGEST_RUN: Duration = Duration::from_mins(1);

/// Partitions of the index of captures at first.
const CAPTURE_SHARDS: u16 = 4;

/// Partitions of the index of orders in doubt: few, because each run reads them all.
pub(crate) const IN_DOUBT_SHARDS: u16 = 4;

/// The gateway is away.
#[derive(Clone, Copy)]
pub(crate) struct Outage {
    pub(crate) until: Instant,
    /// For one merchant; none is for all.
    pub(crate) of: Option<&'static str>,
}

/// The state that outlives every process.
#[expect(clippy::struct_excessive_bools, reason = "independent circumstances of one simulation")]
pub(crate) struct State {
    pub(crate) rng: Rng,
    pub(crate) trace: Trace,
    pub(crate) plan: Plan,
    /// Whether calls take a random time, so that concurrent ones interleave in many ways.
    pub(crate) jitter: bool,
    /// How long a call takes otherwise, in milliseconds.
    pub(crate) call_ms: u64,
    pub(crate) fake_store: FakeStore,
    /// Every write, with the order before it: the table's stream.
    pub(crate) stream: Vec<(Option<Order>, Order)>,
    /// When each of these writes was made.
    pub(crate) written_at: Vec<Timestamp>,
    pub(crate) seed: u64,
    pub(crate) ledger: Ledger,
    /// The card behind each payment, by its reference.
    pub(crate) cards: BTreeMap<String, Card>,
    /// When the last request has arrived that is on its way, and the last process has ended.
    pub(crate) busy_until: Option<Instant>,
    pub(crate) shops: Shops,
    /// How far the processes' clocks are ahead; below zero: behind.
    pub(crate) skew_ms: i64,
    /// How far they ever were ahead.
    pub(crate) ahead_ms: i64,
    /// How far they ever were behind, below zero.
    pub(crate) behind_ms: i64,
    /// Partitions of the index of captures that are written to.
    pub(crate) capture_shards: u16,
    /// Whether a version to come writes the table.
    pub(crate) two_versions: bool,
    /// Whether processes of today's version take turns with it.
    pub(crate) today_still_runs: bool,
    /// How late the late requests are; none is up to chance.
    pub(crate) late_by: Option<Duration>,
    /// When the gateway is away.
    pub(crate) outage: Option<Outage>,
    /// Whether the gateway does nothing and says so.
    pub(crate) try_again: bool,
    pub(crate) broken: Option<Broken>,
    /// Port calls so far.
    pub(crate) calls: Vec<Call>,
    /// How often each event happened, for the summary.
    pub(crate) counts: BTreeMap<&'static str, u64>,
    /// The states of a transaction that ever were on record: status, captured, refunded.
    pub(crate) seen: BTreeSet<(Uuid, String, u64, u64)>,
    /// When a transaction ever was to be captured, and which part of it.
    pub(crate) schedules: BTreeSet<(Uuid, Option<Scheduled>)>,
    /// When it was to be captured when it was last sent.
    pub(crate) sent_with: BTreeMap<Uuid, Option<Timestamp>>,
    /// The responses to clients with a key.
    pub(crate) told: Vec<Telling>,
    /// The requests to the credit-card API, some of which are sent again.
    pub(crate) asked: Vec<Ask>,
    /// Customers with their cards, and the gateway's operations on cards.
    pub(crate) stored_cards: StoredCards,
    /// The chargebacks of payments, and who knows of them.
    pub(crate) banks: Banks,
    /// How many chargebacks of a payment were on record when a person had seen its dispute.
    pub(crate) disputes_seen: BTreeMap<Uuid, usize>,
    /// The first rule that was broken.
    pub(crate) failure: Option<String>,
    /// When each process that was frozen had begun, and when it went on.
    thaws: Vec<(Instant, Instant)>,
    instances: u32,
}

impl State {
    /// Something goes on for so long.
    pub(crate) fn busy_for(&mut self, time: Duration) {
        self.busy_until = self.busy_until.max(Some(Instant::now() + time));
    }

    /// The last time until now that a process went on which had begun by this time and had been
    /// frozen; this time, if none did.
    pub(crate) fn last_thaw_of_what_began_before(&self, time: Instant) -> Instant {
        let thaws = self.thaws.iter().filter(|(began, _)| *began <= time).map(|(_, thaw)| *thaw);
        thaws.fold(time, Instant::max)
    }

    pub(crate) fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }
}

/// A moment in seconds, and a part in minor units.
pub(crate) type Scheduled = (i64, Option<u64>);

/// The state, and when it began.
pub(crate) struct World {
    state: Mutex<State>,
    epoch: Epoch,
    card_notes: Arc<CardNoteTable>,
}

/// When a world began, by its clocks and by the platform's.
#[derive(Clone, Copy)]
struct Epoch {
    at_s: i64,
    began: Instant,
}

impl World {
    /// A shopper takes a moment, or goes away for minutes.
    pub(crate) async fn wait_for_a_shopper(&self) {
        let pause_ms = {
            let mut state = self.state();
            let longest_ms = state.rng.pick(&[1, 1_000, 20_000, 150_000]).unwrap_or(1);
            state.rng.below(longest_ms)
        };
        sleep(Duration::from_millis(pause_ms)).await;
    }

    pub(crate) fn new(seed: u64, plan: Plan, keep_steps: bool, broken: Option<Broken>) -> Arc<Self> {
        let number = usize::try_from(seed).unwrap_or_default() % EPOCHS_S.len();
        Self::begun(EPOCHS_S[number], seed, plan, keep_steps, broken)
    }

    /// One that begins at this second.
    pub(crate) fn begun(
        at_s: i64,
        seed: u64,
        plan: Plan,
        keep_steps: bool,
        broken: Option<Broken>,
    ) -> Arc<Self> {
        let epoch = Epoch { at_s, began: Instant::now() };
        let state = State {
            rng: Rng::new(seed),
            trace: Trace::new(keep_steps),
            plan,
            jitter: true,
            call_ms: 1,
            fake_store: FakeStore::default(),
            stream: Vec::new(),
            written_at: Vec::new(),
            seed,
            ledger: Ledger::new(gateway(seed, epoch)),
            cards: BTreeMap::new(),
            busy_until: None,
            shops: Shops::new(),
            skew_ms: 0,
            ahead_ms: 0,
            behind_ms: 0,
            capture_shards: CAPTURE_SHARDS,
            two_versions: false,
            today_still_runs: false,
            late_by: None,
            outage: None,
            try_again: false,
            broken,
            calls: Vec::new(),
            counts: BTreeMap::new(),
            seen: BTreeSet::new(),
            schedules: BTreeSet::new(),
            sent_with: BTreeMap::new(),
            told: Vec::new(),
            asked: Vec::new(),
            stored_cards: StoredCards::default(),
            banks: Banks::default(),
            disputes_seen: BTreeMap::new(),
            failure: None,
            thaws: Vec::new(),
            instances: 0,
        };
        Arc::new(Self { state: Mutex::new(state), epoch, card_notes: Arc::default() })
    }

    /// The state. Never held over an await.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn step(&self, what: fmt::Arguments<'_>) {
        self.note(&mut self.state(), what);
    }

    pub(crate) fn note(&self, state: &mut State, what: fmt::Arguments<'_>) {
        state.trace.step(self.epoch.began.elapsed().as_millis(), what);
    }

    /// A rule was broken. Only the first one matters; the rest may follow from it.
    pub(crate) fn fail(&self, state: &mut State, what: &str) {
        self.note(state, format_args!("BROKEN: {what}"));
        state.failure.get_or_insert_with(|| what.to_owned());
    }

    /// The time by the platform's clock.
    pub(crate) fn now(&self) -> Timestamp {
        self.at(0)
    }

    /// The latest time that any process may have read off its clock by now.
    pub(crate) fn latest(&self, state: &State) -> Timestamp {
        self.at(state.ahead_ms)
    }

    fn at(&self, skew_ms: i64) -> Timestamp {
        self.epoch.now() + SignedDuration::from_millis(skew_ms)
    }

    /// A new process over the same world.
    pub(crate) fn start(self: &Arc<Self>) -> Arc<Instance> {
        let mut state = self.state();
        state.instances += 1;
        let offset_ms = if state.jitter { i64::try_from(state.rng.below(800)).unwrap_or(0) - 400 } else { 0 };
        let number = state.instances;
        let version =
            if state.today_still_runs && state.rng.chance(50) { Version::Today } else { Version::ToCome };
        drop(state);
        let crashed = Notify::new();
        Arc::new(Instance {
            world: self.clone(),
            number,
            began: Instant::now(),
            version,
            offset_ms,
            crashed,
            only_looks: AtomicBool::new(false),
            is_frozen: AtomicBool::new(false),
        })
    }
}

/// One process with one invocation: its ports are fakes.
pub(crate) struct Instance {
    pub(crate) world: Arc<World>,
    pub(crate) number: u32,
    began: Instant,
    /// Where all are of one version, their writes are today's.
    pub(crate) version: Version,
    /// How far this machine's clock is off.
    offset_ms: i64,
    crashed: Notify,
    /// Whether any change is a mistake.
    pub(crate) only_looks: AtomicBool,
    is_frozen: AtomicBool,
}

impl Instance {
    /// The access check for callers, over the fakes.
    fn access(self: &Arc<Self>) -> Access {
        Access {
            merchants: self.clone(),
            clock: self.clone(),
            abuse: Arc::new(Abuse::new(READS)),
            front: Front::default(),
            kid_key: kid_key(),
            people: None,
        }
    }

    fn payments(self: &Arc<Self>) -> Payments {
        self.payments_with(Arc::new(LeftToReconcile))
    }

    fn payments_with(self: &Arc<Self>, known: Arc<dyn KnownDisputes>) -> Payments {
        let known_disputes = Some(known);
        Payments {
            store: self.clone(),
            gateway: self.clone(),
            clock: self.clone(),
            known_disputes,
            card_notes: self.world.card_notes.clone(),
            shop_orders: Arc::new(ShopOrderTable::default()),
        }
    }

    fn methods(self: &Arc<Self>) -> PaymentMethods {
        PaymentMethods {
            customers: self.clone(),
            gateway: self.clone(),
            profiles: self.clone(),
            clock: self.clone(),
            card_notes: self.world.card_notes.clone(),
        }
    }

    /// The dependencies of requests about payments, over the fakes.
    pub(crate) fn api(self: &Arc<Self>) -> Api {
        Api { access: self.access(), switch: Arc::new(AlwaysOn), payments: self.payments() }
    }

    /// The same for payments by the credit-card API.
    pub(crate) fn orders(self: &Arc<Self>) -> Orders {
        let (attempts, index, batches) = (Arc::new(Unlimited), Arc::new(NoLists), Arc::new(NoLists));
        Orders { api: self.api(), attempts, index, batches }
    }

    /// The same for requests that learn an outcome.
    pub(crate) fn confirm(self: &Arc<Self>) -> Confirm {
        Confirm { api: self.api(), methods: self.methods() }
    }

    /// The same for requests that pay.
    pub(crate) fn checkout(self: &Arc<Self>) -> Checkout {
        let (attempts, surcharges) = (Arc::new(Unlimited), Arc::new(NoPreviews));
        Checkout { api: self.api(), methods: self.methods(), attempts, surcharges }
    }

    /// The same for requests about stored cards.
    pub(crate) fn stored_cards(self: &Arc<Self>) -> ports::StoredCards {
        let (access, switch, attempts) = (self.access(), Arc::new(AlwaysOn), Arc::new(Unlimited));
        ports::StoredCards { access, switch, methods: self.methods(), attempts }
    }

    /// The same for schedules.
    fn job<S>(self: &Arc<Self>, payments: Payments, settings: S) -> Job<S> {
        Job { payments, merchants: self.clone(), switch: Arc::new(AlwaysOn), settings }
    }

    /// Inquiries, which alone may read the chargebacks.
    pub(crate) fn inquiries(self: &Arc<Self>) -> Job<ReconcileLimits> {
        let limits = ReconcileLimits { shards: IN_DOUBT_SHARDS, ..ReconcileLimits::default() };
        self.job(self.payments_with(self.clone()), limits)
    }

    pub(crate) fn captures(self: &Arc<Self>) -> Job<CaptureSettings> {
        let settings = CaptureSettings { shards: self.world.state().capture_shards, concurrency: 4 };
        self.job(self.payments(), settings)
    }

    /// Runs an invocation until it returns, its process dies, or the platform ends it at its limit.
    /// A process that is frozen then is not ended, and goes on when it thaws.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        limit: Duration,
        invocation: impl Future<Output = T> + Send + 'static,
    ) -> Option<T> {
        let mut process = tokio::spawn(invocation);
        tokio::select! {
            biased;
            () = self.crashed.notified() => process.abort(),
            returned = &mut process => {
                if returned.is_err() {
                    self.world.fail(&mut self.world.state(), "an invocation panicked");
                }
                return returned.ok();
            }
            () = sleep(limit) => {
                if self.is_frozen.load(Ordering::Relaxed) {
                    self.world.step(format_args!("#{} is given up, and is frozen", self.number));
                    self.world.state().count("given up while frozen");
                } else {
                    self.world.step(format_args!("#{} ended by the platform", self.number));
                    process.abort();
                }
            }
        }
        None
    }

    /// Every port call begins here: it takes its time, and perhaps goes wrong.
    pub(crate) async fn enter(
        &self,
        call: Call,
        about: &(impl fmt::Display + Sync + ?Sized),
    ) -> Option<Fault> {
        self.enter_for(None, call, about).await
    }

    /// The same for a call to a merchant's gateway.
    pub(crate) async fn enter_for(
        &self,
        merchant: Option<&str>,
        call: Call,
        about: &(impl fmt::Display + Sync + ?Sized),
    ) -> Option<Fault> {
        let (fault, wait_ms) = {
            let mut guard = self.world.state();
            let state = &mut *guard;
            let index = state.calls.len();
            state.calls.push(call);
            let fault =
                state.plan.fault(index, call, &mut state.rng).or_else(|| outage(state, merchant, call));
            if let Some(fault) = fault {
                state.count(fault.name());
            }
            let wait_ms = match call {
                _ if !state.jitter => state.call_ms,
                Call::Perform | Call::Inquire => 50 + state.rng.below(1_500),
                _ if state.rng.chance(50) => 0,
                _ => state.rng.below(40),
            };
            let number = self.number;
            let changes = matches!(call, Call::Create | Call::Save | Call::Perform);
            if changes && self.only_looks.load(Ordering::Relaxed) {
                self.world.fail(state, &format!("what only looks does {call:?} {about}"));
            }
            match fault {
                Some(fault) => self.world.note(state, format_args!("#{number} {call:?} {about}: {fault:?}")),
                None => self.world.note(state, format_args!("#{number} {call:?} {about}")),
            }
            (fault, wait_ms)
        };
        if wait_ms > 0 {
            sleep(Duration::from_millis(wait_ms)).await;
        }
        match fault {
            Some(Fault::CrashBefore) => self.crash().await,
            Some(Fault::Frozen) => self.freeze().await,
            // Long enough to use up an invocation's time, or nearly.
            Some(Fault::Slow) if call != Call::Perform && call != Call::Inquire => {
                let slow_ms = 3_000 + self.world.state().rng.below(22_000);
                sleep(Duration::from_millis(slow_ms)).await;
            }
            _ => {}
        }
        fault
    }

    /// Stops and goes on, whether or not a caller waits for it.
    async fn freeze(&self) {
        let still = {
            let mut state = self.world.state();
            let still = Duration::from_millis(1 + state.rng.below(FROZEN_MS));
            state.busy_for(still + LONGEST_RUN);
            still
        };
        self.is_frozen.store(true, Ordering::Relaxed);
        sleep(still).await;
        self.world.step(format_args!("#{} thaws", self.number));
        self.world.state().thaws.push((self.began, Instant::now()));
        self.is_frozen.store(false, Ordering::Relaxed);
    }

    /// And ends here, after its effect.
    pub(crate) async fn leave(&self, fault: Option<Fault>) {
        if fault == Some(Fault::CrashAfter) {
            self.crash().await;
        }
    }

    /// The process dies: its invocation is dropped, and nothing after this happens.
    pub(crate) async fn crash(&self) {
        self.world.step(format_args!("#{} dies", self.number));
        self.crashed.notify_one();
        std::future::pending::<()>().await;
    }
}

impl Clock for Instance {
    fn now(&self) -> Timestamp {
        let skew_ms = self.world.state().skew_ms;
        self.world.at(self.offset_ms + skew_ms)
    }

    fn new_id(&self) -> Uuid {
        self.world.state().rng.id()
    }
}

impl Epoch {
    fn now(self) -> Timestamp {
        let since = i64::try_from(self.began.elapsed().as_millis()).unwrap_or(i64::MAX);
        let at = Timestamp::from_second(self.at_s).unwrap_or(Timestamp::UNIX_EPOCH);
        at + SignedDuration::from_millis(since)
    }
}

/// The gateway, with an account for each generation of the merchants' documents.
fn gateway(seed: u64, epoch: Epoch) -> Simulator {
    let account = |merchid: u64| Account {
        username: GATEWAY_USER.to_owned(),
        password: GATEWAY_PASSWORD.to_owned(),
        ..Account::new(&merchid.to_string(), Processor::Fnor, "USD")
    };
    let config = Config {
        seed,
        merchants: merchids().map(account).collect(),
        timeout_card_delay_ms: TIMES_OUT_MS,
        ..Config::default()
    };
    Simulator::new(config, move || epoch.now())
}

/// While the gateway is away nothing gets through. Sometimes the caller can tell.
fn outage(state: &mut State, merchant: Option<&str>, call: Call) -> Option<Fault> {
    let away = state.outage.is_some_and(|outage| {
        Instant::now() < outage.until && outage.of.is_none_or(|of| merchant == Some(of))
    });
    match call {
        Call::Perform if away => {
            Some(if state.rng.chance(50) { Fault::Unreachable } else { Fault::RequestLost })
        }
        Call::Perform if state.try_again => Some(Fault::TryAgain),
        Call::Inquire if away => Some(Fault::Error),
        _ => None,
    }
}

/// A deployment that cannot be stopped.
struct AlwaysOn;

#[async_trait]
impl Switch for AlwaysOn {
    async fn stop(&self, _: &MerchantId) -> Result<Stop, StoreError> {
        Ok(Stop::None)
    }

    async fn all_stopped(&self) -> Result<bool, StoreError> {
        Ok(false)
    }
}

/// Takes any number of payments.
struct Unlimited;

#[async_trait]
impl Attempts for Unlimited {
    async fn begin(&self, _counter: &str, _slot: Slot) -> Result<Counts, StoreError> {
        Ok(Counts::default())
    }

    async fn end(&self, _counter: &str, _ended: &Ended) -> Result<(), StoreError> {
        Ok(())
    }
}

/// Surcharges are not previewed here.
struct NoPreviews;

#[async_trait]
impl Surcharges for NoPreviews {
    async fn quote(
        &self,
        _merchant: &Merchant,
        _query: SurchargeQuery<'_>,
        _limit: Duration,
    ) -> Result<SurchargeQuote, NoQuote> {
        Err(NoQuote::Unavailable)
    }
}

/// Nothing is listed here, and no payment is looked up by its id alone.
struct NoLists;

#[async_trait]
impl OrderIndex for NoLists {
    async fn before(&self, _: &MerchantId, _: u16, _: &str, _: usize) -> Result<ListedPage, StoreError> {
        Ok(ListedPage::default())
    }

    async fn at(&self, _: &MerchantId, _: &ListKey) -> Result<Vec<ListedOrder>, StoreError> {
        Ok(Vec::new())
    }
}

#[async_trait]
impl Batches for NoLists {
    async fn batch_of(&self, _: &Order, _: Uuid, _: Timestamp) -> Result<BatchState, StoreError> {
        Ok(BatchState::Unknown)
    }
}

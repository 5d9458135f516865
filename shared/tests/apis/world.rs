//! Everything outside the APIs, in memory: the ports that handlers work with, as each request is to
//! find them.

mod gateway;
mod people;
mod stores;
mod webhooks;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use memory::{CardNoteTable, Faults, JournalTable, OrderTable, SetClock, SettlementTable, ShopOrderTable};
use serde_json::Value;
use tollgate::{
    abuse::{Abuse, Limit, READS},
    access::{Access, PeopleNow},
    dynamodb::{item_size, orders::StoredOrder},
    ports::{
        Api, Checkout, Confirm, Deliveries, Orders, PeopleStores, Personnel, SettlementStores, StopSwitch,
        StoredCards, Tokens, Transactions,
    },
    search_keys::search_key,
    source::Front,
};
use tollgate_core::{
    order::{Attribution, Finding, GatewayResponse, MerchantId, Order, Outcome},
    payments::{
        CaptureRequest, CaptureSettings, CaptureSources, Counts, Deadline, Gateway as _, NoQuote, Payments,
        RecordLookUp, Shards, SurchargeQuote, SwitchChange, SwitchOf, SwitchState, capture_due,
        reconcile::{ReconcileLimits, reconcile},
        throw,
    },
    settlement::RecordedBatches,
    stored_cards::{Customer, PaymentMethods, ProfileOutcome},
    values::{Clock, SearchKey, SearchTerm},
    webhooks::{Receiver, StoredDelivery},
};
use uuid::Uuid;

use crate::merchants;
pub(crate) use webhooks::receiver;

/// The gateway's response to a call, made from its approval.
pub(crate) type Answer = Box<dyn FnOnce(GatewayResponse) -> Outcome + Send>;

/// The finding of an inquiry, made from an approval's response.
pub(crate) type Found = Box<dyn FnOnce(GatewayResponse) -> Finding + Send>;

/// The responses to the next calls, and the results of earlier ones.
#[derive(Default)]
pub(crate) struct State {
    customers: BTreeMap<String, Customer>,
    pub(crate) counters: BTreeMap<String, Counts>,
    references: u64,
    /// Calls of the gateway since they were last looked at.
    pub(crate) sent: Vec<Value>,
    /// The gateway's responses to the next calls; approvals after that.
    pub(crate) answers: VecDeque<Answer>,
    /// The next findings; nothing usable after that.
    pub(crate) found: VecDeque<Found>,
    /// The next records under a reference; nothing after that.
    pub(crate) records: VecDeque<RecordLookUp>,
    /// The next outcomes about profiles; done after that.
    pub(crate) profiles: VecDeque<ProfileOutcome>,
    /// The surcharges of the next payments; not known after that.
    pub(crate) quotes: VecDeque<Result<SurchargeQuote, NoQuote>>,
    /// Whether payments are stopped; none where it cannot be told.
    pub(crate) stopped: Option<bool>,
    /// The merchants' own switches that were ever thrown.
    pub(crate) switches: BTreeMap<MerchantId, SwitchState>,
    /// The receivers that a merchant's document names.
    pub(crate) receivers: Vec<Receiver>,
    /// The deliveries to them.
    pub(crate) deliveries: Vec<StoredDelivery>,
    /// People, and their actions.
    pub(crate) personnel: people::Kept,
    /// Deliveries that cannot be read.
    pub(crate) spoiled_deliveries: BTreeSet<&'static str>,
    /// The front that every request has to come through.
    pub(crate) front: Front,
}

/// The ports, and the limit of addresses.
pub(crate) struct World {
    state: Mutex<State>,
    pub(crate) clock: Arc<SetClock>,
    /// Ports that do not work, besides those of [`memory`]: `customer`, `customer_put`, `begin`,
    /// `end`, `people`, `people_save`, `audit`, `receivers`, `deliveries`.
    pub(crate) faults: Arc<Faults>,
    pub(crate) log: Arc<JournalTable>,
    pub(crate) orders: Arc<OrderTable>,
    pub(crate) settlement: Arc<SettlementTable>,
    pub(crate) card_notes: Arc<CardNoteTable>,
    pub(crate) shop_orders: Arc<ShopOrderTable>,
    abuse: Arc<Abuse>,
}

/// How long a run of a schedule takes at most.
const RUN: Duration = Duration::from_secs(50);

/// When every table begins: 2026-11-20, 12:00 UTC.
pub(crate) const BEGIN_S: i64 = 1_795_176_000;

impl World {
    pub(crate) fn new() -> Arc<Self> {
        let key_of: fn(&MerchantId, &SearchTerm) -> SearchKey =
            |merchant, term| search_key(&merchants::merchant(merchant.as_str()), term);
        let faults = Arc::<Faults>::default();
        let log = Arc::new(JournalTable::new(faults.clone()).with_keys(key_of));
        Arc::new(Self {
            state: Mutex::new(State { stopped: Some(false), ..State::default() }),
            clock: Arc::new(SetClock::at(Timestamp::from_second(BEGIN_S).unwrap())),
            orders: Arc::new(OrderTable::new(faults.clone(), log.clone()).sized(bytes)),
            settlement: Arc::new(SettlementTable::new(faults.clone())),
            card_notes: Arc::default(),
            shop_orders: Arc::default(),
            log,
            faults,
            // Its clock stands still, and a table has more lists than a merchant reads at a time.
            abuse: Arc::new(Abuse::new(Limit { count: u32::MAX, ..READS })),
        })
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub(crate) fn wait(&self, seconds: i64) {
        self.clock.pass(SignedDuration::from_secs(seconds));
    }

    /// The next calls of the gateway are answered so.
    pub(crate) fn answer(&self, answer: impl FnOnce(GatewayResponse) -> Outcome + Send + 'static) {
        self.state().answers.push_back(Box::new(answer));
    }

    /// The next inquiries find this.
    pub(crate) fn find(&self, found: impl FnOnce(GatewayResponse) -> Finding + Send + 'static) {
        self.state().found.push_back(Box::new(found));
    }

    /// All that is stored of payments, customers and people.
    pub(crate) fn stored(&self) -> String {
        let (orders, entries) = (format!("{:?}", self.orders.all()), self.log.all());
        let State { customers, switches, personnel, .. } = &*self.state();
        format!("{orders} {customers:?} {entries:?} {switches:?} {:?}", personnel.people)
    }

    /// The schedule makes the due captures.
    pub(crate) async fn capture_due(self: &Arc<Self>) {
        let (request, settings) = (CaptureRequest::default(), CaptureSettings { shards: 1, concurrency: 1 });
        let payments = self.api().payments;
        let sources = CaptureSources { merchants: &merchants::All, switch: self.as_ref() };
        capture_due(&payments, sources, request, settings, Deadline::after(RUN)).await;
    }

    /// The operator stops a merchant's payments.
    pub(crate) async fn operator_stops(&self, merchant: &str) {
        let at = self.clock.now();
        let by = Attribution::new(None, Some(&"Olga".parse().unwrap()), Some(&"attacked".parse().unwrap()));
        let change = SwitchChange { stopped: true, at, by, by_operator: true };
        throw(self, &SwitchOf::Merchant(merchant.parse().unwrap()), &change).await.unwrap();
    }

    /// The schedule sends inquiries about payments in doubt.
    pub(crate) async fn look_for_doubts(self: &Arc<Self>) {
        let limits = ReconcileLimits { shards: 1, ..ReconcileLimits::default() };
        reconcile(&self.api().payments, &merchants::All, limits, Deadline::after(RUN)).await;
    }

    /// The id of a merchant's person.
    pub(crate) fn person(&self, merchant: &str, name: &str) -> Uuid {
        let merchant = merchant.parse().unwrap();
        let mut entries = self.state().personnel.people[&merchant].entries.clone();
        entries.retain(|one| one.name.to_string() == name);
        entries[0].id
    }

    /// The ids of the only order's payments.
    pub(crate) fn transactions(&self, order: &str) -> Vec<Uuid> {
        let all = self.orders.all();
        let found = all.values().find(|found| found.id.as_str() == order);
        found.map(|order| order.transactions.iter().map(|one| one.id).collect()).unwrap_or_default()
    }

    /// A text with the payments' ids as they were given: otherwise the first one is the counted
    /// one, and the part of an id about its order differs by merchant and time.
    pub(crate) fn as_given(&self, text: &str) -> String {
        let all = self.orders.all();
        let payments = all.values().flat_map(|order| &order.transactions);
        payments.fold(text.to_owned(), |text, payment| {
            let counted = payment.id.as_u128() & u128::from(u64::MAX) | 0x4000 << 64;
            text.replace(&Uuid::from_u128(counted).to_string(), &payment.id.to_string())
        })
    }

    pub(crate) fn access(self: &Arc<Self>) -> Access {
        let has_people = !self.state().personnel.people.is_empty();
        Access {
            merchants: Arc::new(merchants::All),
            clock: self.clock.clone(),
            abuse: self.abuse.clone(),
            front: self.state().front,
            kid_key: merchants::kid_key(),
            people: has_people.then(|| self.people()),
        }
    }

    pub(crate) fn tokens(self: &Arc<Self>) -> Tokens {
        Tokens { access: self.access(), sign_in: None }
    }

    pub(crate) fn api(self: &Arc<Self>) -> Api {
        let payments = Payments {
            store: self.orders.clone(),
            gateway: self.clone(),
            clock: self.clock.clone(),
            known_disputes: None,
            card_notes: self.card_notes.clone(),
            shop_orders: self.shop_orders.clone(),
        };
        Api { access: self.access(), switch: self.clone(), payments }
    }

    pub(crate) fn of_order(self: &Arc<Self>) -> Orders {
        let batches = RecordedBatches { lines: self.settlement.clone(), progress: self.settlement.clone() };
        Orders {
            api: self.api(),
            attempts: self.clone(),
            index: self.orders.clone(),
            batches: Arc::new(batches),
        }
    }

    fn methods(self: &Arc<Self>) -> PaymentMethods {
        PaymentMethods {
            customers: self.clone(),
            gateway: self.clone(),
            profiles: self.clone(),
            clock: self.clock.clone(),
            card_notes: self.card_notes.clone(),
        }
    }

    pub(crate) fn confirm(self: &Arc<Self>) -> Confirm {
        Confirm { api: self.api(), methods: self.methods() }
    }

    pub(crate) fn checkout(self: &Arc<Self>) -> Checkout {
        Checkout {
            api: self.api(),
            methods: self.methods(),
            attempts: self.clone(),
            surcharges: self.clone(),
        }
    }

    pub(crate) fn stored_cards(self: &Arc<Self>) -> StoredCards {
        StoredCards {
            access: self.access(),
            switch: self.clone(),
            methods: self.methods(),
            attempts: self.clone(),
        }
    }

    pub(crate) fn stop_switch(self: &Arc<Self>) -> StopSwitch {
        StopSwitch { access: self.access(), switch: self.clone(), switches: self.clone() }
    }

    pub(crate) fn personnel(self: &Arc<Self>) -> Personnel {
        let stores = PeopleStores { people: self.clone(), audit: self.clone() };
        Personnel { access: Access { people: Some(self.people()), ..self.access() }, stores }
    }

    fn people(self: &Arc<Self>) -> Arc<PeopleNow> {
        let world = Arc::clone(self);
        Arc::new(PeopleNow::new(move || world, self.clock.clone()))
    }

    pub(crate) fn deliveries(self: &Arc<Self>) -> Deliveries {
        Deliveries { access: self.access(), receivers: self.clone(), log: self.clone() }
    }

    pub(crate) fn lists(self: &Arc<Self>) -> Transactions {
        Transactions {
            access: self.access(),
            orders: self.orders.clone(),
            agenda: self.orders.clone(),
            switch: self.clone(),
            index: self.orders.clone(),
            log: self.log.clone(),
            totals: self.log.clone(),
            settlement: SettlementStores {
                lines: self.settlement.clone(),
                deposits: self.settlement.clone(),
                exceptions: self.settlement.clone(),
                progress: self.settlement.clone(),
            },
            gateway: self.info(),
        }
    }
}

/// The size of an order's item.
fn bytes(order: &Order) -> usize {
    item_size(&StoredOrder::next(order, Shards { in_doubt: 1, captures: 1 }).0)
}

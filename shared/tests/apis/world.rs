//! Everything outside the APIs, in memory: the ports that handlers work with, as each request is to find them.

mod gateway;
mod journal;
mod people;
mod settlement;
mod stores;
mod webhooks;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tollgate::{
    abuse::Abuse,
    access::{Access, PeopleNow},
    ports::{
        Api, Checkout, Confirm, Deliveries, Orders, PeopleStores, Personnel, SettlementStores, StopSwitch,
        StoredCards, Tokens, Transactions,
    },
    source::Front,
};
use tollgate_core::{
    journal::Entry,
    order::{Attribution, Finding, GatewayResponse, MerchantId, Order, Outcome},
    payments::{
        CaptureRequest, CaptureSettings, Counts, Deadline, Gateway as _, NoQuote, Payments, SurchargeQuote,
        SwitchChange, SwitchOf, SwitchState, capture_due,
        reconcile::{Limits, reconcile},
        throw,
    },
    stored_cards::{Customer, PaymentMethods, ProfileOutcome},
    values::Clock,
    webhooks::{Receiver, StoredDelivery},
};
use uuid::Uuid;

use crate::merchants;
pub(crate) use webhooks::receiver;

/// What the gateway responds to a call, made of what an approval of it would say.
pub(crate) type Answer = Box<dyn FnOnce(GatewayResponse) -> Outcome + Send>;

/// What it finds, made of what an approval would have said.
pub(crate) type Found = Box<dyn FnOnce(GatewayResponse) -> Finding + Send>;

/// What the next calls meet, and what came of earlier ones.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) now: Timestamp,
    ids: u128,
    orders: BTreeMap<String, Order>,
    customers: BTreeMap<String, Customer>,
    entries: Vec<Entry>,
    counters: BTreeMap<String, Counts>,
    references: u64,
    /// Calls of the gateway since they were last looked at.
    pub(crate) sent: Vec<Value>,
    /// What it responds to the next calls; approvals after that.
    pub(crate) answers: VecDeque<Answer>,
    /// What it finds next; nothing usable after that.
    pub(crate) found: VecDeque<Found>,
    /// What it says about profiles next; done after that.
    pub(crate) profiles: VecDeque<ProfileOutcome>,
    /// What it would add to the next payments; not known after that.
    pub(crate) quotes: VecDeque<Result<SurchargeQuote, NoQuote>>,
    /// Whether payments are stopped; none where it cannot be told.
    pub(crate) stopped: Option<bool>,
    /// The merchants' own switches that were ever thrown.
    pub(crate) switches: BTreeMap<MerchantId, SwitchState>,
    /// The receivers that a merchant's document names.
    pub(crate) receivers: Vec<Receiver>,
    /// What was sent to them.
    pub(crate) deliveries: Vec<StoredDelivery>,
    /// People, and what they did.
    pub(crate) personnel: people::Kept,
    /// What settlement keeps of the merchant `shop`.
    pub(crate) settlement: settlement::Settlement,
    /// Ports that do not work: `load`, `create`, `save`, `customer`, `customer_put`, `begin`,
    /// `end`, `journal`, `totals`, `index`.
    pub(crate) broken: BTreeSet<&'static str>,
    /// Orders and entries that cannot be read, by the order's id.
    pub(crate) unreadable: BTreeSet<&'static str>,
    /// Whether every write finds the order changed by somebody else.
    pub(crate) contended: bool,
    /// What every request has to come through.
    pub(crate) front: Front,
    /// Until when totals are kept.
    pub(crate) reached: Option<Timestamp>,
}

/// The ports, and what limits addresses.
pub(crate) struct World {
    state: Mutex<State>,
    abuse: Arc<Abuse>,
}

/// How long a run of a schedule takes at most.
const RUN: Duration = Duration::from_secs(50);

/// When every table begins: 2026-11-20, 12:00 UTC.
pub(crate) const BEGIN_S: i64 = 1_795_176_000;

impl World {
    pub(crate) fn new() -> Arc<Self> {
        let now = Timestamp::from_second(BEGIN_S).unwrap();
        let state = State { now, stopped: Some(false), ..State::default() };
        Arc::new(Self { state: Mutex::new(state), abuse: Arc::default() })
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub(crate) fn wait(&self, seconds: i64) {
        self.state().now += SignedDuration::from_secs(seconds);
    }

    /// The next calls of the gateway are answered so.
    pub(crate) fn answer(&self, answer: impl FnOnce(GatewayResponse) -> Outcome + Send + 'static) {
        self.state().answers.push_back(Box::new(answer));
    }

    /// The next inquiries find this.
    pub(crate) fn find(&self, found: impl FnOnce(GatewayResponse) -> Finding + Send + 'static) {
        self.state().found.push_back(Box::new(found));
    }

    /// Changes an order behind the APIs' back.
    pub(crate) fn change(&self, order: &str, change: impl FnOnce(&mut Order)) {
        let mut state = self.state();
        let found = state.orders.values_mut().find(|found| found.id.as_str() == order);
        change(found.expect("such an order"));
    }

    /// The schedule captures what is due.
    pub(crate) async fn capture_due(self: &Arc<Self>) {
        let (request, settings) = (CaptureRequest::default(), CaptureSettings { shards: 1, concurrency: 1 });
        let payments = self.api().payments;
        let sources = (&merchants::All as _, self.as_ref() as _);
        capture_due(&payments, sources, request, settings, Deadline::after(RUN)).await;
    }

    /// The operator stops a merchant's payments.
    pub(crate) async fn operator_stops(&self, merchant: &str) {
        let at = self.state().now;
        let by = Attribution::new(None, Some(&"Olga".parse().unwrap()), Some(&"attacked".parse().unwrap()));
        let change = SwitchChange { stopped: true, at, by, by_operator: true };
        throw(self, &SwitchOf::Merchant(merchant.parse().unwrap()), &change).await.unwrap();
    }

    /// The schedule looks for what is in doubt.
    pub(crate) async fn look_for_doubts(self: &Arc<Self>) {
        let limits = Limits { shards: 1, ..Limits::default() };
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
        let state = self.state();
        let found = state.orders.values().find(|found| found.id.as_str() == order);
        found.map(|order| order.transactions.iter().map(|one| one.id).collect()).unwrap_or_default()
    }

    /// A text with the payments' ids as they were given: the first one is the counted one otherwise, and what an id says of
    /// its order differs by merchant and time.
    pub(crate) fn as_given(&self, text: &str) -> String {
        let state = self.state();
        let payments = state.orders.values().flat_map(|order| &order.transactions);
        payments.fold(text.to_owned(), |text, payment| {
            let counted = payment.id.as_u128() & u128::from(u64::MAX) | 0x4000 << 64;
            text.replace(&Uuid::from_u128(counted).to_string(), &payment.id.to_string())
        })
    }

    pub(crate) fn access(self: &Arc<Self>) -> Access {
        Access {
            merchants: Arc::new(merchants::All),
            clock: self.clone(),
            abuse: self.abuse.clone(),
            front: self.state().front,
            kid_key: merchants::kid_key(),
            people: None,
        }
    }

    pub(crate) fn tokens(self: &Arc<Self>) -> Tokens {
        Tokens { access: self.access(), sign_in: None }
    }

    pub(crate) fn api(self: &Arc<Self>) -> Api {
        let payments = Payments {
            store: self.clone(),
            gateway: self.clone(),
            clock: self.clone(),
            known_disputes: None,
        };
        Api { access: self.access(), switch: self.clone(), payments }
    }

    pub(crate) fn orders(self: &Arc<Self>) -> Orders {
        Orders { api: self.api(), attempts: self.clone(), index: self.clone() }
    }

    fn methods(self: &Arc<Self>) -> PaymentMethods {
        PaymentMethods {
            customers: self.clone(),
            gateway: self.clone(),
            profiles: self.clone(),
            clock: self.clone(),
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
        let world = Arc::clone(self);
        let people = PeopleNow::new(move || world, self.clone());
        Personnel { access: Access { people: Some(Arc::new(people)), ..self.access() }, stores }
    }

    pub(crate) fn deliveries(self: &Arc<Self>) -> Deliveries {
        Deliveries { access: self.access(), receivers: self.clone(), log: self.clone() }
    }

    pub(crate) fn lists(self: &Arc<Self>) -> Transactions {
        Transactions {
            access: self.access(),
            orders: self.clone(),
            agenda: self.clone(),
            switch: self.clone(),
            index: self.clone(),
            log: self.clone(),
            totals: self.clone(),
            settlement: SettlementStores {
                lines: self.clone(),
                deposits: self.clone(),
                exceptions: self.clone(),
                progress: self.clone(),
            },
            gateway: self.info(),
        }
    }
}

impl Clock for World {
    fn now(&self) -> Timestamp {
        self.state().now
    }

    /// Ids of version 4, counted.
    fn new_id(&self) -> Uuid {
        let mut state = self.state();
        state.ids += 1;
        Uuid::from_u128(0x4000_8000_0000_0000_0000 + state.ids)
    }
}

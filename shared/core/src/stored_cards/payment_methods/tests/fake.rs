//! A table, a gateway with stored cards, and a clock, of which each call can go wrong.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::{
    order::{Doubt, Finding, GatewayResponse, NoEffect, Outcome, Route},
    payments::{Command, Gateway, GatewayInfo, Inquiry, Instruction, Merchant, PaymentSource, StoreError},
    stored_cards::{Customer, CustomerKey, CustomerStore, CustomerWrite, ProfileOutcome, Profiles, Renewal},
    test_merchant::{TestGateway, test_merchant},
    values::{Amount, Clock, Currency, Expiry, StoredCard},
};

/// The fault of one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// Nothing is done, and the caller does not know.
    LostBefore,
    /// It is done, and the caller does not know.
    LostAfter,
    /// The process dies before it is done.
    CrashBefore,
    /// The process dies after it is done.
    CrashAfter,
    /// Something between refuses it; the table is not available.
    Refused,
}

pub(super) const FAULTS: [Fault; 5] =
    [Fault::LostBefore, Fault::LostAfter, Fault::CrashBefore, Fault::CrashAfter, Fault::Refused];

/// A verification that gets no response and is still on its way.
#[derive(Default)]
enum HeldBack {
    #[default]
    None,
    /// The next verification that is sent.
    Next,
    /// This one, by its order id.
    This(String, Expiry),
}

#[derive(Default)]
struct State {
    calls: usize,
    now_s: i64,
    ids: u128,
    customers: HashMap<String, Customer>,
    /// By our order id: where the card is stored.
    records: BTreeMap<String, StoredCard>,
    /// The stored profiles, with their expiry.
    profiles: BTreeMap<String, Expiry>,
    verifications: usize,
    inquiries: usize,
    inquiries_fail: bool,
    /// The CVV letter of every direct response.
    cvv: Option<String>,
    held_back: HeldBack,
}

/// Everything around the use cases.
pub(super) struct World {
    faults: Vec<(usize, Fault)>,
    state: Mutex<State>,
}

/// It declines a card whose security code is wrong.
pub(super) fn merchant() -> Merchant {
    let mut merchant = test_merchant("m".parse().unwrap());
    merchant.policy.decline_on.cvv = vec!["N".to_owned()];
    merchant
}

/// It takes any card that the gateway approves.
pub(super) fn lenient_merchant() -> Merchant {
    test_merchant("m".parse().unwrap())
}

/// The way to its account.
pub(super) fn route() -> Route {
    merchant().route(Currency::USD).unwrap()
}

impl World {
    /// Faults at calls, by their numbers.
    pub(super) fn new(faults: Vec<(usize, Fault)>) -> Self {
        Self { faults, state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub(super) fn advance(&self, seconds: i64) {
        self.state().now_s += seconds;
    }

    pub(super) fn calls(&self) -> usize {
        self.state().calls
    }

    pub(super) fn verifications(&self) -> usize {
        self.state().verifications
    }

    pub(super) fn inquiries(&self) -> usize {
        self.state().inquiries
    }

    pub(super) fn profiles(&self) -> BTreeMap<String, Expiry> {
        self.state().profiles.clone()
    }

    pub(super) fn customer(&self) -> Option<Customer> {
        self.state().customers.values().next().cloned()
    }

    pub(super) fn new_id(&self) -> Uuid {
        let mut state = self.state();
        state.ids += 1;
        Uuid::from_u128(state.ids)
    }

    /// Sets the result of the security code in every direct response from now on.
    pub(super) fn says_of_the_code(&self, letter: Option<&str>) {
        self.state().cvv = letter.map(str::to_owned);
    }

    pub(super) fn fail_inquiries(&self, fail: bool) {
        self.state().inquiries_fail = fail;
    }

    /// The next verification gets no response, and is on its way until it is let go.
    pub(super) fn hold_back_the_next_verification(&self) {
        self.state().held_back = HeldBack::Next;
    }

    pub(super) fn let_it_arrive(&self) {
        let mut state = self.state();
        if let HeldBack::This(id, expiry) = std::mem::take(&mut state.held_back) {
            state.store(id, expiry);
        }
    }

    /// Another process has changed every customer.
    pub(super) fn changed_by_another(&self, change: fn(&mut Customer)) {
        self.state().customers.values_mut().for_each(|customer| {
            change(customer);
            customer.version += 1;
        });
    }

    fn enter(&self) -> Option<Fault> {
        let mut state = self.state();
        let number = state.calls;
        state.calls += 1;
        self.faults.iter().find(|(at, _)| *at == number).map(|(_, fault)| *fault)
    }

    /// One call: `act` is done unless the fault comes before it. None when the caller learns
    /// nothing about the call.
    async fn call<T>(&self, act: impl FnOnce(&mut State) -> T) -> Result<T, Fault> {
        let fault = self.enter();
        match fault {
            Some(Fault::CrashBefore) => std::future::pending().await,
            Some(Fault::LostBefore | Fault::Refused) => return Err(fault.unwrap()),
            Some(Fault::LostAfter | Fault::CrashAfter) | None => {}
        }
        let value = act(&mut self.state());
        match fault {
            Some(Fault::CrashAfter) => std::future::pending().await,
            Some(fault) => Err(fault),
            None => Ok(value),
        }
    }
}

impl State {
    /// No two verifications get the same profile here, though the gateway may give equal cards one.
    fn store(&mut self, id: String, expiry: Expiry) -> StoredCard {
        self.verifications += 1;
        let profile = format!("{:020}", self.verifications);
        let stored = StoredCard { profile: profile.clone(), account: "1".to_owned() };
        self.profiles.insert(profile, expiry);
        self.records.insert(id, stored.clone());
        stored
    }
}

fn approved(stored: StoredCard, cvv: Option<String>) -> Outcome {
    Outcome::Approved(GatewayResponse {
        reference: Some("123".to_owned()),
        token: crate::values::CardToken::parse("9418594164541111"),
        stored: Some(stored),
        charged: Some(Amount::ZERO.into()),
        cvv,
        ..GatewayResponse::default()
    })
}

impl Clock for World {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(1_767_268_800).unwrap() + SignedDuration::from_secs(self.state().now_s)
    }

    fn new_id(&self) -> Uuid {
        self.new_id()
    }
}

#[async_trait]
impl CustomerStore for World {
    async fn load(&self, key: &CustomerKey) -> Result<Option<Customer>, StoreError> {
        let found = self.call(|state| state.customers.get(&key.to_string()).cloned()).await;
        found.map_err(|_| StoreError::Unavailable("a fault".to_owned()))
    }

    async fn put(&self, customer: &Customer) -> Result<CustomerWrite, StoreError> {
        let key = customer.key.to_string();
        let written = self.call(|state| {
            let version = state.customers.get(&key).map_or(0, |stored| stored.version);
            if version != customer.version {
                return CustomerWrite::Changed;
            }
            let next = Customer { version: version + 1, ..customer.clone() };
            state.customers.insert(key.clone(), next);
            CustomerWrite::Done
        });
        written.await.map_err(|_| StoreError::Unavailable("a fault".to_owned()))
    }

    async fn remove(&self, customer: &Customer) -> Result<CustomerWrite, StoreError> {
        let key = customer.key.to_string();
        let removed = self.call(|state| {
            let is_there = state.customers.get(&key).is_some_and(|stored| stored.version == customer.version);
            if is_there {
                state.customers.remove(&key);
            }
            if is_there { CustomerWrite::Done } else { CustomerWrite::Changed }
        });
        removed.await.map_err(|_| StoreError::Unavailable("a fault".to_owned()))
    }
}

/// The table, where another process writes before one of our writes.
pub(super) struct Overtaken {
    pub(super) world: Arc<World>,
    /// How many of our writes come before.
    pub(super) after: AtomicUsize,
    /// The other process's change.
    pub(super) change: fn(&mut Customer),
    /// Whether that write of ours gets a response; without one it is not done.
    pub(super) responds: bool,
}

#[async_trait]
impl CustomerStore for Overtaken {
    async fn load(&self, key: &CustomerKey) -> Result<Option<Customer>, StoreError> {
        self.world.load(key).await
    }

    async fn put(&self, customer: &Customer) -> Result<CustomerWrite, StoreError> {
        if self.after.fetch_sub(1, Ordering::Relaxed) == 0 {
            self.world.changed_by_another(self.change);
            if !self.responds {
                return Err(StoreError::Unavailable("a fault".to_owned()));
            }
        }
        self.world.put(customer).await
    }

    async fn remove(&self, customer: &Customer) -> Result<CustomerWrite, StoreError> {
        self.world.changed_by_another(self.change);
        self.world.remove(customer).await
    }
}

#[async_trait]
impl Gateway for World {
    fn info(&self) -> &'static dyn GatewayInfo {
        &TestGateway
    }

    async fn execute(&self, _: &Merchant, instruction: Instruction<'_>, _: Duration) -> Outcome {
        let Command::Authorize(PaymentSource::Card(card)) = instruction.command else { unreachable!() };
        assert!(card.save && instruction.amount.is_zero());
        let (id, expiry) = (instruction.gateway_order_id.to_owned(), card.expiry);
        // It is on record before it is sent.
        let is_on_record = self
            .state()
            .customers
            .values()
            .any(|customer| customer.methods.iter().any(|method| method.gateway_order_id() == id));
        assert!(is_on_record, "{id}");
        let unknown = Outcome::Unknown(Doubt::NoResponse, GatewayResponse::default());
        if let held @ HeldBack::Next = &mut self.state().held_back {
            *held = HeldBack::This(id, expiry);
            return unknown;
        }
        match self.call(|state| state.store(id, expiry)).await {
            Ok(stored) => approved(stored, self.state().cvv.clone()),
            Err(Fault::Refused) => Outcome::Intermediary(NoEffect::TurnedAway, GatewayResponse::default()),
            Err(_) => unknown,
        }
    }

    async fn inquire(&self, _: &Merchant, inquiry: Inquiry<'_>, _: Duration) -> Finding {
        assert_eq!([&inquiry.ours, &inquiry.payments], [&[inquiry.gateway_order_id]; 2]);
        let fails = {
            let mut state = self.state();
            state.inquiries += 1;
            state.inquiries_fail
        };
        let found = self.call(|state| state.records.get(inquiry.gateway_order_id).cloned()).await;
        match found {
            _ if fails => Finding::Failed,
            // Records carry no letters.
            Ok(Some(stored)) => Finding::Became(Box::new(approved(stored, None))),
            Ok(None) => Finding::Absent,
            Err(_) => Finding::Failed,
        }
    }
}

#[async_trait]
impl Profiles for World {
    async fn delete(&self, _: &Merchant, _: &Route, stored: &StoredCard, _: Duration) -> ProfileOutcome {
        match self.call(|state| state.profiles.remove(&stored.profile)).await {
            Ok(Some(_)) => ProfileOutcome::Done,
            Ok(None) => ProfileOutcome::Missing,
            Err(Fault::Refused) => ProfileOutcome::NoEffect(NoEffect::Unreachable),
            Err(_) => ProfileOutcome::Unknown,
        }
    }

    async fn set_expiry(
        &self,
        _: &Merchant,
        _: &Route,
        stored: &StoredCard,
        renewal: Renewal<'_>,
        _: Duration,
    ) -> ProfileOutcome {
        assert!(renewal.token.is_some());
        let set = self.call(|state| state.profiles.insert(stored.profile.clone(), renewal.expiry));
        match set.await {
            Ok(_) => ProfileOutcome::Done,
            Err(Fault::Refused) => ProfileOutcome::NoEffect(NoEffect::Unreachable),
            Err(_) => ProfileOutcome::Unknown,
        }
    }
}

//! Random histories of one order of a shop, through the client that reads it, to a fake shop: what
//! is taken was owed, whatever the shop's undocumented settings are.
//!
//! The gateway here is a bank with a memory. It judges each payment by the shop's own ledger, in a
//! few lines of arithmetic that know nothing of the rules.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod cancelling;
mod foreign;
mod ledgers;
mod recording;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use elastic_path_fake::{
    Endpoint, Fake, FakeConfig, Fault, FaultKind, Method, NewOrder, OrderStatus, PaidAfterRefund,
    PaymentWord, Settings,
};
use jiff::{SignedDuration, Timestamp};
use memory::{CardNoteTable, OrderTable, SetClock, pay};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};
use serde_json::{Value, json};
use tollgate::{elastic_path_client::ElasticPathClient, lambda::GATEWAY, merchant_document};
use tollgate_core::{
    order::{
        Action, AtShopState, Doubt, Essentials, Finding, Fingerprint, GatewayResponse, Intent, KeyDigest,
        Kind, NoEffect, Order, OrderKey, Outcome, PaymentKind, Principal, Target, Transaction,
        TransactionStatus,
    },
    payments::{
        Command, Deadline, Gateway, GatewayInfo, Initiator, Inquiry, Instruction, Merchant, PaymentSource,
        Payments, Performed, Refusal,
    },
    values::{Amount, Clock as _, RefundMax},
};
use uuid::Uuid;

const TOTAL: u64 = 10_000;

/// The way in which the next payment goes wrong at the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mishap {
    None,
    /// It is done, and the response is lost.
    LostAfter,
    /// It is not done, and that is not known.
    LostBefore,
    /// It is known to be not done.
    Unreachable,
}

/// A payment that reached the gateway.
#[derive(Clone, Copy, Debug)]
struct Take {
    amount: u64,
    /// All that Tollgate had of the order before.
    had: u64,
    /// The requests that the shop had seen by then.
    ledger: usize,
}

/// The gateway: whatever it holds or has taken, by its order id.
struct Bank {
    fake: Arc<Fake>,
    has: Mutex<BTreeMap<String, u64>>,
    takes: Mutex<Vec<Take>>,
    mishap: Mutex<Mishap>,
    /// Whether inquiries are answered.
    answers: Mutex<bool>,
}

impl Bank {
    fn total(&self) -> u64 {
        self.has.lock().unwrap().values().sum()
    }
}

fn approved(id: &str, amount: u64) -> Outcome {
    Outcome::Approved(GatewayResponse {
        reference: Some(id.to_owned()),
        charged: Some(Amount::new(amount).unwrap().into()),
        ..GatewayResponse::default()
    })
}

#[async_trait]
impl Gateway for Bank {
    fn info(&self) -> &'static dyn GatewayInfo {
        GATEWAY
    }

    async fn execute(&self, _: &Merchant, instruction: Instruction<'_>, _: Duration) -> Outcome {
        // Two shoppers at once meet here, too.
        tokio::task::yield_now().await;
        let (id, amount) = (instruction.gateway_order_id.to_owned(), instruction.amount.minor());
        if let Command::Void(payment) = instruction.command {
            self.has.lock().unwrap().remove(payment.reference);
            return approved(&id, amount);
        }
        let take = Take { amount, had: self.total(), ledger: self.fake.ledger().len() };
        self.takes.lock().unwrap().push(take);
        let mishap = std::mem::replace(&mut *self.mishap.lock().unwrap(), Mishap::None);
        if matches!(mishap, Mishap::None | Mishap::LostAfter) {
            self.has.lock().unwrap().insert(id.clone(), amount);
        }
        match mishap {
            Mishap::None => approved(&id, amount),
            Mishap::LostAfter | Mishap::LostBefore => {
                Outcome::Unknown(Doubt::NoResponse, GatewayResponse::default())
            }
            Mishap::Unreachable => Outcome::NoEffect(NoEffect::Unreachable, GatewayResponse::default()),
        }
    }

    async fn inquire(&self, _: &Merchant, inquiry: Inquiry<'_>, _: Duration) -> Finding {
        if !*self.answers.lock().unwrap() {
            return Finding::Failed;
        }
        let has = self.has.lock().unwrap();
        let mut ids = inquiry.earlier.iter().map(AsRef::as_ref).chain([inquiry.gateway_order_id]);
        let found = ids.find_map(|id| Some((id, *has.get(id)?)));
        found.map_or(Finding::Absent, |(id, amount)| Finding::Became(Box::new(approved(id, amount))))
    }
}

/// Whether a payment holds or has taken its amount, or may.
fn stands(payment: &Transaction) -> bool {
    matches!(payment.status(), TransactionStatus::Pending | TransactionStatus::Done)
}

/// One order of a shop, with everything that happens to it.
struct History {
    fake: Arc<Fake>,
    bank: Arc<Bank>,
    orders: Arc<OrderTable>,
    clock: Arc<SetClock>,
    payments: Payments,
    merchant: Merchant,
    key: OrderKey,
    random: StdRng,
    /// Payments that were requested, to repeat one.
    requested: Vec<Intent>,
    /// The sum that others have paid or authorized in the shop, since when.
    others: Vec<(Timestamp, u64)>,
    has_faults: bool,
}

/// A merchant with these rules about its shop.
fn merchant(endpoint: &str, rules: &[&str]) -> Merchant {
    let mut document = json!({
        "keys": ["a-key-of-the-merchant"],
        "token_signing_key": "0123456789abcdef0123456789abcdef",
        "gateway": {"site": "fts-uat", "username": "u", "password": "p", "merchids": {"USD": "1"}},
        "orders": "elastic_path",
        "elastic_path": {
            "base_url": endpoint,
            "keys": [{"client_id": "elastic-path-client", "client_secret": "elastic-path-secret"}],
        },
    });
    for rule in rules {
        let value = if *rule == "partial_capture" { json!("shown_short") } else { json!(true) };
        document["elastic_path"][rule] = value;
    }
    merchant_document::parse("m".parse().unwrap(), &document.to_string(), GATEWAY).unwrap()
}

/// The one settings with whatever the others change.
fn both(one: &Settings, other: &Settings) -> Settings {
    let usual = serde_json::to_value(Settings::default()).unwrap();
    let mut merged = serde_json::to_value(one).unwrap();
    let Value::Object(other) = serde_json::to_value(other).unwrap() else { unreachable!() };
    for (name, value) in other {
        if value != usual[&name] {
            merged[name] = value;
        }
    }
    serde_json::from_value(merged).unwrap()
}

impl History {
    fn new(settings: Settings, random: StdRng) -> Self {
        let fake = Arc::new(Fake::start(FakeConfig { settings, ..FakeConfig::default() }).unwrap());
        let order = fake.add_order(NewOrder::of(TOTAL));
        let bank = Bank {
            fake: fake.clone(),
            has: Mutex::default(),
            takes: Mutex::default(),
            mishap: Mutex::new(Mishap::None),
            answers: Mutex::new(true),
        };
        let (bank, orders) = (Arc::new(bank), Arc::new(OrderTable::default()));
        let clock = Arc::new(SetClock::at(Timestamp::now()));
        let payments = Payments {
            store: orders.clone(),
            gateway: bank.clone(),
            clock: clock.clone(),
            known_disputes: None,
            card_notes: Arc::new(CardNoteTable::default()),
            shop_orders: Arc::new(ElasticPathClient::new(clock.clone())),
        };
        let merchant = merchant(&fake.base_url(), &[]);
        let key = OrderKey { merchant: merchant.id.clone(), order: order.parse().unwrap() };
        let (requested, others) = (Vec::new(), Vec::new());
        let has_faults = false;
        Self { fake, bank, orders, clock, payments, merchant, key, random, requested, others, has_faults }
    }

    /// One of these.
    fn pick<T: Clone>(&mut self, all: &[T]) -> T {
        all.choose(&mut self.random).unwrap().clone()
    }

    fn stored(&self) -> Option<Order> {
        self.orders.all().get(&self.key.to_string()).cloned()
    }

    /// The sum that Tollgate's payments hold or have taken, or may.
    fn committed(&self) -> u64 {
        let of = |order: Order| {
            let in_effect = |t: &&Transaction| stands(t);
            order.transactions.iter().filter(in_effect).map(|t| t.amount().minor()).sum()
        };
        self.stored().map_or(0, of)
    }

    fn intent(&mut self, amount: Option<u64>) -> Intent {
        let kind = self.pick(&[PaymentKind::Purchase, PaymentKind::Authorize]);
        let by = self.pick(&[Principal::ClientCredentials, Principal::Implicit]);
        // A shopper may not pay a part.
        let by = if amount.is_some() { Principal::ClientCredentials } else { by };
        let amount = amount.map(|minor| Amount::new(minor).unwrap());
        let essentials = Essentials { amount, ..Essentials::new(kind.operation()) };
        let mut request = pay(kind, amount);
        if by == Principal::Implicit {
            request.shopper = Some(tollgate_core::order::Shopper::of(self.clock.new_id()));
        }
        let intent = Intent {
            action: Action::Pay(request),
            key: Some(KeyDigest::new("POST", "", &self.clock.new_id().to_string())),
            fingerprint: Fingerprint::new(&essentials),
            currency: None,
            by,
            attribution: None,
            seen_version: None,
            refund_disputed: false,
            refund_max: RefundMax::Unlimited,
        };
        self.requested.push(intent.clone());
        intent
    }

    async fn perform(&self, intent: &Intent) -> Result<Performed, Refusal> {
        let (account, profile) = ("1".to_owned(), "2".to_owned());
        let source = PaymentSource::Profile { account, profile, initiator: Initiator::Customer };
        let deadline = Deadline::after(Duration::from_secs(29));
        self.payments.perform(&self.merchant, &self.key, intent, Some(&source), deadline).await
    }

    /// The balances that the shop has shown since then, and whether each request was answered.
    fn shown_since(&self, place: usize, until: usize) -> (Vec<i64>, bool) {
        let ledger = self.fake.ledger();
        let sent = &ledger[place..until];
        let reads = sent.iter().filter(|sent| sent.status == Some(200)).filter_map(|sent| sent.order_read);
        // A balance above the sums of the same answer is none.
        let excess = i64::try_from(self.fake.settings().balance_excess).unwrap();
        let shown = reads.map(|read| read.served.map_or(0, |served| served - excess)).collect();
        (shown, sent.iter().all(|sent| sent.status == Some(200)))
    }

    /// The part of the order that others have paid or authorized in the shop, as its reads show it.
    fn elsewhere(&self) -> u64 {
        let lag = SignedDuration::from_secs(self.fake.settings().order_lag_s.try_into().unwrap());
        let seen_at = self.clock.now() - lag;
        let mut latest_first = self.others.iter().rev();
        latest_first.find(|(at, _)| *at <= seen_at).map_or(0, |(_, amount)| *amount)
    }

    /// The sum of Tollgate's payments that stand and that the shop is not known to show.
    fn unrecorded(&self) -> u64 {
        let there = self.fake.order(self.key.order.as_str()).unwrap();
        let is_there = |t: &&Transaction| {
            let id = t.id.to_string();
            there.transactions.iter().any(|row| row.custom_reference.as_ref() == Some(&id))
        };
        let order = self.stored();
        let payments = order.iter().flat_map(|order| &order.transactions);
        let unrecorded = payments.filter(|t| stands(t)).filter(|t| !is_there(t));
        unrecorded.map(|t| t.amount().minor()).sum()
    }

    /// Whether Tollgate knows of each of its payments how the shop has it.
    fn is_known(&self) -> bool {
        let stored = self.stored();
        let known = |order: &Order, t: &Transaction| {
            order
                .at_shop(t)
                .is_none_or(|at_shop| matches!(at_shop.state, AtShopState::Told | AtShopState::ToTell))
        };
        // For two minutes it may be others' payments that a sum has in the place of ours.
        let now = self.clock.now();
        let is_quiet = |(at, _): &(Timestamp, u64)| now.duration_since(*at) > SignedDuration::from_mins(2);
        self.others.last().is_none_or(is_quiet)
            && stored.is_none_or(|order| order.transactions.iter().all(|t| known(&order, t)))
    }

    /// One payment, and the verdict about it.
    async fn pays(&mut self, amount: Option<u64>) {
        let intent = self.intent(amount);
        let (place, had, took) = (self.fake.ledger().len(), self.committed(), self.takes());
        let (unrecorded, is_known) = (self.unrecorded(), self.is_known());
        let there = self.fake.order(self.key.order.as_str()).unwrap();
        let mishap = *self.bank.mishap.lock().unwrap();
        let result = self.perform(&intent).await;
        self.verdict(place, took, amount);
        let (shown, is_answered) = self.shown_since(place, self.fake.ledger().len());
        // The sums of a shop after a refund are not known.
        let is_current = self.fake.settings().order_lag_s == 0
            && self.fake.settings().rows_lag_s == 0
            && self.fake.settings().paid_after_refund == PaidAfterRefund::Gross
            && is_known;
        if matches!(result, Err(Refusal::Shop(_))) {
            assert!(self.has_faults || self.fake.settings().rate_per_s.is_some(), "{result:?}");
            return;
        }
        if !is_answered || !is_current || mishap == Mishap::Unreachable {
            return;
        }
        let is_open = there.status != OrderStatus::Cancelled
            && matches!(
                there.payment,
                PaymentWord::Unpaid | PaymentWord::PartiallyPaid | PaymentWord::PartiallyAuthorized
            );
        let balance = shown.last().map_or(0, |shown| u64::try_from(*shown).unwrap_or_default());
        let fits = match amount {
            None => unrecorded == 0 && balance > 0 && had < TOTAL,
            Some(amount) => amount + unrecorded <= balance && amount + had <= TOTAL,
        };
        assert_eq!(self.takes() > took, is_open && fits, "{amount:?} of {balance}, had {had}: {result:?}");
    }

    fn takes(&self) -> usize {
        self.bank.takes.lock().unwrap().len()
    }

    /// The amounts that were taken since then were owed at a read since then.
    fn verdict(&self, place: usize, took: usize, amount: Option<u64>) {
        let takes = self.bank.takes.lock().unwrap()[took..].to_vec();
        for take in takes {
            let (shown, _) = self.shown_since(place, take.ledger);
            let owed = shown.iter().copied().max().expect("the shop was asked before the gateway");
            let owed = u64::try_from(owed).unwrap_or_default();
            assert!(take.had + take.amount + self.elsewhere() <= TOTAL, "{take:?}");
            assert!(take.amount <= owed, "{take:?} of {shown:?}");
            if amount.is_none() {
                assert_eq!(take.amount, owed.min(TOTAL - take.had), "all or nothing");
            }
        }
    }

    async fn two_pay_at_once(&mut self) {
        let amount = self.pick(&[None, Some(6_000), Some(5_000), Some(4_000)]);
        let (one, other) = (self.intent(amount), self.intent(amount));
        let (place, took) = (self.fake.ledger().len(), self.takes());
        let _ = tokio::join!(Box::pin(self.perform(&one)), Box::pin(self.perform(&other)));
        self.verdict(place, took, amount);
    }

    /// A request that is sent again is answered as it was, also while the shop is down.
    async fn repeats(&mut self) {
        let Some(intent) = self.requested.last().cloned() else { return };
        let before = self.stored();
        let is_done = before.as_ref().is_some_and(|order| {
            let done = |t: &Transaction| stands(t) && t.pending().is_none();
            order.transactions.iter().any(|t| done(t) && t.operations[0].key == intent.key)
        });
        if !is_done {
            return;
        }
        self.has_faults = true;
        self.fake.fault(Fault::once(Endpoint::Any, FaultKind::CutBefore));
        let (place, took) = (self.fake.ledger().len(), self.takes());
        let again = self.perform(&intent).await.unwrap();
        assert!(again.replayed);
        assert_eq!((self.fake.ledger().len(), self.takes()), (place, took));
    }

    /// The latest payment is voided.
    async fn voids(&mut self) {
        let Some(order) = self.stored() else { return };
        let idle = |t: &&Transaction| stands(t) && t.pending().is_none();
        let Some(payment) = order.transactions.iter().rev().find(idle) else { return };
        let action = Action::Void { target: Target::Transaction(payment.id), reopen: true };
        let fingerprint = Fingerprint::new(&Essentials::new(Kind::Void));
        let by = Principal::ClientCredentials;
        let void = Intent { action, key: None, fingerprint, by, ..self.requested[0].clone() };
        let _ = self.perform(&void).await;
    }

    /// Everything in doubt is asked about.
    async fn inquires(&self) {
        let pending = |order: &Order| -> Vec<Uuid> {
            order.transactions.iter().filter(|t| t.pending().is_some()).map(|t| t.id).collect()
        };
        for payment in self.stored().as_ref().map(pending).unwrap_or_default() {
            let deadline = Deadline::after(Duration::from_secs(29));
            self.payments.confirm(&self.merchant, &self.key, payment, deadline).await.unwrap();
        }
    }

    /// Somebody else pays a part, or gives it back.
    async fn others_pay(&mut self) {
        let id = self.key.order.as_str().to_owned();
        let there = self.fake.order(&id).unwrap();
        let left = u64::try_from(there.balance).unwrap_or_default();
        let method = self.pick(&[Method::Purchase, Method::Authorize]);
        if left > 0 && there.status != OrderStatus::Cancelled {
            let part = self.pick(&[left, left.div_ceil(2), 1_000.min(left)]);
            self.fake.pay_elsewhere(&id, part, method).unwrap();
            let paid = self.others.last().map_or(0, |(_, paid)| *paid);
            self.others.push((self.clock.now(), paid + part));
        }
        if self.random.random_ratio(1, 3)
            && let Some(row) = there.transactions.iter().rev().find(|row| row.gateway != "manual")
        {
            let path = format!("/v2/orders/{id}/transactions/{}/refund", row.id);
            self.call("POST", &path, Some(json!({"data": {}}))).await;
            // Some shops owe it again.
            let settings = self.fake.settings();
            let is_reopened = match settings.paid_after_refund {
                PaidAfterRefund::Gross => false,
                PaidAfterRefund::Net => settings.balance_excess > 0,
                PaidAfterRefund::NetReopened => true,
            };
            let paid = self.others.last().map_or(0, |(_, paid)| *paid);
            if is_reopened {
                self.others.push((self.clock.now(), paid.saturating_sub(row.amount)));
            }
        }
    }

    /// A request of the shop's own server.
    async fn call(&self, method: &str, path: &str, body: Option<Value>) {
        let http = tollgate::https::web_client(Duration::from_secs(20)).unwrap();
        let base = self.fake.base_url();
        let form =
            "grant_type=client_credentials&client_id=elastic-path-client&client_secret=elastic-path-secret";
        let token = http
            .post(format!("{base}/oauth/access_token"))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form);
        let Ok(token) = token.send().await else { return };
        let Ok(token) = token.json::<Value>().await else { return };
        let token = token["access_token"].as_str().or_else(|| token["data"]["access_token"].as_str());
        let request = http.request(method.parse().unwrap(), format!("{base}{path}"));
        let request = request.bearer_auth(token.unwrap_or_default());
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        let _ = request.send().await;
    }

    fn passes(&mut self) {
        let seconds = self.pick(&[1_u32, 30, 61, 4_000]);
        self.fake.advance_clock(SignedDuration::from_secs(seconds.into()));
        self.clock.pass(SignedDuration::from_secs(seconds.into()));
    }

    async fn step(&mut self) {
        match self.random.random_range(0..16) {
            0..=2 => self.pays(None).await,
            3..=5 => {
                let part = self.pick(&[1, 1_000, 2_500, 4_000, 6_000, 9_999, TOTAL]);
                self.pays(Some(part)).await;
            }
            6 | 7 => self.two_pay_at_once().await,
            8 => self.repeats().await,
            9 | 10 => self.others_pay().await,
            11 => self.voids().await,
            12 => {
                *self.bank.mishap.lock().unwrap() =
                    self.pick(&[Mishap::LostAfter, Mishap::LostBefore, Mishap::Unreachable]);
                *self.bank.answers.lock().unwrap() = self.random.random();
            }
            13 => {
                *self.bank.answers.lock().unwrap() = true;
                self.inquires().await;
            }
            14 => {
                let endpoint = self.pick(&[Endpoint::Order, Endpoint::Token, Endpoint::Any]);
                let kind = self.pick(&[
                    FaultKind::TooManyRequests(None),
                    FaultKind::InternalError,
                    FaultKind::BadGatewayHtml,
                    FaultKind::CutAfter,
                    FaultKind::NotJson,
                    FaultKind::RevokedToken,
                    FaultKind::LacksMember("data.meta.display_price.balance_owing".to_owned()),
                    FaultKind::LacksMember("data.payment".to_owned()),
                ]);
                self.has_faults = true;
                self.fake.fault(Fault::once(endpoint, kind));
            }
            _ => {
                if self.random.random_ratio(1, 6) {
                    self.fake.cancel(self.key.order.as_str());
                }
                self.passes();
            }
        }
        self.passes();
    }
}

/// Histories of each setting's value, alone and with another's.
const SEEDS: u64 = 6;

/// The steps of a history.
const STEPS: usize = 14;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_a_shop_does_no_more_is_taken_than_was_owed_and_all_or_nothing_without_an_amount() {
    let all = Settings::variations();
    let (mut sent, mut histories) = (0, 0);
    for (place, (name, settings)) in (0..).zip(&all) {
        for seed in 0..SEEDS {
            let mut random = StdRng::seed_from_u64(1_000 * seed + place);
            let settings = match seed {
                0 | 1 => settings.clone(),
                _ => both(settings, &all.choose(&mut random).unwrap().1),
            };
            let mut history = History::new(settings, random);
            // Shown only if a step fails.
            println!("{name}, seed {seed}: {:?}", history.fake.settings());
            for _ in 0..STEPS {
                Box::pin(history.step()).await;
            }
            (sent, histories) = (sent + history.takes(), histories + 1);
        }
    }
    assert!(sent > histories, "{sent} payments in {histories} histories");
}

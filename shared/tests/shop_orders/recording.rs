//! An order's payments as a shop has them, with a fault or a crash at every call and every write:
//! each payment once, or listed for a person.
//!
//! Three ledgers are compared: the gateway's, which is a till here, the fake shop's, and the stored
//! order's list of concerns. What a ledger should have is written out; no rule is asked.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use elastic_path_fake::{
    Endpoint, Fake, FakeConfig, Fault, FaultKind, Method, NewOrder, PaymentWord, Rows, Settings, StoreAct,
    TransactionRow, TransactionType,
};
use jiff::{SignedDuration, Timestamp};
use memory::{CardNoteTable, OrderTable, SetClock, pay};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};
use tokio::sync::Notify;
use tollgate::{elastic_path_client::ElasticPathClient, lambda::GATEWAY};
use tollgate_core::{
    journal::{Concern, concerns},
    order::{
        Action, Decline, Essentials, Finding, Fingerprint, GatewayResponse, Intent, KeyDigest, Kind,
        MerchantId, Order, OrderId, OrderKey, Outcome, PaymentKind, Principal, ShopOrder, ShopTransaction,
        Target, TellingAnswer, ToTell, Transaction,
    },
    payments::{
        ChangedPage, Command, Deadline, DueQuery, Gateway, GatewayInfo, Index, Initiator, Inquiry,
        Instruction, Merchant, Merchants, MerchantsError, OrderStore, Page, PaymentSource, Payments,
        ShopFailure, ShopOrders, ShopPoll, StoreError,
        reconcile::{ReconcileLimits, reconcile},
    },
    values::{Amount, Clock as _, DeclineCode, RefundMax},
};
use uuid::Uuid;

use super::{TOTAL, approved, both, merchant};

/// An operation of a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    Authorize(u64),
    Purchase(u64),
    /// Of the first payment.
    Capture,
    CapturePart(u64),
    Refund,
    RefundPart(u64),
    Void,
    /// Of the second payment.
    VoidSecond,
    /// The same.
    RefundSecond,
}

impl Scenario {
    /// Whether a shop can show all of it. A capture that is given back before it is told is not
    /// told any more, so that nobody ships on it.
    fn is_shown(&self, is_hurried: bool) -> bool {
        let is_captured_and_given_back =
            self.acts.contains(&Capture) && self.acts.iter().any(|act| matches!(act, Refund | Void));
        self.can_be_shown && !(is_hurried && is_captured_and_given_back)
    }
}

use Act::{Authorize, Capture, CapturePart, Purchase, Refund, RefundPart, RefundSecond, Void, VoidSecond};

/// A history of an order.
struct Scenario {
    acts: &'static [Act],
    /// Whether a shop can show all of it.
    can_be_shown: bool,
}

const SCENARIOS: &[Scenario] = &[
    Scenario { acts: &[Purchase(TOTAL)], can_be_shown: true },
    Scenario { acts: &[Authorize(TOTAL), Capture], can_be_shown: true },
    Scenario { acts: &[Purchase(TOTAL), Refund], can_be_shown: true },
    Scenario { acts: &[Purchase(TOTAL), Void], can_be_shown: true },
    Scenario { acts: &[Authorize(TOTAL), Capture, Refund], can_be_shown: true },
    Scenario { acts: &[Authorize(TOTAL), Capture, Void], can_be_shown: true },
    Scenario { acts: &[Purchase(4_000), Purchase(6_000)], can_be_shown: true },
    Scenario { acts: &[Authorize(4_000), Capture, Purchase(6_000), RefundSecond], can_be_shown: true },
    Scenario { acts: &[Authorize(TOTAL), Void], can_be_shown: false },
    Scenario { acts: &[Authorize(TOTAL), CapturePart(3_000)], can_be_shown: false },
    Scenario { acts: &[Purchase(TOTAL), RefundPart(3_000)], can_be_shown: true },
    Scenario { acts: &[Purchase(TOTAL), RefundPart(3_000), RefundPart(2_000)], can_be_shown: true },
    Scenario { acts: &[Authorize(TOTAL), Capture, RefundPart(3_000), Refund], can_be_shown: true },
    Scenario { acts: &[Purchase(4_000), Refund, Purchase(6_000)], can_be_shown: false },
];

/// Where a process dies: at the effect with this number, before it or right after it.
#[derive(Default)]
pub(crate) struct Death {
    left: AtomicI64,
    is_after: AtomicBool,
    effects: AtomicI64,
    dead: Notify,
}

impl Death {
    pub(crate) fn at(&self, effect: i64, is_after: bool) {
        self.effects.store(0, Ordering::Relaxed);
        self.left.store(effect, Ordering::Relaxed);
        self.is_after.store(is_after, Ordering::Relaxed);
    }

    async fn around<T>(&self, effect: impl Future<Output = T>) -> T {
        self.effects.fetch_add(1, Ordering::Relaxed);
        let dies = self.left.fetch_sub(1, Ordering::Relaxed) == 0;
        if dies && !self.is_after.load(Ordering::Relaxed) {
            self.die().await;
        }
        let result = effect.await;
        if dies {
            self.die().await;
        }
        result
    }

    async fn die(&self) {
        self.dead.notify_one();
        std::future::pending::<()>().await;
    }

    /// The result, unless the process died.
    pub(crate) async fn of<T>(&self, run: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.dead.notified() => None,
            result = run => Some(result),
        }
    }
}

/// A payment as the gateway has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) held: u64,
    pub(crate) taken: u64,
    pub(crate) refunded: u64,
    /// Whether it was voided before it was captured: no shop can show that.
    was_released: bool,
}

/// An event in the shop while the gateway works on a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Meanwhile {
    Cancelled,
    PaidElsewhere(u64),
    Acts(StoreAct),
}

/// The gateway: it does what it is told, and remembers it.
#[derive(Default)]
pub(crate) struct Till {
    pub(crate) accounts: Mutex<BTreeMap<String, Account>>,
    /// The shop's order, and what happens to it with the next payment.
    pub(crate) meanwhile: Mutex<Option<(Arc<Fake>, String, Meanwhile)>>,
    /// Whether the next payment is declined.
    pub(crate) declines: Mutex<bool>,
    /// Every capture and void: its account, its amount, and who wanted it.
    pub(crate) follow_ups: Mutex<Vec<FollowUp>>,
    /// Every operation that was done: its reference and amount.
    done: Mutex<BTreeMap<String, (String, u64)>>,
    death: Arc<Death>,
}

/// A capture or a void that reached the gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FollowUp {
    pub(crate) kind: Kind,
    pub(crate) account: String,
}

impl Till {
    fn carry_out(&self, instruction: &Instruction<'_>) -> Outcome {
        let (id, amount) = (instruction.gateway_order_id.to_owned(), instruction.amount.minor());
        if let Some((fake, order, meanwhile)) = self.meanwhile.lock().unwrap().take() {
            match meanwhile {
                Meanwhile::Cancelled => assert!(fake.cancel(&order)),
                Meanwhile::PaidElsewhere(amount) => {
                    fake.pay_elsewhere(&order, amount, Method::Purchase).unwrap();
                }
                Meanwhile::Acts(act) => assert!(fake.act(&order, act).is_some()),
            }
        }
        if std::mem::take(&mut *self.declines.lock().unwrap()) {
            let decline = Decline::of(DeclineCode::InsufficientFunds);
            return Outcome::Declined(GatewayResponse::default(), decline);
        }
        let followed = match &instruction.command {
            Command::Capture(payment) => Some((Kind::Capture, payment.reference)),
            Command::Void(payment) => Some((Kind::Void, payment.reference)),
            _ => None,
        };
        let follow_up = followed.map(|(kind, account)| FollowUp { kind, account: account.to_owned() });
        self.follow_ups.lock().unwrap().extend(follow_up);
        let mut accounts = self.accounts.lock().unwrap();
        let mut of = |reference: &str, change: &dyn Fn(&mut Account)| {
            change(accounts.entry(reference.to_owned()).or_default());
            reference.to_owned()
        };
        let reference = match &instruction.command {
            Command::Authorize(_) => of(&id, &|account| account.held = amount),
            Command::Purchase(_) => of(&id, &|account| account.taken = amount),
            Command::Capture(payment) => {
                of(payment.reference, &|account| (account.held, account.taken) = (0, amount))
            }
            Command::Void(payment) => of(payment.reference, &|account| {
                *account = Account { was_released: account.held > 0, ..Account::default() };
            }),
            Command::Refund(payment) => {
                of(payment.reference, &|account| account.refunded += amount);
                id.clone()
            }
        };
        assert!(self.done.lock().unwrap().insert(id, (reference.clone(), amount)).is_none(), "done twice");
        approved(&reference, amount)
    }
}

#[async_trait]
impl Gateway for Till {
    fn info(&self) -> &'static dyn GatewayInfo {
        GATEWAY
    }

    async fn execute(&self, _: &Merchant, instruction: Instruction<'_>, _: Duration) -> Outcome {
        self.death.around(async { self.carry_out(&instruction) }).await
    }

    async fn inquire(&self, _: &Merchant, inquiry: Inquiry<'_>, _: Duration) -> Finding {
        let done = self.done.lock().unwrap();
        let mut ids = inquiry.earlier.iter().map(AsRef::as_ref).chain([inquiry.gateway_order_id]);
        let found = ids.find_map(|id| done.get(id));
        found.map_or(Finding::Absent, |(reference, amount)| {
            Finding::Became(Box::new(approved(reference, *amount)))
        })
    }
}

/// The table, whose writes a process may not survive.
pub(crate) struct MortalStore {
    pub(crate) table: OrderTable,
    death: Arc<Death>,
    reads_changes: bool,
}

#[async_trait]
impl OrderStore for MortalStore {
    async fn load(&self, key: &OrderKey) -> Result<Option<Order>, StoreError> {
        self.table.load(key).await
    }

    async fn create(&self, order: &Order) -> Result<(), StoreError> {
        self.death.around(self.table.create(order)).await
    }

    async fn save(&self, order: &Order) -> Result<(), StoreError> {
        self.death.around(self.table.save(order)).await
    }

    async fn note_shop(&self, merchant: &MerchantId, now: Timestamp) -> Result<(), StoreError> {
        if self.reads_changes { self.table.note_shop(merchant, now).await } else { Ok(()) }
    }

    async fn shop_poll(&self, merchant: &MerchantId) -> Result<Option<ShopPoll>, StoreError> {
        self.table.shop_poll(merchant).await
    }

    async fn save_shop_poll(&self, poll: &ShopPoll) -> Result<(), StoreError> {
        self.death.around(self.table.save_shop_poll(poll)).await
    }

    async fn due(&self, query: DueQuery) -> Result<Page, StoreError> {
        self.table.due(query).await
    }
}

/// The client of the shop, whose calls a process may not survive.
struct MortalShop {
    client: Arc<ElasticPathClient>,
    death: Arc<Death>,
    fake: Arc<Fake>,
    changed: Arc<Mutex<Option<String>>>,
}

#[async_trait]
impl ShopOrders for MortalShop {
    async fn order(
        &self,
        merchant: &Merchant,
        id: &OrderId,
        by: Principal,
    ) -> Result<Option<ShopOrder>, ShopFailure> {
        self.death.around(self.client.order(merchant, id, by)).await
    }

    async fn changed(
        &self,
        merchant: &Merchant,
        since: Timestamp,
        from: usize,
    ) -> Result<ChangedPage, ShopFailure> {
        let page = self.death.around(self.client.changed(merchant, since, from)).await;
        if let Some(order) = self.changed.lock().unwrap().take() {
            assert!(self.fake.cancel(&order));
        }
        page
    }

    async fn transactions(
        &self,
        merchant: &Merchant,
        id: &OrderId,
    ) -> Result<Vec<ShopTransaction>, ShopFailure> {
        self.death.around(self.client.transactions(merchant, id)).await
    }

    async fn tell(&self, merchant: &Merchant, id: &OrderId, step: &ToTell, limit: Duration) -> TellingAnswer {
        self.death.around(self.client.tell(merchant, id, step, limit)).await
    }
}

pub(crate) struct Known(pub(crate) Arc<Merchant>);

#[async_trait]
impl Merchants for Known {
    async fn get(&self, _: &MerchantId) -> Result<Arc<Merchant>, MerchantsError> {
        Ok(self.0.clone())
    }
}

/// A shop that many histories share, each with an order of its own.
pub(crate) struct Mall {
    pub(crate) fake: Arc<Fake>,
    client: Arc<ElasticPathClient>,
    pub(crate) clock: Arc<SetClock>,
    pub(crate) merchant: Arc<Merchant>,
    reads_changes: bool,
}

impl Mall {
    /// Nobody reads the changed orders of so many that they would take most of the time.
    pub(crate) fn open() -> Self {
        Self { reads_changes: false, ..Self::with(&["partial_capture"]) }
    }

    /// The merchant has these rules about its shop.
    pub(crate) fn with(rules: &[&str]) -> Self {
        let fake = Arc::new(Fake::start(FakeConfig::default()).unwrap());
        let clock = Arc::new(SetClock::at(Timestamp::now()));
        let client = Arc::new(ElasticPathClient::new(clock.clone()));
        let merchant = Arc::new(merchant(&fake.base_url(), rules));
        Self { fake, client, clock, merchant, reads_changes: true }
    }

    pub(crate) fn passes(&self, time: SignedDuration) {
        self.fake.advance_clock(time);
        self.clock.pass(time);
    }

    /// A new order of the shop, and a till and a table of its own.
    pub(crate) fn place(&self, total: u64) -> History<'_> {
        self.place_order(NewOrder::of(total))
    }

    pub(crate) fn place_order(&self, new: NewOrder) -> History<'_> {
        let order = self.fake.add_order(new);
        let (death, changed) = (Arc::new(Death::default()), Arc::new(Mutex::default()));
        death.at(-1, false);
        let till = Arc::new(Till { death: death.clone(), ..Till::default() });
        let store = Arc::new(MortalStore {
            table: OrderTable::default(),
            death: death.clone(),
            reads_changes: self.reads_changes,
        });
        let payments = Arc::new(Payments {
            store: store.clone(),
            gateway: till.clone(),
            clock: self.clock.clone(),
            known_disputes: None,
            card_notes: Arc::new(CardNoteTable::default()),
            shop_orders: Arc::new(MortalShop {
                client: self.client.clone(),
                death: death.clone(),
                fake: self.fake.clone(),
                changed: changed.clone(),
            }),
        });
        let key = OrderKey { merchant: self.merchant.id.clone(), order: order.parse().unwrap() };
        History { mall: self, till, store, payments, key, death, changed }
    }
}

/// One order, with everything that happens to it.
pub(crate) struct History<'a> {
    pub(crate) mall: &'a Mall,
    pub(crate) till: Arc<Till>,
    pub(crate) store: Arc<MortalStore>,
    pub(crate) payments: Arc<Payments>,
    pub(crate) key: OrderKey,
    pub(crate) death: Arc<Death>,
    /// An order that changes after the next page of changed orders.
    pub(crate) changed: Arc<Mutex<Option<String>>>,
}

/// The most that a POST may be late, after the look of an hour.
const LATEST_MS: u64 = 3 * 3_600_000;

impl History<'_> {
    /// Another order, in the same table and at the same gateway.
    pub(crate) fn another(&self, total: u64) -> Self {
        let order = self.mall.fake.add_order(NewOrder::of(total));
        Self {
            mall: self.mall,
            till: self.till.clone(),
            store: self.store.clone(),
            payments: self.payments.clone(),
            key: OrderKey { merchant: self.key.merchant.clone(), order: order.parse().unwrap() },
            death: self.death.clone(),
            changed: self.changed.clone(),
        }
    }

    pub(crate) fn order(&self) -> Option<Order> {
        self.store.table.all().get(&self.key.to_string()).cloned()
    }

    pub(crate) fn intent(&self, act: Act) -> Option<Intent> {
        let place = usize::from(matches!(act, RefundSecond | VoidSecond));
        let payment = self.order().and_then(|order| Some(order.transactions.get(place)?.id));
        self.intent_on(act, payment)
    }

    /// The same, for this payment unless it is a new one.
    pub(crate) fn intent_on(&self, act: Act, payment: Option<Uuid>) -> Option<Intent> {
        let amount = |minor| Some(Amount::new(minor).unwrap());
        let (kind, minor) = match act {
            Authorize(minor) => (Kind::Authorize, amount(minor)),
            Purchase(minor) => (Kind::Purchase, amount(minor)),
            Capture => (Kind::Capture, None),
            CapturePart(minor) => (Kind::Capture, amount(minor)),
            Refund | RefundSecond => (Kind::Refund, None),
            RefundPart(minor) => (Kind::Refund, amount(minor)),
            Void | VoidSecond => (Kind::Void, None),
        };
        let target = || payment.map(Target::Transaction);
        let action = match kind {
            Kind::Authorize => Action::Pay(pay(PaymentKind::Authorize, minor)),
            Kind::Purchase => Action::Pay(pay(PaymentKind::Purchase, minor)),
            Kind::Capture => Action::Capture { target: target()?, amount: minor, custom_reference: None },
            Kind::Refund => Action::Refund { target: target()?, amount: minor, mechanism: None },
            _ => Action::Void { target: target()?, reopen: true },
        };
        let essentials = Essentials { amount: minor, ..Essentials::new(kind) };
        Some(Intent {
            action,
            key: Some(KeyDigest::new("POST", "", &self.mall.clock.new_id().to_string())),
            fingerprint: Fingerprint::new(&essentials),
            currency: None,
            by: Principal::ClientCredentials,
            attribution: None,
            seen_version: None,
            refund_disputed: false,
            refund_max: RefundMax::Unlimited,
        })
    }

    pub(crate) async fn acts(&self, act: Act) {
        let Some(intent) = self.intent(act) else { return };
        let (account, profile) = ("1".to_owned(), "2".to_owned());
        let source = PaymentSource::Profile { account, profile, initiator: Initiator::Customer };
        let deadline = Deadline::after(Duration::from_secs(29));
        let merchant = &self.mall.merchant;
        let performed = self.payments.perform(merchant, &self.key, &intent, Some(&source), deadline);
        // Refused ones are part of a history: an earlier operation may be in doubt.
        let _ = self.death.of(Box::pin(performed)).await;
    }

    pub(crate) async fn reconciles(&self) {
        let merchants = Known(self.mall.merchant.clone());
        let (limits, deadline) = (ReconcileLimits::default(), Deadline::after(Duration::from_mins(10)));
        let run = reconcile(&self.payments, &merchants, limits, deadline);
        let _ = self.death.of(Box::pin(run)).await;
    }

    /// Runs the schedule until nothing is to be done, for so long at most.
    pub(crate) async fn settles(&self, longest: SignedDuration) {
        let until = self.mall.clock.now() + longest;
        for _ in 0..400 {
            let Some((_, due)) = self.order().as_ref().and_then(Index::of) else { return };
            let next = due.max(self.mall.clock.now() + SignedDuration::from_secs(60));
            if next > until {
                return;
            }
            self.mall.passes(next.duration_since(self.mall.clock.now()));
            self.reconciles().await;
        }
        panic!("it never ends: {:#?}", self.order());
    }

    pub(crate) fn is_listed(&self, order: &Order, transaction: &Transaction) -> bool {
        let found = concerns(order, transaction, self.mall.clock.now());
        found.iter().any(|one| matches!(one, Concern::ShopRefused | Concern::ShopDiffers))
    }

    /// The shop's payments that are this one: by its reference, or by its id there.
    fn there(&self, transaction: &Transaction) -> Vec<TransactionRow> {
        let snapshot = self.mall.fake.order(self.key.order.as_str()).unwrap();
        let order = self.order().unwrap();
        let told = order.at_shop(transaction).and_then(|at_shop| at_shop.id.map(str::to_owned));
        let reference = transaction.id.to_string();
        let is_own = |row: &TransactionRow| {
            row.custom_reference.as_deref() == Some(&*reference) || Some(&row.id) == told.as_ref()
        };
        snapshot.transactions.into_iter().filter(is_own).collect()
    }

    /// The verdict about one payment. `is_late` where a request may arrive after more than an hour.
    fn verdict(&self, order: &Order, transaction: &Transaction, is_late: bool) {
        let Some(reference) = transaction.reference() else { return };
        let account = self.till.accounts.lock().unwrap()[reference];
        let rows = self.there(transaction);
        let has = |kind| rows.iter().any(|row| row.transaction_type == kind);
        let begun = [TransactionType::Authorize, TransactionType::Purchase];
        let is_new_row = self.mall.fake.settings().rows == Rows::NewRow;
        let payments = rows.iter().filter(|row| !is_new_row || begun.contains(&row.transaction_type)).count();
        if self.is_listed(order, transaction) {
            assert!(payments <= 1 || is_late, "twice: {rows:?}");
            return;
        }
        let told = format!("{account:?}, {rows:?}, {transaction:#?}");
        assert!(payments <= 1, "twice and not listed: {told}");
        let is_held = account.held > 0;
        let is_paid = account.taken > account.refunded;
        let is_captured = has(TransactionType::Capture) || has(TransactionType::Purchase);
        let is_refunded = has(TransactionType::Refund);
        if is_held {
            assert!(payments == 1 && has(TransactionType::Authorize) && !is_captured, "{told}");
        } else if is_paid {
            assert!(payments == 1 && is_captured, "{told}");
            let changed = rows.iter().filter(|_| !is_new_row).map(|row| row.refunded_amount).sum::<u64>();
            let refunds = rows.iter().filter(|row| row.transaction_type == TransactionType::Refund);
            let further = refunds.filter(|_| is_new_row).map(|row| row.amount).sum::<u64>();
            assert_eq!(changed + further, account.refunded, "{told}");
        } else {
            assert!(payments == 0 || is_refunded, "given back: {told}");
        }
        let amount = if is_held { account.held } else { account.taken };
        let is_refund = |row: &TransactionRow| row.transaction_type == TransactionType::Refund;
        assert!(rows.iter().all(|row| amount == 0 || is_refund(row) || row.amount == amount), "{told}");
    }

    /// The verdict about the order. Returns the number of listed payments.
    fn verdicts(&self, is_late: bool) -> usize {
        let Some(order) = self.order() else { return 0 };
        assert!(order.recording_task().is_none(), "something is left to do: {order:#?}");
        for transaction in &order.transactions {
            assert!(transaction.pending().is_none(), "in doubt: {transaction:#?}");
            self.verdict(&order, transaction, is_late);
        }
        order.transactions.iter().filter(|one| self.is_listed(&order, one)).count()
    }
}

/// The mishaps of a history.
#[derive(Clone, Debug, Default)]
struct Mishaps {
    /// The act before which a fault is set for the shop's next POST.
    fault: Option<(usize, FaultKind)>,
    /// The effect at which the process of an act dies.
    death: Option<(usize, i64, bool)>,
    /// Whether acts follow each other at once.
    is_hurried: bool,
}

impl Mishaps {
    fn is_late(&self) -> bool {
        let late = |kind: &FaultKind| match kind {
            FaultKind::LateTimeout(ms) | FaultKind::LateCut(ms) => *ms > 3_600_000,
            _ => false,
        };
        self.fault.as_ref().is_some_and(|(_, kind)| late(kind))
    }
}

const LONGEST: SignedDuration = SignedDuration::from_hours(24 * 6);

/// One history, and its verdict. Returns the number of listed payments.
async fn run(mall: &Mall, scenario: &Scenario, mishaps: &Mishaps) -> usize {
    let history = mall.place(TOTAL);
    println!("{:?}, {mishaps:?}, {:?}", scenario.acts, mall.fake.settings());
    for (place, act) in scenario.acts.iter().enumerate() {
        if let Some((_, kind)) = mishaps.fault.as_ref().filter(|(at, _)| *at == place) {
            for endpoint in [Endpoint::Payments, Endpoint::Capture, Endpoint::Refund] {
                mall.fake.fault(Fault::once(endpoint, kind.clone()));
            }
        }
        if let Some((_, effect, is_after)) = mishaps.death.filter(|(at, ..)| *at == place) {
            history.death.at(effect, is_after);
        }
        history.acts(*act).await;
        history.death.at(-1, false);
        let pause = if mishaps.is_hurried { 1 } else { 8 * 3_600 };
        history.settles(SignedDuration::from_secs(pause)).await;
        mall.passes(SignedDuration::from_secs(1));
    }
    history.settles(LONGEST).await;
    mall.fake.forget_faults();
    // A late request has arrived by then.
    mall.passes(SignedDuration::from_millis(LATEST_MS.try_into().unwrap()));
    let listed = history.verdicts(mishaps.is_late());
    let payments = history
        .order()
        .map_or(0, |order| order.transactions.iter().filter(|one| one.reference().is_some()).count());
    assert_eq!(history.till.accounts.lock().unwrap().len(), payments, "each at the gateway is on record");
    let was_released = history.till.accounts.lock().unwrap().values().any(|account| account.was_released);
    // A shop refuses the refund of a part while another part, whose process died, is not paid.
    let is_refused = mishaps.death.is_some() && scenario.acts.contains(&RefundSecond);
    // A partial refund is never repeated without a person.
    let is_part = |act: &Act| matches!(act, RefundPart(_));
    let is_lost = (mishaps.death.is_some() || mishaps.fault.is_some()) && scenario.acts.iter().any(is_part);
    let is_usual = !was_released
        && !is_refused
        && !is_lost
        && scenario.is_shown(mishaps.is_hurried)
        && !mishaps.is_late();
    let is_default = mall.fake.settings() == Settings::default();
    assert!(listed == 0 || !is_usual || !is_default, "nobody is needed for it: {:#?}", history.order());
    listed
}

fn fault_kinds() -> Vec<FaultKind> {
    let minutes = |minutes: u64| minutes * 60_000;
    vec![
        FaultKind::RevokedToken,
        FaultKind::NotJson,
        FaultKind::LacksMember("data.id".to_owned()),
        FaultKind::CutBefore,
        FaultKind::CutAfter,
        FaultKind::Conflict,
        FaultKind::TooManyRequests(None),
        FaultKind::TooLarge,
        FaultKind::InternalError,
        FaultKind::GatewayTimeout(1),
        FaultKind::BadGatewayHtml,
        FaultKind::LateTimeout(minutes(3)),
        FaultKind::LateCut(minutes(59)),
        FaultKind::LateTimeout(minutes(61)),
        FaultKind::LateTimeout(minutes(100)),
        FaultKind::LateCut(LATEST_MS - minutes(1)),
    ]
}

#[tokio::test]
async fn without_a_fault_the_request_that_took_the_money_records_it() {
    let mall = Mall::open();
    for scenario in SCENARIOS {
        let history = mall.place(TOTAL);
        for act in scenario.acts {
            history.acts(*act).await;
            let order = history.order().unwrap();
            assert!(order.recording_due(mall.clock.now()).is_none(), "{:?}: {order:#?}", scenario.acts);
        }
        // A refused step is looked for twice more.
        history.settles(SignedDuration::from_hours(4)).await;
        assert_eq!(history.verdicts(false) == 0, scenario.can_be_shown, "{:?}", scenario.acts);
    }
    // A payment of the whole takes one call and one write more than without a recording.
    let history = mall.place(TOTAL);
    let calls = mall.fake.ledger().len();
    history.acts(Purchase(TOTAL)).await;
    let words: Vec<String> = mall.fake.ledger()[calls..].iter().map(|call| call.method.clone()).collect();
    assert_eq!(words, ["GET", "POST"]);
    let writes = history.store.table.faults.writes();
    assert_eq!(writes, 3, "the intent, the outcome with the step as sent, and its result");
    let there = mall.fake.order(history.key.order.as_str()).unwrap();
    assert_eq!(there.payment, PaymentWord::Paid);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_at_any_call_or_write_leaves_each_payment_recorded_once_or_listed() {
    let mall = Mall::open();
    let mut histories = 0;
    for scenario in SCENARIOS {
        for place in 0..scenario.acts.len() {
            for effect in 0..9 {
                for (is_after, is_hurried) in [(false, false), (true, false), (false, true), (true, true)] {
                    let mishaps =
                        Mishaps { death: Some((place, effect, is_after)), is_hurried, ..Mishaps::default() };
                    run(&mall, scenario, &mishaps).await;
                    histories += 1;
                }
            }
        }
    }
    assert!(histories > 700, "{histories}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fault_of_any_post_leaves_each_payment_recorded_once_or_listed() {
    let mall = Mall::open();
    let mut listed_late = 0;
    for scenario in SCENARIOS {
        for place in 0..scenario.acts.len() {
            for kind in fault_kinds() {
                for is_hurried in [false, true] {
                    let mishaps =
                        Mishaps { fault: Some((place, kind.clone())), is_hurried, ..Mishaps::default() };
                    let listed = run(&mall, scenario, &mishaps).await;
                    listed_late += usize::from(listed > 0 && scenario.can_be_shown);
                }
            }
        }
    }
    assert!(listed_late > 0, "a request that comes after its repetition is listed");
}

/// Histories of each setting's value, alone and with another's.
const SEEDS: u64 = 8;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_a_shop_does_each_payment_is_recorded_once_or_listed() {
    let mall = Mall::open();
    let all = Settings::variations();
    for (place, (_, settings)) in (0..).zip(&all) {
        for seed in 0..SEEDS {
            let mut random = StdRng::seed_from_u64(1_000 * seed + place);
            let other = &all.choose(&mut random).unwrap().1;
            let settings = if seed < SEEDS / 2 { settings.clone() } else { both(settings, other) };
            // The limit is of the fake's seconds, of which many pass at once.
            mall.fake.set(Settings { rate_per_s: None, ..settings });
            let scenario = SCENARIOS.choose(&mut random).unwrap();
            let at = random.random_range(0..scenario.acts.len());
            let kind = fault_kinds().choose(&mut random).unwrap().clone();
            let death = (at, random.random_range(0..9), random.random());
            let mishaps = Mishaps {
                fault: random.random::<bool>().then_some((at, kind)),
                death: random.random_ratio(1, 3).then_some(death),
                is_hurried: random.random(),
            };
            run(&mall, scenario, &mishaps).await;
        }
    }
}

/// The first request arrives just before its repetition, and a look does not show it yet.
#[tokio::test]
async fn a_repetition_that_is_refused_because_the_first_came_late_is_looked_for_again() {
    let mall = Mall::open();
    mall.fake.set(Settings::default().late(60));
    let fault = Some((0, FaultKind::LateTimeout(59 * 60_000 + 30_000)));
    let listed = run(&mall, &SCENARIOS[0], &Mishaps { fault, ..Mishaps::default() }).await;
    assert_eq!(listed, 0);
    let payments = mall.fake.ledger().into_iter().filter(|call| call.path.ends_with("/payments"));
    let effects: Vec<Option<u16>> = payments.map(|call| call.effect).collect();
    assert_eq!(effects, [Some(200), Some(422)], "the second is refused");
}

/// Somebody else pays while it is not known whether the shop has a part.
#[tokio::test]
async fn a_part_is_not_repeated_where_the_sums_there_are_not_as_before_it() {
    let mall = Mall::open();
    let history = mall.place(TOTAL);
    mall.fake.fault(Fault::once(Endpoint::Payments, FaultKind::CutBefore));
    history.acts(Purchase(4_000)).await;
    mall.fake.pay_elsewhere(history.key.order.as_str(), 1_000, Method::Purchase).unwrap();
    history.settles(LONGEST).await;
    let order = history.order().unwrap();
    assert!(history.is_listed(&order, &order.transactions[0]), "{order:#?}");
    assert!(history.there(&order.transactions[0]).is_empty());
    // A person looks, and has it recorded again.
    assert!(order.recording_task().is_none());
}

impl History<'_> {
    /// The changes of this order that the shop was sent: their last word, and whether each was
    /// done.
    fn sent(&self) -> Vec<(String, bool)> {
        let own = |path: &str| path.starts_with(&format!("/v2/orders/{}/", self.key.order));
        let posts =
            self.mall.fake.ledger().into_iter().filter(|call| call.method == "POST" && own(&call.path));
        let last = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
        posts.map(|call| (last(&call.path), call.effect == Some(200))).collect()
    }
}

fn sent(word: &str, is_done: bool) -> (String, bool) {
    (word.to_owned(), is_done)
}

#[tokio::test]
async fn a_step_that_was_never_sent_is_dropped_when_its_payment_is_given_back() {
    let mall = Mall::open();
    let limited = |endpoint| Fault::once(endpoint, FaultKind::TooManyRequests(None));
    for begins in [Purchase(TOTAL), Authorize(TOTAL)] {
        let history = mall.place(TOTAL);
        mall.fake.fault(limited(Endpoint::Payments));
        history.acts(begins).await;
        history.acts(Void).await;
        history.settles(LONGEST).await;
        assert_eq!(history.sent(), [sent("payments", false)]);
        assert_eq!(history.verdicts(false), 0, "nothing is there, and nothing is here");
    }
    // Nobody may ship on a capture that is given back.
    let history = mall.place(TOTAL);
    history.acts(Authorize(TOTAL)).await;
    mall.fake.fault(limited(Endpoint::Capture));
    history.acts(Capture).await;
    history.acts(Refund).await;
    history.settles(LONGEST).await;
    assert_eq!(history.sent(), [sent("payments", true), sent("capture", false)]);
    assert_eq!(history.verdicts(false), 1);
}

#[tokio::test]
async fn one_step_of_an_order_is_told_at_a_time_and_none_while_money_is_in_doubt() {
    let mall = Mall::open();
    let history = mall.place(TOTAL);
    mall.fake.fault(Fault::once(Endpoint::Payments, FaultKind::CutBefore));
    history.acts(Purchase(4_000)).await;
    history.acts(Purchase(6_000)).await;
    assert_eq!(history.sent(), [sent("payments", false)], "the first may still arrive");
    history.settles(LONGEST).await;
    assert_eq!(history.sent()[1..], [sent("payments", true), sent("payments", true)]);
    let history = mall.place(TOTAL);
    mall.fake.fault(Fault::once(Endpoint::Payments, FaultKind::TooManyRequests(None)));
    history.acts(Purchase(4_000)).await;
    assert!(history.order().unwrap().recording_task().is_some());
    // The process dies before the gateway is called.
    history.death.at(2, false);
    history.acts(Purchase(6_000)).await;
    history.death.at(-1, false);
    let order = history.order().unwrap();
    assert!(order.transactions[1].pending().is_some() && order.recording_task().is_none(), "{order:#?}");
    history.settles(LONGEST).await;
    assert_eq!(history.sent(), [sent("payments", false), sent("payments", true)]);
}

/// A payment is given back while it is not known whether the shop has it, and its request arrives
/// hours later.
#[tokio::test]
async fn a_step_that_was_overtaken_is_looked_for_until_it_can_no_longer_arrive() {
    let mall = Mall::open();
    for (begins, is_listed) in [(Purchase(TOTAL), 0), (Authorize(TOTAL), 1)] {
        let history = mall.place(TOTAL);
        mall.fake.fault(Fault::once(Endpoint::Payments, FaultKind::LateTimeout(LATEST_MS)));
        history.acts(begins).await;
        history.acts(Void).await;
        history.settles(LONGEST).await;
        assert_eq!(history.sent()[0], sent("payments", true));
        assert_eq!(history.verdicts(false), is_listed, "{begins:?}");
    }
}

/// The shop has a payment, nobody knows, and for days it does not say so.
#[tokio::test]
async fn a_payment_that_was_given_back_is_listed_where_its_shop_may_have_it_and_does_not_answer() {
    let mall = Mall::open();
    let history = mall.place(TOTAL);
    mall.fake.fault(Fault::once(Endpoint::Payments, FaultKind::CutAfter));
    history.acts(Purchase(TOTAL)).await;
    history.acts(Void).await;
    mall.fake.fault(Fault { times: u32::MAX, ..Fault::once(Endpoint::Any, FaultKind::CutBefore) });
    for _ in 0..4 * 24 {
        mall.passes(SignedDuration::from_hours(1));
        history.reconciles().await;
    }
    mall.fake.forget_faults();
    assert_eq!(mall.fake.order(history.key.order.as_str()).unwrap().payment, PaymentWord::Paid);
    assert_eq!(history.verdicts(false), 1);
    // A person has it looked for, and the shop hears that it was given back.
    let payment = history.order().unwrap().transactions[0].id;
    let deadline = Deadline::after(Duration::from_secs(29));
    let merchant = &mall.merchant;
    history.payments.confirm_and_record(merchant, &history.key, payment, deadline).await.unwrap();
    assert_eq!(mall.fake.order(history.key.order.as_str()).unwrap().payment, PaymentWord::Refunded);
    assert_eq!(history.verdicts(false), 0);
}

/// The orders of the test with many.
const ORDERS: usize = 1_000;

/// Makes a third of the shop's next requests go wrong, in ways that end before the next look.
fn lose_some(mall: &Mall, random: &mut StdRng) {
    let is_late = |kind: &FaultKind| matches!(kind, FaultKind::LateTimeout(_) | FaultKind::LateCut(_));
    let kinds: Vec<FaultKind> = fault_kinds().into_iter().filter(|kind| !is_late(kind)).collect();
    for endpoint in [Endpoint::Payments, Endpoint::Capture, Endpoint::Refund, Endpoint::Transactions] {
        if random.random_ratio(1, 3) {
            mall.fake.fault(Fault::once(endpoint, kinds.choose(random).unwrap().clone()));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_orders_over_a_lossy_connection_are_in_three_ledgers_to_the_cent() {
    let mall = Mall::open();
    let first = mall.place(TOTAL);
    let mut random = StdRng::seed_from_u64(90);
    let mut histories: Vec<History<'_>> = Vec::new();
    for is_down_then in [true, false] {
        let begun = histories.len();
        for _ in 0..ORDERS / 2 {
            let total = random.random_range(1..1_000_000);
            let history = first.another(total);
            lose_some(&mall, &mut random);
            history.acts(if random.random() { Authorize(total) } else { Purchase(total) }).await;
            histories.push(history);
            mall.passes(SignedDuration::from_secs(60));
            first.reconciles().await;
        }
        mall.fake.forget_faults();
        if is_down_then {
            mall.fake.fault(Fault { times: u32::MAX, ..Fault::once(Endpoint::Any, FaultKind::CutBefore) });
        }
        for history in &histories[begun..] {
            if random.random_ratio(2, 3) {
                let order = history.order().unwrap();
                let is_held = !order.transactions[0].capturable().is_zero();
                lose_some(&mall, &mut random);
                history.acts(if is_held { Capture } else { Refund }).await;
            }
        }
        for _ in 0..if is_down_then { 24 } else { 0 } {
            mall.passes(SignedDuration::from_hours(2));
            first.reconciles().await;
        }
        mall.fake.forget_faults();
    }
    // Minutes until all is recorded, and hours until nothing is looked for any more.
    for minutes in [[1; 180], [60; 180]].concat() {
        mall.passes(SignedDuration::from_mins(minutes));
        first.reconciles().await;
    }
    let (mut ours, mut there, mut on_record) = (Account::default(), Account::default(), Account::default());
    for history in &histories {
        assert_eq!(history.verdicts(false), 0, "nobody is needed: {:#?}", history.order());
        let shown = mall.fake.order(history.key.order.as_str()).unwrap();
        there.held += shown.authorized;
        there.taken += shown.paid - shown.refunded;
        let payment = history.order().unwrap().transactions.remove(0);
        on_record.held += payment.capturable().minor();
        on_record.taken += payment.captured().minor() - payment.refunded().minor();
    }
    for account in first.till.accounts.lock().unwrap().values() {
        ours.held += account.held;
        ours.taken += account.taken - account.refunded;
    }
    assert_eq!((ours, on_record), (there, there));
    assert_eq!(first.till.accounts.lock().unwrap().len(), ORDERS);
    assert!(ours.held > 0 && ours.taken > 0);
}

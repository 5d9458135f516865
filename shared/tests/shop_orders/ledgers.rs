//! Whatever staff, strangers and other gateways do in a store, each difference is told on the payment
//! that it concerns, and nothing else is.
//!
//! The verdict is arithmetic on three ledgers: the store's payments, the gateway's till, and the
//! stored order. It asks no rule of the product.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use elastic_path_fake::{
    Endpoint, Fault, FaultKind, ManualPartialRefund, Method, OrderStatus, RefundNeedsPaid, Rows, Settings,
    Snapshot, StoreAct, TransactionRow, TransactionStatus, TransactionType,
};
use jiff::SignedDuration;
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};
use tollgate_core::{
    order::{Action, AtShopState, CaptureAt, Order, PaymentKind, PaymentWord, Target, Transaction},
    payments::Deadline,
    values::Clock as _,
};
use uuid::Uuid;

use super::{
    TOTAL, both,
    recording::{
        Act::{self, Authorize, Capture, CapturePart, Purchase, Refund, RefundPart, Void},
        History, Mall, Meanwhile,
    },
};

/// A payment in one ledger.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sums {
    held: u64,
    captured: u64,
    back: u64,
}

impl Sums {
    fn here(payment: &Transaction) -> Self {
        let (captured, back) = (payment.captured().minor(), payment.refunded().minor());
        Self { held: payment.capturable().minor(), captured, back }
    }

    fn there(row: &TransactionRow) -> Self {
        let amount = if row.status == TransactionStatus::Complete { row.amount } else { 0 };
        let is_held = row.transaction_type == TransactionType::Authorize;
        let (held, captured) = if is_held { (amount, 0) } else { (0, amount) };
        Self { held, captured, back: row.refunded_amount }
    }

    fn net(self) -> u64 {
        self.captured.saturating_sub(self.back)
    }

    fn stands(self) -> bool {
        self.held > 0 || self.net() > 0
    }

    /// Payments that were given back in full are equal however that was done.
    fn equals(self, other: Self) -> bool {
        let is_over = self.net() == 0;
        self.held == other.held && self.net() == other.net() && (is_over || self.captured == other.captured)
    }
}

/// Whether a row says that it is this payment.
fn names(row: &TransactionRow, payment: &Transaction) -> bool {
    let kind = match row.transaction_type {
        TransactionType::Purchase => Some(PaymentKind::Purchase),
        TransactionType::Authorize | TransactionType::Capture => Some(PaymentKind::Authorize),
        TransactionType::Refund => None,
    };
    let is_named = row.custom_reference == Some(payment.id.to_string());
    is_named && row.amount == payment.amount().minor() && kind.is_none_or(|kind| kind == payment.kind)
}

/// The reason on record, `refused`, or nothing.
fn reason(order: &Order, payment: &Transaction) -> &'static str {
    let Some(at_shop) = order.at_shop(payment) else { return "" };
    let is_refused = at_shop.state == AtShopState::Refused;
    at_shop.difference.map_or(if is_refused { "refused" } else { "" }, |difference| difference.as_str())
}

impl History<'_> {
    async fn records_again(&self, payment: Uuid) {
        let (merchant, deadline) = (&self.mall.merchant, Deadline::after(Duration::from_secs(29)));
        self.payments.confirm_and_record(merchant, &self.key, payment, deadline).await.unwrap();
    }

    /// The order there, with one row for each payment, however the store lists them.
    fn ledger_there(&self) -> Snapshot {
        let (fake, rows) = (&self.mall.fake, self.mall.fake.settings().rows);
        fake.change(|settings| settings.rows = Rows::Mutated);
        let there = fake.order(self.key.order.as_str()).unwrap();
        fake.change(|settings| settings.rows = rows);
        there
    }

    /// Whether the store was sent a request that begins the payment.
    fn was_sent(&self, payment: &Transaction) -> bool {
        let (path, id) = (format!("/v2/orders/{}/payments", self.key.order), payment.id.to_string());
        let is_it = |body: &serde_json::Value| body["data"]["paymentmethod_meta"]["custom_reference"] == id;
        let mut sent = self.mall.fake.ledger().into_iter().filter(|sent| sent.path == path);
        sent.any(|sent| sent.body.as_ref().is_some_and(is_it))
    }
}

/// One order, and what others did to it.
struct Story<'a> {
    history: History<'a>,
    random: StdRng,
    /// Payments by the manual gateway there that are not Tollgate's.
    strangers: BTreeSet<String>,
    log: Vec<String>,
    complaints: Vec<String>,
}

impl Story<'_> {
    fn pick<T: Clone>(&mut self, all: &[T]) -> T {
        all.choose(&mut self.random).unwrap().clone()
    }

    fn notes(&mut self, what: impl std::fmt::Debug) {
        self.log.push(format!("{what:?}"));
    }

    /// One of the payments, and its id there.
    fn one(&mut self) -> Option<(Transaction, Option<String>)> {
        let order = self.history.order()?;
        let payment = order.transactions.choose(&mut self.random)?;
        Some((payment.clone(), order.at_shop(payment).and_then(|at_shop| at_shop.id.map(str::to_owned))))
    }

    fn fails_once(&mut self, endpoint: Endpoint) {
        let kind = self.pick(&[
            FaultKind::CutBefore,
            FaultKind::CutAfter,
            FaultKind::GatewayTimeout(1),
            FaultKind::LateTimeout(3 * 60_000),
            FaultKind::LateCut(100 * 60_000),
            FaultKind::RefusedAfter(400),
            FaultKind::RefusedAfter(422),
            FaultKind::TooManyRequests(None),
            FaultKind::NotJson,
        ]);
        self.notes((endpoint, &kind));
        self.history.mall.fake.fault(Fault::once(endpoint, kind));
    }

    /// An act of Tollgate's, on this payment unless it is a new one.
    async fn acts(&mut self, act: Act, payment: Option<Uuid>) {
        let Some(mut intent) = self.history.intent(act) else { return };
        let target = payment.map(Target::Transaction);
        match (&mut intent.action, target) {
            (Action::Capture { target, .. }, Some(one))
            | (Action::Refund { target, .. }, Some(one))
            | (Action::Void { target, .. }, Some(one)) => *target = one,
            (Action::Pay(pay), _) if matches!(act, Authorize(_)) && self.random.random_ratio(1, 4) => {
                let due = self.history.mall.clock.now() + SignedDuration::from_hours(1);
                pay.capture = CaptureAt::At(due).into();
            }
            _ => {}
        }
        let done = Box::pin(self.history.performs(&intent)).await;
        self.notes((act, payment, done.map(|_| ())));
    }

    async fn pays(&mut self) {
        let amount = self.pick(&[1_000, 4_000, 6_000, TOTAL]);
        if self.random.random_ratio(1, 3) {
            self.fails_once(Endpoint::Payments);
        }
        *self.history.till.declines.lock().unwrap() = self.random.random_ratio(1, 8);
        if self.random.random_ratio(1, 8) {
            let (fake, order) = (self.history.mall.fake.clone(), self.history.key.order.to_string());
            let elsewhere = Meanwhile::PaidElsewhere(self.pick(&[1_000, 4_000, TOTAL]));
            self.notes(&elsewhere);
            *self.history.till.meanwhile.lock().unwrap() = Some((fake, order, elsewhere));
        }
        let act = self.pick(&[Authorize(amount), Purchase(amount)]);
        self.acts(act, None).await;
        *self.history.till.meanwhile.lock().unwrap() = None;
        *self.history.till.declines.lock().unwrap() = false;
        if self.random.random_ratio(1, 6) {
            self.stranger_pays();
        }
    }

    /// Something that others do in the store.
    fn act_there(&mut self, act: StoreAct) -> Option<String> {
        let done = self.history.mall.fake.act(self.history.key.order.as_str(), act.clone());
        self.notes((act, done.is_some()));
        done
    }

    /// The same act there and here, in either order.
    async fn acts_with_staff(&mut self) {
        let Some((payment, Some(row))) = self.one() else { return };
        let (act, there) = if payment.capturable().is_zero() {
            let part = StoreAct::Refund(row.clone(), Some(1_000));
            self.pick(&[(Refund, StoreAct::Refund(row, None)), (RefundPart(1_000), part)])
        } else {
            (Capture, StoreAct::Capture(row))
        };
        if self.random.random() {
            self.acts(act, Some(payment.id)).await;
            self.passes().await;
            self.act_there(there);
        } else {
            self.act_there(there);
            self.passes().await;
            self.acts(act, Some(payment.id)).await;
        }
    }

    fn staff_acts(&mut self) {
        let Some((_, Some(row))) = self.one() else { return };
        let (one, other) = (row.clone(), row.clone());
        let refunds = [StoreAct::Refund(one, None), StoreAct::Refund(other, Some(1_000))];
        let holds = [StoreAct::Capture(row.clone()), StoreAct::CancelTransaction(row)];
        let act = self.pick(&[refunds, holds].concat());
        self.act_there(act);
    }

    /// A payment by the manual gateway, mostly with the id of one of Tollgate's, whatever became of
    /// that, and often like it.
    fn stranger_pays(&mut self) {
        let (mut method, mut amount, mut reference) = (Method::ManualPurchase, 1_000, None);
        if let Some((payment, _)) = self.one() {
            if self.random.random() {
                amount = payment.amount().minor();
            }
            if (payment.kind == PaymentKind::Authorize) == self.random.random_ratio(3, 4) {
                method = Method::ManualAuthorize;
            }
            reference = self.random.random_ratio(4, 5).then(|| payment.id.to_string());
        }
        let row = self.act_there(StoreAct::Pay(method, amount, reference));
        self.strangers.extend(row);
    }

    /// A payment by another gateway, or the refund of one.
    fn pays_elsewhere(&mut self) {
        let others =
            self.history.ledger_there().transactions.into_iter().filter(|row| row.gateway != "manual");
        let last = others.last().filter(|_| self.random.random_ratio(2, 3));
        let pay = StoreAct::Pay(Method::Purchase, self.pick(&[1_000, 4_000, TOTAL]), None);
        self.act_there(last.map_or(pay, |row| StoreAct::Refund(row.id, None)));
    }

    async fn passes(&mut self) {
        let (seconds, is_run) = (self.pick(&[0, 1, 6, 61, 301, 4_000]), self.random.random_ratio(2, 3));
        self.notes((seconds, is_run));
        self.history.mall.passes(SignedDuration::from_secs(seconds));
        if is_run {
            self.history.captures_due().await;
            self.history.reconciles().await;
        }
    }

    async fn step(&mut self) {
        let was_cancelled = self.history.ledger_there().status == OrderStatus::Cancelled;
        let payment = self.one().map(|(payment, _)| payment.id);
        let is_of_order = self.random.random_ratio(1, 24);
        match self.random.random_range(0..24) {
            _ if is_of_order => {
                self.act_there(if was_cancelled { StoreAct::Uncancel } else { StoreAct::Cancel });
            }
            0..=4 => self.pays().await,
            5 | 6 => self.acts(Capture, payment).await,
            7 => self.acts(CapturePart(500), payment).await,
            8 => self.acts(Refund, payment).await,
            9 | 10 => self.acts(RefundPart(1_000), payment).await,
            11 => self.acts(Void, payment).await,
            12 | 13 => {
                self.notes(("again", payment));
                for payment in payment {
                    self.history.records_again(payment).await;
                }
            }
            14..=16 => self.acts_with_staff().await,
            17 | 18 => self.staff_acts(),
            19 => self.stranger_pays(),
            20 | 21 => self.pays_elsewhere(),
            // Rows of steps do not say whose they are.
            22 if self.history.mall.fake.settings().rows == Rows::Mutated => {
                for row in self.strangers.first().cloned() {
                    self.act_there(StoreAct::Refund(row, None));
                }
            }
            _ => {
                let endpoint = self.pick(&[Endpoint::Capture, Endpoint::Refund]);
                self.fails_once(endpoint);
            }
        }
        self.passes().await;
        if !is_of_order && !was_cancelled {
            self.judges_cancellation();
        }
    }

    /// Tollgate may cancel an order only if nobody else ever paid it. A late read may not say so.
    fn judges_cancellation(&mut self) {
        let (there, settings) = (self.history.ledger_there(), self.history.mall.fake.settings());
        let is_own = |row: &TransactionRow| row.gateway == "manual" && !self.strangers.contains(&row.id);
        let is_current = settings.order_lag_s + settings.rows_lag_s == 0;
        let is_cancelled = there.status == OrderStatus::Cancelled;
        if is_cancelled && is_current && !there.transactions.iter().all(is_own) {
            self.complaints.push("canceled by Tollgate, and others have paid it".to_owned());
        }
    }

    /// The row of a payment: the one that Tollgate has on record, if it can be, or else the one that
    /// Tollgate made.
    fn own<'r>(
        &self,
        order: &Order,
        payment: &Transaction,
        rows: &[&'r TransactionRow],
    ) -> Option<&'r TransactionRow> {
        let told = order.at_shop(payment).and_then(|at_shop| at_shop.id);
        let can_be = |row: &&&TransactionRow| names(row, payment);
        let mut sent = rows.iter().filter(can_be).filter(|_| self.history.was_sent(payment));
        let known = sent.clone().find(|row| Some(row.id.as_str()) == told);
        known.or_else(|| sent.find(|row| !self.strangers.contains(&row.id))).copied()
    }

    /// The verdict, in complaints.
    fn judges(&mut self) {
        let (there, order) = (self.history.ledger_there(), self.history.order());
        let mut others: Vec<&TransactionRow> =
            there.transactions.iter().filter(|row| row.gateway == "manual").collect();
        let is_cancelled = there.status == OrderStatus::Cancelled;
        let Some(order) = order else {
            let is_foreign = !is_cancelled && others.iter().any(|row| Sums::there(row).stands());
            self.complaints.extend(is_foreign.then(|| format!("foreign, and not noted: {others:?}")));
            return;
        };
        let payments: Vec<_> =
            order.transactions.iter().map(|one| (one, self.own(&order, one, &others))).collect();
        others.retain(|row| payments.iter().all(|(_, own)| own.is_none_or(|own| own.id != row.id)));
        let is_listed = |payment: &Transaction| self.history.is_listed(&order, payment);
        let paid = there.paid - there.refunded;
        let mut found = Vec::new();
        for (payment, own) in &payments {
            let is_twice = others.iter().any(|row| names(row, payment));
            let is_overpaid = paid + there.authorized > TOTAL;
            found.extend(complaint(&order, payment, *own, (is_twice, is_overpaid), is_listed(payment)));
            let word = payment.word(self.history.mall.clock.now());
            found.extend((word == PaymentWord::Lapsed).then(|| format!("lapsed: {payment:?}")));
        }
        let foreign: u64 = others
            .iter()
            .map(|row| Sums::there(row))
            .filter(|one| one.stands())
            .map(|one| one.captured + one.held)
            .sum();
        let is_there = payments.iter().any(|(_, own)| own.is_some_and(|row| Sums::there(row).net() > 0));
        if paid > TOTAL + foreign && is_there && !order.transactions.iter().any(is_listed) {
            found.push(format!("overpaid by {}, and not listed", paid - TOTAL));
        }
        // A further row with a payment's id may be told as that payment's second.
        let is_untold = |row: &&TransactionRow| {
            let is_told = |one: &Transaction| names(row, one) && is_listed(one);
            Sums::there(row).stands() && !order.transactions.iter().any(is_told)
        };
        let was_known = order.cancelled_at.is_some();
        match order.foreign {
            None if !is_cancelled && !was_known && others.iter().any(|row| is_untold(&row)) => {
                found.push(format!("foreign, and not noted: {others:?}"));
            }
            Some(noted) if foreign == 0 || is_cancelled => found.push(format!("noted, and none: {noted:?}")),
            _ => {}
        }
        if is_cancelled && !was_known && !payments.is_empty() {
            found.push("canceled, and not on record".to_owned());
        }
        self.complaints.extend(found);
    }
}

/// The verdict about one payment, its row there, and whether it is there twice or in an overpaid
/// order.
fn complaint(
    order: &Order,
    payment: &Transaction,
    own: Option<&TransactionRow>,
    (is_twice, is_overpaid): (bool, bool),
    is_listed: bool,
) -> Option<String> {
    let (here, mut there) = (Sums::here(payment), own.map(Sums::there).unwrap_or_default());
    if order.cancelled_at.is_some() {
        // A canceled order holds nothing, also after somebody has opened it again.
        there.held = 0;
    }
    let (lacks, is_more_back) = (own.is_none() && here.stands(), there.back > here.back);
    let is_released = own.is_some_and(|row| row.status == TransactionStatus::Cancelled);
    let is_cancelled = order.cancelled_at.is_some() && here.stands();
    let amount = payment.amount().minor();
    let rows = [
        ("order_cancelled", is_cancelled),
        ("overpaid_there", is_overpaid),
        ("recorded_twice", is_twice),
        ("refunded_there", here.stands() && (is_more_back || is_released)),
        ("captured_there", there.captured > here.captured && there.net() > here.net()),
        ("captured_there", there.captured > here.captured && here.captured > 0),
        ("voided", !here.stands() && there.held > 0),
        ("partly_captured", here.captured > 0 && here.captured < amount),
        ("partly_refunded", here.back > there.back && here.net() > 0),
        ("not_answered", lacks || here.back > there.back || here.captured > there.captured),
        ("other_amount", lacks || is_more_back),
        ("refused", lacks || here.net() < there.net() || here.captured > there.captured),
    ];
    let right: BTreeSet<&str> = rows.into_iter().filter_map(|(word, holds)| holds.then_some(word)).collect();
    let said = reason(order, payment);
    let state = order.at_shop(payment).map(|at_shop| at_shop.state);
    let told = format!("{said:?} ({state:?}): here {here:?}, there {there:?}, of {amount}");
    if !here.equals(there) || is_cancelled || lacks {
        return match (is_listed, right.contains(said)) {
            (true, true) => None,
            (true, false) => Some(format!("not {right:?}, but {told}")),
            (false, _) => Some(format!("{right:?}, and not listed: {told}")),
        };
    }
    let is_told = state == Some(AtShopState::Told) || (state.is_none() && !here.stands());
    let is_of_others = ["overpaid_there", "recorded_twice"].contains(&said) && right.contains(said);
    (!is_told && !is_of_others || is_listed && !is_of_others).then(|| format!("equal, but {told}"))
}

/// Settings of which some differ from the usual ones, besides one lag.
const DRAWN: &str = "balance_excess rows_listed rows manual_partial_refund refund_needs_paid \
                     paid_after_refund payment_after_full_refund cancel_frees_authorized";

fn settings(random: &mut StdRng) -> Settings {
    let all = Settings::variations();
    let drawn: Vec<_> = all.iter().filter(|(name, _)| DRAWN.contains(name)).map(|(_, one)| one).collect();
    let mut settings = Settings { refund_needs_paid: RefundNeedsPaid::Off, ..Settings::default() };
    for _ in 0..2 {
        settings = both(&settings, drawn.choose(random).unwrap());
    }
    let lag_s = *[5, 60].choose(random).unwrap();
    match random.random_range(0..6) {
        0 => settings.order_lag_s = lag_s,
        1 => settings.rows_lag_s = lag_s,
        2 => settings.list_lag_s = lag_s,
        _ => {}
    }
    settings
}

/// The gateway's books are the stored orders', and no order has more than its total.
fn check_money(stories: &[Story<'_>]) {
    let accounts = stories[0].history.till.accounts.lock().unwrap();
    let mut count = 0;
    for story in stories {
        let mut sum = 0;
        for payment in &story.history.order().map(|order| order.transactions).unwrap_or_default() {
            assert!(payment.pending().is_none(), "{payment:#?}");
            let Some(reference) = payment.reference() else { continue };
            let (account, here) = (accounts[reference], Sums::here(payment));
            let books = (account.held, account.taken - account.refunded);
            assert_eq!(books, (here.held, here.net()), "{:#?}: {payment:#?}", story.log);
            (count, sum) = (count + 1, sum + here.held + here.net());
        }
        assert!(sum <= TOTAL, "{sum}: {:#?}", story.log);
    }
    assert_eq!(count, accounts.len(), "each payment at the gateway is on record");
}

/// The orders and the steps of a history.
const ORDERS: usize = 3;
const STEPS: usize = 24;

/// A history of some orders of a store: the reasons that were told, and the complaints.
async fn live(seed: u64) -> (Vec<&'static str>, Vec<String>) {
    let mut random = StdRng::seed_from_u64(seed);
    let voided: &[&str] = if random.random() { &["cancel_voided"] } else { &[] };
    let mall = Mall::with(&[&["partial_capture"], voided].concat());
    // The changes of a store are read from its merchant's first payment on.
    let first = mall.place(1);
    first.acts(Purchase(1)).await;
    first.till.accounts.lock().unwrap().clear();
    mall.fake.set(settings(&mut random));
    let mut stories: Vec<Story<'_>> = Vec::new();
    for _ in 0..ORDERS {
        let (history, random) = (first.another(TOTAL), StdRng::from_rng(&mut random));
        let (strangers, log, complaints) = Default::default();
        stories.push(Story { history, random, strangers, log, complaints });
    }
    for _ in 0..STEPS {
        Box::pin(stories[random.random_range(0..ORDERS)].step()).await;
    }
    mall.fake.forget_faults();
    let given_back = || -> BTreeMap<String, u64> {
        let accounts = first.till.accounts.lock().unwrap();
        accounts.iter().map(|(id, account)| (id.clone(), account.refunded)).collect()
    };
    let before = given_back();
    for seconds in [[301; 12], [3_600; 12], [7_200; 12], [301; 12]].concat() {
        mall.passes(SignedDuration::from_secs(seconds));
        first.captures_due().await;
        first.reconciles().await;
    }
    assert_eq!(given_back(), before, "no refund follows from a read");
    check_money(&stories);
    let (mut reasons, mut complaints) = (Vec::new(), Vec::new());
    for story in &mut stories {
        story.judges();
        let order = story.history.order();
        reasons
            .extend(order.iter().flat_map(|order| order.transactions.iter().map(|one| reason(order, one))));
        reasons.extend(order.and_then(|order| order.foreign).map(|_| "foreign"));
        let told = format!("seed {seed}: {:?}, {:#?}", mall.fake.settings(), story.log);
        complaints.extend(story.complaints.iter().map(|one| format!("{one}\n{told}")));
    }
    (reasons, complaints)
}

/// The histories of the usual sample; `SIMULATION=whole` takes more.
const SEEDS: u64 = 200;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_difference_between_three_ledgers_is_told_with_its_reason_and_nothing_equal_is_listed() {
    let is_whole = std::env::var("SIMULATION").is_ok_and(|asked| asked == "whole");
    let (mut reasons, mut complaints) = (BTreeSet::new(), Vec::new());
    let mut lives = tokio::task::JoinSet::new();
    for seed in 0..if is_whole { 20 * SEEDS } else { SEEDS } {
        lives.spawn(live(seed));
        while lives.len() > 3 || seed == SEEDS - 1 {
            let Some(one) = lives.join_next().await else { break };
            let (told, found) = one.unwrap();
            reasons.extend(told);
            complaints.extend(found);
        }
    }
    let heads: Vec<&str> = complaints.iter().filter_map(|one| one.lines().next()).collect();
    assert!(complaints.is_empty(), "{}\n{heads:#?}", complaints[0]);
    for reason in "refunded_there captured_there overpaid_there foreign order_cancelled voided".split(' ') {
        assert!(reasons.contains(reason), "{reason} is in no history");
    }
}

/// A way in which a store is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Door {
    Poll,
    /// After a lost response.
    Look,
    BeforePayment,
    AfterRefusal,
    /// A person has another payment of the order recorded again.
    Again,
}

/// A difference that others make, with the row of the payment there.
const DIFFERENCES: [(&str, fn(String) -> StoreAct); 6] = [
    ("refunded in part", |row| StoreAct::Refund(row, Some(1_000))),
    ("refunded", |row| StoreAct::Refund(row, None)),
    ("captured", StoreAct::Capture),
    ("foreign", |_| StoreAct::Pay(Method::ManualPurchase, 1_000, None)),
    ("canceled", |_| StoreAct::Cancel),
    ("overpaid", |_| StoreAct::Pay(Method::Purchase, TOTAL, None)),
];

/// The record after each way of reading, for each of the differences above; `|` between those that
/// are right. A look reads no order, and a read before a payment shows sums only; most of them
/// refuse the payment, which then writes nothing.
#[rustfmt::skip]
const DOORS: [(Door, &str); 5] = [
    (Door::Poll, "refunded_there refunded_there captured_there foreign order_cancelled overpaid_there"),
    (Door::Look, "refunded_there refunded_there captured_there foreign -|order_cancelled overpaid_there"),
    (Door::BeforePayment, "- -|refunded_there -|captured_there - -|order_cancelled -|overpaid_there"),
    (Door::AfterRefusal, "refunded_there refunded_there captured_there foreign order_cancelled overpaid_there"),
    (Door::Again, "refunded_there refunded_there captured_there foreign -|order_cancelled overpaid_there"),
];

/// The reasons on record after one difference and one way of reading. The payment is authorized
/// where it is captured there, and otherwise purchased.
async fn record_after(door: Door, difference: &str, act: fn(String) -> StoreAct) -> String {
    let mall = if door == Door::Poll { Mall::with(&[]) } else { Mall::open() };
    mall.fake.change(|settings| settings.refund_needs_paid = RefundNeedsPaid::Off);
    let history = mall.place(TOTAL);
    let order = history.key.order.as_str();
    if door == Door::Look {
        mall.fake.fault(Fault::once(Endpoint::Payments, FaultKind::CutAfter));
    }
    history.acts(if difference == "captured" { Authorize(4_000) } else { Purchase(4_000) }).await;
    let act = act(mall.fake.order(order).unwrap().transactions[0].id.clone());
    let other = || history.order().unwrap().transactions[1].id;
    if door == Door::Again {
        history.acts(Purchase(6_000)).await;
        mall.fake.change(|settings| settings.manual_partial_refund = ManualPartialRefund::Error);
        let mut part = history.intent(RefundPart(1_000)).unwrap();
        let Action::Refund { target, .. } = &mut part.action else { unreachable!() };
        *target = Target::Transaction(other());
        history.performs(&part).await.unwrap();
        mall.fake.change(|settings| settings.manual_partial_refund = ManualPartialRefund::Recorded);
        assert_eq!(reasons(&history), "partly_refunded");
    }
    if door == Door::AfterRefusal {
        mall.fake.enable_manual(false);
        let meanwhile = (mall.fake.clone(), order.to_owned(), Meanwhile::Acts(act));
        *history.till.meanwhile.lock().unwrap() = Some(meanwhile);
    } else {
        mall.fake.act(order, act).unwrap();
    }
    let place = mall.fake.ledger().len();
    match door {
        Door::Poll | Door::Look => {
            mall.passes(SignedDuration::from_secs(if door == Door::Poll { 301 } else { 61 }));
            history.reconciles().await;
        }
        Door::BeforePayment | Door::AfterRefusal => history.acts(Purchase(1_000)).await,
        Door::Again => history.records_again(other()).await,
    }
    if door == Door::BeforePayment {
        let calls: Vec<_> = mall.fake.ledger().split_off(place).into_iter().map(|one| one.method).collect();
        assert!(["GET", "GET POST"].contains(&&*calls.join(" ")), "a further call: {calls:?}");
    }
    reasons(&history)
}

/// All that is on record of an order's differences.
fn reasons(history: &History<'_>) -> String {
    let order = history.order().unwrap();
    let reasons = order.transactions.iter().map(|one| reason(&order, one));
    let all: BTreeSet<&str> =
        reasons.filter(|one| !one.is_empty()).chain(order.foreign.map(|_| "foreign")).collect();
    if all.is_empty() { "-".to_owned() } else { all.into_iter().collect::<Vec<_>>().join(" ") }
}

#[tokio::test]
async fn each_way_of_reading_puts_each_difference_on_record_that_it_shows() {
    let mut wrong = Vec::new();
    for (door, row) in DOORS {
        for ((difference, act), expected) in DIFFERENCES.into_iter().zip(row.split(' ')) {
            let record = Box::pin(record_after(door, difference, act)).await;
            if !expected.split('|').any(|one| one == record) {
                wrong.push(format!("{door:?}, {difference}: {record}, not {expected}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

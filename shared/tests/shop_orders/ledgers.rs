//! Differences between a store and Tollgate that staff, strangers and other gateways make: each is
//! told on the payment that it concerns, and nothing else is.
//!
//! The verdict is arithmetic on three ledgers: the store's payments, the gateway's till, and the
//! stored order. It asks no rule of the product.

use std::{collections::BTreeSet, time::Duration};

use elastic_path_fake::{
    Endpoint, Fault, FaultKind, ManualPartialRefund, Method, OrderStatus, PaidAfterRefund, RefundNeedsPaid,
    Rows, Settings, Snapshot, StoreAct, TransactionRow as Row, TransactionStatus, TransactionType,
};
use jiff::SignedDuration;
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};
use tokio::task::JoinSet;
use tollgate_core::{
    order::{Action, AtShopState, CaptureAt, Order, PaymentKind, PaymentWord, Transaction},
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

    fn there(row: &Row) -> Self {
        let amount = if row.status == TransactionStatus::Complete { row.amount } else { 0 };
        let is_held = row.transaction_type == TransactionType::Authorize;
        let (held, captured) = if is_held { (amount, 0) } else { (0, amount) };
        Self { held, captured, back: row.refunded_amount }
    }

    fn net(self) -> u64 {
        self.captured.saturating_sub(self.back)
    }

    /// The part that is held or taken.
    fn standing(self) -> u64 {
        self.held + self.net()
    }

    /// Payments that were given back in full are equal however that was done.
    fn equals(self, other: Self) -> bool {
        let is_over = self.net() == 0;
        self.held == other.held && self.net() == other.net() && (is_over || self.captured == other.captured)
    }
}

/// Whether a row says that it is this payment.
fn names(row: &Row, payment: &Transaction) -> bool {
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
        let id = payment.id.to_string();
        let is_it = |body: &serde_json::Value| body["data"]["paymentmethod_meta"]["custom_reference"] == id;
        self.mall.fake.ledger().iter().any(|sent| sent.body.as_ref().is_some_and(is_it))
    }
}

/// Something that others do, which may be to the row of a payment.
type ActOn = fn(String) -> StoreAct;

const REFUND_PART: ActOn = |row| StoreAct::Refund(row, Some(1_000));
const REFUND: ActOn = |row| StoreAct::Refund(row, None);
const STAFFS: [ActOn; 4] = [REFUND_PART, REFUND, StoreAct::Capture, StoreAct::CancelTransaction];

/// The fates of a request that changes the store.
const FAULTS: &str = r#"["cut_before", "cut_after", "not_json", {"too_many_requests": null},
    {"gateway_timeout": 1}, {"late_timeout": 180000}, {"late_cut": 6000000},
    {"refused_after": 400}, {"refused_after": 422}]"#;

/// One order, and what others did to it.
struct Story<'a> {
    history: History<'a>,
    random: StdRng,
    /// Payments by the manual gateway there that are not Tollgate's.
    strangers: Vec<String>,
    /// Whether it is canceled, as far as that was judged.
    is_cancelled: bool,
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
        let kinds: Vec<FaultKind> = serde_json::from_str(FAULTS).unwrap();
        let kind = self.pick(&kinds);
        self.notes((endpoint, &kind));
        self.history.mall.fake.fault(Fault::once(endpoint, kind));
    }

    /// An act of Tollgate's, on this payment unless it is a new one.
    async fn acts(&mut self, act: Act, payment: Option<Uuid>) {
        let Some(mut intent) = self.history.intent_on(act, payment) else { return };
        if let (Action::Pay(pay), Authorize(_), true) =
            (&mut intent.action, act, self.random.random_ratio(1, 4))
        {
            pay.capture = CaptureAt::At(self.history.mall.clock.now() + SignedDuration::from_hours(1)).into();
        }
        let done = Box::pin(self.history.performs(&intent)).await;
        self.notes((act, payment, done.map(|_| ())));
    }

    async fn pays(&mut self) {
        let amount = self.pick(&[1_000, 4_000, 6_000, TOTAL]);
        if self.random.random_ratio(1, 3) {
            self.fails_once(Endpoint::Payments);
        }
        let till = self.history.till.clone();
        *till.declines.lock().unwrap() = self.random.random_ratio(1, 8);
        if self.random.random_ratio(1, 8) {
            let elsewhere = Meanwhile::PaidElsewhere(self.pick(&[1_000, 4_000, TOTAL]));
            self.notes(&elsewhere);
            let (fake, order) = (self.history.mall.fake.clone(), self.history.key.order.to_string());
            *till.meanwhile.lock().unwrap() = Some((fake, order, elsewhere));
        }
        let act = self.pick(&[Authorize(amount), Purchase(amount)]);
        self.acts(act, None).await;
        (*till.meanwhile.lock().unwrap(), *till.declines.lock().unwrap()) = (None, false);
        if self.random.random_ratio(1, 6) {
            self.stranger_pays();
        }
    }

    /// Something that others do in the store.
    fn act_there(&mut self, act: StoreAct) -> Option<String> {
        self.judges_cancellation();
        let done = self.history.mall.fake.act(self.history.key.order.as_str(), act.clone());
        self.is_cancelled = self.history.ledger_there().status == OrderStatus::Cancelled;
        self.notes((act, done.is_some()));
        done
    }

    fn staff_acts(&mut self) {
        let Some((_, Some(row))) = self.one() else { return };
        let act = self.pick(&STAFFS);
        self.act_there(act(row));
    }

    /// The same act there and here, in either order.
    async fn acts_with_staff(&mut self) {
        let Some((payment, Some(row))) = self.one() else { return };
        let is_held = !payment.capturable().is_zero();
        let refunds: (Act, ActOn) = self.pick(&[(Refund, REFUND), (RefundPart(1_000), REFUND_PART)]);
        let (act, there) = if is_held { (Capture, StoreAct::Capture as ActOn) } else { refunds };
        for is_here in self.pick(&[[true, false], [false, true]]) {
            if is_here {
                self.acts(act, Some(payment.id)).await;
            } else {
                self.act_there(there(row.clone()));
            }
            self.passes().await;
        }
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
        let rows = self.history.ledger_there().transactions;
        let other = rows.into_iter().rfind(|row| row.gateway != "manual" && self.random.random_ratio(2, 3));
        let pay = StoreAct::Pay(Method::Purchase, self.pick(&[1_000, 4_000, TOTAL]), None);
        self.act_there(other.map_or(pay, |row| StoreAct::Refund(row.id, None)));
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
        let payment = self.one().map(|(payment, _)| payment.id);
        let endpoint = self.pick(&[Endpoint::Capture, Endpoint::Refund]);
        let is_one_row = self.history.mall.fake.settings().rows == Rows::Mutated;
        match (self.random.random_range(0..24), payment, self.strangers.first().cloned()) {
            (0..=4, ..) => self.pays().await,
            (5 | 6, ..) => self.acts(Capture, payment).await,
            (7, ..) => self.acts(CapturePart(500), payment).await,
            (8, ..) => self.acts(Refund, payment).await,
            (9 | 10, ..) => self.acts(RefundPart(1_000), payment).await,
            (11, ..) => self.acts(Void, payment).await,
            (12 | 13, Some(payment), _) => {
                self.notes(("again", payment));
                self.history.records_again(payment).await;
            }
            (14..=16, ..) => self.acts_with_staff().await,
            (17 | 18, ..) => self.staff_acts(),
            (19, ..) => self.stranger_pays(),
            (20 | 21, ..) => self.pays_elsewhere(),
            (22, ..) => {
                self.act_there(if self.is_cancelled { StoreAct::Uncancel } else { StoreAct::Cancel });
            }
            // Rows of steps do not say whose they are.
            (_, _, Some(row)) if is_one_row && self.random.random() => {
                self.act_there(StoreAct::Refund(row, None));
            }
            _ => self.fails_once(endpoint),
        }
        self.passes().await;
        self.judges_cancellation();
    }

    /// Tollgate may cancel an order only if nobody else ever paid it. A late read may not say so,
    /// and a row that is like the one that was sent can be taken for it.
    fn judges_cancellation(&mut self) {
        let (there, settings) = (self.history.ledger_there(), self.history.mall.fake.settings());
        let order = self.history.order();
        let of_order = |order: &Order, id: &str| {
            order.transactions.iter().any(|one| order.at_shop(one).and_then(|one| one.id) == Some(id))
        };
        let is_told = |row: &Row| order.as_ref().is_some_and(|order| of_order(order, &row.id));
        let is_own =
            |row: &Row| row.gateway == "manual" && (is_told(row) || !self.strangers.contains(&row.id));
        let is_new = there.status == OrderStatus::Cancelled && !self.is_cancelled;
        let is_current = settings.order_lag_s + settings.rows_lag_s == 0;
        if is_new && is_current && !there.transactions.iter().all(is_own) {
            self.complaints.push("canceled by Tollgate, and others have paid it".to_owned());
        }
        self.is_cancelled = there.status == OrderStatus::Cancelled;
    }

    /// The verdict, in complaints.
    fn judges(&mut self) {
        let (there, order) = (self.history.ledger_there(), self.history.order());
        let mut others: Vec<_> = there.transactions.iter().filter(|row| row.gateway == "manual").collect();
        let payments = order.as_ref().map_or(&[][..], |order| &order.transactions);
        let own = |payment| (payment, self.own(order.as_ref().unwrap(), payment, &others));
        let own: Vec<_> = payments.iter().map(own).collect();
        others.retain(|row| own.iter().all(|(_, own)| own.is_none_or(|own| own.id != row.id)));
        let (mut found, paid) = (Vec::new(), there.paid - there.refunded);
        let (mut listed, mut is_there) = (Vec::new(), false);
        for (payment, own) in own {
            let order = order.as_ref().unwrap();
            let order_is = (others.iter().any(|row| names(row, payment)), paid + there.authorized > TOTAL);
            found.extend(self.complaint(order, payment, own, order_is));
            let is_lapsed = payment.word(self.history.mall.clock.now()) == PaymentWord::Lapsed;
            found.extend(is_lapsed.then(|| "lapsed, and not voided".to_owned()));
            listed.extend(self.history.is_listed(order, payment).then_some(payment));
            is_there |= own.is_some_and(|row| Sums::there(row).net() > 0);
        }
        let foreign: u64 = others.iter().map(|row| Sums::there(row).standing()).sum();
        if paid > TOTAL + foreign && is_there && listed.is_empty() {
            found.push(format!("overpaid by {}, and not listed", paid - TOTAL));
        }
        // A further row with a payment's id may be told as that payment's second.
        let is_told = |row: &Row| listed.iter().any(|payment| names(row, payment));
        let has_foreign = others.iter().any(|row| Sums::there(row).standing() > 0 && !is_told(row));
        let is_cancelled = there.status == OrderStatus::Cancelled;
        let was_known = order.as_ref().is_some_and(|order| order.cancelled_at.is_some());
        match order.as_ref().and_then(|order| order.foreign) {
            None if has_foreign && !is_cancelled && !was_known => {
                found.push(format!("foreign, and not noted: {others:?}"));
            }
            Some(_) if foreign == 0 || is_cancelled => found.push("noted, and nothing is foreign".to_owned()),
            _ => {}
        }
        if is_cancelled && !was_known && !payments.is_empty() {
            found.push("canceled, and not on record".to_owned());
        }
        self.complaints.extend(found);
    }

    /// The row of a payment: the one on record here, if it can be, or else the one that was sent.
    fn own<'r>(&self, order: &Order, payment: &Transaction, rows: &[&'r Row]) -> Option<&'r Row> {
        let told = order.at_shop(payment).and_then(|at_shop| at_shop.id);
        let is_sent = self.history.was_sent(payment);
        let mut sent = rows.iter().copied().filter(|row| is_sent && names(row, payment));
        let known = sent.clone().find(|row| Some(row.id.as_str()) == told);
        known.or_else(|| sent.find(|row| !self.strangers.contains(&row.id)))
    }

    /// The verdict about one payment: its row there, whether it is there twice, and whether its
    /// order is overpaid.
    fn complaint(
        &self,
        order: &Order,
        payment: &Transaction,
        own: Option<&Row>,
        (is_twice, is_overpaid): (bool, bool),
    ) -> Option<String> {
        let (here, mut there) = (Sums::here(payment), own.map(Sums::there).unwrap_or_default());
        if order.cancelled_at.is_some() {
            // A canceled order holds nothing, also after somebody has opened it again.
            there.held = 0;
        }
        let (stands, amount) = (here.standing() > 0, payment.amount().minor());
        let (lacks, is_cancelled) = (own.is_none() && stands, order.cancelled_at.is_some() && stands);
        let (is_more_taken, is_more_back) = (there.captured > here.captured, there.back > here.back);
        let is_released = own.is_some_and(|row| row.status == TransactionStatus::Cancelled);
        let right: BTreeSet<&str> = [
            ("order_cancelled", is_cancelled),
            ("overpaid_there", is_overpaid),
            ("recorded_twice", is_twice),
            ("refunded_there", stands && (is_more_back || is_released)),
            ("captured_there", is_more_taken && (there.net() > here.net() || here.captured > 0)),
            ("voided", !stands && there.held > 0),
            ("partly_captured", here.captured > 0 && here.captured < amount),
            ("partly_refunded", here.back > there.back && here.net() > 0),
            ("not_answered", lacks || here.back > there.back || here.captured > there.captured),
            ("other_amount", lacks || is_more_back),
            ("refused", lacks || here.net() < there.net() || here.captured > there.captured),
        ]
        .into_iter()
        .filter_map(|(word, holds)| holds.then_some(word))
        .collect();
        let (said, is_listed) = (reason(order, payment), self.history.is_listed(order, payment));
        let state = order.at_shop(payment).map(|at_shop| at_shop.state);
        let told = format!("{said:?} ({state:?}): here {here:?}, there {there:?}, of {amount}");
        if !here.equals(there) || is_cancelled || lacks {
            let wrong = if is_listed { "but" } else { "and not listed, but" };
            return (!is_listed || !right.contains(said)).then(|| format!("{right:?}, {wrong} {told}"));
        }
        let is_told = state == Some(AtShopState::Told) || (state.is_none() && !stands);
        let is_of_others = ["overpaid_there", "recorded_twice"].contains(&said) && right.contains(said);
        ((!is_told || is_listed) && !is_of_others).then(|| format!("equal, but {told}"))
    }
}

/// The settings of which two are drawn, besides lags.
const DRAWN: &str = "balance_excess rows_listed rows manual_partial_refund paid_after_refund \
                     payment_after_full_refund cancel_frees_authorized overpay \
                     pay_when_settled balance_member transaction_type_key mixed_payment_word";

fn settings(random: &mut StdRng) -> Settings {
    let all = Settings::variations();
    let drawn: Vec<_> = all.iter().filter(|(name, _)| DRAWN.contains(name)).map(|(_, one)| one).collect();
    let mut settings = both(drawn.choose(random).unwrap(), drawn.choose(random).unwrap());
    if random.random_ratio(3, 4) {
        settings.refund_needs_paid = RefundNeedsPaid::Off;
    }
    let lag_s = *[5, 60].choose(random).unwrap();
    match random.random_range(0..6) {
        0 => settings.order_lag_s = lag_s,
        1 => settings.rows_lag_s = lag_s,
        2 => settings.list_lag_s = lag_s,
        3 => settings = settings.late(lag_s),
        _ => {}
    }
    settings
}

/// The gateway's books are the stored orders', and no order has more than its total.
fn check_money(stories: &[Story<'_>]) {
    let accounts = stories[0].history.till.accounts.lock().unwrap();
    let mut count = 0;
    for Story { history, log, .. } in stories {
        let mut sum = 0;
        for payment in &history.order().map(|order| order.transactions).unwrap_or_default() {
            let Some(reference) = payment.reference() else { continue };
            let (account, here) = (accounts[reference], Sums::here(payment));
            let books = (account.held, account.taken - account.refunded);
            assert_eq!(books, (here.held, here.net()), "{log:#?}: {payment:#?}");
            (count, sum) = (count + 1, sum + here.standing());
        }
        assert!(sum <= TOTAL, "{sum}: {log:#?}");
    }
    assert_eq!(count, accounts.len(), "each payment at the gateway is on record");
}

/// The orders and the steps of a history.
const ORDERS: usize = 3;
const STEPS: usize = 24;

/// A history of some orders of a store: the reasons that were told, and the complaints.
async fn live(seed: u64) -> (String, Vec<String>) {
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
        let (strangers, is_cancelled, log, complaints) = Default::default();
        stories.push(Story { history, random, strangers, is_cancelled, log, complaints });
    }
    for _ in 0..STEPS {
        Box::pin(stories[random.random_range(0..ORDERS)].step()).await;
    }
    mall.fake.forget_faults();
    let back = || first.till.accounts.lock().unwrap().values().map(|one| one.refunded).sum::<u64>();
    let before = back();
    for seconds in [[301; 12], [3_600; 12], [7_200; 12], [301; 12]].concat() {
        mall.passes(SignedDuration::from_secs(seconds));
        first.captures_due().await;
        first.reconciles().await;
    }
    assert_eq!(back(), before, "no refund follows from a read");
    check_money(&stories);
    let (mut told, mut complaints) = (String::new(), Vec::new());
    for story in &mut stories {
        story.judges();
        told += &reasons(&story.history);
        let life = format!("seed {seed}: {:?}, {:#?}", mall.fake.settings(), story.log);
        complaints.extend(story.complaints.iter().map(|one| format!("{one}\n{life}")));
    }
    (told, complaints)
}

/// The histories of the usual sample; `SIMULATION=whole` takes more.
const SEEDS: u64 = 160;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_difference_between_three_ledgers_is_told_with_its_reason_and_nothing_equal_is_listed() {
    let is_whole = std::env::var("SIMULATION").is_ok_and(|asked| asked == "whole");
    let (mut all_told, mut complaints) = (String::new(), Vec::new());
    for first in (0..if is_whole { 20 * SEEDS } else { SEEDS }).step_by(8) {
        let lives: JoinSet<_> = (first..first + 8).map(live).collect();
        for (told, found) in lives.join_all().await {
            all_told += &told;
            complaints.extend(found);
        }
    }
    let heads: Vec<&str> = complaints.iter().filter_map(|one| one.lines().next()).collect();
    assert!(complaints.is_empty(), "{}\n{heads:#?}", complaints[0]);
    for reason in "refunded_there captured_there overpaid_there foreign order_cancelled voided".split(' ') {
        assert!(all_told.contains(reason), "{reason} is in no history");
    }
}

/// Differences that others make.
const DIFFERENCES: [(&str, ActOn); 6] = [
    ("refunded in part", REFUND_PART),
    ("refunded", REFUND),
    ("captured", StoreAct::Capture),
    ("foreign", |_| StoreAct::Pay(Method::ManualPurchase, 1_000, None)),
    ("canceled", |_| StoreAct::Cancel),
    ("overpaid", |_| StoreAct::Pay(Method::Purchase, TOTAL, None)),
];

/// The record after each of these and one way of reading: by the poll, by a look after a lost
/// response, before a payment, after a refusal, and while another payment is recorded again. The
/// second and the last read no order. A read before a payment shows sums only, here less refunds,
/// and most of them refuse the payment, which then writes nothing.
const DOORS: [(&str, &str); 5] = [
    ("poll", "refunded_there refunded_there captured_there foreign order_cancelled overpaid_there"),
    ("look", "refunded_there refunded_there captured_there foreign - overpaid_there"),
    ("payment", "refunded_there - - - - -"),
    ("refusal", "refunded_there refunded_there captured_there foreign order_cancelled overpaid_there"),
    ("again", "refunded_there refunded_there captured_there foreign - overpaid_there"),
];

/// The reasons on record after one difference and one way of reading. The payment is authorized
/// where it is captured there, and otherwise purchased.
async fn record_after(door: &str, difference: &str, act: ActOn) -> String {
    let mall = if door == "poll" { Mall::with(&[]) } else { Mall::open() };
    mall.fake.change(|settings| settings.refund_needs_paid = RefundNeedsPaid::Off);
    let history = mall.place(TOTAL);
    let order = history.key.order.as_str();
    if door == "payment" {
        mall.fake.change(|settings| settings.paid_after_refund = PaidAfterRefund::NetReopened);
    }
    if door == "look" {
        mall.fake.fault(Fault::once(Endpoint::Payments, FaultKind::CutAfter));
    }
    history.acts(if difference == "captured" { Authorize(4_000) } else { Purchase(4_000) }).await;
    let act = act(mall.fake.order(order).unwrap().transactions[0].id.clone());
    let other = || history.order().unwrap().transactions[1].id;
    if door == "again" {
        history.acts(Purchase(6_000)).await;
        mall.fake.change(|settings| settings.manual_partial_refund = ManualPartialRefund::Error);
        history.performs(&history.intent_on(RefundPart(1_000), Some(other())).unwrap()).await.unwrap();
        mall.fake.change(|settings| settings.manual_partial_refund = ManualPartialRefund::Recorded);
        assert_eq!(reasons(&history), "partly_refunded");
        mall.passes(SignedDuration::from_mins(5));
    }
    if door == "refusal" {
        mall.fake.enable_manual(false);
        let meanwhile = (mall.fake.clone(), order.to_owned(), Meanwhile::Acts(act));
        *history.till.meanwhile.lock().unwrap() = Some(meanwhile);
    } else {
        mall.fake.act(order, act).unwrap();
    }
    mall.passes(SignedDuration::from_secs(if door == "payment" { 121 } else { 0 }));
    let place = mall.fake.ledger().len();
    match door {
        "again" => history.records_again(other()).await,
        "payment" | "refusal" => history.acts(Purchase(1_000)).await,
        _ => {
            mall.passes(SignedDuration::from_secs(if door == "poll" { 301 } else { 61 }));
            history.reconciles().await;
        }
    }
    if door == "payment" {
        let calls: Vec<_> = mall.fake.ledger().split_off(place).into_iter().map(|one| one.method).collect();
        assert!(["GET", "GET POST"].contains(&&*calls.join(" ")), "a further call: {calls:?}");
    }
    reasons(&history)
}

/// All that is on record of an order's differences, or a dash.
fn reasons(history: &History<'_>) -> String {
    let Some(order) = history.order() else { return "-".to_owned() };
    let of_payments = order.transactions.iter().map(|one| reason(&order, one));
    let mut all: BTreeSet<&str> = of_payments.chain(order.foreign.map(|_| "foreign")).collect();
    all.remove("");
    if all.is_empty() { "-".to_owned() } else { all.into_iter().collect::<Vec<_>>().join(" ") }
}

#[tokio::test]
async fn each_way_of_reading_puts_each_difference_on_record_that_it_shows() {
    let mut wrong = Vec::new();
    for (door, row) in DOORS {
        for ((difference, act), expected) in DIFFERENCES.into_iter().zip(row.split(' ')) {
            let record = Box::pin(record_after(door, difference, act)).await;
            if record != expected {
                wrong.push(format!("{door}, {difference}: {record}, not {expected}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

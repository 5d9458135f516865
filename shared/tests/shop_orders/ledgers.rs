//! Whatever staff, strangers and other gateways do in a store, each difference is told on the payment
//! that it concerns, and nothing else is.
//!
//! The verdict is arithmetic on three ledgers: the store's rows, the gateway's till, and the stored
//! order. It asks no rule of the product.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use elastic_path_fake::{
    CancelFreesAuthorized, CancelManual, Endpoint, Fault, FaultKind, ManualPartialRefund, Method,
    OrderStatus, PaidAfterRefund, RefundNeedsPaid, Rows, RowsListed, Settings, Snapshot, StoreAct,
    TransactionRow, TransactionStatus, TransactionType,
};
use jiff::SignedDuration;
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};
use tollgate_core::{
    order::{Action, AtShopState, CaptureAt, Kind, Order, PaymentKind, Target, Transaction},
    payments::Deadline,
    values::Clock as _,
};
use uuid::Uuid;

use super::{
    TOTAL,
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
    fn net(self) -> u64 {
        self.captured.saturating_sub(self.back)
    }

    /// Payments that were given back in full are equal however that was done.
    fn equals(self, other: Self) -> bool {
        let is_over = self.net() == 0;
        self.held == other.held && self.net() == other.net() && (is_over || self.captured == other.captured)
    }
}

/// Whether a row is the first of its payment, also if it has changed since.
fn begins(row: &TransactionRow, rows: Rows) -> bool {
    let is_first = matches!(row.transaction_type, TransactionType::Purchase | TransactionType::Authorize);
    rows == Rows::Mutated || is_first
}

/// The payment that these rows are.
fn shown(own: &[&TransactionRow], rows: Rows) -> Sums {
    let stands = |row: &&&TransactionRow| row.status == TransactionStatus::Complete;
    let of = |kind| own.iter().filter(stands).filter(move |row| row.transaction_type == kind);
    let sum = |kind| of(kind).map(|row| row.amount).sum::<u64>();
    let (captured, refunds) =
        (sum(TransactionType::Purchase) + sum(TransactionType::Capture), sum(TransactionType::Refund));
    let held = sum(TransactionType::Authorize);
    if rows == Rows::Mutated {
        let back = own.iter().map(|row| row.refunded_amount).sum();
        return Sums { held, captured: captured + refunds, back };
    }
    Sums { held: if captured > 0 { 0 } else { held }, captured, back: refunds }
}

/// One order, and what others did to it.
struct Story<'a> {
    history: History<'a>,
    random: StdRng,
    /// Rows of the manual gateway that are not Tollgate's.
    strangers: BTreeSet<String>,
    log: Vec<String>,
    /// Complaints about its steps.
    wrong: Vec<String>,
}

impl Story<'_> {
    fn pick<T: Clone>(&mut self, all: &[T]) -> T {
        all.choose(&mut self.random).unwrap().clone()
    }

    fn there(&self) -> Snapshot {
        self.history.mall.fake.order(self.history.key.order.as_str()).unwrap()
    }

    fn payments(&self) -> Vec<Transaction> {
        self.history.order().map(|order| order.transactions).unwrap_or_default()
    }

    fn notes(&mut self, what: impl std::fmt::Debug) {
        self.log.push(format!("{what:?}"));
    }

    /// Something that others do in the store.
    fn store_acts(&mut self, act: StoreAct) -> Option<String> {
        let done = self.history.mall.fake.act(self.history.key.order.as_str(), act.clone());
        self.notes((act, done.is_some()));
        done
    }

    fn fails_once(&mut self) {
        let minutes = |minutes: u64| minutes * 60_000;
        let kind = self.pick(&[
            FaultKind::CutBefore,
            FaultKind::CutAfter,
            FaultKind::GatewayTimeout(1),
            FaultKind::LateTimeout(minutes(3)),
            FaultKind::LateCut(minutes(100)),
            FaultKind::RefusedAfter(400),
            FaultKind::RefusedAfter(422),
            FaultKind::TooManyRequests(None),
            FaultKind::NotJson,
        ]);
        let endpoint = self.pick(&[Endpoint::Payments, Endpoint::Capture, Endpoint::Refund]);
        self.notes((endpoint, &kind));
        self.history.mall.fake.fault(Fault::once(endpoint, kind));
    }

    /// An act of Tollgate's on this payment.
    async fn acts(&mut self, act: Act, payment: Option<Uuid>) {
        let Some(mut intent) = self.history.intent(act) else { return };
        match (&mut intent.action, payment) {
            (
                Action::Capture { target, .. } | Action::Refund { target, .. } | Action::Void { target, .. },
                Some(payment),
            ) => *target = Target::Transaction(payment),
            (Action::Pay(pay), _) if matches!(act, Authorize(_)) && self.random.random_ratio(1, 4) => {
                let due = self.history.mall.clock.now() + SignedDuration::from_hours(1);
                pay.capture = CaptureAt::At(due).into();
            }
            _ => {}
        }
        let done = Box::pin(self.history.performs(&intent)).await.map(|_| ());
        self.notes((act, done.map_err(|error| format!("{error:?}").chars().take(60).collect::<String>())));
    }

    async fn pays(&mut self) {
        let amount = self.pick(&[1_000, 4_000, 6_000, TOTAL]);
        *self.history.till.declines.lock().unwrap() = self.random.random_ratio(1, 8);
        let meanwhile = self.random.random_ratio(1, 8).then(|| self.pick(&[1_000, 4_000, TOTAL]));
        let of_order = |amount| {
            let (fake, order) = (self.history.mall.fake.clone(), self.history.key.order.to_string());
            (fake, order, Meanwhile::PaidElsewhere(amount))
        };
        *self.history.till.meanwhile.lock().unwrap() = meanwhile.map(of_order);
        if self.random.random_ratio(1, 3) {
            self.fails_once();
        }
        let act = self.pick(&[Authorize(amount), Purchase(amount)]);
        self.notes(("meanwhile", meanwhile));
        self.acts(act, None).await;
        *self.history.till.meanwhile.lock().unwrap() = None;
        *self.history.till.declines.lock().unwrap() = false;
    }

    /// One of the payments, and its row there.
    fn one(&mut self) -> Option<(Transaction, Option<String>)> {
        let order = self.history.order()?;
        let payment = order.transactions.choose(&mut self.random)?;
        let row = order.at_shop(payment).and_then(|at_shop| at_shop.id.map(str::to_owned));
        Some((payment.clone(), row))
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
        let is_here_first = self.random.random();
        if is_here_first {
            self.acts(act, Some(payment.id)).await;
        } else {
            self.store_acts(there.clone());
        }
        self.passes().await;
        if is_here_first {
            self.store_acts(there);
        } else {
            self.acts(act, Some(payment.id)).await;
        }
    }

    fn staff_acts(&mut self) {
        let Some((_, Some(row))) = self.one() else { return };
        let act = self.pick(&[
            StoreAct::Capture(row.clone()),
            StoreAct::Refund(row.clone(), None),
            StoreAct::Refund(row.clone(), Some(1_000)),
            StoreAct::CancelTransaction(row),
        ]);
        self.store_acts(act);
    }

    /// Somebody writes a row with the id of a payment, whatever became of it.
    fn stranger_pays(&mut self) {
        let (mut method, mut amount, mut reference) = (Method::ManualPurchase, 1_000, None);
        if let Some((payment, _)) = self.one() {
            let is_same: (bool, bool) = (self.random.random(), self.random.random());
            amount = if is_same.0 { payment.amount().minor() } else { amount };
            let is_held = (payment.kind == PaymentKind::Authorize) == is_same.1;
            method = if is_held { Method::ManualAuthorize } else { method };
            reference = Some(payment.id.to_string()).filter(|_| self.random.random_ratio(4, 5));
        }
        let row = self.store_acts(StoreAct::Pay(method, amount, reference));
        self.strangers.extend(row);
    }

    fn other_gateway(&mut self) {
        let others = self.there().transactions.into_iter().filter(|row| row.gateway != "manual");
        let last = others.last().filter(|_| self.random.random_ratio(2, 3));
        let amount = self.pick(&[1_000, 4_000, TOTAL]);
        let pay = StoreAct::Pay(Method::Purchase, amount, None);
        self.store_acts(last.map_or(pay, |row| StoreAct::Refund(row.id, None)));
    }

    /// A stranger's payment is given back. Rows of steps do not say whose they are.
    fn stranger_is_refunded(&mut self) {
        if self.history.mall.fake.settings().rows == Rows::Mutated
            && let Some(row) = self.strangers.iter().next().cloned()
        {
            self.store_acts(StoreAct::Refund(row, None));
        }
    }

    async fn records_again(&mut self) {
        let Some((payment, _)) = self.one() else { return };
        self.history.records_again(payment.id).await;
        self.notes("record it again");
    }

    async fn passes(&mut self) {
        let seconds = self.pick(&[0, 1, 6, 61, 301, 4_000]);
        self.history.mall.passes(SignedDuration::from_secs(seconds));
        let runs = self.random.random_range(0..3);
        if runs > 0 {
            self.history.captures_due().await;
            self.history.reconciles().await;
        }
        self.notes((seconds, runs > 0));
    }

    async fn step(&mut self) {
        let before = self.there().status;
        let payment = self.one().map(|(payment, _)| payment.id);
        let act = self.random.random_range(0..24);
        match act {
            0..=4 => self.pays().await,
            5 | 6 => self.acts(Capture, payment).await,
            7 => self.acts(CapturePart(500), payment).await,
            8 => self.acts(Refund, payment).await,
            9 | 10 => self.acts(RefundPart(1_000), payment).await,
            11 => self.acts(Void, payment).await,
            12 | 13 => self.records_again().await,
            14..=16 => self.acts_with_staff().await,
            17 | 18 => self.staff_acts(),
            19 => {
                let is_cancelled = before == OrderStatus::Cancelled;
                self.store_acts(if is_cancelled { StoreAct::Uncancel } else { StoreAct::Cancel });
            }
            20 => self.stranger_pays(),
            21 => self.other_gateway(),
            22 => self.stranger_is_refunded(),
            _ => self.fails_once(),
        }
        self.passes().await;
        if act != 19 && before != OrderStatus::Cancelled {
            self.judges_cancellation();
        }
    }

    /// Tollgate may cancel an order only if nobody else ever paid it. A late read may not say so.
    fn judges_cancellation(&mut self) {
        let (there, settings) = (self.there(), self.history.mall.fake.settings());
        let is_own = |row: &TransactionRow| row.gateway == "manual" && !self.strangers.contains(&row.id);
        let is_current = settings.order_lag_s + settings.rows_lag_s == 0;
        let is_cancelled = there.status == OrderStatus::Cancelled;
        if is_cancelled && is_current && !there.transactions.iter().all(is_own) {
            self.wrong.push("canceled by Tollgate, and others have paid it".to_owned());
        }
    }
}

impl Story<'_> {
    /// The sums of a payment on record here.
    fn here(payment: &Transaction) -> Sums {
        let held = payment.capturable().minor();
        Sums { held, captured: payment.captured().minor(), back: payment.refunded().minor() }
    }

    /// Whether the store was sent a request that begins the payment.
    fn was_sent(&self, payment: &Transaction) -> bool {
        let path = format!("/v2/orders/{}/payments", self.history.key.order);
        let id = payment.id.to_string();
        let is_it = |body: &serde_json::Value| body["data"]["paymentmethod_meta"]["custom_reference"] == id;
        let ledger = self.history.mall.fake.ledger();
        ledger.iter().filter(|sent| sent.path == path).any(|sent| sent.body.as_ref().is_some_and(is_it))
    }

    /// The verdict, as complaints; none where everything is right.
    fn complaints(&self) -> Vec<String> {
        let (there, rows) = (self.there(), self.history.mall.fake.settings().rows);
        let order = self.history.order();
        let payments = order.as_ref().map_or(&[][..], |order| &order.transactions);
        let manual: Vec<&TransactionRow> =
            there.transactions.iter().filter(|row| row.gateway == "manual").collect();
        let mut complaints = Vec::new();
        // The first rows that are no payment's own.
        let mut others: BTreeMap<&str, &TransactionRow> =
            manual.iter().filter(|row| begins(row, rows)).map(|row| (row.id.as_str(), *row)).collect();
        let mut verdicts = Vec::new();
        for payment in payments {
            let own = self.own(order.as_ref().unwrap(), payment, &manual, rows);
            others.retain(|id, _| own.iter().all(|row| row.id != *id));
            verdicts.push((payment, own));
        }
        let stands = |row: &TransactionRow| {
            row.status == TransactionStatus::Complete && row.refunded_amount < row.amount
        };
        let foreign: u64 = others.values().filter(|row| stands(row)).map(|row| row.amount).sum();
        let context = Context {
            order: order.as_ref(),
            rows,
            foreign,
            paid: there.paid.saturating_sub(there.refunded),
            authorized: there.authorized,
        };
        let mut is_told_of_order = false;
        for (payment, own) in &verdicts {
            let complaint = self.complaint(&context, payment, own, &others);
            complaints.extend(complaint);
            is_told_of_order |= self.history.is_listed(order.as_ref().unwrap(), payment);
        }
        let is_there = |(_, own): &(&Transaction, Vec<&TransactionRow>)| shown(own, rows).net() > 0;
        if context.paid > TOTAL + foreign && verdicts.iter().any(is_there) && !is_told_of_order {
            complaints.push("overpaid, and not listed".to_owned());
        }
        let is_noted = order.as_ref().is_some_and(|order| order.foreign.is_some());
        let is_cancelled = there.status == OrderStatus::Cancelled;
        // A further row with a payment's id may be told as that payment's second.
        let twice = others.values().filter(|row| {
            payments.iter().any(|one| {
                row.custom_reference == Some(one.id.to_string())
                    && reason(order.as_ref(), one) == "recorded_twice"
            })
        });
        let has_foreign = others.values().filter(|row| stands(row)).count() > twice.count();
        let was_known = order.as_ref().is_some_and(|order| order.cancelled_at.is_some());
        if has_foreign && !is_noted && !is_cancelled && !was_known {
            complaints.push(format!("foreign, and not noted: {:?}", others.values()));
        }
        if is_noted && (foreign == 0 || is_cancelled) && rows == Rows::Mutated {
            complaints.push("foreign is noted, and nothing is".to_owned());
        }
        if is_cancelled && !payments.is_empty() && !was_known {
            complaints.push("canceled, and not on record".to_owned());
        }
        complaints
    }

    /// The rows of a payment: the first one is the row that Tollgate has on record, if it can be the
    /// payment's, or else the one that Tollgate made.
    fn own<'r>(
        &self,
        order: &Order,
        payment: &Transaction,
        manual: &[&'r TransactionRow],
        rows: Rows,
    ) -> Vec<&'r TransactionRow> {
        let id = payment.id.to_string();
        let named: Vec<&TransactionRow> =
            manual.iter().copied().filter(|row| row.custom_reference.as_ref() == Some(&id)).collect();
        let told = order.at_shop(payment).and_then(|at_shop| at_shop.id);
        let amount = payment.amount().minor();
        let can_be =
            |row: &&&TransactionRow| begins(row, rows) && row.amount == amount && self.was_sent(payment);
        let first = named.iter().filter(can_be).find(|row| Some(row.id.as_str()) == told);
        let made = || named.iter().filter(can_be).find(|row| !self.strangers.contains(&row.id));
        let Some(first) = first.or_else(made).copied() else { return Vec::new() };
        let steps = named.into_iter().filter(|row| !begins(row, rows));
        std::iter::once(first).chain(steps).collect()
    }

    /// The verdict about one payment.
    fn complaint(
        &self,
        context: &Context<'_>,
        payment: &Transaction,
        own: &[&TransactionRow],
        others: &BTreeMap<&str, &TransactionRow>,
    ) -> Option<String> {
        let order = context.order?;
        let (here, mut there) = (Self::here(payment), shown(own, context.rows));
        if order.cancelled_at.is_some() {
            // A canceled order holds nothing, also after somebody has opened it again.
            there.held = 0;
        }
        let is_listed = self.history.is_listed(order, payment);
        let state = order.at_shop(payment).map(|at_shop| at_shop.state);
        let said = reason(context.order, payment);
        let told = format!(
            "{said} {state:?}, here {here:?}, there {there:?}, {} of {:?}, order paid {}",
            own.len(),
            payment.amount().minor(),
            context.paid
        );
        let stands = here.held > 0 || here.net() > 0;
        let is_cancelled = order.cancelled_at.is_some() && stands;
        let id = payment.id.to_string();
        let further = others.values().filter(|row| row.custom_reference.as_ref() == Some(&id)).count();
        let is_overpaid = context.paid + context.authorized > TOTAL;
        let lacks = own.is_empty() && stands;
        let is_equal = here.equals(there) && !is_cancelled && !lacks;
        let was_captured = self.history.was_captured(payment);
        let right: Vec<&str> = [
            ("order_cancelled", is_cancelled),
            ("overpaid_there", is_overpaid),
            ("recorded_twice", further > 0),
            ("refunded_there", stands && !lacks && (there.back > here.back || there == Sums::default())),
            ("captured_there", there.captured > here.captured && there.net() > 0 && !was_captured),
            ("captured_there", there.captured > here.captured && here.captured > 0),
            ("voided", !stands && there.held > 0),
            ("partly_captured", here.captured > 0 && here.captured < payment.amount().minor()),
            ("partly_refunded", here.back > there.back && here.net() > 0),
            ("not_answered", lacks || here.back > there.back || here.captured > there.captured),
            ("other_amount", lacks || there.back > here.back),
            ("refused", lacks || here.net() < there.net() || here.captured > there.captured),
        ]
        .into_iter()
        .filter_map(|(word, holds)| holds.then_some(word))
        .collect();
        if is_equal {
            let may_be = ["overpaid_there", "recorded_twice"];
            let is_right = may_be.contains(&said) && right.contains(&said);
            let is_settled = matches!(state, None | Some(AtShopState::Told));
            let is_told = state == Some(AtShopState::Told) || own.is_empty();
            return match (is_right, is_listed || !is_settled) {
                (true, _) => None,
                (false, true) => Some(format!("equal, and listed as {told}")),
                (false, false) => (!is_told).then(|| format!("equal, and not told: {told}")),
            };
        }
        if !is_listed {
            return Some(format!("{}, and not listed: {told}", right.first().unwrap_or(&"differs")));
        }
        (!right.contains(&said)).then(|| format!("wrong reason, not {right:?}: {told}"))
    }
}

/// What is known of the order in the verdict about a payment.
struct Context<'a> {
    order: Option<&'a Order>,
    rows: Rows,
    /// The sum of the rows that are no payment's own.
    foreign: u64,
    /// The sum that is paid there, by anyone, less refunds.
    paid: u64,
    authorized: u64,
}

/// The reason on record, `refused`, or nothing.
fn reason(order: Option<&Order>, payment: &Transaction) -> &'static str {
    let Some(at_shop) = order.and_then(|order| order.at_shop(payment)) else { return "" };
    let is_refused = at_shop.state == AtShopState::Refused;
    at_shop.difference.map_or(if is_refused { "refused" } else { "" }, |difference| difference.as_str())
}

impl History<'_> {
    async fn records_again(&self, payment: Uuid) {
        let deadline = Deadline::after(Duration::from_secs(29));
        let merchant = &self.mall.merchant;
        self.payments.confirm_and_record(merchant, &self.key, payment, deadline).await.unwrap();
    }

    /// Whether the gateway captured it for Tollgate.
    fn was_captured(&self, payment: &Transaction) -> bool {
        let done = self.till.follow_ups.lock().unwrap();
        done.iter().any(|one| one.kind == Kind::Capture && Some(&*one.account) == payment.reference())
    }
}

/// A store in which some settings are not the usual ones, with its merchant's rules.
fn mall(random: &mut StdRng) -> Mall {
    let mut is_rare = |one_in: u32| random.random_ratio(1, one_in);
    let mall =
        Mall::with(if is_rare(3) { &["partial_capture", "cancel_voided"] } else { &["partial_capture"] });
    let lag_s = if is_rare(2) { 5 } else { 60 };
    let mut settings = Settings { cancel_manual: CancelManual::Done, ..Settings::default() };
    if is_rare(5) {
        settings.balance_excess = 1_000;
    }
    if is_rare(5) {
        settings.rows_listed = RowsListed::Twice;
    }
    if is_rare(5) {
        settings.rows = Rows::NewRow;
    }
    if !is_rare(4) {
        settings.refund_needs_paid = RefundNeedsPaid::Off;
    }
    if is_rare(5) {
        settings.manual_partial_refund = ManualPartialRefund::Error;
    }
    if is_rare(5) {
        settings.cancel_frees_authorized = CancelFreesAuthorized::Unpaid;
    }
    let of_refunds = [PaidAfterRefund::Gross, PaidAfterRefund::Net, PaidAfterRefund::NetReopened];
    settings.paid_after_refund = *of_refunds.choose(random).unwrap();
    match random.random_range(0..6) {
        0 => settings.order_lag_s = lag_s,
        1 => settings.rows_lag_s = lag_s,
        2 => settings.list_lag_s = lag_s,
        _ => {}
    }
    mall.fake.set(settings);
    mall
}

/// The sum that the gateway holds or has taken of each payment, and the sum that it gave back.
fn books(stories: &[Story<'_>]) -> BTreeMap<String, (u64, u64)> {
    let accounts = stories[0].history.till.accounts.lock().unwrap();
    accounts.iter().map(|(id, one)| (id.clone(), (one.held + one.taken, one.refunded))).collect()
}

/// The gateway's books are the stored orders', and no order has more than its total.
fn check_money(stories: &[Story<'_>]) {
    let accounts = stories[0].history.till.accounts.lock().unwrap();
    let mut found = 0;
    for story in stories {
        let mut sum = 0;
        for payment in &story.payments() {
            assert!(payment.pending().is_none(), "{payment:#?}");
            let Some(reference) = payment.reference() else { continue };
            let (account, here) = (accounts[reference], Story::here(payment));
            assert_eq!(
                (account.held, account.taken - account.refunded),
                (here.held, here.net()),
                "{:#?}: {payment:#?}",
                story.log
            );
            (found, sum) = (found + 1, sum + here.held + here.net());
        }
        assert!(sum <= TOTAL, "{sum}: {:#?}", story.log);
    }
    assert_eq!(found, accounts.len(), "each payment at the gateway is on record");
}

/// The orders of a history.
const ORDERS: usize = 3;

/// The steps of a history.
const STEPS: usize = 24;

/// A history of some orders of a store, and the complaints about them.
async fn live(seed: u64) -> Vec<String> {
    let mut random = StdRng::seed_from_u64(seed);
    let mall = mall(&mut random);
    // The changes of a store are read from its merchant's first payment on.
    let first = mall.place(1);
    first.acts(Purchase(1)).await;
    first.till.accounts.lock().unwrap().clear();
    let story = |place: usize| Story {
        history: first.another(TOTAL),
        random: StdRng::seed_from_u64(1_000 * seed + u64::try_from(place).unwrap()),
        strangers: BTreeSet::new(),
        log: Vec::new(),
        wrong: Vec::new(),
    };
    let mut stories: Vec<Story<'_>> = (0..ORDERS).map(story).collect();
    for _ in 0..STEPS {
        let story = &mut stories[random.random_range(0..ORDERS)];
        Box::pin(story.step()).await;
    }
    mall.fake.forget_faults();
    let before = books(&stories);
    for seconds in [[301; 12], [3_600; 12], [7_200; 12], [301; 12]].concat() {
        mall.passes(SignedDuration::from_secs(seconds));
        first.captures_due().await;
        first.reconciles().await;
    }
    for (id, (sum, back)) in books(&stories) {
        assert!(before[&id].0 >= sum && before[&id].1 == back, "{:#?}", before[&id]);
    }
    check_money(&stories);
    let complaints = stories.iter().flat_map(|story| {
        let settings = mall.fake.settings();
        story.complaints().into_iter().chain(story.wrong.clone()).map(move |one| {
            let (there, order) = (story.there(), story.history.order());
            format!(
                "{one}\n    seed {seed}, {settings:?}\n    {:#?}\n    {there:#?}\n    {order:#?}",
                story.log
            )
        })
    });
    complaints.collect()
}

/// The histories of the usual sample; `SIMULATION=whole` takes more.
const SEEDS: u64 = 60;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_difference_between_three_ledgers_is_told_with_its_reason_and_nothing_equal_is_listed() {
    let is_whole = std::env::var("SIMULATION").is_ok_and(|asked| asked == "whole");
    let mut lives = tokio::task::JoinSet::new();
    let mut complaints = Vec::new();
    for seed in 0..if is_whole { 20 * SEEDS } else { SEEDS } {
        lives.spawn(live(seed));
        if lives.len() >= 4 {
            complaints.extend(lives.join_next().await.unwrap().unwrap());
        }
    }
    while let Some(found) = lives.join_next().await {
        complaints.extend(found.unwrap());
    }
    let heads: Vec<&str> = complaints.iter().filter_map(|one| one.lines().next()).collect();
    assert!(complaints.is_empty(), "{}\n{heads:#?}", complaints[0]);
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

/// A difference that others make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Difference {
    PartRefunded,
    Refunded,
    Captured,
    Foreign,
    Cancelled,
    Overpaid,
}

const DIFFERENCES: [Difference; 6] = [
    Difference::PartRefunded,
    Difference::Refunded,
    Difference::Captured,
    Difference::Foreign,
    Difference::Cancelled,
    Difference::Overpaid,
];

/// The record after each way of reading, for each of the differences above. The one payment is
/// authorized where it is captured there, and otherwise purchased. A read before a payment shows
/// sums only, and most of them refuse the payment, which then writes nothing.
#[rustfmt::skip]
const DOORS: [(Door, [&str; 6]); 5] = [
    (Door::Poll,
        ["refunded_there", "refunded_there", "captured_there", "foreign", "order_cancelled", "overpaid_there"]),
    (Door::Look,
        ["refunded_there", "refunded_there", "captured_there", "foreign", "-|order_cancelled", "overpaid_there"]),
    (Door::BeforePayment,
        ["-", "-|refunded_there", "-|captured_there", "-", "-|order_cancelled", "-|overpaid_there"]),
    (Door::AfterRefusal,
        ["refunded_there", "refunded_there", "captured_there", "foreign", "order_cancelled", "overpaid_there"]),
    (Door::Again,
        ["refunded_there", "refunded_there", "captured_there", "foreign", "-|order_cancelled", "overpaid_there"]),
];

/// The record of an order after one difference and one way of reading.
async fn record_after(door: Door, difference: Difference) -> String {
    let mall = if door == Door::Poll { Mall::with(&[]) } else { Mall::open() };
    mall.fake.change(|settings| settings.refund_needs_paid = RefundNeedsPaid::Off);
    let history = mall.place(TOTAL);
    let order = history.key.order.as_str();
    if door == Door::Look {
        mall.fake.fault(Fault::once(Endpoint::Payments, FaultKind::CutAfter));
    }
    let is_held = difference == Difference::Captured;
    history.acts(if is_held { Authorize(4_000) } else { Purchase(4_000) }).await;
    let row = mall.fake.order(order).unwrap().transactions[0].id.clone();
    if door == Door::Again {
        history.acts(Purchase(6_000)).await;
        mall.fake.change(|settings| settings.manual_partial_refund = ManualPartialRefund::Error);
        let mut part = history.intent(RefundPart(1_000)).unwrap();
        let Action::Refund { target, .. } = &mut part.action else { unreachable!() };
        *target = Target::Transaction(history.order().unwrap().transactions[1].id);
        history.performs(&part).await.unwrap();
        mall.fake.change(|settings| settings.manual_partial_refund = ManualPartialRefund::Recorded);
        assert_eq!(words(&history), "partly_refunded");
    }
    // The reads before a payment are of the sums of now.
    mall.passes(SignedDuration::from_mins(if door == Door::Look { 0 } else { 3 }));
    let act = match difference {
        Difference::PartRefunded => StoreAct::Refund(row, Some(1_000)),
        Difference::Refunded => StoreAct::Refund(row, None),
        Difference::Captured => StoreAct::Capture(row),
        Difference::Foreign => StoreAct::Pay(Method::ManualPurchase, 1_000, None),
        Difference::Cancelled => StoreAct::Cancel,
        Difference::Overpaid => StoreAct::Pay(Method::Purchase, TOTAL, None),
    };
    if door == Door::AfterRefusal {
        mall.fake.enable_manual(false);
        let meanwhile = (mall.fake.clone(), order.to_owned(), Meanwhile::Acts(act));
        *history.till.meanwhile.lock().unwrap() = Some(meanwhile);
    } else {
        mall.fake.act(order, act).unwrap();
    }
    let place = mall.fake.ledger().len();
    match door {
        Door::Poll => {
            mall.passes(SignedDuration::from_secs(301));
            history.reconciles().await;
        }
        Door::Look => {
            mall.passes(SignedDuration::from_secs(61));
            history.reconciles().await;
        }
        Door::BeforePayment | Door::AfterRefusal => history.acts(Purchase(1_000)).await,
        Door::Again => history.records_again(history.order().unwrap().transactions[1].id).await,
    }
    if door == Door::BeforePayment {
        let sent: Vec<String> =
            mall.fake.ledger().split_off(place).into_iter().map(|one| one.method).collect();
        assert!(["GET", "GET POST"].contains(&&*sent.join(" ")), "a further call: {sent:?}");
    }
    words(&history)
}

/// All that is on record of an order's differences.
fn words(history: &History<'_>) -> String {
    let order = history.order().unwrap();
    let mut words: BTreeSet<&str> = order.transactions.iter().map(|one| reason(Some(&order), one)).collect();
    words.remove("");
    words.extend(order.foreign.map(|_| "foreign"));
    if words.is_empty() { "-".to_owned() } else { words.into_iter().collect::<Vec<_>>().join(" ") }
}

#[tokio::test]
async fn each_way_of_reading_puts_each_difference_on_record_that_it_shows() {
    let mut wrong = Vec::new();
    for (door, row) in DOORS {
        for (difference, expected) in DIFFERENCES.into_iter().zip(row) {
            let record = Box::pin(record_after(door, difference)).await;
            if !expected.split('|').any(|one| one == record) {
                wrong.push(format!("{door:?} {difference:?}: {record}, not {expected}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

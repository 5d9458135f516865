//! Payments that a shop refuses, and orders that are canceled there: nobody is charged for nothing,
//! and nothing is taken back that was sold.
//!
//! The verdicts are read off the gateway's till, the fake shop and the list of concerns.

use std::{collections::BTreeSet, time::Duration};

use elastic_path_fake::{Endpoint, Fault, FaultKind, NewOrder, OrderStatus, Settings};
use jiff::SignedDuration;
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};
use tollgate_core::{
    journal::{Concern, concerns},
    order::{
        Action, AtShopState, CaptureAmount, CaptureAt, Intent, Kind, MerchantId, Order, RecordingTask,
        ShopDifference, Transaction, TransactionStatus,
    },
    payments::{
        CaptureRequest, CaptureSettings, CaptureSources, Deadline, Initiator, PaymentSource, Refusal, Stop,
        StoreError, Switch, capture_due,
    },
    values::{Amount, Clock as _},
};

use super::{
    TOTAL,
    recording::{
        Act::{self, Authorize, Capture, CapturePart, Purchase, RefundPart, Void},
        History, Known, Mall, Meanwhile,
    },
};

/// Payments are never stopped here.
struct NoStop;

#[async_trait::async_trait]
impl Switch for NoStop {
    async fn stop(&self, _: &MerchantId) -> Result<Stop, StoreError> {
        Ok(Stop::None)
    }

    async fn all_stopped(&self) -> Result<bool, StoreError> {
        Ok(false)
    }
}

impl History<'_> {
    pub(crate) async fn performs(&self, intent: &Intent) -> Result<Order, Refusal> {
        let (account, profile) = ("1".to_owned(), "2".to_owned());
        let source = PaymentSource::Profile { account, profile, initiator: Initiator::Customer };
        let deadline = Deadline::after(Duration::from_secs(29));
        let merchant = &self.mall.merchant;
        let performed = self.payments.perform(merchant, &self.key, intent, Some(&source), deadline).await;
        performed.map(|performed| performed.order)
    }

    pub(crate) async fn captures_due(&self) {
        let merchants = Known(self.mall.merchant.clone());
        let sources = CaptureSources { merchants: &merchants, switch: &NoStop };
        let settings = CaptureSettings { shards: 1, concurrency: 4 };
        let deadline = Deadline::after(Duration::from_mins(10));
        capture_due(&self.payments, sources, CaptureRequest::default(), settings, deadline).await;
    }

    fn status_there(&self) -> OrderStatus {
        self.mall.fake.order(self.key.order.as_str()).unwrap().status
    }

    /// The sum that the gateway holds or has taken, less what it gave back.
    fn charged(&self) -> u64 {
        let accounts = self.till.accounts.lock().unwrap();
        accounts.values().map(|account| account.held + account.taken - account.refunded).sum()
    }

    fn cancels_there(&self) {
        assert!(self.mall.fake.cancel(self.key.order.as_str()));
    }
}

/// The reasons for which a shop refuses a payment after the card was charged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Why {
    NoStock,
    NoGateway,
    Cancelled,
    PaidElsewhere,
}

/// Lets the shop refuse the next payment of a new order.
fn place_refused(mall: &Mall, why: Why) -> History<'_> {
    let new = NewOrder { insufficient_stock: why == Why::NoStock, ..NewOrder::of(TOTAL) };
    let history = mall.place_order(new);
    let meanwhile = match why {
        Why::NoStock | Why::NoGateway => None,
        Why::Cancelled => Some(Meanwhile::Cancelled),
        Why::PaidElsewhere => Some(Meanwhile::PaidElsewhere(1)),
    };
    let of_order = |one| (mall.fake.clone(), history.key.order.to_string(), one);
    *history.till.meanwhile.lock().unwrap() = meanwhile.map(of_order);
    mall.fake.enable_manual(why != Why::NoGateway);
    history
}

const REASONS: [(Why, &str); 4] = [
    (Why::NoStock, "order_refused"),
    (Why::NoGateway, "order_refused"),
    (Why::Cancelled, "order_closed"),
    (Why::PaidElsewhere, "overpaid"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_that_a_shop_refuses_is_released_by_the_request_that_made_it() {
    let mall = Mall::with(&["partial_capture"]);
    let mut released = 0;
    for (name, settings) in Settings::variations() {
        mall.fake.set(settings.clone());
        for ((why, code), act) in
            REASONS.into_iter().flat_map(|row| [(row, Authorize(TOTAL)), (row, Purchase(TOTAL))])
        {
            mall.passes(SignedDuration::from_secs(120));
            let history = place_refused(&mall, why);
            let place = mall.fake.ledger().len();
            let intent = history.intent(act).unwrap();
            let order = history.performs(&intent).await.unwrap();
            let sent = mall.fake.ledger().split_off(place);
            let posted = sent.iter().find(|sent| sent.path.ends_with("/payments")).unwrap();
            if !matches!(posted.status, Some(400 | 422)) {
                continue;
            }
            let told = format!("{name} {settings:?} {why:?} {act:?}: {:#?}", order.transactions);
            let [payment] = &order.transactions[..] else { panic!("{told}") };
            // A shop that does not say why leaves it to a person.
            let is_read = sent.iter().all(|one| one.number <= posted.number || one.status == Some(200));
            if !is_read {
                assert!(history.is_listed(&order, payment), "{told}");
                continue;
            }
            assert_eq!(history.charged(), 0, "{told}");
            assert_eq!(payment.status(), TransactionStatus::Failed, "{told}");
            let said = payment.decline().unwrap().code.as_str();
            // A stale answer says less.
            assert!(said == code || (settings.order_lag_s > 0 && said == "order_refused"), "{said}: {told}");
            assert_eq!(payment.decline().unwrap().advice().as_str(), "do_not_retry");
            assert!(concerns(&order, payment, mall.clock.now()).is_empty(), "{told}");
            let looks =
                matches!(order.recording_task(), Some((_, RecordingTask::Look(id))) if id == payment.id);
            assert!(looks, "it may be there all the same: {told}");
            let again = history.performs(&intent).await.unwrap();
            assert_eq!(again.transactions.len(), 1, "the repetition hears the same: {told}");
            released += 1;
        }
        mall.fake.enable_manual(true);
    }
    assert!(released > 300, "{released}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_while_a_refused_payment_is_released_leaves_it_released_or_listed() {
    let mall = Mall::with(&["partial_capture"]);
    let (mut crashes, mut kept) = (0, 0);
    for (why, _) in REASONS {
        for effect in 0..12 {
            for is_after in [false, true] {
                let history = place_refused(&mall, why);
                history.death.at(effect, is_after);
                history.acts(Purchase(TOTAL)).await;
                history.death.at(-1, false);
                history.settles(SignedDuration::from_hours(24 * 6)).await;
                mall.fake.enable_manual(true);
                let Some(order) = history.order() else { continue };
                crashes += 1;
                let listed = order.transactions.iter().filter(|one| history.is_listed(&order, one)).count();
                let there = mall.fake.order(history.key.order.as_str()).unwrap();
                let is_recorded = there.transactions.iter().any(|row| row.custom_reference.is_some());
                let charged = history.charged();
                assert!(charged == 0 || listed == 1 || is_recorded, "{why:?}, {effect}: {order:#?}");
                kept += u64::from(charged > 0);
            }
        }
    }
    assert!(crashes > 80 && kept > 0, "{crashes}, {kept}");
}

/// The sale was answered as complete by then.
#[tokio::test]
async fn a_refusal_that_is_found_later_takes_no_sale_back() {
    let mall = Mall::with(&["partial_capture"]);
    let history = mall.place_order(NewOrder { insufficient_stock: true, ..NewOrder::of(TOTAL) });
    mall.fake.fault(Fault::once(Endpoint::Payments, FaultKind::TooManyRequests(None)));
    history.acts(Purchase(TOTAL)).await;
    history.settles(SignedDuration::from_hours(24)).await;
    let order = history.order().unwrap();
    assert_eq!(history.charged(), TOTAL);
    assert_eq!(order.at_shop(&order.transactions[0]).unwrap().state, AtShopState::Refused);
    assert!(history.is_listed(&order, &order.transactions[0]));
}

/// A payment whose authorization somebody captured before the shop's refusal was known.
#[tokio::test]
async fn a_set_up_that_the_shop_refuses_is_no_refusal_of_the_payment() {
    let mall = Mall::with(&["partial_capture"]);
    for kind in [FaultKind::RevokedToken, FaultKind::TooManyRequests(None), FaultKind::Conflict] {
        let history = mall.place(TOTAL);
        mall.fake.fault(Fault { times: 2, ..Fault::once(Endpoint::Payments, kind) });
        history.acts(Authorize(TOTAL)).await;
        assert_eq!(history.charged(), TOTAL);
        history.settles(SignedDuration::from_hours(24)).await;
        let order = history.order().unwrap();
        assert_eq!(order.at_shop(&order.transactions[0]).unwrap().state, AtShopState::Told);
        mall.fake.forget_faults();
    }
}

#[tokio::test]
async fn what_a_shop_cannot_show_is_refused_at_every_door_unless_it_is_accepted() {
    for (rules, is_refused) in [(&[][..], true), (&["partial_capture"][..], false)] {
        let mall = Mall::with(rules);
        let history = mall.place(TOTAL);
        let mut scheduled = history.intent(Authorize(TOTAL)).unwrap();
        let Action::Pay(pay) = &mut scheduled.action else { unreachable!() };
        let part = Amount::new(3_000).unwrap();
        pay.capture = CaptureAt::At(mall.clock.now() + SignedDuration::from_hours(1)).into();
        pay.capture.amount = Some(CaptureAmount::Part(part));
        let refused = history.performs(&scheduled).await.is_err();
        assert_eq!(refused, is_refused, "capture_amount");
        history.acts(Authorize(TOTAL)).await;
        history.acts(CapturePart(3_000)).await;
        let taken: u64 = history.till.accounts.lock().unwrap().values().map(|account| account.taken).sum();
        assert_eq!(taken == 0, is_refused, "a capture");
        if is_refused {
            history.acts(Capture).await;
            assert_eq!(history.till.accounts.lock().unwrap().values().next().unwrap().taken, TOTAL);
        }
    }
}

#[tokio::test]
async fn an_order_is_canceled_there_once_its_last_authorization_is_voided_if_the_merchant_wants_that() {
    for kind in [None, Some(FaultKind::CutBefore), Some(FaultKind::CutAfter), Some(FaultKind::NotJson)] {
        for (rules, is_wanted) in [(&[][..], false), (&["cancel_voided"][..], true)] {
            let mall = Mall::with(rules);
            let history = mall.place(TOTAL);
            history.acts(Authorize(4_000)).await;
            history.acts(Authorize(6_000)).await;
            history.acts(Void).await;
            history.settles(SignedDuration::from_hours(24)).await;
            let order = history.order().unwrap();
            assert_ne!(history.status_there(), OrderStatus::Cancelled, "another payment stands");
            assert!(history.is_listed(&order, &order.transactions[0]));
            if let Some(kind) = &kind {
                mall.fake.fault(Fault::once(Endpoint::Order, kind.clone()));
            }
            history.acts(Act::VoidSecond).await;
            history.settles(SignedDuration::from_hours(24)).await;
            let order = history.order().unwrap();
            assert_eq!(history.status_there() == OrderStatus::Cancelled, is_wanted, "{kind:?}");
            let listed = order.transactions.iter().filter(|one| history.is_listed(&order, one)).count();
            assert_eq!(listed, if is_wanted { 0 } else { 2 }, "{order:#?}");
            mall.fake.forget_faults();
            // Nothing more is paid of it.
            history.acts(Purchase(1_000)).await;
            assert_eq!(history.charged(), 0);
        }
    }
}

/// Everything about one order that is canceled at any moment, over eight days.
struct Life<'a> {
    history: History<'a>,
    random: StdRng,
    is_down: bool,
    /// Accounts that somebody captured or voided.
    by_hand: BTreeSet<String>,
    /// Follow-ups that were judged.
    judged: usize,
}

impl Life<'_> {
    async fn acts(&mut self, act: Act) {
        let is_cancelled = self.is_known();
        let before = self.history.till.accounts.lock().unwrap().len();
        let follow_ups = self.history.till.follow_ups.lock().unwrap().len();
        if let Authorize(_) = act {
            self.authorizes(act).await;
        } else {
            self.history.acts(act).await;
        }
        let done = self.history.till.follow_ups.lock().unwrap()[follow_ups..].to_vec();
        // The void of a payment that the shop refused follows from a rule.
        let is_by_hand = matches!(act, Capture | Void);
        self.by_hand.extend(done.iter().filter(|_| is_by_hand).map(|one| one.account.clone()));
        if is_cancelled {
            let payments = self.history.till.accounts.lock().unwrap().len();
            assert_eq!(payments, before, "a payment of a canceled order is begun");
            assert!(done.iter().all(|one| one.kind != Kind::Capture), "a capture is begun: {done:?}");
        }
        if is_by_hand {
            self.judged = self.history.till.follow_ups.lock().unwrap().len();
        } else {
            self.judge(is_cancelled, matches!(act, Authorize(_) | Purchase(_)));
        }
    }

    /// An authorization that is captured by hand, soon, or on the last day of its hold.
    async fn authorizes(&mut self, act: Act) {
        let Some(mut intent) = self.history.intent(act) else { return };
        let now = self.history.mall.clock.now();
        let hours = *[0, 2, 30, 6 * 24 + 20].choose(&mut self.random).unwrap();
        if let (Action::Pay(pay), true) = (&mut intent.action, hours > 0) {
            pay.capture = CaptureAt::At(now + SignedDuration::from_hours(hours)).into();
        }
        if self.random.random_ratio(1, 4) {
            self.history.death.at(self.random.random_range(1..5), self.random.random());
        }
        // Refused ones are a part of a life.
        let _ = self.history.death.of(Box::pin(self.history.performs(&intent))).await;
        self.history.death.at(-1, false);
    }

    /// Whether the cancellation is on record.
    fn is_known(&self) -> bool {
        self.history.order().is_some_and(|order| order.cancelled_at.is_some())
    }

    /// The verdict about the captures and voids since the last one. Whether the cancellation was
    /// on record before them, and whether they are a request's.
    fn judge(&mut self, was_known: bool, is_request: bool) {
        let all = self.history.till.follow_ups.lock().unwrap().clone();
        for done in &all[self.judged..] {
            if done.kind == Kind::Capture {
                assert!(!was_known, "a capture after the cancellation: {done:?}");
                continue;
            }
            let is_cancelled = self.history.status_there() == OrderStatus::Cancelled;
            assert!(is_cancelled || is_request, "voided, and not canceled: {done:?}");
            assert!(!self.by_hand.contains(&done.account), "captured by hand: {done:?}");
        }
        self.judged = all.len();
    }

    async fn runs_schedules(&mut self) {
        let was_known = self.is_known();
        self.history.captures_due().await;
        self.judge(was_known, false);
        self.history.reconciles().await;
        self.judge(self.is_known(), false);
    }

    fn goes_down(&mut self, is_down: bool) {
        let fake = &self.history.mall.fake;
        fake.forget_faults();
        if is_down {
            fake.fault(Fault { times: u32::MAX, ..Fault::once(Endpoint::Any, FaultKind::CutBefore) });
        }
        self.is_down = is_down;
    }

    /// No due capture of an order that nobody canceled lapses.
    fn none_has_lapsed(&self) {
        let Some(order) = self.history.order() else { return };
        let now = self.history.mall.clock.now();
        for payment in &order.transactions {
            let ended = payment.authorization_expires_at.is_some_and(|ends| ends < now);
            if !ended || payment.capture.is_none() || self.history.status_there() == OrderStatus::Cancelled {
                continue;
            }
            let Some(reference) = payment.reference() else { continue };
            let account = self.history.till.accounts.lock().unwrap()[reference];
            assert_eq!(account.held, 0, "it lapsed: {payment:#?}");
        }
    }

    /// A canceled order holds nothing, and whatever was taken is listed.
    fn ends(&self) -> usize {
        let Some(order) = self.history.order() else { return 0 };
        if self.history.status_there() != OrderStatus::Cancelled {
            return 0;
        }
        let mut taken = 0;
        for payment in &order.transactions {
            let Some(reference) = payment.reference() else { continue };
            let account = self.history.till.accounts.lock().unwrap()[reference];
            assert_eq!(account.held, 0, "it is still held: {payment:#?}");
            if account.taken > account.refunded {
                let why = order.at_shop(payment).and_then(|there| there.difference);
                assert_eq!(why, Some(ShopDifference::OrderCancelled), "{payment:#?}");
                assert!(self.is_listed(&order, payment));
                taken += 1;
            }
        }
        taken
    }

    fn is_listed(&self, order: &Order, payment: &Transaction) -> bool {
        concerns(order, payment, self.history.mall.clock.now()).contains(&Concern::ShopDiffers)
    }
}

/// The effects of some lives.
#[derive(Clone, Copy, Debug, Default)]
struct Effects {
    cancelled: usize,
    /// Listed payments that were captured by hand.
    taken: usize,
    voided: usize,
    captured: usize,
}

/// Eight days of an order, with the schedules every twenty minutes.
async fn live(seed: u64, settings: Settings) -> Effects {
    let mall = Mall::with(&[]);
    mall.fake.set(settings);
    let mut life = Life {
        history: mall.place(TOTAL),
        random: StdRng::seed_from_u64(seed),
        is_down: false,
        by_hand: BTreeSet::new(),
        judged: 0,
    };
    let mut effects = Effects::default();
    let cancels_at = life.random.random_range(0..260);
    for step in 0..192 {
        match life.random.random_range(0..40) {
            0..3 => {
                let amount = *[3_000, 7_000, TOTAL].choose(&mut life.random).unwrap();
                life.acts(Authorize(amount)).await;
            }
            3 => life.acts(Purchase(3_000)).await,
            4 => life.acts(Capture).await,
            5 => life.acts(RefundPart(1_000)).await,
            6 if step % 4 == 0 => life.acts(Void).await,
            7 => life.goes_down(true),
            8..10 => life.goes_down(false),
            _ => {}
        }
        if step == cancels_at {
            life.history.cancels_there();
            effects.cancelled += 1;
        }
        life.runs_schedules().await;
        life.none_has_lapsed();
        mall.passes(SignedDuration::from_mins(if life.random.random_ratio(1, 8) { 240 } else { 20 }));
    }
    life.goes_down(false);
    for _ in 0..12 {
        mall.passes(SignedDuration::from_mins(6));
        life.runs_schedules().await;
    }
    effects.taken = life.ends();
    let follow_ups = life.history.till.follow_ups.lock().unwrap();
    let of = |kind: Kind| follow_ups.iter().filter(|one| one.kind == kind).count();
    Effects { voided: of(Kind::Void), captured: of(Kind::Capture), ..effects }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whenever_an_order_is_canceled_its_holds_go_and_nothing_else_is_touched() {
    let settings = Settings::variations();
    let mut all = Effects::default();
    let mut lives = tokio::task::JoinSet::new();
    for seed in 0..80 {
        let (name, settings) = settings[usize::try_from(seed).unwrap() % settings.len()].clone();
        lives.spawn(async move {
            println!("{seed}: {name}");
            live(seed, settings).await
        });
        if lives.len() < 8 && seed < 79 {
            continue;
        }
        while let Some(effects) = lives.join_next().await {
            let one = effects.unwrap();
            all.cancelled += one.cancelled;
            all.taken += one.taken;
            all.voided += one.voided;
            all.captured += one.captured;
        }
    }
    assert!(all.cancelled > 30 && all.taken > 5 && all.voided > 20 && all.captured > 30, "{all:?}");
}

/// The shop is silent from before the cancellation until the hold is about to end.
#[tokio::test]
async fn a_capture_waits_for_a_silent_shop_until_its_hold_ends_and_is_undone_if_that_was_wrong() {
    for is_cancelled in [false, true] {
        let mall = Mall::with(&[]);
        let history = mall.place(TOTAL);
        let mut intent = history.intent(Authorize(TOTAL)).unwrap();
        let due = mall.clock.now() + SignedDuration::from_hours(1);
        let Action::Pay(pay) = &mut intent.action else { unreachable!() };
        pay.capture = CaptureAt::At(due).into();
        let order = history.performs(&intent).await.unwrap();
        let ends = order.transactions[0].authorization_expires_at.unwrap();
        if is_cancelled {
            history.cancels_there();
        }
        mall.fake.fault(Fault { times: u32::MAX, ..Fault::once(Endpoint::Any, FaultKind::CutBefore) });
        let taken = || history.till.accounts.lock().unwrap().values().next().unwrap().taken;
        while mall.clock.now() < ends - SignedDuration::from_hours(6) - SignedDuration::from_mins(31) {
            mall.passes(SignedDuration::from_mins(30));
            history.captures_due().await;
            history.reconciles().await;
            assert_eq!(taken(), 0);
            assert_eq!(history.order().unwrap().transactions[0].operations.len(), 1, "no attempt");
        }
        mall.passes(SignedDuration::from_mins(40));
        history.captures_due().await;
        assert_eq!(taken(), TOTAL);
        mall.fake.forget_faults();
        for _ in 0..3 {
            mall.passes(SignedDuration::from_mins(6));
            history.reconciles().await;
        }
        assert_eq!(history.charged(), if is_cancelled { 0 } else { TOTAL });
        let order = history.order().unwrap();
        assert!(concerns(&order, &order.transactions[0], mall.clock.now()).is_empty(), "{order:#?}");
    }
}

/// Of many captures that are due, three ask a silent shop, and the others wait for the next run.
#[tokio::test]
async fn a_silent_shop_is_asked_three_times_in_a_run() {
    let mall = Mall::with(&[]);
    let first = mall.place(TOTAL);
    let others: Vec<_> = (0..6).map(|_| first.another(TOTAL)).collect();
    for history in std::iter::once(&first).chain(&others) {
        let mut intent = history.intent(Authorize(TOTAL)).unwrap();
        let Action::Pay(pay) = &mut intent.action else { unreachable!() };
        pay.capture = CaptureAt::At(mall.clock.now()).into();
        history.performs(&intent).await.unwrap();
    }
    mall.passes(SignedDuration::from_mins(1));
    mall.fake.fault(Fault { times: u32::MAX, ..Fault::once(Endpoint::Order, FaultKind::CutBefore) });
    let asked = |place: usize| mall.fake.ledger()[place..].iter().filter(|sent| sent.method == "GET").count();
    let place = mall.fake.ledger().len();
    first.captures_due().await;
    // Four at a time: those under way when the third failed are asked, too.
    assert!((3..=6).contains(&asked(place)), "{}", asked(place));
    let place = mall.fake.ledger().len();
    first.captures_due().await;
    assert!((1..=4).contains(&asked(place)), "others than those that were put off: {}", asked(place));
    mall.fake.forget_faults();
    for _ in 0..4 {
        mall.passes(SignedDuration::from_mins(3));
        first.captures_due().await;
    }
    assert_eq!(first.charged(), 7 * TOTAL);
    assert!(first.till.accounts.lock().unwrap().values().all(|account| account.taken == TOTAL));
}

/// The list lacks what is a minute old, so the cancellation is not in it, and is older than the
/// reading.
#[tokio::test]
async fn a_cancellation_that_the_list_does_not_show_yet_is_read_the_next_time() {
    let mall = Mall::with(&[]);
    mall.fake.set(Settings::default().late(60));
    let history = mall.place(TOTAL);
    history.acts(Authorize(TOTAL)).await;
    mall.passes(SignedDuration::from_mins(6));
    history.cancels_there();
    // The shop's clock is behind.
    mall.clock.pass(SignedDuration::from_secs(5));
    for expected in [TOTAL, 0] {
        history.reconciles().await;
        assert_eq!(history.charged(), expected);
        mall.passes(SignedDuration::from_mins(5));
    }
}

/// The first order of the first page changes before the second one is read, and all others move up.
#[tokio::test]
async fn an_order_that_changes_while_a_list_is_read_hides_no_other() {
    let mall = Mall::with(&[]);
    let first = mall.place(TOTAL);
    let histories: Vec<_> = (0..60).map(|_| first.another(TOTAL)).collect();
    for history in &histories {
        history.acts(Authorize(TOTAL)).await;
        mall.passes(SignedDuration::from_secs(1));
        history.cancels_there();
    }
    *first.changed.lock().unwrap() = Some(histories[0].key.order.to_string());
    mall.passes(SignedDuration::from_mins(5));
    first.reconciles().await;
    assert_eq!(first.charged(), 0, "nothing of sixty orders is held");
}

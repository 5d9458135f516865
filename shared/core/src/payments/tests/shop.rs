//! Payments of orders whose shop decides what they owe.

use futures_util::FutureExt;

use super::*;
use crate::{
    memory::Log,
    order::{
        Asker, AtShopState, BatchState, CaptureSchedule, Context, DECLINES_PER_ORDER_HOUR, Mechanism,
        NotPossible, PartialCapture, Reauthorize, RowStatus, ShopOrder, ShopReading, ShopStanding,
        ShopTransaction, TellingAnswer,
    },
    payments::{
        ShopFailure,
        reconcile::{ReconcileLimits, ReconcileReport, reconcile},
        recording::{HowFar, TellNow, ToldOrder},
        trail::follow,
    },
    values::{DeclineCode, RefundMax},
};

const OF_SHOP: EachAs = EachAs(|merchant| {
    merchant.policy.orders = OrdersMode::ElasticPath;
    Ok(())
});

/// An order of 100.00 in the shop, and what the shop says about it.
struct Shop {
    fixture: Fixture,
    table: Arc<ShopOrderTable>,
}

fn amount(minor: u64) -> Amount {
    Amount::new(minor).unwrap()
}

fn owing(minor: u64) -> ShopOrder {
    ShopOrder {
        currency: Currency::USD,
        total: amount(10_000),
        owing: amount(minor),
        settled: amount(10_000 - minor),
        standing: ShopStanding::Open,
        is_refunded: false,
        read_at: Timestamp::UNIX_EPOCH,
    }
}

/// A purchase of so much, or of all that is owing.
fn of(minor: Option<u64>, key: Option<&str>) -> Intent {
    let intent = paying(key, |pay| pay.amount = minor.map(amount));
    let essentials = Essentials { amount: minor.map(amount), ..Essentials::new(Kind::Purchase) };
    Intent { fingerprint: Fingerprint::new(&essentials), ..intent }
}

/// An authorization of so much, or of all that is owing.
fn authorizing(minor: Option<u64>) -> Intent {
    let intent = paying(None, |pay| (pay.kind, pay.amount) = (PaymentKind::Authorize, minor.map(amount)));
    Intent { fingerprint: Fingerprint::new(&Essentials::new(Kind::Authorize)), ..intent }
}

impl Shop {
    async fn new() -> Self {
        let mut fixture = Fixture::new().await;
        let table = Arc::new(ShopOrderTable::default());
        fixture.payments.shop_orders = table.clone();
        fixture.merchant.policy.orders = OrdersMode::ElasticPath;
        fixture.key.order = "placed".parse().unwrap();
        let shop = Self { fixture, table };
        shop.says(Ok(owing(10_000)));
        shop
    }

    fn says(&self, answer: Result<ShopOrder, ShopFailure>) {
        self.table.answer(&self.fixture.key.order, answer);
    }

    /// So many orders, each with a payment of 30.00 of which a run has to tell the shop.
    async fn with_untold(orders: usize) -> Self {
        let mut shop = Self::new().await;
        for order in 1..=orders {
            shop.fixture.key.order = order.to_string().parse().unwrap();
            shop.says(Ok(owing(10_000)));
            shop.fixture.perform(&of(Some(3_000), None), Duration::from_secs(11)).await.unwrap();
        }
        shop
    }

    async fn reconcile(&self, merchants: EachAs, left_s: u64) -> ReconcileReport {
        let deadline = Deadline::after(Duration::from_secs(left_s));
        reconcile(&self.fixture.payments, &merchants, ReconcileLimits::default(), deadline).await
    }

    async fn pay(&self, intent: &Intent) -> Result<Performed, Refusal> {
        self.fixture.perform(intent, Duration::from_secs(29)).await
    }

    /// The amount that a payment took.
    async fn takes(&self, minor: Option<u64>) -> u64 {
        let paid = self.pay(&of(minor, None)).await.unwrap();
        paid.order.transaction(paid.at.transaction).unwrap().amount().minor()
    }

    /// A payment of all that is owing, of which a run is to tell the shop.
    async fn untold(&self) -> Order {
        self.fixture.perform(&of(None, None), Duration::from_secs(11)).await.unwrap().order
    }

    /// A run with so much time left.
    async fn run(&self, order: Order, left_s: u64) -> ToldOrder {
        let until = TellNow::until(Deadline::after(Duration::from_secs(left_s)));
        self.fixture.payments.tell_due(&self.fixture.merchant, order, until).await
    }

    /// A run so many minutes from now.
    async fn run_in(&mut self, order: Order, minutes: i64) -> ToldOrder {
        let later = Timestamp::now() + SignedDuration::from_mins(minutes);
        self.fixture.payments.clock = Arc::new(Stopped(later));
        self.run(order, 29).await
    }

    async fn refuses(&self, intent: &Intent) -> Rejection {
        let sent = self.fixture.sent();
        let refused = self.pay(intent).await;
        assert_eq!(self.fixture.sent(), sent, "nothing is sent");
        let Err(Refusal::Rejected(rejection)) = refused else { panic!("{refused:?}") };
        rejection
    }
}

#[tokio::test]
async fn an_order_that_nobody_registered_is_paid_in_parts_and_never_beyond_its_total() {
    let shop = Shop::new().await;
    assert_eq!(shop.takes(Some(4_000)).await, 4_000);
    let part = shop.fixture.stored().await.transactions[0].id;
    assert_eq!(shop.fixture.stored().await.total, Some(amount(10_000)));
    // The shop was told nothing, so it goes on saying that all is owing.
    assert_eq!(shop.refuses(&of(None, None)).await, Rejection::RecordingPending(part));
    assert_eq!(shop.refuses(&of(Some(6_001), None)).await, Rejection::ExceedsOwing(amount(6_000)));
    assert_eq!(shop.takes(Some(6_000)).await, 6_000);
    let latest = shop.fixture.stored().await.transactions[1].id;
    for minor in [None, Some(1)] {
        assert_eq!(shop.refuses(&of(minor, None)).await, Rejection::AlreadyPaid(latest));
    }
    // An order that was registered here has the total of the shop from now on.
    let mut shop = Shop::new().await;
    shop.fixture.key.order = "o".parse().unwrap();
    shop.says(Ok(ShopOrder { currency: Currency::parse("EUR").unwrap(), ..owing(10_000) }));
    assert_eq!(shop.refuses(&of(None, None)).await, Rejection::CurrencyDiffers(Currency::USD));
    shop.says(Ok(owing(10_000)));
    assert_eq!(shop.takes(None).await, 10_000);
}

#[tokio::test(start_paused = true)]
async fn a_request_with_little_time_left_and_one_of_the_schedule_leave_it_to_a_run_to_tell_the_shop() {
    let merchants = Principal::ClientCredentials;
    // The intent, a write meanwhile, the outcome with the step as sent, and the shop's answer.
    for (by, left_s, told, version) in
        [(merchants, 12, 1, 4), (merchants, 11, 0, 3), (Principal::Schedule, 29, 0, 3)]
    {
        let mut shop = Shop::new().await;
        // A step that is on record as sent is sent, however long its write took.
        shop.fixture.changed_while_sent(|_| {
            tokio::time::advance(Duration::from_secs(1)).now_or_never();
        });
        let pays = Intent { by, ..of(None, None) };
        let order = shop.fixture.perform(&pays, Duration::from_secs(left_s)).await.unwrap().order;
        assert_eq!((shop.table.told().len(), order.version), (told, version), "{by:?} {left_s} s");
    }
    // A refund that the gateway has no part in is told, too.
    let shop = Shop::new().await;
    let target = Target::Transaction(shop.pay(&of(None, None)).await.unwrap().at.transaction);
    let refund = Action::Refund { target, amount: None, mechanism: Some(Mechanism::Manual) };
    shop.pay(&follow_up(Kind::Refund, refund)).await.unwrap();
    assert_eq!(shop.table.told().last().unwrap().step, Kind::Refund);
}

#[tokio::test(start_paused = true)]
async fn a_run_tells_of_a_payment_once_and_says_how_far_that_went() {
    let recorded = TellingAnswer::Recorded("there".to_owned());
    for (answer, outcome, expected, told_by_person) in [
        (recorded, "recorded", (HowFar::Done, 1, AtShopState::Told, 2), 0),
        (TellingAnswer::NotArrived, "not_arrived", (HowFar::Unanswered, 0, AtShopState::ToTell, 2), 0),
        // Only the request that made the payment would release it.
        (TellingAnswer::Refused, "refused", (HowFar::Done, 0, AtShopState::Refused, 2), 1),
        // Nothing is written for an answer that says nothing.
        (TellingAnswer::Unknown, "unknown", (HowFar::Unanswered, 0, AtShopState::Sent, 1), 0),
    ] {
        let shop = Shop::new().await;
        let order = shop.untold().await;
        shop.table.answer_next(answer);
        let (log, version) = (Log::here(), order.version);
        let ToldOrder { order, how_far, recorded, .. } = shop.run(order, 29).await;
        let state = order.at_shop(&order.transactions[0]).unwrap().state;
        assert_eq!((how_far, recorded, state, order.version - version), expected, "{outcome}");
        let lines = log.lines("the shop was told");
        assert_eq!(lines.iter().map(|line| &line["outcome"]).collect::<Vec<_>>(), [outcome]);
        assert_eq!(shop.table.told().len(), 1);
        let Fixture { payments, merchant, key, .. } = &shop.fixture;
        let (payment, deadline) = (order.transactions[0].id, Deadline::after(Duration::from_secs(29)));
        let order = payments.confirm_and_record(merchant, key, payment, deadline).await.unwrap();
        assert_eq!(shop.table.told().len(), 1, "{outcome}");
        // A refused step is sent again once a look would show it.
        let mut shop = shop;
        if told_by_person > 0 {
            shop.run_in(order, 3).await;
        }
        assert_eq!(shop.table.told().len(), 1 + told_by_person, "{outcome}");
    }
    // Without time no step is put on record as sent, and where nothing is due no time is needed.
    let shop = Shop::new().await;
    let mut order = shop.untold().await;
    for (left_s, how_far, told) in [(2, HowFar::Stopped, 0), (29, HowFar::Done, 1), (2, HowFar::Done, 1)] {
        let run = shop.run(order, left_s).await;
        assert_eq!((run.how_far, shop.table.told().len()), (how_far, told));
        order = run.order;
    }
}

#[tokio::test(start_paused = true)]
async fn a_step_without_an_answer_is_sent_again_after_an_hour_if_the_order_shows_no_trace_of_it() {
    for (shown, order_then, how_far, told) in [
        (0, Ok(owing(10_000)), HowFar::Done, 2),
        (1, Ok(owing(10_000)), HowFar::Done, 1),
        (0, Err(ShopFailure::Unreadable("html".to_owned())), HowFar::Done, 1),
        (0, Err(ShopFailure::Unavailable("down".to_owned())), HowFar::Unanswered, 1),
    ] {
        let mut shop = Shop::new().await;
        shop.table.answer_next(TellingAnswer::Unknown);
        shop.table.show_own(shown, own);
        let order = shop.pay(&of(None, None)).await.unwrap().order;
        let reads = shop.table.reads();
        let order = shop.run_in(order, 1).await.order;
        assert_eq!(shop.table.reads(), reads, "it would be too early for another request");
        shop.says(order_then);
        let run = shop.run_in(order, 61).await;
        assert_eq!((run.how_far, shop.table.told().len()), (how_far, told));
    }
}

#[tokio::test]
async fn a_look_changes_nothing_after_another_process_has_found_the_step() {
    let mut shop = Shop::new().await;
    shop.table.answer_next(TellingAnswer::Unknown);
    let order = shop.pay(&of(None, None)).await.unwrap().order;
    let (version, step) = (order.version, shop.table.told().remove(0));
    let found = TellingAnswer::Recorded("another".to_owned());
    shop.fixture.meanwhile(move |order| assert!(order.answer_telling(&step, &found, Timestamp::now())));
    assert_eq!(shop.run_in(order, 1).await.order.version, version + 1, "the other one's change");
}

#[tokio::test]
async fn what_others_paid_in_the_shop_is_not_taken_again() {
    let shop = Shop::new().await;
    shop.says(Ok(owing(6_000)));
    assert_eq!(shop.refuses(&of(Some(6_001), None)).await, Rejection::ExceedsOwing(amount(6_000)));
    assert_eq!(shop.takes(None).await, 6_000, "all that is owing");
    // A part of another's leaves room for ours only if ours is in none of the shop's sums.
    let shop = Shop::new().await;
    assert_eq!(shop.takes(Some(3_000)).await, 3_000);
    let ours = shop.fixture.stored().await.transactions[0].id;
    shop.says(Ok(owing(5_000)));
    for minor in [2_001, 5_000] {
        assert_eq!(shop.refuses(&of(Some(minor), None)).await, Rejection::RecordingPending(ours));
    }
    assert_eq!(shop.refuses(&of(Some(5_001), None)).await, Rejection::ExceedsOwing(amount(2_000)));
    assert_eq!(shop.takes(Some(2_000)).await, 2_000);
}

#[tokio::test]
async fn each_order_that_the_shop_takes_no_payment_for_is_refused_by_its_reason() {
    for (standing, reason) in [
        (ShopStanding::Settled, Rejection::PaidAtShop),
        (ShopStanding::Imported, Rejection::ImportedAsPaid),
        (ShopStanding::Cancelled, Rejection::OrderCancelled),
    ] {
        let shop = Shop::new().await;
        shop.says(Ok(ShopOrder { standing, ..owing(10_000) }));
        for minor in [None, Some(100)] {
            assert_eq!(shop.refuses(&of(minor, None)).await, reason);
        }
        assert_eq!(shop.fixture.store.table.reads().orders, 2, "one for each request");
        assert!(shop.fixture.payments.order(&shop.fixture.key).await.is_err(), "nothing is on record");
    }
    let mut shop = Shop::new().await;
    shop.says(Ok(owing(0)));
    assert_eq!(shop.refuses(&of(None, None)).await, Rejection::PaidAtShop);
    let euros = ShopOrder { currency: Currency::parse("EUR").unwrap(), ..owing(10_000) };
    shop.says(Ok(euros));
    assert!(matches!(shop.refuses(&of(None, None)).await, Rejection::CurrencyNotSupported { .. }));
    let stated = Intent { currency: Some(Currency::USD), ..of(None, None) };
    assert!(matches!(shop.refuses(&stated).await, Rejection::CurrencyDiffers(_)));
    shop.fixture.key.order = "made-up".parse().unwrap();
    assert_eq!(shop.refuses(&of(None, None)).await, Rejection::OrderNotFound);
}

#[tokio::test]
async fn a_repetition_is_answered_while_the_shop_is_down_and_nothing_else_is() {
    let shop = Shop::new().await;
    let paid = shop.pay(&of(Some(4_000), Some("k"))).await.unwrap();
    let down = [
        ShopFailure::Unavailable("down".to_owned()),
        ShopFailure::Unreadable("html".to_owned()),
        ShopFailure::TooManyReads(SignedDuration::from_secs(1)),
    ];
    for failure in down {
        shop.says(Err(failure.clone()));
        let reads = shop.table.reads();
        let again = shop.pay(&of(Some(4_000), Some("k"))).await.unwrap();
        assert_eq!((again.at, again.replayed), (paid.at, true));
        assert!(matches!(shop.refuses(&of(Some(5_000), Some("k"))).await, Rejection::KeyReused(_)));
        assert_eq!(shop.table.reads(), reads, "a repetition asks nobody");
        let sent = shop.fixture.sent();
        let other = shop.pay(&of(Some(4_000), Some("other"))).await;
        assert!(matches!(other, Err(Refusal::Shop(why)) if why == failure));
        assert_eq!(shop.fixture.sent(), sent);
    }
    // A payment that did nothing is another attempt, and not a repetition.
    shop.says(Ok(owing(10_000)));
    shop.fixture.gateway_says(not_done(NoEffect::Unreachable));
    shop.pay(&of(Some(5_000), Some("tried"))).await.unwrap();
    shop.says(Ok(owing(2_000)));
    assert_eq!(
        shop.refuses(&of(Some(5_000), Some("tried"))).await,
        Rejection::ExceedsOwing(Amount::ZERO),
        "somebody paid there meanwhile"
    );
}

/// Another process pays a part between the read of the order and its write.
#[tokio::test]
async fn after_a_conflict_the_shop_is_asked_again_and_the_other_payment_counts() {
    let shop = Shop::new().await;
    shop.takes(Some(1_000)).await;
    let table = shop.table.clone();
    let key = shop.fixture.key.order.clone();
    shop.fixture.meanwhile(move |order| {
        let mut other = order.transactions[0].clone();
        other.id = Uuid::new_v4();
        order.transactions.push(other);
        table.answer(&key, Ok(owing(9_500)));
    });
    let reads = shop.table.reads();
    let refused = shop.refuses(&of(Some(8_500), None)).await;
    // 10,000 - 2 * 1,000, and of the answer 9,500 - 2 * 1,000.
    assert!(matches!(refused, Rejection::ExceedsOwing(most) if most == amount(8_000)), "{refused:?}");
    assert_eq!(shop.table.reads(), reads + 2);
    assert!(matches!(shop.refuses(&of(Some(8_000), None)).await, Rejection::RecordingPending(_)));
    assert_eq!(shop.takes(Some(7_500)).await, 7_500);
}

#[tokio::test]
async fn a_shopper_pays_all_that_is_owing_or_nothing() {
    let shop = Shop::new().await;
    shop.says(Ok(owing(6_000)));
    let by_shopper = |minor| Intent { by: Principal::Implicit, ..of(minor, None) };
    assert_eq!(shop.refuses(&by_shopper(Some(5_999))).await, Rejection::NotPayable);
    let paid = shop.pay(&by_shopper(None)).await.unwrap();
    assert_eq!(paid.order.transactions[0].amount(), amount(6_000));
    assert_eq!(shop.refuses(&by_shopper(None)).await, Rejection::NotPayable, "another shopper's payment");
}

#[tokio::test]
async fn what_a_part_of_a_capture_released_is_held_anew_only_if_the_shop_still_owes_it() {
    let mut shop = Shop::new().await;
    let mut authorization = paying(None, |pay| {
        pay.kind = PaymentKind::Authorize;
        pay.card.stored =
            Some(crate::values::StoredCard { profile: "2".to_owned(), account: "1".to_owned() });
    });
    authorization.fingerprint = Fingerprint::new(&Essentials::new(Kind::Authorize));
    let held = shop.pay(&authorization).await.unwrap();
    let target = Target::Transaction(held.at.transaction);
    let part = Action::Capture { target, amount: Some(amount(6_000)), custom_reference: None };
    let part = follow_up(Kind::Capture, part);
    assert_eq!(shop.refuses(&part).await, Rejection::NotRecordable);
    shop.fixture.merchant.policy.shop.partial_capture = PartialCapture::ShownShort;
    shop.pay(&part).await.unwrap();
    let capture = CaptureTerms::default();
    let rest = Reauthorize { target, amount: None, capture, ignores_scheme_advice: false };
    let rest = follow_up(Kind::Authorize, Action::Reauthorize(rest));
    shop.fixture.merchant.policy.shop.partial_capture = PartialCapture::Refused;
    shop.says(Ok(owing(10_000)));
    assert_eq!(shop.refuses(&rest).await, Rejection::NotRecordable);
    shop.fixture.merchant.policy.shop.partial_capture = PartialCapture::ShownShort;
    shop.says(Ok(owing(9_999)));
    assert!(matches!(shop.refuses(&rest).await, Rejection::RecordingPending(_)));
    shop.says(Ok(ShopOrder { standing: ShopStanding::Cancelled, ..owing(10_000) }));
    assert_eq!(shop.refuses(&rest).await, Rejection::OrderCancelled);
    shop.says(Err(ShopFailure::Unavailable("down".to_owned())));
    assert!(matches!(shop.pay(&rest).await, Err(Refusal::Shop(_))));
    shop.says(Ok(owing(10_000)));
    shop.fixture.gateway_says(not_done(NoEffect::Unreachable));
    let before = |order: &Order| {
        order.transactions[1].recording.as_ref().map(|one| [one.settled_before, one.told_before])
    };
    let both = |settled, told| Some([settled, told].map(amount));
    assert_eq!(before(&shop.pay(&rest).await.unwrap().order), both(0, 10_000));
    shop.says(Ok(ShopOrder { settled: amount(10_500), ..owing(10_000) }));
    let again = shop.pay(&rest).await.unwrap();
    assert_eq!(again.order.transactions[1].amount(), amount(4_000));
    assert_eq!(before(&again.order), both(10_500, 10_000), "500 by others beside the first one");
    // Neither a refund nor a void takes anything: no shop is asked.
    let reads = shop.table.reads();
    let void = Action::Void { target: Target::Transaction(again.at.transaction), reopen: true };
    shop.pay(&follow_up(Kind::Void, void)).await.unwrap();
    assert_eq!(shop.table.reads(), reads);
}

#[tokio::test]
async fn an_order_of_a_shop_is_not_registered_here_and_an_amount_that_was_closed_is_not_owing() {
    let shop = Shop::new().await;
    let Fixture { payments, merchant, key, .. } = &shop.fixture;
    let refused = payments.register(merchant, key, Currency::USD, amount(1), None).await;
    assert!(matches!(refused, Err(Refusal::Rejected(Rejection::OrderElsewhere))));
    let paid = shop.pay(&of(Some(3_000), None)).await.unwrap();
    let void = Action::Void { target: Target::Transaction(paid.at.transaction), reopen: false };
    shop.pay(&follow_up(Kind::Void, void)).await.unwrap();
    assert_eq!(shop.takes(None).await, 7_000);
}

/// An answer that nobody asked for is not taken from the order's stored total.
#[tokio::test]
async fn without_an_answer_of_the_shop_nothing_can_be_paid() {
    let shop = Shop::new().await;
    shop.takes(Some(1_000)).await;
    let order = shop.fixture.stored().await;
    let weighed = shop.fixture.payments.weigh(&shop.fixture.merchant, order, &of(Some(1_001), None), None);
    assert_eq!(weighed.err(), Some(Rejection::NotPayable));
}

/// A shop that says no, and lists the payment all the same.
#[tokio::test]
async fn a_payment_is_not_released_where_the_shop_has_it_or_does_not_say() {
    for (shown, is_recorded) in [(1, true), (2, false)] {
        let shop = Shop::new().await;
        shop.table.answer_next(TellingAnswer::Refused);
        shop.table.show_own(shown, own);
        let sent = shop.fixture.sent();
        let paid = shop.pay(&of(None, None)).await.unwrap();
        assert_eq!(shop.fixture.sent(), sent + 1, "one payment, and no void");
        let there = paid.order.at_shop(&paid.order.transactions[0]).unwrap();
        assert_eq!(there.state == AtShopState::Told, is_recorded, "{there:?}");
    }
    let shop = Shop::new().await;
    shop.table.answer_next(TellingAnswer::Refused);
    shop.table
        .answer_after_next_step(&shop.fixture.key.order, Err(ShopFailure::Unreadable("html".to_owned())));
    let paid = shop.pay(&of(None, None)).await.unwrap();
    assert_eq!(paid.order.at_shop(&paid.order.transactions[0]).unwrap().state, AtShopState::Refused);
    assert_eq!(paid.order.transactions[0].captured(), amount(10_000), "it stands, and a person decides");
    // Nor is an old refusal one of a later step.
    let (step, mut order) = (shop.table.told().remove(0), paid.order);
    let Fixture { payments, merchant, .. } = &shop.fixture;
    let there = owing(10_000);
    let reading = ShopReading { order: Some(&there), rows: Some(&[]) };
    let release = |context: &Context<'_>| order.release_refused(&step, &reading, context);
    assert_eq!(payments.with_context(merchant, release), None);
    // A capture that is refused is not on record because its authorization is.
    let shop = Shop::new().await;
    shop.table.show_own(1, |n, of| ShopTransaction { step: Some(Kind::Authorize), ..own(n, of) });
    let target = Target::Transaction(shop.pay(&authorizing(None)).await.unwrap().at.transaction);
    shop.table.answer_next(TellingAnswer::Refused);
    let capture = Action::Capture { target, amount: None, custom_reference: None };
    let order = shop.pay(&follow_up(Kind::Capture, capture)).await.unwrap().order;
    assert_eq!(order.at_shop(&order.transactions[0]).unwrap().state, AtShopState::Refused);
}

/// A shop that stores a payment and refuses it, or whose rows are late.
#[tokio::test]
async fn a_refused_payment_stands_only_if_it_fits_the_growth_of_the_sums_that_no_row_explains() {
    let other = |minor| ShopTransaction { is_manual: false, amount: amount(minor), ..strangers() };
    for (before, after, rows, may_be_in) in [
        (0, 0, vec![], false),
        (0, 4_000, vec![], true),
        (0, 3_999, vec![], false),
        (4_000, 4_000, vec![], false),
        (2_000, 6_000, vec![], true),
        (0, 4_000, vec![other(4_000)], false),
        (0, 4_000, vec![other(1)], false),
        (0, 4_001, vec![other(1)], true),
        (4_000, 8_000, vec![other(4_000)], true),
        (0, 4_000, vec![ShopTransaction { refunded: amount(1), ..other(1) }], true),
    ] {
        for is_found in [true, false] {
            let mut shop = Shop::new().await;
            shop.says(Ok(owing(10_000 - before)));
            shop.table.answer_next(TellingAnswer::Refused);
            shop.table.answer_after_next_step(&shop.fixture.key.order, Ok(owing(10_000 - after)));
            shop.table.show(rows.clone());
            let sent = shop.fixture.sent();
            let order = shop.pay(&of(Some(4_000), None)).await.unwrap().order;
            let case = (before, after, &rows, is_found);
            assert_eq!(shop.fixture.sent() - sent, if may_be_in { 1 } else { 2 }, "{case:?}");
            let id = order.transactions[0].id;
            let found = ShopTransaction { amount: amount(4_000), ..own(0, id) };
            shop.table.show(if is_found { vec![found] } else { vec![] });
            let order = shop.run_in(order, 3).await.order;
            let state = order.at_shop(&order.transactions[0]).map(|at_shop| at_shop.state);
            let expected = match (may_be_in, is_found) {
                (_, true) => Some(AtShopState::Told),
                (true, false) => Some(AtShopState::Refused),
                (false, false) => None,
            };
            assert_eq!(state, expected, "{case:?}");
            let told: Vec<_> = shop.table.told().iter().map(|step| step.step).collect();
            let is_refunded_there = told == [Kind::Purchase, Kind::Refund];
            assert_eq!(is_refunded_there, is_found && !may_be_in, "{case:?} {told:?}");
        }
    }
}

#[tokio::test]
async fn payments_that_a_shop_refused_count_as_no_declines_of_the_order() {
    let shop = Shop::new().await;
    for n in 0..=DECLINES_PER_ORDER_HOUR {
        shop.table.answer_next(TellingAnswer::Refused);
        let (refused, trail) = follow(Box::pin(shop.pay(&of(None, Some(&n.to_string()))))).await;
        assert_eq!(trail.orders_refused, 1);
        assert_eq!(refused.unwrap().order.transactions[n].decline().unwrap().code, DeclineCode::OrderRefused);
    }
    assert_eq!(shop.takes(None).await, 10_000);
}

#[tokio::test]
async fn another_attempt_keeps_what_others_had_paid_in_the_shop_by_then() {
    let mut shop = Shop::new().await;
    shop.fixture.merchant.policy.shop.cancel_voided = true;
    shop.fixture.gateway_says(not_done(NoEffect::Unreachable));
    shop.pay(&of(Some(1_000), Some("k"))).await.unwrap();
    shop.says(Ok(owing(6_000)));
    let again = shop.pay(&of(Some(1_000), Some("k"))).await.unwrap();
    let recording = again.order.transactions[0].recording.as_ref().unwrap();
    assert_eq!((recording.settled_before, recording.told_before), (amount(4_000), Amount::ZERO));
    assert!(recording.cancels, "the merchant's rule at the time of the payment");
}

#[tokio::test]
async fn nothing_is_captured_of_a_canceled_order_by_anybody() {
    let shop = Shop::new().await;
    let held = shop.pay(&authorizing(None)).await.unwrap();
    let Fixture { payments, merchant, .. } = &shop.fixture;
    assert!(payments.cancel_at_shop(held.order.clone()).await.unwrap().1);
    assert!(!payments.cancel_at_shop(held.order.clone()).await.unwrap().1, "known since");
    let target = Target::Transaction(held.at.transaction);
    let capture = Action::Capture { target, amount: None, custom_reference: None };
    assert_eq!(shop.refuses(&follow_up(Kind::Capture, capture)).await, Rejection::OrderCancelled);
    let mut order = shop.fixture.stored().await;
    let now = Timestamp::UNIX_EPOCH;
    order.transactions[0].capture = Some(CaptureSchedule::new(now, None));
    assert_eq!(order.due_for_capture(order.created_at), None, "nor by the schedule");
    let refund_max = &RefundMax::Unlimited;
    let (policy, batch) = (&merchant.policy, BatchState::Unknown);
    let asker = Asker { barred: None, refund_max, person: None, policy, batch, now: order.created_at };
    let why = order.possible(&order.transactions[0], &asker).capture.why;
    assert_eq!(why, Some(NotPossible::OrderCancelled));
    assert_eq!(shop.refuses(&of(Some(1), None)).await, Rejection::OrderCancelled);
}

#[tokio::test]
async fn a_payment_that_is_found_after_the_cancellation_is_voided() {
    let mut shop = Shop::new().await;
    shop.fixture.gateway_says(unknown());
    shop.fixture.inquiry_finds(Finding::Failed);
    let paid = shop.pay(&of(Some(2_599), None)).await.unwrap();
    shop.fixture.payments.cancel_at_shop(paid.order.clone()).await.unwrap();
    let later = Timestamp::now() + SignedDuration::from_mins(1);
    shop.fixture.payments.clock = Arc::new(Stopped(later));
    shop.fixture.inquiry_finds(found("1"));
    let Fixture { payments, merchant, key, .. } = &shop.fixture;
    let deadline = Deadline::after(Duration::from_secs(29));
    let order = payments.confirm(merchant, key, paid.at.transaction, deadline).await.unwrap();
    let payment = &order.transactions[0];
    assert_eq!(payment.status(), TransactionStatus::Failed);
    assert_eq!(payment.decline().unwrap().code, DeclineCode::OrderClosed);
    assert_eq!(shop.fixture.sent(), 2, "the payment and its void");
    let no_such = payments.confirm(merchant, key, Uuid::nil(), deadline).await;
    assert!(matches!(no_such, Err(Refusal::Rejected(Rejection::TransactionNotFound))));
}

#[tokio::test]
async fn a_void_that_has_no_effect_holds_up_no_record_of_its_order() {
    let shop = Shop::new().await;
    shop.pay(&authorizing(Some(4_000))).await.unwrap();
    shop.says(Ok(owing(6_000)));
    let paid = shop.pay(&of(Some(2_599), None)).await.unwrap();
    shop.fixture.payments.cancel_at_shop(paid.order.clone()).await.unwrap();
    shop.fixture.gateway_says(not_done(NoEffect::Unreachable));
    let order = shop.fixture.stored().await;
    let order = shop.run(order, 29).await.order;
    assert_eq!(order.transactions[0].operations.len(), 2, "its void was tried");
    let target = Target::Transaction(paid.at.transaction);
    let refund = Action::Refund { target, amount: None, mechanism: None };
    shop.pay(&follow_up(Kind::Refund, refund)).await.unwrap();
    assert_eq!(shop.table.told().last().unwrap().step, Kind::Refund);
}

/// A shop's row of a payment that somebody else recorded.
fn strangers() -> ShopTransaction {
    ShopTransaction {
        id: "stranger".to_owned(),
        is_manual: true,
        reference: None,
        amount: amount(10_000),
        refunded: Amount::ZERO,
        step: Some(Kind::Purchase),
        status: RowStatus::Complete,
        is_changed: false,
    }
}

/// A shop's row of this payment.
fn own(n: usize, of: Uuid) -> ShopTransaction {
    ShopTransaction { id: format!("there-{n}"), reference: Some(of.to_string()), ..strangers() }
}

/// A list shows an order as it was before the last payment was recorded.
#[tokio::test]
async fn an_old_row_of_a_list_settles_no_payment_of_others() {
    let mut shop = Shop::new().await;
    let paid = shop.pay(&of(None, None)).await.unwrap();
    shop.table.show(vec![strangers()]);
    let Fixture { payments, merchant, .. } = &mut shop.fixture;
    for (minutes, settled) in [(6, 20_000), (12, 0)] {
        let now = Timestamp::now() + SignedDuration::from_mins(minutes);
        payments.clock = Arc::new(Stopped(now));
        let there =
            ShopOrder { settled: amount(settled), standing: ShopStanding::Settled, read_at: now, ..owing(0) };
        shop.table.answer(&paid.order.id, Ok(there));
        assert!(payments.read_changed(merchant, Deadline::after(Duration::from_mins(4))).await.is_complete);
        assert!(payments.store.load(&paid.order.key()).await.unwrap().unwrap().foreign.is_some());
    }
}

/// A stranger marks many orders of one shop, which takes a second for each.
#[tokio::test(start_paused = true)]
async fn a_shop_takes_ten_seconds_of_a_run_however_many_of_its_orders_change() {
    const MARKED: i64 = 25;
    let mut shop = Shop::new().await;
    shop.pay(&of(None, None)).await.unwrap();
    let noted = Timestamp::now();
    shop.fixture.payments.clock = Arc::new(Stopped(noted + SignedDuration::from_mins(6)));
    for second in 1..=MARKED {
        let read_at = noted + SignedDuration::from_secs(second);
        let id: crate::order::OrderId = format!("marked-{second}").parse().unwrap();
        shop.table.answer(&id, Ok(ShopOrder { read_at, standing: ShopStanding::Settled, ..owing(0) }));
    }
    shop.table.show(vec![strangers()]);
    shop.table.delay(Duration::from_secs(1));
    let Fixture { payments, merchant, .. } = &shop.fixture;
    let (mut runs, mut found) = (Vec::new(), 0);
    for _ in 0..4 {
        let began = tokio::time::Instant::now();
        let read = payments.read_changed(merchant, Deadline::after(Duration::from_mins(4))).await;
        assert!(began.elapsed() <= Duration::from_secs(11), "{:?}", began.elapsed());
        found += read.foreign;
        runs.push(read.is_complete);
        if read.is_complete {
            break;
        }
    }
    assert_eq!((found, runs), (25, vec![false, false, true]));
}

/// The transactions of an order take three seconds to read, three times.
#[tokio::test(start_paused = true)]
async fn a_run_tells_shops_what_they_do_not_know_and_leaves_a_silent_one_alone_after_three_orders() {
    let unread = EachAs(|_| Err(MerchantsError::Unknown));
    for (merchants, left_s, silent, expected, told, voided) in [
        (OF_SHOP, 55, 0, json!({"cancelled": 1, "foreign": 1, "recorded": 4, "complete": true}), 5, 1),
        (OF_SHOP, 55, 4, json!({"cancelled": 1, "foreign": 1, "unrecorded": 5, "complete": true}), 4, 0),
        (OF_SHOP, 11, 0, json!({"cancelled": 1, "foreign": 1, "unrecorded": 5, "unread_shops": 1}), 1, 0),
        (unread, 55, 0, json!({"unrecorded": 4, "unread_shops": 1, "complete": true}), 1, 0),
    ] {
        let mut shop = Shop::with_untold(4).await;
        shop.fixture.key.order = "canceled".parse().unwrap();
        shop.says(Ok(owing(10_000)));
        shop.pay(&paying(None, |pay| pay.kind = PaymentKind::Authorize)).await.unwrap();
        let (sent, read_at) = (shop.fixture.sent(), Timestamp::now());
        shop.says(Ok(ShopOrder { standing: ShopStanding::Cancelled, read_at, ..owing(10_000) }));
        let read_at = read_at + SignedDuration::from_secs(1);
        shop.fixture.key.order = "marked".parse().unwrap();
        shop.says(Ok(ShopOrder { standing: ShopStanding::Settled, read_at, ..owing(0) }));
        shop.table.show(vec![strangers()]);
        shop.table.delay(Duration::from_secs(3));
        (0..silent).for_each(|_| shop.table.answer_next(TellingAnswer::Unknown));
        assert_eq!(counts(&shop.reconcile(merchants, left_s).await), expected);
        assert_eq!((shop.table.told().len(), shop.fixture.sent() - sent), (told, voided), "{expected}");
    }
}

/// Its place is among orders in doubt, and not among those that are to be told.
#[tokio::test]
async fn a_run_tells_of_an_order_about_which_it_inquires_too() {
    let twice = Finding::Several(vec![approved_as("1"), approved_as("2")]);
    // Of a payment from before the merchant had a shop nothing is told. The second charge of
    // another is voided.
    for (orders, finding, recorded) in
        [(OrdersMode::Registered, Finding::Undecided, 1), (OrdersMode::ElasticPath, twice, 2)]
    {
        let mut shop = Shop::with_untold(1).await;
        shop.fixture.merchant.policy.orders = orders;
        shop.fixture.gateway_says(unknown());
        shop.fixture.perform(&of(Some(2_599), None), Duration::from_secs(7)).await.unwrap();
        let later = Timestamp::now() + SignedDuration::from_mins(2);
        shop.fixture.payments.clock = Arc::new(Stopped(later));
        shop.fixture.inquiry_finds(finding);
        let report = shop.reconcile(OF_SHOP, 55).await;
        assert_eq!((report.due, report.recorded), (1, recorded), "{orders:?}");
    }
}

#[tokio::test]
async fn captures_wait_for_a_silent_shop_that_is_asked_three_times_a_run_and_end_with_a_cancellation() {
    let (mut shop, due) = (Shop::new().await, Timestamp::now() + SignedDuration::from_hours(1));
    for order in 1..=5 {
        shop.fixture.key.order = order.to_string().parse().unwrap();
        shop.says(Ok(owing(10_000)));
        let authorization =
            paying(None, |pay| (pay.kind, pay.capture) = (PaymentKind::Authorize, CaptureAt::At(due).into()));
        shop.pay(&authorization).await.unwrap();
        shop.says(Err(ShopFailure::Unavailable("down".to_owned())));
    }
    shop.fixture.payments.clock = Arc::new(Stopped(due));
    let (sent, reads) = (shop.fixture.sent(), shop.table.reads());
    let run = async || counts(&capturing::run_of(&shop.fixture, &OF_SHOP, capturing::all()).await);
    assert_eq!(run().await, json!({"held_back": 5}));
    assert_eq!(shop.table.reads() - reads, 3);
    shop.says(Ok(ShopOrder { standing: ShopStanding::Cancelled, ..owing(10_000) }));
    assert_eq!(run().await, json!({"held_back": 1, "overtaken": 1}));
    assert_eq!(run().await, json!({}));
    assert!(shop.fixture.stored().await.cancelled_at.is_some());
    assert_eq!(shop.fixture.sent(), sent);
}

//! Many orders in doubt: one that decides nothing delays no other, and an account that is silent is
//! left alone.

use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::{
    memory::Log,
    order::{Attempt, Decision, NoticeReason, Operation, OperationState},
    payments::reconcile::{ReconcileLimits, ReconcileReport, reconcile},
    values::Memo,
};

/// Payments of so many orders, all in doubt and due.
async fn in_doubt(orders: usize) -> Fixture {
    let mut fixture = Fixture::new().await;
    for order in 1..=orders {
        fixture.register(&order.to_string()).await;
        fixture.gateway_says(unknown());
        fixture.perform(&intent(None), Duration::from_secs(7)).await.unwrap();
    }
    fixture.payments.clock = Arc::new(Stopped(Timestamp::now() + SignedDuration::from_mins(2)));
    fixture
}

const LIMITS: ReconcileLimits = ReconcileLimits { concurrency: 1, per_merchant: 200, shards: 4 };

/// Everything that is due is left for a later run.
const NONE: ReconcileLimits = ReconcileLimits { per_merchant: 0, ..LIMITS };

async fn run(fixture: &Fixture) -> ReconcileReport {
    run_within(fixture, LIMITS, Duration::from_secs(55)).await
}

async fn run_within(fixture: &Fixture, limits: ReconcileLimits, left: Duration) -> ReconcileReport {
    reconcile(&fixture.payments, &Everyone, limits, Deadline::after(left)).await
}

#[tokio::test]
async fn an_account_that_is_silent_is_left_alone_after_three_orders_and_the_next_run_tries_others() {
    let fixture = in_doubt(5).await;
    let log = Log::here();
    let report = run(&fixture).await;
    assert_eq!((report.unanswered, report.skipped), (3, 2));
    let report = run(&fixture).await;
    assert_eq!((report.unanswered, report.skipped), (2, 0), "the first three were put off");
    assert_eq!(run(&fixture).await.due, 0);
    assert_eq!(log.lines("reconciled").len(), 2, "none for a run that found nothing to do");
}

#[tokio::test]
async fn orders_whose_records_decide_nothing_delay_no_other() {
    let fixture = in_doubt(5).await;
    for _ in 0..4 {
        fixture.inquiry_finds(Finding::Undecided);
    }
    fixture.inquiry_finds(found("r"));
    let report = run(&fixture).await;
    assert_eq!((report.in_doubt, report.approved), (4, 1));
    assert_eq!((report.unanswered, report.skipped, report.complete), (0, 0, true));
}

#[tokio::test]
async fn what_is_in_doubt_for_an_hour_needs_attention_whatever_the_inquiry_says() {
    for finding in [Finding::Undecided, Finding::Failed, Finding::UnderReview] {
        for (seconds, needs_attention) in [(3_599, 0), (3_600, 1)] {
            let mut fixture = Fixture::new().await;
            let (log, start) = (Log::here(), Timestamp::now());
            fixture.payments.clock = Arc::new(Stopped(start));
            fixture.gateway_says(unknown());
            fixture.perform(&intent(None), Duration::from_secs(7)).await.unwrap();
            fixture.payments.clock = Arc::new(Stopped(start + SignedDuration::from_secs(seconds)));
            let report = run_within(&fixture, NONE, Duration::from_secs(55)).await;
            assert_eq!(report.needs_attention, needs_attention, "not looked at after {seconds} s");
            fixture.inquiry_finds(finding.clone());
            let report = run(&fixture).await;
            assert_eq!(report.needs_attention, needs_attention, "{finding:?} after {seconds} s");
            let told = log.lines("needs attention: in doubt for too long").len();
            assert_eq!(told, needs_attention, "{finding:?} after {seconds} s");
        }
    }
}

/// An inquiry is hourly by then, so that most are not due in a run, some are not reached, and some
/// cannot be read.
#[tokio::test]
async fn each_run_counts_all_that_needs_attention_and_not_only_what_is_due() {
    let mut fixture = in_doubt(5).await;
    let day = Timestamp::now() + SignedDuration::from_hours(25);
    let at = |fixture: &mut Fixture, seconds: i64| {
        fixture.payments.clock = Arc::new(Stopped(day + SignedDuration::from_secs(seconds)));
    };
    at(&mut fixture, 0);
    for _ in 0..5 {
        fixture.inquiry_finds(Finding::Undecided);
    }
    assert_eq!(run(&fixture).await.needs_attention, 5, "as they become so");
    at(&mut fixture, 30);
    let report = run_within(&fixture, NONE, Duration::from_secs(55)).await;
    assert_eq!((report.due, report.skipped, report.needs_attention), (0, 0, 5), "none is due");

    at(&mut fixture, 60);
    let report = run_within(&fixture, LIMITS, INQUIRY_MIN.mul_f32(0.99)).await;
    assert_eq!((report.needs_attention, report.complete), (0, false), "there is no time to count");
    fixture.inquiry_finds(found("r"));
    for _ in 0..2 {
        fixture.inquiry_finds(Finding::Undecided);
    }
    let limits = ReconcileLimits { per_merchant: 3, ..LIMITS };
    let report = run_within(&fixture, limits, Duration::from_secs(55)).await;
    let counts = (report.due, report.approved, report.skipped, report.needs_attention);
    assert_eq!(counts, (3, 1, 2, 4), "what was decided needs none any more, and what is left does");
}

/// A payment that was sent this long ago and is in doubt.
async fn in_doubt_since(hours: i64) -> Fixture {
    let mut fixture = Fixture::new().await;
    fixture.gateway_says(unknown());
    fixture.perform(&intent(None), Duration::from_secs(7)).await.unwrap();
    let minutes = SignedDuration::from_mins(5);
    fixture.payments.clock =
        Arc::new(Stopped(Timestamp::now() + SignedDuration::from_hours(hours) + minutes));
    fixture
}

async fn notices(fixture: &Fixture) -> Vec<NoticeReason> {
    let order = fixture.stored().await;
    order.operations().flat_map(|(_, operation)| &operation.notices).map(|notice| notice.reason).collect()
}

#[tokio::test]
async fn the_merchant_is_notified_once_of_what_is_in_doubt_for_an_hour_and_once_more_after_a_day() {
    for finding in [Finding::Undecided, Finding::Failed] {
        let mut fixture = in_doubt_since(0).await;
        for (hours, expected) in [
            (0, vec![]),
            (1, vec![NoticeReason::InDoubtHour]),
            (3, vec![NoticeReason::InDoubtHour]),
            (24, vec![NoticeReason::InDoubtHour, NoticeReason::InDoubtDay]),
            (48, vec![NoticeReason::InDoubtHour, NoticeReason::InDoubtDay]),
        ] {
            let later = SignedDuration::from_hours(hours) + SignedDuration::from_mins(5);
            fixture.payments.clock = Arc::new(Stopped(Timestamp::now() + later));
            fixture.inquiry_finds(finding.clone());
            assert_eq!(run(&fixture).await.due, 1);
            assert_eq!(notices(&fixture).await, expected, "{finding:?} after {hours} h");
        }
    }
}

#[tokio::test]
async fn a_review_is_told_after_three_days_and_what_is_decided_is_not_told_at_all() {
    for (hours, finding, expected) in [
        (2, Finding::UnderReview, vec![]),
        (71, Finding::UnderReview, vec![]),
        (73, Finding::UnderReview, vec![NoticeReason::UnderReview]),
        (25, found("r"), vec![]),
    ] {
        let fixture = in_doubt_since(hours).await;
        fixture.inquiry_finds(finding.clone());
        assert_eq!(run(&fixture).await.due, 1);
        assert_eq!(notices(&fixture).await, expected, "{finding:?} after {hours} h");
    }
    // A decision came meanwhile.
    let fixture = Fixture::new().await;
    let Performed { order, at, .. } = fixture.purchase(None).await.unwrap();
    fixture.payments.notify(order, at, NoticeReason::UnderReview).await;
    assert_eq!(notices(&fixture).await, []);
}

#[tokio::test]
async fn of_an_order_only_what_is_due_is_inquired_about() {
    let mut fixture = Fixture::new().await;
    fixture.register("1").await;
    let start = Timestamp::now();
    for (seconds, amount) in [(0, 500), (50, 600)] {
        fixture.payments.clock = Arc::new(Stopped(start + SignedDuration::from_secs(seconds)));
        fixture.gateway_says(unknown());
        let intent = paying(Some(&amount.to_string()), |pay| pay.amount = Amount::new(amount).ok());
        fixture.perform(&intent, Duration::from_secs(7)).await.unwrap();
    }
    // The second could be inquired about, and its turn is in 20 s.
    fixture.payments.clock = Arc::new(Stopped(start + SignedDuration::from_secs(90)));
    fixture.inquiry_finds(found("first"));
    fixture.inquiry_finds(found("second"));
    let report = run(&fixture).await;
    assert_eq!((report.due, report.approved), (1, 1));
    assert_eq!(fixture.stored().await.next_inquiry_at(), Some(start + SignedDuration::from_secs(110)));
}

#[tokio::test]
async fn a_run_counts_each_operation_as_what_became_of_it() {
    let became = |outcome| Finding::Became(Box::new(outcome));
    let usd = json!({"USD": 2 * 2599});
    for (finding, expected) in [
        (found("r"), json!({"approved": 2, "amounts_minor": {"approved": usd}})),
        (became(declined()), json!({"declined": 2, "amounts_minor": {"declined": usd}})),
        (
            became(not_done(NoEffect::Misconfigured)),
            json!({"not_done": 2, "amounts_minor": {"not_done": usd}}),
        ),
        (Finding::Undecided, json!({"in_doubt": 2, "amounts_minor": {"in_doubt": usd}})),
        (Finding::Failed, json!({"unanswered": 2})),
    ] {
        let fixture = in_doubt(2).await;
        fixture.inquiry_finds(finding.clone());
        fixture.inquiry_finds(finding.clone());
        let mut expected = expected;
        (expected["due"], expected["complete"]) = (json!(2), json!(true));
        assert_eq!(counts(&run(&fixture).await), expected, "{finding:?}");
    }
}

#[tokio::test]
async fn only_refused_captures_of_the_schedule_are_told_apart() {
    for (kind, by, became, expected) in [
        (Kind::Capture, Principal::Schedule, declined(), (1, 1)),
        (Kind::Capture, Principal::Schedule, not_done(NoEffect::Misconfigured), (0, 0)),
        (Kind::Capture, Principal::ClientCredentials, declined(), (1, 0)),
        (Kind::Void, Principal::Schedule, declined(), (1, 0)),
        (Kind::Purchase, Principal::ClientCredentials, declined(), (1, 0)),
    ] {
        let fixture = in_doubt(1).await;
        for order in fixture.store.table.all().values_mut() {
            let Some(transaction) = order.transactions.first_mut() else { continue };
            if kind != Kind::Purchase {
                let payment = &mut transaction.operations[0];
                let pending = payment.clone();
                payment.kind = Kind::Authorize;
                payment.state = OperationState::Decided(Decision::Approved(approved_as("r")));
                transaction.kind = PaymentKind::Authorize;
                let id = Uuid::from_u128(1);
                let attempt = Attempt { id, ..pending.attempt.clone() };
                transaction.operations.push(Operation { id, kind, by, attempt, ..pending });
            }
        }
        fixture.inquiry_finds(Finding::Became(Box::new(became)));
        let report = run(&fixture).await;
        assert_eq!((report.declined, report.captures_declined), expected, "{kind:?} {by:?}");
    }
}

/// A payment with a refund in doubt, changed so.
async fn refunding(change: impl Fn(&mut Operation, Timestamp)) -> Fixture {
    let fixture = in_doubt(1).await;
    for order in fixture.store.table.all().values_mut() {
        let Some(transaction) = order.transactions.first_mut() else { continue };
        let payment = &mut transaction.operations[0];
        let mut refund = Operation { id: Uuid::from_u128(1), kind: Kind::Refund, ..payment.clone() };
        payment.state = OperationState::Decided(Decision::Approved(approved_as("r")));
        change(&mut refund, fixture.payments.clock.now());
        transaction.operations.push(refund);
    }
    fixture
}

/// Its first attempt was given up, and a later look may find that one, too.
fn approved_by_the_second_attempt(refund: &mut Operation, now: Timestamp) {
    refund.decide(Decision::NoEffect(GatewayResponse::default(), NoEffect::NeverArrived), now);
    refund.attempt_again(Uuid::from_u128(2), refund.amount, None, now);
    refund.decide(Decision::Approved(approved_as("second")), now);
    refund.last_look_at = Some(now);
}

#[tokio::test]
async fn a_refund_that_was_done_twice_needs_attention_and_a_payment_is_given_back_without() {
    let twice = || Finding::Several(vec![approved_as("first"), approved_as("second")]);
    let told = |log: &Log| log.lines("needs attention: a refund was done more than once").len();
    for (finding, needs_attention) in [(twice(), 1), (found("second"), 0), (Finding::Absent, 0)] {
        let fixture = refunding(approved_by_the_second_attempt).await;
        let log = Log::here();
        fixture.inquiry_finds(finding.clone());
        let report = run(&fixture).await;
        let counts = (report.due, report.approved, report.needs_attention);
        assert_eq!(counts, (1, 1, needs_attention), "{finding:?}");
        assert_eq!(told(&log), needs_attention, "{finding:?}");
    }
    let fixture = in_doubt(1).await;
    let log = Log::here();
    fixture.inquiry_finds(twice());
    assert_eq!((run(&fixture).await.needs_attention, told(&log)), (0, 0), "the second charge is voided");
}

/// It counts among the operations in doubt, once it has been in doubt for long.
#[tokio::test]
async fn a_refund_in_doubt_that_was_done_twice_is_told_and_not_counted_twice() {
    let fixture = refunding(|_, _| ()).await;
    let log = Log::here();
    fixture.inquiry_finds(Finding::Several(vec![approved_as("first"), approved_as("second")]));
    let report = run(&fixture).await;
    assert_eq!((report.in_doubt, report.needs_attention), (1, 0));
    assert_eq!(log.lines("needs attention: a refund was done more than once").len(), 1);
}

#[tokio::test]
async fn the_oldest_in_doubt_is_as_old_as_its_attempt() {
    let mut fixture = Fixture::new().await;
    let start = Timestamp::now();
    for (order, minutes) in [("1", 0), ("2", 3)] {
        fixture.payments.clock = Arc::new(Stopped(start + SignedDuration::from_mins(minutes)));
        fixture.register(order).await;
        fixture.gateway_says(unknown());
        fixture.perform(&intent(None), Duration::from_secs(7)).await.unwrap();
    }
    fixture.payments.clock = Arc::new(Stopped(start + SignedDuration::from_mins(5)));
    assert_eq!(run(&fixture).await.oldest_in_doubt_s, 300);
}

#[tokio::test]
async fn what_a_run_does_not_come_to_is_told() {
    let fixture = in_doubt(5).await;
    let limits = ReconcileLimits { per_merchant: 3, ..LIMITS };
    let report = run_within(&fixture, limits, Duration::from_secs(55)).await;
    assert_eq!((report.due, report.skipped, report.complete), (3, 2, true), "a merchant's share");

    let fixture = in_doubt(5).await;
    let deadline = Deadline::after(Duration::from_secs(55));
    let unknown = EachAs(|_| Err(MerchantsError::Unknown));
    let log = Log::here();
    let report = reconcile(&fixture.payments, &unknown, LIMITS, deadline).await;
    assert_eq!(counts(&report), json!({"skipped": 5, "complete": true}), "a merchant that cannot be read");
    assert_eq!(log.lines("a merchant with payments in doubt cannot be read").len(), 1, "it is read once");

    let mut fixture = in_doubt(5).await;
    fixture.payments.clock = Arc::new(Stopped("2040-01-01T10:30:00Z".parse().unwrap()));
    fixture.store.unread.store(true, Ordering::Relaxed);
    let expected = json!({"unread_shards": 4 + 4, "complete": true});
    assert_eq!(counts(&run(&fixture).await), expected, "an index that cannot be read");

    let mut fixture = Fixture::new().await;
    let gone = OrderKey { order: "gone".parse().unwrap(), ..fixture.key.clone() };
    *fixture.store.lagging.lock().unwrap() = vec![gone, fixture.key.clone()];
    // Both indexes have it.
    let expected = json!({"skipped": 1, "unrecorded": 1, "complete": true});
    // A decided operation needs no merchant.
    for merchants in [&Everyone as &dyn Merchants, &unknown] {
        let deadline = Deadline::after(Duration::from_secs(55));
        let report = reconcile(&fixture.payments, merchants, LIMITS, deadline).await;
        assert_eq!(counts(&report), expected, "an order that is gone, and one that is decided");
    }
    let report = run_within(&fixture, LIMITS, INQUIRY_MIN.mul_f32(0.99)).await;
    assert_eq!(counts(&report), json!({}), "without time, nothing is read");
    fixture.register("p").await;
    fixture.store.lagging.lock().unwrap()[0] = fixture.key.clone();
    let limits = ReconcileLimits { per_merchant: 1, ..LIMITS };
    let report = run_within(&fixture, limits, Duration::from_secs(55)).await;
    assert_eq!(counts(&report), json!({"skipped": 1, "unrecorded": 1, "complete": true}), "one of each");
}

#[tokio::test(start_paused = true)]
async fn a_run_that_has_no_time_left_or_too_much_to_do_is_not_complete() {
    let fixture = in_doubt(101).await;
    for n in 0..100 {
        fixture.inquiry_finds(found(&n.to_string()));
    }
    let report = run_within(&fixture, LIMITS, INQUIRY_MIN.mul_f32(0.99)).await;
    assert_eq!((report.due, report.complete), (0, false));
    let report = run_within(&fixture, LIMITS, INQUIRY_MIN).await;
    assert_eq!((report.due, report.complete), (100, false), "one order a page, and a hundred pages");
}

#[tokio::test]
async fn who_paid_is_forgotten_when_it_is_time() {
    let mut fixture = in_doubt(2).await;
    let start = Timestamp::now();
    for order in fixture.store.table.all().values_mut() {
        let Some(transaction) = order.transactions.first_mut() else { continue };
        transaction.references.description = Some("for Ann".to_owned());
        transaction.personal_until = Some(start + SignedDuration::from_hours(1));
    }
    for (minutes, forgotten) in [(59, 0), (60, 2), (61, 0)] {
        fixture.payments.clock = Arc::new(Stopped(start + SignedDuration::from_mins(minutes)));
        assert_eq!(run(&fixture).await.forgotten, forgotten, "after {minutes} min");
    }
}

#[tokio::test]
async fn who_paid_is_not_counted_as_forgotten_where_that_cannot_be_saved() {
    let fixture = Fixture::new().await;
    let mut order = fixture.purchase(None).await.unwrap().order;
    let name = Some("Ann".to_owned());
    order.transactions[0].memo = Some(Box::new(Memo { name, ..Memo::default() }));
    order.transactions[0].personal_until = Some(Timestamp::UNIX_EPOCH);
    fixture.store.table.all().insert(order.key().to_string(), order.clone());
    for faults in [vec![Fault::NotDone], vec![Fault::Overtaken; DECISIONS_MAX]] {
        fixture.next_writes(&faults);
        let (after, forgotten) = fixture.payments.forget_who_paid(fixture.stored().await).await;
        assert_eq!((forgotten, after.transactions[0].memo.is_some()), (false, true));
    }
    // The next run has more luck.
    assert!(fixture.store.faults.lock().unwrap().is_empty());
    assert_eq!(run(&fixture).await.forgotten, 1);
}

#[tokio::test]
async fn whoever_is_told_of_a_doubt_is_told_from_its_first_second_on() {
    use NoticeReason::{InDoubtDay, InDoubtHour, UnderReview};
    let review = "its settlement is under review or not stated";
    let (undecided, failed) =
        ("the gateway's records decide nothing", "the gateway gives no usable response about it");
    for (finding, hours, before, reason, why) in [
        (Finding::Undecided, 1, None, InDoubtHour, undecided),
        (Finding::Failed, 1, None, InDoubtHour, failed),
        (Finding::Undecided, 24, Some(InDoubtHour), InDoubtDay, undecided),
        (Finding::Failed, 24, Some(InDoubtHour), InDoubtDay, failed),
        (Finding::UnderReview, 3 * 24, None, UnderReview, review),
    ] {
        for (early_s, expected) in [(1, before), (0, Some(reason))] {
            let mut fixture = Fixture::new().await;
            let start = Timestamp::now();
            fixture.payments.clock = Arc::new(Stopped(start));
            fixture.gateway_says(unknown());
            fixture.perform(&intent(None), Duration::from_secs(7)).await.unwrap();
            let later = SignedDuration::from_hours(hours) - SignedDuration::from_secs(early_s);
            fixture.payments.clock = Arc::new(Stopped(start + later));
            fixture.inquiry_finds(finding.clone());
            let log = Log::here();
            assert_eq!(run(&fixture).await.due, 1);
            let expected: Vec<_> = expected.into_iter().collect();
            assert_eq!(notices(&fixture).await, expected, "{finding:?}, {early_s} s before {hours} h");
            // The operator is told of everything in the list.
            let lines = log.lines("needs attention: in doubt for too long");
            let told: Vec<_> = lines.iter().map(|line| line["why"].as_str().unwrap()).collect();
            let is_long = hours > 1 || early_s == 0;
            assert_eq!(
                told,
                is_long.then_some(why).into_iter().collect::<Vec<_>>(),
                "{finding:?}, {early_s} s before {hours} h"
            );
        }
    }
}

/// Takes five seconds for an inquiry.
struct SlowInquiries(Arc<ScriptedGateway>);

#[async_trait]
impl Gateway for SlowInquiries {
    fn info(&self) -> &'static dyn GatewayInfo {
        &TestGateway
    }

    async fn execute(&self, merchant: &Merchant, instruction: Instruction<'_>, limit: Duration) -> Outcome {
        self.0.execute(merchant, instruction, limit).await
    }

    async fn inquire(&self, merchant: &Merchant, inquiry: Inquiry<'_>, limit: Duration) -> Finding {
        tokio::time::sleep(Duration::from_secs(5)).await;
        self.0.inquire(merchant, inquiry, limit).await
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_whose_time_ends_while_it_inquires_counts_what_it_has_read_and_is_not_complete() {
    let (short, long) = (INQUIRY_MIN + Duration::from_secs(3), Duration::from_secs(55));
    // Once all three need attention, one or all of them are due.
    for (orders, due, left, expected) in [
        (3, 3, short, (1, 3, false)),
        (3, 1, short, (1, 2, false)),
        (3, 1, long, (1, 3, true)),
        (1, 1, short, (1, 1, false)),
    ] {
        let mut fixture = in_doubt(orders).await;
        fixture.payments.gateway = Arc::new(SlowInquiries(fixture.gateway.clone()));
        (0..6).for_each(|_| fixture.inquiry_finds(Finding::Undecided));
        let day = Timestamp::now() + SignedDuration::from_hours(25);
        fixture.payments.clock = Arc::new(Stopped(day));
        assert_eq!(run(&fixture).await.needs_attention, orders);
        for n in 1..=due {
            let mut orders = fixture.store.table.all();
            let order = orders.get_mut(&format!("m#{n}")).unwrap();
            let pending = order.transactions[0].operations[0].pending_mut().unwrap();
            pending.next_inquiry_at = day;
        }
        let report = run_within(&fixture, LIMITS, left).await;
        assert_eq!((report.due, report.needs_attention, report.complete), expected, "{due} within {left:?}");
    }
}

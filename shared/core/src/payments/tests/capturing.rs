//! Scheduled captures: every page of the index, and for how long the oldest has been due.

use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::{
    order::{Attribution, Decision, MerchantId, OPERATIONS_MAX, Operation, OperationState},
    payments::{
        CaptureReport, CaptureRequest, CaptureSettings, CaptureSources, Sender, Stop, Switch, capture_due,
    },
};

/// So long after they are due, authorizations have ended.
const ENDED: SignedDuration = SignedDuration::from_hours(7 * 24 + 1);

/// When the captures are due.
fn due() -> Timestamp {
    Timestamp::now() + SignedDuration::from_hours(1)
}

/// Orders that are to be captured at this moment, on a clock that is this much later.
async fn scheduled(orders: &[&str], due: Timestamp, later: SignedDuration) -> Fixture {
    let mut fixture = Fixture::new().await;
    for order in orders {
        fixture.register(order).await;
        let intent = paying(None, |pay| {
            (pay.kind, pay.capture) = (PaymentKind::Authorize, CaptureAt::At(due).into());
        });
        fixture.perform(&intent, Duration::from_secs(29)).await.unwrap();
    }
    fixture.payments.clock = Arc::new(Stopped(due + later));
    fixture
}

const SETTINGS: CaptureSettings = CaptureSettings { shards: 1, concurrency: 1 };

pub(super) fn all() -> CaptureRequest {
    CaptureRequest { shards: Some(vec![0]), ..CaptureRequest::default() }
}

fn dry_run() -> CaptureRequest {
    CaptureRequest { dry_run: true, ..all() }
}

/// The switch that stops the payments of a merchant with this id.
struct StoppedFor(&'static str);

#[async_trait]
impl Switch for StoppedFor {
    async fn stop(&self, merchant: &MerchantId) -> Result<Stop, StoreError> {
        match self.0 {
            "?" => Err(StoreError::Unavailable("away".to_owned())),
            stopped if stopped == merchant.as_str() => Ok(Stop::Merchant),
            _ => Ok(Stop::None),
        }
    }

    async fn all_stopped(&self) -> Result<bool, StoreError> {
        Ok(false)
    }
}

async fn run(fixture: &Fixture) -> CaptureReport {
    run_of(fixture, &Everyone, all()).await
}

pub(super) async fn run_of(
    fixture: &Fixture,
    merchants: &dyn Merchants,
    request: CaptureRequest,
) -> CaptureReport {
    let sources = CaptureSources { merchants, switch: &StoppedFor("") };
    capture_due(&fixture.payments, sources, request, SETTINGS, Deadline::after(Duration::from_secs(55))).await
}

/// Two authorizations that are due.
async fn two() -> Fixture {
    scheduled(&["1", "2"], due(), SignedDuration::ZERO).await
}

/// Two authorizations that ended, and were not captured.
async fn two_ended() -> Fixture {
    scheduled(&["1", "2"], due(), ENDED).await
}

const VOIDS_LAPSED: EachAs = EachAs(|merchant| {
    merchant.policy.void_lapsed = true;
    Ok(())
});

const PAUSED: EachAs = EachAs(|merchant| {
    merchant.captures_paused = true;
    Ok(())
});

const UNAVAILABLE: EachAs = EachAs(|_| Err(MerchantsError::Unavailable("cut".to_owned())));

#[tokio::test]
async fn every_page_of_what_is_due_is_captured() {
    let fixture = scheduled(&["1", "2", "3"], due(), SignedDuration::ZERO).await;
    let report = run(&fixture).await;
    assert_eq!((report.due, report.captured, report.left), (3, 3, 0), "one order a page");
    assert_eq!(report.captured_minor["USD"], 3 * 2599);
    assert_eq!(run(&fixture).await.due, 0);
}

#[tokio::test]
async fn the_oldest_that_is_due_is_reported_as_old_as_the_requested_moment() {
    let due = due();
    let mut fixture = scheduled(&["1"], due, SignedDuration::from_secs(600)).await;
    fixture.gateway_says(not_done(NoEffect::Unreachable));
    let report = run(&fixture).await;
    assert_eq!((report.retried, report.oldest_due_age_s), (1, 600));
    // Put off by a minute: in the index since then, and due since its moment.
    fixture.payments.clock = Arc::new(Stopped(due + SignedDuration::from_secs(700)));
    fixture.gateway_says(not_done(NoEffect::Unreachable));
    let report = run(&fixture).await;
    assert_eq!((report.retried, report.oldest_due_age_s), (1, 700));
    fixture.payments.clock = Arc::new(Stopped(due + SignedDuration::from_secs(860)));
    let report = run(&fixture).await;
    assert_eq!((report.captured, report.oldest_due_age_s), (1, 40), "of what it found, as the index has it");
}

#[tokio::test]
async fn a_run_counts_each_capture_as_what_became_of_it() {
    for (says, expected) in [
        (None, json!({"due": 2, "captured": 2, "captured_minor": {"USD": 5198}})),
        (Some(declined()), json!({"due": 2, "declined": 2})),
        (Some(not_done(NoEffect::VoidedElsewhere)), json!({"due": 2, "declined": 2})),
        (Some(unknown()), json!({"due": 2, "in_doubt": 2})),
        (Some(not_done(NoEffect::TryAgain)), json!({"due": 2, "retried": 2})),
        // These failures of one of a merchant's captures hit all of them: one probe is enough.
        (Some(not_done(NoEffect::Unreachable)), json!({"due": 1, "retried": 1, "held_back": 1})),
        (Some(not_done(NoEffect::Misconfigured)), json!({"due": 1, "retried": 1, "held_back": 1})),
    ] {
        let fixture = two().await;
        for says in [says.clone(), says.clone()].into_iter().flatten() {
            fixture.gateway_says(says);
        }
        assert_eq!(counts(&run(&fixture).await), expected, "{says:?}");
    }
}

#[tokio::test]
async fn a_dry_run_tells_what_a_run_would_do_and_does_nothing() {
    let fixture = two().await;
    let sent = fixture.sent();
    let expected = json!({"dry_run": true, "due": 2, "captured": 2, "captured_minor": {"USD": 5198}});
    for _ in 0..2 {
        assert_eq!(counts(&run_of(&fixture, &Everyone, dry_run()).await), expected);
    }
    assert_eq!(fixture.sent(), sent);
    let expected = json!({"dry_run": true, "held_back": 2});
    assert_eq!(counts(&run_of(&fixture, &PAUSED, dry_run()).await), expected);

    let fixture = two_ended().await;
    let expected = json!({"dry_run": true, "due": 2, "lapsed": 2});
    for _ in 0..2 {
        assert_eq!(counts(&run_of(&fixture, &VOIDS_LAPSED, dry_run()).await), expected);
    }
}

#[tokio::test]
async fn captures_of_a_merchant_that_is_paused_or_cannot_be_read_wait() {
    let unknown = EachAs(|_| Err(MerchantsError::Unknown));
    let malformed = EachAs(|_| Err(MerchantsError::Malformed("mid".to_owned())));
    for merchants in [PAUSED, unknown, malformed, UNAVAILABLE] {
        let fixture = two().await;
        let (sent, log) = (fixture.sent(), crate::memory::Log::here());
        assert_eq!(counts(&run_of(&fixture, &merchants, all()).await), json!({"held_back": 2}));
        assert_eq!(fixture.sent(), sent);
        assert_eq!(log.take().len(), 2, "one of the merchant, which is read once, and one of the run");
        assert_eq!(run(&fixture).await.captured, 2, "once it can be read");
    }
}

#[tokio::test]
async fn captures_that_wait_for_a_person_are_told_of_before_their_authorizations_end() {
    let almost = SignedDuration::from_hours(6 * 24 + 1);
    let notices = async |fixture: &Fixture| {
        let order = fixture.stored().await;
        order.operations().map(|(_, operation)| operation.notices.len()).sum::<usize>()
    };
    for (merchants, is_dry, expected) in [(PAUSED, false, 1), (PAUSED, true, 0), (UNAVAILABLE, false, 0)] {
        let fixture = scheduled(&["1"], due(), almost).await;
        let request = CaptureRequest { dry_run: is_dry, ..all() };
        for _ in 0..2 {
            let report = run_of(&fixture, &merchants, request.clone()).await;
            assert_eq!((report.held_back, report.failed), (1, 0));
            assert_eq!(notices(&fixture).await, expected);
        }
    }
    let fixture = scheduled(&["1"], due(), almost).await;
    fixture.next_writes(&[Fault::NotDone]);
    let report = run_of(&fixture, &PAUSED, all()).await;
    assert_eq!(counts(&report), json!({"held_back": 1, "failed": 1}));
}

/// Pauses the captures of the fixture's order.
async fn pause(fixture: &Fixture, order: &str) {
    let key = OrderKey { order: order.parse().unwrap(), ..fixture.key.clone() };
    fixture.payments.pause_captures(&key, Sender::default()).await.unwrap();
}

#[tokio::test]
async fn a_paused_order_is_passed_over_told_of_once_and_captured_when_it_is_resumed() {
    let mut fixture = scheduled(&["1", "2"], due(), SignedDuration::ZERO).await;
    pause(&fixture, "1").await;
    let one = json!({"due": 1, "captured": 1, "captured_minor": {"USD": 2599}});
    assert_eq!(counts(&run(&fixture).await), one);
    assert_eq!(counts(&run(&fixture).await), json!({}), "it is not even read");
    let almost = SignedDuration::from_hours(6 * 24 + 1);
    fixture.payments.clock = Arc::new(Stopped(due() + almost));
    for (request, expected) in [
        (dry_run(), json!({"dry_run": true, "held_back": 1})),
        (all(), json!({"held_back": 1})),
        (all(), json!({})),
    ] {
        assert_eq!(counts(&run_of(&fixture, &Everyone, request).await), expected);
    }
    let key = OrderKey { order: "1".parse().unwrap(), ..fixture.key.clone() };
    let order = fixture.payments.resume_captures(&key, Sender::default()).await.unwrap();
    assert_eq!(order.operations().map(|(_, operation)| operation.notices.len()).sum::<usize>(), 1);
    assert_eq!(counts(&run(&fixture).await), one);
}

#[tokio::test]
async fn an_authorization_that_ends_while_it_is_paused_lapses_like_any_other() {
    for (merchants, voided) in [(&Everyone as &dyn Merchants, 0), (&VOIDS_LAPSED, 2)] {
        let fixture = two_ended().await;
        for order in ["1", "2"] {
            pause(&fixture, order).await;
        }
        assert_eq!(counts(&run_of(&fixture, merchants, all()).await), json!({"due": 2, "lapsed": 2}));
        assert_eq!(fixture.gateway.voided.lock().unwrap().len(), voided);
    }
}

#[tokio::test]
async fn a_run_and_a_pause_at_once_leave_the_order_captured_or_paused_and_not_both() {
    // The pause is written before the run's claim.
    let fixture = scheduled(&["1"], due(), SignedDuration::ZERO).await;
    let sent = fixture.sent();
    fixture.meanwhile(|order| assert!(order.pause_captures(None, order.updated_at)));
    assert_eq!(counts(&run(&fixture).await), json!({"overtaken": 1}));
    assert_eq!(fixture.sent(), sent);
    // The claim is written before the pause, which keeps it.
    let fixture = scheduled(&["1"], due(), SignedDuration::ZERO).await;
    run(&fixture).await;
    let captured = fixture.stored().await;
    pause(&fixture, "1").await;
    let order = fixture.stored().await;
    assert_eq!(order.transactions, captured.transactions);
    assert!(order.captures_paused().is_some());
}

#[tokio::test]
async fn a_pause_whose_write_is_overtaken_or_whose_response_is_lost_is_made_once() {
    let who = |name: &str| Attribution { actor: Some(name.to_owned()), ..Attribution::default() };
    for faults in [&[Fault::Overtaken, Fault::Overtaken][..], &[Fault::FoundByRepeat]] {
        let fixture = scheduled(&["1"], due(), SignedDuration::ZERO).await;
        fixture.next_writes(faults);
        let [ann, bob] = ["Ann", "Bob"].map(who);
        let [first, second] = [&ann, &bob].map(|by| Sender { by: Some(by), seen_version: None });
        let order = fixture.payments.pause_captures(&fixture.key, first).await.unwrap();
        assert_eq!(order, fixture.stored().await);
        let again = fixture.payments.pause_captures(&fixture.key, second).await.unwrap();
        assert_eq!((again.version, again.pauses.len()), (order.version, 1), "nothing is written again");
        assert_eq!(again.captures_paused().unwrap().by.as_deref(), Some(&who("Ann")));
    }
    let fixture = scheduled(&["1"], due(), SignedDuration::ZERO).await;
    fixture.next_writes(&[Fault::Overtaken; 8]);
    let refused = fixture.payments.pause_captures(&fixture.key, Sender::default()).await;
    assert!(matches!(refused, Err(Refusal::Contended)));
    fixture.next_writes(&[Fault::NotDone]);
    let refused = fixture.payments.pause_captures(&fixture.key, Sender::default()).await;
    assert!(matches!(refused, Err(Refusal::Store(_))));
    assert!(fixture.stored().await.captures_paused().is_none());
    let other = OrderKey { order: "2".parse().unwrap(), ..fixture.key.clone() };
    let refused = fixture.payments.resume_captures(&other, Sender::default()).await;
    assert!(matches!(refused, Err(Refusal::Rejected(Rejection::OrderNotFound))));
}

#[tokio::test]
async fn that_captures_are_paused_and_resumed_is_in_the_log_with_who_and_why() {
    let fixture = scheduled(&["1"], due(), SignedDuration::ZERO).await;
    let who = Attribution {
        key_name: Some("erp".to_owned()),
        actor: Some("Ann".to_owned()),
        reason: Some("fraud".to_owned()),
        ..Attribution::default()
    };
    let log = crate::memory::Log::here();
    let sender = Sender { by: Some(&who), seen_version: None };
    for _ in 0..2 {
        fixture.payments.pause_captures(&fixture.key, sender).await.unwrap();
    }
    fixture.payments.resume_captures(&fixture.key, Sender::default()).await.unwrap();
    let lines = log.lines("changed");
    let [paused, resumed] = lines.as_slice() else { panic!("{lines:?}") };
    assert_eq!(
        (&paused["what"], &resumed["what"]),
        (&"scheduled captures paused".into(), &"scheduled captures resumed".into())
    );
    for (name, value) in [("key_name", "erp"), ("actor", "Ann"), ("request_reason", "fraud"), ("order", "1")]
    {
        assert_eq!(paused[name], value, "{name}");
    }
    assert_eq!(resumed.get("actor"), None);
}

#[tokio::test]
async fn an_authorization_that_ended_lapses_and_is_voided_first_if_the_merchant_wants_that() {
    let lapsed = json!({"due": 2, "lapsed": 2});
    let unreachable = json!({"due": 1, "retried": 1, "held_back": 1});
    for (says, expected, lapses) in [
        (None, lapsed.clone(), true),
        (Some(unknown()), lapsed.clone(), true),
        // It cannot be voided, so it only lapses.
        (Some(declined()), lapsed.clone(), true),
        (Some(not_done(NoEffect::AlreadySettled)), lapsed.clone(), true),
        // It can be voided later, and stays due until then.
        (Some(not_done(NoEffect::TryAgain)), json!({"due": 2, "retried": 2}), false),
        (Some(not_done(NoEffect::Unreachable)), unreachable.clone(), false),
        (Some(not_done(NoEffect::Misconfigured)), unreachable, false),
    ] {
        let fixture = two_ended().await;
        let sent = fixture.sent();
        assert_eq!(fixture.gateway.voided.lock().unwrap().len(), 0);
        for says in [says.clone(), says.clone()].into_iter().flatten() {
            fixture.gateway_says(says);
        }
        let report = run_of(&fixture, &VOIDS_LAPSED, all()).await;
        assert_eq!(counts(&report), expected, "{says:?}");
        let asked = fixture.gateway.voided.lock().unwrap().len();
        assert_eq!(fixture.sent() - sent, asked, "nothing but voids");
        assert_eq!(asked, report.due, "{says:?}");
        assert_eq!(counts(&run(&fixture).await) == json!({}), lapses, "{says:?}");
    }

    let fixture = two_ended().await;
    let sent = fixture.sent();
    assert_eq!(counts(&run(&fixture).await), lapsed);
    assert_eq!(fixture.sent(), sent, "without a void");
    assert_eq!(counts(&run(&fixture).await), json!({}));
}

#[tokio::test]
async fn what_cannot_be_read_or_written_is_counted_and_stops_nothing_else() {
    let (captured, lapsed) = (
        json!({"failed": 1, "due": 1, "captured": 1, "captured_minor": {"USD": 2599}}),
        json!({"failed": 1, "due": 1, "lapsed": 1}),
    );
    // An intent that was not saved is decided and saved again, eight times.
    for (what, fixture, merchants, faults, expected) in [
        ("an intent", two().await, &Everyone as &dyn Merchants, 8, captured),
        ("both intents", two().await, &Everyone, 16, json!({"failed": 2})),
        ("a lapse", two_ended().await, &Everyone, 1, lapsed.clone()),
        ("the intent of a void", two_ended().await, &VOIDS_LAPSED, 8, lapsed),
    ] {
        fixture.next_writes(&vec![Fault::NotDone; faults]);
        assert_eq!(counts(&run_of(&fixture, merchants, all()).await), expected, "{what}");
    }

    let fixture = two().await;
    fixture.store.unread.store(true, Ordering::Relaxed);
    let request = CaptureRequest { shards: Some(vec![0, 7]), ..CaptureRequest::default() };
    assert_eq!(counts(&run_of(&fixture, &Everyone, request).await), json!({"unread_shards": 2}));
}

#[tokio::test]
async fn what_somebody_else_did_first_is_overtaken() {
    // The index still has the captured orders.
    let fixture = two().await;
    run(&fixture).await;
    let keys = ["1", "2"].map(|order| OrderKey { order: order.parse().unwrap(), ..fixture.key.clone() });
    *fixture.store.lagging.lock().unwrap() = keys.to_vec();
    let sent = fixture.sent();
    assert_eq!(counts(&run(&fixture).await), json!({"overtaken": 2}));
    let dry = run_of(&fixture, &Everyone, dry_run()).await;
    assert_eq!(counts(&dry), json!({"dry_run": true, "overtaken": 2}));
    assert_eq!(fixture.sent(), sent);

    // The schedule is canceled while a run is at it.
    let cancelled = |order: &mut Order| order.transactions[0].capture = None;
    for merchants in [&Everyone as &dyn Merchants, &VOIDS_LAPSED] {
        let fixture = scheduled(&["1"], due(), ENDED).await;
        fixture.meanwhile(cancelled);
        assert_eq!(counts(&run_of(&fixture, merchants, all()).await), json!({"overtaken": 1}));
    }
}

#[tokio::test]
async fn a_run_can_be_for_one_order_or_one_merchant() {
    let fixture = two().await;
    let request = |order: &str, merchant: &str| CaptureRequest {
        order_id: (!order.is_empty()).then(|| order.parse().unwrap()),
        merchant_id: (!merchant.is_empty()).then(|| merchant.parse().unwrap()),
        ..dry_run()
    };
    for (order, merchant, due) in [("", "", 2), ("1", "", 1), ("3", "", 0), ("", "m", 2), ("", "n", 0)]
        .into_iter()
        .chain([("1", "m", 1), ("1", "n", 0), ("3", "m", 0)])
    {
        let report = run_of(&fixture, &Everyone, request(order, merchant)).await;
        assert_eq!(report.due, due, "{order} {merchant}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_that_has_no_time_left_says_what_it_leaves() {
    let fixture = two().await;
    for (left, expected) in [
        (INQUIRY_MIN, json!({"due": 2, "captured": 2, "captured_minor": {"USD": 5198}})),
        (INQUIRY_MIN.mul_f32(0.99), json!({"left": 2})),
        (SEND_MIN, json!({"left": 2})),
        (SEND_MIN.mul_f32(0.99), json!({"more_left": true})),
    ]
    .into_iter()
    .rev()
    {
        let sources = CaptureSources { merchants: &Everyone, switch: &StoppedFor("") };
        let report = capture_due(&fixture.payments, sources, all(), SETTINGS, Deadline::after(left)).await;
        assert_eq!(counts(&report), expected, "{left:?}");
    }
}

/// One order with three authorizations that are due, on a clock that is this much later.
async fn three_of_one_order(later: SignedDuration) -> Fixture {
    let (mut fixture, due) = (Fixture::new().await, due());
    for amount in [500, 600, 700] {
        let intent = paying(Some(&amount.to_string()), |pay| {
            (pay.kind, pay.capture) = (PaymentKind::Authorize, CaptureAt::At(due).into());
            pay.amount = Amount::new(amount).ok();
        });
        fixture.perform(&intent, Duration::from_secs(29)).await.unwrap();
    }
    fixture.payments.clock = Arc::new(Stopped(due + later));
    fixture
}

#[tokio::test]
async fn an_order_with_several_authorizations_is_done_with_in_one_run() {
    let fixture = three_of_one_order(SignedDuration::ZERO).await;
    let expected = json!({"due": 3, "captured": 3, "captured_minor": {"USD": 1800}});
    assert_eq!(counts(&run(&fixture).await), expected);
    for merchants in [&Everyone as &dyn Merchants, &VOIDS_LAPSED] {
        let fixture = three_of_one_order(ENDED).await;
        assert_eq!(counts(&run_of(&fixture, merchants, all()).await), json!({"due": 3, "lapsed": 3}));
    }
}

#[tokio::test(start_paused = true)]
async fn captures_of_an_order_for_which_no_time_is_left_wait_for_the_next_run() {
    let mut fixture = three_of_one_order(SignedDuration::ZERO).await;
    fixture.payments.gateway = Arc::new(trail::Slow(fixture.gateway.clone()));
    let sources = CaptureSources { merchants: &Everyone, switch: &StoppedFor("") };
    let deadline = Deadline::after(INQUIRY_MIN + Duration::from_secs(2));
    let report = capture_due(&fixture.payments, sources, all(), SETTINGS, deadline).await;
    assert_eq!(counts(&report), json!({"due": 1, "captured": 1, "captured_minor": {"USD": 500}}));
}

#[tokio::test]
async fn a_run_ends_with_a_line_of_all_counts() {
    let fixture = two().await;
    let log = crate::memory::Log::here();
    let report = run(&fixture).await;
    let lines = log.lines("captured what was due");
    let [line] = lines.as_slice() else { panic!("{lines:?}") };
    let Value::Object(all) = serde_json::to_value(&report).unwrap() else { unreachable!() };
    for (name, value) in all.iter().filter(|(name, _)| *name != "captured_minor") {
        assert_eq!(&line[name], value, "{name}");
    }
    assert_eq!(line["captured_minor"], "{\"USD\": 5198}");
    run(&fixture).await;
    assert_eq!(log.lines("captured what was due").len(), 1, "a run that finds nothing has no line");
}

#[tokio::test]
async fn a_capture_that_an_order_has_no_room_for_waits_for_a_person() {
    let fixture = scheduled(&["1"], due(), SignedDuration::ZERO).await;
    for order in fixture.store.table.all().values_mut() {
        let Some(transaction) = order.transactions.first_mut() else { continue };
        let (id, state) = (Uuid::from_u128(1), OperationState::Decided(no_room()));
        let refused = Operation { id, kind: Kind::Capture, state, ..transaction.operations[0].clone() };
        transaction.operations.resize_with(OPERATIONS_MAX, || refused.clone());
    }
    let sent = fixture.sent();
    assert_eq!(counts(&run(&fixture).await), json!({"failed": 1}));
    assert_eq!(fixture.sent(), sent);
}

fn no_room() -> Decision {
    Decision::NoEffect(GatewayResponse::default(), NoEffect::Unreachable)
}

#[tokio::test]
async fn a_part_counts_as_much_as_it_is_in_a_dry_run_and_when_it_is_captured() {
    let fixture = two().await;
    let part = CaptureAmount::Part(Amount::new(600).unwrap());
    let terms = CaptureTerms { at: None, amount: Some(part) };
    let (key, order) = (&fixture.key, fixture.stored().await);
    let id = order.transactions[0].id;
    fixture.payments.schedule_capture(&fixture.merchant, key, id, &terms, Sender::default()).await.unwrap();
    let sum = [("USD", 2599 + 600)].into();
    let looked = run_of(&fixture, &Everyone, dry_run()).await;
    assert_eq!((looked.captured, &looked.captured_minor), (2, &sum));
    let report = run(&fixture).await;
    assert_eq!((report.captured, report.captured_minor), (2, sum));
    assert_eq!(fixture.stored().await.transactions[0].captured().minor(), 600);
}

#[tokio::test]
async fn the_captures_of_a_merchant_whose_payments_are_stopped_wait_and_are_sent_afterwards() {
    let fixture = two().await;
    let deadline = || Deadline::after(Duration::from_secs(55));
    let run = async |switch: StoppedFor, request: CaptureRequest| {
        let sources = CaptureSources { merchants: &Everyone, switch: &switch };
        counts(&capture_due(&fixture.payments, sources, request, SETTINGS, deadline()).await)
    };
    let own = "m";
    assert_eq!(run(StoppedFor(own), all()).await, json!({"held_back": 2}));
    assert_eq!(run(StoppedFor("?"), all()).await, json!({"failed": 2}), "that it may cannot be told");
    assert_eq!(run(StoppedFor(own), dry_run()).await["captured"], 2, "what would be done otherwise");
    assert_eq!(run(StoppedFor("other"), all()).await["captured"], 2);
}

#[tokio::test]
async fn a_capture_that_a_person_holds_back_is_not_reported_as_waiting() {
    let late = SignedDuration::from_mins(20);
    let fixture = scheduled(&["1"], due(), late).await;
    let age = |report: CaptureReport| SignedDuration::from_secs(report.oldest_due_age_s);
    assert_eq!(age(run_of(&fixture, &PAUSED, all()).await), SignedDuration::ZERO);
    assert_eq!(age(run_of(&fixture, &UNAVAILABLE, all()).await), late, "no person does");
    let sources = CaptureSources { merchants: &Everyone, switch: &StoppedFor("m") };
    let deadline = Deadline::after(Duration::from_secs(55));
    let stopped = capture_due(&fixture.payments, sources, all(), SETTINGS, deadline).await;
    assert_eq!(age(stopped), SignedDuration::ZERO);
    assert_eq!(age(run(&fixture).await), late);
}

#[tokio::test]
async fn what_is_held_without_a_schedule_is_counted_on_its_last_day_and_at_its_end() {
    for (later, word) in [(SignedDuration::from_hours(6 * 24 + 1), "ending"), (ENDED, "ended")] {
        let mut fixture = Fixture::new().await;
        for order in ["1", "2"] {
            fixture.register(order).await;
            let intent = paying(None, |pay| pay.kind = PaymentKind::Authorize);
            fixture.perform(&intent, Duration::from_secs(29)).await.unwrap();
        }
        fixture.payments.clock = Arc::new(Stopped(due() + later));
        let looked = counts(&run_of(&fixture, &Everyone, dry_run()).await);
        assert_eq!(looked, json!({(word): 2, "dry_run": true}));
        fixture.next_writes(&[Fault::NotDone]);
        let paused = counts(&run_of(&fixture, &PAUSED, all()).await);
        assert_eq!(paused, json!({(word): 1, "failed": 1, "held_back": 2}), "they are seen to all the same");
        assert_eq!(counts(&run(&fixture).await), json!({(word): 1}));
        assert_eq!(counts(&run(&fixture).await), json!({}));
    }
}

#[tokio::test]
async fn a_schedule_is_changed_in_the_version_that_was_seen() {
    let fixture = two().await;
    let (key, order) = (&fixture.key, fixture.stored().await);
    let (id, seen) = (order.transactions[0].id, order.version);
    let terms = CaptureTerms { at: None, amount: Some(CaptureAmount::Part(Amount::new(600).unwrap())) };
    let differs = Some(Rejection::VersionDiffers(seen));
    let rejected = |result: Result<Order, Refusal>| match result {
        Err(Refusal::Rejected(why)) => Some(why),
        _ => None,
    };
    let (payments, merchant) = (&fixture.payments, &fixture.merchant);
    let seen_as = |seen| Sender { by: None, seen_version: Some(seen) };
    let moved = async |seen| payments.schedule_capture(merchant, key, id, &terms, seen_as(seen)).await;
    assert_eq!(rejected(moved(seen - 1).await), differs);
    assert_eq!(rejected(payments.pause_captures(key, seen_as(seen - 1)).await), differs);
    assert_eq!(fixture.stored().await, order);
    assert_eq!(rejected(moved(seen).await), None);
    assert_eq!(fixture.stored().await.version, seen + 1);
    assert_eq!(rejected(payments.pause_captures(key, seen_as(seen + 1)).await), None);
    assert_eq!(fixture.stored().await.version, seen + 2);
}

#[tokio::test]
async fn captures_of_an_order_with_an_open_chargeback_are_held_back_and_told_of() {
    let (mut fixture, due) = (Fixture::new().await, due());
    let intent =
        paying(None, |pay| (pay.kind, pay.capture) = (PaymentKind::Authorize, CaptureAt::At(due).into()));
    fixture.gateway_says(Outcome::Approved(approved_as("111")));
    fixture.perform(&intent, Duration::from_secs(29)).await.unwrap();
    fixture.disputed().await.unwrap();
    fixture.payments.clock = Arc::new(Stopped(due));
    let log = crate::memory::Log::here();
    let dry = run_of(&fixture, &Everyone, dry_run()).await;
    assert_eq!(counts(&dry), json!({"dry_run": true, "held_back": 1}));
    assert_eq!(counts(&run(&fixture).await), json!({"held_back": 1}));
    assert_eq!(log.lines("needs attention: a scheduled capture waits for the end of a dispute").len(), 1);
    assert_eq!(counts(&run(&fixture).await), json!({}));
}

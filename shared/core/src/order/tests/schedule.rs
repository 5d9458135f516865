//! Captures that happen by themselves.

use jiff::SignedDuration;
use uuid::Uuid;

use super::{
    Fixture, TOTAL,
    fixture::{Planned, declined, not_done, unknown},
};
use crate::{
    journal::{AttentionReason, attentions},
    order::{
        Action, CaptureAt, CaptureStanding, Decision, Due, GatewayResponse, NoEffect, Pay, PaymentKind,
        Principal, Rejection, Stage, Transaction,
    },
    values::{Amount, CardSummary},
};

const DAY_S: i64 = 24 * 3600;

/// An authorization that is due for capture so many seconds from now.
fn authorized(after_s: i64) -> (Fixture, Uuid) {
    let mut fixture = Fixture::new();
    let at = fixture.now + SignedDuration::from_secs(after_s);
    let id = authorize(&mut fixture, CaptureAt::At(at)).unwrap();
    (fixture, id)
}

fn authorize(fixture: &mut Fixture, capture: CaptureAt) -> Result<Uuid, Rejection> {
    let pay = Pay {
        kind: PaymentKind::Authorize,
        amount: None,
        card: CardSummary::default(),
        standalone: None,
        save_for: None,
        lacks_postcode: false,
        capture,
        shopper: None,
    };
    let at = fixture.ask(Action::Pay(pay), None)?.sent();
    fixture.approve(at);
    Ok(at.transaction)
}

fn capture_due(fixture: &mut Fixture) -> Result<Planned, Rejection> {
    fixture.ask(Action::CaptureDue, None)
}

fn only(fixture: &Fixture) -> &Transaction {
    &fixture.order.transactions[0]
}

#[test]
fn it_is_due_at_its_moment_and_not_a_second_before() {
    let (mut fixture, id) = authorized(3600);
    assert_eq!(fixture.order.next_capture_at(), Some(fixture.now + SignedDuration::from_secs(3600)));
    fixture.later(3599);
    assert_eq!(fixture.order.due_for_capture(fixture.now), None);
    assert_eq!(capture_due(&mut fixture), Err(Rejection::NothingDue));
    fixture.later(1);
    assert_eq!(fixture.order.due_for_capture(fixture.now), Some(Due::Capture(id)));
    let at = capture_due(&mut fixture).unwrap().sent();
    assert_eq!(
        (fixture.operation(at).by, fixture.operation(at).amount.minor()),
        (Principal::Schedule, TOTAL)
    );
    fixture.approve(at);
    assert_eq!((only(&fixture).captured().minor(), fixture.order.next_capture_at()), (TOTAL, None));
}

#[test]
fn two_runs_at_once_capture_once() {
    let (mut fixture, _) = authorized(0);
    let at = capture_due(&mut fixture).unwrap().sent();
    assert_eq!(capture_due(&mut fixture), Err(Rejection::NothingDue), "the first has claimed it");
    fixture.told(at, &unknown());
    fixture.later(10 * DAY_S);
    assert_eq!(capture_due(&mut fixture), Err(Rejection::NothingDue), "what is in doubt is never sent again");
    assert_eq!(fixture.order.next_capture_at(), None);
}

#[test]
fn a_capture_or_a_void_by_hand_ends_the_schedule() {
    let (mut fixture, id) = authorized(3600);
    let at = fixture.capture(id, Some(100)).unwrap().sent();
    assert_eq!(fixture.order.next_capture_at(), None, "while it is under way");
    fixture.approve(at);
    fixture.later(7200);
    assert_eq!(capture_due(&mut fixture), Err(Rejection::NothingDue));
    let (mut fixture, id) = authorized(3600);
    let at = fixture.void(id).unwrap().sent();
    fixture.approve(at);
    fixture.later(7200);
    assert_eq!(capture_due(&mut fixture), Err(Rejection::NothingDue));
    // One that did nothing leaves the schedule as it was.
    let (mut fixture, id) = authorized(3600);
    let at = fixture.capture(id, None).unwrap().sent();
    fixture.told(at, &not_done(NoEffect::TryAgain));
    fixture.later(3600);
    capture_due(&mut fixture).unwrap().sent();
}

#[test]
fn what_did_nothing_is_tried_again_later_and_later_as_the_same_operation() {
    let (mut fixture, _) = authorized(0);
    let first = capture_due(&mut fixture).unwrap().sent();
    for minutes in [1, 2, 5, 15, 60, 60, 60] {
        fixture.told(first, &not_done(NoEffect::TryAgain));
        assert_eq!(only(&fixture).capture_standing(), Some(CaptureStanding::Retrying));
        fixture.later(minutes * 60 - 1);
        assert_eq!(capture_due(&mut fixture), Err(Rejection::NothingDue), "{minutes} minutes");
        fixture.later(1);
        assert_eq!(capture_due(&mut fixture).unwrap().sent(), first);
    }
    assert_eq!((only(&fixture).operations.len(), fixture.operation(first).attempt.number), (2, 8));
    fixture.approve(first);
    assert_eq!(only(&fixture).captured().minor(), TOTAL);
}

#[test]
fn a_refusal_stops_it_until_it_is_scheduled_anew() {
    let (mut fixture, id) = authorized(0);
    let at = capture_due(&mut fixture).unwrap().sent();
    fixture.told(at, &declined());
    assert_eq!(only(&fixture).capture_standing(), Some(CaptureStanding::Stopped));
    fixture.later(DAY_S);
    assert_eq!(capture_due(&mut fixture), Err(Rejection::NothingDue));
    fixture.order.schedule_capture(id, Some(fixture.now), fixture.now).unwrap();
    let again = capture_due(&mut fixture).unwrap().sent();
    assert_ne!(again, at);
    fixture.approve(again);
    assert_eq!(only(&fixture).captured().minor(), TOTAL);
}

#[test]
fn an_authorization_that_ends_before_it_could_be_captured_lapses_once() {
    let (mut fixture, id) = authorized(6 * DAY_S + 22 * 3600);
    fixture.later(6 * DAY_S + 22 * 3600);
    let at = capture_due(&mut fixture).unwrap().sent();
    // Retries up to an hour before the end, then nothing until the end.
    let mut attempts = 0;
    while attempts < 10 {
        fixture.told(at, &not_done(NoEffect::TryAgain));
        attempts += 1;
        fixture.now = fixture.order.next_capture_at().unwrap();
        match capture_due(&mut fixture) {
            Ok(asked) => assert_eq!(asked.sent(), at),
            Err(rejection) => {
                assert_eq!(rejection, Rejection::AuthorizationEnded(id));
                break;
            }
        }
    }
    assert_eq!(attempts, 5, "after 0, 1, 3, 8 and 23 minutes; 83 would be in the last hour");
    assert_eq!(Some(fixture.now), only(&fixture).authorization_expires_at);
    assert!(fixture.order.lapse(id, fixture.now).is_some());
    assert_eq!(only(&fixture).capture_standing(), Some(CaptureStanding::Lapsed));
    assert_eq!((fixture.order.next_capture_at(), fixture.order.lapse(id, fixture.now)), (None, None));
    // It may be alive all the same: a person can still capture it.
    fixture.capture(id, None).unwrap().sent();
}

#[test]
fn what_nobody_tried_in_time_is_tried_for_an_hour_after_the_end_and_then_lapses() {
    for (late_s, due) in [(3600, Due::Capture as fn(Uuid) -> Due), (3601, Due::Lapse)] {
        let (mut fixture, id) = authorized(7 * DAY_S);
        fixture.later(7 * DAY_S + late_s);
        assert_eq!(fixture.order.due_for_capture(fixture.now), Some(due(id)), "{late_s}");
    }
}

#[test]
fn a_moment_in_the_past_means_now_and_one_after_the_end_is_refused() {
    let mut fixture = Fixture::new();
    let long_ago = fixture.now - SignedDuration::from_hours(1000);
    authorize(&mut fixture, CaptureAt::At(long_ago)).unwrap();
    assert_eq!(fixture.order.next_capture_at(), Some(fixture.now));
    let mut fixture = Fixture::new();
    let latest = fixture.now + fixture.policy.authorization_lifetime;
    let after = latest + SignedDuration::from_secs(1);
    assert_eq!(authorize(&mut fixture, CaptureAt::At(after)), Err(Rejection::CaptureAfterExpiry(latest)));
    assert!(fixture.order.transactions.is_empty());
    let id = authorize(&mut fixture, CaptureAt::At(latest)).unwrap();
    assert_eq!(
        fixture.order.schedule_capture(id, Some(after), fixture.now),
        Err(Rejection::CaptureAfterExpiry(latest))
    );
}

#[test]
fn the_merchants_default_holds_unless_the_request_says_otherwise() {
    let mut fixture = Fixture::new();
    fixture.policy.capture_after = Some(SignedDuration::from_hours(2));
    let id = authorize(&mut fixture, CaptureAt::AsTheMerchantSays).unwrap();
    assert_eq!(fixture.order.next_capture_at(), Some(fixture.now + SignedDuration::from_hours(2)));
    fixture.order.schedule_capture(id, None, fixture.now).unwrap();
    assert_eq!(fixture.order.next_capture_at(), None);
    let mut fixture = Fixture::new();
    fixture.policy.capture_after = Some(SignedDuration::from_hours(2));
    authorize(&mut fixture, CaptureAt::Never).unwrap();
    assert_eq!(fixture.order.next_capture_at(), None);
}

#[test]
fn only_what_can_be_captured_can_be_scheduled() {
    let mut fixture = Fixture::new();
    let at = fixture.pay(PaymentKind::Purchase, None, None).unwrap().sent();
    fixture.approve(at);
    let refused = fixture.order.schedule_capture(at.transaction, Some(fixture.now), fixture.now);
    assert_eq!(refused, Err(Rejection::NotAnAuthorization));
    let (mut fixture, id) = authorized(60);
    let at = fixture.capture(id, None).unwrap().sent();
    let in_progress = Rejection::OperationInProgress(id);
    assert_eq!(fixture.order.schedule_capture(id, None, fixture.now), Err(in_progress));
    fixture.approve(at);
    assert_eq!(fixture.order.schedule_capture(id, None, fixture.now), Err(Rejection::AlreadyCaptured));
    assert_eq!(
        fixture.order.schedule_capture(Uuid::nil(), None, fixture.now),
        Err(Rejection::TransactionNotFound)
    );
}

#[test]
fn an_order_in_doubt_is_not_due_and_one_that_was_found_absent_is_due_again() {
    let (mut fixture, _) = authorized(0);
    let at = capture_due(&mut fixture).unwrap().sent();
    fixture.told(at, &unknown());
    assert_eq!(fixture.order.next_capture_at(), None);
    fixture.later(95);
    fixture.learns(at, &crate::order::Finding::Absent);
    fixture.later(60);
    fixture.learns(at, &crate::order::Finding::Absent);
    assert!(fixture.operation(at).is(Stage::NoEffect));
    assert_eq!(fixture.order.next_capture_at(), Some(fixture.now + SignedDuration::from_mins(1)));
}

#[test]
fn what_is_held_back_is_told_of_once_in_the_last_day_of_its_authorization() {
    let (mut fixture, _) = authorized(0);
    let ends = only(&fixture).authorization_expires_at.unwrap();
    let tell = |fixture: &mut Fixture| fixture.order.notify_of_held_back(fixture.now).is_some();
    assert!(!tell(&mut fixture), "there is time");
    fixture.now = ends - SignedDuration::from_secs(DAY_S + 1);
    assert!(!tell(&mut fixture), "there is still time");
    fixture.later(1);
    assert_eq!(fixture.order.clone().notify_of_held_back(ends), None, "nothing can be done any more");
    assert!(tell(&mut fixture));
    assert!(!tell(&mut fixture), "it was told");
    let told = attentions(None, &fixture.order);
    assert_eq!(
        told.iter().map(|told| told.reason).collect::<Vec<_>>(),
        [AttentionReason::AuthorizationEnding]
    );
}

#[test]
fn what_is_not_due_or_is_captured_is_not_told_of_as_held_back() {
    let (mut fixture, id) = authorized(0);
    let ends = only(&fixture).authorization_expires_at.unwrap();
    let hour = SignedDuration::from_hours(1);
    fixture.order.schedule_capture(id, Some(ends - hour), fixture.now).unwrap();
    fixture.now = ends - hour - hour;
    assert_eq!(fixture.order.notify_of_held_back(fixture.now), None, "it is captured in time");
    fixture.now = ends - hour;
    assert_eq!(fixture.order.clone().notify_of_held_back(fixture.now), Some(()));
    let at = capture_due(&mut fixture).unwrap().sent();
    fixture.approve(at);
    assert_eq!(fixture.order.notify_of_held_back(fixture.now), None, "it is captured");
}

#[test]
fn that_the_last_try_failed_is_told_of_that_capture_and_of_no_other() {
    let told = |fixture: &Fixture| -> Vec<Uuid> {
        let all = fixture.order.operations();
        all.filter(|(_, operation)| !operation.notices.is_empty())
            .map(|(_, operation)| operation.id)
            .collect()
    };
    let (mut fixture, id) = authorized(0);
    let at = capture_due(&mut fixture).unwrap().sent();
    fixture.told(at, &not_done(NoEffect::Unreachable));
    assert!(told(&fixture).is_empty(), "it is tried again");
    fixture.now = only(&fixture).authorization_expires_at.unwrap() - SignedDuration::from_mins(30);
    let at = capture_due(&mut fixture).unwrap().sent();
    fixture.told(at, &not_done(NoEffect::Unreachable));
    assert_eq!(told(&fixture), [at.operation]);
    let by_hand = fixture.capture(id, Some(TOTAL - 1)).unwrap().sent();
    fixture.told(by_hand, &not_done(NoEffect::Unreachable));
    assert_eq!(told(&fixture), [at.operation]);
}

#[test]
fn a_capture_can_be_scheduled_up_to_the_very_end() {
    let (mut fixture, id) = authorized(0);
    let ends = only(&fixture).authorization_expires_at.unwrap();
    fixture.order.schedule_capture(id, Some(ends), fixture.now).unwrap();
    let later = fixture.order.schedule_capture(id, Some(ends + SignedDuration::from_secs(1)), fixture.now);
    assert!(matches!(later, Err(Rejection::CaptureAfterExpiry(_))));
}

#[test]
fn a_capture_that_did_nothing_is_tried_again_only_if_that_can_help() {
    for (reason, standing) in [
        (NoEffect::Unreachable, CaptureStanding::Retrying),
        (NoEffect::VoidedElsewhere, CaptureStanding::Stopped),
    ] {
        let (mut fixture, _) = authorized(0);
        let at = capture_due(&mut fixture).unwrap().sent();
        // Without the void that is put on record with it.
        let decision = Decision::NoEffect(GatewayResponse::default(), reason);
        fixture.order.operation_mut(at).unwrap().decide(decision, fixture.now);
        assert_eq!(only(&fixture).capture_standing(), Some(standing));
    }
}

#[test]
fn a_capture_is_tried_again_up_to_the_last_hour_of_its_authorization() {
    for (seconds, is_tried) in [(0, true), (1, false)] {
        let (mut fixture, id) = authorized(0);
        let ends = only(&fixture).authorization_expires_at.unwrap();
        // A minute before the first repetition.
        fixture.now = ends - SignedDuration::from_mins(61) + SignedDuration::from_secs(seconds);
        let at = capture_due(&mut fixture).unwrap().sent();
        fixture.told(at, &not_done(NoEffect::TryAgain));
        let next = fixture.order.next_capture_at().unwrap();
        let due = fixture.order.due_for_capture(next);
        assert_eq!(due, Some(if is_tried { Due::Capture(id) } else { Due::Lapse(id) }), "{seconds}");
    }
}

#[test]
fn an_authorization_that_lapsed_and_is_voided_is_owing_again() {
    let (mut fixture, _) = authorized(0);
    fixture.later(8 * DAY_S);
    let void = fixture.ask(Action::VoidLapsed, None).unwrap().sent();
    fixture.approve(void);
    assert_eq!(fixture.order.owing().map(Amount::minor), Some(TOTAL));
}

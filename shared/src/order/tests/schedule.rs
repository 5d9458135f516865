//! Captures that happen by themselves.

use jiff::SignedDuration;
use uuid::Uuid;

use super::{
    Desk, TOTAL,
    desk::{Asked, declined, not_done, unknown},
};
use crate::{
    card::CardSummary,
    operation::{Grant, Stage},
    order::{Action, CaptureAt, CaptureStanding, Due, Pay, Rejection},
    outcome::NoEffect,
    transaction::{Method, Transaction},
};

const DAY_S: i64 = 24 * 3600;

/// An authorization that is captured by itself so many seconds from now.
fn authorized(after_s: i64) -> (Desk, Uuid) {
    let mut desk = Desk::new();
    let at = desk.now + SignedDuration::from_secs(after_s);
    let id = authorize(&mut desk, CaptureAt::At(at)).unwrap();
    (desk, id)
}

fn authorize(desk: &mut Desk, capture: CaptureAt) -> Result<Uuid, Rejection> {
    let pay = Pay {
        method: Method::Authorize,
        amount: None,
        card: CardSummary::default(),
        alone: None,
        capture,
        shopper: None,
    };
    let at = desk.ask(Action::Pay(pay), None)?.sent();
    desk.approve(at);
    Ok(at.transaction)
}

fn capture_due(desk: &mut Desk) -> Result<Asked, Rejection> {
    desk.ask(Action::CaptureDue, None)
}

fn only(desk: &Desk) -> &Transaction {
    &desk.order.transactions[0]
}

#[test]
fn it_is_due_at_its_moment_and_not_a_second_before() {
    let (mut desk, id) = authorized(3600);
    assert_eq!(desk.order.next_capture_at(), Some(desk.now + SignedDuration::from_secs(3600)));
    desk.later(3599);
    assert_eq!(desk.order.due_for_capture(desk.now), None);
    assert_eq!(capture_due(&mut desk), Err(Rejection::NothingDue));
    desk.later(1);
    assert_eq!(desk.order.due_for_capture(desk.now), Some(Due::Capture(id)));
    let at = capture_due(&mut desk).unwrap().sent();
    assert_eq!((desk.operation(at).by, desk.operation(at).amount.minor()), (Grant::Schedule, TOTAL));
    desk.approve(at);
    assert_eq!((only(&desk).captured().minor(), desk.order.next_capture_at()), (TOTAL, None));
}

#[test]
fn two_runs_at_once_capture_once() {
    let (mut desk, _) = authorized(0);
    let at = capture_due(&mut desk).unwrap().sent();
    assert_eq!(capture_due(&mut desk), Err(Rejection::NothingDue), "the first has claimed it");
    desk.told(at, &unknown());
    desk.later(10 * DAY_S);
    assert_eq!(capture_due(&mut desk), Err(Rejection::NothingDue), "what is in doubt is never sent again");
    assert_eq!(desk.order.next_capture_at(), None);
}

#[test]
fn a_capture_or_a_void_by_hand_ends_the_schedule() {
    let (mut desk, id) = authorized(3600);
    let at = desk.capture(id, Some(100)).unwrap().sent();
    assert_eq!(desk.order.next_capture_at(), None, "while it is under way");
    desk.approve(at);
    desk.later(7200);
    assert_eq!(capture_due(&mut desk), Err(Rejection::NothingDue));
    let (mut desk, id) = authorized(3600);
    let at = desk.void(id).unwrap().sent();
    desk.approve(at);
    desk.later(7200);
    assert_eq!(capture_due(&mut desk), Err(Rejection::NothingDue));
    // One that did nothing leaves the schedule as it was.
    let (mut desk, id) = authorized(3600);
    let at = desk.capture(id, None).unwrap().sent();
    desk.told(at, &not_done(NoEffect::TryAgain));
    desk.later(3600);
    capture_due(&mut desk).unwrap().sent();
}

#[test]
fn what_did_nothing_is_tried_again_later_and_later_as_the_same_operation() {
    let (mut desk, _) = authorized(0);
    let first = capture_due(&mut desk).unwrap().sent();
    for minutes in [1, 2, 5, 15, 60, 60, 60] {
        desk.told(first, &not_done(NoEffect::TryAgain));
        assert_eq!(only(&desk).capture_standing(), Some(CaptureStanding::Retrying));
        desk.later(minutes * 60 - 1);
        assert_eq!(capture_due(&mut desk), Err(Rejection::NothingDue), "{minutes} minutes");
        desk.later(1);
        assert_eq!(capture_due(&mut desk).unwrap().sent(), first);
    }
    assert_eq!((only(&desk).operations.len(), desk.operation(first).attempt.number), (2, 8));
    desk.approve(first);
    assert_eq!(only(&desk).captured().minor(), TOTAL);
}

#[test]
fn a_refusal_stops_it_until_it_is_scheduled_anew() {
    let (mut desk, id) = authorized(0);
    let at = capture_due(&mut desk).unwrap().sent();
    desk.told(at, &declined());
    assert_eq!(only(&desk).capture_standing(), Some(CaptureStanding::Stopped));
    desk.later(DAY_S);
    assert_eq!(capture_due(&mut desk), Err(Rejection::NothingDue));
    desk.order.schedule_capture(id, Some(desk.now), desk.now).unwrap();
    let again = capture_due(&mut desk).unwrap().sent();
    assert_ne!(again, at);
    desk.approve(again);
    assert_eq!(only(&desk).captured().minor(), TOTAL);
}

#[test]
fn an_authorization_that_ends_before_it_could_be_captured_lapses_once() {
    let (mut desk, id) = authorized(6 * DAY_S + 22 * 3600);
    desk.later(6 * DAY_S + 22 * 3600);
    let at = capture_due(&mut desk).unwrap().sent();
    // Retries up to an hour before the end, then nothing until the end.
    let mut attempts = 0;
    while attempts < 10 {
        desk.told(at, &not_done(NoEffect::TryAgain));
        attempts += 1;
        desk.now = desk.order.next_capture_at().unwrap();
        match capture_due(&mut desk) {
            Ok(asked) => assert_eq!(asked.sent(), at),
            Err(rejection) => {
                assert_eq!(rejection, Rejection::AuthorizationEnded { transaction: id });
                break;
            }
        }
    }
    assert_eq!(attempts, 5, "after 0, 1, 3, 8 and 23 minutes; 83 would be in the last hour");
    assert_eq!(Some(desk.now), only(&desk).authorization_expires_at);
    assert!(desk.order.lapse(id, desk.now).is_some());
    assert_eq!(only(&desk).capture_standing(), Some(CaptureStanding::Lapsed));
    assert_eq!((desk.order.next_capture_at(), desk.order.lapse(id, desk.now)), (None, None));
    // It may be alive all the same: a person can still capture it.
    desk.capture(id, None).unwrap().sent();
}

#[test]
fn what_nobody_tried_in_time_is_tried_for_an_hour_after_the_end_and_then_lapses() {
    for (late_s, due) in [(3600, Due::Capture as fn(Uuid) -> Due), (3601, Due::Lapse)] {
        let (mut desk, id) = authorized(7 * DAY_S);
        desk.later(7 * DAY_S + late_s);
        assert_eq!(desk.order.due_for_capture(desk.now), Some(due(id)), "{late_s}");
    }
}

#[test]
fn a_moment_in_the_past_means_now_and_one_after_the_end_is_refused() {
    let mut desk = Desk::new();
    let long_ago = desk.now - SignedDuration::from_hours(1000);
    authorize(&mut desk, CaptureAt::At(long_ago)).unwrap();
    assert_eq!(desk.order.next_capture_at(), Some(desk.now));
    let mut desk = Desk::new();
    let latest = desk.now + desk.policy.authorization_lifetime;
    let after = latest + SignedDuration::from_secs(1);
    assert_eq!(authorize(&mut desk, CaptureAt::At(after)), Err(Rejection::CaptureAfterExpiry { latest }));
    assert!(desk.order.transactions.is_empty());
    let id = authorize(&mut desk, CaptureAt::At(latest)).unwrap();
    assert_eq!(
        desk.order.schedule_capture(id, Some(after), desk.now),
        Err(Rejection::CaptureAfterExpiry { latest })
    );
}

#[test]
fn the_merchants_default_holds_unless_the_request_says_otherwise() {
    let mut desk = Desk::new();
    desk.policy.capture_after = Some(SignedDuration::from_hours(2));
    let id = authorize(&mut desk, CaptureAt::AsTheMerchantSays).unwrap();
    assert_eq!(desk.order.next_capture_at(), Some(desk.now + SignedDuration::from_hours(2)));
    desk.order.schedule_capture(id, None, desk.now).unwrap();
    assert_eq!(desk.order.next_capture_at(), None);
    let mut desk = Desk::new();
    desk.policy.capture_after = Some(SignedDuration::from_hours(2));
    authorize(&mut desk, CaptureAt::Never).unwrap();
    assert_eq!(desk.order.next_capture_at(), None);
}

#[test]
fn only_what_can_be_captured_can_be_scheduled() {
    let mut desk = Desk::new();
    let at = desk.pay(Method::Purchase, None, None).unwrap().sent();
    desk.approve(at);
    let refused = desk.order.schedule_capture(at.transaction, Some(desk.now), desk.now);
    assert_eq!(refused, Err(Rejection::NotAnAuthorization));
    let (mut desk, id) = authorized(60);
    let at = desk.capture(id, None).unwrap().sent();
    let in_progress = Rejection::OperationInProgress { transaction: id };
    assert_eq!(desk.order.schedule_capture(id, None, desk.now), Err(in_progress));
    desk.approve(at);
    assert_eq!(desk.order.schedule_capture(id, None, desk.now), Err(Rejection::AlreadyCaptured));
    assert_eq!(desk.order.schedule_capture(Uuid::nil(), None, desk.now), Err(Rejection::TransactionNotFound));
}

#[test]
fn an_order_in_doubt_is_not_due_and_one_that_was_found_absent_is_due_again() {
    let (mut desk, _) = authorized(0);
    let at = capture_due(&mut desk).unwrap().sent();
    desk.told(at, &unknown());
    assert_eq!(desk.order.next_capture_at(), None);
    desk.later(95);
    desk.learns(at, &crate::outcome::Finding::Absent);
    desk.later(60);
    desk.learns(at, &crate::outcome::Finding::Absent);
    assert!(desk.operation(at).is(Stage::NoEffect));
    assert_eq!(desk.order.next_capture_at(), Some(desk.now + SignedDuration::from_mins(1)));
}

//! One order's scheduled captures, paused and resumed by a person.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::{
    Fixture, TOTAL,
    fixture::{dispute_report, not_done},
    schedule::{authorize, authorized, capture_due},
};
use crate::{
    journal::{Concern, concerns},
    order::{
        Action, Attribution, CaptureAt, DisputeKind, Due, NoEffect, PAUSES_MAX, PaymentKind, Policy,
        Rejection, Transaction,
    },
};

const DAY: SignedDuration = SignedDuration::from_hours(24);
const HOUR: SignedDuration = SignedDuration::from_hours(1);

fn by(actor: &str) -> Attribution {
    Attribution { actor: Some(actor.to_owned()), reason: Some("fraud".to_owned()), ..Attribution::default() }
}

fn only(fixture: &Fixture) -> &Transaction {
    &fixture.order.transactions[0]
}

fn ends(fixture: &Fixture) -> Timestamp {
    only(fixture).authorization_expires_at.unwrap()
}

/// An authorization that is due now, and paused.
fn paused() -> (Fixture, Uuid) {
    let (mut fixture, id) = authorized(0);
    assert!(fixture.order.pause_captures(Some(&by("Ann")), fixture.now));
    (fixture, id)
}

#[test]
fn the_schedule_captures_nothing_of_a_paused_order_until_it_is_resumed() {
    let (mut fixture, _) = paused();
    let now = fixture.now;
    assert_eq!((fixture.order.due_for_capture(now), fixture.order.paused_since()), (None, Some(now)));
    assert_eq!(capture_due(&mut fixture), Err(Rejection::NothingDue));
    assert_eq!(fixture.order.next_capture_attempt(only(&fixture)), None);
    fixture.later(3600);
    assert!(fixture.order.resume_captures(Some(&by("Bob")), fixture.now));
    assert_eq!((fixture.order.next_capture_at(), fixture.order.paused_since()), (Some(now), None));
    let at = capture_due(&mut fixture).unwrap().sent();
    fixture.approve(at);
    assert_eq!(only(&fixture).captured().minor(), TOTAL);
}

#[test]
fn an_authorization_made_during_a_pause_is_paused_and_a_capture_by_hand_is_not() {
    let mut fixture = Fixture::new();
    fixture.order.pause_captures(None, fixture.now);
    assert_eq!(fixture.order.paused_since(), None, "nothing waits");
    let capture_at = CaptureAt::At(fixture.now);
    let id = authorize(&mut fixture, capture_at).unwrap();
    assert_eq!(fixture.order.paused_since(), Some(fixture.now));
    assert_eq!(capture_due(&mut fixture), Err(Rejection::NothingDue));
    let at = fixture.capture(id, None).unwrap().sent();
    fixture.approve(at);
    assert_eq!((only(&fixture).captured().minor(), fixture.order.paused_since()), (TOTAL, None));
}

#[test]
fn a_pause_keeps_who_began_and_who_ended_it_and_the_last_ones_are_kept() {
    let (mut fixture, _) = paused();
    let (began, ended) = (fixture.now, fixture.now + HOUR);
    assert!(!fixture.order.pause_captures(Some(&by("Eve")), ended), "it is paused");
    assert!(fixture.order.resume_captures(Some(&by("Bob")), ended));
    assert_eq!(fixture.order.updated_at, ended);
    assert!(!fixture.order.resume_captures(Some(&by("Eve")), ended + HOUR), "it is not paused");
    let [pause] = fixture.order.pauses.as_slice() else { panic!("{:?}", fixture.order.pauses) };
    let resumed = pause.resumed.as_ref().unwrap();
    assert_eq!((pause.at, pause.by.as_deref()), (began, Some(&by("Ann"))));
    assert_eq!((resumed.at, resumed.by.as_deref()), (ended, Some(&by("Bob"))));
    for n in 0..PAUSES_MAX {
        fixture.later(60);
        fixture.order.pause_captures(Some(&by(&n.to_string())), fixture.now);
        fixture.order.resume_captures(None, fixture.now);
    }
    let kept = fixture.order.pauses.iter().map(|pause| pause.by.clone().unwrap().actor.unwrap());
    assert_eq!(kept.collect::<Vec<_>>(), ["0", "1", "2", "3", "4"]);
}

#[test]
fn a_paused_order_leaves_the_queue_until_its_authorization_is_about_to_end_and_until_it_lapses() {
    let (mut fixture, id) = paused();
    let ends = ends(&fixture);
    assert_eq!(fixture.order.next_capture_at(), Some(ends - DAY));
    fixture.now = ends - DAY;
    assert_eq!(fixture.order.due_for_capture(fixture.now), Some(Due::Notice(id)));
    assert_eq!(capture_due(&mut fixture), Err(Rejection::CapturesPaused));
    assert!(!fixture.order.lapse(id, fixture.now));
    assert!(concerns(&fixture.order, only(&fixture), fixture.now).contains(&Concern::AuthorizationEnding));
    assert!(fixture.order.notify_of_held_back(fixture.now));
    assert_eq!(fixture.order.next_capture_at(), Some(ends), "it is told once");
    fixture.now = ends;
    assert_eq!(fixture.order.due_for_capture(fixture.now), Some(Due::Lapse(id)));
    assert_eq!(capture_due(&mut fixture), Err(Rejection::AuthorizationEnded(id)));
    assert!(fixture.order.clone().lapse(id, fixture.now));
    let void = fixture.ask(Action::VoidLapsed, None).unwrap().sent();
    fixture.approve(void);
    assert_eq!((fixture.order.next_capture_at(), fixture.order.paused_since()), (None, None));
}

#[test]
fn what_was_not_told_in_time_because_nothing_ran_lapses_all_the_same() {
    let (mut fixture, id) = paused();
    fixture.now = ends(&fixture) - SignedDuration::from_secs(1);
    assert_eq!(fixture.order.due_for_capture(fixture.now), Some(Due::Notice(id)));
    fixture.later(1);
    assert!(!fixture.order.notify_of_held_back(fixture.now));
    assert_eq!(fixture.order.due_for_capture(fixture.now), Some(Due::Lapse(id)));
    assert!(fixture.order.lapse(id, fixture.now));
    assert_eq!(fixture.order.next_capture_at(), None);
}

#[test]
fn a_paused_capture_of_the_last_day_is_told_of_before_it_is_due() {
    let (mut fixture, id) = paused();
    let last = ends(&fixture) - HOUR;
    fixture
        .order
        .schedule_capture(id, &CaptureAt::At(last).into(), None, &fixture.policy, fixture.now)
        .unwrap();
    fixture.now = ends(&fixture) - DAY;
    assert_eq!(fixture.order.next_capture_at(), Some(fixture.now));
    assert_eq!(fixture.order.due_for_capture(fixture.now), Some(Due::Notice(id)));
    assert!(fixture.order.notify_of_held_back(fixture.now));
    assert_eq!(fixture.order.next_capture_at(), Some(ends(&fixture)));
}

#[test]
fn a_pause_while_a_capture_is_in_doubt_holds_back_its_next_attempt() {
    let (mut fixture, _) = authorized(0);
    let at = capture_due(&mut fixture).unwrap().sent();
    fixture.order.pause_captures(None, fixture.now);
    assert_eq!((fixture.order.next_capture_at(), fixture.order.paused_since()), (None, None));
    fixture.told(at, &not_done(NoEffect::TryAgain));
    fixture.later(60);
    assert_eq!(capture_due(&mut fixture), Err(Rejection::NothingDue));
    assert_eq!(fixture.order.next_capture_at(), Some(ends(&fixture) - DAY));
    // In its last hour it would not be tried again, and there is nothing left to hold back.
    let late = ends(&fixture) - HOUR;
    let (mut other, _) = authorized(0);
    other.now = late;
    let at = capture_due(&mut other).unwrap().sent();
    other.order.pause_captures(None, other.now);
    other.told(at, &not_done(NoEffect::TryAgain));
    assert_eq!(other.order.next_capture_at(), Some(ends(&other)), "it lapses at its end");
    other.order.transactions[0].operations[1].notices.clear();
    assert_eq!(other.order.next_capture_at(), Some(ends(&other)), "nor is it told once more");
    fixture.order.resume_captures(None, fixture.now);
    assert_eq!(capture_due(&mut fixture).unwrap().sent(), at_of(&fixture));
}

/// The capture of the only payment.
fn at_of(fixture: &Fixture) -> crate::order::OperationRef {
    let transaction = only(fixture);
    crate::order::OperationRef { transaction: transaction.id, operation: transaction.operations[1].id }
}

#[test]
fn a_capture_that_waits_for_a_dispute_lapses_at_its_end_and_is_due_at_once_when_all_came_back() {
    let (mut fixture, id) = authorized(0);
    // Another payment of the order, which an issuer took back.
    fixture.order.total = None;
    fixture.approved(PaymentKind::Purchase, Some(100));
    let report = |kind, minor| dispute_report(kind, "c", "1", minor);
    fixture.order.record_dispute(&report(DisputeKind::Chargeback, 100), fixture.now).unwrap();
    let due = Some(Due::Capture(id));
    assert_eq!(fixture.order.due_for_capture(fixture.now), due, "the merchant's document decides");
    assert_eq!(capture_due(&mut fixture), Err(Rejection::CapturesDisputed));
    assert!(!fixture.order.is_held_back(&Policy { capture_disputed: true, ..Policy::default() }));
    assert!(!Fixture::new().order.hold_back(fixture.now), "nothing is due");
    assert!(fixture.order.hold_back(fixture.now));
    assert_eq!(fixture.order.due_for_capture(fixture.now), None);
    assert!(concerns(&fixture.order, only(&fixture), fixture.now).contains(&Concern::CaptureSkipped));
    let ends = ends(&fixture);
    assert_eq!(fixture.order.next_capture_at(), Some(ends - DAY));
    assert_eq!(fixture.order.due_for_capture(ends - DAY), Some(Due::Notice(id)));
    assert_eq!(fixture.order.due_for_capture(ends), Some(Due::Lapse(id)));
    let mut ended = fixture.order.clone();
    assert!(ended.lapse(id, ends) && ended.waits_for_dispute(&ended.transactions[0]).is_none());
    fixture.order.record_dispute(&report(DisputeKind::Reversal, 100), fixture.now).unwrap();
    assert_eq!(fixture.order.due_for_capture(fixture.now), due);
    assert!(concerns(&fixture.order, only(&fixture), fixture.now).is_empty());
}

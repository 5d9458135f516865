//! Captures that happen by themselves.

use jiff::SignedDuration;
use uuid::Uuid;

use super::{
    Fixture, TOTAL,
    fixture::{Planned, declined, not_done, partial, unknown},
};
use crate::{
    journal::{AttentionReason, attentions},
    order::{
        Action, CaptureAmount, CaptureAt, CaptureStanding, CaptureTerms, Decision, Due, FeeBasis,
        GatewayResponse, Holds, NoEffect, Pay, PaymentKind, Principal, Rejection, Stage, Transaction,
    },
    values::Amount,
};

const DAY_S: i64 = 24 * 3600;

/// An authorization that is due for capture so many seconds from now.
pub(super) fn authorized(after_s: i64) -> (Fixture, Uuid) {
    let mut fixture = Fixture::new();
    let at = fixture.now + SignedDuration::from_secs(after_s);
    let id = authorize(&mut fixture, CaptureAt::At(at)).unwrap();
    (fixture, id)
}

pub(super) fn authorize(fixture: &mut Fixture, capture: impl Into<CaptureTerms>) -> Result<Uuid, Rejection> {
    let pay = Pay { capture: capture.into(), ..fixture.payment(PaymentKind::Authorize, None) };
    let at = fixture.ask(Action::Pay(pay), None)?.sent();
    fixture.approve(at);
    Ok(at.transaction)
}

pub(super) fn capture_due(fixture: &mut Fixture) -> Result<Planned, Rejection> {
    fixture.ask(Action::CaptureDue { asks_shop: true }, None)
}

fn only(fixture: &Fixture) -> &Transaction {
    &fixture.order.transactions[0]
}

/// When the schedule captures something next.
fn next_capture(fixture: &Fixture) -> Option<jiff::Timestamp> {
    fixture.order.scheduled_captures().map(|(at, _)| at).min()
}

#[test]
fn an_authorization_that_the_schedule_does_not_capture_ends_on_record_an_hour_after_its_end_and_once() {
    // Never scheduled, canceled, refused for good, and paused by its order.
    let mut canceled = authorized(60).0;
    let id = only(&canceled).id;
    canceled.schedule(id, None).unwrap();
    let (mut refused, _) = authorized(0);
    let at = capture_due(&mut refused).unwrap().sent();
    refused.told(at, &declined());
    let mut never = Fixture::new();
    authorize(&mut never, CaptureAt::Never).unwrap();
    let (mut captured, id) = authorized(0);
    let at = captured.capture(id, None).unwrap().sent();
    captured.approve(at);
    for (mut fixture, ends, told) in
        [(canceled, true, 1), (refused, true, 0), (never, true, 1), (captured, false, 0)]
    {
        let id = only(&fixture).id;
        let expires = only(&fixture).authorization_expires_at.unwrap();
        let over = expires + SignedDuration::from_hours(1);
        fixture.now = expires - SignedDuration::from_hours(24);
        assert_eq!(fixture.order.see_to_holds(fixture.now).ending, told, "a refusal is known");
        assert_eq!(fixture.order.see_to_holds(fixture.now), Holds::default(), "it is told once");
        assert_eq!(fixture.order.next_capture_at(), ends.then_some(over));
        assert_eq!(fixture.order.see_to_holds(over - SignedDuration::from_secs(1)), Holds::default());
        assert_eq!(fixture.order.due_for_capture(over), ends.then_some(Due::End(id)));
        fixture.now = over;
        let asked = capture_due(&mut fixture);
        let expected = if ends { Rejection::AuthorizationEnded(id) } else { Rejection::NothingDue };
        assert_eq!(asked, Err(expected), "nothing is sent");
        assert_eq!(fixture.order.see_to_holds(over).ended, usize::from(ends));
        assert_eq!(fixture.order.see_to_holds(over), Holds::default(), "once");
        assert_eq!((only(&fixture).lapsed_at, fixture.order.next_capture_at()), (ends.then_some(over), None));
        assert_eq!((only(&fixture).is_expiring(over), only(&fixture).has_expired(over)), (ends, ends));
        if ends {
            assert_eq!((only(&fixture).updated_at, fixture.order.updated_at), (over, over));
            // The issuer may allow it all the same.
            let at = fixture.capture(id, None).unwrap().sent();
            assert_eq!(fixture.order.see_to_holds(over), Holds::default());
            fixture.approve(at);
            assert_eq!(only(&fixture).captured().minor(), TOTAL);
        }
    }
}

#[test]
fn an_authorization_without_a_schedule_is_told_of_a_day_before_it_ends_once_and_also_if_nothing_ran_then() {
    let day = SignedDuration::from_hours(24);
    let told = |fixture: &Fixture| attentions(None, &fixture.order).len();
    let mut fixture = Fixture::new();
    authorize(&mut fixture, CaptureAt::Never).unwrap();
    let expires = only(&fixture).authorization_expires_at.unwrap();
    assert_eq!(fixture.order.next_capture_at(), Some(expires - day), "the only place until then");
    assert_eq!(fixture.order.see_to_holds(expires - day - SignedDuration::from_secs(1)), Holds::default());
    for late in [0, 24, 25] {
        let mut fixture = Fixture::new();
        let id = authorize(&mut fixture, CaptureAt::Never).unwrap();
        fixture.now = expires - day + SignedDuration::from_hours(late);
        let due = if late < 25 { Due::LastDay(id) } else { Due::End(id) };
        assert_eq!(fixture.order.due_for_capture(fixture.now), Some(due), "{late} h");
        assert_eq!(capture_due(&mut fixture), Err(Rejection::AuthorizationEnded(id)), "nothing is sent");
        let is_told = late < 25;
        let holds = fixture.order.see_to_holds(fixture.now);
        assert_eq!((holds.ending, holds.ended), (usize::from(is_told), usize::from(!is_told)));
        assert_eq!(
            (told(&fixture), fixture.order.see_to_holds(fixture.now)),
            (holds.ending, Holds::default())
        );
        let end = expires + SignedDuration::from_hours(1);
        assert_eq!(fixture.order.next_capture_at(), is_told.then_some(end));
    }
}

#[test]
fn a_capture_whose_outcome_is_not_known_keeps_what_is_held() {
    let mut fixture = Fixture::new();
    let id = authorize(&mut fixture, CaptureAt::Never).unwrap();
    let at = fixture.capture(id, None).unwrap().sent();
    fixture.told(at, &unknown());
    fixture.later(30 * DAY_S);
    let holds = fixture.order.see_to_holds(fixture.now);
    assert_eq!((fixture.order.next_capture_at(), holds), (None, Holds::default()));
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
    fixture.schedule(id, Some(fixture.now)).unwrap();
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
    assert!(fixture.order.lapse(id, fixture.now));
    assert_eq!(only(&fixture).capture_standing(), Some(CaptureStanding::Lapsed));
    assert_eq!((fixture.order.next_capture_at(), fixture.order.lapse(id, fixture.now)), (None, false));
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
    assert_eq!(fixture.schedule(id, Some(after)), Err(Rejection::CaptureAfterExpiry(latest)));
}

#[test]
fn the_merchants_default_holds_unless_the_request_says_otherwise() {
    let mut fixture = Fixture::new();
    fixture.policy.capture = Some("PT2H".parse().unwrap());
    let id = authorize(&mut fixture, CaptureTerms::default()).unwrap();
    assert_eq!(fixture.order.next_capture_at(), Some(fixture.now + SignedDuration::from_hours(2)));
    fixture.schedule(id, None).unwrap();
    assert_eq!(next_capture(&fixture), None);
    let mut fixture = Fixture::new();
    fixture.policy.capture = Some("PT2H".parse().unwrap());
    authorize(&mut fixture, CaptureAt::Never).unwrap();
    assert_eq!(next_capture(&fixture), None);
}

#[test]
fn only_what_can_be_captured_can_be_scheduled() {
    let mut fixture = Fixture::new();
    let at = fixture.pay(PaymentKind::Purchase, None, None).unwrap().sent();
    fixture.approve(at);
    let refused = fixture.schedule(at.transaction, Some(fixture.now));
    assert_eq!(refused, Err(Rejection::NotAnAuthorization));
    let (mut fixture, id) = authorized(60);
    let at = fixture.capture(id, None).unwrap().sent();
    let in_progress = Rejection::OperationInProgress(id);
    assert_eq!(fixture.schedule(id, None), Err(in_progress));
    fixture.approve(at);
    assert_eq!(fixture.schedule(id, None), Err(Rejection::AlreadyCaptured));
    assert_eq!(fixture.schedule(Uuid::nil(), None), Err(Rejection::TransactionNotFound));
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
    let tell = |fixture: &mut Fixture| fixture.order.notify_of_held_back(fixture.now);
    assert!(!tell(&mut fixture), "there is time");
    fixture.now = ends - SignedDuration::from_secs(DAY_S + 1);
    assert!(!tell(&mut fixture), "there is still time");
    fixture.later(1);
    assert!(!fixture.order.clone().notify_of_held_back(ends), "nothing can be done any more");
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
    fixture.schedule(id, Some(ends - hour)).unwrap();
    fixture.now = ends - hour - hour;
    assert!(!fixture.order.notify_of_held_back(fixture.now), "it is captured in time");
    fixture.now = ends - hour;
    assert!(fixture.order.clone().notify_of_held_back(fixture.now));
    let mut unscheduled = fixture.order.clone();
    unscheduled.transactions[0].capture = None;
    unscheduled.pause_captures(None, fixture.now);
    assert!(!unscheduled.notify_of_held_back(fixture.now), "it is never captured");
    let at = capture_due(&mut fixture).unwrap().sent();
    fixture.approve(at);
    assert!(!fixture.order.notify_of_held_back(fixture.now), "it is captured");
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
fn a_capture_can_be_moved_up_to_the_very_end_and_the_last_five_moves_are_on_record() {
    let (mut fixture, id) = authorized(0);
    let ends = only(&fixture).authorization_expires_at.unwrap();
    fixture.later(1);
    (0..6).for_each(|_| fixture.schedule(id, Some(ends)).unwrap());
    let moves = fixture.order.capture_moves.iter().map(|own| (own.transaction, own.at, own.to));
    assert!(moves.eq([(id, fixture.now, Some(ends)); 5]), "older ones are in the log only");
    assert_eq!(fixture.order.capture_moved(id), fixture.order.capture_moves.last());
    assert_eq!((only(&fixture).updated_at, fixture.order.updated_at), (fixture.now, fixture.now));
    let later = fixture.schedule(id, Some(ends + SignedDuration::from_secs(1)));
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

/// The terms of a capture of a part.
fn part(minor: u64, at: Option<CaptureAt>) -> CaptureTerms {
    CaptureTerms { at, amount: Some(CaptureAmount::Part(Amount::new(minor).unwrap())) }
}

/// The terms of a capture of a part that is due at once.
fn part_now(minor: u64, fixture: &Fixture) -> CaptureTerms {
    part(minor, Some(CaptureAt::At(fixture.now)))
}

/// How much the capture that is due takes.
fn due_minor(fixture: &mut Fixture) -> u64 {
    let at = capture_due(fixture).unwrap().sent();
    fixture.operation(at).amount.minor()
}

#[test]
fn the_part_that_was_requested_is_captured_and_the_rest_released() {
    let mut fixture = Fixture::new();
    let terms = part_now(TOTAL - 1, &fixture);
    let id = authorize(&mut fixture, terms).unwrap();
    assert_eq!(only(&fixture).scheduled_amount().map(Amount::minor), Some(TOTAL - 1));
    let at = capture_due(&mut fixture).unwrap().sent();
    assert_eq!(fixture.operation(at).amount.minor(), TOTAL - 1);
    fixture.approve(at);
    assert_eq!((only(&fixture).captured().minor(), only(&fixture).scheduled_amount()), (TOTAL - 1, None));
    assert_eq!(fixture.schedule(id, None), Err(Rejection::AlreadyCaptured));
}

#[test]
fn no_more_can_be_scheduled_than_is_held_and_nothing_without_a_moment() {
    let mut fixture = Fixture::new();
    let held = Amount::new(TOTAL).unwrap();
    let more = part_now(TOTAL + 1, &fixture);
    let refused = Err(Rejection::CaptureExceedsAuthorized(held));
    assert_eq!(authorize(&mut fixture, more.clone()), refused);
    let unscheduled = Err(Rejection::CaptureNotScheduled);
    for at in [None, Some(CaptureAt::Never)] {
        assert_eq!(authorize(&mut fixture, part(1, at)), unscheduled);
    }
    assert!(fixture.order.transactions.is_empty());
    let id = authorize(&mut fixture, CaptureTerms::default()).unwrap();
    assert_eq!(fixture.reschedule(id, &part(1, None)), unscheduled.map(drop));
    assert_eq!(fixture.reschedule(id, &more), refused.map(drop));
    assert_eq!(only(&fixture).capture, None);
    fixture.reschedule(id, &part_now(TOTAL, &fixture)).unwrap();
    assert_eq!(due_minor(&mut fixture), TOTAL);
}

#[test]
fn another_amount_is_another_capture_and_a_moved_one_keeps_its_amount() {
    let mut fixture = Fixture::new();
    let terms = part_now(100, &fixture);
    let id = authorize(&mut fixture, terms).unwrap();
    let declines = |fixture: &mut Fixture, minor| {
        assert_eq!(only(fixture).capture_standing(), Some(CaptureStanding::Waiting));
        let at = capture_due(fixture).unwrap().sent();
        assert_eq!(fixture.operation(at).amount.minor(), minor);
        fixture.told(at, &declined());
        assert_eq!(only(fixture).capture_standing(), Some(CaptureStanding::Stopped));
    };
    declines(&mut fixture, 100);
    // At the same moment, and then with the first amount again: neither is the one that was
    // declined.
    fixture.reschedule(id, &part(200, None)).unwrap();
    declines(&mut fixture, 200);
    fixture.later(1);
    fixture.reschedule(id, &part(100, None)).unwrap();
    declines(&mut fixture, 100);
    fixture.later(1);
    fixture.schedule(id, Some(fixture.now)).unwrap();
    declines(&mut fixture, 100);
    fixture.later(1);
    fixture.reschedule(id, &CaptureTerms { at: None, amount: Some(CaptureAmount::All) }).unwrap();
    declines(&mut fixture, TOTAL);
}

#[test]
fn what_was_canceled_is_scheduled_anew_without_its_amount() {
    let mut fixture = Fixture::new();
    let terms = part_now(100, &fixture);
    let id = authorize(&mut fixture, terms).unwrap();
    fixture.schedule(id, None).unwrap();
    fixture.schedule(id, Some(fixture.now)).unwrap();
    assert_eq!(due_minor(&mut fixture), TOTAL);
}

#[test]
fn of_a_partial_approval_no_more_is_captured_than_it_holds() {
    for (part_minor, held, captured) in [(600, 500, 500), (600, 700, 600), (600, 600, 600)] {
        let mut fixture = Fixture::new();
        fixture.policy.accept_partial_approval = true;
        let capture = part_now(part_minor, &fixture);
        let pay = Pay { capture, ..fixture.payment(PaymentKind::Authorize, None) };
        let at = fixture.ask(Action::Pay(pay), None).unwrap().sent();
        fixture.told(at, &partial(held));
        assert_eq!(only(&fixture).scheduled_amount().map(Amount::minor), Some(captured));
        assert_eq!(due_minor(&mut fixture), captured);
    }
}

#[test]
fn a_part_of_what_may_have_a_fee_is_scheduled_only_where_it_can_be_named() {
    for (surcharges, basis, minor, fits) in [
        (true, None, TOTAL - 1, false),
        (true, None, TOTAL, true),
        (true, Some(FeeBasis::Total), TOTAL - 1, true),
        (false, None, TOTAL - 1, true),
    ] {
        let mut fixture = Fixture::new();
        fixture.policy.surcharging = if surcharges { vec!["1".to_owned()] } else { Vec::new() };
        fixture.policy.fee_basis = basis;
        let terms = part_now(minor, &fixture);
        let expected = if fits { Ok(()) } else { Err(Rejection::FeeBasisRequired) };
        assert_eq!(authorize(&mut fixture, terms).map(drop), expected);
    }
}

#[test]
fn a_rule_counts_from_the_authorization_and_one_after_its_end_is_refused_where_it_is_stated() {
    let rule = |text: &str| CaptureAt::After(text.parse().unwrap());
    let mut fixture = Fixture::new();
    let begun = fixture.now;
    let latest = begun + fixture.policy.authorization_lifetime;
    let refused = Rejection::CaptureRuleAfterExpiry(latest);
    assert_eq!(authorize(&mut fixture, rule("P7DT1S")), Err(refused.clone()));
    let id = authorize(&mut fixture, rule("P7D")).unwrap();
    assert_eq!(fixture.order.next_capture_at(), Some(latest));
    fixture.later(3600);
    fixture.reschedule(id, &rule("PT2H").into()).unwrap();
    assert_eq!(fixture.order.next_capture_at(), Some(begun + SignedDuration::from_hours(2)));
    fixture.reschedule(id, &rule("PT0S").into()).unwrap();
    assert_eq!(fixture.order.next_capture_at(), Some(fixture.now), "it is past: now");
    assert_eq!(fixture.reschedule(id, &rule("P7DT1S").into()), Err(refused));
}

#[test]
fn the_orders_default_comes_before_the_merchants_and_no_default_refuses_a_payment_for_its_holidays() {
    let rule = |text: &str| Some(CaptureAt::After(text.parse().unwrap()));
    let hours = SignedDuration::from_hours;
    for (order, merchant, due) in [
        (None, None, None),
        (None, Some("PT2H"), Some(hours(2))),
        (rule("PT3H"), Some("PT2H"), Some(hours(3))),
        (Some(CaptureAt::Never), Some("PT2H"), None),
        // After its end: a day before it.
        (rule("P8D"), None, Some(hours(6 * 24))),
        (None, Some("P8D"), Some(hours(6 * 24))),
        (rule("P7D"), None, Some(hours(7 * 24))),
    ] {
        let mut fixture = Fixture::new();
        fixture.order.capture = order;
        fixture.policy.capture = merchant.map(|text| text.parse().unwrap());
        authorize(&mut fixture, CaptureTerms::default()).unwrap();
        assert_eq!(next_capture(&fixture), due.map(|after| fixture.now + after));
    }
    let mut fixture = Fixture::new();
    fixture.policy.authorization_lifetime = hours(12);
    fixture.policy.capture = Some("P1D".parse().unwrap());
    authorize(&mut fixture, CaptureTerms::default()).unwrap();
    assert_eq!(fixture.order.next_capture_at(), Some(fixture.now), "not before it");
    let mut fixture = Fixture::new();
    let latest = fixture.now + fixture.policy.authorization_lifetime;
    fixture.order.capture = Some(CaptureAt::At(latest + hours(1)));
    let refused = authorize(&mut fixture, CaptureTerms::default());
    assert_eq!(refused, Err(Rejection::CaptureAfterExpiry(latest)));
}

#[test]
fn a_part_is_captured_and_scheduled_only_where_its_shop_can_show_it() {
    for (of_shop, minor, fits) in [(true, TOTAL - 1, false), (true, TOTAL, true), (false, TOTAL - 1, true)] {
        let (mut fixture, id) = authorized(60);
        fixture.order.transactions[0].recording = of_shop.then(Box::default);
        // Payments of no shop do not end with its order.
        fixture.order.cancelled_at = (!of_shop).then_some(fixture.now);
        let expected = if fits { Ok(()) } else { Err(Rejection::NotRecordable) };
        assert_eq!(fixture.reschedule(id, &part_now(minor, &fixture)), expected);
        assert_eq!(fixture.capture(id, Some(minor)).map(drop), expected);
    }
    // The schedule's part was let in when it was stated.
    let (mut fixture, id) = authorized(60);
    fixture.reschedule(id, &part_now(100, &fixture)).unwrap();
    fixture.order.transactions[0].recording = Some(Box::default());
    assert_eq!(due_minor(&mut fixture), 100);
}

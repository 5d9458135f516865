//! The handling of the gateway's later response.

mod giving_back;
mod held_back;
mod late;

use uuid::Uuid;

use super::*;
use crate::{
    order::{
        CaptureAt, DisputeKind, DisputeReport, OperationStatus, PaymentKind, Rejection, TransactionStatus,
        tests::fixture::{Fixture, TOTAL, amount, approval, dispute_report, not_done, partial, unknown},
    },
    values::Amount,
};

fn in_doubt(kind: PaymentKind) -> (Fixture, OperationRef) {
    let mut fixture = Fixture::new();
    let at = fixture.pay(kind, None, Some("k")).unwrap().sent();
    fixture.told(at, &unknown());
    (fixture, at)
}

fn became(outcome: Outcome) -> Finding {
    Finding::Became(Box::new(outcome))
}

fn found(fixture: &Fixture, at: OperationRef) -> Finding {
    became(approval(fixture.operation(at)))
}

fn status(fixture: &Fixture, at: OperationRef) -> TransactionStatus {
    fixture.transaction(at.transaction).status()
}

#[test]
fn an_approval_that_is_found_is_adopted() {
    let (mut fixture, at) = in_doubt(PaymentKind::Purchase);
    let finding = found(&fixture, at);
    assert_eq!(fixture.learns(at, &finding), Some(NextStep::Respond));
    assert_eq!((status(&fixture, at), fixture.order.owing()), (TransactionStatus::Done, Some(Amount::ZERO)));
    assert_eq!(fixture.order.next_inquiry_at(), None);
    assert_eq!(fixture.learns(at, &finding), None, "nothing more to learn");
}

#[test]
fn a_part_that_is_found_is_given_back() {
    let (mut fixture, at) = in_doubt(PaymentKind::Purchase);
    assert!(matches!(fixture.learns(at, &became(partial(500))), Some(NextStep::Send(_))));
    assert_eq!(status(&fixture, at), TransactionStatus::Pending);
}

#[test]
fn no_trace_counts_only_when_it_is_late_enough_and_seen_twice_a_minute_apart() {
    let (mut fixture, at) = in_doubt(PaymentKind::Purchase);
    fixture.later(94);
    fixture.learns(at, &Finding::Absent);
    fixture.later(60);
    fixture.learns(at, &Finding::Absent);
    assert_eq!(status(&fixture, at), TransactionStatus::Pending, "the first was too early to count");
    fixture.later(59);
    fixture.learns(at, &Finding::Absent);
    assert_eq!(status(&fixture, at), TransactionStatus::Pending, "too close to the one that counted");
    fixture.later(1);
    fixture.learns(at, &Finding::Absent);
    assert_eq!(
        (status(&fixture, at), fixture.order.owing()),
        (TransactionStatus::Failed, Some(amount(TOTAL)))
    );
    assert!(fixture.order.next_inquiry_at().is_some(), "looked for once more");
    // Known to have done nothing: the key's request gets another attempt.
    assert_eq!(fixture.pay(PaymentKind::Purchase, None, Some("k")).unwrap().sent(), at);
}

/// A refund that is paid twice cannot be voided.
#[test]
fn no_trace_of_a_refund_counts_only_an_hour_after_it_was_sent() {
    let (mut fixture, at) = refund_in_doubt();
    for seconds in [100, 60, 3600 - 161, 1] {
        fixture.later(seconds);
        assert_eq!(fixture.learns(at, &Finding::Absent), Some(NextStep::Respond));
        assert!(fixture.operation(at).is(Stage::Pending));
    }
    fixture.later(59);
    fixture.learns(at, &Finding::Absent);
    assert!(fixture.operation(at).is(Stage::Pending), "too close to the one that counted");
    fixture.later(1);
    fixture.learns(at, &Finding::Absent);
    assert_eq!(fixture.operation(at).no_effect(), Some(NoEffect::NeverArrived));
}

#[test]
fn anything_else_in_between_starts_the_two_looks_anew() {
    let (mut fixture, at) = in_doubt(PaymentKind::Purchase);
    fixture.later(100);
    fixture.learns(at, &Finding::Absent);
    fixture.later(60);
    fixture.learns(at, &Finding::Undecided);
    fixture.later(60);
    fixture.learns(at, &Finding::Absent);
    assert_eq!(status(&fixture, at), TransactionStatus::Pending);
}

#[test]
fn no_response_changes_nothing_and_the_back_off_goes_on_with_responses() {
    let (mut fixture, at) = in_doubt(PaymentKind::Authorize);
    let due = fixture.order.next_inquiry_at();
    assert_eq!(fixture.learns(at, &Finding::Failed), None);
    assert_eq!(fixture.order.next_inquiry_at(), due);
    let mut waits = Vec::new();
    for _ in 0..7 {
        fixture.learns(at, &Finding::Undecided);
        let next = fixture.order.next_inquiry_at().unwrap();
        waits.push(next.duration_since(fixture.now).as_mins());
        fixture.now = next;
    }
    assert_eq!(waits, [1, 2, 5, 15, 60, 60, 60]);
    assert_eq!(status(&fixture, at), TransactionStatus::Pending, "never given up");
}

#[test]
fn a_void_that_must_succeed_is_sent_three_times_and_then_stays_in_doubt() {
    let mut fixture = Fixture::new();
    let at = fixture.pay(PaymentKind::Purchase, None, None).unwrap().sent();
    let NextStep::Send(void) = fixture.told(at, &partial(500)) else { panic!("no void") };
    for attempt in 1..=3 {
        assert_eq!(fixture.operation(void).attempt.number, attempt);
        fixture.told(void, &not_done(NoEffect::Unreachable));
        fixture.later(100);
        fixture.learns(void, &Finding::Absent);
        fixture.later(60);
        let next = fixture.learns(void, &Finding::Absent);
        assert_eq!(next, Some(if attempt < 3 { NextStep::Send(void) } else { NextStep::Respond }));
    }
    assert_eq!(status(&fixture, at), TransactionStatus::Pending, "the money is still held");
}

#[test]
fn a_request_that_may_still_run_is_not_overtaken() {
    let (mut fixture, at) = in_doubt(PaymentKind::Purchase);
    fixture.later(29);
    assert_eq!(fixture.order.to_inquire_about(at.transaction, fixture.now), None);
    fixture.later(1);
    assert_eq!(fixture.order.to_inquire_about(at.transaction, fixture.now), Some(at));
    assert_eq!(fixture.order.to_inquire_about(Uuid::nil(), fixture.now), None);
}

#[test]
fn a_payment_voided_elsewhere_is_not_approved_and_frees_the_order() {
    let (mut fixture, at) = in_doubt(PaymentKind::Purchase);
    fixture.learns(at, &became(not_done(NoEffect::VoidedElsewhere)));
    assert_eq!(
        (status(&fixture, at), fixture.order.owing()),
        (TransactionStatus::Failed, Some(amount(TOTAL)))
    );
    assert_eq!(fixture.capture(at.transaction, None), Err(Rejection::TransactionFailed));
}

fn approved_as(reference: &str) -> GatewayResponse {
    GatewayResponse {
        reference: Some(reference.to_owned()),
        charged: Some(amount(TOTAL).into()),
        ..GatewayResponse::default()
    }
}

#[test]
fn two_approvals_found_at_once_leave_one() {
    let (mut fixture, at) = in_doubt(PaymentKind::Authorize);
    let both = Finding::Several(vec![approved_as("first"), approved_as("second")]);
    let Some(NextStep::Send(void)) = fixture.learns(at, &both) else { panic!("no void") };
    assert_eq!(fixture.operation(void).reference.as_deref(), Some("second"));
    let payment = fixture.transaction(at.transaction);
    assert_eq!(payment.operation_status(fixture.operation(at)), OperationStatus::Done);
    fixture.approve(void);
    assert_eq!(
        (status(&fixture, at), fixture.transaction(at.transaction).reference()),
        (TransactionStatus::Done, Some("first"))
    );
    assert_eq!(fixture.transaction(at.transaction).capturable(), amount(TOTAL));
}

#[test]
fn what_was_voided_elsewhere_is_not_charged_again_by_a_repeat_with_its_key() {
    let (mut fixture, at) = in_doubt(PaymentKind::Purchase);
    fixture.learns(at, &became(not_done(NoEffect::VoidedElsewhere)));
    assert_eq!(fixture.pay(PaymentKind::Purchase, None, Some("k")).unwrap().replayed(), at);
    assert_ne!(
        fixture.pay(PaymentKind::Purchase, None, None).unwrap().sent(),
        at,
        "a new wish is a new payment"
    );
}

#[test]
fn a_refund_that_must_succeed_is_sent_again_when_it_was_declined() {
    let mut fixture = Fixture::new();
    let at = fixture.pay(PaymentKind::Purchase, None, None).unwrap().sent();
    let NextStep::Send(void) = fixture.told(at, &partial(500)) else { panic!("no void") };
    let settled = became(not_done(NoEffect::AlreadySettled));
    let Some(NextStep::Send(refund)) = fixture.learns(void, &settled) else { panic!("no refund") };
    fixture.told(refund, &crate::order::tests::fixture::declined());
    fixture.later(60);
    let declined = became(crate::order::tests::fixture::declined());
    assert_eq!(fixture.learns(refund, &declined), Some(NextStep::Send(refund)));
    assert_eq!(
        (fixture.operation(refund).attempt.number, status(&fixture, at)),
        (2, TransactionStatus::Pending)
    );
    fixture.approve(refund);
    assert_eq!(status(&fixture, at), TransactionStatus::Failed);
}

fn response(status: &str) -> GatewayResponse {
    GatewayResponse { status: Some(status.to_owned()), ..GatewayResponse::default() }
}

#[test]
fn a_payment_that_timed_out_at_the_gateway_had_no_effect_and_frees_the_order() {
    for finding in [Finding::TimedOut(response("B")), Finding::TryAgain(response("B"))] {
        let (mut fixture, at) = in_doubt(PaymentKind::Purchase);
        fixture.learns(at, &finding);
        assert_eq!(
            (status(&fixture, at), fixture.order.owing()),
            (TransactionStatus::Failed, Some(amount(TOTAL)))
        );
        assert_eq!(fixture.operation(at).no_effect(), Some(NoEffect::TryAgain));
        assert_eq!(fixture.order.next_inquiry_at(), None, "the gateway's word needs no later look");
    }
}

/// A refund in doubt of a payment that settled.
fn refund_in_doubt() -> (Fixture, OperationRef) {
    let mut fixture = Fixture::new();
    let id = fixture.approved(PaymentKind::Purchase, None);
    let at = fixture.refund(id, None).unwrap().sent();
    fixture.told(at, &unknown());
    (fixture, at)
}

/// Its batch can run on the next day or after a weekend, and its record shows the timeout until
/// then.
#[test]
fn a_refund_that_timed_out_at_the_gateway_is_pending_until_its_record_or_a_person_decides() {
    let (mut fixture, at) = refund_in_doubt();
    let timed_out = Finding::TimedOut(response("B"));
    for hours in [1, 24, 72, 24 * 30] {
        fixture.later(hours * 3_600);
        assert_eq!(fixture.learns(at, &timed_out), Some(NextStep::Respond), "and is not sent again");
        assert_eq!(status(&fixture, at), TransactionStatus::Pending, "{hours} h later");
    }
    assert_eq!(fixture.operation(at).attempt.number, 1);
    let done = found(&fixture, at);
    fixture.learns(at, &done);
    assert_eq!(status(&fixture, at), TransactionStatus::Done);
}

#[test]
fn a_refund_to_be_sent_again_is_undone_only_when_it_is_seen_twice_an_hour_after_sending() {
    let (mut fixture, at) = refund_in_doubt();
    let try_again = Finding::TryAgain(response("B"));
    for (seconds, then) in [(3_599, None), (1, None), (59, None), (1, Some(NoEffect::TryAgain))] {
        fixture.later(seconds);
        fixture.learns(at, &try_again);
        assert_eq!(fixture.operation(at).no_effect(), then, "{seconds} s more");
    }
    let refund = fixture.operation(at);
    assert_eq!((refund.response().unwrap().status.as_deref(), refund.attempt.number), (Some("B"), 1));
    // It is looked for once more, and before another refund.
    assert_eq!(fixture.order.suspects(Kind::Refund, at.transaction).count(), 1);
    assert_eq!(fixture.order.next_inquiry_at(), Some(fixture.now + SignedDuration::from_hours(1)));
    fixture.later(3_600);
    fixture.learns(at, &try_again);
    assert_eq!(fixture.order.next_inquiry_at(), None);
    assert_eq!(fixture.order.suspects(Kind::Refund, at.transaction).count(), 0);
}

#[test]
fn a_refund_to_be_sent_again_that_was_done_after_all_is_recorded_as_done() {
    let (mut fixture, at) = refund_in_doubt();
    for seconds in [3_600, 60] {
        fixture.later(seconds);
        fixture.learns(at, &Finding::TryAgain(response("B")));
    }
    assert!(fixture.operation(at).is(Stage::NoEffect));
    fixture.later(3_600);
    let done = found(&fixture, at);
    fixture.learns(at, &done);
    assert!(fixture.operation(at).is(Stage::Approved));
}

#[test]
fn a_duplicate_is_declined_only_after_two_inquiries_without_an_approval() {
    for said_at_once in [true, false] {
        let mut fixture = Fixture::new();
        let at = fixture.pay(PaymentKind::Purchase, None, Some("k")).unwrap().sent();
        let duplicate = Finding::Duplicate(response("C"));
        let shows = if said_at_once { Finding::Absent } else { duplicate };
        let doubt = if said_at_once { Doubt::Duplicate } else { Doubt::NoResponse };
        fixture.told(at, &Outcome::Unknown(doubt, response("C")));
        fixture.later(95);
        fixture.learns(at, &shows);
        fixture.later(59);
        fixture.learns(at, &shows);
        assert_eq!(status(&fixture, at), TransactionStatus::Pending);
        fixture.later(1);
        fixture.learns(at, &shows);
        let decline = fixture.operation(at).decline().unwrap();
        assert_eq!(decline.code, crate::values::DeclineCode::DuplicateTransaction);
    }
}

#[test]
fn an_approved_record_decides_what_was_refused_as_a_duplicate() {
    let mut fixture = Fixture::new();
    let at = fixture.pay(PaymentKind::Purchase, None, Some("k")).unwrap().sent();
    fixture.told(at, &Outcome::Unknown(Doubt::Duplicate, response("C")));
    let finding = found(&fixture, at);
    fixture.learns(at, &finding);
    assert_eq!(status(&fixture, at), TransactionStatus::Done);
}

#[test]
fn an_inquiry_without_a_usable_response_is_put_off_so_that_others_have_their_turn() {
    let (mut fixture, at) = in_doubt(PaymentKind::Purchase);
    fixture.later(60);
    assert!(fixture.order.put_off(at, fixture.now));
    assert_eq!(fixture.order.next_inquiry_at(), Some(fixture.now + SignedDuration::from_mins(5)));
    assert_eq!(fixture.operation(at).pending().unwrap().inquiries, 0, "the gateway said nothing");
    assert!(!fixture.order.put_off(OperationRef { operation: Uuid::nil(), ..at }, fixture.now));
}

#[test]
fn nothing_is_concluded_to_be_absent_of_an_order_that_a_newer_version_wrote() {
    for seconds in [200, 600] {
        let (mut fixture, at) = in_doubt(PaymentKind::Purchase);
        fixture.order.newer_form = Some(2);
        for _ in 0..5 {
            fixture.later(seconds);
            fixture.learns(at, &Finding::Absent);
            assert!(fixture.order.next_inquiry_at().unwrap() > fixture.now, "not at once again");
        }
        assert_eq!(status(&fixture, at), TransactionStatus::Pending);
    }
}

#[test]
fn the_next_inquiry_after_no_trace_is_when_it_can_count() {
    let (mut fixture, at) = in_doubt(PaymentKind::Purchase);
    let sent = fixture.operation(at).attempt.at;
    let next = |fixture: &Fixture| fixture.order.next_inquiry_at().unwrap().duration_since(sent).as_secs();
    fixture.later(50);
    fixture.learns(at, &Finding::Absent);
    assert_eq!(next(&fixture), 95);
    fixture.later(50);
    fixture.learns(at, &Finding::Absent);
    assert_eq!(next(&fixture), 160);
    fixture.later(20);
    fixture.learns(at, &Finding::Absent);
    assert_eq!(next(&fixture), 160);
}

#[test]
fn what_only_a_newer_version_can_read_is_left_to_it() {
    let (mut fixture, at) = in_doubt(PaymentKind::Purchase);
    fixture.later(30);
    assert_eq!(fixture.order.to_inquire_about(at.transaction, fixture.now), Some(at));
    fixture.order.capture = Some(CaptureAt::Unrecognized);
    assert_eq!(fixture.pay(PaymentKind::Purchase, None, None), Err(Rejection::NewerVersion));
    fixture.order.operation_mut(at).unwrap().cause = Cause::Unrecognized;
    assert_eq!(fixture.order.to_inquire_about(at.transaction, fixture.now), None);
    for seconds in [3_600, 3_600] {
        fixture.later(seconds);
        fixture.learns(at, &Finding::Absent);
        assert!(fixture.operation(at).is(Stage::Pending), "it may still arrive");
    }
    fixture.order.operation_mut(at).unwrap().state = OperationState::Unrecognized;
    assert_eq!(fixture.pay(PaymentKind::Purchase, None, Some("k")), Err(Rejection::NewerVersion));
    assert_eq!(fixture.told(at, &partial(500)), NextStep::Respond);
    assert_eq!(fixture.operation(at).superseded.len(), 1, "the outcome is kept until then");
}

#[test]
fn an_inquiry_is_due_from_its_second_on() {
    let (mut fixture, at) = in_doubt(PaymentKind::Purchase);
    for (seconds, due) in [(59, vec![]), (1, vec![at])] {
        fixture.later(seconds);
        assert_eq!(fixture.order.due_for_inquiry(fixture.now).collect::<Vec<_>>(), due);
    }
}

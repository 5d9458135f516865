//! Abandoned operations: how long inquiries look for them, and the steps when one turns up.

use super::*;
use crate::order::{Action, Target};

/// The operations that are looked for before another payment.
fn suspected(order: &Order) -> Vec<OperationRef> {
    order.suspects(Kind::Purchase, Uuid::nil()).collect()
}

/// A payment that was given up as absent, at the time of its last look.
pub(super) fn given_up() -> (Fixture, OperationRef) {
    let (mut fixture, at) = in_doubt(PaymentKind::Purchase);
    fixture.later(100);
    fixture.learns(at, &Finding::Absent);
    fixture.later(60);
    fixture.learns(at, &Finding::Absent);
    assert_eq!(status(&fixture, at), TransactionStatus::Failed);
    (fixture, at)
}

#[test]
fn a_late_approval_is_adopted_when_the_order_still_owes_it() {
    let (mut fixture, at) = given_up();
    assert_eq!(
        fixture.order.to_inquire_about(at.transaction, fixture.now),
        None,
        "not before its last look is due"
    );
    fixture.later(3600);
    assert_eq!(fixture.order.to_inquire_about(at.transaction, fixture.now), Some(at));
    let finding = found(&fixture, at);
    assert_eq!(fixture.learns(at, &finding), Some(NextStep::Respond));
    assert_eq!((status(&fixture, at), fixture.order.owing()), (TransactionStatus::Done, Some(Amount::ZERO)));
}

#[test]
fn a_late_approval_of_an_order_that_was_paid_meanwhile_is_given_back() {
    let (mut fixture, at) = given_up();
    fixture.approved(PaymentKind::Purchase, Some(TOTAL));
    fixture.later(3600);
    let finding = found(&fixture, at);
    let Some(NextStep::Send(void)) = fixture.learns(at, &finding) else { panic!("no void") };
    assert_eq!(
        (fixture.operation(void).kind, fixture.operation(void).cause),
        (Kind::Void, Cause::LateApproval)
    );
    fixture.approve(void);
    assert_eq!(status(&fixture, at), TransactionStatus::Failed);
    assert_eq!(fixture.order.owing(), Some(Amount::ZERO));
}

#[test]
fn an_operation_that_stays_away_is_looked_for_after_an_hour_a_day_and_three_days() {
    let (mut fixture, at) = given_up();
    let sent = fixture.operation(at).attempt.at;
    let mut looks = Vec::new();
    while let Some(due) = fixture.order.next_inquiry_at() {
        fixture.now = due;
        looks.push(due.duration_since(sent).as_hours());
        fixture.learns(at, &Finding::Absent);
        assert_eq!(status(&fixture, at), TransactionStatus::Failed);
    }
    assert_eq!(looks, [1, 24, 72]);
}

#[test]
fn what_settled_after_the_last_look_is_found_after_days_and_given_back_by_a_refund() {
    let (mut fixture, at) = given_up();
    fixture.later(3600);
    fixture.learns(at, &Finding::Absent);
    fixture.approved(PaymentKind::Purchase, Some(TOTAL));
    fixture.now = fixture.order.next_inquiry_at().unwrap();
    let finding = found(&fixture, at);
    let Some(NextStep::Send(void)) = fixture.learns(at, &finding) else { panic!("no void") };
    let settled = became(not_done(NoEffect::AlreadySettled));
    let Some(NextStep::Send(refund)) = fixture.learns(void, &settled) else { panic!("no refund") };
    assert_eq!(
        (fixture.operation(refund).kind, fixture.operation(refund).cause),
        (Kind::Refund, Cause::LateApproval)
    );
}

/// A payment that the gateway refused without proof.
fn refused(outcome: &Outcome) -> (Fixture, OperationRef) {
    let mut fixture = Fixture::new();
    let at = fixture.pay(PaymentKind::Purchase, None, Some("k")).unwrap().sent();
    fixture.told(at, outcome);
    assert_eq!(status(&fixture, at), TransactionStatus::Failed);
    (fixture, at)
}

fn try_again() -> Outcome {
    Outcome::NoEffect(NoEffect::TryAgain, GatewayResponse { unproven: true, ..response("B") })
}

#[test]
fn what_was_refused_without_proof_is_a_suspect_until_a_look_and_is_looked_for_an_hour_later() {
    let code = DeclineCode::GenericDecline;
    let declined = Outcome::Declined(GatewayResponse { unproven: true, ..response("C") }, Decline::of(code));
    for outcome in [try_again(), declined] {
        let (mut fixture, at) = refused(&outcome);
        assert_eq!(suspected(&fixture.order), [at]);
        fixture.order.prove_refusals(at);
        assert_eq!(suspected(&fixture.order).len(), 0, "it no longer blocks");
        assert_eq!(fixture.order.to_inquire_about(at.transaction, fixture.now), None);
        fixture.later(3600);
        assert_eq!(fixture.order.to_inquire_about(at.transaction, fixture.now), Some(at));
        let finding = found(&fixture, at);
        fixture.learns(at, &finding);
        assert_eq!(status(&fixture, at), TransactionStatus::Done, "the money moved after all");
        assert_eq!(fixture.order.next_inquiry_at(), None);
    }
}

#[test]
fn a_record_of_the_refusal_is_proof_and_one_that_decides_nothing_is_not() {
    for (finding, suspects) in [
        (became(crate::order::tests::fixture::declined()), 0),
        (Finding::Undecided, 1),
        (Finding::UnderReview, 1),
    ] {
        let (mut fixture, at) = refused(&try_again());
        let policy = crate::order::Policy::default();
        let context =
            Context { policy: &policy, shop: None, now: fixture.now, new_id: &|| Uuid::from_u128(99) };
        look_back(&mut fixture.order, at, &finding, &context);
        assert_eq!(suspected(&fixture.order).len(), suspects, "{finding:?}");
        assert_eq!(status(&fixture, at), TransactionStatus::Failed, "{finding:?}");
    }
}

#[test]
fn what_was_refused_without_proof_and_stays_away_is_looked_for_only_once() {
    let (mut fixture, at) = refused(&try_again());
    fixture.later(3600);
    fixture.learns(at, &Finding::Absent);
    assert_eq!((suspected(&fixture.order).len(), fixture.order.next_inquiry_at()), (0, None));
}

/// Each attempt has an order id of its own, and the record of any can come late.
#[test]
fn a_payment_that_is_refused_130_times_without_proof_is_approved_in_the_end_and_each_attempt_is_looked_for() {
    let (mut fixture, at) = refused(&try_again());
    let mut attempts = vec![fixture.operation(at).attempt.id];
    for _ in 1..130 {
        fixture.order.prove_refusals(at);
        assert_eq!(fixture.pay(PaymentKind::Purchase, None, Some("k")).unwrap().sent(), at);
        attempts.push(fixture.operation(at).attempt.id);
        fixture.told(at, &try_again());
    }
    fixture.order.prove_refusals(at);
    fixture.pay(PaymentKind::Purchase, None, Some("k")).unwrap().sent();
    fixture.told(at, &Outcome::Approved(approved_as("in the end")));
    assert!(fixture.operation(at).superseded.len() <= 2, "the order stays small");
    let mut looked = Vec::new();
    while let Some(due) = fixture.order.next_inquiry_at() {
        assert!(due > fixture.now, "each part has its turn");
        fixture.now = due;
        let now = fixture.operation(at).due_to_look_again(due);
        assert!((1..=8).contains(&now.len()), "a look takes an inquiry for each");
        looked.extend_from_slice(now);
        fixture.learns(at, &became(Outcome::Approved(approved_as("in the end"))));
    }
    assert_eq!(looked, attempts);
    assert_eq!(status(&fixture, at), TransactionStatus::Done);
}

#[test]
fn a_charge_of_an_attempt_that_was_refused_without_proof_is_given_back_beside_a_later_one() {
    let (mut fixture, at) = refused(&try_again());
    fixture.order.prove_refusals(at);
    fixture.pay(PaymentKind::Purchase, None, Some("k")).unwrap().sent();
    fixture.told(at, &Outcome::Approved(approved_as("second")));
    fixture.later(3600);
    let both = Finding::Several(vec![approved_as("first"), approved_as("second")]);
    let Some(NextStep::Send(void)) = fixture.learns(at, &both) else { panic!("no void") };
    assert_eq!(fixture.operation(void).reference.as_deref(), Some("first"));
}

#[test]
fn an_earlier_attempt_that_turns_up_beside_the_later_one_is_given_back() {
    let (mut fixture, at) = given_up();
    let again = fixture.pay(PaymentKind::Purchase, None, Some("k")).unwrap().sent();
    assert_eq!(again, at);
    fixture.told(at, &Outcome::Approved(approved_as("second")));
    assert_eq!(fixture.order.to_inquire_about(at.transaction, fixture.now), None);
    fixture.later(3600);
    assert_eq!(
        fixture.order.to_inquire_about(at.transaction, fixture.now),
        Some(at),
        "looked for although a later one stands"
    );
    let both = Finding::Several(vec![approved_as("first"), approved_as("second")]);
    let Some(NextStep::Send(void)) = fixture.learns(at, &both) else { panic!("no void") };
    assert_eq!(
        (fixture.operation(void).cause, fixture.operation(void).reference.as_deref()),
        (Cause::Duplicate, Some("first"))
    );
    assert_eq!(status(&fixture, at), TransactionStatus::Pending);
    assert_eq!(fixture.told(void, &not_done(NoEffect::Unreachable)), NextStep::Respond);
    assert_eq!(status(&fixture, at), TransactionStatus::Pending, "it has to be done in the end");
    fixture.approve(void);
    let transaction = fixture.transaction(at.transaction);
    assert_eq!((transaction.status(), transaction.captured()), (TransactionStatus::Done, amount(TOTAL)));
    assert_eq!((transaction.reference(), fixture.order.owing()), (Some("second"), Some(Amount::ZERO)));
    fixture.now = fixture.order.next_inquiry_at().unwrap();
    assert_eq!(fixture.learns(at, &both), Some(NextStep::Respond), "it is given back once");
}

#[test]
fn the_gateways_later_word_wins_over_its_first() {
    let (mut fixture, at) = given_up();
    fixture.pay(PaymentKind::Purchase, None, Some("k")).unwrap().sent();
    fixture.told(at, &crate::order::tests::fixture::declined());
    assert_eq!(status(&fixture, at), TransactionStatus::Failed);
    fixture.later(3600);
    fixture.learns(at, &became(Outcome::Approved(approved_as("first"))));
    assert_eq!((status(&fixture, at), fixture.order.owing()), (TransactionStatus::Done, Some(Amount::ZERO)));
}

#[test]
fn a_late_approval_on_an_external_order_is_given_back_when_another_payment_took_its_place() {
    for paid_again in [false, true] {
        let mut fixture = Fixture::external();
        let at = fixture.pay(PaymentKind::Purchase, Some(TOTAL), Some("k")).unwrap().sent();
        fixture.told(at, &unknown());
        fixture.later(100);
        fixture.learns(at, &Finding::Absent);
        fixture.later(60);
        fixture.learns(at, &Finding::Absent);
        let other = fixture.pay(PaymentKind::Purchase, Some(TOTAL), None).unwrap().sent();
        let declined = crate::order::tests::fixture::declined();
        fixture.told(other, &if paid_again { approval(fixture.operation(other)) } else { declined });
        fixture.later(3600);
        let finding = found(&fixture, at);
        let next = fixture.learns(at, &finding);
        assert_eq!(matches!(next, Some(NextStep::Send(_))), paid_again);
    }
    // In the same moment, too.
    let mut fixture = Fixture::external();
    let at = fixture.pay(PaymentKind::Purchase, Some(TOTAL), Some("k")).unwrap().sent();
    fixture.told(at, &not_done(NoEffect::NeverArrived));
    fixture.approved(PaymentKind::Purchase, Some(500));
    fixture.later(3_600);
    let finding = found(&fixture, at);
    assert!(matches!(fixture.learns(at, &finding), Some(NextStep::Send(_))));
}

#[test]
fn a_part_that_turns_up_late_is_given_back_too_and_by_one_void() {
    let (mut fixture, at) = given_up();
    fixture.approved(PaymentKind::Purchase, Some(TOTAL));
    fixture.later(3600);
    let Some(NextStep::Send(void)) = fixture.learns(at, &became(partial(500))) else { panic!("no void") };
    assert_eq!(fixture.operation(void).cause, Cause::PartialApproval);
    assert_eq!(fixture.transaction(at.transaction).operations.len(), 2);
}

#[test]
fn an_attempt_that_began_before_a_cancel_is_given_back_and_never_adopted() {
    let (mut fixture, at) = given_up();
    let other = fixture.approved(PaymentKind::Purchase, None);
    let void = fixture.void(other).unwrap().sent();
    fixture.approve(void);
    assert_eq!(fixture.order.owing(), Some(amount(TOTAL)), "there is room for it");
    fixture.later(3600);
    let finding = found(&fixture, at);
    let Some(NextStep::Send(void)) = fixture.learns(at, &finding) else { panic!("adopted") };
    assert_eq!(fixture.operation(void).cause, Cause::LateApproval);
    // Nor one that began in the same moment.
    let mut fixture = Fixture::new();
    let other = fixture.approved(PaymentKind::Purchase, Some(500));
    let at = fixture.pay(PaymentKind::Purchase, Some(1_000), Some("k")).unwrap().sent();
    fixture.told(at, &not_done(NoEffect::NeverArrived));
    let void = fixture.void(other).unwrap().sent();
    fixture.approve(void);
    fixture.later(3_600);
    let finding = found(&fixture, at);
    assert!(matches!(fixture.learns(at, &finding), Some(NextStep::Send(_))));
}

#[test]
fn what_was_abandoned_is_a_suspect_before_more_money_moves_and_for_as_long_as_it_may_surface() {
    let (mut fixture, at) = given_up();
    assert_eq!(suspected(&fixture.order), [at]);
    fixture.later(30 * 24 * 3_600);
    assert_eq!(suspected(&fixture.order), [at], "whenever it is");
    // Neither voids nor captures of a payment move money because the payment turns up.
    for kind in [Kind::Void, Kind::Capture] {
        assert_eq!(fixture.order.suspects(kind, at.transaction).count(), 0, "{kind:?}");
    }
    let again = fixture.pay(PaymentKind::Purchase, None, Some("k")).unwrap().sent();
    fixture.approve(again);
    assert_eq!(suspected(&fixture.order), [at], "the first attempt may still surface");
    // Looked for now, not only when a last look is due.
    let context_free = found(&fixture, at);
    assert_eq!(
        fixture.learns(at, &context_free),
        Some(NextStep::Respond),
        "its own approval is no other one"
    );
}

#[test]
fn a_refusal_by_the_gateway_itself_is_no_suspect_and_one_by_an_intermediary_is() {
    let by_intermediary = GatewayResponse::default();
    for (reason, said, suspects) in [
        (NoEffect::TryAgain, response("B"), 0),
        (NoEffect::Throttled, by_intermediary.clone(), 1),
        (NoEffect::Misconfigured, response("C"), 0),
        (NoEffect::TurnedAway, by_intermediary, 1),
    ] {
        let mut fixture = Fixture::new();
        let at = fixture.pay(PaymentKind::Purchase, None, Some("k")).unwrap().sent();
        fixture.told(at, &Outcome::NoEffect(reason, said));
        assert_eq!(suspected(&fixture.order).len(), suspects);
        assert_eq!(fixture.operation(at).last_look_at.is_some(), suspects == 1);
    }
}

#[test]
fn a_pending_operation_whose_earlier_attempt_was_abandoned_backs_off_like_any_other() {
    let (mut fixture, at) = given_up();
    fixture.later(3_000);
    let again = fixture.pay(PaymentKind::Purchase, None, Some("k")).unwrap().sent();
    fixture.told(again, &unknown());
    fixture.later(600);
    fixture.learns(at, &Finding::Undecided);
    let next = fixture.order.next_inquiry_at().unwrap();
    assert!(next > fixture.now, "due again at once: the last look at the first attempt was not taken");
}

#[test]
fn a_failed_inquiry_does_not_use_up_the_last_look() {
    let (mut fixture, at) = given_up();
    fixture.later(3_601);
    let due = fixture.operation(at).last_look_at.unwrap();
    assert!(due <= fixture.now);
    assert_eq!(fixture.learns(at, &Finding::Failed), None);
    assert_eq!(fixture.operation(at).last_look_at, Some(due));
    let policy = crate::order::Policy::default();
    let context = Context { policy: &policy, shop: None, now: fixture.now, new_id: &|| Uuid::from_u128(99) };
    assert_eq!(look_back(&mut fixture.order, at, &Finding::Failed, &context), None);
    assert_eq!(fixture.operation(at).last_look_at, Some(due));
    fixture.order.operation_mut(at).unwrap().state = OperationState::Unrecognized;
    assert_eq!(look_back(&mut fixture.order, at, &Finding::Absent, &context), None, "a newer version's");
}

#[test]
fn only_a_last_look_that_is_due_is_put_off() {
    let (mut fixture, at) = given_up();
    let due = fixture.operation(at).last_look_at.unwrap();
    assert!(due > fixture.now);
    assert!(fixture.order.put_off(at, fixture.now));
    assert_eq!(fixture.operation(at).last_look_at, Some(due));
    fixture.now = due;
    assert!(fixture.order.put_off(at, fixture.now));
    assert_eq!(fixture.operation(at).last_look_at, Some(due + PUT_OFF));
}

#[test]
fn a_late_approval_is_adopted_beside_payments_that_are_not_in_its_place() {
    // Of an order with a total: it still fits.
    let mut fixture = Fixture::new();
    let at = fixture.pay(PaymentKind::Purchase, Some(1_000), Some("k")).unwrap().sent();
    fixture.told(at, &not_done(NoEffect::NeverArrived));
    fixture.approved(PaymentKind::Purchase, Some(500));
    let late = found(&fixture, at);
    fixture.later(3_601);
    assert_eq!(fixture.learns(at, &late), Some(NextStep::Respond));
    assert_eq!(status(&fixture, at), TransactionStatus::Done);
    // Of one without: the others were there before it.
    let mut fixture = Fixture::external();
    fixture.approved(PaymentKind::Purchase, Some(500));
    fixture.later(61);
    let at = fixture.pay(PaymentKind::Purchase, Some(1_000), Some("k")).unwrap().sent();
    fixture.told(at, &not_done(NoEffect::NeverArrived));
    let late = found(&fixture, at);
    fixture.later(3_601);
    assert_eq!(fixture.learns(at, &late), Some(NextStep::Respond));
    assert_eq!(status(&fixture, at), TransactionStatus::Done);
}

/// A refund that was given up after an hour. With `again`, another attempt of the refund was done.
fn refund_given_up(again: bool) -> (Fixture, OperationRef) {
    let mut fixture = Fixture::new();
    let id = fixture.approved(PaymentKind::Purchase, None);
    let refund = || Action::Refund { target: Target::Transaction(id), amount: None, mechanism: None };
    let at = fixture.ask(refund(), Some("k")).unwrap().sent();
    fixture.told(at, &unknown());
    for seconds in [3600, 60] {
        fixture.later(seconds);
        fixture.learns(at, &Finding::Absent);
    }
    if again {
        assert_eq!(fixture.ask(refund(), Some("k")).unwrap().sent(), at);
        fixture.told(at, &Outcome::Approved(approved_as("second")));
    }
    (fixture, at)
}

#[test]
fn a_refund_that_is_found_done_by_two_of_its_attempts_is_on_record_twice_and_looked_for_no_more() {
    for again in [true, false] {
        let (mut fixture, at) = refund_given_up(again);
        let refund = fixture.operation(at).clone();
        fixture.now = fixture.order.next_inquiry_at().unwrap();
        let both = Finding::Several(vec![approved_as("first"), approved_as("second")]);
        if !again {
            // One attempt with two records: the first is adopted, and nothing is known of the
            // other.
            fixture.learns(at, &both);
            assert_eq!(fixture.operation(at).reference(), Some("first"));
            continue;
        }
        assert_eq!(suspected(&fixture.order), [at]);
        assert_eq!(fixture.learns(at, &both), Some(NextStep::Respond), "nothing can be voided");
        assert_eq!(suspected(&fixture.order).len(), 0, "no other refund waits for it");
        let found = fixture.operation(at);
        assert_eq!((found.reference(), found.stage()), (refund.reference(), Stage::Approved));
        let told = crate::journal::entries(None, &fixture.order);
        let told: Vec<_> = told.iter().filter(|entry| entry.operation == at.operation).collect();
        let second = told.iter().find(|entry| entry.fact == crate::journal::Fact::DuplicateFound).unwrap();
        assert_eq!(second.reference.as_deref(), Some("first"));
        assert!(second.late, "which the merchant is told of");
        let returned: i64 = told.iter().map(|entry| entry.changes.gateway.minor()).sum();
        assert_eq!(returned, -2 * i64::try_from(TOTAL).unwrap());
        // The remaining looks find the recorded refund.
        while let Some(due) = fixture.order.next_inquiry_at() {
            fixture.now = due;
            fixture.learns(at, &became(Outcome::Approved(approved_as("second"))));
        }
        assert_eq!(crate::journal::entries(None, &fixture.order).len(), told.len() + 1);
    }
}

#[test]
fn a_refund_in_doubt_that_two_records_can_be_is_left_to_a_person() {
    let (mut fixture, at) = refund_in_doubt();
    fixture.later(60);
    let both = Finding::Several(vec![approved_as("first"), approved_as("second")]);
    assert_eq!(fixture.learns(at, &both), Some(NextStep::Respond));
    assert!(fixture.operation(at).is(Stage::Pending));
    assert_eq!(fixture.transaction(at.transaction).operations.len(), 2, "nothing follows");
}

#[test]
fn a_look_before_more_money_moves_takes_the_place_of_one_that_is_due_and_of_no_other() {
    for (seconds, finding, next_s) in [
        (0, Finding::Absent, 3_600),
        (0, Finding::Undecided, 3_600),
        // Records that decide nothing do not use the look up, and without a trace the next is in a
        // day.
        (3_600, Finding::Undecided, 2 * 3_600),
        (3_600, Finding::Absent, 24 * 3_600 - 160),
    ] {
        let (mut fixture, at) = given_up();
        let given_up_at = fixture.now;
        fixture.later(seconds);
        let policy = crate::order::Policy::default();
        let context =
            Context { policy: &policy, shop: None, now: fixture.now, new_id: &|| Uuid::from_u128(99) };
        assert_eq!(look_back(&mut fixture.order, at, &finding, &context), Some(NextStep::Respond));
        let next = fixture.operation(at).last_look_at.unwrap().duration_since(given_up_at);
        assert_eq!(next.as_secs(), next_s, "{finding:?} after {seconds} s");
    }
}

#[test]
fn while_another_void_of_the_payment_is_pending_the_last_look_comes_again_in_an_hour() {
    let mut fixture = Fixture::new();
    let id = fixture.approved(PaymentKind::Purchase, None);
    let first = fixture.void(id).unwrap().sent();
    fixture.told(first, &not_done(NoEffect::NeverArrived));
    fixture.later(3_600);
    let other = fixture.ask(Action::Void { target: Target::Transaction(id), reopen: true }, Some("k"));
    assert_ne!(other.unwrap().sent(), first);
    let finding = found(&fixture, first);
    assert_eq!(fixture.learns(first, &finding), Some(NextStep::Respond));
    let hour = SignedDuration::from_hours(1);
    assert_eq!(fixture.operation(first).last_look_at, Some(fixture.now + hour));
}

#[test]
fn the_inquiry_about_a_later_attempt_keeps_a_last_look_at_earlier_ones() {
    let (mut fixture, at) = refused(&try_again());
    fixture.order.prove_refusals(at);
    fixture.pay(PaymentKind::Purchase, None, Some("k")).unwrap().sent();
    fixture.told(at, &unknown());
    fixture.later(3_600);
    fixture.learns(at, &Finding::Undecided);
    assert!(fixture.operation(at).is(Stage::Pending) && fixture.operation(at).look_again.is_empty());
    let hour = SignedDuration::from_hours(1);
    assert_eq!(fixture.operation(at).last_look_at, Some(fixture.now + hour));
}

/// A look-up of the payment shows whether it was done, and no money moves by it that was not
/// requested.
#[test]
fn a_capture_or_a_void_that_was_given_up_keeps_no_payment_waiting() {
    let mut fixture = Fixture::new();
    let id = fixture.approved(PaymentKind::Authorize, None);
    for ask in [Fixture::void, |fixture: &mut Fixture, id| fixture.capture(id, None)] {
        let at = ask(&mut fixture, id).unwrap().sent();
        fixture.told(at, &not_done(NoEffect::NeverArrived));
        assert!(fixture.operation(at).may_surface().next().is_some());
        assert_eq!(suspected(&fixture.order).len(), 0);
    }
    let captures = |of| fixture.order.suspects(Kind::Capture, of).count();
    assert_eq!((captures(id), captures(Uuid::nil())), (1, 0), "another capture of its payment waits");
    // Nor is a payment that is pending: the inquiry about it covers its earlier attempts.
    let (mut fixture, at) = given_up();
    assert_eq!(fixture.pay(PaymentKind::Purchase, None, Some("k")).unwrap().sent(), at);
    assert_eq!(suspected(&fixture.order).len(), 0);
}

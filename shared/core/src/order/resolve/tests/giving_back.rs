//! Payments that must not stand, and operations that are told apart by the payment they are about.

use super::*;
use crate::{
    journal::{Changes, Fact, entries},
    values::SignedAmount,
};

/// A purchase that was approved twice, and the void of the second approval.
pub(super) fn charged_twice() -> (Fixture, OperationRef, OperationRef) {
    let (mut fixture, at) = in_doubt(PaymentKind::Purchase);
    let both = Finding::Several(vec![approved_as("first"), approved_as("second")]);
    let Some(NextStep::Send(void)) = fixture.learns(at, &both) else { panic!("no void") };
    (fixture, at, void)
}

#[test]
fn the_refund_of_a_second_charge_that_settled_names_that_charge() {
    let (mut fixture, at, void) = charged_twice();
    let settled = became(not_done(NoEffect::AlreadySettled));
    let Some(NextStep::Send(refund)) = fixture.learns(void, &settled) else { panic!("no refund") };
    let refund = fixture.operation(refund);
    assert_eq!((refund.kind, refund.cause), (Kind::Refund, Cause::Duplicate));
    assert_eq!(refund.reference.as_deref(), Some("second"), "the first charge is the one that stands");
    assert_eq!(refund.follows, Some(at.operation), "the payment, as the void did");
    assert_eq!(fixture.transaction(at.transaction).reference(), Some("first"));
    let policy = crate::order::Policy::default();
    let context = Context { policy: &policy, shop: None, now: fixture.now, new_id: &|| Uuid::from_u128(99) };
    let own = void_by_rule(&mut fixture.order, at, Cause::OrderRefused, &context).unwrap();
    assert_eq!(fixture.operation(own).reference, None, "the void of the first charge is another one");
}

#[test]
fn a_second_charge_that_its_bank_took_back_is_not_refunded_as_well_unless_all_of_it_came_back() {
    for (came_back, follows) in [(TOTAL - 1, false), (TOTAL, true)] {
        let (mut fixture, at, void) = charged_twice();
        let report = |kind, minor| DisputeReport {
            reference: Some("second".to_owned()),
            ..dispute_report(kind, "c", "1", minor)
        };
        for report in [report(DisputeKind::Chargeback, TOTAL), report(DisputeKind::Reversal, came_back)] {
            fixture.order.record_dispute(&report, fixture.now).unwrap();
        }
        let next = fixture.learns(void, &became(not_done(NoEffect::AlreadySettled)));
        assert_eq!(matches!(next, Some(NextStep::Send(_))), follows);
        assert_eq!(fixture.operation(void).stage(), Stage::NoEffect, "nothing is in doubt");
        let expected = if follows { TransactionStatus::Pending } else { TransactionStatus::Done };
        assert_eq!(status(&fixture, at), expected);
    }
}

#[test]
fn a_part_that_must_not_stand_and_was_charged_back_has_failed_and_counts_as_nothing() {
    let mut fixture = Fixture::new();
    let at = fixture.pay(PaymentKind::Purchase, None, None).unwrap().sent();
    let NextStep::Send(void) = fixture.told(at, &partial(500)) else { panic!("no void") };
    let reference = fixture.transaction(at.transaction).reference().map(str::to_owned);
    let report = DisputeReport { reference, ..dispute_report(DisputeKind::Chargeback, "c", "1", 500) };
    fixture.order.record_dispute(&report, fixture.now).unwrap();
    assert_eq!(fixture.told(void, &not_done(NoEffect::AlreadySettled)), NextStep::Respond);
    let transaction = fixture.transaction(at.transaction);
    assert_eq!((transaction.status(), transaction.captured()), (TransactionStatus::Failed, Amount::ZERO));
    assert!(matches!(transaction.operation_status(fixture.operation(at)), OperationStatus::Declined(_)));
    assert_eq!(fixture.order.owing(), Some(amount(TOTAL)));
}

#[test]
fn of_several_charges_the_oldest_that_does_not_stand_is_given_back_first() {
    let (mut fixture, at) = in_doubt(PaymentKind::Purchase);
    let three = ["first", "second", "third"].map(approved_as).to_vec();
    let Some(NextStep::Send(void)) = fixture.learns(at, &Finding::Several(three)) else { panic!("no void") };
    assert_eq!(fixture.operation(void).reference.as_deref(), Some("second"));
    let voids: Vec<_> =
        fixture.order.operations().filter(|(_, o)| o.kind == Kind::Void && o.is(Stage::Pending)).collect();
    let about: Vec<_> = voids.iter().map(|(_, void)| void.reference.as_deref().unwrap()).collect();
    assert_eq!(about, ["second", "third"], "the other is on record, and an inquiry finds it");
}

/// Money for a purchase, a hold for an authorization: totals of the gateway's money would otherwise
/// lack it.
#[test]
fn the_journal_tells_what_a_second_charge_moved_and_what_its_return_did() {
    for (method, moved) in
        [(PaymentKind::Purchase, i64::try_from(TOTAL).unwrap()), (PaymentKind::Authorize, 0)]
    {
        let (mut fixture, at) = in_doubt(method);
        let both = Finding::Several(vec![approved_as("first"), approved_as("second")]);
        let Some(NextStep::Send(void)) = fixture.learns(at, &both) else { panic!("no void") };
        fixture.approve(void);
        let told = entries(None, &fixture.order);
        let found = told.iter().find(|entry| entry.fact == Fact::DuplicateFound).unwrap();
        let changes = Changes { gateway: SignedAmount::new(moved), ..Changes::default() };
        assert_eq!((found.changes, found.reference.as_deref()), (changes, Some("second")));
        let sum = Changes::sum(told.iter().map(|entry| entry.changes)).unwrap();
        assert_eq!(sum.gateway, SignedAmount::new(moved), "one charge stands");
    }
}

/// Until two inquiries have not found it.
fn abandon(fixture: &mut Fixture, at: OperationRef) {
    fixture.told(at, &unknown());
    let counts_after = if fixture.operation(at).kind == Kind::Refund { 3600 } else { 100 };
    for seconds in [counts_after, 60] {
        fixture.later(seconds);
        fixture.learns(at, &Finding::Absent);
    }
    assert_eq!(fixture.operation(at).no_effect(), Some(NoEffect::NeverArrived));
}

#[test]
fn a_late_void_of_the_payment_is_not_taken_for_the_void_of_a_second_charge() {
    let (mut fixture, at, of_second_charge) = charged_twice();
    fixture.approve(of_second_charge);
    let void = fixture.void(at.transaction).unwrap().sent();
    abandon(&mut fixture, void);
    fixture.later(3600);
    let finding = found(&fixture, void);
    fixture.learns(void, &finding);
    assert!(fixture.operation(void).is(Stage::Approved));
    assert_eq!(status(&fixture, at), TransactionStatus::Voided);
}

#[test]
fn what_an_inquiry_shows_is_not_taken_for_a_late_capture_while_another_is_pending() {
    let mut fixture = Fixture::new();
    let id = fixture.approved(PaymentKind::Authorize, None);
    let abandoned = fixture.capture(id, Some(1000)).unwrap().sent();
    abandon(&mut fixture, abandoned);
    fixture.later(3590);
    let other = fixture.capture(id, Some(2000)).unwrap().sent();
    assert_ne!(other, abandoned);
    fixture.later(10);
    let due = fixture.operation(abandoned).last_look_at.unwrap();
    assert!(due <= fixture.now);
    let finding = found(&fixture, abandoned);
    assert_eq!(fixture.learns(abandoned, &finding), Some(NextStep::Respond));
    assert_eq!(fixture.operation(abandoned).no_effect(), Some(NoEffect::NeverArrived));
    let again = fixture.operation(abandoned).last_look_at.unwrap();
    assert!(again > fixture.now, "looked for again once the other is decided");
    fixture.approve(other);
    assert_eq!(fixture.transaction(id).captured(), amount(2000));
}

/// A part of a payment that settled before its void, and the refund that gives it back.
fn refund_that_must_succeed() -> (Fixture, OperationRef) {
    let mut fixture = Fixture::new();
    let at = fixture.pay(PaymentKind::Purchase, None, None).unwrap().sent();
    let NextStep::Send(void) = fixture.told(at, &partial(500)) else { panic!("no void") };
    let settled = became(not_done(NoEffect::AlreadySettled));
    let Some(NextStep::Send(refund)) = fixture.learns(void, &settled) else { panic!("no refund") };
    (fixture, refund)
}

#[test]
fn a_refund_that_must_succeed_is_sent_for_more_than_a_night_and_then_stays_in_doubt() {
    let (mut fixture, refund) = refund_that_must_succeed();
    let too_early = became(not_done(NoEffect::NotSettled));
    for attempt in 1..400 {
        assert_eq!(fixture.operation(refund).attempt.number, attempt);
        fixture.later(180);
        assert_eq!(fixture.learns(refund, &too_early), Some(NextStep::Send(refund)));
    }
    fixture.later(180);
    assert_eq!(fixture.learns(refund, &too_early), Some(NextStep::Respond));
    assert_eq!(fixture.operation(refund).attempt.number, 400);
    assert!(fixture.operation(refund).is(Stage::Pending), "the money is still held");
}

#[test]
fn a_refund_that_must_succeed_is_not_sent_again_after_ten_attempts_that_may_still_arrive() {
    let (mut fixture, refund) = refund_that_must_succeed();
    for attempt in 1..=11 {
        assert_eq!(fixture.operation(refund).attempt.number, attempt);
        for seconds in [3600, 60] {
            fixture.later(seconds);
            fixture.learns(refund, &Finding::Absent);
        }
    }
    assert_eq!(fixture.operation(refund).attempt.number, 11);
    assert_eq!(fixture.operation(refund).abandoned().count(), 10, "each takes an inquiry of its own");
}

#[test]
fn two_refunds_of_all_that_was_captured_leave_nothing_to_refund() {
    let mut fixture = Fixture::new();
    let id = fixture.approved(PaymentKind::Purchase, None);
    let first = fixture.refund(id, None).unwrap().sent();
    abandon(&mut fixture, first);
    let second = fixture.refund(id, Some(TOTAL)).unwrap().sent();
    assert_ne!(second, first);
    fixture.approve(second);
    fixture.later(3600);
    let finding = found(&fixture, first);
    fixture.learns(first, &finding);
    // The gateway made both. The excess refund is on record, and no more is given back.
    let transaction = fixture.transaction(id);
    assert_eq!(transaction.refunded(), amount(2 * TOTAL));
    assert_eq!(transaction.refundable(), Amount::ZERO);
    assert_eq!(fixture.refund(id, Some(1)), Err(Rejection::AlreadyRefunded));
}

#[test]
fn a_payment_that_is_found_twice_under_one_reference_is_not_voided_as_its_own_duplicate() {
    let (mut fixture, at) = in_doubt(PaymentKind::Purchase);
    let twice = Finding::Several(vec![approved_as("first"), approved_as("first")]);
    assert_eq!(fixture.learns(at, &twice), Some(NextStep::Respond));
    assert_eq!(status(&fixture, at), TransactionStatus::Done);
    assert_eq!(fixture.transaction(at.transaction).operations.len(), 1);
}

#[test]
fn a_reference_belongs_to_one_payment_or_refund_of_an_order() {
    let mut fixture = Fixture::new();
    let first = fixture.approved(PaymentKind::Purchase, Some(1000));
    let anothers = fixture.transaction(first).reference().unwrap().to_owned();
    // As a direct response, and as a record.
    let second = fixture.pay(PaymentKind::Purchase, Some(500), None).unwrap().sent();
    let part = Amount::new(500).unwrap();
    let approved =
        Outcome::Approved(GatewayResponse { charged: Some(part.into()), ..approved_as(&anothers) });
    fixture.told(second, &approved);
    assert_eq!(fixture.operation(second).pending().unwrap().doubt, Some(Doubt::AnotherOperation));
    assert_eq!(fixture.operation(second).reference(), None, "nothing is ever sent with it");
    fixture.later(60);
    fixture.learns(second, &became(approved));
    assert_eq!(fixture.operation(second).pending().map(|pending| pending.inquiries), Some(1), "it backs off");
    let own = GatewayResponse { charged: Some(part.into()), ..approved_as("own") };
    let both = Finding::Several(vec![own, approved_as(&anothers)]);
    assert_eq!(fixture.learns(second, &both), Some(NextStep::Respond), "the first payment is no duplicate");
    assert!(fixture.operation(second).is(Stage::Approved));
    let refund = fixture.refund(first, None).unwrap().sent();
    fixture.told(refund, &Outcome::Approved(approved_as("own")));
    assert!(fixture.operation(refund).is(Stage::Pending), "it is the second payment's");
    fixture.told(refund, &Outcome::Declined(approved_as("own"), Decline::of(DeclineCode::GenericDecline)));
    assert!(fixture.operation(refund).is(Stage::Declined), "a decline moves nothing");
}

#[test]
fn what_turns_up_late_under_another_payments_reference_is_neither_adopted_nor_voided() {
    let (mut fixture, at) = in_doubt(PaymentKind::Purchase);
    abandon(&mut fixture, at);
    let second = fixture.approved(PaymentKind::Purchase, Some(TOTAL));
    let anothers = fixture.transaction(second).reference().unwrap().to_owned();
    fixture.later(3600);
    assert_eq!(
        fixture.learns(at, &became(Outcome::Approved(approved_as(&anothers)))),
        Some(NextStep::Respond)
    );
    assert_eq!(status(&fixture, at), TransactionStatus::Failed);
    assert_eq!(fixture.transaction(second).status(), TransactionStatus::Done);
}

#[test]
fn a_refund_by_a_rule_that_timed_out_at_the_gateway_is_not_sent_again() {
    let (mut fixture, refund) = refund_that_must_succeed();
    fixture.told(refund, &unknown());
    for hours in [1, 24, 48] {
        fixture.later(hours * 3_600);
        assert_eq!(fixture.learns(refund, &Finding::TimedOut(response("B"))), Some(NextStep::Respond));
        assert!(fixture.operation(refund).is(Stage::Pending), "a person decides");
    }
    assert_eq!(fixture.operation(refund).attempt.number, 1);
}

#[test]
fn a_refund_by_a_rule_that_is_to_be_sent_again_is_sent_again_only_when_that_is_seen_twice() {
    let (mut fixture, refund) = refund_that_must_succeed();
    fixture.told(refund, &unknown());
    for (seconds, next) in [(3_600, NextStep::Respond), (59, NextStep::Respond), (1, NextStep::Send(refund))]
    {
        fixture.later(seconds);
        assert_eq!(fixture.learns(refund, &Finding::TryAgain(response("B"))), Some(next), "{seconds}");
    }
    assert_eq!(fixture.operation(refund).attempt.number, 2);
    assert_eq!(fixture.operation(refund).abandoned().count(), 1, "the first is looked for beside it");
}

#[test]
fn a_reference_counts_as_anothers_only_where_a_record_of_its_own_has_it() {
    // A capture and a void carry the reference of the payment that they act on.
    let mut fixture = Fixture::new();
    let id = fixture.approved(PaymentKind::Authorize, None);
    let own = fixture.transaction(id).reference().unwrap().to_owned();
    let capture = fixture.capture(id, None).unwrap().sent();
    fixture.told(capture, &Outcome::Approved(approved_as(&own)));
    assert!(fixture.operation(capture).is(Stage::Approved));
    let void = fixture.void(id).unwrap().sent();
    fixture.told(void, &Outcome::Approved(approved_as(&own)));
    assert!(fixture.operation(void).is(Stage::Approved));
    // A refused payment has none.
    let mut fixture = Fixture::new();
    let refused = fixture.pay(PaymentKind::Purchase, Some(500), None).unwrap().sent();
    fixture.told(refused, &Outcome::NoEffect(NoEffect::VoidedElsewhere, approved_as("r9")));
    let payment = fixture.pay(PaymentKind::Purchase, None, None).unwrap().sent();
    fixture.told(payment, &Outcome::Approved(approved_as("r9")));
    assert!(fixture.operation(payment).is(Stage::Approved));
}

/// A refund that is paid twice cannot be voided: the excess refund is for a person.
#[test]
fn the_earlier_attempt_of_a_refund_that_turns_up_beside_the_later_one_is_not_voided() {
    let (mut fixture, at) = refund_in_doubt();
    for seconds in [3_600, 60] {
        fixture.later(seconds);
        fixture.learns(at, &Finding::Absent);
    }
    assert_eq!(fixture.operation(at).no_effect(), Some(NoEffect::NeverArrived));
    assert_eq!(fixture.refund(at.transaction, None).unwrap().sent(), at);
    fixture.told(at, &Outcome::Approved(approved_as("second")));
    fixture.later(3_600);
    let both = Finding::Several(vec![approved_as("first"), approved_as("second")]);
    assert_eq!(fixture.learns(at, &both), Some(NextStep::Respond));
    assert_eq!(fixture.transaction(at.transaction).operations.len(), 2);
}

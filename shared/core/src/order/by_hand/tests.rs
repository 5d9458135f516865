use std::sync::atomic::{AtomicU64, Ordering};

use uuid::Uuid;

use super::*;
use crate::order::{
    Cause, DeclineOn, Doubt, Finding, GatewayResponse, PaymentKind, TransactionStatus,
    tests::fixture::{Fixture, TOTAL, amount, not_done, partial, unknown},
};
use crate::values::{Fee, FeeKind};

fn decision(verdict: HandVerdict, at: Timestamp) -> ByHand {
    ByHand::new(verdict, &"Ann".parse().unwrap(), &"seen in the portal".parse().unwrap(), at)
}

/// Decides an hour later, unless the fixture's clock says otherwise.
fn decide(
    fixture: &mut Fixture,
    at: OperationRef,
    verdict: HandVerdict,
    reference: Option<&str>,
) -> Result<NextStep, HandRejection> {
    let ids = AtomicU64::new(1_000);
    let new_id = || Uuid::from_u128(u128::from(ids.fetch_add(1, Ordering::Relaxed)));
    let decision = decision(verdict, fixture.now);
    let context = Context { policy: &fixture.policy, shop: None, now: fixture.now, new_id: &new_id };
    decide_by_hand(&mut fixture.order, at, &decision, reference, &context)
}

const DONE: HandVerdict = HandVerdict::Done;
const NOT_DONE: HandVerdict = HandVerdict::NotDone;

/// A payment whose outcome is not known, an hour after it was sent.
fn payment_in_doubt(fixture: &mut Fixture, kind: PaymentKind) -> OperationRef {
    let at = fixture.pay(kind, None, Some("key")).unwrap().sent();
    fixture.told(at, &unknown());
    fixture.later(3_600);
    at
}

/// A follow-up in the same state.
fn in_doubt(fixture: &mut Fixture, at: OperationRef) -> OperationRef {
    fixture.told(at, &unknown());
    fixture.later(3_600);
    at
}

#[test]
fn what_the_gateway_may_still_decide_is_not_decided_by_hand() {
    let mut fixture = Fixture::new();
    let at = fixture.pay(PaymentKind::Purchase, None, None).unwrap().sent();
    let until = fixture.now + SignedDuration::from_hours(1);
    fixture.later(3_599);
    let before = fixture.order.clone();
    for verdict in [DONE, NOT_DONE] {
        assert_eq!(decide(&mut fixture, at, verdict, Some("r1")), Err(HandRejection::TooEarly(until)));
    }
    assert_eq!(fixture.order, before);
    fixture.later(1);
    assert_eq!(decide(&mut fixture, at, DONE, Some("r1")), Ok(NextStep::Respond));
}

#[test]
fn an_hour_counts_from_the_last_attempt_which_may_still_be_under_way() {
    let mut fixture = Fixture::new();
    let at = payment_in_doubt(&mut fixture, PaymentKind::Purchase);
    fixture.told(at, &not_done(NoEffect::TryAgain));
    let at = fixture.pay(PaymentKind::Purchase, None, Some("key")).unwrap().sent();
    assert!(matches!(decide(&mut fixture, at, NOT_DONE, None), Err(HandRejection::TooEarly(_))));
}

#[test]
fn what_is_decided_cannot_be_decided_otherwise() {
    let mut fixture = Fixture::new();
    let at = payment_in_doubt(&mut fixture, PaymentKind::Purchase);
    fixture.approve(at);
    let before = fixture.order.clone();
    for verdict in [DONE, NOT_DONE] {
        assert_eq!(decide(&mut fixture, at, verdict, Some("r1")), Err(HandRejection::NothingInDoubt));
    }
    assert_eq!(fixture.order, before);
    let nobody = OperationRef { transaction: Uuid::from_u128(9_999), ..at };
    assert_eq!(decide(&mut fixture, nobody, DONE, None), Err(HandRejection::TransactionNotFound));
}

#[test]
fn a_payment_decided_done_needs_the_reference_that_everything_later_names() {
    for kind in [PaymentKind::Authorize, PaymentKind::Purchase] {
        let mut fixture = Fixture::new();
        let at = payment_in_doubt(&mut fixture, kind);
        assert_eq!(decide(&mut fixture, at, DONE, None), Err(HandRejection::ReferenceNeeded));
        for wrong in ["", "a b", "123456789012345", "é", "4222222222222"] {
            assert_eq!(decide(&mut fixture, at, DONE, Some(wrong)), Err(HandRejection::ReferenceMalformed));
        }
        assert_eq!(decide(&mut fixture, at, DONE, Some("324073608649")), Ok(NextStep::Respond));
        let transaction = fixture.transaction(at.transaction);
        assert_eq!(
            (transaction.status(), transaction.reference()),
            (TransactionStatus::Done, Some("324073608649"))
        );
        assert_eq!(transaction.amount(), amount(TOTAL));
        assert_eq!(fixture.order.owing(), Some(amount(0)), "it is paid, and is not paid again");
        assert_eq!(transaction.authorization_expires_at.is_some(), kind == PaymentKind::Authorize);
        if kind == PaymentKind::Authorize {
            fixture.capture(at.transaction, None).unwrap().sent();
        } else {
            fixture.refund(at.transaction, None).unwrap().sent();
        }
    }
}

#[test]
fn another_payments_reference_is_not_taken_or_its_money_would_be_given_back() {
    let mut fixture = Fixture::new();
    fixture.approved(PaymentKind::Purchase, Some(100));
    let at = payment_in_doubt(&mut fixture, PaymentKind::Purchase);
    assert_eq!(decide(&mut fixture, at, DONE, Some("r")), Err(HandRejection::ReferenceInUse));
    assert_eq!(decide(&mut fixture, at, DONE, Some("r2")), Ok(NextStep::Respond));
}

#[test]
fn a_payment_decided_not_done_frees_its_amount_and_is_looked_for_once_more() {
    let mut fixture = Fixture::new();
    let at = payment_in_doubt(&mut fixture, PaymentKind::Purchase);
    assert_eq!(fixture.order.owing(), Some(amount(0)));
    assert_eq!(decide(&mut fixture, at, NOT_DONE, None), Ok(NextStep::Respond));
    let (operation, now) = (fixture.operation(at), fixture.now);
    assert_eq!((operation.stage(), operation.no_effect()), (Stage::NoEffect, Some(NoEffect::NeverArrived)));
    assert_eq!(operation.last_look_at, Some(now + SignedDuration::from_hours(1)));
    assert!(operation.pending().is_none());
    assert_eq!(fixture.order.next_inquiry_at(), operation.last_look_at, "the index holds it until then");
    assert_eq!(fixture.transaction(at.transaction).status(), TransactionStatus::Failed);
    assert_eq!(fixture.order.owing(), Some(amount(TOTAL)));
}

#[test]
fn a_person_who_was_wrong_is_corrected_by_the_last_look() {
    let mut fixture = Fixture::new();
    let at = payment_in_doubt(&mut fixture, PaymentKind::Purchase);
    decide(&mut fixture, at, NOT_DONE, None).unwrap();
    // Paid otherwise meanwhile: the payment that turns up is given back.
    fixture.approved(PaymentKind::Purchase, None);
    fixture.later(3_600);
    let found = GatewayResponse {
        reference: Some("r2".to_owned()),
        charged: Some(amount(TOTAL).into()),
        ..GatewayResponse::default()
    };
    let next = fixture.learns(at, &Finding::Became(Box::new(Outcome::Approved(found))));
    assert!(matches!(next, Some(NextStep::Send(_))), "a void follows");
    assert_eq!(fixture.operation(at).by_hand.len(), 1, "what was decided stays on record");
}

#[test]
fn money_that_was_never_requested_is_not_left_with_the_merchant_by_hand() {
    let mut fixture = Fixture::new();
    let at = fixture.pay(PaymentKind::Purchase, None, None).unwrap().sent();
    let NextStep::Send(void) = fixture.told(at, &partial(500)) else { panic!("no void") };
    let void = in_doubt(&mut fixture, void);
    assert_eq!(fixture.operation(void).cause, Cause::PartialApproval);
    assert_eq!(decide(&mut fixture, void, NOT_DONE, None), Err(HandRejection::MustBeGivenBack));
    assert_eq!(decide(&mut fixture, void, DONE, None), Ok(NextStep::Respond));
    assert_eq!(fixture.transaction(at.transaction).status(), TransactionStatus::Failed);
    assert_eq!(fixture.order.owing(), Some(amount(TOTAL)));
}

#[test]
fn a_payment_decided_done_is_still_under_the_merchants_rules() {
    let mut fixture = Fixture::new();
    fixture.policy.decline_on = DeclineOn { cvv: vec!["N".to_owned()], ..DeclineOn::default() };
    let at = fixture.pay(PaymentKind::Purchase, None, None).unwrap().sent();
    let [reference, cvv] = ["r1", "N"].map(|text| Some(text.to_owned()));
    let response = GatewayResponse { reference, cvv, ..GatewayResponse::default() };
    fixture.told(at, &Outcome::Unknown(Doubt::Incomplete, response));
    fixture.later(3_600);
    let Ok(NextStep::Send(void)) = decide(&mut fixture, at, DONE, Some("r1")) else { panic!("no void") };
    assert_eq!(fixture.operation(void).cause, Cause::CvvMismatch);
    assert_eq!(fixture.transaction(at.transaction).status(), TransactionStatus::Pending);
    assert!(fixture.operation(void).next_inquiry_at().is_some(), "reconcile finds it and sends it");
}

#[test]
fn a_capture_and_a_void_need_no_reference_because_nothing_later_names_one() {
    let mut fixture = Fixture::new();
    let id = fixture.approved(PaymentKind::Authorize, None);
    let at = fixture.capture(id, Some(2000)).unwrap().sent();
    let at = in_doubt(&mut fixture, at);
    assert_eq!(decide(&mut fixture, at, DONE, Some("r9")), Err(HandRejection::ReferenceNotTaken));
    assert_eq!(decide(&mut fixture, at, DONE, None), Ok(NextStep::Respond));
    assert_eq!(fixture.transaction(id).captured(), amount(2000));
    let at = fixture.void(id).unwrap().sent();
    let at = in_doubt(&mut fixture, at);
    assert_eq!(decide(&mut fixture, at, DONE, None), Ok(NextStep::Respond));
    assert_eq!(fixture.transaction(id).status(), TransactionStatus::Voided);
    assert_eq!(fixture.transaction(id).reference(), Some("r"));
}

#[test]
fn a_capture_decided_not_done_can_be_captured_again() {
    let mut fixture = Fixture::new();
    let id = fixture.approved(PaymentKind::Authorize, None);
    let at = fixture.capture(id, Some(2000)).unwrap().sent();
    let at = in_doubt(&mut fixture, at);
    decide(&mut fixture, at, NOT_DONE, None).unwrap();
    assert_eq!(fixture.transaction(id).capturable(), amount(TOTAL));
    fixture.capture(id, Some(2000)).unwrap().sent();
}

#[test]
fn a_refund_in_part_needs_its_reference_or_the_next_ones_look_up_finds_it_in_its_place() {
    let mut fixture = Fixture::new();
    let id = fixture.approved(PaymentKind::Purchase, None);
    let at = fixture.refund(id, Some(1000)).unwrap().sent();
    let at = in_doubt(&mut fixture, at);
    assert_eq!(decide(&mut fixture, at, DONE, None), Err(HandRejection::ReferenceNeeded));
    let order = fixture.order.clone();
    fixture.order.operation_mut(at).unwrap().cause = Cause::Duplicate;
    assert_eq!(decide(&mut fixture, at, DONE, None), Ok(NextStep::Respond), "no other one is owed");
    fixture.order = order;
    assert_eq!(
        decide(&mut fixture, at, DONE, Some("r")),
        Err(HandRejection::ReferenceInUse),
        "the payment's own"
    );
    assert_eq!(decide(&mut fixture, at, DONE, Some("f1")), Ok(NextStep::Respond));
    assert_eq!(fixture.transaction(id).refunded(), amount(1000));
    // The rest: nothing can follow.
    let at = fixture.refund(id, None).unwrap().sent();
    let at = in_doubt(&mut fixture, at);
    assert_eq!(decide(&mut fixture, at, DONE, None), Ok(NextStep::Respond));
    assert_eq!(fixture.transaction(id).refundable(), amount(0));
}

#[test]
fn every_decision_stays_on_record_with_who_and_why() {
    let mut fixture = Fixture::new();
    let at = payment_in_doubt(&mut fixture, PaymentKind::Purchase);
    let operations = fixture.order.operations().count();
    decide(&mut fixture, at, NOT_DONE, None).unwrap();
    let first = fixture.operation(at).by_hand.clone();
    assert_eq!(first, [decision(NOT_DONE, fixture.now)]);
    // Another attempt of the same operation, in doubt again.
    let again = fixture.pay(PaymentKind::Purchase, None, Some("key")).unwrap().sent();
    assert_eq!(again, at);
    assert_eq!(fixture.operation(at).by_hand, first);
    let at = in_doubt(&mut fixture, at);
    decide(&mut fixture, at, DONE, Some("r1")).unwrap();
    assert_eq!(fixture.operation(at).by_hand.iter().map(|d| d.verdict).collect::<Vec<_>>(), [NOT_DONE, DONE]);
    assert_eq!(fixture.order.operations().count(), operations, "the list of operations is the history");
}

#[test]
fn an_order_does_not_grow_without_end_by_decisions() {
    let mut fixture = Fixture::new();
    let at = payment_in_doubt(&mut fixture, PaymentKind::Purchase);
    for n in 0..BY_HAND_MAX {
        assert_eq!(decide(&mut fixture, at, NOT_DONE, None), Ok(NextStep::Respond), "{n}");
        let at = fixture.pay(PaymentKind::Purchase, None, Some("key")).unwrap().sent();
        in_doubt(&mut fixture, at);
    }
    assert_eq!(decide(&mut fixture, at, NOT_DONE, None), Err(HandRejection::TooMany));
}

#[test]
fn what_was_requested_counts_and_not_an_amount_that_was_told_in_doubt() {
    for told in [500, 9_999] {
        let mut fixture = Fixture::external();
        let at = fixture.pay(PaymentKind::Purchase, Some(1000), None).unwrap().sent();
        let response = GatewayResponse { charged: Some(amount(told).into()), ..GatewayResponse::default() };
        fixture.told(at, &Outcome::Unknown(Doubt::AmountDiffers, response));
        fixture.later(3_600);
        decide(&mut fixture, at, DONE, Some("r1")).unwrap();
        assert_eq!(fixture.transaction(at.transaction).captured(), amount(1000), "told {told}");
    }
}

#[test]
fn a_capture_and_a_refund_that_a_person_decides_move_their_share_of_the_fee() {
    let mut fixture = Fixture::with_total(Some(10_000));
    fixture.policy.fee_basis = Some(crate::order::FeeBasis::Subtotal);
    let at = fixture.pay(PaymentKind::Authorize, None, None).unwrap().sent();
    let fee = Fee { amount: amount(300), kind: FeeKind::Surcharge };
    let response = GatewayResponse {
        reference: Some("r".to_owned()),
        charged: Some(Charged { amount: amount(10_000), fee: Some(fee) }),
        ..GatewayResponse::default()
    };
    fixture.told(at, &Outcome::Approved(response));
    let at = fixture.capture(at.transaction, Some(5_000)).unwrap().sent();
    let at = in_doubt(&mut fixture, at);
    decide(&mut fixture, at, DONE, None).unwrap();
    assert_eq!(fixture.operation(at).fee().map(|fee| fee.amount), Some(amount(150)));
    let at = fixture.refund(at.transaction, Some(1_000)).unwrap().sent();
    let at = in_doubt(&mut fixture, at);
    decide(&mut fixture, at, DONE, Some("f")).unwrap();
    assert_eq!(fixture.operation(at).fee().map(|fee| fee.amount), Some(amount(30)));
    let at = fixture.refund(at.transaction, None).unwrap().sent();
    let share = fixture.transaction(at.transaction).fee_share(fixture.operation(at), &fixture.policy);
    assert_eq!(share.map(|share| share.share), Some(amount(120)), "what is left");
}

//! The word for each course that a payment can take.

use uuid::Uuid;

use super::*;
use crate::{
    memory::{new_operation, payment},
    order::{
        CaptureSchedule, Decision, Decline, DisputeKind, GatewayResponse, Kind, OperationState,
        RecordedDispute, tests::fixture::dispute_report,
    },
    values::{Carried, DeclineCode},
};

fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + minute * 60).unwrap()
}

fn decided(id: u128, kind: Kind, minor: u64, decision: Decision) -> Operation {
    let new = new_operation(Uuid::from_u128(id), kind, minor);
    Operation { state: OperationState::Decided(decision), ..Operation::new(new, at(0)) }
}

fn approved(id: u128, kind: Kind, minor: u64) -> Operation {
    decided(id, kind, minor, Decision::Approved(GatewayResponse::default()))
}

fn void(cause: Cause, by: Principal) -> Operation {
    Operation { cause, by, ..approved(9, Kind::Void, 500) }
}

fn refused_by_settlement(id: u128, kind: Kind, minor: u64) -> Operation {
    let response = GatewayResponse { settlement_rejected: true, ..GatewayResponse::default() };
    decided(id, kind, minor, Decision::Approved(response))
}

fn not_done(reason: NoEffect) -> Operation {
    decided(1, Kind::Purchase, 500, Decision::NoEffect(GatewayResponse::default(), reason))
}

fn declined(kind: Kind) -> Operation {
    let code = DeclineCode::InsufficientFunds;
    let decline = Decline::of(code);
    decided(1, kind, 500, Decision::Declined(GatewayResponse::default(), decline))
}

/// A payment that began with the first of these operations; an authorization ends at minute 60.
fn made_of(operations: Vec<Operation>) -> Transaction {
    let first = operations[0].clone();
    let kind = if first.kind == Kind::Authorize { PaymentKind::Authorize } else { PaymentKind::Purchase };
    let expires = (kind == PaymentKind::Authorize).then(|| at(60));
    Transaction { operations, authorization_expires_at: expires, ..payment(kind, first) }
}

#[test]
fn each_course_of_a_payment_has_the_word_that_people_use_for_it() {
    let client = Principal::ClientCredentials;
    let (hold, take) = (approved(1, Kind::Authorize, 500), approved(1, Kind::Purchase, 500));
    let capture = |minor| approved(2, Kind::Capture, minor);
    let refund = |minor| approved(3, Kind::Refund, minor);
    let pending = |kind| Operation::new(new_operation(Uuid::from_u128(4), kind, 500), at(0));
    let of_nothing = GatewayResponse { charged: Some(Amount::ZERO.into()), ..GatewayResponse::default() };
    let refused = refused_by_settlement(1, Kind::Purchase, 500);
    let not_refunded = Decision::NoEffect(refused.response().unwrap().clone(), NoEffect::TryAgain);
    for (operations, word) in [
        // A purchase holds nothing.
        (vec![decided(1, Kind::Purchase, 500, Decision::Approved(of_nothing))], PaymentWord::Paid),
        (vec![take.clone(), decided(3, Kind::Refund, 500, not_refunded)], PaymentWord::Paid),
        (vec![refused, void(Cause::RefundBeforeSettlement, client)], PaymentWord::Refunded),
        (vec![hold.clone()], PaymentWord::Held),
        (vec![hold.clone(), capture(500)], PaymentWord::Paid),
        (vec![hold.clone(), capture(499)], PaymentWord::PartlyPaid),
        (vec![take.clone()], PaymentWord::Paid),
        (vec![take.clone(), refund(1)], PaymentWord::PartlyRefunded),
        // A refund of a partial capture is named by the refund.
        (vec![hold.clone(), capture(400), refund(399)], PaymentWord::PartlyRefunded),
        (vec![hold.clone(), capture(400), refund(400)], PaymentWord::Refunded),
        (vec![take.clone(), refund(500)], PaymentWord::Refunded),
        (vec![take.clone(), void(Cause::RefundBeforeSettlement, client)], PaymentWord::Refunded),
        (vec![take.clone(), void(Cause::Duplicate, client)], PaymentWord::Paid),
        (vec![take.clone(), void(Cause::Requested, client)], PaymentWord::Voided),
        (vec![hold.clone(), void(Cause::Requested, client)], PaymentWord::Voided),
        (vec![hold.clone(), void(Cause::Requested, Principal::Schedule)], PaymentWord::Lapsed),
        (vec![hold.clone(), void(Cause::Elsewhere, Principal::Schedule)], PaymentWord::VoidedElsewhere),
        (vec![not_done(NoEffect::VoidedElsewhere)], PaymentWord::VoidedElsewhere),
        (vec![declined(Kind::Authorize)], PaymentWord::Declined),
        (vec![declined(Kind::Purchase)], PaymentWord::Declined),
        (vec![take.clone(), void(Cause::CvvMismatch, client)], PaymentWord::Declined),
        // The gateway's outage is not the customer's bank.
        (vec![not_done(NoEffect::Unreachable)], PaymentWord::NotProcessed),
        (vec![not_done(NoEffect::NeverArrived)], PaymentWord::NotProcessed),
        (vec![pending(Kind::Purchase)], PaymentWord::NotKnownYet),
        (vec![hold.clone(), pending(Kind::Capture)], PaymentWord::NotKnownYet),
        (vec![take.clone(), refund(100), pending(Kind::Refund)], PaymentWord::NotKnownYet),
        (vec![refused_by_settlement(1, Kind::Purchase, 500)], PaymentWord::SettlementRefused),
        (vec![hold, refused_by_settlement(2, Kind::Capture, 500)], PaymentWord::SettlementRefused),
        (vec![take, refused_by_settlement(3, Kind::Refund, 500)], PaymentWord::SettlementRefused),
        (
            vec![refused_by_settlement(1, Kind::Purchase, 500), void(Cause::Requested, client)],
            PaymentWord::Voided,
        ),
    ] {
        let transaction = made_of(operations);
        let course: Vec<_> = transaction.operations.iter().map(|o| (o.kind, o.stage(), o.cause)).collect();
        assert_eq!(transaction.word(at(1)), word, "{course:?}");
    }
}

#[test]
fn an_authorization_lapses_at_its_end_or_when_the_schedule_says_so_and_a_captured_one_never() {
    let held = made_of(vec![approved(1, Kind::Authorize, 500)]);
    let words = [59, 60, 61].map(|minute| held.word(at(minute)));
    assert_eq!(words, [PaymentWord::Held, PaymentWord::Lapsed, PaymentWord::Lapsed]);
    let lapsed_at = Some(at(30));
    let capture = Some(CaptureSchedule::new(at(20), None));
    assert_eq!(Transaction { capture, lapsed_at, ..held }.word(at(31)), PaymentWord::Lapsed);
    let captured = made_of(vec![approved(1, Kind::Authorize, 500), approved(2, Kind::Capture, 500)]);
    assert_eq!(captured.word(at(61)), PaymentWord::Paid);
}

#[test]
fn nothing_is_left_to_act_on_while_an_outcome_is_not_known() {
    let left = |operations| {
        let Remaining { capturable, refundable } = made_of(operations).left(at(1));
        (capturable.minor(), refundable.minor())
    };
    let (hold, take) = (approved(1, Kind::Authorize, 500), approved(1, Kind::Purchase, 500));
    let pending = Operation::new(new_operation(Uuid::from_u128(4), Kind::Refund, 100), at(0));
    assert_eq!(left(vec![hold.clone()]), (500, 0));
    assert_eq!(left(vec![hold, approved(2, Kind::Capture, 300)]), (0, 300));
    assert_eq!(left(vec![take.clone(), approved(2, Kind::Refund, 200)]), (0, 300));
    assert_eq!(left(vec![take, pending]), (0, 0));
    assert_eq!(left(vec![declined(Kind::Authorize)]), (0, 0));
}

#[test]
fn what_has_lapsed_shows_nothing_to_capture_although_the_rules_still_let_it_be_tried() {
    let held = made_of(vec![approved(1, Kind::Authorize, 500)]);
    let shown = [59, 60, 61].map(|minute| held.left(at(minute)).capturable.minor());
    assert_eq!(shown, [500, 0, 0]);
    let on_record = Transaction { lapsed_at: Some(at(30)), ..held };
    assert_eq!(on_record.left(at(31)).capturable, Amount::ZERO);
    assert_eq!(on_record.capturable().minor(), 500, "what a capture goes by");
}

#[test]
fn the_shares_of_a_payment_say_where_its_amount_is() {
    let (hold, take) = (approved(1, Kind::Authorize, 500), approved(1, Kind::Purchase, 500));
    let capture = |minor| approved(2, Kind::Capture, minor);
    let refund = |minor| approved(3, Kind::Refund, minor);
    let client = Principal::ClientCredentials;
    // Kept, refused, refunded, disputed, held, released.
    for (operations, minute, expected) in [
        (vec![hold.clone()], 1, [0, 0, 0, 0, 500, 0]),
        (vec![hold.clone()], 60, [0, 0, 0, 0, 0, 500]),
        (vec![hold.clone(), capture(300)], 1, [300, 0, 0, 0, 0, 200]),
        (vec![hold.clone(), capture(300), refund(100)], 1, [200, 0, 100, 0, 0, 200]),
        (vec![take.clone()], 1, [500, 0, 0, 0, 0, 0]),
        (vec![take.clone(), refund(500)], 1, [0, 0, 500, 0, 0, 0]),
        (vec![take.clone(), void(Cause::Requested, client)], 1, [0, 0, 0, 0, 0, 500]),
        (vec![take.clone(), void(Cause::RefundBeforeSettlement, client)], 1, [0, 0, 500, 0, 0, 0]),
        (vec![refused_by_settlement(1, Kind::Purchase, 500)], 1, [0, 500, 0, 0, 0, 0]),
    ] {
        let shares = made_of(operations).shares(at(minute)).unwrap();
        let Shares { kept, refused, refunded, disputed, held, released } = shares;
        let found = [kept, refused, refunded, disputed, held, released].map(Amount::minor);
        assert_eq!(found, expected, "{shares:?}");
    }
    let mut disputed = made_of(vec![take, refund(200)]);
    let dispute = dispute_report(DisputeKind::Chargeback, "c", "1", 500).dispute;
    disputed.disputes.push(RecordedDispute { dispute, at: at(1), carried: Carried::default() });
    let Shares { kept, refunded, disputed, .. } = disputed.shares(at(1)).unwrap();
    assert_eq!(
        [kept, refunded, disputed].map(Amount::minor),
        [0, 200, 500],
        "the bank took refunded money, too"
    );
    let pending = Operation::new(new_operation(Uuid::from_u128(4), Kind::Refund, 500), at(0));
    for operations in [
        vec![approved(1, Kind::Purchase, 500), pending],
        vec![declined(Kind::Purchase)],
        vec![not_done(NoEffect::TryAgain)],
        vec![approved(1, Kind::Purchase, 500), void(Cause::CvvMismatch, client)],
    ] {
        assert_eq!(made_of(operations).shares(at(1)), None);
    }
}

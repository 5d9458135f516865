//! The values that are derived from a payment's operations.

use super::*;
use crate::{
    memory::{new_operation, payment},
    order::{Decision, GatewayResponse, OperationState, gateway_order_id},
};

fn operation(id: u128, kind: Kind, minor: u64, state: OperationState) -> Operation {
    let new = new_operation(Uuid::from_u128(id), kind, minor);
    Operation { state, ..Operation::new(new, Timestamp::UNIX_EPOCH) }
}

fn approved(id: u128, kind: Kind, minor: u64) -> Operation {
    operation(id, kind, minor, OperationState::Decided(Decision::Approved(GatewayResponse::default())))
}

fn not_done(id: u128, kind: Kind, minor: u64, reason: NoEffect) -> Operation {
    operation(
        id,
        kind,
        minor,
        OperationState::Decided(Decision::NoEffect(GatewayResponse::default(), reason)),
    )
}

fn paid(kind: PaymentKind, minor: u64) -> Transaction {
    payment(kind, approved(1, kind.operation(), minor))
}

#[test]
fn the_kinds_of_payments_have_elastic_paths_names() {
    assert_eq!((PaymentKind::Purchase.as_str(), PaymentKind::Authorize.as_str()), ("purchase", "authorize"));
}

#[test]
fn a_refund_that_came_too_early_stays_that_and_a_void_that_came_too_late_is_one() {
    let mut transaction = paid(PaymentKind::Purchase, 100);
    let refund = not_done(2, Kind::Refund, 100, NoEffect::NotSettled);
    let mut void = not_done(3, Kind::Void, 100, NoEffect::AlreadySettled);
    transaction.operations.push(void.clone());
    assert_eq!(transaction.operation_status(&void), OperationStatus::NoEffect(NoEffect::AlreadySettled));
    (void.follows, void.cause) = (Some(refund.id), Cause::RefundBeforeSettlement);
    transaction.operations = vec![transaction.operations[0].clone(), refund.clone(), void];
    assert_eq!(transaction.operation_status(&refund), OperationStatus::NoEffect(NoEffect::NotSettled));
}

#[test]
fn of_a_payment_that_only_a_newer_version_can_read_all_is_reserved_that_it_may_come_to() {
    let mut transaction = payment(PaymentKind::Unrecognized, approved(1, Kind::Purchase, 100));
    transaction.operations.push(approved(2, Kind::Unrecognized, 50));
    transaction.operations.push(approved(3, Kind::Refund, 30));
    assert_eq!(transaction.amount().minor(), 150);
    assert_eq!((transaction.captured(), transaction.refunded()), (Amount::ZERO, Amount::ZERO));
    let purchase = Transaction { instrument: Instrument::Unrecognized, ..paid(PaymentKind::Purchase, 100) };
    assert_eq!((purchase.status(), purchase.captured()), (TransactionStatus::Pending, Amount::ZERO));
}

#[test]
fn what_was_done_last_tells_how_the_refunds_were_made() {
    let authorized = paid(PaymentKind::Authorize, 100);
    assert_eq!((authorized.last_done(), authorized.refund_mechanism()), (Kind::Authorize, None));
    let mut captured = authorized.clone();
    captured.operations.push(approved(2, Kind::Capture, 60));
    assert_eq!(captured.last_done(), Kind::Capture);
    assert_eq!(paid(PaymentKind::Purchase, 100).last_done(), Kind::Purchase);

    for mechanism in [Mechanism::Automatic, Mechanism::Manual] {
        let mut refunded = captured.clone();
        refunded.operations.push(Operation { mechanism, ..approved(3, Kind::Refund, 10) });
        assert_eq!((refunded.last_done(), refunded.refund_mechanism()), (Kind::Refund, Some(mechanism)));
    }

    // A void gave everything back; a payment that was voided otherwise was not refunded.
    let mechanism = Mechanism::Manual;
    for (cause, expected) in
        [(Cause::RefundBeforeSettlement, Some(Mechanism::Automatic)), (Cause::Elsewhere, None)]
    {
        let mut voided = paid(PaymentKind::Purchase, 100);
        voided.operations.push(Operation { cause, mechanism, ..approved(2, Kind::Void, 100) });
        assert_eq!(voided.refund_mechanism(), expected, "{cause:?}");
    }
}

#[test]
fn a_payment_is_open_while_something_can_be_done_to_it() {
    assert!(paid(PaymentKind::Authorize, 100).is_open(), "to be captured");
    let mut purchase = paid(PaymentKind::Purchase, 100);
    assert!(purchase.is_open(), "to be refunded");
    purchase.operations.push(approved(2, Kind::Refund, 100));
    assert!(!purchase.is_open());
    let pending =
        Operation::new(new_operation(Uuid::from_u128(1), Kind::Purchase, 100), Timestamp::UNIX_EPOCH);
    assert!(payment(PaymentKind::Purchase, pending).is_open(), "in doubt");
    let failed = not_done(1, Kind::Purchase, 100, NoEffect::Unreachable);
    assert!(!payment(PaymentKind::Purchase, failed).is_open());
}

#[test]
fn the_gateway_may_know_a_payment_by_the_order_id_of_every_attempt_of_every_operation() {
    let mut first = not_done(1, Kind::Purchase, 100, NoEffect::NeverArrived);
    first.attempt_again(Uuid::from_u128(7), first.amount, None, Timestamp::UNIX_EPOCH);
    let mut transaction = payment(PaymentKind::Purchase, first);
    transaction.operations.push(approved(2, Kind::Refund, 100));
    let expected = [1, 7, 2].map(|attempt| gateway_order_id(Uuid::from_u128(attempt)));
    assert_eq!(transaction.gateway_order_ids(), expected);
}

#[test]
fn a_payments_amount_is_the_approved_one_only_once_it_is_approved() {
    let said =
        GatewayResponse { charged: Some(Amount::new(60).unwrap().into()), ..GatewayResponse::default() };
    for (decision, minor) in
        [(Decision::Approved(said.clone()), 60), (Decision::NoEffect(said, NoEffect::VoidedElsewhere), 100)]
    {
        let first = operation(1, Kind::Purchase, 100, OperationState::Decided(decision));
        assert_eq!(payment(PaymentKind::Purchase, first).amount().minor(), minor);
    }
}

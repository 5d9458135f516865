//! Histories, fact by fact: each fact's name, its changes, and the data told with it.
//!
//! `order/tests/journal.rs` has the laws that hold for every history.

use super::*;
use crate::{
    journal::{changes::Balances, fees},
    memory::{new_operation, payment},
    order::{
        Attribution, ByHand, Decision, Decline, GatewayResponse, HandVerdict, Mechanism, NoEffect, Operation,
        OperationState, OrderKey, PaymentKind, Transaction,
    },
    values::{Brand, Charged, Currency, DeclineCode, FeeKind, SignedAmount},
};

/// A transaction's balances, as changes from nothing.
fn standing(transaction: &Transaction) -> Changes {
    Balances::of(transaction).changes_since(Balances::default())
}

fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + minute * 60).unwrap()
}

fn begun(n: u128, kind: Kind, minor: u64, minute: i64) -> Operation {
    Operation::new(new_operation(Uuid::from_u128(n), kind, minor), at(minute))
}

fn caused(cause: Cause, operation: Operation) -> Operation {
    Operation { cause, ..operation }
}

fn response(reference: &str) -> GatewayResponse {
    GatewayResponse {
        reference: Some(reference.to_owned()),
        authcode: Some(format!("auth {reference}")),
        ..GatewayResponse::default()
    }
}

fn then_approved(mut operation: Operation, minute: i64) -> Operation {
    operation.decide(Decision::Approved(response("r")), at(minute));
    operation
}

fn then_not_done(mut operation: Operation, reason: NoEffect, minute: i64) -> Operation {
    operation.decide(Decision::NoEffect(GatewayResponse::default(), reason), at(minute));
    operation
}

fn then_declined(mut operation: Operation, minute: i64) -> Operation {
    let decline = Decline::of(DeclineCode::InsufficientFunds);
    operation.decide(Decision::Declined(response("no"), decline), at(minute));
    operation
}

fn then_again(mut operation: Operation, attempt: u128, minor: u64, minute: i64) -> Operation {
    operation.attempt_again(Uuid::from_u128(attempt), Amount::new(minor).unwrap(), None, at(minute));
    operation
}

/// An operation that was approved at once.
fn done(n: u128, kind: Kind, minor: u64, minute: i64) -> Operation {
    then_approved(begun(n, kind, minor, minute), minute)
}

fn order(operations: Vec<Operation>) -> Order {
    let key = OrderKey { merchant: "m".parse().unwrap(), order: "o".parse().unwrap() };
    let mut order = Order::new(&key, Currency::USD, None, at(0));
    let method =
        if operations[0].kind == Kind::Purchase { PaymentKind::Purchase } else { PaymentKind::Authorize };
    let mut operations = operations.into_iter();
    let mut transaction = payment(method, operations.next().unwrap());
    transaction.operations.extend(operations);
    order.transactions.push(transaction);
    order
}

fn told(operations: Vec<Operation>) -> Vec<Entry> {
    entries(None, &order(operations))
}

/// The changes of each operation's facts: held, paid, returned, at the gateway.
fn changed(operations: Vec<Operation>) -> Vec<(u128, Fact, [i64; 4])> {
    let all = told(operations).into_iter();
    all.map(|entry| {
        let Changes { held, paid, returned, gateway, .. } = entry.changes;
        (entry.operation.as_u128(), entry.fact, [held, paid, returned, gateway].map(SignedAmount::minor))
    })
    .collect()
}

fn given_up_and_found(n: u128, kind: Kind, minor: u64, [begun_at, given_up, found]: [i64; 3]) -> Operation {
    let given_up = then_not_done(begun(n, kind, minor, begun_at), NoEffect::NeverArrived, given_up);
    then_approved(given_up, found)
}

#[test]
fn changes_add_up_in_every_part_and_never_wrap() {
    let all = |minor: [i64; 6]| {
        let [held, paid, returned, gateway, fees, disputed] = minor.map(SignedAmount::new);
        Changes { held, paid, returned, gateway, fees, disputed }
    };
    let changes = all([1, -2, 3, -4, 5, -6]);
    assert_eq!(changes.checked_add(changes), Some(all([2, -4, 6, -8, 10, -12])));
    assert_eq!(Changes::sum([changes, all([-1, 2, -3, 4, -5, 6])]), Some(Changes::default()));
    for n in 0..6 {
        let mut one = [0; 6];
        one[n] = 1;
        let most = one.map(|minor| minor * i64::MAX);
        assert_eq!(Changes::sum([all(most), all(one)]), None, "{n}");
    }
}

/// The same operation, approved with a fee beside its amount.
fn with_fee(minor: u64, mut operation: Operation) -> Operation {
    let fee = Fee { amount: Amount::new(minor).unwrap(), kind: FeeKind::Surcharge };
    let charged = Some(Charged { amount: operation.amount, fee: Some(fee) });
    operation.state =
        OperationState::Decided(Decision::Approved(GatewayResponse { charged, ..response("r") }));
    operation
}

/// Each fact's fee, its change of the gateway's fees, and its change of the gateway's money.
fn fees_told(operations: Vec<Operation>) -> Vec<(Fact, u64, [i64; 2])> {
    let all = told(operations).into_iter();
    all.map(|entry| {
        let minor = entry.fee.map_or(0, |fee| fee.amount.minor());
        (entry.fact, minor, [entry.changes.fees, entry.changes.gateway].map(SignedAmount::minor))
    })
    .collect()
}

#[test]
fn a_fee_is_beside_what_was_held_taken_and_given_back() {
    let authorization = with_fee(3, done(1, Kind::Authorize, 100, 0));
    let purchase = with_fee(3, done(1, Kind::Purchase, 100, 0));
    let capture = with_fee(2, done(2, Kind::Capture, 60, 1));
    for (operations, expected) in [
        (
            // A capture takes its own fee, and a hold alone is no money.
            vec![authorization.clone(), capture.clone(), with_fee(1, done(3, Kind::Refund, 20, 2))],
            vec![(Fact::Approved, 3, [0, 0]), (Fact::Captured, 2, [2, 60]), (Fact::Refunded, 1, [-1, -20])],
        ),
        (
            vec![authorization.clone(), done(2, Kind::Void, 100, 1)],
            vec![(Fact::Approved, 3, [0, 0]), (Fact::Voided, 3, [0, 0])],
        ),
        (
            vec![authorization, capture, done(3, Kind::Void, 60, 2)],
            vec![(Fact::Approved, 3, [0, 0]), (Fact::Captured, 2, [2, 60]), (Fact::Voided, 2, [-2, -60])],
        ),
        (
            // A void says nothing of fees, and gives back the fees that are left.
            vec![
                purchase.clone(),
                with_fee(1, done(2, Kind::Refund, 20, 1)),
                caused(Cause::RefundBeforeSettlement, done(3, Kind::Void, 100, 2)),
            ],
            vec![
                (Fact::Approved, 3, [3, 100]),
                (Fact::Refunded, 1, [-1, -20]),
                (Fact::Refunded, 2, [-2, -80]),
            ],
        ),
        (
            // A duplicate's refund is no refund of the payment.
            vec![purchase, caused(Cause::Duplicate, with_fee(3, done(2, Kind::Refund, 100, 1)))],
            vec![(Fact::Approved, 3, [3, 100]), (Fact::DuplicateReturned, 3, [0, -100])],
        ),
        (
            // A refused operation moved nothing, even if its payment has a fee.
            vec![
                with_fee(3, done(1, Kind::Purchase, 100, 0)),
                then_declined(begun(2, Kind::Refund, 20, 1), 2),
                then_declined(begun(3, Kind::Void, 100, 3), 4),
            ],
            vec![(Fact::Approved, 3, [3, 100]), (Fact::Declined, 0, [0, 0]), (Fact::Declined, 0, [0, 0])],
        ),
    ] {
        assert_eq!(fees_told(operations), expected);
    }
}

#[test]
fn fees_are_read_off_a_payment_like_its_amounts() {
    let read = |operations: Vec<Operation>| {
        let fees = fees(&order(operations).transactions[0])?;
        Some([fees.amount, fees.captured, fees.refunded].map(Amount::minor))
    };
    let authorization = with_fee(3, done(1, Kind::Authorize, 100, 0));
    let purchase = with_fee(3, done(1, Kind::Purchase, 100, 0));
    let void = |cause| caused(cause, done(9, Kind::Void, 100, 9));
    let refund = with_fee(1, done(3, Kind::Refund, 20, 2));
    let manual = Operation { mechanism: Mechanism::Manual, ..done(4, Kind::Refund, 20, 3) };
    assert_eq!(read(vec![done(1, Kind::Purchase, 100, 0)]), None);
    assert_eq!(read(vec![with_fee(0, done(1, Kind::Purchase, 100, 0))]), None, "waived");
    assert_eq!(read(vec![begun(1, Kind::Purchase, 100, 0)]), None, "not known yet");
    assert_eq!(read(vec![authorization.clone()]), Some([3, 0, 0]));
    let capture = with_fee(2, done(2, Kind::Capture, 60, 1));
    assert_eq!(read(vec![authorization.clone(), capture, refund.clone(), manual]), Some([3, 2, 1]));
    assert_eq!(read(vec![authorization, void(Cause::Requested)]), Some([3, 0, 0]));
    assert_eq!(read(vec![purchase.clone(), refund]), Some([3, 3, 1]));
    assert_eq!(read(vec![purchase.clone(), void(Cause::RefundBeforeSettlement)]), Some([3, 3, 3]));
    assert_eq!(read(vec![purchase.clone(), void(Cause::Requested)]), Some([3, 0, 0]));
    let duplicate = caused(Cause::Duplicate, with_fee(3, done(2, Kind::Refund, 100, 1)));
    assert_eq!(read(vec![purchase, duplicate]), Some([3, 3, 0]));
}

#[test]
fn what_is_held_taken_and_given_back_changes_with_each_fact() {
    let authorization = done(1, Kind::Authorize, 100, 0);
    let purchase = done(1, Kind::Purchase, 100, 0);
    let manual = |operation: Operation| Operation { mechanism: Mechanism::Manual, ..operation };
    for (operations, expected) in [
        (
            vec![
                authorization.clone(),
                done(2, Kind::Capture, 60, 1),
                done(3, Kind::Refund, 20, 2),
                manual(done(4, Kind::Refund, 10, 3)),
            ],
            vec![
                (1, Fact::Approved, [100, 0, 0, 0]),
                (2, Fact::Captured, [-100, 60, 0, 60]),
                (3, Fact::Refunded, [0, 0, 20, -20]),
                (4, Fact::Refunded, [0, 0, 10, 0]),
            ],
        ),
        (
            vec![authorization.clone(), done(2, Kind::Void, 100, 1)],
            vec![(1, Fact::Approved, [100, 0, 0, 0]), (2, Fact::Voided, [-100, 0, 0, 0])],
        ),
        (
            vec![purchase.clone(), done(2, Kind::Void, 100, 1)],
            vec![(1, Fact::Approved, [0, 100, 0, 100]), (2, Fact::Voided, [0, -100, 0, -100])],
        ),
        (
            vec![
                purchase.clone(),
                then_not_done(begun(2, Kind::Refund, 100, 1), NoEffect::NotSettled, 1),
                caused(Cause::RefundBeforeSettlement, done(3, Kind::Void, 100, 1)),
            ],
            vec![(1, Fact::Approved, [0, 100, 0, 100]), (3, Fact::Refunded, [0, 0, 100, -100])],
        ),
        // A payment that may not stand took money all the same, until its void is done.
        (
            vec![purchase.clone(), caused(Cause::AvsMismatch, begun(2, Kind::Void, 100, 0))],
            vec![(1, Fact::Approved, [0, 0, 0, 100]), (1, Fact::DeclinedByRule, [0; 4])],
        ),
        (
            vec![
                purchase.clone(),
                caused(Cause::AvsMismatch, then_approved(begun(2, Kind::Void, 100, 0), 3)),
            ],
            vec![
                (1, Fact::Approved, [0, 0, 0, 100]),
                (1, Fact::DeclinedByRule, [0; 4]),
                (2, Fact::Voided, [0, 0, 0, -100]),
            ],
        ),
        (
            vec![authorization, caused(Cause::CvvMismatch, begun(2, Kind::Void, 100, 0))],
            vec![(1, Fact::Approved, [0; 4]), (1, Fact::DeclinedByRule, [0; 4])],
        ),
        (vec![then_declined(begun(1, Kind::Purchase, 100, 0), 0)], vec![(1, Fact::Declined, [0; 4])]),
        (
            vec![purchase, then_not_done(begun(2, Kind::Refund, 5, 1), NoEffect::Unreachable, 1)],
            vec![(1, Fact::Approved, [0, 100, 0, 100])],
        ),
    ] {
        assert_eq!(changed(operations), expected);
    }
}

#[test]
fn a_second_charge_counts_at_the_gateway_until_it_is_given_back() {
    let purchase = done(1, Kind::Purchase, 100, 0);
    let by_void = caused(Cause::Duplicate, then_approved(begun(2, Kind::Void, 100, 1), 4));
    let expected = [
        (1, Fact::Approved, [0, 100, 0, 100]),
        (2, Fact::DuplicateFound, [0, 0, 0, 100]),
        (2, Fact::DuplicateReturned, [0, 0, 0, -100]),
    ];
    assert_eq!(changed(vec![purchase.clone(), by_void.clone()]), expected);

    // Too late for a void, so a refund gives it back.
    let void =
        caused(Cause::Duplicate, then_not_done(begun(2, Kind::Void, 100, 1), NoEffect::AlreadySettled, 2));
    let refund = caused(Cause::Duplicate, then_approved(begun(3, Kind::Refund, 100, 2), 4));
    let expected = [
        (1, Fact::Approved, [0, 100, 0, 100]),
        (2, Fact::DuplicateFound, [0, 0, 0, 100]),
        (3, Fact::DuplicateReturned, [0, 0, 0, -100]),
    ];
    assert_eq!(changed(vec![purchase, void, refund]), expected);

    // A second hold is no money.
    let expected = [
        (1, Fact::Approved, [100, 0, 0, 0]),
        (2, Fact::DuplicateFound, [0; 4]),
        (2, Fact::DuplicateReturned, [0; 4]),
    ];
    assert_eq!(changed(vec![done(1, Kind::Authorize, 100, 0), by_void]), expected);
}

#[test]
fn what_is_found_late_counts_after_what_had_been_decided_by_then() {
    let authorization = done(1, Kind::Authorize, 100, 0);
    // Given up, another one was made, and then both were there: the first is the payment's capture.
    let late = given_up_and_found(2, Kind::Capture, 60, [1, 2, 9]);
    let between = done(3, Kind::Capture, 40, 5);
    let expected = [
        (1, Fact::Approved, [100, 0, 0, 0]),
        (3, Fact::Captured, [-100, 40, 0, 40]),
        (2, Fact::Captured, [0, 20, 0, 20]),
    ];
    let of_decisions = |operations: Vec<Operation>| {
        let mut all = changed(operations);
        all.retain(|(_, fact, _)| *fact != Fact::Abandoned);
        all
    };
    assert_eq!(of_decisions(vec![authorization.clone(), late, between.clone()]), expected);

    // Found before the other one began: it counts first.
    let soon = given_up_and_found(2, Kind::Capture, 60, [1, 2, 4]);
    let expected = [
        (1, Fact::Approved, [100, 0, 0, 0]),
        (2, Fact::Captured, [-100, 60, 0, 60]),
        (3, Fact::Captured, [0; 4]),
    ];
    assert_eq!(of_decisions(vec![authorization.clone(), soon, between.clone()]), expected);

    // Done by another attempt: the same as late.
    let failed = then_not_done(begun(2, Kind::Capture, 60, 1), NoEffect::Unreachable, 2);
    let again = then_approved(then_again(failed, 20, 60, 8), 9);
    let expected = [
        (1, Fact::Approved, [100, 0, 0, 0]),
        (3, Fact::Captured, [-100, 40, 0, 40]),
        (2, Fact::Captured, [0, 20, 0, 20]),
    ];
    assert_eq!(of_decisions(vec![authorization.clone(), again, between.clone()]), expected);

    // Refused, shown to have done nothing by the first look, and found done by the last one: late,
    // too.
    let mut reopened = then_not_done(begun(2, Kind::Capture, 60, 1), NoEffect::TryAgain, 2);
    reopened.reopen(at(3));
    let reopened = then_approved(reopened, 9);
    assert_eq!(of_decisions(vec![authorization, reopened, between]), expected);
}

#[test]
fn two_that_are_found_late_count_as_they_were_found() {
    let purchase = done(1, Kind::Purchase, 100, 0);
    for (one, other) in [(7, 9), (9, 7)] {
        let refunds = [
            given_up_and_found(2, Kind::Refund, 10, [1, 2, one]),
            given_up_and_found(3, Kind::Refund, 20, [3, 4, other]),
        ];
        let void = done(4, Kind::Void, 100, 8);
        let [first, second] = refunds.clone();
        let all = told(vec![purchase.clone(), first, second, void]);
        let gateway: i64 = all.iter().map(|entry| entry.changes.gateway.minor()).sum();
        assert_eq!(gateway, 0, "all was voided");
        let of = |n| {
            let found = all
                .iter()
                .find(|entry| entry.operation == Uuid::from_u128(n) && entry.fact == Fact::Refunded);
            (found.unwrap().late, found.unwrap().changes.gateway.minor())
        };
        // The refund found before the void reduced the amount that the void gave back; the other
        // one changed nothing more.
        let expected = if one < other { [(true, -10), (true, 0)] } else { [(true, 0), (true, -20)] };
        assert_eq!([of(2), of(3)], expected);
    }
}

#[test]
fn what_was_refused_without_proof_and_found_stays_late_once_that_is_proven() {
    let unproven = || GatewayResponse { unproven: true, ..response("1") };
    let decline = Decline::of(DeclineCode::GenericDecline);
    for refusal in
        [Decision::NoEffect(unproven(), NoEffect::TryAgain), Decision::Declined(unproven(), decline)]
    {
        let mut refused = begun(1, Kind::Purchase, 100, 0);
        refused.decide(refusal, at(1));
        refused.reopen(at(60));
        let mut found = then_approved(refused, 60);
        let before = told(vec![found.clone()]);
        assert!(before.iter().any(|entry| entry.fact == Fact::Approved && entry.late));
        found.take_unproven();
        assert_eq!(told(vec![found]), before);
    }
}

#[test]
fn the_payment_counts_first_however_late_it_was_found() {
    let late = given_up_and_found(1, Kind::Purchase, 100, [0, 1, 9]);
    let duplicate = caused(Cause::Duplicate, done(2, Kind::Void, 100, 5));
    let changes: Vec<_> = changed(vec![late, duplicate]);
    assert_eq!(changes.last(), Some(&(1, Fact::Approved, [0, 100, 0, 100])));
}

#[test]
fn decisions_that_no_longer_stand_are_facts_unless_they_did_nothing() {
    let facts = |operations| {
        told(operations).iter().map(|entry| (entry.fact, entry.amount.minor())).collect::<Vec<_>>()
    };
    let declined = then_again(then_declined(begun(1, Kind::Purchase, 100, 0), 1), 10, 90, 2);
    assert_eq!(facts(vec![declined.clone()]), [(Fact::Declined, 100)]);
    assert_eq!(facts(vec![then_approved(declined, 3)]), [(Fact::Declined, 100), (Fact::Approved, 90)]);
    let unreachable = then_not_done(begun(1, Kind::Purchase, 100, 0), NoEffect::Unreachable, 1);
    assert_eq!(facts(vec![then_approved(then_again(unreachable, 10, 90, 2), 3)]), [(Fact::Approved, 90)]);
    let abandoned = then_not_done(begun(1, Kind::Purchase, 100, 0), NoEffect::NeverArrived, 1);
    assert_eq!(
        facts(vec![then_approved(then_again(abandoned, 10, 90, 2), 3)]),
        [(Fact::Abandoned, 100), (Fact::Approved, 90)]
    );
}

/// A refund that was given up and repeated for less, and both were done.
fn refunded_twice() -> Operation {
    let given_up = then_not_done(begun(2, Kind::Refund, 40, 1), NoEffect::NeverArrived, 2);
    let mut refund = with_fee(1, then_approved(then_again(given_up, 20, 30, 3), 4));
    let fee = Fee { amount: Amount::new(2).unwrap(), kind: FeeKind::Surcharge };
    let charged = Some(Charged { amount: Amount::new(40).unwrap(), fee: Some(fee) });
    refund.note_done_again(&GatewayResponse { charged, ..response("again") }, at(5));
    refund
}

#[test]
fn a_refund_that_was_done_twice_is_told_twice_with_the_amount_and_the_fee_of_each() {
    let operations = || vec![with_fee(3, done(1, Kind::Purchase, 100, 0)), refunded_twice()];
    let expected = [
        (Fact::Approved, 3, [3, 100]),
        (Fact::Abandoned, 0, [0, 0]),
        (Fact::Refunded, 1, [-1, -30]),
        (Fact::DuplicateFound, 2, [-2, -40]),
    ];
    assert_eq!(fees_told(operations()), expected);
    let told: Vec<_> =
        told(operations()).into_iter().map(|entry| (entry.amount.minor(), entry.late)).collect();
    assert_eq!(told, [(100, false), (40, false), (30, false), (40, true)]);
    assert_eq!(changed(operations())[3], (2, Fact::DuplicateFound, [0, 0, 0, -40]), "the order counts one");
}

#[test]
fn an_approval_that_an_older_version_kept_is_the_same_one_and_neither_late_nor_a_second() {
    let mut refund = Operation { state: OperationState::Unrecognized, ..begun(2, Kind::Refund, 40, 1) };
    refund.keep_unapplied(Decision::Approved(response("r")), at(2));
    let refund = then_approved(refund, 3);
    let facts: Vec<_> = told(vec![done(1, Kind::Purchase, 100, 0), refund])
        .into_iter()
        .map(|entry| (entry.fact, entry.late))
        .collect();
    assert_eq!(facts, [(Fact::Approved, false), (Fact::Refunded, false)]);
}

#[test]
fn that_a_payment_was_voided_elsewhere_is_told_once() {
    let facts = |operations| told(operations).into_iter().map(|entry| entry.fact).collect::<Vec<_>>();
    let elsewhere = |operation| then_not_done(operation, NoEffect::VoidedElsewhere, 2);
    let (authorization, purchase) = (done(1, Kind::Authorize, 100, 0), done(1, Kind::Purchase, 100, 0));
    let refund = elsewhere(begun(2, Kind::Refund, 100, 1));
    assert_eq!(facts(vec![purchase.clone(), refund]), [Fact::Approved, Fact::VoidedElsewhere]);
    // The void that a capture finds is an operation of its own.
    let capture = elsewhere(begun(2, Kind::Capture, 100, 1));
    assert_eq!(facts(vec![authorization.clone(), capture.clone()]), [Fact::Approved]);
    let found = caused(Cause::Elsewhere, done(3, Kind::Void, 100, 2));
    assert_eq!(facts(vec![authorization, capture, found]), [Fact::Approved, Fact::VoidedElsewhere]);
    // An operation that must succeed is done again.
    let void = caused(Cause::AvsMismatch, elsewhere(begun(2, Kind::Void, 100, 1)));
    assert_eq!(facts(vec![purchase, void]), [Fact::Approved, Fact::DeclinedByRule]);
}

#[test]
fn a_refusal_by_a_rule_names_its_rule_and_the_payment_that_it_refused() {
    // Approved in part: the void is of 70, and the payment, too.
    let mut part = begun(1, Kind::Purchase, 100, 0);
    let approval = GatewayResponse { charged: Some(Amount::new(70).unwrap().into()), ..response("r1") };
    part.decide(Decision::Approved(approval), at(1));
    let void = caused(Cause::PartialApproval, begun(2, Kind::Void, 70, 2));
    let entry = told(vec![part, void]).into_iter().find(|entry| entry.fact == Fact::DeclinedByRule).unwrap();
    assert_eq!((entry.cause, entry.decline), (Cause::PartialApproval, Some(DeclineCode::PartialApproval)));
    assert_eq!((entry.amount.minor(), entry.reference.as_deref()), (70, Some("r1")));
    assert_eq!((entry.kind, entry.at), (Kind::Purchase, at(2)));
}

#[test]
fn an_entry_says_what_the_gateway_said() {
    let less = GatewayResponse {
        charged: Some(Amount::new(70).unwrap().into()),
        settlement_rejected: true,
        ..response("r7")
    };
    let mut part = begun(1, Kind::Purchase, 100, 0);
    part.decide(Decision::Approved(less.clone()), at(1));
    let of = |operation: Operation| told(vec![operation]).remove(0);
    let entry = of(part);
    assert_eq!((entry.amount.minor(), entry.settlement_rejected), (70, true));
    assert_eq!((entry.reference.as_deref(), entry.authcode.as_deref()), (Some("r7"), Some("auth r7")));
    assert_eq!(entry.decline, None);

    let entry = of(then_declined(begun(1, Kind::Purchase, 100, 0), 1));
    assert_eq!((entry.amount.minor(), entry.settlement_rejected), (100, false));
    assert_eq!(
        (entry.decline, entry.reference.as_deref()),
        (Some(DeclineCode::InsufficientFunds), Some("no"))
    );

    // A refusal is of the requested amount, even if its response names another one.
    let mut refused = begun(1, Kind::Purchase, 100, 0);
    let decline = Decline::of(DeclineCode::InsufficientFunds);
    refused.decide(Decision::Declined(less.clone(), decline), at(1));
    assert_eq!(of(refused).amount.minor(), 100);

    // A capture is of the requested amount, even if its response names another one.
    let mut capture = begun(2, Kind::Capture, 60, 1);
    capture.decide(Decision::Approved(less), at(1));
    let entry = told(vec![done(1, Kind::Authorize, 100, 0), capture]).remove(1);
    assert_eq!(entry.amount.minor(), 60);

    // A void that is to give a duplicate back names the charge.
    let void = Operation {
        reference: Some("second".to_owned()),
        ..caused(Cause::Duplicate, begun(2, Kind::Void, 100, 1))
    };
    let entry = told(vec![done(1, Kind::Purchase, 100, 0), void]).remove(1);
    assert_eq!((entry.fact, entry.reference.as_deref()), (Fact::DuplicateFound, Some("second")));
}

#[test]
fn a_persons_decision_is_told_with_the_amount_that_it_was_about() {
    let by_hand = |verdict, minute| {
        ByHand::new(verdict, &"Ann".parse().unwrap(), &"seen in the portal".parse().unwrap(), at(minute))
    };
    let not_done = then_not_done(begun(1, Kind::Purchase, 100, 0), NoEffect::NeverArrived, 5);
    let mut again = then_approved(then_again(not_done, 10, 90, 6), 7);
    again.by_hand = vec![by_hand(HandVerdict::NotDone, 5), by_hand(HandVerdict::Done, 7)];
    let decided: Vec<_> =
        told(vec![again]).into_iter().filter(|entry| entry.fact == Fact::DecidedByHand).collect();
    assert_eq!(decided.iter().map(|entry| entry.amount.minor()).collect::<Vec<_>>(), [100, 90]);
    assert_ne!(decided[0].id, decided[1].id);
    let verdicts: Vec<_> = decided.iter().map(|entry| entry.by_hand.as_ref().unwrap().verdict).collect();
    assert_eq!(verdicts, [HandVerdict::NotDone, HandVerdict::Done]);
}

#[test]
fn an_authorization_lapses_with_what_it_held_and_nobody_did_it() {
    let mut part = begun(1, Kind::Authorize, 100, 0);
    let fee = Some(Fee { amount: Amount::new(2).unwrap(), kind: FeeKind::Surcharge });
    let charged = Some(Charged { amount: Amount::new(70).unwrap(), fee });
    part.decide(Decision::Approved(GatewayResponse { charged, ..response("r") }), at(0));
    part.attribution = Attribution::new(None, None, Some(&"an order by telephone".parse().unwrap()));
    let mut order = order(vec![part]);
    order.transactions[0].lapsed_at = Some(at(9));
    let all = entries(None, &order);
    assert!(all[0].attribution.is_some());
    assert_eq!((all[1].fact, all[1].amount.minor(), all[1].at), (Fact::Lapsed, 70, at(9)));
    assert_eq!((all[1].by, &all[1].attribution), (Principal::Schedule, &None));
    assert_eq!(all[1].fee, fee, "the fee was held beside it");
    assert_eq!(
        (all[0].changes.held.minor(), all[1].changes),
        (70, Changes { held: SignedAmount::new(-70), ..Changes::default() })
    );
    // The issuer allows a capture all the same, and nothing is released a second time.
    let mut capture = begun(2, Kind::Capture, 70, 10);
    capture.decide(Decision::Approved(response("r")), at(10));
    order.transactions[0].operations.push(capture);
    let later = entries(None, &order);
    assert_eq!(later[..2], all, "what was told stays true");
    assert_eq!(
        (later[2].fact, later[2].changes.held.minor(), later[2].changes.paid.minor()),
        (Fact::Captured, 0, 70)
    );
    let sum = Changes::sum(later.iter().map(|entry| entry.changes)).unwrap();
    assert_eq!(sum, standing(&order.transactions[0]));
}

#[test]
fn a_card_is_told_once_it_was_known() {
    let card_of = |operations: Vec<Operation>, expiry: bool| {
        let mut order = order(operations);
        let card = order.transactions[0].instrument.card_mut().unwrap();
        (card.brand, card.last_four) = (Some(Brand::Visa), Some("1111".to_owned()));
        card.expiry = expiry.then(|| crate::values::Expiry::new(12, 2030).unwrap());
        entries(None, &order).into_iter().map(|entry| entry.brand.is_some()).collect::<Vec<_>>()
    };
    let declined = then_declined(begun(1, Kind::Purchase, 100, 0), 0);
    let approved = done(1, Kind::Purchase, 100, 0);
    assert_eq!(card_of(vec![declined.clone()], false), [false], "a token that was declined");
    assert_eq!(card_of(vec![declined], true), [true], "a card that was typed");
    let refund = then_declined(begun(2, Kind::Refund, 100, 1), 1);
    assert_eq!(card_of(vec![approved, refund], false), [true, true]);
}

#[test]
fn entries_between_two_states_are_those_that_are_new() {
    let before = order(vec![done(1, Kind::Purchase, 100, 0)]);
    let after = order(vec![done(1, Kind::Purchase, 100, 0), done(2, Kind::Refund, 10, 1)]);
    let facts = |old: Option<&Order>, new: &Order| {
        entries(old, new).into_iter().map(|entry| entry.fact).collect::<Vec<_>>()
    };
    assert_eq!(facts(None, &after), [Fact::Approved, Fact::Refunded]);
    assert_eq!(facts(Some(&before), &after), [Fact::Refunded]);
    assert_eq!(facts(Some(&after), &after), []);
    let mut unrecognized = after.clone();
    let method = PaymentKind::Unrecognized;
    unrecognized.transactions[0] = Transaction { kind: method, ..unrecognized.transactions[0].clone() };
    assert_eq!(facts(None, &unrecognized), []);
}

#[test]
fn a_payment_that_is_in_doubt_stands_nowhere() {
    for kind in [Kind::Authorize, Kind::Purchase] {
        let order = order(vec![begun(1, kind, 100, 0)]);
        assert_eq!(standing(&order.transactions[0]), Changes::default());
    }
}

/// The amounts that a late refund of 10 and the operations after it took from the gateway, in this
/// order.
fn taken_back(late: [i64; 3], others: Vec<Operation>) -> Vec<i64> {
    let refund = given_up_and_found(2, Kind::Refund, 10, late);
    let all = [vec![done(1, Kind::Purchase, 100, 0), refund], others].concat();
    let mut changes = changed(all);
    changes.retain(|(n, fact, _)| *n > 1 && *fact != Fact::Abandoned);
    changes.sort_by_key(|(n, ..)| *n);
    changes.into_iter().map(|(.., [_, _, _, gateway])| gateway).collect()
}

#[test]
fn the_clocks_of_two_processes_may_differ() {
    let void = |begun_at, found| then_approved(begun(9, Kind::Void, 100, begun_at), found);
    // Decided after the late one was found, and begun before.
    assert_eq!(taken_back([1, 2, 7], vec![void(5, 9)]), [-10, -90]);
    // The consequence of the late one is added in the same write.
    assert_eq!(taken_back([1, 2, 7], vec![void(7, 7)]), [-10, -90]);
    assert_eq!(taken_back([1, 2, 7], vec![void(6, 7)]), [0, -100]);
    // A clock that is ahead put a refusal in between, which counts nothing.
    let declined = then_declined(begun(8, Kind::Refund, 5, 3), 10);
    assert_eq!(taken_back([1, 2, 7], vec![declined, void(4, 5)]), [0, 0, -100]);

    // One that was added before the late one counts before it, even if its clock says otherwise.
    let ahead = then_approved(begun(2, Kind::Refund, 10, 1), 10);
    let late = given_up_and_found(3, Kind::Void, 100, [2, 3, 9]);
    let all = changed(vec![done(1, Kind::Purchase, 100, 0), ahead, late]);
    assert!(all.contains(&(2, Fact::Refunded, [0, 0, 10, -10])), "{all:?}");

    // Nothing counts before the payment.
    let payment = given_up_and_found(1, Kind::Purchase, 100, [0, 1, 9]);
    let behind = then_approved(begun(2, Kind::Refund, 20, 7), 8);
    let all = changed(vec![payment, behind]);
    assert!(all.contains(&(1, Fact::Approved, [0, 100, 0, 100])), "{all:?}");
    assert!(all.contains(&(2, Fact::Refunded, [0, 0, 20, -20])), "{all:?}");
}

#[test]
fn what_was_added_earlier_is_seen_whatever_its_clock_says_and_what_came_later_is_not() {
    let purchase = done(1, Kind::Purchase, 100, 0);
    let void = caused(Cause::AvsMismatch, begun(2, Kind::Void, 100, 5));
    let refund = done(3, Kind::Refund, 10, 3);
    let expected = [
        (1, Fact::Approved, [0, 100, 0, 100]),
        (3, Fact::Refunded, [0, -100, 0, -10]),
        (1, Fact::DeclinedByRule, [0; 4]),
    ];
    assert_eq!(changed(vec![purchase, void, refund]), expected);
}

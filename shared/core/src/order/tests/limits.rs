//! An order has room for the operations that close its payments, however full it is.

use super::{
    Fixture,
    fixture::{declined, not_done},
};
use crate::order::{
    BatchState, NOTICES_MAX, NextStep, NoEffect, NotPossible, NoticeReason, OPERATIONS_MAX, PaymentKind,
    Possible, Principal, Rejection, SUPERSEDED_MAX, TRANSACTIONS_MAX, TransactionStatus,
};

#[test]
fn an_order_takes_no_more_than_fifty_payments() {
    let mut fixture = Fixture::external();
    (fixture.by, fixture.policy.shoppers.partial) = (Principal::Implicit, true);
    for minor in 1..=TRANSACTIONS_MAX as u64 {
        fixture.approved(PaymentKind::Purchase, Some(minor));
    }
    fixture.by = Principal::ClientCredentials;
    assert_eq!(fixture.pay(PaymentKind::Purchase, Some(999), None), Err(Rejection::TooManyTransactions));
    assert_eq!(NotPossible::from(Rejection::TooManyTransactions), NotPossible::TooManyTransactions);
}

#[test]
fn a_full_order_can_still_be_closed() {
    let mut fixture = Fixture::external();
    let ids: Vec<_> = (1..=30).map(|n| fixture.approved(PaymentKind::Purchase, Some(n * 1000))).collect();
    // Declined partial refunds fill the order up.
    let mut full = None;
    for _ in 0..=OPERATIONS_MAX {
        fixture.later(61);
        match fixture.refund(ids[0], Some(1)) {
            Ok(asked) => {
                fixture.told(asked.sent(), &declined());
            }
            Err(rejection) => full = Some(rejection),
        }
    }
    assert_eq!(full, Some(Rejection::TooManyOperations));
    assert_eq!(fixture.pay(PaymentKind::Purchase, Some(5), None), Err(Rejection::TooManyOperations));
    // Each payment can be given back all the same, even by the way that takes two operations.
    for id in ids {
        let refund = fixture.refund(id, None).unwrap().sent();
        let NextStep::Send(void) = fixture.told(refund, &not_done(NoEffect::NotSettled)) else {
            panic!("no void")
        };
        fixture.approve(void);
        assert_eq!(fixture.transaction(id).status(), TransactionStatus::Done);
    }
    assert!(fixture.order.operations().count() <= OPERATIONS_MAX);
}

/// An order whose operations are as many as this, of which all but the first are declined refunds.
fn of_operations(count: usize) -> (Fixture, uuid::Uuid) {
    let mut fixture = Fixture::external();
    let id = fixture.approved(PaymentKind::Purchase, Some(1_000));
    let first = fixture.refund(id, Some(1)).unwrap().sent();
    fixture.told(first, &declined());
    let transaction = &mut fixture.order.transactions[0];
    let copy = transaction.operations[1].clone();
    transaction.operations.resize_with(count, || copy.clone());
    fixture.later(3_600);
    (fixture, id)
}

#[test]
fn room_is_kept_for_what_closes_a_payment_and_no_more_than_there_is_is_used() {
    // A payment that is open keeps two places free.
    for (count, part, all) in [
        (OPERATIONS_MAX - 3, true, true),
        (OPERATIONS_MAX - 2, false, true),
        (OPERATIONS_MAX - 1, false, false),
        (OPERATIONS_MAX, false, false),
    ] {
        let fits = |minor| of_operations(count).0.refund(of_operations(count).1, minor);
        for (minor, expected) in [(Some(1), part), (None, all)] {
            let found = fits(minor);
            assert_eq!(found.is_ok(), expected, "{minor:?} at {count}: {found:?}");
            assert!(expected || found == Err(Rejection::TooManyOperations));
        }
        // The payment itself says so.
        let (mut fixture, _) = of_operations(count);
        let Possible { refund, cancel, .. } = fixture.possible(BatchState::Unknown);
        assert_eq!((refund.why.is_none(), !refund.whole_only), (all, part || !all), "{count}");
        let full = Some(NotPossible::TooManyOperations);
        assert_eq!(cancel.why, full.filter(|_| !all), "{count}");
        fixture.order.transactions[0].kind = PaymentKind::Authorize;
        assert_eq!(fixture.possible(BatchState::Unknown).capture.why, full.filter(|_| !part), "{count}");
    }
}

#[test]
fn an_operation_is_not_retried_when_the_order_is_full_of_decisions() {
    for (kept, fits) in [(SUPERSEDED_MAX - 1, true), (SUPERSEDED_MAX, false)] {
        let mut fixture = Fixture::new();
        let at = fixture.pay(PaymentKind::Purchase, None, Some("k")).unwrap().sent();
        fixture.told(at, &not_done(NoEffect::Unreachable));
        let again = fixture.pay(PaymentKind::Purchase, None, Some("k")).unwrap().sent();
        fixture.told(again, &not_done(NoEffect::Unreachable));
        let operation = &mut fixture.order.transactions[0].operations[0];
        let copy = operation.superseded[0].clone();
        operation.superseded.resize_with(kept, || copy.clone());
        let retried = fixture.pay(PaymentKind::Purchase, None, Some("k"));
        assert_eq!(retried.is_ok(), fits, "{kept}: {retried:?}");
        assert!(fits || retried == Err(Rejection::TooManyOperations));
    }
}

#[test]
fn an_operation_is_not_retried_when_too_many_of_its_attempts_are_to_be_looked_for_again() {
    for (kept, fits) in [(499, true), (500, false)] {
        let mut fixture = Fixture::new();
        let at = fixture.pay(PaymentKind::Purchase, None, Some("k")).unwrap().sent();
        fixture.told(at, &not_done(NoEffect::Unreachable));
        fixture.order.transactions[0].operations[0].look_again = vec![uuid::Uuid::nil(); kept];
        let retried = fixture.pay(PaymentKind::Purchase, None, Some("k"));
        assert_eq!(retried.err(), (!fits).then_some(Rejection::TooManyOperations), "{kept}");
    }
}

#[test]
fn an_order_takes_no_more_than_fifty_notices() {
    let mut fixture = Fixture::new();
    let at = fixture.pay(PaymentKind::Purchase, None, None).unwrap().sent();
    for told in 0..=NOTICES_MAX {
        let is_told = fixture.order.notify(at, NoticeReason::InDoubtHour, fixture.now);
        assert_eq!(is_told, told < NOTICES_MAX, "{told}");
        // A doubt about another attempt is another doubt.
        fixture.order.transactions[0].operations[0].attempt.number += 1;
    }
    assert_eq!(fixture.operation(at).notices[0].at, fixture.now);
}

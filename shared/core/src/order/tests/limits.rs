//! An order has room for what closes its payments, however full it is.

use super::{
    Fixture,
    fixture::{declined, not_done},
};
use crate::{
    order::{Next, OPERATIONS_MAX, Rejection, TRANSACTIONS_MAX},
    outcome::NoEffect,
    transaction::{Method, Status},
};

#[test]
fn an_order_takes_no_more_than_fifty_payments() {
    let mut fixture = Fixture::external();
    for minor in 1..=TRANSACTIONS_MAX as u64 {
        fixture.approved(Method::Purchase, Some(minor));
    }
    assert_eq!(fixture.pay(Method::Purchase, Some(999), None), Err(Rejection::TooManyTransactions));
}

#[test]
fn a_full_order_can_still_be_closed() {
    let mut fixture = Fixture::external();
    let ids: Vec<_> = (1..=30).map(|n| fixture.approved(Method::Purchase, Some(n * 1000))).collect();
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
    assert_eq!(fixture.pay(Method::Purchase, Some(5), None), Err(Rejection::TooManyOperations));
    // Each payment can be given back all the same, even by the way that takes two operations.
    for id in ids {
        let refund = fixture.refund(id, None).unwrap().sent();
        let Next::Send(void) = fixture.told(refund, &not_done(NoEffect::NotSettled)) else {
            panic!("no void")
        };
        fixture.approve(void);
        assert_eq!(fixture.transaction(id).status(), Status::Complete);
    }
    assert!(fixture.order.operations().count() <= OPERATIONS_MAX);
}

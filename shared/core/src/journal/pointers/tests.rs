//! The texts by which payments are found, and the times from which they are.

use std::collections::BTreeSet;

use uuid::Uuid;

use super::*;
use crate::{
    memory::{new_operation, payment},
    order::{CustomerTraces, Decision, GatewayResponse, Kind, Operation, OperationState, PaymentKind},
    values::{Currency, Memo},
};

const PAYMENT: u128 = 7;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn operation(id: u128, kind: Kind, second: i64) -> Operation {
    Operation::new(new_operation(Uuid::from_u128(id), kind, 100), at(second))
}

fn approved(operation: Operation) -> Operation {
    let state = OperationState::Decided(Decision::Approved(GatewayResponse::default()));
    Operation { state, ..operation }
}

/// An order with an authorization that says everything that it can be found by.
fn authorized(is_approved: bool) -> Order {
    let key = OrderKey { merchant: "m".parse().unwrap(), order: "o".parse().unwrap() };
    let mut order = Order::new(&key, Currency::USD, None, at(0));
    let first = operation(PAYMENT, Kind::Authorize, 1);
    let first = if is_approved { approved(first) } else { first };
    let mut transaction = payment(PaymentKind::Authorize, first);
    transaction.references.custom_reference = Some(" invoice 7".to_owned());
    transaction.save_for = Some("c-1".to_owned());
    let email = Some("Ann@Example.com".to_owned());
    transaction.memo = Some(Box::new(Memo { reference: "2343".to_owned(), email, ..Memo::default() }));
    order.transactions.push(transaction);
    order
}

fn texts(found: &[FoundByText]) -> BTreeSet<String> {
    found.iter().map(|found| format!("{}={}", found.term.by().as_str(), found.term.text())).collect()
}

fn all() -> BTreeSet<String> {
    let all = [
        "custom_reference=invoice 7",
        "custom_reference=2343",
        "customer_id=c-1",
        "customer_email=ann@example.com",
    ];
    all.map(str::to_owned).into()
}

#[test]
fn a_payment_is_found_by_all_that_it_says_as_soon_as_it_has_a_fact_and_by_each_text_once() {
    let (pending, approved) = (authorized(false), authorized(true));
    assert_eq!(found_by(None, &pending), []);
    let found = found_by(Some(&pending), &approved);
    assert_eq!(texts(&found), all());
    let first = &entries(None, &approved)[0];
    assert!(found.iter().all(|found| (&found.sort, found.at) == (&first.sort(), first.at)), "{found:?}");
    assert_eq!(found_by(Some(&approved), &approved), []);
}

#[test]
fn what_a_capture_calls_a_payment_is_added_and_leads_to_its_first_fact() {
    let (before, mut after) = (authorized(true), authorized(true));
    let reference = Some("parcel 1".to_owned());
    let capture = approved(operation(8, Kind::Capture, 9));
    after.transactions[0].operations.push(Operation { custom_reference: reference, ..capture });
    let found = found_by(Some(&before), &after);
    assert_eq!(texts(&found), ["custom_reference=parcel 1".to_owned()].into());
    assert_eq!(found[0].at, at(1));
    // One that clears it is no text.
    let cleared = Some(String::new());
    let capture = approved(operation(8, Kind::Capture, 9));
    let mut after = before.clone();
    after.transactions[0].operations.push(Operation { custom_reference: cleared, ..capture });
    assert_eq!(found_by(Some(&before), &after), []);
}

#[test]
fn what_is_erased_of_a_customer_leads_to_no_payment_and_the_merchants_references_still_do() {
    let before = authorized(true);
    let mut after = before.clone();
    let email = Some("ann@example.com ".to_owned());
    after.erase(&CustomerTraces { email, ..CustomerTraces::default() }, &[]);
    assert_eq!(found_by(Some(&before), &after), [], "nothing is added");
    let lost = ["customer_id=c-1".to_owned(), "customer_email=ann@example.com".to_owned()];
    assert_eq!(texts(&found_by(Some(&after), &before)), lost.into());
}

#[test]
fn an_address_leads_to_a_payment_no_longer_than_the_payment_says_who_paid() {
    let mut order = authorized(true);
    order.transactions[0].personal_until = Some(at(1_000));
    let retention = Retention::of_months(18).unwrap();
    for found in found_by(None, &order) {
        let ends = if found.term.by() == SearchBy::Email { at(1_000) } else { retention.ends(at(1)) };
        assert_eq!(found.ends(retention), ends, "{found:?}");
    }
    // A limit beyond that of the journal changes nothing.
    let end = retention.ends(at(1));
    order.transactions[0].personal_until = Some(Timestamp::MAX);
    assert!(found_by(None, &order).iter().all(|found| found.ends(retention) == end));
}

//! A payment that is an order of its own.

use uuid::Uuid;

use super::{
    Fixture, TOTAL, amount,
    fixture::{not_done, unknown},
};
use crate::{
    memory::pay,
    order::{
        Action, GatewayResponse, InvalidId, MerchantId, NoEffect, OrderId, Outcome, Pay, PaymentKind,
        Principal, Rejection, StandalonePayment, Target, Transaction,
    },
    values::{Currency, Memo, StoredCard},
};

const ID: Uuid = Uuid::from_u128(7);

fn alone(kind: PaymentKind, save_card: bool) -> Action {
    let memo = Memo { reference: "2343-0988".to_owned(), save_card, ..Memo::default() };
    Action::Pay(Pay {
        standalone: Some(Box::new(StandalonePayment { id: ID, memo })),
        ..pay(kind, Some(amount(TOTAL)))
    })
}

fn stored() -> StoredCard {
    StoredCard { profile: "16178397535388255208".to_owned(), account: "1".to_owned() }
}

fn approved() -> Outcome {
    Outcome::Approved(GatewayResponse {
        reference: Some("r".to_owned()),
        charged: Some(amount(TOTAL).into()),
        stored: Some(stored()),
        ..GatewayResponse::default()
    })
}

fn only(fixture: &Fixture) -> &Transaction {
    assert_eq!(fixture.order.transactions.len(), 1);
    &fixture.order.transactions[0]
}

#[test]
fn it_is_found_by_the_id_that_follows_from_its_reference() {
    let mut fixture = Fixture::new();
    let at = fixture.ask(alone(PaymentKind::Authorize, false), Some("k")).unwrap().sent();
    assert_eq!(at.transaction, ID);
    let memo = only(&fixture).memo.as_deref().unwrap();
    assert_eq!(memo.reference, "2343-0988");
}

#[test]
fn where_the_card_is_stored_is_kept_once_and_only_if_it_was_requested() {
    for asked in [true, false] {
        let mut fixture = Fixture::new();
        let at = fixture.ask(alone(PaymentKind::Purchase, asked), Some("k")).unwrap().sent();
        fixture.told(at, &approved());
        assert_eq!(only(&fixture).card().unwrap().stored, asked.then(stored));
        assert_eq!(fixture.operation(at).response().unwrap().stored, None);
    }
}

#[test]
fn a_card_that_another_attempt_stores_is_on_record() {
    for first in [false, true] {
        let mut fixture = Fixture::new();
        let at = fixture.ask(alone(PaymentKind::Purchase, first), Some("k")).unwrap().sent();
        fixture.told(at, &not_done(NoEffect::Unreachable));
        let Action::Pay(mut again) = alone(PaymentKind::Purchase, true) else { unreachable!() };
        again.initiative.ignores_scheme_advice = true;
        again.standalone.as_mut().unwrap().memo.without_address = true;
        let again = fixture.ask(Action::Pay(again), Some("k")).unwrap().sent();
        fixture.told(again, &approved());
        let payment = only(&fixture);
        assert_eq!(payment.card().unwrap().stored, Some(stored()));
        assert!(payment.ignores_scheme_advice && payment.memo.as_ref().unwrap().without_address);
    }
}

#[test]
fn another_reference_on_the_same_order_cannot_charge_it_again() {
    for told in [approved(), unknown()] {
        let mut fixture = Fixture::new();
        let at = fixture.ask(alone(PaymentKind::Purchase, false), Some("k")).unwrap().sent();
        fixture.told(at, &told);
        assert!(fixture.ask(alone(PaymentKind::Purchase, false), Some("other")).is_err());
        assert_eq!(only(&fixture).id, ID);
    }
}

#[test]
fn a_follow_up_in_another_currency_than_the_payments_is_refused() {
    let mut fixture = Fixture::new();
    let at = fixture.ask(alone(PaymentKind::Purchase, false), Some("k")).unwrap().sent();
    fixture.told(at, &approved());
    let refund =
        || Action::Refund { target: Target::Transaction(ID), amount: Some(amount(100)), mechanism: None };
    let euro = Some(Currency::parse("EUR").unwrap());
    let differs = Rejection::CurrencyDiffers(Currency::USD);
    assert_eq!(fixture.ask_in(refund(), euro, Some("r")), Err(differs));
    fixture.ask_in(refund(), Some(Currency::USD), Some("r")).unwrap().sent();
}

#[test]
fn another_attempt_is_made_on_the_terms_that_were_kept_with_the_first() {
    let mut fixture = Fixture::new();
    let at = fixture.ask(alone(PaymentKind::Purchase, false), Some("k")).unwrap().sent();
    fixture.told(at, &not_done(NoEffect::Unreachable));
    // There was a discount then.
    fixture.order.transactions[0].operations[0].amount = amount(TOTAL - 100);
    let again = fixture.ask(alone(PaymentKind::Purchase, false), Some("k")).unwrap().sent();
    assert_eq!(fixture.operation(again).amount, amount(TOTAL - 100));
}

#[test]
fn shoppers_may_not_know_of_a_payment_whose_id_can_be_guessed() {
    let mut fixture = Fixture::new();
    let by = [Principal::Implicit, Principal::ClientCredentials, Principal::Schedule];
    let open = |fixture: &Fixture| by.map(|by| fixture.order.is_open_to(by));
    assert_eq!((fixture.order.is_standalone(), open(&fixture)), (false, [true; 3]));
    fixture.ask(alone(PaymentKind::Purchase, false), None).unwrap();
    assert_eq!((fixture.order.is_standalone(), open(&fixture)), (true, [false, true, true]));
    fixture.by = Principal::Implicit;
    assert_eq!(fixture.ask(alone(PaymentKind::Purchase, false), None), Err(Rejection::OrderNotFound));
}

#[test]
fn each_kind_of_id_says_its_own_alphabet() {
    let merchant = "a.b".parse::<MerchantId>().unwrap_err().to_string();
    let order = "a b".parse::<OrderId>().unwrap_err().to_string();
    assert_eq!(merchant, "may hold only letters, digits, '-' and '_'");
    assert_eq!(order, "may hold only letters, digits, '-', '_', '.', ':' and '~'");
    assert_eq!("..".parse::<OrderId>(), Err(InvalidId::NoLetterOrDigit));
}

#[test]
fn an_id_has_at_most_64_characters() {
    let id = |length: usize| "x".repeat(length).parse::<OrderId>().map(drop);
    assert_eq!(
        [id(1), id(64), id(65), id(0)],
        [Ok(()), Ok(()), Err(InvalidId::TooLong), Err(InvalidId::Empty)]
    );
}

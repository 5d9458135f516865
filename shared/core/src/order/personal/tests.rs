//! The data that is erased for a customer, the data that stays, and whose payments are left alone.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use uuid::Uuid;

use crate::{
    order::{
        Action, CaptureTerms, Cause, CustomerTraces, Finding, GatewayResponse, Initiative, Order, Outcome,
        Pay, PaymentKind, Principal, Shopper, Stage, StandalonePayment,
        tests::fixture::{Fixture, TOTAL, amount, approval, unknown},
    },
    values::{CardSummary, Memo, Metadata, References, StoredCard},
};

fn stored(profile: &str) -> StoredCard {
    StoredCard { profile: profile.to_owned(), account: "1".to_owned() }
}

fn by_reference() -> CustomerTraces {
    CustomerTraces { reference: Some("c-1".parse().unwrap()), ..CustomerTraces::default() }
}

/// The merchant's references to a payment, some of which may be about a person.
fn said() -> References {
    let text = |text: &str| Some(text.to_owned());
    let metadata = Metadata::new(BTreeMap::from([("invoice".to_owned(), "7".to_owned())])).unwrap();
    References {
        custom_reference: text("invoice 7"),
        name: text("Ann's card"),
        description: text("for Ann"),
        metadata,
    }
}

/// A payment by a card that is to be stored for a customer, as the merchant's system would request
/// it.
fn pay() -> Action {
    let memo = Memo {
        reference: "2343-0988".to_owned(),
        name: Some("Ann".to_owned()),
        email: Some("Ann@Example.com".to_owned()),
        deal_type: Some("sale".to_owned()),
        ..Memo::default()
    };
    let card = CardSummary {
        last_four: Some("1111".to_owned()),
        token: Some("9418594164541111".to_owned()),
        ..CardSummary::default()
    };
    Action::Pay(Pay {
        kind: PaymentKind::Purchase,
        amount: Some(amount(TOTAL)),
        card,
        standalone: Some(Box::new(StandalonePayment { id: Uuid::from_u128(7), memo })),
        references: Box::new(said()),
        save_for: Some("c-1".parse().unwrap()),
        lacks_postcode: false,
        source_is_known: false,
        capture: CaptureTerms::default(),
        shopper: Some(Shopper::of(Uuid::from_u128(9))),
        initiative: Initiative::default(),
    })
}

fn paid(profile: Option<&str>) -> Fixture {
    let mut fixture = Fixture::new();
    let at = fixture.ask(pay(), Some("k")).unwrap().sent();
    let Outcome::Approved(response) = approval(fixture.operation(at)) else { unreachable!() };
    let response = GatewayResponse { stored: profile.map(stored), ..response };
    fixture.told(at, &Outcome::Approved(response));
    fixture
}

fn text(order: &Order) -> String {
    format!("{order:?}")
}

#[test]
fn what_says_who_paid_goes_and_what_the_books_need_stays() {
    let mut fixture = paid(Some("p-1"));
    let before = fixture.order.clone();
    assert_eq!(before.stored_cards_of(&by_reference()).len(), 1);
    let erased = fixture.order.erase(&by_reference(), &[stored("p-1")]);
    let all = [
        "name",
        "email address",
        "description",
        "payment method's name",
        "customer's reference",
        "shopper",
        "gateway token",
        "stored card",
    ];
    assert_eq!((erased.members, erased.waiting), (BTreeSet::from(all), 0));
    let shown = text(&fixture.order);
    for gone in ["Ann", "xample.com", "c-1", "p-1"] {
        assert!(text(&before).contains(gone) && !shown.contains(gone), "{gone}");
    }
    let mut expected = before;
    let transaction = &mut expected.transactions[0];
    (transaction.save_for, transaction.shopper) = (None, None);
    let card = transaction.instrument.card_mut().unwrap();
    (card.token, card.stored) = (None, None);
    let memo = transaction.memo.as_mut().unwrap();
    (memo.name, memo.email) = (None, None);
    transaction.references = References { name: None, description: None, ..said() };
    assert_eq!(fixture.order, expected, "nothing else changes");
    assert!(fixture.order.erase(&by_reference(), &[]).members.is_empty(), "once is enough");
}

#[test]
fn a_payment_whose_outcome_may_change_keeps_what_that_is_applied_with() {
    for is_given_up in [false, true] {
        let mut fixture = Fixture::new();
        let at = fixture.ask(pay(), Some("k")).unwrap().sent();
        fixture.told(at, &unknown());
        if is_given_up {
            for _ in 0..2 {
                fixture.now += SignedDuration::from_mins(2);
                fixture.learns(at, &Finding::Absent);
            }
        }
        assert_eq!(fixture.operation(at).is(Stage::Pending), !is_given_up);
        let erased = fixture.order.erase(&by_reference(), &[]);
        assert_eq!((erased.members.len(), erased.waiting), (4, 1));
        let transaction = fixture.transaction(at.transaction);
        assert_eq!(transaction.save_for.as_deref(), Some("c-1"));
        assert!(transaction.card().unwrap().token.is_some() && !text(&fixture.order).contains("Ann"));
    }
    // A payment that is looked for once more, and one that a newer version wrote.
    let mut fixture = paid(Some("p-1"));
    fixture.order.transactions[0].operations[0].last_look_at = Some(fixture.now);
    assert_eq!(fixture.order.erase(&by_reference(), &[stored("p-1")]).waiting, 1);
    let mut fixture = paid(Some("p-1"));
    fixture.order.transactions[0].operations[0].cause = Cause::Unrecognized;
    assert_eq!(fixture.order.erase(&by_reference(), &[stored("p-1")]).waiting, 1);
}

/// A card that the customer has stored.
fn of_card(profile: &str, token: &str) -> CustomerTraces {
    let card = CardSummary {
        stored: Some(stored(profile)),
        token: Some(token.to_owned()),
        ..CardSummary::default()
    };
    CustomerTraces { cards: vec![card], ..CustomerTraces::default() }
}

#[test]
fn a_card_that_the_gateway_still_stores_is_not_forgotten_before_it_is_deleted_there() {
    let traces = CustomerTraces { orders: vec![paid(None).order.id], ..CustomerTraces::default() };
    let mut fixture = paid(Some("p-1"));
    assert_eq!(fixture.order.erase(&traces, &[stored("p-2")]).waiting, 1);
    assert_eq!(fixture.order.stored_cards_of(&traces)[0].1, stored("p-1"));
    let erased = fixture.order.erase(&traces, &[stored("p-1")]);
    assert_eq!((erased.members, erased.waiting), (BTreeSet::from(["stored card"]), 0));
    // One that the customer's item names is deleted by that.
    let mut fixture = paid(Some("p-1"));
    let traces = CustomerTraces { cards: of_card("p-1", "t").cards, ..by_reference() };
    assert!(fixture.order.stored_cards_of(&traces).is_empty());
    let erased = fixture.order.erase(&traces, &[]);
    assert!(erased.waiting == 0 && erased.members.contains("stored card"));
}

#[test]
fn a_payment_is_a_customers_by_any_trace_and_anothers_is_left_alone() {
    let fixture = paid(Some("p-1"));
    let none = CustomerTraces::default;
    let own = [
        by_reference(),
        CustomerTraces { email: Some("aNN@example.COM".to_owned()), ..none() },
        CustomerTraces { orders: vec![fixture.order.id.clone()], ..none() },
    ];
    for traces in own {
        assert!(fixture.order.clone().erase(&traces, &[]).members.contains("name"), "{traces:?}");
    }
    let others = [
        none(),
        CustomerTraces { reference: Some("c-2".parse().unwrap()), ..none() },
        CustomerTraces { email: Some("n@example.com".to_owned()), ..none() },
        CustomerTraces { orders: vec!["another".parse().unwrap()], ..none() },
        of_card("p-2", "another"),
    ];
    for traces in others {
        let mut order = fixture.order.clone();
        let erased = order.erase(&traces, &[stored("p-1")]);
        assert!(erased.members.is_empty() && erased.waiting == 0 && order == fixture.order, "{traces:?}");
        assert!(order.stored_cards_of(&traces).is_empty());
    }
}

#[test]
fn an_erased_payment_is_still_refunded_and_its_repetition_still_replayed() {
    let mut fixture = paid(None);
    fixture.order.erase(&by_reference(), &[]);
    fixture.ask(pay(), Some("k")).unwrap().replayed();
    let id = fixture.order.transactions[0].id;
    fixture.by = Principal::ClientCredentials;
    let at = fixture.refund(id, None).unwrap().sent();
    let (reference, charged) = (Some("r2".to_owned()), Some(amount(TOTAL).into()));
    fixture
        .told(at, &Outcome::Approved(GatewayResponse { reference, charged, ..GatewayResponse::default() }));
    assert_eq!(fixture.transaction(id).refunded(), amount(TOTAL));
}

#[test]
fn a_payment_that_has_only_a_card_in_common_with_the_customer_loses_that_and_nothing_else() {
    const TOKEN: &str = "9418594164541111";
    for traces in [of_card("p-2", TOKEN), of_card("p-1", TOKEN), of_card("p-1", "another")] {
        let mut fixture = paid(Some("p-1"));
        let mut expected = fixture.order.clone();
        let card = expected.transactions[0].instrument.card_mut().unwrap();
        card.token = None;
        if traces.cards[0].stored == Some(stored("p-1")) {
            card.stored = None;
        }
        assert_eq!(fixture.order.erase(&traces, &[]).waiting, 0, "another profile is another person's");
        assert_eq!(fixture.order, expected);
    }
    // Not while its outcome is not known.
    let mut fixture = Fixture::new();
    let at = fixture.ask(pay(), Some("k")).unwrap().sent();
    fixture.told(at, &unknown());
    let erased = fixture.order.erase(&of_card("p-1", TOKEN), &[]);
    assert_eq!((erased.members.len(), erased.waiting), (0, 1));
}

#[test]
fn a_payment_with_a_stored_card_forgets_where_that_is_stored() {
    let with_a_stored_card = || {
        let Action::Pay(pay) = pay() else { unreachable!() };
        let card = CardSummary { stored: Some(stored("p-1")), token: None, ..pay.card };
        let mut fixture = Fixture::new();
        let paying = Pay { card, standalone: None, save_for: None, shopper: None, ..pay };
        let at = fixture.ask(Action::Pay(paying), Some("k")).unwrap().sent();
        fixture.told(at, &approval(fixture.operation(at)));
        assert_eq!(fixture.order.transactions[0].paid_with, Some(stored("p-1")));
        fixture
    };
    let by_order = |fixture: &Fixture| CustomerTraces {
        orders: vec![fixture.order.id.clone()],
        ..CustomerTraces::default()
    };
    let mut fixture = with_a_stored_card();
    let traces = by_order(&fixture);
    assert_eq!(fixture.order.stored_cards_of(&traces), [], "it may be another customer's, who keeps it");
    let erased = fixture.order.erase(&traces, &[]);
    assert!(erased.members.contains("stored card") && erased.waiting == 0);
    assert_eq!(fixture.order.transactions[0].paid_with, None);
    let mut fixture = with_a_stored_card();
    fixture.order.erase(&of_card("p-1", "another"), &[]);
    assert_eq!(fixture.order.transactions[0].paid_with, None, "the customer's card by where it is stored");
    let mut fixture = with_a_stored_card();
    assert!(fixture.order.erase(&of_card("p-2", "another"), &[]).members.is_empty());
    let no_token = CustomerTraces { cards: vec![CardSummary::default()], ..CustomerTraces::default() };
    assert!(fixture.order.erase(&no_token, &[]).members.is_empty(), "neither card has one");
    assert_eq!(fixture.order.transactions[0].paid_with, Some(stored("p-1")));
}

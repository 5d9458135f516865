//! The merchant's references to payments: when they are told, how many fit, and how long they say
//! who paid.

use jiff::SignedDuration;

use super::{
    Fixture, TOTAL,
    fixture::{Planned, declined, not_done},
};
use crate::{
    journal::entries,
    order::{Action, NoEffect, Pay, PaymentKind, Principal, REFERENCES_MAX_BYTES, Rejection, Target},
    values::References,
};

fn known_as(reference: &str) -> References {
    References { custom_reference: Some(reference.to_owned()), ..References::default() }
}

fn pay(
    fixture: &mut Fixture,
    minor: u64,
    references: References,
    key: Option<&str>,
) -> Result<Planned, Rejection> {
    let pay = fixture.payment(PaymentKind::Authorize, Some(minor));
    fixture.ask(Action::Pay(Pay { references: Box::new(references), ..pay }), key)
}

fn capture(fixture: &mut Fixture, reference: Option<&str>) -> Result<Planned, Rejection> {
    let custom_reference = reference.map(str::to_owned);
    fixture.ask(Action::Capture { target: Target::OnlyEligible, amount: None, custom_reference }, None)
}

/// The journal is not written anew, so a later reference must not change an earlier entry.
#[test]
fn each_entry_of_the_journal_has_the_reference_of_its_time() {
    let mut fixture = Fixture::new();
    let at = pay(&mut fixture, TOTAL, known_as("invoice 7"), None).unwrap().sent();
    fixture.approve(at);
    let before = entries(None, &fixture.order);
    fixture.later(61);
    let at = capture(&mut fixture, Some("parcel 1")).unwrap().sent();
    fixture.told(at, &declined());
    fixture.later(61);
    let at = capture(&mut fixture, Some("parcel 2")).unwrap().sent();
    fixture.approve(at);
    let at = fixture.refund(at.transaction, None).unwrap().sent();
    fixture.approve(at);
    let entries = entries(None, &fixture.order);
    let references: Vec<_> =
        entries.iter().map(|entry| entry.merchant_reference.as_deref().unwrap()).collect();
    assert_eq!(references, ["invoice 7", "parcel 1", "parcel 2", "parcel 2"]);
    assert_eq!(entries[..1], before);
    assert_eq!(fixture.order.transactions[0].custom_reference(), Some("parcel 2"));
}

#[test]
fn an_order_holds_so_much_of_what_payments_are_known_by_and_no_more() {
    let eighth = "x".repeat(REFERENCES_MAX_BYTES / 8);
    let mut fixture = Fixture::external();
    for minor in 1..=7 {
        let at = pay(&mut fixture, minor, known_as(&eighth), None).unwrap().sent();
        fixture.approve(at);
    }
    let more = format!("{eighth}x");
    assert_eq!(pay(&mut fixture, 8, known_as(&more), None), Err(Rejection::TooManyTransactions));
    let last = pay(&mut fixture, 8, known_as(&eighth[1..]), None).unwrap().sent();
    fixture.approve(last);
    // Empty references always fit.
    let at = pay(&mut fixture, 9, References::default(), None).unwrap().sent();
    fixture.approve(at);
    let capture = |fixture: &mut Fixture, id, custom_reference: Option<String>| {
        let target = Target::Transaction(id);
        fixture.ask(Action::Capture { target, amount: None, custom_reference }, None)
    };
    assert!(capture(&mut fixture, last.transaction, Some("x".to_owned())).is_ok());
    let more = capture(&mut fixture, at.transaction, Some("x".to_owned()));
    assert_eq!(more, Err(Rejection::TooManyOperations));
    assert!(capture(&mut fixture, at.transaction, None).is_ok());
}

#[test]
fn shoppers_who_fail_take_no_room_from_the_merchant() {
    let mut fixture = Fixture::external();
    fixture.policy.shoppers.partial = true;
    fixture.policy.shoppers.attempts = 100;
    fixture.by = Principal::Implicit;
    let half = known_as(&"x".repeat(REFERENCES_MAX_BYTES / 2));
    for minor in 1..=2 {
        let at = pay(&mut fixture, minor, half.clone(), Some(&minor.to_string())).unwrap().sent();
        fixture.told(at, &declined());
    }
    assert!(pay(&mut fixture, 3, known_as("x"), Some("3")).is_err(), "nor from each other more than that");
    fixture.by = Principal::ClientCredentials;
    assert!(pay(&mut fixture, 4, half, Some("4")).is_ok());
    fixture.by = Principal::Implicit;
    assert!(pay(&mut fixture, 5, References::default(), Some("5")).is_ok(), "nor from one who says nothing");
}

#[test]
fn what_may_say_who_paid_is_kept_for_as_long_as_the_merchant_says() {
    let person = || Some("Ann".to_owned());
    let limit = SignedDuration::from_hours(24 * 30);
    for (references, is_personal) in [
        (known_as("invoice 7"), false),
        (References { name: person(), ..References::default() }, true),
        (References { description: person(), ..References::default() }, true),
    ] {
        for keep in [None, Some(limit)] {
            let mut fixture = Fixture::new();
            fixture.policy.keep_personal_data = keep;
            let at = pay(&mut fixture, TOTAL, references.clone(), None).unwrap().sent();
            let until = fixture.transaction(at.transaction).personal_until;
            assert_eq!(until.is_some(), is_personal && keep.is_some(), "{references:?}");
            let Some(until) = until else { continue };
            assert!(
                until >= fixture.now + limit && until < fixture.now + limit + SignedDuration::from_hours(24)
            );
            assert!(!fixture.order.forget_who_paid(until - SignedDuration::from_secs(1)));
            assert!(fixture.order.forget_who_paid(until));
            let kept = fixture.transaction(at.transaction);
            assert_eq!((&kept.references, kept.personal_until), (&References::default(), None));
        }
    }
}

#[test]
fn another_attempt_without_a_key_goes_by_what_it_says_itself() {
    for (key, known) in [(None, "invoice 8"), (Some("k"), "invoice 7")] {
        let mut fixture = Fixture::new();
        let at = pay(&mut fixture, TOTAL, known_as("invoice 7"), key).unwrap().sent();
        fixture.told(at, &not_done(NoEffect::Unreachable));
        let more = known_as(&"x".repeat(REFERENCES_MAX_BYTES));
        assert!(key.is_some() || pay(&mut fixture, TOTAL, more, key).is_err(), "there is no room for it");
        let again = pay(&mut fixture, TOTAL, known_as("invoice 8"), key).unwrap().sent();
        assert_eq!(again.transaction, at.transaction);
        assert_eq!(fixture.transaction(at.transaction).custom_reference(), Some(known));
        fixture.approve(again);
        if key.is_some() {
            // Nor does a repetition change it.
            pay(&mut fixture, TOTAL, known_as("invoice 9"), key).unwrap().replayed();
            assert_eq!(fixture.transaction(at.transaction).custom_reference(), Some(known));
        }
    }
}

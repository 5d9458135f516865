//! Who requested an operation and why stays with that operation, and with nothing else.

use super::fixture::{Fixture, amount, declined, not_done, partial};
use crate::{
    journal::{Fact, entries},
    order::{Attribution, NextStep, NoEffect, Operation, OperationRef, PaymentKind, Rejection, rules},
    values::{Currency, RefundMax},
};

fn by(actor: &str) -> Option<Box<Attribution>> {
    Attribution::new(Some(&"office".parse().unwrap()), Some(&actor.parse().unwrap()), None)
}

fn actor(operation: &Operation) -> Option<&str> {
    operation.attribution.as_ref()?.actor.as_deref()
}

fn actors(fixture: &Fixture) -> Vec<(Fact, Option<String>)> {
    let entries = entries(None, &fixture.order).into_iter();
    entries.map(|entry| (entry.fact, entry.attribution.and_then(|told| told.actor))).collect()
}

#[test]
fn a_refund_that_a_void_carries_out_is_the_persons_who_requested_it() {
    let mut fixture = Fixture::new();
    let id = fixture.approved(PaymentKind::Purchase, None);
    fixture.attribution = by("Ann");
    let refund = fixture.refund(id, None).unwrap().sent();
    let NextStep::Send(void) = fixture.told(refund, &not_done(NoEffect::NotSettled)) else {
        panic!("no void")
    };
    assert_eq!(actor(fixture.operation(void)), Some("Ann"));
    fixture.approve(void);
    assert_eq!(actors(&fixture), [(Fact::Approved, None), (Fact::Refunded, Some("Ann".to_owned()))]);
}

#[test]
fn what_a_rule_requires_no_person_did() {
    let mut fixture = Fixture::new();
    fixture.attribution = by("Ann");
    let paid = fixture.pay(PaymentKind::Purchase, None, None).unwrap().sent();
    let NextStep::Send(void) = fixture.told(paid, &partial(1)) else { panic!("no void") };
    assert_eq!((actor(fixture.operation(paid)), actor(fixture.operation(void))), (Some("Ann"), None));
}

#[test]
fn a_repetition_by_another_person_is_the_first_ones_operation() {
    let mut fixture = Fixture::new();
    let id = fixture.approved(PaymentKind::Authorize, None);
    fixture.attribution = by("Ann");
    let capture = fixture.capture(id, None).unwrap().sent();
    fixture.told(capture, &not_done(NoEffect::Unreachable));
    fixture.attribution = by("Bob");
    let again: OperationRef = fixture.capture(id, None).unwrap().sent();
    assert_eq!((again, actor(fixture.operation(again))), (capture, Some("Ann")));
}

/// A person who may give back this much of one order.
fn limited(fixture: &mut Fixture, person: &str, minor: u64) {
    let told = Attribution::default().verified(Some(&person.parse().unwrap()));
    fixture.attribution = Some(Box::new(told));
    fixture.refund_max = RefundMax::By([(Currency::USD, amount(minor))].into());
}

fn exceeded(max: u64, given_back: u64) -> Rejection {
    Rejection::ExceedsRefundMax { max: amount(max), given_back: amount(given_back) }
}

#[test]
fn a_limit_of_refunds_cannot_be_exceeded_in_parts_and_each_person_has_their_own() {
    let mut fixture = Fixture::new();
    let id = fixture.approved(PaymentKind::Purchase, None);
    limited(&mut fixture, "Ann", 1_000);
    assert_eq!(fixture.refund(id, Some(1_001)).err(), Some(exceeded(1_000, 0)));
    let first = fixture.refund(id, Some(600)).unwrap().sent();
    fixture.approve(first);
    fixture.later(60);
    assert_eq!(fixture.refund(id, Some(401)).err(), Some(exceeded(1_000, 600)));
    let second = fixture.refund(id, Some(400)).unwrap().sent();
    fixture.approve(second);
    fixture.later(60);
    limited(&mut fixture, "Bob", 1_000);
    let third = fixture.refund(id, Some(1_000)).unwrap().sent();
    fixture.approve(third);
}

#[test]
fn a_refund_that_was_declined_takes_nothing_of_a_limit_and_one_in_doubt_does() {
    let mut fixture = Fixture::new();
    let id = fixture.approved(PaymentKind::Purchase, None);
    limited(&mut fixture, "Ann", 1_000);
    let refund = fixture.refund(id, Some(1_000)).unwrap().sent();
    fixture.told(refund, &not_done(NoEffect::Unreachable));
    fixture.later(60);
    let again = fixture.refund(id, Some(1_000)).unwrap().sent();
    fixture.approve(again);
    fixture.later(60);
    assert_eq!(fixture.refund(id, Some(1)).err(), Some(exceeded(1_000, 1_000)));
}

#[test]
fn a_void_of_what_was_taken_is_within_the_limit_and_one_of_what_is_held_needs_none() {
    for captures in [false, true] {
        let mut fixture = Fixture::new();
        limited(&mut fixture, "Ann", 0);
        let held = fixture.approved(PaymentKind::Authorize, None);
        let refused = fixture.capture(held, None).unwrap().sent();
        fixture.told(refused, &declined());
        let void = fixture.void(held).unwrap().sent();
        fixture.approve(void);
        fixture.later(60);
        fixture.attribution = None;
        fixture.refund_max = RefundMax::Unlimited;
        let taken =
            if captures { fixture.captured(2_599) } else { fixture.approved(PaymentKind::Purchase, None) };
        limited(&mut fixture, "Ann", 2_598);
        assert_eq!(fixture.void(taken).err(), Some(exceeded(2_598, 0)));
        limited(&mut fixture, "Ann", 2_599);
        fixture.void(taken).unwrap().sent();
        assert_eq!(rules::given_back_by(&fixture.order, Some("Ann")), amount(2_599), "in doubt, too");
    }
}

//! Who requested an operation and why stays with what was done, and with nothing else.

use super::fixture::{Fixture, not_done, partial};
use crate::{
    journal::{Fact, entries},
    order::{Attribution, Next, NoEffect, Operation, OperationRef, PaymentKind},
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
    let Next::Send(void) = fixture.told(refund, &not_done(NoEffect::NotSettled)) else { panic!("no void") };
    assert_eq!(actor(fixture.operation(void)), Some("Ann"));
    fixture.approve(void);
    assert_eq!(actors(&fixture), [(Fact::Approved, None), (Fact::Refunded, Some("Ann".to_owned()))]);
}

#[test]
fn what_a_rule_requires_no_person_did() {
    let mut fixture = Fixture::new();
    fixture.attribution = by("Ann");
    let paid = fixture.pay(PaymentKind::Purchase, None, None).unwrap().sent();
    let Next::Send(void) = fixture.told(paid, &partial(1)) else { panic!("no void") };
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

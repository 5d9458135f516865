//! One intent, one movement of money.

use super::{
    Desk, TOTAL, amount,
    desk::{approval, declined, not_done, unknown},
};
use crate::{
    operation::Stage,
    order::{Next, Rejection},
    outcome::NoEffect,
    transaction::Method,
};

const PURCHASE: Method = Method::Purchase;

#[test]
fn a_key_answers_with_the_payment_that_it_made() {
    let mut desk = Desk::new();
    let at = desk.pay(PURCHASE, None, Some("k")).unwrap().sent();
    desk.approve(at);
    desk.later(86_400);
    assert_eq!(desk.pay(PURCHASE, None, Some("k")).unwrap().replayed(), at);
    assert_eq!(desk.order.transactions.len(), 1);
}

#[test]
fn a_key_answers_with_the_decline_that_it_met() {
    let mut desk = Desk::new();
    let at = desk.pay(PURCHASE, None, Some("k")).unwrap().sent();
    desk.told(at, &declined());
    assert_eq!(desk.pay(PURCHASE, None, Some("k")).unwrap().replayed(), at);
}

#[test]
fn a_key_cannot_be_used_for_another_request() {
    let mut desk = Desk::new();
    let at = desk.pay(PURCHASE, Some(100), Some("k")).unwrap().sent();
    let reused = Rejection::KeyReused { transaction: at.transaction };
    assert_eq!(desk.pay(PURCHASE, Some(101), Some("k")), Err(reused.clone()));
    assert_eq!(desk.pay(Method::Authorize, Some(100), Some("k")), Err(reused));
}

#[test]
fn a_key_in_progress_is_refused_while_its_request_may_still_run_and_answered_after() {
    let mut desk = Desk::new();
    let at = desk.pay(PURCHASE, None, Some("k")).unwrap().sent();
    desk.told(at, &unknown());
    desk.later(29);
    let running = Rejection::KeyInProgress { transaction: at.transaction };
    assert_eq!(desk.pay(PURCHASE, None, Some("k")), Err(running));
    desk.later(1);
    assert_eq!(desk.pay(PURCHASE, None, Some("k")).unwrap().replayed(), at, "answered, never sent again");
}

#[test]
fn what_is_known_to_have_done_nothing_gets_another_attempt_under_an_order_id_of_its_own() {
    for key in [Some("k"), None] {
        let mut desk = Desk::new();
        let first = desk.pay(PURCHASE, None, key).unwrap().sent();
        let order_id = desk.operation(first).attempt.gateway_order_id.clone();
        desk.told(first, &not_done(NoEffect::Unreachable));
        let second = desk.pay(PURCHASE, None, key).unwrap().sent();
        assert_eq!(second, first);
        let attempt = &desk.operation(second).attempt;
        assert_eq!(attempt.number, 2);
        assert_ne!(attempt.gateway_order_id, order_id, "a record belongs to exactly one attempt");
        desk.approve(second);
        assert_eq!(desk.order.owing(), Some(amount(0)));
    }
}

#[test]
fn another_attempt_is_decided_anew() {
    let mut desk = Desk::new();
    let at = desk.pay(PURCHASE, None, Some("k")).unwrap().sent();
    desk.told(at, &not_done(NoEffect::Unreachable));
    let paid = desk.approved(PURCHASE, Some(TOTAL));
    assert_eq!(desk.pay(PURCHASE, None, Some("k")), Err(Rejection::AlreadyPaid { transaction: paid }));
    assert!(desk.operation(at).is(Stage::NoEffect));
}

#[test]
fn an_equal_request_without_a_key_is_a_possible_duplicate_for_a_while() {
    let mut desk = Desk::external();
    let id = desk.approved(PURCHASE, Some(500));
    let duplicate = Rejection::PossibleDuplicate { transaction: id };
    desk.later(59);
    assert_eq!(desk.pay(PURCHASE, Some(500), None), Err(duplicate));
    assert!(desk.pay(PURCHASE, Some(501), None).is_ok(), "another request is no duplicate");
    assert!(desk.pay(PURCHASE, Some(500), Some("k")).is_ok(), "a key says that it is meant");
    let mut desk = Desk::external();
    desk.approved(PURCHASE, Some(500));
    desk.later(60);
    assert!(desk.pay(PURCHASE, Some(500), None).is_ok());
}

#[test]
fn a_double_click_while_the_first_payment_still_runs_does_not_pay_twice() {
    let mut desk = Desk::external();
    let at = desk.pay(PURCHASE, Some(500), None).unwrap().sent();
    let in_progress = Rejection::PaymentInProgress { transaction: at.transaction };
    assert_eq!(desk.pay(PURCHASE, Some(500), None), Err(in_progress));
}

#[test]
fn the_same_part_refunded_twice_at_once_is_a_possible_duplicate() {
    let mut desk = Desk::new();
    let id = desk.approved(PURCHASE, None);
    let at = desk.refund(id, Some(500)).unwrap().sent();
    desk.approve(at);
    assert_eq!(desk.refund(id, Some(500)), Err(Rejection::PossibleDuplicate { transaction: id }));
    assert!(desk.refund(id, Some(501)).is_ok());
}

#[test]
fn a_payment_without_an_amount_is_the_owing_and_no_duplicate_of_the_last_one() {
    let mut desk = Desk::new();
    let at = desk.pay(Method::Authorize, None, None).unwrap().sent();
    desk.approve(at);
    let void = desk.void(at.transaction).unwrap().sent();
    desk.approve(void);
    // A late repetition of the request that was cancelled is not a wish for another payment.
    let cancelled = Err(Rejection::PossibleDuplicate { transaction: at.transaction });
    assert_eq!(desk.pay(Method::Authorize, None, None), cancelled);
    assert!(desk.pay(Method::Authorize, None, Some("k")).is_ok(), "a new key is a new wish");
}

#[test]
fn an_equal_payment_without_a_key_is_a_new_one_once_the_cancel_is_a_while_ago() {
    let mut desk = Desk::new();
    let at = desk.pay(PURCHASE, None, Some("k")).unwrap().sent();
    desk.approve(at);
    desk.later(3_600);
    let void = desk.void(at.transaction).unwrap().sent();
    desk.approve(void);
    desk.later(59);
    assert!(desk.pay(PURCHASE, None, None).is_err());
    assert_eq!(
        desk.pay(PURCHASE, None, Some("k")).unwrap().replayed(),
        at,
        "the same key is the cancelled payment"
    );
    desk.later(1);
    assert!(desk.pay(PURCHASE, None, None).is_ok());
}

#[test]
fn a_refund_that_became_a_void_is_answered_by_its_key_with_what_the_void_came_to() {
    let mut desk = Desk::new();
    let id = desk.approved(PURCHASE, None);
    let refund = desk.refund(id, None).unwrap().sent();
    let Next::Send(void) = desk.told(refund, &not_done(NoEffect::NotSettled)) else { panic!("no void") };
    let latest = |desk: &Desk| desk.transaction(id).latest_of(desk.operation(refund)).id;
    assert_eq!(latest(&desk), void.operation);
    // The void was not sent: the refund is asked again, and this time it goes through.
    desk.told(void, &not_done(NoEffect::Unreachable));
    let again = desk.refund(id, None).unwrap().sent();
    assert_eq!((again, desk.operation(again).attempt.number), (refund, 2));
    let outcome = approval(desk.operation(again));
    assert_eq!(desk.told(again, &outcome), Next::Answer);
    assert_eq!(latest(&desk), refund.operation);
    assert_eq!(desk.transaction(id).refunded(), amount(TOTAL));
}

#[test]
fn a_refund_tried_again_before_settlement_uses_its_void_again() {
    let mut desk = Desk::new();
    let id = desk.approved(PURCHASE, None);
    let refund = desk.refund(id, None).unwrap().sent();
    let Next::Send(void) = desk.told(refund, &not_done(NoEffect::NotSettled)) else { panic!("no void") };
    desk.told(void, &not_done(NoEffect::TryAgain));
    desk.refund(id, None).unwrap();
    let next = desk.told(refund, &not_done(NoEffect::NotSettled));
    assert_eq!(next, Next::Send(void));
    assert_eq!(desk.operation(void).attempt.number, 2);
}

//! One intent, one movement of money.

use uuid::Uuid;

use super::{
    Fixture, TOTAL, amount,
    fixture::{approval, declined, not_done, partial, unknown},
};
use crate::order::{
    Action, Cause, Intent, Kind, NextStep, NoEffect, PaymentKind, Principal, Rejection, Shopper, Stage,
    Target,
};
use crate::values::Currency;

const PURCHASE: PaymentKind = PaymentKind::Purchase;

#[test]
fn a_key_is_replayed_with_the_payment_that_it_made() {
    let mut fixture = Fixture::new();
    let at = fixture.pay(PURCHASE, None, Some("k")).unwrap().sent();
    fixture.approve(at);
    fixture.later(86_400);
    assert_eq!(fixture.pay(PURCHASE, None, Some("k")).unwrap().replayed(), at);
    assert_eq!(fixture.order.transactions.len(), 1);
}

#[test]
fn a_key_is_replayed_with_the_decline_that_it_met() {
    let mut fixture = Fixture::new();
    let at = fixture.pay(PURCHASE, None, Some("k")).unwrap().sent();
    fixture.told(at, &declined());
    assert_eq!(fixture.pay(PURCHASE, None, Some("k")).unwrap().replayed(), at);
}

#[test]
fn a_key_cannot_be_used_for_another_request() {
    let mut fixture = Fixture::new();
    let at = fixture.pay(PURCHASE, Some(100), Some("k")).unwrap().sent();
    let reused = Rejection::KeyReused(at.transaction);
    assert_eq!(fixture.pay(PURCHASE, Some(101), Some("k")), Err(reused.clone()));
    assert_eq!(fixture.pay(PaymentKind::Authorize, Some(100), Some("k")), Err(reused));
}

#[test]
fn a_key_in_progress_is_refused_while_its_request_may_still_run_and_replayed_after() {
    let mut fixture = Fixture::new();
    let at = fixture.pay(PURCHASE, None, Some("k")).unwrap().sent();
    fixture.told(at, &unknown());
    fixture.later(29);
    let running = Rejection::KeyInProgress(at.transaction);
    assert_eq!(fixture.pay(PURCHASE, None, Some("k")), Err(running));
    fixture.later(1);
    assert_eq!(fixture.pay(PURCHASE, None, Some("k")).unwrap().replayed(), at, "answered, never sent again");
}

#[test]
fn what_is_known_to_have_done_nothing_gets_another_attempt_under_an_order_id_of_its_own() {
    for key in [Some("k"), None] {
        let mut fixture = Fixture::new();
        let first = fixture.pay(PURCHASE, None, key).unwrap().sent();
        let order_id = fixture.operation(first).attempt.gateway_order_id.clone();
        fixture.told(first, &not_done(NoEffect::Unreachable));
        fixture.later(1);
        let second = fixture.pay(PURCHASE, None, key).unwrap().sent();
        assert_eq!(second, first);
        let (order, transaction) = (&fixture.order, fixture.transaction(second.transaction));
        assert_eq!((order.updated_at, transaction.updated_at), (fixture.now, fixture.now));
        let attempt = &fixture.operation(second).attempt;
        assert_eq!(attempt.number, 2);
        assert_ne!(attempt.gateway_order_id, order_id, "a record belongs to exactly one attempt");
        fixture.approve(second);
        assert_eq!(fixture.order.owing(), Some(amount(0)));
    }
}

#[test]
fn another_attempt_is_decided_anew() {
    let mut fixture = Fixture::new();
    let at = fixture.pay(PURCHASE, None, Some("k")).unwrap().sent();
    fixture.told(at, &not_done(NoEffect::Unreachable));
    let paid = fixture.approved(PURCHASE, Some(TOTAL));
    assert_eq!(fixture.pay(PURCHASE, None, Some("k")), Err(Rejection::AlreadyPaid(paid)));
    assert!(fixture.operation(at).is(Stage::NoEffect));
}

#[test]
fn an_equal_request_without_a_key_is_a_possible_duplicate_for_a_while() {
    let mut fixture = Fixture::external();
    let id = fixture.approved(PURCHASE, Some(500));
    let duplicate = Rejection::PossibleDuplicate(id);
    fixture.later(59);
    assert_eq!(fixture.pay(PURCHASE, Some(500), None), Err(duplicate));
    assert!(fixture.pay(PURCHASE, Some(501), None).is_ok(), "another request is no duplicate");
    assert!(fixture.pay(PURCHASE, Some(500), Some("k")).is_ok(), "a key says that it is meant");
    let mut fixture = Fixture::external();
    fixture.approved(PURCHASE, Some(500));
    fixture.later(60);
    // Follow-ups have the fingerprint of their payment, and are no payments.
    let mut beside = fixture.order.transactions[0].operations[0].clone();
    (beside.follows, beside.cause, beside.updated_at) = (Some(beside.id), Cause::Duplicate, fixture.now);
    fixture.order.transactions[0].operations.push(beside);
    assert!(fixture.pay(PURCHASE, Some(500), None).is_ok());
}

#[test]
fn a_double_click_while_the_first_payment_still_runs_does_not_pay_twice() {
    let mut fixture = Fixture::external();
    let at = fixture.pay(PURCHASE, Some(500), None).unwrap().sent();
    let in_progress = Rejection::PaymentInProgress(at.transaction);
    assert_eq!(fixture.pay(PURCHASE, Some(500), None), Err(in_progress));
}

#[test]
fn the_same_part_refunded_twice_at_once_is_a_possible_duplicate() {
    let mut fixture = Fixture::new();
    let [id, other] = [1500, 1000].map(|minor| fixture.approved(PURCHASE, Some(minor)));
    let at = fixture.refund(id, Some(500)).unwrap().sent();
    fixture.approve(at);
    assert_eq!(fixture.refund(id, Some(500)), Err(Rejection::PossibleDuplicate(id)));
    let at = fixture.refund(id, Some(501)).unwrap().sent();
    fixture.told(at, &not_done(NoEffect::Unreachable));
    assert_eq!(fixture.refund(other, Some(501)).unwrap().sent().transaction, other, "no other attempt");
}

#[test]
fn a_payment_without_an_amount_is_the_owing_and_no_duplicate_of_the_last_one() {
    let mut fixture = Fixture::new();
    let at = fixture.pay(PaymentKind::Authorize, None, None).unwrap().sent();
    fixture.approve(at);
    let void = fixture.void(at.transaction).unwrap().sent();
    fixture.approve(void);
    // A late repetition of the request that was canceled is not a wish for another payment.
    let cancelled = Err(Rejection::PossibleDuplicate(at.transaction));
    assert_eq!(fixture.pay(PaymentKind::Authorize, None, None), cancelled);
    assert!(fixture.pay(PaymentKind::Authorize, None, Some("k")).is_ok(), "a new key is a new wish");
}

#[test]
fn an_equal_payment_without_a_key_is_a_new_one_once_the_cancel_is_a_while_ago() {
    let mut fixture = Fixture::new();
    let at = fixture.pay(PURCHASE, None, Some("k")).unwrap().sent();
    fixture.approve(at);
    fixture.later(3_600);
    let void = fixture.void(at.transaction).unwrap().sent();
    fixture.approve(void);
    fixture.later(59);
    assert!(fixture.pay(PURCHASE, None, None).is_err());
    assert_eq!(
        fixture.pay(PURCHASE, None, Some("k")).unwrap().replayed(),
        at,
        "the same key is the cancelled payment"
    );
    fixture.later(1);
    assert!(fixture.pay(PURCHASE, None, None).is_ok());
}

#[test]
fn a_refund_that_became_a_void_is_replayed_by_its_key_with_what_the_void_came_to() {
    let mut fixture = Fixture::new();
    let id = fixture.approved(PURCHASE, None);
    let refund = fixture.refund(id, None).unwrap().sent();
    let NextStep::Send(void) = fixture.told(refund, &not_done(NoEffect::NotSettled)) else {
        panic!("no void")
    };
    let latest = |fixture: &Fixture| fixture.transaction(id).latest_of(fixture.operation(refund)).id;
    assert_eq!(latest(&fixture), void.operation);
    // The void was not sent: the refund is requested again, and this time it goes through.
    fixture.told(void, &not_done(NoEffect::Unreachable));
    let again = fixture.refund(id, None).unwrap().sent();
    assert_eq!((again, fixture.operation(again).attempt.number), (refund, 2));
    let outcome = approval(fixture.operation(again));
    assert_eq!(fixture.told(again, &outcome), NextStep::Respond);
    assert_eq!(latest(&fixture), refund.operation);
    assert_eq!(fixture.transaction(id).refunded(), amount(TOTAL));
}

#[test]
fn a_refund_tried_again_before_settlement_uses_its_void_again() {
    let mut fixture = Fixture::new();
    let id = fixture.approved(PURCHASE, None);
    let refund = fixture.refund(id, None).unwrap().sent();
    let NextStep::Send(void) = fixture.told(refund, &not_done(NoEffect::NotSettled)) else {
        panic!("no void")
    };
    fixture.told(void, &not_done(NoEffect::TryAgain));
    fixture.refund(id, None).unwrap();
    let next = fixture.told(refund, &not_done(NoEffect::NotSettled));
    assert_eq!(next, NextStep::Send(void));
    assert_eq!(fixture.operation(void).attempt.number, 2);
}

#[test]
fn an_equal_payment_without_a_key_is_no_duplicate_of_one_that_was_given_back() {
    let mut fixture = Fixture::external();
    let at = fixture.pay(PURCHASE, Some(500), None).unwrap().sent();
    let NextStep::Send(void) = fixture.told(at, &partial(300)) else { panic!("no void") };
    fixture.approve(void);
    assert_ne!(fixture.pay(PURCHASE, Some(500), None).unwrap().sent(), at, "the first one took nothing");
}

#[test]
fn what_was_abandoned_ten_times_gets_one_more_attempt_and_then_none() {
    let mut fixture = Fixture::new();
    for attempt in 1..=11 {
        let at = fixture.pay(PURCHASE, None, Some("k")).unwrap().sent();
        assert_eq!(fixture.operation(at).attempt.number, attempt);
        fixture.told(at, &not_done(NoEffect::NeverArrived));
    }
    // Each of them is looked for before any further money moves.
    assert_eq!(fixture.pay(PURCHASE, None, Some("k")), Err(Rejection::TooManyOperations));
}

#[test]
fn a_shopper_does_not_go_on_with_what_another_one_began() {
    let mut fixture = Fixture::new();
    fixture.by = Principal::Implicit;
    let first = fixture.pay(PaymentKind::Purchase, None, None).unwrap().sent();
    fixture.told(first, &not_done(NoEffect::Unreachable));
    let again = fixture.pay(PaymentKind::Purchase, None, None).unwrap().sent();
    assert_eq!(again, first, "one's own is another attempt");
    fixture.told(again, &not_done(NoEffect::Unreachable));
    fixture.shopper = Some(Shopper::of(Uuid::from_u128(2)));
    let other = fixture.pay(PaymentKind::Purchase, None, None).unwrap().sent();
    assert_ne!(other.transaction, first.transaction);
    // An equal payment of another shopper, in progress or approved, is none of theirs either.
    let mut fixture = Fixture::external();
    (fixture.by, fixture.policy.shoppers.partial) = (Principal::Implicit, true);
    fixture.pay(PURCHASE, Some(500), None).unwrap().sent();
    for shopper in [2, 3] {
        fixture.shopper = Some(Shopper::of(Uuid::from_u128(shopper)));
        fixture.approved(PURCHASE, Some(500));
    }
}

#[test]
fn a_key_is_a_new_intent_beside_an_equal_request_without_one_that_did_nothing() {
    let mut fixture = Fixture::new();
    let first = fixture.pay(PURCHASE, None, None).unwrap().sent();
    fixture.told(first, &not_done(NoEffect::Unreachable));
    assert_ne!(fixture.pay(PURCHASE, None, Some("k")).unwrap().sent(), first);
}

/// With a key, the repetition is the same request. Without one it is equal only in the charge.
#[test]
fn another_attempt_with_a_key_is_captured_when_the_first_was_to_be() {
    for (key, captured_after_s) in [(Some("k"), 3_600), (None, 600 + 3_600)] {
        let mut fixture = Fixture::new();
        fixture.policy.capture = Some("PT1H".parse().unwrap());
        let start = fixture.now;
        let at = fixture.pay(PaymentKind::Authorize, None, key).unwrap().sent();
        fixture.told(at, &not_done(NoEffect::Unreachable));
        fixture.later(600);
        assert_eq!(fixture.pay(PaymentKind::Authorize, None, key).unwrap().sent(), at);
        let capture = fixture.transaction(at.transaction).capture.unwrap();
        assert_eq!(capture.at.duration_since(start).as_secs(), captured_after_s, "{key:?}");
    }
}

#[test]
fn a_shopper_may_know_of_its_own_payments_when_it_pays_and_of_nothing_else() {
    let mut fixture = Fixture::new();
    fixture.by = Principal::Implicit;
    let id = fixture.approved(PURCHASE, None);
    let own = Action::Pay(fixture.payment(PURCHASE, None));
    fixture.shopper = None;
    let nobodys = Action::Pay(fixture.payment(PURCHASE, None));
    let void = Action::Void { target: Target::Transaction(id), reopen: true };
    for (by, action, may_know) in [
        (Principal::Implicit, &own, true),
        (Principal::Implicit, &nobodys, false),
        (Principal::Implicit, &void, false),
        (Principal::Unrecognized, &own, false),
        (Principal::Unrecognized, &void, false),
        (Principal::ClientCredentials, &void, true),
        (Principal::Schedule, &void, true),
    ] {
        let intent = Intent { by, ..Intent::of_schedule(action.clone(), Kind::Void, None) };
        assert_eq!(intent.may_know(fixture.transaction(id)), may_know, "{by:?} {action:?}");
    }
}

#[test]
fn a_payment_of_what_is_owing_is_no_duplicate_of_one_that_paid_less() {
    let mut fixture = Fixture::new();
    fixture.approved(PURCHASE, None);
    let now = fixture.now;
    fixture.order.restate(Currency::USD, amount(TOTAL + 100), now).unwrap();
    let rest = fixture.pay(PURCHASE, None, None).unwrap().sent();
    assert_eq!(fixture.operation(rest).amount, amount(100));
}

/// The effect of saving the order.
fn save(fixture: &mut Fixture) {
    fixture.order.version += 1;
}

#[test]
fn a_request_for_an_order_that_changed_since_its_sender_saw_it_does_nothing() {
    let mut fixture = Fixture::new();
    let id = fixture.captured(TOTAL);
    fixture.order.version = 4;
    for key in [Some("k"), None] {
        fixture.seen_version = Some(3);
        let pay = Action::Pay(fixture.payment(PURCHASE, Some(1)));
        let void = Action::Void { target: Target::Transaction(id), reopen: true };
        for action in [refund_of(id), void, pay] {
            assert_eq!(fixture.ask(action, key), Err(Rejection::VersionDiffers(4)), "{key:?}");
        }
        let before = fixture.order.clone();
        fixture.seen_version = Some(4);
        fixture.ask(refund_of(id), key).unwrap().sent();
        fixture.order = before;
    }
}

#[test]
fn a_repeated_request_gets_its_first_response_whatever_version_it_saw() {
    for outcome in [None, Some(declined()), Some(unknown())] {
        let mut fixture = Fixture::new();
        let id = fixture.captured(TOTAL);
        fixture.seen_version = Some(fixture.order.version);
        let refund = fixture.ask(refund_of(id), Some("k")).unwrap().sent();
        save(&mut fixture);
        let running = Rejection::KeyInProgress(id);
        assert_eq!(
            fixture.ask(refund_of(id), Some("k")),
            Err(running),
            "not that it changed, although it did"
        );
        match &outcome {
            Some(outcome) => drop(fixture.told(refund, outcome)),
            None => fixture.approve(refund),
        }
        save(&mut fixture);
        fixture.later(86_400);
        assert_eq!(fixture.ask(refund_of(id), Some("k")).unwrap().replayed(), refund, "{outcome:?}");
        // An equal request by another key is another one.
        let version = fixture.order.version;
        assert_eq!(fixture.ask(refund_of(id), Some("l")), Err(Rejection::VersionDiffers(version)));
    }
}

#[test]
fn what_did_nothing_is_attempted_again_if_nothing_but_its_own_attempts_changed_the_order() {
    type Change = fn(&mut Fixture, Uuid);
    let changes: [(Change, bool); 4] = [
        (|_, _| {}, true),
        (|fixture, id| fixture.refund_by_another(id), false),
        (|fixture, _| assert!(fixture.order.pause_captures(None, fixture.now)), false),
        (|fixture, _| fixture.order.restate(Currency::USD, amount(TOTAL + 1), fixture.now).unwrap(), false),
    ];
    for (n, (change, again)) in changes.into_iter().enumerate() {
        let mut fixture = Fixture::new();
        let id = fixture.captured(500);
        fixture.later(1);
        fixture.seen_version = Some(fixture.order.version);
        let refund = fixture.ask(refund_of(id), Some("k")).unwrap().sent();
        save(&mut fixture);
        for why in [NoEffect::Unreachable, NoEffect::NotSettled] {
            fixture.later(1);
            if let NextStep::Send(void) = fixture.told(refund, &not_done(why)) {
                fixture.told(void, &not_done(NoEffect::Unreachable));
            }
            save(&mut fixture);
            fixture.later(1);
            change(&mut fixture, id);
            let repeated = fixture.ask(refund_of(id), Some("k"));
            let version = fixture.order.version;
            if !again {
                assert_eq!(repeated, Err(Rejection::VersionDiffers(version)), "{n}");
                break;
            }
            assert_eq!(repeated.unwrap().sent(), refund, "{n}");
            save(&mut fixture);
        }
    }
}

fn refund_of(id: Uuid) -> Action {
    Action::Refund { target: Target::Transaction(id), amount: Some(amount(500)), mechanism: None }
}

impl Fixture {
    /// Another request gives something back.
    fn refund_by_another(&mut self, id: Uuid) {
        let seen = self.seen_version.take();
        let at = self.refund(id, Some(100)).unwrap().sent();
        self.approve(at);
        self.seen_version = seen;
        save(self);
    }
}

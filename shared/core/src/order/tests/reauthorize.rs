//! The amount that a partial capture released is held anew at most once, and only as the shopper
//! agreed.

use jiff::SignedDuration;
use uuid::Uuid;

use super::{
    Fixture, TOTAL, amount,
    fixture::{Planned, approval, declined, not_done, unknown},
};
use crate::{
    order::{
        Action, BatchState, CaptureAt, CaptureTerms, CustomerTraces, Finding, GatewayResponse, Initiative,
        NextStep, NoEffect, NotPossible, OperationRef, OrdersMode, Outcome, Pay, PaymentKind, Reauthorize,
        Rejection, TRANSACTIONS_MAX, Target, TransactionStatus, list_key_of_payment,
        rules::DECLINES_PER_ORDER_HOUR,
    },
    values::{Amount, CardSummary, Expiry, StoredCard},
};

const CAPTURED: u64 = 2_000;
const REST: u64 = TOTAL - CAPTURED;

fn stored() -> StoredCard {
    StoredCard { profile: "16".to_owned(), account: "1".to_owned() }
}

fn with_stored_card(fixture: &Fixture) -> Pay {
    let card = CardSummary {
        last_four: Some("1443".to_owned()),
        expiry: Some(Expiry::new(10, 2031).unwrap()),
        stored: Some(stored()),
        ..CardSummary::default()
    };
    Pay { card, ..fixture.payment(PaymentKind::Authorize, None) }
}

/// An authorization by a stored card, of which a part was captured.
fn captured() -> (Fixture, Uuid) {
    let mut fixture = Fixture::new();
    let pay = with_stored_card(&fixture);
    let at = fixture.ask(Action::Pay(pay), None).unwrap().sent();
    fixture.approve(at);
    let capture = fixture.capture(at.transaction, Some(CAPTURED)).unwrap().sent();
    fixture.approve(capture);
    (fixture, at.transaction)
}

impl Fixture {
    fn reauthorize(&mut self, id: Uuid, minor: Option<u64>, key: Option<&str>) -> Result<Planned, Rejection> {
        self.reauthorize_at(id, minor, CaptureTerms::default(), key)
    }

    pub(super) fn reauthorize_at(
        &mut self,
        id: Uuid,
        minor: Option<u64>,
        capture: impl Into<CaptureTerms>,
        key: Option<&str>,
    ) -> Result<Planned, Rejection> {
        let capture = capture.into();
        let wanted = Reauthorize {
            target: Target::Transaction(id),
            amount: minor.map(amount),
            capture,
            ignores_scheme_advice: false,
        };
        self.ask(Action::Reauthorize(wanted), key)
    }

    /// Given up as absent.
    fn lost(&mut self, at: OperationRef) {
        self.told(at, &unknown());
        for _ in 0..2 {
            self.now += SignedDuration::from_mins(2);
            self.learns(at, &Finding::Absent);
        }
        assert_eq!(self.transaction(at.transaction).status(), TransactionStatus::Failed);
    }
}

#[test]
fn the_rest_is_held_with_the_same_card_as_another_payment_of_the_order() {
    let (mut fixture, id) = captured();
    assert_eq!(fixture.order.owing(), Some(amount(REST)));
    fixture.later(1);
    let at = fixture.reauthorize(id, None, Some("k")).unwrap().sent();
    assert_eq!(fixture.order.updated_at, fixture.now);
    assert!(list_key_of_payment(at.transaction).is_some(), "its id leads to its order");
    let rest = fixture.transaction(at.transaction);
    assert_eq!((rest.kind, rest.amount()), (PaymentKind::Authorize, amount(REST)));
    assert_eq!((rest.continues, rest.paid_with.as_ref()), (Some(id), Some(&stored())));
    let card = rest.card().unwrap();
    assert_eq!((card.last_four.as_deref(), card.expiry.map(Expiry::month)), (Some("1443"), Some(10)));
    assert_eq!((card.token.as_ref(), card.stored.as_ref()), (None, None));
    fixture.approve(at);
    assert_eq!(fixture.order.owing(), Some(Amount::ZERO));
    assert_eq!(fixture.reauthorize(id, None, Some("k")).unwrap().replayed(), at);
    assert_eq!(fixture.order.continuation_of(id).unwrap().id, at.transaction);
    let capture = fixture.capture(at.transaction, None).unwrap().sent();
    fixture.approve(capture);
    assert_eq!(fixture.order.balance().paid, amount(TOTAL));
}

#[test]
fn there_is_one_hold_of_a_rest_and_no_more_than_the_rest_is_held() {
    let (mut fixture, id) = captured();
    let too_much = fixture.reauthorize(id, Some(REST + 1), None);
    assert_eq!(too_much, Err(Rejection::ExceedsReleased(amount(REST))));
    assert_eq!(fixture.reauthorize(id, Some(0), None), Err(Rejection::AmountZero));
    let at = fixture.reauthorize(id, Some(100), None).unwrap().sent();
    let pending = Err(Rejection::PaymentInProgress(at.transaction));
    assert_eq!(fixture.reauthorize(id, Some(100), None), pending);
    assert_eq!(fixture.reauthorize(id, Some(200), Some("k")), pending);
    assert_eq!(fixture.possible(BatchState::Unknown).reauthorize.why, Some(NotPossible::PaymentInProgress));
    fixture.approve(at);
    fixture.later(3600);
    let there = Err(Rejection::AlreadyReauthorized(at.transaction));
    assert_eq!(fixture.reauthorize(id, Some(100), None), there);
    assert_eq!(fixture.reauthorize(id, None, Some("k2")), there);
    // Its own rest is its own to continue.
    let capture = fixture.capture(at.transaction, Some(60)).unwrap().sent();
    fixture.approve(capture);
    assert_eq!(fixture.reauthorize(id, None, None), there);
    let of_it = fixture.reauthorize(at.transaction, None, None).unwrap().sent();
    assert_eq!(fixture.operation(of_it).amount, amount(40));
}

#[test]
fn what_came_to_nothing_may_be_tried_again() {
    let (mut fixture, id) = captured();
    let at = fixture.reauthorize(id, None, None).unwrap().sent();
    fixture.told(at, &declined());
    let again = fixture.reauthorize(id, None, None).unwrap().sent();
    assert_ne!(again.transaction, at.transaction, "a decline stays on record");
    fixture.told(again, &not_done(NoEffect::Unreachable));
    let capture = CaptureAt::At(fixture.now).into();
    let target = Target::Transaction(id);
    let otherwise = Reauthorize { target, amount: None, capture, ignores_scheme_advice: true };
    let otherwise = fixture.ask(Action::Reauthorize(otherwise), None).unwrap();
    assert_eq!(otherwise.sent(), again, "another attempt of the same");
    let rest = fixture.transaction(again.transaction);
    assert_eq!((rest.capture.unwrap().at, rest.ignores_scheme_advice), (fixture.now, true));
    fixture.approve(again);
    let void = fixture.void(again.transaction).unwrap().sent();
    fixture.approve(void);
    let late = fixture.reauthorize(id, None, None);
    assert_eq!(late, Err(Rejection::PossibleDuplicate(again.transaction)), "it may be a late repetition");
    let by_key = fixture.reauthorize(id, None, Some("new")).unwrap().sent();
    fixture.told(by_key, &declined());
    fixture.later(3600);
    fixture.reauthorize(id, None, None).unwrap().sent();
}

#[test]
fn declines_are_limited_as_those_of_every_payment_that_names_no_shopper() {
    let (mut fixture, id) = captured();
    for n in 0..DECLINES_PER_ORDER_HOUR {
        let at = fixture.reauthorize(id, None, Some(&n.to_string())).unwrap().sent();
        fixture.told(at, &declined());
    }
    let refused = fixture.reauthorize(id, None, Some("k"));
    assert!(matches!(refused, Err(Rejection::TooManyDeclines(_))), "{refused:?}");
    assert_eq!(fixture.possible(BatchState::Unknown).reauthorize.why, Some(NotPossible::TooManyDeclines));
    // Nor is there room for more payments than any order has.
    let copy = fixture.order.transactions[1].clone();
    fixture.order.transactions.resize_with(TRANSACTIONS_MAX, || copy.clone());
    fixture.later(3_600);
    assert_eq!(fixture.reauthorize(id, None, Some("k")), Err(Rejection::TooManyTransactions));
}

#[test]
fn only_a_partial_capture_releases_something() {
    let (mut fixture, _) = captured();
    let unknown_id = Uuid::from_u128(99);
    assert_eq!(fixture.reauthorize(unknown_id, None, None), Err(Rejection::TransactionNotFound));

    let mut fixture = Fixture::new();
    let bought = fixture.approved(PaymentKind::Purchase, Some(100));
    assert_eq!(fixture.reauthorize(bought, None, None), Err(Rejection::NotAnAuthorization));
    let pay = with_stored_card(&fixture);
    let held = fixture.ask(Action::Pay(pay), None).unwrap().sent();
    let pending = Err(Rejection::OperationInProgress(held.transaction));
    assert_eq!(fixture.reauthorize(held.transaction, None, None), pending);
    fixture.approve(held);
    assert_eq!(fixture.reauthorize(held.transaction, None, None), Err(Rejection::NotCaptured));
    let capture = fixture.capture(held.transaction, None).unwrap().sent();
    assert_eq!(fixture.reauthorize(held.transaction, None, None), pending);
    fixture.approve(capture);
    assert_eq!(fixture.reauthorize(held.transaction, None, None), Err(Rejection::NothingReleased));

    let (mut fixture, id) = captured();
    let void = fixture.void(id).unwrap().sent();
    fixture.approve(void);
    assert_eq!(fixture.reauthorize(id, None, None), Err(Rejection::AlreadyCancelled));
}

#[test]
fn the_shopper_agreed_with_a_stored_card_or_by_storing_one() {
    let rest_of = |save_for: Option<&str>| {
        let mut fixture = Fixture::new();
        let save_for = save_for.map(|customer| customer.parse().unwrap());
        let pay = Pay { save_for, ..fixture.payment(PaymentKind::Authorize, None) };
        let at = fixture.ask(Action::Pay(pay), None).unwrap().sent();
        let Outcome::Approved(response) = approval(fixture.operation(at)) else { unreachable!() };
        fixture.told(at, &Outcome::Approved(GatewayResponse { stored: Some(stored()), ..response }));
        let capture = fixture.capture(at.transaction, Some(CAPTURED)).unwrap().sent();
        fixture.approve(capture);
        (fixture, at.transaction)
    };
    let (mut fixture, id) = rest_of(None);
    assert_eq!(fixture.reauthorize(id, None, None), Err(Rejection::NoStoredCard));
    let (mut fixture, id) = rest_of(Some("c-1"));
    let customer = CustomerTraces { reference: Some("c-1".parse().unwrap()), ..CustomerTraces::default() };
    let mut erased = rest_of(Some("c-1")).0;
    erased.order.erase(&customer, &[stored()]);
    assert_eq!(erased.reauthorize(id, None, None), Err(Rejection::NoStoredCard), "after the erasure");
    let at = fixture.reauthorize(id, None, None).unwrap().sent();
    assert_eq!(fixture.transaction(at.transaction).paid_with, Some(stored()));
    assert_eq!(fixture.transaction(at.transaction).card().unwrap().stored, None);
    fixture.approve(at);
    fixture.order.erase(&customer, &[stored()]);
    assert!(fixture.order.transactions.iter().all(|found| found.stored_card().is_none()), "nor of its rest");
}

#[test]
fn no_more_is_held_than_the_order_owes() {
    let (mut fixture, id) = captured();
    fixture.approved(PaymentKind::Purchase, Some(400));
    let left = amount(REST - 400);
    assert_eq!(fixture.reauthorize(id, None, None), Err(Rejection::ExceedsOwing(left)));
    fixture.reauthorize(id, Some(left.minor()), None).unwrap().sent();
}

#[test]
fn a_rest_that_turns_up_beside_another_hold_of_it_is_voided() {
    for orders in [OrdersMode::Registered, OrdersMode::External] {
        let (mut fixture, id) = captured();
        fixture.policy.orders = orders;
        // The order owes enough for both.
        fixture.order.total = (orders == OrdersMode::Registered).then(|| amount(10 * TOTAL));
        let lost = fixture.reauthorize(id, None, Some("k1")).unwrap().sent();
        fixture.lost(lost);
        let other = fixture.reauthorize(id, None, Some("k2")).unwrap().sent();
        fixture.approve(other);
        fixture.later(3600);
        let found = Finding::Became(Box::new(approval(fixture.operation(lost))));
        let Some(NextStep::Send(void)) = fixture.learns(lost, &found) else { panic!("{orders:?}: no void") };
        fixture.approve(void);
        assert_eq!(fixture.transaction(lost.transaction).status(), TransactionStatus::Failed);
        assert_eq!(fixture.order.continuation_of(id).unwrap().id, other.transaction);
    }
}

#[test]
fn a_rest_has_a_schedule_of_its_own() {
    let (mut fixture, id) = captured();
    let end = fixture.now + fixture.policy.authorization_lifetime;
    let too_late = fixture.reauthorize_at(id, None, CaptureAt::At(end + SignedDuration::from_secs(1)), None);
    assert!(matches!(too_late, Err(Rejection::CaptureAfterExpiry(_))), "{too_late:?}");
    let at = fixture.reauthorize_at(id, None, CaptureAt::At(end), None).unwrap().sent();
    assert_eq!(fixture.transaction(at.transaction).capture.unwrap().at, end);
    let (mut fixture, id) = captured();
    fixture.policy.capture = Some("PT2H".parse().unwrap());
    let due = fixture.now + SignedDuration::from_hours(2);
    let at = fixture.reauthorize(id, None, None).unwrap().sent();
    assert_eq!(fixture.transaction(at.transaction).capture.unwrap().at, due);
    assert_eq!(fixture.transaction(id).capture, None, "the first one's is as it was");
}

#[test]
fn the_only_payment_with_a_rest_need_not_be_named() {
    let (mut fixture, id) = captured();
    let only = || Reauthorize {
        target: Target::OnlyEligible,
        amount: None,
        capture: CaptureTerms::default(),
        ignores_scheme_advice: true,
    };
    assert_eq!(only().initiative(), Initiative { by_merchant: true, ignores_scheme_advice: true });
    let at = fixture.ask(Action::Reauthorize(only()), None).unwrap().sent();
    let rest = fixture.transaction(at.transaction);
    assert_eq!((rest.continues, rest.ignores_scheme_advice), (Some(id), true));
    fixture.approve(at);
    assert_eq!(fixture.ask(Action::Reauthorize(only()), None), Err(Rejection::NoEligibleTransaction));
}

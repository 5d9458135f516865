//! The state machine: the requests that each state allows, and the order's state after them.

use jiff::SignedDuration;
use uuid::Uuid;

use super::{
    Fixture, TOTAL, amount,
    fixture::{Planned, approval, declined, not_done, partial, unknown},
};
use crate::{
    order::{
        Action, Cause, CustomerReference, DECLINES_PER_ORDER_HOUR, Decline, DeclineOn, Doubt,
        GatewayResponse, Kind, Mechanism, NextStep, NoEffect, OperationStatus, Outcome, Pay, PaymentKind,
        PaymentStatus, Principal, RefundWithoutAmount, Rejection, SHOPPER_FAILURES_MAX, Shopper,
        TRANSACTIONS_MAX, Target, TransactionStatus,
    },
    values::{CardToken, Currency, DeclineCode, RetryClass, RetryRule, StoredCard},
};

const AUTHORIZE: PaymentKind = PaymentKind::Authorize;
const PURCHASE: PaymentKind = PaymentKind::Purchase;

#[test]
fn a_payment_without_an_amount_pays_what_is_owing() {
    let mut fixture = Fixture::new();
    fixture.approved(PURCHASE, Some(1000));
    let id = fixture.approved(PURCHASE, None);
    assert_eq!(fixture.transaction(id).amount(), amount(1599));
    assert_eq!(fixture.order.owing(), Some(amount(0)));
}

#[test]
fn a_paid_order_cannot_be_paid_again() {
    let mut fixture = Fixture::new();
    let id = fixture.approved(PURCHASE, None);
    assert_eq!(fixture.pay(PURCHASE, None, None), Err(Rejection::AlreadyPaid(id)));
    assert_eq!(fixture.pay(AUTHORIZE, Some(1), Some("k")), Err(Rejection::AlreadyPaid(id)));
    fixture.refund(id, None).unwrap().sent();
    assert_eq!(fixture.pay(PURCHASE, None, None), Err(Rejection::AlreadyPaid(id)), "a refund frees nothing");
}

#[test]
fn a_payment_cannot_exceed_what_is_owing() {
    let mut fixture = Fixture::new();
    fixture.approved(PURCHASE, Some(1000));
    assert_eq!(fixture.pay(PURCHASE, Some(1600), None), Err(Rejection::ExceedsOwing(amount(1599))));
    assert!(fixture.pay(PURCHASE, Some(1599), None).is_ok());
}

#[test]
fn nothing_is_paid_or_refunded_as_an_amount_of_zero() {
    for mut fixture in [Fixture::new(), Fixture::external()] {
        assert_eq!(fixture.pay(PURCHASE, Some(0), None), Err(Rejection::AmountZero));
        let id = fixture.approved(PURCHASE, Some(1000));
        assert_eq!(fixture.refund(id, Some(0)), Err(Rejection::AmountZero));
    }
}

#[test]
fn a_pending_payment_keeps_its_amount_reserved() {
    for method in [AUTHORIZE, PURCHASE] {
        let mut fixture = Fixture::new();
        let at = fixture.pay(method, Some(2000), None).unwrap().sent();
        fixture.told(at, &unknown());
        assert_eq!(fixture.transaction(at.transaction).status(), TransactionStatus::Pending);
        assert_eq!(fixture.order.owing(), Some(amount(599)));
        let in_progress = Rejection::PaymentInProgress(at.transaction);
        for minor in [600, TOTAL] {
            assert_eq!(
                fixture.pay(PURCHASE, Some(minor), None),
                Err(in_progress.clone()),
                "it may yet be free"
            );
        }
        let exceeds = Err(Rejection::ExceedsOwing(amount(599)));
        assert_eq!(fixture.pay(PURCHASE, Some(TOTAL + 1), None), exceeds, "whatever becomes of the first");
        fixture.pay(PURCHASE, Some(599), None).unwrap();
        assert!(matches!(fixture.pay(PURCHASE, None, None), Err(Rejection::PaymentInProgress(_))));
    }
}

#[test]
fn a_declined_payment_leaves_the_order_owing() {
    let mut fixture = Fixture::new();
    let at = fixture.pay(PURCHASE, None, None).unwrap().sent();
    fixture.told(at, &declined());
    let transaction = fixture.transaction(at.transaction);
    assert_eq!((transaction.status(), transaction.reference()), (TransactionStatus::Failed, None));
    assert_eq!(fixture.order.owing(), Some(amount(TOTAL)));
    assert_eq!(fixture.order.payment(), PaymentStatus::Unpaid);
    assert_eq!(fixture.capture(at.transaction, None), Err(Rejection::TransactionFailed));
    assert_eq!(fixture.refund(at.transaction, None), Err(Rejection::TransactionFailed));
    assert_eq!(fixture.void(at.transaction), Err(Rejection::TransactionFailed));
    // A void does not follow either if the order was canceled in its shop meanwhile.
    let at = fixture.pay(PURCHASE, None, Some("k")).unwrap().sent();
    fixture.order.transactions[1].recording = Some(Box::default());
    fixture.order.cancelled_at = Some(fixture.now);
    assert_eq!(fixture.told(at, &declined()), NextStep::Respond);
}

#[test]
fn a_capture_happens_once_and_releases_the_rest() {
    let mut fixture = Fixture::new();
    let id = fixture.captured(1000);
    assert_eq!(fixture.capture(id, Some(1)), Err(Rejection::AlreadyCaptured));
    assert_eq!(fixture.transaction(id).captured(), amount(1000));
    assert_eq!(fixture.order.owing(), Some(amount(1599)));
    assert_eq!(fixture.order.payment(), PaymentStatus::PartiallyPaid);
}

#[test]
fn a_capture_cannot_exceed_the_authorization() {
    let mut fixture = Fixture::new();
    let id = fixture.approved(AUTHORIZE, None);
    let exceeds = Rejection::ExceedsAuthorized(amount(TOTAL));
    assert_eq!(fixture.capture(id, Some(TOTAL + 1)), Err(exceeds));
    assert_eq!(fixture.capture(id, Some(0)), Err(Rejection::AmountZero));
}

#[test]
fn a_purchase_has_nothing_to_capture() {
    let mut fixture = Fixture::new();
    let id = fixture.approved(PURCHASE, None);
    assert_eq!(fixture.capture(id, None), Err(Rejection::NotAnAuthorization));
}

#[test]
fn a_declined_capture_can_be_tried_again() {
    let mut fixture = Fixture::new();
    let id = fixture.approved(AUTHORIZE, None);
    let at = fixture.capture(id, None).unwrap().sent();
    fixture.told(at, &declined());
    let transaction = fixture.transaction(id);
    assert_eq!(transaction.status(), TransactionStatus::Done);
    assert_eq!(transaction.operation_status(&transaction.operations[0]), OperationStatus::Done);
    assert_eq!(fixture.order.payment(), PaymentStatus::Authorized);
    assert!(fixture.capture(id, None).is_ok());
}

#[test]
fn one_operation_at_a_time_on_a_transaction() {
    let mut fixture = Fixture::new();
    let id = fixture.approved(AUTHORIZE, None);
    let at = fixture.capture(id, None).unwrap().sent();
    let in_progress = Rejection::OperationInProgress(id);
    assert_eq!(fixture.capture(id, None), Err(in_progress.clone()));
    assert_eq!(fixture.void(id), Err(in_progress.clone()));
    assert_eq!(fixture.refund(id, None), Err(in_progress.clone()));
    fixture.told(at, &unknown());
    assert_eq!(fixture.void(id), Err(in_progress));
    assert_eq!(fixture.order.owing(), Some(amount(0)), "what is being captured stays reserved");
}

#[test]
fn each_request_and_each_outcome_is_the_last_change() {
    let mut fixture = Fixture::new();
    fixture.later(1);
    let at = fixture.pay(AUTHORIZE, None, None).unwrap().sent();
    assert_eq!(fixture.order.updated_at, fixture.now);
    fixture.later(1);
    fixture.told(at, &unknown());
    assert_eq!([fixture.order.updated_at, fixture.operation(at).updated_at], [fixture.now; 2]);
    fixture.approve(at);
    fixture.later(1);
    let id = fixture.capture(at.transaction, None).unwrap().sent().transaction;
    assert_eq!([fixture.order.updated_at, fixture.transaction(id).updated_at], [fixture.now; 2]);
}

#[test]
fn refunds_add_up_to_no_more_than_was_captured() {
    let mut fixture = Fixture::new();
    let id = fixture.captured(2000);
    for _ in 0..2 {
        let at = fixture.refund(id, Some(900)).unwrap().sent();
        fixture.approve(at);
        fixture.later(61);
    }
    assert_eq!(fixture.refund(id, Some(201)), Err(Rejection::ExceedsRefundable(amount(200))));
    let at = fixture.refund(id, None).unwrap().sent();
    assert_eq!(fixture.operation(at).amount, amount(200));
    fixture.approve(at);
    assert_eq!(fixture.refund(id, Some(1)), Err(Rejection::AlreadyRefunded));
    let transaction = fixture.transaction(id);
    assert_eq!((transaction.refunded(), transaction.last_done()), (amount(2000), Kind::Refund));
    assert_eq!(fixture.order.payment(), PaymentStatus::PartiallyPaid, "599 of the order were never paid");
}

#[test]
fn a_refund_does_not_reopen_what_is_owing() {
    let mut fixture = Fixture::new();
    let id = fixture.approved(PURCHASE, None);
    let at = fixture.refund(id, Some(600)).unwrap().sent();
    fixture.approve(at);
    assert_eq!(fixture.order.owing(), Some(amount(0)));
    assert_eq!(fixture.order.payment(), PaymentStatus::Paid, "there is no partly refunded");
}

#[test]
fn an_uncaptured_payment_cannot_be_refunded() {
    let mut fixture = Fixture::new();
    let id = fixture.approved(AUTHORIZE, None);
    assert_eq!(fixture.refund(id, None), Err(Rejection::NotCaptured));
}

#[test]
fn a_cancelled_authorization_reopens_what_is_owing_and_is_final() {
    let mut fixture = Fixture::new();
    let id = fixture.approved(AUTHORIZE, None);
    let at = fixture.void(id).unwrap().sent();
    fixture.approve(at);
    assert_eq!(fixture.transaction(id).status(), TransactionStatus::Voided);
    assert_eq!(fixture.order.owing(), Some(amount(TOTAL)));
    assert_eq!(fixture.order.payment(), PaymentStatus::Unpaid);
    assert_eq!(fixture.void(id), Err(Rejection::AlreadyCancelled));
    assert_eq!(fixture.capture(id, None), Err(Rejection::AlreadyCancelled));
    assert_eq!(fixture.refund(id, None), Err(Rejection::AlreadyCancelled));
}

#[test]
fn after_a_cancel_the_order_owes_the_amount_again_whether_it_was_captured_or_not() {
    for captured in [None, Some(2000)] {
        let mut fixture = Fixture::new();
        let id = match captured {
            None => fixture.approved(PURCHASE, None),
            Some(part) => fixture.captured(part),
        };
        let at = fixture.void(id).unwrap().sent();
        fixture.approve(at);
        let transaction = fixture.transaction(id);
        assert_eq!(
            (transaction.status(), transaction.captured(), transaction.refunded()),
            (TransactionStatus::Voided, amount(0), amount(0))
        );
        assert_eq!(
            (fixture.order.owing(), fixture.order.payment()),
            (Some(amount(TOTAL)), PaymentStatus::Unpaid)
        );
        // Voided after a wrong card, then paid with another one.
        let again = fixture.pay(PURCHASE, None, Some("another card")).unwrap().sent();
        fixture.approve(again);
        assert_eq!((fixture.order.owing(), fixture.order.payment()), (Some(amount(0)), PaymentStatus::Paid));
    }
}

#[test]
fn a_cancel_that_closes_the_order_leaves_nothing_owing() {
    let mut fixture = Fixture::new();
    let id = fixture.approved(PURCHASE, None);
    let action = Action::Void { target: Target::Transaction(id), reopen: false };
    let at = fixture.ask(action, None).unwrap().sent();
    assert_eq!(fixture.order.owing(), Some(amount(0)), "reserved until it is known");
    fixture.approve(at);
    assert_eq!((fixture.order.owing(), fixture.order.payment()), (Some(amount(0)), PaymentStatus::Refunded));
    assert_eq!(fixture.order.balance().returned, amount(0));
}

#[test]
fn a_refund_that_was_carried_out_as_a_void_stays_a_refund() {
    let mut fixture = Fixture::new();
    let id = fixture.approved(PURCHASE, None);
    let at = fixture.refund(id, None).unwrap().sent();
    let NextStep::Send(void) = fixture.told(at, &not_done(NoEffect::NotSettled)) else { panic!("no void") };
    fixture.approve(void);
    let transaction = fixture.transaction(id);
    assert_eq!((transaction.captured(), transaction.refunded()), (amount(TOTAL), amount(TOTAL)));
    assert_eq!((fixture.order.owing(), fixture.order.payment()), (Some(amount(0)), PaymentStatus::Refunded));
}

#[test]
fn a_payment_that_a_capture_finds_voided_elsewhere_is_recorded_as_cancelled_and_frees_the_order() {
    let mut fixture = Fixture::new();
    let id = fixture.approved(AUTHORIZE, None);
    let at = fixture.capture(id, None).unwrap().sent();
    fixture.told(at, &not_done(NoEffect::VoidedElsewhere));
    let transaction = fixture.transaction(id);
    let void = transaction.voided().unwrap();
    assert_eq!((void.cause, void.mechanism), (Cause::Elsewhere, Mechanism::Manual));
    assert_eq!(
        (transaction.status(), fixture.order.owing()),
        (TransactionStatus::Voided, Some(amount(TOTAL)))
    );
    assert_eq!((fixture.order.payment(), fixture.order.next_inquiry_at()), (PaymentStatus::Unpaid, None));
    fixture.order.operation_mut(at).unwrap().reopen(fixture.now);
    fixture.told(at, &not_done(NoEffect::VoidedElsewhere));
    assert_eq!(fixture.transaction(id).approved(Kind::Void).count(), 1, "it is recorded once");
}

#[test]
fn a_payment_of_which_a_part_was_refunded_cannot_be_voided() {
    let mut fixture = Fixture::new();
    let id = fixture.approved(PURCHASE, None);
    let at = fixture.refund(id, Some(1)).unwrap().sent();
    fixture.approve(at);
    assert_eq!(fixture.void(id), Err(Rejection::PartlyRefunded));
    let at = fixture.refund(id, None).unwrap().sent();
    fixture.approve(at);
    assert_eq!(fixture.void(id), Err(Rejection::AlreadyRefunded));
}

#[test]
fn a_void_that_came_too_late_leaves_the_payment_standing() {
    let mut fixture = Fixture::new();
    let id = fixture.approved(PURCHASE, None);
    let at = fixture.void(id).unwrap().sent();
    fixture.told(at, &not_done(NoEffect::AlreadySettled));
    assert_eq!(fixture.transaction(id).status(), TransactionStatus::Done);
    assert!(fixture.refund(id, None).is_ok());
}

#[test]
fn a_full_refund_before_settlement_becomes_a_void() {
    let mut fixture = Fixture::new();
    let id = fixture.approved(PURCHASE, None);
    let refund = fixture.refund(id, Some(TOTAL)).unwrap().sent();
    let NextStep::Send(void) = fixture.told(refund, &not_done(NoEffect::NotSettled)) else {
        panic!("no void")
    };
    assert_eq!((fixture.operation(void).kind, fixture.operation(void).amount), (Kind::Void, amount(TOTAL)));
    assert_eq!(fixture.transaction(id).status(), TransactionStatus::Pending);
    fixture.approve(void);
    let transaction = fixture.transaction(id);
    assert_eq!((transaction.status(), transaction.refunded()), (TransactionStatus::Done, amount(TOTAL)));
    assert_eq!(transaction.last_done(), Kind::Refund);
    assert_eq!(fixture.order.payment(), PaymentStatus::Refunded);
    assert_eq!(fixture.refund(id, Some(1)), Err(Rejection::AlreadyRefunded));
}

#[test]
fn a_partial_refund_before_settlement_never_becomes_a_void() {
    let mut fixture = Fixture::new();
    let id = fixture.approved(PURCHASE, None);
    let at = fixture.refund(id, Some(TOTAL - 1)).unwrap().sent();
    assert_eq!(fixture.told(at, &not_done(NoEffect::NotSettled)), NextStep::Respond);
    assert_eq!(fixture.transaction(id).refundable(), amount(TOTAL));

    // A void gives back everything: the rest after a part was refunded does not become one either,
    // nor does all if the part turned up meanwhile.
    for minor in [TOTAL - 1000, TOTAL] {
        let mut fixture = Fixture::new();
        let id = fixture.approved(PURCHASE, None);
        let at = fixture.refund(id, Some(1000)).unwrap().sent();
        fixture.approve(at);
        let at = fixture.refund(id, None).unwrap().sent();
        fixture.order.operation_mut(at).unwrap().amount = amount(minor);
        assert_eq!(fixture.told(at, &not_done(NoEffect::NotSettled)), NextStep::Respond);
    }
}

#[test]
fn a_partial_approval_is_given_back_and_reserved_until_it_is() {
    let mut fixture = Fixture::new();
    let at = fixture.pay(PURCHASE, None, None).unwrap().sent();
    let NextStep::Send(void) = fixture.told(at, &partial(500)) else { panic!("no void") };
    assert_eq!(fixture.told(at, &partial(500)), NextStep::Respond, "it has a void");
    assert_eq!(fixture.transaction(at.transaction).status(), TransactionStatus::Pending);
    assert_eq!(fixture.order.owing(), Some(amount(TOTAL - 500)));
    // With any outcome of the void but done, the payment stays pending, because money is still
    // held.
    for outcome in [unknown(), declined(), not_done(NoEffect::TryAgain), not_done(NoEffect::Misconfigured)] {
        assert_eq!(fixture.told(void, &outcome), NextStep::Respond);
        assert_eq!(fixture.transaction(at.transaction).status(), TransactionStatus::Pending);
    }
    fixture.approve(void);
    let transaction = fixture.transaction(at.transaction);
    assert_eq!(transaction.status(), TransactionStatus::Failed);
    assert_eq!(transaction.decline().map(|decline| decline.code), Some(DeclineCode::PartialApproval));
    assert_eq!(fixture.order.owing(), Some(amount(TOTAL)));
    assert_eq!(fixture.order.payment(), PaymentStatus::Unpaid);
}

#[test]
fn a_payment_that_must_not_stand_and_settled_before_its_void_is_refunded() {
    let mut fixture = Fixture::new();
    let at = fixture.pay(PURCHASE, None, None).unwrap().sent();
    let NextStep::Send(void) = fixture.told(at, &partial(500)) else { panic!("no void") };
    let NextStep::Send(refund) = fixture.told(void, &not_done(NoEffect::AlreadySettled)) else {
        panic!("no refund")
    };
    assert_eq!(
        (fixture.operation(refund).kind, fixture.operation(refund).amount),
        (Kind::Refund, amount(500))
    );
    // Batched and not settled yet: it stays in doubt, and is never taken for a refund that was
    // requested.
    for outcome in [not_done(NoEffect::NotSettled), declined(), unknown()] {
        assert_eq!(fixture.told(refund, &outcome), NextStep::Respond);
        assert_eq!(fixture.transaction(at.transaction).status(), TransactionStatus::Pending);
    }
    fixture.approve(refund);
    let transaction = fixture.transaction(at.transaction);
    assert_eq!((transaction.status(), transaction.refunded()), (TransactionStatus::Failed, amount(0)));
    assert_eq!(transaction.decline().map(|decline| decline.code), Some(DeclineCode::PartialApproval));
    assert_eq!(
        (fixture.order.owing(), fixture.order.payment()),
        (Some(amount(TOTAL)), PaymentStatus::Unpaid)
    );
}

#[test]
fn a_merchant_that_takes_parts_keeps_a_partial_approval() {
    let mut fixture = Fixture::new();
    fixture.policy.accept_partial_approval = true;
    let at = fixture.pay(PURCHASE, None, None).unwrap().sent();
    assert_eq!(fixture.told(at, &partial(500)), NextStep::Respond);
    assert_eq!(fixture.transaction(at.transaction).captured(), amount(500));
    assert_eq!(fixture.order.owing(), Some(amount(TOTAL - 500)));
}

#[test]
fn a_refused_avs_or_cvv_result_is_given_back_and_declined() {
    let results = [("N", "M", DeclineCode::AvsMismatch), ("Y", "N", DeclineCode::IncorrectCvc)];
    for (avs, cvv, code) in results {
        let mut fixture = Fixture::new();
        fixture.policy.decline_on = DeclineOn { avs: vec!["N".to_owned()], cvv: vec!["N".to_owned()] };
        let at = fixture.pay(AUTHORIZE, None, None).unwrap().sent();
        let Outcome::Approved(response) = approval(fixture.operation(at)) else { unreachable!() };
        let response = GatewayResponse { avs: Some(avs.to_owned()), cvv: Some(cvv.to_owned()), ..response };
        let NextStep::Send(void) = fixture.told(at, &Outcome::Approved(response)) else { panic!("no void") };
        assert_eq!(
            fixture.capture(at.transaction, None),
            Err(Rejection::OperationInProgress(at.transaction))
        );
        fixture.approve(void);
        let transaction = fixture.transaction(at.transaction);
        assert_eq!(transaction.decline().map(|decline| decline.code), Some(code));
        assert_eq!(transaction.status(), TransactionStatus::Failed);
    }
}

#[test]
fn an_outcome_applied_twice_changes_nothing() {
    let mut fixture = Fixture::new();
    let at = fixture.pay(PURCHASE, None, None).unwrap().sent();
    fixture.approve(at);
    let before = fixture.order.clone();
    assert_eq!(fixture.told(at, &declined()), NextStep::Respond);
    assert_eq!(fixture.order, before);
}

#[test]
fn an_order_shows_how_far_it_is_paid() {
    let mut fixture = Fixture::new();
    let shown = |fixture: &Fixture| fixture.order.payment();
    assert_eq!(shown(&fixture), PaymentStatus::Unpaid);
    let first = fixture.approved(AUTHORIZE, Some(1000));
    assert_eq!(shown(&fixture), PaymentStatus::PartiallyAuthorized);
    fixture.approved(AUTHORIZE, None);
    assert_eq!(shown(&fixture), PaymentStatus::Authorized);
    let at = fixture.capture(first, None).unwrap().sent();
    assert_eq!(shown(&fixture), PaymentStatus::Authorized, "a capture under way changes nothing");
    fixture.approve(at);
    assert_eq!(shown(&fixture), PaymentStatus::Authorized);
    let balance = fixture.order.balance();
    assert_eq!((balance.authorized, balance.paid), (amount(1599), amount(1000)));
}

#[test]
fn a_refund_that_is_only_marked_calls_nobody() {
    let mut fixture = Fixture::new();
    let id = fixture.approved(PURCHASE, None);
    let Ok(Planned::Recorded(at)) = fixture.mark_refunded(id) else { panic!("sent") };
    let attempts = |fixture: &Fixture| fixture.operation(at).attempt.number;
    assert_eq!((fixture.transaction(id).operations[0].attempt.number, attempts(&fixture)), (1, 0));
    let transaction = fixture.transaction(id);
    assert_eq!(transaction.refund_mechanism(), Some(Mechanism::Manual));
    assert_eq!(transaction.refunded(), amount(TOTAL));
}

#[test]
fn the_merchant_chooses_what_a_refund_without_an_amount_is() {
    let mut fixture = Fixture::new();
    let id = fixture.approved(PURCHASE, None);
    fixture.policy.refund_without_amount = RefundWithoutAmount::Reject;
    assert_eq!(fixture.refund(id, None), Err(Rejection::RefundAmountRequired));
    fixture.policy.refund_without_amount = RefundWithoutAmount::Mark;
    assert!(matches!(fixture.refund(id, None), Ok(Planned::Recorded(_))));
}

#[test]
fn no_transaction_is_guessed_at_when_several_could_be_meant() {
    let mut fixture = Fixture::new();
    let capture = Action::Capture { target: Target::OnlyEligible, amount: None, custom_reference: None };
    assert_eq!(fixture.ask(capture.clone(), None), Err(Rejection::NoEligibleTransaction));
    let first = fixture.approved(AUTHORIZE, Some(1000));
    let second = fixture.approved(AUTHORIZE, None);
    let several = Rejection::SeveralEligibleTransactions(vec![first, second]);
    assert_eq!(fixture.ask(capture.clone(), None), Err(several));
    let at = fixture.capture(first, None).unwrap().sent();
    fixture.approve(at);
    assert_eq!(fixture.ask(capture, None).unwrap().sent().transaction, second);
    assert_eq!(fixture.capture(Uuid::from_u128(999), None), Err(Rejection::TransactionNotFound));
}

#[test]
fn restating_an_order_cannot_undercut_its_payments() {
    let mut fixture = Fixture::new();
    let at = fixture.pay(AUTHORIZE, Some(1000), None).unwrap().sent();
    let now = fixture.now;
    let below = Rejection::TotalBelowCommitted(amount(1000));
    assert_eq!(fixture.order.restate(Currency::USD, amount(999), now), Err(below));
    assert_eq!(fixture.order.restate(Currency::USD, amount(1000), now), Ok(()));
    fixture.approve(at);
    let euro = Currency::parse("EUR").unwrap();
    assert_eq!(fixture.order.restate(euro, amount(5000), now), Err(Rejection::CurrencyFixed(Currency::USD)));
    let mut unpaid = Fixture::new().order;
    assert_eq!((unpaid.restate(euro, amount(5000), now), unpaid.currency), (Ok(()), euro));
}

#[test]
fn a_shoppers_failed_attempts_are_limited_until_the_merchant_states_the_order_again() {
    let mut fixture = Fixture::new();
    let merchants = fixture.pay(PURCHASE, None, None).unwrap().sent();
    fixture.told(merchants, &declined());
    fixture.by = Principal::Implicit;
    for _ in 0..5 {
        let at = fixture.pay(PURCHASE, None, None).unwrap().sent();
        fixture.told(at, &declined());
        fixture.later(61);
    }
    assert_eq!(fixture.pay(PURCHASE, None, None), Err(Rejection::TooManyAttempts));
    fixture.by = Principal::ClientCredentials;
    assert!(fixture.clone_pay().is_ok(), "the merchant itself is not limited");
    fixture.by = Principal::Implicit;
    let now = fixture.now;
    fixture.order.restate(Currency::USD, amount(TOTAL), now).unwrap();
    let again = fixture.pay(PURCHASE, None, None);
    assert_eq!(again, Err(Rejection::TooManyAttempts), "the same amount is no reason to try on");
    fixture.order.restate(Currency::USD, amount(TOTAL + 1), now).unwrap();
    assert!(fixture.pay(PURCHASE, None, None).is_ok());
}

#[test]
fn failures_of_shoppers_do_not_fill_an_order_that_the_merchant_wants_to_be_paid_for() {
    let mut fixture = Fixture::new();
    fixture.policy.shoppers.attempts = usize::MAX;
    fixture.by = Principal::Implicit;
    for _ in 0..SHOPPER_FAILURES_MAX {
        let at = fixture.pay(PURCHASE, None, None).unwrap().sent();
        fixture.told(at, &declined());
        fixture.later(61);
    }
    assert_eq!(fixture.pay(PURCHASE, None, None), Err(Rejection::TooManyAttempts));
    fixture.by = Principal::ClientCredentials;
    for _ in 0..TRANSACTIONS_MAX {
        let at = fixture.pay(PURCHASE, Some(1), None).unwrap().sent();
        fixture.told(at, &declined());
        // Fewer than ten in an hour.
        fixture.later(401);
    }
    assert_eq!(fixture.pay(PURCHASE, Some(1), None), Err(Rejection::TooManyTransactions));
}

#[test]
fn a_merchant_that_names_no_shopper_may_have_ten_payments_of_an_order_declined_in_an_hour() {
    let mut fixture = Fixture::new();
    fixture.policy.shoppers.attempts = usize::MAX;
    fixture.by = Principal::Implicit;
    for _ in 0..DECLINES_PER_ORDER_HOUR {
        let at = fixture.pay(PURCHASE, None, None).unwrap().sent();
        fixture.told(at, &declined());
    }
    fixture.by = Principal::ClientCredentials;
    fixture.approved(PURCHASE, Some(1));
    for _ in 0..DECLINES_PER_ORDER_HOUR - 1 {
        let at = fixture.pay(PURCHASE, Some(1), Some(&fixture.now.to_string())).unwrap().sent();
        fixture.told(at, &declined());
        fixture.later(60);
    }
    let last = fixture.pay(PURCHASE, Some(1), Some("last")).unwrap().sent();
    let full = |seconds| Err(Rejection::TooManyDeclines(SignedDuration::from_secs(seconds)));
    assert_eq!(fixture.pay(PURCHASE, Some(1), Some("new")), full(3_600 - 9 * 60), "one is pending");
    fixture.told(last, &declined());
    fixture.order.transactions.reverse();
    assert_eq!(fixture.pay(PURCHASE, Some(1), Some("new")), full(3_600 - 9 * 60), "however they are listed");
    let named = Pay { source_is_known: true, ..fixture.payment(PURCHASE, Some(1)) };
    let named = fixture.ask(Action::Pay(named), Some("of a shopper that is named")).unwrap().sent();
    fixture.approve(named);
    fixture.by = Principal::Implicit;
    let browsers = fixture.pay(PURCHASE, None, Some("a browser's")).unwrap().sent();
    fixture.told(browsers, &declined());
    fixture.by = Principal::ClientCredentials;
    fixture.later(3_600 - 9 * 60);
    fixture.pay(PURCHASE, Some(1), Some("an hour later")).unwrap().sent();
}

#[test]
fn a_shopper_learns_nothing_of_another_ones_payment() {
    let mut fixture = Fixture::new();
    fixture.by = Principal::Implicit;
    let first = fixture.pay(PURCHASE, None, Some("key")).unwrap().sent();
    fixture.later(40);
    let replayed = fixture.pay(PURCHASE, None, Some("key")).unwrap();
    assert_eq!(replayed, Planned::Replayed(first), "its own");
    assert_eq!(
        fixture.pay(PURCHASE, None, None),
        Err(Rejection::PaymentInProgress(first.transaction)),
        "its own"
    );
    fixture.shopper = Some(Shopper::of(Uuid::from_u128(2)));
    for (minor, key) in [(None, None), (Some(TOTAL), None), (Some(1), None), (None, Some("key"))] {
        assert_eq!(fixture.pay(PURCHASE, minor, key), Err(Rejection::NotPayable), "in progress: {minor:?}");
    }
    fixture.approve(first);
    for (minor, key) in [(None, None), (Some(TOTAL), None), (Some(TOTAL + 1), None), (None, Some("key"))] {
        assert_eq!(fixture.pay(PURCHASE, minor, key), Err(Rejection::NotPayable), "paid: {minor:?}");
    }
    fixture.shopper = None;
    assert_eq!(
        fixture.pay(PURCHASE, None, Some("key")),
        Err(Rejection::NotPayable),
        "and nobody in particular"
    );
    fixture.by = Principal::ClientCredentials;
    let paid = fixture.pay(PURCHASE, None, None);
    assert_eq!(paid, Err(Rejection::AlreadyPaid(first.transaction)), "the merchant is told");
}

#[test]
fn a_shopper_pays_all_that_is_owing_or_nothing() {
    let mut fixture = Fixture::new();
    fixture.by = Principal::Implicit;
    for minor in [1, TOTAL - 1, TOTAL + 1] {
        assert_eq!(fixture.pay(PURCHASE, Some(minor), None), Err(Rejection::NotPayable), "{minor}");
    }
    assert!(fixture.pay(PURCHASE, Some(TOTAL), None).is_ok());
    let mut fixture = Fixture::external();
    fixture.by = Principal::Implicit;
    assert_eq!(fixture.pay(PURCHASE, Some(1), None), Err(Rejection::NotPayable), "of an unknown total");
    let mut fixture = Fixture::new();
    (fixture.by, fixture.policy.shoppers.partial) = (Principal::Implicit, true);
    assert!(fixture.pay(PURCHASE, Some(1), None).is_ok());
}

#[test]
fn an_attempt_that_the_gateway_never_took_up_does_not_count_against_a_shopper() {
    let mut fixture = Fixture::new();
    fixture.policy.shoppers.partial = true;
    fixture.by = Principal::Implicit;
    for minor in 1..=6 {
        let at = fixture.pay(PURCHASE, Some(minor), None).unwrap().sent();
        fixture.told(at, &not_done(NoEffect::Misconfigured));
    }
    assert!(fixture.pay(PURCHASE, None, None).is_ok());
}

impl Fixture {
    /// The result that a payment would have, without its consequences.
    fn clone_pay(&mut self) -> Result<Planned, Rejection> {
        let before = self.order.clone();
        let result = self.pay(PURCHASE, None, None);
        self.order = before;
        result
    }
}

#[test]
fn a_payment_in_doubt_leaves_the_order_unpaid() {
    for method in [AUTHORIZE, PURCHASE] {
        let mut fixture = Fixture::new();
        let at = fixture.pay(method, None, None).unwrap().sent();
        fixture.told(at, &unknown());
        assert_eq!(fixture.order.payment(), PaymentStatus::Unpaid, "{method:?}");
    }
    // So does one that must not stand, while its void is in doubt.
    let mut fixture = Fixture::new();
    let at = fixture.pay(AUTHORIZE, None, None).unwrap().sent();
    let NextStep::Send(void) = fixture.told(at, &partial(1000)) else { panic!("no void") };
    fixture.told(void, &unknown());
    assert_eq!(fixture.order.payment(), PaymentStatus::Unpaid);
}

#[test]
fn a_request_about_the_order_is_about_the_payment_that_it_can_be_about() {
    let refund = || Action::Refund { target: Target::OnlyEligible, amount: None, mechanism: None };
    let mut fixture = Fixture::external();
    assert_eq!(fixture.ask(refund(), None), Err(Rejection::NoEligibleTransaction));
    fixture.approved(AUTHORIZE, Some(100));
    assert_eq!(fixture.ask(refund(), None), Err(Rejection::NoEligibleTransaction), "nothing was taken");
    let paid = fixture.approved(PURCHASE, Some(200));
    assert_eq!(fixture.ask(refund(), None).unwrap().sent().transaction, paid);

    let mut fixture = Fixture::external();
    let pending = fixture.pay(PURCHASE, Some(100), None).unwrap().sent();
    fixture.told(pending, &unknown());
    let in_progress = Rejection::OperationInProgress(pending.transaction);
    assert_eq!(fixture.ask(refund(), None), Err(in_progress));
}

#[test]
fn a_reference_that_came_with_a_capture_is_kept_unless_it_is_empty() {
    for (sent, kept) in [("invoice 7", Some("invoice 7")), ("", None)] {
        let mut fixture = Fixture::new();
        let id = fixture.approved(AUTHORIZE, None);
        let custom_reference = Some(sent.to_owned());
        let target = Target::Transaction(id);
        fixture.ask(Action::Capture { target, amount: None, custom_reference }, None).unwrap();
        assert_eq!(fixture.transaction(id).custom_reference(), kept);
    }
}

#[test]
fn only_a_refund_that_somebody_requested_becomes_a_void_before_settlement() {
    // The refund of a second charge: a void of the payment would give back the one that counts.
    for cause in [Cause::Requested, Cause::Duplicate, Cause::LateApproval] {
        let mut fixture = Fixture::new();
        let id = fixture.approved(PURCHASE, None);
        let refund = fixture.refund(id, None).unwrap().sent();
        fixture.order.operation_mut(refund).unwrap().cause = cause;
        let next = fixture.told(refund, &not_done(NoEffect::NotSettled));
        let voids = matches!(next, NextStep::Send(void) if fixture.operation(void).kind == Kind::Void);
        assert_eq!(voids, cause == Cause::Requested, "{cause:?}: {next:?}");
    }
}

#[test]
fn each_refund_before_settlement_has_a_void_of_its_own() {
    let mut fixture = Fixture::new();
    let id = fixture.approved(PURCHASE, None);
    let target = Target::Transaction(id);
    let mut voids = Vec::new();
    for key in ["a", "b", "b"] {
        let refund = Action::Refund { target, amount: None, mechanism: None };
        let refund = fixture.ask(refund, Some(key)).unwrap().sent();
        let NextStep::Send(void) = fixture.told(refund, &not_done(NoEffect::NotSettled)) else {
            panic!("no void")
        };
        assert_eq!(fixture.operation(void).follows, Some(refund.operation));
        fixture.told(void, &not_done(NoEffect::AlreadySettled));
        voids.push(void);
        fixture.later(3_600);
    }
    assert_ne!(voids[0], voids[1]);
    assert_eq!(voids[1], voids[2], "another attempt of the refund is another attempt of its void");
}

#[test]
fn a_void_is_of_what_was_captured_or_of_all_that_is_held() {
    let mut fixture = Fixture::new();
    let held = fixture.approved(AUTHORIZE, Some(1500));
    let void = fixture.void(held).unwrap().sent();
    assert_eq!(fixture.operation(void).amount, amount(1500));
    let mut fixture = Fixture::new();
    let captured = fixture.captured(1000);
    let void = fixture.void(captured).unwrap().sent();
    assert_eq!(fixture.operation(void).amount, amount(1000));
}

#[test]
fn only_an_approval_tells_where_the_card_is_stored_and_how_long_the_amount_is_held() {
    let said = GatewayResponse {
        token: CardToken::parse("9418594164541111"),
        stored: Some(StoredCard { profile: "1".to_owned(), account: "1".to_owned() }),
        ..GatewayResponse::default()
    };
    let decline = Decline::of(DeclineCode::GenericDecline);
    let never = Decline { rule: Some(RetryRule::new(RetryClass::Never)), ..decline };
    for (outcome, learns_token, learns) in [
        (Outcome::Approved(said.clone()), true, true),
        (Outcome::Declined(said.clone(), decline), false, false),
        (Outcome::Declined(said.clone(), never), true, false),
        (Outcome::NoEffect(NoEffect::VoidedElsewhere, said.clone()), false, false),
        (Outcome::Unknown(Doubt::Incomplete, said), false, false),
    ] {
        let mut fixture = Fixture::new();
        let customer: CustomerReference = "c-1".parse().unwrap();
        let pay = Pay { save_for: Some(customer.clone()), ..fixture.payment(AUTHORIZE, None) };
        let at = fixture.ask(Action::Pay(pay), None).unwrap().sent();
        let sent = fixture.transaction(at.transaction);
        assert_eq!(sent.save_for.as_deref(), Some(customer.as_str()), "kept before it is sent");
        assert_eq!(sent.updated_at, fixture.now);
        fixture.told(at, &outcome);
        let (transaction, ends) =
            (fixture.transaction(at.transaction), fixture.now + fixture.policy.authorization_lifetime);
        let card = transaction.card().unwrap();
        assert_eq!((card.token.is_some(), card.stored.is_some()), (learns_token, learns), "{outcome:?}");
        assert_eq!(transaction.authorization_expires_at, Some(ends).filter(|_| learns), "{outcome:?}");
    }
}

#[test]
fn attempts_of_a_shopper_count_while_they_are_in_doubt_and_once_they_were_refused() {
    for (outcome, counts) in [
        (unknown(), true),
        (declined(), true),
        (not_done(NoEffect::Misconfigured), false),
        (Outcome::Approved(GatewayResponse::default()), false),
    ] {
        let mut fixture = Fixture::new();
        (fixture.by, fixture.policy.shoppers.partial) = (Principal::Implicit, true);
        fixture.policy.shoppers.attempts = 1;
        let at = fixture.pay(PURCHASE, Some(100), None).unwrap().sent();
        fixture.told(at, &outcome);
        let next = fixture.pay(PURCHASE, Some(200), None);
        assert_eq!(next.err(), counts.then_some(Rejection::TooManyAttempts), "{outcome:?}");
    }
}

//! The subject of an inquiry, and its decisions.

use super::*;
use crate::{
    order::Policy,
    payments::{Inquired, doubt::inquiry},
    values::{Charged, Fee, FeeKind},
};

#[tokio::test]
async fn a_status_that_an_intermediary_can_send_is_verified_by_one_inquiry() {
    for (finding, then) in [
        (found("r"), TransactionStatus::Done),
        (Finding::Absent, TransactionStatus::Failed),
        (Finding::Failed, TransactionStatus::Failed),
        (Finding::Undecided, TransactionStatus::Pending),
        (Finding::TimedOut(GatewayResponse::default()), TransactionStatus::Pending),
        (Finding::TryAgain(GatewayResponse::default()), TransactionStatus::Pending),
        (Finding::Several(vec![approved_as("1"), approved_as("2")]), TransactionStatus::Pending),
    ] {
        let fixture = Fixture::new().await;
        fixture.gateway_says(Outcome::Intermediary(NoEffect::TurnedAway, GatewayResponse::default()));
        fixture.inquiry_finds(finding.clone());
        let performed = fixture.purchase(Some("k")).await.unwrap();
        assert_eq!((status(&performed), fixture.sent()), (then, 1), "{finding:?}");
    }
}

#[tokio::test]
async fn a_status_that_an_intermediary_can_send_is_in_doubt_without_time_for_an_inquiry() {
    let fixture = Fixture::new().await;
    fixture.gateway_says(Outcome::Intermediary(NoEffect::Throttled, GatewayResponse::default()));
    let performed = fixture.perform(&intent(Some("k")), INQUIRY_MIN.mul_f32(0.9)).await.unwrap();
    assert_eq!((status(&performed), fixture.sent()), (TransactionStatus::Pending, 1));
}

fn unnamed(said: Outcome) -> Outcome {
    Outcome::Unnamed(Box::new(said))
}

#[tokio::test]
async fn a_payments_refusal_that_names_no_operation_counts_only_where_one_inquiry_shows_no_trace_of_it() {
    for said in [declined(), not_done(NoEffect::Misconfigured)] {
        for (finding, then, suspects) in [
            (found("r"), TransactionStatus::Done, 0),
            (Finding::Became(Box::new(declined())), TransactionStatus::Failed, 0),
            // Another operation's response was taken for this one's, and its own is on the way.
            (Finding::Absent, TransactionStatus::Failed, 1),
            (Finding::Failed, TransactionStatus::Pending, 0),
            (Finding::Undecided, TransactionStatus::Pending, 0),
        ] {
            let fixture = Fixture::new().await;
            fixture.gateway_says(unnamed(said.clone()));
            fixture.inquiry_finds(finding.clone());
            let performed = fixture.purchase(Some("k")).await.unwrap();
            assert_eq!((status(&performed), fixture.sent()), (then, 1), "{finding:?}");
            assert_eq!(
                performed.order.suspects(Kind::Purchase, Uuid::nil()).count(),
                suspects,
                "{finding:?}"
            );
        }
    }
}

#[tokio::test]
async fn an_approval_that_names_no_operation_counts_only_by_its_record() {
    for (finding, then) in [
        (found("own"), TransactionStatus::Done),
        (Finding::Absent, TransactionStatus::Pending),
        (Finding::Failed, TransactionStatus::Pending),
    ] {
        let fixture = Fixture::new().await;
        fixture.gateway_says(unnamed(Outcome::Approved(approved_as("anothers"))));
        fixture.inquiry_finds(finding.clone());
        let performed = fixture.purchase(Some("k")).await.unwrap();
        assert_eq!(status(&performed), then, "{finding:?}");
        let reference = performed.order.operation(performed.at).unwrap().reference();
        assert_eq!(reference, Some("own").filter(|_| then == TransactionStatus::Done));
    }
}

/// A refund that is paid twice cannot be voided, so nothing that is no proof makes room for
/// another. There is one capture at most, so a status counts that an intermediary can send.
#[tokio::test]
async fn a_refunds_refusal_that_proves_nothing_leaves_it_in_doubt() {
    let by_intermediary = Outcome::Intermediary(NoEffect::Throttled, GatewayResponse::default());
    for (kind, said, doubt) in [
        (Kind::Refund, unnamed(declined()), Some(Doubt::Incomplete)),
        (Kind::Refund, unnamed(not_done(NoEffect::NotSettled)), Some(Doubt::Incomplete)),
        (Kind::Refund, by_intermediary.clone(), Some(Doubt::Unreadable)),
        (Kind::Capture, unnamed(declined()), Some(Doubt::Incomplete)),
        (Kind::Capture, by_intermediary, None),
    ] {
        let fixture = Fixture::new().await;
        let long = Duration::from_secs(29);
        let captures = kind == Kind::Capture;
        let payment = if captures { PaymentKind::Authorize } else { PaymentKind::Purchase };
        let paid = fixture.perform(&paying(None, |pay| pay.kind = payment), long).await.unwrap();
        fixture.gateway_says(said);
        fixture.inquiry_finds(Finding::Absent);
        let (target, amount) = (Target::Transaction(paid.at.transaction), None);
        let capture = Action::Capture { target, amount, custom_reference: None };
        let action = if captures { capture } else { Action::Refund { target, amount, mechanism: None } };
        let Performed { order, at, .. } = fixture.perform(&follow_up(kind, action), long).await.unwrap();
        assert_eq!(order.operation(at).unwrap().pending().and_then(|pending| pending.doubt), doubt);
    }
}

#[tokio::test]
async fn a_payment_after_a_refusal_without_proof_waits_for_one_look() {
    for (finding, sent) in [(Finding::Absent, 2), (Finding::Undecided, 1), (found("r"), 1)] {
        let fixture = Fixture::new().await;
        let response = GatewayResponse { unproven: true, ..GatewayResponse::default() };
        fixture.gateway_says(Outcome::NoEffect(NoEffect::TryAgain, response));
        assert_eq!(status(&fixture.purchase(Some("k")).await.unwrap()), TransactionStatus::Failed);
        fixture.inquiry_finds(finding.clone());
        let again = fixture.purchase(Some("k")).await;
        assert_eq!(fixture.sent(), sent, "{finding:?}");
        if let Ok(again) = again {
            assert_eq!(status(&again), TransactionStatus::Done, "{finding:?}");
            assert_eq!(again.order.suspects(Kind::Purchase, Uuid::nil()).next(), None, "{finding:?}");
        }
    }
}

#[tokio::test]
async fn undecided_is_a_response_and_backs_off_and_failed_is_none() {
    let fixture = Fixture::new().await;
    fixture.gateway_says(unknown());
    let performed = fixture.perform(&intent(Some("k")), Duration::from_secs(7)).await.unwrap();
    let deadline = Deadline::after(Duration::from_secs(29));
    let (mut order, at) = (performed.order, performed.at);
    for (finding, responded, inquiries) in [(Finding::Failed, false, 0), (Finding::Undecided, true, 1)] {
        fixture.inquiry_finds(finding);
        let (after, found) = fixture.payments.inquire_about(&fixture.merchant, order, at, deadline).await;
        assert_eq!(found != Finding::Failed, responded);
        assert_eq!(after.operation(at).unwrap().pending().unwrap().inquiries, inquiries);
        order = after;
    }
}

#[tokio::test]
async fn that_money_moved_is_kept_although_another_attempt_began_and_a_refusal_is_not() {
    for (outcome, then) in [
        (Outcome::Approved(approved_as("r")), TransactionStatus::Done),
        (not_done(NoEffect::VoidedElsewhere), TransactionStatus::Pending),
    ] {
        let mut fixture = Fixture::new().await;
        fixture.changed_while_sent(|order| {
            let operation = &mut order.transactions[0].operations[0];
            operation.attempt_again(Uuid::new_v4(), operation.amount, None, Timestamp::now());
        });
        fixture.gateway_says(outcome);
        assert_eq!(status(&fixture.purchase(Some("k")).await.unwrap()), then);
    }
}

#[tokio::test]
async fn an_inquiry_about_a_second_charges_void_names_that_charge() {
    let fixture = Fixture::new().await;
    fixture.gateway_says(unknown());
    fixture.inquiry_finds(Finding::Several(vec![approved_as("first"), approved_as("second")]));
    fixture.gateway_says(unknown());
    let order = fixture.purchase(None).await.unwrap().order;
    let transaction = &order.transactions[0];
    let void = transaction.pending().unwrap();
    let at = OperationRef { transaction: transaction.id, operation: void.id };
    let inquiry = inquiry(&order, at, &Policy::default(), fixture.payments.clock.now()).unwrap();
    let Inquired::Void(payment) = inquiry.about else { panic!("not about a void") };
    assert_eq!(payment.reference, "second");
    assert_eq!(inquiry.known, ["second"]);
    assert!(inquiry.ours.is_empty(), "its order id is the payment's, too, so it proves nothing");
}

/// Both are listed under one order id, and the payment that stays is not the refund.
#[tokio::test]
async fn an_inquiry_about_the_refund_of_a_second_charge_knows_the_first() {
    let fixture = Fixture::new().await;
    fixture.gateway_says(unknown());
    fixture.inquiry_finds(Finding::Several(vec![approved_as("first"), approved_as("second")]));
    fixture.gateway_says(unknown());
    let mut order = fixture.purchase(None).await.unwrap().order;
    let refund = order.transactions[0].operations.last_mut().unwrap();
    refund.kind = crate::order::Kind::Refund;
    let operation = refund.id;
    let at = OperationRef { transaction: order.transactions[0].id, operation };
    let inquiry = inquiry(&order, at, &Policy::default(), fixture.payments.clock.now()).unwrap();
    assert_eq!(inquiry.known, ["second", "first"]);
}

#[tokio::test]
async fn an_inquiry_names_every_abandoned_attempt() {
    let fixture = Fixture::new().await;
    fixture.gateway_says(not_done(NoEffect::NeverArrived));
    let performed = fixture.purchase(Some("k")).await.unwrap();
    let (mut order, at) = (performed.order, performed.at);
    let operation = &mut order.transactions[0].operations[0];
    let first = operation.attempt.gateway_order_id.clone();
    operation.attempt_again(uuid::Uuid::new_v4(), operation.amount, None, jiff::Timestamp::now());
    let inquiry = inquiry(&order, at, &Policy::default(), fixture.payments.clock.now()).unwrap();
    assert_ne!(inquiry.gateway_order_id, first, "each attempt has an order id of its own");
    assert_eq!(inquiry.earlier, [first.as_str()]);
    let all = vec![first.as_str(), inquiry.gateway_order_id];
    assert_eq!((&inquiry.ids(), &inquiry.ours, &inquiry.payments), (&all, &all, &all));
}

#[tokio::test]
async fn reading_a_transaction_sends_an_inquiry_once_its_own_request_has_ended_for_long() {
    for (seconds, then) in [(119, TransactionStatus::Pending), (120, TransactionStatus::Done)] {
        let mut fixture = Fixture::new().await;
        fixture.gateway_says(unknown());
        let Performed { order, at, .. } =
            fixture.perform(&intent(None), Duration::from_secs(7)).await.unwrap();
        let sent = order.operation(at).unwrap().attempt.at;
        fixture.payments.clock = Arc::new(Stopped(sent + jiff::SignedDuration::from_secs(seconds)));
        fixture.inquiry_finds(found("r"));
        let deadline = Deadline::after(Duration::from_secs(29));
        let order = fixture.payments.repair(&fixture.merchant, order, at.transaction, deadline).await;
        assert_eq!(order.transaction(at.transaction).unwrap().status(), then, "after {seconds} s");
    }
}

#[tokio::test]
async fn an_inquiry_names_what_else_is_on_record_about_the_payment() {
    let fixture = Fixture::new().await;
    let paid = fixture.purchase(None).await.unwrap();
    let transaction = paid.at.transaction;
    let refund = |minor: u64| {
        let (target, amount) = (Target::Transaction(transaction), Amount::new(minor).ok());
        let refund = follow_up(Kind::Refund, Action::Refund { target, amount, mechanism: None });
        Intent { key: Some(KeyDigest::new("POST", "", &minor.to_string())), ..refund }
    };
    fixture.gateway_says(Outcome::Approved(approved_as("refund-1")));
    fixture.perform(&refund(100), Duration::from_secs(29)).await.unwrap();
    fixture.gateway_says(Outcome::Unknown(Doubt::NoResponse, approved_as("refund-2")));
    let Performed { order, at, .. } = fixture.perform(&refund(200), Duration::from_secs(7)).await.unwrap();
    let inquiry = inquiry(&order, at, &Policy::default(), fixture.payments.clock.now()).unwrap();
    assert_eq!((inquiry.amount.minor(), &*inquiry.known), (200, &["refund-1", "r"][..]), "and not itself");
    let Inquired::Refund(payment) = inquiry.about else { panic!("not about a refund") };
    assert_eq!(payment.reference, "r");
}

#[tokio::test]
async fn an_unknown_outcome_is_pending_and_a_second_payment_is_not_sent() {
    let fixture = Fixture::new().await;
    fixture.gateway_says(unknown());
    assert_eq!(status(&fixture.purchase(None).await.unwrap()), TransactionStatus::Pending);
    let second = fixture.purchase(Some("another")).await;
    assert!(matches!(second, Err(Refusal::Rejected(Rejection::PaymentInProgress(_)))));
    assert_eq!(fixture.sent(), 1);
}

#[tokio::test]
async fn a_lost_response_is_inquired_about_once_while_time_is_left() {
    for (left, status_then) in [(29, TransactionStatus::Done), (7, TransactionStatus::Pending)] {
        let fixture = Fixture::new().await;
        fixture.gateway_says(unknown());
        fixture.inquiry_finds(found("r"));
        let performed = fixture.perform(&intent(None), Duration::from_secs(left)).await.unwrap();
        assert_eq!((status(&performed), fixture.sent()), (status_then, 1), "{left} s");
    }
}

#[tokio::test]
async fn what_was_found_of_one_attempt_is_not_taken_for_another() {
    let fixture = Fixture::new().await;
    fixture.gateway_says(unknown());
    let performed = fixture.perform(&intent(Some("k")), Duration::from_secs(7)).await.unwrap();
    let refused = not_done(NoEffect::VoidedElsewhere);
    fixture.gateway.findings.lock().unwrap().push_back(Finding::Became(Box::new(refused)));
    // While the inquiry about the first attempt is under way, another request gives it up and sends
    // a second.
    fixture.meanwhile(|order| {
        let operation = &mut order.transactions[0].operations[0];
        operation.attempt_again(uuid::Uuid::new_v4(), operation.amount, None, jiff::Timestamp::now());
    });
    let deadline = Deadline::after(Duration::from_secs(29));
    let (order, found) =
        fixture.payments.inquire_about(&fixture.merchant, performed.order, performed.at, deadline).await;
    assert_ne!(found, Finding::Failed);
    assert!(order.operation(performed.at).unwrap().is(Stage::Pending), "the second is still in doubt");
    assert_eq!(order.operation(performed.at).unwrap().attempt.number, 2);
}

/// An approval with 0.03 beside its amount.
fn approved_with_fee() -> Outcome {
    let fee = Fee { amount: Amount::new(3).unwrap(), kind: FeeKind::Surcharge };
    let response = approved_as("r");
    let charged = response.charged.map(|charged| Charged { fee: Some(fee), ..charged });
    Outcome::Approved(GatewayResponse { charged, ..response })
}

#[tokio::test]
async fn an_inquiry_about_a_payment_with_a_fee_counts_it_as_known() {
    for (approval, known) in [(approved_with_fee(), &["r"][..]), (Outcome::Approved(approved_as("r")), &[])] {
        let fixture = Fixture::new().await;
        fixture.gateway_says(approval);
        let Performed { order, at, .. } = fixture.purchase(None).await.unwrap();
        let inquiry = inquiry(&order, at, &Policy::default(), fixture.payments.clock.now()).unwrap();
        assert_eq!(inquiry.known, known);
    }
}

#[tokio::test]
async fn a_part_of_a_payment_with_a_fee_is_not_sent_without_a_basis() {
    for (basis, sent) in [(None, 0), (Some(crate::order::FeeBasis::Subtotal), 1)] {
        let mut fixture = Fixture::new().await;
        fixture.gateway_says(approved_with_fee());
        let Performed { mut order, at, .. } = fixture.purchase(None).await.unwrap();
        // It was put on record while the merchant's document still said it.
        let mut refund = order.transactions[0].operations[0].clone();
        refund.id = uuid::Uuid::new_v4();
        refund.kind = Kind::Refund;
        refund.amount = Amount::new(1).unwrap();
        refund.state = refund.as_pending().state;
        let refund_at = OperationRef { operation: refund.id, ..at };
        order.transactions[0].operations.push(refund);
        fixture.merchant.policy.fee_basis = basis;
        let before = fixture.sent();
        let deadline = Deadline::after(Duration::from_secs(29));
        let outcome =
            fixture.payments.call_gateway(&fixture.merchant, &order, refund_at, None, deadline).await;
        assert_eq!(fixture.sent() - before, sent);
        let refused = matches!(outcome, Outcome::NoEffect(NoEffect::Misconfigured, _));
        assert_eq!(refused, sent == 0, "{outcome:?}");
    }
}

//! An abandoned attempt may still turn out to be done: it is looked for before more money moves.

use super::*;

/// A payment with the key `k` that two inquiries did not find.
async fn abandoned() -> Fixture {
    let fixture = Fixture::new().await;
    fixture.gateway_says(not_done(NoEffect::NeverArrived));
    assert_eq!(status(&fixture.purchase(Some("k")).await.unwrap()), TransactionStatus::Failed);
    assert_eq!(fixture.sent(), 1);
    fixture
}

#[tokio::test]
async fn nothing_is_sent_while_the_gateway_does_not_say_what_became_of_an_abandoned_payment() {
    for silence in [Finding::Failed, Finding::Undecided] {
        for key in ["k", "another"] {
            let fixture = abandoned().await;
            fixture.inquiry_finds(silence.clone());
            assert!(matches!(fixture.purchase(Some(key)).await, Err(Refusal::Unverified)), "{silence:?}");
            assert_eq!(fixture.sent(), 1);
        }
    }
}

#[tokio::test]
async fn nothing_is_sent_when_no_time_is_left_to_look_for_an_abandoned_payment() {
    let fixture = abandoned().await;
    fixture.inquiry_finds(Finding::Absent);
    let refused = fixture.perform(&intent(Some("k")), INQUIRY_MIN.mul_f32(0.9)).await;
    assert!(matches!(refused, Err(Refusal::Unverified)));
    assert_eq!(fixture.sent(), 1);
}

#[tokio::test]
async fn an_abandoned_payment_that_is_found_is_adopted_and_its_key_does_not_pay_again() {
    let fixture = abandoned().await;
    fixture.inquiry_finds(found("r"));
    let log = crate::memory::Log::here();
    let performed = fixture.purchase(Some("k")).await.unwrap();
    assert!(performed.replayed);
    assert_eq!(log.lines("changed")[0]["what"], "found by looking back");
    assert_eq!((status(&performed), fixture.sent()), (TransactionStatus::Done, 1));
    assert_eq!(fixture.stored().await.owing(), Some(Amount::ZERO));
}

#[tokio::test]
async fn an_abandoned_payment_that_is_found_leaves_nothing_for_another_key_to_pay() {
    let fixture = abandoned().await;
    fixture.inquiry_finds(found("r"));
    let refused = fixture.purchase(Some("another")).await;
    assert!(matches!(refused, Err(Refusal::Rejected(Rejection::AlreadyPaid(_)))));
    assert_eq!(fixture.sent(), 1);
}

#[tokio::test]
async fn nothing_is_sent_beside_an_approval_that_was_found_and_could_not_be_saved() {
    let fixture = abandoned().await;
    fixture.inquiry_finds(found("r"));
    fixture.next_writes(&[Fault::NotDone; 20]);
    assert!(matches!(fixture.purchase(Some("another")).await, Err(Refusal::Unverified)));
    assert_eq!(fixture.sent(), 1);
}

#[tokio::test]
async fn an_abandoned_payment_that_is_still_absent_is_paid_once() {
    let response = GatewayResponse::default;
    for absent in [Finding::Absent, Finding::TimedOut(response()), Finding::TryAgain(response())] {
        let fixture = abandoned().await;
        fixture.inquiry_finds(absent);
        assert_eq!(status(&fixture.purchase(Some("k")).await.unwrap()), TransactionStatus::Done);
        assert_eq!(fixture.sent(), 2);
    }
}

#[tokio::test]
async fn of_two_abandoned_charges_that_are_found_the_second_is_voided_by_its_own_reference() {
    let fixture = abandoned().await;
    fixture.inquiry_finds(Finding::Several(vec![approved_as("first"), approved_as("second")]));
    let performed = fixture.purchase(Some("k")).await.unwrap();
    assert_eq!((status(&performed), fixture.sent()), (TransactionStatus::Done, 2));
    assert_eq!(*fixture.gateway.voided.lock().unwrap(), ["second"]);
    assert_eq!(performed.order.transactions[0].reference(), Some("first"));
}

#[tokio::test]
async fn only_what_moves_more_money_waits_for_what_became_of_an_abandoned_payment() {
    let fixture = Fixture::new().await;
    let pay = |method, minor| {
        paying(Some(&format!("{minor}")), |pay| (pay.kind, pay.amount) = (method, Amount::new(minor).ok()))
    };
    let time = Duration::from_secs(29);
    let held = fixture.perform(&pay(PaymentKind::Authorize, 500), time).await.unwrap().at.transaction;
    let paid = fixture.perform(&pay(PaymentKind::Purchase, 600), time).await.unwrap().at.transaction;
    fixture.gateway_says(not_done(NoEffect::NeverArrived));
    fixture.perform(&pay(PaymentKind::Purchase, 700), time).await.unwrap();
    let (target, amount, mechanism) = (Target::Transaction(paid), None, None);
    let refund = follow_up(Kind::Refund, Action::Refund { target, amount, mechanism });
    assert!(matches!(fixture.perform(&refund, time).await, Err(Refusal::Unverified)));
    let capture = Action::Capture { target: Target::Transaction(held), amount: None, custom_reference: None };
    assert!(fixture.perform(&follow_up(Kind::Capture, capture), time).await.is_ok());
}

#[tokio::test]
async fn a_capture_waits_for_what_became_of_an_abandoned_one_of_its_payment() {
    let capture = |transaction, minor| {
        let amount = Amount::new(minor).ok();
        let action =
            Action::Capture { target: Target::Transaction(transaction), amount, custom_reference: None };
        follow_up(Kind::Capture, action)
    };
    for (finding, sends) in
        [(found("r"), 0), (Finding::Undecided, 0), (Finding::Failed, 0), (Finding::Absent, 1)]
    {
        let fixture = Fixture::new().await;
        let authorize = paying(Some("k"), |pay| pay.kind = PaymentKind::Authorize);
        let time = Duration::from_secs(29);
        let held = fixture.perform(&authorize, time).await.unwrap().at.transaction;
        fixture.gateway_says(not_done(NoEffect::NeverArrived));
        fixture.perform(&capture(held, 300), time).await.unwrap();
        let sent = fixture.sent();
        fixture.inquiry_finds(finding.clone());
        let further = fixture.perform(&capture(held, 500), time).await;
        assert_eq!(fixture.sent() - sent, sends, "{finding:?}");
        match further {
            Ok(performed) => assert_eq!(performed.order.transactions[0].captured().minor(), 500),
            Err(Refusal::Rejected(rejection)) => {
                assert_eq!(finding, found("r"));
                assert!(matches!(rejection, Rejection::AlreadyCaptured), "{rejection:?}");
            }
            Err(refusal) => assert!(matches!(refusal, Refusal::Unverified), "{finding:?}"),
        }
    }
}

#[tokio::test]
async fn an_inquiry_that_has_no_time_left_is_not_sent() {
    let mut fixture = Fixture::new().await;
    fixture.gateway_says(unknown());
    fixture.perform(&intent(Some("k")), INQUIRY_MIN.mul_f32(0.9)).await.unwrap();
    let later = Timestamp::now() + jiff::SignedDuration::from_mins(2);
    fixture.payments.clock = Arc::new(Stopped(later));
    fixture.inquiry_finds(found("r"));
    for (left, expected) in
        [(INQUIRY_MIN.mul_f32(0.9), TransactionStatus::Pending), (INQUIRY_MIN * 2, TransactionStatus::Done)]
    {
        let repeated = fixture.perform(&intent(Some("k")), left).await.unwrap();
        assert_eq!(status(&repeated), expected, "{left:?}");
    }
}

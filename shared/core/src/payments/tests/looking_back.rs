//! An abandoned attempt may still turn out to be done: it is looked for before more money moves.

use super::*;

/// A payment with the key `k` that two inquiries did not find.
async fn abandoned() -> Fixture {
    let fixture = Fixture::new().await;
    fixture.gateway_says(Outcome::NoEffect(NoEffect::NeverArrived, GatewayResponse::default()));
    assert_eq!(status(&fixture.purchase(Some("k")).await.unwrap()), Status::Failed);
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
    let refused = fixture.perform(&intent(Some("k")), ASK_MIN.mul_f32(0.9)).await;
    assert!(matches!(refused, Err(Refusal::Unverified)));
    assert_eq!(fixture.sent(), 1);
}

#[tokio::test]
async fn an_abandoned_payment_that_is_found_is_adopted_and_its_key_does_not_pay_again() {
    let fixture = abandoned().await;
    fixture.inquiry_finds(found("r"));
    let performed = fixture.purchase(Some("k")).await.unwrap();
    assert!(performed.replayed);
    assert_eq!((status(&performed), fixture.sent()), (Status::Complete, 1));
    assert_eq!(fixture.stored().await.owing(), Some(Amount::ZERO));
}

#[tokio::test]
async fn an_abandoned_payment_that_is_found_leaves_nothing_for_another_key_to_pay() {
    let fixture = abandoned().await;
    fixture.inquiry_finds(found("r"));
    let refused = fixture.purchase(Some("another")).await;
    assert!(matches!(refused, Err(Refusal::Rejected(Rejection::AlreadyPaid { .. }))));
    assert_eq!(fixture.sent(), 1);
}

#[tokio::test]
async fn an_abandoned_payment_that_is_still_absent_is_paid_once() {
    for absent in [Finding::Absent, Finding::TimedOut(GatewayResponse::default())] {
        let fixture = abandoned().await;
        fixture.inquiry_finds(absent);
        assert_eq!(status(&fixture.purchase(Some("k")).await.unwrap()), Status::Complete);
        assert_eq!(fixture.sent(), 2);
    }
}

#[tokio::test]
async fn of_two_abandoned_charges_that_are_found_the_second_is_voided_by_its_own_reference() {
    let fixture = abandoned().await;
    fixture.inquiry_finds(Finding::Several(vec![approved_as("first"), approved_as("second")]));
    let performed = fixture.purchase(Some("k")).await.unwrap();
    assert_eq!((status(&performed), fixture.sent()), (Status::Complete, 2));
    assert_eq!(*fixture.gateway.voided.lock().unwrap(), ["second"]);
    assert_eq!(performed.order.transactions[0].reference(), Some("first"));
}

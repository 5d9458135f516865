//! An outcome is saved even if the order changes meanwhile, and a void that follows from it is on
//! record before it is sent.

use super::*;
use crate::order::Decision;

#[tokio::test]
async fn an_outcome_that_meets_a_concurrent_change_is_applied_to_it() {
    let mut fixture = Fixture::new().await;
    fixture.changed_while_sent(|order| order.total = Some(Amount::new(9000).unwrap()));
    fixture.purchase(None).await.unwrap();
    let order = fixture.stored().await;
    assert_eq!(order.total, Some(Amount::new(9000).unwrap()), "the other's change is kept");
    assert_eq!(order.transactions[0].status(), TransactionStatus::Done);
}

#[tokio::test]
async fn an_outcome_that_cannot_be_saved_is_shown_as_pending_and_never_sent_again() {
    let fixture = Fixture::new().await;
    fixture.next_writes(&[Fault::None, Fault::NotDone]);
    let performed = fixture.purchase(Some("k")).await.unwrap();
    assert_eq!(status(&performed), TransactionStatus::Pending);
    assert!(fixture.stored().await.next_inquiry_at().is_some(), "found by who asks about it");
    let again = fixture.purchase(Some("k")).await;
    assert!(matches!(again, Err(Refusal::Rejected(Rejection::KeyInProgress(_)))));
    assert_eq!(fixture.sent(), 1);
}

#[tokio::test]
async fn an_outcome_whose_write_lost_its_response_is_recognized_as_ours() {
    let fixture = Fixture::new().await;
    fixture.next_writes(&[Fault::None, Fault::FoundByRepeat]);
    assert_eq!(status(&fixture.purchase(None).await.unwrap()), TransactionStatus::Done);
}

#[tokio::test]
async fn a_void_that_follows_is_sent_at_once_and_only_when_it_is_on_record() {
    // The second write holds the partial approval and the void.
    for (second, then, sent, owing) in [
        (Fault::None, TransactionStatus::Failed, 2, 2599),
        (Fault::NotDone, TransactionStatus::Pending, 1, 0),
    ] {
        let fixture = Fixture::new().await;
        fixture.gateway_says(Outcome::PartiallyApproved(GatewayResponse {
            reference: Some("r".to_owned()),
            charged: Some(Amount::new(500).unwrap().into()),
            ..GatewayResponse::default()
        }));
        fixture.next_writes(&[Fault::None, second]);
        let performed = fixture.purchase(None).await.unwrap();
        assert_eq!((status(&performed), fixture.sent()), (then, sent));
        assert_eq!(fixture.stored().await.owing(), Some(Amount::new(owing).unwrap()));
    }
}

#[tokio::test]
async fn a_void_that_follows_is_sent_although_the_write_that_holds_it_lost_its_response() {
    let fixture = Fixture::new().await;
    fixture.gateway_says(Outcome::PartiallyApproved(GatewayResponse {
        reference: Some("r".to_owned()),
        charged: Some(Amount::new(500).unwrap().into()),
        token: Some(CardToken {
            value: "9477709629051443".to_owned(),
            brand: None,
            last_four: Some("1443".to_owned()),
        }),
        ..GatewayResponse::default()
    }));
    // As the store returns it: a value that is not stored is not there.
    fixture.next_writes(&[Fault::None, Fault::FoundByRepeat]);
    let performed = fixture.purchase(None).await.unwrap();
    assert_eq!((status(&performed), fixture.sent()), (TransactionStatus::Failed, 2));
    let operation = performed.order.operation(performed.at).unwrap();
    assert_eq!(operation.response().and_then(|response| response.token.clone()), None);
    let transaction = performed.order.transaction(performed.at.transaction).unwrap();
    assert_eq!(transaction.card().unwrap().last_four.as_deref(), Some("1443"));
}

#[tokio::test]
async fn an_approval_that_arrives_after_its_payment_was_given_up_is_adopted() {
    let mut fixture = Fixture::new().await;
    fixture.changed_while_sent(|order| {
        let nothing = Decision::NoEffect(GatewayResponse::default(), NoEffect::NeverArrived);
        order.transactions[0].operations[0].decide(nothing, Timestamp::now());
    });
    assert_eq!(status(&fixture.purchase(None).await.unwrap()), TransactionStatus::Done);
    let order = fixture.stored().await;
    assert_eq!((order.owing(), fixture.sent()), (Some(Amount::ZERO), 1));
    assert_eq!(order.transactions[0].operations[0].superseded.len(), 1, "what was decided stays on record");
}

#[tokio::test]
async fn an_approval_that_arrives_after_another_attempt_was_approved_is_given_back() {
    let mut fixture = Fixture::new().await;
    fixture.changed_while_sent(|order| {
        let operation = &mut order.transactions[0].operations[0];
        operation.attempt_again(Uuid::new_v4(), operation.amount, None, Timestamp::now());
        operation.decide(Decision::Approved(approved_as("other")), Timestamp::now());
    });
    fixture.gateway_says(Outcome::Approved(approved_as("ours")));
    assert_eq!(status(&fixture.purchase(None).await.unwrap()), TransactionStatus::Done);
    assert_eq!(*fixture.gateway.voided.lock().unwrap(), ["ours"]);
    assert_eq!(fixture.stored().await.transactions[0].reference(), Some("other"));
}

#[tokio::test]
async fn a_refusal_that_is_on_record_without_proof_is_not_proven_by_the_response_to_its_attempt() {
    let mut fixture = Fixture::new().await;
    fixture.changed_while_sent(|order| {
        let unproven = GatewayResponse { unproven: true, ..GatewayResponse::default() };
        let refused = Decision::NoEffect(unproven, NoEffect::TryAgain);
        order.transactions[0].operations[0].decide(refused, Timestamp::now());
    });
    fixture.gateway_says(declined());
    fixture.purchase(None).await.unwrap();
    let order = fixture.stored().await;
    assert!(order.transactions[0].operations[0].response().unwrap().unproven);
}

#[tokio::test]
async fn a_response_has_the_version_that_the_store_has() {
    let fixture = Fixture::new().await;
    let performed = fixture.purchase(None).await.unwrap();
    // Registered, the intent, the outcome.
    assert_eq!((performed.order.version, fixture.stored().await.version), (3, 3));
}

#[tokio::test]
async fn the_response_to_a_follow_up_may_name_any_order_id_of_its_payment_and_that_to_a_payment_its_own() {
    let fixture = Fixture::new().await;
    let paid = fixture.purchase(None).await.unwrap();
    let target = Target::Transaction(paid.at.transaction);
    let refund = Action::Refund { target, amount: None, mechanism: None };
    fixture.perform(&follow_up(Kind::Refund, refund), Duration::from_secs(29)).await.unwrap();
    let sent = fixture.gateway.sent.lock().unwrap().clone();
    assert_eq!(*fixture.gateway.ours.lock().unwrap(), [vec![], sent]);
}

//! A person's decision, with a store that fails and others that write in between.

use super::*;
use crate::order::{Decision, Decline, HandRejection, HandVerdict, OperationRef, OperationState};

fn verdict(verdict: HandVerdict) -> HandDecision {
    let (by, reason) = ("Ann".parse().unwrap(), "seen in the portal".parse().unwrap());
    HandDecision { verdict, by, person: None, reason, reference: Some("r1".to_owned()) }
}

impl Fixture {
    /// A purchase that has been in doubt for two hours.
    async fn in_doubt() -> (Self, OperationRef) {
        let fixture = Self::new().await;
        fixture.gateway_says(unknown());
        let at = fixture.purchase(None).await.unwrap().at;
        for order in fixture.store.table.all().values_mut() {
            order.transactions[0].operations[0].attempt.at -= jiff::SignedDuration::from_hours(2);
        }
        (fixture, at)
    }

    async fn decide(&self, at: OperationRef, said: HandVerdict) -> Result<Order, NotByHand> {
        self.payments.decide_by_hand(&self.merchant, &self.key, at.transaction, &verdict(said)).await
    }
}

#[tokio::test]
async fn only_an_inquiry_that_decides_nothing_leaves_it_to_a_person() {
    let findings = [
        found("r"),
        Finding::Became(Box::new(declined())),
        Finding::Several(vec![GatewayResponse::default(); 2]),
        Finding::TryAgain(GatewayResponse::default()),
        Finding::Absent,
        Finding::Failed,
    ];
    for finding in findings {
        for said in [HandVerdict::Done, HandVerdict::NotDone] {
            let (fixture, at) = Fixture::in_doubt().await;
            let before = fixture.stored().await;
            fixture.inquiry_finds(finding.clone());
            assert!(fixture.decide(at, said).await.is_err(), "{finding:?}");
            assert_eq!(fixture.stored().await, before, "{finding:?}");
        }
    }
    let (fixture, at) = Fixture::in_doubt().await;
    fixture.inquiry_finds(Finding::Undecided);
    let order = fixture.decide(at, HandVerdict::Done).await.unwrap();
    assert_eq!(fixture.stored().await, order);
    assert!(order.operation(at).unwrap().is(Stage::Approved));
    assert_eq!(fixture.sent(), 1, "nothing is sent by a decision");
}

/// The gateway's portal lists every payment of the account, and one digit leads to another one.
#[tokio::test]
async fn a_reference_counts_only_where_its_record_can_be_the_operations() {
    let record = |amount: u64, id: Option<&str>, undone: Option<&str>| {
        RecordLookUp::Found(GatewayRecord {
            gateway_order_id: id.map(str::to_owned),
            amount: Some(Amount::new(amount).unwrap()),
            undone: undone.map(str::to_owned),
        })
    };
    let cases = [
        (RecordLookUp::Nothing, "r1: the gateway has nothing under it at MID"),
        (RecordLookUp::NoResponse, "the gateway did not respond"),
        (record(2_599, None, Some("Voided")), "r1: the gateway shows it as Voided"),
        (record(2_599, Some("another"), None), "r1: it was sent as another, and this operation as TG"),
        (record(2_598, None, None), "r1: its amount is 25.98, and 25.99 was requested"),
    ];
    for (found, why) in cases {
        let (fixture, at) = Fixture::in_doubt().await;
        let before = fixture.stored().await;
        *fixture.gateway.record.lock().unwrap() = Some(found);
        fixture.inquiry_finds(Finding::Undecided);
        let refused = fixture.decide(at, HandVerdict::Done).await.unwrap_err().to_string();
        assert!(refused.starts_with(why), "{refused}");
        assert_eq!(fixture.stored().await, before, "{why}");
    }
    for amount in [2_599, 2_600] {
        let (fixture, at) = Fixture::in_doubt().await;
        *fixture.gateway.record.lock().unwrap() = Some(record(amount, None, None));
        fixture.inquiry_finds(Finding::Undecided);
        assert!(fixture.decide(at, HandVerdict::Done).await.is_ok(), "{amount}");
    }
    let (fixture, at) = Fixture::in_doubt().await;
    fixture.store.table.all().get_mut("m#o").unwrap().transactions[0].operations[0].kind = Kind::Unrecognized;
    assert!(fixture.decide(at, HandVerdict::NotDone).await.is_err(), "what only a newer version knows");
}

#[tokio::test]
async fn the_same_decision_once_more_is_one_and_another_one_is_refused() {
    let (fixture, at) = Fixture::in_doubt().await;
    fixture.inquiry_finds(Finding::Undecided);
    let order = fixture.decide(at, HandVerdict::Done).await.unwrap();
    assert_eq!(fixture.decide(at, HandVerdict::Done).await.unwrap(), order);
    let another = fixture.decide(at, HandVerdict::NotDone).await;
    assert!(matches!(another, Err(NotByHand::Rule(HandRejection::NothingInDoubt))));
    assert_eq!(fixture.stored().await, order);
}

/// Which of the two counts, the gateway cannot say, and none can be voided.
#[tokio::test]
async fn a_refund_that_the_gateway_shows_twice_is_left_to_a_person() {
    let fixture = Fixture::new().await;
    let paid = fixture.purchase(None).await.unwrap().at.transaction;
    fixture.gateway_says(unknown());
    let action = Action::Refund { target: Target::Transaction(paid), amount: None, mechanism: None };
    let refund = follow_up(Kind::Refund, action);
    let at = fixture.perform(&refund, Duration::from_secs(7)).await.unwrap().at;
    for order in fixture.store.table.all().values_mut() {
        order.transactions[0].operations[1].attempt.at -= jiff::SignedDuration::from_hours(2);
    }
    // Records name the refund, or its payment.
    for filed in &fixture.stored().await.transactions[0].operations {
        let gateway_order_id = Some(filed.attempt.gateway_order_id.clone());
        let record = GatewayRecord { gateway_order_id, amount: Some(filed.amount), undone: None };
        *fixture.gateway.record.lock().unwrap() = Some(RecordLookUp::Found(record));
        fixture.inquiry_finds(Finding::Undecided);
        let Fixture { payments, merchant, key, .. } = &fixture;
        payments.weigh_by_hand(merchant, key, paid, &verdict(HandVerdict::Done)).await.unwrap();
    }
    fixture.inquiry_finds(Finding::Several(vec![approved_as("first"), approved_as("second")]));
    let order = fixture.decide(at, HandVerdict::Done).await.unwrap();
    assert!(order.operation(at).unwrap().is(Stage::Approved));
}

#[tokio::test]
async fn weighing_a_decision_changes_nothing() {
    let (fixture, at) = Fixture::in_doubt().await;
    let before = fixture.stored().await;
    fixture.inquiry_finds(Finding::Undecided);
    let said = verdict(HandVerdict::Done);
    let weighed =
        fixture.payments.weigh_by_hand(&fixture.merchant, &fixture.key, at.transaction, &said).await.unwrap();
    assert_eq!((&weighed.before, weighed.at), (&before, at));
    assert_eq!(weighed.after.transaction(at.transaction).unwrap().status(), TransactionStatus::Done);
    assert_eq!(fixture.stored().await, before);
}

#[tokio::test]
async fn a_decision_whose_write_lost_its_response_is_recognized_and_recorded_once() {
    for fault in [Fault::AnswerLost, Fault::FoundByRepeat] {
        let (fixture, at) = Fixture::in_doubt().await;
        fixture.inquiry_finds(Finding::Undecided);
        fixture.next_writes(&[fault]);
        let log = crate::memory::Log::here();
        fixture.decide(at, HandVerdict::Done).await.unwrap();
        assert_eq!(log.lines("decided by hand").len(), 1);
        assert_eq!(fixture.stored().await.operation(at).unwrap().by_hand.len(), 1);
    }
    let (fixture, at) = Fixture::in_doubt().await;
    fixture.inquiry_finds(Finding::Undecided);
    fixture.next_writes(&[Fault::NotDone]);
    assert!(matches!(
        fixture.decide(at, HandVerdict::Done).await,
        Err(NotByHand::Refused(Refusal::Store(_)))
    ));
    assert!(fixture.stored().await.operation(at).unwrap().by_hand.is_empty());
}

#[tokio::test]
async fn what_was_learnt_in_between_is_not_overruled() {
    let (fixture, at) = Fixture::in_doubt().await;
    fixture.inquiry_finds(Finding::Undecided);
    fixture.meanwhile(|order| {
        let decline = Decline::of(DeclineCode::GenericDecline);
        let declined = Decision::Declined(GatewayResponse::default(), decline);
        order.transactions[0].operations[0].state = OperationState::Decided(declined);
    });
    assert!(matches!(fixture.decide(at, HandVerdict::Done).await, Err(NotByHand::Changed)));
    let operation = fixture.stored().await.operation(at).unwrap().clone();
    assert!(operation.is(Stage::Declined) && operation.by_hand.is_empty());
}

#[tokio::test]
async fn another_change_of_the_order_in_between_is_kept() {
    let (fixture, at) = Fixture::in_doubt().await;
    fixture.inquiry_finds(Finding::Undecided);
    fixture.meanwhile(|order| order.total = Some(Amount::new(5000).unwrap()));
    let order = fixture.decide(at, HandVerdict::Done).await.unwrap();
    assert_eq!(order.total, Some(Amount::new(5000).unwrap()));
    assert!(order.operation(at).unwrap().is(Stage::Approved), "and so is the decision");
    assert_eq!(fixture.stored().await, order);
}

#[tokio::test]
async fn what_a_person_decided_does_not_wait_for_records_that_decide_nothing() {
    let (fixture, at) = Fixture::in_doubt().await;
    fixture.inquiry_finds(Finding::Undecided);
    fixture.decide(at, HandVerdict::NotDone).await.unwrap();
    for finding in [Finding::Undecided, Finding::UnderReview] {
        fixture.inquiry_finds(finding.clone());
        fixture.gateway_says(declined());
        let sent = fixture.sent();
        fixture.purchase(Some("another")).await.unwrap();
        assert_eq!(fixture.sent(), sent + 1, "{finding:?}");
        fixture.store.table.all().values_mut().for_each(|order| order.transactions.truncate(1));
    }
    fixture.inquiry_finds(Finding::Failed);
    assert!(matches!(fixture.purchase(Some("another")).await, Err(Refusal::Unverified)));
}

#[tokio::test]
async fn a_decision_has_a_line_that_names_nobody() {
    let (fixture, at) = Fixture::in_doubt().await;
    fixture.inquiry_finds(Finding::Undecided);
    let log = crate::memory::Log::here();
    fixture.decide(at, HandVerdict::Done).await.unwrap();
    let lines = log.lines("decided by hand");
    let [line] = lines.as_slice() else { panic!("{lines:?}") };
    assert_eq!((&line["outcome"], &line["amount_minor"]), (&json!("done"), &json!(2599)));
    assert!(!line.values().any(|value| *value == "Ann" || *value == "seen in the portal"));
}

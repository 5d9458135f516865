//! A person's decision, with a store that fails and others that write in between.

use super::*;
use crate::{
    operation::{Decision, Decline, HandVerdict, State},
    order::At,
};

fn verdict(verdict: HandVerdict) -> Verdict {
    let (by, reason) = ("Ann".parse().unwrap(), "seen in the portal".parse().unwrap());
    Verdict { verdict, by, reason, retref: Some("r1".to_owned()) }
}

impl Desk {
    /// A purchase that has been in doubt for two hours.
    async fn in_doubt() -> (Self, At) {
        let desk = Self::new().await;
        desk.gateway_says(Outcome::Unknown(Doubt::NoAnswer, GatewayResponse::default()));
        let at = desk.purchase(None).await.unwrap().at;
        for order in desk.store.orders.lock().unwrap().values_mut() {
            order.transactions[0].operations[0].attempt.at -= jiff::SignedDuration::from_hours(2);
        }
        (desk, at)
    }

    fn finds(&self, finding: Finding) {
        self.gateway.findings.lock().unwrap().push_back(finding);
    }

    async fn decide(&self, at: At, said: HandVerdict) -> Result<Order, NotByHand> {
        self.payments.decide_by_hand(&self.merchant, &self.key, at.transaction, &verdict(said)).await
    }
}

#[tokio::test]
async fn only_a_gateway_that_was_asked_and_decides_nothing_leaves_it_to_a_person() {
    let approved =
        Outcome::Approved(GatewayResponse { retref: Some("r".to_owned()), ..GatewayResponse::default() });
    let findings = [
        Finding::Became(Box::new(approved)),
        Finding::Several(vec![GatewayResponse::default(); 2]),
        Finding::Absent,
        Finding::Failed,
    ];
    for finding in findings {
        for said in [HandVerdict::Done, HandVerdict::NotDone] {
            let (desk, at) = Desk::in_doubt().await;
            let before = desk.stored().await;
            desk.finds(finding.clone());
            assert!(desk.decide(at, said).await.is_err(), "{finding:?}");
            assert_eq!(desk.stored().await, before, "{finding:?}");
        }
    }
    let (desk, at) = Desk::in_doubt().await;
    desk.finds(Finding::Undecided);
    let order = desk.decide(at, HandVerdict::Done).await.unwrap();
    assert_eq!(desk.stored().await, order);
    assert!(order.operation(at).unwrap().is(Stage::Approved));
    assert_eq!(desk.sent(), 1, "nothing is sent by a decision");
}

#[tokio::test]
async fn weighing_a_decision_changes_nothing() {
    let (desk, at) = Desk::in_doubt().await;
    let before = desk.stored().await;
    desk.finds(Finding::Undecided);
    let said = verdict(HandVerdict::Done);
    let weighed =
        desk.payments.weigh_by_hand(&desk.merchant, &desk.key, at.transaction, &said).await.unwrap();
    assert_eq!((&weighed.before, weighed.at), (&before, at));
    assert_eq!(weighed.after.transaction(at.transaction).unwrap().status(), Status::Complete);
    assert_eq!(desk.stored().await, before);
}

#[tokio::test]
async fn a_decision_whose_write_lost_its_answer_is_recognised_and_recorded_once() {
    for fault in [Fault::AnswerLost, Fault::FoundByRepeat] {
        let (desk, at) = Desk::in_doubt().await;
        desk.finds(Finding::Undecided);
        desk.next_writes(&[fault]);
        desk.decide(at, HandVerdict::Done).await.unwrap();
        assert_eq!(desk.stored().await.operation(at).unwrap().by_hand.len(), 1);
    }
    let (desk, at) = Desk::in_doubt().await;
    desk.finds(Finding::Undecided);
    desk.next_writes(&[Fault::NotDone]);
    assert!(matches!(desk.decide(at, HandVerdict::Done).await, Err(NotByHand::Refused(Refusal::Store(_)))));
    assert!(desk.stored().await.operation(at).unwrap().by_hand.is_empty());
}

#[tokio::test]
async fn what_was_learnt_in_between_is_not_overruled() {
    let (desk, at) = Desk::in_doubt().await;
    desk.finds(Finding::Undecided);
    desk.meanwhile(|order| {
        let code = DeclineCode::GenericDecline;
        let decline = Decline { code, advice: code.advice() };
        let declined = Decision::Declined(GatewayResponse::default(), decline);
        order.transactions[0].operations[0].state = State::Decided(declined);
    });
    assert!(matches!(desk.decide(at, HandVerdict::Done).await, Err(NotByHand::Changed)));
    let operation = desk.stored().await.operation(at).unwrap().clone();
    assert!(operation.is(Stage::Declined) && operation.by_hand.is_empty());
}

#[tokio::test]
async fn another_change_of_the_order_in_between_is_kept() {
    let (desk, at) = Desk::in_doubt().await;
    desk.finds(Finding::Undecided);
    desk.meanwhile(|order| order.total = Some(Amount::new(5000).unwrap()));
    let order = desk.decide(at, HandVerdict::Done).await.unwrap();
    assert_eq!(order.total, Some(Amount::new(5000).unwrap()));
    assert_eq!(desk.stored().await, order);
}

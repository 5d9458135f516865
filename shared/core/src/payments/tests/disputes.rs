//! Chargebacks beside requests and faults of the store.

use super::*;
use crate::{
    memory::dispute,
    order::{DisputeKind, DisputeRecorded, DisputeRejection, DisputeReport},
    payments::{NotRecorded, record_dispute},
};

impl Fixture {
    fn chargeback(&self) -> DisputeReport {
        let dispute = dispute(DisputeKind::Chargeback, "c");
        let account = self.merchant.route(Currency::USD).unwrap().account;
        DisputeReport {
            reference: Some("111".to_owned()),
            accounts: self.merchant.gateway.accounts_for(&account),
            currency: None,
            dispute,
            is_current: false,
        }
    }

    async fn disputed(&self) -> Result<DisputeRecorded, NotRecorded> {
        record_dispute(self.store.as_ref(), &SystemClock, &self.key, &self.chargeback())
            .await
            .map(|(recorded, _)| recorded)
    }

    async fn paid() -> Self {
        let fixture = Self::new().await;
        fixture.gateway_says(Outcome::Approved(approved_as("111")));
        fixture.purchase(None).await.unwrap();
        fixture
    }
}

#[tokio::test]
async fn a_chargeback_is_on_record_once_whatever_becomes_of_its_write() {
    for fault in [Fault::None, Fault::AnswerLost, Fault::FoundByRepeat, Fault::Overtaken, Fault::NotDone] {
        let fixture = Fixture::paid().await;
        let (sent, before) = (fixture.sent(), fixture.stored().await);
        fixture.next_writes(&[fault]);
        // A failed recording is repeated, as a run of the settlement does.
        if let Err(error) = fixture.disputed().await {
            assert!(matches!(error, NotRecorded::Refused(Refusal::Store(_))), "{error}");
            fixture.disputed().await.unwrap();
        }
        assert_eq!(fixture.disputed().await.unwrap(), DisputeRecorded::Known);
        let order = fixture.stored().await;
        assert_eq!(
            (order.transactions[0].disputes.len(), order.transactions[0].disputed().minor()),
            (1, 500)
        );
        assert_eq!(fixture.sent(), sent, "nothing is sent");
        assert_eq!(order.balance(), before.balance());
    }
}

#[tokio::test]
async fn a_chargeback_that_comes_while_a_refund_is_sent_is_not_lost_and_nor_is_the_refund() {
    let mut fixture = Fixture::paid().await;
    fixture.changed_while_sent(|order| {
        let account = order.transactions[0].operations[0].route.account.clone();
        let dispute = dispute(DisputeKind::Chargeback, "c");
        let reference = Some("111".to_owned());
        let accounts = vec![account];
        let report = DisputeReport { reference, accounts, currency: None, dispute, is_current: false };
        order.record_dispute(&report, Timestamp::now()).unwrap();
    });
    fixture.gateway_says(Outcome::Approved(approved_as("222")));
    fixture.gateway.sent.lock().unwrap().clear();
    let target = Target::Transaction(fixture.stored().await.transactions[0].id);
    let refund = follow_up(Kind::Refund, Action::Refund { target, amount: None, mechanism: None });
    fixture.perform(&refund, Duration::from_secs(29)).await.unwrap();
    let order = fixture.stored().await;
    let transaction = &order.transactions[0];
    assert_eq!((transaction.disputed().minor(), transaction.refunded()), (500, transaction.captured()));
}

#[tokio::test]
async fn a_chargeback_of_an_unknown_order_or_account_is_not_recorded_anywhere() {
    let mut fixture = Fixture::paid().await;
    let before = fixture.stored().await;
    let other = DisputeReport { accounts: vec!["other".to_owned()], ..fixture.chargeback() };
    let recorded = record_dispute(fixture.store.as_ref(), &SystemClock, &fixture.key, &other).await;
    assert!(matches!(recorded, Err(NotRecorded::Rejected(DisputeRejection::NoSuchPayment))), "{recorded:?}");
    assert_eq!(fixture.stored().await, before);
    fixture.key.order = "none".parse().unwrap();
    let recorded = fixture.disputed().await;
    assert!(matches!(recorded, Err(NotRecorded::Rejected(DisputeRejection::NoSuchPayment))), "{recorded:?}");
}

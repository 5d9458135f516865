//! Chargebacks beside requests and faults of the store.

use super::*;
use crate::{
    memory::dispute,
    order::{Dispute, DisputeKind, DisputeRecorded, DisputeRejection, DisputeReport, Operation},
    payments::{
        KnownDisputes, NotRecorded,
        reconcile::{ReconcileLimits, reconcile},
        record_dispute,
    },
};

/// The reports that settlement has read, or the reason why they cannot be had.
#[derive(Default)]
struct Known(Mutex<Option<Vec<DisputeReport>>>);

#[async_trait]
impl KnownDisputes for Known {
    async fn of_payments(
        &self,
        _: &Merchant,
        references: &[&str],
        _: Timestamp,
    ) -> Result<Vec<DisputeReport>, StoreError> {
        let reports = self.0.lock().unwrap().clone();
        let mut reports = reports.ok_or_else(|| StoreError::Unavailable("cut".to_owned()))?;
        reports.retain(|one| one.reference.as_deref().is_none_or(|own| references.contains(&own)));
        Ok(reports)
    }
}

/// A part of 5.00 that was approved instead of 25.99, and settled before its void: it has to be
/// given back.
struct PartOwed {
    fixture: Fixture,
    known: Arc<Known>,
    at: OperationRef,
}

impl PartOwed {
    async fn new(reports: Option<Vec<DisputeReport>>) -> Self {
        let mut fixture = Fixture::new().await;
        let known = Arc::new(Known(Mutex::new(reports)));
        fixture.payments.known_disputes = Some(known.clone());
        let part = Amount::new(500).unwrap();
        let approved = GatewayResponse { charged: Some(part.into()), ..approved_as("111") };
        fixture.gateway_says(Outcome::PartiallyApproved(approved));
        fixture.gateway_says(not_done(NoEffect::AlreadySettled));
        // The gateway refuses the refund.
        fixture.gateway_says(not_done(NoEffect::Unreachable));
        let at = fixture.purchase(None).await.unwrap().at;
        Self { fixture, known, at }
    }

    fn known(&self, reports: Option<Vec<DisputeReport>>) {
        *self.known.0.lock().unwrap() = reports;
    }

    async fn last(&self) -> Operation {
        self.fixture.stored().await.transactions[0].operations.last().unwrap().clone()
    }

    /// A run of the schedule, after days.
    async fn reconciled(&mut self, days: i64, finding: Finding) -> Value {
        let now = Timestamp::now() + SignedDuration::from_hours(24 * days);
        self.fixture.payments.clock = Arc::new(Stopped(now));
        self.fixture.inquiry_finds(finding);
        let (limits, deadline) = (ReconcileLimits::default(), Deadline::after(Duration::from_secs(29)));
        counts(&reconcile(&self.fixture.payments, &Everyone, limits, deadline).await)
    }
}

fn refused() -> Finding {
    Finding::Became(Box::new(not_done(NoEffect::Unreachable)))
}

#[tokio::test]
async fn a_refund_that_a_rule_owes_is_not_sent_again_while_settlement_knows_a_chargeback() {
    let mut part = PartOwed::new(Some(vec![])).await;
    assert_eq!((part.last().await.kind, part.fixture.sent()), (Kind::Refund, 3));
    part.known(Some(vec![part.fixture.chargeback()]));
    // Also if the gateway shows no trace of it, twice.
    for finding in [Finding::Absent, Finding::Absent] {
        part.reconciled(1, finding).await;
    }
    part.reconciled(2, Finding::Absent).await;
    assert_eq!((part.fixture.sent(), part.last().await.stage()), (3, Stage::WaitsForDispute));
    assert_eq!(part.fixture.stored().await.transactions[0].disputed().minor(), 500, "it is on record");
}

#[tokio::test]
async fn while_it_is_not_known_whether_a_bank_took_it_back_no_attempt_of_a_refund_is_sent() {
    // The first attempt, and further ones.
    let part = PartOwed::new(None).await;
    assert_eq!((part.last().await.kind, part.fixture.sent()), (Kind::Void, 2));
    let mut part = PartOwed::new(Some(vec![])).await;
    part.known(None);
    part.reconciled(1, refused()).await;
    assert_eq!((part.fixture.sent(), part.last().await.stage()), (3, Stage::Pending));
    part.known(Some(vec![]));
    part.reconciled(2, refused()).await;
    assert_eq!((part.fixture.sent(), part.last().await.stage()), (4, Stage::Approved));
    // A payment in doubt does not wait for it.
    let mut fixture = Fixture::new().await;
    fixture.payments.known_disputes = Some(Arc::new(Known::default()));
    fixture.gateway_says(unknown());
    fixture.inquiry_finds(found("111"));
    assert_eq!(status(&fixture.purchase(None).await.unwrap()), TransactionStatus::Done);
}

#[tokio::test]
async fn a_refund_that_waits_is_looked_at_daily_without_an_inquiry_and_sent_when_the_case_is_over() {
    let mut part = PartOwed::new(Some(vec![])).await;
    part.known(Some(vec![part.fixture.chargeback()]));
    part.reconciled(1, refused()).await;
    assert_eq!(part.last().await.stage(), Stage::WaitsForDispute);
    part.fixture.gateway.findings.lock().unwrap().clear();
    for day in [3, 5] {
        let report = part.reconciled(day, Finding::Failed).await;
        assert_eq!(report, json!({"waiting_for_dispute": 1, "complete": true}));
        assert_eq!(part.fixture.gateway.findings.lock().unwrap().drain(..).count(), 1, "none was taken");
    }
    // Deposits that cannot be read put the look off by minutes, not by a day.
    part.known(None);
    part.reconciled(7, Finding::Failed).await;
    let now = Timestamp::now() + SignedDuration::from_hours(24 * 7);
    assert!(part.last().await.next_inquiry_at().unwrap() < now + SignedDuration::from_mins(6));
    // Nobody has recorded the reversal yet: the look finds it.
    let mut reversal = part.fixture.chargeback();
    (reversal.dispute.kind, reversal.reference) = (DisputeKind::Reversal, None);
    part.known(Some(vec![part.fixture.chargeback(), reversal]));
    part.reconciled(8, Finding::Failed).await;
    assert_eq!((part.fixture.sent(), part.last().await.stage()), (4, Stage::Approved));
}

#[tokio::test]
async fn a_look_at_disputes_sends_nothing_beside_an_attempt_that_may_have_been_done() {
    let mut part = PartOwed::new(Some(vec![])).await;
    part.known(Some(vec![part.fixture.chargeback()]));
    for day in [1, 2, 3] {
        part.reconciled(day, Finding::Absent).await;
    }
    assert_eq!(part.last().await.stage(), Stage::WaitsForDispute);
    part.known(Some(vec![]));
    let reversal = DisputeReport {
        reference: None,
        dispute: dispute(DisputeKind::Reversal, "c"),
        ..part.fixture.chargeback()
    };
    let (store, key) = (part.fixture.store.as_ref(), &part.fixture.key);
    record_dispute(store, &SystemClock, key, &reversal).await.unwrap();
    // The gateway does not say.
    part.reconciled(5, Finding::Failed).await;
    assert_eq!((part.fixture.sent(), part.last().await.stage()), (3, Stage::WaitsForDispute));
    // It was done after all.
    part.fixture.gateway.findings.lock().unwrap().clear();
    part.reconciled(6, found("222")).await;
    assert_eq!((part.fixture.sent(), part.last().await.stage()), (3, Stage::Approved));
}

/// Settlement has given the order its share of the line, and the rest to another order.
#[tokio::test]
async fn a_look_at_disputes_does_not_take_the_share_of_a_reversal_for_all_of_it() {
    let mut part = PartOwed::new(Some(vec![])).await;
    part.known(Some(vec![part.fixture.chargeback()]));
    part.reconciled(1, refused()).await;
    let mut reversal = DisputeReport {
        reference: None,
        dispute: Dispute { deposit: Some("d".to_owned()), ..dispute(DisputeKind::Reversal, "c") },
        ..part.fixture.chargeback()
    };
    part.known(Some(vec![part.fixture.chargeback(), reversal.clone()]));
    reversal.dispute.amount = Amount::new(200).unwrap();
    let (store, key) = (part.fixture.store.as_ref(), &part.fixture.key);
    record_dispute(store, &SystemClock, key, &reversal).await.unwrap();
    part.reconciled(3, Finding::Failed).await;
    assert_eq!((part.fixture.sent(), part.last().await.stage()), (3, Stage::WaitsForDispute));
    assert_eq!(part.fixture.stored().await.transactions[0].disputed().minor(), 300);
    // A report of a chargeback is of all of it.
    let mut corrected = DisputeReport { is_current: true, ..part.fixture.chargeback() };
    corrected.dispute.amount = reversal.dispute.amount;
    part.known(Some(vec![corrected]));
    part.reconciled(5, Finding::Failed).await;
    assert_eq!((part.fixture.sent(), part.last().await.stage()), (4, Stage::Approved));
}

#[tokio::test]
async fn a_person_decides_a_refund_that_waits_unless_the_gateway_has_done_it_or_does_not_respond() {
    let decide = async |part: &PartOwed| {
        let (by, reason) = ("Ann".parse().unwrap(), "the case is lost".parse().unwrap());
        let said = HandDecision {
            verdict: crate::order::HandVerdict::NotDone,
            by,
            person: None,
            reason,
            reference: None,
        };
        let Fixture { payments, merchant, key, .. } = &part.fixture;
        payments.decide_by_hand(merchant, key, part.at.transaction, &said).await
    };
    let mut part = PartOwed::new(Some(vec![])).await;
    part.known(Some(vec![part.fixture.chargeback()]));
    part.reconciled(1, refused()).await;
    part.fixture.gateway.findings.lock().unwrap().clear();
    for finding in [found("222"), Finding::Several(vec![]), Finding::Failed] {
        part.fixture.inquiry_finds(finding.clone());
        assert!(decide(&part).await.is_err(), "{finding:?}");
        assert_eq!(part.last().await.stage(), Stage::WaitsForDispute);
    }
    let waiting = part.fixture.store.table.all().clone();
    for finding in [Finding::Absent, refused()] {
        *part.fixture.store.table.all() = waiting.clone();
        part.fixture.inquiry_finds(finding);
        decide(&part).await.unwrap();
        assert_eq!(part.last().await.no_effect(), Some(NoEffect::EndedByPerson));
    }
}

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

    pub(super) async fn disputed(&self) -> Result<DisputeRecorded, NotRecorded> {
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
        let log = crate::memory::Log::here();
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
        // A repetition that finds it on record has no line.
        let is_told = !matches!(fault, Fault::AnswerLost | Fault::FoundByRepeat);
        assert_eq!(log.lines("changed").len(), usize::from(is_told), "nor told twice");
        assert_eq!(order.balance(), before.balance());
    }
}

#[tokio::test]
async fn a_chargeback_that_comes_while_a_refund_is_sent_is_not_lost_and_nor_is_the_refund() {
    let mut fixture = Fixture::paid().await;
    fixture.changed_while_sent(|order| {
        let account = order.transactions[0].operations[0].route.account.clone();
        let dispute = dispute(DisputeKind::Chargeback, "c");
        let (reference, accounts) = (Some("111".to_owned()), vec![account]);
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

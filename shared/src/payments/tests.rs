//! The flow around the gateway call, with a store and a gateway that fail at chosen moments.

mod by_hand;
mod in_doubt;
mod looking_back;
mod reconciling;

use std::{
    collections::{HashMap, VecDeque},
    sync::Mutex,
};

use async_trait::async_trait;

use super::*;
use crate::{
    card::CardSummary,
    clock::SystemClock,
    decline::DeclineCode,
    gateway::Question,
    operation::{Fingerprint, Grant, KeyDigest, Stage},
    order::{CaptureAt, Pay, Target},
    outcome::Finding,
    transaction::{Method, Status},
};

const MERCHANT: &str = r#"{
    "keys": ["a-key-of-the-merchant"], "token_signing_key": "0123456789abcdef0123456789abcdef",
    "gateway": {"base_url": "http://127.0.0.1:1", "username": "u", "password": "p", "merchids": {"USD": "1"}}
}"#;

/// What goes wrong with the next write.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// Nothing.
    None,
    /// It is done, and its answer is lost.
    AnswerLost,
    /// It is done, its answer is lost, and the client's own repeat finds it.
    FoundByRepeat,
    /// It is not done.
    NotDone,
}

#[derive(Default)]
struct MemoryStore {
    orders: Mutex<HashMap<String, Order>>,
    faults: Mutex<VecDeque<Fault>>,
    /// Runs before the next write: somebody else, in between.
    meanwhile: Mutex<Option<Meanwhile>>,
}

type Meanwhile = Box<dyn FnOnce(&mut Order) + Send>;

impl MemoryStore {
    fn put(&self, order: &Order, new: bool) -> Result<(), StoreError> {
        let mut orders = self.orders.lock().unwrap();
        let stored = orders.get_mut(&order.key().to_string());
        if let (Some(meanwhile), Some(stored)) = (self.meanwhile.lock().unwrap().take(), stored) {
            meanwhile(stored);
            stored.version += 1;
        }
        let stored = orders.get(&order.key().to_string());
        let as_read = match (new, stored) {
            (true, None) => true,
            (true, Some(_)) | (false, None) => false,
            (false, Some(stored)) => stored.version == order.version,
        };
        if !as_read {
            return Err(StoreError::Conflict(Box::new(stored.unwrap().clone())));
        }
        let fault = self.faults.lock().unwrap().pop_front().unwrap_or(Fault::None);
        if fault != Fault::NotDone {
            orders.insert(order.key().to_string(), next_version(order));
        }
        match fault {
            Fault::None => Ok(()),
            Fault::FoundByRepeat => Err(StoreError::Conflict(Box::new(next_version(order)))),
            Fault::AnswerLost | Fault::NotDone => Err(StoreError::Unavailable("cut".to_owned())),
        }
    }
}

#[async_trait]
impl OrderStore for MemoryStore {
    async fn load(&self, key: &OrderKey) -> Result<Option<Order>, StoreError> {
        Ok(self.orders.lock().unwrap().get(&key.to_string()).cloned())
    }

    async fn create(&self, order: &Order) -> Result<(), StoreError> {
        self.put(order, true)
    }

    async fn save(&self, order: &Order) -> Result<(), StoreError> {
        self.put(order, false)
    }

    /// One order a page, all of them in the first partition.
    async fn due(
        &self,
        _: crate::store::Index,
        shard: u16,
        until: jiff::Timestamp,
        after: Option<crate::store::Cursor>,
        _: usize,
    ) -> Result<crate::store::Page, StoreError> {
        let orders = self.orders.lock().unwrap();
        let is_due = |order: &&Order| order.next_inquiry_at().is_some_and(|due| due <= until);
        let mut keys: Vec<_> = orders.values().filter(is_due).map(Order::key).collect();
        keys.sort_by_key(ToString::to_string);
        keys.retain(|key| shard == 0 && after.as_ref().is_none_or(|after| key.to_string() > after.key));
        let next = keys.get(1).map(|_| crate::store::Cursor { key: keys[0].to_string(), due: String::new() });
        keys.truncate(1);
        Ok(crate::store::Page { keys, oldest: None, next })
    }
}

/// Answers in turn, and keeps the gateway order ids that it was sent.
#[derive(Default)]
struct ScriptedGateway {
    answers: Mutex<VecDeque<Outcome>>,
    findings: Mutex<VecDeque<Finding>>,
    sent: Mutex<Vec<String>>,
    /// References of the payments that it was told to void.
    voided: Mutex<Vec<String>>,
}

#[async_trait]
impl Gateway for ScriptedGateway {
    async fn perform(&self, _: &Merchant, instruction: Instruction<'_>, _: Duration) -> Outcome {
        self.sent.lock().unwrap().push(instruction.gateway_order_id.to_owned());
        if let Command::Void { retref } = instruction.command {
            self.voided.lock().unwrap().push(retref.to_owned());
        }
        let answer = GatewayResponse {
            retref: Some("r".to_owned()),
            amount: Some(instruction.amount),
            ..GatewayResponse::default()
        };
        self.answers.lock().unwrap().pop_front().unwrap_or(Outcome::Approved(answer))
    }

    async fn inquire(&self, _: &Merchant, _: Question<'_>, _: Duration) -> Finding {
        self.findings.lock().unwrap().pop_front().unwrap_or(Finding::Failed)
    }
}

struct Desk {
    payments: Payments,
    store: Arc<MemoryStore>,
    gateway: Arc<ScriptedGateway>,
    merchant: Merchant,
    key: OrderKey,
}

impl Desk {
    async fn new() -> Self {
        let (store, gateway) = (Arc::new(MemoryStore::default()), Arc::new(ScriptedGateway::default()));
        let payments =
            Payments { store: store.clone(), gateway: gateway.clone(), clock: Arc::new(SystemClock) };
        let merchant = Merchant::from_json("m".parse().unwrap(), MERCHANT).unwrap();
        let key = OrderKey { merchant: "m".parse().unwrap(), order: "o".parse().unwrap() };
        payments.register(&key, Currency::USD, Amount::new(2599).unwrap()).await.unwrap();
        Self { payments, store, gateway, merchant, key }
    }

    fn next_writes(&self, faults: &[Fault]) {
        self.store.faults.lock().unwrap().extend(faults);
    }

    fn gateway_says(&self, outcome: Outcome) {
        self.gateway.answers.lock().unwrap().push_back(outcome);
    }

    fn inquiry_finds(&self, finding: Finding) {
        self.gateway.findings.lock().unwrap().push_back(finding);
    }

    fn meanwhile(&self, change: impl FnOnce(&mut Order) + Send + 'static) {
        *self.store.meanwhile.lock().unwrap() = Some(Box::new(change));
    }

    fn sent(&self) -> usize {
        self.gateway.sent.lock().unwrap().len()
    }

    async fn purchase(&self, key: Option<&str>) -> Result<Performed, Refusal> {
        self.perform(&intent(key), Duration::from_secs(29)).await
    }

    async fn perform(&self, intent: &Intent, left: Duration) -> Result<Performed, Refusal> {
        let source = PaymentSource::Profile { account: "1".to_owned(), profile: "2".to_owned() };
        let deadline = Deadline::after(left);
        self.payments.perform(&self.merchant, &self.key, intent, Some(&source), deadline).await
    }

    async fn stored(&self) -> Order {
        self.payments.order(&self.key).await.unwrap()
    }
}

fn intent(key: Option<&str>) -> Intent {
    let pay = Pay {
        method: Method::Purchase,
        amount: None,
        card: CardSummary::default(),
        alone: None,
        capture: CaptureAt::default(),
        shopper: None,
    };
    Intent {
        action: Action::Pay(pay),
        key: key.map(|key| KeyDigest::new("POST", "", key)),
        fingerprint: Fingerprint::new(Kind::Purchase, None, None, None, None),
        currency: None,
        by: Grant::ClientCredentials,
    }
}

fn approved_as(retref: &str) -> GatewayResponse {
    GatewayResponse {
        retref: Some(retref.to_owned()),
        amount: Some(Amount::new(2599).unwrap()),
        ..GatewayResponse::default()
    }
}

fn found(retref: &str) -> Finding {
    Finding::Became(Box::new(Outcome::Approved(approved_as(retref))))
}

fn status(performed: &Performed) -> Status {
    performed.order.transaction(performed.at.transaction).unwrap().status()
}

#[tokio::test]
async fn the_intent_is_on_record_before_the_gateway_is_called() {
    struct Looks(Arc<MemoryStore>);
    #[async_trait]
    impl Gateway for Looks {
        async fn perform(&self, _: &Merchant, instruction: Instruction<'_>, _: Duration) -> Outcome {
            let orders = self.0.orders.lock().unwrap();
            let on_record = orders.values().flat_map(Order::operations).any(|(_, operation)| {
                operation.is(Stage::Pending)
                    && operation.attempt.gateway_order_id == instruction.gateway_order_id
            });
            assert!(on_record);
            Outcome::Declined(
                GatewayResponse::default(),
                DeclineCode::GenericDecline,
                DeclineCode::GenericDecline.advice(),
            )
        }
        async fn inquire(&self, _: &Merchant, _: Question<'_>, _: Duration) -> Finding {
            Finding::Failed
        }
    }
    let mut desk = Desk::new().await;
    desk.payments.gateway = Arc::new(Looks(desk.store.clone()));
    assert_eq!(status(&desk.purchase(None).await.unwrap()), Status::Failed);
}

#[tokio::test]
async fn an_intent_whose_write_lost_its_answer_is_recognised_as_ours_and_sent_once() {
    for fault in [Fault::AnswerLost, Fault::FoundByRepeat] {
        let desk = Desk::new().await;
        desk.next_writes(&[fault]);
        let performed = desk.purchase(None).await.unwrap();
        assert_eq!(status(&performed), Status::Complete);
        assert_eq!((desk.sent(), desk.stored().await.transactions.len()), (1, 1));
    }
}

#[tokio::test]
async fn an_intent_that_was_not_written_is_decided_again_and_sent_once() {
    let desk = Desk::new().await;
    desk.next_writes(&[Fault::NotDone]);
    assert_eq!(status(&desk.purchase(None).await.unwrap()), Status::Complete);
    assert_eq!((desk.sent(), desk.stored().await.transactions.len()), (1, 1));
}

#[tokio::test]
async fn nothing_is_sent_when_the_intent_cannot_be_put_on_record() {
    let desk = Desk::new().await;
    desk.next_writes(&[Fault::NotDone; DECISIONS_MAX]);
    let Err(Refusal::Store(error)) = desk.purchase(None).await else {
        panic!("nobody else changes the order")
    };
    assert!(error.to_string().contains("cut"), "the store's own reason: {error}");
    assert_eq!(desk.sent(), 0);
}

#[tokio::test]
async fn the_writer_that_comes_second_decides_again() {
    let desk = Desk::new().await;
    desk.meanwhile(|order| order.total = Some(Amount::new(5000).unwrap()));
    let performed = desk.purchase(None).await.unwrap();
    let paid = performed.order.transaction(performed.at.transaction).unwrap().amount();
    assert_eq!(paid, Amount::new(5000).unwrap(), "decided on what the other wrote");
    assert_eq!(desk.sent(), 1);
}

#[tokio::test]
async fn an_outcome_that_meets_a_concurrent_change_is_applied_to_it() {
    struct Changes(Arc<MemoryStore>);
    #[async_trait]
    impl Gateway for Changes {
        async fn perform(&self, _: &Merchant, instruction: Instruction<'_>, _: Duration) -> Outcome {
            *self.0.meanwhile.lock().unwrap() =
                Some(Box::new(|order| order.total = Some(Amount::new(9000).unwrap())));
            Outcome::Approved(GatewayResponse {
                retref: Some("r".to_owned()),
                amount: Some(instruction.amount),
                ..GatewayResponse::default()
            })
        }
        async fn inquire(&self, _: &Merchant, _: Question<'_>, _: Duration) -> Finding {
            Finding::Failed
        }
    }
    let mut desk = Desk::new().await;
    desk.payments.gateway = Arc::new(Changes(desk.store.clone()));
    desk.purchase(None).await.unwrap();
    let order = desk.stored().await;
    assert_eq!(order.total, Some(Amount::new(9000).unwrap()), "the other's change is kept");
    assert_eq!(order.transactions[0].status(), Status::Complete);
}

#[tokio::test]
async fn an_outcome_that_cannot_be_saved_is_answered_as_pending_and_never_sent_again() {
    let desk = Desk::new().await;
    desk.next_writes(&[Fault::None, Fault::NotDone]);
    let performed = desk.purchase(Some("k")).await.unwrap();
    assert_eq!(status(&performed), Status::Pending);
    assert!(desk.stored().await.next_inquiry_at().is_some(), "found by who asks about it");
    let again = desk.purchase(Some("k")).await;
    assert!(matches!(again, Err(Refusal::Rejected(Rejection::KeyInProgress { .. }))));
    assert_eq!(desk.sent(), 1);
}

#[tokio::test]
async fn an_outcome_whose_write_lost_its_answer_is_recognised_as_ours() {
    let desk = Desk::new().await;
    desk.next_writes(&[Fault::None, Fault::FoundByRepeat]);
    assert_eq!(status(&desk.purchase(None).await.unwrap()), Status::Complete);
}

#[tokio::test]
async fn an_unknown_outcome_is_pending_and_a_second_payment_is_not_sent() {
    let desk = Desk::new().await;
    desk.gateway_says(Outcome::Unknown(Doubt::NoAnswer, GatewayResponse::default()));
    assert_eq!(status(&desk.purchase(None).await.unwrap()), Status::Pending);
    let second = desk.purchase(Some("another")).await;
    assert!(matches!(second, Err(Refusal::Rejected(Rejection::PaymentInProgress { .. }))));
    assert_eq!(desk.sent(), 1);
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_once_while_time_is_left() {
    for (left, status_then) in [(29, Status::Complete), (7, Status::Pending)] {
        let desk = Desk::new().await;
        desk.gateway_says(Outcome::Unknown(Doubt::NoAnswer, GatewayResponse::default()));
        let found = GatewayResponse {
            retref: Some("r".to_owned()),
            amount: Some(Amount::new(2599).unwrap()),
            ..GatewayResponse::default()
        };
        desk.gateway.findings.lock().unwrap().push_back(Finding::Became(Box::new(Outcome::Approved(found))));
        let performed = desk.perform(&intent(None), Duration::from_secs(left)).await.unwrap();
        assert_eq!((status(&performed), desk.sent()), (status_then, 1), "{left} s");
    }
}

#[tokio::test]
async fn what_was_found_of_one_attempt_is_not_taken_for_another() {
    let desk = Desk::new().await;
    desk.gateway_says(Outcome::Unknown(Doubt::NoAnswer, GatewayResponse::default()));
    let performed = desk.perform(&intent(Some("k")), Duration::from_secs(7)).await.unwrap();
    let refused = Outcome::NoEffect(NoEffect::VoidedElsewhere, GatewayResponse::default());
    desk.gateway.findings.lock().unwrap().push_back(Finding::Became(Box::new(refused)));
    // While the gateway is asked about the first attempt, somebody gives it up and sends a second.
    desk.meanwhile(|order| {
        let operation = &mut order.transactions[0].operations[0];
        let amount = operation.amount;
        operation.attempt_again(uuid::Uuid::new_v4(), amount, None, jiff::Timestamp::now());
    });
    let deadline = Deadline::after(Duration::from_secs(29));
    let (order, answered) =
        desk.payments.ask_about(&desk.merchant, performed.order, performed.at, deadline).await;
    assert!(answered);
    assert!(order.operation(performed.at).unwrap().is(Stage::Pending), "the second is still in doubt");
    assert_eq!(order.operation(performed.at).unwrap().attempt.number, 2);
}

#[tokio::test]
async fn another_attempt_goes_out_under_an_order_id_of_its_own() {
    let desk = Desk::new().await;
    desk.gateway_says(Outcome::NoEffect(NoEffect::Unreachable, GatewayResponse::default()));
    desk.purchase(None).await.unwrap();
    assert_eq!(status(&desk.purchase(None).await.unwrap()), Status::Complete);
    let sent = desk.gateway.sent.lock().unwrap().clone();
    assert_eq!(sent.len(), 2);
    assert_ne!(sent[0], sent[1]);
}

#[tokio::test]
async fn of_two_retries_in_the_same_instant_one_sends() {
    struct Frozen;
    impl Clock for Frozen {
        fn now(&self) -> jiff::Timestamp {
            jiff::Timestamp::UNIX_EPOCH
        }
        fn new_id(&self) -> uuid::Uuid {
            uuid::Uuid::new_v4()
        }
    }
    let mut desk = Desk::new().await;
    desk.payments.clock = Arc::new(Frozen);
    desk.gateway_says(Outcome::NoEffect(NoEffect::Unreachable, GatewayResponse::default()));
    desk.purchase(Some("k")).await.unwrap();
    // Another process takes up the same operation at the same time, and its write comes first.
    desk.meanwhile(|order| {
        let operation = &mut order.transactions[0].operations[0];
        let amount = operation.amount;
        operation.attempt_again(uuid::Uuid::new_v4(), amount, None, jiff::Timestamp::UNIX_EPOCH);
    });
    let second = desk.purchase(Some("k")).await;
    assert!(matches!(second, Err(Refusal::Rejected(Rejection::KeyInProgress { .. }))));
    assert_eq!(desk.sent(), 1, "the other one sends it");
}

#[tokio::test]
async fn nothing_is_sent_with_too_little_time_left_and_a_retry_pays() {
    let desk = Desk::new().await;
    let late = desk.perform(&intent(None), KEPT_FOR_OUTCOME + SEND_MIN.mul_f32(0.5)).await.unwrap();
    assert_eq!((status(&late), desk.sent()), (Status::Failed, 0));
    assert_eq!(status(&desk.purchase(None).await.unwrap()), Status::Complete);
}

#[tokio::test]
async fn a_void_that_follows_is_sent_at_once_and_its_approval_recorded() {
    let desk = Desk::new().await;
    desk.gateway_says(Outcome::PartiallyApproved(GatewayResponse {
        retref: Some("r".to_owned()),
        amount: Some(Amount::new(500).unwrap()),
        ..GatewayResponse::default()
    }));
    let performed = desk.purchase(None).await.unwrap();
    assert_eq!((status(&performed), desk.sent()), (Status::Failed, 2));
    assert_eq!(desk.stored().await.owing(), Some(Amount::new(2599).unwrap()));
}

#[tokio::test]
async fn a_void_that_follows_is_sent_although_the_write_that_holds_it_lost_its_answer() {
    let desk = Desk::new().await;
    desk.gateway_says(Outcome::PartiallyApproved(GatewayResponse {
        retref: Some("r".to_owned()),
        amount: Some(Amount::new(500).unwrap()),
        token: Some("9477709629051443".to_owned()),
        ..GatewayResponse::default()
    }));
    // As the store gives it back: what is not stored is not there.
    desk.next_writes(&[Fault::None, Fault::FoundByRepeat]);
    let performed = desk.purchase(None).await.unwrap();
    assert_eq!((status(&performed), desk.sent()), (Status::Failed, 2));
    let operation = performed.order.operation(performed.at).unwrap();
    assert_eq!(operation.response().and_then(|answer| answer.token.as_deref()), None);
    let transaction = performed.order.transaction(performed.at.transaction).unwrap();
    assert_eq!(transaction.card.last_four.as_deref(), Some("1443"));
}

#[tokio::test]
async fn a_void_that_follows_goes_out_only_when_it_is_on_record() {
    let desk = Desk::new().await;
    desk.gateway_says(Outcome::PartiallyApproved(GatewayResponse {
        retref: Some("r".to_owned()),
        amount: Some(Amount::new(500).unwrap()),
        ..GatewayResponse::default()
    }));
    // The write that holds the partial approval and the void is not done.
    desk.next_writes(&[Fault::None, Fault::NotDone]);
    let performed = desk.purchase(None).await.unwrap();
    assert_eq!((status(&performed), desk.sent()), (Status::Pending, 1));
}

#[tokio::test]
async fn a_payment_of_an_order_that_may_be_new_reads_nothing_first_and_meets_the_one_that_is_there() {
    let mut desk = Desk::new().await;
    desk.merchant.policy.orders = OrdersMode::External;
    let pay = Pay {
        method: Method::Purchase,
        amount: Some(Amount::new(2600).unwrap()),
        card: CardSummary::default(),
        alone: None,
        capture: CaptureAt::default(),
        shopper: None,
    };
    let currency = Some(Currency::USD);
    let too_much = Intent { action: Action::Pay(pay), currency, ..intent(None) };
    let refused = desk.perform(&too_much, Duration::from_secs(29)).await;
    assert!(
        matches!(refused, Err(Refusal::Rejected(Rejection::ExceedsOwing { .. }))),
        "its total still holds"
    );
    desk.key.order = "another".parse().unwrap();
    assert_eq!(status(&desk.perform(&too_much, Duration::from_secs(29)).await.unwrap()), Status::Complete);
}

#[tokio::test]
async fn an_order_that_is_not_registered_is_not_paid() {
    let mut desk = Desk::new().await;
    desk.key.order = "unknown".parse().unwrap();
    assert!(matches!(desk.purchase(None).await, Err(Refusal::Rejected(Rejection::OrderNotFound))));
    let capture = Action::Capture { target: Target::OnlyEligible, amount: None, custom_reference: None };
    let refused = desk.perform(&Intent { action: capture, ..intent(None) }, Duration::from_secs(29)).await;
    assert!(matches!(refused, Err(Refusal::Rejected(Rejection::OrderNotFound))));
}

//! The flow around the gateway call, with a store and a gateway that fail at chosen moments.

mod by_hand;
mod capturing;
mod in_doubt;
mod looking_back;
mod reconciling;

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::Mutex,
    time::Duration,
};

use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

use super::{
    deadline::{ASK_MIN, KEPT_FOR_OUTCOME, SEND_MIN},
    *,
};
use crate::{
    card::{CardSummary, CardToken},
    clock::SystemClock,
    decline::DeclineCode,
    discount::Discounts,
    gateway::{Command, Instruction, Question},
    merchants::{GatewayAccount, Merchants, MerchantsError},
    money::{Amount, Currency},
    operation::{Fingerprint, KeyDigest, Kind, Principal, Stage},
    order::{Action, CaptureAt, MerchantId, Pay, Target},
    outcome::{Doubt, Finding, GatewayResponse, NoEffect},
    policy::{OrdersMode, Policy},
    transaction::{Method, Status},
};

fn merchant(id: MerchantId) -> Merchant {
    Merchant {
        id,
        keys: vec![secrecy::SecretString::from("a-key-of-the-merchant").into()],
        token_signing_key: "0123456789abcdef0123456789abcdef".into(),
        gateway: GatewayAccount {
            gateway: "g",
            decimals: 2,
            endpoint: "http://127.0.0.1:1".to_owned(),
            username: "u".to_owned(),
            password: "p".into(),
            accounts: BTreeMap::from([(Currency::USD, "1".to_owned())]),
        },
        policy: Policy::default(),
        shopper_tokens: false,
        disabled: false,
        captures_paused: false,
        authorizers: Vec::new(),
        discounts: Discounts::default(),
        name: None,
        address: Vec::new(),
    }
}

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
    async fn due(&self, query: crate::store::DueQuery) -> Result<crate::store::Page, StoreError> {
        let crate::store::DueQuery { index, shard, until, after, limit: _ } = query;
        let orders = self.orders.lock().unwrap();
        let due_at = |order: &Order| match index {
            crate::store::Index::InDoubt => order.next_inquiry_at(),
            crate::store::Index::CapturesDue => order.next_capture_at(),
        };
        let is_after = |key: &OrderKey| after.as_ref().is_none_or(|after| key.to_string() > after.key);
        let due = orders.values().filter_map(|order| Some((order.key(), due_at(order)?)));
        let mut due: Vec<_> = due.filter(|(key, at)| shard == 0 && *at <= until && is_after(key)).collect();
        due.sort_by_key(|(key, _)| key.to_string());
        let next = due.get(1).map(|_| crate::store::Cursor { key: due[0].0.to_string(), due: String::new() });
        due.truncate(1);
        let oldest = due.first().map(|(_, at)| *at);
        let keys = due.into_iter().map(|(key, _)| key).collect();
        Ok(crate::store::Page { keys, oldest, next })
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
    async fn execute(&self, _: &Merchant, instruction: Instruction<'_>, _: Duration) -> Outcome {
        self.sent.lock().unwrap().push(instruction.gateway_order_id.to_owned());
        if let Command::Void { reference } = instruction.command {
            self.voided.lock().unwrap().push(reference.to_owned());
        }
        let answer = GatewayResponse {
            reference: Some("r".to_owned()),
            amount: Some(instruction.amount),
            ..GatewayResponse::default()
        };
        self.answers.lock().unwrap().pop_front().unwrap_or(Outcome::Approved(answer))
    }

    async fn inquire(&self, _: &Merchant, _: Question<'_>, _: Duration) -> Finding {
        self.findings.lock().unwrap().pop_front().unwrap_or(Finding::Failed)
    }
}

/// Every merchant there can be, with the same rules.
struct Everyone;

#[async_trait]
impl Merchants for Everyone {
    async fn get(&self, id: &MerchantId) -> Result<Arc<Merchant>, MerchantsError> {
        Ok(Arc::new(merchant(id.clone())))
    }
}

/// A clock that stands still.
struct Stopped(Timestamp);

impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        self.0
    }

    fn new_id(&self) -> Uuid {
        Uuid::new_v4()
    }
}

struct Fixture {
    payments: Payments,
    store: Arc<MemoryStore>,
    gateway: Arc<ScriptedGateway>,
    merchant: Merchant,
    key: OrderKey,
}

impl Fixture {
    async fn new() -> Self {
        let (store, gateway) = (Arc::new(MemoryStore::default()), Arc::new(ScriptedGateway::default()));
        let payments =
            Payments { store: store.clone(), gateway: gateway.clone(), clock: Arc::new(SystemClock) };
        let merchant = merchant("m".parse().unwrap());
        let key = OrderKey { merchant: "m".parse().unwrap(), order: "o".parse().unwrap() };
        payments.register(&merchant, &key, Currency::USD, Amount::new(2599).unwrap()).await.unwrap();
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
        let source = PaymentSource::Profile {
            account: "1".to_owned(),
            profile: "2".to_owned(),
            initiator: crate::gateway::Initiator::Customer,
        };
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
        standalone: None,
        save_for: None,
        capture: CaptureAt::default(),
        shopper: None,
    };
    Intent {
        action: Action::Pay(pay),
        key: key.map(|key| KeyDigest::new("POST", "", key)),
        fingerprint: Fingerprint::new(Kind::Purchase, None, None, None, None),
        currency: None,
        by: Principal::ClientCredentials,
        attribution: None,
    }
}

fn approved_as(reference: &str) -> GatewayResponse {
    GatewayResponse {
        reference: Some(reference.to_owned()),
        amount: Some(Amount::new(2599).unwrap()),
        ..GatewayResponse::default()
    }
}

fn found(reference: &str) -> Finding {
    Finding::Became(Box::new(Outcome::Approved(approved_as(reference))))
}

fn status(performed: &Performed) -> Status {
    performed.order.transaction(performed.at.transaction).unwrap().status()
}

#[tokio::test]
async fn the_intent_is_on_record_before_the_gateway_is_called() {
    struct Looks(Arc<MemoryStore>);
    #[async_trait]
    impl Gateway for Looks {
        async fn execute(&self, _: &Merchant, instruction: Instruction<'_>, _: Duration) -> Outcome {
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
    let mut fixture = Fixture::new().await;
    fixture.payments.gateway = Arc::new(Looks(fixture.store.clone()));
    assert_eq!(status(&fixture.purchase(None).await.unwrap()), Status::Failed);
}

#[tokio::test]
async fn an_intent_whose_write_lost_its_answer_is_recognised_as_ours_and_sent_once() {
    for fault in [Fault::AnswerLost, Fault::FoundByRepeat] {
        let fixture = Fixture::new().await;
        fixture.next_writes(&[fault]);
        let performed = fixture.purchase(None).await.unwrap();
        assert_eq!(status(&performed), Status::Complete);
        assert_eq!((fixture.sent(), fixture.stored().await.transactions.len()), (1, 1));
    }
}

#[tokio::test]
async fn an_intent_that_was_not_written_is_decided_again_and_sent_once() {
    let fixture = Fixture::new().await;
    fixture.next_writes(&[Fault::NotDone]);
    assert_eq!(status(&fixture.purchase(None).await.unwrap()), Status::Complete);
    assert_eq!((fixture.sent(), fixture.stored().await.transactions.len()), (1, 1));
}

#[tokio::test]
async fn nothing_is_sent_when_the_intent_cannot_be_put_on_record() {
    let fixture = Fixture::new().await;
    fixture.next_writes(&[Fault::NotDone; DECISIONS_MAX]);
    let Err(Refusal::Store(error)) = fixture.purchase(None).await else {
        panic!("nobody else changes the order")
    };
    assert!(error.to_string().contains("cut"), "the store's own reason: {error}");
    assert_eq!(fixture.sent(), 0);
}

#[tokio::test]
async fn the_writer_that_comes_second_decides_again() {
    let fixture = Fixture::new().await;
    fixture.meanwhile(|order| order.total = Some(Amount::new(5000).unwrap()));
    let performed = fixture.purchase(None).await.unwrap();
    let paid = performed.order.transaction(performed.at.transaction).unwrap().amount();
    assert_eq!(paid, Amount::new(5000).unwrap(), "decided on what the other wrote");
    assert_eq!(fixture.sent(), 1);
}

#[tokio::test]
async fn an_outcome_that_meets_a_concurrent_change_is_applied_to_it() {
    struct Changes(Arc<MemoryStore>);
    #[async_trait]
    impl Gateway for Changes {
        async fn execute(&self, _: &Merchant, instruction: Instruction<'_>, _: Duration) -> Outcome {
            *self.0.meanwhile.lock().unwrap() =
                Some(Box::new(|order| order.total = Some(Amount::new(9000).unwrap())));
            Outcome::Approved(GatewayResponse {
                reference: Some("r".to_owned()),
                amount: Some(instruction.amount),
                ..GatewayResponse::default()
            })
        }
        async fn inquire(&self, _: &Merchant, _: Question<'_>, _: Duration) -> Finding {
            Finding::Failed
        }
    }
    let mut fixture = Fixture::new().await;
    fixture.payments.gateway = Arc::new(Changes(fixture.store.clone()));
    fixture.purchase(None).await.unwrap();
    let order = fixture.stored().await;
    assert_eq!(order.total, Some(Amount::new(9000).unwrap()), "the other's change is kept");
    assert_eq!(order.transactions[0].status(), Status::Complete);
}

#[tokio::test]
async fn an_outcome_that_cannot_be_saved_is_answered_as_pending_and_never_sent_again() {
    let fixture = Fixture::new().await;
    fixture.next_writes(&[Fault::None, Fault::NotDone]);
    let performed = fixture.purchase(Some("k")).await.unwrap();
    assert_eq!(status(&performed), Status::Pending);
    assert!(fixture.stored().await.next_inquiry_at().is_some(), "found by who asks about it");
    let again = fixture.purchase(Some("k")).await;
    assert!(matches!(again, Err(Refusal::Rejected(Rejection::KeyInProgress { .. }))));
    assert_eq!(fixture.sent(), 1);
}

#[tokio::test]
async fn an_outcome_whose_write_lost_its_answer_is_recognised_as_ours() {
    let fixture = Fixture::new().await;
    fixture.next_writes(&[Fault::None, Fault::FoundByRepeat]);
    assert_eq!(status(&fixture.purchase(None).await.unwrap()), Status::Complete);
}

#[tokio::test]
async fn an_unknown_outcome_is_pending_and_a_second_payment_is_not_sent() {
    let fixture = Fixture::new().await;
    fixture.gateway_says(Outcome::Unknown(Doubt::NoAnswer, GatewayResponse::default()));
    assert_eq!(status(&fixture.purchase(None).await.unwrap()), Status::Pending);
    let second = fixture.purchase(Some("another")).await;
    assert!(matches!(second, Err(Refusal::Rejected(Rejection::PaymentInProgress { .. }))));
    assert_eq!(fixture.sent(), 1);
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_once_while_time_is_left() {
    for (left, status_then) in [(29, Status::Complete), (7, Status::Pending)] {
        let fixture = Fixture::new().await;
        fixture.gateway_says(Outcome::Unknown(Doubt::NoAnswer, GatewayResponse::default()));
        let found = GatewayResponse {
            reference: Some("r".to_owned()),
            amount: Some(Amount::new(2599).unwrap()),
            ..GatewayResponse::default()
        };
        fixture
            .gateway
            .findings
            .lock()
            .unwrap()
            .push_back(Finding::Became(Box::new(Outcome::Approved(found))));
        let performed = fixture.perform(&intent(None), Duration::from_secs(left)).await.unwrap();
        assert_eq!((status(&performed), fixture.sent()), (status_then, 1), "{left} s");
    }
}

#[tokio::test]
async fn what_was_found_of_one_attempt_is_not_taken_for_another() {
    let fixture = Fixture::new().await;
    fixture.gateway_says(Outcome::Unknown(Doubt::NoAnswer, GatewayResponse::default()));
    let performed = fixture.perform(&intent(Some("k")), Duration::from_secs(7)).await.unwrap();
    let refused = Outcome::NoEffect(NoEffect::VoidedElsewhere, GatewayResponse::default());
    fixture.gateway.findings.lock().unwrap().push_back(Finding::Became(Box::new(refused)));
    // While the gateway is asked about the first attempt, somebody gives it up and sends a second.
    fixture.meanwhile(|order| {
        let operation = &mut order.transactions[0].operations[0];
        let amount = operation.amount;
        operation.attempt_again(uuid::Uuid::new_v4(), amount, None, jiff::Timestamp::now());
    });
    let deadline = Deadline::after(Duration::from_secs(29));
    let (order, found) =
        fixture.payments.ask_about(&fixture.merchant, performed.order, performed.at, deadline).await;
    assert_ne!(found, Finding::Failed);
    assert!(order.operation(performed.at).unwrap().is(Stage::Pending), "the second is still in doubt");
    assert_eq!(order.operation(performed.at).unwrap().attempt.number, 2);
}

#[tokio::test]
async fn another_attempt_goes_out_under_an_order_id_of_its_own() {
    let fixture = Fixture::new().await;
    fixture.gateway_says(Outcome::NoEffect(NoEffect::Unreachable, GatewayResponse::default()));
    fixture.purchase(None).await.unwrap();
    assert_eq!(status(&fixture.purchase(None).await.unwrap()), Status::Complete);
    let sent = fixture.gateway.sent.lock().unwrap().clone();
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
    let mut fixture = Fixture::new().await;
    fixture.payments.clock = Arc::new(Frozen);
    fixture.gateway_says(Outcome::NoEffect(NoEffect::Unreachable, GatewayResponse::default()));
    fixture.purchase(Some("k")).await.unwrap();
    // Another process takes up the same operation at the same time, and its write comes first.
    fixture.meanwhile(|order| {
        let operation = &mut order.transactions[0].operations[0];
        let amount = operation.amount;
        operation.attempt_again(uuid::Uuid::new_v4(), amount, None, jiff::Timestamp::UNIX_EPOCH);
    });
    let second = fixture.purchase(Some("k")).await;
    assert!(matches!(second, Err(Refusal::Rejected(Rejection::KeyInProgress { .. }))));
    assert_eq!(fixture.sent(), 1, "the other one sends it");
}

#[tokio::test]
async fn nothing_is_sent_with_too_little_time_left_and_a_retry_pays() {
    let fixture = Fixture::new().await;
    let late = fixture.perform(&intent(None), KEPT_FOR_OUTCOME + SEND_MIN.mul_f32(0.5)).await.unwrap();
    assert_eq!((status(&late), fixture.sent()), (Status::Failed, 0));
    assert_eq!(status(&fixture.purchase(None).await.unwrap()), Status::Complete);
}

#[tokio::test]
async fn a_void_that_follows_is_sent_at_once_and_its_approval_recorded() {
    let fixture = Fixture::new().await;
    fixture.gateway_says(Outcome::PartiallyApproved(GatewayResponse {
        reference: Some("r".to_owned()),
        amount: Some(Amount::new(500).unwrap()),
        ..GatewayResponse::default()
    }));
    let performed = fixture.purchase(None).await.unwrap();
    assert_eq!((status(&performed), fixture.sent()), (Status::Failed, 2));
    assert_eq!(fixture.stored().await.owing(), Some(Amount::new(2599).unwrap()));
}

#[tokio::test]
async fn a_void_that_follows_is_sent_although_the_write_that_holds_it_lost_its_answer() {
    let fixture = Fixture::new().await;
    fixture.gateway_says(Outcome::PartiallyApproved(GatewayResponse {
        reference: Some("r".to_owned()),
        amount: Some(Amount::new(500).unwrap()),
        token: Some(CardToken {
            value: "9477709629051443".to_owned(),
            brand: None,
            last_four: Some("1443".to_owned()),
        }),
        ..GatewayResponse::default()
    }));
    // As the store gives it back: what is not stored is not there.
    fixture.next_writes(&[Fault::None, Fault::FoundByRepeat]);
    let performed = fixture.purchase(None).await.unwrap();
    assert_eq!((status(&performed), fixture.sent()), (Status::Failed, 2));
    let operation = performed.order.operation(performed.at).unwrap();
    assert_eq!(operation.response().and_then(|answer| answer.token.clone()), None);
    let transaction = performed.order.transaction(performed.at.transaction).unwrap();
    assert_eq!(transaction.card.last_four.as_deref(), Some("1443"));
}

#[tokio::test]
async fn a_void_that_follows_goes_out_only_when_it_is_on_record() {
    let fixture = Fixture::new().await;
    fixture.gateway_says(Outcome::PartiallyApproved(GatewayResponse {
        reference: Some("r".to_owned()),
        amount: Some(Amount::new(500).unwrap()),
        ..GatewayResponse::default()
    }));
    // The write that holds the partial approval and the void is not done.
    fixture.next_writes(&[Fault::None, Fault::NotDone]);
    let performed = fixture.purchase(None).await.unwrap();
    assert_eq!((status(&performed), fixture.sent()), (Status::Pending, 1));
}

#[tokio::test]
async fn a_payment_of_an_order_that_may_be_new_reads_nothing_first_and_meets_the_one_that_is_there() {
    let mut fixture = Fixture::new().await;
    fixture.merchant.policy.orders = OrdersMode::External;
    let pay = Pay {
        method: Method::Purchase,
        amount: Some(Amount::new(2600).unwrap()),
        card: CardSummary::default(),
        standalone: None,
        save_for: None,
        capture: CaptureAt::default(),
        shopper: None,
    };
    let currency = Some(Currency::USD);
    let too_much = Intent { action: Action::Pay(pay), currency, ..intent(None) };
    let refused = fixture.perform(&too_much, Duration::from_secs(29)).await;
    assert!(
        matches!(refused, Err(Refusal::Rejected(Rejection::ExceedsOwing { .. }))),
        "its total still holds"
    );
    fixture.key.order = "another".parse().unwrap();
    assert_eq!(status(&fixture.perform(&too_much, Duration::from_secs(29)).await.unwrap()), Status::Complete);
}

#[tokio::test]
async fn an_order_that_is_not_registered_is_not_paid() {
    let mut fixture = Fixture::new().await;
    fixture.key.order = "unknown".parse().unwrap();
    assert!(matches!(fixture.purchase(None).await, Err(Refusal::Rejected(Rejection::OrderNotFound))));
    let capture = Action::Capture { target: Target::OnlyEligible, amount: None, custom_reference: None };
    let refused = fixture.perform(&Intent { action: capture, ..intent(None) }, Duration::from_secs(29)).await;
    assert!(matches!(refused, Err(Refusal::Rejected(Rejection::OrderNotFound))));
}

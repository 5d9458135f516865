//! The flow around the gateway call, with a store and a gateway that fail at chosen moments: both,
//! and the helpers that each file of tests needs.

mod by_hand;
mod capturing;
mod disputes;
mod erasing;
mod in_doubt;
mod intents;
mod looking_back;
mod outcomes;
mod reconciling;
mod schemes;
mod shop;
mod surcharges;
mod trail;

use std::{
    collections::VecDeque,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    deadline::{INQUIRY_MIN, KEPT_FOR_OUTCOME, SEND_MIN},
    *,
};
use crate::{
    memory::{CardNoteTable, OrderTable, ShopOrderTable, pay},
    order::{
        Action, CaptureAmount, CaptureAt, CaptureTerms, Decline, Doubt, Essentials, Finding, Fingerprint,
        GatewayResponse, KeyDigest, Kind, MerchantId, NoEffect, OrdersMode, Pay, PaymentKind, Principal,
        Route, Stage, Target, TransactionStatus,
    },
    payments::{Command, GatewayInfo, Inquiry, Instruction, Merchants, MerchantsError},
    test_merchant::{TestGateway, test_merchant},
    values::{Amount, CardToken, Currency, DeclineCode, SystemClock},
};

/// The fault of the next write.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// Nothing goes wrong with it.
    None,
    /// It is done, and its response is lost.
    AnswerLost,
    /// It is done, its response is lost, and the client's own repeat finds it.
    FoundByRepeat,
    /// It is not done, because another process has changed the order.
    Overtaken,
    /// It is not done.
    NotDone,
}

#[derive(Default)]
struct MemoryStore {
    table: OrderTable,
    faults: Mutex<VecDeque<Fault>>,
    /// Runs before the next write: another process, in between.
    meanwhile: Mutex<Option<Meanwhile>>,
    /// Orders that an index still has although nothing of them is due, or they are gone: indexes
    /// lag behind.
    lagging: Mutex<Vec<OrderKey>>,
    /// Whether indexes cannot be read.
    unread: AtomicBool,
}

type Meanwhile = Box<dyn FnOnce(&mut Order) + Send>;

impl MemoryStore {
    fn put(&self, order: &Order, new: bool) -> Result<(), StoreError> {
        let mut orders = self.table.all();
        let stored = orders.get_mut(&order.key().to_string());
        if let (Some(meanwhile), Some(stored)) = (self.meanwhile.lock().unwrap().take(), stored) {
            meanwhile(stored);
            stored.version += 1;
        }
        let stored = orders.get_mut(&order.key().to_string());
        let is_as_read = stored.as_ref().map_or(new, |stored| !new && stored.version == order.version);
        let fault = if is_as_read { self.faults.lock().unwrap().pop_front() } else { None };
        let fault = fault.unwrap_or(Fault::None);
        if let (Fault::Overtaken, Some(stored)) = (fault, stored) {
            stored.version += 1;
        }
        drop(orders);
        if fault != Fault::NotDone {
            self.table.put(order, new)?;
        }
        match fault {
            Fault::None => Ok(()),
            Fault::Overtaken => unreachable!("the table has another version"),
            Fault::FoundByRepeat => Err(StoreError::Conflict(Box::new(next_version(order)))),
            Fault::AnswerLost | Fault::NotDone => Err(StoreError::Unavailable("cut".to_owned())),
        }
    }
}

#[async_trait]
impl OrderStore for MemoryStore {
    async fn load(&self, key: &OrderKey) -> Result<Option<Order>, StoreError> {
        self.table.load(key).await
    }

    async fn create(&self, order: &Order) -> Result<(), StoreError> {
        self.put(order, true)
    }

    async fn save(&self, order: &Order) -> Result<(), StoreError> {
        self.put(order, false)
    }

    async fn note_shop(&self, merchant: &MerchantId, now: Timestamp) -> Result<(), StoreError> {
        self.table.note_shop(merchant, now).await
    }

    async fn shop_poll(&self, merchant: &MerchantId) -> Result<Option<ShopPoll>, StoreError> {
        self.table.shop_poll(merchant).await
    }

    async fn save_shop_poll(&self, poll: &ShopPoll) -> Result<(), StoreError> {
        self.table.save_shop_poll(poll).await
    }

    /// One order a page, all of them in the first partition.
    async fn due(&self, query: crate::payments::DueQuery) -> Result<crate::payments::Page, StoreError> {
        if self.unread.load(Ordering::Relaxed) {
            return Err(StoreError::Unavailable("cut".to_owned()));
        }
        let shops = self.table.due(query.clone()).await?.shops;
        let crate::payments::DueQuery { index, shard, until, after, limit } = query;
        assert_eq!(limit, 1_000);
        let lagging = self.lagging.lock().unwrap();
        let orders = self.table.all();
        let due_at = |order: &Order| match index {
            crate::payments::Index::CapturesDue => order.next_capture_at(),
            _ => crate::payments::Index::of(order).filter(|(own, _)| *own == index).map(|(_, at)| at),
        };
        let place = |at: Timestamp, key: &OrderKey| (at.to_string(), key.to_string());
        let is_after = |at: Timestamp, key: &OrderKey| {
            after.as_ref().is_none_or(|after| place(at, key) > (after.due.clone(), after.key.clone()))
        };
        let due = orders.values().filter_map(|order| Some((order.key(), due_at(order)?)));
        let lags_at = match index {
            crate::payments::Index::InDoubt => until - SignedDuration::from_hours(1),
            crate::payments::Index::CapturesDue | crate::payments::Index::Unrecorded => until,
        };
        let due = due.chain(lagging.iter().map(|key| (key.clone(), lags_at)));
        let mut due: Vec<_> =
            due.filter(|(key, at)| shard == 0 && *at <= until && is_after(*at, key)).collect();
        due.sort_by_key(|(key, at)| place(*at, key));
        let next = due.get(1).map(|_| {
            let (due, key) = place(due[0].1, &due[0].0);
            crate::payments::DueCursor { key, due }
        });
        due.truncate(1);
        let attention = |key: &OrderKey| orders.get(&key.to_string()).and_then(Order::needs_attention_from);
        let due = due.into_iter().map(|(key, at)| {
            let needs_attention_from = attention(&key);
            crate::payments::DueOrder { key, at, needs_attention_from }
        });
        Ok(crate::payments::Page { orders: due.collect(), shops, next })
    }
}

/// Returns its responses in turn, and keeps the gateway order ids that it was sent.
#[derive(Default)]
struct ScriptedGateway {
    responses: Mutex<VecDeque<Outcome>>,
    findings: Mutex<VecDeque<Finding>>,
    /// The record under any reference; none: of the amount that was sent last.
    record: Mutex<Option<RecordLookUp>>,
    last_amount: Mutex<Option<Amount>>,
    sent: Mutex<Vec<String>>,
    /// With each, the order ids that its response may name.
    ours: Mutex<Vec<Vec<String>>>,
    /// References of the payments that it was told to void.
    voided: Mutex<Vec<String>>,
}

#[async_trait]
impl Gateway for ScriptedGateway {
    fn info(&self) -> &'static dyn GatewayInfo {
        &TestGateway
    }

    async fn execute(&self, _: &Merchant, instruction: Instruction<'_>, _: Duration) -> Outcome {
        let sent = {
            let mut sent = self.sent.lock().unwrap();
            sent.push(instruction.gateway_order_id.to_owned());
            sent.len()
        };
        self.ours.lock().unwrap().push(instruction.ours.iter().map(ToString::to_string).collect());
        *self.last_amount.lock().unwrap() = Some(instruction.amount);
        if let Command::Void(payment) = instruction.command {
            self.voided.lock().unwrap().push(payment.reference.to_owned());
        }
        let response = GatewayResponse {
            // Each its own, and `r` for the first.
            reference: Some(if sent == 1 { "r".to_owned() } else { format!("r{sent}") }),
            charged: Some(instruction.amount.into()),
            ..GatewayResponse::default()
        };
        self.responses.lock().unwrap().pop_front().unwrap_or(Outcome::Approved(response))
    }

    async fn inquire(&self, _: &Merchant, _: Inquiry<'_>, _: Duration) -> Finding {
        self.findings.lock().unwrap().pop_front().unwrap_or(Finding::Failed)
    }

    async fn look_up(&self, _: &Merchant, _: &Route, _: &str, _: Duration) -> RecordLookUp {
        let amount = *self.last_amount.lock().unwrap();
        let own = || RecordLookUp::Found(GatewayRecord { amount, ..GatewayRecord::default() });
        self.record.lock().unwrap().clone().unwrap_or_else(own)
    }
}

/// The order is changed by another process while the first instruction is at the gateway.
struct ChangedWhileSent {
    store: Arc<MemoryStore>,
    gateway: Arc<ScriptedGateway>,
    change: fn(&mut Order),
}

#[async_trait]
impl Gateway for ChangedWhileSent {
    fn info(&self) -> &'static dyn GatewayInfo {
        &TestGateway
    }

    async fn execute(&self, merchant: &Merchant, instruction: Instruction<'_>, limit: Duration) -> Outcome {
        if self.gateway.sent.lock().unwrap().is_empty() {
            *self.store.meanwhile.lock().unwrap() = Some(Box::new(self.change));
        }
        self.gateway.execute(merchant, instruction, limit).await
    }

    async fn inquire(&self, merchant: &Merchant, inquiry: Inquiry<'_>, limit: Duration) -> Finding {
        self.gateway.inquire(merchant, inquiry, limit).await
    }
}

/// Every merchant there can be, with the same rules.
struct Everyone;

#[async_trait]
impl Merchants for Everyone {
    async fn get(&self, id: &MerchantId) -> Result<Arc<Merchant>, MerchantsError> {
        Ok(Arc::new(test_merchant(id.clone())))
    }
}

/// Merchants that are as this says, or cannot be read for this reason.
struct EachAs(fn(&mut Merchant) -> Result<(), MerchantsError>);

#[async_trait]
impl Merchants for EachAs {
    async fn get(&self, id: &MerchantId) -> Result<Arc<Merchant>, MerchantsError> {
        let mut merchant = test_merchant(id.clone());
        (self.0)(&mut merchant)?;
        Ok(Arc::new(merchant))
    }
}

/// A clock that does not move.
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
        let payments = Payments {
            store: store.clone(),
            gateway: gateway.clone(),
            clock: Arc::new(SystemClock),
            known_disputes: None,
            card_notes: Arc::new(CardNoteTable::default()),
            shop_orders: Arc::new(ShopOrderTable::default()),
        };
        let merchant = test_merchant("m".parse().unwrap());
        let key = OrderKey { merchant: "m".parse().unwrap(), order: "o".parse().unwrap() };
        let mut fixture = Self { payments, store, gateway, merchant, key };
        fixture.register("o").await;
        fixture
    }

    /// Registers an order, which is paid from now on.
    async fn register(&mut self, order: &str) {
        self.key.order = order.parse().unwrap();
        let total = Amount::new(2599).unwrap();
        self.payments.register(&self.merchant, &self.key, Currency::USD, total, None).await.unwrap();
    }

    fn next_writes(&self, faults: &[Fault]) {
        self.store.faults.lock().unwrap().extend(faults);
    }

    fn gateway_says(&self, outcome: Outcome) {
        self.gateway.responses.lock().unwrap().push_back(outcome);
    }

    fn inquiry_finds(&self, finding: Finding) {
        self.gateway.findings.lock().unwrap().push_back(finding);
    }

    fn meanwhile(&self, change: impl FnOnce(&mut Order) + Send + 'static) {
        *self.store.meanwhile.lock().unwrap() = Some(Box::new(change));
    }

    /// Another process changes the order while the first instruction is at the gateway.
    fn changed_while_sent(&mut self, change: fn(&mut Order)) {
        let (store, gateway) = (self.store.clone(), self.gateway.clone());
        self.payments.gateway = Arc::new(ChangedWhileSent { store, gateway, change });
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
            initiator: crate::payments::Initiator::Customer,
        };
        let deadline = Deadline::after(left);
        self.payments.perform(&self.merchant, &self.key, intent, Some(&source), deadline).await
    }

    async fn stored(&self) -> Order {
        self.payments.order(&self.key).await.unwrap()
    }
}

fn intent(key: Option<&str>) -> Intent {
    Intent {
        action: Action::Pay(pay(PaymentKind::Purchase, None)),
        key: key.map(|key| KeyDigest::new("POST", "", key)),
        fingerprint: Fingerprint::new(&Essentials::new(Kind::Purchase)),
        currency: None,
        by: Principal::ClientCredentials,
        attribution: None,
        seen_version: None,
        refund_disputed: false,
        refund_max: crate::values::RefundMax::Unlimited,
    }
}

fn follow_up(kind: Kind, action: Action) -> Intent {
    Intent { action, fingerprint: Fingerprint::new(&Essentials::new(kind)), ..intent(None) }
}

/// A payment, with this changed.
fn paying(key: Option<&str>, change: impl FnOnce(&mut Pay)) -> Intent {
    let mut intent = intent(key);
    let Action::Pay(pay) = &mut intent.action else { unreachable!() };
    change(pay);
    intent
}

fn unknown() -> Outcome {
    Outcome::Unknown(Doubt::NoResponse, GatewayResponse::default())
}

fn not_done(reason: NoEffect) -> Outcome {
    Outcome::NoEffect(reason, GatewayResponse::default())
}

fn declined() -> Outcome {
    let code = DeclineCode::GenericDecline;
    Outcome::Declined(GatewayResponse::default(), Decline::of(code))
}

fn approved_as(reference: &str) -> GatewayResponse {
    GatewayResponse {
        reference: Some(reference.to_owned()),
        charged: Some(Amount::new(2599).unwrap().into()),
        ..GatewayResponse::default()
    }
}

fn found(reference: &str) -> Finding {
    Finding::Became(Box::new(Outcome::Approved(approved_as(reference))))
}

/// A report's counts, without zeros and the age of the oldest.
fn counts(report: &impl serde::Serialize) -> Value {
    let Value::Object(mut all) = serde_json::to_value(report).unwrap() else { unreachable!() };
    let is_zero = |value: &Value| [json!(0), json!(false), json!({})].contains(value);
    all.retain(|name, value| !name.starts_with("oldest_") && !is_zero(value));
    Value::Object(all)
}

fn status(performed: &Performed) -> TransactionStatus {
    performed.order.transaction(performed.at.transaction).unwrap().status()
}

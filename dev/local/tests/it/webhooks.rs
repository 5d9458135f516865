//! Webhooks, from requests over both streams to a receiver on this machine.

use std::{
    collections::{BTreeSet, HashMap},
    fmt::Write as _,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU16, Ordering},
    },
};

use aws_sdk_dynamodb::types::AttributeValue;
use axum::{
    Router,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use jiff::Timestamp;
use local::{WEBHOOKS_PREFIX, WEBHOOKS_TABLE_NAME, dynamodb_client, merchants};
use serde_json::{Value, json};
use tollgate::{dynamodb::deliveries::DynamoDbDeliveries, webhook_client::signature};
use tollgate_core::{
    values::Clock,
    webhooks::{DeliveryLog as _, DeliveryState, ReceiverKey},
};

use crate::{
    inventory::watch::Watch,
    shop::{Shop, without_version},
};

pub(crate) const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A message as it came in.
#[derive(Clone)]
pub(crate) struct Message {
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Message {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    /// As a receiver checks it: one that refuses messages older than five minutes, or from the
    /// future.
    pub(crate) fn verified(&self) -> Value {
        let id = self.header("webhook-id").parse().unwrap();
        let at = Timestamp::from_second(self.header("webhook-timestamp").parse().unwrap()).unwrap();
        let age_s = Timestamp::now().duration_since(at).as_secs();
        assert!((-1..300).contains(&age_s), "signed {age_s} s ago");
        let expected = signature::signatures(&[signature::secret(SECRET).unwrap()], id, at, &self.body);
        assert_eq!(self.header("webhook-signature"), expected);
        let body: Value = serde_json::from_str(&self.body).unwrap();
        assert_eq!(body["id"], id.to_string());
        body
    }
}

/// A server that receives webhooks and keeps their messages.
pub(crate) struct Receiver {
    pub(crate) url: String,
    messages: Arc<Mutex<Vec<Message>>>,
    status: Arc<AtomicU16>,
}

impl Receiver {
    pub(crate) async fn open() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hooks", listener.local_addr().unwrap());
        let (messages, status) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicU16::new(204)));
        let (into, with) = (Arc::clone(&messages), Arc::clone(&status));
        let handler = move |headers: HeaderMap, body: String| async move {
            into.lock().unwrap().push(Message { headers, body });
            StatusCode::from_u16(with.load(Ordering::SeqCst)).unwrap()
        };
        tokio::spawn(
            async move { axum::serve(listener, Router::new().route("/hooks", post(handler))).await },
        );
        Self { url, messages, status }
    }

    pub(crate) fn document(&self, id: &str) -> Value {
        json!({ "id": id, "url": self.url, "secrets": [SECRET] })
    }

    pub(crate) fn respond(&self, status: u16) {
        self.status.store(status, Ordering::SeqCst);
    }

    pub(crate) fn messages(&self) -> Vec<Message> {
        self.messages.lock().unwrap().clone()
    }
}

pub(crate) fn put(shop: &Shop, receivers: &[Value]) {
    let name = format!("{WEBHOOKS_PREFIX}{}", merchants::REGISTERED);
    shop.stack.secrets().put(&name, json!({ "receivers": receivers }));
    // A document is used for a second.
    shop.stack.advance_clock(2);
}

pub(crate) async fn deliver(shop: &Shop) {
    shop.stack.deliver_stream().await.unwrap();
    shop.stack.deliver_webhooks().await.unwrap();
}

pub(crate) async fn run(shop: &Shop) {
    shop.stack.invoke_scheduled("webhooks").await.unwrap();
}

/// The words for the outcomes of a receiver's deliveries.
pub(crate) async fn states(shop: &Shop, receiver: &str) -> Vec<String> {
    let client = dynamodb_client(shop.stack.dynamodb_url());
    let items: Vec<HashMap<String, AttributeValue>> =
        client.scan().table_name(WEBHOOKS_TABLE_NAME).send().await.unwrap().items.unwrap();
    let key = AttributeValue::S(format!("{}#{receiver}", merchants::REGISTERED));
    let own = items.iter().filter(|item| item["receiver"] == key);
    own.map(|item| item.get("state").map_or("sent".to_owned(), |state| state.as_s().unwrap().clone()))
        .collect()
}

fn types(messages: &[Message]) -> BTreeSet<String> {
    messages.iter().map(|message| message.verified()["type"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_receiver_on_the_page_is_the_one_that_is_run() {
    let page = include_str!("../../../../docs/webhooks.md");
    let sample = include_str!("../../../../docs/samples/webhooks/receiver.mjs");
    assert!(page.contains(sample.split_once('\n').unwrap().1));
}

#[tokio::test]
async fn a_receiver_gets_every_event_of_its_merchant_signed_and_as_get_returns_it() {
    let shop = Shop::open().await;
    let (all, some, other) = (Receiver::open().await, Receiver::open().await, Receiver::open().await);
    let mut paid = some.document("some");
    paid["events"] = json!(["order.paid"]);
    paid["x_moltin_secret_key"] = json!("shared");
    put(&shop, &[all.document("all"), paid]);
    let foreign = format!("{WEBHOOKS_PREFIX}{}", merchants::EXTERNAL);
    shop.stack.secrets().put(&foreign, json!({ "receivers": [other.document("other")] }));
    shop.register("o", 2599).await;
    shop.pay_by_token("o", "purchase").await.data(200);
    deliver(&shop).await;
    let told = ["order.paid", "order.updated", "transaction.created", "transaction.updated"];
    assert_eq!(types(&all.messages()), told.map(str::to_owned).into());
    let messages = some.messages();
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0].header("x-moltin-secret-key"), "shared");
    let mut shown = shop.get("/v2/orders/o").await.data(200).clone();
    let told = messages[0].verified();
    let data = told["data"].clone();
    // The message itself has it.
    let version = without_version(&mut shown);
    assert!(told["version"].as_u64().unwrap() <= version);
    if let Some(shown) = shown.as_object_mut() {
        shown.retain(|name, _| data.get(name).is_some());
    }
    assert_eq!(data, shown);
    assert!(other.messages().is_empty(), "another merchant's receiver gets nothing");
    // Both streams once more, as after a crash: deliveries that were added are not added again.
    let before = all.messages().len();
    deliver(&shop).await;
    assert_eq!(all.messages().len(), before);
    assert_eq!(states(&shop, "some").await, ["sent"]);
    shop.close().await;
}

#[tokio::test]
async fn a_receiver_that_fails_gets_everything_later_under_the_same_ids_and_holds_up_no_other() {
    let shop = Shop::open().await;
    let (bad, good) = (Receiver::open().await, Receiver::open().await);
    bad.respond(500);
    put(&shop, &[bad.document("bad"), good.document("good")]);
    for order in ["a", "b"] {
        shop.register(order, 2599).await;
        shop.pay_by_token(order, "purchase").await.data(200);
    }
    deliver(&shop).await;
    let expected = good.messages().len();
    assert!(expected >= 6 && states(&shop, "good").await.iter().all(|state| state == "sent"));
    assert_eq!(states(&shop, "bad").await, vec!["waiting"; expected]);
    let first = bad.messages();
    assert!(first.len() < expected + 1, "it is left alone once it counts as down");
    bad.respond(200);
    run(&shop).await;
    assert_eq!(bad.messages().len(), first.len(), "it waits for the probe");
    shop.stack.advance_clock(61);
    run(&shop).await;
    assert_eq!(states(&shop, "bad").await, vec!["delivered"; expected]);
    let id = |message: &Message| message.header("webhook-id").to_owned();
    let ids = |messages: &[Message]| messages.iter().map(id).collect::<BTreeSet<_>>();
    assert_eq!(ids(&bad.messages()), ids(&good.messages()));
    let again =
        bad.messages().into_iter().skip(first.len()).find(|again| id(again) == id(&first[0])).unwrap();
    assert_eq!(again.body, first[0].body);
    again.verified();
    let all = good.messages().len();
    shop.stack.advance_clock(3_600);
    run(&shop).await;
    assert_eq!((bad.messages().len(), good.messages().len()), (first.len() + expected, all), "no more");
    shop.close().await;
}

/// A command that moves the stack's clock makes an event, and its receiver has the machine's time.
#[tokio::test]
async fn a_receiver_takes_messages_of_a_stack_whose_clock_is_ahead() {
    let mut shop = Shop::open().await;
    let receiver = Receiver::open().await;
    put(&shop, &[receiver.document("shop")]);
    shop.stack.advance_clock(8 * 86_400);
    shop.renew_token().await;
    shop.register("o", 2599).await;
    shop.pay_by_token("o", "purchase").await.data(200);
    deliver(&shop).await;
    let messages = receiver.messages();
    assert!(!messages.is_empty());
    types(&messages);
    shop.close().await;
}

#[tokio::test]
async fn what_no_receiver_takes_for_three_days_is_parked() {
    let shop = Shop::open().await;
    let receiver = Receiver::open().await;
    receiver.respond(302);
    put(&shop, &[receiver.document("shop")]);
    shop.register("o", 2599).await;
    shop.pay_by_token("o", "purchase").await.data(200);
    deliver(&shop).await;
    assert!(states(&shop, "shop").await.iter().all(|state| state == "waiting"));
    for _ in 0..74 {
        shop.stack.advance_clock(3_600);
        run(&shop).await;
    }
    assert!(states(&shop, "shop").await.iter().all(|state| state == "parked"));
    let attempts = receiver.messages().len();
    shop.stack.advance_clock(86_400);
    run(&shop).await;
    assert_eq!(receiver.messages().len(), attempts);
    shop.close().await;
}

#[tokio::test]
async fn a_receiver_that_says_it_is_gone_gets_nothing_more_until_a_person_sends_again() {
    let shop = Shop::open().await;
    let (gone, stays) = (Receiver::open().await, Receiver::open().await);
    gone.respond(410);
    put(&shop, &[gone.document("gone"), stays.document("stays")]);
    shop.register("o", 2599).await;
    shop.pay_by_token("o", "purchase").await.data(200);
    deliver(&shop).await;
    let seen = gone.messages().len();
    assert!(seen > 0);
    shop.register("p", 2599).await;
    shop.pay_by_token("p", "purchase").await.data(200);
    deliver(&shop).await;
    shop.stack.advance_clock(3_600);
    run(&shop).await;
    assert_eq!(gone.messages().len(), seen, "nothing is sent");
    let expected = stays.messages().len();
    assert_eq!(states(&shop, "gone").await, vec!["parked"; expected]);
    gone.respond(204);
    let client = dynamodb_client(shop.stack.dynamodb_url());
    let kept_here = DynamoDbDeliveries::new(client, WEBHOOKS_TABLE_NAME.to_owned());
    let (merchant, receiver) = (merchants::REGISTERED.parse().unwrap(), "gone".parse().unwrap());
    let key = ReceiverKey { merchant, receiver };
    for (_, kept) in kept_here.page(&key, None, 1_000).await.unwrap().deliveries {
        kept_here.replay(&kept.unwrap().delivery, shop.stack.clock().now()).await.unwrap();
    }
    run(&shop).await;
    assert_eq!(states(&shop, "gone").await, vec!["delivered"; expected]);
    shop.close().await;
}

/// Takes a merchant's document away, or makes it one that cannot be read.
fn spoil(shop: &Shop, is_deleted: bool) {
    let name = format!("{WEBHOOKS_PREFIX}{}", merchants::REGISTERED);
    if is_deleted {
        shop.stack.secrets().remove(&name);
    } else {
        shop.stack.secrets().put(&name, json!({ "receivers": "nonsense" }));
    }
    shop.stack.advance_clock(2);
}

pub(crate) async fn pay(shop: &Shop, order: &str) {
    shop.register(order, 2599).await;
    shop.pay_by_token(order, "purchase").await.data(200);
}

/// Everything in all tables but the orders', and in the log, that names a receiver.
pub(crate) async fn mentions(shop: &Shop, receiver: &str) -> usize {
    let client = dynamodb_client(shop.stack.dynamodb_url());
    let mut text = String::new();
    for table in client.list_tables().send().await.unwrap().table_names.unwrap() {
        write!(text, "{:?}", client.scan().table_name(table).send().await.unwrap().items()).unwrap();
    }
    text.matches(receiver).count()
}

#[tokio::test]
async fn a_receiver_that_is_taken_away_is_gone_from_every_table_within_15_minutes() {
    let shop = Shop::open().await;
    let (gone, waits, stays) = (Receiver::open().await, Receiver::open().await, Receiver::open().await);
    waits.respond(500);
    put(&shop, &[gone.document("goner"), waits.document("waiter"), stays.document("stays")]);
    pay(&shop, "o").await;
    deliver(&shop).await;
    // Under way while they are removed.
    pay(&shop, "p").await;
    shop.stack.deliver_stream().await.unwrap();
    let before = [gone.messages().len(), waits.messages().len()];
    assert!(mentions(&shop, "goner").await > 1 && mentions(&shop, "waiter").await > 1);
    put(&shop, &[stays.document("stays")]);
    let watch = Watch::over("off,tollgate=info");
    shop.stack.deliver_webhooks().await.unwrap();
    pay(&shop, "q").await;
    deliver(&shop).await;
    for _ in 0..14 {
        run(&shop).await;
        shop.stack.advance_clock(60);
    }
    assert_eq!([gone.messages().len(), waits.messages().len()], before, "they get nothing more");
    for receiver in ["goner", "waiter"] {
        // That it was removed is kept a little longer, so that nothing turns up later.
        assert_eq!(mentions(&shop, receiver).await, 1, "{receiver}");
    }
    let lines = watch.lines();
    assert!(!lines.iter().any(|(text, _)| text.contains("a webhook") && text.contains("goner")), "{lines:?}");
    for _ in 0..8 {
        shop.stack.advance_clock(60);
        run(&shop).await;
    }
    assert_eq!(mentions(&shop, "goner").await + mentions(&shop, "waiter").await, 0);
    assert!(stays.messages().len() > 4 && mentions(&shop, "stays").await > 4);
    shop.close().await;
}

#[tokio::test]
async fn without_its_document_nothing_is_sent_and_events_wait_three_days_also_for_a_fresh_process() {
    for is_deleted in [false, true] {
        let shop = Shop::open().await;
        let receiver = Receiver::open().await;
        put(&shop, &[receiver.document("shop")]);
        pay(&shop, "o").await;
        deliver(&shop).await;
        let before = receiver.messages().len();
        assert!(before > 0);
        spoil(&shop, is_deleted);
        pay(&shop, "p").await;
        deliver(&shop).await;
        shop.stack.cold_start().unwrap();
        pay(&shop, "q").await;
        deliver(&shop).await;
        assert!(!shop.stack.bus().events().is_empty(), "the bus has them all the same");
        let told = shop.stack.bus().events().len();
        for _ in 0..71 {
            shop.stack.advance_clock(3_600);
            run(&shop).await;
        }
        assert_eq!(receiver.messages().len(), before);
        let count = |states: &[String], word: &str| states.iter().filter(|state| *state == word).count();
        let found = states(&shop, "shop").await;
        assert_eq!((count(&found, "sent"), count(&found, "waiting")), (before, told - before));
        for _ in 0..14 {
            shop.stack.advance_clock(3_600);
            run(&shop).await;
        }
        assert_eq!(count(&states(&shop, "shop").await, "parked"), told - before);
        assert_eq!(receiver.messages().len(), before);
        // A person sends them once the document is there again.
        put(&shop, &[receiver.document("shop")]);
        let client = dynamodb_client(shop.stack.dynamodb_url());
        let kept_here = DynamoDbDeliveries::new(client, WEBHOOKS_TABLE_NAME.to_owned());
        let (merchant, name) = (merchants::REGISTERED.parse().unwrap(), "shop".parse().unwrap());
        let key = ReceiverKey { merchant, receiver: name };
        for (_, kept) in kept_here.page(&key, None, 1_000).await.unwrap().deliveries {
            let kept = kept.unwrap();
            if kept.state == DeliveryState::Parked {
                kept_here.replay(&kept.delivery, shop.stack.clock().now()).await.unwrap();
            }
        }
        for _ in 0..31 {
            shop.stack.advance_clock(60);
            run(&shop).await;
        }
        assert_eq!(receiver.messages().len(), told, "all of them arrive");
        shop.close().await;
    }
}

use std::time::Duration;

use elastic_path_fake::{
    BalanceMember, Endpoint, ExpiresIn, Fake, FakeClient, FakeConfig, Fault, FaultKind, Method, NewOrder,
    OrderStatus, Overpay, PaymentWord, Settings, TokenRefusal, TokenShape, TokenStatus,
};
use jiff::{SignedDuration, Timestamp};
use memory::SetClock;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};
use tollgate_core::{
    order::{RowStatus, ShopStanding},
    values::{Amount, Currency},
};
use uuid::Uuid;

use super::*;
use crate::{lambda::GATEWAY, merchant_document};

/// A shop, and a client whose clock is the shop's.
struct Bench {
    fake: Fake,
    client: ElasticPathClient,
    clock: Arc<SetClock>,
    merchant: Merchant,
}

impl Bench {
    fn new() -> Self {
        let clients = ["first", "second"];
        let clients = clients.map(|id| FakeClient { id: id.to_owned(), secret: format!("secret of {id}") });
        let config = FakeConfig { clients: clients.to_vec(), ..FakeConfig::default() };
        let fake = Fake::start(config).unwrap();
        let clock = Arc::new(SetClock::at(Timestamp::now()));
        let merchant = merchant(&fake.base_url(), &["first", "second"]);
        Self { client: ElasticPathClient::new(clock.clone()), fake, clock, merchant }
    }

    async fn read(&self, id: &str, by: Principal) -> Result<Option<ShopOrder>, ShopFailure> {
        self.client.order(&self.merchant, &id.parse().unwrap(), by).await
    }

    async fn order(&self, id: &str) -> Result<Option<ShopOrder>, ShopFailure> {
        self.read(id, Principal::ClientCredentials).await
    }

    /// Paths of the requests so far.
    fn paths(&self) -> Vec<String> {
        self.fake.ledger().into_iter().map(|sent| format!("{} {}", sent.method, sent.path)).collect()
    }

    fn count(&self, path: &str) -> usize {
        self.paths().iter().filter(|sent| *sent == path).count()
    }

    fn tokens(&self) -> usize {
        self.count("POST /oauth/access_token")
    }

    fn pass(&self, seconds: i64) {
        self.fake.advance_clock(SignedDuration::from_secs(seconds));
        self.clock.pass(SignedDuration::from_secs(seconds));
    }
}

fn merchant(endpoint: &str, keys: &[&str]) -> Merchant {
    let keys: Vec<_> =
        keys.iter().map(|id| json!({"client_id": id, "client_secret": format!("secret of {id}")})).collect();
    let document = json!({
        "keys": ["a-key-of-the-merchant"],
        "token_signing_key": "0123456789abcdef0123456789abcdef",
        "gateway": {"site": "fts-uat", "username": "u", "password": "p", "merchids": {"USD": "1"}},
        "orders": "elastic_path",
        "elastic_path": {"base_url": endpoint, "keys": keys},
    });
    merchant_document::parse("m".parse().unwrap(), &document.to_string(), GATEWAY).unwrap()
}

#[tokio::test]
async fn an_order_is_read_with_one_call_and_a_token_an_hour() {
    let bench = Bench::new();
    let id = bench.fake.add_order(NewOrder::of(10_000));
    bench.fake.pay_elsewhere(&id, 2_500, Method::Purchase);
    bench.fake.pay_elsewhere(&id, 1_500, Method::Authorize);
    for _ in 0..3 {
        let order = bench.order(&id).await.unwrap().unwrap();
        assert_eq!((order.total.minor(), order.owing.minor()), (10_000, 6_000));
        assert_eq!((order.currency, order.standing), (Currency::USD, ShopStanding::Open));
        bench.pass(1_100);
    }
    assert_eq!((bench.tokens(), bench.paths().len()), (1, 4));
    // 3,540 of 3,600 seconds are over.
    bench.pass(240);
    bench.order(&id).await.unwrap();
    assert_eq!(bench.tokens(), 2);
    assert_eq!(bench.order("no-such-order").await, Ok(None));
}

#[tokio::test]
async fn tokens_of_every_kind_are_used_and_renewed_once_after_they_are_refused() {
    let bench = Bench::new();
    let id = bench.fake.add_order(NewOrder::of(10_000));
    for settings in [
        Settings { token_shape: TokenShape::InData, ..Settings::default() },
        Settings { token_lifetime_s: 60, ..Settings::default() },
        Settings { token_status: TokenStatus::Created, ..Settings::default() },
        Settings { expires_in: ExpiresIn::Text, ..Settings::default() },
        Settings { expires_in: ExpiresIn::Absent, ..Settings::default() },
    ] {
        bench.fake.set(settings);
        bench.pass(4_000);
        assert!(bench.order(&id).await.unwrap().is_some());
    }
    bench.fake.set(Settings::default());
    bench.pass(4_000);
    bench.order(&id).await.unwrap();
    let (tokens, sent) = (bench.tokens(), bench.paths().len());
    bench.fake.fault(Fault::once(Endpoint::Order, FaultKind::RevokedToken));
    assert!(bench.order(&id).await.unwrap().is_some());
    assert_eq!((bench.tokens(), bench.paths().len()), (tokens + 1, sent + 3), "refused, renewed, read");
    let twice = Fault { times: 2, ..Fault::once(Endpoint::Order, FaultKind::RevokedToken) };
    bench.fake.fault(twice);
    assert!(matches!(bench.order(&id).await, Err(ShopFailure::Unavailable(_))));
    assert_eq!(bench.tokens(), tokens + 2, "once");
}

#[tokio::test]
async fn a_key_that_is_refused_gives_way_to_the_other_and_one_that_is_taken_away_is_not_used() {
    for keys in [["gone", "second"], ["second", "gone"]] {
        let mut bench = Bench::new();
        bench.merchant = merchant(&bench.fake.base_url(), &keys);
        let id = bench.fake.add_order(NewOrder::of(100));
        assert!(bench.order(&id).await.unwrap().is_some(), "{keys:?}");
        let shop = bench.merchant.shop.as_ref().unwrap();
        for key in &shop.keys {
            assert_eq!(bench.client.takes_key(shop, key).await, Ok(key.client_id == "second"));
        }
        // The document names another key now.
        bench.merchant = merchant(&bench.fake.base_url(), &["first"]);
        bench.order(&id).await.unwrap();
        let last = bench.fake.ledger().pop().unwrap();
        assert_eq!(last.client.as_deref(), Some("first"));
        bench.merchant = merchant(&bench.fake.base_url(), &["gone"]);
        let Err(ShopFailure::Unavailable(why)) = bench.order(&id).await else { panic!("it is read") };
        assert!(!why.contains("secret"), "{why}");
    }
}

#[tokio::test]
async fn each_failure_of_a_shop_is_one_and_no_answer_about_the_order() {
    let bench = Bench::new();
    let id = bench.fake.add_order(NewOrder::of(100));
    bench.order(&id).await.unwrap();
    let unreadable = [
        FaultKind::NotJson,
        FaultKind::LacksMember("data.id".to_owned()),
        FaultKind::LacksMember("data.status".to_owned()),
        FaultKind::LacksMember("data.payment".to_owned()),
        FaultKind::LacksMember("data.meta.display_price.with_tax".to_owned()),
        FaultKind::LacksMember("data.meta.display_price.with_tax.currency".to_owned()),
        FaultKind::LacksMember("data.meta.display_price.balance_owing".to_owned()),
        FaultKind::LacksMember("data.meta.display_price.balance_owing.amount".to_owned()),
    ];
    for kind in unreadable {
        bench.fake.fault(Fault::once(Endpoint::Order, kind.clone()));
        let read = bench.order(&id).await;
        assert!(matches!(read, Err(ShopFailure::Unreadable(_))), "{kind:?}: {read:?}");
    }
    let unavailable = [
        FaultKind::TooManyRequests(Some(7)),
        FaultKind::TooManyRequests(None),
        FaultKind::InternalError,
        FaultKind::BadGatewayHtml,
        FaultKind::GatewayTimeout(1),
        FaultKind::Conflict,
        FaultKind::CutBefore,
        FaultKind::CutAfter,
        FaultKind::TooLarge,
    ];
    for kind in &unavailable {
        bench.fake.fault(Fault::once(Endpoint::Order, kind.clone()));
        let read = bench.order(&id).await;
        assert!(matches!(read, Err(ShopFailure::Unavailable(_))), "{kind:?}: {read:?}");
    }
    for kind in unavailable {
        bench.pass(4_000);
        bench.fake.fault(Fault::once(Endpoint::Token, kind.clone()));
        let read = bench.order(&id).await;
        assert!(matches!(read, Err(ShopFailure::Unavailable(_))), "{kind:?}: {read:?}");
    }
    bench.fake.fault(Fault::once(Endpoint::Order, FaultKind::Hang(60_000)));
    let Err(ShopFailure::Unavailable(late)) = bench.order(&id).await else { panic!("it is waited for") };
    assert_eq!(late, "it does not answer within 3 s");
    assert!(bench.order(&id).await.unwrap().is_some());
}

#[tokio::test]
async fn the_words_of_an_order_say_whether_the_shop_takes_a_payment() {
    let bench = Bench::new();
    let paid = bench.fake.add_order(NewOrder::of(100));
    bench.fake.pay_elsewhere(&paid, 100, Method::Purchase);
    let held = bench.fake.add_order(NewOrder::of(100));
    bench.fake.pay_elsewhere(&held, 100, Method::Authorize);
    let part = bench.fake.add_order(NewOrder::of(100));
    bench.fake.pay_elsewhere(&part, 40, Method::Authorize);
    let cancelled = bench.fake.add_order(NewOrder::of(100));
    bench.fake.cancel(&cancelled);
    let imported = NewOrder {
        id: Some("old.shop:17~b".to_owned()),
        is_manual: true,
        status: OrderStatus::Complete,
        payment: PaymentWord::Paid,
        ..NewOrder::of(100)
    };
    let imported = bench.fake.add_order(imported);
    let unpaid = bench.fake.add_order(NewOrder { is_manual: true, ..NewOrder::of(100) });
    // More may be said to be owing than the sums leave.
    bench.fake.change(|settings| settings.balance_excess = 10);
    for (id, standing, owing) in [
        (&paid, ShopStanding::Settled, 0),
        (&held, ShopStanding::Settled, 0),
        (&part, ShopStanding::Open, 60),
        (&cancelled, ShopStanding::Cancelled, 100),
        (&imported, ShopStanding::Settled, 0),
        (&unpaid, ShopStanding::Open, 100),
    ] {
        let order = bench.order(id).await.unwrap().unwrap();
        assert_eq!((order.standing, order.owing.minor()), (standing, owing), "{id}");
    }
}

#[tokio::test]
async fn a_settled_order_need_not_say_what_it_owes_and_a_key_may_be_refused_as_a_bad_request() {
    let mut bench = Bench::new();
    bench.merchant = merchant(&bench.fake.base_url(), &["gone", "second"]);
    bench.fake.set(Settings {
        balance_member: BalanceMember::MissingWhenSettled,
        token_refusal: TokenRefusal::BadRequest,
        ..Settings::default()
    });
    let paid = bench.fake.add_order(NewOrder::of(100));
    bench.fake.pay_elsewhere(&paid, 100, Method::Purchase);
    let order = bench.order(&paid).await.unwrap().unwrap();
    assert_eq!((order.standing, order.owing), (ShopStanding::Settled, Amount::ZERO));
}

/// A store whose answers are as long as this, with white space at the end.
async fn store_of_long_answers(order_bytes: usize) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let token = json!({"access_token": "t", "expires_in": 3600}).to_string();
        let price = json!({"amount": 100, "currency": "USD"});
        let prices = json!({"with_tax": price, "balance_owing": price});
        let order = json!({"data": {
            "id": "o", "status": "incomplete", "payment": "unpaid", "meta": {"display_price": prices},
        }});
        let mut order = order.to_string();
        order.extend(std::iter::repeat_n(' ', order_bytes - order.len()));
        for answer in [token, order] {
            let (mut connection, _) = listener.accept().await.unwrap();
            let mut request = [0; 4096];
            let _ = connection.read(&mut request).await.unwrap();
            let length = answer.len();
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
            connection.write_all(format!("{head}{answer}").as_bytes()).await.unwrap();
        }
    });
    format!("http://{address}")
}

#[tokio::test]
async fn an_answer_is_read_up_to_its_limit_and_not_a_byte_more() {
    for (bytes, is_read) in [(BODY_MAX_BYTES, true), (BODY_MAX_BYTES + 1, false)] {
        let merchant = merchant(&store_of_long_answers(bytes).await, &["first"]);
        let client = ElasticPathClient::new(Arc::new(SetClock::at(Timestamp::now())));
        let read = client.order(&merchant, &"o".parse().unwrap(), Principal::Schedule).await;
        assert_eq!(read.is_ok(), is_read, "{read:?}");
    }
}

/// Answers that the fake does not give.
#[test]
fn an_answer_that_contradicts_itself_is_none() {
    let price = |amount: i64| json!({"amount": amount, "currency": "USD", "formatted": "$"});
    let document = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut order = json!({"data": {
            "id": "o", "status": "incomplete", "payment": "unpaid", "new_member": [1],
            "customer": {"name": "Ann Lee", "email": "ann@example.com"},
            "meta": {"display_price": {"with_tax": price(100), "balance_owing": price(60), "paid": price(40), "authorized": price(0)}},
        }});
        change(&mut order["data"]);
        answer::order(order.to_string().as_bytes(), &"o".parse().unwrap(), Timestamp::UNIX_EPOCH)
    };
    assert!(document(&|_| {}).is_ok());
    let prices = "/meta/display_price";
    let set = |pointer: &str, value: serde_json::Value| {
        let pointer = pointer.to_owned();
        document(&move |order| *order.pointer_mut(&pointer).unwrap() = value.clone())
    };
    for (pointer, value) in [
        ("/id".to_owned(), json!("another")),
        ("/status".to_owned(), json!("on_hold")),
        ("/payment".to_owned(), json!("disputed")),
        (format!("{prices}/balance_owing/currency"), json!("EUR")),
        (format!("{prices}/paid/currency"), json!("EUR")),
        (format!("{prices}/with_tax/currency"), json!("points")),
        (format!("{prices}/with_tax/amount"), json!("100")),
        (format!("{prices}/balance_owing/amount"), json!(60.5)),
        (format!("{prices}/balance_owing/amount"), json!(1_000_000_000_000_000_000_u64)),
    ] {
        let found = set(&pointer, value);
        let Err(ShopFailure::Unreadable(why)) = found else { panic!("{pointer}: {found:?}") };
        assert!(!why.contains("Ann") && !why.contains("example"), "{why}");
    }
    let negative = set(&format!("{prices}/balance_owing/amount"), json!(-1)).unwrap();
    assert_eq!(negative.owing, Amount::ZERO);
    let imported = document(&|order| {
        order["payment"] = json!("paid");
        order["meta"]["is_manual"] = json!(true);
        order["meta"]["display_price"]["paid"] = price(0);
    });
    assert_eq!(imported.unwrap().standing, ShopStanding::Imported);
}

#[tokio::test]
async fn shoppers_read_five_orders_a_second_and_ask_once_a_minute_for_one_that_is_not_there() {
    let bench = Bench::new();
    let id = bench.fake.add_order(NewOrder::of(100));
    for _ in 0..5 {
        assert!(bench.read(&id, Principal::Implicit).await.unwrap().is_some());
    }
    let sent = bench.paths().len();
    assert!(matches!(bench.read(&id, Principal::Implicit).await, Err(ShopFailure::TooManyReads(_))));
    assert_eq!(bench.paths().len(), sent, "the sixth");
    let other = Merchant { id: "other".parse().unwrap(), ..merchant(&bench.fake.base_url(), &["first"]) };
    let read = bench.client.order(&other, &id.parse().unwrap(), Principal::Implicit).await;
    assert!(read.unwrap().is_some(), "each merchant has a share of its own");
    assert!(bench.order(&id).await.unwrap().is_some(), "the merchant's own server has no such limit");
    bench.pass(1);
    let unknown = "GET /v2/orders/not-there";
    for _ in 0..3 {
        assert_eq!(bench.read("not-there", Principal::Implicit).await, Ok(None));
        bench.pass(1);
    }
    assert_eq!(bench.count(unknown), 1);
    assert_eq!(bench.order("not-there").await, Ok(None));
    assert_eq!(bench.count(unknown), 2, "the server asks each time");
    let there = NewOrder { id: Some("not-there".to_owned()), ..NewOrder::of(100) };
    bench.fake.add_order(there);
    assert_eq!(bench.read("not-there", Principal::Implicit).await, Ok(None), "remembered");
    bench.pass(60);
    assert!(bench.read("not-there", Principal::Implicit).await.unwrap().is_some());
}

/// A step of a payment that the shop has no transaction of, or this one.
fn step(step: Kind, id: Option<&str>) -> ToTell {
    ToTell {
        part: None,
        transaction: Uuid::from_u128(7),
        attempt: Uuid::nil(),
        step,
        amount: Amount::new(4_000).unwrap(),
        id: id.map(str::to_owned),
    }
}

impl Bench {
    async fn tell(&self, id: &str, step: &ToTell) -> TellingAnswer {
        self.client.tell(&self.merchant, &id.parse().unwrap(), step, Duration::from_secs(4)).await
    }
}

#[tokio::test]
async fn each_answer_to_a_payment_says_whether_the_shop_may_have_it() {
    let bench = Bench::new();
    let purchase = step(Kind::Purchase, None);
    let (unknown, not_arrived) = (TellingAnswer::Unknown, TellingAnswer::NotArrived);
    for (kind, expected) in [
        (FaultKind::TooManyRequests(Some(1)), &not_arrived),
        (FaultKind::InternalError, &unknown),
        (FaultKind::BadGatewayHtml, &unknown),
        (FaultKind::GatewayTimeout(1), &unknown),
        (FaultKind::Conflict, &unknown),
        (FaultKind::CutBefore, &unknown),
        (FaultKind::CutAfter, &unknown),
        (FaultKind::NotJson, &unknown),
        (FaultKind::TooLarge, &unknown),
        (FaultKind::LacksMember("data.id".to_owned()), &unknown),
        (FaultKind::LacksMember("data.amount".to_owned()), &unknown),
        (FaultKind::LacksMember("data.transaction_type".to_owned()), &unknown),
    ] {
        let id = bench.fake.add_order(NewOrder::of(10_000));
        bench.fake.fault(Fault::once(Endpoint::Payments, kind.clone()));
        assert_eq!(bench.tell(&id, &purchase).await, *expected, "{kind:?}");
    }
    // A token that is refused was not read any further, and neither was a request without one.
    let id = bench.fake.add_order(NewOrder::of(10_000));
    bench.fake.fault(Fault::once(Endpoint::Payments, FaultKind::RevokedToken));
    let recorded = bench.tell(&id, &purchase).await;
    let row = bench.fake.order(&id).unwrap().transactions.remove(0);
    assert_eq!(recorded, TellingAnswer::Recorded(row.id.clone()));
    assert_eq!(row.custom_reference, Some(purchase.transaction.to_string()));
    bench.pass(4_000);
    bench.fake.fault(Fault::once(Endpoint::Token, FaultKind::InternalError));
    assert_eq!(bench.tell(&id, &purchase).await, not_arrived);
    assert_eq!(bench.tell("not-there", &purchase).await, not_arrived);
    let nobody = merchant("http://127.0.0.1:9", &["first"]);
    let order = id.parse().unwrap();
    let answer = bench.client.tell(&nobody, &order, &purchase, Duration::from_secs(4)).await;
    assert_eq!(answer, not_arrived, "no connection");
    // A refusal, and a shop that records another amount than was sent.
    bench.fake.pay_elsewhere(&id, 6_000, Method::Purchase);
    assert_eq!(bench.tell(&id, &purchase).await, TellingAnswer::Refused);
    let id = bench.fake.add_order(NewOrder::of(3_000));
    assert_eq!(bench.tell(&id, &purchase).await, TellingAnswer::Refused);
    bench.fake.set(Settings { overpay: Overpay::AcceptCap, ..Settings::default() });
    assert_eq!(bench.tell(&id, &purchase).await, unknown);
}

#[tokio::test]
async fn a_capture_and_a_refund_name_the_shops_own_transaction_and_transactions_are_read_in_every_form() {
    let bench = Bench::new();
    for settings in Settings::variations().into_iter().map(|(_, settings)| settings) {
        bench.fake.set(Settings { rate_per_s: None, ..settings.late(0) });
        let id = bench.fake.add_order(NewOrder::of(4_000));
        let TellingAnswer::Recorded(there) = bench.tell(&id, &step(Kind::Authorize, None)).await else {
            panic!("{:?}", bench.fake.settings());
        };
        for kind in [Kind::Capture, Kind::Refund] {
            let answer = bench.tell(&id, &step(kind, Some(&there))).await;
            assert!(matches!(answer, TellingAnswer::Recorded(_)), "{answer:?}: {:?}", bench.fake.settings());
        }
        let shown = bench.client.transactions(&bench.merchant, &id.parse().unwrap()).await.unwrap();
        assert!(shown.iter().any(|row| row.step == Some(Kind::Refund)), "{shown:?}");
        assert!(shown.iter().all(|row| row.amount.minor() == 4_000 && row.is_manual), "{shown:?}");
    }
}

#[test]
fn a_transaction_of_another_gateway_may_lack_anything_and_one_id_is_one_transaction() {
    let ours = json!({"id": "a", "gateway": "manual", "amount": 5, "transaction_type": "purchase"});
    let stripe = json!({"id": "b", "gateway": "stripe", "amount": 5, "status": "pending"});
    let odd = [json!({"gateway": "stripe", "amount": null}), json!({"id": 7}), json!(null)];
    let others = [&odd[..], &[ours.clone(), stripe, ours.clone()]].concat();
    let read = |rows: Value| answer::transactions(json!({"data": rows}).to_string().as_bytes());
    let shown = read(json!(others)).unwrap();
    let shown: Vec<_> = shown.iter().map(|row| (row.id.as_str(), row.is_manual, row.status)).collect();
    assert_eq!(shown, [("a", true, RowStatus::Complete), ("b", false, RowStatus::Pending)]);
    for (word, status) in [
        ("complete", RowStatus::Complete),
        ("cancelled", RowStatus::Cancelled),
        ("canceled", RowStatus::Cancelled),
        ("failed", RowStatus::Failed),
    ] {
        let mut row = ours.clone();
        row["status"] = json!(word);
        assert_eq!(read(json!([row])).unwrap()[0].status, status, "{word}");
    }
    // One of ours that cannot be read may be the one that is looked for.
    for (member, value) in
        [("amount", json!(null)), ("amount", json!(1.5)), ("id", json!("a/b")), ("id", json!(""))]
    {
        let mut odd = ours.clone();
        odd[member] = value;
        assert!(matches!(read(json!([odd])), Err(ShopFailure::Unreadable(_))), "{odd}");
    }
}

/// All that a client can do, with every id that there can be.
#[tokio::test]
async fn nothing_but_tokens_orders_payments_and_the_manual_gateway_is_ever_called() {
    let bench = Bench::new();
    assert_eq!(bench.client.has_manual_gateway(&bench.merchant).await, Ok(true));
    let ids = ["..a", "a..", "~", "a:b", "-", ".", "gateways", "a~.", "integrations"];
    for id in ids.iter().filter_map(|id| id.parse::<OrderId>().ok()) {
        for by in [Principal::Implicit, Principal::ClientCredentials, Principal::Schedule] {
            let _ = bench.client.order(&bench.merchant, &id, by).await;
        }
        let _ = bench.client.transactions(&bench.merchant, &id).await;
        for (kind, there) in [
            (Kind::Authorize, None),
            (Kind::Purchase, None),
            (Kind::Capture, Some("there")),
            (Kind::Refund, Some("there")),
            (Kind::Void, Some("there")),
            (Kind::Capture, None),
        ] {
            bench.tell(id.as_str(), &step(kind, there)).await;
        }
    }
    assert!(bench.client.changed(&bench.merchant, Timestamp::UNIX_EPOCH, 50).await.is_ok());
    let shop = bench.merchant.shop.as_ref().unwrap();
    assert_eq!(bench.client.takes_key(shop, &shop.keys[0]).await, Ok(true));
    for sent in bench.fake.ledger() {
        let place: Vec<&str> = sent.path.split('/').skip(1).collect();
        let is_known = match (sent.method.as_str(), place.as_slice()) {
            ("POST", ["oauth", "access_token"]) | ("GET", ["v2", "gateways", "manual"]) => true,
            ("GET", ["v2", list]) => list.starts_with("orders?filter=ge(updated_at,"),
            // Only that it is canceled: the shop refuses another status.
            ("PUT", ["v2", "orders", id]) => id.parse::<OrderId>().is_ok() && sent.status == Some(404),
            ("GET", ["v2", "orders", id] | ["v2", "orders", id, "transactions"]) => {
                id.parse::<OrderId>().is_ok()
            }
            (
                "POST",
                ["v2", "orders", id, "payments"]
                | ["v2", "orders", id, "transactions", "there", "capture" | "refund"],
            ) => id.parse::<OrderId>().is_ok(),
            _ => false,
        };
        assert!(is_known, "{sent:?}");
    }
    assert!(bench.paths().len() > 10);
    bench.fake.fault(Fault::once(Endpoint::Gateway, FaultKind::NotJson));
    assert!(matches!(
        bench.client.has_manual_gateway(&bench.merchant).await,
        Err(ShopFailure::Unreadable(why)) if !why.contains("password")
    ));
}

/// An order without amounts, and an id that no order of Tollgate's can have.
#[test]
fn a_row_says_whether_its_order_is_canceled_and_what_is_settled() {
    let row = |id: &str, status: &str, at: &str| serde_json::json!({"id": id, "status": status, "meta": {"timestamps": {"updated_at": at}}});
    let page = |rows: &[serde_json::Value]| {
        answer::changed(serde_json::json!({ "data": rows }).to_string().as_bytes(), Timestamp::UNIX_EPOCH)
    };
    let (early, late) = ("2030-01-01T00:00:00Z", "2030-01-02T00:00:00Z");
    let mut rows =
        vec![row("a", "cancelled", early), row("b", "complete", early), row("c d", "cancelled", late)];
    let read = page(&rows).unwrap();
    let named = read.orders.iter().map(|order| (order.id.as_str(), order.is_cancelled));
    assert_eq!(named.collect::<Vec<_>>(), [("a", true), ("b", false)]);
    assert!(read.orders.iter().all(|order| order.there.is_none()));
    assert_eq!((read.rows, read.reached), (3, late.parse().ok()));
    rows.reverse();
    assert_eq!(page(&rows).unwrap().reached, None, "its order says nothing");
    rows.push(serde_json::json!({}));
    assert_eq!(page(&rows).unwrap().rows, 4);
    assert_eq!(page(&[]).unwrap(), ChangedPage::default());
    assert!(answer::changed(b"{}", Timestamp::UNIX_EPOCH).is_err());
}

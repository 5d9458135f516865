//! The fake over HTTP, with a client that reads one response per connection.
#![expect(clippy::unwrap_used, reason = "a panic is the failure of a test")]

use std::{collections::BTreeMap, fmt::Write};

use elastic_path_fake::{
    Endpoint, Fake, FakeConfig, Fault, FaultKind, Method, NewOrder, OrderStatus, PaymentWord, Rows, Settings,
    StoreAct,
};
use jiff::SignedDuration;
use serde_json::{Value, json};
use tokio::{io::AsyncReadExt, io::AsyncWriteExt, net::TcpStream};

struct Response {
    /// 0: the connection was closed without a response.
    status: u16,
    head: String,
    text: String,
    json: Value,
}

/// A fake, and the token of its client.
struct Shop {
    fake: Fake,
    token: String,
}

const KEY: &str =
    "client_id=elastic-path-client&client_secret=elastic-path-secret&grant_type=client_credentials";
const IMPLICIT: &str = "client_id=elastic-path-client&grant_type=implicit";

impl Shop {
    async fn with(settings: Settings) -> Self {
        let fake = Fake::start(FakeConfig { settings, ..FakeConfig::default() }).unwrap();
        let mut shop = Self { fake, token: String::new() };
        shop.token = shop.new_token(KEY).await;
        shop
    }

    async fn new_token(&self, form: &str) -> String {
        let json = self.send("POST", "/oauth/access_token", form).await.json;
        let token = json.pointer("/access_token").or(json.pointer("/data/access_token"));
        token.and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    async fn send(&self, method: &str, path: &str, body: impl ToString) -> Response {
        let (host, body) = (self.fake.base_url().replace("http://", ""), body.to_string());
        let mut stream = TcpStream::connect(&host).await.unwrap();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {}\r\nconnection: close\r\n\
             content-length: {}\r\n\r\n{body}",
            self.token,
            body.len()
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut read = String::new();
        stream.read_to_string(&mut read).await.unwrap_or_default();
        let (head, text) = read.split_once("\r\n\r\n").unwrap_or_default();
        Response {
            status: head.split(' ').nth(1).map_or(0, |status| status.parse().unwrap()),
            head: head.to_lowercase(),
            text: text.to_owned(),
            json: serde_json::from_str(text).unwrap_or_default(),
        }
    }

    async fn get(&self, path: &str) -> Value {
        self.send("GET", path, "").await.json
    }

    async fn pay(&self, order: &str, amount: u64) -> u16 {
        let data = json!({ "gateway": "manual", "method": "purchase", "amount": amount });
        self.send("POST", &format!("/v2/orders/{order}/payments"), json!({ "data": data })).await.status
    }

    /// Sends one step of a script for an order; `rows` are the transactions so far.
    async fn step(&self, order: &str, step: &str, rows: &mut Vec<String>) -> u16 {
        let words: Vec<&str> = step.split(' ').collect();
        let row = || words.get(1).and_then(|at| rows.get(at.parse::<usize>().ok()?)).cloned();
        let row = row().unwrap_or_else(|| "none".into());
        let after = |at: usize| &words[at.min(words.len())..];
        let details = |words: &[&str]| {
            let mut details = json!({});
            for word in words {
                match word.strip_prefix('@') {
                    Some(reference) => details["custom_reference"] = json!(reference),
                    None => details["amount"] = json!(word.parse::<i64>().unwrap()),
                }
            }
            details
        };
        let path = format!("/v2/orders/{order}");
        let change = |call: &str| ("POST", format!("{path}/transactions/{row}/{call}"), details(after(2)));
        let (method, path, data) = match words[0] {
            "capture" | "refund" => change(words[0]),
            "void" => change("cancel"),
            "row" => ("GET", format!("{path}/transactions/{row}"), json!({})),
            "cancel" => ("PUT", path, json!({ "status": "cancelled" })),
            "fulfill" => ("PUT", path, json!({ "shipping": "fulfilled" })),
            "disable" => ("PUT", "/v2/gateways/manual".into(), json!({ "enabled": false })),
            method => {
                let mut data = details(after(1));
                let meta = json!({ "custom_reference": data["custom_reference"].take() });
                data["paymentmethod_meta"] = meta;
                data["gateway"] = json!("manual");
                data["method"] = json!(method);
                ("POST", format!("{path}/payments"), data)
            }
        };
        let is_payment = path.ends_with("/payments");
        let response = self.send(method, &path, json!({ "data": data })).await;
        if is_payment && response.status == 200 {
            rows.push(response.json["data"]["id"].as_str().unwrap().to_owned());
        }
        response.status
    }
}

/// Runs a script for an order of 100 and describes its end.
async fn run(patch: &str, script: &str) -> String {
    let mut settings = json!({});
    let is_number = |name: &str| matches!(name, "reference_max" | "balance_excess");
    for (name, value) in patch.split(", ").filter_map(|setting| setting.split_once(' ')) {
        settings[name] =
            value.parse::<u64>().ok().filter(|_| is_number(name)).map_or(json!(value), Value::from);
    }
    let shop = Shop::with(serde_json::from_value(settings).unwrap()).await;
    let (order, mut rows) = (shop.fake.add_order(NewOrder::of(100)), Vec::new());
    let mut seen = String::new();
    for step in script.split(", ") {
        write!(seen, "{} ", shop.step(&order, step, &mut rows).await).unwrap();
    }
    let read = shop.get(&format!("/v2/orders/{order}")).await["data"].take();
    let amount = |name: &str| read["meta"]["display_price"][name]["amount"].to_string();
    let words = format!("{}/{}", read["status"], read["payment"]).replace('"', "");
    write!(seen, "{words} a{} p{} b{}", amount("authorized"), amount("paid"), amount("balance_owing"))
        .unwrap();
    for row in shop.get(&format!("/v2/orders/{order}/transactions")).await["data"].as_array().unwrap() {
        let name = row["transaction_type"].as_str().unwrap_or("hyphen");
        let reference = row["custom_reference"].as_str().unwrap_or_default();
        write!(seen, " {name}:{}-{}@{reference}", row["amount"], row["refunded_amount"]).unwrap();
    }
    seen
}

/// Settings, steps for an order of 100, and the responses with the order and its rows at the end.
const SCRIPTS: &str = "
    - | purchase 100, refund 0 40 | 200 200 complete/paid a0 p100 b0 purchase:100-40@
    manual_partial_refund error_while_refunding | purchase 100, refund 0 40 | 200 400 complete/paid a0 p100 b0 purchase:100-0@
    manual_partial_refund unprocessable | purchase 100, refund 0 40 | 200 422 complete/paid a0 p100 b0 purchase:100-0@
    manual_partial_refund recorded_as_full | purchase 100, refund 0 40 | 200 200 complete/refunded a0 p100 b0 refund:100-100@
    - | purchase 100, refund 0 60, refund 0 41, refund 0 40 | 200 200 400 200 complete/refunded a0 p100 b0 refund:100-100@
    - | purchase 60, refund 0 | 200 422 incomplete/partially_paid a0 p60 b40 purchase:60-0@
    refund_needs_paid off | purchase 60, refund 0 9 | 200 200 incomplete/partially_paid a0 p60 b40 purchase:60-9@
    paid_after_refund net | purchase 100, refund 0 40 | 200 200 complete/paid a0 p60 b0 purchase:100-40@
    paid_after_refund net_reopened | purchase 100, refund 0 40 | 200 200 complete/paid a0 p60 b40 purchase:100-40@
    - | purchase 100, refund 0 | 200 200 complete/refunded a0 p100 b0 refund:100-100@
    payment_after_full_refund unpaid | purchase 100, refund 0 | 200 200 complete/unpaid a0 p100 b0 refund:100-100@
    - | authorize 30, purchase 30 | 200 200 incomplete/partially_paid a30 p30 b40 authorize:30-0@ purchase:30-0@
    mixed_payment_word partially_authorized | authorize 30, purchase 30 | 200 200 incomplete/partially_authorized a30 p30 b40 authorize:30-0@ purchase:30-0@
    - | purchase 101, purchase 0, purchase -1 | 400 400 400 incomplete/unpaid a0 p0 b100
    overpay 422 | purchase 101 | 422 incomplete/unpaid a0 p0 b100
    overpay accept | purchase 101 | 200 complete/paid a0 p101 b-1 purchase:101-0@
    overpay accept_cap | authorize 101, purchase 1 | 200 400 processing/authorized a100 p0 b0 authorize:100-0@
    overpay accept, balance_member missing_when_settled | purchase 101 | 200 complete/paid a0 p101 bnull purchase:101-0@
    - | cancel, purchase 1 | 200 422 cancelled/unpaid a0 p0 b100
    pay_when_settled 400 | cancel, purchase 1 | 200 400 cancelled/unpaid a0 p0 b100
    pay_when_settled 409 | cancel, purchase 1 | 200 409 cancelled/unpaid a0 p0 b100
    pay_when_settled accept | purchase, purchase 5 | 200 200 complete/paid a0 p105 b-5 purchase:100-0@ purchase:5-0@
    - | purchase 60, purchase | 200 200 complete/paid a0 p100 b0 purchase:60-0@ purchase:40-0@
    no_amount_means total | purchase 60, purchase | 200 400 incomplete/partially_paid a0 p60 b40 purchase:60-0@
    no_amount_means 400 | purchase | 400 incomplete/unpaid a0 p0 b100
    - | disable, purchase | 200 400 incomplete/unpaid a0 p0 b100
    gateway_disabled 422 | disable, purchase | 200 422 incomplete/unpaid a0 p0 b100
    - | authorize 100 @a, capture 0 @b | 200 200 complete/paid a0 p100 b0 capture:100-0@b
    capture_reference ignored | authorize 100 @a, capture 0 @b | 200 200 complete/paid a0 p100 b0 capture:100-0@a
    capture_reference dropped | authorize 100 @a, capture 0 @b | 200 200 complete/paid a0 p100 b0 capture:100-0@
    - | authorize 100 @a, capture 0 9, capture 0 | 200 200 400 complete/paid a0 p100 b0 capture:100-0@a
    capture_amount 400 | authorize 100, capture 0 9 | 200 400 processing/authorized a100 p0 b0 authorize:100-0@
    rows new_row | authorize 100 @a, capture 0, refund 0 40 | 200 200 200 complete/paid a0 p100 b0 authorize:100-0@a capture:100-0@a refund:40-40@a
    transaction_type_key both | purchase 1 | 200 incomplete/partially_paid a0 p1 b99 purchase:1-0@
    transaction_type_key hyphen | purchase 100 | 200 complete/paid a0 p100 b0 hyphen:100-0@
    rows_listed twice | purchase 60, purchase | 200 200 complete/paid a0 p100 b0 purchase:60-0@ purchase:60-0@ purchase:40-0@ purchase:40-0@
    balance_excess 1000 | purchase 60, purchase 41 | 200 400 incomplete/partially_paid a0 p60 b1040 purchase:60-0@
    balance_excess 1000, paid_after_refund net, balance_member missing_when_settled | purchase 100, refund 0 40 | 200 200 complete/paid a0 p60 b1040 purchase:100-40@
    transactions_order newest | purchase 60, purchase | 200 200 complete/paid a0 p100 b0 purchase:40-0@ purchase:60-0@
    - | authorize 100, void 0 | 200 422 processing/authorized a100 p0 b0 authorize:100-0@
    cancel_manual 200 | authorize 100, void 0, capture 0 | 200 200 400 incomplete/unpaid a0 p0 b100 authorize:100-0@
    - | authorize 100, cancel, cancel | 200 200 200 cancelled/authorized a100 p0 b0 authorize:100-0@
    second_cancel 422 | cancel, cancel | 200 422 cancelled/unpaid a0 p0 b100
    cancel_frees_authorized unpaid | authorize 100, cancel | 200 200 cancelled/unpaid a0 p0 b100 authorize:100-0@
    reference_max 3 | purchase 1 @four, purchase 1 @two | 400 200 incomplete/partially_paid a0 p1 b99 purchase:1-0@two
    - | row 0, capture 0 | 404 404 incomplete/unpaid a0 p0 b100
    unknown_transaction 400 | row 0, refund 0 | 400 400 incomplete/unpaid a0 p0 b100
    - | authorize_setup 100, capture 0, row 0 | 200 400 200 incomplete/unpaid a100 p0 b0 authorize:100-0@
    - | fulfill, purchase, fulfill, cancel | 422 200 200 422 complete/paid a0 p100 b0 purchase:100-0@
";

#[tokio::test]
async fn each_setting_changes_what_it_says() {
    let table: Vec<Vec<&str>> = SCRIPTS.trim().lines().map(|row| row.trim().split(" | ").collect()).collect();
    for row in &table {
        assert_eq!(run(row[0], row[1]).await, row[2], "{row:?}");
    }
    // Settings with tests of their own.
    let others = "order_lag_s rows_lag_s list_lag_s late status_kind token_shape token_status expires_in \
                  token_refusal token_lifetime_s implicit_may_pay_manual rate_per_s retry_after_s";
    for (name, _) in Settings::variations() {
        assert!(others.contains(name) || table.iter().any(|row| row[0].contains(name)), "{name} has no test");
    }
}

/// A payment of the model: amount, captured, refunded.
struct Part(u64, bool, u64);

/// The documented table, for one order of 100.
#[derive(Default)]
struct Model(Vec<Part>, bool);

impl Model {
    fn words(&self) -> &'static str {
        let all: u64 = self.0.iter().map(|part| part.0).sum();
        let held = self.0.iter().filter(|part| !part.1).count();
        let refunded = self.0.iter().all(|part| part.0 == part.2);
        match (self.0.len(), all == 100) {
            (0, _) => "unpaid",
            (_, _) if refunded => "refunded",
            (_, true) if held > 0 => "authorized",
            (_, true) => "paid",
            (count, false) if held == count => "partially_authorized",
            (_, false) => "partially_paid",
        }
    }

    fn status(&self) -> &'static str {
        match self.words() {
            _ if self.1 => "cancelled",
            "authorized" => "processing",
            "paid" | "refunded" => "complete",
            _ => "incomplete",
        }
    }

    fn step(&mut self, step: &str) -> u16 {
        let words: Vec<&str> = step.split(' ').collect();
        let number = |at: usize| words.get(at).and_then(|word| word.parse().ok());
        let (owed, is_paid) = (100 - self.0.iter().map(|part| part.0).sum::<u64>(), self.words() == "paid");
        let is_settled = self.1 || is_paid || self.words() == "refunded";
        let is_cancelled = self.1;
        let part = number(1).and_then(|at| self.0.get_mut(usize::try_from(at).ok()?));
        match (words[0], part) {
            ("cancel", _) => self.1 = true,
            ("purchase" | "authorize", _) if is_settled => return 422,
            (method @ ("purchase" | "authorize"), _) => match number(1) {
                Some(amount) if amount <= owed => self.0.push(Part(amount, method == "purchase", 0)),
                _ => return 400,
            },
            (_, None) => return 404,
            ("capture", Some(part)) if part.1 => return 400,
            ("capture", Some(part)) => part.1 = true,
            (_, Some(part)) => match number(2).unwrap_or(part.0 - part.2) {
                _ if !part.1 || part.0 == part.2 || !(is_paid || is_cancelled) => return 422,
                amount if part.2 + amount > part.0 => return 400,
                amount => part.2 += amount,
            },
        }
        200
    }
}

fn random_step(random: &mut u64) -> String {
    let mut below = |limit: u64| {
        *random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (*random >> 33) % limit
    };
    let (amount, row) = ([1, 20, 30, 50, 80, 100][usize::try_from(below(6)).unwrap()], below(3));
    match below(20) {
        0..5 => format!("purchase {amount}"),
        5..10 => format!("authorize {amount}"),
        10..14 => format!("capture {row}"),
        14..16 => format!("refund {row}"),
        16..19 => format!("refund {row} {amount}"),
        _ => "cancel".into(),
    }
}

#[tokio::test]
async fn orders_follow_the_table_over_random_sequences() {
    let mut random = 1;
    let shop = Shop::with(Settings::default()).await;
    for _ in 0..150 {
        let (order, mut rows, mut model) =
            (shop.fake.add_order(NewOrder::of(100)), Vec::new(), Model::default());
        let mut script = String::new();
        for _ in 0..12 {
            let step = random_step(&mut random);
            write!(script, "{step}, ").unwrap();
            assert_eq!(shop.step(&order, &step, &mut rows).await, model.step(&step), "{script}");
            let read = shop.get(&format!("/v2/orders/{order}")).await["data"].take();
            assert_eq!(
                (&read["status"], &read["payment"]),
                (&json!(model.status()), &json!(model.words())),
                "{script}"
            );
            let truth = shop.fake.order(&order).unwrap();
            let (held, taken): (Vec<&Part>, Vec<&Part>) = model.0.iter().partition(|part| !part.1);
            let sum = |parts: Vec<&Part>| parts.iter().map(|part| part.0).sum::<u64>();
            assert_eq!((truth.authorized, truth.paid), (sum(held), sum(taken)), "{script}");
            assert_eq!(truth.refunded, model.0.iter().map(|part| part.2).sum::<u64>(), "{script}");
            let owing = &read["meta"]["display_price"]["balance_owing"]["amount"];
            assert_eq!(owing, &json!(100 - truth.authorized - truth.paid), "{script}");
        }
    }
}

#[tokio::test]
async fn rows_agree_with_amounts_for_every_value_of_every_setting() {
    let mut random = 7;
    for (name, settings) in Settings::variations() {
        let shop = Shop::with(Settings { rate_per_s: None, ..settings }).await;
        let orders: Vec<String> = (0..6).map(|_| shop.fake.add_order(NewOrder::of(100))).collect();
        for order in &orders {
            let mut rows = Vec::new();
            for _ in 0..10 {
                let status = shop.step(order, &random_step(&mut random), &mut rows).await;
                assert!([200, 400, 404, 409, 422].contains(&status), "{name}: {status}");
            }
        }
        shop.fake.advance_clock(SignedDuration::from_secs(61));
        let shop = Shop { token: shop.new_token(KEY).await, fake: shop.fake };
        for order in &orders {
            let truth = shop.fake.order(order).unwrap();
            let read = shop.get(&format!("/v2/orders/{order}")).await["data"].take();
            assert_eq!(read["payment"], json!(truth.payment), "{name}");
            let listed = shop.get(&format!("/v2/orders/{order}/transactions")).await["data"].take();
            let listed = listed.as_array().unwrap().iter();
            let refunded: BTreeMap<&str, u64> = listed
                .map(|row| (row["id"].as_str().unwrap(), row["refunded_amount"].as_u64().unwrap()))
                .collect();
            assert_eq!(refunded.into_values().sum::<u64>(), truth.refunded, "{name}");
        }
    }
}

#[tokio::test]
async fn reads_lag_and_the_ledger_shows_by_how_much() {
    let shop = Shop::with(Settings::default().late(60)).await;
    let order = shop.fake.add_order(NewOrder::of(100));
    assert_eq!(shop.pay(&order, 60).await, 200);
    shop.fake.pay_elsewhere(&order, 10, Method::ManualPurchase).unwrap();
    let (path, rows) = (format!("/v2/orders/{order}"), format!("/v2/orders/{order}/transactions"));
    assert_eq!(shop.get(&path).await["data"]["payment"], "unpaid");
    assert_eq!(shop.get(&rows).await["data"], json!([]));
    assert_eq!(shop.fake.order(&order).unwrap().balance, 30);
    let read = shop.fake.ledger().iter().rev().find_map(|recorded| recorded.order_read).unwrap();
    assert_eq!((read.served, read.actual), (Some(100), 30));
    shop.fake.advance_clock(SignedDuration::from_secs(61));
    assert_eq!(shop.get(&path).await["data"]["payment"], "partially_paid");
    assert_eq!(shop.get(&rows).await["data"].as_array().unwrap().len(), 2);
    let ledger = shop.fake.ledger();
    assert_eq!(ledger[1].body.as_ref().unwrap()["data"]["amount"], 60);
    assert_eq!(ledger[1].client.as_deref(), Some("elastic-path-client"));
    assert!(!format!("{ledger:?}").contains("elastic-path-secret"));
}

#[tokio::test]
async fn each_read_is_late_on_its_own() {
    for late in ["order_lag_s", "rows_lag_s", "list_lag_s"] {
        let shop = Shop::with(serde_json::from_value(json!({ late: 60 })).unwrap()).await;
        let order = shop.fake.add_order(NewOrder::of(100));
        shop.fake.advance_clock(SignedDuration::from_secs(1));
        assert_eq!(shop.pay(&order, 60).await, 200);
        let path = format!("/v2/orders/{order}");
        let read = shop.get(&path).await["data"]["payment"] != "partially_paid";
        let rows = shop.get(&format!("{path}/transactions")).await["data"] == json!([]);
        let listed = shop.get("/v2/orders").await["data"][0]["payment"] != "partially_paid";
        let expected = ["order_lag_s", "rows_lag_s", "list_lag_s"].map(|one| one == late);
        assert_eq!([read, rows, listed], expected, "{late}");
    }
}

#[tokio::test]
async fn tokens_have_each_status_and_lifetime() {
    for (patch, status, expires_in) in [
        (json!({}), 200, json!(3600)),
        (json!({ "token_status": "201" }), 201, json!(3600)),
        (json!({ "expires_in": "text" }), 200, json!("3600")),
        (json!({ "expires_in": "absent" }), 200, Value::Null),
    ] {
        let shop = Shop::with(serde_json::from_value(patch).unwrap()).await;
        let granted = shop.send("POST", "/oauth/access_token", KEY).await;
        assert_eq!((granted.status, &granted.json["expires_in"]), (status, &expires_in));
        assert_eq!(shop.get("/v2/orders").await["data"], json!([]));
    }
}

#[tokio::test]
async fn staff_and_strangers_act_whatever_the_orders_words_are_and_an_impossible_act_changes_nothing() {
    for rows in Rows::ALL {
        let shop = Shop::with(Settings { rows: *rows, ..Settings::default() }).await;
        let order = shop.fake.add_order(NewOrder::of(100));
        let act = |act: StoreAct| shop.fake.act(&order, act);
        let words = || {
            let truth = shop.fake.order(&order).unwrap();
            (truth.status, truth.payment, truth.authorized, truth.paid, truth.refunded)
        };
        let pay = |method, amount| act(StoreAct::Pay(method, amount, Some("a".into()))).unwrap();
        let held = pay(Method::ManualAuthorize, 30);
        assert_eq!(shop.fake.order(&order).unwrap().transactions[0].custom_reference.as_deref(), Some("a"));
        assert_eq!(act(StoreAct::Refund(held.clone(), None)), None, "nothing is taken");
        assert_eq!(act(StoreAct::Capture(held.clone())), Some(held.clone()));
        assert_eq!(act(StoreAct::Capture(held.clone())), None, "twice");
        assert_eq!(words(), (OrderStatus::Incomplete, PaymentWord::PartiallyPaid, 0, 30, 0));
        for (part, is_done) in [(Some(10), true), (Some(21), false), (Some(0), false), (None, true)] {
            let before = words();
            assert_eq!(act(StoreAct::Refund(held.clone(), part)).is_some(), is_done, "{part:?}");
            assert!(is_done || words() == before);
        }
        assert_eq!(words(), (OrderStatus::Complete, PaymentWord::Refunded, 0, 30, 30));
        assert_eq!(act(StoreAct::Refund(held, None)), None, "nothing is left");

        let other = pay(Method::Purchase, 90);
        let gateway = |id: &str| {
            let rows = shop.fake.order(&order).unwrap().transactions;
            rows.into_iter().find(|row| row.id == id).unwrap().gateway
        };
        assert_ne!(gateway(&other), "manual");
        let held = pay(Method::Authorize, 5);
        assert_eq!(act(StoreAct::CancelTransaction(held.clone())), Some(held.clone()));
        assert_eq!(act(StoreAct::Capture(held)), None);
        assert_eq!(act(StoreAct::Cancel), Some(order.clone()));
        assert_eq!(words().0, OrderStatus::Cancelled);
        assert_eq!(act(StoreAct::Refund(other.clone(), None)), Some(other));
        assert_eq!(act(StoreAct::Uncancel), Some(order.clone()));
        assert_eq!(words(), (OrderStatus::Complete, PaymentWord::Refunded, 0, 120, 120));
        assert_eq!(shop.fake.act("none", StoreAct::Cancel), None);
    }
}

#[tokio::test]
async fn each_fault_makes_the_change_or_not() {
    let member = || FaultKind::LacksMember("data.id".into());
    let table = [
        (FaultKind::TooManyRequests(Some(3)), 429, 0),
        (FaultKind::TooManyRequests(None), 429, 0),
        (FaultKind::InternalError, 500, 0),
        (FaultKind::BadGatewayHtml, 502, 0),
        (FaultKind::GatewayTimeout(20), 504, 0),
        (FaultKind::Conflict, 409, 0),
        (FaultKind::RevokedToken, 401, 0),
        (FaultKind::CutBefore, 0, 0),
        (FaultKind::LateTimeout(5_000), 504, 0),
        (FaultKind::LateCut(5_000), 0, 0),
        (FaultKind::CutAfter, 0, 60),
        (FaultKind::NotJson, 200, 60),
        (member(), 200, 60),
        (FaultKind::Hang(20), 200, 60),
        (FaultKind::TooLarge, 200, 60),
        (FaultKind::RefusedAfter(400), 400, 60),
        (FaultKind::RefusedAfter(422), 422, 60),
    ];
    for (kind, status, paid) in table {
        let shop = Shop::with(Settings::default()).await;
        let order = shop.fake.add_order(NewOrder::of(100));
        shop.fake.fault(Fault::once(Endpoint::Payments, kind.clone()));
        let started = std::time::Instant::now();
        let data = json!({ "data": { "gateway": "manual", "method": "purchase", "amount": 60 } });
        let response = shop.send("POST", &format!("/v2/orders/{order}/payments"), &data).await;
        assert_eq!(response.status, status, "{kind:?}");
        assert_eq!(shop.fake.order(&order).unwrap().paid, paid, "{kind:?}");
        let recorded = shop.fake.ledger().remove(1);
        assert_eq!((recorded.status.unwrap_or(0), recorded.effect.is_some()), (status, paid > 0), "{kind:?}");
        let is_late = matches!(kind, FaultKind::LateTimeout(_) | FaultKind::LateCut(_));
        match kind {
            FaultKind::TooManyRequests(after) => {
                assert_eq!(response.head.contains("retry-after: 3"), after.is_some());
            }
            FaultKind::GatewayTimeout(_) | FaultKind::Hang(_) => assert!(started.elapsed().as_millis() >= 20),
            FaultKind::BadGatewayHtml => assert!(response.text.starts_with("<html>")),
            FaultKind::NotJson => assert!(response.json.is_null()),
            FaultKind::LacksMember(_) => {
                assert!(response.json["data"]["amount"] == 60 && response.json["data"]["id"].is_null());
            }
            FaultKind::TooLarge => assert!(response.text.len() > 1_000_000),
            FaultKind::RefusedAfter(_) => assert_eq!(response.json["errors"][0]["status"], status),
            FaultKind::RevokedToken => {
                assert_eq!(shop.pay(&order, 1).await, 401);
                assert_eq!(shop.send("POST", "/oauth/access_token", KEY).await.status, 200);
                continue;
            }
            _ => {}
        }
        assert_eq!(shop.pay(&order, 1).await, 200, "a fault of one request");
        shop.fake.advance_clock(SignedDuration::from_secs(5));
        let expected = if is_late { 61 } else { paid + 1 };
        assert_eq!(shop.fake.order(&order).unwrap().paid, expected, "late");
    }
}

#[tokio::test]
async fn tokens_expire_and_wrong_keys_are_refused() {
    let mut shop = Shop::with(Settings { token_lifetime_s: 60, ..Settings::default() }).await;
    assert_eq!(shop.send("GET", "/v2/orders", "").await.status, 200);
    shop.fake.advance_clock(SignedDuration::from_secs(61));
    assert_eq!(shop.send("GET", "/v2/orders", "").await.status, 401);
    let wrong = KEY.replace("elastic-path-secret", "wrong");
    assert_eq!(shop.send("POST", "/oauth/access_token", &wrong).await.status, 401);
    shop.fake.set(serde_json::from_str(r#"{"token_refusal":"400","token_shape":"in_data"}"#).unwrap());
    assert_eq!(shop.send("POST", "/oauth/access_token", &wrong).await.status, 400);
    let body = shop.send("POST", "/oauth/access_token", KEY).await.json;
    assert!(body["access_token"].is_null() && body["data"]["expires_in"] == 3600);

    shop.token = shop.new_token(IMPLICIT).await;
    let order = shop.fake.add_order(NewOrder::of(100));
    let path = format!("/v2/orders/{order}");
    assert_eq!(shop.send("GET", &path, "").await.status, 403);
    assert_eq!(shop.send("PUT", "/v2/gateways/manual", "{}").await.status, 403);
    assert_eq!(shop.pay(&order, 1).await, 200);
    shop.fake.change(|settings| settings.implicit_may_pay_manual = serde_json::from_str("\"no\"").unwrap());
    assert_eq!(shop.pay(&order, 1).await, 403);
    assert!(shop.fake.ledger().last().unwrap().is_implicit);
}

#[tokio::test]
async fn shoppers_check_out_and_administrators_list_and_import() {
    let mut shop = Shop::with(serde_json::from_str(r#"{"status_kind":"string"}"#).unwrap()).await;
    let unknown = shop.send("GET", "/v2/customers", "").await;
    assert_eq!((unknown.status, &unknown.json["errors"][0]["status"]), (404, &json!("404")));
    assert!(shop.get("/v2/gateways").await.to_string().contains("\"password\""));
    let admin = std::mem::take(&mut shop.token);
    shop.token = shop.new_token(IMPLICIT).await;
    assert_eq!(shop.send("OPTIONS", "/v2/carts", "").await.status, 204);
    assert_eq!(shop.get("/catalog/products").await["data"][0]["type"], "product");
    assert_eq!(shop.get("/v2/inventories/a").await["data"]["attributes"]["available"], 100);
    let cart = shop.send("POST", "/v2/carts", json!({ "data": { "name": "a" } })).await;
    assert!(cart.head.contains("access-control-allow-origin: *"));
    let cart = format!("/v2/carts/{}", cart.json["data"]["id"].as_str().unwrap());
    let item = json!({ "data": { "type": "cart_item", "id": "a", "quantity": 2 } });
    assert_eq!(shop.send("POST", &format!("{cart}/items"), item).await.status, 201);
    let order = shop.send("POST", &format!("{cart}/checkout"), json!({ "data": {} })).await;
    assert_eq!((order.status, &order.json["data"]["payment"]), (201, &json!("unpaid")));
    assert_eq!(order.json["data"]["meta"]["display_price"]["with_tax"]["formatted"], "20.00 USD");
    assert_eq!(shop.send("DELETE", &cart, "").await.status, 204);

    shop.token = admin;
    let price = json!({ "display_price": { "with_tax": { "amount": 5, "currency": "EUR" } } });
    let import =
        json!({ "data": { "id": "odd id", "status": "complete", "payment": "paid", "meta": price } });
    assert_eq!(shop.send("POST", "/v2/orders", &import).await.status, 201);
    assert_eq!(shop.send("POST", "/v2/orders", &import).await.status, 409);
    let truth = shop.fake.order("odd id").unwrap();
    assert_eq!((truth.paid, truth.balance, truth.transactions.len()), (5, 0, 0));
    for (filter, count) in [
        ("", 2),
        ("&filter=eq(manual,true)", 1),
        ("&filter=eq(status,incomplete):ge(updated_at,2000-01-01)&sort=updated_at", 1),
        ("&filter=ge(updated_at,%222100-01-01T00:00:00Z%22)", 0),
        ("&page[offset]=1", 1),
    ] {
        let listed = shop.get(&format!("/v2/orders?page[limit]=100{filter}")).await;
        assert_eq!(listed["data"].as_array().unwrap().len(), count, "{filter}");
    }
    assert_eq!(shop.send("GET", "/v2/orders?filter=like(name,a)", "").await.status, 400);
    shop.fake.set(Settings { rate_per_s: Some(0), retry_after_s: Some(2), ..Settings::default() });
    assert!(shop.send("GET", "/v2/orders", "").await.head.contains("retry-after: 2"));
}

#[tokio::test]
async fn control_routes_act_and_name_a_wrong_member() {
    let shop = Shop::with(Settings::default()).await;
    let control = async |method: &str, path: &str, body: Value| {
        let response = shop.send(method, &format!("/_elastic_path/{path}"), body).await;
        (response.status, response.json)
    };
    let (_, order) = control("POST", "orders", json!({ "total": 100, "insufficient_stock": true })).await;
    let order = order["id"].as_str().unwrap().to_owned();
    assert_eq!(shop.pay(&order, 1).await, 400);
    control("POST", &format!("orders/{order}/stock"), json!({ "insufficient": false })).await;
    assert_eq!(shop.pay(&order, 1).await, 200);
    let elsewhere = json!({ "amount": 99, "method": "purchase" });
    assert_eq!(control("POST", &format!("orders/{order}/payments-elsewhere"), elsewhere).await.0, 200);
    assert_eq!(json!(shop.fake.order(&order).unwrap().payment), "paid");
    control("POST", "faults", json!({ "endpoint": "any", "kind": { "late_cut": 1000 } })).await;
    assert_eq!(shop.send("GET", "/v2/gateways/manual", "").await.status, 0);
    assert_eq!(control("POST", "clock", json!({ "advance_s": 2 })).await.0, 200);
    assert_eq!(control("GET", "ledger", json!({})).await.1[3]["effect"], 200);
    assert_eq!(control("PATCH", "settings", json!({ "overpay": "accept" })).await.1["overpay"], "accept");
    for (path, body, named) in [
        ("settings", json!({ "overpay": "perhaps" }), "overpay"),
        ("settings", json!({ "over_pay": "accept" }), "over_pay"),
        ("faults", json!({ "endpoint": "any", "times": -1, "kind": "conflict" }), "times"),
        ("orders", json!({ "total": "1" }), "total"),
    ] {
        let (status, error) = control(if path == "settings" { "PATCH" } else { "POST" }, path, body).await;
        assert!(status == 400 && error["error"].as_str().unwrap().starts_with(named), "{error}");
    }
    shop.fake.cancel(&order);
    assert_eq!(json!(shop.fake.order(&order).unwrap().status), "cancelled");
    shop.fake.close().await;
}

//! Bad input: a clear error that names the member, never a 500, and nothing half done.

use reqwest::Method;
use serde_json::{Value, json};

use crate::shop::{Shop, VISA, by_card_with, by_token};

const PAY: &str = "/v2/orders/o/payments";

#[tokio::test]
async fn bodies_that_are_no_payment_name_what_is_wrong() {
    let shop = Shop::share().await;
    shop.register("o", 2599).await;
    let cases = [
        ("", 400, "required", json!("data")),
        ("  \n ", 400, "required", json!("data")),
        ("{", 400, "invalid_json", Value::Null),
        (r#"{"data": undefined}"#, 400, "invalid_json", Value::Null),
        ("[]", 400, "invalid_type", Value::Null),
        ("\"data\"", 400, "invalid_type", Value::Null),
        ("{}", 400, "required", json!("data")),
        (r#"{"data": null}"#, 400, "required", json!("data")),
        (r#"{"data": []}"#, 400, "invalid_type", json!("data")),
        (r#"{"data": {"gateway": "card_connect"}, "data": {}}"#, 400, "invalid_json", Value::Null),
        (
            r#"{"data": {"gateway": "stripe", "method": "purchase"}}"#,
            422,
            "unsupported_gateway",
            json!("data.gateway"),
        ),
    ];
    for (body, status, code, source) in cases {
        let answer = shop.send(Method::POST, PAY, &[], body.to_owned()).await;
        assert_eq!(answer.error(status, code).get("source").unwrap_or(&Value::Null), &source, "{body}");
    }
    let large = format!(r#"{{"data": {{"note": "{}"}}}}"#, "x".repeat(64 * 1024));
    shop.send(Method::POST, PAY, &[], large).await.error(413, "body_too_large");
    let gzip = [("content-encoding", "gzip")];
    shop.send(Method::POST, PAY, &gzip, "{}".to_owned()).await.error(415, "unsupported_media_type");
    assert!(shop.transactions("o").await.is_empty());
    shop.close().await;
}

#[tokio::test]
async fn every_wrong_member_is_named_in_one_response() {
    let shop = Shop::share().await;
    shop.register("o", 2599).await;
    let body = json!({
        "gateway": "card_connect", "method": "purchase", "amount": 1.5, "currency": "XXX", "first_name": "",
        "number": "4788250000121444", "month": "13", "year": "2031", "verification_value": "12",
        "billing_address": {"line_1": 5, "country": "USA"},
    });
    let answer = shop.pay("o", body).await;
    assert_eq!(answer.status, 400);
    let mut sources: Vec<_> = answer.body["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["source"].as_str().unwrap().to_owned())
        .collect();
    sources.sort();
    let expected = [
        "data.amount",
        "data.billing_address.country",
        "data.billing_address.line_1",
        "data.currency",
        "data.first_name",
        "data.last_name",
        "data.month",
        "data.number",
        "data.verification_value",
    ];
    assert_eq!(sources, expected);
    shop.close().await;
}

#[tokio::test]
async fn one_wrong_member_is_named_by_its_path() {
    let shop = Shop::share().await;
    shop.register("o", 2599).await;
    let by_card = |changes: Value| by_card_with("purchase", VISA, &changes);
    let token = |changes: Value| {
        let mut data = by_token("purchase");
        for (name, value) in changes.as_object().unwrap() {
            data[name] = value.clone();
        }
        data
    };
    let cases = [
        (token(json!({"gateway": null})), "data.gateway"),
        (token(json!({"gateway": 5})), "data.gateway"),
        (token(json!({"method": null})), "data.method"),
        (token(json!({"method": ["purchase"]})), "data.method"),
        (token(json!({"payment": null})), "data.payment"),
        (token(json!({"payment": ""})), "data.payment"),
        (token(json!({"payment": "16178397535388255208"})), "data.payment"),
        (token(json!({"payment": "16178397535388255208|1"})), "data.payment"),
        (token(json!({"payment": "1/16178397535388255208"})), "data.payment"),
        (token(json!({"payment": "1|16178397535388255208|2"})), "data.payment"),
        (token(json!({"payment": 1})), "data.payment"),
        (token(json!({"number": VISA})), "data.payment"),
        (token(json!({"amount": null})), "data.amount"),
        (token(json!({"amount": 0})), "data.amount"),
        (token(json!({"amount": -5})), "data.amount"),
        (token(json!({"amount": 10.5})), "data.amount"),
        (token(json!({"amount": 1e30})), "data.amount"),
        (token(json!({"amount": "100"})), "data.amount"),
        (token(json!({"amount": {}})), "data.amount"),
        (token(json!({"amount": 100_000_000_000_u64})), "data.amount"),
        (token(json!({"currency": "US"})), "data.currency"),
        (token(json!({"currency": 840})), "data.currency"),
        (by_card(json!({"number": "4788250000121444"})), "data.number"),
        (by_card(json!({"number": "47882500001214"})), "data.number"),
        (by_card(json!({"number": "9999999999999995"})), "data.number"),
        (by_card(json!({"number": "４７８８２５００００１２１４４３"})), "data.number"),
        (by_card(json!({"number": 4_788_250_000_121_443_u64})), "data.number"),
        (by_card(json!({"month": "00"})), "data.month"),
        (by_card(json!({"month": "x"})), "data.month"),
        (by_card(json!({"month": 10})), "data.month"),
        (by_card(json!({"year": "31st"})), "data.year"),
        (by_card(json!({"year": "2020"})), "data.year"),
        (by_card(json!({"verification_value": "1234"})), "data.verification_value"),
        (by_card(json!({"verification_value": "12a"})), "data.verification_value"),
        (by_card(json!({"verification_value": null})), "data.verification_value"),
        (by_card(json!({"first_name": VISA})), "data.first_name"),
        (by_card(json!({"last_name": "x".repeat(256)})), "data.last_name"),
        (by_card(json!({"last_name": "Sm\nith"})), "data.last_name"),
        (by_card(json!({"billing_address": "1 Main St"})), "data.billing_address"),
        (by_card(json!({"billing_address": {"postcode": VISA}})), "data.billing_address.postcode"),
    ];
    for (data, source) in cases {
        let answer = shop.pay("o", data.clone()).await;
        assert_eq!(answer.status, 400, "{source}: {}", answer.body);
        let errors = answer.body["errors"].as_array().unwrap();
        assert_eq!((errors.len(), &errors[0]["source"]), (1, &json!(source)), "{}", answer.body);
        assert!(!answer.body.to_string().contains(VISA));
    }
    shop.pay("o", token(json!({"method": "purchase_setup"}))).await.error(422, "unsupported_method");
    assert!(shop.transactions("o").await.is_empty());
    shop.close().await;
}

#[tokio::test]
async fn the_odd_bodies_that_the_sdk_sends_to_follow_ups_are_understood() {
    let shop = Shop::open().await;
    for (n, body) in ["", "  ", "{}", r#"{"data":{}}"#, r#"{"data":null}"#, r#"{"data":{},"options":{}}"#]
        .iter()
        .enumerate()
    {
        let order = format!("o{n}");
        shop.register(&order, 2599).await;
        let id = shop.pay_by_token(&order, "authorize").await.id();
        let path = |what: &str| format!("/v2/orders/{order}/transactions/{id}/{what}");
        shop.send(Method::POST, &path("capture"), &[], (*body).to_owned()).await.data(200);
        shop.stack.simulator().settle();
        let refunded = shop.send(Method::POST, &path("refund"), &[], (*body).to_owned()).await;
        assert_eq!(refunded.data(200)["refunded_amount"], 2599);
    }
    shop.register("o", 2599).await;
    let id = shop.pay_by_token("o", "purchase").await.id();
    let path = format!("/v2/orders/o/transactions/{id}/refund");
    let undefined = shop.send(Method::POST, &path, &[], r#"{"data":undefined}"#.to_owned()).await;
    undefined.error(400, "invalid_json");
    for odd in ["[]", "1", r#"{"data":[]}"#, r#"{"data":{},"amount":1}"#] {
        assert_eq!(shop.send(Method::POST, &path, &[], odd.to_owned()).await.status, 400, "{odd}");
    }
    shop.close().await;
}

#[tokio::test]
async fn a_capture_made_elsewhere_is_not_recorded_here() {
    let shop = Shop::share().await;
    shop.register("o", 2599).await;
    let id = shop.pay_by_token("o", "authorize").await.id();
    let data = json!({"capture_mechanism": "manual"});
    shop.follow_up("o", &id, "capture", data).await.error(422, "unsupported_capture_mechanism");
    let data = json!({"capture_mechanism": "automatic", "custom_reference": "9", "options": {"note_to_payer": "hi"}});
    shop.follow_up("o", &id, "capture", data).await.data(200);
    shop.close().await;
}

#[tokio::test]
async fn idempotency_keys_are_replayed_and_wrong_ones_named() {
    let shop = Shop::open().await;
    shop.register("o", 2599).await;
    let mut data = by_token("purchase");
    data["amount"] = json!(1000);
    let first = shop.post_with_key(PAY, "key", json!({ "data": data.clone() })).await;
    assert!(!first.is_replay());
    let quoted = shop.post_with_key(PAY, "\"key\"", json!({ "data": data.clone() })).await;
    assert!(quoted.is_replay());
    assert_eq!((quoted.status, quoted.id()), (first.status, first.id()));
    data["amount"] = json!(1001);
    let reused = shop.post_with_key(PAY, "key", json!({ "data": data.clone() })).await;
    assert_eq!(reused.error(422, "idempotency_key_reused")["source"], "Idempotency-Key");
    data["amount"] = json!(1000);
    let other_path =
        shop.post_with_key("/v2/orders/o/payments/purchase", "key", json!({ "data": data.clone() })).await;
    assert!(other_path.is_replay(), "a key counts on all routes that pay");
    assert_eq!(other_path.id(), first.id());
    for odd in ["", "\"\"", &"k".repeat(256)] {
        let answer = shop.post_with_key(PAY, odd, json!({ "data": data.clone() })).await;
        assert_eq!(answer.error(400, "invalid_value")["source"], "Idempotency-Key", "{odd}");
    }
    assert_eq!(shop.ledger("auth").len(), 1);
    shop.close().await;
}

#[tokio::test]
async fn a_declined_key_is_replayed_as_declined() {
    let shop = Shop::open().await;
    shop.register("o", 100_500).await;
    for again in [false, true] {
        let answer = shop.post_with_key(PAY, "key", json!({"data": by_token("purchase")})).await;
        answer.error(400, "declined");
        assert_eq!(answer.is_replay(), again);
    }
    assert_eq!(shop.stack.simulator().transactions().len(), 1);
    shop.close().await;
}

#[tokio::test]
async fn what_there_is_no_route_for_gets_the_envelope() {
    let shop = Shop::share().await;
    for (method, path) in
        [(Method::GET, "/nothing"), (Method::DELETE, "/v2/orders/o"), (Method::POST, "/v2/payments")]
    {
        shop.send(method, path, &[], String::new()).await.error(404, "not_found");
    }
    let long = "x".repeat(65);
    for id in ["a%23b", "a%20b", "%00", "-.-", long.as_str()] {
        let answer = shop.get(&format!("/v2/orders/{id}")).await;
        assert_eq!(answer.error(400, "invalid_value")["source"], "orderId", "{id}");
    }
    for (data, source) in [
        (json!({"currency": "USD"}), "data.amount"),
        (json!({"amount": 5}), "data.currency"),
        (json!({"amount": 0, "currency": "USD"}), "data.amount"),
        (json!({"amount": 5, "currency": "XAU"}), "data.currency"),
        (json!({"amount": 5, "currency": "USD", "type": "cart"}), "data.type"),
    ] {
        let answer = shop.put_order("o", data).await;
        assert_eq!((answer.status.as_u16(), &answer.body["errors"][0]["source"]), (400, &json!(source)));
    }
    shop.close().await;
}

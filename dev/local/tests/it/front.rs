//! The front: a request that goes past it is refused before anything else, and only its own word on
//! an address is believed.

use local::{Options, Stack, merchants};
use reqwest::{RequestBuilder, header::HeaderMap};
use serde_json::{Value, json};
use tollgate::source::{FRONT_SECRET, Front, VIEWER_ADDRESS};

use crate::{
    shop::{NO_FUNDS, Shop, by_card},
    support::client,
};

const SECRET: &str = "an-origin-secret-of-the-front";
const NEXT: &str = "the-one-that-replaces-it";

async fn stack(secrets: &[&str]) -> Stack {
    let digests: Vec<_> = secrets.iter().map(|secret| Front::digest(secret)).collect();
    let front = digests.join(",").parse().unwrap();
    Stack::start(Options { front, ..Options::default() }).await.unwrap()
}

async fn sent(request: RequestBuilder) -> (u16, HeaderMap, String) {
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.headers().clone(), response.text().await.unwrap())
}

/// A token request, which wrong keys and right ones are tried with.
fn token(stack: &Stack, secret: &str) -> RequestBuilder {
    let form =
        format!("grant_type=client_credentials&client_id={}&client_secret={secret}", merchants::REGISTERED);
    let request = client().post(format!("{}/oauth/access_token", stack.url())).body(form);
    request.header("content-type", "application/x-www-form-urlencoded")
}

#[tokio::test]
async fn what_goes_past_the_front_is_refused_before_anything_else_in_the_form_of_its_api() {
    let stack = stack(&[SECRET, NEXT]).await;
    let url = |path: &str| format!("{}{path}", stack.url());
    let right = token(&stack, merchants::REGISTERED_KEY);
    for (name, request) in [
        ("a health check", client().get(url("/status"))),
        ("no such route", client().get(url("/nowhere"))),
        ("a right key", right),
        ("a payment", client().post(url("/v2/orders/o/payments")).body("no JSON")),
        ("a list", client().get(url("/v2/transactions"))),
        ("stored cards", client().get(url("/v2/payment-methods"))),
        ("a confirmation", client().post(url("/v2/orders/o/transactions/t/confirm"))),
        ("another's secret", client().get(url("/status")).header(FRONT_SECRET, "made up")),
    ] {
        let (status, headers, body) = sent(request).await;
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(
            (status, &body["errors"][0]["meta"]["code"]),
            (403, &json!("not_through_front")),
            "{name}"
        );
        assert!(headers.contains_key("x-request-id"), "{name}");
    }
    let path = "/api/v1/payments/creditcard/charge";
    let (status, _, body) = sent(client().post(url(path)).json(&json!({}))).await;
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, &body["Message"]["Code"]), (403, &json!("24")));
    let xml = client().post(url(path)).header("accept", "application/xml").body("<no");
    let (status, headers, body) = sent(xml).await;
    assert_eq!((status, &headers["content-type"]), (403, &"application/xml; charset=utf-8".parse().unwrap()));
    assert!(body.contains("<Code>24</Code>"), "{body}");
    for secret in [SECRET, NEXT] {
        let (status, ..) = sent(client().get(url("/status")).header(FRONT_SECRET, secret)).await;
        assert_eq!(status, 200);
        let (status, ..) = sent(token(&stack, merchants::REGISTERED_KEY).header(FRONT_SECRET, secret)).await;
        assert_eq!(status, 200);
    }
    stack.stop().await;
}

/// The status of the eleventh wrong key, after ten from other addresses as the header states them.
async fn eleventh(stack: &Stack, secret: Option<&str>) -> u16 {
    let mut last = 0;
    for n in 0..11 {
        let mut request = token(stack, "a-wrong-key-of-enough-length-0123456789")
            .header(VIEWER_ADDRESS, format!("203.0.113.{n}"))
            .header("x-forwarded-for", format!("203.0.113.{n}"))
            .header("x-shopper-address", format!("203.0.113.{n}"));
        if let Some(secret) = secret {
            request = request.header(FRONT_SECRET, secret);
        }
        last = sent(request).await.0;
    }
    last
}

#[tokio::test]
async fn a_viewers_address_is_believed_with_the_fronts_secret_only() {
    let fronted = stack(&[SECRET]).await;
    assert_eq!(eleventh(&fronted, Some(SECRET)).await, 401, "each is another viewer");
    fronted.stop().await;
    let open = stack(&[]).await;
    assert_eq!(eleventh(&open, Some(SECRET)).await, 429, "the headers are made up");
    open.stop().await;
}

#[tokio::test]
async fn a_browsers_payments_count_by_the_address_that_the_front_states() {
    let stack = stack(&[SECRET]).await;
    let at = |request: RequestBuilder, viewer: &str| {
        let request = request.header(FRONT_SECRET, SECRET).header(VIEWER_ADDRESS, viewer);
        async move {
            let (status, _, body) = sent(request).await;
            (status, serde_json::from_str::<Value>(&body).unwrap())
        }
    };
    let (_, token) = at(token(&stack, merchants::REGISTERED_KEY), "198.51.100.1").await;
    let merchant = token["access_token"].as_str().unwrap().to_owned();
    let form = format!("grant_type=implicit&client_id={}", merchants::REGISTERED);
    let browser = client().post(format!("{}/oauth/access_token", stack.url())).body(form);
    let (_, token) =
        at(browser.header("content-type", "application/x-www-form-urlencoded"), "203.0.113.7").await;
    let shopper = token["access_token"].as_str().unwrap().to_owned();
    let pay = |n: usize, viewer: String| {
        let order = format!("{}/v2/orders/o{n}", stack.url());
        let amount = json!({"data": {"type": "order", "amount": 2599, "currency": "USD"}});
        let registered = at(client().put(&order).bearer_auth(&merchant).json(&amount), "198.51.100.1");
        let data = json!({"data": by_card("purchase", NO_FUNDS)});
        let payment = client().post(format!("{order}/payments")).bearer_auth(&shopper).json(&data);
        let payment = at(payment, &viewer);
        async move {
            registered.await;
            payment.await.0
        }
    };
    for n in 0..15 {
        let status = pay(n, format!("2001:db8::{n:x}")).await;
        assert_eq!(status, if n < 10 { 400 } else { 422 }, "{n}");
    }
    assert_eq!(pay(20, "203.0.113.8".to_owned()).await, 400, "another address");
    assert_eq!(stack.simulator().transactions().len(), 11);
    stack.stop().await;
}

#[tokio::test]
async fn a_shopper_states_no_address_of_its_own() {
    let mut shop = Shop::open().await;
    shop.register("o", 2599).await;
    shop.as_shopper().await;
    let answer = shop
        .send(reqwest::Method::GET, "/v2/orders/o", &[("x-shopper-address", "203.0.113.7")], String::new())
        .await;
    let error = answer.error(400, "invalid_value");
    assert_eq!(error["source"], "X-Shopper-Address");
    assert!(error["detail"].as_str().unwrap().contains("X-Shopper-Address"), "{error}");
    shop.close().await;
}

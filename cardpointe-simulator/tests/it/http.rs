//! The HTTP around the responses.

use cardpointe_simulator::{Config, Merchant, Processor};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::{Gateway, MID, VISA, start, start_with};

/// Everything that comes back to these bytes until the connection closes.
pub(crate) async fn raw(gateway: &Gateway, request: &str) -> String {
    let url = gateway.simulator.base_url();
    let address = url.trim_start_matches("http://").split('/').next().unwrap().to_owned();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // A connection that is cut may end with a reset.
    drop(stream.read_to_end(&mut answer).await);
    String::from_utf8(answer).unwrap()
}

/// A PUT to `auth` that requests that the connection be closed.
pub(crate) fn raw_auth() -> String {
    let body = json!({ "merchid": MID, "account": VISA, "expiry": "1249", "amount": "10.00" }).to_string();
    format!(
        "PUT /cardconnect/rest/auth HTTP/1.1\r\nhost: x\r\nauthorization: Basic dGVzdGluZzp0ZXN0aW5nMTIz\r\n\
         content-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[tokio::test]
async fn post_and_put_are_the_same() {
    let gateway = start().await;
    for method in [Method::PUT, Method::POST] {
        let body = json!({ "merchid": MID, "account": VISA, "expiry": "1249", "amount": "10.00" });
        let response = gateway.request(method, "/auth").json(&body).send().await.unwrap();
        assert_eq!(response.headers()["content-type"], "application/json");
        assert_eq!(response.json::<Value>().await.unwrap()["respstat"], "A");
    }
}

#[tokio::test]
async fn bad_or_missing_credentials_are_401_and_nothing_is_processed() {
    let gateway = start().await;
    let body = json!({ "merchid": MID, "account": VISA, "expiry": "1249", "amount": "10.00" });
    let url = format!("{}/auth", gateway.simulator.base_url());
    let client = crate::harness::client();
    let requests = [
        client.put(&url),
        client.put(&url).basic_auth("testing", Some("wrong")),
        client.put(&url).basic_auth("wrong", Some("testing123")),
        client.put(&url).bearer_auth("testing:testing123"),
        client.put(&url).header("authorization", "Basic !!!"),
    ];
    for request in requests {
        let response = request.json(&body).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
        assert!(response.headers().contains_key("www-authenticate"));
    }
    let nobodys = json!({ "merchid": "123456789012" });
    let response = client.put(&url).basic_auth("testing", Some("wrong")).json(&nobodys).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    assert!(gateway.simulator.transactions().is_empty());
}

#[tokio::test]
async fn one_sites_credentials_do_not_open_anothers_merchant_account() {
    let mut config = Config::default();
    let other =
        Merchant { username: "other".to_owned(), ..Merchant::new("111111111111", Processor::Fnor, "USD") };
    config.merchants.push(other);
    let gateway = start_with(config).await;
    for path in ["/inquire/1/111111111111", "/inquireByOrderid/1/111111111111/1"] {
        let response = gateway.request(Method::GET, path).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    }
    let answer = gateway.send("auth", json!({ "merchid": "111111111111" })).await.unwrap();
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn the_credential_check_answers_html_to_put_and_get() {
    let gateway = start().await;
    for (method, path) in [(Method::PUT, "/"), (Method::GET, "/"), (Method::PUT, "")] {
        let request = gateway.request(method, path).json(&json!({ "merchid": MID }));
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert!(response.text().await.unwrap().contains("<h1>CardConnect REST Servlet</h1>"));
    }
    for method in [Method::PUT, Method::GET] {
        let response = gateway.request(method, "/").send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK, "the credentials alone, without a body");
    }
    let url = format!("{}/", gateway.simulator.base_url());
    let wrong = crate::harness::client().get(url).basic_auth("testing", Some("wrong")).send().await.unwrap();
    assert_eq!(wrong.status(), StatusCode::UNAUTHORIZED);
    let unknown = gateway.request(Method::PUT, "/").json(&json!({ "merchid": "1" })).send().await.unwrap();
    assert_eq!(unknown.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn an_unknown_path_is_404_in_the_documented_json() {
    let gateway = start().await;
    let response = gateway.request(Method::PUT, "/nothing/here").send().await.unwrap();
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    let body: Value = response.json().await.unwrap();
    assert_eq!(body["status"], 404);
    assert_eq!(body["error"], "Not Found");
    assert_eq!(body["path"], "/cardconnect/rest/nothing/here");
    assert!(body["timestamp"].as_str().unwrap().ends_with("+00:00"));
}

#[tokio::test]
async fn a_body_that_is_no_json_object_is_400_and_a_wrong_method_405() {
    let gateway = start().await;
    for body in ["", "{", "[]", "merchid=1"] {
        let response = gateway.request(Method::PUT, "/auth").body(body).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{body}");
    }
    let response = gateway.request(Method::DELETE, "/auth").send().await.unwrap();
    assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn the_status_line_has_no_reason_phrase() {
    let gateway = start().await;
    let answer = raw(&gateway, &raw_auth()).await;
    let (status_line, rest) = answer.split_once("\r\n").unwrap();
    assert_eq!(status_line.trim_end(), "HTTP/1.1 200");
    assert!(rest.contains("server: CardConnect\r\n") && rest.contains("x-frame-options: DENY\r\n"), "{rest}");
}

#[tokio::test]
async fn answers_are_noisy_unless_asked_to_be_quiet() {
    let noisy = start().await;
    let quiet = start_with(Config { quiet_json: true, ..Config::default() }).await;
    let noisy_answer = noisy.auth(json!({})).await;
    let quiet_answer = quiet.auth(json!({})).await;
    let quiet_members = quiet_answer.as_object().unwrap();
    let noisy_members = noisy_answer.as_object().unwrap();
    assert!(quiet_members.iter().all(|(name, value)| noisy_members.get(name) == Some(value)));
    assert!(noisy_members.len() > quiet_members.len());
}

#[tokio::test]
async fn the_rate_limit_is_off_by_default_and_ends_with_the_minute_when_on() {
    let unlimited = start().await;
    for _ in 0..25 {
        unlimited.inquire("1").await;
    }
    let gateway = start_with(Config { rate_limit: true, ..Config::default() }).await;
    let ask = || gateway.request(Method::GET, "/inquire/1/496160873888").send();
    for left in (0..20).rev() {
        let response = ask().await.unwrap();
        assert_eq!(response.headers()["x-rate-limit-remaining"], left.to_string().as_str());
    }
    let response = ask().await.unwrap();
    assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(response.headers().contains_key("x-rate-limit-retry-after-seconds"));
    gateway.simulator.advance_clock(60);
    assert_eq!(ask().await.unwrap().status(), StatusCode::OK);

    for path in [
        format!("/settlestat?merchid={MID}&date=0101"),
        format!("/funding?merchid={MID}&date=0101"),
        format!("/profile/1//{MID}"),
    ] {
        let response = gateway.request(Method::GET, &path).send().await.unwrap();
        assert_eq!(response.headers()["x-rate-limit-remaining"], "19", "{path} has a count of its own");
    }
    let free = gateway.request(Method::GET, &format!("/inquireMerchant/{MID}")).send().await.unwrap();
    assert!(!free.headers().contains_key("x-rate-limit-remaining"));
}

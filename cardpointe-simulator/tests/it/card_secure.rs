//! `CardSecure`: tokens without credentials.

use cardpointe_simulator::{Config, Endpoint, Fault, FaultKind, Simulator};
use http::{Request, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::harness::{MID, VISA, assert_members};

fn simulator() -> Simulator {
    Simulator::new(Config { quiet_json: true, ..Config::default() }, Timestamp::now)
}

fn send(simulator: &Simulator, method: &str, path: &str, body: &str) -> (StatusCode, Value) {
    let request = Request::builder().method(method).uri(path).body(body.as_bytes().to_vec()).unwrap();
    let response = simulator.respond(&request);
    (response.status, serde_json::from_slice(&response.body).unwrap())
}

fn tokenize(simulator: &Simulator, body: &Value) -> Value {
    let (status, answer) = send(simulator, "POST", "/cardsecure/api/v1/ccn/tokenize", &body.to_string());
    assert_eq!(status, StatusCode::OK);
    answer
}

fn pay(simulator: &Simulator, body: &Value) -> Value {
    let mut sale = json!({ "merchid": MID, "amount": "10.00" });
    sale.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
    let request = Request::builder()
        .method("PUT")
        .uri("/cardconnect/rest/auth")
        .header("authorization", "Basic dGVzdGluZzp0ZXN0aW5nMTIz")
        .body(sale.to_string().into_bytes())
        .unwrap();
    serde_json::from_slice(&simulator.respond(&request).body).unwrap()
}

#[test]
fn a_card_number_becomes_its_token_which_pays_like_the_card() {
    let simulator = simulator();
    let answer = tokenize(&simulator, &json!({ "account": VISA }));
    assert_eq!(answer, json!({ "message": "No error", "errorcode": 0, "token": "9418594164541111" }));
    assert_eq!(tokenize(&simulator, &json!({ "account": "4111 1111 1111 1111" }))["token"], answer["token"]);
    let unseen = tokenize(&simulator, &json!({ "account": "4000000000000002" }));
    let paid = pay(&simulator, &json!({ "account": unseen["token"], "expiry": "1249" }));
    assert_members(&paid, json!({ "respstat": "A", "token": unseen["token"] }));
}

#[test]
fn expiry_and_cvv_are_held_for_one_payment_and_two_minutes() {
    let simulator = simulator();
    let token = json!({ "account": "9418594164541111" });
    let hold = |cvv: &str| {
        let card = json!({ "account": VISA, "expiry": "1249", "cvv": cvv });
        assert_eq!(tokenize(&simulator, &card)["errorcode"], 0);
    };
    hold("111");
    assert_members(&pay(&simulator, &token), json!({ "respstat": "A", "expiry": "1249", "cvvresp": "N" }));
    assert_members(&pay(&simulator, &token), json!({ "respstat": "C", "respcode": "15" }));
    hold("111");
    hold("112");
    assert_eq!(pay(&simulator, &token)["cvvresp"], "M", "a token that is made again is refreshed");
    hold("111");
    simulator.advance_clock(120);
    assert_eq!(pay(&simulator, &token)["respcode"], "15", "too late");
    hold("111");
    let own = json!({ "account": "9418594164541111", "expiry": "1149", "cvv2": "112" });
    assert_members(&pay(&simulator, &own), json!({ "expiry": "1149", "cvvresp": "M" }));
}

#[test]
fn a_unique_token_is_another_one_each_time_for_the_same_card() {
    let simulator = simulator();
    let unique = || tokenize(&simulator, &json!({ "account": VISA, "unique": true }))["token"].clone();
    let (first, second) = (unique(), unique());
    assert!(first != second && first != "9418594164541111" && second != "9418594164541111");
    for token in [&first, &second] {
        let text = token.as_str().unwrap();
        assert!(text.len() == 16 && text.starts_with("941") && text.ends_with("1111"), "{text}");
        assert_eq!(pay(&simulator, &json!({ "account": token, "expiry": "1249" }))["respstat"], "A");
    }
}

#[test]
fn a_checking_account_has_a_token_but_does_not_pay() {
    let simulator = simulator();
    let token = |account: &str| tokenize(&simulator, &json!({ "account": account }))["token"].clone();
    assert_eq!(token("053000196/15378535"), "9051769384108535");
    assert!(token("011401533/1234567").as_str().unwrap().starts_with("901"));
    let paid = pay(&simulator, &json!({ "account": token("053000196/15378535"), "expiry": "1249" }));
    assert_members(&paid, json!({ "respproc": "PPS", "respcode": "48" }));
}

#[test]
fn each_mistake_has_its_error_code_and_no_token() {
    let simulator = simulator();
    let cases = [
        (json!({}), 74),
        (json!({ "account": "" }), 14),
        (json!({ "account": "4111x11111111111" }), 8),
        (json!({ "account": "41111" }), 21),
        (json!({ "account": "41111111111111111111" }), 13),
        (json!({ "account": "4111111111111112" }), 54),
        (json!({ "account": "9411111111111111" }), 49),
        (json!({ "account": VISA, "cvv": "12" }), 21),
        (json!({ "account": VISA, "cvv": "12345" }), 13),
        (json!({ "account": VISA, "cvv": "a23" }), 8),
        (json!({ "account": VISA, "expiry": "1349" }), 8),
        (json!({ "account": "053000196/" }), 8),
        (json!({ "account": VISA, "encryptionhandler": "RSA" }), 19),
    ];
    for (body, code) in cases {
        let answer = tokenize(&simulator, &body);
        assert_eq!((&answer["errorcode"], &answer["token"]), (&json!(code), &json!("")), "{body}");
        assert_ne!(answer["message"], "No error");
    }
    let (_, answer) = send(&simulator, "POST", "/cardsecure/api/v1/ccn/tokenize", "{");
    assert_eq!(answer["errorcode"], 77);
}

#[test]
fn echo_returns_the_message_which_may_be_empty_but_not_missing() {
    let simulator = simulator();
    let echo = |body: Value| send(&simulator, "POST", "/cardsecure/api/v1/echo", &body.to_string()).1;
    assert_eq!(echo(json!({ "message": "Hello?" })), json!({ "message": "Hello?", "errorcode": 0 }));
    assert_eq!(echo(json!({ "message": "" }))["errorcode"], 0);
    assert_eq!(echo(json!({}))["errorcode"], 74);
    assert_eq!(echo(json!({ "message": "x".repeat(251) }))["errorcode"], 13);
    let (status, _) = send(&simulator, "GET", "/cardsecure/api/v1/echo", "{}");
    assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED);
    let (status, _) = send(&simulator, "POST", "/cardsecure/api/v1/other", "{}");
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[test]
fn a_fault_hits_the_tokens_endpoint_as_well() {
    let simulator = simulator();
    simulator.fault(Fault::once(Endpoint::Tokenize, FaultKind::Status { status: 503 }));
    let (status, _) = send(&simulator, "POST", "/cardsecure/api/v1/ccn/tokenize", "{}");
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(tokenize(&simulator, &json!({ "account": VISA }))["errorcode"], 0);
}

#[test]
fn the_hosted_tokenizer_may_be_framed_and_loads_nothing_from_elsewhere() {
    let simulator = simulator();
    let get = |method: &str, path: &str| {
        let request = Request::builder().method(method).uri(path).body(Vec::new()).unwrap();
        simulator.respond(&request)
    };
    let page = get("GET", "/itoke/ajax-tokenizer.html?usecvv=true");
    assert_eq!(page.status, StatusCode::OK);
    assert!(!page.headers.contains_key("x-frame-options"), "a shop shows it in a frame");
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("default-src 'none'") && policy.contains("connect-src 'self'"), "{policy}");
    let text = String::from_utf8(page.body).unwrap();
    let script = text.split_once("<script src=\"").unwrap().1.split_once('"').unwrap().0;
    let script = get("GET", script);
    assert_eq!(script.headers["content-type"], "text/javascript; charset=utf-8");
    assert!(String::from_utf8(script.body).unwrap().contains("/cardsecure/api/v1/ccn/tokenize"));
    assert_eq!(get("POST", "/itoke/ajax-tokenizer.html").status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(get("GET", "/itoke/other.html").status, StatusCode::NOT_FOUND);
}

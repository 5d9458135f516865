//! The control interface.

use cardpointe_simulator::{Alteration, Config, Endpoint, Fault, FaultKind};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::{Gateway, MID, VISA, assert_members, start, start_with, text};

async fn get(gateway: &Gateway, path: &str) -> Value {
    gateway.control(Method::GET, path).send().await.unwrap().json().await.unwrap()
}

#[tokio::test]
async fn the_ledger_shows_each_transaction_as_a_look_up_does_and_its_kind() {
    let gateway = start().await;
    let sale = gateway.settled("10.00", "A-1").await;
    let refund = text(&gateway.put("refund", json!({ "retref": sale })).await, "retref");
    let ledger = get(&gateway, "/transactions").await;
    assert_eq!(ledger.as_array().map(Vec::len), Some(2));
    assert_members(
        &ledger[0],
        json!({ "kind": "auth", "retref": sale, "orderId": "A-1", "amount": "10.00" }),
    );
    assert_members(&ledger[1], json!({ "kind": "refund", "retref": refund, "amount": "-10.00" }));
    assert_eq!(ledger, Value::from(gateway.simulator.transactions()));
}

#[tokio::test]
async fn the_batch_run_can_stop_half_way() {
    let gateway = start().await;
    let retref = gateway.authorized(json!({ "capture": "Y" })).await;
    let (_, moved) = gateway.post_control("/settle", json!({ "stage": "batch" })).await;
    assert_eq!(moved, json!({ "moved": 1 }));
    assert_eq!(gateway.put("void", json!({ "retref": retref })).await["respcode"], "27");
    let empty = gateway.control(Method::POST, "/settle").send().await.unwrap();
    assert_eq!(empty.json::<Value>().await.unwrap(), json!({ "moved": 1 }), "without a body: all the way");
    assert_eq!(gateway.inquire(&retref).await["setlstat"], "Accepted");
    let (status, error) = gateway.post_control("/settle", json!({ "stage": "half" })).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(text(&error, "error").starts_with("stage:"));
}

#[tokio::test]
async fn the_clock_can_be_pushed() {
    let gateway = start().await;
    let before = text(&get(&gateway, "/clock").await, "now");
    let (status, after) = gateway.post_control("/clock", json!({ "advance_s": 86_400 * 400 })).await;
    assert_eq!(status, StatusCode::OK);
    assert!(text(&after, "now")[..4] > before[..4], "{after} after {before}");
    for body in
        [json!({}), json!({ "advance_s": "1" }), json!({ "advance_s": i64::MAX }), json!({ "advance": 1 })]
    {
        assert_eq!(gateway.post_control("/clock", body).await.0, StatusCode::BAD_REQUEST);
    }
}

#[tokio::test]
async fn a_fault_is_ordered_listed_and_taken_back() {
    let gateway = start().await;
    let fault = json!({ "endpoint": "auth", "fault": "status", "status": 500, "times": 2 });
    assert_eq!(gateway.post_control("/faults", fault.clone()).await, (StatusCode::OK, fault.clone()));
    assert_eq!(get(&gateway, "/faults").await, json!([fault]));
    assert_eq!(gateway.send("auth", json!({})).await.unwrap().status(), StatusCode::INTERNAL_SERVER_ERROR);
    gateway.control(Method::DELETE, "/faults").send().await.unwrap();
    assert_eq!(gateway.send("auth", json!({})).await.unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn a_fault_that_does_not_exist_is_refused_by_name() {
    let gateway = start().await;
    for (body, name) in [
        (json!({ "endpoint": "auht", "fault": "cut" }), "endpoint"),
        (json!({ "endpoint": "auth", "fault": "explode" }), "fault"),
        (json!({ "endpoint": "auth", "fault": "cut", "count": 2 }), "count"),
    ] {
        let (status, error) = gateway.post_control("/faults", body).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert!(text(&error, "error").starts_with(name), "{error}");
    }
    assert_eq!(get(&gateway, "/faults").await, json!([]));
}

#[tokio::test]
async fn a_merchants_settings_change_at_run_time_one_by_one() {
    let gateway = start().await;
    let path = format!("/merchants/{MID}");
    let (status, settings) = gateway.post_control(&path, json!({ "over_capture": true })).await;
    assert_eq!(status, StatusCode::OK);
    assert_members(
        &settings,
        json!({ "over_capture": true, "partial_refunds": true, "refund_unsettled": false }),
    );
    let retref = gateway.authorized(json!({})).await;
    let over = gateway.put("capture", json!({ "retref": retref, "amount": "11.00" })).await;
    assert_eq!(over["respstat"], "A");

    let (status, error) = gateway.post_control(&path, json!({ "avs": false, "overcapture": true })).await;
    assert_eq!((status, text(&error, "error").starts_with("overcapture:")), (StatusCode::BAD_REQUEST, true));
    let (status, error) = gateway.post_control(&path, json!({ "avs": false, "cvv": "no" })).await;
    assert_eq!((status, text(&error, "error").starts_with("cvv:")), (StatusCode::BAD_REQUEST, true));
    assert_eq!(get(&gateway, &path).await["avs"], true, "a refused change changes nothing");
    assert_eq!(gateway.post_control("/merchants/1", json!({})).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_reset_forgets_everything_but_the_tokens() {
    let gateway = start().await;
    let token = text(&gateway.auth(json!({ "account": "4000000000000002" })).await, "token");
    let store = json!({ "profile": "Y", "cofpermission": "Y", "orderid": "A-1" });
    let profileid = text(&gateway.auth(store).await, "profileid");
    gateway.simulator.fault(Fault::once(Endpoint::Any, FaultKind::DropBefore));
    gateway.simulator.alter(Alteration::of(Endpoint::Any).set("respstat", "?"));
    gateway.post_control(&format!("/merchants/{MID}"), json!({ "enabled": false })).await;
    gateway.simulator.advance_clock(86_400 * 365 * 40);

    assert_eq!(gateway.post_control("/reset", json!({})).await.0, StatusCode::OK);
    assert!(gateway.simulator.transactions().is_empty());
    assert_eq!(gateway.by_order_id("A-1").await["respcode"], "29");
    assert_eq!(gateway.auth(json!({ "account": token })).await["respstat"], "A");
    let unknown = gateway.put("auth", json!({ "profile": profileid, "amount": "1.00" })).await;
    assert_eq!(unknown["respcode"], "96");
    let known = gateway.put("auth", json!({ "profile": "16178397535388255208/1", "amount": "1.00" })).await;
    assert_eq!(known["respstat"], "A");
}

#[tokio::test]
async fn a_stopped_or_dropped_simulator_no_longer_answers() {
    let gateway = start().await;
    let url = format!("{}/transactions", gateway.simulator.control_url());
    let client = crate::harness::client();
    assert!(client.get(&url).send().await.is_ok());
    gateway.simulator.stop().await;
    assert!(client.get(&url).send().await.is_err());
}

#[tokio::test]
async fn a_record_and_a_profile_can_have_numbers_of_the_tests_choice() {
    let gateway = start().await;
    let sale = json!({
        "merchid": MID, "retref": "110776233356", "account": VISA, "expiry": "1249", "amount": "5.00",
        "capture": "Y", "stage": "batch",
    });
    let (status, record) = gateway.post_control("/transactions", sale.clone()).await;
    assert_eq!(status, StatusCode::OK, "{record}");
    assert_members(&record, json!({ "retref": "110776233356", "amount": "5.00", "voidable": "N" }));
    let refused = gateway.put("capture", json!({ "retref": "110776233356" })).await;
    assert_eq!(refused["resptext"], "Txn Batched");
    let (status, _) = gateway.post_control("/transactions", sale).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "there already");
    for wrong in [
        json!({ "merchid": MID, "retref": "12a" }),
        json!({ "merchid": MID, "retref": "1", "account": VISA, "expiry": "1249", "amount": "1051.00" }),
        json!({ "merchid": "1", "retref": "1", "account": VISA, "expiry": "1249", "amount": "1.00" }),
        json!({ "retref": "2", "merchid": MID, "account": VISA, "expiry": "1249", "amount": "1.00", "stage": "?" }),
    ] {
        let (status, error) = gateway.post_control("/transactions", wrong).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{error}");
    }
    assert_ne!(
        gateway.authorized(json!({})).await,
        "1",
        "a number that was refused is not given to the next"
    );

    let profile =
        json!({ "merchid": MID, "profileid": "14415027005301832533", "account": VISA, "expiry": "1249" });
    let (status, saved) = gateway.post_control("/profiles", profile.clone()).await;
    assert_eq!((status, &saved["profileid"]), (StatusCode::OK, &json!("14415027005301832533")));
    let paid = gateway.put("auth", json!({ "profile": "14415027005301832533", "amount": "1.00" })).await;
    assert_eq!(paid["respstat"], "A");
    let mut second = profile;
    second["profileid"] = json!("1");
    let (status, _) = gateway.post_control("/profiles", second).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "the same card is that profile");
}

/// A page from anywhere can send this without a question, or from a name of its own that points
/// here.
#[tokio::test]
async fn only_this_machine_and_its_pages_get_to_the_control_interface() {
    let gateway = start().await;
    let reset = || gateway.control(Method::POST, "/reset").header("content-type", "text/plain");
    gateway.authorized(json!({})).await;
    for refused in [
        reset().header("origin", "https://example.com"),
        reset().header("origin", "null"),
        reset().header("host", "example.com:4001"),
        reset().header("host", "localhost:65536"),
        gateway.control(Method::GET, "/transactions").header("host", "example.com"),
        gateway.control(Method::GET, "").header("host", "example.com"),
    ] {
        let refused = refused.send().await.unwrap();
        assert_eq!(refused.status(), StatusCode::FORBIDDEN);
        let said: Value = refused.json().await.unwrap();
        assert!(said["error"].as_str().unwrap().contains("--host"), "{said}");
    }
    let transactions: Value =
        gateway.control(Method::GET, "/transactions").send().await.unwrap().json().await.unwrap();
    assert_eq!(transactions.as_array().unwrap().len(), 1, "nothing was reset");
    // The gateway's endpoints have credentials, and its clients call them by its own names.
    let by_name = gateway.request(Method::PUT, "/").header("host", "fts-uat.cardconnect.com");
    assert_eq!(by_name.json(&json!({ "merchid": MID })).send().await.unwrap().status(), StatusCode::OK);
    for taken in
        [reset(), reset().header("origin", "http://localhost:8080"), reset().header("host", "localhost")]
    {
        assert_eq!(taken.send().await.unwrap().status(), StatusCode::OK);
    }
    let named = start_with(Config { hosts: vec!["laptop.lan".to_owned()], ..Config::default() }).await;
    let by_name = named.control(Method::POST, "/reset").header("host", "laptop.lan:4001");
    assert_eq!(by_name.send().await.unwrap().status(), StatusCode::OK);
}

//! Each form of the reports that is documented or was recorded.

use cardpointe_simulator::Server;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::{Gateway, MID, start_at};

/// A deposit of a payment, at a clock that stands still: its responses have the payment's time.
async fn settled() -> Gateway {
    let gateway = start_at("2030-03-08T18:00:00Z".parse().unwrap()).await;
    gateway.settled("10.03", "A-1").await;
    let fee = json!({ "merchid": MID, "category": "FEES", "minor_units": -549, "on": "2030-03-11" });
    assert_eq!(gateway.post_control("/adjustments", fee).await.0, StatusCode::OK);
    let chargeback = json!({ "merchid": MID, "casenumber": "7", "minor_units": 100, "on": "2030-03-11" });
    assert_eq!(gateway.post_control("/chargebacks", chargeback).await.0, StatusCode::OK);
    gateway.simulator.set_clock("2030-03-11T18:00:00Z".parse().unwrap());
    gateway
}

async fn set(gateway: &Gateway, name: &str, value: &str) {
    let (status, body) = gateway.post_control(&format!("/merchants/{MID}"), json!({ name: value })).await;
    assert_eq!((status, &body[name]), (StatusCode::OK, &json!(value)));
}

async fn body(gateway: &Gateway, path: &str) -> (StatusCode, String) {
    let response = gateway.request(Method::GET, path).send().await.unwrap();
    (response.status(), response.text().await.unwrap())
}

async fn deposit(gateway: &Gateway) -> Value {
    gateway.get(&format!("/funding?merchid={MID}&date=20300311")).await
}

async fn batches(gateway: &Gateway) -> Value {
    gateway.get(&format!("/settlestat?merchid={MID}&date=0308")).await
}

#[tokio::test]
async fn amounts_ids_dates_and_nothing_have_each_form() {
    let gateway = settled().await;
    for (name, word, pointer, expected) in [
        ("amount_form", "decimal", "/fundings/0/totalfunding", json!("3.54")),
        ("amount_form", "decimal", "/fundings/0/thirdparty", json!("0")),
        ("amount_form", "minor_text", "/fundings/0/totalfunding", json!("354")),
        ("amount_form", "minor_number", "/fundings/0/fee", json!(-549)),
        ("amount_form", "minor_number", "/txns/0/amount", json!(1003)),
        ("id_form", "text", "/fundingmasterid", json!("20300311873888")),
        ("id_form", "number", "/fundingmasterid", json!(20_300_311_873_888_i64)),
        ("id_form", "number", "/txns/0/fundingtxnid", json!(20_300_311_873_888_i64)),
        ("date_form", "dashes", "/fundingdate", json!("2030-03-11")),
        ("date_form", "plain", "/fundingdate", json!("20300311")),
        ("date_form", "plain", "/txns/0/date", json!("20300308")),
        ("authdate_form", "date_time", "/txns/0/authdate", json!("20300308180000")),
        ("authdate_form", "date", "/txns/0/authdate", json!("20300308")),
        ("null_form", "null", "/datechanged", Value::Null),
        ("null_form", "text", "/datechanged", json!("null")),
        ("null_form", "empty", "/chargebacks/0/retref", json!("")),
        ("funding_words", "documented", "/txns/0/cardbrand", json!("VISA")),
        ("funding_words", "recorded", "/txns/0/cardbrand", json!("Visa")),
        ("funding_words", "recorded", "/txns/0/type", json!("Sale")),
    ] {
        set(&gateway, name, word).await;
        let deposit = deposit(&gateway).await;
        assert_eq!(deposit.pointer(pointer), Some(&expected), "{name} {word} in {deposit}");
        set(&gateway, name, first_word(name)).await;
    }
    set(&gateway, "null_form", "absent").await;
    let deposit = deposit(&gateway).await;
    assert_eq!((deposit.get("datechanged"), deposit["chargebacks"][0].get("retref")), (None, None));
    set(&gateway, "amount_form", "minor_number").await;
    assert_eq!(batches(&gateway).await[0]["txns"][0]["setlamount"], 1003);
}

/// The default of a setting.
fn first_word(name: &str) -> &'static str {
    match name {
        "amount_form" => "decimal",
        "id_form" => "text",
        "date_form" => "dashes",
        "authdate_form" => "date_time",
        "null_form" => "null",
        "funding_words" => "documented",
        _ => panic!("{name}"),
    }
}

#[tokio::test]
async fn a_batch_has_each_form() {
    let gateway = settled().await;
    let number: i64 = batches(&gateway).await[0]["batchid"].as_str().unwrap().parse().unwrap();
    for (word, expected) in [
        ("same", Some(number.to_string())),
        ("padded", Some(format!("{number:010}"))),
        ("previous", Some((number - 1).to_string())),
        ("absent", None),
    ] {
        set(&gateway, "hostbatch_form", word).await;
        let batches = batches(&gateway).await;
        assert_eq!(batches[0].get("hostbatch"), expected.map(Value::from).as_ref(), "{word}");
    }
    set(&gateway, "settlestat_members", "recorded").await;
    let members = batches(&gateway).await[0]["txns"][0].as_object().unwrap().len();
    assert_eq!(members, 2);
    set(&gateway, "settlestat_form", "object").await;
    assert!(batches(&gateway).await["txns"].is_array());
}

#[tokio::test]
async fn nothing_is_said_in_each_form() {
    let gateway = settled().await;
    let errormsg = "No deposits match your request";
    for (word, expected) in [("text", errormsg), ("empty", ""), ("empty_array", "[]")] {
        set(&gateway, "no_deposits", word).await;
        let path = format!("/funding?merchid={MID}&date=20300312");
        assert_eq!(body(&gateway, &path).await, (StatusCode::OK, expected.to_owned()), "{word}");
    }
    for (word, expected) in
        [("text", "Null batches"), ("quoted", "\"Null batches\""), ("empty", ""), ("empty_array", "[]")]
    {
        set(&gateway, "no_batches", word).await;
        let path = format!("/settlestat?merchid={MID}&date=0301");
        assert_eq!(body(&gateway, &path).await, (StatusCode::OK, expected.to_owned()), "{word}");
    }
}

#[tokio::test]
async fn an_account_without_deposits_is_refused_in_each_form_and_has_its_batches() {
    let gateway = settled().await;
    for (word, status) in [
        ("nothing", StatusCode::OK),
        ("unauthorized", StatusCode::UNAUTHORIZED),
        ("forbidden", StatusCode::FORBIDDEN),
        ("not_found", StatusCode::NOT_FOUND),
    ] {
        set(&gateway, "funding_access", word).await;
        let (found, text) = body(&gateway, &format!("/funding?merchid={MID}&date=20300311")).await;
        assert_eq!((found, text.contains("txns")), (status, false), "{word}");
        assert!(batches(&gateway).await.is_array());
    }
}

#[tokio::test]
async fn an_account_whose_reports_hang_leaves_the_others_alone() {
    let gateway = settled().await;
    let hang = json!({ "reports_hang": true });
    gateway.post_control(&format!("/merchants/{MID}"), hang).await;
    for path in
        [format!("/funding?merchid={MID}&date=20300311"), format!("/settlestat?merchid={MID}&date=0308")]
    {
        let delivery = respond(&gateway.simulator, &path);
        assert_eq!(delivery, cardpointe_simulator::Delivery::Never, "{path}");
    }
    let (status, text) = body(&gateway, "/settlestat?merchid=496480518000&date=0308").await;
    assert_eq!((status, text.as_str()), (StatusCode::OK, "Null batches"));
    assert_eq!(gateway.by_order_id("A-1").await["setlstat"], "Accepted", "payments go on");
}

fn respond(server: &Server, path: &str) -> cardpointe_simulator::Delivery {
    let request = http::Request::builder()
        .uri(format!("/cardconnect/rest{path}"))
        .header("authorization", "Basic dGVzdGluZzp0ZXN0aW5nMTIz")
        .body(Vec::<u8>::new())
        .unwrap();
    server.respond(&request).delivery
}

#[tokio::test]
async fn control_requests_change_what_a_day_says_and_take_it_back() {
    let gateway = settled().await;
    let (first, deposit_path) = (batches(&gateway).await, format!("/deposits/{MID}/2030-03-11"));
    let of_batch = format!("/batches/{MID}/{}", first[0]["batchid"].as_str().unwrap());
    let post = async |path: &str, change: Value| {
        assert_eq!(gateway.post_control(path, change).await.0, StatusCode::OK, "{path}");
    };
    post(&of_batch, json!({ "number": "770001" })).await;
    assert_eq!(batches(&gateway).await[0]["batchid"], "770001");
    post(&of_batch, json!({ "broken": true })).await;
    let (status, text) = body(&gateway, &format!("/settlestat?merchid={MID}&date=0308")).await;
    assert_eq!((status, serde_json::from_str::<Value>(&text).is_err()), (StatusCode::OK, true));
    post(&of_batch, json!({ "number": null })).await;
    assert_eq!(batches(&gateway).await[0]["batchid"], first[0]["batchid"]);
    post(&deposit_path, json!({ "number": 770_002 })).await;
    let before = deposit(&gateway).await;
    assert_eq!(before["fundingmasterid"], "770002");
    let id: i64 = before["adjustments"][0]["fundingadjustmentid"].as_str().unwrap().parse().unwrap();
    post("/listings", json!({ "id": id, "taken_back": true })).await;
    assert_eq!(deposit(&gateway).await["fundings"][0]["fee"], "0");
    post("/listings", json!({ "id": id, "taken_back": false, "without_amount": true })).await;
    let listed = deposit(&gateway).await;
    assert_eq!(
        (&listed["fundings"][0]["fee"], &listed["adjustments"][0]["amount"]),
        (&json!("-5.49"), &Value::Null)
    );
    post("/listings", json!({ "id": id, "on": "2030-03-12", "moved": true })).await;
    assert_eq!(deposit(&gateway).await["fundings"][0]["fee"], "0");
}

#[tokio::test]
async fn a_mistake_in_a_control_request_names_the_member() {
    let gateway = settled().await;
    for (path, request, named) in [
        ("/adjustments", json!({ "merchid": MID, "category": "FEES" }), "minor_units"),
        ("/adjustments", json!({ "merchid": "1", "category": "FEES", "minor_units": 1 }), "merchid"),
        ("/chargebacks", json!({ "merchid": MID, "casenumber": "7", "minor_units": 0 }), "minor_units"),
        (
            "/chargebacks",
            json!({ "merchid": MID, "casenumber": "7", "minor_units": 1, "amount": 1 }),
            "amount",
        ),
        ("/elsewhere", json!({ "merchid": MID, "minor_units": 0 }), "minor_units"),
        ("/settled", json!({ "merchid": MID, "day": "2030-03-01", "count": 0, "minor_units": 1 }), "count"),
        ("/deposits/496160873888/March", json!({}), "day"),
        ("/listings", json!({ "id": 600_000_000_000_000_i64, "moved": true }), "on"),
        ("/clock", json!({ "now": "tomorrow" }), "now"),
        ("/clock", json!({}), "advance_s or now"),
    ] {
        let (status, error) = gateway.post_control(path, request).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{path} {error}");
        assert!(error["error"].as_str().unwrap().contains(named), "{error}");
    }
    for path in ["/deviations/0", "/deposits/1/2030-03-11", &format!("/batches/{MID}/1")] {
        let body = if path.starts_with("/batches") { json!({ "hoststat": null }) } else { json!({}) };
        assert_eq!(gateway.post_control(path, body).await.0, StatusCode::NOT_FOUND, "{path}");
    }
    let deleted = gateway.control(Method::DELETE, "/adjustments").send().await.unwrap();
    assert_eq!(deleted.status(), StatusCode::METHOD_NOT_ALLOWED);
}

//! `payment show`.

use cardpointe_simulator::Endpoint;
use serde_json::{Value, json};

use crate::support::{Fixture, MERCHANT, run};

#[tokio::test]
async fn everything_on_record_about_a_payment_is_shown() {
    let fixture = Fixture::open().await;
    let (_, id) = fixture.pay("o", "authorize").await;
    let soon = json!({ "data": { "capture_at": "2999-01-01T00:00:00Z" } });
    assert_eq!(
        fixture.call("PATCH", &format!("/v2/orders/o/transactions/{id}"), soon).await.0,
        422,
        "too late"
    );
    let at = (jiff::Timestamp::now() + jiff::SignedDuration::from_hours(1)).to_string();
    let soon = json!({ "data": { "capture_at": at } });
    assert_eq!(fixture.call("PATCH", &format!("/v2/orders/o/transactions/{id}"), soon).await.0, 200);
    fixture.lose(Endpoint::Capture);
    assert_eq!(fixture.follow_up("o", &id, "capture", json!({ "amount": 2000 })).await.0, 202);
    let ran = fixture.run(&["payment", "show", MERCHANT, "o", &id, "--json"], "").await;
    let shown = ran.json();
    let transaction = &shown["transactions"][0];
    assert_eq!((&shown["order"], &shown["total"], &shown["owing"]), (&json!("o"), &json!(2599), &json!(0)));
    assert_eq!((&transaction["id"], &transaction["status"]), (&json!(id), &json!("pending")));
    assert_eq!(transaction["scheduled_capture"]["standing"], Value::Null, "a capture is under way");
    let [first, second] = transaction["operations"].as_array().unwrap().as_slice() else {
        panic!("{shown:#}")
    };
    assert_eq!((&first["kind"], &first["state"]), (&json!("authorize"), &json!("approved")));
    assert_eq!((&first["by"], &first["attempt"]["number"]), (&json!("client_credentials"), &json!(1)));
    assert_eq!(first["response"]["retref"], transaction["reference"]);
    assert_eq!((&second["state"], &second["doubt"]), (&json!("pending"), &json!("no_response")));
    assert!(second["next_inquiry_at"].is_string());
    let text = fixture.run(&["payment", "show", MERCHANT, "o"], "").await.done();
    for part in [
        "1. authorize of 25.99 USD: approved",
        "2. capture of 20.00 USD: pending",
        "in doubt: no response",
        "client credentials (requested), 1 attempt",
        "gateway: respstat A",
        "capture scheduled for",
        "card Visa ****",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    for hidden in ["fingerprint", "\"token\"", "\"key\""] {
        assert!(!shown.to_string().contains(hidden), "{hidden}");
    }
    fixture.close().await;
}

#[tokio::test]
async fn what_is_not_there_is_said_with_its_own_exit_code() {
    let fixture = Fixture::open().await;
    let (_, id) = fixture.pay("o", "purchase").await;
    let nobody = "00000000-0000-4000-8000-000000000000";
    fixture.run(&["payment", "show", MERCHANT, "p"], "").await.fails(3, "the order does not exist");
    fixture.run(&["payment", "show", MERCHANT, "o", nobody], "").await.fails(3, &id);
    fixture.run(&["payment", "show", MERCHANT, "a#b"], "").await.fails(2, "may hold only");
    let arguments = ["payment", "show", MERCHANT, "o", "--json"];
    let shown = run(&arguments, &fixture.like_aws(), "").await.json();
    assert_eq!(shown["transactions"][0]["id"], json!(id), "the same on AWS");
    let ran = run(&arguments, &fixture.like_aws()[..5], "").await;
    ran.fails(2, "--table");
    fixture.close().await;
}

//! `payment show`.

use cardpointe_simulator::{AdviceMember, Decline, Endpoint};
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
async fn a_decline_is_shown_with_what_the_card_scheme_said_and_forbids() {
    let fixture = Fixture::open().await;
    let simulator = fixture.stack.simulator();
    let revoked = Decline::do_not_honor()
        .member(AdviceMember::MerchAdviceCode, "R1")
        .member(AdviceMember::MerchAdviceText, "Revocation of authorization order")
        .member(AdviceMember::AssocRespCode, "R1")
        .member(AdviceMember::DeclineCategory, "1");
    simulator.decline(revoked);
    assert_eq!(fixture.pay("series", "purchase").await.0, 400);
    let text = fixture.run(&["payment", "show", MERCHANT, "series"], "").await.done();
    let lines = "     declined: do not honor, do not retry the series\n     \
                 scheme: advice R1 Revocation of authorization order; response R1; category 1\n";
    assert!(text.contains(lines), "{text}");
    let shown = fixture.run(&["payment", "show", MERCHANT, "series", "--json"], "").await.json();
    let operation = &shown["transactions"][0]["operations"][0];
    let scheme = json!({
        "advice_code": "R1", "advice_text": "Revocation of authorization order",
        "response_code": "R1", "response_text": null, "category": "1",
    });
    assert_eq!(operation["response"]["scheme"], scheme);
    let decline = json!({
        "code": "do_not_honor", "advice": "do_not_retry", "scope": "series", "rule": "stop_series", "retry_at": null,
    });
    assert_eq!(operation["decline"], decline);

    // Visa's category 2 says nothing of a time, but a day helps.
    simulator.decline(Decline::do_not_honor().member(AdviceMember::DeclineCategory, "2"));
    assert_eq!(fixture.pay("later", "purchase").await.0, 400);
    let shown = fixture.run(&["payment", "show", MERCHANT, "later", "--json"], "").await.json();
    let operation = &shown["transactions"][0]["operations"][0];
    assert_eq!(
        (&operation["decline"]["scope"], &operation["decline"]["rule"]),
        (&Value::Null, &json!("wait"))
    );
    let day_later = operation["decline"]["retry_at"].as_str().unwrap();
    let text = fixture.run(&["payment", "show", MERCHANT, "later"], "").await.done();
    let line = format!("declined: do not honor, retry later, not before {}", &day_later[..19]);
    assert!(text.contains(&line) && text.contains("     scheme: category 2\n"), "{line}: {text}");

    // A scheme that says nothing leaves no line.
    simulator.decline(Decline::do_not_honor());
    assert_eq!(fixture.pay("silent", "purchase").await.0, 400);
    let text = fixture.run(&["payment", "show", MERCHANT, "silent"], "").await.done();
    assert!(text.contains("declined: do not honor, contact issuer\n") && !text.contains("scheme:"), "{text}");
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

#[tokio::test]
async fn a_payment_is_shown_with_what_the_merchants_systems_know_it_by() {
    let fixture = Fixture::open().await;
    let order = json!({ "data": { "type": "order", "amount": 2599, "currency": "USD" } });
    fixture.call("PUT", "/v2/orders/o", order).await;
    let body = json!({ "data": {
        "gateway": "card_connect", "method": "purchase", "number": "4788250000121443",
        "first_name": "A", "last_name": "B", "month": "10", "year": "2031", "verification_value": "112",
        "custom_reference": "invoice 7", "description": "Two lamps", "metadata": { "channel": "web", "a": "b" },
        "paymentmethod_meta": { "name": "Company card" },
    } });
    let (status, paid) = fixture.call("POST", "/v2/orders/o/payments", body).await;
    assert_eq!(status, 200, "{paid:#}");
    let shown = fixture.run(&["payment", "show", MERCHANT, "o"], "").await.done();
    let lines = [
        "  custom reference: invoice 7",
        "  payment method: Company card",
        "  description: Two lamps",
        "  metadata: a=b; channel=web",
    ];
    assert!(shown.contains(&lines.join("\n")), "{shown}");
    let shown = fixture.run(&["payment", "show", MERCHANT, "o", "--json"], "").await.json();
    let shown = &shown["transactions"][0];
    assert_eq!(
        (&shown["custom_reference"], &shown["description"]),
        (&json!("invoice 7"), &json!("Two lamps"))
    );
    assert_eq!(shown["metadata"], json!({ "a": "b", "channel": "web" }));
    fixture.close().await;
}

#[tokio::test]
async fn a_surcharge_is_itemized_wherever_a_payment_is_shown() {
    let fixture = Fixture::open().await;
    let name = format!("tollgate/merchants/{MERCHANT}");
    let mut document = fixture.stack.secrets().get(&name).unwrap();
    document["gateway"]["merchids"] = json!({ "USD": "496590513883" });
    document["gateway"]["surcharging_merchids"] = json!(["496590513883"]);
    document["decline_on"] = json!({ "avs": [], "cvv": [] });
    fixture.stack.secrets().put(&name, document);
    fixture.stack.cold_start().unwrap();
    let order = json!({ "data": { "type": "order", "amount": 2599, "currency": "USD" } });
    fixture.call("PUT", "/v2/orders/o", order).await;
    let body = json!({ "data": {
        "gateway": "card_connect", "method": "purchase", "first_name": "A", "last_name": "B", "number": "4788250000121443",
        "month": "10", "year": "2031", "verification_value": "112", "billing_address": { "postcode": "55555" },
    } });
    let (status, paid) = fixture.call("POST", "/v2/orders/o/payments", body).await;
    assert_eq!(status, 200, "{paid:#}");
    fixture.stack.deliver_stream().await.unwrap();

    let receipt = fixture.run(&["payment", "receipt", MERCHANT, "o"], "").await.done();
    let lines: Vec<&str> = receipt.lines().filter(|line| line.contains("USD")).collect();
    let expected = [
        "amount         25.99 USD",
        "surcharge      0.78 USD",
        "total          26.77 USD",
        "captured       25.99 USD + 0.78 USD",
        "refunded       0.00 USD",
    ];
    assert_eq!(lines, expected);
    let receipt = fixture.run(&["payment", "receipt", MERCHANT, "o", "--json"], "").await.json();
    let fee = json!({ "kind": "surcharge", "amount": 78, "captured_amount": 78, "refunded_amount": 0 });
    assert_eq!(receipt["fee"], fee);
    assert_eq!((&receipt["amount"]["amount"], &receipt["total"]["amount"]), (&json!(2599), &json!(2677)));
    let fee = json!({ "kind": "surcharge", "amount": 78, "captured": 78, "refunded": 0 });

    let shown = fixture.run(&["payment", "show", MERCHANT, "o"], "").await.done();
    for part in ["surcharge of 0.78 USD: captured 0.78 USD, refunded 0.00 USD", "amount 25.99, fee 0.78"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let shown = fixture.run(&["payment", "show", MERCHANT, "o", "--json"], "").await.json();
    assert_eq!((&shown["paid"], &shown["transactions"][0]["fee"]), (&json!(2599), &fee));

    let list = fixture.run(&["payment", "list", MERCHANT], "").await.done();
    assert!(list.contains("25.99 USD +0.78"), "{list}");
    let list = fixture.run(&["payment", "list", MERCHANT, "--json"], "").await.json();
    assert_eq!(list["payments"][0]["fee"], fee);
    fixture.stack.invoke_scheduled("totals").await.unwrap();
    let report = fixture.run(&["report", MERCHANT, "--day", "today"], "").await.done();
    assert!(
        report.contains("FEES_AT_GATEWAY") && report.contains("at the gateway 25.99, fees there 0.78"),
        "{report}"
    );
    fixture.close().await;
}

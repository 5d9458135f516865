//! The whole path of an order: as the seeds write it, and the documented responses to failures.

use cardpointe_simulator::Record;
use local::{Options, merchants};
use reqwest::Method;
use serde_json::{Value, json};

use crate::shop::{
    AMEX, AMEX_CODE, MASTERCARD, PARTLY_APPROVED, SEED_VISA, Shop, TIMES_OUT, VISA, by_card, by_card_with,
    by_token,
};

/// The published response, with the values that this path gives it.
fn assert_has_every_member_of_the_seed(data: &Value, order: &str, amount: u64, formatted: &str) {
    assert!(data["id"].as_str().is_some_and(|id| id.len() == 36));
    assert!(data["reference"].as_str().is_some_and(|retref| retref.len() == 12));
    let expected = json!({
        "type": "transaction", "gateway": "card_connect", "amount": amount, "currency": "USD",
        "transaction-type": "purchase", "transaction_type": "purchase", "status": "complete",
        "relationships": {"order": {"data": {"type": "order", "id": order}}},
    });
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&data[name], value, "{name}");
    }
    let price = json!({"amount": amount, "currency": "USD", "formatted": formatted});
    assert_eq!(data["meta"]["display_price"], price);
    let created_at = data["meta"]["created_at"].as_str().unwrap();
    assert_eq!((created_at.len(), created_at.ends_with('Z')), ("2019-01-31T17:20:39.378Z".len(), true));
    assert!(data["meta"]["timestamps"]["created_at"].is_string());
}

#[tokio::test]
async fn seed_000_pays_by_token() {
    let shop = Shop::share().await;
    shop.register("o", 100).await;
    let body = r#" {
      "data": {
        "gateway": "card_connect",
        "method": "purchase",
        "amount": 100,
        "payment": "1|16178397535388255208"
      }
    } "#;
    let answer = shop.send(Method::POST, "/v2/orders/o/payments", &[], body.to_owned()).await;
    assert_has_every_member_of_the_seed(answer.data(200), "o", 100, "$1.00");
    let card = &answer.body["data"]["payment_details"]["card"];
    assert_eq!((&card["brand"], &card["last_four"]), (&json!("Visa"), &json!("1443")));
    shop.close().await;
}

#[tokio::test]
async fn seed_001_pays_by_card_what_is_owing() {
    let shop = Shop::share().await;
    shop.register("o", 2599).await;
    let answer = shop.pay("o", by_card("purchase", SEED_VISA)).await;
    assert_has_every_member_of_the_seed(answer.data(200), "o", 2599, "$25.99");
    let order = shop.order("o").await;
    assert_eq!((&order["payment"], &order["status"]), (&json!("paid"), &json!("complete")));
    shop.close().await;
}

#[tokio::test]
async fn a_payment_is_still_at_the_gateway_after_a_restart_as_it_is_in_the_table() {
    let data = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("restarted-shop");
    drop(std::fs::remove_dir_all(&data));
    let open = async || {
        let options = Options { data: Some(data.clone()), ..Options::default() };
        Shop::open_as(options, merchants::REGISTERED, merchants::REGISTERED_KEY).await
    };
    let shop = open().await;
    shop.register("o", 2599).await;
    shop.pay("o", by_card("purchase", MASTERCARD)).await.data(200);
    shop.stack.simulator().settle();
    let records = shop.stack.simulator().records();
    assert_eq!(records.iter().map(Record::moved_minor_units).collect::<Vec<_>>(), [2599]);
    shop.stack.stop().await;

    let shop = open().await;
    assert_eq!(shop.stack.simulator().records(), records);
    assert_eq!(shop.order("o").await["payment"], "paid");
}

#[tokio::test]
async fn an_order_is_authorized_captured_in_part_refunded_and_read() {
    let shop = Shop::open().await;
    shop.register("o", 2599).await;
    let id = shop.pay("o", by_card("authorize", MASTERCARD)).await.id();
    assert_eq!(shop.order("o").await["payment"], "authorized");
    let captured =
        shop.follow_up("o", &id, "capture", json!({"amount": 2000, "custom_reference": "A-1"})).await;
    let data = captured.data(200);
    assert_eq!((&data["transaction_type"], &data["custom_reference"]), (&json!("capture"), &json!("A-1")));
    assert_eq!(data["meta"]["display_captured_amount"]["formatted"], "$20.00");
    shop.stack.simulator().settle();
    for (amount, refunded) in [(500, 500), (1500, 2000)] {
        let answer = shop.follow_up("o", &id, "refund", json!({ "amount": amount })).await;
        let data = answer.data(200);
        assert_eq!(
            (&data["transaction-type"], &data["refunded_amount"]),
            (&json!("refund"), &json!(refunded))
        );
        assert_eq!((&data["amount"], &data["refund_mechanism"]), (&json!(2599), &json!("automatic")));
    }
    shop.follow_up("o", &id, "refund", json!({"amount": 1})).await.error(422, "already_refunded");
    let order = shop.order("o").await;
    assert_eq!(order["payment"], "partially_paid", "599 were never paid");
    assert_eq!(order["meta"]["display_price"]["balance_owing"]["amount"], 599);
    assert_eq!(shop.get(&format!("/v2/orders/o/transactions/{id}")).await.data(200)["status"], "complete");
    let history = &shop.transactions("o").await[0]["meta"]["operations"];
    let kinds: Vec<_> = history.as_array().unwrap().iter().map(|o| o["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["authorize", "capture", "refund", "refund"]);
    shop.close().await;
}

#[tokio::test]
async fn a_cancelled_authorization_lets_the_order_be_paid() {
    let shop = Shop::open().await;
    shop.register("o", 2599).await;
    let id = shop.pay_by_token("o", "authorize").await.id();
    let cancelled = shop.follow_up("o", &id, "cancel", json!({"reason": "requested_by_customer"})).await;
    assert_eq!(cancelled.data(200)["status"], "cancelled");
    assert_eq!(cancelled.body["data"]["transaction_type"], "authorize");
    shop.follow_up("o", &id, "capture", json!({})).await.error(422, "already_cancelled");
    shop.pay_by_token("o", "purchase").await.data(200);
    assert_eq!(shop.ledger("auth").iter().filter(|entry| entry["setlstat"] == "Voided").count(), 1);
    shop.close().await;
}

#[tokio::test]
async fn a_wrong_security_code_or_address_is_declined_and_given_back_where_the_merchant_wants_it() {
    let shop = Shop::open_with(json!({"decline_on": {"avs": ["N"], "cvv": ["N"]}})).await;
    shop.register("o", 2599).await;
    let wrong_code = by_card_with("purchase", VISA, &json!({"verification_value": "111"}));
    let error = shop.pay("o", wrong_code).await;
    assert_eq!(error.error(400, "declined")["meta"]["decline_code"], "incorrect_cvc");
    assert_eq!(error.body["errors"][0]["meta"]["cvv_result"], "N");
    let elsewhere = json!({"billing_address": {"line_1": "1 Main St", "postcode": "90112", "country": "us"}});
    let error = shop.pay("o", by_card_with("purchase", VISA, &elsewhere)).await;
    assert_eq!(error.error(400, "declined")["meta"]["decline_code"], "avs_mismatch");
    let setlstats: Vec<_> = shop.ledger("auth").iter().map(|entry| entry["setlstat"].clone()).collect();
    assert_eq!(setlstats, ["Voided", "Voided"]);
    shop.pay("o", by_card("purchase", VISA)).await.data(200);
    // Without the rule the same letters are the merchant's to see and the payment remains.
    let lenient = Shop::open_with(json!({ "decline_on": null })).await;
    lenient.register("o", 2599).await;
    let paid = lenient.pay("o", by_card_with("purchase", VISA, &json!({"verification_value": "111"}))).await;
    assert_eq!(paid.data(200)["payment_details"]["cvv_result"], "N");
    lenient.close().await;
    shop.close().await;
}

#[tokio::test]
async fn a_partial_approval_is_given_back_unless_the_merchant_takes_parts() {
    let shop = Shop::open().await;
    shop.register("o", 2599).await;
    let answer = shop.pay("o", by_card("purchase", PARTLY_APPROVED)).await;
    assert_eq!(answer.error(400, "declined")["meta"]["decline_code"], "partial_approval");
    assert_eq!(shop.ledger("auth")[0]["setlstat"], "Voided");
    assert_eq!(shop.order("o").await["meta"]["display_price"]["balance_owing"]["amount"], 2599);
    let takes_parts = Shop::open_with(json!({"accept_partial_approval": true})).await;
    takes_parts.register("o", 2599).await;
    let answer = takes_parts.pay("o", by_card("purchase", PARTLY_APPROVED)).await;
    assert_eq!(answer.data(200)["amount"], 500);
    assert_eq!(takes_parts.order("o").await["payment"], "partially_paid");
    takes_parts.close().await;
    shop.close().await;
}

#[tokio::test]
async fn a_full_refund_before_settlement_becomes_a_void_and_says_so() {
    let shop = Shop::open().await;
    shop.register("o", 2599).await;
    let id = shop.pay_by_token("o", "purchase").await.id();
    let path = format!("/v2/orders/o/transactions/{id}/refund");
    let answer = shop.post_with_key(&path, "k", json!({"data": {"amount": 2599}})).await;
    let data = answer.data(200);
    assert_eq!((&data["transaction_type"], &data["refunded_amount"]), (&json!("refund"), &json!(2599)));
    assert_eq!(data["payment_details"]["detailed_status"], "refund_before_settlement");
    assert_eq!(
        (shop.ledger("refund").len(), shop.ledger("auth")[0]["setlstat"].clone()),
        (0, json!("Voided"))
    );
    let again = shop.post_with_key(&path, "k", json!({"data": {"amount": 2599}})).await;
    assert!(again.is_replay());
    assert_eq!(again.data(200)["refunded_amount"], 2599);
    assert_eq!(shop.order("o").await["payment"], "refunded");
    shop.close().await;
}

#[tokio::test]
async fn a_partial_refund_before_settlement_is_told_to_wait_and_works_after() {
    let shop = Shop::open().await;
    shop.register("o", 2599).await;
    let id = shop.pay_by_token("o", "purchase").await.id();
    let error = shop.follow_up("o", &id, "refund", json!({"amount": 600})).await;
    assert_eq!(error.error(422, "not_settled")["meta"]["advice"], "retry_later");
    let operations = &shop.transactions("o").await[0]["meta"]["operations"];
    assert_eq!((&operations[1]["type"], &operations[1]["state"]), (&json!("refund"), &json!("not_done")));
    shop.stack.simulator().settle();
    assert_eq!(
        shop.follow_up("o", &id, "refund", json!({"amount": 600})).await.data(200)["refunded_amount"],
        600
    );
    let operations = &shop.transactions("o").await[0]["meta"]["operations"];
    assert_eq!((operations.as_array().unwrap().len(), &operations[1]["attempts"]), (2, &json!(2)));
    shop.close().await;
}

#[tokio::test]
async fn between_batch_and_settlement_neither_refund_nor_cancel_is_possible() {
    let shop = Shop::open().await;
    shop.register("o", 2599).await;
    let id = shop.pay_by_token("o", "purchase").await.id();
    shop.stack.simulator().settle_to(cardpointe_simulator::Stage::Batch);
    shop.follow_up("o", &id, "refund", json!({})).await.error(422, "not_settled");
    shop.follow_up("o", &id, "cancel", json!({})).await.error(422, "already_settled");
    shop.stack.simulator().settle();
    shop.follow_up("o", &id, "cancel", json!({})).await.error(422, "already_settled");
    assert_eq!(shop.follow_up("o", &id, "refund", json!({})).await.data(200)["refunded_amount"], 2599);
    shop.close().await;
}

#[tokio::test]
async fn an_external_order_is_paid_by_stated_amounts() {
    let shop = Shop::open_external().await;
    let error = shop.pay_by_token("x-1", "purchase").await;
    assert_eq!(error.error(422, "amount_required")["source"], "data.amount");
    let mut data = by_token("purchase");
    data["amount"] = json!(700);
    shop.pay("x-1", data.clone()).await.data(200);
    let error = shop.pay("x-1", data.clone()).await;
    error.error(409, "possible_duplicate");
    let path = "/v2/orders/x-1/payments";
    shop.post_with_key(path, "meant", json!({"data": data.clone()})).await.data(200);
    shop.stack.advance_clock(61);
    shop.pay("x-1", data.clone()).await.data(200);
    data["currency"] = json!("EUR");
    shop.pay("x-2", data).await.error(422, "currency_not_supported");
    let order = shop.order("x-1").await;
    assert_eq!(
        (&order["payment"], &order["meta"]["display_price"]["paid"]["amount"]),
        (&json!("paid"), &json!(2100))
    );
    shop.close().await;
}

#[tokio::test]
async fn an_order_can_be_stated_again_but_not_below_its_payments() {
    let shop = Shop::share().await;
    shop.register("o", 2599).await;
    shop.pay_by_token("o", "authorize").await.data(200);
    let below = shop.put_order("o", json!({"amount": 2598, "currency": "USD"})).await;
    assert_eq!(below.error(422, "total_below_committed")["meta"]["committed"], 2599);
    shop.put_order("o", json!({"amount": 2599, "currency": "EUR"})).await.error(422, "currency_fixed");
    let raised = shop.put_order("o", json!({"amount": 3000, "currency": "USD"})).await;
    assert_eq!(raised.data(200)["payment"], "partially_authorized");
    shop.close().await;
}

#[tokio::test]
async fn no_card_number_and_no_security_code_is_kept_or_logged() {
    let shop = Shop::open().await;
    for (order, number) in [("a", AMEX), ("b", TIMES_OUT), ("c", VISA)] {
        shop.register(order, 2599).await;
        let code = if number == AMEX { AMEX_CODE } else { "123" };
        shop.pay(order, by_card_with("purchase", number, &json!({ "verification_value": code }))).await;
        // In places where it is not expected.
        let mut odd = by_token("purchase");
        odd["note"] = json!(number);
        odd["amount"] = json!(number);
        shop.pay(order, odd).await;
        shop.put_order(number, json!({"amount": 1, "currency": "USD"})).await.error(400, "invalid_value");
        let unknown = json!({"data": {(number): 1}});
        let id = "00000000-0000-4000-8000-000000000000";
        let answer = shop.post(&format!("/v2/orders/{order}/transactions/{id}/refund"), unknown).await;
        assert!(!answer.body.to_string().contains(number), "nor is it echoed");
    }
    shop.close().await;
}

#[tokio::test]
async fn the_gateway_is_told_what_finance_and_address_verification_need() {
    let shop = Shop::open().await;
    shop.register("order-77", 2599).await;
    let more = json!({"billing_address": {"line_1": "1 Main St", "postcode": "90001-1234", "country": "US"},
        "custom_reference": "invoice 7", "description": "Two lamps", "metadata": {"channel": "web", "a": "caf\u{e9}"},
        "paymentmethod_meta": {"name": "Company card", "custom_reference": "invoice 7"}});
    let paid = shop.pay("order-77", by_card_with("authorize", VISA, &more)).await;
    let entry = shop.ledger("auth").remove(0);
    let operation = &paid.data(200)["meta"]["operations"][0];
    assert_eq!(entry["orderId"], operation["gateway_order_id"]);
    assert_eq!((&entry["amount"], &entry["currency"]), (&json!("25.99"), &json!("USD")));
    assert_eq!((&entry["name"], &entry["entrymode"]), (&json!("John Smith"), &json!("ECommerce")));
    let fields = json!([{"order_id": "order-77"}, {"reference": "invoice 7"}, {"description": "Two lamps"},
        {"metadata": "a=cafe; channel=web"}]);
    assert_eq!(entry["userfields"], fields);
    assert_eq!(paid.body["data"]["reference"], entry["retref"]);
    shop.close().await;
}

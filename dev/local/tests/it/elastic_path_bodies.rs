//! The demands of Elastic Path's published schemas on orders, transactions and errors, which
//! clients generated from them check. These are the demands in our words; the schemas allow more
//! members than they name.
//!
//! They say that ids are UUIDs, which a merchant's own order ids need not be.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::shop::{NO_FUNDS, SEED_VISA, STORED_CARD, Shop, by_card};

/// Members of an address that have to be texts; an order's shipping address has two more.
const ADDRESS: [&str; 10] = [
    "first_name",
    "last_name",
    "company_name",
    "line_1",
    "line_2",
    "city",
    "postcode",
    "county",
    "country",
    "region",
];

fn is_price(value: &Value) -> bool {
    value["amount"].is_u64() && value["currency"].is_string() && value["formatted"].is_string()
}

fn is_uuid(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.parse::<Uuid>().is_ok())
}

fn is_word(value: &Value, words: &[&str]) -> bool {
    value.as_str().is_some_and(|word| words.contains(&word))
}

fn has_times(meta: &Value) -> bool {
    ["created_at", "updated_at"].iter().all(|name| meta["timestamps"][name].is_string())
}

/// A member that is there has to have its type: null is none, except in members that the schemas do
/// not name.
fn fits_an_order(order: &Value) {
    let payments = ["authorized", "paid", "unpaid", "refunded", "partially_paid", "partially_authorized"];
    assert!(is_uuid(&order["id"]) && order["type"] == "order", "{order}");
    assert!(is_word(&order["status"], &["complete", "incomplete", "cancelled", "processing"]), "{order}");
    assert!(is_word(&order["payment"], &payments), "{order}");
    assert!(is_word(&order["shipping"], &["unfulfilled", "fulfilled"]), "{order}");
    assert!(order["anonymized"].is_boolean() && has_times(&order["meta"]), "{order}");
    let prices = order["meta"]["display_price"].as_object().unwrap();
    assert!(prices.len() > 5 && prices.values().all(is_price), "{order}");
    // Discounts are below zero or none.
    assert_eq!(prices["discount"]["amount"], 0, "{order}");
    // An empty text is no e-mail address.
    assert_eq!(order["customer"], json!({ "name": "" }), "{order}");
    let all_texts = |address: &Value, names: &[&str]| names.iter().all(|name| address[name].is_string());
    assert!(all_texts(&order["billing_address"], &ADDRESS), "{order}");
    assert!(all_texts(&order["shipping_address"], &ADDRESS), "{order}");
    assert!(all_texts(&order["shipping_address"], &["phone_number", "instructions"]), "{order}");
    assert_eq!(order["relationships"]["items"], json!({ "data": [] }), "{order}");
}

fn fits_a_transaction(transaction: &Value) {
    let types = ["purchase", "authorize", "capture", "refund"];
    assert!(is_uuid(&transaction["id"]) && transaction["type"] == "transaction", "{transaction}");
    assert!(
        transaction["reference"].is_string() && transaction["gateway"] == "card_connect",
        "{transaction}"
    );
    assert!(transaction["amount"].is_u64() && transaction["refunded_amount"].is_u64(), "{transaction}");
    assert!(transaction["currency"].is_string() && transaction["status"].is_string(), "{transaction}");
    for name in ["transaction_type", "transaction-type"] {
        assert!(is_word(&transaction[name], &types), "{transaction}");
    }
    assert!(transaction["payment_details"]["detailed_status"].is_string(), "{transaction}");
    let actions = transaction["next_actions"].as_array().unwrap();
    assert!(actions.iter().all(|action| is_word(action, &["cancel", "capture", "refund"])), "{transaction}");
    for name in ["name", "custom_reference"] {
        assert!(transaction.get(name).is_none_or(Value::is_string), "{transaction}");
    }
    for name in ["capture_mechanism", "refund_mechanism"] {
        let stated = transaction.get(name);
        assert!(stated.is_none_or(|way| is_word(way, &["automatic", "manual"])), "{transaction}");
    }
    for (object, names) in [
        ("failure_details", ["code", "reason"].as_slice()),
        ("client_parameters", &["redirect_url", "secret", "token"]),
    ] {
        let Some(object) = transaction.get(object) else { continue };
        assert!(object.is_object(), "{transaction}");
        let is_text = |name: &&str| object.get(*name).is_none_or(Value::is_string);
        assert!(names.iter().all(is_text), "{transaction}");
    }
    let order = &transaction["relationships"]["order"]["data"];
    assert!(order["type"] == "order" && is_uuid(&order["id"]), "{transaction}");
    let meta = &transaction["meta"];
    assert!(is_price(&meta["display_price"]) && has_times(meta), "{transaction}");
    assert!(is_price(&meta["display_refunded_amount"]["total"]), "{transaction}");
}

fn fits_an_error(status: u16, body: &Value) {
    let errors = body["errors"].as_array().unwrap();
    assert!(!errors.is_empty(), "{body}");
    for error in errors {
        assert!(error["title"].is_string() && error["status"] == status, "{body}");
        for name in ["detail", "source"] {
            assert!(error.get(name).is_none_or(Value::is_string), "{body}");
        }
        for name in ["id", "code", "order_id", "sku", "email", "cart_id"] {
            assert!(error["meta"].get(name).is_none_or(Value::is_string), "{body}");
        }
    }
}

/// Holds an order and its transactions to the schemas, as they are read.
async fn fits(shop: &Shop, order: &str) {
    fits_an_order(&shop.order(order).await);
    shop.transactions(order).await.iter().for_each(fits_a_transaction);
}

/// An order of an id that Elastic Path could have given it.
async fn registered(shop: &Shop) -> String {
    let order = Uuid::new_v4().to_string();
    shop.register(&order, 2599).await;
    order
}

fn by_stored_card(method: &str, amount: u64) -> Value {
    json!({ "gateway": "card_connect", "method": method, "payment": STORED_CARD, "amount": amount })
}

#[tokio::test]
async fn every_state_of_an_order_and_of_its_payments_fits() {
    let shop = Shop::open().await;
    for follow_ups in [&["capture", "confirm", "refund"][..], &["cancel"]] {
        let order = registered(&shop).await;
        fits(&shop, &order).await;
        let held = shop.pay(&order, by_stored_card("authorize", 1000)).await.data(200).clone();
        fits_a_transaction(&held);
        fits(&shop, &order).await;
        for what in follow_ups {
            let id = held["id"].as_str().unwrap();
            fits_a_transaction(shop.follow_up(&order, id, what, json!({})).await.data(200));
            shop.stack.simulator().settle();
            fits(&shop, &order).await;
        }
        shop.pay(&order, by_card("purchase", SEED_VISA)).await.data(200);
        fits(&shop, &order).await;
    }
    shop.close().await;
}

#[tokio::test]
async fn what_is_refused_and_what_is_left_of_it_fit() {
    let shop = Shop::open().await;
    let order = registered(&shop).await;
    for (members, status) in [
        (by_card("purchase", NO_FUNDS), 400),
        (by_card("purchase", "1"), 400),
        (by_card("charge", SEED_VISA), 422),
        (json!({ "gateway": "stripe" }), 422),
        (by_stored_card("purchase", 2600), 422),
    ] {
        let refused = shop.pay(&order, members).await;
        assert_eq!(refused.status, status, "{}", refused.body);
        fits_an_error(status, &refused.body);
    }
    fits(&shop, &order).await;
    for path in ["/v2/orders/none", "/v2/nowhere"] {
        let refused = shop.get(path).await;
        assert_eq!(refused.status, 404);
        fits_an_error(404, &refused.body);
    }
    shop.close().await;
}

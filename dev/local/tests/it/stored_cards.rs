//! Stored cards over HTTP: stored, paid with, saved along with a payment, changed and deleted, with
//! lost responses.

use cardpointe_simulator::{Endpoint, Fault, FaultKind};
use reqwest::Method;
use serde_json::{Value, json};

use crate::shop::{Answer, MASTERCARD, NO_FUNDS, Shop, VISA, by_card, by_card_with};

const METHODS: &str = "/v2/payment-methods";

pub(crate) fn card_of(customer: &str, number: &str) -> Value {
    let mut data = by_card("purchase", number);
    for member in ["gateway", "method"] {
        data.as_object_mut().unwrap().remove(member);
    }
    data["customer"] = json!(customer);
    json!({ "data": data })
}

async fn store(shop: &Shop, customer: &str, number: &str, key: &str) -> Answer {
    shop.post_with_key(METHODS, key, card_of(customer, number)).await
}

async fn list(shop: &Shop, customer: &str) -> Vec<Value> {
    shop.get(&format!("{METHODS}?customer={customer}")).await.data(200).as_array().unwrap().clone()
}

async fn change(shop: &Shop, id: &str, data: Value) -> Answer {
    let body = json!({ "data": data }).to_string();
    shop.send(Method::PATCH, &format!("{METHODS}/{id}"), &[], body).await
}

async fn delete(shop: &Shop, id: &str) -> Answer {
    shop.send(Method::DELETE, &format!("{METHODS}/{id}"), &[], String::new()).await
}

fn by_stored(method: &Value) -> Value {
    json!({"gateway": "card_connect", "method": "purchase", "payment": method["payment"]})
}

#[tokio::test]
async fn a_card_is_stored_once_pays_is_renewed_and_deleted_at_the_gateway_too() {
    let shop = Shop::open().await;
    let stored = store(&shop, "c-1", VISA, "k").await;
    let method = stored.data(201).clone();
    assert_eq!((&method["status"], &method["default"]), (&json!("stored"), &json!(true)));
    assert_eq!(
        method["card"],
        json!({"brand": "Visa", "last_four": "1443", "expiry_month": 10, "expiry_year": 2031})
    );
    let again = store(&shop, "c-1", VISA, "k").await;
    assert_eq!((again.data(200), again.is_replay()), (&method, true));
    // A request without the key, and one with another, is about the same card.
    assert_eq!(shop.post(METHODS, card_of("c-1", VISA)).await.data(200), &method);
    assert_eq!(store(&shop, "c-1", VISA, "other").await.data(200), &method);
    assert_eq!(shop.ledger("auth").len(), 1);
    store(&shop, "c-1", NO_FUNDS, "k").await.error(422, "idempotency_key_reused");

    let id = method["id"].as_str().unwrap();
    assert_eq!(shop.get(&format!("{METHODS}/{id}")).await.data(200), &method);
    assert_eq!(list(&shop, "c-1").await, std::slice::from_ref(&method));
    assert_eq!(list(&shop, "c-2").await, Vec::<Value>::new());
    let renewed = change(&shop, id, json!({"month": "1", "year": "2034", "default": true})).await;
    assert_eq!(renewed.data(200)["card"]["expiry_year"], 2034);
    shop.register("order-1", 2599).await;
    assert_eq!(shop.pay("order-1", by_stored(&method)).await.data(200)["status"], "complete");

    assert_eq!(delete(&shop, id).await.data(200)["status"], "deleted");
    assert_eq!(delete(&shop, id).await.data(200)["status"], "deleted");
    shop.get(&format!("{METHODS}/{id}")).await.error(404, "payment_method_not_found");
    change(&shop, id, json!({"default": true})).await.error(404, "payment_method_not_found");
    assert!(list(&shop, "c-1").await.is_empty());
    shop.register("order-2", 2599).await;
    shop.pay("order-2", by_stored(&method)).await.error(400, "declined");
    shop.close().await;
}

#[tokio::test]
async fn a_card_with_letters_that_the_merchant_does_not_take_is_not_left_at_the_gateway() {
    let shop = Shop::open_with(json!({"decline_on": {"avs": [], "cvv": ["N"]}})).await;
    let with_code = |code: &str| {
        let mut body = card_of("c-1", VISA);
        body["data"]["verification_value"] = json!(code);
        body
    };
    let wrong = shop.post_with_key(METHODS, "k", with_code("111")).await;
    let refused = wrong.error(400, "declined");
    assert_eq!(refused["meta"]["decline_code"], "incorrect_cvc");
    assert_eq!(list(&shop, "c-1").await, [] as [Value; 0]);
    assert_eq!(shop.ledger("auth").len(), 1);
    shop.post_with_key(METHODS, "k", with_code("111")).await.error(400, "declined");
    assert_eq!(shop.ledger("auth").len(), 1, "the key stays declined");
    // The gateway gives an equal card the profile that it has, and this one is new.
    let removed = shop.ledger("auth")[0]["profileid"].clone();
    let stored = shop.post_with_key(METHODS, "right", with_code("112")).await;
    let payment = stored.data(201)["payment"].as_str().unwrap().to_owned();
    assert!(!payment.contains(removed.as_str().unwrap()), "{payment}");

    // An inquiry shows no letters. The card is removed, and the same request verifies it once more.
    shop.stack.simulator().fault(Fault::once(Endpoint::Auth, FaultKind::DropAfter));
    let again = store(&shop, "c-2", MASTERCARD, "lost").await;
    again.error(503, "gateway_unavailable");
    assert_eq!(list(&shop, "c-2").await, [] as [Value; 0]);
    store(&shop, "c-2", MASTERCARD, "lost").await.data(201);
    assert_eq!(shop.ledger("auth").len(), 4);
    shop.close().await;
}

#[tokio::test]
async fn a_lost_response_leaves_the_card_pending_until_an_inquiry_finds_it() {
    let shop = Shop::open_with(json!({ "decline_on": null })).await;
    shop.stack.simulator().fault(Fault::once(Endpoint::Auth, FaultKind::DropAfter));
    shop.no_inquiry();
    let pending = store(&shop, "c-1", VISA, "k").await;
    assert_eq!(pending.data(202)["status"], "pending");
    let id = pending.id();
    change(&shop, &id, json!({"default": true})).await.error(409, "operation_in_progress");
    delete(&shop, &id).await.error(409, "operation_in_progress");
    shop.stack.simulator().clear_faults();
    // Its own request may still be running.
    assert_eq!(store(&shop, "c-1", VISA, "k").await.data(202)["status"], "pending");
    shop.stack.advance_clock(60);
    assert_eq!(list(&shop, "c-1").await[0]["status"], "stored");
    assert_eq!(store(&shop, "c-1", VISA, "k").await.id(), id);
    assert_eq!(shop.ledger("auth").len(), 1);

    // Likewise its deletion, which says "gone" when it is repeated.
    shop.stack.simulator().fault(Fault::once(Endpoint::Profile, FaultKind::DropAfter));
    assert_eq!(delete(&shop, &id).await.data(202)["status"], "deleting");
    assert_eq!(list(&shop, "c-1").await[0]["status"], "deleting");
    assert_eq!(delete(&shop, &id).await.data(200)["status"], "deleted");
    shop.close().await;
}

#[tokio::test]
async fn a_card_is_saved_along_with_a_payment_which_stands_whatever_becomes_of_the_card() {
    let shop = Shop::open().await;
    let saving =
        |customer: &str| by_card_with("purchase", VISA, &json!({"save": true, "customer": customer}));
    shop.register("order-1", 2599).await;
    let paid = shop.pay("order-1", saving("c-1")).await;
    let saved = paid.data(200)["payment_method"].clone();
    let listed = list(&shop, "c-1").await;
    assert_eq!((listed.len(), &listed[0]["id"]), (1, &saved));
    shop.register("order-2", 2599).await;
    assert_eq!(shop.pay("order-2", by_stored(&listed[0])).await.data(200)["status"], "complete");

    // The outcome is found by a confirmation, and so is the card.
    shop.register("order-3", 2599).await;
    shop.stack.simulator().fault(Fault::once(Endpoint::Auth, FaultKind::DropAfter));
    shop.no_inquiry();
    let pending = shop.pay("order-3", saving("c-2")).await;
    assert_eq!(pending.data(202)["payment_method"], Value::Null);
    shop.stack.simulator().clear_faults();
    shop.stack.advance_clock(60);
    let confirmed = shop.follow_up("order-3", &pending.id(), "confirm", json!({})).await;
    assert_eq!(confirmed.data(200)["payment_method"], list(&shop, "c-2").await[0]["id"]);

    // A declined payment stores nothing.
    shop.register("order-4", 2599).await;
    let declined = by_card_with("purchase", NO_FUNDS, &json!({"save": true, "customer": "c-3"}));
    shop.pay("order-4", declined).await.error(400, "declined");
    assert!(list(&shop, "c-3").await.is_empty());
    // Nor does one that the gateway approved and a rule declines.
    shop.register("order-5", 2599).await;
    let wrong_code = json!({"save": true, "customer": "c-3", "verification_value": "111"});
    let refused = shop.pay("order-5", by_card_with("purchase", VISA, &wrong_code)).await;
    let transaction = refused.error(400, "declined")["meta"]["transaction_id"].as_str().unwrap().to_owned();
    let confirmed = shop.follow_up("order-5", &transaction, "confirm", json!({})).await;
    assert_eq!(confirmed.data(200)["payment_method"], Value::Null);
    assert!(list(&shop, "c-3").await.is_empty());
    shop.close().await;
}

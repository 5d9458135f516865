//! The permissions of callers: access tokens, the two grants, and keys.

use local::merchants;
use serde_json::{Value, json};

use crate::shop::{Shop, by_token};

#[tokio::test]
async fn a_browser_may_pay_a_registered_order_and_see_its_transaction_and_nothing_else() {
    let mut shop = Shop::open().await;
    shop.register("o", 2599).await;
    let merchant = shop.current_token().to_owned();
    shop.as_shopper().await;
    let paid = shop.pay_by_token("o", "authorize").await;
    let id = paid.id();
    assert_eq!(paid.data(200)["meta"].get("operations"), None, "the history is the merchant's");
    shop.get(&format!("/v2/orders/o/transactions/{id}")).await.data(200);
    for path in ["/v2/orders/o", "/v2/orders/o/transactions"] {
        shop.get(path).await.error(403, "forbidden");
    }
    shop.put_order("o", json!({"amount": 1, "currency": "USD"})).await.error(403, "forbidden");
    for what in ["capture", "refund", "cancel"] {
        shop.follow_up("o", &id, what, json!({})).await.error(403, "forbidden");
    }
    for method in ["capture", "refund"] {
        shop.pay("o", by_token(method)).await.error(403, "forbidden");
    }
    shop.use_token(&merchant);
    assert_eq!(shop.order("o").await["payment"], "authorized");
    shop.close().await;
}

#[tokio::test]
async fn payments_go_on_while_secrets_manager_is_down() {
    let shop = Shop::open().await;
    shop.register("o", 2599).await;
    shop.stack.secrets().set_down(true);
    shop.stack.advance_clock(301);
    assert_eq!(shop.token(merchants::REGISTERED, Some(merchants::REGISTERED_KEY)).await.status, 200);
    shop.pay_by_token("o", "purchase").await.data(200);
    shop.token("unread", Some("k")).await.error(503, "service_unavailable");
    shop.stack.cold_start().unwrap();
    shop.token(merchants::REGISTERED, Some(merchants::REGISTERED_KEY))
        .await
        .error(503, "service_unavailable");
    shop.close().await;
}

#[tokio::test]
async fn a_key_taken_out_of_the_secret_stops_working_when_the_secret_is_read_again() {
    let shop = Shop::open_with(json!({"keys": ["467512342123"]})).await;
    let name = merchants::secret_name(merchants::REGISTERED);
    let mut document = shop.stack.secrets().get(&name).unwrap();
    document["keys"] = json!(["another-key-of-the-merchant"]);
    shop.stack.secrets().put(&name, document);
    assert_eq!(
        shop.token(merchants::REGISTERED, Some(merchants::REGISTERED_KEY)).await.status,
        200,
        "still kept"
    );
    shop.stack.advance_clock(301);
    shop.token(merchants::REGISTERED, Some(merchants::REGISTERED_KEY)).await.error(401, "invalid_client");
    shop.close().await;
}

/// Changes the merchant's document, as an operator does.
fn change(shop: &Shop, patch: &Value) {
    let name = merchants::secret_name(merchants::REGISTERED);
    let mut document = shop.stack.secrets().get(&name).unwrap();
    document.as_object_mut().unwrap().extend(patch.as_object().unwrap().clone());
    shop.stack.secrets().put(&name, document);
}

/// The changes that end the token of a key, and that of a browser. Each leaves the other valid.
fn revocations() -> [(bool, Value); 3] {
    [
        (false, json!({"keys": ["another-key-of-the-merchant"]})),
        (false, json!({"keys": [{"key": "another-key-of-the-merchant", "name": "till", "role": "all"}]})),
        (true, json!({"shopper_tokens": {"enabled": false}})),
    ]
}

/// Pays as a browser, or reads as the merchant, with the token that it has.
async fn uses(shop: &Shop, is_browser: bool, order: &str) -> u16 {
    let answer = if is_browser {
        shop.pay_by_token(order, "authorize").await
    } else {
        shop.get(&format!("/v2/orders/{order}")).await
    };
    answer.status.as_u16()
}

async fn revoked(patch: &Value, is_browser: bool) -> Shop {
    let key = json!({"key": merchants::REGISTERED_KEY, "name": "till", "role": "all"});
    let mut shop = Shop::open_with(json!({ "keys": [key] })).await;
    for order in ["a", "b", "c", "d"] {
        shop.register(order, 2599).await;
    }
    if is_browser {
        shop.as_shopper().await;
    }
    assert_eq!(uses(&shop, is_browser, "a").await, 200);
    change(&shop, patch);
    shop
}

#[tokio::test]
async fn a_token_ends_five_minutes_after_its_key_or_the_permission_for_browsers_is_gone() {
    for (is_browser, patch) in revocations() {
        let shop = revoked(&patch, is_browser).await;
        shop.stack.advance_clock(240);
        assert_eq!(uses(&shop, is_browser, "b").await, 200, "the document is still used: {patch}");
        shop.stack.advance_clock(61);
        assert_eq!(uses(&shop, is_browser, "c").await, 401, "{patch}");
        // Nor does it come back when the document cannot be read.
        shop.stack.secrets().set_down(true);
        shop.stack.advance_clock(301);
        assert_eq!(uses(&shop, is_browser, "d").await, 401, "{patch}");
        shop.close().await;
    }
}

#[tokio::test]
async fn while_secrets_manager_does_not_respond_a_revoked_token_ends_after_fifteen_minutes() {
    for (is_browser, patch) in revocations() {
        let shop = revoked(&patch, is_browser).await;
        shop.stack.secrets().set_down(true);
        shop.stack.advance_clock(14 * 60);
        assert_eq!(uses(&shop, is_browser, "b").await, 200, "as it was last read: {patch}");
        shop.stack.advance_clock(61);
        assert_eq!(uses(&shop, is_browser, "c").await, 503, "{patch}");
        shop.stack.secrets().set_down(false);
        shop.stack.advance_clock(16);
        assert_eq!(uses(&shop, is_browser, "d").await, 401, "{patch}");
        shop.close().await;
    }
}

#[tokio::test]
async fn a_keys_token_outlives_the_permission_for_browsers_and_a_browsers_the_key() {
    for (is_browser, patch) in
        [(true, json!({"keys": ["another-key-of-the-merchant"]})), (false, json!({"shopper_tokens": false}))]
    {
        let shop = revoked(&patch, is_browser).await;
        shop.stack.advance_clock(301);
        assert_eq!(uses(&shop, is_browser, "b").await, 200, "{patch}");
        shop.close().await;
    }
}

#[tokio::test]
async fn a_role_that_is_lowered_is_lowered_for_tokens_within_five_minutes() {
    let key =
        |role: &str| json!({"keys": [{"key": merchants::REGISTERED_KEY, "name": "till", "role": role}]});
    let shop = Shop::open_with(key("operate")).await;
    shop.register("o", 2599).await;
    let id = shop.pay_by_token("o", "authorize").await.id();
    let capture = async |amount: u64| shop.follow_up("o", &id, "capture", json!({ "amount": amount })).await;
    change(&shop, &key("read"));
    shop.stack.advance_clock(301);
    capture(1).await.error(403, "forbidden");
    shop.get("/v2/orders/o").await.data(200);
    change(&shop, &key("all"));
    shop.stack.advance_clock(301);
    capture(1).await.data(200);
    shop.close().await;
}

#[tokio::test]
async fn what_a_clients_bug_makes_of_an_order_id_is_no_order_id() {
    let shop = Shop::share().await;
    for id in ["undefined", "null", "NaN", ":orderId", ":id"] {
        shop.get(&format!("/v2/orders/{id}")).await.error(400, "invalid_value");
        let body = json!({"type": "order", "amount": 1, "currency": "USD"});
        shop.put_order(id, body).await.error(400, "invalid_value");
        shop.pay_by_token(id, "purchase").await.error(400, "invalid_value");
    }
    for id in ["undefined-1", "Null", "a:b"] {
        shop.get(&format!("/v2/orders/{id}")).await.error(404, "order_not_found");
    }
    shop.close().await;
}

//! The permissions of a merchant's key, on every route there is; and the actor of each operation,
//! wherever it is shown.

use local::{
    JOURNAL_TABLE_NAME, dynamodb_client, merchants,
    template::{RouteKey, TEMPLATE, parse},
};
use reqwest::Method;
use serde_json::{Value, json};
use tollgate::dynamodb::journal::entry_of;
use tollgate_core::{journal::Entry, payments::Role};

use crate::{
    credit_card_client::{CreditCard, Syntax, follow_up, payment, with},
    shop::{Answer, Shop},
};

const PREFIX: &str = "/api/v1/payments/creditcard/";

fn key(name: &str) -> String {
    format!("the-key-of-{name}-{name}")
}

/// A shop whose merchant has a key for each role, of that name.
async fn shop() -> Shop {
    let named =
        |role: &Role| json!({"key": key(role.as_str()), "name": role.as_str(), "role": role.as_str()});
    let mut keys: Vec<Value> = Role::ALL.iter().map(named).collect();
    keys.push(json!(merchants::REGISTERED_KEY));
    Shop::open_with(json!({ "keys": keys })).await
}

async fn use_key(shop: &mut Shop, key: &str) {
    let answer = shop.token(merchants::REGISTERED, Some(key)).await;
    shop.use_token(answer.body["access_token"].as_str().unwrap());
}

/// The role that a route needs; none if it needs no token.
fn needed(route: &str) -> Option<Role> {
    match route {
        "POST /oauth/access_token" | "GET /status" | "$default"
        // For people alone, with any key.
        | "POST /v2/orders/{orderId}/transactions/{transactionId}/decide"
        | "POST /v2/people"
        | "PATCH /v2/people/{personId}"
        | "DELETE /v2/people/{personId}" => None,
        "GET /v2/orders/{orderId}"
        | "GET /v2/payment-methods"
        | "GET /v2/payment-methods/{paymentMethodId}"
        | "GET /v2/transactions"
        | "GET /v2/transactions/{transactionId}"
        | "GET /v2/orders"
        | "GET /v2/gateways"
        | "GET /v2/gateways/card_connect"
        | "GET /v2/reports/totals"
        | "GET /v2/reports/month"
        | "GET /v2/orders/{orderId}/transactions"
        | "GET /v2/orders/{orderId}/transactions/{transactionId}"
        | "GET /v2/orders/{orderId}/transactions/{transactionId}/receipt"
        | "GET /v2/attention"
        | "GET /v2/captures"
        | "GET /v2/stop"
        | "GET /v2/webhooks"
        | "GET /v2/webhooks/{webhookId}/deliveries"
        | "GET /v2/captures/daily"
        | "GET /v2/me"
        | "GET /v2/entries"
        | "GET /v2/orders/{orderId}/entries"
        | "GET /v2/deposits"
        | "GET /v2/deposits/{depositId}"
        | "GET /v2/settlement/exceptions"
        | "GET /v2/settlement/exceptions/{exceptionId}"
        | "GET /v2/settlement/outstanding"
        | "GET /v2/transactions/{transactionId}/settlement"
        | "POST /api/v1/payments/creditcard/status" => Some(Role::Read),
        "PUT /v2/orders/{orderId}"
        | "POST /v2/orders/{orderId}/payments"
        | "POST /v2/payment-methods"
        | "POST /v2/surcharge"
        | "PUT /v2/payment-methods/{paymentMethodId}"
        | "PATCH /v2/payment-methods/{paymentMethodId}"
        | "DELETE /v2/payment-methods/{paymentMethodId}"
        | "POST /v2/orders/{orderId}/payments/authorize"
        | "POST /v2/orders/{orderId}/payments/purchase"
        | "POST /v2/orders/{orderId}/transactions/{transactionId}/confirm"
        | "POST /api/v1/payments/creditcard/authorize"
        | "POST /api/v1/payments/creditcard/charge" => Some(Role::Pay),
        "PATCH /v2/orders/{orderId}/transactions/{transactionId}"
        | "POST /v2/orders/{orderId}/captures/pause"
        | "POST /v2/orders/{orderId}/captures/resume"
        | "POST /v2/orders/{orderId}/transactions/{transactionId}/attention/{code}/seen"
        | "POST /v2/settlement/exceptions/{exceptionId}/notes"
        | "POST /v2/settlement/exceptions/{exceptionId}/resolve"
        | "POST /v2/orders/{orderId}/transactions/{transactionId}/capture"
        | "POST /v2/orders/{orderId}/transactions/{transactionId}/reauthorize"
        | "POST /v2/orders/{orderId}/transactions/{transactionId}/refund"
        | "POST /v2/orders/{orderId}/transactions/{transactionId}/cancel"
        | "POST /api/v1/payments/creditcard/capture"
        | "POST /api/v1/payments/creditcard/refund"
        | "POST /api/v1/payments/creditcard/void" => Some(Role::Operate),
        "GET /v2/people"
        | "GET /v2/audit"
        | "PUT /v2/stop"
        | "POST /v2/webhooks/{webhookId}/deliveries/{deliveryId}/replay"
        | "POST /v2/webhooks/{webhookId}/test" => Some(Role::All),
        other => panic!("which role does {other} need?"),
    }
}

fn authenticated(key: &str, request: &Value) -> Value {
    json!({"Authentication": {"Id": merchants::REGISTERED, "Key": key}, "Request": request})
}

#[tokio::test]
async fn every_route_refuses_a_key_whose_role_is_too_small_and_no_other() {
    let mut shop = shop().await;
    let api = CreditCard::of(&shop);
    let mut refused = 0;
    for route in parse(TEMPLATE).unwrap().served() {
        // Of a HEAD it is the handler of its GET that decides.
        let Some(needed) = needed(&route.key.to_string().replacen("HEAD ", "GET ", 1)) else { continue };
        let RouteKey::Exact { method, path } = route.key else { continue };
        let id = uuid::Uuid::nil().to_string();
        let path = path.replace("{orderId}", "o").replace("{transactionId}", &id);
        let path = path.replace("{paymentMethodId}", &id).replace("{webhookId}", "erp");
        let path =
            path.replace("{depositId}", "d1").replace("{exceptionId}", &id).replace("{code}", "disputed");
        let path = path.replace("{deliveryId}", &format!("1-{id}"));
        for role in Role::ALL {
            let key = key(role.as_str());
            let (status, said) = if let Some(route) = path.strip_prefix(PREFIX) {
                let answer =
                    api.send(Syntax::Json, route, &authenticated(&key, &json!({"Amount": "x"}))).await;
                (answer.status, answer.body)
            } else {
                use_key(&mut shop, &key).await;
                let body = json!({"data": {}}).to_string();
                let answer = shop.send(method.parse().unwrap(), &path, &[], body).await;
                (answer.status.as_u16(), answer.body.to_string())
            };
            let is_refused = *role < needed;
            assert_eq!(status == 403, is_refused, "{method} {path} as {role:?}: {said}");
            if is_refused {
                let detail = format!("role {}; the role is {}", needed.as_str(), role.as_str());
                assert!(method == "HEAD" || said.contains(&detail), "{said}");
                refused += 1;
            }
        }
    }
    assert_eq!(refused, 12 + 2 * 13 + 7 * 3, "each route that needs more than read, per smaller role");
    assert!(shop.stack.simulator().transactions().is_empty(), "nothing was sent");
    shop.close().await;
}

#[tokio::test]
async fn a_capture_through_payments_or_the_credit_card_api_needs_the_role_of_one() {
    let mut shop = shop().await;
    shop.register("o", 2599).await;
    use_key(&mut shop, &key("pay")).await;
    shop.pay_by_token("o", "authorize").await.data(200);
    for method in ["capture", "refund"] {
        let data = json!({"gateway": "card_connect", "method": method});
        shop.pay("o", data).await.error(403, "forbidden");
    }
    let api = CreditCard::of(&shop);
    let mut held = payment("0", "held");
    held["Authentication"]["Key"] = json!(key("pay"));
    let id = api.approved("authorize", &held).await;
    let charge = authenticated(
        &key("pay"),
        &json!({"TransactionType": "1", "TransactionID": id, "TransactionReference": "taken"}),
    );
    let answer = api.send(Syntax::Xml, "charge", &charge).await;
    assert_eq!((answer.status, answer.envelope().code.as_str()), (403, "22"), "{}", answer.body);
    // Shown as it is, without an inquiry.
    let status = authenticated(&key("read"), &json!({ "TransactionID": id }));
    assert_eq!(api.send(Syntax::Json, "status", &status).await.status, 200);
    assert!(shop.ledger("capture").is_empty());
    shop.close().await;
}

fn request_of(answer: &Answer, at: usize) -> Value {
    answer.data(200)["meta"]["operations"][at]["request"].clone()
}

/// The entries of an order in the journal, oldest first: fact, and who and why.
async fn journal(shop: &Shop, order: &str) -> Vec<[String; 4]> {
    shop.stack.deliver_stream().await.unwrap();
    let client = dynamodb_client(shop.stack.dynamodb_url());
    let items = client.scan().table_name(JOURNAL_TABLE_NAME).send().await.unwrap().items.unwrap();
    let mut entries: Vec<_> = items.iter().filter_map(entry_of).map(Result::unwrap).collect();
    entries.retain(|entry| entry.order.order.as_str() == order);
    entries.sort_by_key(Entry::sort);
    let told = |entry: &Entry| {
        let told = entry.attribution.as_deref().cloned().unwrap_or_default();
        [told.key_name, told.actor, told.reason].map(Option::unwrap_or_default)
    };
    let line = |entry: &Entry| {
        let [key_name, actor, reason] = told(entry);
        [entry.fact.as_str().to_owned(), key_name, actor, reason]
    };
    entries.iter().map(line).collect()
}

#[tokio::test]
async fn who_did_what_and_why_is_in_responses_journal_and_events_and_a_retry_after_rotation_is_a_retry() {
    let mut shop = shop().await;
    use_key(&mut shop, &key("pay")).await;
    shop.register("o", 2599).await;
    let id = shop.pay_by_token("o", "purchase").await.id();
    shop.stack.simulator().settle();
    shop.stack.advance_clock(1);
    use_key(&mut shop, &key("operate")).await;
    let path = format!("/v2/orders/o/transactions/{id}/refund");
    let refund =
        |actor: &str, reason: &str| json!({"data": {"amount": 100, "actor": actor, "reason": reason}});
    let refunded = shop.post_with_key(&path, "k", refund("Ann", "arrived broken")).await;
    let told = json!({"key_name": "operate", "actor": "Ann", "reason": "arrived broken"});
    assert_eq!(
        (request_of(&refunded, 0), request_of(&refunded, 1)),
        (json!({"key_name": "pay"}), told.clone())
    );
    // Another key of the merchant, and other words.
    use_key(&mut shop, &key("all")).await;
    let again = shop.post_with_key(&path, "k", refund("Bob", "again")).await;
    assert!(again.is_replay());
    assert_eq!((request_of(&again, 1), shop.ledger("refund").len()), (told, 1));
    // A key without a name, and nothing told.
    use_key(&mut shop, merchants::REGISTERED_KEY).await;
    let rest = shop.follow_up("o", &id, "refund", json!({"amount": 50, "reason": " "})).await;
    assert_eq!(request_of(&rest, 2), Value::Null);
    let line = |texts: [&str; 4]| texts.map(str::to_owned);
    let mut entries = journal(&shop, "o").await;
    entries.sort();
    assert_eq!(
        entries,
        [
            line(["approved", "pay", "", ""]),
            line(["refunded", "", "", ""]),
            line(["refunded", "operate", "Ann", "arrived broken"]),
        ]
    );
    let events = shop.stack.bus().events();
    let last = events.iter().rfind(|event| event["data"]["id"] == id.as_str()).unwrap();
    assert_eq!(last["data"]["meta"]["operations"][1]["request"]["actor"], "Ann");
    shop.close().await;
}

#[tokio::test]
async fn who_voids_through_the_credit_card_api_and_why_is_shown_by_the_other_api() {
    let shop = shop().await;
    let api = CreditCard::of(&shop);
    let id = api.approved("charge", &payment("1", "paid")).await;
    let void = follow_up("void", &id, "undone");
    let told = with(void, "/Request/Reason", Some(json!("twice")));
    let told = with(told, "/Request/Actor", Some(json!("Ann")));
    assert_eq!(api.send(Syntax::Xml, "void", &told).await.envelope().code, "00");
    let shown =
        shop.send(Method::GET, &format!("/v2/orders/{id}/transactions/{id}"), &[], String::new()).await;
    assert_eq!(request_of(&shown, 1), json!({"actor": "Ann", "reason": "twice"}));
    shop.close().await;
}

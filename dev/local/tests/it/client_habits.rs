//! Habits of clients of the two originals: members that their types promise, spellings of routes,
//! keys in options.

use std::collections::{BTreeMap, BTreeSet};

use local::template::{RouteKey, deployed};
use serde_json::{Value, json};

use crate::{
    credit_card_client::{CreditCard, Syntax, follow_up, payment, with},
    shop::Shop,
};

#[tokio::test]
async fn a_route_of_the_credit_card_api_is_found_in_any_spelling_and_what_is_not_is_told_in_its_form() {
    let shop = Shop::open().await;
    let api = CreditCard::of(&shop);
    let json = [("content-type", "application/json")];
    for (n, path) in [
        "/API/V1/Payments/CreditCard/Authorize",
        "/api/v1/payments/creditcard/authorize/",
        "/Api/v1/Payments/creditcard/AUTHORIZE/",
    ]
    .into_iter()
    .enumerate()
    {
        let body = payment("0", &format!("r{n}")).to_string();
        let paid = api.request("POST", path, &json, body).await;
        assert_eq!((paid.status, paid.envelope().code.as_str()), (200, "00"), "{path}: {}", paid.body);
    }
    assert_eq!(shop.ledger("auth").len(), 3);
    let xml = [("content-type", "application/xml")];
    for (method, path, headers, status, media) in [
        ("POST", "/api/v1/payments/creditcard/sale", &json[..], 404, "application/json; charset=utf-8"),
        ("POST", "/api/v1/payments/creditcard/sale", &xml, 404, "application/xml; charset=utf-8"),
        ("POST", "/api/v1/payments/creditcard", &xml, 404, "application/xml; charset=utf-8"),
        (
            "GET",
            "/api/v1/payments/creditcard/status",
            &[("accept", "text/xml")],
            405,
            "text/xml; charset=utf-8",
        ),
        ("PUT", "/api/v1/payments/creditcard/Charge/", &json, 405, "application/json; charset=utf-8"),
    ] {
        let refused = api.request(method, path, headers, "").await;
        assert_eq!((refused.status, refused.content_type.as_str()), (status, media), "{method} {path}");
        assert_eq!(refused.envelope().of("ResponseCode"), Some("3"));
        assert_eq!(refused.header("allow"), (status == 405).then_some("POST"), "{method} {path}");
    }
    // Another name that begins alike is not this API's.
    shop.get("/api/v1/payments/creditcards/charge").await.error(404, "not_found");
    shop.close().await;
}

/// Some paths have a route for any method, and their function refuses it.
#[tokio::test]
async fn a_method_that_a_path_does_not_serve_is_refused_in_the_form_of_its_api() {
    let shop = Shop::open().await;
    let mut paths = BTreeMap::<String, BTreeSet<String>>::new();
    for route in deployed().unwrap().served() {
        let RouteKey::Exact { method, path } = route.key else { continue };
        paths.entry(path.replace(['{', '}'], "")).or_default().insert(method);
    }
    for (path, served) in paths {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
            let said = shop.send(method.parse().unwrap(), &path, &[], "{}".to_owned()).await;
            if path.starts_with("/api/v1/") && method != "POST" {
                assert_eq!(said.status, 405, "{method} {path}");
                assert_eq!(said.headers["allow"], "POST", "{method} {path}");
            } else {
                let is_refused = said.body["errors"][0]["meta"]["code"] == "not_found";
                let names_the_route = said.body.to_string().contains("no such route");
                assert_eq!(is_refused && names_the_route, !served.contains(method), "{method} {path}");
                assert!(!is_refused || said.status == 404, "{method} {path}");
            }
        }
    }
    shop.close().await;
}

#[tokio::test]
async fn what_serializers_add_for_themselves_is_ignored_everywhere() {
    let shop = Shop::share().await;
    let api = CreditCard::of(&shop);
    let marked = |mut request: Value| {
        request["$type"] = json!("Payments.Api.Models.CardTransactionBindingModel");
        request["Request"]["$id"] = json!("1");
        request["Request"]["__type"] = json!("TransactionCardRequestModel");
        request
    };
    let id = api.approved("authorize", &marked(payment("0", "r"))).await;
    api.approved("capture", &marked(follow_up("capture", &id, "c"))).await;
    api.approved("void", &marked(follow_up("void", &id, "v"))).await;
    // With one underscore it may be a slip of the pen.
    let slip = with(follow_up("void", &id, "w"), "/Request/_Amount", Some(json!("1.00")));
    assert_eq!(api.send(Syntax::Json, "void", &slip).await.envelope().code, "17");
    shop.register("o", 2599).await;
    let paid = shop.pay_by_token("o", "authorize").await.id();
    let captured = shop.follow_up("o", &paid, "capture", json!({"$type": "A", "__typename": "B"})).await;
    captured.data(200);
    shop.close().await;
}

#[tokio::test]
async fn a_key_in_the_options_of_a_follow_up_is_an_idempotency_key() {
    let shop = Shop::open().await;
    shop.register("o", 2599).await;
    let id = shop.pay_by_token("o", "authorize").await.id();
    let with_key = json!({"options": {"idempotency_key": "c"}});
    shop.follow_up("o", &id, "capture", with_key.clone()).await.data(200);
    let again = shop.follow_up("o", &id, "capture", with_key).await;
    assert!(again.is_replay(), "{}", again.body);
    shop.stack.simulator().settle();
    // The SDK's refunds have the options beside `data`.
    let refund = json!({"data": {"amount": 100}, "options": {"idempotency_key": "r"}});
    let path = format!("/v2/orders/o/transactions/{id}/refund");
    shop.post(&path, refund.clone()).await.data(200);
    assert!(shop.post(&path, refund).await.is_replay());
    assert_eq!(shop.ledger("refund").len(), 1);
    shop.close().await;
}

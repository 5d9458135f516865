//! What clients of the two originals are used to: members that their types promise, spellings of routes, keys in options.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    credit_card_client::{CreditCard, Syntax, follow_up, payment, with},
    shop::{Shop, VISA, by_card, by_token},
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
async fn an_order_has_the_members_that_the_sdks_types_promise() {
    let shop = Shop::share().await;
    shop.register("o", 123_456).await;
    let order = shop.order("o").await;
    let price =
        |amount: u64, formatted: &str| json!({"amount": amount, "currency": "USD", "formatted": formatted});
    let shown = &order["meta"]["display_price"];
    for (name, expected) in [
        ("with_tax", price(123_456, "$1,234.56")),
        ("without_tax", price(123_456, "$1,234.56")),
        ("balance_owing", price(123_456, "$1,234.56")),
        ("tax", price(0, "$0.00")),
        ("discount", price(0, "$0.00")),
        ("shipping", price(0, "$0.00")),
    ] {
        assert_eq!(shown[name], expected, "{name}");
    }
    assert_eq!((&order["anonymized"], &order["shipping"]), (&json!(false), &json!("unfulfilled")));
    assert_eq!(order["customer"], json!({"name": ""}), "an empty text is no address");
    for address in ["shipping_address", "billing_address"] {
        for member in ["first_name", "last_name", "line_1", "postcode", "country", "region"] {
            assert_eq!(order[address][member], "", "{address}.{member}");
        }
    }
    assert_eq!(order["livemode"], false);
    let paid = shop.pay_by_token("o", "purchase").await;
    assert_eq!(paid.data(200)["livemode"], false);
    assert_eq!(paid.data(200)["timestamps"], paid.data(200)["meta"]["timestamps"]);
    shop.close().await;
}

#[tokio::test]
async fn an_order_that_is_to_be_cancelled_or_fulfilled_is_not_said_to_be() {
    let shop = Shop::share().await;
    shop.register("o", 2599).await;
    // As the SDK's `Orders.Update` sends it, and with the members that a registration needs.
    for (data, source) in [
        (json!({"type": "order", "status": "cancelled"}), "data.status"),
        (json!({"type": "order", "status": "cancelled", "amount": 2599, "currency": "USD"}), "data.status"),
        (json!({"type": "order", "shipping": "fulfilled"}), "data.shipping"),
    ] {
        let refused = shop.put_order("o", data).await;
        assert_eq!(refused.error(422, "unsupported_order_status")["source"], source);
    }
    // Its own state, sent back, changes nothing.
    let state = json!({"type": "order", "status": "incomplete", "shipping": "unfulfilled", "amount": 2599, "currency": "USD"});
    shop.put_order("o", state).await.data(200);
    shop.close().await;
}

#[tokio::test]
async fn a_payment_with_a_misspelled_amount_does_not_pay_everything() {
    let shop = Shop::open().await;
    shop.register("o", 2599).await;
    for member in ["amonut", "Amount", "ammount", "amuont", "AMOUNT", "amount_minor", "total_amount"] {
        for mut data in [by_token("purchase"), by_card("authorize", VISA)] {
            data[member] = json!(100);
            let refused = shop.pay("o", data).await;
            let error = refused.error(400, "unknown_member");
            assert_eq!(error["source"], format!("data.{member}"));
            assert!(error["detail"].as_str().unwrap().ends_with("did you mean amount?"), "{error}");
        }
    }
    for member in ["total", "value", "sum", "price", "amt", "grand_total"] {
        for value in [json!(5), json!(5.5), json!("5"), json!("5.00"), json!("1,000.00"), json!("$5")] {
            let mut data = by_token("purchase");
            data[member] = value;
            let refused = shop.pay("o", data).await;
            assert_eq!(refused.error(400, "unknown_member")["source"], format!("data.{member}"));
        }
    }
    for (member, value, source) in [
        ("options", json!({"amount": 5}), "data.options.amount"),
        ("payment_details", json!({"net": 5}), "data.payment_details.net"),
    ] {
        let mut data = by_token("purchase");
        data[member] = value;
        let refused = shop.pay("o", data).await;
        assert_eq!(refused.error(400, "unknown_member")["source"], source);
    }
    let beside = json!({"data": by_token("purchase"), "amount": 5});
    let refused = shop.post("/v2/orders/o/payments", beside).await;
    assert_eq!(refused.error(400, "unknown_member")["source"], "amount");
    assert_eq!(shop.stack.simulator().transactions().len(), 0);
    // What is no amount is ignored as ever, and with it what clients of other gateways send along.
    let mut data = by_token("purchase");
    for (member, value) in [
        ("account", json!("house")),
        ("type", json!("payment")),
        ("options", json!({"receipt_email": "a@example.com", "customer_payment_profile_id": "36949175"})),
        ("paymentmethod_meta", json!({"name": "till", "custom_reference": "5"})),
        ("billing_address", json!({"postcode": "55555"})),
        ("payment_method_types", json!(["card"])),
        ("confirm", json!(true)),
    ] {
        data[member] = value;
    }
    data["amount"] = json!(100);
    shop.pay("o", data).await.data(200);
    shop.close().await;
}

#[tokio::test]
async fn a_key_in_the_options_is_an_idempotency_key() {
    let shop = Shop::open().await;
    shop.register("o", 2599).await;
    let mut data = by_token("authorize");
    data["amount"] = json!(1000);
    data["options"] = json!({"idempotency_key": "k1"});
    let first = shop.pay("o", data.clone()).await;
    let again = shop.pay("o", data.clone()).await;
    assert!(!first.is_replay() && again.is_replay());
    assert_eq!(again.id(), first.id());
    // It is the same key as in the header, and both together have to say the same.
    let path = "/v2/orders/o/payments";
    let mut bare = data.clone();
    bare.as_object_mut().unwrap().remove("options");
    assert!(shop.post_with_key(path, "k1", json!({"data": bare})).await.is_replay());
    assert!(shop.post_with_key(path, "k1", json!({"data": data.clone()})).await.is_replay());
    shop.post_with_key(path, "k2", json!({"data": data.clone()})).await.error(400, "invalid_value");
    // Another intent needs another key.
    data["amount"] = json!(900);
    shop.pay("o", data.clone()).await.error(422, "idempotency_key_reused");
    for key in [json!(""), json!(1), json!("tab\there"), json!("é")] {
        data["options"] = json!({"idempotency_key": key});
        shop.pay("o", data.clone()).await.error(400, "invalid_value");
    }
    // The SDK's refunds have the options beside `data`.
    let id = first.id();
    shop.follow_up("o", &id, "capture", json!({"options": {"idempotency_key": "c"}})).await.data(200);
    let again = shop.follow_up("o", &id, "capture", json!({"options": {"idempotency_key": "c"}})).await;
    assert!(again.is_replay(), "{}", again.body);
    shop.stack.simulator().settle();
    let refund = json!({"data": {"amount": 100}, "options": {"idempotency_key": "r"}}).to_string();
    let path = format!("/v2/orders/o/transactions/{id}/refund");
    shop.send(Method::POST, &path, &[], refund.clone()).await.data(200);
    assert!(shop.send(Method::POST, &path, &[], refund).await.is_replay());
    assert_eq!((shop.ledger("auth").len(), shop.ledger("refund").len()), (1, 1));
    shop.close().await;
}

//! Canaries: each field that a caller can fill is sent with a text that is looked for afterwards,
//! in requests that succeed and in requests that fail in every way there is. `cage.rs` says where
//! each may turn up.

use std::sync::Arc;

use lambda_http::{Body, Request};
use local::{functions::Handler, merchants};
use reqwest::Method;
use serde_json::{Value, json};
use tollgate_core::{
    order::MerchantId,
    values::{CardAccount, CardNumber, Expiry, SecurityCode},
};

use super::{
    cage::{Cage, IDEMPOTENCY_KEY, KEPT, KEY, LOST, TOLD, WRONG_KEY, WRONG_TOKEN},
    watch::panics,
};
use crate::{
    credit_card_client::{BOTH, Syntax, follow_up, payment, with},
    shop::{AMEX, AMEX_CODE, VISA},
};

/// The members of a credit-card payment and of a capture that may be kept. All are texts of a
/// caller.
const MAY_BE_KEPT: [&str; 11] = [
    "/Request/TransactionReference",
    "/Request/Description",
    "/Request/DealType",
    "/Request/DealStage",
    "/Request/Email",
    "/Request/Authorizer",
    "/Request/Discount/DiscountCode",
    "/Request/Discount/Product",
    "/Request/Marketing",
    "/Request/RevenuePartner",
    "/Request/Name",
];

/// The pointers to all values of a body that are no objects.
fn leaves(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(name, value)| leaves(value, &format!("{at}/{name}"), found));
        }
        _ => found.push(at.to_owned()),
    }
}

/// The body once for every value in it, with another in its place.
fn each_replaced(body: &Value, by: impl Fn(&str) -> Value) -> Vec<Value> {
    let mut pointers = Vec::new();
    leaves(body, "", &mut pointers);
    let replaced = pointers.into_iter().map(|pointer| {
        let mut body = body.clone();
        *body.pointer_mut(&pointer).unwrap() = by(&pointer);
        body
    });
    replaced.collect()
}

/// A payment by card with all that the Elastic Path API takes, and more.
fn by_card(method: &str) -> Value {
    json!({
        "data": {
            "type": LOST, "gateway": "card_connect", "method": method, "amount": 100, "currency": "USD",
            "first_name": LOST, "last_name": LOST, "number": AMEX, "month": "10", "year": "2031",
            "verification_value": AMEX_CODE,
            "billing_address": {"line_1": LOST, "line_2": LOST, "city": LOST, "region": LOST,
                "postcode": "90001", "country": "US", "name": LOST},
            "custom_reference": KEPT, "description": KEPT, "metadata": {"note": KEPT},
            "paymentmethod_meta": {"name": KEPT, "custom_reference": KEPT, "somebody": LOST},
            "options": {LOST: LOST}, "somebody": LOST,
        },
        "options": {"somebody": LOST},
    })
}

/// A payment by the card's token with all that goes along.
fn by_card_token() -> Value {
    let mut body = by_card("purchase");
    body["data"]["number"] = Value::Null;
    body["data"]["payment"] = json!("9371234567898431");
    body
}

#[tokio::test]
async fn nothing_that_the_elastic_path_api_is_sent_turns_up_where_it_does_not_belong() {
    let cage = Cage::open(Vec::new()).await;
    cage.shop.register("order-1", 100_000).await;
    let payments = "/v2/orders/order-1/payments";
    let headers = [
        ("idempotency-key", IDEMPOTENCY_KEY),
        ("x-request-id", "request-1"),
        ("x-moltin-currency", LOST),
        ("user-agent", LOST),
        ("cookie", LOST),
        ("x-forwarded-for", LOST),
        ("x-somebody", LOST),
    ];
    let query = format!("?number={AMEX}&code={LOST}");
    let held = cage
        .shop
        .send(Method::POST, &format!("{payments}{query}"), &headers, by_card("authorize").to_string())
        .await;
    cage.answered("authorize", &held.body.to_string());
    held.data(200);
    let transaction = format!("/v2/orders/order-1/transactions/{}", held.id());

    // Every member wrong, in every request, beside members that are right.
    let capture = json!({"data": {"type": "x", "amount": 100, "custom_reference": KEPT, "capture_mechanism": "automatic",
        "reason": TOLD, "actor": TOLD, "options": {"somebody": LOST}}});
    let refund = json!({"data": {"amount": 10, "refund_mechanism": "automatic", "reason": TOLD, "actor": TOLD, "options": {"somebody": LOST}}});
    let rest = json!({"data": {"type": "x", "amount": 10, "capture_at": "2030-01-01T00:00:00Z", "reason": TOLD, "actor": TOLD,
        "options": {"somebody": LOST}}});
    let cancel = json!({"data": {"reason": TOLD, "actor": TOLD, "options": {"somebody": LOST}}});
    let order = json!({"data": {"type": "order", "amount": 1, "currency": "USD", "somebody": LOST}});
    let later = json!({"data": {"type": "x", "capture_at": "2030-01-01T00:00:00Z"}});
    let mut refused = 0;
    for (method, path, body) in [
        (Method::POST, payments.to_owned(), by_card("purchase")),
        (Method::POST, payments.to_owned(), by_card_token()),
        (Method::POST, format!("{payments}/purchase"), by_card("purchase")),
        (Method::POST, format!("{payments}/authorize"), by_card("authorize")),
        (Method::POST, payments.to_owned(), json!({"data": {"gateway": "card_connect", "payment": LOST}})),
        (Method::POST, format!("{transaction}/capture"), capture.clone()),
        (Method::POST, format!("{transaction}/reauthorize"), rest.clone()),
        (Method::POST, format!("{transaction}/refund"), refund.clone()),
        (Method::POST, format!("{transaction}/cancel"), cancel.clone()),
        (Method::PATCH, transaction.clone(), later),
        (Method::PUT, "/v2/orders/order-1".to_owned(), order),
    ] {
        let wrong = |pointer: &str| match pointer.rsplit('/').next() {
            Some("custom_reference" | "description" | "note") => json!(KEPT),
            Some("name") if pointer.contains("paymentmethod_meta") => json!(KEPT),
            Some("reason" | "actor") => json!(TOLD),
            _ => json!(LOST),
        };
        let mut bodies = each_replaced(&body, wrong);
        bodies.extend(each_replaced(&body, |_| json!(AMEX)));
        bodies.extend(each_replaced(&body, |_| json!({"a": [AMEX_CODE, LOST]})));
        for body in bodies {
            refused += usize::from(cage.send(method.clone(), &path, &[], &body.to_string()).await >= 400);
        }
    }
    assert!(refused > 150, "most of them are wrong: {refused}");
    pauses(&cage).await;
    cage.post(&format!("{transaction}/capture"), &capture).await;
    cage.post(&format!("{transaction}/reauthorize"), &rest).await;
    cage.post(&format!("{transaction}/refund"), &refund).await;
    cage.post(&format!("{transaction}/cancel"), &cancel).await;
    cage.post(&format!("{transaction}/confirm"), &by_card("purchase")).await;

    no_bodies(&cage, payments, "application/json").await;
    wrong_headers_and_paths(&cage, &transaction).await;
    wrong_credentials(cage).await.close().await;
}

/// Who pauses and resumes an order's captures, and why.
async fn pauses(cage: &Cage) {
    for switch in ["pause", "resume"] {
        let path = format!("/v2/orders/order-1/captures/{switch}");
        let right = json!({"data": {"reason": TOLD, "actor": TOLD}});
        for body in each_replaced(&right, |_| json!(AMEX)) {
            assert_eq!(cage.post(&path, &body).await, 400);
        }
        assert_eq!(cage.post(&path, &right).await, 200);
    }
}

/// Bodies with card data that cannot be read.
async fn no_bodies(cage: &Cage, path: &str, content_type: &str) {
    let whole = by_card("purchase").to_string();
    let twice =
        whole.replacen("\"number\"", &format!("\"verification_value\":\"{AMEX_CODE}\",\"number\""), 1);
    let cut = &whole[..whole.len() - 2];
    let long = format!("{whole}{}", " ".repeat(70_000));
    let bodies = [cut, &twice, &long, AMEX, LOST, &format!("[{whole}]"), &whole.replace(':', "=")];
    for body in bodies {
        let status = cage.send(Method::POST, path, &[("content-type", content_type)], body).await;
        assert!(status >= 400, "{body}");
    }
}

async fn wrong_headers_and_paths(cage: &Cage, transaction: &str) {
    let whole = by_card("purchase").to_string();
    let long = format!("{IDEMPOTENCY_KEY}{}", "x".repeat(300));
    for headers in [[("idempotency-key", long.as_str())], [("x-request-id", AMEX)], [("x-request-id", VISA)]]
    {
        cage.send(Method::POST, "/v2/orders/order-1/payments", &headers, &whole).await;
    }
    for path in [
        format!("/v2/orders/{AMEX}/payments"),
        format!("/v2/orders/%20{LOST}%20/payments"),
        format!("/v2/orders/{}/payments", LOST.repeat(10)),
        format!("/v2/orders/order-1/transactions/{LOST}/capture"),
        format!("/v2/orders/order-1/transactions/{AMEX}/refund"),
        // The name of a parameter is repeated in an error, as a member's is, unless it is a card
        // number; no value is.
        format!("/v2/orders/order-1/transactions/{LOST}?{KEPT}={AMEX}&somebody={LOST}"),
        format!("/v2/orders/order-1/transactions/{LOST}?{AMEX}={AMEX_CODE}"),
        format!("/{LOST}/{KEY}/{WRONG_KEY}?code={AMEX_CODE}"),
        format!("/v3/{AMEX}/{LOST}"),
        format!("{transaction}/{LOST}"),
    ] {
        for method in [Method::POST, Method::GET, Method::PUT, Method::DELETE] {
            let status = cage.send(method, &path, &[("cookie", LOST)], &whole).await;
            assert!(status >= 400, "{path}");
        }
    }
}

/// The last steps, because some of them need another token.
async fn wrong_credentials(mut cage: Cage) -> Cage {
    let form = ("content-type", "application/x-www-form-urlencoded");
    let url = "/oauth/access_token";
    let id = merchants::REGISTERED;
    for body in [
        format!("grant_type=client_credentials&client_id={id}&client_secret={WRONG_KEY}"),
        format!("grant_type=client_credentials&client_id={LOST}&client_secret={KEY}"),
        format!("grant_type=client_credentials&client_id={KEY}&client_secret={id}"),
        format!("grant_type={LOST}&client_id={id}&client_secret={KEY}"),
        format!("grant_type=client_credentials&client_id={id}&client_secret={KEY}&client_secret={WRONG_KEY}"),
        format!("grant_type=implicit&client_id={AMEX}&{LOST}={AMEX_CODE}"),
        format!("{{\"client_id\":\"{id}\",\"client_secret\":\"{KEY}\",\"number\":\"{AMEX}\"}}"),
        format!("client_secret={}", KEY.repeat(500)),
    ] {
        assert!(cage.send(Method::POST, url, &[form], &body).await >= 400, "{body}");
    }
    let good = cage.shop.current_token().to_owned();
    let forged = format!("{}.{LOST}", good.rsplit_once('.').unwrap().0);
    for token in [WRONG_TOKEN, LOST, &forged, KEY, AMEX] {
        cage.shop.use_token(token);
        for path in ["/v2/orders/order-1", "/v2/orders/order-1/payments"] {
            assert_eq!(
                cage.post(path, &by_card("purchase")).await,
                if path.ends_with('s') { 401 } else { 404 }
            );
        }
    }
    cage.shop.use_token(&good);
    cage
}

/// A credit-card payment with a canary in every member that may be any text.
pub(super) fn credit_card(kind: &str, reference: &str) -> Value {
    let mut request = payment(kind, &format!("{KEPT}{reference}"));
    request["Authentication"] = json!({"Id": merchants::REGISTERED, "Key": KEY});
    for member in ["HouseNumber", "ApartmentNumber", "Street", "Street2", "City", "County", "State"] {
        request = with(request, &format!("/Request/BillingAddress/{member}"), Some(json!(LOST)));
    }
    for member in MAY_BE_KEPT.iter().skip(1) {
        request = with(request, member, Some(json!(KEPT)));
    }
    request = with(request, "/Request/Email", Some(json!(format!("{KEPT}@example.com"))));
    with(request, "/Request/Somebody", Some(json!(LOST)))
}

#[tokio::test]
async fn nothing_that_the_credit_card_api_is_sent_turns_up_where_it_does_not_belong() {
    let cage = Cage::open(Vec::new()).await;
    for (n, syntax) in BOTH.into_iter().enumerate() {
        let request = credit_card("0", &n.to_string());
        let held = cage.api.send(syntax, "authorize", &request).await;
        cage.answered("authorize", &held.body);
        let envelope = held.envelope();
        assert_eq!(envelope.code, "00", "{}", held.body);
        let id = envelope.of("TransactionID").unwrap().to_owned();

        let mut refused = 0;
        for (route, mut body) in [
            ("authorize", request.clone()),
            ("charge", credit_card("1", &format!("other{n}"))),
            ("capture", follow_up("capture", &id, KEPT)),
            ("refund", follow_up("refund", &id, KEPT)),
            ("void", follow_up("void", &id, KEPT)),
            ("status", follow_up("status", &id, KEPT)),
        ] {
            body["Authentication"] = request["Authentication"].clone();
            let wrong = |pointer: &str| {
                if MAY_BE_KEPT.contains(&pointer) { json!(KEPT) } else { json!(LOST) }
            };
            let mut bodies = each_replaced(&body, wrong);
            bodies.extend(each_replaced(&body, |_| json!(AMEX)));
            bodies.extend(each_replaced(&body, |_| json!({"a": [AMEX_CODE, LOST]})));
            for body in bodies {
                // Keys are refused slowly, and often enough at all; so are ids.
                if body["Authentication"] == request["Authentication"] {
                    refused += usize::from(cage.credit_card(syntax, route, &body).await >= 400);
                }
            }
        }
        assert!(refused > 60, "many of them are wrong: {refused}");

        let mut wrong_key = request.clone();
        wrong_key["Authentication"]["Key"] = json!(WRONG_KEY);
        assert_eq!(cage.credit_card(syntax, "charge", &wrong_key).await, 401);
        let text = syntax.body(&request);
        let (cut, long) = (&text[..text.len() - 3], format!("{text}{}", " ".repeat(70_000)));
        let doctype = format!("<!DOCTYPE a [<!ENTITY {LOST} \"{AMEX}\">]>{text}");
        for body in [cut, &long, &doctype, AMEX, LOST, KEY, &text.replace('"', "'").replace('>', "")] {
            let answer = cage.api.post("charge", Some(syntax.content_type()), None, body).await;
            cage.answered(body, &answer.body);
            assert!(answer.status >= 400, "{body}");
        }
        let odd = [("content-type", LOST), ("accept", LOST), ("x-request-id", AMEX), ("cookie", LOST)];
        let answer = cage.api.post_with(&format!("charge?{LOST}={AMEX}"), &odd, text).await;
        cage.answered("odd headers", &answer.body);
        assert_eq!(answer.status, 415);
    }
    cage.close().await;
}

/// A handler that stumbles with everything in hand that has a `Debug`.
fn stumbles() -> Handler {
    |ports, request: Request| {
        let merchants = ports.api.access.merchants.clone();
        Box::pin(async move {
            let Body::Text(text) = request.body() else { panic!("a text") };
            let body: Value = serde_json::from_str(text).unwrap();
            let data = &body["data"];
            let number = CardNumber::parse(data["number"].as_str().unwrap()).unwrap();
            let summary = CardAccount::Number(number.clone()).summary(Expiry::new(10, 2031).unwrap());
            let code =
                SecurityCode::parse(data["verification_value"].as_str().unwrap(), Some(number.brand()));
            let wrong_number = CardNumber::parse(data["first_name"].as_str().unwrap());
            let id: MerchantId = merchants::REGISTERED.parse().unwrap();
            let merchant: Arc<_> = merchants.get(&id).await.unwrap();
            panic!("{number:?} {code:?} {summary:?} {wrong_number:?} {merchant:?}")
        })
    }
}

#[tokio::test]
async fn a_handler_that_panics_tells_nothing() {
    let cage = Cage::open(vec![("purchase", stumbles()), ("payments", stumbles())]).await;
    cage.shop.register("order-1", 2599).await;
    for path in ["/v2/orders/order-1/payments", "/v2/orders/order-1/payments/purchase"] {
        assert_eq!(cage.post(path, &by_card("purchase")).await, 500);
    }
    let before = panics();
    assert_eq!(before.len(), 2, "they did panic");
    assert!(before.iter().all(|panic| panic.contains("SecurityCode(***)")), "with what they had in hand");
    let answer = cage.api.send(Syntax::Json, "charge", &credit_card("1", "x")).await;
    cage.answered("charge", &answer.body);
    cage.close().await;
}

/// The fields that are kept refuse a card number however it is written; nothing of it is in the
/// table or in a log.
#[tokio::test]
async fn a_card_number_in_an_ordinary_disguise_is_kept_nowhere() {
    let cage = Cage::open(Vec::new()).await;
    let disguises = [
        "371449635398431".to_owned(),
        "3714  496353  98431".to_owned(),
        "3714\u{2013}496353\u{2013}98431".to_owned(),
        "3714/496353/98431".to_owned(),
        "3714, 496353, 98431".to_owned(),
        "3714_496353_98431".to_owned(),
        "3714496353984311031".to_owned(),
        "3714496353984310".to_owned(),
        "0371449635398431".to_owned(),
        "\u{FF13}714 496353 98431".to_owned(),
        "3714\u{200B}496353\u{200B}98431".to_owned(),
    ];
    for (n, disguise) in disguises.iter().enumerate() {
        for member in ["Description", "DealType", "Marketing", "RevenuePartner", "Name"] {
            let request = credit_card("0", &format!("{n}{member}"));
            let request = with(request, &format!("/Request/{member}"), Some(json!(disguise)));
            for (route, syntax) in [("authorize", Syntax::Json), ("authorize", Syntax::Xml)] {
                assert_eq!(cage.credit_card(syntax, route, &request).await, 400, "{member}: {disguise}");
            }
        }
    }
    // Order ids have few characters to hide a number behind.
    let orders = ["371449635398431", "3714_496353_98431", "3714~496353:98431", "no.3714496353984311031"];
    for order in orders {
        let path = format!("/v2/orders/{order}");
        let body = json!({"data": {"type": "order", "amount": 1, "currency": "USD"}}).to_string();
        assert_eq!(cage.send(Method::PUT, &path, &[], &body).await, 400, "{order}");
        assert_eq!(cage.post(&format!("{path}/payments"), &by_card("purchase")).await, 400, "{order}");
        let request_id = [("x-request-id", order)];
        let status = cage.send(Method::GET, "/v2/orders/none", &request_id, "").await;
        assert_eq!(status, 404, "{order}");
    }
    // The name of a member is repeated in an error, and a reference is kept.
    cage.shop.register("order", 2599).await;
    let held = cage.shop.pay_by_token("order", "authorize").await;
    let capture = format!("/v2/orders/order/transactions/{}/capture", held.id());
    for disguise in &disguises {
        assert_eq!(cage.post(&capture, &json!({"data": {disguise: 1}})).await, 400, "{disguise}");
        // Of long numbers, references may be any but a card's own and one with its expiry date.
        if !["3714496353984310", "0371449635398431"].contains(&disguise.as_str()) {
            let reference = json!({"data": {"custom_reference": disguise}});
            assert_eq!(cage.post(&capture, &reference).await, 400, "{disguise}");
        }
    }
    for disguise in &disguises {
        for (member, value) in [
            ("description", json!(disguise)),
            ("paymentmethod_meta", json!({"name": disguise})),
            ("metadata", json!({"note": format!("card {disguise} declined")})),
            ("metadata", json!({disguise: "x"})),
        ] {
            let mut body = by_card_token();
            body["data"][member] = value;
            let long = ["3714496353984310", "0371449635398431"].contains(&disguise.as_str());
            // The same goes for metadata.
            if !(long && member == "metadata") {
                assert_eq!(cage.post("/v2/orders/order/payments", &body).await, 400, "{member}: {disguise}");
            }
        }
    }
    for item in crate::shop::items(cage.shop.stack.dynamodb_url()).await {
        let digits: String = item.chars().filter(char::is_ascii_digit).collect();
        assert!(!digits.contains("371449635398431"), "stored: {item}");
    }
    cage.close().await;
}

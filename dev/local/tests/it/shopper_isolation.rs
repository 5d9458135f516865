//! A shopper's browser pays the amount owed and sees its own payment. With no request does it learn
//! anything about payments of other shoppers or of the merchant: no id, no amount, no state.

use cardpointe_simulator::{Endpoint, Fault, FaultKind};
use local::merchants;
use reqwest::Method;
use serde_json::{Value, json};

use crate::shop::{Answer, MASTERCARD, Shop, VISA, by_card, by_card_with, by_token};

/// The total that the merchant registers, and odd parts of that total: none of these numbers turns
/// up by chance.
const TOTAL: u64 = 777_731;
const PART: u64 = 333_313;

/// A shop whose shoppers pay as a merchant has to allow it first: by card, and all that is owing.
async fn open() -> Shop {
    Shop::open_with(json!({"shopper_tokens": {"enabled": true, "stored_cards": null}})).await
}

async fn shopper(shop: &Shop) -> String {
    let answer = shop.token(merchants::REGISTERED, None).await;
    answer.body["access_token"].as_str().unwrap().to_owned()
}

/// Sends with another token, and goes on with the one before.
async fn with_token(
    shop: &mut Shop,
    token: &str,
    method: Method,
    path: &str,
    more: &[(&str, &str)],
    body: &Value,
) -> Answer {
    let before = shop.current_token().to_owned();
    shop.use_token(token);
    let answer = shop.send(method, path, more, body.to_string()).await;
    shop.use_token(&before);
    answer
}

/// An order of which another shopper has paid something, and how to make it.
#[derive(Clone, Copy, Debug)]
enum Before {
    PaidByShopper,
    HeldByShopper,
    PendingByShopper,
    DeclinedShopper,
    PaidByMerchant,
    PartlyPaidByMerchant,
    RefundedByMerchant,
    PendingByMerchant,
    FullByMerchant,
}

impl Before {
    const ALL: [Self; 9] = [
        Self::PaidByShopper,
        Self::HeldByShopper,
        Self::PendingByShopper,
        Self::DeclinedShopper,
        Self::PaidByMerchant,
        Self::PartlyPaidByMerchant,
        Self::RefundedByMerchant,
        Self::PendingByMerchant,
        Self::FullByMerchant,
    ];

    async fn make(self, shop: &mut Shop, order: &str, other: &str) {
        shop.register(order, if matches!(self, Self::DeclinedShopper) { 105_100 } else { TOTAL }).await;
        let path = format!("/v2/orders/{order}/payments");
        let pay = |method| json!({"data": by_card(method, VISA)});
        let part = json!({"data": by_card_with("purchase", VISA, &json!({"amount": PART}))});
        let key = [("idempotency-key", "the-key")];
        let merchant = shop.current_token().to_owned();
        if matches!(self, Self::PendingByShopper | Self::PendingByMerchant) {
            shop.stack.simulator().fault(Fault::once(Endpoint::Auth, FaultKind::DropAfter));
            shop.no_inquiry();
        }
        let (token, body, status) = match self {
            Self::PaidByShopper => (other, pay("purchase"), 200),
            Self::HeldByShopper => (other, pay("authorize"), 200),
            Self::PendingByShopper => (other, pay("purchase"), 202),
            Self::DeclinedShopper => (other, pay("purchase"), 400),
            Self::PaidByMerchant | Self::RefundedByMerchant => (merchant.as_str(), pay("purchase"), 200),
            Self::PendingByMerchant => (merchant.as_str(), pay("purchase"), 202),
            Self::PartlyPaidByMerchant | Self::FullByMerchant => (merchant.as_str(), part.clone(), 200),
        };
        let paid = with_token(shop, token, Method::POST, &path, &key, &body).await;
        assert_eq!(paid.status, status, "{self:?}: {}", paid.body);
        match self {
            Self::RefundedByMerchant => {
                let refund = json!({"amount": TOTAL});
                shop.follow_up(order, &paid.id(), "refund", refund).await.data(200);
            }
            Self::FullByMerchant => {
                for n in 1..50 {
                    let data = by_card_with("purchase", "4387751111111053", &json!({"amount": n}));
                    let (path, address) = (format!("/v2/orders/{order}/payments"), format!("203.0.113.{n}"));
                    let headers = [("x-shopper-address", address.as_str())];
                    let body = json!({"data": data}).to_string();
                    shop.send(Method::POST, &path, &headers, body).await.error(400, "declined");
                }
            }
            _ => {}
        }
    }
}

/// Method, path, headers and body of a request.
type Try<'a> = (Method, String, &'a [(&'a str, &'a str)], Value);

/// All that is known of the order's payments: ids, references, amounts, cards.
fn foreign(transactions: &[Value]) -> Vec<String> {
    let mut words =
        vec![PART.to_string(), (TOTAL - PART).to_string(), "3333.13".to_owned(), "4444.18".to_owned()];
    for transaction in transactions {
        let mut texts = vec![&transaction["id"], &transaction["reference"]];
        for operation in transaction["meta"]["operations"].as_array().unwrap() {
            texts.extend([&operation["id"], &operation["gateway_order_id"], &operation["gateway"]["retref"]]);
        }
        words.extend(
            texts.into_iter().filter_map(Value::as_str).filter(|it| !it.is_empty()).map(str::to_owned),
        );
    }
    words.extend(["\"last_four\":\"1443\"", "\"Visa\""].map(str::to_owned));
    words
}

#[tokio::test]
async fn no_response_to_a_shopper_tells_anything_about_anothers_payment() {
    for before in Before::ALL {
        let mut shop = open().await;
        let (other, nosy) = (shopper(&shop).await, shopper(&shop).await);
        before.make(&mut shop, "o", &other).await;
        let theirs = shop.transactions("o").await;
        let secrets = foreign(&theirs);
        let id = theirs[0]["id"].as_str().unwrap();
        let path = "/v2/orders/o/payments";
        let key = [("idempotency-key", "the-key")];
        let by = |method, changes: Value| json!({"data": by_card_with(method, VISA, &changes)});
        // The same request as the other one's, without a key and with theirs; others; and reading.
        let tries: Vec<Try<'_>> = vec![
            (Method::GET, format!("/v2/orders/o/transactions/{id}"), &[], json!({})),
            (Method::POST, format!("/v2/orders/o/transactions/{id}/confirm"), &[], json!({})),
            (Method::GET, "/v2/orders/o".to_owned(), &[], json!({})),
            (Method::GET, "/v2/orders/o/transactions".to_owned(), &[], json!({})),
            (Method::POST, format!("/v2/orders/o/transactions/{id}/refund"), &[], json!({})),
            (Method::POST, path.to_owned(), &key, by("purchase", json!({"amount": 1}))),
            (Method::POST, path.to_owned(), &key, by("purchase", json!({"amount": PART}))),
            (Method::POST, path.to_owned(), &[], by("purchase", json!({"amount": PART}))),
            (Method::POST, path.to_owned(), &[], by("purchase", json!({"amount": TOTAL + 1}))),
            (Method::POST, path.to_owned(), &[], by("purchase", json!({"currency": "CAD"}))),
            (Method::POST, path.to_owned(), &[], json!({"data": by_token("purchase")})),
        ];
        let mut codes = Vec::new();
        for (method, path, headers, body) in tries {
            let told = with_token(&mut shop, &nosy, method.clone(), &path, headers, &body).await;
            assert!(told.status.is_client_error(), "{before:?}, {method} {path} {body}: {}", told.body);
            let text = format!("{:?} {}", told.headers, told.body);
            for secret in &secrets {
                assert!(!text.contains(secret), "{before:?}, {method} {path} {body}: {secret} in {text}");
            }
            codes.push(told.body["errors"][0]["meta"]["code"].as_str().unwrap().to_owned());
        }
        assert_eq!(codes[..2], ["transaction_not_found", "transaction_not_found"], "{before:?}");
        assert!(codes.contains(&"not_payable".to_owned()), "{before:?}: {codes:?}");
        // The amount that is really owing it may still pay, or is told no more than that it cannot.
        for (headers, method) in [(&key[..], "purchase"), (&[][..], "purchase"), (&[][..], "authorize")] {
            let data = json!({"data": by_card(method, MASTERCARD)});
            let told = with_token(&mut shop, &nosy, Method::POST, path, headers, &data).await;
            let text = told.body.to_string();
            let ids = secrets.iter().skip(4).filter(|it| it.len() > 8);
            for secret in ids {
                assert!(!text.contains(secret.as_str()), "{before:?}, {method}: {secret} in {text}");
            }
            assert!(
                !told.is_replay() || told.body["errors"][0]["meta"]["code"] == "declined",
                "{before:?}: {text}"
            );
            let code = told.body["errors"][0]["meta"]["code"].as_str().unwrap_or("paid");
            assert!(
                ["paid", "not_payable", "declined", "already_paid", "payment_in_progress"].contains(&code),
                "{before:?}: {text}"
            );
        }
        shop.stack.simulator().clear_faults();
        shop.close().await;
    }
}

#[tokio::test]
async fn a_shopper_sees_its_own_payment_and_after_renewing_its_token_by_the_payments_secret() {
    let mut shop = open().await;
    shop.register("o", 2599).await;
    let (own, renewed, other) = (shopper(&shop).await, shopper(&shop).await, shopper(&shop).await);
    let body = json!({"data": by_card("purchase", VISA)});
    let key = [("idempotency-key", "mine")];
    let paid = with_token(&mut shop, &own, Method::POST, "/v2/orders/o/payments", &key, &body).await;
    let secret = paid.data(200)["client_parameters"]["secret"].as_str().unwrap().to_owned();
    let again = with_token(&mut shop, &own, Method::POST, "/v2/orders/o/payments", &key, &body).await;
    assert!(again.is_replay() && again.id() == paid.id(), "its own repetition: {}", again.body);
    let path = format!("/v2/orders/o/transactions/{}", paid.id());
    let confirm = format!("{path}/confirm");
    let first = if secret.starts_with('A') { 'B' } else { 'A' };
    let wrong = format!("{first}{}", &secret[1..]);
    for (token, header, status) in [
        (&own, None, 200),
        (&renewed, None, 404),
        (&renewed, Some(secret.as_str()), 200),
        (&other, Some(wrong.as_str()), 404),
        (&other, Some(""), 404),
        (&other, Some("no base64!"), 404),
    ] {
        let header = header.map(|secret| ("x-client-secret", secret));
        for (method, path) in [(Method::GET, &path), (Method::POST, &confirm)] {
            let read = with_token(&mut shop, token, method, path, header.as_slice(), &json!({})).await;
            assert_eq!(read.status, status, "{path} {header:?}: {}", read.body);
        }
    }
    shop.register("p", 2599).await;
    let second = with_token(&mut shop, &other, Method::POST, "/v2/orders/p/payments", &[], &body).await;
    let path = format!("/v2/orders/p/transactions/{}", second.id());
    let header = [("x-client-secret", secret.as_str())];
    let read = with_token(&mut shop, &own, Method::GET, &path, &header, &json!({})).await;
    assert_eq!(read.status, 404, "the secret of one payment opens no other");
    let read = shop.get(&path).await;
    assert_eq!(read.data(200)["client_parameters"], Value::Null, "the merchant needs none");
    shop.close().await;
}

#[tokio::test]
async fn a_shopper_does_not_replay_the_merchants_key_nor_the_merchant_a_shoppers() {
    let mut shop = open().await;
    let own = shopper(&shop).await;
    let key = [("idempotency-key", "the-same-key")];
    let body = json!({"data": by_card("purchase", VISA)});
    for order in ["o", "p"] {
        shop.register(order, 2599).await;
        let path = format!("/v2/orders/{order}/payments");
        let merchant = shop.current_token().to_owned();
        let (first, second) = if order == "o" { (&merchant, &own) } else { (&own, &merchant) };
        with_token(&mut shop, first, Method::POST, &path, &key, &body).await.data(200);
        let told = with_token(&mut shop, second, Method::POST, &path, &key, &body).await;
        assert!(!told.is_replay() && told.status == 422, "{order}: {}", told.body);
    }
    assert_eq!(shop.stack.simulator().transactions().len(), 2);
    shop.close().await;
}

/// A processor that tells more than the first one does, and the amounts that make it do so.
const RAPID_CONNECT: &str = "496480518000";

#[tokio::test]
async fn a_shopper_is_not_told_that_a_card_is_lost_stolen_or_suspected() {
    let gateway = json!({"merchids": {"USD": RAPID_CONNECT}});
    let mut shop =
        Shop::open_with(json!({"shopper_tokens": {"stored_cards": null}, "gateway": gateway})).await;
    let own = shopper(&shop).await;
    for (order, total, code) in [
        ("lost", 120_800, "lost_or_stolen"),
        ("pick-up", 170_400, "pick_up_card"),
        ("fraud", 112_900, "fraud_suspected"),
        ("fraud-too", 110_200, "fraud_suspected"),
    ] {
        shop.register(order, total).await;
        let path = format!("/v2/orders/{order}/payments");
        let body = json!({"data": by_card("purchase", VISA)});
        let told = with_token(&mut shop, &own, Method::POST, &path, &[], &body).await;
        let error = told.error(400, "declined");
        assert_eq!(error["meta"]["decline_code"], "generic_decline", "{order}");
        assert_eq!(error["meta"]["advice"], "use_another_card", "{order}");
        assert_eq!(error["detail"], "The card was declined.", "{order}");
        let id = error["meta"]["transaction_id"].as_str().unwrap();
        let path = format!("/v2/orders/{order}/transactions/{id}");
        let read = with_token(&mut shop, &own, Method::GET, &path, &[], &json!({})).await;
        assert_eq!(read.data(200)["failure_details"]["code"], "generic_decline", "{order}");
        let merchants = shop.get(&path).await.data(200)["failure_details"]["code"].clone();
        assert_eq!(merchants, code, "{order}: what the merchant is told");
    }
    shop.close().await;
}

#[tokio::test]
async fn what_a_shopper_may_do_beyond_paying_by_card_is_the_merchants_choice() {
    let shop_with = |rules: Value| Shop::open_with(json!({"shopper_tokens": rules}));
    for (rules, stored, partial) in [
        (json!({"enabled": true, "stored_cards": null}), 403, 422),
        (json!({"enabled": true, "stored_cards": true}), 200, 422),
        (json!({"enabled": true, "stored_cards": null, "partial": true}), 403, 200),
    ] {
        let mut shop = shop_with(rules.clone()).await;
        shop.register("o", 2599).await;
        shop.register("p", 2599).await;
        shop.as_shopper().await;
        assert_eq!(shop.pay("o", by_token("purchase")).await.status, stored, "{rules}");
        let cent = by_card_with("purchase", VISA, &json!({"amount": 1}));
        assert_eq!(shop.pay("p", cent).await.status, partial, "{rules}");
        shop.close().await;
    }
}

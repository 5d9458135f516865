//! Tokens of the gateway wherever a card is accepted: in both APIs, from servers and browsers, and
//! as the same card as the number that they are for.

use serde_json::{Value, json};

use crate::{
    credit_card_client::{BOTH, CreditCard, Syntax, payment, with},
    shop::{AMEX, NO_FUNDS, Shop, VISA, by_card, by_card_with},
    support::client,
};

/// The request that the hosted tokenizer's page makes with the typed card.
pub(crate) async fn tokenize(shop: &Shop, number: &str, cvv: Option<&str>) -> String {
    let simulator = shop.stack.simulator().control_url().replace("/_simulator", "");
    let url = format!("{simulator}/cardsecure/api/v1/ccn/tokenize");
    let body = json!({"account": number, "expiry": "1031", "cvv": cvv}).to_string();
    let answer =
        client().post(url).header("content-type", "application/json").body(body).send().await.unwrap();
    let answer: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    answer["token"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}

pub(crate) fn with_token(token: &str) -> Value {
    json!({"gateway": "card_connect", "method": "purchase", "payment": token, "month": "10", "year": "2031"})
}

#[tokio::test]
async fn a_token_pays_wherever_a_card_does_and_the_gateway_sees_the_same_card() {
    // An approval without a security code that matches is not accepted.
    let decline_on = json!({"decline_on": {"avs": [], "cvv": ["N", "P"]}});
    let shop = Shop::open_with(decline_on).await;
    let token = tokenize(&shop, VISA, Some("112")).await;
    let named =
        json!({"first_name": "Ada", "billing_address": {"postcode": "55555"}, "verification_value": "112"});
    let form = by_card_with("purchase", &token, &json!({"verification_value": "112"}));
    let mut full = with_token(&token);
    full.as_object_mut().unwrap().extend(named.as_object().unwrap().clone());
    for (order, data) in [("plain", with_token(&token)), ("named", full), ("form", form)] {
        shop.register(order, 2599).await;
        let paid = shop.pay(order, data).await;
        let card = json!({"brand": "Visa", "last_four": "1443", "expiry_month": 10, "expiry_year": 2031});
        let details = &paid.data(200)["payment_details"];
        // Typed into the tokenizer beside the number, which holds it for one payment; after that as
        // stated.
        assert_eq!((&details["card"], &details["cvv_result"]), (&card, &json!("M")), "{order}");
    }
    let ledger = shop.ledger("auth");
    assert_eq!(ledger.len(), 3);
    assert!(ledger.iter().all(|entry| entry["token"] == token.as_str()), "{ledger:?}");
    shop.close().await;
}

#[tokio::test]
async fn a_shoppers_browser_pays_by_token_and_is_told_a_decline() {
    let mut shop = Shop::open().await;
    let (good, bad) = (tokenize(&shop, VISA, None).await, tokenize(&shop, NO_FUNDS, None).await);
    shop.register("order-1", 2599).await;
    shop.as_shopper().await;
    // The form is a token's, and the gateway does not know it.
    assert_eq!(shop.pay("order-1", with_token("9400000000000000")).await.status, 400);
    shop.pay("order-1", with_token(&bad)).await.error(400, "declined");
    assert_eq!(shop.pay("order-1", with_token(&good)).await.data(200)["status"], "complete");
    shop.close().await;
}

#[tokio::test]
async fn a_typed_card_and_its_token_are_the_same_request() {
    let shop = Shop::open().await;
    let token = tokenize(&shop, VISA, None).await;
    shop.register("order-1", 5000).await;
    let path = "/v2/orders/order-1/payments";
    let data = |mut data: Value| {
        data["amount"] = json!(1000);
        json!({"data": data})
    };
    let typed = data(by_card("purchase", VISA));
    let paid = shop.post_with_key(path, "key-1", typed.clone()).await;
    paid.data(200);
    let again = shop.post_with_key(path, "key-1", data(with_token(&token))).await;
    assert_eq!((again.id(), again.is_replay()), (paid.id(), true));
    // Nor is it charged twice without a key.
    let again = shop.post(path, data(with_token(&token))).await;
    again.error(409, "possible_duplicate");
    assert_eq!(shop.ledger("auth").len(), 1);
    shop.close().await;
}

#[tokio::test]
async fn the_credit_card_api_takes_tokens_and_stored_cards() {
    let shop = Shop::open().await;
    let api = CreditCard::of(&shop);
    let token = tokenize(&shop, VISA, Some("112")).await;
    for (n, syntax) in BOTH.into_iter().enumerate() {
        let by_token = payment("1", &format!("token-{n}"));
        let by_token = with(by_token, "/Request/Card/CardNumber", Some(json!(token)));
        let by_token = with(by_token, "/Request/Card/CVV", None);
        let envelope = api.send(syntax, "charge", &by_token).await.envelope();
        assert_eq!((envelope.code.as_str(), envelope.of("CardType")), ("00", Some("Visa")));

        let stored = with(payment("1", &format!("stored-{n}")), "/Request/Card", None);
        let stored = with(stored, "/Request/BillingAddress", None);
        let stored = with(stored, "/Request/CustomerId", Some(json!("16178397535388255208")));
        let stored = with(stored, "/Request/ProfileId", Some(json!("1")));
        let envelope = api.send(syntax, "charge", &stored).await.envelope();
        // They are those of a card that was stored along with the payment.
        let ids = (envelope.of("CustomerId"), envelope.of("ProfileId"));
        assert_eq!((envelope.code.as_str(), ids), ("00", (None, None)));
        assert!(api.send(syntax, "charge", &stored).await.is_replay());
        // Another stored card under the same reference is another payment.
        let other = with(stored.clone(), "/Request/ProfileId", Some(json!("2")));
        assert_eq!(api.send(syntax, "charge", &other).await.envelope().code, "63");

        for (member, value) in [("/Request/ProfileId", None), ("/Request/CustomerId", Some(json!("12x")))] {
            let wrong = with(
                with(stored.clone(), "/Request/TransactionReference", Some(json!("wrong"))),
                member,
                value,
            );
            assert_eq!(api.send(syntax, "charge", &wrong).await.status, 400, "{member}");
        }
        // Beside a card it is a number of the client's own, as it was for the original.
        let both = with(payment("1", "both"), "/Request/CustomerId", Some(json!("customer 1")));
        let envelope = api.send(syntax, "charge", &both).await.envelope();
        assert_eq!((envelope.code.as_str(), envelope.of("CardType")), ("00", Some("American Express")));
    }
    // The second `both` repeats the first.
    assert_eq!(shop.ledger("auth").len(), 5);
    shop.close().await;
}

#[tokio::test]
async fn a_card_typed_over_the_credit_card_api_is_repeated_by_its_token() {
    let shop = Shop::open().await;
    let api = CreditCard::of(&shop);
    let token = tokenize(&shop, AMEX, None).await;
    let typed = payment("0", "booking-1");
    let id = api.approved("authorize", &typed).await;
    let again = with(typed, "/Request/Card/CardNumber", Some(json!(token)));
    let again = api.send(Syntax::Json, "authorize", &again).await;
    assert!(again.is_replay());
    assert_eq!(again.envelope().of("TransactionID"), Some(id.as_str()));
    shop.close().await;
}

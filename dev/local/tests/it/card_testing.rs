//! Stolen card numbers are tried out in shops' checkouts, many at a time. However they are sent, few reach the gateway.

use futures_util::{StreamExt, stream};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    shop::{NO_FUNDS, Shop, VISA, by_card},
    support::STORM,
};

/// Declined payments from one address in an hour.
const LIMIT: usize = 10;

const CARDS: usize = 1_000;
const IN_PARALLEL: usize = 300;

/// A shop whose orders can be tried on as often as a client likes, so that the address is what counts.
async fn open(more: &Value) -> Shop {
    let mut rules = json!({"stored_cards": null, "declines_per_order": 1_000_000});
    for (name, value) in more.as_object().unwrap() {
        rules[name] = value.clone();
    }
    let mut shop = Shop::open_with(json!({"shopper_tokens": rules})).await;
    for n in 0..20 {
        shop.register(&format!("order-{n}"), 2599).await;
    }
    shop.as_shopper().await;
    shop
}

#[tokio::test]
async fn of_a_thousand_cards_sent_in_parallel_from_one_address_few_reach_the_gateway() {
    let _storm = STORM.lock().await;
    let shop = open(&json!({})).await;
    let pay = |n: usize| {
        let (shop, path) = (&shop, format!("/v2/orders/order-{}/payments", n % 20));
        async move {
            let body = json!({"data": by_card("purchase", NO_FUNDS)}).to_string();
            let answer = shop.send(Method::POST, &path, &[], body).await;
            answer.body["errors"][0]["meta"]["code"].as_str().unwrap_or("paid").to_owned()
        }
    };
    let codes: Vec<_> = stream::iter(0..CARDS).map(pay).buffer_unordered(IN_PARALLEL).collect().await;
    let sent = shop.stack.simulator().transactions().len();
    assert!(sent <= LIMIT, "{sent} cards reached the gateway");
    // A store on a small machine may give up under the load; then nothing is sent, either.
    let expected =
        ["too_many_declines", "declined", "contended", "payment_in_progress", "service_unavailable"];
    assert!(codes.iter().all(|code| expected.contains(&code.as_str())), "{codes:?}");
    assert!(codes.iter().filter(|code| *code == "declined").count() <= LIMIT);
    assert!(codes.contains(&"too_many_declines".to_owned()));
    shop.close().await;
}

#[tokio::test]
async fn payments_that_are_approved_take_no_slot_and_declines_are_forgotten_after_an_hour() {
    let mut shop = open(&json!({})).await;
    for n in 0..LIMIT + 5 {
        shop.pay(&format!("order-{n}"), by_card("purchase", VISA)).await.data(200);
    }
    for _ in 0..3 {
        shop.pay("order-0", by_card("purchase", VISA)).await.error(422, "already_paid");
    }
    for _ in 0..LIMIT {
        shop.pay("order-19", by_card("purchase", NO_FUNDS)).await.error(400, "declined");
    }
    shop.pay("order-19", by_card("purchase", VISA)).await.error(422, "too_many_declines");
    shop.stack.advance_clock(3_600);
    shop.as_shopper().await;
    shop.pay("order-19", by_card("purchase", VISA)).await.data(200);
    shop.close().await;
}

#[tokio::test]
async fn a_merchant_can_limit_what_all_shoppers_together_may_try_in_a_minute() {
    let shop = open(&json!({"declines_per_merchant_minute": 3})).await;
    // The minute may end in between, so one more may get through.
    let mut codes = Vec::new();
    for _ in 0..8 {
        let answer = shop.pay("order-1", by_card("purchase", NO_FUNDS)).await;
        codes.push(answer.body["errors"][0]["meta"]["code"].as_str().unwrap().to_owned());
    }
    assert!(codes.contains(&"too_many_declines".to_owned()), "{codes:?}");
    assert!(shop.stack.simulator().transactions().len() <= 6);
    shop.close().await;
}

#[tokio::test]
async fn stating_an_order_again_does_not_let_a_card_tester_go_on() {
    let mut shop =
        Shop::open_with(json!({"shopper_tokens": {"stored_cards": null, "declines_per_order": 2}})).await;
    shop.register("o", 2599).await;
    let merchant = shop.current_token().to_owned();
    for round in 0..3 {
        shop.use_token(&merchant);
        shop.put_order("o", json!({"type": "order", "amount": 2599, "currency": "USD"})).await.data(200);
        shop.as_shopper().await;
        for _ in 0..2 {
            let code = if round == 0 { (400, "declined") } else { (422, "too_many_attempts") };
            shop.pay("o", by_card("purchase", NO_FUNDS)).await.error(code.0, code.1);
        }
    }
    assert_eq!(shop.stack.simulator().transactions().len(), 2);
    shop.close().await;
}

//! Stolen card numbers are tried out in shops' checkouts, many at a time. However they are sent,
//! few reach the gateway; and however busy an honest address is, none of its payments is refused.

use std::collections::BTreeMap;

use cardpointe_simulator::{Endpoint, Fault, FaultKind};
use futures_util::{StreamExt, stream};
use local::{Options, merchants};
use reqwest::Method;
use serde_json::{Value, json};
use tollgate_core::{
    payments::{IN_FLIGHT, NETWORK_DECLINES},
    stored_cards::DECLINES_PER_HOUR,
};

use crate::{
    credit_card_client::{CreditCard, Syntax, payment, with},
    shop::{AMEX, Answer, MASTERCARD, NO_FUNDS, Shop, VISA, by_card, by_card_with},
    support::STORM,
};

/// Declined payments from one address in an hour.
const LIMIT: usize = 10;

const CARDS: usize = 1_000;
const IN_PARALLEL: usize = 300;

/// A shop whose orders can be tried on as often as a client likes, so that only the address counts.
async fn open() -> Shop {
    let rules = json!({"stored_cards": null, "declines_per_order": 1_000_000});
    let merchants = BTreeMap::from([(merchants::REGISTERED.to_owned(), json!({"shopper_tokens": rules}))]);
    let options = Options { merchants, ..Options::default() };
    let mut shop = Shop::open_as(options, merchants::REGISTERED, merchants::REGISTERED_KEY).await;
    for n in 0..20 {
        shop.register(&format!("order-{n}"), 2599).await;
    }
    shop.as_shopper().await;
    shop
}

/// A shop's server, which keeps its orders elsewhere: each payment is of another order.
async fn server() -> Shop {
    Shop::open_external().await
}

/// How many cards reached the gateway.
fn sent(shop: &Shop) -> usize {
    shop.stack.simulator().transactions().len()
}

fn code(answer: &Answer) -> &str {
    answer.body["errors"][0]["meta"]["code"].as_str().unwrap_or("paid")
}

/// A refusal says which limit it is and when to try again, in the header, too.
fn is_refused(answer: &Answer, limit: &str) {
    let meta = &answer.error(422, "too_many_declines")["meta"];
    assert_eq!(meta["limit"], limit, "{meta}");
    let wait = meta["retry_after_s"].as_u64().unwrap();
    assert!((1..=3_660).contains(&wait), "{wait}");
    assert_eq!(answer.headers["retry-after"], wait.to_string().as_str());
}

/// A shop's server pays with a shopper's card.
async fn pays(shop: &Shop, n: usize, address: &str, number: &str) -> Answer {
    let more = json!({"amount": 2599, "currency": "USD", "verification_value": security_code(number)});
    let body = json!({"data": by_card_with("purchase", number, &more)}).to_string();
    let path = format!("/v2/orders/o{n}/payments");
    shop.send(Method::POST, &path, &[("x-shopper-address", address)], body).await
}

fn security_code(number: &str) -> &'static str {
    if number == AMEX { "1234" } else { "123" }
}

/// A number of no real card, with these last digits: the test bin, a zero or so for the check, and
/// the digits.
fn number(n: usize) -> String {
    let numbers = (0..10).map(|check| format!("41111111111{check}{n:04}"));
    let is_valid = |number: &String| {
        let digits = number.bytes().rev().map(|digit| u32::from(digit - b'0')).enumerate();
        let sum: u32 =
            digits.map(|(n, digit)| if n % 2 == 0 { digit } else { digit * 2 / 10 + digit * 2 % 10 }).sum();
        sum.is_multiple_of(10)
    };
    numbers.into_iter().find(is_valid).unwrap()
}

#[tokio::test]
async fn of_a_thousand_cards_sent_in_parallel_from_one_address_few_reach_the_gateway() {
    let _storm = STORM.lock().await;
    let shop = open().await;
    let pay = |n: usize| {
        let (shop, path) = (&shop, format!("/v2/orders/order-{}/payments", n % 20));
        async move {
            let body = json!({"data": by_card("purchase", NO_FUNDS)}).to_string();
            code(&shop.send(Method::POST, &path, &[], body).await).to_owned()
        }
    };
    let codes: Vec<_> = stream::iter(0..CARDS).map(pay).buffer_unordered(IN_PARALLEL).collect().await;
    let sent = sent(&shop);
    assert!(sent <= IN_FLIGHT as usize, "{sent} cards reached the gateway");
    // A store on a small machine may give up under the load; then nothing is sent, either.
    let expected = [
        "too_many_in_flight",
        "too_many_declines",
        "declined",
        "contended",
        "payment_in_progress",
        "service_unavailable",
    ];
    assert!(codes.iter().all(|code| expected.contains(&code.as_str())), "{codes:?}");
    assert!(codes.iter().filter(|code| *code == "declined").count() <= IN_FLIGHT as usize);
    assert!(codes.contains(&"too_many_declines".to_owned()));
    shop.close().await;
}

#[tokio::test]
async fn sixty_cards_at_once_are_no_more_than_may_be_in_flight_and_that_once() {
    let _storm = STORM.lock().await;
    let shop = server().await;
    let pay = |n| pays(&shop, n, "203.0.113.7", NO_FUNDS);
    let answers: Vec<_> = stream::iter(0..60).map(pay).buffer_unordered(60).collect().await;
    assert!((LIMIT..=IN_FLIGHT as usize).contains(&sent(&shop)), "{} reached the gateway", sent(&shop));
    let refused = answers.iter().find(|answer| code(answer) == "too_many_in_flight").expect("one");
    let meta = &refused.error(429, "too_many_in_flight")["meta"];
    assert_eq!((&meta["limit"], &meta["retry_after_s"]), (&json!("address"), &json!(2)));
    assert_eq!(refused.headers["retry-after"], "2");
    let before = sent(&shop);
    shop.stack.advance_clock(120);
    for n in 60..70 {
        is_refused(&pays(&shop, n, "203.0.113.7", NO_FUNDS).await, "address");
    }
    assert_eq!(sent(&shop), before);
    shop.close().await;
}

#[tokio::test]
async fn forty_good_cards_at_once_are_all_paid_with_again_and_again() {
    let _storm = STORM.lock().await;
    let shop = server().await;
    for round in 0..3 {
        let pay = |n| pays(&shop, n, "203.0.113.7", VISA);
        let answers: Vec<_> =
            stream::iter(round * 40..(round + 1) * 40).map(pay).buffer_unordered(40).collect().await;
        let codes: Vec<_> = answers.iter().map(code).filter(|code| *code != "paid").collect();
        assert!(codes.is_empty(), "{codes:?}");
    }
    shop.close().await;
}

#[tokio::test]
async fn declined_cards_one_after_another_stop_at_the_limit_of_their_source_whatever_address_it_takes() {
    let shop = server().await;
    for n in 0..60 {
        let answer = pays(&shop, n, &format!("2001:db8:0:1::{n:x}"), NO_FUNDS).await;
        if n >= LIMIT {
            is_refused(&answer, "address");
        }
    }
    assert_eq!(sent(&shop), LIMIT, "of one /64");
    for n in 60..75 {
        pays(&shop, n, "::ffff:203.0.113.7", NO_FUNDS).await;
        is_refused(&pays(&shop, n, "2001:db8:0:1::1", VISA).await, "address");
    }
    is_refused(&pays(&shop, 75, "203.0.113.7", NO_FUNDS).await, "address");
    assert_eq!(sent(&shop), 2 * LIMIT, "of one IPv4 address");
    pays(&shop, 76, "2001:db8:1:1::1", VISA).await.data(200);
    pays(&shop, 77, "nowhere", VISA).await.error(400, "invalid_value");
    shop.close().await;
}

#[tokio::test]
async fn declined_cards_from_many_sources_of_one_network_stop_at_its_limit() {
    let shop = server().await;
    for n in 0..60 {
        let answer = pays(&shop, n, &format!("2001:db8:0:{n:x}::1"), NO_FUNDS).await;
        if n >= NETWORK_DECLINES as usize {
            is_refused(&answer, "network");
        }
    }
    assert_eq!(sent(&shop), NETWORK_DECLINES as usize);
    pays(&shop, 60, "2001:db8:1::1", VISA).await.data(200);
    shop.close().await;
}

#[tokio::test]
async fn headers_that_a_browser_makes_up_do_not_move_it() {
    let shop = open().await;
    for n in 0..60 {
        let (path, address) = (format!("/v2/orders/order-{}/payments", n % 20), format!("203.0.113.{n}"));
        let (viewer, forwarded) = (format!("{address}:4711"), format!("for={address}"));
        let headers = [
            ("x-viewer-address", address.as_str()),
            ("cloudfront-viewer-address", viewer.as_str()),
            ("x-front-secret", "a secret that the browser made up"),
            ("x-forwarded-for", &address),
            ("forwarded", &forwarded),
            ("x-real-ip", &address),
            ("true-client-ip", &address),
        ];
        let body = json!({"data": by_card("purchase", NO_FUNDS)}).to_string();
        shop.send(Method::POST, &path, &headers, body.clone()).await;
        let stated = shop.send(Method::POST, &path, &[("x-shopper-address", &address)], body).await;
        stated.error(400, "invalid_value");
    }
    assert_eq!(sent(&shop), LIMIT);
    shop.close().await;
}

/// A payment that stores its card for a customer.
fn save(number: &str, customer: &str) -> Value {
    let more = json!({"amount": 2599, "currency": "USD", "save": true, "customer": customer});
    json!({"data": by_card_with("purchase", number, &more)})
}

#[tokio::test]
async fn cards_that_are_to_be_saved_count_against_the_shopper_or_else_the_customer_and_the_order() {
    let shop = server().await;
    let address = [("x-shopper-address", "203.0.113.7")];
    for n in 0..30 {
        let (path, body) =
            (format!("/v2/orders/o{n}/payments"), save(NO_FUNDS, &format!("c{n}")).to_string());
        let answer = shop.send(Method::POST, &path, &address, body).await;
        if n >= LIMIT {
            is_refused(&answer, "address");
        }
    }
    assert_eq!(sent(&shop), LIMIT);
    for n in 30..60 {
        let answer = shop.post(&format!("/v2/orders/o{n}/payments"), save(NO_FUNDS, "one")).await;
        if n >= 30 + LIMIT {
            is_refused(&answer, "customer");
        }
    }
    assert_eq!(sent(&shop), 2 * LIMIT, "where the server names no shopper");
    for n in 0..30 {
        let answer = shop.post("/v2/orders/one/payments", save(NO_FUNDS, &format!("d{n}"))).await;
        if n >= LIMIT {
            is_refused(&answer, "order");
        }
    }
    assert_eq!(sent(&shop), 3 * LIMIT, "nor the same customer");
    shop.post("/v2/orders/another/payments", save(VISA, "another")).await.data(200);
    shop.close().await;
}

#[tokio::test]
async fn cards_that_are_verified_count_by_source_and_by_customer() {
    let shop = server().await;
    let verify = |customer: String, address: String| {
        let data = json!({
            "customer": customer, "currency": "USD", "number": NO_FUNDS, "month": "10", "year": "2031",
            "first_name": "John", "last_name": "Smith", "verification_value": "123",
        });
        let (shop, body) = (&shop, json!({"data": data}).to_string());
        async move {
            shop.send(Method::POST, "/v2/payment-methods", &[("x-shopper-address", &address)], body).await
        }
    };
    for n in 0..80 {
        let answer = verify(format!("c{n}"), "203.0.113.7".to_owned()).await;
        if n >= LIMIT {
            is_refused(&answer, "address");
        }
    }
    assert_eq!(sent(&shop), LIMIT, "of one source");
    for n in 0..80 {
        let answer = verify("one".to_owned(), format!("203.0.113.{}", 100 + n)).await;
        if n >= DECLINES_PER_HOUR {
            is_refused(&answer, "customer");
        }
    }
    assert_eq!(sent(&shop), LIMIT + DECLINES_PER_HOUR, "of one customer");
    is_refused(&pays(&shop, 0, "203.0.113.7", VISA).await, "address");
    shop.close().await;
}

#[tokio::test]
async fn the_credit_card_api_counts_by_the_shopper_that_the_server_states_in_any_spelling_of_its_routes() {
    let shop = server().await;
    let client = CreditCard::of(&shop);
    for n in 0..30 {
        let path = if n % 2 == 0 { "charge" } else { "Charge/" };
        let card = Some(json!(NO_FUNDS));
        let request = with(payment("1", &format!("r{n}")), "/Request/Card/CardNumber", card);
        let request = with(request, "/Request/Card/CVV", Some(json!("123")));
        let headers = [("content-type", "application/json"), ("x-shopper-address", "203.0.113.7")];
        let answer = client.post_with(path, &headers, Syntax::Json.body(&request)).await;
        assert_eq!(answer.envelope().code, if n < LIMIT { "02" } else { "74" });
    }
    assert_eq!(sent(&shop), LIMIT);
    shop.close().await;
}

#[tokio::test]
async fn an_honest_crowd_behind_one_address_is_not_refused() {
    let shop = server().await;
    for n in 0..300 {
        let card = if n % 25 < 3 { NO_FUNDS.to_owned() } else { number(n) };
        let answer = pays(&shop, n, "203.0.113.7", &card).await;
        assert!(["paid", "declined"].contains(&code(&answer)), "{n}: {}", answer.body);
    }
    assert_eq!(sent(&shop), 300);
    shop.close().await;
}

#[tokio::test]
async fn a_few_good_cards_allow_a_tester_as_many_more_declines() {
    let shop = server().await;
    let mut declined = 0;
    for n in 0..60 {
        let good = [VISA, MASTERCARD, AMEX].get(n / 3).filter(|_| n % 3 == 2);
        let Some(good) = good else {
            let answer = pays(&shop, n, "203.0.113.7", NO_FUNDS).await;
            declined += usize::from(code(&answer) == "declined");
            continue;
        };
        pays(&shop, n, "203.0.113.7", good).await.data(200);
        // The same one again allows no more.
        pays(&shop, 100 + n, "203.0.113.7", good).await.data(200);
    }
    assert_eq!(declined, LIMIT + 3);
    shop.close().await;
}

#[tokio::test]
async fn declines_are_forgotten_after_an_hour_and_what_is_lost_closes_no_address() {
    let mut shop = open().await;
    for n in 0..LIMIT + 5 {
        shop.pay(&format!("order-{n}"), by_card("purchase", VISA)).await.data(200);
    }
    for _ in 0..3 {
        shop.pay("order-0", by_card("purchase", VISA)).await.error(422, "already_paid");
    }
    // The one card that was approved allows one more.
    for _ in 0..=LIMIT {
        shop.pay("order-19", by_card("purchase", NO_FUNDS)).await.error(400, "declined");
    }
    is_refused(&shop.pay("order-19", by_card("purchase", VISA)).await, "address");
    shop.stack.advance_clock(3_660);
    shop.as_shopper().await;
    shop.pay("order-19", by_card("purchase", VISA)).await.data(200);
    shop.close().await;

    let shop = server().await;
    shop.no_inquiry();
    for n in 0..2 * LIMIT {
        shop.stack.simulator().fault(Fault {
            endpoint: Endpoint::Auth,
            kind: FaultKind::DropAfter,
            times: 1,
        });
        assert_eq!(pays(&shop, n, "203.0.113.7", VISA).await.status, 202);
    }
    pays(&shop, 100, "203.0.113.7", VISA).await.data(200);
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

//! Where requests come from: whether that is the front, and the address that their payments count
//! against.

use std::sync::Arc;

use serde_json::{Value, json};
use tollgate::source::Front;

use crate::{
    ask::{Ask, Sent, get, post},
    fixture::{card, declined, pay, registered},
    log::Log,
    stored_cards::stores,
    table::{Table, set},
    world::World,
};

/// The header of a merchant's server.
const SHOPPER_ADDRESS: &str = "x-shopper-address";

/// The headers of the front.
const FRONT_SECRET: &str = "x-front-secret";
const VIEWER_ADDRESS: &str = "x-viewer-address";

/// `sent` where the gateway was asked for it, else the code of the error, and whose limit it is
/// about.
async fn tried(world: &Arc<World>, ask: &Ask) -> String {
    world.state().sent.clear();
    let response = ask.send(world, "request").await;
    if !world.state().sent.is_empty() {
        return "sent".to_owned();
    }
    let bytes: &[u8] = response.body();
    let body: Value = serde_json::from_slice(bytes).unwrap();
    let meta = &body["errors"][0]["meta"];
    ["code", "limit"].into_iter().filter_map(|name| meta[name].as_str()).collect::<Vec<_>>().join(" ")
}

/// The same with a card that the issuer declines.
async fn declines(world: &Arc<World>, ask: &Ask) -> String {
    world.answer(declined);
    let came = tried(world, ask).await;
    world.state().answers.clear();
    came
}

async fn with_order(order: &Ask) -> Arc<World> {
    let world = World::new();
    assert!(order.send(&world, "prepares").await.status().is_success());
    world
}

/// A card number with other last digits.
const OTHER_NUMBER: &str = "5499740000000057";

fn by_other_card(ask: Ask) -> Ask {
    let Sent::Json(mut body) = ask.body.clone() else { panic!("no JSON") };
    set(&mut body, "data.number", json!(OTHER_NUMBER));
    ask.json(body)
}

#[tokio::test(start_paused = true)]
async fn past_the_front_nothing_is_served_and_each_api_says_so_in_its_own_format() {
    let mut t = Table::new("front");
    t.prepare(&registered("a", 500)).await;
    let front = format!("{},{}", Front::digest("first"), Front::digest("second"));
    t.world.state().front = front.parse().unwrap();
    let reads = get("/v2/orders/a").by("shop:read");
    t.ask("no secret", &reads).await;
    t.ask("a wrong one", &reads.clone().header(FRONT_SECRET, "third")).await;
    t.ask("the first", &reads.clone().header(FRONT_SECRET, "first")).await;
    t.ask("the second", &reads.clone().header(FRONT_SECRET, "second")).await;
    t.ask("whether payments are stopped is not said, either", &get("/status")).await;
    t.ask("nor that there is no route", &get("/v2/nothing")).await;
    let charges = |path: &str| post(path).header("content-type", "application/json").text("{}");
    for path in [
        "/api/v1/payments/creditcard/charge",
        "/API/v1/Payments/CreditCard/Status/",
        "/prod/api/v1/payments/creditcard",
        "/api/v1/payments/creditcardx",
    ] {
        t.ask("the other API", &charges(path)).await;
    }
    let in_xml = post("/api/v1/payments/creditcard/charge").header("content-type", "application/xml");
    t.ask("in XML", &in_xml.text("<x/>")).await;
    t.ask(
        "through the front it is served",
        &charges("/api/v1/payments/creditcard/charge").header(FRONT_SECRET, "first"),
    )
    .await;
    t.end();
}

#[tokio::test(start_paused = true)]
async fn browsers_count_by_the_address_that_the_front_states() {
    let _unprinted = Log::here();
    let world = with_order(&registered("a", 10_000).by("strict:pay")).await;
    world.state().front = Front::digest("first").parse().unwrap();
    let pays = |key: &str, address: &str| {
        let pays = pay("a", "purchase", card(10_000)).by("strict:shopper1").key(key);
        pays.header(FRONT_SECRET, "first").header(VIEWER_ADDRESS, address)
    };
    assert_eq!(declines(&world, &pays("k1", "198.51.100.1")).await, "sent");
    assert_eq!(declines(&world, &pays("k2", "198.51.100.1")).await, "sent");
    assert_eq!(declines(&world, &pays("k3", "198.51.100.1")).await, "too_many_declines address");
    assert_eq!(tried(&world, &pays("k4", "198.51.100.2")).await, "sent");
}

#[tokio::test(start_paused = true)]
async fn a_merchants_server_states_its_shoppers_address_and_a_browser_does_not() {
    let _unprinted = Log::here();
    let pays = |by| pay("a", "purchase", card(10_000)).by(by);
    for (by, address, comes_to) in [
        ("shop:pay", None, "sent"),
        ("shop:pay", Some("203.0.113.9"), "sent"),
        ("shop:pay", Some("2001:db8::9"), "sent"),
        ("shop:pay", Some("203.0.113.9:80"), "invalid_value"),
        ("shop:pay", Some("203.0.113.9,203.0.113.10"), "invalid_value"),
        ("shop:pay", Some(""), "invalid_value"),
        ("shop:shopper1", None, "sent"),
        ("shop:shopper1", Some("203.0.113.9"), "invalid_value"),
        ("shop:shopper1", Some(""), "invalid_value"),
    ] {
        let world = with_order(&registered("a", 10_000)).await;
        let stated = address.map_or_else(|| pays(by), |address| pays(by).header(SHOPPER_ADDRESS, address));
        assert_eq!(tried(&world, &stated).await, comes_to, "{by} {address:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_orders_own_limit_holds_only_where_no_shopper_is_named() {
    let _unprinted = Log::here();
    let world = with_order(&registered("a", 10_000)).await;
    let pays = |key: &str| pay("a", "purchase", card(4_000)).by("shop:pay").key(key);
    for n in 0..10 {
        assert_eq!(declines(&world, &pays(&n.to_string())).await, "sent", "{n}");
    }
    assert_eq!(tried(&world, &pays("more")).await, "too_many_declines order");
    assert_eq!(tried(&world, &pays("more").header(SHOPPER_ADDRESS, "203.0.113.9")).await, "sent");
}

#[tokio::test(start_paused = true)]
async fn payments_that_name_a_customer_and_no_shopper_count_by_customer() {
    let _unprinted = Log::here();
    let world = with_order(&registered("a", 10_000).by("strict:pay")).await;
    let pays = |key: &str, customer: &str| {
        let mut data = card(4_000);
        data["customer"] = json!(customer);
        pay("a", "purchase", data).by("strict:pay").key(key)
    };
    assert_eq!(declines(&world, &pays("k1", "c-1")).await, "sent");
    assert_eq!(declines(&world, &pays("k2", "c-1")).await, "sent");
    assert_eq!(tried(&world, &pays("k3", "c-1")).await, "too_many_declines customer");
    assert_eq!(declines(&world, &pays("k4", "c-2")).await, "sent");
    let named = pays("k5", "c-1").header(SHOPPER_ADDRESS, "203.0.113.9");
    assert_eq!(tried(&world, &named).await, "sent", "where the shopper is named, it counts by that");
}

/// A verification of a card, for a shopper at this address.
fn verifies(customer: &str, address: &str) -> Ask {
    stores(customer).by("strict:pay").header(SHOPPER_ADDRESS, address)
}

#[tokio::test(start_paused = true)]
async fn declined_verifications_count_by_source_and_a_repeated_one_once() {
    let _unprinted = Log::here();
    let world = World::new();
    let verifies_with = |key: &str, address| verifies(&format!("c-{key}"), address).key(key);
    let first = verifies_with("k1", "203.0.113.9");
    assert_eq!(declines(&world, &first).await, "sent");
    assert_eq!(tried(&world, &first).await, "declined", "the same response again");
    assert_eq!(declines(&world, &verifies_with("k2", "203.0.113.9")).await, "sent");
    assert_eq!(tried(&world, &verifies_with("k3", "203.0.113.9")).await, "too_many_declines address");
    assert_eq!(tried(&world, &verifies_with("k3", "203.0.113.10")).await, "sent");
}

#[tokio::test(start_paused = true)]
async fn each_different_card_that_is_verified_after_a_decline_allows_one_more() {
    let _unprinted = Log::here();
    let address = "203.0.113.9";
    for (approved, allowed) in [
        (Vec::new(), 2),
        (vec![verifies("a-1", address)], 3),
        (vec![verifies("a-1", address), verifies("a-2", address)], 3),
        (vec![verifies("a-1", address), by_other_card(verifies("a-2", address))], 4),
    ] {
        let world = World::new();
        assert_eq!(declines(&world, &verifies("d-0", address)).await, "sent");
        for ask in &approved {
            assert_eq!(tried(&world, ask).await, "sent");
        }
        for n in 1..allowed {
            assert_eq!(declines(&world, &verifies(&format!("d-{n}"), address)).await, "sent", "{n}");
        }
        let more = tried(&world, &verifies("e", address)).await;
        assert_eq!(more, "too_many_declines address", "{} approved", approved.len());
    }
}

/// A payment that the order's rules refuse needs no gateway. A browser's counts all the same: it is
/// a stranger's.
#[tokio::test(start_paused = true)]
async fn a_refused_payment_of_a_server_takes_no_slot_and_one_of_a_browser_does() {
    let world = with_order(&registered("a", 1_000)).await;
    let from_shopper = |ask: Ask| ask.by("shop:pay").header(SHOPPER_ADDRESS, "203.0.113.9");
    for refused in [
        from_shopper(pay("a", "purchase", card(1_001))),
        from_shopper(pay("nothing", "purchase", card(1_000))),
    ] {
        assert_ne!(tried(&world, &refused).await, "sent");
        assert!(world.state().counters.is_empty());
    }
    assert_eq!(tried(&world, &from_shopper(pay("a", "purchase", card(1_000)))).await, "sent");
    assert_eq!(world.state().counters.len(), 1);
    world.state().counters.clear();
    assert_eq!(
        tried(&world, &pay("nothing", "purchase", card(1_000)).by("shop:shopper1")).await,
        "order_not_found"
    );
    assert_eq!(world.state().counters.len(), 1);
}

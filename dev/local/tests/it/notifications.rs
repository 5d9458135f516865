//! Events, from requests over the table's stream to the bus.

use std::collections::{BTreeMap, BTreeSet};

use local::{Options, Unattended};
use serde_json::{Value, json};
use tollgate::elastic_path::EventType;
use tollgate_core::journal::AttentionReason;

use crate::{
    docs::{rows, section},
    shop::{Shop, without_version},
    support::client,
};

const PAGE: &str = include_str!("../../../../docs/events.md");

fn types(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["type"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn what_is_told_is_what_get_returns_whatever_came_in_between() {
    let shop = Shop::open().await;
    shop.register("o", 2599).await;
    let paid = shop.pay_by_token("o", "authorize").await;
    shop.stack.deliver_stream().await.unwrap();
    shop.follow_up("o", &paid.id(), "capture", json!({"amount": 1000})).await.data(200);
    shop.stack.deliver_stream().await.unwrap();
    let events = shop.stack.bus().events();
    assert_eq!(types(&events)[..2], ["transaction.created", "order.updated"]);
    // As the page has it.
    let mut state: BTreeMap<(String, String), (u64, Value)> = BTreeMap::new();
    // In the worst order, and all of it twice.
    for event in events.iter().rev().chain(&events) {
        let text = |name: &str| event["data"][name].as_str().unwrap().to_owned();
        let (key, version) = ((text("type"), text("id")), event["version"].as_u64().unwrap());
        if state.get(&key).is_none_or(|(seen, _)| *seen <= version) {
            state.insert(key, (version, event["data"].clone()));
        }
    }
    // All that `GET` returns but the version, which the event itself has.
    for (kind, id, path) in [
        ("order", "o".to_owned(), "/v2/orders/o".to_owned()),
        // Its own address says, besides, which actions are possible.
        ("transaction", paid.id(), "/v2/orders/o/transactions".to_owned()),
    ] {
        let mut shown = shop.get(&path).await.data(200).clone();
        shown = shown.get(0).cloned().unwrap_or(shown);
        let version = without_version(&mut shown);
        let (told, data) = &state[&(kind.to_owned(), id)];
        assert_eq!(*data, shown);
        assert_eq!(*told, version);
    }
    shop.close().await;
}

#[tokio::test]
async fn a_bus_that_is_down_holds_up_neither_the_journal_nor_what_comes_after_it() {
    let shop = Shop::open().await;
    shop.stack.bus().set_down(true);
    shop.register("o", 2599).await;
    shop.pay_by_token("o", "purchase").await.data(200);
    let error = shop.stack.deliver_stream().await.unwrap_err();
    assert!(error.starts_with("events: it could not deal with change"), "{error}");
    assert!(shop.stack.bus().events().is_empty());
    let journal = local::dynamodb_client(shop.stack.dynamodb_url());
    let kept = journal.scan().table_name(local::JOURNAL_TABLE_NAME).send().await.unwrap();
    assert_eq!(kept.count(), 3, "the entry, the day's merchant, and the mark for the totals");
    shop.stack.bus().set_down(false);
    shop.stack.deliver_stream().await.unwrap();
    assert!(types(&shop.stack.bus().events()).contains(&"order.paid"));
    shop.close().await;
}

#[tokio::test]
async fn events_are_seen_as_they_happen() {
    let shop = Shop::open_as(
        Options { unattended: Unattended::StreamsAndSchedules, ..Options::default() },
        local::merchants::REGISTERED,
        local::merchants::REGISTERED_KEY,
    )
    .await;
    let url = format!("{}/_local/events", shop.stack.url());
    let mut response = client().get(format!("{url}?follow")).send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    shop.register("o", 2599).await;
    shop.pay_by_token("o", "purchase").await.data(200);
    let mut seen = String::new();
    while !seen.contains("event: order.paid") {
        seen += std::str::from_utf8(&response.chunk().await.unwrap().unwrap()).unwrap();
    }
    assert!(seen.contains("data: {\"id\":"), "{seen}");
    let all = client().get(&url).send().await.unwrap().json::<Value>().await.unwrap();
    assert!(types(all["events"].as_array().unwrap()).contains(&"order.paid"));
    shop.close().await;
}

#[test]
fn every_type_and_member_is_documented_and_no_other() {
    let told: BTreeSet<&str> = EventType::ALL.iter().map(|kind| kind.as_str()).collect();
    let listed: BTreeSet<&str> = rows(section(PAGE, "## Types")).map(|(name, _)| name).collect();
    assert_eq!(told, listed);
    let reasons: BTreeSet<&str> = AttentionReason::ALL.iter().map(|reason| reason.as_str()).collect();
    let listed: BTreeSet<&str> =
        rows(section(PAGE, "## What needs attention")).map(|(name, _)| name).collect();
    assert_eq!(reasons, listed);
    let members: Vec<&str> = rows(section(PAGE, "## An event")).map(|(name, _)| name).collect();
    assert_eq!(members, ["id", "type", "timestamp", "merchant", "version", "data", "reason"]);
}

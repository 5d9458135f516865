//! `journal rebuild`.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::{Timestamp, ToSpan as _};
use local::{JOURNAL_TABLE_NAME, dynamodb_client};
use serde_json::json;
use tollgate::dynamodb::journal::entry_of;
use tollgate_core::{settlement::eastern_day, values::Clock as _};

use crate::support::{Fixture, MERCHANT, run};

type Item = HashMap<String, AttributeValue>;

async fn items(fixture: &Fixture) -> Vec<Item> {
    let client = dynamodb_client(fixture.stack.dynamodb_url());
    let output = client.scan().table_name(JOURNAL_TABLE_NAME).send().await.unwrap();
    output.items.unwrap()
}

/// All items but the marks, and the points that the totals have reached.
async fn entries(fixture: &Fixture) -> Vec<Item> {
    let mut items = items(fixture).await;
    items.retain(|item| item["b"].as_s().is_ok_and(|b| b != "reached" && !b.starts_with("#changed#")));
    items.sort_by_key(|item| item["s"].as_s().unwrap().clone());
    items
}

async fn pay_and_refund(fixture: &Fixture) {
    for order in ["a", "b", "c"] {
        let (_, id) = fixture.pay(order, "purchase").await;
        fixture.stack.simulator().settle();
        assert_eq!(fixture.follow_up(order, &id, "refund", json!({ "amount": 100 })).await.0, 200);
    }
}

#[tokio::test]
async fn a_journal_that_is_rebuilt_has_the_entries_that_the_stream_made() {
    let fixture = Fixture::open().await;
    pay_and_refund(&fixture).await;
    let dry = fixture.run(&["journal", "rebuild", "--dry-run", "--json"], "").await.json();
    assert_eq!((&dry["orders"], &dry["known"], &dry["dry_run"]), (&json!(3), &json!(6), &json!(true)));
    assert!(entries(&fixture).await.is_empty(), "nothing was written");
    let built = fixture.run(&["journal", "rebuild", "--json"], "").await.json();
    assert_eq!((&built["new"], &built["known"], &built["differing"]), (&json!(6), &json!(0), &json!(0)));
    let rebuilt = entries(&fixture).await;
    // The operator's clock may be five minutes slow: even so, no run takes a mark for old.
    let late = fixture.stack.clock().now() + 5.minutes();
    let marks = items(&fixture).await.into_iter().filter_map(|item| item.get("at")?.as_s().ok().cloned());
    let marks: Vec<Timestamp> = marks.map(|at| at.parse().unwrap()).collect();
    assert!(!marks.is_empty() && marks.iter().all(|at| *at > late), "{marks:?}");
    // The live consumer finds all of them there, and adds later ones.
    fixture.stack.deliver_stream().await.unwrap();
    assert_eq!(entries(&fixture).await, rebuilt);
    fixture.pay("d", "purchase").await;
    fixture.stack.deliver_stream().await.unwrap();
    let again = run(&["journal", "rebuild", "--json"], &like_aws(&fixture), "").await.json();
    assert_eq!((&again["new"], &again["known"]), (&json!(0), &json!(7)), "the same on AWS");
    fixture.close().await;
}

fn like_aws(fixture: &Fixture) -> Vec<(&'static str, String)> {
    let mut variables = fixture.like_aws();
    variables.push(("JOURNAL_TABLE_NAME", JOURNAL_TABLE_NAME.to_owned()));
    variables
}

/// All items of the table by their keys, as far as they do not tell how often they were written.
async fn contents(fixture: &Fixture) -> BTreeMap<(String, String), Item> {
    let mut contents = BTreeMap::new();
    for mut item in entries(fixture).await {
        let [partition, sort] = ["b", "s"].map(|name| item[name].as_s().unwrap().clone());
        item.remove("version");
        contents.insert((partition, sort), item);
    }
    contents
}

/// Payments that were deposited, charged back, refunded, voided, held, and found by a text.
async fn fill_the_journal(fixture: &Fixture) {
    pay_and_refund(fixture).await;
    fixture.stack.deliver_stream().await.unwrap();
    let simulator = fixture.stack.simulator();
    let (retref, day) = (&simulator.records()[0].retref, eastern_day(fixture.stack.clock().now()));
    let taken = json!({
        "merchid": "496160873888", "casenumber": "1", "retref": retref, "minor_units": 2499,
        "on": day.saturating_add(1.day()),
    });
    simulator.charge_back(serde_json::from_value(taken).unwrap()).unwrap();
    for _ in 0..5 {
        fixture.stack.advance_clock(86_400);
        fixture.stack.invoke_scheduled("settlement").await.unwrap();
    }
    fixture.pay("held", "authorize").await;
    let (_, voided) = fixture.pay("voided", "authorize").await;
    assert_eq!(fixture.follow_up("voided", &voided, "cancel", json!({})).await.0, 200);
    let order = json!({ "data": { "type": "order", "amount": 2599, "currency": "USD" } });
    fixture.call("PUT", "/v2/orders/found", order).await;
    let found = json!({
        "gateway": "card_connect", "method": "purchase", "payment": "1|16178397535388255208",
        "custom_reference": "invoice-1",
    });
    let found = fixture.call("POST", "/v2/orders/found/payments", json!({ "data": found })).await;
    assert_eq!(found.0, 200, "{found:?}");
    fixture.stack.deliver_stream().await.unwrap();
    fixture.stack.invoke_scheduled("totals").await.unwrap();
}

#[tokio::test]
async fn a_journal_that_lost_all_its_items_is_the_same_after_a_rebuild() {
    let fixture = Fixture::open().await;
    fill_the_journal(&fixture).await;
    let before = contents(&fixture).await;
    let uncollected = format!("{MERCHANT}#uncollected");
    for partition in ["#days#", "#deposits#", "#held#", "totals#", &uncollected] {
        assert!(before.keys().any(|(of, _)| of.starts_with(partition)), "{partition}: {before:?}");
    }
    let digits = format!("{MERCHANT}#").len()..;
    assert!(before.keys().any(|(of, _)| of.get(digits.clone()).is_some_and(|key| key.len() == 32)));
    let facts: Vec<_> = before.values().filter_map(|item| item.get("f")).collect();
    for fact in ["a", "r", "v", "k"] {
        assert!(facts.contains(&&AttributeValue::S(fact.to_owned())), "{fact}: {facts:?}");
    }
    let client = dynamodb_client(fixture.stack.dynamodb_url());
    for item in entries(&fixture).await {
        let key = ["b", "s"].map(|name| (name.to_owned(), item[name].clone()));
        let lost = client.delete_item().table_name(JOURNAL_TABLE_NAME);
        lost.set_key(Some(key.into())).send().await.unwrap();
    }
    assert!(entries(&fixture).await.is_empty());
    fixture.run(&["journal", "rebuild"], "").await.done();
    fixture.stack.invoke_scheduled("totals").await.unwrap();
    let after = contents(&fixture).await;
    let lost: Vec<_> = before.iter().filter(|(key, item)| after.get(key) != Some(item)).collect();
    assert!(lost.is_empty(), "{lost:#?}");
    assert_eq!(after.len(), before.len(), "{after:#?}");
    fixture.close().await;
}

#[tokio::test]
async fn differences_and_what_cannot_be_read_are_told_and_parked_changes_are_released() {
    let fixture = Fixture::open().await;
    pay_and_refund(&fixture).await;
    fixture.run(&["journal", "rebuild"], "").await.done();
    let client = dynamodb_client(fixture.stack.dynamodb_url());
    // An entry is changed by hand.
    let mut items = entries(&fixture).await.into_iter();
    let mut entry = items.find(|item| entry_of(item).is_some()).unwrap();
    entry.insert("a".to_owned(), AttributeValue::N("1".to_owned()));
    let put = client.put_item().table_name(JOURNAL_TABLE_NAME).set_item(Some(entry.clone()));
    put.send().await.unwrap();
    // A change is parked that can be read by now, and an order is there that cannot.
    for order in ["a", "broken"] {
        let text = |text: String| AttributeValue::S(text);
        let parked = client.put_item().table_name(JOURNAL_TABLE_NAME).item("b", text("parked".to_owned()));
        let key = format!("{MERCHANT}#{order}");
        let parked = parked.item("s", text(format!("{key}#1"))).item("order_key", text(key));
        parked.send().await.unwrap();
    }
    let broken = client.put_item().table_name(local::TABLE_NAME);
    let broken = broken.item("order_key", AttributeValue::S(format!("{MERCHANT}#broken")));
    broken.send().await.unwrap();
    let ran = fixture.run(&["journal", "rebuild", "--json"], "").await;
    assert_eq!(ran.code, 1, "{ran:?}");
    let report: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((&report["differing"], &report["released"]), (&json!(1), &json!(1)), "{report}");
    assert_eq!(report["unreadable"], json!([format!("{MERCHANT}#broken")]));
    let left: Vec<Item> = entries(&fixture).await;
    assert!(left.contains(&entry), "it is left as it was");
    let parked = left.iter().filter(|item| item["b"] == AttributeValue::S("parked".to_owned()));
    let key = AttributeValue::S(format!("{MERCHANT}#broken"));
    assert!(parked.map(|item| &item["order_key"]).all(|of| *of == key), "only what still cannot be read");
    let text = fixture.run(&["journal", "rebuild"], "").await.out;
    assert!(text.contains("Cannot be read by this version"), "{text}");
    fixture.close().await;
}

#[tokio::test]
async fn without_the_journals_name_nothing_is_read() {
    let fixture = Fixture::open().await;
    let ran = run(&["journal", "rebuild"], &fixture.like_aws(), "").await;
    ran.fails(2, "--journal-table");
    fixture.close().await;
}

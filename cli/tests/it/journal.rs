//! `journal rebuild`.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use local::{JOURNAL_TABLE_NAME, dynamodb_client};
use serde_json::json;
use tollgate::dynamodb::journal::entry_of;

use crate::support::{Fixture, MERCHANT, run};

type Item = HashMap<String, AttributeValue>;

async fn entries(fixture: &Fixture) -> Vec<Item> {
    let client = dynamodb_client(fixture.stack.dynamodb_url());
    let output = client.scan().table_name(JOURNAL_TABLE_NAME).send().await.unwrap();
    let mut items = output.items.unwrap();
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

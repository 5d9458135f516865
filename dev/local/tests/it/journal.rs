//! The journal, from requests over the table's stream to its items.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::types::AttributeValue;
use cardpointe_simulator::{Endpoint, Fault, FaultKind};
use local::{JOURNAL_TABLE_NAME, Options, dynamodb_client, merchants};
use serde_json::json;
use tollgate::dynamodb::{
    Item as Stored, item_size,
    journal::{Column, entry_of},
};
use tollgate_core::journal::{ENTRY_SHARDS, Entry};

use crate::{
    docs::{rows, section},
    shop::{NO_FUNDS, Shop, VISA, by_card_with},
};

const INVENTORY: &str = include_str!("../../../../docs/reference/inventory.md");

pub(crate) type Item = BTreeMap<String, AttributeValue>;

/// Everything in the journal, by its keys.
pub(crate) async fn journal(shop: &Shop) -> BTreeMap<(String, String), Item> {
    let client = dynamodb_client(shop.stack.dynamodb_url());
    let output = client.scan().table_name(JOURNAL_TABLE_NAME).send().await.unwrap();
    assert!(output.last_evaluated_key.is_none(), "the whole table in one page");
    let items = output.items.unwrap().into_iter().map(|item| item.into_iter().collect::<Item>());
    items.map(|item| ((text(&item, "b"), text(&item, "s")), item)).collect()
}

/// The entry of an item, if it is one.
fn entry(item: &Item) -> Option<Entry> {
    let item: Stored = item.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    entry_of(&item).map(Result::unwrap)
}

fn text(item: &Item, name: &str) -> String {
    match item.get(name) {
        Some(AttributeValue::S(text) | AttributeValue::N(text)) => text.clone(),
        Some(other) => format!("{other:?}"),
        None => String::new(),
    }
}

/// One line for each entry of an order: its fact, its kind, and its changes.
pub(crate) fn lines(journal: &BTreeMap<(String, String), Item>, order: &str) -> Vec<String> {
    let own = journal.values().filter_map(entry).filter(|entry| entry.order.order.as_str() == order);
    let mut own: Vec<Entry> = own.collect();
    own.sort_by_key(Entry::sort);
    let line = |entry: &Entry| {
        let changes = entry.changes;
        let changes = [changes.held, changes.paid, changes.returned, changes.gateway];
        let words = [entry.fact.as_str(), entry.kind.as_str()].map(str::to_owned);
        words
            .into_iter()
            .chain(changes.map(|change| change.minor().to_string()))
            .collect::<Vec<_>>()
            .join(" ")
    };
    own.iter().map(line).collect()
}

/// An entry's order and fact.
fn lines_of(item: &Item) -> String {
    let entry = entry(item).unwrap();
    format!("{} {}", entry.order.order, entry.fact.as_str())
}

/// Payments in which every column is used.
async fn pay_in_every_way(shop: &Shop) {
    shop.register("held", 5000).await;
    let held = shop.pay("held", by_card_with("authorize", VISA, &json!({}))).await;
    held.data(200);
    shop.stack.advance_clock(1);
    shop.follow_up("held", &held.id(), "capture", json!({"amount": 3000})).await.data(200);
    shop.stack.simulator().settle();
    shop.stack.advance_clock(1);
    shop.follow_up("held", &held.id(), "refund", json!({"amount": 1000})).await.data(200);
    shop.stack.advance_clock(1);
    let by_cheque =
        json!({"amount": 500, "refund_mechanism": "manual", "actor": "Ann", "reason": "paid by cheque"});
    shop.follow_up("held", &held.id(), "refund", by_cheque).await.data(200);
    shop.register("void", 2599).await;
    let voided = shop.pay_by_token("void", "purchase").await;
    shop.stack.advance_clock(1);
    shop.follow_up("void", &voided.id(), "cancel", json!({})).await.data(200);
    shop.register("declined", 2599).await;
    shop.pay("declined", by_card_with("purchase", NO_FUNDS, &json!({}))).await.error(400, "declined");
}

#[tokio::test]
async fn what_happens_to_money_becomes_entries_whose_sums_are_the_orders() {
    let shop = Shop::open().await;
    pay_in_every_way(&shop).await;
    assert!(shop.stack.deliver_stream().await.unwrap() > 10);
    let kept = journal(&shop).await;
    assert_eq!(
        lines(&kept, "held"),
        [
            "approved authorize 5000 0 0 0",
            "captured capture -5000 3000 0 3000",
            "refunded refund 0 0 1000 -1000",
            "refunded refund 0 0 500 0",
        ]
    );
    assert_eq!(lines(&kept, "void"), ["approved purchase 0 2599 0 2599", "voided void 0 -2599 0 -2599"]);
    assert_eq!(lines(&kept, "declined"), ["declined purchase 0 0 0 0"]);
    // Nothing more is there, and nothing comes twice.
    assert_eq!(shop.stack.deliver_stream().await.unwrap(), 0);
    let merchant = merchants::REGISTERED;
    let parts = (0..ENTRY_SHARDS).map(|shard| format!("{merchant}#{shard}")).collect::<BTreeSet<_>>();
    for ((bucket, sort), item) in &kept {
        let Some(entry) = entry(item) else { continue };
        assert!(parts.contains(bucket) && *sort == entry.sort(), "{bucket} {sort}");
        let item: Stored = item.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        assert!(item_size(&item) < 320, "{} bytes: {item:?}", item_size(&item));
    }
    let client = dynamodb_client(shop.stack.dynamodb_url());
    let find = async |index: &str, name: &str, key: String| {
        let query = client.query().table_name(JOURNAL_TABLE_NAME).index_name(index);
        let query = query.key_condition_expression(format!("{name} = :key"));
        let found = query.expression_attribute_values(":key", AttributeValue::S(key)).send().await.unwrap();
        let own = found.items().iter().map(|item| {
            assert_eq!(item.len(), 3, "keys only: {item:?}");
            let key = ["b", "s"].map(|name| item[name].as_s().unwrap().clone());
            lines_of(&kept[&(key[0].clone(), key[1].clone())])
        });
        own.collect::<BTreeSet<_>>()
    };
    let of = |all: &[&str]| all.iter().map(|line| (*line).to_owned()).collect::<BTreeSet<_>>();
    // The stored card has the same last four digits.
    let card = find("by-last-four", "l", format!("{merchant}#{}", &VISA[12..])).await;
    let void = ["void approved", "void voided"];
    let held = ["held approved", "held captured", "held refunded"];
    assert_eq!(card, of(&[&held[..], &void[..]].concat()));
    assert_eq!(find("unusual", "u", merchant.to_owned()).await, of(&["held refunded", "void voided"]));
    assert_eq!(find("unusual", "u", format!("{merchant}#declined")).await, of(&["declined declined"]));
    let voided = kept.values().filter_map(entry).find(|entry| entry.order.order.as_str() == "void").unwrap();
    let retref = voided.reference.unwrap();
    assert!(find("by-reference", "r", format!("{merchant}#{retref}")).await.contains("void approved"));
    shop.close().await;
}

#[tokio::test]
async fn what_cannot_be_put_into_the_journal_stays_in_the_stream_and_comes_again() {
    let options = Options { withdrawn: vec![("journal", "dynamodb:PutItem")], ..Options::default() };
    let shop = Shop::open_as(options, merchants::REGISTERED, merchants::REGISTERED_KEY).await;
    shop.register("o", 2599).await;
    shop.pay_by_token("o", "purchase").await.data(200);
    for _ in 0..2 {
        let error = shop.stack.deliver_stream().await.unwrap_err();
        assert!(error.starts_with("journal: it could not deal with change"), "{error}");
    }
    assert!(journal(&shop).await.is_empty());
    shop.close().await;
}

#[tokio::test]
async fn a_payment_that_was_given_up_and_found_later_is_told_with_both_facts() {
    let shop = Shop::open().await;
    shop.register("o", 2599).await;
    shop.stack.simulator().fault(Fault::once(Endpoint::Auth, FaultKind::DropBefore));
    shop.pay_by_token("o", "purchase").await.data(202);
    for _ in 0..3 {
        shop.stack.advance_clock(120);
        shop.stack.invoke_scheduled("reconcile").await.unwrap();
    }
    shop.stack.deliver_stream().await.unwrap();
    assert_eq!(lines(&journal(&shop).await, "o"), ["abandoned purchase 0 0 0 0"]);
    shop.close().await;
}

#[tokio::test]
async fn every_column_is_documented_and_every_documented_column_is_there() {
    let key = json!({"key": merchants::REGISTERED_KEY, "name": "shop", "role": "all"});
    let shop = Shop::open_with(json!({ "keys": [key] })).await;
    pay_in_every_way(&shop).await;
    crate::credit_card_client::CreditCard::of(&shop)
        .approved("charge", &crate::credit_card_client::payment("1", "journal"))
        .await;
    shop.stack.deliver_stream().await.unwrap();
    let kept = journal(&shop).await;
    let items = kept.values().filter(|item| entry(item).is_some());
    let seen: BTreeSet<&str> = items.flatten().map(|(name, _)| name.as_str()).collect();
    let all: BTreeSet<&str> = Column::ALL.iter().map(|column| column.as_str()).collect();
    // Columns that take a person, a browser, a night, a lost response, a second attempt, an account
    // with fees, a chargeback or a deposit.
    let rare = ["la", "sr", "c", "de", "db", "fe", "fk", "fg", "pe", "pb", "go", "w", "dr", "ds", "dp", "cp"];
    assert_eq!(&all - &seen, BTreeSet::from(rare), "in the table there is every other");
    let listed: BTreeSet<(&str, &str)> = rows(section(INVENTORY, "## Journal"))
        .filter(|(_, cells)| cells.len() == 2)
        .map(|(name, cells)| (name, cells[0].trim_matches('`')))
        .collect();
    let known: BTreeSet<_> =
        Column::ALL.iter().map(|column| (column.as_str(), column.spelled_out())).collect();
    assert_eq!(known, listed, "in the code (left), in docs/reference/inventory.md (right)");
    assert!(seen.is_subset(&all), "{:?}", &seen - &all);
    shop.close().await;
}

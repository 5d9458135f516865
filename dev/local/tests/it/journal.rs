//! The journal, from requests over the table's stream to its items.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use cardpointe_simulator::{Endpoint, Fault, FaultKind};
use local::{JOURNAL_TABLE_NAME, Options, dynamodb_client, merchants};
use serde_json::json;
use tollgate::dynamodb::journal::Column;

use crate::{
    docs::{rows, section},
    shop::{NO_FUNDS, Shop, VISA, by_card_with},
};

const PAGE: &str = include_str!("../../../../docs/reference/journal.md");

pub(crate) type Item = BTreeMap<String, AttributeValue>;

/// Everything in the journal but the days, by its keys.
pub(crate) async fn journal(shop: &Shop) -> BTreeMap<(String, String), Item> {
    let client = dynamodb_client(shop.stack.dynamodb_url());
    let output = client.scan().table_name(JOURNAL_TABLE_NAME).send().await.unwrap();
    assert!(output.last_evaluated_key.is_none(), "the whole table in one page");
    let items = output.items.unwrap().into_iter().map(|item| item.into_iter().collect::<Item>());
    let keyed = items.map(|item| ((text(&item, "bucket"), text(&item, "sort")), item));
    keyed.filter(|((bucket, _), _)| bucket != "days").collect()
}

fn text(item: &Item, name: &str) -> String {
    match item.get(name) {
        Some(AttributeValue::S(text) | AttributeValue::N(text)) => text.clone(),
        Some(other) => format!("{other:?}"),
        None => String::new(),
    }
}

/// One line for each entry of an order: what happened, and what it changed.
pub(crate) fn lines(journal: &BTreeMap<(String, String), Item>, order: &str) -> Vec<String> {
    let mut own: Vec<&Item> = journal.values().filter(|item| text(item, "order_id") == order).collect();
    own.sort_by_key(|item| text(item, "sort"));
    let line = |item: &&Item| {
        let names = ["fact", "operation", "held", "paid", "returned", "at_gateway"];
        names.map(|name| text(item, name)).join(" ")
    };
    own.iter().map(line).collect()
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
    for ((bucket, sort), item) in kept.iter().filter(|(_, item)| item.contains_key("entry_id")) {
        let day = &text(item, "at")[..10];
        assert!(bucket.starts_with(&format!("{merchant}#{day}#")), "{bucket}");
        assert_eq!(*sort, format!("{}#{}", text(item, "at"), text(item, "entry_id")));
    }
    let query = dynamodb_client(shop.stack.dynamodb_url())
        .query()
        .table_name(JOURNAL_TABLE_NAME)
        .index_name("by-last-four")
        .key_condition_expression("merchant_last_four = :card")
        .expression_attribute_values(":card", AttributeValue::S(format!("{merchant}#{}", &VISA[12..])));
    let found = query.send().await.unwrap();
    let of = |order: &str| {
        let is = |item: &&HashMap<_, _>| item["order_id"] == AttributeValue::S(order.to_owned());
        found.items().iter().filter(is).count()
    };
    // The stored card has the same last four digits.
    assert_eq!((found.count(), of("held"), of("void")), (6, 4, 2));
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
    let seen: BTreeSet<&str> = kept.values().flatten().map(|(name, _)| name.as_str()).collect();
    let all: BTreeSet<&str> = Column::ALL.iter().map(|column| column.as_str()).collect();
    // What takes a person, a night, a lost response or an account with fees.
    let rare = [
        "late",
        "settlement_rejected",
        "cause",
        "decided",
        "decided_by",
        "fee",
        "fee_kind",
        "fees_at_gateway",
    ];
    assert_eq!(&all - &seen, BTreeSet::from(rare), "in the table there is every other");
    let listed: BTreeSet<&str> = rows(section(PAGE, "## Columns")).map(|(name, _)| name).collect();
    assert_eq!(all, listed, "in the code (left), in docs/reference/journal.md (right)");
    assert!(seen.is_subset(&all), "{:?}", &seen - &all);
    shop.close().await;
}

//! The requests about the journal, its totals and what is read of it, and what the table's responses mean.

mod log;
mod totals;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tollgate_core::{
    journal::{Changes, Fact},
    order::{Attribution, ByHand, Cause, HandVerdict, Kind, Mechanism, OrderId, OrderKey, Principal},
    values::{Amount, Brand, Currency, DeclineCode},
};

use super::*;
use crate::{
    dynamodb::json::to_json,
    test_aws::{Aws, Scripted, condition_failed, condition_failed_at, done, ok, throttled, with},
};

fn responding(responses: impl IntoIterator<Item = Scripted>) -> (DynamoDbEntries, Arc<Aws>) {
    let aws = Aws::responding(responses);
    (DynamoDbEntries::new(aws.dynamodb(), "journal".to_owned(), 4), aws)
}

fn merchant() -> MerchantId {
    "m".parse().unwrap()
}

fn day() -> Date {
    "2026-01-05".parse().unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn quarter() -> QuarterHour {
    QuarterHour::of(at("2026-01-05T10:07:00Z"))
}

fn order(id: &str) -> OrderKey {
    OrderKey { merchant: merchant(), order: id.parse().unwrap() }
}

/// An approved purchase of which nothing more is known.
fn entry() -> Entry {
    Entry {
        id: Uuid::from_u128(1),
        fact: Fact::Approved,
        at: at("2026-01-05T10:07:00.123Z"),
        order: order("o"),
        transaction: Uuid::from_u128(2),
        operation: Uuid::from_u128(3),
        kind: Kind::Purchase,
        cause: Cause::Requested,
        mechanism: Mechanism::Automatic,
        by: Principal::ClientCredentials,
        attribution: None,
        late: false,
        currency: Currency::USD,
        amount: Amount::new(2599).unwrap(),
        fee: None,
        changes: Changes { held: 1, paid: 2, returned: -3, gateway: 4, fees: 0 },
        decline: None,
        settlement_rejected: false,
        reference: None,
        authcode: None,
        account: "496160873888".to_owned(),
        gateway_order_id: "tg1".to_owned(),
        brand: None,
        last_four: None,
        merchant_reference: None,
        by_hand: None,
    }
}

/// Its item.
fn item_of_entry() -> Value {
    json!({
        "bucket": { "S": format!("m#2026-01-05#{}", shard(&entry(), 4)) },
        "sort": { "S": "2026-01-05T10:07:00.123Z#00000000-0000-0000-0000-000000000001" },
        "entry_id": { "S": "00000000-0000-0000-0000-000000000001" },
        "fact": { "S": "approved" }, "at": { "S": "2026-01-05T10:07:00.123Z" }, "merchant": { "S": "m" },
        "order_id": { "S": "o" }, "transaction_id": { "S": "00000000-0000-0000-0000-000000000002" },
        "operation_id": { "S": "00000000-0000-0000-0000-000000000003" }, "operation": { "S": "purchase" },
        "mechanism": { "S": "automatic" }, "requested_by": { "S": "client_credentials" },
        "currency": { "S": "USD" }, "amount": { "N": "2599" }, "held": { "N": "1" }, "paid": { "N": "2" },
        "returned": { "N": "-3" }, "at_gateway": { "N": "4" }, "mid": { "S": "496160873888" },
        "gateway_order_id": { "S": "tg1" },
    })
}

fn put(item: &Value) -> Value {
    json!({
        "TableName": "journal", "Item": item, "ConditionExpression": "attribute_not_exists(#bucket)",
        "ExpressionAttributeNames": { "#bucket": "bucket" }, "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    })
}

fn keys_of(bucket: &str, sort: &str) -> Value {
    json!({ "bucket": { "S": bucket }, "sort": { "S": sort } })
}

fn day_with(shards: &str) -> Value {
    with(&keys_of("days", "2026-01-05"), &json!({ "shards": { "N": shards } }))
}

#[test]
fn an_entry_has_the_columns_that_say_something_and_no_others() {
    let by_hand = |reason: &str| ByHand {
        verdict: HandVerdict::Done,
        by: "ann".to_owned(),
        person: None,
        reason: reason.to_owned(),
        at: at("2026-01-05T11:00:00Z"),
        carried: tollgate_core::values::Carried::default(),
    };
    let text = |text: &str| Some(text.to_owned());
    let attribution = Attribution {
        key_name: text("web"),
        actor: text("ben"),
        person: text("not told"),
        reason: text("as stated"),
    };
    let told = Entry { attribution: Some(Box::new(attribution)), ..entry() };
    let all = Entry {
        cause: Cause::Duplicate,
        mechanism: Mechanism::Manual,
        late: true,
        decline: Some(DeclineCode::GenericDecline),
        settlement_rejected: true,
        reference: text("111"),
        authcode: text("PPS1"),
        brand: Some(Brand::Visa),
        last_four: text("1111"),
        merchant_reference: text("r-1"),
        by_hand: Some(by_hand("by hand")),
        ..told.clone()
    };
    let of_told =
        json!({ "key_name": { "S": "web" }, "actor": { "S": "ben" }, "reason": { "S": "as stated" } });
    let of_all = json!({
        "cause": { "S": "duplicate" }, "mechanism": { "S": "manual" }, "late": { "BOOL": true },
        "decline_code": { "S": "generic_decline" }, "settlement_rejected": { "BOOL": true },
        "retref": { "S": "111" }, "authcode": { "S": "PPS1" }, "brand": { "S": "Visa" },
        "last_four": { "S": "1111" }, "merchant_last_four": { "S": "m#1111" }, "reference": { "S": "r-1" },
        "decided": { "S": "done" }, "decided_by": { "S": "ann" }, "reason": { "S": "by hand" },
    });
    let told_item = with(&item_of_entry(), &of_told);
    for (entry, item) in
        [(entry(), item_of_entry()), (told, told_item.clone()), (all, with(&told_item, &of_all))]
    {
        let shard = shard(&entry, 4);
        let found = to_json(aws_sdk_dynamodb::types::AttributeValue::M(item::item(&entry, shard))).unwrap();
        assert_eq!(found["M"], item);
    }
}

#[tokio::test]
async fn an_entry_is_put_once_into_the_partition_that_its_day_was_given_at_first() {
    let day = put(&day_with("4"));
    let (store, aws) = responding([done(), done(), done()]);
    assert_eq!(store.put(&entry()).await.unwrap(), Put::New);
    assert_eq!(store.put(&entry()).await.unwrap(), Put::New);
    let entry_put = put(&item_of_entry());
    assert_eq!(aws.bodies("PutItem"), [day.clone(), entry_put.clone(), entry_put], "the day is remembered");
    // Another deployment spread that day over more.
    let (store, aws) = responding([condition_failed_at(&day_with("256")), done(), done()]);
    assert_eq!(store.put(&entry()).await.unwrap(), Put::New);
    assert_eq!(store.put(&entry()).await.unwrap(), Put::New);
    let bucket = format!("m#2026-01-05#{}", shard(&entry(), 256));
    let entry_put = put(&with(&item_of_entry(), &json!({ "bucket": { "S": bucket } })));
    assert_eq!(aws.bodies("PutItem"), [day.clone(), entry_put.clone(), entry_put]);
    for damaged in [day_with("0"), day_with("many"), keys_of("days", "2026-01-05")] {
        let (store, aws) = responding([condition_failed_at(&damaged)]);
        let error = store.put(&entry()).await.unwrap_err();
        assert!(matches!(error, StoreError::Corrupt(_)), "{error}");
        assert_eq!(aws.bodies("PutItem"), std::slice::from_ref(&day));
    }
}

#[tokio::test]
async fn an_entry_that_is_there_is_the_same_unless_a_column_of_both_differs() {
    for (there, expected) in [
        (item_of_entry(), Put::Same),
        (with(&item_of_entry(), &json!({ "of_a_later_release": { "S": "x" } })), Put::Same),
        (with(&item_of_entry(), &json!({ "requested_by": null })), Put::Same),
        (with(&item_of_entry(), &json!({ "paid": { "N": "3" } })), Put::Differs),
        (with(&item_of_entry(), &json!({ "paid": { "S": "2" } })), Put::Differs),
    ] {
        let (store, _) = responding([done(), condition_failed_at(&there)]);
        assert_eq!(store.put(&entry()).await.unwrap(), expected, "{there}");
    }
    let (store, _) = responding([done(), condition_failed()]);
    assert_eq!(store.put(&entry()).await.unwrap(), Put::Same, "nothing came back");
}

#[test]
fn entries_of_a_day_spread_over_all_its_partitions_and_those_of_an_order_stay_together() {
    let of = |n: u32| shard(&Entry { order: order(&n.to_string()), ..entry() }, 4);
    let found: std::collections::BTreeSet<u16> = (0..100).map(of).collect();
    assert_eq!(found, (0..4).collect());
    assert_eq!(shard(&entry(), 0), 0, "never no partition");
    assert_eq!(shard(&Entry { id: Uuid::nil(), ..entry() }, 4), shard(&entry(), 4));
}

#[tokio::test]
async fn a_merchants_day_is_noted_once_by_each_process() {
    let (store, aws) = responding([done(), condition_failed()]);
    for merchant in ["m", "m", "n", "n"] {
        store.note_day(&merchant.parse().unwrap(), day()).await.unwrap();
    }
    let noted = |merchant| put(&keys_of("merchants#2026-01-05", merchant));
    assert_eq!(aws.bodies("PutItem"), [noted("m"), noted("n")]);
    let (store, aws) = responding([throttled(), done()]);
    assert!(matches!(store.note_day(&merchant(), day()).await, Err(StoreError::Unavailable(_))));
    store.note_day(&merchant(), day()).await.unwrap();
    assert_eq!(aws.bodies("PutItem"), [noted("m"), noted("m")], "what was not noted is not remembered");
}

#[tokio::test]
async fn what_is_remembered_of_days_is_bounded() {
    let (store, _aws) = responding([done(), done(), done(), done()]);
    let earlier = |n: usize| day() - SignedDuration::from_hours(24 * i64::try_from(n).unwrap());
    let all = || (1..DAYS_MAX).map(earlier);
    store.days.lock().unwrap().extend(all().map(|day| (day, 1)));
    store.noted.lock().unwrap().extend(all().map(|day| (merchant(), day)));
    let kept = || (store.days.lock().unwrap().len(), store.noted.lock().unwrap().len());
    for (day, expected) in [(day(), DAYS_MAX), (earlier(DAYS_MAX), 1)] {
        store.shards_of(day).await.unwrap();
        store.note_day(&merchant(), day).await.unwrap();
        assert_eq!(kept(), (expected, expected));
    }
}

#[tokio::test]
async fn a_late_quarter_gets_another_mark_each_time() {
    let (store, aws) = responding([done(), done(), throttled()]);
    store.mark_late(&merchant(), quarter()).await.unwrap();
    store.mark_late(&merchant(), quarter()).await.unwrap();
    assert!(matches!(store.mark_late(&merchant(), quarter()).await, Err(StoreError::Unavailable(_))));
    let marks = aws.bodies("PutItem").into_iter().map(|body| {
        let mark = body["Item"]["mark"]["S"].as_str().unwrap().to_owned();
        let item = with(&keys_of("late", "m#2026-01-05#10:00"), &json!({ "mark": { "S": mark } }));
        assert_eq!(body, json!({ "TableName": "journal", "Item": item }));
        mark
    });
    assert_eq!(marks.collect::<std::collections::BTreeSet<_>>().len(), 3);
}

#[tokio::test]
async fn a_change_that_cannot_be_read_is_parked_once() {
    for (version, text) in [(Some(7), "7"), (None, "0")] {
        let parked = Parked { key: "m#o".to_owned(), version, reason: "why".to_owned() };
        let (store, aws) = responding([done(), condition_failed(), throttled()]);
        store.park(&parked).await.unwrap();
        store.park(&parked).await.unwrap();
        assert!(matches!(store.park(&parked).await, Err(StoreError::Unavailable(_))));
        let members = json!({
            "order_key": { "S": "m#o" }, "version": { "N": text }, "reason": { "S": "why" },
        });
        let expected = put(&with(&keys_of("parked", &format!("m#o#{text}")), &members));
        assert_eq!(aws.bodies("PutItem"), [expected.clone(), expected.clone(), expected]);
    }
}

#[tokio::test]
async fn an_entry_is_not_put_where_the_table_takes_no_more() {
    for responses in [vec![throttled()], vec![done(), throttled()]] {
        let (store, _) = responding(responses);
        assert!(matches!(store.put(&entry()).await, Err(StoreError::Unavailable(_))));
    }
}

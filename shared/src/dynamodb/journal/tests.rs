//! The requests about the journal, its totals and its log, and the meaning of the table's
//! responses.

mod log;
mod totals;

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};
use tollgate_core::{
    journal::{Changes, Fact},
    order::{
        Attribution, ByHand, Cause, HandVerdict, Kind, Mechanism, OrderId, OrderKey, Principal,
        gateway_order_id,
    },
    values::{Amount, Brand, Currency, DeclineCode, Fee, FeeKind, SearchKey, SignedAmount},
};
use uuid::Uuid;

use super::*;
use crate::{
    dynamodb::json::to_json,
    test_aws::{Aws, Scripted, condition_failed, condition_failed_at, done, ok, throttled, with},
};

fn responding(responses: impl IntoIterator<Item = Scripted>) -> (DynamoDbEntries, Arc<Aws>) {
    let aws = Aws::responding(responses);
    (DynamoDbEntries::new(aws.dynamodb(), "journal".to_owned(), retention()), aws)
}

fn retention() -> Retention {
    Retention::of_months(18).unwrap()
}

fn merchant() -> MerchantId {
    "m".parse().unwrap()
}

fn day() -> jiff::civil::Date {
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
        changes: Changes {
            held: SignedAmount::new(1),
            paid: SignedAmount::new(2),
            returned: SignedAmount::new(-3),
            gateway: SignedAmount::new(4),
            ..Changes::default()
        },
        decline: None,
        settlement_rejected: false,
        reference: None,
        authcode: None,
        account: "496160873888".to_owned(),
        gateway_order_id: gateway_order_id(Uuid::from_u128(3)),
        brand: None,
        last_four: None,
        merchant_reference: None,
        by_hand: None,
        dispute_reason: None,
    }
}

fn item_of_entry() -> Value {
    json!({
        "b": { "S": format!("m#{}", shard(&order("o"))) },
        "s": { "S": "2026-01-05T10:07:00.123Z#00000000-0000-0000-0000-000000000001" },
        "f": { "S": "a" }, "o": { "S": "o" }, "k": { "S": "p" },
        "t": { "B": "AAAAAAAAAAAAAAAAAAAAAg==" }, "i": { "B": "AAAAAAAAAAAAAAAAAAAAAw==" },
        "cy": { "S": "USD" }, "a": { "N": "2599" }, "h": { "N": "1" }, "p": { "N": "2" },
        "e": { "N": "-3" }, "g": { "N": "4" }, "md": { "S": "496160873888" },
    })
}

fn put(item: &Value) -> Value {
    json!({
        "TableName": "journal", "Item": item, "ConditionExpression": "attribute_not_exists(#bucket)",
        "ExpressionAttributeNames": { "#bucket": "b" }, "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    })
}

fn keys_of(bucket: &str, sort: &str) -> Value {
    json!({ "b": { "S": bucket }, "s": { "S": sort } })
}

/// Entries with the attributes that each item has beside those of the plain one; the last one with
/// everything.
fn told() -> [(Entry, Value); 4] {
    let by_hand = ByHand {
        verdict: HandVerdict::Done,
        by: "ann".to_owned(),
        person: Some("arn:aws:iam::1:user/ann".to_owned()),
        reason: "by hand".to_owned(),
        at: entry().at,
        carried: tollgate_core::values::Carried::default(),
    };
    let text = |text: &str| Some(text.to_owned());
    let attribution = Attribution {
        key_name: text("web"),
        actor: text("ben"),
        person: text("cat@shop.example"),
        proposed_by: text("dan@shop.example"),
        reason: text("as stated"),
    };
    let decided = Entry {
        fact: Fact::DecidedByHand,
        kind: Kind::Void,
        by: Principal::Schedule,
        changes: Changes::default(),
        by_hand: Some(by_hand.clone()),
        ..entry()
    };
    let of_decided = json!({
        "f": { "S": "h" }, "k": { "S": "v" }, "w": { "S": "s" }, "u": { "S": "m" }, "de": { "S": "done" },
        "db": { "S": "ann" }, "pe": { "S": "arn:aws:iam::1:user/ann" }, "rs": { "S": "by hand" }, "h": null, "p": null, "e": null, "g": null,
    });
    let attributed = Entry { attribution: Some(Box::new(attribution)), ..entry() };
    let of_attributed = json!({
        "kn": { "S": "web" }, "ac": { "S": "ben" }, "pe": { "S": "cat@shop.example" },
        "pb": { "S": "dan@shop.example" }, "rs": { "S": "as stated" },
    });
    let all = Entry {
        fact: Fact::VoidedElsewhere,
        cause: Cause::Duplicate,
        mechanism: Mechanism::Manual,
        by: Principal::Implicit,
        late: true,
        fee: Some(Fee { amount: Amount::new(78).unwrap(), kind: FeeKind::Surcharge }),
        changes: Changes { fees: SignedAmount::new(78), disputed: SignedAmount::new(-9), ..entry().changes },
        decline: Some(DeclineCode::GenericDecline),
        settlement_rejected: true,
        reference: text("111"),
        authcode: text("PPS1"),
        gateway_order_id: "TGX".to_owned(),
        brand: Some(Brand::Visa),
        last_four: text("1111"),
        merchant_reference: text("r-1"),
        dispute_reason: text("4853"),
        ..attributed.clone()
    };
    let of_all = json!({
        "f": { "S": "e" }, "c": { "S": "duplicate" }, "m": { "S": "manual" }, "w": { "S": "i" },
        "la": { "BOOL": true }, "fe": { "N": "78" }, "fk": { "S": "surcharge" }, "fg": { "N": "78" },
        "ds": { "N": "-9" }, "dr": { "S": "4853" },
        "d": { "S": "generic_decline" }, "sr": { "BOOL": true }, "r": { "S": "m#111" }, "u": { "S": "m" },
        "au": { "S": "PPS1" }, "go": { "S": "TGX" }, "br": { "S": "visa" }, "l": { "S": "m#1111" },
        "re": { "S": "r-1" },
    });
    let of_all = with(&of_attributed, &of_all);
    [(entry(), json!({})), (decided, of_decided), (attributed, of_attributed), (all, of_all)]
}

#[test]
fn an_entry_has_the_columns_that_say_something_and_no_others_and_is_read_as_it_was() {
    for (entry, beside) in told() {
        let item = item::item(&entry, shard(&entry.order));
        let found = to_json(aws_sdk_dynamodb::types::AttributeValue::M(item.clone())).unwrap();
        assert_eq!(found["M"], with(&item_of_entry(), &beside));
        assert_eq!(entry_of(&item).unwrap().unwrap(), entry);
    }
    assert!(entry_of(&keys("parked", "m#o#1")).is_none());
}

#[tokio::test]
async fn an_entry_is_put_once_into_the_partition_of_its_order() {
    let (store, aws) = responding([done(), condition_failed_at(&item_of_entry())]);
    assert_eq!(store.put(&entry()).await.unwrap(), Put::New);
    assert_eq!(store.put(&entry()).await.unwrap(), Put::Same);
    let put = put(&with(&item_of_entry(), &json!({ "x": { "N": "1814782020" } })));
    assert_eq!(aws.bodies("PutItem"), [put.clone(), put]);
}

#[tokio::test]
async fn a_pointer_has_keys_the_order_and_an_end_and_says_nothing_of_the_text() {
    let pointer = Pointer {
        by: PointedBy::Text(SearchKey::new(10)),
        order: order("o"),
        sort: entry().sort(),
        ends: at("2028-01-05T10:07:00Z"),
    };
    let (store, aws) = responding([done(), throttled()]);
    store.point(&pointer).await.unwrap();
    assert!(matches!(store.point(&pointer).await, Err(StoreError::Unavailable(_))));
    let own = keys_of("m#0000000000000000000000000000000a", &entry().sort());
    let item = with(&own, &json!({ "o": { "S": "o" }, "x": { "N": "1830679620" } }));
    let put = json!({ "TableName": "journal", "Item": item });
    assert_eq!(aws.bodies("PutItem"), [put.clone(), put]);
    // A reader of the table's entries skips it.
    assert!(entry_of(&keys("m#0000000000000000000000000000000a", &entry().sort())).is_none());
}

#[tokio::test]
async fn an_open_hold_is_one_item_that_says_when_it_ends_until_it_is_closed() {
    let hold = Hold { order: order("o"), sort: entry().sort(), ends: at("2026-01-12T23:59:59.5Z") };
    let (store, aws) = responding([done(), done(), throttled(), throttled()]);
    store.hold(&hold).await.unwrap();
    store.release(&hold).await.unwrap();
    assert!(matches!(store.hold(&hold).await, Err(StoreError::Unavailable(_))));
    assert!(matches!(store.release(&hold).await, Err(StoreError::Unavailable(_))));
    let key = keys_of("#held#m", &entry().sort());
    let members = json!({ "o": { "S": "o" }, "ends": { "N": "1768262399" }, "x": { "N": "1769471999" } });
    let put = json!(["PutItem", { "TableName": "journal", "Item": with(&key, &members) }]);
    let delete = json!(["DeleteItem", { "TableName": "journal", "Key": key }]);
    assert_eq!(aws.sent(), json!([put, delete, put, delete]));
    // A reader of the table's entries skips it.
    assert!(entry_of(&keys("#held#m", &entry().sort())).is_none());
}

#[tokio::test]
async fn an_entry_that_is_there_is_the_same_unless_a_column_of_both_differs() {
    for (there, expected) in [
        (item_of_entry(), Put::Same),
        (with(&item_of_entry(), &json!({ "of_a_later_release": { "S": "x" } })), Put::Same),
        (with(&item_of_entry(), &json!({ "au": { "S": "of a later release" } })), Put::Same),
        (with(&item_of_entry(), &json!({ "md": null })), Put::Same),
        // Another deployment keeps it for longer.
        (with(&item_of_entry(), &json!({ "x": { "N": "7" } })), Put::Same),
        (with(&item_of_entry(), &json!({ "p": { "N": "3" } })), Put::Differs),
        (with(&item_of_entry(), &json!({ "p": { "S": "2" } })), Put::Differs),
        // No change is a change of zero.
        (with(&item_of_entry(), &json!({ "p": null })), Put::Differs),
        (with(&item_of_entry(), &json!({ "fg": { "N": "2" } })), Put::Differs),
    ] {
        let (store, _) = responding([condition_failed_at(&there)]);
        assert_eq!(store.put(&entry()).await.unwrap(), expected, "{there}");
    }
    let (store, _) = responding([condition_failed()]);
    assert_eq!(store.put(&entry()).await.unwrap(), Put::Same, "nothing came back");
}

#[test]
fn a_merchants_entries_spread_over_all_partitions_and_those_of_an_order_stay_together() {
    let found: std::collections::BTreeSet<u8> = (0..100).map(|n| shard(&order(&n.to_string()))).collect();
    assert_eq!(found, (0..ENTRY_SHARDS).collect());
}

/// A mark of [`quarter`].
fn mark_of(merchant: &str, at: &str) -> Mark {
    Mark { merchant: merchant.parse().unwrap(), quarter: quarter(), at: self::at(at) }
}

#[tokio::test]
async fn a_day_is_noted_once_by_each_process_and_its_quarter_marked_once_a_minute() {
    let minutes = ["2026-01-05T10:08:00.123Z", "2026-01-05T10:09:00.123Z"];
    let (store, aws) = responding([condition_failed(), done(), done(), done(), throttled(), done()]);
    store.mark(&mark_of("m", minutes[0])).await.unwrap();
    store.mark(&mark_of("m", "2026-01-05T10:09:00.122Z")).await.unwrap();
    store.mark(&mark_of("n", minutes[0])).await.unwrap();
    assert!(matches!(store.mark(&mark_of("m", minutes[1])).await, Err(StoreError::Unavailable(_))));
    store.mark(&mark_of("m", minutes[1])).await.unwrap();
    let expires = json!({ "x": { "N": "1814745600" } });
    let noted =
        |partition, merchant| put(&with(&keys_of(partition, &format!("2026-01-05#{merchant}")), &expires));
    let marked = |key: &Value, at: &str| json!({ "TableName": "journal", "Item": with(key, &json!({ "at": { "S": at } })) });
    let of_m = |at: &str| marked(&mark_key(), at);
    let of_n = marked(&keys_of("#changed#11", "n#2026-01-05#10:00"), minutes[0]);
    let first = [noted("#days#02", "m"), of_m(minutes[0]), noted("#days#11", "n"), of_n];
    assert_eq!(aws.bodies("PutItem"), [&first[..], &[of_m(minutes[1]), of_m(minutes[1])]].concat());
}

#[tokio::test]
async fn a_day_or_a_mark_that_was_not_put_is_not_remembered() {
    for fails in [0, 1] {
        let responses = (0..3 + fails).map(|n| if n == fails { throttled() } else { done() });
        let (store, aws) = responding(responses);
        let mark = mark_of("m", "2026-01-05T10:08:00.123Z");
        assert!(matches!(store.mark(&mark).await, Err(StoreError::Unavailable(_))), "{fails}");
        store.mark(&mark).await.unwrap();
        let sent = aws.bodies("PutItem");
        let (before, after) = sent.split_at(fails + 1);
        assert_eq!((before, after.len()), (&after[..=fails], 2), "{fails}");
    }
}

#[tokio::test]
async fn of_1100_merchants_each_day_and_each_mark_is_written_once_a_minute() {
    const MERCHANTS: usize = 1_100;
    let (store, aws) = responding(vec![done(); 2 * MERCHANTS]);
    for at in ["2026-01-05T10:08:00Z", "2026-01-05T10:08:20Z", "2026-01-05T10:08:40Z"] {
        for n in 0..MERCHANTS {
            store.mark(&mark_of(&n.to_string(), at)).await.unwrap();
        }
    }
    let puts = aws.bodies("PutItem");
    let keys: std::collections::BTreeSet<_> = puts.iter().map(|put| put["Item"]["s"].to_string()).collect();
    assert_eq!(keys.len(), 2 * MERCHANTS);
}

#[tokio::test]
async fn a_heartbeat_is_noted_unless_a_later_one_is() {
    let (store, aws) = responding([done(), condition_failed(), throttled()]);
    let beat = at("2026-01-05T10:08:00.5Z");
    store.pass(beat).await.unwrap();
    store.pass(beat).await.unwrap();
    assert!(matches!(store.pass(beat).await, Err(StoreError::Unavailable(_))));
    let moment = json!({ "S": "2026-01-05T10:08:00.500Z" });
    let noted = json!({
        "TableName": "journal", "Item": with(&keys_of("reached", "stream"), &json!({ "at": moment })),
        "ConditionExpression": "attribute_not_exists(#at) OR #at < :at",
        "ExpressionAttributeNames": { "#at": "at" }, "ExpressionAttributeValues": { ":at": moment },
    });
    assert_eq!(aws.bodies("PutItem"), [noted.clone(), noted.clone(), noted]);
}

/// The key of the mark of [`quarter`].
fn mark_key() -> Value {
    keys_of("#changed#02", "m#2026-01-05#10:00")
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
    let (store, _) = responding([throttled()]);
    assert!(matches!(store.put(&entry()).await, Err(StoreError::Unavailable(_))));
}

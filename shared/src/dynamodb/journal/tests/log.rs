//! What is read of the journal.

use tollgate_core::{
    journal::{CountedEntry, EntryLog, EntryPlace, LoggedEntry, TotalLine, UnreadableEntry},
    payments::{Unreadable, trail},
};

use super::*;

fn responding(responses: impl IntoIterator<Item = Scripted>) -> (DynamoDbEntryLog, Arc<Aws>) {
    let aws = Aws::responding(responses);
    (DynamoDbEntryLog::new(aws.dynamodb(), "journal".to_owned()), aws)
}

#[tokio::test]
async fn over_how_many_partitions_a_day_is_spread_is_read_from_its_item() {
    for (response, expected) in [
        (done(), Some(None)),
        (ok(json!({ "Item": day_with("16") })), Some(Some(16))),
        (ok(json!({ "Item": day_with("0") })), None),
    ] {
        let (log, aws) = responding([response]);
        let found = log.shards(day()).await;
        assert_eq!(found.as_ref().ok(), expected.as_ref());
        assert!(!matches!(found, Err(StoreError::Unavailable(_))));
        let get = json!({ "TableName": "journal", "Key": keys_of("days", "2026-01-05") });
        assert_eq!(aws.bodies("GetItem"), [get]);
    }
}

fn logged(kind: Kind) -> LoggedEntry {
    LoggedEntry {
        sort: "2026-01-05T10:07:00.123Z#00000000-0000-0000-0000-000000000001".to_owned(),
        id: Uuid::from_u128(1),
        order: order("o"),
        transaction: Uuid::from_u128(2),
        kind,
        currency: Some(Currency::USD),
    }
}

#[tokio::test]
async fn entries_are_read_newest_first_and_a_damaged_one_keeps_its_place() {
    let query = json!({
        "TableName": "journal", "KeyConditionExpression": "#place = :place AND #sort < :before",
        "ScanIndexForward": false, "Limit": 9,
        "ExpressionAttributeNames": { "#place": "bucket", "#sort": "sort" },
        "ExpressionAttributeValues": { ":place": { "S": "m#2026-01-05#3" }, ":before": { "S": "2026-01-06" } },
    });
    let by_last_four = json!({
        "IndexName": "by-last-four",
        "ExpressionAttributeNames": { "#place": "merchant_last_four", "#sort": "sort" },
        "ExpressionAttributeValues": { ":place": { "S": "m#1111" }, ":before": { "S": "2026-01-06" } },
    });
    let of = |members: &Value| with(&item_of_entry(), members);
    let kinds = ["authorize", "purchase", "capture", "refund", "void", "levitate"];
    let items = kinds.map(|kind| of(&json!({ "operation": { "S": kind } })));
    let damaged = ["operation", "entry_id", "transaction_id", "currency", "order_id"];
    let items = items.into_iter().chain(damaged.map(|name| of(&json!({ (name): null }))));
    let unknown_currency = of(&json!({ "currency": { "S": "XXQ" } }));
    let items: Vec<Value> = items.chain([unknown_currency]).collect();
    let known =
        [Kind::Authorize, Kind::Purchase, Kind::Capture, Kind::Refund, Kind::Void, Kind::Unrecognized];
    let bad = |name: &str| UnreadableEntry {
        sort: logged(Kind::Void).sort,
        order: Some("o".parse::<OrderId>().unwrap()).filter(|_| name != "order_id"),
        item: Unreadable {
            key: format!("m#2026-01-05#{} {}", shard(&entry(), 4), logged(Kind::Void).sort),
            reason: format!("an entry of the journal without a good {name}"),
        },
    };
    let mut expected: Vec<_> = known.map(|kind| Ok(logged(kind))).into();
    expected.extend(damaged.map(|name| Err(bad(name))));
    expected.push(Ok(LoggedEntry { currency: None, ..logged(Kind::Purchase) }));
    for (place, query, more) in [
        (EntryPlace::Day { day: day(), shard: 3 }, query.clone(), true),
        (EntryPlace::LastFour("1111".to_owned()), with(&query, &by_last_four), false),
    ] {
        let last = more.then(|| keys_of("m#2026-01-05#3", "2026"));
        let (log, aws) =
            responding([ok(with(&json!({ "Items": items }), &json!({ "LastEvaluatedKey": last })))]);
        let merchant = merchant();
        let (page, trail) = trail::follow(log.before(&merchant, &place, "2026-01-06", 9)).await;
        let page = page.unwrap();
        assert_eq!((page.entries, page.more), (expected.clone(), more));
        assert_eq!(trail.unreadable, 5);
        assert_eq!(aws.bodies("Query"), [query]);
    }
}

#[tokio::test]
async fn entries_are_counted_as_they_are_now_and_what_cannot_be_is_told() {
    let branded = with(&item_of_entry(), &json!({ "brand": { "S": "visa" } }));
    let damaged =
        ["at", "currency", "operation", "fact", "mid", "amount", "held", "paid", "returned", "at_gateway"];
    let negative = with(&item_of_entry(), &json!({ "amount": { "N": "-1" } }));
    let items = [item_of_entry(), branded].into_iter();
    let items = items.chain(damaged.map(|name| with(&item_of_entry(), &json!({ (name): null }))));
    let items: Vec<Value> = items.chain([negative]).collect();
    let page = json!({ "Items": items, "LastEvaluatedKey": keys_of("m#2026-01-05#3", "2026-01-05T10:07") });
    let (log, aws) = responding([ok(page), done()]);
    let place = ("2026-01-05T10:00:00.000Z", "2026-01-05T10:15:00.000Z");
    let page = log.counted(&merchant(), day(), 3, place, 9).await.unwrap();
    let line = TotalLine {
        day: day(),
        currency: Currency::USD,
        operation: "purchase".to_owned(),
        fact: "approved".to_owned(),
        mid: "496160873888".to_owned(),
        brand: None,
    };
    let (amount, changes) = (entry().amount, entry().changes);
    let plain = CountedEntry { at: entry().at, line: line.clone(), amount, changes };
    let branded =
        CountedEntry { line: TotalLine { brand: Some("visa".to_owned()), ..line }, ..plain.clone() };
    assert_eq!(page.entries, [plain, branded]);
    let key = format!("m#2026-01-05#{} {}", shard(&entry(), 4), logged(Kind::Void).sort);
    let bad = |name: &str| Unreadable {
        key: key.clone(),
        reason: format!("an entry of the journal without a good {name}"),
    };
    assert_eq!(page.unreadable, damaged.iter().chain(&["amount"]).map(|name| bad(name)).collect::<Vec<_>>());
    assert_eq!(page.next.as_deref(), Some("2026-01-05T10:07"));
    let page = log.counted(&merchant(), day(), 3, place, 9).await.unwrap();
    assert!(page.entries.is_empty() && page.unreadable.is_empty() && page.next.is_none());
    let query = json!({
        "TableName": "journal", "KeyConditionExpression": "#bucket = :bucket AND #sort BETWEEN :after AND :until",
        "ConsistentRead": true, "Limit": 9,
        "ExpressionAttributeNames": { "#bucket": "bucket", "#sort": "sort" },
        "ExpressionAttributeValues": {
            ":bucket": { "S": "m#2026-01-05#3" }, ":after": { "S": "2026-01-05T10:00:00.000Z!" },
            ":until": { "S": "2026-01-05T10:15:00.000Z" },
        },
    });
    assert_eq!(aws.bodies("Query"), [query.clone(), query]);
}

#[tokio::test]
async fn a_journal_that_does_not_respond_is_unavailable_and_not_empty() {
    let place = EntryPlace::LastFour("1111".to_owned());
    for n in 0..3 {
        let (log, _) = responding([throttled()]);
        let result = match n {
            0 => log.shards(day()).await.map(drop),
            1 => log.before(&merchant(), &place, "2026", 9).await.map(drop),
            _ => log.counted(&merchant(), day(), 3, ("a", "b"), 9).await.map(drop),
        };
        assert!(matches!(result, Err(StoreError::Unavailable(_))), "{n}");
    }
}

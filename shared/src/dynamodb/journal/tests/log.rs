//! Reads of the journal.

use tollgate_core::{
    journal::{
        CountedEntry, EntryLog, EntryPage, EntryPartition, EntryQuery, LoggedEntry, TotalLine,
        UnreadableEntry,
    },
    payments::{Unreadable, trail},
    values::{ReadOrder, SearchKey},
};

use super::*;

fn responding(responses: impl IntoIterator<Item = Scripted>) -> (DynamoDbEntryLog, Arc<Aws>) {
    let aws = Aws::responding(responses);
    (DynamoDbEntryLog::new(aws.dynamodb(), "journal".to_owned()), aws)
}

const SORT_OF_ENTRY: &str = "2026-01-05T10:07:00.123Z#00000000-0000-0000-0000-000000000001";

fn logged(kind: Kind) -> LoggedEntry {
    LoggedEntry {
        sort: SORT_OF_ENTRY.to_owned(),
        id: Uuid::from_u128(1),
        order: order("o"),
        transaction: Uuid::from_u128(2),
        kind,
        currency: Some(Currency::USD),
    }
}

/// Of the first days of January, twelve at most.
fn january(merchant: &MerchantId, order: ReadOrder) -> EntryQuery<'_> {
    EntryQuery { merchant, between: ("2026-01-01", "2026-01-06"), order, limit: 12 }
}

/// The request for it.
fn query(column: &str, key: &str, is_forward: bool) -> Value {
    json!({
        "TableName": "journal", "KeyConditionExpression": "#bucket = :bucket AND #sort BETWEEN :from AND :to",
        "ScanIndexForward": is_forward, "Limit": 12,
        "ExpressionAttributeNames": { "#bucket": column, "#sort": "s" },
        "ExpressionAttributeValues": {
            ":bucket": { "S": key }, ":from": { "S": "2026-01-01!" }, ":to": { "S": "2026-01-05~" },
        },
    })
}

#[tokio::test]
async fn entries_are_read_newest_first_and_a_damaged_one_keeps_its_place() {
    let of = |members: &Value| with(&item_of_entry(), members);
    let kinds = ["a", "p", "c", "r", "v", "levitate"];
    let items = kinds.map(|kind| of(&json!({ "k": { "S": kind } })));
    // Of a newer version, it is in lists all the same.
    let newer = of(&json!({ "f": { "S": "z" }, "k": { "S": "p" } }));
    let damaged = [("operation", "k"), ("transaction_id", "t"), ("currency", "cy"), ("order_id", "o")];
    let items = items.into_iter().chain([newer]);
    let items = items.chain(damaged.map(|(_, name)| of(&json!({ (name): null }))));
    let unknown_currency = of(&json!({ "cy": { "S": "XXQ" } }));
    let items: Vec<Value> = items.chain([unknown_currency]).collect();
    let known = [
        Kind::Authorize,
        Kind::Purchase,
        Kind::Capture,
        Kind::Refund,
        Kind::Void,
        Kind::Unrecognized,
        Kind::Purchase,
    ];
    let bad = |name: &str| UnreadableEntry {
        sort: SORT_OF_ENTRY.to_owned(),
        order: Some("o".parse::<OrderId>().unwrap()).filter(|_| name != "order_id"),
        item: Unreadable {
            key: format!("m#{} {SORT_OF_ENTRY}", shard(&order("o"))),
            reason: format!("an entry of the journal without a good {name}"),
        },
    };
    let mut expected: Vec<_> = known.map(|kind| Ok(logged(kind))).into();
    expected.extend(damaged.map(|(name, _)| Err(bad(name))));
    expected.push(Ok(LoggedEntry { currency: None, ..logged(Kind::Purchase) }));
    let expected: Vec<_> = expected.into_iter().map(|entry| (SORT_OF_ENTRY.to_owned(), entry)).collect();
    let last = keys_of("m#3", "2026-01-02T");
    let (log, aws) = responding([ok(json!({ "Items": items, "LastEvaluatedKey": last }))]);
    let (merchant, partition) = (merchant(), EntryPartition::Shard(3));
    let wanted = january(&merchant, ReadOrder::NewestFirst);
    let (page, trail) = trail::follow(log.logged(&partition, &wanted)).await;
    let page = page.unwrap();
    assert_eq!((page.entries, page.next.as_deref()), (expected, Some("2026-01-02T")));
    assert_eq!(trail.unreadable, 4);
    assert!((1_000..3_000).contains(&page.read_bytes), "{}", page.read_bytes);
    assert_eq!(aws.bodies("Query"), [query("b", "m#3", false)]);
}

#[tokio::test]
async fn an_index_has_keys_and_the_entries_are_read_by_them_in_the_same_order() {
    let entries = told();
    let sort = |n: usize| format!("2026-01-05T10:07:00.12{n}Z#00000000-0000-0000-0000-00000000000{n}");
    let whole = |n: usize| {
        with(&item_of_entry(), &with(&entries[n].1, &json!({ "b": { "S": "m#1" }, "s": { "S": sort(n) } })))
    };
    for (partition, index, column, key) in [
        (EntryPartition::LastFour("1111".to_owned()), "by-last-four", "l", "m#1111"),
        (EntryPartition::Reference("111".to_owned()), "by-reference", "r", "m#111"),
        (EntryPartition::Declined, "unusual", "u", "m#declined"),
        (EntryPartition::Unusual, "unusual", "u", "m"),
    ] {
        let indexed = |n: usize| with(&keys_of("m#1", &sort(n)), &json!({ (column): { "S": key } }));
        let keys: Vec<Value> = (0..4).map(indexed).collect();
        // The third one has expired meanwhile.
        let found = json!({ "Responses": { "journal": [whole(3), whole(0), whole(1)] } });
        let (log, aws) = self::responding([ok(json!({ "Items": keys })), ok(found)]);
        let merchant = merchant();
        let page = log.entries(&partition, &january(&merchant, ReadOrder::OldestFirst)).await.unwrap();
        let sorts: Vec<&str> = page.entries.iter().map(|(sort, _)| sort.as_str()).collect();
        assert_eq!(sorts, [0, 1, 3].map(sort));
        let facts: Vec<Fact> = page.entries.iter().map(|(_, entry)| entry.as_ref().unwrap().fact).collect();
        assert_eq!(facts, [0, 1, 3].map(|n: usize| entries[n].0.fact));
        assert!(page.next.is_none() && page.read_bytes > 0);
        let wanted = with(&query(column, key, true), &json!({ "IndexName": index }));
        let keys: Vec<Value> = (0..4).map(|n| keys_of("m#1", &sort(n))).collect();
        let batch = json!({ "RequestItems": { "journal": { "Keys": keys } } });
        assert_eq!(aws.sent(), json!([["Query", wanted], ["BatchGetItem", batch]]));
    }
    // Nothing is there, and nothing is read.
    let (log, aws) = self::responding([done()]);
    let merchant = merchant();
    let page =
        log.entries(&EntryPartition::Unusual, &january(&merchant, ReadOrder::OldestFirst)).await.unwrap();
    assert!(page.entries.is_empty() && aws.sent().as_array().unwrap().len() == 1);
}

#[tokio::test]
async fn a_pointer_names_the_order_in_whose_part_the_entry_is() {
    let sort = |n: usize| format!("2026-01-05T10:07:00.12{n}Z#00000000-0000-0000-0000-00000000000{n}");
    let partition = EntryPartition::Pointers(PointedBy::Text(SearchKey::new(10)));
    let key = "m#0000000000000000000000000000000a";
    // Not the part of the first order's entries.
    let other = (0..100).map(|n| n.to_string()).find(|id| shard(&order(id)) != shard(&order("o"))).unwrap();
    let part = |id: &str| format!("m#{}", shard(&order(id)));
    let pointer = |n: usize, id: &str| with(&keys_of(key, &sort(n)), &json!({ "o": { "S": id } }));
    let whole = |n: usize, id: &str| {
        let keys = json!({ "b": { "S": part(id) }, "s": { "S": sort(n) }, "o": { "S": id } });
        with(&item_of_entry(), &keys)
    };
    // The third one leads nowhere any more, and the order of the fourth cannot be one.
    let pointers = [pointer(0, "o"), pointer(1, &other), pointer(2, "o"), pointer(3, "no order")];
    let found = json!({ "Responses": { "journal": [whole(1, &other), whole(0, "o")] } });
    let last = keys_of(key, &sort(3));
    let (log, aws) = responding([ok(json!({ "Items": pointers, "LastEvaluatedKey": last })), ok(found)]);
    let merchant = merchant();
    let page = log.logged(&partition, &january(&merchant, ReadOrder::OldestFirst)).await.unwrap();
    let entries = page.entries.iter().map(|(_, entry)| entry.as_ref().unwrap());
    let entries: Vec<_> = entries.map(|entry| (entry.sort.clone(), entry.order.clone())).collect();
    assert_eq!(entries, [(sort(0), order("o")), (sort(1), order(&other))]);
    assert_eq!(page.next, Some(sort(3)));
    let keys = [(0, "o"), (1, other.as_str()), (2, "o")].map(|(n, id)| keys_of(&part(id), &sort(n)));
    let batch = json!({ "RequestItems": { "journal": { "Keys": keys } } });
    assert_eq!(aws.sent(), json!([["Query", query("b", key, true)], ["BatchGetItem", batch]]));
}

#[tokio::test]
async fn holds_that_end_at_other_times_are_counted_but_not_returned_and_no_wanted_one_is_skipped() {
    let sort = |n: usize| format!("2026-01-05T10:07:00.12{n}Z#00000000-0000-0000-0000-00000000000{n}");
    let part = format!("m#{}", shard(&order("o")));
    let hold = |n: usize| with(&keys_of("#held#m", &sort(n)), &json!({ "o": { "S": "o" } }));
    let whole = |n: usize| with(&item_of_entry(), &keys_of(&part, &sort(n)));
    // More than requested of 40, and none of the next 30.
    let many = json!({
        "Items": [hold(1), hold(2), hold(3)], "ScannedCount": 40, "LastEvaluatedKey": keys_of("#held#m", &sort(8)),
    });
    let none = json!({ "Items": [], "ScannedCount": 30, "LastEvaluatedKey": keys_of("#held#m", &sort(9)) });
    let entries = json!({ "Responses": { "journal": [whole(1), whole(2)] } });
    let (log, aws) = responding([ok(many), ok(entries), ok(none)]);
    let merchant = merchant();
    let wanted = EntryQuery { limit: 2, ..january(&merchant, ReadOrder::OldestFirst) };
    let ending = EntryPartition::HeldEnding(at("2026-01-12T00:00:00.5Z")..=at("2026-01-12T23:59:59.9Z"));
    let page = log.logged(&ending, &wanted).await.unwrap();
    let sorts: Vec<String> = page.entries.into_iter().map(|(sort, _)| sort).collect();
    // The next page begins with the third one.
    assert_eq!((sorts, page.next), (vec![sort(1), sort(2)], Some(sort(2))));
    let of_two_entries = page.read_bytes - 40 * 256;
    assert!((100..500).contains(&of_two_entries), "{of_two_entries}");
    let page = log.logged(&ending, &wanted).await.unwrap();
    assert_eq!((page.entries.len(), page.next, page.read_bytes), (0, Some(sort(9)), 30 * 256));
    let mut request = query("b", "#held#m", true);
    request["Limit"] = json!(2_000);
    request["FilterExpression"] = json!("#ends BETWEEN :first AND :last");
    request["ExpressionAttributeNames"]["#ends"] = json!("ends");
    request["ExpressionAttributeValues"][":first"] = json!({ "N": "1768176000" });
    request["ExpressionAttributeValues"][":last"] = json!({ "N": "1768262399" });
    let keys = [1, 2].map(|n| keys_of(&part, &sort(n)));
    let batch = json!({ "RequestItems": { "journal": { "Keys": keys } } });
    assert_eq!(aws.sent(), json!([["Query", request], ["BatchGetItem", batch], ["Query", request]]));
}

#[tokio::test]
async fn a_range_without_room_for_an_entry_takes_no_request() {
    let (log, aws) = responding([]);
    let (merchant, between) = (merchant(), (SORT_OF_ENTRY, SORT_OF_ENTRY));
    let query = EntryQuery { between, ..january(&merchant, ReadOrder::NewestFirst) };
    let page: EntryPage<_> = log.logged(&EntryPartition::Shard(0), &query).await.unwrap();
    assert!(page.entries.is_empty() && page.next.is_none());
    assert_eq!(aws.sent(), json!([]));
}

#[tokio::test]
async fn entries_are_counted_as_they_are_now_and_what_cannot_be_is_told() {
    let branded = with(&item_of_entry(), &json!({ "br": { "S": "visa" } }));
    let newer =
        with(&item_of_entry(), &json!({ "br": { "S": "elo" }, "f": { "S": "z" }, "k": { "S": "y" } }));
    let damaged = [
        ("sort", "s"),
        ("currency", "cy"),
        ("operation", "k"),
        ("fact", "f"),
        ("mid", "md"),
        ("amount", "a"),
    ];
    let negative = with(&item_of_entry(), &json!({ "a": { "N": "-1" } }));
    let items = [item_of_entry(), branded, newer].into_iter();
    let items = items.chain(damaged.map(|(_, name)| with(&item_of_entry(), &json!({ (name): null }))));
    let items: Vec<Value> = items.chain([negative]).collect();
    let last = keys_of("m#3", "2026-01-05T10:07");
    let (log, aws) = responding([ok(json!({ "Items": items, "LastEvaluatedKey": last })), done()]);
    let (merchant, partition) = (merchant(), EntryPartition::Shard(3));
    let wanted = january(&merchant, ReadOrder::OldestFirst);
    let page = log.counted(&partition, &wanted).await.unwrap();
    let line = TotalLine {
        currency: Currency::USD,
        operation: "purchase".to_owned(),
        fact: "approved".to_owned(),
        mid: "496160873888".to_owned(),
        brand: None,
        decline: None,
    };
    let at = entry().at;
    let plain = CountedEntry { at, line: line.clone(), amount: entry().amount, changes: entry().changes };
    let of = |brand: &str| TotalLine { brand: Some(brand.to_owned()), ..line.clone() };
    let newer = TotalLine { operation: "y".to_owned(), fact: "z".to_owned(), ..of("elo") };
    let good: Vec<_> = page.entries.iter().filter_map(|(_, entry)| entry.as_ref().ok()).collect();
    let [branded, newer] = [of("Visa"), newer].map(|line| CountedEntry { line, ..plain.clone() });
    assert_eq!(good, [&plain, &branded, &newer]);
    let bad = page.entries.iter().filter_map(|(_, entry)| Some(entry.as_ref().err()?.item.reason.clone()));
    let reasons = damaged.iter().map(|(name, _)| *name).chain(["amount"]);
    let reasons = reasons.map(|name| format!("an entry of the journal without a good {name}"));
    assert_eq!(bad.collect::<Vec<_>>(), reasons.collect::<Vec<_>>());
    assert_eq!(page.next.as_deref(), Some("2026-01-05T10:07"));
    let page = log.counted(&partition, &wanted).await.unwrap();
    assert!(page.entries.is_empty() && page.next.is_none());
    let query = with(
        &query("b", "m#3", true),
        &json!({
            "ConsistentRead": true, "ProjectionExpression": "b, s, f, k, cy, md, br, d, a, h, p, e, g, fg, ds",
        }),
    );
    assert_eq!(aws.bodies("Query"), [query.clone(), query]);
}

#[tokio::test]
async fn a_journal_that_does_not_respond_is_unavailable_and_not_empty() {
    let partition = EntryPartition::LastFour("1111".to_owned());
    let merchant = merchant();
    let query = january(&merchant, ReadOrder::NewestFirst);
    for n in 0..4 {
        let found = json!({ "Items": [with(&keys_of("m#1", "x"), &json!({ "l": { "S": "m#1111" } }))] });
        let (log, _) = responding(if n == 3 { vec![ok(found), throttled()] } else { vec![throttled()] });
        let result = match n {
            0 => log.entries(&partition, &query).await.map(drop),
            1 | 3 => log.logged(&partition, &query).await.map(drop),
            _ => log.counted(&EntryPartition::Shard(0), &query).await.map(drop),
        };
        assert!(matches!(result, Err(StoreError::Unavailable(_))), "{n}");
    }
}

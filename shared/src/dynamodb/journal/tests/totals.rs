//! Totals, as they are kept.

use tollgate_core::{
    journal::{KeptSum, MARK_PARTITIONS, MerchantDay, Reached, SumOf, Total, TotalLine, Totals, TotalsStore},
    payments::Unreadable,
    values::SignedAmount,
};

use super::*;
use crate::dynamodb::text;

fn responding(responses: impl IntoIterator<Item = Scripted>) -> (DynamoDbTotals, Arc<Aws>) {
    let aws = Aws::responding(responses);
    (DynamoDbTotals::new(aws.dynamodb(), "journal".to_owned(), None, retention()), aws)
}

/// A query of a partition of the table, as it is now.
fn between(bucket: &str, from: &str, to: &str) -> Value {
    json!({
        "TableName": "journal", "ConsistentRead": true,
        "KeyConditionExpression": "#bucket = :bucket AND #sort BETWEEN :from AND :to",
        "ExpressionAttributeNames": { "#bucket": "b", "#sort": "s" },
        "ExpressionAttributeValues": { ":bucket": { "S": bucket }, ":from": { "S": from }, ":to": { "S": to } },
    })
}

fn unreadable(key: &str, name: &str) -> Unreadable {
    let reason = format!("an item of the totals without a good {name}");
    Unreadable { key: key.to_owned(), reason }
}

fn totals() -> Totals {
    let line = |brand: Option<&str>, decline: Option<&str>| TotalLine {
        currency: Currency::USD,
        operation: "purchase".to_owned(),
        fact: "approved".to_owned(),
        mid: "1".to_owned(),
        brand: brand.map(str::to_owned),
        decline: decline.map(str::to_owned),
    };
    let [held, paid, returned, gateway] = [1, 2, -3, 4].map(SignedAmount::new);
    let changes = Changes { held, paid, returned, gateway, ..Changes::default() };
    let total = Total { count: 2, amount: SignedAmount::new(2599), changes };
    let mut totals = Totals::default();
    for line in [line(None, None), line(Some("visa"), Some("expired_card"))] {
        totals.add_total(line, total).unwrap();
    }
    totals.leave_out(3);
    totals
}

const LINES: &str = concat!(
    r#"[["USD","purchase","approved","1",null,null,2,2599,1,2,-3,4,0,0],"#,
    r#"["USD","purchase","approved","1","visa","expired_card",2,2599,1,2,-3,4,0,0]]"#,
);

/// The members of a sum.
fn sum(version: u64) -> Value {
    json!({ "lines": { "S": LINES }, "left_out": { "N": "3" }, "version": { "N": version.to_string() } })
}

fn kept(sort: &str, version: u64) -> Value {
    with(&keys_of("totals#m#2026-01-05", sort), &sum(version))
}

#[tokio::test]
async fn how_far_totals_and_the_stream_are_is_one_query_that_passes_over_other_partitions() {
    let item = |sort: &str, at: &str| with(&keys_of("reached", sort), &json!({ "at": { "S": at } }));
    let own = |at: &str| item("#changed#02", at);
    let (other, bad) = (item("#changed#03", "yesterday"), item("stream", "today"));
    let stream = item("stream", "2026-01-05T10:16:00Z");
    let moments = ["2026-01-05T10:15:00Z", "2026-01-05T10:16:00Z"].map(at);
    let reached = |counted, passed| Some(Reached { counted, passed });
    for (items, expected) in [
        (vec![], reached(None, None)),
        (vec![own("2026-01-05T10:15:00Z"), other.clone()], reached(Some(moments[0]), None)),
        (vec![other.clone(), stream.clone()], reached(None, Some(moments[1]))),
        (vec![own("2026-01-05T10:15:00Z"), other, stream], reached(Some(moments[0]), Some(moments[1]))),
        (vec![own("yesterday")], None),
        (vec![keys_of("reached", "#changed#02")], None),
        (vec![own("2026-01-05T10:15:00Z"), bad], None),
    ] {
        let (totals, aws) = responding([ok(json!({ "Items": items }))]);
        let found = totals.reached(&merchant()).await;
        assert_eq!(found.as_ref().ok(), expected.as_ref());
        assert!(!matches!(found, Err(StoreError::Unavailable(_))));
        assert_eq!(aws.bodies("Query"), [between("reached", "#changed#02", "stream")]);
    }
    let item = |at: &str| item("#changed#02", at);
    let (totals, aws) = responding([done()]);
    totals.reach(2, at("2026-01-05T10:15:00Z")).await.unwrap();
    assert_eq!(
        aws.bodies("PutItem"),
        [json!({ "TableName": "journal", "Item": item("2026-01-05T10:15:00Z") })]
    );
}

#[tokio::test]
async fn the_merchants_of_days_are_read_from_every_page_and_partition_and_one_that_is_none_is_told() {
    let of = |merchant: &str| keys_of("#days#00", &format!("2026-01-05#{merchant}"));
    let first = json!({ "Items": [of("m"), of("no merchant")], "LastEvaluatedKey": of("m") });
    let last = json!({ "Items": [keys_of("#days#15", "2026-01-06#m"), keys_of("#days#15", "2026-01-06#n")] });
    let others = (1..MARK_PARTITIONS - 1).map(|_| done());
    let (totals, aws) = responding([ok(first), done()].into_iter().chain(others).chain([ok(last)]));
    let (merchants, bad) = totals.merchants(day(), "2026-01-07".parse().unwrap()).await.unwrap();
    assert_eq!(merchants, [merchant(), "n".parse().unwrap()].into());
    assert_eq!(bad, [unreadable("#days#00 2026-01-05#no merchant", "sort")]);
    let query = |partition| between(&format!("#days#{partition:02}"), "2026-01-05#", "2026-01-07#~");
    let mut queries: Vec<_> = (0..MARK_PARTITIONS).map(query).collect();
    queries.insert(1, with(&queries[0], &json!({ "ExclusiveStartKey": of("m") })));
    assert_eq!(aws.bodies("Query"), queries);
}

#[tokio::test]
async fn a_sample_of_days_is_the_first_one_of_each_partition() {
    let of = |n: u16, sort: &str| ok(json!({ "Items": [keys_of(&format!("#days#{n:02}"), sort)] }));
    let responses = (0..MARK_PARTITIONS).map(|n| match n {
        2 => of(n, "2026-01-06#m"),
        3 => of(n, "2026-01-05#no merchant"),
        7 => of(n, "today#n"),
        9 => of(n, "2026-01-07#n"),
        _ => done(),
    });
    let (totals, aws) = responding(responses);
    let last = "2026-01-07".parse().unwrap();
    let found = totals.sample(day(), last).await.unwrap();
    let sampled = |merchant: &str, day: &str| MerchantDay {
        merchant: merchant.parse().unwrap(),
        day: day.parse().unwrap(),
    };
    assert_eq!(found, [sampled("m", "2026-01-06"), sampled("n", "2026-01-07")]);
    let query = |partition| {
        let mut query = between(&format!("#days#{partition:02}"), "2026-01-05#", "2026-01-07#~");
        query.as_object_mut().unwrap().remove("ConsistentRead");
        with(&query, &json!({ "Limit": 1 }))
    };
    assert_eq!(aws.bodies("Query"), (0..MARK_PARTITIONS).map(query).collect::<Vec<_>>());
    let (totals, _) = responding([throttled()]);
    assert!(matches!(totals.sample(day(), last).await, Err(StoreError::Unavailable(_))));
}

#[tokio::test]
async fn kept_totals_are_read_and_what_is_damaged_is_replaced_where_its_version_is_known() {
    let other_lines = |lines: &str| json!({ "lines": { "S": lines } });
    let unknown_currency = other_lines(&LINES.replacen("USD", "XXQ", 1));
    let items = [
        kept("10:00", 7),
        with(&kept("10:15", 8), &json!({ "lines": null })),
        with(&kept("10:30", 9), &other_lines("[{}]")),
        with(&kept("10:45", 10), &unknown_currency),
        with(&kept("11:00", 11), &json!({ "version": null })),
        kept("11:07", 12),
        with(&kept("11:15", 13), &json!({ "left_out": { "S": "3" } })),
    ];
    let (store, aws) = responding([ok(json!({ "Items": items }))]);
    let found = store.quarters(&merchant(), day()).await.unwrap();
    let quarter = |time: &str| QuarterHour::parse(day(), time).unwrap();
    let unknown = |version| KeptSum { version, totals: None };
    let expected = [
        (quarter("10:00"), KeptSum { version: 7, totals: Some(totals()) }),
        (quarter("10:15"), unknown(8)),
        (quarter("10:30"), unknown(9)),
        (quarter("10:45"), unknown(10)),
        (quarter("11:15"), unknown(13)),
    ];
    assert_eq!(found.sums, expected.into());
    let lines = ["10:15", "10:30", "10:45"].map(|sort| (sort, "lines"));
    let bad = [&lines[..], &[("11:00", "version"), ("11:07", "sort"), ("11:15", "left_out")]].concat();
    assert_eq!(
        found.unreadable,
        bad.iter()
            .map(|(sort, name)| unreadable(&format!("totals#m#2026-01-05 {sort}"), name))
            .collect::<Vec<_>>()
    );
    assert_eq!(aws.bodies("Query"), [between("totals#m#2026-01-05", "00:00", "24:00")]);
}

#[tokio::test]
async fn the_sums_of_days_are_one_query_for_each_year() {
    let of = |year: &str, sort: &str, version: u64| {
        with(&keys_of(&format!("totals#m#{year}"), sort), &sum(version))
    };
    let spoiled = with(&of("2026", "01-04", 3), &json!({ "lines": { "S": "spoiled" } }));
    let pages = [vec![of("2025", "12-31", 1)], vec![spoiled, of("2026", "01-05", 2), of("2026", "02-30", 4)]];
    let (store, aws) = responding(pages.map(|items| ok(json!({ "Items": items }))));
    let first = "2025-11-20".parse().unwrap();
    let found = store.days(&merchant(), first, day()).await.unwrap();
    let whole = |version| KeptSum { version, totals: Some(totals()) };
    let expected = [
        ("2025-12-31".parse().unwrap(), whole(1)),
        ("2026-01-04".parse().unwrap(), KeptSum { version: 3, totals: None }),
        (day(), whole(2)),
    ];
    assert_eq!(found.sums, expected.into());
    let bad = [("01-04", "lines"), ("02-30", "sort")];
    assert_eq!(found.unreadable, bad.map(|(sort, name)| unreadable(&format!("totals#m#2026 {sort}"), name)));
    let queries = [between("totals#m#2025", "11-20", "12-31"), between("totals#m#2026", "01-01", "01-05")];
    assert_eq!(aws.bodies("Query"), queries);
}

#[tokio::test]
async fn totals_replace_only_the_version_that_was_read() {
    let first = json!({
        "ConditionExpression": "attribute_not_exists(#bucket)",
        "ExpressionAttributeNames": { "#bucket": "b" },
    });
    let later = json!({
        "ConditionExpression": "#version = :version", "ExpressionAttributeNames": { "#version": "version" },
        "ExpressionAttributeValues": { ":version": { "N": "3" } },
    });
    for (version, condition) in [(0, first), (3, later)] {
        let (store, aws) = responding([done(), condition_failed(), throttled()]);
        let of = SumOf::Quarter(quarter());
        assert!(store.replace(&merchant(), of, version, &totals()).await.unwrap());
        assert!(!store.replace(&merchant(), of, version, &totals()).await.unwrap());
        let result = store.replace(&merchant(), of, version, &totals()).await;
        assert!(matches!(result, Err(StoreError::Unavailable(_))));
        let item = with(&kept("10:00", version + 1), &json!({ "x": { "N": "1814781600" } }));
        let put = json!({ "TableName": "journal", "Item": item });
        let put = with(&put, &condition);
        assert_eq!(aws.bodies("PutItem"), [put.clone(), put.clone(), put]);
        let (store, aws) = responding([done()]);
        assert!(store.replace(&merchant(), SumOf::Day(day()), version, &totals()).await.unwrap());
        let of_day = with(&kept("10:00", version + 1), &keys_of("totals#m#2026", "01-05"));
        let of_day = with(&of_day, &json!({ "x": { "N": "1814745600" } }));
        let put = with(&json!({ "TableName": "journal", "Item": of_day }), &condition);
        assert_eq!(aws.bodies("PutItem"), [put]);
    }
}

fn mark() -> Mark {
    Mark { merchant: merchant(), quarter: quarter(), at: at("2026-01-05T10:08:00.123Z") }
}

fn marked(sort: &str) -> Value {
    with(&keys_of("#changed#02", sort), &json!({ "at": { "S": "2026-01-05T10:08:00.123Z" } }))
}

#[tokio::test]
async fn marks_are_read_from_every_page_and_what_names_no_quarter_is_told() {
    let bad = ["m#2026-01-05#10:07", "m#today#10:00", "no merchant#2026-01-05#10:00", "10:00"];
    let items: Vec<_> = ["m#2026-01-05#10:00"].into_iter().chain(bad).map(marked).collect();
    let next = keys_of("#changed#02", "10:00");
    let first = json!({ "Items": items, "LastEvaluatedKey": next });
    let without = keys_of("#changed#02", "m#2026-01-05#10:15");
    let (store, aws) = responding([ok(first), ok(json!({ "Items": [without] }))]);
    let (marks, unread) = store.marks(2).await.unwrap();
    assert_eq!(marks, [mark()]);
    let mut expected: Vec<_> = bad.map(|sort| unreadable(&format!("#changed#02 {sort}"), "sort")).into();
    expected.push(unreadable("#changed#02 m#2026-01-05#10:15", "at"));
    assert_eq!(unread, expected);
    let query = json!({
        "TableName": "journal", "KeyConditionExpression": "#bucket = :bucket", "ConsistentRead": true,
        "ExpressionAttributeNames": { "#bucket": "b" },
        "ExpressionAttributeValues": { ":bucket": { "S": "#changed#02" } },
    });
    assert_eq!(aws.bodies("Query"), [query.clone(), with(&query, &json!({ "ExclusiveStartKey": next }))]);
}

#[tokio::test]
async fn a_mark_is_deleted_only_as_it_was_read() {
    let (store, aws) = responding([done(), condition_failed()]);
    store.settle(&mark()).await.unwrap();
    store.settle(&mark()).await.unwrap();
    let delete = json!({
        "TableName": "journal", "Key": mark_key(),
        "ConditionExpression": "#at = :at", "ExpressionAttributeNames": { "#at": "at" },
        "ExpressionAttributeValues": { ":at": { "S": "2026-01-05T10:08:00.123Z" } },
    });
    assert_eq!(aws.bodies("DeleteItem"), [delete.clone(), delete]);
}

#[test]
fn the_marks_of_merchants_spread_over_all_partitions() {
    let of = |n: u32| {
        super::super::totals::mark_keys(&Mark { merchant: n.to_string().parse().unwrap(), ..mark() })
    };
    let found: std::collections::BTreeSet<_> = (0..300).map(|n| text(&of(n), "b").cloned()).collect();
    assert_eq!(found.len(), usize::from(MARK_PARTITIONS));
}

#[tokio::test]
async fn the_marked_quarters_of_a_merchants_days_are_those_whose_marks_name_one() {
    let sorts = ["m#2026-01-05#10:00", "m#2026-01-05#10:15", "m#2026-01-06", "m#2026-01-07#00:00"];
    let (store, aws) = responding([ok(json!({ "Items": sorts.map(marked) }))]);
    let last = "2026-01-07".parse().unwrap();
    let at = |day, time| QuarterHour::parse(day, time).unwrap();
    let found = [at(day(), "10:00"), at(day(), "10:15"), at(last, "00:00")];
    assert_eq!(store.marked(&merchant(), day(), last).await.unwrap(), found);
    assert_eq!(aws.bodies("Query"), [between("#changed#02", "m#2026-01-05", "m#2026-01-07~")]);
}

#[tokio::test]
async fn totals_that_do_not_respond_are_unavailable_and_not_empty() {
    for n in 0..8 {
        let (store, _) = responding([throttled()]);
        let result = match n {
            0 => store.reached(&merchant()).await.map(drop),
            1 => store.reach(2, at("2026-01-05T10:15:00Z")).await,
            2 => store.merchants(day(), day()).await.map(drop),
            3 => store.quarters(&merchant(), day()).await.map(drop),
            4 => store.marks(2).await.map(drop),
            5 => store.settle(&mark()).await,
            6 => store.days(&merchant(), day(), day()).await.map(drop),
            _ => store.marked(&merchant(), day(), day()).await.map(drop),
        };
        assert!(matches!(result, Err(StoreError::Unavailable(_))), "{n}");
    }
}

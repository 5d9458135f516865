//! Totals, as they are kept.

use tollgate_core::{
    journal::{KeptSum, LateQuarter, SumOf, Total, TotalLine, Totals, TotalsStore},
    payments::Unreadable,
    values::SignedAmount,
};

use super::*;

fn responding(responses: impl IntoIterator<Item = Scripted>) -> (DynamoDbTotals, Arc<Aws>) {
    let aws = Aws::responding(responses);
    (DynamoDbTotals::new(aws.dynamodb(), "journal".to_owned(), retention()), aws)
}

/// A query of a partition of the table, as it is now.
fn query(condition: &str, values: &Value) -> Value {
    json!({
        "TableName": "journal", "KeyConditionExpression": format!("#bucket = :bucket AND {condition}"),
        "ConsistentRead": true, "ExpressionAttributeNames": { "#bucket": "b", "#sort": "s" },
        "ExpressionAttributeValues": values,
    })
}

fn between(bucket: &str, from: &str, to: &str) -> Value {
    let values = json!({ ":bucket": { "S": bucket }, ":from": { "S": from }, ":to": { "S": to } });
    query("#sort BETWEEN :from AND :to", &values)
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
    totals
}

const LINES: &str = concat!(
    r#"[["USD","purchase","approved","1",null,null,2,2599,1,2,-3,4,0,0],"#,
    r#"["USD","purchase","approved","1","visa","expired_card",2,2599,1,2,-3,4,0,0]]"#,
);

fn kept(sort: &str, version: u64) -> Value {
    let members = json!({ "lines": { "S": LINES }, "version": { "N": version.to_string() } });
    with(&keys_of("totals#m#2026-01-05", sort), &members)
}

#[tokio::test]
async fn the_point_that_the_totals_have_reached_is_one_item() {
    let item = |at: &str| with(&keys_of("reached", "reached"), &json!({ "at": { "S": at } }));
    for (response, expected) in [
        (done(), Some(None)),
        (ok(json!({ "Item": item("2026-01-05T10:15:00Z") })), Some(Some(at("2026-01-05T10:15:00Z")))),
        (ok(json!({ "Item": item("yesterday") })), None),
        (ok(json!({ "Item": keys_of("reached", "reached") })), None),
    ] {
        let (totals, aws) = responding([response]);
        let found = totals.reached().await;
        assert_eq!(found.as_ref().ok(), expected.as_ref());
        assert!(!matches!(found, Err(StoreError::Unavailable(_))));
        let get = json!({
            "TableName": "journal", "Key": keys_of("reached", "reached"), "ConsistentRead": true,
        });
        assert_eq!(aws.bodies("GetItem"), [get]);
    }
    let (totals, aws) = responding([done()]);
    totals.reach(at("2026-01-05T10:15:00Z")).await.unwrap();
    assert_eq!(
        aws.bodies("PutItem"),
        [json!({ "TableName": "journal", "Item": item("2026-01-05T10:15:00Z") })]
    );
}

#[tokio::test]
async fn the_merchants_of_a_day_are_read_from_every_page_and_one_that_is_none_is_told() {
    let of = |merchant: &str| keys_of("days", &format!("2026-01-05#{merchant}"));
    let first = json!({ "Items": [of("m"), of("no merchant")], "LastEvaluatedKey": of("m") });
    let (totals, aws) = responding([ok(first), ok(json!({ "Items": [of("n")] }))]);
    let (merchants, bad) = totals.merchants(day()).await.unwrap();
    assert_eq!(merchants, [merchant(), "n".parse().unwrap()]);
    assert_eq!(bad, [unreadable("days 2026-01-05#no merchant", "sort")]);
    let query = between("days", "2026-01-05#", "2026-01-05#~");
    assert_eq!(aws.bodies("Query"), [query.clone(), with(&query, &json!({ "ExclusiveStartKey": of("m") }))]);
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
    ];
    assert_eq!(found.sums, expected.into());
    let bad =
        [("10:15", "lines"), ("10:30", "lines"), ("10:45", "lines"), ("11:00", "version"), ("11:07", "sort")];
    assert_eq!(
        found.unreadable,
        bad.map(|(sort, name)| unreadable(&format!("totals#m#2026-01-05 {sort}"), name))
    );
    assert_eq!(aws.bodies("Query"), [between("totals#m#2026-01-05", "00:00", "24:00")]);
}

#[tokio::test]
async fn the_sums_of_days_are_one_query_for_each_year() {
    let of = |year: &str, sort: &str, version: u64| {
        let members = json!({ "lines": { "S": LINES }, "version": { "N": version.to_string() } });
        with(&keys_of(&format!("totals#m#{year}"), sort), &members)
    };
    let spoiled = with(&of("2026", "01-04", 3), &json!({ "lines": { "S": "spoiled" } }));
    let pages = [vec![of("2025", "12-31", 1)], vec![spoiled, of("2026", "01-05", 2), of("2026", "02-30", 4)]];
    let (store, aws) = responding(pages.map(|items| ok(json!({ "Items": items }))));
    let first = "2025-11-20".parse().unwrap();
    let found = store.days(&merchant(), first, day()).await.unwrap();
    let sum = |version| KeptSum { version, totals: Some(totals()) };
    let expected = [
        ("2025-12-31".parse().unwrap(), sum(1)),
        ("2026-01-04".parse().unwrap(), KeptSum { version: 3, totals: None }),
        (day(), sum(2)),
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

#[tokio::test]
async fn late_quarters_are_read_with_their_marks_and_settled_by_them() {
    let late = |sort: &str| with(&keys_of("late", sort), &json!({ "mark": { "S": "x" } }));
    let bad = ["m#2026-01-05#10:07", "m#today#10:00", "no merchant#2026-01-05#10:00", "10:00"];
    let items = [late("m#2026-01-05#10:00")].into_iter().chain(bad.map(late));
    let items: Vec<_> = items.chain([keys_of("late", "m#2026-01-05#10:15")]).collect();
    let page = json!({ "Items": items, "LastEvaluatedKey": keys_of("late", "m#2026-01-05#10:15") });
    let (store, aws) = responding([ok(page), done()]);
    let found = store.late(None).await.unwrap();
    let quarter = LateQuarter { merchant: merchant(), quarter: quarter(), mark: "x".to_owned() };
    assert_eq!(found.quarters, std::slice::from_ref(&quarter));
    let mut unread: Vec<_> = bad.map(|sort| unreadable(&format!("late {sort}"), "sort")).into();
    unread.push(unreadable("late m#2026-01-05#10:15", "mark"));
    assert_eq!(found.unreadable, unread);
    let next = found.next.unwrap();
    assert_eq!(next, "m#2026-01-05#10:15");
    let end = store.late(Some(&next)).await.unwrap();
    assert!(end.quarters.is_empty() && end.unreadable.is_empty() && end.next.is_none());
    let queries = [" ", &next].map(|after| {
        let values = json!({ ":bucket": { "S": "late" }, ":after": { "S": after } });
        with(&query("#sort > :after", &values), &json!({ "Limit": 100 }))
    });
    assert_eq!(aws.bodies("Query"), queries);
    let (store, aws) = responding([done(), condition_failed()]);
    store.settle(&quarter).await.unwrap();
    store.settle(&quarter).await.unwrap();
    let delete = json!({
        "TableName": "journal", "Key": keys_of("late", "m#2026-01-05#10:00"),
        "ConditionExpression": "#mark = :mark", "ExpressionAttributeNames": { "#mark": "mark" },
        "ExpressionAttributeValues": { ":mark": { "S": "x" } },
    });
    assert_eq!(aws.bodies("DeleteItem"), [delete.clone(), delete]);
}

#[tokio::test]
async fn quarters_that_got_entries_late_are_those_whose_marks_name_one() {
    let late = |sort: &str| with(&keys_of("late", sort), &json!({ "mark": { "S": "x" } }));
    let sorts = ["m#2026-01-05#10:00", "m#2026-01-05#10:15", "m#2026-01-06", "m#2026-01-07#00:00"];
    let (store, aws) = responding([ok(json!({ "Items": sorts.map(late) }))]);
    let last = "2026-01-07".parse().unwrap();
    let at = |day, time| QuarterHour::parse(day, time).unwrap();
    let late = [at(day(), "10:00"), at(day(), "10:15"), at(last, "00:00")];
    assert_eq!(store.late_quarters(&merchant(), day(), last).await.unwrap(), late);
    assert_eq!(aws.bodies("Query"), [between("late", "m#2026-01-05", "m#2026-01-07~")]);
}

#[tokio::test]
async fn totals_that_do_not_respond_are_unavailable_and_not_empty() {
    let quarter = LateQuarter { merchant: merchant(), quarter: quarter(), mark: "x".to_owned() };
    for n in 0..8 {
        let (store, _) = responding([throttled()]);
        let result = match n {
            0 => store.reached().await.map(drop),
            1 => store.reach(at("2026-01-05T10:15:00Z")).await,
            2 => store.merchants(day()).await.map(drop),
            3 => store.quarters(&merchant(), day()).await.map(drop),
            4 => store.late(None).await.map(drop),
            5 => store.settle(&quarter).await,
            6 => store.days(&merchant(), day(), day()).await.map(drop),
            _ => store.late_quarters(&merchant(), day(), day()).await.map(drop),
        };
        assert!(matches!(result, Err(StoreError::Unavailable(_))), "{n}");
    }
}

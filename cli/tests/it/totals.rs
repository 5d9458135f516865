//! `report`: totals by month, day and hour.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::{Timestamp, tz::TimeZone};
use local::{JOURNAL_TABLE_NAME, dynamodb_client};
use serde_json::{Value, json};
use tollgate::dynamodb::Item;
use tollgate_core::values::Clock;

use crate::support::{Fixture, MERCHANT};

async fn report(fixture: &Fixture, more: &[&str]) -> Value {
    fixture.run(&[&["report", MERCHANT, "--json"], more].concat(), "").await.json()
}

fn midnight(at: Timestamp) -> Timestamp {
    at.to_zoned(TimeZone::UTC).date().to_zoned(TimeZone::UTC).unwrap().timestamp()
}

/// Moves the stack's clock to an hour of the next day, so that no midnight comes between a
/// test's steps.
fn to_the_next_day(fixture: &Fixture, hour: i64) {
    let now = fixture.stack.clock().now();
    let since_midnight = now.duration_since(midnight(now)).as_secs();
    fixture.stack.advance_clock(24 * 3_600 - since_midnight + hour * 3_600);
}

/// Two purchases, one of which was refunded in part, and an authorization that was captured in
/// part.
async fn sell(fixture: &Fixture) {
    let (_, refunded) = fixture.pay("o-1", "purchase").await;
    fixture.pay("o-2", "purchase").await;
    fixture.stack.simulator().settle();
    assert_eq!(fixture.follow_up("o-1", &refunded, "refund", json!({ "amount": 500 })).await.0, 200);
    let (_, held) = fixture.pay("o-3", "authorize").await;
    assert_eq!(fixture.follow_up("o-3", &held, "capture", json!({ "amount": 1000 })).await.0, 200);
    count(fixture).await;
}

/// The journal takes the payments, a run of the schedule sums them up, and its heartbeat comes
/// through the stream.
async fn count(fixture: &Fixture) {
    fixture.stack.deliver_stream().await.unwrap();
    let report = fixture.stack.invoke_scheduled("totals").await.unwrap();
    assert_eq!(report["failed"], 0, "{report}");
    fixture.stack.deliver_stream().await.unwrap();
}

/// The result and the finding of a check of `doctor`.
async fn checked(fixture: &Fixture) -> [String; 2] {
    let report: Value = serde_json::from_str(&fixture.run(&["doctor", "--json"], "").await.out).unwrap();
    let checks = report["checks"].as_array().unwrap().clone();
    let check = checks.into_iter().find(|check| check["check"] == "totals").unwrap();
    ["result", "found"].map(|name| check[name].as_str().unwrap().to_owned())
}

/// The items of the journal's table that these are.
async fn kept(fixture: &Fixture, is_one: impl Fn(&Item) -> bool) -> Vec<Item> {
    let client = dynamodb_client(fixture.stack.dynamodb_url());
    let items = client.scan().table_name(JOURNAL_TABLE_NAME).send().await.unwrap().items.unwrap();
    items.into_iter().filter(is_one).collect()
}

async fn put(fixture: &Fixture, item: Item) {
    let client = dynamodb_client(fixture.stack.dynamodb_url());
    client.put_item().table_name(JOURNAL_TABLE_NAME).set_item(Some(item)).send().await.unwrap();
}

async fn lose(fixture: &Fixture, item: &Item) {
    let key = item.clone().into_iter().filter(|(name, _)| name == "b" || name == "s").collect();
    let client = dynamodb_client(fixture.stack.dynamodb_url());
    client.delete_item().table_name(JOURNAL_TABLE_NAME).set_key(Some(key)).send().await.unwrap();
}

fn is_text(item: &Item, name: &str, is_it: impl Fn(&str) -> bool) -> bool {
    item.get(name).is_some_and(|value| value.as_s().is_ok_and(|text| is_it(text)))
}

/// Of each total: operation, fact, count, amount, held, paid, returned, at the gateway.
fn lines(report: &Value) -> Vec<Value> {
    let line = |total: &Value| {
        let names =
            ["operation", "fact", "count", "amount", "held", "paid", "returned", "at_gateway", "provisional"];
        Value::Array(names.iter().map(|name| total[name].clone()).collect())
    };
    report["totals"].as_array().unwrap().iter().map(line).collect()
}

#[tokio::test]
async fn totals_are_of_what_the_filters_leave_and_all_of_it() {
    let fixture = Fixture::open().await;
    to_the_next_day(&fixture, 12);
    sell(&fixture).await;
    let all = lines(&report(&fixture, &["--day", "today"]).await);
    assert_eq!(all.len(), 4);
    for (only, places) in [
        (&["--operation", "capture,refund"][..], &[1, 3][..]),
        (&["--fact", "approved", "--brand", "visa,jcb"], &[0, 2]),
        (&["--mid", "496160873888", "--fact", "refunded"], &[3]),
        (&["--currency", "CAD,EUR"], &[]),
        (&["--decline-code", "insufficient_funds"], &[]),
    ] {
        let found = report(&fixture, &[&["--day", "today"], only].concat()).await;
        let wanted: Vec<Value> = places.iter().map(|n: &usize| all[*n].clone()).collect();
        assert_eq!(lines(&found), wanted, "{only:?}");
    }
    fixture.close().await;
}

#[tokio::test]
async fn doctor_says_how_far_totals_are_and_sums_a_day_up_anew() {
    let fixture = Fixture::open().await;
    assert_eq!(checked(&fixture).await[0], "note", "nothing is counted yet");
    to_the_next_day(&fixture, 12);
    let day = fixture.stack.clock().now().strftime("%F").to_string();
    sell(&fixture).await;
    to_the_next_day(&fixture, 12);
    count(&fixture).await;
    let [result, found] = checked(&fixture).await;
    let says = "5 facts of 1 sampled days are those of their entries".to_owned();
    assert_eq!((result.as_str(), found), ("ok", says));
    // The entry of the refund is lost.
    lose(&fixture, &kept(&fixture, |item| is_text(item, "f", |fact| fact == "r")).await[0]).await;
    let [result, found] = checked(&fixture).await;
    let says = format!("{day} of {MERCHANT} has 4 facts, its sum 5, its quarter-hours 5: ");
    assert!(result == "failed" && found.starts_with(&says), "{found}");
    fixture.close().await;
}

#[tokio::test]
async fn doctor_notices_a_lost_or_damaged_sum_of_a_day_in_the_year_before() {
    let fixture = Fixture::open().await;
    to_the_next_day(&fixture, 12);
    let day = fixture.stack.clock().now().strftime("%F").to_string();
    sell(&fixture).await;
    // The only day of its month, and not of the last one.
    fixture.stack.advance_clock(70 * 86_400);
    count(&fixture).await;
    let fine = ["ok", "5 facts of 1 sampled days are those of their entries"];
    assert_eq!(checked(&fixture).await, fine);
    let of_year = format!("totals#{MERCHANT}#{}", &day[..4]);
    let of_day = format!("totals#{MERCHANT}#{day}");
    let is_day = |item: &Item| is_text(item, "b", |b| b == of_year) && is_text(item, "s", |s| s == &day[5..]);
    let is_quarter = |item: &Item| is_text(item, "b", |b| b == of_day);
    let [sum, quarter] = [kept(&fixture, is_day).await.remove(0), kept(&fixture, is_quarter).await.remove(0)];
    let says = |sums: &str| format!("{day} of {MERCHANT} has 5 facts, its sum {sums}: ");
    for (item, sums) in [(&sum, "0, its quarter-hours 5"), (&quarter, "5, its quarter-hours ")] {
        lose(&fixture, item).await;
        let [result, found] = checked(&fixture).await;
        let is_said = found.starts_with(says(sums).trim_end_matches(": "));
        assert!(result == "failed" && is_said, "{found}");
        let spoiled = [("lines".to_owned(), AttributeValue::S("[".to_owned()))];
        put(&fixture, item.clone().into_iter().chain(spoiled).collect()).await;
        assert_eq!(checked(&fixture).await[0], "failed");
        put(&fixture, item.clone()).await;
    }
    assert_eq!(checked(&fixture).await, fine);
    // Both are lost, and repaired as the finding says.
    lose(&fixture, &sum).await;
    lose(&fixture, &quarter).await;
    let [_, found] = checked(&fixture).await;
    assert!(found.contains("its sum 0") && found.contains("`tollgate journal rebuild`"), "{found}");
    fixture.run(&["journal", "rebuild"], "").await.done();
    count(&fixture).await;
    fixture.stack.advance_clock(3_600);
    count(&fixture).await;
    assert_eq!(checked(&fixture).await, fine);
    fixture.close().await;
}

#[tokio::test]
async fn a_report_says_how_many_entries_cannot_be_read() {
    let fixture = Fixture::open().await;
    to_the_next_day(&fixture, 12);
    fixture.pay("o-1", "purchase").await;
    fixture.pay("o-2", "purchase").await;
    fixture.stack.deliver_stream().await.unwrap();
    let mut entry = kept(&fixture, |item| is_text(item, "o", |order| order == "o-1")).await.remove(0);
    entry.insert("k".to_owned(), AttributeValue::Bool(true));
    put(&fixture, entry).await;
    count(&fixture).await;
    let today = report(&fixture, &["--day", "today"]).await;
    let found = &today["merchants"][0];
    assert_eq!((&found["unreadable_entries"], &found["unreadable"]), (&json!(1), &json!([])), "{today}");
    let says = "not counted: entries that cannot be read: 1";
    let ran = fixture.run(&["report", MERCHANT, "--day", "today"], "").await;
    assert!(ran.out.contains(says), "{ran:?}");
    let ran = fixture.run(&["report", MERCHANT, "--day", "today", "--csv"], "").await;
    assert!(ran.err.contains(says), "{ran:?}");
    fixture.close().await;
}

#[tokio::test]
async fn totals_are_what_happened_on_the_day_and_final_an_hour_after_it() {
    let fixture = Fixture::open().await;
    // An entry waits for the first run that counts.
    fixture.pay("o-0", "authorize").await;
    fixture.stack.deliver_stream().await.unwrap();
    for format in [&[][..], &["--csv"]] {
        let ran = fixture.run(&[&["report", MERCHANT, "--day", "today"][..], format].concat(), "").await;
        let said = if format.is_empty() { &ran.out } else { &ran.err };
        assert!(said.starts_with("Nothing is counted yet") && !said.contains("PERIOD"), "{ran:?}");
    }
    // In another month.
    fixture.stack.advance_clock(40 * 24 * 3_600);
    to_the_next_day(&fixture, 12);
    sell(&fixture).await;
    let expected = |provisional: bool| {
        vec![
            json!(["authorize", "approved", 1, 2599, 2599, 0, 0, 0, provisional]),
            json!(["capture", "captured", 1, 1000, -2599, 1000, 0, 1000, provisional]),
            json!(["purchase", "approved", 2, 5198, 0, 5198, 0, 5198, provisional]),
            json!(["refund", "refunded", 1, 500, 0, 0, 500, -500, provisional]),
        ]
    };
    let today = report(&fixture, &["--day", "today"]).await;
    assert_eq!(lines(&today), expected(true));
    assert!(today["merchants"][0]["complete_until"].is_string(), "{today}");
    let total = &today["totals"][0];
    assert_eq!((&total["currency"], &total["mid"]), (&json!("USD"), &json!("496160873888")));
    assert_eq!(report(&fixture, &[]).await["totals"], json!([]), "yesterday, unless it is said otherwise");

    let day = fixture.stack.clock().now().to_zoned(TimeZone::UTC).date().to_string();
    to_the_next_day(&fixture, 0);
    count(&fixture).await;
    assert_eq!(lines(&report(&fixture, &[]).await), expected(true), "the next day's first hour");
    fixture.stack.advance_clock(3_660);
    count(&fixture).await;
    assert_eq!(lines(&report(&fixture, &["--day", "yesterday"]).await), expected(false));
    assert_eq!(lines(&report(&fixture, &["--day", &day]).await), expected(false));
    assert_eq!(lines(&report(&fixture, &["--from", &day]).await), expected(false));
    assert_eq!(lines(&report(&fixture, &["--month", &day[..7], "--interval", "day"]).await), expected(false));
    assert_eq!(report(&fixture, &["--from", &day, "--currency", "EUR"]).await["totals"], json!([]));
    // Noon of UTC is the next day far in the east, and the same one in New York.
    let zone = |name| ["--time-zone", name, "--day", day.as_str()];
    assert_eq!(report(&fixture, &zone("Pacific/Kiritimati")).await["totals"], json!([]));
    let there = [&zone("America/New_York")[..], &["--by", "currency"]].concat();
    assert_eq!(report(&fixture, &there).await["totals"][0]["period"], day);
    let month = report(&fixture, &["--month", &day[..7], "--by", "mid"]).await;
    let sums =
        ["held", "paid", "returned", "at_gateway", "approved"].map(|name| month["totals"][0][name].clone());
    assert_eq!(sums, [0, 6198, 500, 5698, 3].map(|minor| json!(minor)));

    let csv = fixture.run(&["report", MERCHANT, "--csv"], "").await.done();
    let rows: Vec<&str> = csv.split("\r\n").collect();
    assert_eq!(
        rows[0],
        "period,currency,operation,fact,mid,brand,decline_code,count,amount,held,paid,returned,at_gateway,fees_at_gateway,\
         approved,declined,payments,approval_rate,decline_rate,provisional,disputed,issuer_approved,issuer_approval_rate,\
         approved_amount,refunds"
    );
    assert_eq!(rows.len(), 1 + 4 + 1, "{csv}");
    assert!(rows[2].starts_with(&format!("{day},USD,capture,captured,496160873888,")), "{csv}");
    assert!(rows[2].ends_with(",,1,10.00,-25.99,10.00,0.00,10.00,0.00,0,0,0,,,no,0.00,0,,0.00,0"), "{csv}");
    // Every merchant's, told apart.
    let all = fixture.run(&["report", "--all-merchants", "--csv"], "").await.done();
    let all: Vec<&str> = all.split("\r\n").collect();
    assert_eq!((all.len(), all[0].split(',').next()), (1 + 4 + 1, Some("merchant")));
    assert_eq!(all[2], format!("{MERCHANT},{}", rows[2]));
    fixture.close().await;
}

#[tokio::test]
async fn a_range_that_cannot_be_added_up_is_refused_before_anything_is_read() {
    let fixture = Fixture::open().await;
    let from = ["--from", "2026-01-01", "--to"];
    for (more, says) in [
        (vec!["--day", "last week"], "today, yesterday or a date"),
        (vec!["--day", "today", "--from", "2026-01-01"], "cannot be used with"),
        (vec!["--all-merchants"], "cannot be used with"),
        ([&from[..], &["2026-04-03"]].concat(), "must be within 92 days of from with interval day"),
        ([&from[..], &["2025-12-31"]].concat(), "--to must not be before from"),
        ([&from[..], &["2026-11-31"]].concat(), "a day such as 2026-11-20 or a month"),
        (vec!["--time-zone", "New_York"], "is not a time zone of the IANA database"),
        (vec!["--interval", "week"], "must be one of month, day"),
        (vec!["--by", "retref"], "must be some of operation, fact, mid, brand, decline_code"),
    ] {
        fixture.run(&[&["report", MERCHANT], &more[..]].concat(), "").await.fails(2, says);
    }
    fixture.run(&["report"], "").await.fails(2, "required");
    fixture.close().await;
}

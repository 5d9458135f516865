//! `GET /v2/reports/totals`: a merchant's totals by period, from the sums that the schedule keeps.

use jiff::SignedDuration;
use local::{Options, Stack, merchants};
use reqwest::Method;
use serde_json::{Value, json};
use tollgate::spreadsheet::{FileRow as _, totals::Shown};
use tollgate_core::values::Clock as _;

use crate::{
    shop::{Answer, MASTERCARD, NO_FUNDS, Shop, VISA, by_card_with},
    support::client,
};

const PATH: &str = "/v2/reports/totals";

const PURCHASE: [&str; 2] = ["purchase", "approved"];

async fn report(shop: &Shop, query: &[(&str, &str)]) -> Answer {
    let url = reqwest::Url::parse_with_params("http://x/", query).unwrap();
    shop.get(&format!("{PATH}?{}", url.query().unwrap_or_default())).await
}

/// A day by the stack's clock, so many hours from now.
fn day(shop: &Shop, hours: i64) -> String {
    (shop.stack.clock().now() + SignedDuration::from_hours(hours)).strftime("%Y-%m-%d").to_string()
}

async fn pay(shop: &Shop, order: &str, card: &str) -> Answer {
    shop.register(order, 2599).await;
    shop.pay(order, by_card_with("purchase", card, &json!({}))).await
}

/// The journal takes the payments, a run of the schedule sums them up, and its heartbeat comes
/// through the stream.
async fn count(shop: &Shop) -> Value {
    shop.stack.deliver_stream().await.unwrap();
    let report = shop.stack.invoke_scheduled("totals").await.unwrap();
    assert_eq!((&report["failed"], &report["more_left"]), (&json!(0), &json!(false)), "{report}");
    shop.stack.deliver_stream().await.unwrap();
    report
}

/// The count of a day's totals with this operation and this fact.
fn counted(page: &Answer, day: &str, [operation, fact]: [&str; 2]) -> u64 {
    let lines = page.data(200).as_array().unwrap().iter();
    let wanted =
        lines.filter(|line| line["period"] == day && line["operation"] == operation && line["fact"] == fact);
    wanted.map(|line| line["count"].as_u64().unwrap()).sum()
}

/// At half past twelve, so that no test passes midnight unless it wants to.
async fn open() -> Shop {
    let mut shop = Shop::open().await;
    at(&mut shop, 12, 30).await;
    shop
}

#[tokio::test]
async fn totals_are_those_of_the_facts_by_currency_fact_and_brand_as_json_and_as_csv() {
    let shop = open().await;
    let today = day(&shop, 0);
    let query = [("from", today.as_str())];
    let before = report(&shop, &query).await;
    assert_eq!(before.data(200), &json!([]));
    assert_eq!(before.body["meta"]["complete_until"], Value::Null, "nothing came through the stream");
    assert_eq!(before.body["meta"]["provisional"], json!([today]));
    count(&shop).await;
    let before = report(&shop, &query).await;
    assert!(before.body["meta"]["complete_until"].is_string(), "nothing is marked, so all is counted");

    let paid = pay(&shop, "o-1", VISA).await.id();
    pay(&shop, "o-2", VISA).await.data(200);
    pay(&shop, "o-3", MASTERCARD).await.data(200);
    pay(&shop, "o-4", NO_FUNDS).await.error(400, "declined");
    shop.stack.simulator().settle();
    shop.follow_up("o-1", &paid, "refund", json!({"amount": 500})).await.data(200);
    let counting = shop.stack.clock().now();
    count(&shop).await;

    let page = report(&shop, &query).await;
    let line = |operation: &str, fact: &str, brand: &str| {
        let lines = page.data(200).as_array().unwrap().iter();
        let mut lines = lines
            .filter(|line| line["operation"] == operation && line["fact"] == fact && line["brand"] == brand);
        let found = lines.next().unwrap_or_else(|| panic!("{operation} {fact} {brand}: {}", page.body));
        assert!(lines.next().is_none());
        let member = |name: &str| found[name].as_i64().unwrap();
        ["count", "amount", "held", "paid", "returned", "at_gateway"].map(member)
    };
    assert_eq!(line("purchase", "approved", "Visa"), [2, 5198, 0, 5198, 0, 5198]);
    assert_eq!(line("purchase", "approved", "Mastercard"), [1, 2599, 0, 2599, 0, 2599]);
    assert_eq!(line("purchase", "declined", "Visa"), [1, 2599, 0, 0, 0, 0]);
    assert_eq!(line("refund", "refunded", "Visa"), [1, 500, 0, 0, 500, -500]);
    assert_eq!(page.data(200).as_array().unwrap().len(), 4);
    let until = page.body["meta"]["complete_until"].as_str().unwrap();
    let minute = SignedDuration::from_mins(1);
    let since = counting - minute..shop.stack.clock().now() - minute;
    assert!(since.contains(&until.parse().unwrap()), "{until}");

    let euros = report(&shop, &[("from", &today), ("currency", "EUR")]).await;
    assert_eq!(euros.data(200), &json!([]));
    let accept = [("accept", "text/csv")];
    let file = shop.send(Method::GET, &format!("{PATH}?from={today}"), &accept, String::new()).await;
    assert_eq!(file.headers["content-type"], "text/csv; charset=utf-8");
    let lines: Vec<&str> = file.body.as_str().unwrap().lines().collect();
    assert_eq!((lines.len(), lines[0]), (5, Shown::names().join(",").as_str()));
    let visa = format!(
        "{today},USD,purchase,approved,496160873888,Visa,,2,51.98,0.00,51.98,0.00,51.98,0.00,2,0,3,0.6667,0.0000,yes,0.00,2,0.6667,51.98,0"
    );
    assert!(lines.contains(&visa.as_str()), "{lines:#?}");
    // Another merchant's totals are its own.
    let mut shop = shop;
    let other = shop.token(merchants::EXTERNAL, Some(merchants::EXTERNAL_KEY)).await;
    shop.use_token(other.body["access_token"].as_str().unwrap());
    assert_eq!(report(&shop, &query).await.data(200), &json!([]));
    shop.close().await;
}

/// Moves the clock to this time of UTC, of this day or the next one.
async fn at(shop: &mut Shop, hour: i64, minute: i64) {
    let now = shop.stack.clock().now().as_second();
    shop.stack.advance_clock((hour * 3_600 + minute * 60 - now % 86_400).rem_euclid(86_400));
    shop.renew_token().await;
}

#[tokio::test]
async fn a_day_and_an_hour_are_those_of_the_time_zone_and_rates_are_by_brand_and_by_decline_code() {
    // Half past two in the night of UTC is the evening of the day before in New York, and morning
    // in Kathmandu.
    let mut shop = open().await;
    at(&mut shop, 2, 30).await;
    let utc = day(&shop, 0);
    pay(&shop, "o-1", VISA).await.data(200);
    pay(&shop, "o-2", NO_FUNDS).await.error(400, "declined");
    pay(&shop, "o-3", MASTERCARD).await.data(200);
    count(&shop).await;
    let new_york = day(&shop, -5);
    assert_ne!(new_york, utc);
    for (zone, expected) in [
        ("UTC", &utc),
        ("America/New_York", &new_york),
        ("Asia/Kathmandu", &utc),
        ("America/St_Johns", &new_york),
    ] {
        let range = [("from", new_york.as_str()), ("to", &utc), ("time_zone", zone)];
        let page = report(&shop, &range).await;
        let days: Vec<_> = page.data(200).as_array().unwrap().iter().map(|line| &line["period"]).collect();
        assert!(!days.is_empty() && days.iter().all(|day| *day == expected), "{zone}: {days:?}");
        assert_eq!(page.body["meta"]["time_zone"], zone);
    }
    let range = [("from", new_york.as_str()), ("to", &new_york), ("time_zone", "America/New_York")];
    let page = report(&shop, &[&range[..], &[("by", "currency")]].concat()).await;
    let days = page.data(200).as_array().unwrap();
    assert_eq!(days[0]["period"], new_york);
    let expected = [json!(2), json!(1), json!(3), json!(0.6667), json!(0.3333), Value::Null, Value::Null];
    let names = ["approved", "declined", "payments", "approval_rate", "decline_rate", "count", "fact"];
    assert_eq!((days.len(), names.map(|name| days[0][name].clone())), (1, expected));

    let rates = async |by: &str| {
        let page = report(&shop, &[("from", &utc), ("by", by)]).await;
        let lines = page.data(200).as_array().unwrap().clone();
        let of = |line: &Value| {
            [&line[by], &line["approved"], &line["declined"], &line["approval_rate"]].map(Value::clone)
        };
        lines.iter().map(of).collect::<Vec<_>>()
    };
    let brands = [
        [json!("Mastercard"), json!(1), json!(0), json!(1.0)],
        [json!("Visa"), json!(1), json!(1), json!(0.5)],
    ];
    assert_eq!(rates("brand").await, brands);
    let codes = [
        [Value::Null, json!(2), json!(0), json!(0.6667)],
        [json!("insufficient_funds"), json!(0), json!(1), json!(0.0)],
    ];
    assert_eq!(rates("decline_code").await, codes);
    let month =
        report(&shop, &[("from", &new_york[..7]), ("to", &utc[..7]), ("by", "mid"), ("fact", "approved")])
            .await;
    let line = &month.data(200)[0];
    assert_eq!(
        (&line["period"], &line["paid"], &line["mid"]),
        (&json!(utc[..7]), &json!(5198), &json!("496160873888"))
    );
    assert_eq!(month.body["meta"]["interval"], "month");
    report(&shop, &[("from", "2025-12"), ("to", "2026-11")]).await.data(200);
    shop.close().await;
}

#[tokio::test]
async fn a_day_is_final_an_hour_after_its_end_and_provisional_again_while_an_entry_is_late() {
    let mut shop = open().await;
    let first = day(&shop, 0);
    pay(&shop, "o-1", VISA).await.data(200);
    count(&shop).await;
    // Half past midnight, and half past one.
    shop.stack.advance_clock(12 * 3_600);
    count(&shop).await;
    shop.renew_token().await;
    let yesterday = report(&shop, &[]).await;
    assert_eq!(yesterday.body["meta"]["from"], first);
    assert_eq!(yesterday.body["meta"]["provisional"], json!([first]));
    shop.stack.advance_clock(3_600);
    count(&shop).await;
    shop.renew_token().await;
    let page = report(&shop, &[]).await;
    assert_eq!(page.body["meta"]["provisional"], json!([]));
    assert_eq!((counted(&page, &first, PURCHASE), &page.data(200)[0]["provisional"]), (1, &json!(false)));

    // The journal is down for a day on which an order is paid.
    let second = day(&shop, 0);
    pay(&shop, "o-2", VISA).await.data(200);
    shop.stack.advance_clock(86_400);
    shop.stack.invoke_scheduled("totals").await.unwrap();
    shop.renew_token().await;
    let page = report(&shop, &[("from", &first), ("to", &second)]).await;
    assert_eq!(counted(&page, &second, PURCHASE), 0);
    assert_eq!(page.body["meta"]["provisional"], json!([second]), "the stream stands still");
    let until = page.body["meta"]["complete_until"].as_str().unwrap();
    assert!(until.starts_with(&second), "{until}");
    shop.stack.deliver_stream().await.unwrap();
    let page = report(&shop, &[("from", &first), ("to", &second)]).await;
    assert_eq!(page.body["meta"]["provisional"], json!([second]), "it is known that it changes");
    let run = count(&shop).await;
    assert_eq!((&run["marked"], &run["quarters"]), (&json!(1), &json!(1)), "{run}");
    // The mark stays for two minutes.
    shop.stack.advance_clock(121);
    assert_eq!(count(&shop).await["quarters"], 0);
    let page = report(&shop, &[("from", &first), ("to", &second)]).await;
    assert_eq!(page.body["meta"]["provisional"], json!([]));
    assert_eq!([&first, &second].map(|day| counted(&page, day, PURCHASE)), [1, 1]);
    // Nothing is left to do, and nothing is done.
    assert_eq!(count(&shop).await["entries"], 0);
    shop.close().await;
}

#[tokio::test]
async fn a_quiet_table_is_no_delay_and_its_heartbeat_is_no_order_and_tells_nobody() {
    let mut shop = open().await;
    let first = day(&shop, 0);
    pay(&shop, "o-1", VISA).await.data(200);
    count(&shop).await;
    // Half past one of the day after the next one: the mark of the payment is gone with this run.
    shop.stack.advance_clock(37 * 3_600);
    shop.renew_token().await;
    let query = [("from", first.as_str()), ("to", &first)];
    shop.stack.invoke_scheduled("totals").await.unwrap();
    let page = report(&shop, &query).await;
    assert_eq!(page.body["meta"]["provisional"], json!([first]), "no heartbeat came since");
    let events = shop.stack.bus().events().len();
    let delivered = shop.stack.deliver_stream().await.unwrap();
    assert_eq!((delivered, shop.stack.bus().events().len()), (1, events), "the heartbeat, and no event");
    let page = report(&shop, &query).await;
    assert_eq!(page.body["meta"]["provisional"], json!([]));
    assert_eq!(counted(&page, &first, PURCHASE), 1);
    let orders = shop.get("/v2/orders").await;
    assert_eq!(orders.data(200).as_array().unwrap().len(), 1, "{}", orders.body);
    shop.close().await;
}

#[tokio::test]
async fn totals_that_cannot_be_read_are_no_empty_report_and_a_run_that_cannot_write_says_so() {
    for withdrawn in [("transactions", "dynamodb:Query"), ("totals", "dynamodb:PutItem")] {
        let options = Options { withdrawn: vec![withdrawn], ..Options::default() };
        let shop = Shop::open_as(options, merchants::REGISTERED, merchants::REGISTERED_KEY).await;
        pay(&shop, "o-1", VISA).await.data(200);
        shop.stack.deliver_stream().await.unwrap();
        let run = shop.stack.invoke_scheduled("totals").await.unwrap();
        let read = report(&shop, &[("from", &day(&shop, 0))]).await;
        if withdrawn.0 == "totals" {
            assert!(run["failed"].as_u64().unwrap() > 0, "{run}");
            assert_eq!(read.body["meta"]["complete_until"], Value::Null, "nothing was reached");
        } else {
            assert_eq!(run["failed"], 0);
            assert!(!read.error(503, "service_unavailable").to_string().contains("dynamodb"));
        }
        shop.close().await;
    }
}

#[tokio::test]
async fn the_schedule_is_invoked_by_name_as_the_page_for_finance_says() {
    let stack = Stack::start(Options { samples: true, ..Options::default() }).await.unwrap();
    let run = client().post(format!("{}/_local/invoke/totals", stack.url()));
    let run: Value = run.send().await.unwrap().json().await.unwrap();
    assert_eq!(run["failed"], 0, "{run}");
    stack.stop().await;
}

//! The month of sample payments, as a finance person finds it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{Timestamp, ToSpan as _, civil::Date, tz::TimeZone};
use local::{Options, merchants};
use serde_json::{Value, json};
use tollgate_core::values::Clock as _;

use crate::{answers, shop::Shop};

struct Month {
    shop: Shop,
    today: Date,
}

impl Month {
    fn day(&self, days_ago: i32) -> Date {
        self.today - days_ago.days()
    }

    async fn use_own_token(&mut self) {
        let token = self.shop.token(merchants::MONTH, Some(merchants::MONTH_KEY)).await;
        self.shop.use_token(token.body["access_token"].as_str().unwrap());
    }

    /// Payments of the month, with this filter beside their days.
    async fn payments(&self, filter: &str) -> Vec<Value> {
        let days = format!("ge(created_at,{}):le(created_at,{})", self.day(29), self.day(1));
        let filter = if filter.is_empty() { days } else { format!("{days}:{filter}") };
        self.shop.rows("/v2/transactions", &[("filter", &filter), ("page[limit]", "100")]).await
    }

    async fn movements(&self, filter: &str) -> Vec<Value> {
        let filter = format!("ge(created_at,{}):{filter}", self.day(29));
        self.shop.rows("/v2/entries", &[("filter", &filter), ("page[limit]", "100")]).await
    }

    fn orders(rows: &[Value]) -> BTreeSet<&str> {
        rows.iter().map(|row| row["relationships"]["order"]["data"]["id"].as_str().unwrap()).collect()
    }
}

/// How many rows have each value of a member.
fn counts<'a>(rows: &'a [Value], of: impl Fn(&'a Value) -> &'a Value) -> BTreeMap<&'a str, usize> {
    rows.iter().fold(BTreeMap::new(), |mut counts, row| {
        *counts.entry(of(row).as_str().unwrap_or("none")).or_default() += 1;
        counts
    })
}

#[tokio::test]
async fn a_finance_person_finds_a_month_that_ended_yesterday() {
    let options = Options { samples: true, month: true, elastic_path: true, ..Options::default() };
    let shop = Shop::open_as(options, merchants::MONTH, merchants::MONTH_KEY).await;
    let today = shop.stack.clock().now().to_zoned(TimeZone::UTC).date();
    assert_eq!(today, Timestamp::now().to_zoned(TimeZone::UTC).date(), "the clock is the machine's again");
    let mut month = Month { shop, today };
    payments(&month).await;
    people(&month).await;
    captures_and_doubt(&month).await;
    money(&month).await;
    nothing_is_of_today(&mut month).await;
    month.shop.stack.advance_clock(-86_400);
    month.use_own_token().await;
    // Each minute the schedule finds the authorizations whose last day has begun.
    month.shop.stack.invoke_scheduled("scheduled-capture").await.unwrap();
    answers::are_the_same_everywhere(&month.shop).await;
    sample_orders(&mut month).await;
    orders_of_a_store(&mut month).await;
    month.shop.close().await;
}

/// One for each way in which an order can go there, and a merchant's people to look at them.
async fn orders_of_a_store(month: &mut Month) {
    let token = month.shop.token(merchants::ELASTIC_PATH, Some(merchants::ELASTIC_PATH_KEY)).await;
    month.shop.use_token(token.body["access_token"].as_str().unwrap());
    let all = month.payments("").await;
    let there = |row: &Value| row["meta"]["elastic_path"]["recorded"].as_str().unwrap_or("none").to_owned();
    let mut found: Vec<_> = all.iter().map(|row| (row["status"].as_str().unwrap(), there(row))).collect();
    found.sort();
    let expected = [
        ("cancelled", "authorize"),
        ("complete", "capture"),
        ("complete", "capture"),
        ("complete", "purchase"),
        ("complete", "refund"),
        ("failed", "none"),
    ];
    assert_eq!(found, expected.map(|(status, there)| (status, there.to_owned())));
    let listed = month.shop.get("/v2/attention").await;
    let codes =
        listed.data(200).as_array().unwrap().iter().map(|row| &row["meta"]["needs_attention"][0]["code"]);
    assert_eq!(codes.collect::<Vec<_>>(), ["elastic_path_differs", "elastic_path_foreign_payment"]);
    assert!(month.shop.get("/v2/people").await.data(200).as_array().unwrap().len() > 2);
}

async fn payments(month: &Month) {
    let all = month.payments("").await;
    let states = counts(&all, |row| &row["meta"]["state"]);
    let expected = [
        ("declined", 34),
        ("disputed", 1),
        ("held", 7),
        ("lapsed", 2),
        ("paid", 232),
        ("partly_refunded", 17),
        ("refunded", 5),
        ("voided", 12),
    ];
    assert_eq!((all.len(), states), (310, expected.into()));
    approvals(month, all.len()).await;
    let brands = counts(&all, |row| &row["payment_details"]["card"]["brand"]);
    assert_eq!(
        brands,
        [("American Express", 35), ("Discover", 64), ("Mastercard", 103), ("Visa", 108)].into()
    );
    let declined = month.payments("eq(state,declined)").await;
    let codes = counts(&declined, |row| &row["failure_details"]["code"]);
    let expected = [
        ("avs_mismatch", 5),
        ("call_issuer", 2),
        ("do_not_honor", 3),
        ("expired_card", 3),
        ("fraud_suspected", 1),
        ("incorrect_cvc", 7),
        ("insufficient_funds", 11),
        ("lost_or_stolen", 1),
        ("restricted_card", 1),
    ];
    assert_eq!(codes, expected.into());
    // The two that are disputed or in doubt.
    let attention = month.shop.rows("/v2/attention", &[]).await;
    assert_eq!(Month::orders(&attention), ["UM-2011", "UM-2014"].into());
}

/// A number of *Days* leads to exactly the payments that it counts.
async fn approvals(month: &Month, payments: usize) {
    let range = format!("from={}&to={}&by=currency", month.day(29), month.day(1));
    let totals = month.shop.get(&format!("/v2/reports/totals?{range}")).await;
    let totals = totals.data(200).as_array().unwrap().clone();
    let sum = |name: &str| totals.iter().map(|row| row[name].as_u64().unwrap()).sum::<u64>();
    let approved = month.payments("eq(approved,true)").await;
    let others = month.payments("eq(approved,false)").await;
    let declined = month.payments("eq(state,declined)").await;
    assert_eq!([approved.len(), others.len(), declined.len()], [payments - 34, 34, 34]);
    assert_eq!((sum("payments"), sum("approved")), (payments as u64, approved.len() as u64));
    for row in &totals {
        let day = row["period"].as_str().unwrap();
        let is_of_day = |payment: &&Value| payment["meta"]["listed_at"].as_str().unwrap().starts_with(day);
        let listed = approved.iter().filter(is_of_day);
        let amount = listed.clone().map(|payment| payment["amount"].as_u64().unwrap()).sum::<u64>();
        assert_eq!(
            (&row["approved"], &row["approved_amount"]),
            (&json!(listed.count()), &json!(amount)),
            "{day}"
        );
        assert_eq!(row["declined"], json!(declined.iter().filter(is_of_day).count()), "{day}");
    }
}

async fn people(month: &Month) {
    let refunds = month.movements("eq(fact,refunded)").await;
    assert_eq!(counts(&refunds, |row| &row["person"]), [("Ann Archer", 10), ("Eve Evans", 12)].into());
    let reasons = counts(&refunds, |row| &row["reason"]);
    assert_eq!(
        reasons.keys().copied().collect::<Vec<_>>(),
        ["arrived broken", "delivered late", "ordered twice by mistake", "returned unused", "wrong size"]
    );
    // Ann gives back up to $50.00 of an order.
    let most = refunds.iter().filter(|row| row["person"] == "Ann Archer").map(|row| &row["amount"]);
    assert!(most.filter_map(Value::as_u64).max().unwrap() <= 5_000);
    let order = month.shop.get("/v2/orders/UM-2019/transactions").await;
    let operations = order.data(200)[0]["meta"]["operations"].as_array().unwrap();
    let request = &operations.iter().find(|one| one["type"] == "refund").unwrap()["request"];
    assert_eq!(request, &json!({"person": "Ann Archer", "reason": "arrived broken"}));
}

async fn captures_and_doubt(month: &Month) {
    let to_come = month.shop.rows("/v2/captures", &[]).await;
    assert_eq!(Month::orders(&to_come), ["UM-2007", "UM-2008", "UM-2009"].into());
    let pending = month.shop.rows("/v2/transactions", &[("filter", "eq(status,pending)")]).await;
    assert_eq!(Month::orders(&pending), ["UM-2014"].into());
    // An hour later the next inquiry knows no more.
    month.shop.stack.advance_clock(3_600);
    let report = month.shop.stack.invoke_scheduled("reconcile").await.unwrap();
    assert_eq!((&report["due"], &report["in_doubt"]), (&json!(1), &json!(1)), "{report}");
    month.shop.stack.advance_clock(-3_600);
    let late = month.shop.get("/v2/orders/UM-2013/transactions").await;
    assert_eq!(late.data(200)[0]["meta"]["state"], "paid");
    let captured = month.movements("eq(fact,captured)").await;
    let by = counts(&captured, |row| &row["asked_by"]);
    assert_eq!(by, [("client_credentials", 25), ("schedule", 14)].into());
}

/// Each deposit is one day's, and all of them match but for the exceptions that the month has on
/// purpose.
async fn money(month: &Month) {
    let filter = format!("ge(date,{}):le(date,{})", month.day(29), month.day(1));
    let deposits = month.shop.rows("/v2/deposits", &[("filter", &filter)]).await;
    let dates: BTreeSet<Date> =
        deposits.iter().map(|one| one["date"].as_str().unwrap().parse().unwrap()).collect();
    assert_eq!(dates.len(), deposits.len(), "one of each day");
    // Weekends and holidays, too: the page for finance is true on every day.
    assert_eq!(dates, (1..=28).map(|days_ago| month.day(days_ago)).collect());
    let exceptions = month.shop.rows("/v2/settlement/exceptions", &[]).await;
    let causes = counts(&exceptions, |row| &row["cause"]);
    assert_eq!(causes, [("amount_differs", 1), ("chargeback", 1), ("not_ours", 1)].into());
    let unmatched: u64 = deposits.iter().filter_map(|one| one["unmatched"].as_u64()).sum();
    assert_eq!(unmatched, 3);
    let sum = |name: &str| deposits.iter().filter_map(|one| one[name].as_i64()).sum::<i64>();
    assert_eq!(sum("chargebacks"), -6_250, "one came back, one did not");
    let disputes = month.movements("in(fact,charged_back,chargeback_reversed)").await;
    let amounts: Vec<_> = disputes.iter().map(|row| (&row["fact"], &row["amount"])).collect();
    assert_eq!(
        amounts,
        [
            (&json!("charged_back"), &json!(6_250)),
            (&json!("chargeback_reversed"), &json!(18_400)),
            (&json!("charged_back"), &json!(18_400)),
        ]
    );
    // All that the totals have at the gateway is in a deposit or outstanding, but for the cent that
    // is missing and the payment of the virtual terminal.
    let outstanding = month.shop.get("/v2/settlement/outstanding").await;
    outstanding.data(200);
    let still: i64 = outstanding.body["meta"]["sums"]
        .as_array()
        .unwrap()
        .iter()
        .map(|sum| sum["amount"].as_i64().unwrap())
        .sum();
    let (from, to) = (month.day(29).to_string(), month.day(1).to_string());
    let totals = month.shop.get(&format!("/v2/reports/totals?from={from}&to={to}")).await;
    let at_gateway: i64 =
        totals.data(200).as_array().unwrap().iter().map(|row| row["at_gateway"].as_i64().unwrap()).sum();
    assert_eq!(at_gateway, sum("gross") + sum("refunds") + still + 1 - 4_200);
}

async fn nothing_is_of_today(month: &mut Month) {
    // A list ends now: entries dated later today show tomorrow.
    month.shop.stack.advance_clock(86_400);
    month.use_own_token().await;
    month.shop.stack.deliver_stream().await.unwrap();
    let today = format!("ge(created_at,{})", month.today);
    for path in ["/v2/transactions", "/v2/entries"] {
        assert_eq!(month.shop.rows(path, &[("filter", &today)]).await, [] as [Value; 0], "{path}");
    }
    let audit = month.shop.rows("/v2/audit", &[]).await;
    assert!(audit.iter().all(|row| row["at"].as_str().unwrap() < month.today.to_string().as_str()));
}

/// The first merchant's are the same as without the month.
async fn sample_orders(month: &mut Month) {
    assert_eq!(month.shop.stack.samples(), 23);
    month.shop.renew_token().await;
    let orders = month.shop.rows("/v2/orders", &[]).await;
    assert_eq!(orders.len(), 15, "those of the order API, and the one that the API's description names");
    assert!(orders.iter().all(|order| !order["id"].as_str().unwrap().starts_with("UM-")));
}

//! Totals by day and by month.

use serde_json::{Value, json};

use super::{
    HOSTILE, api, assert_says,
    bodies::{figures, months, total, totals},
    words_of,
};

const DAYS: &str = "/170200126/days?from=2020-11-24&to=2020-11-26";

/// The address of the declines of these days.
const DECLINES: &str = "/v2/reports/totals?from=2020-11-24&to=2020-11-26&interval=day&time_zone=America%2FNew_York&by=decline_code";

/// Declines of one code.
fn share(currency: &str, code: &str, declined: u64, rate: f64) -> Value {
    json!({"currency": currency, "decline_code": code, "declined": declined, "decline_rate": rate})
}

fn report() -> Value {
    let first = json!({"held": 38000, "paid": 145_145, "approved": 13, "approved_amount": 183_915, "declined": 1,
        "approval_rate": 0.9286, "payments": 14, "at_gateway": 145_145});
    let last = json!({"approved": 1, "approved_amount": 900, "approval_rate": 1.0, "payments": 1,
        "returned": 20500, "refunds": 2, "at_gateway": -20500});
    let sum = json!({"approved": 14, "approved_amount": 184_815, "declined": 1, "approval_rate": 0.9333,
        "returned": 20500, "refunds": 2, "at_gateway": 124_645});
    totals(
        &[total("2020-11-24", &first), total("2020-11-26", &last)],
        &json!({"from": "2020-11-24", "to": "2020-11-26", "sums": [figures(&sum)], "provisional": ["2020-11-26"],
            "complete_until": "2020-11-26T09:39:58Z", "unreadable": 1, "unreadable_entries": 2}),
    )
}

/// The first day's money came in two deposits, the last day's is on the way.
fn became() -> Value {
    let deposit =
        |id: &str, date: &str| json!({"id": id, "mid": "496480518026", "date": date, "amount": 72_000});
    let day = |date: &str, deposits: &[Value]| json!({"date": date, "currency": "USD", "at_gateway": 1, "deposits": deposits});
    let both = [deposit("d1", "2020-11-25"), deposit("d2", "2020-11-27")];
    months(&[], &[], &json!({"days": [day("2020-11-24", &both), day("2020-11-26", &[])]}))
}

#[tokio::test]
async fn each_day_has_its_numbers_and_all_of_them_their_sum() {
    let api = api("read");
    api.says("GET", "/v2/reports/totals", 200, &report());
    api.says("GET", "/v2/reports/month", 200, &became());
    let html = api.get(DAYS).await.body;
    assert_says(
        &html,
        &[
            "November 24 to 26, 2020",
            "Days are America/New_York, amounts USD.",
            "Tue, Nov 24, 2020 13 1,839.15 1 92.86% 1,451.45 Wed, Nov 25, 2020 , Fri, Nov 27, 2020",
            "Wed, Nov 25, 2020 Thu, Nov 26, 2020, provisional 1 9.00 100.00% 2 −205.00 −205.00",
            "Total 14 1,848.15 1 93.33% 2 −205.00 1,246.45 Numbers so far, and provisional ones, can still change.",
            "Counted up to Nov 26, 4:39 AM.",
            "1 stored sum cannot be read and left out.",
            "2 entries cannot be read and left out.",
        ],
    );
    let widths = html.split("bar-approved\" width=\"").skip(1).map(|bar| bar.split('"').next().unwrap());
    assert_eq!(widths.collect::<Vec<_>>(), ["100", "1"], "the smallest amount can be seen");
    let expected = "GET /v2/reports/totals?from=2020-11-24&to=2020-11-26&interval=day&time_zone=America%2FNew_York&by=currency";
    let range = "from=2020-11-24&to=2020-11-26&time_zone=America%2FNew_York";
    let became = format!("GET /v2/reports/month?{range}");
    let mut requests = api.requests();
    requests[2..].sort();
    let declines = expected.replace("by=currency", "by=decline_code");
    assert_eq!(requests, ["GET /v2/me", expected, &became, &declines], "the last two at once");
    assert!(!words_of(&html).contains("Declines by reason"), "no row has a reason");
}

#[tokio::test]
async fn each_reason_of_declines_has_its_share_and_leads_to_its_payments() {
    let api = api("read");
    api.says("GET", "/v2/reports/totals", 200, &report());
    api.says("GET", "/v2/reports/month", 200, &became());
    let shares = [
        share("USD", "expired_card", 6, 0.03),
        share("USD", "insufficient_funds", 3, 0.015),
        share("USD", "lost_or_stolen", 1, 0.005),
    ];
    let meta = json!({"from": "2020-11-24", "to": "2020-11-26", "declines": shares});
    api.says("GET", DECLINES, 200, &totals(&[], &meta));
    let html = api.get(DAYS).await.body.replace("&#38;", "&");
    assert_says(
        &html,
        &["Declines by reason Reason Declined payments Count Share of all payments \
           Expired card 6 3.00% Insufficient funds 3 1.50% Lost or stolen 1 0.50% Numbers so far"],
    );
    let widths = html.split("bar-disputed\" width=\"").skip(1).map(|bar| bar.split('"').next().unwrap());
    assert_eq!(widths.collect::<Vec<_>>(), ["100", "50", "16"]);
    let range = "payments?from=2020-11-24&to=2020-11-26&state=declined";
    assert_eq!(leads(&html, "Expired card"), [format!("{range}&decline_code=expired_card")]);
}

#[tokio::test]
async fn of_several_currencies_a_reason_names_its_own_and_leads_to_no_other_payments() {
    let api = api("read");
    let both = ["EUR", "USD"].map(|currency| json!({"currency": currency, "declined": 1, "payments": 4}));
    let rows = both.each_ref().map(|numbers| total("2020-11-24", numbers));
    let meta = json!({"from": "2020-11-24", "to": "2020-11-26", "sums": both.each_ref().map(figures)});
    api.says("GET", "/v2/reports/totals", 200, &totals(&rows, &meta));
    api.says("GET", "/v2/reports/month", 200, &became());
    let shares = ["EUR", "USD"].map(|currency| share(currency, "expired_card", 1, 0.25));
    let meta = json!({"from": "2020-11-24", "to": "2020-11-26", "declines": shares});
    api.says("GET", DECLINES, 200, &totals(&[], &meta));
    let html = api.get(DAYS).await.body.replace("&#38;", "&");
    assert_says(&html, &["Expired card, EUR 1 25.00% Expired card, USD 1 25.00%"]);
    assert_eq!(
        leads(&html, "Expired card, EUR"),
        ["payments?from=2020-11-24&to=2020-11-26&currency=EUR&state=declined&decline_code=expired_card"]
    );
}

/// The links of a page that say this, in their order.
fn leads<'a>(html: &'a str, text: &str) -> Vec<&'a str> {
    let end = format!("\">{text}</a>");
    let links = html.split("<a href=\"/170200126/").filter_map(|link| link.split_once(&end));
    links.map(|(address, _)| address).collect()
}

#[tokio::test]
async fn each_number_leads_to_the_rows_that_it_counts() {
    let api = api("read");
    api.says("GET", "/v2/reports/totals", 200, &report());
    api.says("GET", "/v2/reports/month", 200, &became());
    let html = api.get(DAYS).await.body.replace("&#38;", "&");
    let [day, all] = ["from=2020-11-24&to=2020-11-24", "from=2020-11-24&to=2020-11-26"];
    let last = "from=2020-11-26&to=2020-11-26";
    for (text, expected) in [
        ("Tue, Nov 24, 2020", vec![format!("payments?{day}")]),
        ("Total", vec![format!("payments?{all}")]),
        ("13", vec![format!("payments?{day}&state=approved")]),
        ("1,848.15", vec![format!("payments?{all}&state=approved")]),
        ("2", [last, all].map(|range| format!("month?{range}&rows=given_back")).into()),
        ("Fri, Nov 27, 2020", vec!["deposits/d2?mid=496480518026".to_owned()]),
        ("1,246.45", vec![format!("month?{all}&rows=at_gateway")]),
    ] {
        assert_eq!(leads(&html, text), expected, "{text}");
    }
    let ones = [(day, "declined"), (last, "approved"), (all, "declined")];
    let ones = ones.map(|(range, state)| format!("payments?{range}&state={state}"));
    assert_eq!(leads(&html, "1"), ones);
}

#[tokio::test]
async fn months_link_to_all_their_days_and_of_several_currencies_each_to_its_own_rows() {
    let api = api("read");
    let approved = |currency: &str, amount: u64| json!({"currency": currency, "approved": 1, "approved_amount": amount, "approval_rate": 1.0});
    let both = [approved("EUR", 500), approved("USD", 700)];
    let rows = both.each_ref().map(|numbers| total("2020-02", numbers));
    let sums = both.each_ref().map(figures);
    let meta = json!({"from": "2020-02-01", "to": "2020-02-29", "sums": sums, "complete_until": null});
    api.says("GET", "/v2/reports/totals", 200, &totals(&rows, &meta));
    let html = api.get("/170200126/days?from=2020-02&to=2020-02&interval=month").await.body;
    assert_says(
        &html,
        &[
            "February 2020 Download CSV Week Month Year Totals are being made for the first time",
            "Feb 2020 1 €5.00 100.00%",
            "Feb 2020 1 $7.00 100.00%",
        ],
    );
    let html = html.replace("&#38;", "&");
    let month = "payments?from=2020-02-01&to=2020-02-29";
    assert_eq!(leads(&html, "€5.00"), [format!("{month}&currency=EUR&state=approved")]);
    assert_eq!(leads(&html, "Feb 2020"), [month, month]);
    assert!(!html.contains("Total<"), "of one period it is that period's");
}

#[tokio::test]
async fn days_without_payments_say_so_and_what_is_no_day_stays_text() {
    let api = api("read");
    for (provisional, title) in
        [(json!([]), "No payments in these days"), (json!([HOSTILE]), "Nothing is counted in these days yet")]
    {
        let meta = json!({"from": "2025-12-30", "to": "2026-01-02", "provisional": provisional,
            "complete_until": "2026-01-03T09:39:58Z"});
        api.says("GET", "/v2/reports/totals", 200, &totals(&[], &meta));
        let html = api.get("/170200126/days").await.body;
        assert_says(&html, &["December 30, 2025 to January 2", title]);
    }
}

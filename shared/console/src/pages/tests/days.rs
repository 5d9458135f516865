//! Totals by day and by month.

use serde_json::{Value, json};

use super::{
    HOSTILE, api, assert_says,
    bodies::{total, totals},
};

fn report() -> Value {
    let rows = [
        total(
            "2026-11-24",
            &json!({"held": 38000, "paid": 145_145, "approved": 13, "approved_amount": 183_915,
                "approval_rate": 0.9286, "payments": 14, "at_gateway": 145_145}),
        ),
        total(
            "2026-11-26",
            &json!({"approved": 1, "approved_amount": 900, "approval_rate": 1.0, "payments": 1,
                "returned": 20500, "refunds": 2, "at_gateway": -20500}),
        ),
    ];
    totals(
        &rows,
        &json!({"from": "2026-11-24", "to": "2026-11-26", "provisional": ["2026-11-26"],
            "complete_until": "2026-11-26T09:39:58Z", "unreadable": 1, "unreadable_entries": 2}),
    )
}

#[tokio::test]
async fn each_day_has_its_sums_and_links_to_its_payments() {
    let api = api("read");
    api.says("GET", "/v2/reports/totals", 200, &report());
    let html = api.get("/170200126/days?from=2026-11-24&to=2026-11-26").await.body;
    assert_says(
        &html,
        &[
            "November 24 to 26",
            "Day, America/New_York",
            "Amount, USD",
            "Tue, Nov 24 13 1,839.15 92.86% 0.00 0 1,451.45",
            "Wed, Nov 25 0 0.00 0.00 0 0.00",
            " 1 9.00 100.00% −205.00 2 −205.00",
            "Nov 26 is provisional: its numbers can still change.",
            "Counted up to Nov 26, 4:39 AM.",
            "1 stored sum cannot be read and left out.",
            "2 entries cannot be read and left out.",
        ],
    );
    for state in ["", "&#38;state=approved", "&#38;state=declined"] {
        let link = format!("/170200126/payments?from=2026-11-24&#38;to=2026-11-24{state}\"");
        assert!(html.contains(&link), "{link} in {html}");
    }
    assert!(html.contains("/170200126/payments?from=2026-10-27&#38;to=2026-11-26&#38;state=refunded"));
    let widths = html.split("bar-approved\" width=\"").skip(1).map(|bar| bar.split('"').next().unwrap());
    assert_eq!(widths.collect::<Vec<_>>(), ["100", "0", "1"], "the smallest amount can be seen");
    let expected = "GET /v2/reports/totals?from=2026-11-24&to=2026-11-26&interval=day&time_zone=America%2FNew_York&by=currency";
    assert_eq!(api.requests(), ["GET /v2/me", expected]);
}

#[tokio::test]
async fn months_link_to_all_their_days_and_several_currencies_are_named() {
    let api = api("read");
    let approved = |currency: &str, amount: u64| {
        let numbers =
            json!({"currency": currency, "approved": 1, "approved_amount": amount, "approval_rate": 1.0});
        total("2020-02", &numbers)
    };
    let (euros, dollars) = (approved("EUR", 500), approved("USD", 700));
    let report = totals(&[euros, dollars], &json!({"from": "2020-02-01", "to": "2020-02-29"}));
    api.says("GET", "/v2/reports/totals", 200, &report);
    let html = api.get("/170200126/days?from=2020-02&to=2020-02&interval=month").await.body;
    assert_says(
        &html,
        &[
            "February 2020 Download CSV Week Month Year",
            "Feb 2020 1 €5.00 100.00%",
            "Feb 2020 1 $7.00 100.00%",
            "Nothing has been counted yet",
        ],
    );
    assert!(html.contains("/170200126/payments?from=2020-02-01&#38;to=2020-02-29\""));
}

#[tokio::test]
async fn days_without_payments_say_so_and_what_is_no_day_stays_text() {
    let api = api("read");
    let meta = json!({"from": "2026-11-24", "to": "2026-11-26", "provisional": [HOSTILE]});
    api.says("GET", "/v2/reports/totals", 200, &totals(&[], &meta));
    let html = api.get("/170200126/days").await.body;
    assert_says(&html, &["No payments in these days", "is provisional: its numbers can still change."]);
}

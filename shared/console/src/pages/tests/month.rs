//! A month that ties out, its figures, and their rows.

use serde_json::{Map, Value, json};
use tollgate_core::settlement::Figure;

use super::{
    HOSTILE, api, assert_says,
    bodies::{TRANSACTION, month, month_row, months, with},
    fake::FakeApi,
    words_of,
};

const NOVEMBER: &str = "/170200126/month?month=2026-11";

/// An API that has this month alone.
fn reports(data: &[Value], rows: &[Value], meta: &Value) -> FakeApi {
    let api = api("read");
    api.says("GET", "/v2/reports/month?", 200, &months(data, rows, meta));
    api
}

fn usual() -> Value {
    month(&json!({"taken": [3, 7000], "given_back": [1, -500], "at_gateway": [4, 6500], "moved": [4, 6500],
        "in_deposit": [3, 6000], "on_the_way": [1, 500], "arrived_after": [1, 1000], "lines": [2, 5000],
        "lines_before": [2, 300], "fees": [1, -100], "net": [1, 5200]}))
}

#[tokio::test]
async fn each_figure_of_a_month_leads_to_its_rows_and_the_others_are_left_out() {
    let api = reports(&[usual()], &[], &json!({}));
    let html = api.get(NOVEMBER).await.body;
    assert_says(
        &html,
        &[
            "November 2026 Download movements",
            "November ties out to the cent",
            "Amount, USD Taken 3 70.00 Given back 1 −5.00 At the gateway 4 65.00 Where their money is",
            "In a deposit 3 60.00 On the way 1 5.00 Compared with the deposits",
            "For these movements 2 50.00 For earlier movements 2 3.00 Fees 1 −1.00 Net that arrived 1 52.00",
            "In later deposits 1 10.00",
        ],
    );
    for left_out in ["With these fees", "Duplicates", "Settled", "Adjustments", ">0.00<"] {
        assert!(!html.contains(left_out), "{left_out} in {html}");
    }
    for link in [
        "month.csv?month=2026-11",
        "month?month=2026-11&#38;rows=on_the_way&#38;mid=496480518026&#38;currency=USD",
        "month?month=2026-10",
    ] {
        assert!(html.contains(&format!("\"/170200126/{link}\"")), "{link} in {html}");
    }
    let call =
        "GET /v2/reports/month?time_zone=America%2FNew_York&month=2026-11&rows=difference&page%5Blimit%5D=25";
    assert_eq!(api.requests(), ["GET /v2/me", call]);
}

#[tokio::test]
async fn a_month_that_does_not_tie_out_says_why_and_shows_the_rows_that_explain_it() {
    let figures = json!({"taken": [1, 7000], "at_gateway": [1, 7000], "customer_fees": [1, 100],
        "moved": [1, 7100], "in_deposit": [1, 7000], "difference": [1, -100], "deposits_differ": [1, 3]});
    let month = with(
        month(&figures),
        &json!({"differs": ["counted", "difference", "deposits_differ"], "counted": 6900}),
    );
    let row = month_row(&json!({"cause": "amount_differs", "figures": [
        {"figure": "taken", "amount": 7000}, {"figure": "difference", "amount": -100}]}));
    let unread = json!([{"date": "2026-11-20", "since": "2026-11-21T05:00:00Z", "cause": "the gateway timed out"},
        {"date": "2026-10-31", "since": "2026-11-01T05:00:00Z", "cause": null}]);
    let accounts = json!([{"mid": "496480518026", "read_at": "2026-11-25T23:40:00Z", "has_deposits": true,
        "unread": unread}]);
    let meta = json!({"provisional": ["2026-11-28", "2026-11-29"], "unreadable": 2, "accounts": accounts});
    let html = reports(&[month], &[row], &meta).get(NOVEMBER).await.body;
    assert_says(
        &html,
        &[
            "November does not tie out",
            "Deposits and movements differ by −$1.00 Deposits differ from their lines and components by $0.03",
            "The page Days says $69.00 at the gateway, and these movements $70.00.",
            "Fri, Nov 20 of 496480518026 could not be read and will be tried again: the gateway timed out.",
            "2 items cannot be read and are missing in sums. Difference Download these rows",
            "Nov 23, 3:00 PM Captured UM-1 327975232415 −1.00 Tue, Nov 24 Another amount than Tollgate's Total of 1 −1.00",
            "Customer fees 1 1.00 With these fees 1 71.00",
            "The totals of 2 days from Nov 28 on are still provisional.",
        ],
    );
    assert!(!html.contains("Oct 31"), "a day before this month is no part of it");
    assert!(html.contains("month?month=2026-11&#38;rows=deposits_differ&#38;mid="));
}

#[tokio::test]
async fn the_rows_of_a_figure_come_page_by_page_with_links_and_as_a_file() {
    let figures = json!([{"figure": "lines_before", "amount": 2599}]);
    let line = json!({"kind": "line", "at": null, "fact": null, "order": null, "transaction": null,
        "cause": "not_ours", "retref": HOSTILE, "figures": figures});
    let rows = [month_row(&json!({"figures": figures, "order": HOSTILE})), month_row(&line)];
    let data = [usual(), with(usual(), &json!({"mid": "7", "currency": "EUR"}))];
    let meta = json!({"from": "2026-11-20", "to": "2026-11-22", "cursor": "next"});
    let api = reports(&data, &rows, &meta);
    let days = "from=2026-11-20&to=2026-11-22&rows=lines_before";
    let html = api.get(&format!("/170200126/month?{days}&cursor=here")).await.body;
    assert_says(
        &html,
        &[
            "November 20 to 22 Download movements",
            "For earlier movements Download these rows",
            "Deposit line &#60;script&#62;",
            "$25.99 Tue, Nov 24 A payment that did not come from Tollgate",
            "Total of 2, MID 496480518026 $3.00 Total of 2, MID 7 €3.00 More rows",
        ],
    );
    let days = "from=2026-11-20&#38;to=2026-11-22";
    for link in [
        format!("month?{days}&#38;rows=lines_before&#38;cursor=next\""),
        format!("month?{days}&#38;rows=taken&#38;mid=7&#38;currency=EUR\""),
        format!("month.csv?{days}&#38;rows=lines_before\""),
        "deposits/20261124518026?mid=496480518026\"".to_owned(),
        format!("/{TRANSACTION}\""),
    ] {
        assert!(html.contains(&link), "{link} in {html}");
    }
    let call = "GET /v2/reports/month?time_zone=America%2FNew_York&from=2026-11-20&to=2026-11-22&rows=lines_before&page%5Blimit%5D=25&page%5Bcursor%5D=here";
    assert_eq!(api.requests(), ["GET /v2/me", call]);
    api.says_csv("/v2/reports/month?", "kind\nline\n", None);
    let file = api.get("/170200126/month.csv?month=2026-11&rows=lines_before&cursor=here").await;
    assert_eq!(file.body, "\u{feff}kind\nline\n");
    let call = "GET /v2/reports/month?time_zone=America%2FNew_York&month=2026-11&rows=lines_before";
    assert_eq!(api.requests()[3], call, "a file has all rows");
}

#[tokio::test]
async fn a_month_in_parts_leads_to_each_of_them_and_an_empty_one_says_so() {
    let part = |from: &str, to: &str| json!({"from": from, "to": to});
    let parts = [part("2026-11-01", "2026-11-09"), part("2026-11-10", "2026-11-30")];
    let meta = json!({"to": "2026-11-09", "parts": parts});
    let html = reports(&[usual()], &[], &meta).get(NOVEMBER).await.body;
    assert_says(&html, &["This month has too many movements for one page. It comes in 2 parts:"]);
    assert!(html.contains("month?from=2026-11-10&#38;to=2026-11-30\">November 10 to 30</a>"), "{html}");
    let html = reports(&[], &[], &json!({"to": "2026-11-01"})).get("/170200126/month").await.body;
    assert_says(&html, &["There are no movements and no deposits in November 1"]);
    assert!(!words_of(&html).contains("Taken"));
    let html = reports(&[], &[], &json!({"from": "2020-10-30"})).get("/170200126/month").await.body;
    assert_says(&html, &["October 30, 2020 to November 30 Download"]);
}

#[tokio::test]
async fn a_page_of_rows_with_long_texts_is_small() {
    let most = 99_999_999_999_u64;
    let all = Figure::ALL.iter().map(|figure| (figure.as_str().to_owned(), json!([9999, most])));
    let month = month(&all.collect::<Map<_, _>>().into());
    let row =
        month_row(&json!({"order": "an-order-of-thirty-six-characters-000", "cause": "reversal_unknown",
        "figures": [{"figure": "taken", "amount": most}]}));
    let api = reports(&[month], &vec![row; 25], &json!({"cursor": "next"}));
    let html = api.get(&format!("{NOVEMBER}&rows=taken")).await.body;
    assert!(html.len() <= 25_000, "{}", html.len());
}

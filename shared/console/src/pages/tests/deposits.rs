//! Deposits, and settlement exceptions.

use serde_json::{Value, json};

use super::{
    HOSTILE, api, assert_says,
    bodies::{self, TRANSACTION, deposit, outstanding, page, refusal, whole_deposit},
    fake::FakeApi,
};

const ID: &str = "7cc0d9e0-15af-57d6-a812-628d2ba7d4c9";

fn mismatch(cause: &str) -> Value {
    bodies::exception(ID, cause)
}

fn listed(rows: &[Value]) -> Value {
    let sum = json!({"currency": "USD", "deposits": 2, "lines": 6, "gross": 573_140, "refunds": -8494,
        "fees": -10218, "chargebacks": -12500, "adjustments": 0, "net": 541_928});
    page(
        rows,
        &json!({"from": "2020-08-26", "to": "2020-12-03", "sums": [sum], "accounts": [{"mid": "496480518026",
            "read_at": "2026-11-25T23:40:00Z", "has_deposits": true, "unread": [
                {"date": "2020-11-24", "since": "2026-11-25T05:00:00Z", "cause": null},
                {"date": "2020-11-20", "since": "2026-11-21T05:00:00Z", "cause": "the gateway timed out"}]}]}),
    )
}

/// An API with this exception, in the list and under its address.
fn with(role: &str, row: &Value) -> FakeApi {
    let api = api(role);
    api.says("GET", "/v2/settlement/outstanding", 200, &outstanding(&json!([]), &json!({})));
    api.says("GET", "/v2/settlement/exceptions", 200, &listed(std::slice::from_ref(row)));
    api.says("GET", &format!("/v2/settlement/exceptions/{ID}"), 200, &json!({"data": row}));
    api.says("GET", "/v2/settlement/exceptions/other", 404, &refusal("not_found", ""));
    api
}

#[tokio::test]
async fn deposits_show_their_sums_what_does_not_fit_and_how_current_they_are() {
    let api = with("read", &mismatch("amount_differs"));
    let mut found = listed(&[deposit(), deposit(), json!({"type": "unreadable", "id": HOSTILE})]);
    found["meta"]["page"]["cursor"] = json!("next");
    found["meta"]["unreadable"] = json!(1);
    api.says("GET", "/v2/deposits", 200, &found);
    let html = api.get("/170200126/deposits?from=2020-11-01&to=2020-11-30").await.body;
    assert_says(
        &html,
        &[
            "Wed, Aug 26, 2020 to Thu, Dec 3, 2020 MID 496480518026",
            "Payments, USD Refunds Fees Chargebacks Net Lines",
            "Mon, Nov 23, 2020 2,865.70 −42.47 −51.09 −62.50 2,709.64 3 1 open 1 not Tollgate's",
            "These 2 5,731.40 −84.94 −102.18 −125.00 5,419.28 6",
            "Cannot be read: &#60;script&#62;",
            "Another amount than Tollgate's Ask the processor for the difference.",
            "$147.30 $147.29 −$0.01 UM-2011",
            "The reports of 496480518026 were read Nov 25, 6:40 PM.",
            "Tue, Nov 24, 2020 of 496480518026 is still to be read.",
            "Fri, Nov 20, 2020 of 496480518026 could not be read and will be tried again: the gateway timed out.",
            "1 item cannot be read and is missing in sums.",
            "Five weeks, Eastern",
            "All money has arrived.",
        ],
    );
    assert!(html.contains("/170200126/deposits?from=2020-11-01&#38;to=2020-11-30&#38;cursor=next"));
    assert!(html.contains("/170200126/deposits/20261123518026?mid=496480518026"));
    assert!(html.contains(&format!("/170200126/exceptions/{ID}\"")));
    let expected = [
        "GET /v2/me",
        "GET /v2/deposits?filter=ge%28date%2C2020-11-01%29%3Ale%28date%2C2020-11-30%29&page%5Blimit%5D=25",
        "GET /v2/settlement/exceptions?page%5Blimit%5D=100",
        "GET /v2/settlement/outstanding?page%5Blimit%5D=5",
    ];
    assert_eq!(api.requests(), expected);
    let open = "/170200126/deposits/20261123518026?mid=496480518026#does-not-fit\">1 open";
    assert!(html.contains(open), "{html}");
}

#[tokio::test]
async fn money_on_the_way_is_listed_by_state_and_each_day_leads_to_its_deposits() {
    let api = api("read");
    let rows = json!([
        {"due_on": "2020-11-20", "days_late": 1},
        {"due_on": "2020-11-20", "days_late": 2},
        {"state": "expected", "due_on": "2020-12-01", "order": "a/b"},
        {"state": "refused", "amount": -500}]);
    let states = json!({"2020-11-23": "matched", "2020-11-24": "open", "2020-11-25": "expected"});
    let mut found = outstanding(&rows, &states);
    found["meta"]["page"]["cursor"] = json!("next");
    api.says("GET", "/v2/settlement/outstanding", 200, &found);
    api.says("GET", "/v2/settlement/exceptions", 200, &listed(&[]));
    api.says("GET", "/v2/deposits", 200, &listed(&[deposit()]));
    let html = api.get("/170200126/deposits").await.body;
    assert_says(
        &html,
        &[
            "Sun Mon Tue Wed Thu Fri Sat 25 26 27 28 29 30 31 Nov 1 2",
            "Matched An exception is open Expected",
            "Lines Does not fit Mon, Nov 23, 2020 2,865.70",
            "Total 5,731.40",
            "On the way in no deposit, since Wed, Nov 18, 2020 Settled, in no deposit yet · 4 $103.96",
            "The latest 4. Times are America/New_York, due days Eastern.",
            "UM-1 $25.99 Settled, in no deposit yet 1 business day late",
            "2 business days late",
            "a/b $25.99 In no batch yet Tue, Dec 1, 2020",
            "−$5.00 Refused: no money comes",
        ],
    );
    for link in [
        "href=\"?from=2020-11-23&#38;to=2020-11-23\" aria-label=\"Mon, Nov 23, 2020: matched\"",
        "href=\"?from=2020-11-24&#38;to=2020-11-24\" aria-label=\"Tue, Nov 24, 2020: open\"",
        "<td aria-label=\"Wed, Nov 25, 2020: expected\">",
        "<td aria-label=\"Thu, Nov 26, 2020: none\">",
        "/170200126/on-the-way.csv\"",
    ] {
        assert!(html.contains(link), "{link} in {html}");
    }
    api.says_csv("/v2/settlement/outstanding", "state,at\nsettled,2020-11-20T12:00:00Z\n", None);
    assert_eq!(api.get("/170200126/on-the-way.csv").await.body.lines().count(), 2);
}

#[tokio::test]
async fn without_deposits_and_exceptions_the_page_says_so() {
    let api = api("read");
    api.says("GET", "/v2/deposits", 200, &listed(&[]));
    api.says("GET", "/v2/settlement/exceptions", 200, &listed(&[]));
    api.says("GET", "/v2/settlement/outstanding", 200, &outstanding(&json!([]), &json!({})));
    let html = api.get("/170200126/deposits").await.body;
    assert_says(&html, &["Everything fits: no exception is open.", "No deposits The gateway reported none"]);
    let page = api.get("/170200126/deposits?from=yesterday").await;
    assert_eq!(page.status, 400);
    assert!(page.body.contains("A day is written like 2026-11-20."));
}

#[tokio::test]
async fn a_deposit_has_lines_that_lead_to_their_payments_and_says_what_is_not_in_it() {
    let api = with("read", &mismatch("chargeback"));
    let whole = whole_deposit(
        &json!({
            "complete": false, "matched": 1,
            "batches": [{"lines": 3, "sum": null, "whole": false}, {"id": "818"}, {"id": "819", "lines": null}],
            "components":
                [{"component": "net_sales", "amount": 286_570}, {"component": "reversal", "amount": -6250}],
            "adjustment_details": [
                {"component": "reversal", "description": "same", "amount": -6250, "case": "2026319006250",
                    "date": "2020-11-23"},
                {"description": HOSTILE, "amount": 100},
                {"description": "INTERCHANGE CHARGES"}],
            "chargeback_details": [{"case": "2026319006250", "retref": "315348943466", "amount": 6250,
                "reason": "Fraud"}],
            "line_details": [
                {"order": "a/b", "transaction": TRANSACTION, "custom_reference": HOSTILE},
                {"counts": false}]}),
        "more",
    );
    api.says("GET", "/v2/deposits/20261123518026", 200, &whole);
    let html = api.get("/170200126/deposits/20261123518026?mid=496480518026").await.body;
    assert_says(
        &html,
        &[
            "Deposit of Mon, Nov 23, 2020 $2,709.64 20261123518026 · MID 496480518026 · trace 1210002426112300",
            "1 of 2 lines match. Does not fit 2 of 3 records of batch 817 of Fri, Nov 20, 2020 are in this deposit: \
             $2,865.70 of not known. Other deposits, and money on the way 2 of 2 records of batch 818",
            "The report of batch 819 of Fri, Nov 20, 2020 cannot be read.",
            "Payments less refunds $2,865.70 Chargebacks and reversals −$62.50",
            "1 line is not Tollgate's: $42.00 together.",
            "1 line is not in the sum.",
            "Interchange charges Chargeback −$62.50",
            "Not in the sum: voided. Not Tollgate's",
            "All lines $105.00 Adjustments and chargebacks",
            "Chargeback −$62.50 Sun, Nov 22, 2020 Case 2026319006250 315348943466 Fraud",
            "Fraud Net $2,709.64",
            "The cardholder's bank took the money back",
        ],
    );
    assert!(!html.contains("same"), "the chargeback is there twice");
    assert!(html.contains("/170200126/payments/a%2Fb/01a209fe-7ea0-47a8-b0f7-b059e208297d"));
    assert!(html.contains("/170200126/deposits/20261123518026?mid=496480518026&#38;cursor=more"));
    assert!(html.contains("/170200126/deposits?from=2020-11-20#on-the-way\""));
    assert_eq!(api.requests().len(), 3);
}

#[tokio::test]
async fn a_complete_deposit_says_which_batches_it_equals() {
    let api = with("read", &mismatch("chargeback"));
    let mut whole = whole_deposit(
        &json!({
            "batches": [{}, {"id": "818", "date": "2020-11-21"}], "components": [], "adjustment_details": [],
            "chargeback_details": [], "line_details": [{}, {}]}),
        "",
    );
    whole["data"]["unmatched"] = json!(0);
    whole["meta"]["page"]["cursor"] = Value::Null;
    api.says("GET", "/v2/deposits/d", 200, &whole);
    let html = api.get("/170200126/deposits/d").await.body;
    let equals =
        "2 of 2 lines match. Equals batch 817 of Fri, Nov 20, 2020 and batch 818 of Sat, Nov 21, 2020.";
    assert_says(&html, &[equals, "All lines $105.00"]);
    assert!(html.contains("class=\"message good\""), "{html}");
}

#[tokio::test]
async fn an_exception_says_what_it_is_and_what_was_written_about_it() {
    let mut row = mismatch("amount_differs");
    row["notes"] = json!([{"at": "2026-11-24T15:00:00Z", "by": HOSTILE, "text": HOSTILE}]);
    row["detail"] = json!(HOSTILE);
    let api = with("operate", &row);
    let html = api.get(&format!("/170200126/exceptions/{ID}")).await.body;
    assert_says(
        &html,
        &[
            "Another amount than Tollgate's Ask the processor for the difference.",
            "Tollgate $147.30 Gateway $147.29 Difference −$0.01",
            "Nov 24, 10:00 AM &#60;script&#62;",
            "Order UM-2011 Deposit 20261123518026 MID 496480518026 Gateway reference 315348943466 Case 2026319006250",
            "Resolve with this reason Add a note",
        ],
    );
    assert_eq!(api.requests(), ["GET /v2/me".to_owned(), format!("GET /v2/settlement/exceptions/{ID}")]);
    assert_eq!(api.get("/170200126/exceptions/other").await.status, 404);
}

#[tokio::test]
async fn a_difference_that_the_api_does_not_know_is_not_made_up() {
    let mut row = mismatch("not_ours");
    row["expected"] = Value::Null;
    row["difference"] = Value::Null;
    let html = with("read", &row).get(&format!("/170200126/exceptions/{ID}")).await.body;
    assert_says(&html, &["Tollgate No record Gateway $147.29 Notes"]);
}

#[tokio::test]
async fn an_exception_that_is_closed_or_for_others_to_close_has_no_form() {
    let api = with("pay", &mismatch("not_ours"));
    let path = format!("/170200126/exceptions/{ID}");
    let html = api.get(&path).await.body;
    assert_says(&html, &["Your role, pay, cannot add notes or resolve it. Ask somebody with operate."]);
    assert!(!html.contains("<textarea"));
    let page = api.post(&path, "act=note&note=x").await;
    assert_eq!(page.status, 422);
    assert_says(&page.body, &["Your role may not change this. Nothing was changed."]);
    assert!(!api.requests().iter().any(|request| request.starts_with("POST")));

    let mut row = mismatch("not_ours");
    row["state"] = json!("closed");
    row["resolution"] = json!({"at": "2026-11-24T15:00:00Z", "by": "Ann Lee", "reason": "booked"});
    let html = with("operate", &row).get(&path).await.body;
    assert_says(&html, &["Resolved by Ann Lee", "Nov 24, 10:00 AM booked Ann Lee"]);
    assert!(!html.contains("<textarea"));
}

#[tokio::test]
async fn a_note_and_a_resolution_are_sent_and_lead_back() {
    let api = with("operate", &mismatch("not_ours"));
    let path = format!("/170200126/exceptions/{ID}");
    let sent_to = format!("/v2/settlement/exceptions/{ID}");
    api.says("POST", &sent_to, 200, &json!({"data": {}}));
    for act in ["note", "resolve"] {
        let page = api.post(&path, &format!("act={act}&note=booked+by+hand")).await;
        assert_eq!((page.status, page.location.as_str()), (303, path.as_str()));
    }
    let posts = api.requests().into_iter().filter(|request| request.starts_with("POST")).collect::<Vec<_>>();
    let expected = [
        format!(r#"POST {sent_to}/notes {{"data":{{"text":"booked by hand"}}}}"#),
        format!(r#"POST {sent_to}/resolve {{"data":{{"reason":"booked by hand"}}}}"#),
    ];
    assert_eq!(posts, expected);
}

#[tokio::test]
async fn a_chargeback_is_resolved_and_its_dispute_marked_as_seen_in_one_form() {
    let path = format!("/170200126/exceptions/{ID}");
    let resolve = format!("/v2/settlement/exceptions/{ID}/resolve");
    let payment = format!("/170200126/payments/UM-2011/{TRANSACTION}/attention/disputed?reason=case+lost");
    let see = format!("/v2/orders/UM-2011/transactions/{TRANSACTION}/attention/disputed/seen");
    let calls = ["resolve", "seen"].map(|verb| (verb, r#"{"data":{"reason":"case lost"}}"#));
    let box_of = |html: &str| html.contains(r#"name="dispute" value="yes" checked"#);
    for (status, code, detail, sentence) in [
        (200, "", "", ""),
        (404, "not_found", "the payment does not need attention for this reason", ""),
        (
            422,
            "not_by_hand",
            "the order keeps 20 concerns",
            "was not marked as seen: the order keeps 20 concerns.",
        ),
        (
            500,
            "",
            "",
            "The exception is resolved. The payment's dispute was not marked as seen: Tollgate did not respond.",
        ),
    ] {
        let api = with("operate", &mismatch("chargeback"));
        assert!(box_of(&api.get(&path).await.body));
        api.says("POST", &resolve, 200, &json!({"data": {}}));
        api.says("POST", &see, status, &refusal(code, detail));
        let page = api.post(&path, "act=resolve&dispute=yes&note=case+lost").await;
        assert_says(&page.body, &[sentence]);
        assert_eq!(page.status, if sentence.is_empty() { 303 } else { 422 });
        let offers = page.body.contains(&format!("href=\"{payment}\">Mark the dispute as seen</a>"));
        assert_eq!(offers, !sentence.is_empty(), "{}", page.body);
        let posts = api.requests().into_iter().filter(|request| request.starts_with("POST"));
        for (post, (verb, data)) in posts.zip(calls) {
            assert!(post.contains(&format!("/{verb} ")) && post.ends_with(data), "{post}");
        }
    }
    // Only where both are wanted.
    for form in ["act=note&dispute=yes&note=x", "act=resolve&note=x"] {
        let api = with("operate", &mismatch("chargeback"));
        api.says("POST", "/v2/settlement/exceptions", 200, &json!({"data": {}}));
        assert_eq!(api.post(&path, form).await.status, 303);
        assert_eq!(api.requests().len(), 2, "{:?}", api.requests());
    }
    assert!(!box_of(&with("operate", &mismatch("not_ours")).get(&path).await.body));
}

#[tokio::test]
async fn what_was_typed_stays_beside_the_reason_why_it_was_not_taken() {
    let api = with("operate", &mismatch("not_ours"));
    let path = format!("/170200126/exceptions/{ID}");
    let refused = |code: &str| refusal(code, "it looks like a card number");
    let cases = [
        (
            400,
            "invalid_value",
            "This text is not accepted: it looks like a card number. Nothing was changed.",
        ),
        (409, "exception_closed", "It was closed in the meantime. Nothing was changed."),
        (403, "forbidden", "Your role may not change this. Nothing was changed."),
    ];
    for (status, code, sentence) in cases {
        api.says("POST", "/v2/settlement/exceptions", status, &refused(code));
        let page = api.post(&path, "act=note&note=%3C%2Ftextarea%3E%3Cscript%3E").await;
        assert_eq!(page.status, 422);
        assert_says(&page.body, &[sentence, "&#60;/textarea&#62;&#60;script&#62;"]);
    }
    let page = api.post(&path, "act=note&note=+").await;
    assert_says(&page.body, &["Please write what you found out, or why it is closed."]);
}

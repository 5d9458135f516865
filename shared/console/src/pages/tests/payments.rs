//! The list of payments, and its file.

use serde_json::{Value, json};

use super::{
    HOSTILE, api, assert_says,
    bodies::{deposit, me, page, price, refusal, transaction, with},
};

const LIST: &str = "/v2/transactions?";
const NEW_YORK: &str = "time_zone=America%2FNew_York&page%5Blimit%5D=25";

fn row(state: &str, captured: i64, refunded: i64) -> Value {
    let stated = json!({"amount": 123_450, "meta": {"listed_at": "2026-11-23T20:00:03.000Z",
        "display_captured_amount": price(captured), "display_refunded_amount": {"total": price(refunded)}}});
    with(transaction(state, &[]), &stated)
}

fn listed(rows: &[Value], cursor: Option<&str>) -> Value {
    page(
        rows,
        &json!({"page": {"cursor": cursor}, "since": "2026-10-27T12:00:00Z", "until": "2026-11-26T12:00:00Z",
            "journal": {"newest_entry_at": "2026-11-25T20:11:30Z"}}),
    )
}

fn deposits(rows: &[Value]) -> Value {
    let meta = json!({"page": {"limit": 25, "cursor": null}, "from": "2020-10-27", "to": "2020-11-26",
        "sums": [], "accounts": [], "unreadable": 0});
    page(rows, &meta)
}

#[tokio::test]
async fn a_list_is_one_call_and_shows_local_times_amounts_and_the_way_on() {
    let api = api("read");
    api.says(
        "GET",
        LIST,
        200,
        &listed(&[row("partly_refunded", 123_450, 500), row("held", 0, 0)], Some("next one")),
    );
    let page = api.get("/170200126/payments?from=2026-11-01&to=2026-11-30&state=refunded").await;
    assert_says(
        &page.body,
        &[
            "Oct 27, 2026 to Nov 26, 2026. Times are America/New_York.",
            "Nov 23, 3:00 PM Refunded in part 1,234.50 1,234.50 −5.00 Visa 1443 UM-1",
            "Nov 23, 3:00 PM Held 1,234.50 Visa 1443 UM-1",
            "2 payments, up to date as of Nov 25, 3:11 PM Older",
        ],
    );
    for link in [
        "/170200126/payments/UM-1/01a209fe-7ea0-47a8-b0f7-b059e208297d",
        "/170200126/payments?from=2026-11-01&#38;to=2026-11-30&#38;state=refunded&#38;cursor=next+one",
        "/170200126/payments?from=2026-11-01&#38;to=2026-11-30&#38;state=held",
        "/170200126/payments.csv?from=2026-11-01&#38;to=2026-11-30&#38;state=refunded",
    ] {
        assert!(page.body.contains(&format!("\"{link}\"")), "{link} in {}", page.body);
    }
    let filter = "ge%28created_at%2C%222026-11-01%22%29%3Ale%28created_at%2C%222026-11-30%22%29%3A\
                  in%28state%2Crefunded%2Cpartly_refunded%29";
    assert_eq!(api.requests(), ["GET /v2/me".to_owned(), format!("GET {LIST}filter={filter}&{NEW_YORK}")]);
}

#[tokio::test]
async fn a_list_of_one_currency_says_so_and_stays_so() {
    let api = api("read");
    api.says("GET", LIST, 200, &listed(&[], Some("next")));
    let html = api.get("/170200126/payments?from=2026-11-01&currency=EUR").await.body;
    assert_says(&html, &["EUR. Oct 27, 2026 to Nov 26, 2026."]);
    assert!(html.contains("name=\"currency\" value=\"EUR\""), "{html}");
    assert!(html.contains("from=2026-11-01&#38;state=held&#38;currency=EUR\""), "{html}");
    let filter = "ge%28created_at%2C%222026-11-01%22%29%3Aeq%28currency%2C%22EUR%22%29";
    assert_eq!(api.requests()[1], format!("GET {LIST}filter={filter}&{NEW_YORK}"));
}

#[tokio::test]
async fn a_list_of_declines_for_one_reason_says_so_and_stays_so() {
    let api = api("read");
    api.says("GET", LIST, 200, &listed(&[], Some("next")));
    let path = "/170200126/payments?from=2026-11-01&state=declined&decline_code=expired_card";
    let html = api.get(path).await.body;
    assert_says(&html, &["Declined: expired card. Oct 27, 2026 to Nov 26, 2026."]);
    assert!(html.contains("name=\"decline_code\" value=\"expired_card\""), "{html}");
    assert!(html.contains("state=declined&#38;decline_code=expired_card&#38;cursor=next\""), "{html}");
    let filter = "ge%28created_at%2C%222026-11-01%22%29%3Aeq%28state%2Cdeclined%29%3Aeq%28decline_code%2C%22expired_card%22%29";
    assert_eq!(api.requests()[1], format!("GET {LIST}filter={filter}&{NEW_YORK}"));
}

#[tokio::test]
async fn a_text_that_is_no_order_is_looked_for_as_a_reference_also_where_it_is_refused() {
    let order = format!("{LIST}filter=eq%28order_id");
    for (status, answer) in [(200, listed(&[], None)), (400, refusal("invalid_value", ""))] {
        let api = api("read");
        api.says("GET", LIST, 200, &listed(&[row("paid", 123_450, 0)], None));
        api.says("GET", &order, status, &answer);
        let page = api.get("/170200126/payments?q=UM-7").await;
        assert_says(&page.body, &["Order UM-7, then reference UM-7.", "1 payment,"]);
        assert_eq!(api.requests().len(), 3, "{:?}", api.requests());
    }
}

#[tokio::test]
async fn an_empty_list_says_what_was_looked_for_and_offers_a_longer_range() {
    let api = api("read");
    api.says("GET", LIST, 200, &listed(&[], None));
    let page = api.get("/170200126/payments?q=1443+26.20").await;
    let sentences = [
        "No such payments",
        "Card ending in 1443, amount 26.20. Oct 27, 2026 to Nov 26, 2026.",
        "Look at the last year",
        "Names are not searched.",
    ];
    assert_says(&page.body, &sentences);
    api.says("GET", LIST, 200, &listed(&[], Some("on")));
    let page = api.get("/170200126/payments?q=1443").await;
    assert_says(&page.body, &["None in this part", "Older"]);
}

#[tokio::test]
async fn a_row_that_cannot_be_read_has_its_key_and_what_others_wrote_stays_text() {
    let api = api("read");
    let mut hostile = row("paid", 123_450, 0);
    hostile["meta"]["state"] = json!(HOSTILE);
    hostile["payment_details"]["card"]["brand"] = json!(HOSTILE);
    hostile["relationships"]["order"]["data"]["id"] = json!(HOSTILE);
    hostile["failure_details"] = json!({"code": HOSTILE, "reason": HOSTILE});
    let unreadable = json!({"type": "unreadable", "id": "order#<b>1"});
    api.says("GET", LIST, 200, &listed(&[hostile, unreadable], None));
    let query = form_urlencoded::byte_serialize(HOSTILE.as_bytes()).collect::<String>();
    let page = api.get(&format!("/170200126/payments?q={query}&from={query}&state={query}")).await;
    assert_says(&page.body, &["Cannot be read: order#&#60;b&#62;1"]);
}

#[tokio::test]
async fn of_a_card_number_in_the_box_an_address_has_only_the_last_four_digits() {
    let api = api("read");
    let path = "/170200126/payments";
    for (typed, sought) in [
        ("4788250000121443", "1443"),
        ("4788 2500 0012 1443", "1443"),
        ("4788-2500-0012-1443 25.99", "1443+25.99"),
        ("3714 496353 98431", "8431"),
        ("[a] 4788250000121443", "%5Ba%5D+1443"),
        ("4788/2500/0012/1443", "1443"),
    ] {
        let query = form_urlencoded::byte_serialize(typed.as_bytes()).collect::<String>();
        let rest = "from=2026-11-01&state=refunded";
        let page = api.post(path, &format!("q={query}&{rest}")).await;
        assert_eq!((page.status, &*page.location), (303, &*format!("{path}?q={sought}&{rest}")), "{typed}");
        for path in [path, "/170200126/payments.csv"] {
            let page = api.get(&format!("{path}?q={query}&{rest}")).await;
            let clean = format!("{path}?q={sought}&{rest}");
            assert_eq!((page.status, page.location, &*page.body), (303, clean, ""), "{typed}");
        }
    }
    assert_eq!(api.requests(), [""; 0], "nothing was looked for under a number");
}

#[tokio::test]
async fn any_other_text_is_looked_for_as_it_was_typed() {
    let api = api("read");
    api.says("GET", LIST, 200, &listed(&[], None));
    api.says("GET", "/v2/deposits?", 200, &deposits(&[]));
    for typed in ["1443", "25.99", "327975232415", "UM-2019 [a]", "9411111111111111", "4788250000121444"] {
        let query = form_urlencoded::byte_serialize(typed.as_bytes()).collect::<String>();
        let found = format!("/170200126/payments?q={query}");
        let page = api.post("/170200126/payments", &format!("q={query}")).await;
        assert_eq!((page.status, &*page.location), (303, &*found));
        let page = api.get(&found).await;
        assert_eq!(page.status, 200, "{typed}");
        let form = r#"<form class="filters" id="find" method="post" action="/170200126/payments">"#;
        assert!(
            page.body.contains(form) && page.body.contains(&format!("value=\"{typed}\"")),
            "{}",
            page.body
        );
    }
}

#[tokio::test]
async fn an_e_mail_address_is_answered_by_the_page_and_is_in_none_of_its_addresses() {
    let api = api("read");
    api.says("GET", LIST, 200, &listed(&[row("paid", 123_450, 0)], Some("next")));
    let path = "/170200126/payments";
    let page = api.post(path, "q=Ann%40shop.example&from=2026-11-01&state=held").await;
    assert_eq!((page.status, &*page.location), (200, ""));
    assert_says(&page.body, &["E-mail address ann@shop.example.", "UM-1", "Older"]);
    for part in [
        "name=\"q\" type=\"search\" value=\"Ann@shop.example\"",
        "form=\"find\" name=\"state\" value=\"refunded\"",
        "form=\"find\" name=\"cursor\" value=\"next\"",
        "formaction=\"/170200126/payments.csv\"",
    ] {
        assert!(page.body.contains(part), "{part} in {}", page.body);
    }
    for address in page.body.split("href=\"").chain(page.body.split("action=\"")).skip(1) {
        let address = address.split('"').next().unwrap_or_default();
        assert!(!address.contains("shop.example"), "{address}");
    }
    assert_eq!(api.requests().len(), 2, "{:?}", api.requests());
    for path in [path.to_owned(), format!("{path}.csv")] {
        let page = api.get(&format!("{path}?q=Ann%40shop.example&from=2026-11-01")).await;
        assert_eq!((page.status, page.location), (303, format!("{path}?from=2026-11-01")));
    }
}

#[tokio::test]
async fn only_a_lost_e_mail_address_has_to_be_typed_again_after_a_new_sign_in() {
    let api = api("read");
    api.says("GET", LIST, 200, &listed(&[], None));
    for (ended, is_lost) in [("lost", true), ("yes", false)] {
        let page = api.get(&format!("/170200126/payments?from=2026-11-01&ended={ended}")).await;
        assert_eq!(page.body.contains("Please type the e-mail address again."), is_lost, "{ended}");
    }
}

#[tokio::test]
async fn a_text_costs_three_calls_at_most_and_its_other_meanings_are_links() {
    let api = api("read");
    api.says("GET", LIST, 200, &listed(&[], None));
    let page = api.get("/170200126/payments?q=pps123&state=paid").await;
    assert_says(
        &page.body,
        &["Order pps123, then order PPS123, then approval code pps123.", "Not searched: reference pps123"],
    );
    assert!(page.body.contains("\"/170200126/payments?q=reference+pps123&#38;state=paid\""), "{}", page.body);
    assert_eq!(api.requests().len(), 1 + 3, "{:?}", api.requests());
}

#[tokio::test]
async fn a_text_whose_readings_are_all_refused_is_not_said_to_find_nothing() {
    let api = api("read");
    api.says("GET", LIST, 400, &refusal("invalid_value", "is not a cursor of this list"));
    let page = api.get("/170200126/payments?q=UM-7&cursor=old").await;
    assert_says(&page.body, &["is not a cursor of this list"]);
    assert!(!page.body.contains("No such payments"), "{}", page.body);
}

#[tokio::test]
async fn an_empty_part_of_a_list_that_goes_on_is_not_taken_for_none() {
    let api = api("read");
    api.says("GET", LIST, 200, &listed(&[], Some("on")));
    let page = api.get("/170200126/payments?q=26").await;
    assert_says(&page.body, &["None in this part", "Not searched: order 26 · reference 26", "Older"]);
    assert_eq!(api.requests().len(), 1 + 1, "{:?}", api.requests());
}

#[tokio::test]
async fn a_long_number_is_the_trace_number_of_a_deposit_or_else_a_reference() {
    let path = "/170200126/payments?q=1210002426112300";
    let api = api("read");
    api.says("GET", LIST, 200, &listed(&[row("paid", 123_450, 0)], None));
    api.says("GET", "/v2/deposits?", 200, &deposits(&[]));
    assert_says(&api.get(path).await.body, &["then gateway reference 1210002426112300.", "UM-1"]);
    api.says("GET", "/v2/deposits?", 200, &deposits(&[deposit()]));
    let found = api.get(path).await;
    assert_eq!(
        (found.status, &*found.location),
        (303, "/170200126/deposits/20261123518026?mid=496480518026")
    );
    api.says("GET", "/v2/deposits?", 200, &deposits(&[deposit(), deposit()]));
    let found = api.get(path).await;
    assert_says(&found.body, &["Deposits with this trace number: Nov 23, 2020 · Nov 23, 2020"]);
}

#[tokio::test]
async fn a_list_of_everything_leads_to_its_brands_amounts_and_reasons() {
    let api = api("read");
    let mut rows = [row("declined", 0, 0), row("declined", 0, 0)];
    rows[1]["payment_details"]["card"]["brand"] = json!("American Express");
    rows[0]["failure_details"] = json!({"code": "expired_card", "reason": "Expired card"});
    rows[1]["failure_details"] = json!({"code": "do_not_honor", "reason": "Do not honor"});
    api.says("GET", LIST, 200, &listed(&rows, None));
    let body = api.get("/170200126/payments?from=2026-11-01&state=declined").await.body;
    assert_says(
        &body,
        &[
            "Only American Express · Visa · under 20 · 20 to 100 · 100 to 500 · over 500 · no reason given · expired card",
        ],
    );
    for part in [
        "q=American+Express&#38;from=2026-11-01&#38;state=declined",
        "state=declined&#38;decline_code=expired_card",
    ] {
        assert!(body.contains(part), "{part} in {body}");
    }
    let body = api.get("/170200126/payments?q=visa&from=2026-11-01").await.body;
    assert!(!body.contains("Parts of this list"), "{body}");
}

#[tokio::test]
async fn a_text_that_nothing_is_found_by_here_is_told_without_a_call() {
    let api = api("read");
    let own = json!({"data": {"merchant": {"search": {"references": false, "customers": false}}}});
    api.says("GET", "/v2/me", 200, &with(me("read"), &own));
    let page = api.post("/170200126/payments", "q=ann%40shop.example").await;
    assert_says(&page.body, &["No such payments", "Nothing was searched.", "an order, an approval code"]);
    assert_eq!(api.requests().len(), 1, "{:?}", api.requests());
}

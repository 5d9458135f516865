//! Payments that need attention, and the files of all lists.

use serde_json::{Value, json};

use super::{
    HOSTILE, api, assert_says,
    bodies::{self, me, operation, page, price, transaction},
    fake::FakeApi,
};

const PAGE: &str = "/170200126/attention";
const LIST: &str = "/v2/attention?";
const PAYMENT: &str = "/170200126/payments/UM-1/01a209fe-7ea0-47a8-b0f7-b059e208297d";

/// How a person settles a cause.
pub(super) fn settled_by(code: &str) -> Value {
    match code {
        "in_doubt" | "refund_held_back" => json!("decision"),
        "found_late" | "authorization_ending" => Value::Null,
        _ => json!("seen"),
    }
}

/// A payment of $25.99 with these causes, each with the time since when.
fn row(order: &str, causes: &[(&str, &str)], operations: &Value) -> Value {
    let causes = causes.iter().map(|(code, since)| {
        let settled_by = settled_by(code);
        json!({"code": code, "since": since, "advice": "Do something.", "settled_by": settled_by})
    });
    let disputes = json!([{"type": "chargeback", "amount": 1500, "day": "2026-11-24", "reason": "Fraud"}]);
    let stated = json!({"next_actions": ["confirm", "capture", "refund"],
        "relationships": {"order": {"data": {"id": order}}},
        "meta": {"needs_attention": causes.collect::<Vec<_>>(), "capturable": price(2000),
            "display_captured_amount": price(599), "refundable": price(599), "disputed": price(1500),
            "disputes": bodies::disputes(&disputes)}});
    bodies::with(transaction("held", operations.as_array().unwrap()), &stated)
}

fn listed(rows: &[Value], cursor: Option<&str>) -> Value {
    page(
        rows,
        &json!({"page": {"cursor": cursor}, "as_of": "2026-11-26T12:00:00Z",
            "count": {"orders": 1000, "more": true, "formatted": "1,000+"}}),
    )
}

fn with(role: &str, rows: &[Value]) -> FakeApi {
    let api = api(role);
    api.says("GET", LIST, 200, &listed(rows, None));
    api
}

#[tokio::test]
async fn payments_are_below_their_causes_the_oldest_first_with_the_money_at_stake_and_what_happened() {
    let pending = json!([operation("authorize", 2599, "approved"), operation("capture", 700, "pending")]);
    let approved = json!([operation("authorize", 2599, "approved")]);
    let rejected = bodies::with(operation("purchase", 2599, "approved"), &json!({"settlement": "rejected"}));
    let rejected = json!([rejected, operation("refund", 100, "declined")]);
    let mut ended = row("UM-6", &[("capture_skipped", "2026-11-23T20:00:00Z")], &approved);
    ended["meta"]["capturable"]["amount"] = json!(0);
    ended["next_actions"] = json!(["cancel"]);
    let held_back =
        json!([operation("purchase", 2599, "approved"), operation("refund", 900, "waits_for_dispute")]);
    let twice = ("disputed", "2026-11-25T05:00:00Z");
    let rows = [
        row("UM-1", &[("authorization_ending", "2026-11-25T20:00:00Z")], &approved),
        row("UM-2", &[("authorization_ending", "2026-11-25T19:00:00Z"), twice], &approved),
        row("UM-3", &[("in_doubt", "2026-11-25T18:00:00Z")], &pending),
        row("UM-4", &[("settlement_rejected", "2026-11-22T20:00:00Z")], &rejected),
        row("UM-5", &[("disputed", "2026-11-24T05:00:00Z")], &approved),
        ended,
        row("UM-7", &[("refund_held_back", "2026-11-24T05:00:00Z")], &held_back),
    ];
    let api = with("operate", &rows);
    let html = api.get(PAGE).await.body;
    assert_says(
        &html,
        &[
            "1,000+ orders as of Nov 26, 7:00 AM.",
            "Open exceptions of the settlement: 3 The outcome is not known yet Do something. Since",
            "Visa 1443 UM-3 $7.00 We do not know yet whether $7.00 was captured.",
            "An inquiry is sent every minute. Ask the gateway Somebody with the role all can decide it",
            "Visa 1443 UM-6 $25.99 The bank approved $25.99 and holds it. Mark as seen Settlement refused the payment",
            "UM-4 $25.99 The bank approved $25.99. Settlement refused it afterwards: no money comes. Mark as seen The authorization ends",
            "UM-2 $20.00 The bank approved $25.99 and holds it. Capture Nov 25, 3:00 PM",
            "The cardholder's bank took the money back Do something.",
            "UM-5 $15.00 The cardholder's bank took back $15.00: Fraud. Mark as seen Nov 25, 12:00 AM",
            "A refund that Tollgate owes waits for a dispute Do something. Since",
            "UM-7 $9.00 $9.00 is to be refunded, which waits until no chargeback of the order is open. Refund Somebody with the role all can decide it",
        ],
    );
    for part in [
        r#"<a href="/170200126/attention" aria-current="page">"#,
        r#"<span class="count" aria-label="2 orders">2</span></a>"#,
        r#"<a class="number" href="/170200126/payments/UM-2/01a209fe-7ea0-47a8-b0f7-b059e208297d">UM-2</a>"#,
        r#"<form method="post" action="/170200126/payments/UM-3/01a209fe-7ea0-47a8-b0f7-b059e208297d/confirm?operation=00000000-0000-4000-8007-000000000700"><input type="hidden" name="csrf" value=""#,
    ] {
        assert!(html.contains(part), "{part} in {html}");
    }
    assert_eq!(api.requests(), ["GET /v2/me", "GET /v2/attention?page%5Blimit%5D=100"]);
}

#[tokio::test]
async fn what_can_be_settled_has_a_form_for_those_who_may_and_says_who_for_others() {
    let cases = [
        ("disputed", "attention/disputed", "operate, all", "operate can mark it as seen"),
        ("capture_skipped", "attention/capture_skipped", "operate, all", "operate can mark it as seen"),
        ("in_doubt", "decide", "all", "all can decide it"),
        ("refund_held_back", "decide", "all", "all can decide it"),
        ("found_late", "refund", "operate, all", "operate can refund it"),
    ];
    for (code, form, roles, who) in cases {
        for role in ["read", "pay", "operate", "all"] {
            let html = with(role, &[row("UM-1", &[(code, "2026-11-25T20:00:00Z")], &json!([]))])
                .get(PAGE)
                .await
                .body;
            let is_allowed = roles.contains(role);
            let has_form = html.contains(&format!("class=\"button\" href=\"{PAYMENT}/{form}\""));
            assert_eq!(has_form, is_allowed, "{code} {role} {html}");
            let says = format!("Somebody with the role {who}");
            assert_eq!(html.contains(&says), !is_allowed, "{code} {role} {html}");
        }
    }
}

/// The buttons for a payment with this cause.
async fn offered(role: &str, code: &str, next_actions: &[&str]) -> String {
    let mut row = row("UM-1", &[(code, "2026-11-25T20:00:00Z")], &json!([]));
    row["next_actions"] = json!(next_actions);
    let html = with(role, &[row]).get(PAGE).await.body;
    assert_says(&html, &["Visa 1443 UM-1", "Do something."]);
    let is_there = |act: &&str| html.contains(&format!("\"{PAYMENT}/{act}\""));
    ["confirm", "capture", "refund", "void"].into_iter().filter(is_there).collect()
}

#[tokio::test]
async fn each_cause_offers_what_helps_to_those_who_may_and_where_it_is_possible() {
    for (code, act, roles) in [
        ("in_doubt", "confirm", "pay, operate, all"),
        ("capture_skipped", "capture", "operate, all"),
        ("authorization_ending", "capture", "operate, all"),
        ("found_late", "refund", "operate, all"),
        ("voided_elsewhere", "", ""),
        ("settlement_rejected", "", ""),
        ("disputed", "", ""),
        ("dispute_unclear", "", ""),
        ("refund_held_back", "refund", "operate, all"),
    ] {
        for role in ["read", "pay", "operate", "all"] {
            let expected = if roles.contains(role) { act } else { "" };
            let all = ["confirm", "capture", "refund", "cancel"];
            assert_eq!(offered(role, code, &all).await, expected, "{code} {role}");
            assert_eq!(offered(role, code, &[]).await, "", "{code} {role}");
        }
    }
}

#[tokio::test]
async fn what_elastic_path_does_not_have_is_recorded_again_by_those_who_may() {
    for code in ["elastic_path_refused", "elastic_path_differs"] {
        for (role, again) in [("read", true), ("pay", true), ("all", true), ("all", false)] {
            let mut row = row("UM-1", &[(code, "2026-11-25T20:00:00Z")], &json!([]));
            row["meta"]["elastic_path"] = json!({"state": "refused", "again": again});
            let html = with(role, &[row]).get(PAGE).await.body;
            let button = format!("action=\"{PAYMENT}/confirm?operation=elastic-path\"");
            assert_eq!(html.contains(&button), role != "read" && again, "{code} {role} {html}");
        }
    }
}

#[tokio::test]
async fn what_was_taken_of_a_canceled_order_is_refunded_by_those_who_may() {
    for (role, may) in [("read", false), ("pay", false), ("operate", true), ("all", true)] {
        let since = "2026-11-25T20:00:00Z";
        let mut row = row("UM-1", &[("elastic_path_differs", since)], &json!([]));
        row["meta"]["elastic_path"] =
            json!({"state": "needs_attention", "reason": "order_cancelled", "again": true});
        row["next_actions"] = json!(["refund"]);
        let html = with(role, &[row]).get(PAGE).await.body;
        assert_eq!(html.contains(&format!("{PAYMENT}/refund")), may, "{role} {html}");
        assert!(!html.contains("operation=elastic-path"), "it is not recorded again: {html}");
    }
}

/// Such an order has no page here, and its id comes from the store.
#[tokio::test]
async fn an_order_that_others_marked_as_paid_says_that_nothing_was_charged_and_offers_nothing() {
    let listed = include_str!("../../../../wire/fixtures/0.6.0/attention-at-elastic-path.json");
    let mut order = serde_json::from_str::<Value>(listed).unwrap()["data"][1].take();
    order["id"] = json!(HOSTILE);
    let since = "2026-11-25T20:00:00Z";
    let payment = row("UM-1", &[("elastic_path_foreign_payment", since)], &json!([]));
    let html = with("all", &[payment, order]).get(PAGE).await.body;
    assert_says(
        &html,
        &["a payment that is not Tollgate's", "Nothing was charged", "charged no card for it"],
    );
    assert_eq!(html.matches("charged no card for it").count(), 2, "of the payment's order, too: {html}");
    assert_eq!(html.matches(">Mark as seen<").count(), 1, "of the payment only: {html}");
    assert!(!html.contains(HOSTILE), "{html}");
}

#[tokio::test]
async fn nothing_to_do_says_so_and_three_pages_are_read_at_most() {
    let mut none = me("read");
    none["data"]["attention"]["count"]["orders"] = json!(0);
    none["data"]["settlement"]["count"]["exceptions"] = json!(0);
    let api = with("read", &[]);
    api.says("GET", "/v2/me", 200, &none);
    let html = api.get(PAGE).await.body;
    let sentence = "Nothing needs attention No payment is waiting for a person, as of Nov 26, 7:00 AM.";
    assert_says(&html, &[sentence]);
    assert!(!html.contains("class=\"count\"") && !html.contains("Open exceptions"), "{html}");

    let one = row("UM-1", &[("disputed", "2026-11-25T20:00:00Z")], &json!([]));
    api.says("GET", LIST, 200, &listed(&vec![one; 100], Some("on")));
    let html = api.get(PAGE).await.body;
    let sentence = "These are the newest 300 payments. 1,000+ orders need attention";
    assert_says(&html, &[sentence]);
    assert_eq!(html.matches("UM-1</a>").count(), 300);
    let lists = api.requests().into_iter().skip(3).collect::<Vec<_>>();
    let next = "GET /v2/attention?page%5Blimit%5D=100&page%5Bcursor%5D=on";
    assert_eq!(lists, ["GET /v2/attention?page%5Blimit%5D=100", next, next]);
}

#[tokio::test]
async fn a_row_that_cannot_be_read_has_its_key_and_what_others_wrote_stays_text() {
    let causes = ["in_doubt", "found_late", "disputed"].map(|code| (code, "2026-11-25T20:00:00Z"));
    let mut operation = operation("refund", 100, "declined");
    operation["decline_code"] = json!("do_not_honor");
    let mut hostile = row("UM-1", &causes, &json!([operation])).to_string();
    let quoted = json!(HOSTILE).to_string();
    let texts = "Do something.|UM-1|Visa|1443|USD|Fraud|do_not_honor";
    for text in texts.split('|') {
        hostile = hostile.replace(&format!("\"{text}\""), &quoted);
    }
    let hostile = serde_json::from_str(&hostile).unwrap();
    let api = with("all", &[hostile, json!({"type": "unreadable", "id": HOSTILE})]);
    let html = api.get(PAGE).await.body;
    assert_says(&html, &["Cannot be read Ask an operator to restore it: &#60;script&#62;"]);
}

#[tokio::test]
async fn every_list_is_a_file_with_the_filters_of_its_page() {
    for (file, called) in [
        (
            "payments.csv?state=held",
            "transactions?filter=eq%28state%2Cheld%29&time_zone=America%2FNew_York&page%5Blimit%5D=100",
        ),
        ("attention.csv", "attention?page%5Blimit%5D=100"),
        ("deposits.csv?from=2026-11-01", "deposits?filter=ge%28date%2C2026-11-01%29&page%5Blimit%5D=100"),
        ("deposits/a%2Fb/lines.csv?mid=4964", "deposits/a%2Fb?mid=4964"),
        ("exceptions.csv", "settlement/exceptions?page%5Blimit%5D=100"),
        (
            "days.csv?from=2026-01&to=2026-11&interval=month",
            "reports/totals?from=2026-01&to=2026-11&interval=month&time_zone=America%2FNew_York&by=currency",
        ),
    ] {
        let api = api("read");
        let path = called.split('?').next().unwrap();
        api.says_csv(&format!("/v2/{called}"), "id,amount\r\n1,5.00\r\n", Some("?page[cursor]=2"));
        api.says_csv(&format!("/v2/{path}?page[cursor]=2"), "id,amount\r\n2,-6.00\r\n", None);
        let shown = api.get(&format!("/170200126/{file}")).await;
        // One mark for Excel, at the beginning of all pages.
        assert_eq!(shown.body, "\u{feff}id,amount\r\n1,5.00\r\n2,-6.00\r\n", "{file}");
        assert_eq!(api.requests()[1], format!("GET /v2/{called}"));
    }
}

#[tokio::test]
async fn a_file_that_is_too_long_is_none() {
    let api = api("read");
    api.says_csv(LIST, &format!("id\r\n{}\r\n", "1".repeat(4_499_994)), Some("?page[cursor]=2"));
    api.says_csv("/v2/attention?page[cursor]=2", "id\r\n", None);
    assert_eq!(api.get("/170200126/attention.csv").await.status, 200, "4,500,000 bytes");
    api.says_csv("/v2/attention?page[cursor]=2", "id\r\n2", None);
    let page = api.get("/170200126/attention.csv").await;
    assert_says(&page.body, &["These are too many for one file Choose a shorter range, or ask an operator"]);
}

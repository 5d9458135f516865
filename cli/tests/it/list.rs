//! `payment list` and `payment find`: payments without their orders' ids.

use cardpointe_simulator::Endpoint;
use jiff::{SignedDuration, Timestamp};
use local::Options;
use serde_json::{Value, json};
use tollgate_core::values::Clock;

use crate::support::{Fixture, MERCHANT};

/// The orders of a list, in its order.
fn orders(listed: &Value) -> Vec<&str> {
    listed["payments"].as_array().unwrap().iter().map(|row| row["order"].as_str().unwrap()).collect()
}

async fn list(fixture: &Fixture, more: &[&str]) -> Value {
    fixture.run(&[&["payment", "list", MERCHANT, "--json"], more].concat(), "").await.json()
}

fn hours_from_now(fixture: &Fixture, hours: i64) -> String {
    (fixture.stack.clock().now() + SignedDuration::from_hours(hours)).to_string()
}

#[tokio::test]
async fn a_list_is_newest_first_as_payments_are_now_and_goes_on_where_it_ended() {
    let fixture = Fixture::open().await;
    let since = Timestamp::now().to_string();
    for n in 1..=3 {
        let (_, id) = fixture.pay(&format!("o-{n}"), "authorize").await;
        fixture.stack.advance_clock(1);
        if n == 2 {
            assert_eq!(fixture.follow_up("o-2", &id, "capture", json!({ "amount": 1000 })).await.0, 200);
        }
        fixture.stack.advance_clock(1);
    }
    assert_eq!(
        orders(&list(&fixture, &["--since", &since]).await),
        Vec::<&str>::new(),
        "the journal is behind"
    );
    fixture.stack.deliver_stream().await.unwrap();
    let all = list(&fixture, &["--since", &since]).await;
    assert_eq!((orders(&all), &all["next"]), (vec!["o-3", "o-2", "o-1"], &Value::Null));
    let captured = &all["payments"][1];
    assert_eq!((&captured["captured"], &captured["status"]), (&json!(1000), &json!("complete")));
    assert!(all["newest_entry_at"].is_string());

    let first = list(&fixture, &["--since", &since, "--limit", "1"]).await;
    // Paid between two parts of the list.
    fixture.pay("o-4", "purchase").await;
    fixture.stack.deliver_stream().await.unwrap();
    let next = first["next"].as_str().unwrap();
    let rest = list(&fixture, &["--since", &since, "--next", next]).await;
    assert_eq!((orders(&first), orders(&rest)), (vec!["o-3"], vec!["o-2", "o-1"]));
    fixture.close().await;
}

#[tokio::test]
async fn each_filter_goes_by_the_current_state() {
    let fixture = Fixture::open().await;
    let since = Timestamp::now().to_string();
    let (_, held) = fixture.pay("held", "authorize").await;
    let (_, cancelled) = fixture.pay("cancelled", "authorize").await;
    assert_eq!(fixture.follow_up("cancelled", &cancelled, "cancel", json!({})).await.0, 200);
    fixture.pay("scheduled", "authorize").await;
    let (_, scheduled) = fixture.pay("scheduled-2", "authorize").await;
    let soon = json!({ "data": { "capture_at": hours_from_now(&fixture, 2) } });
    let path = format!("/v2/orders/scheduled-2/transactions/{scheduled}");
    assert_eq!(fixture.call("PATCH", &path, soon).await.0, 200);
    let (_, taken) = fixture.pay("taken", "authorize").await;
    assert_eq!(fixture.follow_up("taken", &taken, "capture", json!({ "amount": 1000 })).await.0, 200);
    fixture.stack.deliver_stream().await.unwrap();
    let (soon, in_a_week) = (hours_from_now(&fixture, 3), hours_from_now(&fixture, 8 * 24));
    for (filter, expected) in [
        (&["--status", "cancelled"][..], &["cancelled"][..]),
        (&["--state", "voided"], &["cancelled"]),
        (&["--state", "partly_paid"], &["taken"]),
        (&["--state", "paid"], &[]),
        (&["--state", "voided,partly_paid"], &["cancelled", "taken"]),
        (&["--status", "cancelled,failed"], &["cancelled"]),
        (&["--brand", "visa", "--state", "voided"], &["cancelled"]),
        (&["--brand", "Mastercard,JCB"], &[]),
        (&["--captured-from", "10", "--currency", "USD"], &["taken"]),
        (&["--captured-to", "9.99", "--captured-from", "1", "--currency", "USD"], &[]),
        (&["--operation", "void"], &["cancelled"]),
        (&["--operation", "void,capture"], &["cancelled", "taken"]),
        (&["--operation", "capture"], &["taken"]),
        (&["--decline-code", "insufficient_funds"], &[]),
        (&["--amount-from", "25.99", "--state", "held"], &["held", "scheduled", "scheduled-2"]),
        (&["--amount-from", "26"], &[]),
        (&["--amount-to", "25.98"], &[]),
        (&["--amount", "10.00"], &["taken"]),
        (&["--amount", "10"], &["taken"]),
        (&["--amount", "10.0", "--currency", "USD"], &["taken"]),
        (&["--amount", "1000"], &[]),
        (&["--amount", "10.00", "--currency", "CAD"], &[]),
        (&["--captures-by", &soon], &["scheduled-2"]),
        (&["--ends-by", &soon], &[]),
        (&["--ends-by", &in_a_week], &["held", "scheduled", "scheduled-2"]),
    ] {
        let listed = list(&fixture, &[&["--since", &since], filter].concat()).await;
        let mut found = orders(&listed);
        found.sort_unstable();
        assert_eq!(found, expected, "{filter:?}");
    }
    let turned = list(&fixture, &["--since", &since, "--oldest-first"]).await;
    let turned: Vec<_> = orders(&turned).into_iter().map(str::to_owned).rev().collect();
    assert_eq!(turned, orders(&list(&fixture, &["--since", &since]).await));
    let digits = {
        let path = format!("/v2/orders/held/transactions/{held}");
        let shown = fixture.call("GET", &path, Value::Null).await.1;
        shown["data"]["payment_details"]["card"]["last_four"].as_str().unwrap().to_owned()
    };
    let find = ["payment", "find", MERCHANT, "--last4", &digits, "--amount", "25.99", "--json"];
    assert_eq!(orders(&fixture.run(&find, "").await.json()).len(), 5);
    let none = ["payment", "find", MERCHANT, "--last4", "0000", "--json"];
    assert_eq!(orders(&fixture.run(&none, "").await.json()), Vec::<&str>::new());
    fixture.close().await;
}

#[tokio::test]
async fn a_list_that_no_index_helps_says_so_before_it_reads_every_payment() {
    let fixture = Fixture::open().await;
    let since = Timestamp::now().to_string();
    let (_, taken) = fixture.pay("taken", "authorize").await;
    assert_eq!(fixture.follow_up("taken", &taken, "capture", json!({ "amount": 1000 })).await.0, 200);
    let (_, cancelled) = fixture.pay("cancelled", "authorize").await;
    assert_eq!(fixture.follow_up("cancelled", &cancelled, "cancel", json!({})).await.0, 200);
    fixture.stack.deliver_stream().await.unwrap();
    for (filter, has_index) in [
        (&[][..], true),
        (&["--brand", "Visa"], false),
        (&["--brand", "Visa", "--last4", "1443"], true),
        (&["--state", "held"], true),
        (&["--status", "pending"], true),
    ] {
        let command = [&["payment", "list", MERCHANT, "--since", &since][..], filter].concat();
        let said = fixture.run(&command, "").await;
        assert_eq!(said.err.starts_with("No index has"), !has_index, "{filter:?}: {said:?}");
    }
    for (filter, expected, has_index) in [
        (&["--brand", "visa,jcb", "--fact", "captured"][..], 1, false),
        (&["--fact", "captured,voided", "--brand", "JCB"], 0, false),
        (&["--amount-from", "25.99", "--amount-to", "26", "--currency", "USD,CAD"], 0, true),
        (&["--unusual", "--brand", "Visa"], 1, true),
    ] {
        let command = [&["journal", "list", MERCHANT, "--since", &since, "--json"][..], filter].concat();
        let said = fixture.run(&command, "").await;
        if filter.contains(&"USD,CAD") {
            said.fails(2, "takes one --currency");
            continue;
        }
        assert_eq!(said.err.starts_with("No index has"), !has_index, "{filter:?}: {said:?}");
        assert_eq!(said.json()["entries"].as_array().unwrap().len(), expected, "{filter:?}");
    }
    fixture.close().await;
}

#[tokio::test]
async fn what_cannot_be_looked_for_is_said_before_anything_is_read() {
    let fixture = Fixture::open().await;
    for (option, value, says) in [
        ("--day", "last week", "today, yesterday or a date"),
        ("--status", "paid", "complete, failed, pending, cancelled"),
        ("--state", "complete", "held, paid, partly_paid"),
        ("--operation", "sale", "authorize, purchase, capture, refund, void"),
        ("--decline-code", "51", "insufficient_funds"),
        ("--amount-from", "$20", "like 20 or 25.99"),
        ("--amount", "25,99", "like 20 or 25.99"),
        ("--limit", "0", "1 to 10000"),
        ("--next", "tomorrow", "what a list printed"),
    ] {
        fixture.run(&["payment", "list", MERCHANT, option, value], "").await.fails(2, says);
    }
    let list = ["payment", "list", MERCHANT, "--amount", "25.999", "--currency", "USD"];
    fixture.run(&list, "").await.fails(2, "--amount: 25.999 is no amount of USD, which has up to 2 decimals");
    for (option, value, says) in [
        ("--last4", "144", "four digits"),
        ("--order", "a/b", "letters, digits, '-', '_', '.', ':' and '~'"),
        ("--payment", "475d9b6b", "a UUID: 32 digits 0-9 and a-f, in groups of 8-4-4-4-12"),
        ("--payment", "order-1001", "a UUID: 32 digits 0-9 and a-f, in groups of 8-4-4-4-12"),
        ("--retref", "3249-7424", "letters and digits, as on a statement"),
        ("--retref", "", "letters and digits, as on a statement"),
        ("--reference", " ", "is blank"),
    ] {
        fixture.run(&["payment", "find", MERCHANT, option, value], "").await.fails(2, says);
    }
    // A text that is no reference of the gateway and no id can still be the shop's own.
    fixture.run(&["payment", "find", MERCHANT, " "], "").await.fails(2, "is blank");
    fixture.run(&["payment", "find", "a/b", "1"], "").await.fails(2, "letters, digits, '-' and '_'");
    fixture.close().await;
}

/// Two calls without a response, of which one became known; and authorizations in their last day.
#[tokio::test]
async fn what_needs_attention_is_one_list_and_each_says_what_to_do() {
    let fixture = Fixture::open().await;
    fixture.pay("fine", "purchase").await;
    let (_, cancelled) = fixture.pay("cancelled", "authorize").await;
    assert_eq!(fixture.follow_up("cancelled", &cancelled, "cancel", json!({})).await.0, 200);
    fixture.pay("held", "authorize").await;
    fixture.stack.deliver_stream().await.unwrap();
    assert_eq!(orders(&list(&fixture, &["--needs-attention"]).await), Vec::<&str>::new());
    fixture.stack.advance_clock(6 * 86_400 + 3_600);
    fixture.stack.invoke_scheduled("scheduled-capture").await.unwrap();
    fixture.lose(Endpoint::Auth);
    assert_eq!(fixture.pay("lost", "purchase").await.0, 202);
    fixture.stay_in_doubt();
    fixture.stack.deliver_stream().await.unwrap();
    let found = list(&fixture, &["--needs-attention"]).await;
    assert_eq!(orders(&found), ["lost", "held"]);
    let code = |n: usize| &found["payments"][n]["needs_attention"][0]["code"];
    assert_eq!((code(0), code(1)), (&json!("in_doubt"), &json!("authorization_ending")));
    assert_eq!(orders(&list(&fixture, &["--needs-attention", "--status", "pending"]).await), ["lost"]);
    let ending = ["--needs-attention", "--code", "found_late", "--code", "authorization_ending"];
    assert_eq!(orders(&list(&fixture, &ending).await), ["held"]);
    let unknown = ["payment", "list", MERCHANT, "--needs-attention", "--code", "late"];
    fixture.run(&unknown, "").await.fails(2, "must be in_doubt, capture_skipped");
    let text = fixture.run(&["payment", "list", MERCHANT, "--needs-attention"], "").await.done();
    assert!(text.contains("\nin_doubt: Wait") && text.contains("\nauthorization_ending: Capture"), "{text}");
    fixture.close().await;
}

#[tokio::test]
async fn a_csv_has_a_line_for_each_payment_and_no_formula() {
    let fixture = Fixture::open().await;
    let since = Timestamp::now().to_string();
    let (_, id) = fixture.pay("o-1", "authorize").await;
    let capture = json!({ "amount": 1000, "custom_reference": "=1+1" });
    assert_eq!(fixture.follow_up("o-1", &id, "capture", capture).await.0, 200);
    fixture.stack.advance_clock(1);
    fixture.pay("o-2", "purchase").await;
    fixture.stack.deliver_stream().await.unwrap();
    let csv = ["payment", "list", MERCHANT, "--since", &since, "--csv"];
    let printed = fixture.run(&csv, "").await.done();
    let lines: Vec<Vec<&str>> = printed.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(lines.len(), 3, "{printed}");
    assert!(lines.iter().all(|line| line.len() == 29), "{printed}");
    let cells = |line: usize| (lines[line][1], lines[line][4], lines[line][5], lines[line][12]);
    assert_eq!(cells(1), ("complete", "25.99", "25.99", "o-2"));
    assert_eq!(cells(2), ("complete", "25.99", "10.00", "o-1"));
    assert_eq!((lines[0][10], lines[2][10]), ("custom_reference", "'=1+1"));
    let some = fixture.run(&[&csv[..], &["--limit", "1"]].concat(), "").await;
    assert!(some.err.contains("--next"), "{some:?}");
    assert_eq!(some.done().lines().count(), 2);
    fixture.run(&[&csv[..], &["--json"]].concat(), "").await.fails(2, "cannot be used with");
    fixture.close().await;
}

#[tokio::test]
async fn an_order_that_cannot_be_read_is_a_line_of_the_list_with_its_key() {
    let fixture = Fixture::open().await;
    let since = Timestamp::now().to_string();
    for order in ["o-1", "o-2"] {
        fixture.pay(order, "purchase").await;
        fixture.stack.advance_clock(1);
    }
    fixture.stack.deliver_stream().await.unwrap();
    fixture.spoil("o-2").await;
    let key = format!("{MERCHANT}#o-2");
    let found = list(&fixture, &["--since", &since]).await;
    assert_eq!(orders(&found), ["o-1"]);
    let bad = &found["unreadable"][0];
    assert_eq!(
        (&bad["status"], &bad["key"], &bad["order"]),
        (&json!("unreadable"), &json!(key), &json!("o-2"))
    );
    let command = ["payment", "list", MERCHANT, "--since", &since];
    let text = fixture.run(&command, "").await.done();
    assert!(text.contains(&format!("unreadable: {key}: ")) && text.contains("1 cannot be read"), "{text}");
    let ran = fixture.run(&[&command[..], &["--csv"]].concat(), "").await;
    assert!(ran.err.contains("1 cannot be read"), "{ran:?}");
    let csv = ran.done();
    let last: Vec<&str> = csv.lines().last().unwrap().split(',').collect();
    assert_eq!((last[1], last[12], last[15]), ("unreadable", "o-2", key.as_str()));
    fixture.close().await;
}

#[tokio::test]
async fn a_receipt_is_of_an_approved_payment() {
    let fixture = Fixture::open().await;
    let (_, id) = fixture.pay("o-1", "purchase").await;
    let receipt = fixture.run(&["payment", "receipt", MERCHANT, "o-1", "--json"], "").await.json();
    assert_eq!((&receipt["transaction"], &receipt["amount"]["amount"]), (&json!(id), &json!(2599)));
    assert_eq!(receipt["approval_code"].as_str().unwrap().len(), 6, "{receipt}");
    assert_eq!(receipt["card"]["last_four"].as_str().unwrap().len(), 4, "{receipt}");
    let other = ["payment", "receipt", MERCHANT, "o-1", "475d9b6b-8385-49a3-b57f-855c155d5d68"];
    fixture.run(&other, "").await.fails(3, "no such payment");
    fixture.close().await;
}

/// Pays an order that the shop knows by this reference.
async fn pay_as(fixture: &Fixture, order: &str, reference: &str) {
    let body = json!({ "data": { "type": "order", "amount": 2599, "currency": "USD" } });
    fixture.call("PUT", &format!("/v2/orders/{order}"), body).await;
    let data = json!({
        "gateway": "card_connect", "method": "purchase", "payment": "1|16178397535388255208",
        "custom_reference": reference,
    });
    let (status, paid) =
        fixture.call("POST", &format!("/v2/orders/{order}/payments"), json!({ "data": data })).await;
    assert_eq!(status, 200, "{paid}");
}

#[tokio::test]
async fn a_payment_is_found_by_the_shops_reference_where_that_is_on_and_a_rebuild_makes_up_for_earlier_ones()
{
    let off = json!({ "search": null });
    let options = Options { merchants: [(MERCHANT.to_owned(), off)].into(), ..Options::default() };
    let fixture = Fixture::open_with(options).await;
    pay_as(&fixture, "o-1", "invoice 7").await;
    fixture.stack.deliver_stream().await.unwrap();
    let find = ["payment", "find", MERCHANT, "--reference", "invoice 7", "--json"];
    let quoted = ["payment", "find", MERCHANT, "invoice 7", "--json"];
    fixture.run(&find, "").await.fails(4, "search.references is off");
    for who in ["--customer", "--email"] {
        let find = ["payment", "find", MERCHANT, who, "a@shop.example"];
        let refused = fixture.run(&find, "").await;
        refused.fails(4, "search.customers is off");
        refused.never_says("shop.example");
    }
    let found = fixture.run(&quoted, "").await.json();
    assert_eq!(orders(&found), Vec::<&str>::new(), "what may be anything is no error");
    // Another signing key is another key of every text, and a rebuild makes up for that, too.
    for key in ["0123456789abcdef0123456789abcdef", "f123456789abcdef0123456789abcdef"] {
        let name = format!("tollgate/merchants/{MERCHANT}");
        let mut document = fixture.stack.secrets().get(&name).unwrap();
        document["search"] = json!({ "references": true });
        document["token_signing_key"] = json!(key);
        fixture.stack.secrets().put(&name, document);
        let before = fixture.run(&find, "").await.json();
        assert_eq!(orders(&before), Vec::<&str>::new());
        fixture.run(&["journal", "rebuild"], "").await.done();
        for find in [&find[..], &quoted] {
            assert_eq!(orders(&fixture.run(find, "").await.json()), ["o-1"]);
        }
    }
    let movements = ["journal", "list", MERCHANT, "--reference", "invoice 7", "--json"];
    let found = fixture.run(&movements, "").await.json();
    assert_eq!((&found["entries"][0]["fact"], &found["next"]), (&json!("approved"), &Value::Null));
    let refused = fixture.run(&["journal", "list", MERCHANT, "--email", "a@shop.example"], "").await;
    refused.fails(4, "search.customers is off");
    fixture
        .run(&["payment", "find", MERCHANT, "--reference", "4111111111111111"], "")
        .await
        .fails(2, "card number");
    fixture.run(&["payment", "find", "nobody", "--reference", "7"], "").await.fails(3, "no such merchant");
    let since = "2026-01-01T00:00:00Z";
    fixture.run(&["journal", "compare", "--since", since], "").await.done();
    fixture.close().await;
}

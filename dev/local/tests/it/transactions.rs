//! `GET /v2/transactions`: a merchant's transactions by filter, page after page.

use std::collections::BTreeSet;

use cardpointe_simulator::{Endpoint, Fault, FaultKind};
use local::{Options, merchants};
use reqwest::Method;
use serde_json::{Value, json};
use tollgate::spreadsheet::{FileRow as _, payments::PaymentRow};
use tollgate_core::values::Clock as _;

use crate::shop::{Answer, MASTERCARD, NO_FUNDS, Shop, VISA, by_card_with};

const PATH: &str = "/v2/transactions";

/// A page of a list.
async fn list(shop: &Shop, query: &[(&str, &str)]) -> Answer {
    let url = reqwest::Url::parse_with_params("http://x/", query).unwrap();
    shop.get(&format!("{PATH}?{}", url.query().unwrap_or_default())).await
}

fn orders(page: &Answer) -> Vec<String> {
    let rows = page.data(200).as_array().unwrap().iter();
    rows.map(|row| row["relationships"]["order"]["data"]["id"].as_str().unwrap().to_owned()).collect()
}

/// The orders that a filter finds, in the order of their ids.
async fn found(shop: &Shop, filter: &str) -> BTreeSet<String> {
    orders(&list(shop, &[("filter", filter)]).await).into_iter().collect()
}

fn cursor(page: &Answer) -> Option<&str> {
    page.body["meta"]["page"]["cursor"].as_str()
}

async fn pay(shop: &Shop, order: &str, method: &str, card: &str) -> String {
    shop.register(order, 2599).await;
    let id = shop.pay(order, by_card_with(method, card, &json!({}))).await;
    shop.stack.advance_clock(1);
    id.body["data"]["id"].as_str().unwrap_or_default().to_owned()
}

/// One of each kind, and the journal has all of them.
async fn pay_in_every_way(shop: &Shop) {
    pay(shop, "paid", "purchase", VISA).await;
    pay(shop, "held", "authorize", MASTERCARD).await;
    pay(shop, "declined", "purchase", NO_FUNDS).await;
    let taken = pay(shop, "taken", "authorize", VISA).await;
    shop.follow_up("taken", &taken, "capture", json!({"amount": 1000})).await.data(200);
    let scheduled = pay(shop, "scheduled", "authorize", VISA).await;
    let soon = (shop.stack.clock().now() + jiff::SignedDuration::from_hours(2)).to_string();
    let data = json!({"data": {"capture_at": soon}}).to_string();
    let path = format!("/v2/orders/scheduled/transactions/{scheduled}");
    shop.send(Method::PATCH, &path, &[], data).await.data(200);
    shop.stack.deliver_stream().await.unwrap();
}

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[tokio::test]
async fn each_filter_finds_its_transactions_as_their_orders_routes_show_them() {
    let shop = Shop::open().await;
    let started = shop.stack.clock().now();
    assert!(orders(&list(&shop, &[]).await).is_empty());
    pay_in_every_way(&shop).await;
    let hours = |hours| (started + jiff::SignedDuration::from_hours(hours)).to_string();
    for (filter, expected) in [
        (String::new(), &["paid", "held", "declined", "taken", "scheduled"][..]),
        ("eq(status,failed)".to_owned(), &["declined"]),
        ("in(status,failed,cancelled):eq(currency,CAD)".to_owned(), &[]),
        ("eq(currency,USD):eq(brand,Mastercard)".to_owned(), &["held"]),
        ("eq(last_four,5454)".to_owned(), &["held"]),
        ("eq(last_four,1443):eq(captured_amount,1000)".to_owned(), &["taken"]),
        ("gt(captured_amount,0):le(amount,2599)".to_owned(), &["paid", "taken"]),
        ("lt(amount,2599)".to_owned(), &[]),
        (format!("le(authorization_expires_at,{})", hours(1)), &[]),
        (format!("le(authorization_expires_at,{})", hours(8 * 24)), &["held", "scheduled"]),
        (format!("lt(next_capture_attempt,{})", hours(3)), &["scheduled"]),
        (format!("lt(next_capture_attempt,{})", hours(1)), &[]),
        (
            format!("ge(created_at,{started}):lt(created_at,{})", hours(1)),
            &["paid", "held", "declined", "taken", "scheduled"],
        ),
        (format!("gt(created_at,{})", hours(1)), &[]),
        ("eq(needs_attention,true)".to_owned(), &[]),
    ] {
        assert_eq!(found(&shop, &filter).await, names(expected), "{filter}");
    }
    let page = list(&shop, &[("filter", "eq(captured_amount,1000)")]).await;
    let mut row = page.data(200)[0].clone();
    let meta = row["meta"].as_object_mut().unwrap();
    assert_eq!(meta.remove("needs_attention"), Some(json!([])));
    assert!(meta.remove("listed_at").unwrap().is_string());
    assert_eq!(row, shop.transactions("taken").await[0], "the same resource");
    let code = row["payment_details"]["authorization_code"].as_str().unwrap();
    assert_eq!(code.len(), 6, "for a receipt");
    let by_code = found(&shop, &format!("eq(approval_code,{})", code.to_lowercase())).await;
    assert!(by_code.contains("taken"), "{by_code:?}");
    assert!(found(&shop, "eq(approval_code,pps)").await.is_empty(), "the whole code");
    assert!(page.body["meta"]["journal"]["newest_entry_at"].is_string());
    assert!(page.body["meta"]["read_bytes"].as_u64().unwrap() <= 10 * 1024 * 1024);
    shop.close().await;
}

#[tokio::test]
async fn pages_make_one_list_whatever_is_paid_meanwhile_and_their_cursors_are_good_for_it_only() {
    let mut shop = Shop::open().await;
    for n in 0..5 {
        pay(&shop, &format!("o-{n}"), "purchase", VISA).await;
    }
    shop.stack.deliver_stream().await.unwrap();
    let filter = ("filter", "eq(status,complete)");
    let first = list(&shop, &[filter, ("page[limit]", "2")]).await;
    pay(&shop, "later", "purchase", VISA).await;
    shop.stack.deliver_stream().await.unwrap();
    assert_eq!(orders(&first), ["o-4", "o-3"]);
    // By the header, and by the member.
    let link = first.headers["link"].to_str().unwrap();
    let next = link.strip_prefix('<').and_then(|link| link.strip_suffix(">; rel=\"next\"")).unwrap();
    assert_eq!(first.body["links"]["next"], next);
    let second = shop.get(&format!("{PATH}{next}")).await;
    assert_eq!(orders(&second), ["o-2", "o-1"]);
    let third = list(&shop, &[filter, ("page[cursor]", cursor(&second).unwrap())]).await;
    assert_eq!(orders(&third), ["o-0"]);
    assert!(cursor(&third).is_none() && third.headers.get("link").is_none());

    let good = cursor(&first).unwrap();
    let forged = good.replace(&good[60..64], "AAAA");
    for (filter, cursor) in [("eq(status,failed)", good), ("", good), (filter.1, &forged), (filter.1, "x")] {
        let refused = list(&shop, &[("filter", filter), ("page[cursor]", cursor)]).await;
        assert_eq!(refused.error(400, "invalid_value")["source"], "page[cursor]", "{filter} {cursor}");
    }
    let other = shop.token(merchants::EXTERNAL, Some(merchants::EXTERNAL_KEY)).await;
    shop.use_token(other.body["access_token"].as_str().unwrap());
    assert!(orders(&list(&shop, &[]).await).is_empty(), "another merchant's");
    shop.close().await;
}

#[tokio::test]
async fn what_needs_attention_comes_with_what_to_do_and_what_is_pending_is_found_without_the_journal() {
    let mut shop = Shop::open().await;
    pay(&shop, "fine", "purchase", VISA).await;
    pay(&shop, "held", "authorize", VISA).await;
    shop.stack.deliver_stream().await.unwrap();
    shop.stack.advance_clock(6 * 86_400 + 3_600);
    shop.renew_token().await;
    let report = shop.stack.invoke_scheduled("scheduled-capture").await.unwrap();
    assert_eq!(report["ending"], 1, "its last day is found");
    for order in ["lost-1", "lost-2"] {
        shop.stack.simulator().fault(Fault::once(Endpoint::Auth, FaultKind::DropAfter));
        shop.no_inquiry();
        shop.register(order, 2599).await;
        shop.pay_by_token(order, "purchase").await.data(202);
    }
    assert_eq!(found(&shop, "eq(status,pending)").await, names(&["lost-1", "lost-2"]));
    assert_eq!(found(&shop, "eq(needs_attention,true)").await, names(&["held"]), "not yet for long");
    shop.stack.advance_clock(3_600);
    shop.renew_token().await;
    let (mut all, mut at) = (Vec::new(), None::<String>);
    loop {
        let mut query = vec![("filter", "eq(needs_attention,true)"), ("page[limit]", "1")];
        query.extend(at.as_deref().map(|at| ("page[cursor]", at)));
        let page = list(&shop, &query).await;
        for row in page.data(200).as_array().unwrap() {
            let needs = &row["meta"]["needs_attention"][0];
            assert!(needs["advice"].as_str().unwrap().ends_with('.'), "{row}");
            all.push((row["relationships"]["order"]["data"]["id"].clone(), needs["code"].clone()));
        }
        at = cursor(&page).map(str::to_owned);
        if at.is_none() {
            break;
        }
    }
    let row = |order: &str, code: &str| (json!(order), json!(code));
    let expected =
        [row("lost-2", "in_doubt"), row("lost-1", "in_doubt"), row("held", "authorization_ending")];
    assert_eq!(all, expected);
    assert_eq!(found(&shop, "eq(needs_attention,authorization_ending)").await, names(&["held"]));
    shop.stack.simulator().clear_faults();
    shop.close().await;
}

#[tokio::test]
async fn a_page_as_csv_has_the_columns_of_the_command_and_no_formula() {
    let shop = Shop::open().await;
    let id = pay(&shop, "o-1", "authorize", VISA).await;
    let capture = json!({"amount": 1000, "custom_reference": "=1+1"});
    shop.follow_up("o-1", &id, "capture", capture).await.data(200);
    pay(&shop, "o-2", "purchase", VISA).await;
    shop.stack.deliver_stream().await.unwrap();
    let path = format!("{PATH}?page%5Blimit%5D=1");
    let accept = [("accept", "application/json;q=0.1, Text/CSV; header=present")];
    let first = shop.send(Method::GET, &path, &accept, String::new()).await;
    assert_eq!(first.headers["content-type"], "text/csv; charset=utf-8");
    let link = first.headers["link"].to_str().unwrap().to_owned();
    let next = link.strip_prefix('<').and_then(|link| link.split('>').next()).unwrap();
    let second = shop.send(Method::GET, &format!("{PATH}{next}"), &accept, String::new()).await;
    let lines = |page: &Answer| -> Vec<Vec<String>> {
        let lines = page.body.as_str().unwrap().lines();
        lines.map(|line| line.split(',').map(str::to_owned).collect()).collect()
    };
    let (first, second) = (lines(&first), lines(&second));
    assert_eq!(first[0].join(","), PaymentRow::names().join(","));
    assert_eq!((first.len(), second.len(), &first[0]), (2, 2, &second[0]));
    assert_eq!((first[1][12].as_str(), first[1][5].as_str()), ("o-2", "25.99"));
    assert_eq!(
        (second[1][12].as_str(), second[1][5].as_str(), second[1][10].as_str()),
        ("o-1", "10.00", "'=1+1")
    );
    shop.send(Method::GET, &format!("{PATH}?filter=x"), &accept, String::new())
        .await
        .error(400, "invalid_value");
    shop.close().await;
}

#[tokio::test]
async fn a_journal_that_cannot_be_read_is_said_and_no_empty_list() {
    let withdrawn = vec![("transactions", "dynamodb:Query")];
    let options = Options { withdrawn, ..Options::default() };
    let shop = Shop::open_as(options, merchants::REGISTERED, merchants::REGISTERED_KEY).await;
    let refused = list(&shop, &[]).await;
    let error: &Value = refused.error(503, "service_unavailable");
    assert!(!error.to_string().contains("dynamodb"), "{error}");
    shop.close().await;
}

/// DynamoDB refuses such a range, and the refusal would look like a table that is away.
#[tokio::test]
async fn a_range_that_ends_before_it_begins_is_an_empty_list_and_no_fault_of_the_table() {
    let shop = Shop::share().await;
    let day = |ago: i64| {
        let at = shop.stack.clock().now() - jiff::SignedDuration::from_hours(24 * ago);
        at.strftime("%F").to_string()
    };
    let (from, to) = (day(3), day(5));
    for (path, field) in [
        ("/v2/transactions", "created_at"),
        ("/v2/transactions", "authorization_expires_at"),
        ("/v2/orders", "created_at"),
        ("/v2/entries", "created_at"),
        ("/v2/captures", "next_capture_attempt"),
        ("/v2/deposits", "date"),
        ("/v2/settlement/outstanding", "date"),
        ("/v2/audit", "at"),
    ] {
        let page = shop.get(&format!("{path}?filter=ge({field},{from}):le({field},{to})")).await;
        assert_eq!((page.status.as_u16(), &page.body["data"]), (200, &json!([])), "{path}: {}", page.body);
    }
    shop.close().await;
}

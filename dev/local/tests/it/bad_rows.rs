//! One bad item is one bad row: it is shown by its key and counted, and everything beside it goes
//! on.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use local::{JOURNAL_TABLE_NAME, TABLE_NAME, WEBHOOKS_TABLE_NAME, dynamodb_client, merchants};
use reqwest::Method;
use serde_json::{Value, json};
use tollgate_core::values::Clock as _;

use crate::shop::{Answer, Shop, VISA, by_card};

type Item = HashMap<String, AttributeValue>;

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn key_of(order: &str) -> String {
    format!("{}#{order}", merchants::REGISTERED)
}

async fn pay(shop: &Shop, order: &str) -> String {
    shop.register(order, 2599).await;
    let paid = shop.pay(order, by_card("purchase", VISA)).await;
    shop.stack.advance_clock(1);
    paid.data(200)["id"].as_str().unwrap().to_owned()
}

/// Changes an order's item by hand.
async fn spoil(shop: &Shop, order: &str, change: &str, value: AttributeValue) {
    let update = dynamodb_client(shop.stack.dynamodb_url()).update_item().table_name(TABLE_NAME);
    let update = update.key("order_key", text(&key_of(order))).update_expression(change);
    update.expression_attribute_values(":value", value).send().await.unwrap();
}

/// Makes an order's item one that cannot be read.
pub(crate) async fn damage(shop: &Shop, order: &str) {
    spoil(shop, order, "SET fm = :value", text("x")).await;
}

async fn put(shop: &Shop, table: &str, item: Item) {
    let put = dynamodb_client(shop.stack.dynamodb_url()).put_item().table_name(table);
    put.set_item(Some(item)).send().await.unwrap();
}

/// An item of texts.
fn item<const N: usize>(members: [(&str, &str); N]) -> Item {
    members.map(|(name, value)| (name.to_owned(), text(value))).into()
}

/// The items of a table in a partition.
async fn partition(shop: &Shop, table: &str, key: &str, value: &str) -> Vec<Item> {
    let query = dynamodb_client(shop.stack.dynamodb_url()).query().table_name(table);
    let query = query.key_condition_expression("#key = :value").expression_attribute_names("#key", key);
    let found = query.expression_attribute_values(":value", text(value)).send().await.unwrap();
    found.items().to_vec()
}

/// The types and ids of a page's rows.
fn rows(page: &Answer) -> Vec<(&str, &str)> {
    let rows = page.data(200).as_array().unwrap().iter();
    rows.map(|row| {
        let is_bad = row["type"] == "unreadable";
        let order = &row["relationships"]["order"]["data"]["id"];
        (if is_bad { "bad" } else { "good" }, order.as_str().unwrap_or_default())
    })
    .collect()
}

#[tokio::test]
async fn an_order_that_cannot_be_read_is_a_bad_row_of_the_list_and_an_error_of_its_own() {
    let shop = Shop::open().await;
    let mut ids = HashMap::new();
    for order in ["o-1", "o-2", "o-3", "o-4"] {
        ids.insert(order, pay(&shop, order).await);
    }
    shop.stack.deliver_stream().await.unwrap();
    damage(&shop, "o-2").await;
    // A transaction whose operations are lost has not become unpaid.
    spoil(&shop, "o-3", "SET t[0].o = :value", AttributeValue::L(Vec::new())).await;

    for filter in ["", "?filter=eq(status,complete)", "?filter=eq(last_four,1443)"] {
        let page = shop.get(&format!("/v2/transactions{filter}")).await;
        let expected = [("good", "o-4"), ("good", "o-1"), ("bad", "o-3"), ("bad", "o-2")];
        assert_eq!(rows(&page), expected, "{filter}");
        assert_eq!(page.body["meta"]["unreadable"], 2, "{filter}");
        let bad = &page.data(200)[3];
        assert_eq!(
            (bad["id"].as_str(), &bad["meta"]["transaction_id"]),
            (Some(key_of("o-2").as_str()), &json!(ids["o-2"]))
        );
    }
    // Pages have room for them.
    let page = shop.get("/v2/transactions?page%5Blimit%5D=2").await;
    assert_eq!(rows(&page), [("good", "o-4"), ("bad", "o-3")]);
    let next = page.body["links"]["next"].as_str().unwrap();
    let page = shop.get(&format!("/v2/transactions{next}")).await;
    assert_eq!(rows(&page), [("good", "o-1"), ("bad", "o-2")]);

    let accept = [("accept", "text/csv")];
    let file = shop.send(Method::GET, "/v2/transactions", &accept, String::new()).await;
    let lines: Vec<&str> = file.body.as_str().unwrap().lines().collect();
    assert_eq!(lines.len(), 5, "{lines:#?}");
    let line = lines[4].split(',').collect::<Vec<_>>();
    assert_eq!(
        (line[1], line[12], line[13], line[15]),
        ("unreadable", "o-2", ids["o-2"].as_str(), key_of("o-2").as_str())
    );

    for order in ["o-2", "o-3"] {
        for path in [format!("/v2/orders/{order}"), format!("/v2/orders/{order}/transactions/{}", ids[order])]
        {
            let answer = shop.get(&path).await;
            assert_eq!(answer.error(500, "unreadable")["meta"]["retryable"], false, "{path}");
            assert!(!answer.headers.contains_key("retry-after"), "{path}");
        }
        // Nothing is paid or refunded on it.
        shop.pay(order, by_card("purchase", VISA)).await.error(500, "unreadable");
        shop.follow_up(order, &ids[order], "refund", json!({"amount": 1})).await.error(500, "unreadable");
    }
    assert_eq!((shop.ledger("auth").len(), shop.ledger("refund").len()), (4, 0), "only the payments");
    shop.close().await;
}

#[tokio::test]
async fn an_entry_that_cannot_be_read_is_a_bad_row_and_the_others_are_listed_and_counted() {
    let shop = Shop::open().await;
    for order in ["o-1", "o-2", "o-3"] {
        pay(&shop, order).await;
    }
    shop.stack.deliver_stream().await.unwrap();
    let client = dynamodb_client(shop.stack.dynamodb_url());
    let journal = client.scan().table_name(JOURNAL_TABLE_NAME).send().await.unwrap();
    let entry = journal.items().iter().find(|item| item.get("o") == Some(&text("o-2"))).unwrap();
    let (whole, mut entry) = (entry.clone(), entry.clone());
    entry.insert("k".to_owned(), AttributeValue::Bool(true));
    let key = format!("{} {}", entry["b"].as_s().unwrap(), entry["s"].as_s().unwrap());
    put(&shop, JOURNAL_TABLE_NAME, entry).await;

    let page = shop.get("/v2/transactions").await;
    assert_eq!(rows(&page), [("good", "o-3"), ("good", "o-1"), ("bad", "o-2")]);
    assert_eq!((&page.data(200)[2]["id"], &page.body["meta"]["unreadable"]), (&json!(key), &json!(1)));
    let report = shop.stack.invoke_scheduled("totals").await.unwrap();
    assert_eq!((&report["failed"], &report["unreadable"]), (&json!(0), &json!(1)), "{report}");
    let today = shop.stack.clock().now().to_string()[..10].to_owned();
    let page = shop.get(&format!("/v2/reports/totals?from={today}")).await;
    assert_eq!((&page.data(200)[0]["count"], page.data(200).as_array().unwrap().len()), (&json!(2), 1));
    let counts =
        |page: &Answer| ["unreadable_entries", "unreadable"].map(|name| page.body["meta"][name].clone());
    assert_eq!(counts(&page), [1, 0], "the report counts the entry that it lacks");
    // Once it can be read, the next count says so.
    put(&shop, JOURNAL_TABLE_NAME, whole).await;
    shop.stack.invoke_scheduled("totals").await.unwrap();
    let page = shop.get(&format!("/v2/reports/totals?from={today}")).await;
    assert_eq!((&page.data(200)[0]["count"], counts(&page)), (&json!(3), [0, 0].map(Value::from)));
    shop.close().await;
}

#[tokio::test]
async fn marks_and_sums_that_cannot_be_read_do_not_stop_the_totals_of_others() {
    let shop = Shop::open().await;
    pay(&shop, "o-1").await;
    shop.stack.deliver_stream().await.unwrap();
    let today = shop.stack.clock().now().to_string()[..10].to_owned();
    let bad = item([("b", "#changed#03"), ("s", "no quarter"), ("at", "2026-01-05T10:08:00.123Z")]);
    put(&shop, JOURNAL_TABLE_NAME, bad).await;
    let report = shop.stack.invoke_scheduled("totals").await.unwrap();
    assert_eq!((&report["failed"], &report["quarters"]), (&json!(0), &json!(1)), "{report}");
    assert_eq!((&report["unreadable"], &report["behind_s"]), (&json!(1), &json!(null)), "{report}");
    // Sums whose lines are damaged are left out, and said to be, until the quarter is summed up
    // again. A day's own sum does not lack them.
    let totals = format!("totals#{}#{today}", merchants::REGISTERED);
    let mut sums = partition(&shop, JOURNAL_TABLE_NAME, "b", &totals).await.remove(0);
    let lines = sums.insert("lines".to_owned(), text("[")).unwrap();
    put(&shop, JOURNAL_TABLE_NAME, sums).await;
    let path = format!("/v2/reports/totals?from={today}");
    assert_eq!(shop.get(&path).await.body["meta"]["unreadable"], 0);
    // Days that are none of UTC are summed up by their quarters.
    let path = format!("/v2/reports/totals?from={today}&time_zone=America/New_York");
    let page = shop.get(&path).await;
    assert_eq!((page.data(200), &page.body["meta"]["unreadable"]), (&json!([]), &json!(1)));
    assert_eq!(page.body["meta"]["provisional"], json!([today]));
    shop.stack.invoke_scheduled("totals").await.unwrap();
    let sums = partition(&shop, JOURNAL_TABLE_NAME, "b", &totals).await.remove(0);
    assert_eq!(sums["lines"], lines);
    assert_eq!(shop.get(&path).await.body["meta"]["unreadable"], 0);
    shop.close().await;
}

#[tokio::test]
async fn deliveries_that_cannot_be_read_are_parked_and_the_next_one_is_reached() {
    let shop = Shop::open().await;
    let receiver = format!("{}#off", merchants::REGISTERED);
    let secret = crate::webhooks::SECRET;
    let off = json!({"id": "off", "url": "https://erp.example/", "secrets": [secret], "disabled": true});
    crate::webhooks::put(&shop, &[off]);
    let moment = |n: i64| {
        let at = shop.stack.clock().now() - jiff::SignedDuration::from_secs(100 - n);
        at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
    };
    let due = |n: i64| {
        let event = format!("00000000-0000-4000-8000-{n:012}");
        item([
            ("receiver", &receiver),
            ("delivery", &format!("{}#{event}", moment(n))),
            ("state", "waiting"),
            ("due_for", &receiver),
            ("due_at", &moment(n)),
        ])
    };
    // More than are looked at side by side, all due before the only good one.
    for n in 0..9 {
        put(&shop, WEBHOOKS_TABLE_NAME, due(n)).await;
    }
    let mut good = due(9);
    good.extend(item([("event_type", "transaction.updated"), ("body", "{}")]));
    put(&shop, WEBHOOKS_TABLE_NAME, good).await;
    put(&shop, WEBHOOKS_TABLE_NAME, item([("receiver", "receivers"), ("delivery", &receiver)])).await;
    put(&shop, WEBHOOKS_TABLE_NAME, item([("receiver", "receivers"), ("delivery", "nobody")])).await;

    shop.stack.invoke_scheduled("webhooks").await.unwrap();
    // The good one is parked, too, because its receiver is switched off.
    let reasons: Vec<String> = partition(&shop, WEBHOOKS_TABLE_NAME, "receiver", &receiver)
        .await
        .iter()
        .map(|item| {
            assert_eq!((item["state"].as_s().unwrap().as_str(), item.get("due_at")), ("parked", None));
            item["reason"].as_s().unwrap().clone()
        })
        .collect();
    let bad = reasons.iter().filter(|reason| *reason == "the stored delivery cannot be read").count();
    assert_eq!((bad, reasons.len()), (9, 10), "{reasons:?}");
    shop.close().await;
}

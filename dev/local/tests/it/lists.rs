//! Lists on real tables: many orders, and ranges that hold nothing.

use aws_sdk_dynamodb::types::{PutRequest, WriteRequest};
use jiff::{SignedDuration, Timestamp};
use local::{TABLE_NAME, dynamodb_client, merchants};
use serde_json::json;
use tollgate::dynamodb::orders::StoredOrder;
use tollgate_core::{
    order::{Attribution, Order, OrderKey, PERSON_MAX_BYTES, Pause, REASON_MAX_BYTES, Resumed},
    payments::Shards,
    values::{Amount, Carried, Clock as _, Currency},
};

use crate::shop::{Answer, Shop, VISA, by_card};

const SHARDS: Shards = Shards { in_doubt: 64, captures: 16 };

/// More than a page with a filter reads. It is the same with ten thousand, which take minutes to
/// put into the table.
const ORDERS: usize = 3_000;

/// Orders of one batch of writes.
const BATCH: usize = 25;

/// A pause that was ended: it makes an order as large as one with a payment, so that fewer of them
/// fill a page.
fn pause(at: Timestamp) -> Pause {
    let by = Some(Box::new(Attribution {
        person: Some("p".repeat(PERSON_MAX_BYTES)),
        reason: Some("r".repeat(REASON_MAX_BYTES)),
        ..Attribution::default()
    }));
    Pause { at, by: by.clone(), resumed: Some(Resumed { at, by }), carried: Carried::default() }
}

/// Puts so many orders of the shop's merchant into the table, one a second, and none tried to be
/// paid.
async fn fill(shop: &Shop, orders: usize) {
    let client = dynamodb_client(shop.stack.dynamodb_url());
    let began: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    for batch in 0..orders.div_ceil(BATCH) {
        let writes = (batch * BATCH..orders.min((batch + 1) * BATCH)).map(|n| {
            let id = format!("order-{n}").parse().unwrap();
            let key = OrderKey { merchant: merchants::REGISTERED.parse().unwrap(), order: id };
            let at = began + SignedDuration::from_secs(i64::try_from(n).unwrap());
            let mut order = Order::new(&key, Currency::USD, Amount::new(2599).ok(), at);
            order.pauses = vec![pause(at); 2];
            let put =
                PutRequest::builder().set_item(Some(StoredOrder::next(&order, SHARDS).0)).build().unwrap();
            WriteRequest::builder().put_request(put).build()
        });
        let request = client.batch_write_item().request_items(TABLE_NAME, writes.collect());
        let left = request.send().await.unwrap().unprocessed_items.unwrap_or_default();
        assert!(left.is_empty());
    }
}

fn ids(page: &Answer) -> Vec<String> {
    let orders = page.data(200).as_array().unwrap().iter();
    orders.map(|order| order["id"].as_str().unwrap().to_owned()).collect()
}

/// All pages of a list: their rows, and the most bytes that one of them read.
async fn all(shop: &Shop, query: &str) -> (Vec<Vec<String>>, u64) {
    let (mut pages, mut most, mut next) = (Vec::new(), 0, Some(query.to_owned()));
    while let Some(query) = next {
        let page = shop.get(&format!("/v2/orders{query}")).await;
        pages.push(ids(&page));
        most = most.max(page.body["meta"]["read_bytes"].as_u64().unwrap());
        next = page.body["links"]["next"].as_str().map(str::to_owned);
        assert!(pages.len() < 1_000, "it does not end");
    }
    (pages, most)
}

#[tokio::test]
async fn thousands_of_orders_are_listed_page_by_page_each_once_and_each_page_reads_little() {
    let shop = Shop::open().await;
    fill(&shop, ORDERS).await;
    let (pages, most) = all(&shop, "?page[limit]=100").await;
    assert_eq!(pages.len(), ORDERS / 100);
    let listed = pages.concat();
    let expected: Vec<_> = (0..ORDERS).rev().map(|n| format!("order-{n}")).collect();
    assert_eq!(listed, expected, "newest first");
    assert!(most <= 450_000, "{most}");
    // None is paid but one, so nearly all of them are read to find it.
    shop.pay("order-9", by_card("purchase", VISA)).await.data(200);
    let (pages, most) = all(&shop, "?filter=eq(payment,paid)&page[limit]=100").await;
    assert_eq!(pages.concat(), ["order-9"]);
    // A page also ends when its time is up, on a machine that is busy.
    assert!(pages.len() >= 2);
    assert!(most <= 5 * 1024 * 1024, "{most}");
    let day = "?filter=ge(created_at,2026-01-01T00:01:00Z):lt(created_at,2026-01-01T00:01:03Z)";
    assert_eq!(all(&shop, day).await.0, [["order-62", "order-61", "order-60"]]);
    shop.close().await;
}

/// DynamoDB refuses such a range, and the refusal would look like a table that is away.
#[tokio::test]
async fn a_range_that_ends_before_it_begins_is_an_empty_list_and_no_fault_of_the_table() {
    let shop = Shop::share().await;
    let day = |ago: i64| {
        let at = shop.stack.clock().now() - SignedDuration::from_hours(24 * ago);
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

//! `GET /v2/reports/totals`: how long totals can still change, as the stream of a real table tells.

use serde_json::json;
use tollgate_core::values::Clock as _;

use crate::shop::{Answer, Shop, VISA, by_card};

async fn report(shop: &Shop, day: &str) -> Answer {
    shop.get(&format!("/v2/reports/totals?from={day}&to={day}")).await
}

#[tokio::test]
async fn a_quiet_table_is_no_delay_and_its_heartbeat_is_no_order_and_tells_nobody() {
    let mut shop = Shop::open().await;
    // Half past twelve, so that the payment and its count are of one day.
    let now = shop.stack.clock().now().as_second();
    shop.stack.advance_clock((45_000 - now % 86_400).rem_euclid(86_400));
    shop.renew_token().await;
    let first = shop.stack.clock().now().strftime("%F").to_string();
    shop.register("o-1", 2599).await;
    shop.pay("o-1", by_card("purchase", VISA)).await.data(200);
    shop.stack.deliver_stream().await.unwrap();
    let run = shop.stack.invoke_scheduled("totals").await.unwrap();
    assert_eq!((&run["failed"], &run["more_left"]), (&json!(0), &json!(false)), "{run}");
    shop.stack.deliver_stream().await.unwrap();
    // Half past one of the day after the next one: the mark of the payment is gone with this run.
    shop.stack.advance_clock(37 * 3_600);
    shop.renew_token().await;
    shop.stack.invoke_scheduled("totals").await.unwrap();
    let page = report(&shop, &first).await;
    assert_eq!(page.body["meta"]["provisional"], json!([first]), "no heartbeat came since");
    let events = shop.stack.bus().events().len();
    let delivered = shop.stack.deliver_stream().await.unwrap();
    assert_eq!((delivered, shop.stack.bus().events().len()), (1, events), "the heartbeat, and no event");
    let page = report(&shop, &first).await;
    assert_eq!(page.body["meta"]["provisional"], json!([]));
    assert_eq!((page.data(200).as_array().unwrap().len(), &page.data(200)[0]["count"]), (1, &json!(1)));
    let orders = shop.get("/v2/orders").await;
    assert_eq!(orders.data(200).as_array().unwrap().len(), 1, "{}", orders.body);
    shop.close().await;
}

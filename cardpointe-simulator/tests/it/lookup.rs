//! Look-ups.

use serde_json::json;

use crate::harness::{MID, RPCT, assert_members, start};

#[tokio::test]
async fn a_look_up_shows_what_was_sent_along() {
    let gateway = start().await;
    let userfields = json!([{ "order": "77" }]);
    let sale = json!({ "orderid": "A-1", "name": "Ann Smith", "ecomind": "E", "userfields": userfields });
    let retref = gateway.authorized(sale).await;
    let record = gateway.inquire(&retref).await;
    assert_members(
        &record,
        json!({
            "respstat": "A", "respcode": "00", "retref": retref, "orderId": "A-1", "amount": "10.00",
            "currency": "USD", "setlstat": "Authorized", "name": "Ann Smith", "lastfour": "1111",
            "token": "9418594164541111", "expiry": "1249", "entrymode": "ECommerce", "userfields": userfields,
            "voidable": "Y", "refundable": "N", "merchid": MID,
        }),
    );
}

#[tokio::test]
async fn an_unknown_reference_or_order_id_is_not_found_with_status_200() {
    let gateway = start().await;
    let by_retref = gateway.inquire("001000000000").await;
    assert_members(
        &by_retref,
        json!({ "respstat": "C", "respproc": "PPS", "respcode": "29", "retref": "001000000000" }),
    );
    assert_members(&gateway.by_order_id("A-1").await, json!({ "respproc": "PPS", "respcode": "29" }));
}

#[tokio::test]
async fn another_merchants_reference_is_not_found() {
    let gateway = start().await;
    let retref = gateway.authorized(json!({})).await;
    let answer = gateway.get(&format!("/inquire/{retref}/{RPCT}")).await;
    assert_eq!(answer["respcode"], "29");
}

#[tokio::test]
async fn an_order_id_answers_an_object_for_one_record_and_an_array_for_more() {
    let gateway = start().await;
    let first = gateway.authorized(json!({ "orderid": "A-1" })).await;
    assert_eq!(gateway.by_order_id("A-1").await["retref"], *first);
    let second = gateway.authorized(json!({ "orderid": "A-1" })).await;
    let both = gateway.by_order_id("A-1").await;
    assert_eq!([&both[0]["retref"], &both[1]["retref"]], [&json!(first), &json!(second)]);
}

#[tokio::test]
async fn set_1_limits_a_look_up_by_order_id_to_the_merchant_account() {
    let gateway = start().await;
    gateway.authorized(json!({ "orderid": "A-1", "merchid": RPCT })).await;
    assert_eq!(gateway.by_order_id("A-1").await["respcode"], "29");
    for path in [format!("/inquireByOrderid/A-1/{MID}"), format!("/inquireByOrderid/A-1/{MID}/0")] {
        assert_eq!(gateway.get(&path).await["merchid"], RPCT);
    }
}

#[tokio::test]
async fn an_order_id_that_looks_like_a_card_number_is_never_found() {
    let gateway = start().await;
    let retref = gateway.authorized(json!({ "orderid": "4242424242424242" })).await;
    assert_eq!(gateway.by_order_id("4242424242424242").await["respcode"], "29");
    assert_eq!(gateway.inquire(&retref).await["orderId"], "42XXXXXXXXXX4242");
    let answer = gateway.put("voidByOrderId", json!({ "orderid": "4242424242424242" })).await;
    assert_eq!(answer["respcode"], "29");
}

#[tokio::test]
async fn order_ids_are_read_from_the_path_decoded() {
    let gateway = start().await;
    gateway.authorized(json!({ "orderid": "A 1/ü" })).await;
    assert_eq!(gateway.by_order_id("A%201%2F%C3%BC").await["orderId"], "A 1/ü");
}

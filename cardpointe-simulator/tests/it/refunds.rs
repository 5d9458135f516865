//! Refunds.

use cardpointe_simulator::Settings;
use serde_json::{Value, json};

use crate::harness::{Gateway, assert_members, start, start_merchant, text};

async fn refund(gateway: &Gateway, retref: &str, change: Value) -> Value {
    let mut body = change;
    body["retref"] = json!(retref);
    gateway.put("refund", body).await
}

#[tokio::test]
async fn a_refund_has_a_reference_of_its_own_and_is_negative_in_look_ups() {
    let gateway = start().await;
    let sale = gateway.settled("10.00", "A-1").await;
    let answer = refund(&gateway, &sale, json!({})).await;
    assert_members(
        &answer,
        json!({ "respstat": "A", "respproc": "FNOR", "respcode": "00", "amount": "10.00" }),
    );
    let retref = text(&answer, "retref");
    assert_ne!(retref, sale);
    let record = gateway.inquire(&retref).await;
    assert_members(
        &record,
        json!({ "setlstat": "Queued for Capture", "amount": "-10.00", "orderId": "A-1", "voidable": "N" }),
    );
    assert_members(&gateway.inquire(&sale).await, json!({ "setlstat": "Accepted", "refundable": "N" }));
}

#[tokio::test]
async fn before_settlement_a_refund_is_not_settled_and_the_sale_stays_as_it_was() {
    let gateway = start().await;
    for sale in [json!({}), json!({ "capture": "Y" })] {
        let retref = gateway.authorized(sale).await;
        let before = gateway.simulator.transactions();
        let answer = refund(&gateway, &retref, json!({})).await;
        assert_members(
            &answer,
            json!({ "respstat": "C", "respproc": "PPS", "respcode": "28", "retref": retref }),
        );
        assert_eq!(gateway.simulator.transactions(), before);
    }
}

#[tokio::test]
async fn a_merchant_that_may_refund_unsettled_sales_can() {
    let gateway = start_merchant(Settings { refund_unsettled: true, ..Settings::default() }).await;
    let retref = gateway.authorized(json!({ "capture": "Y" })).await;
    assert_eq!(refund(&gateway, &retref, json!({ "amount": "4.00" })).await["respstat"], "A");
    assert_members(&gateway.inquire(&retref).await, json!({ "voidable": "N", "refundable": "Y" }));
    assert_eq!(gateway.put("void", json!({ "retref": retref })).await["respcode"], "25");
}

#[tokio::test]
async fn partial_refunds_never_give_back_more_than_was_taken() {
    let gateway = start().await;
    let sale = gateway.settled("10.00", "A-1").await;
    assert_eq!(refund(&gateway, &sale, json!({ "amount": "4.00" })).await["amount"], "4.00");
    assert_eq!(refund(&gateway, &sale, json!({ "amount": "6.01" })).await["respcode"], "42");
    assert_eq!(refund(&gateway, &sale, json!({ "amount": "0.00" })).await["respcode"], "43");
    assert_eq!(refund(&gateway, &sale, json!({})).await["amount"], "6.00", "what is left");
    assert_eq!(refund(&gateway, &sale, json!({})).await["respcode"], "42");
    let total: f64 = gateway
        .simulator
        .transactions()
        .iter()
        .filter(|transaction| transaction["kind"] == "refund")
        .map(|transaction| text(transaction, "amount").parse::<f64>().unwrap())
        .sum();
    assert!((total + 10.0).abs() < 0.001, "{total}");
}

#[tokio::test]
async fn a_merchant_without_partial_refunds_can_only_give_all_back() {
    let gateway = start_merchant(Settings { partial_refunds: false, ..Settings::default() }).await;
    let sale = gateway.settled("10.00", "A-1").await;
    assert_eq!(refund(&gateway, &sale, json!({ "amount": "4.00" })).await["respcode"], "46");
    assert_eq!(refund(&gateway, &sale, json!({ "amount": "10.00" })).await["respstat"], "A");
}

#[tokio::test]
async fn a_refund_without_an_order_id_is_found_beside_its_sale() {
    let gateway = start().await;
    let sale = gateway.settled("10.00", "A-1").await;
    let retref = text(&refund(&gateway, &sale, json!({})).await, "retref");
    let found = gateway.by_order_id("A-1").await;
    let references: Vec<&Value> = found.as_array().unwrap().iter().map(|record| &record["retref"]).collect();
    assert_eq!(references, [&json!(sale), &json!(retref)]);
}

#[tokio::test]
async fn a_refunds_own_order_id_finds_it_or_does_not_as_the_merchant_is_set_up() {
    let gateway = start().await;
    let sale = gateway.settled("10.00", "A-1").await;
    let own = json!({ "orderid": "R-1", "receipt": "Y" });
    let answer = refund(&gateway, &sale, own.clone()).await;
    assert_eq!(answer["orderid"], "R-1");
    assert_eq!(gateway.by_order_id("R-1").await["retref"], answer["retref"]);
    assert_eq!(gateway.by_order_id("A-1").await["retref"], *sale, "the sale alone");

    let hidden = start_merchant(Settings { refunds_findable_by_orderid: false, ..Settings::default() }).await;
    let sale = hidden.settled("10.00", "A-1").await;
    refund(&hidden, &sale, own).await;
    assert_eq!(hidden.by_order_id("R-1").await["respcode"], "29");
    assert_eq!(hidden.by_order_id("A-1").await.as_array().map(Vec::len), Some(2));

    let both =
        start_merchant(Settings { refunds_findable_by_payment_orderid: true, ..Settings::default() }).await;
    let sale = both.settled("10.00", "A-1").await;
    refund(&both, &sale, json!({ "amount": "4.00", "orderid": "R-1" })).await;
    assert_eq!(both.by_order_id("R-1").await["orderId"], "R-1");
    assert_eq!(both.by_order_id("A-1").await[1]["orderId"], "R-1");
    let sale = both.settled("10.00", "A-2").await;
    refund(&both, &sale, json!({})).await;
    assert_eq!(both.by_order_id("A-2").await.as_array().map(Vec::len), Some(2), "each once");
}

#[tokio::test]
async fn a_refunds_user_fields_are_shown_or_ignored_as_the_merchant_is_set_up() {
    for refund_userfields in [true, false] {
        let gateway = start_merchant(Settings { refund_userfields, ..Settings::default() }).await;
        let sale = gateway.settled("10.00", "A-1").await;
        let userfields = json!([{ "order": "77" }]);
        let answer = refund(&gateway, &sale, json!({ "userfields": userfields })).await;
        let record = gateway.inquire(&text(&answer, "retref")).await;
        assert_eq!(record.get("userfields"), refund_userfields.then_some(&userfields));
    }
}

#[tokio::test]
async fn the_amount_of_a_refund_of_a_large_sale_can_ask_for_a_decline() {
    let gateway = start().await;
    let sale = gateway.settled("2000.00", "A-1").await;
    let answer = refund(&gateway, &sale, json!({ "amount": "1005.00" })).await;
    assert_members(
        &answer,
        json!({ "respstat": "C", "respproc": "FNOR", "respcode": "05", "amount": "0.00" }),
    );
    let record = gateway.inquire(&text(&answer, "retref")).await;
    assert_members(&record, json!({ "setlstat": "Declined", "amount": "0.00" }));
    assert_eq!(gateway.inquire(&sale).await["refundable"], "Y");

    let small = gateway.settled("1777.00", "A-2").await;
    assert_eq!(refund(&gateway, &small, json!({ "amount": "1005.00" })).await["respstat"], "A");
}

#[tokio::test]
async fn an_offline_refund_is_the_gateways_own_approval() {
    let gateway = start_merchant(Settings { online_refunds: false, ..Settings::default() }).await;
    let sale = gateway.settled("10.00", "A-1").await;
    let answer = refund(&gateway, &sale, json!({})).await;
    assert_members(&answer, json!({ "respproc": "PPS", "respcode": "00", "authcode": "REFUND" }));
}

#[tokio::test]
async fn neither_a_refund_nor_an_unknown_or_empty_reference_can_be_refunded() {
    let gateway = start().await;
    let sale = gateway.settled("10.00", "A-1").await;
    let retref = text(&refund(&gateway, &sale, json!({})).await, "retref");
    assert_eq!(refund(&gateway, &retref, json!({})).await["respcode"], "29");
    assert_eq!(refund(&gateway, "001000000000", json!({})).await["respcode"], "29");
    assert_eq!(refund(&gateway, "", json!({})).await["respcode"], "34");
    assert_eq!(gateway.put("void", json!({ "retref": retref })).await["respcode"], "24");
}

#[tokio::test]
async fn a_void_by_order_id_leaves_a_refund_alone() {
    let gateway = start().await;
    let sale = gateway.settled("10.00", "A-1").await;
    refund(&gateway, &sale, json!({})).await;
    let answer = gateway.put("voidByOrderId", json!({ "orderid": "A-1" })).await;
    assert_members(&answer, json!({ "respcode": "26", "retref": sale }));
}

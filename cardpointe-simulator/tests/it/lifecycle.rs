//! Capture and void, by state.

use cardpointe_simulator::{Settings, Stage};
use serde_json::{Value, json};

use crate::harness::{Gateway, MID, POOR_VISA, RPCT, assert_members, start, start_merchant, text};

async fn capture(gateway: &Gateway, retref: &str) -> Value {
    gateway.put("capture", json!({ "retref": retref })).await
}

async fn void(gateway: &Gateway, retref: &str) -> Value {
    gateway.put("void", json!({ "retref": retref })).await
}

#[tokio::test]
async fn a_capture_queues_the_authorization_under_the_same_reference() {
    let gateway = start().await;
    let retref = gateway.authorized(json!({})).await;
    let answer = capture(&gateway, &retref).await;
    assert_members(
        &answer,
        json!({
            "respstat": "A", "respproc": "FNOR", "respcode": "00", "retref": retref, "amount": "10.00",
            "setlstat": "Queued for Capture", "batchid": "1900941444",
        }),
    );
    let record = gateway.inquire(&retref).await;
    assert_members(&record, json!({ "setlstat": "Queued for Capture", "voidable": "Y", "refundable": "N" }));
    assert_eq!(text(&record, "capturedate").len(), 14);
}

#[tokio::test]
async fn a_second_capture_replaces_the_first_ones_amount() {
    let gateway = start().await;
    let retref = gateway.authorized(json!({})).await;
    for amount in ["4.00", "7.00"] {
        let answer = gateway.put("capture", json!({ "retref": retref, "amount": amount })).await;
        assert_members(&answer, json!({ "respstat": "A", "amount": amount }));
    }
    assert_eq!(gateway.inquire(&retref).await["amount"], "7.00");
}

#[tokio::test]
async fn more_than_authorized_is_captured_only_by_an_entitled_merchant() {
    let gateway = start().await;
    let retref = gateway.authorized(json!({})).await;
    let too_much = json!({ "retref": retref, "amount": "10.01" });
    let refused = gateway.put("capture", too_much).await;
    assert_members(&refused, json!({ "respstat": "C", "respproc": "PPS", "respcode": "42" }));
    assert_eq!(gateway.inquire(&retref).await["setlstat"], "Authorized");

    let entitled = start_merchant(Settings { over_capture: true, ..Settings::default() }).await;
    let retref = entitled.authorized(json!({})).await;
    let answer = entitled.put("capture", json!({ "retref": retref, "amount": "12.00" })).await;
    assert_members(&answer, json!({ "respstat": "A", "amount": "12.00" }));
}

#[tokio::test]
async fn a_capture_of_nothing_is_refused() {
    let gateway = start().await;
    let retref = gateway.authorized(json!({})).await;
    for amount in ["0.00", "-1.00"] {
        let answer = gateway.put("capture", json!({ "retref": retref, "amount": amount })).await;
        assert_eq!(answer["respcode"], "43");
    }
}

#[tokio::test]
async fn each_state_refuses_a_capture_in_its_own_way() {
    let gateway = start().await;
    let voided = gateway.authorized(json!({})).await;
    void(&gateway, &voided).await;
    let declined = text(&gateway.auth(json!({ "account": POOR_VISA })).await, "retref");
    let verified = gateway.authorized(json!({ "amount": "0" })).await;
    for (retref, setlstat) in [(&voided, "Voided"), (&declined, "Declined"), (&verified, "Zero Amount")] {
        let answer = capture(&gateway, retref).await;
        assert_members(&answer, json!({ "respstat": "C", "respcode": "29", "setlstat": setlstat }));
        assert_eq!(gateway.inquire(retref).await["setlstat"], setlstat);
    }
    let unknown = capture(&gateway, "001000000000").await;
    assert_members(
        &unknown,
        json!({
            "respproc": "PPS", "respcode": "29", "retref": "001000000000", "batchid": "-1", "account": "",
        }),
    );
    let empty = capture(&gateway, "").await;
    assert_members(&empty, json!({ "respcode": "34", "batchid": "-1" }));
}

#[tokio::test]
async fn after_the_batch_was_sent_nothing_can_be_changed_and_nothing_refunded() {
    let gateway = start().await;
    let retref = gateway.authorized(json!({ "capture": "Y" })).await;
    assert_eq!(gateway.simulator.settle_to(Stage::Batch), 1);
    assert_members(&capture(&gateway, &retref).await, json!({ "respstat": "C", "respcode": "27" }));
    assert_members(&void(&gateway, &retref).await, json!({ "respstat": "C", "respcode": "27" }));
    let refund = gateway.put("refund", json!({ "retref": retref })).await;
    assert_members(&refund, json!({ "respstat": "C", "respcode": "28" }));
    let record = gateway.inquire(&retref).await;
    assert_members(&record, json!({ "voidable": "N", "refundable": "N", "amount": "10.00" }));
    assert_eq!(gateway.auth(json!({ "capture": "Y" })).await["batchid"], "1900941445", "the next batch");
}

#[tokio::test]
async fn a_settled_sale_answers_txn_settled_with_an_a_that_is_no_success() {
    let gateway = start().await;
    let retref = gateway.settled("10.00", "A-1").await;
    for answer in [capture(&gateway, &retref).await, void(&gateway, &retref).await] {
        assert_members(
            &answer,
            json!({ "respstat": "A", "respproc": "PPS", "respcode": "26", "amount": "0.00" }),
        );
        assert_ne!(answer["authcode"], "REVERS");
    }
    let record = gateway.inquire(&retref).await;
    assert_members(
        &record,
        json!({ "setlstat": "Accepted", "amount": "10.00", "voidable": "N", "refundable": "Y" }),
    );
    assert_eq!(text(&record, "settledate").len(), 14);
}

#[tokio::test]
async fn a_rejected_batch_leaves_its_sales_rejected() {
    let gateway = start().await;
    let retref = gateway.authorized(json!({ "capture": "Y" })).await;
    gateway.simulator.settle_to(Stage::Rejected);
    assert_members(&gateway.inquire(&retref).await, json!({ "setlstat": "Rejected", "refundable": "N" }));
}

#[tokio::test]
async fn a_void_says_revers_and_leaves_nothing() {
    let gateway = start().await;
    for sale in [json!({}), json!({ "capture": "Y" }), json!({ "amount": "0" })] {
        let retref = gateway.authorized(sale).await;
        let answer = void(&gateway, &retref).await;
        assert_members(
            &answer,
            json!({
                "respstat": "A", "respproc": "FNOR", "respcode": "00", "authcode": "REVERS", "amount": "0.00",
                "currency": "USD", "retref": retref,
            }),
        );
        let record = gateway.inquire(&retref).await;
        assert_members(&record, json!({ "setlstat": "Voided", "amount": "0.00", "voidable": "N" }));
        let again = void(&gateway, &retref).await;
        assert_members(&again, json!({ "respstat": "C", "respcode": "25", "authcode": null }));
    }
    assert_eq!(gateway.simulator.settle(), 0, "what is voided never settles");
}

#[tokio::test]
async fn a_partial_void_takes_a_part_off_an_authorization_but_not_off_a_capture() {
    let gateway = start().await;
    let retref = gateway.authorized(json!({})).await;
    let part = json!({ "retref": retref, "amount": "4.00" });
    let answer = gateway.put("void", part.clone()).await;
    assert_members(&answer, json!({ "respstat": "A", "amount": "6.00", "authcode": "REVERS" }));
    assert_members(&gateway.inquire(&retref).await, json!({ "setlstat": "Authorized", "amount": "6.00" }));
    let over = gateway.put("capture", json!({ "retref": retref, "amount": "10.00" })).await;
    assert_eq!(over["respcode"], "42");
    assert_eq!(capture(&gateway, &retref).await["amount"], "6.00");
    assert_eq!(gateway.put("void", part).await["respcode"], "43", "queued: all or nothing");
    let too_much = gateway.put("void", json!({ "retref": retref, "amount": "6.01" })).await;
    assert_eq!(too_much["respcode"], "43");
    assert_eq!(gateway.put("void", json!({ "retref": retref, "amount": "6.00" })).await["amount"], "0.00");
}

#[tokio::test]
async fn a_void_after_thirty_days_is_refused() {
    let gateway = start().await;
    let retref = gateway.authorized(json!({})).await;
    gateway.simulator.advance_clock(31 * 86_400);
    assert_eq!(void(&gateway, &retref).await["respcode"], "39");
    assert_eq!(gateway.inquire(&retref).await["voidable"], "N");
}

#[tokio::test]
async fn another_merchants_reference_is_unknown() {
    let gateway = start().await;
    let retref = gateway.authorized(json!({})).await;
    for endpoint in ["capture", "void", "refund"] {
        let answer = gateway.put(endpoint, json!({ "retref": retref, "merchid": RPCT })).await;
        assert_members(&answer, json!({ "respproc": "PPS", "respcode": "29", "retref": retref }));
    }
    assert_eq!(gateway.inquire(&retref).await["setlstat"], "Authorized");
}

#[tokio::test]
async fn a_void_by_order_id_passes_over_declined_tries() {
    let gateway = start().await;
    let retref = gateway.authorized(json!({ "orderid": "A-1" })).await;
    gateway.auth(json!({ "orderid": "A-1", "account": POOR_VISA })).await;
    let answer = gateway.put("voidByOrderId", json!({ "orderid": "A-1" })).await;
    assert_members(&answer, json!({ "respstat": "A", "authcode": "REVERS", "retref": retref }));
    assert_eq!(gateway.inquire(&retref).await["setlstat"], "Voided");
    let again = gateway.put("voidByOrderId", json!({ "orderid": "A-1" })).await;
    assert_members(&again, json!({ "respcode": "25", "retref": retref }));
}

#[tokio::test]
async fn a_void_by_order_id_finds_nothing_under_an_unknown_or_only_declined_order() {
    let gateway = start().await;
    gateway.auth(json!({ "orderid": "A-1", "account": POOR_VISA })).await;
    for order_id in ["A-1", "A-2"] {
        let answer = gateway.put("voidByOrderId", json!({ "orderid": order_id })).await;
        assert_members(&answer, json!({ "respstat": "C", "respproc": "PPS", "respcode": "29" }));
    }
    assert_eq!(gateway.put("voidByOrderId", json!({})).await["respcode"], "34");
}

#[tokio::test]
async fn of_two_payments_under_one_order_id_each_void_takes_one() {
    let gateway = start().await;
    let first = gateway.authorized(json!({ "orderid": "A-1" })).await;
    let second = gateway.authorized(json!({ "orderid": "A-1" })).await;
    for expected in [&second, &first] {
        let answer = gateway.put("voidByOrderId", json!({ "orderid": "A-1", "merchid": MID })).await;
        assert_eq!(answer["retref"], **expected);
    }
}

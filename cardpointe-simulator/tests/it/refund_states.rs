//! The life of a refund, as inquiries tell it.

use cardpointe_simulator::{
    PortalAction, RecordState, RefundSetlstat, Settings, Settled, ShownSetlstat, Stage,
};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::harness::{Gateway, MID, assert_members, start, start_merchant, text};

/// A refund of 4.00 of a settled sale of 10.00: the references of the sale and of the refund.
async fn refunded(gateway: &Gateway) -> (String, String) {
    let sale = gateway.settled("10.00", "A-1").await;
    let body = json!({ "retref": sale, "amount": "4.00", "orderid": "R-1" });
    let answer = gateway.put("refund", body).await;
    assert_eq!(answer["respstat"], "A", "{answer}");
    (sale, text(&answer, "retref"))
}

#[tokio::test]
async fn a_refund_is_queued_and_then_accepted_in_a_batch_of_its_own() {
    let gateway = start().await;
    let (sale, refund) = refunded(&gateway).await;
    let queued = gateway.inquire(&refund).await;
    assert_members(&queued, json!({ "setlstat": "Queued for Capture", "amount": "-4.00", "respstat": "A" }));
    assert_eq!(queued.get("settledate"), None);
    assert_ne!(queued["batchid"], gateway.inquire(&sale).await["batchid"]);

    assert_eq!(gateway.simulator.settle_to(Stage::Batch), 1);
    assert_eq!(gateway.inquire(&refund).await["setlstat"], "Queued for Capture");
    assert_eq!(gateway.simulator.settle(), 1);
    let accepted = gateway.inquire(&refund).await;
    assert_members(&accepted, json!({ "setlstat": "Accepted", "amount": "-4.00", "refundable": "N" }));
    assert_eq!(text(&accepted, "settledate").len(), 14);
    assert_eq!(gateway.simulator.settle(), 0, "once");
}

#[tokio::test]
async fn a_batch_ends_for_payments_and_refunds_as_the_settings_say() {
    let cases = [
        (Settled::Rejected, "Rejected"),
        (Settled::UnderReview, "Amount Under Review"),
        (Settled::FormatError, "Format Error"),
        (Settled::TokenDecrypt, "Token Decrypt"),
    ];
    for (refunds_settle_as, setlstat) in cases {
        let gateway = start_merchant(Settings { refunds_settle_as, ..Settings::default() }).await;
        let (sale, refund) = refunded(&gateway).await;
        gateway.simulator.settle();
        assert_members(&gateway.inquire(&refund).await, json!({ "setlstat": setlstat, "respstat": "A" }));
        assert_eq!(gateway.inquire(&sale).await["setlstat"], "Accepted");

        let payments_settle_as = refunds_settle_as;
        let gateway = start_merchant(Settings { payments_settle_as, ..Settings::default() }).await;
        let sale = gateway.settled("10.00", "A-1").await;
        assert_members(&gateway.inquire(&sale).await, json!({ "setlstat": setlstat, "refundable": "N" }));
    }
}

#[tokio::test]
async fn one_record_goes_its_own_way_and_a_review_ends_either_way() {
    let gateway = start().await;
    let (_, reviewed) = refunded(&gateway).await;
    assert!(gateway.simulator.settle_record(&reviewed, Stage::UnderReview));
    assert_eq!(gateway.simulator.settle(), 0, "a batch run does not end a review");
    assert_eq!(gateway.inquire(&reviewed).await["setlstat"], "Amount Under Review");
    assert!(gateway.simulator.settle_record(&reviewed, Stage::Rejected));
    assert_eq!(gateway.inquire(&reviewed).await["setlstat"], "Rejected");
    assert_eq!(gateway.simulator.record(&reviewed).unwrap().moved_minor_units(), 0);
    assert!(!gateway.simulator.settle_record(&reviewed, Stage::Accepted), "a rejection is final");

    let payment = gateway.authorized(json!({ "capture": "Y" })).await;
    let path = format!("/transactions/{payment}");
    let (_, shown) = gateway.post_control(&path, json!({ "stage": "under_review" })).await;
    assert_members(&shown, json!({ "setlstat": "Amount Under Review", "retref": payment }));
    let (_, shown) = gateway.post_control(&path, json!({ "stage": "accepted" })).await;
    assert_members(&shown, json!({ "setlstat": "Accepted", "refundable": "Y" }));
}

#[tokio::test]
async fn the_words_for_a_refund_are_a_setting() {
    let setting = |refund_setlstat| Settings { refund_setlstat, ..Settings::default() };
    let cases = [
        (RefundSetlstat::Refunded, Some("Refunded"), "Refunded"),
        (RefundSetlstat::Empty, Some(""), "Accepted"),
        (RefundSetlstat::Absent, None, "Accepted"),
    ];
    for (word, before, after) in cases {
        let gateway = start_merchant(setting(word)).await;
        let (sale, refund) = refunded(&gateway).await;
        let shown = gateway.inquire(&refund).await;
        assert_eq!(shown.get("setlstat").and_then(Value::as_str), before, "{word:?}");
        gateway.simulator.settle();
        assert_eq!(gateway.inquire(&refund).await["setlstat"], after, "{word:?}");
        assert_eq!(gateway.inquire(&sale).await["setlstat"], "Accepted", "payments are as ever");

        let (_, rejected) = refunded(&gateway).await;
        gateway.simulator.settle_record(&rejected, Stage::Rejected);
        assert_eq!(gateway.inquire(&rejected).await["setlstat"], "Rejected", "{word:?}");
    }
}

#[tokio::test]
async fn a_refunds_amount_is_positive_if_the_account_says_so() {
    let gateway = start_merchant(Settings { negative_refund_amounts: false, ..Settings::default() }).await;
    let (_, refund) = refunded(&gateway).await;
    assert_eq!(gateway.inquire(&refund).await["amount"], "4.00");
    assert_eq!(gateway.simulator.record(&refund).unwrap().moved_minor_units(), -400);
}

#[tokio::test]
async fn any_record_shows_the_setlstat_that_a_test_chooses_and_nothing_else_changes() {
    let gateway = start().await;
    let (sale, refund) = refunded(&gateway).await;
    for retref in [&sale, &refund] {
        let real = gateway.simulator.record(retref);
        let path = format!("/transactions/{retref}");
        for setlstat in [json!("Pin Debit"), json!(""), json!(null)] {
            let (status, _) = gateway.post_control(&path, json!({ "setlstat": setlstat })).await;
            assert_eq!(status, StatusCode::OK);
            let shown = gateway.inquire(retref).await;
            assert_eq!(shown.get("setlstat").unwrap_or(&Value::Null), &setlstat);
        }
        gateway.post_control(&path, json!({ "real_setlstat": true })).await;
        assert_ne!(gateway.inquire(retref).await.get("setlstat"), None);
        assert!(gateway.simulator.show_setlstat(retref, Some(ShownSetlstat::Text("x".to_owned()))));
        assert_eq!(gateway.inquire(retref).await["setlstat"], "x");
        assert_eq!(gateway.simulator.record(retref), real);
    }
    assert!(!gateway.simulator.show_setlstat("001000000000", None));
}

#[tokio::test]
async fn a_change_of_a_record_that_makes_no_sense_is_refused() {
    let gateway = start().await;
    let sale = gateway.settled("10.00", "A-1").await;
    let path = format!("/transactions/{sale}");
    for (body, member) in [
        (json!({ "stage": "settled" }), "stage:"),
        (json!({ "stage": "rejected" }), "stage:"),
        (json!({ "setlstat": 1 }), "setlstat:"),
        (json!({ "state": "rejected" }), "state:"),
    ] {
        let (status, error) = gateway.post_control(&path, body).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert!(text(&error, "error").starts_with(member), "{error}");
    }
    let unknown = gateway.post_control("/transactions/001000000000", json!({ "setlstat": "" })).await;
    assert_eq!(unknown.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_refund_voided_in_the_portal_gives_its_amount_back_to_the_payment() {
    let gateway = start().await;
    let (sale, refund) = refunded(&gateway).await;
    let refused = gateway.put("void", json!({ "retref": refund })).await;
    assert_eq!(refused["respcode"], "24", "not by the API");
    let void = json!({ "action": "void", "retref": refund });
    let (_, answer) = gateway.post_control("/portal", void).await;
    assert_members(&answer, json!({ "respstat": "A", "authcode": "REVERS" }));
    assert_members(&gateway.inquire(&refund).await, json!({ "setlstat": "Voided", "amount": "0.00" }));
    assert_eq!(gateway.simulator.record(&sale).unwrap().refunded_minor_units, 0);
    assert_eq!(gateway.put("refund", json!({ "retref": sale })).await["amount"], "10.00");
}

#[tokio::test]
async fn a_refund_can_be_voided_by_the_api_if_the_account_may_and_until_its_batch() {
    let gateway = start_merchant(Settings { voidable_refunds: true, ..Settings::default() }).await;
    let (_, first) = refunded(&gateway).await;
    assert_eq!(gateway.inquire(&first).await["voidable"], "Y");
    let part = gateway.put("void", json!({ "retref": first, "amount": "1.00" })).await;
    assert_eq!(part["respcode"], "43", "all or nothing");
    assert_eq!(gateway.put("void", json!({ "retref": first })).await["authcode"], "REVERS");
    let (_, second) = refunded(&gateway).await;
    gateway.simulator.settle();
    assert_eq!(gateway.inquire(&second).await["voidable"], "N");
    assert_eq!(gateway.put("void", json!({ "retref": second })).await["respcode"], "26");
}

#[tokio::test]
async fn the_portal_captures_and_refunds_in_part_and_says_what_is_wrong_with_a_request() {
    let gateway = start().await;
    let retref = gateway.authorized(json!({ "orderid": "A-1" })).await;
    let capture = json!({ "action": "capture", "retref": retref, "amount": "9.00" });
    assert_eq!(gateway.post_control("/portal", capture).await.1["amount"], "9.00");
    gateway.simulator.settle();
    let refund = json!({ "action": "refund", "retref": retref, "amount": 250, "orderid": "R-1" });
    assert_eq!(gateway.post_control("/portal", refund).await.1["amount"], "2.50");
    assert_eq!(gateway.by_order_id("R-1").await["amount"], "-2.50");
    let over = PortalAction::Refund { retref, minor_units: Some(651), order_id: None };
    assert_eq!(gateway.simulator.in_portal(&over)["respcode"], "42");
    for (body, member) in [
        (json!({ "action": "auth", "retref": "1" }), "action:"),
        (json!({ "action": "void" }), "retref:"),
        (json!({ "action": "void", "retref": "1", "amount": true }), "amount:"),
    ] {
        let (status, error) = gateway.post_control("/portal", body).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert!(text(&error, "error").starts_with(member), "{error}");
    }
    let states: Vec<RecordState> = gateway.simulator.records().iter().map(|record| record.state).collect();
    assert_eq!(states, [RecordState::Accepted, RecordState::Queued]);
    assert_eq!(gateway.simulator.records()[0].merchid, MID);
}

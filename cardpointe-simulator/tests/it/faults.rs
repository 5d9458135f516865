//! Faults to order. The questions are always the same: was it processed, and which response did the
//! client see.

use cardpointe_simulator::{Config, Endpoint, Fault, FaultKind};
use reqwest::StatusCode;
use serde_json::json;

use crate::{
    harness::{Gateway, VISA, assert_members, start, start_with, text},
    http::{raw, raw_auth},
};

async fn sale(gateway: &Gateway) -> reqwest::Result<reqwest::Response> {
    gateway
        .send("auth", json!({ "account": VISA, "expiry": "1249", "amount": "10.00", "orderid": "A-1" }))
        .await
}

const TEN_MINUTES_MS: u64 = 600_000;

/// Waits for a call to be processed, not for its response, which is ten minutes away.
async fn give_up_once_recorded(gateway: &Gateway, call: impl Future<Output: std::fmt::Debug>) {
    let mut call = Box::pin(call);
    while recorded(gateway) == 0 {
        tokio::select! {
            biased;
            early = &mut call => panic!("answered: {early:?}"),
            () = tokio::task::yield_now() => {}
        }
    }
}

fn recorded(gateway: &Gateway) -> usize {
    gateway.simulator.transactions().len()
}

#[tokio::test]
async fn dropped_before_processing_leaves_no_record_and_no_answer() {
    let gateway = start().await;
    gateway.simulator.fault(Fault::once(Endpoint::Auth, FaultKind::DropBefore));
    assert!(sale(&gateway).await.is_err());
    assert_eq!(recorded(&gateway), 0);
    assert_eq!(sale(&gateway).await.unwrap().status(), StatusCode::OK, "one fault, one call");
}

#[tokio::test]
async fn dropped_after_processing_leaves_a_record_that_the_order_id_finds() {
    let gateway = start().await;
    gateway.simulator.fault(Fault::once(Endpoint::Auth, FaultKind::DropAfter));
    assert!(sale(&gateway).await.is_err());
    assert_eq!(recorded(&gateway), 1, "once, not again by the client's own retry");
    assert_members(&gateway.by_order_id("A-1").await, json!({ "respstat": "A", "setlstat": "Authorized" }));
}

#[tokio::test]
async fn a_dropped_answer_is_not_one_byte_long() {
    let gateway = start().await;
    for kind in [FaultKind::DropBefore, FaultKind::DropAfter] {
        gateway.simulator.fault(Fault::once(Endpoint::Auth, kind));
        assert_eq!(raw(&gateway, &raw_auth()).await, "");
    }
}

#[tokio::test]
async fn a_status_fault_processes_nothing() {
    let gateway = start().await;
    gateway.simulator.fault(Fault {
        endpoint: Endpoint::Any,
        kind: FaultKind::Status { status: 502 },
        times: 2,
    });
    for _ in 0..2 {
        assert_eq!(sale(&gateway).await.unwrap().status(), StatusCode::BAD_GATEWAY);
    }
    assert_eq!(recorded(&gateway), 0);
    assert_eq!(sale(&gateway).await.unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn a_malformed_answer_is_html_under_200_to_a_processed_call() {
    let gateway = start().await;
    gateway.simulator.fault(Fault::once(Endpoint::Auth, FaultKind::Malformed));
    let response = sale(&gateway).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert!(response.text().await.unwrap().starts_with("<html>"));
    assert_eq!(recorded(&gateway), 1);
}

#[tokio::test]
async fn a_cut_answer_announces_more_than_it_brings() {
    let gateway = start().await;
    gateway.simulator.fault(Fault { endpoint: Endpoint::Auth, kind: FaultKind::Cut, times: 2 });
    let response = sale(&gateway).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert!(response.bytes().await.is_err());
    let answer = raw(&gateway, &raw_auth()).await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let announced = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    assert_eq!(body.len(), announced.parse::<usize>().unwrap() / 2);
    assert!(body.starts_with('{'));
    assert_eq!(recorded(&gateway), 2);
}

#[tokio::test]
async fn a_delayed_call_is_processed_at_once_even_when_the_client_gives_up() {
    let gateway = start().await;
    let kind = FaultKind::Delay { delay_ms: TEN_MINUTES_MS };
    gateway.simulator.fault(Fault::once(Endpoint::Auth, kind));
    give_up_once_recorded(&gateway, sale(&gateway)).await;
    assert_members(&gateway.by_order_id("A-1").await, json!({ "setlstat": "Authorized" }));
}

#[tokio::test]
async fn a_time_out_card_keeps_the_client_waiting_when_asked_to() {
    let config = Config { timeout_card_delay_ms: TEN_MINUTES_MS, ..Config::default() };
    let gateway = start_with(config).await;
    let body = json!({ "account": "4999006200620062", "expiry": "1249", "amount": "10.00" });
    give_up_once_recorded(&gateway, gateway.send("auth", body)).await;
    assert_members(&gateway.simulator.transactions()[0], json!({ "setlstat": "Declined" }));
}

#[tokio::test]
async fn a_timed_out_payment_is_declined_and_its_card_not_stored() {
    let gateway = start().await;
    gateway.simulator.fault(Fault::once(Endpoint::Auth, FaultKind::TimedOut));
    let answer = gateway.auth(json!({ "profile": "Y", "cofpermission": "Y", "capture": "Y" })).await;
    assert_members(
        &answer,
        json!({
            "respstat": "B", "respproc": "PPS", "respcode": "62", "setlstat": "Declined", "amount": "0.00",
        }),
    );
    assert_eq!(answer.get("profileid"), None);
    assert_eq!(gateway.inquire(&text(&answer, "retref")).await["setlstat"], "Declined");
}

#[tokio::test]
async fn a_timed_out_follow_up_changes_nothing() {
    let gateway = start().await;
    let retref = gateway.authorized(json!({})).await;
    for (endpoint, name) in [(Endpoint::Capture, "capture"), (Endpoint::Void, "void")] {
        gateway.simulator.fault(Fault::once(endpoint, FaultKind::TimedOut));
        let answer = gateway.put(name, json!({ "retref": retref })).await;
        assert_members(&answer, json!({ "respstat": "B", "respcode": "62" }));
        assert_eq!(gateway.inquire(&retref).await["setlstat"], "Authorized");
    }
}

#[tokio::test]
async fn look_ups_fail_to_order_too() {
    let gateway = start().await;
    let retref = gateway.authorized(json!({ "orderid": "A-1" })).await;
    gateway.simulator.fault(Fault::once(Endpoint::Inquire, FaultKind::TimedOut));
    gateway.simulator.fault(Fault::once(Endpoint::InquireByOrderid, FaultKind::TimedOut));
    assert_eq!(gateway.inquire(&retref).await["respcode"], "62");
    assert_eq!(gateway.by_order_id("A-1").await["respcode"], "62");
    assert_eq!(gateway.inquire(&retref).await["respcode"], "00");
}

#[tokio::test]
async fn a_request_that_arrives_late_is_processed_once_when_its_time_has_come() {
    let gateway = start().await;
    let kind = FaultKind::ArrivesLate { late_s: 180 };
    gateway.simulator.fault(Fault::once(Endpoint::Auth, kind));
    assert!(sale(&gateway).await.is_err(), "the connection closes at once");
    // Another fault waits for another call.
    gateway.simulator.fault(Fault::once(Endpoint::Auth, FaultKind::DropBefore));
    gateway.simulator.advance_clock(178);
    assert_eq!(recorded(&gateway), 0);
    gateway.simulator.advance_clock(2);
    assert_eq!(recorded(&gateway), 1, "the clock brings it");
    assert_members(&gateway.by_order_id("A-1").await, json!({ "respstat": "A", "setlstat": "Authorized" }));
    assert!(sale(&gateway).await.is_err(), "which is still armed");
    gateway.simulator.advance_clock(86_400);
    assert_eq!(recorded(&gateway), 1, "once");
}

#[tokio::test]
async fn late_requests_arrive_in_the_order_of_their_times_and_a_reset_forgets_them() {
    let gateway = start().await;
    for (late_s, order) in [(7_200, "later"), (3_600, "sooner")] {
        let fault = json!({ "endpoint": "auth", "fault": "arrives_late", "late_s": late_s });
        gateway.post_control("/faults", fault).await;
        let sale = json!({ "account": VISA, "expiry": "1249", "amount": "10.00", "orderid": order });
        assert!(gateway.send("auth", sale).await.is_err());
    }
    gateway.post_control("/clock", json!({ "advance_s": 7_200 })).await;
    let arrived: Vec<String> =
        gateway.simulator.transactions().iter().map(|record| text(record, "orderId")).collect();
    assert_eq!(arrived, ["sooner", "later"]);
    gateway.simulator.fault(Fault::once(Endpoint::Auth, FaultKind::ArrivesLate { late_s: 60 }));
    assert!(sale(&gateway).await.is_err());
    gateway.simulator.reset();
    gateway.simulator.advance_clock(60);
    assert_eq!(recorded(&gateway), 0);
}

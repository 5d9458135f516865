//! Responses that leave the outcome open: codes for duplicates, B, and an intermediary's status.

use cardpointe_simulator::{Delivery, Endpoint, Fault, FaultKind, RecordState, ResponseCode, Settings};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::harness::{Gateway, VISA, assert_members, start, start_merchant, text};

fn code(respproc: &str, respcode: &str) -> ResponseCode {
    ResponseCode::find(respproc, respcode).unwrap()
}

fn respond(gateway: &Gateway, endpoint: Endpoint, code: ResponseCode, done: bool) {
    gateway.simulator.fault(Fault::once(endpoint, FaultKind::Respond { code, done }));
}

/// The states of all records.
fn states(gateway: &Gateway) -> Vec<RecordState> {
    gateway.simulator.records().iter().map(|record| record.state).collect()
}

#[tokio::test]
async fn a_duplicate_code_comes_with_or_without_an_approved_original() {
    for (done, expected) in
        [(false, vec![RecordState::Declined]), (true, vec![RecordState::Authorized, RecordState::Declined])]
    {
        let gateway = start().await;
        respond(&gateway, Endpoint::Auth, code("VANT", "98"), done);
        let answer = gateway.auth(json!({ "orderid": "A-1" })).await;
        assert_members(
            &answer,
            json!({ "respstat": "C", "respproc": "VANT", "respcode": "98", "amount": "0.00" }),
        );
        assert_eq!(states(&gateway), expected);
        let declined = gateway.inquire(&text(&answer, "retref")).await;
        assert_members(&declined, json!({ "setlstat": "Declined", "respcode": "98", "orderId": "A-1" }));
        let found = gateway.by_order_id("A-1").await;
        assert_eq!(found.as_array().map_or(1, Vec::len), expected.len(), "{found}");
    }
}

#[tokio::test]
async fn a_duplicate_refund_comes_with_or_without_an_approved_original() {
    for (done, given_back) in [(false, 0), (true, 400)] {
        let gateway = start().await;
        let sale = gateway.settled("10.00", "A-1").await;
        respond(&gateway, Endpoint::Refund, code("RPCT", "772"), done);
        let body = json!({ "retref": sale, "amount": "4.00", "orderid": "R-1" });
        let answer = gateway.put("refund", body).await;
        assert_members(&answer, json!({ "respstat": "C", "respproc": "RPCT", "respcode": "772" }));
        assert_eq!(gateway.simulator.record(&sale).unwrap().refunded_minor_units, given_back);
        let found = gateway.by_order_id("R-1").await;
        let approved = found.as_array().map_or(0, |records| {
            records.iter().filter(|record| record["setlstat"] == "Queued for Capture").count()
        });
        assert_eq!(approved, usize::from(done), "{found}");
    }
}

#[tokio::test]
async fn an_equal_payment_or_refund_within_the_duplicate_window_is_refused_and_on_record() {
    let gateway = start_merchant(Settings { duplicate_window_s: 60, ..Settings::default() }).await;
    let pay = async |change: Value| text(&gateway.auth(change).await, "respcode");
    assert_eq!(pay(json!({ "account": "4387751111111053" })).await, "NU", "a decline is no original");
    gateway.simulator.fault(Fault::once(Endpoint::Auth, FaultKind::TimedOut));
    assert_eq!(pay(json!({})).await, "62");
    let sale = gateway.authorized(json!({ "orderid": "A-1", "capture": "Y" })).await;
    assert_eq!(pay(json!({ "orderid": "A-2" })).await, "94", "another order id does not help");
    assert_eq!(pay(json!({ "amount": "10.01" })).await, "00");
    assert_eq!(pay(json!({ "account": "4788250000121443" })).await, "00");
    assert_members(&gateway.by_order_id("A-2").await, json!({ "setlstat": "Declined", "respcode": "94" }));
    gateway.simulator.advance_clock(60);
    assert_eq!(pay(json!({})).await, "00");

    gateway.simulator.settle();
    let refund = async |amount: &str| {
        let body = json!({ "retref": sale, "amount": amount });
        text(&gateway.put("refund", body).await, "respcode")
    };
    assert_eq!(refund("3.00").await, "00");
    assert_eq!(refund("3.00").await, "94");
    assert_eq!(refund("4.00").await, "00");
    gateway.simulator.advance_clock(60);
    assert_eq!(refund("3.00").await, "00");
}

#[tokio::test]
async fn without_a_duplicate_window_equal_payments_are_approved_even_when_the_clock_goes_back() {
    let gateway = start().await;
    for _ in 0..2 {
        assert_eq!(gateway.auth(json!({})).await["respcode"], "00");
        gateway.simulator.advance_clock(-3_600);
    }
}

#[tokio::test]
async fn an_approval_code_can_come_with_nothing_done() {
    let gateway = start().await;
    respond(&gateway, Endpoint::Auth, code("FNOR", "00"), false);
    let answer = gateway.auth(json!({})).await;
    assert_members(&answer, json!({ "respstat": "A", "respcode": "00", "amount": "0.00" }));
    let sale = gateway.settled("10.00", "A-1").await;
    respond(&gateway, Endpoint::Refund, code("PPS", "26"), false);
    let answer = gateway.put("refund", json!({ "retref": sale })).await;
    assert_members(&answer, json!({ "respstat": "A", "respproc": "PPS", "respcode": "26" }));
    assert_eq!(gateway.inquire(&sale).await["refundable"], "Y");
    assert_eq!(states(&gateway), [RecordState::Declined, RecordState::Accepted, RecordState::Declined]);
}

#[tokio::test]
async fn a_retry_code_on_any_write_leaves_it_done_or_not_done() {
    let retry = code("FNOR", "91");
    for done in [false, true] {
        let gateway = start().await;
        respond(&gateway, Endpoint::Auth, retry, done);
        let answer = gateway.auth(json!({ "orderid": "A-1" })).await;
        assert_members(&answer, json!({ "respstat": "B", "respproc": "FNOR", "respcode": "91" }));
        let record = gateway.inquire(&text(&answer, "retref")).await;
        assert_eq!(record["setlstat"], if done { "Authorized" } else { "Declined" });

        for (endpoint, before, after) in [
            (Endpoint::Capture, "Authorized", "Queued for Capture"),
            (Endpoint::Void, "Authorized", "Voided"),
        ] {
            let retref = gateway.authorized(json!({})).await;
            respond(&gateway, endpoint, retry, done);
            let answer = gateway.put(endpoint.name(), json!({ "retref": retref })).await;
            assert_members(&answer, json!({ "respstat": "B", "respcode": "91", "retref": retref }));
            assert_ne!(answer["authcode"], "REVERS");
            let setlstat = if done { after } else { before };
            assert_eq!(gateway.inquire(&retref).await["setlstat"], setlstat, "{endpoint:?}");
        }

        let sale = gateway.settled("10.00", "A-2").await;
        respond(&gateway, Endpoint::Refund, retry, done);
        let answer = gateway.put("refund", json!({ "retref": sale })).await;
        assert_members(&answer, json!({ "respstat": "B", "respcode": "91" }));
        let record = gateway.inquire(&text(&answer, "retref")).await;
        assert_eq!(record["setlstat"], if done { "Queued for Capture" } else { "Declined" });
        assert_eq!(gateway.inquire(&sale).await["refundable"], if done { "N" } else { "Y" });
    }
}

#[tokio::test]
async fn a_code_on_an_inquiry_says_nothing_of_the_record() {
    let gateway = start().await;
    let retref = gateway.authorized(json!({ "orderid": "A-1" })).await;
    for endpoint in [Endpoint::Inquire, Endpoint::InquireByOrderid] {
        respond(&gateway, endpoint, code("PPS", "34"), false);
    }
    for answer in [gateway.inquire(&retref).await, gateway.by_order_id("A-1").await] {
        assert_members(&answer, json!({ "respstat": "C", "respproc": "PPS", "respcode": "34" }));
        assert_eq!(answer.get("setlstat"), None);
    }
}

#[tokio::test]
async fn an_intermediarys_status_comes_before_or_after_processing_on_every_endpoint() {
    let sale = json!({ "account": VISA, "expiry": "1249", "amount": "10.00" });
    for status in [302, 308, 400, 401, 403, 404, 408, 413, 429, 503] {
        let gateway = start().await;
        for (kind, recorded) in [(FaultKind::Status { status }, 0), (FaultKind::StatusAfter { status }, 1)] {
            gateway.simulator.fault(Fault::once(Endpoint::Auth, kind));
            let url = format!("{}/auth", gateway.simulator.base_url());
            let mut body = sale.clone();
            body["merchid"] = json!(crate::harness::MID);
            let request = http::Request::put(&url).header("authorization", "Basic dGVzdGluZzp0ZXN0aW5nMTIz");
            let response = gateway.simulator.respond(&request.body(body.to_string()).unwrap());
            assert_eq!((response.status.as_u16(), response.delivery), (status, Delivery::Complete));
            assert_eq!(response.headers.contains_key("location"), (300..400).contains(&status));
            assert_eq!(states(&gateway).len(), recorded);
        }
    }
}

#[tokio::test]
async fn an_intermediarys_status_hides_a_capture_a_void_a_refund_and_an_inquiry() {
    let gateway = start().await;
    let status = |endpoint| Fault::once(endpoint, FaultKind::StatusAfter { status: 404 });
    let captured = gateway.authorized(json!({})).await;
    let voided = gateway.authorized(json!({})).await;
    let sale = gateway.settled("10.00", "A-1").await;
    let cases = [
        (Endpoint::Capture, &captured, "Queued for Capture"),
        (Endpoint::Void, &voided, "Voided"),
        (Endpoint::Refund, &sale, "Accepted"),
    ];
    for (endpoint, retref, setlstat) in cases {
        gateway.simulator.fault(status(endpoint));
        let response = gateway.send(endpoint.name(), json!({ "retref": retref })).await.unwrap();
        assert_eq!(response.status(), StatusCode::NOT_FOUND);
        assert_eq!(gateway.inquire(retref).await["setlstat"], setlstat);
    }
    assert_eq!(gateway.inquire(&sale).await["refundable"], "N");
    gateway.simulator.fault(status(Endpoint::Inquire));
    let path = format!("/inquire/{sale}/{}", crate::harness::MID);
    let response = gateway.request(reqwest::Method::GET, &path).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_request_that_hangs_is_processed_or_not_and_never_gets_a_response() {
    for (kind, recorded) in [(FaultKind::HangBefore, 0), (FaultKind::HangAfter, 1)] {
        let gateway = start().await;
        gateway.simulator.fault(Fault::once(Endpoint::Auth, kind));
        let body: Value = json!({
            "merchid": crate::harness::MID, "account": VISA, "expiry": "1249", "amount": "10.00",
        });
        let request = http::Request::put("/cardconnect/rest/auth")
            .header("authorization", "Basic dGVzdGluZzp0ZXN0aW5nMTIz")
            .body(body.to_string())
            .unwrap();
        let response = gateway.simulator.respond(&request);
        assert_eq!((response.delivery, response.body.len()), (Delivery::Never, 0));
        assert_eq!(states(&gateway).len(), recorded);
    }
}

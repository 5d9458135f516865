//! The simulator without sockets: the same responses, in the time of a clock that the test moves.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use cardpointe_simulator::{
    Config, Delivery, Endpoint, Fault, FaultKind, Origin, PortalAction, RecordKind, RecordState, Response,
    Simulator,
};
use http::{Request, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::harness::{MID, VISA, assert_members, start, text};

/// The seconds since 1970 that a simulator's clock shows.
type Seconds = Arc<AtomicI64>;

const START_S: i64 = 1_900_000_000;

fn simulator(config: Config) -> (Simulator, Seconds) {
    let seconds = Seconds::new(AtomicI64::new(START_S));
    let shown = Arc::clone(&seconds);
    let clock = move || Timestamp::from_second(shown.load(Ordering::Relaxed)).unwrap();
    (Simulator::new(config, clock), seconds)
}

/// Sends a request. Returns the body of the response.
pub(crate) fn send(simulator: &Simulator, method: &str, path: &str, body: &Value) -> Vec<u8> {
    simulator.respond(&request(method, path, body)).body
}

fn request(method: &str, path: &str, body: &Value) -> Request<Vec<u8>> {
    Request::builder()
        .method(method)
        .uri(format!("/cardconnect/rest{path}"))
        .header("authorization", "Basic dGVzdGluZzp0ZXN0aW5nMTIz")
        .body(body.to_string().into_bytes())
        .unwrap()
}

fn sale(order_id: &str) -> Value {
    json!({
        "merchid": MID, "account": VISA, "expiry": "1249", "amount": "10.00", "capture": "Y", "orderid": order_id,
    })
}

fn json_of(response: &Response) -> Value {
    assert_eq!((response.status, response.delivery), (StatusCode::OK, Delivery::Complete));
    serde_json::from_slice(&response.body).unwrap()
}

fn put(simulator: &Simulator, endpoint: &str, body: &Value) -> Value {
    json_of(&simulator.respond(&request("PUT", &format!("/{endpoint}"), body)))
}

#[tokio::test]
async fn over_http_and_in_process_the_same_request_gets_the_same_bytes() {
    let served = start().await;
    let (in_process, _) = simulator(Config::default());
    let refused = json!({ "merchid": MID, "retref": "001000000000" });
    for (endpoint, body) in [("capture", refused.clone()), ("void", refused)] {
        let path = format!("/{endpoint}");
        let over_http =
            served.request(reqwest::Method::PUT, &path).body(body.to_string()).send().await.unwrap();
        let response = in_process.respond(&request("PUT", &path, &body));
        assert_eq!(response.status, over_http.status());
        for (name, value) in &response.headers {
            assert_eq!(over_http.headers().get(name), Some(value), "{name}");
        }
        assert_eq!(over_http.bytes().await.unwrap(), response.body);
    }
}

#[test]
fn one_seed_one_clock_and_one_sequence_give_the_same_bytes() {
    let bytes = || {
        let (simulator, _) = simulator(Config::default());
        simulator.fault(Fault::once(Endpoint::Void, FaultKind::TimedOut));
        let paid = simulator.respond(&request("PUT", "/auth", &sale("A-1")));
        let retref = text(&json_of(&paid), "retref");
        let voided = request("PUT", "/void", &json!({ "merchid": MID, "retref": retref }));
        let voided = simulator.respond(&voided);
        let found = simulator.respond(&request("GET", &format!("/inquireByOrderid/A-1/{MID}/1"), &json!({})));
        let missing = simulator.respond(&request("GET", "/nothing", &json!({})));
        [paid.body, voided.body, found.body, missing.body]
    };
    assert_eq!(bytes(), bytes());
}

#[test]
fn time_passes_only_when_the_clock_does() {
    let (simulator, seconds) = simulator(Config::default());
    put(&simulator, "auth", &sale("A-1"));
    assert_eq!(simulator.now().as_second(), START_S);
    seconds.fetch_add(86_400, Ordering::Relaxed);
    put(&simulator, "auth", &sale("A-2"));
    let days: Vec<Value> =
        simulator.transactions().into_iter().map(|record| record["authdate"].clone()).collect();
    assert_eq!(days, ["20300317", "20300318"]);
}

#[test]
fn a_timeout_is_returned_as_a_delay_and_nothing_sleeps() {
    let (simulator, _) = simulator(Config { timeout_card_delay_ms: 32_000, ..Config::default() });
    let mut body = sale("A-1");
    body["account"] = json!("4999006200620062");
    let response = simulator.respond(&request("PUT", "/auth", &body));
    assert_eq!(response.delay, Duration::from_secs(32));
    assert_members(&json_of(&response), json!({ "respstat": "B", "respcode": "62" }));
    assert_eq!(simulator.records().len(), 1, "processed already");
    let inquiry = request("GET", &format!("/inquireByOrderid/A-1/{MID}/1"), &json!({}));
    let inquiry = simulator.respond(&inquiry);
    assert_eq!((json_of(&inquiry)["respcode"].as_str(), inquiry.delay), (Some("62"), Duration::ZERO));
    assert_eq!(simulator.respond(&request("PUT", "/auth", &sale("A-2"))).delay, Duration::ZERO);
}

#[test]
fn a_lost_response_says_so_and_leaves_its_record() {
    let (simulator, _) = simulator(Config::default());
    let cases = [
        (FaultKind::DropBefore, Delivery::Closed, 0),
        (FaultKind::DropAfter, Delivery::Closed, 1),
        (FaultKind::Cut, Delivery::Cut, 2),
    ];
    for (kind, delivery, recorded) in cases {
        simulator.fault(Fault::once(Endpoint::Auth, kind));
        let response = simulator.respond(&request("PUT", "/auth", &sale("A-1")));
        assert_eq!((response.delivery, simulator.records().len()), (delivery, recorded), "{kind:?}");
    }
}

#[test]
fn a_records_history_names_each_change_and_what_made_it() {
    let (simulator, seconds) = simulator(Config::default());
    let mut body = sale("A-1");
    body["capture"] = json!("N");
    let retref = text(&put(&simulator, "auth", &body), "retref");
    seconds.fetch_add(60, Ordering::Relaxed);
    let captured = PortalAction::Capture { retref: retref.clone(), minor_units: Some(900) };
    assert_members(&simulator.in_portal(&captured), json!({ "respstat": "A", "amount": "9.00" }));
    simulator.settle();
    let refund = PortalAction::Refund { retref: retref.clone(), minor_units: Some(400), order_id: None };
    let refunded = text(&simulator.in_portal(&refund), "retref");

    let payment = simulator.record(&retref).unwrap();
    let changes: Vec<_> = payment
        .history
        .iter()
        .map(|change| (change.at.as_second() - START_S, change.origin, change.state, change.minor_units))
        .collect();
    assert_eq!(
        changes,
        [
            (0, Origin::Request, RecordState::Authorized, 1_000),
            (60, Origin::Portal, RecordState::Queued, 900),
            (60, Origin::Settlement, RecordState::Accepted, 900),
            (60, Origin::Portal, RecordState::Accepted, 900),
        ]
    );
    assert_eq!((payment.moved_minor_units(), payment.refunded_minor_units), (900, 400));
    let refund = simulator.record(&refunded).unwrap();
    assert_eq!((refund.kind, refund.moved_minor_units()), (RecordKind::Refund, -400));
    assert_eq!(refund.refund_of, Some(retref));
}

#[test]
fn a_void_in_the_portal_is_no_request_and_no_fault_hits_it() {
    let (simulator, _) = simulator(Config::default());
    let retref = text(&put(&simulator, "auth", &sale("A-1")), "retref");
    simulator.fault(Fault::once(Endpoint::Any, FaultKind::DropBefore));
    let void = PortalAction::Void { retref: retref.clone(), minor_units: None };
    assert_members(&simulator.in_portal(&void), json!({ "respstat": "A", "authcode": "REVERS" }));
    let record = simulator.record(&retref).unwrap();
    assert_eq!((record.state, record.moved_minor_units()), (RecordState::Voided, 0));
    let unknown = PortalAction::Void { retref: "1".to_owned(), minor_units: None };
    assert_members(&simulator.in_portal(&unknown), json!({ "respproc": "PPS", "respcode": "29" }));
}

#[test]
fn records_are_found_by_what_is_new_and_by_order_id() {
    let (simulator, _) = simulator(Config::default());
    for order_id in ["A-1", "A-2", "A-1"] {
        put(&simulator, "auth", &sale(order_id));
    }
    let all = simulator.records();
    assert_eq!((simulator.record_count(), all.len()), (3, 3));
    assert_eq!(simulator.records_after(1), all[1..]);
    assert_eq!(simulator.records_after(3), []);
    assert_eq!(simulator.records_under("A-1"), [all[0].clone(), all[2].clone()]);
}

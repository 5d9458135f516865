//! Requests that time out between the gateway and the processor: PPS 62, respstat B.

use cardpointe_simulator::{Config, Endpoint, Fault, FaultKind, Settings, TimedOutRefunds};
use serde_json::{Value, json};

use crate::harness::{Gateway, assert_members, start, start_merchant, start_with, text};

const TIMEOUT_CARD: &str = "4999006200620062";

async fn timed_out(gateway: &Gateway, endpoint: Endpoint, body: Value) -> Value {
    gateway.simulator.fault(Fault::once(endpoint, FaultKind::TimedOut));
    let answer = gateway.put(endpoint.name(), body).await;
    assert_members(&answer, json!({ "respstat": "B", "respproc": "PPS", "respcode": "62" }));
    answer
}

#[tokio::test]
async fn a_timed_out_payment_is_found_declined_with_the_codes_of_its_response() {
    let gateway = start().await;
    gateway.auth(json!({ "account": TIMEOUT_CARD, "orderid": "A-1", "capture": "Y" })).await;
    let record = gateway.by_order_id("A-1").await;
    assert_members(
        &record,
        json!({
            "respstat": "B", "respproc": "PPS", "respcode": "62", "resptext": "Timed out",
            "setlstat": "Declined", "amount": "0.00", "voidable": "N", "refundable": "N",
        }),
    );
    let ledger = gateway.simulator.record(&text(&record, "retref")).unwrap();
    assert_eq!((ledger.minor_units, ledger.moved_minor_units()), (1_000, 0));
    assert_eq!(gateway.simulator.settle(), 0);
}

#[tokio::test]
async fn an_account_can_show_the_amount_in_responses_and_records_of_what_timed_out() {
    let amount = |is_shown: bool| if is_shown { "10.00" } else { "0.00" };
    for (in_responses, kept) in [(false, false), (false, true), (true, false), (true, true)] {
        let settings = Settings {
            timed_out_amounts_in_responses: in_responses,
            timed_out_amounts_kept: kept,
            ..Settings::default()
        };
        let gateway = start_merchant(settings).await;
        let answer = gateway.auth(json!({ "account": TIMEOUT_CARD, "orderid": "A-1" })).await;
        assert_eq!(answer["amount"], amount(in_responses));
        assert_eq!(gateway.by_order_id("A-1").await["amount"], amount(kept));
    }
}

#[tokio::test]
async fn a_timed_out_capture_or_void_is_done_if_the_account_says_so() {
    let captures = Settings { timed_out_captures_done: true, ..Settings::default() };
    let voids = Settings { timed_out_voids_done: true, ..Settings::default() };
    let cases = [
        (Settings::default(), Endpoint::Capture, "Authorized"),
        (Settings::default(), Endpoint::Void, "Authorized"),
        (captures, Endpoint::Capture, "Queued for Capture"),
        (captures, Endpoint::Void, "Authorized"),
        (voids, Endpoint::Capture, "Authorized"),
        (voids, Endpoint::Void, "Voided"),
    ];
    for (settings, endpoint, setlstat) in cases {
        let gateway = start_merchant(settings).await;
        let retref = gateway.authorized(json!({})).await;
        timed_out(&gateway, endpoint, json!({ "retref": retref })).await;
        assert_eq!(gateway.inquire(&retref).await["setlstat"], setlstat, "{endpoint:?} {settings:?}");
    }
}

/// Settings under which what timed out has its amount everywhere.
fn with_amounts(timed_out_refunds: TimedOutRefunds) -> Settings {
    Settings {
        timed_out_refunds,
        timed_out_amounts_in_responses: true,
        timed_out_amounts_kept: true,
        ..Settings::default()
    }
}

#[tokio::test]
async fn a_timed_out_refund_is_not_done_by_default_and_leaves_a_record() {
    let gateway = start_merchant(with_amounts(TimedOutRefunds::NotDone)).await;
    let sale = gateway.settled("10.00", "A-1").await;
    let body = json!({ "retref": sale, "amount": "4.00", "orderid": "R-1" });
    let answer = timed_out(&gateway, Endpoint::Refund, body).await;
    assert_members(&answer, json!({ "amount": "4.00", "setlstat": "Declined" }));
    assert_ne!(answer["retref"], *sale);
    gateway.simulator.settle();
    assert_members(
        &gateway.by_order_id("R-1").await,
        json!({
            "retref": answer["retref"], "respstat": "B", "respcode": "62", "setlstat": "Declined",
            "amount": "-4.00",
        }),
    );
    assert_eq!(gateway.simulator.record(&sale).unwrap().refunded_minor_units, 0);
}

#[tokio::test]
async fn a_timed_out_refund_that_was_done_shows_it_at_once_or_when_it_has_settled() {
    for (timed_out_refunds, before) in [
        (TimedOutRefunds::Done, json!({ "respstat": "A", "setlstat": "Queued for Capture" })),
        (
            TimedOutRefunds::DoneShownWhenSettled,
            json!({ "respstat": "B", "respcode": "62", "setlstat": "Declined", "amount": "-4.00" }),
        ),
    ] {
        let gateway = start_merchant(with_amounts(timed_out_refunds)).await;
        let sale = gateway.settled("10.00", "A-1").await;
        let body = json!({ "retref": sale, "amount": "4.00", "orderid": "R-1" });
        let answer = timed_out(&gateway, Endpoint::Refund, body).await;
        assert_members(&answer, json!({ "amount": "4.00", "setlstat": "Declined" }));

        let refund = text(&answer, "retref");
        assert_members(&gateway.inquire(&refund).await, before);
        assert_eq!(gateway.simulator.record(&refund).unwrap().moved_minor_units(), -400, "done");
        let rest = gateway.put("refund", json!({ "retref": sale })).await;
        assert_eq!(rest["amount"], "6.00", "what is left");
        let rest = gateway.inquire(&text(&rest, "retref")).await;
        assert_eq!(rest["setlstat"], "Queued for Capture", "only what timed out is hidden");
        gateway.simulator.settle();
        assert_members(
            &gateway.by_order_id("R-1").await,
            json!({ "retref": refund, "respstat": "A", "respcode": "00", "setlstat": "Accepted" }),
        );
    }
}

#[tokio::test]
async fn a_timed_out_response_does_not_tell_whether_the_request_was_done() {
    let done = Settings {
        timed_out_captures_done: true,
        timed_out_voids_done: true,
        timed_out_refunds: TimedOutRefunds::Done,
        ..Settings::default()
    };
    let responses = async |settings: Settings| {
        let mut config = Config { quiet_json: true, ..Config::default() };
        config.merchants[0].settings = settings;
        let gateway = start_with(config).await;
        let sale = gateway.settled("10.00", "A-1").await;
        let captured = gateway.authorized(json!({})).await;
        let voided = gateway.authorized(json!({})).await;
        [
            timed_out(&gateway, Endpoint::Capture, json!({ "retref": captured })).await,
            timed_out(&gateway, Endpoint::Void, json!({ "retref": voided })).await,
            timed_out(&gateway, Endpoint::Refund, json!({ "retref": sale, "amount": "4.00" })).await,
        ]
    };
    assert_eq!(responses(Settings::default()).await, responses(done).await);
}

//! `trigger`: every type of event, and every reason for attention, happens on the local stack.

use local::Options;
use serde_json::Value;
use tollgate::elastic_path::EventType;
use tollgate_core::journal::AttentionReason;

use crate::support::{Fixture, Ran};

/// Runs the command on a stack that tells its events meanwhile.
pub(crate) async fn while_told(fixture: &Fixture, ran: impl Future<Output = Ran>) -> Ran {
    let mut ran = std::pin::pin!(ran);
    loop {
        tokio::select! {
            ran = &mut ran => return ran,
            told = fixture.stack.deliver_stream() => {
                told.unwrap();
                tokio::task::yield_now().await;
            }
        }
    }
}

async fn trigger(fixture: &Fixture, arguments: &[&str]) -> Value {
    let arguments = [&["trigger", "--json"], arguments].concat();
    while_told(fixture, fixture.run(&arguments, "")).await.json()
}

#[tokio::test]
async fn every_type_of_event_can_be_made_to_happen() {
    let fixture = Fixture::open().await;
    for kind in EventType::ALL.iter().map(|kind| kind.as_str()) {
        let value = trigger(&fixture, &[kind]).await;
        let event = &value["event"];
        assert_eq!(event["type"], kind);
        // It is no message that was made up: the resource is there.
        let order = value["order"].as_str().unwrap();
        let path = match event["data"]["type"].as_str().unwrap() {
            "order" => format!("/v2/orders/{order}"),
            "deposit" => format!("/v2/deposits/{}", event["data"]["id"].as_str().unwrap()),
            "settlement_exception" => {
                let (_, open) = fixture.call("GET", "/v2/settlement/exceptions", Value::Null).await;
                let id = &event["data"]["id"];
                assert!(open["data"].as_array().unwrap().iter().any(|one| one["id"] == *id), "{open}");
                continue;
            }
            _ => format!("/v2/orders/{order}/transactions/{}", event["data"]["id"].as_str().unwrap()),
        };
        let (status, found) = fixture.call("GET", &path, Value::Null).await;
        assert_eq!((status, &found["data"]["id"]), (200, &event["data"]["id"]), "{kind}");
    }
    fixture.close().await;
}

#[tokio::test]
async fn an_event_happens_behind_a_front_too() {
    let front_secret = Some("a-secret-of-the-front-0123456789-0123456789abcdef".to_owned());
    let fixture = Fixture::open_with(Options { front_secret, ..Options::default() }).await;
    assert_eq!(trigger(&fixture, &["order.paid"]).await["event"]["type"], "order.paid");
    fixture.close().await;
}

#[tokio::test]
async fn every_reason_for_attention_can_be_made_to_happen() {
    let fixture = Fixture::open().await;
    for reason in AttentionReason::ALL.iter().map(|reason| reason.as_str()) {
        let value = trigger(&fixture, &["transaction.needs_attention", "--reason", reason]).await;
        assert_eq!(value["event"]["reason"], reason);
    }
    let wrong = fixture.run(&["trigger", "order.paid", "--reason", "voided_elsewhere"], "").await;
    wrong.fails(2, "--reason");
    fixture.run(&["trigger", "order.payed"], "").await.fails(2, "order.paid");
    fixture.close().await;
}

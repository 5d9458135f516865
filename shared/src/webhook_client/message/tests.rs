//! Messages of both formats from the same deliveries.

use serde_json::{Value, json};
use tollgate_core::webhooks::{ReceiverKey, Secret};
use uuid::Uuid;

use super::*;

fn receiver(format: MessageFormat) -> Receiver {
    let (id, url) = ("shop".parse().unwrap(), "https://example.com/hooks".to_owned());
    Receiver { id, url, format, kinds: Vec::new(), is_disabled: false }
}

fn standard() -> Receiver {
    let secrets = vec![Secret::from(vec![1; 32])];
    receiver(MessageFormat::Standard { secrets, secret_key: Some("shared".into()) })
}

fn elastic_path() -> Receiver {
    receiver(MessageFormat::ElasticPath { secret_key: "shared".into() })
}

fn delivery(receiver: &str, body: &Value) -> Delivery {
    let to = ReceiverKey { merchant: "m".parse().unwrap(), receiver: receiver.parse().unwrap() };
    let (event, at, kind) = (Uuid::from_u128(7), Timestamp::UNIX_EPOCH, "order.paid".to_owned());
    Delivery { to, event, at, kind, body: body.to_string(), failures: 0, since: None }
}

fn event() -> Value {
    json!({ "id": Uuid::from_u128(7), "type": "order.paid", "merchant": "m", "version": 3,
        "data": { "id": "o", "type": "order", "payment": "paid" } })
}

fn made(to: &Receiver, delivery: &Delivery) -> WebhookMessage {
    message(to, delivery, Timestamp::UNIX_EPOCH).unwrap()
}

#[test]
fn the_standard_format_is_the_stored_event_byte_for_byte_with_a_signature() {
    let delivery = delivery("shop", &event());
    let WebhookMessage { headers, body } = made(&standard(), &delivery);
    assert_eq!(body, delivery.body);
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature", SECRET_KEY] {
        assert!(headers.contains_key(name), "{name}");
    }
}

#[test]
fn elastic_paths_format_is_its_envelope_of_the_events_data_and_has_no_signature() {
    let (to, mut delivery) = (elastic_path(), delivery("shop", &event()));
    delivery.failures = 2;
    let WebhookMessage { headers, body } = made(&to, &delivery);
    assert_eq!((headers.len(), &headers[SECRET_KEY]), (1, &HeaderValue::from_static("shared")));
    assert!(!body.contains("shared"), "the key is in a header only");
    let body: Value = serde_json::from_str(&body).unwrap();
    let data = json!({ "data": { "id": "o", "type": "order", "payment": "paid" } });
    let expected = json!({
        "id": "00000000-0000-0000-0000-000000000007",
        "triggered_by": "order.paid",
        "attempt": 3,
        "integration": {
            "id": body["integration"]["id"],
            "integration_type": "webhook",
            "name": "shop",
            "description": "",
        },
        "resources": body["resources"],
        "payload": data,
        "configuration": { "url": "https://example.com/hooks" },
    });
    assert_eq!(body, expected);
    // The same once more, as a text.
    let resources: Value = serde_json::from_str(body["resources"].as_str().unwrap()).unwrap();
    assert_eq!(resources, data);
}

#[test]
fn an_integration_keeps_its_id_and_every_receiver_has_another() {
    let id = |receiver: &str| -> Uuid {
        let made = made(&elastic_path(), &delivery(receiver, &event()));
        let body: Value = serde_json::from_str(&made.body).unwrap();
        body["integration"]["id"].as_str().unwrap().parse().unwrap()
    };
    assert_eq!(id("shop"), id("shop"));
    assert_ne!(id("shop"), id("other"));
}

#[test]
fn the_shared_key_is_not_shown_with_the_other_headers() {
    for to in [standard(), elastic_path()] {
        let headers = made(&to, &delivery("shop", &event())).headers;
        assert!(headers[SECRET_KEY].is_sensitive());
        assert!(!format!("{headers:?}").contains("shared"));
    }
}

#[test]
fn what_is_no_event_or_no_header_becomes_no_message() {
    let none =
        |to: &Receiver, body: &Value| message(to, &delivery("shop", body), Timestamp::UNIX_EPOCH).is_none();
    assert!(none(&elastic_path(), &json!("text")) && none(&elastic_path(), &json!({ "id": "e" })));
    assert!(none(&receiver(MessageFormat::ElasticPath { secret_key: "two\nlines".into() }), &event()));
}

//! Messages as Elastic Path sends those of its own integrations, for receivers that were made for
//! them.
//!
//! The types of events have the same names and mean the same. Events that Elastic Path does not
//! have are not sent in its format.

use reqwest::header::HeaderMap;
use secrecy::SecretString;
use serde_json::{Value, json};
use tollgate_core::webhooks::{Delivery, Receiver};
use uuid::Uuid;

use super::{SECRET_KEY, WebhookMessage, secret_key_value};

/// The types of events that Elastic Path has, too. Its others (`order.created`, `order.cancelled`,
/// `order.fulfilled`) are of steps that no order takes here.
pub const ELASTIC_PATH_EVENTS: [&str; 6] = [
    "transaction.created",
    "transaction.updated",
    "order.updated",
    "order.authorized",
    "order.paid",
    "order.refunded",
];

/// The event's data in Elastic Path's envelope, with the shared secret in a header. Elastic Path
/// repeats the secret in `configuration`; bodies are logged more often than headers, so it is not
/// there.
pub(super) fn message(
    to: &Receiver,
    secret_key: &SecretString,
    delivery: &Delivery,
) -> Option<WebhookMessage> {
    let event: Value = serde_json::from_str(&delivery.body).ok()?;
    let payload = json!({ "data": event.get("data")? });
    let body = json!({
        "id": delivery.event,
        "triggered_by": delivery.kind,
        "attempt": delivery.failures.saturating_add(1),
        "integration": {
            // The same for all messages to this receiver.
            "id": Uuid::new_v5(&Uuid::NAMESPACE_OID, delivery.to.to_string().as_bytes()),
            "integration_type": "webhook",
            "name": to.id.to_string(),
            "description": "",
        },
        "resources": payload.to_string(),
        "payload": payload,
        "configuration": { "url": to.url },
    });
    let headers = HeaderMap::from_iter([(SECRET_KEY.parse().ok()?, secret_key_value(secret_key)?)]);
    Some(WebhookMessage { headers, body: body.to_string() })
}

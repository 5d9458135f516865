//! Messages as Elastic Path sends those of its own integrations, for receivers that were made for
//! them.
//!
//! The types of events have the same names and mean the same. Events that Elastic Path does not
//! have are not sent in its format.

use reqwest::header::HeaderMap;
use secrecy::SecretString;
use serde_json::Value;
use tollgate_core::webhooks::{Delivery, Receiver};
use tollgate_wire::{
    ElasticPathEvent, ElasticPathPayload, Integration, IntegrationConfiguration,
    constant::{Empty, WebhookType},
    to_json,
};
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
    let payload: ElasticPathPayload<Value> = serde_json::from_str(&delivery.body).ok()?;
    let body = ElasticPathEvent {
        id: delivery.event,
        triggered_by: delivery.kind.clone(),
        attempt: delivery.failures.saturating_add(1),
        integration: Integration {
            // The same for all messages to this receiver.
            id: Uuid::new_v5(&Uuid::NAMESPACE_OID, delivery.to.to_string().as_bytes()),
            integration_type: WebhookType,
            name: to.id.to_string(),
            description: Empty,
        },
        resources: to_json(&payload),
        payload,
        configuration: IntegrationConfiguration { url: to.url.clone() },
    };
    let headers = HeaderMap::from_iter([(SECRET_KEY.parse().ok()?, secret_key_value(secret_key)?)]);
    Some(WebhookMessage { headers, body: to_json(&body) })
}

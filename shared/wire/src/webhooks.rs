//! Webhooks: receivers, deliveries to them, and messages in Elastic Path's format.

use serde::{Deserialize, Serialize};
use tollgate_core::{webhooks::DeliveryState, words};
use uuid::Uuid;

use crate::{
    constant::{Empty, TestType, WebhookDeliveryType, WebhookType},
    list::PageMeta,
    values::{Milliseconds, Word},
};

words! {
    /// The format of messages to a receiver.
    pub enum WebhookFormat {
        Standard => "standard",
        ElasticPath => "elastic_path",
    }
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct Webhook {
    pub id: String,
    #[serde(rename = "type")]
    pub kind: WebhookType,
    /// Its address, without the query
    pub url: String,
    pub format: Word<WebhookFormat>,
    /// Only these; empty: all
    pub event_types: Vec<String>,
    pub enabled: bool,
    /// How many secrets it has; two while they are rotated
    pub secrets: usize,
    /// Attempts in a row that failed
    pub failures: u32,
    /// It responded with 410, and gets nothing until a replay or a test
    pub gone: bool,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct Delivery {
    pub id: String,
    #[serde(rename = "type")]
    pub kind: WebhookDeliveryType,
    /// The same at every attempt
    pub event_id: Uuid,
    pub event_type: String,
    /// When the event happened
    pub created_at: Milliseconds,
    pub state: Word<DeliveryState>,
    pub failed_attempts: u32,
    pub next_attempt_at: Option<Milliseconds>,
    /// Why the last attempt failed
    pub reason: Option<String>,
    /// The event as it is sent, byte for byte
    pub body: String,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline, deny_unknown_fields))]
pub struct DeliveryPageMeta {
    pub page: PageMeta,
    /// Deliveries that are damaged and left out
    pub unreadable: usize,
}

/// The data of an event that nothing caused but a test.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TestData {
    #[serde(rename = "type")]
    pub kind: TestType,
}

/// A change of a payment or an order as Elastic Path's integrations send theirs
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "ElasticPathEvent"))]
pub struct ElasticPathEvent<D> {
    /// The event's, the same at every attempt
    pub id: Uuid,
    /// The event's type
    #[cfg_attr(feature = "schema", schemars(extend("examples" = ["order.paid"])))]
    pub triggered_by: String,
    /// Counted from 1, and again after a replay
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    pub attempt: u32,
    pub integration: Integration,
    /// Deprecated by Elastic Path: `payload` as a text
    pub resources: String,
    pub payload: ElasticPathPayload<D>,
    pub configuration: IntegrationConfiguration,
}

/// The receiver
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct Integration {
    /// The same for all messages to a receiver
    pub id: Uuid,
    pub integration_type: WebhookType,
    /// The receiver's id
    pub name: String,
    pub description: Empty,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct ElasticPathPayload<D> {
    /// The transaction or the order as the merchant's `GET` returns it
    pub data: D,
}

/// Without `secret_key`, which is in the header only
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct IntegrationConfiguration {
    #[cfg_attr(feature = "schema", schemars(extend("format" = "uri")))]
    pub url: String,
}

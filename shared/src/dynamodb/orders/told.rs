//! Events that a function without receivers and bus wants told. It writes them beside the orders,
//! and the table's stream hands them to the function `events`, which tells all.

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::{Map, Value};
use tollgate_core::{
    payments::StoreError,
    webhooks::{Event, EventBus},
};

use super::{DynamoDbStore, KEY};
use crate::dynamodb::members::Writer;

/// The beginning of the keys of such events. No order's key has it.
pub(super) const TOLD: &str = "#told#";

#[async_trait]
impl EventBus for DynamoDbStore {
    /// One after the other: they are few.
    async fn publish(&self, events: &[Event]) -> Result<(), StoreError> {
        for event in events {
            let mut item = Writer::default();
            item.text(KEY, format!("{TOLD}{}", event.id));
            item.text("type", event.kind);
            item.text("merchant", event.merchant.as_str());
            item.put("at", &event.at);
            item.text("body", event.body.clone());
            self.table.write(item.0).await?;
        }
        Ok(())
    }
}

/// The event that an item of the stream wants told, whose type is known by this name; none where it
/// cannot be read.
pub(super) fn told(
    key: &str,
    image: &Map<String, Value>,
    known: impl Fn(&str) -> Option<&'static str>,
) -> Option<Event> {
    let text = |name: &str| image.get(name).and_then(|value| value["S"].as_str());
    let nanoseconds: i128 = image.get("at")?["N"].as_str()?.parse().ok()?;
    Some(Event {
        id: key.strip_prefix(TOLD)?.parse().ok()?,
        kind: known(text("type")?)?,
        merchant: text("merchant")?.parse().ok()?,
        at: Timestamp::from_nanosecond(nanoseconds).ok()?,
        body: text("body")?.to_owned(),
    })
}

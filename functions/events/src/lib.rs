//! Events: what changed, from the table's stream onto a bus.

use std::sync::Arc;

use tollgate::{
    dynamodb::orders::stream::StreamEvent,
    publishing::{PublishReport, publish},
};
use tollgate_core::webhooks::event_bus::EventBus;

/// One batch of the stream.
pub async fn handle(bus: Arc<dyn EventBus>, event: StreamEvent) -> PublishReport {
    publish(bus.as_ref(), event.into_changes()).await
}

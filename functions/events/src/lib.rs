//! Events: what changed, from the table's stream onto a bus.

use std::sync::Arc;

use tollgate::{
    dynamodb::stream::StreamEvent,
    event_bus::EventBus,
    publishing::{PublishReport, publish},
};

/// One batch of the stream.
pub async fn handle(bus: Arc<dyn EventBus>, event: StreamEvent) -> PublishReport {
    publish(bus.as_ref(), event.into_changes()).await
}

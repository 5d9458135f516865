//! Events: changes, from the table's stream onto a bus.

use std::sync::Arc;

use tollgate::{
    dynamodb::orders::stream::StreamEvent,
    publishing::{PublishReport, known_type, publish_batch},
};
use tollgate_core::{payments::GatewayInfo, webhooks::EventBus};

/// One batch of the stream, about payments through this gateway.
pub async fn handle(
    bus: Arc<dyn EventBus>,
    gateway: &'static dyn GatewayInfo,
    event: StreamEvent,
) -> PublishReport {
    let (told, first) = (event.told(known_type), event.first());
    publish_batch(bus.as_ref(), gateway, &told, first, event.into_changes()).await
}

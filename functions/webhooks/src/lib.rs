//! Webhooks: events to merchants' receivers.

use std::sync::Arc;

use tollgate::dynamodb::deliveries::DeliveriesEvent;
use tollgate_core::webhooks::{Delivering, DeliveryReport};

/// One batch of the deliveries' stream, or one run of the schedule.
pub async fn handle(delivering: Arc<Delivering>, event: DeliveriesEvent) -> DeliveryReport {
    match event.into_added() {
        Some(added) => delivering.first_attempts(added).await,
        None => delivering.run().await,
    }
}

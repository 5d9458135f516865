//! Telling what happened: changes of orders come in, as the table's stream has them, and events go out.
//!
//! A change may come twice, and so may its events: they have fixed ids, and an order's version sorts them.

use serde::Serialize;
use tollgate_core::{
    journal::Change,
    payments::GatewayInfo,
    webhooks::{Event, EventBus},
};

use crate::elastic_path::events;

/// The result of publishing a batch of changes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PublishReport {
    /// Changes that are dealt with.
    pub changes: usize,
    /// Events that were published.
    pub published: usize,
    /// Changes that cannot be read. Nothing is told of them; the journal notes them.
    pub unreadable: usize,
    /// The first change that is not dealt with, because the bus cannot be reached. It and all after it have to come again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
}

/// Publishes the events of a batch of changes, of payments through this gateway, in the stream's order. All of them have to come again when the bus fails:
/// what was published by then comes twice.
pub async fn publish(bus: &dyn EventBus, gateway: &dyn GatewayInfo, changes: Vec<Change>) -> PublishReport {
    let mut report = PublishReport { changes: changes.len(), ..PublishReport::default() };
    let mut all: Vec<Event> = Vec::new();
    for change in &changes {
        match &change.orders {
            Ok((old, new)) => all.extend(events(old.as_ref(), new, gateway)),
            Err(reason) => {
                report.unreadable += 1;
                tracing::error!(order = change.key, version = change.version, reason, "a change is not told");
            }
        }
    }
    match bus.publish(&all).await {
        Ok(()) => report.published = all.len(),
        Err(error) => {
            tracing::error!(%error, "events cannot be published, the changes come again");
            report.changes = 0;
            report.failed = changes.first().map(|change| change.number.clone());
        }
    }
    report
}

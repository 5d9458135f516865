//! Where notifications of what happened go: a port.

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::future::join_all;
use jiff::Timestamp;
use uuid::Uuid;

use crate::{order::MerchantId, store::StoreError};

/// One notification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The same whenever the same change is told again.
    pub id: Uuid,
    /// What happened, such as `order.paid`.
    pub kind: &'static str,
    /// Whose order it is.
    pub merchant: MerchantId,
    /// When.
    pub at: Timestamp,
    /// All of it, as JSON.
    pub body: String,
}

/// Takes notifications, each at least once.
#[async_trait]
pub trait EventBus: Send + Sync {
    /// Publishes some. After an error some of them may have been published.
    async fn publish(&self, events: &[Event]) -> Result<(), StoreError>;
}

/// Several places that each event goes to. One that fails holds up no other, and all get the events again.
pub struct Everywhere(pub Vec<Arc<dyn EventBus>>);

#[async_trait]
impl EventBus for Everywhere {
    async fn publish(&self, events: &[Event]) -> Result<(), StoreError> {
        let told = join_all(self.0.iter().map(|bus| bus.publish(events))).await;
        told.into_iter().collect()
    }
}

//! Deliveries as a person looks at them, and sends them again: a port.

use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    payments::{StoreError, Unreadable},
    webhooks::{Delivery, Health, ReceiverKey},
    words,
};

words! {
    /// The state that the attempts of a delivery led to.
    pub enum DeliveryState {
        /// Sent at once. Nothing is noted when it arrives, so the function's log has more.
        Sent => "sent",
        /// It waits for another attempt.
        Waiting => "waiting",
        /// It arrived after it had waited.
        Delivered => "delivered",
        /// It is not tried again.
        Parked => "parked",
    }
}

/// A delivery as it is kept.
#[derive(Clone, Debug)]
pub struct StoredDelivery {
    /// The event and the receiver.
    pub delivery: Delivery,
    /// The state that its attempts led to.
    pub state: DeliveryState,
    /// Its next attempt, if it waits for one.
    pub due: Option<Timestamp>,
    /// Why its last attempt failed.
    pub reason: Option<String>,
}

/// Some of a receiver's deliveries, the newest first.
#[derive(Clone, Debug, Default)]
pub struct DeliveryPage {
    /// Each with its sort key, and those that cannot be read as such.
    pub deliveries: Vec<(String, Result<StoredDelivery, Unreadable>)>,
    /// Whether there are more after the last one.
    pub more: bool,
}

/// Shows deliveries, and has them sent again.
#[async_trait]
pub trait DeliveryLog: Send + Sync {
    /// A page of a receiver's deliveries, after a sort key.
    async fn page(
        &self,
        receiver: &ReceiverKey,
        after: Option<&str>,
        limit: usize,
    ) -> Result<DeliveryPage, StoreError>;

    /// One delivery, by when its event happened and the event's id.
    async fn find(
        &self,
        receiver: &ReceiverKey,
        at: Timestamp,
        event: Uuid,
    ) -> Result<Option<StoredDelivery>, StoreError>;

    /// How a receiver is doing.
    async fn health_of(&self, receiver: &ReceiverKey) -> Result<Health, StoreError>;

    /// Makes a delivery in any state due now, with three days of attempts before it, whether or not
    /// the receiver had said that it is gone.
    async fn replay(&self, delivery: &Delivery, now: Timestamp) -> Result<(), StoreError>;

    /// Adds a delivery to a receiver, whether or not it had said that it is gone.
    async fn send_new(&self, delivery: &Delivery, now: Timestamp) -> Result<(), StoreError>;
}

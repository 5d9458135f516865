//! Where webhooks' receivers come from, and how a message gets to one: ports.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use crate::{
    order::MerchantId,
    payments::{StoreError, Unreadable},
    webhooks::{Delivery, Health, KnownReceiver, Receiver, ReceiverKey},
};

/// Why it is not known which receivers a merchant has. Nothing is sent meanwhile.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReceiversError {
    /// There is no document, or it is marked for deletion. A merchant without webhooks never had
    /// one.
    #[error("there is no document of receivers")]
    Missing,
    /// There is a document, and it cannot be used, or not be read by us. Never quotes it.
    #[error("the document of receivers cannot be used: {0}")]
    Unusable(String),
    /// The document cannot be read now, and the one that was read last is too old.
    #[error("the document of receivers cannot be read now: {0}")]
    Unavailable(String),
}

/// Finds the receivers that merchants' documents name.
#[async_trait]
pub trait Receivers: Send + Sync {
    /// A merchant's receivers, as its document names them or named them a few minutes ago. Errors
    /// in a document are reported to the operator.
    async fn receivers(&self, merchant: &MerchantId) -> Result<Arc<[Receiver]>, ReceiversError>;

    /// The same from a document that was read just now: nothing of a receiver is deleted on the
    /// word of an older one.
    async fn receivers_now(&self, merchant: &MerchantId) -> Result<Arc<[Receiver]>, ReceiversError>;
}

/// Why a message was not taken. Never anything that the receiver sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    /// It responded with another status than 200 to 299. A redirect is one.
    #[error("status {0}")]
    Status(u16),
    /// It responded with 429 or 503, and with how long to wait, which counts only up to a limit.
    #[error("status {status}, to be tried again later")]
    Busy {
        /// The HTTP status, 429 or 503.
        status: u16,
        /// How long the receiver wants to be left alone, from its `Retry-After`.
        after: SignedDuration,
    },
    /// It responded with 410: it wants nothing any more.
    #[error("status 410, it is gone")]
    Gone,
    /// It took too long.
    #[error("no response in time")]
    Timeout,
    /// No connection, or it ended.
    #[error("no connection")]
    NoConnection,
    /// Its address is not one that may be called.
    #[error("its address is not allowed")]
    Address,
    /// Nothing was sent: the stored delivery does not fit into a message of the format, or the key
    /// not into a header.
    #[error("no message can be made of it in the receiver's format")]
    NoMessage,
    /// Nothing was sent: the document that has its address is missing or cannot be read.
    #[error("the merchant's document of receivers is missing or cannot be read")]
    NoDocument,
}

/// Sends a message once.
#[async_trait]
pub trait Courier: Send + Sync {
    /// Sends it in the receiver's format, signed with the time that the receiver has, too.
    async fn send(&self, to: &Receiver, delivery: &Delivery) -> Result<(), NotTaken>;
}

/// The outcome of a delivery so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeliveryOutcome {
    /// The receiver has it.
    Delivered,
    /// It waits for an attempt.
    Waits {
        /// When the next attempt is to be made.
        due: Timestamp,
        /// How many attempts failed.
        failures: u32,
        /// Since when it waits.
        since: Timestamp,
        /// Why the last one failed, if there was one.
        reason: Option<String>,
    },
    /// Nothing is sent until a person replays it.
    Parked {
        /// How many attempts failed.
        failures: u32,
        /// Why the last attempt failed, or why none is made.
        reason: String,
    },
}

/// Deliveries to a receiver that are due.
#[derive(Clone, Debug, Default)]
pub struct DueDeliveries {
    /// The longest due first.
    pub deliveries: Vec<Delivery>,
    /// Unreadable deliveries among them, each with its sort key.
    pub unreadable: Vec<(String, Unreadable)>,
}

/// Keeps deliveries, and how receivers are doing.
#[async_trait]
pub trait DeliveryStore: Send + Sync {
    /// Adds a delivery if it is not there.
    async fn add(&self, delivery: &Delivery, now: Timestamp) -> Result<(), StoreError>;

    /// How a receiver is doing. The default if nothing ever failed.
    async fn health(&self, receiver: &ReceiverKey) -> Result<Health, StoreError>;

    /// Keeps a receiver's health. The schedule looks at all receivers for which it was kept.
    async fn put_health(&self, receiver: &ReceiverKey, health: Health) -> Result<(), StoreError>;

    /// Every receiver that ever failed, and unreadable items among them that name no receiver.
    async fn failed_receivers(&self) -> Result<(Vec<(ReceiverKey, Health)>, Vec<Unreadable>), StoreError>;

    /// Deliveries to a receiver that wait for an attempt and are due: so many at most.
    async fn due(
        &self,
        receiver: &ReceiverKey,
        until: Timestamp,
        limit: usize,
    ) -> Result<DueDeliveries, StoreError>;

    /// Parks a delivery that cannot be read, by its sort key, so that it is not due any more.
    async fn set_aside(
        &self,
        receiver: &ReceiverKey,
        sort: &str,
        reason: &str,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// The receivers that documents named when they were last read: this merchant's, or all.
    async fn known(&self, merchant: Option<&MerchantId>) -> Result<Vec<KnownReceiver>, StoreError>;

    /// Keeps a document's entry of a receiver, or that the document no longer names it.
    async fn note(&self, known: &KnownReceiver) -> Result<(), StoreError>;

    /// Forgets a receiver that was noted as removed. One that was added again meanwhile stays.
    async fn forget(&self, receiver: &ReceiverKey) -> Result<(), StoreError>;

    /// Deletes some of a receiver's deliveries, in any state. Returns how many; 0 where there are
    /// none left.
    async fn delete_some(&self, receiver: &ReceiverKey) -> Result<usize, StoreError>;

    /// Deletes a receiver's health.
    async fn delete_health(&self, receiver: &ReceiverKey) -> Result<(), StoreError>;

    /// Records a delivery's outcome. One that is not there any more is left alone.
    async fn settle(
        &self,
        delivery: &Delivery,
        settled: &DeliveryOutcome,
        now: Timestamp,
    ) -> Result<(), StoreError>;
}

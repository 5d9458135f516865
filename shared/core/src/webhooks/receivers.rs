//! Where webhooks' receivers come from, and how a message gets to one: ports.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use crate::{
    order::MerchantId,
    payments::{StoreError, Unreadable},
    webhooks::{Delivery, Health, Receiver, ReceiverKey},
};

/// Finds the receivers that merchants' documents name.
#[async_trait]
pub trait Receivers: Send + Sync {
    /// A merchant's receivers; none if it has none. An error is a reason to come again: what is wrong with a document is
    /// told to the operator, and the merchant has no receivers meanwhile.
    async fn receivers(&self, merchant: &MerchantId) -> Result<Arc<[Receiver]>, StoreError>;
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
}

/// Sends a message once.
#[async_trait]
pub trait Courier: Send + Sync {
    /// Sends it, signed with this moment.
    async fn send(&self, to: &Receiver, delivery: &Delivery, now: Timestamp) -> Result<(), NotTaken>;
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
pub struct Due {
    /// The longest due first.
    pub deliveries: Vec<Delivery>,
    /// What is among them and cannot be read, each with its sort key.
    pub unreadable: Vec<(String, Unreadable)>,
}

/// Keeps deliveries, and how receivers are doing.
#[async_trait]
pub trait DeliveryStore: Send + Sync {
    /// Adds a delivery if it is not there.
    async fn add(&self, delivery: &Delivery, now: Timestamp) -> Result<(), StoreError>;

    /// How a receiver is doing. The default if nothing ever failed.
    async fn health(&self, receiver: &ReceiverKey) -> Result<Health, StoreError>;

    /// Keeps that. The schedule looks at all receivers for which it was kept.
    async fn put_health(&self, receiver: &ReceiverKey, health: Health) -> Result<(), StoreError>;

    /// Every receiver that ever failed, and what is among them and names none.
    async fn failed_receivers(&self) -> Result<(Vec<(ReceiverKey, Health)>, Vec<Unreadable>), StoreError>;

    /// Deliveries to a receiver that wait for an attempt and are due: so many at most.
    async fn due(&self, receiver: &ReceiverKey, until: Timestamp, limit: usize) -> Result<Due, StoreError>;

    /// Parks a delivery that cannot be read, by its sort key, so that it is not due any more.
    async fn set_aside(
        &self,
        receiver: &ReceiverKey,
        sort: &str,
        reason: &str,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Records a delivery's outcome. One that is not there any more is left alone.
    async fn settle(
        &self,
        delivery: &Delivery,
        settled: &DeliveryOutcome,
        now: Timestamp,
    ) -> Result<(), StoreError>;
}

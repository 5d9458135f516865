//! Where the journal's entries are kept: a port.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::{
    journal::{Entry, Hold, Mark, Pointer, Retention},
    payments::StoreError,
};

/// The outcome of putting an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// It was not there.
    New,
    /// It was there, with the same content.
    Same,
    /// Another entry with its id was there, and still is. This must not happen: facts do not
    /// change.
    Differs,
}

/// A change of an order that cannot be read here and has to be processed again later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parked {
    /// The key of the order's item.
    pub key: String,
    /// The version that the change made, if that can be read.
    pub version: Option<u64>,
    /// Why it cannot be read. Never the content that was read.
    pub reason: String,
}

/// Keeps entries, each once.
#[async_trait]
pub trait EntryStore: Send + Sync {
    /// How long entries are kept.
    fn retention(&self) -> Retention;

    /// Puts an entry if it is not there.
    async fn put(&self, entry: &Entry) -> Result<Put, StoreError>;

    /// Puts a pointer. The same one may be put again.
    async fn point(&self, pointer: &Pointer) -> Result<(), StoreError>;

    /// Puts an open hold where it is found. The same one may be put again.
    async fn hold(&self, hold: &Hold) -> Result<(), StoreError>;

    /// Takes away a hold that is not open any more. It may be gone.
    async fn release(&self, hold: &Hold) -> Result<(), StoreError>;

    /// Notes that a merchant has entries on a day, for those who look for merchants, and marks the
    /// quarter of an hour whose totals have to be summed up; neither if this process has marked it
    /// [lately](crate::journal::LatelyMarked).
    async fn mark(&self, mark: &Mark) -> Result<(), StoreError>;

    /// Notes that a heartbeat came through the orders' stream, unless a later one has.
    async fn pass(&self, heartbeat: Timestamp) -> Result<(), StoreError>;

    /// Notes a change that cannot be read. The same change is noted once.
    async fn park(&self, parked: &Parked) -> Result<(), StoreError>;
}

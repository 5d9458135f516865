//! Where sign-ins in progress and sessions are kept.

use async_trait::async_trait;
use jiff::Timestamp;

/// The store cannot be used, and why.
#[derive(Debug, thiserror::Error)]
#[error("the table of sessions cannot be used: {0}")]
pub struct StoreFailure(pub String);

/// An item kept under a key.
#[derive(Clone, Debug)]
pub struct Stored {
    /// Its kind and the digest of the secret: `session#…` or `sign-in#…`.
    pub key: String,
    pub sealed: Vec<u8>,
    /// When it may be deleted. No code relies on this.
    pub expires: Timestamp,
}

/// Where sign-ins and sessions are kept.
#[async_trait]
pub trait SessionStore: Send + Sync {
    /// Keeps it, in place of any earlier item.
    async fn put(&self, stored: &Stored) -> Result<(), StoreFailure>;
    /// Keeps it if something is there under its key. False if nothing is: it was deleted meanwhile.
    async fn replace(&self, stored: &Stored) -> Result<bool, StoreFailure>;
    /// The sealed content, if something is there.
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreFailure>;
    /// Deletes it and returns the sealed content: only one of several requests gets it.
    async fn take(&self, key: &str) -> Result<Option<Vec<u8>>, StoreFailure>;
}

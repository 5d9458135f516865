//! What several tests need.

use local::{Options, Stack};

pub(crate) use crate::client::client;

/// Held by a test that sends a hundred requests at once: two such storms at a time overrun the store of a small machine,
/// and tell nothing that one does not.
pub(crate) static STORM: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// A stack with the default options.
pub(crate) async fn stack() -> Stack {
    Stack::start(Options::default()).await.unwrap()
}

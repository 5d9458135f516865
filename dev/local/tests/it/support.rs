//! Helpers that several tests need.

use std::{
    ops::Deref,
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    thread,
};

use local::{Options, Stack, merchants};
use tokio::runtime::Runtime;

pub(crate) use crate::client::client;

/// Held by a test that sends a hundred requests at once: two such storms at a time overrun the
/// store of a small machine, and tell nothing that one does not.
pub(crate) static STORM: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// The stack that a test works on.
pub(crate) enum Place {
    /// Its own. It may make the gateway fail, move the clock, and count the records that are there.
    Own(Stack),
    /// The one that tests share, each with a merchant of its own.
    Shared(&'static Stack),
}

impl Deref for Place {
    type Target = Stack;

    fn deref(&self) -> &Stack {
        match self {
            Self::Own(stack) => stack,
            Self::Shared(stack) => stack,
        }
    }
}

impl Place {
    /// Ends the test's use of it.
    pub(crate) async fn stop(self) {
        if let Self::Own(stack) = self {
            stack.stop().await;
        }
    }
}

/// The stack that tests share, and a merchant on it that no other test has: the first built-in
/// one's copy under another id.
pub(crate) fn shared() -> (&'static Stack, String) {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    static STACK: OnceLock<Stack> = OnceLock::new();
    static MERCHANTS: AtomicU32 = AtomicU32::new(170_300_000);
    // Its servers outlive every test's runtime, so they run on one of their own; it is waited for
    // in a thread of its own, because a test's runtime must not wait for another.
    let stack = STACK.get_or_init(|| {
        let started = thread::spawn(|| {
            let runtime = RUNTIME.get_or_init(|| Runtime::new().unwrap());
            runtime.block_on(Stack::start(Options::default())).unwrap()
        });
        started.join().unwrap()
    });
    let id = MERCHANTS.fetch_add(1, Ordering::Relaxed).to_string();
    let document = stack.secrets().get(&merchants::secret_name(merchants::REGISTERED)).unwrap();
    stack.secrets().put(&merchants::secret_name(&id), document);
    (stack, id)
}

/// A stack with the default options.
pub(crate) async fn stack() -> Stack {
    Stack::start(Options::default()).await.unwrap()
}

//! Tollgate's clock on this machine: the system's, moved by as much as was requested, or stopped.

use std::sync::{
    OnceLock,
    atomic::{AtomicI64, Ordering},
};

use jiff::{SignedDuration, Timestamp};
use tollgate_core::values::{Clock, SystemClock};
use uuid::Uuid;

/// The system's clock plus an offset, and random identifiers.
#[derive(Debug, Default)]
pub struct LocalClock {
    offset_s: AtomicI64,
    /// The system's time when the clock was stopped; nothing while it runs.
    stopped: OnceLock<Timestamp>,
}

impl LocalClock {
    /// From now on the clock stands still unless it is moved.
    pub fn stop(&self) {
        self.stopped.get_or_init(|| SystemClock.now());
    }

    /// Moves the clock; a negative number moves it back.
    pub fn advance(&self, seconds: i64) {
        self.offset_s.fetch_add(seconds, Ordering::Relaxed);
    }
}

impl Clock for LocalClock {
    fn now(&self) -> Timestamp {
        let now = self.stopped.get().copied().unwrap_or_else(|| SystemClock.now());
        now.checked_add(SignedDuration::from_secs(self.offset_s.load(Ordering::Relaxed))).unwrap_or(now)
    }

    fn new_id(&self) -> Uuid {
        Uuid::new_v4()
    }
}

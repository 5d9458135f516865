//! Tollgate's clock on this machine: the system's, moved by as much as was requested.

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};
use tollgate_core::values::{Clock, SystemClock};
use uuid::Uuid;

/// The system's clock plus an offset, and random identifiers.
#[derive(Debug, Default)]
pub struct LocalClock {
    offset_s: AtomicI64,
}

impl LocalClock {
    /// Moves the clock; a negative number moves it back.
    pub fn advance(&self, seconds: i64) {
        self.offset_s.fetch_add(seconds, Ordering::Relaxed);
    }
}

impl Clock for LocalClock {
    fn now(&self) -> Timestamp {
        let now = SystemClock.now();
        now.checked_add(SignedDuration::from_secs(self.offset_s.load(Ordering::Relaxed))).unwrap_or(now)
    }

    fn new_id(&self) -> Uuid {
        Uuid::new_v4()
    }
}

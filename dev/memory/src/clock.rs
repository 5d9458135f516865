use std::sync::Mutex;

use jiff::{SignedDuration, Timestamp};
use tollgate_core::values::Clock;
use uuid::Uuid;

use super::locked::lock;

/// A clock that moves when it is told to, and counts ids.
#[derive(Debug)]
pub struct SetClock(Mutex<(Timestamp, u128)>);

impl SetClock {
    /// It is this moment.
    pub fn at(now: Timestamp) -> Self {
        Self(Mutex::new((now, 0)))
    }

    /// It is this moment from now on.
    pub fn set(&self, now: Timestamp) {
        lock(&self.0).0 = now;
    }

    /// Time passes.
    pub fn pass(&self, time: SignedDuration) {
        lock(&self.0).0 += time;
    }
}

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        lock(&self.0).0
    }

    /// Ids of version 4, counted.
    fn new_id(&self) -> Uuid {
        let mut state = lock(&self.0);
        state.1 += 1;
        Uuid::from_u128(0x4000_8000_0000_0000_0000 + state.1)
    }
}

//! Time and identifiers, from outside.
//!
//! No rule reads a clock or draws a random number: both come through this port, so that a test or a
//! simulation decides the time and the ids.

use jiff::Timestamp;
use uuid::Uuid;

/// The current time, and a fresh identifier.
pub trait Clock: Send + Sync {
    /// The current time, UTC, in whole milliseconds: no rule needs more, and more would take bytes
    /// in the table.
    fn now(&self) -> Timestamp;
    /// A new random identifier (UUID version 4), never seen before.
    fn new_id(&self) -> Uuid;
}

/// The machine's clock and random numbers.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let now = Timestamp::now();
        Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
    }

    fn new_id(&self) -> Uuid {
        Uuid::new_v4()
    }
}

//! What rules may need besides the order and the event.

use jiff::Timestamp;
use uuid::Uuid;

use super::policy::Policy;

/// What every rule may need besides the order and the event.
pub struct Context<'a> {
    /// The merchant's rules.
    pub policy: &'a Policy,
    /// The time.
    pub now: Timestamp,
    /// Draws a fresh id.
    pub new_id: &'a (dyn Fn() -> Uuid + Sync),
}

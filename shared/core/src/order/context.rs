//! The data that rules may need besides the order and the event.

use jiff::Timestamp;
use uuid::Uuid;

use super::{Policy, ShopOrder};

/// The data that every rule may need besides the order and the event.
pub struct Context<'a> {
    /// The merchant's rules, from its document.
    pub policy: &'a Policy,
    /// The order as its shop has it now, if the shop was asked.
    pub shop: Option<&'a ShopOrder>,
    /// The clock's time when the decision is made; the same for everything that follows from it.
    pub now: Timestamp,
    /// Draws a fresh id.
    pub new_id: &'a (dyn Fn() -> Uuid + Sync),
}

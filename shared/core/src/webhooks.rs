//! Events of orders, and their delivery to a merchant's receivers.

mod delivering;
mod event_bus;
mod receivers;
mod webhook;

pub use delivering::{Added, Delivering, DeliveryReport, Outbox};
pub use event_bus::{Event, EventBus, Everywhere};
pub use receivers::{Courier, DeliveryOutcome, DeliveryStore, Due, NotTaken, Receivers};
pub use webhook::{
    DOWN_AFTER, Delivery, Health, NotAReceiverId, REPEATED_FOR, RETRY_AFTER_MAX, Receiver, ReceiverId,
    ReceiverKey, SLOW, Secret, is_public,
};

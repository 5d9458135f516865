//! Events of orders, and their delivery to a merchant's receivers.

mod delivering;
mod delivery_log;
mod event_bus;
mod outbox;
mod receivers;
mod removal;
mod webhook;

pub use delivering::{Added, Delivering, DeliveryReport};
pub use delivery_log::{DeliveryLog, DeliveryPage, DeliveryState, StoredDelivery};
pub use event_bus::{Event, EventBus, Everywhere};
pub use outbox::Outbox;
pub use receivers::{
    Courier, DeliveryOutcome, DeliveryStore, DueDeliveries, NotTaken, Receivers, ReceiversError,
};
pub use webhook::{
    DOWN_AFTER, Delivery, Health, KnownReceiver, MessageFormat, NotAReceiverId, REPEATED_FOR,
    RETRY_AFTER_MAX, Receiver, ReceiverId, ReceiverKey, SLOW, Secret, is_public,
};

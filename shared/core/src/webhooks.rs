//! Events of orders, and their delivery to a merchant's receivers.

pub mod delivering;
pub mod event_bus;
pub mod receivers;
pub mod webhook;

//! Where events go: a bus of `EventBridge`, merchants' webhooks, or both.
//!
//! A package of its own, because one function of all of them calls `EventBridge`: the others neither compile its client
//! nor carry it.

pub mod event_bridge;
mod start;

pub use start::{EventsConfig, run};

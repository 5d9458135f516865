//! Where events go: a bus of `EventBridge`, merchants' webhooks, or both.
//!
//! A package of its own, because only one function calls `EventBridge`: the others neither compile
//! its client nor carry it.

pub mod event_bridge;
mod start;

pub use start::{EventsConfig, run};

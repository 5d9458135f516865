//! Tests of the local stack, and of the whole of Tollgate on it.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod access;
mod api_gateway;
mod binaries;
mod binary;
mod bodies;
mod concurrency;
mod docs;
mod events;
mod faults;
mod pay;
mod reconcile;
mod scheduled_capture;
mod secrets_manager;
mod shop;
mod stack;
mod store;
mod support;
mod template;

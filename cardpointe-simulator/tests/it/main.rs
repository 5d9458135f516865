//! The simulator as a client sees it, over HTTP and in process.

#![expect(clippy::unwrap_used, reason = "tests")]

mod alterations;
mod authorization;
mod control;
mod faults;
mod harness;
mod http;
mod in_process;
mod lifecycle;
mod lookup;
mod profiles;
mod program;
mod readme;
mod refund_states;
mod refunds;
mod responses;
mod timeouts;

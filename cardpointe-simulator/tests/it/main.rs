//! The simulator over HTTP, as a client sees it.

#![expect(clippy::unwrap_used, reason = "tests")]

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
mod refunds;

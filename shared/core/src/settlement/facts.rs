//! The content of the gateway's reports, and the part that is kept.

pub(super) mod day;
pub(super) mod deposit;
pub(super) mod deposit_entry;
pub(super) mod dispute;
pub(super) mod exception;
pub(super) mod expectation;
pub(super) mod known_report;
pub(super) mod line;
pub(super) mod progress;
pub(super) mod run_report;
pub(super) mod store;

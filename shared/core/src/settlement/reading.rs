//! From the gateway's reports to what is kept.

pub(super) mod journal_days;
pub(super) mod reader;
pub(super) mod reports;

//! From the gateway's reports to the kept items.

pub(super) mod account;
pub(super) mod entries;
pub(super) mod journal_days;
mod missing;
pub(super) mod reader;
mod report_contents;
pub(super) mod reports;
pub(super) mod writer;

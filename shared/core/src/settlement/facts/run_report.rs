//! The result of a run.

use serde::Serialize;

/// The result of a run, for its log line, its metrics and its caller.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SettlementReport {
    pub accounts: usize,
    /// Accounts whose days were read and matched.
    pub read: usize,
    /// Of which a report could not be read, or not to its end. It comes again.
    pub failed: usize,
    /// That another run is reading.
    pub claimed: usize,
    /// For which the time was up.
    pub left: usize,
    /// Records that were read.
    pub records: u64,
    /// Items of lines that were written.
    pub written: u64,
    /// Deposits that are new or changed.
    pub deposits: u64,
    /// Chargebacks and reversals that were put on record of their orders.
    pub disputes: u64,
    /// Exceptions that are new, or came back.
    pub opened: u64,
    /// Exceptions that are open.
    pub open: u64,
    /// Stored items that could not be read. Work that needs them waits, and all else goes on.
    pub unreadable: u64,
    /// For how many seconds the account or the day waits that waits longest; of an account that was
    /// never read, since it has been known.
    pub oldest_read_s: i64,
}

impl SettlementReport {
    /// Adds the result of one account.
    pub(crate) fn add(&mut self, part: &Self) {
        self.records += part.records;
        self.written += part.written;
        self.deposits += part.deposits;
        self.disputes += part.disputes;
        self.opened += part.opened;
        self.open += part.open;
    }
}

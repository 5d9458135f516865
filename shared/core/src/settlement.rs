//! Money that arrived: what the gateway's settlement and the bank's deposits say about captured payments and refunds, and
//! what of it does not fit.
//!
//! It reports and never moves money. Nothing that moves money reads any of it.

mod day;
mod deposit;
mod deposit_entry;
mod dispute;
mod exception;
mod expectation;
mod journal_deposit;
mod keep_exceptions;
mod known_days;
mod known_disputes;
mod line;
mod match_days;
mod match_disputes;
mod matching;
#[cfg(test)]
mod memory;
mod of_transaction;
mod outstanding;
mod read_day;
mod read_deposit;
mod reports;
mod run;
mod store;

pub use day::eastern_day;
pub use deposit::{Adjustment, Chargeback, Component, Deposit, DepositChange, TakenBack};
pub use deposit_entry::{DepositEntry, merge_deposit};
pub use dispute::{DisputeRecorder, FoundDispute};
pub use exception::{Exception, ExceptionCause, Note, Resolution};
pub use expectation::{Expectation, Expectations, expectations};
pub use journal_deposit::{DepositNews, EntriesPut, note_journaled, put_entries};
pub use keep_exceptions::{
    ExceptionRefusal, ExceptionsReport, NOTES_MAX, keep_exceptions, note_exception, resolve_exception,
};
pub use known_days::KnownDays;
pub use known_disputes::DepositDisputes;
pub use line::{
    BatchStatus, Funded, FundedKind, FundedStatus, Line, LinePlace, Settled, SettledStatus, UnreadableRow,
};
pub use match_days::{DayMatcher, MatchReport, MatchedDays};
pub use match_disputes::{DisputedPayment, MatchedDisputes};
pub use matching::{Compared, Covered, Match, Progressed, Verdict, Waits, match_account};
pub use of_transaction::settlement_of;
pub use outstanding::{
    OUTSTANDING_DAYS_MAX, Outstanding, OutstandingDays, OutstandingSum, outstanding_days, sums_of,
};
pub use read_day::ReadDayError;
pub use read_deposit::{DepositLine, DepositLines, DepositReader, DepositSums, Unmatched};
pub use reports::{FundingRecord, ReadReport, ReportError, Reports, SettledRecord};
pub use run::{Settlement, SettlementReport, SettlementSettings};
pub use store::{
    DepositJournal, DepositPage, DepositStore, ExceptionFilter, ExceptionPage, ExceptionStore, KnownReport,
    LineStore, OPEN_COUNTED_MAX, OpenAbout, OpenExceptions, PackedLines, Progress, ProgressStore,
    READ_AFTER_USE_DAYS, ReportKind, UnreadDay, line_of, lines_of,
};

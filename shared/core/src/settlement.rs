//! Money that arrived: the gateway's settlement and the bank's deposits for captured payments and
//! refunds, and the exceptions.
//!
//! It reports and never moves money. Nothing that moves money reads its records.

mod facts;
mod lookup;
mod matching;
#[cfg(test)]
mod memory;
mod reading;
mod run;

pub use facts::{
    day::{DayRange, MoneyDue, eastern_day},
    deposit::{Adjustment, Chargeback, Component, Deposit, DepositChange, TakenBack},
    deposit_entry::{DepositEntry, merge_deposit},
    dispute::{DisputedPayment, FoundDispute},
    exception::{Exception, ExceptionCause, Note, Resolution},
    expectation::{Expectation, Expectations, RecordKey, expectations},
    known_report::{KnownReport, MISSING_MAX, MissingLine, ReportKind},
    line::{
        BatchStatus, Funded, FundedKind, FundedStatus, Line, PackKey, Settled, SettledStatus, UnreadableRow,
    },
    progress::{Progress, READ_AFTER_USE_DAYS, UnreadDay},
    run_report::SettlementReport,
    store::{
        Batches, DepositJournal, DepositPage, DepositStore, ExceptionFilter, ExceptionPage, ExceptionStore,
        LineStore, OPEN_COUNTED_MAX, OpenAbout, OpenExceptions, PackedLines, ProgressStore, deposits_of,
        line_of,
    },
};
pub use lookup::{
    batches::{Completeness, DepositBatch},
    deposits::{
        DepositLine, DepositLines, DepositPacks, DepositReader, DepositSums, SumOfDeposits, Unmatched,
        sums_of_deposits,
    },
    disputes::DepositDisputes,
    five_weeks::{DayState, DepositDay, FiveWeeks},
    month::{
        DepositOfDay, Figure, FigureSum, MONTH_FACTS_MAX, MonthCheck, MonthDay, MonthReader, MonthReport,
        MonthRow, MonthSums, RowDeposit, RowKind, WantedMonth,
    },
    outstanding::{
        OUTSTANDING_DAYS_MAX, Outstanding, OutstandingDays, OutstandingSum, outstanding_days, sums_of,
    },
    transaction::{RecordedBatches, payment_among, settlement_of},
};
pub use matching::{Compared, Covered, Match, Progressed, Verdict, Waits, match_account};
pub use reading::{
    journal_days::JournalDays,
    reader::ReadDayError,
    reports::{FundingRecord, ReadReport, ReportError, ReportRequest, Reports, SettledRecord},
};
pub use run::{
    Settlement, SettlementSettings,
    journal_deposit::{EntriesPut, SettlementNews, note_journaled, put_entries},
    keep_exceptions::{
        ExceptionKeeper, ExceptionRefusal, ExceptionsReport, NOTES_MAX, note_exception, resolve_exception,
    },
    match_days::{DayMatcher, MatchReport, MatchedDays},
    match_disputes::MatchedDisputes,
    record_dispute::DisputeRecorder,
};

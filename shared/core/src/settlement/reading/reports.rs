//! The gateway's reports: a port. They are read for a stated day only; without one, reading
//! consumes them.

use std::time::Duration;

use async_trait::async_trait;
use jiff::civil::Date;

use crate::{
    payments::Merchant,
    settlement::{Adjustment, Chargeback, Deposit, Funded, Settled, UnreadableRow},
};

/// A record of the report of batches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SettledRecord {
    /// A line of a batch, with the gateway's reference.
    Line {
        reference: String,
        /// Its record in the batch.
        settled: Settled,
    },
    /// A row that cannot be read.
    Unreadable(UnreadableRow),
}

/// A record of the report of deposits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FundingRecord {
    /// A deposit. Its lines come before or after it.
    Deposit(Box<Deposit>),
    /// A line of a deposit, with the gateway's reference.
    Line {
        reference: String,
        /// Its record in the deposit.
        funded: Funded,
        /// Our order id of the attempt, where the report has it.
        gateway_order_id: Option<String>,
    },
    /// An adjustment of a deposit, by its id.
    Adjustment {
        deposit: String,
        /// The amount that was added or taken off, with its category.
        adjustment: Adjustment,
    },
    Chargeback(Box<Chargeback>),
    /// A row that cannot be read.
    Unreadable(UnreadableRow),
}

/// The outcome of reading a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadReport {
    /// The whole report was read: so many records.
    Whole(u64),
    /// It states in words that there is nothing for this day.
    Nothing,
    /// It says nothing at all, such as `{}`.
    Blank,
    /// The gateway does not offer the report for this account.
    NotOffered,
}

/// Why a report could not be read to its end. Records that were read before the error count.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The gateway did not respond, or broke off.
    #[error("the gateway's report cannot be read: {0}")]
    Unavailable(String),
    /// The gateway asks to wait before the next report.
    #[error("the gateway's limit of reports is reached")]
    Throttled,
    /// The day cannot be requested: it is to come, or so long ago that it could mean another
    /// year's.
    #[error("the reports of {0} cannot be requested")]
    Day(Date),
    /// It says that there is nothing, and had something before. That is believed once it has said
    /// so for a day.
    #[error("the gateway's report says that there is nothing, and had something before")]
    Emptied,
    /// It says nothing at all, and had something before. No wait makes that a statement.
    #[error("the gateway's report is blank, and had something before")]
    Blank,
    /// The response is no report; never states its content.
    #[error("the gateway's report is malformed: {0}")]
    Malformed(String),
}

/// Which report is read.
#[derive(Clone, Copy, Debug)]
pub struct ReportRequest<'a> {
    /// The merchant, with its access to the gateway.
    pub merchant: &'a Merchant,
    /// The gateway account (MID).
    pub account: &'a str,
    /// The Eastern day.
    pub day: Date,
    /// How long reading may take.
    pub limit: Duration,
}

/// Reads the gateway's reports of a day as a stream: the largest are 20 MB.
#[async_trait]
pub trait Reports: Send + Sync {
    /// The settlement of a day. The report's day has no year; the adapter checks that it can only
    /// mean this one.
    async fn settled(
        &self,
        request: &ReportRequest<'_>,
        each: &mut (dyn FnMut(SettledRecord) + Send),
    ) -> Result<ReadReport, ReportError>;

    /// The deposits of a day.
    async fn funded(
        &self,
        request: &ReportRequest<'_>,
        each: &mut (dyn FnMut(FundingRecord) + Send),
    ) -> Result<ReadReport, ReportError>;
}

//! `settlement …`.

use clap::{Args, Subcommand};
use jiff::civil::Date;
use tollgate_core::{
    order::{Actor, MerchantId, Reason},
    settlement::ExceptionCause,
};
use uuid::Uuid;

use super::list::one_of;

/// Most rows unless it is said otherwise.
const ROWS: usize = 100;

#[derive(Subcommand)]
pub(crate) enum SettlementCommand {
    /// A merchant's deposits to its bank account, the latest first
    List(ListDeposits),
    /// One deposit, line by line: its payments, its fees, and its exceptions
    Show(ShowDeposit),
    /// Payments and refunds that are in no deposit yet
    Outstanding(ListOutstanding),
    /// Exceptions, the newest first: not settled, another amount, …
    Exceptions(ListExceptions),
    /// Note something about an exception, for everybody who looks at it
    Note(NoteException),
    /// Close an exception whose cause stays, or all of a cause, with a reason
    Resolve(ResolveException),
    /// Have a day's reports read again by the next run
    Read(ReadReports),
}

#[derive(Args)]
pub(crate) struct ListDeposits {
    /// The merchant's id, such as 170200123
    pub(crate) merchant: MerchantId,
    /// From this day on, as the bank counts it [default: 92 days ago]
    #[arg(long, value_name = "DAY")]
    pub(crate) from: Option<Date>,
    /// Up to this day, which is included [default: today]
    #[arg(long, value_name = "DAY")]
    pub(crate) to: Option<Date>,
    /// Only deposits of this gateway account
    #[arg(long, value_name = "MID")]
    pub(crate) mid: Option<String>,
    #[command(flatten)]
    pub(crate) rows: Rows,
}

#[derive(Args)]
pub(crate) struct ShowDeposit {
    /// The merchant's id, such as 170200123
    pub(crate) merchant: MerchantId,
    /// The deposit's id, or the trace number on the bank's statement
    pub(crate) deposit: String,
    /// The gateway account, where deposits of several have this id
    #[arg(long, value_name = "MID")]
    pub(crate) mid: Option<String>,
    #[command(flatten)]
    pub(crate) rows: Rows,
}

#[derive(Args)]
pub(crate) struct ListOutstanding {
    /// The merchant's id, such as 170200123
    pub(crate) merchant: MerchantId,
    /// Captured or refunded from this day on, up to 35 days ago [default: 7 days ago]
    #[arg(long, value_name = "DAY")]
    pub(crate) from: Option<Date>,
    /// Up to this day, which is included [default: today]
    #[arg(long, value_name = "DAY")]
    pub(crate) to: Option<Date>,
    /// Only payments and refunds of this gateway account
    #[arg(long, value_name = "MID")]
    pub(crate) mid: Option<String>,
    #[command(flatten)]
    pub(crate) rows: Rows,
}

#[derive(Args)]
pub(crate) struct ListExceptions {
    /// The merchant's id, such as 170200123
    pub(crate) merchant: MerchantId,
    /// Those that are closed, instead of open ones
    #[arg(long)]
    pub(crate) closed: bool,
    /// Only those with this cause, such as `amount_differs`
    #[arg(long, value_name = "CAUSE", value_parser = cause)]
    pub(crate) cause: Option<ExceptionCause>,
    /// Only those of this gateway account
    #[arg(long, value_name = "MID")]
    pub(crate) mid: Option<String>,
    #[command(flatten)]
    pub(crate) rows: Rows,
}

#[derive(Args)]
pub(crate) struct NoteException {
    /// The merchant's id, such as 170200123
    pub(crate) merchant: MerchantId,
    /// The exception's id
    pub(crate) exception: Uuid,
    /// Who notes it
    #[arg(long, value_name = "NAME")]
    pub(crate) by: Actor,
    /// The note
    #[arg(long, value_name = "TEXT")]
    pub(crate) text: Reason,
}

#[derive(Args)]
pub(crate) struct ResolveException {
    /// The merchant's id, such as 170200123
    pub(crate) merchant: MerchantId,
    /// The exception's id
    pub(crate) exception: Option<Uuid>,
    /// In place of an id: all open ones with this cause
    #[arg(long, value_name = "CAUSE", value_parser = cause, conflicts_with = "exception")]
    pub(crate) cause: Option<ExceptionCause>,
    /// Of these, only those of this gateway account
    #[arg(long, value_name = "MID", requires = "cause")]
    pub(crate) mid: Option<String>,
    /// Who decides it
    #[arg(long, value_name = "NAME")]
    pub(crate) by: Actor,
    /// Why nothing is left to do
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Reason,
}

#[derive(Args)]
pub(crate) struct ReadReports {
    /// The merchant's id, such as 170200123
    pub(crate) merchant: MerchantId,
    /// The day, as the gateway counts it; up to 300 days ago
    #[arg(long, value_name = "DAY")]
    pub(crate) day: Date,
    /// Only of this gateway account [default: all that were read before]
    #[arg(long, value_name = "MID")]
    pub(crate) mid: Option<String>,
}

/// Which rows are printed, and how.
#[derive(Args)]
pub(crate) struct Rows {
    /// As many at most [default: 100; with --csv, all]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=10_000))]
    limit: Option<u16>,
    /// Go on where a list ended: the text that it printed after --next
    #[arg(long, value_name = "CURSOR")]
    pub(crate) next: Option<String>,
    /// Print CSV with one line for each row, amounts in major units
    #[arg(long, conflicts_with = "json")]
    pub(crate) csv: bool,
}

impl Rows {
    /// How many are printed at most: all of them in a CSV file, if the caller sets no limit.
    pub(crate) fn limit(&self) -> usize {
        self.limit.map_or(if self.csv { usize::MAX } else { ROWS }, usize::from)
    }
}

fn cause(text: &str) -> Result<ExceptionCause, String> {
    one_of(ExceptionCause::ALL, ExceptionCause::as_str, text)
}

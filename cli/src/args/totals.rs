//! `report`.

use clap::Args;
use jiff::Timestamp;
use tollgate_core::order::MerchantId;

use super::list::{Day, day};

#[derive(Args)]
pub(crate) struct TotalsOptions {
    /// The merchant's id, such as 170200123
    pub(crate) merchant: MerchantId,
    /// One UTC day: today, yesterday, or a date such as 2026-11-20 [default: yesterday]
    #[arg(long, value_name = "DAY", value_parser = day, conflicts_with_all = ["since", "until"])]
    pub(crate) day: Option<Day>,
    /// From this moment on, such as 2026-11-01T00:00:00Z; up to 92 days
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<Timestamp>,
    /// Before this moment [default: now]
    #[arg(long, value_name = "TIME", requires = "since")]
    pub(crate) until: Option<Timestamp>,
    /// As CSV: one line for each total, amounts in major units
    #[arg(long, conflicts_with = "json")]
    pub(crate) csv: bool,
    /// The journal's table, the stack's output `JournalTableName` (else `JOURNAL_TABLE_NAME`)
    #[arg(long, value_name = "NAME")]
    pub(crate) journal_table: Option<String>,
}

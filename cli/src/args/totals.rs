//! `report`.

use clap::Args;
use tollgate_core::{
    journal::read_totals::{Days, Dimension, Interval},
    order::MerchantId,
    values::{Currency, Zone},
};

use super::times::{Day, day};

#[derive(Args)]
pub(crate) struct TotalsOptions {
    /// The merchant's id, such as 170200123
    #[arg(required_unless_present = "all_merchants", conflicts_with = "all_merchants")]
    pub(crate) merchant: Option<MerchantId>,
    /// Every merchant of the stack, each in lines of its own
    #[arg(long)]
    pub(crate) all_merchants: bool,
    /// Today, yesterday or a date such as 2026-11-20 [default: yesterday]
    #[arg(long, value_name = "DAY", value_parser = day, conflicts_with_all = ["month", "from", "to"])]
    pub(crate) day: Option<Day>,
    /// One month, such as 2026-11
    #[arg(long, value_name = "MONTH", value_parser = days, conflicts_with_all = ["from", "to"])]
    pub(crate) month: Option<Days>,
    /// From this day or month on, such as 2026-11-01 or 2026-11
    #[arg(long, value_name = "DAY", value_parser = days)]
    pub(crate) from: Option<Days>,
    /// Up to this day or month, which is included [default: today]
    #[arg(long, value_name = "DAY", value_parser = days, requires = "from")]
    pub(crate) to: Option<Days>,
    /// Lines for each month, day, hour or `quarter_hour`
    ///
    /// For up to 366, 92, 7 or 1 days. Without it: month for months, else day.
    #[arg(long, value_name = "INTERVAL", value_parser = interval)]
    pub(crate) interval: Option<Interval>,
    /// Whose days and hours are meant, such as `America/New_York`
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    pub(crate) time_zone: Zone,
    /// Operation, fact, mid, brand or `decline_code`, with commas between
    #[arg(long, value_name = "NAMES", value_parser = dimensions, default_value = "operation,fact,mid,brand")]
    pub(crate) by: Dimensions,
    /// Only this currency, such as USD
    #[arg(long, value_name = "CODE")]
    pub(crate) currency: Option<Currency>,
    /// Print CSV with one line for each total, amounts in major units
    #[arg(long, conflicts_with = "json")]
    pub(crate) csv: bool,
    /// The journal's table, the stack's output `JournalTableName` (else `JOURNAL_TABLE_NAME`)
    #[arg(long, value_name = "NAME", help_heading = super::DEPLOYMENT, hide_short_help = true)]
    pub(crate) journal_table: Option<String>,
}

/// What lines are told apart by.
#[derive(Clone, Debug)]
pub(crate) struct Dimensions(pub(crate) Vec<Dimension>);

fn days(text: &str) -> Result<Days, String> {
    Days::parse(text).ok_or_else(|| "must be a day such as 2026-11-20 or a month such as 2026-11".to_owned())
}

fn interval(text: &str) -> Result<Interval, String> {
    let words = || Interval::ALL.iter().map(|one| one.as_str()).collect::<Vec<_>>().join(", ");
    Interval::from_name(text).ok_or_else(|| format!("must be one of {}", words()))
}

fn dimensions(text: &str) -> Result<Dimensions, String> {
    let words = || Dimension::ALL.iter().map(|one| one.as_str()).collect::<Vec<_>>().join(", ");
    Dimension::parse_all(text).map(Dimensions).ok_or_else(|| format!("must be some of {}", words()))
}

//! `report`.

use clap::Args;
use tollgate_core::{
    journal::{
        Fact,
        read_totals::{Days, Dimension, Interval, Selection},
    },
    order::{Kind, MerchantId},
    values::{Brand, Currency, DeclineCode, Zone},
};

use super::{
    list::{brand, decline_code, operation},
    movements::fact,
    times::{Day, day},
};

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
    #[command(flatten)]
    only: Only,
    /// Print CSV with one line for each total, amounts in major units
    #[arg(long, conflicts_with = "json")]
    pub(crate) csv: bool,
    /// The journal's table, the stack's output `JournalTableName` (else `JOURNAL_TABLE_NAME`)
    #[arg(long, value_name = "NAME", help_heading = super::DEPLOYMENT, hide_short_help = true)]
    pub(crate) journal_table: Option<String>,
}

/// The values that totals are of. Several with commas between them.
#[derive(Args)]
struct Only {
    /// Only these currencies, such as USD
    #[arg(long, value_name = "CODES", value_delimiter = ',')]
    currency: Vec<Currency>,
    /// Only these kinds: authorize, purchase, capture, refund or void
    #[arg(long, value_name = "KINDS", value_parser = operation, value_delimiter = ',')]
    operation: Vec<Kind>,
    /// Only movements of this kind, such as refunded or declined
    #[arg(long, value_name = "FACTS", value_parser = fact, value_delimiter = ',')]
    fact: Vec<Fact>,
    /// Only these gateway accounts
    #[arg(long, value_name = "MIDS", value_delimiter = ',')]
    mid: Vec<String>,
    /// Only cards of these brands, such as Visa or "American Express"
    #[arg(long, value_name = "BRANDS", value_parser = brand, value_delimiter = ',')]
    brand: Vec<Brand>,
    /// Only declines with these codes, such as `insufficient_funds`
    #[arg(long, value_name = "CODES", value_parser = decline_code, value_delimiter = ',')]
    decline_code: Vec<DeclineCode>,
}

impl TotalsOptions {
    /// The dimensions that tell lines apart, and the values that they are of.
    pub(crate) fn selection(&self) -> Selection {
        let Only { currency, operation, fact, mid, brand, decline_code } = &self.only;
        let only = [
            (Dimension::Operation, words(operation, Kind::as_str)),
            (Dimension::Fact, words(fact, Fact::as_str)),
            (Dimension::Mid, mid.clone()),
            (Dimension::Brand, words(brand, Brand::name)),
            (Dimension::DeclineCode, words(decline_code, DeclineCode::as_str)),
        ];
        let only = only.into_iter().filter(|(_, values)| !values.is_empty()).collect();
        Selection { by: self.by.0.clone(), currencies: currency.clone(), only }
    }
}

fn words<T: Copy>(all: &[T], word: fn(T) -> &'static str) -> Vec<String> {
    all.iter().map(|one| word(*one).to_owned()).collect()
}

/// The columns that tell lines apart.
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

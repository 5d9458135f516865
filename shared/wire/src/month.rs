//! A month that ties out: the figures of movements and deposits, and the rows that they count.

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};
use tollgate_core::{
    journal::Fact,
    settlement::{ExceptionCause, Figure, MonthCheck, RowKind},
};
use uuid::Uuid;

use crate::{
    constant::{MonthRowType, MonthType},
    deposits::ReadAccount,
    list::Links,
    values::{Seconds, SignedMinor, Word},
};

/// The movements and deposits of some days.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct MonthBody {
    pub data: Vec<Month>,
    /// The rows of the figure that `rows` names, page by page; null without it
    #[cfg_attr(feature = "schema", schemars(length(max = 100)))]
    pub rows: Option<Vec<MonthRow>>,
    pub links: Links,
    pub meta: MonthMeta,
}

/// The figures of one account in one currency.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct Month {
    #[serde(rename = "type")]
    pub kind: MonthType,
    pub mid: String,
    /// ISO 4217 code; null where deposits state none
    pub currency: Option<String>,
    /// All figures, in the order in which they add up
    pub figures: Vec<MonthFigure>,
    /// Money at the gateway as the totals have counted it
    pub counted: SignedMinor,
    /// Checks that fail; with none, movements, totals and deposits agree to the cent
    pub differs: Vec<Word<MonthCheck>>,
}

/// A figure: how many rows have it, and their sum.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields, inline))]
pub struct MonthFigure {
    pub figure: Word<Figure>,
    pub count: u64,
    /// In minor units, with its sign
    pub amount: SignedMinor,
}

/// A movement, a deposit's line, or a deposit.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct MonthRow {
    #[serde(rename = "type")]
    pub row_type: MonthRowType,
    pub kind: Word<RowKind>,
    /// When a movement was decided; null for others
    pub at: Option<Seconds>,
    pub fact: Option<Word<Fact>>,
    pub mid: String,
    pub currency: Option<String>,
    pub retref: Option<String>,
    pub order: Option<String>,
    pub transaction: Option<Uuid>,
    /// The first deposit that has its money
    pub deposit: Option<String>,
    /// The day of that deposit
    pub date: Option<Date>,
    /// Why it does not fit
    pub cause: Option<Word<ExceptionCause>>,
    /// The figures that it is part of
    pub figures: Vec<RowFigure>,
}

/// A row's part of a figure.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields, inline))]
pub struct RowFigure {
    pub figure: Word<Figure>,
    /// In minor units, with its sign
    pub amount: SignedMinor,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields, inline))]
pub struct MonthMeta {
    /// The days that are reported: the first part of those that were requested
    pub from: Date,
    pub to: Date,
    /// The IANA name of the zone whose days these are
    pub time_zone: String,
    /// The parts that the requested days come in; one, unless there are too many movements
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub parts: Vec<MonthDays>,
    pub days: Vec<MonthDay>,
    /// Days up to now whose totals can still change
    pub provisional: Vec<Date>,
    /// Until when the totals are counted
    pub complete_until: Option<Timestamp>,
    pub accounts: Vec<ReadAccount>,
    /// Stored items that cannot be read and are left out
    pub unreadable: u64,
    /// For `page[cursor]` of the next rows; null on the last page
    pub cursor: Option<String>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields, inline))]
pub struct MonthDays {
    pub from: Date,
    pub to: Date,
}

/// A day's money at the gateway, and the deposits that it became.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields, inline))]
pub struct MonthDay {
    pub date: Date,
    pub currency: Option<String>,
    pub at_gateway: SignedMinor,
    pub deposits: Vec<DepositOfDay>,
}

/// A deposit, and the movements of the day that it has.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields, inline))]
pub struct DepositOfDay {
    pub id: String,
    pub mid: String,
    /// The day of the deposit
    pub date: Date,
    pub amount: SignedMinor,
}

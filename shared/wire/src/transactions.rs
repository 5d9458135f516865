//! Lists of transactions, and sums of scheduled captures.

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

use crate::{
    constant::CapturesOfDayType,
    list::{Page, PageMeta, Readable, UnreadableRow},
    order::Order,
    transaction::Transaction,
    values::SignedMinor,
};

/// A transaction of a list.
pub type TransactionRow = Readable<Transaction, UnreadableRow>;

/// Found transactions.
pub type TransactionPage = Page<TransactionRow, TransactionPageMeta>;

/// Transactions with a scheduled capture.
pub type CapturePage = Page<TransactionRow, CapturePageMeta>;

/// Transactions that need a person, and orders without a transaction that do.
pub type AttentionPage = Page<AttentionRow, AttentionPageMeta>;

/// A row of the list of reasons for attention.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
#[serde(untagged)]
pub enum AttentionRow<T = TransactionRow> {
    /// One without a transaction here
    Order(Box<Order>),
    Transaction(T),
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct TransactionPageMeta {
    pub page: PageMeta,
    /// The list has the transactions that were decided from here on
    pub since: Timestamp,
    /// And before this moment
    pub until: Timestamp,
    pub journal: JournalState,
    /// Rows of `data` that are `unreadable`
    pub unreadable: usize,
    /// Upper bound of the bytes that the page read
    #[cfg_attr(feature = "schema", schemars(range(max = 10_485_760_u64)))]
    pub read_bytes: usize,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct JournalState {
    /// The journal is complete at least up to here; null if this page did not read that far
    pub newest_entry_at: Option<Timestamp>,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct CapturePageMeta {
    pub page: PageMeta,
    /// Rows of the page that cannot be read
    pub unreadable: usize,
    /// Most bytes read of the orders
    pub read_bytes: usize,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct AttentionPageMeta {
    pub page: PageMeta,
    pub as_of: Timestamp,
    /// Only on the first page
    pub count: Option<AttentionCount>,
    /// Rows of the page that cannot be read
    pub unreadable: usize,
    /// Upper bound of the bytes that the page read
    pub read_bytes: usize,
}

/// How many orders need attention. Nothing beyond 1,000 is counted.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct AttentionCount {
    #[cfg_attr(feature = "schema", schemars(range(max = 1000)))]
    pub orders: usize,
    /// Whether there are more
    pub more: bool,
    #[cfg_attr(feature = "schema", schemars(extend("examples" = ["1,000+"])))]
    pub formatted: String,
}

/// Scheduled captures by day and currency.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CaptureSums {
    pub data: Vec<CapturesOfDay>,
    pub meta: CaptureSumsMeta,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline, deny_unknown_fields))]
pub struct CapturesOfDay {
    #[serde(rename = "type")]
    pub kind: CapturesOfDayType,
    pub day: Date,
    pub currency: String,
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    pub count: u64,
    /// Minor units
    #[cfg_attr(feature = "schema", schemars(range(min = 0)))]
    pub amount: SignedMinor,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct CaptureSumsMeta {
    pub from: Option<Date>,
    pub to: Date,
    pub time_zone: String,
    pub as_of: Timestamp,
    /// Where counting stopped, if there are too many; null if all are counted
    pub counted_until: Option<Timestamp>,
    pub unreadable: usize,
    /// Most bytes read
    pub read_bytes: usize,
}

//! Deposits: money that reached the merchant's bank account, with its components and lines.

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};
use tollgate_core::settlement::{Component, ExceptionCause, FundedKind, FundedStatus};
use uuid::Uuid;

use crate::{
    constant::{DepositLineType, DepositType},
    list::{Links, PageMeta, Readable},
    read::beside,
    values::{Minor, SignedMinor, Word},
};

/// The members of a deposit that come before its open exceptions.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DepositMembers {
    #[serde(rename = "type")]
    pub kind: DepositType,
    pub id: String,
    pub mid: String,
    /// Eastern
    pub date: Date,
    pub currency: Option<String>,
    /// Payments, in minor units; null beyond 64 bits
    pub gross: Option<SignedMinor>,
    /// Zero or less
    pub refunds: SignedMinor,
    /// Fees, interchange and charges, with their sign; null beyond 64 bits
    pub fees: Option<SignedMinor>,
    /// Chargebacks and reversals, with their sign
    pub chargebacks: SignedMinor,
    /// Other adjustments, with their sign; null beyond 64 bits
    pub adjustments: Option<SignedMinor>,
    /// The amount that arrived; it can be negative
    pub net: SignedMinor,
    /// How many lines it has
    pub lines: u64,
    pub others: OtherLines,
}

/// Of these: lines that are not Tollgate's
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields, inline))]
pub struct OtherLines {
    pub lines: u64,
    pub sum: SignedMinor,
}

/// The members of a deposit that come after its open exceptions.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DepositTrace {
    /// The number on the bank statement
    pub trace_number: Option<String>,
    pub changed_on: Option<Date>,
}

/// A deposit that nothing was matched with yet, as an event has it.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct NewDeposit {
    #[serde(flatten, deserialize_with = "beside")]
    pub members: DepositMembers,
    #[serde(flatten, deserialize_with = "beside")]
    pub trace: DepositTrace,
}

/// A deposit in a list.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct Deposit {
    #[serde(flatten, deserialize_with = "beside")]
    pub members: DepositMembers,
    /// Open exceptions about it
    pub unmatched: u64,
    #[serde(flatten, deserialize_with = "beside")]
    pub trace: DepositTrace,
}

/// A deposit with its components and some of its lines.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct WholeDeposit {
    #[serde(flatten, deserialize_with = "beside")]
    pub deposit: Deposit,
    /// Whether all `counted` lines match, and are all that settled in their batches
    pub complete: bool,
    /// Lines whose money the deposit has
    pub counted: u64,
    /// The sum of these lines; null beyond 64 bits
    pub counted_sum: Option<SignedMinor>,
    /// Those of payments and refunds that are known here, without an open exception
    pub matched: u64,
    /// The batches in which these lines settled
    pub batches: Vec<DepositBatch>,
    pub components: Vec<DepositComponent>,
    pub adjustment_details: Vec<DepositAdjustment>,
    pub chargeback_details: Vec<DepositChargeback>,
    #[cfg_attr(feature = "schema", schemars(length(max = 100)))]
    pub line_details: Vec<Readable<DepositLine>>,
}

/// A batch, and the part of it that a deposit has.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields, inline))]
pub struct DepositBatch {
    pub id: String,
    /// Eastern
    pub date: Date,
    /// All payments and refunds that the processor took; null if their report cannot be read
    pub lines: Option<u64>,
    /// Their sum; null if the report does not state it
    pub sum: Option<SignedMinor>,
    /// Those that are in this deposit
    pub deposited_lines: u64,
    /// Their sum in the deposit; null beyond 64 bits
    pub deposited_sum: Option<SignedMinor>,
    /// Whether the deposit has the whole batch
    pub whole: bool,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields, inline))]
pub struct DepositComponent {
    pub component: Word<Component>,
    pub amount: SignedMinor,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct DepositAdjustment {
    /// The gateway's own; null if it states none
    pub id: Option<String>,
    /// Null if the category is unknown
    pub component: Option<Word<Component>>,
    pub category: String,
    pub description: String,
    /// With its sign
    pub amount: SignedMinor,
    pub case: Option<String>,
    pub date: Option<Date>,
    /// The day of the gateway's last change
    pub changed_on: Option<Date>,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct DepositChargeback {
    /// The gateway's own; null if it states none
    pub id: Option<String>,
    pub case: String,
    /// The number within the case; null if none is stated
    pub sequence: Option<u32>,
    pub retref: Option<String>,
    /// Positive
    pub amount: Minor,
    pub date: Date,
    pub reason_code: String,
    pub reason: String,
    pub acquirer_reference: Option<String>,
    /// The day of the gateway's last change
    pub changed_on: Option<Date>,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct DepositLine {
    #[serde(rename = "type")]
    pub line_type: DepositLineType,
    pub retref: String,
    pub kind: Word<FundedKind>,
    pub status: Word<FundedStatus>,
    /// Whether the deposit has its money; not of a voided or refused payment
    pub counts: bool,
    /// In minor units, with its sign
    pub amount: SignedMinor,
    pub currency: Option<String>,
    pub settled_at: Option<Date>,
    pub order: Option<String>,
    pub transaction: Option<Uuid>,
    pub custom_reference: Option<String>,
    /// Cause of an open exception
    pub unmatched: Option<Word<ExceptionCause>>,
}

/// How far the gateway's reports of an account were read.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct ReadAccount {
    pub mid: String,
    pub read_at: Option<Timestamp>,
    /// Whether the gateway offers its deposits
    pub has_deposits: Option<bool>,
    /// Days whose reports are still to be read
    pub unread: Vec<UnreadDay>,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields, inline))]
pub struct UnreadDay {
    pub date: Date,
    pub since: Timestamp,
    /// Why it could not be read
    pub cause: Option<String>,
}

/// The sum of the page's deposits in one currency; amounts are null beyond 64 bits
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields, inline))]
pub struct SumOfDeposits {
    pub currency: Option<String>,
    pub deposits: u64,
    pub lines: u64,
    pub gross: Option<SignedMinor>,
    pub refunds: Option<SignedMinor>,
    pub fees: Option<SignedMinor>,
    pub chargebacks: Option<SignedMinor>,
    pub adjustments: Option<SignedMinor>,
    pub net: Option<SignedMinor>,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields, inline))]
pub struct DepositPageMeta {
    pub page: PageMeta,
    pub from: Date,
    pub to: Date,
    /// By currency, of the deposits on this page
    pub sums: Vec<SumOfDeposits>,
    pub accounts: Vec<ReadAccount>,
    /// Stored items that cannot be read
    pub unreadable: u32,
}

/// One deposit, with its lines page by page.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct DepositBody {
    pub data: WholeDeposit,
    pub links: Links,
    pub meta: DepositLinesMeta,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields, inline))]
pub struct DepositLinesMeta {
    pub page: PageMeta,
    /// Stored items that cannot be read
    pub unreadable: u32,
}

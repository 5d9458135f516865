//! The way of money to the bank: batches and deposits of a payment, exceptions, and money that has
//! not arrived.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use tollgate_core::{
    settlement::{DayState, ExceptionCause, Progressed},
    words,
};
use uuid::Uuid;

use crate::{
    constant::{ExceptionType, OutstandingType, SettlementType},
    deposits::ReadAccount,
    list::PageMeta,
    read::beside,
    values::{Seconds, SignedMinor, Word},
};

/// Batches and deposits of a payment and its refunds.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct TransactionSettlement {
    #[serde(rename = "type")]
    pub kind: SettlementType,
    pub id: Uuid,
    pub state: Option<Word<Progressed>>,
    pub settled_at: Option<Date>,
    pub funded_at: Option<Date>,
    pub deposit: Option<String>,
    pub records: Vec<SettlementRecord>,
}

/// A record at the gateway, and how far its money is.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct SettlementRecord {
    pub operation_id: Uuid,
    pub retref: Option<String>,
    pub mid: String,
    /// With its sign, fee included
    pub amount: SignedMinor,
    pub currency: String,
    pub state: Word<Progressed>,
    pub settled_at: Option<Date>,
    pub funded_at: Option<Date>,
    pub deposit: Option<String>,
}

words! {
    /// Whether there is something left to do about an exception.
    pub enum ExceptionState {
        Open => "open",
        Closed => "closed",
    }
}

/// An exception without people's words, as an event has it.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ExceptionFacts {
    #[serde(rename = "type")]
    pub kind: ExceptionType,
    pub id: Uuid,
    pub state: Word<ExceptionState>,
    pub cause: Word<ExceptionCause>,
    /// The exact difference
    pub detail: Option<String>,
    pub date: Date,
    pub mid: String,
    pub retref: Option<String>,
    pub deposit: Option<String>,
    pub case: Option<String>,
    pub order: Option<String>,
    pub transaction: Option<Uuid>,
    pub expected: Option<SignedMinor>,
    pub found: Option<SignedMinor>,
    /// `found` less `expected`; null where either is
    pub difference: Option<SignedMinor>,
    pub currency: Option<String>,
    pub since: Seconds,
    pub gone_at: Option<Seconds>,
}

/// A difference for a person to look at.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct SettlementException {
    #[serde(flatten, deserialize_with = "beside")]
    pub facts: ExceptionFacts,
    pub notes: Vec<ExceptionNote>,
    pub resolution: Option<ExceptionResolution>,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct ExceptionNote {
    pub at: Seconds,
    pub by: String,
    pub text: String,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct ExceptionResolution {
    pub at: Seconds,
    pub by: String,
    pub reason: String,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields, inline))]
pub struct ExceptionPageMeta {
    pub page: PageMeta,
    pub accounts: Vec<ReadAccount>,
    /// Stored items that cannot be read
    pub unreadable: u32,
}

/// A payment or refund whose money has not arrived.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct Outstanding {
    #[serde(rename = "type")]
    pub kind: OutstandingType,
    #[cfg_attr(
        feature = "schema",
        schemars(extend("enum" = ["expected", "held", "refused", "settled"]))
    )]
    pub state: Word<Progressed>,
    /// When it was captured or refunded
    pub at: Seconds,
    /// In minor units; negative where money is given back
    pub amount: SignedMinor,
    pub currency: String,
    pub mid: String,
    pub retref: Option<String>,
    pub order: String,
    pub transaction: Uuid,
    pub operation_id: Uuid,
    pub settled_at: Option<Date>,
    /// The last business day on which it is in time to settle, or once settled to arrive
    pub due_on: Option<Date>,
    /// Business days since then; 0 in time
    pub days_late: u64,
    /// The cause of an open exception about it
    pub unmatched: Option<Word<ExceptionCause>>,
}

/// The sum of an account's money that is equally far.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct OutstandingSum {
    pub mid: String,
    pub currency: String,
    #[cfg_attr(
        feature = "schema",
        schemars(extend("enum" = ["expected", "held", "refused", "settled"]))
    )]
    pub state: Word<Progressed>,
    pub count: u64,
    /// Null beyond 64 bits
    pub amount: Option<SignedMinor>,
}

/// The state of a day's deposits
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields, inline))]
pub struct DepositDay {
    /// Eastern
    pub date: Date,
    pub state: Word<DayState>,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields, inline))]
pub struct OutstandingPageMeta {
    pub page: PageMeta,
    pub from: Date,
    pub to: Date,
    pub sums: Vec<OutstandingSum>,
    /// Five weeks of deposits, whole weeks from Sunday on
    #[cfg_attr(feature = "schema", schemars(length(max = 35)))]
    pub days: Vec<DepositDay>,
    /// Stored items that cannot be read
    pub unreadable: u32,
    pub accounts: Vec<ReadAccount>,
}

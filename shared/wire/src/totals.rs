//! Totals: a merchant's entries added up by period.

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};
use tollgate_core::{
    journal::{
        Fact,
        read_totals::{Dimension, Interval},
    },
    order::Kind,
};

use crate::{
    constant::TotalType,
    entries::Changes,
    read::beside,
    values::{OrNull, SignedMinor, Word},
};

/// A report of totals.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Totals {
    pub data: Vec<Total>,
    pub meta: TotalsMeta,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct TotalsMeta {
    pub from: Date,
    pub to: Date,
    pub interval: Word<Interval>,
    /// The IANA name of the zone whose days these are
    pub time_zone: String,
    /// The members that rows are split by besides their currency
    pub by: Vec<Word<Dimension>>,
    /// All rows added up, one for each currency, whatever rows are split by. Rates are those of all
    /// payments of the range
    pub sums: Vec<TotalFigures>,
    /// Declined payments of the range by code, the most frequent first; absent unless rows are by
    /// `decline_code`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub declines: Option<Vec<DeclineShare>>,
    /// Periods whose totals can still change
    pub provisional: Vec<String>,
    /// Everything before it is counted, but for periods that are provisional; it stands still while
    /// the journal does. Null before the first run that counts
    pub complete_until: Option<Timestamp>,
    /// Stored sums that cannot be read and are left out; their periods are provisional
    pub unreadable: usize,
    /// Entries of these periods that cannot be read and are left out, regardless of the filters
    pub unreadable_entries: u64,
}

/// Declined payments of one code in one currency.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline, deny_unknown_fields))]
pub struct DeclineShare {
    /// ISO 4217 code
    pub currency: String,
    pub decline_code: String,
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    pub declined: u64,
    /// The share of all payments of the range in this currency
    #[cfg_attr(feature = "schema", schemars(range(min = 0, max = 1)))]
    pub decline_rate: Option<f64>,
}

/// A row of a report.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Total {
    #[serde(flatten, deserialize_with = "beside")]
    pub members: TotalMembers,
    #[serde(rename = "type")]
    pub kind: TotalType,
}

/// The members of a total, without its type.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TotalMembers {
    /// `2026-11`, `2026-11-20`, or the beginning of an hour as clocks show it:
    /// `2026-11-20T13:00-05:00`
    pub period: String,
    /// The period's first moment
    pub begins_at: Timestamp,
    /// The first moment after it
    pub ends_at: Timestamp,
    #[serde(flatten, deserialize_with = "beside")]
    pub figures: TotalFigures,
    /// Whether the period's totals can still change
    pub provisional: bool,
    /// Absent unless rows are by it; so are the four below
    #[cfg_attr(
        feature = "schema",
        schemars(extend("enum" = ["authorize", "purchase", "capture", "refund", "void"]))
    )]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation: Option<Word<Kind>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fact: Option<Word<Fact>>,
    /// The gateway account
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mid: Option<String>,
    /// The card's brand; null where it was not known
    #[serde(default, skip_serializing_if = "OrNull::is_absent")]
    pub brand: OrNull<String>,
    /// Why it was declined; null for what was not
    #[serde(default, skip_serializing_if = "OrNull::is_absent")]
    pub decline_code: OrNull<String>,
    /// How many facts; absent unless rows are by operation and fact
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// The amount that the facts are about, together, in minor units; absent where count is
    #[cfg_attr(feature = "schema", schemars(range(min = 0)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<SignedMinor>,
}

/// Entries in one currency, added up.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct TotalFigures {
    /// ISO 4217 code
    pub currency: String,
    #[serde(flatten, deserialize_with = "beside")]
    pub changes: Changes,
    /// Authorizations and purchases that the issuer approved and no rule refused
    pub approved: u64,
    /// The amount that they held or took when they were approved
    pub approved_amount: SignedMinor,
    /// Authorizations and purchases that were declined, by the issuer or by a rule
    pub declined: u64,
    /// Both together, in the period, with the same currency and, as far as rows are by them,
    /// operation, MID and brand
    pub payments: u64,
    /// How often money was refunded, also by voiding a payment before its settlement
    #[serde(rename = "refunds")]
    pub refund_count: u64,
    /// Of `payments` the share that is `approved`
    #[cfg_attr(feature = "schema", schemars(range(min = 0, max = 1)))]
    pub approval_rate: Option<f64>,
    /// Of `payments` the share that is `declined`
    #[cfg_attr(feature = "schema", schemars(range(min = 0, max = 1)))]
    pub decline_rate: Option<f64>,
    /// Authorizations and purchases that the issuer approved, also those that a rule refused
    pub issuer_approved: u64,
    /// Of `payments` the share that is `issuer_approved`
    #[cfg_attr(feature = "schema", schemars(range(min = 0, max = 1)))]
    pub issuer_approval_rate: Option<f64>,
}

//! Failures of the order API: the `errors` envelope.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tollgate_core::{
    journal::NoReceipt,
    values::{Advice, RetryClass, RetryScope},
    words,
};
use uuid::Uuid;

use crate::read::beside;
use crate::values::{CurrencyCode, Minor, OrNull, Word};

/// The body of every failure.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Errors {
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub errors: Vec<Error>,
}

impl Errors {
    /// The code of the first one.
    pub fn code(&self) -> Option<&str> {
        self.errors.first().map(|error| error.meta.code.as_str())
    }
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Error {
    /// The HTTP status of this error
    pub status: u32,
    pub title: String,
    /// For the developer; its wording can change
    pub detail: String,
    pub meta: ErrorMeta,
    /// A member's path, a form field, a path parameter or a header
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct ErrorMeta {
    #[serde(flatten, deserialize_with = "beside")]
    pub facts: ErrorFacts,
    /// Stable; [errors](errors.md) has all
    pub code: String,
    pub request_id: String,
}

/// Facts about a failure, for programs.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct ErrorFacts {
    /// One of the [decline codes](decline-codes.md)
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decline_code: Option<String>,
    /// For a decline one of the first five; `refund` comes with `already_settled`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<Word<FailureAdvice>>,
    /// The subject of a card scheme's ban: the card, all payments with it that the merchant
    /// initiates, or the one payment
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<Word<RetryScope>>,
    /// Before when the payment must not, or had better not, be tried again
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_at: Option<Timestamp>,
    /// Of `retry_forbidden`, the rule of [the schemes](decline-codes.md#what-the-schemes-say)
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<Word<RetryClass>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transaction_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transaction_ids: Option<Vec<Uuid>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<GatewayAnswer>,
    #[serde(default, skip_serializing_if = "OrNull::is_absent")]
    pub avs_result: OrNull<String>,
    #[serde(default, skip_serializing_if = "OrNull::is_absent")]
    pub cvv_result: OrNull<String>,
    /// Of `too_many_in_flight` and `too_many_declines`, the subject of the limit; a network is an
    /// IPv6 /48
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<Word<LimitOf>>,
    /// Of `version_differs`, the order's version now
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owing: Option<Minor>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorized: Option<Minor>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refundable: Option<Minor>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub released: Option<Minor>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub committed: Option<Minor>,
    /// The most that the person gives back of one order, in minor units
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refund_max: Option<u64>,
    /// The amount that the person gave back of it, in minor units
    #[serde(skip_serializing_if = "Option::is_none")]
    pub given_back: Option<u64>,
    /// Of `exceeds_refund_max`: another person submits it within a day, and states nothing else
    /// beside it
    #[cfg_attr(feature = "schema", schemars(length(max = 8192)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proposal: Option<String>,
    /// Why there is no receipt
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<Word<NoReceipt>>,
    /// The latest `capture_at` that is possible
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latest: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<CurrencyCode>,
    /// Whether the same request can simply be sent again. Absent where the code says it
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retryable: Option<bool>,
    /// After how many seconds; the header `Retry-After` says the same
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_s: Option<u32>,
}

words! {
    /// The action that a failure suggests.
    pub enum FailureAdvice {
        DoNotRetry => "do_not_retry",
        FixAndRetry => "fix_and_retry",
        RetryLater => "retry_later",
        UseAnotherCard => "use_another_card",
        ContactIssuer => "contact_issuer",
        /// The payment cannot be voided any more.
        Refund => "refund",
    }
}

impl From<Advice> for FailureAdvice {
    fn from(advice: Advice) -> Self {
        match advice {
            Advice::Never => Self::DoNotRetry,
            Advice::FixData => Self::FixAndRetry,
            Advice::Later => Self::RetryLater,
            Advice::OtherCard => Self::UseAnotherCard,
            Advice::ContactIssuer => Self::ContactIssuer,
        }
    }
}

words! {
    /// Whose limit a refusal is about.
    pub enum LimitOf {
        /// The address that the payment comes from.
        Address => "address",
        /// The /48 of an IPv6 address.
        Network => "network",
        Customer => "customer",
        Order => "order",
    }
}

/// The gateway's own words, for people.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct GatewayAnswer {
    pub respproc: Option<String>,
    pub respcode: Option<String>,
    pub resptext: Option<String>,
    pub retref: Option<String>,
    /// `A`, `B` or `C`; only of operations
    #[serde(default, skip_serializing_if = "OrNull::is_absent")]
    pub respstat: OrNull<String>,
}

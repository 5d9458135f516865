//! The response of the credit-card API, in the page's order of members.

use serde::{Deserialize, Serialize};
use tollgate_core::{values::FeeKind, words};

use crate::values::Word;

/// The root of the XML form.
pub const ROOT: &str = "CardTransactionOutgoingModel";

/// The namespace of every element: .NET's default for the classes of `Payments.Api.Models`.
pub const NAMESPACE: &str = "http://schemas.datacontract.org/2004/07/Payments.Api.Models";

/// In JSON all members are there and every value is a text or null; in XML the elements are in
/// alphabetical order and null is `i:nil="true"`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(rename = "CardAnswer", extend("xml" = {"name": ROOT, "namespace": NAMESPACE}))
)]
#[serde(rename_all = "PascalCase")]
pub struct Outgoing {
    pub message: Message,
    pub response: Facts,
}

/// How the request went.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
#[serde(rename_all = "PascalCase")]
pub struct Message {
    /// `00` done, `01` not known yet, `02` declined, else the number of an [error](errors.md)
    #[cfg_attr(feature = "schema", schemars(extend("pattern" = "^[0-9]{2}$")))]
    pub code: String,
    /// For people: the payment's state, why it was declined, or all that is wrong. Its wording can
    /// change
    pub description: String,
}

words! {
    /// The outcome of a request.
    #[derive(Default)]
    pub enum ResponseCode {
        Approved => "1": "Approved",
        Declined => "2": "Declined",
        #[default]
        Error => "3": "Error",
        /// Held for review: the outcome is not known yet, and inquiries go on.
        Held => "4": "Referred",
    }

    /// The `ResponseCodeText`.
    pub fn text(self) -> &'static str;
}

impl Default for Word<ResponseCode> {
    fn default() -> Self {
        ResponseCode::default().into()
    }
}

/// The facts about the payment. A member without a value is null.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
#[serde(rename_all = "PascalCase")]
pub struct Facts {
    /// Approved, declined, error, held for review
    pub response_code: Word<ResponseCode>,
    #[cfg_attr(
        feature = "schema",
        schemars(extend("enum" = ["Approved", "Declined", "Error", "Referred"]))
    )]
    pub response_code_text: String,
    /// The issuer's approval code; null for refunds, voids, declines and approvals that an
    /// [inquiry](credit-card.md#held-for-review) found
    pub auth_code: Option<String>,
    /// The [letter](credit-card.md#avs-and-cvv-letters) for the address; null if the
    /// issuer did not decide
    #[cfg_attr(
        feature = "schema",
        schemars(extend("enum" = ["A", "B", "E", "G", "N", "P", "R", "S", "U", "W", "X", "Y", "Z", null]))
    )]
    #[serde(rename = "AvsResultCode")]
    pub avs: Option<String>,
    /// The same for the security code
    #[cfg_attr(feature = "schema", schemars(extend("enum" = ["M", "N", "P", "S", "U", null])))]
    #[serde(rename = "CvvResultCode")]
    pub cvv: Option<String>,
    /// The request's own
    #[serde(rename = "TransactionReference")]
    pub reference: Option<String>,
    /// Names the payment in later requests; a UUID. Null if there is no payment, or if the request
    /// is wrong (400)
    #[serde(rename = "TransactionID")]
    pub transaction_id: Option<String>,
    #[cfg_attr(feature = "schema", schemars(extend("examples" = ["Visa"])))]
    pub card_type: Option<String>,
    /// The discount; the card was charged the stated amount less this
    #[cfg_attr(feature = "schema", schemars(extend("examples" = ["0.00"])))]
    pub discounted_amount: Option<String>,
    /// The stored card's profile
    pub customer_id: Option<String>,
    /// The stored card's account in the profile
    pub profile_id: Option<String>,
    // Not on the page: facts that a program would otherwise have to read out of the description.
    /// The [decline code](decline-codes.md)
    #[cfg_attr(feature = "schema", schemars(extend("examples" = ["insufficient_funds"])))]
    pub decline_code: Option<String>,
    /// The next step; also `retry_later` with 57, `refund` with 58
    #[cfg_attr(feature = "schema", schemars(extend("examples" = ["retry_later"])))]
    pub advice: Option<String>,
    /// The amount that the issuer approved, less than the requested one if only a part was;
    /// otherwise null
    #[cfg_attr(feature = "schema", schemars(extend("examples" = ["20.50"])))]
    pub approved_amount: Option<String>,
    /// The amount captured so far
    #[cfg_attr(feature = "schema", schemars(extend("examples" = ["20.50"])))]
    pub captured_amount: Option<String>,
    /// The amount refunded so far
    #[cfg_attr(feature = "schema", schemars(extend("examples" = ["0.00"])))]
    pub refunded_amount: Option<String>,
    /// Whether real money moves: only CardConnect's `-uat` sites and this machine are tests; null
    /// when no payment is named
    #[cfg_attr(feature = "schema", schemars(extend("enum" = ["true", "false", null])))]
    pub live_mode: Option<String>,
    // Fees beside these amounts. Few accounts charge fees; others have no such members.
    /// The fee that the gateway charged beside these amounts, a
    /// [surcharge](merchants.md#surcharges); it and the next three are absent without one
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fee_kind: Option<Word<FeeKind>>,
    /// Beside the approved amount
    #[cfg_attr(feature = "schema", schemars(extend("examples" = ["0.62"])))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fee_amount: Option<String>,
    /// Beside the amount captured so far
    #[cfg_attr(feature = "schema", schemars(extend("examples" = ["0.62"])))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub captured_fee_amount: Option<String>,
    /// Beside the amount refunded so far
    #[cfg_attr(feature = "schema", schemars(extend("examples" = ["0.00"])))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refunded_fee_amount: Option<String>,
}

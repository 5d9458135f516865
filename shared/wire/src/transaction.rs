//! Transactions: payments of orders.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};
use tollgate_core::{
    order::{
        AtShopState, DisputeKind, HandVerdict, Kind, Mechanism, NextAction, PaymentWord, Principal,
        ShopDifference, Stage,
    },
    values::{Advice, Fee, FeeKind, RetryScope},
    words,
};
use uuid::Uuid;

use crate::{
    attribution::{Attribution, CaptureSwitch},
    card::Card,
    constant::{CardConnect, OrderType, TransactionType},
    error::GatewayAnswer,
    list::Related,
    possible::{Money, NeedsAttention, Possible, ReceiptState, SeenAttention},
    read::beside_if_any,
    values::{
        CurrencyCode, LiveMode, Milliseconds, Minor, OrNull, OrderVersion, PositiveMinor, Price, Seconds,
        SignedPrice, Timestamps, Word,
    },
};

words! {
    /// The status of a transaction.
    pub enum TransactionStatus {
        Pending => "pending",
        Complete => "complete",
        Failed => "failed",
        Cancelled => "cancelled",
    }
}

words! {
    /// Why an operation exists that was not requested: its `reason`.
    pub enum VoidReason {
        /// A void instead of a refund, because the payment had not settled.
        RefundBeforeSettlement => "refund_before_settlement",
        /// The gateway approved less than the amount.
        PartialApproval => "partial_approval",
        /// The merchant does not accept the AVS result.
        AvsMismatch => "avs_mismatch",
        /// The merchant does not accept the CVV result.
        CvvMismatch => "cvv_mismatch",
        /// The approval arrived after the payment was given up.
        LateApproval => "late_approval",
        /// The gateway showed the payment as voided.
        VoidedElsewhere => "voided_elsewhere",
        /// The order was canceled in Elastic Path.
        OrderClosed => "order_closed",
        /// The order owes less in Elastic Path.
        Overpaid => "overpaid",
        /// Elastic Path refused to record the payment.
        OrderRefused => "order_refused",
        /// A second charge of the same payment.
        Duplicate => "twin",
    }
}

words! {
    /// `payment_details.detailed_status`.
    pub enum DetailedStatus {
        /// There is nothing to say beyond the status.
        Nothing => "",
        /// The outcome is not known yet.
        AwaitingGateway => "awaiting_gateway",
        /// Voided on request, so that there is no [`VoidReason`].
        Voided => "voided",
        /// Voided for this reason, and so are the next eight.
        RefundBeforeSettlement => "refund_before_settlement",
        OrderRefused => "order_refused",
        Overpaid => "overpaid",
        OrderClosed => "order_closed",
        PartialApproval => "partial_approval",
        AvsMismatch => "avs_mismatch",
        CvvMismatch => "cvv_mismatch",
        LateApproval => "late_approval",
        VoidedElsewhere => "voided_elsewhere",
        /// The issuer's hold is over, as far as can be told.
        AuthorizationExpired => "authorization_expired",
        /// The issuer's hold ends soon.
        AuthorizationExpiring => "authorization_expiring",
        /// The scheduled capture was declined.
        CaptureDeclined => "capture_declined",
        /// The scheduled capture is tried again.
        CaptureRetrying => "capture_retrying",
    }
}

impl From<VoidReason> for DetailedStatus {
    fn from(reason: VoidReason) -> Self {
        match reason {
            VoidReason::RefundBeforeSettlement => Self::RefundBeforeSettlement,
            VoidReason::PartialApproval => Self::PartialApproval,
            VoidReason::AvsMismatch => Self::AvsMismatch,
            VoidReason::CvvMismatch => Self::CvvMismatch,
            VoidReason::LateApproval => Self::LateApproval,
            VoidReason::OrderClosed => Self::OrderClosed,
            VoidReason::Overpaid => Self::Overpaid,
            VoidReason::OrderRefused => Self::OrderRefused,
            VoidReason::VoidedElsewhere => Self::VoidedElsewhere,
            // A second charge is an operation beside the payment's own, which stands.
            VoidReason::Duplicate => Self::Voided,
        }
    }
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Transaction {
    pub id: Uuid,
    #[serde(rename = "type")]
    pub kind: TransactionType,
    /// The gateway's reference (retref); empty until approved and when failed
    pub reference: String,
    pub gateway: CardConnect,
    /// The approved amount, or the requested one while the outcome is unknown. Captures and refunds
    /// do not change it.
    pub amount: PositiveMinor,
    pub refunded_amount: Minor,
    pub currency: CurrencyCode,
    /// Elastic Path's older name of `transaction_type`.
    #[cfg_attr(feature = "schema", schemars(extend("enum" = ["authorize", "purchase", "capture", "refund"])))]
    #[serde(rename = "transaction-type")]
    pub older_transaction_type: Word<Kind>,
    /// The latest step.
    #[cfg_attr(feature = "schema", schemars(extend("enum" = ["authorize", "purchase", "capture", "refund"])))]
    pub transaction_type: Word<Kind>,
    /// [The meaning of each](api.md#the-transaction)
    pub status: Word<TransactionStatus>,
    pub payment_details: PaymentDetails,
    /// While pending, only `confirm`. Otherwise the advised ones: no capture of a lapsed
    /// authorization, no refund of a disputed payment. Only `meta.possible` looks at settlement,
    /// which ends `cancel`.
    pub next_actions: Vec<Word<NextAction>>,
    pub relationships: OfOrder,
    pub meta: TransactionMeta,
    pub livemode: LiveMode,
    pub timestamps: Timestamps,
    /// The name of the way to pay, as `paymentmethod_meta` stated it
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The merchant's own reference, as the payment or its latest capture stated it
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_reference: Option<String>,
    #[serde(flatten, deserialize_with = "beside_if_any")]
    pub for_merchant: Option<MerchantReferences>,
    /// Of the latest refund
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refund_mechanism: Option<Word<Mechanism>>,
    /// Only when failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_details: Option<FailureDetails>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fee: Option<TransactionFee>,
    /// Of a payment with `save`, in responses to it and its confirmation: the stored card's id.
    /// Null while it is not stored, or not recorded.
    #[cfg_attr(feature = "schema", schemars(extend("pattern" = "^pm_[a-z]{56}$")))]
    #[serde(default, skip_serializing_if = "OrNull::is_absent")]
    pub payment_method: OrNull<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_parameters: Option<ClientParameters>,
}

/// The references that only the merchant sees.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct MerchantReferences {
    /// The purchase; only for `client_credentials`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// As the payment stated it; only for `client_credentials`.
    #[cfg_attr(feature = "schema", schemars(extend("minProperties" = 1)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<BTreeMap<String, String>>,
}

/// In the response to a payment with an `implicit` token. Keep the secret in the page: sent as
/// `X-Client-Secret`, it lets a renewed token read and confirm the payment.
#[derive(Clone, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline, deny_unknown_fields))]
pub struct ClientParameters {
    #[cfg_attr(feature = "schema", schemars(length(equal = 43)))]
    pub secret: String,
}

/// Without the secret.
impl fmt::Debug for ClientParameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientParameters").finish_non_exhaustive()
    }
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct PaymentDetails {
    /// [The meaning of each](api.md#detailed-status)
    pub detailed_status: Word<DetailedStatus>,
    pub card: Card,
    /// Null, too, in an approval that an inquiry found
    pub authorization_code: Option<String>,
    /// The issuer's letter for the address
    pub avs_result: Option<String>,
    /// The issuer's letter for the security code
    pub cvv_result: Option<String>,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct FailureDetails {
    /// A [decline code](decline-codes.md), `not_processed`, `voided_elsewhere` or
    /// [`late_approval`](retries.md#no-trace)
    pub code: String,
    pub reason: String,
}

/// The fee that the gateway charged beside the amounts, none of which contains it. Absent without
/// one.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct TransactionFee {
    /// The kind of fee
    pub kind: Word<FeeKind>,
    pub amount: Minor,
    pub captured_amount: Minor,
    pub refunded_amount: Minor,
}

/// The order that something belongs to.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct OfOrder {
    pub order: Related<OrderType>,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct TransactionMeta {
    /// [One word](api.md#states) for the payment. `status` does not distinguish held from paid.
    pub state: Word<PaymentWord>,
    pub display_price: Price,
    pub display_captured_amount: Price,
    pub display_refunded_amount: RefundedTotal,
    /// UTC, with milliseconds. Elastic Path's older name; `timestamps` has it, too
    pub created_at: Milliseconds,
    pub timestamps: Timestamps,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_fee: Option<Price>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_total: Option<Price>,
    /// When the issuer is expected to drop the hold; only while it can be captured
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization_expires_at: Option<Seconds>,
    #[serde(flatten, deserialize_with = "beside_if_any")]
    pub for_merchant: Option<Box<MerchantMeta>>,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct RefundedTotal {
    pub total: Price,
}

/// The members that only the merchant sees: past and future operations, and the answers of a single
/// transaction or of a list.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MerchantMeta {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<OrderVersion>,
    /// The amount that the next request can capture: nothing while an outcome is not known, or once
    /// the authorization has lapsed, although the gateway may still accept a capture. Only for
    /// `client_credentials`.
    pub capturable: Price,
    /// The amount that the next request can refund; zero while an outcome is not known. Only for
    /// `client_credentials`.
    pub refundable: Price,
    /// When it is captured automatically; only while it is scheduled and can be captured, and for
    /// `client_credentials`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capture_at: Option<Seconds>,
    /// The part that is captured then; only beside `capture_at`, and left out where it is all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capture_amount: Option<PositiveMinor>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capture_failure: Option<CaptureFailure>,
    /// Only beside `capture_at`, while the order's scheduled captures are paused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub captures_paused: Option<CaptureSwitch>,
    /// Who moved its scheduled capture, changed its amount or canceled it last; only for
    /// `client_credentials`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capture_moved: Option<CaptureSwitch>,
    /// The transaction whose rest this one authorizes again; only for `client_credentials`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub continues: Option<Uuid>,
    /// The transaction that authorizes this one's rest again; only for `client_credentials`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub continued_by: Option<Uuid>,
    /// The history, oldest first; only for `client_credentials`.
    pub operations: Vec<Operation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memo: Option<Memo>,
    /// The payment in the merchant's Elastic Path store; only of payments of its orders
    #[serde(skip_serializing_if = "Option::is_none")]
    pub elastic_path: Option<AtElasticPath>,
    /// The amount that cardholders' banks took back, less reversals; only beside `disputes`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disputed: Option<SignedPrice>,
    /// Chargebacks and reversals; only where there are some, and for `client_credentials`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disputes: Option<Vec<Dispute>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub possible: Option<Possible>,
    /// The reasons for a person's attention; only in lists and of a single transaction, for
    /// `client_credentials`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub needs_attention: Option<Vec<NeedsAttention>>,
    /// Reasons for attention that people have seen, the oldest first; only where there are some,
    /// and for `client_credentials`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seen: Option<Vec<SeenAttention>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receipt: Option<ReceiptState>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub money: Option<Money>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub merchant: Option<Payee>,
    /// The time by which the list is sorted, for instance of the first outcome; only in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listed_at: Option<Milliseconds>,
}

/// How Elastic Path shows a payment.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AtElasticPath {
    /// `to_tell`: it is still to be recorded. `sent`: it was sent, and the result is not known.
    /// `told`: it is recorded as it is. `refused`: Elastic Path refused it. `needs_attention`: it
    /// is shown otherwise, or may be; `reason` says why.
    pub state: Word<AtShopState>,
    /// Why it needs attention
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Word<ShopDifference>>,
    /// The last step that is recorded there; `void`: the order was canceled
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(extend("enum" = ["authorize", "purchase", "capture", "refund", "void"])))]
    pub recorded: Option<Word<Kind>>,
    /// The sum that was given back there, if any
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refunded: Option<Minor>,
    /// The id of the transaction there
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transaction: Option<String>,
    /// Whether `confirm` records it again
    pub again: bool,
}

/// Why the last attempt of the scheduled capture failed; only beside `capture_at`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CaptureFailure {
    /// A decline code, `gateway_unavailable`, `gateway_misconfigured` or `voided_elsewhere`
    pub code: String,
    /// The same in a sentence
    pub reason: String,
    pub at: Seconds,
    /// How often it was sent
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    pub attempts: u32,
    /// Null if there is no further automatic attempt
    pub next_attempt_at: Option<Seconds>,
}

/// Who was paid; only of `GET /v2/transactions/{transactionId}`, for `client_credentials`, and if
/// its document says so.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline, deny_unknown_fields))]
pub struct Payee {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<Vec<String>>,
}

/// One step of a payment.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Operation {
    pub id: Uuid,
    #[serde(rename = "type")]
    pub kind: Word<Kind>,
    pub amount: PositiveMinor,
    pub formatted: String,
    /// `not_done`: the gateway did nothing; `waits_for_dispute`: a refund that Tollgate owes, held
    /// back while a chargeback of the order is open
    pub state: Word<Stage>,
    pub mechanism: Word<Mechanism>,
    /// How often it was sent; 0 when only recorded
    pub attempts: u32,
    pub asked_by: Word<Principal>,
    pub timestamps: Timestamps,
    /// Why Tollgate voided it without a request: a detailed status, or
    /// [`twin`](retries.md#no-trace)
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Word<VoidReason>>,
    #[cfg_attr(feature = "schema", schemars(extend("minProperties" = 1)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<Attribution>,
    /// The MID of the account that it was sent through; absent if it was only recorded
    #[serde(skip_serializing_if = "Option::is_none")]
    pub merchid: Option<String>,
    /// Its order id at the gateway; absent if it was only recorded
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gateway_order_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gateway: Option<GatewayAnswer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fee: Option<OperationFee>,
    /// Approved, then refused at settlement. It is never repeated automatically.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settlement: Option<Word<SettlementOfOperation>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decline_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<Word<Advice>>,
    /// The subject of a card scheme's ban
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<Word<RetryScope>>,
    /// Before when the payment must not, or had better not, be tried again
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_at: Option<Seconds>,
    /// The words of a declined card's scheme, as the gateway states them: not for the payer
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheme: Option<SchemeWords>,
    /// People's decisions about its outcome, the oldest first; only where there are some
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decided: Option<Vec<HandDecision>>,
}

/// A card scheme's words about a decline. Codes that are not known are stated, too.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct SchemeWords {
    /// The scheme's advice to the merchant
    pub advice_code: Option<String>,
    pub advice_text: Option<String>,
    /// The scheme's own response code
    pub response_code: Option<String>,
    pub response_text: Option<String>,
    /// Visa's category, `1` to `4`
    pub category: Option<String>,
}

/// A person's decision about an outcome that the gateway did not state.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct HandDecision {
    pub outcome: Word<HandVerdict>,
    /// The name that the person stated
    pub by: String,
    /// A person whom Tollgate has verified
    pub person: Option<String>,
    pub reason: String,
    pub at: Seconds,
}

words! {
    /// The settlement of an operation, where there is something to say of it.
    pub enum SettlementOfOperation {
        Rejected => "rejected",
    }
}

/// The fee that the gateway charged or returned beside the amount. No sum of the order contains it.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline, deny_unknown_fields))]
pub struct OperationFee {
    pub amount: Minor,
    /// The kind of fee
    pub kind: Word<FeeKind>,
}

impl From<Fee> for OperationFee {
    fn from(fee: Fee) -> Self {
        Self { amount: fee.amount.into(), kind: fee.kind.into() }
    }
}

/// Stored members of a request of the credit-card API; only for `client_credentials`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Memo {
    /// Its `TransactionReference`
    pub reference: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deal_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deal_stage: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub marketing: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revenue_partner: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorizer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discount: Option<MemoDiscount>,
    /// The card was to be stored; otherwise left out
    #[cfg_attr(feature = "schema", schemars(extend("const" = true)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub save_card: Option<bool>,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct MemoDiscount {
    pub code: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product: Option<String>,
    pub amount: Minor,
}

/// A chargeback, or an amount that came back of one, as the processor reports it.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Dispute {
    #[serde(rename = "type")]
    pub kind: Word<DisputeKind>,
    /// The gateway's own id of it; null if it states none
    pub id: Option<String>,
    /// The processor's number of the case
    pub case: String,
    /// A chargeback's number within the case; null of a reversal, and if none is stated
    pub number: Option<String>,
    /// In minor units; 0 of one that its deposit does not list any more
    pub amount: Minor,
    /// The day that the processor states
    pub day: Option<jiff::civil::Date>,
    /// The card scheme's code of the reason
    pub reason_code: Option<String>,
    /// The same in words
    pub reason: Option<String>,
    /// The reference by which banks know the payment (ARN)
    pub acquirer_reference: Option<String>,
    /// The deposit that it was reported with
    pub deposit: Option<String>,
    /// The day of the gateway's last change
    pub changed_on: Option<jiff::civil::Date>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secret_of_a_payment_is_not_shown() {
        let parameters = ClientParameters { secret: "s3cret".to_owned() };
        assert!(!format!("{parameters:?}").contains("s3cret"));
    }
}

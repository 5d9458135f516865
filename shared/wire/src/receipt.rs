//! A payment as its receipt shows it.

use serde::{Deserialize, Serialize};
use tollgate_core::order::PaymentWord;
use uuid::Uuid;

use crate::{
    constant::ReceiptType,
    transaction::{TransactionFee, TransactionStatus},
    values::{Price, Seconds, SignedPrice, Word},
};

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Receipt {
    #[serde(rename = "type")]
    pub kind: ReceiptType,
    pub order: String,
    pub transaction: Uuid,
    pub status: Word<TransactionStatus>,
    /// [One word](api.md#states) for the payment. `status` does not distinguish held from paid.
    pub state: Word<PaymentWord>,
    pub approved_at: Seconds,
    pub merchant: ReceiptMerchant,
    /// ISO 4217 code
    pub currency: String,
    pub amount: Price,
    /// Charged beside the amounts, in minor units; null where there is none
    pub fee: Option<TransactionFee>,
    pub total: Price,
    /// Taken off before the amount
    pub discount: Option<ReceiptDiscount>,
    pub captured: Price,
    pub refunded: Price,
    pub after_refunds: Price,
    pub disputed: SignedPrice,
    pub card: ReceiptCard,
    /// The issuer's
    pub approval_code: Option<String>,
    /// The gateway's (retref)
    pub reference: Option<String>,
    /// The merchant's own
    pub custom_reference: Option<String>,
}

/// The payee, as far as the merchant's document says.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct ReceiptMerchant {
    pub name: Option<String>,
    pub address: Vec<String>,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct ReceiptDiscount {
    pub code: String,
    pub product: Option<String>,
    pub amount: Price,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct ReceiptCard {
    pub brand: Option<String>,
    pub last_four: Option<String>,
}

//! The surcharge of a payment, before the payment.

use serde::{Deserialize, Serialize};
use tollgate_core::{payments::Waived, values::FeeKind};

use crate::{
    constant::SurchargeType,
    values::{CurrencyCode, LiveMode, Minor, PositiveMinor, Price, Word},
};

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Surcharge {
    #[serde(rename = "type")]
    pub kind: SurchargeType,
    pub amount: PositiveMinor,
    pub currency: CurrencyCode,
    pub fee: SurchargeFee,
    pub total: PositiveMinor,
    /// Whether a fee would be charged
    pub charged: bool,
    /// Why nothing would be added: the account has no surcharge program, and the gateway was not
    /// called; only credit cards are surcharged; surcharges are not allowed there; the fee is
    /// rounded to nothing. Null: `fee.amount` would be added, and the card charged `total`.
    pub reason: Option<Word<Waived>>,
    pub meta: SurchargeMeta,
    pub livemode: LiveMode,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct SurchargeFee {
    /// The kind of fee
    pub kind: Word<FeeKind>,
    pub amount: Minor,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct SurchargeMeta {
    pub display_price: Price,
    pub display_fee: Price,
    pub display_total: Price,
}

//! What a merchant's system says about a payment besides what is paid: kept with it, acted upon by nobody here.

use serde::{Deserialize, Serialize};

use crate::money::Amount;

/// What is kept with a payment that is an order of its own. Holds no card data.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memo {
    /// The merchant's own reference of the payment, unique among the merchant's.
    pub reference: String,
    /// What is paid for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The cardholder's address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The cardholder's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The merchant's classification of the deal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deal_type: Option<String>,
    /// How far the deal has come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deal_stage: Option<String>,
    /// Where the deal came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub marketing: Option<String>,
    /// Who has a share in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revenue_partner: Option<String>,
    /// The acquirer that the merchant named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorizer: Option<String>,
    /// What was taken off before the card was charged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discount: Option<Discounted>,
    /// Whether the card is to be stored at the gateway.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub save_card: bool,
}

/// A discount that was granted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Discounted {
    /// The code that it was granted for.
    pub code: String,
    /// The product that it was granted on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product: Option<String>,
    /// What was taken off.
    pub amount: Amount,
}

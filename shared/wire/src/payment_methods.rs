//! Stored cards.

use serde::{Deserialize, Serialize};
use tollgate_core::words;

use crate::{
    card::Card,
    constant::{CardConnect, PaymentMethodType},
    values::{Timestamps, Word},
};

words! {
    /// The state of a stored card.
    pub enum PaymentMethodStatus {
        Stored => "stored",
        /// The gateway's response is not known yet.
        Pending => "pending",
        Deleting => "deleting",
        Deleted => "deleted",
        /// Declined, or not processed.
        NotStored => "not_stored",
    }
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PaymentMethod {
    #[cfg_attr(feature = "schema", schemars(extend("pattern" = "^pm_[a-z]{56}$")))]
    pub id: String,
    #[serde(rename = "type")]
    pub kind: PaymentMethodType,
    pub gateway: CardConnect,
    #[cfg_attr(feature = "schema", schemars(extend("$ref" = "#/components/schemas/CustomerReference")))]
    pub customer: String,
    #[cfg_attr(feature = "schema", schemars(extend("enum" = ["stored", "pending", "deleting"])))]
    pub status: Word<PaymentMethodStatus>,
    /// The one that was chosen, or else the one that has been stored longest
    pub default: bool,
    /// Pays orders. Null unless the card is stored.
    #[cfg_attr(feature = "schema", schemars(extend("pattern" = r"^[0-9]{1,3}\|[0-9]{1,20}$")))]
    pub payment: Option<String>,
    pub card: StoredCard,
    pub meta: PaymentMethodMeta,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct StoredCard {
    #[serde(flatten)]
    pub card: Card,
    /// Sent to the gateway and not confirmed
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 12)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new_expiry_month: Option<u32>,
    #[cfg_attr(feature = "schema", schemars(range(min = 2000, max = 2099)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new_expiry_year: Option<u32>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct PaymentMethodMeta {
    pub timestamps: Timestamps,
}

/// A stored card that was deleted, or is being deleted.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct GonePaymentMethod {
    #[serde(rename = "type")]
    pub kind: PaymentMethodType,
    #[cfg_attr(feature = "schema", schemars(extend("pattern" = "^pm_[a-z]{56}$")))]
    pub id: String,
    #[cfg_attr(feature = "schema", schemars(extend("enum" = ["deleted", "deleting"])))]
    pub status: Word<PaymentMethodStatus>,
}

//! Cards as far as they are stored.

use serde::{Deserialize, Serialize};

/// A card as far as it is stored; every member is null where the payment was made with something
/// else.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Card {
    #[cfg_attr(feature = "schema", schemars(extend("examples" = ["Visa"])))]
    pub brand: Option<String>,
    #[cfg_attr(feature = "schema", schemars(extend("pattern" = "^[0-9]{4}$", "examples" = ["4242"])))]
    pub last_four: Option<String>,
    /// Of a payment by a stored card only if Tollgate stored it and the request names its `id` or
    /// its `customer`
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 12)))]
    pub expiry_month: Option<u32>,
    #[cfg_attr(feature = "schema", schemars(range(min = 2000, max = 2099)))]
    pub expiry_year: Option<u32>,
}

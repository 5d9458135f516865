//! Cards as far as they are stored.

use serde::{Deserialize, Serialize};

/// A card as far as it is stored; every member is null where the payment was made with something
/// else.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Card {
    #[cfg_attr(feature = "schema", schemars(extend("examples" = ["Visa"])))]
    pub brand: Option<String>,
    #[cfg_attr(feature = "schema", schemars(extend("examples" = ["4242"])))]
    pub last_four: Option<String>,
    /// Of a stored card only if Tollgate stored it and the request names its `id` or its `customer`
    pub expiry_month: Option<u32>,
    pub expiry_year: Option<u32>,
}

//! Access tokens.

use serde::{Deserialize, Serialize};
use tollgate_core::order::Principal;

use crate::{
    constant::{AccessTokenType, Bearer},
    values::Word,
};

// A secret: no `Debug`.
/// A token that was issued.
#[derive(Clone, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Token {
    pub access_token: String,
    pub token_type: Bearer,
    /// Seconds
    #[cfg_attr(feature = "schema", schemars(extend("enum" = [3600, 900])))]
    pub expires_in: i64,
    /// Seconds since 1970
    pub expires: i64,
    /// The grant type; not of an exchange
    #[cfg_attr(feature = "schema", schemars(extend("enum" = ["client_credentials", "implicit"])))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identifier: Option<Word<Principal>>,
    /// Only of an exchange
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issued_token_type: Option<AccessTokenType>,
}

//! The service itself.

use serde::{Deserialize, Serialize};
use tollgate_core::words;

use crate::values::Word;

words! {
    /// Whether payments are made.
    pub enum PaymentsSwitch {
        Enabled => "enabled",
        /// Requests that move money are refused.
        Stopped => "stopped",
        /// The table cannot be read.
        Unknown => "unknown",
    }
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Status {
    /// The version of the code, and after a plus sign the deployment's `Revision` if it has one.
    pub version: String,
    /// `stopped`: requests that move money get 503 `payments_stopped`. `unknown`: the table cannot
    /// be read.
    pub payments: Word<PaymentsSwitch>,
}

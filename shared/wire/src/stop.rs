//! The stop of a merchant's payments.

use serde::{Deserialize, Serialize};

use crate::{attribution::Attribution, constant::StopType, values::Seconds};

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct Stop {
    #[serde(rename = "type")]
    pub kind: StopType,
    /// Whether this merchant's payments are stopped
    pub stopped: bool,
    /// Whether the operator has stopped the payments of all merchants
    pub all_stopped: bool,
    /// Null if its payments were never stopped
    pub last_change: Option<StopChange>,
    /// The newest first
    #[cfg_attr(feature = "schema", schemars(length(max = 100)))]
    pub history: Vec<StopChange>,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct StopChange {
    #[serde(flatten)]
    pub by: Attribution,
    /// Whether it stopped payments or let them go on
    pub stopped: bool,
    pub at: Seconds,
    /// Whether the operator of this service did it
    pub by_operator: bool,
}

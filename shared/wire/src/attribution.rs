//! Who requested something, and why.

use serde::{Deserialize, Serialize};

use crate::{read::beside, values::Seconds};

/// Who requested it, by name, and why; only if the key has a name or the request said so.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline, deny_unknown_fields))]
#[serde(default)]
pub struct Attribution {
    /// The name of the merchant's key
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_name: Option<String>,
    /// A person whom Tollgate has verified
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// A person whom Tollgate has verified, who proposed it
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proposed_by: Option<String>,
    /// A person in the merchant's system
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// Why
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// When an order's scheduled captures were paused, resumed or moved, by whom and why.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct CaptureSwitch {
    #[serde(flatten, deserialize_with = "beside")]
    pub by: Attribution,
    pub at: Seconds,
}

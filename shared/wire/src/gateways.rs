//! The gateway that a merchant's payments go through.

use serde::{Deserialize, Serialize};

use crate::constant::{CardConnect, CardConnectName, GatewayType, True};

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Gateway {
    pub id: CardConnect,
    #[serde(rename = "type")]
    pub kind: GatewayType,
    pub name: CardConnectName,
    pub slug: CardConnect,
    pub enabled: True,
    /// Whether its account moves no real money, by the gateway's host
    pub test: bool,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct GatewaysBody {
    pub data: [Gateway; 1],
}

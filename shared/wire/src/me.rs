//! The caller, its rights, and its merchant's state.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tollgate_core::{payments::Role, words};
use uuid::Uuid;

use crate::{
    constant::MeType,
    transactions::AttentionCount,
    values::{Minor, Seconds, Word},
};

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Me {
    #[serde(rename = "type")]
    pub kind: MeType,
    /// The merchant's id
    pub id: String,
    pub merchant: MyMerchant,
    /// The key that called; null where a person did
    pub key: Option<MyKey>,
    /// The person who called, with present rights; null where a key did
    pub person: Option<MyPerson>,
    pub may: MyRights,
    pub payments: MyPayments,
    pub limits: MyLimits,
    pub attention: MyAttention,
    pub settlement: MySettlement,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct MyMerchant {
    pub id: String,
    pub name: Option<String>,
    /// The merchant's own; UTC if it has none
    pub time_zone: String,
    /// Whether payments are real
    pub livemode: bool,
    pub currencies: Vec<String>,
    pub search: MySearch,
}

/// The texts that find payments, besides the gateway's data: the members of the merchant's document
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct MySearch {
    /// The merchant's own references: the filter `custom_reference`
    pub references: bool,
    /// Customers' references and addresses: the filters `customer_id` and `customer_email`
    pub customers: bool,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct MyKey {
    pub name: Option<String>,
    pub role: Word<Role>,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct MyPerson {
    pub id: Uuid,
    pub name: String,
    pub role: Word<Role>,
    /// The most of the refunds of one order by currency; null without limit. In a currency that is
    /// not listed, nothing
    pub refund_max: Option<Vec<RefundLimit>>,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct RefundLimit {
    pub currency: String,
    /// In minor units
    pub amount: Minor,
}

/// The rights of the caller's role, by the role that has them first
#[expect(clippy::struct_excessive_bools, reason = "a role has one or it does not")]
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline, deny_unknown_fields))]
pub struct MyRights {
    pub read: bool,
    pub pay: bool,
    pub operate: bool,
    pub all: bool,
}

words! {
    /// Whose switch stops payments.
    pub enum SwitchOwner {
        Merchant => "merchant",
        /// The operator's, of all merchants.
        All => "all",
    }
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct MyPayments {
    /// Whether payments are stopped; null if it cannot be told
    pub stopped: Option<bool>,
    /// The switch that stops them; `GET /v2/stop` names who turned it on
    pub by_switch_of: Option<Word<SwitchOwner>>,
    /// How old `stopped` and `by_switch_of` may be. `GET /v2/stop` reads the merchant's own switch
    /// as it is now
    pub stopped_max_age_seconds: i64,
    /// Whether the merchant's document holds back all scheduled captures; it is read every few
    /// minutes
    pub captures_paused: bool,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct MyLimits {
    /// Most of `page[limit]`
    pub page_rows: usize,
    pub shoppers: ShopperLimits,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(inline, extend("additionalProperties" = {"type": "integer"}))
)]
pub struct ShopperLimits {
    pub attempts_per_order: usize,
    pub declines_per_source_hour: u32,
    pub declines_per_network_hour: u32,
    pub payments_in_flight: u32,
    pub payments_in_flight_per_network: u32,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct MyAttention {
    pub count: AttentionCount,
    pub as_of: Timestamp,
}

/// Differences between payments and the money that reached the bank account
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct MySettlement {
    pub count: ExceptionCount,
    pub as_of: Timestamp,
    /// When the gateway's reports were read, of the account that was read last of all; null if one
    /// never was
    pub read_at: Option<Seconds>,
}

/// How many exceptions are open. Nothing beyond 1,000 is counted.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline, deny_unknown_fields))]
pub struct ExceptionCount {
    #[cfg_attr(feature = "schema", schemars(range(max = 1000)))]
    pub exceptions: usize,
    /// Whether there are more
    pub more: bool,
    #[cfg_attr(feature = "schema", schemars(extend("examples" = ["1,000+"])))]
    pub formatted: String,
}

//! Events: changes of payments, orders and deposits.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{order::Order, transaction::Transaction, values::Milliseconds};

/// A change of a payment or an order
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Event"))]
pub struct Event<D> {
    /// The same whenever the same event is sent again
    pub id: Uuid,
    /// More types may be added. Ignore those that you do not know
    #[cfg_attr(feature = "schema", schemars(extend("examples" = ["order.paid"])))]
    #[serde(rename = "type")]
    pub kind: String,
    /// When it happened, in UTC with milliseconds
    pub timestamp: Milliseconds,
    #[cfg_attr(feature = "schema", schemars(extend("examples" = ["170200123"])))]
    pub merchant: String,
    /// The order's version after the change
    pub version: u64,
    /// The transaction or the order as the merchant's `GET` returns it
    pub data: D,
    /// Only of `transaction.needs_attention`: why a person has to look at it. More reasons may be
    /// added
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The subject of an event.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
#[serde(untagged)]
pub enum EventData {
    Transaction(Box<Transaction>),
    Order(Box<Order>),
}

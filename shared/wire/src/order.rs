//! Orders: amounts to be paid.

use serde::{Deserialize, Serialize};
use tollgate_core::{order::PaymentStatus, words};
use uuid::Uuid;

use crate::{
    attribution::CaptureSwitch,
    constant::{Empty, False, OrderType, TransactionType, Unfulfilled},
    list::{Identifier, PageMeta},
    possible::NeedsAttention,
    values::{
        CurrencyCode, LiveMode, Milliseconds, OrNull, OrderVersion, PositiveMinor, Price, Seconds,
        Timestamps, Word,
    },
};

words! {
    /// Elastic Path's status of an order.
    pub enum OrderStatus {
        Incomplete => "incomplete",
        Processing => "processing",
        Complete => "complete",
    }
}

/// An order. The members that the SDK's types promise are all there; members for data that is not
/// kept here (taxes, discounts, the customer, addresses, shipping) have a value that says nothing.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = with_livemode))]
pub struct Order {
    pub id: String,
    #[serde(rename = "type")]
    pub kind: OrderType,
    pub status: Word<OrderStatus>,
    /// [The meaning of each](api.md#the-order)
    pub payment: Word<PaymentStatus>,
    /// The total in minor units; null for an order that was not registered.
    pub amount: Option<PositiveMinor>,
    pub currency: CurrencyCode,
    pub meta: OrderMeta,
    pub relationships: OrderRelationships,
    /// Empty
    pub links: NoMembers,
    /// Shipping is not recorded
    pub shipping: Unfulfilled,
    pub anonymized: False,
    /// Not stored; its name is empty, and it has no e-mail address
    pub customer: NoCustomer,
    pub shipping_address: NoAddress,
    pub billing_address: NoAddress,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub livemode: Option<LiveMode>,
    /// When authorizations that state nothing are captured automatically; null means only on
    /// request. Absent if the order states nothing.
    #[serde(default, skip_serializing_if = "OrNull::is_absent")]
    pub capture_at: OrNull<Seconds>,
    /// The same as a rule
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capture: Option<CaptureRule>,
}

/// Requires `livemode`: only an event of an order without payments can lack it.
#[cfg(feature = "schema")]
fn with_livemode(schema: &mut schemars::Schema) {
    if let Some(required) = schema.get_mut("required").and_then(serde_json::Value::as_array_mut) {
        required.push("livemode".into());
    }
}

/// When an authorization is captured automatically, counted from it.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline, deny_unknown_fields))]
pub struct CaptureRule {
    /// ISO 8601 duration in days, hours, minutes and seconds, at most 366 days
    #[cfg_attr(
        feature = "schema",
        schemars(extend("pattern" = "^P([0-9]{1,3}D)?(T([0-9]{1,4}H)?([0-9]{1,6}M)?([0-9]{1,8}S)?)?$"))
    )]
    pub after: String,
    /// The cut-off, a time of day in `zone`; the next one after that duration
    #[cfg_attr(feature = "schema", schemars(extend("pattern" = "^([01][0-9]|2[0-3]):[0-5][0-9]$")))]
    pub at: Option<String>,
    /// IANA time zone
    #[cfg_attr(feature = "schema", schemars(extend("pattern" = "^[A-Za-z0-9_+/-]{1,255}$")))]
    pub zone: Option<String>,
    /// Whether only Monday to Friday without the Federal Reserve's and the merchant's holidays
    /// count
    pub business_days: bool,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct OrderMeta {
    pub display_price: OrderPrices,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<OrderVersion>,
    pub timestamps: Timestamps,
    /// Only while the order's scheduled captures are paused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub captures_paused: Option<CaptureSwitch>,
    /// How their last pause ended; only while they are not paused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub captures_resumed: Option<CaptureSwitch>,
    /// Only where Elastic Path shows payments that Tollgate did not record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub foreign_payments: Option<ForeignPayments>,
    /// Only in the list of reasons for attention.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub needs_attention: Option<Vec<NeedsAttention>>,
    /// Since when; only there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listed_at: Option<Milliseconds>,
}

/// Payments by Elastic Path's manual gateway that Tollgate did not record. No card was charged by
/// them, and no sum here has them.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ForeignPayments {
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    pub count: u32,
    /// When the first one was found
    pub since: Milliseconds,
    /// When the latest one was found
    pub latest: Milliseconds,
}

/// `with_tax`, `without_tax` (both the total) and `balance_owing` only for a registered order.
/// Taxes, discounts and shipping are not stored: they are 0.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct OrderPrices {
    pub authorized: Price,
    pub paid: Price,
    pub refunded: Price,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub with_tax: Option<Price>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub balance_owing: Option<Price>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub without_tax: Option<Price>,
    pub tax: Price,
    pub discount: Price,
    pub shipping: Price,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct OrderRelationships {
    pub transactions: TransactionLinks,
    /// Not stored; empty
    pub items: NoItems,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct TransactionLinks {
    pub data: Vec<Identifier<TransactionType, Uuid>>,
}

#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct NoItems {
    #[cfg_attr(feature = "schema", schemars(length(max = 0)))]
    pub data: Vec<String>,
}

#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct NoMembers {}

#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline, deny_unknown_fields))]
pub struct NoCustomer {
    pub name: Empty,
}

/// Addresses are not stored; all members are empty. The last two are of a shipping address.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NoAddress {
    pub first_name: Empty,
    pub last_name: Empty,
    pub company_name: Empty,
    pub line_1: Empty,
    pub line_2: Empty,
    pub city: Empty,
    pub county: Empty,
    pub region: Empty,
    pub postcode: Empty,
    pub country: Empty,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone_number: Option<Empty>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instructions: Option<Empty>,
}

/// A page of the list of orders.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OrderPage {
    #[cfg_attr(feature = "schema", schemars(length(max = 100)))]
    pub data: Vec<Order>,
    pub links: OrderLinks,
    pub meta: OrderPageMeta,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct OrderLinks {
    /// The next page, as a reference relative to the request; absent on the last one
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct OrderPageMeta {
    pub page: OrderPagePlace,
    pub results: OrderResults,
    /// Orders that cannot be read; `data` does not have them
    pub unreadable: Vec<UnreadableOrder>,
    /// Upper bound of the bytes that the page read
    pub read_bytes: usize,
}

/// `current` and `total` only where all orders are on this page; `offset` there, and where it was
/// requested
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct OrderPagePlace {
    #[serde(flatten)]
    pub page: PageMeta,
    #[cfg_attr(feature = "schema", schemars(extend("const" = 1)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<usize>,
    #[cfg_attr(feature = "schema", schemars(extend("const" = 1)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<u32>,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct OrderResults {
    /// How many orders there are, where all are on this page
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<usize>,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct UnreadableOrder {
    /// The key of the item
    pub id: String,
    /// The order, if it is known
    pub order_id: Option<String>,
}

//! A shop's answers, of which only the members that decide are read. What is missing or contradicts
//! itself is no answer: a guess would cost somebody money.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use tollgate_core::{
    order::{
        Kind, OrderId, PartRefunded, RowStatus, ShopOrder, ShopStanding, ShopTransaction, TellingAnswer,
        ToTell,
    },
    payments::{ChangedOrder, ChangedPage, ShopFailure},
    values::{Amount, Currency},
};

#[derive(Deserialize)]
struct OrderDocument {
    data: OrderMembers,
}

#[derive(Deserialize)]
struct OrderMembers {
    id: String,
    status: String,
    payment: String,
    meta: OrderMeta,
}

#[derive(Deserialize)]
struct OrderMeta {
    display_price: Prices,
    /// Whether the order was imported, with prices and words that no checkout made.
    #[serde(default)]
    is_manual: bool,
}

#[derive(Deserialize)]
struct Prices {
    with_tax: Price,
    /// An order that owes nothing may have none.
    balance_owing: Option<Price>,
    authorized: Option<Price>,
    paid: Option<Price>,
}

#[derive(Deserialize)]
struct Price {
    /// In the currency's smallest unit.
    amount: Value,
    currency: String,
}

/// A shop's amount. A balance below zero, of an order that was paid twice over, is nothing owed.
fn amount_of(price: &Price, currency: Currency) -> Option<Amount> {
    if Currency::parse(&price.currency).ok()? != currency {
        return None;
    }
    stated(&price.amount)
}

/// An amount of a shop. One below zero is nothing.
fn stated(amount: &Value) -> Option<Amount> {
    let minor = amount.as_u64().or_else(|| amount.as_i64().map(|_| 0))?;
    Amount::new(minor).ok()
}

/// The order that an answer has, which has to be the one that was asked for.
pub(super) fn order(body: &[u8], id: &OrderId, read_at: Timestamp) -> Result<ShopOrder, ShopFailure> {
    let unreadable = |what: &str| ShopFailure::Unreadable(what.to_owned());
    // A failure's own words quote nothing, but name lines of a document with a payer's name.
    let document: OrderDocument =
        serde_json::from_slice(body).map_err(|_| unreadable("a member is missing or of another type"))?;
    if document.data.id != id.as_str() {
        return Err(unreadable("it has another id"));
    }
    order_of(&document.data, read_at)
}

/// The order with these members.
fn order_of(order: &OrderMembers, read_at: Timestamp) -> Result<ShopOrder, ShopFailure> {
    let unreadable = |what: &str| ShopFailure::Unreadable(what.to_owned());
    let prices = &order.meta.display_price;
    let currency = Currency::parse(&prices.with_tax.currency)
        .map_err(|_| unreadable("its currency is none of ISO 4217"))?;
    let amount = |price: &Price| {
        amount_of(price, currency)
            .ok_or_else(|| unreadable("an amount of it is none, or in another currency"))
    };
    let other = |price: &Option<Price>| price.as_ref().map_or(Ok(Amount::ZERO), amount);
    let settled = Amount::sum([other(&prices.authorized)?, other(&prices.paid)?]);
    let standing =
        standing(order, settled).ok_or_else(|| unreadable("its status or payment is not known"))?;
    let total = amount(&prices.with_tax)?;
    let unpaid = total.checked_sub(settled).unwrap_or(Amount::ZERO);
    let owing = match &prices.balance_owing {
        // It may be above what its own sums leave. The smaller of both counts.
        Some(owing) => amount(owing)?.min(unpaid),
        None if standing != ShopStanding::Open => Amount::ZERO,
        None => return Err(unreadable("it does not say what is owing")),
    };
    let is_refunded = order.payment == "refunded";
    Ok(ShopOrder { currency, total, owing, settled, standing, is_refunded, read_at })
}

/// Whether the shop takes payments for an order of which this much is paid or authorized.
fn standing(order: &OrderMembers, settled: Amount) -> Option<ShopStanding> {
    match order.status.as_str() {
        status if is_cancelled(status) => return Some(ShopStanding::Cancelled),
        "incomplete" | "processing" | "complete" => {}
        _ => return None,
    }
    let is_settled = match order.payment.as_str() {
        "unpaid" => return Some(ShopStanding::Open),
        "partially_authorized" | "partially_paid" => false,
        "authorized" | "paid" | "refunded" => true,
        _ => return None,
    };
    // Its words come from an import, and no transaction bears them out.
    if order.meta.is_manual && settled.is_zero() {
        return Some(ShopStanding::Imported);
    }
    Some(if is_settled { ShopStanding::Settled } else { ShopStanding::Open })
}

#[derive(Deserialize)]
struct ManualGatewayDocument {
    data: GatewayMembers,
}

/// All that is read of a gateway: its other members are credentials.
#[derive(Deserialize)]
struct GatewayMembers {
    enabled: bool,
}

/// Whether the gateway is enabled.
pub(super) fn manual_gateway(body: &[u8]) -> Result<bool, ShopFailure> {
    match serde_json::from_slice(body) {
        Ok(ManualGatewayDocument { data }) => Ok(data.enabled),
        Err(_) => Err(ShopFailure::Unreadable("the manual gateway's answer has no `enabled`".to_owned())),
    }
}

/// The gateway that payments are recorded by: the shop moves no money for it.
const GATEWAY: &str = "manual";

/// Longest id of a shop's transaction. They are UUIDs.
const ID_MAX: usize = 64;

#[derive(Deserialize)]
struct TransactionDocument {
    data: Value,
}

#[derive(Deserialize)]
struct TransactionsDocument {
    data: Vec<Value>,
}

/// A transaction. Other gateways' may lack members.
#[derive(Deserialize)]
struct TransactionMembers {
    id: String,
    gateway: Option<String>,
    custom_reference: Option<String>,
    /// In the currency's smallest unit.
    amount: Value,
    refunded_amount: Option<Value>,
    transaction_type: Option<String>,
    /// Older versions have this name.
    #[serde(rename = "transaction-type")]
    older_type: Option<String>,
    status: Option<String>,
    #[serde(default)]
    meta: Value,
}

impl TransactionMembers {
    /// Whether it was changed after it was made. A further row may take a moment to be written.
    fn is_changed(&self) -> bool {
        let at = |moment: &str| self.meta["timestamps"][moment].as_str()?.parse::<Timestamp>().ok();
        let times = at("created_at").zip(at("updated_at"));
        times
            .is_some_and(|(created, updated)| updated.duration_since(created) >= SignedDuration::from_secs(1))
    }

    fn read(row: Value) -> Option<ShopTransaction> {
        serde_json::from_value::<Self>(row).ok()?.checked()
    }

    fn checked(self) -> Option<ShopTransaction> {
        let is_id = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if self.id.is_empty() || self.id.len() > ID_MAX || !self.id.chars().all(is_id) {
            return None;
        }
        let is_changed = self.is_changed();
        let step = match self.transaction_type.or(self.older_type).as_deref() {
            Some("authorize") => Some(Kind::Authorize),
            Some("purchase") => Some(Kind::Purchase),
            Some("capture") => Some(Kind::Capture),
            Some("refund") => Some(Kind::Refund),
            _ => None,
        };
        let status = match self.status.as_deref() {
            Some("pending") => RowStatus::Pending,
            Some("cancelled" | "canceled") => RowStatus::Cancelled,
            Some("failed") => RowStatus::Failed,
            _ => RowStatus::Complete,
        };
        Some(ShopTransaction {
            id: self.id,
            is_manual: self.gateway.as_deref() == Some(GATEWAY),
            reference: self.custom_reference,
            amount: stated(&self.amount)?,
            refunded: self.refunded_amount.as_ref().map_or(Some(Amount::ZERO), stated)?,
            step,
            status,
            is_changed,
        })
    }
}

/// All transactions of an order, each once. One of another gateway that cannot be read explains
/// nothing.
pub(super) fn transactions(body: &[u8]) -> Result<Vec<ShopTransaction>, ShopFailure> {
    let unreadable = || ShopFailure::Unreadable("a member of its transactions".to_owned());
    let document: TransactionsDocument = serde_json::from_slice(body).map_err(|_| unreadable())?;
    let mut rows = BTreeMap::new();
    for row in document.data {
        let is_manual = row["gateway"] == GATEWAY;
        match TransactionMembers::read(row) {
            Some(row) => _ = rows.insert(row.id.clone(), row),
            None if is_manual => return Err(unreadable()),
            None => {}
        }
    }
    Ok(rows.into_values().collect())
}

/// The body that records a payment. Its reference is the payment's id, by which it is found again.
pub(super) fn payment(step: &ToTell) -> Value {
    json!({"data": {
        "gateway": GATEWAY,
        "method": step.step.as_str(),
        "amount": step.amount.minor(),
        "paymentmethod_meta": {"custom_reference": step.transaction},
    }})
}

/// The body of a partial refund.
pub(super) fn refund(part: PartRefunded) -> Value {
    json!({"data": {"amount": part.amount.minor()}})
}

/// The body that cancels an order.
pub(super) fn cancellation() -> Value {
    json!({"data": {"type": "order", "status": "cancelled"}})
}

#[derive(Deserialize)]
struct OrdersDocument {
    data: Vec<Value>,
}

/// A page of changed orders. A row that is none of Tollgate's may be anything.
pub(super) fn changed(body: &[u8], read_at: Timestamp) -> Result<ChangedPage, ShopFailure> {
    let unreadable = |_| ShopFailure::Unreadable("the list of orders".to_owned());
    let OrdersDocument { data } = serde_json::from_slice(body).map_err(unreadable)?;
    let times = data.iter().map(|row| {
        let changed = row["meta"]["timestamps"]["updated_at"].as_str();
        changed.and_then(|text| text.parse::<Timestamp>().ok())
    });
    let times: Vec<Option<Timestamp>> = times.collect();
    let has_order = times.is_sorted() && !times.contains(&None);
    let order = |(row, changed_at): (&Value, &Option<Timestamp>)| {
        let there = OrderMembers::deserialize(row).ok().and_then(|order| order_of(&order, read_at).ok());
        Some(ChangedOrder {
            id: row["id"].as_str()?.parse().ok()?,
            is_cancelled: row["status"].as_str().is_some_and(is_cancelled),
            changed_at: changed_at.filter(|_| has_order),
            there,
        })
    };
    Ok(ChangedPage {
        orders: data.iter().zip(&times).filter_map(order).collect(),
        rows: data.len(),
        reached: times.last().copied().flatten().filter(|_| has_order),
    })
}

fn is_cancelled(status: &str) -> bool {
    matches!(status, "cancelled" | "canceled")
}

/// The meaning of an answer to a step. One that is not exactly what was sent is looked at.
pub(super) fn recorded(answer: &super::Answer, step: &ToTell) -> TellingAnswer {
    match answer.status {
        StatusCode::OK | StatusCode::CREATED => {}
        StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => return TellingAnswer::Refused,
        StatusCode::UNAUTHORIZED
        | StatusCode::FORBIDDEN
        | StatusCode::NOT_FOUND
        | StatusCode::TOO_MANY_REQUESTS => return TellingAnswer::NotArrived,
        _ => return TellingAnswer::Unknown,
    }
    if step.step == Kind::Void {
        let shown = serde_json::from_slice::<Value>(&answer.body).unwrap_or_default();
        let is_done = shown["data"]["status"].as_str().is_some_and(is_cancelled);
        let there = step.id.clone().filter(|_| is_done);
        return there.map_or(TellingAnswer::Unknown, TellingAnswer::Recorded);
    }
    let shown = serde_json::from_slice::<TransactionDocument>(&answer.body).ok();
    let shown = shown.and_then(|document| TransactionMembers::read(document.data));
    let is_as_sent = |row: &ShopTransaction| match step.part {
        _ if !row.is_manual || row.status != RowStatus::Complete => false,
        // One row that changes, or a further one.
        Some(part) if row.step == Some(Kind::Refund) => row.amount == part.amount,
        Some(part) => row.amount == step.amount && row.refunded == part.total,
        None => row.amount == step.amount && row.step == Some(step.step),
    };
    shown.filter(is_as_sent).map_or(TellingAnswer::Unknown, |row| TellingAnswer::Recorded(row.id))
}

//! A shop's answers, of which only the members that decide are read. What is missing or contradicts
//! itself is no answer: a guess would cost somebody money.

use serde::Deserialize;
use serde_json::Value;
use tollgate_core::{
    order::{OrderId, ShopOrder, ShopStanding},
    payments::ShopFailure,
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
    let minor = price.amount.as_u64().or_else(|| price.amount.as_i64().map(|_| 0))?;
    Amount::new(minor).ok()
}

/// The order that an answer has, which has to be the one that was asked for.
pub(super) fn order(body: &[u8], id: &OrderId) -> Result<ShopOrder, ShopFailure> {
    let unreadable = |what: &str| ShopFailure::Unreadable(what.to_owned());
    // A failure's own words quote nothing, but name lines of a document with a payer's name.
    let document: OrderDocument =
        serde_json::from_slice(body).map_err(|_| unreadable("a member is missing or of another type"))?;
    let order = document.data;
    if order.id != id.as_str() {
        return Err(unreadable("it has another id"));
    }
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
        standing(&order, settled).ok_or_else(|| unreadable("its status or payment is not known"))?;
    let owing = match &prices.balance_owing {
        Some(owing) => amount(owing)?,
        None if standing != ShopStanding::Open => Amount::ZERO,
        None => return Err(unreadable("it does not say what is owing")),
    };
    Ok(ShopOrder { currency, total: amount(&prices.with_tax)?, owing, standing })
}

/// Whether the shop takes payments for an order of which this much is paid or authorized.
fn standing(order: &OrderMembers, settled: Amount) -> Option<ShopStanding> {
    match order.status.as_str() {
        "cancelled" | "canceled" => return Some(ShopStanding::Cancelled),
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

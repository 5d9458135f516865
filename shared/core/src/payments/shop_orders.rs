//! The orders of the shop that a merchant has, in a system of its own. A port.
//!
//! A payment asks for its order after the order was read from the store and before its intent is
//! put on record; an answer is used for one decision and not kept.

use std::time::Duration;

use async_trait::async_trait;
use jiff::SignedDuration;

use super::{Payments, Refusal};
use crate::{
    order::{
        self, Intent, Order, OrderId, OrderKey, Principal, Rejection, ShopOrder, ShopTransaction,
        TellingAnswer, ToTell,
    },
    payments::Merchant,
};

/// Why a shop did not say what is owed. Nothing was sent to the gateway.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ShopFailure {
    /// It did not answer in time, or not with the order; says why, for the operator.
    #[error("Elastic Path does not say what the order owes: {0}")]
    Unavailable(String),
    /// It answered, and the answer cannot be read; says which part of it.
    #[error("Elastic Path's answer about the order cannot be read: {0}")]
    Unreadable(String),
    /// The merchant's shoppers have asked too much for now; how long to wait.
    #[error("the merchant's shoppers ask for too many orders")]
    TooManyReads(SignedDuration),
}

/// Reads orders from merchants' shops, and tells the shops of payments.
#[async_trait]
pub trait ShopOrders: Send + Sync {
    /// The order as the shop has it now; none if the shop has no such order. A shopper's request
    /// spends a share of its own.
    async fn order(
        &self,
        merchant: &Merchant,
        id: &OrderId,
        by: Principal,
    ) -> Result<Option<ShopOrder>, ShopFailure>;

    /// All transactions of an order that may be Tollgate's, in no certain order.
    async fn transactions(
        &self,
        merchant: &Merchant,
        id: &OrderId,
    ) -> Result<Vec<ShopTransaction>, ShopFailure>;

    /// Tells a shop one step of a payment, once, within the time.
    async fn tell(&self, merchant: &Merchant, id: &OrderId, step: &ToTell, limit: Duration) -> TellingAnswer;
}

impl Payments {
    /// The order of an intent as its shop has it now. None where no shop decides what the intent
    /// may take, and where the intent repeats an earlier one, which needs no decision.
    ///
    /// `stored` is the order on record, read before.
    pub(super) async fn shop_order(
        &self,
        merchant: &Merchant,
        key: &OrderKey,
        stored: Option<&Order>,
        intent: &Intent,
    ) -> Result<Option<ShopOrder>, Refusal> {
        if !intent.is_owed_at_shop(merchant.policy.orders, stored) {
            return Ok(None);
        }
        if let Some(stored) = stored
            && order::repeated(stored, intent, self.clock.now())?.is_some()
        {
            return Ok(None);
        }
        let found = self.shop_orders.order(merchant, &key.order, intent.by).await;
        let found = found.map_err(Refusal::Shop)?;
        Ok(Some(found.ok_or(Rejection::OrderNotFound)?))
    }
}

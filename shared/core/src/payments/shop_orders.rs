//! The orders of the shop that a merchant has, in a system of its own. A port.
//!
//! A payment asks for its order after the order was read from the store and before its intent is
//! put on record; an answer is used for one decision and not kept.

use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use super::{Payments, Refusal};
use crate::{
    order::{
        self, Action, Intent, Order, OrderId, OrderKey, Principal, Rejection, ShopOrder, ShopTransaction,
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

/// An order in a shop's list of changed orders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedOrder {
    pub id: OrderId,
    pub is_cancelled: bool,
    /// When it was changed; none where the list has no order.
    pub changed_at: Option<Timestamp>,
    /// The order as the list has it; none where that cannot be read.
    pub there: Option<ShopOrder>,
}

/// A part of a shop's list of changed orders.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChangedPage {
    /// Those whose ids can be orders of Tollgate's.
    pub orders: Vec<ChangedOrder>,
    /// All rows of the page. After the last row, a page has none.
    pub rows: usize,
    /// Until when the list is complete with this page; none where its order does not say.
    pub reached: Option<Timestamp>,
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

    /// A page of the orders that were changed since a time, from this place on.
    async fn changed(
        &self,
        merchant: &Merchant,
        since: Timestamp,
        from: usize,
    ) -> Result<ChangedPage, ShopFailure>;

    /// All transactions of an order, each once, in no certain order.
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
        if let Action::CaptureDue { asks_shop } = intent.action {
            return self.shop_before_capture(merchant, stored, asks_shop).await;
        }
        if !intent.is_owed_at_shop(merchant.policy.orders, stored) {
            return Ok(None);
        }
        if let Some(stored) = stored
            && order::repeated(stored, intent, self.clock.now())?.is_some()
        {
            return Ok(None);
        }
        // Its changed orders are read from now on.
        let (found, noted) = tokio::join!(
            self.shop_orders.order(merchant, &key.order, intent.by),
            self.store.note_shop(&merchant.id, self.clock.now())
        );
        if let Err(error) = noted {
            tracing::error!(merchant = %merchant.id, %error, "a shop's changed orders are not read yet");
        }
        let found = found.map_err(Refusal::Shop)?;
        Ok(Some(found.ok_or(Rejection::OrderNotFound)?))
    }

    /// The order whose capture is due, as its shop has it now. None where it has no shop, and
    /// where the capture cannot wait for the shop's answer.
    async fn shop_before_capture(
        &self,
        merchant: &Merchant,
        stored: Option<&Order>,
        asks_shop: bool,
    ) -> Result<Option<ShopOrder>, Refusal> {
        let now = self.clock.now();
        let of_shop = |order: &'_ Order| {
            let due = order.asks_before_capture(merchant.policy.orders, now)?;
            Some((order.id.clone(), due.is_captured_unasked(now)))
        };
        let Some((id, cannot_wait)) = stored.and_then(of_shop) else { return Ok(None) };
        let unavailable = |why: &str| ShopFailure::Unavailable(why.to_owned());
        let found = if asks_shop {
            let found = self.shop_orders.order(merchant, &id, Principal::Schedule).await;
            found.and_then(|found| found.ok_or_else(|| unavailable("it has no such order")))
        } else {
            Err(unavailable("it did not answer about others in this run"))
        };
        match found {
            Err(failure) if cannot_wait => {
                tracing::warn!(merchant = %merchant.id, order = %id, error = %failure, "a capture is made without an answer of the shop");
                Ok(None)
            }
            found => found.map(Some).map_err(Refusal::Shop),
        }
    }
}

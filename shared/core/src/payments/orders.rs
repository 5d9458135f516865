//! What is done to an order without the gateway: registered, read, its captures scheduled, who paid forgotten.

use jiff::Timestamp;
use uuid::Uuid;

use super::{DECISIONS_MAX, Payments, Refusal, audit, next_version};
use crate::{
    order::{Order, OrderKey, Principal, Rejection},
    payments::{Merchant, StoreError},
    values::{Amount, Currency},
};

impl Payments {
    /// Moves a scheduled capture, or cancels it.
    pub async fn schedule_capture(
        &self,
        key: &OrderKey,
        transaction: Uuid,
        at: Option<Timestamp>,
    ) -> Result<Order, Refusal> {
        let change = |order: &mut Order| order.schedule_capture(transaction, at, self.clock.now());
        self.change(key, transaction, ("scheduled capture moved", Principal::ClientCredentials), &change)
            .await
    }

    /// Puts on record that an authorization ended before it was captured.
    pub(crate) async fn lapse(&self, key: &OrderKey, transaction: Uuid) -> Result<Order, Refusal> {
        let change =
            |order: &mut Order| order.lapse(transaction, self.clock.now()).ok_or(Rejection::NothingDue);
        self.change(key, transaction, ("authorization lapsed", Principal::Schedule), &change).await
    }

    /// Puts on record that the merchant is notified of authorizations that end while their captures are held back.
    pub(crate) async fn notify_of_held_back(&self, key: &OrderKey) -> Result<(), Refusal> {
        let change =
            |order: &mut Order| order.notify_of_held_back(self.clock.now()).ok_or(Rejection::NothingDue);
        self.save_changed(self.order(key).await?, &change).await.map(drop)
    }

    /// Changes the schedule of an order that is there, without the gateway and without any other change.
    async fn change(
        &self,
        key: &OrderKey,
        transaction: Uuid,
        (what, by): (&'static str, Principal),
        change: &(dyn Fn(&mut Order) -> Result<(), Rejection> + Sync),
    ) -> Result<Order, Refusal> {
        let order = self.save_changed(self.order(key).await?, change).await?;
        audit::scheduled(&order, transaction, what, by);
        Ok(next_version(&order))
    }

    /// Changes an order, and saves it under the version that was read.
    async fn save_changed(
        &self,
        mut order: Order,
        change: &(dyn Fn(&mut Order) -> Result<(), Rejection> + Sync),
    ) -> Result<Order, Refusal> {
        for _ in 0..DECISIONS_MAX {
            change(&mut order)?;
            match self.store.save(&order).await {
                Ok(()) => return Ok(order),
                Err(StoreError::Conflict(other)) => order = *other,
                Err(error) => return Err(Refusal::Store(error)),
            }
        }
        Err(Refusal::Contended)
    }

    /// An order as it is now.
    pub async fn order(&self, key: &OrderKey) -> Result<Order, Refusal> {
        let order = self.store.load(key).await.map_err(Refusal::Store)?;
        Ok(order.ok_or(Rejection::OrderNotFound)?)
    }

    /// Registers an order with what is to be paid, or states it again, in a currency that the
    /// merchant can be paid in. Tells whether the order is new.
    pub async fn register(
        &self,
        merchant: &Merchant,
        key: &OrderKey,
        currency: Currency,
        total: Amount,
    ) -> Result<(Order, bool), Refusal> {
        let restate = |order: &mut Order| order.restate(currency, total, self.clock.now());
        if let Err(limit) = merchant.route(currency) {
            // What the order's own payments forbid comes first.
            if let Some(mut stored) = self.store.load(key).await.map_err(Refusal::Store)? {
                restate(&mut stored)?;
            }
            return Err(Rejection::CurrencyNotSupported { currency, limit }.into());
        }
        let new = Order::new(key, currency, Some(total), self.clock.now());
        let (order, is_new) = match self.store.create(&new).await {
            Ok(()) => (new, true),
            Err(StoreError::Conflict(stored)) => (self.save_changed(*stored, &restate).await?, false),
            Err(error) => return Err(Refusal::Store(error)),
        };
        audit::registered(&order);
        Ok((next_version(&order), is_new))
    }
    /// Forgets who paid, if it is time. Tells whether it was done. What cannot be saved now stays in the index, so that the
    /// next run tries again.
    pub(crate) async fn forget_who_paid(&self, mut order: Order) -> (Order, bool) {
        for _ in 0..DECISIONS_MAX {
            let mut changed = order.clone();
            if !changed.forget_who_paid(self.clock.now()) {
                return (order, false);
            }
            match self.store.save(&changed).await {
                Ok(()) => {
                    audit::forgotten(&changed);
                    return (next_version(&changed), true);
                }
                Err(StoreError::Conflict(other)) => order = *other,
                Err(error) => {
                    tracing::error!(merchant = %order.merchant, order = %order.id, %error, "who paid is not forgotten yet");
                    return (order, false);
                }
            }
        }
        (order, false)
    }
}

//! Use cases of orders without the gateway: register, read, schedule or pause captures, forget who
//! paid, erase a customer.

use uuid::Uuid;

use super::{DECISIONS_MAX, Payments, Refusal, audit, next_version};
use crate::{
    order::{
        Attribution, CaptureAt, CaptureTerms, CustomerTraces, Erased, Holds, Order, OrderKey, OrdersMode,
        Principal, Rejection,
    },
    payments::{Merchant, OrderStore, StoreError},
    values::{Amount, Currency, StoredCard},
};

/// Who sends a change of an order, and the version that they have seen.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sender<'a> {
    /// Who wants it and why.
    pub by: Option<&'a Attribution>,
    /// The version of the order that they have seen. If it is another one by now, nothing is done.
    pub seen_version: Option<u64>,
}

impl Payments {
    /// Moves a scheduled capture, changes its amount, or cancels it.
    pub async fn schedule_capture(
        &self,
        merchant: &Merchant,
        key: &OrderKey,
        transaction: Uuid,
        terms: &CaptureTerms,
        sender: Sender<'_>,
    ) -> Result<Order, Refusal> {
        let policy = &merchant.policy;
        let change = |order: &mut Order| {
            order.must_have_version(sender.seen_version)?;
            order.schedule_capture(transaction, terms, sender.by, policy, self.clock.now())
        };
        self.change(key, transaction, "scheduled capture moved", Principal::ClientCredentials, change).await
    }

    /// Pauses the scheduled captures of an order. Where they are paused already, nothing changes.
    pub async fn pause_captures(&self, key: &OrderKey, sender: Sender<'_>) -> Result<Order, Refusal> {
        let change = |order: &mut Order| order.pause_captures(sender.by, self.clock.now());
        self.switch_captures(key, sender, "scheduled captures paused", change).await
    }

    /// Lets the schedule make an order's due captures again. Where they are not paused, nothing
    /// changes.
    pub async fn resume_captures(&self, key: &OrderKey, sender: Sender<'_>) -> Result<Order, Refusal> {
        let change = |order: &mut Order| order.resume_captures(sender.by, self.clock.now());
        self.switch_captures(key, sender, "scheduled captures resumed", change).await
    }

    /// Makes a change, unless the order is so already.
    async fn switch_captures(
        &self,
        key: &OrderKey,
        sender: Sender<'_>,
        what: &'static str,
        change: impl Fn(&mut Order) -> bool,
    ) -> Result<Order, Refusal> {
        let switch = |order: &mut Order| {
            order.must_have_version(sender.seen_version)?;
            Ok(Changed::where_it(change(order)))
        };
        let (order, changed) = self.save_changed(self.order(key).await?, switch).await?;
        if changed {
            audit::switched(&order, what, sender.by);
        }
        Ok(order)
    }

    /// Puts on record that an authorization ended before it was captured.
    pub(crate) async fn lapse(&self, key: &OrderKey, transaction: Uuid) -> Result<Order, Refusal> {
        let change = |order: &mut Order| {
            order.lapse(transaction, self.clock.now()).then_some(()).ok_or(Rejection::NothingDue)
        };
        self.change(key, transaction, "authorization lapsed", Principal::Schedule, change).await
    }

    /// Puts on record that due captures wait for the end of a dispute.
    pub(crate) async fn hold_back(&self, key: &OrderKey) -> Result<Order, Refusal> {
        let change = |order: &mut Order| {
            let is_held = order.hold_back(self.clock.now());
            is_held.then_some(Changed::To(())).ok_or(Rejection::NothingDue)
        };
        self.save_changed(self.order(key).await?, change).await.map(|(order, ())| order)
    }

    /// Lets a due capture wait because the order's shop does not say whether it was canceled.
    pub(crate) async fn put_off_capture(&self, merchant: &Merchant, key: &OrderKey) -> Result<(), Refusal> {
        let put_off = |order: &mut Order| {
            Ok(Changed::where_it(order.put_off_capture(merchant.policy.orders, self.clock.now())))
        };
        self.save_changed(self.order(key).await?, put_off).await.map(drop)
    }

    /// Puts on record ends and notices of authorizations that the schedule does not capture.
    pub(crate) async fn see_to_holds(&self, key: &OrderKey) -> Result<(Order, Holds), Refusal> {
        let change = |order: &mut Order| {
            let holds = order.see_to_holds(self.clock.now());
            Ok(if holds.any() { Changed::To(holds) } else { Changed::Not(holds) })
        };
        self.save_changed(self.order(key).await?, change).await
    }

    /// Puts on record that the merchant is notified of authorizations that end while their captures
    /// are held back.
    pub(crate) async fn notify_of_held_back(&self, key: &OrderKey) -> Result<(), Refusal> {
        let change = |order: &mut Order| {
            let is_new = order.notify_of_held_back(self.clock.now());
            is_new.then_some(Changed::To(())).ok_or(Rejection::NothingDue)
        };
        self.save_changed(self.order(key).await?, change).await.map(drop)
    }

    /// Changes the schedule of an order that is there, without the gateway and without any other
    /// change.
    async fn change(
        &self,
        key: &OrderKey,
        transaction: Uuid,
        what: &'static str,
        by: Principal,
        change: impl Fn(&mut Order) -> Result<(), Rejection>,
    ) -> Result<Order, Refusal> {
        let change = |order: &mut Order| change(order).map(Changed::To);
        let (order, ()) = self.save_changed(self.order(key).await?, change).await?;
        audit::scheduled(&order, transaction, what, by);
        Ok(order)
    }

    async fn save_changed<T>(
        &self,
        order: Order,
        change: impl Fn(&mut Order) -> Result<Changed<T>, Rejection>,
    ) -> Result<(Order, T), Refusal> {
        let change = |order: &mut Order| change(order).map_err(Refusal::Rejected);
        save_changed(self.store.as_ref(), order, change).await
    }

    /// An order as it is now.
    pub async fn order(&self, key: &OrderKey) -> Result<Order, Refusal> {
        let order = self.store.load(key).await.map_err(Refusal::Store)?;
        Ok(order.ok_or(Rejection::OrderNotFound)?)
    }

    /// Registers an order with its total, or states the total again, in a currency that the
    /// merchant can be paid in. Its terms of capture change only if they are stated. Tells whether
    /// the order is new.
    pub async fn register(
        &self,
        merchant: &Merchant,
        key: &OrderKey,
        currency: Currency,
        total: Amount,
        capture: Option<&CaptureAt>,
    ) -> Result<(Order, bool), Refusal> {
        if merchant.policy.orders == OrdersMode::ElasticPath {
            return Err(Rejection::OrderElsewhere.into());
        }
        let restate = |order: &mut Order| {
            order.restate(currency, total, self.clock.now())?;
            order.capture = capture.or(order.capture.as_ref()).cloned();
            Ok(Changed::To(()))
        };
        if let Err(limit) = merchant.route(currency) {
            // A rejection by the order's own payments comes first.
            if let Some(mut stored) = self.store.load(key).await.map_err(Refusal::Store)? {
                restate(&mut stored)?;
            }
            return Err(Rejection::CurrencyNotSupported { currency, limit }.into());
        }
        let new = Order::new(key, currency, Some(total), self.clock.now());
        let new = Order { capture: capture.cloned(), ..new };
        let (order, is_new) = match self.store.create(&new).await {
            Ok(()) => (next_version(&new), true),
            Err(StoreError::Conflict(stored)) => (self.save_changed(*stored, restate).await?.0, false),
            Err(error) => return Err(Refusal::Store(error)),
        };
        audit::registered(&order);
        Ok((order, is_new))
    }

    /// Erases an order's data about a customer. `deleted` are cards that the gateway no longer has.
    pub async fn erase_customer(
        &self,
        order: Order,
        traces: &CustomerTraces,
        deleted: &[StoredCard],
    ) -> Result<Erased, Refusal> {
        let erase = |order: &mut Order| {
            let erased = order.erase(traces, deleted);
            Ok(if erased.members.is_empty() { Changed::Not(erased) } else { Changed::To(erased) })
        };
        Ok(self.save_changed(order, erase).await?.1)
    }

    /// Forgets who paid, if it is time. Tells whether it was done. An order that cannot be saved
    /// now stays in the index, so that the next run tries again.
    pub(crate) async fn forget_who_paid(&self, order: Order) -> (Order, bool) {
        let forget = |order: &mut Order| Ok(Changed::where_it(order.forget_who_paid(self.clock.now())));
        match self.save_changed(order.clone(), forget).await {
            Ok((forgotten, true)) => {
                audit::forgotten(&forgotten);
                (forgotten, true)
            }
            Ok((order, false)) => (order, false),
            Err(error) => {
                tracing::error!(merchant = %order.merchant, order = %order.id, %error, "who paid is not forgotten yet");
                (order, false)
            }
        }
    }
}

/// Changes an order, and saves it under the version that was read. If another request saves a
/// version meanwhile, that version is changed instead. Without a change, nothing is saved. Returns
/// the order as it is stored then.
pub(crate) async fn save_changed<T, E: From<Refusal>>(
    store: &dyn OrderStore,
    mut order: Order,
    change: impl Fn(&mut Order) -> Result<Changed<T>, E>,
) -> Result<(Order, T), E> {
    for _ in 0..DECISIONS_MAX {
        let result = match change(&mut order)? {
            Changed::To(result) => result,
            Changed::Not(result) => return Ok((order, result)),
        };
        match store.save(&order).await {
            Ok(()) => return Ok((next_version(&order), result)),
            Err(StoreError::Conflict(other)) => order = *other,
            Err(error) => return Err(Refusal::Store(error).into()),
        }
    }
    Err(Refusal::Contended.into())
}

/// The result of a change of an order.
pub(crate) enum Changed<T> {
    /// The order is another now.
    To(T),
    /// It is as it was.
    Not(T),
}

impl Changed<bool> {
    pub(crate) fn where_it(changed: bool) -> Self {
        if changed { Self::To(true) } else { Self::Not(false) }
    }
}

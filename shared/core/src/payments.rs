//! The one flow for everything that moves money: load, decide, save the intent, call the gateway,
//! apply, save the outcome (`ARCHITECTURE.md`).

mod attempts;
pub mod audit;
mod by_hand;
mod card_notes;
mod deadline;
mod disputes;
mod doubt;
mod gateway;
mod intent;
mod merchants;
mod order_index;
mod orders;
mod outcome;
pub mod reconcile;
mod recording;
mod scheduled_capture;
mod shop_changes;
mod shop_orders;
mod store;
mod surcharge;
mod switch;
mod throw;
pub mod trail;

pub use attempts::{
    APPROVED_MAX, Attempts, Counts, Effect, Ended, Full, IN_FLIGHT, IN_FLIGHT_RETRY, Limits,
    NETWORK_DECLINES, NETWORK_IN_FLIGHT, Slot, Stale,
};
pub use by_hand::{HandDecision, Misfit, NotByHand, Weighed};
pub(crate) use card_notes::{Attempted, agree_anew};
pub use card_notes::{CARD_NOTES_KEPT, CardNoteStore};
pub use deadline::Deadline;
pub use disputes::{KnownDisputes, NotRecorded, record_dispute};
pub use gateway::{
    BillingAddress, Card, Command, Gateway, GatewayInfo, GatewayRecord, Initiator, Inquired, Inquiry,
    Instruction, KnownPayment, Labels, PaymentSource, RecordLookUp, WORKING_MAX,
};
pub use intent::Prepared;
pub use merchants::{
    GatewayAccount, KEY_MIN_CHARS, Merchant, MerchantKey, Merchants, MerchantsError, Role, ShopAccount,
    ShopKey,
};
pub use order_index::{ListedOrder, ListedPage, OrderIndex, order_of_payment};
pub use orders::Sender;
pub use scheduled_capture::{
    CaptureReport, CaptureRequest, CaptureSettings, CaptureSources, Share, capture_due,
};
pub use shop_orders::{ChangedOrder, ChangedPage, ShopFailure, ShopOrders};
pub use store::{
    CAPTURE_SHARDS_MAX, DueCursor, DueOrder, DueQuery, IN_DOUBT_SHARDS_MAX, Index, LoadedOrders,
    ORDERS_AT_ONCE, OrderStore, Page, Shards, ShopPoll, StoreError, UNRECORDED_SHARDS, Unreadable,
};
pub use surcharge::{NoQuote, SurchargeQuery, SurchargeQuote, Surcharges, Waived, surcharge};
pub use switch::{
    STOP_KEPT, SWITCH_CHANGES_MAX, Stop, Switch, SwitchChange, SwitchOf, SwitchState, Switches,
};
pub use throw::{Thrown, throw};

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::{
    order::{
        self, Context, Doubt, Intent, NextStep, Operation, OperationRef, Order, OrderKey, Outcome, Plan,
        Principal, Rejection, ShopOrder, ToTell, Transaction, void_came_too_late,
    },
    values::Clock,
};
use intent::DECISIONS_MAX;
pub(crate) use orders::{Changed, save_changed};
pub(crate) use outcome::next_version;
use outcome::{Saved, attempt};

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// A rule of the order.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// Too many others changed the order at the same time.
    #[error("the order is being changed by other requests")]
    Contended,
    /// The store did not work; nothing was sent to the gateway.
    #[error(transparent)]
    Store(StoreError),
    /// The shop that the order was placed in does not say what is owed.
    #[error(transparent)]
    Shop(ShopFailure),
    /// An abandoned payment or refund of the order may still turn out to be done, and the gateway
    /// does not say.
    #[error(
        "an earlier attempt may still turn out to be done, and the gateway does not say; nothing was sent"
    )]
    Unverified,
}

/// An operation that was carried out as far as it goes, now or earlier.
#[derive(Debug)]
pub struct Performed {
    /// The order after it.
    pub order: Order,
    /// The operation in it.
    pub at: OperationRef,
    /// Whether it was requested before, so that only its outcome is returned again.
    pub replayed: bool,
}

impl Performed {
    /// The payment that it was performed on, and the operation.
    pub fn operation(&self) -> Result<(&Transaction, &Operation), Rejection> {
        let Self { order, at, .. } = self;
        order.transaction(at.transaction).zip(order.operation(*at)).ok_or(Rejection::TransactionNotFound)
    }
}

/// The use cases of payments, and the ports they need.
pub struct Payments {
    /// Loads and writes orders, each write conditional on the version that was read.
    pub store: Arc<dyn OrderStore>,
    /// Sends operations that move money, and inquiries about their outcomes.
    pub gateway: Arc<dyn Gateway>,
    /// The current time, and the ids of new operations.
    pub clock: Arc<dyn Clock>,
    /// Tells of chargebacks before a rule refunds a payment. None where nothing reads the
    /// settlement.
    pub known_disputes: Option<Arc<dyn KnownDisputes>>,
    /// Bans of the schemes, beyond the orders in which they were told.
    pub card_notes: Arc<dyn CardNoteStore>,
    /// The amounts that orders owe, of merchants whose orders are in a shop.
    pub shop_orders: Arc<dyn ShopOrders>,
}

impl Payments {
    /// Carries out an intent on an order, at most once.
    ///
    /// `source` is the payment source of a new payment; follow-ups have none.
    pub async fn perform(
        &self,
        merchant: &Merchant,
        key: &OrderKey,
        intent: &Intent,
        source: Option<&PaymentSource>,
        deadline: Deadline,
    ) -> Result<Performed, Refusal> {
        let prepared = self.prepare(merchant, key, intent).await?;
        self.perform_prepared(merchant, prepared, intent, source, deadline).await
    }

    /// The same for an intent that was prepared.
    pub async fn perform_prepared(
        &self,
        merchant: &Merchant,
        prepared: Prepared,
        intent: &Intent,
        source: Option<&PaymentSource>,
        deadline: Deadline,
    ) -> Result<Performed, Refusal> {
        // The schedule's captures are told by another one: a slow shop must not keep them waiting.
        let sending = Sending { source, deadline, tells_shop: intent.by != Principal::Schedule };
        let (order, at, replayed) = match self.save_intent(merchant, prepared, intent, deadline).await? {
            Plan::Send(order, at) => {
                let carried_out = self.carry_out(merchant, order, at, sending).await;
                let paid = Some(at.transaction);
                (self.tell_in_request(merchant, carried_out, paid, sending).await, at, false)
            }
            Plan::Record(order, at) => {
                let recorded = CarriedOut { order, sent: None };
                (self.tell_in_request(merchant, recorded, None, sending).await, at, false)
            }
            // Requested before, and still in doubt although its request has ended: send an inquiry
            // now, then respond.
            Plan::Replay(order, at) => {
                (self.resolve(merchant, order, at.transaction, deadline).await, at, true)
            }
        };
        audit::note(&order, at, replayed);
        Ok(Performed { order, at, replayed })
    }

    /// The outcome of an intent that was carried out before, without carrying it out now. None when
    /// it was not, or is known to have done nothing.
    pub async fn repeat(
        &self,
        merchant: &Merchant,
        key: &OrderKey,
        intent: &Intent,
        deadline: Deadline,
    ) -> Result<Option<Performed>, Refusal> {
        let Some(order) = self.store.load(key).await.map_err(Refusal::Store)? else { return Ok(None) };
        let Some(at) = order::repeated(&order, intent, self.clock.now())? else { return Ok(None) };
        let order = self.resolve(merchant, order, at.transaction, deadline).await;
        audit::note(&order, at, true);
        Ok(Some(Performed { order, at, replayed: true }))
    }

    /// Calls a rule of the order with its context.
    fn with_context<T>(&self, merchant: &Merchant, rule: impl FnOnce(&Context<'_>) -> T) -> T {
        self.with_shop(merchant, None, rule)
    }

    /// The same with what the order's shop says.
    fn with_shop<T>(
        &self,
        merchant: &Merchant,
        shop: Option<&ShopOrder>,
        rule: impl FnOnce(&Context<'_>) -> T,
    ) -> T {
        let new_id = || self.clock.new_id();
        rule(&Context { policy: &merchant.policy, shop, now: self.clock.now(), new_id: &new_id })
    }

    /// Sends a pending operation and the operations that follow from its outcome. If the outcome is
    /// not known, one inquiry is sent, if time is left; otherwise the operation stays pending.
    async fn carry_out(
        &self,
        merchant: &Merchant,
        mut order: Order,
        mut at: OperationRef,
        sending: Sending<'_>,
    ) -> CarriedOut {
        let Sending { source, deadline, .. } = sending;
        loop {
            let outcome = self.call_gateway(merchant, &order, at, source, deadline).await;
            let mut outcome = self.verified(merchant, &order, at, outcome, deadline).await;
            // A refund would follow. A later inquiry decides both.
            let owes = order.operation(at).is_some_and(|void| void_came_too_late(void, &outcome));
            if owes && !self.knows_disputes(merchant, &order).await {
                outcome = Outcome::Unknown(Doubt::StateDiffers, outcome.response().clone());
            }
            let tells_shop = sending.tells_shop_now();
            let mut saved = self.save_outcome(merchant, order, at, &outcome, tells_shop).await;
            audit::outcome(&saved.order, at, &outcome);
            if matches!(outcome, Outcome::Unknown(..)) && deadline.leaves_time_to_inquire() {
                (saved, _) = self.inquire_once(merchant, saved.order, at).await;
            }
            order = saved.order;
            match saved.next {
                NextStep::Send(follow_up) => at = follow_up,
                NextStep::Respond => return CarriedOut { order, sent: saved.sent },
            }
        }
    }
}

/// How an operation is sent.
#[derive(Clone, Copy)]
struct Sending<'a> {
    /// The payment source of a new payment.
    source: Option<&'a PaymentSource>,
    deadline: Deadline,
    /// Whether the request tells the order's shop of it, too.
    tells_shop: bool,
}

impl Sending<'_> {
    fn tells_shop_now(&self) -> bool {
        self.tells_shop && self.deadline.leaves_time_to_tell()
    }
}

/// An order after its operation was sent.
struct CarriedOut {
    order: Order,
    /// The step for its shop that is on record as sent, and is to be sent now.
    sent: Option<ToTell>,
}

/// Locks a value that one run's tasks share. A task that panicked leaves the value as it was.
pub(crate) fn locked<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;

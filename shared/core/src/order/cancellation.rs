//! Orders that are canceled in their shop: what is still held is released, and nothing more is
//! taken.
//!
//! Money that was captured by hand was captured because goods were shipped. A person decides about
//! it.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::{
    Action, Context, Intent, KeyDigest, Kind, Operation, OperationRef, Order, OrdersMode, Rejection, Retry,
    ShopOrder, ShopStanding, Target, Transaction,
    recording::{PUT_OFF_FOR, TellingState},
    rules::{may_void, would_be_lost_twice},
};
use crate::order::{Cause, Due};

/// How long before the end of a hold its scheduled capture is made without an answer of the shop: a
/// capture can be undone, and an ended hold cannot.
const CAPTURED_UNASKED_BEFORE: SignedDuration = SignedDuration::from_hours(6);

impl ShopOrder {
    /// Why the shop has no place for a payment of this amount that it refused.
    pub(super) fn refuses(&self, payment: &Transaction) -> Cause {
        match self.standing {
            ShopStanding::Cancelled => Cause::OrderClosed,
            _ if self.owing < payment.amount() => Cause::Overpaid,
            _ => Cause::OrderRefused,
        }
    }
}

impl Transaction {
    /// The idempotency key of the void that follows from the order's cancellation.
    fn cancellation_key(&self) -> KeyDigest {
        KeyDigest::new("order_cancelled", &self.id.to_string(), "")
    }

    /// Whether this void of it follows from the order's cancellation.
    pub(super) fn is_of_cancellation(&self, void: &Operation) -> bool {
        void.key == Some(self.cancellation_key())
    }

    /// Whether its hold ends so soon that its scheduled capture does not wait for the shop.
    pub(crate) fn is_captured_unasked(&self, now: Timestamp) -> bool {
        let ends = self.authorization_expires_at;
        ends.is_some_and(|ends| now >= ends - CAPTURED_UNASKED_BEFORE)
    }

    /// When it is to be voided because its order was canceled: while it is only held, or if the
    /// schedule captured it without knowing of the cancellation. None also where a void was
    /// refused: a person has to act.
    fn void_follows_at(&self, cancelled_at: Timestamp) -> Option<Timestamp> {
        let recording = self.recording.as_ref()?;
        let is_unasked = recording.is_unasked && may_void(self).is_ok() && !would_be_lost_twice(self);
        if self.capturable().is_zero() && !is_unasked {
            return None;
        }
        let key = self.cancellation_key();
        let Some(void) = self.operations.iter().find(|operation| operation.key == Some(key)) else {
            return Some(cancelled_at);
        };
        let is_retried = void.no_effect().is_some_and(|why| why.retry() == Retry::AsItIs);
        is_retried.then(|| void.updated_at + PUT_OFF_FOR)
    }
}

impl Order {
    /// Puts on record that the order was canceled in its shop. False where that is known, or where
    /// no payment of the order was asked for there.
    pub(crate) fn cancel_at_shop(&mut self, now: Timestamp) -> bool {
        let is_of_shop = self.transactions.iter().any(Transaction::is_of_shop);
        if self.cancelled_at.is_some() || !is_of_shop {
            return false;
        }
        self.cancelled_at = Some(now);
        self.updated_at = now;
        true
    }

    /// Nothing more of an order is taken that is canceled in its shop, or that Tollgate is
    /// canceling there.
    pub(super) fn must_not_be_cancelled(&self) -> Result<(), Rejection> {
        let is_cancelling = |one: &Transaction| {
            one.telling().is_some_and(|one| one.step == Kind::Void && one.state == TellingState::Sent)
        };
        let is_cancelled = self.cancelled_at.is_some() || self.transactions.iter().any(is_cancelling);
        if is_cancelled { Err(Rejection::OrderCancelled) } else { Ok(()) }
    }

    /// Whether a payment is one of the shop in which the order is canceled.
    pub(super) fn is_cancelled_for(&self, transaction: &Transaction) -> bool {
        self.cancelled_at.is_some() && transaction.is_of_shop()
    }

    /// Whether an operation is a payment that the order has no place for any more.
    pub(super) fn is_closed_to(&self, at: OperationRef) -> bool {
        let is_payment = self.operation(at).is_some_and(|operation| operation.kind.is_payment());
        is_payment && self.transaction(at.transaction).is_some_and(|payment| self.is_cancelled_for(payment))
    }

    /// Whether none of its payments stands, or may.
    pub(super) fn has_no_payment(&self) -> bool {
        self.is_recognized()
            && self.transactions.iter().all(|one| one.pending().is_none() && !one.stands_at_shop())
    }

    /// The next payment to be voided because of the cancellation, and when.
    pub(super) fn void_that_follows(&self) -> Option<(Timestamp, Uuid)> {
        let cancelled_at = self.cancelled_at?;
        let follows = |one: &Transaction| Some((one.void_follows_at(cancelled_at)?, one.id));
        self.transactions.iter().filter_map(follows).min()
    }

    /// The intent of the void that is due because of the cancellation.
    pub(super) fn void_for_cancellation(&self, now: Timestamp) -> Result<Intent, Rejection> {
        let due = self.void_that_follows().filter(|(at, _)| *at <= now);
        let payment = due.and_then(|(_, id)| self.transaction(id)).ok_or(Rejection::NothingDue)?;
        let action = Action::Void { target: Target::Transaction(payment.id), reopen: false };
        Ok(Intent::of_schedule(action, Kind::Void, Some(payment.cancellation_key())))
    }

    /// The payment whose scheduled capture is due, if its shop is asked before.
    pub(crate) fn asks_before_capture(&self, orders: OrdersMode, now: Timestamp) -> Option<&Transaction> {
        let Some(Due::Capture(id)) = self.due_for_capture(now) else { return None };
        let due = self.transaction(id).filter(|due| due.is_of_shop());
        due.filter(|_| orders == OrdersMode::ElasticPath)
    }

    /// Lets the schedule capture this payment, if its shop's answer allows it. Without an answer it
    /// does only shortly before the hold ends, and that is put on record.
    pub(super) fn admit_due_capture(&mut self, id: Uuid, context: &Context<'_>) -> Result<(), Rejection> {
        let asked = self.asks_before_capture(context.policy.orders, context.now);
        let Some(payment) = asked.filter(|payment| payment.id == id) else { return Ok(()) };
        match context.shop.map(|shop| shop.standing) {
            Some(ShopStanding::Cancelled) => return Err(Rejection::OrderCancelled),
            None if !payment.is_captured_unasked(context.now) => return Err(Rejection::NothingDue),
            _ => {}
        }
        let Some(payment) = self.transaction_mut(id) else { return Ok(()) };
        if let Some(recording) = &mut payment.recording {
            recording.is_unasked = context.shop.is_none();
        }
        if let Some(schedule) = &mut payment.capture {
            schedule.put_off_until = None;
        }
        Ok(())
    }

    /// Lets a due capture wait because the shop does not say whether the order was canceled. False
    /// where none is due.
    pub(crate) fn put_off_capture(&mut self, orders: OrdersMode, now: Timestamp) -> bool {
        let Some(id) = self.asks_before_capture(orders, now).map(|due| due.id) else { return false };
        let due = self.transaction_mut(id).and_then(|due| due.capture.as_mut());
        due.is_some_and(|due| due.put_off_until.replace(now + PUT_OFF_FOR).is_none_or(|until| until <= now))
    }
}

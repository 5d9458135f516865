//! Notifications of changes, in Elastic Path's words (`docs/events.md`).
//!
//! The content is the resource as a merchant's GET returns it, so that a receiver needs one reader.
//! Only the payer's data is left out: a bus, its targets and deliveries would keep that data after
//! its deletion here.

use crate::elastic_path::{
    response::{self, View},
    settlement::{exception_facts, new_deposit},
};
use jiff::Timestamp;
use serde::Serialize;
use tollgate_core::{
    journal::{Attention, attentions},
    order::{CaptureStanding, MerchantId, Order, PaymentStatus, Principal, RecordedDispute, Transaction},
    payments::GatewayInfo,
    settlement::{Deposit, Exception},
    webhooks::Event,
    words,
};
use tollgate_wire as wire;
use uuid::Uuid;

words! {
    /// The type of an event, as `docs/events.md` lists them.
    pub enum EventType {
        /// A payment was requested.
        TransactionCreated => "transaction.created",
        TransactionUpdated => "transaction.updated",
        OrderUpdated => "order.updated",
        /// The whole total is covered, and a part is only held.
        OrderAuthorized => "order.authorized",
        /// The whole total is taken.
        OrderPaid => "order.paid",
        /// The whole amount taken was given back.
        OrderRefunded => "order.refunded",
        /// A payment needs a person, for a `reason`.
        TransactionNeedsAttention => "transaction.needs_attention",
        /// A scheduled capture was refused, or its authorization ended before it.
        CaptureFailed => "capture.failed",
        /// The cardholder's bank took the money or a part back, or returned it: the
        /// `reason` tells which.
        TransactionDisputed => "transaction.disputed",
        /// The gateway reports a deposit that it did not report before.
        DepositCreated => "deposit.created",
        /// A deposit or batch does not add up, or is not reported any more, whole or in part.
        DepositDiffers => "deposit.differs",
    }
}

/// The events between two states of an order, oldest kind first. Pure: equal states give events
/// with equal ids.
pub fn events(old: Option<&Order>, new: &Order, gateway: &dyn GatewayInfo) -> Vec<Event> {
    let teller = Teller { new, gateway };
    let mut told = Vec::new();
    for transaction in &new.transactions {
        teller.transaction(old, transaction, &mut told);
    }
    teller.disputes(old, &mut told);
    teller.attentions(old, &mut told);
    teller.order(old, &mut told);
    told
}

/// Makes the events of one state of an order.
struct Teller<'a> {
    new: &'a Order,
    gateway: &'a dyn GatewayInfo,
}

impl Teller<'_> {
    /// A transaction as the merchant's GET returns it, without the payer's data.
    fn shown(&self, order: &Order, transaction: &Transaction, now: Timestamp) -> wire::Transaction {
        let view = View { principal: Principal::ClientCredentials, now, gateway: self.gateway };
        let mut shown = response::transaction(order, transaction, view);
        shown.name = None;
        if let Some(references) = &mut shown.for_merchant {
            references.description = None;
        }
        if let Some(own) = &mut shown.meta.for_merchant {
            // The event itself has the version. In its content, each change of another payment
            // would be a change of this one.
            own.version = None;
            if let Some(memo) = &mut own.memo {
                (memo.name, memo.email) = (None, None);
            }
        }
        shown
    }

    fn shown_order(&self, order: &Order) -> wire::Order {
        let mut shown = response::order(order, None, self.gateway);
        shown.meta.version = None;
        shown
    }

    fn transaction(&self, old: Option<&Order>, now: &Transaction, told: &mut Vec<Event>) {
        let before = old.and_then(|old| Some((old, old.transaction(now.id)?)));
        // One moment for both, so that only stored data makes a difference.
        let at = now.updated_at;
        let data = self.shown(self.new, now, at);
        let subject = now.id.to_string();
        let mut tell = |kind| told.push(self.event(kind, &subject, at, &data, None));
        match before {
            None => tell(EventType::TransactionCreated),
            Some((order, before)) if self.shown(order, before, at) != data => {
                tell(EventType::TransactionUpdated);
            }
            Some(_) => {}
        }
        let failed = |transaction: &Transaction| {
            let standing = transaction.capture_standing();
            matches!(standing, Some(CaptureStanding::Stopped | CaptureStanding::Lapsed))
        };
        if failed(now) && !before.is_some_and(|(_, before)| failed(before)) {
            tell(EventType::CaptureFailed);
        }
    }

    /// Payments that need attention since then, each with its reason.
    fn attentions(&self, old: Option<&Order>, told: &mut Vec<Event>) {
        for Attention { id, reason, transaction, at, .. } in attentions(old, self.new) {
            let Some(now) = self.new.transaction(transaction) else { continue };
            let data = self.shown(self.new, now, now.updated_at);
            let name = format!("{transaction}\n{id}");
            let kind = EventType::TransactionNeedsAttention;
            told.push(self.event(kind, &name, at, &data, Some(reason.as_str())));
        }
    }

    /// Chargebacks and reversals that were put on record since then. They come from the order, so
    /// that none is lost.
    fn disputes(&self, old: Option<&Order>, told: &mut Vec<Event>) {
        for now in &self.new.transactions {
            let before =
                old.and_then(|old| old.transaction(now.id)).map_or(0, |before| before.disputes.len());
            for (number, RecordedDispute { dispute, at, .. }) in now.disputes.iter().enumerate().skip(before)
            {
                let data = self.shown(self.new, now, now.updated_at);
                let name = format!("{}\n{number}", now.id);
                let kind = EventType::TransactionDisputed;
                told.push(self.event(kind, &name, *at, &data, Some(dispute.kind.as_str())));
            }
        }
    }

    fn order(&self, old: Option<&Order>, told: &mut Vec<Event>) {
        let data = self.shown_order(self.new);
        let (subject, at) = (self.new.id.as_str(), self.new.updated_at);
        let mut tell = |kind| told.push(self.event(kind, subject, at, &data, None));
        // The first write of an order that others paid elsewhere tells of it.
        let is_updated = old.map_or(self.new.foreign.is_some(), |old| self.shown_order(old) != data);
        if is_updated {
            tell(EventType::OrderUpdated);
        }
        let payment = self.new.payment();
        if old.map(Order::payment) == Some(payment) {
            return;
        }
        match payment {
            PaymentStatus::Authorized => tell(EventType::OrderAuthorized),
            PaymentStatus::Paid => tell(EventType::OrderPaid),
            PaymentStatus::Refunded => tell(EventType::OrderRefunded),
            PaymentStatus::Unpaid | PaymentStatus::PartiallyAuthorized | PaymentStatus::PartiallyPaid => {}
        }
    }

    /// `subject` tells the event from others of the same type in one change.
    fn event(
        &self,
        event_type: EventType,
        subject: &str,
        at: Timestamp,
        data: &impl Serialize,
        reason: Option<&str>,
    ) -> Event {
        let (key, version) = (self.new.key(), self.new.version);
        let name = format!("{key}\n{version}\n{}\n{subject}", event_type.as_str());
        Told { event_type, name: &name, merchant: &key.merchant, version, at }.event(data, reason)
    }
}

/// The parts of every event.
struct Told<'a> {
    event_type: EventType,
    /// Its unique text, which makes the id.
    name: &'a str,
    merchant: &'a MerchantId,
    version: u64,
    at: Timestamp,
}

impl Told<'_> {
    fn event(&self, data: &impl Serialize, reason: Option<&str>) -> Event {
        let (id, kind) = (Uuid::new_v5(&Uuid::NAMESPACE_OID, self.name.as_bytes()), self.event_type.as_str());
        let body = wire::to_json(&wire::Event {
            id,
            kind: kind.to_owned(),
            timestamp: self.at.into(),
            merchant: self.merchant.to_string(),
            version: self.version,
            data,
            reason: reason.map(str::to_owned),
        });
        Event { id, kind, merchant: self.merchant.clone(), at: self.at, body }
    }
}

/// The event of a new deposit. Pure: it always has the same id. Open exceptions are left out, since
/// nothing has been matched by then.
pub fn deposit_created(merchant: &MerchantId, deposit: &Deposit) -> Event {
    let data = new_deposit(deposit);
    let (event_type, at) = (EventType::DepositCreated, deposit.read_at);
    let parts = [merchant.as_str(), &deposit.account, &deposit.id];
    let name = format!("deposit\n{}", parts.join("\n"));
    Told { event_type, name: &name, merchant, version: 1, at }.event(&data, None)
}

/// The event of an exception about a deposit or batch that is open since a moment. Pure: it has
/// another id only if the exception was closed before, at another moment.
pub fn deposit_differs(
    merchant: &MerchantId,
    exception: &Exception,
    at: Timestamp,
    closed_at: Option<Timestamp>,
) -> Event {
    let closed_at = closed_at.map_or(0, Timestamp::as_nanosecond);
    let name = format!("exception\n{merchant}\n{}\n{closed_at}", exception.id);
    // People's words can be about anyone, and no event can be erased.
    let (event_type, data) = (EventType::DepositDiffers, exception_facts(exception));
    Told { event_type, name: &name, merchant, version: 1, at }.event(&data, None)
}

#[cfg(test)]
mod tests;

//! A payment as a client sees it: one row that its operations change.
//!
//! Nothing about a transaction's state is stored beside its operations: status, captured and
//! refunded are read off the list each time, so they cannot disagree with the history.

use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    order::{
        Cause, Decline, DisputeKind, Kind, Mechanism, NoEffect, Operation, Principal, RecordedDispute,
        Recording, Seen, Shopper, Stage,
    },
    values::{Amount, CardSummary, Carried, Instrument, Memo, References, StoredCard},
};

/// The kind of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PaymentKind {
    /// Hold now, capture later.
    Authorize,
    /// Take the amount at once.
    Purchase,
    /// One that only a newer version knows.
    Unrecognized,
}

impl PaymentKind {
    /// The operation that begins a payment of this kind.
    pub fn operation(self) -> Kind {
        match self {
            Self::Authorize => Kind::Authorize,
            Self::Purchase => Kind::Purchase,
            Self::Unrecognized => Kind::Unrecognized,
        }
    }

    /// The name used by the command line.
    pub fn as_str(self) -> &'static str {
        self.operation().as_str()
    }
}

/// The state of a payment as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransactionStatus {
    /// Something is under way and its outcome is not known.
    Pending,
    /// It was approved and is in effect, regardless of captures and refunds since.
    Done,
    /// The payment was refused, or nothing was done.
    Failed,
    /// Voided on request, or at the gateway.
    Voided,
}

impl TransactionStatus {
    /// Every status that a transaction can have.
    pub const ALL: [Self; 4] = [Self::Done, Self::Failed, Self::Pending, Self::Voided];

    /// Whether the payment holds or takes its amount, or may.
    pub(super) fn may_be_in_effect(self) -> bool {
        match self {
            Self::Pending | Self::Done => true,
            Self::Failed | Self::Voided => false,
        }
    }
}

/// The status of an operation, as every API shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperationStatus {
    /// The outcome is not known yet.
    Pending,
    /// The operation was done.
    Done,
    /// It was refused, by the issuer, the gateway or one of the merchant's rules.
    Declined(Decline),
    /// The operation is known to have done nothing.
    NoEffect(NoEffect),
}

/// A capture on schedule. The operations hold its results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CaptureSchedule {
    /// The moment that was requested.
    pub at: Timestamp,
    /// The part that was requested; the rest is released with it. None means all that is held.
    pub amount: Option<Amount>,
    /// Since when the schedule leaves it alone, although it was due, as long as a chargeback of its
    /// order is open.
    pub held_back_at: Option<Timestamp>,
    /// Until when it waits because the order's shop did not say whether the order was canceled.
    pub put_off_until: Option<Timestamp>,
}

/// A payment with its history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// Ours; follow-up calls name it.
    pub id: Uuid,
    /// Whether it began by holding the amount or by taking it.
    pub kind: PaymentKind,
    /// The means of payment, as far as it may be stored.
    pub instrument: Instrument,
    /// The merchant's data about it; for a payment that is an order of its own.
    pub memo: Option<Box<Memo>>,
    /// The merchant's own texts about it, as stated with the payment.
    pub references: References,
    /// How long it says who paid; none: as long as it is kept.
    pub personal_until: Option<Timestamp>,
    /// The merchant's reference of the customer for whom the gateway is to store the card along
    /// with an approval.
    pub save_for: Option<String>,
    /// Where the gateway stores the card that it is made with, if that was stored before.
    pub paid_with: Option<StoredCard>,
    /// Whether it was sent although a scheme had, or may have, forbidden it. Its approval ends the
    /// scheme's rules about the card.
    pub ignores_scheme_advice: bool,
    /// The payment of the order whose rest it holds anew, after a partial capture.
    pub continues: Option<Uuid>,
    /// When the held amount is captured on schedule; none: only on request.
    pub capture: Option<CaptureSchedule>,
    /// When the issuer is expected to drop an uncaptured authorization.
    pub authorization_expires_at: Option<Timestamp>,
    /// When it was recorded that the authorization had ended before it was captured.
    pub lapsed_at: Option<Timestamp>,
    /// The principal that requested the payment.
    pub by: Principal,
    /// Which shopper paid; none for a payment by the merchant.
    pub shopper: Option<Shopper>,
    /// When it was first requested.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Every operation of the transaction, oldest first; the first began it. Never empty, never
    /// shortened.
    pub operations: Vec<Operation>,
    /// Chargebacks and reversals in the order in which they were put on record. Never shortened.
    pub disputes: Vec<RecordedDispute>,
    /// The concerns that people have seen, in the order of their statements. Never shortened.
    pub seen: Vec<Seen>,
    /// The steps that its shop was told; none where no shop decided what was owed.
    pub recording: Option<Box<Recording>>,
    /// Data that a newer version stored with it.
    pub carried: Carried,
}

impl Transaction {
    /// A payment that begins with this operation, under the operation's own id and by its
    /// principal.
    pub fn new(kind: PaymentKind, instrument: Instrument, first: Operation) -> Self {
        Self {
            id: first.id,
            kind,
            instrument,
            memo: None,
            references: References::default(),
            personal_until: None,
            save_for: None,
            paid_with: None,
            ignores_scheme_advice: false,
            continues: None,
            capture: None,
            authorization_expires_at: None,
            lapsed_at: None,
            by: first.by,
            shopper: None,
            created_at: first.created_at,
            updated_at: first.created_at,
            operations: vec![first],
            disputes: Vec::new(),
            seen: Vec::new(),
            recording: None,
            carried: Carried::default(),
        }
    }

    /// The card, if it is made with one.
    pub fn card(&self) -> Option<&CardSummary> {
        self.instrument.card()
    }

    /// The operation that began the payment.
    pub fn first(&self) -> Option<&Operation> {
        self.operations.first()
    }

    /// Every order id by which the gateway may know something of the payment.
    pub fn gateway_order_ids(&self) -> Vec<&str> {
        self.operations.iter().flat_map(Operation::gateway_order_ids).collect()
    }

    /// The operation that shows the result of another: the void that followed from it, or itself.
    pub fn latest_of<'a>(&'a self, operation: &'a Operation) -> &'a Operation {
        let followed = match operation.kind {
            Kind::Authorize | Kind::Purchase => operation.is(Stage::Approved),
            Kind::Refund => operation.no_effect() == Some(NoEffect::NotSettled),
            Kind::Capture | Kind::Void | Kind::Unrecognized => false,
        };
        let follow_up =
            self.operations.iter().rev().find(|later| {
                followed && later.follows == Some(operation.id) && later.cause != Cause::Duplicate
            });
        follow_up.unwrap_or(operation)
    }

    /// The status of an operation, including its follow-ups.
    pub fn operation_status(&self, operation: &Operation) -> OperationStatus {
        let latest = self.latest_of(operation);
        let by_rule = latest.cause.declines_as().map(Decline::of);
        match (latest.stage(), by_rule.or(latest.decline())) {
            (Stage::Pending | Stage::Unrecognized, _) | (Stage::WaitsForDispute, None) => {
                OperationStatus::Pending
            }
            // A refund of money that the bank gave back before waits, or is ended by a person.
            (Stage::Approved | Stage::Declined | Stage::NoEffect | Stage::WaitsForDispute, Some(decline)) => {
                OperationStatus::Declined(decline)
            }
            (Stage::Approved | Stage::Declined, None) => OperationStatus::Done,
            (Stage::NoEffect, None) => OperationStatus::NoEffect(match latest.no_effect() {
                // A refund that came too early stays that, however far its void got.
                Some(NoEffect::AlreadySettled) if latest.follows.is_some() => NoEffect::NotSettled,
                Some(reason) => reason,
                None => NoEffect::TryAgain,
            }),
        }
    }

    /// Whether this version can read everything that a rule depends on. If not, a newer one wrote
    /// it, and its whole amount counts as reserved.
    pub fn is_recognized(&self) -> bool {
        self.kind != PaymentKind::Unrecognized
            && self.instrument != Instrument::Unrecognized
            && self.operations.iter().all(Operation::is_recognized)
            && self.disputes.iter().all(|one| one.dispute.kind != DisputeKind::Unrecognized)
    }

    /// The operation whose outcome is not known yet; there is at most one.
    pub fn pending(&self) -> Option<&Operation> {
        self.operations.iter().find(|operation| operation.is(Stage::Pending))
    }

    /// The state of the payment as a whole.
    pub fn status(&self) -> TransactionStatus {
        if self.pending().is_some() || !self.is_recognized() {
            return TransactionStatus::Pending;
        }
        if !self.began() || self.must_not_stand() {
            return TransactionStatus::Failed;
        }
        match self.voided().map(|void| void.cause) {
            None | Some(Cause::RefundBeforeSettlement | Cause::Duplicate) => TransactionStatus::Done,
            Some(Cause::Requested | Cause::Elsewhere) => TransactionStatus::Voided,
            Some(Cause::Unrecognized) => TransactionStatus::Pending,
            Some(
                Cause::PartialApproval
                | Cause::AvsMismatch
                | Cause::CvvMismatch
                | Cause::LateApproval
                | Cause::OrderClosed
                | Cause::Overpaid
                | Cause::OrderRefused,
            ) => TransactionStatus::Failed,
        }
    }

    /// Whether the gateway approved the authorization or purchase.
    pub fn began(&self) -> bool {
        self.first().is_some_and(|first| first.is(Stage::Approved))
    }

    /// The void that took effect.
    pub fn voided(&self) -> Option<&Operation> {
        self.approved(Kind::Void).find(|void| void.cause != Cause::Duplicate)
    }

    /// Whether a void follows from the payment's own response, so that it must not be kept.
    pub fn must_not_stand(&self) -> bool {
        self.operations.iter().any(|operation| operation.cause.declines_as().is_some())
    }

    /// Amount of the payment: the approved amount, or the requested one while that is not known.
    /// For a payment that only a newer version can read: all that it may come to.
    pub fn amount(&self) -> Amount {
        if !self.is_recognized() {
            let may_add = |o: &&Operation| o.kind.is_payment() || o.kind == Kind::Unrecognized;
            return Amount::sum(self.operations.iter().filter(may_add).map(|operation| operation.amount));
        }
        self.first().map_or(Amount::ZERO, |first| {
            if first.is(Stage::Approved) { first.approved_amount() } else { first.amount }
        })
    }

    /// When it was canceled: voided on request, or outside Tollgate.
    pub fn cancelled_at(&self) -> Option<Timestamp> {
        self.cancel().map(|void| void.updated_at)
    }

    fn cancel(&self) -> Option<&Operation> {
        self.voided().filter(|void| matches!(void.cause, Cause::Requested | Cause::Elsewhere))
    }

    /// The amount that a cancel took off the order for good, because it was to stay closed.
    pub fn closed(&self) -> Amount {
        self.cancel().filter(|void| void.closes_order).map_or(Amount::ZERO, |void| void.amount)
    }

    /// Amount taken, before refunds. A payment that was canceled took nothing.
    pub fn captured(&self) -> Amount {
        if self.must_not_stand() || !self.is_recognized() || self.cancel().is_some() {
            return Amount::ZERO;
        }
        self.taken()
    }

    /// The amount that the gateway took, whether it may stand or not.
    pub(crate) fn taken(&self) -> Amount {
        match self.kind {
            PaymentKind::Purchase if self.began() => self.amount(),
            PaymentKind::Purchase | PaymentKind::Unrecognized => Amount::ZERO,
            // There is one capture at most: the rest of the authorization is released with it.
            PaymentKind::Authorize => {
                self.approved(Kind::Capture).next().map_or(Amount::ZERO, |capture| capture.amount)
            }
        }
    }

    /// Amount given back, as refunds or as the void that stood in for one.
    pub fn refunded(&self) -> Amount {
        if !self.is_recognized() {
            return Amount::ZERO;
        }
        match self.voided().map(|void| void.cause) {
            Some(Cause::RefundBeforeSettlement) => self.captured(),
            _ => Amount::sum(self.refunds().map(|refund| refund.amount)),
        }
    }

    /// The refund of the payment's own charge that a rule owes and a dispute holds back. A person
    /// may refund the charge in its place.
    pub fn held_back_refund(&self) -> Option<&Operation> {
        self.operations.iter().find(|one| one.is(Stage::WaitsForDispute) && one.reference.is_none())
    }

    /// The amount that can still be refunded on request.
    pub fn refundable(&self) -> Amount {
        if let Some(refund) = self.held_back_refund() {
            return refund.amount;
        }
        self.captured().checked_sub(self.refunded()).unwrap_or(Amount::ZERO)
    }

    /// The held amount that can still be captured.
    pub fn capturable(&self) -> Amount {
        let open = self.kind == PaymentKind::Authorize
            && self.status() == TransactionStatus::Done
            && self.voided().is_none()
            && self.captured().is_zero();
        if open { self.amount() } else { Amount::ZERO }
    }

    /// The part of the held amount that a partial capture released.
    pub fn released(&self) -> Amount {
        let (captured, held) = (self.captured(), self.amount());
        if self.kind != PaymentKind::Authorize || captured.is_zero() {
            return Amount::ZERO;
        }
        held.checked_sub(captured).unwrap_or(Amount::ZERO)
    }

    /// The stored card that the order can be paid with again as the shopper agreed: the payment was
    /// made with it, or stored it for a customer.
    pub fn stored_card(&self) -> Option<&StoredCard> {
        let saved = || self.card()?.stored.as_ref().filter(|_| self.save_for.is_some());
        self.paid_with.as_ref().or_else(saved)
    }

    /// Whether the gateway is to store its card along with an approval.
    pub(crate) fn is_to_be_stored(&self) -> bool {
        self.save_for.is_some() || self.memo.as_ref().is_some_and(|memo| memo.save_card)
    }

    /// The gateway's reference of the payment, once approved.
    pub fn reference(&self) -> Option<&str> {
        self.first().filter(|first| first.is(Stage::Approved))?.reference()
    }

    /// The references of all charges that were made for it: its own, and those beside it.
    pub fn charges(&self) -> impl Iterator<Item = &str> {
        let beside = self.operations.iter().filter_map(|operation| operation.reference.as_deref());
        self.reference().into_iter().chain(beside)
    }

    /// The merchant's own reference: of the latest capture that states one, or else of the payment.
    pub fn custom_reference(&self) -> Option<&str> {
        self.custom_reference_within(self.operations.len())
    }

    /// The same as it was when this operation was requested. Later operations do not change it.
    pub fn custom_reference_at(&self, operation: Uuid) -> Option<&str> {
        let position = self.operations.iter().position(|own| own.id == operation);
        self.custom_reference_within(position.map_or(self.operations.len(), |position| position + 1))
    }

    fn custom_reference_within(&self, operations: usize) -> Option<&str> {
        let mut latest_first = self.operations.iter().take(operations).rev();
        let captured = latest_first.find_map(|operation| operation.custom_reference.as_ref());
        let stated = captured.or(self.references.custom_reference.as_ref()).filter(|text| !text.is_empty());
        // The credit-card API recognizes a payment by its reference, which is therefore never
        // cleared.
        stated.or(self.memo.as_ref().map(|memo| &memo.reference)).map(String::as_str)
    }

    /// Elastic Path's transaction type: the last operation on the payment.
    pub fn last_done(&self) -> Kind {
        if !self.refunded().is_zero() {
            Kind::Refund
        } else if self.kind == PaymentKind::Authorize && !self.captured().is_zero() {
            Kind::Capture
        } else {
            self.kind.operation()
        }
    }

    /// Why the payment failed.
    pub fn decline(&self) -> Option<Decline> {
        let void = self.operations.iter().rev().find_map(|operation| operation.cause.declines_as());
        let by_rule = void.map(Decline::of);
        by_rule.or_else(|| self.first().and_then(Operation::decline))
    }

    /// How the refunds were made, if there are any.
    pub fn refund_mechanism(&self) -> Option<Mechanism> {
        if self.voided().is_some_and(|void| void.cause == Cause::RefundBeforeSettlement) {
            return Some(Mechanism::Automatic);
        }
        self.refunds().last().map(|refund| refund.mechanism)
    }

    /// Whether a later void or refund may still be needed, for which room is kept.
    pub fn is_open(&self) -> bool {
        self.pending().is_some() || !self.capturable().is_zero() || !self.refundable().is_zero()
    }

    /// Refunds that a client requested. One in the place of a refund that a rule owed gave back
    /// money that does not count as captured.
    fn refunds(&self) -> impl Iterator<Item = &Operation> {
        self.approved(Kind::Refund)
            .filter(|refund| refund.cause == Cause::Requested && refund.follows.is_none())
    }

    pub(super) fn operation_mut(&mut self, id: Uuid) -> Option<&mut Operation> {
        self.operations.iter_mut().find(|operation| operation.id == id)
    }

    pub(crate) fn approved(&self, kind: Kind) -> impl Iterator<Item = &Operation> {
        self.operations
            .iter()
            .filter(move |operation| operation.kind == kind && operation.is(Stage::Approved))
    }
}

#[cfg(test)]
mod tests;

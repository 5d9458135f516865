//! What a request or the schedule wants of an order.

use jiff::Timestamp;
use uuid::Uuid;

use super::CustomerReference;
use crate::{
    order::{
        Attribution, Essentials, Fingerprint, KeyDigest, Kind, Mechanism, PaymentKind, Principal, Shopper,
        Transaction,
    },
    values::{Amount, CardSummary, Currency, Memo},
};

/// What a request wants.
#[derive(Clone, Debug)]
pub struct Intent {
    /// What the order shall do, with its amounts and its target.
    pub action: Action,
    /// The caller's idempotency key, digested.
    pub key: Option<KeyDigest>,
    /// What makes an equal request.
    pub fingerprint: Fingerprint,
    /// The currency that the caller stated; it has to be the order's.
    pub currency: Option<Currency>,
    /// The principal that the request's token or the schedule acts for.
    pub by: Principal,
    /// The same by name, and why.
    pub attribution: Option<Box<Attribution>>,
}

/// Something that moves money, or takes back that it moved.
#[derive(Clone, Debug)]
pub enum Action {
    /// A new payment of the order.
    Pay(Pay),
    /// Take what is held. Without an amount: all of it.
    Capture {
        /// The payment to capture.
        target: Target,
        /// Amount to take; the rest is released.
        amount: Option<Amount>,
        /// The merchant's reference; an empty one clears it.
        custom_reference: Option<String>,
    },
    /// Capture what is held and due by its schedule.
    CaptureDue,
    /// Release what is held, was to be captured on schedule, and ended before it could be.
    VoidLapsed,
    /// Give back. Without an amount: what the merchant's policy says.
    Refund {
        /// The payment to refund.
        target: Target,
        /// Amount to give back.
        amount: Option<Amount>,
        /// Through the gateway, or only recorded; none stated means the policy's.
        mechanism: Option<Mechanism>,
    },
    /// Undo a payment before its settlement.
    Void {
        /// The payment to void.
        target: Target,
        /// Whether the order owes the amount again. If not, it is closed.
        reopen: bool,
    },
}

/// An operation on an existing payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FollowUp {
    /// Takes an authorized amount, or part of it.
    Capture,
    /// Returns a captured amount, or part of it.
    Refund,
    /// Undoes a payment before its settlement.
    Void,
}

impl FollowUp {
    /// The kind of the operation.
    pub fn kind(self) -> Kind {
        match self {
            Self::Capture => Kind::Capture,
            Self::Refund => Kind::Refund,
            Self::Void => Kind::Void,
        }
    }
}

/// What a request says about a new payment.
#[derive(Clone, Debug)]
pub struct Pay {
    /// Whether the amount is held or taken at once.
    pub kind: PaymentKind,
    /// Amount; none means all that is owing.
    pub amount: Option<Amount>,
    /// What may be kept of the card.
    pub card: CardSummary,
    /// A payment that is an order of its own, made with it; none for a payment of the merchant's order.
    pub standalone: Option<Box<StandalonePayment>>,
    /// The customer for whom the gateway is to store the card along with an approval.
    pub save_for: Option<CustomerReference>,
    /// Whether it is by a card that the gateway does not store, and without a postal code.
    pub lacks_postcode: bool,
    /// When an authorization is captured on schedule.
    pub capture: CaptureAt,
    /// Which shopper pays; none for the merchant's own systems.
    pub shopper: Option<Shopper>,
}

impl Intent {
    /// What the schedule wants. Without a key it is decided again each time.
    pub(crate) fn of_schedule(action: Action, kind: Kind, key: Option<KeyDigest>) -> Self {
        let fingerprint = Fingerprint::new(&Essentials::new(kind));
        Self { action, key, fingerprint, currency: None, by: Principal::Schedule, attribution: None }
    }

    /// Whether its sender may learn about this payment: a shopper about its own ones only.
    pub(super) fn may_know(&self, transaction: &Transaction) -> bool {
        match (self.by, &self.action) {
            (Principal::Implicit, Action::Pay(pay)) => {
                pay.shopper.is_some() && pay.shopper == transaction.shopper
            }
            (Principal::Implicit | Principal::Unrecognized, _) => false,
            (Principal::ClientCredentials | Principal::Schedule, _) => true,
        }
    }
}

/// When an authorization is captured on schedule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CaptureAt {
    /// When the merchant's rules say.
    #[default]
    AsTheMerchantSays,
    /// At this moment; one in the past means now.
    At(Timestamp),
    /// It is captured on request, or it ends.
    Never,
}

/// A payment that is an order of its own.
#[derive(Clone, Debug)]
pub struct StandalonePayment {
    /// The transaction's id; the order bears it, too.
    pub id: Uuid,
    /// What is kept with it.
    pub memo: Memo,
}

/// Which payment of the order is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The transaction with this id.
    Transaction(Uuid),
    /// The only one that allows it.
    OnlyEligible,
}

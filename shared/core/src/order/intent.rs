//! The intent of a request or the schedule toward an order.

use jiff::Timestamp;
use uuid::Uuid;

use super::{CaptureRule, CustomerReference};
use crate::{
    order::{
        Attribution, Essentials, Fingerprint, KeyDigest, Kind, Mechanism, PaymentKind, Principal, Shopper,
        Transaction,
    },
    values::{Amount, CardSummary, Currency, Memo, References, RefundMax},
};

/// The intent of a request.
#[derive(Clone, Debug)]
pub struct Intent {
    /// The action, with its amounts and its target.
    pub action: Action,
    /// The caller's idempotency key, digested.
    pub key: Option<KeyDigest>,
    /// The fingerprint that equal requests share.
    pub fingerprint: Fingerprint,
    /// The currency that the caller stated; it has to be the order's.
    pub currency: Option<Currency>,
    /// The principal that the request's token or the schedule acts for.
    pub by: Principal,
    /// The same by name, and why.
    pub attribution: Option<Box<Attribution>>,
    /// The order's version that its sender has seen. If it is another one by now, nothing is done.
    pub seen_version: Option<u64>,
    /// Whether money may be given back although an issuer took it back: a second loss, which has to
    /// be meant.
    pub refund_disputed: bool,
    /// The most that who requests it may give back of one order.
    pub refund_max: RefundMax,
}

/// Something that moves money, or takes back that it moved.
#[derive(Clone, Debug)]
pub enum Action {
    /// A new payment of the order.
    Pay(Pay),
    /// Take the held money. Without an amount: all.
    Capture {
        /// The payment to capture.
        target: Target,
        /// Amount to take; the rest is released.
        amount: Option<Amount>,
        /// The merchant's reference; an empty one clears it.
        custom_reference: Option<String>,
    },
    /// Hold anew the amount that a partial capture released.
    Reauthorize(Reauthorize),
    /// Capture the held amount that is due by its schedule.
    CaptureDue {
        /// Whether the order's shop is asked before, if it has one. A run that it left without
        /// answers asks it no more.
        asks_shop: bool,
    },
    /// Void a payment whose order was canceled in its shop.
    VoidCancelled,
    /// Release an authorization that was to be captured on schedule and ended before it could be.
    VoidLapsed,
    /// Give back. Without an amount: as the merchant's policy says.
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
    /// Takes an authorized amount, or a part.
    Capture,
    /// Returns a captured amount, or a part.
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

/// The terms of a new payment in a request.
#[derive(Clone, Debug)]
pub struct Pay {
    /// Whether the amount is held or taken at once.
    pub kind: PaymentKind,
    /// Amount; none means all that is owing.
    pub amount: Option<Amount>,
    /// The card data that may be kept; with where the gateway stores the card, if it is paid with
    /// as a stored one.
    pub card: CardSummary,
    /// A payment that is an order of its own, made with it; none for a payment of the merchant's
    /// order.
    pub standalone: Option<Box<StandalonePayment>>,
    /// The merchant's own texts about it.
    pub references: Box<References>,
    /// The customer for whom the gateway is to store the card along with an approval.
    pub save_for: Option<CustomerReference>,
    /// Whether it is by a card that the gateway does not store, and without a postal code.
    pub lacks_postcode: bool,
    /// Whether it counts against a shopper's source. The order's own limit of declines is for the
    /// other payments of the merchant.
    pub source_is_known: bool,
    /// When an authorization is captured on schedule, and how much.
    pub capture: CaptureTerms,
    /// Which shopper pays; none for the merchant's own systems.
    pub shopper: Option<Shopper>,
    /// Who initiates it.
    pub initiative: Initiative,
}

/// Who initiates a payment, and whether a scheme's word is to be obeyed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Initiative {
    /// Whether it is the merchant, with a stored card, and not the cardholder.
    pub by_merchant: bool,
    /// Whether the merchant's server wants it sent although a scheme has forbidden it.
    pub ignores_scheme_advice: bool,
}

/// A new authorization of a rest, as a request states it.
#[derive(Clone, Debug)]
pub struct Reauthorize {
    /// The payment that was captured in part.
    pub target: Target,
    /// Amount to hold; none means all that the capture released.
    pub amount: Option<Amount>,
    /// When it is captured on schedule, and how much.
    pub capture: CaptureTerms,
    /// Whether it is to be sent although a scheme has forbidden it.
    pub ignores_scheme_advice: bool,
}

impl Reauthorize {
    /// Who initiates it: always the merchant.
    pub(crate) fn initiative(&self) -> Initiative {
        Initiative { by_merchant: true, ignores_scheme_advice: self.ignores_scheme_advice }
    }
}

impl Intent {
    /// The intent of the schedule. Without a key it is decided again each time.
    pub(crate) fn of_schedule(action: Action, kind: Kind, key: Option<KeyDigest>) -> Self {
        let fingerprint = Fingerprint::new(&Essentials::new(kind));
        Self {
            action,
            key,
            fingerprint,
            currency: None,
            by: Principal::Schedule,
            attribution: None,
            seen_version: None,
            refund_disputed: false,
            refund_max: RefundMax::Unlimited,
        }
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

/// The terms of an authorization's scheduled capture in a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CaptureTerms {
    /// When. None stated: by default, or as it is scheduled already.
    pub at: Option<CaptureAt>,
    /// How much. None stated: all, or as much as was scheduled already.
    pub amount: Option<CaptureAmount>,
}

impl From<CaptureAt> for CaptureTerms {
    fn from(at: CaptureAt) -> Self {
        Self { at: Some(at), amount: None }
    }
}

/// When an authorization is captured on schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CaptureAt {
    /// At this moment; one in the past means now.
    At(Timestamp),
    /// When a rule says, counted from the authorization.
    After(CaptureRule),
    /// It is captured on request, or it ends.
    Never,
    /// As only a newer version knows.
    Unrecognized,
}

/// How much of an authorization is captured on schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaptureAmount {
    /// All that is held then.
    All,
    /// So much; the rest is released.
    Part(Amount),
}

/// A payment that is an order of its own.
#[derive(Clone, Debug)]
pub struct StandalonePayment {
    /// The transaction's id; the order bears it, too.
    pub id: Uuid,
    /// The data kept with it.
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

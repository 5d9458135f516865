//! One intent to move money: the request, how it was sent, and its state.

mod attribution;
mod by_hand;
mod digest;
mod notice;
mod state;

pub use attribution::{ACTOR_MAX_BYTES, Actor, Attribution, InvalidKeyName, KEY_NAME_MAX_CHARS, KeyName};
pub use by_hand::{
    ByHand, DECIDED_BY_MAX_BYTES, DecidedBy, HandVerdict, InvalidByHand, PERSON_MAX_BYTES, Person,
    REASON_MAX_BYTES, Reason,
};

pub(crate) use digest::digest;
pub use digest::{Essentials, Fingerprint, KeyDigest};
pub use notice::{Notice, NoticeReason};

pub(crate) use state::BACK_OFF_MIN;
pub use state::{Attempt, Decision, FIRST_INQUIRY_AFTER, OperationState, Pending, Stage, Superseded};

use std::borrow::Cow;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    order::{GatewayResponse, NoEffect},
    values::{Amount, Carried, DeclineCode, Fee},
    words,
};

words! {
    /// The movement of money on the card account.
    #[derive(Hash)]
    pub enum Kind {
        /// Hold an amount on the card, to be captured later.
        Authorize => "authorize",
        /// Hold and capture in one step.
        Purchase => "purchase",
        /// Take the held amount, or a part.
        Capture => "capture",
        /// Give back after settlement.
        Refund => "refund",
        /// Undo a payment before its settlement.
        Void => "void",
        _ => Unrecognized,
    }
}

impl Kind {
    /// Whether it begins a payment, rather than acting on one that is there.
    pub fn is_payment(self) -> bool {
        match self {
            Self::Authorize | Self::Purchase => true,
            Self::Capture | Self::Refund | Self::Void | Self::Unrecognized => false,
        }
    }

    /// Whether the gateway keeps a record of it, with a reference of its own. Captures and voids
    /// show on the record of the operation they act on.
    pub fn has_own_record(self) -> bool {
        match self {
            Self::Authorize | Self::Purchase | Self::Refund => true,
            Self::Capture | Self::Void | Self::Unrecognized => false,
        }
    }
}

words! {
    /// Why an operation exists.
    #[derive(Default)]
    pub enum Cause {
        /// A client requested it.
        #[default]
        Requested => "requested",
        /// A full refund came before settlement, so the payment is voided instead.
        RefundBeforeSettlement => "refund_before_settlement",
        /// The issuer approved less than was requested and the merchant does not take parts.
        PartialApproval => "partial_approval",
        /// The merchant does not accept this AVS result.
        AvsMismatch => "avs_mismatch",
        /// The merchant does not accept this CVV result.
        CvvMismatch => "cvv_mismatch",
        /// The payment turned up after it was given up, and the order has no room for it any more.
        LateApproval => "late_approval",
        /// The order was canceled in its shop before the payment was known.
        OrderClosed => "order_closed",
        /// The order owes less in its shop.
        Overpaid => "overpaid",
        /// The shop refused to record the payment.
        OrderRefused => "order_refused",
        /// An earlier attempt of the payment turned up beside the later one, which counts.
        Duplicate => "duplicate",
        /// It was done outside Tollgate, in the gateway's portal for instance, and found by an
        /// inquiry.
        Elsewhere => "elsewhere",
        _ => Unrecognized,
    }
}

impl Cause {
    /// Whether a void of this cause has to be done in the end: money is held that was never
    /// requested.
    pub fn must_succeed(self) -> bool {
        self.declines_as().is_some() || self == Self::Duplicate
    }

    /// The decline that a void of this cause turns the payment into, if it does.
    pub fn declines_as(self) -> Option<DeclineCode> {
        match self {
            Self::Requested
            | Self::RefundBeforeSettlement
            | Self::Duplicate
            | Self::Elsewhere
            | Self::Unrecognized => None,
            Self::PartialApproval => Some(DeclineCode::PartialApproval),
            Self::AvsMismatch => Some(DeclineCode::AvsMismatch),
            Self::CvvMismatch => Some(DeclineCode::IncorrectCvc),
            Self::LateApproval => Some(DeclineCode::DuplicateTransaction),
            Self::OrderClosed => Some(DeclineCode::OrderClosed),
            Self::Overpaid => Some(DeclineCode::Overpaid),
            Self::OrderRefused => Some(DeclineCode::OrderRefused),
        }
    }
}

words! {
    /// Who acts: the caller with an access token, whose claim is this name in snake case, or the
    /// schedule.
    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    pub enum Principal {
        /// The merchant's own systems; may do everything of the merchant.
        ClientCredentials => "client_credentials",
        /// A shopper's browser; may pay and see its own transaction.
        Implicit => "implicit",
        /// The schedule that captures authorized payments; it has no token.
        Schedule => "schedule",
        _ => Unrecognized,
    }
}

/// A shopper: a digest of the random id in its access token, so that the stored value opens
/// nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Shopper(pub Uuid);

impl Shopper {
    /// The shopper whose access token carries this id.
    pub fn of(id: Uuid) -> Self {
        Self(Uuid::from_bytes(digest(&[Some("shopper"), Some(&id.to_string())])))
    }
}

words! {
    /// Whether the gateway does it, or it is only recorded because it was done elsewhere.
    #[derive(Default)]
    pub enum Mechanism {
        /// The gateway moves the money.
        #[default]
        Automatic => "automatic",
        /// Recorded only; the money moves outside Tollgate.
        Manual => "manual",
        _ => Unrecognized,
    }
}

/// The gateway account that an operation is sent through. Stored, because later operations and
/// inquiries have to use the same one even when the merchant's set-up has changed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Route {
    /// Which gateway it is, by the name that its adapter gives itself.
    pub gateway: Cow<'static, str>,
    /// The account's id there.
    pub account: String,
    /// Where the gateway is: its URL, without a slash at the end.
    pub endpoint: String,
}

/// One intent to authorize, purchase, capture, refund or void, with all that is known about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// The id that Tollgate gave it; every attempt has an id of its own.
    pub id: Uuid,
    /// Which of the five movements of money it is.
    pub kind: Kind,
    /// Why it exists: on request, or by which rule.
    pub cause: Cause,
    /// The operation that this one follows from, for a void that was not requested.
    pub follows: Option<Uuid>,
    /// Through the gateway, or recorded only.
    pub mechanism: Mechanism,
    /// The amount requested, in the order's currency.
    pub amount: Amount,
    /// The caller's idempotency key, digested.
    pub key: Option<KeyDigest>,
    /// The fingerprint that equal requests share.
    pub fingerprint: Fingerprint,
    /// The gateway account it is sent through.
    pub route: Route,
    /// The payment that a void is about, where it is not the transaction's own.
    pub reference: Option<String>,
    /// The principal that requested it; the schedule for a scheduled capture.
    pub by: Principal,
    /// The same by name, and why, as far as the first request told.
    pub attribution: Option<Box<Attribution>>,
    /// When the intent was first saved.
    pub created_at: Timestamp,
    /// The latest attempt, which the state is about.
    pub attempt: Attempt,
    /// Its state, with the data that the state implies.
    pub state: OperationState,
    /// When that last changed.
    pub updated_at: Timestamp,
    /// Earlier decisions, oldest kind first.
    pub superseded: Vec<Superseded>,
    /// Whether a cancel closes the order: the paid or held amount does not become owing again.
    pub closes_order: bool,
    /// When to look for it once more after an attempt was abandoned as absent or refused without
    /// proof, no matter how later attempts ended.
    pub last_look_at: Option<Timestamp>,
    /// Attempts that were refused without proof, and of which an inquiry then showed no trace: the
    /// last look is about them, too.
    pub look_again: Vec<Uuid>,
    /// Decisions of persons about it, oldest first, where the gateway decided nothing.
    pub by_hand: Vec<ByHand>,
    /// Notices to the merchant about it, oldest first.
    pub notices: Vec<Notice>,
    /// The merchant's own reference, where a capture states another one than its payment; empty:
    /// none any more.
    pub custom_reference: Option<String>,
    /// Data that a newer version stored with it.
    pub carried: Carried,
}

/// The members that every new operation has.
pub struct NewOperation {
    /// A fresh UUID, which becomes the operation's id.
    pub id: Uuid,
    /// Which of the five movements of money it is.
    pub kind: Kind,
    /// The amount requested, in the order's currency.
    pub amount: Amount,
    /// The fingerprint that equal requests share.
    pub fingerprint: Fingerprint,
    /// The gateway account to send it through.
    pub route: Route,
    /// The principal that requested it; the schedule for a scheduled capture.
    pub by: Principal,
}

impl Operation {
    /// A pending operation, to be saved and then sent for the first time.
    pub fn new(new: NewOperation, now: Timestamp) -> Self {
        let NewOperation { id, kind, amount, fingerprint, route, by } = new;
        Self {
            id,
            kind,
            cause: Cause::Requested,
            follows: None,
            mechanism: Mechanism::Automatic,
            amount,
            key: None,
            fingerprint,
            route,
            reference: None,
            by,
            attribution: None,
            created_at: now,
            attempt: Attempt::first(id, now),
            state: Self::pending_from(now),
            updated_at: now,
            superseded: Vec::new(),
            closes_order: false,
            last_look_at: None,
            look_again: Vec::new(),
            by_hand: Vec::new(),
            notices: Vec::new(),
            custom_reference: None,
            carried: Carried::default(),
        }
    }

    /// A pending operation that follows from this one: through the same account, by the same
    /// principal.
    pub(crate) fn followed_by(&self, id: Uuid, kind: Kind, amount: Amount, now: Timestamp) -> Self {
        let (fingerprint, route, by) = (self.fingerprint, self.route.clone(), self.by);
        let new = NewOperation { id, kind, amount, fingerprint, route, by };
        Self { follows: Some(self.id), ..Self::new(new, now) }
    }

    /// The same by this mechanism. An operation that is only recorded is never sent, and done at
    /// once.
    #[must_use]
    pub fn through(self, mechanism: Mechanism) -> Self {
        if mechanism == Mechanism::Automatic {
            return self;
        }
        let attempt = Attempt { number: 0, ..self.attempt };
        let state = OperationState::Decided(Decision::Approved(GatewayResponse::default()));
        Self { mechanism, attempt, state, ..self }
    }

    /// The amount that the gateway approved, which can be less than was requested.
    pub fn approved_amount(&self) -> Amount {
        match (self.kind, self.response().and_then(GatewayResponse::amount)) {
            (Kind::Authorize | Kind::Purchase, Some(approved)) => approved.min(self.amount),
            _ => self.amount,
        }
    }

    /// The fee that the gateway took or gave back beside the amount, once it did.
    pub fn fee(&self) -> Option<Fee> {
        self.response().filter(|_| self.is(Stage::Approved))?.charged?.fee
    }

    /// Whether this version can read everything that a rule depends on.
    pub fn is_recognized(&self) -> bool {
        self.kind != Kind::Unrecognized
            && self.cause != Cause::Unrecognized
            && self.mechanism != Mechanism::Unrecognized
            && self.state != OperationState::Unrecognized
            && self.no_effect() != Some(NoEffect::Unrecognized)
    }
}

/// The order id under which the gateway knows an operation, from the operation's id.
///
/// 19 characters, which every processor takes, and letters only: an id that passes the Luhn check
/// is stored masked by the gateway and can never be found again (`docs/cardpointe.md`, *Amounts,
/// dates and order ids*), and without digits there is nothing to check.
pub fn gateway_order_id(operation: Uuid) -> String {
    let mut rest = operation.as_u128();
    let mut id = String::from("TG");
    for _ in 0..17 {
        // 26^17 is 80 bits of the id: a clash within one merchant is out of reach.
        let letter = u8::try_from(rest % 26).unwrap_or_default();
        id.push(char::from(b'A' + letter));
        rest /= 26;
    }
    id
}

/// Whether an order id has the form of those that this code gives to attempts.
pub fn is_gateway_order_id(text: &str) -> bool {
    text.len() == 19 && text.starts_with("TG") && text.bytes().all(|byte| byte.is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        memory::new_operation,
        values::{Charged, FeeKind},
    };

    #[test]
    fn a_gateway_order_id_fits_every_processor_and_cannot_be_taken_for_a_card_number() {
        for seed in 0..1_000_u128 {
            let id = gateway_order_id(Uuid::from_u128(
                seed.wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835),
            ));
            assert_eq!(id.len(), 19);
            assert!(id.bytes().all(|byte| byte.is_ascii_uppercase()));
            assert!(is_gateway_order_id(&id), "{id}");
        }
        let others = ["TGAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAA", "TGAAAAAAAAAAAAAAAA1"];
        assert!(!others.into_iter().any(is_gateway_order_id));
    }

    /// It is part of the stored form: an id that is not stored is made by this rule.
    #[test]
    fn a_gateway_order_id_is_always_the_same_one() {
        for (operation, expected) in [
            ("00000000-0000-0000-0000-000000000000", "TGAAAAAAAAAAAAAAAAA"),
            ("00000000-0000-0000-0000-00000000001a", "TGABAAAAAAAAAAAAAAA"),
            ("67e55044-10b1-426f-9247-bb680e5fe0c8", "TGGNYGALLBZEDJKGLZB"),
            ("ffffffff-ffff-ffff-ffff-ffffffffffff", "TGVBKJGNUCMOTHVSMTE"),
        ] {
            assert_eq!(gateway_order_id(operation.parse().unwrap()), expected, "{operation}");
        }
    }

    #[test]
    fn an_operation_with_a_word_of_a_newer_version_is_not_recognized() {
        let at = Timestamp::UNIX_EPOCH;
        let new = || Operation::new(new_operation(Uuid::from_u128(1), Kind::Purchase, 100), at);
        let unknown = Decision::NoEffect(GatewayResponse::default(), NoEffect::Unrecognized);
        assert!(!Operation { mechanism: Mechanism::Unrecognized, ..new() }.is_recognized());
        assert!(!Operation { state: OperationState::Decided(unknown), ..new() }.is_recognized());
    }

    #[test]
    fn what_was_taken_beside_an_amount_counts_once_it_was_done() {
        let fee = Fee { amount: Amount::new(3).unwrap(), kind: FeeKind::Surcharge };
        let charged = Charged { amount: Amount::new(100).unwrap(), fee: Some(fee) };
        let said = GatewayResponse { charged: Some(charged), ..GatewayResponse::default() };
        for (decision, expected) in [
            (Decision::Approved(said.clone()), Some(fee)),
            (Decision::NoEffect(said, NoEffect::VoidedElsewhere), None),
        ] {
            let new = new_operation(Uuid::from_u128(1), Kind::Purchase, 100);
            let mut operation = Operation::new(new, Timestamp::UNIX_EPOCH);
            operation.decide(decision, Timestamp::UNIX_EPOCH);
            assert_eq!(operation.fee(), expected);
        }
    }
}

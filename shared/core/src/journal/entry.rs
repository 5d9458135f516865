//! An entry of the journal: one fact, with all that is needed to read it without the order.

use jiff::Timestamp;
use uuid::Uuid;

use super::Changes;
use crate::{
    order::{Attribution, ByHand, Cause, Kind, Mechanism, OrderKey, Principal},
    values::{Amount, Brand, Currency, DeclineCode, Fee, sort_of},
    words,
};

words! {
    /// The kind of a fact, and its name in the journal. Never changed: entries' ids are made of the
    /// name.
    #[derive(Hash)]
    pub enum Fact {
        /// An authorization or a purchase was approved.
        Approved => "approved",
        /// The issuer or the gateway refused an operation.
        Declined => "declined",
        /// A rule of the merchant, or of Tollgate, refused the issuer's approval: the payment is
        /// declined and voided.
        DeclinedByRule => "declined_by_rule",
        /// A held amount was taken.
        Captured => "captured",
        /// Money was given back, as a refund or by voiding a payment before its settlement.
        Refunded => "refunded",
        /// A payment was voided.
        Voided => "voided",
        /// A payment is voided at the gateway, and Tollgate did not void it.
        VoidedElsewhere => "voided_elsewhere",
        /// An attempt was given up, because the gateway has no trace of the attempt.
        Abandoned => "abandoned",
        /// An authorization ended before its scheduled capture came to pass.
        Lapsed => "lapsed",
        /// A second charge of one payment was found.
        DuplicateFound => "duplicate_found",
        /// That charge was given back.
        DuplicateReturned => "duplicate_returned",
        /// A person decided the outcome of an operation.
        DecidedByHand => "decided_by_hand",
        /// The card's issuer took money back; also a correction of an earlier report.
        ChargedBack => "charged_back",
        /// Money of a chargeback came back.
        ChargebackReversed => "chargeback_reversed",
    }
}

/// One fact, with all that is needed to read it without the order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Made of operation, attempt and fact: the same fact has the same id, wherever and whenever it
    /// is derived.
    pub id: Uuid,
    /// The kind of the fact. Its name is part of the id.
    pub fact: Fact,
    /// When it was decided, as the order has it.
    pub at: Timestamp,
    /// The key of the order that the entry is read off.
    pub order: OrderKey,
    /// The transaction that the operation is part of.
    pub transaction: Uuid,
    /// The operation that the fact is about.
    pub operation: Uuid,
    pub kind: Kind,
    /// Why the operation exists.
    pub cause: Cause,
    /// Through the gateway, or recorded only.
    pub mechanism: Mechanism,
    /// Who requested the operation.
    pub by: Principal,
    /// The same by name, and why.
    pub attribution: Option<Box<Attribution>>,
    /// Whether it was found after the operation had been given up.
    pub late: bool,
    /// The currency of all amounts.
    pub currency: Currency,
    /// The amount that the fact is about.
    pub amount: Amount,
    /// The fee held, taken or given back beside the amount; a void gives back the payment's fee.
    pub fee: Option<Fee>,
    /// By how much the fact changes each balance; zero if it moves nothing.
    pub changes: Changes,
    /// Why it was refused.
    pub decline: Option<DeclineCode>,
    /// Whether the settlement refused the approved operation.
    pub settlement_rejected: bool,
    /// The gateway's reference of the operation; of a chargeback and its reversal, the case.
    pub reference: Option<String>,
    /// The issuer's approval code.
    pub authcode: Option<String>,
    /// The gateway account (MID) of the operation's route.
    pub account: String,
    /// The order id under which the gateway knows the attempt.
    pub gateway_order_id: String,
    /// The card's brand, where it was known by then.
    pub brand: Option<Brand>,
    /// The last four digits of the card's number, where they were known by then.
    pub last_four: Option<String>,
    /// The merchant's own reference of the payment, as it was when the operation was requested. It
    /// is not for data that identifies the payer, so it stays when that data is erased; nothing
    /// else that a payment is known by is in the journal.
    pub merchant_reference: Option<String>,
    /// The name, reason and verdict of the person; only in an entry of [`Fact::DecidedByHand`].
    pub by_hand: Option<ByHand>,
    /// The card scheme's code of a chargeback's reason; in no other entry.
    pub dispute_reason: Option<String>,
}

impl Entry {
    /// Where it comes among others: by its time to the millisecond, and then by its id.
    pub fn sort(&self) -> String {
        format!("{}#{}", sort_of(self.at), self.id)
    }

    /// Whether it is anything but a usual approval or capture: the entries that a person looks for
    /// in a list.
    pub fn is_unusual(&self) -> bool {
        let is_usual = matches!(self.fact, Fact::Approved | Fact::Captured);
        !is_usual || self.late || self.settlement_rejected || self.cause != Cause::Requested
    }

    /// Whether a payment can begin with it. Later operations can have been decided in the same
    /// millisecond.
    pub(super) fn may_be_first(&self) -> bool {
        self.kind.is_payment() && self.fact != Fact::DeclinedByRule
    }
}

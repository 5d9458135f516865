//! One word for a payment, as people use it. Statuses name the possible next steps; `complete` is
//! both held and paid.

use jiff::Timestamp;

use super::{Cause, NoEffect, Operation, PaymentKind, Principal, Stage, Transaction, TransactionStatus};
use crate::{values::Amount, words};

words! {
    /// The word for a payment at a moment, as in `docs/api.md`.
    pub enum PaymentWord {
        /// Authorized, and not captured yet.
        Held => "held",
        /// All that was approved is taken.
        Paid => "paid",
        /// Less than the authorized amount is taken; the rest is released.
        PartlyPaid => "partly_paid",
        /// A part of the taken amount was given back.
        PartlyRefunded => "partly_refunded",
        /// All that was taken was given back.
        Refunded => "refunded",
        /// Refused by the issuer, the gateway or a rule of the merchant.
        Declined => "declined",
        /// The gateway did nothing, and nothing refused it.
        NotProcessed => "not_processed",
        /// Voided on request.
        Voided => "voided",
        /// Voided at the gateway, but not by Tollgate.
        VoidedElsewhere => "voided_elsewhere",
        /// The outcome of an operation is not known.
        NotKnownYet => "not_known_yet",
        /// The authorization ended before it was captured.
        Lapsed => "lapsed",
        /// The settlement refused an approved operation.
        SettlementRefused => "settlement_refused",
        /// The cardholder's bank took back all or a part of the money, and it did not come back.
        Disputed => "disputed",
    }
}

impl Transaction {
    /// The word for the payment at this moment: an uncaptured authorization lapses without a
    /// change.
    pub fn word(&self, now: Timestamp) -> PaymentWord {
        match self.word_beside_disputes(now) {
            PaymentWord::NotKnownYet => PaymentWord::NotKnownYet,
            _ if self.has_open_dispute() => PaymentWord::Disputed,
            other => other,
        }
    }

    /// The same without regard to chargebacks.
    pub(crate) fn word_beside_disputes(&self, now: Timestamp) -> PaymentWord {
        match self.status() {
            TransactionStatus::Pending => PaymentWord::NotKnownYet,
            TransactionStatus::Failed => self.word_of_failure(),
            TransactionStatus::Voided => self.word_of_void(),
            TransactionStatus::Done if self.is_refused_by_settlement() => PaymentWord::SettlementRefused,
            TransactionStatus::Done => self.word_of_money(now),
        }
    }

    /// The amounts that the next request can capture or refund, as shown: zero while the outcome of
    /// another one is not known.
    pub fn left(&self, now: Timestamp) -> Remaining {
        if self.status() == TransactionStatus::Pending {
            return Remaining { capturable: Amount::ZERO, refundable: Amount::ZERO };
        }
        // The gateway may still accept a capture of a lapsed authorization, but nobody is to count
        // on that money.
        let capturable = if self.has_lapsed(now) { Amount::ZERO } else { self.capturable() };
        Remaining { capturable, refundable: self.refundable() }
    }

    /// By its time, or on record.
    pub(super) fn has_lapsed(&self, now: Timestamp) -> bool {
        self.lapsed_at.is_some() || self.has_expired(now)
    }

    fn word_of_failure(&self) -> PaymentWord {
        if self.first().and_then(Operation::no_effect) == Some(NoEffect::VoidedElsewhere) {
            PaymentWord::VoidedElsewhere
        } else if self.decline().is_some() {
            PaymentWord::Declined
        } else {
            PaymentWord::NotProcessed
        }
    }

    fn word_of_void(&self) -> PaymentWord {
        match self.voided() {
            Some(void) if void.cause == Cause::Elsewhere => PaymentWord::VoidedElsewhere,
            // Beside lapsed holds, the schedule voids payments of orders that were canceled.
            Some(void) if void.by == Principal::Schedule && !self.is_of_cancellation(void) => {
                PaymentWord::Lapsed
            }
            _ => PaymentWord::Voided,
        }
    }

    fn word_of_money(&self, now: Timestamp) -> PaymentWord {
        let (captured, refunded) = (self.captured(), self.refunded());
        if captured.is_zero() && self.kind == PaymentKind::Authorize {
            return if self.has_lapsed(now) { PaymentWord::Lapsed } else { PaymentWord::Held };
        }
        match (refunded.is_zero(), refunded >= captured) {
            (true, _) if self.released().is_zero() => PaymentWord::Paid,
            (true, _) => PaymentWord::PartlyPaid,
            (false, false) => PaymentWord::PartlyRefunded,
            (false, true) => PaymentWord::Refunded,
        }
    }

    /// Of a payment, its capture or its refund. A voided payment holds no money that could be
    /// wrong.
    fn is_refused_by_settlement(&self) -> bool {
        let is_refused = |operation: &Operation| {
            operation.is(Stage::Approved)
                && operation.response().is_some_and(|response| response.settlement_rejected)
        };
        self.voided().is_none() && self.operations.iter().any(is_refused)
    }
}

/// The amounts of a payment that are left to act on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remaining {
    /// The held amount that can be captured.
    pub capturable: Amount,
    /// The taken amount that can be refunded.
    pub refundable: Amount,
}

/// Where the amount of a payment is, in minor units. With a chargeback of refunded money, it is in
/// two places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shares {
    /// Taken, and neither given back nor taken back.
    pub kept: Amount,
    /// The same where the settlement refused it.
    pub refused: Amount,
    /// Given back.
    pub refunded: Amount,
    /// Taken back by the cardholder's bank.
    pub disputed: Amount,
    /// Held, and still to be captured.
    pub held: Amount,
    /// Neither taken nor held any more.
    pub released: Amount,
}

impl Transaction {
    /// Where its amount is; none where nothing was approved, or an outcome is not known.
    pub fn shares(&self, now: Timestamp) -> Option<Shares> {
        let word = self.word_beside_disputes(now);
        if matches!(word, PaymentWord::NotKnownYet | PaymentWord::Declined | PaymentWord::NotProcessed) {
            return None;
        }
        let less = |from: Amount, part: Amount| from.checked_sub(part).unwrap_or(Amount::ZERO);
        let (captured, refunded, held) = (self.captured(), self.refunded(), self.left(now).capturable);
        let disputed = self.disputed().amount().unwrap_or(Amount::ZERO);
        let stays = less(less(captured, refunded), disputed);
        let is_refused = word == PaymentWord::SettlementRefused;
        Some(Shares {
            kept: if is_refused { Amount::ZERO } else { stays },
            refused: if is_refused { stays } else { Amount::ZERO },
            refunded,
            disputed,
            held,
            released: less(less(self.amount(), captured), held),
        })
    }
}

#[cfg(test)]
mod tests;

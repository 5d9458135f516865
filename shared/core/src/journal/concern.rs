//! What a person has to look at, going by a payment's current state. An event reports each thing once, when it comes up
//! ([`crate::journal::attention`]); a list says what is left.

use jiff::{SignedDuration, Timestamp};

use crate::{
    journal::{Entry, Fact, entries},
    order::{CaptureStanding, Order, Transaction},
    words,
};

/// How long an operation is in doubt before it is too long, and a capture overdue before it counts as skipped. Inquiries
/// are an hour apart at most, and the schedule runs every few minutes.
const TOO_LONG: SignedDuration = SignedDuration::from_hours(1);

words! {
    /// Why a payment is in the list of what needs attention, as `docs/finance.md` has it.
    pub enum Concern {
        /// The outcome of an operation has not been known for an hour.
        InDoubt => "in_doubt":
            "Wait with the goods and look it up in the gateway's portal; an operator can decide it with payment resolve.",
        /// A scheduled capture was refused, did not come to pass, or is an hour late.
        CaptureSkipped => "capture_skipped":
            "Capture it by hand while the authorization holds, or cancel it.",
        /// The payment is voided at the gateway, and Tollgate did not void it.
        VoidedElsewhere => "voided_elsewhere": "Find out who voided it; the order owes the amount again.",
        /// The settlement refused what had been approved.
        SettlementRejected => "settlement_rejected":
            "The money does not come: ask the gateway why, and the customer for another payment.",
        /// An operation was given up, and the gateway did it after all.
        FoundLate => "found_late":
            "Look whether the customer paid twice or was refunded twice, and give back what is too much.",
        /// An authorization is about to end, and no capture of it is to come.
        AuthorizationEnding => "authorization_ending":
            "Capture it before the authorization ends, or let it lapse.",
    }

    /// What to do, in a sentence.
    pub fn advice(self) -> &'static str;
}

/// What there is to look at in a transaction now, in the order of the codes.
pub fn concerns(order: &Order, transaction: &Transaction, now: Timestamp) -> Vec<Concern> {
    let facts = entries(None, order);
    let has =
        |is: fn(&Entry) -> bool| facts.iter().any(|entry| entry.transaction == transaction.id && is(entry));
    // What was voided holds no money that could be wrong.
    let stands = transaction.voided().is_none();
    let holds = |concern: &Concern| match concern {
        Concern::InDoubt => is_in_doubt(transaction, now),
        Concern::CaptureSkipped => is_capture_skipped(order, transaction, now),
        Concern::VoidedElsewhere => has(|entry| entry.fact == Fact::VoidedElsewhere),
        Concern::SettlementRejected => stands && has(|entry| entry.settlement_rejected),
        Concern::FoundLate => stands && has(|entry| entry.late),
        Concern::AuthorizationEnding => {
            transaction.is_expiring(now)
                && !transaction.has_expired(now)
                && order.next_capture_attempt(transaction).is_none()
                && !is_capture_skipped(order, transaction, now)
        }
    };
    Concern::ALL.iter().copied().filter(holds).collect()
}

/// Whether it has been in doubt for too long. Only these are looked for in the index of orders in doubt.
pub fn is_in_doubt(transaction: &Transaction, now: Timestamp) -> bool {
    transaction.pending().is_some_and(|operation| now.duration_since(operation.attempt.at) >= TOO_LONG)
}

fn is_capture_skipped(order: &Order, transaction: &Transaction, now: Timestamp) -> bool {
    match transaction.capture_standing() {
        Some(CaptureStanding::Lapsed | CaptureStanding::Stopped) => true,
        Some(CaptureStanding::Waiting) => {
            order.next_capture_attempt(transaction).is_some_and(|at| now.duration_since(at) >= TOO_LONG)
        }
        Some(CaptureStanding::Retrying) | None => false,
    }
}

#[cfg(test)]
mod tests;

//! What a look-up says became of an operation.
//!
//! Read by `setlstat` as well: a voided payment is not approved, "Authorized" after a capture means not captured, and
//! a value that is not listed decides nothing (`cardpointe.md` §6.1).

use super::{codes, wire::Reply};
use crate::{
    money::Amount,
    operation::Kind,
    outcome::{Finding, NoEffect, Outcome},
};

/// Where a record stands.
enum Stands {
    /// The gateway has no such transaction.
    NotFound,
    /// Approved and not captured.
    Authorized,
    /// Captured, and perhaps sent to settlement.
    Captured,
    /// Settled.
    Settled,
    /// Voided.
    Voided,
    /// Declined.
    Declined,
    /// A refund that was approved.
    Refunded,
    /// The gateway could not look it up.
    NoAnswer,
    /// A value that is not listed.
    Unlisted,
}

fn stands(record: &Reply) -> Stands {
    let (Some(respstat), Some(respproc), Some(respcode)) =
        (&record.respstat, &record.respproc, &record.respcode)
    else {
        return Stands::NoAnswer;
    };
    match (respstat.as_str(), record.setlstat.as_deref()) {
        (_, None) if respproc == "PPS" && respcode == "29" => Stands::NotFound,
        // A look-up that the gateway refuses or cannot finish has no transaction's state in it.
        (_, None) | ("B", _) => Stands::NoAnswer,
        (_, Some("Declined")) => Stands::Declined,
        (_, Some("Voided")) => Stands::Voided,
        ("A", Some("Authorized")) => Stands::Authorized,
        ("A", Some("Queued for Capture")) => Stands::Captured,
        ("A", Some("Accepted")) => Stands::Settled,
        ("A", Some("Refunded")) => Stands::Refunded,
        _ => Stands::Unlisted,
    }
}

/// What became of an authorization or a purchase, from the records under its own order id.
///
/// `sent_before`: an earlier attempt went out under the same order id, so a decline or a void that is found may be its
/// own and says nothing of the later one.
pub(super) fn of_payment(kind: Kind, amount: Amount, records: &[Reply], sent_before: bool) -> Finding {
    let (mut approved, mut voided, mut declined) = (Vec::new(), None, None);
    for record in records {
        match (stands(record), kind) {
            (Stands::NotFound | Stands::Refunded, _) => {}
            (Stands::NoAnswer, _) => return Finding::Failed,
            (Stands::Captured | Stands::Settled, _) | (Stands::Authorized, Kind::Authorize) => {
                approved.push(record);
            }
            (Stands::Voided, _) => voided = Some(record),
            (Stands::Declined, _) => declined = Some(record),
            // A purchase that is only held was not made by us as it stands.
            (Stands::Authorized | Stands::Unlisted, _) => return Finding::Undecided,
        }
    }
    match (approved.as_slice(), voided, declined) {
        ([record], ..) => match record.amount() {
            Some((found, false)) if found == amount => became(Outcome::Approved(record.answer())),
            Some((found, false)) if found < amount && !found.is_zero() => {
                became(Outcome::PartiallyApproved(record.answer()))
            }
            _ => Finding::Undecided,
        },
        (several @ [_, _, ..], ..) => {
            tracing::error!(records = several.len(), "several approved payments under one gateway order id");
            Finding::Several(several.iter().map(|record| record.answer()).collect())
        }
        ([], ..) if sent_before => Finding::Absent,
        ([], Some(record), _) => became(Outcome::NoEffect(NoEffect::VoidedElsewhere, record.answer())),
        ([], None, Some(record)) => became(declined_as(record)),
        ([], None, None) => Finding::Absent,
    }
}

/// What became of a capture, from the payment's record.
pub(super) fn of_capture(amount: Amount, record: &Reply) -> Finding {
    match stands(record) {
        Stands::Captured | Stands::Settled => match record.amount() {
            Some((found, false)) if found == amount => became(Outcome::Approved(record.answer())),
            _ => Finding::Undecided,
        },
        Stands::Authorized => Finding::Absent,
        Stands::Voided => became(Outcome::NoEffect(NoEffect::VoidedElsewhere, record.answer())),
        Stands::NoAnswer => Finding::Failed,
        Stands::NotFound | Stands::Declined | Stands::Refunded | Stands::Unlisted => Finding::Undecided,
    }
}

/// What became of a void, from the payment's record.
pub(super) fn of_void(record: &Reply) -> Finding {
    match stands(record) {
        Stands::Voided => became(Outcome::Approved(record.answer())),
        Stands::Authorized | Stands::Captured => Finding::Absent,
        Stands::Settled => became(Outcome::NoEffect(NoEffect::AlreadySettled, record.answer())),
        Stands::NoAnswer => Finding::Failed,
        Stands::NotFound | Stands::Declined | Stands::Refunded | Stands::Unlisted => Finding::Undecided,
    }
}

/// Under which order id refunds were looked up.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Under {
    /// The refund's own. A decline there is this attempt's only if there was none before.
    ItsOwnId {
        /// Whether an earlier attempt went out.
        sent_before: bool,
    },
    /// The payment's: the list holds the payment itself and, perhaps, its refunds.
    ThePayment,
}

/// What became of a refund: from the records under its own order id, or under the payment's, where a refund is
/// listed when the gateway does not find it by its own.
pub(super) fn of_refund(amount: Amount, records: &[Reply], known: &[&str], under: Under) -> Finding {
    let (mut approved, mut declined, mut payment) = (Vec::new(), None, false);
    for record in records {
        let known = record.retref.as_deref().is_some_and(|retref| known.contains(&retref));
        match (stands(record), record.amount()) {
            (Stands::NoAnswer, _) => return Finding::Failed,
            (Stands::Refunded, Some((found, _))) if found == amount && !known => approved.push(record),
            (Stands::Declined, _) if under == Under::ItsOwnId { sent_before: false } => {
                declined = Some(record);
            }
            (Stands::Captured | Stands::Settled, _) => payment = true,
            _ => {}
        }
    }
    match (approved.as_slice(), declined) {
        ([record], _) => became(Outcome::Approved(record.answer())),
        ([], Some(record)) => became(declined_as(record)),
        // No source promises that a refund is found by its own order id, so an empty answer alone closes nothing:
        // the list has to show the payment itself.
        ([], None) if under == Under::ThePayment && payment => Finding::Absent,
        ([], None) | ([_, _, ..], _) => Finding::Undecided,
    }
}

fn became(outcome: Outcome) -> Finding {
    Finding::Became(Box::new(outcome))
}

fn declined_as(record: &Reply) -> Outcome {
    let (respproc, respcode) = (record.respproc.as_deref(), record.respcode.as_deref());
    let (respproc, respcode) = (respproc.unwrap_or_default(), respcode.unwrap_or_default());
    let code = codes::decline_code(respproc, respcode);
    let advice = codes::advice(respproc, respcode, None, record.decline_category.as_deref());
    Outcome::Declined(record.answer(), code, advice)
}

#[cfg(test)]
mod tests;

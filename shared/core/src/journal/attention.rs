//! Notices that a merchant has to look at, read off an order like the journal's facts: with fixed
//! ids, and at any later time.

use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    journal::{Entry, Fact, entries},
    order::{NoticeReason, Order},
    values::SignedAmount,
    words,
};

words! {
    /// Why a merchant has to look at a payment, as `docs/events.md` lists it.
    pub enum AttentionReason {
        /// The outcome of an operation has not been known for an hour.
        InDoubtHour => "in_doubt_for_an_hour",
        /// The same for a day.
        InDoubtDay => "in_doubt_for_a_day",
        /// The settlement has been under review, or not stated, for three days.
        UnderReview => "under_review_for_three_days",
        /// The payment is voided at the gateway, and Tollgate did not void it.
        VoidedElsewhere => "voided_elsewhere",
        /// The settlement refused an approved operation.
        SettlementRejected => "settlement_rejected",
        /// A scheduled capture failed and is not tried again before its authorization ends, or it
        /// is held back until a person acts, and the authorization ends within a day.
        AuthorizationEnding => "authorization_ending",
        /// The cardholder's bank took money back.
        Disputed => "disputed",
        /// A report of a chargeback or a reversal may correct another one without saying so, or the
        /// order keeps no further ones.
        DisputeUnclear => "dispute_unclear",
    }
}

/// One thing to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attention {
    /// Made of operation, attempt and reason: the same notice has the same id, wherever and
    /// whenever it is derived.
    pub id: Uuid,
    /// Why a person has to look at it. It is part of the id.
    pub reason: AttentionReason,
    /// The transaction that the operation is part of.
    pub transaction: Uuid,
    /// The operation whose outcome, settlement or authorization the reason is about.
    pub operation: Uuid,
    /// When it was found.
    pub at: Timestamp,
}

/// Notices that came up between two states of an order; without an old one, all that ever came up.
/// Pure.
///
/// The journal's law holds for notices, too: for every history a → b → c of an order,
/// `attentions(None, c)` is `attentions(None, b)` with `attentions(b, c)`.
pub fn attentions(old: Option<&Order>, new: &Order) -> Vec<Attention> {
    let facts = entries(old, new);
    let mut found: Vec<Attention> = facts.iter().flat_map(from_fact).collect();
    let before = old.map(noticed).unwrap_or_default();
    found.extend(noticed(new).into_iter().filter(|notice| !before.contains(notice)));
    found
}

fn from_fact(entry: &Entry) -> impl Iterator<Item = Attention> + use<> {
    let voided = (entry.fact == Fact::VoidedElsewhere).then_some(AttentionReason::VoidedElsewhere);
    let rejected = entry.settlement_rejected.then_some(AttentionReason::SettlementRejected);
    // A correction that lowers a chargeback needs no person.
    let is_disputed = entry.fact == Fact::ChargedBack && entry.changes.disputed > SignedAmount::ZERO;
    let disputed = is_disputed.then_some(AttentionReason::Disputed);
    let (id, at, transaction, operation) = (entry.id, entry.at, entry.transaction, entry.operation);
    voided.into_iter().chain(rejected).chain(disputed).map(move |reason| {
        let id = Uuid::new_v5(&id, reason.as_str().as_bytes());
        Attention { id, reason, transaction, operation, at }
    })
}

/// The notices that are on record, and the unclear disputes.
fn noticed(order: &Order) -> Vec<Attention> {
    let mut found = Vec::new();
    for transaction in &order.transactions {
        let since = order.disputes_unclear_since(transaction);
        if let Some((at, operation)) = since.zip(transaction.first()) {
            let reason = AttentionReason::DisputeUnclear;
            let id = Uuid::new_v5(&operation.id, reason.as_str().as_bytes());
            found.push(Attention { id, reason, transaction: transaction.id, operation: operation.id, at });
        }
    }
    for (transaction, operation) in order.operations() {
        for notice in &operation.notices {
            let reason = match notice.reason {
                NoticeReason::InDoubtHour => AttentionReason::InDoubtHour,
                NoticeReason::InDoubtDay => AttentionReason::InDoubtDay,
                NoticeReason::UnderReview => AttentionReason::UnderReview,
                NoticeReason::AuthorizationEnding => AttentionReason::AuthorizationEnding,
                NoticeReason::Unrecognized => continue,
            };
            let name = format!("{}{}", notice.attempt, reason.as_str());
            let id = Uuid::new_v5(&operation.id, name.as_bytes());
            let (transaction, operation, at) = (transaction.id, operation.id, notice.at);
            found.push(Attention { id, reason, transaction, operation, at });
        }
    }
    found
}

//! What a gateway's response, or an inquiry, makes of a card that is to be stored.

use jiff::Timestamp;

use super::{MethodState, PaymentMethod};
use crate::{
    operation::Decline,
    order::{ABSENCE_COUNTS_AFTER, ASKED_TWICE_APART},
    outcome::{Finding, GatewayResponse, NoEffect, Outcome},
};

/// Whether something about a card is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// It is; what follows is to be saved.
    Decided,
    /// It is not, and nothing changed.
    Unchanged,
    /// A status that an intermediary can send: an inquiry verifies it, and without one it had this effect.
    Unverified(NoEffect),
}

/// Applies the gateway's direct response.
pub fn settle(method: &mut PaymentMethod, outcome: &Outcome, now: Timestamp) -> Settled {
    let state = match outcome {
        Outcome::Approved(response) if response.stored.is_some() => {
            learn(method, response);
            MethodState::Stored
        }
        // Approved without saying where it is stored: the record says, which an inquiry shows.
        Outcome::Approved(_) | Outcome::PartiallyApproved(_) | Outcome::Unknown(..) => {
            return Settled::Unchanged;
        }
        Outcome::Declined(_, code, advice) => MethodState::Declined(Decline { code: *code, advice: *advice }),
        Outcome::NoEffect(reason, _) => MethodState::NotStored(*reason),
        Outcome::Refused(reason, _) => return Settled::Unverified(*reason),
    };
    (method.state, method.updated_at) = (state, now);
    Settled::Decided
}

/// Applies what an inquiry found about the verification. False when nothing changed.
pub fn settle_found(method: &mut PaymentMethod, finding: &Finding, now: Timestamp) -> bool {
    let MethodState::Pending { absent_since } = method.state else { return surfaced(method, finding, now) };
    match finding {
        Finding::Became(outcome) => match (settle(method, outcome, now), outcome.as_ref()) {
            (Settled::Decided, _) => true,
            // The record of an approval that names no profile: nothing is stored.
            (_, Outcome::Approved(_)) => decide(method, MethodState::NotStored(NoEffect::TryAgain), now),
            _ => false,
        },
        Finding::Several(approvals) => match approvals.iter().find(|approval| approval.stored.is_some()) {
            Some(approval) => {
                learn(method, approval);
                decide(method, MethodState::Stored, now)
            }
            None => false,
        },
        Finding::Absent | Finding::Duplicate(_) => match absent_since {
            _ if now.duration_since(method.created_at) < ABSENCE_COUNTS_AFTER => false,
            Some(since) if now.duration_since(since) >= ASKED_TWICE_APART => {
                decide(method, MethodState::NotStored(NoEffect::NeverArrived), now)
            }
            Some(_) => false,
            None => decide(method, MethodState::Pending { absent_since: Some(now) }, now),
        },
        Finding::TimedOut(_) => decide(method, MethodState::NotStored(NoEffect::TryAgain), now),
        Finding::Undecided | Finding::UnderReview | Finding::Failed => false,
    }
}

/// What counted as not stored is stored after all.
fn surfaced(method: &mut PaymentMethod, finding: &Finding, now: Timestamp) -> bool {
    if !method.may_surface() {
        return false;
    }
    let stored = match finding {
        Finding::Became(outcome) => {
            Some(outcome.response()).filter(|_| matches!(**outcome, Outcome::Approved(_)))
        }
        Finding::Several(approvals) => approvals.iter().find(|approval| approval.stored.is_some()),
        _ => None,
    };
    match stored.filter(|response| response.stored.is_some()) {
        Some(response) => {
            learn(method, response);
            decide(method, MethodState::Stored, now)
        }
        None => false,
    }
}

fn learn(method: &mut PaymentMethod, response: &GatewayResponse) {
    method.card.stored.clone_from(&response.stored);
    if let Some(token) = response.token.clone() {
        method.card.learn_from_token(token);
    }
}

fn decide(method: &mut PaymentMethod, state: MethodState, now: Timestamp) -> bool {
    (method.state, method.updated_at) = (state, now);
    true
}

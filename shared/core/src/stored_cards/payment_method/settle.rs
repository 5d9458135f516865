//! The effect of a gateway's response, or of an inquiry, on a card that is to be stored.
//!
//! A card that the merchant's rule declines is recorded as being deleted before it is deleted, so
//! that the next request about the customer continues after a crash. A card that was found without
//! its letters is removed and verified again: it has moved no money, and leaving it would bypass
//! the rule.
//!
//! The profile of a deleted card stays on record. The gateway gives equal cards one profile, so an
//! abandoned verification may name it and would bring the card back.

use jiff::Timestamp;

use super::{MethodState, OnceGone, PaymentMethod};
use crate::order::{
    ABSENCE_COUNTS_AFTER, Decline, DeclineOn, Finding, GatewayResponse, INQUIRED_TWICE_APART, NoEffect,
    Outcome,
};

/// Whether something about a card is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// It is; the change is to be saved.
    Decided,
    /// It is not, and nothing changed.
    Unchanged,
    /// The response proves nothing: an inquiry verifies it.
    Unverified,
}

/// Applies the gateway's direct response.
pub fn settle(method: &mut PaymentMethod, outcome: &Outcome, rule: &DeclineOn, now: Timestamp) -> Applied {
    let state = match outcome {
        Outcome::Approved(response) if response.stored.is_some() => {
            learn(method, response);
            refused(response, rule).map_or(MethodState::Stored, MethodState::Deleting)
        }
        // Approved without saying where it is stored: the record says, which an inquiry shows.
        Outcome::Approved(_) | Outcome::PartiallyApproved(_) | Outcome::Unknown(..) => {
            return Applied::Unchanged;
        }
        Outcome::Declined(_, decline) => MethodState::Declined(*decline),
        Outcome::NoEffect(reason, _) => MethodState::NotStored(*reason),
        Outcome::Intermediary(..) | Outcome::Unnamed(_) => return Applied::Unverified,
    };
    (method.state, method.updated_at) = (state, now);
    Applied::Decided
}

/// Applies the finding of an inquiry about the verification. False when nothing changed.
pub(super) fn settle_found(
    method: &mut PaymentMethod,
    finding: &Finding,
    rule: &DeclineOn,
    now: Timestamp,
) -> bool {
    let MethodState::Pending { absent_since } = method.state else {
        return method.may_surface() && adopt(method, finding, rule, now);
    };
    if adopt(method, finding, rule, now) {
        return true;
    }
    match finding {
        Finding::Became(outcome) => match (settle(method, outcome, rule, now), outcome.as_ref()) {
            (Applied::Decided, _) => true,
            // The record of an approval that names no profile: nothing is stored.
            (_, Outcome::Approved(_)) => decide(method, MethodState::NotStored(NoEffect::TryAgain), now),
            _ => false,
        },
        Finding::Absent | Finding::Duplicate(_) => match absent_since {
            _ if now.duration_since(method.created_at) < ABSENCE_COUNTS_AFTER => false,
            Some(since) if now.duration_since(since) >= INQUIRED_TWICE_APART => {
                decide(method, MethodState::NotStored(NoEffect::NeverArrived), now)
            }
            Some(_) => false,
            None => decide(method, MethodState::Pending { absent_since: Some(now) }, now),
        },
        Finding::TimedOut(_) | Finding::TryAgain(_) => {
            decide(method, MethodState::NotStored(NoEffect::TryAgain), now)
        }
        Finding::Several(_) | Finding::Undecided | Finding::UnderReview | Finding::Failed => false,
    }
}

/// An approval that was found and says where the card is stored, also of a card that counted as not
/// stored.
fn adopt(method: &mut PaymentMethod, finding: &Finding, rule: &DeclineOn, now: Timestamp) -> bool {
    let approval = match finding {
        Finding::Became(outcome) => match outcome.as_ref() {
            Outcome::Approved(response) => Some(response),
            _ => None,
        },
        Finding::Several(approvals) => approvals.iter().find(|approval| approval.stored.is_some()),
        _ => None,
    };
    let Some(approval) = approval.filter(|approval| approval.stored.is_some()) else { return false };
    learn(method, approval);
    // Records carry no AVS or CVV letters. No money has moved, so if a rule needs them the card is
    // verified again.
    let unverified = rule.misses(approval.avs.as_ref(), approval.cvv.as_ref());
    let again = unverified.then_some(OnceGone::NotStored(NoEffect::TryAgain));
    let gone = refused(approval, rule).or(again);
    decide(method, gone.map_or(MethodState::Stored, MethodState::Deleting), now)
}

/// The state after an approval that a rule of the merchant declines.
fn refused(approval: &GatewayResponse, rule: &DeclineOn) -> Option<OnceGone> {
    let cause = rule.refuses(approval.avs.as_ref(), approval.cvv.as_ref())?;
    let code = cause.declines_as()?;
    Some(OnceGone::Declined(Decline::of(code)))
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

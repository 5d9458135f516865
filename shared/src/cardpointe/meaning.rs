//! What a response means: one function from the request and its response to an outcome.
//!
//! Decided on `respstat` and (`respproc`, `respcode`), the amount and the reference, never on a text
//! (`ARCHITECTURE.md`). Whatever is not listed is unknown: an inquiry is sent about it, and it is never guessed.

use tollgate_core::{
    order::outcome::{Doubt, NoEffect, Outcome},
    values::{card::Brand, money::Amount},
};

use super::{codes, wire::GatewayReply};

/// The gateway itself, as opposed to a processor.
const GATEWAY: &str = "PPS";

/// The `authcode` of a void that worked (`docs/cardpointe.md`, *Responses*).
const VOIDED: &str = "REVERS";

/// What was requested, as far as the meaning of the response depends on it.
#[derive(Clone, Copy)]
pub(super) enum Asked<'a> {
    /// An authorization, captured or not.
    Payment {
        /// The card's brand, where it is known; Visa's declines come with retry rules of their own.
        brand: Option<Brand>,
    },
    /// A capture, whose response names the captured amount.
    Capture,
    /// A refund of this reference.
    Refund {
        /// The payment's retref, which a refund's response must not repeat.
        of: &'a str,
    },
    /// A void, which needs a word of its own in the response to count.
    Void,
}

/// What the gateway's direct response to a call means.
pub(super) fn meaning(asked: Asked<'_>, amount: Amount, reply: &GatewayReply) -> Outcome {
    let answer = reply.answer();
    let (Some(respstat), Some(respproc), Some(respcode)) =
        (&reply.respstat, &reply.respproc, &reply.respcode)
    else {
        return Outcome::Unknown(Doubt::Unreadable, answer);
    };
    if respproc == GATEWAY
        && let Some(outcome) = gateway_code(asked, respcode, reply)
    {
        return outcome;
    }
    match respstat.as_str() {
        "A" => approval(asked, amount, reply),
        "B" => match asked {
            Asked::Payment { .. } => Outcome::NoEffect(NoEffect::TryAgain, answer),
            // The gateway says of an authorization only that it can be repeated.
            Asked::Capture | Asked::Refund { .. } | Asked::Void => {
                Outcome::Unknown(Doubt::GatewayLostTrack, answer)
            }
        },
        "C" if codes::is_duplicate(respproc, respcode) => Outcome::Unknown(Doubt::Duplicate, answer),
        "C" => {
            let brand = match asked {
                Asked::Payment { brand } => brand,
                Asked::Capture | Asked::Refund { .. } | Asked::Void => None,
            };
            let code = codes::decline_code(respproc, respcode);
            let advice = codes::advice(respproc, respcode, brand, reply.decline_category.as_deref());
            Outcome::Declined(answer, code, advice)
        }
        _ => Outcome::Unknown(Doubt::Unreadable, answer),
    }
}

/// Codes of the gateway itself that mean something else than their `respstat` says.
fn gateway_code(asked: Asked<'_>, respcode: &str, reply: &GatewayReply) -> Option<Outcome> {
    let answer = reply.answer();
    Some(match (asked, respcode) {
        // It lost the processor's response on the way.
        (_, "63" | "64" | "65" | "66") => Outcome::Unknown(Doubt::GatewayLostTrack, answer),
        // Invalid merchant, no route, its own platform: nothing that a shopper or another try can mend.
        (_, "21" | "22" | "23" | "91" | "92" | "93" | "94" | "95" | "97") => {
            Outcome::NoEffect(NoEffect::Misconfigured, answer)
        }
        // Too early: "batched" between batch and settlement, "not settled" before.
        (Asked::Refund { .. }, "27" | "28") => Outcome::NoEffect(NoEffect::NotSettled, answer),
        // Too late. The batch runs at the gateway automatically, so this does not show that the payment was voided
        // elsewhere, and it is the gateway's word that there was nothing left to void.
        (Asked::Void, "26" | "27") => Outcome::NoEffect(NoEffect::AlreadySettled, answer),
        // The gateway's state of the payment is not ours. 26 comes with respstat A and is not a success.
        (
            Asked::Capture | Asked::Refund { .. } | Asked::Void,
            "25" | "26" | "27" | "28" | "29" | "42" | "43",
        )
        | (Asked::Payment { .. }, "26") => Outcome::Unknown(Doubt::StateDiffers, answer),
        _ => return None,
    })
}

/// An approval counts only with everything that an approval of its kind carries.
fn approval(asked: Asked<'_>, amount: Amount, reply: &GatewayReply) -> Outcome {
    let answer = reply.answer();
    let Some(retref) = answer.reference.clone() else { return Outcome::Unknown(Doubt::Incomplete, answer) };
    let answered = reply.amount();
    match asked {
        Asked::Payment { .. } => match answered {
            Some((answered, false)) if answered == amount => Outcome::Approved(answer),
            Some((answered, false)) if answered < amount && !answered.is_zero() => {
                Outcome::PartiallyApproved(answer)
            }
            _ => Outcome::Unknown(Doubt::AmountDiffers, answer),
        },
        Asked::Capture => match answered {
            Some((answered, false)) if answered == amount => Outcome::Approved(answer),
            _ => Outcome::Unknown(Doubt::AmountDiffers, answer),
        },
        Asked::Refund { of } => match answered {
            _ if retref == of => Outcome::Unknown(Doubt::Incomplete, answer),
            // Documented with either sign.
            Some((answered, _)) if answered == amount => Outcome::Approved(answer),
            _ => Outcome::Unknown(Doubt::AmountDiffers, answer),
        },
        Asked::Void if answer.authcode.as_deref() == Some(VOIDED) => Outcome::Approved(answer),
        Asked::Void => Outcome::Unknown(Doubt::Incomplete, answer),
    }
}

#[cfg(test)]
mod tests;

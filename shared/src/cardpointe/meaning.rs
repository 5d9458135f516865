//! The meaning of a response: one function from the request and its response to an outcome.
//!
//! Decided on `respstat` and (`respproc`, `respcode`), the amount and the reference, never on a
//! text (`ARCHITECTURE.md`). Unlisted responses are unknown: an inquiry is sent, and nothing is
//! guessed.
//!
//! A void of a batched or settled payment (`PPS` 26, 27) is known to have done nothing: a late
//! cancel usually gets this response, and as unknown it would lock the payment until an inquiry.
//! For captures and refunds these codes stay unknown.
//!
//! A capture or void needs no order id in its response, because it carries the reference of its
//! payment, which has one pending operation at a time. A refund has a reference of its own, which
//! does not identify its operation.

use tollgate_core::{
    order::{Doubt, FeeShare, GatewayResponse, NoEffect, Outcome},
    values::{Amount, Brand},
};

use super::{codes, fees, wire::GatewayReply};

/// The gateway itself, as opposed to a processor.
const GATEWAY: &str = "PPS";

/// The `authcode` of a void that worked, in recordings and clients only (`docs/cardpointe.md`,
/// *Responses*): without it an inquiry decides.
const VOIDED: &str = "REVERS";

/// The request, as far as the meaning of the response depends on it.
#[derive(Clone, Copy)]
pub(super) enum Requested<'a> {
    /// An authorization, captured or not.
    Payment {
        /// The card's brand, where it is known; Visa's declines come with retry rules of their own.
        brand: Option<Brand>,
    },
    /// A capture, whose response names the captured amount.
    Capture {
        /// The share of the payment's fee that goes with it.
        fee: Option<FeeShare>,
    },
    /// A refund of this reference.
    Refund {
        /// The payment's retref, which a refund's response must not repeat.
        of: &'a str,
        /// The share of the payment's fee that goes with it.
        fee: Option<FeeShare>,
    },
    /// A void, which needs a word of its own in the response to count.
    Void,
}

/// The meaning of the gateway's direct response to a call.
pub(super) fn meaning(requested: Requested<'_>, amount: Amount, reply: &GatewayReply) -> Outcome {
    let response = reply.response();
    let (Some(respstat), Some(respproc), Some(respcode)) =
        (&reply.respstat, &reply.respproc, &reply.respcode)
    else {
        return Outcome::Unknown(Doubt::Unreadable, response);
    };
    if respproc == GATEWAY
        && let Some(outcome) = gateway_code(requested, respcode, reply)
    {
        return outcome;
    }
    match respstat.as_str() {
        "A" => approval(requested, amount, reply),
        "B" => match requested {
            // It can have been done all the same.
            Requested::Payment { .. } => {
                Outcome::NoEffect(NoEffect::TryAgain, GatewayResponse { unproven: true, ..response })
            }
            // The gateway says of an authorization only that it can be repeated.
            Requested::Capture { .. } | Requested::Refund { .. } | Requested::Void => {
                Outcome::Unknown(Doubt::GatewayLostTrack, response)
            }
        },
        "C" if codes::is_duplicate(respproc, respcode) => Outcome::Unknown(Doubt::Duplicate, response),
        "C" => {
            let brand = match requested {
                Requested::Payment { brand } => brand,
                Requested::Capture { .. } | Requested::Refund { .. } | Requested::Void => None,
            };
            let decline = codes::decline(reply, brand);
            // A decline has neither: it contradicts itself.
            let all = || match requested {
                Requested::Capture { fee } | Requested::Refund { fee, .. } => {
                    fees::of_follow_up(reply, amount, fee).is_some()
                }
                Requested::Payment { .. } | Requested::Void => {
                    fees::of_payment(reply, amount).is_some_and(|charged| charged.amount == amount)
                }
            };
            let unproven = response.authcode.is_some() && !amount.is_zero() && all();
            if unproven && matches!(requested, Requested::Capture { .. }) {
                // Nothing looks for a capture's outcome later, and its payment's record shows the
                // outcome now.
                return Outcome::Unknown(Doubt::StateDiffers, response);
            }
            Outcome::Declined(GatewayResponse { unproven, ..response }, decline)
        }
        _ => Outcome::Unknown(Doubt::Unreadable, response),
    }
}

/// Codes of the gateway itself that mean something else than their `respstat` says.
fn gateway_code(requested: Requested<'_>, respcode: &str, reply: &GatewayReply) -> Option<Outcome> {
    let response = reply.response();
    Some(match (requested, respcode) {
        // It lost the processor's response on the way.
        (_, "63" | "64" | "65" | "66") => Outcome::Unknown(Doubt::GatewayLostTrack, response),
        // Invalid merchant, no route, its own platform: nothing that a shopper or another try can
        // fix.
        (_, "21" | "22" | "23" | "91" | "92" | "93" | "94" | "95" | "97") => {
            Outcome::NoEffect(NoEffect::Misconfigured, response)
        }
        // Too early: "batched" between batch and settlement, "not settled" before.
        (Requested::Refund { .. }, "27" | "28") => Outcome::NoEffect(NoEffect::NotSettled, response),
        // Too late. The batch runs at the gateway automatically, so this does not show that the
        // payment was voided elsewhere, and it is the gateway's word that there was nothing left to
        // void.
        (Requested::Void, "26" | "27") => Outcome::NoEffect(NoEffect::AlreadySettled, response),
        // The gateway's state of the payment is not ours. 26 comes with respstat A and is not a
        // success.
        (
            Requested::Capture { .. } | Requested::Refund { .. } | Requested::Void,
            "25" | "26" | "27" | "28" | "29" | "42" | "43",
        )
        | (Requested::Payment { .. }, "26") => Outcome::Unknown(Doubt::StateDiffers, response),
        _ => return None,
    })
}

/// An approval counts only with everything that an approval of its kind carries.
fn approval(requested: Requested<'_>, amount: Amount, reply: &GatewayReply) -> Outcome {
    let response = reply.response();
    let Some(retref) = response.reference.clone() else {
        return Outcome::Unknown(Doubt::Incomplete, response);
    };
    match requested {
        Requested::Payment { .. } => match fees::of_payment(reply, amount) {
            Some(charged) if charged.amount == amount => Outcome::Approved(reply.moving(charged)),
            Some(charged) if !charged.amount.is_zero() => Outcome::PartiallyApproved(reply.moving(charged)),
            _ => Outcome::Unknown(Doubt::AmountDiffers, response),
        },
        Requested::Capture { fee } => match fees::of_follow_up(reply, amount, fee) {
            Some(charged) if !reply.is_negative() => Outcome::Approved(reply.moving(charged)),
            _ => Outcome::Unknown(Doubt::AmountDiffers, response),
        },
        Requested::Refund { of, fee } => match fees::of_follow_up(reply, amount, fee) {
            _ if retref == of => Outcome::Unknown(Doubt::Incomplete, response),
            // Positive in the documents, negative in recorded inquiries.
            Some(charged) => Outcome::Approved(reply.moving(charged)),
            None => Outcome::Unknown(Doubt::AmountDiffers, response),
        },
        Requested::Void if response.authcode.as_deref() == Some(VOIDED) => Outcome::Approved(response),
        Requested::Void => Outcome::Unknown(Doubt::Incomplete, response),
    }
}

#[cfg(test)]
mod tests;

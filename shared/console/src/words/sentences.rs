//! The history of a payment in sentences, by the type and stage of each operation, and its possible
//! actions.

use tollgate_core::{
    journal::Concern,
    order::{AtShopState, DisputeKind, Kind, Mechanism, Principal, ShopDifference, Stage},
    values::{Advice, SignedAmount, Zone},
};
use tollgate_wire::{
    AtElasticPath, BecomesVoid, Dispute, HandDecision, Operation, PossibleAction, SeenAttention,
    SettlementOfOperation, VoidReason, Word,
};

use super::{Tone, advice, advised_against, capitalized, decline, moment, price, said, why};

/// Whether the gateway did it.
pub(crate) fn is_approved(operation: &Operation) -> bool {
    operation.state == Stage::Approved
}

/// Whether its outcome is not known.
pub(crate) fn is_pending(operation: &Operation) -> bool {
    operation.state == Stage::Pending
}

/// Whether it waits for the end of a dispute.
pub(crate) fn is_held_back(operation: &Operation) -> bool {
    operation.state == Stage::WaitsForDispute
}

/// How an operation is going.
pub(crate) fn tone(operation: &Operation) -> Tone {
    if is_approved(operation) {
        Tone::Good
    } else if is_pending(operation) || is_held_back(operation) {
        Tone::Waiting
    } else {
        Tone::Bad
    }
}

/// Whether settlement refused it after the gateway had approved it.
pub(crate) fn is_refused_at_settlement(operation: &Operation) -> bool {
    operation.settlement.as_ref().is_some_and(|word| *word == SettlementOfOperation::Rejected)
}

/// The effect of an operation, or why it had none. Its times are those of a zone.
pub(crate) fn operation(operation: &Operation, money: &str, zone: &Zone) -> String {
    let mut sentence = match operation.state.known() {
        Some(Stage::Approved) => done(operation, money),
        Some(Stage::Declined) => declined(operation, money, zone),
        Some(Stage::Pending) => {
            let what = match operation.kind.known() {
                Some(Kind::Capture) => format!("{money} was captured"),
                Some(Kind::Refund) => format!("{money} was refunded"),
                Some(Kind::Void) => "the payment was voided".to_owned(),
                _ => format!("the bank approved {money}"),
            };
            format!(
                "We do not know yet whether {what}. Do not repeat it, here or in the gateway's portal. An inquiry is sent every minute."
            )
        }
        Some(Stage::WaitsForDispute) => {
            format!("{money} is to be refunded, which waits until no chargeback of the order is open.")
        }
        Some(Stage::NoEffect) => {
            format!("The gateway did not process the {} of {money}. No money moved.", noun(&operation.kind))
        }
        Some(Stage::Unrecognized) | None => {
            let (noun, state) = (noun(&operation.kind), said(operation.state.as_str()));
            format!("The {noun} of {money} is in a state that this console does not know: {state}.")
        }
    };
    if is_refused_at_settlement(operation) {
        sentence.push_str(" Settlement refused it afterwards: no money comes.");
    }
    sentence
}

pub(crate) fn noun(kind: &Word<Kind>) -> String {
    if *kind == Kind::Authorize { "authorization".to_owned() } else { said(kind.as_str()) }
}

/// Why Tollgate voided it without a request.
const fn of_rule(reason: VoidReason) -> &'static str {
    match reason {
        VoidReason::RefundBeforeSettlement => "it had not settled, so it was not refunded",
        VoidReason::PartialApproval => "the bank approved only a part",
        VoidReason::AvsMismatch => "the address does not match",
        VoidReason::CvvMismatch => "the security code does not match",
        VoidReason::LateApproval => "the approval was found too late",
        VoidReason::OrderClosed => "the order is canceled in Elastic Path",
        VoidReason::Overpaid => "the order owes less in Elastic Path",
        VoidReason::OrderRefused => "Elastic Path takes no payment for the order",
        VoidReason::Duplicate => "the customer was charged twice",
        VoidReason::VoidedElsewhere => "outside Tollgate",
    }
}

fn done(operation: &Operation, money: &str) -> String {
    let request = operation.request.clone().unwrap_or_default();
    let who = said(request.person.as_deref().or(request.actor.as_deref()));
    let reason = said(request.reason.as_deref());
    let is_recorded = operation.mechanism == Mechanism::Manual;
    let verb = match operation.kind.known() {
        Some(Kind::Capture) => "captured",
        Some(Kind::Refund) if is_recorded => "recorded a refund of",
        Some(Kind::Refund) => "refunded",
        Some(Kind::Void) => "voided",
        Some(Kind::Authorize) => return format!("The bank approved {money} and holds it."),
        Some(Kind::Purchase) => return format!("The bank approved {money}."),
        Some(Kind::Unrecognized) | None => {
            return format!("The {} of {money} was approved.", noun(&operation.kind));
        }
    };
    let of_rule = operation.reason.as_ref().and_then(Word::known).map(of_rule).unwrap_or_default();
    let mut sentence = if who.is_empty() { capitalized(verb) } else { format!("{who} {verb}") };
    sentence = format!("{sentence} {money}");
    if operation.asked_by == Principal::Schedule && operation.kind == Kind::Capture {
        sentence.push_str(" by schedule");
    }
    for reason in [of_rule, reason.trim_end_matches('.')].into_iter().filter(|reason| !reason.is_empty()) {
        sentence = format!("{sentence}: {reason}");
    }
    sentence.push('.');
    if is_recorded {
        sentence.push_str(" The gateway moved nothing.");
    }
    sentence
}

fn declined(operation: &Operation, money: &str, zone: &Zone) -> String {
    let code = said(operation.decline_code.as_deref());
    let advice = advised(operation, zone);
    let by_gateway =
        ["merchant_configuration", "processing_error", "invalid_request", "invalid_state", "invalid_amount"];
    let who = if by_gateway.contains(&code.as_str()) { "gateway" } else { "bank" };
    let what = match operation.kind.known() {
        Some(Kind::Capture | Kind::Refund | Kind::Void) => {
            format!(" the {} of {money}", noun(&operation.kind))
        }
        _ => String::new(),
    };
    format!("The {who} declined{what}: {}. {advice}", decline(&code)).trim_end().to_owned()
}

/// The advice after a decline, with the time from which on another attempt can work.
fn advised(operation: &Operation, zone: &Zone) -> String {
    let Some(known) = operation.advice.as_ref().and_then(Word::known) else { return String::new() };
    let scope = operation.scope.as_ref().and_then(Word::known);
    match operation.retry_at {
        Some(at) if known == Advice::Later => {
            format!("Trying later can work, but not before {}.", moment(at.0, zone))
        }
        _ => advice(known, scope).to_owned(),
    }
}

/// A reason for attention that a person has seen.
pub(crate) fn seen(seen: &SeenAttention) -> String {
    let code = seen.code.as_str();
    let title =
        Concern::from_name(code).map_or_else(|| said(code), |known| super::concern(known).0.to_owned());
    let who = said(seen.by.person.as_deref().or(seen.by.actor.as_deref()));
    format!("{who} marked as seen: {title}. {}", said(seen.by.reason.as_deref()))
}

/// A person's decision about an operation.
pub(crate) fn decided(decided: &HandDecision, operation: &Operation, money: &str) -> String {
    let who = said(decided.person.as_deref().unwrap_or(&decided.by));
    let (noun, outcome) = (noun(&operation.kind), super::plain(&decided.outcome));
    format!("{who} decided that the {noun} of {money} was {outcome}: {}", said(&*decided.reason))
}

/// The act of the cardholder's bank.
pub(crate) fn dispute(dispute: &Dispute, money: &str) -> String {
    if SignedAmount::from(dispute.amount).is_zero() {
        return "A report about a dispute was taken back. It counts nothing.".to_owned();
    }
    let reason = said(dispute.reason.as_deref());
    let because = if reason.is_empty() { String::new() } else { format!(": {reason}") };
    match dispute.kind.known() {
        Some(DisputeKind::Chargeback) => format!("The cardholder's bank took back {money}{because}."),
        Some(DisputeKind::Reversal) => format!("The cardholder's bank returned {money}."),
        Some(DisputeKind::Unrecognized) | None => {
            format!("The processor reported {money} of a dispute in words that Tollgate does not know.")
        }
    }
}

/// The event behind an order that others paid, as far as Elastic Path shows it.
pub(crate) const PAID_BY_OTHERS: &str =
    "Somebody recorded a payment in Elastic Path by its manual gateway. Tollgate charged no card for it.";

/// How Elastic Path shows a payment. Empty for words that this version does not know.
pub(crate) fn at_elastic_path(there: &AtElasticPath) -> &'static str {
    match there.state.known() {
        Some(AtShopState::ToTell) => "Not recorded there yet",
        Some(AtShopState::Sent) => "Sent there; not known yet whether it is recorded",
        Some(AtShopState::Told) => match there.recorded.as_ref().and_then(Word::known) {
            Some(Kind::Authorize) => "Recorded there as authorized",
            Some(Kind::Refund) => "Recorded there as refunded",
            Some(Kind::Void) => "The order was canceled there",
            _ => "Recorded there as paid",
        },
        Some(AtShopState::Refused) => "Refused to record it",
        Some(AtShopState::NeedsAttention) => match there.reason.as_ref().and_then(Word::known) {
            Some(ShopDifference::PartlyCaptured) => "Shows the whole authorization, not the part captured",
            Some(ShopDifference::PartlyRefunded) => "Does not show the partial refund",
            Some(ShopDifference::OrderCancelled) => {
                "Has the order as canceled; refund the goods that were not shipped"
            }
            Some(ShopDifference::Voided) => "Still shows the authorization that was voided",
            Some(ShopDifference::Reauthorized) => "Does not show the rest that is held anew",
            Some(ShopDifference::NotAnswered) => "Has not said for three days whether it is recorded",
            Some(ShopDifference::RecordedTwice) => "Has it recorded twice",
            Some(ShopDifference::OtherAmount) => "Shows another amount",
            Some(ShopDifference::RefundedThere) => {
                "Shows more given back than was; give it back here, or correct it there"
            }
            Some(ShopDifference::CapturedThere) => {
                "Shows all of it as paid, which it is not; capture it here, or correct it there"
            }
            Some(ShopDifference::OverpaidThere) => {
                "Has more payments than the order's total; refund one of them"
            }
            None => "",
        },
        None => "",
    }
}

/// How Elastic Path's record of a payment is.
pub(crate) fn at_elastic_path_tone(there: &AtElasticPath) -> Tone {
    match there.state.known() {
        Some(AtShopState::Told) => Tone::Good,
        Some(AtShopState::Refused) => Tone::Bad,
        _ => Tone::Waiting,
    }
}

/// Whether an action is a refund that is too early, so that a void takes its place.
pub(crate) fn is_void(stated: &PossibleAction) -> bool {
    stated.becomes_void.as_ref().is_some_and(|becomes_void| *becomes_void == BecomesVoid::Yes)
}

/// How far an action is possible for the reader, in sentences.
pub(crate) fn possible(stated: &PossibleAction) -> String {
    let (most, more) = (stated.most.as_ref(), stated.by_proposal.as_ref());
    let mut sentences = Vec::new();
    if let Some(most) = most.filter(|_| stated.possible || more.is_none()) {
        let limit = if stated.whole_only { "All of" } else { "Up to" };
        sentences.push(format!("{limit} {}.", price(most)));
    }
    sentences.extend(stated.why.as_ref().map(why));
    sentences.extend(stated.advised_against.as_ref().map(advised_against));
    if is_void(stated) && most.is_some() {
        sentences.push("All of it, by a void. A part only after settlement, usually overnight.".to_owned());
    }
    sentences.extend(more.map(|more| format!("More, up to {}, with somebody else's approval.", price(more))));
    sentences.join(" ")
}

//! The history of a payment, a sentence for each event, and the gateway's own words below an event
//! that is more than an approval.

use jiff::Timestamp;
use tollgate_core::order::Principal;
use tollgate_wire::{Attribution, Dispute, HandDecision, Operation, SeenAttention};

use super::placed::{Payment, Placed};
use crate::{
    frame::Frame,
    words::{self, said, sentences},
};

/// Longer than an operation takes whose response arrived: an inquiry found the outcome.
const FOUND_AFTER: jiff::SignedDuration = jiff::SignedDuration::from_mins(2);

/// Something that happened to a payment, or is to come.
pub(super) struct Event {
    /// When, for people, and the same for programs.
    pub(super) when: String,
    pub(super) machine_time: String,
    pub(super) sentence: String,
    /// Smaller, below the sentence.
    pub(super) details: Vec<String>,
}

/// All events, oldest first.
pub(super) fn all(placed: &Placed, frame: &Frame) -> Vec<Event> {
    let meta = &placed.payment.meta;
    let mut all: Vec<_> = meta.operations.iter().map(|one| of_operation(placed, one, frame)).collect();
    all.extend(meta.disputes.iter().flatten().map(|one| of_dispute(&placed.payment, one)));
    all.extend(settled(placed, frame));
    // A dispute has a day and no time: it follows the other events of that day. The sort is stable.
    all.sort_by_key(|event| format!("{:~<24}", event.machine_time));
    all.extend(to_come(&placed.payment, frame));
    all
}

pub(super) fn last(placed: &Placed, frame: &Frame) -> Option<Event> {
    placed.payment.meta.operations.last().map(|operation| of_operation(placed, operation, frame))
}

/// Settled by people: the reasons for attention that they have seen, and their decisions.
pub(super) fn settled(placed: &Placed, frame: &Frame) -> Vec<Event> {
    let meta = &placed.payment.meta;
    let of_seen = |seen: &SeenAttention| {
        event_at(frame, seen.at.0, sentences::seen(seen), vec![requested_by(None, &seen.by)])
    };
    let decided = |operation: &Operation| {
        let money = placed.payment.money(operation.amount);
        let of_decision = |one: &HandDecision| {
            let person = one.person.as_deref().map(|person| format!("Signed in as {}", said(person)));
            let sentence = sentences::decided(one, operation, &money);
            event_at(frame, one.at.0, sentence, person.into_iter().collect())
        };
        operation.decided.iter().flatten().map(of_decision).collect::<Vec<_>>()
    };
    meta.seen.iter().flatten().map(of_seen).chain(meta.operations.iter().flat_map(decided)).collect()
}

fn of_operation(placed: &Placed, operation: &Operation, frame: &Frame) -> Event {
    let (begun, ended) = (operation.timestamps.created_at.0, operation.timestamps.updated_at.0);
    let mut records = placed.settlement.iter().flat_map(|settlement| &settlement.records);
    let record = records.find(|record| record.operation_id == operation.id);
    let is_late = ended.duration_since(begun) > FOUND_AFTER;
    let found = (is_late && sentences::is_approved(operation))
        .then(|| format!("The response was lost. An inquiry found the outcome {}.", frame.moment(ended)));
    let settled =
        record.map(|record| words::settlement(Some(&record.state), record.settled_at, record.funded_at));
    let request = operation.request.clone().unwrap_or_default();
    let requested_by = requested_by(operation.asked_by.known(), &request);
    let is_plain = sentences::is_approved(operation) && found.is_none() && operation.attempts <= 1;
    let gateway =
        if is_plain { other_reference(&placed.payment, operation) } else { gateway_words(operation) };
    let details = [found, gateway, scheme_words(operation), Some(requested_by), settled];
    Event {
        when: frame.moment(begun),
        machine_time: begun.to_string(),
        sentence: sentences::operation(operation, &placed.payment.money(operation.amount), &frame.zone),
        details: details.into_iter().flatten().collect(),
    }
}

/// The gateway's reference of an operation with a record of its own.
fn other_reference(payment: &Payment, operation: &Operation) -> Option<String> {
    let retref = operation.gateway.as_ref().and_then(|gateway| gateway.retref.as_deref());
    let own = retref.map(said).filter(|retref| *retref != *payment.transaction.reference)?;
    Some(format!("retref {own}"))
}

/// The gateway's response, for inquiries at the gateway's support.
pub(super) fn gateway_words(operation: &Operation) -> Option<String> {
    let gateway = operation.gateway.clone().unwrap_or_default();
    let response = [&gateway.respproc, &gateway.respcode, &gateway.resptext];
    let response = words::joined(response.map(|word| said(word.as_deref())), " ");
    let retref = said(gateway.retref.as_deref());
    let retref = if retref.is_empty() { retref } else { format!("retref {retref}") };
    let attempts = operation.attempts;
    let attempts = if attempts > 1 { format!("{attempts} attempts") } else { String::new() };
    let all = words::joined([response, retref, attempts], " · ");
    (!all.is_empty()).then(|| format!("Gateway: {all}"))
}

/// The card scheme's words about a decline, as the gateway states them.
fn scheme_words(operation: &Operation) -> Option<String> {
    let words = operation.scheme.as_ref()?;
    let part = |name: &str, code: &Option<String>, text: &Option<String>| {
        let told = words::joined([code, text].map(|word| said(word.as_deref())), " ");
        if told.is_empty() { told } else { format!("{name} {told}") }
    };
    let parts = [
        part("advice", &words.advice_code, &words.advice_text),
        part("response", &words.response_code, &words.response_text),
        part("category", &words.category, &None),
    ];
    let all = words::joined(parts, " · ");
    (!all.is_empty()).then(|| format!("Card scheme: {all}"))
}

/// The requester, and how reliably that is known.
fn requested_by(asked_by: Option<Principal>, request: &Attribution) -> String {
    let (person, actor) = (said(request.person.as_deref()), said(request.actor.as_deref()));
    let asked_by = match asked_by {
        Some(Principal::Implicit) => "From the shopper's browser".to_owned(),
        Some(Principal::Schedule) => "By schedule".to_owned(),
        _ if !person.is_empty() => format!("Signed in as {person}"),
        _ if !actor.is_empty() => format!("The name {actor} was stated by the shop"),
        _ => "From the shop's server".to_owned(),
    };
    let proposed = request.proposed_by.as_deref().map(|by| format!("proposed by {}", said(by)));
    let key = request.key_name.as_deref().map(|name| format!("key “{}”", said(name)));
    words::joined([asked_by, proposed.unwrap_or_default(), key.unwrap_or_default()], " · ")
}

fn of_dispute(payment: &Payment, dispute: &Dispute) -> Event {
    let named = [
        ("Case", Some(&*dispute.case)),
        ("code", dispute.reason_code.as_deref()),
        ("ARN", dispute.acquirer_reference.as_deref()),
        ("deposit", dispute.deposit.as_deref()),
    ];
    let details = named.map(|(name, value)| (name, said(value)));
    let details =
        details.iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| format!("{name} {value}"));
    Event {
        when: dispute.day.map(words::day).unwrap_or_default(),
        machine_time: dispute.day.map(|day| day.to_string()).unwrap_or_default(),
        sentence: sentences::dispute(dispute, &payment.money(dispute.amount)),
        details: vec![details.collect::<Vec<_>>().join(" · ")],
    }
}

/// The scheduled capture, and why it is late; or the end of the hold.
fn to_come(payment: &Payment, frame: &Frame) -> Option<Event> {
    let meta = &payment.meta;
    let ends_at = payment.transaction.meta.authorization_expires_at.map(|at| at.0);
    let Some(due) = meta.capture_at else {
        let sentence = words::end_of_hold(&payment.transaction.meta.state)?;
        return Some(event_at(frame, ends_at?, sentence.to_owned(), Vec::new()));
    };
    let part = meta.capture_amount.map(|part| payment.money(part));
    let part = part.unwrap_or_else(|| words::price(&meta.capturable));
    let ends = format!("The authorization ends about {}.", frame.moment(ends_at));
    let failed = meta.capture_failure.as_ref().map(|failure| {
        let next = failure.next_attempt_at.map_or_else(
            || "There is no further attempt.".to_owned(),
            |at| format!("Next attempt {}.", frame.moment(at.0)),
        );
        format!("The last attempt failed: {} {next}", said(&*failure.reason))
    });
    let sentence = match &meta.captures_paused {
        None => format!("{part} will be captured by schedule."),
        Some(paused) => {
            let (by, because) = by_and_because(&paused.by);
            format!("{part} was to be captured then. Captures of this order are paused{by}{because}.")
        }
    };
    Some(event_at(frame, due.0, sentence, failed.into_iter().chain([ends]).collect()))
}

fn event_at(frame: &Frame, at: Timestamp, sentence: String, details: Vec<String>) -> Event {
    Event { when: frame.moment(at), machine_time: at.to_string(), sentence, details }
}

/// Who did something and why, as parts of a sentence.
fn by_and_because(request: &Attribution) -> (String, String) {
    let who = said(request.person.as_deref()) + &said(request.actor.as_deref());
    let by = if who.is_empty() { who } else { format!(" by {who}") };
    let reason = said(request.reason.as_deref());
    let because = if reason.is_empty() { reason } else { format!(": {reason}") };
    (by, because)
}

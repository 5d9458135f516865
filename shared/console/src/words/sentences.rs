//! The history of a payment in sentences, by the type and stage of each operation.

use serde_json::Value;

use super::{Tone, advice, capitalized, decline, said, text};

/// Whether the gateway did it.
pub(crate) fn is_approved(operation: &Value) -> bool {
    operation["state"] == "approved"
}

/// Whether its outcome is not known.
pub(crate) fn is_pending(operation: &Value) -> bool {
    operation["state"] == "pending"
}

/// Whether it waits for the end of a dispute.
pub(crate) fn is_held_back(operation: &Value) -> bool {
    operation["state"] == "waits_for_dispute"
}

/// How an operation is going.
pub(crate) fn tone(operation: &Value) -> Tone {
    if is_approved(operation) {
        Tone::Good
    } else if is_pending(operation) || is_held_back(operation) {
        Tone::Waiting
    } else {
        Tone::Bad
    }
}

/// The effect of an operation, or why it had none.
pub(crate) fn operation(operation: &Value, money: &str) -> String {
    let kind = text(&operation["type"]);
    let mut sentence = match operation["state"].as_str().unwrap_or_default() {
        "approved" => done(operation, &kind, money),
        "declined" => declined(operation, &kind, money),
        "pending" => {
            let what = match kind.as_str() {
                "capture" => format!("{money} was captured"),
                "refund" => format!("{money} was refunded"),
                "void" => "the payment was voided".to_owned(),
                _ => format!("the bank approved {money}"),
            };
            format!(
                "We do not know yet whether {what}. Do not repeat it, here or in the gateway's portal. An inquiry is sent every minute."
            )
        }
        "waits_for_dispute" => {
            format!("{money} is to be refunded, which waits until no chargeback of the order is open.")
        }
        _ => format!("The gateway did not process the {} of {money}. No money moved.", noun(&kind)),
    };
    if operation["settlement"] == "rejected" {
        sentence.push_str(" Settlement refused it afterwards: no money comes.");
    }
    sentence
}

fn noun(kind: &str) -> &str {
    if kind == "authorize" { "authorization" } else { kind }
}

fn done(operation: &Value, kind: &str, money: &str) -> String {
    let request = &operation["request"];
    let person = said(&request["person"]);
    let who = if person.is_empty() { said(&request["actor"]) } else { person };
    let reason = said(&request["reason"]);
    let is_recorded = operation["mechanism"] == "manual";
    let verb = match kind {
        "capture" => "captured",
        "refund" if is_recorded => "recorded a refund of",
        "refund" => "refunded",
        "void" => "voided",
        "authorize" => return format!("The bank approved {money} and holds it."),
        _ => return format!("The bank approved {money}."),
    };
    let of_rule = match operation["reason"].as_str().unwrap_or_default() {
        "refund_before_settlement" => "it had not settled, so it was not refunded",
        "partial_approval" => "the bank approved only a part",
        "avs_mismatch" => "the address does not match",
        "cvv_mismatch" => "the security code does not match",
        "late_approval" => "the approval was found too late",
        "twin" => "the customer was charged twice",
        "voided_elsewhere" => "outside Tollgate",
        _ => "",
    };
    let mut sentence = if who.is_empty() { capitalized(verb) } else { format!("{who} {verb}") };
    sentence = format!("{sentence} {money}");
    if operation["asked_by"] == "schedule" && kind == "capture" {
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

fn declined(operation: &Value, kind: &str, money: &str) -> String {
    let code = said(&operation["decline_code"]);
    let advice = advice(operation["advice"].as_str().unwrap_or_default());
    let by_gateway =
        ["merchant_configuration", "processing_error", "invalid_request", "invalid_state", "invalid_amount"];
    let who = if by_gateway.contains(&code.as_str()) { "gateway" } else { "bank" };
    let what = match kind {
        "capture" | "refund" | "void" => format!(" the {kind} of {money}"),
        _ => String::new(),
    };
    format!("The {who} declined{what}: {}. {advice}", decline(&code)).trim_end().to_owned()
}

/// The act of the cardholder's bank.
pub(crate) fn dispute(dispute: &Value, money: &str) -> String {
    let reason = said(&dispute["reason"]);
    let because = if reason.is_empty() { String::new() } else { format!(": {reason}") };
    match text(&dispute["type"]).as_str() {
        _ if dispute["amount"].as_i64().unwrap_or_default() == 0 => {
            "A report about a dispute was taken back. It counts nothing.".to_owned()
        }
        "chargeback" => format!("The cardholder's bank took back {money}{because}."),
        "reversal" => format!("The cardholder's bank returned {money}."),
        _ => format!("The processor reported {money} of a dispute in words that Tollgate does not know."),
    }
}

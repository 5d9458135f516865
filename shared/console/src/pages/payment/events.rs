//! The history of a payment, a sentence for each event, and the gateway's own words below it.

use serde_json::Value;
use tollgate_core::values::Zone;

use super::Read;
use crate::words::{self, said, text};

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
pub(super) fn events(read: &Read<'_>, zone: &Zone) -> Vec<Event> {
    let meta = read.meta();
    let operations = words::list(&meta["operations"]).iter();
    let mut all = operations.map(|one| of_operation(read, one, zone)).collect::<Vec<_>>();
    all.extend(words::list(&meta["disputes"]).iter().map(|one| of_dispute(read, one)));
    // A dispute has a day and no time: it follows the other events of that day. The sort is stable.
    all.sort_by_key(|event| format!("{:~<24}", event.machine_time));
    all.extend(to_come(read, zone));
    all
}

pub(super) fn last(read: &Read<'_>, zone: &Zone) -> Option<Event> {
    words::list(&read.meta()["operations"]).last().map(|operation| of_operation(read, operation, zone))
}

fn of_operation(read: &Read<'_>, operation: &Value, zone: &Zone) -> Event {
    let money = operation["amount"].as_i64().map(|minor| read.money(minor)).unwrap_or_default();
    let times = &operation["timestamps"];
    let records = words::list(read.settlement.map_or(&Value::Null, |settlement| &settlement["records"]));
    let record = records.iter().find(|one| one["operation_id"] == operation["id"]);
    let both = words::time(&times["created_at"]).zip(words::time(&times["updated_at"]));
    let is_late = both.is_some_and(|(begun, ended)| ended.duration_since(begun) > FOUND_AFTER);
    let found = (is_late && operation["state"] == "approved").then(|| {
        format!(
            "The response was lost. An inquiry found the outcome {}.",
            words::moment_of(&times["updated_at"], zone)
        )
    });
    let details =
        [found, gateway_words(operation), Some(requested_by(operation)), record.map(words::settlement)];
    Event {
        when: words::moment_of(&times["created_at"], zone),
        machine_time: text(&times["created_at"]),
        sentence: sentence(operation, &money),
        details: details.into_iter().flatten().collect(),
    }
}

/// The effect of an operation, or why it had none.
pub(crate) fn sentence(operation: &Value, money: &str) -> String {
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
    let mut sentence = if who.is_empty() { words::capitalized(verb) } else { format!("{who} {verb}") };
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
    let advice = words::advice(operation["advice"].as_str().unwrap_or_default());
    let by_gateway =
        ["merchant_configuration", "processing_error", "invalid_request", "invalid_state", "invalid_amount"];
    let who = if by_gateway.contains(&code.as_str()) { "gateway" } else { "bank" };
    let what = match kind {
        "capture" | "refund" | "void" => format!(" the {kind} of {money}"),
        _ => String::new(),
    };
    format!("The {who} declined{what}: {}. {advice}", words::decline(&code)).trim_end().to_owned()
}

/// The gateway's response, for inquiries at the gateway's support.
fn gateway_words(operation: &Value) -> Option<String> {
    let gateway = &operation["gateway"];
    let said_there =
        words::joined(["respproc", "respcode", "resptext"].map(|name| said(&gateway[name])), " ");
    let retref = said(&gateway["retref"]);
    let retref = if retref.is_empty() { retref } else { format!("retref {retref}") };
    let attempts = operation["attempts"].as_i64().unwrap_or_default();
    let attempts = if attempts > 1 { format!("{attempts} attempts") } else { String::new() };
    let all = words::joined([said_there, retref, attempts], " · ");
    (!all.is_empty()).then(|| format!("Gateway: {all}"))
}

/// The requester of the operation, and how reliably that is known.
fn requested_by(operation: &Value) -> String {
    let request = &operation["request"];
    let (person, actor, key) =
        (said(&request["person"]), said(&request["actor"]), said(&request["key_name"]));
    let proposed_by = said(&request["proposed_by"]);
    let asked_by = match operation["asked_by"].as_str().unwrap_or_default() {
        "implicit" => "From the shopper's browser".to_owned(),
        "schedule" => "By schedule".to_owned(),
        _ if !person.is_empty() => format!("{person} had signed in"),
        _ if !actor.is_empty() => format!("The name {actor} was stated by the shop"),
        _ => "From the shop's server".to_owned(),
    };
    let proposed = if proposed_by.is_empty() { proposed_by } else { format!("proposed by {proposed_by}") };
    let key = if key.is_empty() { key } else { format!("key “{key}”") };
    words::joined([asked_by, proposed, key], " · ")
}

fn of_dispute(read: &Read<'_>, dispute: &Value) -> Event {
    let minor = dispute["amount"].as_i64().unwrap_or_default();
    let named =
        [("Case", "case"), ("code", "reason_code"), ("ARN", "acquirer_reference"), ("deposit", "deposit")];
    let details = named.map(|(name, member)| (name, said(&dispute[member])));
    let details =
        details.iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| format!("{name} {value}"));
    Event {
        when: words::day(&dispute["day"]),
        machine_time: said(&dispute["day"]),
        sentence: dispute_sentence(dispute, &read.money(minor)),
        details: vec![details.collect::<Vec<_>>().join(" · ")],
    }
}

/// The act of the cardholder's bank.
pub(crate) fn dispute_sentence(dispute: &Value, money: &str) -> String {
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

/// The scheduled capture, and why it is late; or the end of the hold.
fn to_come(read: &Read<'_>, zone: &Zone) -> Option<Event> {
    let meta = read.meta();
    let ends = words::moment_of(&meta["authorization_expires_at"], zone);
    let due = &meta["capture_at"];
    if due.is_null() {
        let sentence = match read.state() {
            "held" => "The authorization ends about then. No capture is scheduled.",
            "lapsed" => "The authorization ended about then, and nothing was captured.",
            _ => "",
        };
        return (!sentence.is_empty() && !ends.is_empty()).then(|| Event {
            when: ends,
            machine_time: text(&meta["authorization_expires_at"]),
            sentence: sentence.to_owned(),
            details: Vec::new(),
        });
    }
    let part = meta["capture_amount"].as_i64().unwrap_or_else(|| read.minor("capturable"));
    let paused = &meta["captures_paused"];
    let failure = &meta["capture_failure"];
    let mut details = vec![format!("The authorization ends about {ends}.")];
    if !failure.is_null() {
        let next = words::moment_of(&failure["next_attempt_at"], zone);
        let next = if next.is_empty() {
            "There is no further attempt.".to_owned()
        } else {
            format!("Next attempt {next}.")
        };
        let reason = said(&failure["reason"]);
        details.insert(0, format!("The last attempt failed: {reason} {next}"));
    }
    let who = [said(&paused["person"]), said(&paused["actor"])].concat();
    let reason = said(&paused["reason"]);
    let sentence = if paused.is_null() {
        format!("{} will be captured by schedule.", read.money(part))
    } else {
        let by = if who.is_empty() { String::new() } else { format!(" by {who}") };
        let because = if reason.is_empty() { String::new() } else { format!(": {reason}") };
        format!(
            "{} was to be captured then. Captures of this order are paused{by}{because}.",
            read.money(part)
        )
    };
    Some(Event { when: words::moment_of(due, zone), machine_time: text(due), sentence, details })
}

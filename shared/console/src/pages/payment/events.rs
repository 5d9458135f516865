//! The history of a payment, a sentence for each event, and the gateway's own words below it.

use serde_json::Value;
use tollgate_core::values::Zone;

use super::Read;
use crate::words::{self, said, sentences, text};

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
    let money = read.money(&operation["amount"]);
    let times = &operation["timestamps"];
    let records = words::list(read.settlement.map_or(&Value::Null, |settlement| &settlement["records"]));
    let record = records.iter().find(|one| one["operation_id"] == operation["id"]);
    let both = words::time(&times["created_at"]).zip(words::time(&times["updated_at"]));
    let is_late = both.is_some_and(|(begun, ended)| ended.duration_since(begun) > FOUND_AFTER);
    let found = (is_late && sentences::is_approved(operation)).then(|| {
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
        sentence: sentences::operation(operation, &money),
        details: details.into_iter().flatten().collect(),
    }
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
    let money = read.money(&dispute["amount"]);
    let named =
        [("Case", "case"), ("code", "reason_code"), ("ARN", "acquirer_reference"), ("deposit", "deposit")];
    let details = named.map(|(name, member)| (name, said(&dispute[member])));
    let details =
        details.iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| format!("{name} {value}"));
    Event {
        when: words::day(&dispute["day"]),
        machine_time: said(&dispute["day"]),
        sentence: sentences::dispute(dispute, &money),
        details: vec![details.collect::<Vec<_>>().join(" · ")],
    }
}

/// The scheduled capture, and why it is late; or the end of the hold.
fn to_come(read: &Read<'_>, zone: &Zone) -> Option<Event> {
    let meta = read.meta();
    let ends = words::moment_of(&meta["authorization_expires_at"], zone);
    let due = &meta["capture_at"];
    if due.is_null() {
        let sentence = words::end_of_hold(&meta["state"]);
        return (!sentence.is_empty() && !ends.is_empty()).then(|| Event {
            when: ends,
            machine_time: text(&meta["authorization_expires_at"]),
            sentence: sentence.to_owned(),
            details: Vec::new(),
        });
    }
    let part = Some(&meta["capture_amount"]).filter(|part| !part.is_null());
    let part = read.money(part.unwrap_or(&meta["capturable"]["amount"]));
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
        format!("{part} will be captured by schedule.")
    } else {
        let by = if who.is_empty() { String::new() } else { format!(" by {who}") };
        let because = if reason.is_empty() { String::new() } else { format!(": {reason}") };
        format!("{part} was to be captured then. Captures of this order are paused{by}{because}.")
    };
    Some(Event { when: words::moment_of(due, zone), machine_time: text(due), sentence, details })
}

//! Requests and responses as files: for tests, and for readers who want to look closer.

use std::fs;
use std::io;
use std::path::Path;

use serde_json::{Value, json};

use super::{message::RawResponse, probe::Probe, rehearsal::RehearsedStep, session::Exchange};
use crate::cards;

/// Writes a probe's exchanges into a directory; card numbers are masked, and credentials are in
/// none.
pub(super) fn write(
    directory: &Path,
    probe: &Probe,
    exchanges: &[Exchange],
    rehearsed: &[RehearsedStep],
) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    let steps: Vec<Value> = exchanges
        .iter()
        .filter_map(|exchange| Some(step(exchange, rehearsed.get(exchange.place)?.response.as_ref()?)))
        .collect();
    let fixture = json!({ "probe": probe.name, "basis": probe.basis.name(), "steps": steps });
    let name: String = probe
        .name
        .chars()
        .map(|letter| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '-' })
        .collect();
    fs::write(directory.join(format!("{name}.json")), format!("{fixture:#}\n"))
}

fn step(exchange: &Exchange, simulator: &RawResponse) -> Value {
    let response =
        |response: &RawResponse| json!({ "status": response.status, "body": masked(&response.body) });
    let message = &exchange.message;
    json!({
        "request": {
            "method": message.method.as_str(),
            "path": cards::mask_card_numbers(&message.path),
            "body": message.body.as_deref().map(masked),
        },
        "gateway": response(&exchange.response),
        "simulator": response(simulator),
    })
}

/// JSON as JSON and text as text, without card numbers and CVVs.
fn masked(body: &str) -> Value {
    match serde_json::from_str::<Value>(body) {
        Ok(mut value) => {
            if let Some(members) = value.as_object_mut() {
                for name in ["cvv2", "cvv"] {
                    if members.contains_key(name) {
                        members.insert(name.to_owned(), json!("***"));
                    }
                }
            }
            cards::mask_in_json(&value)
        }
        Err(_) => cards::mask_card_numbers(body).into(),
    }
}

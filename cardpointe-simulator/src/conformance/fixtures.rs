//! Requests and responses as files: for tests, and for readers who want to look closer.

use std::fs;
use std::io;
use std::path::Path;

use serde_json::{Value, json};

use super::gateway::RawResponse;
use crate::cards;

/// A request and both responses to it.
pub(super) struct Exchange {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) body: Option<String>,
    pub(super) gateway: RawResponse,
    pub(super) simulator: RawResponse,
}

/// Writes a probe's exchanges into a directory; card numbers are masked, and credentials are in
/// none.
pub(super) fn write(directory: &Path, probe: &str, basis: &str, exchanges: &[Exchange]) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    let steps: Vec<Value> = exchanges.iter().map(step).collect();
    let fixture = json!({ "probe": probe, "basis": basis, "steps": steps });
    let name: String = probe
        .chars()
        .map(|letter| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '-' })
        .collect();
    fs::write(directory.join(format!("{name}.json")), format!("{fixture:#}\n"))
}

fn step(exchange: &Exchange) -> Value {
    let response =
        |response: &RawResponse| json!({ "status": response.status, "body": masked(&response.body) });
    json!({
        "request": {
            "method": exchange.method,
            "path": cards::mask_card_numbers(&exchange.path),
            "body": exchange.body.as_deref().map(masked),
        },
        "gateway": response(&exchange.gateway),
        "simulator": response(&exchange.simulator),
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

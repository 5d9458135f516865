//! The last requests, for the status page: without credentials, card numbers and CVVs.

use std::collections::VecDeque;

use http::Request;
use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::{
    cards,
    response::{Delivery, Response},
};

/// How many requests are kept.
const KEPT: usize = 50;

/// The longest text that is kept of a body.
const MAX_BODY: usize = 600;

/// Members that are always hidden.
const HIDDEN: [&str; 7] = ["account", "cvv2", "cvv", "bankaba", "track", "signature", "devicedata"];

/// A request and its response.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) at: Timestamp,
    pub(crate) line: String,
    pub(crate) body: String,
    pub(crate) status: String,
    pub(crate) verdict: String,
}

/// The last requests, oldest first. Off where no page shows them.
#[derive(Debug, Default)]
pub(crate) struct RequestLog {
    is_on: bool,
    seen: VecDeque<Seen>,
}

impl RequestLog {
    pub(crate) fn switch_on(&mut self) {
        self.is_on = true;
    }

    pub(crate) fn clear(&mut self) {
        self.seen.clear();
    }

    pub(crate) fn newest_first(&self) -> impl Iterator<Item = &Seen> {
        self.seen.iter().rev()
    }

    pub(crate) fn add<B: AsRef<[u8]>>(&mut self, request: &Request<B>, response: &Response, at: Timestamp) {
        if !self.is_on {
            return;
        }
        if self.seen.len() == KEPT {
            self.seen.pop_front();
        }
        let target = request.uri().path_and_query().map_or("", |target| target.as_str());
        let status = match response.delivery {
            Delivery::Closed | Delivery::Never => "no response".to_owned(),
            Delivery::Cut => format!("{}, cut", response.status.as_u16()),
            Delivery::Complete => response.status.as_u16().to_string(),
        };
        self.seen.push_back(Seen {
            at,
            line: format!("{} {}", request.method(), cards::mask_card_numbers(target)),
            body: masked(request.body().as_ref()),
            status,
            verdict: verdict(&response.body),
        });
    }
}

/// The body without values that must not be shown.
fn masked(body: &[u8]) -> String {
    if body.is_empty() {
        return String::new();
    }
    let Ok(members) = serde_json::from_slice::<Map<String, Value>>(body) else {
        return format!("{} bytes", body.len());
    };
    let shown = |(name, value): (String, Value)| {
        let is_hidden = HIDDEN.contains(&name.to_ascii_lowercase().as_str());
        let value = if is_hidden { hidden(&value) } else { cards::mask_in_json(&value) };
        (cards::mask_card_numbers(&name), value)
    };
    let text = Value::Object(members.into_iter().map(shown).collect()).to_string();
    text.chars().take(MAX_BODY).collect()
}

/// The first two and last four digits of a number that is long enough; of everything else nothing.
fn hidden(value: &Value) -> Value {
    let text = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
    let is_number = (12..=19).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { cards::mask(&text).into() } else { "***".into() }
}

/// The gateway's words, of a single record.
fn verdict(body: &[u8]) -> String {
    let Ok(answer) = serde_json::from_slice::<Map<String, Value>>(body) else { return String::new() };
    let word = |name: &str| answer.get(name).and_then(Value::as_str);
    match (word("respproc"), word("respcode")) {
        (Some(respproc), Some(respcode)) => {
            format!("{respproc} {respcode} {}", word("resptext").unwrap_or_default())
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown(body: &Value) -> String {
        masked(body.to_string().as_bytes())
    }

    #[test]
    fn neither_a_card_number_nor_a_cvv_is_kept() {
        let body = json!({
            "account": "4111111111111111", "cvv2": "987", "CVV": 987, "name": "4111111111111111",
            "userfields": [{ "note": "4111111111111111" }], "amount": "10.00",
        });
        let text = shown(&body);
        assert!(!text.contains("4111111111111111") && !text.contains("987"), "{text}");
        assert!(text.contains("41XXXXXXXXXX1111") && text.contains("10.00"), "{text}");
        for account in ["4111 1111 1111 1111", "053000196/15378535", "41111"] {
            assert!(shown(&json!({ "account": account })).contains("***"), "{account}");
        }
    }

    #[test]
    fn a_body_that_is_no_object_shows_only_its_size() {
        assert_eq!(masked(b"account=4111111111111111"), "24 bytes");
        assert_eq!(masked(b""), "");
    }
}

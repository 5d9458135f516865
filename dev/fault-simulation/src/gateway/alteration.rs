//! Responses of which a member is changed or missing. What they say stays within what the gateway may say truthfully;
//! how little it may be, no document limits.

use serde_json::{Map, Value};

use crate::rng::Rng;

/// A change of a response's members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Alteration {
    /// The member is not there.
    Without(&'static str),
    /// The member has this value.
    With(&'static str, &'static str),
    /// `respstat`, `respproc` and `respcode`.
    Code(&'static str, &'static str, &'static str),
    /// The gateway reports an error instead, without any of the transaction.
    Error(&'static str, &'static str, &'static str),
    /// HTML instead of JSON.
    NoJson,
}

use Alteration::{Code, Error, NoJson, With, Without};

/// Of the response to a write that was processed.
const OF_WRITES: [Alteration; 11] = [
    Without("respstat"),
    Without("respproc"),
    Without("respcode"),
    Without("retref"),
    Without("amount"),
    Without("authcode"),
    With("amount", "98765.43"),
    With("respstat", "X"),
    Code("C", "PPS", "63"),
    Code("B", "PPS", "64"),
    NoJson,
];

/// Of an inquiry's response, of every record in it.
const OF_INQUIRIES: [Alteration; 16] = [
    Without("respstat"),
    Without("respproc"),
    Without("respcode"),
    Without("retref"),
    Without("amount"),
    Without("setlstat"),
    With("setlstat", ""),
    With("setlstat", "Amount Under Review"),
    With("setlstat", "Something New"),
    With("respstat", "X"),
    With("amount", "98765.43"),
    Error("B", "PPS", "62"),
    Error("B", "PPS", "66"),
    Error("C", "PPS", "34"),
    Error("C", "PPS", "91"),
    NoJson,
];

/// One of the alterations, with equal chances.
pub(super) fn pick(of_a_write: bool, rng: &mut Rng) -> Alteration {
    let all: &[Alteration] = if of_a_write { &OF_WRITES } else { &OF_INQUIRIES };
    rng.pick(all).unwrap_or(NoJson)
}

impl Alteration {
    /// Alters every record of a response.
    pub(super) fn apply(self, body: &mut Vec<u8>) {
        if self == NoJson {
            *body = b"<html></html>".to_vec();
            return;
        }
        let Ok(mut response) = serde_json::from_slice::<Value>(body) else { return };
        match &mut response {
            Value::Object(record) => self.alter(record),
            Value::Array(records) => {
                records.iter_mut().filter_map(Value::as_object_mut).for_each(|r| self.alter(r));
            }
            _ => {}
        }
        *body = serde_json::to_vec(&response).unwrap_or_default();
    }

    fn alter(self, record: &mut Map<String, Value>) {
        let mut set = |name: &str, value: &str| record.insert(name.to_owned(), value.into());
        match self {
            Without(member) => {
                record.remove(member);
            }
            With(member, value) => {
                set(member, value);
            }
            Code(respstat, respproc, respcode) => {
                set("respstat", respstat);
                set("respproc", respproc);
                set("respcode", respcode);
            }
            Error(respstat, respproc, respcode) => {
                record.clear();
                Code(respstat, respproc, respcode).alter(record);
            }
            NoJson => {}
        }
    }
}

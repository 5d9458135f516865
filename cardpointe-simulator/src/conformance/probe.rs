//! A probe: some requests, and the members of their responses that say how a gateway behaves.

use std::collections::BTreeMap;

use http::Method;
use serde_json::Value;

use super::message::{Message, RawResponse};

/// The source of the simulator's behavior.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Basis {
    /// No source tells, or sources contradict each other.
    Unknown,
    Inferred,
    /// Seen in a client or a recorded exchange.
    Observed,
    /// Documented by the vendor.
    Documented,
}

impl Basis {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Inferred => "inferred",
            Self::Observed => "observed",
            Self::Documented => "documented",
        }
    }
}

/// When a probe can be played: settlement takes a night, at the sandbox.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum PlayStage {
    /// At once, because nothing has to settle first.
    First,
    /// When the sales of the first stage have settled.
    Settled,
    /// When the refunds of the second stage have.
    RefundsSettled,
}

impl PlayStage {
    pub(super) fn number(self) -> u64 {
        match self {
            Self::First => 1,
            Self::Settled => 2,
            Self::RefundsSettled => 3,
        }
    }
}

/// One request. In path and body, `{mid}` and `{order}` mean the merchant account and the probe's
/// order id, `{cents}` two digits that make its amounts differ from other probes', and `{name}` the
/// value that an earlier step has kept under a name.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) method: Method,
    pub(super) path: &'static str,
    pub(super) body: Option<&'static str>,
    pub(super) signed: bool,
    /// Members of the response in which gateway and simulator have to agree.
    pub(super) observed: &'static [&'static str],
    /// Member → the name under which its value is kept, for this probe; of a list, the last
    /// record's.
    pub(super) kept: &'static [(&'static str, &'static str)],
    /// The same for later stages.
    pub(super) handed_on: &'static [(&'static str, &'static str)],
}

/// A question to a gateway.
#[derive(Clone, Debug)]
pub(super) struct Probe {
    pub(super) name: &'static str,
    pub(super) basis: Basis,
    pub(super) stage: PlayStage,
    pub(super) steps: Vec<Step>,
}

/// The values that are filled into paths and bodies.
pub(super) type Names = BTreeMap<String, String>;

/// A text with its names filled in; the error is a name without a value.
fn filled(text: &str, names: &Names) -> Result<String, String> {
    let mut whole = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        whole.push_str(before);
        if let Some((name, after)) = after.split_once('}').filter(|(name, _)| is_name(name)) {
            whole.push_str(names.get(name).ok_or(name)?);
            rest = after;
        } else {
            whole.push('{');
            rest = after;
        }
    }
    whole.push_str(rest);
    Ok(whole)
}

/// Whether braces hold a name, and not a JSON object.
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
}

/// Keeps members of a response; of a list, the last record's.
pub(super) fn keep(response: &RawResponse, members: &[(&str, &str)], names: &mut Names) {
    let Ok(body) = serde_json::from_str::<Value>(&response.body) else { return };
    let record = body.as_array().and_then(|records| records.last()).unwrap_or(&body);
    for (member, name) in members {
        if let Some(value) = record[*member].as_str() {
            names.insert((*name).to_owned(), value.to_owned());
        }
    }
}

/// The newest record of an inquiry by order id whose reference no earlier step has seen: the one
/// that a request without a response has made.
pub(super) fn unseen(inquiry: &RawResponse, names: &Names) -> Option<RawResponse> {
    let body: Value = serde_json::from_str(&inquiry.body).ok()?;
    let records = body.as_array().map_or(std::slice::from_ref(&body), Vec::as_slice);
    let is_unseen = |record: &&Value| {
        record["orderId"].is_string()
            && record["retref"].as_str().is_some_and(|retref| names.values().all(|known| known != retref))
    };
    let found = records.iter().rev().find(is_unseen)?;
    Some(RawResponse { status: inquiry.status, body: found.to_string() })
}

/// A PUT to an endpoint of the gateway.
pub(super) fn put(path: &'static str, body: &'static str, observed: &'static [&'static str]) -> Step {
    Step {
        method: Method::PUT,
        path,
        body: Some(body),
        signed: true,
        observed,
        kept: &[("retref", "retref")],
        handed_on: &[],
    }
}

/// A GET of it.
pub(super) fn get(path: &'static str, observed: &'static [&'static str]) -> Step {
    Step { method: Method::GET, path, body: None, signed: true, observed, kept: &[], handed_on: &[] }
}

/// A POST to `CardSecure`, which takes no credentials.
pub(super) fn post(path: &'static str, body: &'static str, observed: &'static [&'static str]) -> Step {
    Step { method: Method::POST, signed: false, kept: &[], ..put(path, body, observed) }
}

impl Step {
    pub(super) fn keeps(mut self, kept: &'static [(&'static str, &'static str)]) -> Self {
        self.kept = kept;
        self
    }

    pub(super) fn hands_on(mut self, handed_on: &'static [(&'static str, &'static str)]) -> Self {
        self.handed_on = handed_on;
        self
    }

    pub(super) fn deletes(mut self) -> Self {
        self.method = Method::DELETE;
        self
    }

    pub(super) fn posts(mut self) -> Self {
        self.method = Method::POST;
        self
    }

    pub(super) fn unsigned(mut self) -> Self {
        self.signed = false;
        self
    }

    /// The request; the error is a name that no earlier step has left.
    pub(super) fn message(&self, names: &Names) -> Result<Message, String> {
        Ok(Message {
            method: self.method.clone(),
            path: filled(self.path, names)?,
            body: self.body.map(|body| filled(body, names)).transpose()?,
            signed: self.signed,
        })
    }

    /// Whether the request could change something, and so must not be sent again blindly.
    pub(super) fn is_write(&self) -> bool {
        self.method != Method::GET
    }

    /// Whether the request carries the probe's order id, by which its outcome can be found.
    pub(super) fn names_order(&self) -> bool {
        self.is_write() && self.body.is_some_and(|body| body.contains("\"orderid\":\"{order}\""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_without_a_value_is_reported_and_json_stays() {
        let names = Names::from([("mid".to_owned(), "1".to_owned())]);
        assert_eq!(filled(r#"{"a":"{mid}","b":[{}]}"#, &names), Ok(r#"{"a":"1","b":[{}]}"#.to_owned()));
        assert_eq!(filled("{", &names), Ok("{".to_owned()));
        assert_eq!(filled("/{mid}/{retref}", &names), Err("retref".to_owned()));
    }

    #[test]
    fn a_lost_payment_is_the_newest_record_that_no_step_has_seen() {
        let body = r#"[{"retref":"1","orderId":"a"},{"retref":"2","orderId":"a"}]"#.to_owned();
        let inquiry = RawResponse { status: 200, body };
        let retref = |names: &Names| {
            let found = unseen(&inquiry, names)?;
            let mut names = Names::new();
            keep(&found, &[("retref", "retref")], &mut names);
            names.remove("retref")
        };
        assert_eq!(retref(&Names::new()).as_deref(), Some("2"));
        assert_eq!(retref(&Names::from([("sale".to_owned(), "2".to_owned())])).as_deref(), Some("1"));
        let both = Names::from([("a".to_owned(), "2".to_owned()), ("b".to_owned(), "1".to_owned())]);
        assert_eq!(retref(&both), None);
    }
}

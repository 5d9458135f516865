//! A probe: some requests, and the members of their responses that say how a gateway behaves.

use std::collections::BTreeMap;

use http::Method;

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

/// One request. `{mid}`, `{order}` and `{name}` in path and body mean the merchant account, the
/// probe's order id, and the value that an earlier step has kept under a name.
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

/// A text with its names filled in; unknown names stay as they are.
pub(super) fn filled(text: &str, names: &Names) -> String {
    names.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
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
}

//! A call to the gateway, and the effect of a fault on it.

use jiff::Timestamp;

use crate::{codes::Verdict, record::Origin};

/// A call at the edge: when it came, from where, and which response a fault has chosen for it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call {
    pub(crate) now: Timestamp,
    pub(crate) origin: Origin,
    pub(crate) imposed: Option<Imposed>,
}

/// A response that a fault has chosen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Imposed {
    pub(crate) verdict: Verdict,
    /// Whether the request is carried out all the same. `None`: as the merchant account's settings
    /// say.
    pub(crate) done: Option<bool>,
}

impl Call {
    /// The imposed response to a call that changes nothing.
    pub(crate) fn refusal(&self, done_by_setting: bool) -> Option<Verdict> {
        self.imposed.filter(|imposed| !imposed.done.unwrap_or(done_by_setting)).map(|imposed| imposed.verdict)
    }

    /// The imposed response to a call that is carried out all the same. Use it after
    /// [`Self::refusal`].
    pub(crate) fn disguise(&self) -> Option<Verdict> {
        self.imposed.map(|imposed| imposed.verdict)
    }
}

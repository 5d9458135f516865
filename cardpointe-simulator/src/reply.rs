//! A response under construction.

use serde_json::{Map, Value};

use crate::codes::Verdict;

/// One JSON object of a response.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Reply(Map<String, Value>);

impl Reply {
    /// A response that carries a verdict.
    pub(crate) fn of(verdict: Verdict) -> Self {
        Self(Map::new())
            .with("respproc", verdict.processor)
            .with("respcode", verdict.code)
            .with("respstat", verdict.stat.letter())
            .with("resptext", verdict.text)
    }

    /// A response without a verdict.
    pub(crate) fn plain() -> Self {
        Self(Map::new())
    }

    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    pub(crate) fn with_some(self, name: &str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// Whether the response carries this verdict.
    pub(crate) fn is(&self, verdict: Verdict) -> bool {
        let has = |name: &str, value: &str| self.0.get(name).and_then(Value::as_str) == Some(value);
        has("respproc", verdict.processor) && has("respcode", verdict.code)
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    pub(crate) fn set(&mut self, name: &str, value: Value) {
        self.0.insert(name.to_owned(), value);
    }

    pub(crate) fn remove(&mut self, name: &str) {
        self.0.shift_remove(name);
    }

    pub(crate) fn into_map(self) -> Map<String, Value> {
        self.0
    }
}

/// The response to an inquiry or a write: one object, an array of them, or bare text; whole or not.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Answer {
    One(Reply),
    Many(Vec<Reply>),
    Text(&'static str),
    /// A response that ends in the middle of its body, which arrives as if it was whole.
    Broken(Box<Self>),
}

impl Answer {
    pub(crate) fn records(&self) -> &[Reply] {
        match self {
            Self::One(reply) => std::slice::from_ref(reply),
            Self::Many(replies) => replies,
            Self::Text(_) => &[],
            Self::Broken(whole) => whole.records(),
        }
    }

    pub(crate) fn broken_if(self, is_broken: bool) -> Self {
        if is_broken { Self::Broken(Box::new(self)) } else { self }
    }

    /// Shows these records from now on. One record stays one object; any other number becomes a
    /// list, and a list stays one.
    pub(crate) fn show(&mut self, mut records: Vec<Reply>) {
        *self = match self {
            Self::Broken(whole) => return whole.show(records),
            Self::Text(text) => Self::Text(text),
            Self::One(_) if records.len() == 1 => Self::One(records.remove(0)),
            Self::One(_) | Self::Many(_) => Self::Many(records),
        };
    }
}

impl From<Reply> for Answer {
    fn from(reply: Reply) -> Self {
        Self::One(reply)
    }
}

//! Reads the members of a request: every problem is found and named by its path, none is fatal to finding the rest.

use super::{
    error::{ApiError, Problem},
    node::{Document, Node},
};
use crate::{
    card::{Kept, hides_something, looks_like_card_number, mask_card_numbers},
    failure::Code,
};

/// How many unknown members an answer names; a body of 64 KiB has room for thousands.
const UNKNOWN_SHOWN_MAX: usize = 10;

/// The members of one object, with its path and the problems found in it.
pub(super) struct Members<'a> {
    document: &'a Document,
    node: &'a Node,
    path: String,
    problems: Vec<Problem>,
    /// What is wrong now and may not have been before: a date, a card that expires, what the merchant grants.
    problems_of_now: Vec<Problem>,
}

impl<'a> Members<'a> {
    /// The members of the whole body.
    pub(super) fn of(document: &'a Document) -> Self {
        Self {
            document,
            node: &document.root,
            path: String::new(),
            problems: Vec::new(),
            problems_of_now: Vec::new(),
        }
    }

    /// All that was wrong so far, or nothing.
    pub(super) fn finish(self) -> Result<(), ApiError> {
        self.finish_form().and_then(|of_now| of_now)
    }

    /// All that was wrong, if the request could never have been right; otherwise what is wrong with it now, if anything.
    pub(super) fn finish_form(mut self) -> Result<Result<(), ApiError>, ApiError> {
        let form = self.problems.len();
        self.problems.append(&mut self.problems_of_now);
        let all = ApiError::of_problems(self.problems);
        if form > 0 { Err(all.err().unwrap_or_else(ApiError::unreadable)) } else { Ok(all) }
    }

    /// All that was wrong so far, or nothing, and goes on.
    pub(super) fn check(&mut self) -> Result<(), ApiError> {
        ApiError::of_problems(std::mem::take(&mut self.problems))
    }

    /// Notes a problem with a member.
    pub(super) fn problem(&mut self, name: &str, code: Code, detail: impl Into<String>) {
        let member = self.member(name);
        self.problems.push(Problem::new(&member, code, detail));
    }

    /// Notes a problem that the same request may not have had when it was made first.
    pub(super) fn problem_of_now(&mut self, name: &str, code: Code, detail: impl Into<String>) {
        let member = self.member(name);
        self.problems_of_now.push(Problem::new(&member, code, detail));
    }

    /// Takes over the problems of an object inside this one.
    pub(super) fn absorb(&mut self, inner: Members<'_>) {
        self.problems.extend(inner.problems);
        self.problems_of_now.extend(inner.problems_of_now);
    }

    /// Whether the member is there and says something.
    pub(super) fn has(&self, name: &str) -> bool {
        match self.document.member(self.node, name) {
            None | Some(Node::Null) => false,
            Some(Node::Text(text)) => !text.trim().is_empty(),
            Some(Node::Object(_) | Node::List) => true,
        }
    }

    /// Notes a member that is there and blank: null is nothing, a blank may be a variable that was never filled.
    pub(super) fn not_blank(&mut self, name: &str) {
        if matches!(self.document.member(self.node, name), Some(Node::Text(text)) if text.trim().is_empty()) {
            self.problem(name, Code::Required, "is there and empty: fill it, or leave it out");
        }
    }

    /// Notes a member that is this one but for the case of its letters, which XML takes for another.
    pub(super) fn not_in_other_letters(&mut self, name: &str) {
        let other = |known: &&str| known.eq_ignore_ascii_case(name) && !self.document.same_name(known, name);
        if let Some(other) = self.node.names().find(other).map(str::to_owned) {
            self.problem(&other, Code::UnknownMember, format!("is written {name} in XML"));
        }
    }

    /// An object. Null, or an element without content, is one without members.
    pub(super) fn object(&mut self, name: &str) -> Option<Members<'a>> {
        let node = self.document.member(self.node, name)?;
        match node {
            Node::Null => return None,
            Node::Text(text) if text.trim().is_empty() => return None,
            Node::Object(_) => {}
            Node::Text(_) | Node::List => {
                self.problem(name, Code::InvalidType, "must be an object");
                return None;
            }
        }
        Some(Members {
            document: self.document,
            node,
            path: self.member(name),
            problems: Vec::new(),
            problems_of_now: Vec::new(),
        })
    }

    /// An object that has to be there.
    pub(super) fn required_object(&mut self, name: &str) -> Option<Members<'a>> {
        if !self.has(name) {
            self.problem(name, Code::Required, "is required");
            return None;
        }
        self.object(name)
    }

    /// A scalar as text, without the white space around it. Empty is nothing.
    pub(super) fn text(&mut self, name: &str, max_chars: usize) -> Option<&'a str> {
        let text = match self.document.member(self.node, name)? {
            Node::Null => return None,
            Node::Text(text) => text.trim(),
            Node::Object(_) | Node::List => {
                self.problem(name, Code::InvalidType, "must be a single value");
                return None;
            }
        };
        if text.is_empty() {
            return None;
        }
        if text.chars().count() > max_chars {
            self.problem(name, Code::InvalidValue, format!("is longer than {max_chars} characters"));
            return None;
        }
        // Nor what XML cannot write: it may have to be answered in XML.
        if text.chars().any(|c| c.is_control() || matches!(c, '\u{FFFE}' | '\u{FFFF}')) {
            self.problem(name, Code::InvalidValue, "must not hold control characters");
            return None;
        }
        Some(text)
    }

    /// A text that has to be there.
    pub(super) fn required(&mut self, name: &str, max_chars: usize) -> Option<&'a str> {
        let found = self.problems.len();
        let text = self.text(name, max_chars);
        if text.is_none() && self.problems.len() == found {
            self.problem(name, Code::Required, "is required");
        }
        text
    }

    /// A text that is kept: it must not bring a card number with it.
    pub(super) fn kept(&mut self, name: &str, max_chars: usize) -> Option<String> {
        let text = self.text(name, max_chars)?;
        if looks_like_card_number(text, Kept::Words) {
            self.problem(name, Code::InvalidValue, "looks like a card number");
            return None;
        }
        if hides_something(text) {
            self.problem(name, Code::InvalidValue, "holds characters that are not seen");
            return None;
        }
        Some(text.to_owned())
    }

    /// The value, or its error noted with the member's name. The errors quote nothing.
    pub(super) fn checked<T, E: std::fmt::Display>(
        &mut self,
        name: &str,
        parsed: Option<Result<T, E>>,
    ) -> Option<T> {
        match parsed? {
            Ok(value) => Some(value),
            Err(error) => {
                self.problem(name, Code::InvalidValue, error.to_string());
                None
            }
        }
    }

    /// Notes every member that is not one of these. For requests in which a misspelt name would change what happens
    /// to the money.
    pub(super) fn only(&mut self, known: &[&str]) {
        let is_known = |name: &&str| known.iter().any(|known| self.document.same_name(known, name));
        let unknown: Vec<&str> = self.node.names().filter(|name| !is_known(name)).collect();
        for (n, name) in unknown.iter().take(UNKNOWN_SHOWN_MAX).enumerate() {
            // The name comes from outside: never if it is a number, and shown short after that.
            let shown: String = mask_card_numbers(name).chars().take(40).collect();
            let detail = match n {
                0 => format!("is not known here; known are {}", known.join(", ")),
                _ => "is not known here".to_owned(),
            };
            self.problem(&shown, Code::UnknownMember, detail);
        }
        if unknown.len() > UNKNOWN_SHOWN_MAX {
            let more = unknown.len() - UNKNOWN_SHOWN_MAX;
            self.problems.push(Problem::new("", Code::UnknownMember, format!("and {more} more")));
        }
    }

    fn member(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }
}

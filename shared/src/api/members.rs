//! Reads the members of a request: every problem is found and named by its path, none is fatal to
//! finding the rest.

mod elsewhere;

use std::cell::RefCell;

use tollgate_core::values::{TextUse, check_kept, clean_text};

pub(crate) use elsewhere::{IDEMPOTENCY_KEY, IGNORE_SCHEME_ADVICE, METADATA, Stray, is_written_as, strays};

use super::{
    Code,
    body::{Document, NAME_SHOWN_MAX, Node},
    failure::Failure,
    problem::Problem,
};

/// How many unknown members a response names; a body of 64 KiB has room for thousands.
pub(crate) const UNKNOWN_SHOWN_MAX: usize = 10;

/// The members of one object, with its path and the problems found in it.
pub(crate) struct Members<'a> {
    document: &'a Document,
    node: &'a Node,
    path: String,
    problems: Vec<Problem>,
    /// Problems that may not have existed before: a date, an expired card, the merchant's grants.
    problems_of_now: Vec<Problem>,
    /// The members that were looked at. The rest is unknown here, even if the API knows it
    /// elsewhere.
    read: RefCell<Vec<&'a Node>>,
}

impl<'a> Members<'a> {
    /// The members of the whole body.
    pub(crate) fn of(document: &'a Document) -> Self {
        Self::at(document, &document.root, String::new())
    }

    fn at(document: &'a Document, node: &'a Node, path: String) -> Self {
        let (problems, problems_of_now) = (Vec::new(), Vec::new());
        Self { document, node, path, problems, problems_of_now, read: RefCell::default() }
    }

    /// The members of the object `name`, which may be missing. Null is no object: it may be a
    /// variable that was never filled.
    pub(crate) fn inside_if_any(mut self, name: &str) -> Result<Self, Failure> {
        static NOTHING: Node = Node::Object(Vec::new());
        if matches!(self.node(name), Some(Node::Null)) {
            self.wrong_type::<()>(name, "an object");
        }
        if self.lacks(name) {
            let path = self.member(name);
            return Ok(Self { node: &NOTHING, path, ..self });
        }
        self.inside(name)
    }

    /// The members of the object `name`, which has to be there.
    pub(crate) fn inside(self, name: &str) -> Result<Self, Failure> {
        let mut outer = self;
        let inner = outer.object(name);
        let path = outer.member(name);
        outer.finish()?;
        inner.ok_or_else(|| Problem::required(&path).into())
    }

    /// All problems so far, or success.
    pub(crate) fn finish(self) -> Result<(), Failure> {
        self.finish_form().and_then(|of_now| of_now)
    }

    /// All problems, if the request could never have been right; otherwise the problems that
    /// it has now, if any.
    pub(crate) fn finish_form(mut self) -> Result<Result<(), Failure>, Failure> {
        let form = self.problems.len();
        self.problems.append(&mut self.problems_of_now);
        let all = Failure::of_problems(self.problems);
        if form > 0 { Err(all.err().unwrap_or_else(Failure::unreadable)) } else { Ok(all) }
    }

    /// All problems so far, or success, and goes on.
    pub(crate) fn check(&mut self) -> Result<(), Failure> {
        Failure::of_problems(std::mem::take(&mut self.problems))
    }

    /// Notes a problem with a member, as a predicate: "is required".
    pub(crate) fn problem(&mut self, name: &str, code: Code, predicate: impl Into<String>) {
        let member = self.member(name);
        self.problems.push(Problem::of(&member, code, predicate));
    }

    /// Notes that a member has a value that is not possible, as a predicate: "must be true or
    /// false".
    pub(crate) fn invalid(&mut self, name: &str, predicate: impl Into<String>) {
        self.problem(name, Code::InvalidValue, predicate);
    }

    /// The same, and the member counts as not there.
    pub(crate) fn no_value<T>(&mut self, name: &str, predicate: impl Into<String>) -> Option<T> {
        self.invalid(name, predicate);
        None
    }

    /// Notes that a member is missing.
    pub(crate) fn missing<T>(&mut self, name: &str, predicate: &str) -> Option<T> {
        self.problem(name, Code::Required, predicate);
        None
    }

    /// Notes a problem with a member as a sentence of its own: "the card has expired".
    pub(crate) fn problem_about(&mut self, name: &str, code: Code, sentence: impl Into<String>) {
        let member = self.member(name);
        self.problems.push(Problem::about(&member, code, sentence));
    }

    /// Notes a problem that the same request may not have had when it was made first.
    pub(crate) fn problem_of_now(&mut self, name: &str, code: Code, predicate: impl Into<String>) {
        let member = self.member(name);
        self.problems_of_now.push(Problem::of(&member, code, predicate));
    }

    /// Takes over the problems of an object inside this one.
    pub(crate) fn absorb(&mut self, inner: Members<'_>) {
        self.problems.extend(inner.problems);
        self.problems_of_now.extend(inner.problems_of_now);
    }

    /// The names of its members, as they are written.
    pub(crate) fn names(&self) -> Vec<&'a str> {
        self.node.names().collect()
    }

    /// Whether there is no problem so far.
    pub(crate) fn has_no_problem(&self) -> bool {
        self.problems.is_empty()
    }

    /// The member as it is in the body.
    pub(crate) fn node(&self, name: &str) -> Option<&'a Node> {
        let found = self.document.member(self.node, name)?;
        self.read.borrow_mut().push(found);
        Some(found)
    }

    /// The members that nothing has looked at so far.
    fn unread(&self) -> impl Iterator<Item = (&'a str, &'a Node)> {
        let read = self.read.borrow().clone();
        self.node.members().filter(move |(_, value)| !read.iter().any(|known| std::ptr::eq(*known, *value)))
    }

    /// Whether the member is not there at all.
    pub(crate) fn lacks(&self, name: &str) -> bool {
        self.node(name).is_none()
    }

    /// Whether the member is null, or not there.
    pub(crate) fn is_null(&self, name: &str) -> bool {
        matches!(self.node(name), None | Some(Node::Null))
    }

    /// Whether the member is there and says something: neither null nor blank.
    pub(crate) fn has(&self, name: &str) -> bool {
        !self.is_null(name) && !self.is_blank(name)
    }

    fn is_blank(&self, name: &str) -> bool {
        matches!(self.node(name), Some(Node::Text(text)) if text.trim().is_empty())
    }

    /// Notes a member that is there and blank, which null is not: it may be a variable that was
    /// never filled.
    pub(crate) fn not_blank(&mut self, name: &str) {
        if self.is_blank(name) {
            self.problem(name, Code::Required, "is there and empty: fill it, or leave it out");
        }
    }

    /// Notes a member that is this one but for the case of its letters, which XML takes for
    /// another.
    pub(crate) fn not_in_other_letters(&mut self, name: &str) {
        let other = |known: &&str| known.eq_ignore_ascii_case(name) && !self.document.same_name(known, name);
        if let Some(other) = self.node.names().find(other).map(str::to_owned) {
            self.problem(&other, Code::UnknownMember, format!("is written {name} in XML"));
        }
    }

    /// An object. Null is none.
    pub(crate) fn object(&mut self, name: &str) -> Option<Members<'a>> {
        let node = match self.node(name)? {
            Node::Null => return None,
            node @ Node::Object(_) => node,
            Node::Text(_) | Node::Number(_) | Node::Bool(_) | Node::List(_) => {
                return self.wrong_type(name, "an object");
            }
        };
        Some(Members::at(self.document, node, self.member(name)))
    }

    /// An object, where an element without content is none: XML cannot tell it from an empty text.
    pub(crate) fn object_unless_blank(&mut self, name: &str) -> Option<Members<'a>> {
        if self.is_blank(name) { None } else { self.object(name) }
    }

    /// An object that has to be there.
    pub(crate) fn required_object(&mut self, name: &str) -> Option<Members<'a>> {
        if self.has(name) { self.object(name) } else { self.missing(name, "is required") }
    }

    /// An optional text: a string, as it is.
    pub(crate) fn text(&mut self, name: &str, max_chars: usize) -> Option<&'a str> {
        match self.node(name)? {
            Node::Null => None,
            Node::Text(text) => self.checked_text(name, text, max_chars),
            Node::Number(_) | Node::Bool(_) | Node::Object(_) | Node::List(_) => {
                self.wrong_type(name, "a string")
            }
        }
    }

    /// An optional text that is one of these words, as the word's meaning.
    pub(crate) fn word<T: Copy>(
        &mut self,
        name: &str,
        max_chars: usize,
        words: &[(&str, T)],
        wrong: &str,
    ) -> Option<T> {
        let text = self.text(name, max_chars)?;
        let known = words.iter().find(|(word, _)| *word == text).map(|(_, meaning)| *meaning);
        known.or_else(|| self.no_value(name, wrong))
    }

    /// An optional text that is parsed. Blank is nothing.
    pub(crate) fn parsed_text<T>(&mut self, name: &str, max_chars: usize) -> Option<T>
    where
        T: std::str::FromStr<Err: std::fmt::Display>,
    {
        let text = self.text(name, max_chars)?;
        if text.trim().is_empty() {
            return None;
        }
        self.checked(name, Some(text.parse()))
    }

    /// A text that is parsed and has to be there.
    pub(crate) fn required_parsed_text<T>(&mut self, name: &str, max_chars: usize) -> Option<T>
    where
        T: std::str::FromStr<Err: std::fmt::Display>,
    {
        if self.has(name) { self.parsed_text(name, max_chars) } else { self.missing(name, "is required") }
    }

    /// A text that has to be there and not be blank.
    pub(crate) fn required_text(&mut self, name: &str, max_chars: usize) -> Option<&'a str> {
        if self.is_null(name) {
            return self.missing(name, "is required");
        }
        let text = self.text(name, max_chars)?;
        if text.trim().is_empty() { self.missing(name, "must not be empty") } else { Some(text) }
    }

    /// A scalar of any type as text, without the white space around it. Blank is nothing.
    pub(crate) fn scalar(&mut self, name: &str, max_chars: usize) -> Option<&'a str> {
        let text = match self.node(name)? {
            Node::Null => return None,
            Node::Text(text) | Node::Number(text) => text.trim(),
            Node::Bool(true) => "true",
            Node::Bool(false) => "false",
            Node::Object(_) | Node::List(_) => return self.wrong_type(name, "a single value"),
        };
        if text.is_empty() { None } else { self.checked_text(name, text, max_chars) }
    }

    /// A scalar that has to be there.
    pub(crate) fn required_scalar(&mut self, name: &str, max_chars: usize) -> Option<&'a str> {
        let found = self.problems.len();
        let text = self.scalar(name, max_chars);
        if text.is_none() && self.problems.len() == found {
            return self.missing(name, "is required");
        }
        text
    }

    /// A scalar, required or not.
    pub(crate) fn scalar_if(&mut self, required: bool, name: &str, max_chars: usize) -> Option<&'a str> {
        if required { self.required_scalar(name, max_chars) } else { self.scalar(name, max_chars) }
    }

    fn checked_text(&mut self, name: &str, text: &'a str, max_chars: usize) -> Option<&'a str> {
        if text.chars().count() > max_chars {
            return self.no_value(name, format!("is longer than {max_chars} characters"));
        }
        // Nor characters that XML cannot hold: the response may have to be XML.
        if text.chars().any(|c| c.is_control() || matches!(c, '\u{FFFE}' | '\u{FFFF}')) {
            return self.no_value(name, "must not hold control characters");
        }
        Some(text)
    }

    /// A text that is kept: it must not bring a card number with it.
    pub(crate) fn kept(&mut self, name: &str, max_chars: usize) -> Option<String> {
        let text = self.scalar(name, max_chars)?;
        self.checked(name, Some(check_kept(text, TextUse::Words)))?;
        Some(text.to_owned())
    }

    /// The value, or its error noted with the member's name. The errors quote nothing.
    pub(crate) fn checked<T, E: std::fmt::Display>(
        &mut self,
        name: &str,
        parsed: Option<Result<T, E>>,
    ) -> Option<T> {
        parsed?.map_err(|error| self.invalid(name, error.to_string())).ok()
    }

    /// Notes every member that is not one of these. For requests in which a misspelled name would
    /// move other money.
    pub(crate) fn only(&mut self, known: &[&str]) {
        self.only_besides(known, &[]);
    }

    /// The same for a request that refuses some of the known members with an error of their own:
    /// the list of known members does not name them.
    pub(crate) fn only_besides(&mut self, known: &[&str], refused: &[&str]) {
        let is_known = |name: &&str| known.iter().any(|known| self.document.same_name(known, name));
        let unknown: Vec<&str> =
            self.node.names().filter(|name| !is_known(name) && !is_of_a_serializer(name)).collect();
        let accepted: Vec<&str> = known.iter().copied().filter(|name| !refused.contains(name)).collect();
        for (n, name) in unknown.iter().take(UNKNOWN_SHOWN_MAX).enumerate() {
            // The name comes from outside: never if it is a number, and shown short after that.
            let shown = clean_text(name, NAME_SHOWN_MAX);
            let is_key = accepted.contains(&"options") && is_written_as(name, IDEMPOTENCY_KEY);
            let near = accepted.iter().find(|known| is_written_as(name, known));
            let detail = match near {
                _ if is_key => format!("is not known here; did you mean options.{IDEMPOTENCY_KEY}?"),
                Some(near) => format!("is not known here; did you mean {}?", self.member(near)),
                None if n == 0 => format!("is not known here; known are {}", accepted.join(", ")),
                None => "is not known here".to_owned(),
            };
            self.problem(&shown, Code::UnknownMember, detail);
        }
        if unknown.len() > UNKNOWN_SHOWN_MAX {
            let more = unknown.len() - UNKNOWN_SHOWN_MAX;
            self.problems.push(Problem::about("", Code::UnknownMember, format!("and {more} more")));
        }
    }

    /// Notes that a member is of another type.
    pub(crate) fn wrong_type<T>(&mut self, name: &str, wanted: &str) -> Option<T> {
        let member = self.member(name);
        self.problems.push(Problem::wrong_type(&member, wanted));
        None
    }

    fn member(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }
}

/// Whether a serializer wrote it for itself: `$type` and `$id` of Json.NET, `__type` of Microsoft's
/// others.
fn is_of_a_serializer(name: &str) -> bool {
    name.starts_with('$') || name.starts_with("__")
}

#[cfg(test)]
mod tests;

//! Problems of requests.

use super::Code;

/// A part of a request that every API has, under a name of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum About {
    Amount,
    Currency,
    /// The postal code of the card's billing address.
    Postcode,
    Key,
    /// The version of the order that its sender saw.
    Version,
    /// The transaction that the request names.
    Transaction,
    /// The moment of the scheduled capture.
    CaptureAt,
    /// The rule of the scheduled capture.
    CaptureRule,
    /// The amount of the scheduled capture.
    CaptureAmount,
}

/// The subject of a problem.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Subject {
    /// The request as a whole.
    Request,
    /// A member, by its path in the body: `data.amount`, `Request.Amount`.
    Member(String),
    /// A part that each API has a member of its own for.
    Part(About),
}

/// The words of a problem.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Words {
    /// A sentence of its own: "the card has expired".
    Sentence(String),
    /// A predicate of the subject: "is required".
    Predicate(String),
}

/// One problem of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    subject: Subject,
    /// For a program to act on.
    pub(crate) code: Code,
    words: Words,
}

impl Problem {
    /// A problem of a member, as a predicate: "must be more than 0".
    pub(crate) fn of(member: &str, code: Code, predicate: impl Into<String>) -> Self {
        Self { subject: Subject::of(member), code, words: Words::Predicate(predicate.into()) }
    }

    /// A member has a value that is not possible.
    pub(crate) fn invalid(member: &str, predicate: impl Into<String>) -> Self {
        Self::of(member, Code::InvalidValue, predicate)
    }

    /// A problem of a member, as a sentence of its own: "the card has expired".
    pub(crate) fn about(member: &str, code: Code, sentence: impl Into<String>) -> Self {
        Self { subject: Subject::of(member), code, words: Words::Sentence(sentence.into()) }
    }

    /// The same about a part that each API has a member of its own for.
    pub(crate) fn of_part(mut self, about: About) -> Self {
        self.subject = Subject::Part(about);
        self
    }

    /// A member is missing.
    pub(crate) fn required(member: &str) -> Self {
        Self::of(member, Code::Required, "is required")
    }

    /// A member is of another type.
    pub(crate) fn wrong_type(member: &str, wanted: &str) -> Self {
        Self::of(member, Code::InvalidType, format!("must be {wanted}"))
    }

    /// The problem's member; `None` if it is about the whole request. `name` returns an API's names
    /// of the parts that all APIs have, empty if it has no such member.
    pub(crate) fn member(&self, name: fn(About) -> &'static str) -> Option<&str> {
        match &self.subject {
            Subject::Request => None,
            Subject::Member(path) => Some(path),
            Subject::Part(about) => Some(name(*about)).filter(|name| !name.is_empty()),
        }
    }

    /// A sentence, without the member's name in front where it is one already.
    pub(crate) fn sentence(&self, name: fn(About) -> &'static str) -> String {
        match &self.words {
            Words::Sentence(sentence) => sentence.clone(),
            Words::Predicate(predicate) => {
                format!("{} {predicate}", self.member(name).unwrap_or("the body"))
            }
        }
    }

    /// The words as they are, to be put after the member's name and a colon.
    pub(crate) fn words(&self) -> &str {
        match &self.words {
            Words::Sentence(words) | Words::Predicate(words) => words,
        }
    }
}

impl Subject {
    fn of(member: &str) -> Self {
        if member.is_empty() { Self::Request } else { Self::Member(member.to_owned()) }
    }
}

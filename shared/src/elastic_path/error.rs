//! Errors as Elastic Path shows them (`payment-apis.md` §8): the one place where they become status codes.

use lambda_http::http::StatusCode;
use serde_json::{Map, Value, json};

pub(super) use crate::failure::Code;
use crate::failure::{About, Failure};
use crate::{access_token::InvalidToken, order::Rejection, payments::Refusal};

/// One thing that is wrong.
#[derive(Debug)]
pub(super) struct Problem {
    code: Code,
    detail: String,
    source: Option<String>,
    meta: Map<String, Value>,
}

impl Problem {
    /// A problem with one member, named by its path (`data.amount`).
    pub(super) fn new(source: &str, code: Code, detail: String) -> Self {
        let source = Some(source.to_owned()).filter(|source| !source.is_empty());
        Self { code, detail, source, meta: Map::new() }
    }

    /// A member is missing.
    pub(super) fn required(source: &str) -> Self {
        Self::new(source, Code::Required, format!("{source} is required"))
    }

    /// A member is of another type.
    pub(super) fn wrong_type(source: &str, wanted: &str) -> Self {
        let what = if source.is_empty() { "the body" } else { source };
        Self::new(source, Code::InvalidType, format!("{what} must be {wanted}"))
    }
}

/// One or more problems with the same request, and what the operator should know.
#[derive(Debug)]
pub(super) struct ApiError {
    problems: Vec<Problem>,
    pub(super) retry_after_s: Option<u32>,
    /// Whether it is the answer to an earlier request, given again.
    pub(super) replayed: bool,
    /// Goes to the log, never to the caller.
    pub(super) for_operator: Option<String>,
}

impl ApiError {
    /// An error that is about no member.
    pub(super) fn new(code: Code, detail: impl Into<String>) -> Self {
        Problem::new("", code, detail.into()).into()
    }

    /// Nothing, or an error of all these.
    pub(super) fn of_problems(problems: Vec<Problem>) -> Result<(), Self> {
        if problems.is_empty() {
            return Ok(());
        }
        Err(Self { problems, retry_after_s: None, replayed: false, for_operator: None })
    }

    /// Adds a member to the error's `meta`.
    pub(super) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        if let Some(problem) = self.problems.first_mut() {
            problem.meta.insert(name.to_owned(), value.into());
        }
        self
    }

    /// Says when to come back: in the header, and in `meta`, because the published SDK hides headers.
    pub(super) fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after_s = Some(seconds);
        self.with("retryable", true).with("retry_after_s", seconds)
    }

    /// Says whether it was answered before.
    pub(super) fn replayed(mut self, replayed: bool) -> Self {
        self.replayed = replayed;
        self
    }

    /// The first problem's code.
    pub(super) fn code(&self) -> Code {
        self.problems.first().map_or(Code::InvalidValue, |problem| problem.code)
    }

    /// The status of the whole answer: the most serious of its problems.
    pub(super) fn status(&self) -> StatusCode {
        let status = self.problems.iter().map(|problem| problem.code.status()).max();
        status.and_then(|status| StatusCode::from_u16(status).ok()).unwrap_or(StatusCode::BAD_REQUEST)
    }

    /// The `errors` envelope.
    pub(super) fn body(&self, request_id: &str) -> Value {
        let entries = self.problems.iter().map(|problem| {
            let code = problem.code;
            let mut meta = problem.meta.clone();
            meta.insert("code".to_owned(), code.as_str().into());
            meta.insert("request_id".to_owned(), request_id.into());
            let mut entry = json!({"status": code.status(), "title": code.title(), "detail": problem.detail, "meta": meta});
            if let Some(source) = &problem.source {
                entry["source"] = source.as_str().into();
            }
            entry
        });
        json!({"errors": entries.collect::<Vec<_>>()})
    }
}

impl From<Problem> for ApiError {
    fn from(problem: Problem) -> Self {
        Self { problems: vec![problem], retry_after_s: None, replayed: false, for_operator: None }
    }
}

impl From<InvalidToken> for ApiError {
    fn from(_: InvalidToken) -> Self {
        Self::new(Code::InvalidAccessToken, "the access token is missing, wrong or expired")
    }
}

/// Elastic Path's names for the parts of a request.
fn member(about: About) -> &'static str {
    match about {
        About::Amount => "data.amount",
        About::Currency => "data.currency",
        About::Key => "Idempotency-Key",
        About::Transaction => "data.transaction",
        About::CaptureAt => "data.capture_at",
    }
}

impl From<Failure> for ApiError {
    fn from(failure: Failure) -> Self {
        let source = failure.about.map_or("", member);
        let mut error = Self::from(Problem::new(source, failure.code, failure.detail));
        if let Some(transaction) = failure.transaction {
            error = error.with("transaction_id", transaction.to_string());
        }
        for (name, value) in failure.facts {
            error = error.with(name, value);
        }
        if let Some(seconds) = failure.retry_after_s {
            error = error.retry_after(seconds);
        }
        error.for_operator = failure.for_operator;
        error
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        Failure::from(refusal).into()
    }
}

impl From<Rejection> for ApiError {
    fn from(rejection: Rejection) -> Self {
        Failure::from(rejection).into()
    }
}

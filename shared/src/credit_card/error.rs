//! What went wrong, before it becomes an answer: the member, the code, the words.

use uuid::Uuid;

use crate::{
    failure::{About, Code, Failure},
    order::Rejection,
    payments::Refusal,
};

/// One thing that is wrong.
#[derive(Debug)]
pub(super) struct Problem {
    member: String,
    code: Code,
    detail: String,
}

impl Problem {
    /// A problem with one member, named by its path (`Request.Amount`), or with none.
    pub(super) fn new(member: &str, code: Code, detail: impl Into<String>) -> Self {
        Self { member: member.to_owned(), code, detail: detail.into() }
    }
}

/// One or more problems with the same request, and what the operator should know.
#[derive(Debug)]
pub(super) struct ApiError {
    problems: Vec<Problem>,
    /// HTTP's.
    pub(super) status: u16,
    /// The payment that it is about.
    pub(super) transaction: Option<Uuid>,
    pub(super) retry_after_s: Option<u32>,
    /// Goes to the log, never to the caller.
    pub(super) for_operator: Option<String>,
}

impl ApiError {
    /// An error that is about no member.
    pub(super) fn new(code: Code, detail: impl Into<String>) -> Self {
        Problem::new("", code, detail).into()
    }

    /// A failure that HTTP tells, too, because nothing was decided about a payment.
    pub(super) fn http(failure: Failure) -> Self {
        let status = failure.code.status();
        Self { status, ..Self::from(failure) }
    }

    /// A request that cannot be read, although nothing that is wrong was named.
    pub(super) fn unreadable() -> Self {
        Self::new(Code::InvalidValue, "the request cannot be read")
    }

    /// Nothing, or an error of all these.
    pub(super) fn of_problems(problems: Vec<Problem>) -> Result<(), Self> {
        match problems.iter().map(|problem| problem.code.status()).max() {
            None => Ok(()),
            Some(status) => {
                Err(Self { problems, status, transaction: None, retry_after_s: None, for_operator: None })
            }
        }
    }

    /// The first problem's code.
    pub(super) fn code(&self) -> Code {
        self.problems.first().map_or(Code::InvalidValue, |problem| problem.code)
    }

    /// All of it in words.
    pub(super) fn description(&self) -> String {
        let each = self.problems.iter().map(|problem| match problem.member.as_str() {
            "" => problem.detail.clone(),
            member => format!("{member}: {}", problem.detail),
        });
        each.collect::<Vec<_>>().join("; ")
    }
}

impl From<Problem> for ApiError {
    fn from(problem: Problem) -> Self {
        let status = problem.code.status();
        Self { problems: vec![problem], status, transaction: None, retry_after_s: None, for_operator: None }
    }
}

/// What the rules or the gateway decided is an answer, and its status is 200; only when nothing could be decided is it
/// an error of HTTP's.
impl From<Failure> for ApiError {
    fn from(failure: Failure) -> Self {
        let member = match failure.about {
            // The API has no member for it.
            None | Some(About::CaptureAt) => "",
            Some(About::Amount) => "Request.Amount",
            Some(About::Currency) => "Request.CurrencyCode",
            Some(About::Key) => "Request.TransactionReference",
            Some(About::Transaction) => "Request.TransactionID",
        };
        let code = match failure.code {
            // A payment of this API is its own order.
            Code::OrderNotFound => Code::TransactionNotFound,
            code => code,
        };
        let status = if code == Code::ServiceUnavailable { code.status() } else { 200 };
        // In this API's own words: there are no orders in it.
        let detail = match code {
            Code::TransactionNotFound => "there is no such transaction".to_owned(),
            Code::IdempotencyKeyReused => "was used for a different request".to_owned(),
            Code::CurrencyDiffers => "the payment is in another currency".to_owned(),
            Code::AlreadySettled => {
                "the payment was sent to settlement and cannot be voided any more; refund it".to_owned()
            }
            _ => failure.detail,
        };
        Self {
            problems: vec![Problem::new(member, code, detail)],
            status,
            transaction: failure.transaction,
            retry_after_s: failure.retry_after_s,
            for_operator: failure.for_operator,
        }
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

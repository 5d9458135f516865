//! Errors as Elastic Path shows them (`payment-apis.md` §8): the one place where they become status codes.

use lambda_http::http::StatusCode;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::{
    access_token::InvalidToken, merchants::MerchantsError, money::Amount, order::Rejection,
    payments::Refusal, store::StoreError,
};

/// When to come back while something of the same payment is in progress: most gateway calls take under a second,
/// and the slowest end within the function's 29 s.
const IN_PROGRESS_RETRY_S: u32 = 2;

/// When to come back while something that payments need is down.
const UNAVAILABLE_RETRY_S: u32 = 5;

/// Stable error codes, `meta.code` of an error. Codes may be added; none changes its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Code {
    InvalidJson,
    Required,
    InvalidType,
    InvalidValue,
    UnknownMember,
    InvalidGrant,
    UnsupportedGrantType,
    InvalidAccessToken,
    Forbidden,
    NotFound,
    OrderNotFound,
    TransactionNotFound,
    BodyTooLarge,
    UnsupportedGateway,
    UnsupportedMethod,
    UnsupportedCaptureMechanism,
    AmountRequired,
    ExceedsOwing,
    AlreadyPaid,
    PaymentInProgress,
    OperationInProgress,
    TransactionFailed,
    AlreadyCancelled,
    NotAnAuthorization,
    AlreadyCaptured,
    ExceedsAuthorized,
    NotCaptured,
    AlreadyRefunded,
    ExceedsRefundable,
    RefundAmountRequired,
    PartlyRefunded,
    NoEligibleTransaction,
    SeveralEligibleTransactions,
    IdempotencyKeyReused,
    IdempotencyKeyInProgress,
    PossibleDuplicate,
    TooManyTransactions,
    TooManyOperations,
    TooManyAttempts,
    CurrencyDiffers,
    CurrencyNotSupported,
    CurrencyFixed,
    TotalBelowCommitted,
    Contended,
    Declined,
    NotSettled,
    AlreadySettled,
    VoidedElsewhere,
    GatewayUnavailable,
    GatewayMisconfigured,
    ServiceUnavailable,
}

impl Code {
    /// The code as text.
    pub(super) fn as_str(self) -> &'static str {
        self.row().0
    }

    /// Code, status and title; the title is Elastic Path's where it has one.
    fn row(self) -> (&'static str, u16, &'static str) {
        match self {
            Self::InvalidJson => ("invalid_json", 400, "Invalid JSON"),
            Self::Required => ("required", 400, "required"),
            Self::InvalidType => ("invalid_type", 400, "invalid_type"),
            Self::InvalidValue => ("invalid_value", 400, "invalid_value"),
            Self::UnknownMember => ("unknown_member", 400, "unknown_member"),
            Self::UnsupportedGrantType => ("unsupported_grant_type", 400, "Unsupported grant type"),
            Self::InvalidGrant => ("invalid_client", 401, "Unable to validate client"),
            Self::InvalidAccessToken => ("invalid_access_token", 401, "Unable to validate access token"),
            Self::Forbidden => ("forbidden", 403, "Forbidden"),
            Self::NotFound => ("not_found", 404, "Not Found"),
            Self::OrderNotFound => ("order_not_found", 404, "Order not found"),
            Self::TransactionNotFound => ("transaction_not_found", 404, "Transaction not found"),
            Self::PaymentInProgress => ("payment_in_progress", 409, "Conflict"),
            Self::OperationInProgress => ("operation_in_progress", 409, "Conflict"),
            Self::IdempotencyKeyInProgress => ("idempotency_key_in_progress", 409, "Conflict"),
            Self::PossibleDuplicate => ("possible_duplicate", 409, "Conflict"),
            Self::Contended => ("contended", 409, "Conflict"),
            Self::BodyTooLarge => ("body_too_large", 413, "Payload Too Large"),
            Self::UnsupportedGateway => ("unsupported_gateway", 422, "Unprocessable Entity"),
            Self::UnsupportedMethod => ("unsupported_method", 422, "Unprocessable Entity"),
            Self::UnsupportedCaptureMechanism => {
                ("unsupported_capture_mechanism", 422, "Unprocessable Entity")
            }
            Self::AmountRequired => ("amount_required", 422, "Unprocessable Entity"),
            Self::ExceedsOwing => ("exceeds_owing", 422, "Unprocessable Entity"),
            Self::AlreadyPaid => ("already_paid", 422, "Unprocessable Entity"),
            Self::TransactionFailed => ("transaction_failed", 422, "Unprocessable Entity"),
            Self::AlreadyCancelled => ("already_cancelled", 422, "Unprocessable Entity"),
            Self::NotAnAuthorization => ("not_an_authorization", 422, "Unprocessable Entity"),
            Self::AlreadyCaptured => ("already_captured", 422, "Unprocessable Entity"),
            Self::ExceedsAuthorized => ("exceeds_authorized", 422, "Unprocessable Entity"),
            Self::NotCaptured => ("not_captured", 422, "Unprocessable Entity"),
            Self::AlreadyRefunded => ("already_refunded", 422, "Unprocessable Entity"),
            Self::ExceedsRefundable => ("exceeds_refundable", 422, "Unprocessable Entity"),
            Self::RefundAmountRequired => ("refund_amount_required", 422, "Unprocessable Entity"),
            Self::PartlyRefunded => ("partly_refunded", 422, "Unprocessable Entity"),
            Self::NoEligibleTransaction => ("no_eligible_transaction", 422, "Unprocessable Entity"),
            Self::SeveralEligibleTransactions => {
                ("several_eligible_transactions", 422, "Unprocessable Entity")
            }
            Self::IdempotencyKeyReused => ("idempotency_key_reused", 422, "Unprocessable Entity"),
            Self::TooManyTransactions => ("too_many_transactions", 422, "Unprocessable Entity"),
            Self::TooManyOperations => ("too_many_operations", 422, "Unprocessable Entity"),
            Self::TooManyAttempts => ("too_many_attempts", 422, "Unprocessable Entity"),
            Self::CurrencyDiffers => ("currency_differs", 422, "Unprocessable Entity"),
            Self::CurrencyNotSupported => ("currency_not_supported", 422, "Unprocessable Entity"),
            Self::CurrencyFixed => ("currency_fixed", 422, "Unprocessable Entity"),
            Self::TotalBelowCommitted => ("total_below_committed", 422, "Unprocessable Entity"),
            Self::NotSettled => ("not_settled", 422, "Unprocessable Entity"),
            Self::AlreadySettled => ("already_settled", 422, "Unprocessable Entity"),
            Self::VoidedElsewhere => ("voided_elsewhere", 422, "Unprocessable Entity"),
            Self::Declined => ("declined", 400, "Payment gateway processing failed"),
            Self::GatewayMisconfigured => ("gateway_misconfigured", 502, "Bad Gateway"),
            Self::GatewayUnavailable => ("gateway_unavailable", 503, "Service Unavailable"),
            Self::ServiceUnavailable => ("service_unavailable", 503, "Service Unavailable"),
        }
    }
}

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

    /// Adds what only the operator should read.
    pub(super) fn operator(mut self, why: impl Into<String>) -> Self {
        self.for_operator = Some(why.into());
        self
    }

    /// The first problem's code.
    pub(super) fn code(&self) -> Code {
        self.problems.first().map_or(Code::InvalidValue, |problem| problem.code)
    }

    /// The status of the whole answer: the most serious of its problems.
    pub(super) fn status(&self) -> StatusCode {
        let status = self.problems.iter().map(|problem| problem.code.row().1).max();
        status.and_then(|status| StatusCode::from_u16(status).ok()).unwrap_or(StatusCode::BAD_REQUEST)
    }

    /// The `errors` envelope.
    pub(super) fn body(&self, request_id: &str) -> Value {
        let entries = self.problems.iter().map(|problem| {
            let (code, status, title) = problem.code.row();
            let mut meta = problem.meta.clone();
            meta.insert("code".to_owned(), code.into());
            meta.insert("request_id".to_owned(), request_id.into());
            let mut entry = json!({"status": status, "title": title, "detail": problem.detail, "meta": meta});
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

impl ApiError {
    /// Merchants cannot be read. An unknown merchant is the caller's business and handled there.
    pub(super) fn of_merchants(error: &MerchantsError) -> Self {
        Self::new(Code::ServiceUnavailable, "the service is not available")
            .retry_after(UNAVAILABLE_RETRY_S)
            .operator(error.to_string())
    }

    /// The gateway did not take the request, and nothing was done.
    pub(super) fn gateway_unavailable(detail: &str) -> Self {
        Self::new(Code::GatewayUnavailable, detail).retry_after(UNAVAILABLE_RETRY_S)
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Rejected(rejection) => rejection.into(),
            Refusal::Contended => {
                Self::new(Code::Contended, refusal.to_string()).retry_after(IN_PROGRESS_RETRY_S)
            }
            Refusal::Store(
                error @ (StoreError::Conflict(_) | StoreError::Unavailable(_) | StoreError::Corrupt(_)),
            ) => Self::new(
                Code::ServiceUnavailable,
                "the service is not available; nothing was sent to the gateway",
            )
            .retry_after(UNAVAILABLE_RETRY_S)
            .operator(error.to_string()),
        }
    }
}

impl From<Rejection> for ApiError {
    fn from(rejection: Rejection) -> Self {
        let detail = rejection.to_string();
        let error = |code| Self::new(code, detail.clone());
        let about = |code, source: &str| Self::from(Problem::new(source, code, detail.clone()));
        let amount = |error: Self, name, amount: Amount| error.with(name, amount.minor());
        let of = |error: Self, transaction: Uuid| error.with("transaction_id", transaction.to_string());
        match rejection {
            Rejection::OrderNotFound => error(Code::OrderNotFound),
            Rejection::TransactionNotFound => error(Code::TransactionNotFound),
            Rejection::AmountRequired => about(Code::AmountRequired, "data.amount"),
            Rejection::AmountZero => about(Code::InvalidValue, "data.amount"),
            Rejection::ExceedsOwing { owing } => {
                amount(about(Code::ExceedsOwing, "data.amount"), "owing", owing)
            }
            Rejection::AlreadyPaid { transaction } => of(error(Code::AlreadyPaid), transaction),
            Rejection::PaymentInProgress { transaction } => {
                of(error(Code::PaymentInProgress), transaction).retry_after(IN_PROGRESS_RETRY_S)
            }
            Rejection::OperationInProgress { transaction } => {
                of(error(Code::OperationInProgress), transaction).retry_after(IN_PROGRESS_RETRY_S)
            }
            Rejection::TransactionFailed => error(Code::TransactionFailed),
            Rejection::AlreadyCancelled => error(Code::AlreadyCancelled),
            Rejection::NotAnAuthorization => error(Code::NotAnAuthorization),
            Rejection::AlreadyCaptured => error(Code::AlreadyCaptured),
            Rejection::ExceedsAuthorized { authorized } => {
                amount(about(Code::ExceedsAuthorized, "data.amount"), "authorized", authorized)
            }
            Rejection::NotCaptured => error(Code::NotCaptured),
            Rejection::AlreadyRefunded => error(Code::AlreadyRefunded),
            Rejection::ExceedsRefundable { refundable } => {
                amount(about(Code::ExceedsRefundable, "data.amount"), "refundable", refundable)
            }
            Rejection::RefundAmountRequired => about(Code::RefundAmountRequired, "data.amount"),
            Rejection::PartlyRefunded => error(Code::PartlyRefunded),
            Rejection::NoEligibleTransaction => error(Code::NoEligibleTransaction),
            Rejection::SeveralEligibleTransactions { transactions } => {
                let ids: Vec<String> = transactions.iter().map(Uuid::to_string).collect();
                about(Code::SeveralEligibleTransactions, "data.transaction").with("transaction_ids", ids)
            }
            Rejection::KeyReused { transaction } => {
                of(about(Code::IdempotencyKeyReused, "Idempotency-Key"), transaction)
            }
            Rejection::KeyInProgress { transaction } => {
                of(error(Code::IdempotencyKeyInProgress), transaction).retry_after(IN_PROGRESS_RETRY_S)
            }
            Rejection::PossibleDuplicate { transaction } => {
                let advice = "repeat it with an Idempotency-Key if it is meant";
                of(Self::new(Code::PossibleDuplicate, format!("{detail}; {advice}")), transaction)
            }
            Rejection::TooManyTransactions => error(Code::TooManyTransactions),
            Rejection::TooManyOperations => error(Code::TooManyOperations),
            Rejection::TooManyAttempts => error(Code::TooManyAttempts),
            Rejection::CurrencyDiffers { currency } => {
                about(Code::CurrencyDiffers, "data.currency").with("currency", currency.code())
            }
            Rejection::CurrencyNotSupported { currency } => {
                error(Code::CurrencyNotSupported).with("currency", currency.code())
            }
            Rejection::CurrencyFixed { currency } => {
                about(Code::CurrencyFixed, "data.currency").with("currency", currency.code())
            }
            Rejection::TotalBelowCommitted { committed } => {
                amount(about(Code::TotalBelowCommitted, "data.amount"), "committed", committed)
            }
        }
    }
}

//! Why a request was not carried out, in words that every face shares: the list of codes, and what a refusal of the
//! rules, a gateway or a store that does not work comes to. Each face turns it into its own answer.

use jiff::SignedDuration;
use serde_json::Value;
use uuid::Uuid;

use crate::{
    merchants::MerchantsError, money::Amount, order::Rejection, outcome::NoEffect, payments::Refusal,
    store::StoreError,
};

/// When to come back while something of the same payment is in progress: most gateway calls take under a second,
/// and the slowest end within the function's 29 s.
const IN_PROGRESS_RETRY_S: u32 = 2;

/// When to come back while something that payments need is down.
const UNAVAILABLE_RETRY_S: u32 = 5;

/// Stable codes of what went wrong. Codes may be added; none changes its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    Declined,
    InvalidJson,
    InvalidXml,
    UnsupportedMediaType,
    BodyTooLarge,
    Required,
    InvalidType,
    InvalidValue,
    UnknownMember,
    WrongRoute,
    InvalidGrant,
    InvalidAccessToken,
    Forbidden,
    UnsupportedGrantType,
    NotFound,
    OrderNotFound,
    TransactionNotFound,
    UnsupportedGateway,
    UnsupportedMethod,
    UnsupportedCaptureMechanism,
    UnknownAuthorizer,
    UnknownDiscount,
    AmountRequired,
    ExceedsOwing,
    ExceedsAuthorized,
    ExceedsRefundable,
    RefundAmountRequired,
    CurrencyDiffers,
    CurrencyNotSupported,
    CurrencyFixed,
    TotalBelowCommitted,
    DiscountExceedsAmount,
    CaptureAfterExpiry,
    TransactionFailed,
    AlreadyCancelled,
    NotAnAuthorization,
    AlreadyCaptured,
    NotCaptured,
    AlreadyRefunded,
    PartlyRefunded,
    NotSettled,
    AlreadySettled,
    VoidedElsewhere,
    AlreadyPaid,
    PaymentInProgress,
    OperationInProgress,
    IdempotencyKeyReused,
    IdempotencyKeyInProgress,
    PossibleDuplicate,
    NoEligibleTransaction,
    SeveralEligibleTransactions,
    Contended,
    NotPayable,
    TooManyTransactions,
    TooManyOperations,
    TooManyAttempts,
    TooManyWrongKeys,
    TooManyDeclines,
    GatewayUnavailable,
    GatewayMisconfigured,
    ServiceUnavailable,
    NewerVersion,
}

impl Code {
    /// The code as text: `meta.code` of an Elastic Path error.
    pub(crate) fn as_str(self) -> &'static str {
        self.row().0
    }

    /// The HTTP status, where the face tells it by status.
    pub(crate) fn status(self) -> u16 {
        self.row().1
    }

    /// The title of an Elastic Path error: Elastic Path's where it has one.
    pub(crate) fn title(self) -> &'static str {
        self.row().2
    }

    /// `Message.Code` of the credit-card API, 1 to 99.
    pub(crate) fn number(self) -> u8 {
        self.row().3
    }

    /// Code, status, title and number: the table of `docs/errors.md`, which a test compares with this one.
    fn row(self) -> (&'static str, u16, &'static str, u8) {
        match self {
            Self::Declined => ("declined", 400, "Payment gateway processing failed", 2),
            Self::InvalidJson => ("invalid_json", 400, "Invalid JSON", 10),
            Self::InvalidXml => ("invalid_xml", 400, "Invalid XML", 11),
            Self::UnsupportedMediaType => ("unsupported_media_type", 415, "Unsupported Media Type", 12),
            Self::BodyTooLarge => ("body_too_large", 413, "Payload Too Large", 13),
            Self::Required => ("required", 400, "required", 14),
            Self::InvalidType => ("invalid_type", 400, "invalid_type", 15),
            Self::InvalidValue => ("invalid_value", 400, "invalid_value", 16),
            Self::UnknownMember => ("unknown_member", 400, "unknown_member", 17),
            Self::WrongRoute => ("wrong_route", 400, "Bad Request", 18),
            Self::InvalidGrant => ("invalid_client", 401, "Unable to validate client", 20),
            Self::InvalidAccessToken => ("invalid_access_token", 401, "Unable to validate access token", 21),
            Self::Forbidden => ("forbidden", 403, "Forbidden", 22),
            Self::UnsupportedGrantType => ("unsupported_grant_type", 400, "Unsupported grant type", 23),
            Self::NotFound => ("not_found", 404, "Not Found", 30),
            Self::OrderNotFound => ("order_not_found", 404, "Order not found", 31),
            Self::TransactionNotFound => ("transaction_not_found", 404, "Transaction not found", 32),
            Self::UnsupportedGateway => ("unsupported_gateway", 422, "Unprocessable Entity", 33),
            Self::UnsupportedMethod => ("unsupported_method", 422, "Unprocessable Entity", 34),
            Self::UnsupportedCaptureMechanism => {
                ("unsupported_capture_mechanism", 422, "Unprocessable Entity", 35)
            }
            Self::UnknownAuthorizer => ("unknown_authorizer", 400, "Bad Request", 36),
            Self::UnknownDiscount => ("unknown_discount", 400, "Bad Request", 37),
            Self::AmountRequired => ("amount_required", 422, "Unprocessable Entity", 40),
            Self::ExceedsOwing => ("exceeds_owing", 422, "Unprocessable Entity", 41),
            Self::ExceedsAuthorized => ("exceeds_authorized", 422, "Unprocessable Entity", 42),
            Self::ExceedsRefundable => ("exceeds_refundable", 422, "Unprocessable Entity", 43),
            Self::RefundAmountRequired => ("refund_amount_required", 422, "Unprocessable Entity", 44),
            Self::CurrencyDiffers => ("currency_differs", 422, "Unprocessable Entity", 45),
            Self::CurrencyNotSupported => ("currency_not_supported", 422, "Unprocessable Entity", 46),
            Self::CurrencyFixed => ("currency_fixed", 422, "Unprocessable Entity", 47),
            Self::TotalBelowCommitted => ("total_below_committed", 422, "Unprocessable Entity", 48),
            Self::DiscountExceedsAmount => ("discount_exceeds_amount", 400, "Bad Request", 49),
            Self::CaptureAfterExpiry => ("capture_after_expiry", 422, "Unprocessable Entity", 38),
            Self::TransactionFailed => ("transaction_failed", 422, "Unprocessable Entity", 50),
            Self::AlreadyCancelled => ("already_cancelled", 422, "Unprocessable Entity", 51),
            Self::NotAnAuthorization => ("not_an_authorization", 422, "Unprocessable Entity", 52),
            Self::AlreadyCaptured => ("already_captured", 422, "Unprocessable Entity", 53),
            Self::NotCaptured => ("not_captured", 422, "Unprocessable Entity", 54),
            Self::AlreadyRefunded => ("already_refunded", 422, "Unprocessable Entity", 55),
            Self::PartlyRefunded => ("partly_refunded", 422, "Unprocessable Entity", 56),
            Self::NotSettled => ("not_settled", 422, "Unprocessable Entity", 57),
            Self::AlreadySettled => ("already_settled", 422, "Unprocessable Entity", 58),
            Self::VoidedElsewhere => ("voided_elsewhere", 422, "Unprocessable Entity", 59),
            Self::AlreadyPaid => ("already_paid", 422, "Unprocessable Entity", 60),
            Self::PaymentInProgress => ("payment_in_progress", 409, "Conflict", 61),
            Self::OperationInProgress => ("operation_in_progress", 409, "Conflict", 62),
            Self::IdempotencyKeyReused => ("idempotency_key_reused", 422, "Unprocessable Entity", 63),
            Self::IdempotencyKeyInProgress => ("idempotency_key_in_progress", 409, "Conflict", 64),
            Self::PossibleDuplicate => ("possible_duplicate", 409, "Conflict", 65),
            Self::NoEligibleTransaction => ("no_eligible_transaction", 422, "Unprocessable Entity", 66),
            Self::SeveralEligibleTransactions => {
                ("several_eligible_transactions", 422, "Unprocessable Entity", 67)
            }
            Self::Contended => ("contended", 409, "Conflict", 68),
            Self::NotPayable => ("not_payable", 422, "Unprocessable Entity", 75),
            Self::TooManyTransactions => ("too_many_transactions", 422, "Unprocessable Entity", 70),
            Self::TooManyOperations => ("too_many_operations", 422, "Unprocessable Entity", 71),
            Self::TooManyAttempts => ("too_many_attempts", 422, "Unprocessable Entity", 72),
            Self::TooManyWrongKeys => ("too_many_wrong_keys", 429, "Too Many Requests", 73),
            Self::TooManyDeclines => ("too_many_declines", 422, "Unprocessable Entity", 74),
            Self::GatewayUnavailable => ("gateway_unavailable", 503, "Service Unavailable", 90),
            Self::GatewayMisconfigured => ("gateway_misconfigured", 502, "Bad Gateway", 91),
            Self::ServiceUnavailable => ("service_unavailable", 503, "Service Unavailable", 92),
            Self::NewerVersion => ("newer_version", 503, "Service Unavailable", 93),
        }
    }
}

/// Which part of a request a failure is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum About {
    /// The amount.
    Amount,
    /// The currency.
    Currency,
    /// The idempotency key.
    Key,
    /// The transaction that it names.
    Transaction,
    /// The moment of the scheduled capture.
    CaptureAt,
}

/// A request that was not carried out.
#[derive(Debug)]
pub(crate) struct Failure {
    /// What it is.
    pub(crate) code: Code,
    /// In words, for a developer.
    pub(crate) detail: String,
    /// The payment that it is about.
    pub(crate) transaction: Option<Uuid>,
    /// The part of the request that it is about.
    pub(crate) about: Option<About>,
    /// What else is known: names and values.
    pub(crate) facts: Vec<(&'static str, Value)>,
    /// When to come back.
    pub(crate) retry_after_s: Option<u32>,
    /// Goes to the log, never to the caller.
    pub(crate) for_operator: Option<String>,
}

impl Failure {
    fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            transaction: None,
            about: None,
            facts: Vec::new(),
            retry_after_s: None,
            for_operator: None,
        }
    }

    fn about(mut self, about: About) -> Self {
        self.about = Some(about);
        self
    }

    fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.facts.push((name, value.into()));
        self
    }

    fn with_amount(self, name: &'static str, amount: Amount) -> Self {
        self.with(name, amount.minor())
    }

    /// Names the payment that it is about.
    pub(crate) fn of(mut self, transaction: Uuid) -> Self {
        self.transaction = Some(transaction);
        self
    }

    fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    fn operator(mut self, why: impl Into<String>) -> Self {
        self.for_operator = Some(why.into());
        self
    }

    fn gateway_unavailable(detail: &str) -> Self {
        Self::new(Code::GatewayUnavailable, detail).retry_after(UNAVAILABLE_RETRY_S)
    }
}

impl Failure {
    /// A key is wrong, as too many from there were.
    pub(crate) fn too_many_wrong_keys(wait: SignedDuration) -> Self {
        let detail = "too many wrong keys came from this address; the right one is accepted at any time";
        Self::new(Code::TooManyWrongKeys, detail).retry_after(seconds(wait))
    }

    /// Too many payments from there were declined. Not 429, which makes the published SDK wait without a word.
    pub(crate) fn too_many_declines() -> Self {
        let detail = "too many payments were declined within the hour; nothing was sent to the gateway";
        Self::new(Code::TooManyDeclines, detail)
    }
}

fn seconds(wait: SignedDuration) -> u32 {
    u32::try_from(wait.as_secs().max(1)).unwrap_or(u32::MAX)
}

/// Merchants cannot be read. An unknown merchant is the caller's business and handled there.
impl From<&MerchantsError> for Failure {
    fn from(error: &MerchantsError) -> Self {
        Self::new(Code::ServiceUnavailable, "the service is not available")
            .retry_after(UNAVAILABLE_RETRY_S)
            .operator(error.to_string())
    }
}

/// An operation that did nothing.
impl From<NoEffect> for Failure {
    fn from(reason: NoEffect) -> Self {
        match reason {
            NoEffect::Unreachable => {
                Self::gateway_unavailable("the payment gateway cannot be reached; nothing was done")
            }
            NoEffect::TryAgain => {
                Self::gateway_unavailable("the payment gateway asks to try again; nothing was done")
            }
            NoEffect::NoTimeLeft => {
                Self::gateway_unavailable("there was no time left to send the payment; nothing was done")
            }
            NoEffect::NeverArrived => {
                Self::gateway_unavailable("the request never reached the payment gateway; nothing was done")
            }
            NoEffect::Unrecognized => {
                Self::new(Code::NewerVersion, Rejection::NewerVersion.to_string()).retry_after(UNAVAILABLE_RETRY_S)
            }
            NoEffect::VoidedElsewhere => Self::new(
                Code::VoidedElsewhere,
                "the gateway shows the payment as voided, by somebody else; nothing of it stands",
            ),
            NoEffect::Misconfigured => {
                Self::new(Code::GatewayMisconfigured, "the payment cannot be processed; nothing was done")
                    .operator("the gateway refuses the merchant's set-up or credentials")
            }
            NoEffect::NotSettled => Self::new(
                Code::NotSettled,
                "the payment has not settled yet, so a part of it cannot be refunded; settlement usually runs \
                 overnight: try again tomorrow, or cancel the transaction to give back all of it",
            )
            .with("advice", "retry_later"),
            NoEffect::AlreadySettled => Self::new(
                Code::AlreadySettled,
                "the payment was sent to settlement and cannot be cancelled any more; refund it",
            )
            .with("advice", "refund"),
        }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Rejected(rejection) => rejection.into(),
            Refusal::Unverified => Self::gateway_unavailable(
                "an earlier attempt may still turn out to be done, and the payment gateway does not say; nothing was sent",
            ),
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

impl From<Rejection> for Failure {
    fn from(rejection: Rejection) -> Self {
        let detail = rejection.to_string();
        let error = |code| Self::new(code, detail.clone());
        match rejection {
            Rejection::OrderNotFound => error(Code::OrderNotFound),
            Rejection::TransactionNotFound => error(Code::TransactionNotFound),
            Rejection::NewerVersion => error(Code::NewerVersion).retry_after(UNAVAILABLE_RETRY_S),
            Rejection::AmountRequired => error(Code::AmountRequired).about(About::Amount),
            Rejection::AmountZero => error(Code::InvalidValue).about(About::Amount),
            Rejection::ExceedsOwing { owing } => {
                error(Code::ExceedsOwing).about(About::Amount).with_amount("owing", owing)
            }
            Rejection::AlreadyPaid { transaction } => error(Code::AlreadyPaid).of(transaction),
            Rejection::PaymentInProgress { transaction } => {
                error(Code::PaymentInProgress).of(transaction).retry_after(IN_PROGRESS_RETRY_S)
            }
            Rejection::OperationInProgress { transaction } => {
                error(Code::OperationInProgress).of(transaction).retry_after(IN_PROGRESS_RETRY_S)
            }
            Rejection::TransactionFailed => error(Code::TransactionFailed),
            Rejection::AlreadyCancelled => error(Code::AlreadyCancelled),
            Rejection::NotAnAuthorization => error(Code::NotAnAuthorization),
            Rejection::AlreadyCaptured => error(Code::AlreadyCaptured),
            Rejection::ExceedsAuthorized { authorized } => {
                error(Code::ExceedsAuthorized).about(About::Amount).with_amount("authorized", authorized)
            }
            Rejection::NotCaptured => error(Code::NotCaptured),
            Rejection::AlreadyRefunded => error(Code::AlreadyRefunded),
            Rejection::ExceedsRefundable { refundable } => {
                error(Code::ExceedsRefundable).about(About::Amount).with_amount("refundable", refundable)
            }
            Rejection::RefundAmountRequired => error(Code::RefundAmountRequired).about(About::Amount),
            Rejection::PartlyRefunded => error(Code::PartlyRefunded),
            // Nobody but the schedule asks for what is due.
            Rejection::NoEligibleTransaction | Rejection::NothingDue => error(Code::NoEligibleTransaction),
            Rejection::SeveralEligibleTransactions { transactions } => {
                let ids: Vec<String> = transactions.iter().map(Uuid::to_string).collect();
                error(Code::SeveralEligibleTransactions)
                    .about(About::Transaction)
                    .with("transaction_ids", ids)
            }
            Rejection::KeyReused { transaction } => {
                error(Code::IdempotencyKeyReused).about(About::Key).of(transaction)
            }
            Rejection::KeyInProgress { transaction } => {
                error(Code::IdempotencyKeyInProgress).of(transaction).retry_after(IN_PROGRESS_RETRY_S)
            }
            Rejection::PossibleDuplicate { transaction } => {
                let advice = "repeat it with an Idempotency-Key if it is meant";
                Self::new(Code::PossibleDuplicate, format!("{detail}; {advice}")).of(transaction)
            }
            Rejection::NotPayable => error(Code::NotPayable),
            Rejection::TooManyTransactions => error(Code::TooManyTransactions),
            Rejection::TooManyOperations => error(Code::TooManyOperations),
            Rejection::TooManyAttempts => error(Code::TooManyAttempts),
            Rejection::CurrencyDiffers { currency } => {
                error(Code::CurrencyDiffers).about(About::Currency).with("currency", currency.code())
            }
            Rejection::CaptureAfterExpiry { latest } => {
                error(Code::CaptureAfterExpiry).about(About::CaptureAt).with("latest", latest.to_string())
            }
            Rejection::AuthorizationEnded { transaction } => error(Code::TransactionFailed).of(transaction),
            Rejection::CurrencyNotSupported { currency } => {
                error(Code::CurrencyNotSupported).with("currency", currency.code())
            }
            Rejection::CurrencyFixed { currency } => {
                error(Code::CurrencyFixed).about(About::Currency).with("currency", currency.code())
            }
            Rejection::TotalBelowCommitted { committed } => {
                error(Code::TotalBelowCommitted).about(About::Amount).with_amount("committed", committed)
            }
        }
    }
}

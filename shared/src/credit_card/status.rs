//! What a code is in this API: the HTTP status and the number in `Message.Code`.

use crate::api::Code;

/// `Message.Code` when all is well.
pub const GOOD: u8 = 0;

/// `Message.Code` while the outcome is not known.
pub const HELD: u8 = 1;

/// The HTTP status. What the rules or the gateway decided is a response like any other, 200; only
/// when nothing could be decided is it an error of HTTP's.
pub fn status(code: Code) -> u16 {
    match code {
        Code::Declined
        | Code::OrderNotFound
        | Code::TransactionNotFound
        | Code::PaymentMethodNotFound
        | Code::UnsupportedGateway
        | Code::UnsupportedMethod
        | Code::UnsupportedCaptureMechanism
        | Code::AmountRequired
        | Code::ExceedsOwing
        | Code::ExceedsAuthorized
        | Code::ExceedsRefundable
        | Code::RefundAmountRequired
        | Code::CurrencyDiffers
        | Code::CurrencyNotSupported
        | Code::CurrencyFixed
        | Code::UnsupportedOrderStatus
        | Code::TotalBelowCommitted
        | Code::CaptureAfterExpiry
        | Code::TransactionFailed
        | Code::AlreadyCancelled
        | Code::NotAnAuthorization
        | Code::AlreadyCaptured
        | Code::NotCaptured
        | Code::AlreadyRefunded
        | Code::PartlyRefunded
        | Code::NotSettled
        | Code::AlreadySettled
        | Code::VoidedElsewhere
        | Code::AlreadyPaid
        | Code::PaymentInProgress
        | Code::OperationInProgress
        | Code::IdempotencyKeyReused
        | Code::IdempotencyKeyInProgress
        | Code::PossibleDuplicate
        | Code::NoEligibleTransaction
        | Code::SeveralEligibleTransactions
        | Code::Contended
        | Code::NotPayable
        | Code::TooManyTransactions
        | Code::TooManyOperations
        | Code::TooManyAttempts
        | Code::TooManyDeclines
        | Code::TooManyPaymentMethods
        | Code::PaymentMethodRefused
        | Code::GatewayUnavailable
        | Code::GatewayMisconfigured
        | Code::NewerVersion => 200,
        Code::InvalidJson
        | Code::InvalidXml
        | Code::Required
        | Code::InvalidType
        | Code::InvalidValue
        | Code::UnknownMember
        | Code::WrongRoute
        | Code::UnsupportedGrantType
        | Code::UnknownAuthorizer
        | Code::UnknownDiscount
        | Code::DiscountExceedsAmount => 400,
        Code::InvalidGrant | Code::InvalidAccessToken => 401,
        Code::Forbidden => 403,
        Code::NotFound => 404,
        Code::MethodNotAllowed => 405,
        Code::BodyTooLarge => 413,
        Code::UnsupportedMediaType => 415,
        Code::TooManyWrongKeys => 429,
        Code::ServiceUnavailable | Code::PaymentsStopped => 503,
    }
}

/// `Message.Code`: 2 to 99, each once.
pub fn number(code: Code) -> u8 {
    match code {
        Code::Declined => 2,
        Code::InvalidJson => 10,
        Code::InvalidXml => 11,
        Code::UnsupportedMediaType => 12,
        Code::BodyTooLarge => 13,
        Code::Required => 14,
        Code::InvalidType => 15,
        Code::InvalidValue => 16,
        Code::UnknownMember => 17,
        Code::WrongRoute => 18,
        Code::InvalidGrant => 20,
        Code::InvalidAccessToken => 21,
        Code::Forbidden => 22,
        Code::UnsupportedGrantType => 23,
        Code::NotFound => 30,
        Code::MethodNotAllowed => 19,
        Code::OrderNotFound => 31,
        Code::TransactionNotFound => 32,
        Code::UnsupportedGateway => 33,
        Code::UnsupportedMethod => 34,
        Code::UnsupportedCaptureMechanism => 35,
        Code::UnknownAuthorizer => 36,
        Code::UnknownDiscount => 37,
        Code::AmountRequired => 40,
        Code::ExceedsOwing => 41,
        Code::ExceedsAuthorized => 42,
        Code::ExceedsRefundable => 43,
        Code::RefundAmountRequired => 44,
        Code::CurrencyDiffers => 45,
        Code::CurrencyNotSupported => 46,
        Code::CurrencyFixed => 47,
        Code::UnsupportedOrderStatus => 39,
        Code::TotalBelowCommitted => 48,
        Code::DiscountExceedsAmount => 49,
        Code::CaptureAfterExpiry => 38,
        Code::TransactionFailed => 50,
        Code::AlreadyCancelled => 51,
        Code::NotAnAuthorization => 52,
        Code::AlreadyCaptured => 53,
        Code::NotCaptured => 54,
        Code::AlreadyRefunded => 55,
        Code::PartlyRefunded => 56,
        Code::NotSettled => 57,
        Code::AlreadySettled => 58,
        Code::VoidedElsewhere => 59,
        Code::AlreadyPaid => 60,
        Code::PaymentInProgress => 61,
        Code::OperationInProgress => 62,
        Code::IdempotencyKeyReused => 63,
        Code::IdempotencyKeyInProgress => 64,
        Code::PossibleDuplicate => 65,
        Code::NoEligibleTransaction => 66,
        Code::SeveralEligibleTransactions => 67,
        Code::Contended => 68,
        Code::NotPayable => 75,
        Code::TooManyTransactions => 70,
        Code::TooManyOperations => 71,
        Code::TooManyAttempts => 72,
        Code::TooManyWrongKeys => 73,
        Code::TooManyDeclines => 74,
        Code::PaymentMethodNotFound => 76,
        Code::TooManyPaymentMethods => 77,
        Code::PaymentMethodRefused => 78,
        Code::GatewayUnavailable => 90,
        Code::GatewayMisconfigured => 91,
        Code::ServiceUnavailable => 92,
        Code::NewerVersion => 93,
        Code::PaymentsStopped => 94,
    }
}

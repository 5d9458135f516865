//! What a code is in this API: the HTTP status and the error's title.

use http::StatusCode;

use crate::api::Code;

/// The HTTP status that this API returns for a code.
pub fn status(code: Code) -> u16 {
    match code {
        Code::Declined
        | Code::InvalidJson
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
        Code::NotFound | Code::OrderNotFound | Code::TransactionNotFound | Code::PaymentMethodNotFound => 404,
        Code::MethodNotAllowed => 405,
        Code::PaymentInProgress
        | Code::OperationInProgress
        | Code::IdempotencyKeyInProgress
        | Code::PossibleDuplicate
        | Code::Contended => 409,
        Code::BodyTooLarge => 413,
        Code::UnsupportedMediaType => 415,
        Code::UnsupportedGateway
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
        | Code::IdempotencyKeyReused
        | Code::NoEligibleTransaction
        | Code::SeveralEligibleTransactions
        | Code::NotPayable
        | Code::TooManyTransactions
        | Code::TooManyOperations
        | Code::TooManyAttempts
        | Code::TooManyPaymentMethods
        | Code::PaymentMethodRefused
        | Code::TooManyDeclines => 422,
        Code::TooManyWrongKeys => 429,
        Code::GatewayMisconfigured => 502,
        Code::GatewayUnavailable | Code::ServiceUnavailable | Code::NewerVersion | Code::PaymentsStopped => {
            503
        }
    }
}

/// The title: Elastic Path's where it has one of its own, and else what HTTP calls the status.
pub fn title(code: Code) -> &'static str {
    match code {
        Code::Declined => "Payment gateway processing failed",
        Code::InvalidJson => "Invalid JSON",
        Code::InvalidXml => "Invalid XML",
        Code::Required => "required",
        Code::InvalidType => "invalid_type",
        Code::InvalidValue => "invalid_value",
        Code::UnknownMember => "unknown_member",
        Code::InvalidGrant => "Unable to validate client",
        Code::InvalidAccessToken => "Unable to validate access token",
        Code::UnsupportedGrantType => "Unsupported grant type",
        Code::OrderNotFound => "Order not found",
        Code::TransactionNotFound => "Transaction not found",
        Code::PaymentMethodNotFound => "Payment method not found",
        other => StatusCode::from_u16(status(other))
            .ok()
            .and_then(|status| status.canonical_reason())
            .unwrap_or(""),
    }
}

//! Failures as Elastic Path shows them: the `errors` envelope.

use http::StatusCode;
use tollgate_wire::{Error, ErrorFacts, ErrorMeta, Errors};

use crate::{
    api::{Code, Failure, Problem, problem::About},
    elastic_path::request::if_match::IF_MATCH,
};

/// The envelope. Its first error has the further facts.
pub(in crate::elastic_path) fn body(failure: &Failure, request_id: &str) -> Errors {
    let mut facts = facts(failure);
    let each = failure.problems().map(|problem| error(problem, std::mem::take(&mut facts), request_id));
    Errors { errors: each.collect() }
}

fn error(problem: &Problem, facts: ErrorFacts, request_id: &str) -> Error {
    let code = problem.code;
    Error {
        status: code.status().into(),
        title: title(code).to_owned(),
        detail: problem.sentence(member),
        meta: ErrorMeta { facts, code: code.as_str().to_owned(), request_id: request_id.to_owned() },
        source: problem.member(member).map(Into::into),
    }
}

fn facts(failure: &Failure) -> ErrorFacts {
    let mut facts = ErrorFacts::clone(&failure.facts);
    facts.transaction_id = failure.transaction.or(facts.transaction_id);
    // In the header, too; the published SDK hides headers.
    if let Some(seconds) = failure.retry_after_s {
        (facts.retryable, facts.retry_after_s) = (Some(true), Some(seconds));
    }
    facts
}

/// Elastic Path's names for the parts of a request.
fn member(about: About) -> &'static str {
    match about {
        About::Amount => "data.amount",
        About::Currency => "data.currency",
        About::Postcode => "data.billing_address.postcode",
        About::Key => "Idempotency-Key",
        About::Version => IF_MATCH,
        About::Transaction => "data.transaction",
        About::CaptureAt => "data.capture_at",
        About::CaptureRule => "data.capture",
        About::CaptureAmount => "data.capture_amount",
    }
}

/// The title: Elastic Path's where it has one of its own, and else HTTP's name of the status.
fn title(code: Code) -> &'static str {
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
        other => StatusCode::from_u16(other.status())
            .ok()
            .and_then(|status| status.canonical_reason())
            .unwrap_or(""),
    }
}

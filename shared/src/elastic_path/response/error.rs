//! Failures as Elastic Path shows them: the `errors` envelope.

use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::{
    api::{Code, Failure, Problem, problem::About},
    elastic_path::request::if_match::IF_MATCH,
};

/// The envelope. Its first error has the further facts.
pub(in crate::elastic_path) fn body(failure: &Failure, request_id: &str) -> Value {
    let mut facts = facts(failure);
    let each = failure.problems().map(|problem| error(problem, std::mem::take(&mut facts), request_id));
    json!({"errors": each.collect::<Vec<_>>()})
}

fn error(problem: &Problem, mut meta: Map<String, Value>, request_id: &str) -> Value {
    let code = problem.code;
    meta.insert("code".to_owned(), code.as_str().into());
    meta.insert("request_id".to_owned(), request_id.into());
    let mut error = json!({
        "status": code.status(),
        "title": title(code),
        "detail": problem.sentence(member),
        "meta": meta,
    });
    if let Some(source) = problem.member(member) {
        error["source"] = source.into();
    }
    error
}

fn facts(failure: &Failure) -> Map<String, Value> {
    let mut facts = Map::new();
    if let Some(transaction) = failure.transaction {
        facts.insert("transaction_id".to_owned(), transaction.to_string().into());
    }
    facts.extend(failure.facts.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    // In the header, too; the published SDK hides headers.
    if let Some(seconds) = failure.retry_after_s {
        facts.insert("retryable".to_owned(), true.into());
        facts.insert("retry_after_s".to_owned(), seconds.into());
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
        other => StatusCode::from_u16(other.status())
            .ok()
            .and_then(|status| status.canonical_reason())
            .unwrap_or(""),
    }
}

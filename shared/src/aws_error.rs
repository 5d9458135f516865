//! A failed call to AWS, as logs may describe it.
//!
//! The SDK's own description of an error quotes the raw response. That of Secrets Manager holds a
//! merchant's keys, that of DynamoDB names and e-mail addresses. So `clippy.toml` forbids that
//! description, and this one names only the kind of failure, AWS's code, the HTTP status and the
//! request's id.

use aws_sdk_dynamodb::error::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

/// The header with AWS's id of a request.
const REQUEST_ID: &str = "x-amzn-requestid";

/// Longest code or id that is repeated; AWS's own are shorter.
const WORD_MAX_BYTES: usize = 64;

/// Describes a failed call. Nothing that was sent or received is in the text, except AWS's code and
/// request id.
pub fn describe<E: ProvideErrorMetadata>(error: &SdkError<E>) -> String {
    let mut text = kind(error).to_owned();
    let code = error.as_service_error().and_then(ProvideErrorMetadata::code);
    let status = error.raw_response().map(|response| response.status().as_u16().to_string());
    let id = error.raw_response().and_then(|response| response.headers().get(REQUEST_ID));
    for (name, value) in [("code", code), ("status", status.as_deref()), ("request id", id)] {
        if let Some(value) = value.and_then(word) {
            text = format!("{text}, {name} {value}");
        }
    }
    text
}

fn kind<E>(error: &SdkError<E>) -> &'static str {
    match error {
        SdkError::ConstructionFailure(_) => "the request could not be built",
        SdkError::TimeoutError(_) => "no response in time",
        SdkError::DispatchFailure(failure) if failure.is_timeout() => "no connection in time",
        SdkError::DispatchFailure(failure) if failure.is_io() => "the connection failed",
        SdkError::DispatchFailure(_) => "the request could not be sent",
        SdkError::ResponseError(_) => "the response could not be read",
        SdkError::ServiceError(_) => "AWS returned an error",
        _ => "the call failed",
    }
}

/// The state of a secret, by a failed read.
#[derive(Debug)]
pub(crate) enum SecretFailure {
    /// There is none, or it is marked for deletion.
    Missing,
    /// It is there and may not be read: permissions, or the key that it is encrypted with.
    Refused(String),
    /// Nothing: Secrets Manager is unavailable.
    Unavailable(String),
}

impl SecretFailure {
    /// By AWS's code. Other codes say nothing about the secret.
    pub(crate) fn of<E: ProvideErrorMetadata>(error: &SdkError<E>) -> Self {
        let code = error.as_service_error().and_then(ProvideErrorMetadata::code).unwrap_or_default();
        match code {
            // The second one: it is marked for deletion.
            "ResourceNotFoundException" | "InvalidRequestException" => Self::Missing,
            "AccessDeniedException" | "DecryptionFailure" | "InvalidParameterException" => {
                Self::Refused(describe(error))
            }
            // The key that the secret is encrypted with is disabled, deleted or not ours to use.
            code if code.starts_with("KMS") => Self::Refused(describe(error)),
            _ => Self::Unavailable(describe(error)),
        }
    }
}

/// A code may come from the body and an id from a header, so each has to look like one.
fn word(text: &str) -> Option<&str> {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    ((1..=WORD_MAX_BYTES).contains(&text.len()) && text.bytes().all(is_word)).then_some(text)
}

#[cfg(test)]
mod tests {
    use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueError;
    use aws_smithy_runtime_api::{
        client::{orchestrator::HttpResponse, result::ConnectorError},
        http::StatusCode,
    };
    use aws_smithy_types::{body::SdkBody, error::ErrorMetadata};

    use super::*;

    const CANARY: &str = "canary-in-the-body";

    fn response(status: u16, request_id: &'static str) -> HttpResponse {
        let mut response = HttpResponse::new(StatusCode::try_from(status).unwrap(), SdkBody::from(CANARY));
        response.headers_mut().insert(REQUEST_ID, request_id);
        response
    }

    fn service_error(code: &str) -> GetSecretValueError {
        GetSecretValueError::generic(ErrorMetadata::builder().code(code).message(CANARY).build())
    }

    #[test]
    fn a_body_that_cannot_be_parsed_is_not_quoted() {
        let error: SdkError<GetSecretValueError> = SdkError::response_error(CANARY, response(200, "id-1"));
        assert_eq!(describe(&error), "the response could not be read, status 200, request id id-1");
    }

    #[test]
    fn an_error_of_the_service_is_named_by_its_code_and_not_by_its_message() {
        let error = SdkError::service_error(service_error("AccessDeniedException"), response(400, "id-2"));
        let text = "AWS returned an error, code AccessDeniedException, status 400, request id id-2";
        assert_eq!(describe(&error), text);
    }

    #[test]
    fn a_code_or_an_id_that_is_a_sentence_is_left_out() {
        let sentence: &'static str = "{\"keys\": [\"a key\"]}";
        let error = SdkError::service_error(service_error(sentence), response(500, sentence));
        assert_eq!(describe(&error), "AWS returned an error, status 500");
        let error = SdkError::service_error(service_error(&"x".repeat(65)), response(500, ""));
        assert_eq!(describe(&error), "AWS returned an error, status 500");
    }

    #[test]
    fn a_connection_that_fails_is_told_from_one_that_is_slow() {
        for (error, text) in [
            (ConnectorError::io(CANARY.into()), "the connection failed"),
            (ConnectorError::timeout(CANARY.into()), "no connection in time"),
            (ConnectorError::user(CANARY.into()), "the request could not be sent"),
        ] {
            assert_eq!(describe::<GetSecretValueError>(&SdkError::dispatch_failure(error)), text);
        }
        let slow: SdkError<GetSecretValueError> = SdkError::timeout_error(CANARY);
        assert_eq!(describe(&slow), "no response in time");
        let unsent: SdkError<GetSecretValueError> = SdkError::construction_failure(CANARY);
        assert_eq!(describe(&unsent), "the request could not be built");
    }
}

//! Indented JSON for people who read it in a terminal.

use axum::{
    body::{Body, to_bytes},
    extract::Request,
    http::{StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde_json::Value;

/// Indents JSON in responses to `curl`. Every other client gets the response of the deployed API,
/// without white space.
pub(crate) async fn for_curl(request: Request, next: Next) -> Response {
    let agent = request.headers().get(header::USER_AGENT);
    let is_curl = agent.is_some_and(|agent| agent.as_bytes().starts_with(b"curl/"));
    let response = next.run(request).await;
    let media_type = response.headers().get(header::CONTENT_TYPE);
    let is_json = media_type.is_some_and(|media_type| media_type.as_bytes().starts_with(b"application/json"));
    if is_curl && is_json { indented(response).await } else { response }
}

async fn indented(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    let Ok(body) = to_bytes(body, usize::MAX).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    // A response to HEAD has no body.
    let Ok(value) = serde_json::from_slice::<Value>(&body) else {
        return Response::from_parts(parts, Body::from(body));
    };
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(format!("{value:#}\n")))
}

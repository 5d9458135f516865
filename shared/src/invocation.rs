//! What every face reads of an invocation besides headers and body.

use std::time::Duration;

use jiff::Timestamp;
use lambda_http::{Context, Request, RequestExt, request::RequestContext};

use crate::payments::Deadline;

/// The route that API Gateway matched, such as `POST /v2/orders/{orderId}/payments`.
pub fn route_key(request: &Request) -> String {
    match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV2(context)) => context.route_key.clone().unwrap_or_default(),
        _ => String::new(),
    }
}

/// API Gateway's id of the request, or Lambda's.
pub fn request_id(request: &Request) -> String {
    let api = match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV2(context)) => context.request_id.clone(),
        _ => None,
    };
    api.or_else(|| request.lambda_context_ref().map(|context| context.request_id.clone())).unwrap_or_default()
}

/// A parameter of the path, as API Gateway has cut it out; empty when there is none.
pub fn path_parameter(request: &Request, name: &str) -> String {
    request.path_parameters_ref().and_then(|all| all.first(name)).unwrap_or_default().to_owned()
}

/// When the invocation of a request ends. Without the platform's word, it has ended: nothing is sent.
pub fn deadline(request: &Request, now: Timestamp) -> Deadline {
    request.lambda_context_ref().map_or(Deadline::after(Duration::ZERO), |context| deadline_of(context, now))
}

/// When an invocation ends, by the clock that the platform states it in.
pub fn deadline_of(context: &Context, now: Timestamp) -> Deadline {
    let now = u64::try_from(now.as_millisecond()).unwrap_or_default();
    Deadline::after(Duration::from_millis(context.deadline.saturating_sub(now)))
}

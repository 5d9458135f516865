//! `GET /status`: which version runs, and whether payments are stopped. For deployments, monitors
//! and operators; it needs no token and tells nothing of a merchant.

use lambda_http::{
    Body, Request, Response,
    http::{HeaderValue, header},
};
use tollgate_core::payments::Switch;
use tollgate_wire::{PaymentsSwitch, Status, to_json};

use crate::{invocation::serve, version::version};

/// `GET /status`: the version that runs, and whether payments are stopped.
pub async fn status(switch: &dyn Switch, request: &Request) -> Response<Body> {
    serve(request, Box::pin(describe(switch))).await
}

async fn describe(switch: &dyn Switch) -> Response<Body> {
    let payments = match switch.all_stopped().await {
        Ok(true) => PaymentsSwitch::Stopped,
        Ok(false) => PaymentsSwitch::Enabled,
        Err(error) => {
            tracing::error!(%error, "the switch of payments cannot be read");
            PaymentsSwitch::Unknown
        }
    };
    let status = Status { version: version().to_owned(), payments: payments.into() };
    let mut response = Response::new(Body::Text(to_json(&status)));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::test_payments::SwitchAt;

    #[tokio::test]
    async fn the_version_and_whether_payments_are_stopped_are_told_to_anybody() {
        for (position, payments) in [(Some(false), "enabled"), (Some(true), "stopped"), (None, "unknown")] {
            let response = status(&SwitchAt(position), &Request::default()).await;
            assert_eq!(response.status(), 200);
            assert_eq!(response.headers()[header::CONTENT_TYPE], "application/json");
            assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
            let Body::Text(body) = response.body() else { panic!("it is a text") };
            let body: Value = serde_json::from_str(body).unwrap();
            assert_eq!(body, json!({ "version": version(), "payments": payments }));
        }
    }
}

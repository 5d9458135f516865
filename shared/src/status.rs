//! `GET /status`: which version runs, and whether payments are stopped. For deployments, monitors and operators; it
//! needs no token and tells nothing of a merchant.

use lambda_http::{
    Body, Request, Response,
    http::{HeaderValue, header},
};
use serde_json::json;
use tollgate_core::payments::Switch;

use crate::{invocation::serve, version::version};

/// `GET /status`: the version that runs, and whether payments are stopped.
pub async fn status(switch: &dyn Switch, request: &Request) -> Response<Body> {
    serve(request, Box::pin(describe(switch))).await
}

async fn describe(switch: &dyn Switch) -> Response<Body> {
    let payments = match switch.is_stopped().await {
        Ok(true) => "stopped",
        Ok(false) => "enabled",
        Err(error) => {
            tracing::error!(%error, "the switch of payments cannot be read");
            "unknown"
        }
    };
    let mut response =
        Response::new(Body::Text(json!({ "version": version(), "payments": payments }).to_string()));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

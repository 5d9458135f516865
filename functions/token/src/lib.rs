//! Access tokens.

use std::sync::Arc;

use lambda_http::{Body, Request, Response};
use tollgate::{access::Access, elastic_path, invocation::route_key};

/// Hands the request to the API that its route belongs to.
pub async fn handle(access: Arc<Access>, request: Request) -> Response<Body> {
    match route_key(&request).as_str() {
        "POST /oauth/access_token" => elastic_path::issue_token(&access, &request).await,
        _ => elastic_path::not_found(&request).await,
    }
}

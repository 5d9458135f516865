//! Payments whose method is in the body, as Elastic Path's clients send them.

use std::sync::Arc;

use lambda_http::{Body, Request, Response};
use tollgate::{elastic_path, invocation::route_key, ports::Checkout};

/// Hands the request to the API that its route belongs to.
pub async fn handle(ports: Arc<Checkout>, request: Request) -> Response<Body> {
    match route_key(&request).as_str() {
        "POST /v2/orders/{orderId}/payments" => elastic_path::pay(&ports, &request).await,
        _ => elastic_path::not_found(&request).await,
    }
}

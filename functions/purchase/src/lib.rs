//! Purchase: hold and take an amount at once.

use std::sync::Arc;

use lambda_http::{Body, Request, Response};
use tollgate::{credit_card, elastic_path, invocation::route_key, ports::Checkout};

/// Hands the request to the API that its route belongs to.
pub async fn handle(ports: Arc<Checkout>, request: Request) -> Response<Body> {
    match route_key(&request).as_str() {
        "POST /v2/orders/{orderId}/payments/purchase" => elastic_path::purchase(&ports, &request).await,
        "POST /api/v1/payments/creditcard/charge" => credit_card::charge(&ports.api, &request).await,
        _ => elastic_path::not_found(&request).await,
    }
}

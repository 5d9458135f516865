//! Capture: take what is held, or a part of it.

use std::sync::Arc;

use lambda_http::{Body, Request, Response};
use tollgate::{credit_card, elastic_path, invocation::route_key, ports::Api};

/// Hands the request to the API that its route belongs to.
pub async fn handle(ports: Arc<Api>, request: Request) -> Response<Body> {
    match route_key(&request).as_str() {
        "POST /v2/orders/{orderId}/transactions/{transactionId}/capture" => {
            elastic_path::capture(&ports, &request).await
        }
        "POST /api/v1/payments/creditcard/capture" => credit_card::capture(&ports, &request).await,
        _ => elastic_path::not_found(&request).await,
    }
}

//! Refund: give back what was taken, or a part of it.

use std::sync::Arc;

use lambda_http::{Body, Request, Response};
use tollgate::{credit_card, elastic_path, invocation::route_key, ports::Api};

/// Hands the request to the API that its route belongs to.
pub async fn handle(ports: Arc<Api>, request: Request) -> Response<Body> {
    match route_key(&request).as_str() {
        "POST /v2/orders/{orderId}/transactions/{transactionId}/refund" => {
            elastic_path::refund(&ports, &request).await
        }
        "POST /api/v1/payments/creditcard/refund" => credit_card::refund(&ports, &request).await,
        _ => elastic_path::not_found(&request).await,
    }
}

//! Confirm: send the gateway an inquiry about a payment in doubt, and return the outcome.

use std::sync::Arc;

use lambda_http::{Body, Request, Response};
use tollgate::{credit_card, elastic_path, invocation::route_key, ports::Confirm};

/// Hands the request to the API that its route belongs to.
pub async fn handle(ports: Arc<Confirm>, request: Request) -> Response<Body> {
    match route_key(&request).as_str() {
        "POST /v2/orders/{orderId}/transactions/{transactionId}/confirm" => {
            elastic_path::confirm(&ports, &request).await
        }
        "POST /api/v1/payments/creditcard/status" => credit_card::status(&ports.api, &request).await,
        _ => elastic_path::not_found(&request).await,
    }
}

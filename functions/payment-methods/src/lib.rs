//! Stored cards: to be verified, listed, changed and deleted.

use std::sync::Arc;

use lambda_http::{Body, Request, Response};
use tollgate::{elastic_path, invocation::route_key, ports::StoredCards};

/// Hands the request to the API that its route belongs to.
pub async fn handle(ports: Arc<StoredCards>, request: Request) -> Response<Body> {
    match route_key(&request).as_str() {
        "POST /v2/payment-methods" => elastic_path::create_payment_method(&ports, &request).await,
        "GET /v2/payment-methods" => elastic_path::list_payment_methods(&ports, &request).await,
        "GET /v2/payment-methods/{paymentMethodId}" => {
            elastic_path::get_payment_method(&ports, &request).await
        }
        "PUT /v2/payment-methods/{paymentMethodId}" | "PATCH /v2/payment-methods/{paymentMethodId}" => {
            elastic_path::update_payment_method(&ports, &request).await
        }
        "DELETE /v2/payment-methods/{paymentMethodId}" => {
            elastic_path::delete_payment_method(&ports, &request).await
        }
        _ => elastic_path::not_found(&request).await,
    }
}

//! Orders and their transactions, and the response to every route that there is not.

use std::sync::Arc;

use lambda_http::{Body, Request, Response};
use tollgate::{credit_card, elastic_path, invocation::route_key, ports::Api, status};

/// Hands the request to the API that its route belongs to.
pub async fn handle(ports: Arc<Api>, request: Request) -> Response<Body> {
    match route_key(&request).as_str() {
        "GET /status" => status::status(ports.switch.as_ref(), &request).await,
        "PUT /v2/orders/{orderId}" => elastic_path::put_order(&ports, &request).await,
        "GET /v2/orders/{orderId}" => elastic_path::get_order(&ports, &request).await,
        "GET /v2/orders/{orderId}/transactions" => elastic_path::list_transactions(&ports, &request).await,
        "PATCH /v2/orders/{orderId}/transactions/{transactionId}" => {
            elastic_path::patch_transaction(&ports, &request).await
        }
        "GET /v2/orders/{orderId}/transactions/{transactionId}" => {
            elastic_path::get_transaction(&ports, &request).await
        }
        _ => match credit_card::unrouted(&ports, &request).await {
            Some(response) => response,
            None => elastic_path::not_found(&request).await,
        },
    }
}

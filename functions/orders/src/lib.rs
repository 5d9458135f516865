//! Orders and their transactions, and the response to every route that there is not.

use std::sync::Arc;

use lambda_http::{Body, Request, Response};
use tollgate::{app::App, credit_card, elastic_path, invocation::route_key, status};

/// Hands the request to the API that its route belongs to.
pub async fn handle(app: Arc<App>, request: Request) -> Response<Body> {
    match route_key(&request).as_str() {
        "GET /status" => status::status(&app, &request).await,
        "PUT /v2/orders/{orderId}" => elastic_path::put_order(&app, &request).await,
        "GET /v2/orders/{orderId}" => elastic_path::get_order(&app, &request).await,
        "GET /v2/orders/{orderId}/transactions" => elastic_path::list_transactions(&app, &request).await,
        "PATCH /v2/orders/{orderId}/transactions/{transactionId}" => {
            elastic_path::patch_transaction(&app, &request).await
        }
        "GET /v2/orders/{orderId}/transactions/{transactionId}" => {
            elastic_path::get_transaction(&app, &request).await
        }
        _ => match credit_card::unrouted(&app, &request).await {
            Some(response) => response,
            None => elastic_path::not_found(&request).await,
        },
    }
}

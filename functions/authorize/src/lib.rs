//! Authorize: hold an amount on a card.

use std::sync::Arc;

use lambda_http::{Body, Request, Response};
use tollgate::{app::App, credit_card, elastic_path, invocation::route_key};

/// Hands the request to the API that its route belongs to.
pub async fn handle(app: Arc<App>, request: Request) -> Response<Body> {
    match route_key(&request).as_str() {
        "POST /v2/orders/{orderId}/payments/authorize" => elastic_path::authorize(&app, &request).await,
        "POST /api/v1/payments/creditcard/authorize" => credit_card::authorize(&app, &request).await,
        _ => elastic_path::not_found(&request).await,
    }
}

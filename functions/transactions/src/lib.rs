//! Reads the journal: lists a merchant's transactions, and tells its totals.

use std::sync::Arc;

use lambda_http::{Body, Request, Response};
use tollgate::{app::App, elastic_path, invocation::route_key};

/// Hands the request to the API that its route belongs to.
pub async fn handle(app: Arc<App>, request: Request) -> Response<Body> {
    match route_key(&request).as_str() {
        "GET /v2/transactions" => elastic_path::search_transactions(&app, &request).await,
        "GET /v2/reports/daily" => elastic_path::report_daily(&app, &request).await,
        _ => elastic_path::not_found(&request).await,
    }
}

//! Reads the journal: lists a merchant's transactions, and tells its totals.

use std::sync::Arc;

use lambda_http::{Body, Request, Response};
use tollgate::{elastic_path, invocation::route_key, ports::Transactions};

/// Hands the request to the API that its route belongs to.
pub async fn handle(ports: Arc<Transactions>, request: Request) -> Response<Body> {
    match route_key(&request).as_str() {
        "GET /v2/transactions" => elastic_path::search_transactions(&ports, &request).await,
        "GET /v2/reports/daily" => elastic_path::report_daily(&ports, &request).await,
        _ => elastic_path::not_found(&request).await,
    }
}

//! Whose requests the stack's servers take: those to a name of this machine, and where there are no
//! credentials only from its own pages.
//!
//! DynamoDB's port is dynoxide's own, and open to any page.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Request, State},
    http::StatusCode,
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use cardpointe_simulator::hosts::{Addressed, Hosts};
use serde_json::json;

/// Refuses requests to other hosts. API Gateway does the same, because it finds an API by `Host`.
pub(crate) fn by_host(router: Router, hosts: &Arc<Hosts>) -> Router {
    router.layer(middleware::from_fn_with_state(Arc::clone(hosts), check_host))
}

/// Refuses requests of other machines' pages. A browser sends some of them without a question.
pub(crate) fn by_origin(router: Router, hosts: &Arc<Hosts>) -> Router {
    router.layer(middleware::from_fn_with_state(Arc::clone(hosts), check_origin))
}

async fn check_host(State(hosts): State<Arc<Hosts>>, request: Request, next: Next) -> Response {
    match hosts.addressed(request.headers()) {
        Addressed::Own => next.run(request).await,
        Addressed::Foreign => {
            tracing::warn!("a request to another host was refused; --host lets in a name of this machine");
            refused(StatusCode::FORBIDDEN, "Forbidden")
        }
        Addressed::Malformed => refused(StatusCode::BAD_REQUEST, "Bad Request"),
    }
}

async fn check_origin(State(hosts): State<Arc<Hosts>>, request: Request, next: Next) -> Response {
    if hosts.is_own_page(request.headers()) {
        return next.run(request).await;
    }
    tracing::warn!("a request of another machine's page was refused; --host lets in a name of this machine");
    refused(StatusCode::FORBIDDEN, "Forbidden")
}

fn refused(status: StatusCode, text: &str) -> Response {
    (status, Json(json!({ "message": text }))).into_response()
}

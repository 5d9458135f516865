//! Deposits: what the gateway paid out, what is in it, and what does not fit.

use lambda_http::{Body, Response};

use crate::pages::{Visit, problem::Problem};

/// The deposits of a range of days.
pub(crate) async fn show(_visit: &Visit<'_>) -> Result<Response<Body>, Problem> {
    Err(Problem::NotFound)
}

/// One deposit with its lines.
pub(crate) async fn one(_visit: &Visit<'_>, _id: &str) -> Result<Response<Body>, Problem> {
    Err(Problem::NotFound)
}

/// One exception: its note, and that it is resolved.
pub(crate) async fn exception(
    _visit: &Visit<'_>,
    _id: &str,
    _is_read: bool,
) -> Result<Response<Body>, Problem> {
    Err(Problem::NotFound)
}

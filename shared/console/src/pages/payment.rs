//! One payment: what happened to it, in sentences, and what may be done.

use lambda_http::{Body, Response};

use crate::pages::{Visit, problem::Problem};

/// The payment.
pub(crate) async fn show(
    _visit: &Visit<'_>,
    _order: &str,
    _transaction: &str,
) -> Result<Response<Body>, Problem> {
    Err(Problem::NotFound)
}

/// Its receipt, to print.
pub(crate) async fn receipt(
    _visit: &Visit<'_>,
    _order: &str,
    _transaction: &str,
) -> Result<Response<Body>, Problem> {
    Err(Problem::NotFound)
}

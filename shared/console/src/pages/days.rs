//! Days: what was approved, refunded and declined on each.

use lambda_http::{Body, Response};

use crate::pages::{Visit, problem::Problem};

/// The days of a range.
pub(crate) async fn show(_visit: &Visit<'_>) -> Result<Response<Body>, Problem> {
    Err(Problem::NotFound)
}

//! The `totals` function.

use tollgate::lambda;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    lambda::run_scheduled(lambda::start_totals()?, totals::handle).await
}

//! The `totals` function.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    tollgate::lambda::run_scheduled_with_journal(totals::handle).await
}

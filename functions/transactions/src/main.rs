//! The `transactions` function.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    tollgate::lambda::run_with_journal(transactions::handle).await
}

//! The `journal` function.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    tollgate::lambda::run_journal(journal::handle).await
}

//! The `webhooks` function.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    tollgate::lambda::run_webhooks(webhooks::handle).await
}

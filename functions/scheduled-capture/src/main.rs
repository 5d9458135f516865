//! The `scheduled-capture` function.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    tollgate::lambda::run_scheduled(scheduled_capture::handle).await
}

//! The `events` function.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    tollgate::lambda::run_events(events::handle).await
}

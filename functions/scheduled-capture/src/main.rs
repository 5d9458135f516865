//! The `scheduled-capture` function.

use tollgate::lambda::{self, Opening};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    let adapters = lambda::start(Opening::Table).await?;
    lambda::run_scheduled(adapters.captures()?, scheduled_capture::handle).await
}

//! The `token` function.

use tollgate::lambda::{self, Opening};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    let adapters = lambda::start(Opening::Merchants).await?;
    lambda::run(adapters.access(), token::handle).await
}

//! The `authorize` function.

use tollgate::lambda::{self, Opening};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    let adapters = lambda::start(Opening::Gateway).await?;
    lambda::run(adapters.checkout()?, authorize::handle).await
}

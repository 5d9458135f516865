//! The `transactions` function.

use tollgate::lambda::{self, JournalConfig, Opening};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    let adapters = lambda::start(Opening::Table).await?;
    lambda::run(adapters.transactions(&JournalConfig::from_env()?), transactions::handle).await
}

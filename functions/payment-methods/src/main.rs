//! The `payment-methods` function.

use tollgate::lambda::Opening;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    tollgate::lambda::run(Opening::Gateway, payment_methods::handle).await
}

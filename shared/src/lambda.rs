//! Start-up shared by every function: the only place that names adapters.

use std::sync::Arc;

use lambda_http::{Body, Error, Request, Response};

use crate::clock::Clock;

/// Where a function finds what it needs; in Lambda it comes from the environment.
#[derive(Clone, Debug)]
pub struct Config {
    /// DynamoDB table (`TABLE_NAME`).
    pub table: String,
    /// AWS region (`AWS_REGION`).
    pub region: String,
    /// DynamoDB endpoint instead of AWS's (`AWS_ENDPOINT_URL_DYNAMODB`).
    pub dynamodb_url: Option<String>,
    /// Secrets Manager endpoint instead of AWS's (`AWS_ENDPOINT_URL_SECRETS_MANAGER`).
    pub secretsmanager_url: Option<String>,
}

/// Everything a handler needs, built once per process.
pub struct App {}

impl App {
    /// Builds the clients; nothing is called yet.
    pub fn new(_config: &Config, _clock: Arc<dyn Clock>) -> Self {
        Self {}
    }
}

/// Runs one function's handler in the Lambda runtime until the platform stops it.
pub async fn run<H, F>(_handler: H) -> Result<(), Error>
where
    H: Fn(Arc<App>, Request) -> F,
    F: Future<Output = Response<Body>>,
{
    Ok(())
}

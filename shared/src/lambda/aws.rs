//! How AWS is called: its certificates, the limits of a call, and a client of each service.

use std::time::Duration;

use aws_sdk_dynamodb::config::SharedHttpClient;
use aws_smithy_http_client::{
    Builder,
    tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::client::{
    connector_metadata::ConnectorMetadata,
    http::{HttpClient, HttpConnectorSettings, SharedHttpConnector},
    runtime_components::RuntimeComponents,
};
use aws_smithy_types::timeout::TimeoutConfig;
use lambda_http::Error;

use super::{WrongVariable, needed, optional};

/// The root certificates behind AWS's endpoints (Amazon Trust Services). Reading the system's store
/// file by file would triple the start-up time.
const AWS_ROOTS: &[u8] = include_bytes!("amazon-roots.pem");

/// One try of a call to DynamoDB or Secrets Manager; usual responses take milliseconds.
const ATTEMPT_LIMIT: Duration = Duration::from_millis(1_500);
/// All tries of such a call. Several such calls and the gateway's 20 s have to fit into the
/// function's 29 s.
const CALL_LIMIT: Duration = Duration::from_secs(4);
/// Tries of such a call. Every write is conditional, so a repeat does no harm.
pub const AWS_ATTEMPTS: u32 = 3;
/// How long to wait for a connection to AWS.
const CONNECT_LIMIT: Duration = Duration::from_secs(1);

/// A client of an AWS service: `$aws` has its region and credentials. The services' builders are
/// different types with the same methods.
#[macro_export]
macro_rules! aws_client {
    ($sdk:ident, $aws:expr, $url:expr, $limits:expr, $http_client:expr) => {{
        let retries = $sdk::config::retry::RetryConfig::standard();
        let mut builder = $sdk::config::Builder::new()
            .behavior_version($sdk::config::BehaviorVersion::latest())
            .region($sdk::config::Region::new($aws.region.clone()))
            .credentials_provider($aws.credentials.for_sdk())
            .retry_config(retries.with_max_attempts($crate::lambda::AWS_ATTEMPTS))
            .timeout_config($limits)
            .http_client($http_client.clone());
        builder.set_endpoint_url($url.clone());
        $sdk::Client::from_conf(builder.build())
    }};
}

/// AWS credentials. `Debug` hides them.
#[derive(Clone)]
pub struct Credentials {
    /// Access key id (`AWS_ACCESS_KEY_ID`).
    pub access_key_id: String,
    /// Secret access key (`AWS_SECRET_ACCESS_KEY`).
    pub secret_access_key: String,
    /// Session token (`AWS_SESSION_TOKEN`), which Lambda's temporary credentials have and permanent
    /// ones do not.
    pub session_token: Option<String>,
}

impl Credentials {
    /// From the environment. Lambda sets them for the life of a sandbox.
    pub fn from_env() -> Result<Self, WrongVariable> {
        Ok(Self {
            access_key_id: needed("AWS_ACCESS_KEY_ID")?,
            secret_access_key: needed("AWS_SECRET_ACCESS_KEY")?,
            session_token: optional("AWS_SESSION_TOKEN"),
        })
    }

    /// The same as the clients of AWS's services take them.
    pub fn for_sdk(&self) -> aws_sdk_dynamodb::config::Credentials {
        let (id, secret) = (&self.access_key_id, &self.secret_access_key);
        aws_sdk_dynamodb::config::Credentials::new(
            id,
            secret,
            self.session_token.clone(),
            None,
            "environment",
        )
    }
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credentials(hidden)")
    }
}

/// Where AWS is, and who we are to it; in Lambda it comes from the environment.
#[derive(Clone, Debug)]
pub struct AwsSettings {
    /// The AWS region of all tables and secrets (`AWS_REGION`).
    pub region: String,
    /// DynamoDB endpoint instead of AWS's (`AWS_ENDPOINT_URL_DYNAMODB`).
    pub dynamodb_url: Option<String>,
    /// Secrets Manager endpoint instead of AWS's (`AWS_ENDPOINT_URL_SECRETS_MANAGER`).
    pub secretsmanager_url: Option<String>,
    /// Who we are to AWS.
    pub credentials: Credentials,
}

impl AwsSettings {
    /// Reads the function's environment. Lambda sets region and credentials for the life of a
    /// sandbox.
    pub fn from_env() -> Result<Self, WrongVariable> {
        Ok(Self {
            region: needed("AWS_REGION")?,
            dynamodb_url: optional("AWS_ENDPOINT_URL_DYNAMODB"),
            secretsmanager_url: optional("AWS_ENDPOINT_URL_SECRETS_MANAGER"),
            credentials: Credentials::from_env()?,
        })
    }

    pub(super) fn dynamodb(&self, http_client: &SharedHttpClient) -> aws_sdk_dynamodb::Client {
        aws_client!(aws_sdk_dynamodb, self, self.dynamodb_url, limits(), http_client)
    }

    pub(super) fn secrets_manager(&self, http_client: &SharedHttpClient) -> aws_sdk_secretsmanager::Client {
        aws_client!(aws_sdk_secretsmanager, self, self.secretsmanager_url, limits(), http_client)
    }
}

/// Calls AWS over TLS, or a local stack without.
pub fn aws_http_client() -> Result<SharedHttpClient, Error> {
    let roots = TrustStore::empty().with_pem_certificate(AWS_ROOTS);
    let tls = TlsContext::builder().with_trust_store(roots).build()?;
    let client =
        Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).tls_context(tls).build_https();
    Ok(SharedHttpClient::new(WhenNeeded(client)))
}

/// An HTTP client that makes its connector, which reads the certificates, for the first call, and
/// not once more when it is given to an SDK: the trial connector that SDKs request then is thrown
/// away.
#[derive(Debug)]
struct WhenNeeded(SharedHttpClient);

impl HttpClient for WhenNeeded {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        self.0.http_connector(settings, components)
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        self.0.connector_metadata()
    }
}

/// For a function: within its time limit.
pub fn limits() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT_LIMIT)
        .operation_attempt_timeout(ATTEMPT_LIMIT)
        .operation_timeout(CALL_LIMIT)
        .build()
}

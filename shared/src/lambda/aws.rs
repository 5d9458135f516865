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

/// The root certificates behind AWS's endpoints (Amazon Trust Services). Reading the system's store file by file
/// would triple the start-up time.
const AWS_ROOTS: &[u8] = include_bytes!("amazon-roots.pem");

/// One try of a call to DynamoDB or Secrets Manager; usual responses take milliseconds.
const ATTEMPT_LIMIT: Duration = Duration::from_millis(1_500);
/// All tries of such a call. Several of them and the gateway's 20 s have to fit into the function's 29 s.
const CALL_LIMIT: Duration = Duration::from_secs(4);
/// Tries of such a call. Every write is conditional, so a repeat does no harm.
pub const AWS_ATTEMPTS: u32 = 3;
/// How long to wait for a connection to AWS.
const CONNECT_LIMIT: Duration = Duration::from_secs(1);

/// A client of an AWS service: `$place` has its region and credentials. The services' builders are different types with
/// the same methods.
#[macro_export]
macro_rules! aws_client {
    ($sdk:ident, $place:expr, $url:expr, $limits:expr, $http_client:expr) => {{
        let retries = $sdk::config::retry::RetryConfig::standard();
        let mut builder = $sdk::config::Builder::new()
            .behavior_version($sdk::config::BehaviorVersion::latest())
            .region($sdk::config::Region::new($place.region.clone()))
            .credentials_provider($place.credentials.for_sdk())
            .retry_config(retries.with_max_attempts($crate::lambda::AWS_ATTEMPTS))
            .timeout_config($limits)
            .http_client($http_client.clone());
        builder.set_endpoint_url($url.clone());
        $sdk::Client::from_conf(builder.build())
    }};
}

/// Calls AWS over TLS, or a local stack without.
pub fn aws_http_client() -> Result<SharedHttpClient, Error> {
    let roots = TrustStore::empty().with_pem_certificate(AWS_ROOTS);
    let tls = TlsContext::builder().with_trust_store(roots).build()?;
    let client =
        Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).tls_context(tls).build_https();
    Ok(SharedHttpClient::new(WhenNeeded(client)))
}

/// An HTTP client that makes its connector, which reads the certificates, for the first call, and not once more when it
/// is given to an SDK: the trial connector that SDKs request then is thrown away.
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

/// For a function: within what it may take.
pub fn limits() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT_LIMIT)
        .operation_attempt_timeout(ATTEMPT_LIMIT)
        .operation_timeout(CALL_LIMIT)
        .build()
}

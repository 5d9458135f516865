//! Start-up shared by every function: the only place that names adapters.

mod connections;

use std::{sync::Arc, time::Duration};

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
use aws_smithy_types::{retry::RetryConfig, timeout::TimeoutConfig};
use jiff::SignedDuration;
use lambda_http::{
    Adapter, Body, Error, Request, Response,
    http::{HeaderName, header},
    lambda_runtime::{self, LambdaEvent},
    request::LambdaRequest,
    service_fn,
    tower::ServiceExt as _,
};
use serde::{Serialize, de::DeserializeOwned};

pub use crate::app::App;
pub use connections::Opening;

use crate::{
    abuse::Abuse,
    clock::{Clock, SystemClock},
    gateway::cardpointe::CardPointe,
    invocation::{self, Served},
    merchants::secrets_manager::{SecretsManagerMerchants, Settings},
    order::MerchantId,
    payments::{Deadline, Payments},
    reconcile::Limits,
    scheduled_capture,
    store::{
        CAPTURE_SHARDS_MAX,
        dynamodb::{DynamoDbStore, attempts::DynamoDbAttempts},
    },
    telemetry::{self, Measured},
    trail,
};

/// The root certificates behind AWS's endpoints (Amazon Trust Services). Reading the system's store file by file
/// would triple the start-up time.
const AWS_ROOTS: &[u8] = include_bytes!("lambda/amazon-roots.pem");

/// One try of a call to DynamoDB or Secrets Manager; usual answers take milliseconds.
const AWS_ATTEMPT_LIMIT: Duration = Duration::from_millis(1_500);
/// All tries of such a call. Several of them and the gateway's 20 s have to fit into the function's 29 s.
const AWS_CALL_LIMIT: Duration = Duration::from_secs(4);
/// Tries of such a call. Every write is conditional, so a repeat does no harm.
const AWS_ATTEMPTS: u32 = 3;
/// How long to wait for a connection to AWS.
const AWS_CONNECT_LIMIT: Duration = Duration::from_secs(1);

/// Where a function finds what it needs; in Lambda it comes from the environment.
#[derive(Clone, Debug)]
pub struct Config {
    /// DynamoDB table (`TABLE_NAME`).
    pub table: String,
    /// DynamoDB table of shoppers' attempts (`ATTEMPTS_TABLE_NAME`).
    pub attempts_table: String,
    /// The header with the client's address, if a proxy in front of the API sets one (`SOURCE_HEADER`).
    pub source_header: Option<HeaderName>,
    /// Where merchants are read and what is accepted of them.
    pub merchants: Settings,
    /// How scheduled captures run (`CAPTURE_SHARDS`, 1 to 256; `CAPTURE_CONCURRENCY`).
    pub captures: scheduled_capture::Settings,
    /// How much one run of the inquiries may do (`INQUIRY_CONCURRENCY`, `INQUIRIES_PER_MERCHANT`).
    pub inquiries: Limits,
    /// AWS region (`AWS_REGION`).
    pub region: String,
    /// DynamoDB endpoint instead of AWS's (`AWS_ENDPOINT_URL_DYNAMODB`).
    pub dynamodb_url: Option<String>,
    /// Secrets Manager endpoint instead of AWS's (`AWS_ENDPOINT_URL_SECRETS_MANAGER`).
    pub secretsmanager_url: Option<String>,
    /// Who we are to AWS.
    pub credentials: Credentials,
}

/// AWS credentials. `Debug` shows none of them.
#[derive(Clone)]
pub struct Credentials {
    /// Access key id (`AWS_ACCESS_KEY_ID`).
    pub access_key_id: String,
    /// Secret access key (`AWS_SECRET_ACCESS_KEY`).
    pub secret_access_key: String,
    /// Session token (`AWS_SESSION_TOKEN`).
    pub session_token: Option<String>,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credentials(hidden)")
    }
}

impl Config {
    /// Reads the function's environment. Lambda sets region and credentials for the life of a sandbox; the
    /// template sets the rest.
    pub fn from_env() -> Result<Self, Error> {
        let needed = |name: &str| std::env::var(name).map_err(|_| Error::from(format!("{name} is not set")));
        let optional = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        Ok(Self {
            table: needed("TABLE_NAME")?,
            attempts_table: needed("ATTEMPTS_TABLE_NAME")?,
            source_header: optional("SOURCE_HEADER").map(|name| name.parse()).transpose()?,
            merchants: Settings {
                prefix: needed("MERCHANTS_PREFIX")?,
                gateway_hosts: needed("GATEWAY_HOSTS")?.parse()?,
                stale_for_payments: minutes(&needed("STALE_PAYMENT_MINUTES")?)?,
                stale_for_inquiries: minutes(&needed("STALE_INQUIRY_MINUTES")?)?,
            },
            captures: captures(&needed("CAPTURE_SHARDS")?, optional("CAPTURE_CONCURRENCY"))?,
            inquiries: inquiries(optional("INQUIRY_CONCURRENCY"), optional("INQUIRIES_PER_MERCHANT"))?,
            region: needed("AWS_REGION")?,
            dynamodb_url: optional("AWS_ENDPOINT_URL_DYNAMODB"),
            secretsmanager_url: optional("AWS_ENDPOINT_URL_SECRETS_MANAGER"),
            credentials: Credentials {
                access_key_id: needed("AWS_ACCESS_KEY_ID")?,
                secret_access_key: needed("AWS_SECRET_ACCESS_KEY")?,
                session_token: optional("AWS_SESSION_TOKEN"),
            },
        })
    }
}

/// The adapters, as themselves.
struct Adapters {
    store: Arc<DynamoDbStore>,
    gateway: Arc<CardPointe>,
    merchants: Arc<SecretsManagerMerchants>,
    attempts: Arc<DynamoDbAttempts>,
}

impl Adapters {
    /// Builds the clients; nothing is called yet.
    fn new(config: &Config, clock: &Arc<dyn Clock>, http_client: &SharedHttpClient) -> Result<Self, Error> {
        let credentials = aws_sdk_dynamodb::config::Credentials::new(
            &config.credentials.access_key_id,
            &config.credentials.secret_access_key,
            config.credentials.session_token.clone(),
            None,
            "environment",
        );
        // The two services' builders are different types with the same methods.
        macro_rules! client {
            ($sdk:ident, $url:expr) => {{
                let mut builder = $sdk::config::Builder::new()
                    .behavior_version($sdk::config::BehaviorVersion::latest())
                    .region($sdk::config::Region::new(config.region.clone()))
                    .credentials_provider(credentials.clone())
                    .retry_config(RetryConfig::standard().with_max_attempts(AWS_ATTEMPTS))
                    .timeout_config(aws_limits())
                    .http_client(http_client.clone());
                builder.set_endpoint_url($url.clone());
                $sdk::Client::from_conf(builder.build())
            }};
        }
        let dynamodb = client!(aws_sdk_dynamodb, config.dynamodb_url);
        let secretsmanager = client!(aws_sdk_secretsmanager, config.secretsmanager_url);
        let merchants = config.merchants.clone();
        Ok(Self {
            attempts: Arc::new(DynamoDbAttempts::new(dynamodb.clone(), config.attempts_table.clone())),
            store: Arc::new(DynamoDbStore::new(dynamodb, config.table.clone(), config.captures.shards)),
            gateway: Arc::new(CardPointe::new(clock.clone())?),
            merchants: Arc::new(SecretsManagerMerchants::new(secretsmanager, merchants, clock.clone())),
        })
    }
}

impl App {
    /// Builds the clients; nothing is called yet.
    pub fn new(config: &Config, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        install_tls();
        Self::with_http_client(config, clock, &aws_http_client()?)
    }

    /// The same, with what carries the requests to AWS.
    pub fn with_http_client(
        config: &Config,
        clock: Arc<dyn Clock>,
        http_client: &SharedHttpClient,
    ) -> Result<Self, Error> {
        let adapters = Adapters::new(config, &clock, http_client)?;
        Ok(Self::of(adapters, clock, config))
    }

    fn of(adapters: Adapters, clock: Arc<dyn Clock>, config: &Config) -> Self {
        let Adapters { store, gateway, merchants, attempts } = adapters;
        let Config { captures, inquiries, source_header, .. } = config.clone();
        let (payments, abuse) = (Payments { store, gateway, clock: clock.clone() }, Abuse::default());
        Self { payments, merchants, clock, abuse, attempts, source_header, captures, inquiries }
    }

    /// What a function works with from its environment, with the connections open that its first request needs.
    async fn start(opening: Opening) -> Result<Self, Error> {
        let config = Config::from_env()?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        install_tls();
        let adapters = Adapters::new(&config, &clock, &aws_http_client()?)?;
        connections::open(&adapters, opening, &known_merchants()).await;
        Ok(Self::of(adapters, clock, &config))
    }
}

/// Runs one function's handler in the Lambda runtime until the platform stops it.
pub async fn run<H, F>(opening: Opening, handler: H) -> Result<(), Error>
where
    H: Fn(Arc<App>, Request) -> F + Sync,
    F: Future<Output = Response<Body>> + Send,
{
    telemetry::init();
    let app = Arc::new(App::start(opening).await?);
    let handler = &handler;
    let adapter = Adapter::from(service_fn(move |request: Request| {
        let app = app.clone();
        async move {
            let response = handler(app.clone(), request).await;
            if let Some(served) = response.extensions().get::<Served>() {
                telemetry::emit(served, app.clock.now());
            }
            Ok::<_, Error>(response)
        }
    }));
    lambda_runtime::run(adapter.map_request(without_host)).await
}

/// Takes the host out of a request. Nothing here depends on it, and the library would stop the process at one that is no
/// part of a URL.
fn without_host(mut event: LambdaEvent<LambdaRequest>) -> LambdaEvent<LambdaRequest> {
    if let LambdaRequest::ApiGatewayV2(request) = &mut event.payload {
        request.headers.remove(header::HOST);
        request.request_context.domain_name = None;
    }
    event
}

/// Runs one function that a schedule invokes, in the Lambda runtime until the platform stops it. What the handler
/// answers is the invocation's result, and its figures become metrics.
pub async fn run_scheduled<H, F, E, R>(handler: H) -> Result<(), Error>
where
    H: Fn(Arc<App>, E, Deadline) -> F + Sync,
    F: Future<Output = R> + Send,
    E: DeserializeOwned + Send + 'static,
    R: Measured + Serialize + Send,
{
    telemetry::init();
    let app = Arc::new(App::start(Opening::Table).await?);
    let handler = &handler;
    lambda_runtime::run(lambda_runtime::service_fn(move |event: LambdaEvent<E>| {
        let app = app.clone();
        async move {
            let deadline = invocation::deadline_of(&event.context, app.clock.now());
            let (report, trail) = trail::follow(handler(app.clone(), event.payload, deadline)).await;
            telemetry::emit(&report, app.clock.now());
            telemetry::emit(&trail, app.clock.now());
            Ok::<_, Error>(report)
        }
    }))
    .await
}

/// Merchants that are read before the first request: `KNOWN_MERCHANTS`, ids separated by commas.
fn known_merchants() -> Vec<MerchantId> {
    let ids = std::env::var("KNOWN_MERCHANTS").unwrap_or_default();
    ids.split(',').filter_map(|id| id.parse().ok()).collect()
}

/// Only one function captures by schedule and has a concurrency; all of them write the index.
fn captures(shards: &str, concurrency: Option<String>) -> Result<scheduled_capture::Settings, Error> {
    let shards = shards.parse().ok().filter(|shards| (1..=CAPTURE_SHARDS_MAX).contains(shards));
    let shards = shards.ok_or_else(|| format!("CAPTURE_SHARDS must be 1 to {CAPTURE_SHARDS_MAX}"))?;
    let concurrency = concurrency.map_or(Ok(1), |text| text.parse());
    let concurrency = concurrency.map_err(|_| "CAPTURE_CONCURRENCY must be a number")?;
    Ok(scheduled_capture::Settings { shards, concurrency })
}

fn minutes(text: &str) -> Result<SignedDuration, Error> {
    let minutes = text.parse::<u32>().map_err(|_| "STALE_… must be a number of minutes")?;
    Ok(SignedDuration::from_mins(minutes.into()))
}

/// Only one function sends inquiries by schedule.
fn inquiries(concurrency: Option<String>, per_merchant: Option<String>) -> Result<Limits, Error> {
    let or = |text: Option<String>, default: usize, name: &str| {
        let number = text.map_or(Ok(default), |text| text.parse());
        number.map_err(|_| Error::from(format!("{name} must be a number")))
    };
    let Limits { concurrency: usual, per_merchant: share } = Limits::default();
    Ok(Limits {
        concurrency: or(concurrency, usual, "INQUIRY_CONCURRENCY")?,
        per_merchant: or(per_merchant, share, "INQUIRIES_PER_MERCHANT")?,
    })
}

/// One cryptography library for every TLS connection of the process.
pub fn install_tls() {
    // Fails only when the process has one already.
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        tracing::debug!("a TLS provider was installed before");
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

/// An HTTP client that makes its connector, which reads the certificates, for the first call, and not once more when it is
/// given to an SDK: the trial connector that SDKs ask for then is thrown away.
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

fn aws_limits() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(AWS_CONNECT_LIMIT)
        .operation_attempt_timeout(AWS_ATTEMPT_LIMIT)
        .operation_timeout(AWS_CALL_LIMIT)
        .build()
}

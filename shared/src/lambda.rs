//! Start-up shared by every function: the only place that names adapters.

#[macro_use]
mod aws;
mod connections;
mod streams;
mod webhooks;

use std::sync::Arc;

use aws_sdk_dynamodb::config::SharedHttpClient;
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
use tollgate_core::{
    order::MerchantId,
    payments::{
        Deadline, Payments,
        reconcile::Limits,
        scheduled_capture,
        store::{CAPTURE_SHARDS_MAX, IN_DOUBT_SHARDS_MAX, Shards},
        trail,
    },
    stored_cards::payment_methods::PaymentMethods,
    values::clock::{Clock, SystemClock},
};

pub use crate::app::App;
pub use aws::{AWS_ATTEMPTS, aws_http_client};
pub use connections::Opening;
pub use streams::{EventsConfig, JournalConfig, run_events, run_journal};
pub use webhooks::{WebhooksConfig, run_webhooks};

use crate::{
    abuse::Abuse,
    cardpointe::CardPointe,
    dynamodb::{DynamoDbStore, attempts::DynamoDbAttempts, switch::DynamoDbSwitch},
    invocation,
    secrets_manager::{MerchantSettings, SecretsManagerMerchants},
    telemetry::{self, Measured},
};

/// The value of `PAYMENTS` that stops them.
const STOPPED: &str = "stopped";

/// Where a function finds what it needs; in Lambda it comes from the environment.
#[derive(Clone, Debug)]
pub struct Config {
    /// The DynamoDB table of orders and customers (`TABLE_NAME`).
    pub table: String,
    /// DynamoDB table of shoppers' attempts (`ATTEMPTS_TABLE_NAME`).
    pub attempts_table: String,
    /// The header with the client's address, if a proxy in front of the API sets one (`SOURCE_HEADER`).
    pub source_header: Option<HeaderName>,
    /// Where merchants are read and what is accepted of them.
    pub merchants: MerchantSettings,
    /// How scheduled captures run (`CAPTURE_SHARDS`, 1 to 256; `CAPTURE_CONCURRENCY`).
    pub captures: scheduled_capture::CaptureSettings,
    /// How much one run of the inquiries may do (`INQUIRY_CONCURRENCY`, `INQUIRIES_PER_MERCHANT`),
    /// and the partitions of its index (`IN_DOUBT_SHARDS`, 1 to 256).
    pub inquiries: Limits,
    /// Whether the deployment's parameter stops payments (`PAYMENTS`).
    pub payments_stopped: bool,
    /// The AWS region of all tables and secrets (`AWS_REGION`).
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
    /// Session token (`AWS_SESSION_TOKEN`), which Lambda's temporary credentials have and permanent ones do not.
    pub session_token: Option<String>,
}

impl Credentials {
    /// From the environment. Lambda sets them for the life of a sandbox.
    fn from_env() -> Result<Self, Error> {
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

/// A variable that has to be set.
fn needed(name: &str) -> Result<String, Error> {
    std::env::var(name).map_err(|_| Error::from(format!("{name} is not set")))
}

/// A variable that may be left out or empty.
fn optional(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
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
        Ok(Self {
            table: needed("TABLE_NAME")?,
            attempts_table: needed("ATTEMPTS_TABLE_NAME")?,
            source_header: optional("SOURCE_HEADER").map(|name| name.parse()).transpose()?,
            merchants: MerchantSettings {
                prefix: needed("MERCHANTS_PREFIX")?,
                gateway_hosts: needed("GATEWAY_HOSTS")?.parse()?,
                stale_for_payments: minutes(&needed("STALE_PAYMENT_MINUTES")?)?,
                stale_for_inquiries: minutes(&needed("STALE_INQUIRY_MINUTES")?)?,
            },
            captures: captures(&needed("CAPTURE_SHARDS")?, optional("CAPTURE_CONCURRENCY"))?,
            inquiries: inquiries(
                &needed("IN_DOUBT_SHARDS")?,
                optional("INQUIRY_CONCURRENCY"),
                optional("INQUIRIES_PER_MERCHANT"),
            )?,
            payments_stopped: needed("PAYMENTS")? == STOPPED,
            region: needed("AWS_REGION")?,
            dynamodb_url: optional("AWS_ENDPOINT_URL_DYNAMODB"),
            secretsmanager_url: optional("AWS_ENDPOINT_URL_SECRETS_MANAGER"),
            credentials: Credentials::from_env()?,
        })
    }
}

/// The adapters, as themselves.
struct Adapters {
    store: Arc<DynamoDbStore>,
    gateway: Arc<CardPointe>,
    merchants: Arc<SecretsManagerMerchants>,
    attempts: Arc<DynamoDbAttempts>,
    switch: Arc<DynamoDbSwitch>,
}

impl Adapters {
    /// Builds the clients; nothing is called yet.
    fn new(config: &Config, clock: &Arc<dyn Clock>, http_client: &SharedHttpClient) -> Result<Self, Error> {
        let dynamodb = aws_client!(aws_sdk_dynamodb, config, config.dynamodb_url, aws::limits(), http_client);
        let secretsmanager = aws_client!(
            aws_sdk_secretsmanager,
            config,
            config.secretsmanager_url,
            aws::limits(),
            http_client
        );
        let merchants = config.merchants.clone();
        let shards = Shards { in_doubt: config.inquiries.shards, captures: config.captures.shards };
        let (table, stopped) = (config.table.clone(), config.payments_stopped);
        Ok(Self {
            switch: Arc::new(DynamoDbSwitch::new(dynamodb.clone(), table, clock.clone(), stopped)),
            attempts: Arc::new(DynamoDbAttempts::new(dynamodb.clone(), config.attempts_table.clone())),
            store: Arc::new(DynamoDbStore::new(dynamodb, config.table.clone(), shards)),
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
        let Adapters { store, gateway, merchants, attempts, switch } = adapters;
        let Config { captures, inquiries, source_header, .. } = config.clone();
        let methods = PaymentMethods {
            customers: store.clone(),
            gateway: gateway.clone(),
            profiles: gateway.clone(),
            clock: clock.clone(),
        };
        let (payments, abuse) = (Payments { store, gateway, clock: clock.clone() }, Abuse::default());
        Self {
            payments,
            methods,
            merchants,
            clock,
            abuse,
            attempts,
            switch,
            source_header,
            captures,
            inquiries,
            entry_log: None,
            totals: None,
        }
    }

    /// What a function works with from its environment, with the connections open that its first request needs.
    async fn start(opening: Opening) -> Result<Self, Error> {
        let config = Config::from_env()?;
        install_tls();
        Self::start_with(opening, &config, &aws_http_client()?).await
    }

    /// The same with the journal to read.
    async fn start_with_journal(opening: Opening) -> Result<Self, Error> {
        let config = Config::from_env()?;
        let table = needed("JOURNAL_TABLE_NAME")?;
        install_tls();
        let http_client = aws_http_client()?;
        let app = Self::start_with(opening, &config, &http_client).await?;
        Ok(app.reading(&config, table, &http_client))
    }

    /// The same, reading the journal in this table.
    #[must_use]
    pub fn reading(self, config: &Config, table: String, http_client: &SharedHttpClient) -> Self {
        let (entry_log, totals) = config.journal(table, http_client);
        Self { entry_log: Some(entry_log), totals: Some(totals), ..self }
    }

    async fn start_with(
        opening: Opening,
        config: &Config,
        http_client: &SharedHttpClient,
    ) -> Result<Self, Error> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let adapters = Adapters::new(config, &clock, http_client)?;
        connections::open(&adapters, opening, &known_merchants()).await;
        Ok(Self::of(adapters, clock, config))
    }
}

/// Runs one function's handler in the Lambda runtime until the platform stops it.
pub async fn run<H, F>(opening: Opening, handler: H) -> Result<(), Error>
where
    H: Fn(Arc<App>, Request) -> F + Sync,
    F: Future<Output = Response<Body>> + Send,
{
    telemetry::init();
    serve(App::start(opening).await?, handler).await
}

/// The same for a function that reads the journal, too.
pub async fn run_with_journal<H, F>(handler: H) -> Result<(), Error>
where
    H: Fn(Arc<App>, Request) -> F + Sync,
    F: Future<Output = Response<Body>> + Send,
{
    telemetry::init();
    serve(App::start_with_journal(Opening::Table).await?, handler).await
}

async fn serve<H, F>(app: App, handler: H) -> Result<(), Error>
where
    H: Fn(Arc<App>, Request) -> F + Sync,
    F: Future<Output = Response<Body>> + Send,
{
    let (app, handler) = (Arc::new(app), &handler);
    let adapter = Adapter::from(service_fn(move |request: Request| {
        let app = app.clone();
        async move {
            let response = handler(app, request).await;
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
/// returns is the invocation's result, and its figures become metrics.
pub async fn run_scheduled<H, F, E, R>(handler: H) -> Result<(), Error>
where
    H: Fn(Arc<App>, E, Deadline) -> F + Sync,
    F: Future<Output = R> + Send,
    E: DeserializeOwned + Send + 'static,
    R: Measured + Serialize + Send,
{
    telemetry::init();
    run_schedule(App::start(Opening::Table).await?, handler).await
}

/// The same for a function that reads the journal, and calls nothing else.
pub async fn run_scheduled_with_journal<H, F, E, R>(handler: H) -> Result<(), Error>
where
    H: Fn(Arc<App>, E, Deadline) -> F + Sync,
    F: Future<Output = R> + Send,
    E: DeserializeOwned + Send + 'static,
    R: Measured + Serialize + Send,
{
    telemetry::init();
    run_schedule(App::start_with_journal(Opening::Nothing).await?, handler).await
}

async fn run_schedule<H, F, E, R>(app: App, handler: H) -> Result<(), Error>
where
    H: Fn(Arc<App>, E, Deadline) -> F + Sync,
    F: Future<Output = R> + Send,
    E: DeserializeOwned + Send + 'static,
    R: Measured + Serialize + Send,
{
    let (app, handler) = (Arc::new(app), &handler);
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
fn captures(shards: &str, concurrency: Option<String>) -> Result<scheduled_capture::CaptureSettings, Error> {
    let shards = partitions("CAPTURE_SHARDS", shards, CAPTURE_SHARDS_MAX)?;
    let concurrency = concurrency.map_or(Ok(1), |text| text.parse());
    let concurrency = concurrency.map_err(|_| "CAPTURE_CONCURRENCY must be a number")?;
    Ok(scheduled_capture::CaptureSettings { shards, concurrency })
}

fn partitions(name: &str, text: &str, max: u16) -> Result<u16, Error> {
    let shards = text.parse().ok().filter(|shards| (1..=max).contains(shards));
    shards.ok_or_else(|| format!("{name} must be 1 to {max}").into())
}

fn minutes(text: &str) -> Result<SignedDuration, Error> {
    let minutes = text.parse::<u32>().map_err(|_| "STALE_… must be a number of minutes")?;
    Ok(SignedDuration::from_mins(minutes.into()))
}

/// Only one function sends inquiries by schedule; all of them write the index.
fn inquiries(
    shards: &str,
    concurrency: Option<String>,
    per_merchant: Option<String>,
) -> Result<Limits, Error> {
    let or = |text: Option<String>, default: usize, name: &str| {
        let number = text.map_or(Ok(default), |text| text.parse());
        number.map_err(|_| Error::from(format!("{name} must be a number")))
    };
    let Limits { concurrency: usual, per_merchant: share, .. } = Limits::default();
    Ok(Limits {
        concurrency: or(concurrency, usual, "INQUIRY_CONCURRENCY")?,
        per_merchant: or(per_merchant, share, "INQUIRIES_PER_MERCHANT")?,
        shards: partitions("IN_DOUBT_SHARDS", shards, IN_DOUBT_SHARDS_MAX)?,
    })
}

/// One cryptography library for every TLS connection of the process.
pub fn install_tls() {
    // Fails only when the process has one already.
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        tracing::debug!("a TLS provider was installed before");
    }
}

//! Start-up of the functions that consume the table's stream. They need no merchant, so each has a configuration of its
//! own.

use std::sync::Arc;

use aws_sdk_dynamodb::config::SharedHttpClient;
use lambda_http::{
    Error,
    lambda_runtime::{self, LambdaEvent},
};
use tollgate_core::{
    journal::{entry_log::EntryLog, entry_store::EntryStore, keep::JournalReport, totals_store::TotalsStore},
    values::clock::{Clock, SystemClock},
    webhooks::event_bus::{EventBus, Everywhere},
};

use super::{Config, Credentials, WebhooksConfig, aws, aws_http_client, install_tls, needed, optional};
use crate::{
    dynamodb::{
        entries::{DynamoDbEntries, DynamoDbEntryLog, DynamoDbTotals},
        stream::{StreamEvent, StreamResponse},
    },
    event_bridge::EventBridge,
    publishing, telemetry,
};

/// Where the journal is; in Lambda it comes from the environment.
#[derive(Clone, Debug)]
pub struct JournalConfig {
    /// The DynamoDB table of the journal (`JOURNAL_TABLE_NAME`).
    pub table: String,
    /// Partitions of a merchant's day, for days to come (`JOURNAL_SHARDS`, 1 to 256).
    pub shards: u16,
    /// The AWS region of the table (`AWS_REGION`).
    pub region: String,
    /// DynamoDB endpoint instead of AWS's (`AWS_ENDPOINT_URL_DYNAMODB`).
    pub dynamodb_url: Option<String>,
    /// Who we are to AWS.
    pub credentials: Credentials,
}

/// Most partitions of a merchant's day.
const SHARDS_MAX: u16 = 256;

impl JournalConfig {
    /// Reads the function's environment.
    pub fn from_env() -> Result<Self, Error> {
        let table = needed("JOURNAL_TABLE_NAME")?;
        let shards = needed("JOURNAL_SHARDS")?.parse().ok();
        let shards = shards.filter(|shards| (1..=SHARDS_MAX).contains(shards));
        Ok(Self {
            table,
            shards: shards.ok_or_else(|| format!("JOURNAL_SHARDS must be 1 to {SHARDS_MAX}"))?,
            region: needed("AWS_REGION")?,
            dynamodb_url: optional("AWS_ENDPOINT_URL_DYNAMODB"),
            credentials: Credentials::from_env()?,
        })
    }

    /// The journal; nothing is called yet.
    pub fn entries(&self) -> Result<Arc<dyn EntryStore>, Error> {
        install_tls();
        Ok(self.entries_with(&aws_http_client()?))
    }

    /// The journal for lists; nothing is called yet.
    pub fn log(&self) -> Result<Arc<dyn EntryLog>, Error> {
        install_tls();
        let http_client = aws_http_client()?;
        let client = aws_client!(aws_sdk_dynamodb, self, self.dynamodb_url, aws::limits(), http_client);
        Ok(Arc::new(DynamoDbEntryLog::new(client, self.table.clone())))
    }

    /// The same, with what carries the requests to AWS.
    pub fn entries_with(&self, http_client: &SharedHttpClient) -> Arc<dyn EntryStore> {
        let client = aws_client!(aws_sdk_dynamodb, self, self.dynamodb_url, aws::limits(), http_client);
        Arc::new(DynamoDbEntries::new(client, self.table.clone(), self.shards))
    }
}

impl Config {
    /// The journal in a table at the same place, to be read, and the totals that are kept of it; nothing is called yet.
    pub(super) fn journal(
        &self,
        table: String,
        http_client: &SharedHttpClient,
    ) -> (Arc<dyn EntryLog>, Arc<dyn TotalsStore>) {
        let client = aws_client!(aws_sdk_dynamodb, self, self.dynamodb_url, aws::limits(), http_client);
        let log = DynamoDbEntryLog::new(client.clone(), table.clone());
        (Arc::new(log), Arc::new(DynamoDbTotals::new(client, table)))
    }
}

/// Where events go; in Lambda it comes from the environment.
#[derive(Clone, Debug)]
pub struct EventsConfig {
    /// `EventBridge` bus (`EVENT_BUS_NAME`); none if `EVENTS` is not `true`.
    pub bus: Option<String>,
    /// Where deliveries to webhooks are kept; none if `WEBHOOKS` is not `true`.
    pub webhooks: Option<WebhooksConfig>,
    /// The AWS region of the bus (`AWS_REGION`).
    pub region: String,
    /// `EventBridge` endpoint instead of AWS's (`AWS_ENDPOINT_URL_EVENTBRIDGE`).
    pub eventbridge_url: Option<String>,
    /// Who we are to AWS.
    pub credentials: Credentials,
}

impl EventsConfig {
    /// Reads the function's environment.
    pub fn from_env() -> Result<Self, Error> {
        Ok(Self {
            bus: is_on("EVENTS").then(|| needed("EVENT_BUS_NAME")).transpose()?,
            webhooks: is_on("WEBHOOKS").then(WebhooksConfig::from_env).transpose()?,
            region: needed("AWS_REGION")?,
            eventbridge_url: optional("AWS_ENDPOINT_URL_EVENTBRIDGE"),
            credentials: Credentials::from_env()?,
        })
    }

    /// Everywhere that events go, with what carries the requests to AWS; nothing is called yet.
    pub fn bus_with(&self, http_client: &SharedHttpClient, clock: &Arc<dyn Clock>) -> Arc<dyn EventBus> {
        let mut all: Vec<Arc<dyn EventBus>> = Vec::new();
        if let Some(bus) = &self.bus {
            let client =
                aws_client!(aws_sdk_eventbridge, self, self.eventbridge_url, aws::limits(), http_client);
            all.push(Arc::new(EventBridge::new(client, bus.clone())));
        }
        if let Some(webhooks) = &self.webhooks {
            all.push(Arc::new(webhooks.outbox_with(http_client, clock)));
        }
        Arc::new(Everywhere(all))
    }
}

fn is_on(name: &str) -> bool {
    optional(name).as_deref() == Some("true")
}

/// Runs the function that publishes events in the Lambda runtime, until the platform stops it.
pub async fn run_events<H, F>(handler: H) -> Result<(), Error>
where
    H: Fn(Arc<dyn EventBus>, StreamEvent) -> F + Sync,
    F: Future<Output = publishing::PublishReport> + Send,
{
    telemetry::init();
    let config = EventsConfig::from_env()?;
    install_tls();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let bus = config.bus_with(&aws_http_client()?, &clock);
    let handler = &handler;
    lambda_runtime::run(lambda_runtime::service_fn(move |event: LambdaEvent<StreamEvent>| {
        let bus = bus.clone();
        async move {
            let report = handler(bus, event.payload).await;
            telemetry::emit(&report, SystemClock.now());
            Ok::<_, Error>(StreamResponse::failed_from(report.failed.as_deref()))
        }
    }))
    .await
}

/// Runs the function that keeps the journal in the Lambda runtime, until the platform stops it.
pub async fn run_journal<H, F>(handler: H) -> Result<(), Error>
where
    H: Fn(Arc<dyn EntryStore>, StreamEvent, Arc<dyn Clock>) -> F + Sync,
    F: Future<Output = JournalReport> + Send,
{
    telemetry::init();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let entries = JournalConfig::from_env()?.entries()?;
    let handler = &handler;
    lambda_runtime::run(lambda_runtime::service_fn(move |event: LambdaEvent<StreamEvent>| {
        let (entries, clock) = (entries.clone(), clock.clone());
        async move {
            let report = handler(entries, event.payload, clock.clone()).await;
            telemetry::emit(&report, clock.now());
            Ok::<_, Error>(StreamResponse::failed_from(report.failed.as_deref()))
        }
    }))
    .await
}

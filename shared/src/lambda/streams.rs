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
};

use super::{Config, Credentials, aws, aws_http_client, install_tls, needed, optional};
use crate::{
    dynamodb::{
        entries::{DynamoDbEntries, DynamoDbEntryLog, DynamoDbTotals},
        stream::{StreamEvent, StreamResponse},
    },
    telemetry,
};

/// Where the journal is; in Lambda it comes from the environment.
#[derive(Clone, Debug)]
pub struct JournalConfig {
    /// DynamoDB table (`JOURNAL_TABLE_NAME`).
    pub table: String,
    /// Partitions of a merchant's day, for days to come (`JOURNAL_SHARDS`, 1 to 256).
    pub shards: u16,
    /// AWS region (`AWS_REGION`).
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

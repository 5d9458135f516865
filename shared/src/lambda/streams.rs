//! Start-up of the functions that consume the table's stream. They need no merchant, so each has a configuration of its
//! own.

use std::sync::Arc;

use aws_sdk_dynamodb::config::SharedHttpClient;
use lambda_http::{
    Error,
    lambda_runtime::{self, LambdaEvent},
};
use tollgate_core::{
    journal::{entry_log::EntryLog, entry_store::EntryStore, keep::JournalReport},
    values::clock::{Clock, SystemClock},
};

use super::{Credentials, aws, begin, needed, optional, partitions};
use crate::{
    dynamodb::{
        journal::{DynamoDbEntries, DynamoDbEntryLog, DynamoDbTotals},
        orders::stream::StreamEvent,
        stream::StreamResponse,
    },
    ports::JournalTotals,
    telemetry,
};

/// Where the journal is; in Lambda it comes from the environment.
#[derive(Clone, Debug)]
pub struct JournalConfig {
    /// The DynamoDB table of the journal (`JOURNAL_TABLE_NAME`).
    pub table: String,
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
        Ok(Self {
            table: needed("JOURNAL_TABLE_NAME")?,
            region: needed("AWS_REGION")?,
            dynamodb_url: optional("AWS_ENDPOINT_URL_DYNAMODB"),
            credentials: Credentials::from_env()?,
        })
    }

    fn client(&self, http_client: &SharedHttpClient) -> aws_sdk_dynamodb::Client {
        aws_client!(aws_sdk_dynamodb, self, self.dynamodb_url, aws::limits(), http_client)
    }

    /// The journal to be written, with so many partitions of a merchant's day, for days to come. Nothing is called yet.
    pub fn entries(&self, shards: u16, http_client: &SharedHttpClient) -> Arc<dyn EntryStore> {
        Arc::new(DynamoDbEntries::new(self.client(http_client), self.table.clone(), shards))
    }

    /// The journal to be read. Nothing is called yet.
    pub fn log(&self, http_client: &SharedHttpClient) -> Arc<dyn EntryLog> {
        Arc::new(DynamoDbEntryLog::new(self.client(http_client), self.table.clone()))
    }

    /// The journal to be read, and its totals. Nothing is called yet.
    pub fn totals(&self, clock: &Arc<dyn Clock>, http_client: &SharedHttpClient) -> JournalTotals {
        let (client, table) = (self.client(http_client), self.table.clone());
        JournalTotals {
            log: Arc::new(DynamoDbEntryLog::new(client.clone(), table.clone())),
            totals: Arc::new(DynamoDbTotals::new(client, table)),
            clock: clock.clone(),
        }
    }
}

/// Partitions of a merchant's day (`JOURNAL_SHARDS`).
fn shards() -> Result<u16, Error> {
    partitions("JOURNAL_SHARDS", &needed("JOURNAL_SHARDS")?, SHARDS_MAX)
}

/// The journal and its totals, from the environment of the function that keeps them.
pub fn start_totals() -> Result<JournalTotals, Error> {
    let http_client = begin()?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    Ok(JournalConfig::from_env()?.totals(&clock, &http_client))
}

/// Runs the function that keeps the journal in the Lambda runtime, until the platform stops it.
pub async fn run_journal<H, F>(handler: H) -> Result<(), Error>
where
    H: Fn(Arc<dyn EntryStore>, StreamEvent, Arc<dyn Clock>) -> F + Sync,
    F: Future<Output = JournalReport> + Send,
{
    let http_client = begin()?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let entries = JournalConfig::from_env()?.entries(shards()?, &http_client);
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

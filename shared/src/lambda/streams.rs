//! Start-up of the functions that consume the table's stream. They call no gateway and take no
//! request, so each has a configuration of its own.

use std::sync::Arc;

use aws_sdk_dynamodb::config::SharedHttpClient;
use lambda_http::Error;
use lambda_runtime::LambdaEvent;
use serde::de::DeserializeOwned;
use tollgate_core::{
    journal::{EntryLog, EntryStore, JournalReport, Retention},
    settlement::DepositJournal,
    values::{Clock, SystemClock},
};

use super::{AwsSettings, GATEWAY, WrongVariable, begin, merchants_from_env, needed};
use crate::{
    dynamodb::{
        journal::{DynamoDbEntries, DynamoDbEntryLog, DynamoDbTotals},
        orders::stream::StreamEvent,
        stream::StreamResponse,
    },
    ports::{JournalKeeper, JournalTotals},
    secrets_manager::{MerchantSettings, SecretsManagerMerchants},
    telemetry::{self, Measured},
};

/// Where the journal is; in Lambda it comes from the environment.
#[derive(Clone, Debug)]
pub struct JournalConfig {
    /// The DynamoDB table of the journal (`JOURNAL_TABLE_NAME`).
    pub table: String,
    /// How long its items are kept (`JOURNAL_RETENTION_MONTHS`).
    pub retention: Retention,
    /// Where the table is.
    pub aws: AwsSettings,
}

impl JournalConfig {
    /// Reads the function's environment.
    pub fn from_env() -> Result<Self, WrongVariable> {
        let table = needed("JOURNAL_TABLE_NAME")?;
        let months = needed("JOURNAL_RETENTION_MONTHS")?.parse().ok().and_then(Retention::of_months);
        let retention = months.ok_or_else(|| {
            let problem = format!("must be {} or more", Retention::MIN_MONTHS);
            WrongVariable::new("JOURNAL_RETENTION_MONTHS", problem)
        })?;
        Ok(Self { table, retention, aws: AwsSettings::from_env()? })
    }

    /// The journal to be written. Nothing is called yet.
    pub fn entries(&self, http_client: &SharedHttpClient) -> Arc<dyn EntryStore> {
        Arc::new(DynamoDbEntries::new(self.aws.dynamodb(http_client), self.table.clone(), self.retention))
    }

    /// Settlement's side of the journal. Nothing is called yet.
    pub fn deposits(&self, http_client: &SharedHttpClient) -> Arc<dyn DepositJournal> {
        Arc::new(DynamoDbEntries::new(self.aws.dynamodb(http_client), self.table.clone(), self.retention))
    }

    /// The keeper of the journal, with the merchants that have payments found by texts of their
    /// own. Nothing is called yet.
    pub fn keeper(
        &self,
        merchants: MerchantSettings,
        clock: &Arc<dyn Clock>,
        http_client: &SharedHttpClient,
    ) -> JournalKeeper {
        let client = self.aws.secrets_manager(http_client);
        let merchants = SecretsManagerMerchants::new(client, merchants, GATEWAY, clock.clone());
        JournalKeeper { entries: self.entries(http_client), keys: Arc::new(merchants), clock: clock.clone() }
    }

    /// The journal to be read. Nothing is called yet.
    pub fn log(&self, http_client: &SharedHttpClient) -> Arc<dyn EntryLog> {
        Arc::new(DynamoDbEntryLog::new(self.aws.dynamodb(http_client), self.table.clone()))
    }

    /// The journal to be read, and its totals; heartbeats go into the table of orders, if it is
    /// named. Nothing is called yet.
    pub fn totals(
        &self,
        orders: Option<String>,
        clock: &Arc<dyn Clock>,
        http_client: &SharedHttpClient,
    ) -> JournalTotals {
        let (client, table) = (self.aws.dynamodb(http_client), self.table.clone());
        JournalTotals {
            log: Arc::new(DynamoDbEntryLog::new(client.clone(), table.clone())),
            totals: Arc::new(DynamoDbTotals::new(client, table, orders, self.retention)),
            clock: clock.clone(),
        }
    }
}

/// The journal and its totals, from the environment of the function that keeps them.
pub fn start_totals() -> Result<JournalTotals, Error> {
    let http_client = begin()?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    Ok(JournalConfig::from_env()?.totals(Some(needed("TABLE_NAME")?), &clock, &http_client))
}

/// Runs the function that keeps the journal in the Lambda runtime, until the platform stops it.
pub async fn run_journal<H, F>(handler: H) -> Result<(), Error>
where
    H: Fn(JournalKeeper, StreamEvent) -> F + Sync,
    F: Future<Output = JournalReport> + Send,
{
    let http_client = begin()?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let keeper = JournalConfig::from_env()?.keeper(merchants_from_env()?, &clock, &http_client);
    run_stream(|event| handler(keeper.clone(), event), |report| report.failed.as_deref()).await
}

/// Runs a function that a stream invokes in the Lambda runtime, until the platform stops it. A
/// report's figures become metrics, and it tells which record, and all after it, have to come
/// again.
pub async fn run_stream<E, H, F, R>(handler: H, failed: fn(&R) -> Option<&str>) -> Result<(), Error>
where
    E: DeserializeOwned + Send + 'static,
    H: Fn(E) -> F + Sync,
    F: Future<Output = R> + Send,
    R: Measured + Send,
{
    let handler = &handler;
    lambda_runtime::run(lambda_runtime::service_fn(move |event: LambdaEvent<E>| async move {
        let report = handler(event.payload).await;
        telemetry::emit(&report, SystemClock.now());
        Ok::<_, Error>(StreamResponse::failed_from(failed(&report)))
    }))
    .await
}

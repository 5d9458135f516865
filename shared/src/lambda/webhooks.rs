//! Start-up of the function that sends webhooks. It calls strangers, so it has no merchant's
//! document and no order.

use std::sync::Arc;

use aws_sdk_dynamodb::config::SharedHttpClient;
use jiff::SignedDuration;
use lambda_http::Error;
use tollgate_core::{
    values::{Clock, SystemClock},
    webhooks::{Delivering, DeliveryReport, Outbox, Receivers},
};

use super::{Adapters, AwsSettings, WrongVariable, begin, needed, run_stream, secrets_prefix};
use crate::{
    dynamodb::deliveries::{DeliveriesEvent, DynamoDbDeliveries},
    ports::Deliveries,
    secrets_manager::SecretKind,
    webhook_client::{Allowed, HttpsCourier, SecretsManagerReceivers, Settings, SystemLookup},
};

/// How long a merchant's receivers are used before they are read again.
const FRESH: SignedDuration = SignedDuration::from_mins(5);

/// Where deliveries and receivers are; in Lambda it comes from the environment.
#[derive(Clone, Debug)]
pub struct WebhooksConfig {
    /// The DynamoDB table of deliveries and receivers' health (`WEBHOOKS_TABLE_NAME`).
    pub table: String,
    /// Where receivers are read (`WEBHOOKS_PREFIX`), and where they may be. No variable lets a
    /// deployment call inner addresses.
    pub receivers: Settings,
    /// Where the table and the receivers' secrets are.
    pub aws: AwsSettings,
}

impl WebhooksConfig {
    /// Reads the function's environment.
    pub fn from_env() -> Result<Self, WrongVariable> {
        Ok(Self {
            table: needed("WEBHOOKS_TABLE_NAME")?,
            receivers: Settings {
                prefix: secrets_prefix("WEBHOOKS_PREFIX", SecretKind::Webhooks)?,
                fresh_for: FRESH,
                allowed: Allowed::Public,
            },
            aws: AwsSettings::from_env()?,
        })
    }

    /// The store of deliveries, over this HTTP client to AWS.
    pub fn deliveries_with(&self, http_client: &SharedHttpClient) -> DynamoDbDeliveries {
        DynamoDbDeliveries::new(self.aws.dynamodb(http_client), self.table.clone())
    }

    fn receivers_with(&self, http_client: &SharedHttpClient, clock: &Arc<dyn Clock>) -> Arc<dyn Receivers> {
        let client = self.aws.secrets_manager(http_client);
        Arc::new(SecretsManagerReceivers::new(client, self.receivers.clone(), Arc::clone(clock)))
    }

    /// The bus that puts events where deliveries are sent from.
    pub fn outbox_with(&self, http_client: &SharedHttpClient, clock: &Arc<dyn Clock>) -> Outbox {
        let store = Arc::new(self.deliveries_with(http_client));
        Outbox::new(self.receivers_with(http_client, clock), store, Arc::clone(clock))
    }

    /// The sender of deliveries, over HTTPS to the addresses that the settings allow.
    pub fn delivering_with(
        &self,
        http_client: &SharedHttpClient,
        clock: &Arc<dyn Clock>,
    ) -> Result<Delivering, Error> {
        Ok(Delivering {
            receivers: self.receivers_with(http_client, clock),
            store: Arc::new(self.deliveries_with(http_client)),
            courier: Arc::new(HttpsCourier::new(
                self.receivers.allowed,
                Arc::new(SystemLookup),
                Arc::new(SystemClock),
            )?),
            clock: Arc::clone(clock),
        })
    }
}

impl Adapters {
    /// For a merchant's receivers and the deliveries to them.
    pub fn deliveries(&self, webhooks: &WebhooksConfig) -> Deliveries {
        Deliveries {
            access: self.access_of_people(),
            receivers: webhooks.receivers_with(&self.http_client, &self.clock),
            log: Arc::new(webhooks.deliveries_with(&self.http_client)),
        }
    }
}

/// Runs the function that sends webhooks in the Lambda runtime, until the platform stops it.
pub async fn run_webhooks<H, F>(handler: H) -> Result<(), Error>
where
    H: Fn(Arc<Delivering>, DeliveriesEvent) -> F + Sync,
    F: Future<Output = DeliveryReport> + Send,
{
    let (http_client, config) = (begin()?, WebhooksConfig::from_env()?);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let delivering = Arc::new(config.delivering_with(&http_client, &clock)?);
    run_stream(|event| handler(Arc::clone(&delivering), event), |report| report.failed.as_deref()).await
}

//! Start-up of the function that sends webhooks. It calls strangers, so it has no merchant's document and no order.

use std::sync::Arc;

use aws_sdk_dynamodb::config::SharedHttpClient;
use jiff::SignedDuration;
use lambda_http::{
    Error,
    lambda_runtime::{self, LambdaEvent},
};
use tollgate_core::{
    values::clock::{Clock, SystemClock},
    webhooks::{
        delivering::{Delivering, DeliveryReport, Outbox},
        receivers::Receivers,
    },
};

use super::{Credentials, aws, begin, needed, optional};
use crate::{
    dynamodb::{
        deliveries::{DeliveriesEvent, DynamoDbDeliveries},
        stream::StreamResponse,
    },
    telemetry,
    webhook_client::{Allowed, HttpsCourier, SecretsManagerReceivers, Settings, SystemLookup},
};

/// How long a merchant's receivers are used before they are read again.
const FRESH: SignedDuration = SignedDuration::from_mins(5);

/// Where deliveries and receivers are; in Lambda it comes from the environment.
#[derive(Clone, Debug)]
pub struct WebhooksConfig {
    /// The DynamoDB table of deliveries and receivers' health (`WEBHOOKS_TABLE_NAME`).
    pub table: String,
    /// Where receivers are read (`WEBHOOKS_PREFIX`), and where they may be. No variable lets a deployment call inner
    /// addresses.
    pub receivers: Settings,
    /// The AWS region of the table and the receivers' secrets (`AWS_REGION`).
    pub region: String,
    /// DynamoDB endpoint instead of AWS's (`AWS_ENDPOINT_URL_DYNAMODB`).
    pub dynamodb_url: Option<String>,
    /// Secrets Manager endpoint instead of AWS's (`AWS_ENDPOINT_URL_SECRETS_MANAGER`).
    pub secretsmanager_url: Option<String>,
    /// Who we are to AWS.
    pub credentials: Credentials,
}

impl WebhooksConfig {
    /// Reads the function's environment.
    pub fn from_env() -> Result<Self, Error> {
        Ok(Self {
            table: needed("WEBHOOKS_TABLE_NAME")?,
            receivers: Settings {
                prefix: needed("WEBHOOKS_PREFIX")?,
                fresh_for: FRESH,
                allowed: Allowed::Public,
            },
            region: needed("AWS_REGION")?,
            dynamodb_url: optional("AWS_ENDPOINT_URL_DYNAMODB"),
            secretsmanager_url: optional("AWS_ENDPOINT_URL_SECRETS_MANAGER"),
            credentials: Credentials::from_env()?,
        })
    }

    /// Where deliveries are kept, with what carries the requests to AWS.
    pub fn deliveries_with(&self, http_client: &SharedHttpClient) -> DynamoDbDeliveries {
        let client = aws_client!(aws_sdk_dynamodb, self, self.dynamodb_url, aws::limits(), http_client);
        DynamoDbDeliveries::new(client, self.table.clone())
    }

    fn receivers_with(&self, http_client: &SharedHttpClient, clock: &Arc<dyn Clock>) -> Arc<dyn Receivers> {
        let client =
            aws_client!(aws_sdk_secretsmanager, self, self.secretsmanager_url, aws::limits(), http_client);
        Arc::new(SecretsManagerReceivers::new(client, self.receivers.clone(), Arc::clone(clock)))
    }

    /// What puts events where deliveries are sent from.
    pub fn outbox_with(&self, http_client: &SharedHttpClient, clock: &Arc<dyn Clock>) -> Outbox {
        Outbox {
            receivers: self.receivers_with(http_client, clock),
            store: Arc::new(self.deliveries_with(http_client)),
            clock: Arc::clone(clock),
        }
    }

    /// What sends deliveries, over HTTPS to the addresses that the settings allow.
    pub fn delivering_with(
        &self,
        http_client: &SharedHttpClient,
        clock: &Arc<dyn Clock>,
    ) -> Result<Delivering, Error> {
        Ok(Delivering {
            receivers: self.receivers_with(http_client, clock),
            store: Arc::new(self.deliveries_with(http_client)),
            courier: Arc::new(HttpsCourier::new(self.receivers.allowed, Arc::new(SystemLookup))?),
            clock: Arc::clone(clock),
        })
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
    let handler = &handler;
    lambda_runtime::run(lambda_runtime::service_fn(move |event: LambdaEvent<DeliveriesEvent>| {
        let delivering = Arc::clone(&delivering);
        async move {
            let report = handler(delivering, event.payload).await;
            telemetry::emit(&report, SystemClock.now());
            Ok::<_, Error>(StreamResponse::failed_from(report.failed.as_deref()))
        }
    }))
    .await
}

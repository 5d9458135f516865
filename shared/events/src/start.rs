//! Start-up of the function that publishes events.

use std::sync::Arc;

use aws_sdk_dynamodb::config::SharedHttpClient;
use lambda_http::{
    Error,
    lambda_runtime::{self, LambdaEvent},
};
use tollgate::{
    aws_client,
    dynamodb::{orders::stream::StreamEvent, stream::StreamResponse},
    lambda::{
        Credentials, GATEWAY, WebhooksConfig, aws_http_client, aws_limits, install_tls, needed, optional,
    },
    publishing::PublishReport,
    telemetry,
};
use tollgate_core::{
    payments::gateway::GatewayInfo,
    values::clock::{Clock, SystemClock},
    webhooks::event_bus::{EventBus, Everywhere},
};

use crate::event_bridge::EventBridge;

/// Where events go; in Lambda it comes from the environment.
#[derive(Clone, Debug)]
pub struct EventsConfig {
    /// `EventBridge` bus (`EVENT_BUS_NAME`); none if `EVENTS` is not `true`.
    pub bus: Option<String>,
    /// Where deliveries to webhooks are kept; none if `WEBHOOKS` is not `true`.
    pub webhooks: Option<WebhooksConfig>,
    /// The AWS region that the event bus is in (`AWS_REGION`).
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
                aws_client!(aws_sdk_eventbridge, self, self.eventbridge_url, aws_limits(), http_client);
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
pub async fn run<H, F>(handler: H) -> Result<(), Error>
where
    H: Fn(Arc<dyn EventBus>, &'static dyn GatewayInfo, StreamEvent) -> F + Sync,
    F: Future<Output = PublishReport> + Send,
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
            let report = handler(bus, GATEWAY, event.payload).await;
            telemetry::emit(&report, SystemClock.now());
            Ok::<_, Error>(StreamResponse::failed_from(report.failed.as_deref()))
        }
    }))
    .await
}

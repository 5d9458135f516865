//! Start-up of the function that publishes events.

use std::sync::Arc;

use aws_sdk_dynamodb::config::SharedHttpClient;
use lambda_http::Error;
use tollgate::{
    aws_client,
    dynamodb::orders::stream::StreamEvent,
    lambda::{
        AwsSettings, GATEWAY, WebhooksConfig, WrongVariable, aws_limits, begin, needed, optional, run_stream,
    },
    publishing::PublishReport,
};
use tollgate_core::{
    payments::GatewayInfo,
    values::{Clock, SystemClock},
    webhooks::{EventBus, Everywhere},
};

use crate::event_bridge::EventBridge;

/// Where events go; in Lambda it comes from the environment.
#[derive(Clone, Debug)]
pub struct EventsConfig {
    /// `EventBridge` bus (`EVENT_BUS_NAME`); none if `EVENTS` is not `true`.
    pub bus: Option<String>,
    /// Where deliveries to webhooks are kept; none if `WEBHOOKS` is not `true`.
    pub webhooks: Option<WebhooksConfig>,
    /// Where the event bus is.
    pub aws: AwsSettings,
    /// `EventBridge` endpoint instead of AWS's (`AWS_ENDPOINT_URL_EVENTBRIDGE`).
    pub eventbridge_url: Option<String>,
}

impl EventsConfig {
    /// Reads the function's environment.
    pub fn from_env() -> Result<Self, WrongVariable> {
        Ok(Self {
            bus: is_on("EVENTS").then(|| needed("EVENT_BUS_NAME")).transpose()?,
            webhooks: is_on("WEBHOOKS").then(WebhooksConfig::from_env).transpose()?,
            aws: AwsSettings::from_env()?,
            eventbridge_url: optional("AWS_ENDPOINT_URL_EVENTBRIDGE"),
        })
    }

    /// Every destination of events, over this HTTP client to AWS; nothing is called yet.
    pub fn bus_with(&self, http_client: &SharedHttpClient, clock: &Arc<dyn Clock>) -> Arc<dyn EventBus> {
        let mut all: Vec<Arc<dyn EventBus>> = Vec::new();
        if let Some(bus) = &self.bus {
            let (aws, url) = (&self.aws, &self.eventbridge_url);
            let client = aws_client!(aws_sdk_eventbridge, aws, url, aws_limits(), http_client);
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
    let http_client = begin()?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let bus = EventsConfig::from_env()?.bus_with(&http_client, &clock);
    run_stream(|event| handler(bus.clone(), GATEWAY, event), |report| report.failed.as_deref()).await
}

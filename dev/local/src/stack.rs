//! One local stack: how it is started, used and stopped.

use std::{sync::Arc, time::Duration};

use cardpointe_simulator::Server;
use elastic_path_fake::Fake;
use lambda_http::{Body, Response};
use serde_json::{Value, json};
use tokio::{sync::watch, task::JoinHandle};
use tollgate_core::{journal::Retention, values::Clock};

use crate::{
    clock::LocalClock,
    event_bus::Bus,
    front::Viewer,
    functions::{InvokeError, Ports},
    issuer::CLIENTS_SECRET,
    merchants,
    parts::Parts,
    permissions::ByFunction,
    resources::{CONSOLE_SECRET, EVENT_BUS_NAME, REGION, TABLE_NAME, WEBHOOKS_PREFIX, WEBHOOKS_TABLE_NAME},
    secrets_manager::Secrets,
    template,
};

mod app;
mod options;
mod start;

pub use app::ports;
pub use options::{Options, StartError, Unattended};

/// How long `stop` waits for a server whose client holds a connection open.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

/// A running stack. Dropping it stops its servers; [`Stack::stop`] also waits for them.
pub struct Stack {
    parts: Arc<Parts>,
    simulator: Arc<Server>,
    viewer: Viewer,
    stop: watch::Sender<bool>,
    servers: Vec<JoinHandle<()>>,
}

impl Stack {
    /// Stops the stack and waits until its ports are free and its data is on disk. A request that
    /// still runs in a function is dropped, as a killed sandbox would be.
    pub async fn stop(mut self) {
        self.parts.bus.close();
        // Nothing listens any more only when all servers have ended already.
        self.stop.send(true).ok();
        for server in self.servers.drain(..) {
            if tokio::time::timeout(STOP_TIMEOUT, server).await.is_err() {
                tracing::warn!("a client keeps its connection open, not waiting for it");
            }
        }
        let Self { parts, simulator, .. } = self;
        drop(parts);
        if let Some(simulator) = Arc::into_inner(simulator) {
            simulator.stop().await;
        }
    }

    /// The API's address, without a slash at the end.
    pub fn url(&self) -> &str {
        &self.parts.url
    }

    /// Where callers reach the API: the front's address, if there is one.
    pub fn callers_url(&self) -> &str {
        &self.parts.settings.callers_url
    }

    /// The address of the console, without a slash at the end.
    pub fn console_url(&self) -> &str {
        &self.parts.settings.console_url
    }

    /// Who requests come from, as the front sees it.
    pub fn viewer(&self) -> &Viewer {
        &self.viewer
    }

    /// Where people sign in, if they can.
    pub fn issuer(&self) -> Option<&str> {
        self.parts.settings.issuer.as_ref().map(tollgate::openid::IssuerUrl::as_str)
    }

    /// The address of the DynamoDB that the functions use.
    pub fn dynamodb_url(&self) -> &str {
        &self.parts.dynamodb_url
    }

    /// The address of the Secrets Manager that the functions use.
    pub fn secretsmanager_url(&self) -> &str {
        &self.parts.secretsmanager_url
    }

    /// The event bus, to look at the published events or to take the bus down.
    pub fn bus(&self) -> &Bus {
        &self.parts.bus
    }

    /// The simulator that all merchants' gateway addresses lead to.
    pub fn simulator(&self) -> &Server {
        &self.simulator
    }

    /// The fake Elastic Path, if there is one.
    pub fn elastic_path(&self) -> Option<&Fake> {
        self.parts.shop.as_deref()
    }

    /// The merchants' documents. A function may keep a document that it has read; see
    /// [`Stack::cold_start`].
    pub fn secrets(&self) -> &Secrets {
        &self.parts.secrets
    }

    /// The clock of the functions; the simulator has its own.
    pub fn clock(&self) -> &LocalClock {
        &self.parts.clock
    }

    /// Moves Tollgate's clock and the simulator's together.
    pub fn advance_clock(&self, seconds: i64) {
        self.parts.advance_clock(seconds);
    }

    /// The next invocation of every function finds a fresh process: no cache, no connection.
    pub fn cold_start(&self) -> Result<(), StartError> {
        let clock = Arc::clone(&self.parts.clock) as Arc<dyn Clock>;
        let urls = app::Urls {
            dynamodb: self.dynamodb_url(),
            secretsmanager: self.secretsmanager_url(),
            eventbridge: &self.parts.eventbridge_url,
        };
        let consumers = app::guarded_consumers(&urls, &clock, &self.parts.permissions)?;
        let ports = app::guarded(&urls, &self.parts.settings, clock, &self.parts.permissions)?;
        self.parts.functions.cold_start(ports, consumers);
        Ok(())
    }

    /// Hands all that is in the table's stream to its consumers, and returns how many changes they
    /// were. A stack that runs its schedules does so all the time.
    pub async fn deliver_stream(&self) -> Result<usize, String> {
        self.parts.deliver(TABLE_NAME, &self.parts.functions).await
    }

    /// Hands newly added webhook deliveries to their sender, and returns the number of changes.
    pub async fn deliver_webhooks(&self) -> Result<usize, String> {
        self.parts.deliver(WEBHOOKS_TABLE_NAME, &self.parts.functions).await
    }

    /// Invokes a function as its schedule or the table's stream does, and returns its result.
    pub async fn invoke_scheduled(&self, function: &str) -> Result<Value, InvokeError> {
        self.invoke_scheduled_with(function, &json!({})).await
    }

    /// The same, with an event.
    pub async fn invoke_scheduled_with(&self, function: &str, event: &Value) -> Result<Value, InvokeError> {
        self.parts.functions.invoke_with_event(function, &event.to_string()).await
    }

    /// Each function's requests to AWS so far. Making the samples does not count.
    pub fn performed(&self) -> ByFunction {
        self.parts.permissions.performed()
    }

    /// How many sample orders were made at the start.
    pub fn samples(&self) -> usize {
        self.parts.samples()
    }

    /// The current dependencies of the handlers.
    pub fn ports(&self) -> Arc<Ports> {
        self.parts.functions.ports()
    }

    /// A function's environment variables when it runs as a process of its own and works on this
    /// stack. Its Runtime API is not part of it.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let captures = self.ports().captures.settings;
        let mut environment = vec![
            ("JOURNAL_RETENTION_MONTHS", Retention::USUAL_MONTHS.to_string()),
            ("OPENID_ISSUER", self.issuer().unwrap_or_default().to_owned()),
            ("OPENID_SINGLE_TENANT", "true".to_owned()),
            ("SIGN_IN_CLIENTS", CLIENTS_SECRET.to_owned()),
            ("CONSOLE_URL", self.console_url().to_owned()),
            ("CONSOLE_API_URL", self.callers_url().to_owned()),
            ("CONSOLE_SECRET", CONSOLE_SECRET.to_owned()),
            ("EVENTS", "true".to_owned()),
            ("EVENT_BUS_NAME", EVENT_BUS_NAME.to_owned()),
            ("WEBHOOKS", "true".to_owned()),
            ("WEBHOOKS_PREFIX", WEBHOOKS_PREFIX.to_owned()),
            ("AWS_ENDPOINT_URL_EVENTBRIDGE", self.parts.eventbridge_url.clone()),
            ("MERCHANTS_PREFIX", merchants::PREFIX.to_owned()),
            ("GATEWAY_HOSTS", merchants::HOSTS.to_owned()),
            ("ELASTIC_PATH_HOSTS", merchants::HOSTS.to_owned()),
            ("TOKEN_KID_KEY", merchants::TOKEN_KID_KEY.to_owned()),
            ("PAYMENTS", "enabled".to_owned()),
            ("IN_DOUBT_SHARDS", self.ports().inquiries.settings.shards.to_string()),
            ("CAPTURE_SHARDS", captures.shards.to_string()),
            ("CAPTURE_CONCURRENCY", captures.concurrency.to_string()),
            ("AWS_REGION", REGION.to_owned()),
            ("AWS_ACCESS_KEY_ID", "local".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "local".to_owned()),
            ("AWS_ENDPOINT_URL_DYNAMODB", self.dynamodb_url().to_owned()),
            ("AWS_ENDPOINT_URL_SECRETS_MANAGER", self.secretsmanager_url().to_owned()),
        ];
        let tables = template::embedded().into_iter().flat_map(|deployed| &deployed.variables);
        environment.extend(tables.map(|(variable, table)| (variable.as_str(), table.clone())));
        environment
    }

    /// Invokes a function with an API Gateway event (JSON), past the routes.
    pub async fn invoke(&self, function: &str, event: &str) -> Result<Response<Body>, InvokeError> {
        self.parts.functions.invoke(function, event).await
    }
}

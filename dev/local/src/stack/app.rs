//! What the handlers of a stack work with.

use std::sync::Arc;

use aws_sdk_dynamodb::config::SharedHttpClient;
use jiff::SignedDuration;
use tollgate::{
    lambda::{self, App, Config, Credentials, EventsConfig, JournalConfig, WebhooksConfig},
    webhook_client::{Allowed, Settings},
};
use tollgate_core::{payments::reconcile::Limits, values::clock::Clock};

use super::StartError;
use crate::{
    functions::Consumers,
    merchants,
    parts::AppSettings,
    permissions::Permissions,
    resources::{
        ATTEMPTS_TABLE_NAME, EVENT_BUS_NAME, JOURNAL_SHARDS, JOURNAL_TABLE_NAME, REGION, TABLE_NAME,
        WEBHOOKS_PREFIX, WEBHOOKS_TABLE_NAME,
    },
};

/// A receiver that is added here is called at once, as good as.
const FRESH: SignedDuration = SignedDuration::from_secs(1);

/// Builds what the handlers need, for a stack at these addresses. Nothing checks what it is used for.
pub fn app(
    dynamodb_url: &str,
    secretsmanager_url: &str,
    settings: AppSettings,
    clock: Arc<dyn Clock>,
) -> Result<Arc<App>, StartError> {
    let app = App::new(&config(dynamodb_url, secretsmanager_url, settings), clock);
    app.map(Arc::new).map_err(|error| StartError::App(error.to_string()))
}

/// The same, and a function that uses it can do what its policy allows.
pub(super) fn guarded(
    dynamodb_url: &str,
    secretsmanager_url: &str,
    settings: AppSettings,
    clock: Arc<dyn Clock>,
    permissions: &Arc<Permissions>,
) -> Result<Arc<App>, StartError> {
    let config = config(dynamodb_url, secretsmanager_url, settings);
    let http_client = guarded_client(permissions)?;
    let app = App::with_http_client(&config, clock, &http_client);
    let app = app.map_err(|error| StartError::App(error.to_string()))?;
    Ok(Arc::new(app.reading(&config, JOURNAL_TABLE_NAME.to_owned(), &http_client)))
}

/// What consumers of the stream use, each of which can do what its policy allows.
pub(super) fn guarded_consumers(
    urls: &Urls<'_>,
    clock: &Arc<dyn Clock>,
    permissions: &Arc<Permissions>,
) -> Result<Consumers, StartError> {
    let http_client = guarded_client(permissions)?;
    let config = JournalConfig {
        table: JOURNAL_TABLE_NAME.to_owned(),
        shards: JOURNAL_SHARDS,
        region: REGION.to_owned(),
        dynamodb_url: Some(urls.dynamodb.to_owned()),
        credentials: credentials(),
    };
    let webhooks = webhooks(urls);
    let delivering = webhooks.delivering_with(&http_client, clock);
    let events = EventsConfig {
        bus: Some(EVENT_BUS_NAME.to_owned()),
        webhooks: Some(webhooks),
        region: REGION.to_owned(),
        eventbridge_url: Some(urls.eventbridge.to_owned()),
        credentials: credentials(),
    };
    Ok(Consumers {
        entries: config.entries_with(&http_client),
        clock: clock.clone(),
        bus: events.bus_with(&http_client, clock),
        delivering: Arc::new(delivering.map_err(|error| StartError::App(error.to_string()))?),
    })
}

/// Where the services are that consumers call.
pub(super) struct Urls<'a> {
    pub(super) dynamodb: &'a str,
    pub(super) secretsmanager: &'a str,
    pub(super) eventbridge: &'a str,
}

/// How webhooks are sent here: to this machine, too.
fn webhooks(urls: &Urls<'_>) -> WebhooksConfig {
    WebhooksConfig {
        table: WEBHOOKS_TABLE_NAME.to_owned(),
        receivers: Settings {
            prefix: WEBHOOKS_PREFIX.to_owned(),
            fresh_for: FRESH,
            allowed: Allowed::PublicAndLoopback,
        },
        region: REGION.to_owned(),
        dynamodb_url: Some(urls.dynamodb.to_owned()),
        secretsmanager_url: Some(urls.secretsmanager.to_owned()),
        credentials: credentials(),
    }
}

/// What carries requests to AWS, each checked against the policy of the function that makes it.
pub(super) fn guarded_client(permissions: &Arc<Permissions>) -> Result<SharedHttpClient, StartError> {
    lambda::install_tls();
    let client = lambda::aws_http_client().map_err(|error| StartError::App(error.to_string()))?;
    Ok(permissions.guard(client))
}

fn credentials() -> Credentials {
    Credentials {
        access_key_id: "local".to_owned(),
        secret_access_key: "local".to_owned(),
        session_token: None,
    }
}

fn config(dynamodb_url: &str, secretsmanager_url: &str, settings: AppSettings) -> Config {
    Config {
        table: TABLE_NAME.to_owned(),
        attempts_table: ATTEMPTS_TABLE_NAME.to_owned(),
        source_header: None,
        merchants: merchants::settings(),
        captures: settings.captures,
        inquiries: Limits::default(),
        payments_stopped: settings.payments_stopped,
        region: REGION.to_owned(),
        dynamodb_url: Some(dynamodb_url.to_owned()),
        secretsmanager_url: Some(secretsmanager_url.to_owned()),
        credentials: credentials(),
    }
}

//! The dependencies of a stack's handlers.

use std::{error::Error, sync::Arc};

use aws_sdk_dynamodb::config::SharedHttpClient;
use jiff::SignedDuration;
use tollgate::{
    lambda::{
        self, Adapters, AwsSettings, Config, Credentials, JournalConfig, PeopleConfig, SettlementConfig,
        SignInConfig, WebhooksConfig,
    },
    openid::IssuerSettings,
    webhook_client::{Allowed, Settings},
};
use tollgate_console::ConsoleConfig;
use tollgate_core::{
    journal::Retention,
    payments::{Role, reconcile::ReconcileLimits},
    people::{ChangedBy, Grant, NewPerson, PeopleEditor, Recognition, RefundMax},
    values::{Amount, Clock, Currency},
};
use tollgate_events::EventsConfig;

use super::StartError;
use crate::{
    console::ConsoleProcess,
    functions::{Consumers, Ports},
    issuer, merchants,
    parts::AppSettings,
    permissions::Permissions,
    resources::{
        ATTEMPTS_TABLE_NAME, CONSOLE_SECRET, CONSOLE_TABLE_NAME, EVENT_BUS_NAME, JOURNAL_TABLE_NAME,
        PEOPLE_TABLE_NAME, REGION, SETTLEMENT_TABLE_NAME, TABLE_NAME, WEBHOOKS_PREFIX, WEBHOOKS_TABLE_NAME,
    },
};

/// A receiver that is added here is called at once, as good as.
const FRESH: SignedDuration = SignedDuration::from_secs(1);

/// How long entries of the audit trail are kept; the template's default.
const AUDIT_KEPT: SignedDuration = SignedDuration::from_hours(24 * 400);

/// Builds the handlers' dependencies, for a stack at these addresses. No policy limits their use.
pub fn ports(
    dynamodb_url: &str,
    secretsmanager_url: &str,
    settings: &AppSettings,
    clock: Arc<dyn Clock>,
) -> Result<Arc<Ports>, StartError> {
    let config = config(dynamodb_url, secretsmanager_url, settings);
    ports_over(aws_http_client()?, config, settings, clock)
}

/// The same, but each function can use it only as its policy allows.
pub(super) fn guarded(
    urls: &Urls<'_>,
    settings: &AppSettings,
    clock: Arc<dyn Clock>,
    permissions: &Arc<Permissions>,
) -> Result<Arc<Ports>, StartError> {
    let config = config(urls.dynamodb, urls.secretsmanager, settings);
    ports_over(guarded_client(permissions)?, config, settings, clock)
}

/// Where events go: the local bus, and receivers.
fn events(urls: &Urls<'_>) -> EventsConfig {
    let aws = aws(urls.dynamodb, urls.secretsmanager);
    EventsConfig {
        bus: Some(EVENT_BUS_NAME.to_owned()),
        webhooks: Some(webhooks(aws.clone())),
        aws,
        eventbridge_url: Some(urls.eventbridge.to_owned()),
    }
}

fn ports_over(
    http_client: SharedHttpClient,
    config: Config,
    settings: &AppSettings,
    clock: Arc<dyn Clock>,
) -> Result<Arc<Ports>, StartError> {
    let sign_in = sign_in(config.aws.clone(), settings);
    let console = console(config.aws.clone(), settings);
    let console = ConsoleProcess::new(console, http_client.clone(), Arc::clone(&clock));
    let journal = journal(config.aws.clone());
    let webhooks = webhooks(config.aws.clone());
    let totals = journal.totals(Some(config.table.clone()), &clock, &http_client);
    let settled = SettlementConfig { table: SETTLEMENT_TABLE_NAME.to_owned(), journal };
    let settlement = settled.settlement(&config, &clock, &http_client);
    let people = people(config.aws.clone());
    let adapters = Adapters::new(config, clock, http_client);
    let ports = || {
        Ok(Ports {
            tokens: Arc::new(adapters.tokens(sign_in.as_ref())?),
            orders: Arc::new(adapters.orders(SETTLEMENT_TABLE_NAME.to_owned())?),
            api: Arc::new(adapters.api()?),
            confirm: Arc::new(adapters.confirm()?),
            checkout: Arc::new(adapters.checkout()?),
            stored_cards: Arc::new(adapters.stored_cards()?),
            transactions: Arc::new(adapters.transactions(&settled)),
            console: Arc::new(console),
            personnel: Arc::new(adapters.personnel(&people)),
            stop_switch: Arc::new(adapters.stop_switch()),
            deliveries: Arc::new(adapters.deliveries(&webhooks)),
            inquiries: Arc::new(adapters.inquiries(SETTLEMENT_TABLE_NAME.to_owned())?),
            captures: Arc::new(adapters.job(|config| config.captures)?),
            totals: Arc::new(totals),
            settlement: Arc::new(settlement?),
        })
    };
    ports().map(Arc::new).map_err(|error: lambda_http::Error| StartError::App(error.to_string()))
}

/// The dependencies of the stream's consumers, each limited to its policy's permissions.
pub(super) fn guarded_consumers(
    urls: &Urls<'_>,
    clock: &Arc<dyn Clock>,
    permissions: &Arc<Permissions>,
) -> Result<Consumers, StartError> {
    let http_client = guarded_client(permissions)?;
    let aws = aws(urls.dynamodb, urls.secretsmanager);
    let journal = journal(aws.clone());
    let webhooks = webhooks(aws.clone());
    let delivering = webhooks.delivering_with(&http_client, clock);
    Ok(Consumers {
        journal: journal.keeper(merchants::settings(), clock, &http_client),
        bus: events(urls).bus_with(&http_client, clock),
        delivering: Arc::new(delivering.map_err(|error| StartError::App(error.to_string()))?),
    })
}

/// Where the services are that consumers call.
pub(super) struct Urls<'a> {
    pub(super) dynamodb: &'a str,
    pub(super) secretsmanager: &'a str,
    pub(super) eventbridge: &'a str,
}

/// Where people are kept.
fn people(aws: AwsSettings) -> PeopleConfig {
    PeopleConfig { table: PEOPLE_TABLE_NAME.to_owned(), audit_kept: AUDIT_KEPT, aws }
}

/// People sign in at one issuer, which is one company's alone.
fn sign_in(aws: AwsSettings, settings: &AppSettings) -> Option<SignInConfig> {
    let url = settings.issuer.clone()?;
    Some(SignInConfig {
        issuer: IssuerSettings { url, is_single_tenant: true, required: None },
        clients: issuer::CLIENTS_SECRET.to_owned(),
        people: people(aws),
    })
}

/// The pages for those people. They call the API as everybody does.
fn console(aws: AwsSettings, settings: &AppSettings) -> Option<ConsoleConfig> {
    Some(ConsoleConfig {
        url: settings.console_url.clone(),
        api_url: settings.callers_url.clone(),
        issuer: settings.issuer.clone()?,
        table: CONSOLE_TABLE_NAME.to_owned(),
        secret: CONSOLE_SECRET.to_owned(),
        merchant: settings.console_merchant,
        directory: settings.directory.clone().map(|secrets| secrets as _),
        aws,
    })
}

fn journal(aws: AwsSettings) -> JournalConfig {
    JournalConfig { table: JOURNAL_TABLE_NAME.to_owned(), retention: Retention::default(), aws }
}

/// How webhooks are sent here: to this machine, too.
fn webhooks(aws: AwsSettings) -> WebhooksConfig {
    WebhooksConfig {
        table: WEBHOOKS_TABLE_NAME.to_owned(),
        receivers: Settings {
            prefix: WEBHOOKS_PREFIX.to_owned(),
            fresh_for: FRESH,
            allowed: Allowed::PublicAndLoopback,
        },
        aws,
    }
}

/// The client for requests to AWS, each checked against the policy of the function that makes it.
pub(super) fn guarded_client(permissions: &Arc<Permissions>) -> Result<SharedHttpClient, StartError> {
    Ok(permissions.guard(aws_http_client()?))
}

fn aws_http_client() -> Result<SharedHttpClient, StartError> {
    lambda::install_tls();
    lambda::aws_http_client().map_err(|error| StartError::App(error.to_string()))
}

fn aws(dynamodb_url: &str, secretsmanager_url: &str) -> AwsSettings {
    AwsSettings {
        region: REGION.to_owned(),
        dynamodb_url: Some(dynamodb_url.to_owned()),
        secretsmanager_url: Some(secretsmanager_url.to_owned()),
        credentials: Credentials {
            access_key_id: "local".to_owned(),
            secret_access_key: "local".to_owned(),
            session_token: None,
        },
    }
}

fn config(dynamodb_url: &str, secretsmanager_url: &str, settings: &AppSettings) -> Config {
    Config {
        table: TABLE_NAME.to_owned(),
        attempts_table: ATTEMPTS_TABLE_NAME.to_owned(),
        front: settings.front,
        kid_key: merchants::TOKEN_KID_KEY.parse().unwrap_or_default(),
        merchants: merchants::settings(),
        captures: settings.captures,
        inquiries: ReconcileLimits::default(),
        payments_stopped: settings.payments_stopped,
        reads: settings.reads,
        people: Some(people(aws(dynamodb_url, secretsmanager_url))),
        aws: aws(dynamodb_url, secretsmanager_url),
    }
}

/// Adds the people of the issuer whom merchants know to one of them, to be recognized by their
/// addresses.
pub(super) async fn add_people(
    urls: &Urls<'_>,
    issuer: &str,
    merchant: &str,
    clock: &dyn Clock,
) -> Result<(), Box<dyn Error>> {
    let store = people(aws(urls.dynamodb, urls.secretsmanager)).store(&aws_http_client()?);
    let merchant = merchant.parse()?;
    let by = ChangedBy::Operator("the sample data".parse()?);
    let editor =
        PeopleEditor { store: store.as_ref(), clock, merchant: &merchant, by: &by, request: "samples" };
    for person in &issuer::PEOPLE {
        let Some(role) = person.role else { continue };
        let refund_max = match person.role {
            Some(Role::Operate) => RefundMax::By([(Currency::USD, Amount::new(5_000)?)].into()),
            _ => RefundMax::Unlimited,
        };
        let new = NewPerson {
            name: person.name.parse()?,
            recognition: Recognition::Email { issuer: issuer.to_owned(), email: person.email.parse()? },
            grant: Grant { role, refund_max },
        };
        editor.add(&new).await?;
    }
    Ok(())
}

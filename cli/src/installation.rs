//! Which installation the commands act on: one on AWS, from arguments and environment, or a local
//! stack, which says where everything is.

pub(crate) mod deployed;

use std::{sync::Arc, time::Duration};

use aws_sdk_dynamodb::config::SharedHttpClient;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};
use tollgate::{
    abuse::READS,
    access_token::KidKey,
    lambda::{
        self, AUDIT_DAYS, Adapters, AwsSettings, Config, Credentials, JournalConfig, PeopleConfig,
        SettlementConfig,
    },
    merchant_document::hosts::{AllowedHosts, HostLists},
    ports::Job,
    secrets_manager::{MerchantSettings, SecretKind},
    source::Front,
};
use tollgate_core::{
    journal::{Agenda, Retention, SearchKeys},
    order::MerchantId,
    payments::{CaptureSettings, OrderIndex, reconcile::ReconcileLimits},
    stored_cards::PaymentMethods,
    values::{Clock, SystemClock},
};
use uuid::Uuid;

use self::deployed::Deployed;
use crate::{args::InstallationArguments, aws_cli::AwsCli, failure::Failure, gateway};

/// Longest wait for the local stack's description of itself.
const LOCAL_LIMIT: Duration = Duration::from_secs(5);

/// The commands write few orders, and the first partition of each index is read by every
/// deployment, however many it has. The next write by a function puts the order into its own.
const CAPTURES: CaptureSettings = CaptureSettings { shards: 1, concurrency: 1 };

/// The prefix of the names of a local stack's secrets.
const LOCAL_MERCHANTS: &str = "tollgate/merchants/";
const LOCAL_WEBHOOKS: &str = "tollgate/webhooks/";

/// The local stack's secret with the programs that sign people in.
const LOCAL_SIGN_IN_CLIENTS: &str = "tollgate/sign-in";

/// A prefix that no secret's name can have.
const NO_SECRETS: &str = "/";

/// An installation: a stack on AWS or a local one, and how to reach its parts.
pub(crate) struct Installation {
    /// Its name; none if it was not given.
    stage: Option<String>,
    /// Whether it is a local stack.
    pub(crate) is_local: bool,
    table: Option<String>,
    journal: Option<String>,
    settlement: Option<String>,
    people: Option<String>,
    /// The table of attempts, which has the schemes' bans of cards, too.
    attempts: Option<String>,
    /// How long entries of people's audit trail are kept.
    audit_kept: SignedDuration,
    /// How long the journal keeps its items.
    pub(crate) retention: Retention,
    webhooks: Option<String>,
    /// The prefix of the names of receivers' secrets, if it was given. There is no default: it
    /// would be another stage's.
    webhooks_prefix: Option<String>,
    /// The secret with the programs that sign people in, if it was given. There is no default,
    /// either.
    sign_in_clients: Option<String>,
    /// The AWS region of its tables and secrets.
    pub(crate) region: String,
    /// DynamoDB's address, instead of AWS's.
    pub(crate) dynamodb_url: Option<String>,
    /// Secrets Manager's address, instead of AWS's.
    pub(crate) secretsmanager_url: Option<String>,
    /// STS's address, instead of AWS's.
    pub(crate) sts_url: Option<String>,
    /// The prefix of the names of merchants' secrets, likewise.
    merchants_prefix: Option<String>,
    /// Where merchants' gateways and shops may be.
    pub(crate) hosts: HostLists,
    /// Who we are to AWS.
    pub(crate) credentials: Credentials,
    /// The machine's clock, or the local stack's, which can be advanced.
    pub(crate) clock: Arc<dyn Clock>,
    /// The merchants that it is known to have.
    pub(crate) merchants: Vec<MerchantId>,
    /// The stack that it was read from.
    pub(crate) deployed: Option<Deployed>,
}

/// The members of `GET /_local` that are needed here.
#[derive(Deserialize)]
struct About {
    dynamodb: String,
    secretsmanager: String,
    region: String,
    table: String,
    journal: String,
    settlement: String,
    people: String,
    attempts: String,
    webhooks: String,
    now: Timestamp,
    merchants: Vec<AboutMerchant>,
}

#[derive(Deserialize)]
struct AboutMerchant {
    client_id: MerchantId,
}

/// A variable of the environment, unless it is empty.
fn set(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Where a service is, if not at AWS.
fn endpoint(service: &str) -> Option<String> {
    set(&format!("AWS_ENDPOINT_URL_{service}")).or_else(|| set("AWS_ENDPOINT_URL"))
}

fn region(arguments: &InstallationArguments) -> Option<String> {
    arguments.region.clone().or_else(|| set("AWS_REGION")).or_else(|| set("AWS_DEFAULT_REGION"))
}

/// How long a journal keeps its items, by the stack's parameter.
fn retention(months: Option<&str>) -> Result<Retention, Failure> {
    let Some(months) = months else { return Ok(Retention::default()) };
    let retention = months.parse().ok().and_then(Retention::of_months);
    retention.ok_or_else(|| {
        let least = Retention::MIN_MONTHS;
        Failure::Input(format!(
            "JournalRetentionMonths, or JOURNAL_RETENTION_MONTHS: {months} is not {least} or more"
        ))
    })
}

/// How long entries of the audit trail are kept, by the stack's parameter.
fn audit_kept(days: Option<&str>) -> Result<SignedDuration, Failure> {
    let days = days.filter(|days| !days.is_empty()).map_or(Ok(AUDIT_DAYS), str::parse);
    let wrong = |_| Failure::Input("AuditDays, or AUDIT_DAYS: not a number of days".to_owned());
    Ok(SignedDuration::from_hours(24 * i64::from(days.map_err(wrong)?)))
}

/// Those that the stack's functions read in advance.
fn known_merchants(stack: &Deployed) -> Vec<MerchantId> {
    stack.parameter("KnownMerchants").split(',').filter_map(|id| id.parse().ok()).collect()
}

impl Installation {
    pub(crate) async fn find(arguments: &InstallationArguments) -> Result<Self, Failure> {
        match &arguments.local {
            Some(url) => Self::local(url).await,
            None => match &arguments.stack {
                Some(stack) => Self::stack(arguments, stack),
                None => Self::aws(arguments),
            },
        }
    }

    async fn local(url: &str) -> Result<Self, Failure> {
        let url = url.trim_end_matches('/');
        let failed = |why: String| {
            Failure::Unavailable(format!(
                "{url}/_local: {why}; start the local stack with `cargo run`, or name its address: --local=URL"
            ))
        };
        let client = gateway::http_client()?;
        let response = client.get(format!("{url}/_local")).timeout(LOCAL_LIMIT).send().await;
        let response = response.and_then(reqwest::Response::error_for_status);
        let response = response.map_err(|error| failed(gateway::in_a_word(&error).to_owned()))?;
        let about: About = gateway::json(response).await.map_err(failed)?;
        Ok(Self {
            stage: Some("local".to_owned()),
            is_local: true,
            table: Some(about.table),
            journal: Some(about.journal),
            settlement: Some(about.settlement),
            people: Some(about.people),
            attempts: Some(about.attempts),
            audit_kept: audit_kept(None)?,
            retention: Retention::default(),
            webhooks: Some(about.webhooks),
            webhooks_prefix: Some(LOCAL_WEBHOOKS.to_owned()),
            sign_in_clients: Some(LOCAL_SIGN_IN_CLIENTS.to_owned()),
            region: about.region,
            dynamodb_url: Some(about.dynamodb),
            secretsmanager_url: Some(about.secretsmanager),
            sts_url: None,
            merchants_prefix: Some(LOCAL_MERCHANTS.to_owned()),
            hosts: HostLists::of_this_machine(),
            credentials: Credentials {
                access_key_id: "local".to_owned(),
                secret_access_key: "local".to_owned(),
                session_token: None,
            },
            clock: Arc::new(Shifted(about.now.duration_since(Timestamp::now()))),
            merchants: about.merchants.into_iter().map(|merchant| merchant.client_id).collect(),
            deployed: None,
        })
    }

    /// The environment's tables, stage and region do not count: it may be another stage's.
    fn stack(arguments: &InstallationArguments, stack: &str) -> Result<Self, Failure> {
        let aws = AwsCli::new(arguments.region.clone());
        let stack = Deployed::read(&aws, stack)?;
        let output = |name: &str| stack.output(name).map(str::to_owned);
        let prefix = |kind: SecretKind, name: &str, text: &str| {
            let wrong = |error| Failure::Input(format!("{name} of {}: {error}", stack.name));
            kind.prefix(text).map(Some).map_err(wrong)
        };
        let hosts =
            |name: &str| listed(&format!("the parameter {name} of {}", stack.name), stack.parameter(name));
        Ok(Self {
            stage: Some(stack.parameter("Stage").to_owned()),
            is_local: false,
            table: Some(output("TableName")?),
            journal: Some(output("JournalTableName")?),
            settlement: Some(output("SettlementTableName")?),
            people: Some(output("PeopleTableName")?),
            attempts: Some(output("AttemptsTableName")?),
            audit_kept: audit_kept(Some(stack.parameter("AuditDays")))?,
            retention: retention(
                Some(stack.parameter("JournalRetentionMonths")).filter(|months| !months.is_empty()),
            )?,
            webhooks: Some(output("WebhooksTableName")?),
            webhooks_prefix: prefix(SecretKind::Webhooks, "WebhooksPrefix", stack.output("WebhooksPrefix")?)?,
            sign_in_clients: Some(output("SignInClients")?),
            // An ARN has it in its fourth part.
            region: output("TableArn")?.split(':').nth(3).unwrap_or_default().to_owned(),
            dynamodb_url: endpoint("DYNAMODB"),
            secretsmanager_url: endpoint("SECRETS_MANAGER"),
            sts_url: endpoint("STS"),
            merchants_prefix: prefix(
                SecretKind::Merchants,
                "MerchantsPrefix",
                stack.output("MerchantsPrefix")?,
            )?,
            hosts: HostLists { gateways: hosts("GatewayHosts")?, shops: hosts("ElasticPathHosts")? },
            credentials: deployed::credentials(&aws)?,
            clock: Arc::new(SystemClock),
            merchants: known_merchants(&stack),
            deployed: Some(stack),
        })
    }

    fn aws(arguments: &InstallationArguments) -> Result<Self, Failure> {
        let needed = |name: &str| {
            set(name).ok_or_else(|| {
                Failure::Input(format!(
                    "{name} is not set. Credentials come from the environment: \
                     eval \"$(aws configure export-credentials --format env)\", or --local for the local stack"
                ))
            })
        };
        let credentials = Credentials {
            access_key_id: needed("AWS_ACCESS_KEY_ID")?,
            secret_access_key: needed("AWS_SECRET_ACCESS_KEY")?,
            session_token: set("AWS_SESSION_TOKEN"),
        };
        Ok(Self {
            stage: arguments.stage.clone().or_else(|| set("STAGE")),
            is_local: false,
            table: arguments.table.clone().or_else(|| set("TABLE_NAME")),
            journal: set("JOURNAL_TABLE_NAME"),
            settlement: set("SETTLEMENT_TABLE_NAME"),
            people: set("PEOPLE_TABLE_NAME"),
            attempts: set("ATTEMPTS_TABLE_NAME"),
            audit_kept: audit_kept(set("AUDIT_DAYS").as_deref())?,
            retention: retention(set("JOURNAL_RETENTION_MONTHS").as_deref())?,
            webhooks: set("WEBHOOKS_TABLE_NAME"),
            webhooks_prefix: arguments.webhooks_prefix.clone(),
            sign_in_clients: None,
            region: region(arguments)
                .ok_or_else(|| Failure::Input("name the region: --region or AWS_REGION".to_owned()))?,
            dynamodb_url: endpoint("DYNAMODB"),
            secretsmanager_url: endpoint("SECRETS_MANAGER"),
            sts_url: endpoint("STS"),
            merchants_prefix: arguments.merchants_prefix.clone(),
            hosts: HostLists {
                gateways: match arguments.gateway_hosts.clone().or_else(|| set("GATEWAY_HOSTS")) {
                    Some(hosts) => listed("--gateway-hosts or GATEWAY_HOSTS", &hosts)?,
                    None => AllowedHosts::gateways(),
                },
                shops: match set("ELASTIC_PATH_HOSTS") {
                    Some(hosts) => listed("ELASTIC_PATH_HOSTS", &hosts)?,
                    None => AllowedHosts::shops(),
                },
            },
            credentials,
            clock: Arc::new(SystemClock),
            merchants: Vec::new(),
            deployed: None,
        })
    }

    /// The stage's name, for a confirmation.
    pub(crate) fn stage(&self) -> Result<&str, Failure> {
        let unnamed = || Failure::Input("name the deployment that you mean: --stage or STAGE".to_owned());
        self.stage.as_deref().ok_or_else(unnamed)
    }

    /// The stage's name, or that none was given.
    pub(crate) fn stage_or_unnamed(&self) -> &str {
        self.stage.as_deref().unwrap_or("(not named)")
    }

    /// The prefix of the names of secrets of a kind.
    pub(crate) fn prefix(&self, kind: SecretKind) -> Result<&str, Failure> {
        let (prefix, option) = match kind {
            SecretKind::Merchants => (&self.merchants_prefix, "--merchants-prefix"),
            SecretKind::Webhooks => (&self.webhooks_prefix, "--webhooks-prefix"),
        };
        prefix.as_deref().ok_or_else(|| {
            Failure::Input(format!(
                "name the stack: --stack, or without it {option}, such as tollgate-prod/{}/. No variable says which \
                 stage's secrets are meant",
                kind.as_str()
            ))
        })
    }

    /// The name of the secret with the programs that sign people in.
    pub(crate) fn sign_in_clients(&self) -> Result<&str, Failure> {
        self.sign_in_clients.as_deref().ok_or_else(|| {
            let text = "name the stack: --stack. No variable says which stage's programs are meant";
            Failure::Input(text.to_owned())
        })
    }

    /// The stage and where its secrets of a kind are, for a person.
    pub(crate) fn of_secrets(&self, kind: SecretKind) -> Result<String, Failure> {
        let (prefix, stage) = (self.prefix(kind)?, self.stage_or_unnamed());
        if self.is_local {
            return Ok(format!("stage {stage}"));
        }
        Ok(format!("stage {stage} ({prefix} in {})", self.region))
    }

    /// The same, for a program.
    pub(crate) fn secrets_value(&self, kind: SecretKind) -> Result<Value, Failure> {
        let stage = self.stage_or_unnamed();
        Ok(json!({ "stage": stage, "region": self.region, "secrets": self.prefix(kind)? }))
    }

    pub(crate) fn table(&self) -> Result<&str, Failure> {
        let unnamed = || {
            Failure::Input(
                "name the table: --table or TABLE_NAME; it is the stack's output TableName".to_owned(),
            )
        };
        self.table.as_deref().ok_or_else(unnamed)
    }

    /// The journal's table, unless an argument names it.
    pub(crate) fn journal_table(&self, argument: Option<&str>) -> Result<String, Failure> {
        argument.map(str::to_owned).or_else(|| self.journal.clone()).ok_or_else(|| {
            Failure::Input(
                "name the journal: --journal-table or JOURNAL_TABLE_NAME; it is the stack's output \
                 JournalTableName"
                    .to_owned(),
            )
        })
    }

    /// The journal, in this table.
    pub(crate) fn journal_in(&self, table: String) -> JournalConfig {
        JournalConfig { table, retention: self.retention, aws: self.at_aws() }
    }

    /// The gateway's reports, and the journal that they are matched with.
    pub(crate) fn settlement(&self) -> Result<SettlementConfig, Failure> {
        let table = self.settlement.clone().ok_or_else(|| {
            Failure::Input(
                "name the table of settlement: SETTLEMENT_TABLE_NAME; it is the stack's output \
                 SettlementTableName"
                    .to_owned(),
            )
        })?;
        Ok(SettlementConfig { table, journal: self.journal_in(self.journal_table(None)?) })
    }

    /// Who may act for merchants under their own name.
    pub(crate) fn people(&self) -> Result<PeopleConfig, Failure> {
        let table = self.people.clone().ok_or_else(|| {
            Failure::Input(
                "name the table of people: PEOPLE_TABLE_NAME; it is the stack's output PeopleTableName"
                    .to_owned(),
            )
        })?;
        Ok(PeopleConfig { table, audit_kept: self.audit_kept, aws: self.at_aws() })
    }

    /// The same for the functions' adapters.
    pub(crate) fn at_aws(&self) -> AwsSettings {
        AwsSettings {
            region: self.region.clone(),
            dynamodb_url: self.dynamodb_url.clone(),
            secretsmanager_url: self.secretsmanager_url.clone(),
            credentials: self.credentials.clone(),
        }
    }

    /// The table of webhooks' deliveries, unless an argument names it.
    pub(crate) fn webhooks_table(&self, argument: Option<&str>) -> Result<String, Failure> {
        argument.map(str::to_owned).or_else(|| self.webhooks.clone()).ok_or_else(|| {
            Failure::Input(
                "name the table of deliveries: --webhooks-table or WEBHOOKS_TABLE_NAME; it is the stack's output \
                 WebhooksTableName"
                    .to_owned(),
            )
        })
    }

    /// Whether the table with the schemes' bans of cards is known, without which none is obeyed.
    pub(crate) fn must_know_bans(&self) -> Result<(), Failure> {
        let unnamed = || {
            Failure::Input(
                "name the table of attempts: ATTEMPTS_TABLE_NAME; it is the stack's output AttemptsTableName"
                    .to_owned(),
            )
        };
        self.attempts.as_ref().map(|_| ()).ok_or_else(unnamed)
    }

    /// The use cases, as the functions have them.
    pub(crate) fn job(&self) -> Result<Job, Failure> {
        self.job_at(self.prefix(SecretKind::Merchants)?)
    }

    /// The same for a command that reads orders and no merchant.
    pub(crate) fn orders_job(&self) -> Result<Job, Failure> {
        self.job_at(NO_SECRETS)
    }

    fn job_at(&self, merchants_prefix: &str) -> Result<Job, Failure> {
        let job = self.adapters(merchants_prefix)?.job(|_| ());
        job.map_err(|error| Failure::Unavailable(error.to_string()))
    }

    /// The indexes of orders that need attention, and of captures to come.
    pub(crate) fn agenda(&self) -> Result<Arc<dyn Agenda>, Failure> {
        Ok(self.adapters(NO_SECRETS)?.agenda())
    }

    /// The index of orders by when they were created, by which a payment's order is found.
    pub(crate) fn order_index(&self) -> Result<Arc<dyn OrderIndex>, Failure> {
        Ok(self.adapters(NO_SECRETS)?.order_index())
    }

    /// The digests of the texts that merchants have payments found by.
    pub(crate) fn search_keys(&self) -> Result<Arc<dyn SearchKeys>, Failure> {
        Ok(self.adapters(self.prefix(SecretKind::Merchants)?)?.search_keys())
    }

    /// Those of stored cards.
    pub(crate) fn stored_cards(&self) -> Result<PaymentMethods, Failure> {
        let ports = self.adapters(self.prefix(SecretKind::Merchants)?)?.stored_cards();
        ports.map(|ports| ports.methods).map_err(|error| Failure::Unavailable(error.to_string()))
    }

    fn adapters(&self, merchants_prefix: &str) -> Result<Adapters, Failure> {
        let config = Config {
            table: self.table()?.to_owned(),
            // Only a new authorization needs it.
            attempts_table: self.attempts.clone().unwrap_or_default(),
            // Nor does any verify a token.
            front: Front::default(),
            kid_key: KidKey::default(),
            captures: CAPTURES,
            inquiries: ReconcileLimits { shards: 1, ..ReconcileLimits::default() },
            payments_stopped: false,
            reads: READS,
            // Nor does a person call.
            people: None,
            merchants: MerchantSettings { prefix: merchants_prefix.to_owned(), hosts: self.hosts.clone() },
            aws: self.at_aws(),
        };
        Ok(Adapters::new(config, Arc::clone(&self.clock), aws_http_client()?))
    }
}

/// The HTTP client that every call to AWS goes through.
pub(crate) fn aws_http_client() -> Result<SharedHttpClient, Failure> {
    lambda::aws_http_client().map_err(|error| Failure::Unavailable(error.to_string()))
}

/// A list of hosts, from the place of this name.
fn listed(place: &str, hosts: &str) -> Result<AllowedHosts, Failure> {
    hosts.parse().map_err(|error| Failure::Input(format!("{place}: {error}")))
}

/// A local stack's clock, which can be ahead of the machine's.
struct Shifted(SignedDuration);

impl Clock for Shifted {
    fn now(&self) -> Timestamp {
        Timestamp::now().checked_add(self.0).unwrap_or(Timestamp::MAX)
    }

    fn new_id(&self) -> Uuid {
        Uuid::new_v4()
    }
}

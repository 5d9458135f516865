//! Start-up shared by every function: the only place that names adapters.

#[macro_use]
mod aws;
mod connections;
mod event;
mod people;
mod settlement;
mod streams;
mod variable;
mod webhooks;

use std::sync::{Arc, OnceLock};

use aws_sdk_dynamodb::config::SharedHttpClient;
use lambda_http::{
    Adapter, Body, Error, Request, Response, request::LambdaRequest, service_fn, tower::ServiceExt as _,
};
use lambda_runtime::LambdaEvent;
use serde::{Serialize, de::DeserializeOwned};
use tollgate_core::{
    journal::{Agenda, Retention, SearchKeys},
    order::MerchantId,
    payments::{
        CAPTURE_SHARDS_MAX, CaptureSettings, Deadline, GatewayInfo, IN_DOUBT_SHARDS_MAX, KnownDisputes,
        OrderIndex, Payments, Shards, reconcile::ReconcileLimits, trail,
    },
    settlement::{DepositDisputes, RecordedBatches},
    stored_cards::PaymentMethods,
    values::{Clock, SystemClock},
};

pub use aws::{AWS_ATTEMPTS, AwsSettings, Credentials, aws_http_client, limits as aws_limits};
pub use connections::Opening;
pub use event::RequestEvent;
pub use people::{AUDIT_DAYS, PeopleConfig, SignInConfig};
pub use settlement::{SettlementConfig, start_settlement};
pub use streams::{JournalConfig, run_journal, run_stream, start_totals};
pub use variable::{WrongVariable, needed, optional};
pub use webhooks::{WebhooksConfig, run_webhooks};

use crate::{
    abuse::{Abuse, Limit, READS},
    access::{Access, PeopleNow},
    access_token::KidKey,
    cardpointe::{self, CardPointe},
    dynamodb::{
        orders::{
            DynamoDbStore, attempts::DynamoDbAttempts, card_notes::DynamoDbCardNotes, switch::DynamoDbSwitch,
        },
        settlement::{DynamoDbSettlement, LeftToReconcile},
    },
    elastic_path_client::ElasticPathClient,
    invocation,
    ports::{
        Api, Checkout, Confirm, Job, JournalTotals, Orders, Personnel, StopSwitch, StoredCards, Tokens,
        Transactions,
    },
    secrets_manager::{MerchantSettings, SecretKind, SecretsManagerMerchants},
    source::Front,
    telemetry::{self, Measured},
};
use variable::{needed_as, optional_number};

/// The gateway that payments are made through, as far as known without a call.
pub const GATEWAY: &dyn GatewayInfo = &cardpointe::Info;

/// A function's configuration; in Lambda it comes from the environment.
#[derive(Clone, Debug)]
pub struct Config {
    /// The DynamoDB table of orders and customers (`TABLE_NAME`).
    pub table: String,
    /// DynamoDB table of shoppers' attempts (`ATTEMPTS_TABLE_NAME`).
    pub attempts_table: String,
    /// The front that requests have to come through, if any (`FRONT_SECRET_DIGESTS`).
    pub front: Front,
    /// The key of the MACs in tokens' `kid` (`TOKEN_KID_KEY`).
    pub kid_key: KidKey,
    /// Where merchants are read, and which gateways are accepted.
    pub merchants: MerchantSettings,
    /// How scheduled captures run (`CAPTURE_SHARDS`, 1 to 256; `CAPTURE_CONCURRENCY`).
    pub captures: CaptureSettings,
    /// How much one run of the inquiries may do (`INQUIRY_CONCURRENCY`, `INQUIRIES_PER_MERCHANT`),
    /// and the partitions of its index (`IN_DOUBT_SHARDS`, 1 to 256).
    pub inquiries: ReconcileLimits,
    /// Whether the deployment's parameter stops payments (`PAYMENTS`).
    pub payments_stopped: bool,
    /// Where people are kept who act under their own name; none where they may do nothing.
    pub people: Option<PeopleConfig>,
    /// How many lists of a merchant a process reads.
    pub reads: Limit,
    /// Where the tables and secrets are.
    pub aws: AwsSettings,
}

/// Refuses a text that is no prefix of this kind of secrets, and so might cover those of the other
/// kind.
fn secrets_prefix(name: &'static str, kind: SecretKind) -> Result<String, WrongVariable> {
    kind.prefix(&needed(name)?).map_err(|reason| WrongVariable::invalid(name, reason))
}

impl Config {
    /// Reads the function's environment, which the template sets.
    pub fn from_env() -> Result<Self, WrongVariable> {
        let usual = ReconcileLimits::default();
        Ok(Self {
            table: needed("TABLE_NAME")?,
            attempts_table: needed("ATTEMPTS_TABLE_NAME")?,
            front: front()?,
            kid_key: needed_as("TOKEN_KID_KEY")?,
            merchants: merchants_from_env()?,
            // Only one function captures by schedule and has a concurrency; all write the index.
            captures: CaptureSettings {
                shards: partitions("CAPTURE_SHARDS", CAPTURE_SHARDS_MAX)?,
                concurrency: optional_number("CAPTURE_CONCURRENCY", 1)?,
            },
            // The same for inquiries.
            inquiries: ReconcileLimits {
                concurrency: optional_number("INQUIRY_CONCURRENCY", usual.concurrency)?,
                per_merchant: optional_number("INQUIRIES_PER_MERCHANT", usual.per_merchant)?,
                shards: partitions("IN_DOUBT_SHARDS", IN_DOUBT_SHARDS_MAX)?,
            },
            payments_stopped: payments_stopped()?,
            reads: READS,
            people: PeopleConfig::from_env()?,
            aws: AwsSettings::from_env()?,
        })
    }
}

/// Where merchants are read, by the function's environment.
fn merchants_from_env() -> Result<MerchantSettings, WrongVariable> {
    let prefix = secrets_prefix("MERCHANTS_PREFIX", SecretKind::Merchants)?;
    let (gateways, shops) = (needed_as("GATEWAY_HOSTS")?, needed_as("ELASTIC_PATH_HOSTS")?);
    Ok(MerchantSettings::new(prefix, gateways, shops))
}

/// A function's adapters, and its handler's ports, made from them. An adapter that only some
/// functions need is made when it is first needed, and once: connections are shared.
pub struct Adapters {
    config: Config,
    clock: Arc<dyn Clock>,
    http_client: SharedHttpClient,
    merchants: Arc<SecretsManagerMerchants>,
    abuse: Arc<Abuse>,
    people: Option<Arc<PeopleNow>>,
    tables: OnceLock<Tables>,
    gateway: OnceLock<Arc<CardPointe>>,
    shop_orders: Arc<ElasticPathClient>,
}

/// The adapters of the orders' table, and of the attempts beside it, over one client.
struct Tables {
    store: Arc<DynamoDbStore>,
    switch: Arc<DynamoDbSwitch>,
    attempts: Arc<DynamoDbAttempts>,
    card_notes: Arc<DynamoDbCardNotes>,
}

impl Adapters {
    /// Over this HTTP client to AWS. Nothing is called yet.
    pub fn new(config: Config, clock: Arc<dyn Clock>, http_client: SharedHttpClient) -> Self {
        let reads = config.reads;
        let client = config.aws.secrets_manager(&http_client);
        let merchants =
            SecretsManagerMerchants::new(client, config.merchants.clone(), GATEWAY, clock.clone());
        let people = config.people.clone().map(|people| {
            let http_client = http_client.clone();
            Arc::new(PeopleNow::new(move || people.store(&http_client), clock.clone()))
        });
        Self {
            config,
            shop_orders: Arc::new(ElasticPathClient::new(clock.clone())),
            clock,
            http_client,
            people,
            merchants: Arc::new(merchants),
            abuse: Arc::new(Abuse::new(reads)),
            tables: OnceLock::new(),
            gateway: OnceLock::new(),
        }
    }

    fn tables(&self) -> &Tables {
        self.tables.get_or_init(|| {
            let (config, clock) = (&self.config, self.clock.clone());
            let client = config.aws.dynamodb(&self.http_client);
            let shards = Shards { in_doubt: config.inquiries.shards, captures: config.captures.shards };
            let (table, attempts, stopped) =
                (config.table.clone(), config.attempts_table.clone(), config.payments_stopped);
            Tables {
                switch: Arc::new(DynamoDbSwitch::new(client.clone(), table.clone(), clock, stopped)),
                card_notes: Arc::new(DynamoDbCardNotes::new(client.clone(), attempts.clone())),
                attempts: Arc::new(DynamoDbAttempts::new(client.clone(), attempts)),
                store: Arc::new(DynamoDbStore::new(client, table, shards)),
            }
        })
    }

    fn gateway(&self) -> Result<Arc<CardPointe>, Error> {
        if let Some(gateway) = self.gateway.get() {
            return Ok(gateway.clone());
        }
        let gateway = Arc::new(CardPointe::new(self.clock.clone())?);
        Ok(self.gateway.get_or_init(|| gateway).clone())
    }

    fn payments(&self) -> Result<Payments, Error> {
        let store = self.tables().store.clone();
        let known_disputes = Some(Arc::new(LeftToReconcile) as Arc<dyn KnownDisputes>);
        let (gateway, clock) = (self.gateway()?, self.clock.clone());
        let (card_notes, shop_orders) = (self.tables().card_notes.clone(), self.shop_orders.clone());
        Ok(Payments { store, gateway, clock, known_disputes, card_notes, shop_orders })
    }

    fn methods(&self) -> Result<PaymentMethods, Error> {
        let gateway = self.gateway()?;
        Ok(PaymentMethods {
            customers: self.tables().store.clone(),
            gateway: gateway.clone(),
            profiles: gateway,
            clock: self.clock.clone(),
            card_notes: self.tables().card_notes.clone(),
        })
    }

    /// Credentials, tokens and time, by which every function lets callers in. People do not pay, so
    /// those that take payments let in keys and shoppers alone.
    fn access(&self) -> Access {
        Access {
            merchants: self.merchants.clone(),
            clock: self.clock.clone(),
            abuse: self.abuse.clone(),
            front: self.config.front,
            kid_key: self.config.kid_key.clone(),
            people: None,
        }
    }

    /// The same for people's requests, too.
    pub fn access_of_people(&self) -> Access {
        Access { people: self.people.clone(), ..self.access() }
    }

    /// For requests for access tokens.
    pub fn tokens(&self, sign_in: Option<&SignInConfig>) -> Result<Tokens, Error> {
        let sign_in = sign_in.map(|config| config.sign_in(&self.http_client, &self.clock)).transpose()?;
        Ok(Tokens { access: self.access(), sign_in })
    }

    /// For requests about payments.
    pub fn api(&self) -> Result<Api, Error> {
        self.api_with(self.access_of_people())
    }

    fn api_with(&self, access: Access) -> Result<Api, Error> {
        Ok(Api { access, switch: self.tables().switch.clone(), payments: self.payments()? })
    }

    /// For requests about orders, which may read the settlement's table.
    pub fn orders(&self, settlement_table: String) -> Result<Orders, Error> {
        let Tables { attempts, store, .. } = self.tables();
        let lines = self.settlement(settlement_table);
        let batches = Arc::new(RecordedBatches { lines: lines.clone(), progress: lines });
        Ok(Orders { api: self.api()?, attempts: attempts.clone(), index: store.clone(), batches })
    }

    fn settlement(&self, table: String) -> Arc<DynamoDbSettlement> {
        let client = self.config.aws.dynamodb(&self.http_client);
        Arc::new(DynamoDbSettlement::new(client, table, Retention::default()))
    }

    /// For requests that learn an outcome.
    pub fn confirm(&self) -> Result<Confirm, Error> {
        Ok(Confirm { api: self.api()?, methods: self.methods()? })
    }

    /// For requests that pay.
    pub fn checkout(&self) -> Result<Checkout, Error> {
        let attempts = self.tables().attempts.clone();
        Ok(Checkout {
            api: self.api_with(self.access())?,
            methods: self.methods()?,
            attempts,
            surcharges: self.gateway()?,
        })
    }

    /// For requests about stored cards.
    pub fn stored_cards(&self) -> Result<StoredCards, Error> {
        let (switch, attempts) = (self.tables().switch.clone(), self.tables().attempts.clone());
        Ok(StoredCards { access: self.access_of_people(), switch, methods: self.methods()?, attempts })
    }

    /// For who stopped a merchant's payments, and for stopping them.
    pub fn stop_switch(&self) -> StopSwitch {
        let switch = self.tables().switch.clone();
        StopSwitch { access: self.access_of_people(), switches: switch.clone(), switch }
    }

    /// For a merchant's people, and their actions.
    pub fn personnel(&self, people: &PeopleConfig) -> Personnel {
        Personnel { access: self.access_of_people(), stores: people.stores(&self.http_client) }
    }

    /// The indexes of orders that need attention, and of captures to come.
    pub fn agenda(&self) -> Arc<dyn Agenda> {
        self.tables().store.clone()
    }

    /// The keys in place of the texts by which merchants have payments found.
    pub fn search_keys(&self) -> Arc<dyn SearchKeys> {
        self.merchants.clone()
    }

    /// The index of orders by when they were created.
    pub fn order_index(&self) -> Arc<dyn OrderIndex> {
        self.tables().store.clone()
    }

    /// For lists and totals, from the journal, and for the records of settlement.
    pub fn transactions(&self, settlement: &SettlementConfig) -> Transactions {
        let JournalTotals { log, totals, .. } =
            settlement.journal.totals(None, &self.clock, &self.http_client);
        Transactions {
            access: self.access_of_people(),
            orders: self.tables().store.clone(),
            agenda: self.agenda(),
            switch: self.tables().switch.clone(),
            index: self.order_index(),
            log,
            totals,
            settlement: settlement.stores(&self.http_client),
            gateway: GATEWAY,
        }
    }

    /// For a job that acts on payments without a caller's request, with the settings that it needs.
    pub fn job<S>(&self, settings: impl FnOnce(&Config) -> S) -> Result<Job<S>, Error> {
        let (switch, settings) = (self.tables().switch.clone(), settings(&self.config));
        Ok(Job { payments: self.payments()?, merchants: self.merchants.clone(), switch, settings })
    }

    /// For the job that finds out the outcome of everything in doubt and may read the settlement's
    /// table.
    pub fn inquiries(&self, settlement_table: String) -> Result<Job<ReconcileLimits>, Error> {
        let known = DepositDisputes(self.settlement(settlement_table));
        let job = self.job(|config| config.inquiries)?;
        let payments = Payments { known_disputes: Some(Arc::new(known)), ..job.payments };
        Ok(Job { payments, ..job })
    }
}

/// Begins every function's start: logs, TLS, and the HTTP client to AWS.
pub fn begin() -> Result<SharedHttpClient, Error> {
    telemetry::init();
    install_tls();
    aws_http_client()
}

/// A function's adapters from its environment, with the connections open that its first request
/// needs.
pub async fn start(opening: Opening) -> Result<Adapters, Error> {
    let http_client = begin()?;
    let adapters = Adapters::new(Config::from_env()?, Arc::new(SystemClock), http_client);
    connections::open(&adapters, opening, &known_merchants()).await?;
    Ok(adapters)
}

/// Runs one function's handler in the Lambda runtime until the platform stops it.
pub async fn run<P, H, F>(ports: P, handler: H) -> Result<(), Error>
where
    P: Send + Sync,
    H: Fn(Arc<P>, Request) -> F + Sync,
    F: Future<Output = Response<Body>> + Send,
{
    let (ports, handler) = (Arc::new(ports), &handler);
    let adapter = Adapter::from(service_fn(move |request: Request| {
        let ports = ports.clone();
        async move {
            let response = handler(ports, request).await;
            Ok::<_, Error>(response)
        }
    }));
    let read = |event: LambdaEvent<RequestEvent>| {
        LambdaEvent::new(LambdaRequest::from(event.payload), event.context)
    };
    lambda_runtime::run(adapter.map_request(read)).await
}

/// Runs one function that a schedule invokes, in the Lambda runtime until the platform stops it.
/// The handler's return value is the invocation's result, and its figures become metrics.
pub async fn run_scheduled<P, H, F, E, R>(ports: P, handler: H) -> Result<(), Error>
where
    P: Send + Sync,
    H: Fn(Arc<P>, E, Deadline) -> F + Sync,
    F: Future<Output = R> + Send,
    E: DeserializeOwned + Send + 'static,
    R: Measured + Serialize + Send,
{
    let (ports, handler) = (Arc::new(ports), &handler);
    lambda_runtime::run(lambda_runtime::service_fn(move |event: LambdaEvent<E>| {
        let ports = ports.clone();
        async move {
            let deadline = invocation::deadline_of(&event.context, SystemClock.now());
            let (report, trail) = trail::follow(handler(ports, event.payload, deadline)).await;
            telemetry::emit(&report, SystemClock.now());
            telemetry::emit(&trail, SystemClock.now());
            Ok::<_, Error>(report)
        }
    }))
    .await
}

/// Merchants that are read before the first request: `KNOWN_MERCHANTS`, ids separated by commas.
fn known_merchants() -> Vec<MerchantId> {
    let ids = std::env::var("KNOWN_MERCHANTS").unwrap_or_default();
    ids.split(',').filter_map(|id| id.parse().ok()).collect()
}

/// The front that requests have to come through (`FRONT_SECRET_DIGESTS`), if any.
pub fn front() -> Result<Front, WrongVariable> {
    let digests = optional("FRONT_SECRET_DIGESTS").unwrap_or_default();
    digests.parse().map_err(|reason| WrongVariable::invalid("FRONT_SECRET_DIGESTS", reason))
}

/// A word with a mistake must not let payments go on.
fn payments_stopped() -> Result<bool, WrongVariable> {
    match needed("PAYMENTS")?.as_str() {
        "enabled" => Ok(false),
        "stopped" => Ok(true),
        _ => Err(WrongVariable::new("PAYMENTS", "must be enabled or stopped")),
    }
}

/// A number of partitions: 1 to `max`.
fn partitions(name: &'static str, max: u16) -> Result<u16, WrongVariable> {
    let shards = needed(name)?.parse().ok().filter(|shards| (1..=max).contains(shards));
    shards.ok_or_else(|| WrongVariable::new(name, format!("must be 1 to {max}")))
}

/// One cryptography library for every TLS connection of the process.
pub fn install_tls() {
    // Fails only when the process has one already.
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        tracing::debug!("a TLS provider was installed before");
    }
}

#[cfg(test)]
mod tests;

//! One local stack: starts the parts in order, holds them together, stops them.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::{Arc, RwLock},
    time::Duration,
};

use axum::{Router, http::Uri};
use cardpointe_simulator::Server;
use lambda_http::{Body, Response};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};
use tollgate::{clock::Clock, lambda::App, scheduled_capture::Settings};

use crate::{
    api_gateway,
    clock::LocalClock,
    control,
    dynamodb::{self, Tables},
    forward::forward,
    functions::{self, Functions, Handler, InvokeError},
    merchants,
    permissions::{ByFunction, Permissions},
    samples,
    secrets_manager::{self, Secrets},
    template::{self, Deployment, Schedule, TemplateError},
};

mod app;

pub use app::app;
use app::guarded_app;

/// The table's name; the template leaves it to the deployment.
pub const TABLE_NAME: &str = "tollgate-local";

/// The name of the table of shoppers' attempts.
pub const ATTEMPTS_TABLE_NAME: &str = "tollgate-local-attempts";

/// The region that the clients are told; nothing here depends on it.
pub const REGION: &str = "us-east-1";

/// How long `stop` waits for a server whose client holds a connection open.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

/// What a stack is started with. The default is what tests want: free ports, everything in memory, no samples.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The API's port; the simulator, DynamoDB and Secrets Manager take the next three. `None`: any free ones.
    pub port: Option<u16>,
    /// Where DynamoDB keeps its data. `None`: in memory.
    pub data: Option<PathBuf>,
    /// A DynamoDB that already runs, instead of our own.
    pub dynamodb_url: Option<String>,
    /// A Secrets Manager that already runs, instead of our own.
    pub secretsmanager_url: Option<String>,
    /// Where containers reach this machine. The simulator, DynamoDB and Secrets Manager answer there too, and the gateway
    /// is called `localhost`, which a container can be told to find there.
    pub containers: Option<IpAddr>,
    /// Fill an empty table with the sample orders that `events/` speaks of.
    pub samples: bool,
    /// The simulator's settings.
    pub simulator: cardpointe_simulator::Config,
    /// Changes to the merchants' documents: merchant id → JSON merge patch. An unknown id is a new merchant, made from
    /// the first built-in one. A stack's own gateway address is filled in.
    pub merchants: BTreeMap<String, Value>,
    /// Handlers in place of a function's own, by the binary's name.
    pub handlers: Vec<(&'static str, Handler)>,
    /// Actions that a function may not perform although its policy allows them: function and action, such as
    /// `dynamodb:GetItem`.
    pub withdrawn: Vec<(&'static str, &'static str)>,
    /// Run the schedules. Tests leave them out and invoke what they need, when they need it.
    pub schedules: bool,
    /// In place of the template's.
    pub function_timeout: Option<Duration>,
    /// How scheduled captures run, in place of what the template says.
    pub captures: Option<Settings>,
}

/// Why a stack did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A port cannot be had.
    #[error("port {port}, for {service}, cannot be opened: {reason}. Choose another with --port")]
    Port {
        /// The port.
        port: u16,
        /// What it is for.
        service: &'static str,
        /// The system's words.
        reason: std::io::Error,
    },
    /// The address for containers cannot be used.
    #[error("{address}:{port}, where containers are to reach {service}, cannot be opened: {reason}")]
    Containers {
        /// The address.
        address: IpAddr,
        /// The port.
        port: u16,
        /// What it is for.
        service: &'static str,
        /// The system's words.
        reason: std::io::Error,
    },
    /// The data directory cannot be used.
    #[error("the database in {} cannot be opened: {reason}", .path.display())]
    Data {
        /// The directory.
        path: PathBuf,
        /// What went wrong.
        reason: String,
    },
    /// The table is not to be had.
    #[error("DynamoDB at {url} cannot be used: {reason}")]
    DynamoDb {
        /// Its address.
        url: String,
        /// What went wrong.
        reason: String,
    },
    /// The template does not fit.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// The functions' clients cannot be built.
    #[error("the functions cannot start: {0}")]
    App(String),
    /// A sample payment was not answered as expected.
    #[error("the sample orders cannot be made: {0}. Leave them out with --no-samples")]
    Samples(String),
}

/// A running stack. Dropping it stops its servers; [`Stack::stop`] also waits for them.
pub struct Stack {
    shared: Arc<Shared>,
    simulator: Arc<Server>,
    stop: watch::Sender<bool>,
    servers: Vec<JoinHandle<()>>,
}

/// What the control endpoints and the stack's owner both use.
pub(crate) struct Shared {
    pub(crate) url: String,
    pub(crate) dynamodb_url: String,
    pub(crate) secretsmanager_url: String,
    pub(crate) simulator: Arc<Server>,
    pub(crate) secrets: Arc<Secrets>,
    pub(crate) clock: Arc<LocalClock>,
    pub(crate) functions: Arc<Functions>,
    pub(crate) permissions: Arc<Permissions>,
    pub(crate) samples: usize,
}

impl Shared {
    pub(crate) fn advance_clock(&self, seconds: i64) {
        self.clock.advance(seconds);
        self.simulator.advance_clock(seconds);
    }
}

impl Stack {
    /// Starts everything, and returns when the API answers.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        let deployment = template::parse(template::TEMPLATE)?;
        let permissions = Arc::new(Permissions::new(deployment.permissions, &options.withdrawn));
        let Deployment { routes, schedules, table, attempts, function_timeout, timeouts, captures, .. } =
            deployment;
        let captures = options.captures.unwrap_or(captures);
        let (stop, stopped) = watch::channel(false);
        let mut servers = Vec::new();

        // All ports first: a clash is reported before anything has happened.
        let (api, url) = listen(options.port, 0, "the API").await?;
        let (gateway, _) = listen(options.port, 1, "the CardPointe simulator").await?;

        let dynamodb_url = if let Some(url) = options.dynamodb_url.clone() {
            url
        } else {
            let (listener, url) = listen(options.port, 2, "DynamoDB").await?;
            let path = options.data.clone().unwrap_or_default();
            let database = dynamodb::open(options.data.as_deref())
                .map_err(|reason| StartError::Data { path, reason })?;
            servers.push(dynamodb::serve(listener, database, until(stopped.clone())));
            url
        };

        let secrets = Arc::new(Secrets::default());
        let secretsmanager_url = if let Some(url) = options.secretsmanager_url.clone() {
            url
        } else {
            let (listener, url) = listen(options.port, 3, "Secrets Manager").await?;
            servers.push(serve(listener, secrets_manager::router(Arc::clone(&secrets)), stopped.clone()));
            url
        };
        tracing::info!(url = secretsmanager_url, "Secrets Manager is ready");

        let simulator = Arc::new(Server::start(gateway, options.simulator.clone()));
        tracing::info!(url = simulator.base_url(), "the CardPointe simulator is ready");
        let mut gateway_url = simulator.base_url();
        if let Some(address) = options.containers {
            gateway_url = gateway_url.replace("127.0.0.1", "localhost");
            let ours = [
                (Some(simulator.base_url()), "the CardPointe simulator"),
                (options.dynamodb_url.is_none().then(|| dynamodb_url.clone()), "DynamoDB"),
                (options.secretsmanager_url.is_none().then(|| secretsmanager_url.clone()), "Secrets Manager"),
            ];
            // A container engine that runs a machine of its own forwards to loopback by itself.
            let ours = ours.into_iter().filter(|_| !address.is_loopback());
            for (url, service) in ours {
                let port = url.and_then(|url| url.parse::<Uri>().ok()?.port_u16());
                if let Some(port) = port {
                    servers.push(forward(address, port, service, stopped.clone()).await?);
                }
            }
            tracing::info!(%address, "containers are let in");
        }
        for (merchant, document) in merchants::documents(&gateway_url, &options.merchants) {
            secrets.put(&merchants::secret_name(&merchant), document);
        }

        let tables = Tables::new(&dynamodb_url);
        let failed = |reason| StartError::DynamoDb { url: dynamodb_url.clone(), reason };
        let is_new = tables.ensure(TABLE_NAME, &table).await.map_err(failed)?;
        tables.ensure(ATTEMPTS_TABLE_NAME, &attempts).await.map_err(failed)?;
        tracing::info!(url = dynamodb_url, table = TABLE_NAME, is_new, "DynamoDB is ready");

        let clock = Arc::new(LocalClock::default());
        let any_clock = Arc::clone(&clock) as Arc<dyn Clock>;
        let app =
            guarded_app(&dynamodb_url, &secretsmanager_url, captures, Arc::clone(&any_clock), &permissions)?;
        let mut handlers = functions::TABLE.iter().copied().collect::<BTreeMap<_, _>>();
        handlers.extend(options.handlers.iter().copied());
        let functions = Arc::new(Functions {
            clock: any_clock,
            table: handlers,
            app: RwLock::new(app),
            timeout: options.function_timeout.unwrap_or(function_timeout),
            timeouts: if options.function_timeout.is_some() { BTreeMap::new() } else { timeouts },
            stop: stopped.clone(),
        });

        let mut samples = 0;
        if options.samples && tables.is_empty(TABLE_NAME).await.map_err(failed)? {
            // Not held to any policy: what is missing in one should show in the first request, not here.
            let app = |clock| app::app(&dynamodb_url, &secretsmanager_url, captures, clock);
            samples = samples::make(app, &functions, &simulator).await?;
            tracing::info!(orders = samples, "the sample orders are ready");
        }

        for schedule in schedules.into_iter().filter(|_| options.schedules) {
            servers.push(tokio::spawn(run_schedule(schedule, Arc::clone(&functions), stopped.clone())));
        }

        let shared = Arc::new(Shared {
            url,
            dynamodb_url,
            secretsmanager_url,
            simulator: Arc::clone(&simulator),
            secrets,
            clock,
            functions,
            permissions,
            samples,
        });
        let router =
            api_gateway::router(&routes, &shared.functions).merge(control::router(Arc::clone(&shared)));
        servers.push(serve(api, router, stopped));
        tracing::info!(url = shared.url, "the API is ready");
        Ok(Self { shared, simulator, stop, servers })
    }

    /// Stops the stack and waits until its ports are free and its data is on disk. What still runs in a function is
    /// dropped, as a killed sandbox would be.
    pub async fn stop(mut self) {
        // Nobody listens any more only when all servers have ended already.
        self.stop.send(true).ok();
        for server in self.servers.drain(..) {
            if tokio::time::timeout(STOP_TIMEOUT, server).await.is_err() {
                tracing::warn!("a client keeps its connection open, not waiting for it");
            }
        }
        let Self { shared, simulator, .. } = self;
        drop(shared);
        if let Some(simulator) = Arc::into_inner(simulator) {
            simulator.stop().await;
        }
    }

    /// The API's address.
    pub fn url(&self) -> &str {
        &self.shared.url
    }

    /// DynamoDB's address.
    pub fn dynamodb_url(&self) -> &str {
        &self.shared.dynamodb_url
    }

    /// Secrets Manager's address.
    pub fn secretsmanager_url(&self) -> &str {
        &self.shared.secretsmanager_url
    }

    /// The gateway.
    pub fn simulator(&self) -> &Server {
        &self.simulator
    }

    /// The merchants' documents. What a function has read it may keep; see [`Stack::cold_start`].
    pub fn secrets(&self) -> &Secrets {
        &self.shared.secrets
    }

    /// Tollgate's clock.
    pub fn clock(&self) -> &LocalClock {
        &self.shared.clock
    }

    /// Moves Tollgate's clock and the simulator's together.
    pub fn advance_clock(&self, seconds: i64) {
        self.shared.advance_clock(seconds);
    }

    /// The next invocation of every function finds a fresh process: no cache, no connection.
    pub fn cold_start(&self) -> Result<(), StartError> {
        let clock = Arc::clone(&self.shared.clock) as Arc<dyn Clock>;
        let captures = self.shared.functions.app().captures;
        let app = guarded_app(
            self.dynamodb_url(),
            self.secretsmanager_url(),
            captures,
            clock,
            &self.shared.permissions,
        )?;
        self.shared.functions.cold_start(app);
        Ok(())
    }

    /// Invokes a function as its schedule does, and answers its report.
    pub async fn invoke_scheduled(&self, function: &str) -> Result<Value, InvokeError> {
        self.invoke_scheduled_with(function, &json!({})).await
    }

    /// The same, with an event.
    pub async fn invoke_scheduled_with(&self, function: &str, event: &Value) -> Result<Value, InvokeError> {
        self.shared.functions.invoke_scheduled(function, &event.to_string()).await
    }

    /// What each function has asked AWS for so far. Making the samples does not count.
    pub fn performed(&self) -> ByFunction {
        self.shared.permissions.performed()
    }

    /// How many sample orders were made at the start.
    pub fn samples(&self) -> usize {
        self.shared.samples
    }

    /// What the handlers work with now.
    pub fn app(&self) -> Arc<App> {
        self.shared.functions.app()
    }

    /// What a function finds in its environment when it runs as a process of its own and works on this stack. Its Runtime
    /// API is not part of it.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let captures = self.app().captures;
        vec![
            ("TABLE_NAME", TABLE_NAME.to_owned()),
            ("ATTEMPTS_TABLE_NAME", ATTEMPTS_TABLE_NAME.to_owned()),
            ("MERCHANTS_PREFIX", merchants::PREFIX.to_owned()),
            ("GATEWAY_HOSTS", merchants::GATEWAY_HOSTS.to_owned()),
            ("STALE_PAYMENT_MINUTES", merchants::STALE_PAYMENT_MINUTES.to_string()),
            ("STALE_INQUIRY_MINUTES", merchants::STALE_INQUIRY_MINUTES.to_string()),
            ("CAPTURE_SHARDS", captures.shards.to_string()),
            ("CAPTURE_CONCURRENCY", captures.concurrency.to_string()),
            ("AWS_REGION", REGION.to_owned()),
            ("AWS_ACCESS_KEY_ID", "local".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "local".to_owned()),
            ("AWS_ENDPOINT_URL_DYNAMODB", self.dynamodb_url().to_owned()),
            ("AWS_ENDPOINT_URL_SECRETS_MANAGER", self.secretsmanager_url().to_owned()),
        ]
    }

    /// Invokes a function with an API Gateway event (JSON), past the routes.
    pub async fn invoke(&self, function: &str, event: &str) -> Result<Response<Body>, InvokeError> {
        self.shared.functions.invoke(function, event).await
    }
}

/// Loopback only: what runs here has no protection against a network.
async fn listen(
    first: Option<u16>,
    offset: u16,
    service: &'static str,
) -> Result<(TcpListener, String), StartError> {
    let port = first.map_or(0, |first| first.saturating_add(offset));
    let failed = |reason| StartError::Port { port, service, reason };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, format!("http://{address}")))
}

fn serve(listener: TcpListener, router: Router, stopped: watch::Receiver<bool>) -> JoinHandle<()> {
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, service).with_graceful_shutdown(until(stopped)).await {
            tracing::error!(%error, "a server stopped");
        }
    })
}

/// Invokes a function again and again, on the machine's clock, until the stack stops.
async fn run_schedule(schedule: Schedule, functions: Arc<Functions>, stopped: watch::Receiver<bool>) {
    let mut timer = tokio::time::interval(schedule.every);
    // The first tick is now; nothing can be in doubt for a minute yet.
    timer.tick().await;
    let mut stop = std::pin::pin!(until(stopped));
    loop {
        tokio::select! {
            () = &mut stop => return,
            _ = timer.tick() => {}
        }
        if let Err(error) = functions.invoke_scheduled(&schedule.function, &schedule.event).await {
            tracing::error!(function = schedule.function, %error, "a scheduled invocation failed");
        }
    }
}

/// Resolves when the stack is told to stop, and also when it is dropped.
async fn until(mut stopped: watch::Receiver<bool>) {
    stopped.wait_for(|stopped| *stopped).await.ok();
}

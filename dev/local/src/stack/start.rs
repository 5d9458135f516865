//! A start, step by step.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, OnceLock, RwLock},
    time::Duration,
};

use axum::{
    Router,
    extract::{Request, State},
    http::Uri,
    middleware::{Next, from_fn, from_fn_with_state},
    response::Response,
};
use cardpointe_simulator::{Server, hosts::Hosts};
use elastic_path_fake::{Fake, FakeConfig};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};
use tollgate::{
    abuse::{Limit, READS},
    source::{Front, InvalidFront},
};
use tollgate_core::values::{Clock, SystemClock};

use super::{Options, Stack, StartError, Unattended, app};
use crate::{
    api_gateway::{self, Kind},
    checkout::{self, Shop},
    clock::LocalClock,
    console, control,
    dynamodb::{self, Tables},
    event_bus::{self, Bus},
    forward::forward,
    front::{self, Viewer},
    functions::{self, Consumers, Functions, Ports},
    guard, indent,
    issuer::{self, Issuer},
    merchants,
    month::{self, Month},
    parts::{AppSettings, Parts},
    permissions::Permissions,
    resources::{CONSOLE_SECRET, TABLE_NAME},
    samples::{self, SampleClock},
    secrets_manager::{self, Secrets},
    streams::Stream,
    template::{self, Deployment, Schedule},
};

/// How often the table's stream is looked at.
const STREAM_EVERY: Duration = Duration::from_millis(200);

/// How many ports after the first one the stack's last one is.
const LAST_PORT: u16 = 6;

/// And a front's.
const FRONT_PORT: u16 = 5;

/// And a fake Elastic Path's, which only some stacks have.
const SHOP_PORT: u16 = 7;

/// Where the simulator keeps its payments, in the directory of the table's data.
const GATEWAY_FILE: &str = "cardpointe-simulator.jsonl";

impl Stack {
    /// Starts everything, and returns when the API responds.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        let mut deployment = template::deployed()?;
        deployment.captures = options.captures.unwrap_or(deployment.captures);
        let mut settings = settings(&options, &deployment)?;
        let permissions = Arc::new(Permissions::new(
            std::mem::take(&mut deployment.permissions),
            deployment.partition_keys(),
            &options.withdrawn,
        ));
        let (stop, stopped) = watch::channel(false);
        let mut servers = Servers { stopped, running: Vec::new() };

        // All ports first: a clash is reported before anything has happened.
        let mut opened = OpenPorts::open(&options).await?;
        let console = Port::open(options.port, LAST_PORT, "the console").await?;
        settings.console_url.clone_from(&console.url);
        let front = opened.front.take();
        let hosts = Arc::new(Hosts::new(options.all_hosts()));
        let (services, api) = Services::start(opened, &options, &hosts, &mut servers)?;
        services.admit_containers(&options, &mut servers).await?;
        services.put_merchants(&options);
        settings.directory = options.secretsmanager_url.is_none().then(|| Arc::clone(&services.secrets));
        let tables = services.create_tables(&deployment).await?;

        let viewer = Viewer::default();
        settings.callers_url = match front.zip(options.front_secret.as_deref()) {
            None => api.url.clone(),
            Some((port, secret)) => servers.play_front(port, secret, &api.url, &viewer, &hosts)?,
        };
        let clock = Arc::new(LocalClock::default());
        let issuer = own_issuer(&api.url, &clock, &mut settings)?;
        let guarded = services.guarded_ports(&settings, Arc::clone(&clock) as _, &permissions)?;
        let shared_clock = Arc::clone(&clock) as Arc<dyn Clock>;
        let consumers = app::guarded_consumers(&services.urls(), &shared_clock, &permissions)?;
        let process = Process { ports: guarded, consumers, clock: Arc::clone(&clock) as _ };
        let functions = Arc::new(make_functions(&options, &deployment, process, &servers));
        let client = app::guarded_client(&permissions)?;
        let streams = deployment.streams.iter().map(|(table, consumers)| {
            (table.clone(), Stream::new(&services.dynamodb_url, client.clone(), table, consumers))
        });
        let parts = Arc::new(Parts {
            url: api.url,
            dynamodb_url: services.dynamodb_url.clone(),
            secretsmanager_url: services.secretsmanager_url.clone(),
            simulator: Arc::clone(&services.simulator),
            shop: services.shop.clone(),
            secrets: Arc::clone(&services.secrets),
            clock,
            functions,
            permissions,
            streams: streams.collect(),
            eventbridge_url: services.eventbridge_url.clone(),
            bus: Arc::clone(&services.bus),
            samples: OnceLock::new(),
            settings,
        });
        let [api_gateway, pages] = routers(&deployment, options.throttles, &parts.functions, &hosts);
        let router = router(&parts, api_gateway, issuer.clone(), &hosts)?;
        let (ready, readiness) = watch::channel(false);
        let until_ready = from_fn_with_state(readiness, when_ready);
        let router = router.layer(until_ready.clone()).layer(from_fn(indent::for_curl));
        servers.serve(api.listener, guard::by_host(router, &hosts));
        let pages = console::at_its_address(pages.layer(until_ready), &console.url);
        servers.serve(console.listener, guard::by_host(pages, &hosts));
        if options.samples && services.is_empty(&tables).await? {
            services.fill(&parts, issuer.as_deref(), options.month).await?;
        }
        parts.permissions.begin();
        servers.run(options.unattended, deployment.schedules, &parts);
        ready.send_replace(true);
        tracing::info!(url = parts.url, "the API is ready");
        Ok(Self { parts, simulator: services.simulator, viewer, stop, servers: servers.running })
    }
}

/// The fake Elastic Path on its port, if there is to be one.
fn start_shop(options: &Options) -> Result<Option<Arc<Fake>>, StartError> {
    if !options.elastic_path {
        return Ok(None);
    }
    let service = "the fake Elastic Path";
    let port = match options.port {
        Some(first) => Some(first.checked_add(SHOP_PORT).ok_or(StartError::NoPort { first })?),
        None => None,
    };
    let failed = |reason| StartError::Port { port: port.unwrap_or_default(), service, reason };
    let shop = Fake::start(FakeConfig { port, ..FakeConfig::default() }).map_err(failed)?;
    tracing::info!(url = shop.base_url(), "the fake Elastic Path is ready");
    Ok(Some(Arc::new(shop)))
}

/// The routes of the API and of the console, with or without their shares.
fn routers(
    deployment: &Deployment,
    throttles: bool,
    functions: &Arc<Functions>,
    hosts: &Arc<Hosts>,
) -> [Router; 2] {
    let [of_api, of_console] = deployment.shares.clone().map(|shares| throttles.then_some(shares));
    let kind = Kind::Api(deployment.cors.clone());
    [
        api_gateway::router(&deployment.routes, kind, of_api, functions, hosts),
        api_gateway::router(&deployment.console_routes, Kind::Pages, of_console, functions, hosts),
    ]
}

/// The API's origin: its routes, the stack's controls, the sample shop and the issuer.
fn router(
    parts: &Arc<Parts>,
    api: Router,
    issuer: Option<Arc<Issuer>>,
    hosts: &Arc<Hosts>,
) -> Result<Router, StartError> {
    let tokenizer = origin(&parts.simulator.base_url());
    let sample_shop = Shop::new(&parts.settings.callers_url, &tokenizer)
        .map_err(|error| StartError::App(error.to_string()))?;
    let checkout = guard::by_origin(checkout::router(sample_shop), hosts);
    let issuer = issuer.map_or_else(Router::new, |issuer| issuer::router(issuer, hosts));
    Ok(api.merge(control::router(Arc::clone(parts), hosts)).merge(checkout).merge(issuer))
}

/// The issuer at this address, which the functions are told, unless people sign in elsewhere.
fn own_issuer(
    api_url: &str,
    clock: &Arc<LocalClock>,
    settings: &mut AppSettings,
) -> Result<Option<Arc<Issuer>>, StartError> {
    if settings.issuer.is_some() {
        return Ok(None);
    }
    let issuer = Issuer::new(api_url, Arc::clone(clock) as _);
    let issuer = issuer.ok_or_else(|| StartError::App("the issuer has no key".to_owned()))?;
    settings.issuer = issuer.url().parse().ok();
    Ok(Some(Arc::new(issuer)))
}

fn settings(options: &Options, deployment: &Deployment) -> Result<AppSettings, StartError> {
    let digest = options.front_secret.as_deref().map(Front::digest);
    let front = digest.map(|digest| digest.parse()).transpose();
    let front = front.map_err(|error: InvalidFront| StartError::App(error.to_string()))?;
    Ok(AppSettings {
        captures: deployment.captures,
        // One process serves what in a deployment many do.
        reads: if options.throttles { READS } else { Limit { count: u32::MAX, ..READS } },
        payments_stopped: options.payments_stopped,
        front: front.unwrap_or(options.front),
        issuer: options.issuer.clone(),
        // Known once their ports are.
        console_url: String::new(),
        console_merchant: match (options.month, options.samples) {
            (true, _) => Some(merchants::MONTH),
            (false, true) => Some(merchants::REGISTERED),
            (false, false) => None,
        },
        directory: None,
        callers_url: String::new(),
    })
}

/// Has requests wait until the samples are made, except those to the issuer, where people sign in
/// for them.
async fn when_ready(
    State(mut readiness): State<watch::Receiver<bool>>,
    request: Request,
    next: Next,
) -> Response {
    if !request.uri().path().starts_with(issuer::PATH) {
        // A stack that ends meanwhile never gets ready; the request then ends with its server.
        readiness.wait_for(|ready| *ready).await.ok();
    }
    next.run(request).await
}

/// Scheme, host and port of an address.
fn origin(url: &str) -> String {
    url.splitn(4, '/').take(3).collect::<Vec<_>>().join("/")
}

/// The gateway, with its payments beside the table's data.
fn start_simulator(listener: TcpListener, options: &Options) -> Result<Server, StartError> {
    let mut config = options.simulator.clone();
    config.hosts.extend(options.all_hosts());
    config.merchants.push(month::account());
    let Some(directory) = &options.data else { return Ok(Server::start(listener, config)) };
    let path = directory.join(GATEWAY_FILE);
    Server::start_in(listener, config, &path)
        .map_err(|reason| StartError::Data { path, reason: reason.to_string() })
}

/// A port that is open, and its address.
struct Port {
    listener: TcpListener,
    url: String,
}

impl Port {
    /// Loopback only: the services here have no protection against a network.
    async fn open(first: Option<u16>, offset: u16, service: &'static str) -> Result<Self, StartError> {
        let port = first.map_or(0, |first| first.saturating_add(offset));
        let failed = |reason| StartError::Port { port, service, reason };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Self { listener, url: format!("http://{address}") })
    }
}

/// The ports of all services that the stack itself runs.
struct OpenPorts {
    api: Port,
    gateway: Port,
    dynamodb: Option<Port>,
    secretsmanager: Option<Port>,
    eventbridge: Port,
    front: Option<Port>,
}

impl OpenPorts {
    async fn open(options: &Options) -> Result<Self, StartError> {
        if let Some(first) = options.port.filter(|first| first.checked_add(LAST_PORT).is_none()) {
            return Err(StartError::NoPort { first });
        }
        let open = async |offset, service| Port::open(options.port, offset, service).await;
        Ok(Self {
            api: open(0, "the API").await?,
            gateway: open(1, "the CardPointe simulator").await?,
            dynamodb: match options.dynamodb_url {
                None => Some(open(2, "DynamoDB").await?),
                Some(_) => None,
            },
            secretsmanager: match options.secretsmanager_url {
                None => Some(open(3, "Secrets Manager").await?),
                Some(_) => None,
            },
            eventbridge: open(4, "EventBridge").await?,
            front: match options.front_secret {
                Some(_) => Some(open(FRONT_PORT, "the front").await?),
                None => None,
            },
        })
    }
}

/// The servers and tasks that run until the stack stops.
struct Servers {
    stopped: watch::Receiver<bool>,
    running: Vec<JoinHandle<()>>,
}

impl Servers {
    fn serve(&mut self, listener: TcpListener, router: Router) {
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        let stop = until(self.stopped.clone());
        self.running.push(tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, service).with_graceful_shutdown(stop).await {
                tracing::error!(%error, "a server stopped");
            }
        }));
    }

    /// Serves the front of this address, and returns its own.
    fn play_front(
        &mut self,
        port: Port,
        secret: &str,
        origin: &str,
        viewer: &Viewer,
        hosts: &Arc<Hosts>,
    ) -> Result<String, StartError> {
        let router = front::router(front::parse(front::TEMPLATE)?, secret, origin, viewer.clone())?;
        self.serve(port.listener, guard::by_host(router, hosts));
        tracing::info!(url = port.url, "the front is ready");
        Ok(port.url)
    }

    /// Hands streams to their consumers and invokes the functions that have a schedule.
    fn run(&mut self, unattended: Unattended, schedules: Vec<Schedule>, parts: &Arc<Parts>) {
        if unattended == Unattended::Nothing {
            return;
        }
        // Each on its own, so that a receiver that is slow holds up no other function.
        for table in parts.streams.keys() {
            self.run_stream(table.clone(), Arc::clone(parts));
        }
        if unattended == Unattended::StreamsAndSchedules {
            for schedule in schedules {
                self.run_schedule(schedule, Arc::clone(&parts.functions));
            }
        }
    }

    /// Invokes a function again and again, on the machine's clock.
    fn run_schedule(&mut self, schedule: Schedule, functions: Arc<Functions>) {
        let stopped = self.stopped.clone();
        self.running.push(tokio::spawn(async move {
            let mut timer = tokio::time::interval(schedule.every);
            // The first tick is now; nothing can be in doubt for a minute yet.
            timer.tick().await;
            let mut stop = std::pin::pin!(until(stopped));
            loop {
                tokio::select! {
                    () = &mut stop => return,
                    _ = timer.tick() => {}
                }
                if let Err(error) = functions.invoke_with_event(&schedule.function, &schedule.event).await {
                    tracing::error!(function = schedule.function, %error, "a scheduled invocation failed");
                }
            }
        }));
    }
}

impl Servers {
    /// Hands a table's stream to its consumers.
    fn run_stream(&mut self, table: String, parts: Arc<Parts>) {
        let stopped = self.stopped.clone();
        self.running.push(tokio::spawn(async move {
            let mut timer = tokio::time::interval(STREAM_EVERY);
            let mut stop = std::pin::pin!(until(stopped));
            loop {
                tokio::select! {
                    () = &mut stop => return,
                    _ = timer.tick() => {}
                }
                // Failed changes are read again the next time.
                if let Err(error) = parts.deliver(&table, &parts.functions).await {
                    tracing::error!(error, table, "the table's stream cannot be delivered");
                }
            }
        }));
    }
}

/// Resolves when the stack is told to stop, and also when it is dropped.
async fn until(mut stopped: watch::Receiver<bool>) {
    stopped.wait_for(|stopped| *stopped).await.ok();
}

/// The services that the functions call.
struct Services {
    dynamodb_url: String,
    secretsmanager_url: String,
    eventbridge_url: String,
    simulator: Arc<Server>,
    secrets: Arc<Secrets>,
    bus: Arc<Bus>,
    shop: Option<Arc<Fake>>,
}

impl Services {
    /// Starts those that do not run already; the API's port is left.
    fn start(
        ports: OpenPorts,
        options: &Options,
        hosts: &Arc<Hosts>,
        servers: &mut Servers,
    ) -> Result<(Self, Port), StartError> {
        let guarded = |router| guard::by_host(guard::by_origin(router, hosts), hosts);
        let mut dynamodb_url = options.dynamodb_url.clone().unwrap_or_default();
        if let Some(port) = ports.dynamodb {
            let path = options.data.clone().unwrap_or_default();
            let database = dynamodb::open(options.data.as_deref())
                .map_err(|reason| StartError::Data { path, reason })?;
            let stop = until(servers.stopped.clone());
            servers.running.push(dynamodb::serve(port.listener, database, stop));
            dynamodb_url = port.url;
        }
        let secrets = Arc::new(Secrets::default());
        let mut secretsmanager_url = options.secretsmanager_url.clone().unwrap_or_default();
        if let Some(port) = ports.secretsmanager {
            servers.serve(port.listener, guarded(secrets_manager::router(Arc::clone(&secrets))));
            secretsmanager_url = port.url;
        }
        tracing::info!(url = secretsmanager_url, "Secrets Manager is ready");
        let simulator = Arc::new(start_simulator(ports.gateway.listener, options)?);
        tracing::info!(url = simulator.base_url(), "the CardPointe simulator is ready");
        let bus = Arc::new(Bus::default());
        servers.serve(ports.eventbridge.listener, guarded(event_bus::router(Arc::clone(&bus))));
        let eventbridge_url = ports.eventbridge.url;
        let shop = start_shop(options)?;
        let services =
            Self { dynamodb_url, secretsmanager_url, eventbridge_url, simulator, secrets, bus, shop };
        Ok((services, ports.api))
    }

    fn urls(&self) -> app::Urls<'_> {
        app::Urls {
            dynamodb: &self.dynamodb_url,
            secretsmanager: &self.secretsmanager_url,
            eventbridge: &self.eventbridge_url,
        }
    }

    /// Lets containers reach the stack's own services, if there are to be any.
    async fn admit_containers(&self, options: &Options, servers: &mut Servers) -> Result<(), StartError> {
        let Some(address) = options.containers else { return Ok(()) };
        let ours = [
            (Some(self.simulator.base_url()), "the CardPointe simulator"),
            (options.dynamodb_url.is_none().then(|| self.dynamodb_url.clone()), "DynamoDB"),
            (Some(self.eventbridge_url.clone()), "EventBridge"),
            (
                options.secretsmanager_url.is_none().then(|| self.secretsmanager_url.clone()),
                "Secrets Manager",
            ),
        ];
        // A container engine that runs its own machine forwards to loopback anyway.
        let ours = ours.into_iter().filter(|_| !address.is_loopback());
        for (url, service) in ours {
            let Some(port) = url.and_then(|url| url.parse::<Uri>().ok()?.port_u16()) else { continue };
            let forwarding = forward(address, port, servers.stopped.clone()).await;
            let failed = |reason| StartError::Containers { address, port, service, reason };
            servers.running.push(forwarding.map_err(failed)?);
        }
        tracing::info!(%address, "containers are let in");
        Ok(())
    }

    fn put_merchants(&self, options: &Options) {
        self.secrets.put(issuer::CLIENTS_SECRET, issuer::clients_document());
        self.secrets.put(CONSOLE_SECRET, console::secret());
        let mut gateway_url = self.simulator.base_url();
        if options.containers.is_some() {
            gateway_url = gateway_url.replace("127.0.0.1", "localhost");
        }
        for (merchant, document) in merchants::documents(&gateway_url, &options.merchants) {
            self.secrets.put(&merchants::secret_name(&merchant), document);
        }
        if let Some(shop) = &self.shop {
            let keys = FakeConfig::default().clients;
            let mut document = merchants::of_shop(&gateway_url, &shop.base_url(), &keys);
            if let Some(patch) = options.merchants.get(merchants::ELASTIC_PATH) {
                merchants::merge(&mut document, patch);
            }
            self.secrets.put(&merchants::secret_name(merchants::ELASTIC_PATH), document);
        }
    }

    async fn create_tables(&self, deployment: &Deployment) -> Result<Tables, StartError> {
        let tables = Tables::new(&self.dynamodb_url);
        let mut is_new = false;
        for (name, table) in &deployment.tables {
            let ensured = tables.ensure(name, table).await;
            is_new |= ensured.map_err(|reason| self.dynamodb_failed(reason))? && name == TABLE_NAME;
        }
        tracing::info!(url = self.dynamodb_url, table = TABLE_NAME, is_new, "DynamoDB is ready");
        Ok(tables)
    }

    async fn is_empty(&self, tables: &Tables) -> Result<bool, StartError> {
        tables.is_empty(TABLE_NAME).await.map_err(|reason| self.dynamodb_failed(reason))
    }

    fn dynamodb_failed(&self, reason: String) -> StartError {
        StartError::DynamoDb { url: self.dynamodb_url.clone(), reason }
    }

    fn guarded_ports(
        &self,
        settings: &AppSettings,
        clock: Arc<dyn Clock>,
        permissions: &Arc<Permissions>,
    ) -> Result<Arc<Ports>, StartError> {
        app::guarded(&self.urls(), settings, clock, permissions)
    }

    /// Makes the samples: the month before the orders, so that its changes alone are in the stream
    /// by then.
    async fn fill(&self, parts: &Parts, issuer: Option<&Issuer>, month: bool) -> Result<(), StartError> {
        if month {
            self.make_month(parts, issuer).await?;
        }
        let samples = self.make_samples(parts).await?;
        tracing::info!(orders = samples, "the sample orders are ready");
        // Set once, by the only start of a stack.
        parts.samples.get_or_init(|| samples);
        Ok(())
    }

    /// Adds the people of the issuer to a merchant.
    async fn make_people(&self, parts: &Parts, merchant: &str, clock: &dyn Clock) -> Result<(), StartError> {
        let Some(issuer) = &parts.settings.issuer else { return Ok(()) };
        let added = app::add_people(&self.urls(), issuer.as_str(), merchant, clock).await;
        added.map_err(|error| self.dynamodb_failed(error.to_string()))
    }

    /// Functions for samples, past the front. Not held to any policy: a permission missing in one
    /// should show in the first request, not here.
    fn apart(&self, parts: &Parts, clock: Arc<dyn Clock>) -> Result<Functions, StartError> {
        let settings = AppSettings { front: Front::default(), ..parts.settings.clone() };
        let unguarded =
            app::ports(&self.dynamodb_url, &self.secretsmanager_url, &settings, Arc::clone(&clock))?;
        Ok(parts.functions.apart(unguarded, clock))
    }

    /// Makes a month of payments, for which the stack's clocks are moved back.
    async fn make_month(&self, parts: &Parts, issuer: Option<&Issuer>) -> Result<(), StartError> {
        let functions = self.apart(parts, Arc::clone(&parts.clock) as _)?;
        let month = Month::begin(parts, functions, issuer);
        self.make_people(parts, merchants::MONTH, parts.clock.as_ref()).await?;
        if parts.shop.is_some() {
            self.make_people(parts, merchants::ELASTIC_PATH, parts.clock.as_ref()).await?;
        }
        let payments = month.make().await.map_err(StartError::Samples)?;
        // No client followed the bus then, and one that looks for news finds none from a month ago.
        parts.bus.forget();
        tracing::info!(payments, "the sample month is ready");
        Ok(())
    }

    /// Makes the sample orders, and returns how many there are.
    async fn make_samples(&self, parts: &Parts) -> Result<usize, StartError> {
        self.make_people(parts, merchants::REGISTERED, &SystemClock).await?;
        let clock = Arc::new(SampleClock::default());
        let functions = self.apart(parts, Arc::clone(&clock) as _)?;
        let samples = samples::make(functions, &clock, &self.simulator).await;
        samples.map_err(StartError::Samples)
    }
}

/// The parts that the functions' processes hold.
struct Process {
    ports: Arc<Ports>,
    consumers: Consumers,
    clock: Arc<dyn Clock>,
}

fn make_functions(
    options: &Options,
    deployment: &Deployment,
    process: Process,
    servers: &Servers,
) -> Functions {
    let Process { ports, consumers, clock } = process;
    let mut table = functions::TABLE.iter().copied().collect::<BTreeMap<_, _>>();
    table.extend(options.handlers.iter().copied());
    let (timeout, timeouts) = match options.function_timeout {
        Some(timeout) => (timeout, BTreeMap::new()),
        None => (deployment.function_timeout, deployment.timeouts.clone()),
    };
    let (ports, consumers, stop) = (RwLock::new(ports), RwLock::new(consumers), servers.stopped.clone());
    Functions { clock, table, ports, consumers, timeout, timeouts, stop }
}

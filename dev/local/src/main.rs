//! `cargo run`: the local stack from the command line.

use std::{fmt::Display, fs, net::IpAddr, path::PathBuf, process::ExitCode};

use clap::{Args, Parser, Subcommand};
use local::{
    Options, Stack, Unattended,
    load::{Load, fill},
    merchants,
    progress::Progress,
};
use tokio::signal;
use tollgate::openid::IssuerUrl;
use tracing::Level;
use tracing_subscriber::{
    Layer as _, filter::Targets, fmt, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};
use uuid::Uuid;

/// The level that is logged unless `RUST_LOG` says otherwise. Not the libraries: they may quote
/// their requests.
const LOGGED: Level = Level::INFO;
/// The same beside a progress bar, where a line for each payment would bury it.
const LOGGED_WITH_PROGRESS: Level = Level::WARN;

/// Tollgate on this machine: the API, a CardPointe simulator, DynamoDB and Secrets Manager. Needs
/// no account anywhere.
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
#[derive(Parser)]
#[command(name = "local", version)]
struct Arguments {
    /// Port of the API; the next four are those of the simulator, DynamoDB, Secrets Manager and
    /// EventBridge, and the seventh is the console's. 0 takes any free ones
    #[arg(long, default_value_t = 3000, value_parser = clap::value_parser!(u16).range(0..=65528))]
    port: u16,
    /// Keep DynamoDB's data and the simulator's payments in this directory
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Use a DynamoDB that already runs here
    #[arg(long, value_name = "URL", value_parser = http_url)]
    dynamodb_url: Option<String>,
    /// Use a Secrets Manager that already runs here, and the merchants in it
    #[arg(long, value_name = "URL", value_parser = http_url)]
    secretsmanager_url: Option<String>,
    /// Let containers in at this address, for `sam local invoke`: 172.17.0.1 with Docker on Linux,
    /// 127.0.0.1 with Docker Desktop (see events/README.md)
    #[arg(long, value_name = "ADDRESS")]
    containers: Option<IpAddr>,
    /// Another name or address of this machine that requests may be for and pages may come from,
    /// besides localhost and the loopback addresses; may be given several times. Put nothing in
    /// front that lets strangers in
    #[arg(long, value_name = "NAME", value_parser = host)]
    host: Vec<String>,
    /// Start without samples: the orders that events/ speaks of, and the month of payments
    #[arg(long)]
    no_samples: bool,
    /// Start without the month of payments, which takes some seconds
    #[arg(long)]
    no_month: bool,
    /// Run scheduled functions only when they are invoked: POST /_local/invoke/reconcile,
    /// scheduled-capture, totals and so on. With --dynamodb-url, streams are not read, either
    #[arg(long)]
    no_schedules: bool,
    /// Let the simulator return plain JSON, without the random extra members of the real test
    /// gateway
    #[arg(long)]
    quiet_json: bool,
    /// Let all accounts at the simulator behave as the one in this file does, which the conformance
    /// kit wrote
    #[arg(long, value_name = "FILE")]
    gateway_settings: Option<PathBuf>,
    /// Play front.yaml in front of the API, which then refuses requests that do not come through
    /// it. It takes the sixth port
    #[arg(long)]
    front: bool,
    /// Take as many requests a second at each route as template.yaml says, and more get 429
    #[arg(long)]
    throttles: bool,
    /// Start a fake Elastic Path store, where the orders of the merchant 170200127 are. It takes
    /// the eighth port
    #[arg(long)]
    elastic_path: bool,
    /// Let people sign in at this issuer of OpenID Connect in place of the stack's own. It has the
    /// clients `tollgate-console` and `tollgate-cli`
    #[arg(long, value_name = "URL")]
    issuer: Option<IssuerUrl>,
    /// Seed of the values that the simulator makes up
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Start the stack with authorizations that the schedule soon captures, and show how it goes
    LoadCaptures(LoadCaptures),
}

#[derive(Args, Clone, Copy)]
struct LoadCaptures {
    /// How many authorizations to make
    #[arg(long, default_value_t = 1_000)]
    count: usize,
    /// When they are due, counted from when they are all there: 60s, 5m, 1h
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = seconds)]
    due_in: jiff::SignedDuration,
}

impl Arguments {
    fn options(self) -> Result<Options, String> {
        let mut simulator = cardpointe_simulator::Config {
            seed: self.seed,
            quiet_json: self.quiet_json,
            ..cardpointe_simulator::Config::default()
        };
        if let Some(path) = &self.gateway_settings {
            let failed = |error: &dyn Display| format!("{}: {error}", path.display());
            let json = fs::read_to_string(path).map_err(|error| failed(&error))?;
            simulator.behave_alike(&json).map_err(|error| failed(&error))?;
        }
        // Samples need the merchant in our own Secrets Manager; another DynamoDB may be shared with
        // someone.
        let own = self.dynamodb_url.is_none() && self.secretsmanager_url.is_none();
        // Streams of another DynamoDB are only read by a stack that runs everything.
        let unattended = match (self.no_schedules, self.dynamodb_url.is_none()) {
            (false, _) => Unattended::StreamsAndSchedules,
            (true, true) => Unattended::Streams,
            (true, false) => Unattended::Nothing,
        };
        Ok(Options {
            port: (self.port != 0).then_some(self.port),
            data: self.data,
            dynamodb_url: self.dynamodb_url,
            secretsmanager_url: self.secretsmanager_url,
            containers: self.containers,
            hosts: self.host,
            unattended,
            samples: own && !self.no_samples,
            month: !self.no_month && own && !self.no_samples,
            front_secret: self
                .front
                .then(|| format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple())),
            issuer: self.issuer,
            throttles: self.throttles,
            elastic_path: self.elastic_path,
            simulator,
            ..Options::default()
        })
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let logged = if arguments.command.is_some() { LOGGED_WITH_PROGRESS } else { LOGGED };
    let ours = Targets::new().with_targets([("local", logged), ("tollgate", logged)]);
    let chosen = std::env::var("RUST_LOG").ok().and_then(|filter| filter.parse().ok());
    let lines = fmt::layer().with_target(false).with_writer(std::io::stderr);
    tracing_subscriber::registry().with(lines.with_filter(chosen.unwrap_or(ours))).init();
    let load = arguments.command.as_ref().map(|Command::LoadCaptures(load)| *load);
    let result = match arguments.options() {
        Ok(options) => run(options, load).await,
        Err(error) => Err(error.into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: Options, load: Option<LoadCaptures>) -> Result<(), Box<dyn std::error::Error>> {
    let data = options.data.clone();
    if options.month && data.as_deref().is_none_or(local::is_new) {
        println!("{MAKING_MONTH}");
    }
    // Before the stack starts: a Ctrl-C while it boots is not lost.
    let mut terminate = Terminate::new()?;
    let stack = tokio::select! {
        stack = Stack::start(options) => stack?,
        () = terminate.wait() => return Ok(()),
    };
    introduce(&stack);
    if let Some(load) = load {
        tokio::select! {
            result = load_captures(&stack, load) => result?,
            () = terminate.wait() => return Ok(()),
        }
    }
    terminate.wait().await;
    println!("Stopping.");
    stack.stop().await;
    if let Some(data) = data {
        println!("The data is kept in {}.", data.display());
    }
    Ok(())
}

/// Fills the stack, and shows how its schedule works through it.
async fn load_captures(stack: &Stack, load: LoadCaptures) -> Result<(), String> {
    let LoadCaptures { count, due_in } = load;
    let total = u64::try_from(count).unwrap_or(u64::MAX);
    // Far enough ahead that none is captured while the others are being made; moved to its time by
    // the clock.
    let filling = Progress::new("authorizing", total);
    let job = stack.ports().captures.clone();
    let margin = jiff::SignedDuration::from_mins(i64::try_from(count / 3_000).unwrap_or(0) + 1);
    let capture_at = job.payments.clock.now() + due_in + margin;
    let load = Load { count, capture_at, amount: 2599 };
    fill(&job, load, |done| filling.reach(u64::try_from(done).unwrap_or(total))).await?;
    filling.finish();
    let ahead = capture_at.duration_since(job.payments.clock.now() + due_in);
    stack.advance_clock(ahead.as_secs().max(0));
    println!("{count} authorizations are captured in {due_in:#}; the schedule runs every minute.");
    let capturing = Progress::new("captured", total);
    loop {
        tokio::time::sleep(std::time::Duration::from_secs(2)).await;
        let captured = stack.simulator().transactions();
        let captured = captured.iter().filter(|entry| entry["setlstat"] == "Queued for Capture").count();
        capturing.reach(u64::try_from(captured).unwrap_or(total).min(total));
        if captured >= count {
            capturing.finish();
            break;
        }
    }
    println!("All of them are captured.");
    Ok(())
}

/// Said while requests wait for the month.
const MAKING_MONTH: &str = "Making a month of sample payments, which takes up to half a minute \u{2026}";

/// The pages to open, the address of the credentials, and a first call; `/_local` has all other
/// addresses. Scripts take the API's address from the line that begins with `API`.
fn introduce(stack: &Stack) {
    let (url, callers) = (stack.url(), stack.callers_url());
    let simulator = stack.simulator().control_url();
    let sign_in = stack.issuer().unwrap_or("none");
    println!("Shop         {url}/checkout");
    let of_shop = stack.elastic_path().map(|_| merchants::ELASTIC_PATH);
    let all: Vec<&str> = merchants::ALL.into_iter().chain(of_shop).collect();
    println!("Console      {}  merchants {}", stack.console_url(), all.join(", "));
    println!("API          {url}/docs");
    println!("Simulator    {}", simulator.trim_end_matches("_simulator"));
    if let Some(shop) = stack.elastic_path() {
        println!("Elastic Path {}  merchant {}", shop.base_url(), merchants::ELASTIC_PATH);
    }
    println!("Sign-in      {sign_in}");
    println!("Credentials  {url}/_local");
    println!("First call   {}", first_call(callers));
}

/// A charge of a test card, which needs no token and no order.
fn first_call(url: &str) -> String {
    let charge = serde_json::json!({
        "Authentication": { "Id": merchants::REGISTERED, "Key": merchants::REGISTERED_KEY },
        "Request": {
            "TransactionType": "1",
            "CaptureMethod": "2",
            "Card": { "CardNumber": "4788250000121443", "ExpiryDate": "10/31", "CVV": "112" },
            "BillingAddress": { "Zip": "55555", "Country": "USA" },
            "Amount": "20.50",
            "CurrencyCode": "USD",
            "TransactionReference": "first-1",
        },
    });
    format!(
        "curl -s {url}/api/v1/payments/creditcard/charge -H 'Content-Type: application/json' -d '{charge}'"
    )
}

/// Ctrl-C, or the signal that `kill` sends. Listens from the moment it is made, so that none is
/// lost in between.
struct Terminate {
    #[cfg(unix)]
    signals: [signal::unix::Signal; 2],
}

impl Terminate {
    #[cfg(unix)]
    fn new() -> std::io::Result<Self> {
        use signal::unix::{SignalKind, signal};
        Ok(Self { signals: [signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?] })
    }

    #[cfg(not(unix))]
    fn new() -> std::io::Result<Self> {
        Ok(Self {})
    }

    #[cfg(unix)]
    async fn wait(&mut self) {
        let [interrupt, terminate] = &mut self.signals;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    }

    #[cfg(not(unix))]
    async fn wait(&mut self) {
        signal::ctrl_c().await.ok();
    }
}

fn seconds(text: &str) -> Result<jiff::SignedDuration, String> {
    let duration: jiff::SignedDuration = text.parse().map_err(|_| "expected a time like 60s or 5m")?;
    if duration.is_negative() { Err("expected a time to come".to_owned()) } else { Ok(duration) }
}

/// A name or an address, without a port.
fn host(text: &str) -> Result<String, String> {
    let is_bare = text.parse::<axum::http::uri::Authority>().is_ok_and(|authority| authority.host() == text);
    if is_bare || text.parse::<IpAddr>().is_ok() {
        return Ok(text.to_owned());
    }
    Err("expected a name or an address without a port".to_owned())
}

fn http_url(text: &str) -> Result<String, String> {
    let url = text.parse::<axum::http::Uri>().map_err(|error| error.to_string())?;
    match (url.scheme_str(), url.host()) {
        (Some("http"), Some(_)) => Ok(text.trim_end_matches('/').to_owned()),
        _ => Err("expected an address like http://127.0.0.1:8000".to_owned()),
    }
}

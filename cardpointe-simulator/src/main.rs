//! The simulator as a program.

use std::fmt;
use std::fs;
use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;

use cardpointe_simulator::{Config, Merchant, Server};
use clap::{Parser, Subcommand};
use tokio::net::TcpListener;

mod conformance_command;

/// The name of the state's file in its directory.
const STATE_FILE: &str = "cardpointe-simulator.jsonl";

const EXAMPLES: &str = "\
Examples:
  cardpointe-simulator                          http://127.0.0.1:4001, in memory
  cardpointe-simulator --port 0 --quiet         any free port, no log
  cardpointe-simulator --data ~/.simulator      payments survive a restart
  cardpointe-simulator --merchant 800000009033:RPCT:USD:shop:word
                                                your own account's number beside the public ones
  cardpointe-simulator --rate-limit --timeout-card-delay-ms 32000
                                                as slow and as strict as the test system

Credentials: testing / testing123, merchant account 496160873888.
Status page: http://127.0.0.1:4001/

A sale, a settlement, an inquiry:
  curl -u testing:testing123 -X PUT http://127.0.0.1:4001/cardconnect/rest/auth \\
    -d '{\"merchid\":\"496160873888\",\"account\":\"4788250000121443\",\"expiry\":\"1249\",\
\"amount\":\"12.34\",\"orderid\":\"A-1\",\"capture\":\"Y\"}'
  curl -X POST http://127.0.0.1:4001/_simulator/settle
  curl -u testing:testing123 \\
    http://127.0.0.1:4001/cardconnect/rest/inquireByOrderid/A-1/496160873888/1";

const CONFORMANCE_EXAMPLES: &str = "\
The credentials come from CARDPOINTE_USERNAME and CARDPOINTE_PASSWORD, or from a prompt.
Only published test cards are sent. Without --live, only sandboxes and this machine are allowed.
Exit codes: 0 nothing differs, 1 something differs, 2 not played, 3 a response is missing.

Examples:
  cardpointe-simulator conformance --url https://fts-uat.cardconnect.com --merchid MID \\
    --settings settings.json --fixtures fixtures
  (the same again after a cut; and tomorrow and the day after, for payments that have settled)
  cardpointe-simulator conformance --url … --merchid MID --json > report.json
  cardpointe-simulator conformance --live --url https://SITE.cardconnect.com --merchid MID
  (your own card: its token in CARDPOINTE_TOKEN, MMYY in CARDPOINTE_EXPIRY)";

#[derive(Parser)]
#[command(
    version,
    about = "A fake of the CardPointe gateway, on this machine",
    after_help = EXAMPLES,
    args_conflicts_with_subcommands = true
)]
struct Options {
    /// Where to listen on 127.0.0.1; 0 takes any free port
    #[arg(long, default_value_t = 4001)]
    port: u16,
    /// Seed of everything that looks random
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Respond without random key order and extra keys
    #[arg(long)]
    quiet_json: bool,
    /// No line per request on stderr
    #[arg(long)]
    quiet: bool,
    /// How late timed-out responses are (the real gateway: 32000)
    #[arg(long, default_value_t = 0, value_name = "MS")]
    timeout_card_delay_ms: u64,
    /// Limit inquiries, profiles and reports to 20 per minute, as the test system does
    #[arg(long)]
    rate_limit: bool,
    /// Another name or address of this machine by which the control interface may be called; may be
    /// given several times
    #[arg(long, value_name = "NAME")]
    host: Vec<String>,
    /// A merchant account, MID:PROCESSOR:CURRENCY[:USER:PASSWORD], with FNOR or RPCT for its
    /// processor; may be given several times
    #[arg(long, value_name = "ACCOUNT")]
    merchant: Vec<Merchant>,
    /// How accounts behave: a JSON object with the number of each and an object of its settings
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// Keep records, profiles, tokens and settings in this directory
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Play requests against a sandbox and against this simulator, and print the differences
    #[command(after_help = CONFORMANCE_EXAMPLES)]
    Conformance(conformance_command::ConformanceOptions),
}

#[tokio::main]
async fn main() -> ExitCode {
    let mut options = Options::parse();
    match options.command.take() {
        Some(Command::Conformance(conformance)) => conformance_command::compare(conformance).await,
        None => serve(options).await,
    }
}

/// The configuration that options describe. The error names the file of settings.
fn configured(options: &Options) -> Result<Config, String> {
    let mut config = Config {
        seed: options.seed,
        quiet_json: options.quiet_json,
        timeout_card_delay_ms: options.timeout_card_delay_ms,
        rate_limit: options.rate_limit,
        hosts: options.host.clone(),
        log: !options.quiet,
        ..Config::default()
    };
    for merchant in &options.merchant {
        config.put_merchant(merchant.clone());
    }
    if let Some(path) = &options.settings {
        let failed = |error: &dyn fmt::Display| format!("{}: {error}", path.display());
        let json = fs::read_to_string(path).map_err(|error| failed(&error))?;
        config.change_settings(&json).map_err(|error| failed(&error))?;
    }
    Ok(config)
}

async fn serve(options: Options) -> ExitCode {
    let config = match configured(&options) {
        Ok(config) => config,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::from(2);
        }
    };
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, options.port));
    let listener = match TcpListener::bind(address).await {
        Ok(listener) => listener,
        Err(error) => {
            eprintln!("Cannot listen on {address}: {error}. Another port: --port N, or 0 for any free one.");
            return ExitCode::FAILURE;
        }
    };
    let started = match &options.data {
        None => Ok(Server::start(listener, config)),
        Some(directory) => Server::start_in(listener, config, &directory.join(STATE_FILE)),
    };
    let server = match started {
        Ok(server) => server,
        Err(error) => {
            eprintln!("Cannot take up the state. {error}");
            return ExitCode::FAILURE;
        }
    };
    let addresses = format!(
        "CardPointe simulator: {}\nStatus page: {}/\nControl: {}\nTry: {}\n",
        server.base_url(),
        server.base_url().trim_end_matches("/cardconnect/rest"),
        server.control_url(),
        example(&server)
    );
    // `println!` would panic when nothing reads it any more, and end a gateway that runs.
    drop(io::stdout().write_all(addresses.as_bytes()));
    if let Err(error) = tokio::signal::ctrl_c().await {
        eprintln!("Cannot wait for Ctrl-C: {error}");
        return ExitCode::FAILURE;
    }
    server.stop().await;
    ExitCode::SUCCESS
}

fn example(server: &Server) -> String {
    let body = format!(
        r#"{{"merchid":"{}","account":"4788250000121443","expiry":"1249","cvv2":"123","amount":"12.34"}}"#,
        Config::DEFAULT_MID
    );
    format!(
        "curl -u testing:testing123 -X PUT {}/auth -H 'Content-Type: application/json' -d '{body}'",
        server.base_url()
    )
}

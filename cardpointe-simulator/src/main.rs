//! The simulator as a program.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;

use cardpointe_simulator::{Config, Server};
use clap::Parser;
use tokio::net::TcpListener;

/// The command line.
#[derive(Parser)]
#[command(version, about = "A fake of the CardPointe gateway, on this machine")]
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
    /// Limit inquiries and profiles to 20 per minute, as the test system does
    #[arg(long)]
    rate_limit: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, options.port));
    let listener = match TcpListener::bind(address).await {
        Ok(listener) => listener,
        Err(error) => {
            eprintln!("Cannot listen on {address}: {error}. Another port: --port N, or 0 for any free one.");
            return ExitCode::FAILURE;
        }
    };
    let server = Server::start(
        listener,
        Config {
            seed: options.seed,
            quiet_json: options.quiet_json,
            timeout_card_delay_ms: options.timeout_card_delay_ms,
            rate_limit: options.rate_limit,
            log: !options.quiet,
            ..Config::default()
        },
    );
    println!("CardPointe simulator: {}", server.base_url());
    println!("Control: {}", server.control_url());
    println!("Try: {}", example(&server));
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

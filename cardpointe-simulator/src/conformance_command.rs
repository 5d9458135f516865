//! `cardpointe-simulator conformance`: options, credentials, the table.

use std::env;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use cardpointe_simulator::conformance::{Credentials, Plan, Report, Target, run};
use clap::Args;
use serde_json::Value;

/// The variables with the credentials, which are never options: other users of a machine can read
/// those.
const USERNAME: &str = "CARDPOINTE_USERNAME";
const PASSWORD: &str = "CARDPOINTE_PASSWORD";

#[derive(Args)]
pub(crate) struct ConformanceOptions {
    /// The sandbox, or a simulator on this machine
    #[arg(long, value_parser = Target::parse)]
    url: Target,
    /// The merchant account, on First Data North or Rapid Connect
    #[arg(long)]
    merchid: String,
    /// The account's currency, ISO 4217
    #[arg(long, default_value = "USD")]
    currency: String,
    /// Keeps the state that the next run needs, whose probes are about payments that have settled
    /// since: run it again the day after, and once more the day after that
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Write each probe's requests and responses into this directory, with card numbers masked
    #[arg(long, value_name = "DIR")]
    fixtures: Option<PathBuf>,
}

/// Plays the probes and prints the differences. Fails when there are any, and with 2 when it cannot
/// be told.
pub(crate) async fn compare(options: ConformanceOptions) -> ExitCode {
    match played(options).await {
        Ok(report) => {
            print(&report);
            let differs = report.outcomes.iter().any(|outcome| !outcome.differences.is_empty());
            ExitCode::from(u8::from(differs))
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

async fn played(options: ConformanceOptions) -> Result<Report, String> {
    let handed_on = options.record.as_deref().map(read_record).transpose()?.flatten();
    let plan = Plan {
        target: options.url,
        merchid: options.merchid,
        currency: options.currency,
        credentials: credentials()?,
        fixtures: options.fixtures,
        handed_on,
    };
    let report = run(plan).await?;
    if let Some(path) = &options.record {
        let failed = |error: io::Error| format!("{}: {error}", path.display());
        match &report.hand_on {
            Some(hand_on) => fs::write(path, format!("{hand_on:#}\n")).map_err(failed)?,
            None => fs::remove_file(path).map_err(failed)?,
        }
    }
    Ok(report)
}

/// The state that an earlier run has left, if there was one.
fn read_record(path: &Path) -> Result<Option<Value>, String> {
    match fs::read_to_string(path) {
        Ok(text) => {
            serde_json::from_str(&text).map(Some).map_err(|error| format!("{}: {error}", path.display()))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("{}: {error}", path.display())),
    }
}

/// From the environment, or from a prompt.
fn credentials() -> Result<Credentials, String> {
    let failed = |error: io::Error| {
        format!("{USERNAME} and {PASSWORD} are not set, and there is no terminal to prompt on: {error}")
    };
    let username = if let Ok(username) = env::var(USERNAME) {
        username
    } else {
        eprint!("User name: ");
        io::stderr().flush().map_err(failed)?;
        let mut line = String::new();
        io::stdin().read_line(&mut line).map_err(failed)?;
        line.trim().to_owned()
    };
    let password = match env::var(PASSWORD) {
        Ok(password) => password,
        Err(_) => rpassword::prompt_password("Password: ").map_err(failed)?,
    };
    Ok(Credentials { username, password })
}

fn print(report: &Report) {
    println!("{:<11} {:<10} probe", "", "basis");
    for outcome in &report.outcomes {
        let result = if outcome.differences.is_empty() { "same" } else { "DIFFERENT" };
        println!("{result:<11} {:<10} {}", outcome.basis, outcome.name);
        for difference in &outcome.differences {
            println!(
                "            {}: the gateway {}, the simulator {}",
                difference.place, difference.gateway, difference.simulator
            );
        }
    }
    let different = report.outcomes.iter().filter(|outcome| !outcome.differences.is_empty()).count();
    println!("{} probes, {different} different", report.outcomes.len());
    if report.hand_on.is_some() {
        println!("More can be asked after a settlement: run it again tomorrow, with the same --record.");
    }
}

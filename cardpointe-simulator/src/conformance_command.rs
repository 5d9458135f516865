//! `cardpointe-simulator conformance`: options, credentials, the table.

use std::env;
use std::fs;
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use cardpointe_simulator::conformance::{
    Conclusion, Credentials, LiveCard, Outcome, Plan, Progress, Remaining, Report, Symptom, Target, run,
};
use clap::Args;
use serde_json::Value;

/// The variables with the credentials, which are never options: other users of a machine can read
/// those.
const USERNAME: &str = "CARDPOINTE_USERNAME";
const PASSWORD: &str = "CARDPOINTE_PASSWORD";
/// The same with the card of a live run.
const TOKEN: &str = "CARDPOINTE_TOKEN";
const EXPIRY: &str = "CARDPOINTE_EXPIRY";

/// The exit code of a run that found no difference, but did not get all responses.
const NOT_ANSWERED: u8 = 3;

#[derive(Args)]
pub(crate) struct ConformanceOptions {
    /// The sandbox, or a simulator on this machine
    #[arg(long)]
    url: String,
    /// The merchant account, on First Data North or Rapid Connect
    #[arg(long)]
    merchid: String,
    /// The account's currency, ISO 4217
    #[arg(long, default_value = "USD")]
    currency: String,
    /// The state of the run: a cut run continues with it, and so does the next stage, the day
    /// after. Default: conformance-MERCHID.json
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Write the settings that reproduce the differences; the simulator loads this file
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// Write each probe's requests and responses into this directory, with card numbers masked
    #[arg(long, value_name = "DIR")]
    fixtures: Option<PathBuf>,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
    /// Allow the gateway itself: a few payments of up to 1.00, voided at once, with the token in
    /// `CARDPOINTE_TOKEN` (expiry in `CARDPOINTE_EXPIRY`)
    #[arg(long)]
    live: bool,
}

/// Plays the probes and prints the differences. Fails with 1 when there are any, with 3 when there
/// are none but a response is missing, and with 2 when the run could not start or was stopped.
pub(crate) async fn compare(options: ConformanceOptions) -> ExitCode {
    match played(&options).await {
        Ok(report) => {
            print(&report, &options);
            if report.count(Conclusion::Different) > 0 {
                ExitCode::FAILURE
            } else if report.count(Conclusion::NotAnswered) > 0 || !report.open.is_empty() {
                ExitCode::from(NOT_ANSWERED)
            } else {
                ExitCode::SUCCESS
            }
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

async fn played(options: &ConformanceOptions) -> Result<Report, String> {
    let parse = if options.live { Target::parse_live } else { Target::parse };
    let plan = Plan {
        target: parse(&options.url)?,
        merchid: options.merchid.clone(),
        currency: options.currency.clone(),
        credentials: credentials()?,
        fixtures: options.fixtures.clone(),
        record: Some(record(options)),
        live: options.live.then(card).transpose()?,
    };
    let report = run(plan, &mut |progress| {
        show(progress);
        ControlFlow::Continue(())
    })
    .await?;
    if let Some(path) = &options.settings {
        write_json(path, &report.settings_file())?;
    }
    Ok(report)
}

fn record(options: &ConformanceOptions) -> PathBuf {
    let default = || format!("conformance-{}.json", options.merchid).into();
    options.record.clone().unwrap_or_else(default)
}

fn write_json(path: &Path, value: &Value) -> Result<(), String> {
    fs::write(path, format!("{value:#}\n")).map_err(|error| format!("{}: {error}", path.display()))
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

/// The operator's card, from the environment only.
fn card() -> Result<LiveCard, String> {
    let variable = |name| env::var(name).map_err(|_| format!("--live needs {TOKEN} and {EXPIRY}"));
    LiveCard::new(&variable(TOKEN)?, &variable(EXPIRY)?).map_err(|error| format!("{TOKEN}: {error}"))
}

fn show(progress: &Progress<'_>) {
    let result = word(progress.outcome);
    eprintln!("{}/{} {result:<12} {}", progress.number, progress.of, progress.outcome.name);
}

fn word(outcome: &Outcome) -> &'static str {
    match outcome.conclusion {
        Conclusion::Same => "same",
        Conclusion::Different => "DIFFERENT",
        Conclusion::NotAnswered => "not answered",
    }
}

fn print(report: &Report, options: &ConformanceOptions) {
    if options.json {
        println!("{:#}", report.to_json());
    } else {
        print_table(report);
    }
    let record = record(options);
    let record = record.display();
    match report.remaining {
        Remaining::Nothing => {
            eprintln!("All stages are played. {record} holds the run; remove it to begin anew.");
        }
        Remaining::Stages => {
            eprintln!("More can be played after a settlement: run the same command tomorrow.");
        }
        Remaining::Voids => eprintln!("No more payments are made until the open ones are voided."),
        Remaining::Settlement => eprintln!("The payments have not settled: run the same command later."),
    }
    if report.count(Conclusion::NotAnswered) > 0 {
        eprintln!("Some responses did not come: run the same command again.");
    }
    for order in &report.open {
        eprintln!(
            "WARNING: the payments under order id {order} may not be voided. Run the same command again, or \
             void them in the portal. {record} lists them."
        );
    }
}

fn print_table(report: &Report) {
    println!("{:<13} {:<10} probe", "", "basis");
    for outcome in &report.outcomes {
        println!("{:<13} {:<10} {}", word(outcome), outcome.basis, outcome.name);
        for difference in &outcome.differences {
            println!(
                "              {}: the gateway {}, the simulator {}",
                difference.place, difference.gateway, difference.simulator
            );
        }
    }
    for finding in &report.findings {
        println!("\n{} = {}", finding.setting, finding.value);
        print_symptoms(&finding.explains);
    }
    if !report.unexplained.is_empty() {
        println!("\nno setting explains");
        print_symptoms(&report.unexplained);
    }
    let (different, missing) = (report.count(Conclusion::Different), report.count(Conclusion::NotAnswered));
    println!("\n{} probes, {different} different, {missing} not answered", report.outcomes.len());
}

/// One line per probe.
fn print_symptoms(symptoms: &[Symptom]) {
    for same_probe in symptoms.chunk_by(|one, other| one.probe == other.probe) {
        let places: Vec<&str> = same_probe.iter().map(|symptom| symptom.place.as_str()).collect();
        println!("  {}: {}", same_probe[0].probe, places.join("; "));
    }
}

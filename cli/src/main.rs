//! `cargo run -p tollgate-cli -- …`: an operator's commands for merchants and payments, on AWS and
//! on the local stack.

mod amount;
mod args;
mod audit;
mod aws;
mod aws_cli;
mod capture;
mod confirm;
mod csv;
mod customer;
mod doctor;
mod failure;
mod front;
mod gateway;
mod installation;
mod journal;
mod listen;
mod local_stack;
mod me;
mod merchant;
mod payment;
mod people;
mod person;
mod precondition;
mod report;
mod rollback;
mod settlement;
mod sign_in_client;
mod stop;
mod table;
mod totals;
mod trigger;
mod webhook;

use std::process::ExitCode;

use args::{
    Arguments, Command, CustomerCommand, FrontCommand, JournalCommand, MerchantCommand, PaymentCommand,
    WebhookCommand,
};
use clap::{CommandFactory, FromArgMatches};
use failure::{Failure, INVALID_INPUT};
use installation::Installation;
use payment::change::Change;
use report::Report;
use tollgate_core::order::FollowUp;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments = match read_arguments() {
        Ok(arguments) => arguments,
        Err(error) => return arguments_refused(&error),
    };
    let json = arguments.json;
    let run = async {
        let variable = |name: &str| std::env::var(name).ok();
        let installation = arguments.installation.named_by(arguments.command.acts_on(), variable)?;
        run(Arguments { installation, ..arguments }).await
    };
    match run.await {
        Ok(report) => report.print(json),
        Err(failure) => failure.print(json),
    }
}

fn read_arguments() -> Result<Arguments, clap::Error> {
    let mut command = args::with_examples(Arguments::command());
    let matches = command.try_get_matches_from_mut(std::env::args_os())?;
    Arguments::from_arg_matches(&matches).map_err(|error| error.format(&mut command))
}

/// Clap's output instead of arguments: help, the version, or an error.
fn arguments_refused(error: &clap::Error) -> ExitCode {
    // They could not be read, so only the word itself tells how the caller reads.
    let json = std::env::args_os().take_while(|word| word != "--").any(|word| word == "--json");
    if error.use_stderr() && json {
        let text = error.render().to_string();
        return Failure::Input(text.trim_start_matches("error: ").trim_end().to_owned()).print(true);
    }
    // Its reader may have ended before.
    error.print().unwrap_or_default();
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(INVALID_INPUT))
}

/// The script that completes the commands in a shell.
fn completion(shell: clap_complete::Shell) -> Report {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "tollgate", &mut script);
    let script = String::from_utf8_lossy(&script).into_owned();
    let value = serde_json::json!({ "shell": shell.to_string(), "script": script });
    Report::new(script, value)
}

async fn run(arguments: Arguments) -> Result<Report, Failure> {
    tollgate::lambda::install_tls();
    if let Command::Rollback(rollback) = &arguments.command {
        // Where it acts is the AWS CLI's business: profile, region and credentials are those that
        // the AWS CLI finds.
        return rollback::run(&arguments.installation, rollback);
    }
    if let Command::Front(FrontCommand::Rotate(rotate)) = &arguments.command {
        return front::rotate(&arguments.installation, rotate);
    }
    match &arguments.command {
        Command::Completion { shell } => return Ok(completion(*shell)),
        Command::Listen(listen) => return listen::run(&arguments.installation, listen, arguments.json).await,
        Command::Trigger(trigger) => return trigger::run(&arguments.installation, trigger).await,
        _ => {}
    }
    let installation = Installation::find(&arguments.installation).await;
    if let Command::Doctor(doctor) = &arguments.command {
        return doctor::run(installation, doctor).await;
    }
    let installation = installation?;
    match &arguments.command {
        Command::Merchant(command) => merchants(&installation, command).await,
        Command::Audit(list) => audit::run(&installation, list).await,
        Command::Person(command) => people::run(&installation, command).await,
        Command::SignInClient(command) => sign_in_client::run(&installation, command).await,
        Command::Me(me) => me::run(&installation, &me.id).await,
        Command::Payment(PaymentCommand::List(list)) => payment::list::list(&installation, list).await,
        Command::Payment(PaymentCommand::Find(find)) => payment::list::find(&installation, find).await,
        Command::Payment(PaymentCommand::Tail(tail)) => {
            payment::tail::run(&installation, tail, arguments.json).await
        }
        Command::Payment(PaymentCommand::Show(show)) => payment::show::run(&installation, show).await,
        Command::Payment(PaymentCommand::Receipt(show)) => payment::receipt::run(&installation, show).await,
        Command::Payment(PaymentCommand::Capture(change)) => {
            payment::change::run(&installation, Change::FollowUp(FollowUp::Capture), change).await
        }
        Command::Payment(PaymentCommand::Reauthorize(change)) => {
            payment::change::run(&installation, Change::Reauthorize, change).await
        }
        Command::Payment(PaymentCommand::Refund(change)) => {
            payment::change::run(&installation, Change::FollowUp(FollowUp::Refund), change).await
        }
        Command::Payment(PaymentCommand::Void(change)) => {
            payment::change::run(&installation, Change::FollowUp(FollowUp::Void), change).await
        }
        Command::Payment(PaymentCommand::Resolve(resolve)) => {
            payment::resolve::run(&installation, resolve).await
        }
        Command::Capture(command) => capture::run(&installation, command).await,
        Command::Customer(CustomerCommand::Erase(erase)) => customer::erase(&installation, erase).await,
        Command::Report(options) => totals::run(&installation, options).await,
        Command::Journal(JournalCommand::List(list)) => journal::list::run(&installation, list).await,
        Command::Journal(JournalCommand::Rebuild(rebuild)) => journal::rebuild(&installation, rebuild).await,
        Command::Journal(JournalCommand::Compare(compare)) => {
            journal::compare::compare(&installation, compare).await
        }
        Command::Settlement(command) => settlement::run(&installation, command).await,
        Command::Webhook(command) => webhooks(&installation, command).await,
        Command::Stop(stop) => stop::run(&installation, stop, true).await,
        Command::Start(start) => stop::run(&installation, start, false).await,
        Command::Doctor(doctor) => doctor::run(Ok(installation), doctor).await,
        Command::Listen(listen) => listen::run(&arguments.installation, listen, arguments.json).await,
        Command::Trigger(trigger) => trigger::run(&arguments.installation, trigger).await,
        Command::Rollback(rollback) => rollback::run(&arguments.installation, rollback),
        Command::Front(FrontCommand::Rotate(rotate)) => front::rotate(&arguments.installation, rotate),
        Command::Completion { shell } => Ok(completion(*shell)),
    }
}

async fn merchants(installation: &Installation, command: &MerchantCommand) -> Result<Report, Failure> {
    match command {
        MerchantCommand::Create(create) => merchant::create::run(installation, create).await,
        MerchantCommand::List => merchant::show::list(installation).await,
        MerchantCommand::Show(show) => merchant::show::show(installation, &show.id).await,
        MerchantCommand::RotateKey(rotate) => merchant::rotate::run(installation, rotate).await,
        MerchantCommand::Key(key) => merchant::key::run(installation, key).await,
        MerchantCommand::Stop(switch) => merchant::switch::run(installation, switch, true).await,
        MerchantCommand::Start(switch) => merchant::switch::run(installation, switch, false).await,
    }
}

async fn webhooks(installation: &Installation, command: &WebhookCommand) -> Result<Report, Failure> {
    match command {
        WebhookCommand::Add(add) => webhook::add(installation, add).await,
        WebhookCommand::Rotate(rotate) => webhook::rotate(installation, rotate).await,
        WebhookCommand::Remove(remove) => webhook::remove(installation, remove).await,
        WebhookCommand::List(list) => webhook::list(installation, list).await,
        WebhookCommand::Test(test) => webhook::test(installation, test).await,
        WebhookCommand::Replay(replay) => webhook::replay(installation, replay).await,
    }
}

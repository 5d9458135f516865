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
mod journal;
mod listen;
mod local_stack;
mod me;
mod merchant;
mod payment;
mod people;
mod person;
mod place;
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
use payment::change::Change;
use place::Place;
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
        let place = arguments.place.named_by(arguments.command.acts_on(), variable)?;
        run(Arguments { place, ..arguments }).await
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
        return rollback::run(&arguments.place, rollback);
    }
    if let Command::Front(FrontCommand::Rotate(rotate)) = &arguments.command {
        return front::rotate(&arguments.place, rotate);
    }
    match &arguments.command {
        Command::Completion { shell } => return Ok(completion(*shell)),
        Command::Listen(listen) => return listen::run(&arguments.place, listen, arguments.json).await,
        Command::Trigger(trigger) => return trigger::run(&arguments.place, trigger).await,
        _ => {}
    }
    let place = Place::find(&arguments.place).await;
    if let Command::Doctor(doctor) = &arguments.command {
        return doctor::run(place, doctor).await;
    }
    let place = place?;
    match &arguments.command {
        Command::Merchant(command) => merchants(&place, command).await,
        Command::Audit(list) => audit::run(&place, list).await,
        Command::Person(command) => people::run(&place, command).await,
        Command::SignInClient(command) => sign_in_client::run(&place, command).await,
        Command::Me(me) => me::run(&place, &me.id).await,
        Command::Payment(PaymentCommand::List(list)) => payment::list::list(&place, list).await,
        Command::Payment(PaymentCommand::Find(find)) => payment::list::find(&place, find).await,
        Command::Payment(PaymentCommand::Tail(tail)) => {
            payment::tail::run(&place, tail, arguments.json).await
        }
        Command::Payment(PaymentCommand::Show(show)) => payment::show::run(&place, show).await,
        Command::Payment(PaymentCommand::Receipt(show)) => payment::receipt::run(&place, show).await,
        Command::Payment(PaymentCommand::Capture(change)) => {
            payment::change::run(&place, Change::FollowUp(FollowUp::Capture), change).await
        }
        Command::Payment(PaymentCommand::Reauthorize(change)) => {
            payment::change::run(&place, Change::Reauthorize, change).await
        }
        Command::Payment(PaymentCommand::Refund(change)) => {
            payment::change::run(&place, Change::FollowUp(FollowUp::Refund), change).await
        }
        Command::Payment(PaymentCommand::Void(change)) => {
            payment::change::run(&place, Change::FollowUp(FollowUp::Void), change).await
        }
        Command::Payment(PaymentCommand::Resolve(resolve)) => payment::resolve::run(&place, resolve).await,
        Command::Capture(command) => capture::run(&place, command).await,
        Command::Customer(CustomerCommand::Erase(erase)) => customer::erase(&place, erase).await,
        Command::Report(options) => totals::run(&place, options).await,
        Command::Journal(JournalCommand::List(list)) => journal::list::run(&place, list).await,
        Command::Journal(JournalCommand::Rebuild(rebuild)) => journal::rebuild(&place, rebuild).await,
        Command::Journal(JournalCommand::Compare(compare)) => {
            journal::compare::compare(&place, compare).await
        }
        Command::Settlement(command) => settlement::run(&place, command).await,
        Command::Webhook(command) => webhooks(&place, command).await,
        Command::Stop(stop) => stop::run(&place, stop, true).await,
        Command::Start(start) => stop::run(&place, start, false).await,
        Command::Doctor(doctor) => doctor::run(Ok(place), doctor).await,
        Command::Listen(listen) => listen::run(&arguments.place, listen, arguments.json).await,
        Command::Trigger(trigger) => trigger::run(&arguments.place, trigger).await,
        Command::Rollback(rollback) => rollback::run(&arguments.place, rollback),
        Command::Front(FrontCommand::Rotate(rotate)) => front::rotate(&arguments.place, rotate),
        Command::Completion { shell } => Ok(completion(*shell)),
    }
}

async fn merchants(place: &Place, command: &MerchantCommand) -> Result<Report, Failure> {
    match command {
        MerchantCommand::Create(create) => merchant::create::run(place, create).await,
        MerchantCommand::List => merchant::show::list(place).await,
        MerchantCommand::Show(show) => merchant::show::show(place, &show.id).await,
        MerchantCommand::RotateKey(rotate) => merchant::rotate::run(place, rotate).await,
        MerchantCommand::Key(key) => merchant::key::run(place, key).await,
        MerchantCommand::Stop(switch) => merchant::switch::run(place, switch, true).await,
        MerchantCommand::Start(switch) => merchant::switch::run(place, switch, false).await,
    }
}

async fn webhooks(place: &Place, command: &WebhookCommand) -> Result<Report, Failure> {
    match command {
        WebhookCommand::Add(add) => webhook::add(place, add).await,
        WebhookCommand::Rotate(rotate) => webhook::rotate(place, rotate).await,
        WebhookCommand::Remove(remove) => webhook::remove(place, remove).await,
        WebhookCommand::List(list) => webhook::list(place, list).await,
        WebhookCommand::Test(test) => webhook::test(place, test).await,
        WebhookCommand::Replay(replay) => webhook::replay(place, replay).await,
    }
}

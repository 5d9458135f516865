//! Measurements of Tollgate, each with its target beside it. Machines are noisy, so figures are
//! ratios and counts.
//!
//! `cargo run --release -p bench` measures everything; docs/performance.md has the method and the
//! results.

mod all;
mod artifact;
mod bill;
mod binaries;
mod captures;
mod cost;
mod counts;
mod dynamodb;
mod figures;
mod guard;
mod idle;
mod instructions;
mod ledger;
mod page;
mod process;
mod processor;
mod proxy;
mod runtime_api;
mod scale;
mod settlement;
mod start;
mod summary;
mod table;
mod totals;
mod warm;
mod work;
mod world;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "bench", version)]
struct Bench {
    #[command(flatten)]
    all: all::Arguments,
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Subcommand)]
enum What {
    /// The whole bill of every flow: calls and writes counted now, with the functions that were
    /// built with this program, and times as published
    Bill {
        /// Write these counts beside the published times, and the tables again
        #[arg(long)]
        write_docs: bool,
    },
    /// Scheduled captures against a gateway that takes its time: captures per second
    Captures(captures::Arguments),
    /// Round trips, write units, item and binary sizes, crates and instructions of the functions
    /// that were built with this program and as they are deployed, against dev/bench/baseline.json
    Guard(guard::Arguments),
    /// Every question of docs/reports.md over a million entries: calls, bytes and time of its first
    /// page or its totals
    Ledger(ledger::Arguments),
    /// A day of 100,000 lines of settlement, read and matched: time and memory of the run; write
    /// units of a line
    Settlement(settlement::Arguments),
    /// Totals of merchants that sell at the same time: entries per second, calls and bytes of the
    /// function that was built with this program
    Totals(totals::Arguments),
    /// The work of each function: processor time and memory of its usual events
    Work {
        /// The functions' build profile; `release` is the deployed one
        #[arg(long, default_value = "release")]
        profile: String,
    },
    /// Write the tables and the limits of docs/performance.md again, from
    /// docs/performance/figures.json
    Page,
    /// Print all tables from docs/performance/figures.json, without measuring
    Show,
}

#[tokio::main]
async fn main() -> ExitCode {
    let Bench { all, what } = Bench::parse();
    let result = match what {
        None => all::run(&all).await,
        Some(What::Captures(arguments)) => captures::run(arguments).await,
        Some(What::Ledger(arguments)) => ledger::run(arguments).await,
        Some(What::Bill { write_docs }) => all::bill(write_docs).await,
        Some(What::Work { profile }) => all::work(&profile).await,
        Some(What::Page) => page::published().and_then(|published| page::write(&published)),
        Some(What::Show) => page::published().and_then(|published| summary::print(&published.figures)),
        Some(What::Settlement(arguments)) => settlement::run(arguments).await,
        Some(What::Totals(arguments)) => totals::run(arguments).await,
        Some(What::Guard(arguments)) => guard::run(arguments).await,
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_fits_together() {
        super::Bench::command().debug_assert();
    }
}

//! Runs the simulation: `cargo run -p fault-simulation -- --help`.

use std::{collections::BTreeMap, process::ExitCode};

use clap::Parser;
use fault_simulation::Run;
use indicatif::ProgressBar;

/// Money moves at most once and nothing is lost: the proof by simulation.
#[derive(Parser)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own on the command line")]
struct Options {
    /// How many seeds to run.
    #[arg(long, default_value_t = 10_000)]
    seeds: u64,
    /// The first seed; the others follow it.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Runs this seed alone and prints its steps.
    #[arg(long)]
    seed: Option<u64>,
    /// Goes on after a seed that breaks a rule, and lists them all, each run once.
    #[arg(long)]
    all: bool,
    /// Seeds of stored cards instead of payments: stored, listed, paid with, deleted. With
    /// `--seed`, one of them.
    #[arg(long, conflicts_with_all = ["all", "sweep"])]
    stored_cards: bool,
    /// Days of traffic, and the gateway's batches and deposits about them; a run dies at every
    /// write. With `--seed`, one of them.
    #[arg(long, conflicts_with_all = ["all", "sweep", "stored_cards"])]
    settled: bool,
    /// The same with chargebacks, reversals, and the reports about them.
    #[arg(long, conflicts_with_all = ["all", "sweep", "stored_cards", "settled"])]
    disputed: bool,
    /// Refunds that a rule owes, beside chargebacks that are won and lost. With `--seed`, one of
    /// them.
    #[arg(long, conflicts_with_all = ["sweep", "stored_cards", "settled", "disputed"])]
    held_back: bool,
    /// Runs every scenario with every fault at every port call, instead of seeds.
    #[arg(long)]
    sweep: bool,
    /// With `--sweep`: only the runs whose description or broken rule has this text, and the steps
    /// of the first.
    #[arg(long)]
    only: Option<String>,
}

fn main() -> ExitCode {
    let options = Options::parse();
    if let Some(seed) = options.seed {
        return replay(seed, &options);
    }
    if options.sweep {
        let sweep = options
            .only
            .map_or_else(|| fault_simulation::sweep(0, 1), |text| fault_simulation::sweep_only(&text));
        println!("{} runs", sweep.runs);
        summary(&sweep.counts);
        for step in &sweep.steps {
            println!("{step}");
        }
        for failure in &sweep.failures {
            println!("FAILED: {failure}");
        }
        println!("{} runs broke a rule", sweep.failures.len());
        return if sweep.failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    if options.all {
        return all(&options);
    }
    // Shown on a terminal only.
    let progress = ProgressBar::new(options.seeds);
    let run = |seed| {
        let mut run = if options.settled {
            fault_simulation::settled(seed, true)
        } else if options.disputed {
            fault_simulation::disputed(seed)
        } else if options.held_back {
            fault_simulation::held_back(seed)
        } else if options.stored_cards {
            fault_simulation::stored_cards(seed)
        } else {
            fault_simulation::seed(seed)
        };
        run.counts.insert("port calls", run.calls as u64);
        progress.inc(1);
        run
    };
    let seeds = options.from..options.from.saturating_add(options.seeds);
    let counts = match fault_simulation::on_all_cores(seeds, run) {
        Ok(counts) => counts,
        Err((seed, rule)) => return failed(&format!("seed {seed}"), &rule, &steps(seed, &options).steps),
    };
    progress.finish_and_clear();
    println!("{} seeds, every fourth run twice: no rule was broken", options.seeds);
    summary(&counts);
    ExitCode::SUCCESS
}

fn all(options: &Options) -> ExitCode {
    let seeds = options.from..options.from.saturating_add(options.seeds);
    let (mut broken, mut counts) = (0, BTreeMap::new());
    for seed in seeds {
        let run = if options.held_back {
            fault_simulation::held_back_once(seed)
        } else {
            fault_simulation::seed_once(seed)
        };
        for (what, times) in run.counts {
            *counts.entry(what).or_default() += times;
        }
        if let Some(rule) = run.failure {
            broken += 1;
            println!("seed {seed}: {rule}");
        }
    }
    summary(&counts);
    println!("{broken} seeds broke a rule");
    if broken == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn summary(counts: &BTreeMap<&'static str, u64>) {
    for (what, times) in counts {
        println!("{times:>12}  {what}");
    }
}

fn steps(seed: u64, options: &Options) -> Run {
    if options.settled {
        fault_simulation::replay_settled(seed)
    } else if options.disputed {
        fault_simulation::replay_disputed(seed)
    } else if options.held_back {
        fault_simulation::replay_held_back(seed)
    } else if options.stored_cards {
        fault_simulation::replay_stored_cards(seed)
    } else {
        fault_simulation::replay(seed)
    }
}

fn replay(seed: u64, options: &Options) -> ExitCode {
    let run = steps(seed, options);
    if let Some(rule) = run.failure {
        return failed(&format!("seed {seed}"), &rule, &run.steps);
    }
    for step in run.steps {
        println!("{step}");
    }
    println!("seed {seed}: no rule was broken; hash {:016x}", run.hash);
    ExitCode::SUCCESS
}

fn failed(what: &str, rule: &str, steps: &[String]) -> ExitCode {
    for step in steps {
        println!("{step}");
    }
    println!("FAILED: {what}: {rule}");
    ExitCode::FAILURE
}

//! Everything in one run, with the targets beside it.

use clap::Args;
use local::merchants;

use crate::{
    artifact, bill,
    binaries::{Binaries, EMPTY, FUNCTIONS},
    captures, counts,
    figures::{Figures, number},
    idle, instructions,
    page::{self, Published},
    settlement,
    start::{self, Subject},
    summary,
    table::Table,
    totals, warm, work,
    world::World,
};

/// The profile that SAM builds with.
const PROFILE: &str = "release";

#[derive(Args)]
pub(crate) struct Arguments {
    /// Starts of each program
    #[arg(long, default_value_t = 40)]
    pub(crate) rounds: usize,
    /// Warm requests whose processor time is measured
    #[arg(long, default_value_t = 3_000)]
    pub(crate) requests: usize,
    /// Leave out measurements that need valgrind
    #[arg(long)]
    pub(crate) no_instructions: bool,
    /// Write the tables into docs/performance.md and the figures into docs/performance/
    #[arg(long)]
    pub(crate) write_docs: bool,
}

/// Measures everything, and prints the tables.
pub(crate) async fn run(arguments: &Arguments) -> Result<(), String> {
    let measured = Published { figures: measure(arguments).await?, machine: machine() };
    if arguments.write_docs {
        page::write(&measured)?;
    }
    summary::print(&measured.figures)
}

/// Prints the bill, with calls and writes as they are now, and publishes these beside the times and
/// the machine that were published.
pub(crate) async fn bill(write_docs: bool) -> Result<(), String> {
    let mut published = page::published()?;
    let figures = &mut published.figures;
    figures.extend(counts::count(&World::start().await?, &Binaries::beside()?).await?);
    figures.extend(settlement::counts().await?);
    if write_docs {
        page::write(&published)?;
    }
    for table in bill::tables(&published.figures) {
        println!("{table}");
    }
    println!("{}\n{}", idle::month(&published.figures)?, idle::month_of_prod(&published.figures)?);
    Ok(())
}

/// Measures and prints the work of each function alone.
pub(crate) async fn work(profile: &str) -> Result<(), String> {
    let binaries = Binaries::build(profile, &FUNCTIONS)?;
    let figures = work::measure(&World::start().await?, &binaries).await?;
    println!("{}", Table::new("Work of each function", figures.rows(work::WORK)));
    Ok(())
}

/// Takes every measurement, one after the other.
async fn measure(arguments: &Arguments) -> Result<Figures, String> {
    let names: Vec<&str> = FUNCTIONS.into_iter().chain([EMPTY]).collect();
    eprintln!("Building the functions as they are deployed; the first time takes minutes.");
    let binaries = Binaries::build(PROFILE, &names)?;
    let world = World::start().await?;

    let mut figures = counts::count(&world, &binaries).await?;
    figures.extend(starts(&world, &binaries, arguments.rounds).await?);
    figures.extend(warm::measure(&world, &binaries, arguments.requests).await?);
    figures.extend(captures::short().await?);
    figures.extend(settlement::counts().await?);
    figures.extend(work::measure(&World::start().await?, &binaries).await?);
    figures.extend(totals::measure(&binaries, &totals::Arguments::PUBLISHED).await?);
    if !arguments.no_instructions {
        eprintln!("Counting instructions.");
        figures.extend(instructions::count(&world, &binaries).await?);
    }
    for name in FUNCTIONS {
        let size = artifact::packed_size(&binaries.path(name)?)?;
        figures.set(format!("packed bytes, {name}"), number(size));
    }
    Ok(figures)
}

async fn starts(world: &World, binaries: &Binaries, rounds: usize) -> Result<Figures, String> {
    let mut alone = vec![Subject { name: EMPTY.to_owned(), program: start::alone(binaries.path(EMPTY)?) }];
    let mut connected = Vec::new();
    for name in FUNCTIONS {
        let program = world.function(&binaries.path(name)?, merchants::REGISTERED);
        // The console reads its secret before it polls.
        if name != "console" {
            let without_network = start::without_network(program.clone());
            alone.push(Subject { name: name.to_owned(), program: without_network });
        }
        connected.push(Subject { name: name.to_owned(), program });
    }
    eprintln!("Measuring starts.");
    let mut figures = start::measure("start", &alone, rounds).await?;
    let rounds = rounds.div_ceil(2);
    figures.extend(start::measure("start with connections", &connected, rounds).await?);
    Ok(figures)
}

fn machine() -> String {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("an unknown processor", |(_, model)| model);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{cores} × {model}")
}

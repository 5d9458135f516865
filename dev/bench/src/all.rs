//! Everything in one run, with the targets beside it.

use std::{collections::BTreeMap, path::Path};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use local::merchants;
use serde_json::Value;

use crate::{
    artifact,
    binaries::{Binaries, EMPTY, FUNCTIONS},
    captures,
    counts::{self, AUTHORIZE, PURCHASE},
    instructions::{self, Instructions},
    measured::Measured,
    page,
    peers::{Language, Tables},
    process::Program,
    start::{self, Start},
    summary,
    warm::{self, Amount, Warm},
    world::{self, World},
};

/// The profile that SAM builds with.
const PROFILE: &str = "release";
/// The same code with the names of its functions, to tell what instructions are spent on.
const PROFILE_WITH_NAMES: &str = "profiling";

#[derive(Args)]
pub(crate) struct Arguments {
    /// Starts of each program
    #[arg(long, default_value_t = 40)]
    pub(crate) rounds: usize,
    /// Warm requests whose processor time is measured
    #[arg(long, default_value_t = 3_000)]
    pub(crate) requests: usize,
    /// Requests over which the memory is watched
    #[arg(long, default_value_t = 10_000)]
    pub(crate) memory_requests: usize,
    /// Leave Node.js and Python out
    #[arg(long)]
    pub(crate) no_peers: bool,
    /// Leave out what needs valgrind
    #[arg(long)]
    pub(crate) no_instructions: bool,
    /// Write the tables into docs/performance.md and the figures into docs/performance/
    #[arg(long)]
    pub(crate) write_docs: bool,
}

/// Measures everything, and tells.
pub(crate) async fn run(arguments: &Arguments, json: bool) -> Result<(), String> {
    let measured = measure(arguments).await?;
    if arguments.write_docs {
        page::write(&measured)?;
    }
    show(&measured, json)
}

/// Prints all tables, or the figures behind them.
pub(crate) fn show(measured: &Measured, json: bool) -> Result<(), String> {
    if json {
        println!("{}", serde_json::to_string_pretty(measured).map_err(|error| error.to_string())?);
    } else {
        for section in summary::sections(measured) {
            println!("{}", section.table());
        }
    }
    Ok(())
}

/// Takes every measurement, one after the other.
pub(crate) async fn measure(arguments: &Arguments) -> Result<Measured, String> {
    let names: Vec<&str> = FUNCTIONS.into_iter().chain([EMPTY]).collect();
    eprintln!("Building the functions as they are deployed; the first time takes minutes.");
    let binaries = Binaries::build(PROFILE, &names)?;
    let languages: &[Language] = if arguments.no_peers { &[] } else { &Language::ALL };
    for language in languages {
        eprintln!("Building the functions in {}.", language.name());
        language.build()?;
    }
    let world = World::start().await?;
    let tables = Tables::create(&world).await?;

    let counts = counts::count(&world, &binaries).await?;
    let (starts, connected) = starts(&world, &binaries, languages, arguments.rounds).await?;

    let mut warm = BTreeMap::new();
    let mut peer_steps = BTreeMap::new();
    let mut cold_ms = BTreeMap::new();
    let amount =
        Amount { warm_up: arguments.requests / 4, counted: arguments.requests, looks_at_memory: false };
    let total = amount.warm_up + amount.counted + 2;
    let programs = subjects(&world, &binaries, languages)?;
    for (name, kind, program) in &programs {
        let orders = (0..total).map(|n| order(name, n));
        match (kind, name.as_str()) {
            (Kind::Purchase, "Tollgate") => world.register(orders).await?,
            (Kind::Purchase, _) => {
                for order in orders {
                    tables.register(&order).await?;
                }
            }
            (Kind::Authorize, _) => {}
        }
        let progress = bar(&format!("{name}, {}", kind.name()));
        let running = program.start().await?;
        let began = std::time::Instant::now();
        running.invoke_well(&kind.event(name, total - 1)).await?;
        cold_ms.insert(kind.key(name), start::ms(running.start + began.elapsed()));
        let figures = warm::measure(&running, amount, &|n| kind.event(name, n), &progress).await?;
        warm.insert(kind.key(name), figures);
        let step = counts::once(&world, kind.name(), &running, &kind.event(name, total - 2)).await?;
        peer_steps.insert(kind.key(name), step);
        progress.finish_and_clear();
    }

    let memory = memory(&world, &binaries, arguments.memory_requests).await?;
    let captures = captures::short().await?;
    let instructions =
        if arguments.no_instructions { BTreeMap::new() } else { all_instructions(&world).await? };
    let mut packed = BTreeMap::new();
    for name in FUNCTIONS {
        let binary = binaries.path(name)?;
        packed.insert(name.to_owned(), artifact::packed_size(&binary)?);
    }
    Ok(Measured {
        starts,
        connected,
        counts,
        warm,
        peer_steps,
        cold_ms,
        memory,
        captures,
        instructions,
        packed,
        machine: machine(),
    })
}

/// Which requests are sent to Tollgate and to its peers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Purchase,
    Authorize,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Purchase => PURCHASE,
            Self::Authorize => AUTHORIZE,
        }
    }

    fn function(self) -> &'static str {
        match self {
            Self::Purchase => "purchase",
            Self::Authorize => "authorize",
        }
    }

    fn event(self, program: &str, n: usize) -> Value {
        match self {
            Self::Purchase => world::purchase(&order(program, n)),
            Self::Authorize => world::credit_card_authorize(&order(program, n)),
        }
    }

    fn key(self, program: &str) -> String {
        format!("{program}, {}", self.name())
    }
}

/// An order of a program's own. No point in it: the simulator takes whole amounts for tests, and ids are ids.
fn order(program: &str, n: usize) -> String {
    let program: String = program.chars().filter(char::is_ascii_alphanumeric).collect();
    format!("{program}-{n}")
}

fn subjects(
    world: &World,
    binaries: &Binaries,
    languages: &[Language],
) -> Result<Vec<(String, Kind, Program)>, String> {
    let mut all = Vec::new();
    for kind in [Kind::Purchase, Kind::Authorize] {
        let ours = world.function(&binaries.path(kind.function())?, merchants::REGISTERED);
        all.push(("Tollgate".to_owned(), kind, ours));
        for language in languages {
            all.push((language.name().to_owned(), kind, language.program(world, kind.function())?));
        }
    }
    Ok(all)
}

async fn starts(
    world: &World,
    binaries: &Binaries,
    languages: &[Language],
    rounds: usize,
) -> Result<(Vec<Start>, Vec<Start>), String> {
    let mut alone = vec![(EMPTY.to_owned(), start::alone(binaries.path(EMPTY)?))];
    let mut connected = Vec::new();
    for name in FUNCTIONS {
        let program = world.function(&binaries.path(name)?, merchants::REGISTERED);
        alone.push((name.to_owned(), start::without_network(program.clone())));
        connected.push((name.to_owned(), program));
    }
    for language in languages {
        for function in ["purchase", "authorize"] {
            let program = language.program(world, function)?;
            alone.push((format!("{}, {function}", language.name()), start::without_network(program)));
        }
    }
    let progress = bar("starts");
    let alone = start::measure(&alone, rounds, &progress).await?;
    progress.reset();
    let connected = start::measure(&connected, rounds.div_ceil(2), &progress).await?;
    progress.finish_and_clear();
    Ok((alone, connected))
}

async fn memory(world: &World, binaries: &Binaries, requests: usize) -> Result<Warm, String> {
    world.register((0..requests).map(|n| order("memory", n))).await?;
    let progress = bar("memory");
    let running = world.function(&binaries.path("purchase")?, merchants::REGISTERED).start().await?;
    let amount = Amount { warm_up: 0, counted: requests, looks_at_memory: true };
    let figures = warm::measure(&running, amount, &|n| world::purchase(&order("memory", n)), &progress).await;
    progress.finish_and_clear();
    figures
}

async fn all_instructions(world: &World) -> Result<BTreeMap<String, Instructions>, String> {
    eprintln!("Building two functions with the names of their parts.");
    let binaries = Binaries::build(PROFILE_WITH_NAMES, &["purchase", "authorize"])?;
    let progress = bar("instructions");
    progress.enable_steady_tick(std::time::Duration::from_millis(200));
    let all = instructions::count_both(world, &binaries).await?;
    progress.finish_and_clear();
    Ok(all.into_iter().map(|(what, counted)| (what.to_owned(), counted)).collect())
}

fn bar(what: &str) -> ProgressBar {
    let style = ProgressStyle::with_template("{prefix:28} {bar:32} {pos}/{len} {msg}");
    let bar = ProgressBar::new(0).with_prefix(what.to_owned());
    // The template is a constant; should it be wrong, there is a plainer bar.
    style.map_or(bar.clone(), |style| bar.with_style(style))
}

fn machine() -> String {
    let cpu = std::fs::read_to_string(Path::new("/proc/cpuinfo")).unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("an unknown processor", |(_, model)| model);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{cores} × {model}")
}

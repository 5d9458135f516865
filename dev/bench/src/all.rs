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
    peers::{Language, TOLLGATE, Tables},
    process::Program,
    settlement,
    start::{self, Subject},
    summary,
    table::Table,
    totals,
    warm::{self, Amount},
    work,
    world::{RequestKind, World},
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
    /// Leave Node.js and Python out
    #[arg(long)]
    pub(crate) no_peers: bool,
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

/// Prints the bill, with calls and writes as they are now.
pub(crate) async fn bill() -> Result<(), String> {
    let mut figures = page::published()?.figures;
    let world = World::start().await?;
    figures.extend(counts::count(&world, &Binaries::beside()?).await?);
    figures.extend(settlement::counts().await?);
    for table in bill::tables(&figures) {
        println!("{table}");
    }
    println!("{}", idle::month(&figures)?);
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
    let languages: &[Language] = if arguments.no_peers { &[] } else { &Language::ALL };
    for language in languages {
        eprintln!("Building the functions in {}.", language.name());
        language.build()?;
    }
    let world = World::start().await?;
    let tables = Tables::create(&world).await?;

    let mut figures = counts::count(&world, &binaries).await?;
    figures.extend(starts(&world, &binaries, languages, arguments.rounds).await?);
    let amount = Amount { warm_up: arguments.requests / 4, counted: arguments.requests };
    for contender in contenders(&world, &binaries, languages)? {
        figures.extend(contender.measure(&world, &tables, amount).await?);
    }
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

/// One of the programs that are compared, with the request that it is sent.
struct Contender {
    name: &'static str,
    kind: RequestKind,
    program: Program,
}

impl Contender {
    /// Measures its first request, warm ones, and counts the calls of one.
    async fn measure(&self, world: &World, tables: &Tables, amount: Amount) -> Result<Figures, String> {
        let Self { name, kind, program } = self;
        let what = format!("{name}, {}", kind.name());
        // Those that are measured warm, one before them and one after.
        let total = amount.warm_up + amount.counted + 2;
        self.register(world, tables, total).await?;
        let event = |n: usize| kind.event(&order(name, n));
        let mut figures = Figures::default();
        eprintln!("Measuring {what}.");
        let running = program.start().await?;
        let began = std::time::Instant::now();
        running.invoke_well(&event(total - 1)).await?;
        let first_ms = start::ms(running.start + began.elapsed());
        figures.set(format!("start and first request ms, {what}"), first_ms);
        figures.extend(warm::measure(&running, &what, amount, &event).await?);
        figures.extend(counts::once(world, &what, &running, &event(total - 2)).await?);
        Ok(figures)
    }

    /// Registers the orders that are paid, if the request needs them.
    async fn register(&self, world: &World, tables: &Tables, count: usize) -> Result<(), String> {
        let orders = (0..count).map(|n| order(self.name, n));
        match self.kind {
            RequestKind::Purchase if self.name == TOLLGATE => world.register(orders).await?,
            RequestKind::Purchase => {
                for order in orders {
                    tables.register(&order).await?;
                }
            }
            RequestKind::Authorize => {}
        }
        Ok(())
    }
}

/// An order of a program's own. No point in it: the simulator takes whole amounts for tests, and
/// ids are ids.
fn order(program: &str, n: usize) -> String {
    let program: String = program.chars().filter(char::is_ascii_alphanumeric).collect();
    format!("{program}-{n}")
}

fn contenders(world: &World, binaries: &Binaries, languages: &[Language]) -> Result<Vec<Contender>, String> {
    let mut all = Vec::new();
    for kind in RequestKind::ALL {
        let program = world.function(&binaries.path(kind.function())?, merchants::REGISTERED);
        all.push(Contender { name: TOLLGATE, kind, program });
        for language in languages {
            let program = language.program(world, kind.function())?;
            all.push(Contender { name: language.name(), kind, program });
        }
    }
    Ok(all)
}

async fn starts(
    world: &World,
    binaries: &Binaries,
    languages: &[Language],
    rounds: usize,
) -> Result<Figures, String> {
    let mut alone = vec![Subject { name: EMPTY.to_owned(), program: start::alone(binaries.path(EMPTY)?) }];
    let mut connected = Vec::new();
    for name in FUNCTIONS {
        let program = world.function(&binaries.path(name)?, merchants::REGISTERED);
        // The console reads its secret before it polls.
        if name != "console" {
            let without_network = start::without_network(program.clone());
            alone.push(Subject { name: format!("{TOLLGATE}, {name}"), program: without_network });
        }
        connected.push(Subject { name: name.to_owned(), program });
    }
    for language in languages {
        for kind in RequestKind::ALL {
            let program = start::without_network(language.program(world, kind.function())?);
            alone.push(Subject { name: format!("{}, {}", language.name(), kind.function()), program });
        }
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

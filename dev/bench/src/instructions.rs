//! Instructions, counted by callgrind: they measure the cost of code, independently of the
//! machine's load.

use std::{fs, ops::Range, path::Path};

use local::merchants;
use serde_json::Value;

use crate::{
    binaries::Binaries,
    figures::{Figures, number},
    world::{RequestKind, World},
};

/// Requests before those that count: caches are filled, connections open.
const WARM_UP: usize = 20;
/// Requests that are counted, after those that warm up.
const COUNTED: usize = 100;

/// Counts the start, and one warm request, of a purchase and of a credit-card authorization.
pub(crate) async fn count(world: &World, binaries: &Binaries) -> Result<Figures, String> {
    world.register((0..WARM_UP * 2 + COUNTED).map(order)).await?;
    let mut figures = Figures::default();
    for kind in RequestKind::ALL {
        let (name, binary) = (kind.name(), binaries.path(kind.function())?);
        let events = |orders: Range<usize>| -> Vec<Value> { orders.map(|n| kind.event(&order(n))).collect() };
        let start = run(world, &binary, &[]).await?;
        let few = run(world, &binary, &events(0..WARM_UP)).await?;
        let many = run(world, &binary, &events(WARM_UP..WARM_UP * 2 + COUNTED)).await?;
        figures.set(format!("instructions, start of {name}"), start);
        figures.set(format!("instructions, warm {name}"), ((many - few) / number(COUNTED)).round());
    }
    Ok(figures)
}

fn order(n: usize) -> String {
    format!("instructions-{n}")
}

/// The instructions of a process from its start to its end, with these requests.
async fn run(world: &World, binary: &Path, events: &[Value]) -> Result<f64, String> {
    let out = std::env::temp_dir().join(format!("callgrind-{}.out", std::process::id()));
    let mut file = std::ffi::OsString::from("--callgrind-out-file=");
    file.push(&out);
    let command = vec![
        "valgrind".into(),
        "--tool=callgrind".into(),
        "--quiet".into(),
        file,
        binary.as_os_str().to_owned(),
    ];
    let running = world.program(command, Path::new("."), merchants::REGISTERED).start().await?;
    for event in events {
        running.invoke_well(event).await?;
    }
    // When it is told to end, callgrind writes its counts.
    running.stop()?;
    let counts = fs::read_to_string(&out).map_err(|error| error.to_string())?;
    fs::remove_file(&out).map_err(|error| error.to_string())?;
    let total = counts.lines().find_map(|line| line.strip_prefix("totals: ")?.trim().parse().ok());
    total.ok_or_else(|| "callgrind counted nothing".to_owned())
}

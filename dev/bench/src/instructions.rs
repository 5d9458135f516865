//! Instructions, counted by callgrind: they say what code costs, whatever else the machine does.

use std::{collections::BTreeMap, fs, path::Path, process::Command};

use local::merchants;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    binaries::Binaries,
    counts::{AUTHORIZE, PURCHASE},
    report::number,
    world::{self, World},
};

/// Requests before those that count: caches are filled, connections open.
const WARM_UP: usize = 20;
/// Requests that are counted, after those that warm up.
const COUNTED: usize = 100;

/// Instructions of a function's start, and of one warm request.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Instructions {
    /// From the start of the process until it requests its first event.
    pub(crate) start: f64,
    /// Of one request, on average.
    pub(crate) request: f64,
    /// Shares of a request by what they are spent on, the largest first.
    pub(crate) shares: Vec<(String, f64)>,
}

/// Counts a purchase and a credit-card authorization; by what they are called elsewhere.
pub(crate) async fn count_both(
    world: &World,
    binaries: &Binaries,
) -> Result<BTreeMap<&'static str, Instructions>, String> {
    let order = |n: usize| format!("instructions-{n}");
    world.register((0..WARM_UP * 2 + COUNTED).map(order)).await?;
    let both: [(_, _, &dyn Fn(usize) -> Value); 2] = [
        (PURCHASE, "purchase", &|n| world::purchase(&order(n))),
        (AUTHORIZE, "authorize", &|n| world::credit_card_authorize(&order(n))),
    ];
    let mut counted = BTreeMap::new();
    for (what, function, event) in both {
        counted.insert(what, count(world, &binaries.path(function)?, event).await?);
    }
    Ok(counted)
}

/// Counts one function; `event` makes the n-th request. Shares are known only of a binary with symbols.
async fn count(world: &World, binary: &Path, event: &dyn Fn(usize) -> Value) -> Result<Instructions, String> {
    let start = run(world, binary, &[]).await?;
    let few: Vec<Value> = (0..WARM_UP).map(event).collect();
    let few = run(world, binary, &few).await?;
    let many: Vec<Value> = (WARM_UP..WARM_UP * 2 + COUNTED).map(event).collect();
    let many = run(world, binary, &many).await?;
    let mut by_name = BTreeMap::<String, f64>::new();
    for (name, cost) in many.costs {
        *by_name.entry(name).or_default() += cost;
    }
    for (name, cost) in few.costs {
        *by_name.entry(name).or_default() -= cost;
    }
    let total: f64 = by_name.values().sum();
    let mut shares: Vec<_> = by_name.into_iter().map(|(name, cost)| (name, cost / total)).collect();
    shares.sort_by(|one, two| two.1.total_cmp(&one.1));
    Ok(Instructions { start: start.total, request: (many.total - few.total) / number(COUNTED), shares })
}

struct Profile {
    total: f64,
    costs: Vec<(String, f64)>,
}

async fn run(world: &World, binary: &Path, events: &[Value]) -> Result<Profile, String> {
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
    // Told to end, it writes down what it has counted.
    running.stop()?;
    let profile = annotated(&out);
    fs::remove_file(&out).map_err(|error| error.to_string())?;
    profile
}

fn annotated(out: &Path) -> Result<Profile, String> {
    let mut annotate = Command::new("callgrind_annotate");
    let output = annotate.args(["--threshold=100", "--auto=no"]).arg(out).output();
    let output = output.map_err(|error| format!("callgrind_annotate: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let parsed = |text: &str| text.trim().replace(',', "").parse::<f64>().ok();
    let cost = |line: &str| parsed(line.trim_start().split([' ', '(']).next()?);
    let total = text.lines().find(|line| line.ends_with("PROGRAM TOTALS")).and_then(cost);
    let total = total.ok_or("callgrind counted nothing")?;
    let costs = text.lines().filter_map(|line| {
        let (_, place) = line.split_once(") ")?;
        let (_, function) = place.split_once(':')?;
        Some((subject(function.trim()), cost(line)?))
    });
    Ok(Profile { total, costs: costs.collect() })
}

/// What a function is part of: its crate, or what it is for.
fn subject(function: &str) -> String {
    let name = function.split(" [").next().unwrap_or(function).trim_start_matches(['<', '&', '(', '*']);
    let name = name.strip_prefix("dyn ").unwrap_or(name);
    let has = |parts: &[&str]| parts.iter().any(|part| name.starts_with(part));
    if has(&[
        "malloc",
        "free",
        "_int_",
        "realloc",
        "calloc",
        "__rust_",
        "cfree",
        "unlink_chunk",
        "alloc::alloc",
        "sysmalloc",
    ]) {
        return "allocating memory".to_owned();
    }
    if has(&["__mem", "mem", "bcmp", "__str"]) {
        return "copying and comparing memory".to_owned();
    }
    match name.split_once("::") {
        Some((krate, _)) => match krate.trim_start_matches("mut ") {
            "core" | "alloc" | "std" | "hashbrown" => "Rust's standard library".to_owned(),
            "ring" => "ring (signatures, digests)".to_owned(),
            other => other.to_owned(),
        },
        None if name.contains("sha256") || name.contains("ring_core") => {
            "ring (signatures, digests)".to_owned()
        }
        None => "C library and kernel calls".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_belongs_to_its_crate() {
        let cases = [
            ("<serde_json::de::Deserializer<R>>::parse [/x/purchase]", "serde_json"),
            ("tollgate_core::order::decide::decide", "tollgate_core"),
            ("core::fmt::write", "Rust's standard library"),
            ("_int_malloc [/lib/libc.so.6]", "allocating memory"),
            ("__memcpy_avx_unaligned", "copying and comparing memory"),
            ("ring_core_0_17_14__sha256_block_data_order_avx", "ring (signatures, digests)"),
            ("epoll_wait", "C library and kernel calls"),
        ];
        for (function, part) in cases {
            assert_eq!(subject(function), part, "{function}");
        }
    }
}

//! Instructions, counted by callgrind: they measure the cost of code, independently of the
//! machine's load.

use std::{collections::BTreeMap, fs, ops::Range, path::Path, process::Command};

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

/// The largest parts of a request that are told apart.
const PARTS: usize = 5;

/// Instructions of a function's start, and of one warm request.
#[derive(Clone, Debug)]
pub(crate) struct Instructions {
    kind: RequestKind,
    /// From the start of the process until it requests its first event.
    start: f64,
    /// Of one request, on average.
    request: f64,
    /// The parts of a request's instructions, the largest first. They are known only of a binary
    /// with symbols.
    parts: Vec<Part>,
}

#[derive(Clone, Debug)]
struct Part {
    subject: String,
    instructions: f64,
}

impl Instructions {
    /// Adds the totals, which the guard compares.
    pub(crate) fn record(&self, figures: &mut Figures) {
        let what = self.kind.name();
        figures.set(format!("instructions, start of {what}"), self.start);
        figures.set(format!("instructions, warm {what}"), self.request.round());
    }

    /// Adds the largest parts of a request.
    pub(crate) fn record_parts(&self, figures: &mut Figures) {
        let total: f64 = self.parts.iter().map(|part| part.instructions).sum();
        for Part { subject, instructions } in self.parts.iter().take(PARTS) {
            let name = format!("percent of instructions, warm {}: {subject}", self.kind.name());
            figures.set(name, instructions / total * 100.0);
        }
    }
}

/// Counts a purchase and a credit-card authorization.
pub(crate) async fn count_both(world: &World, binaries: &Binaries) -> Result<Vec<Instructions>, String> {
    world.register((0..WARM_UP * 2 + COUNTED).map(order)).await?;
    let mut counted = Vec::new();
    for kind in RequestKind::ALL {
        counted.push(count(world, &binaries.path(kind.function())?, kind).await?);
    }
    Ok(counted)
}

fn order(n: usize) -> String {
    format!("instructions-{n}")
}

/// Counts one function.
async fn count(world: &World, binary: &Path, kind: RequestKind) -> Result<Instructions, String> {
    let events = |orders: Range<usize>| -> Vec<Value> { orders.map(|n| kind.event(&order(n))).collect() };
    let start = run(world, binary, &[]).await?;
    let few = run(world, binary, &events(0..WARM_UP)).await?;
    let many = run(world, binary, &events(WARM_UP..WARM_UP * 2 + COUNTED)).await?;
    let request = (many.total - few.total) / number(COUNTED);
    let mut by_subject = BTreeMap::<String, f64>::new();
    for Part { subject, instructions } in many.parts {
        *by_subject.entry(subject).or_default() += instructions;
    }
    for Part { subject, instructions } in few.parts {
        *by_subject.entry(subject).or_default() -= instructions;
    }
    let parts = by_subject.into_iter().map(|(subject, instructions)| Part { subject, instructions });
    let mut parts: Vec<Part> = parts.collect();
    parts.sort_by(|one, two| two.instructions.total_cmp(&one.instructions));
    Ok(Instructions { kind, start: start.total, request, parts })
}

struct Profile {
    total: f64,
    /// By function: several are about the same subject.
    parts: Vec<Part>,
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
    // When it is told to end, callgrind writes its counts.
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
    let parts = text.lines().filter_map(|line| {
        let (_, place) = line.split_once(") ")?;
        let (_, function) = place.split_once(':')?;
        Some(Part { subject: subject(function.trim()), instructions: cost(line)? })
    });
    Ok(Profile { total, parts: parts.collect() })
}

/// A function's part: its crate, or its purpose.
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

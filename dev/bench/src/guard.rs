//! Figures that must not get worse unnoticed: counts of the built functions against
//! `dev/bench/baseline.json`.
//!
//! Sizes and instructions are compared only with a baseline of the same compiler; otherwise the
//! guard says that it does not compare them.

use std::{collections::BTreeSet, fs, path::PathBuf, process::Command};

use clap::Args;
use serde::{Deserialize, Serialize};

use crate::{
    artifact,
    binaries::{Binaries, FUNCTIONS, workspace},
    counts::{self, ITEM_BYTES},
    figures::{Figures, number},
    instructions, ledger, settlement,
    world::World,
};

/// By how much a count may be worse.
const TOLERANCE: f64 = 0.03;
/// Bytes by which items of the same make differ: a moment that ends in zeros is a shorter number.
const MOMENTS_BYTES: f64 = 6.0;
/// How the names of those counts of requests begin that are compared. The others are parts of them.
const GUARDED: [&str; 6] =
    ["calls, ", "connections opened", ITEM_BYTES, "other calls", "round trips, ", "write units of "];
const PACKED_BYTES: &str = "packed bytes";

/// The functions whose machine code is looked at unless all are: both that instructions are counted
/// of, and the one with the most of AWS's clients. Linking any as it is deployed takes a minute.
const LOOKED_AT: [&str; 3] = ["authorize", "events", "purchase"];

#[derive(Args)]
pub(crate) struct Arguments {
    /// Count the packed size of every function, after a `sam build` of all of them
    #[arg(long)]
    all: bool,
    /// Write the counts to dev/bench/baseline.json, to be committed with the change that explains
    /// it
    #[arg(long)]
    accept: bool,
}

/// Counts of which less is better, by name.
#[derive(Debug, Serialize, Deserialize)]
struct Baseline {
    /// The compiler of the counted functions: another one makes other instructions.
    compiler: String,
    /// The same with every compiler.
    counts: Figures,
    /// Of the machine code.
    code: Figures,
}

pub(crate) async fn run(arguments: Arguments) -> Result<(), String> {
    let names: &[&str] = if arguments.all { &FUNCTIONS } else { &LOOKED_AT };
    let mut counted = count(names).await?;
    let baseline = fs::read_to_string(path()).map_err(|error| format!("{}: {error}", path().display()))?;
    let mut baseline: Baseline = serde_json::from_str(&baseline).map_err(|error| error.to_string())?;
    let not_looked_at = |name: &str| {
        let function = name.strip_prefix(PACKED_BYTES).and_then(|rest| rest.strip_prefix(", "));
        function.is_some_and(|function| !names.contains(&function))
    };
    let left = baseline.code.extract(not_looked_at);
    if arguments.accept {
        counted.code.extend(left);
        let text = serde_json::to_string_pretty(&counted).map_err(|error| error.to_string())? + "\n";
        return fs::write(path(), text).map_err(|error| error.to_string());
    }
    let mut worse = compare(&baseline.counts, &counted.counts);
    if baseline.compiler == counted.compiler {
        worse.extend(compare(&baseline.code, &counted.code));
    } else {
        println!(
            "Sizes and instructions are not compared: this is {}, and the baseline {}.",
            counted.compiler, baseline.compiler
        );
    }
    if worse.is_empty() {
        println!("No count is worse than dev/bench/baseline.json by more than {:.0} %.", TOLERANCE * 100.0);
        return Ok(());
    }
    Err(format!(
        "worse than dev/bench/baseline.json:\n{}\nIf that has a reason, `bench guard --accept` writes the new baseline.",
        worse.join("\n")
    ))
}

fn path() -> PathBuf {
    workspace().join("dev/bench/baseline.json")
}

/// The counts that are worse, or exist on one side only.
fn compare(baseline: &Figures, counted: &Figures) -> Vec<String> {
    let names: BTreeSet<_> = baseline.names().chain(counted.names()).collect();
    let lines = names.into_iter().filter_map(|name| match (baseline.find(name), counted.find(name)) {
        (Some(was), Some(is)) => {
            println!("{name}: {is} ({was})");
            let slack = if name.starts_with(ITEM_BYTES) { MOMENTS_BYTES } else { 0.0 };
            (is > was * (1.0 + TOLERANCE) + slack).then(|| format!("  {name}: {is}, was {was}"))
        }
        (Some(was), None) => Some(format!("  {name}: not counted any more, was {was}")),
        (None, Some(is)) => Some(format!("  {name}: {is}, not in the baseline")),
        (None, None) => None,
    });
    lines.collect()
}

async fn count(names: &[&str]) -> Result<Baseline, String> {
    let world = World::start().await?;
    // Calls and writes are the same with every profile.
    let mut counts = counts::count(&world, &Binaries::beside()?).await?.extract(is_guarded);
    counts.extend(ledger::counts().await?);
    counts.extend(settlement::counts().await?);
    for name in FUNCTIONS {
        counts.set(format!("crates, {name}"), number(artifact::crates(name)?));
    }
    let deployed = Binaries::deployed();
    let mut code = Figures::default();
    for name in names {
        let size = artifact::packed_size(&deployed.path(name)?)?;
        code.set(format!("{PACKED_BYTES}, {name}"), number(size));
    }
    code.extend(instructions::count(&world, &deployed).await?);
    Ok(Baseline { compiler: compiler()?, counts, code })
}

fn is_guarded(name: &str) -> bool {
    GUARDED.iter().any(|beginning| name.starts_with(beginning))
}

fn compiler() -> Result<String, String> {
    let output = Command::new("rustc").arg("--version").output().map_err(|error| error.to_string())?;
    let version = String::from_utf8_lossy(&output.stdout);
    let words: Vec<_> = version.split_whitespace().take(2).collect();
    Ok(format!("{} on {}", words.join(" "), std::env::consts::ARCH))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(counts: &[(&str, f64)]) -> Figures {
        let mut figures = Figures::default();
        for (name, count) in counts {
            figures.set(*name, *count);
        }
        figures
    }

    #[test]
    fn a_count_that_is_worse_new_or_gone_is_noticed() {
        let baseline = of(&[("a", 100.0), ("b", 100.0), ("c", 0.0), ("gone", 1.0)]);
        let counted = of(&[("a", 103.0), ("b", 103.1), ("c", 1.0), ("new", 1.0)]);
        let worse = compare(&baseline, &counted);
        assert_eq!(worse.len(), 4, "{worse:?}");
        for name in ["b:", "c:", "gone:", "new:"] {
            assert!(worse.iter().any(|line| line.trim_start().starts_with(name)), "{name} {worse:?}");
        }
    }
}

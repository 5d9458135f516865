//! From the start of a process to its first question for an event.

use std::{path::PathBuf, time::Duration};

use indicatif::ProgressBar;
use serde::{Deserialize, Serialize};

use crate::process::Program;

/// An address without a server: every call to it is refused at once, so that no network time is measured.
pub(crate) const NOBODY: &str = "http://127.0.0.1:9";

/// What was measured of one program.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Start {
    pub(crate) name: String,
    /// Median time, in milliseconds.
    pub(crate) median_ms: f64,
    /// Shortest time, in milliseconds.
    pub(crate) least_ms: f64,
    /// Median processor time, in milliseconds.
    pub(crate) cpu_ms: f64,
    /// Median resident memory when it requests its first event, in MiB.
    pub(crate) resident_mib: f64,
}

/// Starts all of them in turn, again and again, so that whatever else the machine does hits all alike.
pub(crate) async fn measure(
    programs: &[(String, Program)],
    rounds: usize,
    progress: &ProgressBar,
) -> Result<Vec<Start>, String> {
    let mut seen = vec![Vec::new(); programs.len()];
    progress.set_length((rounds * programs.len()) as u64);
    for _ in 0..rounds {
        for ((name, program), seen) in programs.iter().zip(&mut seen) {
            progress.set_message(name.clone());
            let running = program.start().await?;
            seen.push((ms(running.start), ms(running.start_cpu), running.resident_mib()?));
            progress.inc(1);
        }
    }
    let rows = programs.iter().zip(seen).map(|((name, _), seen)| Start {
        name: name.clone(),
        median_ms: median(seen.iter().map(|seen| seen.0)),
        least_ms: seen.iter().map(|seen| seen.0).fold(f64::INFINITY, f64::min),
        cpu_ms: median(seen.iter().map(|seen| seen.1)),
        resident_mib: median(seen.iter().map(|seen| seen.2)),
    });
    Ok(rows.collect())
}

/// A program whose servers cannot be reached, and which knows no merchant to read.
pub(crate) fn without_network(mut program: Program) -> Program {
    for (name, value) in &mut program.environment {
        if name.starts_with("AWS_ENDPOINT_URL") {
            NOBODY.clone_into(value);
        } else if name == "KNOWN_MERCHANTS" {
            value.clear();
        }
    }
    program
}

/// A program that needs nothing but the Runtime API.
pub(crate) fn alone(binary: PathBuf) -> Program {
    let directory = binary.parent().map(PathBuf::from).unwrap_or_default();
    Program { command: vec![binary.into_os_string()], directory, environment: Vec::new() }
}

pub(crate) fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// The one in the middle; 0 of none.
pub(crate) fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

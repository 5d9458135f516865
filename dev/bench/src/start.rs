//! From the start of a process to its first question for an event.

use std::{path::PathBuf, time::Duration};

use crate::{figures::Figures, process::Program, runtime_api::FUNCTION_LIMIT};

/// An address without a server: every call to it is refused at once, so that no network time is
/// measured.
const NOBODY: &str = "http://127.0.0.1:9";

/// A program, and how the names of its figures end.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    pub(crate) name: String,
    pub(crate) program: Program,
}

/// The median time of each program in milliseconds, and its page faults. All are started in turn,
/// again and again, so that other load of the machine affects all alike.
pub(crate) async fn measure(quantity: &str, subjects: &[Subject], rounds: usize) -> Result<Figures, String> {
    let mut times = vec![Vec::new(); subjects.len()];
    let mut faults = times.clone();
    for _ in 0..rounds {
        for (n, subject) in subjects.iter().enumerate() {
            let running = subject.program.start().await?;
            times[n].push(ms(running.start));
            faults[n].push(running.page_faults()?);
        }
    }
    let mut figures = Figures::default();
    for ((subject, times), faults) in subjects.iter().zip(times).zip(faults) {
        figures.set(format!("{quantity} ms, {}", subject.name), median(times));
        figures.set(format!("{quantity} page faults, {}", subject.name), median(faults));
    }
    Ok(figures)
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
    Program {
        command: vec![binary.into_os_string()],
        directory,
        environment: Vec::new(),
        limit: FUNCTION_LIMIT,
    }
}

pub(crate) fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// The one in the middle; 0 of none.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

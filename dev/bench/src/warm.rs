//! Warm requests: processor time, throughput and memory of one process.

use std::time::Instant;

use indicatif::ProgressBar;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{process::Running, report::number, start::ms};

/// What was measured of one process.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Warm {
    /// Its own processor time for each request, in milliseconds.
    pub(crate) cpu_ms: f64,
    /// Requests a second, one after the other.
    pub(crate) per_second: f64,
    /// Bytes logged for each request.
    pub(crate) log_bytes: f64,
    /// Resident memory in MiB, after so many requests.
    pub(crate) memory: Vec<(f64, f64)>,
}

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Amount {
    /// Requests before those that count, for caches, connections and compilers.
    pub(crate) warm_up: usize,
    /// Requests that are measured, after those that warm up.
    pub(crate) counted: usize,
    /// Whether the memory is looked at on the way.
    pub(crate) looks_at_memory: bool,
}

/// Sends requests one after the other; `event` makes the n-th.
pub(crate) async fn measure(
    function: &Running,
    amount: Amount,
    event: &dyn Fn(usize) -> Value,
    progress: &ProgressBar,
) -> Result<Warm, String> {
    progress.set_length((amount.warm_up + amount.counted) as u64);
    let resident = Running::resident_mib;
    let mut memory = vec![(0.0, resident(function)?)];
    for n in 0..amount.warm_up {
        function.invoke_well(&event(n)).await?;
        progress.inc(1);
    }
    let logged = function.logged_bytes()?;
    let (began, cpu) = (Instant::now(), function.cpu()?);
    for n in amount.warm_up..amount.warm_up + amount.counted {
        function.invoke_well(&event(n)).await?;
        progress.inc(1);
        if amount.looks_at_memory && (n + 1).is_multiple_of(amount.counted / 20) {
            memory.push((number(n + 1), resident(function)?));
        }
    }
    let (took, cpu) = (began.elapsed(), function.cpu()?.saturating_sub(cpu));
    let counted = number(amount.counted);
    if !amount.looks_at_memory {
        memory.push((number(amount.warm_up + amount.counted), resident(function)?));
    }
    let logged = usize::try_from(function.logged_bytes()? - logged).map_or(0.0, number);
    Ok(Warm {
        cpu_ms: ms(cpu) / counted,
        log_bytes: logged / counted,
        per_second: counted / took.as_secs_f64(),
        memory,
    })
}

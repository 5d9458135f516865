//! Warm requests: processor time, throughput and memory of one process.

use std::time::Instant;

use serde_json::Value;

use crate::{
    figures::{Figures, number},
    process::Running,
    start::ms,
};

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Amount {
    /// Requests before those that count, for caches, connections and compilers.
    pub(crate) warm_up: usize,
    /// Requests that are measured, after those that warm up.
    pub(crate) counted: usize,
}

/// Sends requests one after the other; `event` makes the n-th. The names of the figures end with
/// `what`.
pub(crate) async fn measure(
    function: &Running,
    what: &str,
    amount: Amount,
    event: &dyn Fn(usize) -> Value,
) -> Result<Figures, String> {
    let Amount { warm_up, counted } = amount;
    let mut figures = Figures::default();
    figures.set(format!("resident MiB at the first poll, {what}"), function.resident_mib()?);
    for n in 0..warm_up {
        function.invoke_well(&event(n)).await?;
    }
    let logged = function.logged_bytes()?;
    let (began, cpu) = (Instant::now(), function.cpu()?);
    for n in warm_up..warm_up + counted {
        function.invoke_well(&event(n)).await?;
        if n + 1 == warm_up + counted / 10 {
            figures.set(format!("resident MiB after a tenth, {what}"), function.resident_mib()?);
        }
    }
    let (took, cpu) = (began.elapsed(), function.cpu()?.saturating_sub(cpu));
    figures.set(format!("resident MiB after all requests, {what}"), function.resident_mib()?);
    let logged = usize::try_from(function.logged_bytes()? - logged).map_or(0.0, number);
    let counted = number(counted);
    figures.set(format!("processor ms, {what}"), ms(cpu) / counted);
    figures.set(format!("requests per second, {what}"), counted / took.as_secs_f64());
    figures.set(format!("log bytes, {what}"), logged / counted);
    Ok(figures)
}

//! Scheduled captures: how close a run comes to what its concurrency and the gateway's latency allow.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use cardpointe_simulator::{Endpoint, Fault, FaultKind};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use local::{
    Options, Stack,
    load::{Load, fill},
};
use serde::{Deserialize, Serialize};
use tollgate::ports::Job;
use tollgate_core::{
    order::MerchantId,
    payments::{CaptureRequest, CaptureSettings, Deadline, Payments, Stop, StoreError, Switch, capture_due},
    values::Clock as _,
};

use crate::{counting::Counting, memory::Memory, processor};

/// Of what concurrency and latency allow, while the processor does.
pub(crate) const TARGET: f64 = 0.9;
/// Read units for finding one payment.
pub(crate) const FINDING_TARGET: f64 = 0.05;
/// Above this the processor is the limit, and not the gateway.
const BUSY: f64 = 0.9;

/// A deployment that cannot be stopped.
struct AlwaysOn;

#[async_trait]
impl Switch for AlwaysOn {
    async fn stop(&self, _: &MerchantId) -> Result<Stop, StoreError> {
        Ok(Stop::None)
    }

    async fn all_stopped(&self) -> Result<bool, StoreError> {
        Ok(false)
    }
}

#[derive(Args)]
pub(crate) struct Arguments {
    /// Captures under way at a time, one run for each
    #[arg(long, value_delimiter = ',', default_value = "8,64,256")]
    concurrency: Vec<usize>,
    /// How long the gateway takes, in milliseconds
    #[arg(long, default_value_t = 200)]
    latency_ms: u64,
    /// How long the table takes for each read and write, in milliseconds
    #[arg(long, default_value_t = 3)]
    store_ms: u64,
    /// How long each run should take, in seconds, if the gateway is all that takes time
    #[arg(long, default_value_t = 15)]
    seconds: u64,
}

/// One run, at one concurrency.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) concurrency: usize,
    captured: usize,
    seconds: f64,
    pub(crate) per_second: f64,
    /// Concurrency divided by latency, in captures per second.
    possible_per_second: f64,
    pub(crate) ratio: f64,
    /// Of all processors, servers and gateway included: they run in the same process.
    processor_busy: Option<f64>,
    pub(crate) read_units_finding: f64,
    read_units_item: f64,
    write_units_item: f64,
    write_units_indexes: f64,
    largest_item_bytes: usize,
}

/// One short run, as a part of all measurements.
pub(crate) async fn short() -> Result<Row, String> {
    measure(64, &Arguments { concurrency: Vec::new(), latency_ms: 200, store_ms: 3, seconds: 10 }).await
}

pub(crate) async fn run(arguments: Arguments) -> Result<(), String> {
    let mut rows = Vec::new();
    for concurrency in &arguments.concurrency {
        rows.push(measure(*concurrency, &arguments).await?);
    }
    print(&rows, arguments.latency_ms);
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
async fn measure(concurrency: usize, arguments: &Arguments) -> Result<Row, String> {
    let Arguments { latency_ms, store_ms, seconds, .. } = *arguments;
    let settings = CaptureSettings { shards: 16, concurrency };
    let options = Options { captures: Some(settings), ..Options::default() };
    let stack = Stack::start(options).await.map_err(|error| error.to_string())?;
    let rounds = usize::try_from(seconds * 1000 / latency_ms.max(1)).unwrap_or(1).max(1);
    let count = concurrency * rounds;
    let own = stack.ports().captures.clone();
    let counting = Arc::new(Counting::new(Arc::new(Memory::new(Duration::from_millis(store_ms)))));
    let (gateway, clock) = (own.payments.gateway.clone(), own.payments.clock.clone());
    let job = Job {
        payments: Payments { store: counting.clone(), gateway, clock, known_disputes: None },
        merchants: own.merchants.clone(),
        switch: Arc::new(AlwaysOn),
        settings,
    };
    let bar = ProgressBar::new(count as u64).with_message(format!("preparing {count} for {concurrency}"));
    let style = ProgressStyle::with_template("{msg:32} {wide_bar} {pos}/{len}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    let capture_at = stack.clock().now() + jiff::SignedDuration::from_hours(1);
    fill(&job, Load { count, capture_at, amount: 2599 }, |done| bar.set_position(done as u64)).await?;
    bar.finish_and_clear();
    stack.advance_clock(3600);
    let delay = FaultKind::Delay { delay_ms: latency_ms };
    stack.simulator().fault(Fault { endpoint: Endpoint::Capture, kind: delay, times: u32::MAX });

    let before = counting.units();
    let (started, used) = (Instant::now(), processor::seconds_used());
    let deadline = Deadline::after(Duration::from_mins(10));
    let report = capture_due(
        &job.payments,
        (job.merchants.as_ref(), &AlwaysOn),
        CaptureRequest::default(),
        settings,
        deadline,
    )
    .await;
    let seconds = started.elapsed().as_secs_f64();
    let used = processor::seconds_used().zip(used).map(|(now, before)| now - before);
    if report.captured != count {
        return Err(format!("{} of {count} were captured: {report:?}", report.captured));
    }
    stack.stop().await;
    let (units, each) = (counting.units().since(before), count as f64);
    let possible_per_second = concurrency as f64 * 1000.0 / latency_ms as f64;
    Ok(Row {
        concurrency,
        captured: count,
        seconds,
        per_second: each / seconds,
        possible_per_second,
        ratio: each / seconds / possible_per_second,
        processor_busy: used.map(|used| used / seconds / processor::count() as f64),
        read_units_finding: units.finding / each,
        read_units_item: units.reading / each,
        write_units_item: units.writes.items / each,
        write_units_indexes: units.writes.indexes / each,
        largest_item_bytes: units.largest,
    })
}

fn print(rows: &[Row], latency_ms: u64) {
    println!("Scheduled captures, gateway latency {latency_ms} ms, {} processors", processor::count());
    println!();
    println!(
        "| concurrency | captured | per second | concurrency ÷ latency | ratio | target | processors busy |"
    );
    println!("|---|---|---|---|---|---|---|");
    for row in rows {
        let busy = row.processor_busy.map_or_else(|| "?".to_owned(), |busy| format!("{:.0} %", busy * 100.0));
        let limited = row.processor_busy.is_some_and(|busy| busy >= BUSY);
        let verdict = match row.ratio >= TARGET {
            true => "met",
            false if limited => "the processor is the limit",
            false => "missed",
        };
        println!(
            "| {} | {} | {:.0} | {:.0} | {:.2} | ≥ {TARGET}: {verdict} | {busy} |",
            row.concurrency, row.captured, row.per_second, row.possible_per_second, row.ratio,
        );
    }
    println!();
    println!(
        "| concurrency | read units to find it | target | read units, item | write units, item | write units, indexes | largest item |"
    );
    println!("|---|---|---|---|---|---|---|");
    for row in rows {
        let verdict = if row.read_units_finding <= FINDING_TARGET { "met" } else { "missed" };
        println!(
            "| {} | {:.4} | ≤ {FINDING_TARGET}: {verdict} | {:.2} | {:.2} | {:.2} | {} bytes |",
            row.concurrency,
            row.read_units_finding,
            row.read_units_item,
            row.write_units_item,
            row.write_units_indexes,
            row.largest_item_bytes,
        );
    }
}

//! Scheduled captures: how close a run comes to the limit set by its concurrency and the gateway's
//! latency.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use cardpointe_simulator::{Endpoint, Fault, FaultKind};
use clap::Args;
use local::{
    Options, Stack,
    load::{Load, fill},
};
use memory::{CardNoteTable, OrderTable, ShopOrderTable};
use tollgate::ports::Job;
use tollgate_core::{
    order::MerchantId,
    payments::{
        CaptureRequest, CaptureSettings, CaptureSources, Deadline, Payments, Stop, StoreError, Switch,
        capture_due,
    },
    values::Clock as _,
};

use crate::{
    figures::{Figures, number},
    table::Table,
};

/// Percent of the rate that concurrency and latency allow, unless the processors are the limit.
const TARGET: f64 = 90.0;

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

/// The name of the figure that has a target.
const ALLOWED: &str = "captures: percent of what concurrency and gateway allow";

#[derive(Args)]
pub(crate) struct Arguments {
    /// Captures under way at a time, one run for each
    #[arg(long, value_delimiter = ',', default_value = "8,64,256")]
    concurrency: Vec<usize>,
    /// How long the gateway takes, in milliseconds
    #[arg(long, default_value_t = 200)]
    latency_ms: u64,
    /// How long each run should take, in seconds, if the gateway is all that takes time
    #[arg(long, default_value_t = 15)]
    seconds: u64,
}

/// One short run, as a part of all measurements.
pub(crate) async fn short() -> Result<Figures, String> {
    measure(64, &Arguments { concurrency: Vec::new(), latency_ms: 200, seconds: 10 }).await
}

pub(crate) async fn run(arguments: Arguments) -> Result<(), String> {
    for concurrency in &arguments.concurrency {
        println!("{}", table(&measure(*concurrency, &arguments).await?));
    }
    Ok(())
}

/// The table of a run.
pub(crate) fn table(figures: &Figures) -> Table {
    let rows = figures.rows("captures").into_iter().map(|row| match row.what.as_str() {
        ALLOWED => row.at_least(TARGET),
        _ => row,
    });
    Table::new("Scheduled captures", rows.collect())
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
async fn measure(concurrency: usize, arguments: &Arguments) -> Result<Figures, String> {
    let Arguments { latency_ms, seconds, .. } = *arguments;
    let settings = CaptureSettings { shards: 16, concurrency };
    let options = Options { captures: Some(settings), ..Options::default() };
    let stack = Stack::start(options).await.map_err(|error| error.to_string())?;
    let rounds = usize::try_from(seconds * 1000 / latency_ms.max(1)).unwrap_or(1).max(1);
    let count = concurrency * rounds;
    let own = stack.ports().captures.clone();
    let store = Arc::new(OrderTable::default());
    let card_notes = Arc::new(CardNoteTable::default());
    let shop_orders = Arc::new(ShopOrderTable::default());
    let (gateway, clock) = (own.payments.gateway.clone(), own.payments.clock.clone());
    let job = Job {
        payments: Payments { store, gateway, clock, known_disputes: None, card_notes, shop_orders },
        merchants: own.merchants.clone(),
        switch: Arc::new(AlwaysOn),
        settings,
    };
    eprintln!("Preparing {count} captures, {concurrency} at a time.");
    let capture_at = stack.clock().now() + jiff::SignedDuration::from_hours(1);
    fill(&job, Load { count, capture_at, amount: 2599 }, |_| ()).await?;
    stack.advance_clock(3600);
    let delay = FaultKind::Delay { delay_ms: latency_ms };
    stack.simulator().fault(Fault { endpoint: Endpoint::Capture, kind: delay, times: u32::MAX });

    let started = Instant::now();
    let deadline = Deadline::after(Duration::from_mins(10));
    let report = capture_due(
        &job.payments,
        CaptureSources { merchants: job.merchants.as_ref(), switch: &AlwaysOn },
        CaptureRequest::default(),
        settings,
        deadline,
    )
    .await;
    let seconds = started.elapsed().as_secs_f64();
    if report.captured != count {
        return Err(format!("{} of {count} were captured: {report:?}", report.captured));
    }
    stack.stop().await;
    let mut figures = Figures::default();
    let per_second = number(count) / seconds;
    let possible_per_second = number(concurrency) * 1000.0 / latency_ms as f64;
    figures.set("captures", number(count));
    figures.set("captures at a time", number(concurrency));
    figures.set("captures: gateway ms", latency_ms as f64);
    figures.set("captures per second", per_second);
    figures.set(ALLOWED, per_second / possible_per_second * 100.0);
    Ok(figures)
}

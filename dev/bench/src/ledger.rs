//! The ledger's questions over a million entries: the reads and the times of first pages and of
//! totals.

mod questions;
mod seed;

use std::{env::temp_dir, fs::remove_dir_all, time::Instant};

use clap::Args;
use local::merchants;
use serde_json::Value;
use tollgate::dynamodb::{Item, item_size};
use uuid::Uuid;

use self::questions::{Kind, Question, questions};
use crate::{
    binaries::Binaries,
    dynamodb::from_wire,
    figures::{Figures, number},
    process::Running,
    proxy::Call,
    start::ms,
    table::{Row, Table},
    world::World,
};

/// Most calls and kilobytes of a page, and of a quiet merchant's.
const CALLS_MAX: f64 = 5.0;
const PAGE_MAX_KB: f64 = 256.0;
const QUIET_MAX_KB: f64 = 40.0;
/// More payments are in a file: a database in memory has room for a gigabyte.
const IN_MEMORY_MAX: usize = 50_000;
/// Longest that a page or totals take.
const TIME_MAX_S: f64 = 3.0;

/// Payments of a merchant with few, in a month.
const QUIET_PAYMENTS: usize = 18;
/// Payments of the merchant that the guard counts with, over as long a time: reads depend on the
/// rows of a page, and not on the number of payments.
const GUARD_PAYMENTS: usize = 1_500;
const GUARD_DAYS: i64 = 30;

#[derive(Args)]
pub(crate) struct Arguments {
    /// Payments of the busy merchant; each has two entries, nearly
    #[arg(long, default_value_t = 505_000)]
    payments: usize,
    /// Days over which they are spread: 300,000 a month
    #[arg(long, default_value_t = 50)]
    days: i64,
    /// Only the counts of small merchants that the guard compares
    #[arg(long)]
    counts: bool,
}

/// The cost of a question.
#[derive(Clone, Debug)]
struct Asked {
    what: &'static str,
    kind: Kind,
    /// Calls of the tables, and the bytes that they read.
    calls: usize,
    bytes: usize,
    /// Rows of the response.
    rows: usize,
    /// From the event to the response.
    seconds: f64,
    /// Of the function's own processor.
    cpu_ms: f64,
}

pub(crate) async fn run(arguments: Arguments) -> Result<(), String> {
    let Arguments { payments, days, counts } = arguments;
    if counts {
        let counts = self::counts().await?;
        println!("{}", Table::new("Small merchants", counts.rows("")));
        return Ok(());
    }
    for (title, payments, days, most_kb) in [
        ("A quiet month", QUIET_PAYMENTS, 30, QUIET_MAX_KB),
        ("A busy merchant", payments, days, PAGE_MAX_KB),
    ] {
        let asked = ask_all(payments, days).await?;
        let rows = asked.iter().flat_map(|one| rows(one, most_kb));
        println!("{}", Table::new(title, rows.collect()));
    }
    Ok(())
}

/// The counts of every question of small merchants, by name.
pub(crate) async fn counts() -> Result<Figures, String> {
    let mut counts = Figures::default();
    for (of, payments) in [("quiet", QUIET_PAYMENTS), ("busy", GUARD_PAYMENTS)] {
        let asked = ask_all(payments, GUARD_DAYS).await?;
        for Asked { what, calls, bytes, .. } in asked.into_iter().filter(|asked| asked.kind.is_steady()) {
            counts.set(format!("ledger calls, {of} merchant: {what}"), number(calls));
            counts.set(format!("ledger bytes, {of} merchant: {what}"), number(bytes));
        }
    }
    Ok(counts)
}

fn rows(asked: &Asked, most_kb: f64) -> Vec<Row> {
    let Asked { what, kind, calls, bytes, rows, seconds, cpu_ms } = asked;
    let most = |row: Row, target: f64| if *kind == Kind::Page { row.at_most(target) } else { row };
    vec![
        most(Row::new(format!("{what}: calls"), number(*calls), ""), CALLS_MAX),
        most(Row::new(format!("{what}: read"), number(*bytes) / 1024.0, "KB"), most_kb),
        Row::new(format!("{what}: time, {rows} rows"), *seconds, "s").at_most(TIME_MAX_S),
        Row::new(format!("{what}: processor"), *cpu_ms, "ms"),
    ]
}

/// Seeds a merchant and asks everything.
async fn ask_all(payments: usize, days: i64) -> Result<Vec<Asked>, String> {
    let data = (payments > IN_MEMORY_MAX).then(|| temp_dir().join(format!("ledger-{}", Uuid::new_v4())));
    let world = World::start_in(data.clone()).await?;
    let began = Instant::now();
    let seeded = seed::seed(&world.stack, payments, days).await?;
    let took = began.elapsed().as_secs_f64();
    eprintln!("{payments} payments, {} entries, seeded in {took:.0} s", seeded.entries);
    let function = world.function(&Binaries::beside()?.path("transactions")?, merchants::REGISTERED);
    let function = function.start().await?;
    let mut asked = Vec::new();
    for question in questions(&seeded) {
        let event = question.event();
        // A first call, because a process reads some items once and opens connections.
        function.invoke_well(&event).await?;
        asked.push(ask(&world, &function, &question).await?);
    }
    drop((function, world));
    data.map_or(Ok(()), remove_dir_all).map_err(|error| error.to_string())?;
    Ok(asked)
}

async fn ask(world: &World, function: &Running, question: &Question) -> Result<Asked, String> {
    world.keep(true);
    let (began, cpu) = (Instant::now(), function.cpu()?);
    let response = function.invoke_well(&question.event()).await?;
    let (seconds, cpu_ms) = (began.elapsed().as_secs_f64(), ms(function.cpu()?.saturating_sub(cpu)));
    let calls = world.table.take();
    world.keep(false);
    let body: Value = serde_json::from_str(response["body"].as_str().unwrap_or_default()).unwrap_or_default();
    let rows = body["data"].as_array().map_or(1, Vec::len);
    let bytes = calls.iter().map(read_bytes).sum();
    let Question { what, kind, .. } = *question;
    Ok(Asked { what, kind, calls: calls.len(), bytes, rows, seconds, cpu_ms })
}

/// Bytes of the items that a call returned.
fn read_bytes(call: &Call) -> usize {
    let response: Value = serde_json::from_slice(&call.response).unwrap_or_default();
    let of_batch = response["Responses"].as_object().into_iter().flat_map(|all| all.values());
    let lists = of_batch.chain([&response["Items"]]).filter_map(Value::as_array).flatten();
    let items = lists.chain([&response["Item"]]).filter_map(from_wire);
    items.map(|item: Item| item_size(&item)).sum()
}

//! The ledger's questions over a million entries: the reads and the times of first pages and of
//! totals.

mod questions;
pub(crate) mod seed;

use std::{env::temp_dir, fs::remove_dir_all, time::Instant};

use clap::Args;
use local::merchants;
use serde::de::IgnoredAny;
use serde_json::Value;
use tollgate::dynamodb::{Item, item_size};
use tollgate_core::journal::COUNTED_MAX;
use tollgate_wire::Several;
use uuid::Uuid;

use self::questions::{Kind, Question, questions};
use crate::{
    binaries::Binaries,
    dynamodb::from_wire,
    figures::{Figures, number},
    process::{Running, body},
    proxy::Call,
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

/// Payments in doubt of a busy merchant, and captures to come: more than are counted.
const BUSY_WAITING: usize = COUNTED_MAX + 10;

/// A merchant to seed.
#[derive(Clone, Copy)]
struct Merchant {
    payments: usize,
    /// Days over which they are spread.
    days: i64,
    /// Payments in doubt besides, and as many captures to come.
    waiting: usize,
}

const QUIET: Merchant = Merchant { payments: 18, days: 30, waiting: 2 };
/// The busy one that the guard counts with: reads depend on the rows of a page, and not on the
/// number of payments.
const GUARDED: Merchant = Merchant { payments: 1_500, days: 30, waiting: BUSY_WAITING };

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
struct Asked {
    question: Question,
    /// Calls of the tables, and the bytes that they read.
    calls: usize,
    bytes: usize,
    /// Rows of the response.
    rows: usize,
    /// From the event to the response.
    seconds: f64,
}

pub(crate) async fn run(arguments: Arguments) -> Result<(), String> {
    let Arguments { payments, days, counts } = arguments;
    if counts {
        println!("{}", Table::new("Small merchants", self::counts().await?.rows("")));
        return Ok(());
    }
    let busy = Merchant { payments, days, waiting: BUSY_WAITING };
    for (title, merchant, most_kb) in
        [("A quiet month", QUIET, QUIET_MAX_KB), ("A busy merchant", busy, PAGE_MAX_KB)]
    {
        let asked = ask_all(merchant).await?;
        let rows = asked.iter().flat_map(|one| rows(one, most_kb));
        println!("{}", Table::new(title, rows.collect()));
    }
    Ok(())
}

/// The counts of every question of small merchants, by name.
pub(crate) async fn counts() -> Result<Figures, String> {
    let mut counts = Figures::default();
    for (of, merchant) in [("quiet", QUIET), ("busy", GUARDED)] {
        let steady = ask_all(merchant).await?.into_iter().filter(|one| one.question.kind != Kind::Varying);
        for Asked { question, calls, bytes, .. } in steady {
            let what = question.what;
            counts.set(format!("ledger calls, {of} merchant: {what}"), number(calls));
            counts.set(format!("ledger bytes, {of} merchant: {what}"), number(bytes));
        }
    }
    Ok(counts)
}

fn rows(asked: &Asked, most_kb: f64) -> Vec<Row> {
    let Asked { question: Question { what, kind, .. }, calls, bytes, rows, seconds } = asked;
    let most = |row: Row, target: f64| if *kind == Kind::Page { row.at_most(target) } else { row };
    vec![
        most(Row::new(format!("{what}: calls"), number(*calls), ""), CALLS_MAX),
        most(Row::new(format!("{what}: read"), number(*bytes) / 1024.0, "KB"), most_kb),
        Row::new(format!("{what}: time, {rows} rows"), *seconds, "s").at_most(TIME_MAX_S),
    ]
}

/// Seeds a merchant and asks everything.
async fn ask_all(merchant: Merchant) -> Result<Vec<Asked>, String> {
    let payments = merchant.payments;
    let data = (payments > IN_MEMORY_MAX).then(|| temp_dir().join(format!("ledger-{}", Uuid::new_v4())));
    let world = World::start_in(data.clone()).await?;
    let began = Instant::now();
    let seeded = seed::seed(&world.stack, merchant).await.map_err(|error| error.to_string())?;
    let took = began.elapsed().as_secs_f64();
    eprintln!("{payments} payments, {} entries, seeded in {took:.0} s", seeded.entries);
    let function = world.function(&Binaries::beside()?.path("transactions")?, merchants::REGISTERED);
    let function = function.start().await?;
    let mut asked = Vec::new();
    for question in questions(&seeded) {
        // A first call, because a process reads some items once and opens connections.
        function.invoke_well(&question.event()).await?;
        asked.push(ask(&world, &function, question).await?);
    }
    drop((function, world));
    data.map_or(Ok(()), remove_dir_all).map_err(|error| error.to_string())?;
    Ok(asked)
}

async fn ask(world: &World, function: &Running, question: Question) -> Result<Asked, String> {
    world.keep(true);
    let began = Instant::now();
    let response = function.invoke_well(&question.event()).await?;
    let seconds = began.elapsed().as_secs_f64();
    let calls = world.table.take();
    world.keep(false);
    let rows = body::<Several<IgnoredAny>>(&response).map_or(1, |page| page.data.len());
    let bytes = calls.iter().map(read_bytes).sum();
    Ok(Asked { question, calls: calls.len(), bytes, rows, seconds })
}

/// Bytes of the items that a call returned.
pub(crate) fn read_bytes(call: &Call) -> usize {
    let response: Value = serde_json::from_slice(&call.response).unwrap_or_default();
    let of_batch = response["Responses"].as_object().into_iter().flat_map(|all| all.values());
    let lists = of_batch.chain([&response["Items"]]).filter_map(Value::as_array).flatten();
    let items = lists.chain([&response["Item"]]).filter_map(from_wire);
    items.map(|item: Item| item_size(&item)).sum()
}

//! Totals of merchants that sell at the same time: how fast the function sums them up, and the
//! calls and bytes that it takes.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use clap::Args;
use futures_util::{StreamExt as _, TryStreamExt as _, future::try_join_all, stream};
use jiff::SignedDuration;
use local::{JOURNAL_TABLE_NAME, Stack, dynamodb_client};
use serde_json::json;
use tollgate::dynamodb::{
    item_size,
    journal::{DynamoDbEntries, DynamoDbTotals},
};
use tollgate_core::{
    journal::{
        ENTRY_SHARDS, Entry, EntryStore as _, Mark, Retention, SumOf, Totals, TotalsStore as _, entries,
    },
    order::{MerchantId, OrderKey},
    values::{Amount, Brand, Clock as _, QuarterHour, SignedAmount},
};
use uuid::Uuid;

use crate::{
    binaries::Binaries,
    figures::{Figures, number},
    ledger::{
        read_bytes,
        seed::{BATCH_MAX, Failure, pattern, put_batch},
    },
    process::{Program, Running},
    table::Table,
    world::World,
};

/// The time limit of a run, as in `template.yaml`.
const RUN_LIMIT: Duration = Duration::from_secs(55);
/// Longest from the first run to the last sum, and when the benchmark gives up.
const TIME_MAX_S: f64 = 60.0;
const GIVE_UP_AFTER: Duration = Duration::from_mins(3);

/// Payments per second for which the need is calculated, and entries of a payment.
const WANTED: f64 = 5_000.0;
const ENTRIES_OF_A_PAYMENT: f64 = 2.0;
/// How often an entry is read: every minute until its quarter-hour is over, 7.5 times in the mean,
/// and until its mark is two minutes old.
const TIMES_READ: f64 = 10.0;
/// Seconds of a quarter-hour, and of a run that are left for its work.
const QUARTER_S: f64 = 900.0;
const RUN_S: f64 = 53.0;
/// Entries per second that one of a merchant's partitions takes.
const PARTITION_TAKES: f64 = 1_000.0;

/// The entries are of the last half hour.
const SPREAD_MS: i64 = 30 * 60 * 1_000;
const AT_A_TIME: usize = 8;

#[derive(Args)]
pub(crate) struct Arguments {
    /// Entries of all merchants together; a payment has two, nearly
    #[arg(long, default_value_t = Self::PUBLISHED.entries)]
    entries: usize,
    /// Merchants, all of them with as many entries
    #[arg(long, default_value_t = Self::PUBLISHED.merchants)]
    merchants: usize,
    /// Runs at the same time, each with a share of the merchants
    #[arg(long, default_value_t = Self::PUBLISHED.parts)]
    parts: usize,
}

impl Arguments {
    /// Of the published figures.
    pub(crate) const PUBLISHED: Self = Self { entries: 300_000, merchants: 20, parts: 4 };
}

/// The total of some entries: their number, amounts, and change of what is held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sum {
    count: u64,
    amount: i64,
    held: i64,
}

type Sums = BTreeMap<(MerchantId, SumOf), Sum>;

struct Seeded {
    /// The sums that have to come out.
    sums: Sums,
    /// Bytes of all entries in the table.
    bytes: usize,
}

pub(crate) async fn run(arguments: Arguments) -> Result<(), String> {
    let figures = measure(&Binaries::beside()?, &arguments).await?;
    println!("{}", table(&figures));
    Ok(())
}

/// The table of the figures that are measured, and of those that follow from them.
pub(crate) fn table(figures: &Figures) -> Table {
    let rows = figures.rows(TOTALS).into_iter().map(|mut row| {
        let is_seconds = row.what == SECONDS;
        row.what = row.what.replacen(TOTALS, "", 1);
        if is_seconds { row.at_most(TIME_MAX_S) } else { row }
    });
    Table::new("Totals of 20 merchants, by four runs", rows.collect())
}

/// Seeds entries, has them summed up, and compares the sums.
pub(crate) async fn measure(binaries: &Binaries, arguments: &Arguments) -> Result<Figures, String> {
    let world = World::start().await?;
    let began = Instant::now();
    let seeded = seed(&world.stack, arguments).await.map_err(|error| error.to_string())?;
    eprintln!("{} entries seeded in {:.0} s", arguments.entries, began.elapsed().as_secs_f64());
    let mut figures = sum_up(&world, binaries, arguments).await?;
    compare(&world.stack, &seeded.sums).await?;
    calculate(&mut figures, number(seeded.bytes) / number(arguments.entries));
    Ok(figures)
}

/// The beginning of all figures' names, and some names.
const TOTALS: &str = "totals: ";
const SECONDS: &str = "totals: seconds";
const PROCESSOR_MS: &str = "totals: processor ms per 1,000 entries";
/// Payments per second that the template's four runs sum up, with a processor each.
pub(crate) const PER_SECOND: &str = "totals: calculated: payments per second of four processors";

/// Puts the entries as the journal does, and marks their quarter-hours.
async fn seed(stack: &Stack, arguments: &Arguments) -> Result<Seeded, Failure> {
    let order = pattern(stack).await?;
    let pattern = entries(None, &order).pop().ok_or("an order without entries")?;
    let client = dynamodb_client(stack.dynamodb_url());
    let journal = DynamoDbEntries::new(client.clone(), JOURNAL_TABLE_NAME.to_owned(), Retention::default());
    let every = SignedDuration::from_millis(SPREAD_MS) / i32::try_from(arguments.entries)?;
    let since = stack.clock().now() - SignedDuration::from_millis(SPREAD_MS);
    let entry = |n: usize| -> Result<Entry, Failure> {
        let (id, mut entry) = (Uuid::from_u128((7 << 96) + n as u128), pattern.clone());
        let merchant = format!("shop-{:04}", n % arguments.merchants).parse()?;
        entry.order = OrderKey { merchant, order: format!("order-{n:07}").parse()? };
        entry.at = since + every * i32::try_from(n)?;
        (entry.id, entry.transaction, entry.operation) = (id, id, id);
        entry.amount = Amount::new(1_000 + n as u64 * 37 % 20_000)?;
        entry.changes.held = SignedAmount::from(entry.amount);
        entry.brand = Some([Brand::Visa, Brand::Mastercard, Brand::Amex][n % 3]);
        entry.last_four = Some(format!("{:04}", n * 7 % 10_000));
        entry.reference = Some(format!("300{n:09}"));
        Ok(entry)
    };
    let (mut sums, mut bytes) = (Sums::new(), 0);
    let batches = stream::iter((0..arguments.entries).step_by(BATCH_MAX));
    let mut put = batches
        .map(|start| {
            let entries: Result<Vec<_>, _> =
                (start..arguments.entries.min(start + BATCH_MAX)).map(entry).collect();
            let (client, journal) = (&client, &journal);
            async move {
                let entries = entries?;
                let items: Vec<_> = entries.iter().map(|entry| journal.item(entry)).collect();
                let bytes: usize = items.iter().map(item_size).sum();
                put_batch(client, JOURNAL_TABLE_NAME, &items).await.map(|()| (entries, bytes))
            }
        })
        .buffer_unordered(AT_A_TIME);
    while let Some((entries, of_entries)) = put.try_next().await? {
        bytes += of_entries;
        for Entry { at, order, amount, .. } in entries {
            let quarter = QuarterHour::of(at);
            let minor = i64::try_from(amount.minor())?;
            for of in [SumOf::Quarter(quarter), SumOf::Day(quarter.day)] {
                let sum = sums.entry((order.merchant.clone(), of)).or_default();
                sum.count += 1;
                sum.amount += minor;
                sum.held += minor;
            }
        }
    }
    for (merchant, of) in sums.keys() {
        if let SumOf::Quarter(quarter) = *of {
            journal.mark(&Mark { merchant: merchant.clone(), quarter, at: stack.clock().now() }).await?;
        }
    }
    Ok(Seeded { sums, bytes })
}

/// Read units of an entry of so many bytes until its quarter-hour is counted for good.
pub(crate) fn read_units(entry_bytes: f64) -> f64 {
    TIMES_READ * entry_bytes / 4_096.0
}

/// Adds the figures that follow from the processor time and the size of an entry.
fn calculate(figures: &mut Figures, entry_bytes: f64) {
    let per_processor = 1_000_000.0 / figures.get(PROCESSOR_MS);
    let read = WANTED * ENTRIES_OF_A_PAYMENT * TIMES_READ;
    let mut set = |name: &str, value| figures.set(format!("{TOTALS}calculated: {name}"), value);
    set("entries per second of a processor", per_processor);
    set("read units of an entry", read_units(entry_bytes));
    set("5,000 payments per second, entries read per second", read);
    set("5,000 payments per second, processors", read / per_processor);
    set("5,000 payments per second, read units per second", read * entry_bytes / 4_096.0);
    set("payments per second of four processors", 4.0 * per_processor / TIMES_READ / ENTRIES_OF_A_PAYMENT);
    let of_a_run = per_processor * RUN_S / QUARTER_S / ENTRIES_OF_A_PAYMENT;
    set("a merchant's payments per second that a run sums up", of_a_run);
    let taken = f64::from(ENTRY_SHARDS) * PARTITION_TAKES / ENTRIES_OF_A_PAYMENT;
    set("a merchant's payments per second that its partitions take", taken);
}

/// Runs the function until it has left nothing.
async fn sum_up(world: &World, binaries: &Binaries, arguments: &Arguments) -> Result<Figures, String> {
    let function = world.function(&binaries.path("totals")?, "");
    let function = Program { limit: RUN_LIMIT, ..function };
    let parts = try_join_all((0..arguments.parts).map(|_| function.start())).await?;
    world.keep(true);
    let began = Instant::now();
    let of = arguments.parts;
    let runs = parts.iter().enumerate().map(|(index, part)| async move {
        let event = json!({"part": {"index": index, "of": of}});
        loop {
            let report = part.invoke(&event).await?;
            if report["failed"] == 0 && report["behind_s"].is_null() {
                return Ok(());
            }
            // The next run goes on, as the schedule's does.
            eprintln!("a run left something: {report}");
            if began.elapsed() > GIVE_UP_AFTER {
                return Err(format!("the totals are not made: {report}"));
            }
        }
    });
    try_join_all(runs).await?;
    let seconds = began.elapsed().as_secs_f64();
    let calls = world.table.take();
    world.keep(false);
    let cpu = parts.iter().map(Running::cpu).sum::<Result<Duration, _>>()?.as_secs_f64();
    let mib = parts.iter().map(Running::resident_mib).collect::<Result<Vec<_>, _>>()?;
    let entries = number(arguments.entries);
    let per_1000 = |value: f64| value / entries * 1_000.0;
    let mut figures = Figures::default();
    figures.set("totals: entries", entries);
    figures.set("totals: merchants", number(arguments.merchants));
    figures.set("totals: parts at the same time", number(of));
    figures.set(SECONDS, seconds);
    figures.set("totals: entries per second", entries / seconds);
    figures.set("totals: payments per second", entries / seconds / 2.0);
    figures.set("totals: calls per 1,000 entries", per_1000(number(calls.len())));
    figures.set("totals: bytes read per 1,000 entries", per_1000(number(calls.iter().map(read_bytes).sum())));
    figures.set(PROCESSOR_MS, per_1000(cpu * 1_000.0));
    figures.set("totals: MiB of the largest part", mib.into_iter().fold(0.0, f64::max));
    Ok(figures)
}

/// An error unless the stored sums are those that were seeded.
async fn compare(stack: &Stack, seeded: &Sums) -> Result<(), String> {
    let client = dynamodb_client(stack.dynamodb_url());
    let store = DynamoDbTotals::new(client, JOURNAL_TABLE_NAME.to_owned(), None, Retention::default());
    for ((merchant, of), expected) in seeded {
        let kept = match of {
            SumOf::Quarter(quarter) => {
                let kept = store.quarters(merchant, quarter.day).await;
                kept.map(|mut kept| kept.sums.remove(quarter))
            }
            SumOf::Day(day) => store.days(merchant, *day, *day).await.map(|mut kept| kept.sums.remove(day)),
        };
        let kept = kept.map_err(|error| error.to_string())?.and_then(|kept| kept.totals).unwrap_or_default();
        let found = found(&kept);
        if found != *expected {
            return Err(format!("{merchant}, {of:?}: {found:?} instead of {expected:?}"));
        }
    }
    Ok(())
}

fn found(totals: &Totals) -> Sum {
    totals.lines().fold(Sum::default(), |sum, (_, total)| Sum {
        count: sum.count + total.count,
        amount: sum.amount + total.amount.minor(),
        held: sum.held + total.changes.held.minor(),
    })
}

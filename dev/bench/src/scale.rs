//! The figures of docs/scale.md: the first limit of each component, and what a rate of payments
//! takes. The page has the words, with AWS's quotas and every factor; a row is found by its first
//! cell.

use local::template::{Stage, TEMPLATE, TemplateError};
use tollgate_core::{
    journal::{AGENDA_PARTS, ENTRY_SHARDS},
    order::LIST_SHARDS,
    payments::IN_FLIGHT,
};

use crate::{
    bill,
    counts::JOURNAL,
    figures::{Figures, number},
    table::figure,
    totals,
    world::{BATCH, PURCHASE, REGISTER},
};

/// AWS's quotas; docs/scale.md names the page of each. Write units per second of a table, of a new
/// one, and of a partition.
const TABLE_UNITS: f64 = 40_000.0;
const NEW_TABLE_UNITS: f64 = 4_000.0;
const PARTITION_UNITS: f64 = 1_000.0;
/// Invocations at a time of an account, and instances by which a function grows in ten seconds.
const INVOCATIONS: f64 = 1_000.0;
/// Requests per second, reads of secrets and events of an account.
const PER_SECOND: f64 = 10_000.0;

/// The page with its figures in the third cells of their rows; fails unless each has one row.
pub(crate) fn current(page: &str, figures: &Figures) -> Result<String, String> {
    let mut lines: Vec<String> = page.lines().map(str::to_owned).collect();
    for (what, value) in limits(figures).map_err(|error| error.to_string())? {
        let beginning = format!("| {what} | ");
        let mut rows = lines.iter_mut().filter(|line| line.starts_with(&beginning));
        let (Some(row), None) = (rows.next(), rows.next()) else {
            return Err(format!("docs/scale.md needs one row that begins with {what}"));
        };
        let mut cells: Vec<_> = row.split('|').map(str::to_owned).collect();
        let cell = cells.get_mut(3).ok_or_else(|| format!("{what} has no third cell"))?;
        *cell = if value.is_finite() { format!(" {} ", figure(value)) } else { " not measured ".to_owned() };
        *row = cells.join("|");
    }
    Ok(lines.join("\n") + "\n")
}

/// Payments per second that the first limit of each component allows.
fn limits(figures: &Figures) -> Result<Vec<(&'static str, f64)>, TemplateError> {
    let stage = Stage::new(TEMPLATE, &[])?;
    let parameter = |name| stage.number(name).unwrap_or(f64::NAN);
    let (resources, schedules) = (stage.resources()?, stage.schedules()?);
    let setting = |resource: &str, pointer: &str| {
        resources.get(resource).and_then(|found| found.pointer(pointer)?.as_f64()).unwrap_or(f64::NAN)
    };
    let runs = number(schedules.iter().filter(|schedule| schedule.function == "scheduled-capture").count());
    let register_rate = "/Properties/RouteSettings/PUT ~1v2~1orders~1{orderId}/ThrottlingRateLimit";
    let batches =
        |stream| setting(stream, "/Properties/ParallelizationFactor") * NEW_TABLE_UNITS / PARTITION_UNITS;
    let (payment_s, keeping_s) = (busy_s(figures, PURCHASE), busy_s(figures, JOURNAL));
    let sharded = |partitions: f64, writes: f64| partitions * PARTITION_UNITS / writes;
    // Of an order that is registered and paid.
    let of_both = |quantity: &str| {
        let of = |what| figures.find(&format!("{quantity}, {what}")).unwrap_or_default();
        of(PURCHASE) + of(REGISTER)
    };
    let (orders_units, journal_units) = (of_both("write units of orders"), of_both("write units of journal"));
    let changes = of_both("changes of orders");
    let captures = figures.get("captures per second") / figures.get("captures at a time");
    Ok(vec![
        ("a route that pays", parameter("PaymentRate")),
        ("the route that registers orders", setting("HttpApi", register_rate)),
        ("API Gateway", PER_SECOND / 2.0),
        ("Lambda", INVOCATIONS / payment_s),
        ("Lambda, more every second", INVOCATIONS / 10.0 / payment_s),
        ("each 100 of `PaymentConcurrency`", 100.0 / payment_s),
        ("orders' table", TABLE_UNITS / orders_units),
        ("orders' table, new", NEW_TABLE_UNITS / orders_units),
        ("orders' index `in-doubt`", sharded(parameter("InDoubtShards"), 2.0)),
        ("orders' index `captures-due`", sharded(parameter("CaptureShards"), 2.0)),
        ("one merchant's index `listed`", sharded(f64::from(LIST_SHARDS), 1.0)),
        ("one merchant's indexes `attention`, `captures`", sharded(f64::from(AGENDA_PARTS), 2.0)),
        ("one order", sharded(1.0, figures.get(&format!("writes, {PURCHASE}")))),
        ("one shopper's address", f64::from(IN_FLIGHT) / payment_s),
        ("journal's table", TABLE_UNITS / journal_units),
        ("journal's table, new", NEW_TABLE_UNITS / journal_units),
        ("one merchant's entries", sharded(f64::from(ENTRY_SHARDS), 1.0)),
        ("one merchant's open holds", sharded(1.0, 2.0)),
        ("function `journal`", batches("JournalStream") * number(BATCH) / keeping_s / changes),
        ("function `totals`", figures.get(totals::PER_SECOND)),
        ("scheduled captures", parameter("CaptureConcurrency") * runs * captures * 47.0 / 60.0),
        ("inquiries", parameter("InquiryConcurrency") / 0.2 * 21.0 / 60.0),
        ("one merchant's inquiries", parameter("InquiriesPerMerchant") / 60.0),
        ("one account's settlement", 1_769.0 / 393.0 * 100_000.0 / 86_400.0),
        ("Secrets Manager", PER_SECOND * 300.0 / 100.0 / payment_s),
        ("events", PER_SECOND / 5.0),
        ("webhooks", batches("WebhooksStream") * 8.0 / 0.5 / 5.0),
        // Of a thousand payments per second.
        ("requests per second", 2.0 * 1_000.0),
        ("invocations at a time", payment_s * 1_000.0),
        ("write units of orders per second", orders_units * 1_000.0),
        ("write units of the journal per second", journal_units * 1_000.0),
        ("GB of logs per day", (of_both("log bytes") + 2.0 * bill::LOGGED_BY_AWS_BYTES) * 86_400.0 / 1e6),
        ("dollars per hour", bill::registered_purchase_cost(figures) * 3_600.0 / 1e3),
    ])
}

/// Time of an invocation that gets a function's usual event.
fn busy_s(figures: &Figures, function: &str) -> f64 {
    let work = |quantity: &str| figures.get(&format!("work of {function}: {quantity}"));
    let processors = work("MiB in the template") / bill::MIB_PER_PROCESSOR;
    (work("ms of waiting on AWS") + work("processor ms of an event") / processors) / 1000.0
}

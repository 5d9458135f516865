//! The limits of docs/performance.md: the first one of each component, and the needs of a rate of
//! payments. The page has the words, with AWS's quotas and every factor; a row is found by its
//! first cell.

use local::template::{Stage, TEMPLATE, TemplateError, deployed};
use tollgate_core::{
    journal::{AGENDA_PARTS, ENTRY_SHARDS},
    order::LIST_SHARDS,
};

use crate::{
    bill,
    counts::JOURNAL,
    figures::{Figures, number},
    table::figure,
    totals, work,
    world::{BATCH, PURCHASE, REGISTER},
};

/// AWS's quotas in us-east-1. Write units per second of a table, of a new one, and of a partition.
const TABLE_UNITS: f64 = 40_000.0;
const NEW_TABLE_UNITS: f64 = 4_000.0;
const PARTITION_UNITS: f64 = 1_000.0;
/// Invocations at a time of an account, and instances by which a function grows in ten seconds.
const INVOCATIONS: f64 = 1_000.0;
/// Requests per second, and events, of an account.
const PER_SECOND: f64 = 10_000.0;

/// Events of a purchase, whose order is registered: the payment is created and updated, the order
/// is updated twice and paid.
const EVENTS_OF_A_PURCHASE: f64 = 5.0;
/// Writes of the journal beside the entries of a merchant's first payment of a day: day and mark.
const DAY_AND_MARK: f64 = 2.0;
/// Writes of an index that an order enters and leaves.
const IN_AND_OUT: f64 = 2.0;
/// Seconds of a minute in which a run of captures, and one of inquiries, calls the gateway, and the
/// seconds that an inquiry takes.
const CAPTURING_S: f64 = 47.0;
const INQUIRING_S: f64 = 21.0;
const INQUIRY_S: f64 = 0.2;
/// Memory of `bench settlement`, and its lines.
const SETTLED_MIB: f64 = 393.0;
const SETTLED_LINES: f64 = 100_000.0;
/// Deliveries of a run of `webhooks` at a time, and the seconds that a receiver takes.
const DELIVERIES_AT_A_TIME: f64 = 8.0;
const RECEIVING_S: f64 = 0.5;
const MINUTE_S: f64 = 60.0;
const DAY_S: f64 = 86_400.0;

/// The page with its figures in the third cells of their rows; fails unless each has one row.
pub(crate) fn current(page: &str, figures: &Figures) -> Result<String, String> {
    let mut lines: Vec<String> = page.lines().map(str::to_owned).collect();
    for (what, value) in limits(figures).map_err(|error| error.to_string())? {
        let beginning = format!("| {what} | ");
        let mut rows = lines.iter_mut().filter(|line| line.starts_with(&beginning));
        let (Some(row), None) = (rows.next(), rows.next()) else {
            return Err(format!("docs/performance.md needs one row that begins with {what}"));
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
    let memories = deployed()?.memories;
    let busy_s = |function: &str| work::busy_ms(figures, function, memories[function]) / 1_000.0;
    let (payment_s, keeping_s) = (busy_s(PURCHASE), busy_s(JOURNAL));
    let settlement_mib = f64::from(memories["settlement"]);
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
        ("orders' index `captures-due`", sharded(parameter("CaptureShards"), IN_AND_OUT)),
        ("one merchant's index `listed`", sharded(f64::from(LIST_SHARDS), 1.0)),
        ("one merchant's indexes `attention`, `captures`", sharded(f64::from(AGENDA_PARTS), IN_AND_OUT)),
        ("journal's table at midnight, UTC", TABLE_UNITS / (journal_units + DAY_AND_MARK)),
        ("one merchant's entries", sharded(f64::from(ENTRY_SHARDS), 1.0)),
        ("one merchant's open holds", sharded(1.0, IN_AND_OUT)),
        ("function `journal`", batches("JournalStream") * number(BATCH) / keeping_s / changes),
        ("function `totals`", figures.get(totals::PER_SECOND)),
        ("scheduled captures", parameter("CaptureConcurrency") * runs * captures * CAPTURING_S / MINUTE_S),
        ("inquiries", parameter("InquiryConcurrency") / INQUIRY_S * INQUIRING_S / MINUTE_S),
        ("one merchant's inquiries", parameter("InquiriesPerMerchant") / MINUTE_S),
        ("one account's settlement", settlement_mib / SETTLED_MIB * SETTLED_LINES / DAY_S),
        ("events", PER_SECOND / EVENTS_OF_A_PURCHASE),
        ("webhooks", batches("WebhooksStream") * DELIVERIES_AT_A_TIME / RECEIVING_S / EVENTS_OF_A_PURCHASE),
        // Of a thousand payments per second.
        ("requests per second", 2.0 * 1_000.0),
        ("invocations at a time", payment_s * 1_000.0),
        ("write units of orders per second", orders_units * 1_000.0),
        ("write units of the journal per second", journal_units * 1_000.0),
        ("GB of logs per day", (of_both("log bytes") + 2.0 * bill::LOGGED_BY_AWS_BYTES) * DAY_S / 1e6),
        ("dollars per hour", bill::registered_purchase_cost(figures) * 3_600.0 / 1e3),
    ])
}

//! The work of each function: the processor time of a usual event, warm, beside the time that it
//! waits on AWS. `template.yaml` gives more than the smallest memory to functions that work.

use std::{fs, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use local::{merchants, template};
use serde_json::{Value, json};
use tollgate_wire::credit_card::Outgoing;
use uuid::Uuid;

use crate::{
    bill::{DEPLOYED_MIB, GATEWAY_MS, MIB_PER_PROCESSOR, TABLE_MS, computing_ms},
    binaries::{Binaries, FUNCTIONS, workspace},
    counts::{chain, transaction_id},
    figures::{Figures, number},
    process::{Running, body},
    proxy::Call,
    start::ms,
    table::{Row, Table},
    world::{BATCH, World, order_id},
};

/// How the names of the figures begin.
pub(crate) const WORK: &str = "work of ";

/// Warm events of each function, after one that opens connections.
const TIMES: usize = 50;

/// The payment and its operation in the sample of a change.
const PAYMENT_ID: &str = "2x8JEeShVnKrwzCIOIwx/A==";
const OPERATION_ID: &str = "2EwF0OKLQ4mXjZU9GwNcxA==";

/// Functions that a schedule invokes with an empty event. They are measured first, while there is
/// nothing to do: the bill of an idle stage is made of these runs.
const EMPTY_RUNS: [&str; 5] = ["reconcile", "scheduled-capture", "settlement", "totals", "webhooks"];

/// Sends each function its events, and counts. The world is a new one.
pub(crate) async fn measure(world: &World, binaries: &Binaries) -> Result<Figures, String> {
    let memories = template::deployed().map_err(|error| error.to_string())?.memories;
    let start = async |name| world.function(&binaries.path(name)?, merchants::REGISTERED).start().await;
    let (authorize, purchase) = (start("authorize").await?, start("purchase").await?);
    let mut figures = Figures::default();
    // In the first minute of an hour a run reads all partitions that there could be.
    while Timestamp::now().as_second() / 60 % 60 == 0 {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let mut functions = FUNCTIONS;
    functions.sort_by_key(|name| !EMPTY_RUNS.contains(name));
    for name in functions {
        eprintln!("Measuring the work of {name}.");
        // A payment of its own for each event: only a charge can be refunded.
        let (payer, pays) =
            if name == "refund" { ("purchase", &purchase) } else { ("authorize", &authorize) };
        let mut events = Vec::new();
        for n in 0..=TIMES {
            if EMPTY_RUNS.contains(&name) {
                events.push(json!({}));
                continue;
            }
            let order = format!("work-{name}-{n}");
            let paid = well(pays, &event(payer, n, &order_id(&format!("{order}-paid")), "")?).await?;
            let payment = transaction_id(&paid)?;
            if name == "payments" {
                world.register([order.clone()].into_iter()).await?;
            }
            events.push(event(name, n, &order_id(&order), &payment)?);
        }
        // The payments so far get into the journal, for the lists; a refund needs a settled one.
        world.stack.deliver_stream().await?;
        world.stack.simulator().settle();
        let running = start(name).await?;
        figures.extend(work(world, &running, name, &events).await?);
        figures.set(format!("{WORK}{name}: MiB in the template"), f64::from(memories[name]));
    }
    Ok(figures)
}

/// The functions that have more than the smallest memory, because they work more than they wait.
pub(crate) fn table(figures: &Figures) -> Table {
    let rows = FUNCTIONS.into_iter().filter_map(|name| {
        let memory = figures.get(&format!("{WORK}{name}: MiB in the template"));
        let processor_ms = figures.get(&format!("{WORK}{name}: processor ms of an event"));
        (memory > f64::from(DEPLOYED_MIB))
            .then(|| Row::new(format!("{name}, {memory:.0} MiB"), processor_ms, "ms"))
    });
    Table::new("Processor time of an event, with more than 128 MiB", rows.collect())
}

/// The figures of one function. The last event's calls are the waiting; events for the bus and the
/// console's requests to the API are not among them.
async fn work(world: &World, running: &Running, name: &str, events: &[Value]) -> Result<Figures, String> {
    let ([first, rest @ ..], Some(last)) = (events, events.last()) else { return Err("no events".into()) };
    well(running, first).await?;
    let (before, logged) = (running.cpu()?, running.logged_bytes()?);
    for event in rest {
        world.keep(std::ptr::eq(event, last));
        well(running, event).await?;
    }
    let processor_ms = ms(running.cpu()?.saturating_sub(before)) / number(rest.len());
    let logged = running.logged_bytes()?.saturating_sub(logged);
    let log_bytes = usize::try_from(logged).map_or(f64::NAN, number) / number(rest.len());
    let mut tables = world.table.take();
    // An idle run reads only. A read that must be the newest costs a unit, every other one half.
    let is_newest =
        |call: &&Call| String::from_utf8_lossy(&call.request).contains(r#""ConsistentRead":true"#);
    let read_units = 0.5 * number(tables.len() + tables.iter().filter(is_newest).count());
    tables.extend(world.secrets.take());
    let waiting_ms = number(chain(&tables)) * TABLE_MS + number(chain(&world.gateway.take())) * GATEWAY_MS;
    world.keep(false);
    let slow_ms = processor_ms * MIB_PER_PROCESSOR / f64::from(DEPLOYED_MIB);
    let mut figures = Figures::default();
    for (quantity, value) in [
        ("processor ms of an event", processor_ms),
        ("log bytes of an event", log_bytes),
        ("read units of an idle run", read_units),
        ("resident MiB", running.resident_mib()?),
        ("ms of waiting on AWS", waiting_ms),
        ("percent of processor time with 128 MiB", slow_ms / (slow_ms + waiting_ms) * 100.0),
    ] {
        figures.set(format!("{WORK}{name}: {quantity}"), value);
    }
    Ok(figures)
}

/// The response, unless it is a refusal. Schedules and streams get a report without a status.
async fn well(running: &Running, event: &Value) -> Result<Value, String> {
    let response = running.invoke(event).await?;
    let is_status_good = matches!(response["statusCode"].as_u64(), None | Some(200 | 201));
    // The credit-card API refuses with a code.
    if is_status_good && body::<Outgoing>(&response).is_none_or(|outgoing| outgoing.message.code == "00") {
        return Ok(response);
    }
    Err(format!("an unexpected response: {response}"))
}

/// The n-th event of a function, about an order of its own or a payment.
fn event(function: &str, n: usize, order: &str, payment: &str) -> Result<Value, String> {
    let sample = match function {
        "console" => "console-first-page",
        "deliveries" => "deliveries-webhooks",
        "events" | "journal" => "journal-purchase",
        "orders" => "orders-register",
        "payment-methods" => "payment-methods-list",
        "payments" => "payments-purchase",
        "people" => "people-list",
        "switches" => "switches-read",
        "token" => "token-issued",
        "transactions" => "transactions-day",
        paying => &format!("{paying}-creditcard-json"),
    };
    let path = workspace().join("events").join(sample).with_extension("json");
    let mut event = parsed(&fs::read_to_string(path).map_err(|error| format!("{sample}: {error}"))?)?;
    if let Some(id) = event["pathParameters"]["orderId"].as_str() {
        event = parsed(&event.to_string().replace(id, order))?;
    }
    if let Some(change) = event["Records"].get(0) {
        let change = change.to_string();
        // Ids of its own: an entry that is there with another content would be a difference.
        let change = |i| {
            let order = change.replace("0000000000ff", &format!("{n:06}{i:06}"));
            let id = |of: &str| {
                STANDARD.encode(Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{of} {n} {i}").as_bytes()))
            };
            parsed(&order.replace(PAYMENT_ID, &id("payment")).replace(OPERATION_ID, &id("operation")))
        };
        event["Records"] = (0..BATCH).map(change).collect::<Result<_, _>>()?;
    }
    let body = event["body"].as_str().and_then(|body| parsed(body).ok());
    if let Some(mut body) = body.filter(|body| body["Request"].is_object()) {
        for (member, value) in [("TransactionID", payment), ("TransactionReference", order)] {
            if let Some(member) = body["Request"].get_mut(member) {
                *member = json!(value);
            }
        }
        event["body"] = json!(body.to_string());
    }
    let today = Timestamp::now().to_string();
    parsed(&event.to_string().replace("2026-01-01", &today[..10]))
}

fn parsed(json: &str) -> Result<Value, String> {
    serde_json::from_str(json).map_err(|error| error.to_string())
}

/// Time of a function's usual event with so much memory, in milliseconds.
pub(crate) fn busy_ms(figures: &Figures, function: &str, memory_mib: u32) -> f64 {
    let work = |quantity: &str| figures.get(&format!("{WORK}{function}: {quantity}"));
    work("ms of waiting on AWS") + computing_ms(work("processor ms of an event"), memory_mib)
}

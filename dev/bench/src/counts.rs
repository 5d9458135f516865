//! Figures that are counted rather than timed: the same on every machine. The guard compares it
//! with `dev/bench/baseline.json`.

use std::collections::HashMap;

use local::merchants;
use serde_json::{Value, json};
use tollgate::dynamodb::{Item, item_size};

use crate::{
    binaries::Binaries,
    dynamodb::{Writes, from_wire, put},
    figures::{Figures, number},
    process::Running,
    proxy::Call,
    world::{
        self, AUTHORIZE, AUTHORIZE_FOR_THE_SCHEDULE, CAPTURE, PURCHASE, REGISTER, SCHEDULED_CAPTURE, World,
    },
};

/// How the names of item sizes begin.
pub(crate) const ITEM_BYTES: &str = "item bytes";

/// One request, or one run of a schedule: its calls and writes.
#[derive(Clone, Debug)]
struct Step {
    what: String,
    /// Calls that had to wait for each other.
    round_trips: usize,
    /// Every call, in order.
    calls: Vec<String>,
    /// The item after each write, in bytes.
    item_bytes: Vec<usize>,
    /// The write units.
    writes: Writes,
}

impl Step {
    /// Adds all figures but the round trips.
    fn record(&self, figures: &mut Figures) {
        let what = &self.what;
        figures.set(format!("calls, {what}"), number(self.calls.len()));
        figures.set(format!("reads, {what}"), number(self.count(|call| call == "GetItem")));
        figures.set(format!("writes, {what}"), number(self.count(is_write)));
        let is_to_gateway = |call: &str| call.contains(" /cardconnect/");
        figures.set(format!("gateway calls, {what}"), number(self.count(is_to_gateway)));
        figures.set(format!("write units, {what}"), self.writes.total());
        figures.set(format!("write units of indexes, {what}"), self.writes.indexes);
        if let Some(bytes) = self.bytes_after_last("PutItem") {
            figures.set(format!("{ITEM_BYTES} after {what}"), number(bytes));
        }
        // Only the peers update an item: their idempotency record.
        if let Some(bytes) = self.bytes_after_last("UpdateItem") {
            figures.set(format!("record bytes after {what}"), number(bytes));
        }
    }

    /// Adds all figures of a request.
    fn record_request(&self, figures: &mut Figures) {
        figures.set(format!("round trips, {}", self.what), number(self.round_trips));
        self.record(figures);
    }

    fn count(&self, is_counted: impl Fn(&str) -> bool) -> usize {
        self.calls.iter().filter(|call| is_counted(call)).count()
    }

    /// Bytes of the item that the last write of that kind left.
    fn bytes_after_last(&self, action: &str) -> Option<usize> {
        let writes = self.calls.iter().filter(|call| is_write(call));
        let mut written: Vec<_> = writes.zip(&self.item_bytes).collect();
        written.retain(|(call, _)| *call == action);
        written.last().map(|(_, bytes)| **bytes)
    }
}

fn is_write(call: &str) -> bool {
    matches!(call, "PutItem" | "UpdateItem")
}

/// Calls of warm requests besides those for the order and to the gateway.
fn other_calls(requests: &[Step]) -> usize {
    let is_other =
        |call: &str| !matches!(call, "GetItem" | "PutItem") && !call.starts_with("POST /cardconnect/rest/");
    requests.iter().map(|step| step.count(is_other)).sum()
}

/// Counts the calls and units of every step once.
pub(crate) async fn count(world: &World, binaries: &Binaries) -> Result<Figures, String> {
    let start = async |name: &str| -> Result<Running, String> {
        world.function(&binaries.path(name)?, merchants::REGISTERED).start().await
    };
    let mut watch = Watch { world, stored: HashMap::new() };

    let orders = start("orders").await?;
    orders.invoke_well(&world::register("counted-first")).await?;
    // Followed, because the purchase changes this order.
    watch.request(REGISTER, &orders, &world::register("counted")).await?;

    let before = world.connections();
    let purchase = start("purchase").await?;
    let start_connections = world.connections() - before;
    purchase.invoke_well(&world::purchase("counted-first")).await?;
    let first_request_connections = world.connections() - before - start_connections;
    let purchase = watch.request(PURCHASE, &purchase, &world::purchase("counted")).await?.0;

    let (authorize, capture) = (start("authorize").await?, start("capture").await?);
    authorize.invoke_well(&world::credit_card_authorize("counted-first")).await?;
    let event = world::credit_card_authorize("counted");
    let (authorized, answer) = watch.request(AUTHORIZE, &authorize, &event).await?;
    let id = transaction_id(&answer).ok_or("the answer names no transaction")?;
    let event = world::credit_card_capture(&id, "counted-capture");
    let captured = watch.request(CAPTURE, &capture, &event).await?.0;

    let schedule = start("scheduled-capture").await?;
    schedule.invoke(&json!({"dry_run": true})).await?;
    let registered = watch.request(REGISTER, &orders, &world::register("scheduled")).await?.0;
    let event = world::authorize_for_the_schedule("scheduled");
    let scheduled = watch.request(AUTHORIZE_FOR_THE_SCHEDULE, &authorize, &event).await?.0;
    world.keep(true);
    // Named, because a run in the first minute of an hour looks into all partitions that there can
    // be.
    let shards: Vec<u16> = (0..world.stack.ports().captures.settings.shards).collect();
    let report = schedule.invoke(&json!({"order_id": "scheduled", "shards": shards})).await?;
    if report["captured"] != 1 {
        return Err(format!("the schedule did not capture: {report}"));
    }
    let run = watch.step(SCHEDULED_CAPTURE);

    let mut figures = Figures::default();
    let requests = [purchase, authorized, captured];
    for request in &requests {
        request.record_request(&mut figures);
    }
    // A run of the schedule reads its partitions at the same time, more or less: only how often is
    // the same each time.
    for step in [registered, scheduled, run] {
        step.record(&mut figures);
    }
    figures.set("connections open before a first purchase", number(start_connections));
    figures.set("connections opened by a first purchase", number(first_request_connections));
    figures.set("other calls of warm requests", number(other_calls(&requests)));
    Ok(figures)
}

/// The calls and writes of one request of any program.
pub(crate) async fn once(
    world: &World,
    what: &str,
    function: &Running,
    event: &Value,
) -> Result<Figures, String> {
    let mut watch = Watch { world, stored: HashMap::new() };
    let mut figures = Figures::default();
    watch.request(what, function, event).await?.0.record_request(&mut figures);
    Ok(figures)
}

/// Follows the stored items, to know the item that a write replaces.
struct Watch<'a> {
    world: &'a World,
    stored: HashMap<String, Item>,
}

impl Watch<'_> {
    async fn request(
        &mut self,
        what: &str,
        function: &Running,
        event: &Value,
    ) -> Result<(Step, Value), String> {
        self.world.keep(true);
        let answer = function.invoke_well(event).await?;
        Ok((self.step(what), answer))
    }

    /// The calls since calls are kept.
    fn step(&mut self, what: &str) -> Step {
        let proxies = [&self.world.table, &self.world.secrets, &self.world.gateway];
        let mut calls: Vec<Call> = proxies.into_iter().flat_map(crate::proxy::Proxy::take).collect();
        self.world.keep(false);
        calls.sort_by_key(|call| call.from);
        let (mut item_bytes, mut writes) = (Vec::new(), Writes::default());
        for call in &calls {
            let Some(item) = item_of(call) else { continue };
            let key = item.get("order_key").and_then(|key| key.as_s().ok()).cloned().unwrap_or_default();
            item_bytes.push(item_size(&item));
            writes += put(self.stored.get(&key), &item);
            // A write that its condition stopped costs as much and changes nothing.
            if call.status == 200 {
                self.stored.insert(key, item);
            }
        }
        let round_trips = chain(&calls);
        let calls = calls.into_iter().map(|call| call.what).collect();
        Step { what: what.to_owned(), round_trips, calls, item_bytes, writes }
    }
}

/// The longest chain of calls in which each began when the one before was over.
fn chain(calls: &[Call]) -> usize {
    let mut by_end: Vec<&Call> = calls.iter().collect();
    by_end.sort_by_key(|call| call.until);
    let mut last = None;
    let in_turn = by_end.into_iter().filter(|call| {
        let follows = last.is_none_or(|end| call.from >= end);
        if follows {
            last = Some(call.until);
        }
        follows
    });
    in_turn.count()
}

/// The item that a call writes. An update sends no item, but here (Powertools) its key and all
/// attributes that it sets.
fn item_of(call: &Call) -> Option<Item> {
    let request: Value = serde_json::from_slice(&call.request).ok()?;
    match call.what.as_str() {
        "PutItem" => from_wire(request.get("Item")?),
        "UpdateItem" => {
            let mut item = from_wire(request.get("Key")?)?;
            item.extend(from_wire(request.get("ExpressionAttributeValues")?)?);
            Some(item)
        }
        _ => None,
    }
}

fn transaction_id(answer: &Value) -> Option<String> {
    let body: Value = serde_json::from_str(answer["body"].as_str()?).ok()?;
    Some(body["Response"]["TransactionID"].as_str()?.to_owned())
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn the_order_and_the_idempotency_record_are_told_apart() {
        let calls = ["PutItem", "GetItem", "PutItem", "POST /cardconnect/rest/auth", "PutItem", "UpdateItem"];
        let peer = Step {
            what: PURCHASE.to_owned(),
            round_trips: calls.len(),
            calls: calls.map(str::to_owned).to_vec(),
            item_bytes: vec![128, 254, 382, 867],
            writes: Writes { items: 4.0, indexes: 1.0 },
        };
        let mut figures = Figures::default();
        peer.record(&mut figures);
        let counted = |quantity: &str| figures.find(&format!("{quantity} {PURCHASE}"));
        assert_eq!(counted("item bytes after"), Some(382.0));
        assert_eq!(counted("record bytes after"), Some(867.0));
        assert_eq!(counted("calls,"), Some(6.0));
        assert_eq!(counted("reads,"), Some(1.0));
        assert_eq!(counted("writes,"), Some(4.0));
        assert_eq!(counted("gateway calls,"), Some(1.0));
        assert_eq!(counted("write units,"), Some(5.0));
    }

    #[test]
    fn calls_at_the_same_time_are_one_round_trip() {
        let began = Instant::now();
        let call = |from: u64, until: u64| Call {
            what: String::new(),
            from: began + Duration::from_millis(from),
            until: began + Duration::from_millis(until),
            status: 200,
            request: Vec::new().into(),
            response: Vec::new().into(),
        };
        assert_eq!(chain(&[call(0, 2), call(1, 3)]), 1);
        assert_eq!(chain(&[call(0, 2), call(2, 3), call(1, 4), call(5, 6)]), 3);
        assert_eq!(chain(&[]), 0);
    }
}

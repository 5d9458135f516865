//! What is counted rather than timed: the same on every machine. The guard compares it with `dev/bench/baseline.json`.

use std::collections::HashMap;

use local::merchants;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tollgate::dynamodb::{Item, item_size};

use crate::{
    binaries::Binaries,
    dynamodb::{Writes, from_wire, put},
    process::Running,
    proxy::Call,
    world::{self, World},
};

/// What both of the requests that are measured in every way are called.
pub(crate) const PURCHASE: &str = "purchase";
pub(crate) const AUTHORIZE: &str = "credit-card authorize";

/// One request, or one run of a schedule: what it called and wrote.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Step {
    pub(crate) what: String,
    /// Calls that had to wait for each other.
    pub(crate) round_trips: usize,
    /// Every call, in order.
    pub(crate) calls: Vec<String>,
    /// The item after each write, in bytes.
    pub(crate) item_bytes: Vec<usize>,
    /// What the writes cost.
    pub(crate) writes: Writes,
}

/// Everything that is counted by watching the servers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Counts {
    /// A warm purchase of a registered order with a stored card.
    pub(crate) purchase: Step,
    /// Connections that a first purchase opens right after a start that knows its merchant.
    pub(crate) first_request_connections: usize,
    /// Connections that were open before it.
    pub(crate) start_connections: usize,
    /// Authorize and capture in the credit-card API.
    pub(crate) credit_card: Vec<Step>,
    /// Register, authorize and capture by the schedule.
    pub(crate) scheduled: Vec<Step>,
}

impl Counts {
    /// Calls of warm requests besides those for the order and to the gateway.
    pub(crate) fn other_calls(&self) -> usize {
        let steps = [&self.purchase].into_iter().chain(&self.credit_card);
        let others = steps.flat_map(|step| &step.calls).filter(|call| {
            !matches!(call.as_str(), "GetItem" | "PutItem") && !call.starts_with("POST /cardconnect/rest/")
        });
        others.count()
    }
}

/// Counts the calls and units of every step once.
pub(crate) async fn count(world: &World, binaries: &Binaries) -> Result<Counts, String> {
    let start = async |name: &str| -> Result<Running, String> {
        world.function(&binaries.path(name)?, merchants::REGISTERED).start().await
    };
    let mut watch = Watch { world, stored: HashMap::new() };

    let orders = start("orders").await?;
    orders.invoke_well(&world::register("counted-first")).await?;
    // Followed, because what the purchase writes is a change of it.
    watch.request("register an order", &orders, &world::register("counted")).await?;

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
    let captured = watch.request("credit-card capture", &capture, &event).await?.0;

    let schedule = start("scheduled-capture").await?;
    schedule.invoke(&json!({"dry_run": true})).await?;
    let registered = watch.request("register an order", &orders, &world::register("scheduled")).await?.0;
    let event = world::authorize_for_the_schedule("scheduled");
    let scheduled = watch.request("authorize for the schedule", &authorize, &event).await?.0;
    world.keep(true);
    // Named, because a run in the first minute of an hour looks into all partitions that there can be.
    let shards: Vec<u16> = (0..world.stack.ports().captures.settings.shards).collect();
    let report = schedule.invoke(&json!({"order_id": "scheduled", "shards": shards})).await?;
    if report["captured"] != 1 {
        return Err(format!("the schedule did not capture: {report}"));
    }
    let run = watch.step("the schedule's capture");

    Ok(Counts {
        purchase,
        first_request_connections,
        start_connections,
        credit_card: vec![authorized, captured],
        scheduled: vec![registered, scheduled, run],
    })
}

/// What one request of any program calls and writes.
pub(crate) async fn once(
    world: &World,
    what: &str,
    function: &Running,
    event: &Value,
) -> Result<Step, String> {
    let mut watch = Watch { world, stored: HashMap::new() };
    Ok(watch.request(what, function, event).await?.0)
}

/// Follows what is stored, to know what a write replaces.
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

    /// What was called since calls are kept.
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

/// The longest row of calls each of which began when the one before was over.
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

/// What a call writes. An update sends no item, but here (Powertools) its key and all attributes that it sets.
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

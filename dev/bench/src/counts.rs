//! Figures that are counted rather than timed: the same on every machine. The guard compares it
//! with `dev/bench/baseline.json`.

use std::collections::{BTreeMap, HashMap};

use local::{ATTEMPTS_TABLE_NAME, JOURNAL_TABLE_NAME, TABLE_NAME, merchants};
use serde_json::{Value, json};
use tollgate::dynamodb::{Item, item_size};
use tollgate_wire::{Single, Transaction, credit_card::Outgoing};

use crate::{
    binaries::Binaries,
    dynamodb::{Writes, change, from_wire, key_of, stored_bytes},
    figures::{Figures, number},
    process::{Running, body, has_code, well},
    proxy::Call,
    world::{
        self, AUTHORIZE, AUTHORIZE_FOR_THE_SCHEDULE, CAPTURE, DECLINE, IN_A_BROWSER, PURCHASE, READ, REFUND,
        REGISTER, SCHEDULED_CAPTURE, SHOPPERS_TOKEN, VOID, World,
    },
};

/// How the names of item sizes begin.
pub(crate) const ITEM_BYTES: &str = "item bytes";

/// Tables by their names here, and as the names of their figures say them.
const TABLES: [(&str, &str); 3] =
    [(TABLE_NAME, ORDERS), (JOURNAL_TABLE_NAME, JOURNAL), (ATTEMPTS_TABLE_NAME, ATTEMPTS)];
pub(crate) const ORDERS: &str = "orders";
pub(crate) const JOURNAL: &str = "journal";
pub(crate) const ATTEMPTS: &str = "attempts";
/// The line of the journal's function about a batch, and its largest item: the entry, or a hold.
pub(crate) const BATCH_LOG_BYTES: &str = "log bytes of a batch of the journal";
pub(crate) const ENTRY_BYTES: &str = "entry bytes";
/// A site of the gateway, as an order has it.
const SITE: &str = "fts";

/// The effect of a step on one table.
#[derive(Clone, Copy, Debug, Default)]
struct InTable {
    writes: Writes,
    /// Bytes that the table and its indexes have more than before.
    grown_bytes: f64,
}

/// One request, or one run of a schedule: its calls and writes, and those of the journal.
#[derive(Clone, Debug, Default)]
struct Step {
    what: String,
    /// Calls that had to wait for each other.
    round_trips: usize,
    /// Every call, in order.
    calls: Vec<String>,
    log_bytes: u64,
    /// Of the journal's function.
    journal_log_bytes: u64,
    /// Bytes of the order after its last write, and of the largest item of the journal.
    order_bytes: Option<usize>,
    entry_bytes: usize,
    /// By the tables' words.
    tables: BTreeMap<&'static str, InTable>,
    /// The changes of orders, as records of the table's stream.
    changes: Vec<Value>,
}

impl Step {
    /// Adds all figures but the round trips.
    fn record(&self, figures: &mut Figures) {
        let what = &self.what;
        // A run of the schedule asks its partitions for all that is due.
        let is_read =
            |call: &str| call == "GetItem" || what == READ && matches!(call, "BatchGetItem" | "Query");
        figures.set(format!("calls, {what}"), number(self.calls.len()));
        figures.set(format!("reads, {what}"), number(self.count(is_read)));
        figures.set(format!("writes, {what}"), number(self.count(is_write)));
        figures.set(format!("changes of orders, {what}"), number(self.changes.len()));
        figures.set(format!("log bytes, {what}"), bytes(self.log_bytes));
        let is_to_gateway = |call: &str| call.contains(" /cardconnect/");
        figures.set(format!("gateway calls, {what}"), number(self.count(is_to_gateway)));
        for (table, InTable { writes, grown_bytes }) in &self.tables {
            figures.set(format!("write units of {table}, {what}"), writes.total());
            figures.set(format!("stored bytes of {table}, {what}"), *grown_bytes);
        }
        if let Some(bytes) = self.order_bytes {
            figures.set(format!("{ITEM_BYTES} after {what}"), number(bytes));
        }
        if self.entry_bytes > 0 {
            figures.set(format!("{ENTRY_BYTES}, {what}"), number(self.entry_bytes));
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

fn bytes(logged: u64) -> f64 {
    usize::try_from(logged).map_or(f64::NAN, number)
}

/// Counts the calls and units of every step once.
pub(crate) async fn count(world: &World, binaries: &Binaries) -> Result<Figures, String> {
    world.switch_search_off();
    let journal = world.function(&binaries.path("journal")?, merchants::REGISTERED).start().await?;
    let mut watch = Watch { world, binaries, journal, stored: HashMap::new() };
    let mut figures = Figures::default();
    let orders = watch.start("orders").await?;
    let mut requests = watch.credit_card().await?;
    requests.extend(watch.order(&orders, &mut figures).await?);
    for request in &requests {
        request.record_request(&mut figures);
    }
    figures.set("other calls of warm requests", number(other_calls(&requests)));
    // A run of the schedule reads its partitions at the same time, more or less: only how often is
    // the same each time.
    for step in watch.in_a_browser(&orders).await?.into_iter().chain(watch.on_schedule(&orders).await?) {
        step.record(&mut figures);
    }
    Ok(figures)
}

/// Follows the stored items, to know the item that a write replaces.
struct Watch<'a> {
    world: &'a World,
    binaries: &'a Binaries,
    /// Gets the changes of each step.
    journal: Running,
    /// As they travel, by table and key.
    stored: HashMap<(String, String), Value>,
}

/// The steps. The first request of a process, and the journal's first batch, are not counted: they
/// open connections and read documents that are then kept in memory.
impl Watch<'_> {
    async fn credit_card(&mut self) -> Result<Vec<Step>, String> {
        let (authorize, capture) = (self.start("authorize").await?, self.start("capture").await?);
        self.request("", &authorize, &world::credit_card_authorize("counted-first")).await?;
        let event = world::credit_card_authorize("counted");
        let (authorized, answer) = self.request(AUTHORIZE, &authorize, &event).await?;
        let event = world::credit_card_capture(&transaction_id(&answer)?, "counted-capture");
        let captured = self.request(CAPTURE, &capture, &event).await?.0;
        Ok(vec![authorized, captured])
    }

    /// A registered order and its purchase, which is then refunded; another one that is declined,
    /// and one that is voided.
    async fn order(&mut self, orders: &Running, figures: &mut Figures) -> Result<Vec<Step>, String> {
        orders.invoke_well(&world::register("first")).await?;
        let registered = self.request(REGISTER, orders, &world::register("counted")).await?.0;
        registered.record(figures);
        for order in ["to-void-first", "to-void"] {
            self.request("", orders, &world::register(order)).await?;
        }
        let event = world::register_for("declined", world::DECLINED_AMOUNT);
        self.request("", orders, &event).await?;

        let before = self.world.connections();
        let purchase = self.start("purchase").await?;
        let start_connections = self.world.connections() - before;
        let first = purchase.invoke_well(&world::purchase("first")).await?;
        let first_request_connections = self.world.connections() - before - start_connections;
        figures.set("connections open before a first purchase", number(start_connections));
        figures.set("connections opened by a first purchase", number(first_request_connections));
        let (purchased, paid) = self.request(PURCHASE, &purchase, &world::purchase("counted")).await?;
        let id = transaction_id(&paid)?;
        self.request("", orders, &world::read("counted", &id)).await?;
        self.request(READ, orders, &world::read("counted", &id)).await?.0.record(figures);
        let declined = self.declined(&purchase, &world::purchase("declined")).await?;

        let void = self.start("void").await?;
        let to_void_first = self.request("", &purchase, &world::purchase("to-void-first")).await?.1;
        let to_void = self.request("", &purchase, &world::purchase("to-void")).await?.1;
        let event = world::void("to-void-first", &transaction_id(&to_void_first)?);
        self.request("", &void, &event).await?;
        let event = world::void("to-void", &transaction_id(&to_void)?);
        let voided = self.request(VOID, &void, &event).await?.0;

        // Only a settled payment is refunded.
        self.world.stack.simulator().settle();
        let refund = self.start("refund").await?;
        refund.invoke_well(&world::refund("first", &transaction_id(&first)?)).await?;
        let event = world::refund("counted", &id);
        let refunded = self.request(REFUND, &refund, &event).await?.0;
        figures.set(BATCH_LOG_BYTES, bytes(purchased.journal_log_bytes));
        Ok(vec![purchased, declined, voided, refunded])
    }

    async fn in_a_browser(&mut self, orders: &Running) -> Result<Vec<Step>, String> {
        let (token, payments) = (self.start("token").await?, self.start("payments").await?);
        self.request("", &token, &world::shoppers_token()).await?;
        let (granted, answer) = self.request(SHOPPERS_TOKEN, &token, &world::shoppers_token()).await?;
        for order in ["browser-first", "browser"] {
            self.request("", orders, &world::register(order)).await?;
        }
        self.request("", &payments, &world::in_a_browser("browser-first", &answer)).await?;
        let event = world::in_a_browser("browser", &answer);
        let paid = self.request(IN_A_BROWSER, &payments, &event).await?.0;
        Ok(vec![granted, paid])
    }

    async fn on_schedule(&mut self, orders: &Running) -> Result<Vec<Step>, String> {
        let (authorize, schedule) = (self.start("authorize").await?, self.start("scheduled-capture").await?);
        schedule.invoke(&json!({"dry_run": true})).await?;
        self.request("", orders, &world::register("scheduled")).await?;
        authorize.invoke_well(&world::credit_card_authorize("scheduled-first")).await?;
        let event = world::authorize_for_the_schedule("scheduled");
        let authorized = self.request(AUTHORIZE_FOR_THE_SCHEDULE, &authorize, &event).await?.0;
        self.world.keep(true);
        // Named, because a run in the first minute of an hour looks into all partitions that there
        // can be.
        let shards: Vec<u16> = (0..self.world.stack.ports().captures.settings.shards).collect();
        let event = json!({"order_id": world::order_id("scheduled"), "shards": shards});
        let report = schedule.invoke(&event).await?;
        if report["captured"] != 1 {
            return Err(format!("the schedule did not capture: {report}"));
        }
        Ok(vec![authorized, self.step(SCHEDULED_CAPTURE).await?])
    }

    /// A payment that the gateway declines.
    async fn declined(&mut self, function: &Running, event: &Value) -> Result<Step, String> {
        let (step, answer) = self.any_request(DECLINE, function, event).await?;
        if has_code(&answer, "declined") {
            return Ok(step);
        }
        Err(format!("the payment was not declined: {answer}"))
    }
}

impl Watch<'_> {
    async fn start(&self, name: &str) -> Result<Running, String> {
        self.world.function(&self.binaries.path(name)?, merchants::REGISTERED).start().await
    }

    async fn request(
        &mut self,
        what: &str,
        function: &Running,
        event: &Value,
    ) -> Result<(Step, Value), String> {
        let (step, answer) = self.any_request(what, function, event).await?;
        Ok((step, well(answer)?))
    }

    async fn any_request(
        &mut self,
        what: &str,
        function: &Running,
        event: &Value,
    ) -> Result<(Step, Value), String> {
        let logged = function.logged_bytes()?;
        self.world.keep(true);
        let answer = function.invoke(event).await?;
        let mut step = self.step(what).await?;
        step.log_bytes = function.logged_bytes()?.saturating_sub(logged);
        Ok((step, answer))
    }

    /// The calls since calls are kept, and the writes of the journal that follow from them.
    async fn step(&mut self, what: &str) -> Result<Step, String> {
        let calls = self.calls();
        let mut step = Step { what: what.to_owned(), round_trips: chain(&calls), ..Step::default() };
        self.add_writes(&mut step, &calls);
        step.calls = calls.into_iter().map(|call| call.what).collect();
        self.world.keep(true);
        let logged = self.journal.logged_bytes()?;
        let report = self.journal.invoke(&json!({ "Records": step.changes })).await?;
        step.journal_log_bytes = self.journal.logged_bytes()?.saturating_sub(logged);
        let failed = report["batchItemFailures"].as_array().is_none_or(|failed| !failed.is_empty());
        if failed {
            return Err(format!("the journal did not keep a change: {report}"));
        }
        let calls = self.calls();
        self.add_writes(&mut step, &calls);
        Ok(step)
    }

    fn calls(&self) -> Vec<Call> {
        let proxies = [&self.world.table, &self.world.secrets, &self.world.gateway];
        let mut calls: Vec<Call> = proxies.into_iter().flat_map(crate::proxy::Proxy::take).collect();
        self.world.keep(false);
        calls.sort_by_key(|call| call.from);
        calls
    }

    fn add_writes(&mut self, step: &mut Step, calls: &[Call]) {
        for call in calls {
            let Some(Written { table, key, after }) = Written::by(call, &self.world.gateway_url) else {
                continue;
            };
            let Some((_, word)) = TABLES.iter().find(|(name, _)| *name == table) else { continue };
            let place = (table, key);
            let before = self.stored.get(&place);
            let item = |wire: Option<&Value>| from_wire(wire?);
            let (old, new) = (item(before), item(after.as_ref()));
            let in_table = step.tables.entry(word).or_default();
            in_table.writes += change(&place.0, old.as_ref(), new.as_ref());
            // A write that its condition stopped costs as much and changes nothing.
            if call.status != 200 {
                continue;
            }
            let bytes =
                |item: &Option<Item>| number(item.as_ref().map_or(0, |item| stored_bytes(&place.0, item)));
            in_table.grown_bytes += bytes(&new) - bytes(&old);
            let size = new.as_ref().map(item_size);
            if *word == JOURNAL {
                step.entry_bytes = step.entry_bytes.max(size.unwrap_or_default());
            }
            if *word == ORDERS {
                step.order_bytes = size;
                step.changes.push(record(before, after.as_ref()));
            }
            match after {
                Some(after) => drop(self.stored.insert(place, after)),
                None => drop(self.stored.remove(&place)),
            }
        }
    }
}

/// A change of an order, as a record of the table's stream.
fn record(before: Option<&Value>, after: Option<&Value>) -> Value {
    let name = if before.is_some() { "MODIFY" } else { "INSERT" };
    let key = after.map(|after| json!({"order_key": after["order_key"]}));
    let images = json!({
        "Keys": key, "OldImage": before, "NewImage": after,
        "SequenceNumber": "1", "StreamViewType": "NEW_AND_OLD_IMAGES",
    });
    json!({"eventID": "1", "eventName": name, "eventSource": "aws:dynamodb", "dynamodb": images})
}

/// An item that a call writes or deletes.
struct Written {
    table: String,
    key: String,
    /// The item then, as it travels. An update sends no item, but its key and the values that it
    /// sets.
    after: Option<Value>,
}

impl Written {
    fn by(call: &Call, gateway_url: &str) -> Option<Self> {
        // An order has the address of its gateway; the real one is stored by its site's name.
        let request = String::from_utf8_lossy(&call.request).replace(gateway_url, SITE);
        let mut request: Value = serde_json::from_str(&request).ok()?;
        let table = request["TableName"].as_str()?.to_owned();
        let (named, after) = match call.what.as_str() {
            "PutItem" => (request["Item"].clone(), Some(request["Item"].take())),
            "DeleteItem" => (request["Key"].take(), None),
            "UpdateItem" => {
                let mut item = request["Key"].clone();
                if let Value::Object(values) = request["ExpressionAttributeValues"].take() {
                    item.as_object_mut()?.extend(values);
                }
                (request["Key"].take(), Some(item))
            }
            _ => return None,
        };
        Some(Self { key: key_of(&table, &from_wire(&named)?), table, after })
    }
}

/// The longest chain of calls in which each began when the one before was over.
pub(crate) fn chain(calls: &[Call]) -> usize {
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

/// The id of the payment that a response is about.
pub(crate) fn transaction_id(answer: &Value) -> Result<String, String> {
    let id = match body::<Outgoing>(answer) {
        Some(outgoing) => outgoing.response.transaction_id,
        None => body::<Single<Transaction>>(answer).map(|paid| paid.data.id.to_string()),
    };
    id.ok_or_else(|| format!("the answer names no transaction: {answer}"))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn a_write_is_told_by_its_table_and_key() {
        let call = |what: &str, request: Value| Call {
            what: what.to_owned(),
            from: Instant::now(),
            until: Instant::now(),
            status: 200,
            request: request.to_string().into(),
            response: Vec::new().into(),
        };
        let key = json!({"b": {"S": "m#0"}, "s": {"S": "2026"}});
        let journal = |what| {
            Written::by(&call(what, json!({"TableName": JOURNAL_TABLE_NAME, "Key": key})), "http://gateway")
        };
        let deleted = journal("DeleteItem").unwrap();
        assert_eq!((deleted.key.as_str(), deleted.after), ("m#0 2026", None));
        assert!(journal("GetItem").is_none());
        let key = json!({"slot_key": {"S": "1"}});
        let values = json!({":until": {"N": "2"}});
        let request =
            json!({"TableName": ATTEMPTS_TABLE_NAME, "Key": key, "ExpressionAttributeValues": values});
        let updated = Written::by(&call("UpdateItem", request), "http://gateway").unwrap();
        assert_eq!(updated.key, "1");
        assert_eq!(updated.after, Some(json!({"slot_key": {"S": "1"}, ":until": {"N": "2"}})));
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

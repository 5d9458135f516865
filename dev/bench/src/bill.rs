//! From measurements to dollars: the resources that requests use on AWS, with every assumption in
//! one place.

use crate::{
    cost::{self, Cost, Keeping, TableUsage, Usage},
    counts::{ATTEMPTS, BATCH_LOG_BYTES, ENTRY_BYTES, JOURNAL, ORDERS},
    figures::{Figures, number},
    table::{Row, Table},
    totals,
    world::{
        AUTHORIZE, AUTHORIZE_FOR_THE_SCHEDULE, BATCH, CAPTURE, DECLINE, IN_A_BROWSER, PURCHASE, READ, REFUND,
        REGISTER, SCHEDULED_CAPTURE, SHOPPERS_TOKEN, VOID,
    },
};

/// Lambda gives one processor to so much memory, and less to less.
pub(crate) const MIB_PER_PROCESSOR: f64 = 1769.0;
/// One read or write of `DynamoDB` from a function in the same region: single-digit milliseconds,
/// as AWS says.
pub(crate) const TABLE_MS: f64 = 5.0;
/// A start on AWS, beyond the start measured here: connections to servers that are not on the same
/// machine.
const CONNECTING_MS: f64 = 60.0;
/// Of all requests, those that meet a new instance.
const COLD_STARTS: f64 = 0.01;
/// Payments per second, evenly: reads of secrets and batches of the journal depend on it. And the
/// same of a shop with a million payments in a month.
const PER_SECOND: f64 = 10.0;
const MILLION_A_MONTH_PER_SECOND: f64 = 1_000_000.0 / (30.0 * 24.0 * 3_600.0);
/// API Gateway's access log of an ordinary request, in the template's format. Of one that ended
/// well Lambda itself writes nothing, as the template has it (`SystemLogLevel`).
pub(crate) const LOGGED_BY_AWS_BYTES: f64 = 250.0;
/// How long an order, an entry and a log are kept in this calculation; Tollgate deletes no order.
const KEPT_MONTHS: f64 = 12.0;
/// A counter of attempts is kept for 71 minutes.
const COUNTER_KEPT_MONTHS: f64 = 71.0 / (30.0 * 24.0 * 60.0);
/// An instance reads a secret once in five minutes. A payment keeps one busy for half a second.
const SECRET_KEPT_S: f64 = 5.0 * 60.0;
const BUSY_S: f64 = 0.5;
/// Changes of orders of a payment, seconds for which a batch of the journal waits, and batches at a
/// time: the template's four of each of the four partitions of a new table.
const CHANGES: f64 = 3.0;
const BATCH_WAITS_S: f64 = 5.0;
const BATCHES: f64 = 16.0;
/// Marks for the totals: each process puts one a minute while a merchant has payments. They are
/// deleted once a quarter of an hour.
const MARK_EVERY_S: f64 = 60.0;
/// Writes of the journal that wait for each other: entries, then pointers and holds.
const JOURNAL_CALLS: f64 = 2.0;
/// The template's memory for functions that wait, in MiB.
pub(crate) const DEPLOYED_MIB: u32 = 128;
/// The memory of the journal's function, and of the schedule that captures, in MiB.
const JOURNAL_MIB: u32 = 512;
const SCHEDULE_MIB: u32 = 256;
/// Captures of the schedule under way at a time, as the template has it.
const CAPTURES_AT_A_TIME: f64 = 16.0;
/// The gateway's usual response, in milliseconds.
pub(crate) const GATEWAY_MS: f64 = 500.0;
/// An Elastic Path store's usual response with an order, in milliseconds.
const SHOP_MS: f64 = 200.0;
/// Units of a recording there: the order's item once more, its entry among those to be told, and
/// the entry's removal.
const RECORD_UNITS: f64 = 3.0;
/// Bytes of a pointer, with `DynamoDB`'s overhead: two keys with digests, and the order's id.
const POINTER_BYTES: f64 = 250.0;
/// Units of a delivery's item: one that is put with its entry in the index of due ones, and the
/// entry's removal.
const DELIVERY_UNITS: f64 = 3.0;
/// In dollars per million.
const PURCHASE_TARGET: f64 = 12.0;
const AUTHORIZE_AND_CAPTURE_TARGET: f64 = 23.0;
const CHECKOUT_TARGET: f64 = 18.0;

/// How the template's parameters keep a table by default.
fn keeping(table: &str) -> Keeping {
    let standard = Keeping { is_infrequent: false, has_recovery: true, months: KEPT_MONTHS };
    match table {
        ORDERS => Keeping { is_infrequent: true, ..standard },
        JOURNAL => Keeping { is_infrequent: true, has_recovery: false, ..standard },
        _ => Keeping { months: COUNTER_KEPT_MONTHS, ..standard },
    }
}

/// The function that runs a step.
fn function(what: &str) -> &'static str {
    match what {
        REGISTER | READ => "orders",
        SHOPPERS_TOKEN => "token",
        IN_A_BROWSER => "payments",
        AUTHORIZE | AUTHORIZE_FOR_THE_SCHEDULE => "authorize",
        CAPTURE => "capture",
        REFUND => "refund",
        VOID => "void",
        SCHEDULED_CAPTURE => "scheduled-capture",
        _ => "purchase",
    }
}

/// A request, or a capture of the schedule, as far as it costs.
#[derive(Clone, Debug)]
struct Step {
    /// Payments per second when it is made.
    per_second: f64,
    api_requests: f64,
    cpu_ms: f64,
    start_ms: f64,
    table_calls: f64,
    /// The tables that it writes itself.
    tables: Vec<TableUsage>,
    /// The journal's table, and the changes that its function gets.
    journal: Option<TableUsage>,
    changes: f64,
    /// The processor time of the journal's function for a change, and its line about a batch.
    change_ms: f64,
    batch_log_bytes: f64,
    log_bytes: f64,
    gateway_ms: f64,
}

impl Step {
    /// The counts of a request, its log, and its function's times.
    fn counted(figures: &Figures, what: &str) -> Self {
        let function = function(what);
        let warm = figures.find(&format!("processor ms, {function}"));
        let event = || figures.get(&format!("work of {function}: processor ms of an event"));
        let reads = figures.get(&format!("reads, {what}"));
        let used = |table: &str| {
            Some(TableUsage {
                keeping: keeping(table),
                write_units: figures.find(&format!("write units of {table}, {what}"))?,
                read_units: if table == ORDERS { reads } else { 0.0 },
                stored_bytes: figures.get(&format!("stored bytes of {table}, {what}")),
            })
        };
        let changes = figures.get(&format!("changes of orders, {what}"));
        let calls_gateway = figures.get(&format!("gateway calls, {what}")) > 0.0;
        let with_totals = |usage: TableUsage| TableUsage {
            // An operation has one entry.
            read_units: figures.find(&format!("{ENTRY_BYTES}, {what}")).map_or(0.0, totals::read_units),
            ..usage
        };
        Self {
            per_second: PER_SECOND,
            api_requests: 1.0,
            cpu_ms: warm.unwrap_or_else(event),
            start_ms: figures.get(&format!("start ms, {function}")),
            table_calls: reads + figures.get(&format!("writes, {what}")),
            tables: [ORDERS, ATTEMPTS].into_iter().filter_map(used).collect(),
            journal: used(JOURNAL).map(with_totals),
            changes,
            change_ms: figures.get("work of journal: processor ms of an event") / number(BATCH),
            batch_log_bytes: figures.get(BATCH_LOG_BYTES),
            log_bytes: figures.get(&format!("log bytes, {what}")),
            gateway_ms: if calls_gateway { GATEWAY_MS } else { 0.0 },
        }
    }

    /// The same in a shop with so many payments per second.
    fn at(self, per_second: f64) -> Self {
        Self { per_second, ..self }
    }

    /// Takes over the data that a step before it added to the table of orders.
    fn keeping_order_of(mut self, before: &mut Self) -> Self {
        for (own, before) in self.tables.iter_mut().zip(&mut before.tables) {
            own.stored_bytes += std::mem::take(&mut before.stored_bytes);
        }
        self
    }

    fn usage(&self, memory_mib: u32) -> Usage {
        Usage {
            api_requests: self.api_requests,
            invocations: 1.0,
            memory_mib,
            gateway_ms: self.gateway_ms,
            own_ms: self.table_calls * TABLE_MS + computing_ms(self.cpu_ms, memory_mib),
            cold_starts: COLD_STARTS,
            init_ms: self.start_ms + CONNECTING_MS,
            tables: self.tables.clone(),
            log_bytes: self.log_bytes,
            access_log_bytes: self.api_requests * LOGGED_BY_AWS_BYTES,
            log_months: KEPT_MONTHS,
            secret_reads: (self.per_second * BUSY_S).max(1.0) / (SECRET_KEPT_S * self.per_second),
        }
    }

    /// A million of it, without the journal.
    fn cost(&self, memory_mib: u32) -> Cost {
        cost::per_million(&self.usage(memory_mib))
    }

    /// The journal of a million of it.
    fn journal_cost(&self) -> Cost {
        let changes_per_second = CHANGES * self.per_second;
        let in_a_batch = (BATCH_WAITS_S * changes_per_second / BATCHES).max(1.0);
        let marks = (BATCHES / (MARK_EVERY_S * changes_per_second)).min(1.0);
        let with_marks = |usage: &TableUsage| TableUsage {
            write_units: usage.write_units + self.changes * marks,
            ..usage.clone()
        };
        let batches = self.changes / in_a_batch;
        cost::per_million(&Usage {
            invocations: batches,
            log_bytes: batches * self.batch_log_bytes,
            log_months: KEPT_MONTHS,
            memory_mib: JOURNAL_MIB,
            own_ms: JOURNAL_CALLS * TABLE_MS + computing_ms(self.change_ms * in_a_batch, JOURNAL_MIB),
            tables: self.journal.iter().map(with_marks).collect(),
            ..Usage::default()
        })
    }

    /// A million of it, for another year; logs end after one.
    fn cost_of_keeping(&self) -> f64 {
        let kept = self.tables.iter().chain(&self.journal);
        let kept = kept.map(|usage| TableUsage { write_units: 0.0, read_units: 0.0, ..usage.clone() });
        cost::per_million(&Usage { tables: kept.collect(), ..Usage::default() }).total * 12.0 / KEPT_MONTHS
    }

    /// A million of it, as deployed by default.
    fn whole_cost(&self) -> Cost {
        Cost::sum(&[self.cost(DEPLOYED_MIB), self.journal_cost()])
    }
}

/// Processor time as it takes with so much memory.
pub(crate) fn computing_ms(cpu_ms: f64, memory_mib: u32) -> f64 {
    cpu_ms * MIB_PER_PROCESSOR / f64::from(memory_mib)
}

/// The cost of a million requests, in tables.
pub(crate) fn tables(figures: &Figures) -> Vec<Table> {
    vec![flows(figures), purchases(figures), besides(figures)]
}

/// A registered order and its purchase: the purchase keeps the whole order.
fn registered_purchase(figures: &Figures) -> [Step; 2] {
    let mut registering = Step::counted(figures, REGISTER);
    let purchase = Step::counted(figures, PURCHASE).keeping_order_of(&mut registering);
    [registering, purchase]
}

/// Dollars of a million orders that are registered and paid.
pub(crate) fn registered_purchase_cost(figures: &Figures) -> f64 {
    registered_purchase(figures).iter().map(|step| step.whole_cost().total).sum()
}

/// Dollars of a million purchases within a month, of one call each.
pub(crate) fn million_purchases_a_month(figures: &Figures) -> f64 {
    let [_, purchase] = registered_purchase(figures);
    purchase.at(MILLION_A_MONTH_PER_SECOND).whole_cost().total
}

/// The same of a browser's checkouts.
pub(crate) fn million_checkouts_a_month(figures: &Figures) -> f64 {
    checkout(figures, MILLION_A_MONTH_PER_SECOND)
}

fn purchases(figures: &Figures) -> Table {
    let [_, purchase] = registered_purchase(figures);
    let mut rows = lines(&purchase.whole_cost());
    rows.push(Row::new("all", purchase.whole_cost().total, "$"));
    rows.push(Row::new("with 256 MiB", purchase.cost(256).total + purchase.journal_cost().total, "$"));
    Table::new("A million purchases, as deployed by default", rows)
}

fn lines(bill: &Cost) -> Vec<Row> {
    bill.lines.iter().map(|line| Row::new(line.name, line.dollars, "$")).collect()
}

/// The cost of a million requests of each kind, and of the flows that they make.
pub(crate) fn flows(figures: &Figures) -> Table {
    let [registering, purchase] = registered_purchase(figures);
    let counted = |what: &str| Step::counted(figures, what);
    let (authorize, capture) = (counted(AUTHORIZE), counted(CAPTURE));
    let (authorize_first, capture_later) =
        (counted(AUTHORIZE_FOR_THE_SCHEDULE), capture_by_schedule(figures));
    let total = |steps: &[&Step]| steps.iter().map(|step| step.whole_cost().total).sum::<f64>();
    let journal = |steps: &[&Step]| steps.iter().map(|step| step.journal_cost().total).sum::<f64>();
    let dollars = |what: &str, dollars: f64| Row::new(what, dollars, "$");
    let rows = vec![
        dollars("register an order, which its payment then keeps", total(&[&registering])),
        dollars("purchase", total(&[&purchase])).at_most(PURCHASE_TARGET),
        dollars("… of it, the journal", journal(&[&purchase])),
        dollars("… kept for another year", purchase.cost_of_keeping()),
        dollars("back office: register, purchase", registered_purchase_cost(figures)),
        dollars("shop in a browser: register, token, payment", checkout(figures, PER_SECOND))
            .at_most(CHECKOUT_TARGET),
        dollars("declined purchase", total(&[&counted(DECLINE)])),
        dollars("read of a payment", total(&[&counted(READ)])),
        dollars("refund", total(&[&counted(REFUND)])),
        dollars("void", total(&[&counted(VOID)])),
        dollars("credit-card authorize", total(&[&authorize])),
        dollars("credit-card capture", total(&[&capture])),
        dollars("credit-card authorize and capture", total(&[&authorize, &capture]))
            .at_most(AUTHORIZE_AND_CAPTURE_TARGET),
        dollars("… of it, the journal", journal(&[&authorize, &capture])),
        dollars("authorize and scheduled capture", total(&[&authorize_first, &capture_later]))
            .at_most(AUTHORIZE_AND_CAPTURE_TARGET),
        dollars(
            "… with the order registered",
            total(&[&counted(REGISTER), &authorize_first, &capture_later]),
        ),
    ];
    Table::new("A million of each, as deployed by default", rows)
}

/// The sample shop's calls: the order, the browser's token, and a payment, which the browser asks
/// for first.
fn checkout(figures: &Figures, per_second: f64) -> f64 {
    let calls = [REGISTER, SHOPPERS_TOKEN, IN_A_BROWSER];
    let calls = calls.map(|what| Step::counted(figures, what).at(per_second).whole_cost().total);
    // API Gateway answers a browser's question itself.
    let question = Usage {
        api_requests: 1.0,
        access_log_bytes: LOGGED_BY_AWS_BYTES,
        log_months: KEPT_MONTHS,
        ..Usage::default()
    };
    calls.iter().sum::<f64>() + cost::per_million(&question).total
}

/// A million of everything that only some deployments and merchants have.
pub(crate) fn besides(figures: &Figures) -> Table {
    let table = |table: &str, write_units: f64, stored_bytes: f64| TableUsage {
        keeping: keeping(table),
        write_units,
        read_units: 0.0,
        stored_bytes,
    };
    let written =
        |table: TableUsage| cost::per_million(&Usage { tables: vec![table], ..Usage::default() }).total;
    let pointer = written(table(JOURNAL, 1.0, POINTER_BYTES));
    let counter = written(table(ATTEMPTS, 1.0, 0.0));
    // Under the card's token and its place, each less than a unit of the table.
    let noted = written(table(ATTEMPTS, 2.0, 0.0));
    let read = written(TableUsage { read_units: 2.0, ..table(ATTEMPTS, 0.0, 0.0) });
    let delivery = Usage {
        invocations: 1.0,
        memory_mib: DEPLOYED_MIB,
        // A receiver takes as long as the gateway, at most.
        gateway_ms: GATEWAY_MS,
        tables: vec![table("webhooks", DELIVERY_UNITS, 0.0)],
        ..Usage::default()
    };
    // The item is read first, as a registered order's is; the function waits for the store.
    let payment = Usage { invocations: 1.0, memory_mib: DEPLOYED_MIB, ..Usage::default() };
    let of_shop = Usage {
        gateway_ms: SHOP_MS,
        tables: vec![TableUsage { read_units: 1.0, ..table(ORDERS, 0.0, 0.0) }],
        ..payment.clone()
    };
    let owed = cost::per_million(&of_shop).total - cost::per_million(&payment).total;
    let record =
        Usage { gateway_ms: SHOP_MS, tables: vec![table(ORDERS, RECORD_UNITS, 0.0)], ..payment.clone() };
    let recorded = cost::per_million(&record).total - cost::per_million(&payment).total;
    // The schedule looks up each order that changed and of which something is paid there, and once
    // more where its next reading overlaps. An order changes when it is paid, captured, shipped and
    // refunded.
    let changed = written(TableUsage { read_units: 2.0, ..table(ORDERS, 0.0, 0.0) });
    let settled = figures.get("settlement: write units per line over its life, at 1,000 a day");
    let rows = vec![
        Row::new("texts that people quote, of payments", pointer, "$"),
        Row::new("second writes of an address, while there are declines", counter, "$"),
        Row::new("a scheme's ban, noted of a declined card", noted, "$"),
        Row::new("… read before a payment that the merchant initiates", read, "$"),
        Row::new("orders of Elastic Path, read before a payment", owed, "$"),
        Row::new("payments, captures and refunds recorded there", recorded, "$"),
        Row::new("changes of orders there, read by the schedule", changed, "$"),
        Row::new("lines of settlement, written", written(table("settlement", settled, 0.0)), "$"),
        Row::new("events on a bus", cost::EVENTS_PER_MILLION, "$"),
        Row::new("deliveries of a webhook", cost::per_million(&delivery).total, "$"),
    ];
    Table::new("A million of each, where it is used", rows)
}

/// A capture among those that a run has under way at a time: no request, and its share of the run's
/// time. It is billed as an invocation of its own, which is the most that it can be.
fn capture_by_schedule(figures: &Figures) -> Step {
    let captured = Step::counted(figures, SCHEDULED_CAPTURE);
    let run_ms = (GATEWAY_MS + captured.table_calls * TABLE_MS) / CAPTURES_AT_A_TIME;
    // As a time of the function's usual memory, because a step has no memory of its own.
    let gateway_ms = run_ms * f64::from(SCHEDULE_MIB) / f64::from(DEPLOYED_MIB);
    // Its two lines, where a request has one.
    let log_bytes = figures.get(&format!("log bytes, {AUTHORIZE}"));
    Step { api_requests: 0.0, cpu_ms: 0.0, table_calls: 0.0, gateway_ms, log_bytes, ..captured }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::PURCHASE;

    #[test]
    fn the_access_log_is_billed_as_long_as_the_templates_format_makes_it() {
        let template = include_str!("../../../template.yaml");
        let format =
            template.split_once("AccessLogSettings:").unwrap().1.split_once("Format: !Sub >-").unwrap().1;
        let format = format.split_once("\n\n").unwrap().0;
        let mut line = format.split_whitespace().collect::<Vec<_>>().join(" ");
        // As long as such values are.
        for (variable, value) in [
            ("${Stage}", "prod"),
            ("$context.requestId", "ZXJ3aGF0ZXZlcg=="),
            ("$context.integration.requestId", "79104edb-25e6-4e16-9146-d3d6d2b0ab5c"),
            ("$context.identity.sourceIp", "203.0.113.254"),
            ("$context.routeKey", "POST /v2/orders/{orderId}/payments"),
            ("$context.status", "200"),
            ("$context.responseLatency", "531"),
            ("$context.error.responseType", "-"),
            ("$context.integrationErrorMessage", "-"),
        ] {
            assert!(line.contains(variable), "{variable}");
            line = line.replace(variable, value);
        }
        assert!(!line.contains('$'), "{line}");
        assert!((number(line.len()) - LOGGED_BY_AWS_BYTES).abs() < 0.5, "{}: {line}", line.len());
    }

    /// A purchase in round numbers.
    fn counted() -> Figures {
        let mut figures = Figures::default();
        for (name, value) in [
            ("reads, purchase", 1.0),
            ("writes, purchase", 2.0),
            ("processor ms, purchase", 0.0),
            ("start ms, purchase", 2.0),
            ("gateway calls, purchase", 1.0),
            ("changes of orders, purchase", 3.0),
            ("log bytes, purchase", 900.0),
            ("work of journal: processor ms of an event", 10.0),
            ("entry bytes, purchase", 204.8),
            ("log bytes of a batch of the journal", 214.8),
            ("write units of orders, purchase", 4.0),
            ("stored bytes of orders, purchase", 500.0),
            ("write units of journal, purchase", 3.0),
            ("stored bytes of journal, purchase", 700.0),
        ] {
            figures.set(name, value);
        }
        figures
    }

    #[test]
    fn a_payment_pays_for_its_tables_calls_and_journal() {
        let step = Step::counted(&counted(), PURCHASE);
        let usage = step.usage(DEPLOYED_MIB);
        assert!((usage.own_ms - 15.0).abs() < 1e-9 && (usage.gateway_ms - 500.0).abs() < 1e-9);
        assert_eq!(usage.tables.len(), 1, "the attempts of a browser are not those of a server");
        let of = |cost: &Cost, name: &str| cost.lines.iter().find(|line| line.name == name).unwrap().dollars;
        // 500 bytes × 10⁶ / 2³⁰ × 12 months × 0.10, and 0.20 for recovery; 4 × 0.78.
        let own = step.cost(DEPLOYED_MIB);
        assert!((of(&own, "DynamoDB storage") - 0.5588).abs() < 1e-3);
        assert!((of(&own, "DynamoDB point-in-time recovery") - 1.1176).abs() < 1e-3);
        assert!((of(&own, "DynamoDB writes") - 3.12).abs() < 1e-9);
        // 700 bytes × 10⁶ / 2³⁰ × 12 months × 0.10, without recovery; 3 × 0.78, and 16 marks of
        // the 1,800 changes of a minute; 3 changes in batches of 9.375.
        let journal = step.journal_cost();
        assert!((of(&journal, "DynamoDB storage") - 0.7823).abs() < 1e-3);
        assert!(of(&journal, "DynamoDB point-in-time recovery").abs() < 1e-9);
        assert!((of(&journal, "DynamoDB writes") - 2.3608).abs() < 1e-9);
        assert!((of(&journal, "DynamoDB reads") - 0.0775).abs() < 1e-9);
        assert!((of(&journal, "Lambda requests") - 0.064).abs() < 1e-5);
        // A line of 214.8 bytes for each batch: 68.736 × 10⁶ / 2³⁰ × 0.50.
        assert!((of(&journal, "CloudWatch log ingestion") - 0.032).abs() < 1e-4);
        assert!((step.whole_cost().total - own.total - journal.total).abs() < 1e-9);
        assert!((step.cost_of_keeping() - 0.5588 - 1.1176 - 0.7823).abs() < 1e-3);
    }

    #[test]
    fn a_small_shop_has_a_batch_for_each_change_and_its_own_reads_of_secrets() {
        let step = Step::counted(&counted(), PURCHASE).at(0.4);
        // One instance, and 120 payments while it knows its secret.
        assert!((step.usage(DEPLOYED_MIB).secret_reads - 1.0 / 120.0).abs() < 1e-9);
        let of = |name: &str| step.journal_cost().lines.into_iter().find(|line| line.name == name).unwrap();
        assert!((of("Lambda requests").dollars - 0.6).abs() < 1e-9);
        // 16 marks of the 72 changes of a minute.
        assert!((of("DynamoDB writes").dollars - (3.0 + 3.0 * 16.0 / 72.0) * 0.78).abs() < 1e-9);
    }

    #[test]
    fn a_registered_order_is_kept_by_its_purchase() {
        let (mut registering, purchase) =
            (Step::counted(&counted(), PURCHASE), Step::counted(&counted(), PURCHASE));
        let purchase = purchase.keeping_order_of(&mut registering);
        let stored = |step: &Step| step.tables[0].stored_bytes;
        assert!((stored(&purchase) - 1000.0).abs() < 1e-9 && stored(&registering).abs() < 1e-9);
    }

    #[test]
    fn tables_are_kept_as_the_templates_parameters_say() {
        let template = include_str!("../../../template.yaml");
        let default = |parameter: &str| {
            let text = template.split_once(&format!("\n  {parameter}:\n")).unwrap().1;
            text.split_once("Default: ").unwrap().1.lines().next().unwrap().trim_matches('"').to_owned()
        };
        let class = |table: &str| {
            if keeping(table).is_infrequent { "STANDARD_INFREQUENT_ACCESS" } else { "STANDARD" }
        };
        assert_eq!(default("CaptureConcurrency"), CAPTURES_AT_A_TIME.to_string());
        assert_eq!(default("PaymentsTableClass"), class(ORDERS));
        let journal = template.split_once("\n  JournalTable:\n").unwrap().1;
        assert_eq!(journal.split_once(" TableClass: ").unwrap().1.lines().next().unwrap(), class(JOURNAL));
        let recovery = keeping(JOURNAL).has_recovery.to_string();
        assert_eq!(default("JournalPointInTimeRecovery"), recovery);
        let memories = local::template::deployed().unwrap().memories;
        for (function, mib) in
            [("purchase", DEPLOYED_MIB), ("journal", JOURNAL_MIB), ("scheduled-capture", SCHEDULE_MIB)]
        {
            assert_eq!(memories[function], mib, "{function}");
        }
    }

    #[test]
    fn every_table_of_a_payment_is_in_the_bill() {
        // A payment writes three. No payment writes those of settlement, people, webhooks and the
        // console.
        let template = include_str!("../../../template.yaml");
        let tables = template.matches("Type: AWS::DynamoDB::Table\n").count();
        assert_eq!(tables, [ORDERS, JOURNAL, ATTEMPTS].len() + 4);
    }
}

//! From measurements to dollars: the resources that requests use on AWS, with every assumption in
//! one place.

use crate::{
    cost::{self, Cost, Fixed, LAMBDA_COMPUTE, Usage},
    figures::Figures,
    peers::{Language, TOLLGATE},
    table::{Row, Table},
    world::{CAPTURE, REGISTER, RequestKind},
};

/// Lambda gives one processor to so much memory, and less to less.
const MIB_PER_PROCESSOR: f64 = 1769.0;
/// One read or write of `DynamoDB` from a function in the same region: single-digit milliseconds,
/// as AWS says.
const TABLE_MS: f64 = 5.0;
/// A start on AWS, beyond the start measured here: connections to servers that are not on the same
/// machine.
const CONNECTING_MS: f64 = 60.0;
/// Of all requests, those that meet a new instance.
const COLD_STARTS: f64 = 0.01;
/// Payments a second, evenly; reads of secrets and X-Ray's sampling depend on it.
const PER_SECOND: f64 = 10.0;
/// API Gateway's access log of an ordinary request, in the template's format. Of one that ended
/// well Lambda itself writes nothing, as the template has it (`LambdaLogLevel`).
const LOGGED_BY_AWS_BYTES: f64 = 338.0;
/// `DynamoDB`'s overhead per item.
const ITEM_OVERHEAD_BYTES: f64 = 100.0;
/// How long an order and a log are kept in this calculation; Tollgate deletes no order.
const KEPT_MONTHS: f64 = 12.0;
/// How long Powertools keeps its record of a request, as the peers are configured.
const RECORD_KEPT_MONTHS: f64 = 1.0 / 30.0;
/// Requests between two reads of a secret: one in five minutes in each of five instances, at ten
/// payments a second.
const SECRET_READS: f64 = 5.0 / (5.0 * 60.0 * PER_SECOND);
/// Metrics that the template's alarms watch. One on an expression watches several, and each is
/// billed.
const ALARM_METRICS: u32 = 90;
/// Memory sizes of the table, in MiB.
const SIZES: [u32; 3] = [128, 256, 512];
/// The memory that programs are compared with, in MiB: the template's own 128 are too little for
/// Node.js.
const COMPARED_MIB: u32 = 256;
/// The gateway's responses that the table is made for, in milliseconds: quick, usual, and a bad
/// day.
const GATEWAY_MS: [f64; 3] = [200.0, USUAL_MS, 1500.0];
const USUAL_MS: f64 = 500.0;
/// In dollars per million purchases.
const PURCHASE_TARGET: f64 = 9.0;
const SMALLEST_PURCHASE_TARGET: f64 = 8.5;
const AUTHORIZE_AND_CAPTURE_TARGET: f64 = 16.0;

/// A request, as far as it costs.
#[derive(Clone, Debug)]
struct Request {
    cpu_ms: f64,
    start_ms: f64,
    write_units: f64,
    reads: f64,
    table_calls: f64,
    stored_byte_months: f64,
    log_bytes: f64,
    calls_gateway: bool,
}

impl Request {
    /// A request that was measured warm, of any of the programs.
    fn measured(figures: &Figures, program: &str, kind: RequestKind) -> Self {
        let what = format!("{program}, {}", kind.name());
        Self {
            cpu_ms: figures.get(&format!("processor ms, {what}")),
            start_ms: figures.get(&format!("start ms, {program}, {}", kind.function())),
            log_bytes: figures.get(&format!("log bytes, {what}")),
            ..Self::counted(figures, &what)
        }
    }

    /// A request's counts; its times and its log are still zero.
    fn counted(figures: &Figures, what: &str) -> Self {
        let reads = figures.get(&format!("reads, {what}"));
        Self {
            cpu_ms: 0.0,
            start_ms: 0.0,
            write_units: figures.get(&format!("write units, {what}")),
            reads,
            table_calls: reads + figures.get(&format!("writes, {what}")),
            stored_byte_months: stored_byte_months(figures, what),
            log_bytes: 0.0,
            calls_gateway: figures.get(&format!("gateway calls, {what}")) > 0.0,
        }
    }

    /// The same with the times and the log of a request that was measured: none of those that are
    /// only counted computes or logs more.
    fn timed_as(self, other: &Self) -> Self {
        Self { cpu_ms: other.cpu_ms, start_ms: other.start_ms, log_bytes: other.log_bytes, ..self }
    }

    fn usage(&self, gateway_ms: f64, memory_mib: u32) -> Usage {
        let computing_ms = self.cpu_ms * MIB_PER_PROCESSOR / f64::from(memory_mib);
        Usage {
            memory_mib,
            gateway_ms: if self.calls_gateway { gateway_ms } else { 0.0 },
            own_ms: self.table_calls * TABLE_MS + computing_ms,
            cold_starts: COLD_STARTS,
            init_ms: self.start_ms + CONNECTING_MS,
            write_units: self.write_units,
            read_units: self.reads,
            stored_byte_months: self.stored_byte_months,
            log_bytes: self.log_bytes + LOGGED_BY_AWS_BYTES,
            log_months: KEPT_MONTHS,
            secret_reads: SECRET_READS,
            // As the template has it (`Traces`).
            traced: 0.0,
        }
    }

    /// With the memory that programs are compared with, and the gateway's usual response.
    fn cost(&self) -> Cost {
        cost::per_million(&self.usage(USUAL_MS, COMPARED_MIB))
    }
}

/// The data that a request leaves in the table: the order, as the last item that was put, and
/// Powertools' record, which is the only item that is updated.
fn stored_byte_months(figures: &Figures, what: &str) -> f64 {
    let order = figures.get(&format!("item bytes after {what}")) + ITEM_OVERHEAD_BYTES;
    let record = figures.find(&format!("record bytes after {what}"));
    let record = record.map_or(0.0, |bytes| bytes + ITEM_OVERHEAD_BYTES);
    order * KEPT_MONTHS + record * RECORD_KEPT_MONTHS
}

/// The cost of a million requests, in tables.
pub(crate) fn tables(figures: &Figures) -> Vec<Table> {
    let purchase = Request::measured(figures, TOLLGATE, RequestKind::Purchase);
    vec![purchases(&purchase), by_gateway_and_memory(&purchase), kinds(figures), month(), compared(figures)]
}

fn purchases(purchase: &Request) -> Table {
    let bill = purchase.cost();
    let mut rows = lines(&bill);
    rows.push(
        Row::new("all", bill.total, "$")
            .at_most(PURCHASE_TARGET)
            .headline("a million purchases, 500 ms gateway, 256 MiB"),
    );
    let traced = Usage { traced: cost::sampled(PER_SECOND), ..purchase.usage(USUAL_MS, COMPARED_MIB) };
    let added = cost::per_million(&traced).total - bill.total;
    rows.push(Row::new("besides, with Traces=Active", added, "$"));
    Table::new("A million purchases, 500 ms gateway, 256 MiB", rows)
}

fn lines(bill: &Cost) -> Vec<Row> {
    bill.lines.iter().map(|line| Row::new(line.name, line.dollars, "$")).collect()
}

fn by_gateway_and_memory(purchase: &Request) -> Table {
    let mut rows = Vec::new();
    for gateway_ms in GATEWAY_MS {
        for memory_mib in SIZES {
            let total = cost::per_million(&purchase.usage(gateway_ms, memory_mib)).total;
            let row = Row::new(format!("gateway {gateway_ms:.0} ms, {memory_mib} MiB"), total, "$");
            let is_usual = (gateway_ms - USUAL_MS).abs() < f64::EPSILON && memory_mib == SIZES[0];
            rows.push(if is_usual { row.at_most(SMALLEST_PURCHASE_TARGET) } else { row });
        }
    }
    Table::new("A million purchases, by gateway and memory", rows)
}

/// The cost of a million requests of each kind.
pub(crate) fn kinds(figures: &Figures) -> Table {
    let purchase = Request::measured(figures, TOLLGATE, RequestKind::Purchase);
    let registering = Request::counted(figures, REGISTER).timed_as(&purchase);
    // The purchase's item takes the place of the registered order's.
    let registering = Request { stored_byte_months: 0.0, ..registering };
    let authorize = Request::measured(figures, TOLLGATE, RequestKind::Authorize);
    let capture = Request::counted(figures, CAPTURE).timed_as(&authorize);
    // The same item, which the capture makes longer.
    let growth = capture.stored_byte_months - authorize.stored_byte_months;
    let capture = Request { stored_byte_months: growth, ..capture };
    let [registering, purchase, authorize, capture] =
        [registering, purchase, authorize, capture].map(|request| request.cost().total);
    let rows = vec![
        Row::new("register an order", registering, "$"),
        Row::new("purchase", purchase, "$"),
        Row::new("register an order and purchase", registering + purchase, "$"),
        Row::new("credit-card authorize", authorize, "$"),
        Row::new("credit-card capture", capture, "$"),
        Row::new("credit-card authorize and capture", authorize + capture, "$")
            .at_most(AUTHORIZE_AND_CAPTURE_TARGET),
    ];
    Table::new("A million of each, 500 ms gateway, 256 MiB", rows)
}

fn month() -> Table {
    let month = cost::per_month(&Fixed {
        memory_mib: 512,
        // Five schedules, each minute, and one every quarter of an hour.
        schedule_invocations: (5.0 * 60.0 + 4.0) * 24.0 * 30.0,
        schedule_ms: 16.0 * TABLE_MS,
        secrets: 1,
        alarms: ALARM_METRICS,
        metrics: 46,
        dashboards: 1,
        insight_rules: 1,
    });
    let mut rows = lines(&month);
    rows.push(Row::new("all", month.total, "$").headline("a month without payments"));
    Table::new("A month, with or without payments", rows)
}

/// The same memory for every program; the peers with the log that they write, and with as long a
/// one as Tollgate's.
fn compared(figures: &Figures) -> Table {
    let mut rows = Vec::new();
    for kind in RequestKind::ALL {
        let what = kind.name();
        let ours = Request::measured(figures, TOLLGATE, kind);
        let our_cost = ours.cost();
        rows.push(Row::new(format!("{what}: Tollgate"), our_cost.total, "$"));
        for language in Language::ALL {
            let program = language.name();
            let theirs = Request::measured(figures, program, kind);
            let cost = theirs.cost();
            let logging = Request { log_bytes: ours.log_bytes, ..theirs }.cost().total;
            let compute = compute(&cost) / compute(&our_cost);
            rows.push(Row::new(format!("{what}: {program}, Lambda compute against Tollgate"), compute, "×"));
            rows.push(Row::new(format!("{what}: {program}"), cost.total, "$"));
            rows.push(Row::new(format!("{what}: {program}, logging as much"), logging, "$"));
            let against = format!("{what}: Tollgate against {program}, logging as much");
            rows.push(Row::new(against, our_cost.total / logging, "×").at_most(1.0));
        }
    }
    Table::new("A million in three languages, 500 ms gateway, 256 MiB", rows)
}

fn compute(cost: &Cost) -> f64 {
    cost.lines.iter().filter(|line| line.name == LAMBDA_COMPUTE).map(|line| line.dollars).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{figures::number, world::PURCHASE};

    #[test]
    fn an_order_is_paid_for_as_long_as_it_is_kept_and_powertools_record_for_a_day() {
        let mut figures = Figures::default();
        figures.set("item bytes after purchase", 568.0);
        assert!((stored_byte_months(&figures, PURCHASE) - 668.0 * 12.0).abs() < 1e-9);
        figures.set("record bytes after purchase", 867.0);
        assert!((stored_byte_months(&figures, PURCHASE) - (668.0 * 12.0 + 967.0 / 30.0)).abs() < 1e-9);
    }

    #[test]
    fn every_metric_that_an_alarm_of_the_template_watches_is_billed() {
        let template = include_str!("../../../template.yaml");
        // A resource begins in the third column.
        let resources = template.split("\n  ").fold(Vec::<String>::new(), |mut resources, part| {
            match resources.last_mut() {
                Some(last) if part.starts_with([' ', '#']) => last.push_str(part),
                _ => resources.push(part.to_owned()),
            }
            resources
        });
        // The cost of a console, which is off by default, is a line of its own in
        // docs/performance.md.
        let is_alarm = |text: &&String| {
            text.contains("Type: AWS::CloudWatch::Alarm") && !text.contains("Condition: ServesConsole")
        };
        let alarms: Vec<_> = resources.iter().filter(is_alarm).collect();
        let watched = alarms.iter().map(|alarm| alarm.matches("MetricStat:").count().max(1));
        assert_eq!(watched.sum::<usize>(), ALARM_METRICS as usize);
        let said = format!("| alarms | {}, over {ALARM_METRICS} metrics;", alarms.len());
        assert!(include_str!("../../../docs/performance.md").contains(&said), "{said}");
    }

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
            ("$context.requestTime", "21/Nov/2026:12:00:00 +0000"),
            ("$context.identity.sourceIp", "203.0.113.254"),
            ("$context.routeKey", "POST /v2/orders/{orderId}/payments"),
            ("$context.status", "200"),
            ("$context.responseLatency", "531"),
            ("$context.integrationLatency", "528"),
            ("$context.responseLength", "1452"),
            ("$context.error.responseType", "-"),
            ("$context.integrationErrorMessage", "-"),
        ] {
            assert!(line.contains(variable), "{variable}");
            line = line.replace(variable, value);
        }
        assert!(!line.contains('$'), "{line}");
        assert!((number(line.len()) - LOGGED_BY_AWS_BYTES).abs() < 0.5, "{}: {line}", line.len());
    }

    #[test]
    fn only_what_was_called_is_paid_for() {
        let mut figures = Figures::default();
        figures.set("reads, register an order", 0.0);
        figures.set("writes, register an order", 1.0);
        let usage = Request::counted(&figures, REGISTER).usage(USUAL_MS, COMPARED_MIB);
        assert!(usage.gateway_ms.abs() < f64::EPSILON && usage.read_units.abs() < f64::EPSILON);
        assert!((usage.own_ms - TABLE_MS).abs() < f64::EPSILON);
        figures.set("reads, purchase", 1.0);
        figures.set("writes, purchase", 2.0);
        figures.set("gateway calls, purchase", 1.0);
        let usage = Request::counted(&figures, PURCHASE).usage(USUAL_MS, COMPARED_MIB);
        assert!((usage.gateway_ms - USUAL_MS).abs() < f64::EPSILON);
        assert!((usage.own_ms - 3.0 * TABLE_MS).abs() < f64::EPSILON);
    }
}

//! From what was measured to dollars: what requests use on AWS, with every assumption in one place.

use crate::{
    cost::{self, Cost, Fixed, LAMBDA_COMPUTE, Usage},
    counts::{AUTHORIZE, PURCHASE, Step},
    measured::Measured,
    report::{Row, Section, number},
};

/// Lambda gives one processor to so much memory, and less to less.
const MIB_PER_PROCESSOR: f64 = 1769.0;
/// One read or write of `DynamoDB` from a function in the same region: single-digit milliseconds, as AWS says.
const TABLE_MS: f64 = 5.0;
/// A start on AWS besides what is measured here: connections to servers that are not on the same machine.
const CONNECTING_MS: f64 = 60.0;
/// Of all requests, those that meet a new instance.
const COLD_STARTS: f64 = 0.01;
/// Payments a second, evenly; reads of secrets and X-Ray's sampling depend on it.
const PER_SECOND: f64 = 10.0;
/// API Gateway's access log of an ordinary request, in the template's format. Of one that ended well Lambda itself writes
/// nothing, as the template has it (`LambdaLogLevel`).
const LOGGED_BY_AWS_BYTES: f64 = 338.0;
/// What `DynamoDB` adds to an item.
const ITEM_OVERHEAD_BYTES: f64 = 100.0;
/// How long an order and a log are kept in this calculation; Tollgate deletes no order.
const KEPT_MONTHS: f64 = 12.0;
/// How long Powertools keeps what it knows of a request, as the peers are configured.
const RECORD_KEPT_MONTHS: f64 = 1.0 / 30.0;
/// Requests between two reads of a secret: one in five minutes in each of five instances, at ten payments a second.
const SECRET_READS: f64 = 5.0 / (5.0 * 60.0 * PER_SECOND);
/// Metrics that the template's alarms watch. One on an expression watches several, and each is billed.
const ALARM_METRICS: u32 = 90;
/// Memory sizes of the table, in MiB.
const SIZES: [u32; 3] = [128, 256, 512];
/// What programs are compared with, in MiB: the template's own 128 are too little for Node.js.
const COMPARED_MIB: u32 = 256;
/// The gateway's responses that the table is made for, in milliseconds: quick, usual, and a bad day.
const GATEWAY_MS: [f64; 3] = [200.0, USUAL_MS, 1500.0];
const USUAL_MS: f64 = 500.0;
/// In dollars per million purchases.
const PURCHASE_TARGET: f64 = 9.0;
const SMALLEST_PURCHASE_TARGET: f64 = 8.5;
const AUTHORIZE_AND_CAPTURE_TARGET: f64 = 16.0;

/// Who is compared, Tollgate first.
const PROGRAMS: [&str; 3] = ["Tollgate", "Node.js", "Python"];

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
    fn measured(measured: &Measured, program: &str, what: &str, function: &str) -> Option<Self> {
        let key = format!("{program}, {what}");
        let (warm, step) = (measured.warm.get(&key)?, measured.peer_steps.get(&key)?);
        let start =
            if program == PROGRAMS[0] { function.to_owned() } else { format!("{program}, {function}") };
        let start_ms = measured.starts.iter().find(|found| found.name == start)?.median_ms;
        Some(Self { cpu_ms: warm.cpu_ms, start_ms, log_bytes: warm.log_bytes, ..Self::counted(step) })
    }

    /// What was counted of a request; its times and its log are still zero.
    fn counted(step: &Step) -> Self {
        let table = |call: &&String| ["GetItem", "PutItem", "UpdateItem"].contains(&call.as_str());
        let count = |what: &str| number(step.calls.iter().filter(|call| call.as_str() == what).count());
        Self {
            cpu_ms: 0.0,
            start_ms: 0.0,
            write_units: step.writes.total(),
            reads: count("GetItem"),
            table_calls: number(step.calls.iter().filter(table).count()),
            stored_byte_months: stored_byte_months(step),
            log_bytes: 0.0,
            calls_gateway: step.calls.iter().any(|call| call.contains(" /cardconnect/")),
        }
    }

    /// The same with the times and the log of a request that was measured: none of those that are only counted computes
    /// or logs more.
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

/// What a request leaves in the table: the order, as the last item that was put, and Powertools' record, which is the only
/// item that is updated.
fn stored_byte_months(step: &Step) -> f64 {
    let writes = step.calls.iter().filter(|call| ["PutItem", "UpdateItem"].contains(&call.as_str()));
    let writes: Vec<_> = writes.zip(&step.item_bytes).collect();
    let last = |what: &str| {
        let found = writes.iter().rev().find(|(call, _)| call.as_str() == what);
        found.map_or(0.0, |(_, bytes)| number(**bytes) + ITEM_OVERHEAD_BYTES)
    };
    last("PutItem") * KEPT_MONTHS + last("UpdateItem") * RECORD_KEPT_MONTHS
}

/// The title of the bill for purchases.
pub(crate) const PURCHASES: &str = "A million purchases, 500 ms gateway, 256 MiB";
/// The title of the bill for each kind of request.
pub(crate) const KINDS: &str = "A million of each, 500 ms gateway, 256 MiB";
/// The title of the bill for a month.
pub(crate) const MONTH: &str = "A month, with or without payments";

/// What a million requests cost, in tables.
pub(crate) fn sections(measured: &Measured) -> Vec<Section> {
    let Some(purchase) = Request::measured(measured, PROGRAMS[0], PURCHASE, "purchase") else {
        return Vec::new();
    };
    let mut sections = vec![lines(&purchase), by_gateway_and_memory(&purchase)];
    sections.extend(kinds(measured, &purchase));
    sections.push(month());
    sections.extend(compared(measured));
    sections
}

fn lines(purchase: &Request) -> Section {
    let bill = purchase.cost();
    let mut rows: Vec<Row> = bill.lines.iter().map(|line| Row::new(line.name, line.dollars, "$")).collect();
    rows.push(Row::new("all", bill.total, "$").at_most(PURCHASE_TARGET));
    let traced = Usage { traced: cost::sampled(PER_SECOND), ..purchase.usage(USUAL_MS, COMPARED_MIB) };
    let added = cost::per_million(&traced).total - bill.total;
    rows.push(Row::new("besides, with Traces=Active", added, "$"));
    Section { title: PURCHASES, rows }
}

fn by_gateway_and_memory(purchase: &Request) -> Section {
    let cells = GATEWAY_MS.iter().flat_map(|ms| SIZES.map(|size| (*ms, size)));
    let rows = cells.map(|(gateway_ms, memory_mib)| {
        let total = cost::per_million(&purchase.usage(gateway_ms, memory_mib)).total;
        let row = Row::new(format!("gateway {gateway_ms:.0} ms, {memory_mib} MiB"), total, "$");
        let usual = (gateway_ms - USUAL_MS).abs() < f64::EPSILON;
        if usual && memory_mib == SIZES[0] { row.at_most(SMALLEST_PURCHASE_TARGET) } else { row }
    });
    Section { title: "A million purchases, by gateway and memory", rows: rows.collect() }
}

fn kinds(measured: &Measured, purchase: &Request) -> Option<Section> {
    let registering = Request::counted(measured.counts.scheduled.first()?).timed_as(purchase);
    // The purchase's item takes the place of the registered order's.
    let registering = Request { stored_byte_months: 0.0, ..registering };
    let authorize = Request::measured(measured, PROGRAMS[0], AUTHORIZE, "authorize")?;
    let capture = Request::counted(measured.counts.credit_card.get(1)?).timed_as(&authorize);
    // The same item, which the capture makes longer.
    let growth = capture.stored_byte_months - authorize.stored_byte_months;
    let capture = Request { stored_byte_months: growth, ..capture };
    let [registering, purchase, authorize, capture] =
        [&registering, purchase, &authorize, &capture].map(|request| request.cost().total);
    let rows = vec![
        Row::new("register an order", registering, "$"),
        Row::new("purchase", purchase, "$"),
        Row::new("register an order and purchase", registering + purchase, "$"),
        Row::new("credit-card authorize", authorize, "$"),
        Row::new("credit-card capture", capture, "$"),
        Row::new("credit-card authorize and capture", authorize + capture, "$")
            .at_most(AUTHORIZE_AND_CAPTURE_TARGET),
    ];
    Some(Section { title: KINDS, rows })
}

fn month() -> Section {
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
    let mut rows: Vec<Row> = month.lines.iter().map(|line| Row::new(line.name, line.dollars, "$")).collect();
    rows.push(Row::new("all", month.total, "$"));
    Section { title: MONTH, rows }
}

/// The same memory for every program; the peers with the log that they write, and with as long a one
/// as Tollgate's.
fn compared(measured: &Measured) -> Option<Section> {
    let mut rows = Vec::new();
    for (what, function) in [(PURCHASE, "purchase"), (AUTHORIZE, "authorize")] {
        let ours = Request::measured(measured, PROGRAMS[0], what, function)?;
        let our_cost = ours.cost();
        rows.push(Row::new(format!("{what}: Tollgate"), our_cost.total, "$"));
        for program in &PROGRAMS[1..] {
            let theirs = Request::measured(measured, program, what, function)?;
            let cost = theirs.cost();
            let logging = Request { log_bytes: ours.log_bytes, ..theirs }.cost().total;
            let compute = compute(&cost) / compute(&our_cost);
            rows.push(Row::new(format!("{what}: {program}, Lambda compute against Tollgate"), compute, "×"));
            rows.push(Row::new(format!("{what}: {program}"), cost.total, "$"));
            rows.push(Row::new(format!("{what}: {program}, logging as much"), logging, "$"));
            let ratio = our_cost.total / logging;
            rows.push(
                Row::new(format!("{what}: Tollgate against {program}, logging as much"), ratio, "×")
                    .at_most(1.0),
            );
        }
    }
    Some(Section { title: "A million in three languages, 500 ms gateway, 256 MiB", rows })
}

fn compute(cost: &Cost) -> f64 {
    cost.lines.iter().filter(|line| line.name == LAMBDA_COMPUTE).map(|line| line.dollars).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamodb::Writes;

    fn step(calls: &[&str], item_bytes: &[usize]) -> Step {
        Step {
            what: "x".to_owned(),
            round_trips: calls.len(),
            calls: calls.iter().map(|call| (*call).to_owned()).collect(),
            item_bytes: item_bytes.to_vec(),
            writes: Writes { items: number(item_bytes.len()), indexes: 0.0 },
        }
    }

    #[test]
    fn an_order_is_paid_for_as_long_as_it_is_kept_and_powertools_record_for_a_day() {
        let tollgate = step(&["GetItem", "PutItem", "POST /cardconnect/rest/auth", "PutItem"], &[522, 568]);
        assert!((stored_byte_months(&tollgate) - 668.0 * 12.0).abs() < 1e-9);
        let calls = ["PutItem", "GetItem", "PutItem", "POST /cardconnect/rest/auth", "PutItem", "UpdateItem"];
        let peer = step(&calls, &[128, 254, 382, 867]);
        assert!((stored_byte_months(&peer) - (482.0 * 12.0 + 967.0 / 30.0)).abs() < 1e-9);
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
        let is_alarm = |text: &&String| text.contains("Type: AWS::CloudWatch::Alarm");
        let alarms: Vec<_> = resources.iter().filter(is_alarm).collect();
        let watched = alarms.iter().map(|alarm| alarm.matches("MetricStat:").count().max(1));
        assert_eq!(watched.sum::<usize>(), ALARM_METRICS as usize);
        let said = format!("| alarms | {}, over {ALARM_METRICS} metrics;", alarms.len());
        assert!(include_str!("../../../docs/deploy.md").contains(&said), "{said}");
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
        let registering = Request::counted(&step(&["PutItem"], &[88]));
        let usage = registering.usage(USUAL_MS, COMPARED_MIB);
        assert!(usage.gateway_ms.abs() < f64::EPSILON && usage.read_units.abs() < f64::EPSILON);
        assert!((usage.own_ms - TABLE_MS).abs() < f64::EPSILON);
        let paying = step(&["GetItem", "PutItem", "POST /cardconnect/rest/auth", "PutItem"], &[522, 568]);
        let usage = Request::counted(&paying).usage(USUAL_MS, COMPARED_MIB);
        assert!((usage.gateway_ms - USUAL_MS).abs() < f64::EPSILON);
        assert!((usage.own_ms - 3.0 * TABLE_MS).abs() < f64::EPSILON);
    }
}

//! From what was measured to dollars: what a payment uses on AWS, with every assumption in one place.

use crate::{
    all::Measured,
    cost::{self, Architecture, Fixed, GATEWAY_LATENCIES_MS, Size, Usage},
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
/// Payments a second, evenly; X-Ray's sampling depends on it.
const PER_SECOND: f64 = 10.0;
/// What Lambda writes for each request by itself (start, end, report), and API Gateway's access log.
const LOGGED_BY_AWS_BYTES: f64 = 1_100.0;
/// What `DynamoDB` adds to an item.
const ITEM_OVERHEAD_BYTES: f64 = 100.0;
/// How long a payment is kept in this calculation; Tollgate deletes nothing.
const KEPT_MONTHS: f64 = 12.0;
/// Requests between two reads of a secret: one in five minutes in each of five instances, at ten payments a second.
const SECRET_READS: f64 = 5.0 / (5.0 * 60.0 * PER_SECOND);
/// Memory sizes to choose from, in MiB.
const SIZES: [u32; 3] = [128, 256, 512];
/// What the template gives to functions that serve requests, in MiB.
const DEPLOYED_MIB: u32 = 256;
/// The gateway's usual answer, in milliseconds.
const USUAL_MS: f64 = GATEWAY_LATENCIES_MS[1];
/// A function has room when its resident memory is at most this part of what it is given...
const RESIDENT_MAX: f64 = 0.5;
/// ... and is quick enough when it adds at most so much to a payment, in milliseconds of waiting for its processor.
const COMPUTING_MAX_MS: f64 = 25.0;

/// A program's purchase, as far as it costs.
struct Payment {
    name: String,
    cpu_ms: f64,
    resident_mib: f64,
    start_ms: f64,
    write_units: f64,
    table_calls: f64,
    item_bytes: f64,
    log_bytes: f64,
}

impl Payment {
    fn of(measured: &Measured, program: &str) -> Option<Self> {
        let key = format!("{program}, purchase");
        let (warm, step) = (measured.warm.get(&key)?, measured.peer_steps.get(&key)?);
        let start = if program == "Tollgate" { "purchase".to_owned() } else { key.clone() };
        let is_of_the_table = |call: &&String| ["GetItem", "PutItem", "UpdateItem"].contains(&call.as_str());
        Some(Self {
            name: program.to_owned(),
            cpu_ms: warm.cpu_ms,
            resident_mib: warm.memory.last()?.1,
            start_ms: measured.starts.iter().find(|found| found.name == start)?.median_ms,
            write_units: step.writes.total(),
            table_calls: number(step.calls.iter().filter(is_of_the_table).count()),
            item_bytes: step.item_bytes.last().copied().map_or(0.0, number),
            log_bytes: warm.log_bytes,
        })
    }

    fn own_ms(&self, memory_mib: u32) -> f64 {
        self.table_calls * TABLE_MS + self.computing_ms(memory_mib)
    }

    fn computing_ms(&self, memory_mib: u32) -> f64 {
        self.cpu_ms * MIB_PER_PROCESSOR / f64::from(memory_mib)
    }

    fn size(&self, memory_mib: u32) -> Size {
        Size { memory_mib, own_ms: self.own_ms(memory_mib), init_ms: self.start_ms + CONNECTING_MS }
    }

    /// The least memory in which it has room and is quick enough.
    fn fitting(&self) -> u32 {
        let fits = |size: &u32| {
            self.resident_mib <= RESIDENT_MAX * f64::from(*size)
                && self.computing_ms(*size) <= COMPUTING_MAX_MS
        };
        SIZES.into_iter().find(fits).unwrap_or(1024)
    }

    fn usage(&self, memory_mib: u32) -> Usage {
        Usage {
            architecture: Architecture::Arm64,
            memory_mib,
            requests: 1.0,
            gateway_ms: USUAL_MS,
            own_ms: self.own_ms(memory_mib),
            cold_starts: COLD_STARTS,
            init_ms: self.start_ms + CONNECTING_MS,
            write_units: self.write_units,
            read_units: 1.0,
            item_bytes: self.item_bytes + ITEM_OVERHEAD_BYTES,
            item_months: KEPT_MONTHS,
            log_bytes: self.log_bytes + LOGGED_BY_AWS_BYTES,
            log_months: KEPT_MONTHS,
            secret_reads: SECRET_READS,
            traced: cost::sampled(PER_SECOND),
        }
    }
}

/// What a million purchases cost, in tables.
pub(crate) fn sections(measured: &Measured) -> Vec<Section> {
    let Some(ours) = Payment::of(measured, "Tollgate") else { return Vec::new() };
    let bill = cost::per_million(&ours.usage(DEPLOYED_MIB));
    let mut lines: Vec<Row> = bill.lines.iter().map(|line| Row::new(line.name, line.dollars, "$")).collect();
    lines.push(Row::new("all", bill.total, "$"));

    let cells = cost::table(&ours.usage(DEPLOYED_MIB), &SIZES.map(|size| ours.size(size)));
    let cells = cells.into_iter().map(|cell| {
        let what = format!("gateway {:.0} ms, {} MiB", cell.gateway_ms, cell.memory_mib);
        Row::new(what, cell.cost.total, "$")
    });

    let month = cost::per_month(&Fixed {
        architecture: Architecture::Arm64,
        memory_mib: 512,
        // Five schedules, each minute.
        schedule_invocations: 5.0 * 60.0 * 24.0 * 30.0,
        schedule_ms: 8.0 * TABLE_MS,
        secrets: 1,
        alarms: 34,
        metrics: 40,
        dashboards: 1,
    });
    let mut fixed: Vec<Row> = month.lines.iter().map(|line| Row::new(line.name, line.dollars, "$")).collect();
    fixed.push(Row::new("all", month.total, "$"));

    let mut sections = vec![
        Section { title: "A million purchases, 500 ms gateway, 256 MiB", rows: lines },
        Section { title: "A million purchases, by gateway and memory", rows: cells.collect() },
        Section { title: "A month, whether or not anybody pays", rows: fixed },
    ];
    let theirs: Vec<Payment> =
        ["Node.js", "Python"].iter().filter_map(|name| Payment::of(measured, name)).collect();
    if !theirs.is_empty() {
        sections.push(compared(&ours, &theirs));
    }
    sections
}

fn compared(ours: &Payment, theirs: &[Payment]) -> Section {
    let all: Vec<&Payment> = [ours].into_iter().chain(theirs).collect();
    let usages: Vec<(&str, Usage)> =
        all.iter().map(|payment| (payment.name.as_str(), payment.usage(payment.fitting()))).collect();
    let compute = |usage: &Usage| {
        let lines = cost::per_million(usage).lines.into_iter();
        lines.filter(|line| line.name.starts_with("Lambda c")).map(|line| line.dollars).sum::<f64>()
    };
    let mut rows = Vec::new();
    for (compared, (name, usage)) in cost::compare(&usages).into_iter().zip(&usages) {
        rows.push(Row::new(format!("{name}, with {} MiB", usage.memory_mib), compared.cost.total, "$"));
        if *name != ours.name {
            let ratio = compute(usage) / compute(&usages[0].1);
            rows.push(Row::new(format!("{name}, Lambda compute against Tollgate"), ratio, "×"));
            rows.push(Row::new(format!("{name}, all against Tollgate"), compared.ratio, "×").at_least(3.0));
        }
    }
    Section { title: "A million purchases, each with the memory that it needs", rows }
}

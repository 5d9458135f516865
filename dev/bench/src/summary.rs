//! What was measured, with the targets beside it.

use crate::{
    bill,
    binaries::EMPTY,
    captures,
    counts::{AUTHORIZE, PURCHASE, Step},
    measured::Measured,
    report::{Row, Section, number},
    start::Start,
    warm::Warm,
};

const START: &str = "Start: process to first poll";
const MEMORY: &str = "Memory of purchase";
const CALLS: &str = "Calls";
const UNITS: &str = "Write units";
const PROCESSOR: &str = "Processor";
const BINARIES: &str = "Binaries";
const FIRST_PEER: &str = "Node.js, against Tollgate";
const LAST_PEER: &str = "Python, against Tollgate";

/// The figures that say most: their table, the beginning of their row, and what they are called on their own.
const HEADLINES: [(&str, &str, &str); 13] = [
    (START, "slowest against", "slowest start of a function, against an empty one"),
    (START, "slowest with", "the same with connections open"),
    (CALLS, "round trips of a warm purchase", "round trips of a warm purchase"),
    (UNITS, "credit-card authorize + capture, all", "writes of a credit-card authorize and capture"),
    (PROCESSOR, "warm purchase, processor time", "processor time of a warm purchase"),
    (MEMORY, "resident at the first poll", "memory at the first poll"),
    (BINARIES, "largest", "largest packed binary"),
    (FIRST_PEER, "purchase: start and first request", "start and first request, Node.js against Tollgate"),
    (FIRST_PEER, "purchase: processor time", "processor time, Node.js against Tollgate"),
    (LAST_PEER, "purchase: start and first request", "start and first request, Python against Tollgate"),
    (LAST_PEER, "purchase: processor time", "processor time, Python against Tollgate"),
    (bill::PURCHASES, "all", "a million purchases, 500 ms gateway, 256 MiB"),
    (bill::MONTH, "all", "a month without payments"),
];

/// One table of what a reader wants to know first.
pub(crate) fn headlines(measured: &Measured) -> Section {
    let sections = sections(measured);
    let rows = HEADLINES.into_iter().filter_map(|(title, start, what)| {
        let section = sections.iter().find(|section| section.title == title)?;
        let row = section.rows.iter().find(|row| row.what.starts_with(start))?;
        Some(Row { what: what.to_owned(), ..row.clone() })
    });
    Section { title: "In short", rows: rows.collect() }
}

/// Every table of the report.
pub(crate) fn sections(measured: &Measured) -> Vec<Section> {
    let mut sections = vec![
        starts(measured),
        requests(measured),
        units(measured),
        processor(measured),
        memory(measured),
        binaries(measured),
        captures(measured),
    ];
    sections.extend(peers(measured));
    sections.extend(bill::sections(measured));
    sections
}

fn starts(measured: &Measured) -> Section {
    let empty = named(&measured.starts, EMPTY).map_or(f64::NAN, |start| start.median_ms);
    let mut rows = vec![Row::new("an empty function", empty, "ms")];
    let ours = measured.starts.iter().filter(|start| start.name != EMPTY && !start.name.contains(", "));
    if let Some(start) = slowest(ours) {
        let what = format!("slowest against the empty one: {}", start.name);
        rows.push(Row::new(what, start.median_ms / empty, "×").at_most(1.5));
    }
    if let Some(start) = slowest(&measured.connected) {
        let what = format!("slowest with its connections open: {}", start.name);
        rows.push(Row::new(what, start.median_ms, "ms"));
    }
    Section { title: START, rows }
}

fn slowest<'a>(starts: impl IntoIterator<Item = &'a Start>) -> Option<&'a Start> {
    starts.into_iter().max_by(|a, b| a.median_ms.total_cmp(&b.median_ms))
}

fn requests(measured: &Measured) -> Section {
    let counts = &measured.counts;
    let mut rows = vec![
        Row::new("connections open before a first purchase", number(counts.start_connections), "")
            .at_least(3.0),
        Row::new("connections that it opens", number(counts.first_request_connections), "").at_most(0.0),
        Row::new("round trips of a warm purchase", number(counts.purchase.round_trips), "").at_most(4.0),
    ];
    for step in &counts.credit_card {
        let row = Row::new(format!("round trips of a warm {}", step.what), number(step.round_trips), "");
        rows.push(if step.what == AUTHORIZE { row.at_most(3.0) } else { row });
    }
    rows.push(
        Row::new("secret reads and other calls of warm requests", number(counts.other_calls()), "")
            .at_most(0.0),
    );
    Section { title: CALLS, rows }
}

fn units(measured: &Measured) -> Section {
    let mut rows = Vec::new();
    for (what, steps, most) in [
        ("credit-card authorize + capture", &measured.counts.credit_card, 11.0),
        ("registered order with scheduled capture", &measured.counts.scheduled, 14.0),
    ] {
        for step in steps {
            rows.push(Row::new(format!("{}: items", step.what), step.writes.items, "units"));
            rows.push(Row::new(format!("{}: index entries", step.what), step.writes.indexes, "units"));
        }
        let total = steps.iter().map(|step| step.writes.total()).sum();
        rows.push(Row::new(format!("{what}, all"), total, "units").at_most(most));
    }
    let bytes = |step: &Step| step.item_bytes.last().copied().map_or(f64::NAN, number);
    for step in measured.counts.credit_card.iter().chain(&measured.counts.scheduled) {
        let row = Row::new(format!("item after {}", step.what), bytes(step), "bytes");
        rows.push(if step.what == AUTHORIZE { row.at_most(1024.0) } else { row });
    }
    Section { title: UNITS, rows }
}

fn processor(measured: &Measured) -> Section {
    let mut rows = Vec::new();
    for what in [PURCHASE, AUTHORIZE] {
        if let Some(warm) = warm(measured, "Tollgate", what) {
            let row = Row::new(format!("warm {what}, processor time"), warm.cpu_ms * 1000.0, "µs");
            rows.push(if what == PURCHASE { row.at_most(500.0) } else { row });
        }
        if let Some(counted) = measured.instructions.get(what) {
            rows.push(Row::new(format!("warm {what}, instructions"), counted.request, ""));
            for (part, share) in counted.shares.iter().take(5) {
                rows.push(Row::new(format!("… of them: {part}"), share * 100.0, "%"));
            }
        }
    }
    if let Some(counted) = measured.instructions.get(PURCHASE) {
        rows.push(Row::new("start of purchase, instructions", counted.start, ""));
    }
    if let Some(warm) = warm(measured, "Tollgate", PURCHASE) {
        rows.push(Row::new("purchases of one instance, one after the other", warm.per_second, "/s"));
    }
    Section { title: PROCESSOR, rows }
}

fn memory(measured: &Measured) -> Section {
    let memory = &measured.memory.memory;
    let first = memory.first().map_or(f64::NAN, |(_, mib)| *mib);
    let last = memory.last().map_or((0.0, f64::NAN), |last| *last);
    let early = memory.get(2).map_or(first, |(_, mib)| *mib);
    let rows = vec![
        Row::new("resident at the first poll", first, "MiB").at_most(12.0),
        Row::new(format!("after {:.0} requests", last.0), last.1, "MiB"),
        Row::new("growth over the last nine tenths of them", (last.1 / early - 1.0) * 100.0, "%")
            .at_most(5.0),
    ];
    Section { title: MEMORY, rows }
}

fn binaries(measured: &Measured) -> Section {
    let largest = measured.packed.iter().max_by_key(|(_, bytes)| **bytes);
    let size = |(name, bytes): (&String, &usize)| {
        Row::new(format!("largest packed: {name}"), number(*bytes) / 1e6, "MB").at_most(3.5)
    };
    Section { title: BINARIES, rows: largest.map(size).into_iter().collect() }
}

fn captures(measured: &Measured) -> Section {
    let captures = &measured.captures;
    let what = format!("of what {} at a time and 200 ms allow", captures.concurrency);
    let rows = vec![
        Row::new("captures a second, with the servers in the same process", captures.per_second, "/s"),
        Row::new(what, captures.ratio, "").at_least(captures::TARGET),
        Row::new("read units to find one", captures.read_units_finding, "units")
            .at_most(captures::FINDING_TARGET),
    ];
    Section { title: "Scheduled captures", rows }
}

fn peers(measured: &Measured) -> Vec<Section> {
    let languages = ["Node.js", "Python"].into_iter();
    let sections = languages.filter_map(|language| {
        let ours = |what| warm(measured, "Tollgate", what);
        let theirs = |what| warm(measured, language, what);
        let mut rows = Vec::new();
        for (what, function) in [(PURCHASE, "purchase"), (AUTHORIZE, "authorize")] {
            let (our, their) = (ours(what)?, theirs(what)?);
            let our_start = named(&measured.starts, function)?;
            let their_start = named(&measured.starts, &format!("{language}, {function}"))?;
            let ratio = their_start.median_ms / our_start.median_ms;
            rows.push(Row::new(format!("{what}: start"), ratio, "×").at_least(10.0));
            let cold = |program: &str| {
                measured.cold_ms.get(&format!("{program}, {what}")).copied().unwrap_or(f64::NAN)
            };
            let ratio = cold(language) / cold("Tollgate");
            rows.push(Row::new(format!("{what}: start and first request"), ratio, "×"));
            let ratio = their.cpu_ms / our.cpu_ms;
            rows.push(Row::new(format!("{what}: processor time"), ratio, "×").at_least(10.0));
            let mib = |warm: &Warm| warm.memory.last().map_or(f64::NAN, |(_, mib)| *mib);
            rows.push(Row::new(format!("{what}: resident memory"), mib(their) / mib(our), "×").at_least(5.0));
        }
        Some(Section { title: if language == "Python" { LAST_PEER } else { FIRST_PEER }, rows })
    });
    sections.collect()
}

fn warm<'a>(measured: &'a Measured, program: &str, what: &str) -> Option<&'a Warm> {
    measured.warm.get(&format!("{program}, {what}"))
}

fn named<'a>(starts: &'a [Start], name: &str) -> Option<&'a Start> {
    starts.iter().find(|start| start.name == name)
}

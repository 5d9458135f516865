//! The tables of measurements, with the targets.

use crate::{
    bill,
    binaries::{EMPTY, FUNCTIONS},
    captures,
    figures::Figures,
    idle,
    table::{Row, Table},
    totals, work,
    world::{AUTHORIZE, AUTHORIZE_FOR_THE_SCHEDULE, CAPTURE, PURCHASE, REGISTER, SCHEDULED_CAPTURE},
};

/// Prints every table that has a figure, and all figures.
pub(crate) fn print(figures: &Figures) -> Result<(), String> {
    for table in tables(figures)?.iter().filter(|table| table.is_measured()) {
        println!("{table}");
    }
    println!("{}", Table::new("All figures", figures.rows("")));
    Ok(())
}

/// One table of the most important figures besides the bill.
pub(crate) fn headlines(figures: &Figures) -> Table {
    Table::of_headlines("In short", &of_functions(figures))
}

/// Figures that have a target or are made of several others.
fn tables(figures: &Figures) -> Result<Vec<Table>, String> {
    let mut tables = Vec::from(of_functions(figures));
    tables.push(captures::table(figures));
    tables.extend(bill::tables(figures));
    tables.extend([idle::month(figures)?, idle::month_of_prod(figures)?]);
    tables.push(totals::table(figures));
    tables.push(work::table(figures));
    Ok(tables)
}

fn of_functions(figures: &Figures) -> [Table; 3] {
    [
        Table::new("Starts, from the process to its first poll", starts(figures)),
        Table::new("Calls and writes", calls_and_writes(figures)),
        Table::new("Processor, memory and size", resources(figures)),
    ]
}

fn starts(figures: &Figures) -> Vec<Row> {
    let empty = figures.get(&format!("start ms, {EMPTY}"));
    let slowest = largest(figures, "start ms");
    let connected = largest(figures, "start with connections ms");
    let instructions = figures.get(&format!("instructions, start of {PURCHASE}"));
    let faults = |program: &str| figures.get(&format!("start page faults, {program}"));
    vec![
        Row::new("an empty function", empty, "ms"),
        Row::new("instructions of a start of purchase", instructions / 1e6, "million")
            .headline("instructions of a start"),
        Row::new("page faults of an empty function", faults(EMPTY), ""),
        Row::new(format!("page faults: {}", slowest.function), faults(slowest.function), "")
            .headline("page faults of the slowest start"),
        Row::new(format!("slowest against the empty one: {}", slowest.function), slowest.value / empty, "×")
            .headline("slowest start of a function, against an empty one"),
        Row::new(format!("slowest with connections open: {}", connected.function), connected.value, "ms")
            .headline("the same with connections open"),
    ]
}

fn calls_and_writes(figures: &Figures) -> Vec<Row> {
    let units = |steps: &[&str]| {
        steps.iter().map(|what| figures.get(&format!("write units of orders, {what}"))).sum()
    };
    let credit_card = units(&[AUTHORIZE, CAPTURE]);
    let scheduled = units(&[REGISTER, AUTHORIZE_FOR_THE_SCHEDULE, SCHEDULED_CAPTURE]);
    vec![
        figures.row("connections open before a first purchase").at_least(3.0),
        figures.row("connections opened by a first purchase").at_most(0.0),
        figures
            .row(&format!("round trips, {PURCHASE}"))
            .at_most(4.0)
            .headline("round trips of a warm purchase"),
        figures.row(&format!("round trips, {AUTHORIZE}")).at_most(3.0),
        figures.row("other calls of warm requests").at_most(0.0),
        Row::new("writes of a credit-card authorize and capture", credit_card, "units")
            .at_most(11.0)
            .headline("writes of a credit-card authorize and capture"),
        Row::new("writes of a registered order with scheduled capture", scheduled, "units").at_most(14.0),
        figures.row(&format!("item bytes after {AUTHORIZE}")).at_most(1024.0),
    ]
}

fn resources(figures: &Figures) -> Vec<Row> {
    let processor_ms = figures.get(&format!("processor ms, {PURCHASE}"));
    let memory = |when: &str| figures.get(&format!("resident MiB {when}, {PURCHASE}"));
    let growth = (memory("after all requests") / memory("after a tenth") - 1.0) * 100.0;
    let packed = largest(figures, "packed bytes");
    vec![
        Row::new("processor time of a warm purchase", processor_ms * 1000.0, "µs")
            .headline("processor time of a warm purchase"),
        Row::new("memory at the first poll", memory("at the first poll"), "MiB")
            .at_most(12.0)
            .headline("memory at the first poll"),
        Row::new("growth over the last nine tenths of many purchases", growth, "%").at_most(5.0),
        Row::new(format!("largest packed binary: {}", packed.function), packed.value / 1e6, "MB")
            .headline("largest packed binary"),
    ]
}

/// A function, and its figure.
struct Largest {
    function: &'static str,
    value: f64,
}

/// The function with the largest figure of that quantity.
fn largest(figures: &Figures, quantity: &str) -> Largest {
    let figure =
        |function| Some(Largest { function, value: figures.find(&format!("{quantity}, {function}"))? });
    let largest = FUNCTIONS.into_iter().filter_map(figure).max_by(|one, two| one.value.total_cmp(&two.value));
    largest.unwrap_or(Largest { function: "none", value: f64::NAN })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page;

    #[test]
    fn every_row_of_the_tables_was_measured() {
        let published = page::published().unwrap();
        for row in tables(&published.figures).unwrap().iter().flat_map(|table| &table.rows) {
            assert!(row.value.is_finite(), "{}", row.what);
        }
    }
}

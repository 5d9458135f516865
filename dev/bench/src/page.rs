//! Writes what was measured into the documentation: tables, plots, and the figures themselves.

use std::{fs, path::PathBuf};

use crate::{
    bill,
    binaries::{EMPTY, workspace},
    counts::{AUTHORIZE, PURCHASE},
    measured::Measured,
    plot::{Bar, BarChart, LineChart},
    summary,
};

/// Between these lines of the page everything is written by this file.
const BEGIN: &str = "<!-- measured: from here on written by the benchmark -->\n";
const END: &str = "<!-- measured: until here -->\n";

fn page() -> PathBuf {
    workspace().join("docs/performance.md")
}

fn folder() -> PathBuf {
    workspace().join("docs/performance")
}

/// Writes all of it.
pub(crate) fn write(measured: &Measured) -> Result<(), String> {
    let failed = |error: std::io::Error| error.to_string();
    fs::create_dir_all(folder()).map_err(failed)?;
    let figures = serde_json::to_string_pretty(measured).map_err(|error| error.to_string())? + "\n";
    fs::write(folder().join("figures.json"), figures).map_err(failed)?;
    for (name, svg) in plots(measured)? {
        fs::write(folder().join(name), svg).map_err(failed)?;
    }
    let text = fs::read_to_string(page()).map_err(failed)?;
    let written = replaced(&text, &tables(measured)).ok_or("the page has no place for what was measured")?;
    fs::write(page(), written).map_err(failed)
}

/// Writes it from the figures that are there, after a change of how they are shown.
pub(crate) fn rewrite() -> Result<(), String> {
    write(&published()?)
}

/// The figures that the page shows.
pub(crate) fn published() -> Result<Measured, String> {
    let path = folder().join("figures.json");
    let figures = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    serde_json::from_str(&figures).map_err(|error| error.to_string())
}

fn replaced(text: &str, block: &str) -> Option<String> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}{block}{END}{after}"))
}

/// What a reader wants to know first, and what each kind of request costs.
fn tables(measured: &Measured) -> String {
    let headlines = [summary::headlines(measured)];
    let bill = bill::sections(measured).into_iter().filter(|section| section.title == bill::KINDS);
    let tables: String = headlines.into_iter().chain(bill).map(|section| section.table() + "\n").collect();
    format!("\nMeasured on {}.\n\n{tables}", measured.machine)
}

fn plots(measured: &Measured) -> Result<Vec<(&'static str, String)>, String> {
    let ours = measured.starts.iter().filter(|start| !start.name.contains(", "));
    let starts: Vec<Bar<'_>> = ours
        .map(|start| {
            let group = if start.name == EMPTY { "empty function" } else { "Tollgate" };
            Bar { label: &start.name, group, value: start.median_ms }
        })
        .collect();
    let empty = starts.iter().find(|bar| bar.label == EMPTY).map_or(0.0, |bar| bar.value);
    let start = BarChart {
        title: "From the start of the process to its first poll",
        subtitle: "Median, no network",
        unit: "ms",
        target: Some(("1.5 × the empty function", empty * 1.5)),
        bars: &starts,
    };
    let memory = LineChart {
        title: "Resident memory over many purchases",
        subtitle: "One instance, one request after the other",
        x: "requests",
        unit: "MiB",
        target: ("12 MiB", 12.0),
        name: "purchase",
        points: &measured.memory.memory,
    };
    let programs = ["Tollgate", "Node.js", "Python"];
    let kinds = [PURCHASE, AUTHORIZE];
    let compared = |title, subtitle, unit, of: &dyn Fn(&str) -> Option<f64>| {
        let all = kinds.iter().flat_map(|kind| programs.iter().map(move |program| (*kind, *program)));
        let bars = all.filter_map(|(label, group)| {
            Some(Bar { label, group, value: of(&format!("{group}, {label}"))? })
        });
        BarChart { title, subtitle, unit, target: None, bars: &bars.collect::<Vec<_>>() }.svg()
    };
    let cold = |key: &str| measured.cold_ms.get(key).copied();
    let cpu = |key: &str| Some(measured.warm.get(key)?.cpu_ms);
    let resident = |key: &str| Some(measured.warm.get(key)?.memory.last()?.1);
    let until = "From the start of the process to the first response";
    Ok(vec![
        ("start.svg", start.svg()?),
        ("memory.svg", memory.svg()?),
        ("peers-start.svg", compared("Start and first request", until, "ms", &cold)?),
        (
            "peers-processor.svg",
            compared("Processor time of a warm request", "The process's own", "ms", &cpu)?,
        ),
        ("peers-memory.svg", compared("Resident memory", "After the warm requests", "MiB", &resident)?),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_shows_what_was_measured_and_nothing_else() {
        let measured = published().unwrap();
        assert_eq!(summary::headlines(&measured).rows.len(), 13);
        let text = fs::read_to_string(page()).unwrap();
        assert_eq!(replaced(&text, &tables(&measured)).unwrap(), text, "run the benchmark with --write-docs");
        for (name, svg) in plots(&measured).unwrap() {
            assert_eq!(fs::read_to_string(folder().join(name)).unwrap(), svg, "{name}");
            assert!(text.contains(&format!("](performance/{name})")), "{name} is on the page");
        }
    }
}

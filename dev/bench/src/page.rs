//! The published figures: `docs/performance/figures.json` has all of them, `docs/performance.md`
//! some tables.

use std::{fs, path::PathBuf};

use serde::{Deserialize, Serialize};

use crate::{bill, binaries::workspace, figures::Figures, idle, scale, summary, work};

const SCALE: &str = "docs/scale.md";
/// Between these lines of the page everything is written by this file.
const BEGIN: &str = "<!-- measured: from here on written by the benchmark -->\n";
const END: &str = "<!-- measured: until here -->\n";

/// The results of a run of all measurements.
#[derive(Serialize, Deserialize)]
pub(crate) struct Published {
    /// The machine, as far as it matters.
    pub(crate) machine: String,
    pub(crate) figures: Figures,
}

fn page() -> PathBuf {
    workspace().join("docs/performance.md")
}

fn figures() -> PathBuf {
    workspace().join("docs/performance/figures.json")
}

/// Writes the figures, the tables of the page, and the figures of the page on scale.
pub(crate) fn write(published: &Published) -> Result<(), String> {
    let json = serde_json::to_string_pretty(published).map_err(|error| error.to_string())? + "\n";
    fs::write(figures(), json).map_err(|error| error.to_string())?;
    let text = fs::read_to_string(page()).map_err(|error| error.to_string())?;
    let written =
        replaced(&text, &tables(published)?).ok_or("the page has no place for what was measured")?;
    fs::write(page(), written).map_err(|error| error.to_string())?;
    fs::write(workspace().join(SCALE), scale()?).map_err(|error| error.to_string())
}

/// The page on scale, with the figures as published.
pub(crate) fn scale() -> Result<String, String> {
    let text = fs::read_to_string(workspace().join(SCALE)).map_err(|error| error.to_string())?;
    scale::current(&text, &published()?.figures)
}

/// The figures that the page shows.
pub(crate) fn published() -> Result<Published, String> {
    let path = figures();
    let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    serde_json::from_str(&text).map_err(|error| error.to_string())
}

fn replaced(text: &str, block: &str) -> Option<String> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}{block}{END}{after}"))
}

/// The most important figures, the bill, and the functions that work.
fn tables(published: &Published) -> Result<String, String> {
    let Published { machine, figures } = published;
    let all = [
        summary::headlines(figures)?,
        bill::flows(figures),
        bill::besides(figures),
        idle::month(figures)?,
        work::table(figures),
    ];
    Ok(format!("\nMeasured on {machine}.\n\n{}\n", all.map(|table| table.to_string()).join("\n")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_states_what_was_measured() {
        let figures = published().unwrap().figures;
        let value = |table: crate::table::Table, what: &str| {
            table.rows.into_iter().find(|row| row.what == what).unwrap().value
        };
        let month = || idle::month(&figures).unwrap();
        let purchases = value(month(), "prod with a million purchases");
        let checkouts = value(month(), "prod with a million browser's checkouts");
        let another_year = value(bill::flows(&figures), "… kept for another year");
        let seven_years = value(bill::flows(&figures), "purchase") + 6.0 * another_year;
        let headlines = || summary::headlines(&figures).unwrap();
        let idle = |stage| value(headlines(), &format!("a month without payments: {stage}"));
        let (least, most) = (idle("dev"), idle("prod"));
        let readme = fs::read_to_string(workspace().join("README.md")).unwrap();
        let start = value(headlines(), "slowest start of a function, against an empty one");
        // The range of several machines, of which this one is the best.
        let performance = fs::read_to_string(page()).unwrap();
        let (_, worst) = performance.split_once(&format!("between {start:.1} and ")).unwrap();
        let worst = worst.split(' ').next().unwrap();
        let stated = format!("years cost ${seven_years:.0} in all");
        assert!(performance.contains(&stated), "docs/performance.md does not state {stated}");
        let merchant = value(month(), "besides, each further merchant");
        let with_webhooks = value(month(), "… with webhooks");
        let memory = value(headlines(), "memory at the first poll");
        for stated in [
            format!("[about ${purchases:.0}]("),
            format!("with all alarms, ${checkouts:.0} with a browser's checkout"),
            format!("then ${another_year:.0} for each further year"),
            format!("idle: [${least:.2} to ${most:.0} a month]("),
            format!("each other ${merchant:.2}, or ${with_webhooks:.2} with webhooks"),
            format!("takes {start:.1} to {worst} times an empty function's"),
            format!("{memory:.0} MiB of memory"),
        ] {
            assert!(readme.contains(&stated), "README.md does not state {stated}");
        }
    }

    #[test]
    fn the_pages_show_what_was_measured_and_nothing_else() {
        let published = published().unwrap();
        assert_eq!(summary::headlines(&published.figures).unwrap().rows.len(), 13);
        let text = fs::read_to_string(page()).unwrap();
        assert_eq!(
            replaced(&text, &tables(&published).unwrap()).unwrap(),
            text,
            "run the benchmark with --write-docs"
        );
        let on_scale = fs::read_to_string(workspace().join(SCALE)).unwrap();
        assert_eq!(scale().unwrap(), on_scale, "run `bench page`");
    }
}

//! The published figures: `docs/performance/figures.json` has all of them, `docs/performance.md`
//! some tables and the limits that follow from them.

use std::{fs, path::PathBuf};

use serde::{Deserialize, Serialize};

use crate::{bill, binaries::workspace, figures::Figures, idle, scale, summary};

/// Between these lines of the page everything is written by this file; its limits, by `scale`.
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

/// Writes the figures, and the page with them.
pub(crate) fn write(published: &Published) -> Result<(), String> {
    let json = serde_json::to_string_pretty(published).map_err(|error| error.to_string())? + "\n";
    fs::write(figures(), json).map_err(|error| error.to_string())?;
    let text = fs::read_to_string(page()).map_err(|error| error.to_string())?;
    fs::write(page(), current(&text, published)?).map_err(|error| error.to_string())
}

/// The page with its tables and its limits as these figures have them.
fn current(text: &str, published: &Published) -> Result<String, String> {
    let text = replaced(text, &tables(published)?).ok_or("the page has no place for the figures")?;
    scale::current(&text, &published.figures)
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

/// The most important figures, and the bill.
fn tables(published: &Published) -> Result<String, String> {
    let Published { machine, figures } = published;
    let bill = [bill::flows(figures), bill::besides(figures), idle::month(figures)?];
    let all = [summary::headlines(figures)].into_iter().chain(bill);
    Ok(format!(
        "\nMeasured on {machine}.\n\n{}\n",
        all.map(|table| table.to_string()).collect::<Vec<_>>().join("\n")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{cost, table};

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
        let headlines = || summary::headlines(&figures);
        let idle = |stage: &str| value(month(), stage);
        let (least, most) = (idle("dev"), idle("prod"));
        let readme = fs::read_to_string(workspace().join("README.md")).unwrap();
        let start = value(headlines(), "slowest start of a function, against an empty one");
        // The range of several machines, of which this one is the best.
        let performance = fs::read_to_string(page()).unwrap();
        let (_, worst) = performance.split_once(&format!("between {start:.1} and ")).unwrap();
        let worst = worst.split(' ').next().unwrap();
        let stated = format!("years cost ${seven_years:.0} in all");
        assert!(performance.contains(&stated), "docs/performance.md does not state {stated}");
        // Metrics of payments cost as much at each volume.
        let metrics = idle::metrics_of_payments() * cost::METRIC_PER_MONTH;
        let in_use = |stage: &str| idle(stage) + metrics;
        let (essential, prod) = (in_use("essential"), in_use("prod"));
        let rows = [
            ("each million payments", 0.0, 1.0),
            ("1,000 payments", 1.0, 0.001),
            ("100,000 payments", 1.0, 0.1),
            ("1,000,000 payments", 1.0, 1.0),
        ];
        for (what, times, millions) in rows {
            let (buying, checkout) = (millions * (purchases - prod), millions * (checkouts - prod));
            let sums = [times * essential + buying, times * prod + buying, times * prod + checkout];
            let row = format!("| {what} | {:.0} | {:.0} | {:.0} |", sums[0], sums[1], sums[2]);
            assert!(performance.contains(&row), "docs/performance.md does not state {row}");
        }
        for stage in ["dev", "essential", "prod"] {
            let stated = format!("${} for *{stage}*", table::figure(idle(stage)));
            assert!(performance.contains(&stated), "docs/performance.md does not state {stated}");
        }
        let alarms = value(idle::month_of_prod(&figures).unwrap(), "CloudWatch alarms");
        let stated = format!("alarms are ${alarms:.2} of it");
        assert!(performance.contains(&stated), "docs/performance.md does not state {stated}");
        let fixed = [essential, prod, prod].map(table::figure).join(" | ");
        assert!(performance.contains(&format!("| fixed | {fixed} |")), "docs/performance.md: {fixed}");
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
    fn the_page_shows_what_was_measured_and_nothing_else() {
        let published = published().unwrap();
        assert_eq!(summary::headlines(&published.figures).rows.len(), 9);
        let text = fs::read_to_string(page()).unwrap();
        assert_eq!(current(&text, &published).unwrap(), text, "run `bench page`");
    }
}

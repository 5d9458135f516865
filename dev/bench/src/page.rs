//! Puts what was measured into the documentation: the figures as JSON, and the tables as they are printed.

use std::{fs, path::PathBuf};

use crate::{binaries::workspace, measured::Measured, summary};

/// Between these lines of the page everything is written by this file.
const BEGIN: &str = "<!-- measured: from here on written by the benchmark -->\n";
const END: &str = "<!-- measured: until here -->\n";

fn page() -> PathBuf {
    workspace().join("docs/performance.md")
}

fn figures() -> PathBuf {
    workspace().join("docs/performance/figures.json")
}

/// Writes all of it.
pub(crate) fn write(measured: &Measured) -> Result<(), String> {
    let failed = |error: std::io::Error| error.to_string();
    let json = serde_json::to_string_pretty(measured).map_err(|error| error.to_string())? + "\n";
    fs::write(figures(), json).map_err(failed)?;
    let text = fs::read_to_string(page()).map_err(failed)?;
    let written = replaced(&text, &tables(measured)).ok_or("the page has no place for what was measured")?;
    fs::write(page(), written).map_err(failed)
}

/// Writes it from the figures that are there, after a change of how they are shown.
pub(crate) fn rewrite() -> Result<(), String> {
    write(&there()?)
}

fn there() -> Result<Measured, String> {
    let path = figures();
    let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    serde_json::from_str(&text).map_err(|error| error.to_string())
}

fn replaced(text: &str, block: &str) -> Option<String> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}{block}{END}{after}"))
}

fn tables(measured: &Measured) -> String {
    let sections = summary::sections(measured);
    let tables: String = sections.iter().map(|section| format!("\n{}", section.table())).collect();
    format!("\nMeasured on {}.\n{tables}\n", measured.machine)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_shows_what_was_measured_and_nothing_else() {
        let text = fs::read_to_string(page()).unwrap();
        let written = replaced(&text, &tables(&there().unwrap())).unwrap();
        assert_eq!(written, text, "run the benchmark with --write-docs");
    }
}

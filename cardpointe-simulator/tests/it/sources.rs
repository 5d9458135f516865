//! Every mark of the pages has a source of the index, and every setting has a row with a source.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{MID, start};

const GATEWAY: &str = include_str!("../../../docs/cardpointe.md");
const UNSTATED: &str = include_str!("../../../docs/unstated.md");
const BEHAVIOR: &str = include_str!("../../docs/behavior.md");
const CONTROL: &str = include_str!("../../docs/control.md");
const REPORTS: &str = include_str!("../../docs/reports.md");
/// The kit's probes, as they are written.
const PROBES: &str = concat!(
    include_str!("../../src/conformance/probes.rs"),
    include_str!("../../src/conformance/probes/settled.rs")
);

/// The short names of the vendor's documents, or of clients and recordings that were observed.
fn named(kind: &str) -> Vec<String> {
    let index: Value = serde_json::from_str(include_str!("../../docs/sources.json")).unwrap();
    index[kind].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
}

/// The words of a cell outside of code and headings.
fn plain(text: &str) -> String {
    text.split(['`', '*']).step_by(2).collect()
}

/// The pieces of code in a cell.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// A row of a table, with the column's name of each cell.
struct Row {
    line: String,
    cells: Vec<(String, String)>,
}

impl Row {
    fn cell(&self, column: &str) -> Option<&str> {
        self.cells.iter().find(|(name, _)| name == column).map(|(_, text)| text.as_str())
    }

    fn has_mark(&self, mark: &str) -> bool {
        let is_mark = |word: &str| word == mark;
        self.cells.iter().any(|(_, text)| plain(text).split([' ', ',', '(', ')']).any(is_mark))
    }
}

/// The rows of all tables of a page, except of the one that explains the marks.
fn rows(page: &str) -> Vec<Row> {
    let cells = |line: &str| -> Vec<String> {
        let inner = line.trim().strip_prefix('|').unwrap().strip_suffix('|').unwrap();
        inner.split('|').map(|cell| cell.trim().to_owned()).collect()
    };
    let mut header: Vec<String> = Vec::new();
    let mut found = Vec::new();
    let lines: Vec<_> = page.lines().collect();
    for (place, line) in lines.iter().enumerate().filter(|(_, line)| line.starts_with('|')) {
        if lines.get(place + 1).is_some_and(|next| next.starts_with("|---")) {
            header = cells(line);
        } else if !line.starts_with("|---") && header[0] != "mark" {
            let cells = header.iter().cloned().zip(cells(line)).collect();
            found.push(Row { line: (*line).to_owned(), cells });
        }
    }
    found
}

/// The names of the simulator's settings.
async fn settings() -> BTreeSet<String> {
    let gateway = start().await;
    let request = gateway.control(Method::GET, &format!("/merchants/{MID}"));
    let settings: Value = request.send().await.unwrap().json().await.unwrap();
    settings.as_object().unwrap().keys().cloned().collect()
}

#[test]
fn every_row_that_is_documented_or_observed_cites_a_source() {
    let (documents, clients) = (named("documents"), named("observed"));
    assert!(clients.iter().all(|client| GATEWAY.contains(client)), "{clients:?}");
    let section = |heading: &str| BEHAVIOR.split_once(heading).unwrap().1.split("\n## ").next().unwrap();
    let marked = [GATEWAY, UNSTATED, CONTROL, REPORTS].into_iter().flat_map(rows);
    let marked = marked.map(|row| (row.has_mark("D"), row.has_mark("O"), row));
    let documented = rows(section("## Documented\n")).into_iter().map(|row| (true, false, row));
    let observed = rows(section("## Observed\n")).into_iter().map(|row| (false, true, row));
    let (mut cited, mut wrong) = (0, Vec::new());
    for (documented, observed, row) in marked.chain(documented).chain(observed) {
        let source = plain(row.cell("source").unwrap_or_default());
        let names = |sources: &[String]| sources.iter().any(|name| source.contains(name.as_str()));
        cited += usize::from(documented || observed);
        if (documented && !names(&documents)) || (observed && !names(&clients)) {
            wrong.push(row.line);
        }
    }
    assert!(cited > 150 && wrong.is_empty(), "of {cited}, without a source:\n{}", wrong.join("\n"));
}

#[tokio::test]
async fn every_setting_has_one_row_with_a_source() {
    let mut missing = settings().await;
    for row in [CONTROL, REPORTS].into_iter().flat_map(rows) {
        let Some(named) = row.cell("setting") else { continue };
        assert!(!row.cell("source").unwrap().is_empty(), "{}", row.line);
        for name in code(named) {
            assert!(missing.remove(name), "{name} is no setting, or is there twice");
            let mark = row.cell("mark").unwrap();
            let is_unstated = mark.contains('I') || mark.contains('?');
            let is_there = UNSTATED.contains(&format!("`{name}`"));
            let is_reports = !CONTROL.contains(&row.line);
            assert!(!is_unstated || is_there || is_reports, "docs/unstated.md does not name {name}");
        }
    }
    assert!(missing.is_empty(), "{missing:?}");
}

/// Each row names faults, settings and members of alterations that exist, and probes of the kit.
#[tokio::test]
async fn what_no_source_states_can_be_varied_and_probed() {
    let mut known = settings().await;
    let (_, error) = start().await.post_control("/faults", json!({ "endpoint": "*", "fault": "?" })).await;
    let faults = error["error"].as_str().unwrap().strip_prefix("fault: one of ").unwrap();
    known.extend(faults.split(", ").map(str::to_owned));
    known.extend(["set", "twice", "record", "foreign"].map(str::to_owned));
    let mut count = 0;
    for row in rows(UNSTATED) {
        let (Some(varied), Some(probes)) = (row.cell("varied by"), row.cell("probe")) else { continue };
        for name in code(varied) {
            assert!(known.contains(name), "{name}: {}", row.line);
        }
        for probe in probes.split("; ").filter(|probe| !probe.is_empty()) {
            assert!(PROBES.contains(&format!("\"{probe}\"")), "no probe {probe}: {}", row.line);
        }
        count += 1;
    }
    assert!(count > 20, "{count}");
}

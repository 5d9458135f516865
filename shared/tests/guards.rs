//! The guards that `.ci/mutations` removes in turn are where it looks for them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    guard: String,
    file: String,
    code: String,
    instead: String,
    tests: String,
}

fn shared() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn rows() -> Vec<Row> {
    serde_json::from_slice(&fs::read(shared().join("../.ci/mutations.json")).unwrap()).unwrap()
}

#[test]
fn every_guard_that_is_removed_in_turn_is_found_exactly_once() {
    let rows = rows();
    assert!(!rows.is_empty());
    let mut names: Vec<_> = rows.iter().map(|row| &row.guard).collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), rows.len(), "two guards have one name");
    for Row { guard, file, code, instead, tests } in &rows {
        let source = fs::read_to_string(shared().join(file)).unwrap();
        assert_eq!(source.matches(code).count(), 1, "{guard} in {file}");
        assert_ne!(code, instead, "{guard} is not removed");
        let suites = ["rules", "adapters", "store", "credit card", "scheduled capture"];
        assert!(suites.contains(&tests.as_str()), "{guard}: {tests}");
    }
}

/// The source of every test that a guard can be noticed by.
fn sources(folder: PathBuf) -> String {
    let mut all = String::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all += &sources(path);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            all += &fs::read_to_string(path).unwrap();
        }
    }
    all
}

#[test]
fn the_table_of_the_reliability_page_has_every_guard_and_names_tests_that_there_are() {
    let page = fs::read_to_string(shared().join("../docs/reliability.md")).unwrap();
    let (_, table) = page.split_once("| guard removed | tests that fail |\n|---|---|\n").unwrap();
    let table: Vec<(&str, &str)> = table
        .lines()
        .map_while(|line| line.strip_prefix("| ")?.strip_suffix(" |")?.split_once(" | "))
        .collect();
    let guards: Vec<_> = rows().into_iter().map(|row| row.guard).collect();
    let shown: Vec<_> = table.iter().map(|(guard, _)| *guard).collect();
    assert_eq!(shown, guards);
    assert!(page.contains(&format!("takes one of {} guards", guards.len())), "{}", guards.len());
    let tests: String =
        ["src", "core/src", "../dev/local/tests"].map(|at| sources(shared().join(at))).concat();
    for (guard, noticed) in table {
        let names: Vec<_> = noticed.split('`').skip(1).step_by(2).collect();
        assert!(!names.is_empty(), "{guard}: nothing notices it");
        for name in names {
            assert!(tests.contains(&format!("fn {name}(")), "{guard}: there is no test {name}");
        }
    }
}

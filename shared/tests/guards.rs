//! The guards that `.ci/mutations` removes in turn are where it looks for them, and the reliability page says what
//! came of changing the code.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use std::{
    collections::BTreeMap,
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

/// What came of every change that cargo-mutants makes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mutants {
    tool: String,
    version: String,
    files: BTreeMap<String, Counts>,
    noticed_by_nothing: Vec<Unnoticed>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Counts {
    made: usize,
    do_not_compile: usize,
    a_test_fails: usize,
    tests_do_not_end: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unnoticed {
    file: String,
    change: String,
    why: String,
}

#[test]
fn the_reliability_page_has_the_counts_of_all_changes_and_each_that_is_left_is_explained() {
    let all: Mutants =
        serde_json::from_slice(&fs::read(shared().join("../docs/reliability/mutants.json")).unwrap())
            .unwrap();
    assert!(all.tool.starts_with("cargo-mutants ") && !all.version.is_empty());
    let left = all.noticed_by_nothing;
    for (file, counts) in &all.files {
        let unnoticed = left.iter().filter(|change| change.file == *file).count();
        let known = counts.do_not_compile + counts.a_test_fails + counts.tests_do_not_end + unnoticed;
        assert_eq!(known, counts.made, "{file}");
    }
    for change in &left {
        assert!(!change.change.is_empty() && change.why.len() > 40, "{}", change.change);
    }
    let sum = |of: fn(&Counts) -> usize| all.files.values().map(of).sum::<usize>();
    let page = fs::read_to_string(shared().join("../docs/reliability.md")).unwrap();
    for (what, count) in [
        ("made", sum(|counts| counts.made)),
        ("that do not compile", sum(|counts| counts.do_not_compile)),
        ("with which a test fails", sum(|counts| counts.a_test_fails)),
        ("with which the tests do not end", sum(|counts| counts.tests_do_not_end)),
        ("that are noticed by nothing", left.len()),
    ] {
        let (_, rest) = page.split_once(&format!("| {what} | ")).unwrap();
        let shown: String = rest.split(" |").next().unwrap().chars().filter(|c| *c != ',').collect();
        assert_eq!(shown, count.to_string(), "{what}");
    }
}

//! The guards that `.ci/mutations` removes in turn are where it looks for them, and the reliability
//! page has the results.

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
        let suites =
            ["rules", "adapters", "apis", "shop orders", "store", "credit card", "scheduled capture"];
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

/// The result of removing a guard, as `.ci/mutations` writes it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Removed {
    guard: String,
    failing: usize,
    such_as: Vec<String>,
}

#[test]
fn every_removed_guard_names_tests_that_exist_and_the_reliability_page_counts_them() {
    let removed: Vec<Removed> =
        serde_json::from_slice(&fs::read(shared().join("../docs/reliability/guards.json")).unwrap()).unwrap();
    let guards: Vec<_> = rows().into_iter().map(|row| row.guard).collect();
    let shown: Vec<_> = removed.iter().map(|row| row.guard.as_str()).collect();
    assert_eq!(shown, guards);
    let page = page();
    assert!(page.contains(&format!("takes one of {} guards", guards.len())), "{}", guards.len());
    let tests: String =
        ["src", "core/src", "tests", "../dev/local/tests"].map(|at| sources(shared().join(at))).concat();
    for Removed { guard, failing, such_as } in removed {
        assert!(!such_as.is_empty(), "{guard}: nothing notices it");
        assert_eq!(such_as.len(), failing.min(2), "{guard}");
        for name in such_as {
            assert!(tests.contains(&format!("fn {name}(")), "{guard}: there is no test {name}");
        }
    }
}

/// The reliability page, without line breaks within sentences.
fn page() -> String {
    let page = fs::read_to_string(shared().join("../docs/reliability.md")).unwrap();
    page.split_whitespace().collect::<Vec<_>>().join(" ")
}

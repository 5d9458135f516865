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

/// What came of removing a guard, as `.ci/mutations` writes it.
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
        ["src", "core/src", "../dev/local/tests"].map(|at| sources(shared().join(at))).concat();
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
    let sentence = format!(
        "It made {} changes: {} do not compile, {} fail a test, {} keep the tests from ending, and {} are noticed by nothing.",
        with_commas(sum(|counts| counts.made)),
        with_commas(sum(|counts| counts.do_not_compile)),
        with_commas(sum(|counts| counts.a_test_fails)),
        with_commas(sum(|counts| counts.tests_do_not_end)),
        left.len(),
    );
    assert!(page().contains(&sentence), "{sentence}");
}

/// 1,234, as pages show it.
fn with_commas(count: usize) -> String {
    let (thousands, rest) = (count / 1_000, count % 1_000);
    if thousands == 0 { rest.to_string() } else { format!("{thousands},{rest:03}") }
}

//! The guards that `.ci/mutations` removes in turn are where it looks for them, and the reliability
//! page has the results of changing the code.

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
        let suites = ["rules", "adapters", "apis", "store", "credit card", "scheduled capture"];
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

/// The results of all changes, as `.ci/mutants` writes them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mutants {
    tool: String,
    version: String,
    /// By package and file.
    files: BTreeMap<String, BTreeMap<String, Counts>>,
    explained: Vec<Unnoticed>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Counts {
    /// Of those that are noticed by nothing.
    without_a_reason: usize,
    made: usize,
    do_not_compile: usize,
    a_test_fails: usize,
    tests_do_not_end: usize,
    noticed_by_nothing: usize,
}

/// A change that no test notices, and why none needs to.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unnoticed {
    package: String,
    file: String,
    function: String,
    change: String,
    why: String,
}

/// Where a package's files are that `.ci/mutants` changes.
fn changed_folder(package: &str) -> PathBuf {
    match package {
        "tollgate-core" => shared().join("core/src"),
        "tollgate" => shared().join("src"),
        other => panic!("{other} is not changed"),
    }
}

#[test]
fn the_reliability_page_has_the_counts_of_all_changes_and_every_survivor_is_explained_or_counted() {
    let all: Mutants =
        serde_json::from_slice(&fs::read(shared().join("../docs/reliability/mutants.json")).unwrap())
            .unwrap();
    assert!(all.tool == ".ci/mutants" && !all.version.is_empty());
    let left = all.explained;
    for (package, files) in &all.files {
        for (file, counts) in files {
            assert!(changed_folder(package).join(file).is_file(), "{package}: there is no {file}");
            let noticed = counts.do_not_compile + counts.a_test_fails + counts.tests_do_not_end;
            assert_eq!(noticed + counts.noticed_by_nothing, counts.made, "{package}: {file}");
            let of_file = |change: &&Unnoticed| change.package == *package && change.file == *file;
            let explained = left.iter().filter(of_file).count();
            let unnoticed = explained + counts.without_a_reason;
            assert_eq!(unnoticed, counts.noticed_by_nothing, "{package}: {file}: a survivor is not counted");
        }
        let sum = |of: fn(&Counts) -> usize| with_commas(files.values().map(of).sum());
        let row = format!(
            "| `{package}` | {} | {} | {} | {} | {} | {} |",
            sum(|counts| counts.made),
            sum(|counts| counts.do_not_compile),
            sum(|counts| counts.a_test_fails),
            sum(|counts| counts.tests_do_not_end),
            sum(|counts| counts.noticed_by_nothing),
            sum(|counts| counts.without_a_reason),
        );
        assert!(page().contains(&row), "{row}");
    }
    assert_eq!(all.files.keys().collect::<Vec<_>>(), ["tollgate", "tollgate-core"]);
    for Unnoticed { package, file, function, change, why } in &left {
        assert!(all.files[package].contains_key(file), "{package}: nothing is counted in {file}");
        let text = fs::read_to_string(changed_folder(package).join(file)).unwrap();
        let name = function.rsplit("::").next().unwrap();
        assert!(text.contains(&format!("fn {name}")), "{file}: there is no {function}");
        assert!(!change.is_empty() && why.len() > 40, "{file}: {function}: {change}");
    }
}

/// 1,234, as pages show it.
fn with_commas(count: usize) -> String {
    let (thousands, rest) = (count / 1_000, count % 1_000);
    if thousands == 0 { rest.to_string() } else { format!("{thousands},{rest:03}") }
}

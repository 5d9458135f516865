//! The guards that `.ci/mutations` removes in turn are where it looks for them.

use std::{fs, path::Path};

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

#[test]
fn every_guard_that_is_removed_in_turn_is_found_exactly_once() {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR"));
    let table = fs::read(shared.join("../.ci/mutations.json")).unwrap();
    let rows: Vec<Row> = serde_json::from_slice(&table).unwrap();
    assert!(!rows.is_empty());
    let mut names: Vec<_> = rows.iter().map(|row| &row.guard).collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), rows.len(), "two guards have one name");
    for Row { guard, file, code, instead, tests } in &rows {
        let source = fs::read_to_string(shared.join("src").join(file)).unwrap();
        assert_eq!(source.matches(code).count(), 1, "{guard} in {file}");
        assert_ne!(code, instead, "{guard} is not removed");
        let suites = ["rules", "store", "credit card", "scheduled capture"];
        assert!(suites.contains(&tests.as_str()), "{guard}: {tests}");
    }
}

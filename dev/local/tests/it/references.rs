//! Every test that an invariant names exists.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use regex::Regex;

use crate::docs::section;

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// The repository's text files, by their path from its root.
pub(crate) fn texts() -> HashMap<String, String> {
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(listed.status.success(), "not a clone");
    let names = String::from_utf8(listed.stdout).unwrap();
    let text = |name: &str| Some((name.to_owned(), fs::read_to_string(root().join(name)).ok()?));
    names.lines().filter_map(text).collect()
}

/// Each invariant of `ARCHITECTURE.md` names tests that hold it.
#[test]
fn every_invariant_names_tests_that_there_are() {
    let texts = texts();
    let section = section(&texts["ARCHITECTURE.md"], "## Invariants");
    let start = Regex::new(r"(?m)^\d+\. ").unwrap();
    let test = Regex::new(r"`([a-z0-9]+(?:_[a-z0-9]+){3,})`").unwrap();
    let invariants: Vec<_> = start.split(section).skip(1).collect();
    assert!(invariants.len() > 5, "{}", invariants.len());
    for invariant in invariants {
        let named: Vec<_> = test.captures_iter(invariant).map(|found| found[1].to_owned()).collect();
        assert!(!named.is_empty(), "no test holds:\n{invariant}");
        for name in named {
            let function = format!("fn {name}(");
            assert!(
                texts.values().any(|text| text.contains(&function)),
                "there is no test {name}, named in:\n{invariant}"
            );
        }
    }
}

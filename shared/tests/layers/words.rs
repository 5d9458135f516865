//! Words that the rules must not contain: the gateway's vocabulary, I/O and the clock.

use std::fs;

use crate::{
    root,
    table::{PORTS, PURE},
};

/// Words of the gateway's manual, which only its adapter speaks.
const GATEWAY: [&str; 11] = [
    "respstat",
    "respproc",
    "respcode",
    "resptext",
    "setlstat",
    "merchid",
    "retref",
    "cardsecure",
    "base_url",
    "rest url",
    "decimals: u32 = 2",
];

/// The audit line has the gateway's own names, because operators look them up there; they are
/// documented.
const AUDIT_FIELDS: &str = "payments/audit.rs";

fn sources() -> Vec<(String, String)> {
    let mut found = Vec::new();
    let core = root().join("shared/core/src");
    let mut folders = vec![core.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(&core).unwrap().to_str().unwrap().to_owned();
                found.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found
}

#[test]
fn the_core_does_not_speak_the_gateways_language() {
    let mut audited = false;
    for (name, text) in sources() {
        // Facts about the gateway are cited by the page that has them.
        let text = text.to_lowercase().replace("`docs/cardpointe.md`", "");
        let found: Vec<_> =
            GATEWAY.iter().chain(&["cardpointe"]).filter(|word| text.contains(**word)).collect();
        if name == AUDIT_FIELDS {
            audited = !found.is_empty();
            continue;
        }
        assert!(found.is_empty(), "{name}: {found:?}");
    }
    assert!(audited, "the exception is no longer needed");
}

#[test]
fn what_is_pure_knows_neither_io_nor_the_clock() {
    let is_below = |module: &str, parents: &[&str]| {
        parents.iter().any(|parent| {
            module.strip_prefix(parent).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    };
    let mut found = Vec::new();
    for (name, text) in sources() {
        let module = name.trim_end_matches(".rs");
        if !is_below(module, PURE) || is_below(module, PORTS) {
            continue;
        }
        found.push(module.to_owned());
        for forbidden in
            ["tokio", "futures_util", "tracing", "Timestamp::now", "new_v4", "async fn", "std::fs"]
        {
            assert!(!text.contains(forbidden), "{name} knows {forbidden}");
        }
    }
    let unknown: Vec<_> =
        PURE.iter().filter(|pure| !found.iter().any(|module| is_below(module, &[pure]))).collect();
    assert!(unknown.is_empty(), "no such module: {unknown:?}");
}

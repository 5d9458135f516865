//! docs/reliability/mutants.json: the changes that no test of the tool needs to notice, each with
//! the reason.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::Path;

use serde::Deserialize;

use crate::changes::Change;
use crate::package::{Package, Source};

/// By package, then by file below `src`.
#[derive(Deserialize)]
pub(crate) struct Reasons(BTreeMap<String, BTreeMap<String, Vec<Reason>>>);

/// A change, without lines, so that it is known again after they have moved.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reason {
    function: String,
    change: String,
    /// Why the program does the same with the change, or which other test notices it.
    why: String,
}

impl Reasons {
    pub(crate) fn read(root: &Path) -> Result<Self, Box<dyn Error>> {
        Ok(serde_json::from_slice(&fs::read(root.join("docs/reliability/mutants.json"))?)?)
    }

    /// Why a change may go unnoticed, if it may.
    pub(crate) fn why(&self, source: &Source, change: &Change) -> Option<&str> {
        let of_file = self.0.get(source.package.name)?.get(&source.path)?;
        of_file.iter().find(|reason| reason.is_of(change)).map(|reason| reason.why.as_str())
    }

    /// The reasons whose change a package does not have, or not any more.
    pub(crate) fn without_change(&self, package: &Package) -> Vec<String> {
        let mut found = Vec::new();
        for (path, reasons) in self.0.get(package.place.name).into_iter().flatten() {
            let source = package.sources.iter().find(|source| source.path == *path);
            let is_gone = |reason: &&Reason| {
                !source.is_some_and(|source| source.changes().any(|change| reason.is_of(change)))
            };
            let gone = reasons.iter().filter(is_gone);
            found.extend(gone.map(|reason| format!("{path}: {}: {}", reason.function, reason.change)));
        }
        found
    }
}

impl Reason {
    fn is_of(&self, change: &Change) -> bool {
        self.function == change.function && self.change == change.what
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::package::PACKAGES;

    #[test]
    fn a_reason_is_of_one_change_wherever_its_lines_are_and_of_no_other() {
        let json = r#"{"tollgate-core": {"a.rs": [{"function": "f", "change": "return true", "why": ""}]}}"#;
        let reasons: Reasons = serde_json::from_str(json).unwrap();
        let package =
            |text: &str| Package::of_texts(&[("a.rs", text), ("b.rs", "fn f(a: u8) -> bool { a < 2 }")]);
        let reasoned = |text: &str| {
            let package = package(text);
            package.changes().filter(|(source, change)| reasons.why(source, change).is_some()).count()
        };
        assert_eq!(reasoned("// Moved.\n\nfn f(a: u8) -> bool { a < 3 }"), 1);
        assert_eq!(reasoned("fn g(a: u8) -> bool { a < 3 }"), 0);
        assert!(reasons.without_change(&package("fn f(a: u8) -> bool { a < 3 }")).is_empty());
        assert_eq!(reasons.without_change(&package("fn f() {}")), ["a.rs: f: return true"]);
    }

    #[test]
    fn each_reason_is_a_sentence_about_a_change_that_there_is() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let reasons = Reasons::read(&root).unwrap();
        for place in PACKAGES {
            let package = Package::read(&root, place).unwrap();
            assert_eq!(reasons.without_change(&package), [""; 0], "{}", place.name);
        }
        for reason in reasons.0.values().flat_map(|files| files.values()).flatten() {
            assert!(
                reason.why.len() > 40 && reason.why.ends_with('.'),
                "{}: {}",
                reason.function,
                reason.why
            );
        }
    }
}

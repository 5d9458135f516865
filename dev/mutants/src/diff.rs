//! Which changes a difference from a commit concerns: those of the functions that differ, and all
//! of a module whose tests differ.

use std::collections::BTreeMap;
use std::error::Error;
use std::ops::RangeInclusive;
use std::path::Path;
use std::process::Command;

use crate::changes::Change;
use crate::package::Source;

/// The lines of each Rust file that differ, by its path in the workspace.
pub(crate) struct Diff(BTreeMap<String, Vec<RangeInclusive<usize>>>);

impl Diff {
    /// From a commit to the files as they are, those included that git does not track yet.
    pub(crate) fn since(root: &Path, commit: &str) -> Result<Self, Box<dyn Error>> {
        let git = |arguments: &[&str]| -> Result<String, Box<dyn Error>> {
            let output = Command::new("git").args(arguments).current_dir(root).output()?;
            if !output.status.success() {
                return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
            }
            Ok(String::from_utf8(output.stdout)?)
        };
        let mut diff = Self::of_text(&git(&[
            "diff",
            "--unified=0",
            "--no-color",
            "--no-ext-diff",
            commit,
            "--",
            "*.rs",
        ])?);
        let new = git(&["ls-files", "--others", "--exclude-standard", "--", "*.rs"])?;
        diff.0.extend(new.lines().map(|path| (path.to_owned(), vec![1..=usize::MAX])));
        Ok(diff)
    }

    fn of_text(text: &str) -> Self {
        let (mut files, mut path) = (BTreeMap::<_, Vec<_>>::new(), "");
        for line in text.lines() {
            if let Some(file) = line.strip_prefix("+++ b/") {
                path = file;
            } else if let Some(lines) = line.strip_prefix("@@ -").and_then(added) {
                files.entry(path.to_owned()).or_default().push(lines);
            }
        }
        Self(files)
    }

    /// Whether a change is in a function that differs, or in a module whose tests differ.
    pub(crate) fn concerns(&self, source: &Source, change: &Change) -> bool {
        let path = source.path_in_workspace();
        let differs = |lines: &RangeInclusive<usize>| {
            let meets =
                |other: &RangeInclusive<usize>| other.start() <= lines.end() && lines.start() <= other.end();
            self.0.get(&path).is_some_and(|all| all.iter().any(meets))
        };
        let tests = path.trim_end_matches(".rs").to_owned() + "/tests";
        let is_of_tests =
            |file: &String| file.strip_prefix(&tests).is_some_and(|rest| rest.starts_with(['.', '/']));
        differs(&change.lines) || source.found.tests.iter().any(differs) || self.0.keys().any(is_of_tests)
    }
}

/// The lines that a hunk adds, as in `3,2 +4,5 @@`. Where it only deletes, those around the place.
fn added(hunk: &str) -> Option<RangeInclusive<usize>> {
    let (_, added) = hunk.split_once(" @@")?.0.split_once('+')?;
    let (first, count) = added.split_once(',').unwrap_or((added, "1"));
    let (first, count): (usize, usize) = (first.parse().ok()?, count.parse().ok()?);
    Some(if count == 0 { first..=first + 1 } else { first..=first + count - 1 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::package::Package;

    const CODE: &str = "fn f(a: u8) -> bool {\n    a < 2\n}\n\nfn g(a: u8) -> bool {\n    a < 3\n}\n\n\
                        #[cfg(test)]\nmod tests {\n    fn h() {}\n}\n";

    /// The functions whose changes a difference concerns.
    fn concerned(path: &str, hunk: &str) -> String {
        let diff = Diff::of_text(&format!("--- a/x\n+++ b/{path}\n@@ -{hunk} @@ fn x\n"));
        let package = Package::of_texts(&[("order/apply.rs", CODE)]);
        let changes = package.changes().filter(|(source, change)| diff.concerns(source, change));
        let mut functions: Vec<_> = changes.map(|(_, change)| change.function.as_str()).collect();
        functions.dedup();
        functions.join(" ")
    }

    #[test]
    fn a_difference_concerns_its_functions_and_the_module_beside_its_tests_and_nothing_else() {
        let file = "shared/core/src/order/apply.rs";
        for (path, hunk, expected) in [
            (file, "2 +2", "f"),
            (file, "1,2 +1,0", "f"),
            (file, "4,0 +4", ""),
            (file, "3,2 +3,4", "f g"),
            (file, "7 +11", "f g"),
            ("shared/core/src/order/apply/tests.rs", "1 +1", "f g"),
            ("shared/core/src/order/apply/tests/late.rs", "1 +1", "f g"),
            ("shared/core/src/order/apply/late.rs", "1 +1", ""),
            ("shared/core/src/order/tests.rs", "1 +1", ""),
        ] {
            assert_eq!(concerned(path, hunk), expected, "{path} {hunk}");
        }
    }
}

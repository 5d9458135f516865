//! docs/reliability/mutants.json: how many changes of each file were noticed, and why some of the
//! others need not be.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::changes::Change;
use crate::tests_of::Outcome;

/// The page's file.
#[derive(Serialize, Deserialize)]
pub(crate) struct Report {
    tool: String,
    version: String,
    /// By package, then by file below `src`.
    files: BTreeMap<String, BTreeMap<String, Counts>>,
    /// Those noticed by nothing that need not be.
    explained: Vec<Unnoticed>,
}

#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Counts {
    made: usize,
    do_not_compile: usize,
    a_test_fails: usize,
    tests_do_not_end: usize,
    noticed_by_nothing: usize,
    /// Of those noticed by nothing.
    without_a_reason: usize,
}

/// A change that no test notices. Without lines, so that it is known again after they have moved.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Unnoticed {
    pub(crate) package: String,
    pub(crate) file: String,
    pub(crate) function: String,
    pub(crate) change: String,
    /// Why that is right. Written by hand.
    pub(crate) why: String,
}

impl Unnoticed {
    /// Not explained yet.
    pub(crate) fn new(package: &str, file: &str, change: &Change) -> Self {
        let (function, what) = (change.function.clone(), change.what.clone());
        Self { package: package.into(), file: file.into(), function, change: what, why: String::new() }
    }

    fn is_same(&self, other: &Self) -> bool {
        *self == Self { why: self.why.clone(), ..other.clone() }
    }
}

impl Counts {
    pub(crate) fn add(&mut self, outcome: Outcome) {
        self.made += 1;
        match outcome {
            Outcome::DoesNotCompile => self.do_not_compile += 1,
            Outcome::ATestFails => self.a_test_fails += 1,
            Outcome::TestsDoNotEnd => self.tests_do_not_end += 1,
            Outcome::NoticedByNothing => self.noticed_by_nothing += 1,
        }
    }

    /// One that is noticed by nothing has no reason.
    pub(crate) fn add_unexplained(&mut self) {
        self.without_a_reason += 1;
    }

    pub(crate) fn sum<'a>(all: impl Iterator<Item = &'a Self>) -> Self {
        all.fold(Self::default(), |sum, of| Self {
            made: sum.made + of.made,
            do_not_compile: sum.do_not_compile + of.do_not_compile,
            a_test_fails: sum.a_test_fails + of.a_test_fails,
            tests_do_not_end: sum.tests_do_not_end + of.tests_do_not_end,
            noticed_by_nothing: sum.noticed_by_nothing + of.noticed_by_nothing,
            without_a_reason: sum.without_a_reason + of.without_a_reason,
        })
    }

    pub(crate) fn sentence(&self) -> String {
        format!(
            "{} changes: {} do not compile, {} fail a test, {} keep the tests from ending, {} are noticed by nothing, \
             {} of these without a reason",
            self.made,
            self.do_not_compile,
            self.a_test_fails,
            self.tests_do_not_end,
            self.noticed_by_nothing,
            self.without_a_reason
        )
    }
}

impl Report {
    fn path(root: &Path) -> PathBuf {
        root.join("docs/reliability/mutants.json")
    }

    pub(crate) fn read(root: &Path) -> Result<Self, Box<dyn Error>> {
        Ok(serde_json::from_slice(&fs::read(Self::path(root))?)?)
    }

    /// Whether a reason is given for a change that nothing notices. Its own is not compared.
    pub(crate) fn explains(&self, change: &Unnoticed) -> bool {
        self.explained.iter().any(|other| other.is_same(change))
    }

    /// The files that have more changes without a reason than are published, with both counts.
    pub(crate) fn worse<'a>(
        &self,
        package: &str,
        files: &'a BTreeMap<String, Counts>,
    ) -> Vec<(&'a str, usize, usize)> {
        let published = |file| Some(self.files.get(package)?.get(file)?.without_a_reason);
        let all = files.iter().map(|(file, counts)| {
            (file.as_str(), counts.without_a_reason, published(file).unwrap_or_default())
        });
        all.filter(|(_, found, published)| found > published).collect()
    }

    /// Replaces the entries of files of a package, or of the whole package. A change that is
    /// noticed by now needs no reason any more.
    pub(crate) fn set(
        &mut self,
        package: &str,
        files: BTreeMap<String, Counts>,
        unnoticed: &[Unnoticed],
        is_all: bool,
    ) {
        self.explained.retain(|change| {
            let is_about = change.package == package && (is_all || files.contains_key(&change.file));
            !is_about || unnoticed.iter().any(|other| other.is_same(change))
        });
        let counted = self.files.entry(package.to_owned()).or_default();
        if is_all {
            counted.clear();
        }
        counted.extend(files);
        env!("CARGO_PKG_VERSION").clone_into(&mut self.version);
    }

    pub(crate) fn write(&self, root: &Path) -> Result<(), Box<dyn Error>> {
        Ok(fs::write(Self::path(root), self.text()?)?)
    }

    /// A line per file, so that a difference shows which one it is.
    fn text(&self) -> Result<String, Box<dyn Error>> {
        let mut text =
            format!("{{\n  \"tool\": {:?},\n  \"version\": {:?},\n  \"files\": {{", self.tool, self.version);
        for (place, (package, files)) in self.files.iter().enumerate() {
            text += if place == 0 { "\n    " } else { ",\n    " };
            text += &(serde_json::to_string(package)? + ": {");
            let rows = files
                .iter()
                .map(|(file, counts)| Ok(format!("\n      {file:?}: {}", serde_json::to_string(counts)?)));
            text += &rows.collect::<Result<Vec<_>, Box<dyn Error>>>()?.join(",");
            text += "\n    }";
        }
        text += "\n  },\n  \"explained\": ";
        let list = serde_json::to_string_pretty(&self.explained)?;
        Ok(text + &list.replace('\n', "\n  ") + "\n}\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_stays_with_its_change_and_the_file_reads_back() {
        let change = |function: &str| Unnoticed {
            package: "a".into(),
            file: "b.rs".into(),
            function: function.into(),
            change: "return true".into(),
            why: String::new(),
        };
        let explained = Unnoticed { why: "It is always true.".into(), ..change("f") };
        let gone = Unnoticed { why: "No longer there.".into(), ..change("g") };
        let other = Unnoticed { package: "z".into(), ..explained.clone() };
        let mut report = Report {
            tool: ".ci/mutants".into(),
            version: "0".into(),
            files: BTreeMap::new(),
            explained: vec![explained.clone(), gone, other.clone()],
        };
        let counts = || {
            let mut counts = Counts::default();
            counts.add(Outcome::NoticedByNothing);
            counts.add(Outcome::ATestFails);
            counts.add_unexplained();
            counts
        };
        let left = [change("f"), change("h")];
        report.set("a", [("c.rs".to_owned(), counts())].into(), &left, false);
        assert!(report.explained.len() == 3, "they are about a file that was not counted again");
        report.set("a", [("b.rs".to_owned(), counts())].into(), &left, false);
        assert_eq!(report.files["a"].len(), 2);
        let read: Report = serde_json::from_str(&report.text().unwrap()).unwrap();
        assert!(read.explained == [explained, other]);
        assert!(read.explains(&change("f")) && !read.explains(&change("h")));
        let of_file = &read.files["a"]["b.rs"];
        assert_eq!((of_file.made, of_file.a_test_fails, of_file.noticed_by_nothing), (2, 1, 1));
        let again = [("b.rs".to_owned(), counts()), ("d.rs".to_owned(), counts())].into();
        assert_eq!(read.worse("a", &again), [("d.rs", 1, 0)]);
        report.set("a", [("b.rs".to_owned(), counts())].into(), &left, true);
        assert_eq!(report.files["a"].len(), 1, "the other file is gone");
    }
}

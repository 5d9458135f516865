//! docs/reliability/mutants.json: how many changes of each file were noticed, and each of the
//! others, some with the reason that it need not be.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::changes::Change;
use crate::package::{Package, Source};
use crate::tests_of::Outcome;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Report {
    tool: String,
    version: String,
    /// By package, then by file below `src`.
    pub(crate) files: BTreeMap<String, BTreeMap<String, Count>>,
}

/// The outcomes of a file's changes.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Count {
    /// Of the code that was changed. The count is about no other.
    digest: String,
    pub(crate) do_not_compile: usize,
    pub(crate) a_test_fails: usize,
    pub(crate) tests_do_not_end: usize,
    pub(crate) survivors: Vec<Survivor>,
}

/// A change that no test notices. Without lines, so that it is known again after they have moved.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Survivor {
    pub(crate) function: String,
    pub(crate) change: String,
    /// The reason that it need not be noticed. Written by hand, and empty until then.
    pub(crate) why: String,
}

impl Survivor {
    fn new(change: &Change) -> Self {
        Self { function: change.function.clone(), change: change.what.clone(), why: String::new() }
    }

    fn is(&self, change: &Change) -> bool {
        self.function == change.function && self.change == change.what
    }
}

impl Count {
    pub(crate) fn of(source: &Source) -> Self {
        Self { digest: source.digest.clone(), ..Self::default() }
    }

    /// `known` is the change's entry on the page, if it has one.
    pub(crate) fn add(&mut self, change: &Change, outcome: Outcome, known: Option<&Survivor>) {
        match outcome {
            Outcome::DoesNotCompile => self.do_not_compile += 1,
            Outcome::ATestFails => self.a_test_fails += 1,
            Outcome::TestsDoNotEnd => self.tests_do_not_end += 1,
            Outcome::NoticedByNothing => {
                self.survivors.push(known.cloned().unwrap_or_else(|| Survivor::new(change)));
            }
        }
    }

    pub(crate) fn made(&self) -> usize {
        self.do_not_compile + self.a_test_fails + self.tests_do_not_end + self.survivors.len()
    }
}

impl Report {
    fn path(root: &Path) -> PathBuf {
        root.join("docs/reliability/mutants.json")
    }

    pub(crate) fn read(root: &Path) -> Result<Self, Box<dyn Error>> {
        Ok(serde_json::from_slice(&fs::read(Self::path(root))?)?)
    }

    fn any_count(&self, source: &Source) -> Option<&Count> {
        self.files.get(source.package.name)?.get(&source.path)
    }

    /// The count of a file as it is now, with all changes that are made by now.
    pub(crate) fn count(&self, source: &Source) -> Option<&Count> {
        let is_now =
            |count: &&Count| count.digest == source.digest && count.made() == source.changes().count();
        self.any_count(source).filter(is_now)
    }

    /// A change that nothing noticed in the last count of its file, even if that was another code.
    pub(crate) fn survivor(&self, source: &Source, change: &Change) -> Option<&Survivor> {
        self.any_count(source)?.survivors.iter().find(|survivor| survivor.is(change))
    }

    /// Replaces the counts of these files. Those of files that are gone go, too.
    pub(crate) fn set(&mut self, package: &Package, counted: BTreeMap<String, Count>) {
        let files = self.files.entry(package.place.name.to_owned()).or_default();
        files.extend(counted);
        files.retain(|path, _| package.sources.iter().any(|source| source.path == *path));
        env!("CARGO_PKG_VERSION").clone_into(&mut self.version);
    }

    pub(crate) fn write(&self, root: &Path) -> Result<(), Box<dyn Error>> {
        Ok(fs::write(Self::path(root), self.text()?)?)
    }

    /// A line per file and survivor, so that a difference shows which one it is.
    fn text(&self) -> Result<String, serde_json::Error> {
        let rows = |files: &BTreeMap<String, Count>| {
            let row = |(path, count)| {
                let count = serde_json::to_string(count)?;
                let lines = count.replace("{\"function\"", "\n        {\"function\"");
                Ok(format!("\n      {path:?}: {lines}"))
            };
            files.iter().map(row).collect::<Result<Vec<_>, _>>()
        };
        let package = |(name, files)| Ok(format!("\n    {name:?}: {{{}\n    }}", rows(files)?.join(",")));
        let packages: Vec<_> = self.files.iter().map(package).collect::<Result<_, _>>()?;
        let Self { tool, version, .. } = self;
        Ok(format!(
            "{{\n  \"tool\": {tool:?},\n  \"version\": {version:?},\n  \"files\": {{{}\n  }}\n}}\n",
            packages.join(",")
        ))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::package::PACKAGES;

    const PACKAGE: &str = PACKAGES[0].name;

    /// A function with five changes: two returned values and three operators.
    pub(crate) const CODE: &str = "fn f(a: u8) -> bool { a < 2 }";

    /// A report in which nothing noticed the first change of each file, and a test all others.
    pub(crate) fn counted(package: &Package) -> Report {
        let mut report = Report { tool: String::new(), version: String::new(), files: BTreeMap::new() };
        report.set(package, counts(package, &report));
        report
    }

    fn counts(package: &Package, report: &Report) -> BTreeMap<String, Count> {
        let count = |source: &Source| {
            let mut count = Count::of(source);
            let outcomes = [Outcome::NoticedByNothing].into_iter().chain([Outcome::ATestFails; 4]);
            for (change, outcome) in source.changes().zip(outcomes) {
                count.add(change, outcome, report.survivor(source, change));
            }
            (source.path.clone(), count)
        };
        package.sources.iter().map(count).collect()
    }

    #[test]
    fn a_count_is_about_the_code_that_was_changed_and_all_of_its_changes() {
        let package = Package::of_texts(&[("a.rs", CODE)]);
        let report = counted(&package);
        assert_eq!(report.count(&package.sources[0]).unwrap().made(), 5);
        let is_counted =
            |text: &str| report.count(&Package::of_texts(&[("a.rs", text)]).sources[0]).is_some();
        assert!(is_counted(&format!("// A comment.\n\n{CODE}\n#[cfg(test)] mod tests {{ fn t() {{}} }}")));
        assert!(!is_counted(&CODE.replace('2', "3")));
        let mut fewer = report;
        fewer.files.get_mut(PACKAGE).unwrap().get_mut("a.rs").unwrap().a_test_fails -= 1;
        assert!(fewer.count(&package.sources[0]).is_none(), "a kind of change is new");
    }

    #[test]
    fn a_survivor_keeps_its_reason_until_it_is_noticed_and_the_page_reads_back() {
        let package = Package::of_texts(&[("a.rs", CODE), ("b.rs", CODE)]);
        let mut report = counted(&package);
        let survivor = |report: &mut Report| {
            let files = report.files.get_mut(PACKAGE).unwrap();
            files.get_mut("a.rs").unwrap().survivors[0].clone()
        };
        assert_eq!(survivor(&mut report).change, "return true");
        report.files.get_mut(PACKAGE).unwrap().get_mut("a.rs").unwrap().survivors[0].why = "So.".into();
        let text = report.text().unwrap();
        assert_eq!(text.lines().filter(|line| line.contains("\"change\":\"return true\"")).count(), 2);
        let mut read: Report = serde_json::from_str(&text).unwrap();
        // The same change in other code, on another line. The other file is gone.
        let later = Package::of_texts(&[("a.rs", &format!("fn g() {{}}\n{}", CODE.replace('2', "3")))]);
        read.set(&later, counts(&later, &read));
        assert_eq!(read.files[PACKAGE].keys().collect::<Vec<_>>(), ["a.rs"]);
        assert_eq!(survivor(&mut read).why, "So.");
        let noticed = Package::of_texts(&[("a.rs", "fn f(a: u8) -> u8 { a }")]);
        read.set(&noticed, counts(&noticed, &read));
        assert_eq!((survivor(&mut read).change.as_str(), survivor(&mut read).why.as_str()), ("return 0", ""));
    }

    #[test]
    fn each_survivor_of_a_counted_file_is_a_change_of_it_and_each_reason_is_a_sentence() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let report = Report::read(&root).unwrap();
        for place in PACKAGES {
            let package = Package::read(&root, place).unwrap();
            for source in &package.sources {
                let survivors = report.count(source).map(|count| count.survivors.as_slice());
                for Survivor { function, change, why } in survivors.unwrap_or_default() {
                    let named = format!("{}: {function}: {change}", source.path);
                    let is = |known: &Change| known.function == *function && known.what == *change;
                    assert!(source.changes().any(is), "there is no such change: {named}");
                    assert!(why.is_empty() || why.len() > 40, "{named}: {why}");
                }
            }
        }
    }
}

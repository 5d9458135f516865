//! A package's sources, all of its changes, and the copy of the workspace where they are switched.

use std::collections::BTreeSet;
use std::error::Error;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest as _, Sha256};

use crate::changes::{self, Change, Found};
use crate::switched::{self, Switched};

/// A package whose changes are counted. The others only connect these.
pub(crate) struct Place {
    pub(crate) name: &'static str,
    folder: &'static str,
    /// The tests that count, in Cargo's words: those that check the code's behavior, not its form.
    pub(crate) tests: &'static [&'static str],
    /// The tests that a change is tried with if none of these notices it.
    pub(crate) wider: &'static [&'static str],
}

pub(crate) const PACKAGES: &[Place] = &[
    Place {
        name: "tollgate-core",
        folder: "shared/core",
        tests: &["--package", "tollgate-core", "--lib"],
        wider: &["--package", "tollgate", "--test", "apis", "--test", "shop_orders"],
    },
    Place {
        name: "tollgate",
        folder: "shared",
        tests: &["--package", "tollgate", "--lib", "--test", "apis", "--test", "upgrades"],
        wider: &["--package", "tollgate", "--test", "shop_orders"],
    },
];

/// Files that the tests that count do not depend on, by the start of their paths.
const UNTESTED: &[&str] = &[
    ".",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "ARCHITECTURE.md",
    "README.md",
    "cli/",
    "dev/",
    "docs/reliability",
    "functions/",
    "shared/tests/layers",
];

/// A source file with its possible changes.
pub(crate) struct Source {
    pub(crate) package: &'static Place,
    /// Below the folder `src`.
    pub(crate) path: String,
    text: String,
    pub(crate) found: Found,
}

/// A package whose expressions are changed.
pub(crate) struct Package {
    pub(crate) place: &'static Place,
    root: PathBuf,
    pub(crate) sources: Vec<Source>,
}

impl Package {
    pub(crate) fn read(root: &Path, place: &'static Place) -> Result<Self, Box<dyn Error>> {
        let mut package = Self { place, root: root.to_owned(), sources: Vec::new() };
        let mut left = vec![PathBuf::from("lib.rs")];
        while let Some(path) = left.pop() {
            let text = fs::read_to_string(root.join(place.folder).join("src").join(&path))?;
            let source = Source::of(place, path.to_str().ok_or("a path that is not UTF-8")?, text)
                .map_err(|error| format!("{}: {error}", path.display()))?;
            let below = if path.ends_with("lib.rs") { PathBuf::new() } else { path.with_extension("") };
            left.extend(source.found.modules.iter().map(|name| below.join(name).with_extension("rs")));
            package.sources.push(source);
        }
        package.sources.sort_by(|a, b| a.path.cmp(&b.path));
        let sites = package.sources.iter_mut().flat_map(|source| &mut source.found.sites);
        for (change, number) in sites.flat_map(|site| &mut site.choices).zip(1..) {
            change.number = number;
        }
        Ok(package)
    }

    #[cfg(test)]
    pub(crate) fn of_texts(files: &[(&str, &str)]) -> Self {
        let place = &PACKAGES[0];
        let source = |(path, text): &(&str, &str)| Source::of(place, path, (*text).to_owned()).unwrap();
        Self { place, root: PathBuf::new(), sources: files.iter().map(source).collect() }
    }

    /// Every change with its file.
    pub(crate) fn changes(&self) -> impl Iterator<Item = (&Source, &Change)> {
        self.sources.iter().flat_map(|source| source.changes().map(move |change| (source, change)))
    }

    /// Where the copy, the programs and the results are.
    pub(crate) fn state(&self) -> PathBuf {
        self.root.join("target/mutants").join(self.place.name)
    }

    /// The package in the copy.
    fn folder_of_copy(&self) -> PathBuf {
        self.state().join("tree").join(self.place.folder)
    }

    /// Copies the workspace's files. Returns a digest of them, by which old results are known.
    pub(crate) fn copy(&self) -> Result<String, Box<dyn Error>> {
        let tree = self.state().join("tree");
        let listed = Command::new("git")
            .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
            .current_dir(&self.root)
            .output()?;
        let mut digest = Sha256::new();
        let switched: BTreeSet<_> = self.sources.iter().map(Source::path_in_workspace).collect();
        for path in String::from_utf8(listed.stdout)?.split_terminator('\0') {
            let Ok(bytes) = fs::read(self.root.join(path)) else { continue };
            if !UNTESTED.iter().any(|start| path.starts_with(start)) {
                digest.update(Sha256::digest(path));
                digest.update(Sha256::digest(&bytes));
            }
            if !switched.contains(path) {
                write_if_other(&tree.join(path), &bytes)?;
            }
        }
        Ok(digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat())
    }

    /// Writes the sources with the chosen changes behind switches into the copy.
    pub(crate) fn write(&self, chosen: &BTreeSet<usize>) -> io::Result<Vec<(String, Switched)>> {
        let all = self.sources.iter().map(|source| {
            let is_chosen = |number| chosen.contains(&number);
            let mut switched = switched::switch(&source.text, &source.found, is_chosen);
            if source.path == "lib.rs" {
                let last = self.changes().count();
                switched.text.push_str(&switched::module(last));
            }
            write_if_other(&self.folder_of_copy().join("src").join(&source.path), switched.text.as_bytes())?;
            Ok((source.path_in_workspace(), switched))
        });
        all.collect()
    }
}

impl Source {
    pub(crate) fn of(package: &'static Place, path: &str, text: String) -> syn::Result<Self> {
        let found = changes::of_source(&text)?;
        Ok(Self { package, path: path.to_owned(), text, found })
    }

    pub(crate) fn changes(&self) -> impl Iterator<Item = &Change> {
        self.found.sites.iter().flat_map(|site| &site.choices)
    }

    pub(crate) fn path_in_workspace(&self) -> String {
        format!("{}/src/{}", self.package.folder, self.path)
    }

    /// The first part of its path.
    pub(crate) fn subject(&self) -> &str {
        self.path.split(['/', '.']).next().unwrap_or_default()
    }

    /// A change in one line.
    pub(crate) fn line_of(&self, change: &Change) -> String {
        let Change { number, function, what, line, .. } = change;
        format!("{number} {}:{line}: {function}: {what}", self.path_in_workspace())
    }

    /// The lines of a change with their numbers, as they are and as they become.
    pub(crate) fn shown(&self, number: usize) -> Option<String> {
        let mut all =
            self.found.sites.iter().flat_map(|site| site.choices.iter().map(move |change| (site, change)));
        let (site, change) = all.find(|(_, change)| change.number == number)?;
        let last = self.text[..site.range.end].matches('\n').count().max(change.line - 1);
        let lines = self.text.lines().zip(1..).skip(change.line - 1).take(last + 2 - change.line);
        let there: Vec<_> = lines.map(|(text, line)| format!("{line:>5} - {text}")).collect();
        Some(format!("{}\n{}\n      + {}\n", self.line_of(change), there.join("\n"), change.code))
    }

    /// The module as test names begin with it: `order::apply`.
    pub(crate) fn module(&self) -> String {
        self.path.trim_end_matches(".rs").replace('/', "::")
    }
}

/// Leaves equal files alone, so that they are not compiled again.
fn write_if_other(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if fs::read(path).is_ok_and(|there| there == bytes) {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, bytes)
}

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
    /// Which tests count, in Cargo's words: those that know what the code is to do, not what it looks like.
    pub(crate) tests: &'static [&'static str],
}

pub(crate) const PACKAGES: &[Place] = &[
    Place { name: "tollgate-core", folder: "shared/core", tests: &["--lib"] },
    Place { name: "tollgate", folder: "shared", tests: &["--lib", "--test", "apis", "--test", "upgrades"] },
];

/// What unit tests of these packages do not depend on, by the start of its path.
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
];

/// A source file with what can be changed in it.
pub(crate) struct Source {
    /// Below the folder `src`.
    pub(crate) path: String,
    text: String,
    found: Found,
    /// The number of its first change. The others follow it.
    first: usize,
}

/// A package whose expressions are changed.
pub(crate) struct Package {
    pub(crate) place: &'static Place,
    /// The workspace.
    root: PathBuf,
    pub(crate) sources: Vec<Source>,
}

impl Package {
    pub(crate) fn read(root: &Path, place: &'static Place) -> Result<Self, Box<dyn Error>> {
        let mut package = Self { place, root: root.to_owned(), sources: Vec::new() };
        let mut left = vec![PathBuf::from("lib.rs")];
        while let Some(path) = left.pop() {
            let text = fs::read_to_string(root.join(place.folder).join("src").join(&path))?;
            let found = changes::of_source(&text).map_err(|error| format!("{}: {error}", path.display()))?;
            let below = if path.ends_with("lib.rs") { PathBuf::new() } else { path.with_extension("") };
            left.extend(found.modules.iter().map(|name| below.join(name).with_extension("rs")));
            let path = path.to_str().ok_or("a path that is not UTF-8")?.to_owned();
            package.sources.push(Source { path, text, found, first: 0 });
        }
        package.sources.sort_by(|a, b| a.path.cmp(&b.path));
        let mut first = 1;
        for source in &mut package.sources {
            source.first = first;
            first += source.found.sites.iter().map(|site| site.choices.len()).sum::<usize>();
        }
        Ok(package)
    }

    /// Every change with its number, from 1, its file and what it puts in place of what.
    pub(crate) fn changes(&self) -> impl Iterator<Item = (usize, &Source, &Change)> {
        self.sources.iter().flat_map(|source| {
            let all =
                source.found.sites.iter().flat_map(|site| site.choices.iter().map(|(change, _)| change));
            all.enumerate().map(move |(place, change)| (source.first + place, source, change))
        })
    }

    /// A file's path in the workspace.
    pub(crate) fn path(&self, source: &Source) -> String {
        format!("{}/src/{}", self.place.folder, source.path)
    }

    /// Where the copy, the programs and the results are.
    pub(crate) fn state(&self) -> PathBuf {
        self.root.join("target/mutants").join(self.place.name)
    }

    /// Where the copy's tests run.
    pub(crate) fn folder_of_copy(&self) -> PathBuf {
        self.state().join("tree").join(self.place.folder)
    }

    /// Copies the workspace's files, without lints: changed code has warnings. Returns a digest of them, by which old
    /// results are known.
    pub(crate) fn copy(&self) -> Result<String, Box<dyn Error>> {
        let tree = self.state().join("tree");
        let listed = Command::new("git")
            .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
            .current_dir(&self.root)
            .output()?;
        let mut digest = Sha256::new();
        let switched: BTreeSet<_> = self.sources.iter().map(|source| self.path(source)).collect();
        for path in String::from_utf8(listed.stdout)?.split_terminator('\0') {
            let Ok(mut bytes) = fs::read(self.root.join(path)) else { continue };
            if path == "Cargo.toml" {
                bytes = without_lints(&String::from_utf8(bytes)?).into_bytes();
            }
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
            let mut switched = source.switched(chosen);
            if source.path == "lib.rs" {
                let last = self.changes().count();
                switched.text.push_str(&switched::module(last));
            }
            write_if_other(&self.folder_of_copy().join("src").join(&source.path), switched.text.as_bytes())?;
            Ok((self.path(source), switched))
        });
        all.collect()
    }
}

impl Source {
    fn switched(&self, chosen: &BTreeSet<usize>) -> Switched {
        let mut first = self.first;
        let mut firsts = Vec::new();
        for site in &self.found.sites {
            firsts.push(first);
            first += site.choices.len();
        }
        switched::switch(&self.text, &self.found, |site, choice| {
            Some(firsts[site] + choice).filter(|number| chosen.contains(number))
        })
    }

    /// The lines of a change with their numbers, as they are and as they become.
    pub(crate) fn shown(&self, number: usize) -> String {
        let line_of = |text: &str, at: usize| text[..at].matches('\n').count();
        let mut place = number - self.first;
        for site in &self.found.sites {
            if let Some((change, code)) = site.choices.get(place) {
                let end = line_of(&self.text, site.range.end).max(change.line - 1);
                let lines = self.text.lines().enumerate().skip(change.line - 1).take(end + 2 - change.line);
                let there: Vec<_> = lines.map(|(line, text)| format!("{:>5} - {text}", line + 1)).collect();
                return format!(
                    "{}: {}\n{}\n      + {code}\n",
                    change.function,
                    change.what,
                    there.join("\n")
                );
            }
            place -= site.choices.len();
        }
        String::new()
    }

    /// The module as test names begin with it: `order::apply`.
    pub(crate) fn module(&self) -> String {
        self.path.trim_end_matches(".rs").replace('/', "::")
    }
}

/// The workspace's manifest with every warning allowed in place of its lints.
fn without_lints(manifest: &str) -> String {
    let mut kept = String::new();
    let mut skipping = false;
    for line in manifest.lines() {
        if line.starts_with('[') {
            skipping = line.starts_with("[workspace.lints");
        }
        if !skipping {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept + "\n[workspace.lints.rust]\nwarnings = \"allow\"\n"
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lints_are_dropped_and_nothing_else() {
        let manifest =
            "[a]\nb = 1\n[workspace.lints.rust]\nx = 1\n[workspace.lints.clippy]\ny = 1\n\n[c]\nd = 1\n";
        assert_eq!(
            without_lints(manifest),
            "[a]\nb = 1\n[c]\nd = 1\n\n[workspace.lints.rust]\nwarnings = \"allow\"\n"
        );
    }
}

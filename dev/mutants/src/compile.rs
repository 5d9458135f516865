//! Compiles the copy, and drops the changes that do not compile.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::ops::Range;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde::Deserialize;

use crate::package::Package;
use crate::switched::Switched;

/// A line of Cargo's output.
#[derive(Deserialize)]
struct Line {
    reason: String,
    message: Option<Message>,
    executable: Option<PathBuf>,
    manifest_path: Option<PathBuf>,
}

/// A program of tests, and the folder of its package, where they run.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Program {
    pub(crate) path: PathBuf,
    pub(crate) folder: PathBuf,
}

#[derive(Deserialize)]
struct Message {
    level: String,
    rendered: Option<String>,
    spans: Vec<Span>,
}

#[derive(Deserialize)]
struct Span {
    file_name: String,
    byte_start: usize,
    byte_end: usize,
    is_primary: bool,
    expansion: Option<Box<Expansion>>,
}

#[derive(Deserialize)]
struct Expansion {
    span: Span,
}

/// Compiles the package's tests with the chosen changes. Those that do not compile are taken out of
/// them. Returns the programs.
pub(crate) fn compile(
    package: &Package,
    chosen: &mut BTreeSet<usize>,
) -> Result<Vec<Program>, Box<dyn Error>> {
    let mut suspects = BTreeSet::new();
    loop {
        let blame = check(package, chosen)?;
        if blame.is_empty() {
            break;
        }
        chosen.retain(|number| !blame.holds(*number));
        suspects.extend(blame.lots.into_iter().flatten());
    }
    acquit(package, chosen, &suspects)?;
    eprintln!("{}: building {} changes", package.place.name, chosen.len());
    package.write(chosen)?;
    build(package, package.place.tests)
}

/// Puts those of the suspects back that compile: all of a function, or, where these do not compile
/// together, one half after the other.
fn acquit(
    package: &Package,
    chosen: &mut BTreeSet<usize>,
    suspects: &BTreeSet<usize>,
) -> Result<(), Box<dyn Error>> {
    let functions: BTreeMap<_, _> =
        package.changes().map(|(source, change)| (change.number, (&source.path, &change.function))).collect();
    let mut lots: BTreeMap<_, Vec<BTreeSet<usize>>> = BTreeMap::new();
    for number in suspects {
        lots.entry(functions[number]).or_insert_with(|| vec![BTreeSet::new()])[0].insert(*number);
    }
    while !lots.is_empty() {
        // Of each function one lot, so that an error tells which lot it is about.
        let mut tried: BTreeMap<_, _> =
            lots.iter_mut().filter_map(|(function, lots)| Some((*function, lots.pop()?))).collect();
        loop {
            let with: BTreeSet<_> = chosen.iter().chain(tried.values().flatten()).copied().collect();
            let blame = check(package, &with)?;
            if blame.is_empty() {
                *chosen = with;
                break;
            }
            let guilty: BTreeSet<_> = blame.numbers().map(|number| functions[&number]).collect();
            if tried.keys().all(|function| !guilty.contains(function)) {
                // An error far from its cause.
                tried.clear();
            }
            for function in guilty {
                let Some(lot) = tried.remove(&function) else { continue };
                lots.entry(function).or_default().extend(still_possible(lot, &blame.sure));
            }
        }
        lots.retain(|_, lots| !lots.is_empty());
    }
    Ok(())
}

/// Parts of a lot that does not compile that still may: all but those that are surely to blame, or
/// each half of it.
fn still_possible(mut lot: BTreeSet<usize>, sure: &BTreeSet<usize>) -> Vec<BTreeSet<usize>> {
    let before = lot.len();
    lot.retain(|number| !sure.contains(number));
    let middle = lot.iter().nth(before / 2).copied();
    let mut possible = match middle {
        Some(middle) if lot.len() == before && before > 1 => vec![lot.split_off(&middle), lot],
        _ if lot.len() < before => vec![lot],
        _ => Vec::new(),
    };
    possible.retain(|lot| !lot.is_empty());
    possible
}

/// The programs of these tests, with the changes that have been compiled.
pub(crate) fn wider(package: &Package, tests: &[&str]) -> Result<Vec<Program>, Box<dyn Error>> {
    eprintln!("{}: compiling {}", package.place.name, tests.join(" "));
    build(package, tests)
}

fn build(package: &Package, tests: &[&str]) -> Result<Vec<Program>, Box<dyn Error>> {
    let (programs, errors) = cargo(package, &["test", "--no-run"], tests)?;
    if errors.is_empty() { Ok(programs) } else { Err(not_compiled(package, errors).into()) }
}

/// Blame for what does not compile of the package's tests with these changes.
fn check(package: &Package, chosen: &BTreeSet<usize>) -> Result<Blame, Box<dyn Error>> {
    let switched = package.write(chosen)?;
    eprintln!("{}: checking {} changes", package.place.name, chosen.len());
    let (_, errors) = cargo(package, &["check", "--profile", "test"], package.place.tests)?;
    let blame = Blame::of(&errors, &switched);
    if blame.is_empty() && !errors.is_empty() {
        return Err(not_compiled(package, errors).into());
    }
    Ok(blame)
}

fn not_compiled(package: &Package, errors: Vec<Message>) -> String {
    let shown = errors.into_iter().filter_map(|error| error.rendered).take(3).collect::<String>();
    format!("{} does not compile, and no change is to blame:\n{shown}", package.place.name)
}

/// Packages in which the tests spend their time: they run thousands of times.
const OPTIMIZED: &[&str] =
    &["elastic-path-fake", "jiff", "memory", "serde_json", "sha2", "tollgate", "tollgate-core"];

fn cargo(
    package: &Package,
    command: &[&str],
    tests: &[&str],
) -> Result<(Vec<Program>, Vec<Message>), Box<dyn Error>> {
    let optimized = OPTIMIZED.iter().map(|name| format!("profile.dev.package.{name}.opt-level=1"));
    let built = Command::new("cargo")
        .args(optimized.flat_map(|setting| ["--config".to_owned(), setting]))
        .args(command)
        .args(["--quiet", "--locked", "--message-format=json"])
        .args(tests)
        .current_dir(package.state().join("tree"))
        .env("CARGO_TARGET_DIR", package.state().join("build"))
        .env("CARGO_INCREMENTAL", "1")
        // Changed code breaks lints.
        .env("RUSTFLAGS", "--cap-lints allow")
        .stderr(Stdio::piped())
        .output()?;
    let (mut programs, mut errors) = (Vec::new(), Vec::new());
    for line in built.stdout.split(|&byte| byte == b'\n').filter(|line| line.starts_with(b"{")) {
        let line: Line = serde_json::from_slice(line)?;
        if line.reason == "compiler-artifact" {
            let folder = line.manifest_path.and_then(|manifest| Some(manifest.parent()?.to_owned()));
            programs.extend(line.executable.zip(folder).map(|(path, folder)| Program { path, folder }));
        }
        errors.extend(line.message.filter(|message| message.level.starts_with("error")));
    }
    if !built.status.success() && errors.is_empty() {
        return Err(String::from_utf8_lossy(&built.stderr).into_owned().into());
    }
    Ok((programs, errors))
}

/// The changes that errors are about.
#[derive(Default)]
struct Blame {
    /// Those in whose code an error is.
    sure: BTreeSet<usize>,
    /// Where no error is so: for each error, those that it may be about.
    lots: Vec<BTreeSet<usize>>,
}

impl Blame {
    fn of(errors: &[Message], switched: &[(String, Switched)]) -> Self {
        let of = |error: &Message, primary: bool, whole: bool| -> BTreeSet<usize> {
            let spans = error.spans.iter().filter(|span| span.is_primary == primary).flat_map(places);
            let numbers = spans.filter_map(|(file, bytes)| {
                let (_, switched) = switched.iter().find(|(path, _)| path == file)?;
                Some(switched.blamed(&bytes, whole))
            });
            numbers.flatten().collect()
        };
        let sure: BTreeSet<_> = errors.iter().flat_map(|error| of(error, true, false)).collect();
        let mut lots = Vec::new();
        // An error that names no change may go with those that do.
        if sure.is_empty() {
            for (primary, whole) in [(false, false), (true, true), (false, true)] {
                lots = errors.iter().map(|error| of(error, primary, whole)).collect();
                lots.retain(|lot| !lot.is_empty());
                if !lots.is_empty() {
                    break;
                }
            }
        }
        Self { sure, lots }
    }

    fn numbers(&self) -> impl Iterator<Item = usize> {
        self.sure.iter().chain(self.lots.iter().flatten()).copied()
    }

    fn holds(&self, number: usize) -> bool {
        self.sure.contains(&number) || self.lots.iter().any(|lot| lot.contains(&number))
    }

    fn is_empty(&self) -> bool {
        self.sure.is_empty() && self.lots.is_empty()
    }
}

/// Where a span is, and where the macros were called that it is in.
fn places(span: &Span) -> Vec<(&str, Range<usize>)> {
    let mut all = vec![(span.file_name.as_str(), span.byte_start..span.byte_end)];
    if let Some(expansion) = &span.expansion {
        all.extend(places(&expansion.span));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::switched;

    #[test]
    fn an_error_in_a_changes_code_is_its_own_and_another_one_may_be_of_those_next_around_it() {
        let text = "fn f(a: u8) -> bool { g(a < 2) }";
        let switched = switched::switch(text, &switched::tests::numbered(text).0, |_| true);
        let error = |at: &str| {
            let start = switched.text.find(at).unwrap();
            let (file_name, bytes) = ("a.rs".to_owned(), start..start + at.len());
            let (is_primary, expansion) = (true, None);
            let span =
                Span { file_name, byte_start: bytes.start, byte_end: bytes.end, is_primary, expansion };
            Message { level: "error".to_owned(), rendered: None, spans: vec![span] }
        };
        let [own, other, around, anywhere] = ["<= (2)", "g(", "a < 2", "g("].map(error);
        let files = [("a.rs".to_owned(), switched)];
        let of = |errors: &[Message]| {
            let Blame { sure, lots } = Blame::of(errors, &files);
            (Vec::from_iter(sure), lots.into_iter().map(Vec::from_iter).collect::<Vec<_>>())
        };
        assert_eq!(of(&[around, anywhere]), (vec![], vec![vec![3, 4, 5], vec![1, 2]]));
        assert_eq!(of(&[other, own]), (vec![3], vec![]));
    }

    #[test]
    fn of_a_lot_that_does_not_compile_each_half_is_tried_unless_an_error_names_one() {
        let left = |lot: &[usize], sure: &[usize]| -> Vec<Vec<usize>> {
            let lots = still_possible(lot.iter().copied().collect(), &sure.iter().copied().collect());
            lots.into_iter().map(Vec::from_iter).collect()
        };
        assert_eq!(left(&[1, 2, 3, 4, 5], &[]), [vec![3, 4, 5], vec![1, 2]]);
        assert_eq!(left(&[1, 2, 3], &[2, 9]), [vec![1, 3]]);
        assert!(left(&[1], &[]).is_empty() && left(&[1], &[1]).is_empty());
    }
}

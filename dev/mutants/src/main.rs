//! Changes one expression of the rules and their adapters at a time, and reports the changes that
//! no test notices.
//!
//! All changes are compiled into one test binary per package, each behind a switch that an
//! environment variable turns on: a change costs the run of those tests that pass its switch, not a
//! build. `.ci/mutants` starts it; CONTRIBUTING.md says when.

mod changes;
mod compile;
mod diff;
mod package;
mod reasons;
mod results;
mod switched;
mod tests_of;
mod values;

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use changes::Change;
use compile::Program;
use diff::Diff;
use package::{PACKAGES, Package, Source};
use reasons::Reasons;
use results::Results;
use tests_of::{Outcome, Tests, in_parallel};

#[derive(Parser)]
#[command(name = "mutants", version)]
struct Arguments {
    /// Only this package
    #[arg(value_parser = PACKAGES.iter().map(|place| place.name).collect::<Vec<_>>())]
    package: Option<String>,
    /// Only files whose path below `src` begins so
    #[arg(long)]
    file: Vec<String>,
    /// Only functions that differ from this commit, and modules whose tests differ
    #[arg(long)]
    diff: Option<String>,
    /// Only the changes with these numbers, again if their outcome is known
    #[arg(long)]
    number: Vec<usize>,
    /// List the changes with their numbers
    #[arg(long)]
    list: bool,
    /// Print one change
    #[arg(long)]
    show: Option<usize>,
    /// Try changes that nothing has noticed with all tests of this package, too
    #[arg(long)]
    with: Vec<String>,
    /// How many tests run at a time
    #[arg(long, default_value_t = 2)]
    jobs: usize,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// A change and its file.
type Place<'a> = (&'a Source, &'a Change);

/// Returns whether each change is noticed or has a reason.
fn run(arguments: &Arguments) -> Result<bool, Box<dyn Error>> {
    let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let root = root.canonicalize()?;
    let reasons = Reasons::read(&root)?;
    let diff = arguments.diff.as_ref().map(|commit| Diff::since(&root, commit)).transpose()?;
    let mut fine = true;
    for place in
        PACKAGES.iter().filter(|place| arguments.package.as_ref().is_none_or(|name| name == place.name))
    {
        let package = Package::read(&root, place)?;
        if let Some(number) = arguments.show {
            for (source, change) in package.changes().filter(|(_, change)| change.number == number) {
                print!("{}", source.shown(number).unwrap_or_default());
                println!("{}", reasons.why(source, change).unwrap_or("It has no reason to go unnoticed."));
            }
            continue;
        }
        let chosen: Vec<_> = arguments.chosen(&package, diff.as_ref()).collect();
        if arguments.list {
            for (source, change) in chosen {
                println!("{}", source.line_of(change));
            }
            continue;
        }
        let results = Results::open(&package.state(), &package.copy()?)?;
        find_out(&package, &results, &reasons, arguments, &chosen)?;
        fine &= tell(&package, &results, &reasons, &chosen);
        for reason in reasons.without_change(&package) {
            eprintln!("there is no such change, so its reason goes: {reason}");
            fine = false;
        }
    }
    Ok(fine)
}

impl Arguments {
    fn chosen<'a>(&self, package: &'a Package, diff: Option<&Diff>) -> impl Iterator<Item = Place<'a>> {
        package.changes().filter(move |(source, change)| {
            (self.file.is_empty() || self.file.iter().any(|start| source.path.starts_with(start)))
                && (self.number.is_empty() || self.number.contains(&change.number))
                && diff.is_none_or(|diff| diff.concerns(source, change))
        })
    }

    /// The tests of other packages that a change is tried with.
    fn wider(&self, package: &Package) -> Vec<&str> {
        let named = self.with.iter().flat_map(|name| ["--package", name.as_str(), "--tests"]);
        let usual = package.place.wider.iter().copied();
        if self.with.is_empty() { usual.collect() } else { named.collect() }
    }
}

/// Makes the chosen changes whose outcome is not known, each on its own. Those with a reason are
/// not made.
fn find_out(
    package: &Package,
    results: &Results,
    reasons: &Reasons,
    arguments: &Arguments,
    chosen: &[Place],
) -> Result<(), Box<dyn Error>> {
    let of = |(source, change): &Place| results.of(&source.path, change);
    let again = !arguments.number.is_empty();
    let is_open = |place: &&Place| {
        let may_survive = reasons.why(place.0, place.1).is_some();
        again || (!may_survive && matches!(of(place), None | Some(Outcome::NotByItsPackage)))
    };
    let all: BTreeMap<_, _> = chosen.iter().filter(is_open).map(|place| (place.1.number, *place)).collect();
    if all.is_empty() {
        return Ok(());
    }
    let mut numbers: BTreeSet<_> = all.keys().copied().collect();
    let programs = compile::compile(package, &mut numbers)?;
    for (source, change) in all.values().filter(|(_, change)| !numbers.contains(&change.number)) {
        results.add(&source.path, change, (Outcome::DoesNotCompile, None));
    }
    let compiled = || numbers.iter().map(|number| all[number]);
    let own: Vec<_> = compiled().filter(|place| again || of(place).is_none()).collect();
    make(package, results, arguments, &programs, &own, Outcome::NotByItsPackage)?;
    let left: Vec<_> = compiled().filter(|place| of(place) == Some(Outcome::NotByItsPackage)).collect();
    if left.is_empty() {
        return Ok(());
    }
    let programs = compile::wider(package, &arguments.wider(package))?;
    make(package, results, arguments, &programs, &left, Outcome::NoticedByNothing)
}

/// Runs these changes with the tests of some programs. `unnoticed` is the outcome of those that
/// none of these notices.
fn make(
    package: &Package,
    results: &Results,
    arguments: &Arguments,
    programs: &[Program],
    changes: &[Place],
    unnoticed: Outcome,
) -> Result<(), Box<dyn Error>> {
    let name = package.place.name;
    if changes.is_empty() {
        return Ok(());
    }
    eprintln!("{name}: running each test without changes");
    let mut tests = Tests::run_each(programs, &package.state().join("passed"), arguments.jobs)?;
    tests.spare_longest();
    eprintln!("{name}: running {} changes with what passes them of {} tests", changes.len(), tests.all.len());
    in_parallel(arguments.jobs, changes, |place, (source, change)| {
        let likely = results.likely(&source.path, change);
        let noticed = tests.of_change(change.number, &source.module(), likely);
        results.add(&source.path, change, noticed.unwrap_or((unnoticed, None)));
        if results.of(&source.path, change) == Some(Outcome::NoticedByNothing) {
            println!("{}", source.line_of(change));
        } else if !arguments.number.is_empty() {
            println!("{}: {}", source.line_of(change), results.shown(&source.path, change));
        }
        if (place + 1).is_multiple_of(100) {
            eprintln!("{name}: {} of {}", place + 1, changes.len());
        }
    });
    Ok(())
}

/// Prints the row of the table in docs/reliability.md, and each change that nothing noticed and
/// that has no reason, with their number by subject. Returns whether there is none.
fn tell(package: &Package, results: &Results, reasons: &Reasons, chosen: &[Place]) -> bool {
    let (may_survive, made): (Vec<_>, Vec<_>) =
        chosen.iter().partition(|(source, change)| reasons.why(source, change).is_some());
    let with = |outcome: Outcome| -> Vec<_> {
        made.iter().filter(|(source, change)| results.of(&source.path, change) == Some(outcome)).collect()
    };
    let survivors = with(Outcome::NoticedByNothing);
    println!(
        "| `{}` | {} | {} | {} | {} | {} | {} |",
        package.place.name,
        chosen.len(),
        with(Outcome::DoesNotCompile).len(),
        with(Outcome::ATestFails).len(),
        with(Outcome::TestsDoNotEnd).len(),
        may_survive.len(),
        survivors.len()
    );
    let mut by_subject = BTreeMap::<_, usize>::new();
    for (source, change) in &survivors {
        eprintln!("nothing notices, and no reason says why: {}", source.line_of(change));
        *by_subject.entry(source.subject()).or_default() += 1;
    }
    for (subject, count) in by_subject {
        println!("{subject}: {count}");
    }
    survivors.is_empty()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_fits_together() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn files_and_numbers_choose_changes() {
        let code = "fn f(a: u8) -> bool { a < 2 }";
        let package = Package::of_texts(&[("a/a.rs", code), ("a/b.rs", code), ("b.rs", code)]);
        for (flags, expected) in [
            (&[][..], &["a/a.rs", "a/b.rs", "b.rs"][..]),
            (&["--file", "a"], &["a/a.rs", "a/b.rs"]),
            (&["--file", "a/a", "--file", "b"], &["a/a.rs", "b.rs"]),
        ] {
            let arguments = Arguments::parse_from([&["mutants"], flags].concat());
            let mut files: Vec<_> =
                arguments.chosen(&package, None).map(|(source, _)| &source.path).collect();
            files.dedup();
            assert_eq!(files, expected, "{flags:?}");
        }
    }
}

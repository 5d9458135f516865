//! Changes one expression of the rules and their adapters at a time, and reports the changes that
//! no test notices.
//!
//! All changes are compiled into one test binary per package, each behind a switch that an
//! environment variable turns on: a change costs the run of those tests that pass its switch, not a
//! build. `.ci/mutants` starts it; CONTRIBUTING.md says when.

mod changes;
mod compile;
mod digest;
mod figures;
mod package;
mod report;
mod results;
mod switched;
mod tests_of;
mod values;

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;

use changes::Change;
use figures::Figures;
use package::{PACKAGES, Package, Source};
use report::{Count, Report};
use results::Results;
use tests_of::{Outcome, Tests, in_parallel};

#[derive(Parser)]
#[command(name = "mutants", version)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
struct Arguments {
    /// Only this package
    #[arg(value_parser = PACKAGES.iter().map(|place| place.name).collect::<Vec<_>>())]
    package: Option<String>,
    /// Only files whose path below `src` begins so
    #[arg(long)]
    file: Vec<String>,
    /// Only the changes with these numbers, again if their outcome is known
    #[arg(long)]
    number: Vec<usize>,
    /// List the changes with their numbers
    #[arg(long)]
    list: bool,
    /// Print one change
    #[arg(long)]
    show: Option<usize>,
    /// Print the changes that docs/reliability/mutants.json names without a reason
    #[arg(long)]
    survivors: bool,
    /// Only files that are not counted as they are now: their code is not what
    /// docs/reliability/mutants.json counts
    #[arg(long)]
    changed: bool,
    /// Write the counts of these files and their survivors into docs/reliability/mutants.json, and
    /// keep the reasons
    #[arg(long)]
    write: bool,
    /// Bring the table of docs/reliability.md up to date, and name the files that are not counted
    #[arg(long)]
    figures: bool,
    /// The same, and fail if there are any or if the table was out of date
    #[arg(long)]
    counted: bool,
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

/// Returns whether all is as it is published.
fn run(arguments: &Arguments) -> Result<bool, Box<dyn Error>> {
    if arguments.write && !arguments.number.is_empty() {
        return Err("only the outcomes of whole files are written".into());
    }
    let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let root = root.canonicalize()?;
    let packages: Vec<_> =
        PACKAGES.iter().map(|place| Package::read(&root, place)).collect::<Result<_, _>>()?;
    let mut report = Report::read(&root)?;
    if arguments.figures || arguments.counted {
        let is_complete = publish(&root, &packages, &report)?;
        return Ok(is_complete || arguments.figures);
    }
    let mut fine = true;
    let chosen = |name: &str| arguments.package.as_deref().is_none_or(|package| package == name);
    for package in packages.iter().filter(|package| chosen(package.place.name)) {
        let changes = arguments.chosen(package, &report);
        if arguments.list {
            changes.for_each(|(source, change)| println!("{}", source.line_of(change)));
        } else if arguments.survivors {
            let is_unexplained = |(source, change): &(&Source, &Change)| {
                report.survivor(source, change).is_some_and(|survivor| survivor.why.is_empty())
            };
            changes
                .filter(is_unexplained)
                .for_each(|(source, change)| println!("{}", source.line_of(change)));
        } else if let Some(number) = arguments.show {
            package
                .sources
                .iter()
                .filter_map(|source| source.shown(number))
                .for_each(|text| print!("{text}"));
        } else {
            let changes: Vec<_> = changes.collect();
            let results = Results::open(&package.state(), &package.copy()?)?;
            find_out(package, &results, arguments, &changes)?;
            let counted = tell(package, &results, &report, &changes);
            if arguments.write {
                report.set(package, counted);
            } else {
                fine &= all_are_published(package, &results, &report, &changes);
            }
        }
    }
    if arguments.write {
        report.write(&root)?;
        publish(&root, &packages, &report)?;
    }
    Ok(fine)
}

impl Arguments {
    fn chosen<'a>(
        &self,
        package: &'a Package,
        report: &Report,
    ) -> impl Iterator<Item = (&'a Source, &'a Change)> {
        let is_chosen = |source: &&Source| {
            (self.file.is_empty() || self.file.iter().any(|start| source.path.starts_with(start)))
                && !(self.changed && report.count(source).is_some())
        };
        let sources = package.sources.iter().filter(is_chosen);
        let changes = sources.flat_map(|source| source.changes().map(move |change| (source, change)));
        changes.filter(|(_, change)| self.number.is_empty() || self.number.contains(&change.number))
    }
}

/// Makes the chosen changes whose outcome is not known, each on its own.
fn find_out(
    package: &Package,
    results: &Results,
    arguments: &Arguments,
    chosen: &[(&Source, &Change)],
) -> Result<(), Box<dyn Error>> {
    let again = !arguments.number.is_empty();
    let all: BTreeMap<_, _> = chosen
        .iter()
        .filter(|(source, change)| again || results.of(&source.path, change).is_none())
        .map(|(source, change)| (change.number, (*source, *change)))
        .collect();
    if all.is_empty() {
        return Ok(());
    }
    let mut numbers: BTreeSet<_> = all.keys().copied().collect();
    let programs = compile::compile(package, &mut numbers)?;
    for (source, change) in all.values().filter(|(_, change)| !numbers.contains(&change.number)) {
        results.add(&source.path, change, (Outcome::DoesNotCompile, None));
    }
    let name = package.place.name;
    eprintln!("{name}: running each test without changes");
    let scratch = package.state().join("passed");
    let tests = Tests::run_each(&programs, package.folder_of_copy(), &scratch, arguments.jobs)?;
    let (changes, of) = (numbers.len(), tests.all.len());
    eprintln!("{name}: running {changes} changes with what passes them of {of} tests");
    let order: Vec<_> = numbers.iter().map(|number| all[number]).collect();
    in_parallel(arguments.jobs, &order, |place, (source, change)| {
        let noticed = tests.of_change(change.number, &source.module());
        let is_survivor = noticed.0 == Outcome::NoticedByNothing;
        results.add(&source.path, change, noticed);
        if again {
            println!("{}: {}", source.line_of(change), results.shown(&source.path, change));
        } else if is_survivor {
            println!("{}", source.line_of(change));
        }
        if (place + 1).is_multiple_of(100) {
            eprintln!("{name}: {} of {changes}", place + 1);
        }
    });
    Ok(())
}

/// Prints the results. Returns the counts by file.
fn tell(
    package: &Package,
    results: &Results,
    report: &Report,
    chosen: &[(&Source, &Change)],
) -> BTreeMap<String, Count> {
    let mut counted: BTreeMap<String, Count> = BTreeMap::new();
    for (source, change) in chosen {
        let outcome = results.of(&source.path, change).expect("every chosen change has been made");
        let count = counted.entry(source.path.clone()).or_insert_with(|| Count::of(source));
        count.add(change, outcome, report.survivor(source, change));
    }
    let mut all = Figures::default();
    for count in counted.values() {
        all.add(count);
    }
    eprintln!("{}: {}", package.place.name, all.sentence());
    counted
}

/// Whether each of these changes that nothing noticed is on the page. Prints the others.
fn all_are_published(
    package: &Package,
    results: &Results,
    report: &Report,
    chosen: &[(&Source, &Change)],
) -> bool {
    let is_new = |(source, change): &&(&Source, &Change)| {
        results.of(&source.path, change) == Some(Outcome::NoticedByNothing)
            && report.survivor(source, change).is_none()
    };
    let new: Vec<_> = chosen.iter().filter(is_new).collect();
    for (source, change) in &new {
        eprintln!("{}: not in mutants.json: {}", package.place.name, source.line_of(change));
    }
    new.is_empty()
}

/// Brings the reliability page's figures up to date. Returns whether they were, and every file is
/// counted.
fn publish(root: &Path, packages: &[Package], report: &Report) -> Result<bool, Box<dyn Error>> {
    let mut is_complete = true;
    for source in packages.iter().flat_map(|package| &package.sources) {
        let changes = source.changes().count();
        if changes > 0 && report.count(source).is_none() {
            is_complete = false;
            eprintln!("not counted: {} ({changes} changes)", source.path_in_workspace());
        }
    }
    let figures: Vec<_> =
        packages.iter().map(|package| (package.place.name, Figures::of(package, report))).collect();
    Ok(figures::write(root, &figures)? && is_complete)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::report::tests::{CODE, counted};

    #[test]
    fn the_command_line_fits_together() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn files_that_are_not_counted_as_they_are_can_be_chosen_alone() {
        let report = counted(&Package::of_texts(&[("a/a.rs", CODE), ("a/b.rs", CODE)]));
        let other = CODE.replace('<', ">");
        let now = Package::of_texts(&[
            ("a/a.rs", &format!("{CODE} // The same.")),
            ("a/b.rs", &other),
            ("a/c.rs", CODE),
            ("b.rs", CODE),
        ]);
        for (flags, expected) in [
            (&["--changed"][..], &["a/b.rs", "a/c.rs", "b.rs"][..]),
            (&["--changed", "--file", "a"], &["a/b.rs", "a/c.rs"]),
            (&["--file", "a/a"], &["a/a.rs"]),
        ] {
            let arguments = Arguments::parse_from([&["mutants"], flags].concat());
            let mut files: Vec<_> = arguments.chosen(&now, &report).map(|(source, _)| &source.path).collect();
            files.dedup();
            assert_eq!(files, expected, "{flags:?}");
        }
    }
}

//! Changes one expression of the rules and their adapters at a time, and reports the changes that
//! no test notices.
//!
//! All changes are compiled into one test binary per package, each behind a switch that an
//! environment variable turns on: a change costs the run of those tests that pass its switch, not a
//! build. `.ci/mutants` starts it; CONTRIBUTING.md says when.

mod changes;
mod compile;
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
use package::{PACKAGES, Package, Source};
use report::{Counts, Report, Unnoticed};
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
    /// Only the changes with these numbers, again if their outcome is known
    #[arg(long)]
    number: Vec<usize>,
    /// List the changes with their numbers
    #[arg(long)]
    list: bool,
    /// Print one change
    #[arg(long)]
    show: Option<usize>,
    /// Print the changes of earlier runs that no test noticed
    #[arg(long)]
    survivors: bool,
    /// Write the counts of these files into docs/reliability/mutants.json, and keep the reasons for
    /// changes
    #[arg(long)]
    write: bool,
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

/// Returns whether no file has more changes that are neither noticed nor explained than are
/// published.
fn run(arguments: &Arguments) -> Result<bool, Box<dyn Error>> {
    if arguments.write && !arguments.number.is_empty() {
        return Err("only the outcomes of whole files are written".into());
    }
    let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let root = root.canonicalize()?;
    let mut fine = true;
    let chosen = |name: &str| arguments.package.as_deref().is_none_or(|package| package == name);
    for place in PACKAGES.iter().filter(|place| chosen(place.name)) {
        let package = Package::read(&root, place)?;
        if arguments.list {
            arguments.chosen(&package).for_each(|(source, change)| println!("{}", source.line_of(change)));
        } else if let Some(number) = arguments.show {
            package
                .sources
                .iter()
                .filter_map(|source| source.shown(number))
                .for_each(|text| print!("{text}"));
        } else {
            let digest = package.copy()?;
            let results = Results::open(&package.state(), &digest)?;
            if !arguments.survivors {
                find_out(&package, &results, arguments)?;
            }
            fine &= tell(&root, &package, &results, arguments)?;
        }
    }
    Ok(fine)
}

impl Arguments {
    fn chosen<'a>(&self, package: &'a Package) -> impl Iterator<Item = (&'a Source, &'a Change)> {
        package.changes().filter(|(source, change)| {
            (self.file.is_empty() || self.file.iter().any(|start| source.path.starts_with(start)))
                && (self.number.is_empty() || self.number.contains(&change.number))
        })
    }
}

/// Makes the chosen changes whose outcome is not known, each on its own.
fn find_out(package: &Package, results: &Results, arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let again = !arguments.number.is_empty();
    let all: BTreeMap<_, _> = arguments
        .chosen(package)
        .filter(|(source, change)| again || results.of(&source.path, change).is_none())
        .map(|(source, change)| (change.number, (source, change)))
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

/// Prints the results, and writes them on request. Returns whether no file has more survivors
/// without a reason than are published.
fn tell(
    root: &Path,
    package: &Package,
    results: &Results,
    arguments: &Arguments,
) -> Result<bool, Box<dyn Error>> {
    let mut report = Report::read(root)?;
    let name = package.place.name;
    let mut files: BTreeMap<String, Counts> = BTreeMap::new();
    let (mut left, mut unknown) = (Vec::new(), 0);
    for (source, change) in arguments.chosen(package) {
        let Some(outcome) = results.of(&source.path, change) else {
            unknown += 1;
            continue;
        };
        let counts = files.entry(source.path.clone()).or_default();
        counts.add(outcome);
        if outcome != Outcome::NoticedByNothing {
            continue;
        }
        let unnoticed = Unnoticed::new(name, &source.path, change);
        if !report.explains(&unnoticed) {
            counts.add_unexplained();
            if arguments.survivors {
                println!("{}", source.line_of(change));
            }
        }
        left.push(unnoticed);
    }
    let sum = Counts::sum(files.values()).sentence();
    eprintln!("{name}: {sum}");
    if unknown > 0 {
        eprintln!("{name}: {unknown} changes have not been made yet");
    }
    let worse = report.worse(name, &files);
    for (file, found, published) in &worse {
        eprintln!("{name}: {file}: {found} without a reason, more than the {published} that are published");
    }
    let is_fine = worse.is_empty() && unknown == 0;
    if arguments.write {
        if unknown > 0 {
            return Err("not all of these changes have been made".into());
        }
        report.set(name, files, &left, arguments.file.is_empty());
        report.write(root)?;
    }
    Ok(is_fine)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_fits_together() {
        super::Arguments::command().debug_assert();
    }
}

//! Changes one expression of the rules and their adapters at a time, and reports the changes that no test notices.
//!
//! All changes are compiled into one test binary per package, each behind a switch that an environment variable turns
//! on: a change costs the run of those tests that pass its switch, not a build. `.ci/mutants` starts it; CONTRIBUTING.md
//! says when.

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
use std::sync::atomic::{AtomicUsize, Ordering};

use clap::Parser;

use package::{PACKAGES, Package};
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
    /// Print what earlier runs found to be noticed by nothing
    #[arg(long)]
    survivors: bool,
    /// Write docs/reliability/mutants.json, with what explains a change kept
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

/// Whether everything is noticed or explained.
fn run(arguments: &Arguments) -> Result<bool, Box<dyn Error>> {
    let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let root = root.canonicalize()?;
    let mut fine = true;
    let chosen = |name: &str| arguments.package.as_deref().is_none_or(|package| package == name);
    for place in PACKAGES.iter().filter(|place| chosen(place.name)) {
        let package = Package::read(&root, place)?;
        if arguments.list || arguments.show.is_some() {
            show(&package, arguments);
            continue;
        }
        let results = Results::open_for(&package)?;
        if !arguments.survivors {
            find_out(&package, &results, arguments)?;
        }
        fine &= tell(&root, &package, &results, arguments)?;
    }
    Ok(fine)
}

impl Arguments {
    fn chooses(&self, file: &str, number: usize) -> bool {
        (self.file.is_empty() || self.file.iter().any(|start| file.starts_with(start)))
            && (self.number.is_empty() || self.number.contains(&number))
    }
}

impl Results {
    fn open_for(package: &Package) -> Result<Self, Box<dyn Error>> {
        let digest = package.copy()?;
        Self::open(&package.state(), &digest)
    }
}

fn show(package: &Package, arguments: &Arguments) {
    for (number, source, change) in
        package.changes().filter(|(number, source, _)| arguments.chooses(&source.path, *number))
    {
        if arguments.show == Some(number) {
            print!("{}:{}: {}", package.path(source), change.line, source.shown(number));
        } else if arguments.list {
            println!(
                "{number} {}:{}: {}: {}",
                package.path(source),
                change.line,
                change.function,
                change.what
            );
        }
    }
}

/// Makes the chosen changes whose outcome is not known, each on its own.
fn find_out(package: &Package, results: &Results, arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let again = !arguments.number.is_empty();
    let all: BTreeMap<_, _> = package
        .changes()
        .filter(|(number, source, _)| arguments.chooses(&source.path, *number))
        .filter(|(_, source, change)| again || results.of(&source.path, change).is_none())
        .map(|(number, source, change)| (number, (source, change)))
        .collect();
    if all.is_empty() {
        return Ok(());
    }
    let mut numbers: BTreeSet<_> = all.keys().copied().collect();
    let programs = compile::compile(package, &mut numbers)?;
    for (number, (source, change)) in &all {
        if !numbers.contains(number) {
            results.add(&source.path, change, Outcome::DoesNotCompile);
        }
    }
    eprintln!("{}: running each test without changes", package.place.name);
    let scratch = package.state().join("passed");
    let tests = Tests::run_each(&programs, package.folder_of_copy(), &scratch, arguments.jobs)?;
    eprintln!(
        "{}: running {} changes with what passes them of {} tests",
        package.place.name,
        numbers.len(),
        tests.all.len()
    );
    let order: Vec<_> = numbers.into_iter().collect();
    let done = AtomicUsize::new(0);
    in_parallel(arguments.jobs, order.len(), |place| {
        let number = order[place];
        let (source, change) = all[&number];
        let outcome = tests.of_change(number, &source.module());
        results.add(&source.path, change, outcome);
        if outcome == Outcome::NoticedByNothing {
            println!(
                "{number} {}:{}: {}: {}",
                package.path(source),
                change.line,
                change.function,
                change.what
            );
        }
        let done = done.fetch_add(1, Ordering::Relaxed) + 1;
        if done.is_multiple_of(100) {
            eprintln!("{}: {done} of {}", package.place.name, order.len());
        }
    });
    Ok(())
}

/// Prints what is known, and writes it if that is wanted. Whether each survivor is explained.
fn tell(
    root: &Path,
    package: &Package,
    results: &Results,
    arguments: &Arguments,
) -> Result<bool, Box<dyn Error>> {
    let mut report = Report::read(root)?;
    let mut files: BTreeMap<String, Counts> = BTreeMap::new();
    let (mut left, mut unknown, mut unexplained) = (Vec::new(), 0, 0);
    for (number, source, change) in
        package.changes().filter(|(number, source, _)| arguments.chooses(&source.path, *number))
    {
        let Some(outcome) = results.of(&source.path, change) else {
            unknown += 1;
            continue;
        };
        files.entry(source.path.clone()).or_default().add(outcome);
        if outcome != Outcome::NoticedByNothing {
            continue;
        }
        let unnoticed = Unnoticed {
            package: package.place.name.to_owned(),
            file: source.path.clone(),
            function: change.function.clone(),
            change: change.what.clone(),
            why: String::new(),
        };
        let explained = report.explains(&unnoticed);
        unexplained += usize::from(!explained);
        if arguments.survivors && !explained {
            println!(
                "{number} {}:{}: {}: {}",
                package.path(source),
                change.line,
                change.function,
                change.what
            );
        }
        left.push(unnoticed);
    }
    let mut sum = Counts::default();
    for counts in files.values() {
        sum.add_all(counts);
    }
    eprintln!("{}: {}, {unexplained} of these without a reason", package.place.name, sum.sentence());
    if unknown > 0 {
        eprintln!("{}: {unknown} changes have not been made yet", package.place.name);
    }
    if arguments.write {
        if unknown > 0 || !arguments.file.is_empty() || !arguments.number.is_empty() {
            return Err("only the outcomes of all changes of a package are written".into());
        }
        report.set(package.place.name, files, &left);
        report.write(root)?;
    }
    Ok(unexplained == 0 && unknown == 0)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_fits_together() {
        super::Arguments::command().debug_assert();
    }
}

//! Compiles the copy, and drops the changes that do not compile.

use std::collections::BTreeSet;
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
    for round in 1.. {
        let switched = package.write(chosen)?;
        eprintln!("{}: compiling {} changes, round {round}", package.place.name, chosen.len());
        let (programs, errors) = build(package, package.place.tests)?;
        if errors.is_empty() {
            return Ok(programs);
        }
        let dropped = blamed(&errors, &switched);
        if dropped.is_empty() {
            let shown = errors.into_iter().filter_map(|error| error.rendered).take(3).collect::<String>();
            return Err(format!(
                "{} does not compile, and no change is to blame:\n{shown}",
                package.place.name
            )
            .into());
        }
        chosen.retain(|number| !dropped.contains(number));
    }
    unreachable!("rounds end with what is left to drop")
}

/// The programs of these tests, with the changes that have been compiled.
pub(crate) fn wider(package: &Package, tests: &[&str]) -> Result<Vec<Program>, Box<dyn Error>> {
    eprintln!("{}: compiling {}", package.place.name, tests.join(" "));
    let (programs, errors) = build(package, tests)?;
    if errors.is_empty() { Ok(programs) } else { Err(format!("{} do not compile", tests.join(" ")).into()) }
}

fn build(package: &Package, tests: &[&str]) -> Result<(Vec<Program>, Vec<Message>), Box<dyn Error>> {
    // Its own code is optimized: the tests run thousands of times.
    let optimized = format!("profile.dev.package.{}.opt-level=1", package.place.name);
    let built = Command::new("cargo")
        .args(["--config", &optimized, "--config", "profile.dev.package.sha2.opt-level=1"])
        .args(["test", "--quiet", "--locked", "--no-run", "--message-format=json"])
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

/// The changes that errors are about. Where an error names none, all of the expression around it,
/// unless other errors do: then it may be gone without those.
fn blamed(errors: &[Message], switched: &[(String, Switched)]) -> BTreeSet<usize> {
    let of = |error: &Message, primary: bool, whole: bool| -> Vec<usize> {
        let spans = error.spans.iter().filter(|span| span.is_primary == primary).flat_map(places);
        let numbers = spans.filter_map(|(file, bytes)| {
            let (_, switched) = switched.iter().find(|(path, _)| path == file)?;
            Some(switched.blamed(&bytes, whole))
        });
        numbers.flatten().collect()
    };
    for (primary, whole) in [(true, false), (false, false), (true, true), (false, true)] {
        let numbers: BTreeSet<_> = errors.iter().flat_map(|error| of(error, primary, whole)).collect();
        if !numbers.is_empty() {
            return numbers;
        }
    }
    BTreeSet::new()
}

/// Where a span is, and where the macros were called that it is in.
fn places(span: &Span) -> Vec<(&str, Range<usize>)> {
    let mut all = vec![(span.file_name.as_str(), span.byte_start..span.byte_end)];
    if let Some(expansion) = &span.expansion {
        all.extend(places(&expansion.span));
    }
    all
}

//! Runs a package's tests: all of them one by one to see which switches each passes, then for each change those that
//! pass its switch.

use std::collections::BTreeSet;
use std::error::Error;
use std::fs;
use std::iter;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

/// How much longer than without a change tests may take, and what they may take in any case. Processor time is what an
/// endless loop uses, whatever else the machine does; what waits for ever uses none.
const SLOWER: u32 = 20;
const PROCESSOR_SECONDS: u64 = 5;
const WAIT: Duration = Duration::from_secs(20);

/// Kilobytes of memory, so that a loop that allocates ends before the machine does.
const MEMORY: &str = "8000000";

/// How many tests run together at most: few of those that are likely to notice a change, then more.
const BATCHES: &[usize] = &[6, 30, 300];

/// Tests that take less than so many milliseconds come first, and each kind has processes of its own.
const KINDS: &[u128] = &[100, 1_000, 5_000];

/// How often an end is looked for.
const LOOK: Duration = Duration::from_millis(2);

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    DoesNotCompile,
    ATestFails,
    TestsDoNotEnd,
    NoticedByNothing,
}

/// A test, and what it does without changes.
pub(crate) struct Test {
    pub(crate) name: String,
    /// The numbers of the changes that it can notice.
    switches: BTreeSet<usize>,
    takes: Duration,
}

/// A program of tests.
pub(crate) struct Tests {
    program: PathBuf,
    folder: PathBuf,
    pub(crate) all: Vec<Test>,
}

impl Tests {
    /// Runs each test without changes. `scratch` is a folder for what they write.
    pub(crate) fn run_each(
        program: PathBuf,
        folder: PathBuf,
        scratch: &Path,
        jobs: usize,
    ) -> Result<Self, Box<dyn Error>> {
        let listed =
            Command::new(&program).args(["--list", "--format", "terse"]).current_dir(&folder).output()?;
        let listed = String::from_utf8(listed.stdout)?;
        let names: Vec<_> = listed.lines().filter_map(|line| line.strip_suffix(": test")).collect();
        let tests = Self { program, folder, all: Vec::new() };
        let _ = fs::remove_dir_all(scratch);
        fs::create_dir_all(scratch)?;
        let found = Mutex::new(Vec::new());
        in_parallel(jobs, names.len(), |place| {
            let passed = scratch.join(place.to_string());
            let start = Instant::now();
            let outcome = tests.run(&names[place..=place], 0, Duration::from_secs(10), Some(&passed));
            found.lock().expect("unpoisoned").push((place, outcome, start.elapsed(), passed));
        });
        let mut found = found.into_inner()?;
        found.sort_by_key(|(place, ..)| *place);
        let mut all = Vec::new();
        for (place, outcome, takes, passed) in found {
            if outcome != Outcome::NoticedByNothing {
                return Err(format!("{} fails without any change", names[place]).into());
            }
            let passed = fs::read_to_string(passed).unwrap_or_default();
            let switches = passed.lines().map(str::parse).collect::<Result<_, _>>()?;
            all.push(Test { name: names[place].to_owned(), switches, takes });
        }
        Ok(Self { all, ..tests })
    }

    /// What the tests say about a change in a module.
    pub(crate) fn of_change(&self, number: usize, module: &str) -> Outcome {
        let mut tests: Vec<_> = self.all.iter().filter(|test| test.switches.contains(&number)).collect();
        // The quick ones, of these those beside the code, of these those that run little else.
        tests.sort_by_key(|test| (kind(test), !test.name.starts_with(module), test.switches.len()));
        let mut most = BATCHES.iter().copied().chain(iter::repeat(usize::MAX));
        for mut left in tests.chunk_by(|a, b| kind(a) == kind(b)) {
            while !left.is_empty() {
                let (batch, others) = left.split_at(most.next().unwrap_or(usize::MAX).min(left.len()));
                let names: Vec<_> = batch.iter().map(|test| test.name.as_str()).collect();
                let outcome = self.run(&names, number, batch.iter().map(|test| test.takes).sum(), None);
                if outcome != Outcome::NoticedByNothing {
                    return outcome;
                }
                left = others;
            }
        }
        Outcome::NoticedByNothing
    }

    fn run(&self, names: &[&str], number: usize, takes: Duration, passed: Option<&Path>) -> Outcome {
        let mut command = Command::new("sh");
        let processor = PROCESSOR_SECONDS + (takes * SLOWER).as_secs();
        command
            .args([
                "-c",
                "ulimit -c 0; ulimit -t $0; ulimit -v $1; shift; exec \"$@\"",
                &processor.to_string(),
                MEMORY,
            ])
            .arg(&self.program)
            .args(["--test-threads", "2", "--exact"])
            .args(names)
            .current_dir(&self.folder)
            .env("CARGO_MANIFEST_DIR", &self.folder)
            .env("MUTANTS_CHANGE", number.to_string())
            .env("RUST_BACKTRACE", "0")
            // The same cases every time, and no search for a smaller one that fails.
            .env("PROPTEST_RNG_SEED", "1")
            .env("PROPTEST_MAX_SHRINK_ITERS", "0")
            .env("PROPTEST_DISABLE_FAILURE_PERSISTENCE", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if let Some(passed) = passed {
            command.env("MUTANTS_PASSED", passed);
        }
        let child = command.spawn().expect("a shell");
        match wait(child, WAIT + takes * SLOWER).and_then(|status| status.code()) {
            Some(0) => Outcome::NoticedByNothing,
            Some(_) => Outcome::ATestFails,
            // Ended by a limit: of time, of processor time, of the stack or of memory.
            None => Outcome::TestsDoNotEnd,
        }
    }
}

fn kind(test: &Test) -> usize {
    KINDS.iter().filter(|&&limit| test.takes.as_millis() >= limit).count()
}

/// Nothing if it was ended here.
fn wait(mut child: Child, most: Duration) -> Option<ExitStatus> {
    let start = Instant::now();
    while start.elapsed() < most {
        if let Ok(Some(status)) = child.try_wait() {
            return Some(status);
        }
        thread::sleep(LOOK);
    }
    let _ = child.kill();
    let _ = child.wait();
    None
}

/// Calls something with 0 up to a count, on several threads.
pub(crate) fn in_parallel(jobs: usize, count: usize, work: impl Fn(usize) + Sync) {
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                while let Some(place) =
                    Some(next.fetch_add(1, Ordering::Relaxed)).filter(|place| *place < count)
                {
                    work(place);
                }
            });
        }
    });
}

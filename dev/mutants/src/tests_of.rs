//! Runs a package's tests: all of them one by one to see which switches each passes, then for each
//! change those that pass its switch.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fs::{self, File};
use std::iter;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::compile::Program;

/// How many times as long as without a change tests may take, and the time that they may take in
/// any case. An endless loop uses processor time under any load of the machine; a test that waits
/// for ever uses none, and is given more.
const SLOWER: u32 = 10;
const PROCESSOR: Duration = Duration::from_secs(2);
const WAIT: Duration = Duration::from_secs(20);

/// Kilobytes of memory, so that a loop that allocates ends before the machine does.
const MEMORY: &str = "4000000";

/// How many tests run together at most: few of those that are likely to notice a change, then more.
const BATCHES: &[usize] = &[6, 30, 300];

/// Tests that use less than so many milliseconds of a processor come first, and each kind has
/// processes of its own.
const KINDS: &[u128] = &[50, 500, 2_000];

/// How often an end is looked for.
const LOOK: Duration = Duration::from_millis(2);

/// How many looks at an end come before one at whether there is a reason to stop.
const ASK: u32 = 50;

/// A test of the last kind is not asked about what so many tests pass.
const MANY: usize = 30;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    DoesNotCompile,
    ATestFails,
    TestsDoNotEnd,
    /// No test of its package notices it. The wider ones have not been asked yet.
    NotByItsPackage,
    NoticedByNothing,
}

/// How a run ended, and the first test that failed, unless the run ended before it could be named.
pub(crate) type Noticed = (Outcome, Option<String>);

/// A test, and its behavior without changes.
pub(crate) struct Test {
    program: Program,
    name: String,
    /// The numbers of the changes that it can notice.
    switches: BTreeSet<usize>,
    takes: Takes,
}

/// Time on the clock and of processors.
#[derive(Clone, Copy, Default)]
struct Takes {
    clock: Duration,
    processor: Duration,
}

pub(crate) struct Tests {
    scratch: PathBuf,
    pub(crate) all: Vec<Test>,
}

impl Tests {
    /// Runs each test without changes. `scratch` is a folder for their files.
    pub(crate) fn run_each(
        programs: &[Program],
        scratch: &Path,
        jobs: usize,
    ) -> Result<Self, Box<dyn Error>> {
        let mut tests = Self { scratch: scratch.to_owned(), all: Vec::new() };
        for program in programs {
            let mut command = Command::new(&program.path);
            let listed =
                command.args(["--list", "--format", "terse"]).current_dir(&program.folder).output()?;
            for name in
                String::from_utf8(listed.stdout)?.lines().filter_map(|line| line.strip_suffix(": test"))
            {
                tests.all.push(Test::new(program, name));
            }
        }
        let _ = fs::remove_dir_all(scratch);
        fs::create_dir_all(scratch)?;
        let found = in_parallel(jobs, &tests.all, |place, test| {
            let (passed, times) = (scratch.join(place.to_string()), scratch.join(format!("{place}.times")));
            let start = Instant::now();
            let mut command = Self::command(&[test], "\"$@\"; code=$?; times >$TIMES; exit $code");
            command.env("MUTANTS_PASSED", &passed).env("TIMES", &times);
            (wait(&mut command, Duration::from_mins(5), || false), start.elapsed(), passed, times)
        });
        for (test, (ended, clock, passed, times)) in tests.all.iter_mut().zip(found) {
            if !ended.is_some_and(|status| status.success()) {
                return Err(format!("{} fails without any change", test.name).into());
            }
            let numbers = fs::read_to_string(passed).unwrap_or_default();
            test.switches = numbers.lines().map(str::parse).collect::<Result<_, _>>()?;
            test.takes = Takes { clock, processor: of_children(&fs::read_to_string(times)?) };
        }
        Ok(tests)
    }

    /// Leaves out the longest tests where there are many others.
    pub(crate) fn spare_longest(&mut self) {
        let mut times = BTreeMap::<usize, usize>::new();
        for number in self.all.iter().flat_map(|test| &test.switches) {
            *times.entry(*number).or_default() += 1;
        }
        for test in self.all.iter_mut().filter(|test| test.kind() == KINDS.len()) {
            test.switches.retain(|number| times[number] < MANY);
        }
    }

    /// The tests' verdict on a change in a module. The `likely` test is asked first.
    pub(crate) fn of_change(&self, number: usize, module: &str, likely: Option<&str>) -> Option<Noticed> {
        let mut tests: Vec<_> = self.all.iter().filter(|test| test.switches.contains(&number)).collect();
        let first = tests.iter().find(|test| Some(test.name.as_str()) == likely);
        if let Some(noticed) = first.and_then(|first| self.run(&[first], number)) {
            return Some(noticed);
        }
        // The quick ones, of these those beside the code, of these those that run little else.
        tests.sort_by_key(|test| {
            (test.kind(), &test.program, !test.name.starts_with(module), test.switches.len())
        });
        let mut most = BATCHES.iter().copied().chain(iter::repeat(usize::MAX));
        for mut left in tests.chunk_by(|a, b| (a.kind(), &a.program) == (b.kind(), &b.program)) {
            while !left.is_empty() {
                let (batch, others) = left.split_at(most.next().unwrap_or(usize::MAX).min(left.len()));
                if let Some(noticed) = self.run(batch, number) {
                    return Some(noticed);
                }
                left = others;
            }
        }
        None
    }

    /// Nothing if the tests pass.
    fn run(&self, batch: &[&Test], number: usize) -> Option<Noticed> {
        let processor = PROCESSOR + SLOWER * batch.iter().map(|test| test.takes.processor).sum::<Duration>();
        let clock = WAIT + SLOWER * batch.iter().map(|test| test.takes.clock).sum::<Duration>();
        let mut command =
            Self::command(batch, "ulimit -c 0; ulimit -t $SECONDS_MOST; ulimit -v $MEMORY; exec \"$@\"");
        command.env("SECONDS_MOST", processor.as_secs().to_string()).env("MEMORY", MEMORY);
        command.env("MUTANTS_CHANGE", number.to_string());
        // A file, because the code that waits for the end does not read a pipe meanwhile.
        let said = self.scratch.join(format!("{number}.said"));
        command.stdout(File::create(&said).expect("a writable folder"));
        let failed = || failed(&fs::read_to_string(&said).unwrap_or_default());
        // One that fails is enough: the others of the batch need not end.
        let ended = wait(&mut command, clock, || failed().is_some());
        match (ended.and_then(|status| status.code()), failed()) {
            (Some(0), None) => None,
            // Ended by a limit: of time, of processor time, of the stack or of memory.
            (None, None) => Some((Outcome::TestsDoNotEnd, None)),
            (_, test) => Some((Outcome::ATestFails, test)),
        }
    }

    /// Runs tests of one program by a script of the shell that runs its arguments.
    fn command(tests: &[&Test], script: &str) -> Command {
        let (mut command, program) = (Command::new("sh"), &tests[0].program);
        command
            .args(["-c", script, "sh"])
            .arg(&program.path)
            .args(["--test-threads", "2", "--exact"])
            .args(tests.iter().map(|test| &test.name))
            .current_dir(&program.folder)
            .env("CARGO_MANIFEST_DIR", &program.folder)
            .env("RUST_BACKTRACE", "0")
            // The same cases every time, and no search for a smaller one that fails.
            .env("PROPTEST_RNG_SEED", "1")
            .env("PROPTEST_MAX_SHRINK_ITERS", "0")
            .env("PROPTEST_DISABLE_FAILURE_PERSISTENCE", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }
}

impl Test {
    fn new(program: &Program, name: &str) -> Self {
        let (program, name) = (program.clone(), name.to_owned());
        Self { program, name, switches: BTreeSet::new(), takes: Takes::default() }
    }

    fn kind(&self) -> usize {
        KINDS.iter().filter(|&&limit| self.takes.processor.as_millis() >= limit).count()
    }
}

/// The first failed test in the output of a run.
fn failed(said: &str) -> Option<String> {
    let of = |line: &str| Some(line.strip_prefix("test ")?.strip_suffix(" ... FAILED")?.to_owned());
    said.lines().find_map(of)
}

/// Processor time of the shell's children: the second line of `times`, as in `0m1.20s 0m0.05s`.
fn of_children(times: &str) -> Duration {
    let seconds = times.lines().nth(1).into_iter().flat_map(str::split_whitespace).filter_map(|time| {
        let (minutes, seconds) = time.trim_end_matches('s').split_once('m')?;
        Some(minutes.parse::<f64>().ok()? * 60.0 + seconds.parse::<f64>().ok()?)
    });
    Duration::from_secs_f64(seconds.sum())
}

/// Runs a command for a time, or until it is to stop. Nothing if it was ended here.
fn wait(command: &mut Command, most: Duration, is_to_stop: impl Fn() -> bool) -> Option<ExitStatus> {
    let mut child = command.spawn().expect("a shell");
    let start = Instant::now();
    for look in 1_u32.. {
        if let Ok(Some(status)) = child.try_wait() {
            return Some(status);
        }
        if start.elapsed() > most || (look.is_multiple_of(ASK) && is_to_stop()) {
            break;
        }
        thread::sleep(LOOK);
    }
    let _ = child.kill();
    let _ = child.wait();
    None
}

/// The results of `work` on each, in their order. The work runs on several threads.
pub(crate) fn in_parallel<T: Sync, R: Send>(
    jobs: usize,
    all: &[T],
    work: impl Fn(usize, &T) -> R + Sync,
) -> Vec<R> {
    let (next, done) = (Mutex::new(all.iter().enumerate()), Mutex::new(BTreeMap::new()));
    let take = || next.lock().expect("unpoisoned").next();
    let worker = || {
        while let Some((place, one)) = take() {
            let result = work(place, one);
            done.lock().expect("unpoisoned").insert(place, result);
        }
    };
    thread::scope(|scope| (0..jobs).for_each(|_| drop(scope.spawn(worker))));
    done.into_inner().expect("unpoisoned").into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_tests_are_asked_only_where_few_others_are() {
        let program = Program { path: PathBuf::new(), folder: PathBuf::new() };
        let test = |switches: &[usize], seconds| {
            let takes = Takes { processor: Duration::from_secs(seconds), ..Takes::default() };
            Test { switches: switches.iter().copied().collect(), takes, ..Test::new(&program, "t") }
        };
        let mut all: Vec<_> = (1..MANY).map(|_| test(&[7], 1)).collect();
        all.extend([test(&[7, 8], 2), test(&[8], 1)]);
        let mut tests = Tests { scratch: PathBuf::new(), all };
        tests.spare_longest();
        let asked = |number| tests.all.iter().filter(|test| test.switches.contains(&number)).count();
        assert_eq!((asked(7), asked(8)), (MANY - 1, 2));
    }

    #[test]
    fn processor_time_is_that_of_children() {
        assert_eq!(of_children("9m9.00s 9m9.00s\n1m1.20s 0m0.05s\n"), Duration::from_millis(61_250));
        assert_eq!(of_children(""), Duration::ZERO);
    }

    #[test]
    fn the_first_test_that_failed_is_named() {
        let said = "running 2 tests\ntest a::b ... ok\ntest a::c ... FAILED\ntest d ... FAILED\n";
        assert_eq!(failed(said), Some("a::c".to_owned()));
        assert_eq!(failed("running 1 test\n"), None);
    }
}

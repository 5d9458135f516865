//! Tests that run in a process of their own, because the tested code reads the environment or runs
//! once in a process.

use std::process::{Child, Command, Stdio};

/// Says in the environment that this process is such a one.
const ALONE: &str = "TOLLGATE_TEST_ALONE";

/// Whether this process was started for the running test, which then does its work.
pub(crate) fn is_alone() -> bool {
    let is_alone = std::env::var_os(ALONE).is_some();
    if is_alone {
        // Ends the line that names the test.
        println!();
    }
    is_alone
}

/// Starts a test of a module once more, in a process of its own, with these variables and without
/// those that have no value.
pub(crate) fn start(module: &str, test: &str, variables: &[(&str, Option<&str>)]) -> Child {
    let (_, module) = module.split_once("::").unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.arg(format!("{module}::{test}")).args(["--exact", "--nocapture", "--test-threads", "1"]);
    command.env(ALONE, "1");
    for (name, value) in variables {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// The same, until it ends well. Returns the lines that it wrote beside the test's own.
pub(crate) fn run(module: &str, test: &str, variables: &[(&str, Option<&str>)]) -> Vec<String> {
    let output = start(module, test, variables).wait_with_output().unwrap();
    let [written, errors] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    assert!(output.status.success() && written.contains("1 passed"), "{written}{errors}");
    let is_own = |line: &str| ["running ", "test "].iter().any(|start| line.starts_with(start));
    let lines = written.lines().filter(|line| !["", "ok"].contains(line) && !is_own(line));
    lines.map(str::to_owned).collect()
}

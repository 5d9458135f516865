//! A stack as `cargo run` starts it, and a shell beside it.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use transcript::FROM_THE_SHELL;

use crate::binary;

/// The addresses that the pages name.
const API: &str = "http://127.0.0.1:3000";
const SIMULATOR: &str = "http://127.0.0.1:3001";

/// Printed after each command, with its exit status.
const MARK: &str = "--- status of the command:";

/// The shell's functions and settings before the first command. `cargo run` is the stack that runs
/// already, without its schedules, so that a page decides when they run. A script's `curl` fails
/// when the API refuses, and a script fails with any of its commands. Files that a page writes are
/// in the directory for the tests' files.
const PROLOGUE: &str = r#"
exec 2>&1
trap '[ "$STRICT" = false ] || FAILED=1' ERR
ln -sfn "$EVENTS" events
cargo() {
    case "$*" in
        run | "run -- --no-schedules") ;;
        "run -- "*) shift 2; "$LOCAL" "$@" ;;
        "run -p tollgate-cli -- "*) shift 4; TOLLGATE_LOCAL=http://127.0.0.1:3000 tollgate "$@" ;;
        *) echo "a page's command that is not run in tests: cargo $*"; return 1 ;;
    esac
}
curl() {
    if [ "$STRICT" = true ]; then command curl --fail-with-body "$@"; else command curl "$@"; fi
}
"#;

pub(crate) struct Session {
    stack: Child,
    shell: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    api: String,
    simulator: String,
}

impl Session {
    /// With the sample month, or without, which takes no time.
    pub(crate) fn start(month: bool) -> Self {
        let options: &[&str] = if month { &[] } else { &["--no-month"] };
        let (stack, api) = binary::start(&[&["--port", "0", "--no-schedules"], options].concat());
        let local = Path::new(env!("CARGO_BIN_EXE_local"));
        let path = format!("{}:{}", local.parent().unwrap().display(), std::env::var("PATH").unwrap());
        let mut shell = Command::new("bash");
        shell
            .args(["--noprofile", "--norc"])
            .current_dir(env!("CARGO_TARGET_TMPDIR"))
            .envs([("PATH", path.as_str()), ("LOCAL", local.to_str().unwrap())])
            .env("EVENTS", concat!(env!("CARGO_MANIFEST_DIR"), "/../../events"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        for name in FROM_THE_SHELL {
            shell.env_remove(name);
        }
        let mut shell = shell.spawn().unwrap();
        let stdin = shell.stdin.take().unwrap();
        let stdout = BufReader::new(shell.stdout.take().unwrap());
        // Nothing is replaced by it until its address is known.
        let simulator = SIMULATOR.to_owned();
        let mut session = Self { stack, shell, stdin, stdout, api, simulator };
        session.run(PROLOGUE, None, false);
        let (addresses, _) = session.run(&format!("curl -s {API}/_local"), None, false);
        let addresses: serde_json::Value = serde_json::from_str(&addresses).unwrap();
        let control = addresses["cardpointe_control"].as_str().unwrap();
        control.trim_end_matches("/_simulator").clone_into(&mut session.simulator);
        session
    }

    /// The output of a command, with the pages' addresses, and its exit status. `typed` is the
    /// input at its prompt.
    pub(crate) fn run(&mut self, command: &str, typed: Option<&str>, strict: bool) -> (String, i32) {
        let command = command.replace(API, &self.api).replace(SIMULATOR, &self.simulator);
        let input = typed.map_or_else(|| "< /dev/null".to_owned(), |typed| format!("<<< '{typed}'"));
        let status = "${FAILED:-$?}";
        writeln!(
            self.stdin,
            "STRICT={strict} FAILED=\n{{\n{command}\n}} {input}\necho \"\n{MARK} {status}\""
        )
        .unwrap();
        let mut printed = String::new();
        loop {
            let before = printed.len();
            assert_ne!(self.stdout.read_line(&mut printed).unwrap(), 0, "the shell ended: {printed}");
            if let Some(status) = printed[before..].strip_prefix(MARK) {
                let status = status.trim().parse().unwrap();
                printed.truncate(before);
                return (printed.replace(&self.api, API).replace(&self.simulator, SIMULATOR), status);
            }
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        for child in [&mut self.shell, &mut self.stack] {
            // It may have ended already, which is as good.
            let _ended = child.kill();
            let _status = child.wait();
        }
        let mut rest = String::new();
        let _read = self.stdout.read_to_string(&mut rest);
    }
}

//! A function's process, and its usage.

use std::{
    ffi::OsString,
    fs,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use serde::de::DeserializeOwned;
use serde_json::Value;
use tollgate::abuse::READS;
use tollgate_wire::Errors;

use crate::runtime_api::RuntimeApi;

/// The variables that Lambda sets for every function, besides the address of its Runtime API.
const SET_BY_LAMBDA: [(&str, &str); 5] = [
    ("AWS_LAMBDA_FUNCTION_NAME", "bench"),
    ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
    ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512"),
    ("AWS_LAMBDA_LOG_GROUP_NAME", "bench"),
    ("AWS_LAMBDA_LOG_STREAM_NAME", "bench"),
];

/// How to start something that requests events from a Runtime API.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    /// The executable and its arguments.
    pub(crate) command: Vec<OsString>,
    /// Where it is started.
    pub(crate) directory: PathBuf,
    /// Its environment, besides the variables that Lambda itself sets.
    pub(crate) environment: Vec<(String, String)>,
    /// The longest that an event may take.
    pub(crate) limit: Duration,
}

/// A function that runs.
pub(crate) struct Running {
    api: RuntimeApi,
    child: Child,
    log: PathBuf,
    /// From the start of the process to its first question for an event.
    pub(crate) start: Duration,
}

impl Program {
    /// Starts it and waits until it requests its first event.
    pub(crate) async fn start(&self) -> Result<Running, String> {
        let api = RuntimeApi::start(self.limit).await.map_err(|error| error.to_string())?;
        let (executable, arguments) = self.command.split_first().ok_or("no command")?;
        let log = new_log();
        let output = fs::File::create(&log).map_err(|error| error.to_string())?;
        let mut command = Command::new(executable);
        command
            .args(arguments)
            .current_dir(&self.directory)
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .envs(SET_BY_LAMBDA)
            .env("AWS_LAMBDA_RUNTIME_API", api.address())
            .stdin(Stdio::null())
            .stdout(output);
        let began = Instant::now();
        let child = command.spawn().map_err(|error| format!("{}: {error}", executable.display()))?;
        let mut running = Running { api, child, log, start: Duration::ZERO };
        let polled =
            running.api.first_poll().await.map_err(|error| format!("{}: {error}", executable.display()))?;
        running.start = polled.duration_since(began);
        Ok(running)
    }
}

impl Running {
    /// Its response to an event, after the limit of a merchant's lists, if the event reaches that.
    pub(crate) async fn invoke(&self, event: &Value) -> Result<Value, String> {
        loop {
            let answer = self.api.invoke(event).await?;
            if answer["statusCode"] != 429 || !has_code(&answer, "too_many_reads") {
                return Ok(answer);
            }
            tokio::time::sleep(READS.window.unsigned_abs()).await;
        }
    }

    /// The same, if the response's status is 200 or 201.
    pub(crate) async fn invoke_well(&self, event: &Value) -> Result<Value, String> {
        well(self.invoke(event).await?)
    }

    /// Processor time that the process has used so far, on all its threads.
    pub(crate) fn cpu(&self) -> Result<Duration, String> {
        let tasks =
            fs::read_dir(format!("/proc/{}/task", self.child.id())).map_err(|error| error.to_string())?;
        let mut nanoseconds = 0;
        for task in tasks.filter_map(Result::ok) {
            // A thread can end while we look.
            let stat = fs::read_to_string(task.path().join("schedstat")).unwrap_or_default();
            nanoseconds += stat.split_whitespace().next().and_then(|ns| ns.parse::<u64>().ok()).unwrap_or(0);
        }
        Ok(Duration::from_nanos(nanoseconds))
    }

    /// The size of its log so far, in bytes.
    pub(crate) fn logged_bytes(&self) -> Result<u64, String> {
        fs::metadata(&self.log).map(|log| log.len()).map_err(|error| error.to_string())
    }

    /// Resident memory, in MiB.
    pub(crate) fn resident_mib(&self) -> Result<f64, String> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))
            .map_err(|error| error.to_string())?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
        let kib: u32 = line.trim().trim_end_matches(" kB").parse().map_err(|_| "VmRSS is no number")?;
        Ok(f64::from(kib) / 1024.0)
    }

    /// Pages that the kernel mapped for it so far, without reading a disk.
    pub(crate) fn page_faults(&self) -> Result<f64, String> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))
            .map_err(|error| error.to_string())?;
        // The second field is the name in parentheses, the tenth the minor faults.
        let after_name = stat.rsplit_once(") ").map_or("", |(_, after)| after);
        after_name
            .split(' ')
            .nth(7)
            .and_then(|faults| faults.parse().ok())
            .ok_or("no minor faults".to_owned())
    }

    /// Ends it as Lambda does, and waits.
    pub(crate) fn stop(mut self) -> Result<(), String> {
        let id = self.child.id().to_string();
        Command::new("kill").args(["-TERM", &id]).status().map_err(|error| error.to_string())?;
        self.child.wait().map(drop).map_err(|error| error.to_string())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        self.child.kill().ok();
        self.child.wait().ok();
        fs::remove_file(&self.log).ok();
    }
}

/// The response, if its status is 200 or 201.
pub(crate) fn well(answer: Value) -> Result<Value, String> {
    match answer.get("statusCode").and_then(Value::as_u64) {
        Some(200 | 201) => Ok(answer),
        _ => Err(format!("an unexpected answer: {answer}")),
    }
}

/// The body of a response.
pub(crate) fn body<T: DeserializeOwned>(answer: &Value) -> Option<T> {
    serde_json::from_str(answer["body"].as_str()?).ok()
}

/// Whether a response is a failure with this code.
pub(crate) fn has_code(answer: &Value, code: &str) -> bool {
    body::<Errors>(answer).is_some_and(|failed| failed.code() == Some(code))
}

/// A file of its own for each process.
fn new_log() -> PathBuf {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let name = format!("tollgate-bench-{}-{}.log", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    std::env::temp_dir().join(name)
}

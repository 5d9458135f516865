//! A function's binary as a process, as Lambda runs it, and the Runtime API that it calls.

use std::{
    ffi::OsStr,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use lambda_simulator::{FreezeMode, InvocationState, Simulator, SimulatorError};
use serde_json::Value;

/// A process that has not responded, or not started, within this has hung.
pub(crate) const HUNG: Duration = Duration::from_secs(30);

/// The functions' own limit, as in `template.yaml`.
const TIMEOUT: Duration = Duration::from_secs(29);

pub(crate) struct Process {
    pub(crate) api: Simulator,
    pub(crate) child: Child,
}

impl Drop for Process {
    fn drop(&mut self) {
        // It has ended already when it was killed, or when it crashed, and then a response was
        // missing.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Process {
    /// Starts a function's binary. If its environment has a variable twice, the last value
    /// counts.
    pub(crate) async fn start<N: AsRef<OsStr>, V: AsRef<OsStr>>(
        binary: &Path,
        environment: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        assert!(binary.exists(), "{} is not built: run `cargo test --workspace`", binary.display());
        let api = Simulator::builder()
            .function_name(binary.file_name().unwrap().to_str().unwrap())
            .invocation_timeout(TIMEOUT)
            .freeze_mode(FreezeMode::None)
            .build()
            .await
            .unwrap();
        let child = Command::new(binary)
            .env_clear()
            .envs(api.lambda_env_vars())
            .envs(environment)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        Self { api, child }
    }

    /// Its response to the invocation with this id.
    pub(crate) async fn response(&self, id: &str, wait: Duration) -> Value {
        self.completed(id, wait).await.response.expect("a response, not an error").payload
    }

    /// The invocation with this id once it has ended. The Runtime API's fake can miss a change that
    /// happens just as a wait begins, so each wait is short: `wait`.
    pub(crate) async fn completed(&self, id: &str, wait: Duration) -> InvocationState {
        let started = Instant::now();
        while started.elapsed() < HUNG {
            match self.api.wait_for_invocation_complete(id, wait).await {
                Ok(state) => return state,
                Err(SimulatorError::Timeout(_)) => {}
                Err(error) => panic!("{error}"),
            }
        }
        panic!("no response");
    }
}

//! One process of a function's binary, and the Runtime API that it asks.

use std::{
    env,
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use lambda_simulator::{FreezeMode, Simulator, SimulatorError};
use serde_json::Value;

use crate::shop::Shop;

/// Where to take the binaries from, instead of beside those of this build.
const FUNCTIONS_DIR: &str = "TOLLGATE_FUNCTIONS_DIR";

/// How long one wait for an answer may take before it is looked for again. The Runtime API's stand-in can miss a change
/// that happens just as the wait begins, and how long an answer takes is measured.
const WAIT: Duration = Duration::from_millis(2);

/// A binary that has not answered, or not started, within this has hung.
const HUNG: Duration = Duration::from_secs(30);

/// The functions' own limit, as in `template.yaml`.
const TIMEOUT: Duration = Duration::from_secs(29);

const SIGKILL: i32 = 9;

pub(crate) struct Function {
    api: Simulator,
    process: Child,
}

impl Drop for Function {
    fn drop(&mut self) {
        // It has ended already when it was killed.
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

impl Function {
    /// Starts a process, and returns when it asks for its first invocation.
    pub(crate) async fn start(name: &str, shop: &Shop) -> Self {
        let binary = binary(name);
        assert!(binary.exists(), "{} is not built: run `cargo test --workspace`", binary.display());
        let api = Simulator::builder()
            .function_name(name)
            .invocation_timeout(TIMEOUT)
            .freeze_mode(FreezeMode::None)
            .build()
            .await
            .unwrap();
        let process = Command::new(binary)
            .env_clear()
            .envs(api.lambda_env_vars())
            .envs(shop.stack.environment())
            .env("AWS_ENDPOINT_URL_DYNAMODB", shop.dynamodb_url())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let function = Self { api, process };
        function.api.wait_for(|| function.api.is_initialized(), HUNG).await.unwrap();
        function
    }

    /// Hands it an event; the answer is asked for by the id.
    pub(crate) async fn send(&self, event: &Value) -> String {
        self.api.enqueue_payload(event.clone()).await
    }

    /// Waits for an answer.
    pub(crate) async fn answer(&self, id: &str) -> Value {
        let started = std::time::Instant::now();
        while started.elapsed() < HUNG {
            match self.api.wait_for_invocation_complete(id, WAIT).await {
                Ok(state) => return state.response.expect("an answer, not an error").payload,
                Err(SimulatorError::Timeout(_)) => {}
                Err(error) => panic!("{error}"),
            }
        }
        panic!("no answer");
    }

    /// Kills it when this much time has gone by, wherever it is then, and answers what it had answered until then.
    pub(crate) async fn kill_after(mut self, moment: Duration, id: &str) -> Option<Value> {
        // A thread's sleep is exact to microseconds, a task's to a millisecond.
        let killed = tokio::task::spawn_blocking(move || {
            thread::sleep(moment);
            self.process.kill().unwrap();
            let ended = self.process.wait().unwrap();
            assert_eq!(ended.signal(), Some(SIGKILL), "it had ended by itself: {ended}");
            self
        });
        let function = killed.await.unwrap();
        function.api.get_invocation_state(id).await.unwrap().response.map(|response| response.payload)
    }
}

fn binary(name: &str) -> PathBuf {
    let Some(directory) = env::var_os(FUNCTIONS_DIR) else {
        return Path::new(env!("CARGO_BIN_EXE_local")).with_file_name(name);
    };
    // Cargo runs a test in its package's directory; who sets the variable stands in the workspace's.
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(directory).join(name)
}

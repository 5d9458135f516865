//! A function's own binary, as Lambda runs it.

use std::{
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use lambda_simulator::{FreezeMode, Simulator, SimulatorError, SimulatorPhase};
use local::Stack;
use serde_json::{Value, json};

/// How long one wait for an answer may take before it is asked for again. The simulator can miss a change that
/// happens just as the wait begins.
const WAIT: Duration = Duration::from_millis(500);

/// Waits for one answer; a binary that takes this many has hung.
const WAITS_MAX: usize = 60;

/// The functions' own limit, as in `template.yaml`.
const TIMEOUT: Duration = Duration::from_secs(29);

/// A function's process and the Runtime API that it asks.
pub(crate) struct Function {
    api: Simulator,
    process: Child,
}

impl Drop for Function {
    fn drop(&mut self) {
        // It has ended already only when it crashed, and then an answer was missing.
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

impl Function {
    /// A function of a stack.
    pub(crate) async fn start(name: &str, stack: &Stack) -> Self {
        Self::start_with(name, stack, &[]).await
    }

    /// The same, with more in its environment, or other things.
    pub(crate) async fn start_with(name: &str, stack: &Stack, more: &[(&str, &str)]) -> Self {
        let binary = Path::new(env!("CARGO_BIN_EXE_local")).with_file_name(name);
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
            .envs(stack.environment())
            .envs(more.iter().copied())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        Self { api, process }
    }

    /// Waits until it asks for its first event.
    pub(crate) async fn is_ready(&self) {
        for _ in 0..WAITS_MAX {
            match self.api.wait_for_phase(SimulatorPhase::Ready, WAIT).await {
                Ok(()) => return,
                Err(SimulatorError::Timeout(_)) => {}
                Err(error) => panic!("{error}"),
            }
        }
        panic!("it does not start");
    }

    /// What it answers to an event.
    pub(crate) async fn answer(&self, event: &Value) -> Value {
        let id = self.api.enqueue_payload(event.clone()).await;
        for _ in 0..WAITS_MAX {
            match self.api.wait_for_invocation_complete(&id, WAIT).await {
                Ok(state) => return state.response.expect("an answer, not an error").payload,
                Err(SimulatorError::Timeout(_)) => {}
                Err(error) => panic!("{error}"),
            }
        }
        panic!("no answer");
    }
}

/// API Gateway lets none through; a function that meets one all the same goes on.
#[tokio::test]
async fn a_host_that_is_no_part_of_a_url_does_not_stop_a_function() {
    let stack = crate::support::stack().await;
    let function = Function::start("orders", &stack).await;
    let mut event: Value = serde_json::from_str(include_str!("../../../events/orders-read.json")).unwrap();
    for host in ["a b", "[::1", "https://", "", "pay.example.com:port"] {
        event["headers"]["host"] = json!(host);
        event["requestContext"]["domainName"] = json!(host);
        let answer = function.answer(&event).await;
        assert!(answer["statusCode"].is_u64(), "{host}: {answer}");
    }
    drop(function);
    stack.stop().await;
}

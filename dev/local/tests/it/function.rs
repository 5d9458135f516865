//! A function's own binary, as Lambda runs it.

use std::{ffi::OsStr, path::Path, time::Duration};

use lambda_simulator::{SimulatorError, SimulatorPhase};
use local::Stack;
use serde_json::{Value, json};

use crate::process::{HUNG, Process};

/// How long one wait may take.
const WAIT: Duration = Duration::from_millis(500);

/// A function's process and the Runtime API that it calls.
pub(crate) struct Function(Process);

impl Function {
    /// A function of a stack.
    pub(crate) async fn start(name: &str, stack: &Stack) -> Self {
        Self::start_with(name, stack, &[]).await
    }

    /// The same, with more in its environment, or other things.
    pub(crate) async fn start_with(name: &str, stack: &Stack, more: &[(&str, &str)]) -> Self {
        let more = more.iter().map(|(name, value)| (*name, (*value).to_owned()));
        Self::start_in(name, stack.environment().into_iter().chain(more)).await
    }

    /// A function in an environment that is given as a whole.
    pub(crate) async fn start_in<N: AsRef<OsStr>, V: AsRef<OsStr>>(
        name: &str,
        environment: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let binary = Path::new(env!("CARGO_BIN_EXE_local")).with_file_name(name);
        Self(Process::start(&binary, environment).await)
    }

    /// Waits until it requests its first event.
    pub(crate) async fn is_ready(&self) {
        let started = std::time::Instant::now();
        while started.elapsed() < HUNG {
            match self.0.api.wait_for_phase(SimulatorPhase::Ready, WAIT).await {
                Ok(()) => return,
                Err(SimulatorError::Timeout(_)) => {}
                Err(error) => panic!("{error}"),
            }
        }
        panic!("it does not start");
    }

    /// Its response to an event.
    pub(crate) async fn answer(&self, event: &Value) -> Value {
        let id = self.0.api.enqueue_payload(event.clone()).await;
        self.0.response(&id, WAIT).await
    }
}

/// API Gateway lets none through; a function that meets one all the same goes on.
#[tokio::test]
async fn a_host_that_is_no_part_of_a_url_does_not_stop_a_function() {
    let stack = crate::support::stack().await;
    let function = Function::start("orders", &stack).await;
    let mut event: Value = serde_json::from_str(include_str!("../../../../events/orders-read.json")).unwrap();
    for host in ["a b", "[::1", "https://", "", "pay.example.com:port"] {
        event["headers"]["host"] = json!(host);
        event["requestContext"]["domainName"] = json!(host);
        let answer = function.answer(&event).await;
        assert!(answer["statusCode"].is_u64(), "{host}: {answer}");
    }
    drop(function);
    stack.stop().await;
}

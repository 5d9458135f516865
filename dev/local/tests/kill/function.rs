//! One process of a function's binary, and the Runtime API that it calls.

use std::{
    env,
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use serde_json::Value;

use crate::{
    process::{HUNG, Process},
    shop::Shop,
};

/// Where to take the binaries from, instead of beside those of this build.
const FUNCTIONS_DIR: &str = "TOLLGATE_FUNCTIONS_DIR";

/// How long one wait for a response may take: short, because how long a response takes is measured.
const WAIT: Duration = Duration::from_millis(2);

const SIGKILL: i32 = 9;

pub(crate) struct Function(Process);

impl Function {
    /// Starts a process, and returns when it requests its first invocation.
    pub(crate) async fn start(name: &str, shop: &Shop) -> Self {
        let mut environment = shop.stack.environment();
        environment.push(("AWS_ENDPOINT_URL_DYNAMODB", shop.dynamodb_url()));
        let function = Self(Process::start(&binary(name), environment).await);
        let api = &function.0.api;
        api.wait_for(|| api.is_initialized(), HUNG).await.unwrap();
        function
    }

    /// Hands it an event; the response is waited for by the id.
    pub(crate) async fn send(&self, event: &Value) -> String {
        self.0.api.enqueue_payload(event.clone()).await
    }

    /// Waits for a response.
    pub(crate) async fn answer(&self, id: &str) -> Value {
        self.0.response(id, WAIT).await
    }

    /// Kills it when this much time has gone by, wherever it is then, and returns its response, if
    /// it had one by then.
    pub(crate) async fn kill_after(mut self, moment: Duration, id: &str) -> Option<Value> {
        // A thread's sleep is exact to microseconds, a task's to a millisecond.
        let killed = tokio::task::spawn_blocking(move || {
            thread::sleep(moment);
            self.0.child.kill().unwrap();
            let ended = self.0.child.wait().unwrap();
            assert_eq!(ended.signal(), Some(SIGKILL), "it had ended by itself: {ended}");
            self
        });
        let function = killed.await.unwrap();
        function.0.api.get_invocation_state(id).await.unwrap().response.map(|response| response.payload)
    }
}

fn binary(name: &str) -> PathBuf {
    let Some(directory) = env::var_os(FUNCTIONS_DIR) else {
        return Path::new(env!("CARGO_BIN_EXE_local")).with_file_name(name);
    };
    // Cargo runs a test in its package's directory; a path in the variable starts from the
    // workspace's.
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(directory).join(name)
}

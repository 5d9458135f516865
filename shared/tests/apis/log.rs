//! The log lines of a request.

use std::sync::{
    Once,
    atomic::{AtomicBool, Ordering},
};

use serde_json::{Map, Value};
use tollgate::telemetry;

/// This thread's log from now on.
pub(crate) struct Log(memory::Log);

/// Members with a duration, a time or the process.
const NEVER_THE_SAME: [&str; 4] = ["timestamp", "version", "cold_start", "target"];

/// Whether a request said that it was the first of this process.
static COLD: AtomicBool = AtomicBool::new(false);

impl Log {
    pub(crate) fn here() -> Self {
        static STARTED: Once = Once::new();
        let log = memory::Log::here();
        // As in a function, so that lines have figures.
        STARTED.call_once(telemetry::init);
        Self(log)
    }

    /// The lines since the last time.
    pub(crate) fn take(&self) -> Vec<Map<String, Value>> {
        self.0.take()
    }

    /// The same, each as a text, without the members that a request's line repeats from the
    /// request.
    pub(crate) fn told(&self, route: &str, id: &str, status: u16) -> Vec<Value> {
        let lines = self.take().into_iter().map(|mut line| {
            let message = line.remove("message").unwrap_or_default();
            let level = line.remove("level").unwrap_or_default();
            if message == "answered" {
                let is_cold = line.get("cold_start").is_some();
                assert!(!(is_cold && COLD.swap(true, Ordering::Relaxed)), "a process starts once");
                let known: [(&str, Value); 3] =
                    [("route", route.into()), ("request_id", id.into()), ("status", status.into())];
                for (name, value) in known {
                    if line.get(name) == Some(&value) {
                        line.remove(name);
                    } else {
                        line.entry(name).or_insert_with(|| "is missing".into());
                    }
                }
            }
            if let Some(figures) = line.remove("metrics") {
                line.insert("figures".to_owned(), figures_of(&figures));
            }
            let told = line.iter().filter(|(name, _)| !NEVER_THE_SAME.contains(&name.as_str()));
            let told = told.filter(|(_, value)| **value != id);
            let mut told: Vec<_> =
                told.map(|(name, value)| format!(" {name}={value}").replace('"', "")).collect();
            told.sort_unstable();
            let (level, message) = (level.as_str().unwrap_or_default(), message.as_str().unwrap_or_default());
            format!("{level} {message}{}", told.concat())
        });
        lines.map(Value::from).collect()
    }
}

/// The figures of a line, without how they are to be read.
fn figures_of(members: &Value) -> Value {
    let members = format!("{{{}}}", members.as_str().unwrap());
    let mut figures: Map<String, Value> = serde_json::from_str(&members).unwrap();
    figures.retain(|name, _| !["_aws", "Stage"].contains(&name.as_str()));
    figures.into()
}

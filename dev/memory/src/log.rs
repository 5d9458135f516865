//! The log, for tests.

use std::{
    io::{Result, Write},
    sync::{Arc, Mutex, Once},
};

use serde_json::{Map, Value};
use tracing::{Level, subscriber::DefaultGuard};

use super::locked::lock;

/// This thread's log from now on.
#[derive(Debug)]
pub struct Log {
    written: WrittenLog,
    _from_now_on: DefaultGuard,
}

impl Log {
    /// Begins to keep this thread's log.
    pub fn here() -> Self {
        // A line that another thread writes for the first time, just when a log begins, would
        // otherwise be switched off for good: nobody was interested then.
        static ALWAYS_INTERESTED: Once = Once::new();
        ALWAYS_INTERESTED.call_once(|| {
            let discarded = tracing_subscriber::fmt().with_max_level(Level::INFO).with_writer(std::io::sink);
            tracing::subscriber::set_global_default(discarded.finish()).expect("the only one");
        });
        let written = WrittenLog::default();
        let writer = written.clone();
        let lines = tracing_subscriber::fmt()
            .json()
            .flatten_event(true)
            .with_max_level(Level::INFO)
            .with_writer(move || writer.clone())
            .finish();
        Self { written, _from_now_on: tracing::subscriber::set_default(lines) }
    }

    /// The lines with this message, in order.
    pub fn lines(&self, message: &str) -> Vec<Map<String, Value>> {
        let lines = lines_of(&lock(&self.written.0)).into_iter();
        lines.filter(|line| line["message"] == message).collect()
    }

    /// All lines since the last time.
    pub fn take(&self) -> Vec<Map<String, Value>> {
        lines_of(&std::mem::take(&mut *lock(&self.written.0)))
    }
}

fn lines_of(written: &[u8]) -> Vec<Map<String, Value>> {
    let lines = std::str::from_utf8(written).expect("lines are text").lines();
    lines.map(|line| serde_json::from_str(line).expect("a line is JSON")).collect()
}

#[derive(Clone, Debug, Default)]
struct WrittenLog(Arc<Mutex<Vec<u8>>>);

impl Write for WrittenLog {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        lock(&self.0).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}

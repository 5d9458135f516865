//! What is logged, for tests.

use std::{
    io::{Result, Write},
    sync::{Arc, Mutex, Once},
};

use serde_json::{Map, Value};
use tracing::{Level, subscriber::DefaultGuard};

/// What this thread logs from now on.
pub(crate) struct Log {
    written: Written,
    _from_now_on: DefaultGuard,
}

impl Log {
    pub(crate) fn here() -> Self {
        // A line that another thread writes for the first time, just when a log begins, would otherwise be switched off for
        // good: nobody was interested then.
        static ALWAYS_INTERESTED: Once = Once::new();
        ALWAYS_INTERESTED.call_once(|| {
            let discarded = tracing_subscriber::fmt().with_max_level(Level::INFO).with_writer(std::io::sink);
            tracing::subscriber::set_global_default(discarded.finish()).expect("the only one");
        });
        let written = Written::default();
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
    pub(crate) fn lines(&self, message: &str) -> Vec<Map<String, Value>> {
        let written = self.written.0.lock().unwrap();
        let lines = std::str::from_utf8(&written).unwrap().lines();
        let lines = lines.map(|line| serde_json::from_str::<Map<String, Value>>(line).unwrap());
        lines.filter(|line| line["message"] == message).collect()
    }
}

#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}

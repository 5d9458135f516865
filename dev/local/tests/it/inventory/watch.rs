//! The log lines and panics of one test, apart from all others.

use std::{
    io::Write,
    sync::{Arc, Mutex, MutexGuard, Once, PoisonError},
    thread::{ThreadId, current},
};

use serde_json::Value;
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::{
    Layer as _, filter::Targets, fmt, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

/// A watch over everything that is logged on this thread: a test's runtime has one thread, and the
/// stack runs there, too.
pub(crate) struct Watch {
    written: Buffer,
    _logs_here: DefaultGuard,
}

impl Watch {
    /// From now on, as far as the filter lets it through.
    pub(crate) fn over(filter: &str) -> Self {
        let written = Buffer::default();
        let writer = written.clone();
        let lines = fmt::layer().json().with_writer(move || writer.clone());
        let subscriber =
            tracing_subscriber::registry().with(lines.with_filter(filter.parse::<Targets>().unwrap()));
        Self { written, _logs_here: subscriber.set_default() }
    }

    /// Every line so far, as it is and as JSON.
    pub(crate) fn lines(&self) -> Vec<(String, Value)> {
        let text = String::from_utf8(self.written.bytes().clone()).unwrap();
        text.lines().map(|line| (line.to_owned(), serde_json::from_str(line).unwrap())).collect()
    }
}

#[derive(Clone, Default)]
struct Buffer(Arc<Mutex<Vec<u8>>>);

impl Buffer {
    fn bytes(&self) -> MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.bytes().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

static PANICS: Mutex<Vec<(ThreadId, String)>> = Mutex::new(Vec::new());

/// From now on, panics are kept as they are written to standard error, which is a log, too.
pub(super) fn keep_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let mut panics = PANICS.lock().unwrap_or_else(PoisonError::into_inner);
            panics.push((current().id(), panic.to_string()));
            drop(panics);
            usual(panic);
        }));
    });
}

/// The panics of this thread.
pub(super) fn panics() -> Vec<String> {
    let panics = PANICS.lock().unwrap_or_else(PoisonError::into_inner);
    panics.iter().filter(|(thread, _)| *thread == current().id()).map(|(_, panic)| panic.clone()).collect()
}

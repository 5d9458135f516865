//! Logs: JSON lines with a closed list of fields.
//!
//! Never logged: a body, a header, a card number, a security code, a name, an address, a token, a
//! key, a password.

mod measured;
mod metrics;
#[cfg(test)]
mod tests;

use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    Layer as _,
    filter::Targets,
    fmt::{
        self, FmtContext,
        format::{self, FormatEvent, FormatFields},
    },
    layer::SubscriberExt as _,
    registry::LookupSpan,
    util::SubscriberInitExt as _,
};

use crate::invocation::FIGURES;
use metrics::figures;

pub use measured::{Measured, Measures};
pub use metrics::emit;

/// Writes JSON lines to standard output at `LOG_LEVEL` (`info` when it is not set or not a level).
pub fn init() {
    let level = match std::env::var("LOG_LEVEL").unwrap_or_default().to_lowercase().as_str() {
        "error" => Level::ERROR,
        "warn" => Level::WARN,
        "debug" => Level::DEBUG,
        _ => Level::INFO,
    };
    // Only ours: the libraries' own lines may quote the requests that they send.
    let ours = Targets::new().with_target("tollgate", level);
    let lines = fmt::layer().event_format(Lines).with_filter(ours);
    if FIGURES.set(figures).is_err() {
        tracing::debug!("the figures were set up before");
    }
    // Fails only when there is a subscriber already, as in a test; that one then serves.
    if tracing_subscriber::registry().with(lines).try_init().is_err() {
        tracing::debug!("logging was set up before");
    }
}

/// The form of a log line: its figures if it has any, its level, and its fields.
struct Lines;

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: format::Writer<'_>,
        event: &Event<'_>,
    ) -> std::fmt::Result {
        let mut fields = LogFields::default();
        event.record(&mut fields);
        let LogFields { written, figures } = fields;
        let figures = figures.map(|members| members + ",").unwrap_or_default();
        let level = event.metadata().level();
        writeln!(writer, r#"{{{figures}"level":"{level}","fields":{{{written}}}}}"#)
    }
}

/// A line's fields as the members of a JSON object.
#[derive(Default)]
struct LogFields {
    written: String,
    /// Members of the line itself, in JSON already.
    figures: Option<String>,
}

impl LogFields {
    fn add(&mut self, field: &Field, json: &str) {
        let comma = if self.written.is_empty() { "" } else { "," };
        // The names are our own and need no escapes.
        self.written.extend([comma, "\"", field.name(), "\":", json]);
    }

    fn add_text(&mut self, field: &Field, text: &str) {
        if let Ok(json) = serde_json::to_string(text) {
            self.add(field, &json);
        }
    }
}

impl Visit for LogFields {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.add_text(field, &format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "metrics" {
            self.figures = Some(value.to_owned());
        } else {
            self.add_text(field, value);
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, &value.to_string());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, &value.to_string());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, if value { "true" } else { "false" });
    }
}

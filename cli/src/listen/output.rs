//! The output of `listen`: lines for a person, in color on a terminal, or a JSON object per line.

use std::io::{self, Write};

use console::Style;
use serde_json::json;
use tollgate_wire::Event;

use super::{EventSubject, Forward, SECRET_VARIABLE, Sent};

/// The output cannot be written any more, because its reader has ended.
pub(super) struct Closed;

impl From<io::Error> for Closed {
    fn from(_: io::Error) -> Self {
        Self
    }
}

pub(super) struct Output {
    json: bool,
    to: io::Stdout,
}

impl Output {
    pub(super) fn new(json: bool) -> Self {
        Self { json, to: io::stdout() }
    }

    /// Where events come from and go to, and the secret that a receiver needs.
    pub(super) fn begin(&mut self, url: &str, forward: Option<&Forward>) -> Result<(), Closed> {
        if self.json {
            return self.line(&json!({ "listening": url, "forward_to": forward.map(Forward::to_json) }));
        }
        let Some(forward) = forward else { return self.line(&format!("Listening to {url}.\n")) };
        self.line(&format!("Listening to {url}, forwarding to {}.", forward.url))?;
        match &forward.shown {
            Some(secret) => self.line(&format!("Messages are signed with  {secret}\n")),
            None => self.line(&format!("Messages are signed with the secret in {SECRET_VARIABLE}.\n")),
        }
    }

    /// One line in JSON, or a short one for a person.
    pub(super) fn event(&mut self, event: &Event<EventSubject>, body: &str) -> Result<(), Closed> {
        if self.json {
            return self.line(&format!(r#"{{"event":{body}}}"#));
        }
        let Event { id, kind, data, .. } = event;
        let color = if kind.ends_with("failed") || kind.ends_with("needs_attention") {
            Style::new().red()
        } else {
            Style::new().cyan()
        };
        let reason = event.reason.as_ref().map(|reason| format!(", {reason}")).unwrap_or_default();
        self.line(&format!(
            "{}  --> {}{reason}  {} {}  {}",
            // Whole seconds are enough to read.
            event.timestamp.0.strftime("%Y-%m-%dT%H:%M:%SZ"),
            color.bold().apply_to(kind),
            data.kind,
            data.id,
            Style::new().dim().apply_to(id),
        ))
    }

    /// An event of a form that is not known.
    pub(super) fn unreadable(&mut self, body: &str) -> Result<(), Closed> {
        let text = format!("an event cannot be read: {body}");
        if self.json { self.line(&json!({ "error": text })) } else { self.line(&text) }
    }

    /// How the delivery of a message ended.
    pub(super) fn sent(&mut self, sent: &Sent) -> Result<(), Closed> {
        let Sent { event, kind, result, took } = sent;
        let ms = took.as_millis();
        if self.json {
            let (status, error) = (result.ok(), result.err());
            return self.line(
                &json!({ "delivery": { "event": event, "status": status, "error": error, "ms": ms } }),
            );
        }
        let (color, result) = match result {
            Ok(status @ 200..=299) => (Style::new().green(), status.to_string()),
            Ok(status) => (Style::new().red(), status.to_string()),
            Err(why) => (Style::new().red(), (*why).to_owned()),
        };
        self.line(&format!(
            "{:20}  <-- {}  {kind}  {ms} ms  {}",
            "",
            color.bold().apply_to(result),
            Style::new().dim().apply_to(event),
        ))
    }

    fn line(&mut self, line: &impl std::fmt::Display) -> Result<(), Closed> {
        // In one piece, and at once, also into a pipe.
        self.to.write_all(format!("{line}\n").as_bytes())?;
        Ok(self.to.flush()?)
    }
}

//! The output of a command: the same for a person and for a machine.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use serde_json::Value;

pub(crate) struct Report {
    /// For a person; printed without `--json`.
    pub(crate) text: String,
    /// For a machine, with `--json`; null prints nothing in either form.
    pub(crate) value: Value,
    /// The exit code of the process, 0 if all is well.
    pub(crate) code: u8,
}

impl Report {
    pub(crate) fn new(text: String, value: Value) -> Self {
        Self { text, value, code: 0 }
    }

    /// Of a command that printed its results along the way.
    pub(crate) fn nothing() -> Self {
        Self::new(String::new(), Value::Null)
    }

    pub(crate) fn print(&self, json: bool) -> ExitCode {
        let text = if json { format!("{:#}", self.value) } else { self.text.trim_end().to_owned() };
        if !self.value.is_null() {
            // The reader of the output may have ended before: the command is done all the same.
            writeln!(io::stdout(), "{text}").unwrap_or_default();
        }
        ExitCode::from(self.code)
    }
}

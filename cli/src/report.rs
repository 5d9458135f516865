//! What a command answers: the same for a person and for a machine.

use std::process::ExitCode;

use serde_json::Value;

/// A command's result.
pub(crate) struct Report {
    /// For a person.
    pub(crate) text: String,
    /// For a machine.
    pub(crate) value: Value,
    /// The exit code.
    pub(crate) code: u8,
}

impl Report {
    pub(crate) fn new(text: String, value: Value) -> Self {
        Self { text, value, code: 0 }
    }

    pub(crate) fn print(&self, json: bool) -> ExitCode {
        if json {
            println!("{:#}", self.value);
        } else {
            println!("{}", self.text.trim_end());
        }
        ExitCode::from(self.code)
    }
}

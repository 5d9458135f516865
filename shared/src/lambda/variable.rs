//! The variables of a function's environment, and the error that names one that stops its start.

use std::{
    env::{self, VarError},
    fmt::{self, Display},
    str::FromStr,
};

/// A variable that stops a function's start. Its value is not shown, because it may be a secret.
#[derive(thiserror::Error)]
#[error("{name} {problem}")]
pub struct WrongVariable {
    name: &'static str,
    problem: String,
}

/// The form in which a process writes the error that its `main` returns.
impl fmt::Debug for WrongVariable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Display::fmt(self, f)
    }
}

impl WrongVariable {
    /// A variable and its problem. The text has no value.
    pub fn new(name: &'static str, problem: impl Into<String>) -> Self {
        Self { name, problem: problem.into() }
    }

    /// A value that is refused for a reason that its parser states.
    pub(super) fn invalid(name: &'static str, reason: impl Display) -> Self {
        Self::new(name, format!("is not valid: {reason}"))
    }
}

/// A variable that has to be set.
pub fn needed(name: &'static str) -> Result<String, WrongVariable> {
    match env::var(name) {
        Ok(value) if value.is_empty() => Err(WrongVariable::new(name, "is empty")),
        Ok(value) => Ok(value),
        Err(VarError::NotPresent) => Err(WrongVariable::new(name, "is not set")),
        Err(VarError::NotUnicode(_)) => Err(WrongVariable::new(name, "is not Unicode")),
    }
}

/// A variable that has to be set, parsed.
pub(super) fn needed_as<T: FromStr<Err: Display>>(name: &'static str) -> Result<T, WrongVariable> {
    needed(name)?.parse().map_err(|reason| WrongVariable::invalid(name, reason))
}

/// A variable that may be left out or empty.
pub fn optional(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

/// A number that may be left out.
pub(super) fn optional_number<T: FromStr>(name: &'static str, otherwise: T) -> Result<T, WrongVariable> {
    let number = optional(name).map_or(Ok(otherwise), |text| text.parse());
    number.map_err(|_| WrongVariable::new(name, "must be a number"))
}

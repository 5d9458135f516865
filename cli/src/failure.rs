//! Failures, for a person and for a machine, with an exit code each.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use serde_json::json;
use tollgate_core::{
    order::Rejection,
    payments::{MerchantsError, NotByHand, Refusal, Unreadable},
};

/// Exit code of a doctor that found something wrong.
pub(crate) const UNHEALTHY: u8 = 1;

/// Exit code of arguments and settings that are wrong.
pub(crate) const INVALID_INPUT: u8 = 2;

/// Exit code when the outcome is not known, or there was no response from AWS or the gateway.
pub(crate) const UNAVAILABLE: u8 = 6;

/// Why a command did nothing. Each error says what to do, and no error holds a secret.
#[derive(Clone, Debug)]
pub(crate) enum Failure {
    /// Arguments, environment or standard input are not as they should be.
    Input(String),
    /// No such merchant, order or transaction.
    NotThere(String),
    /// A rule forbids it.
    Refused(String),
    /// The prompt got another text than the one to type.
    NotConfirmed(String),
    /// AWS or the gateway did not respond, or refused.
    Unavailable(String),
}

impl Failure {
    fn parts(&self) -> (u8, &'static str, &str) {
        match self {
            Self::Input(text) => (INVALID_INPUT, "invalid_input", text),
            Self::NotThere(text) => (3, "not_there", text),
            Self::Refused(text) => (4, "refused", text),
            Self::NotConfirmed(text) => (5, "not_confirmed", text),
            Self::Unavailable(text) => (UNAVAILABLE, "unavailable", text),
        }
    }

    /// The sentence for a person, without its code.
    pub(crate) fn text(&self) -> &str {
        self.parts().2
    }

    pub(crate) fn print(&self, json: bool) -> ExitCode {
        let (code, kind, text) = self.parts();
        let line = if json {
            json!({ "error": { "code": kind, "message": text } }).to_string()
        } else {
            format!("error: {text}")
        };
        remark(&line);
        ExitCode::from(code)
    }
}

/// Names the items of a list that cannot be read, for the operator who repairs them.
pub(crate) fn remark_unreadable(bad: &[Unreadable]) {
    for Unreadable { key, reason } in bad {
        remark(&format!("unreadable: {key} ({reason})"));
    }
}

/// A line on standard error. Its reader may have ended before: the exit code says the essential,
/// too.
pub(crate) fn remark(line: &str) {
    writeln!(io::stderr(), "{line}").unwrap_or_default();
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Rejected(rejection @ (Rejection::OrderNotFound | Rejection::TransactionNotFound)) => {
                Self::NotThere(format!(
                    "{rejection}; look at the merchant's id, the order's id and the table"
                ))
            }
            Refusal::Rejected(rejection) => Self::Refused(rejection.to_string()),
            Refusal::Contended | Refusal::Unverified | Refusal::Shop(_) => {
                Self::Unavailable(format!("{refusal}; try again"))
            }
            Refusal::Store(error) => Self::Unavailable(format!(
                "{error}; look at table, region, credentials and network, then at the payment with `payment show`"
            )),
        }
    }
}

impl From<NotByHand> for Failure {
    fn from(error: NotByHand) -> Self {
        let text = error.to_string();
        match error {
            NotByHand::Refused(refusal) => refusal.into(),
            NotByHand::Rule(_) | NotByHand::OtherRecord(..) => Self::Refused(text),
            NotByHand::GatewayKnows(_) => Self::Refused(format!(
                "{text}. Nothing was recorded by hand. `confirm` adopts it now, and `reconcile` at its next inquiry"
            )),
            NotByHand::NoTrace => Self::Refused(format!(
                "{text}. Nothing was recorded by hand. `confirm`, twice, or `reconcile` gives it up"
            )),
            NotByHand::NoResponse => Self::Unavailable(format!(
                "{text}, and it may know. Nothing was recorded; `doctor --merchant` says what is wrong"
            )),
            NotByHand::Changed => {
                Self::Refused(format!("{text}. Nothing was recorded; look at it again with `payment show`"))
            }
        }
    }
}

impl From<MerchantsError> for Failure {
    fn from(error: MerchantsError) -> Self {
        match error {
            MerchantsError::Unknown => {
                Self::NotThere("no such merchant; `merchant create` makes one".to_owned())
            }
            MerchantsError::Unavailable(why) => Self::Unavailable(format!(
                "Secrets Manager: {why}; look at region, credentials and the permission secretsmanager:GetSecretValue"
            )),
            MerchantsError::Malformed(_) | MerchantsError::Forbidden(_) => {
                Self::Input(format!("{error}; docs/merchants.md describes each member"))
            }
        }
    }
}

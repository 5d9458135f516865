//! The typed values of a form, and the request that they make.

use serde::Serialize;
use tollgate_core::{order::Reason, values::SignedAmount};

use crate::{
    api::{Once, address},
    pages::{
        payment::{Act, placed::Placed, possible},
        problem::Problem,
    },
    seal::{is_secret, secret},
    web::Pairs,
    words::{self, said},
};

/// The longest version of an order in digits: a longer one is not ours.
const VERSION_MAX_DIGITS: usize = 20;

/// The text beside an unticked box.
pub(super) const TICK: &str = "Please tick the box if it is meant.";

/// The typed values, and the form's own.
#[derive(Clone, Default)]
pub(super) struct Typed {
    /// As people write it.
    pub(super) amount: String,
    pub(super) reason: String,
    /// Ticked: the reader means it although the bank has taken the money back.
    pub(super) disputed: bool,
    /// The id of the operation that a person decides.
    pub(super) operation: String,
    /// `done` or `not_done`, where a person decides it.
    pub(super) outcome: String,
    /// The gateway's reference of the decided operation.
    pub(super) retref: String,
    pub(super) once: Once,
}

impl Typed {
    pub(super) fn of(pairs: &Pairs) -> Self {
        let value = |name: &str| said(pairs.get(name));
        let is_version = |version: &String| {
            version.len() <= VERSION_MAX_DIGITS && version.bytes().all(|b| b.is_ascii_digit())
        };
        let key = Some(value("key")).filter(|key| is_secret(key)).unwrap_or_default();
        let version = Some(value("version")).filter(is_version).unwrap_or_default();
        Self {
            amount: value("amount"),
            reason: value("reason"),
            disputed: pairs.get("disputed").is_some(),
            operation: value("operation"),
            outcome: value("outcome"),
            retref: value("retref"),
            once: Once { key, version },
        }
    }

    /// The values of a form that is shown for the first time.
    pub(super) fn begun(mut self, act: Act, placed: &Placed) -> Result<Self, Problem> {
        if self.once.key.is_empty() || self.once.version.is_empty() {
            self.once = Once { key: secret().ok_or(Problem::Unavailable)?, version: version_of(placed) };
            if self.amount.is_empty() {
                let most =
                    words::currency(placed.payment.currency()).zip(possible::most(placed.possible(act)));
                self.amount = most.map(|(currency, most)| words::number(most, currency)).unwrap_or_default();
            }
        }
        Ok(self)
    }

    /// The values by the names of their fields.
    pub(super) fn fields(&self) -> [(&'static str, &str); 8] {
        [
            ("amount", &self.amount),
            ("operation", &self.operation),
            ("outcome", &self.outcome),
            ("retref", &self.retref),
            ("reason", &self.reason),
            ("disputed", if self.disputed { "yes" } else { "" }),
            ("key", &self.once.key),
            ("version", &self.once.version),
        ]
    }

    /// The address at which the same form is shown with the typed values.
    pub(super) fn address(&self, here: &str, step: &str) -> String {
        address(here, &[&self.fields()[..], &[("step", step)]].concat())
    }
}

/// The version of a payment's order, as the API takes it; empty where the API states none, and
/// nothing can be sent.
pub(super) fn version_of(placed: &Placed) -> String {
    placed.payment.meta.version.map(|version| version.0.to_string()).unwrap_or_default()
}

/// The data of the request.
#[derive(Serialize)]
pub(super) struct Wanted {
    reason: String,
    /// Of a void none: it is of all.
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<SignedAmount>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    refund_disputed: bool,
    /// The amount that it moves, as far as that is known.
    #[serde(skip)]
    pub(super) moves: Option<SignedAmount>,
}

/// A field, and the problem with its text.
pub(super) struct Wrong {
    pub(super) field: &'static str,
    pub(super) text: String,
}

pub(super) fn wrong(field: &'static str, text: impl Into<String>) -> Wrong {
    Wrong { field, text: text.into() }
}

impl Typed {
    /// The request. The available amount is not looked at: the first of two equal requests changes
    /// it.
    pub(super) fn wanted(&self, act: Act, placed: &Placed) -> Result<Wanted, Wrong> {
        let amount = match act {
            Act::Void => None,
            Act::Capture | Act::Refund => {
                let currency = words::currency(placed.payment.currency());
                let typed = currency.and_then(|currency| words::typed(&self.amount, currency));
                let typed = typed.ok_or_else(|| wrong("amount", "Please write an amount, such as 5.00."))?;
                Some(typed.into())
            }
        };
        self.check_reason()?;
        Ok(Wanted {
            amount,
            reason: self.reason.clone(),
            refund_disputed: self.disputed && act != Act::Capture,
            moves: amount.or_else(|| possible::most(placed.possible(act))),
        })
    }

    pub(super) fn check_reason(&self) -> Result<(), Wrong> {
        if self.reason.is_empty() {
            return Err(wrong("reason", "Please write why, in a few words."));
        }
        let invalid = self.reason.parse::<Reason>().err();
        let problem = |invalid| wrong("reason", format!("This reason is not accepted: it {invalid}."));
        invalid.map_or(Ok(()), |invalid| Err(problem(invalid)))
    }

    /// The same, checked against the statements of the API.
    pub(super) fn checked(&self, act: Act, placed: &Placed) -> Result<Wanted, Wrong> {
        let wanted = self.wanted(act, placed)?;
        let stated = placed.possible(act);
        if wanted.moves.is_some_and(SignedAmount::is_zero) {
            return Err(wrong("amount", "Please write an amount above zero."));
        }
        if let Some(limit) = possible::limit(stated).filter(|limit| wanted.moves > Some(*limit)) {
            return Err(wrong("amount", format!("At most {} is left.", placed.payment.money(limit))));
        }
        if stated.whole_only && wanted.moves != possible::most(stated) {
            return Err(wrong("amount", "Only all of it is possible."));
        }
        if stated.needs_refund_disputed && !self.disputed {
            return Err(wrong("disputed", TICK));
        }
        Ok(wanted)
    }
}

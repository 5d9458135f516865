//! How people help a payment that needs attention, and who can.

use tollgate_core::journal::{Concern, SettledBy};
use tollgate_wire::NeedsAttention;

use super::placed::{Payment, route};
use crate::frame::Frame;

/// How a person settles a reason for attention.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Settle {
    /// By having seen it: it fades.
    Seen(Concern),
    /// By deciding the outcome.
    Decide,
}

/// An action that helps a payment, or who can do it.
pub(crate) struct Help {
    pub(crate) name: &'static str,
    /// Empty where there is no page for the reader.
    pub(crate) address: String,
    pub(crate) means: Means,
}

/// How a reader comes to an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Means {
    /// By a button that does it at once.
    Button,
    /// By a form.
    Form,
    /// Not at all.
    Others,
}

impl Help {
    /// A form for those who may, or `who` can.
    pub(crate) fn form(name: &'static str, address: String, is_allowed: bool, who: &'static str) -> Self {
        if is_allowed {
            Self { name, address, means: Means::Form }
        } else {
            Self { name: who, address: String::new(), means: Means::Others }
        }
    }
}

impl Settle {
    /// The way to settle a reason, if there is one that this version knows.
    pub(crate) fn of(reason: &NeedsAttention) -> Option<Self> {
        match reason.settled_by.as_ref()?.known()? {
            SettledBy::Seen => reason.code.known().map(Self::Seen),
            SettledBy::Decision => Some(Self::Decide),
        }
    }

    pub(crate) fn help(self, payment: &Payment, frame: &Frame) -> Help {
        let (name, who) = self.names();
        let address = self.address(&payment.address(frame));
        let help = Help::form(name, address.clone(), self.is_allowed(frame), who);
        // Its page has a command for a merchant without anybody who may decide.
        if self == Self::Decide { Help { address, ..help } } else { help }
    }

    /// The address of its form, by that of the payment.
    pub(crate) fn address(self, payment: &str) -> String {
        match self {
            Self::Seen(concern) => format!("{payment}/attention/{}", concern.as_str()),
            Self::Decide => format!("{payment}/decide"),
        }
    }

    /// The API's route.
    pub(crate) fn route(self, order: &str, transaction: &str) -> String {
        match self {
            Self::Seen(concern) => route(order, transaction, &format!("attention/{}/seen", concern.as_str())),
            Self::Decide => route(order, transaction, "decide"),
        }
    }

    pub(super) fn is_allowed(self, frame: &Frame) -> bool {
        match self {
            Self::Seen(_) => frame.may_operate(),
            Self::Decide => frame.may_decide(),
        }
    }

    /// The reason, while the payment has it.
    pub(super) fn reason(self, payment: &Payment) -> Option<&NeedsAttention> {
        payment.meta.needs_attention.iter().flatten().find(|one| Self::of(one) == Some(self))
    }

    /// Its name, and who can do it.
    pub(super) const fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Seen(_) => ("Mark as seen", "Somebody with the role operate can mark it as seen"),
            Self::Decide => ("Decide", "Somebody with the role all can decide it"),
        }
    }
}

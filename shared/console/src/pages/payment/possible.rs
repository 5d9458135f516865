//! The acts on a payment, and how far each is possible.

use tollgate_core::values::SignedAmount;
use tollgate_wire::PossibleAction;

/// An operation that moves money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    Capture,
    Refund,
    Void,
}

impl Act {
    pub(crate) const ALL: [Self; 3] = [Self::Capture, Self::Refund, Self::Void];

    /// By its part of an address.
    pub(crate) fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|act| act.name() == name)
    }

    /// Its part of an address of the console, and its name for people.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Capture => "capture",
            Self::Refund => "refund",
            Self::Void => "void",
        }
    }

    /// Its name in the API.
    pub(crate) const fn route(self) -> &'static str {
        match self {
            Self::Void => "cancel",
            Self::Capture | Self::Refund => self.name(),
        }
    }

    /// How a button begins.
    pub(crate) const fn verb(self) -> &'static str {
        match self {
            Self::Capture => "Capture",
            Self::Refund => "Refund",
            Self::Void => "Void",
        }
    }
}

/// Whether an action has a form: the reader may do it, or propose it.
pub(super) fn has_form(stated: &PossibleAction) -> bool {
    stated.possible || stated.by_proposal.is_some()
}

/// The most that it can move, if it can move anything.
pub(super) fn most(stated: &PossibleAction) -> Option<SignedAmount> {
    stated.most.as_ref().map(|most| most.amount.into())
}

/// The most that the reader can do or propose.
pub(super) fn limit(stated: &PossibleAction) -> Option<SignedAmount> {
    stated.by_proposal.as_ref().map(|most| most.amount.into()).or_else(|| most(stated))
}

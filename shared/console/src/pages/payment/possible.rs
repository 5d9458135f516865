//! The acts on a payment, and how far each is possible.

use tollgate_core::values::SignedAmount;
use tollgate_wire::{BecomesVoid, PossibleAction};

use crate::words;

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

/// How far an action on a payment is possible for the reader, as the API states it; nothing in a
/// list, where it states none.
pub(super) struct Possible<'a>(Option<&'a PossibleAction>);

impl<'a> Possible<'a> {
    pub(super) const fn new(stated: Option<&'a PossibleAction>) -> Self {
        Self(stated)
    }

    /// Whether something speaks against it.
    pub(super) fn is_inadvisable(&self) -> bool {
        self.0.is_some_and(|stated| stated.advised_against.is_some())
    }

    pub(super) fn is_possible(&self) -> bool {
        self.0.is_some_and(|stated| stated.possible)
    }

    pub(super) fn is_whole_only(&self) -> bool {
        self.0.is_some_and(|stated| stated.whole_only)
    }

    pub(super) fn needs_refund_disputed(&self) -> bool {
        self.0.is_some_and(|stated| stated.needs_refund_disputed)
    }

    /// Whether it has a form: the reader may do it, or propose it.
    pub(super) fn has_form(&self) -> bool {
        self.0.is_some_and(|stated| stated.possible || stated.by_proposal.is_some())
    }

    /// Whether it is a refund that is too early, so that a void takes its place.
    pub(super) fn is_void(&self) -> bool {
        let becomes_void = self.0.and_then(|stated| stated.becomes_void.as_ref());
        becomes_void.is_some_and(|becomes_void| *becomes_void == BecomesVoid::Yes)
    }

    /// The most that it can move, if it can move anything.
    pub(super) fn most(&self) -> Option<SignedAmount> {
        self.0.and_then(|stated| stated.most.as_ref()).map(|most| most.amount.into())
    }

    /// The most that the reader can do or propose.
    pub(super) fn limit(&self) -> Option<SignedAmount> {
        let by_proposal = self.0.and_then(|stated| stated.by_proposal.as_ref());
        by_proposal.map(|most| most.amount.into()).or_else(|| self.most())
    }

    /// What speaks against it, in a sentence.
    pub(super) fn advised_against(&self) -> Option<String> {
        self.0.and_then(|stated| stated.advised_against.as_ref()).map(words::advised_against)
    }

    /// In sentences.
    pub(super) fn told(&self) -> String {
        let Some(stated) = self.0 else { return String::new() };
        let (most, more) = (stated.most.as_ref(), stated.by_proposal.as_ref());
        let mut sentences = Vec::new();
        if let Some(most) = most.filter(|_| stated.possible || more.is_none()) {
            let limit = if stated.whole_only { "All of" } else { "Up to" };
            sentences.push(format!("{limit} {}.", words::price(most)));
        }
        sentences.extend(stated.why.as_ref().map(words::why));
        sentences.extend(self.advised_against());
        if self.is_void() && most.is_some() {
            let by_void = "All of it, by a void. A part only after settlement, usually overnight.";
            sentences.push(by_void.to_owned());
        }
        sentences.extend(
            more.map(|more| format!("More, up to {}, with somebody else's approval.", words::price(more))),
        );
        words::joined(sentences, " ")
    }
}

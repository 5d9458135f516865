//! The words of closed vocabularies in the tables, each beside its meaning. No word is ever used
//! again for something else. A release writes only words that its predecessor can read.
//!
//! Enums whose own words are stored have no table here: [`words!`](tollgate_core::words) declares
//! both.

use tollgate_core::{
    journal::Fact,
    order::{
        CaptureAt, Cause, DisputeKind, Doubt, FadingConcern, HandVerdict, Kind, Mechanism, NoEffect,
        NoticeReason, PaymentKind, Principal, Stage, TellingState,
    },
    settlement::{BatchStatus, FundedKind, FundedStatus, SettledStatus},
    values::{Brand, FeeKind},
};

use super::members::{Member, Read, Reader, Writer};

/// A vocabulary: every value that this version can write, with its word.
type Vocabulary<T> = &'static [(T, &'static str)];

const METHODS: Vocabulary<PaymentKind> = &[(PaymentKind::Authorize, "a"), (PaymentKind::Purchase, "p")];

pub(super) const KINDS: Vocabulary<Kind> = &[
    (Kind::Authorize, "a"),
    (Kind::Purchase, "p"),
    (Kind::Capture, "c"),
    (Kind::Refund, "r"),
    (Kind::Void, "v"),
];

pub(super) const STAGES: Vocabulary<Stage> = &[
    (Stage::Pending, "p"),
    (Stage::Approved, "a"),
    (Stage::Declined, "d"),
    (Stage::NoEffect, "n"),
    (Stage::WaitsForDispute, "w"),
];

pub(super) const PRINCIPALS: Vocabulary<Principal> =
    &[(Principal::ClientCredentials, "c"), (Principal::Implicit, "i"), (Principal::Schedule, "s")];

/// Facts as entries of the journal have them; everywhere else, their own words are used.
pub(super) const FACTS: Vocabulary<Fact> = &[
    (Fact::Approved, "a"),
    (Fact::Declined, "d"),
    (Fact::DeclinedByRule, "u"),
    (Fact::Captured, "c"),
    (Fact::Refunded, "r"),
    (Fact::Voided, "v"),
    (Fact::VoidedElsewhere, "e"),
    (Fact::Abandoned, "n"),
    (Fact::Lapsed, "l"),
    (Fact::DuplicateFound, "f"),
    (Fact::DuplicateReturned, "b"),
    (Fact::DecidedByHand, "h"),
    (Fact::ChargedBack, "k"),
    (Fact::ChargebackReversed, "y"),
];

/// Letters of a payment's outcome in its batch. Lines are many, so they are short.
pub(super) const SETTLED: Vocabulary<SettledStatus> = &[
    (SettledStatus::Accepted, "a"),
    (SettledStatus::Rejected, "n"),
    (SettledStatus::Failed, "f"),
    (SettledStatus::Processing, "p"),
    (SettledStatus::Terminated, "t"),
    (SettledStatus::UnderReview, "w"),
    (SettledStatus::Returned, "r"),
];

pub(super) const BATCHES: Vocabulary<BatchStatus> = &[
    (BatchStatus::Sent, "s"),
    (BatchStatus::Good, "g"),
    (BatchStatus::Mixed, "m"),
    (BatchStatus::Refused, "r"),
    (BatchStatus::Held, "h"),
    (BatchStatus::Errors, "e"),
    (BatchStatus::NotDone, "n"),
];

pub(super) const FUNDED_KINDS: Vocabulary<FundedKind> =
    &[(FundedKind::Sale, "s"), (FundedKind::Refund, "r"), (FundedKind::NoMoney, "n")];

pub(super) const FUNDED: Vocabulary<FundedStatus> = &[
    (FundedStatus::Processed, "p"),
    (FundedStatus::Rejected, "r"),
    (FundedStatus::Returned, "b"),
    (FundedStatus::Voided, "v"),
];

/// The word for a value; none for one that was not recognized when it was read.
pub(super) fn word<T: PartialEq>(words: Vocabulary<T>, value: &T) -> Option<&'static str> {
    words.iter().find(|(known, _)| known == value).map(|(_, word)| *word)
}

/// The value that a word means.
pub(super) fn meaning<T: Copy>(words: Vocabulary<T>, word: &str) -> Option<T> {
    words.iter().find(|(_, known)| *known == word).map(|(value, _)| *value)
}

/// Declares how enums are stored: the value of a word that only a newer version knows, the meaning
/// of a word, and the word for a value. A value that was not recognized has none: it is written
/// again as it was read.
macro_rules! stored_as_words {
    ($($name:ident: $unknown:expr, $known:expr, $word:expr;)+) => {$(
        impl Member for $name {
            fn absent() -> Option<Self> {
                $unknown
            }

            fn take(name: &str, from: &mut Reader) -> Read<Option<Self>> {
                from.word(name, $unknown, $known)
            }

            fn add(&self, name: &str, to: &mut Writer) {
                if let Some(word) = $word(*self) {
                    to.text(name, word);
                }
            }
        }
    )+};
}
stored_as_words! {
    Brand: None, Self::from_name, Self::word;
    Cause: Some(Self::Unrecognized), Self::from_name, Self::word;
    DisputeKind: Some(Self::Unrecognized), Self::from_name, Self::word;
    Doubt: Some(Self::Unrecognized), Self::from_name, Self::word;
    FeeKind: Some(Self::Unrecognized), Self::from_name, Self::word;
    FadingConcern: Some(Self::Unrecognized), Self::from_name, Self::word;
    HandVerdict: Some(Self::Unrecognized), Self::from_name, Self::word;
    Mechanism: Some(Self::Unrecognized), Self::from_name, Self::word;
    NoEffect: Some(Self::Unrecognized), Self::from_name, Self::word;
    NoticeReason: Some(Self::Unrecognized), Self::from_name, Self::word;
    TellingState: Some(Self::Unrecognized), Self::from_name, Self::word;
    PaymentKind: Some(Self::Unrecognized), |name| meaning(METHODS, name), |kind| word(METHODS, &kind);
    Kind: Some(Self::Unrecognized), |name| meaning(KINDS, name), |kind| word(KINDS, &kind);
    Stage: Some(Self::Unrecognized), |name| meaning(STAGES, name), |stage| word(STAGES, &stage);
    Principal: Some(Self::Unrecognized), |name| meaning(PRINCIPALS, name), |by| word(PRINCIPALS, &by);
}

/// The word for an authorization that is captured only on request.
const NEVER: &str = "never";

/// When authorizations are captured by default: one text, whichever way it is said.
impl Member for CaptureAt {
    fn take(name: &str, from: &mut Reader) -> Read<Option<Self>> {
        from.word(name, Some(Self::Unrecognized), |text| match text.parse() {
            _ if text == NEVER => Some(Self::Never),
            Ok(at) => Some(Self::At(at)),
            Err(_) => text.parse().map(Self::After).ok(),
        })
    }

    fn add(&self, name: &str, to: &mut Writer) {
        match self {
            Self::Never => to.text(name, NEVER),
            Self::At(at) => to.text(name, at.to_string()),
            Self::After(rule) => to.text(name, rule.to_string()),
            Self::Unrecognized => {}
        }
    }
}

#[cfg(test)]
mod tests;

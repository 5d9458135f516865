//! The words of closed vocabularies in the table, each beside what it means. None is ever used again for something else.
//! A release writes only words that its predecessor can read.

use tollgate_core::{
    order::{
        operation::{Cause, HandVerdict, Kind, Mechanism, NoticeReason, Principal, Stage},
        outcome::{Doubt, NoEffect},
        transaction::Method,
    },
    values::card::Brand,
};

/// A vocabulary: every value that this version can write, with its words. The first one is written; the others are read.
pub(super) type Vocabulary<T> = &'static [(T, &'static str)];

pub(super) const METHODS: Vocabulary<Method> = &[
    (Method::Authorize, "a"),
    (Method::Purchase, "p"),
    (Method::Authorize, "authorize"),
    (Method::Purchase, "purchase"),
];

pub(super) const KINDS: Vocabulary<Kind> = &[
    (Kind::Authorize, "a"),
    (Kind::Purchase, "p"),
    (Kind::Capture, "c"),
    (Kind::Refund, "r"),
    (Kind::Void, "v"),
    (Kind::Authorize, "authorize"),
    (Kind::Purchase, "purchase"),
    (Kind::Capture, "capture"),
    (Kind::Refund, "refund"),
    (Kind::Void, "void"),
];

pub(super) const STAGES: Vocabulary<Stage> = &[
    (Stage::Pending, "p"),
    (Stage::Approved, "a"),
    (Stage::Declined, "d"),
    (Stage::NoEffect, "n"),
    (Stage::Pending, "pending"),
    (Stage::Approved, "approved"),
    (Stage::Declined, "declined"),
    (Stage::NoEffect, "not_done"),
];

pub(super) const CAUSES: Vocabulary<Cause> = &[
    (Cause::Asked, "asked"),
    (Cause::RefundBeforeSettlement, "refund_before_settlement"),
    (Cause::PartialApproval, "partial_approval"),
    (Cause::AvsMismatch, "avs_mismatch"),
    (Cause::CvvMismatch, "cvv_mismatch"),
    (Cause::LateApproval, "late_approval"),
    (Cause::Duplicate, "twin"),
    (Cause::Elsewhere, "elsewhere"),
];

pub(super) const MECHANISMS: Vocabulary<Mechanism> =
    &[(Mechanism::Automatic, "automatic"), (Mechanism::Manual, "manual")];

pub(super) const PRINCIPALS: Vocabulary<Principal> = &[
    (Principal::ClientCredentials, "c"),
    (Principal::Implicit, "i"),
    (Principal::Schedule, "s"),
    (Principal::ClientCredentials, "client_credentials"),
    (Principal::Implicit, "implicit"),
    (Principal::Schedule, "schedule"),
];

pub(super) const NO_EFFECTS: Vocabulary<NoEffect> = &[
    (NoEffect::Unreachable, "unreachable"),
    (NoEffect::TryAgain, "try_again"),
    (NoEffect::Throttled, "throttled"),
    (NoEffect::NoTimeLeft, "no_time_left"),
    (NoEffect::Misconfigured, "misconfigured"),
    (NoEffect::TurnedAway, "turned_away"),
    (NoEffect::NotSettled, "not_settled"),
    (NoEffect::AlreadySettled, "already_settled"),
    (NoEffect::NeverArrived, "never_arrived"),
    (NoEffect::VoidedElsewhere, "voided_elsewhere"),
];

pub(super) const DOUBTS: Vocabulary<Doubt> = &[
    (Doubt::NoAnswer, "no_answer"),
    (Doubt::Unreadable, "unreadable"),
    (Doubt::GatewayLostTrack, "gateway_lost_track"),
    (Doubt::AmountDiffers, "amount_differs"),
    (Doubt::Incomplete, "incomplete"),
    (Doubt::StateDiffers, "state_differs"),
    (Doubt::Duplicate, "duplicate"),
];

pub(super) const VERDICTS: Vocabulary<HandVerdict> =
    &[(HandVerdict::Done, "done"), (HandVerdict::NotDone, "not_done")];

pub(super) const NOTICE_REASONS: Vocabulary<NoticeReason> = &[
    (NoticeReason::InDoubtHour, "hour"),
    (NoticeReason::InDoubtDay, "day"),
    (NoticeReason::UnderReview, "review"),
    (NoticeReason::AuthorizationEnding, "ending"),
];

pub(super) const BRANDS: Vocabulary<Brand> = &[
    (Brand::Visa, "visa"),
    (Brand::Mastercard, "mastercard"),
    (Brand::Amex, "amex"),
    (Brand::Discover, "discover"),
    (Brand::Diners, "diners"),
    (Brand::Jcb, "jcb"),
    (Brand::UnionPay, "union_pay"),
];

/// The word for a value; none for one that was not recognized when it was read.
pub(super) fn word<T: PartialEq>(words: Vocabulary<T>, value: &T) -> Option<&'static str> {
    words.iter().find(|(known, _)| known == value).map(|(_, word)| *word)
}

/// The value that a word means.
pub(super) fn meaning<T: Copy>(words: Vocabulary<T>, word: &str) -> Option<T> {
    words.iter().find(|(_, known)| *known == word).map(|(value, _)| *value)
}

#[cfg(test)]
mod tests {
    use std::{collections::HashSet, fmt::Debug};

    use super::*;

    /// The unrecognized value is the last variant, so its number is how many there are besides.
    fn is_complete<T: PartialEq + Copy + Debug>(
        words: Vocabulary<T>,
        unrecognized: Option<T>,
        variants: usize,
    ) {
        let unique: HashSet<_> = words.iter().map(|(_, word)| word).collect();
        assert_eq!(unique.len(), words.len(), "{words:?}");
        assert!(words.iter().all(|(value, text)| meaning(words, text) == Some(*value)), "{words:?}");
        let written: HashSet<_> = words.iter().map(|(value, _)| word(words, value)).collect();
        assert_eq!(written.len(), variants, "{words:?}");
        if let Some(unrecognized) = unrecognized {
            assert_eq!(word(words, &unrecognized), None);
        }
        assert!(meaning(words, "a_word_to_come").is_none());
    }

    #[test]
    fn every_value_has_a_word_of_its_own_and_reads_back_from_it() {
        is_complete(METHODS, Some(Method::Unrecognized), Method::Unrecognized as usize);
        is_complete(KINDS, Some(Kind::Unrecognized), Kind::Unrecognized as usize);
        is_complete(STAGES, Some(Stage::Unrecognized), Stage::Unrecognized as usize);
        is_complete(CAUSES, Some(Cause::Unrecognized), Cause::Unrecognized as usize);
        is_complete(MECHANISMS, Some(Mechanism::Unrecognized), Mechanism::Unrecognized as usize);
        is_complete(PRINCIPALS, Some(Principal::Unrecognized), Principal::Unrecognized as usize);
        is_complete(NO_EFFECTS, Some(NoEffect::Unrecognized), NoEffect::Unrecognized as usize);
        is_complete(DOUBTS, Some(Doubt::Unrecognized), Doubt::Unrecognized as usize);
        is_complete(VERDICTS, Some(HandVerdict::Unrecognized), HandVerdict::Unrecognized as usize);
        is_complete(NOTICE_REASONS, Some(NoticeReason::Unrecognized), NoticeReason::Unrecognized as usize);
        is_complete(BRANDS, None, Brand::UnionPay as usize + 1);
    }
}

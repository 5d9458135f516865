//! The words of closed vocabularies in the tables, each beside what it means. None is ever used again for something else.
//! A release writes only words that its predecessor can read.

use tollgate_core::{order::outcome::NoEffect, values::card::Brand};

/// A vocabulary: every value that this version can write, with its word.
pub(super) type Vocabulary<T> = &'static [(T, &'static str)];

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
pub(super) mod tests {
    use std::{collections::HashSet, fmt::Debug};

    use super::*;

    /// The unrecognized value is the last variant, so its number is how many there are besides.
    pub(in crate::dynamodb) fn is_complete<T: PartialEq + Copy + Debug>(
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
    fn every_shared_value_has_a_word_of_its_own_and_reads_back_from_it() {
        is_complete(NO_EFFECTS, Some(NoEffect::Unrecognized), NoEffect::Unrecognized as usize);
        is_complete(BRANDS, None, Brand::UnionPay as usize + 1);
    }
}

use std::{collections::HashSet, fmt::Debug};

use super::*;

/// The unrecognized value is the last variant, so its number is how many there are besides.
fn is_complete<T: PartialEq + Copy + Debug>(words: Vocabulary<T>, unrecognized: T, variants: usize) {
    let unique: HashSet<_> = words.iter().map(|(_, word)| word).collect();
    assert_eq!(unique.len(), words.len(), "{words:?}");
    assert!(words.iter().all(|(value, text)| meaning(words, text) == Some(*value)), "{words:?}");
    let written: HashSet<_> = words.iter().map(|(value, _)| word(words, value)).collect();
    assert_eq!(written.len(), variants, "{words:?}");
    assert_eq!(word(words, &unrecognized), None);
    assert!(meaning(words, "a_word_to_come").is_none());
}

fn are_own<T: PartialEq + Copy + Debug>(
    all: &[T],
    variants: usize,
    word: impl Fn(T) -> Option<&'static str>,
    from_name: impl Fn(&str) -> Option<T>,
) {
    let written: HashSet<_> = all.iter().filter_map(|value| word(*value)).collect();
    assert_eq!((all.len(), written.len()), (variants, variants), "{all:?}");
    assert!(all.iter().all(|value| word(*value).and_then(&from_name) == Some(*value)), "{all:?}");
    for unknown in ["a_word_to_come", "unrecognized", ""] {
        assert_eq!(from_name(unknown), None, "{all:?}");
    }
}

macro_rules! have_own_words {
    ($($name:ident),+) => {
        $(
            are_own($name::ALL, $name::Unrecognized as usize, $name::word, $name::from_name);
            assert_eq!($name::Unrecognized.word(), None);
        )+
    };
}

#[test]
fn every_shared_value_has_a_word_of_its_own_and_reads_back_from_it() {
    have_own_words!(Cause, Mechanism, Doubt, NoEffect, FeeKind, HandVerdict, NoticeReason);
    are_own(Brand::ALL, Brand::UnionPay as usize + 1, Brand::word, Brand::from_name);
}

#[test]
fn every_value_has_a_word_of_its_own_and_reads_back_from_it() {
    is_complete(METHODS, PaymentKind::Unrecognized, PaymentKind::Unrecognized as usize);
    is_complete(KINDS, Kind::Unrecognized, Kind::Unrecognized as usize);
    is_complete(STAGES, Stage::Unrecognized, Stage::Unrecognized as usize);
    is_complete(PRINCIPALS, Principal::Unrecognized, Principal::Unrecognized as usize);
}

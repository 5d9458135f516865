//! The words of closed vocabularies in the tables, each beside what it means. None is ever used again for something else.
//! A release writes only words that its predecessor can read.
//!
//! Enums whose own words are stored have no table here: [`words!`](tollgate_core::words) declares both.

/// A vocabulary: every value that this version can write, with its word.
pub(super) type Vocabulary<T> = &'static [(T, &'static str)];

/// The word for a value; none for one that was not recognized when it was read.
pub(super) fn word<T: PartialEq>(words: Vocabulary<T>, value: &T) -> Option<&'static str> {
    words.iter().find(|(known, _)| known == value).map(|(_, word)| *word)
}

/// The value that a word means.
pub(super) fn meaning<T: Copy>(words: Vocabulary<T>, word: &str) -> Option<T> {
    words.iter().find(|(_, known)| *known == word).map(|(value, _)| *value)
}

#[cfg(test)]
pub(super) mod tests;

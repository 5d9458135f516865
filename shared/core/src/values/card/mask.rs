//! Finds card numbers in texts from outside.

use std::ops::Range;

use zeroize::Zeroizing;

use super::{Brand, passes_luhn};

/// How many digits a card number may have, over all brands (ISO/IEC 7812-1 and the gateway's
/// field).
pub(super) const CARD_NUMBER_DIGITS: std::ops::RangeInclusive<usize> = 13..=19;

/// The text with every card number in it replaced by `[card ****1111]`: the last line of defence
/// for text that comes from outside (a gateway's `text`) and is about to be stored or logged.
///
/// A card number here is as many ASCII digits as the brand issues that they begin like, which pass
/// the Luhn check, with no other digit beside them; single blanks, hyphens or points may be
/// between, and other digits may follow after one (`4111111111111111 1229`). Gateway tokens begin
/// with a 9 and stay (`docs/cardpointe.md`, *Cards, tokens and profiles*). So do UUIDs, one in a
/// thousand of which would pass for a card number. Other numbers that look like a card's are
/// replaced.
pub fn mask_card_numbers(text: &str) -> String {
    with_last_four(text, "[card ****", "]")
}

/// The text with no more than the last four digits of every card number in it, as people look for a
/// card.
pub fn shorten_card_numbers(text: &str) -> String {
    with_last_four(text, "", "")
}

/// The text with the last four digits of every card number in it, between these two.
fn with_last_four(text: &str, before: &str, after: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut copied = 0;
    for card in card_numbers(text) {
        let last_four = text[card.clone()].bytes().rev().filter(u8::is_ascii_digit).take(4);
        let last_four: String = last_four.collect::<Vec<_>>().into_iter().rev().map(char::from).collect();
        masked.push_str(&text[copied..card.start]);
        masked.extend([before, &last_four, after]);
        copied = card.end;
    }
    masked.push_str(&text[copied..]);
    masked
}

/// Where card numbers are, in order and apart from each other.
///
/// Every sequence of whole digit groups is looked at, and those that overlap are taken together.
/// Taking the first that fits would leave the rest of a number whose head, with something before
/// it, passes by chance.
fn card_numbers(text: &str) -> Vec<Range<usize>> {
    let groups = digit_groups(text);
    let mut found: Vec<Range<usize>> = Vec::new();
    for (first, start) in groups.iter().enumerate() {
        let mut digits = Zeroizing::new(String::with_capacity(*CARD_NUMBER_DIGITS.end()));
        let mut previous_end = None;
        for group in &groups[first..] {
            let joined = previous_end.is_none_or(|end| is_separator(&text[end..group.start]));
            if !joined || digits.len() + group.len() > *CARD_NUMBER_DIGITS.end() {
                break;
            }
            previous_end = Some(group.end);
            digits.push_str(&text[group.clone()]);
            let is_issued = Brand::detect(&digits).is_some_and(|brand| brand.issues_length(digits.len()));
            if !is_issued || !passes_luhn(&digits) {
                continue;
            }
            match found.last_mut().filter(|last| start.start < last.end) {
                Some(last) => last.end = last.end.max(group.end),
                None => found.push(start.start..group.end),
            }
        }
    }
    found
}

/// A character that people put between the groups of a number. More than one, or other characters,
/// separate numbers.
fn is_separator(text: &str) -> bool {
    matches!(text, " " | "-" | "." | "\u{A0}")
}

/// Where unbroken runs of ASCII digits are, except those within a UUID.
pub(super) fn digit_groups(text: &str) -> Vec<Range<usize>> {
    let mut groups: Vec<Range<usize>> = Vec::new();
    for (at, _) in text.bytes().enumerate().filter(|(_, byte)| byte.is_ascii_digit()) {
        match groups.last_mut().filter(|group| group.end == at) {
            Some(group) => group.end += 1,
            None => groups.push(at..at + 1),
        }
    }
    let uuids = uuids(text);
    groups.retain(|group| !uuids.iter().any(|uuid| uuid.contains(&group.start)));
    groups
}

/// Where UUIDs are, with hyphens or without, as words of their own.
fn uuids(text: &str) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let fits = |at: usize, length: usize, hyphens: &[usize]| {
        let ends = bytes.get(at + length).is_none_or(|next| !next.is_ascii_alphanumeric());
        let is_uuid = |word: &[u8]| {
            word.iter().enumerate().all(|(place, byte)| {
                if hyphens.contains(&place) { *byte == b'-' } else { byte.is_ascii_hexdigit() }
            })
        };
        ends && bytes.get(at..at + length).is_some_and(is_uuid)
    };
    let starts = |at: usize| at.checked_sub(1).is_none_or(|before| !bytes[before].is_ascii_alphanumeric());
    let length_at = |at: usize| match () {
        () if fits(at, 36, &[8, 13, 18, 23]) => Some(36),
        () if fits(at, 32, &[]) => Some(32),
        () => None,
    };
    let words = (0..bytes.len()).filter(|at| starts(*at));
    words.filter_map(|at| length_at(at).map(|length| at..at + length)).collect()
}

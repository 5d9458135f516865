//! Finds card numbers in texts that are kept, in the disguises that people and programs give them: other separators, digits
//! of other scripts, an expiry date or another digit glued on. A number that is spelt out, or split over two fields, is not
//! found.

use thiserror::Error;

use super::{
    CardNumber,
    digits::{hides_something, is_hidden, plain},
    mask::digit_groups,
    mask_card_numbers,
};

/// Most characters between two groups of one number.
const SEPARATOR_MAX: usize = 3;

/// Digits of the longest number of [`LENGTHS`] with its expiry date and security code glued on.
const DIGITS_MAX: usize = 25;

/// How many digits the numbers of cards have that anything is glued to.
const LENGTHS: [usize; 3] = [14, 15, 16];

/// How many digits the numbers of cards have.
const ALL_LENGTHS: std::ops::RangeInclusive<usize> = 13..=19;

/// What a text is for, and so how easily it is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextUse {
    /// A reference of another system, often a long number. A chance match would refuse good ones, so only a whole number and
    /// one with its expiry date are taken for a card's.
    Reference,
    /// Words for people. A digit or a security code glued on counts, too.
    Words,
    /// Outside text that is logged or repeated in an error, and can be left out. A card's number anywhere in a row of digits
    /// counts.
    Logged,
}

/// Why a text cannot be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Unkeepable {
    /// It would put a card number into the table.
    #[error("looks like a card number")]
    CardNumber,
    /// What is read would not be what is there.
    #[error("holds characters that are not seen")]
    Hidden,
}

/// Whether a text from outside can be kept as it is. Every text that is stored or logged passes here.
pub fn check_kept(text: &str, kept: TextUse) -> Result<(), Unkeepable> {
    if looks_like_card_number(text, kept) {
        return Err(Unkeepable::CardNumber);
    }
    if hides_something(text) {
        return Err(Unkeepable::Hidden);
    }
    Ok(())
}

/// Whether a text looks like a card number, in part or as a whole.
pub fn looks_like_card_number(text: &str, kept: TextUse) -> bool {
    if mask_card_numbers(text) != text {
        return true;
    }
    let plain = plain(text);
    let groups = digit_groups(&plain);
    (0..groups.len()).any(|first| {
        let mut digits = String::new();
        let mut before: Option<usize> = None;
        for group in &groups[first..] {
            let joined = before.is_none_or(|before| is_separator(&plain[before..group.start]));
            digits.push_str(&plain[group.clone()]);
            if !joined {
                return false;
            }
            before = Some(group.end);
            if kept == TextUse::Logged {
                if has_card_anywhere(&digits) {
                    return true;
                }
                // What a number that goes on in the next group can have here.
                digits.drain(..digits.len().saturating_sub(*ALL_LENGTHS.end()));
                continue;
            }
            if digits.len() > DIGITS_MAX {
                return false;
            }
            if is_card(&digits) || has_glued_card(&digits, kept) {
                return true;
            }
        }
        false
    })
}

/// A text from outside as it may be stored, logged or repeated in an error: short, on one line, nothing unseen in it, and
/// without card numbers.
pub fn clean_text(text: &str, max_chars: usize) -> String {
    let is_seen = |c: &char| !c.is_control() && !is_hidden(*c);
    // Cut last: a number that is cut in two would not be found.
    let masked = mask_card_numbers(&text.chars().filter(is_seen).collect::<String>());
    // A disguised number has no place that could be cut out, so all digits go.
    let is_disguised = looks_like_card_number(&masked, TextUse::Logged);
    let shown = masked.chars().map(|c| if is_disguised && c.is_numeric() { '*' } else { c });
    shown.take(max_chars).collect()
}

fn is_separator(text: &str) -> bool {
    text.chars().count() <= SEPARATOR_MAX && !text.contains(char::is_alphanumeric)
}

fn is_card(digits: &str) -> bool {
    CardNumber::parse(digits).is_ok()
}

fn has_card_anywhere(digits: &str) -> bool {
    let from = |start: usize| ALL_LENGTHS.filter_map(move |length| digits.get(start..start + length));
    (0..digits.len()).any(|start| from(start).any(is_card))
}

/// A card's number with an expiry date behind it, and in words also with a security code or one digit more.
fn has_glued_card(digits: &str, kept: TextUse) -> bool {
    let one_more = kept != TextUse::Reference;
    LENGTHS.iter().any(|length| {
        let Some((front, rest)) = digits.split_at_checked(*length) else { return false };
        let is_in_front = has_expiry(rest) || (one_more && matches!(rest.len(), 1 | 3));
        let is_behind = one_more && rest.len() == 1;
        (is_in_front && is_card(front)) || (is_behind && is_card(&digits[1..]))
    })
}

/// `MMYY` or `MMYYYY`, perhaps with a security code behind it; or `YYMM`.
fn has_expiry(rest: &str) -> bool {
    let number = |from: usize, to: usize| rest.get(from..to).and_then(|part| part.parse::<u16>().ok());
    let is_month = |month: Option<u16>| month.is_some_and(|month| (1..=12).contains(&month));
    match rest.len() {
        4 | 7 => is_month(number(0, 2)) || is_month(number(2, 4)),
        6 | 9 => is_month(number(0, 2)) && number(2, 4) == Some(20),
        _ => false,
    }
}

#[cfg(test)]
mod tests;

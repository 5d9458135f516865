//! Finds card numbers in texts that are kept, in the disguises that people and programs give them:
//! other separators, digits of other scripts, an expiry date, a security code or other digits glued
//! on. A number that is spelt out, or split over two fields, is not found.

use thiserror::Error;

use super::{
    Brand, CardNumber,
    digits::{hides_something, is_hidden, plain},
    mask::{CARD_NUMBER_DIGITS, digit_groups},
    mask_card_numbers,
};

/// Most characters between two groups of one number.
const SEPARATOR_MAX: usize = 3;

/// Digits of the longest number of [`LENGTHS`] with its expiry date and security code glued on.
const DIGITS_MAX: usize = 25;

/// How many digits security codes have.
const CODES: [usize; 2] = [3, 4];

/// Digits before a number that count in a reference, too: those of an expiry date.
const EXPIRY: usize = 4;

/// How many digits the numbers of cards have that anything is glued to.
const LENGTHS: [usize; 3] = [14, 15, 16];

/// How many digits the groups of a printed number have (`3714 496353 98431`).
const PRINTED_GROUPS: std::ops::RangeInclusive<usize> = 4..=6;

/// The use of a text, and so how easily it is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextUse {
    /// A reference of another system, often a long number. A chance match would refuse good ones,
    /// so only a whole number, one with its expiry date, with or without a security code, and one
    /// behind four digits are taken for a card's.
    Reference,
    /// Words for people. A digit or a security code glued on counts, too, on either side.
    Words,
    /// Outside text that is logged or repeated in an error, and can be left out. A card's number
    /// anywhere in a row of digits counts.
    Logged,
}

/// Why a text cannot be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Unkeepable {
    /// It would put a card number into the table.
    #[error("looks like a card number")]
    CardNumber,
    /// A reader would see another text than the one that is there.
    #[error("holds characters that are not seen")]
    Hidden,
}

/// Whether a text from outside can be kept as it is. Every text that is stored or logged passes
/// here.
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
        // Two telephone numbers are not grouped like a card's.
        let mut is_printed = true;
        for group in &groups[first..] {
            let joined = before.is_none_or(|before| is_separator(&plain[before..group.start]));
            is_printed &= before.is_none() || group.len() <= *PRINTED_GROUPS.end();
            digits.push_str(&plain[group.clone()]);
            if !joined {
                return false;
            }
            before = Some(group.end);
            if kept == TextUse::Logged {
                if has_card_anywhere(&digits) {
                    return true;
                }
                // Keeps as many digits as a number that goes on in the next group can have here.
                digits.drain(..digits.len().saturating_sub(*CARD_NUMBER_DIGITS.end()));
                continue;
            }
            if digits.len() > DIGITS_MAX {
                return false;
            }
            let is_behind = || is_printed && has_card_behind(&digits, groups[first].len(), kept);
            if is_card(&digits) || has_glued_card(&digits, kept) || is_behind() {
                return true;
            }
        }
        false
    })
}

/// A text from outside as it may be stored, logged or repeated in an error: short, on one line,
/// nothing unseen in it, and without card numbers.
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
    let from = |start: usize| CARD_NUMBER_DIGITS.filter_map(move |length| digits.get(start..start + length));
    (0..digits.len()).any(|start| from(start).any(is_card))
}

/// A card's number with an expiry date behind it, and in words also with a security code or one
/// digit more.
fn has_glued_card(digits: &str, kept: TextUse) -> bool {
    let one_more = kept != TextUse::Reference;
    LENGTHS.iter().any(|length| {
        let Some((front, rest)) = digits.split_at_checked(*length) else { return false };
        let Ok(card) = CardNumber::parse(front) else {
            return one_more && rest.len() == 1 && is_card(&digits[1..]);
        };
        let is_code = rest.len() == 3 || rest.len() == card.brand().security_code_length();
        has_expiry(rest) || (one_more && (rest.len() == 1 || is_code))
    })
}

/// A card's number behind four digits, and in words also behind three; the first group has so many
/// digits.
fn has_card_behind(digits: &str, first_group: usize, kept: TextUse) -> bool {
    CODES.into_iter().any(|before| {
        // A number that begins with a group is looked at anyway.
        let is_glued = first_group >= before + PRINTED_GROUPS.start();
        let number = digits.get(before..).filter(|number| is_glued && LENGTHS.contains(&number.len()));
        let card = number.and_then(|number| CardNumber::parse(number).ok());
        card.is_some_and(|card| kept != TextUse::Reference || (before == EXPIRY && !is_chance(&card)))
    })
}

/// Whether the end of a long reference is a card's number by chance rather than one: where it goes
/// on like a date, with a year or with the 22nd to 27th or 30th of a month, or has more digits than
/// the brand's numbers mostly have.
fn is_chance(card: &CardNumber) -> bool {
    let number = card.expose();
    let may_be_date = number.starts_with('2') || number.starts_with("30");
    may_be_date || (card.brand() == Brand::Diners && number.len() > LENGTHS[0])
}

/// An expiry date, perhaps with a security code on either side.
fn has_expiry(rest: &str) -> bool {
    let behind_code = |code: usize| rest.get(code..).is_some_and(is_expiry);
    let before_code =
        |code: usize| rest.len().checked_sub(code).and_then(|end| rest.get(..end)).is_some_and(is_expiry);
    is_expiry(rest) || CODES.into_iter().any(|code| behind_code(code) || before_code(code))
}

/// `MMYY`, `MMYYYY` or `YYMM`.
fn is_expiry(digits: &str) -> bool {
    let number = |from: usize, to: usize| digits.get(from..to).and_then(|part| part.parse::<u16>().ok());
    let is_month = |month: Option<u16>| month.is_some_and(|month| (1..=12).contains(&month));
    match digits.len() {
        4 => is_month(number(0, 2)) || is_month(number(2, 4)),
        6 => is_month(number(0, 2)) && number(2, 4) == Some(20),
        _ => false,
    }
}

#[cfg(test)]
mod tests;

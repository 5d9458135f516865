//! Postal codes, as the gateway takes them.

use thiserror::Error;

use super::nearest_ascii;

/// Most letters and digits that the gateway takes (`docs/cardpointe.md`, *Amounts, dates and order
/// ids*).
const POSTCODE_MAX: usize = 9;

/// The country whose postal codes have a known number of digits.
const UNITED_STATES: &str = "US";

/// Why a postal code cannot be sent whole, or cannot be one. Read after the member's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum InvalidPostcode {
    /// A part of it would be cut off.
    #[error("has more than {POSTCODE_MAX} letters and digits")]
    TooLong,
    /// A letter has no likeness in US-ASCII.
    #[error("has a letter that is not Latin")]
    NotLatin,
    /// A ZIP Code has five digits, and nine with its extension.
    #[error("has neither 5 nor 9 digits, as a code of the United States has")]
    NoZipCode,
}

/// Whether a postal code, in a country if that is stated (ISO 3166-1 alpha-2), can be sent whole.
/// Without a letter or a digit there is none.
pub fn check_postcode(text: &str, country: Option<&str>) -> Result<(), InvalidPostcode> {
    let sent = sent_postcode(text);
    let is_lost = |c: char| c.is_alphanumeric() && nearest_ascii(c.encode_utf8(&mut [0; 4])) == "?";
    if text.contains(is_lost) {
        return Err(InvalidPostcode::NotLatin);
    }
    let digits = sent.bytes().filter(u8::is_ascii_digit).count();
    if country == Some(UNITED_STATES) && !sent.is_empty() && !matches!(digits, 5 | 9) {
        return Err(InvalidPostcode::NoZipCode);
    }
    if sent.len() > POSTCODE_MAX { Err(InvalidPostcode::TooLong) } else { Ok(()) }
}

/// Its letters and digits in US-ASCII: a US code is 5 or 9 digits without a hyphen, and others lose
/// their spaces.
pub fn sent_postcode(text: &str) -> String {
    nearest_ascii(text).chars().filter(char::is_ascii_alphanumeric).collect()
}

//! Card data: the incoming data of a payment, the part that may be kept, and the part that must
//! never get out.
//!
//! The number and the security code are secrets: wiped from memory when dropped, without `Display`
//! or `Serialize`, and opened only by a method named `expose`. Only [`CardSummary`] is stored (PCI
//! DSS 3.3.1 forbids keeping the security code after authorization, 3.5.1 requires a stored number
//! to be unreadable).

mod digits;
mod disguise;
mod mask;
mod token;

pub(super) use digits::plain as with_plain_digits;
pub use disguise::{TextUse, Unkeepable, check_kept, clean_text, looks_like_card_number};
pub use mask::{mask_card_numbers, shorten_card_numbers};
pub use token::{CardAccount, CardToken};

use std::{fmt, str::FromStr};

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;

use crate::words;

words! {
    /// A card brand, as told by the leading digits of the number.
    #[derive(Hash, Ord, PartialOrd)]
    pub enum Brand {
        /// Numbers that begin with 4.
        Visa => "visa": "Visa",
        /// Numbers that begin with 51 to 55, or with 2221 to 2720.
        Mastercard => "mastercard": "Mastercard",
        /// American Express: numbers that begin with 34 or 37.
        Amex => "amex": "American Express",
        /// Numbers that begin with 6011, 622, 644 to 649, or 65.
        Discover => "discover": "Discover",
        /// Diners Club: numbers that begin with 300 to 305, 3095, 36, 38 or 39.
        Diners => "diners": "Diners Club",
        /// Numbers that begin with 35.
        Jcb => "jcb": "JCB",
        /// Numbers that begin with 62 or 81, except 622.
        UnionPay => "union_pay": "UnionPay",
    }

    /// The brand's name for a human.
    pub fn name(self) -> &'static str;
}

/// Leading digits: how many, from, to. The first row that fits decides.
///
/// ISO/IEC 7812 issuer ranges as the brands publish them, except where the gateway's own list
/// (`docs/cardpointe.md`, *Cards, tokens and profiles*) says otherwise: all of 622 is Discover
/// (`UnionPay` runs on its network in the US) and all of 35 is JCB (the brand itself claims
/// 3528–3589).
const PREFIXES: &[(usize, u32, u32, Brand)] = &[
    (1, 4, 4, Brand::Visa),
    (2, 51, 55, Brand::Mastercard),
    (4, 2221, 2720, Brand::Mastercard),
    (2, 34, 34, Brand::Amex),
    (2, 37, 37, Brand::Amex),
    (4, 6011, 6011, Brand::Discover),
    (3, 622, 622, Brand::Discover),
    (3, 644, 649, Brand::Discover),
    (2, 65, 65, Brand::Discover),
    (3, 300, 305, Brand::Diners),
    (4, 3095, 3095, Brand::Diners),
    (2, 36, 36, Brand::Diners),
    (2, 38, 39, Brand::Diners),
    (2, 35, 35, Brand::Jcb),
    (2, 62, 62, Brand::UnionPay),
    (2, 81, 81, Brand::UnionPay),
];

impl Brand {
    /// The brand of a number, or of as many leading digits as are known; nothing if they do not
    /// tell.
    pub fn detect(digits: &str) -> Option<Self> {
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let starts_within = |length: usize, from: u32, to: u32| {
            digits
                .get(..length)
                .and_then(|prefix| prefix.parse().ok())
                .is_some_and(|n| (from..=to).contains(&n))
        };
        PREFIXES.iter().find(|&&(length, from, to, _)| starts_within(length, from, to)).map(|row| row.3)
    }

    /// Whether the brand issues numbers of that many digits. All fit the gateway's 19
    /// (`docs/cardpointe.md`, *Amounts, dates and order ids*).
    pub fn issues_length(self, digits: usize) -> bool {
        match self {
            Self::Visa => matches!(digits, 13 | 16 | 19),
            Self::Mastercard => digits == 16,
            Self::Amex => digits == 15,
            Self::Diners => (14..=19).contains(&digits),
            Self::Discover | Self::Jcb | Self::UnionPay => (16..=19).contains(&digits),
        }
    }

    /// How many digits the security code has.
    pub fn security_code_length(self) -> usize {
        if self == Self::Amex { 4 } else { 3 }
    }
}

impl fmt::Display for Brand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why something is not a card number. Says nothing of the digits.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum CardNumberError {
    /// No digits: the text is empty, or has spaces and hyphens only.
    #[error("the card number is empty")]
    Empty,
    /// Something besides ASCII digits, spaces and hyphens.
    #[error("the card number has characters that are not digits")]
    NotDigits,
    /// No brand's numbers begin like this.
    #[error("the card number is of no known brand")]
    UnknownBrand,
    /// Too short or too long for its brand.
    #[error("the card number has too few or too many digits")]
    WrongLength,
    /// The check digit is wrong (ISO/IEC 7812-1, Annex B).
    #[error("the card number has a wrong digit")]
    LuhnFailed,
}

/// A card number (PAN) of a known brand, with the right length and check digit.
#[derive(Clone)]
pub struct CardNumber {
    digits: SecretString,
    brand: Brand,
}

impl CardNumber {
    /// Reads ASCII digits, between which spaces and hyphens do not count.
    pub fn parse(text: &str) -> Result<Self, CardNumberError> {
        let is_digit = |byte: &u8| byte.is_ascii_digit();
        if let Some(_other) = text.bytes().find(|byte| !is_digit(byte) && !matches!(byte, b' ' | b'-')) {
            return Err(CardNumberError::NotDigits);
        }
        // Exactly as large as needed: growing or shrinking would leave a copy behind in freed
        // memory.
        let mut digits = String::with_capacity(text.bytes().filter(is_digit).count());
        digits.extend(text.bytes().filter(is_digit).map(char::from));
        let digits = SecretString::from(digits);

        let exposed = digits.expose_secret();
        if exposed.is_empty() {
            return Err(CardNumberError::Empty);
        }
        let brand = Brand::detect(exposed).ok_or(CardNumberError::UnknownBrand)?;
        if !brand.issues_length(exposed.len()) {
            return Err(CardNumberError::WrongLength);
        }
        if !passes_luhn(exposed) {
            return Err(CardNumberError::LuhnFailed);
        }
        Ok(Self { digits, brand })
    }

    /// The brand that the leading digits belong to. [`CardNumber::parse`] accepts no number without
    /// one.
    pub fn brand(&self) -> Brand {
        self.brand
    }

    /// The last four digits, which may be shown and stored (PCI DSS 3.4.1).
    pub fn last_four(&self) -> &str {
        let digits = self.digits.expose_secret();
        &digits[digits.len() - 4..]
    }

    /// The whole number, for the line that sends it to the gateway and for no other.
    pub fn expose(&self) -> &str {
        self.digits.expose_secret()
    }
}

impl fmt::Debug for CardNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CardNumber({:?} ****{})", self.brand, self.last_four())
    }
}

/// The Luhn check over ASCII digits (ISO/IEC 7812-1, Annex B).
fn passes_luhn(digits: &str) -> bool {
    let doubled = |digit: u32| if digit > 4 { 2 * digit - 9 } else { 2 * digit };
    let sum: u32 = digits
        .bytes()
        .rev()
        .map(|byte| u32::from(byte.wrapping_sub(b'0')))
        .enumerate()
        .map(|(place, digit)| if place % 2 == 1 { doubled(digit) } else { digit })
        .sum();
    sum.is_multiple_of(10)
}

/// Why something is not an expiry date.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum ExpiryError {
    /// Not 1 to 12.
    #[error("the expiry month is not 1 to 12")]
    InvalidMonth,
    /// Not 2000 to 2099.
    #[error("the expiry year is not one of 2000 to 2099, in four digits or the last two")]
    InvalidYear,
    /// Not a month and a year in this form.
    #[error("the expiry date does not have the form {0}")]
    InvalidFormat(&'static str),
}

/// The month through whose last day a card is valid. Displayed as `12/2029`; ordered by time.
///
/// The year is 2000 to 2099, because the gateway is told two of its digits (`docs/cardpointe.md`,
/// *Amounts, dates and order ids*). A date in the past can be stated: whether it is past depends on
/// the day, and a stored card grows old.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Expiry {
    // First, so that the derived order is the order in time.
    year: u16,
    month: u8,
}

impl Expiry {
    /// A month 1 to 12 of a year 2000 to 2099.
    pub fn new(month: u8, year: u16) -> Result<Self, ExpiryError> {
        if !(1..=12).contains(&month) {
            return Err(ExpiryError::InvalidMonth);
        }
        if !(2000..=2099).contains(&year) {
            return Err(ExpiryError::InvalidYear);
        }
        Ok(Self { year, month })
    }

    /// Reads a month of one or two digits and a year of four, or of two in this century.
    pub fn from_parts(month: &str, year: &str) -> Result<Self, ExpiryError> {
        let month = match month.len() {
            1 | 2 => number(month).and_then(|month| u8::try_from(month).ok()),
            _ => None,
        };
        let year = match year.len() {
            2 => number(year).map(|year| 2000 + year),
            4 => number(year),
            _ => None,
        };
        Self::new(month.ok_or(ExpiryError::InvalidMonth)?, year.ok_or(ExpiryError::InvalidYear)?)
    }

    /// Reads `12/29`: month and year with two digits each.
    pub fn parse_mm_yy(text: &str) -> Result<Self, ExpiryError> {
        Self::parse(text, "MM/YY")
    }

    /// Reads a month of two digits and a year of as many as the form has.
    fn parse(text: &str, form: &'static str) -> Result<Self, ExpiryError> {
        match text.split_once('/') {
            Some((month, year)) if month.len() == 2 && text.len() == form.len() => {
                Self::from_parts(month, year)
            }
            _ => Err(ExpiryError::InvalidFormat(form)),
        }
    }

    /// `1229`, the form that the gateway takes (`docs/cardpointe.md`, *Amounts, dates and order
    /// ids*).
    pub fn mmyy(self) -> String {
        format!("{:02}{:02}", self.month, self.year % 100)
    }

    /// Whether the card's last day lies before that date. Which day it is depends on the place; the
    /// caller says.
    pub fn is_past(self, on: Date) -> bool {
        (i32::from(on.year()), i32::from(on.month())) > (i32::from(self.year), i32::from(self.month))
    }

    /// Whether the card's last day is over wherever it is: west of Greenwich the month ends later,
    /// and a card that is good for another day somewhere is sent.
    pub fn is_past_everywhere(self, now: Timestamp) -> bool {
        now.to_zoned(TimeZone::UTC).date().yesterday().is_ok_and(|yesterday| self.is_past(yesterday))
    }

    /// The month, from 1 (January) to 12.
    pub fn month(self) -> u8 {
        self.month
    }

    /// The year with its century, from 2000 to 2099.
    pub fn year(self) -> u16 {
        self.year
    }
}

impl fmt::Display for Expiry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}/{}", self.month, self.year)
    }
}

/// Reads `12/2029`, the form that it is displayed in.
impl FromStr for Expiry {
    type Err = ExpiryError;

    fn from_str(text: &str) -> Result<Self, ExpiryError> {
        Self::parse(text, "MM/YYYY")
    }
}

/// ASCII digits only: `parse` alone would take a plus sign.
fn number(text: &str) -> Option<u16> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

/// Why something is not a security code. Says nothing of the digits.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum SecurityCodeError {
    /// An empty text. Spaces are [`Self::NotDigits`].
    #[error("the security code is empty")]
    Empty,
    /// Something besides ASCII digits.
    #[error("the security code has characters that are not digits")]
    NotDigits,
    /// Too short or too long; for the brand, if that is known.
    #[error("the security code has too few or too many digits")]
    WrongLength,
}

/// A security code (CVV, CVC, CID): used for one authorization, never stored (PCI DSS 3.3.1).
#[derive(Clone)]
pub struct SecurityCode {
    digits: SecretString,
}

impl SecurityCode {
    /// Reads three or four ASCII digits, exactly as many as the brand has if it is known.
    pub fn parse(text: &str, brand: Option<Brand>) -> Result<Self, SecurityCodeError> {
        if text.is_empty() {
            return Err(SecurityCodeError::Empty);
        }
        if !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(SecurityCodeError::NotDigits);
        }
        let fits = match brand {
            Some(brand) => text.len() == brand.security_code_length(),
            None => matches!(text.len(), 3 | 4),
        };
        if fits { Ok(Self { digits: SecretString::from(text) }) } else { Err(SecurityCodeError::WrongLength) }
    }

    /// The digits, for the line that sends them to the gateway and for no other.
    pub fn expose(&self) -> &str {
        self.digits.expose_secret()
    }
}

impl fmt::Debug for SecurityCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecurityCode(***)")
    }
}

/// All that is kept about a card. There is no field for a number or a security code.
#[derive(Clone, Default, Eq, PartialEq)]
pub struct CardSummary {
    /// The brand, if it is known: a payment with a stored card does not tell it.
    pub brand: Option<Brand>,
    /// The last four digits of the number.
    pub last_four: Option<String>,
    /// The month through whose last day the card is valid, if it was stated.
    pub expiry: Option<Expiry>,
    /// The gateway's token: no card number, but good for payments at this merchant
    /// (`docs/cardpointe.md`, *Cards, tokens and profiles*).
    pub token: Option<String>,
    /// Where the gateway stores the card, if it does.
    pub stored: Option<StoredCard>,
}

/// A card that the gateway keeps, to be paid with again.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StoredCard {
    /// Profile, up to 20 digits.
    pub profile: String,
    /// Account in the profile, `1` to `999`.
    pub account: String,
}

impl CardSummary {
    /// Keeps the gateway's token, and its data about a stored card.
    pub fn learn_from_token(&mut self, token: CardToken) {
        if self.last_four.is_none() && token.last_four.is_some() {
            self.brand = self.brand.or(token.brand);
            self.last_four = token.last_four;
        }
        self.token = Some(token.value);
    }
}

impl fmt::Debug for CardSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CardSummary")
            .field("brand", &self.brand)
            .field("last_four", &self.last_four)
            .field("expiry", &self.expiry)
            .field("token", &self.token.as_ref().map(|_| "***"))
            .field("stored", &self.stored)
            .finish()
    }
}

#[cfg(test)]
mod tests;

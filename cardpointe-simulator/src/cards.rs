//! Card numbers: brand, check digit, token, and the test cards with a scripted answer.
//!
//! A card number lives only for as long as it takes to read it: what is kept of a card is [`Card`].

use std::collections::HashMap;

use serde_json::Value;

use crate::codes::{Processor, Verdict, pps};

/// A card scheme.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Brand {
    Visa,
    Mastercard,
    Amex,
    Discover,
    Diners,
    Jcb,
}

impl Brand {
    /// The scheme of a card number by its first digits and its length.
    fn of(pan: &str) -> Result<Self, Verdict> {
        let prefix = |length: usize| pan[..length].parse::<u32>().unwrap_or_default();
        let (brand, length) = match (prefix(1), prefix(2), prefix(3), prefix(4)) {
            (4, ..) => (Self::Visa, 16),
            (_, 51..=55, ..) => (Self::Mastercard, 16),
            (_, 34 | 37, ..) => (Self::Amex, 15),
            (_, 65, ..) | (_, _, 622 | 644..=649, _) | (.., 6011) => (Self::Discover, 16),
            (_, 36, ..) => (Self::Diners, 14),
            (_, 35, ..) => (Self::Jcb, 16),
            _ => return Err(pps::UNKNOWN_CARD_TYPE),
        };
        if pan.len() == length { Ok(brand) } else { Err(pps::INVALID_CARD) }
    }

    /// The profile's `accttype`.
    pub(crate) fn account_type(self) -> &'static str {
        match self {
            Self::Visa => "VISA",
            Self::Mastercard => "MC",
            Self::Amex => "AMEX",
            Self::Discover => "DISC",
            Self::Diners => "DC",
            Self::Jcb => "JCB",
        }
    }
}

/// What a card does, apart from what amounts and addresses ask for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Script {
    /// Approved unless something else says no.
    None,
    /// Approved with the authorization code of the test table.
    Approve(&'static str),
    ReferToIssuer,
    DoNotHonor,
    Expired,
    InsufficientFunds,
    /// 6.00 and more is approved for 5.00.
    Partial,
    Timeout,
    /// Recurring payments with Mastercard's advice codes.
    MastercardAdvice,
    /// Recurring payments with Visa's categories and advice codes.
    VisaAdvice,
    /// The card scheme's own decline codes, by amount.
    Scheme(&'static [(&'static str, &'static str)]),
}

impl Script {
    fn of(pan: &str) -> Self {
        use crate::codes::scheme;
        match pan {
            "4788250000121443" => Self::Approve("PPS009"),
            "5454545454545454" => Self::Approve("PPS010"),
            "371449635398431" => Self::Approve("PPS013"),
            "6011000995500000" => Self::Approve("PPS015"),
            "36438999960016" => Self::Approve("PPS012"),
            "3528000000000007" => Self::Approve("PPS007"),
            "4387751111111020" | "5442981111111023" | "6011000995511122" => Self::ReferToIssuer,
            "4387751111111038" | "5442981111111031" | "6011000995511130" => Self::DoNotHonor,
            "4387751111111046" | "5442981111111049" | "6011000995511148" => Self::Expired,
            "4387751111111053" | "5442981111111056" | "6011000995511155" => Self::InsufficientFunds,
            "4387750101010101" => Self::Partial,
            "4999006200620062" | "5111006200620062" | "6465006200620062" => Self::Timeout,
            "5442981111111064" => Self::MastercardAdvice,
            "4012000000000081" => Self::VisaAdvice,
            "4387751111111012" => Self::Scheme(scheme::VISA),
            "5442981111112021" => Self::Scheme(scheme::MASTERCARD),
            "6011000995512005" => Self::Scheme(scheme::DISCOVER),
            "341111599242008" => Self::Scheme(scheme::AMEX),
            _ => Self::None,
        }
    }

    /// The decline that this card always gets.
    pub(crate) fn decline(self, processor: Processor) -> Option<Verdict> {
        match self {
            Self::ReferToIssuer => Some(processor.refer_to_issuer()),
            Self::DoNotHonor => Some(processor.do_not_honor()),
            Self::Expired => Some(processor.expired()),
            Self::InsufficientFunds => Some(processor.insufficient_funds()),
            Self::None
            | Self::Approve(_)
            | Self::Partial
            | Self::Timeout
            | Self::MastercardAdvice
            | Self::VisaAdvice
            | Self::Scheme(_) => None,
        }
    }
}

/// What is known of a card without its number.
#[derive(Clone, Debug)]
pub(crate) struct Card {
    pub(crate) token: String,
    /// First two and last four digits, the rest crossed out.
    pub(crate) masked: String,
    pub(crate) brand: Brand,
    pub(crate) script: Script,
}

/// The tokens given out so far.
pub(crate) struct Vault {
    cards: HashMap<String, Card>,
}

/// The cards whose tokens are known from the start, so that a client can use a token right away.
const TEST_CARDS: [&str; 33] = [
    "4111111111111111",
    "4242424242424242",
    "4788250000121443",
    "5454545454545454",
    "371449635398431",
    "6011000995500000",
    "36438999960016",
    "3528000000000007",
    "4387751111111020",
    "5442981111111023",
    "6011000995511122",
    "4387751111111038",
    "5442981111111031",
    "6011000995511130",
    "4387751111111046",
    "5442981111111049",
    "6011000995511148",
    "4387751111111053",
    "5442981111111056",
    "6011000995511155",
    "4387750101010101",
    "4999006200620062",
    "5111006200620062",
    "6465006200620062",
    "4000100011112224",
    "6011361000006668",
    "4761739001010010",
    "5442981111111064",
    "4012000000000081",
    "4387751111111012",
    "5442981111112021",
    "6011000995512005",
    "341111599242008",
];

/// Pairs that the real test system gave out.
const KNOWN_TOKENS: [(&str, &str); 9] = [
    ("4111111111111111", "9418594164541111"),
    ("4788250000121443", "9477709629051443"),
    ("4387751111111053", "9435885049491053"),
    ("4000100011112224", "9405701444882224"),
    ("6011000995500000", "9601616143390000"),
    ("4999006200620062", "9497267302710062"),
    ("6011361000006668", "9605849968916668"),
    ("4242424242424242", "9422925921134242"),
    ("4761739001010010", "9477257372660010"),
];

impl Vault {
    pub(crate) fn new() -> Self {
        let mut vault = Self { cards: HashMap::new() };
        for pan in TEST_CARDS {
            let known = vault.resolve(pan);
            debug_assert!(known.is_ok(), "the test cards are valid");
        }
        vault
    }

    /// The card behind an `account`: a card number or a token.
    pub(crate) fn resolve(&mut self, account: &str) -> Result<Card, Verdict> {
        let digits_only = account.bytes().all(|byte| byte.is_ascii_digit());
        if !digits_only || !(12..=19).contains(&account.len()) {
            return Err(pps::INVALID_CARD);
        }
        if account.len() == 16 && account.starts_with('9') {
            return self.cards.get(account).cloned().ok_or(pps::INVALID_TOKEN);
        }
        if !luhn(account) {
            return Err(pps::BAD_CHECK_DIGIT);
        }
        let brand = Brand::of(account)?;
        let token = token(account);
        let card = self.cards.entry(token.clone()).or_insert_with(|| Card {
            token,
            masked: mask(account),
            brand,
            script: Script::of(account),
        });
        Ok(card.clone())
    }
}

/// Whether a run of digits passes the check of card numbers.
pub(crate) fn luhn(digits: &str) -> bool {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, digit)| {
            let digit = u32::from(digit - b'0');
            if place % 2 == 0 { digit } else { digit * 2 / 10 + digit * 2 % 10 }
        })
        .sum();
    sum.is_multiple_of(10)
}

/// Crosses out all but the first two and the last four digits.
pub(crate) fn mask(digits: &str) -> String {
    let hidden = digits.len().saturating_sub(6);
    format!("{}{}{}", &digits[..2], "X".repeat(hidden), &digits[digits.len() - 4..])
}

/// The text with every card number in it masked.
pub(crate) fn mask_card_numbers(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(|letter: char| letter.is_ascii_digit()) {
        let (before, run_on) = rest.split_at(start);
        let end = run_on.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(run_on.len());
        let (run, after) = run_on.split_at(end);
        masked.push_str(before);
        if (13..=19).contains(&run.len()) && luhn(run) && Brand::of(run).is_ok() {
            masked.push_str(&mask(run));
        } else {
            masked.push_str(run);
        }
        rest = after;
    }
    masked.push_str(rest);
    masked
}

/// The same for every text and number in a JSON value.
pub(crate) fn mask_in_json(value: &Value) -> Value {
    match value {
        Value::String(text) => mask_card_numbers(text).into(),
        Value::Number(number) => {
            let text = number.to_string();
            let masked = mask_card_numbers(&text);
            if masked == text { value.clone() } else { masked.into() }
        }
        Value::Array(values) => values.iter().map(mask_in_json).collect(),
        Value::Object(members) => {
            members.iter().map(|(name, value)| (mask_card_numbers(name), mask_in_json(value))).collect()
        }
        Value::Null | Value::Bool(_) => value.clone(),
    }
}

/// "9", the first two digits, nine digits that depend on the whole number, the last four; the check digit
/// fits.
///
/// Deterministic, so anyone can compute a card number's token: good for a simulator, no protection of
/// anything.
fn token(pan: &str) -> String {
    if let Some((_, token)) = KNOWN_TOKENS.iter().find(|(known, _)| *known == pan) {
        return (*token).to_owned();
    }
    // FNV-1a: tiny, the same everywhere, and nothing secret hangs on it.
    let hash = pan.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let middle = (hash ^ (hash >> 29)) % 100_000_000;
    let last_four = &pan[pan.len() - 4..];
    let mut token = String::new();
    // Exactly one of the ten digits makes the sum come out.
    for filler in 0..10 {
        token = format!("9{}{middle:08}{filler}{last_four}", &pan[..2]);
        if luhn(&token) {
            break;
        }
    }
    token
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_test_card_passes_the_check_and_has_a_luhn_valid_token_of_the_documented_form() {
        for pan in TEST_CARDS {
            let token = token(pan);
            assert!(luhn(pan) && luhn(&token), "{pan} {token}");
            assert_eq!((token.len(), &token[..1], &token[1..3]), (16, "9", &pan[..2]));
            assert_eq!(token[12..], pan[pan.len() - 4..]);
        }
    }

    #[test]
    fn a_token_stands_for_its_card_and_a_foreign_token_for_none() {
        let mut vault = Vault::new();
        let by_number = vault.resolve("4000000000000002").unwrap();
        let by_token = vault.resolve(&by_number.token).unwrap();
        assert_eq!((by_token.masked.as_str(), by_token.brand), ("40XXXXXXXXXX0002", by_number.brand));
        assert_eq!(vault.resolve("9411111111111111").unwrap_err(), pps::INVALID_TOKEN);
    }

    #[test]
    fn a_tokens_script_is_its_cards() {
        assert_eq!(Vault::new().resolve("9435885049491053").unwrap().script, Script::InsufficientFunds);
    }

    #[test]
    fn each_kind_of_bad_number_has_its_own_answer() {
        let mut vault = Vault::new();
        assert_eq!(vault.resolve("4111111111111112").unwrap_err(), pps::BAD_CHECK_DIGIT);
        assert_eq!(vault.resolve("1234567812345670").unwrap_err(), pps::UNKNOWN_CARD_TYPE);
        assert_eq!(vault.resolve("4111").unwrap_err(), pps::INVALID_CARD);
        assert_eq!(vault.resolve("4111 1111 1111 1111").unwrap_err(), pps::INVALID_CARD);
        assert_eq!(
            vault.resolve("4222222222222").unwrap_err(),
            pps::INVALID_CARD,
            "13 digits are no Visa today"
        );
    }

    #[test]
    fn card_numbers_inside_text_are_masked_and_other_numbers_stay() {
        assert_eq!(mask_card_numbers("a-4111111111111111-b"), "a-41XXXXXXXXXX1111-b");
        assert_eq!(mask_card_numbers("order 4111111111111112, 12345"), "order 4111111111111112, 12345");
        assert_eq!(mask_card_numbers("é4242424242424242é"), "é42XXXXXXXXXX4242é");
    }
}

//! Card numbers: brand, check digit, token, and the test cards with a scripted response.
//!
//! A card number lives only for as long as it takes to read it: only [`Card`] is kept.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::codes::{Verdict, pps};

mod test_cards;

pub(crate) use test_cards::Script;
use test_cards::{KNOWN_ACCOUNTS, KNOWN_TOKENS, TEST_CARDS};

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) enum Brand {
    Visa,
    Mastercard,
    Amex,
    Discover,
    Diners,
    Jcb,
    /// No card: a checking account.
    Check,
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

    /// The `accttype` that a profile of the brand has.
    pub(crate) fn account_type(self) -> &'static str {
        match self {
            Self::Visa => "VISA",
            Self::Mastercard => "MC",
            Self::Amex => "AMEX",
            Self::Discover => "DISC",
            Self::Diners => "DC",
            Self::Jcb => "JCB",
            Self::Check => "ECHK",
        }
    }
}

/// A card without its number.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Card {
    pub(crate) token: String,
    /// The token that is not unique: the same for all tokens of a card.
    first_token: String,
    /// The first six digits; none of a checking account.
    pub(crate) bin: String,
    /// First two and last four digits, the rest crossed out.
    pub(crate) masked: String,
    pub(crate) brand: Brand,
    #[serde(skip)]
    pub(crate) script: Script,
}

/// The bins of the test cards for debit with a PIN.
const DEBIT: [&str; 2] = ["422222", "651000"];

impl Card {
    /// Whether it is a debit card. All others are credit cards; prepaid ones are not simulated.
    pub(crate) fn is_debit(&self) -> bool {
        DEBIT.contains(&self.bin.as_str())
    }

    /// Whether its token is the one that every request for it gets.
    pub(crate) fn is_first_token(&self) -> bool {
        self.token == self.first_token
    }
}

/// The data that came with a card to `CardSecure`, for one authorization. No `Debug`: it may hold a
/// CVV.
pub(crate) struct Held {
    pub(crate) expiry: Option<String>,
    pub(crate) cvv: Option<String>,
    since: Timestamp,
}

/// How long it is held.
const HELD_S: i64 = 120;

/// The tokens given out so far.
pub(crate) struct Vault {
    cards: HashMap<String, Card>,
    held: HashMap<String, Held>,
    pub(crate) unique_tokens: u64,
    /// Since the last [`Vault::take_new`].
    new_tokens: Vec<String>,
}

impl Vault {
    pub(crate) fn new() -> Self {
        let mut vault =
            Self { cards: HashMap::new(), held: HashMap::new(), unique_tokens: 0, new_tokens: Vec::new() };
        for pan in TEST_CARDS {
            let known = vault.resolve(pan);
            debug_assert!(known.is_ok(), "the test cards are valid");
        }
        vault.new_tokens.clear();
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
        let card = Card {
            first_token: token.clone(),
            token,
            bin: account[..6].to_owned(),
            masked: mask(account),
            brand,
            script: Script::of(account),
        };
        Ok(self.keep(card))
    }

    fn keep(&mut self, card: Card) -> Card {
        if let Some(known) = self.cards.get(&card.token) {
            return known.clone();
        }
        self.new_tokens.push(card.token.clone());
        self.cards.insert(card.token.clone(), card.clone());
        card
    }

    /// The cards that came since this was called last.
    pub(crate) fn take_new(&mut self) -> Vec<Card> {
        let tokens = std::mem::take(&mut self.new_tokens);
        tokens.iter().filter_map(|token| self.cards.get(token).cloned()).collect()
    }

    /// Every card that is not known from the start, in no order.
    pub(crate) fn added(&self) -> impl Iterator<Item = &Card> {
        let first = |card: &&Card| TEST_CARDS.iter().any(|pan| token(pan) == card.token);
        self.cards.values().filter(move |card| !first(card))
    }

    /// Puts a card back that was known before. Its behavior follows from its first token.
    pub(crate) fn restore(&mut self, mut card: Card) {
        card.script = self.cards.get(&card.first_token).map_or(Script::None, |first| first.script);
        self.cards.insert(card.token.clone(), card);
    }

    /// The checking account behind a routing and an account number.
    pub(crate) fn checking_account(&mut self, routing: &str, account: &str) -> Card {
        let known = KNOWN_ACCOUNTS.iter().find(|known| (known.0, known.1) == (routing, account));
        let token = match known {
            Some((_, _, token)) => (*token).to_owned(),
            None => token_of(&routing[..2], &format!("{routing}/{account}"), &account[account.len() - 4..]),
        };
        let masked = mask(account);
        self.keep(Card {
            first_token: token.clone(),
            token,
            bin: String::new(),
            masked,
            brand: Brand::Check,
            script: Script::None,
        })
    }

    /// Another token for the same card, which no other has.
    pub(crate) fn another_token(&mut self, card: &Card) -> Card {
        let last_four = &card.token[12..];
        loop {
            self.unique_tokens += 1;
            let seed = format!("{}#{}", card.token, self.unique_tokens);
            let token = token_of(&card.token[1..3], &seed, last_four);
            if !self.cards.contains_key(&token) {
                return self.keep(Card { token, ..card.clone() });
            }
        }
    }

    /// Holds expiry and CVV until the token pays, or for two minutes.
    pub(crate) fn hold(&mut self, token: &str, expiry: Option<String>, cvv: Option<String>, now: Timestamp) {
        self.held.retain(|_, held| !is_over(held, now));
        if expiry.is_some() || cvv.is_some() {
            self.held.insert(token.to_owned(), Held { expiry, cvv, since: now });
        }
    }

    /// Takes the data held with a token.
    pub(crate) fn take_held(&mut self, token: &str, now: Timestamp) -> Option<Held> {
        self.held.remove(token).filter(|held| !is_over(held, now))
    }
}

fn is_over(held: &Held, now: Timestamp) -> bool {
    now.as_second() - held.since.as_second() >= HELD_S
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

fn token(pan: &str) -> String {
    match KNOWN_TOKENS.iter().find(|(known, _)| *known == pan) {
        Some((_, token)) => (*token).to_owned(),
        None => token_of(&pan[..2], pan, &pan[pan.len() - 4..]),
    }
}

/// "9", the first two digits, nine digits that depend on the whole number, the last four; the check
/// digit fits.
///
/// Deterministic, so anyone can compute a card number's token: good for a simulator, no protection
/// of anything.
fn token_of(first_two: &str, whole: &str, last_four: &str) -> String {
    // FNV-1a: tiny, the same everywhere, and nothing secret hangs on it.
    let hash = whole.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let middle = (hash ^ (hash >> 29)) % 100_000_000;
    let mut token = String::new();
    // Exactly one of the ten digits makes the sum come out.
    for filler in 0..10 {
        token = format!("9{first_two}{middle:08}{filler}{last_four}");
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

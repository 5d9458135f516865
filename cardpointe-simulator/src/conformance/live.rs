//! The card of a live run: the operator's own, by a token.

use super::probe::Names;
use crate::cards;

/// The card of a live run: a token of the operator's own card, and its expiry.
#[derive(Clone)]
pub struct LiveCard {
    token: String,
    expiry: String,
}

impl LiveCard {
    /// A card by its `CardSecure` token. The error does not show the value.
    pub fn new(token: &str, expiry: &str) -> Result<Self, String> {
        let digits: String = token.chars().filter(char::is_ascii_digit).collect();
        if (13..=19).contains(&digits.len()) && cards::luhn(&digits) && !digits.starts_with('9') {
            return Err("a card number was given where a token belongs; tokenize the card first".to_owned());
        }
        if digits != token || !(13..=19).contains(&digits.len()) || !digits.starts_with('9') {
            return Err("no token: 13 to 19 digits, of which the first is 9".to_owned());
        }
        if expiry.len() != 4 || !expiry.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err("no expiry: MMYY".to_owned());
        }
        Ok(Self { token: token.to_owned(), expiry: expiry.to_owned() })
    }

    pub(super) fn token(&self) -> &str {
        &self.token
    }

    pub(super) fn names(&self) -> Names {
        [("card", &self.token), ("expiry", &self.expiry)]
            .map(|(name, value)| (name.to_owned(), value.clone()))
            .into()
    }
}

impl std::fmt::Debug for LiveCard {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("LiveCard(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_number_is_refused_and_not_repeated() {
        for number in ["4111111111111111", "4111 1111 1111 1111", "371449635398431", "36438999960016"] {
            let error = LiveCard::new(number, "1249").unwrap_err();
            assert!(error.contains("card number") && !error.contains(number), "{error}");
        }
        for other in ["", "9418", "token", "9418594164541111x", "1234567812345678"] {
            assert!(LiveCard::new(other, "1249").is_err(), "{other}");
        }
        assert!(LiveCard::new("9418594164541111", "12/49").is_err());
        let card = LiveCard::new("9418594164541111", "1249").unwrap();
        assert_eq!(format!("{card:?}"), "LiveCard(***)");
    }
}

//! The gateway's token for a card: no card number, but good for payments at the merchant's gateway.

use std::fmt;

use super::{Brand, CardNumber, CardNumberError, CardSummary, Expiry};

/// How many digits a token has, regardless of the number's length.
const TOKEN_DIGITS: usize = 16;

/// The gateway's token for a card, and the data that can be read off it (`docs/cardpointe.md`,
/// *Cards, tokens and profiles*).
#[derive(Clone, Eq, PartialEq)]
pub struct CardToken {
    /// The token's 16 digits, as they are sent to the gateway.
    pub value: String,
    /// The card's brand, if the token tells.
    pub brand: Option<Brand>,
    /// The last four digits of the number, if the token tells.
    pub last_four: Option<String>,
}

impl CardToken {
    /// Reads a token: a 9, which no number of a known brand begins with, the first two digits of
    /// the number, more digits, and the number's own last four. Anything else in its place may be a
    /// card number.
    pub fn parse(text: &str) -> Option<Self> {
        let is_token = text.len() == TOKEN_DIGITS
            && text.starts_with('9')
            && text.bytes().all(|byte| byte.is_ascii_digit());
        is_token.then(|| Self {
            value: text.to_owned(),
            brand: brand_of_two(&text[1..3]),
            last_four: Some(text[TOKEN_DIGITS - 4..].to_owned()),
        })
    }
}

/// The brand by two digits: where only some numbers that begin like this are a brand's, the others
/// are of none. Numbers that begin with 62 are of two brands; which, two digits do not tell.
fn brand_of_two(digits: &str) -> Option<Brand> {
    Brand::detect(digits).or(match digits {
        "22" | "23" | "24" | "25" | "26" | "27" => Some(Brand::Mastercard),
        "30" => Some(Brand::Diners),
        "60" | "64" => Some(Brand::Discover),
        _ => None,
    })
}

impl fmt::Debug for CardToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CardToken(***)")
    }
}

/// A card as a payment names it: its number as its holder typed it, or the gateway's token for it.
#[derive(Clone, Debug)]
pub enum CardAccount {
    /// The card's own number (PAN), as its holder typed it.
    Number(CardNumber),
    /// The gateway's token for the number.
    Token(CardToken),
}

impl CardAccount {
    /// Reads a card number or a token.
    pub fn parse(text: &str) -> Result<Self, CardNumberError> {
        match Self::token(text) {
            Some(token) => Ok(token),
            None => CardNumber::parse(text).map(Self::Number),
        }
    }

    /// Reads a token. It has to be one of a brand's, as a number has to be.
    pub fn token(text: &str) -> Option<Self> {
        CardToken::parse(text.trim()).filter(|token| token.brand.is_some()).map(Self::Token)
    }

    /// The brand, as far as it is known.
    pub fn brand(&self) -> Option<Brand> {
        match self {
            Self::Number(number) => Some(number.brand()),
            Self::Token(token) => token.brand,
        }
    }

    /// Whether it is a token. Its security code may be with the gateway already.
    pub fn is_token(&self) -> bool {
        matches!(self, Self::Token(_))
    }

    /// The number or the token, for the line that sends it to the gateway and for no other.
    pub fn expose(&self) -> &str {
        match self {
            Self::Number(number) => number.expose(),
            Self::Token(token) => &token.value,
        }
    }

    /// The data that may be kept before the gateway has responded: the same for a number and its
    /// token, so that a payment by the one is a repetition of an equal payment by the other. The
    /// token itself is kept when the gateway returns it; a caller's value in its place may be
    /// anything.
    pub fn summary(&self, expiry: Expiry) -> CardSummary {
        let (brand, last_four) = match self {
            Self::Number(number) => (Some(number.brand()), Some(number.last_four().to_owned())),
            Self::Token(token) => (token.brand, token.last_four.clone()),
        };
        CardSummary { brand, last_four, expiry: Some(expiry), ..CardSummary::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_number_is_no_token_and_a_token_no_card_number() {
        for token in ["9418594164541111", "9371449635398431"] {
            assert!(CardAccount::parse(token).is_ok_and(|account| account.is_token()), "{token}");
            assert!(CardNumber::parse(token).is_err(), "{token}");
        }
        for number in ["4111111111111111", "371449635398431", "4111 1111 1111 1111"] {
            assert!(CardAccount::parse(number).is_ok_and(|account| !account.is_token()), "{number}");
        }
        for neither in [
            "",
            "941859416454111",
            "94185941645411111",
            "9418-5941-6454-1111",
            "941859416454111x",
            "9999999999999995",
        ] {
            assert!(CardAccount::parse(neither).is_err(), "{neither}");
        }
    }

    #[test]
    fn a_typed_card_and_its_token_are_kept_as_the_same_card() {
        let expiry = Expiry::new(10, 2031).unwrap();
        // Leading digits of each row of the brands, and how long the number is.
        for (start, digits) in [
            ("4111", 16),
            ("5555", 16),
            ("2221", 16),
            ("2720", 16),
            ("3714", 15),
            ("6011", 16),
            ("6445", 16),
            ("6510", 16),
            ("3056", 14),
            ("3095", 14),
            ("3625", 14),
            ("3530", 16),
            ("8100", 16),
        ] {
            let body = format!("{start}{:0>1$}", 123, digits - start.len() - 1);
            let number = (0..10).map(|check| format!("{body}{check}")).find(|n| CardNumber::parse(n).is_ok());
            let number = number.unwrap_or_else(|| panic!("{start}"));
            let typed = CardAccount::parse(&number).unwrap();
            let sent = format!("9{}{:09}{}", &number[..2], 7, &number[number.len() - 4..]);
            let token = CardAccount::parse(&sent).unwrap();
            assert!(token.is_token());
            assert_eq!(token.expose(), sent);
            assert_eq!(typed.summary(expiry), token.summary(expiry), "{number}");
            let summary = typed.summary(expiry);
            assert_eq!(summary.last_four.as_deref(), Some(&number[number.len() - 4..]));
            assert_eq!((summary.brand, summary.expiry), (Brand::detect(&number), Some(expiry)));
            assert_eq!((typed.brand(), token.brand()), (Brand::detect(&number), Brand::detect(&number)));
            assert_eq!(typed.expose(), number);
        }
    }

    #[test]
    fn a_token_is_in_no_debug_and_not_kept_before_the_gateway_returned_it() {
        let account = CardAccount::parse("9418594164541111").unwrap();
        assert_eq!(format!("{account:?}"), "Token(CardToken(***))");
        assert_eq!(account.summary(Expiry::new(1, 2030).unwrap()).token, None);
    }
}

//! What makes two requests the same, digested so that what is stored tells nothing.

use sha2::{Digest, Sha256};

use super::Kind;
use crate::values::{
    card::CardSummary,
    money::{Amount, Currency},
};

/// SHA-256 of method, path and `Idempotency-Key`, unkeyed so that it survives key rotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyDigest(pub [u8; 32]);

impl KeyDigest {
    /// The digest of a key as sent to one route (method and path) of one order; `target` is what else the path
    /// names. The same key on another path is another key.
    pub fn new(route: &str, target: &str, key: &str) -> Self {
        Self(digest(&[route, target, key]))
    }
}

/// SHA-256 of what makes two requests the same. Holds no card number, security code or time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint(pub [u8; 32]);

impl Fingerprint {
    /// The fingerprint of a request: `amount` as sent, so that "all that is owing" stays equal to itself.
    pub fn new(
        kind: Kind,
        amount: Option<Amount>,
        currency: Option<Currency>,
        card: Option<&CardSummary>,
        payment: Option<&str>,
    ) -> Self {
        let amount = amount.map_or_else(String::new, |amount| amount.minor().to_string());
        let currency = currency.map_or_else(String::new, |currency| currency.code().to_owned());
        let brand = card.and_then(|card| card.brand).map_or("", crate::values::card::Brand::name);
        let last_four = card.and_then(|card| card.last_four.as_deref()).unwrap_or("");
        let expiry =
            card.and_then(|card| card.expiry).map_or_else(String::new, crate::values::card::Expiry::mmyy);
        let parts = [kind.as_str(), &amount, &currency, brand, last_four, &expiry, payment.unwrap_or("")];
        Self(digest(&parts))
    }
}

/// Digest of parts, each with its length before it, so that no two lists of parts collide.
pub(super) fn digest(parts: &[&str]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_key_on_another_path_is_another_key() {
        let capture = KeyDigest::new("POST /capture", "1", "k");
        assert_eq!(capture, KeyDigest::new("POST /capture", "1", "k"));
        assert_ne!(capture, KeyDigest::new("POST /capture", "2", "k"));
        assert_ne!(capture, KeyDigest::new("POST /refund", "1", "k"));
        assert_ne!(KeyDigest::new("POST", "ab", "c"), KeyDigest::new("POST", "a", "bc"));
    }

    #[test]
    fn a_fingerprint_tells_all_that_is_owing_from_an_amount() {
        let owing = Fingerprint::new(Kind::Purchase, None, None, None, Some("1|2"));
        let zero = Fingerprint::new(Kind::Purchase, Some(Amount::ZERO), None, None, Some("1|2"));
        assert_ne!(owing, zero);
        assert_ne!(owing, Fingerprint::new(Kind::Authorize, None, None, None, Some("1|2")));
        assert_ne!(owing, Fingerprint::new(Kind::Purchase, None, None, None, Some("1|3")));
    }

    #[test]
    fn a_payment_in_another_currency_or_with_another_card_is_another_request() {
        let visa = CardSummary {
            brand: Some(crate::values::card::Brand::Visa),
            last_four: Some("1111".to_owned()),
            expiry: Some(crate::values::card::Expiry::new(10, 2031).unwrap()),
            ..CardSummary::default()
        };
        let of = |currency, card: &CardSummary| {
            Fingerprint::new(Kind::Purchase, None, Some(currency), Some(card), None)
        };
        let one = of(Currency::USD, &visa);
        assert_eq!(one, of(Currency::USD, &visa.clone()));
        assert_ne!(one, of("CAD".parse().unwrap(), &visa));
        let other_digits = CardSummary { last_four: Some("1112".to_owned()), ..visa.clone() };
        assert_ne!(one, of(Currency::USD, &other_digits));
        let other_brand = CardSummary { brand: Some(crate::values::card::Brand::Mastercard), ..visa.clone() };
        assert_ne!(one, of(Currency::USD, &other_brand));
        let renewed =
            CardSummary { expiry: Some(crate::values::card::Expiry::new(10, 2034).unwrap()), ..visa };
        assert_ne!(one, of(Currency::USD, &renewed));
    }

    #[test]
    fn a_payment_of_another_amount_is_another_request() {
        let of = |minor| Fingerprint::new(Kind::Purchase, Amount::new(minor).ok(), None, None, Some("1|2"));
        assert_ne!(of(100), of(101));
    }
}

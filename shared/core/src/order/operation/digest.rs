//! The members that make two requests the same, digested so that the stored value tells nothing.
//!
//! Actor and reason are not part of a fingerprint: the same request from another person is still a
//! repetition, and the operation remains the first person's. A typed card and its token have one
//! fingerprint, of brand, last four digits and expiry date, because the token of a typed card is
//! not known before the call and a digest of the number could be reversed.
//!
//! The fingerprint of a credit-card payment contains the discount's code and product, which change
//! the amount, and the stated amount, so that a changed discount table makes no new request.

use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{Kind, Mechanism};
use crate::values::{Amount, Brand, CardSummary, Currency, Discounted, Expiry};

/// The first 128 bits of a SHA-256 over method, path and `Idempotency-Key`, unkeyed so that it
/// survives key rotation.
///
/// Every operation stores it forever, so it is as short as is safe. A collision with the key of
/// another client takes about 2^128 tries. A client that chooses both keys needs about 2^64, and
/// confuses only its own requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyDigest(pub [u8; 16]);

impl KeyDigest {
    /// The digest of a key as sent to one route (method and path) of one order; `target` holds the
    /// other names in the path. The same key on another path is another key.
    pub fn new(route: &str, target: &str, key: &str) -> Self {
        Self::from_parts(&[Some(route), Some(target), Some(key)])
    }

    /// The digest of a key that a command makes of its own arguments.
    pub fn from_parts(parts: &[Option<&str>]) -> Self {
        Self(digest(parts))
    }
}

/// The members that make two requests the same: requests of the same essentials are equal. Who
/// sends a request, and why, is not among them, and neither are a card number, a security code or a
/// time.
#[derive(Clone, Copy, Debug)]
pub struct Essentials<'a> {
    /// The operation that is requested.
    pub kind: Kind,
    /// The amount as sent, so that a request for all that is owing equals its repetition.
    pub amount: Option<Amount>,
    /// The currency as sent.
    pub currency: Option<Currency>,
    /// The payment that a follow-up names in its body.
    pub transaction: Option<Uuid>,
    /// The mechanism that a refund states.
    pub mechanism: Option<Mechanism>,
    /// The card, of which brand, last four digits and expiry count.
    pub card: Option<&'a CardSummary>,
    /// The gateway's profile of a stored card.
    pub profile: Option<&'a str>,
    /// The account in that profile.
    pub account: Option<&'a str>,
    /// The discount. Its code and product count; the amount that the merchant grants for them may
    /// change.
    pub discount: Option<&'a Discounted>,
}

impl Essentials<'_> {
    /// A request that states nothing but its operation.
    pub fn new(kind: Kind) -> Self {
        Self {
            kind,
            amount: None,
            currency: None,
            transaction: None,
            mechanism: None,
            card: None,
            profile: None,
            account: None,
            discount: None,
        }
    }
}

/// The first 128 bits of a SHA-256 over a request's essentials; [`KeyDigest`] says why no more are
/// stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint(pub [u8; 16]);

impl Fingerprint {
    /// The fingerprint of a request.
    pub fn new(essentials: &Essentials<'_>) -> Self {
        let Essentials { kind, amount, currency, transaction, mechanism, card, profile, account, discount } =
            essentials;
        Self(digest(&[
            Some(kind.as_str()),
            amount.map(|amount| amount.minor().to_string()).as_deref(),
            currency.map(Currency::code),
            transaction.map(|id| id.to_string()).as_deref(),
            mechanism.map(Mechanism::as_str),
            card.and_then(|card| card.brand).map(Brand::name),
            card.and_then(|card| card.last_four.as_deref()),
            card.and_then(|card| card.expiry).map(Expiry::mmyy).as_deref(),
            *profile,
            *account,
            discount.map(|discount| discount.code.as_str()),
            discount.and_then(|discount| discount.product.as_deref()),
        ]))
    }
}

/// The first 128 bits of a SHA-256 over parts, each with its length before it and an absent one as
/// a length that none has, so that no two lists of parts are hashed as the same text.
pub(crate) fn digest(parts: &[Option<&str>]) -> [u8; 16] {
    let mut hash = Sha256::new();
    for part in parts {
        let length = part.map_or(u64::MAX, |text| text.len() as u64);
        hash.update(length.to_be_bytes());
        hash.update(part.unwrap_or_default().as_bytes());
    }
    let mut start = [0; 16];
    start.copy_from_slice(&hash.finalize()[..16]);
    start
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn purchase() -> Essentials<'static> {
        Essentials { profile: Some("2"), account: Some("1"), ..Essentials::new(Kind::Purchase) }
    }

    fn visa() -> CardSummary {
        CardSummary {
            brand: Some(Brand::Visa),
            last_four: Some("1111".to_owned()),
            expiry: Some(Expiry::new(10, 2031).unwrap()),
            ..CardSummary::default()
        }
    }

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
        let owing = Fingerprint::new(&purchase());
        let zero = Fingerprint::new(&Essentials { amount: Some(Amount::ZERO), ..purchase() });
        assert_ne!(owing, zero);
        assert_ne!(owing, Fingerprint::new(&Essentials { kind: Kind::Authorize, ..purchase() }));
        assert_ne!(owing, Fingerprint::new(&Essentials { profile: Some("3"), ..purchase() }));
    }

    #[test]
    fn a_payment_in_another_currency_or_with_another_card_is_another_request() {
        let visa = visa();
        let of = |currency, card: &CardSummary| {
            let essentials = Essentials::new(Kind::Purchase);
            Fingerprint::new(&Essentials { currency: Some(currency), card: Some(card), ..essentials })
        };
        let one = of(Currency::USD, &visa);
        assert_eq!(one, of(Currency::USD, &visa.clone()));
        assert_ne!(one, of("CAD".parse().unwrap(), &visa));
        let other_digits = CardSummary { last_four: Some("1112".to_owned()), ..visa.clone() };
        assert_ne!(one, of(Currency::USD, &other_digits));
        let other_brand = CardSummary { brand: Some(Brand::Mastercard), ..visa.clone() };
        assert_ne!(one, of(Currency::USD, &other_brand));
        let renewed = CardSummary { expiry: Some(Expiry::new(10, 2034).unwrap()), ..visa };
        assert_ne!(one, of(Currency::USD, &renewed));
    }

    #[test]
    fn a_payment_of_another_amount_is_another_request() {
        let of = |minor| Fingerprint::new(&Essentials { amount: Amount::new(minor).ok(), ..purchase() });
        assert_ne!(of(100), of(101));
    }

    #[test]
    fn a_refund_of_another_payment_or_by_another_mechanism_is_another_request() {
        let refund = Essentials::new(Kind::Refund);
        let one = Fingerprint::new(&refund);
        assert_ne!(one, Fingerprint::new(&Essentials { transaction: Some(Uuid::nil()), ..refund }));
        assert_ne!(one, Fingerprint::new(&Essentials { mechanism: Some(Mechanism::Manual), ..refund }));
        let of = |mechanism| Fingerprint::new(&Essentials { mechanism: Some(mechanism), ..refund });
        assert_ne!(of(Mechanism::Automatic), of(Mechanism::Manual));
    }

    /// Every text that a caller can choose, absent, empty, and with a character that could be taken
    /// for the border of the next.
    #[test]
    fn two_different_requests_never_have_one_fingerprint_wherever_a_text_ends() {
        const TEXTS: [Option<&str>; 6] = [None, Some(""), Some("|"), Some("a"), Some("a|"), Some("|a")];
        let owned = |text: Option<&str>| text.map(str::to_owned);
        let mut cards = Vec::new();
        for last_four in TEXTS {
            cards.push(CardSummary { last_four: owned(last_four), ..CardSummary::default() });
        }
        let mut discounts = vec![None];
        for code in TEXTS.into_iter().flatten() {
            for product in TEXTS {
                let product = owned(product);
                discounts.push(Some(Discounted { code: code.to_owned(), product, amount: Amount::ZERO }));
            }
        }
        let (mut requests, mut fingerprints) = (0, HashSet::new());
        for card in &cards {
            for profile in TEXTS {
                for account in TEXTS {
                    for discount in &discounts {
                        requests += 1;
                        fingerprints.insert(
                            Fingerprint::new(&Essentials {
                                card: Some(card),
                                profile,
                                account,
                                discount: discount.as_ref(),
                                ..Essentials::new(Kind::Purchase)
                            })
                            .0,
                        );
                    }
                }
            }
        }
        assert_eq!(fingerprints.len(), requests);
    }

    /// It is part of the stored form: a request that is repeated to another version has to be known
    /// again.
    #[test]
    fn a_fingerprint_is_always_the_same_one() {
        let card = visa();
        let essentials = Essentials {
            amount: Amount::new(2599).ok(),
            currency: Some(Currency::USD),
            card: Some(&card),
            ..Essentials::new(Kind::Purchase)
        };
        let Fingerprint(digest) = Fingerprint::new(&essentials);
        assert_eq!(digest, [167, 3, 4, 135, 32, 23, 47, 37, 181, 85, 128, 54, 56, 164, 231, 235]);
    }
}

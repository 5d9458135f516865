//! The key in place of a text that payments are found by: a MAC under a key of its merchant, so
//! that the journal has neither an e-mail address nor a value comparable with another merchant's.

use std::sync::Arc;

use ring::hmac;
use secrecy::ExposeSecret;
use tollgate_core::{
    payments::{Merchant, MerchantsError, StoreError},
    values::{SearchKey, SearchTerm},
};

/// The key of a text, whether or not the merchant has payments found by it. With another signing
/// key it is another one.
pub fn search_key(merchant: &Merchant, term: &SearchTerm) -> SearchKey {
    let key = hmac::Key::new(hmac::HMAC_SHA256, merchant.token_signing_key.expose_secret().as_bytes());
    // Nothing else that is signed under this key begins so.
    let message = format!("search of {} by {}\n{}", merchant.id, term.by().as_str(), term.text());
    let tag = hmac::sign(&key, message.as_bytes());
    SearchKey::new(u128::from_be_bytes(tag.as_ref().first_chunk().copied().unwrap_or_default()))
}

/// The key of a text if the merchant has payments found by it. One whose document cannot be used
/// holds up no other's: `tollgate journal rebuild` makes up for it.
pub fn key_if_on(
    merchant: Result<Arc<Merchant>, MerchantsError>,
    term: &SearchTerm,
) -> Result<Option<SearchKey>, StoreError> {
    match merchant {
        Ok(merchant) => Ok(merchant.search.has(term.by()).then(|| search_key(&merchant, term))),
        Err(MerchantsError::Unavailable(why)) => Err(StoreError::Unavailable(why)),
        Err(MerchantsError::Unknown | MerchantsError::Malformed(_) | MerchantsError::Forbidden(_)) => {
            Ok(None)
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tollgate_core::values::SearchBy;

    use super::*;
    use crate::test_payments::merchant;

    fn term(by: SearchBy, text: &str) -> SearchTerm {
        SearchTerm::new(by, text).unwrap()
    }

    #[test]
    fn a_key_is_of_one_merchant_one_kind_of_text_one_text_and_one_signing_key() {
        let m = merchant("m", &json!({}));
        let key = search_key(&m, &term(SearchBy::Email, "Anna@shop.example"));
        assert_eq!(key, search_key(&m, &term(SearchBy::Email, " anna@SHOP.example ")));
        let other_key = merchant("m", &json!({"token_signing_key": "f123456789abcdef0123456789abcdef"}));
        for other in [
            search_key(&merchant("n", &json!({})), &term(SearchBy::Email, "anna@shop.example")),
            search_key(&m, &term(SearchBy::Reference, "anna@shop.example")),
            search_key(&m, &term(SearchBy::Customer, "anna@shop.example")),
            search_key(&m, &term(SearchBy::Email, "anna@shop.exampl")),
            search_key(&other_key, &term(SearchBy::Email, "anna@shop.example")),
        ] {
            assert_ne!(key, other);
        }
        assert_eq!(key.to_string().len(), 32);
    }

    #[test]
    fn there_is_a_key_only_of_what_the_merchant_has_switched_on() {
        let (reference, email) = (term(SearchBy::Reference, "7"), term(SearchBy::Email, "a@b"));
        for (search, expected) in [
            (json!({}), [false, false]),
            (json!({"references": true}), [true, false]),
            (json!({"customers": true}), [false, true]),
        ] {
            let merchant = Arc::new(merchant("m", &json!({"search": search})));
            for (term, expected) in [&reference, &email].into_iter().zip(expected) {
                let key = key_if_on(Ok(Arc::clone(&merchant)), term).unwrap();
                assert_eq!(key, expected.then(|| search_key(&merchant, term)), "{search}");
            }
        }
    }

    #[test]
    fn one_merchant_without_a_document_holds_up_no_other_and_secrets_that_cannot_be_read_do() {
        let term = term(SearchBy::Reference, "7");
        for definite in [
            MerchantsError::Unknown,
            MerchantsError::Malformed(String::new()),
            MerchantsError::Forbidden(String::new()),
        ] {
            assert_eq!(key_if_on(Err(definite), &term).unwrap(), None);
        }
        let away = key_if_on(Err(MerchantsError::Unavailable(String::new())), &term);
        assert!(matches!(away, Err(StoreError::Unavailable(_))), "{away:?}");
    }
}

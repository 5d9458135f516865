//! The meaning of a token, and its end.

use serde_json::{Value, json};

use super::*;

const SECRET: &str = "hush-0123456789abcdef0123456789abcdef";
const KEY: &str = "the-first-key-of-the-merchant";
const OTHER: &str = "another-key-of-the-merchant";

fn kid_key() -> KidKey {
    "a-key-of-all-functions-of-a-stack".parse().unwrap()
}

/// A merchant with these keys, which may let browsers in.
fn merchant(keys: &Value, shopper_tokens: bool) -> Merchant {
    let document = json!({
        "keys": keys, "token_signing_key": SECRET, "shopper_tokens": shopper_tokens,
        "gateway": {"site": "fts-uat", "username": "u", "password": SECRET, "merchids": {"USD": "496160873888"}},
    });
    let id = "m".parse().unwrap();
    crate::merchant_document::parse(id, &document.to_string(), crate::test_payments::GATEWAY).unwrap()
}

fn named(key: &str, role: &str) -> Value {
    json!({"key": key, "name": "till", "role": role})
}

/// The token for a merchant's first key, or for a browser.
fn token(merchant: &Merchant, is_shopper: bool) -> String {
    let key = VerifiedKey::new(merchant, &merchant.keys[0]);
    let holder = if is_shopper { Holder::Shopper(Uuid::nil()) } else { Holder::Key(key) };
    issue(merchant, &holder, Timestamp::UNIX_EPOCH, &kid_key()).unwrap().0
}

fn at_once(token: &str, merchant: &Merchant) -> Result<Verified, InvalidToken> {
    verify(token, merchant, Timestamp::UNIX_EPOCH)
}

/// The token with another header, as a holder of the signing key can make it.
fn with_header(token: &str, header: &str) -> String {
    let claims = token.split('.').nth(1).unwrap();
    let signed = format!("{}.{claims}", URL_SAFE_NO_PAD.encode(header));
    let tag = hmac::sign(&secret_key(&merchant(&json!([KEY]), true)), signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(tag))
}

#[test]
fn a_token_that_does_not_say_which_key_or_which_shopper_is_not_valid() {
    let merchant = merchant(&json!([KEY]), true);
    for (grant, is_shopper) in [(Principal::ClientCredentials, false), (Principal::Implicit, true)] {
        let verified = at_once(&token(&merchant, is_shopper), &merchant).unwrap();
        assert_eq!(matches!(verified, Verified::Shopper(_)), is_shopper);
        let claims = Claims {
            iss: ISSUER.to_owned(),
            sub: merchant.id.clone(),
            grant,
            shopper: None,
            key: None,
            person: None,
            role: None,
            iat: 0,
            exp: 1,
        };
        let token = signed(&merchant, &claims, &kid_key()).unwrap();
        assert_eq!(at_once(&token, &merchant), Err(InvalidToken));
    }
}

#[test]
fn a_token_ends_with_its_key() {
    for keys in [json!([KEY]), json!([named(KEY, "pay")])] {
        let token = token(&merchant(&keys, true), false);
        for (now, is_valid) in [
            (keys.clone(), true),
            (json!([OTHER, keys[0]]), true),
            (json!([OTHER]), false),
            // The name alone is not the key.
            (json!([named(OTHER, "pay")]), false),
        ] {
            assert_eq!(at_once(&token, &merchant(&now, true)).is_ok(), is_valid, "{keys} then, {now} now");
        }
    }
}

#[test]
fn a_token_has_the_lesser_of_the_roles_of_its_key_then_and_now() {
    for then in Role::ALL {
        let token = token(&merchant(&json!([named(KEY, then.as_str())]), true), false);
        for now in Role::ALL {
            let merchant = merchant(&json!([OTHER, named(KEY, now.as_str())]), true);
            let Ok(Verified::Key(key)) = at_once(&token, &merchant) else { panic!("{then:?}, {now:?}") };
            assert_eq!(
                (key.role, key.name.unwrap().to_string().as_str()),
                (*then.min(now), "till"),
                "{then:?}, {now:?}"
            );
        }
        // Without name and role in the document, it may do everything.
        let Ok(Verified::Key(key)) = at_once(&token, &merchant(&json!([KEY]), true)) else {
            panic!("{then:?}")
        };
        assert_eq!((key.role, key.name), (*then, None));
    }
}

#[test]
fn a_browsers_token_ends_when_the_merchant_lets_no_browsers_in() {
    let token = token(&merchant(&json!([KEY]), true), true);
    for (lets_in, keys) in [(true, json!([KEY])), (true, json!([OTHER])), (false, json!([KEY]))] {
        assert_eq!(at_once(&token, &merchant(&keys, lets_in)).is_ok(), lets_in, "{keys}");
    }
}

#[test]
fn a_header_with_extensions_that_have_to_be_understood_is_refused() {
    let merchant = merchant(&json!([KEY]), true);
    let token = token(&merchant, false);
    let kid = kid_key().kid(&merchant.id, token.split('.').nth(1).unwrap()).unwrap();
    for (more, is_valid) in [
        ("", true),
        // An unknown member may be ignored, unless `crit` names it.
        (r#","x":1,"jku":"https://evil.example""#, true),
        (r#","crit":["x"],"x":1"#, false),
        (r#","crit":["b64"],"b64":true"#, false),
        (r#","crit":[]"#, false),
        (r#","crit":null"#, false),
        (r#","crit":false"#, false),
    ] {
        let token = with_header(&token, &format!(r#"{{"alg":"HS256","kid":"{kid}"{more}}}"#));
        assert_eq!(merchant_of(&token, &kid_key()), Ok(merchant.id.clone()), "{more}");
        assert_eq!(at_once(&token, &merchant).is_ok(), is_valid, "{more}");
    }
}

#[test]
fn only_claims_that_the_stack_issued_for_the_merchant_name_one() {
    let merchant = merchant(&json!([KEY]), true);
    let (token, other) = (token(&merchant, false), token(&merchant, true));
    assert_eq!(merchant_of(&token, &kid_key()), Ok(merchant.id.clone()));
    let parts: Vec<&str> = token.split('.').collect();
    let kid = kid_key().kid(&merchant.id, parts[1]).unwrap();
    let mac = kid.strip_prefix("m.").unwrap();
    assert_eq!(mac.len(), 11, "{mac}");
    let of_other_claims = kid_key().kid(&merchant.id, other.split('.').nth(1).unwrap()).unwrap();
    let last = if mac.ends_with('A') { "B" } else { "A" };
    for wrong in [
        "",
        "m",
        "m.",
        ".",
        mac,
        &format!("n.{mac}"),
        &format!(".{mac}"),
        &format!("m.{}", &mac[..10]),
        &format!("m.{}{last}", &mac[..10]),
        &format!("m.{mac}="),
        &format!("m.{mac}.{mac}"),
        &of_other_claims,
    ] {
        let header = json!({"alg": "HS256", "kid": wrong}).to_string();
        assert_eq!(merchant_of(&with_header(&token, &header), &kid_key()), Err(InvalidToken), "{wrong}");
    }
    // Another stack's, and a stack without a key, which issues none.
    let elsewhere: KidKey = "a-key-of-another-stack-0123456789abcdef".parse().unwrap();
    assert_eq!(merchant_of(&token, &elsewhere), Err(InvalidToken));
    assert_eq!(merchant_of(&token, &KidKey::default()), Err(InvalidToken));
    let holder = Holder::Shopper(Uuid::nil());
    let none = issue(&merchant, &holder, Timestamp::UNIX_EPOCH, &KidKey::default());
    assert_eq!(none.unwrap_err(), InvalidToken);
}

#[test]
fn the_key_of_the_macs_is_long_and_not_shown() {
    for (chars, is_key) in [(0, false), (31, false), (32, true), (64, true)] {
        assert_eq!("x".repeat(chars).parse::<KidKey>().is_ok(), is_key, "{chars}");
    }
    let reference = "{{resolve:secretsmanager:arn:aws:secretsmanager:us-east-1:1:secret:x}}";
    assert_eq!(reference.parse::<KidKey>().unwrap_err(), InvalidKidKey);
    assert_eq!(format!("{:?}", kid_key()), "KidKey(…)");
}

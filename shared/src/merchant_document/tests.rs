//! The merchant's document: what is accepted, and what its errors give away.

use serde_json::{Value, json};

use super::*;

const SECRET: &str = "hush-0123456789abcdef0123456789abcdef";

fn document() -> Value {
    json!({
        "keys": [SECRET],
        "token_signing_key": SECRET,
        "gateway": {"site": "fts-uat", "username": "u", "password": SECRET, "merchids": {"USD": "496160873888"}},
    })
}

fn parse(document: &Value) -> Result<Merchant, MerchantsError> {
    super::parse("m".parse().unwrap(), &document.to_string())
}

fn usd() -> Currency {
    Currency::parse("USD").unwrap()
}

#[test]
fn a_site_becomes_the_gateways_address() {
    let merchant = parse(&document()).unwrap();
    let route = merchant.route(usd()).unwrap();
    assert_eq!(route.endpoint, "https://fts-uat.cardconnect.com/cardconnect/rest");
    assert_eq!(route.account, "496160873888");
    assert_eq!(merchant.policy, Policy::default());
    assert!(!merchant.shopper_tokens, "browsers get tokens only when the merchant wants it");
}

#[test]
fn durations_are_iso_8601() {
    let mut document = document();
    document["duplicate_window"] = json!("PT5M");
    document["authorization_lifetime"] = json!("P3D");
    let policy = parse(&document).unwrap().policy;
    assert_eq!(policy.duplicate_window, SignedDuration::from_mins(5));
    assert_eq!(policy.authorization_lifetime, SignedDuration::from_hours(72));
    for odd in ["P1M", "P1Y", "-PT1S", "60", ""] {
        document["duplicate_window"] = json!(odd);
        assert!(parse(&document).is_err(), "{odd}");
    }
}

#[test]
fn credentials_go_nowhere_without_tls_but_to_this_machine() {
    let with = |url: &str| {
        let mut document = document();
        document["gateway"]["site"] = Value::Null;
        document["gateway"]["base_url"] = json!(url);
        parse(&document)
    };
    for good in [
        "https://example.com/cardconnect/rest/",
        "http://127.0.0.1:3001/cardconnect/rest",
        "http://localhost/x",
    ] {
        assert!(!with(good).unwrap().gateway.endpoint.ends_with('/'), "{good}");
    }
    let bad = [
        "http://example.com/cardconnect/rest",
        "http://127.0.0.1.example.com/",
        "ftp://example.com/",
        "//example.com/",
        "/cardconnect/rest",
        "https://u:p@example.com/",
        "https://example.com/?a=b",
        "",
        "not a url",
    ];
    for bad in bad {
        assert!(matches!(with(bad), Err(MerchantsError::Malformed(_))), "{bad}");
    }
    let mut both = document();
    both["gateway"]["base_url"] = json!("https://example.com");
    assert!(parse(&both).is_err());
    let mut odd_site = document();
    odd_site["gateway"]["site"] = json!("evil.com/");
    assert!(parse(&odd_site).is_err());
}

#[test]
fn a_wrong_document_is_told_by_path_and_quotes_no_secret() {
    let changes = [
        ("/keys", json!([]), "keys"),
        ("/keys", json!([""]), "keys"),
        ("/keys", json!(["1"]), "keys"),
        ("/keys", json!([SECRET, "elevenchars"]), "keys"),
        ("/keys", json!(SECRET), "keys"),
        ("/keys/0", json!({"k": SECRET}), "keys[0]"),
        ("/token_signing_key", json!("short"), "token_signing_key"),
        ("/gateway/password", json!([SECRET]), "gateway.password"),
        ("/gateway/username", Value::Null, "gateway.username"),
        ("/gateway/merchids", json!({"USD": SECRET}), "gateway.merchids"),
        ("/gateway/merchids", json!({(SECRET): "1"}), "gateway.merchids"),
    ];
    for (path, value, named) in changes {
        let mut document = document();
        *document.pointer_mut(path).unwrap() = value;
        let error = parse(&document).unwrap_err().to_string();
        assert!(error.contains(named), "{error}");
        assert!(!error.contains("hush"), "{error}");
    }
    let cut = document().to_string();
    let error = super::parse("m".parse().unwrap(), &cut[..cut.len() / 2]).unwrap_err().to_string();
    assert!(!error.contains("hush"), "{error}");
}

#[test]
fn debug_shows_no_secret() {
    assert!(!format!("{:?}", parse(&document()).unwrap()).contains("hush"));
}

#[test]
fn every_key_in_the_document_is_right_and_no_other() {
    let mut document = document();
    document["keys"] = json!(["the-old-key-1", "the-new-key-1"]);
    let merchant = parse(&document).unwrap();
    assert!(merchant.has_key("the-old-key-1") && merchant.has_key("the-new-key-1"));
    for wrong in ["", "the-old-key-", "the-old-key-12", "other"] {
        assert!(!merchant.has_key(wrong), "{wrong}");
    }
}

#[test]
fn a_currency_without_two_decimals_has_no_route() {
    let mut document = document();
    document["gateway"]["merchids"] = json!({"JPY": "1", "KWD": "2", "EUR": "3"});
    let merchant = parse(&document).unwrap();
    let route = |code| merchant.route(Currency::parse(code).unwrap()).ok().map(|route| route.account);
    assert_eq!((route("JPY"), route("KWD"), route("EUR").as_deref()), (None, None, Some("3")));
    assert_eq!(merchant.only_currency(), None);
}

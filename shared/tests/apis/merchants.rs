//! The merchants, each with rules of its own, and who calls on their behalf.

use std::{collections::BTreeMap, sync::Arc, sync::LazyLock};

use async_trait::async_trait;
use jiff::Timestamp;
use secrecy::ExposeSecret;
use tollgate::{
    access_token::{self, Holder, KidKey, VerifiedKey},
    lambda::GATEWAY,
    merchant_document,
};
use tollgate_core::{
    order::MerchantId,
    payments::{Merchant, Merchants, MerchantsError, Role},
};
use uuid::Uuid;

/// Documents by id. Each has a key for every role, and one without a name.
const DOCUMENTS: &[(&str, &str)] = &[
    // Orders are registered; browsers pay them.
    (
        "shop",
        r#""shopper_tokens": true, "search": {"references": true}, "gateway": {"site": "fts-uat", "merchids": {"USD": "111"}"#,
    ),
    // The same with every rule that a merchant can have, and with real payments.
    (
        "strict",
        r#""decline_on": {"avs": ["N"], "cvv": ["N"]}, "capture": {"after": "PT24H"}, "authorization_lifetime": "P5D",
           "refund_without_amount": "reject",
           "shopper_tokens": {"enabled": true, "partial": true, "stored_cards": true, "declines_per_order": 3,
                              "declines_per_source_hour": 2},
           "gateway": {"site": "fts", "merchids": {"USD": "222"}"#,
    ),
    // Refunds that name no amount are only noted.
    (
        "marking",
        r#""refund_without_amount": "mark", "gateway": {"site": "fts-uat", "merchids": {"USD": "112"}"#,
    ),
    // Orders are not registered, and there are two currencies; the merchant that the credit-card
    // API is for.
    (
        "external",
        r#""orders": "external", "name": "Ann's Books", "address": ["1 Main St", "Springfield, IL 62701"], "accept_partial_approval": true, "keep_personal_data": "P30D", "search": {"customers": true},
           "authorizers": ["Acme Bank", "4"],
           "discounts": [{"code": "SPRING", "percent": "10"}, {"code": "ALL", "amount": {"USD": 2050}},
                         {"code": "SHOES", "product": "Boots", "amount": {"USD": 100}}],
           "gateway": {"site": "fts-uat", "merchids": {"USD": "333", "EUR": "334", "JPY": "335"}"#,
    ),
    // One currency that has no minor units, which the gateway cannot carry.
    ("yen", r#""orders": "external", "gateway": {"site": "fts-uat", "merchids": {"JPY": "444"}"#),
    (
        "closed",
        r#""disabled": true, "shopper_tokens": true, "gateway": {"site": "fts-uat", "merchids": {"USD": "555"}"#,
    ),
    // Its account adds a surcharge to real payments.
    (
        "surcharging",
        r#""gateway": {"site": "fts", "merchids": {"USD": "777"}, "surcharging_merchids": ["777"]"#,
    ),
    // Its orders are a shop's.
    (
        "shopping",
        r#""orders": "elastic_path", "elastic_path": {"base_url": "https://shop.example", "keys": [{"client_id": "c", "client_secret": "s"}]},
           "shopper_tokens": true, "gateway": {"site": "fts-uat", "merchids": {"USD": "888"}"#,
    ),
    ("unkept", r#""gateway": {"site": "fts-uat", "merchids": {"USD": "666"}"#),
];

/// The keys of a merchant, by the word after the colon in a request's `by`.
const KEYS: [&str; 4] = ["read", "pay", "operate", "all"];

static MERCHANTS: LazyLock<BTreeMap<&str, Arc<Merchant>>> = LazyLock::new(|| {
    let keys = KEYS
        .map(|role| format!(r#"{{"key": "{role}-key-of-merchant", "name": "{role}r", "role": "{role}"}}"#));
    let merchants = DOCUMENTS.iter().map(|(id, rules)| {
        let keys = keys.join(", ");
        let json = format!(
            r#"{{"keys": [{keys}, "plain-key-of-merchant"], "token_signing_key": "signing-key-of-{id}-0123456789abcdef",
                {rules}, "username": "u", "password": "p"}}}}"#
        );
        (*id, Arc::new(merchant_document::parse(id.parse().unwrap(), &json, GATEWAY).unwrap()))
    });
    merchants.collect()
});

/// The key of the MACs in tokens' `kid`.
pub(crate) const KID_KEY: &str = "a-key-of-all-functions-of-a-stack";

/// The same, to issue and to verify with.
pub(crate) fn kid_key() -> KidKey {
    KID_KEY.parse().unwrap()
}

pub(crate) fn merchant(id: &str) -> Arc<Merchant> {
    MERCHANTS[id].clone()
}

/// Finds them, or fails in the way that an id names.
pub(crate) struct All;

#[async_trait]
impl Merchants for All {
    async fn get(&self, id: &MerchantId) -> Result<Arc<Merchant>, MerchantsError> {
        match id.as_str() {
            "away" => Err(MerchantsError::Unavailable("no response".to_owned())),
            "malformed" => Err(MerchantsError::Malformed("at keys: missing".to_owned())),
            "forbidden" => Err(MerchantsError::Forbidden("no permission".to_owned())),
            id => MERCHANTS.get(id).cloned().ok_or(MerchantsError::Unknown),
        }
    }

    fn was_read(&self, id: &MerchantId) -> bool {
        MERCHANTS.contains_key(id.as_str()) && id.as_str() != "unkept"
    }
}

/// A key of a merchant by the role that it has, or the one without a name.
pub(crate) fn key(role: &str) -> String {
    format!("{role}-key-of-merchant")
}

/// The token of `shop:pay` (a key), or of `shop:shopper1` (a browser).
pub(crate) fn token(by: &str, now: Timestamp) -> String {
    let (id, who) = by.split_once(':').unwrap();
    let merchant = merchant(id);
    let holder = if let Some(number) = who.strip_prefix("shopper") {
        Holder::Shopper(Uuid::from_u128(number.parse().unwrap()))
    } else if let Some((number, role)) = who.strip_prefix("person").and_then(|who| who.split_once('/')) {
        // By the number of the id that the world drew, with the role of the sign-in.
        let id = Uuid::from_u128(0x4000_8000_0000_0000_0000 + number.parse::<u128>().unwrap());
        Holder::Person { id, role: Role::from_name(role).unwrap() }
    } else {
        let key = key(who);
        let found = merchant.keys.iter().find(|ours| ours.secret.expose_secret() == key).unwrap();
        Holder::Key(VerifiedKey::new(&merchant, found))
    };
    access_token::issue(&merchant, &holder, now, &kid_key()).unwrap().0
}

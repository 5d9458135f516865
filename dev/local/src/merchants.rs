//! The merchants that every local stack has. Nothing here is a secret: it works on this machine
//! only.

use std::collections::BTreeMap;

use elastic_path_fake::FakeClient;
use serde_json::{Value, json};
use tollgate::{merchant_document::hosts::HostLists, secrets_manager::MerchantSettings};

/// A merchant whose orders are registered before they are paid.
pub const REGISTERED: &str = "170200123";
/// The client secret of [`REGISTERED`].
pub const REGISTERED_KEY: &str = "467512342123";
/// A merchant whose orders live elsewhere: every payment states its amount.
pub const EXTERNAL: &str = "170200124";
/// The client secret of [`EXTERNAL`].
pub const EXTERNAL_KEY: &str = "467512342124";
/// A merchant whose gateway account is on Rapid Connect: its codes tell more, such as a lost card.
/// It knows an equal payment again for a year.
pub const RAPID_CONNECT: &str = "170200125";
/// The client secret of [`RAPID_CONNECT`].
pub const RAPID_CONNECT_KEY: &str = "467512342125";
/// The merchant of the sample month, whose orders live elsewhere.
pub const MONTH: &str = "170200126";
/// The client secret of [`MONTH`].
pub const MONTH_KEY: &str = "467512342126";
/// The gateway account of [`MONTH`] alone, on Rapid Connect.
pub const MONTH_MID: &str = "496480518026";
/// The merchant whose orders are in the fake Elastic Path, where a stack has one.
pub const ELASTIC_PATH: &str = "170200127";
/// The client secret of [`ELASTIC_PATH`].
pub const ELASTIC_PATH_KEY: &str = "467512342127";
/// The other merchants above, in the order in which a person would try them.
pub const ALL: [&str; 4] = [MONTH, REGISTERED, EXTERNAL, RAPID_CONNECT];
/// Signs the tokens of all of them, so that the tokens in `events/` are valid on every local stack.
pub const TOKEN_SIGNING_KEY: &str = "local-token-signing-key-not-a-secret";

/// The key of the MACs in tokens' `kid`, for the same reason.
pub const TOKEN_KID_KEY: &str = "local-token-kid-key-that-is-not-a-secret";

/// The prefix of the names of the merchants' secrets.
pub const PREFIX: &str = "tollgate/merchants/";

/// The hosts that gateways and shops may have in the functions' environment: this machine's only.
pub const HOSTS: &str = "127.0.0.1,localhost";

/// How the functions read merchants.
pub(crate) fn settings() -> MerchantSettings {
    MerchantSettings { prefix: PREFIX.to_owned(), hosts: HostLists::of_this_machine() }
}

/// The name of a merchant's secret.
pub fn secret_name(merchant: &str) -> String {
    format!("{PREFIX}{merchant}")
}

/// The built-in merchants' documents, changed and added to by `patches`: merchant id → JSON merge
/// patch (RFC 7396) of the merchant's document; an unknown id starts from the first built-in
/// merchant's.
pub(crate) fn documents(gateway_url: &str, patches: &BTreeMap<String, Value>) -> BTreeMap<String, Value> {
    let registered = document(gateway_url, REGISTERED_KEY, "registered");
    let mut rapid_connect = document(gateway_url, RAPID_CONNECT_KEY, "registered");
    let own = json!({
        "gateway": { "merchids": { "USD": "496480518000" } },
        // So that the repetition in `events/` finds its payment for as long as a stack is up.
        "duplicate_window": "P365D",
    });
    merge(&mut rapid_connect, &own);
    let mut month = document(gateway_url, MONTH_KEY, "external");
    let own = json!({
        "gateway": { "merchids": { "USD": MONTH_MID } },
        "name": "Umbrella & Sons",
        "address": ["12 Harbor St", "Portland, ME 04101"],
        "zone": "America/New_York",
    });
    merge(&mut month, &own);
    let mut all = BTreeMap::from([
        (REGISTERED.to_owned(), registered.clone()),
        (EXTERNAL.to_owned(), document(gateway_url, EXTERNAL_KEY, "external")),
        (RAPID_CONNECT.to_owned(), rapid_connect),
        (MONTH.to_owned(), month),
    ]);
    for (merchant, patch) in patches {
        merge(all.entry(merchant.clone()).or_insert_with(|| registered.clone()), patch);
    }
    all
}

/// The document of [`ELASTIC_PATH`], whose store is at this address and has these keys.
pub(crate) fn of_shop(gateway_url: &str, shop: &str, keys: &[FakeClient]) -> Value {
    let mut document = document(gateway_url, ELASTIC_PATH_KEY, "elastic_path");
    let keys: Vec<_> =
        keys.iter().map(|key| json!({"client_id": key.id, "client_secret": key.secret})).collect();
    merge(&mut document, &json!({"elastic_path": {"base_url": shop, "keys": keys}}));
    document
}

fn document(gateway_url: &str, key: &str, orders: &str) -> Value {
    json!({
        "keys": [key],
        "token_signing_key": TOKEN_SIGNING_KEY,
        "gateway": {
            "base_url": gateway_url,
            "username": "testing",
            "password": "testing123",
            "merchids": { "USD": "496160873888" },
        },
        "authorizers": ["Secondhand Bank"],
        "discounts": [{ "code": "1234", "product": "Storage", "percent": "10" }],
        "orders": orders,
        // So that a payment is found by any reference or customer that is quoted.
        "search": { "references": true, "customers": true },
        // The seeds pay with a stored card; a shop would not let its shoppers.
        "shopper_tokens": { "enabled": true, "stored_cards": true },
        // So that a wrong security code or address can be tried out.
        "decline_on": { "avs": ["N"], "cvv": ["N"] },
    })
}

/// RFC 7396: objects merge, `null` removes, everything else replaces.
pub(crate) fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(changes) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    for (name, change) in changes {
        let Some(members) = target.as_object_mut() else { return };
        if change.is_null() {
            members.remove(name);
        } else {
            merge(members.entry(name.clone()).or_insert(Value::Null), change);
        }
    }
}

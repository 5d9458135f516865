//! A merchant as tests make them.

use std::collections::BTreeMap;

use crate::{
    order::{MerchantId, Policy, Route},
    payments::{GatewayAccount, GatewayInfo, Merchant},
    values::{Currency, Discounts, SearchedBy},
};

/// The gateway of these merchants, which takes no real money.
pub(crate) struct TestGateway;

impl GatewayInfo for TestGateway {
    fn name(&self) -> &'static str {
        "g"
    }

    fn decimals(&self) -> u32 {
        2
    }

    fn is_live(&self, _: &Route) -> bool {
        false
    }
}

/// A merchant with one account, for dollars, and no rules of its own.
pub(crate) fn test_merchant(id: MerchantId) -> Merchant {
    Merchant {
        id,
        keys: vec![secrecy::SecretString::from("a-key-of-the-merchant").into()],
        token_signing_key: "0123456789abcdef0123456789abcdef".into(),
        gateway: GatewayAccount {
            gateway: TestGateway.name(),
            decimals: TestGateway.decimals(),
            endpoint: "http://127.0.0.1:1".to_owned(),
            username: "u".to_owned(),
            password: "p".into(),
            accounts: BTreeMap::from([(Currency::USD, "1".to_owned())]),
            linked: Vec::new(),
            shared: std::collections::BTreeSet::default(),
        },
        shop: None,
        policy: Policy::default(),
        shopper_tokens: false,
        disabled: false,
        captures_paused: false,
        authorizers: Vec::new(),
        discounts: Discounts::default(),
        search: SearchedBy::default(),
        name: None,
        address: Vec::new(),
    }
}

//! Merchants: who may make which requests, and the gateway account behind them. A port.

mod key;

pub use key::{MerchantKey, Role};

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

use crate::{
    order::{CurrencyLimit, MerchantId, Policy, Route},
    values::{Currency, Discounts, SearchedBy},
};

/// Shortest key of a merchant. Fewer characters can be guessed; `tollgate doctor` warns below 20.
pub const KEY_MIN_CHARS: usize = 12;

/// Why a merchant could not be had.
#[derive(Clone, Debug, thiserror::Error)]
pub enum MerchantsError {
    /// There is no such merchant.
    #[error("no such merchant")]
    Unknown,
    /// The store of merchants did not respond.
    #[error("merchants cannot be read: {0}")]
    Unavailable(String),
    /// The merchant's document is wrong; says where, never its content.
    #[error("the merchant's document is wrong: {0}")]
    Malformed(String),
    /// The merchant's document is there and may not be read.
    #[error("the merchant's document may not be read: {0}")]
    Forbidden(String),
}

/// Finds merchants by their ids, from documents that operators keep.
#[async_trait]
pub trait Merchants: Send + Sync {
    /// The merchant with this id, for new payments and for everything that a caller requests.
    async fn get(&self, id: &MerchantId) -> Result<Arc<Merchant>, MerchantsError>;

    /// The same, for learning the outcome of payments that exist. A merchant that makes no new
    /// payments is still found if it was read before, so that none of its payments stays in doubt.
    async fn get_for_inquiries(&self, id: &MerchantId) -> Result<Arc<Merchant>, MerchantsError> {
        self.get(id).await
    }

    /// Whether the merchant was ever read here. Then strangers cannot keep it from being looked up,
    /// and it costs at most a call in a while.
    fn was_read(&self, _id: &MerchantId) -> bool {
        true
    }
}

/// A merchant: its keys, its gateway account and its rules. `Debug` shows no secret.
#[derive(Debug)]
pub struct Merchant {
    /// Its id; the Elastic Path API's `client_id`.
    pub id: MerchantId,
    /// The keys that its own systems authenticate with. At least one, of at least [`KEY_MIN_CHARS`]
    /// characters.
    pub keys: Vec<MerchantKey>,
    /// Signs its access tokens.
    pub token_signing_key: SecretString,
    /// Its account at the gateway.
    pub gateway: GatewayAccount,
    /// Its shop, where orders are placed and say what they owe; none where nothing asks a shop.
    pub shop: Option<ShopAccount>,
    /// Its rules for orders.
    pub policy: Policy,
    /// Whether browsers get tokens (grant `implicit`).
    pub shopper_tokens: bool,
    /// Whether it is stopped: none of its tokens, requests and scheduled captures is accepted.
    /// Inquiries go on.
    pub disabled: bool,
    /// Whether its scheduled captures are held back. True for a merchant that is disabled.
    pub captures_paused: bool,
    /// Acquirers that a payment of the credit-card API may name.
    pub authorizers: Vec<String>,
    /// The discounts for the codes of the credit-card API's `Discount`.
    pub discounts: Discounts,
    /// The texts that its payments are also found by.
    pub search: SearchedBy,
    /// Its name as customers know it; on receipts only.
    pub name: Option<String>,
    /// The lines of its address; on receipts only.
    pub address: Vec<String>,
}

/// A merchant's access to its gateway.
#[derive(Debug)]
pub struct GatewayAccount {
    /// The gateway's name, as its adapter says.
    pub gateway: &'static str,
    /// How many decimals each amount has there. A currency with another number cannot be paid in.
    pub decimals: u32,
    /// Where it is: a URL, without a slash at the end.
    pub endpoint: String,
    /// User of the Basic authentication.
    pub username: String,
    /// Password of the Basic authentication.
    pub password: SecretString,
    /// Its accounts, one for each currency that it takes.
    pub accounts: BTreeMap<Currency, String>,
    /// Accounts that responses may name in place of these: the gateway routes some payments to a
    /// linked one.
    pub linked: Vec<String>,
    /// Accounts at which others take payments, too: payments in their reports that are not
    /// Tollgate's are expected.
    pub shared: BTreeSet<String>,
}

/// A merchant's access to its shop, an Elastic Path store. `Debug` shows no secret.
#[derive(Clone, Debug)]
pub struct ShopAccount {
    /// Where the store's API is: a URL, without a slash at the end.
    pub endpoint: String,
    /// The store's application keys, one or two: while one replaces the other, either may be
    /// refused.
    pub keys: Vec<ShopKey>,
}

/// An application key of a store. It has all rights of the store's administrator.
#[derive(Clone, Debug)]
pub struct ShopKey {
    /// The key's id, which is public.
    pub client_id: String,
    pub client_secret: SecretString,
}

impl GatewayAccount {
    /// The accounts at which a payment can have been requested of which a report names this one: a
    /// linked one's payments were requested at the others.
    pub fn accounts_for(&self, reported: &str) -> Vec<String> {
        let others = self.accounts.values().filter(|_| self.linked.iter().any(|linked| linked == reported));
        std::iter::once(reported.to_owned()).chain(others.cloned()).collect()
    }

    /// A route to the gateway, for calls that concern the gateway and no payment. Its account is
    /// one of the merchant's.
    pub fn any_route(&self) -> Route {
        Route {
            gateway: Cow::Borrowed(self.gateway),
            account: self.accounts.values().next().cloned().unwrap_or_default(),
            endpoint: self.endpoint.clone(),
        }
    }
}

impl Merchant {
    /// The merchant's key that this is. All keys are compared, so that the time does not tell which
    /// one was close.
    pub fn key(&self, key: &str) -> Option<&MerchantKey> {
        let is_ours =
            |ours: &&MerchantKey| ours.secret.expose_secret().as_bytes().ct_eq(key.as_bytes()).into();
        self.keys.iter().filter(is_ours).fold(None, |found, ours| found.or(Some(ours)))
    }

    /// The gateway account for payments in a currency, or whose limit excludes the currency.
    pub fn route(&self, currency: Currency) -> Result<Route, CurrencyLimit> {
        let GatewayAccount { gateway, decimals, endpoint, accounts, .. } = &self.gateway;
        if currency.exponent() != *decimals {
            return Err(CurrencyLimit::Gateway(*decimals));
        }
        let account = accounts.get(&currency).ok_or(CurrencyLimit::Merchant)?.clone();
        Ok(Route { gateway: Cow::Borrowed(gateway), account, endpoint: endpoint.clone() })
    }

    /// One of its accounts, for calls that concern the account and no payment.
    pub fn any_account(&self) -> Option<&str> {
        self.gateway.accounts.values().next().map(String::as_str)
    }

    /// The merchant's currency, when it has exactly one.
    pub fn only_currency(&self) -> Option<Currency> {
        let mut currencies = self.gateway.accounts.keys();
        currencies.next().copied().filter(|_| currencies.next().is_none())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_merchant::test_merchant;

    fn keys(all: &[&str]) -> Merchant {
        let mut merchant = test_merchant("m".parse().unwrap());
        merchant.keys = all.iter().map(|key| SecretString::from(*key).into()).collect();
        merchant
    }

    #[test]
    fn a_key_is_found_only_by_all_of_it() {
        let merchant = keys(&["the-first-of-keys", "the-second-one"]);
        for (sent, found) in [
            ("the-first-of-keys", true),
            ("the-second-one", true),
            ("the-second-on", false),
            ("the-second-one ", false),
            ("", false),
        ] {
            assert_eq!(merchant.key(sent).is_some(), found, "{sent}");
        }
        assert_eq!(merchant.key("the-second-one").unwrap().chars(), 14);
        assert_eq!(keys(&["\u{e9}\u{e9}"]).keys[0].chars(), 2, "characters, not bytes");
    }

    #[test]
    fn a_merchant_with_one_account_has_one_currency() {
        let mut merchant = keys(&[]);
        assert_eq!((merchant.any_account(), merchant.only_currency()), (Some("1"), Some(Currency::USD)));
        let yen = Currency::parse("JPY").unwrap();
        merchant.gateway.accounts.insert(yen, "2".to_owned());
        assert_eq!(merchant.route(yen), Err(CurrencyLimit::Gateway(2)));
        assert!(merchant.any_account().is_some());
        assert_eq!(merchant.only_currency(), None);
        for route in [merchant.gateway.any_route(), merchant.route(Currency::USD).unwrap()] {
            assert_eq!((&*route.gateway, &*route.endpoint), ("g", "http://127.0.0.1:1"));
            assert!(["1", "2"].contains(&&*route.account));
        }
        merchant.gateway.linked = vec!["9".to_owned()];
        assert_eq!(["9", "1"].map(|reported| merchant.gateway.accounts_for(reported).len()), [3, 1]);
        merchant.gateway.accounts.clear();
        assert_eq!((merchant.any_account(), merchant.only_currency()), (None, None));
    }
}

//! Merchants: who may ask for what, and the gateway account behind it. A port and the merchant's document.

pub mod hosts;
pub mod secrets_manager;

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use jiff::{SignedDuration, Span, SpanRelativeTo};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, de::Error as _};
use subtle::ConstantTimeEq;

use self::hosts::GatewayHosts;
use crate::{
    discount::Discounts,
    gateway::DECIMALS,
    money::Currency,
    operation::Route,
    order::MerchantId,
    policy::{DeclineOn, OrdersMode, Policy, RefundWithoutAmount, ShopperPolicy},
};

/// Shortest signing key: what HMAC-SHA-256 wants (RFC 7518 §3.2 asks for 256 bits).
const SIGNING_KEY_MIN_BYTES: usize = 32;

/// Shortest key of a merchant. Fewer characters can be guessed; `tollgate doctor` warns below 20.
pub const KEY_MIN_CHARS: usize = 12;

/// The member that maps currencies to MIDs.
const MERCHIDS: &str = "gateway.merchids";

/// Why a merchant could not be had.
#[derive(Debug, thiserror::Error)]
pub enum MerchantsError {
    /// There is no such merchant.
    #[error("no such merchant")]
    Unknown,
    /// The place where merchants are kept did not answer.
    #[error("merchants cannot be read: {0}")]
    Unavailable(String),
    /// The merchant's document is wrong; says where, never what it holds.
    #[error("the merchant's document is wrong: {0}")]
    Malformed(String),
    /// The merchant's document is there and may not be read.
    #[error("the merchant's document may not be read: {0}")]
    Forbidden(String),
}

/// Finds merchants.
#[async_trait]
pub trait Merchants: Send + Sync {
    /// The merchant with this id, for new payments and for everything that a caller requests.
    async fn get(&self, id: &MerchantId) -> Result<Arc<Merchant>, MerchantsError>;

    /// The same, for learning the outcome of payments that exist. A merchant that makes no new payments is still found
    /// if it was read before, so that nothing of it stays in doubt.
    async fn get_for_inquiries(&self, id: &MerchantId) -> Result<Arc<Merchant>, MerchantsError> {
        self.get(id).await
    }

    /// Whether [`Merchants::get`] can tell now without calling another service.
    fn is_kept(&self, _id: &MerchantId) -> bool {
        true
    }
}

/// A merchant: its keys, its gateway account and its rules. `Debug` shows no secret.
#[derive(Debug)]
pub struct Merchant {
    /// Its id; the Elastic Path face's `client_id`.
    pub id: MerchantId,
    keys: Vec<SecretString>,
    /// Signs its access tokens.
    pub token_signing_key: SecretString,
    /// Its account at the gateway.
    pub gateway: GatewayAccount,
    /// Its rules for orders.
    pub policy: Policy,
    /// Whether browsers get tokens (grant `implicit`).
    pub shopper_tokens: bool,
    /// Whether it is stopped: no token, no request and no scheduled capture of it is accepted. Inquiries go on.
    pub disabled: bool,
    /// Whether its scheduled captures are held back. True for a merchant that is disabled.
    pub captures_paused: bool,
    /// Acquirers that a payment of the credit-card API may name.
    pub authorizers: Vec<String>,
    /// What the codes of the credit-card API's `Discount` take off.
    pub discounts: Discounts,
}

/// An account at the CardPointe gateway.
#[derive(Debug)]
pub struct GatewayAccount {
    /// REST base URL, without a slash at the end.
    pub base_url: String,
    /// User of the Basic authentication.
    pub username: String,
    /// Its password.
    pub password: SecretString,
    merchids: BTreeMap<Currency, String>,
}

impl Merchant {
    /// Reads a merchant's document (JSON). The error names the member that is wrong and quotes nothing.
    pub fn from_json(id: MerchantId, json: &str) -> Result<Self, MerchantsError> {
        let mut deserializer = serde_json::Deserializer::from_str(json);
        let document: Document = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
            // The names in the map of MIDs are the document's own text, so the path ends before them.
            let path = error.path().to_string();
            let path = if path.starts_with(MERCHIDS) { MERCHIDS } else { &path };
            MerchantsError::Malformed(format!("at {path}: {}", category(error.inner())))
        })?;
        document.into_merchant(id).map_err(|what| MerchantsError::Malformed(what.to_owned()))
    }

    /// The number of characters of its shortest key.
    pub fn shortest_key_chars(&self) -> usize {
        self.keys.iter().map(|key| key.expose_secret().chars().count()).min().unwrap_or_default()
    }

    /// Refuses a merchant whose gateway is not on the deployment's list of hosts.
    pub fn must_be_on(&self, hosts: &GatewayHosts) -> Result<(), MerchantsError> {
        if hosts.allow(&self.gateway.base_url) {
            return Ok(());
        }
        let what = "the gateway's host is not one that this deployment allows (GatewayHosts)";
        Err(MerchantsError::Malformed(what.to_owned()))
    }

    /// Whether this is one of the merchant's keys. Takes the same time whichever it is, or none.
    pub fn has_key(&self, key: &str) -> bool {
        let matches = self.keys.iter().map(|ours| ours.expose_secret().as_bytes().ct_eq(key.as_bytes()));
        matches.fold(subtle::Choice::from(0), |any, one| any | one).into()
    }

    /// The gateway account for payments in a currency, if the merchant has one that the gateway can carry.
    pub fn route(&self, currency: Currency) -> Option<Route> {
        let merchid = self.gateway.merchids.get(&currency).filter(|_| currency.exponent() == DECIMALS)?;
        Some(Route { merchid: merchid.clone(), base_url: self.gateway.base_url.clone() })
    }

    /// One of its MIDs, for what is about the account and no payment.
    pub fn any_merchid(&self) -> Option<&str> {
        self.gateway.merchids.values().next().map(String::as_str)
    }

    /// The merchant's currency, when it has exactly one.
    pub fn only_currency(&self) -> Option<Currency> {
        let mut currencies = self.gateway.merchids.keys();
        currencies.next().copied().filter(|_| currencies.next().is_none())
    }
}

/// What went wrong, without the text that went wrong: it may hold a secret.
fn category(error: &serde_json::Error) -> &'static str {
    match error.classify() {
        serde_json::error::Category::Syntax => "not valid JSON",
        serde_json::error::Category::Data => "missing, unknown or of the wrong type",
        serde_json::error::Category::Eof => "cut off",
        serde_json::error::Category::Io => "unreadable",
    }
}

/// The document as it is stored (docs/merchants.md). Members of later features are allowed and not read yet.
#[expect(clippy::struct_excessive_bools, reason = "each is a member of the document")]
#[derive(Deserialize)]
struct Document {
    keys: Vec<SecretString>,
    token_signing_key: SecretString,
    gateway: GatewayDocument,
    #[serde(default)]
    orders: OrdersMode,
    #[serde(default)]
    accept_partial_approval: bool,
    #[serde(default)]
    decline_on: DeclineOn,
    #[serde(default)]
    refund_without_amount: RefundWithoutAmount,
    #[serde(default, deserialize_with = "duration")]
    duplicate_window: Option<SignedDuration>,
    #[serde(default, deserialize_with = "duration")]
    authorization_lifetime: Option<SignedDuration>,
    #[serde(default, deserialize_with = "duration")]
    capture_after: Option<SignedDuration>,
    #[serde(default)]
    disabled: bool,
    #[serde(default)]
    captures_paused: bool,
    #[serde(default)]
    void_lapsed: bool,
    #[serde(default)]
    shopper_tokens: ShopperTokens,
    #[serde(default)]
    authorizers: Vec<String>,
    #[serde(default)]
    discounts: Discounts,
}

#[derive(Deserialize)]
struct GatewayDocument {
    site: Option<String>,
    base_url: Option<String>,
    username: String,
    password: SecretString,
    merchids: BTreeMap<Currency, String>,
}

/// `false`, `true`, or an object with what shoppers may do.
#[derive(Deserialize)]
#[serde(untagged)]
enum ShopperTokens {
    Allowed(bool),
    Stated(ShopperRules),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ShopperRules {
    #[serde(default = "yes")]
    enabled: bool,
    #[serde(default)]
    partial: bool,
    #[serde(default)]
    stored_cards: bool,
    /// `attempts` is its first name.
    #[serde(alias = "attempts")]
    declines_per_order: Option<usize>,
    declines_per_source_hour: Option<u32>,
    #[serde(default)]
    declines_per_merchant_minute: PerMinute,
}

/// A number, or `"off"`.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(untagged)]
enum PerMinute {
    Limit(u32),
    Word(Off),
    #[default]
    Unstated,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Off {
    Off,
}

fn yes() -> bool {
    true
}

impl Default for ShopperTokens {
    fn default() -> Self {
        Self::Allowed(false)
    }
}

impl From<ShopperTokens> for ShopperRules {
    fn from(tokens: ShopperTokens) -> Self {
        match tokens {
            ShopperTokens::Allowed(enabled) => Self {
                enabled,
                partial: false,
                stored_cards: false,
                declines_per_order: None,
                declines_per_source_hour: None,
                declines_per_merchant_minute: PerMinute::Unstated,
            },
            ShopperTokens::Stated(rules) => rules,
        }
    }
}

impl Document {
    fn into_merchant(self, id: MerchantId) -> Result<Merchant, &'static str> {
        let is_short = |key: &SecretString| key.expose_secret().chars().count() < KEY_MIN_CHARS;
        if self.keys.is_empty() || self.keys.iter().any(is_short) {
            return Err("keys must hold at least one key, and each must have at least 12 characters");
        }
        if self.token_signing_key.expose_secret().len() < SIGNING_KEY_MIN_BYTES {
            return Err("token_signing_key must have at least 32 characters");
        }
        if self.gateway.merchids.values().any(|merchid| !is_merchid(merchid)) {
            return Err("gateway.merchids must hold 1 to 16 digits each");
        }
        if self.authorizers.iter().any(String::is_empty) {
            return Err("authorizers must hold no empty text");
        }
        if !self.discounts.are_sound() {
            return Err("each of discounts needs a code and either a percent or an amount by currency");
        }
        let base_url = base_url(self.gateway.base_url, self.gateway.site)?;
        let defaults = Policy::default();
        let shoppers = ShopperRules::from(self.shopper_tokens);
        let authorization_lifetime = self.authorization_lifetime.unwrap_or(defaults.authorization_lifetime);
        if self.capture_after.is_some_and(|after| after > authorization_lifetime) {
            return Err("capture_after must not be longer than authorization_lifetime");
        }
        Ok(Merchant {
            id,
            keys: self.keys,
            token_signing_key: self.token_signing_key,
            gateway: GatewayAccount {
                base_url,
                username: self.gateway.username,
                password: self.gateway.password,
                merchids: self.gateway.merchids,
            },
            policy: Policy {
                orders: self.orders,
                accept_partial_approval: self.accept_partial_approval,
                decline_on: self.decline_on,
                refund_without_amount: self.refund_without_amount,
                duplicate_window: self.duplicate_window.unwrap_or(defaults.duplicate_window),
                authorization_lifetime,
                capture_after: self.capture_after,
                void_lapsed: self.void_lapsed,
                shoppers: ShopperPolicy {
                    attempts: shoppers.declines_per_order.unwrap_or(defaults.shoppers.attempts),
                    declines_per_source_hour: shoppers
                        .declines_per_source_hour
                        .unwrap_or(defaults.shoppers.declines_per_source_hour),
                    declines_per_merchant_minute: match shoppers.declines_per_merchant_minute {
                        PerMinute::Limit(limit) => Some(limit),
                        PerMinute::Word(Off::Off) | PerMinute::Unstated => None,
                    },
                    partial: shoppers.partial,
                    stored_cards: shoppers.stored_cards,
                },
            },
            shopper_tokens: shoppers.enabled,
            disabled: self.disabled,
            captures_paused: self.captures_paused || self.disabled,
            authorizers: self.authorizers,
            discounts: self.discounts,
        })
    }
}

fn is_merchid(text: &str) -> bool {
    (1..=16).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// An ISO 8601 duration such as `PT60S` or `P7D`. Exact: a day is 24 hours, and months and years have no length.
fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SignedDuration>, D::Error> {
    let Some(span) = Option::<Span>::deserialize(deserializer)? else { return Ok(None) };
    let duration = span.to_duration(SpanRelativeTo::days_are_24_hours()).map_err(D::Error::custom)?;
    if duration.is_negative() {
        return Err(D::Error::custom("a duration cannot be negative"));
    }
    Ok(Some(duration))
}

/// `https`, or `http` to this machine only: credentials and card numbers go there.
fn base_url(base_url: Option<String>, site: Option<String>) -> Result<String, &'static str> {
    let url = match (base_url, site) {
        (Some(url), None) => url,
        (None, Some(site)) => {
            if site.is_empty() || !site.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
                return Err("gateway.site must be a CardConnect site name such as fts-uat");
            }
            format!("https://{site}.cardconnect.com/cardconnect/rest")
        }
        _ => return Err("gateway needs either site or base_url"),
    };
    let parsed: http::Uri = url.parse().map_err(|_| "gateway.base_url is not a URL")?;
    let loopback = matches!(parsed.host(), Some("127.0.0.1" | "localhost" | "[::1]"));
    match parsed.scheme_str() {
        Some("https") => {}
        Some("http") if loopback => {}
        _ => return Err("gateway.base_url must be https, or http on a loopback address"),
    }
    if parsed.authority().is_some_and(|authority| authority.as_str().contains('@'))
        || parsed.query().is_some()
    {
        return Err("gateway.base_url must hold neither credentials nor a query");
    }
    Ok(url.trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests;

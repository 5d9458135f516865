//! A merchant's document: JSON in a secret of its own (docs/merchants.md), read once and checked.

pub mod hosts;
mod member_names;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Span, SpanRelativeTo, civil::Date};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::Value;
use tollgate_core::{
    order::{
        DeclineOn, FeeBasis, MerchantId, OrdersMode, PartialCapture, Policy, RefundWithoutAmount, ShopRules,
        ShopperPolicy, StatedRule,
    },
    payments::{
        GatewayAccount, GatewayInfo, KEY_MIN_CHARS, Merchant, MerchantKey, MerchantsError, Role, ShopAccount,
        ShopKey,
    },
    values::{Currency, Discounts, SearchedBy, TextUse, Zone, check_kept, without_mark},
};

use self::hosts::HostLists;

/// Shortest signing key: HMAC-SHA-256 needs 256 bits (RFC 7518 §3.2).
const SIGNING_KEY_MIN_BYTES: usize = 32;

/// How long names and e-mail addresses can be kept: not shorter than a payment may be under way,
/// and a date that exists.
const PERSONAL_DATA_KEPT: std::ops::RangeInclusive<SignedDuration> =
    SignedDuration::from_hours(24)..=SignedDuration::from_hours(3650 * 24);

/// A shop's keys: one, or two while one replaces the other.
const SHOP_KEYS_MAX: usize = 2;

/// The member that maps currencies to MIDs.
const MERCHIDS: &str = "gateway.merchids";

/// Reads a merchant's document (JSON), whose account is at this gateway. The error names the member
/// that is wrong and quotes nothing.
pub fn parse(id: MerchantId, json: &str, gateway: &dyn GatewayInfo) -> Result<Merchant, MerchantsError> {
    let mut deserializer = serde_json::Deserializer::from_str(without_mark(json));
    let document: MerchantDocument =
        serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
            // The names in the map of MIDs are the document's own text, so the path ends before
            // them.
            let path = error.path().to_string();
            let path = if path.starts_with(MERCHIDS) { MERCHIDS } else { &path };
            MerchantsError::Malformed(format!("at {path}: {}", category(error.inner())))
        })?;
    document.into_merchant(id, gateway).map_err(|what| MerchantsError::Malformed(what.to_owned()))
}

/// A member of a document that nothing reads: it may be misspelled, and then its setting has no
/// effect.
pub struct IgnoredMember<'a> {
    /// The object that it is in: the document, or its `gateway`.
    pub within: &'static str,
    pub name: &'a str,
    /// The members that are read there.
    pub known: &'static [&'static str],
}

/// The members that are ignored. In all other objects, an unknown member is an error.
pub fn ignored_members(document: &Value) -> impl Iterator<Item = IgnoredMember<'_>> {
    let objects = [
        ("the document", Some(document), member_names::of::<MerchantDocument>()),
        ("gateway", document.get("gateway"), member_names::of::<GatewayDocument>()),
    ];
    objects.into_iter().flat_map(|(within, object, known)| {
        let names = object.and_then(Value::as_object).into_iter().flat_map(|members| members.keys());
        let ignored = names.filter(|name| !known.contains(&name.as_str()));
        ignored.map(move |name| IgnoredMember { within, name, known })
    })
}

/// Refuses a merchant whose gateway or shop is not on the deployment's lists.
pub fn must_be_on(merchant: &Merchant, hosts: &HostLists) -> Result<(), MerchantsError> {
    let what = if !hosts.gateways.allow(&merchant.gateway.endpoint) {
        "the gateway's host is not one that this deployment allows (GatewayHosts)"
    } else if merchant.shop.as_ref().is_some_and(|shop| !hosts.shops.allow(&shop.endpoint)) {
        "the shop's host is not one that this deployment allows (ElasticPathHosts)"
    } else {
        return Ok(());
    };
    Err(MerchantsError::Malformed(what.to_owned()))
}

/// The kind of the error, without the wrong text: it may hold a secret.
fn category(error: &serde_json::Error) -> &'static str {
    match error.classify() {
        serde_json::error::Category::Syntax => "not valid JSON",
        serde_json::error::Category::Data => "missing, unknown or of the wrong type",
        serde_json::error::Category::Eof => "cut off",
        serde_json::error::Category::Io => "unreadable",
    }
}

/// The document as it is stored (docs/merchants.md). Members of later features are allowed and not
/// read yet. Required members are checked below, because they cannot be empty.
#[expect(clippy::struct_excessive_bools, reason = "each is a member of the document")]
#[derive(Default, Deserialize)]
#[serde(default)]
struct MerchantDocument {
    keys: Vec<KeyDocument>,
    token_signing_key: SecretString,
    gateway: GatewayDocument,
    orders: OrdersMode,
    elastic_path: Option<ShopDocument>,
    accept_partial_approval: bool,
    decline_on: DeclineOn,
    refund_without_amount: RefundWithoutAmount,
    #[serde(deserialize_with = "duration")]
    duplicate_window: Option<SignedDuration>,
    #[serde(deserialize_with = "duration")]
    authorization_lifetime: Option<SignedDuration>,
    capture: Option<StatedRule>,
    capture_disputed: bool,
    zone: Option<Zone>,
    holidays: Vec<Date>,
    #[serde(deserialize_with = "duration")]
    keep_personal_data: Option<SignedDuration>,
    disabled: bool,
    captures_paused: bool,
    void_lapsed: bool,
    shopper_tokens: ShopperTokens,
    authorizers: Vec<String>,
    discounts: Discounts,
    search: SearchedBy,
    name: Value,
    address: Value,
}

/// A plain text, or an object that also names the key and limits it.
#[derive(Deserialize)]
#[serde(untagged)]
enum KeyDocument {
    Plain(SecretString),
    Named(NamedKey),
}

/// A member that is not known could be a limit, so it is an error.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NamedKey {
    key: SecretString,
    name: String,
    role: String,
}

#[derive(Default, Deserialize)]
struct GatewayDocument {
    site: Option<String>,
    base_url: Option<String>,
    username: String,
    password: SecretString,
    merchids: BTreeMap<Currency, String>,
    #[serde(default)]
    linked_merchids: Vec<String>,
    #[serde(default)]
    surcharging_merchids: Vec<String>,
    fee_basis: Option<FeeBasis>,
    /// By MID, the meaning of payments there that are not Tollgate's.
    #[serde(default)]
    others: BTreeMap<String, String>,
}

impl GatewayDocument {
    fn check_mids(&self) -> Result<(), &'static str> {
        if !self.merchids.values().all(|merchid| is_merchid(merchid)) {
            return Err("gateway.merchids must hold 1 to 16 letters and digits each");
        }
        if !self.linked_merchids.iter().all(|merchid| is_merchid(merchid)) {
            return Err("gateway.linked_merchids must hold 1 to 16 letters and digits each");
        }
        let is_own = |merchid: &String| self.merchids.values().any(|own| own == merchid);
        if !self.surcharging_merchids.iter().all(is_own) {
            return Err("gateway.surcharging_merchids must hold only MIDs that gateway.merchids has");
        }
        if !self.others.iter().all(|(merchid, said)| is_merchid(merchid) && said == "expected") {
            return Err("gateway.others must have expected for each MID of 1 to 16 letters and digits");
        }
        Ok(())
    }
}

/// A misspelled member would leave the shop unread.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ShopDocument {
    base_url: String,
    keys: Vec<ShopKeyDocument>,
    #[serde(default)]
    partial_capture: PartialCapture,
    #[serde(default)]
    cancel_voided: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ShopKeyDocument {
    client_id: String,
    client_secret: SecretString,
}

impl ShopDocument {
    fn rules(&self) -> ShopRules {
        ShopRules { partial_capture: self.partial_capture, cancel_voided: self.cancel_voided }
    }

    fn into_account(self) -> Result<ShopAccount, &'static str> {
        let endpoint = https_url(&self.base_url).map_err(|problem| match problem {
            UrlProblem::Unreadable => "elastic_path.base_url is not a URL",
            UrlProblem::WithoutTls => "elastic_path.base_url must be https, or http on a loopback address",
            UrlProblem::TooMuch => "elastic_path.base_url must hold no credentials, query or fragment",
        })?;
        let is_key = |key: &ShopKeyDocument| {
            !key.client_id.is_empty() && !key.client_secret.expose_secret().is_empty()
        };
        if !(1..=SHOP_KEYS_MAX).contains(&self.keys.len()) || !self.keys.iter().all(is_key) {
            return Err("elastic_path.keys must hold one or two keys, each with client_id and client_secret");
        }
        let key = |ShopKeyDocument { client_id, client_secret }| ShopKey { client_id, client_secret };
        Ok(ShopAccount { endpoint, keys: self.keys.into_iter().map(key).collect() })
    }
}

/// `false`, `true`, or an object with the shoppers' permissions.
#[derive(Deserialize)]
#[serde(untagged)]
enum ShopperTokens {
    Allowed(bool),
    Stated(ShopperRules),
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ShopperRules {
    #[serde(default = "yes")]
    enabled: bool,
    partial: bool,
    stored_cards: bool,
    /// `attempts` is its first name.
    #[serde(alias = "attempts")]
    declines_per_order: Option<usize>,
    declines_per_source_hour: Option<u32>,
}

impl ShopperRules {
    fn policy(&self) -> ShopperPolicy {
        let usual = ShopperPolicy::default();
        ShopperPolicy {
            attempts: self.declines_per_order.unwrap_or(usual.attempts),
            declines_per_source_hour: self.declines_per_source_hour.unwrap_or(usual.declines_per_source_hour),
            partial: self.partial,
            stored_cards: self.stored_cards,
        }
    }
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
            ShopperTokens::Allowed(enabled) => Self { enabled, ..Self::default() },
            ShopperTokens::Stated(rules) => rules,
        }
    }
}

impl MerchantDocument {
    /// Checks the data that payments are kept with, and for how long.
    fn check_what_is_kept(&self) -> Result<(), &'static str> {
        // They are kept with the payments that name them.
        if self.authorizers.iter().any(|name| name.is_empty() || check_kept(name, TextUse::Words).is_err()) {
            return Err(
                "authorizers must hold no empty text, no card number and no character that is not seen",
            );
        }
        if !self.discounts.are_sound() {
            return Err(
                "each of discounts needs a code and either a percent or an amount by currency; its texts must hold no card \
                 number and no character that is not seen",
            );
        }
        if self.keep_personal_data.is_some_and(|kept| !PERSONAL_DATA_KEPT.contains(&kept)) {
            return Err("keep_personal_data must be at least P1D and at most P3650D");
        }
        Ok(())
    }

    fn into_merchant(self, id: MerchantId, gateway: &dyn GatewayInfo) -> Result<Merchant, &'static str> {
        self.check_what_is_kept()?;
        let keys = keys(self.keys)?;
        if self.token_signing_key.expose_secret().len() < SIGNING_KEY_MIN_BYTES {
            return Err("token_signing_key must have at least 32 characters");
        }
        let defaults = Policy::default();
        self.gateway.check_mids()?;
        let base_url = base_url(self.gateway.base_url, self.gateway.site)?;
        let shop_rules = self.elastic_path.as_ref().map_or(defaults.shop, ShopDocument::rules);
        let shop = self.elastic_path.map(ShopDocument::into_account).transpose()?;
        if shop.is_none() && self.orders == OrdersMode::ElasticPath {
            return Err("orders: elastic_path needs elastic_path, with base_url and keys");
        }
        let shoppers = ShopperRules::from(self.shopper_tokens);
        let authorization_lifetime = self.authorization_lifetime.unwrap_or(defaults.authorization_lifetime);
        let capture = self.capture.map(|rule| rule.in_zone(self.zone.as_ref())).transpose();
        let capture = capture
            .map_err(|_| "capture needs a zone, its own or the document's, with at and business_days")?;
        if capture.as_ref().is_some_and(|rule| rule.stated().after.exact() > authorization_lifetime) {
            return Err("capture.after must not be longer than authorization_lifetime");
        }
        Ok(Merchant {
            id,
            keys,
            token_signing_key: self.token_signing_key,
            gateway: GatewayAccount {
                gateway: gateway.name(),
                decimals: gateway.decimals(),
                endpoint: base_url,
                username: self.gateway.username,
                password: self.gateway.password,
                accounts: self.gateway.merchids,
                linked: self.gateway.linked_merchids,
                shared: self.gateway.others.into_keys().collect(),
            },
            shop,
            policy: Policy {
                orders: self.orders,
                accept_partial_approval: self.accept_partial_approval,
                decline_on: self.decline_on,
                refund_without_amount: self.refund_without_amount,
                duplicate_window: self.duplicate_window.unwrap_or(defaults.duplicate_window),
                authorization_lifetime,
                capture,
                zone: self.zone,
                holidays: self.holidays.into_iter().collect(),
                capture_disputed: self.capture_disputed,
                void_lapsed: self.void_lapsed,
                keep_personal_data: self.keep_personal_data,
                surcharging: self.gateway.surcharging_merchids,
                fee_basis: self.gateway.fee_basis,
                shop: shop_rules,
                shoppers: shoppers.policy(),
            },
            shopper_tokens: shoppers.enabled,
            disabled: self.disabled,
            captures_paused: self.captures_paused || self.disabled,
            authorizers: self.authorizers,
            discounts: self.discounts,
            search: self.search,
            name: printable(&self.name),
            address: lines(&self.address),
        })
    }
}

/// A text for people. Anything else is as if it were not there: no payment depends on it.
fn printable(value: &Value) -> Option<String> {
    let text = value.as_str().map(str::trim).filter(|text| !text.is_empty())?;
    if text.chars().any(char::is_control) {
        return None;
    }
    check_kept(text, TextUse::Words).ok().map(|()| text.to_owned())
}

/// Texts for people, all or none.
fn lines(value: &Value) -> Vec<String> {
    let lines = value.as_array().map(|lines| lines.iter().map(printable).collect::<Option<Vec<_>>>());
    lines.flatten().unwrap_or_default()
}

/// The keys, each checked; no two share a name or a text, so that every operation tells which one
/// it was.
fn keys(documents: Vec<KeyDocument>) -> Result<Vec<MerchantKey>, &'static str> {
    let mut keys: Vec<MerchantKey> = Vec::with_capacity(documents.len());
    for document in documents {
        let key = match document {
            KeyDocument::Plain(secret) => MerchantKey::from(secret),
            KeyDocument::Named(NamedKey { key, name, role }) => MerchantKey {
                secret: key,
                name: Some(name.parse().map_err(|_| {
                    "each name in keys must have 1 to 32 letters, digits, - _ or ., begin with a letter and not look like \
                     a card number"
                })?),
                role: Role::from_name(&role)
                    .ok_or("each role in keys must be read, pay, operate or all")?,
            },
        };
        if keys.iter().any(|other| key.name.is_some() && other.name == key.name) {
            return Err("two of keys have the same name");
        }
        let is_same = |other: &MerchantKey| other.secret.expose_secret() == key.secret.expose_secret();
        // Plain keys were never compared, and a document that worked goes on working.
        if keys.iter().any(|other| is_same(other) && (key.name.is_some() || other.name.is_some())) {
            return Err("two of keys have the same key");
        }
        keys.push(key);
    }
    if keys.is_empty() || keys.iter().any(|key| key.chars() < KEY_MIN_CHARS) {
        return Err("keys must hold at least one key, and each must have at least 12 characters");
    }
    Ok(keys)
}

fn is_merchid(text: &str) -> bool {
    (1..=16).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// An ISO 8601 duration such as `PT60S` or `P7D`. Exact: a day is 24 hours, and months and years
/// have no length.
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
    https_url(&url).map_err(|problem| match problem {
        UrlProblem::Unreadable => "gateway.base_url is not a URL",
        UrlProblem::WithoutTls => "gateway.base_url must be https, or http on a loopback address",
        UrlProblem::TooMuch => "gateway.base_url must hold no credentials, query or fragment",
    })
}

/// Why credentials may not be sent to a URL.
enum UrlProblem {
    Unreadable,
    WithoutTls,
    /// It has a part that requests would change.
    TooMuch,
}

/// The URL without a slash at its end.
fn https_url(url: &str) -> Result<String, UrlProblem> {
    let parsed: http::Uri = url.parse().map_err(|_| UrlProblem::Unreadable)?;
    let loopback = matches!(parsed.host(), Some("127.0.0.1" | "localhost" | "[::1]"));
    match parsed.scheme_str() {
        Some("https") => {}
        Some("http") if loopback => {}
        _ => return Err(UrlProblem::WithoutTls),
    }
    if parsed.authority().is_some_and(|authority| authority.as_str().contains('@'))
        || url.contains(['?', '#'])
    {
        return Err(UrlProblem::TooMuch);
    }
    Ok(url.trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests;

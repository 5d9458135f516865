//! A fake of the merchants: two merchants, whose keys, gateway account and rules can be changed
//! while payments are in doubt.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;
use tollgate::{
    access_token::{self, Holder, KidKey, VerifiedKey},
    lambda::GATEWAY,
};
use tollgate_core::payments::Merchant;

use crate::surcharging::Surcharging;

/// A token is used for this long; it is valid for an hour, by clocks that are not all right.
const TOKEN_USED_FOR: SignedDuration = SignedDuration::from_mins(45);

/// Which merchant: `REGISTERED` states its orders' totals, `EXTERNAL` keeps them to itself.
pub(crate) const REGISTERED: &str = "registered";
pub(crate) const EXTERNAL: &str = "external";

/// How long an authorization lives where a simulation does not say otherwise.
const LIFETIME: SignedDuration = SignedDuration::from_hours(7 * 24);

/// The merchants' credentials at the gateway.
pub(crate) const GATEWAY_USER: &str = "user";
pub(crate) const GATEWAY_PASSWORD: &str = "password";

/// Accounts at the gateway; each generation of the documents has the next one.
const MERCHIDS: u64 = 8;

/// The code of a discount that both grant.
pub(crate) const DISCOUNT: &str = "spring";

/// The key of the MACs in tokens' `kid`, of every instance.
pub(crate) fn kid_key() -> KidKey {
    "a-key-of-all-functions-of-a-stack".parse().unwrap_or_default()
}

/// The merchants as they are now.
pub(crate) struct Shops {
    generation: u64,
    /// How their accounts add a surcharge, if they do.
    surcharging: Option<Surcharging>,
    both: Vec<Shop>,
}

/// A merchant's rules for scheduled captures, in its document.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "independent members of a document")]
pub(crate) struct Rules {
    pub(crate) lifetime: SignedDuration,
    pub(crate) after: Option<SignedDuration>,
    pub(crate) paused: bool,
    pub(crate) void_lapsed: bool,
    /// Whether it refuses cards whose security code is wrong.
    pub(crate) declines_wrong_codes: bool,
    /// Whether it states the fee basis: how a part of a payment with a fee is named.
    pub(crate) states_fee_basis: bool,
}

/// The same, as the checks need it.
pub(crate) struct Terms {
    pub(crate) lifetime: SignedDuration,
    pub(crate) void_lapsed: bool,
    /// Every time after which payments ever were to be captured by the schedule.
    pub(crate) ever_after: Vec<Option<SignedDuration>>,
    /// Since when captures are paused.
    pub(crate) paused_since: Option<Instant>,
}

struct Shop {
    merchant: Arc<Merchant>,
    rules: Rules,
    ever_after: Vec<Option<SignedDuration>>,
    paused_since: Option<Instant>,
    fee_basis_stated_at: Option<Instant>,
    token: Option<(String, Timestamp)>,
    /// Whether its document has the wrong password for its gateway.
    wrong_password: bool,
    /// The key of the credit-card API that the merchant's systems hold, which may be an old one.
    held_key: String,
}

impl Shops {
    pub(crate) fn new() -> Self {
        let generation = 1;
        let rules = Rules {
            lifetime: LIFETIME,
            after: None,
            paused: false,
            void_lapsed: false,
            declines_wrong_codes: false,
            states_fee_basis: false,
        };
        let shop = |name| {
            let merchant = document(name, generation, &rules, None, false)?;
            let (ever_after, held_key) = (vec![None], key(generation));
            Some(Shop {
                merchant,
                rules,
                ever_after,
                paused_since: None,
                fee_basis_stated_at: None,
                token: None,
                wrong_password: false,
                held_key,
            })
        };
        let both = [REGISTERED, EXTERNAL].into_iter().filter_map(shop).collect();
        Self { generation, surcharging: None, both }
    }

    /// Their accounts add a surcharge from now on, and their documents list them.
    pub(crate) fn surcharge(&mut self, surcharging: Option<Surcharging>) {
        self.surcharging = surcharging;
        self.publish();
    }

    pub(crate) fn are_surcharging(&self) -> bool {
        self.surcharging.is_some()
    }

    /// How the gateway takes an amount that names a part of a payment with a fee; none until the
    /// merchant's document states it.
    pub(crate) fn fee_basis(&self, id: &str) -> Option<Surcharging> {
        self.fee_basis_stated_at(id)?;
        self.surcharging
    }

    /// Since when the merchant's document states it.
    pub(crate) fn fee_basis_stated_at(&self, id: &str) -> Option<Instant> {
        self.both.iter().find(|shop| shop.merchant.id.as_str() == id)?.fee_basis_stated_at
    }

    fn publish(&mut self) {
        for shop in &mut self.both {
            shop.publish(self.generation, self.surcharging);
        }
    }

    /// New keys, and another gateway account for payments from now on.
    pub(crate) fn rotate(&mut self) {
        self.generation += 1;
        for shop in &mut self.both {
            shop.token = None;
        }
        self.publish();
    }

    /// The merchant's rules, to read or to change.
    pub(crate) fn rules(&mut self, id: &str, change: impl FnOnce(&mut Rules)) {
        let Some(shop) = self.shop(id) else { return };
        change(&mut shop.rules);
        shop.rules.after = shop.rules.after.map(|after| after.min(shop.rules.lifetime));
        shop.ever_after.push(shop.rules.after);
        let now = Some(Instant::now());
        shop.paused_since = shop.paused_since.or(now).filter(|_| shop.rules.paused);
        shop.fee_basis_stated_at = shop.fee_basis_stated_at.or(now).filter(|_| shop.rules.states_fee_basis);
        self.publish();
    }

    /// The merchant's document has the wrong password for its gateway, or the right one again.
    pub(crate) fn forget_password(&mut self, id: &str, forgotten: bool) {
        let Some(shop) = self.shop(id) else { return };
        shop.wrong_password = forgotten;
        self.publish();
    }

    /// The terms that the checks go by.
    pub(crate) fn terms(&mut self, id: &str) -> Terms {
        let shop = self.shop(id);
        let rules = shop.as_ref().map(|shop| shop.rules);
        let paused_since = shop.as_ref().and_then(|shop| shop.paused_since);
        Terms {
            lifetime: rules.map_or(LIFETIME, |rules| rules.lifetime),
            void_lapsed: rules.is_some_and(|rules| rules.void_lapsed),
            ever_after: shop.map(|shop| shop.ever_after.clone()).unwrap_or_default(),
            paused_since,
        }
    }

    fn shop(&mut self, id: &str) -> Option<&mut Shop> {
        self.both.iter_mut().find(|shop| shop.merchant.id.as_str() == id)
    }

    pub(crate) fn merchant(&mut self, id: &str) -> Option<Arc<Merchant>> {
        self.shop(id).map(|shop| shop.merchant.clone())
    }

    /// The key that the merchant's systems send.
    pub(crate) fn held_key(&mut self, id: &str) -> String {
        self.shop(id).map(|shop| shop.held_key.clone()).unwrap_or_default()
    }

    /// The merchant's systems learn of the new key.
    pub(crate) fn read_key(&mut self, id: &str) {
        let key = key(self.generation);
        if let Some(shop) = self.shop(id) {
            shop.held_key = key;
        }
    }

    /// Whether a key is one of the merchant's.
    pub(crate) fn accepts(&mut self, id: &str, held: &str) -> bool {
        self.shop(id).is_some() && keys(self.generation).iter().any(|key| key == held)
    }

    /// A token that the merchant's systems hold; a new one when it is old or refused.
    pub(crate) fn token(&mut self, id: &str, now: Timestamp) -> Option<String> {
        let shop = self.shop(id)?;
        if let Some((token, issued)) = &shop.token
            && now.duration_since(*issued) < TOKEN_USED_FOR
        {
            return Some(token.clone());
        }
        let key = VerifiedKey::new(&shop.merchant, shop.merchant.keys.first()?);
        let (token, _) = access_token::issue(&shop.merchant, &Holder::Key(key), now, &kid_key()).ok()?;
        shop.token = Some((token.clone(), now));
        Some(token)
    }
}

impl Shop {
    /// Makes the document as the rules say.
    fn publish(&mut self, generation: u64, surcharging: Option<Surcharging>) {
        let id = self.merchant.id.as_str();
        if let Some(merchant) = document(id, generation, &self.rules, surcharging, self.wrong_password) {
            self.merchant = merchant;
        }
    }
}

/// Every account at the gateway.
pub(crate) fn merchids() -> impl Iterator<Item = u64> {
    1..=MERCHIDS
}

/// A merchant's document with these accounts, each under a currency of its own, which nothing of
/// the gateway's reports is about.
pub(crate) fn with_accounts(name: &str, accounts: &[String]) -> Option<Arc<Merchant>> {
    let codes = ["USD", "EUR", "GBP", "CAD"].into_iter().zip(accounts);
    let accounts: Vec<String> = codes.map(|(code, account)| format!(r#""{code}": "{account}""#)).collect();
    let json = format!(
        r#"{{"keys": ["{key}"], "token_signing_key": "{number:032}", "orders": "{name}",
            "gateway": {{"base_url": "http://127.0.0.1:1/cardconnect/rest", "username": "{GATEWAY_USER}",
                         "password": "{GATEWAY_PASSWORD}", "merchids": {{{accounts}}}}}}}"#,
        key = key(1),
        number = 1,
        accounts = accounts.join(", "),
    );
    tollgate::merchant_document::parse(name.parse().ok()?, &json, GATEWAY).ok().map(Arc::new)
}

/// The account that records may name in the place of one.
pub(crate) fn linked(merchid: u64) -> String {
    format!("90{merchid}")
}

fn key(generation: u64) -> String {
    format!("key-{generation:012}")
}

/// The keys of a generation. Every other change leaves the old one valid for a while, as a careful
/// operator does.
fn keys(generation: u64) -> Vec<String> {
    let old = generation.checked_sub(1).filter(|_| generation.is_multiple_of(2));
    std::iter::once(generation).chain(old).map(key).collect()
}

fn document(
    name: &str,
    generation: u64,
    rules: &Rules,
    surcharging: Option<Surcharging>,
    wrong_password: bool,
) -> Option<Arc<Merchant>> {
    let keys = keys(generation);
    // The percentage that a code takes off changes with the keys, between the attempts of one
    // payment.
    let password = if wrong_password { "wrong" } else { GATEWAY_PASSWORD };
    let merchid = 1 + generation % MERCHIDS;
    let linked: Vec<String> = merchids().map(linked).collect();
    let percent = 5 + generation % 3 * 10;
    let Rules { lifetime, after, paused, void_lapsed, declines_wrong_codes, states_fee_basis } = rules;
    let surcharging_merchids = if surcharging.is_some_and(|surcharging| surcharging.is_at(merchid)) {
        vec![merchid.to_string()]
    } else {
        Vec::new()
    };
    let basis = surcharging.filter(|_| *states_fee_basis).map(Surcharging::basis);
    let fee_basis = basis.map(|word| format!(r#""fee_basis": "{word}","#)).unwrap_or_default();
    let refused = if *declines_wrong_codes { r#""N""# } else { "" };
    let after = after.map(|after| format!(r#""capture": {{"after": "{after}"}},"#)).unwrap_or_default();
    let json = format!(
        r#"{{"keys": {keys:?}, "token_signing_key": "{generation:032}", "orders": "{name}",
            "discounts": [{{"code": "{DISCOUNT}", "percent": "{percent}"}}],
            "authorization_lifetime": "{lifetime}", {after}
            "captures_paused": {paused}, "capture_disputed": true, "void_lapsed": {void_lapsed},
            "decline_on": {{"avs": [], "cvv": [{refused}]}},
            "gateway": {{"base_url": "http://127.0.0.1:1/cardconnect/rest",
                         "username": "{GATEWAY_USER}", "password": "{password}",
                         "surcharging_merchids": {surcharging_merchids:?}, {fee_basis}
                         "merchids": {{"USD": "{merchid}"}}, "linked_merchids": {linked:?}}}}}"#
    );
    tollgate::merchant_document::parse(name.parse().ok()?, &json, GATEWAY).ok().map(Arc::new)
}

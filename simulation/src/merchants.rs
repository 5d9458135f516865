//! The merchants' twin: two merchants, whose keys and gateway account can be changed while payments are in doubt.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use tollgate::{
    access_token,
    merchants::{Merchant, Merchants, MerchantsError},
    operation::Grant,
    order::MerchantId,
};

use crate::{
    fault::{Call, Fault},
    world::{Instance, World},
};

/// A token is used for this long; it is valid for an hour, by clocks that are not all right.
const TOKEN_USED_FOR: SignedDuration = SignedDuration::from_mins(45);

/// Which merchant: `REGISTERED` states its orders' totals, `EXTERNAL` keeps them to itself.
pub(crate) const REGISTERED: &str = "registered";
/// See [`REGISTERED`].
pub(crate) const EXTERNAL: &str = "external";

/// The code of a discount that both grant.
pub(crate) const DISCOUNT: &str = "spring";

/// The merchants as they are now.
pub(crate) struct Shops {
    generation: u64,
    shops: Vec<Shop>,
}

struct Shop {
    merchant: Arc<Merchant>,
    token: Option<(String, Timestamp)>,
    /// The key of the credit-card API that the merchant's systems hold, which may be an old one.
    held_key: String,
}

impl Shops {
    pub(crate) fn new() -> Self {
        let mut shops = Self { generation: 0, shops: Vec::new() };
        shops.rotate();
        shops
    }

    /// New keys, and another gateway account for what comes from now on.
    pub(crate) fn rotate(&mut self) {
        self.generation += 1;
        let merchants = [REGISTERED, EXTERNAL].map(|name| document(name, self.generation));
        let mut held = std::mem::take(&mut self.shops).into_iter().map(|shop| shop.held_key);
        let shop = |merchant| {
            let held_key = held.next().unwrap_or_else(|| key(self.generation));
            Shop { merchant, token: None, held_key }
        };
        self.shops = merchants.into_iter().flatten().map(shop).collect();
    }

    fn shop(&mut self, id: &str) -> Option<&mut Shop> {
        self.shops.iter_mut().find(|shop| shop.merchant.id.as_str() == id)
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
    fn token(&mut self, id: &str, now: Timestamp) -> Option<String> {
        let shop = self.shop(id)?;
        if let Some((token, issued)) = &shop.token
            && now.duration_since(*issued) < TOKEN_USED_FOR
        {
            return Some(token.clone());
        }
        let (token, _) = access_token::issue(&shop.merchant, Grant::ClientCredentials, now).ok()?;
        shop.token = Some((token.clone(), now));
        Some(token)
    }
}

fn key(generation: u64) -> String {
    format!("k{generation}")
}

/// The keys of a generation. Every other change leaves the old one valid for a while, as a careful operator does.
fn keys(generation: u64) -> Vec<String> {
    let old = generation.checked_sub(1).filter(|_| generation.is_multiple_of(2));
    std::iter::once(generation).chain(old).map(key).collect()
}

fn document(name: &str, generation: u64) -> Option<Arc<Merchant>> {
    let keys = keys(generation);
    // What a code takes off changes with the keys, between the attempts of one payment.
    let percent = 5 + generation % 3 * 10;
    let json = format!(
        r#"{{"keys": {keys:?}, "token_signing_key": "{generation:032}", "orders": "{name}",
            "discounts": [{{"code": "{DISCOUNT}", "percent": "{percent}"}}],
            "gateway": {{"base_url": "http://127.0.0.1:1", "username": "u", "password": "p",
                         "merchids": {{"USD": "{generation}"}}}}}}"#
    );
    Merchant::from_json(name.parse().ok()?, &json).ok().map(Arc::new)
}

impl World {
    /// What a client of this merchant puts into its header.
    pub(crate) fn token(&self, merchant: &str) -> String {
        let now = self.now();
        self.state().shops.token(merchant, now).unwrap_or_default()
    }
}

#[async_trait]
impl Merchants for Instance {
    async fn get(&self, id: &MerchantId) -> Result<Arc<Merchant>, MerchantsError> {
        let fault = self.enter(Call::Merchant, id).await;
        if fault == Some(Fault::Error) {
            return Err(MerchantsError::Unavailable("simulated".to_owned()));
        }
        let merchant = self.world.state().shops.merchant(id.as_str());
        self.leave(fault).await;
        merchant.ok_or(MerchantsError::Unknown)
    }
}

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

/// The merchants as they are now.
pub(crate) struct Shops {
    generation: u64,
    shops: Vec<Shop>,
}

struct Shop {
    merchant: Arc<Merchant>,
    token: Option<(String, Timestamp)>,
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
        let documents = [REGISTERED, EXTERNAL].map(|name| document(name, self.generation));
        self.shops = documents.into_iter().flatten().map(|merchant| Shop { merchant, token: None }).collect();
    }

    fn shop(&mut self, id: &str) -> Option<&mut Shop> {
        self.shops.iter_mut().find(|shop| shop.merchant.id.as_str() == id)
    }

    pub(crate) fn merchant(&mut self, id: &str) -> Option<Arc<Merchant>> {
        self.shop(id).map(|shop| shop.merchant.clone())
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

fn document(name: &str, generation: u64) -> Option<Arc<Merchant>> {
    let json = format!(
        r#"{{"keys": ["k"], "token_signing_key": "{generation:032}", "orders": "{name}",
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

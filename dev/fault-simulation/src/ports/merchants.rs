//! The port to the merchants' documents, and a client's token.

use std::sync::Arc;

use async_trait::async_trait;
use tollgate_core::{
    order::MerchantId,
    payments::{Merchant, Merchants, MerchantsError},
};

use crate::{
    fault::{Call, Fault},
    world::{Instance, World},
};

impl World {
    /// The token that a client of this merchant puts into its header.
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

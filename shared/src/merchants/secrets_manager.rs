//! Merchants in AWS Secrets Manager: one secret each, read once per process and kept for a while.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use aws_sdk_secretsmanager::{Client, operation::get_secret_value::GetSecretValueError};
use jiff::{SignedDuration, Timestamp};

use super::{Merchant, Merchants, MerchantsError};
use crate::{aws_error, clock::Clock, order::MerchantId};

/// How long a merchant is used before its secret is read again. A key that is taken out of the secret works for
/// this long in a process that has read it before.
const FRESH: SignedDuration = SignedDuration::from_mins(5);

/// How long it is remembered that there is no such merchant, so that guessing ids does not cost a call each.
const UNKNOWN: SignedDuration = SignedDuration::from_mins(1);

/// How long to wait before asking again when Secrets Manager did not answer; until then the stale copy serves.
const RETRY: SignedDuration = SignedDuration::from_secs(15);

/// Most merchants kept at a time; more are read again. Bounds what guessed ids can take of the memory.
const KEPT_MAX: usize = 1_000;

/// Reads merchants from Secrets Manager.
pub struct SecretsManagerMerchants {
    client: Client,
    prefix: String,
    clock: Arc<dyn Clock>,
    kept: Mutex<HashMap<MerchantId, Kept>>,
}

#[derive(Clone)]
struct Kept {
    /// None: there is no such merchant.
    merchant: Option<Arc<Merchant>>,
    until: Timestamp,
}

impl SecretsManagerMerchants {
    /// Reads through this client; nothing is read yet. Secrets are named `prefix` plus the merchant's id.
    pub fn new(client: Client, prefix: String, clock: Arc<dyn Clock>) -> Self {
        Self { client, prefix, clock, kept: Mutex::new(HashMap::new()) }
    }

    fn kept(&self, id: &MerchantId) -> Option<Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    fn keep(&self, id: &MerchantId, merchant: Option<Arc<Merchant>>, for_long: SignedDuration) {
        let until = self.clock.now().checked_add(for_long).unwrap_or(Timestamp::MAX);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT_MAX && !kept.contains_key(id) {
            kept.retain(|_, kept| kept.merchant.is_some());
            if kept.len() >= KEPT_MAX {
                kept.clear();
            }
        }
        kept.insert(id.clone(), Kept { merchant, until });
    }

    async fn read(&self, id: &MerchantId) -> Result<Option<Merchant>, MerchantsError> {
        let request = self.client.get_secret_value().secret_id(format!("{}{id}", self.prefix));
        match request.send().await {
            Ok(secret) => {
                let json = secret
                    .secret_string
                    .ok_or_else(|| MerchantsError::Malformed("it is not a text".to_owned()))?;
                Merchant::from_json(id.clone(), &json).map(Some)
            }
            Err(error) => match error.as_service_error() {
                Some(GetSecretValueError::ResourceNotFoundException(_)) => Ok(None),
                _ => Err(MerchantsError::Unavailable(aws_error::describe(&error))),
            },
        }
    }
}

#[async_trait]
impl Merchants for SecretsManagerMerchants {
    async fn get(&self, id: &MerchantId) -> Result<Arc<Merchant>, MerchantsError> {
        let kept = self.kept(id);
        if let Some(kept) = kept.as_ref().filter(|kept| self.clock.now() < kept.until) {
            return kept.merchant.clone().ok_or(MerchantsError::Unknown);
        }
        match self.read(id).await {
            Ok(Some(merchant)) => {
                let merchant = Arc::new(merchant);
                self.keep(id, Some(merchant.clone()), FRESH);
                Ok(merchant)
            }
            Ok(None) => {
                self.keep(id, None, UNKNOWN);
                Err(MerchantsError::Unknown)
            }
            // Payments go on with what was last read; a document that was broken by an edit counts as down too.
            Err(error) => match kept.and_then(|kept| kept.merchant) {
                Some(stale) => {
                    tracing::error!(merchant = %id, %error, "serving the merchant as last read");
                    self.keep(id, Some(stale.clone()), RETRY);
                    Ok(stale)
                }
                None => Err(error),
            },
        }
    }
}

//! Receivers in AWS Secrets Manager: a document per merchant, apart from the merchant's own.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use aws_sdk_secretsmanager::{Client, operation::get_secret_value::GetSecretValueError};
use jiff::{SignedDuration, Timestamp};
use tollgate_core::{
    order::MerchantId,
    payments::StoreError,
    values::Clock,
    webhooks::{Receiver, Receivers},
};

use super::{document, resolver::Allowed};
use crate::aws_error;

/// Most merchants kept at a time.
const KEPT_MAX: usize = 1_000;

/// Where receivers are read, and what is accepted of them.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What the names of the secrets begin with; the merchant's id follows.
    pub prefix: String,
    /// How long a document is used before it is read again.
    pub fresh_for: SignedDuration,
    /// Where receivers may be.
    pub allowed: Allowed,
}

/// A merchant's receivers, and when they were read.
type CachedReceivers = (Arc<[Receiver]>, Timestamp);

/// Reads receivers from Secrets Manager.
pub struct SecretsManagerReceivers {
    client: Client,
    settings: Settings,
    clock: Arc<dyn Clock>,
    kept: Mutex<HashMap<MerchantId, CachedReceivers>>,
}

impl SecretsManagerReceivers {
    /// Reads through this client; nothing is read yet.
    pub fn new(client: Client, settings: Settings, clock: Arc<dyn Clock>) -> Self {
        Self { client, settings, clock, kept: Mutex::default() }
    }

    fn keep(&self, merchant: &MerchantId, receivers: &Arc<[Receiver]>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT_MAX {
            kept.clear();
        }
        kept.insert(merchant.clone(), (Arc::clone(receivers), self.clock.now()));
    }

    /// The document's text; none if there is none.
    async fn read(&self, merchant: &MerchantId) -> Result<Option<String>, StoreError> {
        let name = format!("{}{merchant}", self.settings.prefix);
        match self.client.get_secret_value().secret_id(name).send().await {
            Ok(secret) => Ok(Some(secret.secret_string.unwrap_or_default())),
            Err(error) => match error.as_service_error() {
                // The second one: it is marked for deletion.
                Some(
                    GetSecretValueError::ResourceNotFoundException(_)
                    | GetSecretValueError::InvalidRequestException(_),
                ) => Ok(None),
                _ => Err(StoreError::Unavailable(aws_error::describe(&error))),
            },
        }
    }
}

#[async_trait]
impl Receivers for SecretsManagerReceivers {
    async fn receivers(&self, merchant: &MerchantId) -> Result<Arc<[Receiver]>, StoreError> {
        let before = self.kept.lock().unwrap_or_else(PoisonError::into_inner).get(merchant).cloned();
        let now = self.clock.now();
        if let Some((receivers, read_at)) = &before
            && now.duration_since(*read_at) < self.settings.fresh_for
        {
            return Ok(Arc::clone(receivers));
        }
        let last = || before.map(|(receivers, _)| receivers);
        let receivers: Arc<[Receiver]> = match self.read(merchant).await {
            Ok(None) => Arc::default(),
            Ok(Some(text)) => match document::parse(&text, self.settings.allowed) {
                Ok(receivers) => receivers.into(),
                Err(error) => {
                    tracing::error!(%merchant, error, "the merchant's receivers cannot be read");
                    last().unwrap_or_default()
                }
            },
            Err(error) => {
                tracing::error!(%merchant, %error, "the merchant's receivers cannot be read");
                last().ok_or(error)?
            }
        };
        self.keep(merchant, &receivers);
        Ok(receivers)
    }
}

#[cfg(test)]
mod tests;

//! Receivers in AWS Secrets Manager: a document per merchant, apart from the merchant's own.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use aws_sdk_secretsmanager::Client;
use jiff::{SignedDuration, Timestamp};
use tollgate_core::{
    order::MerchantId,
    values::Clock,
    webhooks::{Receiver, Receivers, ReceiversError},
};

use super::{document, resolver::Allowed};
use crate::aws_error::SecretFailure;

/// Most merchants kept at a time.
const KEPT_MAX: usize = 1_000;

/// How old a document may be that is used while Secrets Manager is unavailable. A receiver that is
/// removed meanwhile gets nothing after that time.
const STALE: SignedDuration = SignedDuration::from_mins(15);

/// How long to wait before the next call after one that found nothing to use, and the oldest
/// document on whose word something is deleted.
const RETRY: SignedDuration = SignedDuration::from_secs(15);

/// Where receivers are read, and which addresses are accepted.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The beginning of the names of the secrets; the merchant's id follows.
    pub prefix: String,
    /// How long a document is used before it is read again.
    pub fresh_for: SignedDuration,
    /// Where receivers may be.
    pub allowed: Allowed,
}

/// The cached state of a merchant's document.
#[derive(Clone)]
struct CachedReceivers {
    /// The receivers as they were last read, and when.
    last: Option<(Arc<[Receiver]>, Timestamp)>,
    /// Why the last call found nothing that can be used.
    failure: Option<ReceiversError>,
    until: Timestamp,
}

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

    fn kept(&self, merchant: &MerchantId) -> Option<CachedReceivers> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).get(merchant).cloned()
    }

    fn keep(&self, merchant: &MerchantId, new: CachedReceivers) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT_MAX && !kept.contains_key(merchant) {
            kept.clear();
        }
        kept.insert(merchant.clone(), new);
    }

    async fn read_again(&self, merchant: &MerchantId, before: Option<CachedReceivers>) -> CachedReceivers {
        let result = self.read(merchant).await;
        let now = self.clock.now();
        let (last, failure) = before.map_or((None, None), |kept| (kept.last, kept.failure));
        let (last, failure, for_long) = match result {
            Ok(receivers) => (Some((receivers, now)), None, self.settings.fresh_for),
            Err(error) => {
                // Most merchants have no document, and theirs is not looked up more often than an
                // existing one.
                let for_long = match error {
                    ReceiversError::Missing => self.settings.fresh_for,
                    _ => RETRY.min(self.settings.fresh_for),
                };
                let failure = match error {
                    // A definite response holds until the next one.
                    ReceiversError::Unavailable(_) => failure.filter(is_definite).unwrap_or(error),
                    definite => definite,
                };
                tell(merchant, last.is_some(), &failure);
                (last, Some(failure), for_long)
            }
        };
        let kept =
            CachedReceivers { last, failure, until: now.checked_add(for_long).unwrap_or(Timestamp::MAX) };
        // Without anything to go on, the next event tries again.
        if kept.last.is_some() || kept.failure.as_ref().is_some_and(is_definite) {
            self.keep(merchant, kept.clone());
        }
        kept
    }

    async fn read(&self, merchant: &MerchantId) -> Result<Arc<[Receiver]>, ReceiversError> {
        let name = format!("{}{merchant}", self.settings.prefix);
        let secret = self.client.get_secret_value().secret_id(name).send().await;
        let secret = secret.map_err(|error| SecretFailure::of(&error))?;
        let text = secret.secret_string.unwrap_or_default();
        document::parse(&text, self.settings.allowed).map(Arc::from).map_err(ReceiversError::Unusable)
    }
}

impl From<SecretFailure> for ReceiversError {
    fn from(failure: SecretFailure) -> Self {
        match failure {
            SecretFailure::Missing => Self::Missing,
            SecretFailure::Refused(why) => Self::Unusable(why),
            SecretFailure::Unavailable(why) => Self::Unavailable(why),
        }
    }
}

/// Whether Secrets Manager responded.
fn is_definite(failure: &ReceiversError) -> bool {
    !matches!(failure, ReceiversError::Unavailable(_))
}

/// Logs failures that an operator has to know. A merchant without a document that never had one has
/// no webhooks.
fn tell(merchant: &MerchantId, known: bool, failure: &ReceiversError) {
    match failure {
        ReceiversError::Unusable(error) => {
            tracing::error!(%merchant, error, "the merchant's document of receivers cannot be used");
        }
        ReceiversError::Unavailable(error) => {
            tracing::error!(%merchant, error, "the merchant's receivers cannot be read");
        }
        ReceiversError::Missing if known => {
            let error = "it is deleted";
            tracing::error!(%merchant, error, "the merchant's document of receivers cannot be used");
        }
        ReceiversError::Missing => {}
    }
}

#[async_trait]
impl Receivers for SecretsManagerReceivers {
    async fn receivers(&self, merchant: &MerchantId) -> Result<Arc<[Receiver]>, ReceiversError> {
        let now = self.clock.now();
        let CachedReceivers { last, failure, .. } = match self.kept(merchant) {
            Some(kept) if now < kept.until => kept,
            kept => self.read_again(merchant, kept).await,
        };
        match (failure, last) {
            (None, Some((receivers, _))) => Ok(receivers),
            // Secrets Manager is unavailable, and the last document is not too old yet.
            (Some(ReceiversError::Unavailable(_)), Some((receivers, read_at)))
                if self.clock.now().duration_since(read_at) < STALE =>
            {
                Ok(receivers)
            }
            (failure, _) => Err(failure.unwrap_or(ReceiversError::Missing)),
        }
    }

    async fn receivers_now(&self, merchant: &MerchantId) -> Result<Arc<[Receiver]>, ReceiversError> {
        let before = self.kept(merchant);
        let was_just_read = |kept: &CachedReceivers| match (&kept.failure, &kept.last) {
            (None, Some((receivers, read_at))) => {
                (self.clock.now().duration_since(*read_at) < RETRY).then(|| Arc::clone(receivers))
            }
            _ => None,
        };
        if let Some(receivers) = before.as_ref().and_then(was_just_read) {
            return Ok(receivers);
        }
        let CachedReceivers { last, failure, .. } = self.read_again(merchant, before).await;
        match (failure, last) {
            (None, Some((receivers, _))) => Ok(receivers),
            (failure, _) => Err(failure.unwrap_or(ReceiversError::Missing)),
        }
    }
}

#[cfg(test)]
mod tests;

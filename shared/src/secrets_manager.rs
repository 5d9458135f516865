//! Merchants in AWS Secrets Manager: one secret each, read by each process and used for a while.

mod prefix;

pub use prefix::{InvalidPrefix, SecretKind};

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use aws_sdk_secretsmanager::Client;
use jiff::{SignedDuration, Timestamp};
use tollgate_core::{
    journal::SearchKeys,
    order::MerchantId,
    payments::{GatewayInfo, Merchant, Merchants, MerchantsError, StoreError, trail},
    values::{Clock, SearchKey, SearchTerm},
};

use crate::{
    aws_error::SecretFailure,
    merchant_document::{
        self,
        hosts::{AllowedHosts, HostLists},
    },
    search_keys::key_if_on,
};

/// How long a merchant is used before its secret is read again: anything revoked in it ends within
/// this time. And how long it is remembered that there is no such merchant. Both are equal, so that
/// the number of calls does not tell which merchants exist.
pub const FRESH: SignedDuration = SignedDuration::from_mins(5);

/// How long to wait before the next call when Secrets Manager is unavailable or the document cannot
/// be used.
const RETRY: SignedDuration = SignedDuration::from_secs(15);

/// How old a document may be that new payments are made with, while Secrets Manager is unavailable.
const STALE_FOR_PAYMENTS: SignedDuration = SignedDuration::from_mins(15);

/// How old a document may be that inquiries are made with, while it cannot be read, for any reason.
const STALE_FOR_INQUIRIES: SignedDuration = SignedDuration::from_hours(24);

/// Most ids remembered under which no merchant was ever read; more are forgotten. Bounds the share
/// of guesses in the memory.
const GUESSES_MAX: usize = 1_000;

/// Where merchants are read, and which gateways are accepted.
#[derive(Clone, Debug)]
pub struct MerchantSettings {
    /// The beginning of the names of merchants' secrets, so that stages can share an account.
    pub prefix: String,
    /// Where merchants' gateways and shops may be.
    pub hosts: HostLists,
}

impl MerchantSettings {
    /// Merchants under this prefix, at hosts of these lists.
    pub fn new(prefix: String, gateways: AllowedHosts, shops: AllowedHosts) -> Self {
        Self { prefix, hosts: HostLists { gateways, shops } }
    }
}

/// Reads merchants from Secrets Manager.
pub struct SecretsManagerMerchants {
    client: Client,
    settings: MerchantSettings,
    gateway: &'static dyn GatewayInfo,
    clock: Arc<dyn Clock>,
    kept: Mutex<MerchantCache>,
}

/// The merchants known so far. No guess pushes a merchant out: those are as many as the operator
/// has made, a few KB each, and stay as long as the process.
#[derive(Default)]
struct MerchantCache {
    /// Merchants that were read at least once, also if they cannot be read any more.
    read: HashMap<MerchantId, CachedMerchant>,
    /// Ids under which none was ever read.
    guesses: HashMap<MerchantId, CachedMerchant>,
}

/// The cached state of a merchant.
#[derive(Clone)]
struct CachedMerchant {
    /// As it was last read, and when.
    last: Option<(Arc<Merchant>, Timestamp)>,
    /// Why the last call found nothing that can be used. The last document may be used for a while.
    failure: Option<MerchantsError>,
    until: Timestamp,
}

impl SecretsManagerMerchants {
    /// Reads through this client the merchants of this gateway; nothing is read yet.
    pub fn new(
        client: Client,
        settings: MerchantSettings,
        gateway: &'static dyn GatewayInfo,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { client, settings, gateway, clock, kept: Mutex::default() }
    }

    fn all(&self) -> MutexGuard<'_, MerchantCache> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn kept(&self, id: &MerchantId) -> Option<CachedMerchant> {
        let all = self.all();
        all.read.get(id).or_else(|| all.guesses.get(id)).cloned()
    }

    fn keep(&self, id: &MerchantId, new: CachedMerchant) {
        let mut all = self.all();
        if new.last.is_some() {
            all.guesses.remove(id);
            all.read.insert(id.clone(), new);
            return;
        }
        if all.guesses.len() >= GUESSES_MAX && !all.guesses.contains_key(id) {
            all.guesses.clear();
        }
        all.guesses.insert(id.clone(), new);
    }

    /// The merchant as it was last read, however old a document without a failure since is.
    /// Otherwise it may be this old while Secrets Manager is unavailable, and this old after a
    /// definite response.
    async fn find(
        &self,
        id: &MerchantId,
        while_unavailable: SignedDuration,
        when_refused: SignedDuration,
    ) -> Result<Arc<Merchant>, MerchantsError> {
        let kept = self.kept(id);
        let kept = match kept {
            Some(kept) if self.clock.now() < kept.until => kept,
            kept => self.read_again(id, kept).await,
        };
        let longest = match &kept.failure {
            None => SignedDuration::MAX,
            Some(failure) if is_definite(failure) => when_refused,
            Some(_) => while_unavailable,
        };
        let now = self.clock.now();
        match kept.last {
            Some((merchant, read_at)) if now.duration_since(read_at) < longest => Ok(merchant),
            // There is a failure: a document read without one may be used at any age.
            _ => Err(kept.failure.unwrap_or_else(|| MerchantsError::Unavailable(String::new()))),
        }
    }

    async fn read_again(&self, id: &MerchantId, before: Option<CachedMerchant>) -> CachedMerchant {
        let result = self.read(id).await;
        let now = self.clock.now();
        let (last, failure) = before.map_or((None, None), |kept| (kept.last, kept.failure));
        let (last, failure, for_long) = match result {
            Ok(merchant) => (Some((Arc::new(merchant), now)), None, FRESH),
            Err(error) => {
                let for_long = if matches!(error, MerchantsError::Unknown) { FRESH } else { RETRY };
                let failure = match error {
                    // A definite response holds until the next one.
                    MerchantsError::Unavailable(_) => failure.filter(is_definite).unwrap_or(error),
                    definite => definite,
                };
                tell(id, last.is_some(), &failure);
                (last, Some(failure), for_long)
            }
        };
        let kept =
            CachedMerchant { last, failure, until: now.checked_add(for_long).unwrap_or(Timestamp::MAX) };
        // Without anything to go on, the next request tries again.
        if kept.last.is_some() || kept.failure.as_ref().is_some_and(is_definite) {
            self.keep(id, kept.clone());
        }
        kept
    }

    async fn read(&self, id: &MerchantId) -> Result<Merchant, MerchantsError> {
        let request = self.client.get_secret_value().secret_id(format!("{}{id}", self.settings.prefix));
        let secret = request.send().await.map_err(|error| SecretFailure::of(&error))?;
        let json =
            secret.secret_string.ok_or_else(|| MerchantsError::Malformed("it is not a text".to_owned()))?;
        let merchant = merchant_document::parse(id.clone(), &json, self.gateway)?;
        merchant_document::must_be_on(&merchant, &self.settings.hosts)?;
        Ok(merchant)
    }
}

impl From<SecretFailure> for MerchantsError {
    fn from(failure: SecretFailure) -> Self {
        match failure {
            SecretFailure::Missing => Self::Unknown,
            SecretFailure::Refused(why) => Self::Forbidden(why),
            SecretFailure::Unavailable(why) => Self::Unavailable(why),
        }
    }
}

/// Whether Secrets Manager responded: deleted, forbidden, or a document that no payment can be made
/// with.
fn is_definite(failure: &MerchantsError) -> bool {
    !matches!(failure, MerchantsError::Unavailable(_))
}

/// Logs and counts failures that an operator has to know. An id that was never readable and does
/// not exist is a guess and not worth a line.
fn tell(id: &MerchantId, known: bool, failure: &MerchantsError) {
    match failure {
        MerchantsError::Unavailable(error) if known => {
            trail::note(|trail| trail.merchants_stale += 1);
            tracing::error!(merchant = %id, %error, "serving the merchant as last read");
        }
        MerchantsError::Unknown if known => {
            trail::note(|trail| trail.merchants_refused += 1);
            tracing::error!(merchant = %id, error = "its secret is deleted", "the merchant makes no payments");
        }
        MerchantsError::Malformed(error) | MerchantsError::Forbidden(error) => {
            trail::note(|trail| trail.merchants_refused += 1);
            tracing::error!(merchant = %id, %error, "the merchant makes no payments");
        }
        MerchantsError::Unavailable(_) | MerchantsError::Unknown => {}
    }
}

#[async_trait]
impl Merchants for SecretsManagerMerchants {
    async fn get(&self, id: &MerchantId) -> Result<Arc<Merchant>, MerchantsError> {
        self.find(id, STALE_FOR_PAYMENTS, SignedDuration::ZERO).await
    }

    async fn get_for_inquiries(&self, id: &MerchantId) -> Result<Arc<Merchant>, MerchantsError> {
        self.find(id, STALE_FOR_INQUIRIES, STALE_FOR_INQUIRIES).await
    }

    fn was_read(&self, id: &MerchantId) -> bool {
        self.all().read.contains_key(id)
    }
}

#[async_trait]
impl SearchKeys for SecretsManagerMerchants {
    async fn key(&self, id: &MerchantId, term: &SearchTerm) -> Result<Option<SearchKey>, StoreError> {
        key_if_on(self.get_for_inquiries(id).await, term)
    }
}

#[cfg(test)]
mod tests;

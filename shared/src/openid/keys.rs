//! The issuer's public keys: found by discovery, read when they are first needed, used for an hour.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{
    Algorithm,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, KeyAlgorithm, PublicKeyUse},
};
use reqwest::header::ACCEPT;
use serde::Deserialize;
use tokio::sync::Mutex;
use tollgate_core::values::Clock;

use super::IssuerUrl;
use crate::https;

/// How long keys are used before they are read again: how long a key that the issuer withdrew may
/// still sign.
pub const KEYS_FRESH: SignedDuration = SignedDuration::from_hours(1);

/// A key that is not known is looked for at the issuer at most this often, no matter who makes up
/// tokens.
const LOOK_AGAIN: SignedDuration = SignedDuration::from_mins(1);

/// How long an issuer that did not respond is left alone. Requests fail at once meanwhile.
const RETRY: SignedDuration = SignedDuration::from_secs(5);

/// How long the issuer has for one document.
const LIMIT: Duration = Duration::from_secs(5);

/// Longest response that is read, also by the console. Google's and Microsoft's have a few KB.
pub const DOCUMENT_MAX_BYTES: usize = 128 * 1024;

/// The issuer cannot be asked; says why, without its response.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct IssuerUnavailable(pub String);

/// Reads public documents of the issuer.
#[async_trait]
pub trait IssuerDocuments: Send + Sync {
    /// The document at this URL.
    async fn get(&self, url: &str) -> Result<Vec<u8>, IssuerUnavailable>;
}

/// Over the network, on a connection that is not kept: documents are read once an hour.
pub struct HttpsIssuer(reqwest::Client);

impl HttpsIssuer {
    /// Nothing is connected yet.
    pub fn new() -> Result<Self, reqwest::Error> {
        https::client(https::tls()).timeout(LIMIT).pool_max_idle_per_host(0).build().map(Self)
    }
}

#[async_trait]
impl IssuerDocuments for HttpsIssuer {
    async fn get(&self, url: &str) -> Result<Vec<u8>, IssuerUnavailable> {
        let request = self.0.get(url).header(ACCEPT, "application/json");
        let response =
            request.send().await.map_err(|_| IssuerUnavailable("it does not respond".to_owned()))?;
        if !response.status().is_success() {
            return Err(IssuerUnavailable(format!("it responds with status {}", response.status().as_u16())));
        }
        let document = https::read_body(response, DOCUMENT_MAX_BYTES).await;
        document.map_err(|error| IssuerUnavailable(error.to_string()))
    }
}

/// The keys of one issuer, as they were last read.
pub struct IssuerKeys {
    issuer: IssuerUrl,
    documents: Arc<dyn IssuerDocuments>,
    clock: Arc<dyn Clock>,
    /// Locked while they are read, so that many sign-ins at a time read them once.
    kept: Mutex<CachedKeys>,
}

#[derive(Default)]
struct CachedKeys {
    last: Option<(Arc<JwkSet>, Timestamp)>,
    failure: Option<(IssuerUnavailable, Timestamp)>,
}

/// The needed members of an issuer's own description.
#[derive(Deserialize)]
struct Discovered {
    issuer: String,
    jwks_uri: String,
}

impl IssuerKeys {
    /// Nothing is read yet.
    pub fn new(issuer: IssuerUrl, documents: Arc<dyn IssuerDocuments>, clock: Arc<dyn Clock>) -> Self {
        Self { issuer, documents, clock, kept: Mutex::default() }
    }

    /// The key with this id that signs with this algorithm; without an id, the only one that does.
    /// None if the issuer has no such key.
    pub(super) async fn find(
        &self,
        id: Option<&str>,
        algorithm: Algorithm,
    ) -> Result<Option<Jwk>, IssuerUnavailable> {
        let mut kept = self.kept.lock().await;
        let age = |kept: &CachedKeys| kept.last.as_ref().map(|(_, at)| self.clock.now().duration_since(*at));
        if age(&kept).is_none_or(|age| age >= KEYS_FRESH || age.is_negative()) {
            self.read_again(&mut kept).await?;
        }
        let found = kept.last.as_ref().and_then(|(keys, _)| key_of(keys, id, algorithm));
        if found.is_some() || age(&kept).is_some_and(|age| age < LOOK_AGAIN) {
            return Ok(found);
        }
        // The issuer may sign with a new one.
        self.read_again(&mut kept).await?;
        Ok(kept.last.as_ref().and_then(|(keys, _)| key_of(keys, id, algorithm)))
    }

    async fn read_again(&self, kept: &mut CachedKeys) -> Result<(), IssuerUnavailable> {
        let now = self.clock.now();
        if let Some((failure, at)) = &kept.failure
            && now.duration_since(*at).abs() < RETRY
        {
            return Err(failure.clone());
        }
        match self.read().await {
            Ok(keys) => {
                *kept = CachedKeys { last: Some((Arc::new(keys), now)), failure: None };
                Ok(())
            }
            Err(failure) => {
                tracing::error!(error = %failure, "the issuer's keys cannot be read");
                kept.failure = Some((failure.clone(), now));
                Err(failure)
            }
        }
    }

    async fn read(&self) -> Result<JwkSet, IssuerUnavailable> {
        let unusable = |what: &str| IssuerUnavailable(format!("{what} cannot be used"));
        let description = self.documents.get(&self.issuer.discovery()).await?;
        let found: Discovered =
            serde_json::from_slice(&description).map_err(|_| unusable("its description of itself"))?;
        if found.issuer != self.issuer.as_str() || !self.issuer.may_have_keys_at(&found.jwks_uri) {
            return Err(unusable("its description of itself"));
        }
        let keys = self.documents.get(&found.jwks_uri).await?;
        serde_json::from_slice(&keys).map_err(|_| unusable("its list of keys"))
    }
}

fn key_of(keys: &JwkSet, id: Option<&str>, algorithm: Algorithm) -> Option<Jwk> {
    let mut fitting = keys.keys.iter().filter(|key| {
        let has_id = id.is_none_or(|id| key.common.key_id.as_deref() == Some(id));
        has_id && may_sign(key, algorithm)
    });
    let first = fitting.next()?;
    // Which of several it is cannot be told.
    fitting.next().is_none().then(|| first.clone())
}

/// Whether a key is for signatures of this algorithm, as far as it says.
fn may_sign(key: &Jwk, algorithm: Algorithm) -> bool {
    let is_of_kind = match (&key.algorithm, algorithm) {
        (AlgorithmParameters::RSA(_), Algorithm::RS256 | Algorithm::PS256) => true,
        (AlgorithmParameters::EllipticCurve(key), Algorithm::ES256) => key.curve == EllipticCurve::P256,
        _ => false,
    };
    let common = &key.common;
    let is_for_it = common.key_algorithm.is_none_or(|stated| stated == KeyAlgorithm::from(algorithm));
    let is_to_sign = matches!(common.public_key_use, None | Some(PublicKeyUse::Signature));
    is_of_kind && is_for_it && is_to_sign
}

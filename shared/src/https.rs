//! HTTPS to others than AWS: one request each, without redirects, retries and proxies.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::{Stream, TryStreamExt as _, stream};
use jiff::{SignedDuration, Timestamp};
use rustls::{ClientConfig, RootCertStore};
use tollgate_core::values::Clock;

/// How long to wait for a connection; nothing is sent before there is one.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);

/// A connection that was idle for longer is not used again: a sandbox that was frozen in between
/// thaws with connections that are long dead, and a request sent into one has an unknown outcome.
const IDLE_MAX: SignedDuration = SignedDuration::from_secs(5);

/// Connections that are kept for the next request, if it comes soon.
pub(crate) struct Connections {
    clock: Arc<dyn Clock>,
    tls: ClientConfig,
    kept: Mutex<Option<KeptConnections>>,
}

struct KeptConnections {
    client: reqwest::Client,
    last_used: Timestamp,
}

impl Connections {
    /// Trusts Mozilla's root certificates. Nothing is connected.
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, tls: tls(), kept: Mutex::default() }
    }

    /// A client whose pooled connections, if any, were in use a moment ago by the wall clock. The
    /// pool's own idle limit runs on a clock that stops while a sandbox is frozen.
    pub(crate) fn client(&self) -> reqwest::Result<reqwest::Client> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        let is_fresh = |kept: &&mut KeptConnections| {
            let idle = now.duration_since(kept.last_used);
            !idle.is_negative() && idle <= IDLE_MAX
        };
        if let Some(kept) = kept.as_mut().filter(is_fresh) {
            kept.last_used = now;
            return Ok(kept.client.clone());
        }
        let client = client(self.tls.clone()).pool_idle_timeout(IDLE_MAX.unsigned_abs()).build()?;
        *kept = Some(KeptConnections { client: client.clone(), last_used: now });
        Ok(client)
    }
}

/// Why a body was not read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// The connection ended or the time was up.
    #[error("its response ends early")]
    Cut,
    /// It is longer than the limit.
    #[error("its response is too long")]
    TooLong,
}

/// A body piece by piece: so many bytes at most, whatever length it states. Nothing else reads one.
pub(crate) fn pieces(
    response: reqwest::Response,
    max_bytes: usize,
) -> impl Stream<Item = Result<Vec<u8>, BodyError>> {
    stream::try_unfold((response, max_bytes), async |(mut response, left)| {
        let Some(piece) = response.chunk().await.map_err(|_| BodyError::Cut)? else { return Ok(None) };
        let left = left.checked_sub(piece.len()).ok_or(BodyError::TooLong)?;
        Ok(Some((piece.to_vec(), (response, left))))
    })
}

/// A whole body. Because it is read to its end, its connection goes back to the pool.
pub async fn read_body(response: reqwest::Response, max_bytes: usize) -> Result<Vec<u8>, BodyError> {
    pieces(response, max_bytes).try_concat().await
}

/// Trusts Mozilla's root certificates.
pub(crate) fn tls() -> ClientConfig {
    let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    ClientConfig::builder().with_root_certificates(roots).with_no_client_auth()
}

/// A client for pages: the web's certificates, and a limit of a whole call.
pub fn web_client(limit: Duration) -> reqwest::Result<reqwest::Client> {
    client(tls()).timeout(limit).build()
}

/// A client to be built; nothing is connected by it.
pub(crate) fn client(tls: ClientConfig) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .connect_timeout(CONNECT_LIMIT)
}

#[cfg(test)]
mod tests;

//! HTTPS to others than AWS: one request each, without redirects, retries and proxies.

use std::time::Duration;

use futures_util::{Stream, TryStreamExt as _, stream};
use rustls::{ClientConfig, RootCertStore};

/// How long to wait for a connection; nothing is sent before there is one.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);

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

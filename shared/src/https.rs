//! HTTPS to others than AWS: one request each, without redirects, retries and proxies.

use std::time::Duration;

use rustls::{ClientConfig, RootCertStore};

/// How long to wait for a connection; nothing is sent before there is one.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);

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

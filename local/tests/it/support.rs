//! What several tests need.

use std::sync::Arc;

use local::{Options, Stack};

/// A web client without TLS roots: everything here is plain HTTP on this machine.
pub(crate) fn client() -> reqwest::Client {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    reqwest::Client::builder().tls_backend_preconfigured(tls).no_proxy().build().unwrap()
}

/// Held by a test that sends a hundred requests at once: two such storms at a time overrun the store of a small machine,
/// and tell nothing that one does not.
pub(crate) static STORM: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// A stack with the default options.
pub(crate) async fn stack() -> Stack {
    Stack::start(Options::default()).await.unwrap()
}

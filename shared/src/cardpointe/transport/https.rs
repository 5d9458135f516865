//! The transport over the network. One request each: no retries, no redirects, no proxy.

use std::{sync::Arc, time::Duration};

use futures_util::StreamExt;
use reqwest::header::{self, CONTENT_TYPE};
use secrecy::ExposeSecret;
use tollgate_core::values::Clock;

use super::{Request, Response, StreamedResponse, StreamingTransport, Transport, TransportError};
use crate::https;

/// Longest response that is read. Real ones are under 2 KB, with receipts and user fields under 16
/// KB.
const BODY_MAX_BYTES: usize = 64 * 1024;

/// Longest report that is read, a piece at a time. Those of 100,000 payments have 70 MB.
const REPORT_MAX_BYTES: usize = 256 * 1024 * 1024;

/// Where the gateway's test system says in how many seconds it takes the next request
/// (`docs/cardpointe.md`).
const RETRY_AFTER: &str = "x-rate-limit-retry-after-seconds";

/// HTTPS with pooled connections.
pub struct HttpsTransport(https::Connections);

impl HttpsTransport {
    /// A client that trusts Mozilla's root certificates. Nothing is connected yet.
    pub fn new(clock: Arc<dyn Clock>) -> Result<Self, reqwest::Error> {
        let connections = https::Connections::new(clock);
        connections.client()?;
        Ok(Self(connections))
    }
}

impl HttpsTransport {
    /// Sends a request. Its limit goes on for its response.
    async fn response(&self, request: Request<'_>) -> Result<reqwest::Response, TransportError> {
        let Request { method, url, username, password, body, limit } = request;
        let client = self.0.client().map_err(|_| TransportError::NotConnected)?;
        let builder = client.request(method, url).timeout(limit);
        let builder = builder.basic_auth(username, Some(password.expose_secret()));
        let builder = match body {
            Some(body) => builder.header(CONTENT_TYPE, "application/json").body(body),
            None => builder,
        };
        builder.send().await.map_err(|error| not_received(&error))
    }
}

impl Transport for HttpsTransport {
    async fn send(&self, request: Request<'_>) -> Result<Response, TransportError> {
        let response = self.response(request).await?;
        let status = response.status().as_u16();
        Ok(Response { status, body: https::read_body(response, BODY_MAX_BYTES).await })
    }
}

impl StreamingTransport for HttpsTransport {
    async fn open(&self, request: Request<'_>) -> Result<StreamedResponse, TransportError> {
        let response = self.response(request).await?;
        let seconds = |name: &str| response.headers().get(name)?.to_str().ok()?.trim().parse().ok();
        let retry_after = seconds(RETRY_AFTER).or_else(|| seconds(header::RETRY_AFTER.as_str()));
        let status = response.status().as_u16();
        let body = https::pieces(response, REPORT_MAX_BYTES).boxed();
        Ok(StreamedResponse { status, retry_after: retry_after.map(Duration::from_secs), body })
    }
}

/// Only a failure to connect (refused, name, TLS) is known to have sent nothing.
fn not_received(error: &reqwest::Error) -> TransportError {
    if error.is_connect() || error.is_builder() {
        TransportError::NotConnected
    } else {
        TransportError::NoResponse
    }
}

#[cfg(test)]
mod tests;

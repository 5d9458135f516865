//! Messages over the network: one POST each, on a connection of its own; no redirects, no retries,
//! no proxy.

use std::{error::Error, sync::Arc, time::Duration};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp, fmt::rfc2822};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER, USER_AGENT};
use tollgate_core::{
    values::Clock,
    webhooks::{Courier, Delivery, NotTaken, Receiver},
};

use super::{
    document,
    message::{WebhookMessage, message},
    resolver::{Allowed, Checked, Lookup, Refused},
};
use crate::https;

/// How long a receiver has, from the look-up of its name to the status of its response.
pub(super) const LIMIT: Duration = Duration::from_secs(10);

/// The `User-Agent` of every message, with the version.
const AGENT: &str = concat!("Tollgate/", env!("CARGO_PKG_VERSION"));

/// HTTPS to receivers, of which only public addresses are called unless the settings allow others.
pub struct HttpsCourier {
    client: reqwest::Client,
    allowed: Allowed,
    /// The time that messages are signed with. Receivers compare it with their own, so it is the
    /// real one even where the rest of a stack goes by a clock that is ahead.
    clock: Arc<dyn Clock>,
}

impl HttpsCourier {
    /// Trusts Mozilla's root certificates. Nothing is connected yet.
    pub fn new(
        allowed: Allowed,
        lookup: Arc<dyn Lookup>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, reqwest::Error> {
        let client = https::client(https::tls())
            .dns_resolver(Checked { lookup, allowed })
            .timeout(LIMIT)
            // A connection is not kept: a name may have another address by then, and a sandbox that
            // was frozen would send into one that is dead.
            .pool_max_idle_per_host(0)
            .build()?;
        Ok(Self { client, allowed, clock })
    }
}

#[async_trait]
impl Courier for HttpsCourier {
    async fn send(&self, to: &Receiver, delivery: &Delivery) -> Result<(), NotTaken> {
        let now = self.clock.now();
        // Once more: the document may have been read under other rules.
        let url = document::address(&to.url, self.allowed).map_err(|_| NotTaken::Address)?;
        let WebhookMessage { headers, body } = message(to, delivery, now).ok_or(NotTaken::NoMessage)?;
        let request = self.client.post(url).headers(common_headers()).headers(headers).body(body);
        // The body of the response is not read.
        let response = request.send().await.map_err(|error| reason(&error))?;
        let wait = retry_after(response.headers(), now);
        match (response.status().as_u16(), wait) {
            (200..=299, _) => Ok(()),
            (410, _) => Err(NotTaken::Gone),
            (status @ (429 | 503), Some(after)) => Err(NotTaken::Busy { status, after }),
            (status, _) => Err(NotTaken::Status(status)),
        }
    }
}

/// How long the receiver wants to be left alone: stated in seconds, or as a date.
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<SignedDuration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<u32>() {
        return Some(SignedDuration::from_secs(seconds.into()));
    }
    let at = rfc2822::parse(text).ok()?.timestamp();
    Some(at.duration_since(now).max(SignedDuration::ZERO))
}

/// The headers of messages in every format.
fn common_headers() -> HeaderMap {
    HeaderMap::from_iter([
        (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (USER_AGENT, HeaderValue::from_static(AGENT)),
    ])
}

fn reason(error: &reqwest::Error) -> NotTaken {
    let mut source = error.source();
    while let Some(cause) = source {
        if cause.is::<Refused>() {
            return NotTaken::Address;
        }
        source = cause.source();
    }
    if error.is_timeout() { NotTaken::Timeout } else { NotTaken::NoConnection }
}

#[cfg(test)]
mod tests;

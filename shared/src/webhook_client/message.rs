//! A message to a receiver, in its format.

mod elastic_path;
mod standard;

use jiff::Timestamp;
use reqwest::header::{HeaderMap, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use tollgate_core::webhooks::{Delivery, MessageFormat, Receiver};

pub use elastic_path::ELASTIC_PATH_EVENTS;

/// Elastic Path's header of a shared secret.
const SECRET_KEY: &str = "x-moltin-secret-key";

/// The parts that depend on the format.
pub(super) struct WebhookMessage {
    /// The headers that it has besides those of every message.
    pub(super) headers: HeaderMap,
    pub(super) body: String,
}

/// The message to a receiver, made now. None where a stored delivery or a secret cannot be put into
/// one.
pub(super) fn message(to: &Receiver, delivery: &Delivery, now: Timestamp) -> Option<WebhookMessage> {
    match &to.format {
        MessageFormat::Standard { secrets, secret_key } => {
            standard::message(secrets, secret_key.as_ref(), delivery, now)
        }
        MessageFormat::ElasticPath { secret_key } => elastic_path::message(to, secret_key, delivery),
    }
}

/// The value of [`SECRET_KEY`], which is shown nowhere. None for a text that no header can carry.
pub(super) fn secret_key_value(key: &SecretString) -> Option<HeaderValue> {
    let mut value: HeaderValue = key.expose_secret().parse().ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests;

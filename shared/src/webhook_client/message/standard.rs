//! Messages as the Standard Webhooks specification has them.

use jiff::Timestamp;
use reqwest::header::HeaderMap;
use secrecy::SecretString;
use tollgate_core::webhooks::{Delivery, Secret};

use super::{SECRET_KEY, WebhookMessage, secret_key_value};
use crate::webhook_client::signature::signatures;

/// The event as it is, signed with every secret.
pub(super) fn message(
    secrets: &[Secret],
    secret_key: Option<&SecretString>,
    delivery: &Delivery,
    now: Timestamp,
) -> Option<WebhookMessage> {
    let mut headers = HeaderMap::new();
    headers.insert("webhook-id", delivery.event.to_string().parse().ok()?);
    headers.insert("webhook-timestamp", now.as_second().into());
    let signed = signatures(secrets, delivery.event, now, &delivery.body);
    headers.insert("webhook-signature", signed.parse().ok()?);
    if let Some(key) = secret_key {
        headers.insert(SECRET_KEY, secret_key_value(key)?);
    }
    Some(WebhookMessage { headers, body: delivery.body.clone() })
}

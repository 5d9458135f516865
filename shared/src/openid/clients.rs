//! The programs that may exchange a person's ID token: the console, and command-line clients that
//! were registered.

use std::{collections::BTreeMap, sync::Arc};

use aws_sdk_secretsmanager::Client;
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use subtle::ConstantTimeEq;
use tokio::sync::Mutex;
use tollgate_core::values::{Clock, without_mark};

use crate::aws_error::SecretFailure;

/// How long clients are used before they are read again: how long one that was removed may still
/// sign people in.
const FRESH: SignedDuration = SignedDuration::from_mins(5);

/// Shortest secret, in characters. Programs make it up, so it need not be short.
const SECRET_MIN_CHARS: usize = 32;

/// A program that signs people in.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegisteredClient {
    /// Its secret at `token`.
    secret: SecretString,
    /// Its client id at the issuer, which the ID tokens that it gets are for.
    pub audience: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClientsDocument {
    clients: BTreeMap<String, RegisteredClient>,
}

/// Clients that cannot be used; says why, never their content.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidClients {
    /// The document is wrong.
    #[error("the document of registered clients is wrong: {0}")]
    Malformed(&'static str),
    /// It cannot be read.
    #[error("the registered clients cannot be read: {0}")]
    Unreadable(String),
}

/// The registered clients of a stack, from one secret.
pub struct RegisteredClients {
    client: Client,
    secret_name: String,
    clock: Arc<dyn Clock>,
    kept: Mutex<Option<(Clients, Timestamp)>>,
}

/// By id.
type Clients = Arc<BTreeMap<String, RegisteredClient>>;

impl RegisteredClients {
    /// In the secret with this name; nothing is read yet.
    pub fn new(client: Client, secret_name: String, clock: Arc<dyn Clock>) -> Self {
        Self { client, secret_name, clock, kept: Mutex::default() }
    }

    /// The client with this id, if this is its secret.
    pub async fn find(&self, id: &str, secret: &str) -> Result<Option<RegisteredClient>, InvalidClients> {
        let clients = self.all().await?;
        let found = clients.get(id).filter(|client| {
            let own: &str = client.secret.expose_secret();
            own.as_bytes().ct_eq(secret.as_bytes()).into()
        });
        Ok(found.cloned())
    }

    async fn all(&self) -> Result<Clients, InvalidClients> {
        let mut kept = self.kept.lock().await;
        let now = self.clock.now();
        if let Some((clients, at)) = kept.as_ref()
            && now.duration_since(*at).abs() < FRESH
        {
            return Ok(Arc::clone(clients));
        }
        let clients = Arc::new(self.read().await?);
        *kept = Some((Arc::clone(&clients), now));
        Ok(clients)
    }

    async fn read(&self) -> Result<BTreeMap<String, RegisteredClient>, InvalidClients> {
        let secret = self.client.get_secret_value().secret_id(&self.secret_name).send().await;
        match secret.map_err(|error| SecretFailure::of(&error)) {
            Ok(secret) => parse(&secret.secret_string.unwrap_or_default()),
            // None was registered yet.
            Err(SecretFailure::Missing) => Ok(BTreeMap::new()),
            Err(SecretFailure::Refused(why) | SecretFailure::Unavailable(why)) => {
                tracing::error!(error = why, "the registered clients cannot be read");
                Err(InvalidClients::Unreadable(why))
            }
        }
    }
}

/// The registered clients of a document, by id. The error shows no content.
pub fn parse(json: &str) -> Result<BTreeMap<String, RegisteredClient>, InvalidClients> {
    let document: ClientsDocument = serde_json::from_str(without_mark(json))
        .map_err(|_| InvalidClients::Malformed("it is not as documented"))?;
    let is_usable = |client: &RegisteredClient| {
        client.secret.expose_secret().chars().count() >= SECRET_MIN_CHARS && !client.audience.is_empty()
    };
    if !document.clients.values().all(is_usable) {
        return Err(InvalidClients::Malformed("a client needs an audience and a secret of 32 characters"));
    }
    Ok(document.clients)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    fn a_client_has_a_long_secret_and_an_audience_and_nothing_shows_the_secret() {
        let json =
            format!(r#"{{"clients": {{"console": {{"secret": "{SECRET}", "audience": "tollgate"}}}}}}"#);
        let clients = parse(&json).unwrap();
        assert_eq!(clients["console"].audience, "tollgate");
        assert!(!format!("{clients:?}").contains(SECRET));
        for wrong in [
            "",
            "{}",
            r#"{"clients": {"console": {"secret": "short", "audience": "tollgate"}}}"#,
            &json.replace("tollgate", ""),
            &json.replace("audience", "client_id"),
        ] {
            assert!(matches!(parse(wrong), Err(InvalidClients::Malformed(_))), "{wrong}");
        }
    }
}

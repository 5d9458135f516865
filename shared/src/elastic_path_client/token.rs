//! Access tokens of a shop: one per process and merchant, renewed before it ends.

use jiff::{SignedDuration, Timestamp};
use reqwest::StatusCode;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Mutex;
use tollgate_core::payments::{Merchant, ShopAccount, ShopFailure, ShopKey};

use super::{answered, unexpected};

/// How long before its end a token is not used any more.
const ENDS_EARLY: SignedDuration = SignedDuration::from_secs(60);

/// How long a token is used that does not say it. A refused one is renewed in any case.
const UNSTATED_LIFETIME: SignedDuration = SignedDuration::from_mins(5);

/// The path for tokens, at every store.
const PATH: &str = "/oauth/access_token";

/// An access token. `Debug` shows no secret.
#[derive(Clone, Debug)]
pub(super) struct Token {
    value: SecretString,
    /// The store and the key that it was made for. The merchant's document may name others by now.
    endpoint: String,
    client_id: String,
    usable_until: Timestamp,
}

impl Token {
    /// The token itself, for the line that sends it.
    pub(super) fn expose(&self) -> &str {
        self.value.expose_secret()
    }

    fn is_usable(&self, shop: &ShopAccount, now: Timestamp) -> bool {
        now < self.usable_until
            && self.endpoint == shop.endpoint
            && shop.keys.iter().any(|key| key.client_id == self.client_id)
    }
}

/// A merchant's token, locked while it is renewed, so that many requests at a time renew it once.
#[derive(Default)]
pub(super) struct KeptToken(Mutex<Option<Token>>);

impl KeptToken {
    /// The token, or a new one: by the first of the shop's keys that is not refused.
    pub(super) async fn usable(
        &self,
        http: &reqwest::Client,
        merchant: &Merchant,
        shop: &ShopAccount,
        now: Timestamp,
    ) -> Result<Token, ShopFailure> {
        let mut kept = self.0.lock().await;
        if let Some(token) = kept.as_ref().filter(|token| token.is_usable(shop, now)) {
            return Ok(token.clone());
        }
        for (place, key) in (1..).zip(&shop.keys) {
            if let Some(token) = request(http, shop, key, now).await? {
                *kept = Some(token.clone());
                return Ok(token);
            }
            tracing::warn!(merchant = %merchant.id, key = place, "the shop refuses an application key");
        }
        Err(ShopFailure::Unavailable("it refuses the merchant's application keys".to_owned()))
    }

    /// Forgets a token that the shop refused, unless another request has renewed it.
    pub(super) async fn forget(&self, refused: &Token) {
        let mut kept = self.0.lock().await;
        if kept.as_ref().is_some_and(|token| token.expose() == refused.expose()) {
            *kept = None;
        }
    }
}

/// The answer with a token. It is flat; one version of the vendor's description wraps it.
#[derive(Deserialize)]
#[serde(untagged)]
enum TokenDocument {
    Flat(TokenMembers),
    Wrapped { data: TokenMembers },
}

#[derive(Deserialize)]
struct TokenMembers {
    access_token: SecretString,
    /// In seconds, as a number or as text.
    #[serde(default)]
    expires_in: Value,
}

impl TokenMembers {
    /// How long the token can be used.
    fn lifetime(&self) -> SignedDuration {
        let text = || self.expires_in.as_str()?.parse::<u32>().ok();
        let seconds = self.expires_in.as_u64().and_then(|seconds| u32::try_from(seconds).ok());
        seconds.or_else(text).map_or(UNSTATED_LIFETIME, |seconds| SignedDuration::from_secs(seconds.into()))
    }
}

/// A new token by this key; none if the shop refuses the key.
pub(super) async fn request(
    http: &reqwest::Client,
    shop: &ShopAccount,
    key: &ShopKey,
    now: Timestamp,
) -> Result<Option<Token>, ShopFailure> {
    let form = form_urlencoded::Serializer::new(String::new())
        .append_pair("grant_type", "client_credentials")
        .append_pair("client_id", &key.client_id)
        .append_pair("client_secret", key.client_secret.expose_secret())
        .finish();
    let request = http
        .post(format!("{}{PATH}", shop.endpoint))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form);
    let answer = answered(request).await?;
    match answer.status {
        StatusCode::OK | StatusCode::CREATED => {}
        StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => return Ok(None),
        status => return Err(unexpected(status)),
    }
    // The reason of a failure would quote the answer, which has the token in it.
    let Ok(TokenDocument::Flat(members) | TokenDocument::Wrapped { data: members }) =
        serde_json::from_slice(&answer.body)
    else {
        return Err(ShopFailure::Unavailable("its answer has no token".to_owned()));
    };
    let lifetime = members.lifetime();
    Ok(Some(Token {
        value: members.access_token,
        endpoint: shop.endpoint.clone(),
        client_id: key.client_id.clone(),
        usable_until: now.checked_add(lifetime - ENDS_EARLY).unwrap_or(now),
    }))
}

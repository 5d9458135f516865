//! Sign-ins in progress and sessions. Each is stored under the digest of a secret that only the
//! browser has, and sealed for that place.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    seal::{digest_of, secret},
    settings::Console,
    store::{StoreFailure, Stored},
};

/// How long a session lasts without a request (PCI DSS 8.2.8).
pub(crate) const IDLE: SignedDuration = SignedDuration::from_mins(15);
/// How long a session lasts at most.
pub(crate) const LONGEST: SignedDuration = SignedDuration::from_hours(8);
/// How long a person may take to sign in.
const SIGN_IN: SignedDuration = SignedDuration::from_mins(10);
/// How often it is noted that a session was used.
const NOTED_EVERY: SignedDuration = SignedDuration::from_mins(1);

/// A sign-in in progress.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct SignIn {
    pub(crate) merchant: String,
    pub(crate) state: String,
    pub(crate) nonce: String,
    pub(crate) verifier: String,
    /// Where the issuer makes a token of its code.
    pub(crate) token_endpoint: String,
    /// Where to go back to: a path of ours.
    pub(crate) back: String,
    /// When the session began that this goes on with.
    pub(crate) began: Option<Timestamp>,
    pub(crate) until: Timestamp,
}

/// A person who signed in.
#[derive(Clone, Deserialize, Serialize)]
pub(crate) struct Session {
    pub(crate) merchant: String,
    pub(crate) access_token: String,
    /// When the access token ends, and another trip to the issuer is due.
    pub(crate) token_until: Timestamp,
    /// The token that forms have to send.
    pub(crate) csrf: String,
    pub(crate) began: Timestamp,
    pub(crate) seen: Timestamp,
}

impl Session {
    pub(crate) fn is_over(&self, now: Timestamp) -> bool {
        now.duration_since(self.seen) >= IDLE || now.duration_since(self.began) >= LONGEST
    }
}

/// The system has no random bytes.
fn unsealed() -> StoreFailure {
    StoreFailure("nothing can be sealed".to_owned())
}

impl Console {
    fn key(kind: &str, secret: &str) -> String {
        format!("{kind}#{}", digest_of(secret))
    }

    fn sealed(
        &self,
        key: String,
        content: &impl Serialize,
        lasts: SignedDuration,
    ) -> Result<Stored, StoreFailure> {
        let content = serde_json::to_vec(content).ok();
        let sealed = content.and_then(|content| self.key.seal(&key, content)).ok_or_else(unsealed)?;
        let expires = self.clock.now().saturating_add(lasts).unwrap_or(Timestamp::MAX);
        Ok(Stored { key, sealed, expires })
    }

    fn opened<T: DeserializeOwned>(&self, key: &str, sealed: &[u8]) -> Option<T> {
        serde_json::from_slice(&self.key.open(key, sealed)?).and_then(tollgate_wire::read).ok()
    }

    async fn keep(
        &self,
        kind: &str,
        content: &impl Serialize,
        lasts: SignedDuration,
    ) -> Result<String, StoreFailure> {
        let secret = secret().ok_or_else(unsealed)?;
        let stored = self.sealed(Self::key(kind, &secret), content, lasts)?;
        self.sessions.put(&stored).await?;
        Ok(secret)
    }

    /// Keeps a sign-in, and returns the cookie that it is bound to.
    pub(crate) async fn begin(&self, sign_in: &SignIn) -> Result<String, StoreFailure> {
        self.keep("sign-in", sign_in, SIGN_IN).await
    }

    /// The sign-in that a cookie is of. It counts once.
    pub(crate) async fn take_sign_in(&self, cookie: &str) -> Result<Option<SignIn>, StoreFailure> {
        let key = Self::key("sign-in", cookie);
        let sealed = self.sessions.take(&key).await?;
        let found = sealed.and_then(|sealed| self.opened::<SignIn>(&key, &sealed));
        Ok(found.filter(|sign_in| self.clock.now() < sign_in.until))
    }

    /// Until when a sign-in that begins now counts.
    pub(crate) fn sign_in_until(&self) -> Timestamp {
        self.clock.now().saturating_add(SIGN_IN).unwrap_or(Timestamp::MAX)
    }

    /// Keeps a session, and returns its cookie. It is always a new one: no one can have planted it
    /// before.
    pub(crate) async fn open_session(&self, session: &Session) -> Result<String, StoreFailure> {
        self.keep("session", session, LONGEST).await
    }

    /// The session that a merchant's cookie is of, which may be over. A cookie of another merchant
    /// is of none.
    pub(crate) async fn found(&self, merchant: &str, value: &str) -> Result<Option<Session>, StoreFailure> {
        let key = Self::key("session", value);
        let sealed = self.sessions.get(&key).await?;
        let found = sealed.and_then(|sealed| self.opened::<Session>(&key, &sealed));
        Ok(found.filter(|session| session.merchant == merchant))
    }

    /// The session that a merchant's cookie is of, if it is not over. Its use is noted.
    pub(crate) async fn session(&self, merchant: &str, value: &str) -> Result<Option<Session>, StoreFailure> {
        let now = self.clock.now();
        let found = self.found(merchant, value).await?;
        let Some(mut session) = found.filter(|session| !session.is_over(now)) else { return Ok(None) };
        if now.duration_since(session.seen) >= NOTED_EVERY {
            session.seen = now;
            let stored = self.sealed(Self::key("session", value), &session, LONGEST)?;
            // Signed out meanwhile: it must not come back.
            if !self.sessions.replace(&stored).await? {
                return Ok(None);
            }
        }
        Ok(Some(session))
    }

    pub(crate) async fn end_session(&self, cookie: &str) -> Result<(), StoreFailure> {
        self.sessions.take(&Self::key("session", cookie)).await.map(drop)
    }
}

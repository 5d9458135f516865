//! ID tokens: an issuer's claims about a person who signed in (OpenID Connect Core §2), and when
//! they are believed (§3.1.3.7).

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{DecodingKey, Validation, decode, decode_header};
use serde::{Deserialize, Deserializer, de::Error as _};
use sha2::{Digest, Sha256};
use tollgate_core::{
    people::{Email, Identity, SUBJECT_MAX_BYTES, Subject},
    values::Clock,
};

use super::{
    IssuerSettings, IssuerUnavailable, StrongSignIn,
    algorithms::{self, ALGORITHMS},
    keys::IssuerKeys,
};

/// How long ago an ID token may have been issued: it is exchanged at once, by the party that has
/// just received it.
pub const ID_TOKEN_AGE_MAX: SignedDuration = SignedDuration::from_mins(5);

/// How far the issuer's clock may be ahead of ours.
const AHEAD_MAX: SignedDuration = SignedDuration::from_mins(1);

/// Longest token. Entra's with 200 groups have about 11 KB.
const TOKEN_MAX_BYTES: usize = 14 * 1024;

/// Verifies ID tokens of one issuer.
pub struct IdTokens {
    settings: IssuerSettings,
    keys: IssuerKeys,
    clock: Arc<dyn Clock>,
}

/// The claims of a token that is valid now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedIdToken {
    pub identity: Identity,
    /// SHA-256 of the signed part, by which a token is told from others. The signature is left out:
    /// one made with ES256 can be rewritten by anybody so that it still verifies.
    pub digest: [u8; 32],
    /// When the token is over.
    pub expires: Timestamp,
}

/// Why nobody signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IdTokenError {
    /// The token is not valid, or not for this.
    Invalid,
    /// It cannot be told now.
    Unavailable(IssuerUnavailable),
}

#[derive(Deserialize)]
struct IdTokenClaims {
    iss: String,
    sub: String,
    aud: OneOrMore,
    #[serde(default)]
    azp: Option<String>,
    #[serde(deserialize_with = "numeric_date")]
    exp: Timestamp,
    #[serde(deserialize_with = "numeric_date")]
    iat: Timestamp,
    #[serde(default, deserialize_with = "optional_numeric_date")]
    nbf: Option<Timestamp>,
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    email_verified: Option<Flag>,
    #[serde(default)]
    amr: Option<OneOrMore>,
    #[serde(default)]
    acr: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

impl OneOrMore {
    fn all(&self) -> &[String] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::More(more) => more,
        }
    }
}

/// Some issuers write it as a text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Flag {
    Flag(bool),
    Text(String),
}

/// Seconds since 1970, also with a fraction (RFC 7519 §2).
fn numeric_date<'de, D: Deserializer<'de>>(number: D) -> Result<Timestamp, D::Error> {
    let seconds = f64::deserialize(number)?;
    let duration = SignedDuration::try_from_secs_f64(seconds).map_err(D::Error::custom)?;
    Timestamp::from_duration(duration).map_err(D::Error::custom)
}

fn optional_numeric_date<'de, D: Deserializer<'de>>(number: D) -> Result<Option<Timestamp>, D::Error> {
    numeric_date(number).map(Some)
}

impl IdTokens {
    /// Tokens of this issuer, verified by its keys.
    pub fn new(settings: IssuerSettings, keys: IssuerKeys, clock: Arc<dyn Clock>) -> Self {
        algorithms::install();
        Self { settings, keys, clock }
    }

    /// The issuer, to be named where it cannot be reached.
    pub fn issuer(&self) -> &str {
        self.settings.url.as_str()
    }

    /// Verifies a token that was issued for a client with this id at the issuer.
    pub async fn verify(&self, token: &str, audience: &str) -> Result<VerifiedIdToken, IdTokenError> {
        let claims = self.signed_claims(token, audience).await?;
        let now = self.clock.now();
        let is_timely = now < claims.exp
            && claims.iat <= now.saturating_add(AHEAD_MAX).unwrap_or(Timestamp::MAX)
            && now.duration_since(claims.iat) <= ID_TOKEN_AGE_MAX
            && claims.nbf.is_none_or(|from| from <= now.saturating_add(AHEAD_MAX).unwrap_or(Timestamp::MAX));
        let is_for_client = match (claims.azp.as_deref(), claims.aud.all()) {
            (Some(party), _) => party == audience,
            // Of several audiences it cannot be told who was to have it.
            (None, audiences) => audiences.len() == 1,
        };
        let is_subject = (1..=SUBJECT_MAX_BYTES).contains(&claims.sub.len())
            && claims.sub.bytes().all(|byte| byte.is_ascii_graphic());
        if !(is_timely && is_for_client && is_subject && self.is_strong(&claims)) {
            return Err(IdTokenError::Invalid);
        }
        let signed = token.rsplit_once('.').map_or(token, |(signed, _)| signed);
        Ok(VerifiedIdToken {
            digest: Sha256::digest(signed).into(),
            expires: claims.exp,
            identity: Identity {
                verified_email: self.verified_email(&claims),
                subject: Subject { issuer: claims.iss, subject: claims.sub },
            },
        })
    }

    /// The claims, if the issuer signed them and they are its own, for this audience.
    async fn signed_claims(&self, token: &str, audience: &str) -> Result<IdTokenClaims, IdTokenError> {
        let invalid = |_| IdTokenError::Invalid;
        if token.len() > TOKEN_MAX_BYTES {
            return Err(IdTokenError::Invalid);
        }
        let header = decode_header(token).map_err(invalid)?;
        // An access token says so (RFC 9068 §2.1), and a token with critical extensions is not
        // believed.
        let is_id_token = header.typ.as_deref().is_none_or(|typ| typ.eq_ignore_ascii_case("JWT"));
        if !ALGORITHMS.contains(&header.alg) || !is_id_token || header.crit.is_some() {
            return Err(IdTokenError::Invalid);
        }
        let key = self.keys.find(header.kid.as_deref(), header.alg).await;
        let key = key.map_err(IdTokenError::Unavailable)?.ok_or(IdTokenError::Invalid)?;
        let mut validation = Validation::new(header.alg);
        // Times are compared with our own clock.
        (validation.validate_exp, validation.validate_nbf) = (false, false);
        validation.set_issuer(&[self.issuer()]);
        validation.set_audience(&[audience]);
        validation.set_required_spec_claims(&["iss", "sub", "aud", "exp"]);
        let key = DecodingKey::from_jwk(&key).map_err(invalid)?;
        Ok(decode::<IdTokenClaims>(token, &key, &validation).map_err(invalid)?.claims)
    }

    fn is_strong(&self, claims: &IdTokenClaims) -> bool {
        match &self.settings.required {
            None => true,
            Some(StrongSignIn::Methods(methods)) => {
                claims.amr.as_ref().is_some_and(|used| used.all().iter().any(|used| methods.contains(used)))
            }
            Some(StrongSignIn::Classes(classes)) => {
                claims.acr.as_ref().is_some_and(|class| classes.contains(class))
            }
        }
    }

    /// The address, if it says who somebody is. Capitals make no other address.
    fn verified_email(&self, claims: &IdTokenClaims) -> Option<Email> {
        let is_verified = match claims.email_verified.as_ref()? {
            Flag::Flag(flag) => *flag,
            Flag::Text(text) => text == "true",
        };
        let email = claims.email.as_ref().filter(|_| is_verified && self.settings.is_single_tenant)?;
        email.to_ascii_lowercase().parse().ok()
    }
}

#[cfg(test)]
mod tests;

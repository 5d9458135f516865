//! Access tokens: issued for a merchant's key, verified in every function without a call to anybody.
//!
//! A token is a JWT signed with HMAC-SHA-256 under the merchant's own key; its header's `kid` names the merchant.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use ring::hmac;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::json;
use uuid::Uuid;

use tollgate_core::{
    order::{KeyName, MerchantId, Principal, Shopper},
    payments::{Merchant, MerchantKey, Role},
};

/// How long a token is valid, as Elastic Path's (`docs/api.md`).
pub const LIFETIME: SignedDuration = SignedDuration::from_hours(1);

/// Who issues, so that a token of another system under a shared key is none of ours.
const ISSUER: &str = "tollgate";

/// HMAC-SHA-256 as RFC 7518 names it. No token has another algorithm.
const ALGORITHM: &str = "HS256";

/// Longest token that is looked at; ours have about 250 characters.
const TOKEN_MAX_BYTES: usize = 2_048;

/// A token that is not valid. Why is not told: it would help only who forges one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the access token is not valid")]
pub struct InvalidToken;

/// Whom a token is issued to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holder {
    /// The merchant's systems, by one of its keys.
    Key(VerifiedKey),
    /// A shopper's browser, by a random id.
    Shopper(Uuid),
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: String,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    sub: MerchantId,
    grant: Principal,
    /// Of a shopper: a random id, which nothing but its token carries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    shopper: Option<Uuid>,
    /// Of the merchant: which of its keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    /// What that key might do when the token was issued; none where it might do everything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    role: Option<String>,
    iat: i64,
    exp: i64,
}

/// One of a merchant's keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedKey {
    /// Its [`key_digest`].
    pub digest: String,
    /// Its name, as the merchant's document has it now.
    pub name: Option<KeyName>,
    /// What it may do.
    pub role: Role,
}

impl VerifiedKey {
    /// A key that was sent itself.
    pub fn new(merchant: &Merchant, key: &MerchantKey) -> Self {
        let digest = key_digest(merchant, key.secret.expose_secret());
        Self { digest, name: key.name.clone(), role: key.role }
    }
}

/// Who calls, as a valid token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verified {
    /// The merchant, by this key.
    Key(VerifiedKey),
    /// A shopper's browser.
    Shopper(Shopper),
}

impl From<VerifiedKey> for Verified {
    fn from(key: VerifiedKey) -> Self {
        Self::Key(key)
    }
}

/// Tells a merchant's keys apart in tokens and logs. It is made with the signing key, so whoever reads it cannot try out
/// which key it belongs to.
pub fn key_digest(merchant: &Merchant, key: &str) -> String {
    let tag = hmac::sign(&secret_key(merchant), format!("merchant key {key}").as_bytes());
    let start = tag.as_ref().first_chunk().copied().unwrap_or_default();
    format!("{:016x}", u64::from_be_bytes(start))
}

/// The named key that a token was issued for, as the merchant has it now. Keys without a name may do everything, so
/// digests are computed only where a name or a role is to be found.
fn named_key<'a>(merchant: &'a Merchant, digest: &str) -> Option<&'a MerchantKey> {
    let mut named = merchant.keys.iter().filter(|key| key.name.is_some());
    named.find(|key| key_digest(merchant, key.secret.expose_secret()) == digest)
}

/// Issues a token and tells when it expires.
pub fn issue(
    merchant: &Merchant,
    holder: &Holder,
    now: Timestamp,
) -> Result<(String, Timestamp), InvalidToken> {
    let (grant, shopper, key, role) = match holder {
        Holder::Key(key) => (Principal::ClientCredentials, None, Some(key.digest.clone()), key.role),
        Holder::Shopper(id) => (Principal::Implicit, Some(*id), None, Role::All),
    };
    let expires = now.checked_add(LIFETIME).map_err(|_| InvalidToken)?;
    let claims = Claims {
        iss: ISSUER.to_owned(),
        sub: merchant.id.clone(),
        grant,
        shopper,
        key,
        role: Some(role).filter(|role| *role != Role::All).map(|role| role.as_str().to_owned()),
        iat: now.as_second(),
        exp: expires.as_second(),
    };
    Ok((signed(merchant, &claims)?, expires))
}

fn signed(merchant: &Merchant, claims: &Claims) -> Result<String, InvalidToken> {
    let header = json!({ "typ": "JWT", "alg": ALGORITHM, "kid": merchant.id });
    let signed = format!("{}.{}", encoded(&header)?, encoded(claims)?);
    let tag = hmac::sign(&secret_key(merchant), signed.as_bytes());
    Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(tag)))
}

fn encoded(part: &impl Serialize) -> Result<String, InvalidToken> {
    Ok(URL_SAFE_NO_PAD.encode(serde_json::to_vec(part).map_err(|_| InvalidToken)?))
}

fn decoded<T: DeserializeOwned>(part: &str) -> Result<T, InvalidToken> {
    let json = URL_SAFE_NO_PAD.decode(part).map_err(|_| InvalidToken)?;
    serde_json::from_slice(&json).map_err(|_| InvalidToken)
}

/// Whose token it claims to be. Nothing is verified by this.
pub fn claimed_merchant(token: &str) -> Result<MerchantId, InvalidToken> {
    if token.len() > TOKEN_MAX_BYTES {
        return Err(InvalidToken);
    }
    let (signed, _) = token.rsplit_once('.').ok_or(InvalidToken)?;
    let (header, _) = signed.split_once('.').ok_or(InvalidToken)?;
    decoded::<Header>(header)?.kid.parse().map_err(|_| InvalidToken)
}

/// Verifies signature, issuer, merchant and expiry, and tells what the token says.
pub fn verify(token: &str, merchant: &Merchant, now: Timestamp) -> Result<Verified, InvalidToken> {
    let (signed, signature) = token.rsplit_once('.').ok_or(InvalidToken)?;
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| InvalidToken)?;
    hmac::verify(&secret_key(merchant), signed.as_bytes(), &signature).map_err(|_| InvalidToken)?;
    let (header, claims) = signed.split_once('.').ok_or(InvalidToken)?;
    let (header, claims): (Header, Claims) = (decoded(header)?, decoded(claims)?);
    let is_ours = header.alg == ALGORITHM && claims.iss == ISSUER && claims.sub == merchant.id;
    // Without leeway: the time is that of the request.
    if !is_ours || now.as_second() >= claims.exp {
        return Err(InvalidToken);
    }
    match claims.grant {
        Principal::ClientCredentials => {
            let issued = match claims.role.as_deref() {
                None => Role::All,
                // Only a newer version knows it: what it may do is not known here.
                Some(name) => Role::from_name(name).unwrap_or(Role::Read),
            };
            let digest = claims.key.ok_or(InvalidToken)?;
            let (name, role) = match named_key(merchant, &digest) {
                Some(key) => (key.name.clone(), issued.min(key.role)),
                None => (None, issued),
            };
            Ok(Verified::Key(VerifiedKey { digest, name, role }))
        }
        Principal::Implicit => Ok(Verified::Shopper(Shopper::of(claims.shopper.ok_or(InvalidToken)?))),
        // No token is issued with such a principal.
        Principal::Schedule | Principal::Unrecognized => Err(InvalidToken),
    }
}

/// The secret of a shopper's payment. Whoever holds it may read and confirm the payment, also after the token that paid
/// has expired. It is derived, so nothing of it is stored; another signing key ends it, as it ends tokens.
pub fn client_secret(merchant: &Merchant, transaction: Uuid) -> String {
    URL_SAFE_NO_PAD.encode(hmac::sign(&secret_key(merchant), &about(transaction)))
}

/// Whether this is the secret of that payment. Takes the same time whatever it is.
pub fn is_client_secret(merchant: &Merchant, transaction: Uuid, secret: &str) -> bool {
    let secret = URL_SAFE_NO_PAD.decode(secret).unwrap_or_default();
    hmac::verify(&secret_key(merchant), &about(transaction), &secret).is_ok()
}

/// Signs where a list goes on. Another signing key ends it, as it ends tokens.
pub fn sign_cursor(merchant: &Merchant, cursor: &str) -> Vec<u8> {
    hmac::sign(&secret_key(merchant), &about_cursor(merchant, cursor)).as_ref().to_vec()
}

/// Whether this is the signature of it. Takes the same time whatever it is.
pub fn is_cursor_signed(merchant: &Merchant, cursor: &str, signature: &[u8]) -> bool {
    hmac::verify(&secret_key(merchant), &about_cursor(merchant, cursor), signature).is_ok()
}

/// Nothing else that is signed under this key begins so.
fn about_cursor(merchant: &Merchant, cursor: &str) -> Vec<u8> {
    format!("list cursor of {}\n{cursor}", merchant.id).into_bytes()
}

fn secret_key(merchant: &Merchant) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, merchant.token_signing_key.expose_secret().as_bytes())
}

/// What is signed. A token's signature is over two parts with a point between them, so neither can pass for the other.
fn about(transaction: Uuid) -> Vec<u8> {
    format!("client secret of {transaction}").into_bytes()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_token_that_does_not_say_which_key_or_which_shopper_is_not_valid() {
        let secret = "hush-0123456789abcdef0123456789abcdef";
        let document = json!({
            "keys": [secret],
            "token_signing_key": secret,
            "gateway": {"site": "fts-uat", "username": "u", "password": secret, "merchids": {"USD": "496160873888"}},
        });
        let merchant = crate::merchant_document::parse(
            "m".parse().unwrap(),
            &document.to_string(),
            crate::test_payments::GATEWAY,
        )
        .unwrap();
        let now = Timestamp::UNIX_EPOCH;
        for (grant, holder) in [
            (
                Principal::ClientCredentials,
                Holder::Key(VerifiedKey { digest: "digest".to_owned(), name: None, role: Role::All }),
            ),
            (Principal::Implicit, Holder::Shopper(Uuid::nil())),
        ] {
            let (token, _) = issue(&merchant, &holder, now).unwrap();
            let verified = verify(&token, &merchant, now).unwrap();
            assert_eq!(matches!(verified, Verified::Key(_)), grant == Principal::ClientCredentials);
            let claims = Claims {
                iss: ISSUER.to_owned(),
                sub: merchant.id.clone(),
                grant,
                shopper: None,
                key: None,
                role: None,
                iat: now.as_second(),
                exp: now.as_second() + 1,
            };
            let token = signed(&merchant, &claims).unwrap();
            assert_eq!(verify(&token, &merchant, now), Err(InvalidToken));
        }
    }
}

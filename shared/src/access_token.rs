//! Access tokens: issued for a merchant's key, to a browser or to a person who signed in, and
//! verified by every function.
//!
//! A token is a JWT signed with HMAC-SHA-256 under the merchant's own key. Its header's `kid` names
//! the merchant, with a short MAC over merchant and claims under a key that all functions of a
//! stack share ([`KidKey`]). So a made-up token is refused before anything is looked up for it: the
//! signing key is in the merchant's document, so without the MAC a token would cost a read, and a
//! limit of those reads would refuse right tokens from the same address. The MAC is not over the
//! merchant alone, because every browser sees a token of its merchant.
//!
//! The template generates the key of the MACs, and CloudFormation writes it into each function's
//! environment, so no start reads it. It is there in plain text for anyone who may read a
//! function's configuration; an id of the stack would have cost no secret, but ids are no secrets.
//!
//! The merchant's present document decides what a valid token may do: a token ends with its key, or
//! with the permission for browsers, and never has a higher role than its key. A list of revoked
//! tokens would be one more read for each request, and no faster than the document.
//!
//! Only ring's HMAC is accepted. A JWT library would add RSA and curves that no token uses. A token
//! names its key by a digest under the signing key, so that audit lines tell keys apart and their
//! readers cannot try keys out.

use std::{fmt, str::FromStr};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use ring::hmac;
use secrecy::ExposeSecret;
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{DeserializeOwned, IgnoredAny},
};
use serde_json::json;
use subtle::ConstantTimeEq;
use uuid::Uuid;

use tollgate_core::{
    order::{KeyName, MerchantId, Principal, Shopper},
    payments::{Merchant, MerchantKey, Role},
};

/// How long a token is valid, as Elastic Path's (`docs/api.md`).
pub const LIFETIME: SignedDuration = SignedDuration::from_hours(1);

/// How long a person's token is valid. It is renewed only by another sign-in at the issuer, so that
/// a person disabled there can do nothing here after that time.
pub const PERSON_LIFETIME: SignedDuration = SignedDuration::from_mins(15);

/// Who issues, so that a token of another system under a shared key is none of ours.
const ISSUER: &str = "tollgate";

/// HMAC-SHA-256 as RFC 7518 names it. No token has another algorithm.
const ALGORITHM: &str = "HS256";

/// Longest token that is looked at; ours have about 270 characters.
const TOKEN_MAX_BYTES: usize = 2_048;

/// Shortest [`KidKey`], in bytes; the template generates 64 letters and digits.
const KID_KEY_MIN_BYTES: usize = 32;

/// Bytes of the MAC in `kid`. A right guess, one of 2^64, causes a look-up, and the signature is
/// still to come.
const KID_MAC_BYTES: usize = 8;

/// Between the merchant's id and the MAC; no id has it.
const KID_SEPARATOR: char = '.';

/// The key of the MAC in `kid`, one for all functions of a stack (`TOKEN_KID_KEY`). It opens
/// nothing: with it one can only have merchants looked up.
#[derive(Clone, Default)]
pub struct KidKey(Option<hmac::Key>);

/// A text that is no [`KidKey`]: too short, or the template's reference to it, which was not filled
/// in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected at least {KID_KEY_MIN_BYTES} characters, and not a reference to them")]
pub struct InvalidKidKey;

impl FromStr for KidKey {
    type Err = InvalidKidKey;

    fn from_str(text: &str) -> Result<Self, InvalidKidKey> {
        let is_key = text.len() >= KID_KEY_MIN_BYTES && !text.starts_with("{{");
        let key = Some(text).filter(|_| is_key).ok_or(InvalidKidKey)?;
        Ok(Self(Some(hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes()))))
    }
}

impl fmt::Debug for KidKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KidKey(…)")
    }
}

impl KidKey {
    /// Names the merchant of a token with these claims. Without a key there are no tokens.
    fn kid(&self, merchant: &MerchantId, claims: &str) -> Result<String, InvalidToken> {
        let key = self.0.as_ref().ok_or(InvalidToken)?;
        let tag = hmac::sign(key, format!("token of {merchant}\n{claims}").as_bytes());
        let mac = tag.as_ref().first_chunk::<KID_MAC_BYTES>().ok_or(InvalidToken)?;
        Ok(format!("{merchant}{KID_SEPARATOR}{}", URL_SAFE_NO_PAD.encode(mac)))
    }
}

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
    /// One of the merchant's people.
    Person {
        /// The id of the entry.
        id: Uuid,
        /// The role at the sign-in.
        role: Role,
    },
}

impl Holder {
    /// How long the token is valid.
    pub fn lifetime(&self) -> SignedDuration {
        match self {
            Self::Key(_) | Self::Shopper(_) => LIFETIME,
            Self::Person { .. } => PERSON_LIFETIME,
        }
    }
}

#[derive(Deserialize)]
struct JoseHeader {
    alg: String,
    kid: String,
    /// Whether it names extensions that a verifier has to understand (RFC 7515 §4.1.11). None is
    /// understood.
    #[serde(default, rename = "crit", deserialize_with = "is_there")]
    has_extensions: bool,
}

/// Whether a member is there, with any value.
fn is_there<'de, D: Deserializer<'de>>(member: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(member).map(|_| true)
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
    /// Of one of the merchant's people: the id of the entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    person: Option<Uuid>,
    /// The role of that key or person when the token was issued; none where it might do everything.
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
    Shopper(Shopper),
    /// One of the merchant's people, who may have been removed since.
    Person {
        /// The id of the entry.
        id: Uuid,
        /// The role at the sign-in. Today's may be lower.
        role: Role,
        /// When the token was issued, in seconds since 1970.
        issued: i64,
    },
}

impl From<VerifiedKey> for Verified {
    fn from(key: VerifiedKey) -> Self {
        Self::Key(key)
    }
}

/// Tells a merchant's keys apart in tokens and logs. It is made with the signing key, so a reader
/// cannot try out which key it belongs to.
pub fn key_digest(merchant: &Merchant, key: &str) -> String {
    let tag = hmac::sign(&secret_key(merchant), format!("merchant key {key}").as_bytes());
    let start = tag.as_ref().first_chunk().copied().unwrap_or_default();
    format!("{:016x}", u64::from_be_bytes(start))
}

/// The key that a token was issued for, as the merchant has it now; none if it was removed.
fn key_of<'a>(merchant: &'a Merchant, digest: &str) -> Option<&'a MerchantKey> {
    merchant.keys.iter().find(|key| key_digest(merchant, key.secret.expose_secret()) == digest)
}

/// Issues a token and tells when it expires.
pub fn issue(
    merchant: &Merchant,
    holder: &Holder,
    now: Timestamp,
    kid_key: &KidKey,
) -> Result<(String, Timestamp), InvalidToken> {
    let merchants = Principal::ClientCredentials;
    let (grant, shopper, key, person, role) = match holder {
        Holder::Key(key) => (merchants, None, Some(key.digest.clone()), None, key.role),
        Holder::Shopper(id) => (Principal::Implicit, Some(*id), None, None, Role::All),
        Holder::Person { id, role } => (merchants, None, None, Some(*id), *role),
    };
    let expires = now.checked_add(holder.lifetime()).map_err(|_| InvalidToken)?;
    let claims = Claims {
        iss: ISSUER.to_owned(),
        sub: merchant.id.clone(),
        grant,
        shopper,
        key,
        person,
        role: Some(role).filter(|role| *role != Role::All).map(|role| role.as_str().to_owned()),
        iat: now.as_second(),
        exp: expires.as_second(),
    };
    Ok((signed(merchant, &claims, kid_key)?, expires))
}

fn signed(merchant: &Merchant, claims: &Claims, kid_key: &KidKey) -> Result<String, InvalidToken> {
    let claims = encoded(claims)?;
    let kid = kid_key.kid(&merchant.id, &claims)?;
    let header = json!({ "typ": "JWT", "alg": ALGORITHM, "kid": kid });
    let signed = format!("{}.{claims}", encoded(&header)?);
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

/// Whose token it is, if its claims are some that this stack once issued for that merchant. Nothing
/// is looked up for this, and nothing else is verified by it.
pub fn merchant_of(token: &str, kid_key: &KidKey) -> Result<MerchantId, InvalidToken> {
    if token.len() > TOKEN_MAX_BYTES {
        return Err(InvalidToken);
    }
    let (signed, _) = token.rsplit_once('.').ok_or(InvalidToken)?;
    let (header, claims) = signed.split_once('.').ok_or(InvalidToken)?;
    let kid = decoded::<JoseHeader>(header)?.kid;
    let (merchant, _) = kid.split_once(KID_SEPARATOR).ok_or(InvalidToken)?;
    let merchant: MerchantId = merchant.parse().map_err(|_| InvalidToken)?;
    let ours = kid_key.kid(&merchant, claims)?;
    let is_ours: bool = ours.as_bytes().ct_eq(kid.as_bytes()).into();
    if is_ours { Ok(merchant) } else { Err(InvalidToken) }
}

/// Verifies signature, issuer, merchant and expiry, and tells the token's present role: the one it
/// was issued with, as far as the merchant's document still has it.
pub fn verify(token: &str, merchant: &Merchant, now: Timestamp) -> Result<Verified, InvalidToken> {
    let (signed, signature) = token.rsplit_once('.').ok_or(InvalidToken)?;
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| InvalidToken)?;
    hmac::verify(&secret_key(merchant), signed.as_bytes(), &signature).map_err(|_| InvalidToken)?;
    let (header, claims) = signed.split_once('.').ok_or(InvalidToken)?;
    let (header, claims): (JoseHeader, Claims) = (decoded(header)?, decoded(claims)?);
    let is_ours = header.alg == ALGORITHM && claims.iss == ISSUER && claims.sub == merchant.id;
    // Without leeway: the time is that of the request.
    if !is_ours || header.has_extensions || now.as_second() >= claims.exp {
        return Err(InvalidToken);
    }
    let issued = match claims.role.as_deref() {
        None => Role::All,
        // Only a newer version knows the role: its permissions are not known here.
        Some(name) => Role::from_name(name).unwrap_or(Role::Read),
    };
    match claims.grant {
        Principal::ClientCredentials => {
            if let Some(id) = claims.person {
                return Ok(Verified::Person { id, role: issued, issued: claims.iat });
            }
            let digest = claims.key.ok_or(InvalidToken)?;
            let key = key_of(merchant, &digest).ok_or(InvalidToken)?;
            let (name, role) = (key.name.clone(), issued.min(key.role));
            Ok(Verified::Key(VerifiedKey { digest, name, role }))
        }
        // A merchant that lets no browsers in any more has none.
        Principal::Implicit if !merchant.shopper_tokens => Err(InvalidToken),
        Principal::Implicit => Ok(Verified::Shopper(Shopper::of(claims.shopper.ok_or(InvalidToken)?))),
        // No token is issued with such a principal.
        Principal::Schedule | Principal::Unrecognized => Err(InvalidToken),
    }
}

/// The secret of a shopper's payment. Its holder may read and confirm the payment, also after the
/// token that paid has expired. It is derived, so it is not stored; another signing key ends it, as
/// it ends tokens.
pub fn client_secret(merchant: &Merchant, transaction: Uuid) -> String {
    URL_SAFE_NO_PAD.encode(hmac::sign(&secret_key(merchant), &about(transaction)))
}

/// Whether this is the secret of that payment. Takes the same time for any input.
pub fn is_client_secret(merchant: &Merchant, transaction: Uuid, secret: &str) -> bool {
    let secret = URL_SAFE_NO_PAD.decode(secret).unwrap_or_default();
    hmac::verify(&secret_key(merchant), &about(transaction), &secret).is_ok()
}

/// A text that a caller is handed and brings back, signed. Another signing key ends it, as it ends
/// tokens.
#[derive(Clone, Copy, Debug)]
pub enum HandedOut<'a> {
    /// Where a list goes on.
    Cursor(&'a str),
    /// A proposal of one of the merchant's people.
    Proposal(&'a str),
}

impl HandedOut<'_> {
    pub fn sign(self, merchant: &Merchant) -> Vec<u8> {
        hmac::sign(&secret_key(merchant), &self.message(merchant)).as_ref().to_vec()
    }

    /// Whether this is its signature. Takes the same time for any input.
    pub fn is_signed(self, merchant: &Merchant, signature: &[u8]) -> bool {
        hmac::verify(&secret_key(merchant), &self.message(merchant), signature).is_ok()
    }

    /// Nothing else that is signed under this key begins so.
    fn message(self, merchant: &Merchant) -> Vec<u8> {
        match self {
            Self::Cursor(cursor) => format!("list cursor of {}\n{cursor}", merchant.id).into_bytes(),
            Self::Proposal(proposal) => format!("proposal of {}\n{proposal}", merchant.id).into_bytes(),
        }
    }
}

fn secret_key(merchant: &Merchant) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, merchant.token_signing_key.expose_secret().as_bytes())
}

/// The text that is signed. A token's signature is over two parts with a point between them, so
/// neither can pass for the other.
fn about(transaction: Uuid) -> Vec<u8> {
    format!("client secret of {transaction}").into_bytes()
}

#[cfg(test)]
mod tests;

//! How stored items are sealed, and how tokens are made.

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    digest::{SHA256, digest},
    rand::{SecureRandom, SystemRandom},
};

/// How many random bytes a secret has.
const SECRET_BYTES: usize = 32;

/// The key of AES-256-GCM that sessions are sealed with.
pub struct SealingKey(LessSafeKey);

impl SealingKey {
    /// From its 32 bytes. `None` for any other number of bytes.
    pub fn new(bytes: &[u8]) -> Option<Self> {
        UnboundKey::new(&AES_256_GCM, bytes).ok().map(|key| Self(LessSafeKey::new(key)))
    }

    /// Seals for one place: a copy in another item cannot be opened.
    pub(crate) fn seal(&self, place: &str, mut content: Vec<u8>) -> Option<Vec<u8>> {
        let nonce = random::<NONCE_LEN>()?;
        let unique = Nonce::assume_unique_for_key(nonce);
        self.0.seal_in_place_append_tag(unique, Aad::from(place), &mut content).ok()?;
        Some([nonce.as_slice(), &content].concat())
    }

    /// Opens content that was sealed for that place.
    pub(crate) fn open(&self, place: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, content) = sealed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut content = content.to_vec();
        let opened = self.0.open_in_place(nonce, Aad::from(place), &mut content).ok()?;
        Some(opened.to_vec())
    }
}

/// Random bytes; `None` if the system has none.
pub(crate) fn random<const N: usize>() -> Option<[u8; N]> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).ok()?;
    Some(bytes)
}

/// A new secret of 256 random bits, for a cookie or an address.
pub(crate) fn secret() -> Option<String> {
    random::<SECRET_BYTES>().map(|bytes| BASE64_URL_SAFE_NO_PAD.encode(bytes))
}

/// Whether a text can be such a secret.
pub(crate) fn is_secret(text: &str) -> bool {
    BASE64_URL_SAFE_NO_PAD.decode(text).is_ok_and(|bytes| bytes.len() == SECRET_BYTES)
}

/// The digest of a text, for an address: SHA-256, base64url.
pub(crate) fn digest_of(text: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, text.as_bytes()))
}

/// A form's token: the session's secret under a mask of its own, so that no two pages have the same
/// bytes.
pub(crate) fn masked(secret: &str) -> Option<String> {
    let secret = BASE64_URL_SAFE_NO_PAD.decode(secret).ok()?;
    let mask = random::<SECRET_BYTES>()?;
    Some(BASE64_URL_SAFE_NO_PAD.encode([mask.as_slice(), &xor(&secret, &mask)].concat()))
}

/// Whether a form's token is that of a session, compared in constant time.
pub(crate) fn is_masked(secret: &str, token: &str) -> bool {
    let decoded = |text: &str| BASE64_URL_SAFE_NO_PAD.decode(text).unwrap_or_default();
    let (secret, token) = (decoded(secret), decoded(token));
    let Some((mask, masked)) = token.split_at_checked(SECRET_BYTES) else { return false };
    let unmasked = xor(masked, mask);
    let difference = secret.iter().zip(&unmasked).fold(0, |seen, (one, other)| seen | (one ^ other));
    secret.len() == SECRET_BYTES && masked.len() == SECRET_BYTES && difference == 0
}

fn xor(text: &[u8], mask: &[u8]) -> Vec<u8> {
    text.iter().zip(mask).map(|(text, mask)| text ^ mask).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> SealingKey {
        SealingKey::new(&[7; 32]).unwrap()
    }

    #[test]
    fn a_sealed_text_opens_at_its_place_alone_and_only_unchanged() {
        let sealed = key().seal("session#1", b"who it is".to_vec()).unwrap();
        assert!(!sealed.windows(9).any(|part| part == b"who it is"));
        assert_eq!(key().open("session#1", &sealed).unwrap(), b"who it is");
        assert_eq!(key().open("session#2", &sealed), None);
        assert_eq!(SealingKey::new(&[8; 32]).unwrap().open("session#1", &sealed), None);
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(key().open("session#1", &changed), None, "{at}");
            assert_eq!(key().open("session#1", &sealed[..at]), None, "{at}");
        }
    }

    #[test]
    fn a_form_has_another_token_each_time_and_no_other_text_is_one() {
        let secret = secret().unwrap();
        let (one, other) = (masked(&secret).unwrap(), masked(&secret).unwrap());
        assert_ne!(one, other);
        assert!(is_masked(&secret, &one) && is_masked(&secret, &other));
        let foreign = masked(&super::secret().unwrap()).unwrap();
        let zeros = BASE64_URL_SAFE_NO_PAD.encode([0; 64]);
        for wrong in ["", "x", &secret, &foreign, &zeros, &one[..one.len() - 2], &format!("{one}AA")] {
            assert!(!is_masked(&secret, wrong), "{wrong}");
        }
        assert!(!is_masked("", &BASE64_URL_SAFE_NO_PAD.encode([1; 32])));
    }
}

//! Signatures as the Standard Webhooks specification has them.

use base64::prelude::{BASE64_STANDARD, Engine};
use jiff::Timestamp;
use ring::hmac::{HMAC_SHA256, Key, sign};
use secrecy::ExposeSecret as _;
use uuid::Uuid;

use tollgate_core::webhooks::Secret;

/// The beginning of a secret's text.
pub const PREFIX: &str = "whsec_";

/// Bytes of a secret, as the specification has them.
pub const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// A secret from its text, `whsec_` and Base64.
pub fn secret(text: &str) -> Option<Secret> {
    let bytes = BASE64_STANDARD.decode(text.strip_prefix(PREFIX)?).ok()?;
    SECRET_BYTES.contains(&bytes.len()).then(|| Secret::from(bytes))
}

/// A secret's text from its bytes.
pub fn text(bytes: &[u8]) -> String {
    format!("{PREFIX}{}", BASE64_STANDARD.encode(bytes))
}

/// The header `webhook-signature`: a signature for each secret, so that a receiver may know either.
pub fn signatures(secrets: &[Secret], id: Uuid, at: Timestamp, body: &str) -> String {
    let content = format!("{id}.{}.{body}", at.as_second());
    let one = |secret: &Secret| {
        let tag = sign(&Key::new(HMAC_SHA256, secret.expose_secret()), content.as_bytes());
        format!("v1,{}", BASE64_STANDARD.encode(tag))
    };
    secrets.iter().map(one).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made with Python's `hmac`, `hashlib` and `base64`.
    #[test]
    fn a_signature_is_what_the_specification_says() {
        let secrets = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"];
        let secrets = secrets.map(|text| secret(text).unwrap());
        let id = "018f2b5c-0000-7000-8000-000000000001".parse().unwrap();
        let at = Timestamp::from_second(1_614_265_330).unwrap();
        let signed = signatures(&secrets, id, at, "{\"test\": 2432232314}");
        let expected =
            "v1,Rikb/f8/tcYCrY1vPK66TI3H49aHaOq8ssriXhAFrR0= v1,vCA625YY0Dcghl7TgnZ5MP1rceA8Q80qtuOhr1LH8BY=";
        assert_eq!(signed, expected);
        assert_eq!(signatures(&secrets[..1], id, at, "{\"test\": 2432232314}"), &expected[..47]);
    }

    #[test]
    fn a_secret_of_another_form_or_length_is_none() {
        assert!(secret(&text(&[1; 24])).is_some() && secret(&text(&[1; 64])).is_some());
        for wrong in
            ["", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_!", &text(&[1; 23]), &text(&[1; 65])]
        {
            assert!(secret(wrong).is_none(), "{wrong}");
        }
    }
}

//! Who a person is at an issuer of OpenID Connect.

use crate::values::text::checked_text;

/// Longest address, in bytes (RFC 5321 §4.5.3.1.3, without its brackets).
pub const EMAIL_MAX_BYTES: usize = 254;

/// Longest issuer and longest subject, in characters of ASCII (OpenID Connect Core §2 for the
/// subject).
pub const SUBJECT_MAX_BYTES: usize = 255;

/// An issuer's identifier of a person. Only both claims together are stable and never given to
/// another (OpenID Connect Core §5.7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The claim `iss`.
    pub issuer: String,
    /// The claim `sub`.
    pub subject: String,
}

/// Who an ID token says that a person is, once the token is verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The claims `iss` and `sub`.
    pub subject: Subject,
    /// The claim `email`, only if `email_verified` is true and the issuer serves one company alone:
    /// at any other issuer strangers can have the address of somebody else.
    pub verified_email: Option<Email>,
}

/// How a person is recognized.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recognition {
    /// By an address, at this issuer, until the first sign-in.
    Email {
        /// The one issuer whose word counts.
        issuer: String,
        email: Email,
    },
    /// By issuer and subject, with the address that once led to them, if any. That address
    /// recognizes nobody any more: a company gives an address to a successor.
    Subject {
        subject: Subject,
        /// The address of the first sign-in, or none for a person who was added by subject.
        email: Option<Email>,
    },
}

impl Recognition {
    /// The address, whether it is still to be recognized or was once.
    pub fn email(&self) -> Option<&Email> {
        match self {
            Self::Email { email, .. } => Some(email),
            Self::Subject { email, .. } => email.as_ref(),
        }
    }

    /// The issuer whose word counts.
    pub(super) fn issuer(&self) -> &str {
        match self {
            Self::Email { issuer, .. } => issuer,
            Self::Subject { subject, .. } => &subject.issuer,
        }
    }

    /// The claim `sub`, if it is known.
    pub(super) fn subject(&self) -> Option<&str> {
        match self {
            Self::Email { .. } => None,
            Self::Subject { subject, .. } => Some(&subject.subject),
        }
    }

    /// Whether this is the person's subject.
    pub(super) fn has_subject(&self, other: &Subject) -> bool {
        matches!(self, Self::Subject { subject, .. } if subject == other)
    }

    /// Whether this identity has the address that has not been used yet.
    pub(super) fn has_address_of(&self, identity: &Identity) -> bool {
        matches!(self, Self::Email { issuer, email }
            if *issuer == identity.subject.issuer && identity.verified_email.as_ref() == Some(email))
    }

    /// The same person by the subject that the address led to.
    #[must_use]
    pub fn pinned_to(self, subject: Subject) -> Self {
        match self {
            Self::Email { email, .. } => Self::Subject { subject, email: Some(email) },
            Self::Subject { .. } => self,
        }
    }
}

/// A text that is no address by which a person is recognized.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be an e-mail address in small letters of ASCII, such as ann@shop.example")]
pub struct InvalidEmail;

checked_text! {
    /// An address by which a person is recognized. Only small letters, so that one address has one
    /// spelling, and only ASCII, so that none looks like another.
    Email, InvalidEmail, |text| check_email(text)
}

fn check_email(text: &str) -> Result<&str, InvalidEmail> {
    let is_allowed = |byte: u8| byte.is_ascii_graphic() && !byte.is_ascii_uppercase();
    let fits = text.len() <= EMAIL_MAX_BYTES
        && text.bytes().all(is_allowed)
        && matches!(text.split_once('@'), Some((local, domain))
            if !local.is_empty() && !domain.is_empty() && !domain.contains('@'));
    if fits { Ok(text) } else { Err(InvalidEmail) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_one_spelling_and_no_look_alike() {
        for text in ["ann@shop.example", "ann+refunds@shop.example", "o'neil@shop.example"] {
            assert_eq!(text.parse::<Email>().map(|email| email.to_string()).as_deref(), Ok(text));
        }
        let long = format!("{}@shop.example", "a".repeat(EMAIL_MAX_BYTES));
        for text in [
            "",
            "ann",
            "@shop.example",
            "ann@",
            "a@b@c",
            "Ann@shop.example",
            "аnn@shop.example",
            "a b@c",
            &long,
        ] {
            assert_eq!(text.parse::<Email>(), Err(InvalidEmail), "{text}");
        }
    }
}

//! The beginning of the names of secrets: a name of the deployment's own and the kind, such as
//! `tollgate-prod/merchants/`. No prefix begins another one of the other kind, so a function that
//! may read one kind reads nothing of the other.
//!
//! The kind is part of every prefix, because CloudFormation's rules cannot tell whether one text
//! begins with another.

use thiserror::Error;

/// Longest name of a deployment's own.
const NAME_MAX_CHARS: usize = 200;

/// The content of a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretKind {
    Merchants,
    /// A merchant's receivers of webhooks.
    Webhooks,
}

/// Why a text is no prefix of the names of secrets.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("expected a name of letters, digits or _+=.@-, then /{kind}/, such as tollgate-prod/{kind}/")]
pub struct InvalidPrefix {
    kind: &'static str,
}

impl SecretKind {
    /// As prefixes end with it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Merchants => "merchants",
            Self::Webhooks => "webhooks",
        }
    }

    /// The prefix of this kind, unless the text is none.
    pub fn prefix(self, text: &str) -> Result<String, InvalidPrefix> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=.@-".contains(&byte);
        let name = text.strip_suffix('/').and_then(|text| text.strip_suffix(self.as_str()));
        let name = name.and_then(|text| text.strip_suffix('/')).unwrap_or_default();
        let is_name = (1..=NAME_MAX_CHARS).contains(&name.len()) && name.bytes().all(allowed);
        if is_name { Ok(text.to_owned()) } else { Err(InvalidPrefix { kind: self.as_str() }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_a_name_and_its_kind_so_none_contains_one_of_the_other_kind() {
        let (merchants, webhooks) = (SecretKind::Merchants, SecretKind::Webhooks);
        let longest = format!("{}/webhooks/", "x".repeat(NAME_MAX_CHARS));
        let too_long = format!("x{longest}");
        for (text, kind) in [
            ("tollgate/merchants/", Some(merchants)),
            ("tollgate-prod/merchants/", Some(merchants)),
            ("a_+=.@-9/webhooks/", Some(webhooks)),
            ("merchants/webhooks/", Some(webhooks)),
            (&longest, Some(webhooks)),
            (&too_long, None),
            ("tollgate/", None),
            ("tollgate/merchants", None),
            ("tollgate/merchants/webhooks/", None),
            ("tollgate/webhooks/merchants/", None),
            ("a/tollgate/merchants/", None),
            ("/merchants/", None),
            ("merchants/", None),
            ("tollgate merchants/", None),
            ("tollgate*/merchants/", None),
            ("tollgäte/merchants/", None),
            ("tollgate/Merchants/", None),
            ("", None),
        ] {
            for one in [merchants, webhooks] {
                assert_eq!(one.prefix(text).ok(), (kind == Some(one)).then(|| text.to_owned()), "{text}");
            }
        }
        let error = webhooks.prefix("tollgate/").unwrap_err();
        assert!(error.to_string().ends_with("such as tollgate-prod/webhooks/"), "{error}");
    }
}

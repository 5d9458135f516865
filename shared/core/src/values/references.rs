//! A merchant's own names and texts for a payment, so that its other systems find it.

use std::collections::BTreeMap;

use super::{TextUse, Unkeepable, check_kept};

/// Members of one payment's metadata.
pub const METADATA_MEMBERS_MAX: usize = 20;

/// Longest name of a member of metadata, in ASCII characters.
pub const METADATA_NAME_MAX: usize = 40;

/// Longest value of a member of metadata, in characters.
pub const METADATA_VALUE_MAX: usize = 255;

/// All names and values of one payment's metadata, in bytes: it is stored, streamed and sent in
/// events with the payment.
pub const METADATA_MAX_BYTES: usize = 2_048;

/// The texts by which the merchant's systems know a payment. They have no effect here, and hold no
/// card number. Name and description may say who paid, and are forgotten; reference and metadata
/// are not for that, and stay.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct References {
    /// The merchant's own reference, as stated with the payment. A capture may state another one.
    pub custom_reference: Option<String>,
    /// The name of the way of paying, in the words of the shop, which may name a person.
    pub name: Option<String>,
    /// The purpose of the payment, in the merchant's words, which may name a person.
    pub description: Option<String>,
    /// Other data that the merchant's systems keep with it.
    pub metadata: Metadata,
}

impl References {
    /// Whether it says who paid, or may.
    pub fn is_personal(&self) -> bool {
        self.name.is_some() || self.description.is_some()
    }

    pub fn forget_who_paid(&mut self) {
        self.name = None;
        self.description = None;
    }

    /// Bytes of all its texts.
    pub fn bytes(&self) -> usize {
        let texts = [&self.custom_reference, &self.name, &self.description];
        texts.into_iter().flatten().map(String::len).sum::<usize>() + self.metadata.bytes()
    }
}

/// Names and values of the merchant's own, within limits that let an order hold many payments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata(BTreeMap<String, String>);

/// Why metadata cannot be kept as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidMetadata {
    /// A name has other characters, or too many.
    #[error("must have names of 1 to {METADATA_NAME_MAX} letters, digits, _ . or -")]
    Name,
    /// There are too many members.
    #[error("has more than {METADATA_MEMBERS_MAX} members")]
    Members,
    /// A value is too long.
    #[error("must have values of at most {METADATA_VALUE_MAX} characters")]
    Value,
    /// All metadata together is too long.
    #[error("has more than {METADATA_MAX_BYTES} bytes in all names and values")]
    Bytes,
    /// It would put a card number into the table, perhaps in parts.
    #[error(transparent)]
    Unkeepable(#[from] Unkeepable),
}

impl Metadata {
    /// Metadata within the limits.
    pub fn new(members: BTreeMap<String, String>) -> Result<Self, InvalidMetadata> {
        if members.len() > METADATA_MEMBERS_MAX {
            return Err(InvalidMetadata::Members);
        }
        if !members.keys().all(|name| is_metadata_name(name)) {
            return Err(InvalidMetadata::Name);
        }
        if members.values().any(|value| value.chars().count() > METADATA_VALUE_MAX) {
            return Err(InvalidMetadata::Value);
        }
        let metadata = Self(members);
        if metadata.bytes() > METADATA_MAX_BYTES {
            return Err(InvalidMetadata::Bytes);
        }
        // As one text, so that a number is not split over its members.
        check_kept(&metadata.line(usize::MAX), TextUse::Reference)?;
        Ok(metadata)
    }

    /// Metadata as it was stored. It was within the limits of the version that stored it.
    pub fn from_stored(members: BTreeMap<String, String>) -> Self {
        Self(members)
    }

    /// Its names and values, by name.
    pub fn members(&self) -> &BTreeMap<String, String> {
        &self.0
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As one line for people, `name=value; name=value`: as many members as fit into so many bytes.
    pub fn line(&self, max_bytes: usize) -> String {
        let mut line = String::new();
        for (name, value) in &self.0 {
            let separator = if line.is_empty() { "" } else { "; " };
            let member = format!("{separator}{name}={value}");
            if line.len() + member.len() > max_bytes {
                break;
            }
            line.push_str(&member);
        }
        line
    }

    fn bytes(&self) -> usize {
        self.0.iter().map(|(name, value)| name.len() + value.len()).sum()
    }
}

/// Whether a member of metadata can have this name.
pub fn is_metadata_name(name: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
    !name.is_empty() && name.len() <= METADATA_NAME_MAX && name.bytes().all(is_allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metadata(members: &[(&str, &str)]) -> Result<Metadata, InvalidMetadata> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Metadata::new(members.iter().map(owned).collect())
    }

    #[test]
    fn metadata_is_within_every_limit_or_refused() {
        let (name, value) = ("n".repeat(METADATA_NAME_MAX), "v".repeat(METADATA_VALUE_MAX));
        for (members, expected) in [
            (vec![], Ok(())),
            (vec![("a", ""), ("A-1_b.c", "\u{e9}")], Ok(())),
            (vec![(name.as_str(), value.as_str())], Ok(())),
            (vec![(format!("{name}n").as_str(), "v")], Err(InvalidMetadata::Name)),
            (vec![("a", format!("{value}v").as_str())], Err(InvalidMetadata::Value)),
            (vec![("", "v")], Err(InvalidMetadata::Name)),
            (vec![("a b", "v")], Err(InvalidMetadata::Name)),
            (vec![("\u{e9}", "v")], Err(InvalidMetadata::Name)),
            (vec![("a", "4111111111111111")], Err(InvalidMetadata::Unkeepable(Unkeepable::CardNumber))),
            (vec![("4111111111111111", "v")], Err(InvalidMetadata::Unkeepable(Unkeepable::CardNumber))),
            (vec![("a", "b\u{202e}c")], Err(InvalidMetadata::Unkeepable(Unkeepable::Hidden))),
            // Neither part is a card number.
            (vec![("41111111", "11111111")], Err(InvalidMetadata::Unkeepable(Unkeepable::CardNumber))),
        ] {
            assert_eq!(metadata(&members).map(|_| ()), expected, "{members:?}");
        }
        let of = |count: usize, bytes: usize| {
            Metadata::new((0..count).map(|n| (format!("k{n:02}"), "v".repeat(bytes - 3))).collect())
        };
        assert!(of(METADATA_MEMBERS_MAX, 10).is_ok());
        assert_eq!(of(METADATA_MEMBERS_MAX + 1, 10), Err(InvalidMetadata::Members));
        let eighth = METADATA_MAX_BYTES / 8;
        assert!(of(8, eighth).is_ok());
        let mut more = of(8, eighth).unwrap().0;
        more.insert("k".to_owned(), String::new());
        assert_eq!(Metadata::new(more), Err(InvalidMetadata::Bytes));
    }

    #[test]
    fn a_line_has_only_whole_members() {
        let two = metadata(&[("b", "2"), ("a", "1")]).unwrap();
        for (max_bytes, line) in [(0, ""), (3, "a=1"), (7, "a=1"), (8, "a=1; b=2"), (usize::MAX, "a=1; b=2")]
        {
            assert_eq!(two.line(max_bytes), line);
        }
    }

    #[test]
    fn a_name_or_a_description_may_say_who_paid_until_both_are_forgotten() {
        let own = References {
            custom_reference: Some("A-1".to_owned()),
            metadata: metadata(&[("invoice", "7")]).unwrap(),
            ..References::default()
        };
        assert!(!own.is_personal());
        assert_eq!(own.bytes(), 11);
        let person = || Some("Ann".to_owned());
        for mut said in [
            References { name: person(), ..own.clone() },
            References { description: person(), ..own.clone() },
        ] {
            assert!(said.is_personal());
            assert_eq!(said.bytes(), 14);
            said.forget_who_paid();
            assert_eq!(said, own);
        }
    }
}

//! Who requested an operation, by name, and why, as it is kept with the operation.

use super::by_hand::{InvalidByHand, Person, Reason, check};
use crate::values::{TextUse, check_kept, text::checked_text};

/// Longest name of a key. It is kept with every operation that is requested with the key.
pub const KEY_NAME_MAX_CHARS: usize = 32;

/// Longest name of a person in the caller's system, in bytes.
pub const ACTOR_MAX_BYTES: usize = 64;

/// Who requested an operation and why, as far as the caller told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attribution {
    /// The name of the merchant's key, if it has one.
    pub key_name: Option<String>,
    /// A person in the caller's system, as the caller states it.
    pub actor: Option<String>,
    /// A person whom Tollgate has verified.
    pub person: Option<String>,
    /// A person whom Tollgate has verified, who proposed it because it was more than that person
    /// may do.
    pub proposed_by: Option<String>,
    /// Why the person did it.
    pub reason: Option<String>,
}

impl Attribution {
    /// The attribution that can be kept of a request; none where nothing was told.
    pub fn new(
        key_name: Option<&KeyName>,
        actor: Option<&Actor>,
        reason: Option<&Reason>,
    ) -> Option<Box<Self>> {
        let attribution = Self {
            key_name: key_name.map(ToString::to_string),
            actor: actor.map(ToString::to_string),
            person: None,
            proposed_by: None,
            reason: reason.map(ToString::to_string),
        };
        Some(Box::new(attribution)).filter(|told| **told != Self::default())
    }

    /// The same, with the person whom Tollgate has verified, if any.
    #[must_use]
    pub fn verified(self, person: Option<&Person>) -> Self {
        Self { person: person.map(ToString::to_string), ..self }
    }

    /// The same, with the person who proposed it, if another one did.
    #[must_use]
    pub fn proposed_by(self, proposer: Option<&Person>) -> Self {
        Self { proposed_by: proposer.map(ToString::to_string), ..self }
    }
}

/// A text that cannot be the name of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must have 1 to 32 letters, digits, - _ or ., begin with a letter and not look like a card number")]
pub struct InvalidKeyName;

checked_text! {
    /// The name of a merchant's key. It is stored and logged, and an argument of commands.
    KeyName, InvalidKeyName, |text| check_key_name(text)
}

fn check_key_name(text: &str) -> Result<&str, InvalidKeyName> {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let fits = text.len() <= KEY_NAME_MAX_CHARS
        // Otherwise a number of a key could be a name.
        && text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(is_allowed)
        && check_kept(text, TextUse::Logged).is_ok();
    if fits { Ok(text) } else { Err(InvalidKeyName) }
}

checked_text! {
    /// The name of a person in the caller's system.
    Actor, InvalidByHand, |text| check(text, ACTOR_MAX_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_a_key_is_short_plain_and_no_number() {
        for name in ["web", "back-office_2.eu", "A", &"k".repeat(32)] {
            assert_eq!(name.parse::<KeyName>().map(|name| name.to_string()).as_deref(), Ok(name));
        }
        let long = "k".repeat(33);
        for name in ["", "1", "4788250000121443", "a b", "naïve", "a\n", "k4788250000121443", &long] {
            assert_eq!(name.parse::<KeyName>(), Err(InvalidKeyName), "{name}");
        }
    }

    #[test]
    fn nothing_is_kept_where_nothing_was_told() {
        assert_eq!(Attribution::new(None, None, None), None);
        let told = Attribution::new(None, Some(&"Ann".parse().unwrap()), None);
        assert_eq!(told.as_ref().unwrap().actor.as_deref(), Some("Ann"));
        assert_eq!("a".repeat(65).parse::<Actor>(), Err(InvalidByHand::TooLong(64)));
        // Role and session have up to 64 characters each.
        let (role, session) = ("r".repeat(64), "s".repeat(64));
        let arn = format!("arn:aws-us-gov:sts::123456789012:assumed-role/{role}/{session}");
        let person = arn.parse().unwrap();
        let told = told.unwrap().verified(Some(&person)).proposed_by(Some(&person));
        assert_eq!((told.person, told.proposed_by), (Some(arn.clone()), Some(arn)));
    }
}

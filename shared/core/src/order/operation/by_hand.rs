//! A person's decision about an operation that stayed in doubt, as it is kept with the operation.

use jiff::Timestamp;

use crate::{
    values::{Carried, TextUse, Unkeepable, check_kept, text::checked_text},
    words,
};

/// Longest name of who decided. In bytes, as all of this: the room in a full order is counted in
/// them.
pub const DECIDED_BY_MAX_BYTES: usize = 64;

/// Longest name of a person whom Tollgate has verified, in bytes: an AWS role and its session fit.
pub const PERSON_MAX_BYTES: usize = 192;

/// Longest reason. [`BY_HAND_MAX`](crate::order::BY_HAND_MAX) bounds how often an order keeps one.
pub const REASON_MAX_BYTES: usize = 250;

words! {
    /// The outcome of an operation as a person states it.
    pub enum HandVerdict {
        /// The gateway did it.
        Done => "done",
        /// The gateway did nothing.
        NotDone => "not_done",
        _ => Unrecognized,
    }
}

/// A text that cannot be kept with a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidByHand {
    /// The text has no character.
    #[error("is empty")]
    Empty,
    /// Longer than the maximum, which is this many bytes.
    #[error("is longer than {0} bytes")]
    TooLong(usize),
    /// A line break or another control character.
    #[error("may hold no control characters")]
    Control,
    /// It may not be put into the table.
    #[error(transparent)]
    Unkeepable(#[from] Unkeepable),
}

/// A person's decision: the person, the outcome, the time and the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ByHand {
    /// The outcome that the person stated.
    pub verdict: HandVerdict,
    /// The operator's name, as the command line states it.
    pub by: String,
    /// The person whom Tollgate has verified, if any.
    pub person: Option<String>,
    /// Why the person decided so, in free text.
    pub reason: String,
    /// When the decision was made.
    pub at: Timestamp,
    /// Data that a newer version stored with it.
    pub carried: Carried,
}

impl ByHand {
    /// A decision that can be kept.
    pub fn new(verdict: HandVerdict, by: &DecidedBy, reason: &Reason, at: Timestamp) -> Self {
        let (by, reason) = (by.0.clone(), reason.0.clone());
        Self { verdict, by, person: None, reason, at, carried: Carried::default() }
    }

    /// The same, with the person whom Tollgate has verified, if any.
    #[must_use]
    pub fn verified(self, person: Option<&Person>) -> Self {
        Self { person: person.map(ToString::to_string), ..self }
    }
}

checked_text! {
    /// The name of who decides.
    DecidedBy, InvalidByHand, |text| check(text, DECIDED_BY_MAX_BYTES)
}
checked_text! {
    /// A person whom Tollgate has verified, such as the ARN of an operator's AWS credentials.
    Person, InvalidByHand, |text| check(text, PERSON_MAX_BYTES)
}
checked_text! {
    /// Why it is decided so.
    Reason, InvalidByHand, |text| check(text, REASON_MAX_BYTES)
}

/// The text as it is kept.
pub(super) fn check(text: &str, max: usize) -> Result<&str, InvalidByHand> {
    let text = text.trim();
    if text.is_empty() {
        return Err(InvalidByHand::Empty);
    }
    if text.len() > max {
        return Err(InvalidByHand::TooLong(max));
    }
    if text.contains(char::is_control) {
        return Err(InvalidByHand::Control);
    }
    check_kept(text, TextUse::Words)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_of_a_decision_is_short_plain_and_no_card_number() {
        assert_eq!("  Ann ".parse(), Ok(DecidedBy("Ann".to_owned())));
        for (text, error) in [
            (" ", InvalidByHand::Empty),
            ("a\nb", InvalidByHand::Control),
            ("card 4111 1111 1111 1111", Unkeepable::CardNumber.into()),
            ("card 4111/1111/1111/1111", Unkeepable::CardNumber.into()),
            ("Ann \u{202E}", Unkeepable::Hidden.into()),
        ] {
            assert_eq!(text.parse::<DecidedBy>(), Err(error), "{text}");
            assert_eq!(text.parse::<Reason>(), Err(error), "{text}");
        }
        assert!("é".repeat(32).parse::<DecidedBy>().is_ok());
        assert_eq!("é".repeat(33).parse::<DecidedBy>(), Err(InvalidByHand::TooLong(64)));
        assert!("é".repeat(125).parse::<Reason>().is_ok());
        assert_eq!("é".repeat(126).parse::<Reason>(), Err(InvalidByHand::TooLong(250)));
    }
}

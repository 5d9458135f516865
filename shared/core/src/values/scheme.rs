//! The card schemes' words about a decline, and the class of rule that they come to.
//!
//! The schemes charge merchants for attempts that they have forbidden. Which code of which scheme
//! means which class is the gateway's adapter's to say; what follows from a class is said here and
//! in [`crate::order`].

use jiff::SignedDuration;

use super::{Advice, RetryScope, clean_text};
use crate::words;

/// The longest code of a scheme that is kept: Amex has three characters, and room for one more.
const CODE_MAX_CHARS: usize = 4;

/// The longest text of a scheme that is kept.
const SCHEME_TEXT_MAX_CHARS: usize = 52;

words! {
    /// The rule that a decline puts on further attempts, the strictest first. None of a later class
    /// makes one of the first three milder.
    #[derive(Hash, Ord, PartialOrd)]
    pub enum RetryClass {
        /// Never this card again.
        Never => "never",
        /// No payment that the merchant initiates with this card, until the cardholder agrees anew.
        StopSeries => "stop_series",
        /// Not this payment again.
        Drop => "drop",
        /// Not before the data is corrected.
        Fix => "fix",
        /// Not before some time has passed.
        Wait => "wait",
        /// Not before the cardholder has spoken to the issuer, or with another card.
        Issuer => "issuer",
        /// Not before the merchant's set-up is corrected.
        Setup => "setup",
    }
}

impl RetryClass {
    /// The advice that the class comes to.
    pub fn advice(self) -> Advice {
        match self {
            Self::Never | Self::StopSeries | Self::Drop => Advice::Never,
            Self::Fix => Advice::FixData,
            Self::Wait | Self::Setup => Advice::Later,
            Self::Issuer => Advice::ContactIssuer,
        }
    }

    /// The subject of the rule, where it forbids attempts for good.
    pub fn scope(self) -> Option<RetryScope> {
        match self {
            Self::Never => Some(RetryScope::Card),
            Self::StopSeries => Some(RetryScope::Series),
            Self::Drop => Some(RetryScope::Payment),
            Self::Fix | Self::Wait | Self::Issuer | Self::Setup => None,
        }
    }
}

/// The time that has to pass before another attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryWait {
    /// From the decline on.
    pub time: SignedDuration,
    /// Whether the scheme stated it. Only such a time forbids an attempt; others advise.
    pub is_stated: bool,
}

/// The rule that a decline puts on further attempts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryRule {
    pub class: RetryClass,
    /// Of [`RetryClass::Wait`].
    pub wait: Option<RetryWait>,
}

impl RetryRule {
    /// A rule without a time.
    pub const fn new(class: RetryClass) -> Self {
        Self { class, wait: None }
    }

    /// A time that the scheme stated, or that usually helps.
    pub const fn wait(time: SignedDuration, is_stated: bool) -> Self {
        Self { class: RetryClass::Wait, wait: Some(RetryWait { time, is_stated }) }
    }

    /// Whether it forbids attempts beyond the order that it came in, so that the card's notes keep
    /// it.
    pub fn is_of_card(self) -> bool {
        match self.class {
            RetryClass::Never | RetryClass::StopSeries => true,
            RetryClass::Wait => self.wait.is_some_and(|wait| wait.is_stated),
            RetryClass::Drop | RetryClass::Fix | RetryClass::Issuer | RetryClass::Setup => false,
        }
    }
}

/// A code of a scheme with its text, as the gateway states them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemeCode {
    pub code: String,
    /// For people; changes without notice.
    pub text: Option<String>,
}

impl SchemeCode {
    /// A code as it is kept, if there is one.
    pub fn stated(code: Option<&str>, text: Option<&str>) -> Option<Self> {
        let code: String = code?.split_whitespace().collect();
        let code = clean_text(&code, CODE_MAX_CHARS);
        let text = text.map(|text| clean_text(text, SCHEME_TEXT_MAX_CHARS)).filter(|text| !text.is_empty());
        (!code.is_empty()).then_some(Self { code, text })
    }
}

/// The card scheme's words about a decline, as the gateway states them. Unknown codes are kept, and
/// mean nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SchemeWords {
    /// The scheme's advice to the merchant.
    pub advice: Option<SchemeCode>,
    /// The scheme's own response code.
    pub response: Option<SchemeCode>,
    /// Visa's category.
    pub category: Option<SchemeCode>,
}

impl SchemeWords {
    /// Leaves the codes alone.
    pub fn forget_texts(&mut self) {
        for stated in [&mut self.advice, &mut self.response, &mut self.category].into_iter().flatten() {
            stated.text = None;
        }
    }

    /// Whether the gateway stated none.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_kept_as_stated_in_few_characters_and_never_with_a_card_number() {
        let stated = |code, text| SchemeCode::stated(code, text);
        assert_eq!(stated(None, Some("Account closed")), None);
        assert_eq!(stated(Some(" "), None), None);
        let kept = stated(Some(" 03 "), Some("Account closed")).unwrap();
        assert_eq!((kept.code.as_str(), kept.text.as_deref()), ("03", Some("Account closed")));
        let long = stated(Some("4111111111111111"), Some("card 4111111111111111")).unwrap();
        assert!(long.code.chars().count() <= CODE_MAX_CHARS, "{long:?}");
        assert!(!long.text.unwrap().contains("4111111111111111"));
    }

    #[test]
    fn only_rules_beyond_the_order_are_the_cards() {
        let of_card: Vec<_> =
            RetryClass::ALL.iter().filter(|class| RetryRule::new(**class).is_of_card()).collect();
        assert_eq!(of_card, [&RetryClass::Never, &RetryClass::StopSeries]);
        assert!(RetryRule::wait(SignedDuration::from_hours(72), true).is_of_card());
        assert!(!RetryRule::wait(SignedDuration::from_hours(24), false).is_of_card());
    }

    #[test]
    fn what_forbids_for_good_says_not_to_retry_and_of_what() {
        for &class in RetryClass::ALL {
            assert_eq!(class.scope().is_some(), class.advice() == Advice::Never, "{class:?}");
        }
    }
}

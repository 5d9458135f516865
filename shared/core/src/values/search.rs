//! Search terms of payments, besides the gateway's data: texts of the merchant's own and of its
//! customers.

use std::fmt;

use serde::Deserialize;
use thiserror::Error;

use super::{TextUse, Unkeepable, check_kept};
use crate::words;

/// Longest text that is looked for, in characters. No text that payments are found by is longer.
const TEXT_MAX: usize = 255;

/// A text that payments are found by, in the form in which it is compared. `Debug` does not show
/// it: it may say who paid.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SearchTerm {
    by: SearchBy,
    text: String,
}

words! {
    /// The kind of such a text. The word is its name in filters.
    #[derive(PartialOrd, Ord, Hash)]
    pub enum SearchBy {
        /// A reference of the merchant's own.
        Reference => "custom_reference",
        /// The merchant's reference of a customer.
        Customer => "customer_id",
        /// A customer's e-mail address.
        Email => "customer_email",
    }
}

/// Why payments cannot be looked for by a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum InvalidSearch {
    /// There is nothing to compare with.
    #[error("is blank")]
    Blank,
    /// No payment can have it.
    #[error("is longer than {TEXT_MAX} characters")]
    TooLong,
    /// No payment can have it, and it would be repeated in the links of a list.
    #[error(transparent)]
    Unkeepable(#[from] Unkeepable),
}

/// The kinds of text by which a merchant's payments are found, besides the gateway's data. Both are
/// the merchant's choice, and cost. A misspelled member of a document would leave one off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SearchedBy {
    /// By the merchant's own references.
    pub references: bool,
    /// By customers' references and e-mail addresses.
    pub customers: bool,
}

impl SearchedBy {
    /// Whether payments are found by texts of this kind.
    pub fn has(self, by: SearchBy) -> bool {
        if by.is_personal() { self.customers } else { self.references }
    }
}

impl SearchBy {
    /// Whether it says who paid.
    pub fn is_personal(self) -> bool {
        match self {
            Self::Reference => false,
            Self::Customer | Self::Email => true,
        }
    }

    /// The member of a merchant's document that switches it on.
    pub fn switch(self) -> &'static str {
        if self.is_personal() { "search.customers" } else { "search.references" }
    }
}

impl SearchTerm {
    /// A text as it is compared: without space around it, and except for a customer's reference,
    /// which a program states, without capitals. None for a blank one.
    pub fn new(by: SearchBy, text: &str) -> Option<Self> {
        let text = text.trim();
        let text = if by == SearchBy::Customer { text.to_owned() } else { text.to_lowercase() };
        (!text.is_empty()).then_some(Self { by, text })
    }

    /// A text to look for, as a caller states it.
    pub fn stated(by: SearchBy, text: &str) -> Result<Self, InvalidSearch> {
        if text.chars().count() > TEXT_MAX {
            return Err(InvalidSearch::TooLong);
        }
        check_kept(text, TextUse::Reference)?;
        Self::new(by, text).ok_or(InvalidSearch::Blank)
    }

    /// The kind of the text.
    pub fn by(&self) -> SearchBy {
        self.by
    }

    pub fn text(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for SearchTerm {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SearchTerm({})", self.by.as_str())
    }
}

/// Stands for such a text where payments are found by it: a MAC, so that a reader of the table
/// cannot tell the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SearchKey(u128);

impl SearchKey {
    /// The first 16 bytes of a MAC, as a number.
    pub fn new(mac: u128) -> Self {
        Self(mac)
    }
}

impl fmt::Display for SearchKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:032x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_compared_without_space_around_it_and_one_that_people_type_without_capitals() {
        let text = |by, text| SearchTerm::new(by, text).map(|term| term.text().to_owned());
        for (by, stated, compared) in [
            (SearchBy::Reference, " Invoice 7\t", Some("invoice 7")),
            (SearchBy::Customer, "Anna", Some("Anna")),
            (SearchBy::Email, " Anna.\u{c9}\u{df}@Shop.Example ", Some("anna.\u{e9}\u{df}@shop.example")),
            (SearchBy::Email, " \u{a0}", None),
            (SearchBy::Reference, "", None),
        ] {
            assert_eq!(text(by, stated).as_deref(), compared, "{stated}");
        }
    }

    #[test]
    fn what_no_payment_can_have_is_not_looked_for() {
        let long = "\u{e9}".repeat(TEXT_MAX);
        for (stated, expected) in [
            ("7", None),
            (long.as_str(), None),
            (&format!("{long}7"), Some(InvalidSearch::TooLong)),
            (" \t", Some(InvalidSearch::Blank)),
            ("4111 1111 1111 1111", Some(InvalidSearch::Unkeepable(Unkeepable::CardNumber))),
            ("7\u{202e}8", Some(InvalidSearch::Unkeepable(Unkeepable::Hidden))),
        ] {
            assert_eq!(SearchTerm::stated(SearchBy::Reference, stated).err(), expected, "{stated}");
        }
    }

    #[test]
    fn a_text_that_payments_are_found_by_is_not_shown_where_things_are_logged() {
        let term = SearchTerm::new(SearchBy::Email, "anna@shop.example").unwrap();
        assert_eq!(format!("{term:?}"), "SearchTerm(customer_email)");
    }

    #[test]
    fn each_kind_of_text_needs_its_own_switch() {
        let (references, customers) = (
            SearchedBy { references: true, ..SearchedBy::default() },
            SearchedBy { customers: true, ..SearchedBy::default() },
        );
        for (by, of_references) in
            [(SearchBy::Reference, true), (SearchBy::Customer, false), (SearchBy::Email, false)]
        {
            assert_eq!((references.has(by), customers.has(by)), (of_references, !of_references), "{by:?}");
            assert!(!SearchedBy::default().has(by), "{by:?}");
        }
        assert_eq!(SearchKey::new(10).to_string(), "0000000000000000000000000000000a");
    }
}

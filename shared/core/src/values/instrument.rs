//! The means of payment, as far as it may be stored.

use super::CardSummary;

/// The means of payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Instrument {
    /// A credit or debit card, without its number.
    Card(CardSummary),
    /// One that only a newer version knows. Its possible uses are not known either, so no rule
    /// touches its payment.
    Unrecognized,
}

impl Instrument {
    /// The card, if it is one.
    pub fn card(&self) -> Option<&CardSummary> {
        if let Self::Card(card) = self { Some(card) } else { None }
    }

    /// The card, to add newly learned data.
    pub fn card_mut(&mut self) -> Option<&mut CardSummary> {
        if let Self::Card(card) = self { Some(card) } else { None }
    }
}

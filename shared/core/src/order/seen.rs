//! Concerns that a person has seen: they leave the list of payments that need attention, until a
//! later fact of the same kind brings them back.

use jiff::Timestamp;

use crate::{order::Attribution, values::Carried, words};

/// How often an order keeps that a concern was seen, over all its payments: an order is one item
/// of limited size. Further concerns only fade.
pub const SEEN_MAX: usize = 20;

words! {
    /// The concerns that fade, and so can be seen. No other has a form in which that could be kept:
    /// a doubt stays until it is decided.
    pub enum FadingConcern {
        /// The scheduled capture did not happen, and its authorization has lapsed.
        CaptureSkipped => "capture_skipped",
        /// The payment is voided at the gateway, and Tollgate did not void it.
        VoidedElsewhere => "voided_elsewhere",
        /// The settlement refused an approved operation.
        SettlementRejected => "settlement_rejected",
        /// The cardholder's bank took money back.
        Disputed => "disputed",
        /// One chargeback or reversal may correct another.
        DisputeUnclear => "dispute_unclear",
        /// Elastic Path shows the payment otherwise than it is.
        ShopDiffers => "elastic_path_differs",
        /// Elastic Path shows a payment that Tollgate did not record.
        ForeignPayment => "elastic_path_foreign_payment",
        _ => Unrecognized,
    }
}

/// The facts behind a concern, as far as a person has seen them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeenFacts {
    /// How many there are. Two can have the same time.
    pub count: u32,
    /// The time of the latest one.
    pub latest: Timestamp,
}

/// A person's statement of having seen a concern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub concern: FadingConcern,
    /// With any other facts, the concern is back.
    pub facts: SeenFacts,
    /// When it was stated.
    pub at: Timestamp,
    /// Who stated it and why.
    pub by: Option<Box<Attribution>>,
    /// Data that a newer version stored with it.
    pub carried: Carried,
}

//! Which way a transaction's money goes, and where it is on its way to settlement.

use serde::{Deserialize, Serialize};

/// Which way the money goes.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum RecordKind {
    /// An authorization, a sale or a verification.
    Payment,
    /// A refund of a payment, with an order id of its own or the payment's.
    Refund,
}

impl RecordKind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Payment => "auth",
            Self::Refund => "refund",
        }
    }
}

/// Where a transaction is on its way to settlement.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum RecordState {
    /// Approved and not captured, so that it holds money.
    Authorized,
    /// Captured, or a refund; waits for its batch.
    Queued,
    /// The batch is on its way; nothing can be changed any more, and nothing refunded yet.
    BatchSent,
    /// Its batch was sent, and it was accepted for funding.
    Accepted,
    /// Its batch was sent, and it was rejected for funding.
    Rejected,
    /// Its batch was sent, and it is held because of its amount.
    UnderReview,
    /// Not transmitted: invalid order or item data.
    FormatError,
    /// Not settled: the token could not be decrypted.
    TokenDecrypt,
    /// Voided before its batch was sent.
    Voided,
    /// Declined or timed out.
    Declined,
    /// A verification of 0.00.
    ZeroAmount,
}

impl RecordState {
    /// Whether a record in this state takes money, or gives it back. One that is under review does
    /// until the review says otherwise.
    pub fn moves_money(self) -> bool {
        match self {
            Self::Queued | Self::BatchSent | Self::Accepted | Self::UnderReview => true,
            Self::Authorized
            | Self::Rejected
            | Self::FormatError
            | Self::TokenDecrypt
            | Self::Voided
            | Self::Declined
            | Self::ZeroAmount => false,
        }
    }

    /// The value of `setlstat`. No source names one for a batch under way, so it stays as it was.
    pub(crate) fn setlstat(self) -> &'static str {
        match self {
            Self::Authorized => "Authorized",
            Self::Queued | Self::BatchSent => "Queued for Capture",
            Self::Accepted => "Accepted",
            Self::Rejected => "Rejected",
            Self::UnderReview => "Amount Under Review",
            Self::FormatError => "Format Error",
            Self::TokenDecrypt => "Token Decrypt",
            Self::Voided => "Voided",
            Self::Declined => "Declined",
            Self::ZeroAmount => "Zero Amount",
        }
    }
}

/// A `setlstat` that a test has chosen for a record.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum ShownSetlstat {
    /// This text, which may be empty.
    Text(String),
    /// The member is left out.
    Absent,
}

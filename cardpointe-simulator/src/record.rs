//! The ledger as tests read it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::state::{RecordKind, RecordState};

/// The cause of a record's change.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Origin {
    /// A request to the API.
    Request,
    /// A person in the portal.
    Portal,
    /// The batch run, which settles the transactions that wait for it.
    Settlement,
}

/// A record right after a change. The first one is its creation.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Change {
    /// When the change was made, by the simulator's clock.
    pub at: Timestamp,
    /// Whether a request, a person in the portal or the batch run made it.
    pub origin: Origin,
    /// Its state from then on.
    pub state: RecordState,
    /// Its amount from then on, its fee included, in minor units.
    pub minor_units: i64,
    /// How much of that is a surcharge.
    pub fee_minor_units: i64,
    pub refunded_minor_units: i64,
}

/// A transaction of the ledger: an authorization, sale or verification, or a refund.
///
/// This is the truth. The record that an inquiry shows can differ: see the settings.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Record {
    /// Which way its money goes.
    pub kind: RecordKind,
    /// Its reference, the `retref` of responses.
    pub retref: String,
    /// The order id that inquiries show; empty without one.
    pub order_id: String,
    /// The merchant account (MID) that it belongs to.
    pub merchid: String,
    /// The alphabetic code of its currency, ISO 4217.
    pub currency: String,
    /// The amount that it moves, its fee included, in minor units and never negative. 0 of a
    /// declined one; of one that timed out, the requested amount.
    pub minor_units: i64,
    /// How much of that is a surcharge, in minor units.
    pub fee_minor_units: i64,
    /// The most that a capture may take, a fee included, in minor units.
    pub authorized_minor_units: i64,
    /// The amount that approved refunds give back of this payment, fees included, in minor units.
    pub refunded_minor_units: i64,
    /// Where it is on its way to settlement.
    pub state: RecordState,
    /// Which system the response code is from.
    pub respproc: &'static str,
    /// The response code, as that system writes it.
    pub respcode: &'static str,
    /// A, B or C.
    pub respstat: &'static str,
    /// Of a refund: the payment's reference.
    pub refund_of: Option<String>,
    /// The token of the card, as responses show it.
    pub token: String,
    /// The batch that it is in, if it has one yet.
    pub batchid: Option<String>,
    /// Its whole life, oldest change first.
    pub history: Vec<Change>,
}

impl Record {
    /// 1 for a payment, -1 for a refund.
    pub fn sign(&self) -> i64 {
        match self.kind {
            RecordKind::Payment => 1,
            RecordKind::Refund => -1,
        }
    }

    /// The amount that the cardholder pays by this record in its current state, in minor units;
    /// negative for a refund. Holds, verifications, declined, voided and rejected records move
    /// nothing.
    pub fn moved_minor_units(&self) -> i64 {
        if self.state.moves_money() { self.sign() * self.minor_units } else { 0 }
    }

    /// The surcharge in the amount that it [moves](Self::moved_minor_units), with the same sign.
    pub fn moved_fee_minor_units(&self) -> i64 {
        if self.state.moves_money() { self.sign() * self.fee_minor_units } else { 0 }
    }
}

//! Open holds: by which authorizations that hold money are found. Each leads to the entry of its
//! payment's first fact, as pointers do, and goes when the money is captured, released or lapsed.
//!
//! They are written by the journal's consumer, off the payment's way, and say where to look; the
//! order decides.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::changes::is_held;
use crate::{
    journal::first_fact,
    order::{MerchantId, Order, OrderKey, Transaction},
};

/// How long after its end a hold is deleted at the latest, if its end did not delete it: longer
/// than the schedule takes to put an end on record.
const KEPT_AFTER_END: SignedDuration = SignedDuration::from_hours(14 * 24);

/// An authorization that holds money.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hold {
    /// The order that has it.
    pub order: OrderKey,
    /// Where the entry of the payment's first fact [sorts](crate::journal::Entry::sort).
    pub sort: String,
    /// When the authorization ends, as far as can be told.
    pub ends: Timestamp,
}

impl Hold {
    /// The open holds of an order. One whose end cannot be told has none.
    pub fn all(order: &Order) -> BTreeSet<Self> {
        let held = order.transactions.iter().filter(|transaction| is_held(transaction));
        held.filter_map(|transaction| Self::of(order, transaction)).collect()
    }

    fn of(order: &Order, transaction: &Transaction) -> Option<Self> {
        let ends = transaction.authorization_expires_at?;
        Some(Self { order: order.key(), sort: first_fact(order, transaction)?.sort(), ends })
    }

    pub fn merchant(&self) -> &MerchantId {
        &self.order.merchant
    }

    /// When it is deleted, if nothing ended it.
    pub fn expires(&self) -> Timestamp {
        self.ends.saturating_add(KEPT_AFTER_END).unwrap_or(self.ends)
    }
}

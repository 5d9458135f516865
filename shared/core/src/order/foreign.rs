//! Payments that an order's shop shows and that Tollgate did not record.
//!
//! An order's id and the shop's public client id are enough to record a payment by the shop's
//! manual gateway, which moves no money. So such a payment is part of no sum, and needs a person.

use jiff::Timestamp;

use super::{Kind, Order, ShopOrder, ShopTransaction, Transaction};
use crate::values::Amount;

/// Payments of others that a shop shows beside an order's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ForeignPayments {
    /// How many, with those that were given back since.
    pub count: u32,
    /// When the first one was found.
    pub since: Timestamp,
    /// When the latest one was found.
    pub latest: Timestamp,
}

impl ShopTransaction {
    /// Whether the payment in this row was given back.
    fn is_over(&self) -> bool {
        self.step == Some(Kind::Refund) || (self.refunded >= self.amount && !self.amount.is_zero())
    }

    fn is_beginning(&self) -> bool {
        self.step.is_some_and(Kind::is_payment)
    }
}

impl Transaction {
    /// The least that the shop shows because of it.
    fn least_at_shop(&self) -> Amount {
        let Some(told) = self.told().filter(|told| told.step != Kind::Refund) else { return Amount::ZERO };
        self.amount().checked_sub(told.refunded).unwrap_or(Amount::ZERO)
    }

    /// Whether a row of the shop is of this payment. Anyone can state its reference, so once the
    /// payment is on record there, another payment with it is not.
    fn is_shown_by(&self, row: &ShopTransaction) -> bool {
        let is_known = self.told().is_some_and(|told| told.id == row.id);
        let may_be_another = self.told().is_none_or(|told| told.is_twice || told.look_at.is_some());
        let is_named = self.is_of_shop() && row.has_reference_of(self);
        is_known || (is_named && (may_be_another || !row.is_beginning()))
    }

    /// Whether the shop has a row of its own for each step: it shows the payment as it began,
    /// although a later step is on record there.
    fn has_rows_of_steps(&self, shown: &[ShopTransaction]) -> bool {
        self.told().is_some_and(|told| {
            let has_more = !told.step.is_payment() || !told.refunded.is_zero();
            has_more && shown.iter().any(|row| row.id == told.id && row.is_beginning())
        })
    }
}

impl Order {
    /// Whether Tollgate recorded all that a shop shows. If not, the shop's transactions say why.
    pub(crate) fn explains(&self, there: &ShopOrder) -> bool {
        there.settled <= Amount::sum(self.transactions.iter().map(Transaction::least_at_shop))
    }

    /// Puts on record how many of the shop's payments are none of the order's own. False where that
    /// is known.
    pub(crate) fn note_foreign(&mut self, shown: &[ShopTransaction], now: Timestamp) -> bool {
        let has_steps = self.transactions.iter().any(|own| own.has_rows_of_steps(shown));
        let is_foreign = |row: &&ShopTransaction| {
            let is_own = self.transactions.iter().any(|own| own.is_shown_by(row));
            // The row of a step may have lost its reference.
            let is_step = has_steps && !row.is_beginning();
            !row.is_failed && !is_own && !is_step
        };
        let foreign = shown.iter().filter(is_foreign);
        let stands = foreign.clone().any(|row| !row.is_over());
        let count = u32::try_from(foreign.count()).unwrap_or(u32::MAX);
        let before = self.foreign;
        self.foreign = stands.then(|| match before {
            Some(before) if count <= before.count => before,
            _ => ForeignPayments { count, since: before.map_or(now, |before| before.since), latest: now },
        });
        let is_new = self.foreign != before;
        if is_new {
            self.updated_at = now;
        }
        is_new
    }
}

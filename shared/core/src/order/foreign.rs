//! Payments that an order's shop shows and that Tollgate did not record.
//!
//! An order's id and the shop's public client id are enough to record a payment by the shop's
//! manual gateway, which moves no money. So such a payment is part of no sum, and needs a person.
//! Payments by the shop's other gateways are its own, as long as they fit into the order's total.

use jiff::Timestamp;

use super::{Kind, Order, RowStatus, ShopOrder, ShopTransaction, Transaction};
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

/// The sums of others' payments that a shop shows, where they are more than the order's own ones
/// leave of its total.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PaidElsewhere {
    pub paid: Amount,
    pub given_back: Amount,
    /// How many rows the shop listed, of whomever. A list with fewer is late.
    pub rows: u32,
    /// When it became too much.
    pub since: Timestamp,
}

impl PaidElsewhere {
    fn left(self) -> Amount {
        self.paid.checked_sub(self.given_back).unwrap_or(Amount::ZERO)
    }

    /// The sums of rows. Where each step has a row of its own, a capture is of a payment of its
    /// amount, and a refund of one of its amount at least.
    fn of(rows: &[&ShopTransaction], listed: usize, now: Timestamp) -> Self {
        let (beginnings, later): (Vec<&ShopTransaction>, Vec<_>) =
            rows.iter().partition(|row| row.is_beginning());
        let is_further = |row: &ShopTransaction| {
            let mut earlier = beginnings.iter();
            row.is_later_step()
                && earlier.any(|first| match row.step {
                    Some(Kind::Capture) => first.amount == row.amount,
                    _ => first.amount >= row.amount,
                })
        };
        let (further, changed): (Vec<&ShopTransaction>, Vec<_>) =
            later.into_iter().partition(|row| is_further(row));
        let payments = beginnings.iter().chain(&changed);
        let refunds = further.iter().filter(|row| row.step == Some(Kind::Refund)).map(|row| row.amount);
        Self {
            paid: Amount::sum(payments.clone().map(|row| row.amount)),
            given_back: Amount::sum(payments.map(|row| row.given_back()).chain(refunds)),
            rows: u32::try_from(listed).unwrap_or(u32::MAX),
            since: now,
        }
    }
}

impl Order {
    /// Whether a change of the order in its shop can only be read from its rows: Tollgate has
    /// payments there, of which a part may be given back, or others paid.
    pub(crate) fn needs_rows(&self, there: &ShopOrder) -> bool {
        let is_of_shop = self.transactions.iter().any(Transaction::is_of_shop);
        is_of_shop || self.foreign.is_some() || !there.settled.is_zero()
    }

    /// Puts on record how many of the shop's payments are none of the order's own, and whether they
    /// are too much. Nothing is shipped of a canceled order.
    pub(super) fn note_others(&mut self, rows: &[ShopTransaction], is_cancelled: bool, now: Timestamp) {
        let others = self.rows_of_others(rows);
        let foreign: Vec<_> = others.iter().filter(|row| row.is_manual && !is_cancelled).collect();
        let stands = foreign.iter().any(|row| !row.is_over());
        let count = u32::try_from(foreign.len()).unwrap_or(u32::MAX);
        let before = self.foreign;
        self.foreign = stands.then(|| match before {
            Some(before) if count <= before.count => before,
            _ => ForeignPayments { count, since: before.map_or(now, |before| before.since), latest: now },
        });
        if self.foreign != before {
            self.updated_at = now;
        }
        let paid: Vec<_> = others.into_iter().filter(|row| row.status != RowStatus::Pending).collect();
        self.note_elsewhere(PaidElsewhere::of(&paid, rows.len(), now));
    }

    fn note_elsewhere(&mut self, shown: PaidElsewhere) {
        let is_overpaid = self.is_overpaid_by(shown);
        self.elsewhere = match self.elsewhere {
            None => is_overpaid.then_some(shown),
            Some(known) if shown.rows < known.rows => Some(known),
            Some(known) => {
                let is_same = shown.paid == known.paid;
                let back = if is_same { shown.given_back.max(known.given_back) } else { shown.given_back };
                let since = if self.is_overpaid_by(known) { known.since } else { shown.since };
                Some(PaidElsewhere { given_back: back, since, ..shown })
            }
        };
    }

    /// Whether the order's own payments and these are more than its total, less refunds.
    fn is_overpaid_by(&self, others: PaidElsewhere) -> bool {
        let own = Amount::sum(self.transactions.iter().map(Transaction::left_here_and_there));
        let has_both = !own.is_zero() && !others.left().is_zero();
        has_both && self.total.is_some_and(|total| Amount::sum([own, others.left()]) > total)
    }

    /// Since when more than the order's total is paid there and here; none where it is not.
    pub(super) fn overpaid_since(&self) -> Option<Timestamp> {
        self.elsewhere.filter(|others| self.is_overpaid_by(*others)).map(|others| others.since)
    }

    /// The sum that others' rows show as paid, or as pending, as the order's sums have it.
    pub(super) fn paid_by_others(&self, rows: &[ShopTransaction], now: Timestamp) -> Amount {
        PaidElsewhere::of(&self.rows_of_others(rows), rows.len(), now).left()
    }
}

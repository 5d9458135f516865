//! A part of a list: its rows, and the items that cannot be read.

use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;

use super::moment_of;
use crate::{
    journal::{Concern, Concerned, UnreadableEntry, concerned},
    order::{Order, OrderId},
    payments::Unreadable,
};

/// A part of a list.
#[derive(Debug)]
pub struct Found<R = Row> {
    /// The rows; fewer than the limit, or none, does not mean that there are no more.
    pub rows: Vec<R>,
    /// Items that may belong to the list and cannot be read, in the same order. They count toward
    /// the limit.
    pub unreadable: Vec<BadRow>,
    /// Orders without a payment, in the list of payments that need attention.
    pub unpaid: Vec<UnpaidRow>,
    /// Where the next part begins; none at the end.
    pub next: Option<String>,
    /// When the newest entry of the range was decided, where a list of payments has read its end:
    /// so far has the journal come at least.
    pub newest: Option<Timestamp>,
    /// Bytes that were read at most.
    pub read_bytes: usize,
}

/// A transaction as it is now.
#[derive(Clone, Debug)]
pub struct Row {
    /// When its first fact was decided.
    pub at: Timestamp,
    /// The order in its current state, shared by its rows in this part.
    pub order: Arc<Order>,
    /// Which of its transactions.
    pub transaction: Uuid,
}

/// An order that has no payment and needs attention.
#[derive(Clone, Debug)]
pub struct UnpaidRow {
    pub order: Arc<Order>,
    pub concerned: Concerned,
}

/// An item that may belong to a list and cannot be shown, because its order or its entry cannot be
/// read. No predicate can be checked on it, so a list has it with any predicates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadRow {
    /// Where it would be listed; none for an order that is known from another index than the
    /// journal's only.
    pub at: Option<Timestamp>,
    /// The order, if it is known.
    pub order: Option<OrderId>,
    /// The transaction, if it is known.
    pub transaction: Option<Uuid>,
    /// The item that cannot be read: of the order, or of the journal's entry.
    pub item: Unreadable,
}

impl<R> Default for Found<R> {
    fn default() -> Self {
        let (rows, unreadable, unpaid) = (Vec::new(), Vec::new(), Vec::new());
        Self { rows, unreadable, unpaid, next: None, newest: None, read_bytes: 0 }
    }
}

impl<R> Found<R> {
    /// Rows of all kinds.
    pub(in crate::journal) fn shown(&self) -> usize {
        self.rows.len() + self.unreadable.len() + self.unpaid.len()
    }

    /// Adds an entry that cannot be read.
    pub(in crate::journal) fn add_bad_entry(&mut self, entry: UnreadableEntry) {
        let UnreadableEntry { sort, order, item } = entry;
        self.unreadable.push(BadRow { at: moment_of(&sort), order, transaction: None, item });
    }

    /// Adds an order that cannot be read.
    pub(in crate::journal) fn add_bad_order(&mut self, order: Option<OrderId>, item: Unreadable) {
        self.unreadable.push(BadRow { at: None, order, transaction: None, item });
    }
}

impl Row {
    /// The concerns that a person has to look at.
    pub fn concerns(&self, now: Timestamp) -> Vec<Concern> {
        self.concerned(now).into_iter().map(|one| one.concern).collect()
    }

    /// The same, each with since when.
    pub fn concerned(&self, now: Timestamp) -> Vec<Concerned> {
        let transaction = self.order.transaction(self.transaction);
        transaction.map(|transaction| concerned(&self.order, transaction, now)).unwrap_or_default()
    }
}

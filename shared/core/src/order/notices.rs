//! Notices to the merchant about what it may have to act on, put on record so that each is told once.

use jiff::Timestamp;

use super::{OperationRef, Order};
use crate::order::{NoticeReason, Operation, Stage, Transaction};

/// Notices of one order, over all its operations. An operation has one or two, and another one or two for each attempt
/// that stays in doubt.
pub const NOTICES_MAX: usize = 50;

impl Order {
    /// How many operations have been in doubt for so long that a person has to look: for a day, or for three where the
    /// settlement is under review. The merchant was notified of each.
    pub fn needs_attention(&self) -> usize {
        let is_told = |operation: &Operation| {
            [NoticeReason::InDoubtDay, NoticeReason::UnderReview]
                .into_iter()
                .any(|reason| operation.is_notified(reason))
        };
        self.operations().filter(|(_, operation)| operation.is(Stage::Pending) && is_told(operation)).count()
    }

    /// Puts on record that the merchant is notified of an operation. None when it was before, about the same attempt, or
    /// when the order has no room for another notice.
    pub fn notify(&mut self, at: OperationRef, reason: NoticeReason, now: Timestamp) -> Option<()> {
        let kept: usize = self.operations().map(|(_, operation)| operation.notices.len()).sum();
        let operation = self.operation_mut(at).filter(|operation| !operation.is_notified(reason))?;
        if kept >= NOTICES_MAX {
            return None;
        }
        operation.notify(reason, now);
        Some(())
    }

    /// Puts on record that authorizations are about to end while captures of them are due, which are held back. None
    /// when nothing of this is new.
    pub(crate) fn notify_of_held_back(&mut self, now: Timestamp) -> Option<()> {
        let ending = self.transactions.iter().filter(|transaction| {
            transaction.is_due_for_capture(now)
                && transaction.is_expiring(now)
                && !transaction.has_expired(now)
        });
        // What is held back need not have an operation of its own yet.
        let first = |transaction: &Transaction| {
            let operation = transaction.operations.first()?.id;
            Some(OperationRef { transaction: transaction.id, operation })
        };
        let ending: Vec<OperationRef> = ending.filter_map(first).collect();
        let told =
            ending.into_iter().filter_map(|at| self.notify(at, NoticeReason::AuthorizationEnding, now));
        (told.count() > 0).then_some(())
    }

    /// The last chance of a scheduled capture is over, and its authorization is not: a person can still act.
    pub(super) fn notify_of_ending(&mut self, at: OperationRef, now: Timestamp) {
        let transaction = self.transaction(at.transaction);
        let is_ending = transaction.is_some_and(|transaction| {
            let own = |capture: &Operation| capture.id == at.operation;
            transaction.scheduled_capture().is_some_and(own) && transaction.ends_uncaptured()
        });
        if is_ending {
            self.notify(at, NoticeReason::AuthorizationEnding, now);
        }
    }
}

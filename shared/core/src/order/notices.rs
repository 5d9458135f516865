//! Notices of events that the merchant may have to act on, put on record so that each is told once.
//!
//! Passing time changes no item, so `reconcile` records a notice with the operation, at an inquiry
//! that it sends anyway. Notices change no money and are not in the journal.

use jiff::Timestamp;
use uuid::Uuid;

use super::{OperationRef, Order};
use crate::order::{IN_DOUBT_TOO_LONG, NoticeReason, Operation, Transaction};

/// Notices of one order, over all its operations. An operation has one or two, and another one or
/// two for each attempt that stays in doubt.
pub const NOTICES_MAX: usize = 50;

impl Order {
    /// From when on a person has to look, because an operation has been in doubt for too long. None
    /// while nothing is in doubt on record.
    pub fn needs_attention_from(&self) -> Option<Timestamp> {
        let in_doubt = self.transactions.iter().filter(|transaction| transaction.is_doubt_recorded());
        in_doubt.filter_map(Transaction::in_doubt_too_long_from).min()
    }

    /// Puts on record that the merchant is notified of an operation. False when it was before,
    /// about the same attempt, or when the order has no room for another notice.
    pub fn notify(&mut self, at: OperationRef, reason: NoticeReason, now: Timestamp) -> bool {
        let kept: usize = self.operations().map(|(_, operation)| operation.notices.len()).sum();
        match self.operation_mut(at).filter(|operation| !operation.is_notified(reason)) {
            Some(operation) if kept < NOTICES_MAX => {
                operation.notify(reason, now);
                true
            }
            _ => false,
        }
    }

    /// Puts on record that authorizations are about to end whose captures are held back: of the
    /// whole order, or those that are due. False when nothing of this is new.
    pub(crate) fn notify_of_held_back(&mut self, now: Timestamp) -> bool {
        let is_paused = self.captures_paused().is_some();
        let ending = self.transactions.iter().filter(|transaction| {
            (transaction.is_due_for_capture(now) || is_paused && transaction.waits_for_schedule())
                && transaction.is_expiring(now)
                && !transaction.has_expired(now)
        });
        let ending: Vec<Uuid> = ending.map(|transaction| transaction.id).collect();
        ending.into_iter().filter(|id| self.notify_of_last_day(*id, now)).count() > 0
    }

    /// Puts on record that an authorization is about to end, with its first operation: no other has
    /// begun. False when the merchant was told before.
    pub(super) fn notify_of_last_day(&mut self, id: Uuid, now: Timestamp) -> bool {
        let transaction = self.transaction(id).filter(|transaction| !transaction.is_told_of_ending());
        let first = transaction.and_then(Transaction::first).map(|first| first.id);
        first.is_some_and(|operation| {
            let at = OperationRef { transaction: id, operation };
            self.notify(at, NoticeReason::AuthorizationEnding, now)
        })
    }

    /// The last chance of a scheduled capture is over, and its authorization is not: a person can
    /// still act.
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

impl Transaction {
    /// From when on its operation is in doubt for too long, if one is pending.
    pub fn in_doubt_too_long_from(&self) -> Option<Timestamp> {
        self.pending()?.attempt.at.checked_add(IN_DOUBT_TOO_LONG).ok()
    }

    /// Whether it is in doubt, and that is on record: a response is missing, or an inquiry decided
    /// nothing. An operation under way is not: nearly all are decided by the write that comes next,
    /// and each would enter an index and leave it.
    pub fn is_doubt_recorded(&self) -> bool {
        let pending = self.pending().and_then(|operation| operation.pending());
        pending.is_some_and(|pending| pending.doubt.is_some() || pending.inquiries > 0)
    }

    /// Whether the merchant was notified that its authorization ends.
    pub fn is_told_of_ending(&self) -> bool {
        self.operations.iter().any(|operation| operation.is_notified(NoticeReason::AuthorizationEnding))
    }
}

//! How much one order may hold. An order is one item of at most 400 KB, and an outcome must always
//! fit.

use super::{Order, Pay, Rejection};
use crate::order::{Principal, Transaction, TransactionStatus};

/// Payments of one order.
pub const TRANSACTIONS_MAX: usize = 50;

/// Failed attempts of shoppers on one order, which count toward no other limit: a stranger cannot
/// fill an order that is not theirs.
pub const SHOPPER_FAILURES_MAX: usize = 50;

/// Operations of one order, over all its payments.
pub const OPERATIONS_MAX: usize = 200;

/// Decisions of one order that no longer stand, over all its operations. Only an operation that is
/// retried again and again, and fails in different ways, has more than one or two.
pub const SUPERSEDED_MAX: usize = 100;

/// Bytes of the merchant's own texts about the payments of one order, without shoppers' failed
/// attempts; those of shoppers count toward the next shopper's. One payment has at most about
/// 5,000, and most have a few dozen.
pub const REFERENCES_MAX_BYTES: usize = 32 * 1024;

/// Most attempts of one operation that were abandoned and may still surface: each takes an inquiry
/// of its own.
pub(super) const ABANDONED_MAX: usize = 10;

/// Most attempts of one operation that were refused without proof and are looked for once more.
const LOOK_AGAIN_MAX: usize = 500;

/// Operations kept free for each payment that can still be voided or refunded in full: a refund
/// that comes too early takes two, itself and the void in its place.
const RESERVE_PER_OPEN_TRANSACTION: usize = 2;

impl Order {
    /// Whether a new payment fits, together with all that may have to follow it.
    pub(super) fn check_payment_fits(&self, by: Principal) -> Result<(), Rejection> {
        let failures = self.transactions.iter().filter(|t| is_shoppers_failure(t)).count();
        if by == Principal::Implicit && failures >= SHOPPER_FAILURES_MAX {
            return Err(Rejection::TooManyAttempts);
        }
        if self.transactions.len() - failures >= TRANSACTIONS_MAX {
            return Err(Rejection::TooManyTransactions);
        }
        self.check_fits(1, self.reserve() + RESERVE_PER_OPEN_TRANSACTION)
    }

    /// Whether a new payment's texts fit beside those of the others.
    pub(super) fn check_payment_says_little(&self, pay: &Pay, by: Principal) -> Result<(), Rejection> {
        if self.has_room_to_say(pay.references.bytes(), by) {
            Ok(())
        } else {
            Err(Rejection::TooManyTransactions)
        }
    }

    /// Whether so many bytes more of the merchant's own texts fit.
    pub(super) fn has_room_to_say(&self, bytes: usize, by: Principal) -> bool {
        let counted =
            self.transactions.iter().filter(|t| by == Principal::Implicit || !is_shoppers_failure(t));
        bytes == 0 || counted.map(said).sum::<usize>() + bytes <= REFERENCES_MAX_BYTES
    }

    /// Whether an operation fits that leaves its payment open: a capture, a partial refund.
    pub(super) fn check_step_fits(&self) -> Result<(), Rejection> {
        self.check_fits(1, self.reserve())
    }

    /// Whether an operation fits that closes its payment: it may use the places kept free for it.
    pub(super) fn check_closing_fits(&self) -> Result<(), Rejection> {
        self.check_fits(
            RESERVE_PER_OPEN_TRANSACTION,
            self.reserve().saturating_sub(RESERVE_PER_OPEN_TRANSACTION),
        )
    }

    /// Whether an operation can be retried: its earlier decisions are kept.
    pub(super) fn check_retry_fits(&self) -> Result<(), Rejection> {
        let kept: usize = self.operations().map(|(_, operation)| operation.superseded.len()).sum();
        let is_full = self.operations().any(|(_, operation)| operation.look_again.len() >= LOOK_AGAIN_MAX);
        if kept >= SUPERSEDED_MAX || is_full { Err(Rejection::TooManyOperations) } else { Ok(()) }
    }

    fn reserve(&self) -> usize {
        self.transactions.iter().filter(|t| t.is_open()).count() * RESERVE_PER_OPEN_TRANSACTION
    }

    fn check_fits(&self, operations: usize, kept_free: usize) -> Result<(), Rejection> {
        let counted = self.operations().filter(|(transaction, _)| !is_shoppers_failure(transaction)).count();
        if counted + operations + kept_free > OPERATIONS_MAX {
            return Err(Rejection::TooManyOperations);
        }
        Ok(())
    }
}

/// Bytes of the merchant's own texts about a payment, its captures included.
fn said(transaction: &Transaction) -> usize {
    let captures = transaction.operations.iter().filter_map(|operation| operation.custom_reference.as_ref());
    transaction.references.bytes() + captures.map(String::len).sum::<usize>()
}

fn is_shoppers_failure(transaction: &Transaction) -> bool {
    transaction.by == Principal::Implicit && transaction.status() == TransactionStatus::Failed
}

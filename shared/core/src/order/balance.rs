//! The sums of an order's payments: how far it is paid, and the amount owing.
//!
//! A canceled payment counts as unpaid in its transaction and in its order, so that both sums
//! agree. The amount that a cancel without reopening closes is neither owing nor paid.

use super::Order;
use crate::{
    order::{PaymentKind, Transaction},
    values::Amount,
    words,
};

/// Sums over an order's payments, in minor units of its currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Balance {
    /// Held by authorizations that stand, and reserved by authorizations whose outcome is not
    /// known.
    pub authorized: Amount,
    /// Taken by captures and purchases. A refund does not lower it, so it never reopens the amount
    /// owing.
    pub paid: Amount,
    /// Reserved by purchases whose outcome is not known.
    pub pending: Amount,
    /// Refunded, in full or in part.
    pub returned: Amount,
    /// Canceled for good: it does not become owing again.
    pub closed: Amount,
}

impl Balance {
    /// The part of the order's total that its payments have used up.
    pub fn committed(self) -> Amount {
        Amount::sum([self.in_effect(), self.closed])
    }

    /// The part that is held or taken, or may be.
    fn in_effect(self) -> Amount {
        Amount::sum([self.authorized, self.paid, self.pending])
    }
}

words! {
    /// How far an order is paid, as `docs/api.md` has it.
    pub enum PaymentStatus {
        /// No payment has completed.
        Unpaid => "unpaid",
        /// Something is held, something is still owing.
        PartiallyAuthorized => "partially_authorized",
        /// All is covered, at least one part is only held.
        Authorized => "authorized",
        /// Something is taken, something is still owing.
        PartiallyPaid => "partially_paid",
        /// The total is taken.
        Paid => "paid",
        /// All that was taken was given back.
        Refunded => "refunded",
    }
}

impl Balance {
    fn sum(shares: impl Iterator<Item = Self>) -> Self {
        shares.fold(Self::default(), |sum, share| Self {
            authorized: Amount::sum([sum.authorized, share.authorized]),
            paid: Amount::sum([sum.paid, share.paid]),
            pending: Amount::sum([sum.pending, share.pending]),
            returned: Amount::sum([sum.returned, share.returned]),
            closed: Amount::sum([sum.closed, share.closed]),
        })
    }
}

/// One payment's share of the sums.
fn share(transaction: &Transaction) -> Balance {
    let none = Balance::default();
    let captured = transaction.captured();
    if !captured.is_zero() {
        return Balance { paid: captured, returned: transaction.refunded(), ..none };
    }
    match transaction.kind {
        // A pending operation on a payment reserves its whole amount: its outcome is not known yet.
        _ if !transaction.status().may_be_in_effect() => Balance { closed: transaction.closed(), ..none },
        PaymentKind::Authorize => Balance { authorized: transaction.amount(), ..none },
        PaymentKind::Purchase | PaymentKind::Unrecognized => {
            Balance { pending: transaction.amount(), ..none }
        }
    }
}

impl Transaction {
    /// The part of the order's total that it holds or has taken, or may.
    pub(super) fn in_effect(&self) -> Amount {
        share(self).in_effect()
    }
}

impl Order {
    /// The sums of the payments.
    pub fn balance(&self) -> Balance {
        Balance::sum(self.transactions.iter().map(share))
    }

    /// The amount still to be paid; none when the merchant keeps the total.
    pub fn owing(&self) -> Option<Amount> {
        let total = self.total?;
        Some(total.checked_sub(self.balance().committed()).unwrap_or(Amount::ZERO))
    }

    /// How far the order is paid. Only completed payments count here; a pending one leaves the
    /// order as it was.
    pub fn payment(&self) -> PaymentStatus {
        let completed = |transaction: &&Transaction| transaction.began() && !transaction.must_not_stand();
        let done = Balance::sum(self.transactions.iter().filter(completed).map(share));
        let covered = Amount::sum([done.authorized, done.paid, done.closed]);
        let total = self.total.unwrap_or(covered);
        let kept = done.paid.checked_sub(done.returned).unwrap_or(Amount::ZERO);
        if covered.is_zero() {
            PaymentStatus::Unpaid
        } else if covered >= total && done.authorized.is_zero() && kept.is_zero() {
            PaymentStatus::Refunded
        } else if covered < total {
            if done.paid.is_zero() {
                PaymentStatus::PartiallyAuthorized
            } else {
                PaymentStatus::PartiallyPaid
            }
        } else if done.authorized.is_zero() {
            PaymentStatus::Paid
        } else {
            PaymentStatus::Authorized
        }
    }
}

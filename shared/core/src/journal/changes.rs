//! The changes that facts make: signed amounts, so that a sum over entries needs no rules.
//!
//! A fact's change is the difference that it makes to its transaction: the operations are replayed
//! through the same sums as everywhere else, in the order in which they were added, because the
//! clocks of two processes differ.

use jiff::Timestamp;

use super::fees;
use crate::{
    order::{Cause, Operation, PaymentKind, Stage, Superseded, Transaction},
    values::{Amount, Fee, SignedAmount},
};

/// The change of each balance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Held on cards, and neither taken nor released.
    pub held: SignedAmount,
    /// Taken, as the order counts it: a refund does not lower it.
    pub paid: SignedAmount,
    /// Given back, as the order counts it; also money that was only marked as refunded.
    pub returned: SignedAmount,
    /// Money at the gateway: taken for the merchant, less given back. Payments that do not stand
    /// and duplicates count until they are given back.
    pub gateway: SignedAmount,
    /// Fees at the gateway: taken beside the amounts, less given back. No other balance contains
    /// fees; a fee that is only held is not taken, and a duplicate's fees are not known.
    pub fees: SignedAmount,
    /// Taken back by issuers, less money that came back. No other balance contains it: it is money
    /// at the bank.
    pub disputed: SignedAmount,
}

impl Changes {
    /// The sums, or nothing if one is beyond 64 bits.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        Some(Self {
            held: self.held.checked_add(other.held)?,
            paid: self.paid.checked_add(other.paid)?,
            returned: self.returned.checked_add(other.returned)?,
            gateway: self.gateway.checked_add(other.gateway)?,
            fees: self.fees.checked_add(other.fees)?,
            disputed: self.disputed.checked_add(other.disputed)?,
        })
    }

    /// The sums of all, or nothing if one is beyond 64 bits.
    #[must_use]
    pub fn sum(all: impl IntoIterator<Item = Self>) -> Option<Self> {
        all.into_iter().try_fold(Self::default(), Self::checked_add)
    }
}

/// A transaction's balances, without pending operations, duplicates and chargebacks. The last two
/// have facts of their own.
#[derive(Clone, Copy, Default)]
pub(super) struct Balances {
    held: Amount,
    paid: Amount,
    returned: Amount,
    taken: Amount,
    given_back: Amount,
    fees_taken: Amount,
    fees_given_back: Amount,
}

impl Balances {
    pub(super) fn of(transaction: &Transaction) -> Self {
        let captured = transaction.captured();
        let unless = |is_none: bool, amount: Amount| if is_none { Amount::ZERO } else { amount };
        let voided = transaction.voided().is_some();
        Self {
            held: unless(!is_held(transaction), transaction.amount()),
            paid: captured,
            // As the order counts it: of a payment that took nothing, nothing was returned.
            returned: unless(captured.is_zero(), transaction.refunded()),
            taken: unless(voided, transaction.taken()),
            given_back: unless(voided, given_back(transaction)),
            fees_taken: unless(voided, fees::taken(transaction)),
            fees_given_back: unless(voided, fees::given_back(transaction)),
        }
    }

    /// The changes since earlier balances.
    pub(super) fn changes_since(self, before: Self) -> Changes {
        Changes {
            held: SignedAmount::net([self.held], [before.held]),
            paid: SignedAmount::net([self.paid], [before.paid]),
            returned: SignedAmount::net([self.returned], [before.returned]),
            gateway: SignedAmount::net([self.taken, before.given_back], [before.taken, self.given_back]),
            fees: SignedAmount::net(
                [self.fees_taken, before.fees_given_back],
                [before.fees_taken, self.fees_given_back],
            ),
            disputed: SignedAmount::ZERO,
        }
    }
}

/// Whether it holds money on a card, as far as is on record.
pub(super) fn is_held(transaction: &Transaction) -> bool {
    transaction.kind == PaymentKind::Authorize
        && transaction.began()
        && !transaction.must_not_stand()
        && transaction.voided().is_none()
        && transaction.captured().is_zero()
        && transaction.lapsed_at.is_none()
}

/// The sum of the refunds at the gateway.
fn given_back(transaction: &Transaction) -> Amount {
    Amount::sum(transaction.refunds_at_the_gateway().map(|refund| refund.amount))
}

/// The changes by a duplicate of a payment, if this is its amount: money for a purchase, a hold for
/// an authorization.
pub(super) fn duplicate(transaction: &Transaction, amount: SignedAmount) -> Changes {
    let gateway = if transaction.kind == PaymentKind::Purchase { amount } else { SignedAmount::ZERO };
    Changes { gateway, ..Changes::default() }
}

/// The changes by a refund's attempt that was done beside the one that counts.
pub(super) fn done_again(amount: Amount, fee: Option<Fee>) -> Changes {
    let fees = fee.map_or(Amount::ZERO, |fee| fee.amount).negative();
    Changes { gateway: amount.negative(), fees, ..Changes::default() }
}

/// Whether an approval was found after its operation had been given up or refused: a decision about
/// the same attempt no longer applies. Whether that one has been proven since does not count: an
/// entry never changes.
pub(super) fn is_late(operation: &Operation) -> bool {
    let gave_up = |earlier: &Superseded| {
        earlier.decision.as_ref().is_some_and(|decision| decision.stage() != Stage::Approved)
    };
    operation.is(Stage::Approved)
        && operation.superseded.iter().any(|one| one.attempt.id == operation.attempt.id && gave_up(one))
}

/// Whether an attempt succeeded after an earlier one of the same operation had not: other
/// operations may have come between.
fn is_another_attempt(operation: &Operation) -> bool {
    operation.superseded.iter().any(|earlier| earlier.attempt.id != operation.attempt.id)
}

/// The approved operations of a transaction, by their positions in the list, as they count.
///
/// They count in the order in which they were added, because a transaction has one pending
/// operation at a time and the clocks of two processes differ. Approvals found late, or from
/// another attempt, count after the operations decided by then; the payment comes first in any
/// case, because nothing follows it before it is approved.
fn as_they_count(operations: &[Operation]) -> Vec<usize> {
    let counts = |operation: &Operation| operation.is(Stage::Approved) && operation.cause != Cause::Duplicate;
    let mut order: Vec<(Timestamp, usize)> = Vec::new();
    let mut late: Vec<(Timestamp, usize)> = Vec::new();
    let mut latest = Timestamp::MIN;
    for (n, operation) in operations.iter().enumerate().filter(|(_, operation)| counts(operation)) {
        let at = operation.updated_at;
        if n > 0 && (is_late(operation) || is_another_attempt(operation)) {
            late.push((at, n));
        } else {
            latest = latest.max(at);
            order.push((latest, n));
        }
    }
    late.sort_unstable();
    for (at, n) in late {
        let is_before = |(by, other): &(Timestamp, usize)| {
            *other < n || (operations[*other].created_at < at && *by <= at)
        };
        let position = order.iter().rposition(is_before).map_or(0, |last| last + 1);
        order.insert(position, (at, n));
    }
    order.into_iter().map(|(_, n)| n).collect()
}

/// The changes by each approved operation of a transaction, by its position in the list: the
/// balances after the operation less those before. And the changes by the transaction's lapse.
pub(super) fn by_operation(transaction: &Transaction) -> (Vec<Changes>, Changes) {
    let operations = &transaction.operations;
    let mut changes = vec![Changes::default(); operations.len()];
    let mut of_lapse = Changes::default();
    let mut replayed = Transaction { lapsed_at: None, ..transaction.clone() };
    let mut counted = vec![false; operations.len()];
    let mut before = Balances::default();
    // A lapse is recorded while nothing is pending, so operations decided by then came before it.
    let mut lapse = transaction.lapsed_at;
    for n in as_they_count(operations) {
        if let Some(at) = lapse.filter(|at| operations[n].updated_at > *at) {
            (lapse, replayed.lapsed_at) = (None, Some(at));
            let after = Balances::of(&replayed);
            of_lapse = after.changes_since(before);
            before = after;
        }
        counted[n] = true;
        let now = operations[n].updated_at;
        replayed.operations = operations
            .iter()
            .zip(&counted)
            .enumerate()
            // Operations that follow from an approval are added in the same write.
            .filter(|(other, (o, counted))| **counted || *other < n || o.created_at <= now)
            .map(|(_, (o, counted))| if *counted { o.clone() } else { o.as_pending() })
            .collect();
        let after = Balances::of(&replayed);
        changes[n] = after.changes_since(before);
        before = after;
    }
    if lapse.is_some() {
        replayed.lapsed_at = lapse;
        of_lapse = Balances::of(&replayed).changes_since(before);
    }
    (changes, of_lapse)
}

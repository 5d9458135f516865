//! What facts change: signed amounts, so that a sum over entries needs no rules.
//!
//! A fact's change is the difference that it makes to its transaction: the operations are replayed through the same
//! sums as everywhere else, in the order in which they were added, because the clocks of two processes differ.

use std::ops::{Add, Sub};

use jiff::Timestamp;

use super::fees;
use crate::{
    order::{Cause, Operation, PaymentKind, Stage, Superseded, Transaction},
    values::{Amount, Fee},
};

/// Signed changes, in minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Held on cards, and neither taken nor released.
    pub held: i64,
    /// Taken, as the order counts it: a refund does not lower it.
    pub paid: i64,
    /// Given back, as the order counts it; also what was only marked as refunded.
    pub returned: i64,
    /// Money at the gateway: what it took for the merchant, less what it gave back. Payments that do not stand and
    /// duplicates count until they are given back.
    pub gateway: i64,
    /// Fees at the gateway: what it took beside the amounts, less what it gave back. No other balance contains them; what
    /// is only held is not taken, and a duplicate's are not known.
    pub fees: i64,
    /// Taken back by issuers, less what of it came back. No other balance contains it: it is money at the bank.
    pub disputed: i64,
}

impl Changes {
    fn with(self, other: Self, each: impl Fn(i64, i64) -> i64) -> Self {
        Self {
            held: each(self.held, other.held),
            paid: each(self.paid, other.paid),
            returned: each(self.returned, other.returned),
            gateway: each(self.gateway, other.gateway),
            fees: each(self.fees, other.fees),
            disputed: each(self.disputed, other.disputed),
        }
    }
}

impl Add for Changes {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        self.with(other, i64::saturating_add)
    }
}

impl Sub for Changes {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self.with(other, i64::saturating_sub)
    }
}

impl std::iter::Sum for Changes {
    fn sum<I: Iterator<Item = Self>>(changes: I) -> Self {
        changes.fold(Self::default(), Add::add)
    }
}

/// An amount with its sign.
fn signed(amount: Amount) -> i64 {
    i64::try_from(amount.minor()).unwrap_or(i64::MAX)
}

/// A transaction's balances, without what is pending, and without duplicates and chargebacks, which have facts of their own.
pub(super) fn standing(transaction: &Transaction) -> Changes {
    let (captured, voided) = (transaction.captured(), transaction.voided().is_some());
    let amount = signed(transaction.amount());
    let fees = signed(fees::taken(transaction)) - signed(fees::given_back(transaction));
    Changes {
        held: if is_held(transaction) { amount } else { 0 },
        paid: signed(captured),
        // As the order counts it: of a payment that took nothing, nothing was returned.
        returned: if captured.is_zero() { 0 } else { signed(transaction.refunded()) },
        gateway: if voided { 0 } else { signed(transaction.taken()) - signed(given_back(transaction)) },
        fees: if voided { 0 } else { fees },
        disputed: 0,
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

/// What the gateway refunded.
fn given_back(transaction: &Transaction) -> Amount {
    Amount::sum(transaction.refunds_at_the_gateway().map(|refund| refund.amount))
}

/// What a duplicate of a payment moved: money for a purchase, a hold for an authorization.
pub(super) fn duplicate(transaction: &Transaction, amount: Amount) -> Changes {
    let gateway = if transaction.kind == PaymentKind::Purchase { signed(amount) } else { 0 };
    Changes { gateway, ..Changes::default() }
}

/// What an attempt of a refund moved that was done beside the one that counts.
pub(super) fn done_again(amount: Amount, fee: Option<Fee>) -> Changes {
    let fees = fee.map_or(0, |fee| -signed(fee.amount));
    Changes { gateway: -signed(amount), fees, ..Changes::default() }
}

/// Whether an approval was found after its operation had been given up or refused: a decision about the same attempt no
/// longer applies. Whether that one has been proven since does not count: an entry never changes.
pub(super) fn is_late(operation: &Operation) -> bool {
    let gave_up = |earlier: &Superseded| {
        earlier.decision.as_ref().is_some_and(|decision| decision.stage() != Stage::Approved)
    };
    operation.is(Stage::Approved)
        && operation.superseded.iter().any(|one| one.attempt.id == operation.attempt.id && gave_up(one))
}

/// Whether an attempt did what an earlier one of the same operation had not: other operations may have come between.
fn is_another_attempt(operation: &Operation) -> bool {
    operation.superseded.iter().any(|earlier| earlier.attempt.id != operation.attempt.id)
}

/// The approved operations of a transaction, by their places in the list, as they count.
///
/// They count in the order in which they were added, because a transaction has one pending operation at a time and the
/// clocks of two processes differ. What was found late, or done by another attempt, counts after what had been decided
/// by then; the payment comes first in any case, because nothing follows it before it is approved.
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
        let place = order.iter().rposition(is_before).map_or(0, |last| last + 1);
        order.insert(place, (at, n));
    }
    order.into_iter().map(|(_, n)| n).collect()
}

/// What each approved operation of a transaction changed, by its place in the list: the transaction's standing after
/// it less the standing before. And the same of its lapse.
pub(super) fn by_operation(transaction: &Transaction) -> (Vec<Changes>, Changes) {
    let operations = &transaction.operations;
    let mut changes = vec![Changes::default(); operations.len()];
    let mut of_lapse = Changes::default();
    let mut replayed = Transaction { lapsed_at: None, ..transaction.clone() };
    let mut counted = vec![false; operations.len()];
    let mut before = Changes::default();
    // A lapse is recorded while nothing is pending, so what was decided by then came before it.
    let mut lapse = transaction.lapsed_at;
    for n in as_they_count(operations) {
        if let Some(at) = lapse.filter(|at| operations[n].updated_at > *at) {
            (lapse, replayed.lapsed_at) = (None, Some(at));
            let after = standing(&replayed);
            of_lapse = after - before;
            before = after;
        }
        counted[n] = true;
        let now = operations[n].updated_at;
        replayed.operations = operations
            .iter()
            .zip(&counted)
            .enumerate()
            // What follows from an approval is added in the same write.
            .filter(|(other, (o, counted))| **counted || *other < n || o.created_at <= now)
            .map(|(_, (o, counted))| if *counted { o.clone() } else { o.as_pending() })
            .collect();
        let after = standing(&replayed);
        changes[n] = after - before;
        before = after;
    }
    if lapse.is_some() {
        replayed.lapsed_at = lapse;
        of_lapse = standing(&replayed) - before;
    }
    (changes, of_lapse)
}

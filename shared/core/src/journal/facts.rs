//! Every fact of an order, read off its operations.
//!
//! An operation without an effect adds no fact, except for an abandoned attempt or a payment that
//! was voided elsewhere. An entry's card is the one known when the fact was decided, because a
//! stored card's brand is learned from its approval and would change earlier entries.

use std::collections::HashSet;

use jiff::Timestamp;
use uuid::Uuid;

use super::{
    Changes, Entry, Fact,
    changes::{by_operation, done_again, duplicate, is_late},
    fees,
};
use crate::{
    order::{
        Attempt, Cause, Decision, DisputeKind, GatewayResponse, Kind, NoEffect, Operation, OperationState,
        Order, Principal, Transaction,
    },
    values::{Amount, Fee, SignedAmount},
};

/// The facts between two states of an order; without an old one, all facts so far. Pure.
///
/// For every history a → b → c of an order, `entries(None, c)` is `entries(None, b)` with
/// `entries(b, c)`. Transactions that only a newer version can read have no entries here: the
/// journal's writer has to come back to those transactions.
pub fn entries(old: Option<&Order>, new: &Order) -> Vec<Entry> {
    let before = old.map(facts).unwrap_or_default();
    let mut entries = facts(new);
    if !before.is_empty() {
        let before: HashSet<Uuid> = before.iter().map(|entry| entry.id).collect();
        entries.retain(|entry| !before.contains(&entry.id));
    }
    entries
}

/// The entry that a transaction is listed under: of the first fact about the payment itself. None
/// if only a newer version can read it.
pub(super) fn first_fact(order: &Order, transaction: &Transaction) -> Option<Entry> {
    first_of(transaction.id, &entries(None, order)).cloned()
}

/// The same among all entries of its order.
pub(super) fn first_of(transaction: Uuid, entries: &[Entry]) -> Option<&Entry> {
    let own = entries.iter().filter(|entry| entry.transaction == transaction && entry.may_be_first());
    own.min_by_key(|entry| (entry.at, entry.id))
}

/// All facts of an order, in the order of its transactions and operations.
fn facts(order: &Order) -> Vec<Entry> {
    let readable = order.transactions.iter().filter(|transaction| transaction.is_recognized());
    let mut entries: Vec<Entry> =
        readable.flat_map(|transaction| of_transaction(order, transaction)).collect();
    // Two versions side by side can come to the same decision twice. The first one is the fact.
    entries.sort_by_key(|entry| entry.at);
    let mut seen = HashSet::new();
    entries.retain(|entry| seen.insert(entry.id));
    entries
}

fn of_transaction(order: &Order, transaction: &Transaction) -> Vec<Entry> {
    let (changes, of_lapse) = by_operation(transaction);
    let mut entries = Vec::new();
    for (operation, changes) in transaction.operations.iter().zip(changes) {
        let about = OperationInOrder { order, transaction, operation };
        about.superseded(&mut entries);
        about.decided(changes, &mut entries);
        about.duplicate_found(&mut entries);
        about.by_hand(&mut entries);
    }
    declined_by_rule(order, transaction, &mut entries);
    let lapsed = transaction.lapsed_at.zip(transaction.first());
    if let Some((at, operation)) = lapsed {
        let entry =
            OperationInOrder { order, transaction, operation }.entry(Fact::Lapsed, &operation.attempt, at);
        entries.push(Entry {
            amount: transaction.amount(),
            fee: operation.fee(),
            changes: of_lapse,
            by: Principal::Schedule,
            attribution: None,
            ..entry
        });
    }
    disputed(order, transaction, &mut entries);
    entries
}

/// An approval that a rule refuses is declined from the moment at which its void begins, with any
/// outcome of the void.
fn declined_by_rule(order: &Order, transaction: &Transaction, entries: &mut Vec<Entry>) {
    let void = transaction.operations.iter().find(|operation| operation.cause.declines_as().is_some());
    let Some((void, operation)) = void.zip(transaction.first()) else { return };
    let entry = OperationInOrder { order, transaction, operation }.entry(
        Fact::DeclinedByRule,
        &first_attempt(operation),
        void.created_at,
    );
    entries.push(Entry {
        cause: void.cause,
        by: void.by,
        amount: transaction.amount(),
        decline: void.cause.declines_as(),
        reference: transaction.reference().map(str::to_owned),
        ..entry
    });
}

/// Chargebacks and reversals, which are about the payment. A report that corrects an earlier one
/// changes the difference.
fn disputed(order: &Order, transaction: &Transaction, entries: &mut Vec<Entry>) {
    let Some(operation) = transaction.first() else { return };
    for (position, recorded) in transaction.disputes.iter().enumerate() {
        let dispute = &recorded.dispute;
        let (before, corrections) = transaction.replaced_by(position);
        let before = before.map_or(Amount::ZERO, |before| before.amount);
        let (fact, disputed) = match dispute.kind {
            DisputeKind::Chargeback => (Fact::ChargedBack, SignedAmount::net([dispute.amount], [before])),
            DisputeKind::Reversal => {
                (Fact::ChargebackReversed, SignedAmount::net([before], [dispute.amount]))
            }
            DisputeKind::Unrecognized => continue,
        };
        let entry = OperationInOrder { order, transaction, operation }.entry(
            fact,
            &first_attempt(operation),
            recorded.at,
        );
        let name = format!("{}\n{corrections}", dispute.line);
        entries.push(Entry {
            id: Uuid::new_v5(&entry.id, name.as_bytes()),
            amount: dispute.amount,
            changes: Changes { disputed, ..Changes::default() },
            attribution: None,
            // So that a reversal, which names only the case, finds its order.
            reference: Some(dispute.case.clone()),
            dispute_reason: dispute.reason_code.clone(),
            ..entry
        });
    }
}

/// The operation that facts are about.
struct OperationInOrder<'a> {
    order: &'a Order,
    transaction: &'a Transaction,
    operation: &'a Operation,
}

impl OperationInOrder<'_> {
    /// Decisions that were superseded. Those without any effect are no facts: nothing was done, and
    /// another attempt was made. An approval among them is a refund that was done again.
    fn superseded(&self, entries: &mut Vec<Entry>) {
        for earlier in &self.operation.superseded {
            let Some(decision) = &earlier.decision else { continue };
            // With the same attempt, it was kept by a version that could not read the operation.
            let is_another = earlier.attempt.id != self.operation.attempt.id;
            if let Decision::Approved(response) = decision
                && self.operation.kind == Kind::Refund
                && is_another
            {
                let entry = self.entry(Fact::DuplicateFound, &earlier.attempt, earlier.at);
                let fee = response.charged.and_then(|charged| charged.fee);
                let changes = done_again(earlier.amount, fee);
                let entry = Entry { amount: earlier.amount, fee, changes, late: true, ..entry };
                entries.push(with_decision(entry, decision));
                continue;
            }
            let Some(fact) = self.fact_of_refusal(decision) else { continue };
            let entry = self.entry(fact, &earlier.attempt, earlier.first_at);
            entries.push(Entry { amount: earlier.amount, ..with_decision(entry, decision) });
        }
    }

    /// The operation's current decision.
    fn decided(&self, changes: Changes, entries: &mut Vec<Entry>) {
        let operation = self.operation;
        let OperationState::Decided(decision) = &operation.state else { return };
        let approved = matches!(decision, Decision::Approved(_));
        let fact = if approved { Some(self.fact_of_approval()) } else { self.fact_of_refusal(decision) };
        let Some(fact) = fact else { return };
        let changes = if fact == Fact::DuplicateReturned {
            duplicate(self.transaction, operation.amount.negative())
        } else {
            changes
        };
        let entry = self.entry(fact, &operation.attempt, operation.updated_at);
        let amount = if approved { operation.approved_amount() } else { operation.amount };
        let entry = Entry { changes, amount, fee: self.fee(changes), late: is_late(operation), ..entry };
        entries.push(with_decision(entry, decision));
    }

    /// The fee moved beside the amount, by an approval alone. A void states no fee and gives back
    /// the payment's.
    fn fee(&self, changes: Changes) -> Option<Fee> {
        if self.operation.kind != Kind::Void {
            return self.operation.fee();
        }
        let held = self.transaction.first().and_then(Operation::fee).filter(|_| changes.held.is_negative());
        let taken = changes.fees.checked_neg().and_then(SignedAmount::amount);
        held.or_else(|| Fee::of(taken?, fees::kind(self.transaction)?))
    }

    fn fact_of_approval(&self) -> Fact {
        match (self.operation.kind, self.operation.cause) {
            (Kind::Authorize | Kind::Purchase | Kind::Unrecognized, _) => Fact::Approved,
            (Kind::Capture, _) => Fact::Captured,
            (Kind::Refund | Kind::Void, Cause::Duplicate) => Fact::DuplicateReturned,
            (Kind::Refund, _) | (Kind::Void, Cause::RefundBeforeSettlement) => Fact::Refunded,
            (Kind::Void, Cause::Elsewhere) => Fact::VoidedElsewhere,
            (
                Kind::Void,
                Cause::Requested
                | Cause::PartialApproval
                | Cause::AvsMismatch
                | Cause::CvvMismatch
                | Cause::LateApproval
                | Cause::OrderClosed
                | Cause::Overpaid
                | Cause::OrderRefused
                | Cause::Unrecognized,
            ) => Fact::Voided,
        }
    }

    fn fact_of_refusal(&self, decision: &Decision) -> Option<Fact> {
        match decision {
            Decision::Approved(_) => None,
            Decision::Declined(..) => Some(Fact::Declined),
            Decision::NoEffect(_, reason) => match reason {
                NoEffect::NeverArrived => Some(Fact::Abandoned),
                NoEffect::VoidedElsewhere if self.tells_of_a_void() => Some(Fact::VoidedElsewhere),
                NoEffect::VoidedElsewhere
                | NoEffect::Unreachable
                | NoEffect::TryAgain
                | NoEffect::Throttled
                | NoEffect::NoTimeLeft
                | NoEffect::Misconfigured
                | NoEffect::TurnedAway
                | NoEffect::NotSettled
                | NoEffect::AlreadySettled
                | NoEffect::EndedByPerson
                | NoEffect::Unrecognized => None,
            },
        }
    }

    /// The void that a capture finds is an operation of its own, and an operation that must succeed
    /// is done again.
    fn tells_of_a_void(&self) -> bool {
        self.operation.kind != Kind::Capture && !self.operation.cause.must_succeed()
    }

    /// A void that gives a duplicate back is added when the duplicate is found.
    fn duplicate_found(&self, entries: &mut Vec<Entry>) {
        let operation = self.operation;
        if operation.kind == Kind::Void && operation.cause == Cause::Duplicate {
            let first = first_attempt(operation);
            let changes = duplicate(self.transaction, operation.amount.into());
            let entry = self.entry(Fact::DuplicateFound, &first, operation.created_at);
            entries.push(Entry { changes, reference: operation.reference.clone(), ..entry });
        }
    }

    fn by_hand(&self, entries: &mut Vec<Entry>) {
        for (n, decision) in self.operation.by_hand.iter().enumerate() {
            let first = first_attempt(self.operation);
            let entry = self.entry(Fact::DecidedByHand, &first, decision.at);
            let id = Uuid::new_v5(&entry.id, n.to_string().as_bytes());
            // Another attempt may be for another amount.
            let earlier = self.operation.superseded.iter().find(|earlier| earlier.first_at == decision.at);
            let amount = earlier.map_or(entry.amount, |earlier| earlier.amount);
            entries.push(Entry { id, amount, by_hand: Some(decision.clone()), ..entry });
        }
    }

    fn entry(&self, fact: Fact, attempt: &Attempt, at: Timestamp) -> Entry {
        let Self { order, transaction, operation } = *self;
        let begins = transaction.first().is_some_and(|first| first.id == operation.id);
        // Which card a token belongs to is learned from the approval. A card that was typed is
        // known from the start, and has an expiry date.
        let known = !begins
            || matches!(
                fact,
                Fact::Approved
                    | Fact::DeclinedByRule
                    | Fact::Lapsed
                    | Fact::DuplicateFound
                    | Fact::ChargedBack
                    | Fact::ChargebackReversed
            )
            || transaction.card().is_some_and(|card| card.expiry.is_some());
        let card = transaction.card().filter(|_| known);
        Entry {
            id: id(operation.id, attempt.id, fact),
            fact,
            at,
            order: order.key(),
            transaction: transaction.id,
            operation: operation.id,
            kind: operation.kind,
            cause: operation.cause,
            mechanism: operation.mechanism,
            by: operation.by,
            // A person's decision has a name and a reason of its own.
            attribution: operation.attribution.clone().filter(|_| fact != Fact::DecidedByHand),
            late: false,
            currency: order.currency,
            amount: operation.amount,
            fee: None,
            changes: Changes::default(),
            decline: None,
            settlement_rejected: false,
            reference: None,
            authcode: None,
            account: operation.route.account.clone(),
            gateway_order_id: attempt.gateway_order_id.clone(),
            brand: card.and_then(|card| card.brand),
            last_four: card.and_then(|card| card.last_four.clone()),
            merchant_reference: transaction.custom_reference_at(operation.id).map(str::to_owned),
            by_hand: None,
            dispute_reason: None,
        }
    }
}

/// Facts that no attempt decides have the first one's id, which is the operation's own.
fn first_attempt(operation: &Operation) -> Attempt {
    Attempt::first(operation.id, operation.created_at)
}

fn id(operation: Uuid, attempt: Uuid, fact: Fact) -> Uuid {
    let name: Vec<u8> = attempt.as_bytes().iter().copied().chain(fact.as_str().bytes()).collect();
    Uuid::new_v5(&operation, &name)
}

fn with_decision(entry: Entry, decision: &Decision) -> Entry {
    let response: &GatewayResponse = decision.response();
    let decline = match decision {
        Decision::Declined(_, decline) => Some(decline.code),
        Decision::Approved(_) | Decision::NoEffect(..) => None,
    };
    Entry {
        decline,
        settlement_rejected: response.settlement_rejected,
        reference: response.reference.clone(),
        authcode: response.authcode.clone(),
        ..entry
    }
}

#[cfg(test)]
mod tests;

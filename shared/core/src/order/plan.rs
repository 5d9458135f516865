//! The plan for an intent, and the steps that every decision is made of.

use jiff::Timestamp;
use uuid::Uuid;

use super::{Context, Intent, OperationRef, Order, Rejection, Target, limits::ABANDONED_MAX};
use crate::{
    order::{Kind, NewOperation, Operation, Route, Transaction, TransactionStatus},
    values::Amount,
};

/// A use case's next step for an intent that the order allows.
#[derive(Clone, Debug)]
pub enum Plan {
    /// The order now holds a pending operation: save it, then send it.
    Send(Order, OperationRef),
    /// The order now holds a finished operation that the gateway has no part in: save it.
    Record(Order, OperationRef),
    /// The request was received before: respond with its present status.
    Replay(Order, OperationRef),
}

impl Plan {
    /// The same where the refund takes the place of one that a rule owes.
    pub(super) fn in_place_of(mut self, owed: Option<Uuid>, now: Timestamp) -> Self {
        if let (Self::Send(order, at) | Self::Record(order, at), Some(owed)) = (&mut self, owed) {
            order.replace_owed_refund(*at, owed, now);
        }
        self
    }
}

/// The payment that is meant.
pub(super) fn chosen(
    order: &Order,
    target: Target,
    again: Option<OperationRef>,
    is_eligible: impl Fn(&Transaction) -> bool,
) -> Result<&Transaction, Rejection> {
    let named = match target {
        Target::Transaction(id) => Some(id),
        Target::OnlyEligible => None,
    };
    if let Some(id) = again.map(|at| at.transaction).or(named) {
        return order.transaction(id).ok_or(Rejection::TransactionNotFound);
    }
    let found: Vec<&Transaction> = order.transactions.iter().filter(|t| is_eligible(t)).collect();
    match found.as_slice() {
        [one] => Ok(one),
        [] => match order.transactions.iter().find(|t| t.status() == TransactionStatus::Pending) {
            Some(transaction) => Err(Rejection::OperationInProgress(transaction.id)),
            None => Err(Rejection::NoEligibleTransaction),
        },
        _ => Err(Rejection::SeveralEligibleTransactions(found.iter().map(|t| t.id).collect())),
    }
}

/// The next attempt of an operation that did nothing.
pub(super) fn attempt_again(
    mut order: Order,
    at: OperationRef,
    amount: Amount,
    context: &Context<'_>,
) -> Result<Plan, Rejection> {
    order.check_retry_fits()?;
    let now = context.now;
    let operation = order.operation_mut(at).ok_or(Rejection::TransactionNotFound)?;
    if operation.may_surface().count() > ABANDONED_MAX {
        return Err(Rejection::TooManyOperations);
    }
    operation.attempt_again((context.new_id)(), amount, None, now);
    if let Some(transaction) = order.transaction_mut(at.transaction) {
        transaction.updated_at = now;
    }
    order.updated_at = now;
    Ok(Plan::Send(order, at))
}

/// The first attempt of an operation.
pub(super) fn new_operation(
    kind: Kind,
    amount: Amount,
    intent: &Intent,
    route: &Route,
    context: &Context<'_>,
) -> Operation {
    let new = NewOperation {
        id: (context.new_id)(),
        kind,
        amount,
        fingerprint: intent.fingerprint,
        route: route.clone(),
        by: intent.by,
    };
    let new = Operation::new(new, context.now);
    Operation { key: intent.key, attribution: intent.attribution.clone(), ..new }
}

//! A new authorization of the amount that a partial capture released: another payment of the order,
//! with the stored card of the one that it continues.

use uuid::Uuid;

use super::{
    Context, Intent, OperationRef, Order, Reauthorize, Rejection, Target,
    idempotency::{did_nothing_without_key, no_equal_cancelled},
    plan::{Plan, attempt_again, chosen, new_operation},
    rules::{declines_end_in, must_be_approved_and_idle, must_be_shown_in_parts},
    schedule::capture_schedule,
};
use crate::{
    order::{Kind, PaymentKind, Principal, Route, Transaction, TransactionStatus},
    values::{Amount, CardSummary, Instrument, StoredCard},
};

/// The data that a new authorization needs of the payment that it continues.
struct Rest {
    of: Uuid,
    amount: Amount,
    /// The account that the card is stored with, even if the merchant's set-up names another by
    /// now.
    route: Route,
    stored: StoredCard,
    card: CardSummary,
}

pub(super) fn decide_reauthorize(
    mut order: Order,
    intent: &Intent,
    wanted: &Reauthorize,
    again: Option<OperationRef>,
    context: &Context<'_>,
) -> Result<Plan, Rejection> {
    let rest = rest(&order, wanted, again)?;
    must_be_shown_in_parts(context.shop.is_some(), context.policy)?;
    let amount = order.amount_to_pay(intent, Some(rest.amount), context)?.amount;
    let capture = capture_schedule(&order, Some(&wanted.capture), amount, &rest.route, context)?;
    if intent.key.is_none() {
        no_equal_cancelled(&order, intent, context)?;
    }
    let recording = order.begin_recording(context);
    if let Some(at) = again.or_else(|| did_nothing_without_key(&order, intent, None)) {
        if let Some(transaction) = order.transaction_mut(at.transaction) {
            (transaction.capture, transaction.paid_with) = (capture, Some(rest.stored));
            transaction.ignores_scheme_advice = wanted.ignores_scheme_advice;
            transaction.recording = recording.or(transaction.recording.take());
        }
        return attempt_again(order, at, amount, context);
    }
    // No shopper is there whom it could be counted against.
    if let Some(wait) = declines_end_in(&order, context.now) {
        return Err(Rejection::TooManyDeclines(wait));
    }
    order.check_payment_fits(Principal::ClientCredentials)?;
    let operation = new_operation(Kind::Authorize, amount, intent, &rest.route, context);
    let transaction = Transaction {
        id: order.payment_id((context.new_id)()),
        capture,
        paid_with: Some(rest.stored),
        continues: Some(rest.of),
        ignores_scheme_advice: wanted.ignores_scheme_advice,
        recording,
        ..Transaction::new(PaymentKind::Authorize, Instrument::Card(rest.card), operation)
    };
    let at = OperationRef { transaction: transaction.id, operation: transaction.operations[0].id };
    order.transactions.push(transaction);
    order.updated_at = context.now;
    Ok(Plan::Send(order, at))
}

/// The rest to hold, if the payment allows it.
fn rest(order: &Order, wanted: &Reauthorize, again: Option<OperationRef>) -> Result<Rest, Rejection> {
    let continued = again.and_then(|at| order.transaction(at.transaction)?.continues);
    let target = continued.map_or(wanted.target, Target::Transaction);
    let is_eligible = |t: &Transaction| !t.released().is_zero() && order.continuation_of(t.id).is_none();
    let transaction = chosen(order, target, None, is_eligible)?;
    let (released, stored) = to_hold_anew(order, transaction)?;
    let amount = wanted.amount.unwrap_or(released);
    if amount > released {
        return Err(Rejection::ExceedsReleased(released));
    }
    let first = transaction.first().ok_or(Rejection::TransactionNotFound)?;
    let card = transaction.card().cloned().unwrap_or_default();
    Ok(Rest {
        of: transaction.id,
        amount,
        route: first.route.clone(),
        stored: stored.clone(),
        card: CardSummary { stored: None, ..card },
    })
}

/// The released amount that can be held anew, and the card to hold it with, if the payment allows
/// it. The order may owe less.
pub(super) fn to_hold_anew<'a>(
    order: &Order,
    transaction: &'a Transaction,
) -> Result<(Amount, &'a StoredCard), Rejection> {
    must_be_approved_and_idle(transaction)?;
    if transaction.kind == PaymentKind::Purchase {
        return Err(Rejection::NotAnAuthorization);
    }
    if transaction.captured().is_zero() {
        return Err(Rejection::NotCaptured);
    }
    let released = transaction.released();
    if released.is_zero() {
        return Err(Rejection::NothingReleased);
    }
    if let Some(there) = order.continuation_of(transaction.id) {
        return Err(match there.status() {
            TransactionStatus::Pending => Rejection::PaymentInProgress(there.id),
            TransactionStatus::Done | TransactionStatus::Failed | TransactionStatus::Voided => {
                Rejection::AlreadyReauthorized(there.id)
            }
        });
    }
    Ok((released, transaction.stored_card().ok_or(Rejection::NoStoredCard)?))
}

impl Order {
    /// The payment that holds the rest of this one anew, or may hold it. There is one at most.
    pub fn continuation_of(&self, transaction: Uuid) -> Option<&Transaction> {
        let mut all = self.transactions.iter();
        all.find(|other| other.continues == Some(transaction) && other.status().may_be_in_effect())
    }

    /// Whether another payment holds, or may hold, the amount that this one was to hold anew.
    pub(super) fn is_held_by_another(&self, transaction: Uuid) -> bool {
        let continued = self.transaction(transaction).and_then(|found| found.continues);
        continued.and_then(|of| self.continuation_of(of)).is_some_and(|other| other.id != transaction)
    }
}

//! What may happen to an order: one pure function from an order and an intent to the next step.

use uuid::Uuid;

use super::{
    Action, CaptureAt, Context, CurrencyLimit, Due, Intent, OperationRef, Order, Pay, Rejection, Target,
    idempotency::{
        Prior, did_nothing_without_key, no_equal_approved, no_equal_cancelled, no_equal_payment_in_progress,
        prior_of_key,
    },
    limits::ABANDONED_MAX,
    rules::{amount_to_pay, may_capture, may_refund, may_void, shopper_attempts},
    schedule::whole_seconds,
};
use crate::{
    order::{
        CaptureSchedule, Kind, Mechanism, NewOperation, Operation, PaymentKind, Principal, Route,
        Transaction, TransactionStatus,
    },
    values::{Amount, Instrument},
};

/// What a use case does with an intent that the order allows.
#[derive(Clone, Debug)]
pub enum Plan {
    /// The order now holds a pending operation: save it, then send it.
    Send(Order, OperationRef),
    /// The order now holds a finished operation that the gateway has no part in: save it.
    Record(Order, OperationRef),
    /// The request was received before: respond with its present status.
    Replay(Order, OperationRef),
}

/// Decides what is to be done about an intent. Pure: time and ids come from the context.
///
/// `route` is the gateway account for the order's currency, or why there is none.
pub fn decide(
    order: Order,
    intent: &Intent,
    route: Result<&Route, CurrencyLimit>,
    context: &Context<'_>,
) -> Result<Plan, Rejection> {
    if intent.by != Principal::Implicit {
        return decide_openly(order, intent, route, context);
    }
    let own: Vec<Uuid> = order.transactions.iter().filter(|t| intent.may_know(t)).map(|t| t.id).collect();
    decide_openly(order, intent, route, context).map_err(|rejection| rejection.for_shopper(&own))
}

/// Decides without regard to what the sender may know of the order.
fn decide_openly(
    order: Order,
    intent: &Intent,
    route: Result<&Route, CurrencyLimit>,
    context: &Context<'_>,
) -> Result<Plan, Rejection> {
    if !order.is_open_to(intent.by) {
        return Err(Rejection::OrderNotFound);
    }
    let prior = match &intent.key {
        Some(key) => prior_of_key(&order, key, intent, context.now)?,
        None => None,
    };
    let again = match prior {
        Some(Prior::Replayed(at)) => return Ok(Plan::Replay(order, at)),
        Some(Prior::DidNothing(at)) => Some(at),
        None => None,
    };
    if !order.is_recognized() {
        return Err(Rejection::NewerVersion);
    }
    if intent.currency.is_some_and(|currency| currency != order.currency) {
        return Err(Rejection::CurrencyDiffers(order.currency));
    }
    match &intent.action {
        Action::CaptureDue => decide_due(order, route, context),
        Action::VoidLapsed => decide_lapsed(order, route, context),
        Action::Pay(pay) => decide_pay(order, intent, pay, again, route, context),
        Action::Capture { target, amount, custom_reference } => {
            let transaction = chosen(&order, *target, again, |t| !t.capturable().is_zero())?;
            let amount = may_capture(transaction, *amount, context.policy)?;
            let step = Step { kind: Kind::Capture, amount, mechanism: Mechanism::Automatic, again };
            let reference = custom_reference.clone();
            let mut decision = step.add(transaction.id, order, intent, context, Order::check_step_fits)?;
            if let (Plan::Send(order, at), Some(reference)) = (&mut decision, reference)
                && let Some(transaction) = order.transaction_mut(at.transaction)
            {
                transaction.custom_reference = Some(reference).filter(|text| !text.is_empty());
            }
            Ok(decision)
        }
        Action::Refund { target, amount, mechanism } => {
            let transaction = chosen(&order, *target, again, |t| !t.refundable().is_zero())?;
            let (amount, mechanism) = may_refund(transaction, *amount, *mechanism, context.policy)?;
            let closes = amount == transaction.refundable();
            let step = Step { kind: Kind::Refund, amount, mechanism, again };
            let fits = if closes { Order::check_closing_fits } else { Order::check_step_fits };
            step.add(transaction.id, order, intent, context, fits)
        }
        Action::Void { target, reopen } => {
            let transaction = chosen(&order, *target, again, |t| may_void(t).is_ok())?;
            let amount = may_void(transaction)?;
            let step = Step { kind: Kind::Void, amount, mechanism: Mechanism::Automatic, again };
            let mut plan = step.add(transaction.id, order, intent, context, Order::check_closing_fits)?;
            if let Plan::Send(order, at) = &mut plan
                && let Some(void) = order.operation_mut(*at)
            {
                void.closes_order = !reopen;
            }
            Ok(plan)
        }
    }
}

fn decide_pay(
    mut order: Order,
    intent: &Intent,
    pay: &Pay,
    again: Option<OperationRef>,
    route: Result<&Route, CurrencyLimit>,
    context: &Context<'_>,
) -> Result<Plan, Rejection> {
    // Another attempt of a payment alone is made on the terms that were kept with it: a discount may have changed.
    let kept =
        again.filter(|_| pay.standalone.is_some()).and_then(|at| order.operation(at)).map(|o| o.amount);
    let pay = &Pay { amount: kept.or(pay.amount), ..pay.clone() };
    let amount = amount_to_pay(&order, pay)?;
    let part = order.owing() != Some(amount);
    if intent.by == Principal::Implicit && part && !context.policy.shoppers.partial {
        return Err(Rejection::NotPayable);
    }
    let route = route.map_err(|limit| Rejection::CurrencyNotSupported { currency: order.currency, limit })?;
    if pay.lacks_postcode && context.policy.surcharging.contains(&route.account) {
        return Err(Rejection::PostcodeRequired);
    }
    let again = again.or_else(|| did_nothing_without_key(&order, intent, None));
    if intent.key.is_none() {
        no_equal_payment_in_progress(&order, intent)?;
        no_equal_cancelled(&order, intent, context)?;
        // Without an amount the intent is "what is owing", and that a second request cannot pay again.
        if pay.amount.is_some() {
            no_equal_approved(&order, intent, None, context)?;
        }
    }
    if let Some(at) = again {
        // Without a key it is equal in all that is charged, and may still be captured at another time.
        if intent.key.is_none() {
            let capture = capture_schedule(pay, context)?;
            if let Some(transaction) = order.transaction_mut(at.transaction) {
                transaction.capture = capture;
            }
        }
        return attempt_again(order, at, amount, context);
    }
    if intent.by == Principal::Implicit && shopper_attempts(&order) >= context.policy.shoppers.attempts {
        return Err(Rejection::TooManyAttempts);
    }
    order.check_payment_fits(intent.by)?;
    let kind = pay.kind.operation();
    let operation = new_operation(kind, amount, Mechanism::Automatic, intent, route, context);
    let transaction = Transaction {
        id: pay.standalone.as_ref().map_or_else(context.new_id, |alone| alone.id),
        memo: pay.standalone.as_ref().map(|alone| Box::new(alone.memo.clone())),
        save_for: pay.save_for.as_ref().map(|customer| customer.as_str().to_owned()),
        capture: capture_schedule(pay, context)?,
        shopper: pay.shopper,
        ..Transaction::new(pay.kind, Instrument::Card(pay.card.clone()), operation)
    };
    let at = OperationRef { transaction: transaction.id, operation: transaction.operations[0].id };
    order.transactions.push(transaction);
    order.updated_at = context.now;
    Ok(Plan::Send(order, at))
}

/// When a new payment is captured on schedule. Its authorization does not exist yet, so its end is reckoned from now.
fn capture_schedule(pay: &Pay, context: &Context<'_>) -> Result<Option<CaptureSchedule>, Rejection> {
    if pay.kind == PaymentKind::Purchase {
        return Ok(None);
    }
    let at = match pay.capture {
        CaptureAt::Never => None,
        CaptureAt::At(at) => Some(at.max(context.now)),
        CaptureAt::AsTheMerchantSays => context.policy.capture_after.map(|after| context.now + after),
    };
    let latest = context.now + context.policy.authorization_lifetime;
    match at {
        Some(at) if at > latest => Err(Rejection::CaptureAfterExpiry(whole_seconds(latest))),
        at => Ok(at.map(|at| CaptureSchedule { at, lapsed_at: None })),
    }
}

/// The capture that is due, as the schedule's own intent.
fn decide_due(
    order: Order,
    route: Result<&Route, CurrencyLimit>,
    context: &Context<'_>,
) -> Result<Plan, Rejection> {
    let id = match order.due_for_capture(context.now) {
        Some(Due::Capture(id)) => id,
        Some(Due::Lapse(transaction)) => return Err(Rejection::AuthorizationEnded(transaction)),
        None => return Err(Rejection::NothingDue),
    };
    let schedule = order.transaction(id).and_then(|transaction| transaction.capture);
    let target = Target::Transaction(id);
    let action = Action::Capture { target, amount: None, custom_reference: None };
    let intent = Intent::of_schedule(action, Kind::Capture, schedule.map(|schedule| schedule.key(id)));
    decide(order, &intent, route, context)
}

/// The void of an authorization that ended, as the schedule's own intent. It stays due until the void is done.
fn decide_lapsed(
    order: Order,
    route: Result<&Route, CurrencyLimit>,
    context: &Context<'_>,
) -> Result<Plan, Rejection> {
    let Some(Due::Lapse(id)) = order.due_for_capture(context.now) else { return Err(Rejection::NothingDue) };
    let schedule = order.transaction(id).and_then(|transaction| transaction.capture);
    let action = Action::Void { target: Target::Transaction(id), reopen: true };
    let intent = Intent::of_schedule(action, Kind::Void, schedule.map(|schedule| schedule.void_key(id)));
    decide(order, &intent, route, context)
}

fn chosen(
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

/// A further operation of a payment that is there.
struct Step {
    kind: Kind,
    amount: Amount,
    mechanism: Mechanism,
    again: Option<OperationRef>,
}

impl Step {
    fn add(
        self,
        id: Uuid,
        mut order: Order,
        intent: &Intent,
        context: &Context<'_>,
        fits: fn(&Order) -> Result<(), Rejection>,
    ) -> Result<Plan, Rejection> {
        if intent.key.is_none() {
            no_equal_approved(&order, intent, Some(id), context)?;
        }
        if let Some(at) = self.again.or_else(|| did_nothing_without_key(&order, intent, Some(id))) {
            return attempt_again(order, at, self.amount, context);
        }
        fits(&order)?;
        let transaction = order.transaction_mut(id).ok_or(Rejection::TransactionNotFound)?;
        // The account that took the payment, whatever the merchant's set-up says by now.
        let route =
            transaction.first().map(|first| first.route.clone()).ok_or(Rejection::TransactionNotFound)?;
        let operation = new_operation(self.kind, self.amount, self.mechanism, intent, &route, context);
        let at = OperationRef { transaction: id, operation: operation.id };
        transaction.operations.push(operation);
        transaction.updated_at = context.now;
        order.updated_at = context.now;
        Ok(match self.mechanism {
            Mechanism::Automatic => Plan::Send(order, at),
            Mechanism::Manual | Mechanism::Unrecognized => Plan::Record(order, at),
        })
    }
}

fn attempt_again(
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

fn new_operation(
    kind: Kind,
    amount: Amount,
    mechanism: Mechanism,
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
    let new = Operation::new(new, context.now).through(mechanism);
    Operation { key: intent.key, attribution: intent.attribution.clone(), ..new }
}

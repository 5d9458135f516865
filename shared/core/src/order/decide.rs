//! The decision about an order: one pure function from an order and an intent to the next step.
//!
//! Only a new request is checked against the clock and the merchant's document: a date that is a
//! day off, an expired card or a removed discount must not turn an approved payment into an error.
//! Another attempt of an operation that did nothing keeps its first terms.

use uuid::Uuid;

use super::{
    Action, Context, CurrencyLimit, Due, Intent, OperationRef, Order, Pay, Rejection, ShopReading,
    ShopStanding, Target,
    idempotency::{
        Prior, did_nothing_without_key, must_be_as_seen, no_equal_approved, no_equal_cancelled,
        no_equal_payment_in_progress, prior_of_key,
    },
    plan::{Plan, attempt_again, chosen, new_operation},
    reauthorize::decide_reauthorize,
    rules::{
        ToPay, declines_end_in, may_capture, may_refund, may_void, must_be_whole_or_shown,
        must_be_within_refund_max, must_not_be_disputed, shopper_attempts,
    },
    schedule::capture_schedule,
};
use crate::{
    order::{Kind, Mechanism, PaymentKind, Principal, Route, Transaction},
    values::{Amount, Instrument},
};

/// Decides the next step for an intent. Pure: time and ids come from the context.
///
/// `route` is the gateway account for the order's currency, or why there is none.
pub fn decide(
    mut order: Order,
    intent: &Intent,
    route: Result<&Route, CurrencyLimit>,
    context: &Context<'_>,
) -> Result<Plan, Rejection> {
    // A canceled order is refused for that, and nothing is saved of it.
    if let Some(shop) = context.shop.filter(|shop| shop.standing != ShopStanding::Cancelled) {
        order.compare(&ShopReading { order: Some(shop), rows: None }, context.now);
    }
    if intent.by != Principal::Implicit {
        return decide_openly(order, intent, route, context);
    }
    let own: Vec<Uuid> = order.transactions.iter().filter(|t| intent.may_know(t)).map(|t| t.id).collect();
    decide_openly(order, intent, route, context).map_err(|rejection| rejection.for_shopper(&own))
}

/// Decides without regard to the sender's right to know of the order.
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
    must_be_as_seen(&order, intent, again)?;
    if intent.currency.is_some_and(|currency| currency != order.currency) {
        return Err(Rejection::CurrencyDiffers(order.currency));
    }
    match &intent.action {
        Action::CaptureDue { .. } => decide_due(order, route, context),
        Action::VoidLapsed => decide_lapsed(order, route, context),
        Action::VoidCancelled => decide_cancelled(order, route, context),
        Action::Pay(pay) => pay.decide(order, intent, again, route, context),
        Action::Reauthorize(wanted) => decide_reauthorize(order, intent, wanted, again, context),
        Action::Capture { target, amount, custom_reference } => {
            let transaction = chosen(&order, *target, again, |t| !t.capturable().is_zero())?;
            let amount = may_capture(&order, transaction, *amount, context.policy)?;
            must_be_whole_or_shown(transaction, amount, intent.by, context.policy)?;
            let step = Step { kind: Kind::Capture, amount, mechanism: Mechanism::Automatic, again };
            if let Some(reference) = custom_reference
                && !order.has_room_to_say(reference.len(), intent.by)
            {
                return Err(Rejection::TooManyOperations);
            }
            let mut plan = step.add(transaction.id, order, intent, context, Order::check_step_fits)?;
            if let (Plan::Send(order, at), Some(_)) = (&mut plan, custom_reference)
                && let Some(capture) = order.operation_mut(*at)
            {
                capture.custom_reference.clone_from(custom_reference);
            }
            Ok(plan)
        }
        Action::Refund { target, amount, mechanism } => {
            let transaction = chosen(&order, *target, again, |t| !t.refundable().is_zero())?;
            let (amount, mechanism) = may_refund(transaction, *amount, *mechanism, context.policy)?;
            must_not_be_disputed(transaction, intent)?;
            must_be_within_refund_max(&order, transaction, amount, intent)?;
            let closes = amount == transaction.refundable();
            let step = Step { kind: Kind::Refund, amount, mechanism, again };
            let fits = if closes { Order::check_closing_fits } else { Order::check_step_fits };
            let owed = transaction.held_back_refund().map(|owed| owed.id);
            Ok(step.add(transaction.id, order, intent, context, fits)?.in_place_of(owed, context.now))
        }
        Action::Void { target, reopen } => {
            let transaction = chosen(&order, *target, again, |t| may_void(t).is_ok())?;
            let amount = may_void(transaction)?;
            must_not_be_disputed(transaction, intent)?;
            must_be_within_refund_max(&order, transaction, amount, intent)?;
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

impl Pay {
    /// States anew what the next attempt of a payment may change. A card that it stores at the
    /// gateway is on record, too, and its address is that of this attempt.
    fn renew(&self, transaction: &mut Transaction) {
        transaction.ignores_scheme_advice = self.initiative.ignores_scheme_advice;
        if let (Some(memo), Some(alone)) = (&mut transaction.memo, &self.standalone) {
            memo.save_card |= alone.memo.save_card;
            memo.without_address = alone.memo.without_address;
        }
    }

    fn decide(
        &self,
        mut order: Order,
        intent: &Intent,
        again: Option<OperationRef>,
        route: Result<&Route, CurrencyLimit>,
        context: &Context<'_>,
    ) -> Result<Plan, Rejection> {
        // Another attempt of a payment alone is made on the terms that were kept with it: a
        // discount may have changed.
        let kept =
            again.filter(|_| self.standalone.is_some()).and_then(|at| order.operation(at)).map(|o| o.amount);
        let pay = &Self { amount: kept.or(self.amount), ..self.clone() };
        let ToPay { amount, is_part } = order.amount_to_pay(intent, pay.amount, context)?;
        if intent.by == Principal::Implicit && is_part && !context.policy.shoppers.partial {
            return Err(Rejection::NotPayable);
        }
        let route =
            route.map_err(|limit| Rejection::CurrencyNotSupported { currency: order.currency, limit })?;
        if pay.lacks_postcode && context.policy.surcharging.contains(&route.account) {
            return Err(Rejection::PostcodeRequired);
        }
        let terms = (pay.kind != PaymentKind::Purchase).then_some(&pay.capture);
        let again = again.or_else(|| did_nothing_without_key(&order, intent, None));
        if intent.key.is_none() {
            no_equal_payment_in_progress(&order, intent)?;
            no_equal_cancelled(&order, intent, context)?;
            // Without an amount the intent is "the amount owing", which a second request cannot pay
            // again.
            if pay.amount.is_some() {
                no_equal_approved(&order, intent, None, context)?;
            }
        }
        if let Some(at) = again {
            // Without a key it is equal in all that is charged, and may still be captured at
            // another time, or be called something else.
            if intent.key.is_none() {
                let capture = capture_schedule(&order, terms, amount, route, context)?;
                order.check_payment_says_little(pay, intent.by)?;
                if let Some(transaction) = order.transaction_mut(at.transaction) {
                    transaction.capture = capture;
                    transaction.say(&pay.references, context);
                }
            }
            let recording = order.begin_recording(context);
            if let Some(transaction) = order.transaction_mut(at.transaction) {
                pay.renew(transaction);
                transaction.recording = recording.or(transaction.recording.take());
            }
            return attempt_again(order, at, amount, context);
        }
        if intent.by == Principal::Implicit && shopper_attempts(&order) >= context.policy.shoppers.attempts {
            return Err(Rejection::TooManyAttempts);
        }
        if intent.by == Principal::ClientCredentials
            && !pay.source_is_known
            && let Some(wait) = declines_end_in(&order, context.now)
        {
            return Err(Rejection::TooManyDeclines(wait));
        }
        order.check_payment_fits(intent.by)?;
        order.check_payment_says_little(pay, intent.by)?;
        let operation = new_operation(pay.kind.operation(), amount, intent, route, context);
        // The card that a payment stores is known once it is approved.
        let mut card = pay.card.clone();
        let paid_with = card.stored.take();
        let mut transaction = Transaction {
            id: (pay.standalone.as_ref())
                .map_or_else(|| order.payment_id((context.new_id)()), |alone| alone.id),
            memo: pay.standalone.as_ref().map(|alone| Box::new(alone.memo.clone())),
            save_for: pay.save_for.as_ref().map(|customer| customer.as_str().to_owned()),
            capture: capture_schedule(&order, terms, amount, route, context)?,
            shopper: pay.shopper,
            paid_with,
            ignores_scheme_advice: pay.initiative.ignores_scheme_advice,
            recording: order.begin_recording(context),
            ..Transaction::new(pay.kind, Instrument::Card(card), operation)
        };
        transaction.say(&pay.references, context);
        let at = OperationRef { transaction: transaction.id, operation: transaction.operations[0].id };
        order.transactions.push(transaction);
        order.updated_at = context.now;
        Ok(Plan::Send(order, at))
    }
}

/// The capture that is due, as the schedule's own intent.
fn decide_due(
    mut order: Order,
    route: Result<&Route, CurrencyLimit>,
    context: &Context<'_>,
) -> Result<Plan, Rejection> {
    let id = match order.due_for_capture(context.now) {
        Some(Due::Capture(_)) if order.is_held_back(context.policy) => {
            return Err(Rejection::CapturesDisputed);
        }
        Some(Due::Capture(id)) => id,
        Some(Due::Lapse(id) | Due::End(id) | Due::LastDay(id)) => {
            return Err(Rejection::AuthorizationEnded(id));
        }
        Some(Due::Notice(_)) => return Err(Rejection::CapturesPaused),
        None => return Err(Rejection::NothingDue),
    };
    order.admit_due_capture(id, context)?;
    let due = order.transaction(id).and_then(|due| Some((due.capture?.key(id), due.scheduled_amount()?)));
    let target = Target::Transaction(id);
    let action = Action::Capture { target, amount: due.map(|(_, amount)| amount), custom_reference: None };
    let intent = Intent::of_schedule(action, Kind::Capture, due.map(|(key, _)| key));
    decide(order, &intent, route, context)
}

/// The void of an authorization that ended, as the schedule's own intent. It stays due until the
/// void is done.
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

/// The void that follows from the order's cancellation, as the schedule's own intent.
fn decide_cancelled(
    order: Order,
    route: Result<&Route, CurrencyLimit>,
    context: &Context<'_>,
) -> Result<Plan, Rejection> {
    let intent = order.void_for_cancellation(context.now)?;
    decide(order, &intent, route, context)
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
        // The account that took the payment, even if the merchant's set-up names another by now.
        let route =
            transaction.first().map(|first| first.route.clone()).ok_or(Rejection::TransactionNotFound)?;
        let operation =
            new_operation(self.kind, self.amount, intent, &route, context).through(self.mechanism);
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

//! The one flow for everything that moves money: load, decide, save the intent, call the gateway, apply,
//! save the outcome (`design.md` §4).

mod audit;
mod by_hand;
mod doubt;

pub use by_hand::{NotByHand, Verdict, Weighed};

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio::time::Instant;
use uuid::Uuid;

use crate::{
    clock::Clock,
    gateway::{Command, Gateway, Instruction, PaymentSource},
    merchants::Merchant,
    money::{Amount, Currency},
    operation::{Grant, Kind, Operation, Stage, State},
    order::{self, Action, At, Context, Intent, Next, Order, OrderKey, Plan, Rejection},
    outcome::{Doubt, Finding, GatewayResponse, NoEffect, Outcome},
    policy::OrdersMode,
    store::{OrderStore, StoreError},
    trail,
};

/// Longest wait for the gateway. The function ends after 29 s, API Gateway after 30 s, and the gateway itself
/// works for up to 32 s (`cardpointe.md` §10): waiting longer here would not bring its last word either.
const GATEWAY_LIMIT: Duration = Duration::from_secs(20);

/// Time kept for saving the outcome and answering, after the gateway's answer or its absence.
const KEPT_FOR_OUTCOME: Duration = Duration::from_secs(4);

/// With less than this left nothing is asked: an inquiry about a refund takes two look-ups, and its result is saved.
const ASK_MIN: Duration = Duration::from_secs(8);

/// With less than this an operation is not sent: the answer would most likely be missed.
const SEND_MIN: Duration = Duration::from_secs(2);

/// How often a decision is made anew because somebody else changed the order in between.
const DECISIONS_MAX: usize = 8;

/// How often an outcome is applied anew. An outcome must not be lost, so this is tried harder.
const OUTCOME_SAVES_MAX: usize = 20;

/// When the caller's time is up.
#[derive(Clone, Copy, Debug)]
pub struct Deadline(Instant);

impl Deadline {
    /// The deadline that is this far away.
    pub fn after(left: Duration) -> Self {
        Self(Instant::now() + left)
    }

    /// How long the gateway may take from now, or none when it must not be called any more.
    fn gateway_limit(self) -> Option<Duration> {
        let left = self.0.saturating_duration_since(Instant::now());
        let limit = left.saturating_sub(KEPT_FOR_OUTCOME).min(GATEWAY_LIMIT);
        (limit >= SEND_MIN).then_some(limit)
    }

    /// Whether there is time for more than answering what is known.
    pub(crate) fn leaves_time_to_answer(self) -> bool {
        self.0.saturating_duration_since(Instant::now()) >= SEND_MIN
    }

    /// Whether an inquiry still fits.
    pub(crate) fn leaves_time_to_ask(self) -> bool {
        self.0.saturating_duration_since(Instant::now()) >= ASK_MIN
    }
}

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// A rule of the order.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// Too many others changed the order at the same time.
    #[error("the order is being changed by other requests")]
    Contended,
    /// The store did not work; nothing was sent to the gateway.
    #[error(transparent)]
    Store(StoreError),
    /// An abandoned payment or refund of the order may still turn out to be done, and the gateway does not say.
    #[error(
        "an earlier attempt may still turn out to be done, and the gateway does not say; nothing was sent"
    )]
    Unverified,
}

/// An operation that was carried out as far as it goes, now or earlier.
#[derive(Debug)]
pub struct Performed {
    /// The order after it.
    pub order: Order,
    /// The operation in it.
    pub at: At,
    /// Whether it was asked before and only answered again.
    pub replayed: bool,
}

/// The use cases of payments, and the ports they need.
pub struct Payments {
    /// Keeps orders.
    pub store: Arc<dyn OrderStore>,
    /// Moves money.
    pub gateway: Arc<dyn Gateway>,
    /// Time and ids.
    pub clock: Arc<dyn Clock>,
}

impl Payments {
    /// Carries out an intent on an order, at most once.
    ///
    /// `source` is what a new payment is made with; follow-ups have none.
    pub async fn perform(
        &self,
        merchant: &Merchant,
        key: &OrderKey,
        intent: &Intent,
        source: Option<&PaymentSource>,
        deadline: Deadline,
    ) -> Result<Performed, Refusal> {
        trail::note(|trail| {
            trail.merchant = Some(key.merchant.to_string());
            trail.order = Some(key.order.to_string());
        });
        let (order, at) = match self.save_intent(merchant, key, intent, deadline).await? {
            Intended::Pending(order, at) => (order, at),
            // Asked before, and still in doubt although its request has ended: ask now, then answer.
            Intended::Finished(Performed { order, at, replayed: true }) => {
                let order = self.resolve(merchant, order, at.transaction, deadline).await;
                audit::note(&order, at, true);
                return Ok(Performed { order, at, replayed: true });
            }
            Intended::Finished(performed) => {
                audit::note(&performed.order, performed.at, performed.replayed);
                return Ok(performed);
            }
        };
        let order = self.carry_out(merchant, order, at, source, deadline).await;
        audit::note(&order, at, false);
        Ok(Performed { order, at, replayed: false })
    }

    /// What became of an intent that was carried out before, without carrying it out now. None when it was not, or is
    /// known to have done nothing.
    pub async fn repeat(
        &self,
        merchant: &Merchant,
        key: &OrderKey,
        intent: &Intent,
        deadline: Deadline,
    ) -> Result<Option<Performed>, Refusal> {
        let Some(order) = self.store.load(key).await.map_err(Refusal::Store)? else { return Ok(None) };
        let Some(at) = order::repeated(&order, intent, self.clock.now())? else { return Ok(None) };
        let order = self.resolve(merchant, order, at.transaction, deadline).await;
        audit::note(&order, at, true);
        Ok(Some(Performed { order, at, replayed: true }))
    }

    /// Gives a rule of the order what it may need.
    fn with_context<T>(&self, merchant: &Merchant, rule: impl FnOnce(&Context<'_>) -> T) -> T {
        let new_id = || self.clock.new_id();
        rule(&Context { policy: &merchant.policy, now: self.clock.now(), new_id: &new_id })
    }

    /// Sends a pending operation and whatever follows from its outcome. An outcome that is not known is asked about
    /// once, if time is left; otherwise the operation stays pending.
    async fn carry_out(
        &self,
        merchant: &Merchant,
        mut order: Order,
        mut at: At,
        source: Option<&PaymentSource>,
        deadline: Deadline,
    ) -> Order {
        loop {
            let outcome = self.call_gateway(merchant, &order, at, source, deadline).await;
            let outcome = self.verified(merchant, &order, at, outcome, deadline).await;
            let mut saved = self.save_outcome(merchant, order, at, &outcome).await;
            audit::outcome(&saved.order, at, &outcome);
            if matches!(outcome, Outcome::Unknown(..)) && deadline.leaves_time_to_ask() {
                (saved, _) = self.ask(merchant, saved.order, at).await;
            }
            order = saved.order;
            match saved.next {
                Next::Send(follow_up) => at = follow_up,
                Next::Answer => return order,
            }
        }
    }

    /// Puts the intent on record. From here on it can be found, whatever happens.
    async fn save_intent(
        &self,
        merchant: &Merchant,
        key: &OrderKey,
        intent: &Intent,
        deadline: Deadline,
    ) -> Result<Intended, Refusal> {
        let mut stored = self.start(merchant, key, intent).await?;
        let mut looked_back = false;
        let mut unsaved = Refusal::Contended;
        for again in 0..DECISIONS_MAX {
            // A store that answers late must not use up the time in which the caller can be answered.
            if again > 0 && deadline.gateway_limit().is_none() {
                break;
            }
            let order = stored.order().clone();
            let route = merchant.route(order.currency);
            let decided =
                self.with_context(merchant, |context| order::decide(order, intent, route.as_ref(), context));
            let decision = match decided {
                Ok(decision) => decision,
                // What is wrong with a new order may have been right when the same request made it.
                Err(rejection) if matches!(stored, Start::New(_)) => {
                    let there = self.store.load(key).await.map_err(Refusal::Store)?;
                    stored = Start::Stored(there.ok_or(rejection)?);
                    continue;
                }
                Err(rejection) => return Err(rejection.into()),
            };
            let moves_money = |order: &Order, at: At| {
                order.operation(at).is_some_and(|o| o.kind.is_payment() || o.kind == Kind::Refund)
            };
            if let Plan::Send(order, at) = &decision
                && moves_money(order, *at)
                && !looked_back
                && stored.order().suspects().next().is_some()
            {
                looked_back = true;
                stored = Start::Stored(self.look_back(merchant, stored.order().clone(), deadline).await?);
                continue;
            }
            let (order, at, to_send) = match decision {
                Plan::Replay(order, at) => {
                    return Ok(Intended::Finished(Performed { order, at, replayed: true }));
                }
                Plan::Send(order, at) => (order, at, true),
                Plan::Record(order, at) => (order, at, false),
            };
            match self.put(&stored, &order, at).await? {
                Put::Done(order) if to_send => {
                    audit::change(&order, at, "intent saved");
                    return Ok(Intended::Pending(order, at));
                }
                Put::Done(order) => return Ok(Intended::Finished(Performed { order, at, replayed: false })),
                Put::Changed(order) => (stored, unsaved) = (Start::Stored(order), Refusal::Contended),
                Put::NotDone(order, why) => {
                    (stored, unsaved) = (Start::Stored(order), Refusal::Store(StoreError::Unavailable(why)));
                }
            }
        }
        Err(unsaved)
    }

    /// The order to decide on. An order that may be new is not read first: its first write tells.
    async fn start(&self, merchant: &Merchant, key: &OrderKey, intent: &Intent) -> Result<Start, Refusal> {
        if let Action::Pay(pay) = &intent.action
            && (pay.alone.is_some() || merchant.policy.orders == OrdersMode::External)
        {
            let currency = intent.currency.ok_or(Rejection::OrderNotFound)?;
            // What a payment alone comes to is its order's total: nothing else is owing on it.
            let total = pay.amount.filter(|_| pay.alone.is_some());
            return Ok(Start::New(Order::new(key, currency, total, self.clock.now())));
        }
        let order = self.store.load(key).await.map_err(Refusal::Store)?;
        Ok(Start::Stored(order.ok_or(Rejection::OrderNotFound)?))
    }

    /// Writes the intent, and finds out what happened when the write's own answer is missing.
    async fn put(&self, before: &Start, order: &Order, at: At) -> Result<Put, Refusal> {
        let written = match before {
            Start::New(_) => self.store.create(order).await,
            Start::Stored(_) => self.store.save(order).await,
        };
        let mut failure = None;
        let stored = match written {
            Ok(()) => return Ok(Put::Done(next_version(order))),
            Err(StoreError::Conflict(stored)) => *stored,
            Err(StoreError::Unavailable(why)) => {
                // The write may have been done all the same: look once.
                match self.store.load(&order.key()).await.map_err(Refusal::Store)? {
                    Some(stored) => {
                        failure = Some(why);
                        stored
                    }
                    None => return Err(Refusal::Store(StoreError::Unavailable(why))),
                }
            }
            Err(error) => return Err(Refusal::Store(error)),
        };
        // A conflict with ourselves: the write was done, its answer was lost, and the repeat found it.
        let ours = attempt(&stored, at).is_some() && attempt(&stored, at) == attempt(order, at);
        Ok(match failure {
            _ if ours => Put::Done(stored),
            // Nobody else wrote either. Were that called contention, nobody would learn why the store takes no writes.
            Some(why) if stored.version == before.order().version => Put::NotDone(stored, why),
            _ => Put::Changed(stored),
        })
    }

    /// The one call. Never in a spawned task: a frozen sandbox would send it minutes later.
    async fn call_gateway(
        &self,
        merchant: &Merchant,
        order: &Order,
        at: At,
        source: Option<&PaymentSource>,
        deadline: Deadline,
    ) -> Outcome {
        let not_sent = |doubt| Outcome::Unknown(doubt, GatewayResponse::default());
        let (Some(transaction), Some(operation)) = (order.transaction(at.transaction), order.operation(at))
        else {
            return not_sent(Doubt::StateDiffers);
        };
        let retref = operation.retref.as_deref().or(transaction.reference());
        let command = match (operation.kind, source, retref) {
            (Kind::Authorize, Some(source), _) => Command::Authorize(source),
            (Kind::Purchase, Some(source), _) => Command::Purchase(source),
            (Kind::Capture, _, Some(retref)) => Command::Capture { retref },
            (Kind::Refund, _, Some(retref)) => Command::Refund { retref },
            (Kind::Void, _, Some(retref)) => Command::Void { retref },
            // An approved payment always has its reference, and a payment its source.
            _ => return not_sent(Doubt::Incomplete),
        };
        let instruction = Instruction {
            route: &operation.route,
            currency: order.currency,
            amount: operation.amount,
            gateway_order_id: &operation.attempt.gateway_order_id,
            order: &order.id,
            memo: transaction.memo.as_deref(),
            command,
        };
        let Some(limit) = deadline.gateway_limit() else {
            return Outcome::NoEffect(NoEffect::NoTimeLeft, GatewayResponse::default());
        };
        let sent = Instant::now();
        let outcome = self.gateway.perform(merchant, instruction, limit).await;
        trail::note(|trail| {
            trail.gateway += sent.elapsed();
            trail.gateway_calls += 1;
            trail.gateway_timeouts += u32::from(matches!(outcome, Outcome::Unknown(Doubt::NoAnswer, _)));
            trail.gateway_refusals +=
                u32::from(matches!(outcome, Outcome::NoEffect(NoEffect::Misconfigured, _)));
        });
        outcome
    }

    /// Puts the outcome on record.
    async fn save_outcome(&self, merchant: &Merchant, order: Order, at: At, outcome: &Outcome) -> Saved {
        let sent = attempt(&order, at);
        self.save_change(order, at, &|order| {
            let moved = matches!(outcome, Outcome::Approved(_) | Outcome::PartiallyApproved(_));
            // Another attempt was begun meanwhile. That money moved is true of the operation; anything else is not.
            if attempt(order, at) != sent && !moved {
                return None;
            }
            // Meanwhile it was abandoned: the approval turned up late, by the shortest way.
            let is_decided = |operation: &&Operation| matches!(operation.state, State::Decided(_));
            let decided = order.operation(at).filter(is_decided);
            let stands = decided.is_some_and(|operation| operation.is(Stage::Approved));
            let late = moved && decided.is_some() && !(stands && attempt(order, at) == sent);
            self.with_context(merchant, |context| {
                if late {
                    let found = Finding::Became(Box::new(outcome.clone()));
                    return order::look_back(order, at, &found, context);
                }
                Some(order::apply(order, at, outcome, context))
            })
        })
        .await
    }

    /// Changes an order and saves it; after a conflict the change is made to what is there. If it cannot be saved the
    /// operation stays pending on record, which is true and gets resolved.
    async fn save_change(
        &self,
        order: Order,
        at: At,
        change: &(dyn Fn(&mut Order) -> Option<Next> + Sync),
    ) -> Saved {
        let before = order.clone();
        let mut current = order;
        for _ in 0..OUTCOME_SAVES_MAX {
            let mut changed = current.clone();
            let Some(next) = change(&mut changed) else {
                return Saved { order: current, next: Next::Answer };
            };
            let expected = changed.operation(at).cloned();
            match self.store.save(&changed).await {
                Ok(()) => return Saved { order: next_version(&changed), next },
                // Our own write, its answer lost: the stored operation is as we left it.
                Err(StoreError::Conflict(stored))
                    if expected.is_some() && stored.operation(at) == expected.as_ref() =>
                {
                    return Saved { order: *stored, next };
                }
                Err(StoreError::Conflict(stored)) => current = *stored,
                Err(error) => {
                    tracing::error!(merchant = %before.merchant, order = %before.id, operation = %at.operation, %error, "outcome not saved");
                    break;
                }
            }
        }
        Saved { order: before, next: Next::Answer }
    }

    /// Moves a scheduled capture, or cancels it.
    pub async fn schedule_capture(
        &self,
        key: &OrderKey,
        transaction: Uuid,
        at: Option<Timestamp>,
    ) -> Result<Order, Refusal> {
        let change = |order: &mut Order| order.schedule_capture(transaction, at, self.clock.now());
        self.change(key, transaction, ("scheduled capture moved", Grant::ClientCredentials), &change).await
    }

    /// Puts on record that an authorization ended before it was captured.
    pub(crate) async fn lapse(&self, key: &OrderKey, transaction: Uuid) -> Result<Order, Refusal> {
        let change =
            |order: &mut Order| order.lapse(transaction, self.clock.now()).ok_or(Rejection::NothingDue);
        self.change(key, transaction, ("authorization lapsed", Grant::Schedule), &change).await
    }

    /// Changes an order that is there, by itself and without the gateway.
    async fn change(
        &self,
        key: &OrderKey,
        transaction: Uuid,
        (what, by): (&'static str, Grant),
        change: &(dyn Fn(&mut Order) -> Result<(), Rejection> + Sync),
    ) -> Result<Order, Refusal> {
        let mut order = self.order(key).await?;
        for _ in 0..DECISIONS_MAX {
            change(&mut order)?;
            match self.store.save(&order).await {
                Ok(()) => {
                    audit::scheduled(&order, transaction, what, by);
                    return Ok(next_version(&order));
                }
                Err(StoreError::Conflict(other)) => order = *other,
                Err(error) => return Err(Refusal::Store(error)),
            }
        }
        Err(Refusal::Contended)
    }

    /// An order as it is now.
    pub async fn order(&self, key: &OrderKey) -> Result<Order, Refusal> {
        let order = self.store.load(key).await.map_err(Refusal::Store)?;
        Ok(order.ok_or(Rejection::OrderNotFound)?)
    }

    /// Registers an order with what is to be paid, or states it again. Tells whether the order is new.
    pub async fn register(
        &self,
        key: &OrderKey,
        currency: Currency,
        total: Amount,
    ) -> Result<(Order, bool), Refusal> {
        let new = Order::new(key, currency, Some(total), self.clock.now());
        let mut stored = match self.store.create(&new).await {
            Ok(()) => {
                audit::registered(&new);
                return Ok((next_version(&new), true));
            }
            Err(StoreError::Conflict(stored)) => *stored,
            Err(error) => return Err(Refusal::Store(error)),
        };
        for _ in 0..DECISIONS_MAX {
            stored.restate(currency, total, self.clock.now())?;
            match self.store.save(&stored).await {
                Ok(()) => {
                    audit::registered(&stored);
                    return Ok((next_version(&stored), false));
                }
                Err(StoreError::Conflict(other)) => stored = *other,
                Err(error) => return Err(Refusal::Store(error)),
            }
        }
        Err(Refusal::Contended)
    }
}

enum Start {
    New(Order),
    Stored(Order),
}

impl Start {
    fn order(&self) -> &Order {
        match self {
            Self::New(order) | Self::Stored(order) => order,
        }
    }
}

enum Intended {
    Pending(Order, At),
    Finished(Performed),
}

enum Put {
    Done(Order),
    /// By somebody else.
    Changed(Order),
    /// The store took no write, for this reason.
    NotDone(Order, String),
}

struct Saved {
    order: Order,
    next: Next,
}

/// The latest attempt of an operation.
fn attempt(order: &Order, at: At) -> Option<Uuid> {
    order.operation(at).map(|operation| operation.attempt.id)
}

fn next_version(order: &Order) -> Order {
    Order { version: order.version + 1, ..order.clone() }
}

#[cfg(test)]
mod tests;

//! The one call to the gateway, and how its outcome gets on record.

use std::sync::Mutex;

use tokio::time::Instant;
use uuid::Uuid;

use super::{Deadline, Payments};
use crate::{
    order::{
        self, Decision, Doubt, Finding, GatewayResponse, Kind, NextStep, NoEffect, Operation, OperationRef,
        Order, Outcome, Policy, Stage, ToTell, Transaction,
    },
    payments::{
        Command, Initiator, Instruction, KnownPayment, Labels, Merchant, PaymentSource, StoreError, locked,
        trail,
    },
    values::StoredCard,
};

/// How often an outcome is applied anew. An outcome must not be lost, so this is tried harder.
const OUTCOME_SAVES_MAX: usize = 20;

impl Payments {
    /// The one call. Never in a spawned task: a frozen sandbox would send it minutes later.
    pub(super) async fn call_gateway(
        &self,
        merchant: &Merchant,
        order: &Order,
        at: OperationRef,
        source: Option<&PaymentSource>,
        deadline: Deadline,
    ) -> Outcome {
        let not_sent = |doubt| Outcome::Unknown(doubt, GatewayResponse::default());
        let (Some(transaction), Some(operation)) = (order.transaction(at.transaction), order.operation(at))
        else {
            return not_sent(Doubt::StateDiffers);
        };
        let payment = known_payment(transaction, operation, &merchant.policy);
        if payment.and_then(|payment| payment.fee).is_some_and(|share| !share.can_be_named()) {
            return Outcome::NoEffect(NoEffect::Misconfigured, GatewayResponse::default());
        }
        let again = again_with(transaction);
        let command = match (operation.kind, source.or(again.as_ref()), payment) {
            (Kind::Authorize, Some(source), _) => Command::Authorize(source),
            (Kind::Purchase, Some(source), _) => Command::Purchase(source),
            (Kind::Capture, _, Some(payment)) => Command::Capture(payment),
            (Kind::Refund, _, Some(payment)) => Command::Refund(payment),
            (Kind::Void, _, Some(payment)) => Command::Void(payment),
            // An approved payment always has its reference, and a payment its source.
            _ => return not_sent(Doubt::Incomplete),
        };
        let instruction = Instruction {
            route: &operation.route,
            currency: order.currency,
            amount: operation.amount,
            gateway_order_id: &operation.attempt.gateway_order_id,
            order: &order.id,
            ours: if operation.kind.is_payment() { Vec::new() } else { transaction.gateway_order_ids() },
            labels: Labels::of(transaction),
            command,
        };
        let Some(limit) = deadline.gateway_limit() else {
            return Outcome::NoEffect(NoEffect::NoTimeLeft, GatewayResponse::default());
        };
        let sent = Instant::now();
        let outcome = self.gateway.execute(merchant, instruction, limit).await;
        self.note(merchant, order, at, &outcome).await;
        trail::note(|trail| {
            trail.gateway += sent.elapsed();
            trail.gateway_calls += 1;
            trail.gateway_timeouts += u32::from(matches!(outcome, Outcome::Unknown(Doubt::NoResponse, _)));
            trail.gateway_refusals += u32::from(refuses_the_set_up(&outcome));
        });
        outcome
    }

    /// Puts the outcome on record, and with it the next step for the order's shop as sent, where
    /// this request sends it.
    pub(super) async fn save_outcome(
        &self,
        merchant: &Merchant,
        order: Order,
        at: OperationRef,
        outcome: &Outcome,
        tells_shop: bool,
    ) -> Saved {
        let sent = attempt(&order, at);
        let told = Mutex::new(None);
        let change = |order: &mut Order| {
            let moved = outcome.is_approval();
            // Another attempt was begun meanwhile. That money moved is true of the operation;
            // anything else is not.
            if attempt(order, at) != sent && !moved {
                return None;
            }
            // Meanwhile it was abandoned: the approval turned up late, by the shortest way.
            let decided = order.operation(at).and_then(Operation::decision).map(Decision::stage);
            let stands = decided == Some(Stage::Approved) && attempt(order, at) == sent;
            let late = moved && decided.is_some() && !stands;
            self.with_context(merchant, |context| {
                if late {
                    let found = Finding::Became(Box::new(outcome.clone()));
                    return order::look_back(order, at, &found, context);
                }
                Some(order::apply(order, at, outcome, context))
            })
        };
        let change = |order: &mut Order| {
            let next = change(order);
            if tells_shop && next == Some(NextStep::Respond) {
                *locked(&told) = order.begin_telling(None, || self.clock.new_id(), self.clock.now());
            }
            next
        };
        let saved = self.save_change(order, at, &change).await;
        let told = locked(&told).take();
        let sent = told.filter(|told| saved.order.is_telling(told));
        Saved { sent, ..saved }
    }

    /// Changes an order and saves it; after a conflict the change is made to the stored order. If
    /// it cannot be saved the operation stays pending on record, which is true and gets resolved.
    pub(super) async fn save_change(
        &self,
        order: Order,
        at: OperationRef,
        change: &(dyn Fn(&mut Order) -> Option<NextStep> + Sync),
    ) -> Saved {
        let before = order.clone();
        let mut current = order;
        for _ in 0..OUTCOME_SAVES_MAX {
            let mut changed = current.clone();
            let Some(next) = change(&mut changed) else {
                return Saved::new(current, NextStep::Respond);
            };
            match self.store.save(&changed).await {
                Ok(()) => return Saved::new(next_version(&changed), next),
                // Our own write, its response lost: the stored operation is as we left it.
                Err(StoreError::Conflict(stored)) if stored.operation(at) == changed.operation(at) => {
                    return Saved::new(*stored, next);
                }
                Err(StoreError::Conflict(stored)) => current = *stored,
                Err(error) => {
                    tracing::error!(merchant = %before.merchant, order = %before.id, operation = %at.operation, %error, "outcome not saved");
                    break;
                }
            }
        }
        Saved { is_lost: true, ..Saved::new(before, NextStep::Respond) }
    }
}

/// The payment that a follow-up is about, as the gateway knows it; none while it has no reference.
pub(super) fn known_payment<'a>(
    transaction: &'a Transaction,
    operation: &'a Operation,
    policy: &Policy,
) -> Option<KnownPayment<'a>> {
    Some(KnownPayment {
        reference: operation.reference.as_deref().or(transaction.reference())?,
        fee: transaction.fee_share(operation, policy),
    })
}

/// The payment source of a payment that continues another one. The shopper is not there.
fn again_with(transaction: &Transaction) -> Option<PaymentSource> {
    transaction.continues?;
    let StoredCard { account, profile } = transaction.paid_with.clone()?;
    Some(PaymentSource::Profile { account, profile, initiator: Initiator::Merchant { scheduled: false } })
}

/// Whether the gateway, or an intermediary in its place, refuses the merchant's set-up or
/// credentials.
fn refuses_the_set_up(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::NoEffect(reason, _) | Outcome::Intermediary(reason, _) => reason.is_about_the_set_up(),
        Outcome::Unnamed(said) => refuses_the_set_up(said),
        Outcome::Approved(_)
        | Outcome::PartiallyApproved(_)
        | Outcome::Declined(..)
        | Outcome::Unknown(..) => false,
    }
}

/// An order after a change, and the next step.
pub(super) struct Saved {
    pub(super) order: Order,
    pub(super) next: NextStep,
    /// The change could not be saved: the order is as it was before.
    pub(super) is_lost: bool,
    /// The step for the order's shop that was put on record as sent.
    pub(super) sent: Option<ToTell>,
}

impl Saved {
    /// An order that is on record as it is here.
    pub(super) fn new(order: Order, next: NextStep) -> Self {
        Self { order, next, is_lost: false, sent: None }
    }
}

/// The latest attempt of an operation.
pub(super) fn attempt(order: &Order, at: OperationRef) -> Option<Uuid> {
    order.operation(at).map(|operation| operation.attempt.id)
}

/// The order as the store has it after a write.
pub(crate) fn next_version(order: &Order) -> Order {
    Order { version: order.version + 1, ..order.clone() }
}

//! Persons who refund a payment in the place of a rule, end a refund that waits, decide a doubt, or
//! have seen why a payment needs attention.

use std::{sync::Arc, time::Duration};

use serde_json::json;
use tollgate_core::{
    journal::{self, Concern, SeenStatement},
    order::{Attribution, HandVerdict, OrderKey, Stage, Transaction},
    payments::{HandDecision, NotByHand, Sender},
};
use uuid::Uuid;

use crate::{
    ask::{Ask, Route},
    ledger::Did,
    merchants::{EXTERNAL, REGISTERED},
    world::{State, World},
};

/// A person looks the payment up and decides within this time.
const LIMIT: Duration = Duration::from_mins(1);

/// A payment that a person acts on.
#[derive(Clone)]
struct Payment {
    order: OrderKey,
    transaction: Uuid,
    refundable: u64,
}

/// A payment of this kind, if there is one.
fn any(state: &mut State, is_meant: impl Fn(&Transaction) -> bool) -> Option<Payment> {
    let mut all = Vec::new();
    for order in state.fake_store.orders() {
        all.extend(order.transactions.iter().filter(|own| is_meant(own)).map(|own| Payment {
            order: order.key(),
            transaction: own.id,
            refundable: own.refundable().minor(),
        }));
    }
    let index = usize::try_from(state.rng.below(all.len().max(1) as u64)).unwrap_or_default();
    all.get(index).cloned()
}

fn waits(own: &Transaction) -> bool {
    own.operations.iter().any(|one| one.is(Stage::WaitsForDispute))
}

/// A person refunds a payment although it is disputed, all of it or a part: one whose refund waits,
/// if there is one.
pub(super) fn refund(state: &mut State, key: String) -> Option<Ask> {
    let refundable = any(state, |own| !own.refundable().is_zero());
    let found = any(state, waits).or(refundable)?;
    let merchant = if found.order.merchant.as_str() == REGISTERED { REGISTERED } else { EXTERNAL };
    let mut data = json!({"refund_disputed": state.rng.chance(80)});
    if state.rng.chance(40) {
        data["amount"] = (1 + state.rng.below(found.refundable)).into();
    }
    let key = state.rng.chance(60).then_some(key);
    let (order, transaction) = (found.order.order.to_string(), Some(found.transaction));
    Some(Ask { merchant, order, route: Route::Refund, transaction, data, key })
}

/// A person ends a refund that waits.
pub(super) async fn end(world: &Arc<World>) {
    let (found, merchant) = {
        let mut guard = world.state();
        let Some(found) = any(&mut guard, waits) else { return };
        let Some(merchant) = guard.shops.merchant(found.order.merchant.as_str()) else { return };
        (found, merchant)
    };
    let (Ok(by), Ok(reason)) = ("Ann".parse(), "the case is lost".parse()) else { return };
    let verdict = HandDecision { verdict: HandVerdict::NotDone, by, person: None, reason, reference: None };
    let instance = world.start();
    let Payment { order, transaction, .. } = found;
    world.step(format_args!("#{} a person ends the refund of {transaction}", instance.number));
    let payments = instance.api().payments;
    let invocation =
        async move { payments.decide_by_hand(&merchant, &order, transaction, &verdict).await.map(drop) };
    let decided = instance.run(LIMIT, invocation).await;
    if matches!(decided, Some(Err(NotByHand::GatewayKnows(_)))) {
        world.state().count("refunds that a person did not end, because they were done");
    }
}

/// A person has seen any of the reasons for which a payment may need attention, due or not.
pub(super) async fn see(world: &Arc<World>) {
    let (found, concern) = {
        let mut guard = world.state();
        let disputed = any(&mut guard, Transaction::has_open_dispute).filter(|_| guard.rng.chance(70));
        let Some(found) = disputed.or_else(|| any(&mut guard, |_| true)) else { return };
        let likely = guard.rng.chance(70).then_some(Concern::Disputed);
        (found, likely.or(guard.rng.pick(Concern::ALL)).unwrap_or(Concern::InDoubt))
    };
    let instance = world.start();
    let Payment { order, transaction, .. } = found;
    world.step(format_args!("#{} a person has seen {} of {transaction}", instance.number, concern.as_str()));
    let api = instance.api();
    let invocation = async move {
        let by = Attribution { person: Some("Ann".to_owned()), ..Attribution::default() };
        let sender = Sender { by: Some(&by), seen_version: None };
        let statement = SeenStatement { transaction, concern, sender };
        let clock = api.access.clock.as_ref();
        journal::see(api.payments.store.as_ref(), clock, &order, statement).await.map(drop)
    };
    if let Some(Ok(())) = instance.run(LIMIT, invocation).await {
        let is_about_a_doubt =
            [Concern::InDoubt, Concern::RefundHeldBack, Concern::FoundLate].contains(&concern);
        let mut state = world.state();
        if is_about_a_doubt {
            world.fail(&mut state, "a doubt was settled by having seen it");
        }
        state.count("concerns that a person has seen");
    }
}

/// A person looks an operation in doubt up in the gateway's portal, and decides it so.
pub(super) async fn decide(world: &Arc<World>) {
    let is_in_doubt = |own: &Transaction| own.pending().is_some();
    let (found, merchant, verdict) = {
        let mut guard = world.state();
        let Some(found) = any(&mut guard, is_in_doubt) else { return };
        let Some(merchant) = guard.shops.merchant(found.order.merchant.as_str()) else { return };
        let order = guard.fake_store.order(&found.order.to_string());
        let pending = order.and_then(|order| order.transaction(found.transaction)?.pending());
        let Some(pending) = pending.map(|pending| (pending.id, pending.kind)) else { return };
        let done = guard.ledger.did(pending.0).find_map(|did| match did {
            Did::Approved { retref, .. } => Some(retref.clone()),
            _ => None,
        });
        let verdict = if done.is_some() { HandVerdict::Done } else { HandVerdict::NotDone };
        // A capture and a void have no reference of their own.
        let reference = done.filter(|_| pending.1.has_own_record());
        let (Ok(by), Ok(reason)) = ("Ann".parse(), "seen in the portal".parse()) else { return };
        (found, merchant, HandDecision { verdict, by, person: None, reason, reference })
    };
    let instance = world.start();
    let Payment { order, transaction, .. } = found;
    let outcome = verdict.verdict.as_str();
    world.step(format_args!("#{} a person decides {transaction}: {outcome}", instance.number));
    let payments = instance.api().payments;
    let invocation =
        async move { payments.decide_by_hand(&merchant, &order, transaction, &verdict).await.map(drop) };
    let decided = instance.run(LIMIT, invocation).await;
    world.state().count(match decided {
        Some(Ok(())) => "doubts that a person decided",
        Some(Err(NotByHand::OtherRecord(..))) => "references that a person had from another record",
        _ => "doubts that were not a person's to decide",
    });
}

//! Persons who refund a payment in the place of a rule, or end a refund that waits.

use std::{sync::Arc, time::Duration};

use serde_json::json;
use tollgate_core::{
    order::{HandVerdict, OrderKey, Stage, Transaction},
    payments::{HandDecision, NotByHand},
};
use uuid::Uuid;

use crate::{
    ask::{Ask, Route},
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

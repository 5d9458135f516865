//! Many due orders of one merchant beside a few of another: whose gateway does not respond, refuses
//! the credentials, or responds and decides nothing.

use std::{sync::Arc, time::Duration};

use cardpointe_simulator::{Alteration, Endpoint};
use serde_json::json;
use tokio::time::{Instant, sleep};
use tollgate_core::order::{Order, Stage};

use super::story::{calm, register};
use crate::{
    ask::{Ask, Route},
    client::deliver,
    fault::{Call, Fault, Plan},
    merchants::{EXTERNAL, REGISTERED},
    run,
    world::{Outage, World},
};

/// Due orders of the merchant whose inquiries come to nothing.
const MANY: usize = 250;

/// Due orders of the other.
const FEW: usize = 10;

/// So long does each call take: a run gets through fewer orders than there are.
const CALL_MS: u64 = 100;

/// Runs after which a backlog counts as never resolved.
const RUNS_MAX: u32 = 30;

/// Why nothing is learned of the many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    /// There are none to learn of.
    None,
    NoResponse,
    WrongPassword,
    Undecided,
}

/// The result of a backlog.
#[derive(Debug)]
pub struct Backlog {
    /// The trouble of the merchant that has it.
    pub trouble: String,
    /// Runs of the schedule until the other merchant's orders are resolved.
    pub runs: u32,
    /// Runs until its own are, after the trouble has ended.
    pub own_runs: u32,
    /// A rule that was broken.
    pub failure: Option<String>,
}

/// One backlog of each kind, the first without any.
pub fn backlogs() -> Vec<Backlog> {
    [Trouble::None, Trouble::NoResponse, Trouble::WrongPassword, Trouble::Undecided].map(backlog).into()
}

fn backlog(trouble: Trouble) -> Backlog {
    let mut backlog = Backlog { trouble: format!("{trouble:?}"), runs: 0, own_runs: 0, failure: None };
    let run = run::run(calm, async |world| {
        let many = if trouble == Trouble::None { 0 } else { MANY };
        in_doubt(&world, EXTERNAL, many).await;
        in_doubt(&world, REGISTERED, FEW).await;
        begin(&world, trouble);
        world.state().call_ms = CALL_MS;
        backlog.runs = runs_until_resolved(&world, REGISTERED).await;
        end(&world);
        backlog.own_runs = runs_until_resolved(&world, EXTERNAL).await;
    });
    backlog.failure = run.failure;
    backlog
}

/// Orders whose payment was made and whose process died before it knew.
async fn in_doubt(world: &Arc<World>, merchant: &'static str, orders: usize) {
    for number in 0..orders {
        let order = format!("o{number}");
        if merchant == REGISTERED {
            register(world, merchant, &order).await;
        }
        world.state().plan = Plan::Every(Call::Perform, Fault::CrashAfter);
        let payment = "1|16178397535388255208";
        let data = json!({"gateway": "card_connect", "payment": payment, "amount": 1_000});
        let route = Route::Purchase;
        let ask = Ask { merchant, order, route, transaction: None, data, key: Some("k".to_owned()) };
        deliver(world, &ask).await;
        world.state().plan = Plan::Calm;
    }
}

fn begin(world: &World, trouble: Trouble) {
    let mut state = world.state();
    match trouble {
        Trouble::None => {}
        Trouble::NoResponse => {
            let until = Instant::now() + Duration::from_hours(24);
            state.outage = Some(Outage { until, of: Some(EXTERNAL) });
        }
        Trouble::WrongPassword => state.shops.forget_password(EXTERNAL, true),
        Trouble::Undecided => {
            let external: Vec<String> = state
                .fake_store
                .orders()
                .filter(|order| order.merchant.as_str() == EXTERNAL)
                .flat_map(Order::operations)
                .map(|(_, operation)| operation.attempt.gateway_order_id.clone())
                .collect();
            for order_id in external {
                let target = cardpointe_simulator::Target::OrderId(order_id);
                let alteration = Alteration::of(Endpoint::InquireByOrderid).remove("respstat").only(target);
                state.ledger.simulator.alter(alteration);
            }
        }
    }
}

fn end(world: &World) {
    let mut state = world.state();
    state.outage = None;
    state.shops.forget_password(EXTERNAL, false);
    state.ledger.simulator.clear_alterations();
}

async fn runs_until_resolved(world: &Arc<World>, merchant: &str) -> u32 {
    for number in 0..=RUNS_MAX {
        if resolved(world, merchant) {
            return number;
        }
        sleep(Duration::from_mins(1)).await;
        run::reconcile_once(world).await;
    }
    RUNS_MAX + 1
}

fn resolved(world: &World, merchant: &str) -> bool {
    let state = world.state();
    let pending = |order: &Order| order.operations().any(|(_, operation)| operation.is(Stage::Pending));
    !state.fake_store.orders().any(|order| order.merchant.as_str() == merchant && pending(order))
}

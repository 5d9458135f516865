//! One simulation from its beginning to the comparison of the ledgers.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use tokio::{
    runtime::Builder,
    time::{Instant, sleep},
};
use tollgate::{
    operation::State as Stage,
    order::Order,
    payments::Deadline,
    reconcile::{Report, reconcile},
};

use crate::{
    Run, check,
    fault::Plan,
    ledger::Did,
    world::{State, World},
};

/// How long everything in doubt may take to be found out.
const SETTLED_AFTER: Duration = Duration::from_hours(26);

/// How long a request that is still travelling, or a write that is late, takes at most.
const TRAVELS: Duration = Duration::from_secs(45);

/// Runs a story in a world of its own, with time that passes only when everybody waits.
pub(crate) fn run<F>(world: impl FnOnce() -> Arc<World>, story: impl FnOnce(Arc<World>) -> F) -> Run
where
    F: Future<Output = ()>,
{
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build();
    let Ok(runtime) = runtime else {
        return Run { failure: Some("no runtime".to_owned()), ..Run::default() };
    };
    runtime.block_on(async {
        let world = world();
        story(world.clone()).await;
        let mut guard = world.state();
        let state = &mut *guard;
        Run {
            hash: state.trace.hash(),
            failure: state.failure.take(),
            steps: state.trace.take_steps(),
            calls: state.calls.len(),
            counts: std::mem::take(&mut state.counts),
        }
    })
}

/// One run of the schedule, as a process of its own.
pub(crate) async fn reconcile_once(world: &Arc<World>) -> Option<Report> {
    let instance = world.start();
    world.step(format_args!("#{} reconcile", instance.number));
    let app = instance.app();
    let deadline = Deadline::after(Duration::from_secs(29));
    let report = instance.run(reconcile(&app.payments, app.merchants.as_ref(), deadline)).await;
    world.state().count("reconcile runs");
    report
}

/// Ends all faults, reconciles until nothing is due any more, and compares the ledgers.
pub(crate) async fn end(world: &Arc<World>) {
    {
        let mut state = world.state();
        state.plan = Plan::Calm;
        state.outage_until = None;
        world.note(&mut state, format_args!("faults end"));
    }
    sleep(TRAVELS).await;
    settle(world).await;
    let until = Instant::now() + SETTLED_AFTER;
    while world.state().failure.is_none() {
        let due = {
            let state = world.state();
            state.shelf.orders().filter_map(Order::next_inquiry_at).min()
        };
        let Some(due) = due else { break };
        if Instant::now() > until {
            break;
        }
        // Runs in between would find nothing due.
        let wait = due.duration_since(world.now()).as_secs().max(0).unsigned_abs();
        sleep(Duration::from_secs(wait / 60 * 60 + 60)).await;
        reconcile_once(world).await;
    }
    let mut guard = world.state();
    let state = &mut *guard;
    let mut broken = check::ended(&state.shelf, &state.ledger);
    broken.extend(promises(state));
    for rule in broken {
        world.fail(state, &rule);
    }
    let moved = state.ledger.records().len();
    *state.counts.entry("gateway records").or_default() += moved as u64;
}

/// Two batches: whatever was captured is settled.
pub(crate) async fn settle(world: &Arc<World>) {
    for _ in 0..2 {
        world.state().ledger.settle();
        world.step(format_args!("batch"));
        sleep(Duration::from_millis(1)).await;
    }
}

/// What a client with a key was told last and for good is what the gateway did, once.
fn promises(state: &State) -> Vec<String> {
    let mut broken = Vec::new();
    let mut last = BTreeMap::new();
    for (order, key, status) in &state.told {
        let id = format!("{key:?}");
        last.insert((order.clone(), id), (key, *status));
    }
    for ((order, id), (key, status)) in last {
        let Some(order) = state.shelf.order(&order) else { continue };
        let Some((transaction, operation)) = order.operations().find(|(_, o)| o.key.as_ref() == Some(key))
        else {
            // Refused before it began, or the order is not there.
            if matches!(status, 200 | 202) {
                broken.push(format!("told {status} about {id}, which is not on record"));
            }
            continue;
        };
        let times = state.ledger.times_done(&operation.gateway_order_id);
        let latest = transaction.latest_of(operation);
        let done = latest.is(Stage::Approved) && latest.cause.declines_as().is_none();
        let declined = state
            .ledger
            .did(&operation.gateway_order_id)
            .iter()
            .any(|did| matches!(did, Did::Declined { .. }));
        let fine = times <= 1
            && match status {
                200 => done,
                400 => declined || latest.cause.declines_as().is_some(),
                _ => true,
            };
        if !fine {
            broken.push(format!(
                "told {status} about {}, which is {:?} and was done {times} times",
                operation.gateway_order_id, latest.state
            ));
        }
    }
    broken
}

//! One simulation from its beginning to the comparison of the ledgers.

use std::{sync::Arc, time::Duration};

use tokio::{
    runtime::Builder,
    time::{Instant, sleep},
};
use tollgate::{
    order::Order,
    payments::Deadline,
    reconcile::{Report, reconcile},
};

use crate::{Run, check, client, fault::Plan, world::World};

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
    client::credit_card::ask_how_all_stand(world).await;
    let mut guard = world.state();
    let state = &mut *guard;
    let mut broken = check::ended(&state.shelf, &state.ledger);
    broken.extend(check::told::promises(state));
    for rule in broken {
        world.fail(state, &rule);
    }
    let moved = state.ledger.records().len();
    *state.counts.entry("gateway records").or_default() += moved as u64;
    let payments = state.shelf.orders().filter_map(check::credit_card::payment);
    for payment in payments {
        *state.counts.entry("payments of the credit-card API").or_default() += 1;
        let stored = u64::from(payment.card.stored.is_some());
        *state.counts.entry("cards stored").or_default() += stored;
    }
}

/// Two batches: whatever was captured is settled.
pub(crate) async fn settle(world: &Arc<World>) {
    for _ in 0..2 {
        world.state().ledger.settle();
        world.step(format_args!("batch"));
        sleep(Duration::from_millis(1)).await;
    }
}

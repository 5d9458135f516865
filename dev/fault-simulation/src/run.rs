//! One simulation from its beginning to the comparison of the ledgers.

use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use cardpointe_simulator::Stage;
use jiff::{SignedDuration, Timestamp};
use tokio::{
    runtime::Builder,
    time::{Instant, sleep},
};
use tollgate_core::{
    order::{Operation, Order, Stage as OperationStage},
    payments::{
        CaptureRequest, CaptureSources, Deadline, capture_due,
        reconcile::{ReconcileReport, reconcile},
    },
};

use crate::{
    banks,
    cases::Banks,
    check, client,
    fault::Plan,
    journal,
    merchants::{EXTERNAL, REGISTERED},
    world::World,
};

/// The result of one simulation.
#[derive(Debug, Default)]
pub struct Run {
    /// Of every step: the same seed gives the same hash.
    pub hash: u64,
    /// The first rule that was broken.
    pub failure: Option<String>,
    /// Every step, if they were requested.
    pub steps: Vec<String>,
    /// How many calls of ports there were, each a place for a fault.
    pub calls: usize,
    /// How often each event happened.
    pub counts: BTreeMap<&'static str, u64>,
}

/// How long everything may take to be found out and captured, and to end: the last look for
/// abandoned operations, the longest authorization, and two days.
const SETTLED_AFTER: Duration = Duration::from_hours((3 + 7 + 2) * 24);

/// Nothing stays due for longer: the index of captures is read in whole once an hour.
const LEFT_DUE_AFTER: SignedDuration = SignedDuration::from_hours(2);

/// The platform's time limits of the functions that a schedule runs.
const RECONCILE_LIMIT: Duration = Duration::from_secs(29);
const CAPTURE_LIMIT: Duration = Duration::from_secs(55);

/// More than by how much the clocks of two machines differ.
const CLOCKS_OFF: SignedDuration = SignedDuration::from_secs(1);

/// How often a batch leaves.
const BATCHES_EVERY: Duration = Duration::from_hours(24);

/// How long a request that is still traveling, or a write that is late, takes at most.
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
pub(crate) async fn reconcile_once(world: &Arc<World>) -> Option<ReconcileReport> {
    let instance = world.start();
    world.step(format_args!("#{} reconcile", instance.number));
    let job = instance.inquiries();
    let deadline = Deadline::after(RECONCILE_LIMIT);
    let invocation =
        async move { reconcile(&job.payments, job.merchants.as_ref(), job.settings, deadline).await };
    let report = instance.run(RECONCILE_LIMIT, invocation).await;
    world.state().count("reconcile runs");
    report
}

/// One run of the scheduled captures, as a process of its own.
pub(crate) async fn capture_once(world: &Arc<World>, request: CaptureRequest) {
    let instance = world.start();
    world.step(format_args!("#{} scheduled capture {request:?}", instance.number));
    instance.only_looks.store(request.dry_run, Ordering::Relaxed);
    let job = instance.captures();
    let deadline = Deadline::after(CAPTURE_LIMIT);
    let dry_run = request.dry_run;
    let invocation = async move {
        capture_due(
            &job.payments,
            CaptureSources { merchants: job.merchants.as_ref(), switch: job.switch.as_ref() },
            request,
            job.settings,
            deadline,
        )
        .await
    };
    let report = instance.run(CAPTURE_LIMIT, invocation).await;
    let mut guard = world.state();
    let state = &mut *guard;
    state.count(if dry_run { "scheduled capture dry runs" } else { "scheduled capture runs" });
    let Some(report) = report.filter(|_| !dry_run) else { return };
    let found = [
        ("captured by the schedule", report.captured),
        ("captures by the schedule declined", report.declined),
        ("captures by the schedule to be tried again", report.retried),
        ("captures by the schedule in doubt", report.in_doubt),
        ("captures by the schedule overtaken", report.overtaken),
        ("captures held back", report.held_back),
        ("authorizations lapsed", report.lapsed),
        ("authorizations ended", report.ended),
    ];
    for (what, times) in found.into_iter().filter(|(_, times)| *times > 0) {
        *state.counts.entry(what).or_default() += times as u64;
        world.note(state, format_args!("  {times} {what}"));
    }
}

/// Ends all faults, reconciles and captures until nothing is due any more, and compares the
/// ledgers.
pub(crate) async fn end(world: &Arc<World>) {
    end_without_journal(world).await;
    let seed = world.state().seed;
    journal::compare(world, seed).await;
}

/// The same without the journal and the events, which take longer than the run itself.
pub(crate) async fn end_without_journal(world: &Arc<World>) {
    {
        let mut state = world.state();
        state.plan = Plan::Calm;
        (state.outage, state.try_again) = (None, false);
        // A release ends with one version; only the newer one can finish its own operations.
        state.today_still_runs = false;
        for merchant in [REGISTERED, EXTERNAL] {
            state.shops.rules(merchant, |rules| rules.paused = false);
        }
        world.note(&mut state, format_args!("faults end"));
        banks::end_all(world, &mut state);
    }
    sleep(TRAVELS).await;
    banks::record_all(world).await;
    settle(world).await;
    let until = Instant::now() + SETTLED_AFTER;
    let (mut began, mut settled, mut seen) = (world.now(), Instant::now(), 0);
    while world.state().failure.is_none() {
        let (inquiry, capture) = next_due(world);
        let busy = world.state().busy_until.filter(|until| *until > Instant::now());
        let now = world.now();
        let arrives =
            busy.map(|until| now + SignedDuration::try_from(until - Instant::now()).unwrap_or_default());
        let Some(due) = inquiry.into_iter().chain(capture).min().or(arrives) else { break };
        // An operation that was just written may be due for long, such as the capture of a payment
        // that was found late.
        let written = world.state().stream.len();
        if busy.is_some() || written > seen {
            (began, seen) = (now, written);
        }
        if Instant::now() > until || now > due.max(began) + LEFT_DUE_AFTER {
            break;
        }
        // Runs in between would find nothing due.
        let wait = due.duration_since(now).as_secs().max(0).unsigned_abs();
        sleep(Duration::from_secs(wait / 60 * 60 + 60).min(BATCHES_EVERY)).await;
        if settled.elapsed() > BATCHES_EVERY {
            settle(world).await;
            settled = Instant::now();
        }
        let now = world.now();
        if inquiry.is_some_and(|due| due <= now) {
            reconcile_once(world).await;
        }
        if capture.is_some_and(|due| due <= now) {
            capture_once(world, CaptureRequest::default()).await;
        }
        banks::record_all(world).await;
    }
    client::credit_card::ask_how_all_stand(world).await;
    let mut guard = world.state();
    let state = &mut *guard;
    let mut broken = check::ended(state, world.latest(state) + CLOCKS_OFF);
    broken.extend(check::schedule::ended(&state.fake_store, &state.ledger, &mut state.shops));
    broken.extend(check::told::promises(state));
    for rule in broken {
        world.fail(state, &rule);
    }
    let moved = state.ledger.records().len();
    *state.counts.entry("gateway records").or_default() += moved as u64;
    let payments = state.fake_store.orders().filter_map(check::credit_card::payment);
    for payment in payments {
        *state.counts.entry("payments of the credit-card API").or_default() += 1;
        let stored = u64::from(payment.card().is_some_and(|card| card.stored.is_some()));
        *state.counts.entry("cards stored").or_default() += stored;
    }
}

/// When the next inquiry about something is due, and when something has to be captured.
pub(crate) fn next_due(world: &World) -> (Option<Timestamp>, Option<Timestamp>) {
    let state = world.state();
    let inquiry = state.fake_store.orders().filter_map(|order| next_inquiry(&state.banks, order)).min();
    (inquiry, state.fake_store.orders().filter_map(Order::next_capture_at).min())
}

/// A refund that an open case holds back is looked at every day, which never ends where the case is
/// lost.
fn next_inquiry(banks: &Banks, order: &Order) -> Option<Timestamp> {
    let is_open = banks.is_open(&order.key().to_string());
    let held_back = |one: &Operation| is_open && one.is(OperationStage::WaitsForDispute);
    let due = |one: &Operation| if held_back(one) { one.last_look_at } else { one.next_inquiry_at() };
    order.operations().filter_map(|(_, operation)| due(operation)).min()
}

/// Two batches: all captured payments are settled.
pub(crate) async fn settle(world: &Arc<World>) {
    for stage in [Stage::Batch, Stage::Accepted] {
        world.state().ledger.settle(stage);
        world.step(format_args!("batch"));
        sleep(Duration::from_millis(1)).await;
    }
}

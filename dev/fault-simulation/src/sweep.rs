//! Every scenario, every port call in it, every fault of that call: once each, with a key and
//! without.

mod scenarios;
mod scheduled;
mod step;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use jiff::SignedDuration;
use tokio::time::sleep;

use crate::{
    check,
    client::deliver,
    fault::{Call, Fault, Plan},
    journal,
    ledger::{SetUp, Totals},
    run::{self, Run},
    surcharging::Surcharging,
    world::World,
};
use scenarios::SCENARIOS;
use step::{Scenario, Step};
use tollgate_core::{
    order::{Order, Transaction},
    payments::CaptureRequest,
};

/// Waits between a client's tries: at once, when its first request has ended, when an absence
/// begins to count, when it counts for the second time, once more when it is then known that
/// nothing was done; and the same again.
const WAITS_S: [u64; 9] = [1, 31, 100, 61, 1, 31, 100, 61, 1];

/// How long the client waits until its refund is given up.
const UNTIL_GIVEN_UP_MIN: u32 = 64;

/// Port calls of the step that registers an order: the merchant, and one write.
const REGISTER_CALLS: usize = 2;

/// Work due within this time is not left to the end of a run, where nothing goes wrong any more.
const SOON: SignedDuration = SignedDuration::from_mins(3);

/// The first fault of a run, so that the calls after it are swept as well.
const BEFORE: [Option<Fault>; 3] = [None, Some(Fault::RequestLost), Some(Fault::AnswerLost)];

/// How often the sweep ran, and the events that it met.
#[derive(Debug, Default)]
pub struct Sweep {
    /// Runs, each with its own place and fault.
    pub runs: u64,
    /// How often each event happened.
    pub counts: BTreeMap<&'static str, u64>,
    /// Runs that broke a rule: the run, and the rule.
    pub failures: Vec<String>,
    /// The steps of the first of them.
    pub steps: Vec<String>,
    /// Of which failures alone are kept.
    only: Option<String>,
    /// Which of so many parts this is.
    part: (u64, u64),
    /// Variants so far, those of the other parts too.
    number: u64,
}

#[derive(Clone, Copy)]
struct Variant {
    keyed: bool,
    findable: bool,
    /// By which the gateway's accounts differ.
    number: u64,
    /// Where the scenario's last gateway call is, and the fault that happens there first.
    before: Option<(usize, Fault)>,
}

/// Sweeps those runs again whose failure, the run and its rule, contains this text.
pub fn sweep_only(text: &str) -> Sweep {
    let mut sweep = Sweep { only: Some(text.to_owned()), part: (0, 1), ..Sweep::default() };
    sweep.all();
    sweep
}

/// Sweeps one of `parts` parts, to its end even if a run breaks a rule. Each has every n-th variant
/// of the scenarios, and all of them together are the whole sweep.
pub fn sweep(part: u64, parts: u64) -> Sweep {
    let mut sweep = Sweep { part: (part, parts.max(1)), ..Sweep::default() };
    sweep.all();
    sweep
}

impl Sweep {
    /// Whether the next scenario's variant is one of this part's.
    fn is_next_ours(&mut self) -> bool {
        let (part, parts) = self.part;
        self.number += 1;
        self.number % parts == part
    }

    fn all(&mut self) {
        for scenario in SCENARIOS.iter().chain(&scheduled::SCENARIOS) {
            for before in BEFORE {
                for keyed in [true, false] {
                    for findable in [true, false] {
                        // How a refund is found matters once one is in doubt; a key makes sure that
                        // there is one then.
                        let matters = before.is_some() && scenario.refunds();
                        let unkeyed =
                            before.is_none() && !scenario.begins_with_a_card() && !scenario.is_scheduled();
                        if (findable || matters) && (keyed || unkeyed) && self.is_next_ours() {
                            self.faults(scenario, before, keyed, findable);
                        }
                    }
                }
            }
        }
    }

    fn faults(&mut self, scenario: &Scenario, before: Option<Fault>, keyed: bool, findable: bool) {
        let calm = Variant { keyed, findable, number: self.number, before: None };
        let (mut base, totals, mut calls) = run_once(scenario, calm, None, None, false);
        let last = calls.iter().rposition(|call| *call == Call::Perform).unwrap_or_default();
        let variant = Variant { before: before.map(|fault| (last, fault)), ..calm };
        if before.is_some() {
            (base, _, calls) = run_once(scenario, variant, None, Some(totals), false);
        }
        self.took(scenario, variant, None, totals, base);
        // Registering is swept with the first scenario, and the calls before the first fault
        // without it.
        let from = match before {
            Some(_) => last + 1,
            // The calls before a run are swept with another of the schedule's.
            None if scenario.is_scheduled() && !scenario.reschedules() => {
                scheduled::first_of_the_runs(&calls).unwrap_or(REGISTER_CALLS)
            }
            None if matches!(scenario.steps[0], Step::Register) && scenario.name != SCENARIOS[0].name => {
                REGISTER_CALLS
            }
            None => 0,
        };
        for (index, call) in calls.iter().enumerate().skip(from) {
            for fault in call.faults() {
                let place = Some((index, *fault));
                let (run, ..) = run_once(scenario, variant, place, Some(totals), false);
                self.took(scenario, variant, place, totals, run);
            }
        }
    }

    fn took(
        &mut self,
        scenario: &Scenario,
        variant: Variant,
        place: Option<(usize, Fault)>,
        totals: Totals,
        run: Run,
    ) {
        self.runs += 1;
        for (what, times) in run.counts {
            *self.counts.entry(what).or_default() += times;
        }
        if let Some(rule) = run.failure {
            let first = variant.before.map_or("", |(_, fault)| fault.name());
            let fault =
                place.map_or("no fault".to_owned(), |(at, fault)| format!("{} at call {at}", fault.name()));
            let what = format!(
                "{}, first {first:?}, then {fault}, keyed {}, refunds findable {}",
                scenario.name, variant.keyed, variant.findable
            );
            let failure = format!("{what}: {rule}");
            if self.only.as_ref().is_some_and(|text| !failure.contains(text)) {
                return;
            }
            if self.failures.is_empty() {
                self.steps = run_once(scenario, variant, place, Some(totals), true).0.steps;
            }
            self.failures.push(failure);
        }
    }
}

/// In one run of so many, the journal and the events are compared, too: it takes longer than the
/// run.
const JOURNAL_EVERY: u64 = 3;

fn run_once(
    scenario: &Scenario,
    variant: Variant,
    place: Option<(usize, Fault)>,
    expected: Option<Totals>,
    keep_steps: bool,
) -> (Run, Totals, Vec<Call>) {
    let mut found = (Totals::default(), Vec::new());
    let planned = variant.before.into_iter().chain(place).collect();
    let world = || {
        // Another choice of the altered member, and of how late, at each place.
        let seed = place.map_or(0, |(index, fault)| index as u64 * 100 + fault as u64);
        let world = World::begun(scenario.begins_s, seed, Plan::At(planned), keep_steps, None);
        {
            let mut state = world.state();
            state.jitter = false;
            let surcharging = scenario.has_fees.then(|| Surcharging::each(variant.number));
            state.shops.surcharge(surcharging);
            state.shops.rules(scenario.merchant, |rules| rules.states_fee_basis = true);
            let account = SetUp { findable: variant.findable, surcharging, ..SetUp::PLAIN };
            state.ledger.set_up(account.numbered(variant.number));
        }
        world
    };
    let run = run::run(world, async |world| {
        found = story(&world, scenario, variant.keyed, expected, place.map(|(_, fault)| fault)).await;
    });
    (run, found.0, found.1)
}

async fn story(
    world: &Arc<World>,
    scenario: &Scenario,
    keyed: bool,
    expected: Option<Totals>,
    fault: Option<Fault>,
) -> (Totals, Vec<Call>) {
    play(world, scenario, keyed).await;
    let (doubt, capture) = run::next_due(world);
    // The schedule still meets the fault, if it is due to.
    let soon = world.now() + SOON;
    for _ in 0..if doubt.is_some() || capture.is_some_and(|due| due < soon) { 3 } else { 0 } {
        sleep(Duration::from_mins(1)).await;
        let (doubt, capture) = run::next_due(world);
        if doubt.is_some() {
            run::reconcile_once(world).await;
        }
        if capture.is_some_and(|due| due < world.now()) {
            run::capture_once(world, CaptureRequest::default()).await;
        }
    }
    let calls = world.state().calls.clone();
    // Its request is repeated as soon as it is given up, before it arrives.
    let is_late =
        matches!(fault, Some(Fault::HoursLateRequest | Fault::DaysLateRequest | Fault::TooLateRequest));
    if is_late && keyed {
        for _ in 0..UNTIL_GIVEN_UP_MIN {
            sleep(Duration::from_mins(1)).await;
            if run::next_due(world).0.is_some_and(|due| due <= world.now()) {
                run::reconcile_once(world).await;
            }
        }
        play(world, scenario, keyed).await;
    }
    run::end_without_journal(world).await;
    // With its keys the client may request everything again: missing operations get done, and none
    // twice.
    if keyed {
        play(world, scenario, keyed).await;
        run::end_without_journal(world).await;
    }
    // The journal follows from the history of the table, which is much the same in neighboring
    // runs.
    let seed = world.state().seed;
    if seed.is_multiple_of(JOURNAL_EVERY) {
        journal::compare(world, seed).await;
    }
    let mut guard = world.state();
    let state = &mut *guard;
    let key = format!("{}#{}", scenario.merchant, scenario.order());
    let order = state.fake_store.order(&key);
    let totals = order.map(|order| check::known_totals(order, &state.ledger)).unwrap_or_default();
    if let Some(expected) = expected {
        let less = |all, back| i128::from(all) - i128::from(back);
        let net = |totals: Totals| {
            let fees = less(totals.fees_taken, totals.fees_refunded);
            (less(totals.taken, totals.refunded), fees, totals.held, totals.fees_held)
        };
        // Without a key a client that repeats a request and one that wants more cannot be told
        // apart. A request that is taken for a duplicate may be declined for good, and one that was
        // declined is found later.
        let refuses = matches!(fault, Some(Fault::Duplicate | Fault::RefusedAndDone));
        // An operation done twice may be left to a person, or be on record twice.
        let twice = state.ledger.may_stay_in_doubt(&key);
        let waits = |order: &Order| {
            let mut pending = order.transactions.iter().filter_map(Transaction::pending);
            pending.any(|pending| check::waits_for_a_person(order, pending, &state.ledger))
        };
        let left = twice || state.fake_store.order(&key).is_some_and(waits);
        let certain = scenario.is_certain() && !refuses && !left && !state.ledger.is_excused(&key);
        if keyed && certain && net(totals) != net(expected) {
            let rule = format!("came to {totals:?}; without a fault it is {expected:?}");
            world.fail(state, &rule);
        }
    }
    (totals, calls)
}

async fn play(world: &Arc<World>, scenario: &Scenario, keyed: bool) {
    for (number, step) in scenario.steps.iter().enumerate() {
        match step {
            Step::Settle => {
                run::settle(world).await;
                continue;
            }
            Step::Scheduled(step) => {
                scheduled::play(world, scenario, number, *step, keyed).await;
                continue;
            }
            _ => {}
        }
        for wait_s in [0].iter().chain(&WAITS_S) {
            sleep(Duration::from_secs(*wait_s)).await;
            let about = transaction_of(world, scenario, number);
            let Some(ask) = scenario.ask(number, about, keyed) else { break };
            if deliver(world, &ask).await.is_final() {
                break;
            }
        }
    }
}

/// The transaction that a step is about.
fn transaction_of(world: &World, scenario: &Scenario, number: usize) -> Option<uuid::Uuid> {
    let Step::FollowUpOf(place, ..) = scenario.steps[number] else {
        return last_transaction(world, scenario);
    };
    let state = world.state();
    let order = state.fake_store.order(&format!("{}#{}", scenario.merchant, scenario.order()))?;
    order.transactions.get(place).map(|transaction| transaction.id)
}

fn last_transaction(world: &World, scenario: &Scenario) -> Option<uuid::Uuid> {
    let state = world.state();
    let order = state.fake_store.order(&format!("{}#{}", scenario.merchant, scenario.order()))?;
    order.transactions.last().map(|transaction| transaction.id)
}

//! Every scenario, every port call in it, every fault of that call: once each, with a key and without.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use serde_json::{Value, json};
use tokio::time::sleep;

use crate::{
    Run,
    client::{Ask, Route, deliver},
    fault::{Call, Fault, Plan},
    ledger::Totals,
    merchants::{EXTERNAL, REGISTERED},
    run,
    world::World,
};

/// Waits between a client's tries: at once, when its first request has ended, when an absence begins to count, when it
/// counts for the second time, once more when it is then known that nothing was done; and the same again.
const WAITS_S: [u64; 9] = [1, 31, 100, 61, 1, 31, 100, 61, 1];

/// Port calls of the step that registers an order: the merchant, and one write.
const REGISTER_CALLS: usize = 2;

const ORDER: &str = "o";

/// One step of a scenario.
#[derive(Clone, Copy)]
enum Step {
    Register,
    /// Pay with this card; see the gateway's twin.
    Pay(Route, u64, Option<u64>),
    /// Capture, refund or cancel, perhaps with an amount.
    FollowUp(Route, Option<u64>),
    Settle,
}

struct Scenario {
    name: &'static str,
    merchant: &'static str,
    steps: &'static [Step],
}

const TOTAL: u64 = 2_599;

const HOLD: Step = Step::Pay(Route::Authorize, 1, None);
const BUY: Step = Step::Pay(Route::Purchase, 1, None);
const CAPTURE: Step = Step::FollowUp(Route::Capture, None);
const REFUND: Step = Step::FollowUp(Route::Refund, None);
const CANCEL: Step = Step::FollowUp(Route::Cancel, None);

const fn part(route: Route) -> Step {
    Step::FollowUp(route, Some(600))
}

const fn scenario(name: &'static str, steps: &'static [Step]) -> Scenario {
    Scenario { name, merchant: REGISTERED, steps }
}

const SCENARIOS: [Scenario; 16] = [
    scenario("authorize", &[Step::Register, HOLD]),
    scenario("purchase", &[Step::Register, BUY]),
    scenario("part of what is owing", &[Step::Register, Step::Pay(Route::Pay, 1, Some(900))]),
    scenario("decline", &[Step::Register, Step::Pay(Route::Purchase, 3, None)]),
    scenario("capture", &[Step::Register, HOLD, CAPTURE]),
    scenario("partial capture", &[Step::Register, HOLD, part(Route::Capture)]),
    scenario("refund", &[Step::Register, BUY, Step::Settle, REFUND]),
    scenario("partial refund", &[Step::Register, BUY, Step::Settle, part(Route::Refund)]),
    scenario(
        "two equal partial refunds",
        &[Step::Register, BUY, Step::Settle, part(Route::Refund), part(Route::Refund)],
    ),
    scenario("refund of a capture", &[Step::Register, HOLD, CAPTURE, Step::Settle, part(Route::Refund)]),
    scenario("void", &[Step::Register, HOLD, CANCEL]),
    scenario("void of a purchase", &[Step::Register, BUY, CANCEL]),
    scenario("void after settlement", &[Step::Register, BUY, Step::Settle, CANCEL]),
    scenario("refund that becomes a void", &[Step::Register, BUY, REFUND]),
    scenario("partial approval with its void", &[Step::Register, Step::Pay(Route::Purchase, 2, None)]),
    Scenario {
        name: "purchase of an order that may be new",
        merchant: EXTERNAL,
        steps: &[Step::Pay(Route::Purchase, 1, Some(TOTAL))],
    },
];

/// What the first fault of a run is, so that what comes after it is swept as well.
const BEFORE: [Option<Fault>; 3] = [None, Some(Fault::RequestLost), Some(Fault::AnswerLost)];

/// How often the sweep ran, and what it met.
#[derive(Debug, Default)]
pub struct Sweep {
    /// Runs, each with its own place and fault.
    pub runs: u64,
    /// How often what happened.
    pub counts: BTreeMap<&'static str, u64>,
    /// The first run that broke a rule: what it was, the rule, and its steps.
    pub failure: Option<(String, String, Vec<String>)>,
}

#[derive(Clone, Copy)]
struct Variant {
    keyed: bool,
    findable: bool,
    /// Where the scenario's last gateway call is, and what goes wrong there first.
    before: Option<(usize, Fault)>,
}

/// Sweeps the part of the scenarios that is `part` of `parts`, and stops at the first that breaks a rule.
pub fn sweep(part: usize, parts: usize) -> Sweep {
    let mut sweep = Sweep::default();
    for scenario in SCENARIOS.iter().skip(part).step_by(parts.max(1)) {
        for before in BEFORE {
            for keyed in [true, false] {
                for findable in [true, false] {
                    let refunds =
                        scenario.steps.iter().any(|s| matches!(s, Step::FollowUp(Route::Refund, _)));
                    // How a refund is found matters once one is in doubt; a key makes sure that there is one then.
                    let matters = before.is_some() && refunds;
                    if (findable || matters) && (keyed || before.is_none()) {
                        sweep.faults(scenario, before, keyed, findable);
                    }
                }
            }
        }
    }
    sweep
}

impl Sweep {
    fn faults(&mut self, scenario: &Scenario, before: Option<Fault>, keyed: bool, findable: bool) {
        let calm = Variant { keyed, findable, before: None };
        let (mut base, totals, mut calls) = run_once(scenario, calm, None, None, false);
        let last = calls.iter().rposition(|call| *call == Call::Perform).unwrap_or_default();
        let variant = Variant { before: before.map(|fault| (last, fault)), ..calm };
        if before.is_some() {
            (base, _, calls) = run_once(scenario, variant, None, Some(totals), false);
        }
        self.took(scenario, variant, None, totals, base);
        // Registering is swept with the first scenario, and what comes before the first fault without it.
        let from = match before {
            Some(_) => last + 1,
            None if scenario.name == SCENARIOS[0].name || scenario.merchant == EXTERNAL => 0,
            None => REGISTER_CALLS,
        };
        for (index, call) in calls.iter().enumerate().skip(from) {
            for fault in call.faults() {
                if self.failure.is_some() {
                    return;
                }
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
        if let Some(rule) = run.failure.filter(|_| self.failure.is_none()) {
            let first = variant.before.map_or("", |(_, fault)| fault.name());
            let fault =
                place.map_or("no fault".to_owned(), |(at, fault)| format!("{} at call {at}", fault.name()));
            let what = format!(
                "{}, first {first:?}, then {fault}, keyed {}, refunds findable {}",
                scenario.name, variant.keyed, variant.findable
            );
            let (again, ..) = run_once(scenario, variant, place, Some(totals), true);
            self.failure = Some((what, rule, again.steps));
        }
    }
}

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
        let world = World::new(0, Plan::At(planned), keep_steps, None);
        {
            let mut state = world.state();
            state.jitter = false;
            state.refunds_findable = variant.findable;
        }
        world
    };
    let run = run::run(world, async |world| {
        found = story(&world, scenario, variant.keyed, expected).await;
    });
    (run, found.0, found.1)
}

async fn story(
    world: &Arc<World>,
    scenario: &Scenario,
    keyed: bool,
    expected: Option<Totals>,
) -> (Totals, Vec<Call>) {
    play(world, scenario, keyed).await;
    let doubt = world.state().shelf.orders().any(|order| order.next_inquiry_at().is_some());
    // The schedule still meets the fault, if it is due to.
    for _ in 0..if doubt { 3 } else { 0 } {
        sleep(Duration::from_mins(1)).await;
        run::reconcile_once(world).await;
    }
    let calls = world.state().calls.clone();
    run::end(world).await;
    // With its keys the client may ask for everything again: what is missing gets done, and nothing twice.
    if keyed {
        play(world, scenario, keyed).await;
        run::end(world).await;
    }
    let mut guard = world.state();
    let state = &mut *guard;
    let totals = state.ledger.totals(&format!("{}#{ORDER}", scenario.merchant));
    if let Some(expected) = expected {
        let net = |totals: Totals| (i128::from(totals.taken) - i128::from(totals.refunded), totals.held);
        // Without a key a client that repeats a request and one that wants more cannot be told apart.
        if keyed && net(totals) != net(expected) {
            let rule = format!("came to {totals:?}; without a fault it is {expected:?}");
            world.fail(state, &rule);
        }
    }
    (totals, calls)
}

async fn play(world: &Arc<World>, scenario: &Scenario, keyed: bool) {
    for (number, step) in scenario.steps.iter().enumerate() {
        let (route, data) = match *step {
            Step::Settle => {
                run::settle(world).await;
                continue;
            }
            Step::Register => (Route::Register, json!({"type": "order", "amount": TOTAL, "currency": "USD"})),
            Step::Pay(route, card, amount) => {
                let mut data =
                    json!({"gateway": "card_connect", "payment": format!("{card}|16178397535388255208")});
                if route == Route::Pay {
                    data["method"] = "purchase".into();
                }
                (route, with_amount(data, amount))
            }
            Step::FollowUp(route, amount) => (route, with_amount(json!({}), amount)),
        };
        let follows = matches!(step, Step::FollowUp(..));
        let key = (keyed && route != Route::Register).then(|| format!("k{number}"));
        for wait_s in [0].iter().chain(&WAITS_S) {
            sleep(Duration::from_secs(*wait_s)).await;
            let transaction = if follows { last_transaction(world, scenario.merchant) } else { None };
            if follows && transaction.is_none() {
                break;
            }
            let order = ORDER.to_owned();
            let ask = Ask {
                merchant: scenario.merchant,
                order,
                route,
                transaction,
                data: data.clone(),
                key: key.clone(),
            };
            if deliver(world, &ask).await.is_final() {
                break;
            }
        }
    }
}

fn with_amount(mut data: Value, amount: Option<u64>) -> Value {
    if let Some(amount) = amount {
        data["amount"] = amount.into();
    }
    data
}

fn last_transaction(world: &World, merchant: &str) -> Option<uuid::Uuid> {
    let state = world.state();
    state.shelf.order(&format!("{merchant}#{ORDER}"))?.transactions.last().map(|transaction| transaction.id)
}

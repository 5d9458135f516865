//! The sweep of scheduled captures: runs alone, beside each other, and beside any request of a
//! client.

use std::{sync::Arc, time::Duration};

use tokio::time::sleep;
use tollgate_core::payments::CaptureRequest;

use super::step::{Scenario, Scheduled, Step};
use crate::{
    ask::Route,
    client::deliver,
    fault::Call,
    merchants::REGISTERED,
    run,
    world::{EPOCH_S, FALL_S, SPRING_S, World},
};

/// When the captures of the scenarios are due, in minutes after the beginning.
const DUE_MIN: i64 = 10;

/// When an authorization ends whose capture is to lapse.
const LIFETIME_MIN: i64 = 30;

const HOLD: Step = Step::PayLater(DUE_MIN, None);
const HOLD_PART: Step = Step::PayLater(DUE_MIN, Some(900));
/// Not yet due when the others' runs are, by a little less than a minute.
const HOLD_REST: Step = Step::PayLater(DUE_MIN + 2, None);
const DUE: Step = Step::Scheduled(Scheduled::Until(DUE_MIN + 1));
const RUN: Step = Step::Scheduled(Scheduled::Run);
const IN_VAIN: Step = Step::Scheduled(Scheduled::RunInVain);
const LAPSED: Step = Step::Scheduled(Scheduled::Until(LIFETIME_MIN + 2));
const NEVER_RUN: Step = Step::Scheduled(Scheduled::Until(LIFETIME_MIN + 62));
const MOVE: Step = Step::Reschedule(Some(20));
const CANCEL: Step = Step::Reschedule(None);
const PAUSE: Step = Step::Switch(Route::Pause);
const RESUME: Step = Step::Switch(Route::Resume);
const SOME: Step = Step::CapturePart(600);
const LESS: Step = Step::CapturePart(500);
/// Half past two, which the clocks skip in spring: due when they do.
const SKIPPED: Step = Step::PayByRule("02:30", Some(700));
/// Two o'clock, when the clocks have shown the hour before it twice.
const REPEATED: Step = Step::PayByRule("02:00", None);

const fn until(minutes: i64) -> Step {
    Step::Scheduled(Scheduled::Until(minutes))
}

const fn beside(route: Route, at: Option<i64>) -> Step {
    Step::Scheduled(Scheduled::RunBeside(route, at))
}

const fn short(void_lapsed: bool) -> Step {
    Step::Scheduled(Scheduled::Short { void_lapsed })
}

const fn scenario(name: &'static str, steps: &'static [Step]) -> Scenario {
    Scenario { name, merchant: REGISTERED, has_fees: false, steps, begins_s: EPOCH_S }
}

const fn begun(begins_s: i64, scenario: Scenario) -> Scenario {
    Scenario { begins_s, ..scenario }
}

pub(super) const SCENARIOS: [Scenario; 25] = [
    scenario("schedule: authorize with a moment", &[Step::Register, HOLD]),
    scenario("schedule: run", &[Step::Register, HOLD, DUE, RUN]),
    scenario("schedule: two runs at once", &[Step::Register, HOLD, DUE, Step::Scheduled(Scheduled::TwoRuns)]),
    scenario("schedule: run beside a capture", &[Step::Register, HOLD, DUE, beside(Route::Capture, None)]),
    scenario("schedule: run beside a void", &[Step::Register, HOLD, DUE, beside(Route::Cancel, None)]),
    scenario(
        "schedule: run beside a move",
        &[Step::Register, HOLD, DUE, beside(Route::Reschedule, Some(20))],
    ),
    scenario("schedule: run beside a cancel", &[Step::Register, HOLD, DUE, beside(Route::Reschedule, None)]),
    scenario("schedule: moved", &[Step::Register, HOLD, MOVE, DUE, RUN, until(21), RUN]),
    scenario("schedule: cancelled", &[Step::Register, HOLD, CANCEL, DUE, RUN]),
    scenario("schedule: one of two", &[Step::Register, HOLD_PART, HOLD_REST, DUE, RUN]),
    scenario("schedule: retry", &[Step::Register, HOLD, DUE, IN_VAIN, until(DUE_MIN + 3), RUN]),
    scenario("schedule: lapse after a try", &[short(false), Step::Register, HOLD, DUE, IN_VAIN, LAPSED, RUN]),
    scenario(
        "schedule: lapse after a try, void",
        &[short(true), Step::Register, HOLD, DUE, IN_VAIN, LAPSED, RUN],
    ),
    scenario("schedule: lapse, void", &[short(true), Step::Register, HOLD, NEVER_RUN, RUN]),
    scenario("schedule: run beside a pause", &[Step::Register, HOLD, DUE, beside(Route::Pause, None)]),
    scenario("schedule: paused and resumed", &[Step::Register, HOLD, PAUSE, DUE, RUN, RESUME, RUN]),
    scenario(
        "schedule: run beside a resume",
        &[Step::Register, HOLD, PAUSE, DUE, beside(Route::Resume, None)],
    ),
    scenario(
        "schedule: paused between two tries, and resumed",
        &[Step::Register, HOLD, DUE, IN_VAIN, PAUSE, until(DUE_MIN + 3), RUN, RESUME, RUN],
    ),
    scenario(
        "schedule: paused until it lapses, void",
        &[short(true), Step::Register, HOLD, PAUSE, DUE, RUN, LAPSED, RUN],
    ),
    scenario(
        "schedule: void of a lapse beside a cancel",
        &[short(true), Step::Register, HOLD, NEVER_RUN, beside(Route::Reschedule, None)],
    ),
    scenario("schedule: a part", &[Step::Register, HOLD, SOME, DUE, RUN]),
    scenario(
        "schedule: another part after a try",
        &[Step::Register, HOLD, SOME, DUE, IN_VAIN, LESS, until(DUE_MIN + 3), RUN],
    ),
    scenario("schedule: lapse of a part", &[short(true), Step::Register, HOLD, SOME, NEVER_RUN, RUN]),
    begun(
        SPRING_S,
        scenario(
            "schedule: at a time that the clocks skip",
            &[Step::Register, SKIPPED, until(9), RUN, DUE, RUN],
        ),
    ),
    begun(
        FALL_S,
        scenario(
            "schedule: after an hour that is repeated",
            &[Step::Register, REPEATED, DUE, RUN, until(71), RUN],
        ),
    ),
];

/// Plays a step that is no request of its own.
pub(super) async fn play(
    world: &Arc<World>,
    scenario: &Scenario,
    number: usize,
    step: Scheduled,
    keyed: bool,
) {
    let run = || run::capture_once(world, CaptureRequest::default());
    match step {
        Scheduled::Until(minutes) => {
            let wait = scenario.moment(minutes).duration_since(world.now());
            sleep(wait.try_into().unwrap_or(Duration::ZERO)).await;
        }
        Scheduled::Short { void_lapsed } => world.state().shops.rules(scenario.merchant, |rules| {
            rules.lifetime = jiff::SignedDuration::from_mins(LIFETIME_MIN);
            rules.void_lapsed = void_lapsed;
        }),
        Scheduled::Run => run().await,
        Scheduled::RunInVain => {
            world.state().try_again = true;
            run().await;
            world.state().try_again = false;
        }
        Scheduled::TwoRuns => {
            tokio::join!(biased; run(), run());
        }
        Scheduled::RunBeside(..) => {
            let ask = scenario.ask(number, super::last_transaction(world, scenario), keyed);
            let beside = async {
                if let Some(ask) = ask {
                    deliver(world, &ask).await;
                }
            };
            tokio::join!(biased; run(), beside);
        }
    }
}

/// From which port call on a scenario of the schedule is swept: the calls before its first run are,
/// with others. None when there is no run in it.
pub(super) fn first_of_the_runs(calls: &[Call]) -> Option<usize> {
    calls.iter().position(|call| *call == Call::CaptureIndex)
}

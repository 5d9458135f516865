//! One case of a table: the operations of a client and the schedule, and the facts afterwards.

use std::{sync::Arc, time::Duration};

use cardpointe_simulator::{RecordKind, ShownSetlstat};
use serde_json::json;
use tokio::time::{Instant, sleep};
use tollgate_core::order::{Operation, Order, Stage};
use uuid::Uuid;

use super::{Again, Reported, Tested};
use crate::{
    ask::{Ask, Route},
    card::Card,
    client::deliver,
    fault::{Call, Fault, Plan},
    ledger::SetUp,
    merchants::REGISTERED,
    run,
    world::World,
};

/// The tested order. It is due before the others, so that it comes first in every run.
const ORDER: &str = "a";

const TOTAL: u64 = 2_599;

/// Other orders whose payment lost its response.
const OTHERS: usize = 6;

/// Runs of the schedule, one each minute, before the client is done and everything is compared.
const RUNS: u32 = 10;

/// After how many runs the client makes its request again.
const REPEATS_AFTER_RUNS: [u32; 3] = [1, 4, 9];

/// Whether other orders are due beside the tested one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Crowd {
    None,
    Due,
}

/// The result of a case.
#[derive(Default)]
pub(super) struct Story {
    /// The state of the tested operation after all runs.
    pub(super) stage: Option<Stage>,
    pub(super) runs_until_others_resolved: u32,
    pub(super) broken: Vec<String>,
}

/// In how many runs the others are resolved without the tested order.
pub(super) fn crowd_alone() -> u32 {
    let mut runs = 0;
    run::run(calm, async |world| {
        others(&world).await;
        for number in 1..=RUNS {
            sleep(Duration::from_mins(1)).await;
            run::reconcile_once(&world).await;
            if runs == 0 && others_resolved(&world) {
                runs = number;
            }
        }
    });
    runs
}

/// One operation whose record is shown with this settlement state.
pub(super) fn settlement(
    tested: Tested,
    shown: &ShownSetlstat,
    reported: Reported,
    lost: bool,
    again: Again,
    crowd: Crowd,
) -> Story {
    let mut story = Story::default();
    let run = run::run(calm, async |world| {
        prepare(&world, REGISTERED, tested).await;
        let before = operations(&world, REGISTERED).len();
        if lost {
            world.state().plan = Plan::Every(Call::Perform, Fault::CrashAfter);
        }
        let first = ask(&world, REGISTERED, tested, Card::Approves, key(again, 0));
        deliver(&world, &first).await;
        world.state().plan = Plan::Calm;
        let tested_id = operations(&world, REGISTERED).get(before).map(|operation| operation.id);
        let show = |setlstat: Option<ShownSetlstat>| {
            let state = world.state();
            let kind = if tested == Tested::Refund { RecordKind::Refund } else { RecordKind::Payment };
            let record = state.ledger.simulator.records().into_iter().find(|record| record.kind == kind);
            record.is_some_and(|record| state.ledger.simulator.show_setlstat(&record.retref, setlstat))
        };
        if !show(Some(shown.clone())) {
            story.broken.push("nothing was done at the gateway".to_owned());
        }
        go_on(&world, &mut story, tested, Card::Approves, again, crowd).await;
        story.stage = tested_id.and_then(|id| stage(&world, id));
        // An undecided operation is decided once the gateway tells the true state.
        if reported != Reported::NotDone {
            show(None);
            run::end(&world).await;
        }
        story.broken.extend(twice(&world, REGISTERED, reported));
    });
    // Where the gateway reports a false state, the record cannot be the gateway's.
    story.broken.extend(run.failure.filter(|_| reported != Reported::NotDone));
    story
}

/// One request that arrives this late, and the same again after it.
pub(super) fn late(tested: Tested, merchant: &'static str, late: Duration, again: Again) -> Story {
    let mut story = Story::default();
    let run = run::run(calm, async |world| {
        prepare(&world, merchant, tested).await;
        {
            let mut state = world.state();
            state.plan = Plan::Every(Call::Perform, Fault::LateRequest);
            state.late_by = Some(late);
        }
        let first = ask(&world, merchant, tested, Card::Approves, key(again, 0));
        deliver(&world, &first).await;
        world.state().plan = Plan::Calm;
        let arrives = Instant::now() + late;
        while Instant::now() < arrives {
            sleep(Duration::from_mins(1)).await;
            run::reconcile_once(&world).await;
        }
        let again_wanted = ask(&world, merchant, tested, Card::Approves, key(again, 1));
        deliver(&world, &again_wanted).await;
        for _ in 0..RUNS {
            sleep(Duration::from_mins(1)).await;
            run::reconcile_once(&world).await;
        }
        deliver(&world, &again_wanted).await;
        run::end(&world).await;
        // To a merchant that keeps its totals to itself, any other key and none is another payment.
        let another = merchant != REGISTERED && again != Again::Same;
        story.broken.extend(twice(
            &world,
            merchant,
            if another { Reported::NotDone } else { Reported::Done },
        ));
    });
    story.broken.extend(run.failure);
    story
}

/// A payment with a card of which the gateway gets no response in time.
pub(super) fn timeout(card: Card, tested: Tested, again: Again, crowd: Crowd) -> Story {
    let mut story = Story::default();
    let run = run::run(calm, async |world| {
        prepare(&world, REGISTERED, tested).await;
        let first = ask(&world, REGISTERED, tested, card, key(again, 0));
        deliver(&world, &first).await;
        let tested_id = operations(&world, REGISTERED).first().map(|operation| operation.id);
        go_on(&world, &mut story, tested, card, again, crowd).await;
        story.stage = tested_id.and_then(|id| stage(&world, id));
        let other_card = ask(&world, REGISTERED, tested, Card::Approves, Some("another card".to_owned()));
        deliver(&world, &other_card).await;
        let totals = world.state().ledger.totals(&key_of(ORDER));
        if totals.taken + totals.held != TOTAL {
            story.broken.push(format!("another card cannot pay it: {totals:?}"));
        }
        run::end(&world).await;
    });
    story.broken.extend(run.failure);
    story
}

pub(super) fn calm() -> Arc<World> {
    let world = World::new(0, Plan::Calm, false, None);
    {
        let mut state = world.state();
        state.jitter = false;
        state.ledger.set_up(SetUp::PLAIN);
    }
    world
}

/// The order, and the payment that has to be there before the operation.
async fn prepare(world: &Arc<World>, merchant: &'static str, tested: Tested) {
    if merchant == REGISTERED {
        register(world, merchant, ORDER).await;
    }
    let first = match tested {
        Tested::Authorize | Tested::Purchase => return,
        Tested::Capture | Tested::Void => Tested::Authorize,
        Tested::Refund => Tested::Purchase,
    };
    let ask = ask(world, merchant, first, Card::Approves, Some("first".to_owned()));
    deliver(world, &ask).await;
    if tested == Tested::Refund {
        run::settle(world).await;
    }
}

/// Others become due, the schedule runs, and the client makes its request again and again.
async fn go_on(
    world: &Arc<World>,
    story: &mut Story,
    tested: Tested,
    card: Card,
    again: Again,
    crowd: Crowd,
) {
    if crowd == Crowd::Due {
        others(world).await;
    }
    for number in 1..=RUNS {
        sleep(Duration::from_mins(1)).await;
        run::reconcile_once(world).await;
        if crowd == Crowd::Due && story.runs_until_others_resolved == 0 && others_resolved(world) {
            story.runs_until_others_resolved = number;
        }
        if let Some(repeat) = REPEATS_AFTER_RUNS.iter().position(|runs| *runs == number) {
            let ask = ask(world, REGISTERED, tested, card, key(again, repeat + 1));
            deliver(world, &ask).await;
        }
    }
    if crowd == Crowd::Due && story.runs_until_others_resolved == 0 {
        story.runs_until_others_resolved = RUNS + 1;
    }
}

async fn others(world: &Arc<World>) {
    for number in 0..OTHERS {
        let order = format!("b{number}");
        register(world, REGISTERED, &order).await;
        world.state().plan = Plan::Every(Call::Perform, Fault::CrashAfter);
        let ask = request(REGISTERED, &order, Route::Purchase, None, Card::Approves, Some("k".to_owned()));
        deliver(world, &ask).await;
        world.state().plan = Plan::Calm;
    }
}

fn others_resolved(world: &World) -> bool {
    let state = world.state();
    let pending = |order: &Order| order.operations().any(|(_, operation)| operation.is(Stage::Pending));
    !state.fake_store.orders().any(|order| order.id.as_str() != ORDER && pending(order))
}

pub(super) async fn register(world: &Arc<World>, merchant: &'static str, order: &str) {
    let data = json!({"type": "order", "amount": TOTAL, "currency": "USD"});
    let ask =
        Ask { merchant, order: order.to_owned(), route: Route::Register, transaction: None, data, key: None };
    deliver(world, &ask).await;
}

/// The tested request, once more or for the first time.
fn ask(world: &World, merchant: &'static str, tested: Tested, card: Card, key: Option<String>) -> Ask {
    let (route, follows) = match tested {
        Tested::Authorize => (Route::Authorize, false),
        Tested::Purchase => (Route::Purchase, false),
        Tested::Capture => (Route::Capture, true),
        Tested::Refund => (Route::Refund, true),
        Tested::Void => (Route::Cancel, true),
    };
    let state = world.state();
    let order = state.fake_store.order(&format!("{merchant}#{ORDER}"));
    let transaction = order.and_then(|order| order.transactions.first()).map(|transaction| transaction.id);
    request(merchant, ORDER, route, transaction.filter(|_| follows), card, key)
}

fn request(
    merchant: &'static str,
    order: &str,
    route: Route,
    transaction: Option<Uuid>,
    card: Card,
    key: Option<String>,
) -> Ask {
    let payment = format!("{}|16178397535388255208", card.account());
    let data = match transaction {
        Some(_) => json!({}),
        None => json!({"gateway": "card_connect", "payment": payment, "amount": TOTAL}),
    };
    Ask { merchant, order: order.to_owned(), route, transaction, data, key }
}

fn key(again: Again, time: usize) -> Option<String> {
    match again {
        Again::Same => Some("k".to_owned()),
        Again::Without => None,
        Again::Another => Some(format!("k{time}")),
    }
}

fn key_of(order: &str) -> String {
    format!("{REGISTERED}#{order}")
}

fn operations(world: &World, merchant: &str) -> Vec<Operation> {
    let state = world.state();
    let order = state.fake_store.order(&format!("{merchant}#{ORDER}"));
    order
        .map(|order| order.operations().map(|(_, operation)| operation.clone()).collect())
        .unwrap_or_default()
}

fn stage(world: &World, id: Uuid) -> Option<Stage> {
    operations(world, REGISTERED).iter().find(|operation| operation.id == id).map(Operation::stage)
}

/// Money that moved more than once: for one operation, or for the order where the gateway did not
/// report the first payment or refund as undone.
fn twice(world: &World, merchant: &str, reported: Reported) -> Vec<String> {
    let mut broken = Vec::new();
    for operation in operations(world, merchant) {
        let id = &operation.attempt.gateway_order_id;
        let times = world.state().ledger.times_standing(operation.id);
        if times > 1 {
            broken.push(format!("{} {id} was done {times} times", operation.kind.as_str()));
        }
    }
    let totals = world.state().ledger.totals(&format!("{merchant}#{ORDER}"));
    let too_much = totals.taken + totals.held > TOTAL || totals.refunded > TOTAL;
    if too_much && reported != Reported::NotDone {
        broken.push(format!("{totals:?} of {TOTAL}"));
    }
    broken
}

//! Random clients, the schedule, and the other events while they pay.

mod credit_card;
mod schedule;

use std::{sync::Arc, time::Duration};

use cardpointe_simulator::{PortalAction, RecordKind, RecordState, RefundSetlstat, Stage};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};
use tollgate_core::order::{Order, Transaction};
use uuid::Uuid;

use crate::{
    ask::{Ask, Route, Word},
    banks,
    broken::Broken,
    client::{deliver, wait},
    fault::Plan,
    ledger::SetUp,
    merchants::{EXTERNAL, REGISTERED},
    rng::Rng,
    run::{self, Run},
    surcharging::Surcharging,
    world::{Outage, State, World},
};

/// How far a clock jumps ahead at most.
const AHEAD_MS: u64 = 600_000;

/// How often the same request is made again.
const RETRIES_MAX: u64 = 3;

/// How many requests of a hundred begin with the credit-card API.
const CARD_PERCENT: u64 = 40;

/// How many of Elastic Path's of a hundred are about its payments, where there are any.
const MIXED_PERCENT: u64 = 20;

/// After how many of a hundred partial captures the client wants the rest.
const REST_PERCENT: u64 = 80;

/// How many of a hundred clients wait until a refund is given up.
const PATIENT_PERCENT: u64 = 2;

/// In how many simulations of a hundred accounts add a surcharge.
const SURCHARGING_PERCENT: u64 = 40;

/// How often of a hundred times a batch settles before a client's next wish, where accounts add a
/// surcharge.
const SETTLES_PERCENT: u64 = 40;

/// In one seed of so many, banks take charges back.
const CHARGEBACKS_EVERY: u64 = 3;

/// How many of a hundred refunds are made although the payment is disputed, where an order's ever
/// was.
const ALTHOUGH_DISPUTED_PERCENT: u64 = 50;

/// An hour, and two looks.
const UNTIL_REFUNDS_ARE_GIVEN_UP: Duration = Duration::from_mins(64);

/// The settlement states that inquiries show for refunds.
const REFUNDS_SHOWN: [RefundSetlstat; 4] =
    [RefundSetlstat::LifeCycle, RefundSetlstat::LifeCycle, RefundSetlstat::Refunded, RefundSetlstat::Empty];

/// Simulates the clients and faults that one seed makes.
pub(crate) fn seed(seed: u64, keep_steps: bool, broken: Option<Broken>) -> Run {
    let world = || {
        let world = World::new(seed, Plan::Calm, keep_steps, broken);
        {
            let mut state = world.state();
            let percent = state.rng.pick(&[0, 2, 5, 10, 20, 35]).unwrap_or(5);
            state.plan = Plan::Random(percent);
            let findable = state.rng.chance(50);
            let shown = state.rng.pick(&REFUNDS_SHOWN).unwrap_or(RefundSetlstat::LifeCycle);
            let surcharging = begin_fees(&mut state);
            let account = SetUp { findable, refund_setlstat: shown, surcharging, ..SetUp::PLAIN };
            let number = state.rng.below(30);
            state.ledger.set_up(account.numbered(number));
            state.two_versions = state.rng.chance(20);
            state.today_still_runs = state.two_versions;
            schedule::begin(&mut state);
        }
        world
    };
    run::run(world, story)
}

/// How accounts add a surcharge, if they do, and which merchants' documents state the fee basis of
/// a part.
fn begin_fees(state: &mut State) -> Option<Surcharging> {
    if !state.rng.chance(SURCHARGING_PERCENT) {
        return None;
    }
    let surcharging = Some(Surcharging::numbered(state.rng.below(Surcharging::WAYS)));
    state.shops.surcharge(surcharging);
    for merchant in [REGISTERED, EXTERNAL] {
        let states_fee_basis = state.rng.chance(75);
        state.shops.rules(merchant, |rules| rules.states_fee_basis = states_fee_basis);
    }
    surcharging
}

/// Fees come apart in refunds of parts, so more payments settle where there are fees.
fn settle_for_fees(world: &World) {
    let mut guard = world.state();
    let state = &mut *guard;
    if state.shops.are_surcharging() && state.rng.chance(SETTLES_PERCENT) {
        state.ledger.settle(Stage::Accepted);
        world.note(state, format_args!("batch for fees"));
    }
}

async fn story(world: Arc<World>) {
    let (clients, orders) = {
        let mut state = world.state();
        (1 + state.rng.below(3), 1 + state.rng.below(2))
    };
    let around = tokio::spawn(weather(world.clone()));
    // Nothing is drawn in the other seeds, whose histories stay as they are.
    let has_chargebacks = world.state().seed % CHARGEBACKS_EVERY == 1;
    let banks = has_chargebacks.then(|| tokio::spawn(banks::around(world.clone())));
    let schedule = tokio::spawn(schedule::every_minute(world.clone()));
    let tasks: Vec<_> =
        (0..clients).map(|number| tokio::spawn(client(world.clone(), number, orders))).collect();
    for task in tasks {
        if task.await.is_err() {
            world.fail(&mut world.state(), "a client's task panicked");
        }
    }
    around.abort();
    schedule.abort();
    banks.iter().for_each(tokio::task::JoinHandle::abort);
    if schedule.await.is_err_and(|error| error.is_panic()) {
        world.fail(&mut world.state(), "the schedule panicked");
    }
    schedule::afterwards(&world, clients, orders).await;
    run::end(&world).await;
}

/// Batches, clocks that are set back, keys and rules that are changed, a gateway that is away.
async fn weather(world: Arc<World>) {
    loop {
        let wait_s = 2 + world.state().rng.below(60);
        sleep(Duration::from_secs(wait_s)).await;
        let mut guard = world.state();
        let state = &mut *guard;
        match state.rng.below(16) {
            0..=4 => {
                let goes_to = if state.rng.chance(50) { Stage::Batch } else { Stage::Accepted };
                state.ledger.settle(goes_to);
                world.note(state, format_args!("batch: {goes_to:?}"));
            }
            5 | 6 => {
                let back_ms = i64::try_from(1 + state.rng.below(20_000)).unwrap_or(1);
                state.skew_ms -= back_ms;
                state.behind_ms = state.behind_ms.min(state.skew_ms);
                state.count("clock set back");
                world.note(state, format_args!("clocks go back by {back_ms} ms"));
            }
            7 => {
                state.shops.rotate();
                schedule::change_rules(state);
                state.count("keys and account changed");
                world.note(state, format_args!("keys and gateway account are changed"));
            }
            8 => {
                let away_s = 5 + state.rng.below(300);
                let of = state.rng.pick(&[None, Some(REGISTERED), Some(EXTERNAL)]).flatten();
                state.outage = Some(Outage { until: Instant::now() + Duration::from_secs(away_s), of });
                state.count("gateway away");
                world.note(state, format_args!("the gateway is away for {away_s} s, for {of:?}"));
            }
            9 => schedule::pause_or_go_on(&world, state),
            10 => schedule::spread_anew(&world, state),
            11 => {
                let ahead_ms = i64::try_from(1 + state.rng.below(AHEAD_MS)).unwrap_or(1);
                state.skew_ms = state.skew_ms.max(ahead_ms);
                state.ahead_ms = state.ahead_ms.max(state.skew_ms);
                state.count("clock jumped forward");
                world.note(state, format_args!("clocks jump to {ahead_ms} ms ahead"));
            }
            12 => by_hand(&world, state),
            13 => {
                let merchant = state.rng.pick(&[REGISTERED, EXTERNAL]).unwrap_or(REGISTERED);
                state.shops.rules(merchant, |rules| rules.states_fee_basis = true);
                world.note(state, format_args!("the document of {merchant} states its fee basis"));
            }
            _ => {}
        }
    }
}

/// A person captures, voids or refunds a payment in the gateway's own portal.
fn by_hand(world: &World, state: &mut State) {
    let records = state.ledger.simulator.records();
    let open: Vec<(String, RecordState)> = records
        .into_iter()
        .filter(|record| record.kind == RecordKind::Payment)
        .map(|record| (record.retref, record.state))
        .collect();
    let index = usize::try_from(state.rng.below(open.len().max(1) as u64)).unwrap_or_default();
    let Some((retref, stands)) = open.get(index).cloned() else { return };
    let minor_units = None;
    let action = match stands {
        RecordState::Authorized if state.rng.chance(50) => PortalAction::Capture { retref, minor_units },
        RecordState::Authorized | RecordState::Queued => PortalAction::Void { retref, minor_units },
        RecordState::Accepted => PortalAction::Refund { retref, minor_units: Some(1), order_id: None },
        _ => return,
    };
    state.ledger.simulator.in_portal(&action);
    state.count("actions in the portal");
    world.note(state, format_args!("in the portal: {action:?}"));
}

async fn client(world: Arc<World>, number: u64, orders: u64) {
    let wishes = 2 + world.state().rng.below(3);
    for wish in 0..wishes {
        world.wait_for_a_shopper().await;
        settle_for_fees(&world);
        if let Some(ask) = schedule::pause_or_resume(&world, orders) {
            Box::pin(pursue(&world, ask)).await;
        }
        let ask = wish_for(&world, number, wish, orders);
        let rest = rest_of(&ask);
        Box::pin(pursue(&world, ask)).await;
        if let Some(rest) = rest.filter(|_| world.state().rng.chance(REST_PERCENT)) {
            Box::pin(pursue(&world, rest)).await;
        }
    }
}

/// The next request of a merchant that ships in parcels, after a partial capture.
fn rest_of(ask: &Ask) -> Option<Ask> {
    let is_part = ask.route == Route::Capture && ask.data.get("amount").is_some();
    let key = ask.key.as_ref().map(|key| format!("{key}-rest"));
    is_part.then(|| Ask { route: Route::Reauthorize, data: json!({}), key, ..ask.clone() })
}

/// A transaction that something may be wanted of.
#[derive(Clone, Copy)]
struct Target {
    id: Uuid,
    amount: u64,
    capturable: bool,
    refundable: bool,
    /// Whether a partial capture released a rest that nothing holds anew.
    rest: bool,
    /// When the authorization ends.
    end: Option<Timestamp>,
}

impl Target {
    fn of(order: &Order, transaction: &Transaction) -> Self {
        let is_continued = order.continuation_of(transaction.id).is_some();
        Self {
            id: transaction.id,
            amount: transaction.amount().minor(),
            capturable: !transaction.capturable().is_zero(),
            refundable: !transaction.refundable().is_zero(),
            rest: !transaction.released().is_zero() && !is_continued,
            end: transaction.authorization_expires_at,
        }
    }
}

/// The next request of a client. It knows its orders' transactions, as a client that lists them
/// does.
fn wish_for(world: &World, client: u64, wish: u64, orders: u64) -> Ask {
    let now = world.now();
    let mut guard = world.state();
    let state = &mut *guard;
    if state.rng.chance(CARD_PERCENT) {
        return credit_card::wish_for(state, client, wish);
    }
    let merchant = if state.rng.chance(75) { REGISTERED } else { EXTERNAL };
    let payments = credit_card::orders(state, merchant);
    let mixed = !payments.is_empty() && state.rng.chance(MIXED_PERCENT);
    let order = if mixed {
        state.count("requests of one API about the other's payment");
        payments[usize::try_from(state.rng.below(payments.len() as u64)).unwrap_or_default()].clone()
    } else {
        format!("o{}", state.rng.below(orders))
    };
    let stored = state.fake_store.order(&format!("{merchant}#{order}"));
    let targets = |order: &Order| order.transactions.iter().map(|found| Target::of(order, found)).collect();
    let transactions: Vec<Target> = stored.map(targets).unwrap_or_default();
    let owing = stored.and_then(Order::owing).is_none_or(|owing| !owing.is_zero());
    let unregistered = merchant == REGISTERED && stored.is_none();
    let key = state.rng.chance(60).then(|| format!("c{client}-{wish}"));
    let ask =
        |route, transaction, data, key| Ask { merchant, order: order.clone(), route, transaction, data, key };
    if unregistered || (merchant == REGISTERED && state.rng.chance(5)) {
        let data = schedule::order(&mut state.rng, now);
        return ask(Route::Register, None, data, None);
    }
    let target = state.rng.pick(&transactions).filter(|_| state.rng.chance(if owing { 60 } else { 90 }));
    let Some(Target { id, amount, capturable, refundable, rest, end }) = target else {
        let (route, method) = match state.rng.below(6) {
            0 | 1 => (Route::Authorize, "authorize"),
            2 => (Route::Purchase, "purchase"),
            3 | 4 => (Route::Pay, "authorize"),
            _ => (Route::Pay, "purchase"),
        };
        let card = state.rng.pick(&[1, 1, 1, 1, 2, 3, 4, 5, 8]).unwrap_or(1);
        let mut data = json!({"gateway": "card_connect", "method": method, "payment": format!("{card}|16178397535388255208")});
        if merchant == EXTERNAL || state.rng.chance(40) {
            data["amount"] = (1 + state.rng.below(3_000)).into();
        }
        if method == "authorize" && state.rng.chance(70) {
            let end = now + state.shops.terms(merchant).lifetime;
            schedule::add_terms(&mut state.rng, now, end, &mut data);
        }
        return ask(route, None, data, key);
    };
    let mut part = all_or_part(&mut state.rng, amount);
    let sensible: &[Route] = match (capturable, refundable) {
        _ if state.rng.chance(25) => {
            &[Route::Capture, Route::Refund, Route::Cancel, Route::Reschedule, Route::Reauthorize]
        }
        (true, _) => &[Route::Capture, Route::Capture, Route::Reschedule, Route::Reschedule, Route::Cancel],
        (_, true) if rest => &[Route::Reauthorize, Route::Reauthorize, Route::Refund, Route::Cancel],
        (_, true) => &[Route::Refund, Route::Refund, Route::Refund, Route::Cancel],
        _ => &[Route::Confirm, Route::Read],
    };
    let route = state.rng.pick(sensible).unwrap_or(Route::Confirm);
    although_disputed(state, &format!("{merchant}#{order}"), route, &mut part);
    match route {
        Route::Capture | Route::Reauthorize | Route::Refund => ask(route, Some(id), part, key),
        Route::Cancel => ask(route, Some(id), json!({}), key),
        Route::Reschedule => {
            let mut data = json!({"capture_amount": amount});
            schedule::add_terms(&mut state.rng, now, end.unwrap_or(now), &mut data);
            ask(route, Some(id), data, None)
        }
        _ => ask(route, Some(id), json!({}), None),
    }
}

/// No amount, or a part of one.
fn all_or_part(rng: &mut Rng, amount: u64) -> Value {
    if rng.chance(50) { json!({"amount": 1 + rng.below(amount)}) } else { json!({}) }
}

/// Half of the refunds of orders that banks ever took something of are meant in spite of it.
fn although_disputed(state: &mut State, order: &str, route: Route, part: &mut Value) {
    if route == Route::Refund && state.banks.has_case_of(order) && state.rng.chance(ALTHOUGH_DISPUTED_PERCENT)
    {
        part["refund_disputed"] = true.into();
    }
}

/// Makes a request until its response is final or the client gives up.
pub(crate) async fn pursue(world: &Arc<World>, mut ask: Ask) {
    let retries = world.state().rng.below(RETRIES_MAX + 1);
    for _ in 0..=retries {
        let twice = world.state().rng.chance(10);
        let reply = if twice {
            world.state().count("events delivered twice");
            let (first, second) = tokio::join!(biased; deliver(world, &ask), deliver(world, &ask));
            if second.is_final() { second } else { first }
        } else {
            deliver(world, &ask).await
        };
        world.state().count("requests");
        if reply.is_final() {
            return;
        }
        if let Some(Word::KeyRefused) = reply.word() {
            continue;
        }
        let given_up = world.state().rng.chance(PATIENT_PERCENT);
        if given_up {
            sleep(UNTIL_REFUNDS_ARE_GIVEN_UP).await;
        }
        wait(world).await;
        if let Some(transaction) = reply.transaction()
            && world.state().rng.chance(20)
        {
            ask = match ask.route {
                Route::Card(_, media) => credit_card::status_of(&ask, media),
                _ => Ask {
                    route: Route::Confirm,
                    transaction: Some(transaction),
                    data: json!({}),
                    key: None,
                    ..ask
                },
            };
        } else if ask.key.is_some() && !matches!(ask.route, Route::Card(..)) && world.state().rng.chance(10) {
            ask.key = None;
        }
    }
}

//! Captures that the schedule makes: the requests of merchants and clients about them, and who runs
//! them when.

use std::{sync::Arc, time::Duration};

use cardpointe_simulator::Stage as Batch;
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use serde_json::{Value, json};
use tokio::time::sleep;
use tollgate_core::{
    order::{Order, Stage},
    payments::{CaptureRequest, Share},
};

use super::{pursue, wish_for};
use crate::{
    ask::{Ask, Route},
    merchants::{EXTERNAL, REGISTERED},
    rng::Rng,
    run,
    world::{State, World},
};

/// How long authorizations may live, in minutes: with the short ones, captures are not tried again,
/// or lapse.
const LIFETIMES_MIN: [i64; 6] = [15, 90, 150, 360, 1_440, 10_080];

/// After how many minutes a merchant's authorizations may be captured by the schedule; below zero:
/// not.
const AFTER_MIN: [i64; 6] = [-1, -1, 0, 1, 5, 120];

/// Into how many partitions the index may be spread.
const SHARDS: [u16; 3] = [2, 4, 8];

/// In one seed of so many, orders' captures are paused and resumed.
const PAUSES_EVERY: u64 = 4;

/// Before how many requests of a hundred that is done there.
const PAUSE_PERCENT: u64 = 40;

/// How often at most something goes on after the clients have left.
const AFTERWARDS_MAX: u64 = 7;

/// For how long at most nothing runs at all.
const NOTHING_RUNS_MIN: u64 = 240;

/// The merchants' rules for this seed.
pub(super) fn begin(state: &mut State) {
    let for_one = state.rng.pick(&[REGISTERED, EXTERNAL]);
    for merchant in [REGISTERED, EXTERNAL] {
        let lifetime = SignedDuration::from_mins(state.rng.pick(&LIFETIMES_MIN).unwrap_or(15));
        state.shops.rules(merchant, |rules| {
            rules.lifetime = lifetime;
            rules.void_lapsed = for_one == Some(merchant);
        });
    }
    change_rules(state);
}

/// Another default for the payments to come.
pub(super) fn change_rules(state: &mut State) {
    for merchant in [REGISTERED, EXTERNAL] {
        let after = state.rng.pick(&AFTER_MIN).filter(|after| *after >= 0).map(SignedDuration::from_mins);
        state.shops.rules(merchant, |rules| rules.after = after);
    }
}

/// The pause of scheduled captures, on or off.
pub(super) fn pause_or_go_on(world: &World, state: &mut State) {
    let merchant = state.rng.pick(&[REGISTERED, EXTERNAL]).unwrap_or(REGISTERED);
    let mut paused = false;
    state.shops.rules(merchant, |rules| {
        rules.paused = !rules.paused;
        paused = rules.paused;
    });
    state.count("captures paused or released");
    world.note(state, format_args!("captures of {merchant} are paused: {paused}"));
}

/// Now and then a person pauses the captures of one order, or resumes them.
pub(super) fn pause_or_resume(world: &World, orders: u64) -> Option<Ask> {
    let mut state = world.state();
    // Nothing is drawn in the other seeds, whose histories stay as they are.
    if !state.seed.is_multiple_of(PAUSES_EVERY) || !state.rng.chance(PAUSE_PERCENT) {
        return None;
    }
    let merchant = state.rng.pick(&[REGISTERED, EXTERNAL]).unwrap_or(REGISTERED);
    let order = format!("o{}", state.rng.below(orders));
    let stored = state.fake_store.order(&format!("{merchant}#{order}"));
    let is_paused = stored.is_some_and(|order| order.captures_paused().is_some());
    // Mostly the request that changes something.
    let resumes = state.rng.chance(if is_paused { 80 } else { 10 });
    let route = if resumes { Route::Resume } else { Route::Pause };
    let data = json!({"actor": "Ann", "reason": "simulated"});
    Some(Ask { merchant, order, route, transaction: None, data, key: None })
}

/// Another number of partitions for the captures to come.
pub(super) fn spread_anew(world: &World, state: &mut State) {
    let shards = state.rng.pick(&SHARDS).unwrap_or(4);
    state.capture_shards = shards;
    state.count("partitions of the index of captures changed");
    world.note(state, format_args!("captures go into {shards} partitions"));
}

/// A moment for a capture of an authorization with this end: none, gone by, soon, later, last, or
/// too late.
fn moment(rng: &mut Rng, now: Timestamp, end: Timestamp) -> Value {
    let mut up_to = |limit_s: u64| SignedDuration::from_secs(rng.below(limit_s).try_into().unwrap_or(0));
    let (soon, minutes, hours, late) = (up_to(90), up_to(600), up_to(6 * 3600), up_to(24 * 3600));
    let at = match rng.below(9) {
        0 => return Value::Null,
        1 => now - hours,
        2..=4 => now + soon,
        5 => now + minutes,
        6 => now + hours,
        7 => end - soon,
        _ => end + soon + late,
    };
    at.to_string().into()
}

/// Where cut-offs are meant: the clocks of the first three change on days on which simulations
/// begin.
const ZONES: [&str; 4] = ["America/New_York", "Australia/Lord_Howe", "Australia/Sydney", "Asia/Kathmandu"];

/// A rule: soon after the authorization, and mostly at a cut-off that is near, perhaps on a
/// business day.
pub(super) fn rule(rng: &mut Rng, now: Timestamp) -> Value {
    let mut rule = json!({"after": format!("PT{}M", rng.below(90))});
    let zone = rng.pick(&ZONES).unwrap_or(ZONES[0]);
    if rng.chance(75)
        && let Ok(zone) = TimeZone::get(zone)
    {
        let ahead = SignedDuration::from_mins(rng.below(150).try_into().unwrap_or(0) - 30);
        rule["at"] = zone.to_datetime(now + ahead).strftime("%H:%M").to_string().into();
    }
    if rng.chance(20) {
        rule["business_days"] = true.into();
    }
    if rule.get("at").is_some() || rule.get("business_days").is_some() {
        rule["zone"] = zone.into();
    }
    rule
}

/// An order, perhaps with a rule for its authorizations.
pub(super) fn order(rng: &mut Rng, now: Timestamp) -> Value {
    let mut data = json!({"type": "order", "amount": 1_000 + rng.below(4_000), "currency": "USD"});
    if rng.chance(30) {
        data["capture"] = rule(rng, now);
    }
    data
}

/// Adds when an authorization is captured and how much of it, up to a little more than its amount.
pub(super) fn add_terms(rng: &mut Rng, now: Timestamp, end: Timestamp, data: &mut Value) {
    let amount = data["amount"].as_u64().or(data["capture_amount"].as_u64()).unwrap_or(2_000);
    match rng.below(10) {
        0..=5 => data["capture_at"] = moment(rng, now, end),
        6..=8 => data["capture"] = rule(rng, now),
        _ => {}
    }
    match rng.below(10) {
        0..=2 => data["capture_amount"] = (1 + rng.below(amount + amount / 8)).into(),
        3 => data["capture_amount"] = Value::Null,
        _ => {}
    }
}

/// Every minute the operations in doubt and the due captures, and now and then several runs at
/// once.
pub(super) async fn every_minute(world: Arc<World>) {
    loop {
        sleep(Duration::from_mins(1)).await;
        tokio::join!(biased; reconcile(&world), capture(&world));
    }
}

async fn reconcile(world: &Arc<World>) {
    let twice = world.state().rng.chance(20);
    if twice {
        tokio::join!(biased; run::reconcile_once(world), run::reconcile_once(world));
    } else {
        run::reconcile_once(world).await;
    }
}

async fn capture(world: &Arc<World>) {
    let whole = CaptureRequest::default;
    let part = |index, of| CaptureRequest { part: Some(Share { index, of }), ..whole() };
    let way = world.state().rng.below(10);
    match way {
        0..=3 => {
            // As it is deployed.
            let run = |index| run::capture_once(world, part(index, 4));
            tokio::join!(biased; run(0), run(1), run(2), run(3));
        }
        4 | 5 => run::capture_once(world, whole()).await,
        6 => {
            let run = || run::capture_once(world, whole());
            tokio::join!(biased; run(), run(), run());
        }
        7 => {
            let run = |request| run::capture_once(world, request);
            tokio::join!(biased; run(whole()), run(part(0, 2)));
        }
        8 => {
            let run = |request| run::capture_once(world, request);
            tokio::join!(biased; run(whole()), run(CaptureRequest { dry_run: true, ..whole() }));
        }
        _ => {
            let (order_id, merchant_id) = ("o0".parse().ok(), EXTERNAL.parse().ok());
            let by_order = world.state().rng.chance(50);
            let request = if by_order {
                CaptureRequest { order_id, ..whole() }
            } else {
                CaptureRequest { merchant_id, ..whole() }
            };
            run::capture_once(world, request).await;
        }
    }
}

/// Whether a void is about to be left to a person: three that are lost are not followed by another.
fn is_nearly_given_up(state: &State) -> bool {
    let mut operations = state.fake_store.orders().flat_map(Order::operations);
    operations.any(|(_, o)| o.is(Stage::Pending) && o.cause.must_succeed() && o.attempt.number > 1)
}

/// The time after the clients have left: hours pass, the schedule runs or does not, and a client
/// may come again.
pub(super) async fn afterwards(world: &Arc<World>, clients: u64, orders: u64) {
    let rounds = world.state().rng.below(AFTERWARDS_MAX + 1);
    for round in 0..rounds {
        if is_nearly_given_up(&world.state()) {
            return;
        }
        let (inquiry, capture_at) = run::next_due(world);
        let Some(due) = inquiry.into_iter().chain(capture_at).min() else { return };
        let until_due_s = due.duration_since(world.now()).as_secs().max(0).unsigned_abs();
        let (wait_s, comes) = {
            let mut guard = world.state();
            let state = &mut *guard;
            match state.rng.below(10) {
                0 => pause_or_go_on(world, state),
                1 => change_rules(state),
                2 => state.ledger.settle(Batch::Accepted),
                _ => {}
            }
            let nothing_runs = state.rng.chance(20);
            let longer_s = if nothing_runs { NOTHING_RUNS_MIN * 60 } else { 90 };
            (until_due_s + state.rng.below(longer_s), state.rng.chance(30))
        };
        sleep(Duration::from_secs(wait_s)).await;
        let somebody = async {
            if comes {
                let ask = wish_for(world, clients, round, orders);
                Box::pin(pursue(world, ask)).await;
            }
        };
        tokio::join!(biased; reconcile(world), capture(world), somebody);
    }
}

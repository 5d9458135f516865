//! Refunds that a rule owes, beside chargebacks: partial approvals, refused security codes, second
//! charges and duplicates whose batch closes before their void.

mod persons;

use std::{sync::Arc, time::Duration};

use cardpointe_simulator::{RefundSetlstat, Stage};
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::{
    ask::{Ask, Asked, Media, Route},
    banks,
    card::Card,
    client::credit_card::{payment, payment_id},
    fault::{Fault, Plan},
    ledger::SetUp,
    merchants::{EXTERNAL, REGISTERED},
    rng::Rng,
    run::{self, Run},
    shoppers::pursue,
    world::{Outage, State, World},
};

/// Accounts of Elastic Path's payments: cards that approve all or a part. A card that declines a
/// second attempt whose first one came late is the random simulation's business.
const ACCOUNTS: [u64; 7] = [1, 1, 1, 2, 2, 2, 8];

/// The security code that the gateway calls wrong.
const WRONG: &str = "111";

/// How many of a hundred requests are made again once a lost one was given up, and when.
const AGAIN_PERCENT: u64 = 60;
const GIVEN_UP_AFTER: Duration = Duration::from_mins(5);

/// How long the gateway is away at most, in seconds.
const AWAY_S: u64 = 900;

/// How often something goes on after the clients have left, and the hours of one such time at most.
const AFTERWARDS_MAX: u64 = 12;
const HOURS_MAX: u64 = 80;

/// How many acts follow each other then, at most.
const ACTS_MAX: u64 = 8;

/// Simulates the clients, banks and faults that one seed makes.
pub(crate) fn seed(seed: u64, keep_steps: bool) -> Run {
    let world = || {
        let world = World::new(seed, Plan::Calm, keep_steps, None);
        {
            let mut guard = world.state();
            let state = &mut *guard;
            // A second payment that Tollgate never knows of is the random simulation's business:
            // with it, another operation's record can look like a refund's.
            let percent = state.rng.pick(&[0, 2, 5, 10, 20]).unwrap_or(5);
            state.plan = Plan::RandomBut(percent, Fault::DeliveredTwice);
            state.banks.settle_percent = state.rng.pick(&[30, 60, 90]).unwrap_or(60);
            state.banks.second_percent = state.rng.pick(&[0, 40, 80]).unwrap_or(40);
            state.banks.lines_max = state.rng.pick(&[3, 6, 12, 30]).unwrap_or(6);
            state.banks.lost_percent = state.rng.pick(&[0, 0, 20, 60]).unwrap_or(20);
            let shown = state.rng.pick(&[RefundSetlstat::LifeCycle, RefundSetlstat::Refunded]);
            let refund_setlstat = shown.unwrap_or(RefundSetlstat::LifeCycle);
            let account = SetUp { findable: state.rng.chance(50), refund_setlstat, ..SetUp::PLAIN };
            let number = state.rng.below(30);
            state.ledger.set_up(account.numbered(number));
            for merchant in [REGISTERED, EXTERNAL] {
                state.shops.rules(merchant, |rules| rules.declines_wrong_codes = true);
            }
        }
        world
    };
    run::run(world, story)
}

async fn story(world: Arc<World>) {
    let clients = 1 + world.state().rng.below(2);
    let beside = [
        tokio::spawn(banks::around(world.clone())),
        tokio::spawn(weather(world.clone())),
        tokio::spawn(every_minute(world.clone())),
    ];
    let tasks: Vec<_> = (0..clients).map(|number| tokio::spawn(client(world.clone(), number))).collect();
    for task in tasks {
        if task.await.is_err() {
            world.fail(&mut world.state(), "a client's task panicked");
        }
    }
    for task in beside {
        task.abort();
        if task.await.is_err_and(|error| error.is_panic()) {
            world.fail(&mut world.state(), "a task beside the clients panicked");
        }
    }
    afterwards(&world).await;
    run::end(&world).await;
}

/// A shopper pays, and a merchant refunds what may be refunded.
async fn client(world: Arc<World>, number: u64) {
    let wishes = 2 + world.state().rng.below(4);
    for wish in 0..wishes {
        world.wait_for_a_shopper().await;
        let ask = wish_for(&mut world.state(), number, wish);
        Box::pin(pursue(&world, ask.clone())).await;
        // A request that is late was given up by then, so that the same one is a second charge.
        let is_repeated = world.state().rng.chance(AGAIN_PERCENT);
        if is_repeated {
            sleep(GIVEN_UP_AFTER).await;
            Box::pin(pursue(&world, ask)).await;
        }
    }
}

fn wish_for(state: &mut State, client: u64, wish: u64) -> Ask {
    let key = format!("c{client}-{wish}");
    let order = "o0".to_owned();
    let is_known = state.fake_store.order(&format!("{REGISTERED}#{order}")).is_some();
    if !is_known && state.rng.chance(50) {
        let data = json!({"type": "order", "amount": 1_000 + state.rng.below(4_000), "currency": "USD"});
        return Ask {
            merchant: REGISTERED,
            order,
            route: Route::Register,
            transaction: None,
            data,
            key: None,
        };
    }
    match state.rng.below(10) {
        0 | 1 => card_payment(&mut state.rng),
        2..=5 => {
            let merchant = if is_known && state.rng.chance(50) { REGISTERED } else { EXTERNAL };
            let account = state.rng.pick(&ACCOUNTS).unwrap_or(1);
            // The amount is stated, because the amount owing can differ at the next attempt.
            let data = json!({"gateway": "card_connect", "method": "purchase",
                "payment": format!("{account}|16178397535388255208"), "amount": 1 + state.rng.below(3_000)});
            let key = state.rng.chance(50).then_some(key);
            Ask { merchant, order, route: Route::Purchase, transaction: None, data, key }
        }
        _ => persons::refund(state, key).unwrap_or_else(|| card_payment(&mut state.rng)),
    }
}

/// A payment through the credit-card API, perhaps with a wrong security code.
fn card_payment(rng: &mut Rng) -> Ask {
    let merchant = rng.pick(&[REGISTERED, EXTERNAL]).unwrap_or(EXTERNAL);
    let reference = format!("r{}", rng.below(3));
    let card = rng.pick(&[Card::Approves, Card::ApprovesPart]).unwrap_or(Card::Approves);
    let mut data = payment(card, 100 + rng.below(2_000));
    if rng.chance(60) {
        data["Card"]["CVV"] = WRONG.into();
    }
    let order = payment_id(merchant, &reference).to_string();
    let route = Route::Card(Asked::Charge, Media::Json);
    Ask { merchant, order, route, transaction: None, data, key: Some(reference) }
}

/// Batches, and a gateway that is away or does nothing.
async fn weather(world: Arc<World>) {
    loop {
        let wait_s = 2 + world.state().rng.below(60);
        sleep(Duration::from_secs(wait_s)).await;
        change(&world).await;
    }
}

async fn change(world: &Arc<World>) {
    let what = world.state().rng.below(12);
    match what {
        0 => return persons::end(world).await,
        9 | 10 => return persons::see(world).await,
        11 => return persons::decide(world).await,
        _ => {}
    }
    let mut guard = world.state();
    let state = &mut *guard;
    match what {
        1..=4 => {
            let goes_to = if state.rng.chance(30) { Stage::Batch } else { Stage::Accepted };
            state.ledger.settle(goes_to);
            world.note(state, format_args!("batch: {goes_to:?}"));
        }
        5 | 6 => {
            let away_s = 5 + state.rng.below(AWAY_S);
            state.outage = Some(Outage { until: Instant::now() + Duration::from_secs(away_s), of: None });
            state.count("gateway away");
            world.note(state, format_args!("the gateway is away for {away_s} s"));
        }
        7 | 8 => {
            state.try_again = !state.try_again;
            let does_nothing = state.try_again;
            world.note(state, format_args!("the gateway does nothing and says so: {does_nothing}"));
        }
        _ => {}
    }
}

/// Every minute the operations in doubt, now and then by two runs at once.
async fn every_minute(world: Arc<World>) {
    loop {
        sleep(Duration::from_mins(1)).await;
        reconcile(&world).await;
    }
}

async fn reconcile(world: &Arc<World>) {
    if world.state().rng.chance(20) {
        tokio::join!(biased; run::reconcile_once(world), run::reconcile_once(world));
    } else {
        run::reconcile_once(world).await;
    }
}

/// Hours and days later: banks act, reports are recorded, persons decide, beside runs of the
/// schedule.
async fn afterwards(world: &Arc<World>) {
    let rounds = world.state().rng.below(AFTERWARDS_MAX + 1);
    for round in 0..rounds {
        let (wait_s, acts) = {
            let mut state = world.state();
            let longest_s = state.rng.pick(&[120, 3_600, 30 * 3_600, HOURS_MAX * 3_600]).unwrap_or(120);
            (state.rng.below(longest_s), state.rng.below(ACTS_MAX))
        };
        sleep(Duration::from_secs(wait_s)).await;
        tokio::join!(biased; several(world, round, acts), reconcile(world));
        reconcile(world).await;
    }
}

async fn several(world: &Arc<World>, round: u64, acts: u64) {
    for act in 0..acts {
        let what = world.state().rng.below(8);
        match what {
            0..=2 => banks::act(world, &mut world.state()),
            3..=5 => banks::record_one(world).await,
            6 => change(world).await,
            _ => {
                let ask = persons::refund(&mut world.state(), format!("p{round}-{act}"));
                if let Some(ask) = ask {
                    Box::pin(pursue(world, ask)).await;
                }
            }
        }
    }
}

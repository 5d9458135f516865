//! Stored cards: clients store, list, prefer, pay with and delete them, several at once and under
//! every fault. In the end the gateway has the cards on record as stored, once, and no other.

mod left;
mod requests;

use std::{sync::Arc, time::Duration};

use serde_json::json;
use tokio::time::sleep;

use crate::{
    ask::{Ask, Route, Word},
    client::{deliver, wait},
    customers,
    fault::Plan,
    merchants::EXTERNAL,
    run::{self, Run},
    world::{State, World},
};
use left::left_to_do;
use requests::Wish;

/// How often the same request is made again.
const RETRIES_MAX: u64 = 3;

/// How often the requests left to do are made in the end, without faults.
const ROUNDS: usize = 12;

/// Between them: in all, longer than the hour for which too many declines hold a customer's cards
/// back.
const BETWEEN_ROUNDS: Duration = Duration::from_mins(10);

/// The security codes that the gateway calls right and wrong.
const RIGHT: &str = "112";
const WRONG: &str = "111";

/// Published test cards, each of another brand or number.
const NUMBERS: [&str; 3] = ["4788250000121443", "5454545454545454", "4111111111111111"];

/// One that is always declined.
const DECLINED: &str = "4387751111111053";

/// Simulates the customers and faults that one seed makes.
pub(crate) fn seed(seed: u64, keep_steps: bool) -> Run {
    let world = || {
        let world = World::new(seed, Plan::Calm, keep_steps, None);
        {
            let mut guard = world.state();
            let state = &mut *guard;
            let percent = state.rng.pick(&[0, 2, 5, 10, 20]).unwrap_or(5);
            state.plan = Plan::Random(percent);
            let strict = state.rng.chance(50);
            state.shops.rules(EXTERNAL, |rules| rules.declines_wrong_codes = strict);
            (state.stored_cards.are_used, state.stored_cards.is_strict) = (true, strict);
        }
        world
    };
    run::run(world, story)
}

async fn story(world: Arc<World>) {
    let clients = 1 + world.state().rng.below(3);
    let tasks: Vec<_> = (0..clients).map(|number| tokio::spawn(client(world.clone(), number))).collect();
    for task in tasks {
        if task.await.is_err() {
            world.fail(&mut world.state(), "a client's task panicked");
        }
    }
    run::end_without_journal(&world).await;
    for _ in 0..ROUNDS {
        let left = left_to_do(&world.state().stored_cards);
        if left.is_empty() || world.state().failure.is_some() {
            break;
        }
        for wish in left {
            requests::send(&world, &wish).await;
        }
        sleep(BETWEEN_ROUNDS).await;
    }
    let mut guard = world.state();
    let state = &mut *guard;
    let left = left_to_do(&state.stored_cards);
    let mut broken = customers::ended(&state.stored_cards, &state.ledger);
    broken.extend(left.iter().map(|wish| format!("left to do: {wish:?}")));
    for rule in broken {
        world.fail(state, &rule);
    }
}

async fn client(world: Arc<World>, number: u64) {
    let wishes = 3 + world.state().rng.below(4);
    for wish in 0..wishes {
        world.wait_for_a_shopper().await;
        let key = format!("c{number}-{wish}");
        let kind = world.state().rng.below(10);
        let wish = wish_for(&mut world.state(), kind, &key);
        match wish {
            Some(wish) => Box::pin(pursue(&world, &wish)).await,
            None => Box::pin(pay(&world, &key)).await,
        }
    }
}

/// The next request of a client; none to pay.
fn wish_for(state: &mut State, kind: u64, key: &str) -> Option<Wish> {
    // Few customers and cards, so that clients get in each other's way.
    let customer = if state.rng.chance(70) { "c-1" } else { "c-2" };
    let known = state.stored_cards.known_ids();
    let id = state.rng.below(known.len().max(1) as u64);
    let id = known.get(usize::try_from(id).unwrap_or_default()).cloned();
    Some(match (kind, id) {
        (4, _) => Wish::List { customer },
        (5, Some(id)) => Wish::Prefer { id },
        (6 | 7, Some(id)) => Wish::Delete { id },
        (8 | 9, Some(_)) => return None,
        _ => {
            let index = usize::try_from(state.rng.below(7) / 2).unwrap_or_default();
            let number = NUMBERS.get(index).copied().unwrap_or(DECLINED);
            let code = if state.rng.chance(70) { RIGHT } else { WRONG };
            let key = state.rng.chance(60).then(|| key.to_owned());
            Wish::Store { customer, number, code, key }
        }
    })
}

/// Makes a request until its response is final or the client gives up.
async fn pursue(world: &Arc<World>, wish: &Wish) {
    let retries = world.state().rng.below(RETRIES_MAX + 1);
    for _ in 0..=retries {
        let is_final = if world.state().rng.chance(15) {
            world.state().count("requests about cards delivered twice");
            let (first, second) =
                tokio::join!(biased; requests::send(world, wish), requests::send(world, wish));
            first || second
        } else {
            requests::send(world, wish).await
        };
        if is_final {
            return;
        }
        wait(world).await;
    }
}

/// Pays by a stored card, which may be deleted by then.
async fn pay(world: &Arc<World>, key: &str) {
    let (ask, payment, was_deleted) = {
        let mut state = world.state();
        let known = state.stored_cards.known_payments();
        let index = usize::try_from(state.rng.below(known.len().max(1) as u64)).unwrap_or_default();
        let Some(payment) = known.get(index).cloned() else { return };
        let amount = 1 + state.rng.below(3_000);
        let data = json!({
            "gateway": "card_connect", "method": "purchase", "payment": payment, "amount": amount,
        });
        let ask = Ask {
            merchant: EXTERNAL,
            order: format!("o-{key}"),
            route: Route::Purchase,
            transaction: None,
            data,
            key: Some(key.to_owned()),
        };
        let was_deleted = state.stored_cards.is_deleted(&payment);
        (ask, payment, was_deleted)
    };
    let retries = world.state().rng.below(RETRIES_MAX + 1);
    for _ in 0..=retries {
        let reply = deliver(world, &ask).await;
        {
            let mut guard = world.state();
            let state = &mut *guard;
            state.count("payments requested by a stored card");
            match reply.word() {
                Some(Word::Done) if was_deleted => {
                    world.fail(state, &format!("a deleted card paid: {payment}"));
                }
                Some(Word::Done) => state.count("payments by a stored card"),
                Some(Word::Declined) if was_deleted => state.count("payments by a deleted card declined"),
                _ => {}
            }
        }
        if reply.is_final() {
            return;
        }
        wait(world).await;
    }
}

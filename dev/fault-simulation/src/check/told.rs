//! The outcomes that clients are told about their keys: they are true at the gateway and stay true,
//! and one key is one request.

use std::collections::BTreeMap;

use tollgate_core::order::Stage;

use crate::{
    ask::{Telling, Word},
    check::owed,
    ledger::Did,
    world::State,
};

/// The moment that it is told.
pub(crate) fn now(state: &State, telling: &Telling) -> Vec<String> {
    let Telling { word, key, order, .. } = telling;
    // One that came late stands beside another until it is found.
    let most = if state.ledger.has_late(order) { usize::MAX } else { 1 };
    let mut broken: Vec<String> = stands(state, telling, most).into_iter().collect();
    if telling.wish.is_none() && *word != Word::Pending && word.is_of_an_operation() {
        let payment = state.fake_store.order(order).and_then(super::credit_card::payment);
        let unchanged = state.fake_store.written_at(order).is_some_and(|at| at < telling.began);
        if unchanged && payment.is_some_and(|payment| payment.pending().is_some()) {
            broken.push(format!("told {word:?} of {telling:?}, which is pending"));
        }
    }
    for earlier in state.told.iter().filter(|t| t.order == *order && t.key == *key) {
        let other_wish = earlier.wish.is_some() && telling.wish.is_some() && earlier.wish != telling.wish;
        if other_wish && earlier.word.is_of_an_operation() && word.is_of_an_operation() {
            broken.push(format!("told {word:?} of {telling:?}, under the key of {:?}", earlier.wish));
        }
        let same_again = match telling.wish {
            Some(_) => earlier.wish == telling.wish,
            // While a follow-up is under way, a payment is told as pending.
            None => *word != Word::Pending,
        };
        let was_final = matches!(earlier.word, Word::Done | Word::Declined);
        let says_nothing = matches!(word, Word::Unavailable | Word::KeyRefused);
        let after = earlier.told_at < telling.began;
        let found_done = earlier.word == Word::Declined && is_contradicted(state, telling);
        if same_again && was_final && after && *word != earlier.word && !says_nothing && !found_done {
            broken.push(format!("told {word:?} of {telling:?}, of which was told {:?}", earlier.word));
        }
    }
    broken
}

/// The last outcome told about every key is that at the gateway, and it happened once.
pub(crate) fn promises(state: &State) -> Vec<String> {
    let mut last = BTreeMap::new();
    for telling in &state.told {
        last.insert((&telling.order, format!("{:?}", telling.key)), telling);
    }
    last.into_values().filter_map(|telling| stands(state, telling, 1)).collect()
}

/// Whether it was declined although it was done, and found an hour later.
fn is_contradicted(state: &State, telling: &Telling) -> bool {
    let order = state.fake_store.order(&telling.order);
    order.is_some_and(|order| {
        order.operations().any(|(_, operation)| {
            operation.key.as_ref() == Some(&telling.key) && state.ledger.is_contradicted(operation.id)
        })
    })
}

/// Whether it is told as it is at the gateway, where it was done so often at most, and what is left
/// standing.
fn stands(state: &State, telling: &Telling, most: usize) -> Option<String> {
    let Telling { word, order, key, .. } = telling;
    if state.ledger.is_excused(order) {
        return None;
    }
    let found = state
        .fake_store
        .order(order)
        .and_then(|order| order.operations().find(|(_, operation)| operation.key.as_ref() == Some(key)));
    let Some((transaction, operation)) = found else {
        // Refused before it began, or the order is not there.
        // Of an operation that is not on record nothing was sent.
        let claims = word.is_of_an_operation() && *word != Word::NotDone;
        return claims.then(|| format!("told {word:?} of {telling:?}, not on record"));
    };
    let times = state.ledger.times_standing(operation.id);
    let latest = transaction.latest_of(operation);
    let by_rule = latest.cause.declines_as().is_some();
    let mut did = state.ledger.did(operation.id);
    let fine = times.saturating_sub(owed::left_standing(transaction)) <= most
        && match word {
            Word::Done => latest.is(Stage::Approved) && !by_rule,
            Word::Declined => by_rule || did.any(|did| matches!(did, Did::Declined | Did::Refused(_))),
            Word::Pending
            | Word::NotDone
            | Word::Refused
            | Word::Busy
            | Word::Unavailable
            | Word::KeyRefused => true,
        };
    (!fine).then(|| {
        format!(
            "told {word:?} about {}, which is {:?} and was done {times} times",
            operation.attempt.gateway_order_id,
            latest.stage()
        )
    })
}

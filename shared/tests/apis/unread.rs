//! The words of a caller count: on each route that takes a missing amount for all, nothing moves
//! while an amount, or a member that restricts, stands where nothing reads it.
//!
//! The routes are those of `docs/openapi.yaml` whose `x-missing-amount` is `all`.

mod bodies;
mod keys;
mod sent;

use std::collections::{BTreeMap, BTreeSet};

use bodies::{Kind, Place, Stray};
use proptest::{
    sample::select,
    strategy::{Strategy, ValueTree},
    test_runner::TestRunner,
};
use sent::{Base, State};
use serde_json::Value;

const OPENAPI: &str = include_str!("../../../docs/openapi.yaml");

/// Generated bodies for each route.
const BODIES: usize = 2_000;

/// Names of amounts, and of members that restrict, that no route reads in any of the places below.
const NAMES: [&str; 13] = [
    "amount",
    "amt",
    "amnt",
    "capture_at",
    "capture_amount",
    "refund_disputed",
    "refund_mechanism",
    "initiated_by",
    "reopen",
    "save",
    "scheduled",
    "series",
    "ignore_scheme_advice",
];

/// Slips of these names: another case, another way to join words, letters exchanged, a path as a
/// name.
const SLIPS: [&str; 16] = [
    "Amount",
    "$amount",
    "amuont",
    "tmouna",
    "total_amount",
    "refund_amt",
    "capture_amuont",
    "captureAmount",
    "initiatedBy",
    "shceduled",
    "capture-at",
    "reepon",
    "refundMechanism",
    "refund_dispuetd",
    "data.amount",
    "Request.Amount",
];

/// Names of other systems, which mean nothing here.
const OTHERS: [&str; 8] = [
    "receipt_email",
    "customer_ip",
    "save_payment_method",
    "shipping_address",
    "description",
    "account",
    "return_url",
    "capture_at_store",
];

/// Each operation of the description that takes a body, with the meaning of a missing amount.
fn meanings() -> BTreeMap<String, Option<String>> {
    let document: Value = serde_saphyr::from_str(OPENAPI).unwrap();
    let mut found = BTreeMap::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            if operation["requestBody"].is_object() {
                let meaning = operation["x-missing-amount"].as_str().map(str::to_owned);
                found.insert(format!("{} {path}", method.to_ascii_uppercase()), meaning);
            }
        }
    }
    found
}

/// The routes on which a missing amount means all.
fn routes() -> Vec<String> {
    let all = meanings().into_iter().filter(|(_, meaning)| meaning.as_deref() == Some("all"));
    all.map(|(route, _)| route).collect()
}

/// The requests without an amount that move money on a route.
async fn bases(route: &str) -> Vec<Base> {
    let mut found = Vec::new();
    for base in Base::candidates(route) {
        let nothing = Stray::nothing();
        if !nothing.sent(&State::of(base.prepared).await, &base).await.moved.is_empty() {
            found.push(base);
        }
    }
    assert!(!found.is_empty(), "{route}: no candidate moves money without an amount; add one");
    found
}

#[test]
fn each_route_that_takes_a_body_says_what_a_missing_amount_means() {
    for (route, meaning) in meanings() {
        assert!(matches!(meaning.as_deref(), Some("all" | "required" | "none")), "{route}: {meaning:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_member_that_is_not_read_where_it_stands_is_refused_on_each_route_that_takes_all() {
    let mut carried_out = BTreeSet::new();
    for route in routes() {
        for base in bases(&route).await {
            let mut state = State::of(base.prepared).await;
            let names = NAMES.iter().chain(&SLIPS);
            let strays =
                names.flat_map(|name| Place::all(&base).into_iter().map(|place| Stray::at(place, name)));
            for stray in strays.filter(|stray| stray.can_be(&base)) {
                let response = stray.sent(&state, &base).await;
                if response.status != 400 || !response.moved.is_empty() {
                    carried_out.insert(format!("{route}: {stray}: {}", response.status));
                    state = State::of(base.prepared).await;
                }
            }
        }
    }
    assert!(carried_out.is_empty(), "{} are carried out: {carried_out:#?}", carried_out.len());
}

#[tokio::test(start_paused = true)]
async fn nothing_moves_unless_the_amount_is_stated_in_its_place_or_nowhere() {
    let meant = [&NAMES[..], &SLIPS[..]].concat();
    for route in routes() {
        let bases = bases(&route).await;
        let mut runner = TestRunner::deterministic();
        let (mut refused, mut carried_out) = (0, 0);
        let mut prepared = BTreeMap::new();
        for _ in 0..BODIES {
            let base = select(bases.clone()).new_tree(&mut runner).unwrap().current();
            let stray = bodies::any(&base, &meant, &OTHERS).new_tree(&mut runner).unwrap().current();
            let state = match prepared.remove(&base.prepared) {
                Some(state) => state,
                None => State::of(base.prepared).await,
            };
            let response = stray.sent(&state, &base).await;
            if response.moved.is_empty() {
                prepared.insert(base.prepared, state);
            }
            match stray.kind {
                Kind::Meant => {
                    assert_eq!((response.status, &response.moved[..]), (400, &[][..]), "{route}: {stray}");
                    refused += 1;
                }
                // A void has none.
                Kind::Amount => {
                    let calls = response.moved.iter().map(|moved| moved["call"].as_str().unwrap());
                    let amounts: Vec<_> = calls.map(|call| call.split(' ').nth(1).unwrap()).collect();
                    let is_void = route.ends_with("/cancel") || route.ends_with("/void");
                    let expected = if is_void { &[][..] } else { &["100"] };
                    assert_eq!(amounts, expected, "{route}: {stray}: {}", response.text);
                }
                Kind::Other => {
                    assert!(!response.moved.is_empty(), "{route}: {stray}: {}", response.text);
                    carried_out += 1;
                }
            }
        }
        println!("{route}: {refused} refused, {carried_out} carried out");
        assert!(refused > BODIES / 2 && carried_out > BODIES / 20, "{route}: {refused}, {carried_out}");
    }
}

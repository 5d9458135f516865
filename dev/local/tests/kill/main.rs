//! The functions' real processes, killed: the binaries of purchase, capture, refund and void run
//! through the Lambda Runtime API against the local stack, get SIGKILL at random moments, their
//! requests are retried as a client would, and the operations left in doubt are reconciled. Then
//! three ledgers have to agree: the gateway's, ours, and that of the requests.
//!
//! By default the binaries are those that `cargo test --workspace` builds. To kill optimized ones
//! instead:
//!
//! ```text
//! cargo build --workspace --profile fast-release --bins
//! TOLLGATE_FUNCTIONS_DIR=target/fast-release cargo test -p local --test kill -- --nocapture
//! ```
//!
//! `TOLLGATE_KILL_SEED` (a number) draws other moments. A process's own timing is not the seed's to
//! decide, so a seed repeats the plan and not the run.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod case;
#[path = "../common/client.rs"]
mod client;
mod function;
mod ledger;
#[path = "../common/process.rs"]
mod process;
mod rounds;
mod shop;
mod tally;
mod wire;

use std::{sync::Arc, time::Instant};

use rand::{SeedableRng, rngs::StdRng};
use tokio::task::JoinSet;
use tollgate_core::order::{Kind, Operation, Stage};

use crate::{case::Case, rounds::Rounds, shop::Shop, tally::Tally};

/// The functions whose processes are killed.
const FUNCTIONS: [&str; 4] = ["purchase", "capture", "refund", "void"];

/// Kills of each function that hit an invocation before its response was out. Later ones are made
/// too, and not counted.
const KILLS_EACH: usize = 76;
/// The same in a sample.
const KILLS_EACH_OF_A_SAMPLE: usize = 38;

/// How long everything may take to be known after the last kill, in minutes of the stack's clock.
const MINUTES_MAX: usize = 20;

#[tokio::test(flavor = "multi_thread")]
async fn kills_move_no_money_twice_and_lose_none() {
    let is_whole = std::env::var("KILLS").is_ok_and(|asked| asked == "whole");
    let kills = if is_whole { KILLS_EACH } else { KILLS_EACH_OF_A_SAMPLE };
    let started = Instant::now();
    let seed = std::env::var("TOLLGATE_KILL_SEED").map_or(1, |seed| seed.parse().unwrap());
    let shop = Arc::new(Shop::open(seed).await);
    // Batches are closed for the whole account, so payments that are to be settled come before all
    // others.
    let mut settled = case::settled_refunds(&shop).await;
    shop.stack.simulator().settle();

    let mut running = JoinSet::new();
    for (n, function) in (0..).zip(FUNCTIONS) {
        let ready = if function == "refund" { std::mem::take(&mut settled) } else { Vec::new() };
        let rng = StdRng::seed_from_u64(seed ^ (n << 32));
        running.spawn(Rounds::new(Arc::clone(&shop), function, rng, ready).run(kills));
    }
    let (mut cases, mut tally) = (Vec::new(), Tally::default());
    while let Some(ended) = running.join_next().await {
        let (of_function, counted) = ended.unwrap();
        cases.extend(of_function);
        tally.add(&counted);
    }
    println!("seed {seed}, {} requests\n{tally}", cases.len());
    // One that comes too late is not counted.
    assert!(tally.landed() >= FUNCTIONS.len() * kills - FUNCTIONS.len(), "{}", tally.landed());
    tally.assert_spread();

    let mut shop = Arc::into_inner(shop).unwrap();
    shop.let_everything_arrive().await;
    reconcile(&shop, &cases).await;
    ledger::assert_nothing_moved_twice(&shop, &cases).await;

    // The clients come back with the keys that they began with, and every one gets its requested
    // effect, once.
    shop.renew_token().await;
    for case in &mut cases {
        case.finish(&shop).await;
    }
    ledger::assert_all_agree(&shop, &cases).await;
    // The last look at operations that had been given up finds nothing that changes anything.
    shop.stack.advance_clock(3600);
    shop.stack.invoke_scheduled("reconcile").await.unwrap();
    reconcile(&shop, &cases).await;
    ledger::assert_all_agree(&shop, &cases).await;
    println!("the ledgers agree after {:.1} s", started.elapsed().as_secs_f64());
    shop.close().await;
}

/// Runs the schedule, a minute apart, until nothing is in doubt. No trace of a refund counts before
/// an hour is over, so only refunds may take that long.
async fn reconcile(shop: &Shop, cases: &[Case]) {
    let mut left = in_doubt(shop, cases).await;
    for minute in 1..=2 * MINUTES_MAX {
        if left.is_empty() {
            return;
        }
        if minute == MINUTES_MAX {
            assert!(left.iter().all(|o| o.kind == Kind::Refund), "after {MINUTES_MAX} minutes: {left:#?}");
            shop.stack.advance_clock(3600);
        }
        shop.stack.advance_clock(60);
        shop.stack.invoke_scheduled("reconcile").await.unwrap();
        left = in_doubt(shop, cases).await;
        let refunds = left.iter().filter(|operation| operation.kind == Kind::Refund).count();
        println!("after {minute} runs, a minute apart: {} in doubt, {refunds} of them refunds", left.len());
    }
    panic!("still in doubt: {left:#?}");
}

/// The operations in doubt of these orders.
async fn in_doubt(shop: &Shop, cases: &[Case]) -> Vec<Operation> {
    let mut found = Vec::new();
    for case in cases {
        let order = shop.order(&case.order).await;
        found.extend(order.operations().filter(|(_, o)| o.is(Stage::Pending)).map(|(_, o)| o.clone()));
    }
    found
}

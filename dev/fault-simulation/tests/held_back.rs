//! Refunds that a rule owes, beside chargebacks: none is sent while a case of its order is open,
//! and each cent is given back, kept by right, or a person's to decide.
//!
//! With `SIMULATION=whole` it runs all 10,000 histories.

use std::{collections::BTreeMap, env};

/// Histories, and those of a sample.
const SEEDS: u64 = 10_000;
const SEEDS_OF_A_SAMPLE: u64 = 40;

/// The events without which the histories would prove nothing.
const HAPPENED: [&str; 11] = [
    "chargebacks",
    "charged back again",
    "cases won",
    "disputes back after they were seen",
    "disputes that a person has seen",
    "owed refunds done",
    "owed refunds held back before they were sent",
    "owed refunds refused and then held back",
    "owed refunds replaced by a person's",
    "owed refunds that wait again: a person's was refused",
    "owed refunds woken and sent",
];

/// Events that a sample has too few histories for.
const HAPPENED_IN_ALL: [&str; 6] = [
    "doubts that a person decided",
    "owed refunds ended by a person",
    "refunds owed: of a charge found late",
    "refunds owed: of a duplicate",
    "refunds owed: of a partial approval",
    "refunds owed: of a refused security code",
];

#[test]
fn no_order_of_chargeback_reversal_refusal_and_crash_sends_an_owed_refund_twice_or_forgets_it() {
    let is_whole = env::var("SIMULATION").is_ok_and(|asked| asked == "whole");
    let mut counts = BTreeMap::new();
    for seed in 0..if is_whole { SEEDS } else { SEEDS_OF_A_SAMPLE } {
        let run = fault_simulation::held_back(seed);
        if let Some(rule) = run.failure {
            let steps = fault_simulation::replay_held_back(seed).steps.join("\n");
            panic!(
                "{steps}\nseed {seed}: {rule}\ncargo run -p fault-simulation -- --held-back --seed {seed}"
            );
        }
        for (what, times) in run.counts {
            *counts.entry(what).or_insert(0) += times;
        }
    }
    let in_all = HAPPENED_IN_ALL.iter().filter(|_| is_whole);
    let never = |what: &&&str| counts.get(**what).copied().unwrap_or_default() == 0;
    let missing: Vec<_> = HAPPENED.iter().chain(in_all).filter(never).collect();
    assert!(missing.is_empty(), "never happened: {missing:?}");
}

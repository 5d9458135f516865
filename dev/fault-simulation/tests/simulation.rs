//! The sweep, the seeds, and that the checks notice a world that breaks its word.
//!
//! A run of all tests takes a sample of both, without optimization; with `SIMULATION=whole` it is
//! all of them: `SIMULATION=whole cargo test --profile sim -p fault-simulation`.

use std::{collections::BTreeMap, env, ops::Range};

use fault_simulation::{Broken, Sweep};

const SEEDS: Range<u64> = 0..10_000;
/// Some of them, in which everything happens still.
const SEEDS_OF_A_SAMPLE: Range<u64> = 50..250;

/// The part of the sweep's parts that a sample has: it meets every fault.
const PART: u64 = 1;
const PARTS: u64 = 48;

/// Whether everything is asked for in place of a sample.
fn whole() -> bool {
    env::var("SIMULATION").is_ok_and(|asked| asked == "whole")
}

/// How many seeds may pass until a broken fake is noticed. All are noticed much sooner.
const NOTICED_WITHIN: u64 = 300;

/// The events that have to happen besides faults: around the processes, to scheduled captures, and
/// between two versions.
const BESIDES: [&str; 26] = [
    "actions in the portal",
    "clock jumped forward",
    "clock set back",
    "gateway away",
    "given up while frozen",
    "journal entries",
    "requests delivered twice and approved twice",
    "requests done after the last inquiry",
    "requests done after they may be given up",
    "authorizations lapsed",
    "captured by the schedule",
    "captures by the schedule declined",
    "captures by the schedule in doubt",
    "captures by the schedule overtaken",
    "captures by the schedule to be tried again",
    "captures held back",
    "captures moved or cancelled",
    "captures of an order paused or resumed",
    "captures refused as after the authorization's end",
    "scheduled capture dry runs",
    "writes of what only a newer version can read",
    "payments with a fee",
    "captures with a fee",
    "refunds of all with a fee",
    "refunds of a part with a fee",
    "parts refused without a fee basis",
];

/// A sweep or a batch of seeds in which a fault never happened would prove nothing about it.
fn all_happened(counts: &BTreeMap<&'static str, u64>, besides: &[&'static str]) {
    let never = |what: &&str| counts.get(what).copied().unwrap_or_default() == 0;
    let missing: Vec<_> = fault_simulation::faults().chain(besides.iter().copied()).filter(never).collect();
    assert!(missing.is_empty(), "never happened: {missing:?}");
}

#[test]
fn any_one_fault_at_any_effect_neither_moves_money_twice_nor_loses_it() {
    let (part, parts) = if whole() { (0, 1) } else { (PART, PARTS) };
    let Sweep { runs, counts, failures, steps, .. } = fault_simulation::sweep(part, parts);
    if let Some(first) = failures.first() {
        let more = failures.len() - 1;
        panic!("{}\n{first}\nand {more} more: cargo run -p fault-simulation -- --sweep", steps.join("\n"));
    }
    assert!(runs > if whole() { 10_000 } else { 300 }, "{runs}");
    all_happened(&counts, &[]);
}

#[test]
fn no_interleaving_of_clients_faults_and_crashes_moves_money_twice_or_loses_it() {
    let seeds = if whole() { SEEDS } else { SEEDS_OF_A_SAMPLE };
    let counts = fault_simulation::on_all_cores(seeds, fault_simulation::seed);
    let counts = counts.unwrap_or_else(|(seed, rule)| {
        let steps = fault_simulation::replay(seed).steps.join("\n");
        panic!("{steps}\nseed {seed}: {rule}\ncargo run -p fault-simulation -- --seed {seed}");
    });
    all_happened(&counts, &BESIDES);
}

#[test]
fn a_world_that_breaks_its_word_is_noticed() {
    for (broken, expected) in [
        (Broken::GatewayExecutesTwice, "carried out twice"),
        (Broken::StoreWithoutCondition, ""),
        (Broken::InquiryFindsNothing, "the gateway did"),
        (Broken::IndexEmpty, "still pending"),
        (Broken::CaptureIndexEmpty, "left due"),
    ] {
        let mut found =
            (0..NOTICED_WITHIN).filter_map(|seed| fault_simulation::seed_over(broken, seed).failure);
        let rule = found.find(|rule| rule.contains(expected));
        assert!(rule.is_some(), "{broken:?} was not noticed");
    }
}

#[test]
fn a_replayed_seed_tells_the_same_story_step_by_step() {
    let (first, second) = (fault_simulation::replay(7), fault_simulation::replay(7));
    assert!(first.steps.len() > 10);
    assert_eq!(first.steps, second.steps);
    assert_eq!(first.hash, second.hash);
}

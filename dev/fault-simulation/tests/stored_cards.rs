//! Seeds of stored cards.

use std::collections::BTreeMap;

/// Seeds of the test: what happens to them is seen to happen below. `--stored-cards` runs more.
const SEEDS: u64 = 400;

/// What has to happen, so that the seeds prove something about it.
const HAPPENED: [&str; 27] = [
    "answer lost",
    "cards declined",
    "cards deleted",
    "cards told as stored",
    "code for a duplicate",
    "conflict",
    "crash after the effect",
    "crash before the effect",
    "crash while the request travels",
    "defaults chosen",
    "deletions at the gateway",
    "error, nothing done",
    "error, write arrives later",
    "error, write done",
    "gateway refuses credentials",
    "gateway says try again",
    "gateway unreachable",
    "intermediary's status",
    "lists of cards",
    "own write taken for a conflict",
    "payments by a deleted card declined",
    "payments by a stored card",
    "process frozen",
    "processor timed out",
    "request late",
    "response altered",
    "response late",
];

#[test]
fn no_interleaving_stores_a_card_twice_loses_one_or_lets_a_deleted_one_pay() {
    let (mut counts, mut broken) = (BTreeMap::<&str, u64>::new(), Vec::new());
    for seed in 0..SEEDS {
        let run = fault_simulation::stored_cards(seed);
        broken.extend(run.failure.map(|rule| (seed, rule)));
        for (what, times) in run.counts {
            *counts.entry(what).or_default() += times;
        }
    }
    if let Some((seed, rule)) = broken.first() {
        let steps = fault_simulation::replay_stored_cards(*seed).steps.join("\n");
        let replay = format!("cargo run -p fault-simulation -- --stored-cards --seed {seed}");
        panic!("{steps}\nseed {seed}: {rule}\nof {broken:#?}\n{replay}");
    }
    let never = |what: &&str| counts.get(what).copied().unwrap_or_default() == 0;
    let missing: Vec<_> = HAPPENED.into_iter().filter(never).collect();
    assert!(missing.is_empty(), "never happened: {missing:?}");
}

//! Seeds of stored cards.

/// Seeds of the test: the events below are seen to happen in them. `--stored-cards` runs more.
const SEEDS: u64 = 400;

/// The events that have to happen, so that the seeds prove something about them.
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
    let counts = fault_simulation::on_all_cores(0..SEEDS, fault_simulation::stored_cards);
    let counts = counts.unwrap_or_else(|(seed, rule)| {
        let steps = fault_simulation::replay_stored_cards(seed).steps.join("\n");
        let replay = format!("cargo run -p fault-simulation -- --stored-cards --seed {seed}");
        panic!("{steps}\nseed {seed}: {rule}\n{replay}");
    });
    let never = |what: &&str| counts.get(what).copied().unwrap_or_default() == 0;
    let missing: Vec<_> = HAPPENED.into_iter().filter(never).collect();
    assert!(missing.is_empty(), "never happened: {missing:?}");
}

//! Days of traffic, and the gateway's batches and deposits about them.
//!
//! A run of all tests takes a sample; with `SIMULATION=whole` it is more histories, and a run dies
//! at every write.

use std::{env, ops::Range};

/// Histories of the test, and of a sample: some of each week that histories begin in.
const SEEDS: u64 = 400;
const SEEDS_OF_A_SAMPLE: u64 = 4;

/// The events that have to happen, so that the histories prove something about them.
const HAPPENED: [&str; 6] = [
    "corrections",
    "deposits",
    "deviations",
    "records of reports",
    "settlement runs",
    "settlement runs that died",
];

#[test]
fn what_arrives_fits_to_the_cent_and_each_deviation_is_its_own_exception_whatever_runs_die_of() {
    let whole = env::var("SIMULATION").is_ok_and(|asked| asked == "whole");
    let seeds = if whole { SEEDS } else { SEEDS_OF_A_SAMPLE };
    let counts = fault_simulation::on_all_cores(0..seeds, |seed| fault_simulation::settled(seed, whole))
        .unwrap_or_else(|(seed, rule)| {
            panic!("seed {seed}: {rule}\ncargo run -p fault-simulation -- --settled --seed {seed}")
        });
    let never: Vec<_> = HAPPENED.iter().filter(|what| !counts.contains_key(*what)).collect();
    assert!(never.is_empty(), "never happened: {never:?}");
}

/// Histories of the test with chargebacks, and of a sample.
const DISPUTED_SEEDS: u64 = 10_000;
const DISPUTED_SEEDS_OF_A_SAMPLE: u64 = 6;

/// The events that have to happen in these.
const DISPUTED: [&str; 10] = [
    "chargebacks",
    "corrected lines",
    "lines moved",
    "lines taken back",
    "payments with many chargebacks",
    "reversals",
    "second chargebacks",
    "second reports",
    "settlement runs",
    "vague reports",
];

#[test]
fn what_banks_took_back_is_on_record_once_to_the_cent_or_somebody_is_told() {
    let whole = env::var("SIMULATION").is_ok_and(|asked| asked == "whole");
    let seeds = if whole { DISPUTED_SEEDS } else { DISPUTED_SEEDS_OF_A_SAMPLE };
    let counts = fault_simulation::on_all_cores(0..seeds, fault_simulation::disputed).unwrap_or_else(
        |(seed, rule)| {
            panic!("seed {seed}: {rule}\ncargo run -p fault-simulation -- --disputed --seed {seed}")
        },
    );
    let never: Vec<_> = DISPUTED.iter().filter(|what| !counts.contains_key(*what)).collect();
    assert!(never.is_empty(), "never happened: {never:?}");
}

/// Histories of the test of months, in every run of it: the fewest in which all of these happen.
const MONTH_SEEDS: Range<u64> = 8..12;

/// The events that have to happen in these: causes and figures that a row can have.
const IN_MONTHS: &str = "amount_differs arrived_after arrived_before at_gateway chargebacks \
    deposits_differ exception fees funded_twice in_deposit lines_after lines_before lines_not_ours \
    months not_approved not_funded not_ours not_settled on_the_way refunded_elsewhere refused \
    rejected returned settled settled_twice voided";

#[test]
fn each_figure_of_a_month_is_the_sum_of_its_rows_and_that_of_the_ledger() {
    let counts = fault_simulation::on_all_cores(MONTH_SEEDS, fault_simulation::month)
        .unwrap_or_else(|(seed, rule)| panic!("seed {seed}: {rule}"));
    let never: Vec<_> = IN_MONTHS.split_whitespace().filter(|what| !counts.contains_key(what)).collect();
    assert!(never.is_empty(), "never happened: {never:?}");
}

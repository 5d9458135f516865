//! The proof by simulation: money moves at most once, and nothing is lost.
//!
//! Tollgate itself runs here, from both faces to the ports, as do their clients. What is not Tollgate is a
//! twin whose every step comes from a seed: store, gateway, merchants, clock, and the process, which may die before
//! and after each effect. Time stands still until everybody waits, so a minute takes no time and a seed always
//! tells the same story. After each effect the rules are checked; in the end the gateway's ledger is compared with ours.

mod card;
mod check;
mod client;
mod fault;
mod gateway;
mod ledger;
mod merchants;
mod rng;
mod run;
mod shelf;
mod shoppers;
mod sweep;
mod table;
mod trace;
mod versions;
mod world;

use std::collections::BTreeMap;

pub use ledger::Totals;
pub use sweep::{Sweep, sweep};
pub use table::{Table, settlement_table, timeout_cards};

/// A twin that breaks its word, to see that the checks notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// The gateway carries out everything twice.
    GatewayExecutesTwice,
    /// The store takes every write, whatever version it was made from.
    StoreWithoutCondition,
    /// The gateway, when asked, has no trace of anything.
    InquiryFindsNothing,
    /// The index of what is in doubt shows nothing.
    IndexEmpty,
    /// The index of captures that are due shows nothing.
    CaptureIndexEmpty,
}

/// What one simulation came to.
#[derive(Debug, Default)]
pub struct Run {
    /// Of every step: the same seed gives the same hash.
    pub hash: u64,
    /// The first rule that was broken.
    pub failure: Option<String>,
    /// Every step, if they were asked for.
    pub steps: Vec<String>,
    /// Port calls.
    pub calls: usize,
    /// How often what happened.
    pub counts: BTreeMap<&'static str, u64>,
}

/// Every fault's name in [`Run::counts`].
pub fn faults() -> impl Iterator<Item = &'static str> {
    fault::Fault::ALL.into_iter().map(fault::Fault::name)
}

/// Runs one seed and keeps its steps.
pub fn replay(seed: u64) -> Run {
    shoppers::seed(seed, true, None)
}

/// Runs one seed twice. A run that differs from the first has broken a rule, too: such a seed could not be replayed.
pub fn seed(seed: u64) -> Run {
    let mut first = shoppers::seed(seed, false, None);
    if first.failure.is_none() && shoppers::seed(seed, false, None).hash != first.hash {
        first.failure = Some("two runs of the same seed differ".to_owned());
    }
    first
}

/// Runs one seed once.
pub fn seed_once(seed: u64) -> Run {
    shoppers::seed(seed, false, None)
}

/// Runs one seed once over a twin that breaks its word.
pub fn seed_over(broken: Broken, seed: u64) -> Run {
    shoppers::seed(seed, false, Some(broken))
}

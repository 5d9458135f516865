//! The proof by simulation: money moves at most once, and nothing is lost.
//!
//! Tollgate itself runs here, from both APIs to the ports and to its gateway client, as do its
//! clients. The gateway is the simulator's, in process. Every step of the rest follows from a seed:
//! store, merchants, clock, the lines to the gateway, and the process, which may die before and
//! after each effect, or freeze and go on. Time passes only when every task waits, so an hour takes
//! no time and a seed always takes the same course. After each effect the rules are checked; in the
//! end the gateway's ledger is compared with ours.

mod ask;
mod banks;
mod broken;
mod card;
mod cases;
mod check;
mod client;
mod customers;
mod fake_store;
mod fault;
mod gateway;
mod held_back;
mod journal;
mod ledger;
mod merchants;
mod ports;
mod rng;
mod run;
mod settled;
mod shoppers;
mod stored_cards;
mod surcharging;
mod sweep;
mod table;
mod trace;
mod versions;
mod world;

use std::{collections::BTreeMap, ops::Range};

use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};

pub use broken::Broken;
pub use ledger::Totals;
pub use run::Run;
pub use sweep::{Sweep, sweep, sweep_only};
pub use table::{Backlog, Table, backlogs, late_requests, settlement_table, timeout_cards};

/// Every fault's name in [`Run::counts`].
pub fn faults() -> impl Iterator<Item = &'static str> {
    fault::Fault::ALL.into_iter().map(fault::Fault::name)
}

/// Runs one seed and keeps its steps.
pub fn replay(seed: u64) -> Run {
    shoppers::seed(seed, true, None)
}

/// Which seeds are run twice.
const TWICE_EVERY: u64 = 4;

/// Runs one seed, and every fourth twice. A run that differs from the first has broken a rule, too:
/// such a seed could not be replayed.
pub fn seed(seed: u64) -> Run {
    let mut first = shoppers::seed(seed, false, None);
    let twice = seed.is_multiple_of(TWICE_EVERY) && first.failure.is_none();
    if twice && shoppers::seed(seed, false, None).hash != first.hash {
        first.failure = Some("two runs of the same seed differ".to_owned());
    }
    first
}

/// How often each event happened.
pub type Counts = BTreeMap<&'static str, u64>;

/// Runs these seeds on all cores, until one breaks a rule: that one and its rule.
pub fn on_all_cores(
    seeds: Range<u64>,
    run: impl Fn(u64) -> Run + Sync + Send,
) -> Result<Counts, (u64, String)> {
    let counts_of = |seed| {
        let run = run(seed);
        match run.failure {
            Some(rule) => Err((seed, rule)),
            None => Ok(run.counts),
        }
    };
    seeds.into_par_iter().map(counts_of).try_reduce(Counts::new, |mut all, counts| {
        for (what, times) in counts {
            *all.entry(what).or_default() += times;
        }
        Ok(all)
    })
}

/// Runs one seed once.
pub fn seed_once(seed: u64) -> Run {
    shoppers::seed(seed, false, None)
}

/// Runs one seed of stored cards, and every fourth twice.
pub fn stored_cards(seed: u64) -> Run {
    let mut first = stored_cards::seed(seed, false);
    let twice = seed.is_multiple_of(TWICE_EVERY) && first.failure.is_none();
    if twice && stored_cards::seed(seed, false).hash != first.hash {
        first.failure = Some("two runs of the same seed differ".to_owned());
    }
    first
}

/// Runs one seed of stored cards and keeps its steps.
pub fn replay_stored_cards(seed: u64) -> Run {
    stored_cards::seed(seed, true)
}

/// Runs one history of refunds that a rule owes beside chargebacks, and every fourth twice.
pub fn held_back(seed: u64) -> Run {
    let mut first = held_back::seed(seed, false);
    let twice = seed.is_multiple_of(TWICE_EVERY) && first.failure.is_none();
    if twice && held_back::seed(seed, false).hash != first.hash {
        first.failure = Some("two runs of the same seed differ".to_owned());
    }
    first
}

/// Runs one history of refunds that a rule owes once.
pub fn held_back_once(seed: u64) -> Run {
    held_back::seed(seed, false)
}

/// Runs one history of refunds that a rule owes and keeps its steps.
pub fn replay_held_back(seed: u64) -> Run {
    held_back::seed(seed, true)
}

/// Runs one history of money that arrives, or does not. With `whole`, a run of the settlement dies
/// at every write.
pub fn settled(seed: u64, whole: bool) -> Run {
    settled::seed(seed, whole, false)
}

/// Runs one history of money that banks take back.
pub fn disputed(seed: u64) -> Run {
    settled::disputed_seed(seed, false)
}

/// Runs one history whose months are reported.
pub fn month(seed: u64) -> Run {
    settled::month_seed(seed)
}

/// Runs one history of money that banks take back and keeps its steps.
pub fn replay_disputed(seed: u64) -> Run {
    settled::disputed_seed(seed, true)
}

/// Runs one history of money that arrives and keeps its steps.
pub fn replay_settled(seed: u64) -> Run {
    settled::seed(seed, true, true)
}

/// Runs one seed once over a fake that breaks its contract.
pub fn seed_over(broken: Broken, seed: u64) -> Run {
    shoppers::seed(seed, false, Some(broken))
}

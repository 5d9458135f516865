//! Everything that the simulator remembers.

use std::collections::HashMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::alterations::Alterations;
use crate::cards::Vault;
use crate::codes::{Processor, Verdict};
use crate::config::{Config, Merchant};
use crate::faults::Faults;
use crate::ledger::Ledger;
use crate::noise::Noise;
use crate::profile::Profiles;
use crate::rate_limit::RateLimit;
use crate::record::Origin;

/// A call at the edge: when it came, from where, and which response a fault has chosen for it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call {
    pub(crate) now: Timestamp,
    pub(crate) origin: Origin,
    pub(crate) imposed: Option<Imposed>,
}

/// A response that a fault has chosen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Imposed {
    pub(crate) verdict: Verdict,
    /// Whether the request is carried out all the same. `None`: as the merchant account's settings say.
    pub(crate) done: Option<bool>,
}

impl Call {
    /// The imposed response to a call that changes nothing.
    pub(crate) fn refusal(&self, done_by_setting: bool) -> Option<Verdict> {
        self.imposed.filter(|imposed| !imposed.done.unwrap_or(done_by_setting)).map(|imposed| imposed.verdict)
    }

    /// The imposed response to a call that is carried out all the same. Use it after [`Self::refusal`].
    pub(crate) fn disguise(&self) -> Option<Verdict> {
        self.imposed.map(|imposed| imposed.verdict)
    }
}

/// Where the time comes from.
pub(crate) type Clock = Box<dyn Fn() -> Timestamp + Send + Sync>;

/// The state behind all endpoints.
pub(crate) struct World {
    clock: Clock,
    /// How late the response is after a processor's timeout.
    pub(crate) timeout_delay: Duration,
    pub(crate) limits_rate: bool,
    pub(crate) merchants: Vec<Merchant>,
    pub(crate) ledger: Ledger,
    pub(crate) profiles: Profiles,
    pub(crate) vault: Vault,
    pub(crate) faults: Faults,
    pub(crate) alterations: Alterations,
    pub(crate) noise: Noise,
    pub(crate) rate_limit: RateLimit,
    clock_offset_s: i64,
    codes: StdRng,
    references_given: u64,
    first_reference: u64,
    /// What `reset` goes back to.
    merchants_at_start: Vec<Merchant>,
}

/// Coprime with 10^9, so that references do not repeat before all of them are used, and do not look like a
/// count.
const REFERENCE_STEP: u64 = 387_420_489;
const REFERENCES: u64 = 1_000_000_000;

impl World {
    pub(crate) fn new(config: Config, clock: Clock) -> Self {
        let mut codes = StdRng::seed_from_u64(config.seed);
        let first_reference = codes.random_range(0..REFERENCES);
        let mut world = Self {
            clock,
            timeout_delay: Duration::from_millis(config.timeout_card_delay_ms),
            limits_rate: config.rate_limit,
            merchants: config.merchants.clone(),
            ledger: Ledger::default(),
            profiles: Profiles::default(),
            vault: Vault::new(),
            faults: Faults::default(),
            alterations: Alterations::default(),
            noise: Noise::new(config.seed, config.quiet_json),
            rate_limit: RateLimit::default(),
            clock_offset_s: 0,
            codes,
            references_given: 0,
            first_reference,
            merchants_at_start: config.merchants,
        };
        world.profiles = Profiles::at_start(&mut world.vault);
        world
    }

    /// Forgets what happened: ledger, profiles, faults, clock, settings. References go on, so that one from
    /// before never means something else; tokens stay valid.
    pub(crate) fn reset(&mut self) {
        self.ledger = Ledger::default();
        self.profiles = Profiles::at_start(&mut self.vault);
        self.faults.clear();
        self.alterations.clear();
        self.rate_limit = RateLimit::default();
        self.clock_offset_s = 0;
        self.merchants = self.merchants_at_start.clone();
    }

    /// The clock's time plus what was added to it.
    pub(crate) fn now(&self) -> Timestamp {
        let now = (self.clock)();
        now.checked_add(SignedDuration::from_secs(self.clock_offset_s)).unwrap_or(now)
    }

    /// Moves the clock; `false` when the time would be out of range.
    pub(crate) fn advance_clock(&mut self, seconds: i64) -> bool {
        let Some(offset_s) = self.clock_offset_s.checked_add(seconds) else { return false };
        let in_range = (self.clock)().checked_add(SignedDuration::from_secs(offset_s)).is_ok();
        if in_range {
            self.clock_offset_s = offset_s;
        }
        in_range
    }

    pub(crate) fn merchant(&self, merchid: &str) -> Option<&Merchant> {
        self.merchants.iter().find(|merchant| merchant.merchid == merchid)
    }

    /// Whether any merchant account has these credentials.
    pub(crate) fn knows(&self, username: &str, password: &str) -> bool {
        self.merchants.iter().any(|merchant| merchant.username == username && merchant.password == password)
    }

    /// A new reference: day of the year, then nine digits.
    pub(crate) fn next_retref(&mut self, now: Timestamp) -> String {
        let number = (self.first_reference + self.references_given * REFERENCE_STEP) % REFERENCES;
        self.references_given = (self.references_given + 1) % REFERENCES;
        format!("{}{number:09}", now.strftime("%j"))
    }

    /// A test system's authorization code: "PPS" and three digits.
    pub(crate) fn next_authcode(&mut self) -> String {
        format!("PPS{:03}", self.codes.random_range(0..1000))
    }

    /// Twenty digits, the first no zero.
    pub(crate) fn next_profileid(&mut self) -> String {
        let digits = |codes: &mut StdRng| codes.random_range(1_000_000_000_u64..10_000_000_000);
        format!("{}{}", digits(&mut self.codes), digits(&mut self.codes))
    }

    /// The id of a merchant account's open batch.
    pub(crate) fn open_batch(&self, merchant: &Merchant) -> String {
        let closed = self.ledger.closed_batches(&merchant.merchid);
        let first = match merchant.processor {
            Processor::Fnor => 1_900_941_444,
            Processor::Rpct => 270,
        };
        (first + closed).to_string()
    }

    /// The merchant accounts that share a user name, by number.
    pub(crate) fn site<'a>(&'a self, username: &str) -> HashMap<&'a str, &'a Merchant> {
        let of_site = self.merchants.iter().filter(|merchant| merchant.username == username);
        of_site.map(|merchant| (merchant.merchid.as_str(), merchant)).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn references_have_twelve_digits_begin_with_the_day_and_do_not_repeat() {
        let mut world = World::new(Config::default(), Box::new(Timestamp::now));
        let now: Timestamp = "2030-02-03T10:00:00Z".parse().unwrap();
        let references: HashSet<String> = (0..10_000).map(|_| world.next_retref(now)).collect();
        assert_eq!(references.len(), 10_000);
        assert!(references.iter().all(|retref| retref.len() == 12 && retref.starts_with("034")));
    }

    #[test]
    fn a_reset_does_not_give_a_reference_twice() {
        let mut world = World::new(Config::default(), Box::new(Timestamp::now));
        let now = world.now();
        let before = world.next_retref(now);
        world.reset();
        assert_ne!(world.next_retref(now), before);
    }

    #[test]
    fn the_clock_cannot_be_pushed_out_of_range() {
        let mut world = World::new(Config::default(), Box::new(Timestamp::now));
        assert!(world.advance_clock(3600));
        assert!(!world.advance_clock(i64::MAX));
        assert_eq!(world.clock_offset_s, 3600);
    }
}

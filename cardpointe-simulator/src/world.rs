//! Everything that the simulator remembers.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::Value;

use crate::{
    accounts::Profiles,
    alterations::{Alterations, Replies},
    bank::Bank,
    cards::Vault,
    codes::Processor,
    config::{Config, Merchant},
    declines::Declines,
    faults::Faults,
    late::Late,
    ledger::Ledger,
    manual_batches::ManualBatches,
    noise::Noise,
    rate_limit::RateLimit,
    request_log::RequestLog,
};

mod store;

pub use store::StoreError;
use store::{Counters, Store};

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
    pub(crate) declines: Declines,
    /// Requests that are still on their way.
    pub(crate) late: Late,
    pub(crate) alterations: Alterations,
    /// The records that alterations show again.
    pub(crate) replies: Replies,
    pub(crate) noise: Noise,
    pub(crate) rate_limit: RateLimit,
    /// Merchant account and batch: the transactions that `settlestat` has returned to requests for
    /// new ones.
    pub(crate) reported_batches: BTreeSet<(String, String)>,
    pub(crate) bank: Bank,
    /// The batches that clients opened.
    pub(crate) manual_batches: ManualBatches,
    /// The reference and the profile id that the next new record gets, in place of ones that are
    /// made up.
    pub(crate) preset_retref: Option<String>,
    pub(crate) preset_profileid: Option<String>,
    /// The last requests, where a page shows them.
    pub(crate) requests: RequestLog,
    /// The writer of the state to disk, if there is one.
    store: Option<Store>,
    clock_offset_s: i64,
    seed: u64,
    codes: StdRng,
    references_given: u64,
    first_reference: u64,
    /// How often the state was taken up from disk.
    starts: u64,
    /// The state that `reset` goes back to.
    merchants_at_start: Vec<Merchant>,
}

/// Coprime with 10^9, so that references do not repeat before all of them are used, and do not look
/// like a count.
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
            declines: Declines::default(),
            late: Late::default(),
            alterations: Alterations::default(),
            replies: Replies::default(),
            noise: Noise::new(config.seed, config.quiet_json),
            rate_limit: RateLimit::default(),
            reported_batches: BTreeSet::new(),
            bank: Bank::default(),
            manual_batches: ManualBatches::default(),
            preset_retref: None,
            preset_profileid: None,
            requests: RequestLog::default(),
            store: None,
            clock_offset_s: 0,
            seed: config.seed,
            codes,
            references_given: 0,
            first_reference,
            starts: 0,
            merchants_at_start: config.merchants,
        };
        world.profiles = Profiles::at_start(&mut world.vault);
        world
    }

    /// Forgets the past: ledger, profiles, faults, clock, settings. References go on, so that one
    /// from before never means something else; tokens stay valid.
    pub(crate) fn reset(&mut self) {
        self.ledger = Ledger::default();
        self.profiles = Profiles::at_start(&mut self.vault);
        self.faults.clear();
        self.declines.clear();
        self.late.clear();
        self.alterations.clear();
        self.replies.clear();
        self.rate_limit = RateLimit::default();
        self.reported_batches.clear();
        self.bank = Bank::default();
        self.manual_batches = ManualBatches::default();
        self.requests.clear();
        self.clock_offset_s = 0;
        self.merchants = self.merchants_at_start.clone();
        if let Some(mut store) = self.store.take() {
            self.ledger.note_changes();
            let written = store.rewrite(self);
            store.report(written);
            self.store = Some(store);
        }
    }

    /// Takes up the state in a file, and keeps it there from now on.
    pub(crate) fn keep_in(&mut self, path: &Path) -> Result<(), StoreError> {
        let mut store = Store::open(path, self)?;
        self.ledger.note_changes();
        self.starts += 1;
        // Another stream than before, which would give the same codes again.
        self.codes = StdRng::seed_from_u64(self.seed ^ self.starts.rotate_left(32));
        store.rewrite(self).map_err(|error| StoreError::Io(path.to_owned(), error))?;
        self.store = Some(store);
        Ok(())
    }

    /// Writes the changes, where the state is kept.
    pub(crate) fn save(&mut self) {
        if let Some(mut store) = self.store.take() {
            store.append(self);
            self.store = Some(store);
        }
    }

    /// The state beside records, profiles and cards.
    fn counters(&self) -> Counters {
        let is_changed = |merchant: &&Merchant| {
            let at_start = self.merchants_at_start.iter().find(|first| first.merchid == merchant.merchid);
            at_start.is_none_or(|first| first.settings != merchant.settings)
        };
        let changed = self.merchants.iter().filter(is_changed);
        Counters {
            first_reference: self.first_reference,
            references_given: self.references_given,
            starts: self.starts,
            unique_tokens: self.vault.unique_tokens,
            closed_batches: self.ledger.closed().clone(),
            reported_batches: self.reported_batches.clone(),
            bank: self.bank.clone(),
            manual_batches: self.manual_batches.clone(),
            settings: changed
                .map(|merchant| (merchant.merchid.clone(), merchant.settings.to_json()))
                .collect(),
        }
    }

    /// Goes on from there. Settings of accounts that are not there any more are left out.
    fn restore_counters(&mut self, counters: Counters) {
        self.first_reference = counters.first_reference;
        self.references_given = counters.references_given;
        self.starts = counters.starts;
        self.vault.unique_tokens = counters.unique_tokens;
        self.ledger.restore_closed(counters.closed_batches);
        self.reported_batches = counters.reported_batches;
        self.bank = counters.bank;
        self.manual_batches = counters.manual_batches;
        for merchant in &mut self.merchants {
            let at_start = self.merchants_at_start.iter().find(|first| first.merchid == merchant.merchid);
            let mut settings = at_start.map_or(merchant.settings, |first| first.settings);
            let kept = counters.settings.get(&merchant.merchid).and_then(Value::as_object);
            if kept.is_none_or(|kept| settings.apply(kept).is_ok()) {
                merchant.settings = settings;
            }
        }
    }

    /// The clock's time plus the time that was added.
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

    /// Sets the clock, which goes on from there; `false` when the time is too far from the clock's
    /// own.
    pub(crate) fn set_clock(&mut self, to: Timestamp) -> bool {
        let seconds = to.as_second().checked_sub(self.now().as_second());
        seconds.is_some_and(|seconds| self.advance_clock(seconds))
    }

    /// The merchant account with this number, or the one that it is linked to.
    pub(crate) fn merchant(&self, merchid: &str) -> Option<&Merchant> {
        let is_linked = |merchant: &&Merchant| {
            let settings = merchant.settings;
            [settings.linked_merchid, settings.echeck_merchid]
                .iter()
                .any(|linked| linked.text() == Some(merchid))
        };
        let own = self.merchants.iter().find(|merchant| merchant.merchid == merchid);
        own.or_else(|| self.merchants.iter().find(is_linked))
    }

    /// A new reference: day of the year, then nine digits.
    pub(crate) fn next_retref(&mut self, now: Timestamp) -> String {
        if let Some(preset) = self.preset_retref.take() {
            return preset;
        }
        let number = (self.first_reference + self.references_given * REFERENCE_STEP) % REFERENCES;
        self.references_given = (self.references_given + 1) % REFERENCES;
        format!("{}{number:09}", now.strftime("%j"))
    }

    /// A test system's authorization code: "PPS" and three digits.
    pub(crate) fn next_authcode(&mut self) -> String {
        format!("PPS{:03}", self.codes.random_range(0..1000))
    }

    /// The code of an accepted payment from a checking account: six letters and digits.
    pub(crate) fn next_bank_authcode(&mut self) -> String {
        const ALPHABET: &[u8; 36] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
        (0..6).map(|_| char::from(ALPHABET[self.codes.random_range(0..ALPHABET.len())])).collect()
    }

    /// Twenty digits, the first no zero.
    pub(crate) fn next_profileid(&mut self) -> String {
        if let Some(preset) = self.preset_profileid.take() {
            return preset;
        }
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

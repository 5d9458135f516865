//! Slows down callers that try out keys and cards, or read too much: counts failures and reads in
//! a window, by source or merchant, in the memory of one process. The addresses are not stored; a
//! stored count has a digest of them ([`Source::digest`]).
//!
//! A process sees a part of the traffic only, so this is no exact limit. It slows down a burst that
//! comes over one connection or from one address; API Gateway's throttling bounds the rest, and
//! every order has a limit of its own (`docs/security.md`). Holds no card data.
//!
//! A table would cost every request a write.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Mutex, MutexGuard, PoisonError},
};

use jiff::{SignedDuration, Timestamp};

use tollgate_core::order::MerchantId;

use crate::source::Source;

/// Sources that are remembered at a time; when there are more, the oldest go. Some 100 bytes each.
const SOURCES_MAX: usize = 10_000;

/// How many failures or reads slow a source down, and for how long they count.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// Those in a window.
    pub count: u32,
    /// The window, from the first one.
    pub window: SignedDuration,
}

/// Wrong keys from one address for one merchant: a person who mistypes, or a job with an old key,
/// makes fewer.
pub const WRONG_KEYS: Limit = Limit { count: 10, window: SignedDuration::from_mins(5) };

/// Merchants that one address failed to authenticate for. Each can cost a call to Secrets Manager.
pub const MERCHANTS: Limit = Limit { count: 20, window: SignedDuration::from_mins(5) };

/// Lists that one merchant reads: each can read 10 MB. Enough for some people and a nightly job.
pub const READS: Limit = Limit { count: 20, window: SignedDuration::from_secs(2) };

/// Orders of a shop that one merchant's shoppers have read: a stranger must not spend the requests
/// that the shop allows all its callers.
pub const SHOP_READS: Limit = Limit { count: 5, window: SignedDuration::from_secs(1) };

/// How often shoppers look for an order that the shop did not have.
pub const UNKNOWN_ORDERS: Limit = Limit { count: 1, window: SignedDuration::from_mins(1) };

/// Of which limit a source has to wait for the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TooMany {
    /// [`WRONG_KEYS`].
    WrongKeys,
    /// [`MERCHANTS`].
    Merchants,
}

impl TooMany {
    pub fn limit(self) -> Limit {
        match self {
            Self::WrongKeys => WRONG_KEYS,
            Self::Merchants => MERCHANTS,
        }
    }
}

/// Counts failures by source, or by source and something else.
#[derive(Debug)]
pub struct Throttle<S> {
    limit: Limit,
    sources: Mutex<HashMap<S, Failures>>,
}

#[derive(Clone, Copy, Debug)]
struct Failures {
    since: Timestamp,
    count: u32,
}

impl<S: Clone + Eq + Hash> Throttle<S> {
    /// Nothing has failed yet.
    pub fn new(limit: Limit) -> Self {
        Self { limit, sources: Mutex::default() }
    }

    /// How long a source has to wait; none while it may go on.
    pub fn wait(&self, source: &S, now: Timestamp) -> Option<SignedDuration> {
        let failures = self.sources().get(source).copied()?;
        let left = self.limit.window - now.duration_since(failures.since).max(SignedDuration::ZERO);
        (failures.count >= self.limit.count && left.is_positive()).then_some(left)
    }

    pub fn failed(&self, source: &S, now: Timestamp) {
        let window = self.limit.window;
        let mut sources = self.sources();
        if sources.len() >= SOURCES_MAX && !sources.contains_key(source) {
            forget(&mut sources, now - window);
        }
        let failures = sources.entry(source.clone()).or_insert(Failures { since: now, count: 0 });
        if now.duration_since(failures.since) >= window {
            *failures = Failures { since: now, count: 0 };
        }
        failures.count = failures.count.saturating_add(1);
    }

    /// Counts one, or says how long the source has to wait.
    pub fn take(&self, source: &S, now: Timestamp) -> Result<(), SignedDuration> {
        if let Some(wait) = self.wait(source, now) {
            return Err(wait);
        }
        self.failed(source, now);
        Ok(())
    }

    fn sources(&self) -> MutexGuard<'_, HashMap<S, Failures>> {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Forgets sources whose window is over, or else the older half.
fn forget<S>(sources: &mut HashMap<S, Failures>, before: Timestamp) {
    sources.retain(|_, failures| failures.since > before);
    if sources.len() >= SOURCES_MAX {
        let mut times: Vec<Timestamp> = sources.values().map(|failures| failures.since).collect();
        times.sort_unstable();
        let median = times[times.len() / 2];
        sources.retain(|_, failures| failures.since > median);
    }
}

/// Counts how many different things a source failed with. The same one counts once in a window.
#[derive(Debug)]
pub struct Guesses {
    different: Throttle<Source>,
    /// Source and thing, as far as they were counted.
    counted: Throttle<(Source, String)>,
}

impl Guesses {
    /// Nothing has failed yet.
    pub fn new(limit: Limit) -> Self {
        let once = Limit { count: 1, ..limit };
        Self { different: Throttle::new(limit), counted: Throttle::new(once) }
    }

    /// How long a source has to wait; none while it may go on.
    pub fn wait(&self, source: Source, now: Timestamp) -> Option<SignedDuration> {
        self.different.wait(&source, now)
    }

    /// Counts a failure with this thing.
    pub fn failed_with(&self, source: Source, what: &str, now: Timestamp) {
        let both = (source, what.to_owned());
        if self.counted.wait(&both, now).is_none() {
            self.counted.failed(&both, now);
            self.different.failed(&source, now);
        }
    }
}

/// Counts each merchant's payments, as one process sees them, to tell when somebody tries out cards
/// at a merchant. It refuses nothing: a stranger could close a shop with that.
#[derive(Debug, Default)]
pub struct Declines {
    merchants: Mutex<HashMap<MerchantId, Payments>>,
}

#[derive(Clone, Copy, Debug)]
struct Payments {
    since: Timestamp,
    approved: u32,
    declined: u32,
}

/// So many excess declines are reported: half of the alarm's threshold.
const EXCESS_FROM: u32 = 10;

/// How long payments count, from the first: as long as the alarm's period.
const PAYMENTS_COUNT_FOR: SignedDuration = SignedDuration::from_mins(5);

impl Declines {
    /// Counts an approved payment.
    pub fn approved(&self, merchant: &MerchantId, now: Timestamp) {
        self.count(merchant, now, |payments| payments.approved += 1);
    }

    /// Counts a declined payment, and returns how many there are beyond half of the approved ones;
    /// 0 below [`EXCESS_FROM`], of which nothing need be written. An honest shop, of whose payments
    /// one in three is declined at most, has none, however busy it is.
    pub fn declined(&self, merchant: &MerchantId, now: Timestamp) -> u32 {
        let payments = self.count(merchant, now, |payments| payments.declined += 1);
        let excess = payments.declined.saturating_sub(payments.approved.div_ceil(2));
        if excess < EXCESS_FROM { 0 } else { excess }
    }

    fn count(&self, merchant: &MerchantId, now: Timestamp, add: impl FnOnce(&mut Payments)) -> Payments {
        let mut merchants = self.merchants.lock().unwrap_or_else(PoisonError::into_inner);
        if merchants.len() >= SOURCES_MAX && !merchants.contains_key(merchant) {
            merchants.clear();
        }
        let new = Payments { since: now, approved: 0, declined: 0 };
        let payments = merchants.entry(merchant.clone()).or_insert(new);
        if now.duration_since(payments.since) >= PAYMENTS_COUNT_FOR {
            *payments = new;
        }
        add(payments);
        *payments
    }
}

/// The limits on callers, for all requests of a process.
#[derive(Debug)]
pub struct Abuse {
    /// Declined payments, by merchant.
    pub declines: Declines,
    /// Wrong keys, by source and merchant id.
    pub wrong_keys: Throttle<(Source, String)>,
    /// Merchants whose key or token was wrong, existing or not, by source.
    pub merchants: Guesses,
    /// Lists that were read, by merchant.
    pub reads: Throttle<MerchantId>,
}

impl Abuse {
    /// Nothing was counted yet. `reads` is [`READS`] wherever a process serves one request at a
    /// time.
    pub fn new(reads: Limit) -> Self {
        Self {
            declines: Declines::default(),
            wrong_keys: Throttle::new(WRONG_KEYS),
            merchants: Guesses::new(MERCHANTS),
            reads: Throttle::new(reads),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Limit = Limit { count: 3, window: SignedDuration::from_secs(60) };

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    #[test]
    fn a_burst_is_slowed_until_its_window_has_passed() {
        let throttle = Throttle::new(LIMIT);
        for second in 0..3 {
            assert_eq!(throttle.wait(&"a", at(second)), None);
            throttle.failed(&"a", at(second));
        }
        assert_eq!(throttle.wait(&"a", at(10)), Some(SignedDuration::from_secs(50)));
        assert_eq!(throttle.wait(&"b", at(10)), None, "somebody else");
        assert_eq!(throttle.wait(&"a", at(60)), None);
        throttle.failed(&"a", at(61));
        assert_eq!(throttle.wait(&"a", at(62)), None, "counted anew");
    }

    #[test]
    fn failures_far_apart_never_add_up() {
        let throttle = Throttle::new(LIMIT);
        for n in 0..20 {
            throttle.failed(&"a", at(n * 60));
            assert_eq!(throttle.wait(&"a", at(n * 60)), None);
        }
    }

    #[test]
    fn a_clock_that_is_set_back_does_not_lock_anybody_out_for_longer() {
        let throttle = Throttle::new(LIMIT);
        (0..3).for_each(|_| throttle.failed(&"a", at(1_000)));
        assert_eq!(throttle.wait(&"a", at(0)), Some(LIMIT.window));
    }

    #[test]
    fn the_same_guess_counts_once_and_different_ones_add_up() {
        let guesses = Guesses::new(LIMIT);
        let [a, b] = ["203.0.113.7", "203.0.113.8"].map(|text| Source::parse(text).unwrap());
        for _ in 0..10 {
            guesses.failed_with(a, "one", at(0));
        }
        guesses.failed_with(a, "two", at(0));
        assert_eq!(guesses.wait(a, at(1)), None);
        guesses.failed_with(a, "three", at(0));
        assert_eq!(guesses.wait(a, at(10)), Some(SignedDuration::from_secs(50)));
        assert_eq!((guesses.wait(b, at(10)), guesses.wait(a, at(60))), (None, None));
    }

    #[test]
    fn a_merchants_declines_count_beyond_half_of_its_approvals_for_five_minutes() {
        let (declines, one, other) = (Declines::default(), "1".parse().unwrap(), "2".parse().unwrap());
        let told = || [0; 11].map(|_| declines.declined(&one, at(0)));
        assert_eq!(told(), [0, 0, 0, 0, 0, 0, 0, 0, 0, 10, 11]);
        (0..3).for_each(|second| declines.approved(&one, at(second)));
        assert_eq!(declines.declined(&one, at(3)), 12 - 2);
        assert_eq!(declines.declined(&other, at(3)), 0);
        (0..9).for_each(|second| declines.approved(&one, at(second)));
        assert_eq!(declines.declined(&one, at(299)), 0);
        assert_eq!(told(), [0, 0, 10, 11, 12, 13, 14, 15, 16, 17, 18], "of the same five minutes");
        let anew = [0; 10].map(|_| declines.declined(&one, at(300)));
        assert_eq!(anew, [0, 0, 0, 0, 0, 0, 0, 0, 0, 10], "counted anew");
        let many = |n: usize| n.to_string().parse().unwrap();
        for n in 0..2 * SOURCES_MAX {
            declines.approved(&many(n), at(300));
            assert!(declines.merchants.lock().unwrap().len() <= SOURCES_MAX);
        }
    }

    #[test]
    fn a_window_ends_as_long_after_its_first_failure_as_it_is() {
        let throttle = Throttle::new(LIMIT);
        for second in [0, 60, 61, 61] {
            throttle.failed(&"a", at(second));
        }
        assert_eq!(throttle.wait(&"a", at(62)), Some(SignedDuration::from_secs(58)));
    }

    /// Counts a failure of each of so many sources.
    fn fail(throttle: &Throttle<String>, name: &str, sources: usize, at: impl Fn(usize) -> Timestamp) {
        for n in 0..sources {
            throttle.failed(&format!("{name}{n}"), at(n));
            assert!(throttle.sources().len() <= SOURCES_MAX);
        }
    }

    #[test]
    fn the_older_half_is_forgotten_when_there_are_too_many() {
        let throttle = Throttle::new(Limit { window: SignedDuration::from_hours(24), ..LIMIT });
        fail(&throttle, "a", SOURCES_MAX, |n| at(i64::try_from(n).unwrap()));
        assert_eq!(throttle.sources().len(), SOURCES_MAX);
        fail(&throttle, "b", 1, |_| at(20_000));
        assert_eq!(throttle.sources().len(), SOURCES_MAX / 2);
        let newest = format!("a{}", SOURCES_MAX - 1);
        assert!(throttle.sources().contains_key(&newest));
    }

    #[test]
    fn what_no_longer_counts_is_forgotten_before_what_does() {
        let throttle = Throttle::new(LIMIT);
        fail(&throttle, "old", SOURCES_MAX * 2 / 5, |_| at(0));
        fail(&throttle, "new", SOURCES_MAX * 3 / 5, |_| at(30));
        fail(&throttle, "newest", 1, |_| at(60));
        assert_eq!(throttle.sources().len(), SOURCES_MAX * 3 / 5 + 1);
        assert!(!throttle.sources().contains_key("old0"));
    }

    #[test]
    fn memory_is_bounded_whatever_the_number_of_sources() {
        let throttle = Throttle::new(LIMIT);
        for n in 0..3 * SOURCES_MAX {
            let second = i64::try_from(n).unwrap() / 1_000;
            throttle.failed(&n, at(second));
        }
        assert!(throttle.sources().len() <= SOURCES_MAX);
        (0..3).for_each(|_| throttle.failed(&usize::MAX, at(31)));
        assert!(throttle.wait(&usize::MAX, at(31)).is_some(), "the newest are not forgotten");
    }
}

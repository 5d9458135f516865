//! Slows down who tries out keys and cards: counts of failures in a window, by source, in the memory of one process.
//!
//! A process sees a part of the traffic only, so this is no exact limit. It takes the speed out of a burst that comes
//! over one connection or from one address; API Gateway's throttling bounds the rest, and every order has a limit of
//! its own (`docs/security.md`). Holds no card data.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use jiff::{SignedDuration, Timestamp};

/// Sources that are remembered at a time; when there are more, the oldest go. Some 100 bytes each.
const SOURCES_MAX: usize = 10_000;

/// How many failures slow a source down, and for how long they count.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// Failures in a window.
    pub failures: u32,
    /// The window, from the first of them.
    pub window: SignedDuration,
}

/// Wrong keys from one address for one merchant: a person who mistypes, or a job with an old key, makes fewer.
pub const WRONG_KEYS: Limit = Limit { failures: 10, window: SignedDuration::from_mins(5) };

/// Merchants that one address failed to authenticate for. Each of them can cost a call to Secrets Manager.
pub const MERCHANTS: Limit = Limit { failures: 20, window: SignedDuration::from_mins(5) };

/// Counts failures by source.
#[derive(Debug)]
pub struct Throttle {
    limit: Limit,
    sources: Mutex<HashMap<String, Failures>>,
}

#[derive(Clone, Copy, Debug)]
struct Failures {
    since: Timestamp,
    count: u32,
}

impl Throttle {
    /// Nothing has failed yet.
    pub fn new(limit: Limit) -> Self {
        Self { limit, sources: Mutex::default() }
    }

    /// How long a source has to wait; none while it may go on.
    pub fn wait(&self, source: &str, now: Timestamp) -> Option<SignedDuration> {
        let failures = self.sources().get(source).copied().filter(|_| !source.is_empty())?;
        let left = self.limit.window - now.duration_since(failures.since).max(SignedDuration::ZERO);
        (failures.count >= self.limit.failures && left.is_positive()).then_some(left)
    }

    /// Counts a failure. A source that is not named has no count.
    pub fn failed(&self, source: &str, now: Timestamp) {
        if source.is_empty() {
            return;
        }
        let window = self.limit.window;
        let mut sources = self.sources();
        if sources.len() >= SOURCES_MAX && !sources.contains_key(source) {
            forget(&mut sources, now - window);
        }
        let failures = sources.entry(source.to_owned()).or_insert(Failures { since: now, count: 0 });
        if now.duration_since(failures.since) >= window {
            *failures = Failures { since: now, count: 0 };
        }
        failures.count = failures.count.saturating_add(1);
    }

    fn sources(&self) -> MutexGuard<'_, HashMap<String, Failures>> {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Forgets what does not count any more, or else the older half.
fn forget(sources: &mut HashMap<String, Failures>, before: Timestamp) {
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
    different: Throttle,
    /// Source and thing, as far as they were counted.
    counted: Throttle,
}

impl Guesses {
    /// Nothing has failed yet.
    pub fn new(limit: Limit) -> Self {
        let once = Limit { failures: 1, ..limit };
        Self { different: Throttle::new(limit), counted: Throttle::new(once) }
    }

    /// How long a source has to wait; none while it may go on.
    pub fn wait(&self, source: &str, now: Timestamp) -> Option<SignedDuration> {
        self.different.wait(source, now)
    }

    /// Counts a failure with this thing.
    pub fn failed_with(&self, source: &str, what: &str, now: Timestamp) {
        let both = format!("{source} {what}");
        if !source.is_empty() && self.counted.wait(&both, now).is_none() {
            self.counted.failed(&both, now);
            self.different.failed(source, now);
        }
    }
}

/// What slows down whom, for all requests of a process.
#[derive(Debug)]
pub struct Abuse {
    /// Wrong keys, by address and merchant id.
    pub wrong_keys: Throttle,
    /// Merchants whose key or token was wrong, existing or not, by address.
    pub merchants: Guesses,
}

impl Default for Abuse {
    fn default() -> Self {
        Self { wrong_keys: Throttle::new(WRONG_KEYS), merchants: Guesses::new(MERCHANTS) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Limit = Limit { failures: 3, window: SignedDuration::from_secs(60) };

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    #[test]
    fn a_burst_is_slowed_until_its_window_has_passed() {
        let throttle = Throttle::new(LIMIT);
        for second in 0..3 {
            assert_eq!(throttle.wait("a", at(second)), None);
            throttle.failed("a", at(second));
        }
        assert_eq!(throttle.wait("a", at(10)), Some(SignedDuration::from_secs(50)));
        assert_eq!(throttle.wait("b", at(10)), None, "somebody else");
        assert_eq!(throttle.wait("a", at(60)), None);
        throttle.failed("a", at(61));
        assert_eq!(throttle.wait("a", at(62)), None, "counted anew");
    }

    #[test]
    fn failures_far_apart_never_add_up() {
        let throttle = Throttle::new(LIMIT);
        for n in 0..20 {
            throttle.failed("a", at(n * 60));
            assert_eq!(throttle.wait("a", at(n * 60)), None);
        }
    }

    #[test]
    fn a_clock_that_is_set_back_does_not_lock_anybody_out_for_longer() {
        let throttle = Throttle::new(LIMIT);
        (0..3).for_each(|_| throttle.failed("a", at(1_000)));
        assert_eq!(throttle.wait("a", at(0)), Some(LIMIT.window));
    }

    #[test]
    fn the_same_guess_counts_once_and_different_ones_add_up() {
        let guesses = Guesses::new(LIMIT);
        for _ in 0..10 {
            guesses.failed_with("a", "one", at(0));
        }
        guesses.failed_with("a", "two", at(0));
        assert_eq!(guesses.wait("a", at(1)), None);
        guesses.failed_with("a", "three", at(0));
        assert_eq!(guesses.wait("a", at(10)), Some(SignedDuration::from_secs(50)));
        assert_eq!((guesses.wait("b", at(10)), guesses.wait("a", at(60))), (None, None));
    }

    #[test]
    fn a_window_ends_as_long_after_its_first_failure_as_it_is() {
        let throttle = Throttle::new(LIMIT);
        for second in [0, 60, 61, 61] {
            throttle.failed("a", at(second));
        }
        assert_eq!(throttle.wait("a", at(62)), Some(SignedDuration::from_secs(58)));
    }

    /// Counts a failure of each of so many sources.
    fn fail(throttle: &Throttle, name: &str, sources: usize, at: impl Fn(usize) -> Timestamp) {
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
            throttle.failed(&n.to_string(), at(second));
        }
        assert!(throttle.sources().len() <= SOURCES_MAX);
        (0..3).for_each(|_| throttle.failed("a", at(31)));
        assert!(throttle.wait("a", at(31)).is_some(), "the newest are not forgotten");
        throttle.failed("", at(31));
        assert_eq!(throttle.wait("", at(31)), None);
        assert!(!throttle.sources().contains_key(""));
    }
}

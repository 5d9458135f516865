//! How a receiver is doing, so that one that is down or slow costs the others nothing.

use jiff::{SignedDuration, Timestamp};

use super::{RETRY_AFTER_MAX, plus};

/// Failures in a row after which a receiver counts as down.
pub const DOWN_AFTER: u32 = 5;

/// A receiver that takes longer to respond is slow.
pub const SLOW: SignedDuration = SignedDuration::from_secs(3);

/// How long first attempts of a slow receiver are left to the schedule.
const SLOW_FOR: SignedDuration = SignedDuration::from_mins(10);

/// The wait before the first probe of a receiver that is down. It doubles with each that fails.
const FIRST_PROBE: SignedDuration = SignedDuration::from_mins(1);

/// The longest wait between probes: a receiver that is up again is noticed within that time.
const LAST_PROBE: SignedDuration = SignedDuration::from_mins(30);

/// A receiver's health, kept from its first failure on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// Failures since the last success.
    pub failures: u32,
    /// Until then only the schedule sends to it, and nothing at all if it is down.
    pub aside_until: Option<Timestamp>,
    /// Nothing is sent before that, because the receiver requested a wait.
    pub not_before: Option<Timestamp>,
    /// It said that it is gone. Its deliveries are parked until a person sends something again.
    pub is_gone: bool,
}

impl Health {
    /// Whether it failed so often that only a probe is sent.
    pub fn is_down(&self) -> bool {
        self.failures >= DOWN_AFTER
    }

    /// Whether new events are sent at once. If not, they wait for the schedule, which is not in
    /// anyone's way.
    pub fn takes_first_attempts(&self, now: Timestamp) -> bool {
        let over = |until: Option<Timestamp>| until.is_none_or(|until| until <= now);
        !self.is_down() && over(self.aside_until) && over(self.not_before)
    }

    /// How many deliveries the schedule may send at a time, of at most as many.
    pub fn at_a_time(&self, now: Timestamp, most: usize) -> usize {
        if self.not_before.is_some_and(|until| now < until) {
            return 0;
        }
        match (self.is_down(), self.aside_until) {
            (true, Some(until)) if now < until => 0,
            (true, _) => 1,
            (false, _) => most,
        }
    }

    /// After some attempts that ran side by side, the longest of which took that long.
    #[must_use]
    pub fn after(self, failed: u32, succeeded: u32, longest: SignedDuration, now: Timestamp) -> Self {
        let failures = match succeeded {
            0 => self.failures.saturating_add(failed),
            _ => 0,
        };
        if failures >= DOWN_AFTER {
            // Failures that were counted together are one probe too few at most.
            let probes = failures.saturating_sub(DOWN_AFTER).min(16);
            let probes = if self.is_down() { probes } else { 0 };
            let wait = (FIRST_PROBE * 2_i32.saturating_pow(probes)).min(LAST_PROBE);
            return Self { failures, aside_until: Some(plus(now, wait)), ..self };
        }
        let slow = (longest > SLOW).then(|| plus(now, SLOW_FOR));
        let aside_until = slow.or(self.aside_until.filter(|until| !self.is_down() && *until > now));
        Self { failures, aside_until, ..self }
    }

    /// After the receiver requested a wait of this length, up to [`RETRY_AFTER_MAX`].
    #[must_use]
    pub fn left_alone(self, wait: SignedDuration, now: Timestamp) -> Self {
        Self { not_before: Some(plus(now, wait.min(RETRY_AFTER_MAX))), ..self }
    }
}

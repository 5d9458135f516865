//! The gateway's limits of how often reports are read.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use crate::cardpointe::site;

/// Requests that the test system takes in a minute (`docs/cardpointe.md`). Of the other one no
/// limit is known.
const PER_MINUTE: usize = 20;

const MINUTE: Duration = Duration::from_mins(1);

/// How long nothing is requested after the limit was reached and no time was stated.
const HELD: Duration = Duration::from_secs(30);

/// With less than this left a report is not requested.
const LEFT_MIN: Duration = Duration::from_secs(2);

/// When each of the gateway's sites may be asked for a report.
#[derive(Default)]
pub(super) struct Pace(Mutex<HashMap<String, Site>>);

#[derive(Default)]
struct Site {
    /// The requests of the last minute, of a site with a limit.
    sent: VecDeque<Instant>,
    held_until: Option<Instant>,
}

impl Site {
    /// Takes the next turn: when it is.
    fn next(&mut self, now: Instant, is_limited: bool) -> Instant {
        let held = self.held_until.map_or(now, |until| until.max(now));
        if !is_limited {
            return held;
        }
        let free = if self.sent.len() < PER_MINUTE { None } else { self.sent.pop_front() };
        let turn = free.map_or(held, |first| held.max(first + MINUTE));
        self.sent.push_back(turn);
        turn
    }
}

impl Pace {
    /// Waits for a turn within a limit, and returns the rest of the limit; none where the turn
    /// comes too late.
    pub(super) async fn turn(&self, endpoint: &str, limit: Duration) -> Option<Duration> {
        let now = Instant::now();
        let turn = {
            let mut sites = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let site = sites.entry(endpoint.to_owned()).or_default();
            let before = site.sent.clone();
            let turn = site.next(now, site::is_test_site(endpoint));
            if turn + LEFT_MIN > now + limit {
                site.sent = before;
                return None;
            }
            turn
        };
        if turn > now {
            tokio::time::sleep_until(turn).await;
        }
        Some((now + limit).saturating_duration_since(Instant::now()))
    }

    /// Holds back requests to a site that has refused one.
    pub(super) fn hold(&self, endpoint: &str, stated: Option<Duration>) {
        let until = Instant::now() + stated.unwrap_or(HELD).min(MINUTE);
        let mut sites = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let site = sites.entry(endpoint.to_owned()).or_default();
        site.held_until = site.held_until.max(Some(until));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEST: &str = "https://fts-uat.cardconnect.com/cardconnect/rest";
    const LIVE: &str = "https://fts.cardconnect.com/cardconnect/rest";
    const LIMIT: Duration = Duration::from_secs(90);

    #[tokio::test(start_paused = true)]
    async fn the_test_system_gets_as_many_requests_a_minute_as_it_takes() {
        let (pace, begin) = (Pace::default(), Instant::now());
        for _ in 0..PER_MINUTE {
            assert_eq!(pace.turn(TEST, LIMIT).await, Some(LIMIT));
        }
        assert_eq!(begin.elapsed(), Duration::ZERO);
        for _ in 0..PER_MINUTE {
            assert_eq!(pace.turn(TEST, Duration::from_secs(61)).await, None, "its turn would come too late");
        }
        assert_eq!(pace.turn(TEST, LIMIT).await, LIMIT.checked_sub(MINUTE), "turns not taken do not count");
        assert_eq!(begin.elapsed(), MINUTE);
        for _ in 0..PER_MINUTE * 3 {
            assert_eq!(pace.turn(LIVE, LIMIT).await, Some(LIMIT));
        }
        assert_eq!(begin.elapsed(), MINUTE);
    }

    #[tokio::test(start_paused = true)]
    async fn a_site_that_refused_a_request_is_left_alone_for_as_long_as_it_says() {
        let pace = Pace::default();
        pace.hold(LIVE, Some(Duration::from_secs(7)));
        pace.hold(LIVE, Some(Duration::from_secs(3)));
        assert_eq!(pace.turn(LIVE, Duration::from_secs(8)).await, None);
        assert_eq!(pace.turn(LIVE, Duration::from_secs(9)).await, Some(LEFT_MIN));
        pace.hold(LIVE, None);
        assert_eq!(pace.turn(LIVE, LIMIT).await, LIMIT.checked_sub(HELD));
        assert_eq!(pace.turn(TEST, LIMIT).await, Some(LIMIT), "another site");
    }
}

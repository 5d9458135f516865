//! API Gateway's throttling: each route takes so many requests a second, of all callers together,
//! and a burst above that for a moment. More get its own 429, which no function sees.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use jiff::Timestamp;

/// A route's share: a bucket that fills at a rate and holds a burst.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Share {
    pub rate: f64,
    pub burst: f64,
}

/// The shares of one HTTP API.
#[derive(Clone, Debug, PartialEq)]
pub struct Shares {
    /// That of every route which has none of its own.
    pub default: Share,
    /// By route key, such as `GET /v2/me`.
    pub routes: BTreeMap<String, Share>,
}

impl Shares {
    /// The share of a route.
    pub fn of(&self, route: &str) -> Share {
        self.routes.get(route).copied().unwrap_or(self.default)
    }
}

/// The contents of a route's bucket when a request came last.
#[derive(Clone, Copy)]
struct Bucket {
    left: f64,
    at: Timestamp,
}

/// Counts the requests of each route.
pub(crate) struct Throttles {
    shares: Shares,
    buckets: Mutex<BTreeMap<String, Bucket>>,
}

impl Throttles {
    pub(crate) fn new(shares: Shares) -> Self {
        Self { shares, buckets: Mutex::default() }
    }

    /// Whether a route takes a request now.
    pub(crate) fn admit(&self, route: &str, now: Timestamp) -> bool {
        let share = self.shares.of(route);
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = buckets.entry(route.to_owned()).or_insert(Bucket { left: share.burst, at: now });
        let passed = now.duration_since(bucket.at).as_secs_f64().max(0.0);
        let left = (bucket.left + passed * share.rate).min(share.burst);
        let is_admitted = left >= 1.0;
        *bucket = Bucket { left: if is_admitted { left - 1.0 } else { left }, at: now };
        is_admitted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_takes_its_burst_and_then_its_rate() {
        let share = Share { rate: 10.0, burst: 20.0 };
        let routes = [("GET /b".to_owned(), Share { rate: 1.0, burst: 1.0 })].into();
        let throttles = Throttles::new(Shares { default: share, routes });
        let at = |millis| Timestamp::from_millisecond(millis).unwrap();
        let admitted = |route, count: usize, now| (0..count).filter(|_| throttles.admit(route, now)).count();
        assert_eq!(admitted("GET /a", 21, at(0)), 20);
        assert_eq!(admitted("GET /a", 21, at(1_000)), 10);
        assert_eq!(admitted("GET /a", 1, at(1_050)), 0, "half of a request");
        assert_eq!(admitted("GET /a", 2, at(1_100)), 1);
        assert_eq!(admitted("GET /a", 30, at(60_000)), 20, "never more than the burst");
        assert_eq!(admitted("GET /b", 2, at(60_000)), 1, "another route has a share of its own");
    }
}

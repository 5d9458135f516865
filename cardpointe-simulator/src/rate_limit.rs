//! The test system's limit: so many inquiries per minute and address.

use std::collections::HashMap;
use std::net::IpAddr;

use jiff::Timestamp;

use crate::faults::Endpoint;

const PER_MINUTE: u32 = 20;
const WINDOW_S: i64 = 60;

/// Whether a call may go on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Allowance {
    Remaining(u32),
    RetryAfterS(i64),
}

/// Calls counted by endpoint and address.
#[derive(Debug, Default)]
pub(crate) struct RateLimit {
    windows: HashMap<(&'static str, IpAddr), (i64, u32)>,
}

impl RateLimit {
    /// Counts a call; `None` for endpoints without a limit.
    pub(crate) fn count(&mut self, endpoint: Endpoint, peer: IpAddr, now: Timestamp) -> Option<Allowance> {
        // No source tells whether looking up by order id has a count of its own.
        let bucket = match endpoint {
            Endpoint::Inquire | Endpoint::InquireByOrderid => "inquire",
            Endpoint::Profile => "profile",
            Endpoint::Settlestat => "settlestat",
            Endpoint::Funding => "funding",
            _ => return None,
        };
        let now_s = now.as_second();
        let (started_s, calls) = self.windows.entry((bucket, peer)).or_insert((now_s, 0));
        if now_s - *started_s >= WINDOW_S {
            (*started_s, *calls) = (now_s, 0);
        }
        if *calls == PER_MINUTE {
            return Some(Allowance::RetryAfterS(*started_s + WINDOW_S - now_s));
        }
        *calls += 1;
        Some(Allowance::Remaining(PER_MINUTE - *calls))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_twenty_first_call_of_a_minute_waits_for_the_next() {
        let mut limit = RateLimit::default();
        let peer: IpAddr = "127.0.0.1".parse().unwrap();
        let at = |second: i64| Timestamp::from_second(1_900_000_000 + second).unwrap();
        for call in 1..=20 {
            let allowance = limit.count(Endpoint::Inquire, peer, at(0)).unwrap();
            assert_eq!(allowance, Allowance::Remaining(20 - call));
        }
        assert_eq!(limit.count(Endpoint::InquireByOrderid, peer, at(45)), Some(Allowance::RetryAfterS(15)));
        assert_eq!(limit.count(Endpoint::Profile, peer, at(45)), Some(Allowance::Remaining(19)));
        assert_eq!(limit.count(Endpoint::Auth, peer, at(45)), None);
        assert_eq!(limit.count(Endpoint::Inquire, peer, at(60)), Some(Allowance::Remaining(19)));
    }
}

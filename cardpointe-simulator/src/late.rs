//! Requests that were sent and arrive later.

use http::Request;
use jiff::{SignedDuration, Timestamp};

/// Requests on their way, each with when it arrives.
#[derive(Debug, Default)]
pub(crate) struct Late(Vec<(Timestamp, Request<Vec<u8>>)>);

impl Late {
    /// A request that arrives so many seconds after `now`.
    pub(crate) fn add<B: AsRef<[u8]>>(&mut self, request: &Request<B>, now: Timestamp, late_s: u32) {
        let arrives = now.checked_add(SignedDuration::from_secs(late_s.into())).unwrap_or(now);
        let mut copy = Request::new(request.body().as_ref().to_vec());
        *copy.method_mut() = request.method().clone();
        *copy.uri_mut() = request.uri().clone();
        *copy.headers_mut() = request.headers().clone();
        self.0.push((arrives, copy));
    }

    /// Takes the next request that has arrived by now.
    pub(crate) fn next_due(&mut self, now: Timestamp) -> Option<Request<Vec<u8>>> {
        let due = self.0.iter().enumerate().filter(|(_, (arrives, _))| *arrives <= now);
        let (place, _) = due.min_by_key(|(_, (arrives, _))| *arrives)?;
        Some(self.0.remove(place).1)
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}

//! Tollgate's own limits as headers: `RateLimit-Policy` and `RateLimit` of the IETF's draft
//! (draft-ietf-httpapi-ratelimit-headers-10), beside `Retry-After`.

use lambda_http::http::{HeaderName, HeaderValue};

use crate::abuse::{READS, SHOP_READS, TooMany};

/// In which time declines count.
const DECLINES_WINDOW_S: i64 = 3_600;

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// The limited requests, and their number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Policy {
    /// Payments and verifications in progress.
    InFlight(u32),
    /// Declines in an hour.
    Declined(u32),
    /// Wrong keys for a merchant, or merchants that a source failed with.
    Wrong(TooMany),
    /// Lists that a merchant reads.
    Reads,
    /// Orders of a merchant's shop that its shoppers have read.
    ShopReads,
}

/// A limit that a request has exhausted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RateLimit {
    pub(crate) policy: Policy,
    /// Seconds until the limit has room again.
    pub(crate) resets_in_s: u32,
}

impl RateLimit {
    pub(crate) fn headers(self) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
        let (name, policy) = match self.policy {
            Policy::InFlight(quota) => ("in-flight", format!("q={quota};qu=\"concurrent-requests\"")),
            Policy::Declined(quota) => ("declined", in_window(quota, DECLINES_WINDOW_S)),
            Policy::Wrong(which) => {
                let limit = which.limit();
                let name = match which {
                    TooMany::WrongKeys => "wrong-keys",
                    TooMany::Merchants => "wrong-merchants",
                };
                (name, in_window(limit.count, limit.window.as_secs()))
            }
            Policy::Reads => ("reads", in_window(READS.count, READS.window.as_secs())),
            Policy::ShopReads => ("order-reads", in_window(SHOP_READS.count, SHOP_READS.window.as_secs())),
        };
        let limit = format!("\"{name}\";r=0;t={}", self.resets_in_s);
        let texts = [(POLICY, format!("\"{name}\";{policy}")), (LIMIT, limit)];
        texts.into_iter().filter_map(|(name, text)| Some((name, HeaderValue::from_str(&text).ok()?)))
    }
}

fn in_window(quota: u32, window_s: i64) -> String {
    format!("q={quota};w={window_s}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_written_as_the_draft_has_it() {
        let written = |policy| {
            let headers = RateLimit { policy, resets_in_s: 7 }.headers();
            headers.map(|(_, value)| value.to_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        let in_flight = ["\"in-flight\";q=50;qu=\"concurrent-requests\"", "\"in-flight\";r=0;t=7"];
        assert_eq!(written(Policy::InFlight(50)), in_flight);
        assert_eq!(written(Policy::Declined(10)), ["\"declined\";q=10;w=3600", "\"declined\";r=0;t=7"]);
        let keys = ["\"wrong-keys\";q=10;w=300", "\"wrong-keys\";r=0;t=7"];
        assert_eq!(written(Policy::Wrong(TooMany::WrongKeys)), keys);
        let merchants = ["\"wrong-merchants\";q=20;w=300", "\"wrong-merchants\";r=0;t=7"];
        assert_eq!(written(Policy::Wrong(TooMany::Merchants)), merchants);
        let orders = ["\"order-reads\";q=5;w=1", "\"order-reads\";r=0;t=7"];
        assert_eq!(written(Policy::ShopReads), orders);
        assert_eq!(written(Policy::Reads), ["\"reads\";q=20;w=2", "\"reads\";r=0;t=7"]);
    }
}

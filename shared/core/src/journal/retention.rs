//! How long the journal keeps its entries and their sums.

use jiff::{Span, Timestamp, tz::TimeZone};

/// For how many months entries and sums are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    months: u16,
}

impl Retention {
    /// Fewest months: a payment can be disputed for about as long, and a year's books are closed.
    pub const MIN_MONTHS: u16 = 18;

    /// Seven years, for which books have to be kept in many places.
    pub const USUAL_MONTHS: u16 = 84;

    /// So many months, if they are not too few.
    pub fn of_months(months: u16) -> Option<Self> {
        (months >= Self::MIN_MONTHS).then_some(Self { months })
    }

    /// Until when an entry of this time is kept.
    pub fn ends(self, at: Timestamp) -> Timestamp {
        let ends = at.to_zoned(TimeZone::UTC).checked_add(Span::new().months(self.months));
        ends.map_or(Timestamp::MAX, |ends| ends.timestamp())
    }

    /// Whether an entry of this time is no longer kept.
    pub fn is_over(self, at: Timestamp, now: Timestamp) -> bool {
        self.ends(at) <= now
    }
}

impl Default for Retention {
    fn default() -> Self {
        Self { months: Self::USUAL_MONTHS }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_ends_after_whole_months_and_not_before() {
        let at: Timestamp = "2026-08-31T10:00:00Z".parse().unwrap();
        let retention = Retention::of_months(18).unwrap();
        let ends: Timestamp = "2028-02-29T10:00:00Z".parse().unwrap();
        assert_eq!(retention.ends(at), ends);
        assert!(retention.is_over(at, ends));
        assert!(!retention.is_over(at, "2028-02-29T09:59:59Z".parse().unwrap()));
        assert_eq!(Retention::of_months(17), None);
        assert_eq!(Retention::default().ends(Timestamp::MAX), Timestamp::MAX);
    }
}

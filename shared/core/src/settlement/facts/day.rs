//! The gateway's days, which are Eastern, and how many business days passed.

use std::sync::LazyLock;

use jiff::{Timestamp, ToSpan, civil::Date};

use crate::values::{Holidays, Zone};

/// The zone of the gateway's days.
static EASTERN: LazyLock<Zone> = LazyLock::new(|| "America/New_York".parse().unwrap_or_default());

/// No wait is longer than this many days: older money is late.
const WAIT_MAX_DAYS: usize = 60;

/// Days from the first to the last one, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayRange {
    pub first: Date,
    pub last: Date,
}

impl DayRange {
    /// Whether the range contains a day.
    pub fn contains(self, day: Date) -> bool {
        (self.first..=self.last).contains(&day)
    }
}

/// The Eastern day of a moment, by which the gateway settles and funds.
pub fn eastern_day(at: Timestamp) -> Date {
    EASTERN.shown(at).date()
}

/// Whether more than so many business days began after a day, up to today.
pub(crate) fn is_late(day: Date, today: Date, business_days: u8, holidays: &Holidays) -> bool {
    let since = day.series(1.day()).skip(1).take(WAIT_MAX_DAYS).take_while(|day| *day <= today);
    let (mut passed, mut all) = (0_usize, 0);
    for day in since {
        all += 1;
        passed += usize::from(holidays.is_business_day(day));
    }
    passed > usize::from(business_days) || all == WAIT_MAX_DAYS
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn what_waits_over_a_weekend_or_a_holiday_is_not_late() {
        let late = |day, today| is_late(day, today, 2, &Holidays::default());
        let friday = date(2026, 11, 20);
        assert!(!late(friday, date(2026, 11, 24)), "Tuesday is the second business day");
        assert!(late(friday, date(2026, 11, 25)), "Wednesday is the third");
        let before_thanksgiving = date(2026, 11, 25);
        assert!(!late(before_thanksgiving, date(2026, 11, 30)), "Friday and Monday");
        assert!(late(before_thanksgiving, date(2026, 12, 1)));
        assert!(!late(friday, friday) && !late(friday, date(2026, 11, 1)), "a day that is still to come");
        assert!(late(date(2020, 1, 1), friday));
    }

    #[test]
    fn an_evening_in_utc_is_the_day_before_in_the_east() {
        for (at, day) in [
            ("2026-11-24T04:59:59Z", date(2026, 11, 23)),
            ("2026-11-24T05:00:00Z", date(2026, 11, 24)),
            ("2026-07-01T03:59:59Z", date(2026, 6, 30)),
            ("2026-07-01T04:00:00Z", date(2026, 7, 1)),
        ] {
            assert_eq!(eastern_day(at.parse().unwrap()), day, "{at}");
        }
    }
}

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

/// The end of a wait for money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MoneyDue {
    /// The last business day of the wait.
    pub on: Date,
    /// How many business days began since, up to today; 0 as long as the money is in time.
    pub days_late: u64,
}

impl MoneyDue {
    /// Of a wait for so many business days after a day.
    pub(crate) fn new(since: Date, business_days: u8, today: Date, holidays: &Holidays) -> Self {
        let days = since.series(1.day()).skip(1).take(WAIT_MAX_DAYS);
        let mut days = days.filter(|day| holidays.is_business_day(*day));
        let on = days.by_ref().take(usize::from(business_days)).last().unwrap_or(since);
        let passed = days.take_while(|day| *day <= today).map(|_| 1).sum::<u64>();
        let longest = i64::try_from(WAIT_MAX_DAYS).unwrap_or(i64::MAX).days();
        let is_over = since.saturating_add(longest) <= today;
        Self { on, days_late: passed.max(u64::from(is_over)) }
    }

    /// Whether the money is late.
    pub(crate) const fn is_late(self) -> bool {
        self.days_late > 0
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn what_waits_over_a_weekend_or_a_holiday_is_not_late() {
        let due = |day, today| MoneyDue::new(day, 2, today, &Holidays::default());
        let late = |day, today| due(day, today).is_late();
        let friday = date(2026, 11, 20);
        assert!(!late(friday, date(2026, 11, 24)), "Tuesday is the second business day");
        assert!(late(friday, date(2026, 11, 25)), "Wednesday is the third");
        let before_thanksgiving = date(2026, 11, 25);
        assert!(!late(before_thanksgiving, date(2026, 11, 30)), "Friday and Monday");
        assert!(late(before_thanksgiving, date(2026, 12, 1)));
        assert!(!late(friday, friday) && !late(friday, date(2026, 11, 1)), "a day that is still to come");
        assert!(late(date(2020, 1, 1), friday));
        let [tuesday, monday] = [date(2026, 11, 24), date(2026, 11, 30)];
        assert_eq!(
            due(friday, date(2026, 11, 29)),
            MoneyDue { on: tuesday, days_late: 2 },
            "Wednesday and Friday"
        );
        assert_eq!(due(before_thanksgiving, friday), MoneyDue { on: monday, days_late: 0 });
        let closed = friday.series(1.day()).take(90).collect::<Holidays>();
        let late =
            |days: i64| MoneyDue::new(friday, 2, friday.saturating_add(days.days()), &closed).days_late;
        assert_eq!([59, 60].map(late), [0, 1], "no wait is longer, whatever the holidays");
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

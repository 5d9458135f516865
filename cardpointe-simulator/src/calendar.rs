//! The days that batches and deposits have: Eastern, and without weekends and bank holidays where
//! those do not count.

use std::sync::LazyLock;

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use crate::settings::ReportZone;

/// Eastern time with its summer time, without a database of time zones.
static EASTERN: LazyLock<TimeZone> =
    LazyLock::new(|| TimeZone::posix("EST5EDT,M3.2.0,M11.1.0").unwrap_or(TimeZone::UTC));

/// The time zone that a merchant account's reports are in.
pub(crate) fn zone(reports: ReportZone) -> TimeZone {
    match reports {
        ReportZone::Eastern => EASTERN.clone(),
        ReportZone::Utc => TimeZone::UTC,
    }
}

/// The day of a moment.
pub(crate) fn day(at: Timestamp, reports: ReportZone) -> Date {
    at.to_zoned(zone(reports)).date()
}

/// The moment at which so many minutes of an Eastern day have passed by the clock on the wall:
/// 02:30 on the day that summer time begins is 03:30.
pub(crate) fn eastern_moment(day: Date, minute: u32) -> Option<Timestamp> {
    let (hour, minute) = (i8::try_from(minute / 60).ok()?, i8::try_from(minute % 60).ok()?);
    let zoned = EASTERN.to_zoned(day.at(hour.min(23), minute, 0, 0)).ok()?;
    Some(zoned.timestamp())
}

/// The day after so many business days; none later than a non-business day is the next business
/// day.
pub(crate) fn after_business_days(day: Date, days: u32) -> Option<Date> {
    let mut reached = day;
    for _ in 0..days {
        reached = next_business_day(reached.tomorrow().ok()?)?;
    }
    next_business_day(reached)
}

/// The day itself, or the next that is a business day.
fn next_business_day(mut day: Date) -> Option<Date> {
    while !is_business_day(day) {
        day = day.tomorrow().ok()?;
    }
    Some(day)
}

fn is_business_day(day: Date) -> bool {
    !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) && !is_bank_holiday(day)
}

/// The Federal Reserve's holidays. One on a Sunday is kept on the Monday after it, one on a
/// Saturday not at all.
fn is_bank_holiday(day: Date) -> bool {
    let is_fixed = |day: Date| {
        matches!((day.month(), day.day()), (1, 1) | (7, 4) | (11, 11) | (12, 25))
            || (day.month(), day.day()) == (6, 19) && day.year() >= 2021
    };
    let sunday_before = day.weekday() == Weekday::Monday && day.yesterday().is_ok_and(is_fixed);
    is_fixed(day) || sunday_before || is_floating(day)
}

/// Those on a weekday of the month: the third Monday of January and February, the last of May, and
/// so on.
fn is_floating(day: Date) -> bool {
    let nth = (day.day() + 6) / 7;
    match (day.month(), day.weekday()) {
        (1 | 2, Weekday::Monday) => nth == 3,
        (5, Weekday::Monday) => day.saturating_add(7.days()).month() == 6,
        (9, Weekday::Monday) => nth == 1,
        (10, Weekday::Monday) => nth == 2,
        (11, Weekday::Thursday) => nth == 4,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_day_ends_at_eastern_midnight_in_winter_and_in_summer() {
        for (at, expected) in [
            ("2026-01-15T04:59:59Z", date(2026, 1, 14)),
            ("2026-01-15T05:00:00Z", date(2026, 1, 15)),
            ("2026-07-15T03:59:59Z", date(2026, 7, 14)),
            ("2026-07-15T04:00:00Z", date(2026, 7, 15)),
        ] {
            assert_eq!(day(at.parse().unwrap(), ReportZone::Eastern), expected, "{at}");
        }
        assert_eq!(day("2026-01-15T00:00:00Z".parse().unwrap(), ReportZone::Utc), date(2026, 1, 15));
    }

    #[test]
    fn a_minute_of_the_day_is_read_from_the_wall_also_where_summer_time_begins_and_ends() {
        for (day, minute, expected) in [
            (date(2026, 1, 15), 1260, "2026-01-16T02:00:00Z"),
            (date(2026, 7, 15), 1260, "2026-07-16T01:00:00Z"),
            (date(2026, 3, 8), 150, "2026-03-08T07:30:00Z"),
            (date(2026, 11, 1), 90, "2026-11-01T05:30:00Z"),
        ] {
            assert_eq!(eastern_moment(day, minute), Some(expected.parse().unwrap()), "{day} {minute}");
        }
    }

    #[test]
    fn deposits_wait_for_weekends_and_bank_holidays() {
        for (settled, days, expected) in [
            (date(2026, 11, 19), 1, date(2026, 11, 20)),
            (date(2026, 11, 20), 1, date(2026, 11, 23)),
            (date(2026, 11, 21), 1, date(2026, 11, 23)),
            (date(2026, 11, 22), 0, date(2026, 11, 23)),
            (date(2026, 11, 25), 1, date(2026, 11, 27)),
            (date(2026, 12, 24), 1, date(2026, 12, 28)),
            (date(2027, 5, 28), 2, date(2027, 6, 2)),
            // Independence Day is a Sunday in 2027, and Christmas a Saturday.
            (date(2027, 7, 2), 1, date(2027, 7, 6)),
            (date(2027, 12, 23), 1, date(2027, 12, 24)),
        ] {
            assert_eq!(after_business_days(settled, days), Some(expected), "{settled} + {days}");
        }
    }
}

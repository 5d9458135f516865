//! Quarters of an hour of UTC days: the periods that totals are kept for.

use std::fmt;

use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};

/// Quarters of an hour in a UTC day, which has no change of clocks.
const QUARTERS: u8 = 96;

const MINUTES: u8 = 15;

/// A quarter of an hour of a UTC day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QuarterHour {
    /// The UTC day that the quarter is in.
    pub day: Date,
    /// From 0 (`00:00`) to 95 (`23:45`).
    number: u8,
}

impl QuarterHour {
    /// The one that a moment lies in.
    pub fn of(at: Timestamp) -> Self {
        let at = at.to_zoned(TimeZone::UTC);
        let [hour, minute] = [at.hour(), at.minute()].map(i8::unsigned_abs);
        Self { day: at.date(), number: hour * 4 + minute / MINUTES }
    }

    /// The quarter with which a UTC day begins.
    pub fn first_of(day: Date) -> Self {
        Self { day, number: 0 }
    }

    /// The one of a day that begins at a time such as `13:45`, as it is written.
    pub fn parse(day: Date, text: &str) -> Option<Self> {
        (0..QUARTERS).map(|number| Self { day, number }).find(|quarter| quarter.time() == text)
    }

    /// When it begins: `13:45`.
    pub fn time(self) -> String {
        let (hour, minute) = (self.number / 4, self.number % 4 * MINUTES);
        format!("{hour:02}:{minute:02}")
    }

    /// Its first moment, which is included.
    pub fn begins(self) -> Timestamp {
        let minutes = i64::from(self.number) * i64::from(MINUTES);
        let midnight = self.day.to_zoned(TimeZone::UTC).map(|midnight| midnight.timestamp());
        midnight.map_or(Timestamp::MIN, |midnight| midnight + SignedDuration::from_mins(minutes))
    }

    /// The first moment after it.
    pub fn ends(self) -> Timestamp {
        self.begins() + SignedDuration::from_mins(MINUTES.into())
    }
}

impl fmt::Display for QuarterHour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}T{}Z", self.day, self.time())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_lies_in_one_quarter_which_is_read_as_it_is_written() {
        for (at, time) in [
            ("2026-11-20T00:00:00Z", "00:00"),
            ("2026-11-20T13:44:59.999Z", "13:30"),
            ("2026-11-20T13:45:00Z", "13:45"),
            ("2026-11-20T23:59:59.999Z", "23:45"),
        ] {
            let at: Timestamp = at.parse().unwrap();
            let quarter = QuarterHour::of(at);
            assert_eq!(quarter.time(), time);
            assert!(quarter.begins() <= at && at < quarter.ends(), "{quarter}");
            assert_eq!(QuarterHour::parse(quarter.day, time), Some(quarter));
            assert_eq!(QuarterHour::of(quarter.ends() - SignedDuration::from_millis(1)), quarter);
        }
        assert_eq!(QuarterHour::parse(Date::constant(2026, 11, 20), "13:44"), None);
    }
}

//! The periods of a report: months or days as the clocks of a time zone show them.

use jiff::{SignedDuration, Timestamp, civil::Date};
use thiserror::Error;

use crate::{
    journal::day_of,
    values::{QuarterHour, Zone},
    words,
};

words! {
    /// How long a period is.
    pub enum Interval {
        Month => "month",
        /// A day, which has 23 or 25 hours where the clocks change.
        Day => "day",
    }
}

/// Most days of one report, so that its lines fit into a response, however much the merchant sells:
/// of months a year, of days a quarter of one.
const DAYS_OF_MONTHS_MAX: i32 = 366;
const DAYS_MAX: i32 = 92;

impl Interval {
    /// Most days of one report.
    pub const fn days_max(self) -> i32 {
        match self {
            Self::Month => DAYS_OF_MONTHS_MAX,
            Self::Day => DAYS_MAX,
        }
    }

    /// The name of the period with a day.
    fn name_of(self, day: Date) -> String {
        match self {
            Self::Month => day.strftime("%Y-%m").to_string(),
            Self::Day => day.to_string(),
        }
    }
}

/// Why there are no totals of a range.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum BadRange {
    /// It ends before it begins.
    #[error("must not be before from")]
    Empty,
    /// It is longer than [`Interval::days_max`].
    #[error("must be within {} days of from with interval {}", .0.days_max(), .0.as_str())]
    TooLong(Interval),
    /// Days do not make months.
    #[error("must be a month such as 2026-11 with interval month, as from must")]
    NoMonth,
    /// No clock shows it.
    #[error("is out of range")]
    NoSuchTime,
}

/// A day, or the days of a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Days {
    pub first: Date,
    /// The last one, which is included.
    pub last: Date,
}

impl Days {
    /// Reads `2026-11-20` or `2026-11`.
    pub fn parse(text: &str) -> Option<Self> {
        match text.len() {
            10 => text.parse().ok().map(Self::day),
            7 => format!("{text}-01").parse().ok().map(Self::month),
            _ => None,
        }
    }

    pub fn day(day: Date) -> Self {
        Self { first: day, last: day }
    }

    fn month(day: Date) -> Self {
        Self { first: day.first_of_month(), last: day.last_of_month() }
    }

    fn is_month(self) -> bool {
        self == Self::month(self.first)
    }

    /// The periods of a report: without a beginning and an end it is yesterday, with a beginning
    /// alone it goes on up to today, and with an end alone it is that day or month. By month, this
    /// month takes the place of today and yesterday.
    ///
    /// Without an interval it is days, or months where months are named.
    pub fn of_report(
        from: Option<Self>,
        to: Option<Self>,
        interval: Option<Interval>,
        today: Date,
    ) -> Result<(Self, Interval), BadRange> {
        let mut named = [from, to].into_iter().flatten().peekable();
        let is_any = named.peek().is_some();
        let are_months = named.all(Self::is_month);
        let default = if is_any && are_months { Interval::Month } else { Interval::Day };
        let interval = interval.unwrap_or(default);
        let (current, before) = match interval {
            Interval::Month if !are_months => return Err(BadRange::NoMonth),
            Interval::Month => (Self::month(today), Self::month(today)),
            Interval::Day => (Self::day(today), Self::day(today.yesterday().unwrap_or(today))),
        };
        let first = from.or(to).unwrap_or(before).first;
        let last = match (from, to) {
            (_, Some(to)) => to.last,
            (Some(from), None) => current.last.max(from.last),
            (None, None) => before.last,
        };
        Ok((Self { first, last }, interval))
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Period {
    /// `2026-11` or `2026-11-20`.
    pub name: String,
    pub begins: Timestamp,
    /// The first moment after it.
    pub ends: Timestamp,
}

/// The periods of a report: each begins where the one before it ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Periods(Vec<Period>);

impl Periods {
    /// Those of some days.
    pub fn new(interval: Interval, days: Days, zone: &Zone) -> Result<Self, BadRange> {
        let Days { first, last } = days;
        if last < first {
            return Err(BadRange::Empty);
        }
        if (last - first).get_days() >= interval.days_max() {
            return Err(BadRange::TooLong(interval));
        }
        let mut periods: Vec<Period> = Vec::new();
        let mut day = first;
        let mut begins = zone.begins(day).ok_or(BadRange::NoSuchTime)?;
        while day <= last {
            let next = day.tomorrow().map_err(|_| BadRange::NoSuchTime)?;
            let ends = zone.begins(next).ok_or(BadRange::NoSuchTime)?;
            // A day that clocks skip has no period.
            if begins < ends {
                let name = interval.name_of(day);
                match periods.last_mut() {
                    Some(last) if last.name == name => last.ends = ends,
                    _ => periods.push(Period { name, begins, ends }),
                }
            }
            (day, begins) = (next, ends);
        }
        if periods.is_empty() { Err(BadRange::NoSuchTime) } else { Ok(Self(periods)) }
    }

    /// All periods, oldest first; at least one.
    pub fn all(&self) -> &[Period] {
        &self.0
    }

    /// The place of the one that a moment is in.
    pub fn of(&self, at: Timestamp) -> Option<usize> {
        let place = self.0.partition_point(|period| period.begins <= at).checked_sub(1)?;
        (at < self.0[place].ends).then_some(place)
    }

    /// The UTC days in which the first and the last moment are.
    pub(super) fn utc_days(&self) -> (Date, Date) {
        let begins = self.0.first().map_or(Timestamp::MIN, |period| period.begins);
        let ends = self.0.last().map_or(begins, |period| period.ends);
        (day_of(begins), day_of(ends - SignedDuration::from_nanos(1)))
    }

    /// The UTC days that are all in one period, with its place; and the others, of which each
    /// quarter counts for its own.
    pub(super) fn whole_days(&self) -> (Vec<(Date, usize)>, Vec<Date>) {
        let (mut whole, mut in_parts) = (Vec::new(), Vec::new());
        let (first, last) = self.utc_days();
        let mut next = Some(first);
        while let Some(day) = next.filter(|day| *day <= last) {
            next = day.tomorrow().ok();
            let begins = QuarterHour::first_of(day).begins();
            let ends = next.map(|next| QuarterHour::first_of(next).begins());
            let around = |period: &Period| ends.is_some_and(|ends| ends <= period.ends);
            match self.of(begins).filter(|place| around(&self.0[*place])) {
                Some(place) => whole.push((day, place)),
                None => in_parts.push(day),
            }
        }
        (whole, in_parts)
    }
}

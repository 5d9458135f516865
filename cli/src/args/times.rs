//! Which times a list is of, for people who have a clock on the wall.

use clap::Args;
use jiff::{Timestamp, civil::Date};
use tollgate_core::values::Zone;

use crate::failure::Failure;

/// A day or a period, in a time zone.
#[derive(Args)]
pub(crate) struct Times {
    /// Today, yesterday or a date such as 2026-11-20 [default: today]
    #[arg(long, value_name = "DAY", value_parser = day, conflicts_with_all = ["since", "until"])]
    pub(crate) day: Option<Day>,
    /// From this day or moment on: 2026-11-20 or 2026-11-20T18:00:00Z
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) since: Option<Time>,
    /// Before this moment or day, which is not included
    #[arg(long, value_name = "TIME", requires = "since", value_parser = time)]
    pub(crate) until: Option<Time>,
    /// Whose days are meant, such as `America/New_York`
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    pub(crate) time_zone: Zone,
}

/// A day, by name or by date.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Day {
    Today,
    Yesterday,
    On(Date),
}

pub(super) fn day(text: &str) -> Result<Day, String> {
    match text {
        "today" => Ok(Day::Today),
        "yesterday" => Ok(Day::Yesterday),
        date => date.parse().map(Day::On).map_err(|_| "must be today, yesterday or a date".to_owned()),
    }
}

/// A moment, or a day of the zone.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Time {
    At(Timestamp),
    On(Date),
}

fn time(text: &str) -> Result<Time, String> {
    let day = |text: &str| text.parse().ok().filter(|_| text.len() == 10).map(Time::On);
    let read = text.parse().ok().map(Time::At).or_else(|| day(text));
    read.ok_or_else(|| "must be a time such as 2026-11-20T18:00:00Z or a day such as 2026-11-20".to_owned())
}

impl Times {
    /// The period that was named, without an end up to `soon`; none where nothing was.
    pub(crate) fn range(
        &self,
        now: Timestamp,
        soon: Timestamp,
    ) -> Result<Option<(Timestamp, Timestamp)>, Failure> {
        let moment = |time| match time {
            Time::At(at) => Ok(at),
            Time::On(day) => self.begins(day),
        };
        match (self.since, self.day) {
            (Some(since), _) => Ok(Some((moment(since)?, self.until.map_or(Ok(soon), moment)?))),
            (None, Some(day)) => self.day(day, now).map(Some),
            (None, None) => Ok(None),
        }
    }

    /// The moments at which a day begins and the next one does.
    pub(crate) fn day(&self, day: Day, now: Timestamp) -> Result<(Timestamp, Timestamp), Failure> {
        let today = self.time_zone.shown(now).date();
        let day = match day {
            Day::Today => Ok(today),
            Day::Yesterday => today.yesterday(),
            Day::On(date) => Ok(date),
        };
        let next = day.clone().and_then(Date::tomorrow);
        let (day, next) = (day.map_err(|_| out_of_range())?, next.map_err(|_| out_of_range())?);
        Ok((self.begins(day)?, self.begins(next)?))
    }

    fn begins(&self, day: Date) -> Result<Timestamp, Failure> {
        self.time_zone.begins(day).ok_or_else(out_of_range)
    }
}

fn out_of_range() -> Failure {
    Failure::Input("--day, --since or --until is out of range".to_owned())
}

//! Which times a list is of, for people who have a clock on the wall.

use clap::Args;
use jiff::{
    Timestamp,
    civil::{Date, DateTime},
};
use tollgate_core::{
    journal::Is,
    values::{Zone, local_time},
};

use crate::failure::Failure;

/// A day or a period, in a time zone.
#[derive(Args)]
pub(crate) struct Times {
    /// Today, yesterday or a date such as 2026-11-20 [default: today]
    #[arg(long, value_name = "DAY", value_parser = day, conflicts_with_all = ["since", "until"])]
    pub(crate) day: Option<Day>,
    /// From this day or time on: 2026-11-20 or 2026-11-20T13:00
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) since: Option<Time>,
    /// Before this moment or day, which is not included
    #[arg(long, value_name = "TIME", requires = "since", value_parser = time)]
    pub(crate) until: Option<Time>,
    /// Whose days and times are meant, such as `America/New_York`
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
    /// As the zone's clocks show it.
    Shown(DateTime),
    On(Date),
}

pub(super) fn time(text: &str) -> Result<Time, String> {
    let day = |text: &str| text.parse().ok().filter(|_| text.len() == 10).map(Time::On);
    let read = text.parse().ok().map(Time::At).or_else(|| local_time(text).map(Time::Shown));
    read.or_else(|| day(text)).ok_or_else(|| {
        "must be a time such as 2026-11-20T18:00:00Z or 2026-11-20T13:00, or a day such as 2026-11-20"
            .to_owned()
    })
}

impl Times {
    /// The period that was named, without an end up to `soon`; none where nothing was.
    pub(crate) fn range(
        &self,
        now: Timestamp,
        soon: Timestamp,
    ) -> Result<Option<(Timestamp, Timestamp)>, Failure> {
        match (self.since, self.day) {
            (Some(since), _) => {
                let until = self.until.map(|until| self.moments(until)).transpose()?;
                Ok(Some((self.moments(since)?.0, until.map_or(soon, |(_, last)| last))))
            }
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

    /// Up to a time, or to the end of a day.
    pub(crate) fn by(&self, time: Time) -> Result<Is<Timestamp>, Failure> {
        match time {
            Time::On(day) => Ok(Is::Less(self.begins(day.tomorrow().map_err(|_| out_of_range())?)?)),
            time => Ok(Is::AtMost(self.moments(time)?.1)),
        }
    }

    /// The first and the last moment that can be meant: they differ where clocks show a time twice.
    fn moments(&self, time: Time) -> Result<(Timestamp, Timestamp), Failure> {
        match time {
            Time::At(at) => Ok((at, at)),
            Time::Shown(shown) => self.time_zone.moments(shown).ok_or_else(out_of_range),
            Time::On(day) => self.begins(day).map(|at| (at, at)),
        }
    }

    fn begins(&self, day: Date) -> Result<Timestamp, Failure> {
        self.time_zone.begins(day).ok_or_else(out_of_range)
    }
}

fn out_of_range() -> Failure {
    Failure::Input("--day or a time is out of range".to_owned())
}

//! A rule for the moment of a scheduled capture: so long after the authorization, at a cut-off, on
//! business days.

use std::{fmt, str::FromStr};

use jiff::{
    SignedDuration, Timestamp,
    civil::{Date, Time},
    fmt::temporal::SpanParser,
};
use serde::Deserialize;

use crate::values::{Holidays, UnknownZone, Zone, text::read_from_string};

/// The longest `after`, in days. No authorization lives that long.
const AFTER_DAYS_MAX: i64 = 366;

/// How long after the authorization.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct After {
    /// Days, which a zone or business days can make longer or shorter than 24 hours.
    days: i64,
    /// The exact part, on top of the days.
    rest: SignedDuration,
}

/// A time of day, in whole minutes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct TimeOfDay(Time);

/// A rule that a text does not state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRule {
    /// `after` is no such duration.
    #[error(
        "must be an ISO 8601 duration in days, hours, minutes and seconds such as P2D or PT36H, of at most \
         {AFTER_DAYS_MAX} days"
    )]
    After,
    /// `at` is no time of day.
    #[error("must be a time of day such as 17:00")]
    At,
    /// There is no such zone.
    #[error(transparent)]
    Zone(#[from] UnknownZone),
    /// Where `at` or the business days are meant is not stated.
    #[error("is required with at and business_days")]
    ZoneRequired,
}

/// When authorizations are captured, counted from each. Days without a zone have 24 hours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaptureRule(StatedRule);

/// A rule as it is stated.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatedRule {
    /// How long after the authorization.
    pub after: After,
    /// The cut-off: the next time of day after that.
    #[serde(default)]
    pub at: Option<TimeOfDay>,
    /// Where the days and the cut-off are meant.
    #[serde(default)]
    pub zone: Option<Zone>,
    /// Whether only business days count.
    #[serde(default)]
    pub business_days: bool,
}

impl StatedRule {
    /// The rule, where this zone is meant if it needs one and states none.
    pub fn in_zone(self, usual: Option<&Zone>) -> Result<CaptureRule, InvalidRule> {
        let needs_one = self.at.is_some() || self.business_days;
        let zone = self.zone.or_else(|| usual.filter(|_| needs_one).cloned());
        if needs_one && zone.is_none() {
            return Err(InvalidRule::ZoneRequired);
        }
        Ok(CaptureRule(Self { zone, ..self }))
    }
}

impl CaptureRule {
    /// The rule with the zone where its days and its cut-off are meant, if it needs one.
    pub fn stated(&self) -> &StatedRule {
        &self.0
    }

    /// The moment that follows from an authorization at `start`. Of two authorizations the later
    /// one's is never earlier.
    pub fn moment(&self, start: Timestamp, holidays: &Holidays) -> Timestamp {
        self.moment_if_any(start, holidays).unwrap_or(Timestamp::MAX)
    }

    /// None beyond all times.
    fn moment_if_any(&self, start: Timestamp, holidays: &Holidays) -> Option<Timestamp> {
        let StatedRule { after, at, zone, business_days } = &self.0;
        let After { days, rest } = *after;
        let Some(zone) = zone else { return start.checked_add(after.exact()).ok() };
        let calendar = Calendar { zone, holidays: business_days.then_some(holidays) };
        let begun = calendar.open_at(start)?;
        let counted = if days == 0 { begun } else { calendar.days_after(begun, days)? };
        let over = calendar.open_at(counted.checked_add(rest).ok()?)?;
        at.map_or(Some(over), |TimeOfDay(at)| calendar.cut_off(over, at))
    }
}

/// The days of a zone.
struct Calendar<'a> {
    zone: &'a Zone,
    /// The days closed besides weekends; none where every day counts.
    holidays: Option<&'a Holidays>,
}

impl Calendar<'_> {
    fn is_open(&self, date: Date) -> bool {
        self.holidays.is_none_or(|holidays| holidays.is_business_day(date))
    }

    fn next_open(&self, date: Date) -> Option<Date> {
        let mut next = date.tomorrow().ok()?;
        while !self.is_open(next) {
            next = next.tomorrow().ok()?;
        }
        Some(next)
    }

    /// The moment itself, or the beginning of the next day that counts.
    fn open_at(&self, at: Timestamp) -> Option<Timestamp> {
        let date = self.zone.wall_clock(at).date();
        if self.is_open(date) {
            return Some(at);
        }
        self.zone.first_at(self.next_open(date)?.at(0, 0, 0, 0))
    }

    /// The same time so many days later, of those that count.
    fn days_after(&self, at: Timestamp, days: i64) -> Option<Timestamp> {
        let shown = self.zone.wall_clock(at);
        let mut date = shown.date();
        for _ in 0..days {
            date = self.next_open(date)?;
        }
        self.zone.first_at(date.to_datetime(shown.time()))
    }

    /// The first moment with this time of day that is not before another, on a day that counts. A
    /// day has one of each.
    fn cut_off(&self, not_before: Timestamp, time: Time) -> Option<Timestamp> {
        let mut date = self.zone.wall_clock(not_before).date();
        loop {
            let at = self.zone.first_at(date.to_datetime(time))?;
            if at >= not_before && self.is_open(date) {
                return Some(at);
            }
            date = self.next_open(date)?;
        }
    }
}

impl After {
    /// Its length where a day has 24 hours.
    pub fn exact(self) -> SignedDuration {
        SignedDuration::from_hours(self.days * 24) + self.rest
    }
}

impl FromStr for After {
    type Err = InvalidRule;

    fn from_str(text: &str) -> Result<Self, InvalidRule> {
        let span = SpanParser::new().parse_span(text).map_err(|_| InvalidRule::After)?;
        let days = i64::from(span.get_days());
        let rest = SignedDuration::try_from(span.days(0)).map_err(|_| InvalidRule::After)?;
        let longest = SignedDuration::from_hours(AFTER_DAYS_MAX * 24);
        let is_allowed =
            (0..=AFTER_DAYS_MAX).contains(&days) && (SignedDuration::ZERO..=longest).contains(&rest);
        let after = Self { days, rest };
        if is_allowed && after.exact() <= longest { Ok(after) } else { Err(InvalidRule::After) }
    }
}

impl FromStr for TimeOfDay {
    type Err = InvalidRule;

    fn from_str(text: &str) -> Result<Self, InvalidRule> {
        let is_whole = text.len() == "17:00".len();
        let time = Time::strptime("%H:%M", text).ok().filter(|_| is_whole);
        time.map(Self).ok_or(InvalidRule::At)
    }
}

read_from_string!(After, TimeOfDay);

impl fmt::Display for After {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { days, rest } = *self;
        match (days, rest.is_zero()) {
            (0, _) => write!(f, "{rest}"),
            (days, true) => write!(f, "P{days}D"),
            (days, false) => write!(f, "P{days}D{}", rest.to_string().trim_start_matches('P')),
        }
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.strftime("%H:%M"))
    }
}

/// The word for business days in a rule's text.
const BUSINESS_DAYS: &str = "business-days";

/// In one line: `P2D 17:00 America/New_York business-days`. Orders are stored with it.
impl fmt::Display for CaptureRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let StatedRule { after, at, zone, business_days } = &self.0;
        write!(f, "{after}")?;
        at.map_or(Ok(()), |at| write!(f, " {at}"))?;
        zone.as_ref().map_or(Ok(()), |zone| write!(f, " {}", zone.name()))?;
        if *business_days { write!(f, " {BUSINESS_DAYS}") } else { Ok(()) }
    }
}

impl FromStr for CaptureRule {
    type Err = InvalidRule;

    fn from_str(text: &str) -> Result<Self, InvalidRule> {
        let mut words = text.split(' ');
        let after = words.next().unwrap_or_default().parse()?;
        let mut stated = StatedRule { after, at: None, zone: None, business_days: false };
        for word in words {
            match word {
                BUSINESS_DAYS => stated.business_days = true,
                _ if word.starts_with(|c: char| c.is_ascii_digit()) => stated.at = Some(word.parse()?),
                _ => stated.zone = Some(word.parse()?),
            }
        }
        stated.in_zone(None)
    }
}

#[cfg(test)]
mod tests;

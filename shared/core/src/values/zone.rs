//! Time zones, with data that is part of the program: the system's is never read.

use std::{str::FromStr, sync::LazyLock};

use jiff::{
    SignedDuration, Timestamp, Zoned,
    civil::{Date, DateTime},
    tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase},
};
use serde::Deserialize;

use super::text::read_from_string;

/// The IANA data that the library brings along.
static DATABASE: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// A time zone of the IANA database.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Zone(TimeZone);

impl Default for Zone {
    fn default() -> Self {
        Self(TimeZone::UTC)
    }
}

/// No zone has this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a time zone of the IANA database such as America/New_York")]
pub struct UnknownZone;

impl FromStr for Zone {
    type Err = UnknownZone;

    fn from_str(name: &str) -> Result<Self, UnknownZone> {
        let zone = DATABASE.get(name).map_err(|_| UnknownZone)?;
        if zone.is_unknown() { Err(UnknownZone) } else { Ok(Self(zone)) }
    }
}

read_from_string!(Zone);

/// A time as clocks show it, without an offset: `2026-11-20T13:00`, or with seconds.
pub fn local_time(text: &str) -> Option<DateTime> {
    let is_local = |byte: u8| byte.is_ascii_digit() || b"-T:.".contains(&byte);
    text.parse().ok().filter(|_| text.len() >= "2026-11-20T13:00".len() && text.bytes().all(is_local))
}

impl Zone {
    /// Its name, in the letters of the database.
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// The date and time that clocks and calendars show there at a moment.
    pub fn shown(&self, at: Timestamp) -> Zoned {
        at.to_zoned(self.0.clone())
    }

    /// The first moment of a day there: where clocks go forward at midnight, that is at one
    /// o'clock. None beyond all times.
    pub fn begins(&self, day: Date) -> Option<Timestamp> {
        self.first_at(day.at(0, 0, 0, 0))
    }

    /// The first and last moment at which clocks show this there; for a time that they skip, the
    /// moment at which they do.
    pub fn moments(&self, shown: DateTime) -> Option<(Timestamp, Timestamp)> {
        let (first, at) = (self.first_at(shown)?, self.0.to_ambiguous_timestamp(shown));
        let is_twice = matches!(at.offset(), AmbiguousOffset::Fold { .. });
        Some((first, if is_twice { at.later().ok()? } else { first }))
    }

    /// The time on a clock there that stands still instead of repeating an hour: it never goes
    /// back.
    pub(crate) fn wall_clock(&self, at: Timestamp) -> DateTime {
        let shown = self.0.to_datetime(at);
        let instant = SignedDuration::from_nanos(1);
        let changed = at.checked_add(instant).ok().and_then(|after| self.0.preceding(after).next());
        let reached = changed.and_then(|change| {
            let before = change.timestamp().checked_sub(instant).ok()?;
            Some(self.0.to_offset(before).to_datetime(change.timestamp()))
        });
        reached.map_or(shown, |reached| reached.max(shown))
    }

    /// The first moment at which such a clock shows this or more: the earlier of two, and for a
    /// time that the clocks skip the moment at which they do. None beyond all times.
    pub(crate) fn first_at(&self, shown: DateTime) -> Option<Timestamp> {
        let at = self.0.to_ambiguous_timestamp(shown);
        match at.offset() {
            AmbiguousOffset::Gap { after, .. } => {
                let before = after.to_timestamp(shown).ok()?;
                self.0.following(before).next().map(|change| change.timestamp())
            }
            AmbiguousOffset::Unambiguous { .. } | AmbiguousOffset::Fold { .. } => at.earlier().ok(),
        }
    }
}
